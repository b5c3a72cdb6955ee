// Package tenant knows what a directory is: its names, kind, plan, settings and configuration
// version, and which slugs nobody may take.
package tenant

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"portico/app/fault"
	"portico/app/risk"
)

// Kind tells customers' directories from the one directory of staff.
type Kind string

const (
	Customer  Kind = "customer"
	Workforce Kind = "workforce" // admins live here (DESIGN §5.10); slug "workforce"
)

// Plan is what the operator grants the tenant (DESIGN §5.12).
type Plan string

const (
	Standard Plan = "standard"
	Trial    Plan = "trial"
)

// Tenant is one directory.
type Tenant struct {
	ID            string
	Slug          string
	Name          string // shown on neutral pages and in mail (F002)
	Kind          Kind
	Plan          Plan
	Disabled      bool
	DefaultLocale string // BCP 47, "en" when empty
	Settings      Settings
	Version       int64     // raised by each configuration change; snapshots compare it
	TrialEndsAt   time.Time // of a trial: from then on the portal only reads; zero = no trial
	DeletedAt     time.Time // zero = not deleted; purged 30 days later
	CreatedAt     time.Time

	// Hosts are the verified hosts of its own, PrimaryHost the one that links lead to ("" = the installation's address),
	// and OwnHostsOnly refuses the installation's address to its customers. Host is where this value is seen (hosts.go).
	Hosts        []string
	PrimaryHost  string
	OwnHostsOnly bool
	Host         string
}

// Governed reports whether the plan has multifactor authentication, Conditional Access and Identity
// Protection (DESIGN §5.12): a trial has none, and what would have been evaluated is recorded as skipped.
func (t Tenant) Governed() bool { return t.Plan != Trial }

// Domain is the tenant's own domain under the host of a base URL: what generated principal names and the issuers of local
// identities end with.
func (t Tenant) Domain(baseURL string) string {
	host := baseURL
	if u, err := url.Parse(baseURL); err == nil {
		host = u.Hostname()
	}
	return t.Slug + "." + host
}

// TrialDays is how long a trial lasts, and TrialObjects how many people, groups and applications it holds
// together (DESIGN §5.12).
const (
	TrialDays    = 30
	TrialObjects = 10000
)

// ReadOnly reports whether the tenant's trial is over: customers go on signing in, and nobody changes
// anything until the plan is another one.
func (t Tenant) ReadOnly(now time.Time) bool {
	return t.Plan == Trial && !t.TrialEndsAt.IsZero() && !now.Before(t.TrialEndsAt)
}

// TrialDaysLeft counts the days that have begun; 0 when the trial is over or there is none.
func (t Tenant) TrialDaysLeft(now time.Time) int {
	if t.Plan != Trial || !now.Before(t.TrialEndsAt) {
		return 0
	}
	return int((t.TrialEndsAt.Sub(now) + 24*time.Hour - 1) / (24 * time.Hour))
}

// RestoreDays is how long a deleted tenant can be brought back.
const RestoreDays = 30

// PurgeFrom is when a deleted tenant is erased for good.
func (t Tenant) PurgeFrom() time.Time { return t.DeletedAt.AddDate(0, 0, RestoreDays) }

// Settings are the tenant-wide choices of an admin. Zero values mean the default named beside each.
type Settings struct {
	SessionIdleMinutes     int      `json:"sessionIdleMinutes,omitempty"`     // 1440
	PersistentIdleDays     int      `json:"persistentIdleDays,omitempty"`     // 90
	PasswordMinLength      int      `json:"passwordMinLength,omitempty"`      // 8
	PasswordThreeOfFour    bool     `json:"passwordThreeOfFour,omitempty"`    // false
	BannedWords            []string `json:"bannedWords,omitempty"`            // none
	LockoutThreshold       int      `json:"lockoutThreshold,omitempty"`       // 10 failures
	LockoutSeconds         int      `json:"lockoutSeconds,omitempty"`         // 60, growing
	RequestsPerSecondPerIP int      `json:"requestsPerSecondPerIp,omitempty"` // 20
	LogRetentionDays       int      `json:"logRetentionDays,omitempty"`       // 90
	RiskRetentionDays      int      `json:"riskRetentionDays,omitempty"`      // 365: risk detections that are closed
	// KeepSignInsOfDeleted leaves name, address and IP in the sign-in log of people who are deleted for good,
	// until its time is over; otherwise they are taken out with the person.
	KeepSignInsOfDeleted bool      `json:"keepSignInsOfDeleted,omitempty"`
	SupportURL           string    `json:"supportUrl,omitempty"`
	PrivacyURL           string    `json:"privacyUrl,omitempty"`
	TermsURL             string    `json:"termsUrl,omitempty"`
	UserNames            UserNames `json:"userNames,omitzero"` // who may have a user name, and how it looks
	// Languages are those with a catalogue that customers are offered, by tag; none = all of them.
	Languages []string `json:"languages,omitempty"`

	StayedSignedInOff bool `json:"staySignedInOff,omitempty"` // do not offer "Stay signed in?"
	AskOwnerOff       bool `json:"wasThisYouOff,omitempty"`   // do not ask people by mail whether a strange sign-in was theirs

	Methods      MethodsPolicy `json:"authenticationMethods,omitzero"` // which second factors there are at all, and for whom
	RememberDays int           `json:"rememberDays,omitempty"`         // "Don't ask again on this device" for so long; 0 = it is not offered

	Risk     risk.Settings `json:"risk,omitzero"`     // thresholds of Identity Protection
	RiskMail RiskMail      `json:"riskMail,omitzero"` // whom it writes to
	Mail     Mail          `json:"mail,omitzero"`     // who mails and text messages come from
	// RiskTesters are the people for whom detections may be simulated, by id.
	RiskTesters []string `json:"riskTesters,omitempty"`

	SampleRemoved bool      `json:"sampleRemoved,omitempty"` // of the workforce: the sample company was removed and stays away
	NewTenants    *Defaults `json:"newTenants,omitempty"`    // of the workforce: what new tenants start with
}

// WorkforceSlug names the directory of admins.
const WorkforceSlug = "workforce"

// reserved are first path segments that the program itself uses or may use (DESIGN §7).
func reserved() []string {
	return []string{"admin", "v1.0", "beta", "me", "demo", "dev", "healthz", "readyz", "metrics", "static",
		"assets", "common", "organizations", "consumers", "api", "www", "login", "signin", "signup", "logout",
		"account", "oauth2", "openid", "discovery", "saml", "scim", "federation", "well-known", "favicon", "robots",
		"docs", "help", "setup", "portico", "status", "mail", "device"}
}

var slugShape = regexp.MustCompile(`^[a-z][a-z0-9-]{2,62}$`)

// ValidateSlug refuses a slug that is misshapen or reserved. WorkforceSlug is for bootstrap only.
func ValidateSlug(slug string) error {
	if !slugShape.MatchString(slug) {
		return fault.BadField("slug", "tenant.slug.shape", nil)
	}
	if Reserved(slug) {
		return fault.BadField("slug", "tenant.slug.reserved", map[string]any{"slug": slug})
	}
	return nil
}

// Reserved reports whether a first path segment is the program's own, in any case: it never names a tenant.
func Reserved(segment string) bool { return slices.Contains(reserved(), strings.ToLower(segment)) }

// Match reports whether a path segment names this tenant: slug or id, in any case (clients lower-case them).
func (t Tenant) Match(segment string) bool {
	return strings.EqualFold(segment, t.Slug) || strings.EqualFold(segment, t.ID)
}
