package admin

import (
	"encoding/json"
	"fmt"
	"net/url"
	"sort"
	"strings"
	"time"

	"portico/app/account"
	"portico/app/extension"
	"portico/app/federation"
	"portico/app/i18n"
	"portico/app/policy"
	"portico/app/record"
	views "portico/views/admin"
)

// traceOf explains one sign-in: what was asked, where it came from, each step and proof, each risk
// finding, each policy with its conditions, and the outcome with its cause and what to do. It shows the
// stored value and computes nothing; known has names for what it speaks of, and risky what became of its risk since.
func traceOf(l *i18n.Localizer, r record.SignIn, base string, known policy.Known, risky []views.Section) views.Trace {
	cause, do := outcomeWords(l, r.Outcome)
	t := views.Trace{Outcome: outcomeTitle(r), Tone: resultTone(r.Outcome.Result), Cause: cause, Do: do}
	t.Sections = append(t.Sections, whoSection(r, base), stepsSection(l, r), whereSection(r))
	if risky == nil {
		risky = []views.Section{riskSection(l, r)}
	}
	t.Sections = append(t.Sections, risky...)
	if r.Inputs != nil {
		t.Sections = append(t.Sections, secondFactorSection(r))
	}
	t.PoliciesAfter = len(t.Sections) - 1
	for _, p := range r.Policies {
		if p.State == string(policy.ReportOnly) {
			t.ReportOnly = append(t.ReportOnly, policyTrace(p, base, known))
		} else {
			t.Policies = append(t.Policies, policyTrace(p, base, known))
		}
	}
	switch {
	case len(t.Policies) > 0:
	case r.Inputs == nil:
		t.NoPolicies = "No policy was asked: this ended before one could object, or in a trial."
	case len(t.ReportOnly) > 0:
		t.NoPolicies = "No policy was on; what those would have said that only report stands below."
	default:
		t.NoPolicies = "No Conditional Access policy existed at that time, so none could object."
	}
	if r.Federation != nil {
		t.Sections = append(t.Sections, federationSections(*r.Federation, base)...)
	}
	if len(r.Calls) > 0 {
		t.Sections = append(t.Sections, callsSection(r, base))
	}
	t.Sections = append(t.Sections, requestSection(r), sessionSection(r), idsSection(r))
	if b, err := json.MarshalIndent(r, "", "  "); err == nil {
		t.Raw = string(b)
	}
	return t
}

func outcomeTitle(r record.SignIn) string {
	what, who := "Sign-in", nameOr(r.User, r.Identifier)
	switch {
	case r.SignUp:
		what = "Sign-up"
	case r.Kind == record.Service:
		what, who = "Token request", r.App.Name
	case r.Kind == record.NonInteractive:
		what = "Silent sign-in"
	}
	if who == "" {
		who = "somebody unknown"
	}
	switch r.Outcome.Result {
	case record.Success:
		return fmt.Sprintf("%s of %s succeeded", what, who)
	case record.Abandoned:
		return fmt.Sprintf("%s of %s was left unfinished", what, who)
	case record.Interrupted:
		return fmt.Sprintf("%s of %s was interrupted", what, who)
	}
	return fmt.Sprintf("%s of %s failed", what, who)
}

func nameOr(p record.Party, other string) string {
	if p.Name != "" {
		return p.Name
	}
	if other != "" {
		return other
	}
	return p.ID
}

func resultTone(r record.Result) string {
	switch r {
	case record.Success:
		return "ok"
	case record.Failure:
		return "danger"
	case record.Interrupted:
		return "warn"
	}
	return "neutral"
}

func resultWord(r string) string {
	switch record.Result(r) {
	case record.Success:
		return "Success"
	case record.Failure:
		return "Failure"
	case record.Interrupted:
		return "Interrupted"
	case record.Abandoned:
		return "Left unfinished"
	}
	return r
}

func kindWord(k string) string {
	switch record.Kind(k) {
	case record.Interactive:
		return "Interactive"
	case record.NonInteractive:
		return "Not interactive"
	case record.Service:
		return "Application"
	}
	return k
}

func fact(label string, c views.Cell) views.Fact { return views.Fact{Label: label, Value: c} }
func plain(s string) views.Cell                  { return views.Cell{Text: s} }
func code(s string) views.Cell                   { return views.Cell{Kind: views.Code, Text: s} }
func when(t time.Time) views.Cell                { return views.Cell{Kind: views.When, Time: t} }
func day(t time.Time) views.Cell                 { return views.Cell{Kind: views.Day, Time: t} }
func badge(tone, s string) views.Cell            { return views.Cell{Kind: views.Badge, Tone: tone, Text: s} }

// facts drops what is empty.
func facts(all ...views.Fact) []views.Fact {
	var out []views.Fact
	for _, f := range all {
		if f.Value.Text != "" || !f.Value.Time.IsZero() || len(f.Value.List) > 0 {
			out = append(out, f)
		}
	}
	return out
}

func whoSection(r record.SignIn, base string) views.Section {
	user := views.Cell{Kind: views.Name, Text: nameOr(r.User, "")}
	if r.User.ID != "" {
		user.Href = base + "/users/" + r.User.ID
	}
	flow := r.Flow.Name
	if flow != "" && r.Flow.Version > 0 {
		flow = fmt.Sprintf("%s, version %d", flow, r.Flow.Version)
	}
	existing := ""
	if r.Existing {
		existing = "The sign-up met an account that existed already"
	}
	return views.Section{Title: "Who and what", Summary: facts(
		fact("User", user), fact("Typed as", views.Cell{Kind: views.Name, Text: r.Identifier, Sub: choose(r.Identifier != "" && r.IdentifierType == account.SignInUserName, "A user name", "")}),
		fact("Application", views.Cell{Kind: views.Name, Text: nameOr(r.App, "")}), fact("Resource", plain(r.Resource.Name)),
		fact("User flow", plain(flow)), fact("Kind", plain(kindWord(string(r.Kind)))), fact("Account", plain(existing)),
		fact("Repeated", plain(times(r.Count))), fact("Started", when(r.StartedAt)), fact("Ended", when(r.EndedAt)),
		fact("Took", plain(took(r.StartedAt, r.EndedAt))))}
}

func times(n int) string {
	if n < 2 {
		return ""
	}
	return fmt.Sprintf("%d times within the minute; folded into this entry", n)
}

func took(from, to time.Time) string {
	d := to.Sub(from)
	if from.IsZero() || d < 0 {
		return ""
	}
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return d.Round(100 * time.Millisecond).String()
}

// stepsSection merges pages and proofs into one story in the order of time.
func stepsSection(l *i18n.Localizer, r record.SignIn) views.Section {
	s := views.Section{Title: "What happened, step by step", Lead: "Pages shown and things proven, in order."}
	for _, st := range r.Steps {
		s.Lines = append(s.Lines, views.Line{Time: st.At, Text: stepWord(st.Name), Cell: plain(noteWord(st.Note)), Mark: "Step", Tone: "neutral"})
	}
	for _, p := range r.Proofs {
		line := views.Line{Time: p.At, Text: methodWord(p.Method), Mark: "Proven", Tone: "ok", Cell: plain(reasonWord(l, p.Reason))}
		if !p.OK {
			line.Mark, line.Tone = "Not accepted", "danger"
			line.Cell = plain(reasonWord(l, p.Reason))
			if p.Count > 1 {
				line.Cell.Text = strings.TrimPrefix(fmt.Sprintf("%s (%d times)", line.Cell.Text, p.Count), " ")
			}
		}
		s.Lines = append(s.Lines, line)
	}
	sort.SliceStable(s.Lines, func(i, j int) bool { return s.Lines[i].Time.Before(s.Lines[j].Time) })
	if len(s.Lines) == 0 {
		s.Lead, s.Empty = "", "Nobody saw a page: the answer followed from a session or a credential of the app."
	}
	var also []string
	for _, d := range r.Demands {
		also = append(also, demandWord(d))
	}
	for _, n := range r.Notes {
		if r.Inputs == nil || !aboutSecond(n) { // those stand under "Second factor"
			also = append(also, noteWord(n))
		}
	}
	s.Summary = facts(fact("Demanded", views.Cell{Kind: views.Lines, List: also}), fact("Proven in all", plain(strings.Join(words(r.AMR, amrWord), ", "))),
		fact("Assurance (acr)", code(r.ACR)))
	return s
}

func words(list []string, f func(string) string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		out = append(out, f(s))
	}
	return out
}

func whereSection(r record.SignIn) views.Section {
	g := r.Signals
	ip := ""
	if g.IP.IsValid() {
		ip = g.IP.String()
	}
	place := strings.Join(nonEmpty(g.City, g.Region, g.Country), ", ")
	if place == "" {
		place = "Unknown"
	}
	if g.PlaceFailed {
		place = "Could not tell: the geolocation source failed"
	}
	network := g.Network
	if g.ASN > 0 {
		network = strings.TrimSpace(fmt.Sprintf("%s (AS%d)", g.Network, g.ASN))
	}
	return views.Section{Title: "Where from", Summary: facts(
		fact("IP address", code(ip)), fact("Place", plain(place)), fact("Network", plain(network)),
		fact("Browser", plain(g.Browser)), fact("System", plain(g.OS)), fact("Device", plain(g.DeviceType)),
		fact("Device ID", code(g.DeviceID)), fact("Language", code(g.Language)), fact("User agent", code(g.UserAgent)))}
}

func nonEmpty(list ...string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func riskSection(l *i18n.Localizer, r record.SignIn) views.Section {
	s := views.Section{ID: "risk", Title: "Risk", Summary: []views.Fact{fact("Level while signing in", levelCell(r.RiskLevel))}, Says: couldNotTellWords(l, r.CouldNotTell)}
	if len(r.Risk) == 0 {
		s.Lead = "No detector found anything."
		return s
	}
	table := &views.Table{Caption: "Findings", Columns: []views.Column{{Label: "Detection"}, {Label: "Level"}, {Label: "What was found"}}}
	for _, f := range r.Risk {
		table.Rows = append(table.Rows, views.Row{Cells: []views.Cell{plain(riskTypeWord(l, f.Type)), levelCell(f.Level), plain(findingWord(l, f.Type, f.Key, f.Evidence))}})
	}
	s.Table = table
	return s
}

func riskTone(level string) string {
	switch level {
	case "high":
		return "danger"
	case "medium", "low":
		return "warn"
	}
	return "ok"
}

func policyTrace(p record.Policy, base string, known policy.Known) views.PolicyTrace {
	t := views.PolicyTrace{Name: p.Name, Controls: controlLines(known, p.Controls), State: policyStateWord(policy.State(p.State)), Conditions: views.Table{
		Caption: "Conditions of " + p.Name, Columns: []views.Column{{Label: "Condition"}, {Label: "Answer"}, {Label: "Because"}}}}
	if base != "" {
		t.Href = base + "/conditional-access/" + url.PathEscape(p.ID)
	}
	result := policyResult(p.Result)
	t.Result, t.Tone = result.Text, result.Tone
	for _, c := range p.Conditions {
		t.Conditions.Rows = append(t.Conditions.Rows, views.Row{Cells: []views.Cell{plain(conditionWord(c.Name)), answerBadge(c.Answer), plain(c.Detail)}})
	}
	return t
}

// aboutSecond reports whether a note says why a second factor was or was not asked for, or what met it.
func aboutSecond(note string) bool {
	switch note {
	case "remembered_device", "no_usable_method", "risk_and_not_enrolled":
		return true
	}
	return strings.HasPrefix(note, "mfa_")
}

// secondFactorSection says why a second factor was or was not asked for, and what met it.
func secondFactorSection(r record.SignIn) views.Section {
	in := r.Inputs
	var why []string
	for _, n := range r.Notes {
		if aboutSecond(n) {
			why = append(why, noteWord(n))
		}
	}
	when2 := views.Cell{}
	if !in.MFATime.IsZero() {
		when2 = when(in.MFATime)
	}
	atRisk, former := views.Cell{}, views.Cell{}
	if !in.RiskSince.IsZero() {
		atRisk, former = when(in.RiskSince), plain(choose(len(in.Former) == 0, "Nothing", strings.Join(words(in.Former, methodWord), ", ")))
	}
	return views.Section{ID: "second", Title: "Second factor", Summary: facts(fact("Why, or why not", views.Cell{Kind: views.Lines, List: why}),
		fact("The user flow’s switch", plain(switchWord(in.Switch))), fact("May be the second factor", plain(strings.Join(words(in.Kinds, methodWord), ", "))),
		fact("Set up before", plain(strings.Join(words(in.Enrolled, methodWord), ", "))), fact("At risk since", atRisk), fact("Set up before the risk", former), fact("Shown in all", plain(strings.Join(words(in.Methods, methodWord), ", "))),
		fact("Second factor shown", when2), fact("First factor shown", when(in.AuthTime)))}
}

func answerBadge(a record.Answer) views.Cell {
	switch a {
	case record.Hit:
		return badge("ok", "Hit")
	case record.Miss:
		return badge("neutral", "Miss")
	case record.CouldNotTell:
		return badge("warn", "Could not tell (counts as hit)")
	}
	return badge("neutral", "Not set")
}

// callsSection lists what the tenant's own APIs were asked, and what each did: of what it changed the names alone. The
// values stand in the recorder, for those who may read it, for as long as it keeps the call.
func callsSection(r record.SignIn, base string) views.Section {
	t := &views.Table{Caption: "Calls", Columns: []views.Column{{Label: "Extension"}, {Label: "Event"}, {Label: "What came of it"}, {Label: "Status", Num: true}, {Label: "Took", Num: true}, {Label: "Retries", Num: true}}}
	for _, c := range r.Calls {
		name := views.Cell{Kind: views.Name, Text: c.Name, Sub: c.Listener}
		if c.ID != "" {
			name.Href = base + "/extensions/calls/" + c.ID
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{name, plain(eventLabel(c.Event)), callCell(c), {Kind: views.Num, Text: fmt.Sprint(c.Status)},
			{Kind: views.Num, Text: fmt.Sprintf("%d ms", c.Duration.Milliseconds())}, {Kind: views.Num, Text: fmt.Sprint(c.Retries)}}})
	}
	return views.Section{ID: "extensions", Title: "Extensions", Lead: "What your own APIs were asked during this sign-in, and by which of them its codes were sent.", Table: t}
}

func eventLabel(event string) string {
	if l := extension.Event(event).Label(); l != "" {
		return l
	}
	return event
}

// callCell says what a call did, or what was done without it.
func callCell(c record.Call) views.Cell {
	if c.Code == 0 {
		cell := plain(c.Action)
		if len(c.Changed) > 0 {
			cell.Sub = "Changed " + strings.Join(c.Changed, ", ")
		}
		return cell
	}
	did := "stopped"
	switch extension.OnFailure(c.OnFailure) {
	case extension.Continue:
		did = "skipped: went on without it"
	case extension.Fallback:
		did = "done in the built-in way"
	}
	return views.Cell{Kind: views.Text, Text: fmt.Sprintf("%d %s", c.Code, c.Error), Sub: did}
}

// federationSections say which provider vouched, or why it did not, and what was exchanged with it: of claims the names
// alone.
func federationSections(f record.Federation, base string) []views.Section {
	name := views.Cell{Kind: views.Name, Text: nameOr(f.Provider, "")}
	if f.Provider.ID != "" {
		name.Href = base + "/identity-providers/" + f.Provider.ID
	}
	kind, said := "", "Not told, or not trusted"
	if f.Kind != "" {
		kind = federation.Label(federation.Kind(f.Kind))
	}
	switch {
	case f.MFA:
		said = "Shown there, and trusted"
	case f.Reason != "":
		said = ""
	}
	out := []views.Section{{Title: "Identity provider", Summary: facts(fact("Provider", name), fact("Kind", plain(kind)), fact("Issuer of the identity", code(f.Issuer)),
		fact("Second factor", plain(said)), fact("Came to nothing because", plain(f.Reason)))}}
	if len(f.Hops) == 0 {
		return out
	}
	t := &views.Table{Caption: "What was exchanged with the provider", Columns: []views.Column{{Label: "Step"}, {Label: "Place"}, {Label: "Status", Num: true}, {Label: "Took", Num: true}, {Label: "Claims"}, {Label: "Verdict"}}}
	for _, h := range f.Hops {
		status := ""
		if h.Status != 0 {
			status = fmt.Sprint(h.Status)
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{plain(h.What), code(h.Place), {Kind: views.Num, Text: status}, {Kind: views.Num, Text: fmt.Sprintf("%d ms", h.Duration.Milliseconds())},
			plain(strings.Join(h.Claims, ", ")), plain(h.Verdict)}})
	}
	return append(out, views.Section{Title: "What was exchanged with the provider", Lead: "Of claims the names are kept, and of secrets nothing.", Table: t})
}

func requestSection(r record.SignIn) views.Section {
	maxAge, hint := "", ""
	if r.Request.MaxAge != nil {
		maxAge = fmt.Sprintf("%d seconds", *r.Request.MaxAge)
	}
	if r.Request.LoginHint {
		hint = "Given"
	}
	return views.Section{Title: "What the application asked for", Summary: facts(
		fact("Protocol", plain(protocolWord(r.Protocol))), fact("Scopes", code(strings.Join(r.Request.Scopes, " "))),
		fact("Prompt", code(strings.Join(r.Request.Prompt, " "))), fact("Age of sign-in at most", plain(maxAge)),
		fact("Assurance asked (acr_values)", code(strings.Join(r.Request.ACR, " "))), fact("Login hint", plain(hint)),
		fact("Languages", code(strings.Join(r.Request.UILocales, " "))))}
}

func protocolWord(s string) string {
	if w, ok := map[string]string{"openid": "OpenID Connect", "portal": "Admin portal", "trial": "Trial of a user flow", "invite": "Invitation", "refresh": "Refresh token", "clientCredentials": "Client credentials"}[s]; ok {
		return w
	}
	return humane(s)
}

func sessionSection(r record.SignIn) views.Section {
	s := views.Section{Title: "Session"}
	if r.Session.SID == "" {
		s.Lead = "No single sign-on session was used or made."
		return s
	}
	how := "Made by this sign-in"
	if r.Session.Reused {
		how = "An earlier session was used, so nobody had to prove the first factor again"
	}
	s.Summary = facts(fact("Single sign-on", plain(how)), fact("Last proven", when(r.Session.AuthTime)), fact("Session ID", code(r.Session.SID)))
	return s
}

func idsSection(r record.SignIn) views.Section {
	return views.Section{Title: "References", Summary: facts(
		fact("Sign-in ID", code(r.ID)), fact("Correlation ID", code(r.CorrelationID)), fact("User ID", code(r.User.ID)),
		fact("Application (client) ID", code(r.App.ID)), fact("Error code", plain(codeText(r.Outcome.Code))))}
}

func codeText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}
