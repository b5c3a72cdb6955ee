package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"portico/app/audit"
	"portico/app/record"
)

// The documents below are the shapes of the management API (Graph's names and closed lists, reference: Microsoft
// Graph v1.0 riskDetection, riskyUserHistoryItem, signIn, directoryAudit), so that whoever reads an export and
// whoever asks the API sees the same. What Graph has no name for is in portico.

// DetectionDocument is a riskDetection.
type DetectionDocument struct {
	ODataType           string           `json:"@odata.type"`
	ID                  string           `json:"id"`
	RequestID           *string          `json:"requestId"`
	CorrelationID       *string          `json:"correlationId"`
	RiskEventType       string           `json:"riskEventType"`
	RiskLevel           string           `json:"riskLevel"`
	RiskState           string           `json:"riskState"`
	RiskDetail          string           `json:"riskDetail"`
	Source              string           `json:"source"`
	DetectionTimingType string           `json:"detectionTimingType"`
	Activity            string           `json:"activity"`
	TokenIssuerType     string           `json:"tokenIssuerType"`
	IPAddress           *string          `json:"ipAddress"`
	ActivityDateTime    *string          `json:"activityDateTime"`
	DetectedDateTime    *string          `json:"detectedDateTime"`
	LastUpdatedDateTime *string          `json:"lastUpdatedDateTime"`
	UserID              *string          `json:"userId"`
	UserDisplayName     *string          `json:"userDisplayName"`
	UserPrincipalName   *string          `json:"userPrincipalName"`
	AdditionalInfo      string           `json:"additionalInfo"` // JSON in a string: [{"Key":…,"Value":…}]
	Location            Location         `json:"location"`
	Portico             DetectionPortico `json:"portico"`
}

// DetectionPortico is what Graph has no name for.
type DetectionPortico struct {
	TenantID       string          `json:"tenantId"`
	Reason         string          `json:"reason,omitempty"` // in words
	Key            string          `json:"reasonKey,omitempty"`
	Evidence       json.RawMessage `json:"evidence,omitempty"`
	IncidentID     string          `json:"incidentId,omitempty"`
	AppID          string          `json:"appId,omitempty"`
	AppDisplayName string          `json:"appDisplayName,omitempty"`
	Network        string          `json:"network,omitempty"`
	Browser        string          `json:"browser,omitempty"`
	OS             string          `json:"operatingSystem,omitempty"`
	UserAgent      string          `json:"userAgent,omitempty"`
	Count          int64           `json:"count"`
	Simulated      bool            `json:"simulated"`
	Test           bool            `json:"test,omitempty"` // sent by the test button; nothing happened
}

// Location is a signInLocation.
type Location struct {
	City            string          `json:"city"`
	State           string          `json:"state"`
	CountryOrRegion string          `json:"countryOrRegion"`
	GeoCoordinates  *GeoCoordinates `json:"geoCoordinates"`
}

// GeoCoordinates is where a place is; nobody knows how high.
type GeoCoordinates struct {
	Altitude  *float64 `json:"altitude"`
	Latitude  float64  `json:"latitude"`
	Longitude float64  `json:"longitude"`
}

// Coordinates gives the coordinates of a place, nil when they are not known.
func Coordinates(latitude, longitude float64) *GeoCoordinates {
	if latitude == 0 && longitude == 0 {
		return nil
	}
	return &GeoCoordinates{Latitude: latitude, Longitude: longitude}
}

// RiskDocument is a riskyUserHistoryItem.
type RiskDocument struct {
	ODataType               string       `json:"@odata.type"`
	ID                      string       `json:"id"`
	UserID                  string       `json:"userId"`
	IsDeleted               bool         `json:"isDeleted"`
	IsProcessing            bool         `json:"isProcessing"`
	RiskLastUpdatedDateTime *string      `json:"riskLastUpdatedDateTime"`
	RiskLevel               string       `json:"riskLevel"`
	RiskState               string       `json:"riskState"`
	RiskDetail              string       `json:"riskDetail"`
	UserDisplayName         *string      `json:"userDisplayName"`
	UserPrincipalName       *string      `json:"userPrincipalName"`
	InitiatedBy             *string      `json:"initiatedBy"` // an id, as in Graph; null = the system by itself
	Activity                RiskActivity `json:"activity"`
	Portico                 RiskOrigin   `json:"portico"`
}

// RiskOrigin says where a change of a person's risk comes from, and whether it is one at all.
type RiskOrigin struct {
	Origin
	Simulated bool `json:"simulated"` // without what is simulated it would not be there
}

// RiskActivity says what changed a person's risk.
type RiskActivity struct {
	Detail         string   `json:"detail"`
	RiskEventTypes []string `json:"riskEventTypes"`
}

// Origin says where a document comes from.
type Origin struct {
	TenantID string `json:"tenantId"`
	ActorID  string `json:"actorId,omitempty"`
}

// SignInDocument is a signIn, without what a sign-in log's reader may need further rights for.
type SignInDocument struct {
	ODataType               string        `json:"@odata.type"`
	ID                      string        `json:"id"`
	CreatedDateTime         *string       `json:"createdDateTime"`
	UserDisplayName         *string       `json:"userDisplayName"`
	UserPrincipalName       *string       `json:"userPrincipalName"`
	UserID                  string        `json:"userId"`
	AppID                   *string       `json:"appId"`
	AppDisplayName          *string       `json:"appDisplayName"`
	IPAddress               *string       `json:"ipAddress"`
	ClientAppUsed           string        `json:"clientAppUsed"`
	CorrelationID           *string       `json:"correlationId"`
	ConditionalAccessStatus string        `json:"conditionalAccessStatus"`
	IsInteractive           bool          `json:"isInteractive"`
	RiskDetail              string        `json:"riskDetail"`
	RiskLevelAggregated     string        `json:"riskLevelAggregated"`
	RiskLevelDuringSignIn   string        `json:"riskLevelDuringSignIn"`
	RiskState               string        `json:"riskState"`
	RiskEventTypes          []string      `json:"riskEventTypes_v2"`
	ResourceDisplayName     *string       `json:"resourceDisplayName"`
	ResourceID              *string       `json:"resourceId"`
	UserAgent               *string       `json:"userAgent"`
	Status                  Status        `json:"status"`
	DeviceDetail            Device        `json:"deviceDetail"`
	Location                Location      `json:"location"`
	Portico                 SignInPortico `json:"portico"`
}

// Status is how a sign-in ended.
type Status struct {
	ErrorCode         int     `json:"errorCode"`
	FailureReason     *string `json:"failureReason"`
	AdditionalDetails *string `json:"additionalDetails"`
}

// Device is what a browser says of where it runs.
type Device struct {
	DeviceID        string `json:"deviceId"`
	DisplayName     string `json:"displayName"`
	OperatingSystem string `json:"operatingSystem"`
	Browser         string `json:"browser"`
	IsCompliant     bool   `json:"isCompliant"`
	IsManaged       bool   `json:"isManaged"`
	TrustType       string `json:"trustType"`
}

// SignInPortico is what Graph has no name for.
type SignInPortico struct {
	TenantID string `json:"tenantId"`
	Kind     string `json:"kind"`
	Result   string `json:"result"`
	Protocol string `json:"protocol,omitempty"`
	ASN      uint   `json:"autonomousSystemNumber,omitempty"`
	Network  string `json:"network,omitempty"`
	Count    int    `json:"count"` // equal ones of one minute are one record
}

// AuditDocument is a directoryAudit.
type AuditDocument struct {
	ODataType           string        `json:"@odata.type"`
	ID                  string        `json:"id"`
	Category            string        `json:"category"`
	CorrelationID       *string       `json:"correlationId"`
	Result              string        `json:"result"`
	ActivityDisplayName string        `json:"activityDisplayName"`
	ActivityDateTime    *string       `json:"activityDateTime"`
	LoggedByService     string        `json:"loggedByService"`
	OperationType       *string       `json:"operationType"`
	InitiatedBy         Initiator     `json:"initiatedBy"`
	TargetResources     []AuditTarget `json:"targetResources"`
	Portico             Origin        `json:"portico"`
}

// Initiator is who did it: a person or an app.
type Initiator struct {
	User *InitiatorUser `json:"user"`
	App  *InitiatorApp  `json:"app"`
}

// InitiatorUser is a person who did it.
type InitiatorUser struct {
	ID          string  `json:"id"`
	DisplayName *string `json:"displayName"`
	IPAddress   *string `json:"ipAddress"`
}

// InitiatorApp is a program that did it.
type InitiatorApp struct {
	AppID       *string `json:"appId"`
	DisplayName *string `json:"displayName"`
}

// AuditTarget is what was changed.
type AuditTarget struct {
	ID                 *string       `json:"id"`
	DisplayName        *string       `json:"displayName"`
	Type               string        `json:"type"`
	ModifiedProperties []AuditChange `json:"modifiedProperties"`
}

// AuditChange is one property before and after, each as JSON in a string.
type AuditChange struct {
	DisplayName string  `json:"displayName"`
	OldValue    *string `json:"oldValue"`
	NewValue    *string `json:"newValue"`
}

// Detection makes the record of a detection's document. Words are what a syslog line says it is.
func Detection(d DetectionDocument, at, happened time.Time) (Record, error) {
	d.ODataType = "#microsoft.graph.riskDetection"
	body, err := line(d)
	return Record{Kind: RiskDetection, ID: d.ID, At: at, Happened: happened, Body: body, Event: d.RiskEventType, Title: orText(d.Portico.Reason, d.RiskEventType),
		Level: d.RiskLevel, State: d.RiskState, UserID: deref(d.UserID), User: deref(d.UserPrincipalName), IP: deref(d.IPAddress), App: d.Portico.AppDisplayName, Test: d.Portico.Test, Simulated: d.Portico.Simulated}, err
}

// Risk makes the record of a change of a person's risk.
func Risk(d RiskDocument, at time.Time) (Record, error) {
	d.ODataType = "#microsoft.graph.riskyUserHistoryItem"
	body, err := line(d)
	return Record{Kind: RiskyUser, ID: d.ID, At: at, Happened: at, Body: body, Event: "userRisk", Title: "The risk of a person is " + d.RiskLevel + " (" + d.RiskState + ")",
		Level: d.RiskLevel, State: d.RiskState, UserID: d.UserID, User: deref(d.UserPrincipalName), Simulated: d.Portico.Simulated}, err
}

// SignInRisk is what became of a sign-in's risk, from the columns beside its record.
type SignInRisk struct {
	Aggregate, State, Detail string
	Types                    []string
}

// SignInOf makes the record of a sign-in. reason is the words of its failure.
func SignInOf(id string, at time.Time, r record.SignIn, risk SignInRisk, ip, reason string) (Record, error) {
	principal := r.Identifier
	if principal == "" {
		principal = r.User.Name
	}
	d := SignInDocument{ODataType: "#microsoft.graph.signIn", ID: id, CreatedDateTime: Stamp(at), UserDisplayName: Text(r.User.Name), UserPrincipalName: Text(principal), UserID: r.User.ID,
		AppID: Text(r.App.ID), AppDisplayName: Text(r.App.Name), IPAddress: Text(ip), ClientAppUsed: "Browser", CorrelationID: Text(r.CorrelationID),
		ConditionalAccessStatus: accessStatus(r), IsInteractive: r.Kind == record.Interactive, RiskDetail: RiskDetail(risk.Detail, true),
		RiskLevelAggregated: RiskLevel(risk.Aggregate), RiskLevelDuringSignIn: RiskLevel(r.RiskLevel), RiskState: RiskState(risk.State), RiskEventTypes: risk.Types,
		ResourceDisplayName: Text(r.Resource.Name), ResourceID: Text(r.Resource.ID), UserAgent: Text(r.Signals.UserAgent),
		Status:       Status{ErrorCode: r.Outcome.Code, AdditionalDetails: Text(r.Outcome.Step)},
		DeviceDetail: Device{OperatingSystem: r.Signals.OS, Browser: r.Signals.Browser},
		Location:     Location{City: r.Signals.City, State: r.Signals.Region, CountryOrRegion: r.Signals.Country, GeoCoordinates: Coordinates(r.Signals.Latitude, r.Signals.Longitude)},
		Portico: SignInPortico{TenantID: r.TenantID, Kind: string(r.Kind), Result: string(r.Outcome.Result), Protocol: r.Protocol, ASN: uint(r.Signals.ASN), Network: r.Signals.Network,
			Count: max(r.Count, 1)}}
	if d.RiskEventTypes == nil {
		d.RiskEventTypes = []string{}
	}
	outcome := "success"
	if r.Outcome.Code != 0 {
		outcome, d.Status.FailureReason = "failure", Text(reason)
	}
	body, err := line(d)
	return Record{Kind: SignIn, ID: id, At: at, Happened: at, Body: body, Event: "signIn", Title: "Sign-in: " + string(r.Outcome.Result), Level: d.RiskLevelAggregated, State: d.RiskState,
		UserID: r.User.ID, User: principal, IP: ip, App: r.App.Name, Outcome: outcome}, err
}

// accessStatus is Graph's conditionalAccessStatus.
func accessStatus(r record.SignIn) string {
	out := "notApplied"
	for _, p := range r.Policies {
		switch p.Result {
		case "failure", "interrupted":
			return "failure"
		case "success":
			out = "success"
		}
	}
	return out
}

// AuditOf makes the record of an entry of the audit log. Values of secret and sensitive properties stay here.
func AuditOf(tenantID, id string, at time.Time, actor audit.Actor, target audit.Target, e AuditEntry) (Record, error) {
	d := AuditDocument{ODataType: "#microsoft.graph.directoryAudit", ID: id, Category: e.Category, CorrelationID: Text(actor.CorrelationID), Result: e.Result,
		ActivityDisplayName: e.Activity, ActivityDateTime: Stamp(at), LoggedByService: "Core Directory", OperationType: Text(e.Operation), Portico: Origin{TenantID: tenantID}}
	if actor.Kind == audit.ActorUser {
		d.InitiatedBy.User = &InitiatorUser{ID: actor.ID, DisplayName: Text(actor.Name), IPAddress: Text(actor.IP)}
	} else {
		d.InitiatedBy.App = &InitiatorApp{DisplayName: Text(actor.Name)}
		if actor.Kind == audit.ActorApp {
			d.InitiatedBy.App.AppID = Text(actor.ID)
		}
	}
	changed := []AuditChange{}
	for _, c := range e.Changes {
		one := AuditChange{DisplayName: c.Property}
		if c.Class == audit.Public || c.Class == "" {
			one.OldValue, one.NewValue = jsonText(c.Old), jsonText(c.New)
		}
		changed = append(changed, one)
	}
	d.TargetResources = []AuditTarget{{ID: Text(target.ID), DisplayName: Text(target.Name), Type: AuditTargetType(target.Kind), ModifiedProperties: changed}}
	body, err := line(d)
	r := Record{Kind: DirectoryAudit, ID: id, At: at, Happened: at, Body: body, Event: e.Category, Title: e.Activity, User: actor.Name, UserID: actor.ID, IP: actor.IP, Outcome: e.Result}
	if target.Kind == "user" {
		r.App = ""
	}
	return r, err
}

// AuditEntry is what happened.
type AuditEntry struct {
	Activity, Category, Operation, Result string
	Changes                               []audit.Change
}

// AuditTargetType is Graph's word for what was changed.
func AuditTargetType(kind string) string {
	switch kind {
	case "user":
		return "User"
	case "application":
		return "App"
	case "tenant":
		return "Directory"
	case "role":
		return "Role"
	case "group":
		return "Group"
	case "policy", "userFlow":
		return "Policy"
	}
	return "Other"
}

// AdditionalInfo is Graph's JSON in a string: what the detection rests on, by name.
func AdditionalInfo(userAgent string, evidence map[string]any) string {
	type pair struct{ Key, Value string }
	pairs := []pair{}
	if userAgent != "" {
		pairs = append(pairs, pair{"userAgent", userAgent})
	}
	for _, k := range slices.Sorted(maps.Keys(evidence)) {
		switch v := evidence[k].(type) {
		case string:
			pairs = append(pairs, pair{k, v})
		case float64, bool, int, int64, json.Number:
			pairs = append(pairs, pair{k, fmt.Sprint(v)})
		default:
			if b, err := line(v); err == nil && v != nil {
				pairs = append(pairs, pair{k, string(b)})
			}
		}
	}
	b, err := line(pairs)
	if err != nil {
		return "[]"
	}
	return string(b)
}

// Stamp is an Edm.DateTimeOffset: UTC with Z; the zero time is null.
func Stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format("2006-01-02T15:04:05.999999Z")
	return &s
}

// Text is a string, or null when there is none.
func Text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func jsonText(v any) *string {
	if v == nil {
		return nil
	}
	b, err := line(v)
	if err != nil {
		return nil
	}
	return Text(string(b))
}

// line is a value as JSON in one line. HTML characters stay as they are: no browser reads it.
func line(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}

// Sample is what a test sends: a detection that nobody could take for one.
func Sample(tenantID string, now time.Time) (Record, error) {
	return Detection(DetectionDocument{ID: "00000000-0000-4000-8000-000000000000", RiskEventType: "generic", RiskLevel: "low", RiskState: "atRisk", RiskDetail: "none",
		Source: Source, DetectionTimingType: "notDefined", Activity: "signin", TokenIssuerType: "AzureAD", IPAddress: Text("192.0.2.1"),
		ActivityDateTime: Stamp(now), DetectedDateTime: Stamp(now), LastUpdatedDateTime: Stamp(now), UserDisplayName: Text("Test of an export"),
		UserPrincipalName: Text("test@example.com"), AdditionalInfo: AdditionalInfo("", map[string]any{"test": true}),
		Portico: DetectionPortico{TenantID: tenantID, Reason: "This is a test. Nothing happened.", Count: 1, Test: true}}, now, now)
}

// Source is who detects.
const Source = "Portico"

// splitTypes reads a list that is kept with commas.
func splitTypes(s string) []string {
	out := []string{}
	for t := range strings.SplitSeq(s, ",") {
		if t = strings.TrimSpace(t); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// Types reads a list of detection types as it is stored.
func Types(s string) []string { return splitTypes(s) }
