package admin

import (
	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/handlers"
	views "portico/views/admin"
)

// protectRoutes are the pages about Identity Protection as a whole: its overview, its thresholds, whom it writes to,
// and the simulation.
func (p *Portal) protectRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/protection"
	const read, write, decide = access.RiskEventRead, access.RiskEventWrite, access.RiskConfigure
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.protectOverview, Permission: read, NavGroup: navRisk, NavLabel: "Risk overview"},
		{Method: get, Path: at + "/thresholds", Handler: p.thresholds, Permission: read},
		{Method: post, Path: at + "/thresholds", Handler: p.guarded(p.thresholdsSave), Permission: decide},
		{Method: post, Path: at + "/thresholds/reset", Handler: p.guarded(p.thresholdsReset), Permission: decide},
		{Method: get, Path: at + "/budget", Handler: p.budget, Permission: read},
		{Method: post, Path: at + "/budget", Handler: p.guarded(p.budgetApply), Permission: decide},
		{Method: post, Path: at + "/budget/undo", Handler: p.guarded(p.budgetUndo), Permission: decide},
		{Method: get, Path: at + "/notifications", Handler: p.riskMail, Permission: read},
		{Method: post, Path: at + "/notifications", Handler: p.guarded(p.riskMailSave), Permission: decide},
		{Method: get, Path: at + "/simulation", Handler: p.simulation, Permission: read},
		{Method: post, Path: at + "/simulation/mark", Handler: p.guarded(p.simulationMark), Permission: write},
		{Method: post, Path: at + "/simulation/unmark", Handler: p.guarded(p.simulationUnmark), Permission: write},
		{Method: get, Path: at + "/simulation/:id", Handler: p.simulationPerson, Permission: read},
		{Method: post, Path: at + "/simulation/:id", Handler: p.guarded(p.simulate), Permission: write},
		{Method: post, Path: at + "/simulation/:id/remove", Handler: p.guarded(p.simulationRemove), Permission: write},
	}
}

func (v *visit) protectBase() string { return v.base() + "/protection" }

// Labels of the pages' tabs.
const (
	tabOverview   = "Overview"
	tabThresholds = "Thresholds"
	tabBudget     = "Challenge budget"
	tabMail       = "Notifications"
	tabSimulation = "Simulation"
)

func (v *visit) protectTabs() []views.Link {
	return []views.Link{{Label: tabOverview, Href: v.protectBase()}, {Label: tabThresholds, Href: v.protectBase() + "/thresholds"},
		{Label: tabBudget, Href: v.protectBase() + "/budget"}, {Label: tabMail, Href: v.protectBase() + "/notifications"}, {Label: tabSimulation, Href: v.protectBase() + "/simulation"}}
}

// decidesRisk reports whether the admin may change how risk is found (R 6.7.10: who handles what was found may not).
func (v *visit) decidesRisk() bool { return v.may(access.RiskConfigure) && v.dir.Tenant.Governed() }

// writesRisk reports whether the admin may handle what was found, and simulate it.
func (v *visit) writesRisk() bool { return v.may(access.RiskEventWrite) && v.dir.Tenant.Governed() }

// protect shows one of the pages.
func (p *Portal) protect(c *fiber.Ctx, title, lead string, help views.Help, m views.Protect, problems []views.Problem, crumbs ...views.Link) error {
	v := visitOf(c)
	s, err := p.shell(c, title, lead, help, crumbs...)
	if err != nil {
		return err
	}
	m.Tabs, m.Notices = v.protectTabs(), append(v.riskTrial(), m.Notices...)
	status := fiber.StatusOK
	if s.Problems = problems; len(problems) > 0 {
		status = fiber.StatusUnprocessableEntity
	}
	return handlers.Render(c, status, views.ProtectPage(s, m))
}
