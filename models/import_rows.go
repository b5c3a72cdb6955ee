package models

import "time"

// ImportRow is one import of people: a file that was sent in whole, and how far it has been read. The
// counters move in the transaction that writes the people before them, so a kill in the middle repeats nothing.
type ImportRow struct {
	ID         string `gorm:"primaryKey;size:36"`
	TenantID   string `gorm:"size:36;index:imports_time,priority:1"`
	FileName   string
	Format     string // csv, json, ndjson; "" until the file was looked at
	Options    []byte // ImportOptions as JSON, sealed: another product's key may be among them
	DryRun     bool
	State      string `gorm:"size:16;index:imports_state"` // ImportReceiving …
	Bytes      int64
	Hash       string // SHA-256 of the file
	Chunks     int
	Cursor     int64 // bytes read
	Rows       int64 // records read
	Created    int64
	Updated    int64
	Unchanged  int64
	Refused    int64
	Warned     int64
	Complaints int64  // stored, besides those that are only counted
	Problem    string `gorm:"type:text"` // why it failed as a whole: fault.Field as JSON
	ActorKind  string
	ActorID    string
	ActorName  string
	ActorIP    string
	Owner      string     `gorm:"size:64"` // the process that works on it
	LeaseUntil *time.Time // another may take over after it
	CreatedAt  time.Time  `gorm:"index:imports_time,priority:2"`
	StartedAt  *time.Time
	FinishedAt *time.Time
}

func (ImportRow) TableName() string { return "imports" }

// ImportChunkRow is a piece of an import's file; sealed, because it holds personal data and hashes. Chunks go
// when the import has ended. Their ids are in the order of the file.
type ImportChunkRow struct {
	ID       string `gorm:"primaryKey;size:48"`
	ImportID string `gorm:"size:36;index:import_chunks_import"`
	TenantID string `gorm:"size:36;index:import_chunks_tenant"`
	Body     []byte
}

func (ImportChunkRow) TableName() string { return "import_chunks" }

// ImportComplaintRow is what was wrong with one record of an import, in the words of the catalogue.
type ImportComplaintRow struct {
	ImportID string `gorm:"primaryKey;size:36"`
	Record   int64  `gorm:"primaryKey;autoIncrement:false"`
	Number   int    `gorm:"primaryKey;autoIncrement:false"` // of the complaint within the record
	TenantID string `gorm:"size:36;index:import_complaints_tenant"`
	Line     int64  // in the file
	Who      string // how the record names the person
	Field    string
	Key      string
	Args     string `gorm:"type:text"` // JSON
	Refused  bool   // false = a warning: the record was taken all the same
}

func (ImportComplaintRow) TableName() string { return "import_complaints" }

// SavedViewRow is a filter of a list that an admin kept, for themselves or for all admins of the tenant.
type SavedViewRow struct {
	ID        string `gorm:"primaryKey;size:36"`
	TenantID  string `gorm:"size:36;index:saved_views_list,priority:1"` // whose list it filters
	List      string `gorm:"size:32;index:saved_views_list,priority:2"` // users
	Name      string
	Query     string // of the list's address
	OwnerID   string `gorm:"size:36"` // the admin
	Shared    bool
	CreatedAt time.Time
}

func (SavedViewRow) TableName() string { return "saved_views" }

// ExpiryNoticeRow remembers that admins were told of a secret or certificate that ends, so that each is
// told once per distance.
type ExpiryNoticeRow struct {
	TenantID     string `gorm:"primaryKey;size:36"`
	CredentialID string `gorm:"primaryKey;size:36"`
	Days         int    `gorm:"primaryKey;autoIncrement:false"` // 30, 7, 1, 0
	CreatedAt    time.Time
}

func (ExpiryNoticeRow) TableName() string { return "expiry_notices" }
