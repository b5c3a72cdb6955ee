package admin

import (
	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// riskRoutes are the reports of Identity Protection (R 6.6) with what can be done in them (R 6.7).
func (p *Portal) riskRoutes() []handlers.Route {
	const t = "/admin/t/:tenant"
	const users, signIns, detections, person = t + "/risky-users", t + "/risky-sign-ins", t + "/risk-detections", t + "/users/:id/risk"
	return []handlers.Route{
		{Method: get, Path: users, Handler: p.riskyUserList, Permission: access.RiskyUserRead, NavGroup: navRisk, NavLabel: "Risky users"},
		{Method: post, Path: users + "/several", Handler: p.guarded(p.riskyUserBulk), Permission: access.RiskyUserRead},
		{Method: get, Path: signIns, Handler: p.riskySignInList, Permission: access.RiskEventRead, NavGroup: navRisk, NavLabel: "Risky sign-ins"},
		{Method: post, Path: signIns + "/check", Handler: p.guarded(p.riskySignInCheck), Permission: access.RiskEventWrite},
		{Method: post, Path: signIns + "/act", Handler: p.guarded(p.riskySignInAct), Permission: access.RiskEventWrite},
		{Method: post, Path: signIns + "/undo", Handler: p.guarded(p.riskySignInUndo), Permission: access.RiskEventWrite},
		{Method: get, Path: detections, Handler: p.detectionList, Permission: access.RiskEventRead, NavGroup: navRisk, NavLabel: "Risk detections"},
		{Method: get, Path: t + "/signal-sources", Handler: p.riskSources, Permission: access.RiskEventRead, NavGroup: navRisk, NavLabel: "Signal sources"},
		{Method: get, Path: detections + "/:id", Handler: p.detectionPage, Permission: access.RiskEventRead},
		{Method: get, Path: person, Handler: p.userRisk, Permission: access.UserRead},
		{Method: get, Path: person + "/history", Handler: p.userRiskHistory, Permission: access.RiskyUserRead},
		{Method: get, Path: person + "/confirm", Handler: p.guarded(p.userCompromisedForm), Permission: access.RiskyUserWrite},
		{Method: post, Path: person + "/confirm", Handler: p.guarded(p.userCompromised), Permission: access.RiskyUserWrite},
		{Method: get, Path: person + "/safe", Handler: p.guarded(p.userSafeForm), Permission: access.RiskyUserWrite},
		{Method: post, Path: person + "/safe", Handler: p.guarded(p.userSafe), Permission: access.RiskyUserWrite},
		{Method: get, Path: person + "/dismiss", Handler: p.guarded(p.userDismissForm), Permission: access.RiskyUserWrite},
		{Method: post, Path: person + "/dismiss", Handler: p.guarded(p.userDismiss), Permission: access.RiskyUserWrite},
		{Method: post, Path: person + "/undo", Handler: p.guarded(p.userRiskUndo), Permission: access.RiskyUserWrite},
	}
}

// riskTrial explains the pages of Identity Protection in a trial, which has none (DESIGN §5.12).
func (v *visit) riskTrial() []views.Notice {
	if v.dir.Tenant.Governed() {
		return nil
	}
	return []views.Notice{{Tone: "info", Title: "A trial has no Identity Protection", Text: "Sign-ins are not assessed. What was found before stays, and when somebody reports that a sign-in was not theirs, that is kept too. Identity Protection begins with the standard plan, which the operator of this installation switches on."}}
}

// guarded keeps changes of risk from trials, and the forms that could only fail: the page says why instead.
func (p *Portal) guarded(act fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		v := visitOf(c)
		if v.dir.Tenant.Governed() {
			return act(c)
		}
		s, err := p.shell(c, "Not in a trial", "", riskHelp())
		if err != nil {
			return err
		}
		return handlers.Render(c, fiber.StatusForbidden, views.DetailPage(s, views.Detail{Notices: v.riskTrial()}))
	}
}

func riskHelp() views.Help {
	return views.Help{What: "Identity Protection looks at each sign-in for signs that somebody else is behind it. A sign-in has two levels: the one while it happened, which policies saw, and the one that is known by now. A person's level is that of their worst open detection.",
		Do: "Open a detection to read why it was made. Confirm what you know, one way or the other: it changes the level, and the next sign-ins are judged by it. Dismiss what is real and harmless."}
}

// checkedAt says when an empty list was looked at, so that nothing found is a statement.
func (p *Portal) checkedAt(text string) string {
	return text + " Checked on " + p.Now().UTC().Format("2 January 2006, 15:04") + " UTC."
}

// riskEmpty says why a report is empty: a trial, filters, or that nothing is wrong.
func (p *Portal) riskEmpty(v *visit, w view, title, text string) views.Empty {
	if !v.dir.Tenant.Governed() {
		return views.Empty{Title: "Nothing is assessed in a trial", Text: "Identity Protection begins with the standard plan."}
	}
	return emptyOf(w, title, p.checkedAt(text), nil)
}

// undo is the notice of a change that can be taken back.
func (p *Portal) doneUndo(c *fiber.Ctx, to, text string, undo models.PortalUndo) error {
	return p.doneWith(c, to, models.PortalFlash{Kind: "ok", Text: text, Undo: &undo})
}
