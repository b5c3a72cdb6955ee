package admin

import (
	"net/url"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// A set-up link makes the first admin; a login link lets an admin in who has no password or factor, yet
// or any more. Opening either changes nothing (mail scanners open links); only the form's POST uses the
// link up, in the transaction of what it allows. Afterwards the ordinary sign-in demands the new
// password and a second factor, so the link alone opens no page of the portal.

// setupLink is what the address carries: the token and what it is good for.
type setupLink struct {
	token   string
	purpose string
	link    models.Link
	admin   models.User // of a login link
}

// setupLinkOf reads the token of the address or of the form and finds its purpose.
func (p *Portal) setupLinkOf(c *fiber.Ctx, token string) (setupLink, error) {
	workforce, err := p.workforce(c)
	if err != nil {
		return setupLink{}, err
	}
	s := setupLink{token: token}
	for _, purpose := range []string{models.LinkSetup, models.LinkAdminLogin} {
		if s.link, err = workforce.PeekLink(c.UserContext(), purpose, token); err == nil {
			s.purpose = purpose
			break
		}
		if !fault.Is(err, fault.Expired) {
			return s, err
		}
	}
	if s.purpose == "" {
		return s, fault.New(fault.Expired, "error.expired")
	}
	if s.purpose == models.LinkAdminLogin {
		s.admin, err = workforce.User(c.UserContext(), s.link.UserID)
	}
	return s, err
}

// setupExpired is the kind page of a link that is used, old or unknown.
func (p *Portal) setupExpired(c *fiber.Ctx) error {
	return handlers.Render(c, fiber.StatusGone, views.PublicPage(views.Public{
		Title: "This link does not work any more", Lead: "It was used already, it is too old, or it was cut off when copying.",
		Paragraphs: []string{"If you have set up your account already, sign in. Otherwise ask whoever runs this server for a new link; they run:"},
		Command:    "app admin create --email you@example.com",
		Links:      []views.Link{{Label: "Sign in to the portal", Href: "/admin"}}}))
}

func (s setupLink) form(csrf, email, name string) views.Public {
	rules := "At least 12 characters. A few unrelated words are easier to remember and harder to guess than odd characters. Common passwords and your own name are refused."
	password := views.Field{Name: "password", Label: "Password", Hint: rules, Type: "password", AutoComplete: "new-password"}
	hidden := views.Field{Kind: views.Hidden, Name: "token", Value: s.token}
	page := views.Public{CSRF: csrf, Title: "Create the first admin", Lead: "This account may administer everything. Next you set up a second factor: an authenticator app or a passkey.",
		Form: &views.Form{Action: "/admin/setup", Submit: "Create admin account", Fields: []views.Field{hidden,
			{Name: "email", Label: "Email address", Value: email, Type: "email", AutoComplete: "username", Code: true},
			{Name: "displayName", Label: "Your name", Hint: "Shown in the audit log beside what you change.", Value: name, AutoComplete: "name"}, password}}}
	if s.purpose == models.LinkAdminLogin {
		page.Title, page.Lead = "Choose a new password", "For the admin account "+signInName(s.admin)+". Afterwards you sign in with it and set up a second factor."
		page.Form.Submit = "Save password"
		page.Form.Fields = []views.Field{hidden, {Kind: views.Hidden, Name: "username", Value: signInName(s.admin), AutoComplete: "username"}, password}
	}
	return page
}

// setupBinding is what the form's token is bound to, before there is a session: the browser.
func (p *Portal) setupBinding(c *fiber.Ctx) string { return "setup:" + p.binding(c) }

func (p *Portal) setupForm(c *fiber.Ctx) error {
	s, err := p.setupLinkOf(c, c.Query("token"))
	if fault.Is(err, fault.Expired) {
		return p.setupExpired(c)
	}
	if err != nil {
		return err
	}
	c.Set("Referrer-Policy", "no-referrer") // the address is a secret
	return handlers.Render(c, fiber.StatusOK, views.PublicPage(s.form(p.CSRF.Token(p.setupBinding(c)), "", "")))
}

// setup uses the link up, makes or mends the admin, and starts the ordinary sign-in.
func (p *Portal) setup(c *fiber.Ctx) error {
	if !p.CSRF.Valid(token(c), p.setupBinding(c)) {
		return fault.New(fault.Denied, "error.csrf")
	}
	s, err := p.setupLinkOf(c, handlers.Form(c, "token"))
	if fault.Is(err, fault.Expired) {
		return p.setupExpired(c)
	}
	if err != nil {
		return err
	}
	email, name := typed(c, "email"), typed(c, "displayName")
	hash, err := p.setupCheck(c, &s, email, name)
	if err == nil {
		err = p.setupApply(c, s, email, name, hash)
	}
	if fault.Is(err, fault.Expired) {
		return p.setupExpired(c)
	}
	if err != nil {
		page := s.form(p.CSRF.Token(p.setupBinding(c)), email, name)
		if !complain(handlers.InfoOf(c).Locale, page.Form, err) {
			return err
		}
		return handlers.Render(c, fiber.StatusUnprocessableEntity, views.PublicPage(page))
	}
	hint := email
	if s.purpose == models.LinkAdminLogin {
		hint = signInName(s.admin)
	}
	return c.Redirect("/admin?login_hint="+url.QueryEscape(hint), fiber.StatusSeeOther)
}

// setupCheck says everything that is wrong with the form at once, and hashes the password.
func (p *Portal) setupCheck(c *fiber.Ctx, s *setupLink, email, name string) (string, error) {
	var bad fault.Fields
	if s.purpose == models.LinkSetup {
		if _, err := account.CanonicalEmail(email); err != nil {
			bad = append(bad, fault.Of(err).Fields...)
		}
		if name == "" {
			bad.Add("displayName", "admin.setup.name", nil)
		}
	} else {
		email, name = signInName(s.admin), s.admin.DisplayName
	}
	password := raw(c, "password")
	if n := len([]rune(password)); n > 0 && n < 12 {
		bad.Add("password", "field.new_password.short", map[string]any{"count": 12})
		return "", bad.Err()
	}
	workforce, err := p.workforce(c)
	if err != nil {
		return "", err
	}
	hash, err := p.Passwords.Hash(c.UserContext(), workforce.ID, password, name, localPart(email))
	if err != nil && !fault.Is(err, fault.Invalid) {
		return "", err
	}
	if err != nil {
		bad = append(bad, fault.Of(err).Fields...)
	}
	return hash, bad.Err()
}

// setupApply does everything in one transaction: two browsers with one link make one admin.
func (p *Portal) setupApply(c *fiber.Ctx, s setupLink, email, name, hash string) error {
	workforce, err := p.workforce(c)
	if err != nil {
		return err
	}
	ctx := c.UserContext()
	actor := audit.Actor{Kind: audit.ActorSystem, ID: "setup-link", Name: "Set-up link", CorrelationID: handlers.InfoOf(c).RequestID}
	return workforce.InTx(ctx, func(t *models.Tenant) error {
		if _, err := t.ConsumeLink(ctx, s.purpose, s.token); err != nil {
			return err
		}
		if s.purpose == models.LinkAdminLogin {
			return t.SetPassword(ctx, actor, s.admin.ID, models.PasswordChange{Hash: hash, RevokeSessions: true})
		}
		if has, err := t.HasGlobalAdmin(ctx); err != nil || has {
			if err == nil {
				err = fault.New(fault.Expired, "error.expired")
			}
			return err
		}
		u, err := t.CreateUser(ctx, actor, models.User{Account: account.Account{DisplayName: name, Mail: email, Enabled: true, FirstFactor: "emailPassword",
			Identities: []account.Identity{{SignInType: account.SignInEmail, Value: email}}}, CreationType: "Admin"}, hash)
		if err != nil {
			return err
		}
		for _, role := range access.FirstAdmin() {
			if _, err := t.AssignRole(ctx, actor, u.ID, role); err != nil {
				return err
			}
		}
		return nil
	})
}
