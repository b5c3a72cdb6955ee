package models

import (
	"context"
	"time"

	"portico/app/extension"
)

// RecorderQuery narrows the recorder's list; zero values do not.
type RecorderQuery struct {
	From, To    time.Time
	ExtensionID string
	Event       extension.Event
	Code        extension.Code
	SignInID    string
	AppID       string // the client id
	Correlation string
	Failed      *bool
	Trial       *bool
	After       string // Next of the page before
	Limit       int    // 0 = 50
}

// RecordedCalls lists recorded calls page by page, the latest first.
func (t *Tenant) RecordedCalls(ctx context.Context, q RecorderQuery) (Page[extension.Call], error) {
	l := Listing{Desc: true, Limit: q.Limit}
	if l.Limit <= 0 || l.Limit > maxLimit {
		l.Limit = defaultLimit
	}
	want := func(sql string, arg any) { l.Where = append(l.Where, Condition{SQL: sql, Args: []any{arg}}) }
	for _, c := range []struct{ column, value string }{{"extension_id", q.ExtensionID}, {"event", string(q.Event)}, {"sign_in_id", q.SignInID}, {"app_id", q.AppID}, {"correlation_id", q.Correlation}} {
		if c.value != "" {
			want(c.column+" = ?", c.value)
		}
	}
	if q.Code != 0 {
		want("code = ?", int(q.Code))
	}
	if !q.From.IsZero() {
		want("at >= ?", q.From.UTC())
	}
	if !q.To.IsZero() {
		want("at < ?", q.To.UTC())
	}
	if q.Failed != nil {
		want("(code <> 0) = ?", *q.Failed)
	}
	if q.Trial != nil {
		want("trial = ?", *q.Trial)
	}
	if q.After != "" {
		l.After = &Position{ID: q.After}
	}
	l.Limit++ // one more tells whether there is a next page
	rows, err := ListRows[ExtensionCallRow](ctx, t, l)
	if err != nil {
		return Page[extension.Call]{}, err
	}
	var out Page[extension.Call]
	if len(rows) == l.Limit {
		rows = rows[:l.Limit-1]
		out.Next = rows[len(rows)-1].ID
	}
	out.Items, err = valuesOf(rows)
	return out, err
}

// CallHealth is how the calls of one extension went in a span of time. What an admin tried counts for nothing.
type CallHealth struct {
	Calls, Failures int64
	Last            time.Time
	FailingSince    time.Time // the first failure after the last answer that counted; zero = the last call was answered
}

// CallHealth sums up recorded calls since a moment, by extension.
func (t *Tenant) CallHealth(ctx context.Context, since time.Time) (map[string]CallHealth, error) {
	var rows []struct {
		ExtensionID     string
		Calls, Failures int64
		Last, LastOK    string // ids: they are in the order of time
	}
	err := t.q(ctx).Model(&ExtensionCallRow{}).Where("at >= ? AND trial = ?", since, false).Group("extension_id").
		Select("extension_id, COUNT(*) AS calls, SUM(CASE WHEN code <> 0 THEN 1 ELSE 0 END) AS failures, MAX(id) AS last, COALESCE(MAX(CASE WHEN code = 0 THEN id END), '') AS last_ok").Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	out := make(map[string]CallHealth, len(rows))
	for _, r := range rows {
		h := CallHealth{Calls: r.Calls, Failures: r.Failures}
		if h.Last, err = t.callAt(ctx, r.ExtensionID, "id = ?", r.Last, since); err != nil {
			return nil, err
		}
		if r.Last != r.LastOK {
			if h.FailingSince, err = t.callAt(ctx, r.ExtensionID, "id > ?", r.LastOK, since); err != nil {
				return nil, err
			}
		}
		out[r.ExtensionID] = h
	}
	return out, nil
}

// callAt is when the first call of an extension was that meets a condition on its id.
func (t *Tenant) callAt(ctx context.Context, extensionID, where, id string, since time.Time) (time.Time, error) {
	var row ExtensionCallRow
	err := t.q(ctx).Select("at").Where("extension_id = ? AND at >= ? AND trial = ?", extensionID, since, false).Where(where, id).Order("id").Limit(1).Find(&row).Error
	return row.At.UTC(), err
}
