package policy

import (
	"slices"
	"strings"
	"unicode/utf8"

	"portico/app/fault"
)

// Sizes. Two thousand names in one list is more than anybody reads.
const (
	MaxName        = 256
	MaxDescription = 1500
	MaxListed      = 2000
	maxHours       = 8760
	maxDays        = 365
)

// there makes the question whether something is known. Nothing known at all (nil) lets everything pass: then only
// the shape is looked at.
func (k Known) there(kind ThingKind, words ...string) func(string) bool {
	return func(id string) bool {
		if k == nil || slices.Contains(words, id) {
			return true
		}
		_, ok := k.Name(kind, id)
		return ok
	}
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
		c.check(&p, k, &f)
	}
	checkGrant(&p, k, &f)
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
		if !there(one) {
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

func checkGrant(p *Policy, k Known, f *fault.Fields) {
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
	checkList(f, at+"termsOfUse", g.TermsOfUse, "policy.terms_unknown", k.there(ThingTerms))
	has := func(c string) bool { return slices.Contains(g.BuiltInControls, c) }
	if g.Strength != nil && !slices.ContainsFunc(BuiltInStrengths(), func(s Strength) bool { return s.ID == g.Strength.ID }) && !k.there(ThingStrength)(g.Strength.ID) {
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
	c := p.Tidied().Conditions // what configures nothing is no condition
	for _, other := range []struct {
		field string
		set   bool
	}{
		{"conditions.signInRiskLevels", len(c.SignInRiskLevels) > 0},
		{"conditions.platforms", c.Platforms != nil},
		{"conditions.locations", c.Locations != nil},
		{"conditions.clientAppTypes", !slices.Equal(c.ClientAppTypes, []string{AnyClient})},
		{"conditions.authenticationFlows", c.AuthenticationFlows != nil},
	} {
		if other.set {
			f.Add(other.field, "policy.change_other_condition", nil)
		}
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
