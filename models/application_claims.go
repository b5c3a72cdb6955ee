package models

import (
	"context"
	"slices"

	"portico/app/fault"
	"portico/app/openid"
)

// checkApplication is everything that an application must be to be saved: its own rules, and claims made
// from attributes that exist.
func (t *Tenant) checkApplication(ctx context.Context, a Application) error {
	var bad fault.Fields
	if err := a.Validate(); err != nil {
		if bad = fault.Of(err).Fields; len(bad) == 0 {
			return err
		}
	}
	if len(a.Spec.Claims) > 0 {
		definitions, err := t.definitions(ctx)
		if err != nil {
			return err
		}
		bad = append(bad, openid.CheckClaims(a.Spec.Claims, definitions)...)
	}
	return bad.Err()
}

// reviveClaims brings the claims of an application that was deleted up to date: it held back neither
// attributes nor the policy that its claims came from.
func (t *Tenant) reviveClaims(ctx context.Context, a *Application) error {
	if id := a.Spec.ClaimsPolicyID; id != "" {
		p, err := t.ClaimsPolicy(ctx, id)
		switch {
		case err == nil:
			a.Spec.Claims = p.Claims
		case fault.Is(err, fault.NotFound):
			a.Spec.Claims, a.Spec.ClaimsPolicyID = nil, ""
		default:
			return err
		}
	}
	if len(a.Spec.Claims) == 0 {
		return nil
	}
	definitions, err := t.definitions(ctx)
	if err != nil {
		return err
	}
	a.Spec.Claims = slices.DeleteFunc(slices.Clone(a.Spec.Claims), func(m openid.ClaimMapping) bool {
		return len(openid.CheckClaims([]openid.ClaimMapping{m}, definitions)) > 0
	})
	return nil
}

// claimsUse refuses to let a custom attribute go that an application's tokens carry.
func (t *Tenant) claimsUse(ctx context.Context, attributeID, name string) error {
	apps, err := t.allApplications(ctx)
	if err != nil {
		return err
	}
	for _, a := range apps {
		if slices.ContainsFunc(a.Spec.Claims, func(m openid.ClaimMapping) bool { return m.Uses(attributeID) }) {
			return &fault.Error{Code: fault.Conflict, Key: "attribute.claimed", Args: map[string]any{"name": name, "app": a.Name}}
		}
	}
	return nil
}
