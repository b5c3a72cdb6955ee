package signin

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/limit"
	"portico/app/policy"
	"portico/app/tenant"
	"portico/app/userflow"
)

// passkey.go: a passkey in place of name and password. It says itself whose it is, and because it verifies its
// user it is both factors at once (DESIGN §5.4, R 4.5.1).

// PasskeyFirst reports whether a passkey may be shown on a page in place of what the page asks for. It depends
// on the flow and on what was asked for, never on who somebody says they are.
func PasskeyFirst(a Attempt, w World, page Name) bool {
	switch {
	case !passkeyFlow(w.Flow), !w.Tenant.Governed(), w.Tenant.Settings.Methods.Passkey.Off:
		return false
	case a.Request.Invitation != nil, a.wantsSignUp(), Resetting(a, w):
		return false
	case page == Code: // where the account pages ask once more, a code may be the first page there is
		return SteppingUp(a, w)
	}
	return page == Identify || page == SignIn || page == Password
}

func passkeyFlow(f userflow.Flow) bool {
	return slices.ContainsFunc(f.MFA.Methods, func(m string) bool { return factor.KindOf(m) == factor.Passkey })
}

// PasskeyRequest is what the browser is asked with. Nothing is stored for it, so that looking at a page changes
// nothing: the challenge is made again from the attempt, the page and the browser when the answer comes. It is
// good for one sign-in, because an answer that is right ends the page, and saving it compares versions.
func (m *Machine) PasskeyRequest(a Attempt, w World, page Name) ([]byte, error) {
	r := run{Machine: m, place: Place{Tenant: w.Tenant}}
	return r.passkeys().Request(m.passkeyChallenge(a, page))
}

func (m *Machine) passkeyChallenge(a Attempt, page Name) []byte {
	return m.MAC("signin.passkey", labels(a.TenantID, a.ID, string(page), a.Browser))
}

// PasskeyRules are what a tenant says about passkeys (R 4.5.3).
func PasskeyRules(t tenant.Tenant) factor.PasskeyRules {
	p := t.Settings.Methods.Passkey
	return factor.PasskeyRules{Attested: p.Attested, Allowed: p.Allowed, Blocked: p.Blocked}
}

// PasskeyRefused words why a passkey was not taken.
func PasskeyRefused(err error) error {
	if err == factor.ErrPasskeyRefused {
		return fault.New(fault.Invalid, "signin.passkey.refused")
	}
	return fault.Wrap(fault.Invalid, "signin.passkey.failed", err)
}

// passkey takes the answer of a device that nobody has named a person for. Whatever is wrong with it, the words
// are the same: an unknown passkey, one of somebody else than the page is about, a challenge of another page,
// attempt, browser or tenant.
func (r *run) passkey(ctx context.Context, s Step, f Form) error {
	if r.a.Facts.Passkey != nil {
		return errStartAgain
	}
	answer := []byte(f.Value("credential"))
	ownerID, keyID, err := factor.Claim(answer)
	if err != nil {
		return fault.Wrap(fault.Invalid, "signin.passkey.failed", err)
	}
	who, err := r.keeper(ctx, r.store, ownerID)
	if err != nil {
		return err
	}
	owner, creds, err := r.holds(ctx, who)
	if err != nil {
		return err
	}
	owner.Handle = ownerID
	i := slices.IndexFunc(creds, func(c Credential) bool { return c.Lookup == keyID })
	if i < 0 { // whoever only claims to be somebody is counted by where they are, and locks nobody out
		who = account.Account{}
	}
	set, key := r.w.Tenant.Settings, r.passkeyLock(who)
	ticket, until, admitted, err := r.store.BeginTry(ctx, key, limit.LockRules{Threshold: set.LockoutThreshold, First: time.Duration(set.LockoutSeconds) * time.Second}, r.w.Now)
	if err != nil {
		return err
	}
	if !admitted {
		shown := locked("", until.Sub(r.w.Now))
		shown.Fields = nil // the page has no box to put it beside
		return r.failed(ctx, who, r.identifier(), factor.Passkey, codeLocked, shown)
	}
	right := i >= 0 && (r.a.Facts.Identified == nil || r.w.Account.ID == who.ID)
	var used factor.Registered
	if right {
		used, err = r.passkeys().FinishRequest(owner, r.passkeyChallenge(r.a, s.Name), answer)
		right = err == nil && PasskeyRules(r.w.Tenant).Admits(used.PasskeyFacts)
	}
	if right {
		if right, err = r.mayUse(ctx, who, factor.Passkey); err != nil {
			return err
		}
	}
	if !right {
		if err := r.store.FailTry(ctx, key, ticket, r.MAC("lockout.code", labels(string(key), string(answer)))); err != nil {
			return err
		}
		return r.failed(ctx, who, r.identifier(), factor.Passkey, codeWrong, fault.New(fault.Invalid, "signin.passkey.failed"))
	}
	r.effects = append(r.effects,
		func(ctx context.Context, st Store) error { return st.ClearTries(ctx, key) },
		func(ctx context.Context, st Store) error {
			won, err := st.AdvanceCredential(ctx, who.ID, creds[i].ID, used.Counter, used.Stored)
			if err == nil && !won {
				return fault.New(fault.Conflict, "error.conflict")
			}
			return err
		})
	r.a.Facts.Passkey = &Passed{UserID: who.ID, Kind: factor.Passkey, ID: creds[i].ID, AAGUID: used.AAGUID, At: r.w.Now}
	r.a.Facts.Passkey.Since = r.registeredAt(who, *r.a.Facts.Passkey)
	if r.a.Facts.Identified == nil {
		r.a.Facts.Identified = r.ownNameOf(who)
	}
	r.w.Account = who
	return nil
}

// mayUse reports whether the tenant has a method for somebody (R 4.1.1). What they belong to is asked only where
// that matters, and not knowing it is no yes.
func (r *run) mayUse(ctx context.Context, who account.Account, kind string) (bool, error) {
	rule := r.w.Tenant.Settings.Methods.Rule(kind)
	if len(rule.Include)+len(rule.Exclude) == 0 {
		return !rule.Off, nil
	}
	m, err := r.store.Membership(ctx, who.ID, policy.Needs{Groups: true})
	return err == nil && rule.Allows(m.Groups), err
}

// keeper is who a passkey says to belong to; zero when nobody has the id, or has it no more.
func (r *run) keeper(ctx context.Context, s Store, id string) (account.Account, error) {
	parsed, err := uuid.Parse(id)
	if err != nil || parsed.String() != id {
		return account.Account{}, nil
	}
	who, err := s.AccountByHandle(ctx, id)
	if err == nil && !who.DeletedAt.IsZero() && !who.Returnable(r.w.Now) {
		return account.Account{}, nil
	}
	return who, err
}

// holds lists somebody's passkeys, as the ceremonies and as the store know them. Nobody has none.
func (r *run) holds(ctx context.Context, who account.Account) (factor.PasskeyOwner, []Credential, error) {
	o := factor.PasskeyOwner{ID: who.ID}
	if who.ID == "" {
		return o, nil, nil
	}
	creds, err := r.store.Credentials(ctx, who.ID, factor.Passkey)
	for _, c := range creds {
		o.Credentials = append(o.Credentials, c.Secret)
	}
	return o, creds, err
}

// passkeyLock names the counter of wrong answers: of a person's own passkeys, else of the network that they come
// from, in 2^20 counters, so that strangers cannot grow the table without end.
func (r *run) passkeyLock(who account.Account) []byte {
	if who.ID != "" {
		return lockOf(r.MAC, r.a.TenantID, who.ID, "passkey")
	}
	m := r.MAC("lockout", labels(r.a.TenantID, "passkey", network(r.visit.Signals.IP)))
	return []byte{'!', m[0], m[1], m[2] & 0x0f}
}

// ownNameOf is what the pages call somebody who never typed a name.
func (r *run) ownNameOf(who account.Account) *Identified {
	if id := r.ownName(who); id != nil {
		return id
	}
	id := &Identified{Typed: who.DisplayName, At: r.w.Now}
	if canonical, err := account.CanonicalEmail(who.Address()); err == nil {
		id.Typed, id.Canonical = who.Address(), canonical
	}
	return id
}

// passkeyProves reports whether the passkey that was shown still proves its owner: not once it was removed, or
// whatever was proven before was ended.
func passkeyProves(f Facts, who account.Account, w World) bool {
	k := f.Passkey
	return k != nil && who.ID != "" && k.UserID == who.ID && passkeyFlow(w.Flow) && !w.Tenant.Settings.Methods.Passkey.Off &&
		!k.At.Before(who.SessionsValidFrom) && slices.ContainsFunc(who.Methods, func(m account.Method) bool { return m.ID == k.ID })
}
