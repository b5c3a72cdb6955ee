package admin

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/branding"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/message"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
	"portico/views/email"
)

// mail.go: who customers' mails and text messages come from, the proof of the sender's domain, the tenant's own server,
// and letters that an admin sends to themselves.

func mailHelp() views.Help {
	return views.Help{What: "Mails go out in your company’s name. Until you prove that the domain of the sender’s address is yours, they come from this installation’s address, and answers go to yours.",
		Do: "Enter the address, put the TXT record into your DNS and choose “Check now”. Then let your domain name the server that sends (SPF, DKIM), or enter your own server, and send a test to yourself."}
}

func (v *visit) mailBase() string { return v.base() + "/settings/mail" }

func (p *Portal) mailSettings(c *fiber.Ctx) error {
	s, err := visitOf(c).tenant.MailSender(c.UserContext())
	if err != nil {
		return err
	}
	return p.mailPage(c, s.Mail, nil)
}

func (p *Portal) mailPage(c *fiber.Ctx, x tenant.Mail, problem error) error {
	v := visitOf(c)
	now, err := v.tenant.MailSender(c.UserContext())
	if err != nil {
		return err
	}
	tls := "587"
	if x.Server.Port != 0 {
		tls = strconv.Itoa(x.Server.Port)
	}
	form := views.Form{Action: v.mailBase(), Submit: "Save", Main: true, Fields: []views.Field{
		{Kind: views.Heading, Label: "Sender"},
		{Name: "mail.name", Label: "Sender’s name", Hint: "What stands in front of the address. Left empty: " + now.Tenant.Name + ".", Value: x.Name, Optional: true},
		{Name: "mail.address", Label: "Sender’s address", Hint: "For example hello@your-company.com. It is used once the domain is proven. Left empty: " + p.MailFrom + ".", Value: x.Address, InputMode: "email", AutoComplete: "off", Optional: true},
		{Name: "mail.replyTo", Label: "Answers go to", Hint: "A mailbox that somebody reads. Left empty, they go to the sender’s address.", Value: x.ReplyTo, InputMode: "email", AutoComplete: "off", Optional: true},
		{Name: "mail.texts", Label: "Sender of text messages", Hint: "3 to 11 letters and digits, where the gateway and the country allow a name; many countries want it registered. Left empty: the gateway’s own number.", Value: x.Texts, Optional: true},
		{Kind: views.Heading, Label: "Your own mail server"},
		{Name: "mail.server.host", Label: "Server", Hint: "For example smtp.your-company.com. It must be on the public internet and speak TLS with a valid certificate. Left empty: this installation’s server.", Value: x.Server.Host, Code: true, AutoComplete: "off", Optional: true},
		{Name: "mail.server.port", Label: "Port", Hint: "587 begins in the clear and upgrades to TLS, 465 speaks TLS from the first byte.", Value: tls, InputMode: "numeric", Optional: true},
		{Name: "mail.server.user", Label: "User name", Value: x.Server.User, AutoComplete: "off", Optional: true},
		{Name: "password", Label: "Password", Type: "password", Hint: choose(now.HasPassword, "One is stored. Leave this empty to keep it; it is asked for again when server or user change.", "It is sealed and never shown again."), AutoComplete: "new-password", Optional: true},
		{Kind: views.Radios, Name: "mail.server.strict", Label: "When your server refuses or is not reached", Value: choose(x.Server.Strict, "wait", "instead"), Options: []views.Option{
			{Value: "instead", Label: "Send it through this installation’s server", Hint: "From this installation’s address. Codes arrive also when your server is down."},
			{Value: "wait", Label: "Try again later, and give up in the end", Hint: "No mail ever takes another way. People may wait for their code in vain."}}},
		loadedFrom(c, now.Mail, problem)}}
	if !complain(handlers.InfoOf(c).Locale, &form, problem) {
		return problem
	}
	state := views.Section{ID: "sender", Title: "Mails come from", Summary: facts(fact("From", plain(p.mailFromWords(now))), fact("Domain", senderState(now)), fact("Last look", when(now.CheckedAt)),
		fact("Goes out through", plain(choose(now.Server.Host == "", "This installation’s server", now.Server.Host+":"+strconv.Itoa(now.Server.Reached()))))),
		Buttons: []views.Action{{Label: "Send a test to me", Post: v.mailBase() + "/test"}}}
	if v.may(access.BrandingRead) {
		state.Action = &views.Link{Label: "See all mails in the studio", Href: v.base() + "/branding/" + branding.Company + "/edit?page=mail:code"}
	}
	sections := []views.Section{state}
	if now.Record != "" && (now.ProvenAt.IsZero() || !now.LostAt.IsZero()) {
		record := views.Section{ID: "record", Title: choose(now.ProvenAt.IsZero(), "Prove the domain", "Put the record back"), Says: []string{"Put this TXT record into the DNS of " + now.Domain() + ". Many consoles add the domain to the name by themselves: enter “_portico” alone there. It may take a while until it is seen."},
			Summary: facts(fact("Name", code(now.Record)), fact("Value", code(now.Value)))}
		if v.may(access.OrganizationWrite) {
			record.Buttons = []views.Action{{Label: "Check now", Post: v.mailBase() + "/prove", About: now.Domain()}}
		}
		sections = append(sections, record)
	}
	if now.Record == "" && now.Address != "" { // set by the management API or a file
		sections = append(sections, views.Section{ID: "record", Title: "Prove the domain", Says: []string{"The address was not set on this page. Save the settings below once; then the TXT record that proves " + now.Domain() + " stands here."}})
	}
	rules := views.Section{ID: "settings", Title: "Settings", Form: &form}
	if !v.may(access.OrganizationWrite) {
		rules.Form = nil
		rules.Summary = facts(fact("Sender’s name", plain(x.Name)), fact("Sender’s address", code(x.Address)), fact("Answers go to", code(x.ReplyTo)), fact("Sender of text messages", plain(x.Texts)), fact("User name at the server", code(x.Server.User)))
	}
	sections = append(sections, rules)
	if domain := now.Domain(); domain != "" {
		sections = append(sections, views.Section{ID: "dns", Title: "So that it arrives", Says: []string{
			"SPF: the TXT record of " + domain + " that begins with v=spf1 must name the server that sends: your own, or that of this installation, whose name its operator knows.",
			"DKIM: the server that sends should sign for " + domain + ". Your mail provider gives you the records; this installation’s server signs only what its operator set up.",
			"DMARC: begin with a TXT record at _dmarc." + domain + " that says v=DMARC1; p=none; rua=mailto:… and look at the reports. With p=quarantine or p=reject, mails that pass neither SPF nor DKIM for " + domain + " do not arrive."}})
	}
	return p.settingsPart(c, "Mail", "Who mails and text messages to customers come from.", mailHelp(), form.Problems, sections...)
}

func (p *Portal) mailFromWords(s models.MailSender) string {
	name, address := s.Name, s.From()
	if name == "" {
		name = s.Tenant.Name
	}
	if address == "" {
		address = p.MailFrom
	}
	return name + " <" + address + ">"
}

func senderState(s models.MailSender) views.Cell {
	switch {
	case s.Address == "":
		return plain("The installation’s")
	case !s.LostUntil().IsZero():
		return views.Cell{Kind: views.Badge, Tone: "danger", Text: "Record gone", Sub: "The address stands in mails until " + s.LostUntil().Format("2 January 2006") + " unless it comes back"}
	case s.ProvenAt.IsZero() && !s.LostAt.IsZero():
		return views.Cell{Kind: views.Badge, Tone: "danger", Text: "No longer proven", Sub: "The record is gone since " + s.LostAt.Format("2 January 2006") + "; the installation’s address stands in mails"}
	case s.ProvenAt.IsZero():
		return views.Cell{Kind: views.Badge, Tone: "warn", Text: "Waits for the record", Sub: "The installation’s address stands in mails"}
	}
	return views.Cell{Kind: views.Badge, Tone: "ok", Text: "Proven", Sub: "Since " + s.ProvenAt.Format("2 January 2006")}
}

func (p *Portal) mailSave(c *fiber.Ctx) error {
	v := visitOf(c)
	x := tenant.Mail{Name: typed(c, "mail.name"), Address: typed(c, "mail.address"), ReplyTo: typed(c, "mail.replyTo"), Texts: typed(c, "mail.texts"),
		Server: tenant.MailServer{Host: typed(c, "mail.server.host"), User: typed(c, "mail.server.user"), Strict: typed(c, "mail.server.strict") == "wait"}}
	if port := typed(c, "mail.server.port"); port != "" {
		n, err := strconv.Atoi(port)
		if err != nil || n == 0 {
			n = -1
		}
		x.Server.Port = n
	}
	err := v.tenant.SaveMail(c.UserContext(), v.actor(c), x, raw(c, "password"), func(now tenant.Mail) error { return unchanged(c, now) })
	if err != nil {
		return p.mailPage(c, x, err)
	}
	return p.done(c, v.mailBase(), "The mail settings are saved.")
}

func (p *Portal) mailProve(c *fiber.Ctx) error {
	v := visitOf(c)
	s, err := v.tenant.ProveMailSender(c.UserContext(), v.actor(c), p.Net.Lookup)
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.Invalid) {
		return p.warned(c, v.mailBase(), err)
	}
	if err != nil {
		return err
	}
	return p.done(c, v.mailBase(), s.Domain()+" is proven. Mails come from "+s.Address+" from now on.")
}

// warned says beside the page why something was not done.
func (p *Portal) warned(c *fiber.Ctx, to string, err error) error {
	e := fault.Of(err)
	text := handlers.InfoOf(c).Locale.T(e.Key, e.Args)
	if len(e.Fields) > 0 {
		text = handlers.InfoOf(c).Locale.T(e.Fields[0].Key, e.Fields[0].Args)
	}
	return p.doneWith(c, to, models.PortalFlash{Kind: "warn", Text: text + "."})
}

// mailTest sends a letter as it is published to whoever presses the button.
func (p *Portal) mailTest(c *fiber.Ctx) error {
	v := visitOf(c)
	l := handlers.InfoOf(c).Locale
	m := email.Sample(email.Code, v.dir.Tenant.Name, p.Now())
	wear(&m, l, v.dir.Tenant, v.dir.Branding.For("", l.Lang()), v.dir.Tenant.Home().Base(p.BaseURL))
	return p.sendToMe(c, v.mailBase(), l, m)
}

// wear puts a letter into a look; base stands before the paths of its pictures.
func wear(m *email.Letter, l *i18n.Localizer, t tenant.Tenant, look branding.Look, base string) {
	m.Wear(l, handlers.Linked(t, look), func(x branding.Picture) string { return base + handlers.PictureURL(t, x) })
}

// sendToMe sends a letter to the signed-in admin's own address and to no other.
func (p *Portal) sendToMe(c *fiber.Ctx, back string, l *i18n.Localizer, m email.Letter) error {
	v := visitOf(c)
	switch {
	case p.Post == nil:
		return p.warned(c, back, fault.New(fault.Conflict, "error.internal"))
	case v.admin.Mail == "":
		return p.warned(c, back, fault.New(fault.Conflict, "sender.self"))
	case !p.tries.allow(v.admin.ID, p.Now()):
		return p.warned(c, back, fault.New(fault.Conflict, "sender.lately"))
	}
	words, err := email.Render(l, m)
	if err != nil {
		return err
	}
	// Within what the portal waits for a page.
	ctx, cancel := context.WithTimeout(c.UserContext(), 15*time.Second)
	defer cancel()
	via, err := p.Post.Try(ctx, message.Letter{ID: models.NewID(), TenantID: v.tenant.ID, Channel: "mail", To: v.admin.Mail, SenderName: v.dir.Tenant.Name,
		Subject: words.Subject, Text: words.Text, HTML: words.HTML})
	if via == "" {
		via = "this installation’s server"
	}
	if err != nil {
		text := err.Error()
		if errors.Is(err, context.DeadlineExceeded) {
			text = "no answer within 15 seconds"
		}
		return p.doneWith(c, back, models.PortalFlash{Kind: "warn", Text: "Not sent through " + via + ": " + clip(text, 300)})
	}
	return p.done(c, back, "Sent to "+v.admin.Mail+" through "+via+".")
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// tries counts the mails that admins send to themselves.
type tries struct {
	mu   sync.Mutex
	sent map[string][]time.Time
}

const mostTries = 20 // in an hour, of one admin

func (t *tries) allow(who string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sent == nil || len(t.sent) > 10000 {
		t.sent = map[string][]time.Time{}
	}
	recent := slices.DeleteFunc(t.sent[who], func(at time.Time) bool { return now.Sub(at) > time.Hour })
	if len(recent) >= mostTries {
		t.sent[who] = recent
		return false
	}
	t.sent[who] = append(recent, now)
	return true
}
