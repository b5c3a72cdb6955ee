package admin

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/i18n"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/signin"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// What-If: what would the policies say to a sign-in? It asks the very function that a sign-in asks, changes nothing
// and leaves no trace; the whole question is in the address.

func (p *Portal) whatIfRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/what-if"
	return []handlers.Route{{Method: get, Path: at, Handler: p.whatIf, Permission: access.ConditionalRead, NavGroup: navProtect, NavLabel: "What-If"}}
}

func whatIfHelp() views.Help {
	return views.Help{What: "Describe a sign-in: who, to what, from where. Every policy answers, condition by condition, exactly as it would at the door; those that only report and those that are off answer too. Nothing is changed, and nobody is asked anything.",
		Do: "Leave out what you do not care about: a condition about something that is not given is not met, and says so. Keep or pass on the address of this page: it holds the whole question."}
}

// whatIfAsked are the parameters of the page's address that make a question.
func whatIfAsked() []string {
	return []string{"user", "groups", "invited", "target", "context", "ip", "country", "platform", "client", "flow", "signInRisk", "userRisk"}
}

const (
	countryUnknown  = "unknown" // the country of an address that has none
	platformUnknown = "unknown"
)

// whatIfQuestion is what was asked, made ready.
type whatIfQuestion struct {
	policy.Request
	Shown   policy.Shown
	Missing []string
	User    models.User
	Flow    string // name of the user flow; "" = the app is in none
	From    *record.SignIn
}

func (p *Portal) whatIf(c *fiber.Ctx) error {
	v, ctx := visitOf(c), c.UserContext()
	w := viewOf(c, append(whatIfAsked(), "signIn", "policy")...)
	l := handlers.InfoOf(c).Locale
	var q whatIfQuestion
	asked := len(w.q) > 0 && !(len(w.q) == 1 && w.has("policy"))
	if w.has("signIn") {
		if !v.may(access.AuditRead) {
			return p.refuse(c, access.AuditRead)
		}
		r, err := v.tenant.SignIn(ctx, w.get("signIn"))
		if err != nil {
			return err
		}
		q, asked = v.recordedQuestion(r)
		fillFrom(w, r)
	}
	contexts, err := v.tenant.Contexts(ctx)
	if err != nil {
		return err
	}
	f := v.whatIfForm(w, l, contexts)
	var choices []views.Section
	if asked && q.From == nil {
		if q, choices, err = p.question(c, v, w, &f); err != nil {
			return err
		}
		asked = len(f.Problems) == 0
	}
	d := views.Detail{}
	if q.From != nil {
		d.Notices = append(d.Notices, views.Notice{Tone: "info", Title: "The very inputs of a recorded sign-in", Text: "What was known and shown then, held against the policies of today. Press “Ask” to go on from here with what the form says.",
			Links: []views.Link{{Label: "The sign-in", Href: v.base() + "/sign-ins/" + q.From.ID}}})
	}
	if !v.dir.Tenant.Governed() {
		d.Notices = append(d.Notices, views.Notice{Tone: "info", Title: "A trial has no Conditional Access", Text: "No policy is asked at its doors. Below is what they would say with the standard plan."})
	}
	d.Sections = append(d.Sections, views.Section{ID: "ask", Title: "The sign-in", Form: &f})
	d.Sections = append(d.Sections, choices...)
	if asked {
		sections, err := p.answers(c, v, q, w.get("policy"))
		if err != nil {
			return err
		}
		d.Sections = append(d.Sections, sections...)
	}
	s, err := p.shell(c, "What-If", "What would the policies say to this sign-in?", whatIfHelp())
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	if len(f.Problems) > 0 {
		status, s.Problems = fiber.StatusUnprocessableEntity, f.Problems
	}
	return handlers.Render(c, status, views.DetailPage(s, d))
}

// recordedQuestion asks again what a sign-in asked; false when it asked no policy.
func (v *visit) recordedQuestion(r record.SignIn) (whatIfQuestion, bool) {
	req, ok := policy.RequestOf(r)
	req.TenantID = v.dir.Tenant.ID
	q := whatIfQuestion{Request: req, Shown: policy.ShownOf(req.Inputs), Flow: r.Flow.Name, From: &r}
	q.User.ID, q.User.DisplayName = r.User.ID, r.User.Name
	return q, ok
}

// fillFrom puts a recorded sign-in into the form.
func fillFrom(w view, r record.SignIn) {
	set := func(name, value string) {
		if value != "" {
			w.q.Set(name, value)
		}
	}
	set("user", r.User.ID)
	set("target", r.App.ID)
	set("country", r.Signals.Country)
	set("platform", r.Signals.Platform)
	if r.Signals.IP.IsValid() {
		set("ip", r.Signals.IP.String())
	}
	if r.Inputs == nil {
		return
	}
	set("target", r.Inputs.Action)
	set("client", r.Inputs.ClientApp)
	set("flow", r.Inputs.Transfer)
	set("signInRisk", r.Inputs.SignInRisk)
	set("userRisk", r.Inputs.UserRisk)
	if len(r.Inputs.Contexts) > 0 {
		set("context", r.Inputs.Contexts[0])
	}
	if r.Inputs.Guest {
		set("invited", "yes")
	}
}

// whatIfForm is the question as a form; its address is the question.
func (v *visit) whatIfForm(w view, l *i18n.Localizer, contexts []policy.Context) views.Form {
	pick := func(name, label, hint, none string, options ...views.Option) views.Field {
		return views.Field{Kind: views.Select, Name: name, Label: label, Hint: hint, Value: w.get(name), Options: append([]views.Option{{Label: none}}, options...)}
	}
	targets := []views.Option{}
	for _, cl := range sortedClients(v.dir) {
		targets = append(targets, views.Option{Value: cl.ID, Label: cl.Name})
	}
	targets = append(targets, views.Option{Value: policy.RegisterSecurityInfo, Label: "Own account: register a way to confirm it’s you"},
		views.Option{Value: policy.ChangePassword, Label: "Own account: change the password"}, views.Option{Value: policy.DeleteAccount, Label: "Own account: delete it"})
	risks := []views.Option{{Value: "none", Label: "None"}, {Value: "low", Label: "Low"}, {Value: "medium", Label: "Medium"}, {Value: "high", Label: "High"}}
	var classes []views.Option
	for _, x := range contexts {
		classes = append(classes, views.Option{Value: x.ID, Label: x.Name + " (" + x.ID + ")"})
	}
	countries := append([]views.Option{{Value: countryUnknown, Label: "Unknown country"}}, countryOptions(l)...)
	f := views.Form{Get: true, Action: v.base() + "/what-if", Submit: "Ask", Main: true, Fields: []views.Field{
		{Kind: views.Grid, Label: "Who", Pairs: true, Fields: []views.Field{
			{Name: "user", Label: "Person", Type: "search", Value: w.get("user"), Optional: true, Hint: "Name, address or object ID. Leave empty to describe somebody."},
			{Kind: views.TextArea, Name: "groups", Label: "Somebody in these groups", Rows: 2, Value: w.get("groups"), Optional: true, Hint: "One in each line. Added to the person’s own groups, if a person is given."},
		}},
		{Kind: views.Check, Name: "invited", Label: "Came by an invitation", Value: w.get("invited")},
		{Kind: views.Grid, Label: "To what", Pairs: true, Fields: []views.Field{pick("target", "Application or action", "", "Choose one", targets...)}},
		{Kind: views.Grid, Label: "From where, and how", Pairs: true, Fields: []views.Field{
			{Name: "ip", Label: "IP address", Code: true, Value: w.get("ip"), Optional: true},
			pick("country", "Country", "", "Not given, or that of the address", countries...),
			pick("platform", "Device platform", "", "Not given", views.Option{Value: "android", Label: "Android"}, views.Option{Value: "iOS", Label: "iOS"}, views.Option{Value: "windows", Label: "Windows"},
				views.Option{Value: "macOS", Label: "macOS"}, views.Option{Value: "linux", Label: "Linux"}, views.Option{Value: platformUnknown, Label: "An unknown one"}),
			pick("client", "Client", "", "Not given", views.Option{Value: policy.Browser, Label: "Browser"}, views.Option{Value: policy.NativeClient, Label: "Mobile app or desktop client"}, views.Option{Value: policy.OtherClient, Label: "Other"}),
			pick("flow", "Authentication flow", "", "None", views.Option{Value: policy.DeviceCode, Label: "Device code"}, views.Option{Value: policy.TransferOfApp, Label: "Transfer between devices"}),
		}},
		{Kind: views.Grid, Label: "Risk", Pairs: true, Fields: []views.Field{
			pick("signInRisk", "Risk of the sign-in", "", "Not given", risks...), pick("userRisk", "Risk of the person", "", "Not given, or that of the person", risks...)}},
	}}
	if len(classes) > 0 {
		f.Fields[2].Fields = append(f.Fields[2].Fields, pick("context", "The application asks for", "", "No authentication context", classes...))
	}
	if w.has("policy") {
		f.Fields = append(f.Fields, views.Field{Kind: views.Hidden, Name: "policy", Value: w.get("policy")})
	}
	return f
}

// question makes the form's question ready. What cannot be read is a problem of the form; where several people have
// the name, they are offered.
func (p *Portal) question(c *fiber.Ctx, v *visit, w view, f *views.Form) (q whatIfQuestion, choices []views.Section, err error) {
	ctx := c.UserContext()
	problem := func(name, text string) {
		f.Problems = append(f.Problems, views.Problem{Text: text, Name: name})
		for i := range f.Fields {
			for j := range f.Fields[i].Fields {
				if f.Fields[i].Fields[j].Name == name {
					f.Fields[i].Fields[j].Error = text
				}
			}
		}
	}
	missing := func(names ...string) { q.Missing = append(q.Missing, names...) }
	q.TenantID = v.dir.Tenant.ID
	q.ClientApp, q.Transfer, q.SignInRisk, q.UserRisk, q.Guest = w.get("client"), w.get("flow"), w.get("signInRisk"), w.get("userRisk"), w.has("invited")

	if w.has("user") {
		list, err := v.whoIs(ctx, w.get("user"))
		if err != nil {
			return q, nil, err
		}
		switch len(list) {
		case 0:
			problem("user", "Nobody has this name, address or ID")
		case 1:
			q.User = list[0]
		default:
			problem("user", "Several people fit: choose one below")
			choices = append(choices, v.choosePerson(w, list))
		}
	}
	if q.User.ID != "" {
		q.UserID = q.User.ID
		belongs, err := models.SignInStores{Store: p.Store}.SignIns(v.dir.Tenant.ID).Membership(ctx, q.User.ID, policy.Needs{Groups: true, Roles: true, Guest: true})
		if err != nil {
			return q, nil, err
		}
		q.Groups, q.Roles, q.Guest = belongs.Groups, belongs.Roles, q.Guest || belongs.Guest
		if q.UserRisk == "" {
			q.UserRisk = signin.UserRisk(q.User.Risk)
		}
	}
	for _, line := range splitLines(w.get("groups")) {
		g, ok, err := v.groupNamed(ctx, line)
		if err != nil {
			return q, nil, err
		}
		if !ok {
			problem("groups", "No group has this name: "+line)
			continue
		}
		up, err := v.tenant.GroupIDsOf(ctx, g.ID)
		if err != nil {
			return q, nil, err
		}
		for _, id := range append(up, g.ID) {
			if !slices.Contains(q.Groups, id) {
				q.Groups = append(q.Groups, id)
			}
		}
	}

	switch target := w.get("target"); {
	case target == "":
		problem("target", "Choose an application or an action")
	case strings.HasPrefix(target, "urn:"):
		q.Action = target
	case v.dir.Clients[target] == nil:
		problem("target", "This application is not there any more")
	default:
		q.ClientID = target
	}
	if w.has("context") {
		q.Contexts = []string{w.get("context")}
	}
	if w.has("ip") {
		ip, err := netip.ParseAddr(w.get("ip"))
		if err != nil {
			problem("ip", "Enter an IP address, like 203.0.113.7")
		} else {
			q.Signals = handlers.PlaceOf(c, ip.Unmap())
		}
	}
	switch country := w.get("country"); country {
	case "":
		if !q.Signals.IP.IsValid() {
			missing("location")
		}
	case countryUnknown:
		q.Signals.Country = ""
	default:
		q.Signals.Country, q.Signals.PlaceFailed = strings.ToUpper(country), false
	}
	switch platform := w.get("platform"); platform {
	case "":
		missing("devicePlatform")
	case platformUnknown:
	default:
		q.Signals.Platform = platform
	}
	if q.ClientApp == "" {
		missing("clientApps")
	}
	if q.SignInRisk == "" {
		missing("signInRisk")
	}
	if q.UserRisk == "" {
		missing("userRisk")
	}
	if flow, ok := v.dir.Flow(q.ClientID); ok {
		q.Flow = flow.Name
		var since time.Time
		if q.User.ID != "" {
			if since, err = v.tenant.RiskSince(ctx, q.User.ID); err != nil {
				return q, choices, err
			}
		}
		q.Inputs = signin.Imagine(q.Inputs, v.dir.Tenant, *flow, q.User.Account, since)
	}
	q.Shown = policy.ShownOf(q.Inputs)
	return q, choices, nil
}

// whoIs finds the people whom a text may mean.
func (v *visit) whoIs(ctx context.Context, text string) ([]models.User, error) {
	page, err := v.tenant.Users(ctx, models.UserQuery{Identity: text, Limit: 2})
	if err == nil && len(page.Items) != 1 {
		page, err = v.tenant.Users(ctx, models.UserQuery{Search: text, Limit: 10})
	}
	if err != nil || len(page.Items) != 1 {
		return page.Items, err
	}
	u, err := v.tenant.User(ctx, page.Items[0].ID) // with methods
	return []models.User{u}, err
}

func (v *visit) choosePerson(w view, list []models.User) views.Section {
	t := &views.Table{Caption: "People who fit", Columns: []views.Column{{Label: "Person"}, {Label: "Signs in as"}}}
	for _, u := range list {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: userName(u), Href: w.href("user", u.ID)}, {Kind: views.Name, Text: signInName(u)}}})
	}
	return views.Section{ID: "people", Title: "Who is meant?", Table: t}
}

func (v *visit) groupNamed(ctx context.Context, line string) (account.Group, bool, error) {
	groups, err := v.tenant.Groups(ctx, models.GroupQuery{Search: line, Limit: 50})
	if err != nil {
		return account.Group{}, false, err
	}
	for _, g := range groups.Items {
		if strings.EqualFold(g.Name, line) || g.ID == strings.ToLower(line) {
			return g, true, nil
		}
	}
	return account.Group{}, false, nil
}

// answers are what it would come to, and what every policy said.
func (p *Portal) answers(c *fiber.Ctx, v *visit, q whatIfQuestion, about string) ([]views.Section, error) {
	ctx := c.UserContext()
	set, err := v.tenant.PolicySet(ctx)
	if err != nil {
		return nil, err
	}
	d, list := set.WhatIf(q.Request, q.Shown, q.Missing)
	known, err := knownOf(ctx, v.tenant, set.Policies()...)
	if err != nil {
		return nil, err
	}
	given, at := q.Shown, p.Now()
	if q.From != nil {
		r, _ := policy.RecordedOf(*q.From)
		given, at = policy.Given(r, len(d.Clauses) > 0 || q.Switch == policy.SwitchAlways), r.At
	}
	out := d.Outcome(q.Inputs, given, at)
	return []views.Section{v.whatItComesTo(q, d, out, known), policyAnswers(v, q, list, known, about)}, nil
}

func (v *visit) whatItComesTo(q whatIfQuestion, d policy.Decision, out policy.Outcome, known policy.Known) views.Section {
	tone, title := "ok", "Gets in"
	switch {
	case out.Stopped != "":
		tone, title = "danger", "Does not get in"
	case len(out.Asks) > 0:
		tone, title = "warn", "Gets in after more"
	}
	who := views.Cell{Text: "Somebody who is described"}
	if q.User.ID != "" {
		who = views.Cell{Kind: views.Name, Text: q.User.DisplayName, Href: v.base() + "/users/" + q.User.ID}
		if who.Text == "" {
			who.Text = q.User.Address()
		}
	}
	s := views.Section{ID: "outcome", Title: "What it would come to", Summary: []views.Fact{fact("Outcome", badge(tone, title)),
		fact(choose(out.Stopped != "", "Because", "In this order"), views.Cell{Kind: views.Lines, List: outcomeLines(known, out)}), fact("Who", who)}}
	add := func(label string, c views.Cell) { s.Summary = append(s.Summary, facts(fact(label, c))...) }
	if q.Action == "" {
		flow := choose(q.Flow == "", "The application is in no user flow, so nobody can sign in to it", q.Flow)
		add("User flow", plain(flow))
		add("Its switch for a second factor", plain(switchWord(q.Switch)))
		add("May be the second factor", plain(strings.Join(words(q.Kinds, methodWord), ", ")))
		add("Set up", plain(choose(len(q.Enrolled) == 0, "Nothing that the user flow takes", strings.Join(words(q.Enrolled, methodWord), ", "))))
		if !q.RiskSince.IsZero() {
			add("Set up before the risk", plain(choose(len(q.Former) == 0, "Nothing, so nothing meets what is asked because of risk", strings.Join(words(q.Former, methodWord), ", "))))
		}
	}
	if out.Rests {
		s.Lead = "A policy asks for a second factor, but the user flow’s switch is off: nobody is asked."
	}
	if d.Frequency != (policy.Frequency{}) {
		add("Signs in again", plain(frequencyWords(d.Frequency)))
	}
	switch {
	case d.NeverPersistent:
		add("Stay signed in?", plain("Not asked: never"))
	case d.AlwaysPersistent:
		add("Stay signed in?", plain("Not asked: always"))
	}
	place := q.Signals.Country
	if q.Signals.IP.IsValid() {
		place = strings.TrimPrefix(q.Signals.IP.String()+", "+choose(place == "", "country unknown", place), ", ")
	}
	add("From", plain(place))
	return s
}

// switchWord names the position of a user flow's switch.
func switchWord(s string) string {
	switch s {
	case policy.SwitchOff:
		return "Off"
	case policy.SwitchAlways:
		return "Always on"
	case "":
		return ""
	}
	return "Conditional"
}

func frequencyWords(f policy.Frequency) string {
	switch {
	case f.EveryTime:
		return "Every time"
	case f.Any > 0:
		return "After " + f.Any.String()
	case f.EverySecond:
		return "The second factor every time"
	}
	return "The second factor after " + f.Second.String()
}

// policyAnswers is the table of every policy.
func policyAnswers(v *visit, q whatIfQuestion, list []policy.Explained, known policy.Known, about string) views.Section {
	t := &views.Table{Caption: "Every policy", Columns: []views.Column{{Label: "Policy"}, {Label: "State"}, {Label: "Applies"}, {Label: "Conditions"}, {Label: "Asks for"}}}
	if q.From != nil {
		t.Columns = append(t.Columns, views.Column{Label: "Said then"})
	}
	slices.SortStableFunc(list, func(a, b policy.Explained) int { return rankOf(a, about) - rankOf(b, about) })
	applied := 0
	for _, x := range list {
		applies := badge("neutral", "No")
		switch {
		case x.Applies && x.Policy.State == policy.Off:
			applies = badge("neutral", "It would")
			applies.Sub = "The policy is off"
		case x.Applies:
			applies = badge("warn", "Yes")
			applied++
		default:
			applies.Sub = "First unmet: " + strings.ToLower(conditionWord(x.FirstUnmet))
		}
		row := views.Row{Cells: []views.Cell{
			{Kind: views.Name, Text: x.Policy.Name, Href: v.base() + "/conditional-access/" + url.PathEscape(x.Policy.ID), Sub: policy.Plain(policy.Sentence(x.Policy, known))},
			badge(choose(x.Policy.State == policy.On, "ok", "neutral"), policyStateWord(x.Policy.State)), applies,
			{Kind: views.Lines, List: linesOf(x.Conditions)}, {Kind: views.Lines, List: controlLines(known, x.Controls)}}}
		if q.From != nil {
			then := plain("It was not there")
			for _, was := range q.From.Policies {
				if was.ID == x.Policy.ID {
					then = policyResult(was.Result)
				}
			}
			row.Cells = append(row.Cells, then)
		}
		t.Rows = append(t.Rows, row)
	}
	lead := "None of them applies."
	if applied > 0 {
		lead = grouped(int64(applied)) + " of " + grouped(int64(len(list))) + " apply. Those that only report ask nobody for anything."
	}
	return views.Section{ID: "policies", Title: "Every policy", Lead: choose(len(list) == 0, "", lead), Table: t, Empty: "There is no policy yet."}
}

// rankOf puts the policy that a page is about in front, then those that apply.
func rankOf(x policy.Explained, about string) int {
	switch {
	case about != "" && x.Policy.ID == about:
		return 0
	case x.Applies && x.Policy.State == policy.On:
		return 1
	case x.Applies && x.Policy.State == policy.ReportOnly:
		return 2
	case x.Policy.State != policy.Off:
		return 3
	}
	return 4
}

func linesOf(list []record.Condition) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = conditionLine(c)
	}
	return out
}

// countryOptions are all countries by name.
func countryOptions(l *i18n.Localizer) []views.Option {
	countries := l.Countries()
	out := make([]views.Option, 0, len(countries))
	for code, name := range countries {
		out = append(out, views.Option{Value: code, Label: name})
	}
	slices.SortFunc(out, func(a, b views.Option) int { return strings.Compare(a.Label, b.Label) })
	return out
}
