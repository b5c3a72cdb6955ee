package models

import (
	"context"

	"gorm.io/gorm"

	"portico/app/audit"
)

// provider_domains_watch.go: a proven domain of an identity provider is looked at once a day (dns_proof.go).

func (r ProviderDomainRow) proof() dnsProof {
	d := r.value()
	return dnsProof{d.Record, d.Value, d.ProvenAt, d.Waived, d.LostAt}
}

func (r ProviderDomainRow) only(q *gorm.DB) *gorm.DB { return q.Where("id = ?", r.ID) }

// WatchProviderDomains looks for the records of proven domains.
func (t *Tenant) WatchProviderDomains(ctx context.Context, actor audit.Actor, lookup func(ctx context.Context, name string) ([]string, error)) error {
	return watchProofs(ctx, t, actor, t.q(ctx).Where("waived = ?", false).Limit(mostDomains), lookup, func(ctx context.Context, t *Tenant, row ProviderDomainRow) (watching, error) {
		p, err := t.IdentityProvider(ctx, row.ProviderID)
		return watching{again: "Find record of identity provider's domain again", missed: "Miss record of identity provider's domain", ended: "End route of identity provider's domain", until: "routedUntil",
			event: func(activity string, changes ...audit.Change) audit.Event {
				return domainEvent(p, row.value(), activity, "Update", changes...)
			}}, err
	})
}

// lostDomains are those that will stop being routed, as what ends soon.
func (t *Tenant) lostDomains(ctx context.Context) ([]ExpiringCredential, error) {
	var rows []ProviderDomainRow
	if err := t.q(ctx).Where("proven_at IS NOT NULL AND lost_at IS NOT NULL").Order("lost_at, id").Limit(mostDomains).Find(&rows).Error; err != nil {
		return nil, err
	}
	var out []ExpiringCredential
	for _, r := range rows {
		d := r.value()
		p, err := t.IdentityProvider(ctx, d.ProviderID)
		if err != nil {
			return nil, err
		}
		out = append(out, ExpiringCredential{ID: noticeID(d.ID, d.LostAt), ProviderID: d.ProviderID, ProviderName: p.Name, Kind: "domain", Name: d.Record + " (TXT)", ExpiresAt: d.LostUntil()})
	}
	return out, nil
}
