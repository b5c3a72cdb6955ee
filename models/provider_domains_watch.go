package models

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"portico/app/audit"
)

// provider_domains_watch.go: a proven domain is looked at once a day. Domains change hands: whoever lost one must not go on
// speaking for its addresses.

const (
	domainCheckedEvery = 24 * time.Hour
	// DomainGrace is how long a domain is routed whose record is not found any more: long enough for a mistake in the DNS
	// to be mended, and for admins to read the mail about it.
	DomainGrace = 7 * 24 * time.Hour
)

// LostUntil is when a proven domain stops being routed because its record is gone; zero = it is not gone.
func (d ProviderDomain) LostUntil() time.Time {
	if d.LostAt.IsZero() || d.ProvenAt.IsZero() {
		return time.Time{}
	}
	return d.LostAt.Add(DomainGrace)
}

// foundRecord reports whether the record says what it must. sure is false when nobody could tell: a name server that does
// not answer proves nothing against a domain.
func foundRecord(ctx context.Context, name, value string, lookup func(ctx context.Context, name string) ([]string, error)) (there, sure bool) {
	records, err := lookup(ctx, name)
	var dns *net.DNSError
	if err != nil {
		return false, errors.As(err, &dns) && dns.IsNotFound
	}
	return slices.ContainsFunc(records, func(s string) bool { return strings.TrimSpace(s) == value }), true
}

// WatchProviderDomains looks for the records of proven domains that nobody has looked at for a day, outside of any
// transaction. What was proven by no record is not looked for.
func (t *Tenant) WatchProviderDomains(ctx context.Context, actor audit.Actor, lookup func(ctx context.Context, name string) ([]string, error)) error {
	var rows []ProviderDomainRow
	if err := t.q(ctx).Where("proven_at IS NOT NULL AND waived = ? AND (checked_at IS NULL OR checked_at < ?)", false, t.Now().Add(-domainCheckedEvery)).
		Order("checked_at").Limit(mostDomains).Find(&rows).Error; err != nil {
		return err
	}
	var errs []error
	for _, r := range rows {
		d := r.value()
		there, sure := foundRecord(ctx, d.Record, d.Value, lookup)
		if sure && ctx.Err() == nil {
			errs = append(errs, t.watchedDomain(ctx, actor, r.ID, there))
		}
	}
	return errors.Join(errs...)
}

// watchedDomain notes what a look found. Only what changes something is recorded.
func (t *Tenant) watchedDomain(ctx context.Context, actor audit.Actor, id string, there bool) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var row ProviderDomainRow
		if err := t.lock(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
			return audit.Event{}, found(err)
		}
		if row.ProvenAt == nil || row.Waived {
			return audit.Event{}, nil
		}
		p, err := t.IdentityProvider(ctx, row.ProviderID)
		if err != nil {
			return audit.Event{}, err
		}
		now := t.Now()
		columns := map[string]any{"checked_at": now}
		event := audit.Event{}
		switch {
		case there && row.LostAt != nil:
			columns["lost_at"] = nil
			event = domainEvent(p, row.value(), "Find record of identity provider's domain again", "Update")
		case !there && row.LostAt == nil:
			columns["lost_at"] = now
			event = domainEvent(p, row.value(), "Miss record of identity provider's domain", "Update", audit.Change{Property: "routedUntil", New: now.Add(DomainGrace)})
		case !there && now.Sub(*row.LostAt) >= DomainGrace:
			columns["proven_at"] = nil
			event = domainEvent(p, row.value(), "End route of identity provider's domain", "Update")
		}
		return event, t.u(ctx).Model(&ProviderDomainRow{}).Where("id = ?", id).Updates(columns).Error
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
		out = append(out, ExpiringCredential{ID: keyHash(d.ID + d.LostAt.String())[:32], ProviderID: d.ProviderID, ProviderName: p.Name, Kind: "domain", Name: d.Record + " (TXT)", ExpiresAt: d.LostUntil()})
	}
	return out, nil
}
