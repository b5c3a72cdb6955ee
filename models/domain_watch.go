package models

import (
	"context"

	"gorm.io/gorm"

	"portico/app/audit"
)

// domain_watch.go: a proven host is looked at once a day (dns_proof.go).

func (r CustomDomainRow) proof() dnsProof {
	d := r.value("")
	return dnsProof{d.Record, d.Value, d.ProvenAt, d.Waived, d.LostAt}
}

func (r CustomDomainRow) only(q *gorm.DB) *gorm.DB { return q.Where("id = ?", r.ID) }

// WatchCustomDomains looks for the records of proven hosts.
func (t *Tenant) WatchCustomDomains(ctx context.Context, actor audit.Actor, lookup func(ctx context.Context, name string) ([]string, error)) error {
	return watchProofs(ctx, t, actor, t.q(ctx).Where("waived = ?", false).Limit(mostHosts), lookup, func(ctx context.Context, t *Tenant, row CustomDomainRow) (watching, error) {
		return watching{again: "Find record of custom domain again", missed: "Miss record of custom domain", ended: "End custom domain", until: "answeredUntil",
			event: func(activity string, changes ...audit.Change) audit.Event {
				return hostEvent(row.value(""), activity, "Update", changes...)
			},
			end: func() (map[string]any, []audit.Change, error) {
				changes, err := t.withoutHost(ctx, row.Host)
				return map[string]any{"answers": nil}, changes, err
			}}, nil
	})
}

// lostHosts are those that will stop being answered at, as what ends soon.
func (t *Tenant) lostHosts(ctx context.Context) ([]ExpiringCredential, error) {
	var rows []CustomDomainRow
	if err := t.q(ctx).Where("proven_at IS NOT NULL AND lost_at IS NOT NULL").Order("lost_at, id").Limit(mostHosts).Find(&rows).Error; err != nil {
		return nil, err
	}
	var out []ExpiringCredential
	for _, r := range rows {
		d := r.value("")
		out = append(out, ExpiringCredential{ID: noticeID(d.ID, d.LostAt), Host: d.Host, Kind: "host", Name: d.Record + " (TXT)", ExpiresAt: d.LostUntil()})
	}
	return out, nil
}
