package dryrun

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/limit"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/risk"
	"portico/app/session"
	"portico/app/signin"
	"portico/app/userflow"
)

// memory is signin.Store for one walk: what a database would hold, in maps, for as long as the walk is
// looked at. Values are replaced and never changed in place, so a shallow copy is a snapshot.
type memory struct {
	rows
	place signin.Place
	clock func() time.Time
	log   *journal
}

type rows struct {
	attempts map[string]signin.Attempt
	people   map[string]person
	codes    map[string]code
	locks    map[string]limit.Lock
	counts   map[string][]limit.Count
	sessions map[string]session.Session // by secret
	consents map[string][]string
}

type code struct {
	signin.CodeRow
	used bool
}

// journal is what would have left the machine, or stayed behind.
type journal struct {
	mails   []signin.CodeMail
	records []record.SignIn
	writes  []Write
	grant   *signin.Grant
	refusal *signin.Refusal
}

func (j journal) clone() journal {
	j.mails, j.records, j.writes = slices.Clip(j.mails), slices.Clip(j.records), slices.Clip(j.writes)
	return j
}

// Write is one thing about a person that a real sign-in would have stored.
type Write struct {
	What  string // account, password, told, assignment, credential, spent, attributes, terms, consent, session, ended, remembered, invitation
	About string // a kind, a name, a list: what the words need
}

func (r rows) clone() rows {
	return rows{maps.Clone(r.attempts), maps.Clone(r.people), maps.Clone(r.codes), maps.Clone(r.locks), maps.Clone(r.counts), maps.Clone(r.sessions), maps.Clone(r.consents)}
}

func newMemory(place signin.Place, clock func() time.Time) *memory {
	return &memory{place: place, clock: clock, log: &journal{}, rows: rows{attempts: map[string]signin.Attempt{}, people: map[string]person{}, codes: map[string]code{},
		locks: map[string]limit.Lock{}, counts: map[string][]limit.Count{}, sessions: map[string]session.Session{}, consents: map[string][]string{}}}
}

func (m *memory) wrote(what, about string) {
	m.log.writes = append(m.log.writes, Write{what, about})
}

// SignIns is signin.Stores: there is one tenant.
func (m *memory) SignIns(string) signin.Store { return m }

func (m *memory) Tx() signin.Tx { return m }

// Atomically keeps what was there when f fails.
func (m *memory) Atomically(_ context.Context, f func(signin.Store) error) error {
	before, said := m.rows.clone(), m.log.clone()
	err := f(m)
	if err != nil {
		m.rows, *m.log = before, said
	}
	return err
}

func (m *memory) Attempt(_ context.Context, id string) (signin.Attempt, error) {
	a, ok := m.attempts[id]
	if !ok {
		return a, fault.New(fault.NotFound, "error.not_found")
	}
	return a, nil
}

func (m *memory) SaveAttempt(_ context.Context, a signin.Attempt) (int64, error) {
	if was, ok := m.attempts[a.ID]; ok && (was.Version != a.Version || !was.EndedAt.IsZero()) {
		return 0, fault.New(fault.Conflict, "error.conflict")
	}
	a.Version++
	m.attempts[a.ID] = a
	return a.Version, nil
}

func (m *memory) EndAttempt(ctx context.Context, a signin.Attempt, r record.SignIn) error {
	if a.Version > 0 {
		a.Facts = signin.Facts{Cancelled: a.Facts.Cancelled, Other: a.Facts.Other}
		if _, err := m.SaveAttempt(ctx, a); err != nil {
			return err
		}
	}
	return m.RecordSignIn(ctx, r)
}

func (m *memory) RecordSignIn(_ context.Context, r record.SignIn) error {
	m.log.records = append(m.log.records, r)
	return nil
}

// Flow is the one that is walked: there is no other version of it here.
func (m *memory) Flow(context.Context, string, int) (userflow.Flow, error) { return m.place.Flow, nil }

func (m *memory) by(kind, canonical string) account.Account {
	for _, p := range m.people {
		if slices.ContainsFunc(p.account.Identities, func(i account.Identity) bool { return i.SignInType == kind && i.Canonical == canonical }) {
			return p.account
		}
	}
	return account.Account{}
}

func (m *memory) AccountByEmail(_ context.Context, canonical string) (account.Account, error) {
	return m.by(account.SignInEmail, canonical), nil
}

func (m *memory) AccountByUserName(_ context.Context, canonical string) (account.Account, error) {
	return m.by(account.SignInUserName, canonical), nil
}

func (m *memory) AccountByFederated(_ context.Context, issuer, subject string) (account.Account, error) {
	for _, p := range m.people {
		if slices.ContainsFunc(p.account.Identities, func(i account.Identity) bool {
			return i.SignInType == account.SignInFederated && i.Issuer == issuer && i.Canonical == subject
		}) {
			return p.account, nil
		}
	}
	return account.Account{}, nil
}

// Link adds the identity to the pretend account.
func (m *memory) Link(_ context.Context, userID string, l signin.Linking) error {
	if l.Identity.Value == "" {
		return nil
	}
	m.change(userID, func(p *person) { p.account.Identities = append(p.account.Identities, l.Identity) })
	m.wrote("linked", l.Provider)
	return nil
}

// CameBy is for lists that a walk has none of.
func (m *memory) CameBy(context.Context, string, account.Identity, string, time.Time) error {
	return nil
}

// Connected is signin.Mailer: nobody is told of a pretend connection.
func (m *memory) Connected(_ context.Context, _ signin.Tx, mail signin.ChangeMail) error {
	m.wrote("told", mail.To)
	return nil
}

// Reclaimed is signin.Mailer: nobody is told of a pretend account.
func (m *memory) Reclaimed(_ context.Context, _ signin.Tx, mail signin.ChangeMail) error {
	m.wrote("told", mail.To)
	return nil
}

func (m *memory) AccountByID(_ context.Context, id string) (account.Account, error) {
	return m.people[id].account, nil
}

// AccountByHandle: nobody is merged in a rehearsal.
func (m *memory) AccountByHandle(ctx context.Context, id string) (account.Account, error) {
	return m.AccountByID(ctx, id)
}

func (m *memory) PasswordHash(_ context.Context, userID string) (string, error) {
	return m.people[userID].hash, nil
}

// Assigned takes whoever has an account for one of those whom the app is for: a walk is about the flow.
func (m *memory) Assigned(_ context.Context, userID, _ string) (bool, error) {
	return m.people[userID].account.ID != "", nil
}

func (m *memory) Assign(context.Context, string, string, string, string) error {
	m.wrote("assignment", "")
	return nil
}

func (m *memory) Credentials(_ context.Context, userID, kind string) ([]signin.Credential, error) {
	var out []signin.Credential
	for _, c := range m.people[userID].creds {
		if c.Kind == kind {
			out = append(out, c)
		}
	}
	return out, nil
}

func (m *memory) AddAccount(ctx context.Context, n signin.NewAccount) (account.Account, error) {
	now := m.clock()
	p := person{hash: n.Hash, account: account.Account{ID: n.ID, TenantID: m.place.Tenant.ID, Mail: n.Email, MailVerified: n.Email != "" && !n.Vouched, MailVouched: n.Vouched, Enabled: true, CreatedAt: now,
		SessionsValidFrom: now, FirstFactor: n.FirstFactor, HasPassword: n.Hash != "", PreferredLanguage: n.Locale, Attributes: map[string]any{}, Profile: map[string]string{}}}
	identities := []account.Identity{{SignInType: account.SignInEmail, Value: n.Email, Canonical: n.Canonical}}
	if n.UserName != "" {
		canonical, err := account.CanonicalUserName(n.UserName)
		if err != nil {
			return account.Account{}, err
		}
		identities = append(identities, account.Identity{SignInType: account.SignInUserName, Value: n.UserName, Canonical: canonical})
	}
	if n.Federated != nil {
		identities = append(identities, *n.Federated)
	}
	for _, i := range identities {
		if i.Canonical == "" {
			continue
		}
		if m.by(i.SignInType, i.Canonical).ID != "" {
			return account.Account{}, fault.New(fault.Conflict, "error.conflict")
		}
		p.account.Identities = append(p.account.Identities, i)
	}
	p.answer(n.Attributes)
	p.account.DisplayName = n.DisplayName()
	p.account.SessionsValidFrom = time.Time{} // what proved the newcomer came before the account
	m.people[n.ID] = p
	m.wrote("account", n.Email)
	for _, c := range n.Credentials {
		if err := m.AddCredential(ctx, n.ID, c); err != nil {
			return account.Account{}, err
		}
	}
	return m.people[n.ID].account, nil
}

// change replaces a person by a changed copy.
func (m *memory) change(userID string, f func(*person)) {
	p := m.people[userID]
	p.account.Attributes, p.account.Profile = maps.Clone(p.account.Attributes), maps.Clone(p.account.Profile)
	p.account.Methods, p.account.Identities = slices.Clone(p.account.Methods), slices.Clone(p.account.Identities)
	p.creds, p.accepted = slices.Clone(p.creds), slices.Clone(p.accepted)
	f(&p)
	m.people[userID] = p
}

func (m *memory) AddCredential(_ context.Context, userID string, c signin.Credential) error {
	m.change(userID, func(p *person) {
		p.creds = append(p.creds, c)
		if c.Kind != factor.Recovery || !slices.ContainsFunc(p.account.Methods, func(x account.Method) bool { return x.Kind == factor.Recovery }) {
			p.account.Methods = append(p.account.Methods, account.Method{ID: c.ID, Kind: c.Kind, Name: c.Name, CreatedAt: m.clock()})
			m.wrote("credential", c.Kind)
		}
	})
	return nil
}

func (m *memory) SetPassword(_ context.Context, userID string, c signin.PasswordChange) error {
	m.change(userID, func(p *person) {
		p.hash, p.account.HasPassword = c.Hash, true
		if !c.Rehash {
			p.account.MustChangePassword = false
		}
		if c.EndSessions {
			p.account.SessionsValidFrom = cmp.Or(c.At, m.clock())
		}
	})
	if !c.Rehash {
		m.wrote("password", "")
	}
	return nil
}

func (m *memory) AdvanceCredential(_ context.Context, userID, id string, counter int64, stored []byte) (bool, error) {
	won := false
	m.change(userID, func(p *person) {
		for i := range p.creds {
			if c := &p.creds[i]; c.ID == id && (counter > c.Counter || counter == 0 && c.Counter == 0) {
				c.Counter, won = counter, true
				if stored != nil {
					c.Secret = stored
				}
			}
		}
	})
	return won, nil
}

func (m *memory) SpendCredential(_ context.Context, userID, id string) (bool, error) {
	won := false
	m.change(userID, func(p *person) {
		n := len(p.creds)
		p.creds = slices.DeleteFunc(p.creds, func(c signin.Credential) bool { return c.ID == id })
		won = len(p.creds) < n
	})
	if won {
		m.wrote("spent", "")
	}
	return won, nil
}

func (m *memory) SignedIn(context.Context, string, time.Time) error { return nil }

func (m *memory) AddCode(_ context.Context, c signin.CodeRow) error {
	m.codes[c.ID] = code{CodeRow: c}
	return nil
}

func (m *memory) TryCode(_ context.Context, id string, now time.Time) (signin.CodeRow, bool, error) {
	c, ok := m.codes[id]
	if !ok || c.used || c.Tries >= factor.CodeTries || !now.Before(c.ExpiresAt) {
		return signin.CodeRow{}, false, nil
	}
	c.Tries++
	m.codes[id] = c
	return c.CodeRow, true, nil
}

func (m *memory) SpendCode(_ context.Context, id string, now time.Time) (bool, error) {
	c, ok := m.codes[id]
	if !ok || c.used || !now.Before(c.ExpiresAt) {
		return false, nil
	}
	c.used = true
	m.codes[id] = c
	return true, nil
}

func (m *memory) BurnCodes(_ context.Context, attemptID, purpose string, _ time.Time) error {
	for id, c := range m.codes {
		if c.AttemptID == attemptID && c.Purpose == purpose {
			c.used = true
			m.codes[id] = c
		}
	}
	return nil
}

func (m *memory) BeginTry(_ context.Context, key []byte, r limit.LockRules, now time.Time) (limit.Ticket, time.Time, bool, error) {
	lock, ticket, ok := m.locks[string(key)].Begin(r, now)
	m.locks[string(key)] = lock
	return ticket, lock.LockedUntil, ok, nil
}

func (m *memory) FailTry(_ context.Context, key []byte, t limit.Ticket, mac []byte) error {
	lock := m.locks[string(key)]
	lock.Recent = slices.Clone(lock.Recent)
	m.locks[string(key)] = lock.Fail(t, bytes.Clone(mac))
	return nil
}

func (m *memory) RefundTry(_ context.Context, key []byte, t limit.Ticket) error {
	m.locks[string(key)] = m.locks[string(key)].Refund(t)
	return nil
}

func (m *memory) ClearTries(_ context.Context, key []byte) error {
	delete(m.locks, string(key))
	return nil
}

func (m *memory) Take(_ context.Context, key []byte, w []limit.Window, now time.Time) (time.Duration, bool, error) {
	counts, wait, ok := limit.Take(w, m.counts[string(key)], now)
	if ok {
		m.counts[string(key)] = counts
	}
	return wait, ok, nil
}

// TakeText is a pretend message: it costs nothing.
func (m *memory) TakeText(_ context.Context, _ string, refused bool, _ int, _ time.Time) (bool, error) {
	return !refused, nil
}

func (m *memory) UsedCredential(_ context.Context, userID, id string) error {
	m.change(userID, func(p *person) {
		for i := range p.account.Methods {
			if p.account.Methods[i].ID == id {
				p.account.Methods[i].LastUsedAt = m.clock()
			}
		}
	})
	return nil
}

func (m *memory) Session(_ context.Context, secret string, _ time.Time) (session.Session, bool, error) {
	s, ok := m.sessions[secret]
	return s, ok && s.RevokedAt.IsZero(), nil
}

func (m *memory) PutSession(_ context.Context, s session.Session, secret, old string, _ signin.SessionInfo) error {
	delete(m.sessions, old)
	m.sessions[secret] = s
	m.wrote("session", "")
	return nil
}

func (m *memory) TouchSession(_ context.Context, s session.Session, _ signin.SessionInfo) error {
	for secret, have := range m.sessions {
		if have.SID == s.SID {
			m.sessions[secret] = s
		}
	}
	return nil
}

func (m *memory) JoinSession(context.Context, string, string, time.Time) error { return nil }

// Remembered finds nothing: a walk has one visit, and remembers no device.
func (m *memory) Remembered(context.Context, string, []string, time.Time) (*session.Remembered, string, error) {
	return nil, "", nil
}

func (m *memory) ForgetReplaced(context.Context, string, func(string) bool, time.Time, string, string) error {
	return nil
}

func (m *memory) Remember(context.Context, session.Remembered, string, bool, string, string) error {
	m.wrote("remembered", "")
	return nil
}

func (m *memory) EndSession(_ context.Context, sid, _ string, now time.Time) error {
	for secret, s := range m.sessions {
		if s.SID == sid {
			s.RevokedAt = now
			m.sessions[secret] = s
			m.wrote("ended", "")
		}
	}
	return nil
}

func (m *memory) Consented(_ context.Context, userID, clientID string) ([]string, error) {
	return m.consents[userID+" "+clientID], nil
}

func (m *memory) SaveConsent(_ context.Context, userID, clientID string, scopes []string, _ time.Time) error {
	key := userID + " " + clientID
	m.consents[key] = append(slices.Clip(m.consents[key]), scopes...)
	m.wrote("consent", "")
	return nil
}

func (m *memory) SetAttributes(_ context.Context, userID string, values map[string]any, _, _ string) error {
	m.change(userID, func(p *person) { p.answer(values) })
	m.wrote("attributes", "")
	return nil
}

// Membership: the pretend visitor belongs to nothing, except that an invitation may have brought them.
func (m *memory) Membership(context.Context, string, policy.Needs) (signin.Membership, error) {
	return signin.Membership{}, nil
}

// RiskHistory: nothing is known of a pretend visitor, so that what the admin chose is all there is.
func (m *memory) RiskHistory(context.Context, string, record.Signals, time.Time) (risk.History, error) {
	return risk.History{}, nil
}

func (m *memory) RenewalHistory(context.Context, record.Signals, time.Time) (risk.History, error) {
	return risk.History{}, nil
}

// RiskSince: what risk an admin chose for the visitor is newer than all that the visitor has registered.
func (m *memory) RiskSince(context.Context, string) (time.Time, error) { return time.Time{}, nil }

// RemediateRisk takes the pretend risk off.
func (m *memory) RemediateRisk(_ context.Context, userID, _ string, _ time.Time, _, _ string) error {
	m.change(userID, func(p *person) { p.account.Risk = account.Risk{} })
	m.wrote("remediated", "")
	return nil
}

func (m *memory) Acceptances(_ context.Context, userID string) ([]userflow.Acceptance, error) {
	return m.people[userID].accepted, nil
}

func (m *memory) Accept(_ context.Context, userID string, a []userflow.Acceptance, _, _ string) error {
	m.change(userID, func(p *person) { p.accepted = append(p.accepted, a...) })
	for _, one := range a {
		m.wrote("terms", m.place.Terms[one.TermsID].Name)
	}
	return nil
}

// Invitation is the pretend one that a walk may begin with: it never runs out.
func (m *memory) Invitation(_ context.Context, id string) (userflow.Invitation, error) {
	return userflow.Invitation{ID: id, ExpiresAt: m.clock().Add(userflow.InvitationLifetime)}, nil
}

func (m *memory) SpendInvitation(context.Context, string, string, time.Time) (bool, error) {
	m.wrote("invitation", "")
	return true, nil
}

// Code is signin.Mailer: the message is kept, not sent.
func (m *memory) Code(_ context.Context, _ signin.Tx, mail signin.CodeMail) error {
	m.log.mails = append(m.log.mails, mail)
	return nil
}

// Return is the pretend account that is kept.
func (m *memory) Return(_ context.Context, userID, _, _ string) error {
	m.change(userID, func(p *person) { p.account.DeletedAt, p.account.SelfDeleted = time.Time{}, false })
	m.wrote("returned", "")
	return nil
}

// Returned is signin.Mailer: nobody is told of a pretend account.
func (m *memory) Returned(_ context.Context, _ signin.Tx, mail signin.ChangeMail) error {
	m.wrote("told", mail.To)
	return nil
}

// MethodAdded is signin.Mailer: nobody is told of a pretend method.
func (m *memory) MethodAdded(_ context.Context, _ signin.Tx, mail signin.ChangeMail) error {
	m.wrote("told", mail.To)
	return nil
}

// AskOwner asks nobody about a pretend sign-in.
func (m *memory) AskOwner(context.Context, signin.Question, string) (bool, error) { return false, nil }

// WasThisYou is signin.Mailer: nobody is asked.
func (m *memory) WasThisYou(context.Context, signin.Tx, signin.QuestionMail) error { return nil }

// PasswordChanged is signin.Mailer: nobody is told of a pretend password.
func (m *memory) PasswordChanged(_ context.Context, _ signin.Tx, mail signin.ChangeMail) error {
	m.wrote("told", mail.To)
	return nil
}

// Issue is signin.Issuer: the grant is kept, no code and no token is made.
func (m *memory) Issue(_ context.Context, _ signin.Tx, g signin.Grant) (signin.Outcome, error) {
	m.log.grant = &g
	return signin.Outcome{}, nil
}

// Refuse is what the app would be told.
func (m *memory) Refuse(_ context.Context, r signin.Refusal) (signin.Outcome, error) {
	m.log.refusal = &r
	return signin.Outcome{}, nil
}
