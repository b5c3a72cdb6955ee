package admin

import (
	"crypto/rand"
	"math/big"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/message"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// newUser is the form of a new person, as typed.
type newUser struct {
	email, name, display, given, family, how, password string
	mustChange, blocked                                bool
	answer                                             func(userflow.Attribute) []string // what was typed for an attribute
}

func readNewUser(c *fiber.Ctx) newUser {
	return newUser{answer: func(a userflow.Attribute) []string { return typedAnswers(c, a) }, name: typed(c, "userName"), email: typed(c, "email"), display: typed(c, "displayName"), given: typed(c, "givenName"), family: typed(c, "surname"), how: typed(c, "how"),
		password: raw(c, "password"), mustChange: ticked(c, "mustChange"), blocked: ticked(c, "blocked")}
}

func passwordFields(how string, mustChange bool, t tenant.Tenant) []views.Field {
	rules := "At least " + numberWords(max(t.Settings.PasswordMinLength, 8), "characters") + ". Common passwords, names and the tenant's banned words are refused."
	return []views.Field{
		{Kind: views.Radios, Name: "how", Label: "Password", Value: how, Options: []views.Option{{Value: "generate", Label: "Make one for me", Hint: "Shown once, on the next page."}, {Value: "own", Label: "I choose one"}, {Value: "none", Label: "None", Hint: "The person signs in with a code by email, so there must be an address."}}},
		{Name: "password", Label: "Chosen password", Hint: rules, Type: "password", AutoComplete: "new-password", Optional: true},
		{Kind: views.Check, Name: "mustChange", Label: "Ask for a new password at the next sign-in", Value: tick(mustChange)},
	}
}

func (n newUser) form(l *i18n.Localizer, base string, t tenant.Tenant, asked []userflow.Attribute) views.Form {
	email := views.Field{Name: "email", Label: "Email address", Hint: "What the person signs in with.", Value: n.email, Type: "email", AutoComplete: "off", Code: true}
	name := views.Field{Name: "userName", Label: "User name", Hint: "A name or number to sign in with, besides the address or instead of it.", Value: n.name, AutoComplete: "off", Code: true, Optional: true}
	fields := []views.Field{email}
	if t.Settings.UserNames.Enabled {
		fields[0].Hint, fields[0].Optional = "May be left empty when there is a user name and a password.", true
		fields = append(fields, name)
	}
	fields = append(fields, []views.Field{
		{Name: "displayName", Label: "Display name", Hint: "How applications greet the person.", Value: n.display},
		{Name: "givenName", Label: "First name", Value: n.given, Optional: true}, {Name: "surname", Label: "Last name", Value: n.family, Optional: true},
	}...)
	fields = append(fields, passwordFields(n.how, n.mustChange, t)...)
	fields = append(fields, views.Field{Kind: views.Check, Name: "blocked", Label: "Create the account disabled", Value: tick(n.blocked)}, views.Field{Kind: views.Heading, Label: "More about the person"})
	for _, a := range asked {
		fields = append(fields, attributeInput(l, a, n.answer(a)))
	}
	return views.Form{Action: base + "/users", Submit: "Create user", Cancel: base + "/users", Fields: fields}
}

// askedOfNew are the attributes that the form of a new person has besides the names.
func askedOfNew(dir *models.Directory) []userflow.Attribute {
	return append(addressAttributes(), shownAttributes(dir)...)
}

func (p *Portal) userNew(c *fiber.Ctx) error {
	return p.userNewPage(c, newUser{how: "generate", mustChange: true, answer: func(userflow.Attribute) []string { return nil }}, nil)
}

func (p *Portal) userNewPage(c *fiber.Ctx, n newUser, problem error) error {
	v := visitOf(c)
	l := handlers.InfoOf(c).Locale
	f := n.form(l, v.base(), v.dir.Tenant, askedOfNew(v.dir))
	if !complain(l, &f, problem) {
		return problem
	}
	s, err := p.shell(c, "New user", "", usersHelp(), views.Link{Label: "Users", Href: v.base() + "/users"})
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

// password checks or makes a password and hashes it; "" for none.
func (p *Portal) password(c *fiber.Ctx, how, own string, names ...string) (plain, hash string, err error) {
	switch how {
	case "none":
		return "", "", nil
	case "generate":
		plain = generatedPassword()
	case "own":
		plain = own
	default:
		return "", "", fault.BadField("how", "admin.choose", nil)
	}
	hash, err = p.Passwords.Hash(c.UserContext(), visitOf(c).dir.Tenant.ID, plain, names...)
	return plain, hash, err
}

// generatedPassword can be read aloud: four groups of four without look-alikes, 79 bits, three of four
// kinds of characters.
func generatedPassword() string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789"
	var b strings.Builder
	for i := range 16 {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		b.WriteByte(letters[n.Int64()])
	}
	return strings.ToUpper(b.String()[:1]) + b.String()[1:] + "7"
}

func localPart(email string) string {
	local, _, _ := strings.Cut(email, "@")
	return local
}

func (p *Portal) userCreate(c *fiber.Ctx) error {
	v, n := visitOf(c), readNewUser(c)
	var bad fault.Fields
	var identities []account.Identity
	if n.email != "" || n.name == "" {
		if _, err := account.CanonicalEmail(n.email); err != nil {
			bad = append(bad, fault.Of(err).Fields...)
		}
		identities = append(identities, account.Identity{SignInType: account.SignInEmail, Value: n.email})
	}
	if n.name != "" {
		if _, err := account.CanonicalUserName(n.name); err != nil {
			bad = append(bad, fault.Of(err).Fields...)
		}
		identities = append(identities, account.Identity{SignInType: account.SignInUserName, Value: n.name})
	}
	if n.display == "" {
		bad.Add("displayName", "admin.user.display_name", nil)
	}
	if n.email == "" && n.how == "none" {
		bad.Add("how", "admin.user.password_needed", nil)
	}
	values, wrong := readAttributes(c, askedOfNew(v.dir), nothingYet)
	bad = append(bad, wrong...)
	plain, hash, err := p.password(c, n.how, n.password, n.given, n.family, n.display, n.name, localPart(n.email))
	if err != nil && fault.Is(err, fault.Invalid) {
		bad = append(bad, fault.Of(err).Fields...)
	} else if err != nil {
		return err
	}
	if err := bad.Err(); err != nil {
		return p.userNewPage(c, n, err)
	}
	first := choose(hash == "", "emailCode", "emailPassword")
	made := models.User{Account: account.Account{DisplayName: n.display, GivenName: n.given, Surname: n.family, Mail: n.email, Identities: identities,
		Enabled: !n.blocked, MustChangePassword: hash != "" && n.mustChange, FirstFactor: first}, CreationType: "Admin"}
	give(&made, answered(values))
	u, err := v.tenant.CreateUser(c.UserContext(), v.actor(c), made, hash)
	if err != nil {
		return p.userNewPage(c, n, err)
	}
	flash := models.PortalFlash{Kind: "ok", Text: "“" + userName(u) + "” is created."}
	if n.how == "generate" {
		flash.Label, flash.Secret, flash.Note = "Password", plain, "Give it to the person on a safe way. It is shown only this once."
	}
	return p.doneWith(c, v.userBase(u), flash)
}

// builtinText is where a built-in attribute is kept.
func builtinText(u *models.User, id string) *string {
	switch id {
	case "jobTitle":
		return &u.JobTitle
	case "streetAddress":
		return &u.StreetAddress
	case "postalCode":
		return &u.PostalCode
	case "city":
		return &u.City
	case "state":
		return &u.State
	case "country":
		return &u.Country
	}
	return nil
}

// give writes attributes into a person; nil takes one away.
func give(u *models.User, values map[string]any) {
	for id, v := range values {
		if at := builtinText(u, id); at != nil {
			text, _ := v.(string)
			*at = text
			continue
		}
		if v == nil {
			delete(u.Attributes, id)
			continue
		}
		if u.Attributes == nil {
			u.Attributes = map[string]any{}
		}
		u.Attributes[id] = v
	}
}

func userForm(l *i18n.Localizer, u models.User, base string, custom []userflow.Attribute) views.Form {
	text := func(name, label, value string) views.Field {
		return views.Field{Name: name, Label: label, Value: value, AutoComplete: "off", Optional: true}
	}
	f := views.Form{Action: base + "/edit", Submit: "Save", Cancel: base, Fields: []views.Field{
		{Name: "displayName", Label: "Display name", Value: u.DisplayName}, text("givenName", "First name", u.GivenName), text("surname", "Last name", u.Surname), text("mobilePhone", "Phone", u.MobilePhone),
	}}
	for _, a := range addressAttributes() {
		f.Fields = append(f.Fields, attributeInput(l, a, nonEmpty(*builtinText(&u, a.ID))))
	}
	if len(custom) > 0 {
		f.Fields = append(f.Fields, views.Field{Kind: views.Heading, Label: "Custom attributes"})
	}
	for _, a := range custom {
		f.Fields = append(f.Fields, attributeInput(l, a, typedValue(a, u.Attributes[a.ID])))
	}
	return f
}

func (p *Portal) userEdit(c *fiber.Ctx) error { return p.userEditPage(c, nil) }

func (p *Portal) userEditPage(c *fiber.Ctx, problem error) error {
	dir, l := visitOf(c).dir, handlers.InfoOf(c).Locale
	return p.userFormPage(c, "Change profile", problem, func(u models.User, base string) views.Form {
		f := userForm(l, u, base, shownAttributes(dir))
		if e := fault.Of(problem); problem != nil && e.Key == changedMeanwhile {
			f.Note = storedNow(c, f)
		}
		f.Fields = append(f.Fields, loadedFrom(c, profileOf(u), problem))
		return f
	})
}

// profileOf is what the form of a profile shows.
func profileOf(u models.User) any {
	return []any{u.DisplayName, u.GivenName, u.Surname, u.MobilePhone, u.JobTitle, u.StreetAddress, u.PostalCode, u.City, u.State, u.Country, u.Attributes}
}

// storedNow says, of a form that was filled anew, where it differs from what was typed: that is what somebody
// else has changed meanwhile, or what this sending would change.
func storedNow(c *fiber.Ctx, f views.Form) string {
	mine := views.Form{Fields: slices.Clone(f.Fields)}
	keepTyped(c, &mine)
	var differ []string
	for i, field := range f.Fields {
		if other := mine.Fields[i]; field.Label != "" && (field.Value != other.Value || !slices.Equal(field.Values, other.Values)) {
			is := labelOf(field)
			if len(field.Values) > 0 {
				is = strings.Join(field.Values, ", ")
			}
			differ = append(differ, field.Label+": "+choose(is == "", "empty", "“"+is+"”"))
		}
	}
	if len(differ) == 0 {
		return "What is stored now is what you typed."
	}
	return "Stored now, where it differs from what you typed: " + strings.Join(differ, "; ") + ". Sending the form again replaces it by yours."
}

// userFormPage is a form about one person; after a refusal it holds what was typed.
func (p *Portal) userFormPage(c *fiber.Ctx, title string, problem error, make func(models.User, string) views.Form) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	f := make(u, v.userBase(u))
	if problem != nil {
		if err := v.looked(c, u); err != nil {
			return err
		}
		keepTyped(c, &f)
	}
	if !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, title, "", views.Help{}, views.Link{Label: "Users", Href: v.base() + "/users"}, views.Link{Label: userName(u), Href: v.userBase(u)})
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) userSave(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.tenant.UpdateUser(c.UserContext(), v.actor(c), c.Params("id"), func(u *models.User) error {
		if err := unchanged(c, profileOf(*u)); err != nil {
			return err
		}
		if typed(c, "displayName") == "" {
			return fault.BadField("displayName", "admin.user.display_name", nil)
		}
		for name, to := range map[string]*string{"displayName": &u.DisplayName, "givenName": &u.GivenName, "surname": &u.Surname, "mobilePhone": &u.MobilePhone} {
			*to = typed(c, name)
		}
		for _, a := range addressAttributes() {
			*builtinText(u, a.ID) = typed(c, a.ID)
		}
		values, bad := readAttributes(c, shownAttributes(v.dir), func(id string) any { return u.Attributes[id] })
		if err := bad.Err(); err != nil {
			return err
		}
		give(u, values)
		return nil
	})
	if err != nil {
		return p.userEditPage(c, err)
	}
	return p.done(c, v.userBase(u), "Profile of “"+userName(u)+"” saved.")
}

func (p *Portal) userEnabled(c *fiber.Ctx) error {
	v := visitOf(c)
	on := typed(c, "enabled") == "yes"
	u, err := v.tenant.SetUserEnabled(c.UserContext(), v.actor(c), c.Params("id"), on)
	if err != nil {
		return p.refusedChange(c, v.base()+"/users/"+c.Params("id"), err)
	}
	return p.done(c, v.userBase(u), "Account of “"+userName(u)+"” "+choose(on, "enabled.", "disabled. Every session has ended."))
}

func (p *Portal) userPasswordForm(c *fiber.Ctx) error { return p.userPasswordPage(c, nil) }

func (p *Portal) userPasswordPage(c *fiber.Ctx, problem error) error {
	t := visitOf(c).dir.Tenant
	return p.userFormPage(c, "Set a password", problem, func(_ models.User, base string) views.Form {
		fields := passwordFields("generate", true, t)
		fields[0].Options = fields[0].Options[:2]
		return views.Form{Action: base + "/password", Submit: "Set password", Cancel: base + "/methods", Fields: fields,
			Note: "The present password stops working and every session ends. A temporary password never expires, but must be changed at the next sign-in when the box is ticked."}
	})
}

func (p *Portal) userPassword(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	how := typed(c, "how")
	if how == "none" {
		how = ""
	}
	plain, hash, err := p.password(c, how, raw(c, "password"), u.GivenName, u.Surname, u.DisplayName, localPart(signInName(u)))
	if err != nil {
		return p.userPasswordPage(c, err)
	}
	err = v.tenant.InTx(c.UserContext(), func(t *models.Tenant) error {
		if err := t.SetPassword(c.UserContext(), v.actor(c), u.ID, models.PasswordChange{Hash: hash, MustChange: ticked(c, "mustChange"), RevokeSessions: true}); err != nil {
			return err
		}
		return message.PostPasswordChanged(c.UserContext(), t, message.Change{TenantID: t.ID, To: u.Address(), Locale: u.PreferredLanguage, At: t.Now()}, t.Now())
	})
	if err != nil {
		return err
	}
	flash := models.PortalFlash{Kind: "ok", Text: "Password of “" + userName(u) + "” set. Every session has ended."}
	if how == "generate" {
		flash.Label, flash.Secret, flash.Note = "Password", plain, "Give it to the person on a safe way. It is shown only this once."
	}
	return p.doneWith(c, v.userBase(u)+"/methods", flash)
}

// userConfirm is the page before something ends for a person.
func (p *Portal) userConfirm(c *fiber.Ctx, title, submit, path, back string, consequences ...string) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	s, err := p.shell(c, strings.Replace(title, "%s", "“"+userName(u)+"”", 1), "", views.Help{}, views.Link{Label: "Users", Href: v.base() + "/users"}, views.Link{Label: userName(u), Href: v.userBase(u)})
	if err != nil {
		return err
	}
	return p.confirm(c, s, views.Confirm{Consequences: consequences, Form: views.Form{Action: v.userBase(u) + path, Submit: submit, Danger: true, Cancel: v.userBase(u) + back}})
}

func (p *Portal) userRevokeForm(c *fiber.Ctx) error {
	return p.userConfirm(c, "End all sessions of %s?", "End all sessions", "/revoke", "/sessions", "The person is signed out everywhere and must sign in again.", "Refresh tokens stop working at once; access tokens already given out end within their lifetime.", "Nothing else changes.")
}

func (p *Portal) userRevoke(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.tenant.RevokeSessions(c.UserContext(), v.actor(c), c.Params("id"))
	if err != nil {
		return err
	}
	return p.done(c, v.userBase(u)+"/sessions", "Every session of “"+userName(u)+"” has ended.")
}

func (p *Portal) userMethodRemove(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	id, kind, says := typed(c, "method"), models.KindRecovery, "The recovery codes of “"+userName(u)+"” are removed."
	if typed(c, "kind") != models.KindRecovery {
		kind, says = "", "A second factor of “"+userName(u)+"” is removed."
		for _, m := range u.Methods {
			if m.ID == id {
				kind = m.Kind
			}
		}
	}
	err = v.tenant.InTx(c.UserContext(), func(t *models.Tenant) error {
		if kind == models.KindRecovery {
			err = t.RemoveRecoveryCodes(c.UserContext(), v.actor(c), u.ID)
		} else {
			_, err = t.InWays().Unregister(c.UserContext(), v.actor(c), u.ID, id) // recovery codes go with the last factor
		}
		if err != nil {
			return err
		}
		return p.tellRemoved(c, t, u, kind)
	})
	if err != nil {
		return err
	}
	return p.done(c, v.userBase(u)+"/methods", says)
}

// tellRemoved tells a person, at their own address, that a way to prove themselves is gone.
func (p *Portal) tellRemoved(c *fiber.Ctx, t *models.Tenant, u models.User, kind string) error {
	return message.PostNotice(c.UserContext(), t, message.Notice{Kind: message.MethodRemoved, Method: kind, TenantID: t.ID, To: u.Address(), Locale: u.PreferredLanguage, At: t.Now(),
		URL: visitOf(c).dir.Tenant.Base(p.BaseURL) + "/" + visitOf(c).dir.Tenant.Slug + "/account"}, t.Now())
}

func (p *Portal) userDeleteForm(c *fiber.Ctx) error {
	return p.userConfirm(c, "Delete %s?", "Delete user", "/delete", "", "The person cannot sign in any more and every session ends.", "The email address is free for a new account at once.", "You can restore the person within 30 days under “Deleted users”; then everything about them is erased.")
}

func (p *Portal) userDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	err = v.tenant.DeleteUser(c.UserContext(), v.actor(c), u.ID)
	if e := fault.Of(err); fault.Is(err, fault.Conflict) {
		return p.doneWith(c, v.userBase(u), models.PortalFlash{Kind: "warn", Text: handlers.InfoOf(c).Locale.T(e.Key, e.Args)})
	}
	if err != nil {
		return err
	}
	return p.done(c, v.base()+"/users", "“"+userName(u)+"” is deleted. The person can be restored within 30 days.")
}
