package admin

import (
	"context"
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/export"
	"portico/app/i18n"
	"portico/app/risk"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// detectionFilters are the parameters of the report's address.
func detectionFilters() []string {
	return []string{"search", "range", "from", "to", "risk", "level", "detection", "timing", "about", "detail", "user", "app", "ip", "country", "incident", "simulated"}
}

// detectionQuery reads a view into a query. A search for a person is a search for their detections: the people are
// found first.
func (p *Portal) detectionQuery(ctx context.Context, v *visit, w view) (models.DetectionQuery, error) {
	from, to := w.span(p.Now())
	q := models.DetectionQuery{From: from, To: to, UserID: w.get("user"), Types: one(w.get("detection")), Levels: one(w.get("level")), States: chosenStates(w), Details: one(w.get("detail")),
		Timing: w.get("timing"), Activity: w.get("about"), IP: w.get("ip"), Country: strings.ToUpper(w.get("country")), ClientID: w.get("app"), IncidentID: w.get("incident"), Simulated: yesNo(w.get("simulated")), After: w.get("after")}
	if !w.has("search") {
		return q, nil
	}
	people, err := v.tenant.RiskyUsers(ctx, models.RiskQuery{Search: w.get("search"), Limit: searchedPeople})
	if err != nil {
		return q, err
	}
	q.UserIDs = []string{nobody}
	for _, u := range people.Items {
		q.UserIDs = append(q.UserIDs, u.ID)
	}
	return q, nil
}

const (
	searchedPeople = 50
	nobody         = "-" // no person's id: a search that finds nobody must not mean everybody
)

// one is a filter of one value, as a list.
func one(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

func (v *visit) detectionFields() []views.Field {
	span := spanFields()
	span[0].Label = "Detected"
	apps := []views.Option{{Label: "Any application"}}
	for _, cl := range sortedClients(v.dir) {
		apps = append(apps, views.Option{Value: cl.ID, Label: cl.Name})
	}
	details := []views.Option{{Label: "Any reason"}}
	for _, d := range riskDetails() {
		details = append(details, views.Option{Value: d, Label: riskDetailWord(d)})
	}
	return []views.Field{
		{Kind: views.Select, Name: "detection", Label: "Detection", Options: typeOptions()},
		{Kind: views.Select, Name: "risk", Label: "Risk state", Options: append([]views.Option{{Label: "Any state"}, {Value: openRisk, Label: "At risk or compromised"}}, riskStates()...)},
		span[0], {Kind: views.Select, Name: "level", Label: "Level", Options: append([]views.Option{{Label: "Any level"}}, riskLevels(false)...)},
		{Name: "search", Label: "Person", Type: "search"},
		{Kind: views.Select, Name: "timing", Label: "Made", Options: []views.Option{{Label: "At any time"}, {Value: risk.RealTime, Label: timingWord(risk.RealTime)}, {Value: risk.Offline, Label: timingWord(risk.Offline)}}},
		{Kind: views.Select, Name: "about", Label: "About", Options: []views.Option{{Label: "Sign-ins and accounts"}, {Value: risk.OfSignIn, Label: "A sign-in"}, {Value: risk.OfUser, Label: "The account itself"}}},
		{Kind: views.Select, Name: "detail", Label: "Why in this state", Options: details},
		{Kind: views.Select, Name: "app", Label: "Application", Options: apps},
		{Name: "country", Label: "Country code", Code: true}, {Name: "ip", Label: "IP address", Code: true}, span[1], span[2],
		{Kind: views.Select, Name: "simulated", Label: "Simulated ones", Options: []views.Option{{Label: "Among the others"}, {Value: "yes", Label: "Only them"}, {Value: "no", Label: "Leave them out"}}},
		{Name: "user", Label: "User ID", Code: true}, {Name: "incident", Label: "Incident ID", Code: true},
	}
}

// detectionName is what kind of detection it is, marked when somebody only pretended.
func detectionName(l *i18n.Localizer, d models.Detection) views.Cell {
	out := views.Cell{Text: riskTypeWord(l, d.Type)}
	var sub []string
	if d.Simulated {
		sub = append(sub, "Simulated")
	}
	if d.Count > 1 {
		sub = append(sub, choose(d.Count == 2, "Twice", thousands(int(d.Count))+" times"))
	}
	out.Sub = strings.Join(sub, " · ")
	return out
}

// detectionPerson is whom a detection is about.
func (v *visit) detectionPerson(d models.Detection) views.Cell {
	out := views.Cell{Kind: views.Name, Text: d.UserName}
	for _, s := range []string{d.Address, d.UserID, "Unknown"} {
		if out.Text == "" {
			out.Text = s
		}
	}
	if d.UserID != "" && v.may(access.UserRead) {
		out.Href = v.base() + "/users/" + d.UserID + "/risk"
	}
	return out
}

// detectionColumns are the report's columns (R 6.6.3).
func (v *visit) detectionColumns(l *i18n.Localizer) []listColumn[models.Detection] {
	return []listColumn[models.Detection]{
		{id: "type", label: "Detection", cell: func(d models.Detection) views.Cell {
			out := detectionName(l, d)
			out.Href = v.base() + "/risk-detections/" + d.ID
			return out
		}},
		{id: "person", label: "Person", cell: v.detectionPerson},
		{id: "level", label: "Level", cell: func(d models.Detection) views.Cell { return levelCell(d.Level) }},
		{id: "state", label: "Risk state", cell: func(d models.Detection) views.Cell { return riskStateBadge(d.State) }},
		{id: "detected", label: "Detected", cell: func(d models.Detection) views.Cell { return when(d.DetectedAt) }},
		{id: "place", label: "Place", cell: func(d models.Detection) views.Cell { return plain(strings.Join(nonEmpty(d.City, d.Country), ", ")) }},
		{id: "why", label: "What was found", extra: true, cell: func(d models.Detection) views.Cell { return plain(findingWord(l, d.Type, d.Key, d.Evidence)) }},
		{id: "detail", label: "Why in this state", extra: true, cell: func(d models.Detection) views.Cell { return plain(riskDetailWord(d.Detail)) }},
		{id: "attack", label: "Attack type", extra: true, cell: func(d models.Detection) views.Cell { return plain(techniqueOf(d.Type)) }},
		{id: "timing", label: "Made", extra: true, cell: func(d models.Detection) views.Cell { return plain(timingWord(d.Timing)) }},
		{id: "source", label: "Source", extra: true, cell: func(d models.Detection) views.Cell { return plain(detectionSource(d)) }},
		{id: "happened", label: "Happened", extra: true, cell: func(d models.Detection) views.Cell { return when(d.ActivityAt) }},
		{id: "updated", label: "Last updated", extra: true, cell: func(d models.Detection) views.Cell { return when(d.UpdatedAt) }},
		{id: "app", label: "Application", extra: true, cell: func(d models.Detection) views.Cell { return views.Cell{Kind: views.Name, Text: d.ClientName} }},
		{id: "ip", label: "Address", extra: true, cell: func(d models.Detection) views.Cell { return code(d.IP) }},
		{id: "network", label: "Network", extra: true, cell: func(d models.Detection) views.Cell { return plain(d.Network) }},
		{id: "browser", label: "Browser", extra: true, cell: func(d models.Detection) views.Cell { return plain(strings.Join(nonEmpty(d.Browser, d.OS), " on ")) }},
		{id: "signIn", label: "Sign-in", extra: true, cell: func(d models.Detection) views.Cell {
			return views.Cell{Text: choose(d.SignInID == "", "Not linked", "Open"), Href: v.riskySignInHref(d.SignInID)}
		}},
		{id: "id", label: "Detection ID", extra: true, cell: func(d models.Detection) views.Cell { return code(d.ID) }},
	}
}

// detectionSource is who made a detection.
func detectionSource(d models.Detection) string {
	switch d.Type {
	case risk.UserReported:
		return "The person"
	case risk.AdminConfirmed:
		return "An administrator"
	}
	return riskSource
}

// countedDetections is how far a report counts.
const countedDetections = 1_000

// detectionList is the report of everything that was found.
func (p *Portal) detectionList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, detectionFilters()...)
	l := handlers.InfoOf(c).Locale
	columns := v.detectionColumns(l)
	chosen := takeColumns(c, &w, columns)
	q, err := p.detectionQuery(c.UserContext(), v, w)
	if err != nil {
		return err
	}
	if f := c.Query("format"); f == "csv" || f == "json" {
		return download(c, f, "risk-detections-"+v.dir.Tenant.Slug, detectionExport(l), func(d models.Detection) any { return detectionJSON(l, v.tenant.ID, d) }, func(ctx context.Context, after string) ([]models.Detection, string, error) {
			q.After, q.Limit = after, 500
			page, err := v.tenant.Detections(ctx, q)
			return page.Items, page.Next, err
		})
	}
	page, err := v.tenant.Detections(c.UserContext(), q)
	if err != nil {
		return err
	}
	total, err := v.tenant.CountDetections(c.UserContext(), q, countedDetections)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Risk detections", "Everything that was found, with the reasons.", riskHelp())
	if err != nil {
		return err
	}
	list := views.List{Notices: v.riskTrial(), Filter: w.filter(3, v.detectionFields()...), Table: tableOf("Risk detections", chosen, page.Items, func(d models.Detection) string { return d.ID }),
		Shown: shownOf(len(page.Items), total, countedDetections, "detection"), Choose: chooser(w, columns, chosen),
		Empty: p.riskEmpty(v, w, "Nothing was found", "No sign-in and no account gave reason for a detection.")}
	w.finish(&list, page.Next)
	return p.list(c, s, list)
}

// shownOf says how much of a list is shown, in words.
func shownOf(here, total, bound int, what string) string {
	all := thousands(total)
	if total >= bound {
		all = "more than " + thousands(bound-1)
	}
	if here >= total {
		return numberWords(total, what+"s") + ", newest first"
	}
	return fmt.Sprintf("%d of %s %ss, newest first", here, all, what)
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return thousands(n/1000) + fmt.Sprintf(",%03d", n%1000)
}

// detectionJSON is a detection as the API and exports show it.
func detectionJSON(l *i18n.Localizer, tenantID string, d models.Detection) any {
	out, err := d.Document(tenantID, func(key string, args map[string]any) string { return findingWord(l, d.Type, key, args) })
	if err != nil {
		return nil
	}
	return out
}

func detectionExport(l *i18n.Localizer) []column[models.Detection] {
	return []column[models.Detection]{
		{"id", func(d models.Detection) string { return d.ID }}, {"riskEventType", func(d models.Detection) string { return d.Type }},
		{"riskLevel", func(d models.Detection) string { return d.Level }}, {"riskState", func(d models.Detection) string { return d.State }}, {"riskDetail", func(d models.Detection) string { return export.RiskDetail(d.Detail, true) }},
		{"detectionTimingType", func(d models.Detection) string { return export.Timing(d.Timing) }}, {"activity", func(d models.Detection) string { return d.Activity }},
		{"activityDateTime", func(d models.Detection) string { return stamp(d.ActivityAt) }}, {"detectedDateTime", func(d models.Detection) string { return stamp(d.DetectedAt) }}, {"lastUpdatedDateTime", func(d models.Detection) string { return stamp(d.UpdatedAt) }},
		{"userId", func(d models.Detection) string { return d.UserID }}, {"userDisplayName", func(d models.Detection) string { return d.UserName }}, {"userPrincipalName", func(d models.Detection) string { return d.Address }},
		{"requestId", func(d models.Detection) string { return d.SignInID }}, {"correlationId", func(d models.Detection) string { return d.CorrelationID }},
		{"ipAddress", func(d models.Detection) string { return d.IP }}, {"country", func(d models.Detection) string { return d.Country }}, {"city", func(d models.Detection) string { return d.City }}, {"network", func(d models.Detection) string { return d.Network }},
		{"userAgent", func(d models.Detection) string { return d.UserAgent }}, {"mitreTechnique", func(d models.Detection) string { return techniqueID(d.Type) }},
		{"incidentId", func(d models.Detection) string { return d.IncidentID }}, {"simulated", func(d models.Detection) string { return fmt.Sprint(d.Simulated) }}, {"count", func(d models.Detection) string { return fmt.Sprint(d.Count) }},
		{"explanation", func(d models.Detection) string { return findingWord(l, d.Type, d.Key, d.Evidence) }},
	}
}
