package policy

import (
	"time"

	"portico/app/record"
)

// Request is what a policy may ask about. Everything in it is recorded with the sign-in (record.Inputs), so
// that What-If and replay can ask the same again.
type Request struct {
	TenantID string
	UserID   string
	ClientID string // appId of the app
	Signals  record.Signals
	record.Inputs
	SignUp  bool
	Refresh bool // the question comes from the token endpoint, nobody sits at a browser
	// Account is what the asker has read of the person a moment ago; nil = look it up.
	Account *Account
	// Before is, at refresh, where the same tokens were renewed the time before; nil = not known.
	Before *record.Signals
	// Provider is the identity provider that the tokens stand on, by its id; "" = none.
	Provider string
	Reused   bool // at refresh: the token was used before, so that its family is ended
}

// Account is the little of a person that a question at refresh turns on.
type Account struct {
	Usable            bool
	PasswordChangeDue bool
	Risk              string // of the person: low, medium, high; "" or none = none
}

// Kind of a control.
type Kind string

const (
	KindMFA            Kind = "mfa"
	KindStrength       Kind = "authenticationStrength"
	KindPasswordChange Kind = "passwordChange"
	KindTerms          Kind = "termsOfUse"
)

// Control is one thing that a policy asks for. Prompts come in the order of the kinds above (R 5.9.2).
type Control struct {
	Kind     Kind
	Strength *Strength // of KindStrength
	Terms    string    // of KindTerms: its id
}

// Clause is met when one of its controls is. A policy with AND gives one clause per control, one with OR a
// single clause.
type Clause struct {
	AnyOf []Control
	Risk  bool // of a policy with a sign-in-risk or user-risk condition (DESIGN §5.3)
}

// Shown is what a person has shown so far: what clauses are held against.
type Shown struct {
	Methods         []string  // kinds of factors, the first one too (package factor's words)
	AAGUIDs         []string  // of the passkeys among them
	MFA             time.Time // when a second factor was shown; zero = not
	PasswordChanged bool      // just now, after a second factor
	Terms           []string  // accepted in the version that counts
	// Remembered: the second factor is one that was shown on this device in an earlier sign-in. It never meets what is
	// asked because of risk, and reaches no authentication context (ADR 36).
	Remembered bool
	// AtRisk: the person is at medium or high risk. Then only Former, the kinds of second factors that were shown and
	// registered before that, meet what is asked because of risk: the others may be those of whoever knew the password.
	AtRisk bool
	Former []string
	// MFAOff: the user flow never asks for a second factor (DESIGN §5.3), so demands for one rest.
	MFAOff bool
}

// Frequency is how old proofs may be: the minimum over all policies. Zero = no limit.
type Frequency struct {
	Any         time.Duration // of the last time the person proved who they are
	Second      time.Duration // of the last second factor
	EveryTime   bool          // the first factor each time, but not twice within EveryTimeGrace
	EverySecond bool          // the second factor each time
}

// Decision is the join of every policy that applies and is on.
type Decision struct {
	Block           bool
	BlockRisk       bool     // a policy with a risk condition is among those that block
	Clauses         []Clause // what must be shown; no doubles, in a fixed order
	Frequency       Frequency
	NeverPersistent bool
	// AlwaysPersistent is honoured only when nothing says never: it loosens, so it stands outside the join.
	AlwaysPersistent bool
	Results          []Result // every policy, applied or not, in the order of the set

	request *Request // what was asked, for the words of the trace
}

// Result is what became of one policy, small enough to be made on every sign-in; Set.Trace writes it out.
type Result struct {
	Applies bool
	// Hit, Miss and Unknown hold one bit per condition, in the order of EveryCondition; a bit in none of them is
	// a condition that the policy does not configure.
	Hit, Miss, Unknown uint16
}
