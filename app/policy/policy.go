// Package policy knows Conditional Access: Evaluate is a pure function from the tenant's policies and
// one request to a decision that explains itself. Policies only restrict: block is an OR, demands are
// a union of clauses, lifetimes take the minimum (DESIGN §5.1). It never stops early and never sees risk,
// factors or a clock.
package policy

import "time"

// State of a policy, in Graph's words.
type State string

const (
	On         State = "enabled"
	Off        State = "disabled"
	ReportOnly State = "enabledForReportingButNotEnforced"
)

// Words that stand for many, in Graph's spelling.
const (
	All        = "All"
	None       = "None"
	AllTrusted = "AllTrusted"
	Guests     = "GuestsOrExternalUsers" // people who were invited
)

// User actions that a policy can aim at instead of apps (R 5.2.3). The first is the vendor's.
const (
	RegisterSecurityInfo = "urn:user:registersecurityinfo"
	ChangePassword       = "urn:user:changepassword"
	DeleteAccount        = "urn:user:deleteaccount"
)

// Client app types (R 5.5.3).
const (
	AnyClient     = "all"
	Browser       = "browser"
	NativeClient  = "mobileAppsAndDesktopClients"
	OtherClient   = "other"
	DeviceCode    = "deviceCodeFlow"
	TransferOfApp = "authenticationTransfer"
)

// Policy is one if-then rule. Its JSON is Graph's conditionalAccessPolicy: store, management API, portal
// downloads and configuration files all use this one shape.
type Policy struct {
	ID              string           `json:"id,omitempty"`
	TemplateID      string           `json:"templateId,omitempty"`
	Name            string           `json:"displayName"`
	Description     string           `json:"description,omitempty"`
	State           State            `json:"state"`
	Conditions      Conditions       `json:"conditions"`
	GrantControls   *GrantControls   `json:"grantControls"`
	SessionControls *SessionControls `json:"sessionControls"`
	CreatedAt       time.Time        `json:"createdDateTime,omitzero"`
	ModifiedAt      time.Time        `json:"modifiedDateTime,omitzero"` // zero = never changed
	DeletedAt       time.Time        `json:"-"`                         // zero = not deleted; purged 30 days later
}

// Conditions are ANDed; values inside one are ORed; exclude beats include (R 5.1.3). A nil or empty optional
// condition is not configured.
type Conditions struct {
	Users               Users           `json:"users"`
	Applications        Applications    `json:"applications"`
	ClientAppTypes      []string        `json:"clientAppTypes"`
	Platforms           *Platforms      `json:"platforms"`
	Locations           *Locations      `json:"locations"`
	SignInRiskLevels    []string        `json:"signInRiskLevels"` // low, medium, high, none
	UserRiskLevels      []string        `json:"userRiskLevels"`   // low, medium, high
	AuthenticationFlows *TransferMethod `json:"authenticationFlows"`
}

// Users says whom a policy is about: ids, All, None, GuestsOrExternalUsers; groups count with everything
// nested in them; roles are template ids of administrator roles.
type Users struct {
	IncludeUsers  []string `json:"includeUsers"`
	ExcludeUsers  []string `json:"excludeUsers"`
	IncludeGroups []string `json:"includeGroups"`
	ExcludeGroups []string `json:"excludeGroups"`
	IncludeRoles  []string `json:"includeRoles"`
	ExcludeRoles  []string `json:"excludeRoles"`
}

// Applications is the target: apps by client id (appId), All or None; or user actions; or authentication
// contexts that apps ask for (c1 … c99).
type Applications struct {
	IncludeApplications []string `json:"includeApplications"`
	ExcludeApplications []string `json:"excludeApplications"`
	IncludeUserActions  []string `json:"includeUserActions"`
	IncludeContexts     []string `json:"includeAuthenticationContextClassReferences"`
}

// Platforms are device platforms: android, iOS, windows, macOS, linux, all. They come from the user agent
// and prove nothing (R 5.5.2); "all" without the five is how unknown ones are caught.
type Platforms struct {
	Include []string `json:"includePlatforms"`
	Exclude []string `json:"excludePlatforms"`
}

// Locations are ids of named locations, All, or AllTrusted.
type Locations struct {
	Include []string `json:"includeLocations"`
	Exclude []string `json:"excludeLocations"`
}

// TransferMethod is the authentication flow of the request: deviceCodeFlow, authenticationTransfer, or both
// separated by a comma.
type TransferMethod struct {
	Methods string `json:"transferMethods"`
}

// GrantControls say what is asked for. Block stands alone.
type GrantControls struct {
	Operator        string       `json:"operator"` // AND (default), OR
	BuiltInControls []string     `json:"builtInControls"`
	TermsOfUse      []string     `json:"termsOfUse"`
	Strength        *StrengthRef `json:"authenticationStrength"`
}

// StrengthRef names an authentication strength.
type StrengthRef struct {
	ID string `json:"id"`
	// Whole is the strength itself where somebody looked it up to show it. It is never stored.
	Whole *Strength `json:"-"`
}

// Built-in controls.
const (
	ControlBlock          = "block"
	ControlMFA            = "mfa"
	ControlPasswordChange = "passwordChange"
)

// SessionControls limit the session that is granted (R 5.8).
type SessionControls struct {
	SignInFrequency   *SignInFrequency   `json:"signInFrequency"`
	PersistentBrowser *PersistentBrowser `json:"persistentBrowser"`
}

// SignInFrequency is how old a proof may be: a number of hours or days, or every time (with five minutes of
// grace). AuthenticationType says whether it counts from both factors or only the second.
type SignInFrequency struct {
	IsEnabled          bool   `json:"isEnabled"`
	Type               string `json:"type,omitempty"` // hours, days
	Value              int    `json:"value,omitempty"`
	FrequencyInterval  string `json:"frequencyInterval,omitempty"`  // timeBased (default), everyTime
	AuthenticationType string `json:"authenticationType,omitempty"` // primaryAndSecondaryAuthentication (default), secondaryAuthentication
}

// PersistentBrowser answers "Stay signed in?" for everybody it is about.
type PersistentBrowser struct {
	IsEnabled bool   `json:"isEnabled"`
	Mode      string `json:"mode,omitempty"` // always, never
}

// EveryTimeGrace is within which "every time" asks only once (R 5.8.1).
const EveryTimeGrace = 5 * time.Minute
