package signin

import (
	"context"
	"encoding/base64"
	"slices"
	"time"

	"portico/app/fault"
	"portico/app/session"
)

// ended.go: what becomes of a browser that asks about an attempt which has ended, or which belongs to
// another browser. Nobody is left without a way on.

// A form that ended the attempt may be sent twice: a double click, or Refresh on a slow line. The browser
// has thrown the first answer away, so the second has to be as good: at once for forms that hold no
// secret, and by one more click for a minute after any. A code or password is never taken twice.
const (
	repeated  = 10 * time.Second
	recovered = time.Minute
)

func harmless(n Name) bool {
	return n == AskStay || n == AskConsent || n == AskAttributes || n == Recover || n == AskRestore
}

// afterwards answers a form for an attempt that takes none any more.
func (r *run) afterwards(ctx context.Context, res Result, f Form) (Result, error) {
	made := func(n Name) bool { return r.MAC.Verified(f.Proof, r.a.ID, n, BrowserID(r.visit.Browser)) }
	switch {
	case res.Step.Name == Elsewhere && f.Action == "restart" && made(Elsewhere):
		return r.here(ctx)
	case res.Step.Name == Expired && f.Action == "restart" && made(Expired):
		return r.again(ctx, errStartAgain) // it ran out so long ago that the job has closed it
	case res.Step.Name == Finished && f.Action == "restart" && made(Finished):
		return r.goOn(ctx, r.Now().Sub(r.a.EndedAt) <= recovered)
	case res.Step.Name == Finished && harmless(f.Step) && made(f.Step) && r.Now().Sub(r.a.EndedAt) <= repeated:
		return r.goOn(ctx, true)
	}
	return res, nil
}

// goOn begins anew with the request of an attempt that has ended. Soon after, it goes on with what was
// achieved: the session, also when its cookie never arrived, or the refusal.
func (r *run) goOn(ctx context.Context, repeat bool) (Result, error) {
	old, now := r.a, r.Now().UTC().Truncate(time.Microsecond)
	if repeat && old.Facts.Cancelled != nil {
		return r.answerAgain(ctx, *old.Facts.Cancelled)
	}
	n := r.run(r.place, r.visit)
	n.a = n.attempt(old.Request, now)
	drop := []string{"create"}
	if repeat && old.Facts.Other == nil {
		drop = []string{"create", "login", "select_account", "consent"}
		n.a.Request.MaxAge = nil
		if n.visit.Session == "" {
			n.visit.Session = r.sessionSecret(old.ID)
		}
	}
	n.a.Request.Prompt = slices.DeleteFunc(slices.Clone(old.Request.Prompt), func(p string) bool { return slices.Contains(drop, p) })
	n.a.Facts.Other = old.Facts.Other
	res, err := n.open(ctx)
	if err == nil && res.Session == nil && n.visit.Session != r.visit.Session && n.w.Session != nil {
		res.Session = &SessionCookie{Secret: n.visit.Session, Persistent: n.w.Session.Persistent, ExpiresAt: session.ExpiresAt(*n.w.Session, Lifetimes(n.w.Tenant))}
	}
	res.Changed = res.Changed || err == nil
	return res, err
}

// here begins the request of somebody else's attempt anew in this browser, knowing nothing of theirs.
func (r *run) here(ctx context.Context) (Result, error) {
	req := r.a.Request
	req.LoginHint = ""
	n := r.run(r.place, r.visit)
	n.a = n.attempt(req, r.Now().UTC().Truncate(time.Microsecond))
	res, err := n.open(ctx)
	res.Changed = res.Changed || err == nil
	return res, err
}

// attempt is a new one of this browser.
func (r *run) attempt(req Request, now time.Time) Attempt {
	return Attempt{ID: newID(), TenantID: r.place.Tenant.ID, Browser: BrowserID(r.visit.Browser), Request: req,
		FlowID: r.place.Flow.ID, FlowName: r.place.Flow.Name, FlowVersion: r.place.Flow.Version, Signals: r.visit.Signals,
		StartedAt: now, ExpiresAt: now.Add(AttemptLifetime)}
}

func (r *run) answerAgain(ctx context.Context, c Cancelled) (Result, error) {
	issuer, ok := r.Issuers[r.a.Request.Protocol]
	if !ok {
		return Result{}, fault.Wrap(fault.Internal, "error.internal", errNoIssuer)
	}
	out, err := issuer.Refuse(ctx, Refusal{Error: c.Error, Description: describe(c.Note), CorrelationID: r.a.Request.CorrelationID, Request: r.a.Request})
	return Result{Attempt: r.a, Outcome: &out}, err
}

// sessionSecret is the secret of the session that an attempt opens. It is derived, from a key of the
// server and the browser's own secret, so that a repeated form can be answered with it although only its
// hash is stored.
func (r *run) sessionSecret(attemptID string) string {
	return base64.RawURLEncoding.EncodeToString(r.MAC("signin.session", labels(attemptID, r.visit.Browser)))
}
