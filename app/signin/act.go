package signin

import (
	"cmp"
	"context"

	"portico/app/account"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/risk"
	"portico/app/session"
)

// Act answers what policies want of somebody who is about to do something on their own pages (R 5.2.3), given what
// their session has shown. Only policies about that action speak: those about apps spoke when they signed in. What
// is unmet or too old, a fresh sign-in with the action in its request asks for.
func (g Gate) Act(ctx context.Context, place Place, who account.Account, ses session.Session, from record.Signals, action string) (policy.Answer, error) {
	if !place.Tenant.Governed() {
		return policy.Answer{}, nil
	}
	m, now := g.Machine, g.Machine.Now().UTC()
	r := policy.Request{TenantID: place.Tenant.ID, UserID: who.ID, Signals: from, Inputs: record.Inputs{Action: action, ClientApp: policy.Browser,
		Methods: methodsOf(ses), AAGUIDs: ses.AAGUIDs, AuthTime: ses.AuthTime, MFATime: ses.MFATime, Switch: string(place.Flow.MFA.Enforcement),
		UserRisk: cmp.Or(UserRisk(who.Risk), riskNone)}}
	r.SignInRisk = cmp.Or(risk.Assess(m.Detectors, risk.Input{TenantID: r.TenantID, UserID: r.UserID, Signals: from, Now: now}).Level, riskNone)
	if err := g.belongings(ctx, m.Stores.SignIns(r.TenantID), place, &r); err != nil {
		return policy.Answer{Block: true}, err
	}
	d := place.Policies.Evaluate(r)
	person, second := d.Frequency.Stale(r.AuthTime, r.MFATime, now)
	if second {
		r.Inputs = policy.Forget(r.Inputs)
	}
	shown := policy.ShownOf(r.Inputs)
	return policy.Answer{Block: d.Block, Unmet: d.Unmet(shown), Stale: person, Inputs: &r.Inputs, Policies: place.Policies.Trace(d, shown, true)}, nil
}
