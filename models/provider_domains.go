package models

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/userflow"
)

// mostDomains is how many domains are routed to one provider.
const mostDomains = 100

// ProviderDomain is a domain whose addresses belong to an enterprise's provider once it is proven.
type ProviderDomain struct {
	ID         string
	ProviderID string
	Domain     string
	Record     string // name of the TXT record
	Value      string // what it must say
	ProvenAt   time.Time
	Waived     bool // the operator did without the proof
	CheckedAt  time.Time
	LostAt     time.Time // since when the record of a proven domain is not found; when it is not proven any more, why
	CreatedAt  time.Time
}

// LostUntil is when a proven domain stops being routed because its record is gone; zero = it is not gone.
func (d ProviderDomain) LostUntil() time.Time {
	return dnsProof{proven: d.ProvenAt, lost: d.LostAt}.until()
}

func (r ProviderDomainRow) value() ProviderDomain {
	return ProviderDomain{ID: r.ID, ProviderID: r.ProviderID, Domain: r.Domain, Record: "_portico." + r.Domain, Value: "portico-domain-verification=" + r.Token,
		ProvenAt: timeOf(r.ProvenAt), Waived: r.Waived, CheckedAt: timeOf(r.CheckedAt), LostAt: timeOf(r.LostAt), CreatedAt: r.CreatedAt.UTC()}
}

func domainEvent(p IdentityProvider, d ProviderDomain, activity, operation string, changes ...audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "Policy", Operation: operation, Target: audit.Target{Kind: "identityProvider", ID: p.ID, Name: p.Name},
		Changes: append([]audit.Change{{Property: "domain", New: d.Domain}}, changes...)}
}

// ProviderDomains lists the domains of one provider, or of all with "".
func (t *Tenant) ProviderDomains(ctx context.Context, providerID string) ([]ProviderDomain, error) {
	q := t.q(ctx).Order("domain, id")
	if providerID != "" {
		q = q.Where("provider_id = ?", providerID)
	}
	var rows []ProviderDomainRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]ProviderDomain, len(rows))
	for i, r := range rows {
		out[i] = r.value()
	}
	return out, nil
}

// ProviderDomain reads one.
func (t *Tenant) ProviderDomain(ctx context.Context, id string) (ProviderDomain, error) {
	var r ProviderDomainRow
	if err := t.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return ProviderDomain{}, found(err)
	}
	return r.value(), nil
}

// AddProviderDomain claims a domain for a provider. Nothing is routed before it is proven, or waived: waive is for
// operators and development.
func (t *Tenant) AddProviderDomain(ctx context.Context, actor audit.Actor, providerID, name string, waive bool) (ProviderDomain, error) {
	domain, ok := userflow.CanonicalDomain(name)
	if !ok {
		return ProviderDomain{}, fault.BadField("domain", "provider.domain.bad", nil)
	}
	if federation.PublicMail(domain) {
		return ProviderDomain{}, fault.BadField("domain", "provider.domain.public", map[string]any{"domain": domain})
	}
	raw := make([]byte, 24)
	if _, err := rand.Read(raw); err != nil {
		return ProviderDomain{}, err
	}
	now := t.Now()
	row := ProviderDomainRow{ID: NewID(), TenantID: t.ID, ProviderID: providerID, Domain: domain, Token: base64.RawURLEncoding.EncodeToString(raw), CreatedAt: now}
	if waive {
		row.ProvenAt, row.Waived = &now, true
	}
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		p, err := t.IdentityProvider(ctx, providerID)
		if err != nil {
			return audit.Event{}, err
		}
		if p.Kind != federation.OpenID && p.Kind != federation.SAML && (p.Kind != federation.Microsoft || p.Many()) {
			return audit.Event{}, fault.BadField("domain", "provider.domain.kind", nil)
		}
		var n int64
		if err := t.q(ctx).Model(&ProviderDomainRow{}).Where("provider_id = ?", p.ID).Count(&n).Error; err != nil {
			return audit.Event{}, err
		}
		if n >= mostDomains {
			return audit.Event{}, fault.BadField("domain", "provider.domain.many", map[string]any{"max": mostDomains})
		}
		err = taken(t.w(ctx).Create(&row).Error, "domain", "provider.domain.taken", map[string]any{"domain": domain})
		return domainEvent(p, row.value(), "Add domain of identity provider", "Add", audit.Change{Property: "waived", New: waive}), err
	})
	return row.value(), err
}

// ProveProviderDomain looks for the TXT record, outside of any transaction, and notes what it found.
func (t *Tenant) ProveProviderDomain(ctx context.Context, actor audit.Actor, id string, lookup func(ctx context.Context, name string) ([]string, error)) (ProviderDomain, error) {
	d, err := t.ProviderDomain(ctx, id)
	if err != nil {
		return d, err
	}
	said, sure := foundRecord(ctx, d.Record, d.Value, lookup)
	err = t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var row ProviderDomainRow
		if err := t.lock(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
			return audit.Event{}, found(err)
		}
		p, err := t.IdentityProvider(ctx, row.ProviderID)
		if err != nil {
			return audit.Event{}, err
		}
		now := t.Now()
		row.CheckedAt = &now
		columns := map[string]any{"checked_at": now}
		event := domainEvent(p, row.value(), "Check domain of identity provider", "Update", audit.Change{Property: "found", New: said})
		if said && (row.ProvenAt == nil || row.Waived) {
			columns["proven_at"], columns["waived"] = now, false
			row.ProvenAt, row.Waived = &now, false
			event.Activity = "Verify domain of identity provider"
		}
		switch {
		case said:
			columns["lost_at"], row.LostAt = nil, nil
		case sure && row.ProvenAt != nil && !row.Waived && row.LostAt == nil:
			columns["lost_at"], row.LostAt = now, &now
		}
		d = row.value()
		return event, t.u(ctx).Model(&ProviderDomainRow{}).Where("id = ?", id).Updates(columns).Error
	})
	if err == nil && !said {
		err = fault.New(fault.Conflict, "provider.domain.missing")
	}
	return d, err
}

// RemoveProviderDomain ends a route.
func (t *Tenant) RemoveProviderDomain(ctx context.Context, actor audit.Actor, id string) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		d, err := t.ProviderDomain(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		p, err := t.IdentityProvider(ctx, d.ProviderID)
		if err != nil {
			return audit.Event{}, err
		}
		return domainEvent(p, d, "Remove domain of identity provider", "Delete"), oneRow(t.u(ctx).Where("id = ?", id).Delete(&ProviderDomainRow{}))
	})
}
