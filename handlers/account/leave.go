package account

import (
	"cmp"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/message"
	"portico/handlers"
	"portico/models"
	views "portico/views/account"
	"portico/views/ui"
)

// leave.go: deleting one's own account (F273). It is put away for 30 days, in which signing in brings it back
// (app/signin), and then erased by the job that erases everybody's.

func (p *Pages) leave(c *fiber.Ctx) error {
	return p.render(c, fiber.StatusOK, views.ConfirmPage(p.leaving(c)))
}

// leaving says what will happen and what is kept.
func (p *Pages) leaving(c *fiber.Ctx) (views.Page, views.Confirm) {
	v, l := visitOf(c), handlers.InfoOf(c).Locale
	kept := "account.delete.kept_stripped"
	if v.dir.Tenant.Settings.KeepSignInsOfDeleted {
		kept = "account.delete.kept_whole"
	}
	return p.page(c), views.Confirm{Title: l.T("account.delete.title"), Lead: l.T("account.delete.lead"),
		Points: []string{l.T("account.delete.signed_out"), l.T("account.delete.until", "on", l.Date(p.Now().Add(account.Grace))), l.T("account.delete.gone"),
			l.T("account.delete.address")},
		Kept: l.T(kept, "count", logDays(v.dir)), Tick: l.T("account.delete.tick"), Action: v.base() + "/data/delete", Submit: l.T("account.delete.submit"),
		Danger: true, Cancel: v.base() + "/data"}
}

func logDays(dir *models.Directory) int {
	if n := dir.Tenant.Settings.LogRetentionDays; n > 0 {
		return n
	}
	return 90
}

func (p *Pages) leaveNow(c *fiber.Ctx) error {
	v, l := visitOf(c), handlers.InfoOf(c).Locale
	page, confirm := p.leaving(c)
	if typed(c, "sure") == "" {
		page.Errors = []ui.FieldError{{Name: "sure", Text: l.T("account.delete.tick_first")}}
		return p.render(c, fiber.StatusUnprocessableEntity, views.ConfirmPage(page, confirm))
	}
	from := handlers.SignalsOf(c)
	var gone time.Time
	err := v.t.InTx(c.UserContext(), func(t *models.Tenant) error {
		u, err := t.DeleteSelf(c.UserContext(), v.actor(c), v.person.ID)
		if err != nil {
			return err
		}
		gone = u.DeletedAt
		return message.PostLeaving(c.UserContext(), t, message.Change{TenantID: t.ID, To: u.Address(), Locale: cmp.Or(u.PreferredLanguage, l.Wish()), At: u.DeletedAt, Country: from.Country,
			City: from.City, Browser: from.Browser, OS: from.OS}, v.dir.Tenant.Base(p.BaseURL)+v.base(), u.DeletedAt.Add(account.Grace), p.Now())
	})
	if err != nil {
		if complain(c, &page, err) { // the last administrator stays
			return p.render(c, handlers.Status(fault.Of(err).Code), views.ConfirmPage(page, confirm))
		}
		return err
	}
	if err := p.Sessions.End(c, v.dir, v.session); err != nil {
		return err
	}
	return c.Redirect(deletedPage(v.base(), gone), fiber.StatusSeeOther)
}

// deletedPage is the page that says until when a deleted account can be kept. It is for whoever comes, so the day
// is in its address and nothing else.
func deletedPage(base string, deletedAt time.Time) string {
	return base + "/deleted?until=" + deletedAt.UTC().Add(account.Grace).Format(time.DateOnly)
}

func (p *Pages) left(c *fiber.Ctx) error {
	until := ""
	at, err := time.Parse(time.DateOnly, c.Query("until"))
	if now := p.Now().UTC(); err == nil && at.After(now.Add(-24*time.Hour)) && !at.After(now.Add(account.Grace)) {
		until = handlers.InfoOf(c).Locale.Date(at)
	}
	return p.render(c, fiber.StatusOK, views.Left(p.page(c), until))
}
