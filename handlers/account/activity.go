package account

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/record"
	"portico/handlers"
	"portico/models"
	views "portico/views/account"
	"portico/views/ui"
)

// activityPage is how many sign-ins are on one page.
const activityPage = 20

// appName is what people call an app: the account pages in their own language.
func (p *Pages) appName(c *fiber.Ctx, clientID, otherwise string) string {
	if clientID == ClientID {
		return words(c, "account.title")
	}
	if client, ok := visitOf(c).dir.Clients[clientID]; ok {
		return client.Name
	}
	if otherwise != "" {
		return otherwise
	}
	return words(c, "account.app.gone")
}

func (p *Pages) devices(c *fiber.Ctx) error {
	v := visitOf(c)
	list, err := v.t.SessionsOf(c.UserContext(), v.person.ID, p.Now())
	if err != nil {
		return err
	}
	var view views.DevicesView
	for _, s := range list {
		line, err := p.sessionLine(c, s)
		if err != nil {
			return err
		}
		if s.SID == v.session.SID {
			line.Badges = []views.Badge{{Text: words(c, "account.devices.current"), Tone: ui.OK}}
			view.This = append(view.This, line)
			continue
		}
		line.Do = &views.Button{Text: words(c, "account.devices.end"), Action: v.base() + "/devices/" + url.PathEscape(s.SID) + "/end", About: line.Value, Danger: true}
		view.Others = append(view.Others, line)
	}
	if view.Remembered, err = p.rememberedLines(c); err != nil {
		return err
	}
	if len(view.Others) > 0 {
		view.EndAll = &views.Button{Text: words(c, "account.devices.end_all"), Action: v.base() + "/devices/others"}
	}
	return p.render(c, fiber.StatusOK, views.Devices(p.page(c), view))
}

// rememberedLines are the devices on which the person is not asked for a second factor.
func (p *Pages) rememberedLines(c *fiber.Ctx) ([]views.Line, error) {
	v := visitOf(c)
	list, err := v.t.RememberedDevices(c.UserContext(), v.person.ID)
	if err != nil {
		return nil, err
	}
	var out []views.Line
	for _, d := range list {
		notes := []string{words(c, "account.remembered.until", "date", day(c, d.ExpiresAt))}
		if !d.LastUsedAt.IsZero() {
			notes = append(notes, words(c, "account.remembered.used", "date", day(c, d.LastUsedAt)))
		}
		name := cmp.Or(d.Name, words(c, "account.device.unknown"))
		out = append(out, views.Line{Icon: "shield", Value: name, Note: strings.Join(notes, " · "),
			Do: &views.Button{Text: words(c, "account.remembered.forget"), Action: v.base() + "/devices/remembered/" + url.PathEscape(d.ID) + "/forget", About: name}})
	}
	return out, nil
}

// forgetDevice asks again on a device. It only makes the account safer, so no fresh proof is wanted.
func (p *Pages) forgetDevice(c *fiber.Ctx) error {
	v := visitOf(c)
	if err := v.t.ForgetDevice(c.UserContext(), v.actor(c), v.person.ID, c.Params("id")); err != nil {
		return err
	}
	return p.done(c, v.base()+"/devices", "account.remembered.forgotten")
}

func (p *Pages) sessionLine(c *fiber.Ctx, s models.SessionOf) (views.Line, error) {
	clients, err := visitOf(c).t.SessionClients(c.UserContext(), s.SID)
	if err != nil {
		return views.Line{}, err
	}
	icon := "globe"
	if strings.Contains(s.OS, "Android") || strings.Contains(s.OS, "iOS") || strings.Contains(s.OS, "iPad") {
		icon = "phone"
	}
	notes := []string{words(c, "account.devices.signed_in", "date", when(c, s.CreatedAt)), words(c, "account.devices.seen", "date", when(c, s.LastSeenAt))}
	if where := place(c, s.City, s.Country); where != "" {
		notes = append([]string{where}, notes...)
	}
	var apps []string
	for _, id := range clients {
		if name := p.appName(c, id, ""); !slices.Contains(apps, name) {
			apps = append(apps, name)
		}
	}
	if len(apps) > 0 {
		notes = append(notes, words(c, "account.devices.apps", "apps", strings.Join(apps, ", ")))
	}
	return views.Line{Icon: icon, Value: device(c, s.Browser, s.OS), Note: strings.Join(notes, " · ")}, nil
}

func (p *Pages) endSession(c *fiber.Ctx) error {
	v := visitOf(c)
	sid := c.Params("sid")
	if sid == v.session.SID { // the way to end this one is to sign out
		return fault.New(fault.NotFound, "error.not_found")
	}
	if err := v.t.EndOwnSession(c.UserContext(), v.actor(c), v.person.ID, sid); err != nil {
		return err
	}
	return p.done(c, v.base()+"/devices", "account.devices.ended")
}

func (p *Pages) endOthers(c *fiber.Ctx) error {
	secret, err := p.Desk.EndOthers(c.UserContext(), p.ownVisit(c))
	if err != nil {
		return err
	}
	p.renew(c, secret)
	return p.done(c, visitOf(c).base()+"/devices", "account.devices.all_ended")
}

// activity lists the person's own sign-ins: when, where, with what and how it ended; nothing of how risk is
// measured.
func (p *Pages) activity(c *fiber.Ctx) error {
	v := visitOf(c)
	found, err := v.t.SignIns(c.UserContext(), models.SignInQuery{UserID: v.person.ID, Kind: string(record.Interactive), After: c.Query("after"), Limit: activityPage})
	if fault.Is(err, fault.Invalid) && c.Query("after") != "" { // an address that was cut or is too old
		return c.Redirect(v.base()+"/activity", fiber.StatusSeeOther)
	}
	if err != nil {
		return err
	}
	ids := make([]string, len(found.Items))
	for i, r := range found.Items {
		ids[i] = r.ID
	}
	reported, err := v.t.SignInReports(c.UserContext(), ids)
	if err != nil {
		return err
	}
	view := views.ActivityView{}
	for _, r := range found.Items {
		line := p.signInLine(c, r)
		switch at, is := reported[r.ID]; {
		case is:
			line.Badges = append(line.Badges, views.Badge{Text: words(c, "account.activity.reported", "date", day(c, at)), Tone: ui.Warn})
		case r.Session.SID == "" || r.Session.SID != v.session.SID:
			line.Change = views.Link{Text: words(c, "account.activity.not_me"), Href: v.base() + "/activity/" + r.ID + "/report", About: when(c, r.StartedAt)}
		default:
			line.Badges = append(line.Badges, views.Badge{Text: words(c, "account.devices.current"), Tone: ui.OK})
		}
		view.Lines = append(view.Lines, line)
	}
	if found.Next != "" {
		view.Older = v.base() + "/activity?after=" + url.QueryEscape(found.Next)
	}
	if c.Query("after") != "" {
		view.First = v.base() + "/activity"
	} else if view.Helped, err = p.helped(c); err != nil {
		return err
	}
	return p.render(c, fiber.StatusOK, views.Activity(p.page(c), view))
}

// helpedMost is how many entries of the help desk are shown.
const helpedMost = 10

// helped are the latest times that the help desk looked at the account or did something for its owner, from the
// audit log, without who it was.
func (p *Pages) helped(c *fiber.Ctx) ([]views.Line, error) {
	v := visitOf(c)
	desk, err := v.t.Audits(c.UserContext(), models.AuditQuery{TargetID: v.person.ID, Category: "HelpDesk", Limit: helpedMost})
	if err != nil {
		return nil, err
	}
	resets, err := v.t.Audits(c.UserContext(), models.AuditQuery{TargetID: v.person.ID, Activity: "Reset password", Limit: helpedMost})
	if err != nil {
		return nil, err
	}
	all := append(desk.Items, resets.Items...)
	slices.SortStableFunc(all, func(a, b models.AuditEntry) int { return b.At.Compare(a.At) })
	said := map[string]string{"Found by help desk": "looked", "Viewed by help desk": "looked", "Send code to caller": "code", "Caller did not know the code": "wrong",
		"Caller checked": "checked", "Hand out recovery code": "recovery", "Unlock account": "unlocked", "Reset password": "password"}
	var out []views.Line
	for _, e := range all[:min(len(all), helpedMost)] {
		key := "other"
		if k, ok := said[e.Activity]; ok {
			key = k
		}
		out = append(out, views.Line{Icon: "user", Label: when(c, e.At), Value: words(c, "account.helped."+key)})
	}
	return out, nil
}

// signInLine is one sign-in in plain words.
func (p *Pages) signInLine(c *fiber.Ctx, r record.SignIn) views.Line {
	l := views.Line{Icon: "check-circle", Label: when(c, r.StartedAt), Value: p.appName(c, r.App.ID, r.App.Name)}
	said, tone := "account.activity.success", ui.OK
	switch {
	case r.SignUp && r.Outcome.Result == record.Success:
		said = "account.activity.signed_up"
	case r.Outcome.Result == record.Failure:
		l.Icon, said, tone = "alert", "account.activity.failure", ui.Danger
	case r.Outcome.Result != record.Success:
		l.Icon, said, tone = "clock", "account.activity.unfinished", ui.Neutral
	}
	l.Badges = []views.Badge{{Text: words(c, said), Tone: tone}}
	notes := []string{device(c, r.Signals.Browser, r.Signals.OS)}
	if where := place(c, r.Signals.City, r.Signals.Country); where != "" {
		notes = append(notes, where)
	}
	if r.Count > 1 {
		notes = append(notes, words(c, "account.activity.times", "count", r.Count))
	}
	l.Note = strings.Join(notes, " · ")
	return l
}

// ownSignIn finds one of the person's own entries; the one of this very session is not for reporting.
func (p *Pages) ownSignIn(c *fiber.Ctx) (record.SignIn, error) {
	v := visitOf(c)
	r, err := v.t.SignIn(c.UserContext(), c.Params("id"))
	if err != nil {
		return r, err
	}
	if r.User.ID != v.person.ID || r.Session.SID != "" && r.Session.SID == v.session.SID {
		return record.SignIn{}, fault.New(fault.NotFound, "error.not_found")
	}
	return r, nil
}

func (p *Pages) reportView(c *fiber.Ctx, r record.SignIn) views.Confirm {
	v := visitOf(c)
	l := p.signInLine(c, r)
	view := views.Confirm{Title: words(c, "account.report.title"), Lead: strings.Join([]string{l.Label, l.Value, l.Note}, " · "),
		Points: []string{words(c, "account.report.sessions")}, Action: v.base() + "/activity/" + r.ID + "/report", Submit: words(c, "account.report.submit"),
		Danger: true, Cancel: v.base() + "/activity"}
	if v.person.HasPassword {
		view.Points = append(view.Points, words(c, "account.report.password"))
	}
	view.Points = append(view.Points, words(c, "account.report.known"))
	return view
}

func (p *Pages) reportPage(c *fiber.Ctx) error {
	r, err := p.ownSignIn(c)
	if err != nil {
		return err
	}
	return p.render(c, fiber.StatusOK, views.ConfirmPage(p.page(c), p.reportView(c, r)))
}

func (p *Pages) report(c *fiber.Ctx) error {
	v := visitOf(c)
	r, err := p.ownSignIn(c)
	if err != nil {
		return err
	}
	secret, err := p.Desk.Report(c.UserContext(), p.ownVisit(c), r.ID)
	if err != nil {
		return err
	}
	if secret == "" { // reported before
		return c.Redirect(v.base()+"/activity", fiber.StatusSeeOther)
	}
	p.renew(c, secret)
	if v.person.HasPassword && p.ownVisit(c).TakesPasswords() {
		return p.doneWith(c, v.base()+"/methods/password", ui.Warn, "account.report.done_password")
	}
	return p.done(c, v.base()+"/methods", "account.report.done")
}

// apps lists the apps that know the person, and the terms that they agreed to.
func (p *Pages) apps(c *fiber.Ctx) error {
	v := visitOf(c)
	list, err := v.t.ConnectionsOf(c.UserContext(), v.person.ID)
	if err != nil {
		return err
	}
	view := views.AppsView{}
	for _, x := range list {
		notes := []string{words(c, "account.apps.since", "date", day(c, x.Since)), words(c, "account.used", "date", day(c, x.UsedAt))}
		if said := scopes(c, x.Scopes); said != "" {
			notes = append([]string{said}, notes...)
		}
		name := p.appName(c, x.ClientID, "")
		view.Apps = append(view.Apps, views.Line{Icon: "app", Value: name, Note: strings.Join(notes, " · "),
			Change: views.Link{Text: words(c, "account.apps.remove"), Href: v.base() + "/apps/" + url.PathEscape(x.ClientID) + "/remove", About: name}})
	}
	agreed, err := v.t.AgreedTo(c.UserContext(), v.person.ID)
	if err != nil {
		return err
	}
	for _, a := range agreed {
		l := views.Line{Icon: "document", Value: a.Title, None: words(c, "account.terms.gone"), Note: termsSaid(c, a)}
		if a.Body != "" || a.URL != "" {
			l.Change = views.Link{Text: words(c, "account.terms.read"), Href: v.base() + "/apps/terms/" + a.TermsID + "/" + strconv.Itoa(a.Version), About: a.Title}
		}
		view.Terms = append(view.Terms, l)
	}
	return p.render(c, fiber.StatusOK, views.Apps(p.page(c), view))
}

// scopes says in words what an app may do; those that say nothing to people are left out.
func scopes(c *fiber.Ctx, list []string) string {
	l := handlers.InfoOf(c).Locale
	var said []string
	for _, s := range list {
		switch key := "scope." + s; {
		case l.Has(key):
			said = append(said, l.T(key))
		case !strings.HasSuffix(s, "/.default"):
			said = append(said, s)
		}
	}
	return strings.Join(said, ", ")
}

func termsSaid(c *fiber.Ctx, a models.AgreedTerms) string {
	return words(c, "account.terms.said", "date", when(c, a.At), "version", a.Version, "language", a.Language)
}

// connection finds one of the person's own apps.
func (p *Pages) connection(c *fiber.Ctx) (models.Connection, error) {
	v := visitOf(c)
	list, err := v.t.ConnectionsOf(c.UserContext(), v.person.ID)
	if err != nil {
		return models.Connection{}, err
	}
	i := slices.IndexFunc(list, func(x models.Connection) bool { return x.ClientID == c.Params("client") })
	if i < 0 {
		return models.Connection{}, fault.New(fault.NotFound, "error.not_found")
	}
	return list[i], nil
}

func (p *Pages) disconnectPage(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := p.connection(c)
	if err != nil {
		return err
	}
	name := p.appName(c, x.ClientID, "")
	return p.render(c, fiber.StatusOK, views.ConfirmPage(p.page(c), views.Confirm{Title: words(c, "account.apps.remove_title", "app", name),
		Lead: words(c, "account.apps.remove_lead", "app", name), Kept: words(c, "account.apps.remove_kept", "app", name),
		Action: v.base() + "/apps/" + url.PathEscape(x.ClientID) + "/remove", Submit: words(c, "account.apps.remove"), Danger: true, Cancel: v.base() + "/apps"}))
}

func (p *Pages) disconnect(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := p.connection(c)
	if err != nil {
		return err
	}
	if err := v.t.Disconnect(c.UserContext(), v.actor(c), v.person.ID, x.ClientID); err != nil {
		return err
	}
	return p.done(c, v.base()+"/apps", "account.apps.removed", map[string]string{"app": p.appName(c, x.ClientID, "")})
}

// termsText shows a text as it was agreed to.
func (p *Pages) termsText(c *fiber.Ctx) error {
	v := visitOf(c)
	agreed, err := v.t.AgreedTo(c.UserContext(), v.person.ID)
	if err != nil {
		return err
	}
	for _, a := range agreed {
		if a.TermsID == c.Params("terms") && strconv.Itoa(a.Version) == c.Params("version") && (a.Body != "" || a.URL != "") {
			return p.render(c, fiber.StatusOK, views.TermsText(p.page(c), views.TermsTextView{Title: a.Title, Lang: a.Language, Said: termsSaid(c, a), Body: a.Body, URL: a.URL}))
		}
	}
	return fault.New(fault.NotFound, "error.not_found")
}
