package admin

import (
	"context"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// Tabs of a person's page. Each has an address of its own and loads only what it shows.
const (
	personProfile  = "Profile"
	personMethods  = "Methods"
	personSessions = "Sessions"
	personGroups   = "Groups and roles"
	personConsents = "Consents and terms"
	personRisk     = "Risk"
	personTimeline = "Timeline"
)

func (v *visit) userTabs(u models.User) []views.Link {
	base := v.userBase(u)
	tabs := []views.Link{{Label: personProfile, Href: base}, {Label: personMethods, Href: base + "/methods"}, {Label: personSessions, Href: base + "/sessions"}}
	if v.may(access.GroupRead) {
		tabs = append(tabs, views.Link{Label: personGroups, Href: base + "/groups"})
	}
	tabs = append(tabs, views.Link{Label: personConsents, Href: base + "/consents"}, views.Link{Label: personRisk, Href: base + "/risk"})
	if v.may(access.AuditRead) || v.may(access.UserWrite) {
		tabs = append(tabs, views.Link{Label: personTimeline, Href: base + "/timeline"})
	}
	return tabs
}

// userBadges are the states that somebody must know before they do anything.
func (v *visit) userBadges(u models.User) []views.Cell {
	var out []views.Cell
	erased := u.DeletedAt.Add(account.Grace).UTC().Format("2 January 2006")
	switch {
	case u.SelfDeleted && !u.DeletedAt.IsZero():
		out = append(out, badge("warn", "Deleted by themselves; erased on "+erased))
	case !u.DeletedAt.IsZero():
		out = append(out, badge("danger", "Deleted; erased on "+erased))
	}
	if !u.Enabled {
		out = append(out, badge("danger", "Disabled"))
	}
	if u.MustChangePassword {
		out = append(out, badge("info", "Must change the password at the next sign-in"))
	}
	if u.Emergency {
		out = append(out, badge("warn", "Emergency access account"))
	}
	if len(out) == 0 {
		out = append(out, stateBadge(true))
	}
	if u.Risk.Level != "" && v.may(access.RiskyUserRead) {
		out = append(out, badge(riskTone(u.Risk.Level), "Risk: "+u.Risk.Level+choose(u.Risk.Simulated, " (simulated)", "")))
	}
	return out
}

// tabPage is one tab of a person's page.
func (p *Portal) tabPage(c *fiber.Ctx, u models.User, tab string, problems []views.Problem, sections ...views.Section) error {
	v := visitOf(c)
	lead := signInName(u)
	if lead == userName(u) {
		lead = ""
	}
	s, err := p.shell(c, userName(u), lead, tabHelp(tab), views.Link{Label: "Users", Href: v.base() + "/users"})
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		if err := v.looked(c, u); err != nil {
			return err
		}
	}
	d := views.Detail{Badges: v.userBadges(u), Tabs: v.userTabs(u), Tab: tab, Sections: sections}
	if !u.DeletedAt.IsZero() {
		n, err := p.deletedNotice(c, u)
		if err != nil {
			return err
		}
		d.Notices = n
		for i := range d.Sections {
			if d.Sections[i].ID != "restore" && d.Sections[i].ID != "risk" {
				readOnly(&d.Sections[i])
			}
		}
	}
	status := fiber.StatusOK
	if s.Problems = problems; len(problems) > 0 {
		status = fiber.StatusUnprocessableEntity
	}
	return handlers.Render(c, status, views.DetailPage(s, d))
}

func tabHelp(tab string) views.Help {
	switch tab {
	case personMethods:
		return views.Help{What: "Everything that this person proves themselves with, and what they type to say who they are. Nobody can see a secret here.", Do: "Remove what is lost. “Require re-registration” takes every second factor away at once, so that the person sets up a new one at the next sign-in that wants one: check first that it is really them who asks."}
	case personSessions:
		return views.Help{What: "The browsers in which this person is signed in, and the applications that took part.", Do: "End one that should not be there, or all of them. Applications that want to know are told."}
	case personGroups:
		return views.Help{What: "The groups that this person is in, directly or through another group, and the app roles that they have.", Do: "Applications see groups and roles in the tokens if their settings say so. Only direct members of an assigned group have its roles."}
	case personConsents:
		return views.Help{What: "Which applications this person gave access to, and the terms that they agreed to.", Do: "Withdrawing a consent ends every token that rested on it; the application asks again at the next sign-in."}
	case personRisk:
		return views.Help{What: "What speaks for somebody else using this account.", Do: "A report of the person themselves is worth a look at the sign-in. If it was somebody else: set a password, require re-registration and end all sessions."}
	case personTimeline:
		return views.Help{What: "Everything that happened around this person, newest first: sign-ins, changes by them or by others, who looked at their page.", Do: "Open an entry to see what was decided or changed."}
	}
	return usersHelp()
}

// deletedNotice says what can be done with a deleted person, and who has their address now.
func (p *Portal) deletedNotice(c *fiber.Ctx, u models.User) ([]views.Notice, error) {
	v := visitOf(c)
	held, err := v.tenant.Holders(c.UserContext(), u)
	if err != nil {
		return nil, err
	}
	var out []views.Notice
	for _, h := range held {
		out = append(out, views.Notice{Tone: "warn", Title: "“" + h.Identity.Value + "” belongs to somebody else now",
			Text:  "“" + userName(h.User) + "” has it since " + h.User.CreatedAt.UTC().Format("2 January 2006") + " or later. Either change it there and restore then, or restore this person at another address below. Nothing is lost either way.",
			Links: []views.Link{{Label: "Open “" + userName(h.User) + "”", Href: v.userBase(h.User) + "/methods#identities"}}})
	}
	return out, nil
}

func (p *Portal) userDetail(c *fiber.Ctx) error { return p.userDetailPage(c, nil) }

// userDetailPage is the first tab; problem is what was wrong with the address at which somebody was to be
// restored.
func (p *Portal) userDetailPage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	u, err := v.person(c)
	if fault.Is(err, fault.NotFound) { // logs lead here by the id of an account that went into another one
		into, failed := v.tenant.MergedInto(c.UserContext(), c.Params("id"))
		if failed != nil || into != "" {
			if failed != nil {
				return failed
			}
			return p.doneWith(c, v.base()+"/users/"+into, models.PortalFlash{Kind: "info", Text: "The account that you opened went into this one."})
		}
	}
	if err != nil {
		return err
	}
	profile := profileSection(handlers.InfoOf(c).Locale, u, v.userBase(u), v.dir)
	if profile.Summary, err = p.withInvitation(c, u, profile.Summary); err != nil {
		return err
	}
	if !v.may(access.UserWrite) {
		readOnly(&profile)
	}
	sections := []views.Section{profile}
	var problems []views.Problem
	if u.DeletedAt.IsZero() {
		if d := v.userDanger(u); len(d.Buttons) > 0 {
			sections = append(sections, d)
		}
	} else if v.may(access.DeleteRestore) {
		back, err := p.restoreSection(c, u, problem)
		if err != nil {
			return err
		}
		if back.Form != nil {
			problems = back.Form.Problems
		}
		sections = append([]views.Section{back}, sections...)
	}
	return p.tabPage(c, u, personProfile, problems, sections...)
}

// restoreSection is how a deleted person comes back, or goes for good.
func (p *Portal) restoreSection(c *fiber.Ctx, u models.User, problem error) (views.Section, error) {
	v := visitOf(c)
	at := v.base() + "/users/deleted/" + u.ID
	s := views.Section{ID: "restore", Title: "Restore or erase", Lead: "Restoring brings the person back with everything: profile, methods, groups, consents. Erasing now cannot be undone.",
		Buttons: []views.Action{{Label: "Restore user", Post: at + "/restore", About: userName(u)}, {Label: "Erase now", Href: at + "/purge", Danger: true, About: userName(u)}}}
	held, err := v.tenant.Holders(c.UserContext(), u)
	if err != nil || len(held) == 0 {
		return s, err
	}
	s.Buttons = s.Buttons[1:]
	s.Form = &views.Form{Action: at + "/restore-at", Submit: "Restore at this address", Fields: []views.Field{
		{Name: "address", Label: "Another email address", Hint: "The person signs in with it from now on. What somebody else has is given up.", Value: typed(c, "address"), Type: "email", AutoComplete: "off", Code: true}}}
	if problem != nil && !complain(handlers.InfoOf(c).Locale, s.Form, besides(problem, "address")) {
		return s, problem
	}
	return s, nil
}

func (v *visit) userDanger(u models.User) views.Section {
	base := v.userBase(u)
	s := views.Section{ID: "danger", Title: "Lock out or delete", Danger: true}
	if v.may(access.EnableWrite) {
		toggle := views.Action{Label: "Disable account", Post: base + "/enabled", Fields: map[string]string{"enabled": "no"}, About: userName(u)}
		s.Lead = "Disabling refuses sign-in at once and ends every session. Nothing is lost."
		if !u.Enabled {
			toggle, s.Lead = views.Action{Label: "Enable account", Post: base + "/enabled", Fields: map[string]string{"enabled": "yes"}, About: userName(u)}, "The account is disabled: nobody can sign in with it."
		}
		s.Buttons = append(s.Buttons, toggle)
	}
	if v.may(access.RevokeWrite) {
		s.Buttons = append(s.Buttons, views.Action{Label: "End all sessions", Href: base + "/revoke", About: userName(u)})
	}
	if v.may(access.UserWrite) && v.dir.Tenant.Kind != tenant.Workforce {
		s.Buttons = append(s.Buttons, views.Action{Label: "Merge with another account", Href: base + "/merge", About: userName(u)})
	}
	if v.may(access.DeleteRestore) {
		s.Buttons = append(s.Buttons, views.Action{Label: "Delete user", Href: base + "/delete", Danger: true, About: userName(u)})
	}
	return s
}

func (p *Portal) userTimeline(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.person(c)
	if err != nil {
		return err
	}
	line, err := p.timeline(c, u)
	if err != nil {
		return err
	}
	return p.tabPage(c, u, personTimeline, nil, line)
}

// timelinePage is how many entries a page of somebody's history has.
const timelinePage = 50

// timeline joins everything that happened around a person, newest first.
func (p *Portal) timeline(c *fiber.Ctx, u models.User) (views.Section, error) {
	v := visitOf(c)
	page, err := v.tenant.Timeline(c.UserContext(), u.ID, c.Query("after"), timelinePage)
	s := views.Section{ID: "timeline", Title: "What happened", Empty: "Nothing yet."}
	for _, e := range page.Items {
		line := v.timelineLine(u, e)
		if !v.may(access.AuditRead) && e.Invitation == nil { // the logs themselves are not theirs to open
			line.Cell.Href = ""
		}
		s.Lines = append(s.Lines, line)
	}
	if page.Next != "" {
		s.Action = &views.Link{Label: "Older", Href: v.userBase(u) + "/timeline?after=" + page.Next}
	} else if c.Query("after") != "" {
		s.Action = &views.Link{Label: "Newest", Href: v.userBase(u) + "/timeline"}
	}
	return s, err
}

func (v *visit) timelineLine(u models.User, e models.TimelineEntry) views.Line {
	line := views.Line{Time: e.At}
	switch {
	case e.SignIn != nil:
		r := e.SignIn
		line.Tone, line.Mark, line.Text = resultTone(r.Outcome.Result), resultWord(string(r.Outcome.Result)), choose(r.SignUp, "Sign-up", "Sign-in")
		line.Cell = views.Cell{Text: joined(r.App.Name, r.Signals.Browser, r.Signals.Country), Href: v.base() + "/sign-ins/" + r.ID}
	case e.Invitation != nil:
		line.Tone, line.Mark, line.Text = "ok", "Invitation", "Accepted an invitation"
		line.Cell = views.Cell{Text: "by " + e.Invitation.ActorName, Href: v.invitationBase(e.Invitation.ID)}
	case e.Agreed != nil:
		name := e.Agreed.TermsID
		if x, ok := v.dir.Terms[e.Agreed.TermsID]; ok {
			name = x.Name
		}
		line.Tone, line.Mark, line.Text, line.Cell = "info", "Terms", "Agreed to version "+numberWords(e.Agreed.Version, "")+" of", views.Cell{Kind: views.Name, Text: name}
	case e.Report != nil:
		line.Tone, line.Mark, line.Text = "danger", "Report", "“This wasn't me”"
		line.Cell = views.Cell{Text: "See the sign-in", Href: v.base() + "/sign-ins/" + e.Report.SignInID}
	default:
		a := e.Audit
		line.Tone, line.Mark, line.Text = "info", "Change", a.Activity
		if a.Operation == "Read" {
			line.Mark, line.Tone = "Looked at", "neutral"
		}
		line.Cell = views.Cell{Text: "by " + a.Actor.Name, Href: v.base() + "/audits/" + a.ID}
		if a.Target.ID != u.ID {
			line.Cell.Text = a.Target.Kind + " “" + a.Target.Name + "”, by this person"
		}
	}
	return line
}

func joined(parts ...string) string {
	out := ""
	for _, s := range nonEmpty(parts...) {
		if out != "" {
			out += ", "
		}
		out += s
	}
	return out
}

// clientName names an application by its client id.
func (v *visit) clientName(clientID string) string {
	if clientID == ClientID {
		return ClientName
	}
	if c, ok := v.dir.Clients[clientID]; ok {
		return c.Name
	}
	return clientID
}

// lastOf gives the latest method of a kind.
func lastOf(list []models.HeldMethod, kind string) (models.HeldMethod, bool) {
	i := slices.IndexFunc(list, func(m models.HeldMethod) bool { return m.Kind == kind })
	if i < 0 {
		return models.HeldMethod{}, false
	}
	return list[i], true
}

// sessionList gives a person's live sessions with the apps of each; a deleted person has none.
func (v *visit) sessionList(ctx context.Context, u models.User, now time.Time) ([]models.SessionOf, map[string][]string, error) {
	live, err := v.tenant.SessionsOf(ctx, u.ID, now)
	if err != nil {
		return nil, nil, err
	}
	sids := make([]string, len(live))
	for i, s := range live {
		sids[i] = s.SID
	}
	apps, err := v.tenant.SessionApps(ctx, sids)
	return live, apps, err
}
