package signin

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/record"
	"portico/app/risk"
)

// former.go: which second factors speak for somebody who is at risk. Whoever knows a password and nothing else can
// register a factor of their own where an ordinary policy asks for one, and come back with it. So what is asked because
// of risk is met only by what was registered before the oldest open detection (ADR 39).

// riskSince is since when somebody has been at medium or high risk. Where that cannot be read, nothing that they have
// registered counts: not knowing never relaxes anything (DESIGN §5.2).
func riskSince(ctx context.Context, s Store, who account.Account) time.Time {
	if risk.Rank(UserRisk(who.Risk)) < risk.Rank(risk.Medium) {
		return time.Time{}
	}
	since, err := s.RiskSince(ctx, who.ID)
	if err != nil {
		slog.WarnContext(ctx, "no second factor counts against risk, because it is not known since when there is one", "user", who.ID, "error", err)
		return time.Unix(0, 0).UTC()
	}
	return since
}

// former are the methods that were registered before somebody came to be at risk; all where they are not. A recovery
// code that the help desk handed out is the help desk's word, whenever that was.
func former(methods []account.Method, since time.Time) []account.Method {
	if since.IsZero() {
		return methods
	}
	return slices.DeleteFunc(slices.Clone(methods), func(m account.Method) bool { return !m.CreatedAt.Before(since) && !m.HandedOut() })
}

// formerShown are the kinds of second factors that were shown and were registered before somebody came to be at risk.
func formerShown(f Facts, p Person, since time.Time) []string {
	switch {
	case since.IsZero() || p.MFATime.IsZero():
		return nil
	case p.Confirmed:
		return formerPassed(f, p, since)
	}
	var out []string
	for i, k := range p.Methods {
		second := i > 0 || k == factor.Passkey || k == factor.Federated && len(p.Methods) == 1
		if second && (p.MFATime.Before(since) || k == factor.Federated || solelyFormer(p.Account.Methods, k, since)) {
			out = append(out, k)
		}
	}
	return out
}

// formerPassed is formerShown of what was shown in this very attempt. What a provider vouches for has no date.
func formerPassed(f Facts, p Person, since time.Time) []string {
	var out []string
	add := func(x Passed) {
		if x.UserID == p.Account.ID && x.Since.Before(since) {
			out = union(out, []string{x.Kind})
		}
	}
	for _, x := range f.Second {
		add(x)
	}
	if f.Passkey != nil && p.First == factor.Passkey && !p.Resumed {
		x := *f.Passkey
		x.Kind = factor.Passkey
		add(x)
	}
	if p.First == factor.Federated && !p.Resumed && len(p.Methods) == 1 && len(f.Enrolled) == 0 {
		out = append(out, factor.Federated)
	}
	return out
}

// solelyFormer reports whether all that somebody has of a kind was registered before: a session says which kinds were
// shown in it, and not which one of several.
func solelyFormer(methods []account.Method, kind string, since time.Time) bool {
	has := false
	for _, m := range methods {
		if m.Kind == kind && !m.CreatedAt.Before(since) && !m.HandedOut() {
			return false
		}
		has = has || m.Kind == kind
	}
	return has
}

// sinceOf adds to what policies are asked about how the person's second factors lie to their risk, where their session or
// tokens speak for them.
func sinceOf(ctx context.Context, s Store, who account.Account, in *record.Inputs) {
	if in.RiskSince = riskSince(ctx, s, who); in.RiskSince.IsZero() || len(in.Methods) == 0 {
		return
	}
	p := Person{Account: who, Resumed: true, First: in.Methods[0], Methods: in.Methods, MFATime: in.MFATime}
	in.FormerShown = formerShown(Facts{}, p, in.RiskSince)
}

// kindsOf are the kinds of methods that may be a second factor.
func kindsOf(methods []account.Method, may []string) []string {
	var out []string
	for _, m := range methods {
		if slices.Contains(may, m.Kind) {
			out = union(out, []string{m.Kind})
		}
	}
	return out
}
