package admin

import (
	"fmt"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// userMethods is the tab of what a person proves themselves with.
func (p *Portal) userMethods(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.person(c)
	if err != nil {
		return err
	}
	return p.userMethodsPage(c, u, identityForm(v.userBase(u), account.SignInEmail, ""), methodForm(v.userBase(u), models.KindEmail, ""))
}

// userMethodsPage shows the tab; identity is the small form for one more address or user name, method the one for one
// more second factor, each with what was wrong with it when it was sent.
func (p *Portal) userMethodsPage(c *fiber.Ctx, u models.User, identity, method views.Form) error {
	v := visitOf(c)
	list, err := v.tenant.MethodsOf(c.UserContext(), u.ID)
	if err != nil {
		return err
	}
	identities := identitiesSection(u, v.userBase(u), v.dir.Tenant.Settings.UserNames.Enabled, v.dir.Providers, identity)
	if !v.may(access.UserWrite) {
		readOnly(&identities)
	}
	factors := p.factorsSection(v, u, list)
	if v.may(access.MethodWrite) {
		factors.Form = &method
	}
	return p.tabPage(c, u, personMethods, append(identity.Problems, method.Problems...), identities, v.waysSection(u, list), factors)
}

// waysSection is the first factor and the password.
func (v *visit) waysSection(u models.User, list []models.HeldMethod) views.Section {
	base := v.userBase(u)
	s := views.Section{ID: "ways", Title: "How this person signs in"}
	first := views.Fact{Label: "First factor", Value: plain(firstFactorWord(u.FirstFactor))}
	if v.may(access.UserWrite) {
		first.Change = base + "/first-factor"
	}
	password := views.Fact{Label: "Password", Value: plain("None")}
	if m, ok := lastOf(list, models.KindPassword); ok {
		password.Value = views.Cell{Text: "Set", Sub: "On " + m.CreatedAt.UTC().Format("2 January 2006 15:04") + " UTC"}
	}
	if u.MustChangePassword {
		password.Value.Text += "; must be changed at the next sign-in"
	}
	if v.may(access.PasswordWrite) {
		password.Change = base + "/password"
	}
	s.Summary = []views.Fact{first, password}
	return s
}

// factorsSection lists the second factors.
func (p *Portal) factorsSection(v *visit, u models.User, list []models.HeldMethod) views.Section {
	base, may := v.userBase(u), v.may(access.MethodWrite)
	t := &views.Table{Caption: "Second factors", Columns: []views.Column{{Label: "Second factor"}, {Label: "Name"}, {Label: "Set up"}, {Label: "Last used"}}, Actions: may}
	remove := func(about string, fields map[string]string) []views.Action {
		if !may {
			return nil
		}
		return []views.Action{{Label: "Remove", About: about, Post: base + "/methods/remove", Fields: fields}}
	}
	codes, since := 0, time.Time{}
	for _, m := range list {
		switch m.Kind {
		case models.KindPassword:
			continue
		case models.KindRecovery: // they are one thing: a sheet of codes
			if m.Name == models.HelpDeskCode { // it ends by itself, and is no code of theirs
				continue
			}
			if codes++; since.IsZero() || m.CreatedAt.Before(since) {
				since = m.CreatedAt
			}
			continue
		}
		used := views.Cell{Text: "Not noted", Tone: "soft"}
		if !m.LastUsedAt.IsZero() {
			used = when(m.LastUsedAt)
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{plain(methodWord(m.Kind)), {Kind: views.Name, Text: m.Name, Sub: p.passkeyPlace(v.dir.Tenant, m)}, when(m.CreatedAt), used},
			Actions: remove(methodWord(m.Kind)+" "+m.Name, map[string]string{"method": m.ID})})
	}
	if codes > 0 {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{plain("Recovery codes"), plain(fmt.Sprintf("%d left", codes)), when(since), {}},
			Actions: remove("all recovery codes", map[string]string{"kind": models.KindRecovery})})
	}
	s := views.Section{ID: "factors", Title: "Second factors", Table: t, Empty: "No second factor is set up."}
	if may && len(t.Rows) > 0 {
		s.Buttons = []views.Action{{Label: "Require re-registration", Href: base + "/methods/reset", About: userName(u)}}
	}
	return s
}

// passkeyPlace says where a passkey works, which matters once a tenant answers at several places.
func (p *Portal) passkeyPlace(t tenant.Tenant, m models.HeldMethod) string {
	host := m.Passkey.Host
	switch {
	case m.Kind != models.KindPasskey || host == "" && len(t.Hosts) == 0:
		return ""
	case !t.Answers(host):
		return "Works nowhere: customers are not answered at " + tenant.HostAt(p.BaseURL, host)
	}
	return "Works only at " + tenant.HostAt(p.BaseURL, host)
}

func (p *Portal) userResetForm(c *fiber.Ctx) error {
	return p.userConfirm(c, "Require re-registration from %s?", "Require re-registration", "/methods/reset", "/methods",
		"Every second factor of this person is removed: authenticator apps, passkeys, addresses, telephone numbers and recovery codes.",
		"At the next sign-in that wants a second factor the person sets up a new one. Until then, whoever has the first factor can do that: make sure first that it is really this person who asks.",
		"The password and the sessions stay. End the sessions too if a device was stolen.")
}

func (p *Portal) userReset(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	n := 0
	err = v.tenant.InTx(c.UserContext(), func(t *models.Tenant) error {
		if n, err = t.RequireRegistration(c.UserContext(), v.actor(c), u.ID); err != nil || n == 0 {
			return err
		}
		told := map[string]bool{}
		for _, m := range u.Methods { // one notice for each kind
			if told[m.Kind] {
				continue
			}
			told[m.Kind] = true
			if err := p.tellRemoved(c, t, u, m.Kind); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return p.refusedChange(c, v.userBase(u)+"/methods", err)
	}
	if n == 0 {
		return p.doneWith(c, v.userBase(u)+"/methods", models.PortalFlash{Kind: "info", Text: "“" + userName(u) + "” had no second factor any more."})
	}
	return p.done(c, v.userBase(u)+"/methods", "“"+userName(u)+"” must set up a second factor anew.")
}

// userSessions is the tab of where a person is signed in.
func (p *Portal) userSessions(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.person(c)
	if err != nil {
		return err
	}
	live, apps, err := v.sessionList(c.UserContext(), u, p.Now())
	if err != nil {
		return err
	}
	may := v.may(access.RevokeWrite)
	t := &views.Table{Caption: "Sessions", Columns: []views.Column{{Label: "Browser"}, {Label: "Applications"}, {Label: "Place"}, {Label: "Address"}, {Label: "Signed in"}, {Label: "Last seen"}}, Actions: may}
	for _, s := range live {
		name := strings.Join(nonEmpty(s.Browser, s.OS), " on ")
		name = choose(name == "", "Unknown browser", name)
		var used []string
		for _, id := range apps[s.SID] {
			used = append(used, v.clientName(id))
		}
		row := views.Row{Cells: []views.Cell{{Text: name, Sub: choose(s.Persistent, "Stays signed in", "")}, {Kind: views.Lines, List: used},
			plain(joined(s.City, s.Country)), code(s.IP), when(s.AuthTime), when(s.LastSeenAt)}}
		if may {
			row.Actions = []views.Action{{Label: "End", About: name, Post: v.userBase(u) + "/sessions/end", Fields: map[string]string{"sid": s.SID}}}
		}
		t.Rows = append(t.Rows, row)
	}
	s := views.Section{ID: "sessions", Title: "Signed in now", Table: t, Empty: "Nowhere."}
	if may && len(live) > 0 {
		s.Buttons = []views.Action{{Label: "End all sessions", Href: v.userBase(u) + "/revoke", About: userName(u)}}
	}
	devices, err := v.rememberedSection(c, u, may)
	if err != nil {
		return err
	}
	return p.tabPage(c, u, personSessions, nil, s, devices)
}

func (p *Portal) userSessionEnd(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	ended, err := v.tenant.EndUserSession(c.UserContext(), v.actor(c), u.ID, typed(c, "sid"))
	if err != nil {
		return err
	}
	if !ended {
		return p.doneWith(c, v.userBase(u)+"/sessions", models.PortalFlash{Kind: "info", Text: "That session had ended already."})
	}
	return p.done(c, v.userBase(u)+"/sessions", "The session of “"+userName(u)+"” has ended.")
}

// userConsents is the tab of what a person agreed to.
func (p *Portal) userConsents(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.person(c)
	if err != nil {
		return err
	}
	list, err := v.tenant.Consents(c.UserContext(), u.ID)
	if err != nil {
		return err
	}
	may := v.may(access.UserWrite)
	t := &views.Table{Caption: "Consents", Columns: []views.Column{{Label: "Application"}, {Label: "May"}, {Label: "First given"}, {Label: "Last changed"}}, Actions: may}
	for _, a := range list {
		row := views.Row{Cells: []views.Cell{{Kind: views.Name, Text: v.clientName(a.ClientID)}, plain(strings.Join(a.Scopes, ", ")), when(a.CreatedAt), when(a.UpdatedAt)}}
		if may {
			row.Actions = []views.Action{{Label: "Withdraw", About: v.clientName(a.ClientID), Post: v.userBase(u) + "/consents/withdraw", Fields: map[string]string{"client": a.ClientID}}}
		}
		t.Rows = append(t.Rows, row)
	}
	agreed, err := p.agreedSection(c, u)
	if err != nil {
		return err
	}
	return p.tabPage(c, u, personConsents, nil, views.Section{ID: "consents", Title: "Applications with consent", Table: t, Empty: "This person gave no application access to anything that needs consent."}, agreed)
}

func (p *Portal) userConsentWithdraw(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	client, there := typed(c, "client"), false
	err = v.tenant.InTx(c.UserContext(), func(t *models.Tenant) error {
		had, err := t.Consented(c.UserContext(), u.ID, client)
		if there = len(had) > 0; err != nil || !there { // pressed twice
			return err
		}
		if err := t.WithdrawConsent(c.UserContext(), u.ID, client); err != nil {
			return err
		}
		return t.WriteAudit(c.UserContext(), v.actor(c), audit.Event{Activity: "Withdraw consent", Category: "UserManagement", Operation: "Delete",
			Target: audit.Target{Kind: "user", ID: u.ID, Name: userName(u)}, Changes: []audit.Change{{Property: "application", Old: v.clientName(client)}, {Property: "scopes", Old: had}}})
	})
	if err != nil {
		return err
	}
	if !there {
		return p.doneWith(c, v.userBase(u)+"/consents", models.PortalFlash{Kind: "info", Text: "That consent was withdrawn already."})
	}
	return p.done(c, v.userBase(u)+"/consents", "The consent of “"+userName(u)+"” for “"+v.clientName(client)+"” is withdrawn.")
}

// besides moves every complaint to one control.
func besides(err error, name string) error {
	e := fault.Of(err)
	if err == nil || len(e.Fields) == 0 {
		return err
	}
	out := *e
	out.Fields = nil
	for _, f := range e.Fields {
		f.Name = name
		out.Fields = append(out.Fields, f)
	}
	return &out
}

// userRestoreAt restores a person whose address somebody else has, at another one.
func (p *Portal) userRestoreAt(c *fiber.Ctx) error {
	v := visitOf(c)
	address := typed(c, "address")
	_, err := account.CanonicalEmail(address)
	if err == nil {
		var u models.User
		if u, err = v.tenant.RestoreUserAt(c.UserContext(), v.actor(c), c.Params("id"), address); err == nil {
			return p.done(c, v.userBase(u), "“"+userName(u)+"” is restored and signs in as “"+address+"” now.")
		}
	}
	return p.userDetailPage(c, err)
}

func (p *Portal) userPurgeForm(c *fiber.Ctx) error { return p.userPurgePage(c, nil) }

// userPurgePage asks for the person's name, because what is erased does not come back.
func (p *Portal) userPurgePage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	u, err := v.person(c)
	if err != nil {
		return err
	}
	if u.DeletedAt.IsZero() {
		s, err := p.shell(c, "Erase “"+userName(u)+"”?", "", views.Help{}, views.Link{Label: "Users", Href: v.base() + "/users"}, views.Link{Label: userName(u), Href: v.userBase(u)})
		if err != nil {
			return err
		}
		return p.detail(c, s, views.Detail{Sections: []views.Section{{ID: "not-deleted", Title: "Not deleted", Lead: "Only a deleted person can be erased. Delete them first: for 30 days that can be undone.", Action: &views.Link{Label: "Delete user", Href: v.userBase(u) + "/delete"}}}})
	}
	m := views.Confirm{Consequences: []string{"Profile, addresses, methods, sessions, groups, app roles, consents and agreements of this person are erased at once. Nothing can bring them back.",
		"The sign-in log and the audit log keep their entries until their retention ends.", "Without this, the same happens on " + u.DeletedAt.Add(account.Grace).UTC().Format("2 January 2006") + "."},
		Form: views.Form{Action: v.base() + "/users/deleted/" + u.ID + "/purge", Submit: "Erase now", Danger: true, Cancel: v.userBase(u),
			Fields: []views.Field{{Name: "name", Label: "Type the person's name: " + userName(u), Value: typed(c, "name"), AutoComplete: "off"}}}}
	if !complain(handlers.InfoOf(c).Locale, &m.Form, problem) {
		return problem
	}
	s, err := p.shell(c, "Erase “"+userName(u)+"” for good?", "", views.Help{}, views.Link{Label: "Users", Href: v.base() + "/users"}, views.Link{Label: userName(u), Href: v.userBase(u)})
	if err != nil {
		return err
	}
	return p.confirm(c, s, m)
}

func (p *Portal) userPurge(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.person(c)
	if err != nil {
		return err
	}
	if !strings.EqualFold(typed(c, "name"), strings.Join(strings.Fields(userName(u)), " ")) {
		return p.userPurgePage(c, fault.BadField("name", "admin.user.purge_name", nil))
	}
	if err := v.tenant.PurgeUser(c.UserContext(), v.actor(c), u.ID); err != nil {
		if fault.Is(err, fault.Conflict) {
			return p.userPurgePage(c, err)
		}
		return err
	}
	return p.done(c, v.base()+"/users/deleted", "“"+userName(u)+"” is erased.")
}
