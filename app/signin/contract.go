package signin

import (
	"context"
	"encoding/json"
	"time"

	"portico/app/record"
)

// Protocol names who asked, and so which Issuer answers.
type Protocol string

const (
	OpenID  Protocol = "openid"
	Portal  Protocol = "portal"  // the admin portal's own sign-in
	Invite  Protocol = "invite"  // an invited person's sign-up, begun by the link in the mail
	Account Protocol = "account" // the account pages, where people look after themselves
	Trial   Protocol = "trial"   // an admin tries a user flow and looks at the result here
)

// Request is a neutral wish to have somebody signed in. The protocol handlers fill it; Return is
// theirs alone: the parked protocol request, given back to their Issuer unread.
type Request struct {
	Protocol       Protocol        `json:"protocol"`
	ClientID       string          `json:"clientId"`
	ClientName     string          `json:"clientName"`
	Prompt         []string        `json:"prompt,omitempty"` // none, login, select_account, consent, create
	MaxAge         *int            `json:"maxAge,omitempty"` // seconds
	ACR            []string        `json:"acr,omitempty"`
	Contexts       []string        `json:"contexts,omitempty"`  // authentication contexts (c1 … c99) that the app asks for
	Action         string          `json:"action,omitempty"`    // what the person is about to do on their own pages (policy's user actions)
	ClientApp      string          `json:"clientApp,omitempty"` // browser or mobileAppsAndDesktopClients, by the platform of the redirect URI; "" = browser
	Transfer       string          `json:"transfer,omitempty"`  // the authentication flow, when it is a special one
	LoginHint      string          `json:"loginHint,omitempty"`
	Forgot         bool            `json:"forgot,omitempty"` // begin with "Forgot your password?", where the flow has it
	DomainHint     string          `json:"domainHint,omitempty"`
	SIDHint        string          `json:"sidHint,omitempty"` // sid that the app remembers
	SubHint        string          `json:"subHint,omitempty"` // user id out of an id_token_hint
	UILocales      []string        `json:"uiLocales,omitempty"`
	Scopes         []string        `json:"scopes,omitempty"`
	ConsentScopes  []string        `json:"consentScopes,omitempty"`  // those a person must agree to
	RedirectOrigin string          `json:"redirectOrigin,omitempty"` // validated; joins form-action of the pages' CSP
	Resource       record.Party    `json:"resource,omitzero"`
	CorrelationID  string          `json:"correlationId,omitempty"`
	Test           bool            `json:"test,omitempty"`       // an admin tries the flow: the pages say so, and reports leave it out
	Invitation     *Invited        `json:"invitation,omitempty"` // opened from an invitation: only its address goes on
	Connect        string          `json:"connect,omitempty"`    // id of the provider whose identity is to be added, on the account pages
	Return         json.RawMessage `json:"return,omitempty"`
}

// Invited is what an invitation brings into an attempt.
type Invited struct {
	ID        string         `json:"id"`
	Email     string         `json:"email"` // as the admin wrote it
	Canonical string         `json:"canonical"`
	Values    map[string]any `json:"values,omitempty"` // answers filled in beforehand
}

// Grant is what a finished sign-in gives to the protocol that asked.
type Grant struct {
	TenantID  string
	AttemptID string
	SignInID  string // id of the stored record
	UserID    string
	SID       string
	AuthTime  time.Time
	AMR       []string
	ACR       string
	Methods   []string  // kinds of factors that were shown
	AAGUIDs   []string  // models of the passkeys among them
	Contexts  []string  // authentication contexts that were asked for and met
	MFATime   time.Time // when a second factor was shown; zero = not
	Scopes    []string  // asked minus refused
	SignUp    bool
	Locale    string
	Provider  string // id of the identity provider that the session stands on; "" = none
	Request   Request
}

// Outcome is where the browser goes when an attempt ends: by a redirect, or by a form that posts
// itself (response_mode=form_post). Exactly one is set.
type Outcome struct {
	Redirect string
	FormPost *FormPost
	// Refused is the protocol's error when an Issuer answered with one instead of a grant: the person has
	// signed in, but is not whom, or not as strongly, the app demanded. The record says failure.
	Refused string
}

// FormPost is an auto-submitting form (OAuth 2.0 Form Post Response Mode). Fields keep their order.
type FormPost struct {
	Action string
	Fields [][2]string
}

// Refusal is why an attempt ends without a grant, in the words of OAuth: access_denied when the person
// cancelled or a rule blocks, login_required, interaction_required, consent_required or
// account_selection_required when prompt=none cannot be honoured.
type Refusal struct {
	Error         string
	Description   string
	CorrelationID string
	Request       Request
	DeletedAt     time.Time // of an account whose owner left it deleted just now; zero otherwise
	Connect       string    // why no identity was connected, as a message key, where the request was for one
}

// Tx is a running store transaction, opaque to this package. An Issuer asserts it to the small store
// interface that it declares itself.
type Tx any

// Issuer turns a grant into the protocol's answer, inside the transaction that ends the attempt: both
// happen or neither. It does no network call. Refuse turns a refusal into the protocol's error answer.
type Issuer interface {
	Issue(ctx context.Context, tx Tx, g Grant) (Outcome, error)
	Refuse(ctx context.Context, r Refusal) (Outcome, error)
}
