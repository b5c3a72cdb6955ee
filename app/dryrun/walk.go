package dryrun

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"time"

	"portico/app/fault"
	"portico/app/signin"
)

// Lifetime is how long a sealed walk can be gone on with.
const Lifetime = time.Hour

const (
	maxEvents = 60      // nobody walks further by hand
	maxWalk   = 1 << 20 // bytes, unpacked
)

// Choice is what the admin chose before the first page.
type Choice struct {
	FlowID   string   `json:"flowId"`
	Draft    bool     `json:"draft,omitempty"` // the draft, not what is published
	ClientID string   `json:"clientId"`        // the app that the visitor comes from, "" = none
	Visitor  Visitor  `json:"visitor"`
	Locale   string   `json:"locale"`
	Country  string   `json:"country,omitempty"`
	IP       string   `json:"ip,omitempty"`
	Platform string   `json:"platform,omitempty"` // as Signals.Platform
	Risk     string   `json:"risk,omitempty"`     // low, medium, high: what risk would say; "" = what it does say
	Prompt   []string `json:"prompt,omitempty"`
}

// Event is one thing that happened after the visitor came: a form was sent, time passed, or the visitor
// came to the app once more.
type Event struct {
	Step   signin.Name         `json:"step,omitempty"`
	Action string              `json:"action,omitempty"`
	Values map[string][]string `json:"values,omitempty"`
	Wait   time.Duration       `json:"wait,omitempty"`
	Again  bool                `json:"again,omitempty"`
}

// Walk is a dry run as far as it went.
type Walk struct {
	Choice Choice    `json:"choice"`
	Seed   [32]byte  `json:"seed"`
	Began  time.Time `json:"began"`
	Events []Event   `json:"events,omitempty"`
}

// Begin makes a walk that has not taken a step. Random and clock are those of the installation: from here
// on the walk has its own.
func Begin(c Choice, random io.Reader, now time.Time) (Walk, error) {
	w := Walk{Choice: c, Began: now.UTC().Truncate(time.Microsecond)}
	_, err := io.ReadFull(random, w.Seed[:])
	return w, err
}

// Then is the walk with one more event.
func (w Walk) Then(e Event) (Walk, error) {
	if len(w.Events) >= maxEvents {
		return w, fault.New(fault.Invalid, "dryrun.long")
	}
	w.Events = append(w.Events[:len(w.Events):len(w.Events)], e)
	return w, nil
}

// Back is the walk one event earlier.
func (w Walk) Back() Walk {
	if n := len(w.Events); n > 0 {
		w.Events = w.Events[: n-1 : n-1]
	}
	return w
}

// Sealer encrypts and authenticates; the store's does.
type Sealer interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// bound names whom a sealed walk belongs to: it opens for this admin in this tenant and for nobody else.
func bound(tenantID, adminID string) string { return "dry run:" + tenantID + ":" + adminID }

// Seal packs a walk for the hidden field of a page.
func Seal(w Walk, s Sealer, tenantID, adminID string) (string, error) {
	plain, err := json.Marshal(w)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	f, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		return "", err
	}
	if _, err := f.Write(plain); err != nil {
		return "", err
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	sealed, err := s.Seal(b.Bytes(), bound(tenantID, adminID))
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// Open reads what Seal packed. Whatever is wrong with it, the admin can do one thing only: begin again.
func Open(text string, s Sealer, tenantID, adminID string, now time.Time) (Walk, error) {
	var w Walk
	stale := func(cause error) (Walk, error) {
		return Walk{}, &fault.Error{Code: fault.Expired, Key: "dryrun.stale", Cause: cause}
	}
	sealed, err := base64.RawURLEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return stale(err)
	}
	packed, err := s.Open(sealed, bound(tenantID, adminID))
	if err != nil {
		return stale(err)
	}
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxWalk))
	if err != nil {
		return stale(err)
	}
	if err := json.Unmarshal(plain, &w); err != nil {
		return stale(err)
	}
	if age := now.Sub(w.Began); age < 0 || age >= Lifetime {
		return stale(nil)
	}
	return w, nil
}
