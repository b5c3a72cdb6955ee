package models

import "time"

// ExtensionRow is a custom authentication extension. Document is an extension.Extension as JSON; its signing secret is
// sealed beside it.
type ExtensionRow struct {
	ID         string `gorm:"primaryKey;size:36"`
	TenantID   string `gorm:"size:36;index:custom_extensions_tenant"`
	Event      string `gorm:"size:64"`
	Document   string `gorm:"type:text"`
	Secret     []byte // sealed
	CreatedAt  time.Time
	ModifiedAt time.Time
}

func (ExtensionRow) TableName() string { return "custom_extensions" }

// ListenerRow binds an event to an extension. Document is an extension.Listener as JSON.
type ListenerRow struct {
	ID          string `gorm:"primaryKey;size:36"`
	TenantID    string `gorm:"size:36;index:event_listeners_extension,priority:1"`
	ExtensionID string `gorm:"size:36;index:event_listeners_extension,priority:2"`
	Event       string `gorm:"size:64"`
	Document    string `gorm:"type:text"`
	CreatedAt   time.Time
	ModifiedAt  time.Time
}

func (ListenerRow) TableName() string { return "event_listeners" }

// ExtensionCallRow is a recorded call. Document is an extension.Call as JSON, with its secrets masked. Rows are kept for a
// few days, and a number of them per tenant.
type ExtensionCallRow struct {
	ID          string    `gorm:"primaryKey;size:36;index:extension_calls_at,priority:3;index:extension_calls_extension,priority:3"` // UUIDv7: in the order of time
	TenantID    string    `gorm:"size:36;index:extension_calls_at,priority:1;index:extension_calls_extension,priority:1;index:extension_calls_person,priority:1;index:extension_calls_correlation,priority:1;index:extension_calls_sign_in,priority:1;index:extension_calls_about,priority:1"`
	At          time.Time `gorm:"index:extension_calls_at,priority:2"`
	ExtensionID string    `gorm:"size:36;index:extension_calls_extension,priority:2"`
	Event       string    `gorm:"size:64"`
	Code        int
	Trial       bool   // an admin tried it: it says nothing about how the API is doing
	SignInID    string `gorm:"size:36;index:extension_calls_sign_in,priority:2"`
	UserID      string `gorm:"size:36;index:extension_calls_person,priority:2"`
	// PersonKey says whom it is about where there was no account yet: a keyed hash of their address or number.
	PersonKey string `gorm:"size:64;index:extension_calls_about,priority:2"`
	// CorrelationID is the visit's, by which the calls are found that were made after it: of codes that were sent.
	CorrelationID string `gorm:"size:64;index:extension_calls_correlation,priority:2"`
	AppID         string `gorm:"size:64"` // the client id
	Document      string `gorm:"type:text"`
}

func (ExtensionCallRow) TableName() string { return "extension_calls" }
