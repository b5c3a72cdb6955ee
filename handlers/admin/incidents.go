package admin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/i18n"
	"portico/app/risk"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
	"portico/views/ui"
)

// incidentRoutes are attacks as one thing each: what happened, and what is done about it.
func (p *Portal) incidentRoutes() []handlers.Route {
	const list, one = "/admin/t/:tenant/incidents", "/admin/t/:tenant/incidents/:id"
	const read, write = access.RiskEventRead, access.RiskEventWrite
	return []handlers.Route{
		{Method: get, Path: list, Handler: p.incidentList, Permission: read, NavGroup: navRisk, NavLabel: "Incidents"},
		{Method: get, Path: one, Handler: p.incidentPage, Permission: read},
		{Method: get, Path: one + "/respond", Handler: p.guarded(p.incidentRespondForm), Permission: write},
		{Method: post, Path: one + "/respond", Handler: p.guarded(p.incidentRespond), Permission: write},
		{Method: post, Path: one + "/withdraw", Handler: p.guarded(p.incidentWithdraw), Permission: write},
		{Method: get, Path: one + "/notify", Handler: p.guarded(p.incidentNotifyForm), Permission: write},
		{Method: post, Path: one + "/notify", Handler: p.guarded(p.incidentNotify), Permission: write},
		{Method: get, Path: one + "/unwind", Handler: p.guarded(p.incidentUnwindForm), Permission: access.RiskyUserWrite},
		{Method: post, Path: one + "/unwind", Handler: p.guarded(p.incidentUnwind), Permission: access.RiskyUserWrite},
		{Method: get, Path: one + "/close", Handler: p.guarded(p.incidentCloseForm), Permission: write},
		{Method: post, Path: one + "/close", Handler: p.guarded(p.incidentClose), Permission: write},
		{Method: post, Path: one + "/reopen", Handler: p.guarded(p.incidentReopen), Permission: write},
	}
}

func incidentHelp() views.Help {
	return views.Help{What: "An incident is one attack: many attempts that belong together by their addresses, networks and tools. Attempts that fail change nobody’s risk. Where the right password was shown, the person’s risk is high.",
		Do: "Look whether somebody got in. Challenge or block what still comes, tell the people, and unwind what was entered. An incident without anything new for two hours ends by itself."}
}

func (v *visit) incidentsBase() string { return v.base() + "/incidents" }

func (v *visit) incidentBase(id string) string { return v.incidentsBase() + "/" + id }

func (v *visit) incidentCrumbs(more ...views.Link) []views.Link {
	return append([]views.Link{{Label: "Incidents", Href: v.incidentsBase()}}, more...)
}

// waveWord is a kind of attack in words.
func waveWord(kind string) string {
	switch kind {
	case risk.PasswordSpray:
		return "Password spray"
	case risk.CredentialStuffing:
		return "Credential stuffing"
	case risk.SignUpBurst:
		return "Burst of sign-ups"
	case risk.SMSPumping:
		return "SMS pumping"
	}
	return humane(kind)
}

// waveStates are the badges of an incident.
func (p *Portal) waveState(i risk.Incident) views.Cell {
	switch {
	case i.State == risk.IncidentClosed:
		return badge("neutral", "Closed")
	case p.Now().Sub(i.LastAt) < 10*time.Minute:
		return badge("danger", "Under way")
	}
	return badge("warn", "Open")
}

// responseCell says what is decided about what comes from it.
func (p *Portal) responseCell(i risk.Incident) views.Cell {
	switch until := i.Until; {
	case i.Response == "" || until != nil && !p.Now().Before(*until):
		return views.Cell{Text: "None", Tone: "soft"}
	case i.Response == risk.Block:
		return badge("danger", "Blocked")
	}
	return badge("warn", "Challenged")
}

// incidentStory tells an incident in sentences.
func incidentStory(i risk.Incident, sources int) string {
	span := "On " + i.BeganAt.UTC().Format("2 January 2006") + " from " + i.BeganAt.UTC().Format("15:04")
	if i.LastAt.UTC().Format(time.DateOnly) == i.BeganAt.UTC().Format(time.DateOnly) {
		span += " to " + i.LastAt.UTC().Format("15:04") + " UTC, "
	} else {
		span += " UTC to " + i.LastAt.UTC().Format("2 January 15:04") + " UTC, "
	}
	from := numberWords(sources, "addresses")
	if sources == 1 {
		from = "one address"
	}
	if networks := risk.Ranked(i.Networks); len(networks) > 0 && networks[0] != "" {
		if from += " of " + networks[0]; len(networks) > 1 {
			from += " and " + numberWords(len(networks)-1, "other networks")
		}
	}
	var b strings.Builder
	switch i.Kind {
	case risk.SMSPumping:
		fmt.Fprintf(&b, "%s text messages were asked for to numbers of +%s on %s, of which %s were not sent. On a usual day there are %s. Numbers that earn money for whoever owns them are a common reason.",
			thousands(i.Attempts), strings.TrimPrefix(i.Code, "+"), i.BeganAt.UTC().Format("2 January 2006"), thousands(i.Refused), usualNumber(i.Usual))
		return b.String()
	case risk.SignUpBurst:
		fmt.Fprintf(&b, "%s%s made %s. In a usual hour there are %s.", span, from, numberWords(i.SignUps, "accounts"), usualNumber(i.Usual))
	case risk.CredentialStuffing:
		fmt.Fprintf(&b, "%s%s tried about %s names, of which about %s have no account here: a list that was stolen elsewhere. %s of %s attempts failed.", span, from,
			thousands(i.Tried.Count()+i.Unknown.Count()), thousands(i.Unknown.Count()), thousands(i.Failures), thousands(i.Attempts))
	default:
		fmt.Fprintf(&b, "%s%s tried about %s with a few passwords each. %s of %s attempts failed.", span, from, numberWords(i.Tried.Count(), "accounts"), thousands(i.Failures), thousands(i.Attempts))
	}
	through, known := i.EnteredThrough(), len(i.Entries)
	switch {
	case known == 0 && i.Successes > 0:
		fmt.Fprintf(&b, " %s from there succeeded, most likely %s: each with a second factor, from an address or with a device that the person used before, or from next door to the attack.",
			numberWords(i.Successes, "sign-ins"), choose(i.Successes == 1, "its owner’s", "their owners’"))
	case known == 0:
		b.WriteString(choose(i.State == risk.IncidentOpen, " So far nobody", " Nobody") + " has finished a sign-in with a right password.")
	case through == 0:
		fmt.Fprintf(&b, " The right password was shown for %s, and something stopped each of them.", numberWords(known, "accounts"))
	case through == known:
		fmt.Fprintf(&b, " Somebody got into %s.", numberWords(through, "accounts"))
	default:
		fmt.Fprintf(&b, " The right password was shown for %s; somebody got into %d of them.", numberWords(known, "accounts"), through)
	}
	return strings.NewReplacer("about 1 account ", "one account ", "into 1 account.", "into one account.", "for 1 account", "for one account").Replace(b.String())
}

// usualNumber is a small average as people say it.
func usualNumber(n float64) string {
	switch {
	case n < .5:
		return "hardly any"
	case n < 10:
		return fmt.Sprintf("about %.0f", max(n, 1))
	}
	return "about " + thousands(int(n+.5))
}

// incidentShown is how many rows of each list the page has.
const incidentShown = 50

func (p *Portal) incidentPage(c *fiber.Ctx) error {
	v := visitOf(c)
	ctx := c.UserContext()
	i, err := v.tenant.Incident(ctx, c.Params("id"))
	if err != nil {
		return err
	}
	sources, err := v.tenant.IncidentSources(ctx, i.ID, incidentShown)
	if err != nil {
		return err
	}
	all, err := v.tenant.CountIncidentSources(ctx, i.ID)
	if err != nil {
		return err
	}
	l := handlers.InfoOf(c).Locale
	s, err := p.shell(c, i.Name, "", incidentHelp(), v.incidentCrumbs()...)
	if err != nil {
		return err
	}
	d := views.Detail{Badges: []views.Cell{p.waveState(i), levelCell(i.Level)}, Notices: v.riskTrial()}
	if i.Simulated {
		d.Badges = append(d.Badges, badge("info", "Simulated"))
		d.Notices = append(d.Notices, views.Notice{Tone: "info", Title: "This attack is simulated", Text: "Somebody produced it to try things out: nothing happened. Challenging or blocking it stops nobody. Telling people and unwinding are for its test person alone, and really happen to them. It goes when what is simulated for that person is removed."})
	}
	story := views.Section{ID: "story", Title: waveWord(i.Kind), Lead: incidentStory(i, max(all, 1)), Summary: p.incidentFacts(v, i)}
	if i.Kind != risk.SMSPumping && len(i.Beats) > 0 {
		story.Chart = incidentChart(i)
	}
	d.Sections = append(d.Sections, story)
	if do := p.incidentActions(v, i); len(do.Buttons) > 0 || do.Lead != "" {
		d.Sections = append(d.Sections, do)
	}
	if i.Kind != risk.SMSPumping {
		d.Sections = append(d.Sections, v.enteredSection(i))
		if len(i.Passed) > 0 {
			d.Sections = append(d.Sections, v.passedSection(i))
		}
		from := views.Section{ID: "sources", Title: choose(all > len(sources), fmt.Sprintf("Addresses: the busiest %d of %s", len(sources), thousands(all)), "Addresses"), Empty: "None was seen in the sign-in log yet.",
			Table: &views.Table{Caption: "Addresses", Columns: []views.Column{{Label: "Address"}, {Label: "Attempts", Num: true}, {Label: "Last seen"}}}}
		for _, r := range sources {
			cell := code(r.Source)
			if v.may(access.AuditRead) && !strings.Contains(r.Source, "/") {
				cell.Href = v.base() + "/sign-ins?ip=" + r.Source
			}
			from.Table.Rows = append(from.Table.Rows, views.Row{Cells: []views.Cell{cell, {Kind: views.Num, Text: thousands(int(r.Attempts))}, when(r.LastAt)}})
		}
		d.Sections = append(d.Sections, from, sharesSection(l, i))
		if v.may(access.RiskEventRead) {
			d.Sections[len(d.Sections)-1].Action = &views.Link{Label: "Risk detections of this incident", Href: v.base() + "/risk-detections?incident=" + i.ID}
		}
	}
	d.Sections = append(d.Sections, incidentActs(i))
	return p.detail(c, s, d)
}

// incidentFacts are the figures of an incident.
func (p *Portal) incidentFacts(v *visit, i risk.Incident) []views.Fact {
	out := []views.Fact{fact("Began", when(i.BeganAt)), fact("Last seen", when(i.LastAt))}
	if i.ClosedAt != nil {
		out = append(out, fact("Closed", when(*i.ClosedAt)))
	}
	if i.Kind == risk.SMSPumping {
		return append(out, fact("Asked for today", plain(thousands(i.Attempts))), fact("Of these not sent", plain(thousands(i.Refused))), fact("Usual in a day", plain(usualNumber(i.Usual))))
	}
	out = append(out, fact("Attempts", plain(thousands(i.Attempts))), fact("Failed", plain(thousands(i.Failures))), fact("Accounts tried", plain("About "+thousands(i.Tried.Count()))),
		fact("Names that nobody has", plain(choose(i.Unknown.Count() == 0, "None", "About "+thousands(i.Unknown.Count())))), fact("Right password shown, so far", views.Cell{Text: thousands(len(i.Entries)), Sub: choose(i.State == risk.IncidentOpen, "A sign-in that is left unfinished counts when it expires, after an hour at most", "")}), fact("Entered", plain(thousands(i.EnteredThrough()))))
	if i.SignUps > 0 {
		out = append(out, fact("Accounts made", plain(thousands(i.SignUps))))
	}
	r := p.responseCell(i)
	if r.Kind == views.Badge && i.Until != nil {
		r.Sub = "until " + i.Until.UTC().Format("2 January 2006, 15:04") + " UTC"
	}
	return append(out, fact("Response", r))
}

// incidentChart draws attempts over time.
func incidentChart(i risk.Incident) *ui.Chart {
	layout := "15:04"
	if i.Step >= 24*3600 || i.LastAt.Sub(i.BeganAt) > 36*time.Hour {
		layout = "2 Jan 15:04"
	}
	most := slices.MaxFunc(i.Beats, func(a, b risk.Beat) int { return a.Attempts - b.Attempts })
	step := time.Duration(i.Step) * time.Second
	per := map[bool]string{true: fmt.Sprintf("%d minutes", int(step.Minutes())), false: fmt.Sprintf("%d hours", int(step.Hours()))}[step < time.Hour]
	switch step {
	case time.Minute:
		per = "minute"
	case time.Hour:
		per = "hour"
	case 24 * time.Hour:
		per = "day"
	}
	g := &ui.Chart{ID: "beats", Finding: "At most " + thousands(most.Attempts) + " attempts in " + choose(strings.ContainsAny(per[:1], "0123456789"), per, "a "+per) + ", at " + most.At.UTC().Format("15:04") + " UTC on " + most.At.UTC().Format("2 January") + ".",
		Unit: "attempts", Lines: true, Series: []ui.Series{{Name: "Attempts"}, {Name: "Right password shown"}}}
	g.Finding = strings.Replace(g.Finding, "in a hour", "in an hour", 1)
	at := 0
	for t := i.Beats[0].At; !t.After(i.Beats[len(i.Beats)-1].At); t = t.Add(step) { // steps without anything count too
		var b risk.Beat
		if at < len(i.Beats) && !i.Beats[at].At.After(t) {
			b = i.Beats[at]
			at++
		}
		g.Labels = append(g.Labels, t.UTC().Format(layout))
		for n, value := range []int{b.Attempts, b.Entered} {
			g.Series[n].Values = append(g.Series[n].Values, float64(value))
		}
	}
	if len(g.Labels) == 1 {
		g.Lines = false
	}
	return g
}

// incidentActions are what can be done, each with what it means.
func (p *Portal) incidentActions(v *visit, i risk.Incident) views.Section {
	s := views.Section{ID: "act", Title: "What to do"}
	if !v.writesRisk() {
		return s
	}
	at := v.incidentBase(i.ID)
	if i.Kind == risk.SMSPumping {
		s.Lead = "Bar the country if you have no customers there, or set a lower limit for each day: nobody there gets a text message then."
		if v.may(access.MethodPolicyRead) {
			s.Buttons = append(s.Buttons, views.Action{Label: "Open authentication methods", Href: v.base() + "/authentication-methods"})
		}
	} else {
		responded := p.responseCell(i).Kind == views.Badge
		if responded {
			s.Buttons = append(s.Buttons, views.Action{Label: "Take the response back", Post: at + "/withdraw", Fields: map[string]string{"was": i.Response}})
		}
		if !responded || i.Response != risk.Challenge {
			s.Buttons = append(s.Buttons, views.Action{Label: "Challenge", Href: at + "/respond?response=challenge", About: "sign-ins of this attack"})
		}
		if !responded || i.Response != risk.Block {
			s.Buttons = append(s.Buttons, views.Action{Label: "Block", Href: at + "/respond?response=block", Danger: true, About: "sign-ins of this attack"})
		}
		if len(i.Entries) > 0 {
			s.Buttons = append(s.Buttons, views.Action{Label: "Tell the people entered", Href: at + "/notify?who=entered"})
		}
		if i.Kind != risk.SignUpBurst && i.Tried.Count() > 0 {
			s.Buttons = append(s.Buttons, views.Action{Label: "Tell everybody tried", Href: at + "/notify?who=tried"})
		}
		if n := len(models.UnwindPeople(i)); n > 0 && v.may(access.RiskyUserWrite) && v.may(access.RevokeWrite) {
			s.Buttons = append(s.Buttons, views.Action{Label: "Unwind", Href: at + "/unwind", Danger: true, About: numberWords(n, "accounts")})
			s.Lead = numberWords(n, "accounts") + " still " + choose(n == 1, "has", "have") + " a password that the attacker knows."
		}
	}
	if i.State == risk.IncidentOpen {
		s.Buttons = append(s.Buttons, views.Action{Label: "Close", Href: at + "/close", About: i.Name})
	} else {
		s.Buttons = append(s.Buttons, views.Action{Label: "Reopen", Post: at + "/reopen", About: i.Name})
	}
	return s
}

// enteredSection lists the accounts whose password the attack knew.
func (v *visit) enteredSection(i risk.Incident) views.Section {
	s := views.Section{ID: "entered", Title: choose(len(i.Entries) > incidentShown, fmt.Sprintf("Right password shown: the first %d of %d", incidentShown, len(i.Entries)), "Right password shown"), Empty: choose(i.State == risk.IncidentOpen, "So far no sign-in with a right password is held to be the attack’s. One that is left unfinished is counted when it expires, after an hour at most.", "No sign-in with a right password is held to be the attack’s."),
		Table: &views.Table{Caption: "Accounts whose password the attack knew", Columns: []views.Column{{Label: "Person"}, {Label: "When"}, {Label: "How far"}, {Label: "Since then"}}}}
	for n, e := range i.Entries {
		if n == incidentShown {
			break
		}
		name := views.Cell{Kind: views.Name, Text: choose(e.Name == "", e.UserID, e.Name)}
		if v.may(access.UserRead) {
			name.Href = v.base() + "/users/" + e.UserID + "/risk"
		}
		at := when(e.At)
		if v.may(access.AuditRead) {
			at.Href = v.base() + "/sign-ins/" + e.SignInID
		}
		far := badge("warn", "Stopped after the password")
		if e.Through {
			far = badge("danger", "Signed in")
		}
		var since []string
		if e.Unwound {
			since = append(since, "Unwound")
		}
		if e.Told {
			since = append(since, "Told by mail")
		}
		s.Table.Rows = append(s.Table.Rows, views.Row{Cells: []views.Cell{name, at, far, {Kind: views.Lines, List: since}}})
	}
	return s
}

// passedSection lists who got in from where the attack comes from and is most likely the owner, so that somebody who knows
// better can look.
func (v *visit) passedSection(i risk.Incident) views.Section {
	s := views.Section{ID: "passed", Title: choose(len(i.Passed) > incidentShown, fmt.Sprintf("Signed in from there, most likely the owners: the first %d of %d", incidentShown, len(i.Passed)), "Signed in from there, most likely the owners"),
		Lead:  "With a second factor, from an address or with a device that they used before, or from next door to the attack. Their risk stays as it is, and unwinding leaves them alone: where one of them is no owner, confirm the person compromised.",
		Table: &views.Table{Caption: "People who signed in from where the attack comes from", Columns: []views.Column{{Label: "Person"}, {Label: "When"}}}}
	for _, e := range i.Passed[:min(len(i.Passed), incidentShown)] {
		name, at := views.Cell{Kind: views.Name, Text: choose(e.Name == "", e.UserID, e.Name)}, when(e.At)
		if v.may(access.UserRead) {
			name.Href = v.base() + "/users/" + e.UserID + "/risk"
		}
		if v.may(access.AuditRead) {
			at.Href = v.base() + "/sign-ins/" + e.SignInID
		}
		s.Table.Rows = append(s.Table.Rows, views.Row{Cells: []views.Cell{name, at}})
	}
	return s
}

// sharesSection says with what and from where.
func sharesSection(l *i18n.Localizer, i risk.Incident) views.Section {
	names := l.Countries()
	list := func(m map[string]int, word func(string) string) views.Cell {
		var out []string
		for n, k := range risk.Ranked(m) {
			if n == 8 {
				out = append(out, fmt.Sprintf("and %d more", len(m)-n))
				break
			}
			out = append(out, word(k)+": "+thousands(m[k]))
		}
		return views.Cell{Kind: views.Lines, List: out}
	}
	known := func(s string) string { return choose(s == "", "Unknown", choose(s == risk.Other, "Others", s)) }
	var keys []string
	for _, k := range i.Keys {
		if !risk.IsAddress(k) {
			keys = append(keys, risk.KeyWords(k))
		}
	}
	s := views.Section{ID: "with", Title: "What the attempts have in common", Summary: facts(
		fact("Browsers and tools", list(i.Agents, known)), fact("Countries", list(i.Countries, func(code string) string { return known(choose(names[code] == "", code, names[code])) })), fact("Networks", list(i.Networks, known)))}
	if len(keys) > 0 {
		s.Summary = append(s.Summary, fact("Also belongs to it", views.Cell{Kind: views.Lines, List: keys[:min(len(keys), 20)], Sub: ""}))
	}
	return s
}

// incidentActs is the history of an incident.
func incidentActs(i risk.Incident) views.Section {
	s := views.Section{ID: "history", Title: "History", Empty: "Nothing yet."}
	for _, a := range slices.Backward(i.Acts) {
		s.Lines = append(s.Lines, views.Line{Time: a.At, Text: actWord(a), Cell: views.Cell{Kind: views.Name, Text: a.Actor}})
	}
	return s
}

func actWord(a risk.Act) string {
	until := ""
	if at, err := time.Parse(time.RFC3339, a.Note); err == nil {
		until = " until " + at.UTC().Format("2 January 2006, 15:04") + " UTC"
	}
	switch a.What {
	case "opened":
		return "Noticed"
	case "simulated":
		return "Simulated"
	case "ended":
		return "Closed by itself: nothing new for two hours"
	case risk.Challenge:
		return "Challenged" + until
	case risk.Block:
		return "Blocked" + until
	case "withdraw":
		return "Response taken back (" + choose(a.Note == risk.Block, "blocked", "challenged") + ")"
	case "notify":
		return "Told " + numberWords(a.Count, "people") + choose(a.Note == models.WaveEntered, " whose password was known", " who were tried")
	case "unwind":
		return "Unwound " + numberWords(a.Count, "accounts")
	case "close":
		return strings.TrimSuffix("Closed: "+a.Note, ": ")
	case "reopen":
		return "Reopened"
	}
	return humane(a.What)
}
