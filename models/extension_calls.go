package models

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/account"
	"portico/app/extension"
	"portico/app/fault"
)

// How much the recorder keeps: what an admin needs to see why a sign-in of this week failed, and no more, because people's
// names and addresses are in it.
const (
	callsKept    = 10_000
	callsKeptFor = 7 * 24 * time.Hour
	callsWaiting = 10_000
)

// How often a call is tried to be written that the database refuses, and how long at most.
const (
	callTries = 3
	callWaits = 10 * time.Minute
)

// keptCall is one that waits to be written.
type keptCall struct {
	tenantID string
	row      ExtensionCallRow
	since    time.Time
	tries    int // refused while the database took others
}

// KeepCall records a call. It is written within a second, by FlushCalls, so that no sign-in waits for it; what comes while
// too much waits already is dropped and counted, because the sign-in's own trace has it in short.
func (t *Tenant) KeepCall(c extension.Call) {
	row, err := t.callRow(c)
	if err != nil {
		t.calls.dropped.Add(1)
		return
	}
	t.calls.mu.Lock()
	defer t.calls.mu.Unlock()
	if len(t.calls.waiting) >= callsWaiting {
		t.calls.dropped.Add(1)
		return
	}
	t.calls.waiting = append(t.calls.waiting, keptCall{tenantID: t.ID, row: row, since: t.Store.Now()})
}

// RecordCall writes a call at once, and no other: for an admin who looks at it next.
func (t *Tenant) RecordCall(ctx context.Context, c extension.Call) error {
	row, err := t.callRow(c)
	if err != nil {
		return err
	}
	return t.writeCalls(ctx, []keptCall{{row: row}})
}

func (t *Tenant) callRow(c extension.Call) (ExtensionCallRow, error) {
	doc, err := json.Marshal(c)
	if err != nil {
		return ExtensionCallRow{}, err
	}
	if c.PersonKey == "" {
		c.PersonKey = t.personKey(c.About)
	}
	return ExtensionCallRow{ID: c.ID, TenantID: t.ID, At: micro(c.At), ExtensionID: c.ExtensionID, Event: string(c.Event), Code: int(c.Code), Trial: c.Trial, SignInID: c.SignInID,
		UserID: c.UserID, PersonKey: c.PersonKey, CorrelationID: c.CorrelationID, AppID: c.AppID, Document: string(doc)}, nil
}

// DroppedCalls is how many calls this instance could not record.
func (s *Store) DroppedCalls() uint64 { return s.calls.dropped.Load() }

// FlushCalls writes what KeepCall took. What cannot be written now waits for the next time, and holds nobody else's up: a
// tenant's calls that are refused together are tried one by one. One that is refused again and again while others are
// taken, or for minutes, is dropped and counted.
func (s *Store) FlushCalls(ctx context.Context) error {
	s.calls.flush.Lock()
	defer s.calls.flush.Unlock()
	s.calls.mu.Lock()
	waiting := s.calls.waiting
	s.calls.waiting = nil
	s.calls.mu.Unlock()
	byTenant := map[string][]keptCall{}
	for _, k := range waiting {
		byTenant[k.tenantID] = append(byTenant[k.tenantID], k)
	}
	var left []keptCall
	var all error
	alive := false
	for id, calls := range byTenant {
		err := s.Tenant(id).writeCalls(ctx, calls)
		if err == nil {
			alive = true
			continue
		}
		if len(calls) == 1 {
			left, all = append(left, calls...), errors.Join(all, err)
			continue
		}
		for i := range calls {
			if ctx.Err() != nil {
				left = append(left, calls[i:]...)
				break
			}
			if err := s.Tenant(id).writeCalls(ctx, calls[i:i+1]); err != nil {
				left, all = append(left, calls[i]), errors.Join(all, err)
			} else {
				alive = true
			}
		}
	}
	if len(left) == 0 {
		return all
	}
	now := s.Now()
	kept := left[:0]
	for _, k := range left {
		if alive {
			k.tries++
		}
		if k.tries >= callTries || now.Sub(k.since) > callWaits {
			s.calls.dropped.Add(1)
			continue
		}
		kept = append(kept, k)
	}
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	if room := callsWaiting - len(s.calls.waiting); len(kept) > room {
		s.calls.dropped.Add(uint64(len(kept) - room))
		kept = kept[:room]
	}
	s.calls.waiting = append(kept, s.calls.waiting...)
	return all
}

// writeCalls writes some calls of the tenant. One that is there already was written by a try whose end nobody heard of.
func (t *Tenant) writeCalls(ctx context.Context, calls []keptCall) error {
	rows := make([]ExtensionCallRow, len(calls))
	for i, k := range calls {
		rows[i] = k.row
	}
	return t.InBatch(ctx, func(t *Tenant) error {
		return t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(rows, 100).Error
	})
}

// personKey is the keyed hash of what somebody is called who has no account yet; "" for nobody.
func (t *Tenant) personKey(who string) string {
	if who == "" {
		return ""
	}
	if canonical, err := account.CanonicalEmail(who); err == nil {
		who = canonical
	} else if canonical, err := account.CanonicalPhone(who); err == nil {
		who = canonical
	}
	return base64.RawURLEncoding.EncodeToString(t.seal.MAC("extension call", []byte(t.ID+"\x00"+who)))
}

// personKeys are those by which calls can be about somebody from before they had an account, and about codes for them.
func (t *Tenant) personKeys(u User) []string {
	called := []string{u.Mail, u.MobilePhone}
	for _, i := range u.Identities {
		if i.SignInType == account.SignInFederated {
			called = append(called, i.Issuer+" "+i.Value)
			continue
		}
		called = append(called, i.Value)
	}
	for _, m := range u.Methods {
		called = append(called, m.Name)
	}
	var out []string
	for _, c := range called {
		if key := t.personKey(c); key != "" && !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}

// forgetCalls erases the calls about somebody that do not name their account.
func (t *Tenant) forgetCalls(ctx context.Context, u User) error {
	return t.u(ctx).Where("person_key IN ?", append(t.personKeys(u), "-")).Delete(&ExtensionCallRow{}).Error
}

// CallQuery narrows recorded calls; zero values do not.
type CallQuery struct {
	ExtensionID string
	Event       extension.Event
	SignInID    string
	Failed      bool
	Before      string // id of the last one of the page before
	Limit       int    // 0 = 50
}

// Calls lists recorded calls, the latest first.
func (t *Tenant) Calls(ctx context.Context, q CallQuery) ([]extension.Call, error) {
	db := t.q(ctx)
	for column, v := range map[string]string{"extension_id": q.ExtensionID, "event": string(q.Event), "sign_in_id": q.SignInID} {
		if v != "" {
			db = db.Where(column+" = ?", v)
		}
	}
	if q.Failed {
		db = db.Where("code <> 0")
	}
	if q.Before != "" {
		db = db.Where("id < ?", q.Before)
	}
	if q.Limit <= 0 || q.Limit > maxLimit {
		q.Limit = 50
	}
	var rows []ExtensionCallRow
	if err := db.Order("id DESC").Limit(q.Limit).Find(&rows).Error; err != nil {
		return nil, err
	}
	return valuesOf(rows)
}

// ExtensionCall reads one.
func (t *Tenant) ExtensionCall(ctx context.Context, id string) (extension.Call, error) {
	var r ExtensionCallRow
	if err := t.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return extension.Call{}, found(err)
	}
	return r.value()
}

func (r ExtensionCallRow) value() (extension.Call, error) {
	var c extension.Call
	if err := json.Unmarshal([]byte(r.Document), &c); err != nil {
		return c, badJSON("extension call", r.ID, err)
	}
	c.PersonKey = r.PersonKey
	return c, nil
}

// PurgeCalls forgets up to limit calls that are too old or too many, and says how many there were.
func (t *Tenant) PurgeCalls(ctx context.Context, limit int) (int, error) {
	old := t.q(ctx).Model(&ExtensionCallRow{}).Select("id").Where("at < ?", t.Now().Add(-callsKeptFor)).Limit(limit)
	r := t.u(ctx).Where("id IN (?)", old).Delete(&ExtensionCallRow{})
	if r.Error != nil || r.RowsAffected > 0 {
		return int(r.RowsAffected), r.Error
	}
	var last ExtensionCallRow
	err := t.q(ctx).Select("id").Order("id DESC").Offset(callsKept).Take(&last).Error
	if fault.Is(found(err), fault.NotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	many := t.q(ctx).Model(&ExtensionCallRow{}).Select("id").Where("id <= ?", last.ID).Limit(limit)
	r = t.u(ctx).Where("id IN (?)", many).Delete(&ExtensionCallRow{})
	return int(r.RowsAffected), r.Error
}
