package models

import "time"

// PendingRow is a change that a person has begun on their account pages and not finished: a new address or
// number that waits for its code, an authenticator app or a passkey half-way through its set-up. One per
// person and kind; State is sealed.
type PendingRow struct {
	ID        string `gorm:"primaryKey;size:36"`
	TenantID  string `gorm:"size:36;uniqueIndex:pending_changes_once,priority:1"`
	UserID    string `gorm:"size:36;uniqueIndex:pending_changes_once,priority:2"`
	Kind      string `gorm:"size:32;uniqueIndex:pending_changes_once,priority:3"` // email, phone, totp, passkey
	State     []byte
	CreatedAt time.Time
	ExpiresAt time.Time `gorm:"index:pending_changes_expiry"`
}

func (PendingRow) TableName() string { return "pending_changes" }

// SignInReportRow is a person's "this wasn't me" about one sign-in (R 6.5.10).
type SignInReportRow struct {
	TenantID  string `gorm:"primaryKey;size:36;index:sign_in_reports_user,priority:1"`
	SignInID  string `gorm:"primaryKey;size:36"`
	UserID    string `gorm:"size:36;index:sign_in_reports_user,priority:2"`
	CreatedAt time.Time
}

func (SignInReportRow) TableName() string { return "sign_in_reports" }

// SignInQuestionRow is a question to a person whether a sign-in was theirs: one for each device and day. Only the
// SHA-256 of its token is stored. Document is signin.Told as JSON, Familiar the devices that they used before.
type SignInQuestionRow struct {
	ID         string `gorm:"primaryKey;size:36"`
	TenantID   string `gorm:"size:36;uniqueIndex:sign_in_questions_once,priority:1"`
	UserID     string `gorm:"size:36;uniqueIndex:sign_in_questions_once,priority:2"`
	Day        string `gorm:"size:10;uniqueIndex:sign_in_questions_once,priority:3"` // 2026-11-22, UTC
	Device     string `gorm:"size:64;uniqueIndex:sign_in_questions_once,priority:4"`
	SignInID   string `gorm:"size:36"`
	Hash       []byte `gorm:"size:32;uniqueIndex:sign_in_questions_hash"`
	Familiar   string `gorm:"type:text"`
	Document   string `gorm:"type:text"`
	Answer     string `gorm:"size:8"`
	AnsweredAt *time.Time
	CreatedAt  time.Time
	ExpiresAt  time.Time `gorm:"index:sign_in_questions_expiry"`
}

func (SignInQuestionRow) TableName() string { return "sign_in_questions" }

// CallerCheckRow is a help desk's check that a caller is whom they say: a code went to an address that was
// known before the call.
type CallerCheckRow struct {
	ID         string `gorm:"primaryKey;size:36"`
	TenantID   string `gorm:"size:36;index:caller_checks_user,priority:1"`
	UserID     string `gorm:"size:36;index:caller_checks_user,priority:2"`
	AdminID    string `gorm:"size:36"`
	Channel    string // mail, sms
	To         string `gorm:"column:sent_to"` // masked
	VerifiedAt *time.Time
	CreatedAt  time.Time
	ExpiresAt  time.Time `gorm:"index:caller_checks_expiry"`
}

func (CallerCheckRow) TableName() string { return "caller_checks" }

// EmergencyUseRow is a sign-in with an emergency account (R 10.2.4). It warns on the start page until
// another admin has taken note.
type EmergencyUseRow struct {
	ID        string `gorm:"primaryKey;size:36"`
	TenantID  string `gorm:"size:36;index:emergency_uses_time,priority:1"` // the workforce tenant
	UserID    string `gorm:"size:36"`
	NotedBy   string `gorm:"size:36"` // "" = nobody yet
	NotedAt   *time.Time
	CreatedAt time.Time `gorm:"index:emergency_uses_time,priority:2"`
}

func (EmergencyUseRow) TableName() string { return "emergency_uses" }
