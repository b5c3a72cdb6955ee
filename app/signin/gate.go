package signin

import (
	"context"

	"portico/app/fault"
	"portico/app/policy"
	"portico/app/risk"
	"portico/app/userflow"
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
func (g Gate) Refresh(ctx context.Context, r policy.Request) (policy.Decision, error) {
	place, err := g.Place(ctx, r.TenantID, r.ClientID)
	if fault.Is(err, fault.Denied) { // the app is switched off or in no flow any more
		return policy.Decision{Block: true}, nil
	}
	if err != nil {
		return policy.Decision{Block: true}, err
	}
	m := g.Machine
	if r.Account == nil {
		who, err := m.Stores.SignIns(r.TenantID).AccountByID(ctx, r.UserID)
		if err != nil {
			return policy.Decision{Block: true}, err
		}
		r.Account = &policy.Account{Usable: who.Usable(), PasswordChangeDue: who.MustChangePassword && who.HasPassword}
	}
	if !r.Account.Usable {
		return policy.Decision{Block: true}, nil
	}
	r.Refresh = true
	if !place.Tenant.Governed() {
		return policy.Decision{PasswordChange: r.Account.PasswordChangeDue}, nil
	}
	r.RiskLevel = risk.Assess(m.Detectors, risk.Input{TenantID: r.TenantID, UserID: r.UserID, Signals: r.Signals, Now: m.Now().UTC()}).Level
	d := policy.Evaluate(place.Policies, r)
	if place.Flow.MFA.Enforcement == userflow.MFAOff {
		d.RequireMFA, d.MFABecauseRisk = false, false
	}
	d.PasswordChange = d.PasswordChange || r.Account.PasswordChangeDue
	return d, nil
}
