package admin

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/policy"
)

// policyInput is what the controls of the policy form hold: as a policy fills them, or as they were sent. The form
// is drawn from it and a policy is read from it, so what somebody typed comes back as it was, also where it makes
// no policy yet.
type policyInput map[string][]string

// The values of the form's radio buttons.
const (
	pickAll      = "all"
	pickNone     = "none"
	pickSome     = "some"
	aimApps      = "apps"
	aimActions   = "actions"
	aimContexts  = "contexts"
	grantAccess  = "grant"
	grantNothing = ""
	oftenTime    = "time"
	oftenEvery   = "every"
	secondOnly   = "secondaryAuthentication"
)

// policyControls are the names of the form's controls.
func policyControls() []string {
	return []string{"displayName", "description", "state", "templateId", "who", "includeUsers", "includeGroups", "includeRoles", "includeGuests",
		"excludeUsers", "excludeGroups", "excludeRoles", "excludeGuests", "target", "apps", "includeApplications", "excludeApplications", "actions", "contexts",
		"platforms", "includePlatforms", "excludePlatforms", "places", "includeLocations", "excludeLocations", "clients", "signInRisk", "userRisk", "transfer",
		"grant", "mfa", "strength", "passwordChange", "terms", "operator", "frequency", "frequencyValue", "frequencyType", "frequencyOf", "persistent",
		"find.include", "find.exclude", "confirmed", "losing", "modified"}
}

// sentPolicy reads the form.
func sentPolicy(c *fiber.Ctx) policyInput {
	in := policyInput{}
	for _, name := range policyControls() {
		switch name {
		case "displayName", "description":
			in[name] = []string{typed(c, name)}
		default:
			in[name] = all(c, name)
		}
	}
	return in
}

func (in policyInput) get(name string) string {
	if list := in[name]; len(list) > 0 {
		return list[0]
	}
	return ""
}

func (in policyInput) set(name, value string) { in[name] = []string{value} }

func (in policyInput) on(name string) bool { return in.get(name) != "" }

// leftOut is a list that leaves out a word, and whether the word was in it.
func leftOut(list []string, word string) ([]string, bool) {
	out := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == word })
	return out, len(out) < len(list)
}

// everybody says which of all, nobody and some a list means.
func everybody(list []string) string {
	switch {
	case slices.Contains(list, policy.All):
		return pickAll
	case slices.Contains(list, policy.None):
		return pickNone
	}
	return pickSome
}

// inputOf fills the form with a policy.
func inputOf(p policy.Policy) policyInput {
	in := policyInput{}
	put := func(name string, list ...string) {
		if len(list) > 0 {
			in[name] = list
		}
	}
	flag := func(name string, yes bool) {
		if yes {
			in.set(name, "yes")
		}
	}
	put("displayName", p.Name)
	put("description", p.Description)
	put("state", string(p.State))
	put("templateId", p.TemplateID)

	u := p.Conditions.Users
	users, guests := leftOut(u.IncludeUsers, policy.Guests)
	in.set("who", everybody(users))
	if in.get("who") == pickSome {
		put("includeUsers", users...)
	}
	flag("includeGuests", guests)
	put("includeGroups", u.IncludeGroups...)
	put("includeRoles", u.IncludeRoles...)
	users, guests = leftOut(u.ExcludeUsers, policy.Guests)
	put("excludeUsers", users...)
	flag("excludeGuests", guests)
	put("excludeGroups", u.ExcludeGroups...)
	put("excludeRoles", u.ExcludeRoles...)

	a := p.Conditions.Applications
	switch {
	case len(a.IncludeUserActions) > 0:
		in.set("target", aimActions)
		put("actions", a.IncludeUserActions...)
	case len(a.IncludeContexts) > 0:
		in.set("target", aimContexts)
		put("contexts", a.IncludeContexts...)
	default:
		in.set("target", aimApps)
		in.set("apps", everybody(a.IncludeApplications))
		if in.get("apps") == pickSome {
			put("includeApplications", a.IncludeApplications...)
		}
		put("excludeApplications", a.ExcludeApplications...)
	}

	if x := p.Conditions.Platforms; x != nil && len(x.Include) > 0 {
		if in.set("platforms", pickSome); slices.Contains(x.Include, "all") {
			in.set("platforms", pickAll)
		} else {
			put("includePlatforms", x.Include...)
		}
		put("excludePlatforms", x.Exclude...)
	}
	if x := p.Conditions.Locations; x != nil && len(x.Include) > 0 {
		if in.set("places", pickSome); slices.Contains(x.Include, policy.All) {
			in.set("places", pickAll)
		} else {
			put("includeLocations", x.Include...)
		}
		put("excludeLocations", x.Exclude...)
	}
	if !slices.Contains(p.Conditions.ClientAppTypes, policy.AnyClient) {
		put("clients", p.Conditions.ClientAppTypes...)
	}
	put("signInRisk", p.Conditions.SignInRiskLevels...)
	put("userRisk", p.Conditions.UserRiskLevels...)
	if x := p.Conditions.AuthenticationFlows; x != nil {
		for _, m := range strings.Split(x.Methods, ",") {
			if m = strings.TrimSpace(m); m != "" && m != "none" {
				in["transfer"] = append(in["transfer"], m)
			}
		}
	}

	in.set("operator", "AND")
	if g := p.GrantControls; g != nil {
		in.set("grant", grantAccess)
		if slices.Contains(g.BuiltInControls, policy.ControlBlock) {
			in.set("grant", policy.ControlBlock)
		}
		flag("mfa", slices.Contains(g.BuiltInControls, policy.ControlMFA))
		flag("passwordChange", slices.Contains(g.BuiltInControls, policy.ControlPasswordChange))
		put("terms", g.TermsOfUse...)
		if g.Strength != nil {
			in.set("strength", g.Strength.ID)
		}
		if g.Operator == "OR" {
			in.set("operator", g.Operator)
		}
	}
	in.set("frequencyType", "hours")
	if x := p.SessionControls; x != nil {
		if f := x.SignInFrequency; f != nil && f.IsEnabled {
			if in.set("frequency", oftenTime); f.FrequencyInterval == "everyTime" {
				in.set("frequency", oftenEvery)
			} else {
				in.set("frequencyValue", strconv.Itoa(f.Value))
				in.set("frequencyType", f.Type)
			}
			flag("frequencyOf", f.AuthenticationType == secondOnly)
		}
		if b := x.PersistentBrowser; b != nil && b.IsEnabled {
			in.set("persistent", b.Mode)
		}
	}
	return in
}

// policy reads the policy that the form makes of p. What is in p and not in the form stays; what belongs to an
// answer that is not chosen is left out.
func (in policyInput) policy(p policy.Policy, bad *fault.Fields) policy.Policy {
	p.Name, p.Description, p.State = in.get("displayName"), in.get("description"), policy.State(in.get("state"))
	if p.ID == "" {
		p.TemplateID = in.get("templateId")
	}
	p.Conditions = policy.Conditions{Users: in.users(), Applications: in.applications(), ClientAppTypes: in["clients"],
		SignInRiskLevels: in["signInRisk"], UserRiskLevels: in["userRisk"]}
	if len(p.Conditions.ClientAppTypes) == 0 {
		p.Conditions.ClientAppTypes = []string{policy.AnyClient}
	}
	switch in.get("platforms") {
	case pickAll:
		p.Conditions.Platforms = &policy.Platforms{Include: []string{"all"}, Exclude: in["excludePlatforms"]}
	case pickSome:
		p.Conditions.Platforms = &policy.Platforms{Include: in["includePlatforms"], Exclude: in["excludePlatforms"]}
		if len(in["includePlatforms"]) == 0 {
			bad.Add("includePlatforms", "admin.policy.platforms", nil)
		}
	}
	switch in.get("places") {
	case pickAll:
		p.Conditions.Locations = &policy.Locations{Include: []string{policy.All}, Exclude: in["excludeLocations"]}
	case pickSome:
		p.Conditions.Locations = &policy.Locations{Include: in["includeLocations"], Exclude: in["excludeLocations"]}
		if len(in["includeLocations"]) == 0 {
			bad.Add("includeLocations", "admin.policy.places", nil)
		}
	}
	if list := in["transfer"]; len(list) > 0 {
		p.Conditions.AuthenticationFlows = &policy.TransferMethod{Methods: strings.Join(list, ",")}
	}
	p.GrantControls, p.SessionControls = in.grant(), in.session(bad)
	return p
}

func (in policyInput) users() policy.Users {
	var u policy.Users
	switch in.get("who") {
	case pickAll:
		u.IncludeUsers = []string{policy.All}
	case pickNone:
		u.IncludeUsers = []string{policy.None}
	case pickSome:
		u.IncludeUsers, u.IncludeGroups, u.IncludeRoles = slices.Clone(in["includeUsers"]), in["includeGroups"], in["includeRoles"]
		if in.on("includeGuests") {
			u.IncludeUsers = append(u.IncludeUsers, policy.Guests)
		}
	}
	u.ExcludeUsers, u.ExcludeGroups, u.ExcludeRoles = slices.Clone(in["excludeUsers"]), in["excludeGroups"], in["excludeRoles"]
	if in.on("excludeGuests") {
		u.ExcludeUsers = append(u.ExcludeUsers, policy.Guests)
	}
	return u
}

func (in policyInput) applications() policy.Applications {
	var a policy.Applications
	switch in.get("target") {
	case aimActions:
		a.IncludeUserActions = in["actions"]
	case aimContexts:
		a.IncludeContexts = in["contexts"]
	case aimApps:
		switch in.get("apps") {
		case pickAll:
			a.IncludeApplications = []string{policy.All}
		case pickNone:
			a.IncludeApplications = []string{policy.None}
		case pickSome:
			a.IncludeApplications = in["includeApplications"]
		}
		a.ExcludeApplications = in["excludeApplications"]
	}
	return a
}

// grant are the grant controls; nil when the form asks for nothing.
func (in policyInput) grant() *policy.GrantControls {
	switch in.get("grant") {
	case policy.ControlBlock:
		return &policy.GrantControls{Operator: "AND", BuiltInControls: []string{policy.ControlBlock}}
	case grantAccess:
		g := &policy.GrantControls{Operator: in.get("operator"), TermsOfUse: in["terms"]}
		for _, name := range []string{policy.ControlMFA, policy.ControlPasswordChange} {
			if in.on(name) {
				g.BuiltInControls = append(g.BuiltInControls, name)
			}
		}
		if in.on("strength") {
			g.Strength = &policy.StrengthRef{ID: in.get("strength")}
		}
		if g.Operator == "" {
			g.Operator = "AND"
		}
		if len(g.BuiltInControls) > 0 || g.Strength != nil || len(g.TermsOfUse) > 0 {
			return g
		}
	}
	return nil
}

// session are the session controls; nil when the form limits nothing.
func (in policyInput) session(bad *fault.Fields) *policy.SessionControls {
	var s policy.SessionControls
	of := choose(in.on("frequencyOf"), secondOnly, "primaryAndSecondaryAuthentication")
	switch in.get("frequency") {
	case oftenTime:
		n, err := strconv.Atoi(in.get("frequencyValue"))
		if err != nil {
			bad.Add("frequencyValue", "admin.number", nil)
		}
		s.SignInFrequency = &policy.SignInFrequency{IsEnabled: true, Type: in.get("frequencyType"), Value: n, FrequencyInterval: "timeBased", AuthenticationType: of}
	case oftenEvery:
		s.SignInFrequency = &policy.SignInFrequency{IsEnabled: true, FrequencyInterval: "everyTime", AuthenticationType: of}
	}
	if mode := in.get("persistent"); mode != "" {
		s.PersistentBrowser = &policy.PersistentBrowser{IsEnabled: true, Mode: mode}
	}
	if s == (policy.SessionControls{}) {
		return nil
	}
	return &s
}

// policyControl is the control of the form that a property of a policy is written in. The longest name that fits
// wins; what fits none stands in the summary alone.
func policyControl(property string) string {
	table := map[string]string{
		"includeUsers": "find.include", "includeGroups": "find.include", "excludeUsers": "find.exclude", "excludeGroups": "find.exclude",
		"includeAuthenticationContextClassReferences": "contexts", "termsOfUse": "terms", "authenticationStrength": "strength",
		"displayName": "displayName", "description": "description", "state": "state",
		"conditions.users": "who", "conditions.users.includeUsers": "find.include", "conditions.users.includeGroups": "find.include", "conditions.users.includeRoles": "includeRoles",
		"conditions.users.excludeUsers": "find.exclude", "conditions.users.excludeGroups": "find.exclude", "conditions.users.excludeRoles": "excludeRoles",
		"conditions.applications": "target", "conditions.applications.includeApplications": "apps", "conditions.applications.excludeApplications": "excludeApplications",
		"conditions.applications.includeUserActions": "actions", "conditions.applications.includeAuthenticationContextClassReferences": "contexts",
		"conditions.platforms": "platforms", "conditions.platforms.includePlatforms": "includePlatforms", "conditions.platforms.excludePlatforms": "excludePlatforms",
		"conditions.locations": "places", "conditions.locations.includeLocations": "includeLocations", "conditions.locations.excludeLocations": "excludeLocations",
		"conditions.clientAppTypes": "clients", "conditions.signInRiskLevels": "signInRisk", "conditions.userRiskLevels": "userRisk", "conditions.authenticationFlows": "transfer",
		"grantControls": "grant", "grantControls.builtInControls": "grant", "grantControls.operator": "operator", "grantControls.termsOfUse": "terms", "grantControls.authenticationStrength": "strength",
		"sessionControls": "frequency", "sessionControls.signInFrequency": "frequencyValue", "sessionControls.signInFrequency.value": "frequencyValue",
		"sessionControls.signInFrequency.type": "frequencyType", "sessionControls.persistentBrowser": "persistent",
	}
	for at := property; at != ""; {
		if control, ok := table[at]; ok {
			return control
		}
		i := strings.LastIndexAny(at, ".[")
		if i < 0 {
			break
		}
		at = at[:i]
	}
	return property
}
