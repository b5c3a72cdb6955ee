package models

import "time"

// BulkRow is one change of many people: who is meant is fixed when it is counted, what is done when an admin
// confirms the count. It goes on after a kill where it stopped.
type BulkRow struct {
	ID          string `gorm:"primaryKey;size:36"`
	TenantID    string `gorm:"size:36;index:bulk_changes_time,priority:1"`
	Action      string `gorm:"size:32"`
	GroupID     string `gorm:"size:36"` // of the actions about a group
	GroupName   string //
	Query       string `gorm:"type:text"` // UserQuery as JSON; "" = the ticked ones
	Filter      string `gorm:"type:text"` // the list's address, for the reader
	Position    string `gorm:"type:text"` // where counting goes on
	State       string `gorm:"size:16;index:bulk_changes_state"`
	People      int64  // who is meant
	Planned     int64  // of them, how many would change
	Next        int64  // number of the next person
	Done        int64
	Skipped     int64 // unchanged, for a reason
	Failed      int64
	Problem     string `gorm:"type:text"` // why it ended early
	ActorKind   string
	ActorID     string
	ActorName   string
	ActorIP     string
	CreatedAt   time.Time `gorm:"index:bulk_changes_time,priority:2"`
	ConfirmedAt *time.Time
	FinishedAt  *time.Time

	Seen map[string]SeenRisk `gorm:"-"` // of a change that begins: how the risk of people stood in the list that it was chosen from
}

func (BulkRow) TableName() string { return "bulk_changes" }

// BulkPersonRow is one person of a bulk change. The id is not called UserID on purpose: the result of erasing
// somebody must outlive them. It holds no name.
type BulkPersonRow struct {
	BulkID   string `gorm:"primaryKey;size:36"`
	Number   int64  `gorm:"primaryKey;autoIncrement:false"`
	TenantID string `gorm:"size:36;index:bulk_people_tenant"`
	PersonID string `gorm:"size:36"`
	Reason   string `gorm:"size:32"` // why nothing would happen, "" = it would
	Result   string `gorm:"size:32"` // "" = not yet, done, failed, or the reason why nothing happened
	Seen     string `gorm:"size:64"` // how the risk stood when they were counted, where the change is about it; "" = whatever it is
}

func (BulkPersonRow) TableName() string { return "bulk_people" }
