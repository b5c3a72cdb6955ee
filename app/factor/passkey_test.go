package factor

import "testing"

// TestPasskeyRules: which passkeys a tenant takes, by their model.
func TestPasskeyRules(t *testing.T) {
	const one, two = "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", "08987058-cadc-4b81-b6e1-30de50dcbe96"
	for _, c := range []struct {
		name  string
		rules PasskeyRules
		model string
		want  bool
	}{
		{"no rules", PasskeyRules{}, one, true},
		{"no rules, no model", PasskeyRules{}, "", true},
		{"an allowed model", PasskeyRules{Allowed: []string{one}}, one, true},
		{"in capitals", PasskeyRules{Allowed: []string{"EA9B8D66-4D01-1D21-3CE4-B6B48CB575D4"}}, one, true},
		{"another one", PasskeyRules{Allowed: []string{one}}, two, false},
		{"one that does not say", PasskeyRules{Allowed: []string{one}}, "", false},
		{"a blocked model", PasskeyRules{Blocked: []string{one}}, one, false},
		{"one besides the blocked", PasskeyRules{Blocked: []string{one}}, two, true},
		{"blocked beats allowed", PasskeyRules{Allowed: []string{one}, Blocked: []string{one}}, one, false},
	} {
		if got := c.rules.Admits(PasskeyFacts{AAGUID: c.model}); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	if AuthenticatorName(one) != "Google Password Manager" || AuthenticatorName("") != "" {
		t.Error("names of models")
	}
}
