package admin

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/policy"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// Replay: a draft of the policies is held against the sign-ins that were recorded, and says who would have been
// asked for more, kept out or let in. It reads the log and changes nothing.

func (p *Portal) replayRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/policy-replays"
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.replayList, Permission: access.ConditionalRead, NavGroup: navProtect, NavLabel: "Replay"},
		{Method: get, Path: at + "/new", Handler: p.governed(p.replayNew), Permission: access.ConditionalWrite},
		{Method: post, Path: at, Handler: p.replayStart, Permission: access.ConditionalWrite},
		{Method: get, Path: at + "/:id", Handler: p.replayDetail, Permission: access.ConditionalRead},
		{Method: post, Path: at + "/:id/cancel", Handler: p.replayCancel, Permission: access.ConditionalWrite},
	}
}

func replayHelp() views.Help {
	return views.Help{What: "Every sign-in is recorded with everything that its decision was made from. A replay asks today’s policies and a draft the same questions again, and counts where the two differ: who would be asked for more, kept out, or let in by the draft, compared with today’s policies. Nothing is changed, and nobody notices.",
		Do: "Try a policy on the last days before it is switched on. What people would have done when asked, nobody knows: “asked for more” does not mean that they would not have got in."}
}

func (v *visit) replaysBase() string { return v.base() + "/policy-replays" }

// What a replay tries with a policy that is there.
const (
	tryOn      = "on"
	tryOff     = "off"
	tryWithout = "without"
	tryJSON    = "json"
)

// atOnce is how long a page waits for a replay that may be short.
const atOnce = 1500 * time.Millisecond

func (p *Portal) replayList(c *fiber.Ctx) error {
	v := visitOf(c)
	list, err := v.tenant.Replays(c.UserContext(), 100)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Replay of past sign-ins", "What would other policies make of the sign-ins of the last days, compared with today’s?", replayHelp())
	if err != nil {
		return err
	}
	if v.writesPolicies() {
		s.Primary = &views.Link{Label: "New replay", Href: v.replaysBase() + "/new"}
	}
	t := views.Table{Caption: "Replays", Columns: []views.Column{{Label: "Draft"}, {Label: "Begun"}, {Label: "Days", Num: true}, {Label: "State"}, {Label: "Compared with the policies of that day"}}}
	for _, r := range list {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: r.Draft.Name, Href: v.replaysBase() + "/" + r.ID}, when(r.CreatedAt),
			{Kind: views.Num, Text: strconv.Itoa(r.Draft.Days)}, replayState(r), plain(choose(r.State == models.ReplayDone, replaySum(r.Report), ""))}})
	}
	page := views.List{Table: t, Empty: views.Empty{Title: "No replay yet", Text: "Try a policy on past sign-ins before it is switched on.", Action: s.Primary}, Note: "Reports are kept for 30 days."}
	for _, n := range v.trialNotice() {
		page.Note = n.Title + ". " + n.Text
		page.Empty = views.Empty{Title: n.Title, Text: n.Text}
	}
	return p.list(c, s, page)
}

func replayState(r models.Replay) views.Cell {
	switch r.State {
	case models.ReplayDone:
		return badge("ok", "Finished")
	case models.ReplayFailed:
		return badge("danger", "Failed")
	case models.ReplayCancelled:
		return badge("neutral", "Cancelled")
	case models.ReplayRunning:
		return badge("info", fmt.Sprintf("Running: %d %%", r.Percent()))
	}
	return badge("info", "Waiting")
}

// changeWord names a change, as the end of "sign-ins would have …".
func changeWord(what policy.Change) string {
	switch what {
	case policy.Blocked:
		return "Kept out"
	case policy.Challenged:
		return "Asked for more"
	case policy.Differently:
		return "Asked for something else"
	case policy.Freed:
		return "Let in, or asked for less"
	}
	return "The same"
}

func replaySum(r policy.Report) string {
	var parts []string
	for _, what := range policy.Changes() {
		if n := r.SignIns[what]; n > 0 {
			parts = append(parts, strings.ToLower(changeWord(what))+": "+grouped(n))
		}
	}
	if len(parts) == 0 {
		return "Nothing, in " + signIns(r.Asked)
	}
	return strings.Join(parts, "; ") + "; of " + grouped(r.Asked)
}

func (p *Portal) replayNew(c *fiber.Ctx) error { return p.replayForm(c, nil) }

// replayForm chooses what to try: a policy that is there and what becomes of it, or a draft as JSON.
func (p *Portal) replayForm(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	list, err := v.tenant.Policies(c.UserContext())
	if err != nil {
		return err
	}
	at := strings.TrimSpace(c.Query("policy"))
	f := views.Form{Action: v.replaysBase(), Submit: "Replay", Cancel: v.replaysBase()}
	if len(list) > 0 {
		options := []views.Option{{Label: "None of them: the draft below"}}
		try := tryOn
		for _, x := range list {
			options = append(options, views.Option{Value: x.ID, Label: x.Name + " (" + policyStateWord(x.State) + ")"})
			if x.ID == at && x.State == policy.On {
				try = tryOff
			}
		}
		f.Fields = append(f.Fields, views.Field{Kind: views.Select, Name: "policy", Label: "Policy", Value: at, Options: options},
			views.Field{Kind: views.Radios, Name: "try", Label: "What to try with it", Value: try, Options: []views.Option{
				{Value: tryOn, Label: "Switched on, as it is saved"}, {Value: tryOff, Label: "Switched off"}, {Value: tryJSON, Label: "Replaced by the draft below"}}})
	}
	f.Fields = append(f.Fields,
		views.Field{Kind: views.Select, Name: "days", Label: "Sign-ins of the last", Value: "30", Options: []views.Option{{Value: "1", Label: "24 hours"}, {Value: "7", Label: "7 days"}, {Value: "30", Label: "30 days"}, {Value: "90", Label: "90 days"}}},
		views.Field{Kind: views.TextArea, Name: "document", Label: "Draft", Rows: 8, Code: true, Optional: true, Hint: "A policy as JSON, in the shape of a download. It is held against past sign-ins as if it were on, and is not saved."})
	if problem != nil {
		keepTyped(c, &f)
		if !complain(handlers.InfoOf(c).Locale, &f, problem) {
			return problem
		}
	}
	s, err := p.shell(c, "Replay past sign-ins", "Hold a draft against the sign-ins that were recorded.", replayHelp(), views.Link{Label: "Replay of past sign-ins", Href: v.replaysBase()})
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) replayStart(c *fiber.Ctx) error {
	v, ctx := visitOf(c), c.UserContext()
	days, err := strconv.Atoi(typed(c, "days"))
	if err != nil {
		return p.replayForm(c, fault.BadField("days", "replay.days", map[string]any{"count": models.LongestReplayDays}))
	}
	present, err := v.tenant.Rules(ctx)
	if err != nil {
		return err
	}
	d := models.ReplayDraft{Days: days, Present: present, PolicyID: typed(c, "policy")}
	i := slices.IndexFunc(present.Policies, func(x policy.Policy) bool { return x.ID == d.PolicyID })
	if d.PolicyID != "" && i < 0 {
		return p.replayForm(c, fault.BadField("policy", "admin.choose", nil))
	}
	document, try := typed(c, "document"), typed(c, "try")
	if i < 0 || try == tryJSON {
		draft, err := draftOf(document)
		if err != nil {
			return p.replayForm(c, err)
		}
		if draft.ID = d.PolicyID; draft.ID == "" {
			draft.ID = models.NewID()
		}
		return p.replayOf(c, v, draft, days)
	}
	x := present.Policies[i]
	switch try {
	case tryOff, tryWithout:
		d.Name, d.Draft = x.Name+", switched off", models.WithoutPolicy(present, x.ID)
	default:
		x.State = policy.On
		d.Name, d.Draft = x.Name+", switched on", models.WithPolicy(present, x)
	}
	return p.beginReplay(c, v, d)
}

// draftOf reads a policy that is to be tried.
func draftOf(document string) (policy.Policy, error) {
	var x policy.Policy
	if document == "" {
		return x, fault.BadField("document", "replay.draft.missing", nil)
	}
	if err := json.Unmarshal([]byte(document), &x); err != nil {
		return x, fault.BadField("document", "replay.draft.json", nil)
	}
	return x.Tidied(), nil
}

// replayOf begins a replay of a policy that may not be saved: it takes the place of the one with its id, or is
// added, and counts as on. The editor uses it for its unsaved form.
func (p *Portal) replayOf(c *fiber.Ctx, v *visit, draft policy.Policy, days int) error {
	present, err := v.tenant.Rules(c.UserContext())
	if err != nil {
		return err
	}
	known, err := v.tenant.KnownTo(c.UserContext(), draft)
	if err != nil {
		return err
	}
	if draft.State == "" || draft.State == policy.ReportOnly {
		draft.State = policy.On
	}
	if draft.Name == "" {
		draft.Name = "Draft"
	}
	if err := policy.Validate(draft, known); err != nil {
		e := fault.Of(err)
		for i := range e.Fields {
			e.Fields[i].Name = "document"
		}
		return p.replayForm(c, e)
	}
	return p.beginReplay(c, v, models.ReplayDraft{Name: draft.Name + ", as a draft", PolicyID: draft.ID, Days: days, Present: present, Draft: models.WithPolicy(present, draft)})
}

// beginReplay starts it and waits a moment: a small one is over at once.
func (p *Portal) beginReplay(c *fiber.Ctx, v *visit, d models.ReplayDraft) error {
	ctx := c.UserContext()
	r, err := v.tenant.StartReplay(ctx, v.actor(c), d)
	if err != nil {
		return p.replayForm(c, err)
	}
	if err := v.tenant.StepReplay(ctx, r.ID, atOnce); err != nil {
		return err
	}
	return c.Redirect(v.replaysBase()+"/"+r.ID, fiber.StatusSeeOther)
}

func (p *Portal) replayCancel(c *fiber.Ctx) error {
	v := visitOf(c)
	r, err := v.tenant.Replay(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	to := v.replaysBase() + "/" + r.ID
	if err := v.tenant.CancelReplay(c.UserContext(), v.actor(c), r.ID); fault.Is(err, fault.Conflict) {
		return p.doneWith(c, to, models.PortalFlash{Kind: "warn", Text: "This replay had ended already."})
	} else if err != nil {
		return err
	}
	return p.done(c, to, "The replay of “"+r.Draft.Name+"” is cancelled.")
}

func (p *Portal) replayDetail(c *fiber.Ctx) error {
	v, ctx := visitOf(c), c.UserContext()
	r, err := v.tenant.Replay(ctx, c.Params("id"))
	if err != nil {
		return err
	}
	known, err := knownOf(ctx, v.tenant, append(slices.Clone(r.Draft.Present.Policies), r.Draft.Draft.Policies...)...)
	if err != nil {
		return err
	}
	s, err := p.shell(c, r.Draft.Name, "Held against the sign-ins of the last "+numberWords(r.Draft.Days, "days")+".", replayHelp(), views.Link{Label: "Replay of past sign-ins", Href: v.replaysBase()})
	if err != nil {
		return err
	}
	d := views.Detail{Badges: []views.Cell{replayState(r)}, Refresh: r.Open()}
	if r.Open() {
		if r.State == models.ReplayWaiting {
			d.Notices = append(d.Notices, views.Notice{Tone: "info", Title: "It begins in a moment", Text: "You may leave this page; the replay goes on."})
		} else {
			d.Notices = append(d.Notices, views.Notice{Tone: "info", Title: fmt.Sprintf("%d %% of the time has been read", r.Percent()), Text: grouped(r.Read) + " entries of the log so far. You may leave this page; the replay goes on, even when the server restarts."})
		}
	}
	if r.State == models.ReplayFailed {
		d.Notices = append(d.Notices, views.Notice{Tone: "danger", Title: "The replay could not be finished", Text: "The program’s log says why. Try a shorter time."})
	}
	d.Sections = p.replaySections(v, r, known)
	if r.Open() && v.may(access.ConditionalWrite) {
		d.Sections = append(d.Sections, views.Section{ID: "cancel", Title: "Stop", Lead: "What was counted so far stays here.", Buttons: []views.Action{{Label: "Cancel this replay", Post: v.replaysBase() + "/" + r.ID + "/cancel"}}})
	}
	return handlers.Render(c, fiber.StatusOK, views.DetailPage(s, d))
}

func (p *Portal) replaySections(v *visit, r models.Replay, known policy.Known) []views.Section {
	rep := r.Report
	sum := views.Section{ID: "sum", Title: "Compared with today’s policies", Lead: replayFinding(r), Table: &views.Table{Caption: "Compared with today’s policies", Columns: []views.Column{{Label: "With the draft they would be"}, {Label: "Sign-ins", Num: true}, {Label: "Of all", Num: true}, {Label: "People", Num: true}}}}
	for _, what := range append(policy.Changes(), policy.Same) {
		people := grouped(rep.People[what])
		if what == policy.Same {
			people = ""
		}
		sum.Table.Rows = append(sum.Table.Rows, views.Row{Cells: []views.Cell{plain(changeWord(what)), count(rep.SignIns[what]), {Kind: views.Num, Text: share(rep.SignIns[what], rep.Asked)}, {Kind: views.Num, Text: people}}})
	}
	sum.Summary = facts(fact("Sign-ins asked again", count(rep.Asked)), fact("From", when(r.Draft.From)), fact("To", when(r.Draft.To)))
	if rep.Unasked > 0 {
		sum.Summary = append(sum.Summary, fact("Left out", plain(signIns(rep.Unasked)+", recorded before decisions were, or without any policy being asked")))
	}
	out := []views.Section{sum}
	if len(rep.Reached) > 0 {
		t := &views.Table{Caption: "What they would be asked for", Columns: []views.Column{{Label: "Newly asked for"}, {Label: "Sign-ins", Num: true}}}
		for _, ask := range sortedByCount(rep.Reached) {
			t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{plain(askWord(known, ask)), count(rep.Reached[ask])}})
		}
		out = append(out, views.Section{ID: "asked", Title: "What they would be asked for", Table: t})
	}
	changed := rep.Asked - rep.SignIns[policy.Same]
	if changed > 0 {
		out = append(out, v.partSection("apps", "By application", rep.Apps, func(key string) string {
			if cl := v.dir.Clients[key]; cl != nil {
				return cl.Name
			}
			return choose(key == "", "No application", key)
		}), v.partSection("countries", "By country", rep.Places, func(key string) string { return choose(key == "", "Unknown", countryName(p, key)) }),
			v.partSection("platforms", "By platform", rep.Systems, func(key string) string { return choose(key == "", "Unknown", key) }))
	}
	for _, what := range policy.Changes() {
		if list := rep.Samples[what]; len(list) > 0 && v.may(access.AuditRead) { // examples are entries of the log
			out = append(out, v.sampleSection(what, list, known))
		}
	}
	return append(out, draftSection(r, known))
}

// replayFinding is the report in a sentence, and what it is compared with: the policies as they were when the
// replay began, not those under which each sign-in was made.
func replayFinding(x models.Replay) string {
	r := x.Report
	const with = " Both are asked with what was recorded then. Who got in before a policy of today was there counts as what that policy would make of them now; what was decided then is in each entry of the log."
	switch changed := r.Asked - r.SignIns[policy.Same]; {
	case policy.NewReplay(x.Draft.Present, x.Draft.Draft).Nothing():
		return "The draft demands just what the policies in force demanded when the replay began, so there is nothing to compare."
	case r.Asked == 0:
		return "No sign-in with a recorded decision lies in this time."
	case changed == 0:
		return "The draft would decide each of " + signIns(r.Asked) + " as today’s policies do." + with
	default:
		return grouped(changed) + " of " + signIns(r.Asked) + " would go another way than with today’s policies." + with
	}
}

func share(n, of int64) string {
	if of == 0 || n == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of))
}

func sortedByCount(m map[string]int64) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b string) int {
		if m[a] != m[b] {
			return int(m[b] - m[a])
		}
		return strings.Compare(a, b)
	})
	return out
}

// partSection is one breakdown: only parts in which something would have changed, at most thirty.
func (v *visit) partSection(id, title string, parts []policy.Part, name func(string) string) views.Section {
	t := &views.Table{Caption: title, Columns: []views.Column{{Label: strings.TrimPrefix(title, "By ")}, {Label: "Sign-ins", Num: true}}}
	t.Columns[0].Label = strings.ToUpper(t.Columns[0].Label[:1]) + t.Columns[0].Label[1:]
	for _, what := range policy.Changes() {
		t.Columns = append(t.Columns, views.Column{Label: changeWord(what), Num: true})
	}
	unchanged := 0
	for _, x := range parts {
		if x.Changed() == 0 || len(t.Rows) >= 30 {
			unchanged++
			continue
		}
		row := views.Row{Cells: []views.Cell{{Kind: views.Name, Text: name(x.Key)}, count(x.Asked)}}
		for _, what := range policy.Changes() {
			row.Cells = append(row.Cells, count(x.SignIns[what]))
		}
		t.Rows = append(t.Rows, row)
	}
	s := views.Section{ID: id, Title: title, Table: t}
	if unchanged > 0 {
		s.Lead = "Not listed: " + numberWords(unchanged, "others") + " without or with fewer changes."
	}
	return s
}

func countryName(p *Portal, code string) string {
	if name := p.Bundle.Match("en").Countries()[strings.ToUpper(code)]; name != "" {
		return name
	}
	return code
}

// sampleSection are recorded sign-ins that would have gone another way.
func (v *visit) sampleSection(what policy.Change, list []policy.Sample, known policy.Known) views.Section {
	t := &views.Table{Caption: "Examples", Columns: []views.Column{{Label: "Sign-in"}, {Label: "Application"}, {Label: "With today’s policies"}, {Label: "With the draft"}, {Label: "Look closer"}}}
	for _, x := range list {
		app := x.ClientID
		if cl := v.dir.Clients[x.ClientID]; cl != nil {
			app = cl.Name
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.When, Time: x.At, Href: v.base() + "/sign-ins/" + x.ID}, {Kind: views.Name, Text: app},
			{Kind: views.Lines, List: outcomeLines(known, x.Was)}, {Kind: views.Lines, List: outcomeLines(known, x.Will)}, {Text: "What if…", Href: v.base() + "/what-if?signIn=" + x.ID}}})
	}
	return views.Section{ID: string(what), Title: changeWord(what) + ": examples", Lead: "The newest, one of each person.", Table: t}
}

// draftSection says what was tried: the policies that are not the same on both sides.
func draftSection(r models.Replay, known policy.Known) views.Section {
	t := &views.Table{Caption: "What was tried", Columns: []views.Column{{Label: "Policy"}, {Label: "Today"}, {Label: "In the draft"}}}
	say := func(list []policy.Policy, id string) (string, string) {
		for _, x := range list {
			if x.ID == id {
				return x.Name, policyStateWord(x.State) + ": " + policy.Plain(policy.Sentence(x, known))
			}
		}
		return "", "Not there"
	}
	seen := map[string]bool{}
	for _, x := range append(slices.Clone(r.Draft.Draft.Policies), r.Draft.Present.Policies...) {
		if seen[x.ID] {
			continue
		}
		seen[x.ID] = true
		_, was := say(r.Draft.Present.Policies, x.ID)
		if _, will := say(r.Draft.Draft.Policies, x.ID); was != will {
			t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: x.Name}, plain(was), plain(will)}})
		}
	}
	return views.Section{ID: "draft", Title: "What was tried", Table: t, Empty: "The draft says what today’s policies say."}
}
