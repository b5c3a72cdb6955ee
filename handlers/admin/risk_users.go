package admin

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/export"
	"portico/models"
	views "portico/views/admin"
)

// riskyUserFilters are the parameters of the report's address.
func riskyUserFilters() []string {
	return []string{"search", "level", "risk", "range", "from", "to", "detail", "deleted"}
}

func (p *Portal) riskyUserQuery(w view) models.RiskQuery {
	from, to := w.span(p.Now())
	return models.RiskQuery{Search: w.get("search"), Level: w.get("level"), States: chosenStates(w), Detail: w.get("detail"), Since: from, Before: to, Deleted: yesNo(w.get("deleted")), After: w.get("after")}
}

// riskyUserColumns are the report's columns (R 6.6.1).
func (v *visit) riskyUserColumns() []listColumn[models.User] {
	return []listColumn[models.User]{
		{id: "name", label: "Person", cell: func(u models.User) views.Cell {
			out := views.Cell{Kind: views.Name, Text: userName(u), Href: v.userBase(u) + "/risk"}
			if !u.DeletedAt.IsZero() {
				out.Sub = "Deleted"
			}
			return out
		}},
		{id: "level", label: "Risk level", cell: riskLevelCell},
		{id: "state", label: "Risk state", cell: func(u models.User) views.Cell { return riskStateBadge(u.Risk.State) }},
		{id: "detail", label: "Why", cell: func(u models.User) views.Cell {
			if words := riskDetailWord(u.Risk.Detail); words != "" || u.Risk.State != models.RiskAtRisk {
				return plain(words)
			}
			return plain("Detections are open")
		}},
		{id: "updated", label: "Last updated", cell: func(u models.User) views.Cell { return when(u.Risk.At) }},
		{id: "address", label: "Signs in as", extra: true, cell: func(u models.User) views.Cell { return views.Cell{Kind: views.Name, Text: signInName(u)} }},
		{id: "account", label: "Account", extra: true, cell: func(u models.User) views.Cell { return standingBadge(u) }},
		{id: "last", label: "Last sign-in", extra: true, cell: func(u models.User) views.Cell { return day(u.LastSignInAt) }},
		{id: "ways", label: "Ways to sign in", extra: true, cell: func(u models.User) views.Cell { return plain(waysIn(u)) }},
		{id: "created", label: "Created", extra: true, cell: func(u models.User) views.Cell { return day(u.CreatedAt) }},
		{id: "id", label: "User ID", extra: true, cell: func(u models.User) views.Cell { return code(u.ID) }},
	}
}

func riskyUserFields() []views.Field {
	span := spanFields()
	span[0].Label = "Changed"
	details := []views.Option{{Label: "Any reason"}}
	for _, d := range riskDetails() {
		details = append(details, views.Option{Value: d, Label: riskDetailWord(d)})
	}
	return []views.Field{
		{Kind: views.Select, Name: "risk", Label: "Risk state", Options: append([]views.Option{{Value: openRisk, Label: "At risk or compromised"}, {Value: anyRisk, Label: "Any state"}}, riskStates()...)},
		{Kind: views.Select, Name: "level", Label: "Risk level", Options: append([]views.Option{{Label: "Any level"}}, riskLevels(true)...)},
		span[0], {Name: "search", Label: "Name, address or ID", Type: "search"},
		{Kind: views.Select, Name: "detail", Label: "Why", Options: details}, span[1], span[2],
		{Kind: views.Select, Name: "deleted", Label: "Deleted people", Options: []views.Option{{Label: "Among the others"}, {Value: "yes", Label: "Only them"}, {Value: "no", Label: "Leave them out"}}},
	}
}

// riskyUserList is the report of people who are or were at risk.
func (p *Portal) riskyUserList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, riskyUserFilters()...)
	columns := v.riskyUserColumns()
	chosen := takeColumns(c, &w, columns)
	whole := w.riskChosen(c.Query("format") != "")
	q := p.riskyUserQuery(w)
	if f := c.Query("format"); f == "csv" || f == "json" {
		return download(c, f, "risky-users-"+v.dir.Tenant.Slug, riskyUserExport(), func(u models.User) any { return riskyUserJSON(u) }, func(ctx context.Context, after string) ([]models.User, string, error) {
			q.After, q.Limit = after, 500
			page, err := v.tenant.RiskyUsers(ctx, q)
			return page.Items, page.Next, err
		})
	}
	page, err := v.tenant.RiskyUsers(c.UserContext(), q)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Risky users", "People whose account may be in other hands, or was.", riskHelp())
	if err != nil {
		return err
	}
	l := views.List{Notices: v.riskTrial(), Filter: w.riskFilter(3, riskyUserFields()...), Table: tableOf("Risky users", chosen, page.Items, func(u models.User) string { return seenText(models.SeenOfPerson(u.ID, u.Risk)) }),
		Shown: strings.Replace(shown(len(page.Items), "person", "last changed first"), "persons", "people", 1), Choose: chooser(w, columns, chosen), Bulk: v.riskyUserOffer(w),
		Empty: p.riskEmpty(v, w, "Nobody is at risk", "No person of this tenant was ever found at risk.")}
	if whole && v.dir.Tenant.Governed() {
		l.Empty = views.Empty{Title: "Nobody is at risk", Text: p.checkedAt("Nobody is at risk now, or confirmed compromised."), Action: &views.Link{Label: "Show any state", Href: w.href("risk", anyRisk)}}
	}
	if l.Bulk != nil {
		l.Table.Select = "person"
	}
	w.finish(&l, page.Next)
	return p.list(c, s, l)
}

// riskChosen settles which states the report is about where its address does not say: those that still count where
// nothing is narrowed, so that whoever is at risk is not hidden behind whoever was; any state in a file, and where
// something else is looked for. It reports whether it narrowed the report so.
func (v view) riskChosen(file bool) bool {
	switch {
	case v.has("risk"):
		return false
	case file || v.narrowed():
		v.q.Set("risk", anyRisk)
		return false
	}
	v.q.Set("risk", openRisk)
	return true
}

// riskFilter is filter where any state has to be chosen, and is no filter itself.
func (v view) riskFilter(front int, fields ...views.Field) views.Filter {
	f := v.filter(front, fields...)
	f.Chips = slices.DeleteFunc(f.Chips, func(c views.Chip) bool { return c.Label == "Risk state" && c.Value == "Any state" })
	for n := range f.Chips {
		if f.Chips[n].Label == "Risk state" {
			f.Chips[n].Remove = v.href("risk", anyRisk)
		}
	}
	f.Applied = len(f.Chips) > 0
	return f
}

// riskyUserActions are what can be done to several people from the report, with the right that each takes.
func riskyUserActions() []string {
	return []string{models.BulkCompromised, models.BulkSafe, models.BulkDismissRisk, models.BulkDisable, models.BulkChangePassword, models.BulkRevoke}
}

// riskyUserOffer is the form around the report; nil when the admin may do nothing to several.
func (v *visit) riskyUserOffer(w view) *views.Bulk {
	field := views.Field{Kind: views.Select, Name: "action", Label: "Change several", Options: []views.Option{{Label: "Choose what to do"}}}
	for _, action := range riskyUserActions() {
		if v.may(bulkWords(action).needs) && v.dir.Tenant.Governed() {
			field.Options = append(field.Options, views.Option{Value: action, Label: bulkWords(action).label})
		}
	}
	if len(field.Options) == 1 {
		return nil
	}
	return &views.Bulk{Action: v.base() + "/risky-users/several", Ticked: "Check the ticked ones", All: choose(w.narrowed(), "Check all that match", "Check everybody in the report"),
		Fields: []views.Field{field, {Kind: views.Hidden, Name: "filters", Value: w.query().Encode()}}}
}

// mostRisky is how many people or sign-ins one change from a report may be about.
const mostRisky = 2_000

// riskyUserBulk begins a change of several people: it counts, and nothing happens before the count is confirmed.
func (p *Portal) riskyUserBulk(c *fiber.Ctx) error {
	v := visitOf(c)
	w := sentView(c, v.base()+"/risky-users", riskyUserFilters()...)
	back := w.href("", "")
	say := func(text string) error {
		return p.doneWith(c, back, models.PortalFlash{Kind: "warn", Text: text})
	}
	action, seen := typed(c, "action"), map[string]models.SeenRisk{}
	var ids []string
	for _, text := range all(c, "person") { // a box says of whom it is, and how their risk stood beside it
		id, _, told := strings.Cut(text, "~")
		if ids = append(ids, id); told {
			seen[id] = seenOf(text)
		}
	}
	known := false
	for _, a := range riskyUserActions() {
		known = known || a == action
	}
	if !known {
		return say("Choose what to do with these people.")
	}
	if words := bulkWords(action); !v.may(words.needs) {
		return p.refuse(c, words.needs)
	}
	if typed(c, "reach") == "all" {
		if len(w.dropped) > 0 {
			return say("Nothing was begun, because it is not clear who is meant: “" + w.dropped[0][1] + "” cannot be read.")
		}
		q := p.riskyUserQuery(w)
		ids, seen = nil, map[string]models.SeenRisk{}
		for next, q2 := true, q; next; next = q2.After != "" {
			q2.Limit = 500
			page, err := v.tenant.RiskyUsers(c.UserContext(), q2)
			if err != nil {
				return err
			}
			for _, u := range page.Items {
				ids = append(ids, u.ID)
				seen[u.ID] = models.SeenOfPerson(u.ID, u.Risk)
			}
			if q2.After = page.Next; len(ids) > mostRisky {
				return say("More than 2,000 people match. Narrow the report first.")
			}
		}
	}
	if len(ids) == 0 {
		return say("Tick the people that you mean, or check all that match.")
	}
	if len(ids) > mostRisky {
		return say("No more than 2,000 people at once.")
	}
	b, err := v.tenant.StartBulk(c.UserContext(), v.actor(c), models.Bulk{Action: action, Seen: seen}, ids, models.UserQuery{})
	if err != nil {
		return p.saidConflict(c, back, err)
	}
	return c.Redirect(v.base()+"/users/bulk-changes/"+b.ID, fiber.StatusSeeOther)
}

// query is the view's parameters without its page.
func (v view) query() url.Values {
	q := url.Values{}
	for name, s := range v.q {
		if name != "after" {
			q[name] = s
		}
	}
	return q
}

// sentView is a list as the hidden field “filters” of a form describes it.
func sentView(c *fiber.Ctx, path string, names ...string) view {
	w := view{path: path, q: url.Values{}}
	given, err := url.ParseQuery(typed(c, "filters"))
	if err != nil {
		w.dropped = append(w.dropped, [2]string{"filters", filterText(typed(c, "filters"))})
	}
	for _, name := range names {
		w.take(name, given.Get(name))
	}
	return w
}

// riskLevelCell is the level of somebody's risk, which says where it is simulated.
func riskLevelCell(u models.User) views.Cell {
	c := levelCell(u.Risk.Level)
	if u.Risk.Simulated {
		c.Sub = "Simulated"
	}
	return c
}

// riskyUserJSON is a person as Graph's riskyUser.
func riskyUserJSON(u models.User) any {
	return map[string]any{"id": u.ID, "isDeleted": !u.DeletedAt.IsZero(), "isProcessing": false, "riskLevel": export.RiskLevel(u.Risk.Level), "riskState": export.RiskState(u.Risk.State), "riskDetail": export.RiskDetail(u.Risk.Detail, true),
		"riskLastUpdatedDateTime": stamp(u.Risk.At), "userDisplayName": userName(u), "userPrincipalName": signInName(u), "portico": map[string]any{"simulated": u.Risk.Simulated}}
}

func riskyUserExport() []column[models.User] {
	return []column[models.User]{
		{"id", func(u models.User) string { return u.ID }}, {"userDisplayName", userName}, {"userPrincipalName", signInName},
		{"riskLevel", func(u models.User) string { return export.RiskLevel(u.Risk.Level) }}, {"riskState", func(u models.User) string { return export.RiskState(u.Risk.State) }},
		{"riskDetail", func(u models.User) string { return export.RiskDetail(u.Risk.Detail, true) }}, {"riskLastUpdatedDateTime", func(u models.User) string { return stamp(u.Risk.At) }},
		{"isDeleted", func(u models.User) string { return choose(u.DeletedAt.IsZero(), "false", "true") }},
		{"simulated", func(u models.User) string { return choose(u.Risk.Simulated, "true", "false") }},
		{"accountEnabled", func(u models.User) string { return choose(u.Enabled, "true", "false") }},
	}
}
