package admin

import (
	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/policy"
	"portico/handlers"
	views "portico/views/admin"
)

// policyTemplate finds a template by its id.
func policyTemplate(id string) (policy.Template, bool) {
	for _, t := range policy.Templates() {
		if t.ID == id {
			return t, true
		}
	}
	return policy.Template{}, false
}

func templateName(id string) string {
	t, _ := policyTemplate(id)
	return t.Name
}

// fromTemplate is the policy that a template makes here. In the directory of admins, whoever makes it is excluded.
func (v *visit) fromTemplate(t policy.Template) policy.Policy {
	me, staff := v.myself()
	return t.Draft(choose(staff, me, ""))
}

// scenarioWord is the group of a template, in words.
func scenarioWord(s string) string {
	switch s {
	case "secureFoundation":
		return "To begin with"
	case "zeroTrust":
		return "Where it is risky"
	case "remoteWork":
		return "From anywhere"
	case "protectAdmins":
		return "For admins"
	}
	return humane(s)
}

// policyTemplateList offers the templates. One click makes a policy that only reports.
func (p *Portal) policyTemplateList(c *fiber.Ctx) error {
	v := visitOf(c)
	_, staff := v.myself()
	page := views.PolicyList{Notices: v.trialNotice()}
	for _, t := range policy.Templates() {
		draft := v.fromTemplate(t)
		if !staff && len(draft.Conditions.Users.IncludeRoles) > 0 { // customers have no admin roles
			continue
		}
		known, err := v.tenant.KnownTo(c.UserContext(), draft)
		if err != nil {
			return err
		}
		item := views.PolicyItem{Name: t.Name, Sentence: said(draft, known), State: badge("neutral", scenarioWord(t.Scenario)), Sub: t.Description}
		if v.writesPolicies() {
			item.Actions = []views.Action{{Label: "Create in report-only", About: t.Name, Post: v.policiesBase() + "/templates", Fields: map[string]string{"template": t.ID}},
				{Label: "Change it first", About: t.Name, Href: v.policiesBase() + "/new?template=" + t.ID}}
		}
		page.Policies = append(page.Policies, item)
	}
	page.Shown = numberWords(len(page.Policies), "templates")
	lead := "Rules that many need. Each begins with “Report-only”: nobody notices it."
	if staff {
		lead += " You are excluded from it, so that you cannot lock yourself out."
	}
	s, err := p.shell(c, "Templates", lead, policyHelp(), v.policyCrumbs()...)
	if err != nil {
		return err
	}
	return handlers.Render(c, fiber.StatusOK, views.PolicyListPage(s, page))
}

func (p *Portal) policyFromTemplate(c *fiber.Ctx) error {
	v := visitOf(c)
	t, ok := policyTemplate(typed(c, "template"))
	if !ok {
		return fault.New(fault.NotFound, "error.not_found")
	}
	made, err := v.tenant.CreatePolicy(c.UserContext(), v.actor(c), v.fromTemplate(t), handlers.SignalsOf(c))
	if err != nil {
		return err
	}
	return p.done(c, v.policyBase(made.ID), "Policy “"+made.Name+"” created. It only reports; look at its sentence, then watch what it would do.")
}
