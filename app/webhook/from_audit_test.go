package webhook

import (
	"testing"

	"portico/app/audit"
)

// TestRulesThatChange: what sign-ins follow, the tenant's own APIs among it; not what changes nothing.
func TestRulesThatChange(t *testing.T) {
	for _, c := range []struct {
		kind, activity, operation string
		want                      bool
	}{
		{"policy", "Update policy", "Update", true},
		{"identityProvider", "Add identity provider", "Add", true},
		{"customAuthenticationExtension", "Update custom authentication extension", "Update", true},
		{"customAuthenticationExtension", "Send a sample", "Test", false},
		{"authenticationEventListener", "Add authentication event listener", "Add", true},
		{"userFlow", "Update user flow", "Update", true},
		{"userFlow", "Update user flow draft", "Update", false},
		{"branding", "Update branding", "Update", false},
	} {
		e, ok := FromAudit(audit.Actor{Kind: audit.ActorUser, ID: "admin"}, audit.Event{Activity: c.activity, Category: "Policy", Operation: c.operation, Target: audit.Target{Kind: c.kind, ID: "x", Name: "X"}})
		if got := ok && e.Kind == PolicyChanged; got != c.want {
			t.Errorf("%s of a %s: %v", c.activity, c.kind, got)
		}
	}
}
