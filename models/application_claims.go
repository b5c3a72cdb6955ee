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

// livingClaims are the claims whose attributes still exist: an application that was deleted held none back.
func (t *Tenant) livingClaims(ctx context.Context, list []openid.ClaimMapping) ([]openid.ClaimMapping, error) {
	if len(list) == 0 {
		return list, nil
	}
	definitions, err := t.definitions(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(list), func(m openid.ClaimMapping) bool {
		return len(openid.CheckClaims([]openid.ClaimMapping{m}, definitions)) > 0
	}), nil
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
