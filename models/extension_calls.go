package models

import (
	"context"
	"encoding/json"
	"time"

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

// keptCall is one that waits to be written.
type keptCall struct {
	tenantID string
	call     extension.Call
}

// KeepCall records a call. It is written within a second, by FlushCalls, so that no sign-in waits for it; what comes while
// too much waits already is dropped, because the sign-in's own trace has it in short.
func (t *Tenant) KeepCall(c extension.Call) {
	t.calls.mu.Lock()
	defer t.calls.mu.Unlock()
	if len(t.calls.waiting) < callsWaiting {
		t.calls.waiting = append(t.calls.waiting, keptCall{t.ID, c})
	}
}

// FlushCalls writes what KeepCall took.
func (s *Store) FlushCalls(ctx context.Context) error {
	s.calls.mu.Lock()
	waiting := s.calls.waiting
	s.calls.waiting = nil
	s.calls.mu.Unlock()
	byTenant := map[string][]ExtensionCallRow{}
	for _, k := range waiting {
		doc, err := json.Marshal(k.call)
		if err != nil {
			return err
		}
		byTenant[k.tenantID] = append(byTenant[k.tenantID], ExtensionCallRow{ID: k.call.ID, TenantID: k.tenantID, At: micro(k.call.At), ExtensionID: k.call.ExtensionID,
			Event: string(k.call.Event), Code: int(k.call.Code), Trial: k.call.Trial, SignInID: k.call.SignInID, UserID: k.call.UserID, CorrelationID: k.call.CorrelationID, AppID: k.call.AppID, Document: string(doc)})
	}
	for id, rows := range byTenant {
		err := s.Tenant(id).InBatch(ctx, func(t *Tenant) error { return t.w(ctx).CreateInBatches(rows, 100).Error })
		if err != nil {
			return err
		}
	}
	return nil
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
