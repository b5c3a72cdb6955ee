// Package export knows how what Identity Protection and the logs record leaves Portico continuously: which
// records, in which form (Graph's JSON, RFC 5424, CEF), to which kind of place (a signed webhook, syslog,
// files), and how it is kept up when the other side is slow, wrong or away. A worker reads behind a cursor
// in the database, so nothing is copied into a queue; every record arrives at least once, in the order in
// which it last changed, and carries an id by which a receiver drops what it has already.
package export

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/risk"
)

// Kind is what is exported, in the names of Graph's types.
type Kind string

const (
	RiskDetection  Kind = "riskDetection"
	RiskyUser      Kind = "riskyUserHistoryItem" // each change of a person's risk
	SignIn         Kind = "signIn"
	DirectoryAudit Kind = "directoryAudit"
)

// Kinds are all of them, in the order in which a target gets them.
func Kinds() []Kind { return []Kind{RiskDetection, RiskyUser, SignIn, DirectoryAudit} }

// TargetKind is where records go.
type TargetKind string

const (
	Webhook TargetKind = "webhook"
	Syslog  TargetKind = "syslog"
	File    TargetKind = "file"
)

// Format is how records are written.
type Format string

const (
	NDJSON    Format = "ndjson"    // one JSON object per line: webhook, file
	JSONArray Format = "jsonArray" // webhook
	RFC5424   Format = "rfc5424"   // syslog, the message is the record as JSON
	CEF       Format = "cef"       // syslog, the message is CEF
)

// Formats are those that a kind of target knows; the first is its default.
func (k TargetKind) Formats() []Format {
	switch k {
	case Webhook:
		return []Format{NDJSON, JSONArray}
	case Syslog:
		return []Format{RFC5424, CEF}
	case File:
		return []Format{NDJSON}
	}
	return nil
}

// Target is a continuous export as an admin describes it. Its secret is kept apart.
type Target struct {
	Name    string     `json:"displayName"`
	Kind    TargetKind `json:"kind"`
	Format  Format     `json:"format"`
	Records []Kind     `json:"records"`
	URL     string     `json:"url,omitempty"`     // of a webhook
	Address string     `json:"address,omitempty"` // host:port of a syslog receiver
	Plain   bool       `json:"plain,omitempty"`   // syslog without TLS, to places that the operator allows only
	Filter  Filter     `json:"filter,omitzero"`
}

// Filter narrows the risk detections of an export; everything else of a kind goes out whole.
type Filter struct {
	Levels []string `json:"riskLevels,omitempty"`
	Types  []string `json:"riskEventTypes,omitempty"`
}

// Takes reports whether a detection of a level and a type is exported.
func (f Filter) Takes(level, kind string) bool {
	return (len(f.Levels) == 0 || slices.Contains(f.Levels, level)) && (len(f.Types) == 0 || slices.Contains(f.Types, kind))
}

const (
	maxName  = 100
	maxURL   = 2000
	maxTypes = 50
)

// Filled is the target with defaults in place of what was not said, and without what its kind has no use for.
func (t Target) Filled() Target {
	t.Name, t.URL, t.Address = strings.TrimSpace(t.Name), strings.TrimSpace(t.URL), strings.TrimSpace(t.Address)
	if f := t.Kind.Formats(); t.Format == "" && len(f) > 0 {
		t.Format = f[0]
	}
	if t.Kind != Webhook {
		t.URL = ""
	}
	if t.Kind != Syslog {
		t.Address, t.Plain = "", false
	}
	var sorted []Kind
	for _, k := range Kinds() {
		if slices.Contains(t.Records, k) {
			sorted = append(sorted, k)
		}
	}
	for _, k := range t.Records { // what is not known stays, to be complained about
		if !slices.Contains(Kinds(), k) {
			sorted = append(sorted, k)
		}
	}
	t.Records = sorted
	if !slices.Contains(t.Records, RiskDetection) {
		t.Filter = Filter{}
	}
	t.Filter.Levels, t.Filter.Types = tidy(t.Filter.Levels), tidy(t.Filter.Types)
	return t
}

func tidy(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) == 0 {
		return nil
	}
	return out
}

// Reach says whether a place may be called; outbound.Client has it. plain asks about a connection without TLS.
type Reach func(tenantSlug, host, port string, plain bool) error

// Validate refuses what can never work, field by field. files says whether the operator named a folder.
func (t Target) Validate(tenantSlug string, reach Reach, files bool) error {
	var bad fault.Fields
	switch n := utf8.RuneCountInString(t.Name); {
	case n == 0:
		bad.Add("displayName", "export.name", nil)
	case n > maxName:
		bad.Add("displayName", "field.too_long", map[string]any{"max": maxName})
	}
	if t.Kind.Formats() == nil {
		bad.Add("kind", "export.kind", nil)
	} else if !slices.Contains(t.Kind.Formats(), t.Format) {
		bad.Add("format", "export.format", nil)
	}
	if len(t.Records) == 0 {
		bad.Add("records", "export.records", nil)
	}
	for _, k := range t.Records {
		if !slices.Contains(Kinds(), k) {
			bad.Add("records", "export.records", nil)
			break
		}
	}
	for _, l := range t.Filter.Levels {
		if l != "low" && l != "medium" && l != "high" {
			bad.Add("riskLevels", "export.level", nil)
			break
		}
	}
	if len(t.Filter.Types) > maxTypes || slices.ContainsFunc(t.Filter.Types, func(s string) bool { return s == "" || len(s) > 48 }) {
		bad.Add("riskEventTypes", "export.types", nil)
	} else {
		for _, kind := range t.Filter.Types { // a slip of the pen would make an export that sends nothing and looks well
			if _, known := risk.KindOf(kind); !known {
				bad.Add("riskEventTypes", "export.type_unknown", map[string]any{"type": kind})
				break
			}
		}
	}
	switch t.Kind {
	case Webhook:
		t.validateURL(&bad, tenantSlug, reach)
	case Syslog:
		t.validateAddress(&bad, tenantSlug, reach)
	case File:
		if !files {
			bad.Add("kind", "export.no_folder", nil)
		}
	}
	return bad.Err()
}

func (t Target) validateURL(bad *fault.Fields, tenantSlug string, reach Reach) {
	u, err := url.Parse(t.URL)
	if err != nil || len(t.URL) > maxURL || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		bad.Add("url", "export.url", nil)
		return
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if err := reach(tenantSlug, u.Hostname(), port, u.Scheme == "http"); err != nil {
		bad.Add("url", "export.unreachable", nil)
	}
}

func (t Target) validateAddress(bad *fault.Fields, tenantSlug string, reach Reach) {
	host, port, err := net.SplitHostPort(t.Address)
	n, numberErr := strconv.ParseUint(port, 10, 16)
	if err != nil || numberErr != nil || n == 0 || !hostName(host) {
		bad.Add("address", "export.address", nil)
		return
	}
	if err := reach(tenantSlug, host, port, t.Plain); err != nil {
		key := "export.unreachable"
		if t.Plain && reach(tenantSlug, host, port, false) == nil {
			key = "export.plain"
		}
		bad.Add("address", key, nil)
	}
}

func hostName(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	return s != "" && len(s) <= 253 && !strings.ContainsAny(s, "/@?#% \t\\")
}

// Rights are what somebody must be allowed to read before they may send it elsewhere.
func (t Target) Rights() []access.Permission {
	var out []access.Permission
	for _, k := range t.Records {
		need := access.AuditRead
		switch k {
		case RiskDetection:
			need = access.RiskEventRead
		case RiskyUser:
			need = access.RiskyUserRead
		}
		if !slices.Contains(out, need) {
			out = append(out, need)
		}
	}
	return out
}

// Place is where the target sends, as a page or a log names it.
func (t Target) Place() string {
	switch t.Kind {
	case Webhook:
		if u, err := url.Parse(t.URL); err == nil { // a query may hold a token of the receiver
			u.RawQuery = ""
			return u.String()
		}
	case Syslog:
		return t.Address
	}
	return ""
}

// Cursor is how far an export has come with one kind of record.
type Cursor struct {
	At time.Time `json:"t"`
	ID string    `json:"i,omitempty"`
}

// Settle is how long records of a kind are left alone before they go out: by then every transaction that began
// earlier has ended, so that none appears behind the cursor, and folded sign-ins have their count.
func (k Kind) Settle() time.Duration {
	if k == SignIn {
		return 3 * time.Minute
	}
	return 10 * time.Second
}

// Record is one thing to send.
type Record struct {
	Kind     Kind
	ID       string    // of the thing; with At it tells one state of it from another
	At       time.Time // when it last changed: its place in the order
	Happened time.Time
	Body     []byte // the record as JSON, in one line
	// What syslog and CEF say besides.
	Event, Title string // a word (riskEventType, category), and in words what it is
	Level        string // low, medium, high; "" = none
	State        string
	UserID, User string
	IP, App      string
	Outcome      string // success, failure; "" = does not apply
	Test         bool
	Simulated    bool // an administrator made it up: nothing happened
}
