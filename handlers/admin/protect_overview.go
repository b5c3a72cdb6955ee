package admin

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/policy"
	"portico/app/risk"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// RiskSource is something that detections need and the operator provides: a file with places, lists, known passwords.
type RiskSource struct {
	Name    string
	Setting string // that names it
	There   bool
	Problem string // why it cannot be read
	Without string // what cannot be told without it
}

// Templates that the overview recommends (R 6.9.2).
const (
	templateRiskySignIns = "6b619f55-792e-45dc-9711-d83ec9d7ae90"
	templateRiskyPeople  = "634b6de7-c38d-4357-a2c7-3842706eedd7"
)

// riskGrowsOld is how long somebody may be at high risk before the overview says so.
const riskGrowsOld = 7 * 24 * time.Hour

func protectHelp() views.Help {
	return views.Help{What: "How Identity Protection is doing: how many sign-ins were risky and why, what became of them, and who is at risk now. Days are counted in UTC; the numbers are at most a few seconds old.",
		Do: "Work through “What to do”: each line follows from what is really there, and goes away when it is done."}
}

// protectOverview is the page of R 6.6.9.
func (p *Portal) protectOverview(c *fiber.Ctx) error {
	v := visitOf(c)
	span := 30
	if c.Query("days") == "90" {
		span = 90
	}
	to := today(p.Now())
	from := to.AddDate(0, 0, 1-span)
	m := views.Protect{Tab: tabOverview, Span: fmt.Sprintf("%d days", span)}
	for _, d := range []int{30, 90} {
		m.Spans = append(m.Spans, views.Link{Label: fmt.Sprintf("%d days", d), Href: v.protectBase() + fmt.Sprintf("?days=%d", d)})
	}
	title, lead := "Identity Protection", "Signs that somebody else is behind a sign-in, and what became of them."
	if !v.dir.Tenant.Governed() {
		m.Spans = nil
		return p.protect(c, title, lead, protectHelp(), m, nil)
	}
	days, err := v.tenant.RiskDays(c.UserContext(), from.AddDate(0, 0, -span), to)
	if err != nil {
		return err
	}
	first := from.Format(time.DateOnly)
	split := slices.IndexFunc(days, func(d models.RiskDay) bool { return d.Day >= first })
	if split < 0 {
		split = len(days)
	}
	before, now := addUp(days[:split], from.AddDate(0, 0, -span), from.AddDate(0, 0, -1)), addUp(days[split:], from, to)
	people, err := v.tenant.PeopleAtRisk(c.UserContext())
	if err != nil {
		return err
	}
	open, err := v.tenant.OpenIncidents(c.UserContext(), 100)
	if err != nil {
		return err
	}
	endings, err := v.tenant.RiskEndings(c.UserContext(), from)
	if err != nil {
		return err
	}
	english := handlers.InfoOf(c).Locale
	m.Figures = v.protectFigures(now, before, people, open, span)
	if m.Advice, err = p.protectAdvice(c, people, open, days); err != nil {
		return err
	}
	m.Content = "Nothing to recommend. " + p.checkedAt("")
	m.Charts = []views.PanelChart{{Title: "Risky sign-ins by level", Chart: now.trend(english, v.base()+"/risky-sign-ins?"+now.span(nil))}}
	m.Rest = []views.Section{now.causesSection(v, func(t string) string { return riskTypeWord(english, t) }), now.outcomeSection(), endingsSection(v, endings), p.sourcesSection(v)}
	return p.protect(c, title, lead, protectHelp(), m, nil)
}

// protectFigures are the big numbers.
func (v *visit) protectFigures(now, before riskNumbers, people map[string]models.PeopleAtRisk, open, span int) []views.Figure {
	high := people[risk.High].Count
	all := high + people[risk.Medium].Count + people[risk.Low].Count
	return []views.Figure{
		{Label: "Sign-ins looked at", Value: grouped(now.signIns), Note: against(now.signIns, before.signIns, span)},
		{Label: "Risky sign-ins", Value: grouped(now.risky), Note: against(now.risky, before.risky, span), Href: v.base() + "/risky-sign-ins?" + now.span(nil)},
		{Label: "Challenged or refused", Value: percentOf(now.challenged+now.blocked, now.risky), Note: "of the risky sign-ins"},
		{Label: "People at risk", Value: grouped(int64(all)), Note: fmt.Sprintf("%d high, %d medium, %d low", high, people[risk.Medium].Count, people[risk.Low].Count),
			Href: choose(v.may(access.RiskyUserRead), v.base()+"/risky-users?risk="+openRisk+"&deleted=no", "")},
		{Label: "Open incidents", Value: choose(open >= 100, "100+", fmt.Sprint(open)), Note: choose(open == 0, "no attack is under way", "attacks that nobody has closed"), Href: v.base() + "/incidents"},
	}
}

// against says how a number moved.
func against(n, before int64, span int) string {
	when := fmt.Sprintf("in the %d days before", span)
	switch {
	case n == before:
		return "as many as " + when
	case n > before:
		return "up from " + grouped(before) + " " + when
	}
	return "down from " + grouped(before) + " " + when
}

// causesSection lists what was found, the most frequent first.
func (n riskNumbers) causesSection(v *visit, name func(string) string) views.Section {
	t := &views.Table{Caption: "What was found, the most frequent first", Columns: []views.Column{{Label: "Detection"}, {Label: "Share"}, {Label: "Detections", Num: true}}}
	all := int64(0)
	for _, c := range n.byType {
		all += c
	}
	for i, kind := range n.causes() {
		if i == 10 {
			break
		}
		count := n.byType[kind]
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Text: name(kind), Href: v.base() + "/risk-detections?" + n.span(url.Values{"detection": {kind}})},
			{Kind: views.Meter, Text: percentOf(count, all), Share: float64(count) / float64(all), Tone: "danger"}, {Kind: views.Num, Text: grouped(count)}}})
	}
	return views.Section{ID: "causes", Title: "Top causes", Table: t, Empty: "Nothing was found in this time."}
}

// outcomeSection says what became of the risky sign-ins.
func (n riskNumbers) outcomeSection() views.Section {
	t := &views.Table{Caption: "What became of risky sign-ins", Columns: []views.Column{{Label: "Outcome"}, {Label: "Share"}, {Label: "Sign-ins", Num: true}}}
	rest := max(n.risky-n.challenged-n.blocked, 0)
	if n.risky > 0 {
		for _, x := range []struct {
			what  string
			count int64
			tone  string
		}{{"A second factor was asked for", n.challenged, "ok"}, {"Refused by a policy", n.blocked, "ok"}, {"Neither: no policy asked for more", rest, "danger"},
			{"Of all of them, closed by now: a second factor was shown, or it was the person after all", n.remediated, "ok"}} {
			t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{plain(x.what), {Kind: views.Meter, Text: percentOf(x.count, n.risky), Share: min(float64(x.count)/float64(n.risky), 1), Tone: x.tone}, {Kind: views.Num, Text: grouped(x.count)}}})
		}
	}
	return views.Section{ID: "outcomes", Title: "What became of them", Table: t, Empty: "There were no risky sign-ins in this time."}
}

// endingsSection says by what the risk of people ended.
func endingsSection(v *visit, endings []models.RiskEnding) views.Section {
	t := &views.Table{Caption: "By what the risk of people ended", Columns: []views.Column{{Label: "State"}, {Label: "By what"}, {Label: "People", Num: true}}}
	for _, e := range endings {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{riskStateBadge(e.State), plain(riskDetailWord(e.Detail)), {Kind: views.Num, Text: grouped(int64(e.Count))}}})
	}
	return views.Section{ID: "remediated", Title: "How people’s risk ended", Table: t, Empty: "Nobody’s risk ended in this time."}
}

// sourcesSection says what the detections have to go by.
func (p *Portal) sourcesSection(v *visit) views.Section {
	x := views.Section{ID: "sources", Title: "What the detections have to go by", Action: &views.Link{Label: "Open signal sources", Href: v.base() + "/signal-sources"}, Lead: "Whoever runs this installation provides these. Without one, the detections that need it say “could not tell”, and nothing is let through because of it."}
	for _, s := range p.provided() {
		state := badge("ok", "There")
		switch {
		case s.Problem != "":
			state = badge("danger", "Cannot be read")
			state.Sub = s.Problem
		case !s.There:
			state = badge("neutral", "Not configured")
			state.Sub = s.Without
		}
		x.Summary = append(x.Summary, fact(s.Name, state))
	}
	return x
}

func (p *Portal) provided() []RiskSource {
	if p.RiskSources == nil {
		return nil
	}
	return p.RiskSources()
}

// protectAdvice is what follows from the facts, the most urgent first.
func (p *Portal) protectAdvice(c *fiber.Ctx, people map[string]models.PeopleAtRisk, open int, days []models.RiskDay) ([]views.Step, error) {
	v := visitOf(c)
	var out []views.Step
	advise := func(label, text, action, href string, need access.Permission) {
		s := views.Step{Label: label, Text: text}
		if href != "" && v.may(need) {
			s.Action = &views.Link{Label: action, Href: href}
		}
		out = append(out, s)
	}
	if open > 0 {
		advise("Look at "+numberWords(open, "open incidents"), "Each is an attack with everything that belongs to it, and with what you can do about it.", "Open incidents", v.base()+"/incidents", access.RiskEventRead)
	}
	if old := people[risk.High]; old.Count > 0 && p.Now().Sub(old.Since) > riskGrowsOld {
		advise("Somebody has been at high risk since "+old.Since.Format("2 January 2006"), "Confirm, dismiss, or let them choose another password. As long as they are at high risk, policies ask more of them, or whoever has the account uses it.",
			"Show them", v.base()+"/risky-users?risk="+openRisk+"&level=high&deleted=no", access.RiskyUserRead)
	}
	p.advisePolicies(v, advise)
	none, of, err := v.tenant.WithoutSecondFactor(c.UserContext())
	if err != nil {
		return nil, err
	}
	if of > 0 && none*5 >= of { // a fifth
		advise(fmt.Sprintf("%s of the last %d people who signed in have no second factor", percentOf(int64(none), int64(of)), of),
			"Who has none cannot clear the risk of a sign-in, and is refused instead. Let your user flows ask for one at sign-up.", "Open user flows", v.base()+"/user-flows", access.FlowRead)
	}
	if d := risk.DriftOf(scoreDays(days, today(p.Now()).AddDate(0, 0, -6), today(p.Now())), v.dir.Tenant.Settings.Risk); d.Off != "" {
		advise("The challenge budget is off", driftWords(d), "Open the budget", v.protectBase()+"/budget", access.RiskEventRead)
	}
	for _, s := range p.provided() {
		switch {
		case s.Problem != "":
			advise(s.Name+" cannot be read", s.Problem+" "+s.Without, "Open signal sources", v.base()+"/signal-sources", access.RiskEventRead)
		case !s.There:
			advise(s.Name+": not configured", s.Without+" Whoever runs this installation sets "+s.Setting+".", "", "", "")
		}
	}
	return out, nil
}

// advisePolicies recommends the two policies that act on risk (R 6.9.2), or to switch on what only reports.
func (p *Portal) advisePolicies(v *visit, advise func(label, text, action, href string, need access.Permission)) {
	for _, x := range []struct {
		what, text, template string
		about                func(policy.Policy) bool
	}{
		{"risky sign-ins", "A second factor for sign-ins of medium or high risk keeps most attackers out, and closes what was found when it was the person after all.", templateRiskySignIns,
			func(o policy.Policy) bool { return len(o.Conditions.SignInRiskLevels) > 0 }},
		{"people at high risk", "Another password, after a second factor, takes the account back from whoever has the old one.", templateRiskyPeople,
			func(o policy.Policy) bool { return len(o.Conditions.UserRiskLevels) > 0 }},
	} {
		on, reports := false, policy.Policy{}
		for _, o := range v.dir.Policies.Policies() {
			switch {
			case !x.about(o):
			case o.State == policy.On:
				on = true
			case o.State == policy.ReportOnly:
				reports = o
			}
		}
		switch {
		case on:
		case reports.ID != "":
			advise("Switch on the policy about "+x.what, "“"+reports.Name+"” only reports. See what it would have done, then switch it on.", "Open the policy", v.policyBase(reports.ID), access.PolicyRead)
		default:
			advise("No policy acts on "+x.what, x.text, "Create from a template", v.policiesBase()+"/new?template="+x.template, access.ConditionalWrite)
		}
	}
}

// driftWords say how the last week compares with the budget.
func driftWords(d risk.Drift) string {
	s := fmt.Sprintf("You asked for at most %s %%; in the last 7 days the threshold was reached by %s of %s sign-ins.", trimFloat(d.Percent), percentOf(int64(d.Share*float64(d.SignIns)+.5), int64(d.SignIns)), grouped(int64(d.SignIns)))
	switch d.Off {
	case risk.MoreThanAsked:
		return s + " That is more than chance makes of it: look for the cause among the detections, or work out the threshold anew."
	case risk.FarLess:
		return s + " There is room for a lower threshold, which catches more."
	}
	return s
}

func trimFloat(x float64) string {
	s := fmt.Sprintf("%.2f", x)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
