package extension

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"
)

// TestEncryptionKey: passwords are encrypted with the chosen certificate and no other, or with the first that is valid;
// never with one whose time is not now.
func TestEncryptionKey(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	key := func(id string, from, to int) EncryptionKey {
		return EncryptionKey{ID: id, Public: private.Public(), NotBefore: now.AddDate(0, 0, from), NotAfter: now.AddDate(0, 0, to)}
	}
	over, good, second, early := key("over", -9, -1), key("good", -1, 9), key("second", -1, 9), key("early", 1, 9)
	other := EncryptionKey{ID: "curve", Public: curve.Public(), NotBefore: now.AddDate(0, 0, -1), NotAfter: now.AddDate(1, 0, 0)}
	for name, c := range map[string]struct {
		keys   []EncryptionKey
		chosen string
		want   string
		says   string
	}{
		"the first that is valid":     {keys: []EncryptionKey{over, early, other, good, second}, want: "good"},
		"the chosen one":              {keys: []EncryptionKey{good, second}, chosen: "second", want: "second"},
		"the chosen one has ended":    {keys: []EncryptionKey{good, over}, chosen: "over", says: "ended on"},
		"the chosen one is gone":      {keys: []EncryptionKey{good}, chosen: "gone", says: "is gone"},
		"the only one is still early": {keys: []EncryptionKey{early}, says: "valid only from"},
		"not RSA":                     {keys: []EncryptionKey{other}, says: "no RSA key"},
		"none":                        {says: "has no certificate"},
	} {
		api := API{ClientID: "app", Enabled: true, Granted: true, Keys: c.keys, Chosen: c.chosen}
		got, f := api.encryptionKey(now)
		if got.ID != c.want || (f == nil) != (c.says == "") || f != nil && !strings.Contains(f.Detail, c.says) {
			t.Errorf("%s: %q, %+v", name, got.ID, f)
		}
		conf := &Configuration{APIs: map[string]API{"api://a.example/app": api}}
		for event, asks := range map[Event]bool{PasswordSubmit: true, TokenIssuanceStart: false} {
			x := &Extension{Event: event, URL: "https://a.example/x", Resource: "api://a.example/app"}
			if f := conf.CheckKey(x, now); (f != nil) != (asks && c.says != "") {
				t.Errorf("%s, %s: %+v", name, event, f)
			}
		}
	}
}
