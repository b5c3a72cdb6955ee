// Package audit knows what can be recorded about a change: who did what to which thing, with which
// values before and after, and how private each field is. It stores nothing; models writes the row
// in the same transaction as the change.
package audit

import "time"

// ActorKind says what kind of principal acted.
type ActorKind string

const (
	ActorUser   ActorKind = "user"   // an admin in the portal, or a person about their own account
	ActorApp    ActorKind = "app"    // an API client
	ActorSystem ActorKind = "system" // a job, the seed, the command line
)

// Actor is who changes something. The zero value is refused by the store.
type Actor struct {
	Kind          ActorKind
	ID            string // user id or client id; for the system, the name of the job or command
	Name          string // as it was at the time, for the reader of the log
	IP            string
	CorrelationID string
}

// System is an actor without a person behind it.
func System(name string) Actor { return Actor{Kind: ActorSystem, ID: name, Name: name} }

// Class says how private a field is in logs and exports.
type Class string

const (
	Public    Class = "public"    // may be shown to any reader of the log
	Sensitive Class = "sensitive" // personal data
	Secret    Class = "secret"    // never stored in the log: only that it changed
)

// Change is one property before and after. A Secret property carries no values.
type Change struct {
	Property string `json:"property"`
	Old      any    `json:"old,omitempty"`
	New      any    `json:"new,omitempty"`
	Class    Class  `json:"class,omitempty"`
}

// Target is the thing that was changed.
type Target struct {
	Kind string `json:"kind"` // "user", "application", "userFlow", "policy", …
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// Event is one entry of the audit log. Category and Operation use Graph's words (directoryAudit):
// Category e.g. ApplicationManagement, UserManagement, Policy; Operation Add, Update, Delete, Assign.
type Event struct {
	Activity  string // "Create application"
	Category  string
	Operation string
	Target    Target
	Changes   []Change
	Failed    bool // it was tried and refused
	At        time.Time
}
