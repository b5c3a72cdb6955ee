package admin

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// userRisk is the tab of what speaks for somebody else using this account: its risk, what was found, the sign-ins
// in which it was, how it came about and who did what, and what the person reported themselves.
func (p *Portal) userRisk(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.person(c)
	if err != nil {
		return err
	}
	undo, err := v.tenant.UndoableRisk(c.UserContext(), []string{u.ID})
	if err != nil {
		return err
	}
	sections := []views.Section{{ID: "risk", Title: "Risk of this person", Lead: "Your roles do not show people’s risk. Security Reader is the least role that does."}}
	if v.may(access.RiskyUserRead) {
		sections[0] = v.riskOfPerson(u, undo[u.ID])
	}
	if v.may(access.RiskEventRead) {
		more, err := p.foundOfPerson(c, u)
		if err != nil {
			return err
		}
		sections = append(sections, more...)
	}
	if v.may(access.RiskyUserRead) {
		history, err := p.riskHistorySection(c, u, "", shortHistory)
		if err != nil {
			return err
		}
		sections = append(sections, history)
	}
	reports, err := p.reportsSection(c, u)
	if err != nil {
		return err
	}
	return p.tabPage(c, u, personRisk, nil, append(sections, reports)...)
}

// Lengths of the lists on the tab; each leads to all of it.
const (
	shortFound   = 10
	shortHistory = 10
	longHistory  = 50
)

// reportsSection lists what the person reported themselves.
func (p *Portal) reportsSection(c *fiber.Ctx, u models.User) (views.Section, error) {
	v := visitOf(c)
	t := &views.Table{Caption: "Reports", Columns: []views.Column{{Label: "Reported"}, {Label: "Sign-in"}, {Label: "Where"}, {Label: "Result"}}}
	out := views.Section{ID: "reports", Title: "“This wasn't me”", Table: t, Empty: "This person has reported no sign-in."}
	reports, err := v.tenant.ReportsOf(c.UserContext(), u.ID, 50)
	if err != nil {
		return out, err
	}
	for _, r := range reports {
		row := []views.Cell{{Kind: views.When, Time: r.At}, {Text: "No longer in the log", Tone: "soft"}, {}, {}}
		if got, err := v.tenant.SignIn(c.UserContext(), r.SignInID); err == nil {
			row[1] = views.Cell{Text: choose(got.App.Name == "", "Open", got.App.Name), Href: v.riskySignInHref(r.SignInID)}
			row[2], row[3] = plain(joined(got.Signals.City, got.Signals.Country, got.Signals.Browser)), badge(resultTone(got.Outcome.Result), resultWord(string(got.Outcome.Result)))
		}
		t.Rows = append(t.Rows, views.Row{Cells: row})
	}
	return out, nil
}

// riskOfPerson is the person's risk with what can be done about it.
func (v *visit) riskOfPerson(u models.User, undo models.RiskUndo) views.Section {
	base, r := v.userBase(u), u.Risk
	s := views.Section{ID: "risk", Title: "Risk of this person", Lead: riskLead(v.dir.Tenant, r), Summary: facts(fact("Level", levelCell(r.Level)), fact("State", riskStateBadge(r.State)))}
	if !r.At.IsZero() {
		s.Summary = append(s.Summary, facts(fact("Since", when(r.At)), fact("Why", plain(riskDetailWord(r.Detail))))...)
	}
	if !v.dir.Tenant.Governed() {
		return s
	}
	about := userName(u)
	if !u.DeletedAt.IsZero() {
		if v.may(access.RiskyUserWrite) && r.Level != "" {
			s.Buttons = []views.Action{{Label: "Dismiss", Href: base + "/risk/dismiss", About: "the risk of " + about}}
		}
		return s
	}
	if v.may(access.RiskyUserWrite) {
		if undo.Subject != "" {
			s.Buttons = append(s.Buttons, views.Action{Label: "Undo: " + undoWord(undo.Action), Post: base + "/risk/undo", Fields: undoFields(undo), About: about})
		}
		if r.State != models.RiskConfirmed {
			s.Buttons = append(s.Buttons, views.Action{Label: "Confirm compromised", Href: base + "/risk/confirm", Danger: true, About: about})
		}
		if r.Level != "" {
			s.Buttons = append(s.Buttons, views.Action{Label: "Confirm safe", Href: base + "/risk/safe", About: about}, views.Action{Label: "Dismiss", Href: base + "/risk/dismiss", About: "the risk of " + about})
		}
	}
	if r.Level != "" && v.may(access.PasswordWrite) && u.HasPassword {
		s.Buttons = append(s.Buttons, views.Action{Label: "Reset password", Href: base + "/password", About: about})
	}
	if r.Level != "" && v.may(access.RevokeWrite) {
		s.Buttons = append(s.Buttons, views.Action{Label: "End all sessions", Href: base + "/revoke", About: about})
	}
	if r.Level != "" && v.may(access.EnableWrite) && u.Enabled {
		s.Buttons = append(s.Buttons, views.Action{Label: "Block account", Post: base + "/enabled", Fields: map[string]string{"enabled": "no"}, About: about})
	}
	return s
}

// undoWord says what would be taken back.
func undoWord(action string) string {
	switch action {
	case "confirmCompromised":
		return "confirmed compromised"
	case "confirmSafe":
		return "confirmed safe"
	case "dismiss":
		return "dismissed"
	}
	return humane(action)
}

// foundOfPerson lists the person's open detections, those that no sign-in explains, and their risky sign-ins.
func (p *Portal) foundOfPerson(c *fiber.Ctx, u models.User) ([]views.Section, error) {
	v := visitOf(c)
	l := handlers.InfoOf(c).Locale
	all := v.detectionColumns(l)
	open, err := v.tenant.Detections(c.UserContext(), models.DetectionQuery{UserID: u.ID, States: []string{models.RiskAtRisk, models.RiskConfirmed}, Limit: shortFound})
	if err != nil {
		return nil, err
	}
	unlinked, err := v.tenant.Detections(c.UserContext(), models.DetectionQuery{UserID: u.ID, Unlinked: true, Limit: shortFound})
	if err != nil {
		return nil, err
	}
	page, err := v.tenant.SignInRows(c.UserContext(), models.SignInQuery{Risky: true, UserID: u.ID, Limit: shortFound})
	if err != nil {
		return nil, err
	}
	rows, err := riskySignIns(page)
	if err != nil {
		return nil, err
	}
	id := func(d models.Detection) string { return d.ID }
	cols, columns := columnsOf(all, "type", "level", "state", "detected", "why"), v.riskySignInColumns(l)
	out := []views.Section{
		{ID: "open", Title: "Open detections", Lead: "The worst of them is the person’s level.", Table: tablePtr(tableOf("Open detections", cols, open.Items, id)), Empty: "None is open.",
			Action: &views.Link{Label: "All detections", Href: v.base() + "/risk-detections?user=" + u.ID}},
		{ID: "unlinked", Title: "Detections that are linked to no sign-in", Table: tablePtr(tableOf("Detections that are linked to no sign-in", cols, unlinked.Items, id)), Empty: "There is none."},
		{ID: "sign-ins", Title: "Recent risky sign-ins", Empty: "There is none in the log.", Action: &views.Link{Label: "All risky sign-ins", Href: v.base() + "/risky-sign-ins?user=" + u.ID},
			Table: tablePtr(tableOf("Recent risky sign-ins", columnsOf(columns, "time", "aggregate", "realtime", "state", "detections", "place"), rows, func(x riskySignIn) string { return x.ID }))},
	}
	if len(unlinked.Items) == 0 {
		out = append(out[:1], out[2])
	}
	return out, nil
}

// riskHistorySection is how the person's risk came about, with who did what, newest first.
func (p *Portal) riskHistorySection(c *fiber.Ctx, u models.User, after string, limit int) (views.Section, error) {
	v := visitOf(c)
	s := views.Section{ID: "history", Title: "History of the risk", Empty: "Nothing was ever found."}
	page, err := v.tenant.RiskHistoryOf(c.UserContext(), u.ID, after, limit)
	if err != nil {
		return s, err
	}
	for _, e := range page.Items {
		s.Lines = append(s.Lines, v.riskEventLine(e))
	}
	if page.Next != "" {
		s.Action = &views.Link{Label: "Older", Href: v.userBase(u) + "/risk/history?after=" + page.Next}
	}
	return s, nil
}

// userRiskHistory is the rest of that history, page by page.
func (p *Portal) userRiskHistory(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.person(c)
	if err != nil {
		return err
	}
	s, err := p.riskHistorySection(c, u, c.Query("after"), longHistory)
	if err != nil {
		return err
	}
	return p.tabPage(c, u, personRisk, nil, s)
}

// riskLead says what the level does.
func riskLead(t tenant.Tenant, r account.Risk) string {
	switch {
	case !t.Governed():
		return "This is a trial tenant: nothing is assessed, and no policy looks at a risk."
	case r.Level == "":
		return "Nothing says that somebody else has this account."
	}
	return "Conditional Access policies about user risk apply to this person at the next sign-in and whenever an app renews its tokens."
}

// riskStateWord is Graph's riskState in words.
func riskStateWord(state string) string {
	switch state {
	case models.RiskAtRisk:
		return "At risk"
	case models.RiskConfirmed:
		return "Confirmed compromised"
	case models.RiskRemediated:
		return "Remediated"
	case models.RiskDismissed:
		return "Dismissed"
	case "confirmedSafe":
		return "Confirmed safe"
	}
	return "Nothing known"
}

// riskDetails are Graph's riskDetail as far as they come about here.
func riskDetails() []string {
	return []string{"userPerformedSecuredPasswordChange", "userPerformedSecuredPasswordReset", "userPassedMFADrivenByRiskBasedPolicy", "aiConfirmedSigninSafe", "adminGeneratedTemporaryPassword",
		"adminConfirmedSigninCompromised", "adminConfirmedUserCompromised", "adminConfirmedSigninSafe", "adminConfirmedAccountSafe", "adminDismissedRiskForSignIn", "adminDismissedAllRiskForUser"}
}

// riskDetailWord is Graph's riskDetail, and the report for which it has no word, in words.
func riskDetailWord(detail string) string {
	if w, ok := map[string]string{
		"": "", "none": "", models.RiskReported: "The person reported a sign-in that was not theirs", models.RiskByAdmin: "An administrator confirmed that the account is compromised",
		models.RiskWaved: "An administrator dismissed the risk", models.RiskSetByOwner: "The person chose another password after a second factor", models.RiskResetByUser: "The person reset the password",
		"userPassedMFADrivenByRiskBasedPolicy": "A risk policy asked for a second factor, and the person gave it", "aiConfirmedSigninSafe": "Identity Protection found later that it was harmless",
		"adminGeneratedTemporaryPassword": "An administrator set a temporary password", "adminConfirmedSigninCompromised": "An administrator confirmed that a sign-in was somebody else",
		"adminConfirmedSigninSafe": "An administrator confirmed that the sign-in was the person’s own", "adminConfirmedAccountSafe": "An administrator confirmed that the account is safe",
		"adminDismissedRiskForSignIn": "An administrator dismissed the risk of the sign-in",
	}[detail]; ok {
		return w
	}
	return humane(detail)
}

func (p *Portal) userCompromisedForm(c *fiber.Ctx) error {
	return p.userRiskConfirm(c, "Is the account of %s compromised?", "Confirm compromised", "/risk/confirm", "/risk",
		"The person's risk is high from now on. Policies about user risk apply at the next sign-in and whenever an app renews its tokens.",
		"Where a policy asks for a new password, the person chooses one after a second factor; who has registered no second factor is blocked. Where no policy looks at user risk, nothing else happens.",
		"If whoever has the account may have its second factors too, require re-registration and end all sessions as well.",
		"You can undo this as long as nothing else has happened to the risk.")
}

func (p *Portal) userCompromised(c *fiber.Ctx) error {
	return p.saidOfPerson(c, "confirmed compromised", false, (*models.Tenant).ConfirmCompromised)
}

func (p *Portal) userSafeForm(c *fiber.Ctx) error {
	return p.userRiskConfirm(c, "Is the account of %s safe?", "Confirm safe", "/risk/safe", "/risk",
		"The person is at no risk any more, and policies about user risk leave them alone. Every open detection is closed as confirmed safe.",
		"What was unusual about the sign-ins behind them counts as usual for the person: similar ones are not found again.",
		"The password stays as it is. You can undo this as long as nothing else has happened to the risk.")
}

func (p *Portal) userSafe(c *fiber.Ctx) error {
	return p.saidOfPerson(c, "confirmed safe", false, (*models.Tenant).ConfirmSafe)
}

// userDismissForm is there for deleted people too: their risk stays in the report until somebody closes it (R 6.6.7).
func (p *Portal) userDismissForm(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.person(c)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Dismiss the risk of “"+userName(u)+"”?", "", views.Help{}, views.Link{Label: "Users", Href: v.base() + "/users"}, views.Link{Label: userName(u), Href: v.userBase(u)})
	if err != nil {
		return err
	}
	return p.confirm(c, s, views.Confirm{Form: views.Form{Action: v.userBase(u) + "/risk/dismiss", Submit: "Dismiss", Danger: true, Cancel: v.userBase(u) + "/risk", Fields: seenFields(u)}, Consequences: []string{
		"The person is at no risk any more, and policies about user risk leave them alone. All their risky sign-ins and detections are dismissed with it.",
		"Nothing is learned from it: similar sign-ins are found again.",
		"The password stays as it is: dismiss only what you have looked into, or what was put right elsewhere.",
		"This cannot be undone. It stands in the history who did it."}})
}

func (p *Portal) userDismiss(c *fiber.Ctx) error {
	return p.saidOfPerson(c, "dismissed", true, (*models.Tenant).DismissRisk)
}

// userRiskConfirm is userConfirm about somebody's risk: the form remembers how it stood when the question was asked.
func (p *Portal) userRiskConfirm(c *fiber.Ctx, title, submit, path, back string, consequences ...string) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	s, err := p.shell(c, strings.Replace(title, "%s", "“"+userName(u)+"”", 1), "", views.Help{}, views.Link{Label: "Users", Href: v.base() + "/users"}, views.Link{Label: userName(u), Href: v.userBase(u)})
	if err != nil {
		return err
	}
	return p.confirm(c, s, views.Confirm{Consequences: consequences, Form: views.Form{Action: v.userBase(u) + path, Submit: submit, Danger: true, Cancel: v.userBase(u) + back, Fields: seenFields(u)}})
}

// seenFields are how somebody's risk stood when an admin was asked about it: another admin may be asked as well.
func seenFields(u models.User) []views.Field {
	return []views.Field{{Kind: views.Hidden, Name: "was", Value: seenText(models.SeenOfPerson(u.ID, u.Risk))}}
}

// seenText is what was seen of a risk as a form carries it.
func seenText(s models.SeenRisk) string {
	return strings.Join([]string{s.ID, s.State, s.Level, timeText(s.At)}, "~")
}

// seenOf reads it; what is no such text was never seen by anybody, and does not match.
func seenOf(text string) models.SeenRisk {
	parts := strings.Split(text, "~")
	if len(parts) != 4 {
		return models.SeenRisk{State: "unseen"}
	}
	return models.SeenRisk{ID: parts[0], State: parts[1], Level: parts[2], At: textTime(parts[3])}
}

// timeText is a moment to the microsecond, as the store keeps it.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.UnixMicro(), 36)
}

func textTime(s string) time.Time {
	n, err := strconv.ParseInt(s, 36, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// saidOfPerson does what an admin said of somebody, if it stands as the admin saw it. Of deleted people only dismissing
// makes sense, and the answer says that they are.
func (p *Portal) saidOfPerson(c *fiber.Ctx, done string, deletedToo bool, say func(*models.Tenant, context.Context, audit.Actor, []string) error) error {
	v := visitOf(c)
	u, err := v.person(c)
	if err != nil {
		return err
	}
	at, gone := v.userBase(u)+"/risk", !u.DeletedAt.IsZero()
	if gone && !deletedToo {
		return p.doneWith(c, at, models.PortalFlash{Kind: "warn", Text: "Nothing was changed: “" + userName(u) + "” was deleted in the meantime, on " + u.DeletedAt.UTC().Format("2 January 2006, 15:04") + " UTC. The risk of deleted people can only be dismissed."})
	}
	seen := seenOf(typed(c, "was"))
	seen.ID = u.ID
	if err := v.tenant.WhilePeopleStand(c.UserContext(), []models.SeenRisk{seen}, func(t *models.Tenant) error {
		return say(t, c.UserContext(), v.actor(c), []string{u.ID})
	}); err != nil {
		return p.saidConflict(c, at, err)
	}
	if done == "dismissed" {
		return p.done(c, at, "The risk of “"+userName(u)+"” is dismissed."+choose(gone, " The person is deleted.", ""))
	}
	text := "“" + userName(u) + "” is " + done + "."
	undo, err := v.tenant.UndoableRisk(c.UserContext(), []string{u.ID})
	if err != nil {
		return err
	}
	if undo[u.ID].Subject == "" {
		return p.done(c, at, text)
	}
	return p.doneUndo(c, at, text, models.PortalUndo{Post: at + "/undo", Fields: undoFields(undo[u.ID])})
}

// undoFields name the statement that a form takes back: somebody may say something else before it is sent.
func undoFields(u models.RiskUndo) map[string]string {
	return map[string]string{"said": u.Action, "at": timeText(u.At)}
}

// userRiskUndo takes back what an admin said of the person last, where nothing has happened since.
func (p *Portal) userRiskUndo(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	if err := v.tenant.UndoRisk(c.UserContext(), v.actor(c), []models.RiskUndo{{Subject: u.ID, Action: typed(c, "said"), At: textTime(typed(c, "at"))}}); err != nil {
		return p.saidConflict(c, v.userBase(u)+"/risk", err)
	}
	return p.done(c, v.userBase(u)+"/risk", "The risk of “"+userName(u)+"” is as before.")
}
