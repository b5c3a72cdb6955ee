package admin

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/policy"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// policyEdit is a policy while it is written: where it comes from, what the form holds.
type policyEdit struct {
	was   policy.Policy // stored; of a new one, what the form does not show
	in    policyInput
	title string
	note  string
	isNew bool
	loss  *views.Notice // how many would be kept out, once it was counted

	submit string // words of the button that saves; "" = the usual ones
}

// policyNew begins a policy: from nothing, aimed at applications (?apps=), from a template or from another one.
func (p *Portal) policyNew(c *fiber.Ctx) error {
	v := visitOf(c)
	e := policyEdit{isNew: true, title: "New policy"}
	fresh := policy.Policy{State: policy.ReportOnly, GrantControls: &policy.GrantControls{Operator: "AND", BuiltInControls: []string{policy.ControlMFA}},
		Conditions: policy.Conditions{Users: policy.Users{IncludeUsers: []string{policy.All}}, ClientAppTypes: []string{policy.AnyClient}}}
	if me, staff := v.myself(); staff {
		fresh.Conditions.Users.ExcludeUsers = []string{me}
	}
	if apps := c.Query("apps"); apps != "" {
		for _, id := range strings.Split(apps, ",") {
			if cl, ok := v.dir.Clients[id]; ok {
				fresh.Conditions.Applications.IncludeApplications = append(fresh.Conditions.Applications.IncludeApplications, cl.ID)
				e.note = "It is aimed at " + andList(v.appNames(fresh.Conditions.Applications.IncludeApplications)) + " already."
			}
		}
	}
	if id := c.Query("context"); id != "" {
		fresh.Conditions.Applications = policy.Applications{IncludeContexts: []string{id}}
	}
	if id := c.Query("template"); id != "" {
		t, ok := policyTemplate(id)
		if !ok {
			return fault.New(fault.NotFound, "error.not_found")
		}
		fresh = v.fromTemplate(t)
		e.note = "Made from the template “" + t.Name + "”."
	}
	if id := c.Query("copy"); id != "" {
		from, err := v.tenant.Policy(c.UserContext(), id)
		if err != nil {
			return err
		}
		fresh = from
		fresh.ID, fresh.TemplateID, fresh.Name, fresh.State = "", "", "Copy of "+from.Name, policy.ReportOnly
	}
	e.in = inputOf(fresh)
	return p.policyEditor(c, e, nil)
}

func (v *visit) appNames(clientIDs []string) []string {
	var out []string
	for _, id := range clientIDs {
		if cl, ok := v.dir.Clients[id]; ok {
			out = append(out, "“"+cl.Name+"”")
		}
	}
	return out
}

func (p *Portal) policyEditForm(c *fiber.Ctx) error {
	v := visitOf(c)
	was, err := v.tenant.Policy(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	in := inputOf(was)
	in.set("modified", stamp(was.ModifiedAt))
	return p.policyEditor(c, policyEdit{was: was, in: in, title: "Edit policy"}, nil)
}

// policyCreate saves a new policy, or does what another button of its form asks.
func (p *Portal) policyCreate(c *fiber.Ctx) error {
	v, e := visitOf(c), policyEdit{in: sentPolicy(c), isNew: true, title: "New policy"}
	if typed(c, "do") != "" {
		return p.policyDo(c, e)
	}
	made, err := v.readPolicy(e)
	if err == nil {
		err = v.keepsOut(c, &e, made)
	}
	if err == nil {
		made, err = v.tenant.CreatePolicy(c.UserContext(), v.actor(c), made, handlers.SignalsOf(c))
	}
	if err != nil {
		return p.policyEditor(c, e, err)
	}
	return p.done(c, v.policyBase(made.ID), policySaved(made))
}

func (p *Portal) policySave(c *fiber.Ctx) error {
	v, ctx := visitOf(c), c.UserContext()
	was, err := v.tenant.Policy(ctx, c.Params("id"))
	if fault.Is(err, fault.NotFound) {
		return p.policyGone(c, err)
	}
	if err != nil {
		return err
	}
	e := policyEdit{was: was, in: sentPolicy(c), title: "Edit policy"}
	if typed(c, "do") != "" {
		return p.policyDo(c, e)
	}
	saw := e.in.get("modified")
	wanted, err := v.readPolicy(e)
	if err == nil {
		err = v.keepsOut(c, &e, wanted)
	}
	if err == nil {
		_, err = v.tenant.UpdatePolicy(ctx, v.actor(c), was.ID, handlers.SignalsOf(c), func(now *policy.Policy) error {
			if stamp(now.ModifiedAt) != saw {
				return fault.New(fault.Conflict, "admin.policy.changed_meanwhile")
			}
			now.Name, now.Description, now.State, now.Conditions = wanted.Name, wanted.Description, wanted.State, wanted.Conditions
			now.GrantControls, now.SessionControls = wanted.GrantControls, wanted.SessionControls
			return nil
		})
	}
	if fault.Is(err, fault.NotFound) {
		return p.policyGone(c, err)
	}
	if err != nil {
		if fault.Of(err).Key == "admin.policy.changed_meanwhile" { // sent again, it replaces the change that its sender now knows of
			e.in.set("modified", stamp(was.ModifiedAt))
			if e.note, err = v.changedSince(ctx, was, saw, err); fault.Of(err).Key != "admin.policy.changed_meanwhile" {
				return err
			}
		}
		return p.policyEditor(c, e, err)
	}
	return p.done(c, v.policyBase(was.ID), policySaved(wanted))
}

// policyGone gives what was typed back when somebody deleted the policy meanwhile: it can be saved as a new one.
func (p *Portal) policyGone(c *fiber.Ctx, missing error) error {
	v := visitOf(c)
	deleted, err := v.tenant.DeletedPolicies(c.UserContext())
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(deleted, func(x policy.Policy) bool { return x.ID == strings.ToLower(c.Params("id")) }) {
		return missing
	}
	e := policyEdit{in: sentPolicy(c), isNew: true, title: "New policy", submit: "Save as a new policy"}
	return p.policyEditor(c, e, fault.New(fault.Conflict, "admin.policy.deleted_meanwhile"))
}

// changedSince says what others changed in a policy since an admin opened it; problem is given back when that
// could be found out.
func (v *visit) changedSince(ctx context.Context, was policy.Policy, saw string, problem error) (string, error) {
	since := was.CreatedAt // what they saw had never been changed
	if saw != "" {
		var err error
		if since, err = time.Parse(time.RFC3339Nano, saw); err != nil {
			return "", problem
		}
	}
	page, err := v.tenant.Audits(ctx, models.AuditQuery{TargetID: was.ID, From: since.Add(time.Microsecond), OldestFirst: true, Limit: 100})
	if err != nil {
		return "", err
	}
	var fields []string
	for _, entry := range page.Items {
		for _, change := range entry.Changes {
			if word := policyFieldWord(change.Property); !slices.Contains(fields, word) {
				fields = append(fields, word)
			}
		}
	}
	if len(fields) == 0 {
		return "", problem
	}
	return "Changed meanwhile: " + andList(fields) + ".", problem
}

func policySaved(x policy.Policy) string {
	switch x.State {
	case policy.On:
		return "Policy “" + x.Name + "” saved. It is on: it holds from the next request."
	case policy.ReportOnly:
		return "Policy “" + x.Name + "” saved. It only reports; the sign-in log says what it would do."
	}
	return "Policy “" + x.Name + "” saved. It is off."
}

// readPolicy reads the form into a policy and complains about everything at once: what the form itself can see, and
// what the domain says.
func (v *visit) readPolicy(e policyEdit) (policy.Policy, error) {
	var bad fault.Fields
	x := e.in.policy(e.was, &bad)
	for _, f := range complaintsOf(policy.Validate(x, nil)) { // what it names is looked up when it is saved
		if !slices.ContainsFunc(bad, func(b fault.Field) bool { return policyControl(b.Name) == policyControl(f.Name) }) {
			bad = append(bad, f)
		}
	}
	if mustConfirm(x) && !e.in.on("confirmed") {
		bad.Add("confirmed", "admin.policy.confirm", nil)
	}
	return x, bad.Err()
}

// keepsOut refuses, once, a policy under which customers who got in lately would not: whoever saves it has seen
// how many, and ticked it.
func (v *visit) keepsOut(c *fiber.Ctx, e *policyEdit, x policy.Policy) error {
	if e.in.on("losing") {
		return nil
	}
	loss, err := v.lossOf(c.UserContext(), x)
	if err != nil || loss == nil || loss.Tone != "danger" {
		return err
	}
	e.loss = loss
	return fault.BadField("losing", "admin.policy.losing", nil)
}

// losingField is the tick of who keeps people out knowingly.
func losingField(value string) views.Field {
	return views.Field{Kind: views.Check, Name: "losing", Label: "Yes, they shall be kept out", Value: value}
}

func complaintsOf(err error) []fault.Field {
	if err == nil {
		return nil
	}
	return fault.Of(err).Fields
}

// policyDo answers a button other than "Save": the form comes back, changed or not. Nothing is written.
func (p *Portal) policyDo(c *fiber.Ctx, e policyEdit) error {
	switch typed(c, "do") {
	case "replay":
		return p.policyReplay(c, e)
	case "exclude-me":
		if me, staff := visitOf(c).myself(); staff && !slices.Contains(e.in["excludeUsers"], me) {
			e.in["excludeUsers"] = append(e.in["excludeUsers"], me)
		}
	}
	return p.policyEditor(c, e, nil)
}

// policyFollow answers the editor's script: what the form says at the moment, or what a search found.
func (p *Portal) policyFollow(c *fiber.Ctx) error {
	v, in := visitOf(c), sentPolicy(c)
	var bad fault.Fields
	draft := in.policy(policy.Policy{}, &bad)
	known, err := v.tenant.KnownTo(c.UserContext(), draft)
	if err != nil {
		return err
	}
	if side, ok := strings.CutPrefix(typed(c, "do"), "find."); ok && (side == "include" || side == "exclude") {
		x, label := policyThings{known: known}, choose(side == "include", findInclude, findExclude)
		picker, err := p.picker(c, in, x, side, label)
		if err != nil {
			return err
		}
		return handlers.Render(c, fiber.StatusOK, views.PickerBody(picker))
	}
	return handlers.Render(c, fiber.StatusOK, views.Said(v.saidPart(draft, known, in)))
}

// saidPart is the sentence with what must be known about it.
func (v *visit) saidPart(draft policy.Policy, known policy.Known, in policyInput) views.PolicySaid {
	out := views.PolicySaid{Sentence: said(draft, known), Notices: v.policyWarnings(draft, known)}
	if mustConfirm(draft) {
		out.Confirm = &views.Field{Kind: views.Check, Name: "confirmed", Label: "Yes, it shall hold for everybody in every application", Value: in.get("confirmed")}
	}
	out.Links = []views.Try{{Label: "Replay it over past sign-ins", Name: "do", Value: "replay"}}
	if me, staff := v.myself(); staff && everywhere(draft) && !slices.Contains(draft.Conditions.Users.ExcludeUsers, me) {
		out.Exclude = "Exclude me"
	}
	return out
}

// policyEditor shows the form; with a problem it is the same form again with what was typed, and 422.
func (p *Portal) policyEditor(c *fiber.Ctx, e policyEdit, problem error) error {
	v := visitOf(c)
	var ignored fault.Fields // said when the form is saved
	draft := e.in.policy(e.was, &ignored)
	things, err := p.policyThings(c, draft)
	if err != nil {
		return err
	}
	parts, err := p.editorParts(c, e.in, things)
	if err != nil {
		return err
	}
	at := v.policiesBase()
	crumbs := []views.Link{{Label: "Conditional Access", Href: at}}
	if !e.isNew {
		at = v.policyBase(e.was.ID)
		crumbs = append(crumbs, views.Link{Label: e.was.Name, Href: at})
	}
	ed := views.PolicyEditor{Action: choose(e.isNew, at, at+"/edit"), Follow: v.policiesBase() + "/preview", Cancel: at, Submit: choose(e.submit == "", "Save policy", e.submit), Parts: parts, Note: e.note,
		Said: v.saidPart(draft, things.known, e.in), State: stateField(e.in.get("state"), ""),
		Hidden: []views.Field{{Name: "modified", Value: e.in.get("modified")}, {Name: "templateId", Value: e.in.get("templateId")}}}
	if e.loss != nil {
		ed.Said.Notices = append(ed.Said.Notices, *e.loss)
	}
	if e.loss != nil || e.in.on("losing") {
		losing := losingField(e.in.get("losing"))
		ed.Losing = &losing
	}
	status := fiber.StatusOK
	s, err := p.shell(c, e.title, "", policyHelp(), crumbs...)
	if err != nil {
		return err
	}
	if problem != nil {
		if s.Problems = complainPolicy(c, &ed, problem); s.Problems == nil {
			return problem
		}
		status = fiber.StatusUnprocessableEntity
	}
	return handlers.Render(c, status, views.PolicyEditorPage(s, ed))
}

// complainPolicy puts an error beside the controls that it is about, and gives the lines of the summary; nil when
// the error is not the form's affair.
func complainPolicy(c *fiber.Ctx, ed *views.PolicyEditor, err error) []views.Problem {
	l, e := handlers.InfoOf(c).Locale, fault.Of(err)
	switch e.Code {
	case fault.Invalid, fault.Conflict, fault.Denied, fault.Expired:
	default:
		return nil
	}
	if len(e.Fields) == 0 {
		return []views.Problem{{Text: l.T(e.Key, e.Args)}}
	}
	var out []views.Problem
	for _, bad := range e.Fields {
		text, name := l.T(bad.Key, bad.Args), policyControl(bad.Name)
		if !ed.Complain(name, text) {
			name = ""
		}
		if line := (views.Problem{Text: text, Name: name}); !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return out
}

// day30 is when something deleted at t is erased.
func day30(t time.Time) string { return t.Add(30 * 24 * time.Hour).UTC().Format("2 January 2006") }

// policyFieldWord names a property of a policy, as its change is recorded, in the words of the editor.
func policyFieldWord(property string) string {
	for _, x := range []struct{ property, word string }{
		{"displayName", "name"}, {"description", "description"}, {"state", "state"}, {"conditions.users", "who"}, {"conditions.applications", "what it is about"},
		{"conditions.platforms", "device platforms"}, {"conditions.locations", "places"}, {"conditions.clientAppTypes", "clients"}, {"conditions.signInRisk", "risk of the sign-in"},
		{"conditions.userRisk", "risk of the person"}, {"conditions.authenticationFlows", "authentication flows"}, {"grantControls", "what is asked for"},
		{"sessionControls", "session"}} {
		if strings.HasPrefix(property, x.property) {
			return x.word
		}
	}
	return property
}
