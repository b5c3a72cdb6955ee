package models

import "time"

// RiskPersonRow is what was usual for one person. Body is risk.Person, written whenever they sign in.
type RiskPersonRow struct {
	TenantID  string `gorm:"primaryKey;size:36"`
	UserID    string `gorm:"primaryKey;size:36"`
	Body      []byte
	UpdatedAt time.Time
}

func (RiskPersonRow) TableName() string { return "risk_people" }

// RiskCountRow is how often one value of one feature occurred among all of a tenant's sign-ins, fading with time.
type RiskCountRow struct {
	TenantID string `gorm:"primaryKey;size:36"`
	Feature  string `gorm:"primaryKey;size:32"`
	Value    string `gorm:"primaryKey;size:200"`
	N        float64
	At       time.Time
}

func (RiskCountRow) TableName() string { return "risk_counts" }

// RiskSourceRow is what came from one address (or /64 of IPv6) in one hour. Accounts and Strangers are sketches from
// which the number of different names that were tried is read.
type RiskSourceRow struct {
	TenantID  string `gorm:"primaryKey;size:36;index:risk_sources_hour,priority:1"`
	Source    string `gorm:"primaryKey;size:48"`
	Hour      string `gorm:"primaryKey;size:13;index:risk_sources_hour,priority:2"` // 2026-11-22T08, UTC
	ASN       int64
	Network   string
	Country   string `gorm:"size:2"`
	Agent     string `gorm:"size:64"` // hash of the last User-Agent
	Attempts  int64
	Failures  int64
	Successes int64
	SignUps   int64
	Accounts  []byte
	Strangers []byte
	UpdatedAt time.Time
}

func (RiskSourceRow) TableName() string { return "risk_sources" }

// RiskCursorRow is how far a reader of the sign-in log has come: "count" adds to the statistics.
type RiskCursorRow struct {
	TenantID string `gorm:"primaryKey;size:36"`
	Reader   string `gorm:"primaryKey;size:36"`
	At       time.Time
	ID       string `gorm:"size:36"`
}

func (RiskCursorRow) TableName() string { return "risk_cursors" }

// RiskDayRow counts for dashboards and for the challenge budget: one kind of event of a day, by a value ("level" low,
// "type" passwordSpray, "score" 12, "challenged" "", "remediated" "", …).
type RiskDayRow struct {
	TenantID string `gorm:"primaryKey;size:36"`
	Day      string `gorm:"primaryKey;size:10"`
	Kind     string `gorm:"primaryKey;size:32"`
	Value    string `gorm:"primaryKey;size:64"`
	Count    int64
}

func (RiskDayRow) TableName() string { return "risk_days" }

// RiskDetectionRow is one detection (Graph riskDetection). SignInID "" = it is linked to no sign-in.
type RiskDetectionRow struct {
	ID            string    `gorm:"primaryKey;size:36"`
	TenantID      string    `gorm:"size:36;index:risk_detections_time,priority:1;index:risk_detections_user,priority:1;index:risk_detections_sign_in,priority:1;index:risk_detections_state,priority:1;index:risk_detections_type,priority:1;index:risk_detections_updated,priority:1;index:risk_detections_ip,priority:1;index:risk_detections_country,priority:1;index:risk_detections_incident,priority:1,where:incident_id <> '';index:risk_detections_detail,priority:1;index:risk_detections_app,priority:1;index:risk_detections_made,priority:1"`
	DetectedAt    time.Time `gorm:"index:risk_detections_made,priority:4;index:risk_detections_time,priority:2;index:risk_detections_user,priority:3;index:risk_detections_state,priority:4;index:risk_detections_type,priority:3;index:risk_detections_ip,priority:3;index:risk_detections_country,priority:3;index:risk_detections_detail,priority:3;index:risk_detections_app,priority:3"`
	ActivityAt    time.Time
	UpdatedAt     time.Time `gorm:"index:risk_detections_updated,priority:2"`
	UserID        string    `gorm:"size:36;index:risk_detections_user,priority:2"`
	UserName      string
	Address       string // the person's user principal name as it was
	SignInID      string `gorm:"size:36;index:risk_detections_sign_in,priority:2"`
	CorrelationID string `gorm:"size:64"`
	Type          string `gorm:"size:48;index:risk_detections_type,priority:2"` // Graph riskEventType
	Level         string `gorm:"size:16;index:risk_detections_state,priority:3"`
	State         string `gorm:"size:32;index:risk_detections_state,priority:2"`  // Graph riskState
	Detail        string `gorm:"size:64;index:risk_detections_detail,priority:2"` // Graph riskDetail
	Timing        string `gorm:"size:16;index:risk_detections_time,priority:3;index:risk_detections_made,priority:2"`
	Activity      string `gorm:"size:16;index:risk_detections_time,priority:4;index:risk_detections_made,priority:3"` // signin, user
	IP            string `gorm:"size:48;index:risk_detections_ip,priority:2"`
	Country       string `gorm:"size:2;index:risk_detections_country,priority:2"`
	Region        string
	City          string
	Latitude      float64
	Longitude     float64
	Network       string
	Browser       string
	OS            string
	UserAgent     string
	ClientID      string `gorm:"size:36;index:risk_detections_app,priority:2"`
	ClientName    string
	Key           string `gorm:"size:96"`   // message key of the reason
	Evidence      string `gorm:"type:text"` // JSON: what differed, and by how much
	IncidentID    string `gorm:"size:36;index:risk_detections_incident,priority:2"`
	Simulated     bool   `gorm:"index:risk_detections_time,priority:5"`
	Count         int64  // more than one when equal ones are folded
}

func (RiskDetectionRow) TableName() string { return "risk_detections" }

// RiskEventRow is one entry of the history of a person's risk (Graph riskyUserHistoryItem).
type RiskEventRow struct {
	ID        string    `gorm:"primaryKey;size:36"`
	TenantID  string    `gorm:"size:36;index:risk_events_user,priority:1;index:risk_events_time,priority:1"`
	UserID    string    `gorm:"size:36;index:risk_events_user,priority:2"`
	At        time.Time `gorm:"index:risk_events_user,priority:3;index:risk_events_time,priority:2"`
	Level     string    `gorm:"size:16"`
	State     string    `gorm:"size:32"`
	Detail    string    `gorm:"size:64"`
	Types     string    // riskEventTypes, separated by commas
	ActorID   string    `gorm:"size:36"`
	ActorName string
	Simulated bool `gorm:"not null;default:false"` // without what is simulated it would not be there
}

func (RiskEventRow) TableName() string { return "risk_events" }

// RiskUndoRow is how to take back what an admin last said about a sign-in or a person. Document is riskUndo as JSON.
type RiskUndoRow struct {
	TenantID  string `gorm:"primaryKey;size:36"`
	Subject   string `gorm:"primaryKey;size:36"` // id of a sign-in or a person
	UserID    string `gorm:"size:36;index:risk_undos_user"`
	Action    string `gorm:"size:32"`
	At        time.Time
	ActorID   string `gorm:"size:36"`
	ActorName string
	Document  string `gorm:"type:text"`
}

func (RiskUndoRow) TableName() string { return "risk_undos" }

// RiskIncidentRow is a wave: many attempts that belong together. Document is its picture as JSON (risk.Incident).
type RiskIncidentRow struct {
	ID        string `gorm:"primaryKey;size:36"`
	TenantID  string `gorm:"size:36;index:risk_incidents_time,priority:1;index:risk_incidents_state,priority:1"`
	Kind      string `gorm:"size:32"`
	State     string `gorm:"size:16;index:risk_incidents_state,priority:2"` // open, closed
	Level     string `gorm:"size:16"`
	Name      string
	BeganAt   time.Time `gorm:"index:risk_incidents_time,priority:2"`
	LastAt    time.Time `gorm:"index:risk_incidents_state,priority:3"`
	Attempts  int64
	Accounts  int64
	Entered   int64      // accounts that somebody got into
	Response  string     `gorm:"size:16"` // "", challenge, block
	Until     *time.Time // of the response
	Document  string     `gorm:"type:text"`
	UpdatedAt time.Time
	Simulated bool
}

func (RiskIncidentRow) TableName() string { return "risk_incidents" }

// RiskIncidentSourceRow says where a wave comes from: an address, a network, an agent.
type RiskIncidentSourceRow struct {
	TenantID   string `gorm:"primaryKey;size:36"`
	Source     string `gorm:"primaryKey;size:64"` // as in RiskSourceRow
	IncidentID string `gorm:"primaryKey;size:36;index:risk_incident_sources_incident"`
	LastAt     time.Time
	Attempts   int64
}

func (RiskIncidentSourceRow) TableName() string { return "risk_incident_sources" }

// RiskIndicatorRow is a threat indicator that an admin entered.
type RiskIndicatorRow struct {
	ID        string `gorm:"primaryKey;size:36"`
	TenantID  string `gorm:"size:36;index:risk_indicators_tenant,priority:1"`
	Kind      string `gorm:"size:16;index:risk_indicators_tenant,priority:2"` // ip, asn, userAgent
	Value     string `gorm:"size:200"`
	Level     string `gorm:"size:16"`
	Note      string
	ExpiresAt *time.Time
	CreatedAt time.Time
	ActorName string
}

func (RiskIndicatorRow) TableName() string { return "risk_indicators" }

// LeakedAddressRow is a keyed hash of an address on an imported list of leaked accounts. UserID is whose of the tenant
// it is, if anybody's with a password as old; Pending rows count for nothing yet.
type LeakedAddressRow struct {
	TenantID string    `gorm:"primaryKey;size:36;index:leaked_addresses_user,priority:1,where:user_id <> ''"`
	Hash     []byte    `gorm:"primaryKey;size:32"`
	ImportID string    `gorm:"primaryKey;size:36;index:leaked_addresses_import"`
	LeakedAt time.Time // when it was leaked, as whoever imported the list says
	Source   string
	UserID   string `gorm:"size:36;index:leaked_addresses_user,priority:2"`
	Pending  bool
}

func (LeakedAddressRow) TableName() string { return "leaked_addresses" }

// RiskMailRow remembers what was told of a person's risk, so that nothing is told twice (R 6.10.1).
type RiskMailRow struct {
	TenantID string `gorm:"primaryKey;size:36"`
	UserID   string `gorm:"primaryKey;size:36"` // "" = the weekly digest
	Level    string `gorm:"size:16"`
	ToldAt   time.Time
}

func (RiskMailRow) TableName() string { return "risk_mails" }

// ExportRow is a continuous export of records: what an admin described (export.Target as JSON), the sealed secret that
// signs a webhook, how far it has come with each kind of record, and who holds its lease.
type ExportRow struct {
	ID         string `gorm:"primaryKey;size:36"`
	TenantID   string `gorm:"size:36;index:exports_tenant"`
	Name       string
	Kind       string `gorm:"size:16"` // webhook, syslog, file
	Enabled    bool
	Settings   string `gorm:"type:text"`
	Secret     []byte // sealed
	SecretHint string `gorm:"size:16"`
	Cursors    string `gorm:"type:text"` // map of kind to export.Cursor as JSON
	Sent       int64
	SentAt     *time.Time
	Failures   int64 // in a row
	LastError  string
	FailedAt   *time.Time
	DueAt      time.Time `gorm:"index:exports_due,where:enabled"`
	Owner      string    `gorm:"size:64"` // "" = nobody sends
	Until      time.Time // end of the owner's lease
	CreatedAt  time.Time
	ModifiedAt *time.Time
}

func (ExportRow) TableName() string { return "exports" }
