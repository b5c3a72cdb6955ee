package hosted

import (
	"github.com/a-h/templ"

	"portico/app/dryrun"
	"portico/app/i18n"
	"portico/app/signin"
	"portico/handlers"
	pages "portico/views/hosted"
	"portico/views/ui"
)

// Page draws the page of a result for somebody who only looks at it: the flow designer and the test bench
// of the admin portal. It is the page that a customer gets, but for what makes it work: its forms lead
// nowhere and carry no proof. form is what was typed, if anything was.
func Page(brand *ui.Brand, l *i18n.Localizer, res signin.Result, form *signin.Form) templ.Component {
	d := &drawing{res: res, info: &handlers.Info{Locale: brand.Speak(l)}, page: pages.Page{Brand: brand, App: res.Attempt.Request.ClientName,
		Step: string(res.Step.Name), Preview: true, Values: map[string]string{}}}
	d.values(form)
	if res.Problem != nil {
		d.problem(res.Problem)
	}
	if pageOf, ok := table()[res.Step.Name]; ok {
		return pageOf(d)
	}
	return finished(d)
}

// Bench walks this machine's rules as a pretend visitor: nothing is written and nothing is sent.
func (h *Hosted) Bench() *dryrun.Bench {
	m := h.machine
	return dryrun.New(dryrun.Bench{MAC: m.MAC, Passkeys: m.Passkeys, Detectors: m.Detectors, Breached: m.Breached})
}
