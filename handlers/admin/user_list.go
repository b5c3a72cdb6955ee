package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	views "portico/views/admin"
)

func usersHelp() views.Help {
	return views.Help{What: "Everybody who can sign in to this tenant's applications: people who signed up, and accounts that an admin or a program made.",
		Do: "Search by name or address, or narrow the list by state, last sign-in, group or a custom attribute; keep a combination that you need often. Open a person to see what happened around them, to help them back in, or to lock them out. Tick several people, or narrow the list to those you mean, to change them together: nothing happens before you have seen how many that are."}
}

// userFilters are the parameters of the list of people: an address, a saved view and a bulk change hold these
// and no other.
func userFilters() []string {
	return []string{"search", "state", "last", "lastFrom", "lastTo", "sort", "createdFrom", "createdTo", "via", "group", "attribute", "value"}
}

// userStates are what the filter of the state offers.
func userStates() []views.Option {
	return []views.Option{{Value: "enabled", Label: "Enabled"}, {Value: "disabled", Label: "Disabled"}, {Value: "change", Label: "Must change the password"}, {Value: "leaving", Label: "Deleted by themselves"}, {Value: "deleted", Label: "Deleted"}}
}

// lastSignIns are the ranges of the last sign-in.
func lastSignIns() []views.Option {
	return []views.Option{{Value: "7d", Label: "In the last 7 days"}, {Value: "30d", Label: "In the last 30 days"}, {Value: "90d", Label: "In the last 90 days"}, {Value: "idle90", Label: "More than 90 days ago"}, {Value: "never", Label: "Never"}}
}

// userQuery reads a view into a query.
func (p *Portal) userQuery(w view, definitions map[string]userflow.Definition) models.UserQuery {
	q := models.UserQuery{Search: w.get("search"), GroupID: w.get("group"), After: w.get("after"), Nobody: w.unfit(definitions) != ""}
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
	case "last":
		q.Sort, q.Desc = models.SortByLastSignIn, true
	case "last-asc":
		q.Sort = models.SortByLastSignIn
	case "name":
		q.Sort = models.SortByName
	case "name-desc":
		q.Sort, q.Desc = models.SortByName, true
	}
	yes, no := true, false
	switch w.get("state") {
	case "enabled":
		q.Enabled = &yes
	case "disabled":
		q.Enabled = &no
	case "change":
		q.MustChangePassword = true
	case "leaving":
		q.Leaving, q.Deleted = true, true
	case "deleted":
		q.Deleted = true
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
	if from, ok := parseWhen(w.get("lastFrom")); ok && from.After(q.LastSignInFrom) {
		q.LastSignInFrom = from
	}
	if to, ok := parseWhen(w.get("lastTo")); ok && (q.LastSignInBefore.IsZero() || to.Add(24*time.Hour).Before(q.LastSignInBefore)) {
		q.LastSignInBefore = to.Add(24 * time.Hour)
	}
	switch via := w.get("via"); via {
	case "":
	case account.SignInEmail, account.SignInUserName:
		q.SignInType = via
	default:
		q.SignInType, q.Provider = account.SignInFederated, via
	}
	if d, ok := definitions[w.get("attribute")]; ok && w.has("value") {
		q.Attribute, q.AttributeValue = d.ID, storedValue(d, w.get("value"))
	}
	return q
}

// storedValue is what an admin typed for an attribute, as it is stored: a tick as true or false, a choice by
// its value, a number and a telephone number in their one form.
func storedValue(d userflow.Definition, text string) string {
	var v any = text
	switch d.DataType {
	case userflow.Boolean:
		switch strings.ToLower(text) {
		case "yes", "true", "1":
			return "true"
		case "no", "false", "0":
			return "false"
		}
	case userflow.Choice:
		for _, o := range d.Options {
			if strings.EqualFold(o.Text, text) {
				v = o.Value
			}
		}
	}
	if taken, complaint := d.Take(v); complaint == nil {
		if s, ok := taken.(string); ok {
			return s
		}
	}
	return text
}

// userFields are the controls of the filter.
func (p *Portal) userFields(c *fiber.Ctx, w view) ([]views.Field, error) {
	v := visitOf(c)
	fields := []views.Field{
		{Name: "search", Label: "Name, address or ID", Type: "search"},
		{Kind: views.Select, Name: "state", Label: "State", Options: append([]views.Option{{Label: "Not deleted"}}, userStates()...)},
		{Kind: views.Select, Name: "last", Label: "Last sign-in", Options: append([]views.Option{{Label: "Any time"}}, lastSignIns()...)},
		{Name: "createdFrom", Label: "Created from", Type: "date"}, {Name: "createdTo", Label: "Created until", Type: "date"},
		{Name: "lastFrom", Label: "Last sign-in from", Type: "date"}, {Name: "lastTo", Label: "Last sign-in until", Type: "date"},
	}
	providers, err := v.tenant.Providers(c.UserContext(), 20)
	if err != nil {
		return nil, err
	}
	via := []views.Option{{Label: "Anything"}, {Value: account.SignInEmail, Label: "Email address"}, {Value: account.SignInUserName, Label: "User name"}}
	for _, issuer := range providers {
		via = append(via, views.Option{Value: issuer, Label: issuer})
	}
	fields = append(fields, views.Field{Kind: views.Select, Name: "via", Label: "Signs in by", Options: via})
	if v.may(access.GroupRead) {
		groups, err := p.groupOptions(c, w.get("group"))
		if err != nil {
			return nil, err
		}
		if len(groups) > 0 {
			fields = append(fields, views.Field{Kind: views.Select, Name: "group", Label: "Member of", Options: append([]views.Option{{Label: "Any group or none"}}, groups...)})
		}
	}
	if len(v.dir.Definitions) > 0 {
		options := []views.Option{{Label: "None chosen"}}
		for _, a := range definedAttributes(v.dir.Definitions) {
			options = append(options, views.Option{Value: a.ID, Label: attributeName(a)})
		}
		fields = append(fields, views.Field{Kind: views.Select, Name: "attribute", Label: "Custom attribute", Options: options}, views.Field{Name: "value", Label: "Is exactly"})
	}
	return fields, nil
}

// mostGroups is how many groups a choice offers. In a tenant with more, a group's own page leads to its members.
const mostGroups = 200

// groupOptions offers the tenant's groups, and the chosen one in any case.
func (p *Portal) groupOptions(c *fiber.Ctx, chosen string) ([]views.Option, error) {
	v := visitOf(c)
	page, err := v.tenant.Groups(c.UserContext(), models.GroupQuery{Limit: mostGroups})
	if err != nil {
		return nil, err
	}
	var out []views.Option
	for _, g := range page.Items {
		out = append(out, views.Option{Value: g.ID, Label: g.Name})
	}
	if chosen != "" && !slices.ContainsFunc(out, func(o views.Option) bool { return o.Value == chosen }) {
		g, err := v.tenant.Group(c.UserContext(), chosen)
		switch {
		case fault.Is(err, fault.NotFound):
			out = append(out, views.Option{Value: chosen, Label: "A group that is gone"})
		case err != nil:
			return nil, err
		default:
			out = append(out, views.Option{Value: g.ID, Label: g.Name})
		}
	}
	return out, nil
}

func (p *Portal) userList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, userFilters()...)
	if c.Query("enabled") != "" && !w.has("state") { // addresses of before there were more states
		state, ok := map[string]string{"yes": "enabled", "true": "enabled", "no": "disabled", "false": "disabled"}[c.Query("enabled")]
		w.take("state", choose(ok, state, c.Query("enabled")))
	}
	q := p.userQuery(w, v.dir.Definitions)
	if f := c.Query("format"); f == "csv" || f == "json" {
		return p.userDownload(c, f, q)
	}
	page, err := v.tenant.FindUsers(c.UserContext(), q)
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
	fields, err := p.userFields(c, w)
	if err != nil {
		return err
	}
	l := views.List{Filter: w.filter(3, fields...), Table: userTable(w, page.Items, v.base()), Shown: peopleShown(len(page.Items))}
	l.Empty = emptyOf(w, "Nobody yet", "People appear here when they sign up, or when you create them.", create)
	if why := w.unfit(v.dir.Definitions); why != "" {
		l.Filter.Nobody = true
		l.Empty = views.Empty{Title: "Nobody is shown", Text: why + " Mend the filter, or clear it.", Action: &views.Link{Label: "Clear all filters", Href: w.path}}
	}
	l.Also = []views.Link{{Label: "Deleted users", Href: v.base() + "/users/deleted"}}
	if v.may(access.RiskyUserRead) {
		l.Also = append(l.Also, views.Link{Label: "Risky users", Href: v.base() + "/risky-users"})
	}
	l.Also = append(l.Also, v.transferLinks()...)
	if v.may(access.UserWrite) && v.dir.Tenant.Kind != tenant.Workforce {
		l.Also = append(l.Also, views.Link{Label: "Change how people sign in", Href: v.base() + "/users/move"})
	}
	p.explain(&l, w, page, q)
	if !q.Nobody {
		if l.Bulk, err = p.bulkOffer(c, w, q.Deleted); err != nil {
			return err
		}
	}
	if l.Bulk != nil {
		l.Table.Select = "person"
		l.Also = append(l.Also, views.Link{Label: "Bulk changes", Href: v.base() + "/users/bulk-changes"})
	}
	if err := p.savedViews(c, w, &l); err != nil {
		return err
	}
	w.finish(&l, page.Next)
	v.exportable(&l)
	return p.list(c, s, l)
}

// explain says what is special about a page of people: its order, or that it is a part only.
func (p *Portal) explain(l *views.List, w view, page models.UserPage, q models.UserQuery) {
	if page.Unsorted {
		l.Note = "In the order of the search: too many people match to sort them. Narrow the search first."
	} else if q.Sort == models.SortByLastSignIn {
		l.Note = "People who never signed in are left out of this order."
	}
	if page.Partly {
		l.Shown = strings.TrimSuffix(l.Shown, " on this page") + " in the part that was looked through; the next page goes on"
		if len(page.Items) == 0 {
			l.Empty = views.Empty{Title: "Nobody in this part", Text: "These filters fit few among many, so the list is looked through part by part. Narrow the search, or go on.",
				Action: &views.Link{Label: "Go on", Href: w.href("after", page.Next)}}
		}
	}
}

func peopleShown(n int) string {
	return strings.TrimSuffix(strings.Replace(shown(n, "person", ""), "persons", "people", 1), ", ")
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
	t := views.Table{Caption: "Users", Columns: []views.Column{w.sortable("Name", "", "name-desc", true), {Label: "Signs in as"}, {Label: "Ways to sign in"}, w.sortable("Created", "created-asc", "created", false), w.sortable("Last sign-in", "last-asc", "last", false), {Label: "State"}}}
	for _, u := range users {
		last := day(u.LastSignInAt)
		if u.LastSignInAt.IsZero() {
			last = views.Cell{Text: "Never", Tone: "soft"}
		}
		t.Rows = append(t.Rows, views.Row{Value: u.ID, Cells: []views.Cell{{Kind: views.Name, Text: userName(u), Href: base + "/users/" + u.ID}, {Kind: views.Name, Text: signInName(u)}, plain(waysIn(u)), day(u.CreatedAt), last, standingBadge(u)}})
	}
	return t
}

// standingBadge is the one thing about a person's state that a list has room for.
func standingBadge(u models.User) views.Cell {
	switch {
	case u.Leaving():
		return badge("warn", "Leaving")
	case !u.DeletedAt.IsZero():
		return badge("danger", "Deleted")
	case u.Enabled && u.MustChangePassword:
		return badge("info", "Must change password")
	}
	return stateBadge(u.Enabled)
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

// exportable takes the downloads off a list of people that the admin may read, but not carry away.
func (v *visit) exportable(l *views.List) {
	if !v.may(access.ExportData) || l.Filter.Nobody {
		l.CSV, l.JSON = "", ""
	}
}

func (p *Portal) userDownload(c *fiber.Ctx, format string, q models.UserQuery) error {
	v := visitOf(c)
	if !v.may(access.ExportData) {
		return p.refuse(c, access.ExportData)
	}
	if q.Nobody { // a file would not say why nobody is in it
		if err := unreadable(c); err != nil {
			return err
		}
		return &fault.Error{Code: fault.Invalid, Key: "admin.filter.unreadable", Args: map[string]any{"name": "attribute", "value": c.Query("attribute") + " = " + c.Query("value")}}
	}
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
	v, w := visitOf(c), viewOf(c, "search", "sort")
	q := p.userQuery(w, nil)
	q.Deleted = true
	if f := c.Query("format"); f == "csv" || f == "json" {
		return p.userDownload(c, f, q)
	}
	page, err := v.tenant.FindUsers(c.UserContext(), q)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Deleted users", "Kept for 30 days, then erased for good.", views.Help{What: "Deleted people cannot sign in. The addresses of those whom an admin deleted are free for new accounts; who deleted their own account keeps the address and can come back by signing in.", Do: "Restore brings a person back with everything. If somebody else has the address meanwhile, the person's page says who, and what to do. Erasing now cannot be undone."},
		views.Link{Label: "Users", Href: v.base() + "/users"})
	if err != nil {
		return err
	}
	t := views.Table{Caption: "Deleted users", Columns: []views.Column{w.sortable("Name", "", "name-desc", true), {Label: "Signed in as"}, {Label: "Deleted"}, {Label: "By"}, {Label: "Erased on"}}}
	for _, u := range page.Items {
		t.Rows = append(t.Rows, views.Row{Value: u.ID, Cells: []views.Cell{{Kind: views.Name, Text: userName(u), Href: v.userBase(u)}, {Kind: views.Name, Text: signInName(u)}, when(u.DeletedAt),
			plain(choose(u.SelfDeleted, "Themselves", "An admin or a program")), day(u.DeletedAt.Add(account.Grace))}})
	}
	l := views.List{Filter: w.filter(1, views.Field{Name: "search", Label: "Name, address or ID", Type: "search"}), Table: t, Shown: peopleShown(len(page.Items)),
		Empty: emptyOf(w, "No deleted users", "A person whom you delete waits here for 30 days.", nil)}
	p.explain(&l, w, page, q)
	if l.Bulk, err = p.bulkOffer(c, w, true); err != nil {
		return err
	}
	if l.Bulk != nil {
		l.Table.Select = "person"
	}
	w.finish(&l, page.Next)
	v.exportable(&l)
	return p.list(c, s, l)
}

// userRestore brings a deleted person back. Nothing is lost when somebody else has an address of theirs: the
// page says who has it and what can be done.
func (p *Portal) userRestore(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.tenant.RestoreUser(c.UserContext(), v.actor(c), c.Params("id"))
	if fault.Is(err, fault.Conflict) {
		return p.doneWith(c, v.base()+"/users/"+c.Params("id"), models.PortalFlash{Kind: "warn", Text: "Not restored: somebody else has an address of this person. Below you see who, and what you can do."})
	}
	if err != nil {
		return err
	}
	return p.done(c, v.base()+"/users/"+u.ID, "“"+userName(u)+"” is restored.")
}

// person is the one that the address names, deleted or not. Whatever page of them is asked for, that an admin
// looked is in the person's history.
func (v *visit) person(c *fiber.Ctx) (models.User, error) {
	u, err := v.tenant.User(c.UserContext(), c.Params("id"))
	if err == nil && c.Method() != post {
		err = v.looked(c, u)
	}
	return u, err
}

// looked notes that an admin saw a person. What sends a form and is shown the page again saw it too.
func (v *visit) looked(c *fiber.Ctx, u models.User) error {
	return v.tenant.NoteView(c.UserContext(), v.actor(c), u)
}

// user is person for what can be done only to who is not deleted.
func (v *visit) user(c *fiber.Ctx) (models.User, error) {
	u, err := v.person(c)
	if err == nil && !u.DeletedAt.IsZero() {
		return u, fault.New(fault.NotFound, "error.not_found")
	}
	return u, err
}

func (v *visit) userBase(u models.User) string { return v.base() + "/users/" + u.ID }
