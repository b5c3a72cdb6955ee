package account

import (
	"cmp"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/handlers"
	"portico/models"
	views "portico/views/account"
)

// fewCodes is when recovery codes begin to run out.
const fewCodes = 3

// overview says who is here, what is worth doing, and leads to the other pages with one line of state each.
func (p *Pages) overview(c *fiber.Ctx) error {
	v, own, l := visitOf(c), p.ownVisit(c), handlers.InfoOf(c).Locale
	ways, err := v.t.WaysOf(c.UserContext(), v.person.ID)
	if err != nil {
		return err
	}
	sessions, err := v.t.SessionsOf(c.UserContext(), v.person.ID, p.Now())
	if err != nil {
		return err
	}
	consents, err := v.t.Consents(c.UserContext(), v.person.ID)
	if err != nil {
		return err
	}
	asked, err := p.asked(c)
	if err != nil {
		return err
	}
	view := views.OverviewView{Name: v.person.DisplayName, Address: v.person.Address()}
	tip := func(icon, title, note, path string) {
		view.Tips = append(view.Tips, views.Go{Icon: icon, Title: title, Note: note, Href: v.base() + path})
	}
	if !own.HasSecond() && len(own.Offers()) > 0 {
		tip("shield", l.T("account.tip.second"), l.T("account.tip.second_note"), "/methods")
	}
	if own.HasSecond() && ways.Recovery <= fewCodes {
		tip("key", l.T("account.tip.codes", "count", ways.Recovery), l.T("account.tip.codes_note"), "/methods/recovery")
	}
	for _, a := range asked {
		if a.Required && !a.ReadOnly && v.person.Value(a.ID) == nil {
			tip("user", l.T("account.tip.profile"), l.T("account.tip.profile_note"), "/profile")
			break
		}
	}
	state := map[string]string{"/profile": cmp.Or(v.person.DisplayName, v.person.Address()), "/methods": methodNames(c, ways),
		"/devices": l.T("account.state.devices", "count", len(sessions)), "/apps": l.T("account.state.apps", "count", len(consents)),
		"/activity": l.T("account.state.activity_none"), "/data": l.T("account.state.data")}
	if at := v.person.LastSignInAt; !at.IsZero() { // a stranger's try is none
		state["/activity"] = l.T("account.state.activity", "date", l.Time(at))
	}
	view.States = state
	return p.render(c, fiber.StatusOK, views.Overview(p.page(c), view))
}

// methodNames lists the kinds of ways in, each once.
func methodNames(c *fiber.Ctx, w models.Ways) string {
	var names []string
	seen := map[string]bool{}
	add := func(kind string) {
		if !seen[kind] {
			seen[kind] = true
			names = append(names, words(c, "method."+kind+".text"))
		}
	}
	if w.Password != nil {
		add("password")
	}
	for _, m := range w.Methods {
		add(m.Kind)
	}
	if len(names) == 0 {
		add("email")
	}
	return strings.Join(names, words(c, "ui.list"))
}
