package signin

import (
	"cmp"
	"context"

	"portico/app/fault"
	"portico/app/policy"
	"portico/app/risk"
)

// Gate lets risk and policy speak where nobody sits at a browser: at refresh (DESIGN §4). It looks at
// the configuration as it is now, like every step of an attempt does.
type Gate struct {
	Machine *Machine
	// Place gives the configuration of one app in one tenant, or why it has none.
	Place func(ctx context.Context, tenantID, clientID string) (Place, error)
}

// Refresh answers what a refresh would need now. An account that may not be used is a block; risk comes
// before policy, as in Next; a flow that is never asked for a second factor is not asked here either.
// An error is the caller's refusal: nothing is skipped because of a fault.
func (g Gate) Refresh(ctx context.Context, r policy.Request) (policy.Answer, error) {
	place, err := g.Place(ctx, r.TenantID, r.ClientID)
	if fault.Is(err, fault.Denied) { // the app is switched off or in no flow any more
		return policy.Answer{Block: true}, nil
	}
	if err != nil {
		return policy.Answer{Block: true}, err
	}
	m, now := g.Machine, g.Machine.Now().UTC()
	store := m.Stores.SignIns(r.TenantID)
	if r.Account == nil {
		who, err := store.AccountByID(ctx, r.UserID)
		if err != nil {
			return policy.Answer{Block: true}, err
		}
		r.Account = &policy.Account{Usable: who.Usable(), PasswordChangeDue: who.MustChangePassword && who.HasPassword, Risk: UserRisk(who.Risk)}
	}
	if !r.Account.Usable {
		return policy.Answer{Block: true}, nil
	}
	if p := place.Providers[r.Provider]; r.Provider != "" && (p == nil || !p.Enabled) { // who vouched is nobody's any more
		return policy.Answer{Block: true}, nil
	}
	r.Refresh = true
	if !place.Tenant.Governed() {
		return passwordDue(policy.Answer{}, r), nil
	}
	h, err := store.RenewalHistory(ctx, r.Signals, now)
	found := g.assess(ctx, place, h, err, renewal(r))
	r.UserRisk = cmp.Or(r.Account.Risk, riskNone)
	feel(&r.Inputs, found, h)
	if risk.Rank(r.Account.Risk) >= risk.Rank(risk.Medium) { // rare, so that their methods are read only here
		who, err := store.AccountByID(ctx, r.UserID)
		if err != nil {
			return policy.Answer{Block: true}, err
		}
		sinceOf(ctx, store, who, &r.Inputs)
	}
	r.Switch = string(place.Flow.MFA.Enforcement)
	if err := g.belongings(ctx, store, place, &r); err != nil {
		return policy.Answer{Block: true}, err
	}
	contexts := place.Policies.Reached(r, now)
	r.Contexts = nil // one that no longer holds leaves the tokens; it is no reason to refuse them
	d := place.Policies.Evaluate(r)
	person, second := d.Frequency.Stale(r.AuthTime, r.MFATime, now)
	if second { // it counts as not shown, which matters where one is demanded
		r.Inputs = policy.Forget(r.Inputs)
	}
	shown := policy.ShownOf(r.Inputs)
	return passwordDue(policy.Answer{Risk: found.Findings, RiskLevel: found.Level, CouldNotTell: found.CouldNotTell, Block: d.Block, Unmet: d.Unmet(shown), Stale: person, Inputs: &r.Inputs, Contexts: contexts,
		Policies: place.Policies.Trace(d, shown, true)}, r), nil
}

// belongings reads what some policy needs to know of the person, and nothing where none does.
func (g Gate) belongings(ctx context.Context, s Store, place Place, r *policy.Request) error {
	need := place.Policies.Needs()
	join(ctx, &r.Inputs, s, r.UserID, need)
	if !need.Terms {
		return nil
	}
	have, err := s.Acceptances(ctx, r.UserID)
	r.Terms = acceptedTerms(Facts{}, World{Accepted: have, Texts: place.Terms})
	return err
}

// passwordDue adds the change of password that an admin asked for.
func passwordDue(a policy.Answer, r policy.Request) policy.Answer {
	if r.Account.PasswordChangeDue {
		a.Unmet = append(a.Unmet, policy.Clause{AnyOf: []policy.Control{{Kind: policy.KindPasswordChange}}})
	}
	return a
}
