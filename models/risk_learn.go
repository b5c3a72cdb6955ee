package models

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/record"
	"portico/app/risk"
)

// risk_learn.go: an installation that is upgraded has a sign-in log and knows nobody. What is usual for its people is
// learnt from the log that it kept, person by person, as it would have been while they signed in (ADR 37, ADR 38).

const (
	readLearn  = "learn" // the cursor's name; its ID is the last person who was looked at
	learnBatch = 50      // people that one call looks at
	learnMost  = 400     // sign-ins of one person, the latest: older ones say little and have no room
	learntAll  = "~"     // sorts behind every id: nobody is left
)

// LearnLog teaches the rows of the next people from what the log has of before they were known, and says how many it
// looked at; 0 when everybody was. Each person is a transaction. What a person's row knows begins with its first
// sign-in, so that only older ones are added: nothing is learnt twice, however often it is run and by how many.
func (t *Tenant) LearnLog(ctx context.Context) (int, error) {
	self, err := t.Get(ctx)
	if err != nil || !self.Governed() {
		return 0, err
	}
	was, err := t.riskCursor(ctx, readLearn)
	if err != nil || was != nil && was.ID == learntAll {
		return 0, err
	}
	after, began := "", t.Now()
	if was != nil {
		after, began = was.ID, was.At
	}
	var ids []string
	if err := t.q(ctx).Model(&UserRow{}).Where("id > ? AND deleted_at IS NULL", after).Order("id").Limit(learnBatch).Pluck("id", &ids).Error; err != nil {
		return 0, err
	}
	for _, id := range ids {
		if err := t.learnPerson(ctx, id, began, self.Settings.Risk); err != nil {
			return 0, err
		}
	}
	next := learntAll
	if len(ids) > 0 {
		next = ids[len(ids)-1]
	}
	return len(ids), t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tenant_id"}, {Name: "reader"}}, DoUpdates: clause.AssignmentColumns([]string{"id"})}).
		Create(&RiskCursorRow{TenantID: t.ID, Reader: readLearn, At: micro(began), ID: next}).Error
}

// learnPerson adds what the log has of one person from before their row begins.
func (t *Tenant) learnPerson(ctx context.Context, userID string, began time.Time, s risk.Settings) error {
	return t.InTx(ctx, func(t *Tenant) error {
		p, err := t.lockRiskPerson(ctx, userID)
		if err != nil {
			return err
		}
		to := began
		if p.Times > 0 && p.First.Before(to) {
			to = p.First
		}
		visits, err := t.formerSignIns(ctx, userID, began.Add(-riskReach), to)
		if err != nil || len(visits) == 0 {
			return err
		}
		var past risk.Person // what was known of them by then
		for _, v := range visits {
			r := v.SignIn
			if !v.vouched {
				strange, err := t.wasStrange(ctx, past, r, s)
				if err != nil {
					return err
				}
				if strange {
					continue
				}
			}
			at := r.EndedAt.UTC()
			past.Observe(r.Signals, at)
			if p.Times > 0 {
				p.Observe(r.Signals, at)
			}
		}
		if p.Times == 0 {
			p = past
		}
		return t.putRiskPerson(ctx, userID, p)
	})
}

// formerSignIns are the sign-ins of a person that may teach, the oldest first: as the log says by now, because what was
// found out later, and what the person said was not theirs, teaches nothing either.
func (t *Tenant) formerSignIns(ctx context.Context, userID string, from, to time.Time) ([]formerVisit, error) {
	var rows []SignInRow
	if err := t.via(ctx, "sign_ins", way{index: "signins_user"}).Omit("decision").
		Where("user_id = ? AND created_at >= ? AND created_at < ? AND result = ? AND kind = ?", userID, from.UTC(), to.UTC(), string(record.Success), string(record.Interactive)).
		Order("created_at DESC, id DESC").Limit(learnMost).Find(&rows).Error; err != nil {
		return nil, err
	}
	slices.Reverse(rows)
	var denied []string
	if err := t.q(ctx).Model(&SignInReportRow{}).Where("user_id = ?", userID).Pluck("sign_in_id", &denied).Error; err != nil {
		return nil, err
	}
	out := make([]formerVisit, 0, len(rows))
	var last time.Time // of those that only say that somebody is still there
	for _, row := range rows {
		if slices.Contains(openStates(), row.RiskState) || slices.Contains(denied, row.ID) {
			continue
		}
		r, err := row.SignIn()
		if err != nil {
			return nil, err
		}
		if r.EndedAt.IsZero() {
			r.EndedAt = row.CreatedAt
		}
		own, again := lesson(r)
		vouched := row.RiskState == RiskSafe || row.RiskState == RiskDismissed && row.RiskDetail == RiskSafeByAI
		if !own && !vouched || again && r.EndedAt.Sub(last) < observeRefresh {
			continue
		}
		if again {
			last = r.EndedAt
		}
		out = append(out, formerVisit{r, vouched})
	}
	return out, nil
}

// formerVisit is a sign-in of the log that may teach. vouched: somebody has said, or shown, that it was the person's own.
type formerVisit struct {
	record.SignIn
	vouched bool
}

// relearn builds what is usual for somebody anew from the log, without what has turned out not to be theirs, and gives
// what was known before. It reads no more than the newest learnMost sign-ins, so it is done in the transaction that says
// so. Where the log does not reach back to their first sign-in, that they are no beginner stays known.
func (t *Tenant) relearn(ctx context.Context, userID string) (*undoPerson, error) {
	undo := &undoPerson{UserID: userID}
	had, err := t.lockRiskPerson(ctx, userID)
	if err != nil {
		return nil, err
	}
	if undo.Before, err = t.riskBody(ctx, userID); err != nil || undo.Before == nil {
		return nil, err
	}
	self, err := t.Get(ctx)
	if err != nil {
		return nil, err
	}
	now := t.Now()
	visits, err := t.formerSignIns(ctx, userID, now.Add(-riskReach), now.Add(time.Hour))
	if err != nil {
		return nil, err
	}
	var past risk.Person
	for _, v := range visits {
		if !v.vouched && v.RiskLevel == "" { // from before sign-ins were assessed
			strange, err := t.wasStrange(ctx, past, v.SignIn, self.Settings.Risk)
			if err != nil {
				return nil, err
			}
			if strange {
				continue
			}
		}
		past.Observe(v.Signals, v.EndedAt.UTC())
	}
	if past.Times == 0 {
		return undo, t.u(ctx).Where("user_id = ?", userID).Delete(&RiskPersonRow{}).Error
	}
	if had.First.Before(past.First) && (len(visits) == learnMost || had.First.Before(now.Add(-riskReach))) {
		past.First, past.Times = had.First, max(past.Times, had.Times-1)
		if had.Since.Before(past.Since) {
			past.Since = had.Since
		}
	}
	if err := t.putRiskPerson(ctx, userID, past); err != nil {
		return nil, err
	}
	undo.After, err = t.riskBody(ctx, userID)
	return undo, err
}

// wasStrange assesses a sign-in of the past by what was known of the person then: nobody did at the time, and an
// attacker must not teach afterwards either. One that a registered second factor confirmed is the owner's.
func (t *Tenant) wasStrange(ctx context.Context, past risk.Person, r record.SignIn, s risk.Settings) (bool, error) {
	if endOf(r).State != "" || risk.Learning(past, s, r.EndedAt) {
		return false, nil
	}
	h := risk.History{Person: past, Missing: []string{risk.NeedSource, risk.NeedIndicators, risk.NeedWaves, risk.NeedLeaked}}
	if err := t.readPast(ctx, t.everyonePart(risk.Keys(r.Signals), &h.Everyone)); err != nil {
		return false, err
	}
	a := risk.Assess(risk.Detectors(), risk.Input{TenantID: t.ID, UserID: r.User.ID, Signals: r.Signals, Now: r.EndedAt, History: h, Settings: s})
	return risk.Rank(a.Level) >= risk.Rank(risk.Medium), nil
}
