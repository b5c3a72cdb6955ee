package models

import "time"

// CustomDomainRow is a host of a tenant's own (custom URL domain): claimed, and answered at once it is proven that it is
// the tenant's, by a TXT record, or waived by the operator.
type CustomDomainRow struct {
	ID        string  `gorm:"primaryKey;size:36"`
	TenantID  string  `gorm:"size:36;uniqueIndex:custom_domains_host,priority:1"`
	Host      string  `gorm:"size:253;uniqueIndex:custom_domains_host,priority:2"` // IDNA, lower case
	Answers   *string `gorm:"size:253;uniqueIndex:custom_domains_answers"`         // the host while it is proven: one tenant alone answers there
	Token     string  `gorm:"size:64"`                                             // what the TXT record must say
	ProvenAt  *time.Time
	Waived    bool
	CheckedAt *time.Time
	LostAt    *time.Time // the record of a proven host was not found since; after a week it is proven no more
	ReachedAt *time.Time // a request to it came out here
	TriedAt   *time.Time // when that was tried last
	Unreached string     // and what was wrong; "" = nothing
	CreatedAt time.Time
}

func (CustomDomainRow) TableName() string { return "custom_domains" }
