package admin

import (
	"fmt"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/record"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// around is how far from a detection others count as made at the same time.
const around = time.Hour

// detectionPage explains one detection: what was found, what is usual for the person, how much each thing counted,
// what became of it.
func (p *Portal) detectionPage(c *fiber.Ctx) error {
	v := visitOf(c)
	l := handlers.InfoOf(c).Locale
	d, err := v.tenant.Detection(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	s, err := p.shell(c, riskTypeWord(l, d.Type), "", riskHelp(), views.Link{Label: "Risk detections", Href: v.base() + "/risk-detections"})
	if err != nil {
		return err
	}
	page := views.Detail{Notices: v.riskTrial(), Badges: []views.Cell{levelCell(d.Level), riskStateBadge(d.State)}}
	if d.Simulated {
		page.Badges = append(page.Badges, badge("info", "Simulated"))
		page.Notices = append(page.Notices, views.Notice{Tone: "info", Title: "This detection is simulated", Text: "Somebody produced it to try things out. It counts towards the level of its person until it is removed, and nothing happened in truth."})
	}
	page.Sections = append(page.Sections, v.foundSection(l, d))
	if d.SignInID != "" {
		more, err := p.signInSections(c, d)
		if err != nil {
			return err
		}
		page.Sections = append(page.Sections, more...)
	}
	if cmp := comparisonOf(record.SignIn{}, d.Evidence); d.SignInID == "" && len(cmp.list) > 0 {
		page.Sections = append(page.Sections, usualSection(handlers.InfoOf(c).Locale, cmp))
	}
	where := detectionWhere(d)
	if len(where.Summary) > 0 {
		page.Sections = append(page.Sections, where)
	}
	after, err := v.afterSection(c, d)
	if err != nil {
		return err
	}
	others, err := v.otherDetections(c, d)
	if err != nil {
		return err
	}
	page.Sections = append(page.Sections, after, others, views.Section{ID: "ids", Title: "References", Summary: facts(
		fact("Detection ID", code(d.ID)), fact("Kind (riskEventType)", code(d.Type)), fact("Sign-in ID", code(d.SignInID)), fact("Correlation ID", code(d.CorrelationID)), fact("User ID", code(d.UserID)), fact("Incident ID", code(d.IncidentID)))})
	return p.detail(c, s, page)
}

// foundSection says what was found, in sentences and in facts.
func (v *visit) foundSection(l *i18n.Localizer, d models.Detection) views.Section {
	s := views.Section{ID: "found", Title: "What was found", Says: foundWords(l, d), Summary: facts(
		fact("Person", v.detectionPerson(d)), fact("Level", levelCell(d.Level)), fact("Made", plain(timingWord(d.Timing))), fact("Source", plain(detectionSource(d))),
		fact("Attack type (MITRE ATT&CK)", plain(techniqueOf(d.Type))), fact("Happened", when(d.ActivityAt)), fact("Detected", when(d.DetectedAt)), fact("Last updated", when(d.UpdatedAt)),
		fact("Application", views.Cell{Kind: views.Name, Text: d.ClientName}))}
	if d.SignInID == "" {
		s.Summary = append(s.Summary, fact("Sign-in", plain("Not linked to one: it is about the account itself")))
	} else if href := v.riskySignInHref(d.SignInID); href != "" {
		s.Summary = append(s.Summary, fact("Sign-in", views.Cell{Text: "Open the sign-in", Href: href}))
	}
	if d.IncidentID != "" && v.may(access.RiskEventRead) {
		s.Summary = append(s.Summary, fact("Incident", views.Cell{Text: "Part of an attack: open the incident", Href: v.base() + "/incidents/" + d.IncidentID}))
	}
	return s
}

// signInSections tell of the sign-in that a detection is linked to: what was usual, and what can be done about it.
func (p *Portal) signInSections(c *fiber.Ctx, d models.Detection) ([]views.Section, error) {
	v := visitOf(c)
	row, err := v.tenant.SignInRow(c.UserContext(), d.SignInID)
	if cmp := comparisonOf(record.SignIn{}, d.Evidence); fault.Is(err, fault.NotFound) && len(cmp.list) > 0 {
		return []views.Section{usualSection(handlers.InfoOf(c).Locale, cmp)}, nil
	}
	if fault.Is(err, fault.NotFound) {
		return []views.Section{{ID: "usual", Title: "What is usual for this person, and what differed", Lead: "The sign-in is no longer in the log, and with it what it was compared with. The detection itself is kept longer."}}, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := row.SignIn()
	if err != nil {
		return nil, err
	}
	cmp := comparisonOf(r, d.Evidence)
	if d.Evidence["features"] == nil { // what the level would be is said of another detection of the same sign-in
		cmp.otherwise = nil
	}
	out := []views.Section{usualSection(handlers.InfoOf(c).Locale, cmp)}
	if act := v.signInActs(riskySignIn{row, r}); len(act.Buttons) > 0 {
		out = append(out, act)
	}
	return out, nil
}

// signInActs are what can be done about the risk of one sign-in.
func (v *visit) signInActs(x riskySignIn) views.Section {
	s := views.Section{ID: "act", Title: "What do you know of this sign-in?", Lead: "Each leads to a page that says what it does. Your answer changes the levels of the sign-in and the person."}
	if !v.may(access.RiskEventWrite) || !v.dir.Tenant.Governed() {
		return s
	}
	for _, action := range []string{signInCompromised, signInSafe, signInDismiss} {
		a, _ := signInActions(action)
		if x.RiskState == a.state || x.RiskState == "" && action != signInCompromised {
			continue
		}
		s.Buttons = append(s.Buttons, views.Action{Label: a.label, About: "this sign-in", Post: v.base() + "/risky-sign-ins/check", Fields: map[string]string{"action": action, "signIn": seenText(models.SeenOfSignIn(x.SignInRow)), "reach": "ticked", "back": "page"}})
	}
	return s
}

// detectionWhere is where the request came from, as the detection keeps it.
func detectionWhere(d models.Detection) views.Section {
	place := strings.Join(nonEmpty(d.City, d.Region, d.Country), ", ")
	if d.IP != "" && place == "" {
		place = "Unknown"
	}
	at := ""
	if d.Latitude != 0 || d.Longitude != 0 {
		at = fmt.Sprintf("%.2f, %.2f", d.Latitude, d.Longitude)
	}
	return views.Section{ID: "where", Title: "Where from", Summary: facts(fact("IP address", code(d.IP)), fact("Place", plain(place)), fact("Coordinates", code(at)), fact("Network", plain(d.Network)),
		fact("Browser", plain(d.Browser)), fact("System", plain(d.OS)), fact("User agent", code(d.UserAgent)))}
}

// afterSection says what became of a detection, and by whom.
func (v *visit) afterSection(c *fiber.Ctx, d models.Detection) (views.Section, error) {
	s := views.Section{ID: "after", Title: "What became of it", Summary: facts(fact("State", riskStateBadge(d.State)), fact("Because", plain(riskDetailWord(d.Detail))), fact("Since", when(d.UpdatedAt)))}
	if d.Open() {
		s.Lead = "It is open, and counts towards the level of the person."
	}
	if d.UserID == "" {
		return s, nil
	}
	page, err := v.tenant.RiskHistoryOf(c.UserContext(), d.UserID, "", 50)
	if err != nil {
		return s, err
	}
	for _, e := range page.Items {
		if !e.At.Before(d.DetectedAt) {
			s.Lines = append(s.Lines, v.riskEventLine(e))
		}
	}
	if len(s.Lines) > 0 {
		s.Summary = append(s.Summary, fact("The person’s risk since then", plain("Newest first")))
	}
	return s, nil
}

// riskEventLine is one entry of the history of a person's risk, with who did it.
func (v *visit) riskEventLine(e models.RiskEvent) views.Line {
	var types []string
	for _, t := range e.Types {
		types = append(types, riskTypeWord(nil, t))
	}
	who := "Found by Identity Protection"
	switch {
	case e.ActorName != "":
		who = "By " + e.ActorName
	case e.ActorID != "":
		who = "By " + e.ActorID
	}
	if e.Simulated {
		who = "Simulated. " + who
	}
	state := riskStateBadge(e.State)
	level := choose(e.Level == "" || e.Level == models.RiskNone, "no risk", e.Level+" risk")
	return views.Line{Time: e.At, Mark: state.Text, Tone: state.Tone, Text: strings.ToUpper(level[:1]) + level[1:], Cell: views.Cell{Text: joinedWith(". ", riskDetailWord(e.Detail), strings.Join(types, ", ")), Sub: who}}
}

// joinedWith joins what is not empty.
func joinedWith(between string, parts ...string) string {
	return strings.Join(nonEmpty(parts...), between)
}

// otherDetections are what was found about the same person at the same time.
func (v *visit) otherDetections(c *fiber.Ctx, d models.Detection) (views.Section, error) {
	s := views.Section{ID: "others", Title: "Other detections at the same time", Empty: "Nothing else was found about this person within an hour before or after."}
	if d.UserID == "" {
		s.Empty = "It is about nobody in particular."
		return s, nil
	}
	page, err := v.tenant.Detections(c.UserContext(), models.DetectionQuery{UserID: d.UserID, From: d.DetectedAt.Add(-around), To: d.DetectedAt.Add(around), Limit: 20})
	if err != nil {
		return s, err
	}
	var rest []models.Detection
	for _, x := range page.Items {
		if x.ID != d.ID {
			rest = append(rest, x)
		}
	}
	l := handlers.InfoOf(c).Locale
	all := v.detectionColumns(l)
	s.Table = tablePtr(tableOf("Other detections at the same time", columnsOf(all, "type", "level", "state", "detected", "why"), rest, func(x models.Detection) string { return x.ID }))
	if v.may(access.RiskEventRead) {
		s.Action = &views.Link{Label: "All of this person", Href: v.base() + "/risk-detections?user=" + d.UserID}
	}
	return s, nil
}

// riskSections of a sign-in's page: what was found then, what is left of it now, what counted.
func (p *Portal) signInRisk(c *fiber.Ctx, r record.SignIn) ([]views.Section, error) {
	v := visitOf(c)
	l := handlers.InfoOf(c).Locale
	row, err := v.tenant.SignInRow(c.UserContext(), r.ID)
	if err != nil {
		return nil, err
	}
	x := riskySignIn{row, r}
	s := riskSection(l, r)
	s.ID = "risk"
	if row.RiskState != "" {
		s.Summary = append(s.Summary, facts(fact("Level now", levelCell(row.RiskAggregate)), fact("State", riskStateBadge(row.RiskState)), fact("Because", plain(riskDetailWord(row.RiskDetail))))...)
	}
	if v.may(access.RiskEventRead) {
		found, err := v.tenant.DetectionsOfSignIns(c.UserContext(), []string{r.ID})
		if err != nil {
			return nil, err
		}
		if list := found[r.ID]; len(list) > 0 {
			all := v.detectionColumns(l)
			s.Lead = ""
			s.Table = tablePtr(tableOf("Detections", columnsOf(all, "type", "level", "state", "why", "timing"), list, func(x models.Detection) string { return x.ID }))
		}
	}
	act := v.signInActs(x)
	s.Buttons = act.Buttons
	out := []views.Section{s}
	if cmp := comparisonOf(r, nil); len(cmp.list) > 0 {
		out = append(out, usualSection(handlers.InfoOf(c).Locale, cmp))
	}
	return out, nil
}
