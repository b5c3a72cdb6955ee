package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/record"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// signInFilters are the parameters of the sign-in log's address.
func signInFilters() []string {
	return []string{"search", "range", "from", "to", "user", "app", "result", "kind", "signup", "ip", "country", "correlation", "policy", "said"}
}

func (p *Portal) signInQuery(w view) models.SignInQuery {
	from, to := w.span(p.Now())
	return models.SignInQuery{Search: w.get("search"), From: from, To: to, UserID: w.get("user"), ClientID: w.get("app"), Result: w.get("result"),
		Kind: w.get("kind"), SignUp: yesNo(w.get("signup")), IP: w.get("ip"), Country: strings.ToUpper(w.get("country")), CorrelationID: w.get("correlation"), PolicyID: w.get("policy"), PolicyResult: w.get("said"), After: w.get("after")}
}

func (p *Portal) signInList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, signInFilters()...)
	if w.has("said") && !w.has("policy") { // of which policy?
		w.dropped = append(w.dropped, [2]string{"said", w.get("said")})
		w.q.Del("said")
	}
	q := p.signInQuery(w)
	if f := c.Query("format"); f == "csv" || f == "json" {
		return download(c, f, "sign-ins-"+v.dir.Tenant.Slug, signInColumns(), func(r record.SignIn) any { return r }, func(ctx context.Context, after string) ([]record.SignIn, string, error) {
			q.After, q.Limit = after, 500
			page, err := v.tenant.SignIns(ctx, q)
			return page.Items, page.Next, err
		})
	}
	page, err := v.tenant.SignIns(c.UserContext(), q)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Sign-in logs", "Every sign-in, sign-up and token request, with the reasons for its outcome.", views.Help{
		What: "One entry per attempt. Open it to read the whole decision: what was asked, what was proven, what each policy said.",
		Do:   "Filter, then keep the address: it holds the whole view. Somebody called support? Search for their reference number under “Correlation ID”."})
	if err != nil {
		return err
	}
	table := signInTable(page.Items, v.base())
	if err := markReported(c.UserContext(), v.tenant, page.Items, &table); err != nil {
		return err
	}
	fields, err := p.signInFields(c, v)
	if err != nil {
		return err
	}
	l := views.List{Filter: w.filter(3, fields...), Table: table, Shown: shown(len(page.Items), "sign-in", "newest first"),
		Empty: emptyOf(w, "No sign-ins yet", "As soon as somebody signs in to one of your applications, you see it here.", &views.Link{Label: "Connect an application", Href: v.base() + "/applications"})}
	w.finish(&l, page.Next)
	return p.list(c, s, l)
}

func (p *Portal) signInFields(c *fiber.Ctx, v *visit) ([]views.Field, error) {
	fields := []views.Field{{Name: "search", Label: "Person", Type: "search", Hint: ""}}
	span := spanFields()
	fields = append(fields, span[0],
		views.Field{Kind: views.Select, Name: "result", Label: "Result", Options: []views.Option{{Label: "Any result"}, {Value: "success", Label: "Success"}, {Value: "failure", Label: "Failure"}, {Value: "interrupted", Label: "Interrupted"}, {Value: "abandoned", Label: "Left unfinished"}}})
	apps := []views.Option{{Label: "Any application"}}
	for _, cl := range sortedClients(v.dir) {
		apps = append(apps, views.Option{Value: cl.ID, Label: cl.Name})
	}
	fields = append(fields,
		views.Field{Kind: views.Select, Name: "app", Label: "Application", Options: apps}, span[1], span[2],
		views.Field{Kind: views.Select, Name: "kind", Label: "Kind", Options: []views.Option{{Label: "Any kind"}, {Value: "interactiveUser", Label: "Interactive"}, {Value: "nonInteractiveUser", Label: "Not interactive"}, {Value: "servicePrincipal", Label: "Application"}}},
		views.Field{Kind: views.Select, Name: "signup", Label: "Sign-ups", Options: []views.Option{{Label: "Sign-ins and sign-ups"}, {Value: "yes", Label: "Only sign-ups"}, {Value: "no", Label: "No sign-ups"}}},
		views.Field{Name: "ip", Label: "IP address", Code: true}, views.Field{Name: "country", Label: "Country code", Code: true},
		views.Field{Name: "correlation", Label: "Correlation ID", Code: true}, views.Field{Name: "user", Label: "User ID", Code: true})
	if !v.may(access.ConditionalRead) {
		return fields, nil
	}
	list, err := v.tenant.Policies(c.UserContext())
	options := []views.Option{{Label: "Any policy"}}
	for _, x := range list {
		options = append(options, views.Option{Value: x.ID, Label: x.Name})
	}
	results := []views.Option{{Label: "Applied, whatever it said"}}
	for _, r := range effectResults() {
		results = append(results, views.Option{Value: r.name, Label: r.label})
	}
	return append(fields, views.Field{Kind: views.Select, Name: "policy", Label: "Policy that applied", Options: options},
		views.Field{Kind: views.Select, Name: "said", Label: "What it said", Options: results}), err
}

func signInTable(items []record.SignIn, base string) views.Table {
	t := views.Table{Caption: "Sign-ins", Columns: []views.Column{{Label: "Time"}, {Label: "Person"}, {Label: "Application"}, {Label: "Result"}, {Label: "Address"}, {Label: "Place"}, {Label: "Browser"}}}
	for _, r := range items {
		ip := ""
		if r.Signals.IP.IsValid() {
			ip = r.Signals.IP.String()
		}
		who := views.Cell{Kind: views.Name, Text: nameOr(r.User, r.Identifier)}
		if who.Text == "" {
			who.Text = "Unknown"
		}
		if r.Kind == record.Service {
			who = views.Cell{Text: "Application itself"}
		}
		if r.SignUp {
			who.Sub = "Sign-up"
		}
		if r.Test {
			who.Sub = strings.Join(nonEmpty(who.Sub, "Test from the portal"), " · ")
		}
		result := badge(resultTone(r.Outcome.Result), resultWord(string(r.Outcome.Result)))
		if r.Count > 1 {
			result.Sub = fmt.Sprintf("%d times", r.Count)
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{
			{Kind: views.When, Time: r.StartedAt, Href: base + "/sign-ins/" + r.ID}, who, {Kind: views.Name, Text: nameOr(r.App, "")},
			result, code(ip), plain(strings.Join(nonEmpty(r.Signals.City, r.Signals.Country), ", ")), plain(strings.Join(nonEmpty(r.Signals.Browser, r.Signals.OS), " on "))}})
	}
	return t
}

// reportedWords say that the person told us that a sign-in was not theirs ("this wasn't me").
const reportedWords = "Reported by the customer"

// markReported marks the sign-ins that their owners reported.
func markReported(ctx context.Context, t *models.Tenant, items []record.SignIn, table *views.Table) error {
	ids := make([]string, len(items))
	for i, r := range items {
		ids[i] = r.ID
	}
	reports, err := t.SignInReports(ctx, ids)
	if err != nil {
		return err
	}
	for i, r := range items {
		if _, reported := reports[r.ID]; reported {
			result := &table.Rows[i].Cells[3]
			result.Sub = strings.Join(nonEmpty(result.Sub, reportedWords), " · ")
		}
	}
	return nil
}

func signInColumns() []column[record.SignIn] {
	return []column[record.SignIn]{
		{"id", func(r record.SignIn) string { return r.ID }},
		{"createdDateTime", func(r record.SignIn) string { return stamp(r.StartedAt) }},
		{"result", func(r record.SignIn) string { return string(r.Outcome.Result) }},
		{"errorCode", func(r record.SignIn) string { return fmt.Sprint(r.Outcome.Code) }},
		{"kind", func(r record.SignIn) string { return string(r.Kind) }},
		{"userId", func(r record.SignIn) string { return r.User.ID }},
		{"user", func(r record.SignIn) string { return r.User.Name }},
		{"identifier", func(r record.SignIn) string { return r.Identifier }},
		{"appId", func(r record.SignIn) string { return r.App.ID }},
		{"app", func(r record.SignIn) string { return r.App.Name }},
		{"userFlow", func(r record.SignIn) string { return r.Flow.Name }},
		{"signUp", func(r record.SignIn) string { return fmt.Sprint(r.SignUp) }},
		{"ipAddress", func(r record.SignIn) string {
			if r.Signals.IP.IsValid() {
				return r.Signals.IP.String()
			}
			return ""
		}},
		{"country", func(r record.SignIn) string { return r.Signals.Country }},
		{"city", func(r record.SignIn) string { return r.Signals.City }},
		{"browser", func(r record.SignIn) string { return r.Signals.Browser }},
		{"operatingSystem", func(r record.SignIn) string { return r.Signals.OS }},
		{"riskLevel", func(r record.SignIn) string { return r.RiskLevel }},
		{"correlationId", func(r record.SignIn) string { return r.CorrelationID }},
	}
}

// signInDetail is the decision trace.
func (p *Portal) signInDetail(c *fiber.Ctx) error {
	v := visitOf(c)
	r, err := v.tenant.SignIn(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	known, err := knownOf(c.UserContext(), v.tenant)
	if err != nil {
		return err
	}
	risky, err := p.signInRisk(c, r)
	if err != nil {
		return err
	}
	later, err := v.tenant.LaterCalls(c.UserContext(), r)
	if err != nil {
		return err
	}
	r.Calls = slices.Concat(r.Calls, later[r.ID])
	t := traceOf(handlers.InfoOf(c).Locale, r, v.base(), known, risky)
	if r.Inputs != nil && v.may(access.ConditionalRead) {
		t.Again = &views.Link{Label: "What if this again?", Href: v.base() + "/what-if?signIn=" + r.ID}
	}
	reports, err := v.tenant.SignInReports(c.UserContext(), []string{r.ID})
	if err != nil {
		return err
	}
	if at, reported := reports[r.ID]; reported {
		t.Sections[0].Summary = append(t.Sections[0].Summary, fact(reportedWords, when(at)))
	}
	if cl := v.dir.Clients[r.App.ID]; cl != nil && strings.Contains(t.Do, "Connect your app") {
		t.Fix = &views.Link{Label: "Connect your app", Href: v.base() + "/applications/" + cl.ObjectID + "/connect"}
	}
	s, err := p.shell(c, t.Outcome, "", views.Help{
		What: "The decision as it was stored when this attempt ended. Nothing here is computed again.",
		Do:   "Read from the top: cause and remedy first, then the steps, then where it came from."},
		views.Link{Label: "Sign-in logs", Href: v.base() + "/sign-ins"})
	if err != nil {
		return err
	}
	return handlers.Render(c, fiber.StatusOK, views.TracePage(s, t))
}

// shown is the count in words.
func shown(n int, what, order string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss on this page, %s", n, what, order)
}

// emptyOf says why a list is empty: nothing was ever there, or the filters leave nothing.
func emptyOf(w view, title, text string, action *views.Link) views.Empty {
	if w.narrowed() {
		return views.Empty{Title: "Nothing fits these filters", Text: "Remove a filter to see more.", Action: &views.Link{Label: "Clear all filters", Href: w.path}}
	}
	return views.Empty{Title: title, Text: text, Action: action}
}
