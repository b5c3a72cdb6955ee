package models

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/audit"
	"portico/app/insight"
	"portico/app/record"
)

// FoldActivity adds the next events to the roll-ups, or counts the next day of the log anew where that is due, and says
// how much it did; the job calls it until that is nothing. It may be stopped anywhere: a step is one transaction.
func (t *Tenant) FoldActivity(ctx context.Context) (int, error) {
	state, begun, err := t.activityState(ctx)
	if err != nil {
		return 0, err
	}
	if !begun {
		return 1, t.dueActivity(ctx)
	}
	if state.Due != nil {
		return 1, t.countDayAnew(ctx, insight.Day(*state.Due))
	}
	var some []string
	if err := t.q(ctx).Model(&ActivityEventRow{}).Where("folded_at IS NULL").Limit(1).Pluck("key", &some).Error; err != nil || len(some) == 0 {
		return 0, err
	}
	n := 0
	err = t.InTx(ctx, func(t *Tenant) error {
		state, err := t.holdActivity(ctx)
		if err != nil {
			return err
		}
		n, err = t.addActivity(ctx, &state)
		return err
	})
	return n, err
}

// addActivity adds the events that wait longest by their day, while the state is held.
func (t *Tenant) addActivity(ctx context.Context, state *ActivityStateRow) (int, error) {
	events, err := t.waitingActivity(ctx, t.u(ctx).Order("day, key").Limit(activityPage))
	if err != nil || len(events) == 0 {
		return 0, err
	}
	numbers, err := t.numberPeople(ctx, state, usersOf(events), false)
	if err != nil {
		return 0, err
	}
	rolls, keys := activityTally{}, map[insight.Day][]string{}
	for _, e := range events {
		rolls.add(e.Event, numbers[e.User])
		keys[e.Day] = append(keys[e.Day], e.key)
	}
	if err := t.writeRolls(ctx, rolls, true); err != nil {
		return 0, err
	}
	at := t.Now()
	for day, list := range keys {
		for chunk := range slices.Chunk(list, 500) {
			some, list := t.anyOf(chunk)
			if err := t.u(ctx).Model(&ActivityEventRow{}).Where("day = ? AND key "+some, int(day), list).
				UpdateColumns(map[string]any{"folded_at": at, "event": ""}).Error; err != nil {
				return 0, err
			}
		}
	}
	return len(events), nil
}

// activityTally is what is to be added, by day and app, in every view.
type activityTally map[activityPlace][]*insight.Roll

type activityPlace struct {
	day insight.Day
	app string
}

func (y activityTally) add(e insight.Event, number uint32) {
	k := activityPlace{e.Day, e.Values[insight.App]}
	if y[k] == nil {
		for _, v := range insight.Views() {
			y[k] = append(y[k], insight.NewRoll(v))
		}
	}
	for _, r := range y[k] {
		r.Add(e, number)
	}
}

// writeRolls writes days, added to what is there or in its place, and lets their months be made again.
func (t *Tenant) writeRolls(ctx context.Context, tally activityTally, add bool) error {
	months := map[insight.Month]bool{}
	for _, k := range slices.SortedFunc(maps.Keys(tally), func(a, b activityPlace) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.app, b.app))
	}) {
		months[k.day.Month()] = true
		for _, r := range tally[k] {
			if add {
				if err := t.mergeRoll(ctx, r, k); err != nil {
					return err
				}
			}
			if err := t.writeRoll(ctx, r, activityDay, k); err != nil {
				return err
			}
		}
	}
	for m := range months {
		if err := t.forgetMonth(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tenant) mergeRoll(ctx context.Context, r *insight.Roll, k activityPlace) error {
	var rows []ActivityRollRow
	err := t.u(ctx).Where("view = ? AND span = ? AND day = ? AND app_id = ?", int(r.View), activityDay, int(k.day), k.app).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return err
	}
	have, err := insight.Decode(rows[0].Body)
	if err != nil {
		return fmt.Errorf("activity of %s: %w", k.day, err)
	}
	r.Merge(have)
	return nil
}

func (t *Tenant) writeRoll(ctx context.Context, r *insight.Roll, span string, k activityPlace) error {
	body, err := r.Encode()
	if err != nil {
		return err
	}
	return t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tenant_id"}, {Name: "view"}, {Name: "span"}, {Name: "day"}, {Name: "app_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"body"})}).
		Create(&ActivityRollRow{TenantID: t.ID, View: int(r.View), Span: span, Day: int(k.day), AppID: k.app, Body: body}).Error
}

func (t *Tenant) forgetMonth(ctx context.Context, m insight.Month) error {
	return t.u(ctx).Where("span = ? AND day = ?", activityMonth, int(m.First())).Delete(&ActivityRollRow{}).Error
}

var errTooMany = errors.New("models: more people than activity has numbers for")

// numberPeople gives everybody a number while the state is held, and keeps it with the person; of somebody who is
// erased it is kept only until counting anew has come to its end, so that they are one in all days.
func (t *Tenant) numberPeople(ctx context.Context, state *ActivityStateRow, users []string, gone bool) (map[string]uint32, error) {
	numbers, err := t.activityNumbers(ctx, users)
	if err != nil {
		return nil, err
	}
	lack := slices.DeleteFunc(slices.Clone(users), func(id string) bool { _, ok := numbers[id]; return ok })
	if len(lack) == 0 {
		return numbers, nil
	}
	there := map[string]bool{}
	for chunk := range slices.Chunk(lack, 500) {
		var have []string
		if err := t.byID(ctx, chunk).Model(&UserRow{}).Pluck("id", &have).Error; err != nil {
			return nil, err
		}
		for _, id := range have {
			there[id] = true
		}
	}
	var rows []ActivityPersonRow
	for _, id := range lack {
		if state.Next >= math.MaxInt32 {
			return nil, errTooMany
		}
		numbers[id] = uint32(state.Next)
		if there[id] || gone {
			rows = append(rows, ActivityPersonRow{TenantID: t.ID, UserID: id, Number: state.Next})
		}
		state.Next++
	}
	for chunk := range slices.Chunk(rows, bulkRows) {
		if err := t.w(ctx).Create(&chunk).Error; err != nil {
			return nil, err
		}
	}
	return numbers, t.u(ctx).Model(&ActivityStateRow{}).Where("1 = 1").UpdateColumn("next", state.Next).Error
}

// RebuildActivity has the whole log counted anew, by the job or by whoever calls FoldActivity until it gives 0. What
// the log has no more stays as it was counted.
func (t *Tenant) RebuildActivity(ctx context.Context, actor audit.Actor) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		return audit.Event{Activity: "Count activity anew", Category: "Policy", Operation: "Update", Target: audit.Target{Kind: "activity", ID: t.ID}}, t.dueActivity(ctx)
	})
}

// dueActivity has everything that the log still knows whole counted anew.
func (t *Tenant) dueActivity(ctx context.Context) error {
	return t.InTx(ctx, func(t *Tenant) error {
		if err := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&ActivityStateRow{TenantID: t.ID}).Error; err != nil {
			return err
		}
		state, err := t.holdActivity(ctx)
		if err != nil {
			return err
		}
		first, ok, err := t.firstEntry(ctx, time.Unix(0, 0))
		if err != nil {
			return err
		}
		var due *int
		if ok {
			d := int(insight.DayOf(first))
			due = &d
		}
		var rolled []int
		if err := t.u(ctx).Model(&ActivityRollRow{}).Where("view = 0 AND span = ?", activityDay).Order("day").Limit(1).Pluck("day", &rolled).Error; err != nil {
			return err
		}
		if len(rolled) > 0 && (due == nil || rolled[0] < *due) {
			due = &rolled[0]
		}
		if due != nil && state.LogFrom != nil { // the day that was cut is no more known whole
			whole := int(insight.DayOf(state.LogFrom.Add(24*time.Hour - time.Microsecond)))
			due = new(max(*due, whole))
		}
		return t.setDue(ctx, due)
	})
}

func (t *Tenant) setDue(ctx context.Context, due *int) error {
	return t.u(ctx).Model(&ActivityStateRow{}).Where("1 = 1").UpdateColumn("due", due).Error
}

// firstEntry is when the log goes on from a moment.
func (t *Tenant) firstEntry(ctx context.Context, from time.Time) (time.Time, bool, error) {
	table := "sign_ins"
	if t.dialect == "sqlite" {
		table += " INDEXED BY signins_time"
	}
	var at []time.Time
	err := t.r(ctx).Table(table).Where("tenant_id = ? AND created_at >= ?", t.ID, from.UTC()).Order("created_at").Limit(1).Pluck("created_at", &at).Error
	if err != nil || len(at) == 0 {
		return time.Time{}, false, err
	}
	return at[0].UTC(), true, nil
}

// countDayAnew counts one day of the log, in the place of what was counted, and says which day is next. It is one
// transaction that sees one moment: events of the day that wait are in the log that it reads, and no others.
func (t *Tenant) countDayAnew(ctx context.Context, day insight.Day) error {
	return t.settled(ctx, func(t *Tenant) error {
		state, err := t.holdActivity(ctx)
		if err != nil || state.Due == nil || *state.Due != int(day) { // another was faster
			return err
		}
		tally, err := t.tallyDay(ctx, &state, day)
		if err != nil {
			return err
		}
		next, ok, err := t.firstEntry(ctx, (day + 1).Start())
		if err != nil {
			return err
		}
		until := math.MaxInt32
		if ok {
			until = int(insight.DayOf(next))
		}
		if err := t.u(ctx).Where("span = ? AND day >= ? AND day < ?", activityDay, int(day), until).Delete(&ActivityRollRow{}).Error; err != nil {
			return err
		}
		if err := t.u(ctx).Where("span = ? AND day >= ? AND day < ?", activityMonth, int(day.Month().First()), until).Delete(&ActivityRollRow{}).Error; err != nil {
			return err
		}
		if err := t.writeRolls(ctx, tally, false); err != nil {
			return err
		}
		if err := t.u(ctx).Model(&ActivityEventRow{}).Where("folded_at IS NULL AND day >= ? AND day < ?", int(day), until).
			UpdateColumns(map[string]any{"folded_at": t.Now(), "event": ""}).Error; err != nil {
			return err
		}
		if ok {
			return t.setDue(ctx, &until)
		}
		if err := t.w(ctx).Exec("DELETE FROM activity_people WHERE tenant_id = ? AND NOT EXISTS (SELECT 1 FROM users WHERE users.id = activity_people.user_id AND users.tenant_id = activity_people.tenant_id)", t.ID).Error; err != nil {
			return err
		}
		return t.setDue(ctx, nil)
	})
}

// settled is InTx with a snapshot, on Postgres too. What another changed meanwhile is tried again next time.
func (t *Tenant) settled(ctx context.Context, f func(*Tenant) error) error {
	if t.tx != nil || t.dialect != "postgres" {
		return t.InTx(ctx, f)
	}
	err := t.transactions.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		return f(&Tenant{Store: t.Store, ID: t.ID, tx: tx, after: new([]func()), at: t.at})
	}, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "40001" {
		return nil // another changed what this reads: it is due still
	}
	return err
}

// tallyDay counts a day of the log.
func (t *Tenant) tallyDay(ctx context.Context, state *ActivityStateRow, day insight.Day) (activityTally, error) {
	tally, seen, after := activityTally{}, map[string]bool{}, place{At: day.Start()}
	for {
		var events []keptEvent
		n, at, err := t.activityPage(ctx, after, (day + 1).Start(), func(r record.SignIn, at time.Time) {
			for key, e := range activityOf(insight.Of(r, at), r.ID, max(r.Count, 1)) {
				if !seen[key] {
					seen[key] = true
					events = append(events, keptEvent{Event: e})
				}
			}
		})
		if err != nil {
			return nil, err
		}
		numbers, err := t.numberPeople(ctx, state, usersOf(events), true)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			tally.add(e.Event, numbers[e.User])
		}
		if n == 0 {
			return tally, nil
		}
		after = at
	}
}

// activityPage visits the next entries of the log.
func (t *Tenant) activityPage(ctx context.Context, after place, before time.Time, visit func(record.SignIn, time.Time)) (int, place, error) {
	table := "sign_ins"
	if t.dialect == "sqlite" { // it would rather sort the whole table
		table += " INDEXED BY signins_time"
	}
	rows, err := t.r(ctx).Raw("SELECT id, created_at, count, record FROM "+table+
		" WHERE tenant_id = ? AND created_at < ? AND (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?", t.ID, before.UTC(), after.At.UTC(), after.ID, t.logPage).Rows()
	if err != nil {
		return 0, after, err
	}
	defer func() { _ = rows.Close() }()
	n := 0
	for rows.Next() {
		var id string
		var at time.Time
		var count int
		var body sql.RawBytes
		if err := rows.Scan(&id, &at, &count, &body); err != nil {
			return n, after, err
		}
		var r record.SignIn
		if err := json.Unmarshal(body, &r); err != nil {
			return n, after, badJSON("sign-in", id, err)
		}
		r.ID, r.Count = id, count
		n, after = n+1, place{at.UTC(), id}
		visit(r, after.At)
	}
	return n, after, rows.Err()
}

// RollMonths adds the days of months that are over together, so that a year is read from twelve roll-ups, and says how
// many months it made.
func (t *Tenant) RollMonths(ctx context.Context) (int, error) {
	now := insight.DayOf(t.Now()).Month()
	var days []int
	if err := t.q(ctx).Model(&ActivityRollRow{}).Where("view = 0 AND span = ? AND day < ?", activityDay, int(now.First())).
		Distinct("day").Order("day").Pluck("day", &days).Error; err != nil {
		return 0, err
	}
	var have []int
	if err := t.q(ctx).Model(&ActivityRollRow{}).Where("view = 0 AND span = ?", activityMonth).Distinct("day").Pluck("day", &have).Error; err != nil {
		return 0, err
	}
	made, last := 0, insight.Month("")
	for _, d := range days {
		m := insight.Day(d).Month()
		if m == last || slices.Contains(have, int(m.First())) {
			continue
		}
		if err := t.rollMonth(ctx, m); err != nil {
			return made, err
		}
		made, last = made+1, m
	}
	return made, nil
}

func (t *Tenant) rollMonth(ctx context.Context, m insight.Month) error {
	return t.InTx(ctx, func(t *Tenant) error {
		if _, err := t.holdActivity(ctx); err != nil {
			return found(err)
		}
		for _, v := range insight.Views() {
			apps, err := t.unitedDays(ctx, v, m)
			if err != nil {
				return err
			}
			for _, app := range slices.Sorted(maps.Keys(apps)) {
				if err := t.writeRoll(ctx, apps[app], activityMonth, activityPlace{m.First(), app}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (t *Tenant) unitedDays(ctx context.Context, v insight.View, m insight.Month) (map[string]*insight.Roll, error) {
	rows, err := t.u(ctx).Model(&ActivityRollRow{}).Select("app_id, body").Where("view = ? AND span = ? AND day BETWEEN ? AND ?",
		int(v), activityDay, int(m.First()), int(m.Last())).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	apps := map[string]*insight.Roll{}
	for rows.Next() {
		var app string
		var body sql.RawBytes
		if err := rows.Scan(&app, &body); err != nil {
			return nil, err
		}
		r, err := insight.Decode(body)
		if err != nil {
			return nil, fmt.Errorf("activity of %s: %w", m, err)
		}
		if apps[app] == nil {
			apps[app] = insight.NewRoll(v)
		}
		apps[app].Merge(r)
	}
	return apps, rows.Err()
}

// PurgeActivity forgets which events were added long ago, and roll-ups that nobody can ask for any more; it says how
// much that was, up to limit.
func (t *Tenant) PurgeActivity(ctx context.Context, limit int) (int, error) {
	now := t.Now()
	old := t.w(ctx).Model(&ActivityEventRow{}).Select("key").Where("tenant_id = ? AND folded_at < ?", t.ID, now.Add(-activityKnown)).Limit(limit)
	gone := t.u(ctx).Where("folded_at < ? AND key IN (?)", now.Add(-activityKnown), old).Delete(&ActivityEventRow{})
	if gone.Error != nil {
		return 0, gone.Error
	}
	last := insight.DayOf(now) - insight.KeptDays
	rolls := t.u(ctx).Where("span = ? AND day < ? OR span = ? AND day < ?", activityDay, int(last), activityMonth, int(last.Month().First())).Delete(&ActivityRollRow{})
	return int(gone.RowsAffected + rolls.RowsAffected), rolls.Error
}
