package models

import (
	"context"
	"encoding/json"

	"portico/app/federation"
)

// providers.go: upstream identity providers and the domains that are routed to them.

func (r ProviderRow) provider() (federation.Provider, error) {
	var p federation.Provider
	if err := json.Unmarshal([]byte(r.Document), &p); err != nil {
		return p, badJSON("identity provider", r.ID, err)
	}
	p.ID, p.Kind, p.Enabled = r.ID, federation.Kind(r.Kind), r.Enabled
	return p, nil
}

// providerSet reads what a directory's snapshot holds of providers.
func (t *Tenant) providerSet(ctx context.Context) (map[string]*federation.Provider, map[string]string, error) {
	var rows []ProviderRow
	if err := t.q(ctx).Omit("secret", "key").Find(&rows).Error; err != nil {
		return nil, nil, err
	}
	providers := make(map[string]*federation.Provider, len(rows))
	for _, r := range rows {
		p, err := r.provider()
		if err != nil {
			return nil, nil, err
		}
		providers[p.ID] = &p
	}
	var domains []ProviderDomainRow
	if err := t.q(ctx).Where("proven_at IS NOT NULL").Find(&domains).Error; err != nil {
		return nil, nil, err
	}
	routed := make(map[string]string, len(domains))
	for _, d := range domains {
		if providers[d.ProviderID] != nil {
			routed[d.Domain] = d.ProviderID
		}
	}
	return providers, routed, nil
}
