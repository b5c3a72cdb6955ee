package models

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/risk"
)

// risk_mail.go: what administrators were told of people at risk, so that nothing is told twice and nothing is left out
// by any number of instances (R 6.10).

const (
	// RiskMailGap is the time between two mails: who comes to be at risk within it stands in one (R 6.10.1).
	RiskMailGap = 5 * time.Second
	// riskMailReach is how old a change may be that is still worth a mail, after an outage or a new threshold.
	riskMailReach = 24 * time.Hour
	// riskMailMost bounds what one mail is made of; the rest has the next one.
	riskMailMost = 2000
	// digestHour is when the weekly digest is made, UTC, and digestLate how late it may be after an outage.
	digestHour = 7
	digestLate = 24 * time.Hour
	// The two rows of risk_mails that stand for no person.
	digestMark = ""
	mailMark   = "-"
)

// PersonAtRisk is one line of a mail.
type PersonAtRisk struct {
	UserID    string
	Address   string // what they sign in with
	Level     string
	Types     []string // of the detections that are new
	Simulated bool     // none of them is real: whoever has both kinds is there twice
}

// riskLevelsFrom are a level and the higher ones.
func riskLevelsFrom(level string) []string {
	all := []string{risk.Low, risk.Medium, risk.High}
	return all[max(slices.Index(all, level), 0):]
}

// atRiskNews finds whom nobody was told of: somebody of the level, by an open detection about something that happened
// after the last mail about them. An older sign-in that is rated anew is none (R 6.10.1).
func (t *Tenant) atRiskNews(ctx context.Context, level string) ([]PersonAtRisk, error) {
	from := "risk_detections AS d"
	if t.dialect == "sqlite" {
		from += " INDEXED BY risk_detections_updated"
	}
	levels := riskLevelsFrom(level)
	var rows []struct {
		UserID, Address, Type, Level string
		RiskReal                     *string
		Simulated                    bool
	}
	err := t.r(ctx).Raw("SELECT d.user_id, d.address, d.type, u.risk_level AS level, u.risk_real, d.simulated FROM "+from+
		" JOIN users AS u ON u.id = d.user_id AND u.tenant_id = d.tenant_id LEFT JOIN risk_mails AS m ON m.tenant_id = d.tenant_id AND"+
		" m.user_id = CASE WHEN d.simulated THEN '~' || replace(d.user_id, '-', '') ELSE d.user_id END"+ // simulatedMailMark
		" WHERE d.tenant_id = ? AND d.updated_at >= ? AND d.state IN ? AND d.level IN ? AND u.risk_level IN ? AND u.deleted_at IS NULL"+
		" AND (m.told_at IS NULL OR d.activity_at > m.told_at) ORDER BY d.updated_at, d.id LIMIT ?",
		t.ID, t.Now().Add(-riskMailReach), openStates(), levels, levels, riskMailMost).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	var out []PersonAtRisk
	at := map[string]int{}
	for _, r := range rows {
		mark, level := r.UserID, r.Level
		if r.Simulated {
			mark = simulatedMailMark(r.UserID)
		} else if r.RiskReal != nil {
			real, err := realRiskOf(UserRow{ID: r.UserID, RiskReal: r.RiskReal})
			if err != nil {
				return nil, err
			}
			if level = real.Level; !slices.Contains(levels, level) {
				continue
			}
		}
		i, known := at[mark]
		if !known {
			i, at[mark] = len(out), len(out)
			out = append(out, PersonAtRisk{UserID: r.UserID, Level: level, Simulated: r.Simulated})
		}
		p := &out[i]
		p.Address = r.Address
		if !slices.Contains(p.Types, r.Type) {
			p.Types = append(p.Types, r.Type)
		}
	}
	slices.SortStableFunc(out, func(a, b PersonAtRisk) int { return risk.Rank(b.Level) - risk.Rank(a.Level) })
	return out, nil
}

// TellAtRisk calls tell with the people who came to be at risk of at least this level, in the transaction that
// remembers it: one mail in RiskMailGap, over any number of instances.
func (t *Tenant) TellAtRisk(ctx context.Context, level string, tell func(*Tenant, []PersonAtRisk) error) error {
	news, err := t.atRiskNews(ctx, level)
	if err != nil || len(news) == 0 {
		return err
	}
	return t.InTx(ctx, func(t *Tenant) error {
		mine, err := t.claimMail(ctx, mailMark, t.Now().Add(-RiskMailGap))
		if err != nil || !mine {
			return err
		}
		news, err := t.atRiskNews(ctx, level) // another may have told of them meanwhile
		if err != nil || len(news) == 0 {
			return err
		}
		rows := make([]RiskMailRow, len(news))
		for i, p := range news {
			rows[i] = RiskMailRow{TenantID: t.ID, UserID: p.UserID, Level: p.Level, ToldAt: t.Now()}
			if p.Simulated {
				rows[i].UserID = simulatedMailMark(p.UserID)
			}
		}
		if err := t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tenant_id"}, {Name: "user_id"}},
			DoUpdates: clause.AssignmentColumns([]string{"level", "told_at"})}).CreateInBatches(rows, bulkRows).Error; err != nil {
			return err
		}
		return tell(t, news)
	})
}

// claimMail takes the right to write a mail from whoever took it before a moment.
func (t *Tenant) claimMail(ctx context.Context, mark string, before time.Time) (bool, error) {
	if err := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&RiskMailRow{TenantID: t.ID, UserID: mark, ToldAt: time.Unix(0, 0).UTC()}).Error; err != nil {
		return false, err
	}
	r := t.u(ctx).Model(&RiskMailRow{}).Where("user_id = ? AND told_at <= ?", mark, before.UTC()).UpdateColumn("told_at", t.Now())
	return r.RowsAffected == 1, r.Error
}

// RiskWeek is what the weekly digest says.
type RiskWeek struct {
	From, To time.Time
	People   map[string]int // who came to be at risk, by the highest level that they reached
	SignIns  map[string]int // risky sign-ins, by their level while signing in
}

// lastDigest is when the digest of a weekday was last due.
func lastDigest(now time.Time, day time.Weekday) time.Time {
	now = now.UTC()
	due := time.Date(now.Year(), now.Month(), now.Day(), digestHour, 0, 0, 0, time.UTC)
	due = due.AddDate(0, 0, -((int(now.Weekday()) - int(day) + 7) % 7))
	if due.After(now) {
		due = due.AddDate(0, 0, -7)
	}
	return due
}

// TellWeek calls tell once in the week, when the day has come, in the transaction that remembers it. A digest that is
// very late is left out: the next one is not far.
func (t *Tenant) TellWeek(ctx context.Context, day time.Weekday, since time.Time, tell func(*Tenant, RiskWeek) error) error {
	now := t.Now()
	due := lastDigest(now, day)
	if now.Sub(due) > digestLate || since.After(due) {
		return nil
	}
	var last []RiskMailRow
	if err := t.q(ctx).Where("user_id = ? AND told_at >= ?", digestMark, due).Limit(1).Find(&last).Error; err != nil || len(last) > 0 {
		return err
	}
	week, err := t.riskWeek(ctx, due.AddDate(0, 0, -7), due)
	if err != nil {
		return err
	}
	return t.InTx(ctx, func(t *Tenant) error {
		mine, err := t.claimMail(ctx, digestMark, due.Add(-time.Microsecond))
		if err != nil || !mine {
			return err
		}
		return tell(t, week)
	})
}

func (t *Tenant) riskWeek(ctx context.Context, from, to time.Time) (RiskWeek, error) {
	w := RiskWeek{From: from, To: to, People: map[string]int{}, SignIns: map[string]int{}}
	var events []struct{ UserID, Level string }
	err := t.q(ctx).Model(&RiskEventRow{}).Distinct("user_id", "level").Where("at >= ? AND at < ? AND state IN ? AND NOT simulated", from, to, openStates()).Scan(&events).Error
	if err != nil {
		return w, err
	}
	worst := map[string]string{}
	for _, e := range events {
		worst[e.UserID] = risk.Worse(worst[e.UserID], e.Level)
	}
	for _, level := range worst {
		w.People[level]++
	}
	days, err := t.RiskDays(ctx, from, to.AddDate(0, 0, -1))
	for _, d := range days {
		if d.Kind == "level" {
			w.SignIns[d.Value] += int(d.Count)
		}
	}
	return w, err
}
