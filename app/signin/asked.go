package signin

import (
	"cmp"
	"context"
	"log/slog"

	"portico/app/account"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/risk"
)

// asked.go: what Conditional Access is asked about besides the request's signals, and the asking.

// riskNone is the level of a person or a sign-in that nothing speaks against, in Graph's words.
const riskNone = "none"

// UserRisk is how likely an account is in other hands, as policies read it: what was dismissed or remediated
// counts no more.
func UserRisk(r account.Risk) string {
	switch r.State {
	case "atRisk", "confirmedCompromised":
		return cmp.Or(r.Level, riskNone)
	}
	return riskNone
}

// needs are the facts about people that the directory's policies and its methods policy look at.
func (r *run) needs() policy.Needs {
	n := r.place.Policies.Needs()
	n.Groups = n.Groups || len(r.place.Tenant.Settings.Methods.Groups()) > 0
	return n
}

// loadAsked reads about the proven person what some policy needs. What fails to load is named among the inputs:
// conditions about it could not tell, which never relaxes anything (DESIGN §5.2, §9.2).
func (r *run) loadAsked(ctx context.Context, s Store, w *World) {
	q := r.a.Request
	w.Texts = r.place.Terms
	w.Asked = record.Inputs{ClientApp: cmp.Or(q.ClientApp, policy.Browser), Transfer: q.Transfer, Action: q.Action, Contexts: q.Contexts,
		UserRisk: riskNone, Guest: q.Invitation != nil}
	who := person(r.a, *w)
	if !who.Proven || who.Account.ID == "" || !r.place.Tenant.Governed() {
		return
	}
	w.Asked.UserRisk = UserRisk(who.Account.Risk)
	join(ctx, &w.Asked, s, who.Account.ID, r.needs())
}

// join adds what somebody belongs to, or that it is not known.
func join(ctx context.Context, in *record.Inputs, s Store, userID string, need policy.Needs) {
	if !need.Groups && !need.Roles && !need.Guest {
		return
	}
	m, err := s.Membership(ctx, userID, need)
	if err != nil {
		slog.WarnContext(ctx, "policies are asked without knowing what a person belongs to", "user", userID, "error", err)
		for name, needed := range map[string]bool{unknownGroups: need.Groups, unknownRoles: need.Roles, unknownGuest: need.Guest} {
			if needed {
				in.Unknown = append(in.Unknown, name)
			}
		}
		return
	}
	in.Groups, in.Roles, in.Guest = m.Groups, m.Roles, in.Guest || m.Guest
}

// decide calls risk and then policy; both are pure, over signals that belong to the request. A trial has neither.
func (r *run) decide(p Person) Verdict {
	if !r.place.Tenant.Governed() {
		return Verdict{Risk: risk.Assessment{Level: riskNone}}
	}
	v := Verdict{Risk: r.assess(p)}
	in := r.asking(v.Risk)
	v.Asked, v.Decision = &in, r.place.Policies.Evaluate(r.question(p, in))
	v.Decision.Block = v.Decision.Block || v.Risk.Block
	return v
}

// registering asks about the action of registering a way to confirm it's you, and about no app: what policies say
// of the app is decided apart.
func (r *run) registering(p Person) policy.Decision { return r.acting(p, policy.RegisterSecurityInfo) }

// changing asks about the action of changing a password.
func (r *run) changing(p Person) policy.Decision { return r.acting(p, policy.ChangePassword) }

// acting asks about a user action alone: what is about the app has been asked already.
func (r *run) acting(p Person, action string) policy.Decision {
	in := r.asking(r.assess(p))
	in.Action, in.Contexts = action, nil
	q := r.question(p, in)
	q.ClientID = ""
	return r.place.Policies.Evaluate(q)
}

// asking is what policies are asked about, with what risk has said.
func (r *run) asking(a risk.Assessment) record.Inputs {
	in := r.w.Asked
	feel(&in, a, r.history)
	return in
}

func (r *run) question(p Person, in record.Inputs) policy.Request {
	return policy.Request{TenantID: r.a.TenantID, UserID: p.Account.ID, ClientID: r.a.Request.ClientID, Signals: r.visit.Signals,
		Inputs: in, SignUp: p.Newcomer}
}

// written is a step with its decision written out, as the record keeps it.
func (r *run) written(s Step, final bool) Step { return Written(s, r.place.Policies, final) }

// Written adds what each policy said to a step that is going to be recorded. final says that the sign-in has
// ended: what is still missing then is a failure, and before it an interruption.
func Written(s Step, set *policy.Set, final bool) Step {
	if s.Inputs != nil {
		s.Verdict.Policies = set.Trace(s.Verdict.Decision, policy.ShownOf(*s.Inputs), final)
	}
	return s
}
