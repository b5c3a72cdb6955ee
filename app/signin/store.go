package signin

import (
	"context"
	"time"

	"portico/app/account"
	"portico/app/extension"
	"portico/app/limit"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/risk"
	"portico/app/session"
	"portico/app/userflow"
)

// Stores opens one tenant's rows.
type Stores interface {
	SignIns(tenantID string) Store
}

// Store is what the machine remembers, for one tenant. Inside Atomically every call belongs to the one
// transaction; Tx gives it to an Issuer.
type Store interface {
	Tx() Tx
	Atomically(ctx context.Context, f func(Store) error) error

	// Attempt finds one; fault.NotFound when there is none.
	Attempt(ctx context.Context, id string) (Attempt, error)
	// SaveAttempt inserts version 0 and otherwise replaces exactly the version that was loaded, if it is
	// still open: fault.Conflict when somebody was faster. It gives back the new version.
	SaveAttempt(ctx context.Context, a Attempt) (int64, error)
	// EndAttempt closes the attempt (same comparison; version 0 was never stored) and appends its record.
	EndAttempt(ctx context.Context, a Attempt, r record.SignIn) error
	// RecordSignIn appends a record, or counts one more when its id is there already.
	RecordSignIn(ctx context.Context, r record.SignIn) error

	// Flow reads the version of a flow that an attempt began with; fault.NotFound when the flow was deleted.
	Flow(ctx context.Context, id string, version int) (userflow.Flow, error)

	AccountByEmail(ctx context.Context, canonical string) (account.Account, error)    // zero when nobody
	AccountByUserName(ctx context.Context, canonical string) (account.Account, error) // zero when nobody
	AccountByID(ctx context.Context, id string) (account.Account, error)              // zero when nobody
	// AccountByHandle finds whose passkey says this id: who had it when it was made, or whose account that one went into.
	AccountByHandle(ctx context.Context, id string) (account.Account, error)
	// AccountByFederated finds who has an identity, compared exactly; zero when nobody.
	AccountByFederated(ctx context.Context, issuer, subject string) (account.Account, error)
	// Link adds an identity to a person, and wipes what was there before the address was proven, if it is to be.
	Link(ctx context.Context, userID string, l Linking) error
	// CameBy notes what an identity is called at its provider (an address, for its owner to know it by) and, unless at is
	// zero, that it signed its owner in.
	CameBy(ctx context.Context, userID string, i account.Identity, called string, at time.Time) error
	PasswordHash(ctx context.Context, userID string) (string, error) // "" when there is none; asked for nobody ("") too
	Credentials(ctx context.Context, userID, kind string) ([]Credential, error)
	// AddAccount creates the person with identity and credentials; fault.Conflict when the address is taken.
	AddAccount(ctx context.Context, n NewAccount) (account.Account, error)
	AddCredential(ctx context.Context, userID string, c Credential) error
	SetPassword(ctx context.Context, userID string, p PasswordChange) error
	// AdvanceCredential stores a counter that must be above the stored one (or equal, when both are 0): false otherwise.
	AdvanceCredential(ctx context.Context, userID, id string, counter int64, stored []byte) (bool, error)
	// UsedCredential notes that a method with nothing to advance (an address, a number) was shown.
	UsedCredential(ctx context.Context, userID, id string) error
	// SpendCredential removes a recovery code: true for exactly one caller.
	SpendCredential(ctx context.Context, userID, id string) (bool, error)
	SignedIn(ctx context.Context, userID string, at time.Time) error

	AddCode(ctx context.Context, c CodeRow) error
	// TryCode counts a try before anything is compared; false when the code is used up, burnt or expired.
	TryCode(ctx context.Context, id string, now time.Time) (CodeRow, bool, error)
	// SpendCode marks it used: true for exactly one caller.
	SpendCode(ctx context.Context, id string, now time.Time) (bool, error)
	BurnCodes(ctx context.Context, attemptID, purpose string, now time.Time) error

	// BeginTry and the two answers keep smart lock-out (app/limit), each in a transaction of its own.
	BeginTry(ctx context.Context, key []byte, r limit.LockRules, now time.Time) (limit.Ticket, time.Time, bool, error)
	FailTry(ctx context.Context, key []byte, t limit.Ticket, mac []byte) error
	RefundTry(ctx context.Context, key []byte, t limit.Ticket) error
	ClearTries(ctx context.Context, key []byte) error
	// Take counts one event against windows; destinations are shared by all tenants.
	Take(ctx context.Context, key []byte, w []limit.Window, now time.Time) (time.Duration, bool, error)
	// TakeText counts one text message of the tenant's day to a calling code, or says no when daily of them are
	// sent already. refused only counts one that is not sent for another reason.
	TakeText(ctx context.Context, code string, refused bool, daily int, now time.Time) (bool, error)

	Session(ctx context.Context, secret string, now time.Time) (session.Session, bool, error)
	// PutSession writes a session under a new secret, in place of the row it was kept in before, if any.
	PutSession(ctx context.Context, s session.Session, secret, oldSecret string, info SessionInfo) error
	TouchSession(ctx context.Context, s session.Session, info SessionInfo) error
	JoinSession(ctx context.Context, sid, clientID string, now time.Time) error
	EndSession(ctx context.Context, sid, reason string, now time.Time) error

	// Remembered finds the device that one of a browser's secrets names for a person, and the secret; nil = none.
	Remembered(ctx context.Context, userID string, secrets []string, now time.Time) (*session.Remembered, string, error)
	// ForgetReplaced forgets those of a person's devices that shown names and whose secret changed before a moment.
	ForgetReplaced(ctx context.Context, userID string, shown func(deviceID string) bool, before time.Time, ip, correlation string) error
	// Remember keeps a device under a new secret; fault.Conflict when it is not anew and was forgotten meanwhile.
	Remember(ctx context.Context, d session.Remembered, secret string, anew bool, ip, correlation string) error

	Consented(ctx context.Context, userID, clientID string) ([]string, error)
	SaveConsent(ctx context.Context, userID, clientID string, scopes []string, now time.Time) error

	// SetAttributes stores answers that an account gave after its sign-up; others stay as they are.
	SetAttributes(ctx context.Context, userID string, values map[string]any, ip, correlation string) error
	// Return keeps the account of somebody who had deleted it themselves; fault.NotFound when it is too late.
	Return(ctx context.Context, userID, ip, correlation string) error
	Acceptances(ctx context.Context, userID string) ([]userflow.Acceptance, error)
	// Accept remembers that the person agreed; the same version twice is one.
	Accept(ctx context.Context, userID string, a []userflow.Acceptance, ip, correlation string) error
	// Membership reads what policies want to know of a person, and nothing that they do not need.
	Membership(ctx context.Context, userID string, need policy.Needs) (Membership, error)
	// RiskHistory reads what one assessment needs, for the person ("" = an account that is about to exist). A part
	// that fails is named in Missing; the error is for the log, and what was read counts all the same.
	RiskHistory(ctx context.Context, userID string, s record.Signals, now time.Time) (risk.History, error)
	// RenewalHistory is the little of it that the renewal of tokens is assessed by.
	RenewalHistory(ctx context.Context, s record.Signals, now time.Time) (risk.History, error)
	// RiskSince is when the oldest of what is open of a person at medium or high risk happened: when its sign-in began; zero
	// = nothing is.
	RiskSince(ctx context.Context, userID string) (time.Time, error)
	// RemediateRisk notes that a person at risk has shown by a secure change of password that it's them (Graph's
	// riskDetail). since is when the second factor had been registered that they showed; zero = they showed the mailbox.
	// Where something that happened before came to light meanwhile, it says nothing, and their risk stays.
	RemediateRisk(ctx context.Context, userID, detail string, since time.Time, ip, correlation string) error
	// AskOwner keeps the question whether a sign-in was its owner's, under a token: false when they were asked about the
	// device today already, or too often.
	AskOwner(ctx context.Context, q Question, token string) (bool, error)
	// Assigned reports whether a person is assigned to an app, by its object id, directly or through a group.
	Assigned(ctx context.Context, userID, applicationID string) (bool, error)
	// Assign lets a person use an app, without a role; being assigned already is no error.
	Assign(ctx context.Context, userID, applicationID, ip, correlation string) error
	// Invitation finds one; fault.NotFound when there is none.
	Invitation(ctx context.Context, id string) (userflow.Invitation, error)
	// SpendInvitation marks it used: true for exactly one caller, false when it is used, revoked or expired.
	SpendInvitation(ctx context.Context, id, userID string, now time.Time) (bool, error)
}

// Membership is what a person belongs to.
type Membership struct {
	Groups []string // ids, with the groups that those are in
	Roles  []string // template ids of an administrator's roles
	Guest  bool     // came by an invitation
}

// Details of a remediated risk, in Graph's words (R 6.8).
const (
	RemediatedByChange = "userPerformedSecuredPasswordChange"
	RemediatedByReset  = "userPerformedSecuredPasswordReset"
)

// Credential is a registered factor. Secret is plain here; the store seals it.
type Credential struct {
	ID      string
	Kind    string
	Name    string
	Lookup  string
	Secret  []byte
	Counter int64
}

// NewAccount is a person about to exist.
type NewAccount struct {
	ID          string
	Email       string // as typed
	Canonical   string
	FirstFactor string
	UserName    string // "" = none
	Federated   *account.Identity
	Hash        string // "" = no password
	Vouched     bool   // the address is the word of a provider that is not authoritative for it, and nothing more
	Attributes  map[string]any
	Locale      string
	Credentials []Credential
	IP          string
	Correlation string
}

// PasswordChange is a new hash for a person who exists: of another password, or (Rehash) of the same one,
// which nobody is told of.
type PasswordChange struct {
	Hash        string
	Rehash      bool
	Reset       bool      // by "Forgot your password?"
	EndSessions bool      // whatever was proven before At ends, at every app
	At          time.Time // zero = now
	IP          string
	Correlation string
}

// CodeRow is a mailed code as the store keeps it: only a keyed hash, bound to attempt and purpose.
type CodeRow struct {
	ID        string
	AttemptID string
	Purpose   string
	Hash      []byte
	Tries     int
	ExpiresAt time.Time
	CreatedAt time.Time
}

// SessionInfo is what a person later sees in the list of their sessions.
type SessionInfo struct {
	IP        string
	UserAgent string
	Browser   string
	OS        string
	Country   string
	City      string
	ExpiresAt time.Time
}

// Mailer queues a one-time code in the outbox of the running transaction; nothing is sent before the
// commit. A Decoy is queued like any other and never delivered, so that time tells nothing.
type Mailer interface {
	Code(ctx context.Context, tx Tx, m CodeMail) error
	// PasswordChanged tells the owner of an account, at its own address, that its password is another one.
	PasswordChanged(ctx context.Context, tx Tx, m ChangeMail) error
	// Connected tells the owner of an account that somebody can sign in to it with an identity provider from now on.
	Connected(ctx context.Context, tx Tx, m ChangeMail) error
	// Reclaimed tells the owner of a mailbox, who has just shown it, that what strangers had put on the account is gone.
	Reclaimed(ctx context.Context, tx Tx, m ChangeMail) error
	// Returned tells the owner of an account that it is not going to be deleted any more.
	Returned(ctx context.Context, tx Tx, m ChangeMail) error
	// MethodAdded tells the owner of an account that somebody, who knew their first factor, registered a second.
	MethodAdded(ctx context.Context, tx Tx, m ChangeMail) error
	// WasThisYou asks the owner of an account whether a sign-in was theirs.
	WasThisYou(ctx context.Context, tx Tx, m QuestionMail) error
}

// ChangeMail says whose password was changed, or whose account was kept, when, and from where in general words.
type ChangeMail struct {
	TenantID string
	To       string
	Locale   string
	At       time.Time
	Signals  record.Signals
	ClientID string // of the app that they were on their way to
	Method   string // of MethodAdded: the kind; of Connected: the provider's name
}

// CodeMail is what the message says, by mail or text. Nothing that a stranger typed is in it besides the address.
type CodeMail struct {
	TenantID string
	Channel  string // "sms", or "" for mail
	To       string
	Locale   string
	Code     string
	Purpose  string // PurposeProve, …
	Decoy    bool
	ClientID string
	Origin   CodeOrigin
}

// CodeOrigin is what the visit that a code belongs to was about: a tenant's own provider is told so (OtpSend).
type CodeOrigin struct {
	Request     extension.RequestType `json:"request"`
	ClientID    string                `json:"clientId,omitempty"`
	FlowID      string                `json:"flowId,omitempty"`
	Correlation string                `json:"correlation,omitempty"`
	IP          string                `json:"ip,omitempty"`
	Test        bool                  `json:"test,omitempty"` // an admin tries the flow
}
