// Package record knows the stored sign-in as a plain value: every input of the decision and the
// decision itself. The trace, What-If, replay, the reports and the exports all read this one value,
// so a field that a decision reads must be here. It decides nothing and stores nothing.
package record

import (
	"net/netip"
	"time"
)

// Signals is everything that a request says about where it came from. An unknown value is "" or
// zero, which is an ordinary value; PlaceFailed is the other kind of unknown (DESIGN §5.2).
type Signals struct {
	IP          netip.Addr `json:"ip"`
	Country     string     `json:"country,omitempty"` // ISO 3166-1 alpha-2
	Region      string     `json:"region,omitempty"`
	City        string     `json:"city,omitempty"`
	ASN         uint       `json:"asn,omitempty"`
	Network     string     `json:"network,omitempty"` // name of the autonomous system
	UserAgent   string     `json:"userAgent,omitempty"`
	Browser     string     `json:"browser,omitempty"`    // name and major version
	OS          string     `json:"os,omitempty"`         // name and version
	Platform    string     `json:"platform,omitempty"`   // android, iOS, windows, macOS, linux
	DeviceType  string     `json:"deviceType,omitempty"` // phone, tablet, desktop, bot
	DeviceID    string     `json:"deviceId,omitempty"`   // first-party device cookie
	Language    string     `json:"language,omitempty"`
	PlaceFailed bool       `json:"placeFailed,omitempty"` // a geolocation source is configured and failed
	Latitude    float64    `json:"lat,omitempty"`         // degrees, of the place; both 0 = unknown
	Longitude   float64    `json:"lon,omitempty"`
	AccuracyKm  uint       `json:"accuracyKm,omitempty"` // how far off the coordinates may be
	TimeZone    string     `json:"-"`                    // of the place, an IANA name; not kept: the log's times are UTC
	// Lists names the operator's lists that the address is on: tor, vpn, proxy, malicious, malware, threatActor.
	Lists       []string `json:"lists,omitempty"`
	ListsFailed bool     `json:"listsFailed,omitempty"` // a list is configured and could not be read
}

// Located reports whether the coordinates of the place are known. Nobody signs in from where both are 0, in the sea.
func (s Signals) Located() bool { return s.Latitude != 0 || s.Longitude != 0 }

// Local is a moment by the clock on the wall of the place, or in UTC where that is not known.
func (s Signals) Local(at time.Time) time.Time {
	if s.TimeZone == "" || s.TimeZone == time.Local.String() { // LoadLocation would give this machine's own
		return at.UTC()
	}
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return at.UTC()
	}
	return at.In(zone)
}

// Authentication context classes that Portico says (claim "acr") and understands (acr_values).
const (
	ACRSingle = "urn:portico:acr:single" // one factor
	ACRMulti  = "urn:portico:acr:mfa"    // a second factor too
)

// Kind is Graph's signInEventTypes value.
type Kind string

const (
	Interactive    Kind = "interactiveUser"
	NonInteractive Kind = "nonInteractiveUser"
	Service        Kind = "servicePrincipal"
)

// Result says how the attempt ended.
type Result string

const (
	Success     Result = "success"
	Failure     Result = "failure"     // a proof failed, or a rule said no
	Interrupted Result = "interrupted" // something is still due; the person may go on
	Abandoned   Result = "abandoned"   // the attempt expired unfinished
)

// Party is an app, resource, flow or person as it was at the time.
type Party struct {
	ID      string `json:"id,omitempty"`
	Name    string `json:"name,omitempty"`
	Version int    `json:"version,omitempty"`
}

// Proof is one thing the person showed, or failed to show.
type Proof struct {
	Method string    `json:"method"` // "password", "emailCode", "totp", "passkey", "session", "recovery"
	At     time.Time `json:"at"`
	OK     bool      `json:"ok"`
	Reason string    `json:"reason,omitempty"` // message key of the failure
	Count  int       `json:"count,omitempty"`  // identical failures folded
	Second bool      `json:"second,omitempty"` // shown as a second factor
}

// Step is one page or silent step of the attempt, in order.
type Step struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
	Note string    `json:"note,omitempty"`
}

// Answer is what a condition said. "Could not tell" counts as applying (DESIGN §5.2).
type Answer string

const (
	Hit           Answer = "hit"
	Miss          Answer = "miss"
	CouldNotTell  Answer = "couldNotTell"
	NotConfigured Answer = "notConfigured"
)

// Condition is the result of one condition of one policy.
type Condition struct {
	Name   string `json:"name"`
	Answer Answer `json:"answer"`
	Detail string `json:"detail,omitempty"`
}

// Policy is the result of one Conditional Access policy. State is enabled, disabled or
// enabledForReportingButNotEnforced; Result uses Graph's words (success, failure, notApplied, …).
type Policy struct {
	ID         string      `json:"id"`
	Name       string      `json:"name"`
	State      string      `json:"state"`
	Result     string      `json:"result"`
	Conditions []Condition `json:"conditions,omitempty"`
	Controls   []string    `json:"controls,omitempty"`
}

// Finding is one risk detection with its evidence in words.
type Finding struct {
	Type     string         `json:"type"`  // Graph riskEventType
	Level    string         `json:"level"` // low, medium, high
	Key      string         `json:"key"`   // message key of the reason
	Evidence map[string]any `json:"evidence,omitempty"`
	Timing   string         `json:"timing,omitempty"` // Graph detectionTimingType; "" = realtime
}

// Feature is what one property of a sign-in says about whether it is the person's own.
type Feature struct {
	Name     string  `json:"name"` // ip, network, country, browser, os, device, …
	Value    string  `json:"value,omitempty"`
	Person   float64 `json:"person"`   // share of the person's own sign-ins, 0 to 1
	Everyone float64 `json:"everyone"` // share of everybody's
	Weight   float64 `json:"weight"`   // what it adds to the score; below 0 it speaks for the person
}

// Call is one custom authentication extension call. Its bodies are with the recorder, under ID, for as long as that keeps them.
type Call struct {
	ID        string        `json:"id,omitempty"`
	Name      string        `json:"name"` // of the extension
	Event     string        `json:"event"`
	Listener  string        `json:"listener,omitempty"` // its id
	Status    int           `json:"status"`
	Duration  time.Duration `json:"duration"`
	Retries   int           `json:"retries,omitempty"`
	Code      int           `json:"code,omitempty"` // 10030xx; 0 = the answer counted
	Error     string        `json:"error,omitempty"`
	OnFailure string        `json:"onFailure,omitempty"` // what was done instead: block, continue, fallback
	Action    string        `json:"action,omitempty"`    // what it answered
	Changed   []string      `json:"changed,omitempty"`   // names of claims or attributes that it gave
}

// Federation is a round trip to an identity provider: what vouched for the person, or why it came to nothing. Secrets are
// never in it, and of claims only the names.
type Federation struct {
	Provider Party  `json:"provider"`
	Kind     string `json:"kind,omitempty"`
	Issuer   string `json:"issuer,omitempty"`
	MFA      bool   `json:"mfa,omitempty"`    // a second factor was shown there, and it is trusted about that
	Reason   string `json:"reason,omitempty"` // why it came to nothing, in words for an admin
	Hops     []Hop  `json:"hops,omitempty"`
}

// Hop is one step of a round trip.
type Hop struct {
	What     string        `json:"what"`
	Place    string        `json:"place,omitempty"`
	Status   int           `json:"status,omitempty"`
	Duration time.Duration `json:"duration"`
	Claims   []string      `json:"claims,omitempty"`
	Verdict  string        `json:"verdict,omitempty"`
}

// Session is the single sign-on session that was used, when one was.
type Session struct {
	SID      string    `json:"sid,omitempty"`
	AuthTime time.Time `json:"authTime,omitzero"`
	Reused   bool      `json:"reused,omitempty"`
}

// Inputs are what Conditional Access was asked about besides the signals, and what had been shown when it
// decided: with them any set of policies can be asked about the same sign-in again.
type Inputs struct {
	Groups     []string `json:"groups,omitempty"` // ids, with those they are nested in
	Roles      []string `json:"roles,omitempty"`  // template ids of an administrator's roles
	Guest      bool     `json:"guest,omitempty"`  // was invited
	ClientApp  string   `json:"clientApp,omitempty"`
	Transfer   string   `json:"transfer,omitempty"`   // deviceCodeFlow, …; "" = none
	Action     string   `json:"action,omitempty"`     // the user action, when it is not about an app
	Contexts   []string `json:"contexts,omitempty"`   // authentication contexts that the app asked for
	SignInRisk string   `json:"signInRisk,omitempty"` // none, low, medium, high
	UserRisk   string   `json:"userRisk,omitempty"`   // none, low, medium, high
	// Unknown names the inputs that failed to load ("groups", "signInRisk", "location", …): conditions about
	// them could not tell, and count as applying (DESIGN §5.2).
	Unknown []string `json:"unknown,omitempty"`
	// Switch, Kinds and Enrolled are the user flow's side of the second factor: its MFA switch, the kinds that
	// may follow this first factor, and those of them that the person has registered.
	Switch   string   `json:"switch,omitempty"`
	Kinds    []string `json:"kinds,omitempty"`
	Enrolled []string `json:"enrolled,omitempty"`
	// RiskSince is since when somebody has been at medium or high risk: when the sign-in of their oldest open detection
	// began; zero = they are not. Former are those of Enrolled that were registered before, FormerShown those of Methods
	// that were shown as a second factor and registered before: no others meet what is asked because of risk.
	RiskSince   time.Time `json:"riskSince,omitzero"`
	Former      []string  `json:"former,omitempty"`
	FormerShown []string  `json:"formerShown,omitempty"`
	// What had been shown: kinds of factors, passkey models, when the first and a second factor were, whether
	// the password was changed as a policy wants it, terms accepted.
	Methods         []string  `json:"methods,omitempty"`
	AAGUIDs         []string  `json:"aaguids,omitempty"`
	AuthTime        time.Time `json:"authTime,omitzero"`
	MFATime         time.Time `json:"mfaTime,omitzero"`
	PasswordChanged bool      `json:"passwordChanged,omitempty"`
	Terms           []string  `json:"terms,omitempty"`
}

// Request is what the application asked for.
type Request struct {
	Prompt    []string `json:"prompt,omitempty"`
	MaxAge    *int     `json:"maxAge,omitempty"` // seconds
	ACR       []string `json:"acr,omitempty"`
	LoginHint bool     `json:"loginHint,omitempty"` // whether one was given, not which
	UILocales []string `json:"uiLocales,omitempty"`
	Scopes    []string `json:"scopes,omitempty"`
}

// Outcome is how it ended. Code is the vendor-style number of the failure, 0 for success; Key is its
// message key.
type Outcome struct {
	Result Result `json:"result"`
	Code   int    `json:"code"`
	Key    string `json:"key,omitempty"`
	Step   string `json:"step,omitempty"` // where it stopped: the stage of failure
}

// SignIn is one finished (or abandoned) attempt.
type SignIn struct {
	ID             string    `json:"id"`
	TenantID       string    `json:"tenantId"`
	CorrelationID  string    `json:"correlationId"`
	Kind           Kind      `json:"kind"`
	Protocol       string    `json:"protocol"` // "openid", "portal", "refresh", "clientCredentials"
	StartedAt      time.Time `json:"startedAt"`
	EndedAt        time.Time `json:"endedAt"`
	App            Party     `json:"app"`
	Resource       Party     `json:"resource,omitzero"`
	Flow           Party     `json:"flow,omitzero"`
	User           Party     `json:"user,omitzero"`
	Identifier     string    `json:"identifier,omitempty"` // what was typed; sensitive
	IdentifierType string    `json:"identifierType,omitempty"`
	SignUp         bool      `json:"signUp,omitempty"`
	Existing       bool      `json:"existing,omitempty"` // a sign-up that met an existing account
	Test           bool      `json:"test,omitempty"`     // an admin tried the flow from the portal
	Request        Request   `json:"request,omitzero"`
	Signals        Signals   `json:"signals"`
	Session        Session   `json:"session,omitzero"`
	Proofs         []Proof   `json:"proofs,omitempty"`
	Steps          []Step    `json:"steps,omitempty"`
	Risk           []Finding `json:"risk,omitempty"`
	RiskLevel      string    `json:"riskLevel,omitempty"`    // none, low, medium, high: while they signed in
	RiskScore      float64   `json:"riskScore,omitempty"`    // how unusual it was; the logarithm of a ratio
	Features       []Feature `json:"features,omitempty"`     // what made it so
	CouldNotTell   []string  `json:"couldNotTell,omitempty"` // detections that lacked what they need
	Inputs         *Inputs   `json:"inputs,omitempty"`       // nil = no policy was asked
	Policies       []Policy  `json:"policies,omitempty"`
	Demands        []string  `json:"demands,omitempty"` // what policy and flow together asked for: mfa, passwordChange, …
	Notes          []string  `json:"notes,omitempty"`   // e.g. mfa_suppressed_by_user_flow, acr_unsatisfied
	Calls          []Call    `json:"calls,omitempty"`
	// Federation is the round trip to an identity provider; nil = there was none.
	Federation *Federation `json:"federation,omitempty"`
	// FactorSince is since when the second factor that was shown in this very attempt has been registered: what was found
	// later than that is not the doing of whoever holds it. Zero = none was shown, or it was registered in the attempt.
	FactorSince time.Time `json:"factorSince,omitzero"`
	AMR         []string  `json:"amr,omitempty"`
	ACR         string    `json:"acr,omitempty"`
	Count       int       `json:"count,omitempty"` // folded entries (service tokens, refusals)
	Outcome     Outcome   `json:"outcome"`
}
