package admin

import (
	"context"
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/risk"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// incident_list.go: the report of attacks, with the filters, columns and downloads that every report of risk has (R 6.6.5).

// incidentFilters are the parameters of the report's address.
func incidentFilters() []string {
	return []string{"condition", "wave", "range", "from", "to", "search", "level", "entered", "simulated"}
}

func (p *Portal) incidentQuery(w view) models.IncidentQuery {
	from, to := w.span(p.Now())
	return models.IncidentQuery{State: w.get("condition"), Kind: w.get("wave"), Level: w.get("level"), Search: w.get("search"), Since: from, Before: to,
		Entered: yesNo(w.get("entered")), Simulated: yesNo(w.get("simulated")), After: w.get("after")}
}

func incidentFields() []views.Field {
	span := spanFields()
	span[0].Label = "Under way"
	kinds := []views.Option{{Label: "Any kind"}}
	for _, k := range risk.WaveKinds() {
		kinds = append(kinds, views.Option{Value: k, Label: waveWord(k)})
	}
	return []views.Field{
		{Kind: views.Select, Name: "condition", Label: "State", Options: []views.Option{{Label: "Any state"}, {Value: risk.IncidentOpen, Label: "Open"}, {Value: risk.IncidentClosed, Label: "Closed"}}},
		{Kind: views.Select, Name: "wave", Label: "Kind", Options: kinds}, span[0],
		{Kind: views.Select, Name: "level", Label: "Level", Options: append([]views.Option{{Label: "Any level"}}, riskLevels(false)...)},
		{Kind: views.Select, Name: "entered", Label: "Did somebody get in?", Options: []views.Option{{Label: "Either"}, {Value: "yes", Label: "Into an account or more"}, {Value: "no", Label: "Into none"}}},
		{Name: "search", Label: "Name", Type: "search"}, span[1], span[2],
		{Kind: views.Select, Name: "simulated", Label: "Simulated ones", Options: []views.Option{{Label: "Among the others"}, {Value: "yes", Label: "Only them"}, {Value: "no", Label: "Leave them out"}}},
	}
}

// incidentColumns are the report's columns.
func (p *Portal) incidentColumns(v *visit, l countries) []listColumn[risk.Incident] {
	number := func(id, label string, extra bool, n func(risk.Incident) int) listColumn[risk.Incident] {
		return listColumn[risk.Incident]{id: id, label: label, num: true, extra: extra, cell: func(i risk.Incident) views.Cell { return views.Cell{Kind: views.Num, Text: thousands(n(i))} }}
	}
	names := func(i risk.Incident) views.Cell {
		if i.Kind == risk.SMSPumping { // no name is tried
			return views.Cell{Kind: views.Num, Text: "–"}
		}
		return views.Cell{Kind: views.Num, Text: thousands(i.Tried.Count() + i.Unknown.Count())}
	}
	ended := func(i risk.Incident) views.Cell {
		if i.ClosedAt == nil {
			return views.Cell{}
		}
		return when(*i.ClosedAt)
	}
	return []listColumn[risk.Incident]{
		{id: "name", label: "Incident", cell: func(i risk.Incident) views.Cell {
			return views.Cell{Kind: views.Name, Text: i.Name, Href: v.incidentBase(i.ID), Sub: choose(i.Simulated, "Simulated", "")}
		}},
		{id: "state", label: "State", cell: p.waveState},
		{id: "level", label: "Level", cell: func(i risk.Incident) views.Cell { return levelCell(i.Level) }},
		number("attempts", "Attempts", false, func(i risk.Incident) int { return i.Attempts }),
		{id: "names", label: "Names tried", num: true, cell: names},
		number("entered", "Entered", false, func(i risk.Incident) int { return i.EnteredThrough() }),
		{id: "response", label: "Response", cell: p.responseCell},
		{id: "last", label: "Last attempt", cell: func(i risk.Incident) views.Cell { return when(i.LastAt) }},
		{id: "began", label: "First attempt", extra: true, cell: func(i risk.Incident) views.Cell { return when(i.BeganAt) }},
		{id: "closed", label: "Closed", extra: true, cell: ended},
		{id: "kind", label: "Kind", extra: true, cell: func(i risk.Incident) views.Cell { return plain(waveWord(i.Kind)) }},
		number("failures", "Failed", true, func(i risk.Incident) int { return i.Failures }),
		number("accounts", "Accounts tried", true, func(i risk.Incident) int { return i.Tried.Count() }),
		number("unknown", "Names that nobody has", true, func(i risk.Incident) int { return i.Unknown.Count() }),
		number("right", "Right password shown", true, func(i risk.Incident) int { return len(i.Entries) }),
		{id: "countries", label: "Countries", extra: true, cell: func(i risk.Incident) views.Cell { return mostly(i.Countries, l.Country) }},
		{id: "networks", label: "Networks", extra: true, cell: func(i risk.Incident) views.Cell { return mostly(i.Networks, func(s string) string { return s }) }},
		{id: "id", label: "Incident ID", extra: true, cell: func(i risk.Incident) views.Cell { return code(i.ID) }},
	}
}

// countries names countries by their codes.
type countries interface{ Country(code string) string }

// mostly are the most frequent values of a count.
func mostly(counts map[string]int, word func(string) string) views.Cell {
	const shownFirst = 3
	var out []string
	for n, k := range risk.Ranked(counts) {
		if n == shownFirst {
			out = append(out, fmt.Sprintf("and %d more", len(counts)-n))
			break
		}
		switch k {
		case "":
			out = append(out, "Unknown")
		case risk.Other:
			out = append(out, "Others")
		default:
			out = append(out, word(k))
		}
	}
	return views.Cell{Kind: views.Lines, List: out}
}

func (p *Portal) incidentList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, incidentFilters()...)
	columns := p.incidentColumns(v, handlers.InfoOf(c).Locale)
	chosen := takeColumns(c, &w, columns)
	q := p.incidentQuery(w)
	if f := c.Query("format"); f == "csv" || f == "json" {
		return download(c, f, "incidents-"+v.dir.Tenant.Slug, incidentExport(), incidentJSON, func(ctx context.Context, after string) ([]risk.Incident, string, error) {
			q.After, q.Limit = after, 100 // each is a document of its own
			page, err := v.tenant.Incidents(ctx, q)
			return page.Items, page.Next, err
		})
	}
	page, err := v.tenant.Incidents(c.UserContext(), q)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Incidents", "Attempts that belong to one attack, told as one.", incidentHelp())
	if err != nil {
		return err
	}
	l := views.List{Notices: v.riskTrial(), Filter: w.filter(3, incidentFields()...), Table: tableOf("Incidents", chosen, page.Items, func(i risk.Incident) string { return i.ID }),
		Shown: shown(len(page.Items), "incident", "the latest first"), Choose: chooser(w, columns, chosen),
		Empty: p.riskEmpty(v, w, "No attack has been found", "Attempts that belong together appear here as one incident within seconds.")}
	w.finish(&l, page.Next)
	return p.list(c, s, l)
}

// incidentJSON is an incident with the names that the API has for its parts.
func incidentJSON(i risk.Incident) any {
	type entry struct {
		UserID   string `json:"userId"`
		Name     string `json:"userDisplayName"`
		SignInID string `json:"requestId"`
		At       string `json:"activityDateTime"`
		Through  bool   `json:"gotThrough"`
		Unwound  bool   `json:"unwound"`
		Told     bool   `json:"notified"`
	}
	type share struct {
		Name  string `json:"name"`
		Count int    `json:"count"`
	}
	entries := make([]entry, 0, len(i.Entries))
	for _, e := range i.Entries {
		entries = append(entries, entry{e.UserID, e.Name, e.SignInID, stamp(e.At), e.Through, e.Unwound, e.Told})
	}
	shares := func(counts map[string]int) []share {
		out := []share{}
		for _, k := range risk.Ranked(counts) {
			out = append(out, share{k, counts[k]})
		}
		return out
	}
	out := map[string]any{"id": i.ID, "kind": i.Kind, "displayName": i.Name, "status": i.State, "riskLevel": i.Level, "beganDateTime": stamp(i.BeganAt), "lastActivityDateTime": stamp(i.LastAt),
		"closedDateTime": nil, "lastUpdatedDateTime": stamp(i.UpdatedAt), "response": nil, "simulated": i.Simulated, "attempts": i.Attempts, "failures": i.Failures, "successes": i.Successes, "refused": i.Refused,
		"signUps": i.SignUps, "textMessages": i.Texts, "callingCode": nil, "accountsTried": i.Tried.Count(), "addressesNobodyHas": i.Unknown.Count(), "accountsEntered": len(i.Entries),
		"entries": entries, "userAgents": shares(i.Agents), "countries": shares(i.Countries), "networks": shares(i.Networks)}
	if i.ClosedAt != nil {
		out["closedDateTime"] = stamp(*i.ClosedAt)
	}
	if i.Response != "" {
		out["response"] = map[string]any{"action": i.Response, "untilDateTime": stampOf(i.Until)}
	}
	if i.Code != "" {
		out["callingCode"] = i.Code
	}
	return out
}

func incidentExport() []column[risk.Incident] {
	number := func(name string, n func(risk.Incident) int) column[risk.Incident] {
		return column[risk.Incident]{name, func(i risk.Incident) string { return fmt.Sprint(n(i)) }}
	}
	list := func(counts map[string]int) string { return strings.Join(risk.Ranked(counts), "; ") }
	return []column[risk.Incident]{
		{"id", func(i risk.Incident) string { return i.ID }}, {"kind", func(i risk.Incident) string { return i.Kind }}, {"displayName", func(i risk.Incident) string { return i.Name }},
		{"status", func(i risk.Incident) string { return i.State }}, {"riskLevel", func(i risk.Incident) string { return i.Level }},
		{"beganDateTime", func(i risk.Incident) string { return stamp(i.BeganAt) }}, {"lastActivityDateTime", func(i risk.Incident) string { return stamp(i.LastAt) }}, {"closedDateTime", func(i risk.Incident) string { return stampOf(i.ClosedAt) }},
		{"response", func(i risk.Incident) string { return i.Response }}, {"responseUntilDateTime", func(i risk.Incident) string { return stampOf(i.Until) }},
		number("attempts", func(i risk.Incident) int { return i.Attempts }), number("failures", func(i risk.Incident) int { return i.Failures }), number("refused", func(i risk.Incident) int { return i.Refused }),
		number("accountsTried", func(i risk.Incident) int { return i.Tried.Count() }), number("addressesNobodyHas", func(i risk.Incident) int { return i.Unknown.Count() }),
		number("accountsEntered", func(i risk.Incident) int { return len(i.Entries) }), number("accountsGotInto", func(i risk.Incident) int { return i.EnteredThrough() }),
		number("signUps", func(i risk.Incident) int { return i.SignUps }), number("textMessages", func(i risk.Incident) int { return i.Texts }),
		{"countries", func(i risk.Incident) string { return list(i.Countries) }}, {"networks", func(i risk.Incident) string { return list(i.Networks) }},
		{"simulated", func(i risk.Incident) string { return fmt.Sprint(i.Simulated) }},
	}
}
