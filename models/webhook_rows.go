package models

import "time"

// WebhookRow is a subscription to events. Settings is webhook.Subscription as JSON.
type WebhookRow struct {
	ID           string `gorm:"primaryKey;size:36"`
	TenantID     string `gorm:"size:36;index:webhooks_tenant"`
	Name         string
	Enabled      bool
	Settings     string     `gorm:"type:text"`
	Secret       []byte     // sealed
	SecretHint   string     `gorm:"size:16"`
	Former       []byte     // sealed: the secret before; signs too until FormerUntil
	FormerUntil  *time.Time // NULL = there is none
	PausedFor    string     `gorm:"size:16"` // "" = by nobody or an admin; gone, failing: by itself
	PausedAt     *time.Time
	Told         bool       // admins were told that it paused itself
	Failures     int64      // of the receiver in a row
	FailingSince *time.Time // since its last success
	RestUntil    time.Time  // nothing is sent before
	ServedAt     time.Time  // when something was last claimed: who waits longest comes first
	Delivered    int64
	DeliveredAt  *time.Time
	AnsweredAt   *time.Time // the last attempt, whatever came of it
	LastStatus   int
	LastProblem  string
	CreatedAt    time.Time
	ModifiedAt   *time.Time
}

func (WebhookRow) TableName() string { return "webhooks" }

// WebhookDeliveryRow is one event on its way to one receiver: an item of the outbox that stays to be looked at. DueAt
// is also the lease: a claimed row is due again when the lease ends. Answers is []webhook.Answer as JSON.
type WebhookDeliveryRow struct {
	ID        string    `gorm:"primaryKey;size:36"`
	TenantID  string    `gorm:"size:36;index:webhook_deliveries_subject,priority:1;index:webhook_deliveries_time,priority:1;index:webhook_deliveries_late,priority:1,where:state = 'pending';index:webhook_deliveries_dead,priority:1,where:state = 'dead'"`
	WebhookID string    `gorm:"size:36;index:webhook_deliveries_due,priority:1,where:state = 'pending';index:webhook_deliveries_of,priority:1;index:webhook_deliveries_held,where:owner <> ''"`
	EventID   string    `gorm:"size:36"`
	Kind      string    `gorm:"size:48"`
	Subject   string    `gorm:"size:64;index:webhook_deliveries_subject,priority:2"`
	Body      string    `gorm:"type:text"`
	State     string    `gorm:"size:16"` // pending, delivered, dead
	DueAt     time.Time `gorm:"index:webhook_deliveries_due,priority:2"`
	Owner     string    `gorm:"size:64"`
	Attempts  int
	Status    int       // of the last answer; 0 = none
	Took      int64     // of the last attempt, in microseconds
	Reason    string    // why it has not arrived
	Answers   string    `gorm:"type:text"`
	CreatedAt time.Time `gorm:"index:webhook_deliveries_time,priority:2;index:webhook_deliveries_dead,priority:2;index:webhook_deliveries_of,priority:2"`
	NotAfter  time.Time `gorm:"index:webhook_deliveries_late,priority:2"`
	EndedAt   *time.Time
}

func (WebhookDeliveryRow) TableName() string { return "webhook_deliveries" }
