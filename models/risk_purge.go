package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"portico/app/risk"
)

// risk_purge.go: what is forgotten, and when (R 6.2.6, R 6.13).

const (
	// ageLow is after which time a detection of low risk counts no more: medium and high ones stay until somebody deals
	// with them.
	ageLow = 180 * 24 * time.Hour
	// countFloor is what a counter is worth when it is forgotten: half a sighting.
	countFloor = 0.5
	prunePage  = 5000 // counters that one statement reads
	daysKept   = 400 * 24 * time.Hour
)

// AgeDetections forgets up to limit detections of low risk that nobody dealt with for half a year, and says how many
// it did. The risk of their people follows.
func (t *Tenant) AgeDetections(ctx context.Context, limit int) (int, error) {
	n := 0
	err := t.InTx(ctx, func(t *Tenant) error {
		var rows []RiskDetectionRow
		old := func(q *gorm.DB) *gorm.DB {
			return q.Where("state = ? AND level = ? AND detected_at < ?", RiskAtRisk, risk.Low, t.Now().Add(-ageLow)).Order("detected_at, id").Limit(limit)
		}
		var owners []string
		if err := old(t.u(ctx).Model(&RiskDetectionRow{})).Pluck("user_id", &owners).Error; err != nil {
			return err
		}
		if err := t.holdPeople(ctx, owners); err != nil {
			return err
		}
		err := old(t.lock(ctx)).Where("user_id IN ?", distinct(owners)).Find(&rows).Error
		if err != nil || len(rows) == 0 {
			return err
		}
		n = len(rows)
		people := map[string]riskMove{}
		for _, r := range rows {
			if err := t.u(ctx).Where("id = ?", r.ID).Delete(&RiskDetectionRow{}).Error; err != nil {
				return err
			}
			if r.UserID != "" {
				m := people[r.UserID]
				m.led(r)
				people[r.UserID] = m
			}
		}
		if err := t.followSignIns(ctx, rows, verdict{}); err != nil {
			return err
		}
		for id, m := range people {
			if _, err := t.moveRisk(ctx, id, m); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// PurgeDetections forgets up to limit detections that were closed before a moment, with as many entries of people's
// histories, and says how many detections it did. Open ones are never forgotten.
func (t *Tenant) PurgeDetections(ctx context.Context, before time.Time, limit int) (int, error) {
	old := t.w(ctx).Model(&RiskDetectionRow{}).Select("id").Where("tenant_id = ? AND updated_at < ? AND state NOT IN ?", t.ID, before.UTC(), openStates()).Order("updated_at").Limit(limit)
	gone := t.u(ctx).Where("id IN (?)", old).Delete(&RiskDetectionRow{})
	if gone.Error != nil {
		return 0, gone.Error
	}
	events := t.w(ctx).Model(&RiskEventRow{}).Select("id").Where("tenant_id = ? AND at < ?", t.ID, before.UTC()).Limit(limit)
	return int(gone.RowsAffected), t.u(ctx).Where("id IN (?)", events).Delete(&RiskEventRow{}).Error
}

// PruneRisk forgets statistics that say nothing any more: sources of the day before yesterday, counters that have faded,
// days of long ago, and what can be taken back no more.
func (t *Tenant) PruneRisk(ctx context.Context) error {
	now := t.Now()
	for ctx.Err() == nil { // an hour at a time, so that writers never wait long
		var hours []string
		if err := t.q(ctx).Model(&RiskSourceRow{}).Where("hour < ?", sourceHour(now.Add(-SourcesKept))).Order("hour").Limit(1).Pluck("hour", &hours).Error; err != nil {
			return err
		}
		if len(hours) == 0 {
			break
		}
		if err := t.u(ctx).Where("hour = ?", hours[0]).Delete(&RiskSourceRow{}).Error; err != nil {
			return err
		}
	}
	if err := t.u(ctx).Where("day < ?", now.Add(-daysKept).Format(time.DateOnly)).Delete(&RiskDayRow{}).Error; err != nil {
		return err
	}
	if err := t.u(ctx).Where("at < ?", now.Add(-undoKept)).Delete(&RiskUndoRow{}).Error; err != nil {
		return err
	}
	return t.pruneCounts(ctx, now)
}

// pruneCounts reads all counters, a page at a time, and forgets those that have faded.
func (t *Tenant) pruneCounts(ctx context.Context, now time.Time) error {
	var feature, value string
	for first := true; ctx.Err() == nil; first = false {
		q := t.q(ctx)
		if !first {
			q = q.Where("(feature, value) > (?, ?)", feature, value)
		}
		var rows []RiskCountRow
		if err := q.Order("feature, value").Limit(prunePage).Find(&rows).Error; err != nil || len(rows) == 0 {
			return err
		}
		feature, value = rows[len(rows)-1].Feature, rows[len(rows)-1].Value
		err := t.InTx(ctx, func(t *Tenant) error {
			for _, r := range rows {
				if (risk.Count{N: r.N, At: r.At}).Now(now) >= countFloor {
					continue
				}
				// Not one that was counted again meanwhile.
				if err := t.u(ctx).Where("feature = ? AND value = ? AND at = ?", r.Feature, r.Value, r.At.UTC()).Delete(&RiskCountRow{}).Error; err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(rows) < prunePage {
			return err
		}
	}
	return ctx.Err()
}
