package models

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"portico/app/export"
	"portico/app/record"
	"portico/app/risk"
)

// Types of detections that people make (Graph riskEventType). What detectors find is named in app/risk.
const (
	AdminConfirmed = "adminConfirmedUserCompromised"
	UserReported   = "userReportedSuspiciousActivity"
	Leaked         = "leakedCredentials"
)

// What a detection is about (Graph activityType).
const (
	ActivitySignIn = "signin" // one authentication
	ActivityUser   = "user"   // the account itself: no second factor makes it good
)

// DetectionsSettle is how long a reader that must not miss any leaves the newest changes alone: by then every
// transaction that began earlier has ended.
const DetectionsSettle = 10 * time.Second

// Detection is one risk detection (Graph riskDetection). SignInID "" = it is linked to no sign-in.
type Detection struct {
	ID            string
	DetectedAt    time.Time
	ActivityAt    time.Time // when it happened
	UpdatedAt     time.Time // of any of level, state, detail
	UserID        string
	UserName      string
	Address       string // the person's user principal name as it was
	SignInID      string
	CorrelationID string
	Type          string // Graph riskEventType
	Level         string // low, medium, high
	State         string // Graph riskState
	Detail        string // Graph riskDetail
	Timing        string // realtime, offline
	Activity      string // signin, user
	IP            string
	Country       string
	Region        string
	City          string
	Latitude      float64 // both 0 = unknown
	Longitude     float64
	Network       string
	Browser       string
	OS            string
	UserAgent     string
	ClientID      string
	ClientName    string
	Key           string         // message key of the reason
	Evidence      map[string]any // what differed, and by how much; arguments of Key
	IncidentID    string
	Simulated     bool
	Count         int // more than one when equal ones are folded
}

// Open reports whether it still counts.
func (d Detection) Open() bool { return d.State == RiskAtRisk || d.State == RiskConfirmed }

// openStates are those that count towards the risk of a person.
func openStates() []string { return []string{RiskAtRisk, RiskConfirmed} }

// ofAccount reports whether a type of detection is about the account rather than about one sign-in: passing a
// second factor does not end it, only another password or an admin does.
func ofAccount(kind string) bool {
	return kind == AdminConfirmed || kind == UserReported || kind == Leaked
}

func detectionRow(tenantID string, d Detection) (RiskDetectionRow, error) {
	evidence := ""
	if len(d.Evidence) > 0 {
		b, err := json.Marshal(d.Evidence)
		if err != nil {
			return RiskDetectionRow{}, err
		}
		evidence = string(b)
	}
	return RiskDetectionRow{ID: d.ID, TenantID: tenantID, DetectedAt: micro(d.DetectedAt), ActivityAt: micro(d.ActivityAt), UpdatedAt: micro(d.UpdatedAt),
		UserID: d.UserID, UserName: d.UserName, Address: d.Address, SignInID: d.SignInID, CorrelationID: d.CorrelationID, Type: d.Type, Level: d.Level,
		State: d.State, Detail: d.Detail, Timing: d.Timing, Activity: d.Activity, IP: d.IP, Country: d.Country, Region: d.Region, City: d.City,
		Latitude: d.Latitude, Longitude: d.Longitude, Network: d.Network, Browser: d.Browser, OS: d.OS, UserAgent: d.UserAgent,
		ClientID: d.ClientID, ClientName: d.ClientName, Key: d.Key, Evidence: evidence, IncidentID: d.IncidentID, Simulated: d.Simulated, Count: int64(max(d.Count, 1))}, nil
}

func detectionOf(r RiskDetectionRow) (Detection, error) {
	d := Detection{ID: r.ID, DetectedAt: r.DetectedAt.UTC(), ActivityAt: r.ActivityAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
		UserID: r.UserID, UserName: r.UserName, Address: r.Address, SignInID: r.SignInID, CorrelationID: r.CorrelationID, Type: r.Type, Level: r.Level,
		State: r.State, Detail: r.Detail, Timing: r.Timing, Activity: r.Activity, IP: r.IP, Country: r.Country, Region: r.Region, City: r.City,
		Latitude: r.Latitude, Longitude: r.Longitude, Network: r.Network, Browser: r.Browser, OS: r.OS, UserAgent: r.UserAgent,
		ClientID: r.ClientID, ClientName: r.ClientName, Key: r.Key, IncidentID: r.IncidentID, Simulated: r.Simulated, Count: int(max(r.Count, 1))}
	if r.Evidence != "" {
		if err := json.Unmarshal([]byte(r.Evidence), &d.Evidence); err != nil {
			return d, badJSON("risk detection", r.ID, err)
		}
	}
	return d, nil
}

// Document is the detection as the API and exports show it. say gives the words of its reason.
func (d Detection) Document(tenantID string, say func(key string, args map[string]any) string) (export.DetectionDocument, error) {
	row, err := detectionRow(tenantID, d)
	if err != nil {
		return export.DetectionDocument{}, err
	}
	return row.Document(say)
}

func detectionsOf(rows []RiskDetectionRow) ([]Detection, error) {
	out := make([]Detection, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = detectionOf(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// detectionsOfSignIn are what a sign-in's findings become. One sign-in has one detection of each type and reason;
// what an app does in somebody's name goes on by itself, so there all of an hour from one address are one.
func detectionsOfSignIn(r record.SignIn, at time.Time) []Detection {
	var out []Detection
	seen := map[string]int{}
	for _, f := range r.Risk {
		if risk.Rank(f.Level) == 0 {
			continue
		}
		d := detectionAt(r, f, at)
		if i, again := seen[d.ID]; again {
			out[i].Level = risk.Worse(out[i].Level, d.Level)
			continue
		}
		seen[d.ID] = len(out)
		out = append(out, d)
	}
	return out
}

func detectionAt(r record.SignIn, f record.Finding, at time.Time) Detection {
	s := r.Signals
	d := Detection{ID: detectionID(r.ID, f.Type, f.Key), DetectedAt: at, ActivityAt: cmp.Or(r.EndedAt, r.StartedAt), UpdatedAt: at, UserID: r.User.ID, UserName: r.User.Name,
		Address: r.Identifier, SignInID: r.ID, CorrelationID: r.CorrelationID, Type: f.Type, Level: f.Level, State: RiskAtRisk, Detail: RiskNone,
		Timing: cmp.Or(f.Timing, risk.RealTime), Activity: ActivitySignIn, Country: s.Country, Region: s.Region, City: s.City, Latitude: s.Latitude, Longitude: s.Longitude,
		Network: s.Network, Browser: s.Browser, OS: s.OS, UserAgent: s.UserAgent, ClientID: r.App.ID, ClientName: r.App.Name,
		Key: f.Key, Evidence: f.Evidence, Count: 1}
	if s.IP.IsValid() {
		d.IP = s.IP.Unmap().String()
	}
	if ofAccount(f.Type) {
		d.Activity = ActivityUser
	}
	if r.Kind == record.NonInteractive {
		d.ID = detectionID(r.User.ID, f.Type, f.Key, d.IP, d.ActivityAt.UTC().Format("2006-01-02T15"))
	}
	if id, ok := f.Evidence["incident"].(string); ok {
		d.IncidentID = id
	}
	return d
}

// detectionID is the same whenever the same thing is found.
func detectionID(parts ...string) string {
	sum := sha256.Sum256([]byte("detection\x00" + strings.Join(parts, "\x00")))
	var id uuid.UUID
	copy(id[:], sum[:])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // RFC 9562 version 8
	return id.String()
}

// DetectionQuery narrows the detections (R 6.6.3). They are sorted by when they were detected, newest first.
type DetectionQuery struct {
	From, To      time.Time // detected: From is included, To is not
	UpdatedSince  time.Time // included
	UpdatedBefore time.Time // excluded
	UserID        string
	UserIDs       []string // any of them; none = all
	Types         []string // any of them; none = all
	Levels        []string
	States        []string
	Details       []string
	Timing        string
	Activity      string
	IP            string
	Country       string
	ClientID      string
	IncidentID    string
	SignInID      string
	Simulated     *bool
	Unlinked      bool // only those that are linked to no sign-in
	ByUpdated     bool // sorted by when they last changed instead
	OldestFirst   bool
	After         string
	Limit         int
}

// detectionPaths are the ways to what a query finds: equality on the leading columns of one index each, so that
// every one of them reads in the order that is asked for. Together they are the answer, without repetition.
func (q DetectionQuery) paths() []way {
	one := func(index, column, value string) []way {
		return []way{{index: index, where: column + " = ?", args: []any{value}}}
	}
	switch {
	case q.SignInID != "":
		return one("risk_detections_sign_in", "sign_in_id", q.SignInID)
	case q.ByUpdated || !q.UpdatedSince.IsZero() || !q.UpdatedBefore.IsZero():
		return []way{{index: "risk_detections_updated"}}
	case q.Unlinked && q.UserID == "":
		return one("risk_detections_sign_in", "sign_in_id", "")
	case q.UserID != "":
		return one("risk_detections_user", "user_id", q.UserID)
	case len(q.UserIDs) > 0: // a few people, who have few each
		return []way{{index: "risk_detections_user", where: "user_id IN ?", args: []any{q.UserIDs}}}
	case q.IncidentID != "":
		return one("risk_detections_incident", "incident_id <> '' AND incident_id", q.IncidentID)
	case q.IP != "":
		return one("risk_detections_ip", "ip", q.IP)
	}
	var out []way
	switch {
	case len(q.States) > 0:
		levels := q.Levels
		if len(levels) == 0 {
			levels = []string{risk.Low, risk.Medium, risk.High}
		}
		for _, s := range distinct(q.States) {
			for _, l := range distinct(levels) {
				out = append(out, way{"risk_detections_state", "state = ? AND level = ?", []any{s, l}})
			}
		}
		return out
	case len(q.Types) > 0:
		for _, k := range distinct(q.Types) {
			out = append(out, one("risk_detections_type", "type", k)...)
		}
		return out
	case q.Country != "":
		return one("risk_detections_country", "country", q.Country)
	case q.ClientID != "":
		return one("risk_detections_app", "client_id", q.ClientID)
	case len(q.Details) > 0:
		for _, d := range distinct(q.Details) {
			out = append(out, one("risk_detections_detail", "detail", d)...)
		}
		return out
	case q.Timing != "" || q.Activity != "":
		timings, activities := []string{risk.RealTime, risk.Offline}, []string{ActivitySignIn, ActivityUser}
		if q.Timing != "" {
			timings = []string{q.Timing}
		}
		if q.Activity != "" {
			activities = []string{q.Activity}
		}
		for _, made := range timings {
			for _, about := range activities {
				out = append(out, way{"risk_detections_made", "timing = ? AND activity = ?", []any{made, about}})
			}
		}
		return out
	}
	return []way{{index: "risk_detections_time"}}
}

func distinct(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// detectionTime is the column that a query sorts by.
func (q DetectionQuery) column() string {
	if q.ByUpdated {
		return "updated_at"
	}
	return "detected_at"
}

func (q DetectionQuery) filter(db *gorm.DB) *gorm.DB {
	db = equals(db, [][2]string{{"user_id", q.UserID}, {"timing", q.Timing}, {"activity", q.Activity}, {"ip", q.IP}, {"country", q.Country},
		{"client_id", q.ClientID}, {"incident_id", q.IncidentID}, {"sign_in_id", q.SignInID}})
	for _, in := range []struct {
		column string
		values []string
	}{{"user_id", q.UserIDs}, {"type", q.Types}, {"level", q.Levels}, {"state", q.States}, {"detail", q.Details}} {
		if len(in.values) > 0 {
			db = db.Where(in.column+" IN ?", in.values)
		}
	}
	if q.Simulated != nil {
		db = db.Where("simulated = ?", *q.Simulated)
	}
	if q.Unlinked {
		db = db.Where("sign_in_id = ''")
	}
	for _, b := range []struct {
		where string
		at    time.Time
	}{{"detected_at >= ?", q.From}, {"detected_at < ?", q.To}, {"updated_at >= ?", q.UpdatedSince}, {"updated_at < ?", q.UpdatedBefore}} {
		if !b.at.IsZero() {
			db = db.Where(b.where, b.at.UTC())
		}
	}
	return db
}

// Detections lists one page of the detections.
func (t *Tenant) Detections(ctx context.Context, q DetectionQuery) (Page[Detection], error) {
	limit, paths := clampLimit(q.Limit), q.paths()
	var all []RiskDetectionRow
	for _, p := range paths {
		db, err := keyset(q.filter(t.via(ctx, "risk_detections", p)), q.column(), q.After, !q.OldestFirst, true)
		if err != nil {
			return Page[Detection]{}, err
		}
		rows, err := scanned[RiskDetectionRow](db.Limit(limit + 1))
		if err != nil {
			return Page[Detection]{}, err
		}
		all = append(all, rows...)
	}
	when := func(r RiskDetectionRow) time.Time {
		if q.ByUpdated {
			return r.UpdatedAt
		}
		return r.DetectedAt
	}
	if len(paths) > 1 {
		slices.SortFunc(all, func(a, b RiskDetectionRow) int {
			c := cmp.Or(when(b).Compare(when(a)), strings.Compare(b.ID, a.ID))
			if q.OldestFirst {
				return -c
			}
			return c
		})
	}
	p := page(all[:min(len(all), limit+1)], limit, func(r RiskDetectionRow) cursor { return cursor{Time: when(r), ID: r.ID} })
	items, err := detectionsOf(p.Items)
	return Page[Detection]{Items: items, Next: p.Next}, err
}

// Detection reads one detection.
func (t *Tenant) Detection(ctx context.Context, id string) (Detection, error) {
	var r RiskDetectionRow
	if err := t.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return Detection{}, found(err)
	}
	return detectionOf(r)
}

// DetectionsOfSignIns are what was found in some sign-ins, by the sign-in's id.
func (t *Tenant) DetectionsOfSignIns(ctx context.Context, ids []string) (map[string][]Detection, error) {
	out := map[string][]Detection{}
	for chunk := range slices.Chunk(ids, 500) {
		var rows []RiskDetectionRow
		if err := t.via(ctx, "risk_detections", way{index: "risk_detections_sign_in"}).Where("sign_in_id IN ?", chunk).Order("detected_at, id").Find(&rows).Error; err != nil {
			return nil, err
		}
		list, err := detectionsOf(rows)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			out[d.SignInID] = append(out[d.SignInID], d)
		}
	}
	return out, nil
}

// EachDetection visits every detection that the query finds, page by page. Whoever must not miss any sorts them by
// ByUpdated, OldestFirst, and leaves what is younger than DetectionsSettle for next time.
func (t *Tenant) EachDetection(ctx context.Context, q DetectionQuery, visit func(Detection) error) error {
	q.Limit = 500
	return eachPage(ctx, q.After, func(after string) (Page[Detection], error) {
		q.After = after
		return t.Detections(ctx, q)
	}, visit)
}

// CountDetections counts what a query finds, up to a bound.
func (t *Tenant) CountDetections(ctx context.Context, q DetectionQuery, bound int) (int, error) {
	total := 0
	for _, p := range q.paths() {
		var n int64
		some := q.filter(t.via(ctx, "risk_detections", p)).Model(&RiskDetectionRow{}).Select("id").Limit(bound - total)
		if err := t.r(ctx).Table("(?) AS bounded", some).Count(&n).Error; err != nil {
			return 0, err
		}
		if total += int(n); total >= bound {
			return bound, nil
		}
	}
	return total, nil
}
