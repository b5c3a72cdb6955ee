package admin

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

func usersHelp() views.Help {
	return views.Help{What: "Everybody who can sign in to this tenant's applications: people who signed up, and accounts that an admin or a program made.",
		Do: "Search by name or address. Open a person to see what happened around them, to help them back in, or to lock them out."}
}

// userQuery reads a view into a query. The last sign-in is a filter of the list only.
func (p *Portal) userQuery(w view) models.UserQuery {
	q := models.UserQuery{Search: w.get("search"), Enabled: yesNo(w.get("enabled")), After: w.get("after")}
	if from, ok := parseWhen(w.get("createdFrom")); ok {
		q.CreatedFrom = from
	}
	if to, ok := parseWhen(w.get("createdTo")); ok {
		q.CreatedBefore = to.Add(24 * time.Hour)
	}
	switch w.get("sort") {
	case "created":
		q.Sort, q.Desc = models.SortByCreated, true
	case "created-asc":
		q.Sort = models.SortByCreated
	case "name-desc":
		q.Desc = true
	}
	now := p.Now()
	switch w.get("last") {
	case "never":
		q.NeverSignedIn = true
	case "30d", "90d", "7d":
		days := map[string]int{"7d": 7, "30d": 30, "90d": 90}[w.get("last")]
		q.LastSignInFrom = now.Add(-time.Duration(days) * 24 * time.Hour)
	case "idle90":
		q.LastSignInBefore = now.Add(-90 * 24 * time.Hour)
	}
	return q
}

// lastSignIns are the ranges of the last sign-in.
func lastSignIns() []views.Option {
	return []views.Option{{Value: "7d", Label: "In the last 7 days"}, {Value: "30d", Label: "In the last 30 days"}, {Value: "90d", Label: "In the last 90 days"}, {Value: "idle90", Label: "More than 90 days ago"}, {Value: "never", Label: "Never"}}
}

func userFields() []views.Field {
	return []views.Field{
		{Name: "search", Label: "Name, address or ID", Type: "search"},
		{Kind: views.Select, Name: "enabled", Label: "State", Options: enabledOptions()},
		{Kind: views.Select, Name: "last", Label: "Last sign-in", Options: append([]views.Option{{Label: "Any time"}}, lastSignIns()...)},
		{Name: "createdFrom", Label: "Created from", Type: "date"}, {Name: "createdTo", Label: "Created until", Type: "date"},
	}
}

func (p *Portal) userList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search", "enabled", "last", "sort", "createdFrom", "createdTo")
	q := p.userQuery(w)
	if f := c.Query("format"); f == "csv" || f == "json" {
		return p.userDownload(c, f, q)
	}
	page, err := v.tenant.Users(c.UserContext(), q)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Users", "The people of this tenant.", usersHelp())
	if err != nil {
		return err
	}
	create := &views.Link{Label: "New user", Href: v.base() + "/users/new"}
	if v.may(access.UserWrite) {
		s.Primary = create
	} else {
		create = nil
	}
	l := views.List{Filter: w.filter(3, userFields()...), Table: userTable(w, page.Items, v.base()), Shown: shown(len(page.Items), "person", "")}
	l.Shown = strings.TrimSuffix(strings.Replace(l.Shown, "persons", "people", 1), ", ")
	l.Empty = emptyOf(w, "Nobody yet", "People appear here when they sign up, or when you create them.", create)
	l.Also = []views.Link{{Label: "Deleted users", Href: v.base() + "/users/deleted"}}
	if v.may(access.UserWrite) && v.dir.Tenant.Kind != tenant.Workforce {
		l.Also = append(l.Also, views.Link{Label: "Change how people sign in", Href: v.base() + "/users/move"})
	}
	w.finish(&l, page.Next)
	return p.list(c, s, l)
}

func userName(u models.User) string {
	for _, s := range []string{u.DisplayName, strings.TrimSpace(u.GivenName + " " + u.Surname), signInName(u), u.ID} {
		if s != "" {
			return s
		}
	}
	return ""
}

// signInName is what the person types to sign in.
func signInName(u models.User) string {
	for _, i := range u.Identities {
		if i.SignInType == account.SignInEmail || i.SignInType == account.SignInUserName {
			return i.Value
		}
	}
	return u.Mail
}

func userTable(w view, users []models.User, base string) views.Table {
	t := views.Table{Caption: "Users", Columns: []views.Column{w.sortable("Name", "", "name-desc", true), {Label: "Signs in as"}, {Label: "Ways to sign in"}, w.sortable("Created", "created-asc", "created", false), {Label: "Last sign-in"}, {Label: "State"}}}
	for _, u := range users {
		last := day(u.LastSignInAt)
		if u.LastSignInAt.IsZero() {
			last = views.Cell{Text: "Never", Tone: "soft"}
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: userName(u), Href: base + "/users/" + u.ID}, views.Cell{Kind: views.Name, Text: signInName(u)}, plain(waysIn(u)), day(u.CreatedAt), last, stateBadge(u.Enabled)}})
	}
	return t
}

func waysIn(u models.User) string {
	var out []string
	if u.HasPassword {
		out = append(out, "Password")
	}
	if u.FirstFactor == "emailCode" {
		out = append(out, "Code by email")
	}
	for _, i := range u.Identities {
		if i.SignInType == account.SignInFederated {
			out = append(out, i.Issuer)
		}
	}
	for _, m := range u.Methods {
		if m.Kind != models.KindRecovery {
			out = append(out, methodWord(m.Kind))
		}
	}
	return strings.Join(unique(out), ", ")
}

func unique(list []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			seen[s], out = true, append(out, s)
		}
	}
	return out
}

func (p *Portal) userDownload(c *fiber.Ctx, format string, q models.UserQuery) error {
	v := visitOf(c)
	cols := []column[models.User]{
		{"id", func(u models.User) string { return u.ID }}, {"displayName", func(u models.User) string { return u.DisplayName }},
		{"givenName", func(u models.User) string { return u.GivenName }}, {"surname", func(u models.User) string { return u.Surname }},
		{"mail", func(u models.User) string { return u.Mail }}, {"signInName", signInName},
		{"accountEnabled", func(u models.User) string { return fmt.Sprint(u.Enabled) }}, {"creationType", func(u models.User) string { return u.CreationType }},
		{"createdDateTime", func(u models.User) string { return stamp(u.CreatedAt) }}, {"lastSignInDateTime", func(u models.User) string { return stamp(u.LastSignInAt) }},
		{"deletedDateTime", func(u models.User) string { return stamp(u.DeletedAt) }},
	}
	return download(c, format, "users-"+v.dir.Tenant.Slug, cols, nil, func(ctx context.Context, after string) ([]models.User, string, error) {
		q.After, q.Limit = after, 500
		page, err := v.tenant.Users(ctx, q)
		return page.Items, page.Next, err
	})
}

func (p *Portal) userDeletedList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search")
	q := models.UserQuery{Search: w.get("search"), Deleted: true, After: w.get("after")}
	if f := c.Query("format"); f == "csv" || f == "json" {
		return p.userDownload(c, f, q)
	}
	page, err := v.tenant.Users(c.UserContext(), q)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Deleted users", "Kept for 30 days, then erased for good.", views.Help{What: "Deleted people cannot sign in, and their addresses are free for new accounts.", Do: "Restore brings a person back with everything, unless somebody else has taken the address meanwhile."},
		views.Link{Label: "Users", Href: v.base() + "/users"})
	if err != nil {
		return err
	}
	t := views.Table{Caption: "Deleted users", Columns: []views.Column{{Label: "Name"}, {Label: "Signed in as"}, {Label: "Deleted"}}, Actions: true}
	for _, u := range page.Items {
		row := views.Row{Cells: []views.Cell{{Kind: views.Name, Text: userName(u)}, code(signInName(u)), when(u.DeletedAt)}}
		if v.may(access.UserWrite) {
			row.Actions = []views.Action{{Label: "Restore", About: userName(u), Post: v.base() + "/users/deleted/" + u.ID + "/restore"}}
		}
		t.Rows = append(t.Rows, row)
	}
	l := views.List{Filter: w.filter(3, views.Field{Name: "search", Label: "Name, address or ID", Type: "search"}), Table: t, Shown: strings.TrimSuffix(strings.Replace(shown(len(page.Items), "person", ""), "persons", "people", 1), ", "),
		Empty: emptyOf(w, "No deleted users", "A person whom you delete waits here for 30 days.", nil)}
	w.finish(&l, page.Next)
	return p.list(c, s, l)
}

func (p *Portal) userRestore(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.tenant.RestoreUser(c.UserContext(), v.actor(c), c.Params("id"))
	if fault.Is(err, fault.Conflict) {
		return p.doneWith(c, v.base()+"/users/deleted", models.PortalFlash{Kind: "warn", Text: "Not restored: somebody else has taken the address meanwhile."})
	}
	if err != nil {
		return err
	}
	return p.done(c, v.base()+"/users/"+u.ID, "“"+userName(u)+"” is restored.")
}

func (v *visit) user(c *fiber.Ctx) (models.User, error) {
	u, err := v.tenant.User(c.UserContext(), c.Params("id"))
	if err == nil && !u.DeletedAt.IsZero() {
		return u, fault.New(fault.NotFound, "error.not_found")
	}
	return u, err
}

func (v *visit) userBase(u models.User) string { return v.base() + "/users/" + u.ID }

// userDetail is a person with what happened around them.
func (p *Portal) userDetail(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	return p.userPage(c, u, identityForm(v.userBase(u), account.SignInEmail, ""))
}

// userPage shows a person; identity is the small form for one more address or user name, with what was wrong
// with it when it was sent.
func (p *Portal) userPage(c *fiber.Ctx, u models.User, identity views.Form) error {
	v := visitOf(c)
	lead := signInName(u)
	if lead == userName(u) {
		lead = ""
	}
	s, err := p.shell(c, userName(u), lead, usersHelp(), views.Link{Label: "Users", Href: v.base() + "/users"})
	if err != nil {
		return err
	}
	live, err := v.tenant.SessionsOf(c.UserContext(), u.ID, p.Now())
	if err != nil {
		return err
	}
	agreed, err := p.agreedSection(c, u)
	if err != nil {
		return err
	}
	profile := profileSection(handlers.InfoOf(c).Locale, u, v.userBase(u), v.dir)
	if profile.Summary, err = p.withInvitation(c, u, profile.Summary); err != nil {
		return err
	}
	sections := []views.Section{profile, identitiesSection(u, v.userBase(u), v.dir.Tenant.Settings.UserNames.Enabled, identity), waysSection(u, v.userBase(u)), sessionsSection(live), agreed}
	if v.may(access.AuditRead) {
		line, err := p.timeline(c, u)
		if err != nil {
			return err
		}
		sections = append(sections, line)
	}
	sections = append(sections, userDanger(u, v.userBase(u)))
	if !v.may(access.UserWrite) {
		sections = sections[:len(sections)-1]
		for i := range sections {
			if sections[i].ID != "timeline" {
				readOnly(&sections[i])
			}
		}
	}
	status := fiber.StatusOK
	if s.Problems = identity.Problems; len(s.Problems) > 0 {
		status = fiber.StatusUnprocessableEntity
	}
	return handlers.Render(c, status, views.DetailPage(s, views.Detail{Sections: sections}))
}

// agreedSection lists the terms that the person agreed to.
func (p *Portal) agreedSection(c *fiber.Ctx, u models.User) (views.Section, error) {
	v := visitOf(c)
	list, err := v.tenant.Acceptances(c.UserContext(), u.ID)
	t := &views.Table{Caption: "Terms", Columns: []views.Column{{Label: "Terms"}, {Label: "Version", Num: true}, {Label: "When"}, {Label: "Read in"}, {Label: "Still counts"}}}
	for _, a := range list {
		name := views.Cell{Kind: views.Name, Text: a.TermsID}
		counts := badge("neutral", "No")
		if x, ok := v.dir.Terms[a.TermsID]; ok {
			if name.Text = x.Name; v.may(access.FlowRead) {
				name.Href = v.termsBase(x.ID)
			}
			if x.Accepted([]userflow.Acceptance{a}) {
				counts = badge("ok", "Yes")
			} else {
				counts = badge("warn", "No, must agree again")
			}
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{name, {Kind: views.Num, Text: fmt.Sprint(a.Version)}, when(a.At), plain(p.languageName(a.Locale)), counts}})
	}
	return views.Section{ID: "terms", Title: "Terms agreed to", Table: t, Empty: "None."}, err
}

// withInvitation adds the invitation that the person came by.
func (p *Portal) withInvitation(c *fiber.Ctx, u models.User, summary []views.Fact) ([]views.Fact, error) {
	v := visitOf(c)
	i, err := v.tenant.InvitationOf(c.UserContext(), u.ID)
	if fault.Is(err, fault.NotFound) {
		return summary, nil
	}
	return append(summary, fact("Came by", views.Cell{Kind: views.Name, Text: "Invitation by " + i.ActorName, Sub: "To " + i.Email, Href: v.invitationBase(i.ID)})), err
}

func profileSection(l *i18n.Localizer, u models.User, base string, dir *models.Directory) views.Section {
	edit := base + "/edit"
	text := func(label, s string) views.Fact {
		if s == "" {
			return views.Fact{Label: label, Value: views.Cell{Text: "Not set", Tone: "soft"}, Change: edit}
		}
		return views.Fact{Label: label, Value: views.Cell{Kind: views.Name, Text: s}, Change: edit}
	}
	last := when(u.LastSignInAt)
	if u.LastSignInAt.IsZero() {
		last = plain("Never")
	}
	address := strings.Join(nonEmpty(u.StreetAddress, strings.TrimSpace(u.PostalCode+" "+u.City), u.State, valueWords(l, userflow.Attribute{ID: "country"}, u.Country)), ", ")
	made := map[string]string{"SelfServiceSignUp": "Signed up by themselves", "LocalAccount": "Created by a program or import", "Admin": "Created by an admin"}[u.CreationType]
	mail := views.Cell{Kind: views.Code, Text: u.Mail}
	if u.Mail != "" {
		mail.Sub = choose(u.MailVerified, "Proven", "Not proven")
	}
	out := views.Section{ID: "profile", Title: "Profile", Summary: []views.Fact{text("Display name", u.DisplayName), text("First name", u.GivenName), text("Last name", u.Surname), text("Address", address), text("Phone", u.MobilePhone), text("Job title", u.JobTitle)}}
	for _, a := range shownAttributes(dir) {
		out.Summary = append(out.Summary, text(attributeName(a), valueWords(l, a, u.Attributes[a.ID])))
	}
	for _, k := range slices.Sorted(maps.Keys(u.Attributes)) {
		if _, defined := dir.Definitions[k]; !defined && !strings.HasPrefix(k, "extension_") { // answers to a deleted attribute are kept unseen
			out.Summary = append(out.Summary, fact(humane(k), views.Cell{Kind: views.Name, Text: textOf(u.Attributes[k])}))
		}
	}
	out.Summary = append(out.Summary, facts(fact("Email", mail), fact("Language", code(u.PreferredLanguage)), fact("State", stateBadge(u.Enabled)), fact("Last sign-in", last), fact("Created", when(u.CreatedAt)), fact("How", plain(made)), fact("User ID", code(u.ID)))...)
	return out
}

// shownAttributes are the tenant's custom attributes; a text that some flow shows as a choice has that flow's
// options, so that a person's page says what the person read.
func shownAttributes(dir *models.Directory) []userflow.Attribute {
	out := definedAttributes(dir.Definitions)
	for i, a := range out {
		for _, f := range dir.Flows {
			for _, asked := range f.Attributes {
				if asked.ID == a.ID && a.Type() == userflow.String && len(asked.Options) > 0 {
					out[i].InputType, out[i].Options = asked.InputType, asked.Options
				}
			}
		}
	}
	return out
}

func waysSection(u models.User, base string) views.Section {
	s := views.Section{ID: "ways", Title: "How this person signs in"}
	s.Summary = append(s.Summary, views.Fact{Label: "First factor", Value: plain(firstFactorWord(u.FirstFactor)), Change: base + "/first-factor"})
	password := choose(u.HasPassword, "Set", "None")
	if u.MustChangePassword {
		password += "; must be changed at the next sign-in"
	}
	s.Summary = append(s.Summary, views.Fact{Label: "Password", Value: plain(password), Change: base + "/password"})
	t := &views.Table{Caption: "Second factors", Columns: []views.Column{{Label: "Second factor"}, {Label: "Name"}, {Label: "Set up"}}, Actions: true}
	codes, since := 0, time.Time{}
	for _, m := range u.Methods {
		if m.Kind == models.KindRecovery { // they are one thing: a sheet of codes
			if codes++; since.IsZero() || m.CreatedAt.Before(since) {
				since = m.CreatedAt
			}
			continue
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{plain(methodWord(m.Kind)), {Kind: views.Name, Text: m.Name}, when(m.CreatedAt)},
			Actions: []views.Action{{Label: "Remove", About: methodWord(m.Kind) + " " + m.Name, Post: base + "/methods/remove", Fields: map[string]string{"method": m.ID}}}})
	}
	if codes > 0 {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{plain("Recovery codes"), plain(fmt.Sprintf("%d left", codes)), when(since)},
			Actions: []views.Action{{Label: "Remove", About: "all recovery codes", Post: base + "/methods/remove", Fields: map[string]string{"kind": models.KindRecovery}}}})
	}
	s.Table, s.Empty = t, "No second factor is set up."
	return s
}

// sessionsSection lists where the person is signed in now.
func sessionsSection(live []models.SessionOf) views.Section {
	t := &views.Table{Caption: "Sessions", Columns: []views.Column{{Label: "Browser"}, {Label: "Place"}, {Label: "Address"}, {Label: "Signed in"}, {Label: "Last seen"}}}
	for _, s := range live {
		name := strings.Join(nonEmpty(s.Browser, s.OS), " on ")
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Text: choose(name == "", "Unknown browser", name), Sub: choose(s.Persistent, "Stays signed in", "")},
			plain(strings.Join(nonEmpty(s.City, s.Country), ", ")), code(s.IP), when(s.AuthTime), when(s.LastSeenAt)}})
	}
	return views.Section{ID: "sessions", Title: "Signed in now", Table: t, Empty: "Nowhere."}
}

func userDanger(u models.User, base string) views.Section {
	toggle := views.Action{Label: "Disable account", Post: base + "/enabled", Fields: map[string]string{"enabled": "no"}, About: userName(u)}
	lead := "Disabling refuses sign-in at once and ends every session. Nothing is lost."
	if !u.Enabled {
		toggle, lead = views.Action{Label: "Enable account", Post: base + "/enabled", Fields: map[string]string{"enabled": "yes"}, About: userName(u)}, "The account is disabled: nobody can sign in with it."
	}
	return views.Section{ID: "danger", Title: "Lock out or delete", Danger: true, Lead: lead, Buttons: []views.Action{toggle,
		{Label: "End all sessions", Href: base + "/revoke", About: userName(u)}, {Label: "Delete user", Href: base + "/delete", Danger: true, About: userName(u)}}}
}

// timeline joins sign-ins and changes, newest first.
func (p *Portal) timeline(c *fiber.Ctx, u models.User) (views.Section, error) {
	v := visitOf(c)
	page, err := v.tenant.Timeline(c.UserContext(), u.ID, c.Query("after"), 25)
	s := views.Section{ID: "timeline", Title: "What happened", Empty: "Nothing yet."}
	for _, e := range page.Items {
		if r := e.SignIn; r != nil {
			s.Lines = append(s.Lines, views.Line{Time: e.At, Tone: resultTone(r.Outcome.Result), Mark: resultWord(string(r.Outcome.Result)), Text: choose(r.SignUp, "Sign-up", "Sign-in"),
				Cell: views.Cell{Text: strings.Join(nonEmpty(r.App.Name, r.Signals.Browser, r.Signals.Country), ", "), Href: v.base() + "/sign-ins/" + r.ID}})
			continue
		}
		a := e.Audit
		s.Lines = append(s.Lines, views.Line{Time: e.At, Tone: "info", Mark: "Change", Text: a.Activity, Cell: views.Cell{Text: "by " + a.Actor.Name, Href: v.base() + "/audits/" + a.ID}})
	}
	if page.Next != "" {
		s.Action = &views.Link{Label: "Older", Href: v.userBase(u) + "?after=" + page.Next + "#timeline"}
	} else if c.Query("after") != "" {
		s.Action = &views.Link{Label: "Newest", Href: v.userBase(u) + "#timeline"}
	}
	return s, err
}
