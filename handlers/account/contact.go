package account

import (
	"github.com/gofiber/fiber/v2"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/ways"
	"portico/handlers"
	views "portico/views/account"
)

// emailView asks for an address: in place of the one that is named, or besides those that are there.
func (p *Pages) emailView(c *fiber.Ctx, of string) (views.ContactView, error) {
	v := visitOf(c)
	view := views.ContactView{Title: words(c, "account.email.add"), Lead: words(c, "account.email.lead")}
	if of == "" {
		return view, nil
	}
	i, err := p.identity(c, of)
	if err != nil || i.Kind != account.SignInEmail {
		return view, fault.New(fault.NotFound, "error.not_found")
	}
	view.Title, view.Old, view.Of = words(c, "account.email.change"), i.Name, i.ID
	if !sameMail(i.Name, v.person.Mail) {
		view.Remove = views.Link{Text: words(c, "account.identity.remove"), Href: v.base() + "/methods/identities/" + i.ID + "/remove"}
	}
	return view, nil
}

func (p *Pages) emailPage(c *fiber.Ctx) error {
	view, err := p.emailView(c, c.Query("of"))
	if err != nil {
		return err
	}
	page := p.page(c)
	if v := visitOf(c); view.Old != "" && sameMail(view.Old, v.person.Mail) && !v.person.MailVerified { // it can be proven as it is
		page.Values = map[string]string{"email": view.Old}
	}
	return p.render(c, fiber.StatusOK, views.NewContact(page, view))
}

func (p *Pages) askEmail(c *fiber.Ctx) error {
	view, err := p.emailView(c, typed(c, "of"))
	if err != nil {
		return err
	}
	if err := p.Desk.AskContact(c.UserContext(), p.ownVisit(c), ways.Email, view.Old, typed(c, "email")); err != nil {
		return p.again(c, err, func(page views.Page) error {
			return p.render(c, handlers.Status(fault.Of(err).Code), views.NewContact(page, view))
		}, "email")
	}
	return c.Redirect(visitOf(c).base()+"/methods/email/code", fiber.StatusSeeOther)
}

func (p *Pages) phoneView(c *fiber.Ctx) (views.ContactView, error) {
	v := visitOf(c)
	if !p.Desk.Texts {
		return views.ContactView{}, fault.New(fault.NotFound, "error.not_found")
	}
	view := views.ContactView{Phone: true, Title: words(c, "account.phone.add"), Lead: words(c, "account.phone.lead"), Old: v.person.MobilePhone}
	if view.Old != "" {
		view.Title = words(c, "account.phone.change")
		view.Remove = views.Link{Text: words(c, "account.phone.remove"), Href: v.base() + "/methods/phone/remove"}
	}
	return view, nil
}

func (p *Pages) phonePage(c *fiber.Ctx) error {
	view, err := p.phoneView(c)
	if err != nil {
		return err
	}
	return p.render(c, fiber.StatusOK, views.NewContact(p.page(c), view))
}

func (p *Pages) askPhone(c *fiber.Ctx) error {
	view, err := p.phoneView(c)
	if err != nil {
		return err
	}
	if err := p.Desk.AskContact(c.UserContext(), p.ownVisit(c), ways.Phone, view.Old, typed(c, "phone")); err != nil {
		return p.again(c, err, func(page views.Page) error {
			return p.render(c, handlers.Status(fault.Of(err).Code), views.NewContact(page, view))
		}, "phone")
	}
	return c.Redirect(visitOf(c).base()+"/methods/phone/code", fiber.StatusSeeOther)
}

func codeView(kind string, waiting ways.Contact) views.ContactCodeView {
	return views.ContactCodeView{Phone: kind == ways.Phone, To: waiting.To, Minutes: int(factor.CodeLifetime.Minutes())}
}

// codePage asks for the code that is on its way. Without one there is nothing to ask for.
func (p *Pages) codePage(kind string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		waiting, ok, err := p.Desk.Contact(c.UserContext(), p.ownVisit(c), kind)
		if err != nil {
			return err
		}
		if !ok {
			return c.Redirect(visitOf(c).base()+"/methods", fiber.StatusSeeOther)
		}
		return p.render(c, fiber.StatusOK, views.ContactCode(ticked(p.page(c)), codeView(kind, waiting)))
	}
}

func (p *Pages) confirm(kind string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		changed, err := p.Desk.ConfirmContact(c.UserContext(), p.ownVisit(c), kind, typed(c, "code"), typed(c, "elsewhere") != "")
		switch {
		case fault.Is(err, fault.Conflict): // somebody else's, which only whoever reads that mailbox learns
			view, shown := p.emailView(c, "")
			if shown != nil {
				return shown
			}
			page := p.page(c)
			page.Values = map[string]string{"email": changed.To}
			complain(c, &page, err)
			return p.render(c, fiber.StatusConflict, views.NewContact(page, view))
		case err != nil:
			return p.again(c, err, func(page views.Page) error {
				return p.render(c, handlers.Status(fault.Of(err).Code), views.ContactCode(page, codeView(kind, changed)))
			}, "elsewhere")
		}
		key := "account.email.changed"
		if kind == ways.Phone {
			key = "account.phone.changed"
		}
		return p.done(c, visitOf(c).base()+"/methods", key, map[string]string{"to": changed.To})
	}
}

func (p *Pages) resend(kind string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		page := visitOf(c).base() + "/methods/" + kind + "/code"
		err := p.Desk.ResendContact(c.UserContext(), p.ownVisit(c), kind)
		if err == nil {
			return p.done(c, page, "code.sent_again")
		}
		if fault.Is(err, fault.Expired) {
			return c.Redirect(visitOf(c).base()+"/methods", fiber.StatusSeeOther)
		}
		return p.again(c, err, func(shown views.Page) error {
			waiting, _, found := p.Desk.Contact(c.UserContext(), p.ownVisit(c), kind)
			if found != nil {
				return found
			}
			shown.Path = page
			return p.render(c, handlers.Status(fault.Of(err).Code), views.ContactCode(ticked(shown), codeView(kind, waiting)))
		})
	}
}

func (p *Pages) removePhoneView(c *fiber.Ctx) views.Confirm {
	v := visitOf(c)
	return views.Confirm{Title: words(c, "account.phone.remove"), Lead: words(c, "account.phone.remove_lead", "to", v.person.MobilePhone),
		Action: v.base() + "/methods/phone/remove", Submit: words(c, "account.remove"), Danger: true, Cancel: v.base() + "/methods"}
}

func (p *Pages) removePhonePage(c *fiber.Ctx) error {
	return p.render(c, fiber.StatusOK, views.ConfirmPage(p.page(c), p.removePhoneView(c)))
}

func (p *Pages) removePhone(c *fiber.Ctx) error {
	if err := p.Desk.RemovePhone(c.UserContext(), p.ownVisit(c)); err != nil {
		return p.refuse(c, err, p.removePhoneView(c))
	}
	return p.done(c, visitOf(c).base()+"/methods", "account.phone.removed")
}
