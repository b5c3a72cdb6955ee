package graph

import (
	"context"
	"slices"
	"strings"

	"portico/app/federation"
	"portico/app/userflow"
	"portico/models"
)

// provider_files.go: identity providers and their domains as configuration. No file holds a secret or the proof of a
// domain: a provider that is made from a file is off until somebody has set its secret by hand, and a domain waits for
// its record in the name service.

// withDomains completes providers with the domains whose addresses are theirs.
func withDomains(ctx context.Context, c *call, rows []upstream) error {
	all, err := c.tenant.ProviderDomains(ctx, "")
	for i := range rows {
		for _, d := range all {
			if d.ProviderID == rows[i].ID {
				rows[i].domains = append(rows[i].domains, d.Domain)
			}
		}
	}
	return err
}

// settleDomains gives a provider the domains that were asked for. New ones are not proven, whatever they are elsewhere.
func settleDomains(ctx context.Context, c *call, t *models.Tenant, u *upstream) error {
	const property = "portico/domains"
	want := make([]string, len(u.domains))
	for i, said := range u.domains {
		domain, ok := userflow.CanonicalDomain(said)
		if !ok {
			return invalidValue(property, ": '"+clipped(said)+"' is no domain")
		}
		want[i] = domain
	}
	have, err := t.ProviderDomains(ctx, u.ID)
	if err != nil {
		return err
	}
	for _, d := range have {
		if slices.Contains(want, d.Domain) {
			continue
		}
		if err := t.RemoveProviderDomain(ctx, c.actor(), d.ID); err != nil {
			return err
		}
	}
	for i, domain := range want {
		if slices.Contains(want[:i], domain) || slices.ContainsFunc(have, func(d models.ProviderDomain) bool { return d.Domain == domain }) {
			continue
		}
		if _, err := t.AddProviderDomain(ctx, c.actor(), u.ID, domain, false); err != nil {
			return renamed(err, func(string) string { return property })
		}
	}
	slices.Sort(want)
	u.domains = slices.Compact(want)
	return nil
}

// lacksSecret reports whether somebody has to set a secret before the provider can be used.
func (u *upstream) lacksSecret() bool {
	switch {
	case u.Kind == federation.Apple:
		return !u.HasKey && strings.TrimSpace(u.secret.Key) == ""
	case models.OwnKey(u.Provider):
		return false
	}
	return !u.HasSecret && strings.TrimSpace(u.secret.Client) == ""
}

// waitForSecret turns a provider of a file off that nobody could sign in by yet. While one is made its kind is not known
// until everything was read; create asks again.
func (u *upstream) waitForSecret() {
	if u.inFile && u.Kind != "" && u.lacksSecret() {
		u.Enabled = false
	}
}

// checkedBy is the check of a provider, which in a file may lack its secret.
func (u *upstream) checkedBy(check models.ProviderCheck) models.ProviderCheck {
	if !u.inFile {
		return check
	}
	return func(p federation.Provider, _, _ bool) error { return check(p, true, true) }
}

// upstreamNotes are what a plan says about secrets, which no file holds. before is nil for a provider that is made.
func upstreamNotes(before, u *upstream) []string {
	what := "client secret"
	if u.Kind == federation.Apple {
		what = "private key (.p8)"
	}
	switch {
	case before != nil && before.HasSecret && models.ProviderMoved(before.Provider, u.Provider):
		return []string{"it is elsewhere now: its client secret is removed and it is off until another one is set by hand, then apply again"}
	case before == nil && models.OwnKey(u.Provider):
		return []string{"a key is made for it: give its public half (portico.publicKey) to the company before people use it"}
	case u.lacksSecret():
		return []string{"set its " + what + " by hand and apply again; until then it is off"}
	}
	return nil
}

// upstreamInFile leaves out what belongs to a secret.
func upstreamInFile(u *upstream) any {
	x := shownUpstreamExtra(u)
	x.SecretEnds = nil
	return x
}

// flowProvidersInFile says other companies by their names: ids are others in another tenant.
func flowProvidersInFile(f *flow) any {
	all := shownProviders(f)
	for i, o := range all {
		if id, _ := o.get("id").(string); id != providerOf(f.SignUpMethod) {
			all[i] = slices.DeleteFunc(slices.Clone(o), func(m member) bool { return m.name == "id" })
		}
	}
	return object{{"@odata.type", flowType + "onAuthenticationMethodLoadStartExternalUsersSelfServiceSignUp"}, {"identityProviders", all}}
}
