package admin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"html"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/federation"
	"portico/handlers"
)

// quayMetadata are those of a company whose certificate ends then.
func (b *bench) quayMetadata(entityID string, ends time.Time) string {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	b.must(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "quay signs"}, NotBefore: b.clock.Now().Add(-time.Hour), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	b.must(err)
	return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + entityID + `"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + base64.StdEncoding.EncodeToString(der) + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://sso.quay.example/in"/></IDPSSODescriptor></EntityDescriptor>`
}

// TestSettingUpSAML: every mistake stands beside its field and nothing typed is lost, whether metadata are read from an
// address, pasted or sent as a file.
func TestSettingUpSAML(t *testing.T) {
	b := newBench(t)
	w := b.global()
	const at = "/admin/t/shop/identity-providers"
	form := w.get(at + "/new?kind=saml")
	id := idOf(t, form)
	for _, want := range []string{"/" + b.shop.ID + "/federation/" + id + "/metadata", "/" + b.shop.ID + "/federation/" + id + "/callback", `enctype="multipart/form-data"`, `type="file"`} {
		if !strings.Contains(form.body, want) {
			t.Errorf("the form lacks %s: %s", want, text(form.body))
		}
	}
	soon := b.clock.Now().Add(10 * 24 * time.Hour)
	good, other := b.quayMetadata("https://quay.example/idp", soon), b.quayMetadata("https://other.example/idp", soon)
	web := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metadata" {
			http.NotFound(rw, r)
			return
		}
		_, _ = rw.Write([]byte(good))
	}))
	defer web.Close()
	for about, row := range map[string]struct {
		typed      []string
		file, want string
	}{
		"nothing":            {nil, "", "Enter the entity id of the company"},
		"no certificate":     {[]string{"entityId", "e", "signInUrl", "https://sso.quay.example/in"}, "", "Paste the certificate that the company signs with"},
		"no certificate, so": {[]string{"entityId", "e", "signInUrl", "https://sso.quay.example/in", "certificates", "MIIB"}, "", "This is not a certificate"},
		"an address of HTML": {[]string{"metadataUrl", web.URL + "/lost"}, "", "The metadata cannot be read from this address"},
		"pasted rubbish":     {[]string{"metadata", "<html>"}, "", "These are not SAML metadata that can be read"},
		"another company":    {[]string{"entityId", "https://quay.example/idp", "metadata", other}, "", "These metadata are of “https://other.example/idp”"},
		"a file of rubbish":  {[]string{"entityId", "kept-entity"}, "PK\x03\x04", "These are not SAML metadata that can be read"},
		"a file of another":  {[]string{"entityId", "https://quay.example/idp"}, other, "These metadata are of “https://other.example/idp”"},
		"a file too large":   {nil, good + strings.Repeat(" ", 1<<20), "These are not SAML metadata that can be read"},
		"file and address":   {[]string{"metadataUrl", web.URL + "/metadata"}, good, "There is an address of metadata as well"},
		"text and address":   {[]string{"metadataUrl", web.URL + "/metadata", "metadata", good}, "", "There is an address of metadata as well"},
	} {
		typed := append([]string{"kind", "saml", "id", id, "displayName", "Quay & Sons"}, row.typed...)
		name := ""
		if row.file != "" {
			name = "idp.xml"
		}
		answers := []answer{w.upload(at, name, row.file, append(slices.Clone(typed), handlers.CSRFField, w.token())...)}
		if row.file == "" { // the same as a form of the other kind
			answers = append(answers, w.post(at, typed...))
		}
		for _, a := range answers {
			body := html.UnescapeString(a.body)
			if a.status != 422 || !strings.Contains(body, row.want) || idOf(t, a) != id {
				t.Errorf("%s: %d, want %q: %s", about, a.status, row.want, text(a.body))
			}
			for i := 1; i < len(typed); i += 2 {
				if !strings.Contains(body, typed[i]) {
					t.Errorf("%s: what was typed is lost: %q", about, typed[i])
				}
			}
		}
	}

	// By a file, and then by pasting: the certificate's end is told in time.
	if list, err := b.shop.IdentityProviders(t.Context()); err != nil || len(list) > 0 {
		t.Fatalf("mistakes made a provider: %v %+v", err, list)
	}
	made := w.upload(at, "idp.xml", good, "kind", "saml", "id", id, "displayName", "Quay", handlers.CSRFField, w.token())
	if made.status != 303 || made.location != at+"/"+id {
		t.Fatalf("%d %s", made.status, text(made.body))
	}
	x, err := b.shop.IdentityProvider(t.Context(), id)
	b.must(err)
	if x.EntityID != "https://quay.example/idp" || x.SignInURL != "https://sso.quay.example/in" || len(x.Certificates) != 1 || !x.SignRequests {
		t.Errorf("%+v", x.Provider)
	}
	if page := w.get(at + "/" + id); page.status != 200 || !strings.Contains(page.body, "quay signs") || !strings.Contains(page.body, "Ends soon") || !strings.Contains(page.body, "Its last certificate ends on") {
		t.Errorf("%d %s", page.status, text(page.body))
	}
	before := federation.SAMLEnds(x.Provider)
	if a := w.post(at+"/"+id+"/edit", "displayName", "Quay", "entityId", x.EntityID, "metadata", b.quayMetadata(x.EntityID, soon.Add(1000*24*time.Hour))); a.status != 303 {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	x, err = b.shop.IdentityProvider(t.Context(), id)
	b.must(err)
	if !federation.SAMLEnds(x.Provider).After(before) {
		t.Error("pasted metadata changed nothing")
	}
	if a := w.upload(at+"/"+id+"/edit", "idp.xml", other, "displayName", "Quay", "entityId", x.EntityID, handlers.CSRFField, w.token()); a.status != 422 {
		t.Errorf("another company: %d", a.status)
	}
	if a := w.upload(at+"/"+id+"/edit", "idp.xml", good, "displayName", "Quay", "entityId", x.EntityID, handlers.CSRFField, "forged"); a.status < 400 {
		t.Errorf("without a token: %d", a.status)
	}
}
