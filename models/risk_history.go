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
	wanted := make([]risk.Key, len(keys))
	for i, k := range keys {
		wanted[i] = risk.Key{Feature: k.Feature, Value: countValue(k.Value)}
	}
	have, err := t.countsOf(ctx, wanted)
	if err != nil {
		return nil, err
	}
	out := make(risk.Everyone, len(have))
	for i, k := range keys {
		if c, ok := have[wanted[i]]; ok {
			out[k] = c
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

// riskSource adds up what came from the address in the last day.
func (t *Tenant) riskSource(ctx context.Context, s record.Signals, now time.Time) (risk.Source, error) {
	source := risk.SourceOf(s.IP)
	if source == "" {
		return risk.Source{}, nil
	}
	var rows []RiskSourceRow
	err := t.q(ctx).Select("attempts", "failures", "successes", "sign_ups", "accounts", "strangers").
		Where("source = ? AND hour > ? AND hour <= ?", source, sourceHour(now.Add(-sourceDay)), sourceHour(now)).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return risk.Source{}, err
	}
	var out risk.Source
	accounts, strangers := risk.NewSketch(risk.SourceSketch), risk.NewSketch(risk.SourceSketch)
	for _, r := range rows {
		out.Attempts += int(r.Attempts)
		out.Failures += int(r.Failures)
		out.Successes += int(r.Successes)
		out.SignUps += int(r.SignUps)
		accounts.Merge(r.Accounts)
		strangers.Merge(r.Strangers)
	}
	out.Accounts, out.Unknown = accounts.Count(), strangers.Count()
	return out, nil
}
