package admin

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/policy"
	"portico/handlers"
	views "portico/views/admin"
)

// conditionalRoutes are the Conditional Access policies and what they name.
func (p *Portal) conditionalRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/conditional-access"
	const read, write = access.ConditionalRead, access.ConditionalWrite
	return append([]handlers.Route{
		{Method: get, Path: at, Handler: p.policyList, Permission: read, NavGroup: navProtect, NavLabel: "Policies"},
		{Method: get, Path: at + "/new", Handler: p.governed(p.policyNew), Permission: write},
		{Method: post, Path: at, Handler: p.policyCreate, Permission: write},
		{Method: post, Path: at + "/preview", Handler: p.policyFollow, Permission: write},
		{Method: get, Path: at + "/templates", Handler: p.policyTemplateList, Permission: read},
		{Method: post, Path: at + "/templates", Handler: p.policyFromTemplate, Permission: write},
		{Method: get, Path: at + "/import", Handler: p.governed(p.policyImportForm), Permission: write},
		{Method: post, Path: at + "/import", Handler: p.policyImport, Permission: write, BodyLimit: formBody, Streams: true},
		{Method: get, Path: at + "/export", Handler: p.policyExportAll, Permission: read},
		{Method: get, Path: at + "/deleted", Handler: p.policyDeletedList, Permission: read},
		{Method: post, Path: at + "/deleted/:id/restore", Handler: p.policyRestore, Permission: write},
	}, append(p.placeRoutes(at), append(p.strengthRoutes(at), []handlers.Route{
		{Method: get, Path: at + "/:id", Handler: p.policyDetail, Permission: read},
		{Method: get, Path: at + "/:id/export", Handler: p.policyExport, Permission: read},
		{Method: get, Path: at + "/:id/edit", Handler: p.governed(p.policyEditForm), Permission: write},
		{Method: post, Path: at + "/:id/edit", Handler: p.policySave, Permission: write},
		{Method: get, Path: at + "/:id/state", Handler: p.governed(p.policyStateForm), Permission: write},
		{Method: post, Path: at + "/:id/state", Handler: p.policyState, Permission: write},
		{Method: get, Path: at + "/:id/delete", Handler: p.governed(p.policyDeleteForm), Permission: write},
		{Method: post, Path: at + "/:id/delete", Handler: p.policyDelete, Permission: write},
	}...)...)...)
}

func policyHelp() views.Help {
	return views.Help{What: "If somebody wants to use an application, then they must do something more: confirm who they are a second time, choose a new password, agree to terms; or they are refused. Each policy is one such rule. All that apply hold together; there is no order among them, and one more never makes another weaker. They are asked after the first proof, when an application renews its tokens, and when somebody who is signed in comes back.",
		Do: "Begin with “Report-only”: the sign-in log then says what each policy would do, and nobody notices. Look at What-If and the replay of past sign-ins, then switch it on. Who is excluded is never affected: keep one emergency account out of every policy that refuses."}
}

func (v *visit) policiesBase() string        { return v.base() + "/conditional-access" }
func (v *visit) policyBase(id string) string { return v.policiesBase() + "/" + id }
func (v *visit) policyCrumbs(more ...views.Link) []views.Link {
	return append([]views.Link{{Label: "Conditional Access", Href: v.policiesBase()}}, more...)
}

// The tabs of Conditional Access.
const (
	tabPolicies  = "Policies"
	tabPlaces    = "Named locations"
	tabStrengths = "Authentication strengths"
	tabContexts  = "Authentication contexts"
)

func (v *visit) policyTabs() []views.Link {
	at := v.policiesBase()
	return []views.Link{{Label: tabPolicies, Href: at}, {Label: tabPlaces, Href: at + "/locations"}, {Label: tabStrengths, Href: at + "/strengths"}, {Label: tabContexts, Href: at + "/contexts"}}
}

// writesPolicies reports whether the admin may change policies here. A trial has none (DESIGN §5.12).
func (v *visit) writesPolicies() bool {
	return v.may(access.ConditionalWrite) && v.dir.Tenant.Governed()
}

// trialNotice explains a trial's pages.
func (v *visit) trialNotice() []views.Notice {
	if v.dir.Tenant.Governed() {
		return nil
	}
	return []views.Notice{{Tone: "info", Title: "A trial has no Conditional Access", Text: "No policy is asked and none can be saved. What was there before rests, and holds again with the standard plan, which the operator of this installation switches on."}}
}

// governed keeps a trial from forms that could only fail: they show why instead.
func (p *Portal) governed(page fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		v := visitOf(c)
		notices := v.trialNotice()
		if notices == nil {
			return page(c)
		}
		s, err := p.shell(c, "Not in a trial", "", policyHelp(), v.policyCrumbs()...)
		if err != nil {
			return err
		}
		return p.detail(c, s, views.Detail{Notices: notices})
	}
}

func (p *Portal) policyList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search", "state", "app")
	list, err := v.tenant.Policies(c.UserContext())
	if err != nil {
		return err
	}
	known, err := v.tenant.KnownTo(c.UserContext(), list...)
	if err != nil {
		return err
	}
	effects, err := v.tenant.PolicyEffects(c.UserContext(), p.effectSince(effectDays))
	if err != nil {
		return err
	}
	page := views.PolicyList{Tabs: v.policyTabs(), Tab: tabPolicies, Notices: v.trialNotice()}
	doubles := map[string]int{}
	for _, x := range list {
		doubles[strings.ToLower(x.Name)]++
	}
	for _, x := range list {
		words := said(x, known)
		if !policyFits(w, x, words) {
			continue
		}
		item := views.PolicyItem{Name: x.Name, Href: v.policyBase(x.ID), State: policyState(x.State), Sentence: words}
		item.Effect = effectWords(x, effects[x.ID], "7 days")
		for _, n := range v.policyConflicts(x, known) {
			item.Warnings = append(item.Warnings, strings.TrimSuffix(n.Title, ".")+".")
		}
		if doubles[strings.ToLower(x.Name)] > 1 {
			item.Warnings = append(item.Warnings, "Another policy has the same name.")
		}
		page.Policies = append(page.Policies, item)
	}
	s, err := p.shell(c, "Conditional Access", "If somebody wants to use an application, then they must do something more.", policyHelp())
	if err != nil {
		return err
	}
	at := v.policiesBase()
	var first *views.Link
	if v.writesPolicies() {
		s.Primary = &views.Link{Label: "New policy", Href: at + "/new"}
		first = &views.Link{Label: "Choose a template", Href: at + "/templates"}
		page.Also = []views.Link{{Label: "New from a template", Href: at + "/templates"}, {Label: "New from a JSON file", Href: at + "/import"}}
	}
	page.Also = append(page.Also, views.Link{Label: "Deleted policies", Href: at + "/deleted"})
	if len(list) > 0 {
		page.Download = at + "/export"
	}
	states := []views.Option{{Label: "Any state"}, {Value: string(policy.On), Label: "On"}, {Value: string(policy.ReportOnly), Label: "Report-only"}, {Value: string(policy.Off), Label: "Off"}}
	if len(list) > 0 {
		page.Filter = w.filter(3, views.Field{Name: "search", Label: "Part of the name or sentence", Type: "search"}, views.Field{Kind: views.Select, Name: "state", Label: "State", Options: states},
			views.Field{Kind: views.Select, Name: "app", Label: "About the application", Options: append([]views.Option{{Label: "Any"}}, v.targetApps()...)})
	}
	page.Shown = numberWords(len(page.Policies), "policies")
	if len(page.Policies) == 1 {
		page.Shown = "1 policy"
	}
	page.Empty = emptyOf(w, "No policies yet", "Whoever has proven the first factor gets in, as the user flows say. A policy asks for more where it matters.", first)
	return handlers.Render(c, fiber.StatusOK, views.PolicyListPage(s, page))
}

// policyFits reports whether a policy is shown under the filters.
func policyFits(w view, x policy.Policy, words views.Words) bool {
	text := strings.ToLower(x.Name + " " + sentenceText(words))
	for _, word := range strings.Fields(strings.ToLower(w.get("search"))) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return (!w.has("state") || string(x.State) == w.get("state")) && (!w.has("app") || x.Touches(w.get("app")))
}

func (p *Portal) policyDetail(c *fiber.Ctx) error { return p.policyPage(c, nil) }

// policyPage is one policy; problem is why its state could not be changed.
func (p *Portal) policyPage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	x, err := v.tenant.Policy(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	known, err := v.tenant.KnownTo(c.UserContext(), x)
	if err != nil {
		return err
	}
	effect, more, err := p.effect(c, v, x)
	if err != nil {
		return err
	}
	base := v.policyBase(x.ID)
	s, err := p.shell(c, x.Name, x.Description, policyHelp(), v.policyCrumbs()...)
	if err != nil {
		return err
	}
	page := views.PolicyPage{Sentence: said(x, known), Badges: []views.Cell{policyState(x.State)}, Notices: append(v.trialNotice(), v.policyWarnings(x, known)...), Effect: effect}
	status := fiber.StatusOK
	if v.writesPolicies() {
		s.Primary = &views.Link{Label: "Edit policy", Href: base + "/edit"}
		page.Choice = &views.Form{Action: base + "/state", Submit: "Change state", Fields: []views.Field{stateField(string(x.State), "")}}
		if problem != nil {
			keepTyped(c, page.Choice)
			if !complain(handlers.InfoOf(c).Locale, page.Choice, problem) {
				return problem
			}
			status, s.Problems = fiber.StatusUnprocessableEntity, page.Choice.Problems
		}
	}
	page.Sections = append(more, v.policyFacts(x, base))
	if v.writesPolicies() {
		own := &page.Sections[len(more)]
		own.Buttons = append(own.Buttons, views.Action{Label: "Copy", Href: v.policiesBase() + "/new?copy=" + x.ID, About: x.Name})
		page.Sections = append(page.Sections, views.Section{ID: "danger", Title: "Delete", Danger: true, Lead: "It can be restored for 30 days.",
			Buttons: []views.Action{{Label: "Delete policy", Href: base + "/delete", Danger: true, About: x.Name}}})
	}
	return handlers.Render(c, status, views.PolicyDetailPage(s, page))
}

// policyFacts are what programs know a policy by, and where to look further.
func (v *visit) policyFacts(x policy.Policy, base string) views.Section {
	out := views.Section{ID: "more", Title: "Try it, take it along", Summary: facts(fact("Policy ID", code(x.ID)), fact("Template", plain(templateName(x.TemplateID))), fact("Created", when(x.CreatedAt)), fact("Changed", when(x.ModifiedAt)))}
	at := v.base()
	whatIf := at + "/what-if?policy=" + x.ID
	if target := v.whatIfTarget(x); target != "" {
		whatIf += "&target=" + url.QueryEscape(target)
	}
	out.Buttons = []views.Action{{Label: "What if…", Href: whatIf}}
	if v.writesPolicies() {
		out.Buttons = append(out.Buttons, views.Action{Label: "Replay past sign-ins…", Href: at + "/policy-replays/new?policy=" + x.ID})
	}
	out.Buttons = append(out.Buttons, views.Action{Label: "Download JSON", Href: base + "/export", About: x.Name})
	if v.may(access.AuditRead) {
		out.Buttons = append(out.Buttons, views.Action{Label: "History", Href: at + "/audits?target=" + x.ID, About: x.Name})
	}
	return out
}

// whatIfTarget is what What-If asks about first, so that it answers at once: something that the policy is about, or
// any application where it is about classes; "" when there is none.
func (v *visit) whatIfTarget(x policy.Policy) string {
	a := x.Conditions.Applications
	if len(a.IncludeUserActions) > 0 {
		return a.IncludeUserActions[0]
	}
	for _, cl := range sortedClients(v.dir) {
		if len(a.IncludeContexts) > 0 || x.Touches(cl.ID) {
			return cl.ID
		}
	}
	return ""
}

// policyStateForm asks once more before a policy is switched on.
func (p *Portal) policyStateForm(c *fiber.Ctx) error { return p.policyOnPage(c, nil) }

func (p *Portal) policyOnPage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	x, err := v.tenant.Policy(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	known, err := v.tenant.KnownTo(c.UserContext(), x)
	if err != nil {
		return err
	}
	effects, err := v.tenant.PolicyEffects(c.UserContext(), p.effectSince(effectDays))
	if err != nil {
		return err
	}
	on := x
	on.State = policy.On
	loss, err := v.lossOf(c.UserContext(), on)
	if err != nil {
		return err
	}
	m := views.Confirm{Consequences: []string{sentenceText(said(x, known))}, See: &views.Link{Label: "What would have happened in past sign-ins", Href: v.base() + "/policy-replays/new?policy=" + x.ID},
		Form: views.Form{Action: v.policyBase(x.ID) + "/state", Submit: "Switch on", Cancel: v.policyBase(x.ID), Fields: []views.Field{{Kind: views.Hidden, Name: "state", Value: string(policy.On)}, {Kind: views.Hidden, Name: "sure", Value: "yes"}}}}
	if words := effectWords(x, effects[x.ID], "7 days"); words != "" {
		m.Consequences = append(m.Consequences, words+".")
	}
	if loss != nil {
		m.Consequences = append(m.Consequences, loss.Title+". "+loss.Text)
		if loss.Tone == "danger" {
			m.Form.Fields = append(m.Form.Fields, losingField(""))
		}
	}
	m.Consequences = append(m.Consequences, "It holds from the next request: at the next sign-in, and when an application renews its tokens.")
	for _, n := range v.policyWarnings(on, known) {
		m.Consequences = append(m.Consequences, strings.TrimSpace(strings.TrimSuffix(n.Title, ".")+". "+n.Text))
	}
	if mustConfirm(on) {
		m.Form.Fields = append(m.Form.Fields, views.Field{Kind: views.Check, Name: "confirmed", Label: "Yes, it shall hold for everybody in every application"})
	}
	if problem != nil {
		keepTyped(c, &m.Form)
		if !complain(handlers.InfoOf(c).Locale, &m.Form, problem) {
			return problem
		}
	}
	s, err := p.shell(c, "Switch on “"+x.Name+"”?", "", views.Help{}, v.policyCrumbs(views.Link{Label: x.Name, Href: v.policyBase(x.ID)})...)
	if err != nil {
		return err
	}
	return p.confirm(c, s, m)
}

// policyState changes the state alone. Switching on is asked once more.
func (p *Portal) policyState(c *fiber.Ctx) error {
	v, state := visitOf(c), policy.State(typed(c, "state"))
	if state == policy.On && !ticked(c, "sure") {
		return p.policyOnPage(c, nil)
	}
	if state == policy.On && !ticked(c, "losing") {
		on, err := v.tenant.Policy(c.UserContext(), c.Params("id"))
		if err != nil {
			return err
		}
		on.State = policy.On
		loss, err := v.lossOf(c.UserContext(), on)
		if err != nil {
			return err
		}
		if loss != nil && loss.Tone == "danger" {
			return p.policyOnPage(c, fault.BadField("losing", "admin.policy.losing", nil))
		}
	}
	after, err := v.tenant.UpdatePolicy(c.UserContext(), v.actor(c), c.Params("id"), handlers.SignalsOf(c), func(x *policy.Policy) error {
		if state != policy.On && state != policy.Off && state != policy.ReportOnly {
			return fault.BadField("state", "admin.policy.state", nil)
		}
		if x.State = state; mustConfirm(*x) && !ticked(c, "confirmed") {
			return fault.BadField("confirmed", "admin.policy.confirm", nil)
		}
		return nil
	})
	if err != nil && state == policy.On {
		return p.policyOnPage(c, err)
	}
	if err != nil {
		return p.policyPage(c, err)
	}
	words := map[policy.State]string{policy.On: " is on. It holds from the next request.", policy.ReportOnly: " only reports now.", policy.Off: " is off."}[state]
	return p.done(c, v.policyBase(after.ID), "Policy “"+after.Name+"”"+words)
}

func (p *Portal) policyDeleteForm(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.Policy(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	m := views.Confirm{Form: views.Form{Action: v.policyBase(x.ID) + "/delete", Submit: "Delete policy", Danger: true, Cancel: v.policyBase(x.ID)}}
	switch {
	case x.State != policy.On:
		m.Consequences = []string{"It is not on: nothing changes for anybody."}
	case x.Blocks():
		m.Consequences = []string{"Whom it refuses now can get in, unless another policy refuses them."}
	default:
		m.Consequences = []string{"What it asks for is not asked for any more, unless another policy asks for it."}
	}
	m.Consequences = append(m.Consequences, "It can be restored for 30 days. One that was on comes back as report-only.")
	s, err := p.shell(c, "Delete “"+x.Name+"”?", "", views.Help{}, v.policyCrumbs(views.Link{Label: x.Name, Href: v.policyBase(x.ID)})...)
	if err != nil {
		return err
	}
	return p.confirm(c, s, m)
}

func (p *Portal) policyDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.Policy(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	if err := v.tenant.DeletePolicy(c.UserContext(), v.actor(c), x.ID); err != nil {
		return err
	}
	return p.done(c, v.policiesBase(), "Policy “"+x.Name+"” deleted.")
}

func (p *Portal) policyDeletedList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c)
	list, err := v.tenant.DeletedPolicies(c.UserContext())
	if err != nil {
		return err
	}
	known, err := v.tenant.KnownTo(c.UserContext(), list...)
	if err != nil {
		return err
	}
	slices.SortStableFunc(list, func(a, b policy.Policy) int { return cmp.Compare(b.DeletedAt.UnixMicro(), a.DeletedAt.UnixMicro()) })
	page := views.PolicyList{Empty: emptyOf(w, "Nothing was deleted", "Deleted policies stay here for 30 days.", nil), Shown: numberWords(len(list), "deleted")}
	for _, x := range list {
		item := views.PolicyItem{Name: x.Name, State: policyState(x.State), Sentence: said(x, known), Sub: "Deleted on " + x.DeletedAt.UTC().Format("2 January 2006") + "; erased on " + day30(x.DeletedAt)}
		if v.writesPolicies() {
			item.Actions = []views.Action{{Label: "Restore", About: x.Name, Post: v.policiesBase() + "/deleted/" + x.ID + "/restore"}}
		}
		page.Policies = append(page.Policies, item)
	}
	s, err := p.shell(c, "Deleted policies", "They hold no more. One that was on comes back as report-only.", policyHelp(), v.policyCrumbs()...)
	if err != nil {
		return err
	}
	return handlers.Render(c, fiber.StatusOK, views.PolicyListPage(s, page))
}

func (p *Portal) policyRestore(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.RestorePolicy(c.UserContext(), v.actor(c), c.Params("id"))
	if fault.Is(err, fault.NotFound) { // the button was pressed twice, or somebody else was faster
		if x, there := v.tenant.Policy(c.UserContext(), c.Params("id")); there == nil {
			return p.done(c, v.policyBase(x.ID), "Policy “"+x.Name+"” is restored already.")
		}
	}
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.Invalid) { // what it asks for is gone, or it would lock out
		return p.saidConflict(c, v.policiesBase()+"/deleted", err)
	}
	if err != nil {
		return err
	}
	return p.done(c, v.policyBase(x.ID), "Policy “"+x.Name+"” restored.")
}
