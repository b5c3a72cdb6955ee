// Package ways knows how people change, by themselves, how they sign in: password, authenticator apps,
// passkeys, recovery codes, addresses and numbers. Each change is counted like a sign-in where it could be
// guessed at, never leaves somebody without a way in, and is told to its owner in the transaction that makes
// it. That the person has just proven who they are is the door's affair; it knows no page and no database.
package ways

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/message"
	"portico/app/record"
	"portico/app/session"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
)

// Stores opens one tenant's rows.
type Stores interface {
	Ways(tenantID string) Store
}

// Store is what the changes need remembered: the counters, codes and credentials of sign-ins, and the writes.
// Every write names its actor and leaves an entry in the audit log.
type Store interface {
	signin.Store
	Questions
	// Together runs f in one transaction.
	Together(ctx context.Context, f func(Store) error) error

	Pending(ctx context.Context, userID, kind string) (Pending, bool, error)
	PutPending(ctx context.Context, p Pending) error
	// TakePending ends what was begun: true for exactly one caller.
	TakePending(ctx context.Context, userID, id string) (bool, error)

	Register(ctx context.Context, actor audit.Actor, userID string, c signin.Credential) error
	Unregister(ctx context.Context, actor audit.Actor, userID, id string) (account.Method, error)
	// DropMethod is Unregister, if allowed says that the person still gets in.
	DropMethod(ctx context.Context, actor audit.Actor, userID, id string, allowed func(before, after account.Account) error) (account.Method, error)
	Rename(ctx context.Context, actor audit.Actor, userID, id, name string) error
	ReplaceRecovery(ctx context.Context, actor audit.Actor, userID string, verifiers [][]byte) error
	StorePassword(ctx context.Context, actor audit.Actor, userID, hash string, elsewhere bool, at time.Time) error
	DropPassword(ctx context.Context, actor audit.Actor, userID string, allowed func(before, after account.Account) error) error
	DropIdentity(ctx context.Context, actor audit.Actor, userID, id string, allowed func(before, after account.Account) error) (account.Identity, error)
	ReplaceEmail(ctx context.Context, actor audit.Actor, userID, old, to string) error
	ReplacePhone(ctx context.Context, actor audit.Actor, userID, number string) error

	KeepOnly(ctx context.Context, actor audit.Actor, userID string, keep session.Session, validFrom time.Time, apps bool) error
	RenewSession(ctx context.Context, sid, secret string, c SessionChange) error
	ReportSignIn(ctx context.Context, actor audit.Actor, userID, signInID string) (bool, error)
}

// Pending is what somebody has begun and not finished. There is one of a kind; State is sealed at rest.
type Pending struct {
	ID        string
	UserID    string
	Kind      string
	State     []byte
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Kinds of what can be pending.
const (
	Email    = "email"
	Phone    = "phone"
	TOTP     = "totp"
	Passkey  = "passkey"
	Recovery = "recovery"
)

// SessionChange is what a renewed session gained. Zero members stay as they are.
type SessionChange struct {
	AuthTime time.Time
	MFATime  time.Time
	AMR      []string
	Methods  []string
	AAGUIDs  []string
}

// Most of each kind that a person can have: tables that people fill are bounded.
const (
	mostApps     = 5
	mostPasskeys = 10
	mostEmails   = 5
)

// setUpFor is how long a set-up may take.
const setUpFor = 15 * time.Minute

// Desk takes the changes. main fills it once.
type Desk struct {
	Stores   Stores
	Hasher   *factor.Hasher
	Breached factor.Breached // nil = no list
	Passkeys *factor.Passkeys
	MAC      signin.MAC
	Random   io.Reader
	Now      func() time.Time
	BaseURL  string
	Texts    bool // text messages can be sent
	Relaxed  bool // development: loopback has no limits
}

// Visit is who changes something of their own, from where.
type Visit struct {
	Tenant tenant.Tenant
	Flows  []userflow.Flow // where they must still get in
	// Providers are the tenant's identity providers by id: an identity of one that a flow offers is a way in.
	Providers map[string]*federation.Provider
	Person    account.Account
	Phone     string   // their number, "" = none
	Groups    []string // ids, with those they are nested in; only where some method is for some groups
	Session   session.Session
	Secret    string // the session's cookie; Desk gives a new one where the session is renewed
	Actor     audit.Actor
	Signals   record.Signals
	Locale    string // the wishes that letters go by
}

func (d *Desk) store(v Visit) Store { return d.Stores.Ways(v.Tenant.ID) }

func (d *Desk) now() time.Time { return d.Now().UTC().Truncate(time.Microsecond) }

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// secret draws a cookie's value.
func (d *Desk) secret() (string, error) {
	b := make([]byte, 32)
	_, err := io.ReadFull(d.Random, b)
	return encode(b), err
}

// accepts reports whether some flow takes a way to sign in.
func (v Visit) accepts(m userflow.Method) bool {
	for _, f := range v.Flows {
		if f.Accepts(m) {
			return true
		}
	}
	return false
}

// TakesPasswords reports whether a password would be of use anywhere.
func (v Visit) TakesPasswords() bool { return v.accepts(userflow.EmailPassword) }

// stillIn is what removing something asks of what would be left.
func (v Visit) stillIn(field string) func(before, after account.Account) error {
	return func(before, after account.Account) error { return v.StillIn(before, after, field) }
}

// StillIn refuses a change after which the person could not sign in any more. A passkey that the tenant does not
// take is no way in.
func (v Visit) StillIn(before, after account.Account, field string) error {
	flows := v.Flows
	if !v.Tenant.Governed() || v.Tenant.Settings.Methods.Passkey.Off {
		flows = slices.Clone(v.Flows)
		for i := range flows {
			flows[i].MFA.Methods = slices.DeleteFunc(slices.Clone(flows[i].MFA.Methods), func(m string) bool { return factor.KindOf(m) == factor.Passkey })
		}
	}
	return signin.KeepsWayIn(before, after, v.Tenant, flows, v.Providers, field)
}

// begin keeps the beginning of something.
func (d *Desk) begin(ctx context.Context, v Visit, kind string, state any, life time.Duration) (Pending, error) {
	b, err := json.Marshal(state)
	if err != nil {
		return Pending{}, err
	}
	now := d.now()
	p := Pending{ID: newID(), UserID: v.Person.ID, Kind: kind, State: b, CreatedAt: now, ExpiresAt: now.Add(life)}
	return p, d.store(v).PutPending(ctx, p)
}

// begun reads what was begun into state; false when there is nothing.
func (d *Desk) begun(ctx context.Context, v Visit, kind string, state any) (Pending, bool, error) {
	p, ok, err := d.store(v).Pending(ctx, v.Person.ID, kind)
	if err != nil || !ok {
		return p, false, err
	}
	return p, true, json.Unmarshal(p.State, state)
}

// late is what a form of something that is no longer pending gets.
func late() error { return fault.New(fault.Expired, "account.pending.late") }

// finish ends what was begun and writes its outcome: both or neither, once.
func (d *Desk) finish(ctx context.Context, v Visit, p Pending, write func(Store) error) error {
	return d.store(v).Together(ctx, func(s Store) error {
		won, err := s.TakePending(ctx, v.Person.ID, p.ID)
		if err != nil {
			return err
		}
		if !won {
			return late()
		}
		return write(s)
	})
}

// tell queues a notice to somebody, in the transaction of what it tells about.
func (d *Desk) tell(ctx context.Context, s Store, v Visit, n message.Notice) error {
	q, ok := s.Tx().(message.Queue)
	if !ok {
		return fault.New(fault.Internal, "error.internal")
	}
	if n.To == "" && n.Channel == "" {
		n.To = v.Person.Address()
	}
	n.TenantID, n.Locale, n.At = v.Tenant.ID, cmp.Or(v.Person.PreferredLanguage, v.Locale), d.now()
	n.Country, n.City, n.Browser, n.OS = v.Signals.Country, v.Signals.City, v.Signals.Browser, v.Signals.OS
	n.URL = v.Tenant.Base(d.BaseURL) + "/" + v.Tenant.Slug + "/account"
	return message.PostNotice(ctx, q, n, d.now())
}

// added and removed tell the owner of a method.
func (d *Desk) added(ctx context.Context, s Store, v Visit, kind string) error {
	return d.tell(ctx, s, v, message.Notice{Kind: message.MethodAdded, Method: kind})
}

func (d *Desk) removed(ctx context.Context, s Store, v Visit, kind string) error {
	return d.tell(ctx, s, v, message.Notice{Kind: message.MethodRemoved, Method: kind})
}

// stepUp renews the session of somebody who has just registered and thereby shown a second factor.
func (d *Desk) stepUp(ctx context.Context, s Store, v Visit, kind, aaguid string, refs ...string) (string, error) {
	secret, err := d.secret()
	if err != nil {
		return "", err
	}
	c := SessionChange{MFATime: d.now(), AMR: v.Session.AMR, Methods: with(v.Session.Methods, kind), AAGUIDs: with(v.Session.AAGUIDs, aaguid)}
	for _, r := range append(refs, "mfa") {
		if !contains(c.AMR, r) {
			c.AMR = append(c.AMR, r)
		}
	}
	return secret, s.RenewSession(ctx, v.Session.SID, secret, c)
}

// with is a list with one more word, once.
func with(list []string, word string) []string {
	if word == "" || contains(list, word) {
		return list
	}
	return append(slices.Clone(list), word)
}
