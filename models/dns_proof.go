package models

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"portico/app/audit"
	"portico/app/fault"
)

// dns_proof.go: what a TXT record has proven is looked at once a day. Domains change hands: whoever lost one must not go on
// speaking for its addresses, taking its visitors' passwords, or writing in its name.

const (
	domainCheckedEvery = 24 * time.Hour
	// DomainGrace is how long a proof holds whose record is not found any more: long enough for a mistake in the DNS to be
	// mended, and for admins to read the mail about it.
	DomainGrace = 7 * 24 * time.Hour
)

// dnsProof is that a name of the DNS is a tenant's.
type dnsProof struct {
	record, value string // the TXT record, and what it must say
	proven        time.Time
	waived        bool      // by no record: nobody looks for one
	lost          time.Time // since when the record of what is proven is not found; when it is not proven any more, why
}

// until is when what is proven stops being so because its record is gone; zero = it is not gone.
func (p dnsProof) until() time.Time {
	if p.lost.IsZero() || p.proven.IsZero() {
		return time.Time{}
	}
	return p.lost.Add(DomainGrace)
}

// noticeID names a loss: the next one of the same record is told of anew.
func noticeID(id string, lost time.Time) string {
	return keyHash(id + lost.UTC().Format(time.RFC3339Nano))[:32]
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

// provenRow is a row with the columns proven_at, checked_at and lost_at.
type provenRow interface {
	proof() dnsProof
	only(*gorm.DB) *gorm.DB // narrows a query of its table to this row
}

// watching is what the watch says and does about one row, inside the change.
type watching struct {
	again, missed, ended string // activities: the record is back, it is gone, the grace is over
	until                string // property that says when the grace is over
	event                func(activity string, changes ...audit.Change) audit.Event
	end                  func() (columns map[string]any, changes []audit.Change, err error) // what ends with the proof; nil = nothing
}

// watchProofs looks, outside of any transaction, for the records of those of due that are proven and that nobody has looked
// at for a day. Only what changes something is recorded.
func watchProofs[R provenRow](ctx context.Context, t *Tenant, actor audit.Actor, due *gorm.DB, lookup func(ctx context.Context, name string) ([]string, error),
	about func(ctx context.Context, t *Tenant, row R) (watching, error)) error {
	var rows []R
	if err := due.Where("proven_at IS NOT NULL AND (checked_at IS NULL OR checked_at < ?)", t.Now().Add(-domainCheckedEvery)).Order("checked_at").Find(&rows).Error; err != nil {
		return err
	}
	var errs []error
	for _, r := range rows {
		there, sure := foundRecord(ctx, r.proof().record, r.proof().value, lookup)
		if sure && ctx.Err() == nil {
			errs = append(errs, watchedProof(ctx, t, actor, r, there, about))
		}
	}
	return errors.Join(errs...)
}

// watchedProof notes what a look for the record of a row found, if the row is still about that record.
func watchedProof[R provenRow](ctx context.Context, t *Tenant, actor audit.Actor, looked R, there bool, about func(ctx context.Context, t *Tenant, row R) (watching, error)) error {
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var row R
		if err := looked.only(t.lock(ctx)).Take(&row).Error; err != nil {
			return audit.Event{}, found(err)
		}
		p := row.proof()
		if p.proven.IsZero() || p.waived || p.record != looked.proof().record || p.value != looked.proof().value {
			return audit.Event{}, nil
		}
		w, err := about(ctx, t, row)
		if err != nil {
			return audit.Event{}, err
		}
		now, event := t.Now(), audit.Event{}
		columns := map[string]any{"checked_at": now}
		switch {
		case there && !p.lost.IsZero():
			columns["lost_at"] = nil
			event = w.event(w.again)
		case !there && p.lost.IsZero():
			columns["lost_at"] = now
			event = w.event(w.missed, audit.Change{Property: w.until, New: now.Add(DomainGrace)})
		case !there && now.Sub(p.lost) >= DomainGrace:
			columns["proven_at"] = nil
			var changes []audit.Change
			if w.end != nil {
				more, with, err := w.end()
				if err != nil {
					return audit.Event{}, err
				}
				for name, value := range more {
					columns[name] = value
				}
				changes = with
			}
			event = w.event(w.ended, changes...)
		}
		return event, row.only(t.u(ctx).Model(&row)).Updates(columns).Error
	})
	if fault.Is(err, fault.NotFound) { // removed meanwhile
		return nil
	}
	return err
}
