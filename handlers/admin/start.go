package admin

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/record"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// startPage is the first page of a tenant: what is left to do, and how the last days went.
func (p *Portal) startPage(c *fiber.Ctx) error {
	v := visitOf(c)
	s, err := p.shell(c, "Start", "How sign-in is doing in "+v.dir.Tenant.Name+", and what is left to set up.", views.Help{
		What: "The checklist looks at what is really there, so it cannot be ticked by hand. The figures lead to the list behind them.",
		Do:   "Work through the list from the top; each line has the page where it is done."})
	if err != nil {
		return err
	}
	if s.Warnings, err = p.auditWarnings(c, v, s.Warnings); err != nil {
		return err
	}
	if s.Warnings, err = p.textWarnings(c, v, s.Warnings); err != nil {
		return err
	}
	m := views.Start{}
	for _, first := range []func(*fiber.Ctx, *visit) (*views.Section, error){p.emergencyWarning, p.extensionsDown, p.expiringSection} {
		x, err := first(c, v)
		if err != nil {
			return err
		}
		if x != nil {
			m.First = append(m.First, *x)
		}
	}
	if m.Steps, err = p.checklist(c, v); err != nil {
		return err
	}
	for _, step := range m.Steps {
		if step.Done {
			m.Done++
		}
	}
	if flow, ok := firstFlow(v.dir); ok && v.may(access.FlowRead) {
		m.Run = &views.Link{Label: "Run the user flow", Href: v.base() + "/user-flows/" + flow + "/run"}
	}
	if v.may(access.AuditRead) {
		if m.Figures, err = p.figures(c, v); err != nil {
			return err
		}
		page, err := v.tenant.SignIns(c.UserContext(), models.SignInQuery{Limit: 5})
		if err != nil {
			return err
		}
		table := signInTable(page.Items, v.base())
		m.Recent = &views.Section{ID: "recent", Title: "Latest sign-ins", Table: &table, Empty: "Nobody has signed in yet.", Action: &views.Link{Label: "Show all", Href: v.base() + "/sign-ins"}}
	}
	return handlers.Render(c, fiber.StatusOK, views.StartPage(s, m))
}

// firstFlow is a flow that has an application, if there is one.
func firstFlow(d *models.Directory) (string, bool) {
	for _, cl := range sortedClients(d) {
		if id, ok := d.FlowOf[cl.ID]; ok && len(cl.RedirectURIs) > 0 {
			return id, true
		}
	}
	return "", false
}

// appsOfFirstFlow is where an application is added to a flow: the flow's own page when there is one alone.
func (v *visit) appsOfFirstFlow() string {
	if flows := sortedFlows(v.dir); len(flows) == 1 {
		return v.flowBase(flows[0].ID) + "/apps"
	}
	return v.base() + "/user-flows"
}

// checklist looks at what is really there.
func (p *Portal) checklist(c *fiber.Ctx, v *visit) ([]views.Step, error) {
	base, people := v.base(), 0
	for _, cl := range v.dir.Clients {
		if cl.Kind != models.DaemonApp {
			people++
		}
	}
	seen, err := v.tenant.SignIns(c.UserContext(), models.SignInQuery{Result: string(record.Success), Kind: string(record.Interactive), Limit: 1})
	if err != nil {
		return nil, err
	}
	admins, err := p.adminsOf(c.UserContext(), v)
	if err != nil {
		return nil, err
	}
	enabled := 0
	for _, a := range admins {
		if a.user.Usable() && a.holds(access.GlobalAdministratorID) {
			enabled++
		}
	}
	x := v.dir.Tenant.Settings
	https := v.step("Use https", "Set PORTICO_BASE_URL to an https address. Client libraries refuse http, and so should you.", strings.HasPrefix(p.BaseURL, "https://"), "", "", "")
	second := v.step("Have a second Global Administrator", "So that one can help the other after a lost phone.", enabled > 1, "Invite", base+"/admins/invite", access.RoleWrite)
	if v.dir.Tenant.Kind == tenant.Workforce { // customers never sign in here
		return []views.Step{second, https,
			v.step("Keep the portal apart", "Set PORTICO_ADMIN_HOST to a host of its own, so that customers' pages and the portal share nothing.", p.AdminHost != "", "", "", "")}, nil
	}
	return []views.Step{
		v.step("Register an application", "Something that your customers sign in to.", people > 0, "Register", base+"/applications/new", access.AppWrite),
		v.step("Make a user flow", "The pages by which people sign up and sign in.", len(v.dir.Flows) > 0, "Make one", base+"/user-flows/new", access.FlowWrite),
		v.step("Add the application to the flow", "Without it nobody can sign in to the application.", len(v.dir.FlowOf) > 0, "Add it", v.appsOfFirstFlow(), access.FlowWrite),
		v.step("See the first sign-in", "Connect your app with the ready text, or run the user flow.", len(seen.Items) > 0, "Connect", base+"/applications", access.AppRead),
		v.step("Set up mail", "Customers get their codes by mail. Set SMTP_URL; in development the mailbox at /dev/mailbox catches every mail.", p.MailReady, "", "", ""),
		https, second,
		v.step("Say where people find help", "Support and privacy links on the sign-in pages.", x.SupportURL != "" && x.PrivacyURL != "", "Set links", base+"/settings/edit", access.OrganizationWrite),
	}, nil
}

// step is one line of the checklist; its action is offered to whoever may take it.
func (v *visit) step(label, text string, done bool, action, href string, need access.Permission) views.Step {
	s := views.Step{Label: label, Text: text, Done: done}
	if !done && href != "" && v.may(need) {
		s.Action = &views.Link{Label: action, Href: href}
	}
	return s
}

// figures count the last day and week, with the time before in words. They count up to a bound, so that
// a large log costs no more than a small one.
func (p *Portal) figures(c *fiber.Ctx, v *visit) ([]views.Figure, error) {
	now := p.Now()
	count := func(q models.SignInQuery, from, to time.Time) (int, error) {
		q.From, q.To = from, to
		return v.tenant.CountSignIns(c.UserContext(), q, countBound)
	}
	yes := true
	var out []views.Figure
	for _, f := range []struct {
		label string
		q     models.SignInQuery
		d     time.Duration
		query url.Values
	}{
		{"Sign-ins, last 24 hours", models.SignInQuery{Result: "success", Kind: "interactiveUser"}, 24 * time.Hour, url.Values{"range": {"24h"}, "result": {"success"}, "kind": {"interactiveUser"}}},
		{"Failed, last 24 hours", models.SignInQuery{Result: "failure", Kind: "interactiveUser"}, 24 * time.Hour, url.Values{"range": {"24h"}, "result": {"failure"}, "kind": {"interactiveUser"}}},
		{"Sign-ins, last 7 days", models.SignInQuery{Result: "success", Kind: "interactiveUser"}, 7 * 24 * time.Hour, url.Values{"range": {"7d"}, "result": {"success"}, "kind": {"interactiveUser"}}},
		{"Sign-ups, last 7 days", models.SignInQuery{Result: "success", SignUp: &yes}, 7 * 24 * time.Hour, url.Values{"range": {"7d"}, "result": {"success"}, "signup": {"yes"}}},
	} {
		n, err := count(f.q, now.Add(-f.d), time.Time{})
		if err != nil {
			return nil, err
		}
		before, err := count(f.q, now.Add(-2*f.d), now.Add(-f.d))
		if err != nil {
			return nil, err
		}
		out = append(out, views.Figure{Label: f.label, Value: countWords(n), Note: comparison(n, before, f.d), Href: v.base() + "/sign-ins?" + f.query.Encode()})
	}
	return out, nil
}

const countBound = 10000

func countWords(n int) string {
	if n >= countBound {
		return "10,000+"
	}
	if n >= 1000 {
		return fmt.Sprintf("%d,%03d", n/1000, n%1000)
	}
	return fmt.Sprint(n)
}

// comparison says how a figure moved.
func comparison(n, before int, d time.Duration) string {
	when := "the day before"
	if d > 24*time.Hour {
		when = "the week before"
	}
	switch {
	case n == before:
		return "the same as " + when
	case n > before:
		return "up from " + countWords(before) + " " + when
	}
	return "down from " + countWords(before) + " " + when
}

// textWarnings says when today's text messages are nearly, or all, used up.
func (p *Portal) textWarnings(c *fiber.Ctx, v *visit, list []string) ([]string, error) {
	if !v.may(access.MethodPolicyRead) {
		return list, nil
	}
	sent, err := v.tenant.TextsSentToday(c.UserContext())
	daily := v.dir.Tenant.Settings.Methods.SMS.Daily()
	switch share := models.TextShare(sent, daily); {
	case err != nil:
		return list, err
	case share == 100:
		list = append(list, "Today’s text messages are used up ("+grouped(sent)+" of "+grouped(int64(daily))+"): customers who confirm by text message cannot sign in until midnight UTC, unless they have another method. Look at Authentication methods where they went, and raise the limit if they were your customers’.")
	case share > 0:
		list = append(list, "Most of today’s text messages are used up ("+grouped(sent)+" of "+grouped(int64(daily))+"). Look at Authentication methods where they went.")
	}
	return list, nil
}

// auditWarnings shouts when the daily check found the audit log changed. Which tenant it was stands in the
// program's log and in what app audit verify says: this page is for admins of any one.
func (p *Portal) auditWarnings(c *fiber.Ctx, v *visit, list []string) ([]string, error) {
	if !v.may(access.AuditRead) && !v.operates() {
		return list, nil
	}
	f, err := p.Store.Tenant(v.tenant.ID).CheckAudits(c.UserContext(), models.AuditCheck{Newest: checkedAtStart})
	if err != nil {
		return list, err
	}
	if f.Problem != nil {
		list = append(list, "The audit log of this tenant was changed by hand: "+f.Problem.Error()+". Whoever runs this installation can say more with app audit verify.")
	}
	if !v.operates() {
		return list, nil
	}
	jobs, err := p.Store.Jobs(c.UserContext())
	for _, j := range jobs {
		if j.Name == models.VerifyAuditsJob && j.Problem != "" {
			list = append(list, "The daily check of the audit logs failed: "+j.Problem)
		}
	}
	return list, err
}

// checkedAtStart is how many of the newest sealed blocks the start page looks at itself: it must open at once.
const checkedAtStart = 1
