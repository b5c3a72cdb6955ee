package admin

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/policy"
	"portico/app/userflow"
	views "portico/views/admin"
)

// flowPolicies are the policies that can be about signing in to a flow's applications, on the flow's Properties:
// what "Conditional" comes to there. Where the flow's switch contradicts them, it says so (F186).
func (p *Portal) flowPolicies(c *fiber.Ctx, d *design) ([]views.DesignPart, error) {
	if !d.v.may(access.ConditionalRead) || !d.v.dir.Tenant.Governed() {
		return nil, nil
	}
	list, err := d.v.tenant.Policies(c.UserContext())
	if err != nil {
		return nil, err
	}
	known, err := d.v.tenant.KnownTo(c.UserContext(), list...)
	if err != nil {
		return nil, err
	}
	part := views.DesignPart{ID: "policies", Title: "Conditional Access", Lead: "The policies that can be about signing in to this flow’s applications. They hold as soon as they are on, whatever version of the flow somebody has.",
		Empty: "No policy is about these applications: with “Conditional”, nobody is asked for a second factor."}
	var apps, demanding []string
	for _, cl := range appsOfFlow(d.v.dir, d.now.ID) {
		apps = append(apps, cl.ID)
	}
	for _, x := range list {
		about := false
		for _, id := range apps {
			about = about || x.Touches(id)
		}
		if !about {
			continue
		}
		part.Policies = append(part.Policies, views.PolicyItem{Name: x.Name, Href: d.v.policyBase(x.ID), State: policyState(x.State), Sentence: said(x, known)})
		if x.State == policy.On && (x.Asks(policy.KindMFA) || x.Asks(policy.KindPasswordChange)) {
			demanding = append(demanding, "“"+x.Name+"”")
		}
	}
	switch {
	case len(apps) == 0:
		part.Empty = "The flow has no applications yet, so no policy can be about them."
	case d.flow.MFA.Enforcement == userflow.MFAOff && len(demanding) > 0:
		part.Notice = &views.Notice{Tone: "warn", Title: "MFA enforcement is Off, and a policy asks for a second factor", Text: "What " + andList(demanding) + " asks for is not asked for here; the sign-in log says so. Blocks hold all the same. Choose Conditional, so that the policy decides."}
	case d.flow.MFA.Enforcement == userflow.MFAAlways && len(part.Policies) == 0:
		part.Empty = "No policy is about these applications. MFA enforcement is Always on, so everybody is asked at each sign-in without one."
	}
	if d.v.writesPolicies() && len(apps) > 0 {
		part.Action = &views.Link{Label: "Add policy", Href: d.v.policiesBase() + "/new?apps=" + strings.Join(apps, ",")}
	}
	return []views.DesignPart{part}, nil
}
