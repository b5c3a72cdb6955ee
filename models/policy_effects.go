package models

import (
	"context"
	"errors"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/policy"
)

// What became of sign-ins by each policy (R 5.12.3) is counted from the decisions in the sign-in log: by a job up
// to a point, and from there on by whoever asks. So the numbers are exact, and cost nothing at sign-in.

const (
	// effectsSettle is how long the job leaves new entries alone: by then folded ones have their count, and every
	// transaction that began earlier has ended.
	effectsSettle = 10 * time.Minute
	// EffectsKept is how far back effects can be asked for.
	EffectsKept = 31 * 24 * time.Hour
	// hoursKept is how long counts are kept by the hour besides by the day.
	hoursKept = 50 * time.Hour
)

func effectDay(at time.Time) string  { return at.UTC().Format("2006-01-02") }
func effectHour(at time.Time) string { return at.UTC().Format("2006-01-02T15") }

// Effect counts the results of one policy in Graph's words.
type Effect map[string]int64

// Of adds up some of the results; report-only ones count as what they would have been.
func (e Effect) Of(results ...string) int64 {
	n := int64(0)
	for _, r := range results {
		n += e[r] + e["reportOnly"+strings.ToUpper(r[:1])+r[1:]]
	}
	return n
}

// All is how many sign-ins the policy looked at while it was not off.
func (e Effect) All() int64 { return e.Of("success", "failure", "interrupted", "notApplied") }

// EffectPart is the effect of one policy in one app, in a day or an hour ("2026-11-22", "2026-11-22T05").
type EffectPart struct {
	PolicyID string
	Day      string
	ClientID string
	Result   string
	Count    int64
}

type effectKey struct{ policy, day, client, result string }

// effectTally adds up decisions: by the day, or by the hour what is not older than hours.
type effectTally struct {
	codec *policy.Codec
	one   string // of this policy only; "" = all
	days  bool
	hours time.Time // zero = none
	parts map[effectKey]int64
}

func (e *effectTally) add(entry recordedEntry) error {
	if len(entry.Decision) == 0 {
		return nil
	}
	r, err := e.codec.UnpackAll(entry.Decision)
	if err != nil {
		return badJSON("decision of a sign-in", entry.ID, err)
	}
	day, hour := effectDay(entry.At), effectHour(entry.At)
	byHour := !e.hours.IsZero() && !entry.At.Before(e.hours)
	for _, p := range r.Policies {
		if p.Result == policyNotEnabled || e.one != "" && e.one != p.ID {
			continue
		}
		if e.days {
			e.parts[effectKey{p.ID, day, r.ClientID, p.Result}] += entry.Times
		}
		if byHour {
			e.parts[effectKey{p.ID, hour, r.ClientID, p.Result}] += entry.Times
		}
	}
	return nil
}

// policyNotEnabled is the result of a policy that was off, which nobody counts.
const policyNotEnabled = "notEnabled"

// FoldEffects counts the next entries of the log that have settled, and says how many it read.
func (t *Tenant) FoldEffects(ctx context.Context) (int, error) {
	var cursors []PolicyEffectCursorRow
	if err := t.q(ctx).Limit(1).Find(&cursors).Error; err != nil {
		return 0, err
	}
	from, after := t.Now().Add(-EffectsKept), place{}
	if len(cursors) > 0 && cursors[0].At.After(from) {
		from, after = cursors[0].At.UTC(), place{cursors[0].At.UTC(), cursors[0].ID}
	}
	tally := effectTally{codec: policy.NewCodec(), days: true, hours: t.Now().Add(-hoursKept), parts: map[effectKey]int64{}}
	n, at, err := t.recordedPage(ctx, recordedSpan{From: from, To: t.Now().Add(-effectsSettle), After: after}, tally.add)
	if err != nil || n == 0 {
		return 0, err
	}
	rows := make([]PolicyEffectRow, 0, len(tally.parts))
	for k, count := range tally.parts {
		rows = append(rows, PolicyEffectRow{TenantID: t.ID, PolicyID: k.policy, Day: k.day, ClientID: k.client, Result: k.result, Count: count})
	}
	err = t.InTx(ctx, func(t *Tenant) error {
		if err := t.moveEffects(ctx, cursors, at); err != nil {
			return err
		}
		for _, r := range rows {
			if err := t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tenant_id"}, {Name: "policy_id"}, {Name: "day"}, {Name: "client_id"}, {Name: "result"}},
				DoUpdates: clause.Assignments(map[string]any{"count": gorm.Expr("policy_effects.count + ?", r.Count)})}).Create(&r).Error; err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errEffectsMoved) {
		return 0, nil // another was faster, or older entries came in: next time
	}
	return n, err
}

var errEffectsMoved = errors.New("models: effects were counted by another")

// moveEffects takes the cursor from exactly where it was, so that nothing is counted twice.
func (t *Tenant) moveEffects(ctx context.Context, was []PolicyEffectCursorRow, to place) error {
	if len(was) == 0 {
		made := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&PolicyEffectCursorRow{TenantID: t.ID, At: to.At, ID: to.ID})
		if made.Error == nil && made.RowsAffected == 0 {
			return errEffectsMoved
		}
		return made.Error
	}
	moved := t.u(ctx).Model(&PolicyEffectCursorRow{}).Where("at = ? AND id = ?", was[0].At, was[0].ID).Updates(map[string]any{"at": to.At, "id": to.ID})
	if moved.Error == nil && moved.RowsAffected == 0 {
		return errEffectsMoved
	}
	return moved.Error
}

// recount has everything from a day on counted anew: an entry of the past has come in (an import, or an attempt
// that was closed long after it ended).
func (t *Tenant) recount(ctx context.Context, at time.Time) error {
	if t.Now().Sub(at) < effectsSettle {
		return nil
	}
	day := at.UTC().Truncate(24 * time.Hour)
	back := t.u(ctx).Model(&PolicyEffectCursorRow{}).Where("at >= ?", day).Updates(map[string]any{"at": day, "id": ""})
	if back.Error != nil || back.RowsAffected == 0 {
		return back.Error
	}
	return t.u(ctx).Where("day >= ?", effectDay(day)).Delete(&PolicyEffectRow{}).Error
}

// PurgeEffects forgets counts that nobody can ask for any more.
func (t *Tenant) PurgeEffects(ctx context.Context) error {
	return errors.Join(
		t.u(ctx).Where("day < ?", effectDay(t.Now().Add(-EffectsKept))).Delete(&PolicyEffectRow{}).Error,
		t.u(ctx).Where("day < ? AND LENGTH(day) > 10", effectDay(t.Now().Add(-hoursKept))).Delete(&PolicyEffectRow{}).Error)
}

// PolicyEffects says what became of sign-ins by each policy since a moment: since the beginning of its day, or of
// its hour when it is not longer ago than two days.
func (t *Tenant) PolicyEffects(ctx context.Context, from time.Time) (map[string]Effect, error) {
	parts, err := t.effectParts(ctx, from, "")
	if err != nil {
		return nil, err
	}
	out := map[string]Effect{}
	for k, n := range parts {
		if out[k.policy] == nil {
			out[k.policy] = Effect{}
		}
		out[k.policy][k.result] += n
	}
	return out, nil
}

// PolicyEffect is PolicyEffects of one policy, by app and day (or hour).
func (t *Tenant) PolicyEffect(ctx context.Context, policyID string, from time.Time) ([]EffectPart, error) {
	parts, err := t.effectParts(ctx, from, policyID)
	if err != nil {
		return nil, err
	}
	out := make([]EffectPart, 0, len(parts))
	for k, n := range parts {
		out = append(out, EffectPart{PolicyID: k.policy, Day: k.day, ClientID: k.client, Result: k.result, Count: n})
	}
	return out, nil
}

// effectParts adds the counted part of the log and the rest of it. When the job moves on in between, it asks again.
func (t *Tenant) effectParts(ctx context.Context, from time.Time, policyID string) (map[effectKey]int64, error) {
	hours := t.Now().Sub(from) <= 48*time.Hour
	key, start := effectDay(from), from.UTC().Truncate(24*time.Hour)
	if hours {
		key, start = effectHour(from), from.UTC().Truncate(time.Hour)
	}
	for range 5 {
		before, err := t.effectCursor(ctx)
		if err != nil {
			return nil, err
		}
		q := t.q(ctx).Model(&PolicyEffectRow{}).Where("day >= ? AND LENGTH(day) = ?", key, len(key))
		if policyID != "" {
			q = q.Where("policy_id = ?", policyID)
		}
		var sums []EffectPart
		if err := q.Select("policy_id, day, client_id, result, count").Find(&sums).Error; err != nil {
			return nil, err
		}
		tally := effectTally{codec: policy.NewCodec(), one: policyID, days: !hours, parts: make(map[effectKey]int64, len(sums))}
		if hours {
			tally.hours = start
		}
		for _, p := range sums {
			tally.parts[effectKey{p.PolicyID, p.Day, p.ClientID, p.Result}] = p.Count
		}
		rest := recordedSpan{From: later(start, before.At), To: t.Now().Add(time.Hour)}
		if before.At.After(start) {
			rest.After = before
		}
		if err := t.eachRecorded(ctx, rest, tally.add); err != nil {
			return nil, err
		}
		if after, err := t.effectCursor(ctx); err != nil || after == before {
			return tally.parts, err
		}
	}
	return nil, errEffectsMoved
}

func (t *Tenant) effectCursor(ctx context.Context) (place, error) {
	var rows []PolicyEffectCursorRow
	if err := t.q(ctx).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return place{}, err
	}
	return place{rows[0].At.UTC(), rows[0].ID}, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// effectScan is how many of the newest entries are looked through for examples.
const effectScan = 20_000

// EffectSample is a sign-in that a policy said something about.
type EffectSample struct {
	SignInID string
	At       time.Time
	UserID   string
	ClientID string
	Result   string
}

// EffectSamples finds some of the newest sign-ins since a moment for each result of a policy, except that it did
// not apply.
func (t *Tenant) EffectSamples(ctx context.Context, policyID string, from time.Time, each int) (map[string][]EffectSample, error) {
	out := map[string][]EffectSample{}
	codec, seen := policy.NewCodec(), 0
	err := t.eachRecorded(ctx, recordedSpan{From: from, To: t.Now().Add(time.Hour), NewestFirst: true}, func(e recordedEntry) error {
		if seen++; seen > effectScan {
			return errEnough
		}
		if len(e.Decision) == 0 {
			return nil
		}
		r, err := codec.UnpackAll(e.Decision)
		if err != nil {
			return badJSON("decision of a sign-in", e.ID, err)
		}
		for _, p := range r.Policies {
			if p.ID == policyID && p.Result != policyNotEnabled && !strings.HasSuffix(strings.ToLower(p.Result), "notapplied") && len(out[p.Result]) < each {
				out[p.Result] = append(out[p.Result], EffectSample{SignInID: e.ID, At: e.At.UTC(), UserID: r.UserID, ClientID: r.ClientID, Result: p.Result})
			}
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return out, err
}

// errEnough ends a visit early.
var errEnough = errors.New("models: enough was read")
