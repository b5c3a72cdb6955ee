// Package webhook knows how other systems hear of what happened in a tenant, soon after it happened: which events there
// are, what each says (CloudEvents 1.0), who may subscribe to which, how one is signed and sent, and what a receiver's
// answer means. An event is written down in the transaction of the change itself and delivered by an outbox.Worker:
// at least once, in no promised order, tried again for three days. It knows neither the database nor the pages.
package webhook

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/outbound"
	"portico/app/outbox"
)

// Channel is the outbox's name for what is delivered here.
const Channel outbox.Kind = "webhook"

const (
	// Keep is how long a delivery is tried before it becomes a dead letter, and how long a receiver may fail without
	// one success before it is paused.
	Keep = 72 * time.Hour
	// Overlap is how long the former secret signs too after it was replaced.
	Overlap = 24 * time.Hour
	// Limit is how long a receiver has to answer.
	Limit = 10 * time.Second
	// KeepDelivered and KeepDead are how long the list of deliveries shows what arrived and what did not.
	KeepDelivered = 7 * 24 * time.Hour
	KeepDead      = 30 * 24 * time.Hour
)

const (
	maxName = 100
	maxURL  = 2000
	maxApps = 100
)

// Subscription is what an admin describes: where to, and what. Its secret is kept apart.
type Subscription struct {
	Name    string   `json:"displayName"`
	URL     string   `json:"url"`
	Events  []string `json:"events"`            // names of Kinds
	Apps    []string `json:"apps,omitempty"`    // client ids: of events about an app, only these; none = all
	Profile bool     `json:"profile,omitempty"` // with names, addresses and IP addresses; else ids only
}

// Filled is the subscription tidied: trimmed, events in the order of the catalogue, nothing twice.
func (s Subscription) Filled() Subscription {
	s.Name, s.URL = strings.TrimSpace(s.Name), strings.TrimSpace(s.URL)
	var events []string
	for _, k := range Kinds() {
		if slices.Contains(s.Events, k.Name) {
			events = append(events, k.Name)
		}
	}
	for _, name := range s.Events { // what is not known stays, to be complained about
		if _, known := KindOf(name); !known && !slices.Contains(events, name) {
			events = append(events, name)
		}
	}
	s.Events = events
	var apps []string
	for _, a := range s.Apps {
		if a = strings.ToLower(strings.TrimSpace(a)); a != "" && !slices.Contains(apps, a) {
			apps = append(apps, a)
		}
	}
	slices.Sort(apps)
	s.Apps = apps
	return s
}

// Check refuses a URL that can never be called; outbound.Client has it.
type Check func(tenantSlug string, u *url.URL) error

// Validate refuses what can never work, field by field.
func (s Subscription) Validate(tenantSlug string, check Check) error {
	var bad fault.Fields
	switch n := utf8.RuneCountInString(s.Name); {
	case n == 0:
		bad.Add("displayName", "webhook.name", nil)
	case n > maxName:
		bad.Add("displayName", "field.too_long", map[string]any{"max": maxName})
	}
	if key := s.badURL(tenantSlug, check); key != "" {
		bad.Add("url", key, map[string]any{"max": maxURL})
	}
	if len(s.Events) == 0 || slices.ContainsFunc(s.Events, func(name string) bool { _, known := KindOf(name); return !known }) {
		bad.Add("events", "webhook.events", nil)
	}
	if len(s.Apps) > maxApps || slices.ContainsFunc(s.Apps, func(id string) bool { return len(id) > 64 }) {
		bad.Add("apps", "webhook.apps", map[string]any{"max": maxApps})
	}
	return bad.Err()
}

func (s Subscription) badURL(tenantSlug string, check Check) string {
	if len(s.URL) > maxURL {
		return "field.too_long"
	}
	u, err := url.Parse(s.URL)
	if s.URL == "" || err != nil {
		return "webhook.url"
	}
	switch err := check(tenantSlug, u); {
	case err == nil:
		return ""
	case errors.Is(err, outbound.ErrAddress):
		return "webhook.url.private"
	case errors.Is(err, outbound.ErrScheme):
		return "webhook.url.scheme"
	}
	return "webhook.url"
}

// Place is where it sends as a list or a log names it: a query may hold a token of the receiver.
func (s Subscription) Place() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}

// Rights are what somebody must be allowed to read before they may have it sent elsewhere.
func (s Subscription) Rights() []access.Permission {
	var out []access.Permission
	for _, name := range s.Events {
		if k, known := KindOf(name); known && !slices.Contains(out, k.Right) {
			out = append(out, k.Right)
		}
	}
	if s.Profile && !slices.Contains(out, access.UserRead) {
		out = append(out, access.UserRead)
	}
	return out
}

// Takes reports whether an event goes to this subscription. Events that are about no app are not narrowed by apps.
func (s Subscription) Takes(e Event) bool {
	return slices.Contains(s.Events, e.Kind) && (len(s.Apps) == 0 || e.ClientID == "" || slices.Contains(s.Apps, strings.ToLower(e.ClientID)))
}
