package models

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/record"
	"portico/app/risk"
)

// risk_people.go: what is usual for a person is learnt in the transaction that records their own sign-in (ADR 37), and
// only from what nothing speaks against (ADR 38).

const (
	// observeRefresh is how often tokens that an app renews say anything new about where a person is.
	observeRefresh = time.Hour
	// observedMost is how many people are remembered to have been observed lately.
	observedMost = 50_000
)

// observed remembers in memory whose refreshes need not be looked at again yet.
type observed struct {
	mu sync.Mutex
	at map[string]time.Time
}

// due reports whether so long has passed since the last time, and begins anew if it has.
func (o *observed) due(key string, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if last, ok := o.at[key]; ok && now.Sub(last) < observeRefresh && !now.Before(last) {
		return false
	}
	if o.at == nil || len(o.at) >= observedMost {
		o.at = map[string]time.Time{}
	}
	o.at[key] = now
	return true
}

// teaches reports whether a sign-in says what is usual for its person: it went well, and nothing speaks against it that
// a second factor did not clear. The renewal of tokens says at most that somebody is still where they are known to be: it
// is not assessed in full, and whoever stole a token makes it as well as the owner.
func (t *Tenant) teaches(r record.SignIn) bool {
	own, again := lesson(r)
	return own && (!again || t.observed.due(t.ID+r.User.ID, t.Now()))
}

// lesson reports whether a sign-in may teach, and whether it only says that somebody is still there, which is worth
// something once in observeRefresh.
func lesson(r record.SignIn) (own, again bool) {
	if r.Outcome.Result != record.Success || r.User.ID == "" || !assessed(r) {
		return false, false
	}
	if strange(r) && endOf(r).State == "" {
		return false, false
	}
	if r.Kind == record.Interactive && !r.Session.Reused {
		return true, false
	}
	browser := r.Signals.DeviceType == "phone" || r.Signals.DeviceType == "tablet" || r.Signals.DeviceType == "desktop"
	return r.Kind != record.Service && browser && len(r.Risk) == 0, true
}

// strange reports whether what was found in a sign-in is reason enough not to learn from it.
func strange(r record.SignIn) bool {
	return risk.Rank(r.RiskLevel) >= risk.Rank(risk.Medium) ||
		slices.ContainsFunc(r.Risk, func(f record.Finding) bool { return !ofAccount(f.Type) && risk.Rank(f.Level) >= risk.Rank(risk.Medium) })
}

// ObserveSignIn teaches the engine what a sign-in says about what is usual for its person.
func (t *Tenant) ObserveSignIn(ctx context.Context, r record.SignIn) error {
	if r.User.ID == "" {
		return nil
	}
	at := r.EndedAt
	if at.IsZero() {
		at = r.StartedAt
	}
	return t.editRiskPerson(ctx, r.User.ID, func(p *risk.Person) {
		if r.Kind == record.Interactive {
			p.Observe(r.Signals, at.UTC())
		} else {
			p.Renew(r.Signals, at.UTC())
		}
	})
}

// editRiskPerson changes what is usual for somebody.
func (t *Tenant) editRiskPerson(ctx context.Context, userID string, edit func(*risk.Person)) error {
	return t.InTx(ctx, func(t *Tenant) error {
		p, err := t.lockRiskPerson(ctx, userID)
		if err != nil {
			return err
		}
		edit(&p)
		return t.putRiskPerson(ctx, userID, p)
	})
}

// riskBody is what is usual for somebody as their row says it, kept until the end of the transaction.
func (t *Tenant) riskBody(ctx context.Context, userID string) ([]byte, error) {
	var rows []RiskPersonRow
	if err := t.lock(ctx).Where("user_id = ?", userID).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0].Body, nil
}

func (t *Tenant) lockRiskPerson(ctx context.Context, userID string) (risk.Person, error) {
	var rows []RiskPersonRow
	if err := t.lock(ctx).Where("user_id = ?", userID).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return risk.Person{}, err
	}
	p, err := risk.DecodePerson(rows[0].Body)
	if err != nil { // nobody is kept out because a row cannot be read: they begin anew
		return risk.Person{}, nil
	}
	return p, nil
}

func (t *Tenant) putRiskPerson(ctx context.Context, userID string, p risk.Person) error {
	body, err := p.Encode()
	if err != nil {
		return err
	}
	return t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tenant_id"}, {Name: "user_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"body", "updated_at"})}).
		Create(&RiskPersonRow{TenantID: t.ID, UserID: userID, Body: body, UpdatedAt: t.Now()}).Error
}

// LearnSignIns teaches people's own rows from sign-ins of the past, in order of time: an import, or a sample. It says
// how many of them taught anything.
func (t *Tenant) LearnSignIns(ctx context.Context, list []record.SignIn) (int, error) {
	byUser, n := map[string][]record.SignIn{}, 0
	for _, r := range list {
		if r.Kind == record.Interactive && !r.Session.Reused && t.teaches(r) {
			byUser[r.User.ID] = append(byUser[r.User.ID], r)
			n++
		}
	}
	return n, t.InTx(ctx, func(t *Tenant) error {
		for id, visits := range byUser {
			slices.SortStableFunc(visits, func(a, b record.SignIn) int { return a.EndedAt.Compare(b.EndedAt) })
			err := t.editRiskPerson(ctx, id, func(p *risk.Person) {
				for _, r := range visits {
					p.Observe(r.Signals, r.EndedAt.UTC())
				}
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// ImportRiskPeople writes what is usual for people whose past is known from elsewhere. Whoever is known better already
// stays as they are.
func (t *Tenant) ImportRiskPeople(ctx context.Context, people map[string]risk.Person) error {
	ids := slices.Sorted(maps.Keys(people))
	for chunk := range slices.Chunk(ids, bulkRows) {
		err := t.InTx(ctx, func(t *Tenant) error {
			for _, id := range chunk {
				have, err := t.lockRiskPerson(ctx, id)
				if err != nil {
					return err
				}
				if have.Times >= people[id].Times {
					continue
				}
				if err := t.putRiskPerson(ctx, id, people[id]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
