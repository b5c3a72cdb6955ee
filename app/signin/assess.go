package signin

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"portico/app/factor"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/risk"
)

// assess.go: risk within a sign-in. What is known of the person and of where they come from is read once in a request,
// after they have proven who they are and before any decision; the assessment is worked out once for the same facts.

// assessing is what a request knows of risk.
type assessing struct {
	history risk.History
	about   string // whom history is about; "" = nobody yet
	last    risk.Assessment
	lastOf  *assessed
	since   time.Time // since when they have been at risk (World.RiskSince)
}

// assessed is what an assessment depends on within one request.
type assessed struct {
	about string
	shown risk.Shown
}

// newcomer stands for somebody who has no account yet.
const newcomer = "?"

// loadRisk reads the history of the proven person. A part that fails is named in it, and counts as "could not tell".
func (r *run) loadRisk(ctx context.Context, s Store, w *World) {
	who := person(r.a, *w)
	if !who.Proven || !r.place.Tenant.Governed() {
		return
	}
	about := cmp.Or(who.Account.ID, newcomer)
	if about == r.about {
		w.RiskSince = r.since
		return
	}
	r.since = riskSince(ctx, s, who.Account)
	w.RiskSince = r.since
	h, err := s.RiskHistory(ctx, who.Account.ID, r.visit.Signals, w.Now)
	if err != nil {
		slog.WarnContext(ctx, "a sign-in is assessed without all that was known before", "user", who.Account.ID, "missing", h.Missing, "error", err)
	}
	r.history, r.about, r.lastOf = h, about, nil
}

// assess asks the detectors about a person.
func (r *run) assess(p Person) risk.Assessment {
	of := assessed{cmp.Or(p.Account.ID, newcomer), r.cameToLight(p)}
	if r.lastOf == nil || *r.lastOf != of {
		r.last = risk.Assess(r.Detectors, risk.Input{TenantID: r.a.TenantID, UserID: p.Account.ID, SignUp: p.Newcomer, Signals: r.visit.Signals,
			Now: r.w.Now, Shown: of.shown, Trusted: r.place.Policies.Trusted(r.visit.Signals), History: r.history, Settings: r.place.Tenant.Settings.Risk})
		r.lastOf = &of
	}
	return r.last
}

// cameToLight is what this attempt has shown besides its signals.
func (r *run) cameToLight(p Person) risk.Shown {
	f := r.a.Facts.Password
	if f == nil || p.Resumed || p.Newcomer || f.UserID != p.Account.ID {
		return risk.Shown{}
	}
	return risk.Shown{Password: true, Breached: f.Breached, Unread: f.Unread}
}

// feel adds what risk says to what policies are asked about. What failed to load leaves the level untold, which never
// relaxes anything (DESIGN §5.2).
func feel(in *record.Inputs, a risk.Assessment, h risk.History) {
	in.SignInRisk = cmp.Or(a.Level, riskNone)
	in.UserRisk = risk.Worse(cmp.Or(in.UserRisk, riskNone), a.UserLevel)
	for _, part := range h.Missing {
		name := policy.InputSignInRisk
		if part == risk.NeedLeaked {
			name = policy.InputUserRisk
		}
		if !slices.Contains(in.Unknown, name) {
			in.Unknown = append(slices.Clip(in.Unknown), name)
		}
	}
}

// judged keeps an assessment with an attempt, so that one that is left unfinished is recorded with what was found:
// whoever knows a password and not the second factor leaves there. Nothing found is not worth a row's room.
func judged(a risk.Assessment) *risk.Assessment {
	if len(a.Findings) == 0 {
		return nil
	}
	return &a
}

// confirmed reports whether whoever has signed in showed a second factor that was registered before this attempt, and
// before they came to be at risk. What is registered in it, or meanwhile in another window, or by whoever made the
// sign-in in which something was found, proves only that the first factor was known.
func confirmed(a Attempt, w World, p Person) bool {
	if len(a.Facts.Enrolled) > 0 {
		a.Facts.Enrolled = nil
		p = person(a, w)
	}
	return p.Confirmed && !p.Newcomer && !factorSince(a.Facts, p).After(a.StartedAt) && (w.RiskSince.IsZero() || len(formerShown(a.Facts, p, w.RiskSince)) > 0)
}

// factorSince is since when the second factor that somebody showed in this very attempt has been registered, the
// longest one of several; zero where none was shown, or it is not known.
func factorSince(f Facts, p Person) time.Time {
	var since time.Time
	shown := func(x Passed) {
		if x.UserID == p.Account.ID && p.Account.ID != "" && !x.Since.IsZero() && (since.IsZero() || x.Since.Before(since)) {
			since = x.Since
		}
	}
	for _, x := range f.Second {
		shown(x)
	}
	if f.Passkey != nil && p.First == factor.Passkey && !p.Resumed {
		shown(*f.Passkey)
	}
	return since
}

// assess is risk where the person's session or tokens speak for them.
func (g Gate) assess(ctx context.Context, place Place, h risk.History, err error, in risk.Input) risk.Assessment {
	if err != nil {
		slog.WarnContext(ctx, "assessed without all that was known before", "user", in.UserID, "missing", h.Missing, "error", err)
	}
	in.History, in.Trusted, in.Settings, in.Now = h, place.Policies.Trusted(in.Signals), place.Tenant.Settings.Risk, g.Machine.Now().UTC()
	return risk.Assess(g.Machine.Detectors, in)
}

// renewal is what is known when tokens are renewed.
func renewal(r policy.Request) risk.Input {
	return risk.Input{TenantID: r.TenantID, UserID: r.UserID, Refresh: true, Signals: r.Signals, Shown: risk.Shown{Before: r.Before, Reused: r.Reused}}
}
