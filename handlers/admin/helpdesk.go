package admin

import (
	"crypto/rand"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/message"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// The help desk helps one caller at a time and cannot look around: it finds a person by something exact, sees
// masked data, checks the caller by a code that goes to an address from before the call, and only then, for a
// quarter of an hour, hands out what lets the caller in again. Every step is in the person's history.

// helpDeskRoutes are the pages of the help desk.
func (p *Portal) helpDeskRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/helpdesk"
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.helpDesk, Permission: access.HelpDesk, NavGroup: navPeople, NavLabel: "Help desk"},
		{Method: post, Path: at, Handler: p.helpDeskFind, Permission: access.HelpDesk},
		{Method: get, Path: at + "/:id", Handler: p.callerPage, Permission: access.HelpDesk},
		{Method: post, Path: at + "/:id/code", Handler: p.callerCode, Permission: access.HelpDesk},
		{Method: post, Path: at + "/:id/check", Handler: p.callerCheck, Permission: access.HelpDesk},
		{Method: post, Path: at + "/:id/recovery", Handler: p.callerRecovery, Permission: access.HelpDesk},
		{Method: post, Path: at + "/:id/password", Handler: p.callerPassword, Permission: access.HelpDesk},
		{Method: post, Path: at + "/:id/sessions", Handler: p.callerSessions, Permission: access.HelpDesk},
		{Method: post, Path: at + "/:id/unlock", Handler: p.callerUnlock, Permission: access.HelpDesk},
	}
}

// Limits of the help desk: enough for a busy day, too little to go through a list of addresses.
const (
	searchesPerHour = 60
	codesPerHour    = 5 // to one person
)

func helpDeskHelp() views.Help {
	return views.Help{What: "For people who call because they cannot sign in. You see only as much as you need, and everything you do here is in the person's history.",
		Do: "Ask for the caller's address, find it, send a code, and let the caller read it out. Never read anything from this page to the caller: whoever calls must know it, not you."}
}

func (p *Portal) helpDesk(c *fiber.Ctx) error { return p.helpDeskPage(c, "", nil) }

func (p *Portal) helpDeskPage(c *fiber.Ctx, who string, problem error) error {
	f := views.Form{Action: visitOf(c).base() + "/helpdesk", Submit: "Find", Main: true,
		Fields: []views.Field{{Name: "who", Label: "What the caller tells you", Hint: "An email address, phone number, user name or customer number, complete.", Value: who, AutoComplete: "off", Code: true}}}
	if !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, "Help desk", "Find one caller, check who they are, help.", helpDeskHelp())
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) helpDeskFind(c *fiber.Ctx) error {
	v, who := visitOf(c), typed(c, "who")
	if who == "" {
		return p.helpDeskPage(c, who, fault.BadField("who", "helpdesk.who", nil))
	}
	ok, err := v.tenant.TakeTurn(c.UserContext(), "help desk search", v.admin.ID, searchesPerHour, time.Hour)
	if err != nil {
		return err
	}
	if !ok {
		return p.helpDeskPage(c, who, fault.BadField("who", "helpdesk.often", nil))
	}
	u, err := v.tenant.FindCaller(c.UserContext(), who)
	if fault.Is(err, fault.NotFound) {
		return p.helpDeskPage(c, who, fault.BadField("who", "helpdesk.not_found", nil))
	}
	if err != nil {
		return err
	}
	if err := v.tenant.NoteCaller(c.UserContext(), v.actor(c), u); err != nil {
		return err
	}
	return c.Redirect(v.base()+"/helpdesk/"+u.ID, fiber.StatusSeeOther)
}

// masked shows as much of an address or name as its owner needs to recognise it.
func masked(s string) string {
	local, domain, isMail := strings.Cut(s, "@")
	if !isMail {
		return firstLetter(s) + "***"
	}
	name, top := domain, ""
	if i := strings.LastIndexByte(domain, '.'); i > 0 {
		name, top = domain[:i], domain[i:]
	}
	return firstLetter(local) + "***@" + firstLetter(name) + "***" + top
}

func firstLetter(s string) string {
	r, _ := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError {
		return ""
	}
	return string(r)
}

// initials are what the help desk sees of a name.
func initials(u models.User) string {
	var out []string
	for _, word := range strings.Fields(u.DisplayName) {
		out = append(out, firstLetter(word)+".")
		if len(out) == 3 {
			break
		}
	}
	if len(out) == 0 {
		return "Caller"
	}
	return strings.Join(out, " ")
}

func (p *Portal) callerPage(c *fiber.Ctx) error { return p.callerShow(c, nil, nil) }

// callerShow is the page of one caller. Problems belong to the form with the code or the one that sends it.
func (p *Portal) callerShow(c *fiber.Ctx, sending, checking error) error {
	v, ctx := visitOf(c), c.UserContext()
	u, err := v.tenant.Caller(ctx, v.actor(c), c.Params("id"))
	if err != nil {
		return err
	}
	if err := v.tenant.LookAtCaller(ctx, v.actor(c), u); err != nil {
		return err
	}
	addresses, err := v.tenant.CallerAddresses(ctx, u)
	if err != nil {
		return err
	}
	check, err := v.tenant.CallerCheck(ctx, v.admin.ID, u.ID)
	if err != nil {
		return err
	}
	s, err := p.shell(c, initials(u), "Masked on purpose: let the caller tell you.", helpDeskHelp(), views.Link{Label: "Help desk", Href: v.base() + "/helpdesk"})
	if err != nil {
		return err
	}
	base := v.base() + "/helpdesk/" + u.ID
	d := views.Detail{Sections: []views.Section{callerFacts(u)}}
	l := handlers.InfoOf(c).Locale
	switch {
	case check.Verified():
		d.Sections = append(d.Sections, callerActions(u, base, check))
	default:
		send, ok := callerSend(base, addresses, sending, l)
		if !ok {
			return sending
		}
		if send.Form != nil {
			s.Problems = append(s.Problems, send.Form.Problems...)
		}
		if check.ID != "" {
			ask := views.Form{Action: base + "/check", Submit: "Check", Main: true, Fields: []views.Field{{Name: "code", Label: "Code that the caller reads out",
				Hint: "Sent to " + check.To + ". Eight digits; works for 10 minutes and five tries.", InputMode: "numeric", AutoComplete: "off", Code: true}}}
			if !complain(l, &ask, checking) {
				return checking
			}
			s.Problems = append(s.Problems, ask.Problems...)
			d.Sections = append(d.Sections, views.Section{ID: "check", Title: "Check the caller", Form: &ask})
		}
		d.Sections = append(d.Sections, send)
	}
	status := fiber.StatusOK
	if sending != nil || checking != nil {
		status = fiber.StatusUnprocessableEntity
	}
	return handlers.Render(c, status, views.DetailPage(s, d))
}

// callerFacts is what helps on the phone and tells nobody's secrets.
func callerFacts(u models.User) views.Section {
	last := day(u.LastSignInAt)
	if u.LastSignInAt.IsZero() {
		last = plain("Never")
	}
	ways := waysIn(u)
	if ways == "" {
		ways = "None"
	}
	return views.Section{ID: "caller", Title: "Caller", Summary: []views.Fact{fact("Signs in as", code(masked(signInName(u)))), fact("Ways to sign in", plain(ways)), fact("State", stateBadge(u.Enabled)),
		fact("Customer since", plain(u.CreatedAt.Format("2006"))), fact("Last sign-in", last)}}
}

func callerSend(base string, addresses []models.CallerAddress, problem error, l *i18n.Localizer) (views.Section, bool) {
	send := views.Section{ID: "send", Title: "Send a code", Lead: "It goes to an address that the person had before this call."}
	if len(addresses) == 0 {
		send.Lead = "There is no address to send a code to: none was there a day ago. A User Administrator can help after checking the person in another way."
		return send, true
	}
	f := views.Form{Action: base + "/code", Submit: "Send code", Fields: []views.Field{{Kind: views.Radios, Name: "address", Label: "Where to?", Value: addresses[0].ID}}}
	for _, a := range addresses {
		f.Fields[0].Options = append(f.Fields[0].Options, views.Option{Value: a.ID, Label: masked(a.Address)})
	}
	ok := complain(l, &f, problem)
	send.Form = &f
	return send, ok
}

func callerActions(u models.User, base string, check models.CallerCheckRow) views.Section {
	buttons := []views.Action{{Label: "Hand out a recovery code", Post: base + "/recovery"}, {Label: "Give a temporary password", Post: base + "/password"},
		{Label: "Unlock", Post: base + "/unlock"}, {Label: "End all sessions", Post: base + "/sessions"}}
	if !u.HasPassword {
		buttons = append(buttons[:1], buttons[2:]...)
	}
	return views.Section{ID: "help", Title: "Help", Lead: "The caller knew the code sent to " + check.To + ". You can help until " + check.ExpiresAt.UTC().Format("15:04") +
		" UTC. A recovery code replaces the second factor once, within an hour; the person is told of it by mail.", Buttons: buttons}
}

func (p *Portal) callerCode(c *fiber.Ctx) error {
	v, ctx := visitOf(c), c.UserContext()
	u, err := v.tenant.Caller(ctx, v.actor(c), c.Params("id"))
	if err != nil {
		return err
	}
	addresses, err := v.tenant.CallerAddresses(ctx, u)
	if err != nil {
		return err
	}
	to := ""
	for _, a := range addresses {
		if a.ID == typed(c, "address") {
			to = a.Address
		}
	}
	if to == "" {
		return p.callerShow(c, fault.BadField("address", "helpdesk.unknown_address", nil), nil)
	}
	ok, err := v.tenant.TakeTurn(ctx, "help desk code", u.ID, codesPerHour, time.Hour)
	if err != nil {
		return err
	}
	if !ok {
		return p.callerShow(c, fault.BadField("address", "helpdesk.often", nil), nil)
	}
	digits, err := factor.NewCode(rand.Reader)
	if err != nil {
		return err
	}
	err = v.tenant.BeginCallerCheck(ctx, v.actor(c), u, masked(to), digits, func(t *models.Tenant) error {
		return message.PostCallerCode(ctx, t, message.Change{TenantID: t.ID, To: to, Locale: u.PreferredLanguage}, digits, factor.CodeLifetime, t.Now())
	})
	if err != nil {
		return err
	}
	return p.done(c, v.base()+"/helpdesk/"+u.ID, "A code is on its way to "+masked(to)+".")
}

func (p *Portal) callerCheck(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.tenant.Caller(c.UserContext(), v.actor(c), c.Params("id"))
	if err != nil {
		return err
	}
	if err := v.tenant.FinishCallerCheck(c.UserContext(), v.actor(c), u, typed(c, "code")); err != nil {
		if fault.Is(err, fault.Invalid) {
			return p.callerShow(c, nil, err)
		}
		return err
	}
	return p.done(c, v.base()+"/helpdesk/"+u.ID, "The code is right: this is the person, or somebody who reads their mail.")
}

// checkedCaller is the caller of an action that needs a fresh check. Whoever is an admin gets help from admins.
func (p *Portal) checkedCaller(c *fiber.Ctx) (models.User, error) {
	v := visitOf(c)
	u, err := v.tenant.Caller(c.UserContext(), v.actor(c), c.Params("id"))
	if err != nil {
		return u, err
	}
	check, err := v.tenant.CallerCheck(c.UserContext(), v.admin.ID, u.ID)
	if err != nil {
		return u, err
	}
	if !check.Verified() {
		return u, fault.New(fault.Denied, "helpdesk.unverified")
	}
	theirs, err := v.tenant.Assignments(c.UserContext(), u.ID)
	if err != nil {
		return u, err
	}
	if !access.Over(v.rights(), theirs) {
		return u, fault.New(fault.Denied, "admin.over")
	}
	return u, nil
}

func (p *Portal) callerRecovery(c *fiber.Ctx) error {
	v, ctx := visitOf(c), c.UserContext()
	u, err := p.checkedCaller(c)
	if err != nil {
		return err
	}
	codes, err := factor.RecoveryCodes(rand.Reader)
	if err != nil {
		return err
	}
	verifier, err := factor.RecoveryVerifier(rand.Reader, u.ID, codes[0])
	if err != nil {
		return err
	}
	err = v.tenant.InTx(ctx, func(t *models.Tenant) error {
		if err := t.HandOutRecovery(ctx, v.actor(c), u, verifier); err != nil {
			return err
		}
		return message.PostHelpGiven(ctx, t, message.Change{TenantID: t.ID, To: u.Address(), Locale: u.PreferredLanguage, At: t.Now()}, t.Now())
	})
	if err != nil {
		return err
	}
	return p.doneWith(c, v.base()+"/helpdesk/"+u.ID, models.PortalFlash{Kind: "ok", Text: "Read this code to the caller.", Label: "Recovery code", Secret: codes[0],
		Note: "Works once, within an hour, in place of the second factor: the caller chooses “recovery code” when asked for it. It is shown only now."})
}

func (p *Portal) callerPassword(c *fiber.Ctx) error {
	v, ctx := visitOf(c), c.UserContext()
	u, err := p.checkedCaller(c)
	if err != nil {
		return err
	}
	if !u.HasPassword {
		return fault.New(fault.NotFound, "error.not_found")
	}
	secret, hash, err := p.password(c, "generate", "", u.GivenName, u.Surname, u.DisplayName, localPart(signInName(u)))
	if err != nil {
		return err
	}
	err = v.tenant.InTx(ctx, func(t *models.Tenant) error {
		if err := t.SetPassword(ctx, v.actor(c), u.ID, models.PasswordChange{Hash: hash, MustChange: true, RevokeSessions: true}); err != nil {
			return err
		}
		return message.PostPasswordChanged(ctx, t, message.Change{TenantID: t.ID, To: u.Address(), Locale: u.PreferredLanguage, At: t.Now()}, t.Now())
	})
	if err != nil {
		return err
	}
	return p.doneWith(c, v.base()+"/helpdesk/"+u.ID, models.PortalFlash{Kind: "ok", Text: "Read this password to the caller. Every session has ended.", Label: "Temporary password", Secret: secret,
		Note: "The caller chooses another one at the next sign-in. It is shown only now."})
}

func (p *Portal) callerSessions(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := p.checkedCaller(c)
	if err != nil {
		return err
	}
	if _, err := v.tenant.RevokeSessions(c.UserContext(), v.actor(c), u.ID); err != nil {
		return err
	}
	return p.done(c, v.base()+"/helpdesk/"+u.ID, "Every session of the caller has ended.")
}

func (p *Portal) callerUnlock(c *fiber.Ctx) error {
	v, ctx := visitOf(c), c.UserContext()
	u, err := p.checkedCaller(c)
	if err != nil {
		return err
	}
	err = v.tenant.InTx(ctx, func(t *models.Tenant) error {
		if err := t.Unlock(ctx, u.ID); err != nil {
			return err
		}
		return t.WriteAudit(ctx, v.actor(c), audit.Event{Activity: "Unlock account", Category: "HelpDesk", Operation: "Update", Target: audit.Target{Kind: "user", ID: u.ID, Name: userName(u)}})
	})
	if err != nil {
		return err
	}
	return p.done(c, v.base()+"/helpdesk/"+u.ID, "The account is unlocked: wrong passwords are forgotten.")
}
