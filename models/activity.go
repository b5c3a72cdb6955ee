package models

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/insight"
)

// activity.go: Application user activity (ADR 41). The transaction that records a sign-in leaves an event; a job adds
// events to the roll-ups, in the transaction that marks them as added, so that none is added twice; whoever asks reads
// roll-ups and the events that wait, in one snapshot, so that the answer is exact.

const (
	activityDay   = "day"
	activityMonth = "month"
	// activityKnown is how long an event that was added is known, so that one that says the same counts once.
	activityKnown = 48 * time.Hour
	// activityPage is how many events are added at once.
	activityPage = 5000
)

// Activity answers a question about what was going on, exactly.
func (t *Tenant) Activity(ctx context.Context, q insight.Query) (insight.Report, error) {
	if err := q.Check(); err != nil {
		return insight.Report{}, err
	}
	answer, view := insight.NewAnswer(q), q.View()
	var out insight.Report
	err := t.snapshot(ctx, func(t *Tenant) error {
		state, _, err := t.activityState(ctx)
		if err != nil {
			return err
		}
		days := []insight.Day{}
		if q.By == insight.Daily {
			err = t.activityRolls(ctx, answer, q, view, activityDay, q.From, q.To)
		} else {
			days, err = t.activityMonths(ctx, answer, q, view)
		}
		for i := 0; err == nil && i < len(days); i += 2 {
			err = t.activityRolls(ctx, answer, q, view, activityDay, days[i], days[i+1])
		}
		if err == nil {
			err = t.activityTail(ctx, answer, q)
		}
		if out = answer.Report(); err == nil && state.Due != nil {
			due := insight.Day(*state.Due)
			out.Counting = &due
		}
		return err
	})
	return out, err
}

// snapshot runs f so that all that it reads is as of one moment.
func (t *Tenant) snapshot(ctx context.Context, f func(*Tenant) error) error {
	if t.tx != nil {
		return f(t)
	}
	var opts []*sql.TxOptions
	if t.dialect == "postgres" { // SQLite's read transactions are snapshots
		opts = append(opts, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	}
	tx := t.read.WithContext(ctx).Begin(opts...)
	if tx.Error != nil {
		return tx.Error
	}
	defer tx.Rollback() // it only reads
	return f(&Tenant{Store: t.Store, ID: t.ID, tx: tx, at: t.at})
}

// activityRolls adds the roll-ups of a range.
func (t *Tenant) activityRolls(ctx context.Context, answer *insight.Answer, q insight.Query, view insight.View, span string, from, to insight.Day) error {
	s := t.q(ctx).Model(&ActivityRollRow{}).Select("day, app_id, body").Where("view = ? AND span = ? AND day BETWEEN ? AND ?", int(view), span, int(from), int(to))
	if apps := q.Filter[insight.App]; len(apps) > 0 {
		some, list := t.anyOf(apps)
		s = s.Where("app_id "+some, list)
	}
	rows, err := s.Rows()
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var day int
		var app string
		var body sql.RawBytes
		if err := rows.Scan(&day, &app, &body); err != nil {
			return err
		}
		if err := answer.Roll(insight.Day(day), app, body); err != nil {
			return err
		}
	}
	return rows.Err()
}

// activityMonths adds the roll-ups of whole months, and gives the ranges of days that they do not cover: first, last,
// first, last, …
func (t *Tenant) activityMonths(ctx context.Context, answer *insight.Answer, q insight.Query, view insight.View) ([]insight.Day, error) {
	var there []int
	if err := t.q(ctx).Model(&ActivityRollRow{}).Where("view = 0 AND span = ? AND day BETWEEN ? AND ?", activityMonth, int(q.From), int(q.To)).
		Distinct("day").Pluck("day", &there).Error; err != nil {
		return nil, err
	}
	var days []insight.Day
	for d := q.From; d <= q.To; {
		m := d.Month()
		last := min(m.Last(), q.To)
		switch whole := d == m.First() && last == m.Last() && slices.Contains(there, int(d)); {
		case whole:
			if err := t.activityRolls(ctx, answer, q, view, activityMonth, d, d); err != nil {
				return nil, err
			}
		case len(days) > 0 && days[len(days)-1] == d-1:
			days[len(days)-1] = last
		default:
			days = append(days, d, last)
		}
		d = last + 1
	}
	return days, nil
}

// activityTail adds the events that wait.
func (t *Tenant) activityTail(ctx context.Context, answer *insight.Answer, q insight.Query) error {
	events, err := t.waitingActivity(ctx, t.q(ctx).Where("day BETWEEN ? AND ?", int(q.From), int(q.To)))
	if err != nil || len(events) == 0 {
		return err
	}
	numbers, err := t.activityNumbers(ctx, usersOf(events))
	if err != nil {
		return err
	}
	next := uint32(math.MaxUint32) // who has no number yet gets one from the other end, for this answer only
	for _, e := range events {
		n, ok := numbers[e.User]
		if !ok && e.User != "" {
			n, numbers[e.User] = next, next
			next--
		}
		answer.Event(e.Event, n)
	}
	return nil
}

// keptEvent is an event as it waits.
type keptEvent struct {
	insight.Event
	key string
}

func usersOf(events []keptEvent) []string {
	seen := map[string]bool{}
	for _, e := range events {
		if e.User != "" {
			seen[e.User] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// noteActivity leaves events to be counted, in the running transaction. What says the same as one that is known
// counts as nothing.
func (t *Tenant) noteActivity(ctx context.Context, events map[string]insight.Event) error {
	rows := make([]ActivityEventRow, 0, len(events))
	for _, key := range slices.Sorted(maps.Keys(events)) {
		e := events[key]
		if e.None() {
			continue
		}
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		rows = append(rows, ActivityEventRow{TenantID: t.ID, Day: int(e.Day), Key: key, Event: string(text)})
	}
	for chunk := range slices.Chunk(rows, bulkRows) {
		if err := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&chunk).Error; err != nil {
			return err
		}
	}
	return nil
}

// activityOf are the events of a new entry of the log that stands for some times.
func activityOf(c insight.Counted, id string, times int) map[string]insight.Event {
	out := map[string]insight.Event{}
	if !c.First.None() {
		out[c.Key] = c.First
	}
	if times > 1 && !c.More.None() {
		out[insight.Again(c, id)] = c.More.Times(int64(times - 1))
	}
	return out
}

// noteAgain counts an entry that is there some times more, and says what one more counts as: by what the log has, so
// that counting it anew gives the same.
func (t *Tenant) noteAgain(ctx context.Context, id string, times int) (insight.Counted, error) {
	var row SignInRow
	if err := t.u(ctx).Select("id", "tenant_id", "created_at", "record").Where("id = ?", id).Take(&row).Error; err != nil {
		return insight.Counted{}, found(err)
	}
	r, err := row.SignIn()
	if err != nil {
		return insight.Counted{}, err
	}
	c := insight.Of(r, row.CreatedAt)
	return c, t.noteActivity(ctx, map[string]insight.Event{insight.Again(c, NewID()): c.More.Times(int64(times))})
}

// activityCut notes that the log has lost what is before a moment: those days stay as they were counted.
func (t *Tenant) activityCut(ctx context.Context, before time.Time) error {
	return t.u(ctx).Model(&ActivityStateRow{}).Where("log_from IS NULL OR log_from < ?", before.UTC()).UpdateColumn("log_from", micro(before)).Error
}

// activityState reads where counting stands; false = it has not begun.
func (t *Tenant) activityState(ctx context.Context) (ActivityStateRow, bool, error) {
	var rows []ActivityStateRow
	err := t.q(ctx).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return ActivityStateRow{TenantID: t.ID}, false, err
	}
	return rows[0], true, nil
}

// holdActivity reads it and keeps everybody else from changing roll-ups until the transaction ends.
func (t *Tenant) holdActivity(ctx context.Context) (ActivityStateRow, error) {
	var row ActivityStateRow
	return row, t.lock(ctx).Take(&row).Error
}

// waitingActivity reads events that wait.
func (t *Tenant) waitingActivity(_ context.Context, q *gorm.DB) ([]keptEvent, error) {
	var rows []ActivityEventRow
	if err := q.Where("folded_at IS NULL").Select("day", "key", "event").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]keptEvent, len(rows))
	for i, r := range rows {
		if err := json.Unmarshal([]byte(r.Event), &out[i].Event); err != nil {
			return nil, badJSON("event of activity", r.Key, err)
		}
		out[i].key = r.Key
	}
	return out, nil
}

// activityNumbers reads the numbers of people who have one.
func (t *Tenant) activityNumbers(ctx context.Context, users []string) (map[string]uint32, error) {
	out := make(map[string]uint32, len(users))
	for chunk := range slices.Chunk(users, 500) {
		some, list := t.anyOf(chunk)
		var rows []ActivityPersonRow
		if err := t.q(ctx).Where("user_id "+some, list).Find(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.UserID] = uint32(r.Number)
		}
	}
	return out, nil
}
