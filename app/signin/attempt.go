package signin

import (
	"slices"
	"time"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/record"
	"portico/app/risk"
)

// AttemptLifetime is how long a person may take over one sign-in.
const AttemptLifetime = time.Hour

// Attempt is one visit: what was asked, by which browser, and the facts so far. It has no status: what
// is due next is worked out by Next.
type Attempt struct {
	ID          string
	TenantID    string
	Version     int64  // compare-and-swap; 0 = never stored
	Browser     string // SHA-256 of the browser's secret, base64url
	Request     Request
	FlowID      string
	FlowName    string
	FlowVersion int // as it was when the attempt began, for the record
	Signals     record.Signals
	Facts       Facts
	StartedAt   time.Time
	ExpiresAt   time.Time
	EndedAt     time.Time // zero = open
}

// Facts is everything that has become true in an attempt. Each is added once; none is edited or taken
// away. Whoever changes their mind ("not you?") begins a new attempt from the same request. Lists only
// grow; where one entry counts it is the last.
type Facts struct {
	Resumed     *Resumed      `json:"resumed,omitempty"`     // goes on with the session this browser has
	Other       *Mark         `json:"other,omitempty"`       // chose to use another account
	SignUp      *Mark         `json:"signUp,omitempty"`      // chose to create an account
	Identified  *Identified   `json:"identified,omitempty"`  // who they say they are
	Codes       []Mailed      `json:"codes,omitempty"`       // one-time codes that were mailed
	Email       *EmailProof   `json:"email,omitempty"`       // a code proved the address
	Password    *Passed       `json:"password,omitempty"`    // the account's password was right
	Passkey     *Passed       `json:"passkey,omitempty"`     // a passkey said who it is and proved it: both factors
	NewPassword *NewPassword  `json:"newPassword,omitempty"` // chosen at sign-up
	Changed     *NewPassword  `json:"changed,omitempty"`     // chosen because a change was demanded
	Ceremonies  []Ceremony    `json:"ceremonies,omitempty"`  // second factors that were begun
	Enrolled    []Enrolled    `json:"enrolled,omitempty"`    // second factors that were registered
	Second      []Passed      `json:"second,omitempty"`      // second factors that were shown
	Remember    *Mark         `json:"remember,omitempty"`    // "don't ask again on this device", with a second factor
	Postponed   *Mark         `json:"postponed,omitempty"`   // "not now" to the enrolment prompt
	Recovery    *Recovery     `json:"recovery,omitempty"`    // recovery codes that were made
	RecoverySet *Mark         `json:"recoverySet,omitempty"` // and that the person says to have kept
	Attributes  *Attributes   `json:"attributes,omitempty"`  // answers to the flow's questions
	Restored    *Mark         `json:"restored,omitempty"`    // keep the account, which its owner had deleted
	Terms       []TermsAnswer `json:"terms,omitempty"`       // terms that were agreed to
	Reset       *Mark         `json:"reset,omitempty"`       // chose "Forgot your password?"
	Consent     *Consent      `json:"consent,omitempty"`     // agreed to what the app asks
	Stay        *Stay         `json:"stay,omitempty"`        // answered "stay signed in?"
	Departures  []Departed    `json:"departures,omitempty"`  // sent to an identity provider
	Turned      []Turned      `json:"turned,omitempty"`      // round trips that came to nothing
	Arrived     *Arrived      `json:"arrived,omitempty"`     // what a provider said about who came back
	Here        *Mark         `json:"here,omitempty"`        // chose another way than the provider of their address
	Unhinted    *Mark         `json:"unhinted,omitempty"`    // domain_hint named no provider
	Asked       []Asked       `json:"asked,omitempty"`       // questions to the tenant's own APIs
	Advised     []Advised     `json:"advised,omitempty"`     // and what came of them
	Again       *Retried      `json:"again,omitempty"`       // tried once more after such an API failed
	Cancelled   *Cancelled    `json:"cancelled,omitempty"`   // went back to the app without signing in
	Trail       []record.Step `json:"trail,omitempty"`       // the pages, in order, for the record
	Judged      *Judged       `json:"judged,omitempty"`      // what policies were asked last: for the record of an attempt that is left unfinished
}

// Mark is a fact that is only a moment.
type Mark struct {
	At time.Time `json:"at"`
}

// Judged is who was proven and what Conditional Access was asked about them. Nothing is decided by it: the world
// is read anew at each step.
type Judged struct {
	UserID string           `json:"userId,omitempty"`
	Name   string           `json:"name,omitempty"`
	SignUp bool             `json:"signUp,omitempty"`
	Inputs record.Inputs    `json:"inputs"`
	Risk   *risk.Assessment `json:"risk,omitempty"` // nil = nothing was found
}

// Resumed pins the session that the attempt goes on with, so that another tab's sign-in cannot slip
// another person under the same page.
type Resumed struct {
	SID    string    `json:"sid"`
	UserID string    `json:"userId"`
	At     time.Time `json:"at"`
}

// Identified is an identifier as typed and in its canonical form.
type Identified struct {
	Typed     string    `json:"typed"`
	Canonical string    `json:"canonical"`
	Type      string    `json:"type,omitempty"` // account.SignInEmail when empty, or account.SignInUserName
	At        time.Time `json:"at"`
}

// Mailed is a one-time code on its way, by mail or text message. ID names the stored row; the digits are nowhere.
type Mailed struct {
	ID      string    `json:"id"`
	Purpose string    `json:"purpose"` // PurposeProve, …
	To      string    `json:"to"`
	At      time.Time `json:"at"`
}

// EmailProof says that whoever sits there reads this mailbox.
type EmailProof struct {
	Address string    `json:"address"`
	At      time.Time `json:"at"`
}

// Passed is a factor that somebody showed for one account.
type Passed struct {
	UserID string    `json:"userId"`
	Kind   string    `json:"kind"`
	ID     string    `json:"id,omitempty"`     // of the registered method
	AAGUID string    `json:"aaguid,omitempty"` // model of a passkey
	At     time.Time `json:"at"`
	// Since is when it was registered; zero = not known. It is kept because a recovery code is gone once it was shown.
	Since time.Time `json:"since,omitzero"`
	// Of a password: it is on the list of breached ones, or that list could not be read.
	Breached bool `json:"breached,omitempty"`
	Unread   bool `json:"unread,omitempty"`
	// Outdated is the hash of a password that only an API of the tenant's knew and that will not do here: another one has
	// to take its place (PasswordSubmit).
	Outdated string `json:"outdated,omitempty"`
}

// NewPassword is a chosen password, hashed. Stored says that it was written at once, without a hash here:
// a reset does not wait for the end of the attempt.
type NewPassword struct {
	Hash   string    `json:"hash,omitempty"`
	Stored bool      `json:"stored,omitempty"`
	At     time.Time `json:"at"`
}

// Ceremony is a second factor that was begun: the secret offered, or the challenge asked. The last one
// counts; Kind "" means that the person wants to choose again.
type Ceremony struct {
	Kind   string    `json:"kind"`
	Enrol  bool      `json:"enrol,omitempty"`
	To     string    `json:"to,omitempty"`     // SMS, while it is set up: the number that the code went to
	Secret []byte    `json:"secret,omitempty"` // TOTP: the shared secret
	Client []byte    `json:"client,omitempty"` // passkey: options for the browser
	Server []byte    `json:"server,omitempty"` // passkey: state until the answer
	At     time.Time `json:"at"`
}

// Enrolled is a registered second factor, stored with the account when the attempt commits.
type Enrolled struct {
	Kind    string    `json:"kind"`
	Name    string    `json:"name,omitempty"`
	Lookup  string    `json:"lookup,omitempty"`
	Secret  []byte    `json:"secret,omitempty"`
	Counter int64     `json:"counter,omitempty"`
	AAGUID  string    `json:"aaguid,omitempty"` // model of a passkey
	At      time.Time `json:"at"`
}

// Recovery is a set of recovery codes, shown once; only hashes of them outlive the attempt.
type Recovery struct {
	Codes []string  `json:"codes"`
	At    time.Time `json:"at"`
}

// Attributes are the answers on the sign-up page.
type Attributes struct {
	ID     string         `json:"id,omitempty"` // of this submission
	Values map[string]any `json:"values"`
	At     time.Time      `json:"at"`
}

// TermsAnswer is one version of the terms that the person agreed to, and the language it was read in.
type TermsAnswer struct {
	ID      string    `json:"id"`
	Version int       `json:"version"`
	Locale  string    `json:"locale"`
	At      time.Time `json:"at"`
}

// Consent lists the scopes that were agreed to.
type Consent struct {
	Scopes []string  `json:"scopes"`
	At     time.Time `json:"at"`
}

// Stay is the answer to "stay signed in?".
type Stay struct {
	Yes bool      `json:"yes"`
	At  time.Time `json:"at"`
}

// Cancelled ends the attempt with an OAuth error for the app.
type Cancelled struct {
	Error string    `json:"error"`
	Note  string    `json:"note"`
	At    time.Time `json:"at"`
}

// Purposes of a mailed code. A code made for one never works for another.
const (
	PurposeProve  = "prove"  // first factor, or the address of a sign-up
	PurposeSecond = "second" // second factor
	PurposeEnrol  = "enrol"  // registers the address as a second factor
	PurposeReset  = "reset"  // proves the mailbox, so that a new password may be chosen
	// By text message, so that neither channel's code works in place of the other's.
	PurposeText      = "second_sms" // second factor
	PurposeTextEnrol = "enrol_sms"  // registers the number as a second factor
)

// Asks reports whether the app's prompt parameter holds a word.
func (r Request) Asks(prompt string) bool { return slices.Contains(r.Prompt, prompt) }

// ownPages reports whether the attempt is for pages of Portico itself, not for an app.
func (a Attempt) ownPages() bool {
	return a.Request.Protocol == Portal || a.Request.Protocol == Account
}

// wantsSignUp reports whether the sign-up pages are the ones to show.
func (a Attempt) wantsSignUp() bool { return a.Facts.SignUp != nil || a.Request.Asks("create") }

// mailed gives the last code of a purpose and how many there were.
func (f Facts) mailed(purpose string) (last Mailed, count int) {
	for _, m := range f.Codes {
		if m.Purpose == purpose {
			last, count = m, count+1
		}
	}
	return last, count
}

// UnderWay is the second factor that was begun for a step, if any. One that the step does not ask for (any more),
// because it was shown and something else is wanted besides, is none.
func UnderWay(f Facts, s Step) Ceremony {
	if len(f.Ceremonies) == 0 {
		return Ceremony{}
	}
	c := f.Ceremonies[len(f.Ceremonies)-1]
	fits := c.Kind == "" || c.Kind == factor.Recovery && s.Recovery ||
		c.Enrol && slices.Contains(s.Kinds, c.Kind) ||
		!c.Enrol && slices.ContainsFunc(s.Methods, func(m account.Method) bool { return m.Kind == c.Kind })
	if c.Enrol != (s.Name == Enrol) || !fits {
		return Ceremony{}
	}
	return c
}

// Touched reports whether a person did anything at all: attempts without a fact are not worth a record.
func (f Facts) Touched() bool {
	return f.Identified != nil || f.Other != nil || f.SignUp != nil || f.Resumed != nil || len(f.Trail) > 0
}
