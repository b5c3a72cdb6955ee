package models

import (
	"context"
	"errors"
	"time"

	"portico/app/record"
	"portico/app/risk"
)

// RiskHistory reads what an assessment of these signals needs to know of the past: one row of the person, the
// counters of these values, the sources. What cannot be read is named in History.Missing, so that detections can say
// that they could not tell; the error says why, and the history is good for everything else.
func (t *Tenant) RiskHistory(ctx context.Context, userID string, s record.Signals, now time.Time) (risk.History, error) {
	var h risk.History
	var errs []error
	part := func(name string, read func() error) {
		if err := read(); err != nil {
			h.Missing = append(h.Missing, name)
			errs = append(errs, err)
		}
	}
	part("person", func() (err error) { h.Person, err = t.riskPerson(ctx, userID); return err })
	part("everyone", func() (err error) { h.Everyone, err = t.riskEveryone(ctx, s); return err })
	part("source", func() (err error) { h.Source, err = t.riskSource(ctx, s, now); return err })
	part("indicators", func() (err error) { h.Indicators, err = t.riskIndicators(ctx, s, now); return err })
	part("leaked", func() (err error) { h.Leaked, err = t.riskLeaked(ctx, userID); return err })
	part("waves", func() (err error) { h.Waves, err = t.riskWaves(ctx, s, now); return err })
	return h, errors.Join(errs...)
}

// RenewalHistory is the part of it that the renewal of tokens is assessed by: an app may renew by the thousand, and most
// detections are about people at a browser.
func (t *Tenant) RenewalHistory(ctx context.Context, s record.Signals, now time.Time) (risk.History, error) {
	var h risk.History
	var err error
	if h.Indicators, err = t.riskIndicators(ctx, s, now); err != nil {
		h.Missing = append(h.Missing, risk.NeedIndicators)
	}
	return h, err
}

func (t *Tenant) riskPerson(ctx context.Context, userID string) (risk.Person, error) {
	if userID == "" {
		return risk.Person{}, nil
	}
	var rows []RiskPersonRow
	if err := t.q(ctx).Where("user_id = ?", userID).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return risk.Person{}, err
	}
	p, err := risk.DecodePerson(rows[0].Body)
	if err != nil {
		return p, badJSON("what is usual for a person", userID, err)
	}
	return p, nil
}

func (t *Tenant) riskEveryone(ctx context.Context, s record.Signals) (risk.Everyone, error) {
	keys := risk.Keys(s)
	pairs := make([][]any, len(keys))
	for i, k := range keys {
		pairs[i] = []any{k.Feature, countValue(k.Value)}
	}
	var rows []RiskCountRow
	if err := t.q(ctx).Where("(feature, value) IN ?", pairs).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make(risk.Everyone, len(rows))
	for _, k := range keys {
		for _, r := range rows {
			if r.Feature == k.Feature && r.Value == countValue(k.Value) {
				out[k] = risk.Count{N: r.N, At: r.At.UTC()}
			}
		}
	}
	return out, nil
}

// countValue is a value as its counter's key: what is too long for one is cut.
func countValue(v string) string {
	if r := []rune(v); len(r) > 200 {
		return string(r[:200])
	}
	return v
}

func (t *Tenant) riskSource(ctx context.Context, s record.Signals, now time.Time) (risk.Source, error) {
	return risk.Source{}, nil
}
