// Package extension knows custom authentication extensions (R 8): APIs of the tenant's own that are asked at fixed
// moments of a sign-in, what they are sent, which answers count, and what happens when none does. Each event is one file
// with its payload and its closed set of answers. The calls go through a Caller, which is hardened, bounded and recorded.
//
// It decides nothing about sign-ins: whoever asks gets an Answer, or the failure that the tenant declared for it, and acts.
// Network, clock and randomness are arguments.
package extension

import (
	"crypto"
	"slices"
	"time"
)

// Event is a moment at which an extension is asked, by the vendor's names.
type Event string

const (
	TokenIssuanceStart        Event = "onTokenIssuanceStart"
	AttributeCollectionStart  Event = "onAttributeCollectionStart"
	AttributeCollectionSubmit Event = "onAttributeCollectionSubmit"
	OtpSend                   Event = "onOtpSend"
	PasswordSubmit            Event = "onPasswordSubmit"
)

// Limits of what a tenant can set up (R 8.1.3), and of one call.
const (
	MaxExtensions  = 100
	MaxListeners   = 249
	MinTimeout     = 200 * time.Millisecond
	MaxTimeout     = 2 * time.Second
	MaxRetries     = 1
	MaxAnswer      = 100 << 10
	MaxClaims      = 3 << 10
	CallsPerSecond = 50
	// DefaultPriority is that of a listener that says nothing; 0 is the lowest and 1000 the highest, as in Graph.
	DefaultPriority = 500
	MaxPriority     = 1000
)

// EventService is the app id with which we call: receiving APIs compare azp (or appid) with it (R 8.2.1).
const EventService = "99045fe1-7639-4a75-9d4a-577b6ca3810f"

// ReceivePermission is what an admin grants the app registration of a receiving API (R 8.2.2).
const ReceivePermission = "CustomAuthenticationExtension.Receive.Payload"

// Extension is an API that is asked, as an admin set it up: a document. Its signing secret is sealed apart.
type Extension struct {
	ID          string `json:"id"`
	Name        string `json:"displayName"`
	Description string `json:"description,omitempty"`
	Event       Event  `json:"event"` // what it understands; listeners of other events cannot name it
	URL         string `json:"targetUrl"`
	// Resource is the identifier URI of the app registration that stands for the API: api://{domain of the URL}/{app id}.
	Resource string `json:"resourceId"`
	Timeout  int    `json:"timeoutInMilliseconds,omitempty"` // of one attempt; 0 = 2000
	Retries  int    `json:"maximumRetries"`
	Enabled  bool   `json:"enabled"` // off: it is not asked, as if it had no listener
	Signed   bool   `json:"signed"`  // bodies carry Portico-Signature
	// Claims are the names that an extension of TokenIssuanceStart says it gives (Graph's claimsForTokenConfiguration): for
	// screens that offer them. What it gives besides counts as well.
	Claims []string `json:"claims,omitempty"`
	// OnError is what happens when it fails where its listener declares nothing (Graph's behaviorOnError): Fallback, or ""
	// for the event's own.
	OnError OnFailure `json:"behaviorOnError,omitempty"`

	Sealed []byte `json:"-"` // the signing secret, opened by Options.Open
}

// Wait is how long one attempt may take.
func (e *Extension) Wait() time.Duration {
	if e.Timeout == 0 {
		return MaxTimeout
	}
	return time.Duration(e.Timeout) * time.Millisecond
}

// OnFailure is what happens when the API gives no answer that counts.
type OnFailure string

const (
	Block    OnFailure = "block"    // what was under way ends: no token, no account, no code
	Continue OnFailure = "continue" // as if there were no extension
	Fallback OnFailure = "fallback" // the built-in way instead
)

// Listener binds an event to the extension that answers it, for all apps or some.
type Listener struct {
	ID        string    `json:"id"`
	Name      string    `json:"displayName,omitempty"`
	Event     Event     `json:"event"`
	Extension string    `json:"extensionId"`
	Priority  int       `json:"priority"` // the highest one is asked
	AllApps   bool      `json:"includeAllApplications"`
	Apps      []string  `json:"includeApplications,omitempty"` // client ids
	Flow      string    `json:"flowId,omitempty"`              // of attribute collection: one user flow only; "" = any
	OnFailure OnFailure `json:"onFailure"`                     // "" = as the extension says
	// Timeout and Retries are the extension's own, at this listener; 0 and nil = as the extension says.
	Timeout int  `json:"timeoutInMilliseconds,omitempty"`
	Retries *int `json:"maximumRetries,omitempty"`
	// Attribute is the boolean attribute of those whose password is still kept elsewhere, by its API name (PasswordSubmit);
	// "" = the tenant's custom attribute toBeMigrated.
	Attribute string `json:"migrationAttribute,omitempty"`
	// Texts: codes that go out as text messages are the API's to bring too, not mail alone (OtpSend).
	Texts     bool      `json:"includeTextMessages,omitempty"`
	Enabled   bool      `json:"enabled"`
	CreatedAt time.Time `json:"-"`
}

// API is the app registration that stands for a receiving API.
type API struct {
	ClientID string
	ObjectID string // of its service principal
	Name     string
	Enabled  bool
	Granted  bool            // it has ReceivePermission
	Keys     []EncryptionKey // certificates that are there to encrypt for it, the oldest first
	Chosen   string          // the id of the one to use; "" = the first that is valid
}

// EncryptionKey is a certificate that passwords are encrypted with for an API.
type EncryptionKey struct {
	ID                  string // becomes the JWE's kid
	Public              crypto.PublicKey
	NotBefore, NotAfter time.Time
}

// Configuration is what a tenant has set up: immutable, part of its snapshot.
type Configuration struct {
	Extensions map[string]*Extension // by id
	Listeners  []Listener
	APIs       map[string]API // by identifier URI in lower case
}

// Chosen is who is asked.
type Chosen struct {
	Listener  Listener
	Extension *Extension
}

// Choose says who is asked about an event of an app in a user flow: of the listeners that are switched on, for this app,
// and whose extension is switched on, the one of the highest priority. Of equals, one that names the app comes before one
// for all, and the older before the younger. False = nobody is.
func (c *Configuration) Choose(event Event, clientID, flowID string) (Chosen, bool) {
	if c == nil {
		return Chosen{}, false
	}
	var best Listener
	found := false
	for _, l := range c.Listeners {
		e := c.Extensions[l.Extension]
		if !l.hears(event, clientID, flowID) || e != nil && !e.Enabled {
			continue
		}
		if !found || l.before(best) {
			best, found = l, true
		}
	}
	if !found {
		return Chosen{}, false
	}
	return best.Of(c.Extensions[best.Extension]), true
}

// Of is the listener with its extension, once it is settled which of the two decides what: the listener where it says
// something. e is nil where the extension is gone.
func (l Listener) Of(e *Extension) Chosen {
	if e == nil {
		return Chosen{l, nil}
	}
	if l.OnFailure == "" {
		l.OnFailure = e.OnError
	}
	l.OnFailure = l.Failure()
	if l.Timeout != 0 || l.Retries != nil {
		own := *e
		if l.Timeout != 0 {
			own.Timeout = l.Timeout
		}
		if l.Retries != nil {
			own.Retries = *l.Retries
		}
		e = &own
	}
	return Chosen{l, e}
}

func (l *Listener) hears(event Event, clientID, flowID string) bool {
	return l.Enabled && l.Event == event && (l.AllApps || slices.Contains(l.Apps, clientID)) && (l.Flow == "" || l.Flow == flowID)
}

func (l *Listener) before(o Listener) bool {
	switch {
	case l.Priority != o.Priority:
		return l.Priority > o.Priority
	case l.AllApps != o.AllApps:
		return !l.AllApps
	case (l.Flow == "") != (o.Flow == ""):
		return l.Flow != ""
	case !l.CreatedAt.Equal(o.CreatedAt):
		return l.CreatedAt.Before(o.CreatedAt)
	}
	return l.ID < o.ID
}

// Failure is what the tenant declared; the event's own where it declared nothing, or what the event does not allow.
func (l *Listener) Failure() OnFailure {
	k, ok := kindOf(l.Event)
	switch {
	case !ok:
		return Block
	case slices.Contains(k.failures, l.OnFailure):
		return l.OnFailure
	}
	return k.failures[0]
}
