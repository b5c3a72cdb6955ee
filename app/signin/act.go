package signin

import (
	"cmp"
	"context"
	"time"

	"portico/app/account"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/risk"
	"portico/app/session"
)

// Doing is somebody who is about to do something to their own account.
type Doing struct {
	Who       account.Account
	Session   session.Session // what was shown, and when
	From      record.Signals
	Action    string // policy's user actions
	ClientApp string // kind of client app; "" = browser
}

// Act answers what policies want of somebody who is about to do something to their own account, on the account pages
// or with an app's token at the management API (R 5.2.3), given what they have shown. Only policies about that action speak: those about apps spoke when they signed in. What
// is unmet or too old, a fresh sign-in with the action in its request asks for.
func (g Gate) Act(ctx context.Context, place Place, do Doing) (policy.Answer, error) {
	if !place.Tenant.Governed() {
		return policy.Answer{}, nil
	}
	m, now, who, ses, from := g.Machine, g.Machine.Now().UTC(), do.Who, do.Session, do.From
	r := policy.Request{TenantID: place.Tenant.ID, UserID: who.ID, Signals: from, Inputs: record.Inputs{Action: do.Action, ClientApp: cmp.Or(do.ClientApp, policy.Browser),
		Methods: methodsOf(ses), AAGUIDs: ses.AAGUIDs, AuthTime: ses.AuthTime, MFATime: ses.MFATime, Switch: string(place.Flow.MFA.Enforcement),
		UserRisk: cmp.Or(UserRisk(who.Risk), riskNone)}}
	store := m.Stores.SignIns(r.TenantID)
	h, err := store.RiskHistory(ctx, who.ID, from, now)
	found := g.assess(ctx, place, h, err, risk.Input{TenantID: r.TenantID, UserID: r.UserID, Signals: from})
	feel(&r.Inputs, found, h)
	sinceOf(ctx, store, who, &r.Inputs)
	if err := g.belongings(ctx, store, place, &r); err != nil {
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

// Record is the entry of the log for an action that policies stopped, as a sign-in that they stopped would be.
func (do Doing) Record(tenantID string, now time.Time, a policy.Answer) record.SignIn {
	return record.SignIn{TenantID: tenantID, StartedAt: now, EndedAt: now, User: record.Party{ID: do.Who.ID, Name: do.Who.DisplayName}, Signals: do.From,
		Session: record.Session{SID: do.Session.SID, AuthTime: do.Session.AuthTime, Reused: true}, Inputs: a.Inputs, Policies: a.Policies, AMR: do.Session.AMR,
		Count: 1, Outcome: record.Outcome{Result: record.Failure, Code: CodeBlocked, Key: blockedPolicy, Step: "userAction"}}
}
