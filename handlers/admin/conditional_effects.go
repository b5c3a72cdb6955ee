package admin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/policy"
	"portico/models"
	views "portico/views/admin"
)

// effectDays is how far back the list of policies looks.
const effectDays = 7

// effectSpans are what the page of a policy can look back at.
func effectSpans() []views.Option {
	return []views.Option{{Value: "1", Label: "24 hours"}, {Value: "7", Label: "7 days"}, {Value: "30", Label: "30 days"}}
}

func (p *Portal) effectSince(days int) time.Time {
	return p.Now().Add(-time.Duration(days) * 24 * time.Hour)
}

// effectWords is what a policy did, or would have done, in one line; empty for one that is off.
func effectWords(x policy.Policy, e models.Effect, span string) string {
	if x.State == policy.Off {
		return ""
	}
	every := e.All()
	if every == 0 {
		return "No sign-in in the last " + span + " to judge it by"
	}
	would := x.State == policy.ReportOnly
	of := " of " + signIns(every) + " in the last " + span
	if x.Blocks() {
		return choose(would, "Would have refused ", "Refused ") + grouped(e.Of("failure")) + of
	}
	applied := e.Of("success", "failure", "interrupted")
	if applied == 0 {
		return "Applied to none" + of
	}
	if would {
		return "Would have applied to " + grouped(applied) + of + "; asked for more: " + grouped(e.Of("interrupted")+e.Of("failure"))
	}
	return "Applied to " + grouped(applied) + of + "; not satisfied: " + grouped(e.Of("failure", "interrupted"))
}

// signIns counts sign-ins in words.
func signIns(n int64) string { return grouped(n) + choose(n == 1, " sign-in", " sign-ins") }

// effect is what a policy did, for its own page: counted, by application, with examples.
func (p *Portal) effect(c *fiber.Ctx, v *visit, x policy.Policy) (*views.PolicyEffect, []views.Section, error) {
	if x.State == policy.Off {
		return nil, nil, nil
	}
	days, span := effectDays, "7 days"
	for _, o := range effectSpans() {
		if o.Value == c.Query("days") {
			days, _ = strconv.Atoi(o.Value)
			span = o.Label
		}
	}
	parts, err := v.tenant.PolicyEffect(c.UserContext(), x.ID, p.effectSince(days))
	if err != nil {
		return nil, nil, err
	}
	sum, byApp := models.Effect{}, map[string]models.Effect{}
	for _, part := range parts {
		sum[part.Result] += part.Count
		if byApp[part.ClientID] == nil {
			byApp[part.ClientID] = models.Effect{}
		}
		byApp[part.ClientID][part.Result] += part.Count
	}
	out := &views.PolicyEffect{Span: span, Says: effectWords(x, sum, span) + "."}
	for _, o := range effectSpans() {
		out.Spans = append(out.Spans, views.Link{Label: o.Label, Href: v.policyBase(x.ID) + "?days=" + o.Value})
	}
	if sum.All() == 0 {
		return out, nil, nil
	}
	for _, r := range effectResults() {
		out.Figures = append(out.Figures, views.Figure{Label: r.label, Value: grouped(sum.Of(r.name)), Note: choose(x.State == policy.ReportOnly, r.would, r.note)})
	}
	sections := []views.Section{v.effectByApp(byApp)}
	if v.may(access.AuditRead) {
		samples, err := p.effectSamples(c.UserContext(), v, x, days)
		if err != nil {
			return nil, nil, err
		}
		if len(samples.Table.Rows) > 0 {
			sections = append(sections, samples)
		}
	}
	return out, sections, nil
}

type effectResult struct{ name, label, note, would string }

// effectResults are what can become of a sign-in by a policy, in Graph's words and in ours.
func effectResults() []effectResult {
	return []effectResult{
		{"success", "Satisfied", "what it asks for was shown", "what it asks for was shown anyway"},
		{"interrupted", "Asked for more", "and the person went away", "the person would have been asked"},
		{"failure", "Refused", "or did not show it", "or could not have shown it"},
		{"notApplied", "Not applied", "a condition did not fit", "a condition did not fit"},
	}
}

// effectByApp counts by application, the most affected first.
func (v *visit) effectByApp(byApp map[string]models.Effect) views.Section {
	s := views.Section{ID: "by-app", Title: "By application", Table: &views.Table{Caption: "By application", Columns: []views.Column{{Label: "Application"}}}}
	for _, r := range effectResults() {
		s.Table.Columns = append(s.Table.Columns, views.Column{Label: r.label, Num: true})
	}
	ids := make([]string, 0, len(byApp))
	for id := range byApp {
		ids = append(ids, id)
	}
	applied := func(id string) int64 { return byApp[id].Of("success", "failure", "interrupted") }
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(applied(b), applied(a)), cmp.Compare(a, b)) })
	for _, id := range ids[:min(len(ids), 20)] {
		row := views.Row{Cells: []views.Cell{v.clientCell(id)}}
		for _, r := range effectResults() {
			row.Cells = append(row.Cells, count(byApp[id].Of(r.name)))
		}
		s.Table.Rows = append(s.Table.Rows, row)
	}
	return s
}

// clientCell is an application by its client id.
func (v *visit) clientCell(id string) views.Cell {
	if cl, ok := v.dir.Clients[id]; ok {
		return views.Cell{Kind: views.Name, Text: cl.Name, Href: v.base() + "/applications/" + cl.ObjectID}
	}
	if id == ClientID {
		return plain(ClientName)
	}
	return plain(choose(id == "", "None", id))
}

// effectSamples are some of the newest sign-ins that the policy applied to.
func (p *Portal) effectSamples(ctx context.Context, v *visit, x policy.Policy, days int) (views.Section, error) {
	s := views.Section{ID: "samples", Title: "Examples", Lead: "Some of the newest; open one to read its whole decision.", Table: &views.Table{Caption: "Examples", Columns: []views.Column{{Label: "Time"}, {Label: "Who"}, {Label: "Application"}, {Label: "Result"}}}}
	found, err := v.tenant.EffectSamples(ctx, x.ID, p.effectSince(days), 3)
	if err != nil {
		return s, err
	}
	var list []models.EffectSample
	var people []string
	for _, some := range found {
		list = append(list, some...)
		for _, one := range some {
			people = append(people, one.UserID)
		}
	}
	slices.SortFunc(list, func(a, b models.EffectSample) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.SignInID, b.SignInID))
	})
	names := map[string]string{}
	if v.may(access.UserRead) {
		users, err := v.tenant.UsersByID(ctx, people)
		if err != nil {
			return s, err
		}
		for _, u := range users {
			names[u.ID] = userName(u)
		}
	}
	for _, one := range list {
		who := names[one.UserID]
		s.Table.Rows = append(s.Table.Rows, views.Row{Cells: []views.Cell{{Kind: views.When, Time: one.At, Href: v.base() + "/sign-ins/" + one.SignInID}, {Kind: views.Name, Text: choose(who == "", one.UserID, who)}, v.clientCell(one.ClientID), plain(humane(one.Result))}})
	}
	return s, nil
}

// lossOf says how many customers a policy would keep out, by the sign-ins of the last days (the lock-out guard's
// number); nothing when it is not on or changes nothing.
func (v *visit) lossOf(ctx context.Context, x policy.Policy) (*views.Notice, error) {
	if x.State != policy.On || !v.dir.Tenant.Governed() {
		return nil, nil
	}
	present, err := v.tenant.Rules(ctx)
	if err != nil {
		return nil, err
	}
	a, err := v.tenant.Affected(ctx, present, models.WithPolicy(present, x))
	if err != nil || a.SignIns == 0 || a.Blocked+a.Challenged == 0 {
		return nil, err
	}
	since := "By the sign-ins of the last 30 days"
	if !a.Whole {
		since = "By the sign-ins since " + a.Since.UTC().Format("2 January 15:04 UTC") + ", which is as far as could be read in a moment"
	}
	n := &views.Notice{Tone: "info", Title: grouped(a.Challenged) + choose(a.Challenged == 1, " person", " people") + " would be asked for more", Text: since + "."}
	if a.Blocked > 0 {
		n.Tone, n.Title = "danger", fmt.Sprintf("%s %s who got in would be kept out", grouped(a.Blocked), choose(a.Blocked == 1, "person", "people"))
		if a.Challenged > 0 {
			n.Text = since + "; " + grouped(a.Challenged) + " more would be asked for more."
		}
	}
	return n, nil
}

// policyReplay replays the draft in the editor over the last days; it opens beside the editor, which stays.
func (p *Portal) policyReplay(c *fiber.Ctx, e policyEdit) error {
	v, ctx := visitOf(c), c.UserContext()
	draft, err := v.readPolicy(e)
	if err != nil {
		return p.policyEditor(c, e, err)
	}
	if draft.State == policy.ReportOnly || draft.State == policy.Off { // what it would do if it were on
		draft.State = policy.On
	}
	if draft.ID == "" {
		draft.ID = models.NewID()
	}
	present, err := v.tenant.Rules(ctx)
	if err != nil {
		return err
	}
	r, err := v.tenant.StartReplay(ctx, v.actor(c), models.ReplayDraft{Name: draft.Name, Days: 30, PolicyID: draft.ID, Present: present, Draft: models.WithPolicy(present, draft)})
	if err != nil {
		return p.policyEditor(c, e, err)
	}
	return c.Redirect(v.base()+"/policy-replays/"+r.ID, fiber.StatusSeeOther)
}
