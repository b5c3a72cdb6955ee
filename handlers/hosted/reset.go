package hosted

import (
	"github.com/a-h/templ"

	"portico/app/account"
	"portico/app/signin"
	pages "portico/views/hosted"
)

// forgot offers a new password where the flow lets people choose one by themselves, or the company has a page of its own
// for that (R 3.2.16).
func (d *drawing) forgot() {
	if signin.Resettable(d.flow()) || d.page.Brand.Reset.URL != "" {
		d.ways(event(pages.Forgot))
	}
}

// byName: a user name was typed, so the page knows no address.
func (d *drawing) byName() bool {
	id := d.facts().Identified
	return id != nil && id.Type == account.SignInUserName
}

// invited: the address is the invitation's and nobody's to change.
func (d *drawing) invited() bool { return d.res.Attempt.Request.Invitation != nil }

func isName(typed string) bool {
	_, err := account.CanonicalUserName(typed)
	return err == nil
}

func forgot(d *drawing) templ.Component {
	d.ways(pages.Way{Event: pages.SignIn, Text: d.T("way.back_to_sign_in")})
	d.cancel()
	return pages.Identify(d.page, pages.IdentifyView{Forgot: true, UserNames: d.flow().UserNames, Fixed: d.invited()})
}

func resetPassword(d *drawing) templ.Component { return newPassword(d, pages.ForgotPassword) }

func resetDone(d *drawing) templ.Component {
	d.page.Account = d.typed()
	d.cancel()
	return pages.ResetDone(d.page)
}
