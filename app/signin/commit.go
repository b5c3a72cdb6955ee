package signin

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"portico/app/factor"
	"portico/app/fault"
	"portico/app/record"
	"portico/app/session"
	"portico/app/userflow"
)

// errDue rolls a commit back: when everything was looked at again, something was still missing.
var errDue = errors.New("signin: something is still due")

// touchEvery is how often a session that is merely gone on with is written.
const touchEvery = 5 * time.Minute

// commit evaluates everything once more inside one transaction and, when still nothing is due, writes
// the account, the credentials, the session, the record and the protocol's answer: all or nothing. A
// decision is never trusted from earlier.
func (r *run) commit(ctx context.Context) (Result, error) {
	issuer, ok := r.Issuers[r.a.Request.Protocol]
	if !ok {
		return Result{}, fault.Wrap(fault.Internal, "error.internal", errNoIssuer)
	}
	var res Result
	err := r.store.Atomically(ctx, func(s Store) error {
		for _, write := range r.effects {
			if err := write(ctx, s); err != nil {
				return err
			}
		}
		if err := r.load(ctx, s); err != nil {
			return err
		}
		step := Next(r.a, r.w)
		if step.Name != Issue {
			return errDue
		}
		userID, err := r.settle(ctx, s, step)
		if err != nil {
			return err
		}
		ses, cookie, err := r.openSession(ctx, s, step, userID)
		if err != nil {
			return err
		}
		trusted, err := r.keepDevice(ctx, s, step, userID)
		if err != nil {
			return err
		}
		step.Person.Account.ID = userID
		rec := r.record(step, record.Outcome{Result: record.Success})
		rec.Session = record.Session{SID: ses.SID, AuthTime: ses.AuthTime, Reused: step.Person.Resumed}
		ended := r.a
		ended.EndedAt, ended.Facts = r.w.Now, Facts{}
		grant := Grant{TenantID: r.a.TenantID, AttemptID: r.a.ID, SignInID: rec.ID, UserID: userID, SID: ses.SID,
			AuthTime: ses.AuthTime, AMR: rec.AMR, ACR: rec.ACR,
			Methods: step.Person.Methods, AAGUIDs: step.Person.AAGUIDs, MFATime: step.Person.MFATime, Contexts: r.met(step), Scopes: r.a.Request.Scopes, SignUp: rec.SignUp,
			Locale: r.visit.Locale, Provider: ses.Upstream.Provider, Request: r.a.Request}
		out, err := issuer.Issue(ctx, s.Tx(), grant)
		if err != nil {
			return err
		}
		if out.Refused != "" {
			rec.Outcome = record.Outcome{Result: record.Failure, Code: codeUnmet, Key: "signin.unmet", Step: string(step.Name)}
		}
		if err := s.EndAttempt(ctx, ended, rec); err != nil {
			return err
		}
		if out.Refused == "" {
			if err := r.askOwner(ctx, s, step, rec.ID); err != nil {
				return err
			}
		}
		res = Result{Attempt: ended, World: r.w, Step: step, Outcome: &out, Session: cookie, Trusted: trusted}
		if !step.Person.Resumed {
			res.Provider = ses.Upstream.Provider
			res.Known = r.remember(userID)
		}
		return nil
	})
	return res, err
}

// settle makes the person's side true: the new account or the new credentials, and the consent.
func (r *run) settle(ctx context.Context, s Store, step Step) (string, error) {
	f, p := r.a.Facts, step.Person
	var creds []Credential
	for _, e := range f.Enrolled {
		creds = append(creds, Credential{ID: newID(), Kind: e.Kind, Name: e.Name, Lookup: e.Lookup, Secret: e.Secret, Counter: e.Counter})
	}
	userID := r.accountID(p)
	if f.Recovery != nil {
		for _, c := range f.Recovery.Codes {
			verifier, err := factor.RecoveryVerifier(r.Random, userID, c)
			if err != nil {
				return "", err
			}
			creds = append(creds, Credential{ID: newID(), Kind: factor.Recovery, Secret: verifier})
		}
	}
	switch {
	case p.Newcomer:
		n := NewAccount{ID: userID, Email: strings.TrimSpace(f.Identified.Typed), Canonical: p.Email,
			FirstFactor: firstFactorOf(p, r.w.Flow), Locale: r.visit.Locale, Credentials: creds,
			IP: r.visit.Signals.IP.String(), Correlation: r.a.Request.CorrelationID}
		if f.NewPassword != nil {
			n.Hash = f.NewPassword.Hash
		}
		if v := arrival(r.a, r.w); v != nil {
			id := identityOf(v)
			n.Federated, n.Vouched = &id, wordOnly(r.a, r.w, p.Email)
		}
		n.Attributes = profile(r.w.Flow, r.a.Request.Invitation, offeredAttributes(r.w.Flow, arrival(r.a, r.w)), f.corrected())
		if f.Email != nil && p.First != factor.EmailCode && slices.Contains(kinds(r.w, p), factor.EmailCode) &&
			!slices.ContainsFunc(creds, func(c Credential) bool { return c.Kind == factor.EmailCode }) {
			n.Credentials = append(n.Credentials, Credential{ID: newID(), Kind: factor.EmailCode, Name: p.Email})
		}
		n.UserName = f.chosenName()
		delete(n.Attributes, userflow.UserName)
		if _, err := s.AddAccount(ctx, n); err != nil {
			return "", err
		}
	default:
		if err := r.comeBack(ctx, s, p.Account); err != nil {
			return "", err
		}
		if err := r.link(ctx, s, p, r.Now().UTC().Truncate(time.Microsecond)); err != nil { // before what its owner adds: what strangers put there may go
			return "", err
		}
		for _, c := range creds {
			if err := s.AddCredential(ctx, userID, c); err != nil {
				return "", err
			}
		}
		for _, e := range f.Enrolled {
			if err := r.Mailer.MethodAdded(ctx, s.Tx(), ChangeMail{TenantID: r.a.TenantID, ClientID: r.a.Request.ClientID, To: p.Account.Address(),
				Locale: cmp.Or(p.Account.PreferredLanguage, r.visit.Wish), At: r.w.Now, Signals: r.visit.Signals, Method: e.Kind}); err != nil {
				return "", err
			}
		}
		if f.Changed != nil && !f.Changed.Stored {
			if err := r.changed(ctx, s, p.Account, PasswordChange{Hash: f.Changed.Hash, EndSessions: true}); err != nil {
				return "", err
			}
			if f.Password != nil && f.Password.Outdated != "" {
				if err := r.notElsewhere(ctx, s, p.Account); err != nil {
					return "", err
				}
			}
			if step.Secure {
				if err := r.remediate(ctx, s, p.Account, RemediatedByChange, factorSince(f, p)); err != nil {
					return "", err
				}
			}
		}
		if err := r.complete(ctx, s, userID, p); err != nil {
			return "", err
		}
		if err := r.refresh(ctx, s, p); err != nil {
			return "", err
		}
	}
	if err := r.accept(ctx, s, userID); err != nil {
		return "", err
	}
	if err := r.spend(ctx, s, p, userID); err != nil {
		return "", err
	}
	if f.Consent != nil {
		if err := s.SaveConsent(ctx, userID, r.a.Request.ClientID, f.Consent.Scopes, r.w.Now); err != nil {
			return "", err
		}
	}
	if err := r.cameBy(ctx, s, userID, p); err != nil {
		return "", err
	}
	if !p.Resumed {
		if err := s.SignedIn(ctx, userID, r.w.Now); err != nil {
			return "", err
		}
	}
	return userID, nil
}

// firstFactorOf is the method that a new account keeps; "" when it came by a provider, as imported people do.
func firstFactorOf(p Person, f userflow.Flow) string {
	if p.First == factor.Federated {
		return ""
	}
	return string(f.SignUpMethod)
}

// openSession goes on with the browser's session or opens one. Each change of privilege, a fresh proof or
// another factor, gives it a new secret (DESIGN §9.12).
func (r *run) openSession(ctx context.Context, s Store, step Step, userID string) (session.Session, *SessionCookie, error) {
	p, now, f := step.Person, r.w.Now, r.a.Facts
	info := SessionInfo{IP: r.visit.Signals.IP.String(), UserAgent: r.visit.Signals.UserAgent, Browser: r.visit.Signals.Browser,
		OS: r.visit.Signals.OS, Country: r.visit.Signals.Country, City: r.visit.Signals.City}
	ses := session.Session{SID: "", TenantID: r.a.TenantID, UserID: userID, CreatedAt: now}
	oldSecret, stepUp := "", len(f.Second)+len(f.Enrolled) > 0
	if r.w.Session != nil {
		if r.w.Session.UserID == userID && r.wiped.IsZero() {
			ses, oldSecret = *r.w.Session, r.visit.Session
		} else if err := s.EndSession(ctx, r.w.Session.SID, "replaced", now); err != nil {
			return ses, nil, err
		}
	}
	idle := now.Sub(ses.LastSeenAt) >= touchEvery
	ses.LastSeenAt = now
	if !p.Resumed {
		ses.AuthTime = p.Since
		ses.Upstream = upstreamSession(r.a, p)
		if f.Changed != nil { // the change ends every earlier session, not this one
			ses.AuthTime = r.Now().UTC().Truncate(time.Microsecond)
		}
		if !r.wiped.IsZero() {
			ses.AuthTime = r.wiped
		}
		ses.Persistent = persistent(r.a, step.Verdict)
	}
	if !p.Resumed || stepUp {
		own := p
		if p.Remembered { // the device is asked anew at each sign-in: a session holds what was shown in it, and no more
			own = person(r.a, r.w)
		}
		ses.AMR, ses.MFATime, ses.Methods, ses.AAGUIDs = own.AMR, own.MFATime, own.Methods, own.AAGUIDs
	}
	forget := p.Resumed && ses.Persistent && step.Verdict.Decision.NeverPersistent // a policy of today, a session of yesterday
	if forget {
		ses.Persistent = false
	}
	var cookie *SessionCookie
	info.ExpiresAt = session.ExpiresAt(ses, Lifetimes(r.w.Tenant))
	if p.Resumed && !stepUp && !forget {
		if idle {
			if err := s.TouchSession(ctx, ses, info); err != nil {
				return ses, nil, err
			}
		}
	} else {
		secret := r.sessionSecret(r.a.ID)
		if ses.SID == "" {
			var err error
			if ses.SID, err = r.secret(); err != nil {
				return ses, nil, err
			}
			ses.SID = ses.SID[:22] // 128 bits are plenty for a public name
		}
		if err := s.PutSession(ctx, ses, secret, oldSecret, info); err != nil {
			return ses, nil, err
		}
		cookie = &SessionCookie{Secret: secret, Persistent: ses.Persistent, ExpiresAt: info.ExpiresAt}
	}
	return ses, cookie, s.JoinSession(ctx, ses.SID, r.a.Request.ClientID, now)
}

// met are the authentication contexts that were asked for and reached: not where policies were not asked, and not
// where the flow's switch let a demand rest.
func (r *run) met(step Step) []string {
	if step.Inputs == nil || slices.Contains(step.Notes, noteSuppressed) {
		return nil
	}
	return r.a.Request.Contexts
}

func (r *run) secret() (string, error) {
	b := make([]byte, 32)
	_, err := io.ReadFull(r.Random, b)
	return base64.RawURLEncoding.EncodeToString(b), err
}

// remember puts an account in front of those that this browser has signed in to. The value proves
// nothing: it only chooses which lock-out counter a wrong password falls to (R 14.1.3).
func (r *run) remember(userID string) string {
	mark := r.known(userID)
	marks := []string{mark}
	for _, m := range strings.Split(r.visit.Known, ".") {
		if m != "" && m != mark && len(m) == len(mark) && len(marks) < 5 {
			marks = append(marks, m)
		}
	}
	return strings.Join(marks, ".")
}

func (r *run) known(userID string) string {
	return base64.RawURLEncoding.EncodeToString(r.MAC("signin.known", labels(r.a.TenantID, userID, r.visit.Signals.DeviceID))[:12])
}

func (r *run) knows(userID string) bool {
	return slices.Contains(strings.Split(r.visit.Known, "."), r.known(userID))
}
