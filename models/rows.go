package models

import (
	"reflect"
	"time"
)

// Tables lists every row type; migrations and the copy command read it. A new aggregate adds its rows
// here and declares them in its own file.
func Tables() []any {
	return []any{
		&TenantRow{},
		&UserRow{}, &IdentityRow{}, &CredentialRow{},
		&ApplicationRow{}, &ApplicationCredentialRow{}, &ClaimsPolicyRow{},
		&UserFlowRow{}, &UserFlowVersionRow{}, &UserFlowAppRow{},
		&DefinitionRow{}, &TermsRow{}, &TermsVersionRow{}, &AcceptanceRow{}, &InvitationRow{},
		&SignInRow{}, &AuditRow{},
		&ClientDiagnosticRow{},
		&DemoSessionRow{},
		&PortalSessionRow{},
		&OutboxRow{}, &JobRow{}, &MailboxRow{}, &AuditBlockRow{},
		&RoleAssignmentRow{}, &OneTimeLinkRow{},
		&OpenIDGrantRow{}, &OpenIDKeyRow{}, &OpenIDAssertionRow{}, &OpenIDRequestRow{}, &OpenIDConsentRow{},
		&AttemptRow{}, &MailedCodeRow{}, &LimitRow{}, &LockoutRow{}, &SessionRow{}, &SessionClientRow{},
		&GroupRow{}, &GroupMemberRow{}, &AppRoleAssignmentRow{},
		&PendingRow{}, &SignInReportRow{}, &SignInQuestionRow{},
		&ImportRow{}, &ImportChunkRow{}, &ImportComplaintRow{},
		&BulkRow{}, &BulkPersonRow{},
		&SavedViewRow{}, &ExpiryNoticeRow{}, &CallerCheckRow{}, &EmergencyUseRow{},
		&PolicyRow{}, &LocationRow{}, &StrengthRow{}, &ContextRow{}, &RememberedDeviceRow{},
		&PolicyEffectRow{}, &PolicyEffectCursorRow{}, &ReplayRow{},
		&TextDayRow{},
		&RiskPersonRow{}, &RiskCountRow{}, &RiskSourceRow{}, &RiskCursorRow{}, &RiskDayRow{},
		&RiskDetectionRow{}, &RiskEventRow{}, &RiskUndoRow{}, &RiskIncidentRow{}, &RiskIncidentSourceRow{},
		&RiskIndicatorRow{}, &LeakedAddressRow{}, &LeakedImportRow{}, &RiskMailRow{}, &ExportRow{},
		&WebhookRow{}, &WebhookDeliveryRow{},
		&ProviderRow{}, &ProviderDomainRow{}, &CustomDomainRow{}, &ParkedAnswerRow{}, &UsedAssertionRow{},
		&ProviderTrialRow{}, &ProviderStateRow{},
		&MergeRow{},
		&BrandingRow{}, &BrandingVersionRow{}, &BrandingAppRow{}, &PictureRow{}, &StyleSheetRow{}, &MailSenderRow{},
		&ExtensionRow{}, &ListenerRow{}, &ExtensionCallRow{},
		&ActivityEventRow{}, &ActivityRollRow{}, &ActivityPersonRow{}, &ActivityStateRow{},
	}
}

// tablesWith lists the row types that have all the fields.
func tablesWith(fields ...string) []any {
	var out []any
next:
	for _, table := range Tables() {
		for _, f := range fields {
			if _, ok := reflect.TypeOf(table).Elem().FieldByName(f); !ok {
				continue next
			}
		}
		out = append(out, table)
	}
	return out
}

// TenantRow is a directory. Settings is tenant.Settings as JSON.
type TenantRow struct {
	ID            string `gorm:"primaryKey;size:36"`
	Slug          string `gorm:"size:64;uniqueIndex:tenants_slug"`
	Name          string
	Kind          string
	Plan          string
	Disabled      bool
	DefaultLocale string
	Settings      string `gorm:"type:text"`
	Version       int64
	TrialEndsAt   *time.Time // of plan trial
	DeletedAt     *time.Time // can be restored for 30 days
	CreatedAt     time.Time
	PrimaryHost   string `gorm:"size:253;not null;default:''"` // of its own, that links lead to; "" = the installation's address
	OwnHostsOnly  bool   `gorm:"not null;default:false"`
}

func (TenantRow) TableName() string { return "tenants" }

// UserRow is a person or admin. Attributes holds custom attributes as a JSON object.
type UserRow struct {
	ID                 string `gorm:"primaryKey;size:36;index:users_last,priority:3;index:users_risk,priority:3"`
	TenantID           string `gorm:"size:36;index:users_created,priority:1;index:users_name,priority:1;index:users_updated,priority:1;index:users_last,priority:1;index:users_risk,priority:1;index:users_risk_level,priority:1;index:users_simulated,priority:1,where:risk_real IS NOT NULL"`
	DisplayName        string
	GivenName          string
	Surname            string
	Mail               string
	MailVerified       bool
	MailVouched        bool
	JobTitle           string
	StreetAddress      string
	City               string
	State              string
	PostalCode         string
	Country            string
	MobilePhone        string
	PreferredLanguage  string
	Attributes         string `gorm:"type:text"`                   // JSON object of custom attributes
	NameNorm           string `gorm:"index:users_name,priority:2"` // lower-cased display name, for sorting
	SearchNorm         string // lower-cased names and identities, for search
	FirstFactor        string
	CreationType       string // LocalAccount, SelfServiceSignUp, Admin
	Enabled            bool
	MustChangePassword bool
	SessionsValidFrom  time.Time
	LastSignInAt       *time.Time `gorm:"index:users_last,priority:2"`
	CreatedAt          time.Time  `gorm:"index:users_created,priority:2"`
	UpdatedAt          time.Time  `gorm:"index:users_updated,priority:2"`
	DeletedAt          *time.Time // an ordinary column, not GORM's soft delete
	SelfDeleted        bool       // by the person, who can come back by signing in; their identities stay taken
	Emergency          bool       // an admin's break-glass account
	RiskLevel          string     `gorm:"size:16;index:users_risk_level,priority:2,where:risk_level <> '' AND risk_level <> 'none' AND deleted_at IS NULL"` // none (or ""), low, medium, high: the risk of the person, not of a sign-in
	RiskState          string     `gorm:"size:32"`                                                                                                          // Graph's riskState
	RiskDetail         string     `gorm:"size:64"`                                                                                                          // Graph's riskDetail
	RiskAt             *time.Time `gorm:"index:users_risk,priority:2,where:risk_at IS NOT NULL;index:users_risk_level,priority:3"`                          // when any of them changed
	RiskReal           *string    `gorm:"type:text"`                                                                                                        // JSON: what the risk would be without what is simulated; NULL = nothing is
}

func (UserRow) TableName() string { return "users" }

// IdentityRow is one way in; unique per tenant, type and issuer.
type IdentityRow struct {
	ID         string `gorm:"primaryKey;size:36"`
	TenantID   string `gorm:"size:36;uniqueIndex:identities_way,priority:1;index:identities_user,priority:1"`
	UserID     string `gorm:"size:36;index:identities_user,priority:2"`
	SignInType string `gorm:"size:64;uniqueIndex:identities_way,priority:2"`
	Issuer     string `gorm:"size:512;uniqueIndex:identities_way,priority:3"`
	Canonical  string `gorm:"size:512;uniqueIndex:identities_way,priority:4"`
	Value      string
	CreatedAt  time.Time
	// Called is what an identity of a provider is known by there, as it last said; LastUsedAt when it last signed in.
	Called     string
	LastUsedAt *time.Time
}

func (IdentityRow) TableName() string { return "identities" }

// CredentialRow is a password hash or a registered second factor. Secret is sealed, except a password,
// which is a PHC string of a slow hash.
type CredentialRow struct {
	ID         string `gorm:"primaryKey;size:36"`
	TenantID   string `gorm:"size:36;index:credentials_user,priority:1"`
	UserID     string `gorm:"size:36;index:credentials_user,priority:2"`
	Kind       string // password, totp, passkey, recovery, email, sms
	Name       string
	LookupKey  string `gorm:"size:512;index:credentials_lookup"` // passkey credential id, base64url
	Secret     []byte
	Data       string `gorm:"type:text"` // JSON, public part
	Counter    int64  // last TOTP step or passkey signature counter
	CreatedAt  time.Time
	LastUsedAt *time.Time
}

func (CredentialRow) TableName() string { return "credentials" }

// ApplicationRow is an app registration and its service principal in one. Spec is the JSON of
// ApplicationSpec: what an admin edits and no query filters by.
type ApplicationRow struct {
	ID                 string `gorm:"primaryKey;size:36"` // object id
	TenantID           string `gorm:"size:36;index:applications_tenant,priority:1;uniqueIndex:applications_client,priority:1"`
	ClientID           string `gorm:"size:36;uniqueIndex:applications_client,priority:2"` // appId, a UUIDv4; unique in its tenant
	ServicePrincipalID string `gorm:"size:36;uniqueIndex:applications_sp"`
	Name               string
	NameNorm           string `gorm:"index:applications_tenant,priority:2"`
	Kind               string // web, spa, native, daemon: the platform it was registered as
	Enabled            bool
	Spec               string     `gorm:"type:text"`
	FirstRequestAt     *time.Time // the "Connect your app" panel waits for it
	CreatedAt          time.Time
	UpdatedAt          time.Time
	DeletedAt          *time.Time
}

func (ApplicationRow) TableName() string { return "applications" }

// ApplicationCredentialRow is a client secret (only its SHA-256), a certificate that the app proves itself with, or one that
// is there to encrypt for it.
type ApplicationCredentialRow struct {
	ID             string `gorm:"primaryKey;size:36"` // keyId
	TenantID       string `gorm:"size:36;index:application_credentials_app,priority:1"`
	ApplicationID  string `gorm:"size:36;index:application_credentials_app,priority:2"`
	Kind           string // secret, certificate, encryption
	Name           string
	Hash           []byte // secret: SHA-256
	Hint           string // secret: its first characters, so that people tell them apart
	Certificate    string `gorm:"type:text"` // PEM
	ThumbprintS256 string `gorm:"size:64"`
	ThumbprintS1   string `gorm:"size:64"`
	ExpiresAt      *time.Time
	CreatedAt      time.Time
}

func (ApplicationCredentialRow) TableName() string { return "application_credentials" }

// UserFlowRow is a user flow; the published version is what sign-ins use. Draft is what an admin is working
// at, "" when there is none.
type UserFlowRow struct {
	ID            string `gorm:"primaryKey;size:36"`
	TenantID      string `gorm:"size:36;index:user_flows_tenant"`
	Name          string
	Published     int    // version number
	Draft         string `gorm:"type:text"` // userflow.Flow as JSON
	DraftBase     int    // the published version that the draft began from
	DraftRevision int    // raised by each save, so that two admins do not overwrite one another
	DraftActor    string
	DraftAt       *time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

func (UserFlowRow) TableName() string { return "user_flows" }

// UserFlowVersionRow keeps every published version; attempts carry the version they started with.
type UserFlowVersionRow struct {
	FlowID    string `gorm:"primaryKey;size:36"`
	Version   int    `gorm:"primaryKey;autoIncrement:false"`
	TenantID  string `gorm:"size:36;index:user_flow_versions_tenant"`
	Document  string `gorm:"type:text"` // userflow.Flow as JSON
	CreatedAt time.Time
	ActorName string
}

func (UserFlowVersionRow) TableName() string { return "user_flow_versions" }

// UserFlowAppRow puts an app into a flow; the primary key is the app, so it is in at most one (F051).
type UserFlowAppRow struct {
	ApplicationID string `gorm:"primaryKey;size:36"`
	TenantID      string `gorm:"size:36;index:user_flow_apps_flow,priority:1"`
	FlowID        string `gorm:"size:36;index:user_flow_apps_flow,priority:2"`
}

func (UserFlowAppRow) TableName() string { return "user_flow_apps" }

// RoleAssignmentRow gives an admin (a user of the workforce tenant) a role in one tenant or in all ("*").
type RoleAssignmentRow struct {
	ID           string `gorm:"primaryKey;size:36"`
	TenantID     string `gorm:"size:36"` // the workforce tenant, where the admin lives
	UserID       string `gorm:"size:36;uniqueIndex:role_assignments_once,priority:1"`
	RoleID       string `gorm:"size:36;uniqueIndex:role_assignments_once,priority:2"`
	TargetTenant string `gorm:"size:36;uniqueIndex:role_assignments_once,priority:3"` // tenant id or "*"
	CreatedAt    time.Time
}

func (RoleAssignmentRow) TableName() string { return "role_assignments" }
