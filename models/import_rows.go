package models

import "time"

// ImportRow is one import of people: a file that was sent in whole, and how far it has been read. The
// cursor moves in the transaction that writes the people before it, so a kill in the middle repeats nothing.
type ImportRow struct {
	ID         string `gorm:"primaryKey;size:36"`
	TenantID   string `gorm:"size:36;index:imports_time,priority:1"`
	FileName   string
	Format     string // csv, json
	Options    string `gorm:"type:text"` // JSON
	DryRun     bool
	State      string // receiving, waiting, running, done, failed, cancelled
	Bytes      int64
	Chunks     int
	Cursor     int64 // bytes read
	Rows       int64 // records read
	Created    int64
	Updated    int64
	Unchanged  int64
	Refused    int64
	Problem    string // why it failed as a whole
	ActorKind  string
	ActorID    string
	ActorName  string
	CreatedAt  time.Time `gorm:"index:imports_time,priority:2"`
	StartedAt  *time.Time
	FinishedAt *time.Time
}

func (ImportRow) TableName() string { return "imports" }

// ImportChunkRow is a piece of an import's file, in the order of Number; sealed, because it holds personal
// data and hashes. Chunks go when the import has ended.
type ImportChunkRow struct {
	ImportID string `gorm:"primaryKey;size:36"`
	Number   int    `gorm:"primaryKey;autoIncrement:false"`
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
