package admin

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/tenant"
	"portico/handlers"
	views "portico/views/admin"
)

func riskMailHelp() views.Help {
	return views.Help{What: "Two mails: one when somebody comes to be at risk, and one each week with what was new. Global Administrators, Security Administrators and Security Readers of this tenant get both, the first 20 of each role. Others can be added by address.",
		Do: "Leave the level at high unless you have time for more. The mail names people by what they sign in with; add no address that should not read that."}
}

func (p *Portal) riskMail(c *fiber.Ctx) error {
	t, err := visitOf(c).tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	return p.riskMailPage(c, t.Settings.RiskMail, nil)
}

func weekday(day string) string { return strings.ToUpper(day[:1]) + day[1:] }

func (p *Portal) riskMailPage(c *fiber.Ctx, x tenant.RiskMail, problem error) error {
	v := visitOf(c)
	now, err := v.tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	var days []views.Option
	for _, d := range tenant.Days() {
		days = append(days, views.Option{Value: d, Label: weekday(d)})
	}
	form := views.Form{Action: v.protectBase() + "/notifications", Submit: "Save notifications", Main: true, Fields: []views.Field{
		{Kind: views.Heading, Label: "Somebody is at risk"},
		{Kind: views.Check, Name: "riskMail.on", Label: "Write when somebody comes to be at risk", Hint: "At once. Those of the same five seconds stand in one mail.", Value: tick(!x.Off)},
		{Kind: views.Radios, Name: "riskMail.level", Label: "From which level", Value: x.From(), Options: []views.Option{
			{Value: "high", Label: "High", Hint: "Recommended."}, {Value: "medium", Label: "Medium and high"}, {Value: "low", Label: "Any level"}}},
		{Kind: views.Heading, Label: "Weekly digest"},
		{Kind: views.Check, Name: "riskMail.digest", Label: "Write once a week what was new", Hint: "Also when nothing was, so that a missing mail means something.", Value: tick(!x.DigestOff)},
		{Kind: views.Select, Name: "riskMail.digestDay", Label: "Day", Hint: "At 07:00 UTC.", Value: x.Day(), Options: days},
		{Kind: views.Heading, Label: "Recipients"},
		{Kind: views.TextArea, Name: "riskMail.also", Label: "Addresses besides the administrators", Hint: "One in each line, at most 20.", Value: lines(x.Also), Rows: 4, Optional: true},
		loadedFrom(c, now.Settings.RiskMail, problem)}}
	if !complain(handlers.InfoOf(c).Locale, &form, problem) {
		return problem
	}
	part := views.Section{ID: "notifications", Title: "Notifications", Form: &form}
	if !v.decidesRisk() {
		part.Form = nil
		part.Summary = []views.Fact{fact("Somebody is at risk", plain(choose(x.Off, "No mail", "A mail from level "+x.From()))), fact("Weekly digest", plain(choose(x.DigestOff, "No mail", weekday(x.Day())+"s"))),
			fact("Besides the administrators", views.Cell{Kind: views.Lines, List: x.Also})}
	}
	m := views.Protect{Tab: tabMail, Rest: []views.Section{part}}
	if !p.MailReady {
		m.Notices = append(m.Notices, views.Notice{Tone: "warn", Title: "Mail is not set up", Text: "Nothing is sent until whoever runs this installation sets SMTP_URL."})
	}
	return p.protect(c, "Risk notifications", "Who is written to about risk, and when.", riskMailHelp(), m, form.Problems)
}

func (p *Portal) riskMailSave(c *fiber.Ctx) error {
	v := visitOf(c)
	x := tenant.RiskMail{Off: !ticked(c, "riskMail.on"), Level: typed(c, "riskMail.level"), DigestOff: !ticked(c, "riskMail.digest"), DigestDay: typed(c, "riskMail.digestDay"), Also: splitLines(typed(c, "riskMail.also"))}
	if x.Level == "high" {
		x.Level = ""
	}
	if x.DigestDay == tenant.Days()[0] {
		x.DigestDay = ""
	}
	_, err := v.tenant.Update(c.UserContext(), v.actor(c), func(t *tenant.Tenant) error {
		if err := unchanged(c, t.Settings.RiskMail); err != nil {
			return err
		}
		t.Settings.RiskMail = x
		return nil
	})
	if err != nil {
		return p.riskMailPage(c, x, err)
	}
	return p.done(c, v.protectBase()+"/notifications", "The notifications are saved.")
}
