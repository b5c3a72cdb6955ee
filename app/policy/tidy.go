package policy

import (
	"slices"
	"strings"
)

// Tidied is the policy as it is kept: texts trimmed, doubles gone, and what configures nothing left out, so that
// two ways to say the same are one. It decides nothing about what is right: Validate does.
func (p Policy) Tidied() Policy {
	p.Name, p.Description = strings.TrimSpace(p.Name), strings.TrimSpace(p.Description)
	c := &p.Conditions
	for _, list := range []*[]string{&c.Users.IncludeUsers, &c.Users.ExcludeUsers, &c.Users.IncludeGroups, &c.Users.ExcludeGroups,
		&c.Users.IncludeRoles, &c.Users.ExcludeRoles, &c.Applications.IncludeApplications, &c.Applications.ExcludeApplications,
		&c.Applications.IncludeUserActions, &c.Applications.IncludeContexts, &c.ClientAppTypes, &c.SignInRiskLevels, &c.UserRiskLevels} {
		*list = once(*list)
	}
	if len(c.ClientAppTypes) == 0 {
		c.ClientAppTypes = []string{AnyClient}
	}
	if l := c.Platforms; l != nil {
		kept := Platforms{Include: once(l.Include), Exclude: once(l.Exclude)}
		if c.Platforms = nil; len(kept.Include)+len(kept.Exclude) > 0 {
			c.Platforms = &kept
		}
	}
	if l := c.Locations; l != nil {
		kept := Locations{Include: once(l.Include), Exclude: once(l.Exclude)}
		if c.Locations = nil; len(kept.Include)+len(kept.Exclude) > 0 {
			c.Locations = &kept
		}
	}
	if f := c.AuthenticationFlows; f != nil {
		c.AuthenticationFlows = nil
		if flows := once(f.flows()); len(flows) > 0 {
			c.AuthenticationFlows = &TransferMethod{Methods: strings.Join(flows, ",")}
		}
	}
	if g := p.GrantControls; g != nil {
		kept := GrantControls{Operator: strings.ToUpper(g.Operator), BuiltInControls: once(g.BuiltInControls), TermsOfUse: once(g.TermsOfUse), Strength: g.Strength}
		if kept.Strength != nil && kept.Strength.ID == "" {
			kept.Strength = nil
		}
		if kept.Operator == "" {
			kept.Operator = "AND"
		}
		p.GrantControls = nil
		if len(kept.BuiltInControls)+len(kept.TermsOfUse) > 0 || kept.Strength != nil {
			p.GrantControls = &kept
		}
	}
	if s := p.SessionControls; s != nil {
		kept := *s
		if f := kept.SignInFrequency; f != nil && !f.IsEnabled {
			kept.SignInFrequency = nil
		}
		if b := kept.PersistentBrowser; b != nil && !b.IsEnabled {
			kept.PersistentBrowser = nil
		}
		p.SessionControls = nil
		if kept.SignInFrequency != nil || kept.PersistentBrowser != nil {
			p.SessionControls = &kept
		}
	}
	return p
}

// once is a list without doubles and empty words, in its order.
func once(list []string) []string {
	var out []string
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
