package admin

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/policy"
	"portico/app/tenant"
	"portico/handlers"
	views "portico/views/admin"
)

// policyThings is what a policy of this tenant can name: what the form offers.
type policyThings struct {
	known     policy.Known // names of what the form names already
	apps      []views.Option
	locations []policy.Location
	strengths []policy.Strength
	contexts  []policy.Context
	terms     []views.Option
	staff     bool // the directory of admins: there are roles
}

func (p *Portal) policyThings(c *fiber.Ctx, named policy.Policy) (policyThings, error) {
	v, ctx := visitOf(c), c.UserContext()
	x := policyThings{staff: v.dir.Tenant.Kind == tenant.Workforce}
	var err error
	if x.known, err = v.tenant.KnownTo(ctx, named); err != nil {
		return x, err
	}
	if x.locations, err = v.tenant.Locations(ctx); err != nil {
		return x, err
	}
	if x.strengths, err = v.tenant.Strengths(ctx); err != nil {
		return x, err
	}
	if x.contexts, err = v.tenant.Contexts(ctx); err != nil {
		return x, err
	}
	texts, err := v.tenant.AllTerms(ctx)
	if err != nil {
		return x, err
	}
	for _, t := range texts {
		x.terms = append(x.terms, views.Option{Value: t.ID, Label: t.Name})
	}
	x.apps = v.targetApps()
	return x, nil
}

// targetApps are the applications that a policy can be about.
func (v *visit) targetApps() []views.Option {
	var out []views.Option
	if v.dir.Tenant.Kind == tenant.Workforce {
		out = append(out, views.Option{Value: ClientID, Label: ClientName})
	}
	for _, cl := range sortedClients(v.dir) {
		out = append(out, views.Option{Value: cl.ID, Label: cl.Name})
	}
	return out
}

// editorParts are the panels of the form.
func (p *Portal) editorParts(c *fiber.Ctx, in policyInput, x policyThings) ([]views.PolicyPart, error) {
	who, err := p.whoPart(c, in, x)
	if err != nil {
		return nil, err
	}
	about := views.PolicyPart{ID: "about", Title: "Name", Controls: []views.Control{
		ask(views.Field{Name: "displayName", Label: "Name", Hint: "For admins and for the sign-in log, for example “Second factor for Home Insurance”.", Value: in.get("displayName")}),
		ask(views.Field{Name: "description", Label: "Why it is there", Hint: "Whoever finds this policy in two years is glad of it.", Value: in.get("description"), Optional: true})}}
	return []views.PolicyPart{about, who, targetPart(in, x), conditionsPart(in, x), grantPart(in, x), sessionPart(in)}, nil
}

func ask(f views.Field) views.Control { return views.Control{Field: &f} }

func radios(ch views.Choice) views.Control { return views.Control{Choice: &ch} }

func (p *Portal) whoPart(c *fiber.Ctx, in policyInput, x policyThings) (views.PolicyPart, error) {
	include, err := p.picker(c, in, x, "include", findInclude)
	if err != nil {
		return views.PolicyPart{}, err
	}
	exclude, err := p.picker(c, in, x, "exclude", findExclude)
	if err != nil {
		return views.PolicyPart{}, err
	}
	some := []views.Control{{Picker: &include}}
	except := []views.Control{{Picker: &exclude}}
	if x.staff {
		roles := targetRoles()
		some = append(some, ask(views.Field{Kind: views.Checks, Name: "includeRoles", Label: "Admins with these roles", Values: in["includeRoles"], Options: roles, Optional: true}))
		except = append(except, fold("Except admins with roles", picked(len(in["excludeRoles"])), len(in["excludeRoles"]) > 0,
			ask(views.Field{Kind: views.Checks, Name: "excludeRoles", Label: "Not admins with these roles", Values: in["excludeRoles"], Options: roles, Optional: true})))
	}
	some = append(some, ask(views.Field{Kind: views.Check, Name: "includeGuests", Label: "Everybody who was invited", Value: in.get("includeGuests")}))
	except = append(except, ask(views.Field{Kind: views.Check, Name: "excludeGuests", Label: "Except everybody who was invited", Value: in.get("excludeGuests")}))
	return views.PolicyPart{ID: "who", Title: "Who", Controls: append([]views.Control{radios(views.Choice{Name: "who", Label: "Whom it is about", Value: in.get("who"), Options: []views.Branch{
		{Value: pickAll, Label: choose(x.staff, "Every admin", "Everybody")},
		{Value: pickSome, Label: "Chosen people and groups", Inner: some},
		{Value: pickNone, Label: "Nobody yet"}}})}, except...)}, nil
}

// targetRoles are the roles that a policy of the directory of admins can name.
func targetRoles() []views.Option {
	var out []views.Option
	for _, r := range access.Roles() {
		out = append(out, views.Option{Value: r.ID, Label: r.Name})
	}
	return out
}

func fold(title, state string, open bool, inner ...views.Control) views.Control {
	return views.Control{Fold: &views.Fold{Title: title, State: state, Open: open, Inner: inner}}
}

// picked says how many are chosen.
func picked(n int) string {
	if n == 0 {
		return "Not configured"
	}
	return numberWords(n, "chosen")
}

// The labels of the two searches.
const (
	findInclude = "Find people and groups"
	findExclude = "Except these people and groups"
)

// picker is the search for people and groups of one side, include or exclude.
func (p *Portal) picker(c *fiber.Ctx, in policyInput, x policyThings, side, label string) (views.Picker, error) {
	v := visitOf(c)
	out := views.Picker{Name: side, Label: label, Find: in.get("find." + side), Hint: "Whoever is in a group counts, also through a group inside it."}
	if side == "exclude" {
		out.Hint = "They are never affected, whatever stands above. Keep one emergency account out of every policy that blocks."
	}
	users, groups := side+"Users", side+"Groups"
	chosen := func(field, kind string, of policy.ThingKind) {
		for _, id := range in[field] {
			name, ok := x.known.Name(of, id)
			out.Chosen = append(out.Chosen, views.Picked{Name: field, Value: id, Label: choose(name == "", id, name), Kind: kind, Gone: !ok})
		}
	}
	chosen(users, "Person", policy.ThingUser)
	chosen(groups, "Group", policy.ThingGroup)
	if out.Find == "" {
		return out, nil
	}
	out.Looked = true
	found, err := v.search(c.UserContext(), out.Find, []string{account.MemberUser, account.MemberGroup})
	if err != nil {
		return out, err
	}
	for _, f := range found {
		field := choose(f.kind == account.MemberGroup, groups, users)
		if !slices.Contains(in[field], f.id) {
			out.Found = append(out.Found, views.Picked{Name: field, Value: f.id, Label: f.name, Sub: choose(f.sub == f.name, "", f.sub), Kind: memberKind(f.kind)})
		}
	}
	return out, nil
}

func targetPart(in policyInput, x policyThings) views.PolicyPart {
	apps := []views.Control{radios(views.Choice{Name: "apps", Label: "Applications", Value: in.get("apps"), Options: []views.Branch{
		{Value: pickAll, Label: "All applications", Hint: "Also those that are registered later."},
		{Value: pickSome, Label: "Chosen applications", Inner: []views.Control{ask(views.Field{Kind: views.Checks, Name: "includeApplications", Label: "These applications", Values: in["includeApplications"], Options: stillThere(x.apps, in["includeApplications"])})}},
		{Value: pickNone, Label: "None yet"}}}),
		fold("Except applications", picked(len(in["excludeApplications"])), len(in["excludeApplications"]) > 0,
			ask(views.Field{Kind: views.Checks, Name: "excludeApplications", Label: "Not these applications", Values: in["excludeApplications"], Options: stillThere(x.apps, in["excludeApplications"])}))}
	var contexts []views.Option
	for _, t := range x.contexts {
		contexts = append(contexts, views.Option{Value: t.ID, Label: t.Name + " (" + t.ID + ")"})
	}
	contexts = stillThere(contexts, in["contexts"])
	later := views.Branch{Value: aimContexts, Label: "An application asks for more (authentication context)", Hint: "When somebody is about to do something that matters, such as changing a bank account. The application asks for the class."}
	if len(contexts) > 0 {
		later.Inner = []views.Control{ask(views.Field{Kind: views.Checks, Name: "contexts", Label: "These classes", Values: in["contexts"], Options: contexts})}
	} else {
		later.Hint += " There is no class yet: make one under “Authentication contexts”."
	}
	return views.PolicyPart{ID: "target", Title: "What they do", Controls: []views.Control{radios(views.Choice{Name: "target", Label: "What it is about", Value: in.get("target"), Options: []views.Branch{
		{Value: aimApps, Label: "Signing in to applications", Inner: apps},
		{Value: aimActions, Label: "What people do with their account", Inner: []views.Control{ask(views.Field{Kind: views.Checks, Name: "actions", Label: "When they", Values: in["actions"], Options: actionOptions()})}},
		later}})}}
}

// stillThere adds what is chosen and is not offered any more, so that it can be seen and unticked.
func stillThere(options []views.Option, chosen []string) []views.Option {
	out := slices.Clone(options)
	for _, id := range chosen {
		if !slices.ContainsFunc(out, func(o views.Option) bool { return o.Value == id }) {
			out = append(out, views.Option{Value: id, Label: id, Hint: "Is not there any more"})
		}
	}
	return out
}

func actionOptions() []views.Option {
	return []views.Option{{Value: policy.RegisterSecurityInfo, Label: "Set up or change a second factor"}, {Value: policy.ChangePassword, Label: "Change their password"}, {Value: policy.DeleteAccount, Label: "Delete their account"}}
}

func deviceOptions() []views.Option {
	return []views.Option{{Value: "android", Label: "Android"}, {Value: "iOS", Label: "iPhone and iPad"}, {Value: "windows", Label: "Windows"}, {Value: "macOS", Label: "macOS"}, {Value: "linux", Label: "Linux"}}
}

func conditionsPart(in policyInput, x policyThings) views.PolicyPart {
	var places []views.Option
	places = append(places, views.Option{Value: policy.AllTrusted, Label: "All trusted places"})
	for _, l := range x.locations {
		places = append(places, views.Option{Value: l.ID, Label: l.Name, Hint: locationWords(l)})
	}
	level := func(name, label, hint string, words ...string) views.Control {
		var options []views.Option
		for _, w := range words {
			options = append(options, views.Option{Value: w, Label: choose(w == "none", "No risk", humane(w))})
		}
		return ask(views.Field{Kind: views.Checks, Name: name, Label: label, Hint: hint, Values: in[name], Options: options, Optional: true})
	}
	except := func(name, label string, options []views.Option) views.Control {
		return ask(views.Field{Kind: views.Checks, Name: name, Label: label, Values: in[name], Options: stillThere(options, in[name]), Optional: true})
	}
	platforms := radios(views.Choice{Name: "platforms", Label: "From which devices", Hint: "Browsers say what they are, and can lie. Blocking all but the five is how unknown ones are caught.", Value: in.get("platforms"), Options: []views.Branch{
		{Label: "Not configured"},
		{Value: pickAll, Label: "Any, known or not", Inner: []views.Control{except("excludePlatforms", "Except", deviceOptions())}},
		{Value: pickSome, Label: "Chosen ones", Inner: []views.Control{ask(views.Field{Kind: views.Checks, Name: "includePlatforms", Label: "These", Values: in["includePlatforms"], Options: deviceOptions()})}}}})
	where := radios(views.Choice{Name: "places", Label: "From where", Hint: "By the address that the request comes from.", Value: in.get("places"), Options: []views.Branch{
		{Label: "Not configured"},
		{Value: pickAll, Label: "Anywhere", Inner: []views.Control{except("excludeLocations", "Except", places)}},
		{Value: pickSome, Label: "Chosen places", Inner: []views.Control{ask(views.Field{Kind: views.Checks, Name: "includeLocations", Label: "These", Values: in["includeLocations"], Options: stillThere(places, in["includeLocations"])})}}}})
	clients := ask(views.Field{Kind: views.Checks, Name: "clients", Label: "With what", Values: in["clients"], Optional: true, Options: []views.Option{
		{Value: policy.Browser, Label: "A browser"}, {Value: policy.NativeClient, Label: "An app on a phone or computer"}, {Value: policy.OtherClient, Label: "Something else"}}})
	transfer := ask(views.Field{Kind: views.Checks, Name: "transfer", Label: "In which way", Hint: "An ordinary sign-in is none of these.", Values: in["transfer"], Optional: true, Options: []views.Option{
		{Value: policy.DeviceCode, Label: "By a code typed on another device"}, {Value: policy.TransferOfApp, Label: "Carried over from another device"}}})
	set := func(name string) bool { return in.on(name) }
	state := func(is bool) string { return choose(is, "Configured", "Not configured") }
	return views.PolicyPart{ID: "conditions", Title: "Only if", Lead: "All that you configure must be so. What is not configured does not matter.", Controls: []views.Control{
		fold("Place", state(set("places")), set("places"), where),
		fold("Risk of the sign-in", state(set("signInRisk")), set("signInRisk"), level("signInRisk", "This sign-in looks like somebody else’s", "At any of the ticked levels.", "high", "medium", "low", "none")),
		fold("Risk of the person", state(set("userRisk")), set("userRisk"), level("userRisk", "This account may be in wrong hands", "At any of the ticked levels.", "high", "medium", "low")),
		fold("Device platform", state(set("platforms")), set("platforms"), platforms),
		fold("Kind of app", state(set("clients")), set("clients"), clients),
		fold("Way of signing in", state(set("transfer")), set("transfer"), transfer)}}
}

// locationWords says in a few words what a named location holds.
func locationWords(l policy.Location) string {
	if l.ByCountry() {
		w := numberWords(len(l.Countries), "countries")
		if len(l.Countries) == 1 {
			w = "1 country"
		}
		return w + choose(l.IncludeUnknown, ", and unknown ones", "")
	}
	return numberWords(len(l.Ranges), "ranges") + choose(l.Trusted, ", trusted", "")
}

func grantPart(in policyInput, x policyThings) views.PolicyPart {
	strengths := []views.Option{{Label: "No particular one"}}
	for _, s := range x.strengths {
		strengths = append(strengths, views.Option{Value: s.ID, Label: s.Name})
	}
	if id := in.get("strength"); id != "" {
		strengths = stillThere(strengths, []string{id})
	}
	inner := []views.Control{
		ask(views.Field{Kind: views.Check, Name: "mfa", Label: "Require a second factor", Hint: "Any that the person has and the user flow offers.", Value: in.get("mfa")}),
		ask(views.Field{Kind: views.Select, Name: "strength", Label: "Require an authentication strength", Hint: "Only certain combinations, for example a passkey.", Value: in.get("strength"), Options: strengths}),
		ask(views.Field{Kind: views.Check, Name: "passwordChange", Label: "Require a new password", Hint: "Only for risky people, in all applications, together with a second factor and nothing else.", Value: in.get("passwordChange")})}
	if terms := stillThere(x.terms, in["terms"]); len(terms) > 0 {
		inner = append(inner, ask(views.Field{Kind: views.Checks, Name: "terms", Label: "Require agreement to terms", Values: in["terms"], Options: terms, Optional: true}))
	}
	inner = append(inner, ask(views.Field{Kind: views.Radios, Name: "operator", Label: "If several are ticked", Value: in.get("operator"), Options: []views.Option{{Value: "AND", Label: "All of them"}, {Value: "OR", Label: "One of them is enough"}}}))
	return views.PolicyPart{ID: "then", Title: "Then", Controls: []views.Control{radios(views.Choice{Name: "grant", Label: "What happens", Value: in.get("grant"), Options: []views.Branch{
		{Value: policy.ControlBlock, Label: "Refuse", Hint: "Nothing that they show changes it."},
		{Value: grantAccess, Label: "Let them in, but require", Inner: inner},
		{Value: grantNothing, Label: "Nothing more", Hint: "Only the session below is limited."}}})}}
}

func sessionPart(in policyInput) views.PolicyPart {
	of := ask(views.Field{Kind: views.Check, Name: "frequencyOf", Label: "Only the second factor is asked for again", Value: in.get("frequencyOf")})
	every := ask(views.Field{Kind: views.Grid, Name: "frequencyAge", Label: "How old a proof may be", Pairs: true, Fields: []views.Field{
		{Name: "frequencyValue", Label: "Number", InputMode: "numeric", Value: in.get("frequencyValue")},
		{Kind: views.Select, Name: "frequencyType", Label: "Unit", Value: in.get("frequencyType"), Options: []views.Option{{Value: "hours", Label: "Hours"}, {Value: "days", Label: "Days"}}}}})
	return views.PolicyPart{ID: "session", Title: "And for how long", Controls: []views.Control{
		radios(views.Choice{Name: "frequency", Label: "Sign-in frequency", Hint: "Whoever has several such policies gets the shortest time.", Value: in.get("frequency"), Options: []views.Branch{
			{Label: "Not configured"}, {Value: oftenTime, Label: "Ask again after a while", Inner: []views.Control{every}},
			{Value: oftenEvery, Label: "Ask every time", Hint: "But not twice within five minutes."}}}),
		of,
		ask(views.Field{Kind: views.Select, Name: "persistent", Label: "Stay signed in when the browser is closed", Hint: "Only together with all applications. In place of the question “Stay signed in?”.", Value: in.get("persistent"), Options: []views.Option{
			{Label: "Not configured: people are asked"}, {Value: "never", Label: "Never"}, {Value: "always", Label: "Always"}}})}}
}

// stateField is the three-way choice.
func stateField(value string, hint string) views.Field {
	return views.Field{Kind: views.Radios, Name: "state", Label: "State", Hint: hint, Value: value, Options: []views.Option{
		{Value: string(policy.Off), Label: "Off"},
		{Value: string(policy.ReportOnly), Label: "Report-only", Hint: "The sign-in log says what it would do. Nobody notices."},
		{Value: string(policy.On), Label: "On"}}}
}

// policyState is a policy's state in a word.
func policyState(s policy.State) views.Cell {
	switch s {
	case policy.On:
		return badge("ok", "On")
	case policy.ReportOnly:
		return badge("info", "Report-only")
	}
	return badge("neutral", "Off")
}

// said is the sentence of a policy for the page.
func said(p policy.Policy, known policy.Known) views.Words {
	var out views.Words
	for _, x := range policy.Sentence(p, known) {
		out = append(out, views.Word{Text: x.Text, Chosen: x.Value, Gone: x.Gone})
	}
	return out
}

// sentenceText is the sentence as plain text.
func sentenceText(w views.Words) string {
	var b strings.Builder
	for _, x := range w {
		b.WriteString(x.Text)
	}
	return b.String()
}

// myself is the acting admin as somebody whom a policy of this tenant can exclude; only in the directory of admins.
func (v *visit) myself() (string, bool) {
	return v.admin.ID, v.dir.Tenant.Kind == tenant.Workforce
}

// addressOf is where the admin's request comes from, in words.
func addressOf(c *fiber.Ctx) string {
	if ip := handlers.InfoOf(c).IP; ip.IsValid() {
		return ip.String()
	}
	return ""
}
