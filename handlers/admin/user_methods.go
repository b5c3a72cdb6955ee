package admin

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/message"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// methodForm is the small form for an address or number that an admin registers as somebody's second factor.
func methodForm(base, kind, value string) views.Form {
	return views.Form{Action: base + "/methods/add", Submit: "Add", Fields: []views.Field{
		{Kind: views.Select, Name: "methodKind", Label: "Add a second factor", Value: kind, Options: []views.Option{{Value: models.KindEmail, Label: "Code by email"}, {Value: models.KindSMS, Label: "Code by text message"}}},
		{Name: "methodValue", Label: "Email address or phone number", Hint: "You vouch for it: codes go there from the next sign-in on, and the person is told. A number begins with its country code, such as +49 30 123456.", Value: value, AutoComplete: "off", Code: true},
	}}
}

// userMethodAdd registers an address or number as a second factor (R 4.3.3, R 4.7.2). The person is told at the
// address that was theirs before, so that nobody adds themselves unseen.
func (p *Portal) userMethodAdd(c *fiber.Ctx) error {
	v := visitOf(c)
	kind, value := typed(c, "methodKind"), typed(c, "methodValue")
	u, err := v.user(c)
	if err != nil {
		return err
	}
	switch kind {
	case models.KindEmail:
		_, err = account.CanonicalEmail(value)
	case models.KindSMS:
		value, err = account.CanonicalPhone(value)
	default:
		err = fault.BadField("methodKind", "admin.choose", nil)
	}
	if err == nil {
		err = v.tenant.InTx(c.UserContext(), func(t *models.Tenant) error {
			now, err := t.User(c.UserContext(), u.ID)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(now.Methods, func(m account.Method) bool { return m.Kind == kind }) {
				return fault.BadField("methodValue", "admin.method.has", nil)
			}
			if kind == models.KindSMS {
				err = t.InWays().ReplacePhone(c.UserContext(), v.actor(c), u.ID, value)
			} else {
				_, err = t.AddCredential(c.UserContext(), v.actor(c), models.Credential{UserID: u.ID, Kind: kind, Name: strings.TrimSpace(value)})
			}
			if err != nil {
				return err
			}
			return message.PostNotice(c.UserContext(), t, message.Notice{Kind: message.MethodAdded, Method: kind, TenantID: t.ID, To: u.Address(), Locale: u.PreferredLanguage, At: t.Now(),
				URL: v.dir.Tenant.Base(p.BaseURL) + "/" + v.dir.Tenant.Slug + "/account"}, t.Now())
		})
	}
	if err != nil {
		f := methodForm(v.userBase(u), kind, typed(c, "methodValue"))
		if !complain(handlers.InfoOf(c).Locale, &f, besideTheMethod(err)) {
			return err
		}
		return p.userMethodsPage(c, u, identityForm(v.userBase(u), account.SignInEmail, ""), f)
	}
	return p.done(c, v.userBase(u)+"/methods", "“"+userName(u)+"” can confirm with a code to “"+value+"” now.")
}

// besideTheMethod names complaints about an address or number after the one box of the form.
func besideTheMethod(err error) error {
	e := fault.Of(err)
	if len(e.Fields) == 0 {
		return err
	}
	out := *e
	out.Fields = slices.Clone(e.Fields)
	for i := range out.Fields {
		if out.Fields[i].Name == "email" || out.Fields[i].Name == "phone" {
			out.Fields[i].Name = "methodValue"
		}
	}
	return &out
}
