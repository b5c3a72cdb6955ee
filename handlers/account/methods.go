package account

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
	views "portico/views/account"
	"portico/views/ui"
)

// methods lists how the person signs in.
func (p *Pages) methods(c *fiber.Ctx) error {
	v, own := visitOf(c), p.ownVisit(c)
	all, err := v.t.WaysOf(c.UserContext(), v.person.ID)
	if err != nil {
		return err
	}
	at := v.base() + "/methods"
	change := words(c, "account.change")
	view := views.MethodsView{}
	pass := views.Line{Icon: "lock", Label: words(c, "method.password.text"), None: words(c, "account.password.none")}
	switch {
	case all.Password != nil:
		pass.Value = words(c, "account.password.since", "date", day(c, all.Password.AddedAt))
		if v.person.PasswordVoid {
			pass.Value, pass.None = "", words(c, "account.password.void")
		}
		pass.Change = views.Link{Text: change, Href: at + "/password"}
		view.Password = []views.Line{pass}
	case own.TakesPasswords():
		pass.Change = views.Link{Text: words(c, "account.add"), Href: at + "/password"}
		view.Password = []views.Line{pass}
	}
	for _, i := range all.Identities {
		if i.Kind == account.SignInFederated {
			view.Linked = append(view.Linked, p.linkedLine(c, i))
			continue
		}
		view.Addresses = append(view.Addresses, p.identityLine(c, i))
	}
	if view.Connect, err = p.connectable(c, all); err != nil {
		return err
	}
	view.AddEmail = views.Link{Text: words(c, "account.email.add"), Href: at + "/email"}
	view.Phone, view.AddPhone = p.phoneLines(c, all)
	for _, m := range all.Methods {
		if m.Kind == models.KindSMS { // stands with the number
			continue
		}
		view.Second = append(view.Second, p.secondLine(c, m, views.Link{Text: change, Href: at + "/second/" + m.ID}))
	}
	for _, kind := range own.Offers() {
		view.Add = append(view.Add, views.Go{Icon: methodIcon(kind), Title: words(c, "account.add."+kind), Note: words(c, "account.add."+kind+"_note"),
			Href: at + "/" + map[string]string{factor.TOTP: "totp", factor.Passkey: "passkey", factor.EmailCode: "mail"}[kind]})
	}
	if own.HasSecond() {
		l := views.Line{Icon: "key", Value: words(c, "account.recovery.left", "count", all.Recovery), Change: views.Link{Text: words(c, "account.recovery.make"), Href: at + "/recovery"}}
		if all.Recovery == 0 {
			l.Value, l.None = "", words(c, "account.recovery.none")
		} else {
			l.Note = words(c, "account.added", "date", day(c, all.RecoveryAt))
		}
		view.Recovery = []views.Line{l}
	}
	return p.render(c, fiber.StatusOK, views.Methods(p.page(c), view))
}

func (p *Pages) identityLine(c *fiber.Ctx, i models.Way) views.Line {
	v := visitOf(c)
	at := v.base() + "/methods"
	l := views.Line{Icon: "mail", Label: words(c, "method."+i.Kind+".text"), Value: i.Name, Note: words(c, "account.added", "date", day(c, i.AddedAt))}
	remove := views.Link{Text: words(c, "account.remove"), Href: at + "/identities/" + i.ID + "/remove", About: i.Name}
	switch i.Kind {
	case account.SignInEmail:
		l.Change = views.Link{Text: words(c, "account.change"), Href: at + "/email?of=" + i.ID, About: i.Name}
		if sameMail(i.Name, v.person.Mail) {
			if len(v.person.Identities) > 1 {
				l.Badges = append(l.Badges, views.Badge{Text: words(c, "account.email.main"), Tone: ui.Info})
			}
			if !v.person.MailVerified {
				l.Badges = append(l.Badges, views.Badge{Text: words(c, "account.email.unproven"), Tone: ui.Warn})
			}
		}
	case account.SignInUserName:
		l.Icon = "user"
		if len(v.person.Identities) > 1 {
			l.Change = remove
		}
	}
	return l
}

func sameMail(a, b string) bool {
	x, errX := account.CanonicalEmail(a)
	y, errY := account.CanonicalEmail(b)
	return errX == nil && errY == nil && x == y
}

func (p *Pages) phoneLines(c *fiber.Ctx, all models.Ways) ([]views.Line, views.Link) {
	v := visitOf(c)
	at := v.base() + "/methods/phone"
	if v.person.MobilePhone == "" {
		if p.Desk.Texts {
			return nil, views.Link{Text: words(c, "account.phone.add"), Href: at}
		}
		return nil, views.Link{}
	}
	l := views.Line{Icon: "phone", Value: v.person.MobilePhone}
	proven := false
	for _, m := range all.Methods {
		if m.Kind == models.KindSMS {
			proven, l.Note = true, words(c, "account.added", "date", day(c, m.AddedAt))
		}
	}
	if !proven {
		l.Badges = []views.Badge{{Text: words(c, "account.email.unproven"), Tone: ui.Warn}}
	}
	if l.Change = (views.Link{Text: words(c, "account.change"), Href: at}); !p.Desk.Texts {
		l.Change = views.Link{Text: words(c, "account.remove"), Href: at + "/remove"}
	}
	return []views.Line{l}, views.Link{}
}

func (p *Pages) secondLine(c *fiber.Ctx, m models.Way, change views.Link) views.Line {
	t := visitOf(c).dir.Tenant
	kind := words(c, "method."+m.Kind+".text")
	l := views.Line{Icon: methodIcon(m.Kind), Label: kind, Value: m.Name, Note: words(c, "account.added", "date", day(c, m.AddedAt)), Change: change}
	if m.Name == "" {
		l.Label, l.Value = "", kind
	}
	if m.Kind == factor.Passkey {
		kept := "account.passkey.bound"
		if m.Passkey.Synced {
			kept = "account.passkey.synced"
		}
		l.Note += " · " + words(c, kept)
		if where := factor.AuthenticatorName(m.Passkey.AAGUID); where != "" && where != m.Name {
			l.Note += " · " + where
		}
	}
	if host := m.Passkey.Host; m.Kind == factor.Passkey && host != t.Host {
		said, name := ui.Info, tenant.HostAt(p.BaseURL, host)
		key := "account.passkey.elsewhere"
		if !t.Answers(host) {
			said, key = ui.Warn, "account.passkey.gone"
		}
		l.Badges = append(l.Badges, views.Badge{Text: words(c, key, "host", name), Tone: said})
	}
	if !m.UsedAt.IsZero() {
		l.Note += " · " + words(c, "account.used", "date", day(c, m.UsedAt))
	}
	return l
}

func (p *Pages) passwordView(c *fiber.Ctx) views.PasswordView {
	v, own := visitOf(c), p.ownVisit(c)
	rules := p.Desk.Rules(own)
	view := views.PasswordView{Has: v.person.HasPassword, Void: v.person.PasswordVoid, User: v.person.Address(), MinLength: max(rules.Min, 8), ThreeOfFour: rules.ThreeOfFour}
	without := v.person.Account
	without.HasPassword = false
	if v.person.HasPassword && own.StillIn(v.person.Account, without, "password") == nil {
		view.Remove = v.base() + "/methods/password/remove"
	}
	return view
}

func (p *Pages) passwordPage(c *fiber.Ctx) error {
	if !p.ownVisit(c).TakesPasswords() {
		return fault.New(fault.NotFound, "error.not_found")
	}
	return p.render(c, fiber.StatusOK, views.Password(ticked(p.page(c)), p.passwordView(c)))
}

// changePassword reads the passwords as they were typed: blanks at their ends are part of them.
func (p *Pages) changePassword(c *fiber.Ctx) error {
	v := visitOf(c)
	secret, err := p.Desk.ChangePassword(c.UserContext(), p.ownVisit(c), handlers.Form(c, "password"), handlers.Form(c, "newPassword"), typed(c, "elsewhere") != "")
	if err != nil {
		return p.again(c, err, func(page views.Page) error {
			return p.render(c, handlers.Status(fault.Of(err).Code), views.Password(page, p.passwordView(c)))
		}, "elsewhere")
	}
	p.renew(c, secret)
	key := "account.password.changed"
	if !v.person.HasPassword {
		key = "account.password.added"
	}
	return p.done(c, v.base()+"/methods", key)
}

// again draws a refused form once more with what was typed; what is not the form's affair goes up.
func (p *Pages) again(c *fiber.Ctx, err error, draw func(views.Page) error, names ...string) error {
	page := p.page(c)
	typedValues(c, &page, names...)
	if !complain(c, &page, err) {
		return err
	}
	return draw(page)
}

// refuse shows a page that only asks for a yes once more, with why it was not done.
func (p *Pages) refuse(c *fiber.Ctx, err error, view views.Confirm) error {
	return p.again(c, err, func(page views.Page) error {
		for i := range page.Errors { // the page has no field to lead to
			page.Errors[i].Name = ""
		}
		return p.render(c, handlers.Status(fault.Of(err).Code), views.ConfirmPage(page, view))
	})
}

func (p *Pages) removePasswordView(c *fiber.Ctx) views.Confirm {
	at := visitOf(c).base() + "/methods/password"
	return views.Confirm{Title: words(c, "account.password.remove"), Lead: words(c, "account.password.remove_lead"), Action: at + "/remove",
		Submit: words(c, "account.password.remove"), Danger: true, Cancel: at}
}

func (p *Pages) removePasswordPage(c *fiber.Ctx) error {
	return p.render(c, fiber.StatusOK, views.ConfirmPage(p.page(c), p.removePasswordView(c)))
}

func (p *Pages) removePassword(c *fiber.Ctx) error {
	if err := p.Desk.RemovePassword(c.UserContext(), p.ownVisit(c)); err != nil {
		return p.refuse(c, err, p.removePasswordView(c))
	}
	return p.done(c, visitOf(c).base()+"/methods", "account.password.removed")
}

func (p *Pages) totpView(c *fiber.Ctx) (views.TOTPView, error) {
	v := visitOf(c)
	secret, err := p.Desk.BeginTOTP(c.UserContext(), p.ownVisit(c))
	if err != nil {
		return views.TOTPView{}, err
	}
	name := v.person.Address()
	if name == "" {
		name = v.person.DisplayName
	}
	return views.TOTPView{URI: factor.TOTPURI(secret, v.dir.Tenant.Name, name), Secret: groups(factor.TOTPText(secret))}, nil
}

// groups writes a key in groups of four.
func groups(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (p *Pages) totpPage(c *fiber.Ctx) error {
	view, err := p.totpView(c)
	if err != nil {
		return err
	}
	return p.render(c, fiber.StatusOK, views.SetUpTOTP(p.page(c), view))
}

func (p *Pages) addTOTP(c *fiber.Ctx) error {
	secret, err := p.Desk.ConfirmTOTP(c.UserContext(), p.ownVisit(c), typed(c, "code"), typed(c, "name"))
	if err != nil {
		return p.again(c, err, func(page views.Page) error {
			view, begun := p.totpView(c)
			if begun != nil {
				return begun
			}
			return p.render(c, handlers.Status(fault.Of(err).Code), views.SetUpTOTP(page, view))
		}, "name")
	}
	return p.registered(c, secret)
}

// registered ends the set-up of a second factor; whoever has no recovery codes yet is led to them.
func (p *Pages) registered(c *fiber.Ctx, secret string) error {
	v := visitOf(c)
	p.renew(c, secret)
	all, err := v.t.WaysOf(c.UserContext(), v.person.ID)
	if err != nil {
		return err
	}
	if all.Recovery == 0 {
		return p.done(c, v.base()+"/methods/recovery", "account.method.added")
	}
	return p.done(c, v.base()+"/methods", "account.method.added")
}

func (p *Pages) passkeyPage(c *fiber.Ctx) error {
	options, err := p.Desk.BeginPasskey(c.UserContext(), p.ownVisit(c))
	if err != nil {
		return err
	}
	return p.render(c, fiber.StatusOK, views.CreatePasskey(p.page(c), views.PasskeyView{Options: string(options)}))
}

func (p *Pages) addPasskey(c *fiber.Ctx) error {
	secret, err := p.Desk.FinishPasskey(c.UserContext(), p.ownVisit(c), handlers.Form(c, "credential"), typed(c, "name"))
	if err != nil {
		return p.again(c, err, func(page views.Page) error {
			options, begun := p.Desk.BeginPasskey(c.UserContext(), p.ownVisit(c))
			if begun != nil {
				return begun
			}
			return p.render(c, handlers.Status(fault.Of(err).Code), views.CreatePasskey(page, views.PasskeyView{Options: string(options)}))
		}, "name")
	}
	return p.registered(c, secret)
}

func (p *Pages) mailView(c *fiber.Ctx) views.Confirm {
	v := visitOf(c)
	return views.Confirm{Title: words(c, "account.add.email"), Lead: words(c, "account.mail.lead", "to", v.person.Mail), Action: v.base() + "/methods/mail",
		Submit: words(c, "account.method.add"), Cancel: v.base() + "/methods"}
}

func (p *Pages) mailPage(c *fiber.Ctx) error {
	if !slices.Contains(p.ownVisit(c).Offers(), factor.EmailCode) {
		return fault.New(fault.NotFound, "error.not_found")
	}
	return p.render(c, fiber.StatusOK, views.ConfirmPage(p.page(c), p.mailView(c)))
}

func (p *Pages) addMail(c *fiber.Ctx) error {
	if err := p.Desk.AddMail(c.UserContext(), p.ownVisit(c)); err != nil {
		return p.refuse(c, err, p.mailView(c))
	}
	return p.done(c, visitOf(c).base()+"/methods", "account.method.added")
}

func (p *Pages) recoveryPage(c *fiber.Ctx) error {
	v := visitOf(c)
	codes, err := p.Desk.DraftRecovery(c.UserContext(), p.ownVisit(c))
	if err != nil {
		return err
	}
	all, err := v.t.WaysOf(c.UserContext(), v.person.ID)
	if err != nil {
		return err
	}
	return p.render(c, fiber.StatusOK, views.RecoverySet(p.page(c), codes, all.Recovery > 0))
}

// recoveryFile is the same set to keep in a file or to print.
func (p *Pages) recoveryFile(c *fiber.Ctx) error {
	v := visitOf(c)
	codes, err := p.Desk.DraftRecovery(c.UserContext(), p.ownVisit(c))
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="recovery-codes-`+v.dir.Tenant.Slug+`.txt"`)
	return c.SendString(v.dir.Tenant.Name + "\n" + v.person.Address() + "\n\n" + strings.Join(codes, "\n") + "\n")
}

func (p *Pages) keepRecovery(c *fiber.Ctx) error {
	at := visitOf(c).base() + "/methods"
	err := p.Desk.KeepRecovery(c.UserContext(), p.ownVisit(c))
	if fault.Is(err, fault.Expired) { // pressed twice, or too late: the page shows what is so now
		return p.doneWith(c, at, ui.Warn, fault.Of(err).Key)
	}
	if err != nil {
		return err
	}
	return p.done(c, at, "account.recovery.kept")
}

// method finds one of the person's own second factors.
func (p *Pages) method(c *fiber.Ctx) (models.Way, error) {
	v := visitOf(c)
	all, err := v.t.WaysOf(c.UserContext(), v.person.ID)
	if err != nil {
		return models.Way{}, err
	}
	m, ok := all.Method(c.Params("id"))
	if !ok || m.Kind == models.KindSMS {
		return models.Way{}, fault.New(fault.NotFound, "error.not_found")
	}
	return m, nil
}

func (p *Pages) methodView(c *fiber.Ctx, m models.Way) views.MethodView {
	at := visitOf(c).base() + "/methods/second/" + m.ID
	view := views.MethodView{Title: words(c, "method."+m.Kind+".text"), Lines: []views.Line{p.secondLine(c, m, views.Link{})}, Remove: at + "/remove"}
	if m.Kind == factor.TOTP || m.Kind == factor.Passkey {
		view.Action = at
	}
	return view
}

func (p *Pages) methodPage(c *fiber.Ctx) error {
	m, err := p.method(c)
	if err != nil {
		return err
	}
	page := p.page(c)
	page.Values = map[string]string{"name": m.Name}
	return p.render(c, fiber.StatusOK, views.Method(page, p.methodView(c, m)))
}

func (p *Pages) renameMethod(c *fiber.Ctx) error {
	m, err := p.method(c)
	if err != nil {
		return err
	}
	if err := p.Desk.Rename(c.UserContext(), p.ownVisit(c), m.ID, typed(c, "name")); err != nil {
		return p.again(c, err, func(page views.Page) error {
			return p.render(c, handlers.Status(fault.Of(err).Code), views.Method(page, p.methodView(c, m)))
		}, "name")
	}
	return p.done(c, visitOf(c).base()+"/methods", "account.method.renamed")
}

func (p *Pages) removeMethodView(c *fiber.Ctx, m models.Way) views.Confirm {
	own, at := p.ownVisit(c), visitOf(c).base()+"/methods/second/"+m.ID
	view := views.Confirm{Title: words(c, "account.method.remove_title", "method", words(c, "method."+m.Kind+".text")), Lead: m.Name, Action: at + "/remove",
		Submit: words(c, "account.method.remove"), Danger: true, Cancel: at}
	if own.MissedAfter(m.ID) {
		view.Points = append(view.Points, words(c, "account.method.asked_again"))
	}
	if own.LastSecond(m.ID) {
		view.Points = append(view.Points, words(c, "account.method.last"))
	}
	return view
}

func (p *Pages) removeMethodPage(c *fiber.Ctx) error {
	m, err := p.method(c)
	if err != nil {
		return err
	}
	return p.render(c, fiber.StatusOK, views.ConfirmPage(p.page(c), p.removeMethodView(c, m)))
}

func (p *Pages) removeMethod(c *fiber.Ctx) error {
	m, err := p.method(c)
	if err != nil {
		return err
	}
	if err := p.Desk.Remove(c.UserContext(), p.ownVisit(c), m.ID); err != nil {
		return p.refuse(c, err, p.removeMethodView(c, m))
	}
	return p.done(c, visitOf(c).base()+"/methods", "account.method.removed")
}

// identity finds one of the person's own identities.
func (p *Pages) identity(c *fiber.Ctx, id string) (models.Way, error) {
	v := visitOf(c)
	all, err := v.t.WaysOf(c.UserContext(), v.person.ID)
	if err != nil {
		return models.Way{}, err
	}
	i, ok := all.Identity(id)
	if !ok {
		return models.Way{}, fault.New(fault.NotFound, "error.not_found")
	}
	return i, nil
}

func (p *Pages) removeIdentityView(c *fiber.Ctx, i models.Way) views.Confirm {
	v := visitOf(c)
	name := i.Name
	if i.Kind == account.SignInFederated {
		return p.disconnectView(c, i)
	}
	return views.Confirm{Title: words(c, "account.identity.remove"), Lead: words(c, "account.identity.remove_lead", "name", name),
		Action: v.base() + "/methods/identities/" + i.ID + "/remove", Submit: words(c, "account.remove"), Danger: true, Cancel: v.base() + "/methods"}
}

func (p *Pages) removeIdentityPage(c *fiber.Ctx) error {
	i, err := p.identity(c, c.Params("id"))
	if err != nil {
		return err
	}
	return p.render(c, fiber.StatusOK, views.ConfirmPage(p.page(c), p.removeIdentityView(c, i)))
}

func (p *Pages) removeIdentity(c *fiber.Ctx) error {
	i, err := p.identity(c, c.Params("id"))
	if err != nil {
		return err
	}
	if err := p.Desk.RemoveIdentity(c.UserContext(), p.ownVisit(c), i.ID); err != nil {
		return p.refuse(c, err, p.removeIdentityView(c, i))
	}
	if i.Kind == account.SignInFederated {
		return p.done(c, visitOf(c).base()+"/methods", "account.connect.gone", map[string]string{"provider": p.providerName(c, i)})
	}
	return p.done(c, visitOf(c).base()+"/methods", "account.identity.removed")
}
