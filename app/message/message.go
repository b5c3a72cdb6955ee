// Package message knows what Portico writes to people: it composes mail from message keys and a
// tenant's brand and hands it to a Sender. What is to be said is queued in the outbox as a Note, sealed,
// and becomes words only when it is delivered. It knows neither the database nor the templates.
package message

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"portico/app/outbox"
	"portico/app/signin"
	"portico/app/tenant"
)

// Kind names what a message is about; the renderer has one template for each.
type Kind string

const (
	Code Kind = "code" // a one-time code
	Link Kind = "link" // a link that opens a page (whose POST acts)
	// Invite brings an invitation's link, PasswordChanged tells somebody that their password is another one.
	Invite          Kind = "invitation"
	PasswordChanged Kind = "password_changed"
	// For administrators: an emergency account was used, secrets end soon, the link to a new account.
	EmergencyUsed       Kind = "emergency_used"
	CredentialsExpiring Kind = "credentials_expiring"
	AdminInvitation     Kind = "admin_invitation"
	TextsSpent          Kind = "texts_spent"    // text messages near, or at, the day's limit
	UsersAtRisk         Kind = "users_at_risk"  // people whose account may be in other hands
	RiskWeek            Kind = "risk_week"      // the weekly digest of Identity Protection
	WebhookPaused       Kind = "webhook_paused" // a webhook paused itself
	AdminRecovery       Kind = "admin_recovery" // somebody made a link that lets its reader in anew
	// The help desk's check of a caller, and its notice that it handed out a recovery code.
	CallerCode Kind = "caller_code"
	HelpGiven  Kind = "help_given"
	// Leaving tells somebody until when they can take back the deletion of their account, Returned that they did.
	Leaving  Kind = "leaving"
	Returned Kind = "returned"
	// A way to sign in came or went; an address or number was replaced (to the old one) or is in force (to
	// the new one); somebody said that a sign-in was not theirs.
	MethodAdded      Kind = "method_added"
	MethodRemoved    Kind = "method_removed"
	ContactChanged   Kind = "contact_changed"
	ContactConfirmed Kind = "contact_confirmed"
	// AccountsMerged tells the addresses of two accounts that they are one now.
	AccountsMerged Kind = "accounts_merged"
	SignInReported Kind = "sign_in_reported"
	// An attack is under way, to administrators; and to the people whom it met.
	IncidentOpened Kind = "incident_opened"
	WaveMet        Kind = "wave_met"
	// NewSignIn asks whether a sign-in from a new device, or an unusual one, was the account's owner.
	NewSignIn Kind = "new_sign_in"
)

// Staff reports whether only administrators get messages of a kind.
func (k Kind) Staff() bool {
	switch k {
	case EmergencyUsed, CredentialsExpiring, AdminInvitation, TextsSpent, UsersAtRisk, RiskWeek, WebhookPaused, AdminRecovery, IncidentOpened:
		return true
	}
	return false
}

// Note is what a message has to say. Nothing that a stranger typed is in it besides the address.
type Note struct {
	Kind     Kind          `json:"kind"`
	Channel  string        `json:"channel"` // mail, sms
	TenantID string        `json:"tenantId"`
	To       string        `json:"to"`
	Locale   string        `json:"locale,omitempty"`  // the reader's wishes, as Accept-Language has them
	Purpose  string        `json:"purpose,omitempty"` // what the code or link is for; chooses the words
	Code     string        `json:"code,omitempty"`
	URL      string        `json:"url,omitempty"`
	ValidFor time.Duration `json:"validFor,omitempty"`
	ClientID string        `json:"clientId,omitempty"` // of the app that it is about, whose look it has
	App      string        `json:"app,omitempty"`      // the app that somebody is invited to, or signed in to
	AppKey   string        `json:"appKey,omitempty"`   // of our own pages, whose name is in the reader's language
	Message  string        `json:"message,omitempty"`  // an administrator's own paragraph, plain text
	Count    int           `json:"count,omitempty"`    // of what Message lists
	// Simulated: nothing happened, somebody tries things out.
	Simulated bool      `json:"simulated,omitempty"`
	Until     time.Time `json:"until,omitzero"`   // when the link stops working
	At        time.Time `json:"at,omitzero"`      // when it happened
	Before    time.Time `json:"before,omitzero"`  // until when something can be undone
	Place     string    `json:"place,omitempty"`  // measured: "Lisbon, Portugal"
	Device    string    `json:"device,omitempty"` // parsed: "Firefox on Windows"
	Method    string    `json:"method,omitempty"` // of a way that came or went: totp, passkey, …
	By        string    `json:"by,omitempty"`     // the administrator who did it
	Roles     string    `json:"roles,omitempty"`  // what an administrator is invited to
	// Decoy is queued like any other note and never delivered, so that time tells a stranger nothing.
	Decoy bool `json:"decoy,omitempty"`
	// Origin is the visit that a code belongs to; zero where the tenant's own provider has no say.
	Origin signin.CodeOrigin `json:"origin,omitzero"`
	// Door is the host that a code is asked for at: the one whose page it is typed into, "" = the installation's address; nil =
	// not said, so the tenant's primary one.
	Door *string `json:"door,omitempty"`
}

// LogValue keeps code, link and address out of logs.
func (n Note) LogValue() slog.Value {
	return slog.StringValue(fmt.Sprintf("%s for %s by %s", n.Kind, n.Purpose, n.Channel))
}

// Letter is a composed message.
type Letter struct {
	ID         string // of the outbox item: the same for every try, so that a receiver may drop the second
	TenantID   string
	Channel    string
	SenderName string
	From       string // an address that the tenant may write from; "" = the sender's own
	ReplyTo    string
	TextSender string // the name that a text comes from, where the gateway can
	To         string
	Subject    string
	Text       string
	HTML       string
	Code       string // for the development mailbox only
}

// Renderer turns a note into words with the tenant's brand in the reader's language.
type Renderer interface {
	Render(ctx context.Context, n Note) (Letter, error)
}

// Sender brings a letter on its way.
type Sender interface {
	Send(ctx context.Context, l Letter) error
}

// Queue writes outbox items in the transaction that it belongs to.
type Queue interface {
	EnqueueOutbox(ctx context.Context, it outbox.Item) error
}

// Post puts a note into the queue. A note that carries a code or link is not sent once that expired.
func Post(ctx context.Context, q Queue, n Note, now time.Time) error {
	if host, asked := tenant.Door(ctx); asked && n.Kind == Code {
		n.Door = &host
	}
	payload, err := json.Marshal(n)
	if err != nil {
		return err
	}
	it := outbox.Item{TenantID: n.TenantID, Kind: outbox.Mail, Payload: payload}
	if n.Channel == "sms" {
		it.Kind = outbox.SMS
	}
	if n.ValidFor > 0 {
		it.NotAfter = now.Add(n.ValidFor)
	}
	if !n.Until.IsZero() {
		it.NotAfter = n.Until
	}
	return q.EnqueueOutbox(ctx, it)
}

// Channel is the outbox channel for notes: render, then send. copies (the development mailbox) get the
// letter first and once, whatever becomes of the real sending; send may be nil when there are copies.
func Channel(r Renderer, send Sender, copies ...Sender) outbox.Deliver {
	return func(ctx context.Context, it outbox.Item) error {
		var n Note
		if err := json.Unmarshal(it.Payload, &n); err != nil {
			return outbox.Permanent(fmt.Errorf("note: %w", err))
		}
		if n.Decoy {
			return nil
		}
		if send == nil && len(copies) == 0 {
			return outbox.Permanent(fmt.Errorf("no way to send %s", n.Channel))
		}
		l, err := r.Render(ctx, n)
		if err != nil {
			return fmt.Errorf("compose: %w", err)
		}
		l.ID, l.TenantID, l.Channel, l.To, l.Code = it.ID, it.TenantID, n.Channel, n.To, n.Code
		if it.Attempts == 0 || send == nil {
			for _, c := range copies {
				if err := c.Send(ctx, l); err != nil {
					return err
				}
			}
		}
		if send == nil {
			return nil
		}
		return send.Send(ctx, l)
	}
}
