package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// identityRoutes change what people sign in with. They stand before the pages of one person, because their
// addresses look like a person's.
func (p *Portal) identityRoutes() []handlers.Route {
	const users = "/admin/t/:tenant/users"
	return []handlers.Route{
		{Method: get, Path: users + "/move", Handler: p.moveForm, Permission: access.UserWrite},
		{Method: post, Path: users + "/move", Handler: p.move, Permission: access.UserWrite},
		{Method: post, Path: users + "/:id/identities/add", Handler: p.identityAdd, Permission: access.UserWrite},
		{Method: get, Path: users + "/:id/identities/:key/remove", Handler: p.identityRemoveForm, Permission: access.UserWrite},
		{Method: post, Path: users + "/:id/identities/:key/remove", Handler: p.identityRemove, Permission: access.UserWrite},
		{Method: get, Path: users + "/:id/first-factor", Handler: p.firstFactorForm, Permission: access.UserWrite},
		{Method: post, Path: users + "/:id/first-factor", Handler: p.firstFactor, Permission: access.UserWrite},
	}
}

func identityWord(signInType string) string {
	switch signInType {
	case account.SignInEmail:
		return "Email address"
	case account.SignInUserName:
		return "User name"
	}
	return "Identity provider"
}

// identitiesSection lists what the person types to sign in, with a small form for one more.
func identitiesSection(u models.User, base string, userNames bool, providers map[string]*federation.Provider, typed views.Form) views.Section {
	t := &views.Table{Caption: "Addresses and user names", Columns: []views.Column{{Label: "Value"}, {Label: "Kind"}}, Actions: true}
	for _, i := range u.Identities {
		value, kind := views.Cell{Kind: views.Name, Text: i.Value}, views.Cell{Kind: views.Name, Text: identityWord(i.SignInType)}
		if i.SignInType == account.SignInFederated {
			value.Sub, kind.Sub = i.Issuer, "None that is set up: it opens nothing"
			if p := federation.KeeperOf(providers, i.Issuer); p != nil {
				kind.Text, kind.Sub = p.Name, choose(p.Enabled, "", "Turned off: it opens nothing")
			}
		}
		row := views.Row{Cells: []views.Cell{value, kind}}
		if len(u.Identities) > 1 {
			row.Actions = []views.Action{{Label: "Remove", About: i.Value, Href: base + "/identities/" + identityKey(i) + "/remove"}}
		}
		t.Rows = append(t.Rows, row)
	}
	lead := "Each of them belongs to this person only. The last one stays, so that nobody is left without a way in."
	if !userNames {
		lead += " User names are switched off in the tenant’s settings, so nobody can sign in with one."
	}
	return views.Section{ID: "identities", Title: "Signs in as", Lead: lead, Table: t, Empty: "Nothing yet: this person cannot sign in.", Form: &typed}
}

func identityForm(base, kind, value string) views.Form {
	return views.Form{Action: base + "/identities/add", Submit: "Add", Fields: []views.Field{
		{Kind: views.Select, Name: "identityKind", Label: "Add another", Value: kind, Options: []views.Option{{Value: account.SignInEmail, Label: "Email address"}, {Value: account.SignInUserName, Label: "User name"}}},
		{Name: "identityValue", Label: "Address or user name", Hint: "You vouch for it: the person is not asked to prove an address that you add.", Value: value, AutoComplete: "off", Code: true},
	}}
}

// besideTheValue names complaints about an identity after the one box of the form.
func besideTheValue(err error) error {
	e := fault.Of(err)
	if len(e.Fields) == 0 {
		return err
	}
	out := *e
	out.Fields = nil
	for _, f := range e.Fields {
		switch f.Name {
		case "email", "userName", "identities", "mail":
			f.Name = "identityValue"
		}
		out.Fields = append(out.Fields, f)
	}
	return &out
}

func (p *Portal) identityAdd(c *fiber.Ctx) error {
	v := visitOf(c)
	kind, value := typed(c, "identityKind"), typed(c, "identityValue")
	u, err := v.user(c)
	if err != nil {
		return err
	}
	add := account.Identity{SignInType: kind, Value: value}
	switch {
	case kind != account.SignInEmail && kind != account.SignInUserName:
		err = fault.BadField("identityKind", "admin.choose", nil)
	case kind == account.SignInEmail:
		add.Canonical, err = account.CanonicalEmail(value)
	default:
		add.Canonical, err = account.CanonicalUserName(value)
	}
	if err == nil {
		for _, i := range u.Identities {
			if i.SignInType == kind && i.Canonical == add.Canonical {
				err = fault.BadField("identityValue", "admin.identity.has", nil)
			}
		}
	}
	if err == nil {
		_, err = v.tenant.UpdateUser(c.UserContext(), v.actor(c), u.ID, func(u *models.User) error {
			u.Identities = append(u.Identities, add)
			if kind == account.SignInEmail && u.Mail == "" {
				u.Mail = value
			}
			return nil
		})
	}
	if err != nil {
		f := identityForm(v.userBase(u), kind, value)
		if !complain(handlers.InfoOf(c).Locale, &f, besideTheValue(err)) {
			return err
		}
		return p.userMethodsPage(c, u, f, methodForm(v.userBase(u), models.KindEmail, ""))
	}
	return p.done(c, v.userBase(u)+"/methods", "“"+userName(u)+"” can sign in as “"+value+"” now.")
}

// identityKey names one identity in an address without saying it: addresses stay in browsers and logs.
func identityKey(i account.Identity) string {
	sum := sha256.Sum256([]byte(i.SignInType + "\n" + i.Issuer + "\n" + i.Canonical))
	return hex.EncodeToString(sum[:12])
}

func identityOf(u models.User, key string) (account.Identity, bool) {
	for _, i := range u.Identities {
		if identityKey(i) == key {
			return i, true
		}
	}
	return account.Identity{}, false
}

func (p *Portal) identityRemoveForm(c *fiber.Ctx) error { return p.identityRemovePage(c, nil) }

func (p *Portal) identityRemovePage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	i, ok := identityOf(u, c.Params("key"))
	if !ok {
		return c.Redirect(v.userBase(u)+"/methods", fiber.StatusSeeOther)
	}
	m := views.Confirm{Consequences: []string{"“" + userName(u) + "” can no longer sign in as “" + i.Value + "”.", "It is free at once for another account.", "Sessions go on. End them on the person’s page if somebody else may have had the address."},
		Form: views.Form{Action: v.userBase(u) + "/identities/" + identityKey(i) + "/remove", Submit: "Remove", Danger: true, Cancel: v.userBase(u) + "/methods"}}
	if !complain(handlers.InfoOf(c).Locale, &m.Form, withoutFields(problem)) {
		return problem
	}
	s, err := p.shell(c, "Remove “"+i.Value+"”?", "", views.Help{}, views.Link{Label: "Users", Href: v.base() + "/users"}, views.Link{Label: userName(u), Href: v.userBase(u)})
	if err != nil {
		return err
	}
	return p.confirm(c, s, m)
}

// withoutFields says a refusal in the summary alone, for pages without the controls that it names.
func withoutFields(err error) error {
	e := fault.Of(err)
	if err == nil || len(e.Fields) == 0 {
		return err
	}
	out := *e
	out.Fields = nil
	for _, f := range e.Fields {
		out.Fields = append(out.Fields, fault.Field{Key: f.Key, Args: f.Args})
	}
	return &out
}

func (p *Portal) identityRemove(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	gone, ok := identityOf(u, c.Params("key"))
	if !ok { // somebody else was faster
		return p.doneWith(c, v.userBase(u)+"/methods", models.PortalFlash{Kind: "info", Text: "It was removed already."})
	}
	_, err = v.tenant.UpdateUser(c.UserContext(), v.actor(c), u.ID, func(u *models.User) error {
		var keep []account.Identity
		next := ""
		for _, i := range u.Identities {
			if identityKey(i) == c.Params("key") {
				continue
			}
			keep = append(keep, i)
			if next == "" && i.SignInType == account.SignInEmail {
				next = i.Value
			}
		}
		after := u.Account
		after.Identities = keep
		if gone.SignInType == account.SignInFederated && signin.KeepsWayIn(u.Account, after, v.dir.Tenant, v.dir.FlowsInUse(), v.dir.Providers, "identities") != nil {
			return fault.BadField("identities", "admin.identity.last_way", nil)
		}
		u.Identities = keep
		if strings.EqualFold(u.Mail, gone.Value) && gone.SignInType == account.SignInEmail { // mail goes no more where the person is no more
			u.Mail, u.MailVerified = next, false
		}
		return nil
	})
	if err != nil {
		return p.identityRemovePage(c, err)
	}
	return p.done(c, v.userBase(u)+"/methods", "“"+gone.Value+"” is removed from “"+userName(u)+"”.")
}

// firstFactorOptions are the ways to prove who one is first.
func firstFactorOptions() []views.Option {
	return []views.Option{{Value: string(userflow.EmailPassword), Label: firstFactorWord(string(userflow.EmailPassword)), Hint: "Who has no password yet makes one with “Forgot your password?”, or gets one from you."},
		{Value: string(userflow.EmailCode), Label: firstFactorWord(string(userflow.EmailCode)), Hint: "A code in the mailbox. Who has only a user name cannot get one. A password that is there stays, unused."}}
}

func firstFactorWord(method string) string {
	switch userflow.Method(method) {
	case userflow.EmailPassword:
		return "Password"
	case userflow.EmailCode:
		return "One-time code by email"
	case "":
		return "Not set"
	}
	return humane(method)
}

func (p *Portal) firstFactorForm(c *fiber.Ctx) error { return p.firstFactorPage(c, nil) }

func (p *Portal) firstFactorPage(c *fiber.Ctx, problem error) error {
	return p.userFormPage(c, "How this person signs in", problem, func(u models.User, base string) views.Form {
		return views.Form{Action: base + "/first-factor", Submit: "Save", Cancel: base + "/methods", Fields: []views.Field{{Kind: views.Radios, Name: "method", Label: "Signs in with", Value: u.FirstFactor, Options: firstFactorOptions()}},
			Note: "An account keeps the method that it was made with, whatever its user flow does later. A change counts at the next sign-in, and the user flow must take the method."}
	})
}

func (p *Portal) firstFactor(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	_, err = v.tenant.SetFirstFactor(c.UserContext(), v.actor(c), u.ID, userflow.Method(typed(c, "method")))
	if err != nil {
		return p.firstFactorPage(c, renamed(err, "firstFactor", "method"))
	}
	return p.done(c, v.userBase(u)+"/methods", "“"+userName(u)+"” signs in with: "+strings.ToLower(firstFactorWord(typed(c, "method")))+".")
}

// renamed gives a complaint the name of the form's control.
func renamed(err error, from, to string) error {
	e := *fault.Of(err)
	e.Fields = append([]fault.Field(nil), e.Fields...)
	for i := range e.Fields {
		if e.Fields[i].Name == from {
			e.Fields[i].Name = to
		}
	}
	return &e
}

// moveForm moves everybody from one method to another (F054): first which, then how many it concerns.
func (p *Portal) moveForm(c *fiber.Ctx) error {
	v := visitOf(c)
	counts, err := v.tenant.PeopleByMethod(c.UserContext())
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Change how people sign in", "", views.Help{}, views.Link{Label: "Users", Href: v.base() + "/users"})
	if err != nil {
		return err
	}
	to := userflow.Method(strings.TrimSpace(c.Query("to")))
	from := otherMethod(to)
	f := views.Form{Action: v.base() + "/users/move", Get: true, Submit: "Continue", Cancel: v.base() + "/users",
		Note:   "Accounts keep the method that they were made with when a user flow changes. Here you move everybody at once; nothing happens before you have seen how many that are.",
		Fields: []views.Field{{Kind: views.Radios, Name: "to", Label: "Everybody should sign in with", Value: string(to), Options: firstFactorOptions()}}}
	for i := range f.Fields[0].Options {
		o := &f.Fields[0].Options[i]
		o.Hint = numberWords(counts[userflow.Method(o.Value)], "people") + choose(counts[userflow.Method(o.Value)] == 1, " signs", " sign") + " in so now. " + o.Hint
		o.Hint = strings.Replace(o.Hint, "1 people", "1 person", 1)
	}
	switch {
	case from == "" && len(c.Request().URI().QueryString()) > 0:
		complain(handlers.InfoOf(c).Locale, &f, fault.BadField("to", "user.method.unknown", nil))
		return p.form(c, s, f)
	case from == "":
		return p.form(c, s, f)
	case counts[from] == 0:
		return p.doneWith(c, v.base()+"/users", models.PortalFlash{Kind: "info", Text: "Nobody is to be moved: everybody signs in with " + strings.ToLower(firstFactorWord(string(to))) + " already."})
	}
	return p.confirm(c, s, moveConfirm(v.base(), from, to, counts[from]))
}

func otherMethod(m userflow.Method) userflow.Method {
	switch m {
	case userflow.EmailPassword:
		return userflow.EmailCode
	case userflow.EmailCode:
		return userflow.EmailPassword
	}
	return ""
}

func moveConfirm(base string, from, to userflow.Method, n int) views.Confirm {
	who := fmt.Sprintf("%d people who sign in with %s", n, strings.ToLower(firstFactorWord(string(from))))
	if n == 1 {
		who = "1 person who signs in with " + strings.ToLower(firstFactorWord(string(from)))
	}
	lines := []string{who + choose(n == 1, " is", " are") + " moved to: " + strings.ToLower(firstFactorWord(string(to))) + ".", "It counts at their next sign-in. Sessions go on."}
	if to == userflow.EmailPassword {
		lines = append(lines, "Who has no password makes one with “Forgot your password?”. Check first that their user flow offers it, and takes passwords.")
	} else {
		lines = append(lines, "Who has only a user name, and no email address, cannot sign in any more. Check first that their user flow takes codes.", "Passwords stay, so that you can move everybody back.")
	}
	return views.Confirm{Consequences: lines, Form: views.Form{Action: base + "/users/move", Submit: "Move " + choose(n == 1, "1 person", fmt.Sprintf("%d people", n)), Danger: true, Cancel: base + "/users",
		Fields: []views.Field{{Kind: views.Hidden, Name: "to", Value: string(to)}}}}
}

func (p *Portal) move(c *fiber.Ctx) error {
	v := visitOf(c)
	to := userflow.Method(typed(c, "to"))
	if otherMethod(to) == "" {
		return c.Redirect(v.base()+"/users/move?to=", fiber.StatusSeeOther)
	}
	n, err := v.tenant.MoveUsers(c.UserContext(), v.actor(c), otherMethod(to), to)
	if e := fault.Of(err); fault.Is(err, fault.Invalid) && len(e.Fields) > 0 {
		return p.doneWith(c, v.base()+"/users", models.PortalFlash{Kind: "warn", Text: handlers.InfoOf(c).Locale.T(e.Fields[0].Key, e.Fields[0].Args)})
	}
	if err != nil {
		return err
	}
	return p.done(c, v.base()+"/users", strings.Replace(numberWords(n, "people")+" moved to: ", "1 people", "1 person", 1)+strings.ToLower(firstFactorWord(string(to)))+".")
}
