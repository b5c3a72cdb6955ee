package models

import "time"

// PolicyRow is a Conditional Access policy. Document is policy.Policy as JSON, which is Graph's shape.
type PolicyRow struct {
	ID         string `gorm:"primaryKey;size:36"`
	TenantID   string `gorm:"size:36;index:policies_tenant,priority:1"`
	Name       string
	State      string
	Document   string     `gorm:"type:text"`
	CreatedAt  time.Time  `gorm:"index:policies_tenant,priority:2"`
	ModifiedAt *time.Time // nil = never changed
	DeletedAt  *time.Time // can be restored for 30 days
}

func (PolicyRow) TableName() string { return "conditional_access_policies" }

// LocationRow is a named location. Document is policy.Location as JSON.
type LocationRow struct {
	ID         string `gorm:"primaryKey;size:36"`
	TenantID   string `gorm:"size:36;index:locations_tenant,priority:1"`
	Name       string
	Document   string    `gorm:"type:text"`
	CreatedAt  time.Time `gorm:"index:locations_tenant,priority:2"`
	ModifiedAt *time.Time
	DeletedAt  *time.Time
}

func (LocationRow) TableName() string { return "named_locations" }

// StrengthRow is an authentication strength that a tenant made. Document is policy.Strength as JSON.
type StrengthRow struct {
	ID         string `gorm:"primaryKey;size:36"`
	TenantID   string `gorm:"size:36;index:strengths_tenant,priority:1"`
	Name       string
	Document   string    `gorm:"type:text"`
	CreatedAt  time.Time `gorm:"index:strengths_tenant,priority:2"`
	ModifiedAt *time.Time
}

func (StrengthRow) TableName() string { return "authentication_strengths" }

// ContextRow is an authentication context, c1 to c99.
type ContextRow struct {
	TenantID    string `gorm:"primaryKey;size:36"`
	ID          string `gorm:"primaryKey;size:8"`
	Name        string
	Description string
	Available   bool
	CreatedAt   time.Time
}

func (ContextRow) TableName() string { return "authentication_contexts" }

// RememberedDeviceRow is a browser that somebody asked not to be asked on for a second factor for a while. The
// cookie holds a secret; the row a hash of it.
type RememberedDeviceRow struct {
	ID         string    `gorm:"primaryKey;size:36"`
	TenantID   string    `gorm:"size:36;index:remembered_devices_user,priority:1"`
	UserID     string    `gorm:"size:36;index:remembered_devices_user,priority:2"`
	Hash       []byte    `gorm:"uniqueIndex:remembered_devices_hash"`
	Name       string    // browser and system, for people
	Methods    string    // what was shown when it was remembered, as JSON
	MFATime    time.Time // when
	CreatedAt  time.Time
	LastUsedAt *time.Time
	ExpiresAt  time.Time `gorm:"index:remembered_devices_expiry"`
}

func (RememberedDeviceRow) TableName() string { return "remembered_devices" }

// PolicyEffectRow counts what became of sign-ins by one policy on one UTC day ("2026-11-22") in one app, and for
// two days by the hour too ("2026-11-22T05"). A job adds to it up to a point in the sign-in log
// (PolicyEffectCursorRow); readers add the tail after that point.
type PolicyEffectRow struct {
	TenantID string `gorm:"primaryKey;size:36"`
	PolicyID string `gorm:"primaryKey;size:36"`
	Day      string `gorm:"primaryKey;size:13"`
	ClientID string `gorm:"primaryKey;size:36"`
	Result   string `gorm:"primaryKey;size:40"`
	Count    int64
}

func (PolicyEffectRow) TableName() string { return "policy_effects" }

// PolicyEffectCursorRow is how far the sign-in log of a tenant has been counted.
type PolicyEffectCursorRow struct {
	TenantID string `gorm:"primaryKey;size:36"`
	At       time.Time
	ID       string `gorm:"size:36"`
}

func (PolicyEffectCursorRow) TableName() string { return "policy_effect_cursors" }

// ReplayRow is one replay of a draft over the recorded sign-ins: what was asked, how far it is, and what it
// found. Draft and Report are JSON.
type ReplayRow struct {
	ID         string `gorm:"primaryKey;size:36"`
	TenantID   string `gorm:"size:36;index:policy_replays_time,priority:1"`
	AdminID    string `gorm:"size:36"`
	State      string // waiting, running, done, failed, cancelled
	Draft      string `gorm:"type:text"`
	Report     string `gorm:"type:text"`
	Done       int64
	Total      int64
	CreatedAt  time.Time `gorm:"index:policy_replays_time,priority:2"`
	FinishedAt *time.Time
}

func (ReplayRow) TableName() string { return "policy_replays" }
