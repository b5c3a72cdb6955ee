package policy

import (
	"slices"
	"strings"
)

// Warning is something that an admin should know before a policy is on; it does not keep it from being saved.
type Warning struct {
	Name string // for machines
	Text string
}

// Warnings about a policy by itself.
func (p Policy) Warnings() []Warning {
	var out []Warning
	add := func(name, text string) { out = append(out, Warning{name, text}) }
	u, a := p.Conditions.Users, p.Conditions.Applications
	everyone := slices.Contains(u.IncludeUsers, All)
	exceptions := len(u.ExcludeUsers)+len(u.ExcludeGroups)+len(u.ExcludeRoles) > 0
	everything := slices.Contains(a.IncludeApplications, All) && len(a.ExcludeApplications) == 0
	switch {
	case everyone && everything && p.Blocks() && !p.narrowed():
		add("blocksEverything", "This blocks every sign-in to every app. Except the people who must always get in, or narrow it down.")
	case everyone && everything:
		add("allUsersAllApps", "This is about all users and all apps. Make sure that you can still get in yourself.")
	}
	if everyone && everything && !exceptions {
		add("noExceptions", "Nobody is excepted. Keep at least one break-glass account out of every policy.")
	}
	if on := p.Conditions.Platforms; on != nil && p.Blocks() && slices.Contains(on.Include, allPlatforms) && len(on.Exclude) > 0 {
		add("platformsProveNothing", "A device says itself what it is: this keeps honest devices out, and nobody who lies.")
	}
	if l := p.Conditions.Locations; l != nil && slices.Equal(l.Include, []string{AllTrusted}) && len(l.Exclude) == 0 {
		add("trustedOnly", "This is about trusted places only. Outside them it asks for nothing.")
	}
	if slices.Equal(u.IncludeUsers, []string{None}) || slices.Equal(a.IncludeApplications, []string{None}) {
		add("nobody", "This applies to nobody until you choose people and apps.")
	}
	if p.Asks(KindMFA) && p.risky() {
		add("riskNeedsMethods", "Whoever is at risk and has registered no second factor is blocked, lest a thief register one.")
	}
	return out
}

// Blocks reports whether a policy blocks.
func (p Policy) Blocks() bool {
	return p.GrantControls != nil && slices.Contains(p.GrantControls.BuiltInControls, ControlBlock)
}

// Asks reports whether a policy asks for a kind of control; for a second factor also where it asks for a strength.
func (p Policy) Asks(k Kind) bool {
	g := p.GrantControls
	switch {
	case g == nil:
		return false
	case k == KindTerms:
		return len(g.TermsOfUse) > 0
	case k == KindStrength:
		return g.Strength != nil
	case k == KindMFA && g.Strength != nil:
		return true
	}
	return slices.Contains(g.BuiltInControls, string(k))
}

func (p Policy) risky() bool {
	return len(p.Conditions.SignInRiskLevels)+len(p.Conditions.UserRiskLevels) > 0
}

// narrowed reports whether a condition besides people and apps is configured.
func (p Policy) narrowed() bool {
	c := p.Conditions
	l, on := c.Locations, c.Platforms
	return p.risky() || len(c.AuthenticationFlows.flows()) > 0 ||
		l != nil && !(slices.Contains(l.Include, All) && len(l.Exclude) == 0) ||
		on != nil && !(slices.Contains(on.Include, allPlatforms) && len(on.Exclude) == 0) ||
		len(c.ClientAppTypes) > 0 && !slices.Contains(c.ClientAppTypes, AnyClient)
}

// Touches reports whether a policy is about an app, whoever signs in: a flow's Properties list those about its
// apps.
func (p Policy) Touches(clientID string) bool {
	a := p.Conditions.Applications
	return !containsFold(a.ExcludeApplications, clientID) &&
		(slices.Contains(a.IncludeApplications, All) || containsFold(a.IncludeApplications, clientID))
}

// Reasons are why a policy does not apply, in Graph's words (whatIfAnalysisReasons); "notSet" when it does.
func (r Result) Reasons(state State) string {
	if state == Off {
		return "policyNotEnabled"
	}
	var out []string
	for i, c := range EveryCondition() {
		if r.Miss&(1<<i) != 0 {
			out = append(out, c.Name)
		}
	}
	if len(out) == 0 {
		return "notSet"
	}
	return strings.Join(out, ",")
}
