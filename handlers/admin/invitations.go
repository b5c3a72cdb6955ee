package admin

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/message"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// Limits of one form: more addresses are a program's work.
const (
	maxInvited    = 100
	maxInviteDays = 90
)

// invitationRoutes ask customers into a user flow.
func (p *Portal) invitationRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/invitations"
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.invitationList, Permission: access.UserRead, NavGroup: navPeople, NavLabel: "Invitations"},
		{Method: get, Path: at + "/new", Handler: p.invitationNew, Permission: access.Invite},
		{Method: post, Path: at, Handler: p.invitationCreate, Permission: access.Invite},
		{Method: get, Path: at + "/:id", Handler: p.invitationDetail, Permission: access.UserRead},
		{Method: post, Path: at + "/:id/resend", Handler: p.invitationResend, Permission: access.Invite},
		{Method: get, Path: at + "/:id/revoke", Handler: p.invitationRevokeForm, Permission: access.Invite},
		{Method: post, Path: at + "/:id/revoke", Handler: p.invitationRevoke, Permission: access.Invite},
	}
}

func invitationsHelp() views.Help {
	return views.Help{What: "An invitation asks one address into an application. Its link works once, until it expires, and only for who proves that address.",
		Do: "Fill in what you know already, so that people need not type it. Resend gives a new link and stops the old one; revoke takes an invitation back."}
}

// invitationStates are the states that the list can be narrowed to.
func invitationStates() []views.Option {
	return []views.Option{{Value: string(userflow.InvitationPending), Label: "Pending"}, {Value: string(userflow.InvitationAccepted), Label: "Accepted"},
		{Value: string(userflow.InvitationExpired), Label: "Expired"}, {Value: string(userflow.InvitationRevoked), Label: "Revoked"}}
}

func invitationBadge(s userflow.InvitationState) views.Cell {
	tone := map[userflow.InvitationState]string{userflow.InvitationPending: "info", userflow.InvitationAccepted: "ok", userflow.InvitationExpired: "warn"}[s]
	for _, o := range invitationStates() {
		if o.Value == string(s) {
			return badge(choose(tone == "", "neutral", tone), o.Label)
		}
	}
	return plain(string(s))
}

func (v *visit) invitationBase(id string) string { return v.base() + "/invitations/" + id }

// appName and flowName are the names of what an invitation leads to; both may be gone.
func (v *visit) appName(clientID string) string {
	if app, ok := v.dir.Clients[clientID]; ok {
		return app.Name
	}
	return clientID
}

func (v *visit) flowName(id string) string {
	if f, ok := v.dir.Flows[id]; ok {
		return f.Name
	}
	return id
}

func (p *Portal) invitationList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search", "invited")
	q := models.InvitationQuery{Address: w.get("search"), State: userflow.InvitationState(w.get("invited")), After: w.get("after")}
	if f := c.Query("format"); f == "csv" || f == "json" {
		cols, now := p.invitationColumns(), p.Now()
		cols = append(cols, column[userflow.Invitation]{"state", func(i userflow.Invitation) string { return string(i.State(now)) }})
		return download(c, f, "invitations-"+v.dir.Tenant.Slug, cols, nil, func(ctx context.Context, after string) ([]userflow.Invitation, string, error) {
			q.After, q.Limit = after, 500
			page, err := v.tenant.FindInvitations(ctx, q)
			return page.Items, page.Next, err
		})
	}
	page, err := v.tenant.FindInvitations(c.UserContext(), q)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Invitations", "Whom you asked in, and who came.", invitationsHelp())
	if err != nil {
		return err
	}
	invite := &views.Link{Label: "Invite", Href: v.base() + "/invitations/new"}
	if v.may(access.Invite) {
		s.Primary = invite
	} else {
		invite = nil
	}
	t := views.Table{Caption: "Invitations", Columns: []views.Column{{Label: "Address"}, {Label: "Application"}, {Label: "State"}, {Label: "Made"}, {Label: "Expires"}, {Label: "By"}}}
	for _, i := range page.Items {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: i.Email, Sub: i.Name, Href: v.invitationBase(i.ID)}, {Kind: views.Name, Text: v.appName(i.ClientID)}, invitationBadge(i.State(p.Now())), day(i.CreatedAt), day(i.ExpiresAt), {Kind: views.Name, Text: i.ActorName}}})
	}
	l := views.List{Filter: w.filter(2, views.Field{Name: "search", Label: "Address", Type: "search"}, views.Field{Kind: views.Select, Name: "invited", Label: "State", Options: append([]views.Option{{Label: "Any state"}}, invitationStates()...)}),
		Table: t, Shown: shown(len(page.Items), "invitation", "newest first"), Empty: emptyOf(w, "Nobody invited yet", "Invite customers by mail into one of your applications, with what you know about them filled in.", invite)}
	w.finish(&l, page.Next)
	return p.list(c, s, l)
}

func (p *Portal) invitationColumns() []column[userflow.Invitation] {
	return []column[userflow.Invitation]{
		{"id", func(i userflow.Invitation) string { return i.ID }}, {"invitedUserEmailAddress", func(i userflow.Invitation) string { return i.Email }},
		{"invitedUserDisplayName", func(i userflow.Invitation) string { return i.Name }}, {"userFlowId", func(i userflow.Invitation) string { return i.FlowID }}, {"appId", func(i userflow.Invitation) string { return i.ClientID }},
		{"createdDateTime", func(i userflow.Invitation) string { return stamp(i.CreatedAt) }}, {"expirationDateTime", func(i userflow.Invitation) string { return stamp(i.ExpiresAt) }},
		{"sentCount", func(i userflow.Invitation) string { return strconv.Itoa(i.SentCount) }}, {"acceptedDateTime", func(i userflow.Invitation) string { return stamp(i.AcceptedAt) }},
		{"acceptedBy", func(i userflow.Invitation) string { return i.AcceptedBy }}, {"revokedDateTime", func(i userflow.Invitation) string { return stamp(i.RevokedAt) }}, {"createdBy", func(i userflow.Invitation) string { return i.ActorName }},
	}
}

// invitationForm is the form of invitations to one application, as typed.
type invitationForm struct {
	app       models.Application
	flow      models.UserFlow
	addresses string
	redirect  string
	locale    string
	message   string
	days      string
	how       string
	sent      []string                          // those that went out before something failed
	answer    func(userflow.Attribute) []string // what was typed for an attribute
}

// target finds the application of a client id with its flow, among those that people can be invited to.
func (v *visit) target(ctx context.Context, clientID string) (models.Application, models.UserFlow, bool, error) {
	flows, err := v.tenant.Flows(ctx)
	if err != nil {
		return models.Application{}, models.UserFlow{}, false, err
	}
	for _, f := range flows {
		for _, id := range f.ApplicationIDs {
			app, err := v.tenant.Application(ctx, id)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return app, f, false, err
			}
			if err == nil && app.ClientID == clientID && app.DeletedAt.IsZero() {
				return app, f, true, nil
			}
		}
	}
	return models.Application{}, models.UserFlow{}, false, nil
}

// inviteTargets lists the applications that belong to a user flow: an application has one at most, so
// choosing it chooses the flow.
func (v *visit) inviteTargets() []views.Option {
	var out []views.Option
	for client, flow := range v.dir.FlowOf {
		app, ok := v.dir.Clients[client]
		if f, there := v.dir.Flows[flow]; ok && there {
			out = append(out, views.Option{Value: client, Label: app.Name, Hint: "By the user flow “" + f.Name + "”"})
		}
	}
	slices.SortFunc(out, func(a, b views.Option) int {
		return strings.Compare(strings.ToLower(a.Label)+a.Value, strings.ToLower(b.Label)+b.Value)
	})
	return out
}

// invitationNew asks for the application first, because the form follows from its user flow.
func (p *Portal) invitationNew(c *fiber.Ctx) error {
	v := visitOf(c)
	targets, chosen := v.inviteTargets(), strings.TrimSpace(c.Query("application"))
	if len(targets) == 1 {
		chosen = targets[0].Value
	}
	app, flow, ok, err := v.target(c.UserContext(), chosen)
	if err != nil {
		return err
	}
	if ok {
		return p.invitationPage(c, invitationForm{app: app, flow: flow, days: strconv.Itoa(int(userflow.InvitationLifetime.Hours() / 24)), how: "mail", answer: func(userflow.Attribute) []string { return nil }}, nil)
	}
	s, err := p.shell(c, "Invite", "First choose the application that people are invited to.", invitationsHelp(), views.Link{Label: "Invitations", Href: v.base() + "/invitations"})
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		return p.detail(c, s, views.Detail{Sections: []views.Section{{Title: "No application yet", Empty: "No application belongs to a user flow, so there is nothing to invite people into. Add an application to a user flow first."}}})
	}
	f := views.Form{Action: v.base() + "/invitations/new", Get: true, Submit: "Continue", Cancel: v.base() + "/invitations", Fields: []views.Field{{Kind: views.Radios, Name: "application", Label: "Application", Value: chosen, Options: targets}}}
	if len(c.Request().URI().QueryString()) > 0 {
		complain(handlers.InfoOf(c).Locale, &f, fault.BadField("application", "invitation.app", nil))
	}
	return p.form(c, s, f)
}

func (p *Portal) invitationPage(c *fiber.Ctx, typed invitationForm, problem error) error {
	v, l := visitOf(c), handlers.InfoOf(c).Locale
	f := p.invitationFormOf(l, v, typed)
	if !complain(l, &f, problem) {
		return problem
	}
	s, err := p.shell(c, "Invite to “"+typed.app.Name+"”", "People go through the user flow “"+typed.flow.Name+"” and end up in the application.", invitationsHelp(), views.Link{Label: "Invitations", Href: v.base() + "/invitations"})
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) invitationFormOf(l *i18n.Localizer, v *visit, t invitationForm) views.Form {
	back := []views.Option{{Label: "The application’s home page" + choose(t.app.Spec.HomepageURL == "", "", ": "+t.app.Spec.HomepageURL)}}
	for _, u := range t.app.Spec.RedirectURIs {
		if u.URI != t.app.Spec.HomepageURL {
			back = append(back, views.Option{Value: u.URI, Label: u.URI})
		}
	}
	out := views.Form{Action: v.base() + "/invitations", Submit: "Invite", Cancel: v.base() + "/invitations", Fields: []views.Field{
		{Kind: views.Hidden, Name: "application", Value: t.app.ClientID},
		{Kind: views.TextArea, Name: "addresses", Label: "Email addresses", Hint: "One in each line, or separated by commas, up to 100. A name may stand before the address: Ada Lovelace <ada@example.com>.", Value: t.addresses, Rows: 4},
	}}
	if len(t.sent) > 0 {
		out.Note = "Already invited, so no longer in the box: " + strings.Join(t.sent, ", ") + "."
	}
	if t.app.Spec.AppRoleRequired {
		out.Note = strings.TrimSpace(out.Note + " This application is only for people who are assigned to it: whoever accepts the invitation is assigned by that, without a role.")
	}
	add := func(more ...views.Field) { out.Fields = append(out.Fields, more...) }
	add(views.Field{Kind: views.Select, Name: "redirectUri", Label: "Where people go afterwards", Hint: "The home page suits best: it starts a sign-in of its own, which needs nothing typed. A redirect URI is for applications that can be opened there.", Value: t.redirect, Options: back})
	add(views.Field{Kind: views.Select, Name: "locale", Label: "Language of the mail", Value: t.locale, Options: append([]views.Option{{Label: "The tenant’s: " + p.languageName(choose(v.dir.Tenant.DefaultLocale == "", "en", v.dir.Tenant.DefaultLocale))}}, p.localeOptions()...)},
		views.Field{Kind: views.TextArea, Name: "message", Label: "Your own words", Hint: "A paragraph in the mail, as plain text: who you are and why you write.", Value: t.message, Rows: 3, Optional: true},
		views.Field{Name: "days", Label: "Works for", Hint: "From 1 to 90.", Value: t.days, InputMode: "numeric", Suffix: "days"},
		views.Field{Kind: views.Radios, Name: "how", Label: "How does the invitation reach the person?", Value: t.how, Options: []views.Option{{Value: "mail", Label: "By mail", Hint: choose(p.MailReady, "Sent at once, to each address.", "No mail is set up in this installation, so nothing would arrive.")}, {Value: "link", Label: "Do not mail, give me the link", Hint: "Shown once, on the next page. For one address only."}}})
	if prefilled := prefillable(t.flow.Flow); len(prefilled) > 0 {
		add(views.Field{Kind: views.Heading, Label: "What you know already"})
		for _, a := range prefilled {
			field := attributeInput(l, a, t.answer(a))
			switch {
			case a.Hidden:
				field.Hint = strings.TrimSpace(field.Hint + " The page does not show it.")
			case a.ReadOnly:
				field.Hint = strings.TrimSpace(field.Hint + " The page shows it, and people cannot change it.")
			}
			add(field)
		}
	}
	return out
}

// prefillable are the attributes that a flow asks for and an invitation can bring: the address is the
// invitation's own, and a user name is the person's to choose.
func prefillable(f userflow.Flow) []userflow.Attribute {
	return slices.DeleteFunc(slices.Clone(f.Attributes), func(a userflow.Attribute) bool {
		return a.ID == "email" || a.ID == userflow.UserName || !a.Builtin() && a.Definition == nil
	})
}

// invited is one part of the box of addresses.
type invited struct {
	line, name, email string
}

// readInvited reads the box: every part of it is an address, or a name with an address; each address once.
func readInvited(l *i18n.Localizer, box string) ([]invited, error) {
	var out []invited
	var bad fault.Fields
	seen := map[string]bool{}
	for _, line := range splitAddresses(box) {
		one := invited{line: line, email: line}
		if at := strings.IndexByte(line, '<'); at >= 0 {
			if a, err := mail.ParseAddress(line); err == nil {
				one.name, one.email = a.Name, a.Address
			} else {
				one.name, one.email = strings.Trim(strings.TrimSpace(line[:at]), `"`), strings.TrimSuffix(strings.TrimSpace(line[at+1:]), ">")
			}
		}
		canonical, err := account.CanonicalEmail(one.email)
		if err != nil {
			e := fault.Of(err).Fields[0]
			if len(bad) < 5 { // the first few say it all
				bad.Add("addresses", "invitation.line", map[string]any{"line": line, "reason": l.T(e.Key, e.Args)})
			}
			continue
		}
		if !seen[canonical] {
			seen[canonical], out = true, append(out, one)
		}
	}
	switch {
	case len(bad) > 0:
	case len(out) == 0:
		bad.Add("addresses", "invitation.addresses.none", nil)
	case len(out) > maxInvited:
		bad.Add("addresses", "invitation.addresses.many", map[string]any{"count": maxInvited})
	}
	return out, bad.Err()
}

func (p *Portal) invitationCreate(c *fiber.Ctx) error {
	v, l := visitOf(c), handlers.InfoOf(c).Locale
	app, flow, ok, err := v.target(c.UserContext(), typed(c, "application"))
	if err != nil {
		return err
	}
	if !ok {
		return c.Redirect(v.base()+"/invitations/new?application=", fiber.StatusSeeOther)
	}
	f := invitationForm{app: app, flow: flow, addresses: typed(c, "addresses"), redirect: typed(c, "redirectUri"), locale: typed(c, "locale"), message: typed(c, "message"), days: typed(c, "days"), how: typed(c, "how"),
		answer: func(a userflow.Attribute) []string { return typedAnswers(c, a) }}
	who, err := readInvited(l, f.addresses)
	var bad fault.Fields
	if err != nil {
		bad = append(bad, fault.Of(err).Fields...)
	}
	days, err := strconv.Atoi(f.days)
	if err != nil || days < 1 || days > maxInviteDays {
		bad.Add("days", "invitation.days", map[string]any{"high": maxInviteDays})
	}
	switch {
	case f.how != "mail" && f.how != "link":
		bad.Add("how", "admin.choose", nil)
	case f.how == "link" && len(who) > 1:
		bad.Add("how", "invitation.link_alone", nil)
	}
	if f.locale != "" && !slices.ContainsFunc(p.localeOptions(), func(o views.Option) bool { return o.Value == f.locale }) {
		bad.Add("locale", "admin.choose", nil)
	}
	values, wrong := readAttributes(c, prefillable(flow.Flow), nothingYet)
	bad = append(bad, wrong...)
	if err := bad.Err(); err != nil {
		return p.invitationPage(c, f, err)
	}
	var last userflow.Invitation
	var token string
	var failed, twice []string // twice are those to whom another invitation is pending
	for _, one := range who {
		i := userflow.Invitation{FlowID: flow.ID, ClientID: app.ClientID, Email: one.email, Name: one.name, Values: answered(values), RedirectURI: f.redirect, Locale: f.locale, Message: f.message,
			ExpiresAt: p.Now().Add(time.Duration(days) * 24 * time.Hour)}
		made, secret, err := v.tenant.CreateInvitation(c.UserContext(), v.actor(c), i, p.invitationMail(c, f.how == "mail"))
		switch {
		case err == nil:
			last, token = made, secret
			f.sent = append(f.sent, addressWords(one.email))
			if others, err := v.otherPending(c, made); err != nil {
				return err
			} else if len(others) > 0 {
				twice = append(twice, one.email)
			}
		case fault.Is(err, fault.Invalid), fault.Is(err, fault.Conflict):
			e := fault.Of(err)
			for _, x := range e.Fields {
				if x.Name != "email" { // it is wrong for every address: say it beside its field
					f.addresses = strings.Join(append(failed, restOf(who, one)...), "\n")
					return p.invitationPage(c, f, err)
				}
				bad.Add("addresses", "invitation.line", map[string]any{"line": one.line, "reason": l.T(x.Key, x.Args)})
			}
			if len(e.Fields) == 0 {
				bad.Add("addresses", "invitation.line", map[string]any{"line": one.line, "reason": l.T(e.Key, e.Args)})
			}
			failed = append(failed, one.line)
		default:
			return err
		}
	}
	if err := bad.Err(); err != nil {
		f.addresses = strings.Join(failed, "\n")
		return p.invitationPage(c, f, err)
	}
	if f.how == "link" {
		return p.doneWith(c, v.invitationBase(last.ID), p.linkFlash(v, last, token))
	}
	if len(f.sent) == 1 {
		return p.done(c, v.invitationBase(last.ID), "The invitation to “"+last.Email+"” is on its way.")
	}
	says := fmt.Sprintf("%d invitations are on their way: %s.", len(f.sent), firstOf(f.sent, 20))
	if len(twice) > 0 {
		says += " There is another pending invitation to " + firstOf(twice, 20) + "."
	}
	return p.done(c, v.base()+"/invitations", says)
}

// firstOf joins the first of many names and counts the rest.
func firstOf(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
}

// restOf are the lines from one on.
func restOf(who []invited, from invited) []string {
	var out []string
	for _, one := range who {
		if one == from || len(out) > 0 {
			out = append(out, one.line)
		}
	}
	return out
}

// invitationMail queues the mail in the transaction of the invitation, so that both exist or neither; nil
// when nothing is to be mailed.
func (p *Portal) invitationMail(c *fiber.Ctx, send bool) func(*models.Tenant, userflow.Invitation, string) error {
	if !send {
		return nil
	}
	v, ctx := visitOf(c), c.UserContext()
	return func(t *models.Tenant, i userflow.Invitation, token string) error {
		return message.PostInvitation(ctx, t, i, v.appName(i.ClientID), handlers.InvitationLink(v.dir.Tenant.Base(p.BaseURL), v.dir.Tenant.Slug, token), p.Now())
	}
}

func (p *Portal) linkFlash(v *visit, i userflow.Invitation, token string) models.PortalFlash {
	return models.PortalFlash{Kind: "ok", Text: "The invitation for “" + i.Email + "” is ready.", Label: "Invitation link", Secret: handlers.InvitationLink(v.dir.Tenant.Base(p.BaseURL), v.dir.Tenant.Slug, token),
		Note: "Give it to the person on a safe way. It works once, and is shown only now."}
}

func (p *Portal) invitationDetail(c *fiber.Ctx) error {
	v, l := visitOf(c), handlers.InfoOf(c).Locale
	i, err := v.tenant.Invitation(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Invitation of “"+choose(i.Name == "", i.Email, i.Name)+"”", "", invitationsHelp(), views.Link{Label: "Invitations", Href: v.base() + "/invitations"})
	if err != nil {
		return err
	}
	state := i.State(p.Now())
	sent := plain("Not mailed: the link was given by hand")
	if i.SentCount > 0 {
		sent = views.Cell{Kind: views.When, Time: i.SentAt, Sub: choose(i.SentCount > 1, numberWords(i.SentCount, "times")+" in all", "")}
	}
	accepted := views.Cell{}
	if !i.AcceptedAt.IsZero() {
		accepted = views.Cell{Kind: views.When, Time: i.AcceptedAt, Href: v.base() + "/users/" + i.AcceptedBy}
	}
	flow := views.Cell{Kind: views.Name, Text: v.flowName(i.FlowID)}
	if v.may(access.FlowRead) {
		flow.Href = v.base() + "/user-flows/" + i.FlowID
	}
	sections := []views.Section{{ID: "invitation", Title: "Invitation", Summary: facts(fact("State", invitationBadge(state)), fact("Address", code(i.Email)), fact("Its domain in plain letters", code(asciiDomain(i.Email))), fact("Name", views.Cell{Kind: views.Name, Text: i.Name}),
		fact("Application", views.Cell{Kind: views.Name, Text: v.appName(i.ClientID)}), fact("User flow", flow), fact("Goes on to", code(i.RedirectURI)), fact("Language of the mail", plain(p.localeWord(i.Locale))),
		fact("Your own words", views.Cell{Kind: views.Name, Text: i.Message}), fact("Sent", sent), fact("Expires", when(i.ExpiresAt)), fact("Accepted", accepted), fact("Revoked", when(i.RevokedAt)), fact("Made", when(i.CreatedAt)), fact("By", views.Cell{Kind: views.Name, Text: i.ActorName}))}}
	others, err := v.otherPending(c, i)
	if err != nil {
		return err
	}
	sections = append(sections, v.otherPendingSection(others))
	if len(i.Values) > 0 {
		filled := views.Section{ID: "values", Title: "Filled in beforehand"}
		for _, a := range v.knownAttributes(i.FlowID) {
			if value, ok := i.Values[a.ID]; ok {
				filled.Summary = append(filled.Summary, fact(attributeName(a), views.Cell{Kind: views.Name, Text: valueWords(l, a, value)}))
			}
		}
		sections = append(sections, filled)
	}
	if v.may(access.Invite) && (state == userflow.InvitationPending || state == userflow.InvitationExpired) {
		actions := views.Section{ID: "actions", Title: "Send again", Lead: "Each gives a new link, which works as long as the first one did. The old link stops working.", Buttons: []views.Action{
			{Label: "Mail it again", Post: v.invitationBase(i.ID) + "/resend", Fields: map[string]string{"how": "mail"}, About: i.Email},
			{Label: "Give me a new link", Post: v.invitationBase(i.ID) + "/resend", Fields: map[string]string{"how": "link"}, About: i.Email}}}
		sections = append(sections, actions)
		if state == userflow.InvitationPending {
			sections = append(sections, views.Section{ID: "danger", Title: "Take it back", Danger: true, Lead: "The link stops working at once. Who has accepted already keeps the account.", Buttons: []views.Action{{Label: "Revoke invitation", Href: v.invitationBase(i.ID) + "/revoke", Danger: true, About: i.Email}}})
		}
	}
	return p.detail(c, s, views.Detail{Sections: sections})
}

func (p *Portal) localeWord(tag string) string {
	if tag == "" {
		return "The tenant’s"
	}
	return p.languageName(tag)
}

// knownAttributes are the attributes of a flow, then all others that have a name.
func (v *visit) knownAttributes(flowID string) []userflow.Attribute {
	var out []userflow.Attribute
	if f, ok := v.dir.Flows[flowID]; ok {
		out = append(out, f.Attributes...)
	}
	for _, id := range append([]string{"displayName", "givenName", "surname"}, "jobTitle", "streetAddress", "postalCode", "city", "state", "country") {
		out = append(out, userflow.Attribute{ID: id})
	}
	out = append(out, definedAttributes(v.dir.Definitions)...)
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(a userflow.Attribute) bool {
		twice := seen[a.ID]
		seen[a.ID] = true
		return twice
	})
}

func (p *Portal) invitationResend(c *fiber.Ctx) error {
	v, byMail := visitOf(c), typed(c, "how") != "link"
	i, token, err := v.tenant.ResendInvitation(c.UserContext(), v.actor(c), c.Params("id"), p.invitationMail(c, byMail))
	if e := fault.Of(err); fault.Is(err, fault.Conflict) {
		return p.doneWith(c, v.invitationBase(c.Params("id")), models.PortalFlash{Kind: "warn", Text: handlers.InfoOf(c).Locale.T(e.Key, e.Args)})
	}
	if err != nil {
		return err
	}
	if !byMail {
		return p.doneWith(c, v.invitationBase(i.ID), p.linkFlash(v, i, token))
	}
	return p.done(c, v.invitationBase(i.ID), "The invitation to “"+i.Email+"” is on its way again. The old link no longer works.")
}

func (p *Portal) invitationRevokeForm(c *fiber.Ctx) error {
	v := visitOf(c)
	i, err := v.tenant.Invitation(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Revoke the invitation of “"+i.Email+"”?", "", views.Help{}, views.Link{Label: "Invitations", Href: v.base() + "/invitations"}, views.Link{Label: i.Email, Href: v.invitationBase(i.ID)})
	if err != nil {
		return err
	}
	others, err := v.otherPending(c, i)
	if err != nil {
		return err
	}
	m := views.Confirm{Consequences: []string{"The link in the mail stops working at once.", "The person is not told. You can invite them again at any time."},
		Form: views.Form{Action: v.invitationBase(i.ID) + "/revoke", Submit: "Revoke invitation", Danger: true, Cancel: v.invitationBase(i.ID)}}
	if len(others) > 0 {
		m.Consequences = append(m.Consequences, "There is another pending invitation to this address. Its link goes on working.")
		m.See = &views.Link{Label: "See the other invitation", Href: v.invitationBase(others[0].ID)}
	}
	return p.confirm(c, s, m)
}

func (p *Portal) invitationRevoke(c *fiber.Ctx) error {
	v := visitOf(c)
	i, err := v.tenant.Invitation(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	err = v.tenant.RevokeInvitation(c.UserContext(), v.actor(c), i.ID)
	if e := fault.Of(err); fault.Is(err, fault.Conflict) {
		return p.doneWith(c, v.invitationBase(i.ID), models.PortalFlash{Kind: "warn", Text: handlers.InfoOf(c).Locale.T(e.Key, e.Args)})
	}
	if err != nil {
		return err
	}
	return p.done(c, v.invitationBase(i.ID), "The invitation of “"+i.Email+"” is revoked.")
}
