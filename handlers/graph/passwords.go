package graph

import (
	"context"

	"portico/app/factor"
	"portico/models"
)

// TenantPasswords applies a tenant's own rules to new passwords and hashes them.
type TenantPasswords struct {
	Store    *models.Store
	Hasher   *factor.Hasher
	Breached factor.Breached // nil = no list configured
}

// Hash refuses what the tenant's rules do not allow. Names are the person's; the tenant's is added.
func (p TenantPasswords) Hash(ctx context.Context, tenantID, password string, names ...string) (string, error) {
	t, err := p.Store.Tenant(tenantID).Get(ctx)
	if err != nil {
		return "", err
	}
	rules := factor.Rules{Min: t.Settings.PasswordMinLength, ThreeOfFour: t.Settings.PasswordThreeOfFour,
		Banned: t.Settings.BannedWords, Breached: p.Breached}
	if err := rules.Check(password, append(names, t.Name)...); err != nil {
		return "", err
	}
	return p.Hasher.Hash(ctx, password)
}
