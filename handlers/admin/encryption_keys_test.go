package admin

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/extension"
	"portico/models"
)

// TestEncryptionCertificates: before anybody signs in the page says that passwords cannot be encrypted and why; certificates
// for that are added and chosen in the app registration, and are none that the app proves itself with.
func TestEncryptionCertificates(t *testing.T) {
	b := newBench(t)
	th, w := b.things(), b.global()
	x := b.extended(extension.PasswordSubmit, "https://hooks.example/passwords", th.app)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	b.must(err)
	certificate := func(name string, from, to time.Duration) string {
		tpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: b.clock.Now().Add(from), NotAfter: b.clock.Now().Add(to)}
		der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
		b.must(err)
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	at, app := extensionsAt+"/"+x.ID, "/admin/t/shop/applications/"+th.app.ID
	w.get(at).wants(t, 200, "passwords cannot be encrypted for it", "no certificate to encrypt passwords with")
	const day = 24 * time.Hour
	w.post(app+"/certificates", "for", "encryption", "certificate", certificate("later", day, 90*day)).wants(t, 303)
	w.get(at).wants(t, 200, "valid only from")
	w.post(app+"/certificates", "for", "encryption", "certificate", certificate("today", -day, 90*day)).wants(t, 303)
	if page := w.get(at); strings.Contains(page.body, "cannot be encrypted") {
		t.Errorf("there is one that is valid: %s", text(page.body))
	}
	w.get(app).wants(t, 200, "Encryption certificates", "The first that is valid")
	a, err := b.shop.Application(t.Context(), th.app.ID)
	b.must(err)
	if c, err := a.Client(); err != nil || len(c.Certificates) != len(th.app.Certificates) || len(a.EncryptionKeys) != 2 {
		t.Fatalf("the client knows %+v, %v", c.Certificates, err)
	}
	later := slices.IndexFunc(a.EncryptionKeys, func(k models.ApplicationCertificate) bool { return strings.Contains(k.Name, "later") })
	w.post(app+"/encryption", "key", a.EncryptionKeys[later].ID).wants(t, 303)
	w.get(app).wants(t, 200, "Chosen")
	w.get(at).wants(t, 200, "valid only from") // the other one is not taken instead
	w.get(app+"/credentials/"+a.EncryptionKeys[later].ID+"/delete").wants(t, 200, "the next one that is valid")
	w.post(app+"/credentials/"+a.EncryptionKeys[later].ID+"/delete").wants(t, 303)
	if a, err = b.shop.Application(t.Context(), th.app.ID); err != nil || a.Spec.TokenEncryptionKeyID != "" || len(a.EncryptionKeys) != 1 {
		t.Errorf("a key that is gone is still chosen: %+v, %v", a.Spec, err)
	}
}
