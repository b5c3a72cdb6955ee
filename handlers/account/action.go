package account

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/policy"
	"portico/app/record"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/handlers"
	"portico/handlers/hosted"
	"portico/models"
	views "portico/views/account"
)

// action.go: policies about what people do on their own pages (R 5.2.3). They are asked each time, with what the
// session has shown; what they want is asked for in the sign-in that proves who it is, and a block is a page.

// Actions asks the policies (signin.Gate).
type Actions interface {
	Act(ctx context.Context, place signin.Place, do signin.Doing) (policy.Answer, error)
	Recovers(ctx context.Context, place signin.Place, to signin.Recovering) (bool, error)
}

// actionOf is the user action that a page of the account pages is about; "" = none.
func actionOf(path string) string {
	path = strings.TrimPrefix(path, "/:tenant/account")
	under := func(tops ...string) bool {
		for _, top := range tops {
			if path == top || strings.HasPrefix(path, top+"/") {
				return true
			}
		}
		return false
	}
	switch {
	case under("/methods/password"):
		return policy.ChangePassword
	case under("/data/delete"):
		return policy.DeleteAccount
	case under("/methods/totp", "/methods/passkey", "/methods/mail", "/methods/recovery", "/methods/recovery.txt", "/methods/second", "/methods/email", "/methods/phone", "/methods/connect"):
		return policy.RegisterSecurityInfo
	}
	return ""
}

// permitted asks the policies about an action. blocked: they do not allow it; due: they want a fresh proof first.
func (p *Pages) permitted(c *fiber.Ctx, v *visit, action string) (blocked, due bool, err error) {
	place, err := hosted.Place(v.dir, signin.Account, ClientID)
	if err != nil {
		return false, false, err
	}
	do := signin.Doing{Who: v.person.Account, Session: v.session, From: handlers.SignalsOf(c), Action: action}
	a, err := p.Actions.Act(c.UserContext(), place, do)
	if err != nil {
		return false, false, err
	}
	if a.Block {
		return true, false, p.recordBlock(c, v, do, a)
	}
	return false, len(a.Unmet) > 0 || a.Stale, nil
}

// recordBlock writes down that policies stopped somebody, as a sign-in that they stopped would be.
func (p *Pages) recordBlock(c *fiber.Ctx, v *visit, do signin.Doing, a policy.Answer) error {
	r := do.Record(v.t.ID, p.Now().UTC(), a)
	r.ID, r.CorrelationID, r.Kind, r.Protocol = models.NewID(), handlers.InfoOf(c).RequestID, record.Interactive, string(signin.Account)
	r.App = record.Party{ID: ClientID, Name: ClientName}
	return v.t.FoldSignIn(c.UserContext(), r)
}

// elsewherePage says at which of the directory's places the person's passkey works, and leads to their pages there.
func (p *Pages) elsewherePage(c *fiber.Ctx, host string) error {
	v := visitOf(c)
	return p.render(c, fiber.StatusForbidden, views.Elsewhere(p.page(c), views.ElsewhereView{Host: tenant.HostAt(p.BaseURL, host),
		There: tenant.BaseAt(p.BaseURL, host) + c.Path(), Back: v.base() + above(strings.TrimPrefix(c.Path(), v.base()))}))
}

// blockedPage says that it cannot be done from here, and names no rule.
func (p *Pages) blockedPage(c *fiber.Ctx) error {
	v := visitOf(c)
	return p.render(c, fiber.StatusForbidden, views.Refused(p.page(c), v.base()+above(strings.TrimPrefix(c.Path(), v.base()))))
}
