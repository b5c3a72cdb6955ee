package policy

import (
	"slices"
	"strings"
	"unicode/utf8"

	"portico/app/fault"
)

// Sizes. Two thousand names in one list is more than anybody reads.
const (
	MaxPolicies    = 240
	MaxName        = 256
	MaxDescription = 1500
	MaxListed      = 2000
	maxHours       = 8760
	maxDays        = 365
)

// Known says what there is in a tenant that a policy may name. A nil function lets everything pass.
type Known struct {
	User, Group, Role, App, Location, Strength, Terms, Context func(id string) bool
}

func known(there func(string) bool, id string) bool { return there == nil || there(id) }

// References are the ids that a policy names, each once: what has to be looked up to validate and to tell it.
type References struct {
	Users, Groups, Roles, Apps, Locations, Strengths, Terms, Contexts []string
}

// References of a policy.
func (p Policy) References() References {
	u, a := p.Conditions.Users, p.Conditions.Applications
	r := References{
		Users:    ids(u.IncludeUsers, u.ExcludeUsers),
		Groups:   ids(u.IncludeGroups, u.ExcludeGroups),
		Roles:    ids(u.IncludeRoles, u.ExcludeRoles),
		Apps:     ids(a.IncludeApplications, a.ExcludeApplications),
		Contexts: ids(a.IncludeContexts),
	}
	if l := p.Conditions.Locations; l != nil {
		r.Locations = ids(l.Include, l.Exclude)
	}
	if g := p.GrantControls; g != nil {
		r.Terms = ids(g.TermsOfUse)
		if g.Strength != nil {
			r.Strengths = ids([]string{g.Strength.ID})
		}
	}
	return r
}

// ids joins lists without the words that stand for many.
func ids(lists ...[]string) []string {
	var out []string
	for _, id := range slices.Concat(lists...) {
		if id != All && id != None && id != AllTrusted && id != Guests && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// Normal is the policy as it is stored: names trimmed, nothing twice, defaults written out.
func (p Policy) Normal() Policy {
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
	if on := c.Platforms; on != nil {
		c.Platforms = &Platforms{Include: once(on.Include), Exclude: once(on.Exclude)}
		if len(on.Include)+len(on.Exclude) == 0 {
			c.Platforms = nil
		}
	}
	if l := c.Locations; l != nil {
		c.Locations = &Locations{Include: once(l.Include), Exclude: once(l.Exclude)}
		if len(l.Include)+len(l.Exclude) == 0 {
			c.Locations = nil
		}
	}
	if flows := c.AuthenticationFlows.flows(); len(flows) > 0 {
		c.AuthenticationFlows = &TransferMethod{Methods: strings.Join(once(flows), ",")}
	} else {
		c.AuthenticationFlows = nil
	}
	if g := p.GrantControls; g != nil {
		out := GrantControls{Operator: strings.ToUpper(g.Operator), BuiltInControls: once(g.BuiltInControls), TermsOfUse: once(g.TermsOfUse), Strength: g.Strength}
		if out.Operator == "" {
			out.Operator = "AND"
		}
		p.GrantControls = &out
		if len(out.BuiltInControls)+len(out.TermsOfUse) == 0 && out.Strength == nil {
			p.GrantControls = nil
		}
	}
	if s := p.SessionControls; s != nil && s.SignInFrequency == nil && s.PersistentBrowser == nil {
		p.SessionControls = nil
	}
	return p
}

// once drops repeats and blanks, and keeps nil and empty alike.
func once(list []string) []string {
	var out []string
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Validate complains about everything that is wrong with a policy, in the words of the catalogue. Fields are
// named by their path in the JSON.
func Validate(p Policy, k Known) error {
	var f fault.Fields
	switch name := strings.TrimSpace(p.Name); {
	case name == "":
		f.Add("displayName", "policy.name_missing", nil)
	case utf8.RuneCountInString(name) > MaxName:
		f.Add("displayName", "policy.name_long", map[string]any{"max": MaxName})
	}
	if utf8.RuneCountInString(p.Description) > MaxDescription {
		f.Add("description", "policy.description_long", map[string]any{"max": MaxDescription})
	}
	if !slices.Contains([]State{On, Off, ReportOnly}, p.State) {
		f.Add("state", "policy.state_unknown", map[string]any{"id": string(p.State)})
	}
	for _, c := range EveryCondition() {
		c.check(&p, &k, &f)
	}
	checkGrant(&p, &k, &f)
	checkSession(&p, &f)
	return f.Err()
}

// checkList complains about names that there are not, once per list, and about a list that is too long.
func checkList(f *fault.Fields, field string, list []string, key string, there func(string) bool) {
	if len(list) > MaxListed {
		f.Add(field, "policy.list_long", map[string]any{"max": MaxListed})
		return
	}
	for _, one := range list {
		if !known(there, one) {
			f.Add(field, key, map[string]any{"id": one})
			return
		}
	}
}

// cancels reports whether everything that is included is excluded again.
func cancels(include, exclude []string) bool {
	return len(include) > 0 && !slices.ContainsFunc(include, func(id string) bool {
		return id == None || !slices.Contains(exclude, id)
	})
}

func checkGrant(p *Policy, k *Known, f *fault.Fields) {
	g := p.GrantControls
	const at = "grantControls."
	if g == nil || len(g.BuiltInControls)+len(g.TermsOfUse) == 0 && g.Strength == nil {
		if s := p.SessionControls; s == nil || !s.enabled() {
			f.Add(at+"builtInControls", "policy.controls_missing", nil)
		}
		return
	}
	if op := strings.ToUpper(g.Operator); op != "" && op != "AND" && op != "OR" {
		f.Add(at+"operator", "policy.operator_unknown", map[string]any{"id": g.Operator})
	}
	checkList(f, at+"builtInControls", g.BuiltInControls, "policy.control_unknown", func(c string) bool {
		return c == ControlBlock || c == ControlMFA || c == ControlPasswordChange
	})
	checkList(f, at+"termsOfUse", g.TermsOfUse, "policy.terms_unknown", k.Terms)
	has := func(c string) bool { return slices.Contains(g.BuiltInControls, c) }
	if g.Strength != nil && !slices.ContainsFunc(BuiltInStrengths(), func(s Strength) bool { return s.ID == g.Strength.ID }) && !known(k.Strength, g.Strength.ID) {
		f.Add(at+"authenticationStrength", "policy.strength_unknown", map[string]any{"id": g.Strength.ID})
	}
	if g.Strength != nil && has(ControlMFA) {
		f.Add(at+"authenticationStrength", "policy.strength_or_mfa", nil)
	}
	if has(ControlBlock) && (len(once(g.BuiltInControls)) > 1 || g.Strength != nil || len(g.TermsOfUse) > 0 || p.SessionControls != nil && p.SessionControls.enabled()) {
		f.Add(at+"builtInControls", "policy.block_alone", nil)
	}
	if has(ControlPasswordChange) {
		checkPasswordChange(p, f)
	}
}

// checkPasswordChange holds the vendor's restrictions (R 5.7.3): who changes a password because of risk shows a
// second factor first, for everything, and nothing else is mixed in.
func checkPasswordChange(p *Policy, f *fault.Fields) {
	g, a := p.GrantControls, p.Conditions.Applications
	const at = "grantControls.builtInControls"
	if len(p.Conditions.UserRiskLevels) == 0 {
		f.Add("conditions.userRiskLevels", "policy.change_needs_user_risk", nil)
	}
	if !slices.Equal(once(a.IncludeApplications), []string{All}) || len(a.ExcludeApplications)+len(a.IncludeUserActions)+len(a.IncludeContexts) > 0 {
		f.Add("conditions.applications.includeApplications", "policy.change_needs_all_apps", nil)
	}
	if !slices.Contains(g.BuiltInControls, ControlMFA) || strings.EqualFold(g.Operator, "OR") {
		f.Add(at, "policy.change_needs_mfa", nil)
	}
	if g.Strength != nil || len(g.TermsOfUse) > 0 {
		f.Add(at, "policy.change_alone", nil)
	}
}

func (s *SessionControls) enabled() bool {
	return s.SignInFrequency != nil && s.SignInFrequency.IsEnabled || s.PersistentBrowser != nil && s.PersistentBrowser.IsEnabled
}

func checkSession(p *Policy, f *fault.Fields) {
	s := p.SessionControls
	if s == nil {
		return
	}
	const at = "sessionControls.signInFrequency"
	if q := s.SignInFrequency; q != nil && q.IsEnabled {
		most := maxHours
		if q.Type == "days" {
			most = maxDays
		}
		switch {
		case !slices.Contains([]string{"", TimeBased, EveryTime}, q.FrequencyInterval):
			f.Add(at, "policy.frequency_unknown", map[string]any{"id": q.FrequencyInterval})
		case !slices.Contains([]string{"", SecondOnly, BothProofs}, q.AuthenticationType):
			f.Add(at, "policy.frequency_unknown", map[string]any{"id": q.AuthenticationType})
		case q.FrequencyInterval == EveryTime && (q.Value != 0 || q.Type != ""):
			f.Add(at, "policy.frequency_every_time", nil)
		case q.FrequencyInterval == EveryTime:
		case q.Type != "hours" && q.Type != "days":
			f.Add(at, "policy.frequency_unknown", map[string]any{"id": q.Type})
		case q.Value < 1 || q.Value > most:
			f.Add(at, "policy.frequency_bounds", map[string]any{"max": most})
		}
	}
	if b := s.PersistentBrowser; b != nil && b.IsEnabled {
		const at = "sessionControls.persistentBrowser"
		switch {
		case b.Mode != "always" && b.Mode != "never":
			f.Add(at, "policy.persistent_unknown", map[string]any{"id": b.Mode})
		case !slices.Contains(p.Conditions.Applications.IncludeApplications, All):
			f.Add(at, "policy.persistent_all_apps", nil)
		}
	}
}
