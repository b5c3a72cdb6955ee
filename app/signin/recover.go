package signin

import (
	"cmp"
	"context"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/policy"
	"portico/app/record"
)

// Recovering is somebody who said that a sign-in was not theirs, and is about to be shown the way back.
type Recovering struct {
	Who      account.Account
	ClientID string // where the way leads
	From     record.Signals
}

// Recovers reports whether that way leads in: another password by the mailbox where there is one, else a code to it, as
// policies stand and with the person's own risk (R 6.8.3). No page promises a way that is refused at its end. What risk
// the sign-in to come has, nobody knows yet.
func (g Gate) Recovers(ctx context.Context, place Place, to Recovering) (bool, error) {
	if !place.Tenant.Governed() {
		return true, nil
	}
	now, who := g.Machine.Now().UTC(), to.Who
	r := policy.Request{TenantID: place.Tenant.ID, UserID: who.ID, ClientID: to.ClientID, Signals: to.From,
		Inputs: record.Inputs{ClientApp: policy.Browser, SignInRisk: riskNone, UserRisk: cmp.Or(UserRisk(who.Risk), riskNone)}}
	if err := g.belongings(ctx, g.Machine.Stores.SignIns(r.TenantID), place, &r); err != nil {
		return false, err
	}
	d := place.Policies.Evaluate(r)
	w := World{Now: now, Tenant: place.Tenant, Flow: settled(place.Flow, place.Tenant), Account: who, Asked: r.Inputs, Texts: place.Terms}
	w.Changing = func(Person) policy.Decision {
		q := r
		q.ClientID, q.Action = "", policy.ChangePassword
		return place.Policies.Evaluate(q)
	}
	a := Attempt{TenantID: r.TenantID, StartedAt: now, Request: Request{Protocol: Account, ClientID: to.ClientID}}
	if who.HasPassword {
		a.Facts.Reset = &Mark{At: now}
	}
	w.RiskSince = riskSince(ctx, g.Machine.Stores.SignIns(r.TenantID), who)
	p := Person{Account: who.At(place.Tenant.Host), Email: who.Address(), Proven: true, Since: now, First: factor.EmailCode, Methods: []string{factor.EmailCode}}
	in := r.Inputs
	x := newAsking(a, w, p, Verdict{Decision: d, Asked: &in})
	x.work()
	return !d.Block && x.need != needDeny, nil
}
