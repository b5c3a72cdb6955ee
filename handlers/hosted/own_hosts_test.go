package hosted

import (
	"testing"

	"portico/app/federation"
	"portico/app/tenant"
)

// TestCallbackAddressesAreOfTheHost: whoever leaves from a host of the tenant's own comes back to it, where their cookies are; a
// name for SAML stays the same everywhere.
func TestCallbackAddressesAreOfTheHost(t *testing.T) {
	u := Providers{BaseURL: "https://id.portico.example:8443"}
	saml := u.named("t1", federation.Provider{ID: "p1", Kind: federation.SAML}).ClientID
	for host, want := range map[string]string{"": "https://id.portico.example:8443", "login.contoso.com": "https://login.contoso.com:8443"} {
		ctx := tenant.Through(t.Context(), host)
		if got := u.here(ctx, "t1", "p1"); got != want+"/t1/federation/p1/callback" {
			t.Errorf("%q: %s", host, got)
		}
		if name := u.named("t1", federation.Provider{ID: "p1", Kind: federation.SAML}).ClientID; name != saml {
			t.Errorf("%q: named %s", host, name)
		}
	}
}
