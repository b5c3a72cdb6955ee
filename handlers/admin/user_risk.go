package admin

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/tenant"
	"portico/models"
	views "portico/views/admin"
)

// userRisk is the tab of what speaks for somebody else using this account: its risk, how it came about, and what
// the person reported themselves.
func (p *Portal) userRisk(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.person(c)
	if err != nil {
		return err
	}
	reports, err := v.tenant.ReportsOf(c.UserContext(), u.ID, 50)
	if err != nil {
		return err
	}
	t := &views.Table{Caption: "Reports", Columns: []views.Column{{Label: "Reported"}, {Label: "Sign-in"}, {Label: "Where"}, {Label: "Result"}}}
	for _, r := range reports {
		row := []views.Cell{{Kind: views.When, Time: r.At}, {Text: "No longer in the log", Tone: "soft"}, {}, {}}
		if got, err := v.tenant.SignIn(c.UserContext(), r.SignInID); err == nil {
			row[1] = views.Cell{Text: choose(got.App.Name == "", "Open", got.App.Name)}
			if v.may(access.AuditRead) {
				row[1].Href = v.base() + "/sign-ins/" + r.SignInID
			}
			row[2], row[3] = plain(joined(got.Signals.City, got.Signals.Country, got.Signals.Browser)), badge(resultTone(got.Outcome.Result), resultWord(string(got.Outcome.Result)))
		}
		t.Rows = append(t.Rows, views.Row{Cells: row})
	}
	return p.tabPage(c, u, personRisk, nil, v.riskSection(u), views.Section{ID: "reports", Title: "“This wasn't me”", Table: t, Empty: "This person has reported no sign-in."})
}

// riskSection is the person's own risk, apart from any sign-in.
func (v *visit) riskSection(u models.User) views.Section {
	r, base := u.Risk, v.userBase(u)
	level := r.Level
	if level == "" {
		level = "none"
	}
	s := views.Section{ID: "risk", Title: "Risk", Lead: riskLead(v.dir.Tenant, r),
		Summary: []views.Fact{fact("Level", badge(riskTone(level), strings.ToUpper(level[:1])+level[1:])), fact("State", plain(riskStateWord(r.State)))}}
	if !r.At.IsZero() {
		s.Summary = append(s.Summary, fact("Since", when(r.At)), fact("Why", plain(riskDetailWord(r.Detail))))
	}
	if !v.may(access.RiskyUserWrite) {
		return s
	}
	if r.State != models.RiskConfirmed {
		s.Buttons = append(s.Buttons, views.Action{Label: "Confirm compromised", Href: base + "/risk/confirm", Danger: true, About: userName(u)})
	}
	if r.Level != "" {
		s.Buttons = append(s.Buttons, views.Action{Label: "Dismiss", Href: base + "/risk/dismiss", About: "the risk of " + userName(u)})
	}
	return s
}

// riskLead says what the level does.
func riskLead(t tenant.Tenant, r account.Risk) string {
	switch {
	case !t.Governed():
		return "This is a trial tenant: a risk is kept here, and no policy looks at it."
	case r.Level == "":
		return "Nothing says that somebody else has this account."
	}
	return "Conditional Access policies about user risk apply to this person at the next sign-in and whenever an app renews its tokens."
}

// riskStateWord is Graph's riskState in words.
func riskStateWord(state string) string {
	switch state {
	case models.RiskAtRisk:
		return "At risk"
	case models.RiskConfirmed:
		return "Confirmed compromised"
	case models.RiskRemediated:
		return "Remediated"
	case models.RiskDismissed:
		return "Dismissed"
	case "confirmedSafe":
		return "Confirmed safe"
	}
	return "Nothing known"
}

// riskDetailWord is Graph's riskDetail, and the report for which it has no word, in words.
func riskDetailWord(detail string) string {
	switch detail {
	case models.RiskReported:
		return "The person reported a sign-in that was not theirs"
	case models.RiskByAdmin:
		return "An administrator confirmed that the account is compromised"
	case models.RiskWaved:
		return "An administrator dismissed the risk"
	case models.RiskSetByOwner:
		return "The person chose another password after a second factor"
	case models.RiskResetByUser:
		return "The person reset the password"
	case "":
		return ""
	}
	return humane(detail)
}

func (p *Portal) userCompromisedForm(c *fiber.Ctx) error {
	return p.userConfirm(c, "Is the account of %s compromised?", "Confirm compromised", "/risk/confirm", "/risk",
		"The person's risk is high from now on. Policies about user risk apply at the next sign-in and whenever an app renews its tokens.",
		"Where a policy asks for a new password, the person chooses one after a second factor; who has registered no second factor is blocked. Where no policy looks at user risk, nothing else happens.",
		"If whoever has the account may have its second factors too, require re-registration and end all sessions as well.")
}

func (p *Portal) userCompromised(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	if err := v.tenant.ConfirmCompromised(c.UserContext(), v.actor(c), []string{u.ID}); err != nil {
		return err
	}
	return p.done(c, v.userBase(u)+"/risk", "“"+userName(u)+"” is confirmed compromised.")
}

func (p *Portal) userDismissForm(c *fiber.Ctx) error {
	return p.userConfirm(c, "Dismiss the risk of %s?", "Dismiss", "/risk/dismiss", "/risk",
		"The person is at no risk any more, and policies about user risk leave them alone.",
		"The password stays as it is: dismiss only what you have looked into, or what was put right elsewhere.",
		"This cannot be undone. It stands in the history who did it.")
}

func (p *Portal) userDismiss(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	if u.Risk.Level == "" {
		return p.doneWith(c, v.userBase(u)+"/risk", models.PortalFlash{Kind: "info", Text: "“" + userName(u) + "” was at no risk any more."})
	}
	if err := v.tenant.DismissRisk(c.UserContext(), v.actor(c), []string{u.ID}); err != nil {
		return err
	}
	return p.done(c, v.userBase(u)+"/risk", "The risk of “"+userName(u)+"” is dismissed.")
}
