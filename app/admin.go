package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/message"
	"portico/app/tenant"
	"portico/models"
	"portico/seed"
)

// setupLinkLife is how long a link works that the start screen or the command line prints.
const setupLinkLife = 30 * time.Minute

type adminCommand struct {
	Create adminCreate `cmd:"" help:"Make an administrator of all tenants; prints a one-time link to finish."`
	Reset  adminReset  `cmd:"" help:"Let an administrator who lost a factor start over; prints a one-time link."`
}

type adminCreate struct {
	Email         string `required:"" help:"Address to sign in with."`
	Name          string `help:"Name to show; the address when not given."`
	PasswordStdin bool   `name:"password-stdin" help:"Set the password read from the first line of standard input."`
}

// Run makes the account and gives it the role; both or neither.
func (a adminCreate) Run(ctx context.Context, w world) error {
	p, staff, err := openStaff(ctx, w)
	if err != nil {
		return err
	}
	defer p.close()
	canonical, err := account.CanonicalEmail(a.Email)
	if err != nil {
		return p.say(err)
	}
	hash := ""
	if a.PasswordStdin {
		if hash, err = p.readPassword(ctx); err != nil {
			return err
		}
	}
	by := audit.System("app admin create")
	name := a.Name
	if name == "" {
		name = a.Email
	}
	var user models.User
	token := ""
	err = staff.InTx(ctx, func(staff *models.Tenant) error {
		user, err = staff.UserByIdentity(ctx, account.SignInEmail, "", canonical)
		switch {
		case fault.Is(err, fault.NotFound):
			user, err = staff.CreateUser(ctx, by, models.User{CreationType: "Admin", Account: account.Account{DisplayName: name, Mail: a.Email,
				MailVerified: true, Enabled: true, FirstFactor: "emailPassword",
				Identities: []account.Identity{{SignInType: account.SignInEmail, Value: a.Email, Canonical: canonical}}}}, hash)
		case err == nil && hash != "":
			err = staff.SetPassword(ctx, by, user.ID, models.PasswordChange{Hash: hash, RevokeSessions: true})
		}
		if err != nil {
			return err
		}
		for _, role := range access.FirstAdmin() {
			if _, err := staff.AssignRole(ctx, by, user.ID, role); err != nil {
				return err
			}
		}
		if hash == "" {
			token, err = staff.CreateLink(ctx, models.LinkAdminLogin, user.ID, setupLinkLife)
		}
		return err
	})
	if err != nil {
		return p.say(err)
	}
	if token == "" {
		fmt.Fprintf(w.stdout, "%s is an administrator. Sign in at %s\n", a.Email, p.adminURL("/admin", nil))
		return nil
	}
	fmt.Fprintf(w.stdout, "%s is an administrator. Open this link within 30 minutes to finish (it works once):\n%s\n", a.Email, p.setupURL(token))
	return nil
}

type adminReset struct {
	Email         string `required:"" help:"Address of the administrator."`
	PasswordStdin bool   `name:"password-stdin" help:"Set the password read from the first line of standard input."`
}

// Run removes the password and every second factor, ends every session and prints a link to start over.
func (a adminReset) Run(ctx context.Context, w world) error {
	p, staff, err := openStaff(ctx, w)
	if err != nil {
		return err
	}
	defer p.close()
	canonical, err := account.CanonicalEmail(a.Email)
	if err != nil {
		return p.say(err)
	}
	hash := ""
	if a.PasswordStdin {
		if hash, err = p.readPassword(ctx); err != nil {
			return err
		}
	}
	by := audit.System("app admin reset")
	token := ""
	err = staff.InTx(ctx, func(staff *models.Tenant) error {
		user, err := staff.UserByIdentity(ctx, account.SignInEmail, "", canonical)
		if err != nil {
			return err
		}
		if err := staff.RemoveCredentials(ctx, by, user.ID); err != nil {
			return err
		}
		if _, err := staff.RevokeSessions(ctx, by, user.ID); err != nil {
			return err
		}
		if err := staff.EndPortalSessionsOf(ctx, user.ID); err != nil {
			return err
		}
		if hash != "" {
			if err := staff.SetPassword(ctx, by, user.ID, models.PasswordChange{Hash: hash, RevokeSessions: true}); err != nil {
				return err
			}
		}
		if token, err = staff.CreateLink(ctx, models.LinkAdminLogin, user.ID, setupLinkLife); err != nil {
			return err
		}
		return message.PostAdminRecovery(ctx, staff, message.Change{TenantID: staff.ID, To: user.Address(), Locale: user.PreferredLanguage, At: staff.Now()}, by.Name, staff.Now())
	})
	if fault.Is(err, fault.NotFound) {
		return fmt.Errorf("there is no administrator with the address %s; app admin create makes one", a.Email)
	}
	if err != nil {
		return p.say(err)
	}
	fmt.Fprintf(w.stdout, "The old password, the second factors and the sessions of %s are gone. Open this link within 30 minutes to start over (it works once):\n%s\n", a.Email, p.setupURL(token))
	return nil
}

// openStaff opens the program with its database up to date and the directory of administrators in it.
func openStaff(ctx context.Context, w world) (*program, *models.Tenant, error) {
	p, err := openMigrated(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	staff, err := p.store.TenantBy(ctx, tenant.WorkforceSlug)
	if err != nil {
		p.close()
		return nil, nil, err
	}
	return p, p.store.Tenant(staff.ID), nil
}

// openMigrated opens the program and makes sure that the database has today's schema and the directory
// of administrators.
func openMigrated(ctx context.Context, w world) (*program, error) {
	p, err := open(w)
	if err != nil {
		return nil, err
	}
	if err := p.store.Migrate(ctx); err != nil {
		p.close()
		return nil, err
	}
	if err := seed.Bootstrap(ctx, p.store); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// readPassword reads the first line of standard input and hashes it.
func (p *program) readPassword(ctx context.Context) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(p.stdin, 1<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	password := strings.TrimRight(line, "\r\n")
	const shortest = 12 // administrators get no less
	if n := len([]rune(password)); n < shortest || n > 256 {
		return "", fmt.Errorf("the password has %d characters; it needs %d to 256", n, shortest)
	}
	return factor.NewHasher(factor.DefaultArgon(), 1, 1).Hash(ctx, password)
}

// say turns an application error into English, for a terminal.
func (p *program) say(err error) error {
	f := fault.Of(err)
	if f.Code == fault.Internal {
		return err
	}
	l := p.bundle.Match("en")
	words := []string{l.T(f.Key, f.Args)}
	for _, field := range f.Fields {
		if field.Key != f.Key {
			words = append(words, field.Name+": "+l.T(field.Key, field.Args))
		}
	}
	return errors.New(strings.Join(words, "\n  "))
}

// adminURL is an address in the portal.
func (p *program) adminURL(path string, query url.Values) string {
	u, err := url.Parse(p.config.BaseURL)
	if err != nil { // config checked it
		return path
	}
	if p.config.AdminHost != "" {
		u.Host = p.config.AdminHost
	}
	u.Path, u.RawQuery = path, query.Encode()
	return u.String()
}

func (p *program) setupURL(token string) string {
	return p.adminURL("/admin/setup", url.Values{"token": {token}})
}

type apiClientCommand struct {
	Create apiClientCreate `cmd:"" help:"Make a client of the management API; prints its credentials once, as JSON."`
}

type apiClientCreate struct {
	Tenant     string   `required:"" help:"Slug or id of the tenant it manages."`
	Name       string   `required:"" help:"Name to show in the portal and the audit log."`
	Permission []string `help:"Permission to grant, such as User.Read.All; may be repeated. None named means all of the tenant."`
}

// Run registers a daemon application with a secret.
func (a apiClientCreate) Run(ctx context.Context, w world) error {
	p, err := openMigrated(ctx, w)
	if err != nil {
		return err
	}
	defer p.close()
	found, err := p.store.TenantBy(ctx, a.Tenant)
	if fault.Is(err, fault.NotFound) {
		return fmt.Errorf("there is no tenant %q", a.Tenant)
	}
	if err != nil {
		return err
	}
	granted := a.Permission
	known := map[string]bool{}
	for _, permission := range access.Known() {
		known[string(permission)] = true
	}
	if len(a.Permission) == 0 {
		for _, permission := range access.All() {
			granted = append(granted, string(permission))
		}
	}
	for _, permission := range granted {
		if !known[permission] {
			return fmt.Errorf("there is no permission %q", permission)
		}
	}
	by := audit.System("app api-client create")
	var app models.Application
	secret := ""
	err = p.store.Tenant(found.ID).InTx(ctx, func(t *models.Tenant) error {
		if app, err = t.CreateApplication(ctx, by, models.Application{Name: a.Name, Kind: models.DaemonApp, Enabled: true,
			Spec: models.ApplicationSpec{Permissions: granted}}); err != nil {
			return err
		}
		secret, _, err = t.AddSecret(ctx, by, app.ID, "made by app api-client create", p.now().AddDate(2, 0, 0))
		return err
	})
	if err != nil {
		return p.say(err)
	}
	out := json.NewEncoder(w.stdout)
	out.SetIndent("", "  ")
	return out.Encode(struct {
		ClientID      string `json:"client_id"`
		ClientSecret  string `json:"client_secret"`
		TokenEndpoint string `json:"token_endpoint"`
		Scope         string `json:"scope"`
	}{app.ClientID, secret, p.config.BaseURL + "/" + found.ID + "/oauth2/v2.0/token", p.config.BaseURL + "/.default"})
}
