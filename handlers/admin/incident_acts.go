package admin

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/message"
	"portico/app/risk"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// incident_acts.go: what an admin does about an attack. Each step says before what it will do and to how many.

// spans are the times that a response may be chosen for.
func spans() []views.Option {
	return []views.Option{{Value: "60", Label: "One hour"}, {Value: "240", Label: "Four hours"}, {Value: "1440", Label: "One day"}, {Value: "10080", Label: "One week"}, {Value: "43200", Label: "30 days"}}
}

func (p *Portal) theIncident(c *fiber.Ctx) (*visit, risk.Incident, error) {
	v := visitOf(c)
	i, err := v.tenant.Incident(c.UserContext(), c.Params("id"))
	return v, i, err
}

// ask is the page before a step; problem is what was wrong when it was sent.
func (p *Portal) ask(c *fiber.Ctx, i risk.Incident, title string, m views.Confirm, problem error) error {
	v := visitOf(c)
	m.Form.Cancel = v.incidentBase(i.ID)
	if problem != nil {
		keepTyped(c, &m.Form)
		if !complain(handlers.InfoOf(c).Locale, &m.Form, problem) {
			return problem
		}
	}
	s, err := p.shell(c, title, "", incidentHelp(), v.incidentCrumbs(views.Link{Label: i.Name, Href: v.incidentBase(i.ID)})...)
	if err != nil {
		return err
	}
	return p.confirm(c, s, m)
}

func (p *Portal) incidentRespondForm(c *fiber.Ctx) error {
	return p.incidentRespondPage(c, c.Query("response"), nil)
}

func (p *Portal) incidentRespondPage(c *fiber.Ctx, response string, problem error) error {
	v, i, err := p.theIncident(c)
	if err != nil {
		return err
	}
	block := response == risk.Block
	was := ""
	if p.responseCell(i).Kind == views.Badge {
		was = i.Response
	}
	m := views.Confirm{Form: views.Form{Action: v.incidentBase(i.ID) + "/respond", Submit: choose(block, "Block", "Challenge"), Danger: block, Fields: []views.Field{
		{Kind: views.Select, Name: "minutes", Label: "For", Value: "1440", Options: spans()},
		{Kind: views.Hidden, Name: "response", Value: choose(block, risk.Block, risk.Challenge)}, {Kind: views.Hidden, Name: "was", Value: was}}}}
	reach := fmt.Sprintf("It is about %s, their neighbourhoods and the tool as listed on the page, and about those that are noticed later.", numberWords(countAddresses(i), "addresses"))
	if block {
		m.Consequences = []string{"Sign-ins and sign-ups that come from this attack are refused, with the page that every blocked person sees. It is shown after the password was right, so that it tells an attacker nothing.", reach,
			"Honest people who come the same way are refused too. Sessions that are open go on.", "You can take it back at any time."}
	} else {
		m.Consequences = []string{"Sign-ins that come from this attack have at least a medium risk. A Conditional Access policy about the risk of sign-ins then asks for a second factor; whoever has registered none is blocked by it.", reach,
			"Where no policy is about the risk of sign-ins, it is only recorded.", "You can take it back at any time."}
		m.See = &views.Link{Label: "See the policies", Href: v.policiesBase()}
	}
	return p.ask(c, i, choose(block, "Block this attack?", "Challenge this attack?"), m, problem)
}

func countAddresses(i risk.Incident) int {
	n := 0
	for _, k := range i.Keys {
		if risk.IsAddress(k) {
			n++
		}
	}
	return n
}

func (p *Portal) incidentRespond(c *fiber.Ctx) error {
	v := visitOf(c)
	minutes, _ := strconv.Atoi(typed(c, "minutes"))
	r := models.IncidentResponse{Response: typed(c, "response"), For: time.Duration(minutes) * time.Minute, Was: typed(c, "was")}
	if r.Response == "" {
		r.Response = "?"
	}
	i, err := v.tenant.RespondIncident(c.UserContext(), v.actor(c), c.Params("id"), r)
	if err != nil {
		return p.incidentRespondPage(c, typed(c, "response"), err)
	}
	until := ""
	if i.Until != nil {
		until = " until " + i.Until.UTC().Format("2 January 2006, 15:04") + " UTC"
	}
	return p.doneUndo(c, v.incidentBase(i.ID), choose(r.Response == risk.Block, "The attack is blocked", "The attack is challenged")+until+".",
		models.PortalUndo{Post: v.incidentBase(i.ID) + "/withdraw", Fields: map[string]string{"was": r.Response}})
}

func (p *Portal) incidentWithdraw(c *fiber.Ctx) error {
	v := visitOf(c)
	at := v.incidentBase(c.Params("id"))
	if _, err := v.tenant.RespondIncident(c.UserContext(), v.actor(c), c.Params("id"), models.IncidentResponse{Was: typed(c, "was")}); err != nil {
		return p.saidConflict(c, at, err)
	}
	return p.done(c, at, "The response is taken back.")
}

func (p *Portal) incidentNotifyForm(c *fiber.Ctx) error {
	return p.incidentNotifyPage(c, c.Query("who"), nil)
}

func (p *Portal) incidentNotifyPage(c *fiber.Ctx, who string, problem error) error {
	v, i, err := p.theIncident(c)
	if err != nil {
		return err
	}
	if who != models.WaveTried {
		who = models.WaveEntered
	}
	ids, err := v.tenant.IncidentPeople(c.UserContext(), i.ID, who)
	if err != nil {
		return p.saidConflict(c, v.incidentBase(i.ID), err)
	}
	if len(ids) == 0 && problem == nil {
		return p.doneWith(c, v.incidentBase(i.ID), models.PortalFlash{Kind: "info", Text: "There is nobody left to be told."})
	}
	m := views.Confirm{Form: views.Form{Action: v.incidentBase(i.ID) + "/notify", Submit: "Send " + numberWords(len(ids), "mails"), Fields: []views.Field{
		{Kind: views.Hidden, Name: "who", Value: who}, {Kind: views.Hidden, Name: "count", Value: strconv.Itoa(len(ids))}}},
		Consequences: []string{numberWords(len(ids), "people") + choose(who == models.WaveEntered, " whose password the attack knew and who were not told yet get a mail", " whose account the attack tried get a mail") + ", in their language.",
			choose(who == models.WaveEntered, "It says that somebody knew their password, and asks them to choose another one and to look through their sign-ins.", "It says that somebody tried to get in and did not, and advises another password to whoever uses theirs elsewhere."),
			"Nothing that the attacker typed is in it. Its link leads to their account pages. Whoever has no address is left out.", "A mail that is sent cannot be taken back."}}
	return p.ask(c, i, choose(who == models.WaveEntered, "Tell the people entered?", "Tell everybody tried?"), m, problem)
}

func (p *Portal) incidentNotify(c *fiber.Ctx) error {
	v := visitOf(c)
	count, err := strconv.Atoi(typed(c, "count"))
	if err != nil {
		return fiber.ErrBadRequest
	}
	step := models.IncidentStep{Who: typed(c, "who"), Count: count}
	link := v.dir.Tenant.Base(p.BaseURL) + "/" + v.dir.Tenant.Slug + "/account"
	at := v.incidentBase(c.Params("id"))
	var when time.Time
	i, err := v.tenant.Incident(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	when = i.BeganAt
	i, err = v.tenant.NotifyIncident(c.UserContext(), v.actor(c), i.ID, step, func(t *models.Tenant, u models.User) error {
		return message.PostWave(c.UserContext(), t, message.Change{TenantID: t.ID, To: u.Address(), Locale: u.PreferredLanguage, At: when}, step.Who, link, i.Simulated, p.Now())
	})
	if fault.Is(err, fault.Invalid) {
		return p.incidentNotifyPage(c, step.Who, err)
	}
	if err != nil {
		return p.saidConflict(c, at, err)
	}
	return p.done(c, at, "The mails to "+numberWords(told(i), "people")+" are on their way.")
}

// told is how many people the last step told.
func told(i risk.Incident) int {
	if n := len(i.Acts); n > 0 && i.Acts[n-1].What == "notify" {
		return i.Acts[n-1].Count
	}
	return 0
}

func (p *Portal) incidentUnwindForm(c *fiber.Ctx) error { return p.incidentUnwindPage(c, nil) }

func (p *Portal) incidentUnwindPage(c *fiber.Ctx, problem error) error {
	v, i, err := p.theIncident(c)
	if err != nil {
		return err
	}
	if !v.may(access.RevokeWrite) {
		return p.refuse(c, access.RevokeWrite)
	}
	n := len(models.UnwindPeople(i))
	if n == 0 { // also when it was sent twice, or somebody else was faster
		return p.doneWith(c, v.incidentBase(i.ID), models.PortalFlash{Kind: "info", Text: "Every account that was entered is unwound already."})
	}
	m := views.Confirm{Form: views.Form{Action: v.incidentBase(i.ID) + "/unwind", Submit: "Unwind " + numberWords(n, "accounts"), Danger: true, Fields: []views.Field{{Kind: views.Hidden, Name: "count", Value: strconv.Itoa(n)}}},
		Consequences: []string{"This is for the " + numberWords(n, "accounts") + " whose password the attack knew.",
			"Their sessions end everywhere, and so do the tokens of apps: whoever is in is out.",
			"Each is confirmed compromised, with a high risk. Where a Conditional Access policy asks for another password at high user risk, they choose it after a second factor, which ends the risk. Where the user flow has second factors off, they choose it by “Forgot your password?”, if the flow offers that. Elsewhere whoever has registered none that the user flow accepts is refused, at sign-in and when they reset their password through the mailbox, and so is everybody where a policy blocks them: you then have to reset the password, or dismiss the risk, on their page.",
			"Where no policy is about user risk, whoever signs in with the old password next is asked for another one, which may be the attacker, and the risk stays high. A reset through the mailbox, where your user flow offers it, ends the risk: tell these people to do that, or reset their passwords yourself.",
			"A policy that blocks changing passwords refuses them all.",
			"Administrators and your own account are left out: deal with them one by one.",
			"The risk can be taken back on each person’s page. Ended sessions stay ended."}}
	return p.ask(c, i, "Unwind "+numberWords(n, "accounts")+"?", m, problem)
}

func (p *Portal) incidentUnwind(c *fiber.Ctx) error {
	v := visitOf(c)
	if !v.may(access.RevokeWrite) {
		return p.refuse(c, access.RevokeWrite)
	}
	count, err := strconv.Atoi(typed(c, "count"))
	if err != nil {
		return fiber.ErrBadRequest
	}
	at := v.incidentBase(c.Params("id"))
	got, err := v.tenant.UnwindIncident(c.UserContext(), v.actor(c), c.Params("id"), count)
	if fault.Is(err, fault.Invalid) {
		return p.incidentUnwindPage(c, err)
	}
	if err != nil {
		return p.saidConflict(c, at, err)
	}
	text := numberWords(got.People, "accounts") + choose(got.People == 1, " is", " are") + " unwound: signed out everywhere, confirmed compromised, and marked to choose another password."
	if n := len(got.Skipped); n > 0 {
		return p.doneWith(c, at, models.PortalFlash{Kind: "warn", Text: text, Note: "Left for you to deal with one by one: " + strings.Join(got.Skipped[:min(n, 10)], ", ") + "."})
	}
	return p.done(c, at, text)
}

func (p *Portal) incidentCloseForm(c *fiber.Ctx) error { return p.incidentClosePage(c, nil) }

func (p *Portal) incidentClosePage(c *fiber.Ctx, problem error) error {
	v, i, err := p.theIncident(c)
	if err != nil {
		return err
	}
	m := views.Confirm{Consequences: []string{"It leaves the list of open incidents, and what was decided about its sign-ins ends.", "Detections and the risk of people stay as they are.", "The same attack is told as a new incident if it goes on for another quarter of an hour. You can reopen this one."},
		Form: views.Form{Action: v.incidentBase(i.ID) + "/close", Submit: "Close incident", Fields: []views.Field{{Kind: views.TextArea, Name: "note", Label: "What you found", Hint: "For those who look at it later.", Optional: true, Rows: 3}}}}
	if n := len(models.UnwindPeople(i)); n > 0 {
		m.Consequences = append([]string{choose(n == 1, "One account is not unwound yet.", fmt.Sprintf("%d accounts are not unwound yet.", n))}, m.Consequences...)
	}
	return p.ask(c, i, "Close “"+i.Name+"”?", m, problem)
}

func (p *Portal) incidentClose(c *fiber.Ctx) error {
	v := visitOf(c)
	i, err := v.tenant.CloseIncident(c.UserContext(), v.actor(c), c.Params("id"), typed(c, "note"))
	if err != nil {
		return p.incidentClosePage(c, err)
	}
	return p.doneUndo(c, v.incidentBase(i.ID), "“"+i.Name+"” is closed.", models.PortalUndo{Post: v.incidentBase(i.ID) + "/reopen"})
}

func (p *Portal) incidentReopen(c *fiber.Ctx) error {
	v := visitOf(c)
	i, err := v.tenant.ReopenIncident(c.UserContext(), v.actor(c), c.Params("id"))
	if err != nil {
		return p.saidConflict(c, v.incidentsBase(), err)
	}
	return p.done(c, v.incidentBase(i.ID), "“"+i.Name+"” is open again.")
}
