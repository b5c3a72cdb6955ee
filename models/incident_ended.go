package models

import (
	"context"
	"slices"
	"time"

	"portico/app/record"
	"portico/app/risk"
)

// incident_ended.go: what was told by an incident that is closed is not told once more. Sources are counted by the
// hour and text messages by the day, so that the numbers of a wave that ended are still there when the next attempt
// comes from the same place; only what came after its end may be an attack.

// endedWave is a closed incident, as far as it says what is told already.
type endedWave struct {
	kind, code     string
	keys           map[string]bool
	at             time.Time // when it ended
	quiet          bool      // nothing came for long before it was closed, so that no hour has attempts of before and after
	texts, refused int       // text messages of today
}

func (w endedWave) has(keys []string) bool {
	return slices.ContainsFunc(keys, func(k string) bool { return w.keys[k] })
}

// endedWaves are the closed incidents whose attempts may still be counted.
func (t *Tenant) endedWaves(ctx context.Context, from, now time.Time) ([]endedWave, error) {
	var rows []RiskIncidentRow
	err := t.q(ctx).Where("state = ? AND NOT simulated AND (last_at >= ? OR kind = ? AND last_at >= ?)", risk.IncidentClosed, from.Add(-time.Hour).UTC(), risk.SMSPumping, now.UTC().Truncate(24*time.Hour)).
		Order("last_at DESC").Limit(wavesOpen).Find(&rows).Error
	if err != nil {
		return nil, err
	}
	out := make([]endedWave, 0, len(rows))
	for _, r := range rows {
		i, err := r.incident()
		if err != nil {
			return nil, err
		}
		w := endedWave{kind: i.Kind, code: i.Code, keys: make(map[string]bool, len(i.Keys)), at: later(i.LastAt, timeOf(i.ClosedAt))}
		if w.quiet = w.at.Sub(i.LastAt) > waveQuiet; w.quiet {
			w.at = i.LastAt
		}
		for _, k := range i.Keys {
			w.keys[k] = true
		}
		if textDay(i.LastAt) == textDay(now) {
			w.texts, w.refused = i.Texts, i.Refused
		}
		out = append(out, w)
	}
	return out, nil
}

// windowsSince leaves out what belongs to waves that ended. Of an hour in which somebody closed one, the log says what
// came afterwards.
func (t *Tenant) windowsSince(ctx context.Context, ended []endedWave, windows []risk.Window, now time.Time) ([]risk.Window, error) {
	since := map[time.Time]map[string]RiskSourceRow{}
	out := windows[:0]
	for _, w := range windows {
		var end time.Time
		quiet := true
		for _, e := range ended {
			if guess(e.kind) && !w.From.After(e.at) && e.at.After(end) && e.has(w.Keys()) {
				end, quiet = e.at, e.quiet
			}
		}
		switch {
		case end.IsZero():
			out = append(out, w)
			continue
		case quiet || !w.To.After(end):
			continue
		}
		if since[end] == nil {
			var err error
			if since[end], err = t.sourcesSince(ctx, end, now); err != nil {
				return nil, err
			}
		}
		if r, ok := since[end][w.Source]; ok && r.Attempts > 0 {
			w.From, w.Attempts, w.Failures, w.Successes, w.SignUps = end, int(r.Attempts), int(r.Failures), int(r.Successes), int(r.SignUps)
			w.Accounts, w.Strangers = r.Accounts, r.Strangers
			out = append(out, w)
		}
	}
	return out, nil
}

// sourcesSince counts by source what the log has between a moment and the end of its hour. It reads as much of the log
// as the search for a first attempt does.
func (t *Tenant) sourcesSince(ctx context.Context, from, now time.Time) (map[string]RiskSourceRow, error) {
	y := t.newTally()
	y.since = from
	to := from.Truncate(time.Hour).Add(time.Hour)
	if settled := now.Add(-riskSettle); settled.Before(to) {
		to = settled
	}
	after := place{At: from}
	for range firstReads {
		n, at, err := t.countedPage(ctx, after, to, func(e countedEntry) {
			if e.assessed() && e.Kind == record.Interactive {
				y.addSource(e)
			}
		})
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		after = at
	}
	out := make(map[string]RiskSourceRow, len(y.sources))
	for k, r := range y.sources {
		out[k.source] = *r
	}
	return out, nil
}
