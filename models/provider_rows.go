package models

import "time"

// ProviderRow is an upstream identity provider. Document is a federation.Provider as JSON; what must stay secret is
// sealed beside it, and SecretHint shows an admin which one it is (its last four characters).
type ProviderRow struct {
	ID              string `gorm:"primaryKey;size:36"`
	TenantID        string `gorm:"size:36;uniqueIndex:providers_name,priority:1"`
	Kind            string `gorm:"size:24"`
	NameNorm        string `gorm:"size:256;uniqueIndex:providers_name,priority:2"` // lower-cased: two buttons never read the same
	Enabled         bool
	Document        string `gorm:"type:text"`
	Secret          []byte // sealed: client secret
	SecretHint      string `gorm:"size:16"`
	SecretExpiresAt *time.Time
	Key             []byte     // sealed: private key (PKCS #8) for Apple, private_key_jwt, signed and encrypted SAML
	FetchedAt       *time.Time // SAML metadata by URL: when it was read last
	FetchError      string     // and what was wrong, "" = nothing
	DueAt           *time.Time `gorm:"index:providers_due,where:due_at IS NOT NULL"`
	CreatedAt       time.Time
	ModifiedAt      time.Time
}

func (ProviderRow) TableName() string { return "identity_providers" }

// ProviderDomainRow routes addresses of a domain to an enterprise's provider once it is proven that the domain is the
// tenant's to route: by a TXT record, or waived by the operator.
type ProviderDomainRow struct {
	ID         string `gorm:"primaryKey;size:36"`
	TenantID   string `gorm:"size:36;uniqueIndex:provider_domains_domain,priority:1;index:provider_domains_provider,priority:1"`
	ProviderID string `gorm:"size:36;index:provider_domains_provider,priority:2"`
	Domain     string `gorm:"size:253;uniqueIndex:provider_domains_domain,priority:2"` // IDNA, lower case
	Token      string `gorm:"size:64"`                                                 // what the TXT record must say
	ProvenAt   *time.Time
	Waived     bool
	CheckedAt  *time.Time
	LostAt     *time.Time // the record of a proven domain was not found since; after a week it is proven no more
	CreatedAt  time.Time
}

func (ProviderDomainRow) TableName() string { return "provider_domains" }

// ParkedAnswerRow is what a provider posted from its own site, where our cookies are not sent: kept for two minutes under
// a one-time handle until the same browser comes back for it with a GET (DESIGN §9.12).
type ParkedAnswerRow struct {
	ID         string    `gorm:"primaryKey;size:64"` // what names the departure, and SHA-256 of the handle
	TenantID   string    `gorm:"size:36;index:parked_answers_tenant"`
	ProviderID string    `gorm:"size:36"`
	Form       []byte    // sealed
	ExpiresAt  time.Time `gorm:"index:parked_answers_expiry"`
}

func (ParkedAnswerRow) TableName() string { return "parked_answers" }

// UsedAssertionRow remembers an assertion until it has expired, so that it works once.
type UsedAssertionRow struct {
	ID        string    `gorm:"primaryKey;size:64"` // SHA-256 of tenant, provider and the assertion's id
	TenantID  string    `gorm:"size:36;index:used_assertions_tenant"`
	ExpiresAt time.Time `gorm:"index:used_assertions_expiry"`
}

func (UsedAssertionRow) TableName() string { return "used_assertions" }

// ProviderTrialRow is an admin's test of a provider: who left for it, and what came back. It ends by itself.
type ProviderTrialRow struct {
	ID         string `gorm:"primaryKey;size:36"`
	TenantID   string `gorm:"size:36;index:provider_trials_tenant"`
	ProviderID string `gorm:"size:36"`
	SessionID  string `gorm:"size:36"`                                   // the portal session that may see it, and no other
	StateHash  string `gorm:"size:64;uniqueIndex:provider_trials_state"` // SHA-256: one answer finds it
	Stage      string `gorm:"size:16"`                                   // away, answered, taken, done: each once
	Body       []byte // sealed: departure, answer, report
	CreatedAt  time.Time
	ExpiresAt  time.Time `gorm:"index:provider_trials_expiry"`
}

func (ProviderTrialRow) TableName() string { return "provider_trials" }

// ProviderStateRow is what happens to a provider while nobody changes it: kept apart from its settings, so that a sign-in
// never waits for an admin who saves them, and changes no version.
type ProviderStateRow struct {
	ProviderID   string `gorm:"primaryKey;size:36"`
	TenantID     string `gorm:"size:36;index:provider_states_tenant"`
	LastSignInAt *time.Time
	TestedAt     *time.Time
	TestedAs     string `gorm:"size:64"` // digest of the settings that were tested
	TestCode     string `gorm:"size:24"` // federation.Code; "" = it worked
	TestReason   string
	Published    string `gorm:"type:text"` // what its metadata said last, for times at which they cannot be read
}

func (ProviderStateRow) TableName() string { return "provider_states" }
