package factor

import (
	"testing"

	"github.com/go-webauthn/webauthn/webauthn"
)

// TestAPasskeyKeepsItsHost: what is stored says where a passkey works, also once it was used, and ceremonies of one place
// know none of another's.
func TestAPasskeyKeepsItsHost(t *testing.T) {
	home, err := NewPasskeys("https://id.portico.example:8443", "Portico")
	if err != nil {
		t.Fatal(err)
	}
	const own, second = "login.contoso.com", "id.contoso.com"
	stored := map[string][]byte{}
	for _, host := range []string{"", own, second} {
		made, err := home.At(host).registered(&webauthn.Credential{ID: []byte(host + "id"), Flags: webauthn.CredentialFlags{BackupEligible: true}})
		if err != nil {
			t.Fatal(err)
		}
		if f := FactsOf(made.Stored); f.Host != host || made.Host != host || !f.Synced {
			t.Errorf("%q: stored as %q, %+v", host, f.Host, f)
		}
		stored[host] = made.Stored
	}
	all := PasskeyOwner{Credentials: [][]byte{stored[""], stored[own], stored[second]}}
	for host, rp := range map[string]string{"": "id.portico.example", own: own, second: second} {
		p := home.At(host)
		if got := p.mine(all).Credentials; len(got) != 1 || string(got[0]) != string(stored[host]) {
			t.Errorf("%q knows %q", host, got)
		}
		want := "https://" + rp + ":8443"
		if p.w.Config.RPID != rp || p.Origin() != want || len(p.w.Config.RPOrigins) != 1 {
			t.Errorf("%q: relying party %q, origins %v", host, p.w.Config.RPID, p.w.Config.RPOrigins)
		}
	}
}
