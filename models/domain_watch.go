package models

import (
	"context"
	"errors"
	"time"

	"portico/app/audit"
)

// domain_watch.go: a proven host is looked at once a day, as the domains of identity providers are. Whoever lost a domain must
// not go on taking its visitors' passwords.

// WatchCustomDomains looks for the records of proven hosts that nobody has looked at for a day, outside of any transaction.
func (t *Tenant) WatchCustomDomains(ctx context.Context, actor audit.Actor, lookup func(ctx context.Context, name string) ([]string, error)) error {
	var rows []CustomDomainRow
	if err := t.q(ctx).Where("proven_at IS NOT NULL AND waived = ? AND (checked_at IS NULL OR checked_at < ?)", false, t.Now().Add(-domainCheckedEvery)).
		Order("checked_at").Limit(mostHosts).Find(&rows).Error; err != nil {
		return err
	}
	var errs []error
	for _, r := range rows {
		d := r.value("")
		there, sure := foundRecord(ctx, d.Record, d.Value, lookup)
		if sure && ctx.Err() == nil {
			errs = append(errs, t.watchedHost(ctx, actor, r.ID, there))
		}
	}
	return errors.Join(errs...)
}

// watchedHost notes what a look found. Only what changes something is recorded.
func (t *Tenant) watchedHost(ctx context.Context, actor audit.Actor, id string, there bool) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var row CustomDomainRow
		if err := t.lock(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
			return audit.Event{}, found(err)
		}
		if row.ProvenAt == nil || row.Waived {
			return audit.Event{}, nil
		}
		now := t.Now()
		columns := map[string]any{"checked_at": now}
		event := audit.Event{}
		switch {
		case there && row.LostAt != nil:
			columns["lost_at"] = nil
			event = hostEvent(row.value(""), "Find record of custom domain again", "Update")
		case !there && row.LostAt == nil:
			columns["lost_at"] = now
			event = hostEvent(row.value(""), "Miss record of custom domain", "Update", audit.Change{Property: "answeredUntil", New: now.Add(DomainGrace)})
		case !there && now.Sub(*row.LostAt) >= DomainGrace:
			columns["proven_at"], columns["answers"] = nil, nil
			changes, err := t.withoutHost(ctx, row.Host)
			if err != nil {
				return audit.Event{}, err
			}
			event = hostEvent(row.value(""), "End custom domain", "Update", changes...)
		}
		return event, t.u(ctx).Model(&CustomDomainRow{}).Where("id = ?", id).Updates(columns).Error
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
		out = append(out, ExpiringCredential{ID: keyHash(d.ID + d.LostAt.UTC().Format(time.RFC3339Nano))[:32], Host: d.Host, Kind: "host", Name: d.Record + " (TXT)", ExpiresAt: d.LostUntil()})
	}
	return out, nil
}
