package models

import "time"

// ActivityEventRow is an entry of the sign-in log as activity counts it (insight.Event as JSON), until the job has
// added it to the roll-ups. Then it stays for activityKnown without its content, so that what says the same again
// counts once.
type ActivityEventRow struct {
	TenantID string     `gorm:"primaryKey;size:36;index:activity_events_waiting,priority:1,where:folded_at IS NULL"`
	Day      int        `gorm:"primaryKey;index:activity_events_waiting,priority:2"` // insight.Day
	Key      string     `gorm:"primaryKey;size:40"`
	Event    string     `gorm:"type:text"`
	FoldedAt *time.Time `gorm:"index:activity_events_folded,where:folded_at IS NOT NULL"`
}

func (ActivityEventRow) TableName() string { return "activity_events" }

// ActivityRollRow is what was counted in one app on one day, or in one calendar month that is over (by its first day).
// Body is insight.Roll. A month is there in all apps and views or in none: then its days are read.
type ActivityRollRow struct {
	TenantID string `gorm:"primaryKey;size:36"`
	View     int    `gorm:"primaryKey"` // insight.View
	Span     string `gorm:"primaryKey;size:8"`
	Day      int    `gorm:"primaryKey"` // insight.Day
	AppID    string `gorm:"primaryKey;size:36"`
	Body     []byte
}

func (ActivityRollRow) TableName() string { return "activity_rolls" }

// ActivityPersonRow is a person's number in the bitmaps of roll-ups. It goes with the person; the number is never
// given again.
type ActivityPersonRow struct {
	TenantID string `gorm:"primaryKey;size:36"`
	UserID   string `gorm:"primaryKey;size:36"`
	Number   int64
}

func (ActivityPersonRow) TableName() string { return "activity_people" }

// ActivityStateRow is where counting stands. Whoever changes roll-ups holds it.
type ActivityStateRow struct {
	TenantID string     `gorm:"primaryKey;size:36"`
	Next     int64      // number of the next person
	Due      *int       // from this day on the log is to be counted anew; nil = all is counted
	LogFrom  *time.Time // the log was purged up to here: earlier days cannot be counted anew
}

func (ActivityStateRow) TableName() string { return "activity_states" }
