package userflow

import (
	_ "embed"
	"slices"
	"strings"

	"golang.org/x/net/idna"

	"portico/app/fault"
)

// Domains are the mail domains from which a flow takes newcomers (F343). People who have an account
// already are never asked: the rules are about signing up.
type Domains struct {
	Allow            []string `json:"allow,omitempty"` // empty = every domain
	Deny             []string `json:"deny,omitempty"`  // wins over Allow; a domain covers what is below it
	RefuseDisposable bool     `json:"refuseDisposable,omitempty"`
}

const maxDomains = 1000

//go:embed disposable.txt
var disposableText string

// DisposableDomain looks in the built-in list, for the domain itself and those above it.
func DisposableDomain(domain string) bool { return covered(domain, strings.Fields(disposableText)) }

func covered(domain string, list []string) bool {
	for d := domain; d != ""; {
		if slices.Contains(list, d) {
			return true
		}
		_, d, _ = strings.Cut(d, ".")
	}
	return false
}

// Refuses says why a canonical address may not sign up, as a message key; "" = it may.
func (d Domains) Refuses(email string) string {
	_, domain, _ := strings.Cut(email, "@")
	switch {
	case covered(domain, d.Deny), len(d.Allow) > 0 && !covered(domain, d.Allow):
		return "signup.domain.refused"
	case d.RefuseDisposable && DisposableDomain(domain):
		return "signup.domain.disposable"
	}
	return ""
}

// CanonicalDomain is a domain in the form in which addresses are compared.
func CanonicalDomain(s string) (string, bool) {
	s = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "@")
	ascii, err := idna.Lookup.ToASCII(s)
	labels := strings.Split(ascii, ".")
	real := !slices.ContainsFunc(labels, func(l string) bool { return l == "" || len(l) > 63 })
	return ascii, err == nil && real && len(labels) > 1 && len(ascii) <= 253 && !strings.ContainsAny(ascii, " @/:")
}

func (d Domains) check(bad *fault.Fields) {
	for i, list := range [][]string{d.Allow, d.Deny} {
		field := []string{"domains.allow", "domains.deny"}[i]
		if len(list) > maxDomains {
			bad.Add(field, "flow.domains.many", map[string]any{"count": maxDomains})
		}
		for _, one := range list {
			if c, ok := CanonicalDomain(one); !ok || c != one {
				bad.Add(field, "flow.domains.invalid", map[string]any{"domain": one})
			}
		}
	}
	for _, one := range d.Allow {
		if slices.Contains(d.Deny, one) {
			bad.Add("domains.deny", "flow.domains.both", map[string]any{"domain": one})
		}
	}
}
