package signin

import (
	"cmp"
	"context"
	"slices"
	"time"

	"portico/app/risk"
	"portico/app/session"
)

// question.go: "Was this you?" (R 6.5.10). Whoever signs in from a device that their account was never used on, or
// in an unusual way, is asked by mail whether that was them. The mail goes out with the sign-in or not at all.

// QuestionLifetime is how long the link of the mail works.
const QuestionLifetime = 30 * 24 * time.Hour

// KnownFor is how long a device must have been in use before the sign-in in question to have a say about it. Somebody
// who got in today must not vouch for themselves from a second browser.
const KnownFor = 7 * 24 * time.Hour

// Answers to a question.
const (
	AnswerYes = "yes"
	AnswerNo  = "no"
)

// Question asks somebody whether a sign-in was theirs. There is one for each device and day at most, and its answer
// "no" counts once.
type Question struct {
	ID         string
	UserID     string
	SignInID   string
	Device     string // the device cookie of the sign-in
	Told       Told
	Familiar   []string // devices that the account was used on before it
	Lately     []string // those of them that were used within KnownFor: the store keeps only what it saw before that
	AskedAt    time.Time
	ExpiresAt  time.Time
	Answer     string // "" = none yet
	AnsweredAt time.Time
}

// Told is what the mail says, and all that the link's page may say.
type Told struct {
	At      time.Time `json:"at"` // by the clock of the place, where its zone is known
	Country string    `json:"country,omitempty"`
	City    string    `json:"city,omitempty"`
	Browser string    `json:"browser,omitempty"`
	OS      string    `json:"os,omitempty"`
	App     string    `json:"app,omitempty"`
	AppKey  string    `json:"appKey,omitempty"`  // of our own pages, whose name is in the reader's language
	Unusual bool      `json:"unusual,omitempty"` // else it is only that the device is new
}

// FamiliarTo reports whether a browser may answer "yes" with effect: it holds a session of the person and a device
// cookie with which they signed in long before the sign-in that is asked about (KnownFor), and about which no question
// of its own is open or was answered with "no". Anybody else may be the one whom the
// question is about, with the mailbox open beside it.
func (q Question) FamiliarTo(s session.Session, device string) bool {
	return s.UserID == q.UserID && q.UserID != "" && device != "" && device != q.Device && slices.Contains(q.Familiar, device)
}

// QuestionMail is the mail that asks. Token opens the page.
type QuestionMail struct {
	TenantID string
	Slug     string
	Host     string // of the tenant's own, that the sign-in was at
	To       string
	Locale   string
	ClientID string
	Token    string
	Told     Told
}

// askOwner puts the question, in the transaction that ends the sign-in.
func (r *run) askOwner(ctx context.Context, s Store, step Step, signInID string) error {
	unusual, due := r.questionable(step)
	if !due {
		return nil
	}
	who, from := step.Person.Account, r.visit.Signals
	q := Question{ID: newID(), UserID: who.ID, SignInID: signInID, Device: from.DeviceID, AskedAt: r.w.Now, ExpiresAt: r.w.Now.Add(QuestionLifetime),
		Told: Told{At: from.Local(r.w.Now), Country: from.Country, City: from.City, Browser: from.Browser, OS: from.OS, App: r.a.Request.ClientName, Unusual: unusual}}
	if q.Told.AppKey = ownPages(r.a.Request.Protocol); q.Told.AppKey != "" {
		q.Told.App = ""
	}
	for _, d := range r.history.Person.Usual(risk.FeatureCookie) {
		if d.Value == from.DeviceID {
			continue
		}
		q.Familiar = append(q.Familiar, d.Value)
		if d.Last.After(r.w.Now.Add(-KnownFor)) {
			q.Lately = append(q.Lately, d.Value)
		}
	}
	token, err := r.secret()
	if err != nil {
		return err
	}
	asked, err := s.AskOwner(ctx, q, token)
	if err != nil || !asked {
		return err
	}
	return r.Mailer.WasThisYou(ctx, s.Tx(), QuestionMail{TenantID: r.a.TenantID, Slug: r.place.Tenant.Slug, Host: r.place.Tenant.Host, To: who.Address(),
		Locale: cmp.Or(who.PreferredLanguage, r.visit.Wish), ClientID: r.a.Request.ClientID, Token: token, Told: q.Told})
}

// questionable reports whether a sign-in is worth a question, and whether because it was unusual. One of whom nothing
// is known yet is not asked about every device that they have, and neither is one who goes on with a session.
func (r *run) questionable(step Step) (unusual, due bool) {
	p, t := step.Person, r.place.Tenant
	if !t.Governed() || t.Settings.AskOwnerOff || r.a.Request.Test || p.Newcomer || p.Account.Address() == "" || r.about != p.Account.ID {
		return false, false
	}
	if r.a.Facts.Reset != nil && r.a.Facts.Changed != nil { // they are told that their password has changed, and how to say that it was not them
		return false, false
	}
	if risk.Rank(step.Verdict.Risk.Level) >= risk.Rank(risk.Medium) {
		return true, true
	}
	known := r.history.Person
	return false, !p.Resumed && known.Times > 0 && !known.KnowsDevice(r.visit.Signals.DeviceID)
}

// ownPages is the message key of the name of our own pages; "" = a protocol of apps.
func ownPages(p Protocol) string {
	switch p {
	case Account:
		return "account.title"
	case Portal:
		return "mail.app_portal"
	}
	return ""
}
