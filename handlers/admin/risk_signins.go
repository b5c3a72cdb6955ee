package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/export"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/record"
	"portico/app/risk"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// riskySignIn is one line of the report: the sign-in as it was stored, and what became of its risk since.
type riskySignIn struct {
	models.SignInRow
	r record.SignIn
}

func riskySignIns(page models.Page[models.SignInRow]) ([]riskySignIn, error) {
	out := make([]riskySignIn, len(page.Items))
	for i, row := range page.Items {
		r, err := row.SignIn()
		if err != nil {
			return nil, err
		}
		out[i] = riskySignIn{row, r}
	}
	return out, nil
}

// types are the kinds of detections that were made of the sign-in.
func (x riskySignIn) types() []string {
	var out []string
	for _, t := range strings.Split(x.RiskTypes, ",") {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}

// riskySignInFilters are the parameters of the report's address.
func riskySignInFilters() []string {
	return []string{"search", "range", "from", "to", "risk", "aggregate", "realtime", "detection", "user", "app", "kind", "result", "ip", "country"}
}

func (p *Portal) riskySignInQuery(w view) models.SignInQuery {
	from, to := w.span(p.Now())
	return models.SignInQuery{Risky: true, Search: w.get("search"), From: from, To: to, UserID: w.get("user"), ClientID: w.get("app"), Kind: w.get("kind"), Result: w.get("result"),
		IP: w.get("ip"), Country: strings.ToUpper(w.get("country")), RiskStates: chosenStates(w), RiskAggregate: w.get("aggregate"), RiskLevel: w.get("realtime"), RiskType: w.get("detection"), After: w.get("after")}
}

// typeOptions are the kinds of detections, by their names.
func typeOptions() []views.Option {
	out := []views.Option{{Label: "Any detection"}}
	for _, k := range risk.Catalogue() {
		out = append(out, views.Option{Value: k.Type, Label: k.Name})
	}
	return out
}

func (v *visit) riskySignInFields() []views.Field {
	span := spanFields()
	apps := []views.Option{{Label: "Any application"}}
	for _, cl := range sortedClients(v.dir) {
		apps = append(apps, views.Option{Value: cl.ID, Label: cl.Name})
	}
	return []views.Field{
		{Kind: views.Select, Name: "risk", Label: "Risk state", Options: append([]views.Option{{Label: "Any state"}, {Value: openRisk, Label: "At risk or compromised"}}, riskStates()...)},
		{Kind: views.Select, Name: "aggregate", Label: "Level now", Options: append([]views.Option{{Label: "Any level"}}, riskLevels(true)...)},
		span[0], {Kind: views.Select, Name: "detection", Label: "Detection", Options: typeOptions()},
		{Kind: views.Select, Name: "realtime", Label: "Level while signing in", Options: append([]views.Option{{Label: "Any level"}}, riskLevels(true)...)},
		{Name: "search", Label: "Person", Type: "search"}, {Kind: views.Select, Name: "app", Label: "Application", Options: apps},
		{Kind: views.Select, Name: "kind", Label: "Sign-in type", Options: []views.Option{{Label: "Any type"}, {Value: "interactiveUser", Label: "Interactive"}, {Value: "nonInteractiveUser", Label: "Not interactive"}}},
		{Kind: views.Select, Name: "result", Label: "Result", Options: []views.Option{{Label: "Any result"}, {Value: "success", Label: "Success"}, {Value: "failure", Label: "Failure"}, {Value: "interrupted", Label: "Interrupted"}, {Value: "abandoned", Label: "Left unfinished"}}},
		{Name: "country", Label: "Country code", Code: true}, {Name: "ip", Label: "IP address", Code: true}, span[1], span[2], {Name: "user", Label: "User ID", Code: true},
	}
}

// riskySignInColumns are the report's columns (R 6.6.2).
func (v *visit) riskySignInColumns(l *i18n.Localizer) []listColumn[riskySignIn] {
	name := func(x riskySignIn) views.Cell {
		out := views.Cell{Kind: views.Name, Text: nameOr(x.r.User, x.r.Identifier)}
		if out.Text == "" {
			out.Text = "Unknown"
		}
		if x.r.SignUp {
			out.Sub = "Sign-up"
		}
		if x.r.User.ID != "" && v.may(access.UserRead) {
			out.Href = v.base() + "/users/" + x.r.User.ID + "/risk"
		}
		return out
	}
	return []listColumn[riskySignIn]{
		{id: "time", label: "Time", cell: func(x riskySignIn) views.Cell {
			return views.Cell{Kind: views.When, Time: x.CreatedAt, Href: v.riskySignInHref(x.ID)}
		}},
		{id: "person", label: "Person", cell: name},
		{id: "aggregate", label: "Level now", cell: func(x riskySignIn) views.Cell { return levelCell(x.RiskAggregate) }},
		{id: "realtime", label: "While signing in", cell: func(x riskySignIn) views.Cell { return levelCell(x.RiskLevel) }},
		{id: "state", label: "Risk state", cell: func(x riskySignIn) views.Cell { return riskStateBadge(x.RiskState) }},
		{id: "detections", label: "Detections", cell: func(x riskySignIn) views.Cell {
			return views.Cell{Kind: views.Lines, List: words(x.types(), func(t string) string { return riskTypeWord(l, t) })}
		}},
		{id: "place", label: "Place", cell: func(x riskySignIn) views.Cell {
			return plain(strings.Join(nonEmpty(x.r.Signals.City, x.r.Signals.Country), ", "))
		}},
		{id: "result", label: "Result", cell: func(x riskySignIn) views.Cell {
			return badge(resultTone(x.r.Outcome.Result), resultWord(string(x.r.Outcome.Result)))
		}},
		{id: "detail", label: "Why in this state", extra: true, cell: func(x riskySignIn) views.Cell { return plain(riskDetailWord(x.RiskDetail)) }},
		{id: "app", label: "Application", extra: true, cell: func(x riskySignIn) views.Cell { return views.Cell{Kind: views.Name, Text: nameOr(x.r.App, "")} }},
		{id: "ip", label: "Address", extra: true, cell: func(x riskySignIn) views.Cell { return code(x.IP) }},
		{id: "network", label: "Network", extra: true, cell: func(x riskySignIn) views.Cell { return plain(networkWord(uint(x.r.Signals.ASN), x.r.Signals.Network)) }},
		{id: "browser", label: "Browser", extra: true, cell: func(x riskySignIn) views.Cell {
			return plain(strings.Join(nonEmpty(x.r.Signals.Browser, x.r.Signals.OS), " on "))
		}},
		{id: "device", label: "Device", extra: true, cell: func(x riskySignIn) views.Cell { return plain(x.r.Signals.DeviceType) }},
		{id: "policies", label: "Conditional Access", extra: true, cell: func(x riskySignIn) views.Cell { return views.Cell{Kind: views.Lines, List: appliedPolicies(x.r)} }},
		{id: "mfa", label: "Second factor", extra: true, cell: func(x riskySignIn) views.Cell { return plain(secondWord(x.r)) }},
		{id: "kind", label: "Sign-in type", extra: true, cell: func(x riskySignIn) views.Cell { return plain(kindWord(string(x.r.Kind))) }},
		{id: "source", label: "Source", extra: true, cell: func(riskySignIn) views.Cell { return plain(riskSource) }},
		{id: "correlation", label: "Correlation ID", extra: true, cell: func(x riskySignIn) views.Cell { return code(x.CorrelationID) }},
		{id: "id", label: "Sign-in ID", extra: true, cell: func(x riskySignIn) views.Cell { return code(x.ID) }},
	}
}

// riskSource names who made a detection.
const riskSource = "Portico Identity Protection"

// riskySignInHref is the sign-in's page for who may read the log.
func (v *visit) riskySignInHref(id string) string {
	if id == "" || !v.may(access.AuditRead) {
		return ""
	}
	return v.base() + "/sign-ins/" + id
}

// appliedPolicies are the policies that applied to a sign-in, with what they said.
func appliedPolicies(r record.SignIn) []string {
	var out []string
	for _, p := range r.Policies {
		if said := policyResult(p.Result); p.Result != "notApplied" && p.Result != "notEnabled" && p.Result != "reportOnlyNotApplied" {
			out = append(out, p.Name+": "+said.Text)
		}
	}
	return out
}

// secondWord says whether a second factor was shown, and which.
func secondWord(r record.SignIn) string {
	var shown []string
	for _, x := range r.Proofs {
		switch x.Method {
		case "totp", "sms", "email", "passkey", "recovery", "rememberedDevice":
			if x.OK {
				shown = append(shown, methodWord(x.Method))
			}
		}
	}
	switch {
	case slices.Contains(r.AMR, "mfa") && len(shown) > 0:
		return "Shown: " + strings.Join(unique(shown), ", ")
	case slices.Contains(r.AMR, "mfa"):
		return "Shown"
	case slices.Contains(r.Demands, "mfa"):
		return "Asked for, not shown"
	}
	return "Not asked for"
}

// riskySignInList is the report of sign-ins in which something was found.
func (p *Portal) riskySignInList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, riskySignInFilters()...)
	l := handlers.InfoOf(c).Locale
	columns := v.riskySignInColumns(l)
	chosen := takeColumns(c, &w, columns)
	q := p.riskySignInQuery(w)
	if f := c.Query("format"); f == "csv" || f == "json" {
		return download(c, f, "risky-sign-ins-"+v.dir.Tenant.Slug, riskySignInExport(), func(x riskySignIn) any { return riskySignInJSON(x) }, func(ctx context.Context, after string) ([]riskySignIn, string, error) {
			q.After, q.Limit = after, 500
			page, err := v.tenant.SignInRows(ctx, q)
			if err != nil {
				return nil, "", err
			}
			rows, err := riskySignIns(page)
			return rows, page.Next, err
		})
	}
	page, err := v.tenant.SignInRows(c.UserContext(), q)
	if err != nil {
		return err
	}
	rows, err := riskySignIns(page)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Risky sign-ins", "Sign-ins in which something speaks for somebody else.", riskHelp())
	if err != nil {
		return err
	}
	list := views.List{Notices: v.riskTrial(), Filter: w.filter(3, v.riskySignInFields()...), Table: tableOf("Risky sign-ins", chosen, rows, func(x riskySignIn) string { return seenText(models.SeenOfSignIn(x.SignInRow)) }),
		Shown: shown(len(rows), "sign-in", "newest first"), Choose: chooser(w, columns, chosen),
		Empty: p.riskEmpty(v, w, "No risky sign-ins", "Nothing in the log speaks for somebody else.")}
	if v.may(access.RiskEventWrite) && v.dir.Tenant.Governed() {
		list.Table.Select = "signIn"
		list.Bulk = &views.Bulk{Action: v.base() + "/risky-sign-ins/check", Ticked: "Check the ticked ones", All: choose(w.narrowed(), "Check all that match", "Check all in the report"),
			Fields: []views.Field{signInActionField(), {Kind: views.Hidden, Name: "filters", Value: w.query().Encode()}}}
	}
	w.finish(&list, page.Next)
	return p.list(c, s, list)
}

// What can be done about risky sign-ins (R 6.7.1–3).
const (
	signInCompromised = "confirmCompromised"
	signInSafe        = "confirmSafe"
	signInDismiss     = "dismiss"
)

// signInAction is one of them in words.
type signInAction struct {
	label, title, done string
	state              string // in which nothing is left to do
	consequences       []string
	undo               bool
}

func signInActions(action string) (signInAction, bool) {
	switch action {
	case signInCompromised:
		return signInAction{label: "Confirm compromised", title: "Confirm that these sign-ins were somebody else", done: "confirmed compromised", state: "confirmedCompromised", consequences: []string{
			"The level of each sign-in is high from now on, and so is the level of the person. What the level was while they signed in stays as it was.",
			"Policies about user risk apply at the person’s next sign-in and whenever an app renews its tokens: where one asks for a new password, they choose it after a second factor.",
			"Sessions go on until then. End them on the person’s page if whoever signed in must be out at once.",
			"You can undo this as long as nothing else has happened to the risk."}}, true
	case signInSafe:
		return signInAction{label: "Confirm safe", title: "Confirm that these sign-ins were the person’s own", done: "confirmed safe", state: "confirmedSafe", consequences: []string{
			"The level of each sign-in is none from now on, and what it added to the level of the person is taken back. Other detections of the person stay.",
			"What was unusual about these sign-ins counts as usual for the person: similar ones are not found again.",
			"You can undo this as long as nothing else has happened to the risk."}}, true
	case signInDismiss:
		return signInAction{label: "Dismiss", title: "Dismiss the risk of these sign-ins", done: "dismissed", state: "dismissed", consequences: []string{
			"What was found is true and harmless: the risk of each sign-in is closed, and what it added to the level of the person is taken back.",
			"Nothing is learned from it. Similar sign-ins are found again.",
			"You can undo this as long as nothing else has happened to the risk."}}, true
	}
	return signInAction{}, false
}

func signInActionField() views.Field {
	f := views.Field{Kind: views.Select, Name: "action", Label: "Change several", Options: []views.Option{{Label: "Choose what to do"}}}
	for _, a := range []string{signInCompromised, signInSafe, signInDismiss} {
		words, _ := signInActions(a)
		f.Options = append(f.Options, views.Option{Value: a, Label: words.label})
	}
	return f
}

// mostSignIns is how many sign-ins one change may be about.
const mostSignIns = 500

// sentSignIns are the sign-ins that a form names, each with how its risk stood when the form was made, where the form
// says so.
func sentSignIns(c *fiber.Ctx) (ids []string, seen map[string]models.SeenRisk) {
	seen = map[string]models.SeenRisk{}
	for _, text := range all(c, "signIn") {
		id, _, told := strings.Cut(text, "~")
		if ids = append(ids, id); told {
			seen[id] = seenOf(text)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(ids))), seen
}

// meantSignIns are the sign-ins that a form names, or that its filters find. why says what is wrong with the choice.
func (p *Portal) meantSignIns(c *fiber.Ctx, w view) (rows []riskySignIn, why string, err error) {
	v := visitOf(c)
	if typed(c, "reach") != "all" {
		ids, _ := sentSignIns(c)
		if len(ids) > mostSignIns {
			return nil, fmt.Sprintf("No more than %d sign-ins at once.", mostSignIns), nil
		}
		for _, id := range ids {
			row, err := v.tenant.SignInRow(c.UserContext(), id)
			if fault.Is(err, fault.NotFound) {
				continue // the log forgets; what is left is said on the page
			}
			if err != nil {
				return nil, "", err
			}
			r, err := row.SignIn()
			if err != nil {
				return nil, "", err
			}
			rows = append(rows, riskySignIn{row, r})
		}
		if len(rows) == 0 {
			why = "Tick the sign-ins that you mean, or check all that match."
		}
		return rows, why, nil
	}
	if len(w.dropped) > 0 {
		return nil, "Nothing was begun, because it is not clear which are meant: “" + w.dropped[0][1] + "” cannot be read.", nil
	}
	q := p.riskySignInQuery(w)
	q.Limit = mostSignIns + 1
	for {
		page, err := v.tenant.SignInRows(c.UserContext(), q)
		if err != nil {
			return nil, "", err
		}
		more, err := riskySignIns(page)
		if err != nil {
			return nil, "", err
		}
		rows = append(rows, more...)
		if len(rows) > mostSignIns {
			return nil, fmt.Sprintf("More than %d sign-ins match. Narrow the report first.", mostSignIns), nil
		}
		if q.After = page.Next; q.After == "" {
			return rows, "", nil
		}
	}
}

// riskySignInCheck shows what a change would do to which sign-ins, before it does.
func (p *Portal) riskySignInCheck(c *fiber.Ctx) error {
	v := visitOf(c)
	w := sentView(c, v.base()+"/risky-sign-ins", riskySignInFilters()...)
	back := w.href("", "")
	if one := typed(c, "back"); one == "page" { // from the sign-in's own page
		if ids, _ := sentSignIns(c); len(ids) == 1 && v.may(access.AuditRead) {
			back = v.base() + "/sign-ins/" + ids[0]
		}
	}
	action := typed(c, "action")
	a, ok := signInActions(action)
	if !ok {
		return p.doneWith(c, back, models.PortalFlash{Kind: "warn", Text: "Choose what to do with these sign-ins."})
	}
	rows, why, err := p.meantSignIns(c, w)
	if err != nil {
		return err
	}
	if why != "" {
		return p.doneWith(c, back, models.PortalFlash{Kind: "warn", Text: why})
	}
	_, seen := sentSignIns(c)
	change, skipped, meanwhile := []riskySignIn{}, []riskySignIn{}, []riskySignIn{}
	for _, x := range rows {
		now := models.SeenOfSignIn(x.SignInRow)
		if was, told := seen[x.ID]; told && typed(c, "reach") != "all" && was != now {
			meanwhile = append(meanwhile, x)
		} else if x.RiskState == a.state || x.RiskState == "" && action != signInCompromised {
			skipped = append(skipped, x)
		} else {
			change = append(change, x)
		}
	}
	s, err := p.shell(c, a.title, "", riskHelp(), views.Link{Label: "Risky sign-ins", Href: v.base() + "/risky-sign-ins"})
	if err != nil {
		return err
	}
	l := handlers.InfoOf(c).Locale
	m := views.Confirm{Consequences: a.consequences, Form: views.Form{Action: v.base() + "/risky-sign-ins/act", Cancel: back, Danger: action == signInCompromised,
		Submit: a.label + ": " + numberWords(len(change), "sign-ins"), Fields: []views.Field{{Kind: views.Hidden, Name: "action", Value: action}, {Kind: views.Hidden, Name: "back", Value: back}}}}
	if len(change) == 0 && len(meanwhile) > 0 {
		return p.doneWith(c, back, models.PortalFlash{Kind: "warn", Text: "Nothing was begun: the risk of " + choose(len(meanwhile) == 1, "this sign-in", "these sign-ins") + " has changed since you looked. Look again, then decide."})
	}
	if len(change) == 0 {
		return p.doneWith(c, back, models.PortalFlash{Kind: "info", Text: "Nothing would change: " + choose(len(rows) == 1, "the sign-in is", "they are all") + " " + a.done + " already, or nothing was found in them."})
	}
	for _, x := range change {
		m.Form.Fields = append(m.Form.Fields, views.Field{Kind: views.Hidden, Name: "was", Value: seenText(models.SeenOfSignIn(x.SignInRow))})
	}
	people := map[string]bool{}
	for _, x := range change {
		people[x.UserID] = true
	}
	m.Sections = append(m.Sections, views.Section{ID: "count", Title: "What would happen", Summary: []views.Fact{fact("Would change", plain(numberWords(len(change), "sign-ins"))),
		fact("Of", plain(choose(len(people) == 1, "1 person", fmt.Sprintf("%d people", len(people))))), fact("Would stay as they are", plain(numberWords(len(skipped)+len(meanwhile), "sign-ins")))}})
	const firstOnes = 20
	columns := columnsOf(v.riskySignInColumns(l), "time", "person", "aggregate", "realtime", "state", "detections", "place")
	m.Sections = append(m.Sections, views.Section{ID: "first", Title: choose(len(change) > firstOnes, fmt.Sprintf("The first %d of those that change", firstOnes), "Those that change"), Table: tablePtr(tableOf("Those that change", columns, change[:min(firstOnes, len(change))], func(x riskySignIn) string { return x.ID }))})
	if len(meanwhile) > 0 {
		m.Sections = append(m.Sections, views.Section{ID: "meanwhile", Title: choose(len(meanwhile) > firstOnes, fmt.Sprintf("The first %d whose risk has changed since you looked", firstOnes), "The risk has changed since you looked"),
			Lead:  "Nothing is done about these, because your choice was about something else. Look at them again.",
			Table: tablePtr(tableOf("Changed since you looked", columns, meanwhile[:min(firstOnes, len(meanwhile))], func(x riskySignIn) string { return x.ID }))})
	}
	return p.confirm(c, s, m)
}

func tablePtr(t views.Table) *views.Table { return &t }

// perCall is how many sign-ins or people one call of the store takes, all of them or none.
const perCall = 60

// riskySignInAct does what was looked at.
func (p *Portal) riskySignInAct(c *fiber.Ctx) error {
	v := visitOf(c)
	action := typed(c, "action")
	a, ok := signInActions(action)
	was := all(c, "was")
	back := v.ownHref(typed(c, "back"), v.base()+"/risky-sign-ins")
	if !ok || len(was) == 0 || len(was) > mostSignIns {
		return p.doneWith(c, back, models.PortalFlash{Kind: "warn", Text: "Choose what to do, and with which sign-ins."})
	}
	act := map[string]func(*models.Tenant, context.Context, audit.Actor, []string) error{signInCompromised: (*models.Tenant).ConfirmSignInCompromised,
		signInSafe: (*models.Tenant).ConfirmSignInSafe, signInDismiss: (*models.Tenant).DismissSignInRisk}[action]
	var ids, left []string
	say := func(seen []models.SeenRisk) error {
		some := make([]string, len(seen))
		for i, x := range seen {
			some[i] = x.ID
		}
		err := v.tenant.WhileSignInsStand(c.UserContext(), seen, func(t *models.Tenant) error { return act(t, c.UserContext(), v.actor(c), some) })
		if err == nil {
			ids = append(ids, some...)
		}
		return err
	}
	for chunk := range slices.Chunk(was, perCall) {
		seen := make([]models.SeenRisk, len(chunk))
		for i, text := range chunk {
			seen[i] = seenOf(text)
		}
		err := say(seen)
		if len(was) == 1 && err != nil {
			return p.saidConflict(c, back, err)
		}
		if err == nil {
			continue
		}
		if !leftBehind(err) {
			return err
		}
		for _, x := range seen { // one of them is not what it was: the others still are
			switch err := say([]models.SeenRisk{x}); {
			case err == nil:
			case leftBehind(err):
				left = append(left, x.ID)
			default:
				return err
			}
		}
	}
	done, note := len(ids), ""
	if len(left) > 0 {
		names, err := p.signInNames(c, left)
		if err != nil {
			return err
		}
		note = "Left as they are, because their risk has changed since you looked: " + names + "."
		if done == 0 {
			return p.doneWith(c, back, models.PortalFlash{Kind: "warn", Text: "Nothing was changed.", Note: note})
		}
	}
	text := choose(done == 1, "The sign-in is", fmt.Sprintf("%d sign-ins are", done)) + " " + a.done + "."
	undo, err := v.tenant.UndoableRisk(c.UserContext(), ids)
	if err != nil {
		return err
	}
	flash := models.PortalFlash{Kind: choose(note == "", "ok", "warn"), Text: text, Note: note}
	if len(undo) < len(slices.Compact(slices.Sorted(slices.Values(ids)))) {
		return p.doneWith(c, back, flash)
	}
	flash.Undo = &models.PortalUndo{Post: v.base() + "/risky-sign-ins/undo", Fields: map[string]string{"ids": undoText(ids, undo), "said": undo[ids[0]].Action, "back": back}}
	return p.doneWith(c, back, flash)
}

// leftBehind reports whether an error says that one sign-in is not what it was, or no longer in the log.
func leftBehind(err error) bool {
	return fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid)
}

// signInNames name a few sign-ins: whose, and when.
func (p *Portal) signInNames(c *fiber.Ctx, ids []string) (string, error) {
	const most = 10
	var out []string
	for _, id := range ids[:min(len(ids), most)] {
		row, err := visitOf(c).tenant.SignInRow(c.UserContext(), id)
		switch {
		case fault.Is(err, fault.NotFound):
			out = append(out, "one that is no longer in the log")
		case err != nil:
			return "", err
		default:
			out = append(out, fmt.Sprintf("%s, %s UTC", choose(row.UserName == "", "unknown", row.UserName), row.CreatedAt.UTC().Format("2 January 15:04")))
		}
	}
	if more := len(ids) - most; more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(out, "; "), nil
}

// undoText names what was said of several sign-ins, each with when: somebody may say something else before it is taken
// back.
func undoText(ids []string, undo map[string]models.RiskUndo) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id + "~" + timeText(undo[id].At)
	}
	return strings.Join(out, ",")
}

// riskySignInUndo takes back what an admin confirmed, where nothing has happened since.
func (p *Portal) riskySignInUndo(c *fiber.Ctx) error {
	v := visitOf(c)
	back := v.ownHref(typed(c, "back"), v.base()+"/risky-sign-ins")
	ids := strings.Split(typed(c, "ids"), ",")
	if len(ids) > mostSignIns {
		ids = ids[:mostSignIns]
	}
	said := make([]models.RiskUndo, len(ids))
	for i, text := range ids {
		id, at, _ := strings.Cut(text, "~")
		said[i] = models.RiskUndo{Subject: id, Action: typed(c, "said"), At: textTime(at)}
		if _, err := v.tenant.SignInRow(c.UserContext(), id); err != nil { // what was said of people takes another right
			return p.saidConflict(c, back, err)
		}
	}
	for chunk := range slices.Chunk(said, perCall) {
		if err := v.tenant.UndoRisk(c.UserContext(), v.actor(c), chunk); err != nil {
			return p.saidConflict(c, back, err)
		}
	}
	return p.done(c, back, choose(len(ids) == 1, "The sign-in is", "The sign-ins are")+" as before.")
}

// ownHref is an address of this tenant's pages that came with a form, or another when it is none.
func (v *visit) ownHref(href, other string) string {
	if strings.HasPrefix(href, v.base()+"/") && !strings.ContainsAny(href, "\\\n\r") {
		return href
	}
	return other
}

// riskySignInJSON is the sign-in as the API and exports show it.
func riskySignInJSON(x riskySignIn) any {
	out, err := export.SignInOf(x.ID, x.CreatedAt.UTC(), x.r, export.SignInRisk{Aggregate: x.RiskAggregate, State: x.RiskState, Detail: x.RiskDetail, Types: x.types()}, x.IP, "")
	if err != nil {
		return nil
	}
	return json.RawMessage(out.Body)
}

func riskySignInExport() []column[riskySignIn] {
	return []column[riskySignIn]{
		{"id", func(x riskySignIn) string { return x.ID }}, {"createdDateTime", func(x riskySignIn) string { return stamp(x.CreatedAt) }},
		{"userId", func(x riskySignIn) string { return x.UserID }}, {"userDisplayName", func(x riskySignIn) string { return x.UserName }}, {"identifier", func(x riskySignIn) string { return x.r.Identifier }},
		{"appId", func(x riskySignIn) string { return x.ClientID }}, {"appDisplayName", func(x riskySignIn) string { return x.ClientName }},
		{"riskLevelDuringSignIn", func(x riskySignIn) string { return export.RiskLevel(x.RiskLevel) }}, {"riskLevelAggregated", func(x riskySignIn) string { return export.RiskLevel(x.RiskAggregate) }},
		{"riskState", func(x riskySignIn) string { return export.RiskState(x.RiskState) }}, {"riskDetail", func(x riskySignIn) string { return export.RiskDetail(x.RiskDetail, true) }},
		{"riskEventTypes", func(x riskySignIn) string { return strings.Join(x.types(), " ") }}, {"result", func(x riskySignIn) string { return x.Result }}, {"errorCode", func(x riskySignIn) string { return fmt.Sprint(x.Code) }},
		{"signInEventType", func(x riskySignIn) string { return x.SignInRow.Kind }}, {"ipAddress", func(x riskySignIn) string { return x.IP }}, {"country", func(x riskySignIn) string { return x.Country }}, {"city", func(x riskySignIn) string { return x.r.Signals.City }},
		{"network", func(x riskySignIn) string { return x.r.Signals.Network }}, {"browser", func(x riskySignIn) string { return x.Browser }}, {"operatingSystem", func(x riskySignIn) string { return x.OS }},
		{"conditionalAccess", func(x riskySignIn) string { return strings.Join(appliedPolicies(x.r), "; ") }}, {"secondFactor", func(x riskySignIn) string { return secondWord(x.r) }}, {"correlationId", func(x riskySignIn) string { return x.CorrelationID }},
	}
}
