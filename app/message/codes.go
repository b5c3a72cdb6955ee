package message

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"portico/app/factor"
	"portico/app/signin"
	"portico/app/tenant"
)

// Codes implements signin.Mailer: one-time codes and notices become notes in the transaction that made them.
type Codes struct {
	Now     func() time.Time
	BaseURL string // of the pages that a notice leads to
}

// Code queues a code.
func (c Codes) Code(ctx context.Context, tx signin.Tx, m signin.CodeMail) error {
	q, ok := tx.(Queue)
	if !ok {
		return fmt.Errorf("message: a %T is no queue", tx)
	}
	return Post(ctx, q, Note{Kind: Code, Channel: cmp.Or(m.Channel, "mail"), TenantID: m.TenantID, To: m.To, Locale: m.Locale,
		Purpose: m.Purpose, ClientID: m.ClientID, Code: m.Code, ValidFor: factor.CodeLifetime, Decoy: m.Decoy, Origin: m.Origin}, c.Now())
}

// Returned queues the notice that an account is kept.
func (c Codes) Returned(ctx context.Context, tx signin.Tx, m signin.ChangeMail) error {
	q, ok := tx.(Queue)
	if !ok {
		return fmt.Errorf("message: a %T is no queue", tx)
	}
	return PostReturned(ctx, q, Change{TenantID: m.TenantID, To: m.To, Locale: m.Locale, At: m.At, ClientID: m.ClientID,
		Country: m.Signals.Country, City: m.Signals.City, Browser: m.Signals.Browser, OS: m.Signals.OS}, c.Now())
}

// PasswordChanged queues the notice of a new password.
func (c Codes) PasswordChanged(ctx context.Context, tx signin.Tx, m signin.ChangeMail) error {
	q, ok := tx.(Queue)
	if !ok {
		return fmt.Errorf("message: a %T is no queue", tx)
	}
	return PostPasswordChanged(ctx, q, Change{TenantID: m.TenantID, To: m.To, Locale: m.Locale, At: m.At, ClientID: m.ClientID,
		Country: m.Signals.Country, City: m.Signals.City, Browser: m.Signals.Browser, OS: m.Signals.OS}, c.Now())
}

// MethodAdded queues the notice of a second factor that was registered while signing in.
func (c Codes) MethodAdded(ctx context.Context, tx signin.Tx, m signin.ChangeMail) error {
	q, ok := tx.(Queue)
	if !ok {
		return fmt.Errorf("message: a %T is no queue", tx)
	}
	return PostNotice(ctx, q, Notice{Kind: MethodAdded, Method: m.Method, TenantID: m.TenantID, To: m.To, Locale: m.Locale, At: m.At, ClientID: m.ClientID,
		Country: m.Signals.Country, City: m.Signals.City, Browser: m.Signals.Browser, OS: m.Signals.OS}, c.Now())
}

// Connected queues the notice that an identity provider signs in to the account from now on.
func (c Codes) Connected(ctx context.Context, tx signin.Tx, m signin.ChangeMail) error {
	q, ok := tx.(Queue)
	if !ok {
		return fmt.Errorf("message: a %T is no queue", tx)
	}
	return PostNotice(ctx, q, Notice{Kind: MethodAdded, Purpose: "federated", App: m.Method, TenantID: m.TenantID, To: m.To, Locale: m.Locale, At: m.At, ClientID: m.ClientID,
		Country: m.Signals.Country, City: m.Signals.City, Browser: m.Signals.Browser, OS: m.Signals.OS}, c.Now())
}

// Reclaimed queues the notice that what was set up before the mailbox was shown is gone.
func (c Codes) Reclaimed(ctx context.Context, tx signin.Tx, m signin.ChangeMail) error {
	q, ok := tx.(Queue)
	if !ok {
		return fmt.Errorf("message: a %T is no queue", tx)
	}
	return PostNotice(ctx, q, Notice{Kind: MethodRemoved, Purpose: "reclaimed", TenantID: m.TenantID, To: m.To, Locale: m.Locale, At: m.At, ClientID: m.ClientID,
		Country: m.Signals.Country, City: m.Signals.City, Browser: m.Signals.Browser, OS: m.Signals.OS}, c.Now())
}

// WasThisYou queues the question whether a sign-in was its owner's. The link opens a page; only its forms act.
func (c Codes) WasThisYou(ctx context.Context, tx signin.Tx, m signin.QuestionMail) error {
	q, ok := tx.(Queue)
	if !ok {
		return fmt.Errorf("message: a %T is no queue", tx)
	}
	n := Notice{Kind: NewSignIn, TenantID: m.TenantID, To: m.To, Locale: m.Locale, At: m.Told.At, ClientID: m.ClientID, Country: m.Told.Country, City: m.Told.City,
		Browser: m.Told.Browser, OS: m.Told.OS, App: m.Told.App, AppKey: m.Told.AppKey, URL: QuestionLink(tenant.BaseAt(c.BaseURL, m.Host), m.Slug, m.Token)}
	if m.Told.Unusual {
		n.Purpose = "unusual"
	}
	return PostNotice(ctx, q, n, c.Now())
}

// QuestionLink is the address of the page that asks "was this you?".
func QuestionLink(base, slug, token string) string {
	return strings.TrimSuffix(base, "/") + "/" + url.PathEscape(slug) + "/account/was-this-you?q=" + url.QueryEscape(token)
}
