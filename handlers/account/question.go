package account

import (
	"cmp"
	"encoding/json"
	"net/url"

	"github.com/gofiber/fiber/v2"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/session"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/app/ways"
	"portico/handlers"
	"portico/models"
	views "portico/views/account"
)

// question.go: "Was this you?", the page behind the link of a mail. It works signed out and says no more than the mail
// did. Opening it changes nothing, so that whoever looks at links before people do answers nothing.

// questioned is what a request is about.
type questioned struct {
	question signin.Question
	person   models.User
	token    string
	dir      *models.Directory
}

func (a questioned) base() string { return base(a.dir.Tenant) }

// questioned finds the question of a token; fault.Expired when there is none.
func (p *Pages) questioned(c *fiber.Ctx, token string) (questioned, error) {
	dir := handlers.DirectoryOf(c)
	t := p.Store.Tenant(dir.Tenant.ID)
	q, err := t.QuestionByToken(c.UserContext(), token)
	if err != nil {
		return questioned{}, err
	}
	u, err := t.User(c.UserContext(), q.UserID)
	return questioned{q, u, token, dir}, err
}

func (p *Pages) question(c *fiber.Ctx) error {
	if c.Query("said") == signin.AnswerYes {
		return p.render(c, fiber.StatusOK, views.Thanked(p.page(c)))
	}
	a, err := p.questioned(c, c.Query("q"))
	if fault.Is(err, fault.Expired) {
		return p.questionOver(c)
	}
	if err != nil {
		return err
	}
	page := p.page(c)
	page.CSRF = p.CSRF.Token(answering(handlers.EnsureDevice(c)))
	if a.question.Answer == signin.AnswerNo {
		next, err := p.nextAfter(c, a)
		if err != nil {
			return err
		}
		return p.render(c, fiber.StatusOK, views.Disowned(page, next))
	}
	told := a.question.Told
	if told.AppKey != "" {
		told.App = handlers.InfoOf(c).Locale.T(told.AppKey)
	}
	view := views.QuestionView{Token: a.token, Unusual: told.Unusual, App: told.App, When: when(c, told.At), Where: cmp.Or(place(c, told.City, told.Country), handlers.InfoOf(c).Locale.T("mail.place_unknown")),
		Device: device(c, told.Browser, told.OS), Action: a.base() + "/was-this-you"}
	return p.render(c, fiber.StatusOK, views.Question(page, view))
}

// answering is what the forms of the page are bound to: the browser that was shown it.
func answering(device string) string {
	if device == "" {
		return ""
	}
	return "was this you " + device
}

// questionOver is the page of a link that is unknown or too old, whatever the reason.
func (p *Pages) questionOver(c *fiber.Ctx) error {
	return p.render(c, fiber.StatusGone, views.QuestionOver(p.page(c)))
}

// taken is a posted form of the page; nil = the answer was sent already.
func (p *Pages) taken(c *fiber.Ctx) (*questioned, error) {
	token := typed(c, "q")
	a, err := p.questioned(c, token)
	if fault.Is(err, fault.Expired) {
		return nil, p.questionOver(c)
	}
	if err != nil {
		return nil, err
	}
	if !p.CSRF.Valid(handlers.Form(c, handlers.CSRFField), answering(handlers.SignalsOf(c).DeviceID)) {
		return nil, c.Redirect(questionPath(a), fiber.StatusSeeOther) // once more, with a form of this browser
	}
	return &a, nil
}

func questionPath(a questioned) string {
	return a.base() + "/was-this-you?q=" + url.QueryEscape(a.token)
}

// answer takes "yes" or "no". Whoever says yes is thanked in the same words whether it had an effect or not.
func (p *Pages) answer(c *fiber.Ctx) error {
	a, err := p.taken(c)
	if a == nil {
		return err
	}
	v, err := p.answerVisit(c, *a)
	if err != nil {
		return err
	}
	switch typed(c, "answer") {
	case signin.AnswerNo:
		if err := p.Desk.Disown(c.UserContext(), v, a.question); err != nil {
			return err
		}
		return c.Redirect(questionPath(*a), fiber.StatusSeeOther)
	case signin.AnswerYes:
		if err := p.Desk.Own(c.UserContext(), v, a.question); err != nil {
			return err
		}
		return c.Redirect(a.base()+"/was-this-you?said="+signin.AnswerYes, fiber.StatusSeeOther)
	}
	return c.Redirect(questionPath(*a), fiber.StatusSeeOther)
}

// answerVisit is who answers: the person the question is about, as far as the link says, with the session that this
// browser holds, if any.
func (p *Pages) answerVisit(c *fiber.Ctx, a questioned) (ways.Visit, error) {
	s, live, err := p.Sessions.Current(c, a.dir)
	if err != nil {
		return ways.Visit{}, err
	}
	if !live {
		s = session.Session{}
	}
	info := handlers.InfoOf(c)
	ip := ""
	if info.IP.IsValid() {
		ip = info.IP.String()
	}
	return ways.Visit{Tenant: a.dir.Tenant, Person: a.person.Account, Session: s, Signals: handlers.SignalsOf(c), Locale: info.Locale.Wish(),
		Actor: audit.Actor{Kind: audit.ActorUser, ID: a.person.ID, Name: a.person.DisplayName, IP: ip, CorrelationID: info.RequestID}}, nil
}

// nextAfter is the way on after "no": another password where there was one and people may choose it by their mailbox,
// else signing in again; and support, where neither would lead in.
func (p *Pages) nextAfter(c *fiber.Ctx, a questioned) (views.DisownedView, error) {
	v := views.DisownedView{Token: a.token}
	over, err := p.reportOver(c, a)
	if err != nil || over {
		v.Over = day(c, cmp.Or(a.question.AnsweredAt, a.question.AskedAt))
		return v, err
	}
	flows := a.dir.FlowsInUse()
	flow := flows[len(flows)-1] // of these pages
	if f := a.dir.Flows[userflow.Administrators]; a.dir.Tenant.Kind == tenant.Workforce && f != nil {
		flow = *f
	}
	if a.person.HasPassword && signin.Resettable(flow) {
		v.Recover = a.base() + "/was-this-you/recover"
	} else if a.person.HasPassword && !flow.Accepts(userflow.EmailCode) {
		v.Stuck = true
	}
	if v.Stuck {
		return v, nil
	}
	place := signin.Place{Tenant: a.dir.Tenant, Flow: flow, Policies: a.dir.Policies, Terms: a.dir.Terms}
	leads, err := p.Actions.Recovers(c.UserContext(), place, signin.Recovering{Who: a.person.Account, ClientID: ClientID, From: handlers.SignalsOf(c)})
	if !leads {
		v.Recover, v.Stuck = "", true
	}
	return v, err
}

// reportOver reports whether nothing is left to be done about a report: they have chosen another password, or, without
// one, what was found by it is closed.
func (p *Pages) reportOver(c *fiber.Ctx, a questioned) (bool, error) {
	if a.person.HasPassword {
		return !a.person.PasswordVoid, nil
	}
	open, err := p.Store.Tenant(a.dir.Tenant.ID).Detections(c.UserContext(), models.DetectionQuery{UserID: a.person.ID, SignInID: a.question.SignInID,
		Types: []string{models.UserReported}, States: []string{models.RiskAtRisk, models.RiskConfirmed}, Limit: 1})
	return len(open.Items) == 0, err
}

// recover begins "Forgot your password?" with the address filled in. A code to the mailbox is still what opens it.
func (p *Pages) recover(c *fiber.Ctx) error {
	a, err := p.taken(c)
	if a == nil {
		return err
	}
	if a.question.Answer != signin.AnswerNo {
		return c.Redirect(questionPath(*a), fiber.StatusSeeOther)
	}
	back, err := json.Marshal(parked{To: a.base()})
	if err != nil {
		return err
	}
	info := handlers.InfoOf(c)
	return p.Starter.Start(c, a.dir, signin.Request{Protocol: signin.Account, ClientID: ClientID, ClientName: info.Locale.T("account.title"), CorrelationID: info.RequestID,
		UILocales: []string{info.Locale.Wish()}, LoginHint: a.person.Address(), Prompt: []string{"login"}, Forgot: true, Return: back})
}
