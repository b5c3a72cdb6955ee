package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"portico/app/access"
	"portico/app/export"
	"portico/app/fault"
	"portico/app/risk"
	"portico/handlers/graph/odata"
	"portico/models"
)

// riskDetection is one detection (graph.md §10.1). Its document is the one that exports send.
type riskDetection struct {
	models.RiskDetectionRow
	doc export.DetectionDocument
}

func readRisks() []access.Permission {
	return []access.Permission{access.RiskEventRead, access.RiskEventWrite}
}

// graphWord compares values of a closed list: those words and no others may be asked for.
func graphWord(words ...string) column {
	return column{kind: odata.String, ops: opEq | opNe, fold: strings.TrimSpace, words: words}
}

// The closed lists of Graph (graph.md §10), as filters know them. A client may ask for the member that stands for those
// of later versions.
func riskLevels() []string {
	return []string{"none", "low", "medium", "high", "hidden", export.Unknown}
}

func riskStates() []string { return append(export.RiskStates(), export.Unknown) }

func riskDetails() []string { return append(export.RiskDetails(), export.Unknown) }

// riskEventTypes are those that can be found here, and the vendor's, which a program that was written for Graph asks for
// without a mistake although there are none.
func riskEventTypes() []string {
	var out []string
	for _, k := range risk.Catalogue() {
		out = append(out, k.Type)
	}
	for _, vendors := range []string{"anomalousToken", "anomalousUserActivity", "anonymizedIPAddress", "attackerinTheMiddle", "generic", "impossibleTravel", "investigationsThreatIntelligence",
		"leakedCredentials", "maliciousIPAddress", "maliciousIPAddressValidCredentialsBlockedIP", "malwareInfectedIPAddress", "mcasFinSuspiciousFileAccess",
		"mcasSuspiciousInboxManipulationRules", "nationStateIP", "newCountry", "passwordSpray", "riskyIPAddress", "suspiciousAPITraffic", "suspiciousAuthAppApproval", "suspiciousBrowser",
		"suspiciousIPAddress", "suspiciousInboxForwarding", "suspiciousSendingPatterns", "tokenIssuerAnomaly", "unfamiliarFeatures", "unlikelyTravel", "userReportedSuspiciousActivity", export.Unknown} {
		if !slices.Contains(out, vendors) {
			out = append(out, vendors)
		}
	}
	slices.Sort(out)
	return out
}

// riskDetections is /identityProtection/riskDetections. Whoever reads along what changes filters and sorts by
// lastUpdatedDateTime: a detection that is remediated or dismissed changes, and keeps its id.
func (a *API) riskDetections() *collection[riskDetection] {
	words := column{kind: odata.String, ops: opEq | opNe | opStarts}
	exact := column{kind: odata.String, ops: opEq | opNe, fold: clientID}
	at := column{kind: odata.Time, ops: opEq | opOrder}
	r := &collection[riskDetection]{
		path: []string{"identityProtection", "riskDetections"}, name: "identityProtection/riskDetections", typ: "riskDetection", read: readRisks(),
		normalPage: 20, largestPage: 500, order: odata.Order{Path: "detectedDateTime", Desc: true},
		id: func(d *riskDetection) string { return d.ID },
	}
	get := func(name string, f func(export.DetectionDocument) any) field[riskDetection] {
		return readOnly(name, func(d *riskDetection) any { return f(d.doc) })
	}
	r.fields = []field[riskDetection]{
		get("id", func(d export.DetectionDocument) any { return d.ID }).filterable("risk_detections.id", exact),
		get("requestId", func(d export.DetectionDocument) any { return d.RequestID }).filterable("risk_detections.sign_in_id", exact),
		get("correlationId", func(d export.DetectionDocument) any { return d.CorrelationID }).filterable("risk_detections.correlation_id", column{kind: odata.String, ops: opEq, fold: strings.TrimSpace}),
		get("riskEventType", func(d export.DetectionDocument) any { return d.RiskEventType }).filterable("risk_detections.type", graphWord(riskEventTypes()...)),
		get("riskState", func(d export.DetectionDocument) any { return d.RiskState }).filterable("risk_detections.state", graphWord(riskStates()...)),
		get("riskLevel", func(d export.DetectionDocument) any { return d.RiskLevel }).filterable("risk_detections.level", graphWord(riskLevels()...)),
		get("riskDetail", func(d export.DetectionDocument) any { return d.RiskDetail }).asked(noneOr("risk_detections.detail", riskDetails())),
		get("source", func(d export.DetectionDocument) any { return d.Source }).filterable("'"+export.Source+"'", column{kind: odata.String, ops: opEq | opNe, fold: strings.TrimSpace}),
		get("detectionTimingType", func(d export.DetectionDocument) any { return d.DetectionTimingType }).filterable("risk_detections.timing", graphWord("notDefined", "realtime", "nearRealtime", "offline", export.Unknown)),
		get("activity", func(d export.DetectionDocument) any { return d.Activity }).filterable("risk_detections.activity", graphWord("signin", "user", "servicePrincipal", export.Unknown)),
		get("tokenIssuerType", func(d export.DetectionDocument) any { return d.TokenIssuerType }).filterable("'AzureAD'", graphWord("AzureAD", "ADFederationServices", "AzureADBackupAuth", "ADFederationServicesMFAAdapter", "NPSExtension", export.Unknown)),
		get("ipAddress", func(d export.DetectionDocument) any { return d.IPAddress }).filterable("risk_detections.ip", column{kind: odata.String, ops: opEq | opNe | opStarts, fold: clientID}),
		get("activityDateTime", func(d export.DetectionDocument) any { return d.ActivityDateTime }).filterable("risk_detections.activity_at", at),
		get("detectedDateTime", func(d export.DetectionDocument) any { return d.DetectedDateTime }).filterable("risk_detections.detected_at", at).
			sortable(func(d *riskDetection) any { return d.DetectedAt.UTC() }),
		get("lastUpdatedDateTime", func(d export.DetectionDocument) any { return d.LastUpdatedDateTime }).filterable("risk_detections.updated_at", at).
			sortable(func(d *riskDetection) any { return d.UpdatedAt.UTC() }),
		get("userId", func(d export.DetectionDocument) any { return d.UserID }).filterable("risk_detections.user_id", exact),
		get("userDisplayName", func(d export.DetectionDocument) any { return d.UserDisplayName }).filterable("risk_detections.user_name", words),
		get("userPrincipalName", func(d export.DetectionDocument) any { return d.UserPrincipalName }).filterable("risk_detections.address", words),
		get("additionalInfo", func(d export.DetectionDocument) any { return d.AdditionalInfo }),
		get("location", func(d export.DetectionDocument) any { return d.Location }),
		get("portico", func(d export.DetectionDocument) any { return d.Portico }),
	}
	r.paths = map[string]column{
		"location/city":            {sql: "risk_detections.city", kind: odata.String, ops: opEq | opNe | opStarts},
		"location/state":           {sql: "risk_detections.region", kind: odata.String, ops: opEq | opNe | opStarts},
		"location/countryOrRegion": {sql: "risk_detections.country", kind: odata.String, ops: opEq | opNe | opStarts, fold: strings.ToUpper},
		"portico/incidentId":       {sql: "risk_detections.incident_id", kind: odata.String, ops: opEq | opNe, fold: clientID},
		"portico/appId":            {sql: "risk_detections.client_id", kind: odata.String, ops: opEq | opNe, fold: clientID},
		"portico/simulated":        {sql: "risk_detections.simulated", kind: odata.Bool, ops: opEq | opNe},
	}
	counted[riskDetection, models.RiskDetectionRow](r)
	wrap := func(rows []models.RiskDetectionRow) ([]riskDetection, error) {
		out := make([]riskDetection, len(rows))
		for i, row := range rows {
			doc, err := row.Document(a.explain)
			if err != nil {
				return nil, err
			}
			out[i] = riskDetection{row, doc}
		}
		return out, nil
	}
	r.page = func(ctx context.Context, c *call, l models.Listing) ([]riskDetection, error) {
		rows, err := models.ListRows[models.RiskDetectionRow](ctx, c.tenant, l)
		if err != nil {
			return nil, err
		}
		return wrap(rows)
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*riskDetection, error) {
		rows, err := models.ListRows[models.RiskDetectionRow](ctx, c.tenant, models.Listing{Where: []models.Condition{{SQL: "id = ?", Args: []any{clientID(key)}}}, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return nil, notFound(key)
		}
		out, err := wrap(rows)
		if err != nil {
			return nil, err
		}
		return &out[0], nil
	}
	return r
}

// explain says why a detection was made, in English; places and browsers are filled in as the portal fills them in.
func (a *API) explain(key string, evidence map[string]any) string {
	if a.Words == nil {
		return key
	}
	return a.Words.Evidence(key, evidence)
}

// noneOr is a column of Graph's words in which nothing stands for "none".
func noneOr(sql string, words []string) *column {
	return &column{kind: odata.String, ops: opEq | opNe, words: words, via: func(_, v string) models.Condition {
		if strings.EqualFold(v, "none") {
			return models.Condition{SQL: sql + " IN ('', 'none')"}
		}
		return models.Condition{SQL: sql + " = ?", Args: []any{v}}
	}}
}

// riskIDs reads the ids that an action is about: one to sixty.
func (c *call) riskIDs(name string) ([]string, error) {
	d, err := c.json()
	if err != nil {
		return nil, err
	}
	for _, n := range d.names {
		if n != name {
			return nil, badRequest("Invalid property '"+n+"'.", n)
		}
	}
	var ids []string
	if raw, sent := d.values[name]; sent {
		var given []*string
		if err := strict(name, raw, &given); err != nil {
			return nil, err
		}
		for _, id := range given { // of a list, null would be read as an empty text
			if id == nil || !plausibleID(strings.TrimSpace(*id)) {
				return nil, invalidValue(name, ": each entry must be an id, as the lists give it")
			}
			ids = append(ids, *id)
		}
	}
	if len(ids) == 0 || len(ids) > mostRiskyAtOnce {
		return nil, invalidValue(name, fmt.Sprintf(": one to %d ids are expected, %d were sent", mostRiskyAtOnce, len(ids)))
	}
	seen := map[string]bool{}
	var out []string
	for _, id := range ids {
		if id = strings.ToLower(strings.TrimSpace(id)); !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out, nil
}

// plausibleID tells what could be an id from what is none: one line of a bounded length.
func plausibleID(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' })
}

// mostRiskyAtOnce is how many people or sign-ins one action may name, as with the vendor.
const mostRiskyAtOnce = 60

// unknownID turns the store's "not found" into an answer that names the property.
func unknownID(err error, ids []string) error {
	if fault.Is(err, fault.NotFound) {
		return notFound(strings.Join(ids[:min(len(ids), 3)], ", "))
	}
	return err
}

// since reads a time of a body; null and nothing are the zero time.
func since(name string, s *string) (time.Time, error) {
	if s == nil || *s == "" {
		return time.Time{}, nil
	}
	at, ok := odata.ParseTime(*s)
	if !ok {
		return at, invalidValue(name, ": a time such as 2026-03-27T10:00:00Z is expected")
	}
	return at, nil
}
