package models

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// texts.go: how many text messages a directory sent on a day, for its budget and for its admins.

// TextDayRow counts the text messages of one UTC day to numbers with one calling code. The row with the code "" is
// the day's sum, which the budget is held against; Told is the share of it, in percent, that admins were told of.
type TextDayRow struct {
	TenantID string `gorm:"primaryKey;size:36"`
	Day      string `gorm:"primaryKey;size:10"` // 2006-01-02
	Code     string `gorm:"primaryKey;size:4"`
	Sent     int64
	Refused  int64 // for its country, for a limit of R 4.4.3, or because the day's budget was used up
	Told     int
}

func (TextDayRow) TableName() string { return "text_days" }

// textsKept is for how long the counts are kept.
const textsKept = 400 * 24 * time.Hour

func textDay(at time.Time) string { return at.UTC().Format(time.DateOnly) }

// TakeText counts one text message to a calling code, or says no when the day's are used up: the one update that
// adds it compares, so that any number of instances send no more than daily together.
func (s signInStore) TakeText(ctx context.Context, code string, refused bool, daily int, now time.Time) (bool, error) {
	sent := false
	err := s.InBatch(ctx, func(t *Tenant) error {
		sent = false
		day := textDay(now)
		for _, c := range []string{"", code} {
			row := TextDayRow{TenantID: t.ID, Day: day, Code: c}
			if err := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
				return err
			}
			if c == code {
				break // a number of no known country counts for the sum alone
			}
		}
		of := func(c string) *gorm.DB { return t.u(ctx).Model(&TextDayRow{}).Where("day = ? AND code = ?", day, c) }
		if !refused {
			r := of("").Where("sent < ?", daily).UpdateColumn("sent", gorm.Expr("sent + 1"))
			if r.Error != nil {
				return r.Error
			}
			sent = r.RowsAffected == 1
		}
		column := "refused"
		if sent {
			column = "sent"
		} else if err := of("").UpdateColumn("refused", gorm.Expr("refused + 1")).Error; err != nil {
			return err
		}
		if code == "" {
			return nil
		}
		return of(code).UpdateColumn(column, gorm.Expr(column+" + 1")).Error
	})
	return sent, err
}

// TextCount is how many text messages went to a calling code, or not; the code "" stands for all.
type TextCount struct {
	Code          string
	Sent, Refused int64
}

// Texts counts the text messages of the last days, today included: all of them, and by calling code with the most
// first.
func (t *Tenant) Texts(ctx context.Context, days int) (all TextCount, byCode []TextCount, err error) {
	var rows []TextCount
	err = t.q(ctx).Model(&TextDayRow{}).Select("code, SUM(sent) AS sent, SUM(refused) AS refused").
		Where("day > ?", textDay(t.Now().AddDate(0, 0, -days))).Group("code").Order("SUM(sent) + SUM(refused) DESC, code").Scan(&rows).Error
	for _, r := range rows {
		if r.Code == "" {
			all = r
			continue
		}
		byCode = append(byCode, r)
	}
	return all, byCode, err
}

// TextShares are the parts of the day's budget, in percent, at which admins are told.
func TextShares() []int { return []int{100, 80} }

// TextShare is the highest of those parts that today's messages have reached; 0 = none.
func TextShare(sent int64, daily int) int {
	for _, share := range TextShares() {
		if daily > 0 && sent*100 >= int64(daily)*int64(share) {
			return share
		}
	}
	return 0
}

// TellTexts calls tell, in the transaction that remembers it, when today's text messages have reached a further part
// of the day's budget: once for each part, over any number of instances.
func (t *Tenant) TellTexts(ctx context.Context, daily int, tell func(t *Tenant, sent int64, share int) error) error {
	today, err := t.textsToday(ctx)
	if err != nil || TextShare(today.Sent, daily) <= today.Told {
		return err
	}
	return t.InTx(ctx, func(t *Tenant) error {
		today, err := t.textsToday(ctx)
		if err != nil {
			return err
		}
		share := TextShare(today.Sent, daily)
		if share <= today.Told {
			return nil
		}
		r := t.u(ctx).Model(&TextDayRow{}).Where("day = ? AND code = '' AND told < ?", today.Day, share).UpdateColumn("told", share)
		if r.Error != nil || r.RowsAffected == 0 {
			return r.Error
		}
		return tell(t, today.Sent, share)
	})
}

func (t *Tenant) textsToday(ctx context.Context) (TextDayRow, error) {
	var rows []TextDayRow
	err := t.q(ctx).Where("day = ? AND code = ''", textDay(t.Now())).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return TextDayRow{}, err
	}
	return rows[0], nil
}

// TextsSentToday is what the start page compares with the budget.
func (t *Tenant) TextsSentToday(ctx context.Context) (int64, error) {
	row, err := t.textsToday(ctx)
	return row.Sent, err
}
