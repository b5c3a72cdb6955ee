package models

import (
	"context"

	"portico/app/openid"
	"portico/app/policy"
	"portico/app/tenant"
	"portico/app/userflow"
)

// Directory is an immutable snapshot of one tenant's configuration: what the doors read on every
// request without asking the database. It is replaced as a whole when the tenant's version rises, at
// once in the instance that made the change and within a second in every other (DESIGN §5.13).
type Directory struct {
	Tenant   tenant.Tenant
	Clients  map[string]*openid.Client // by client id, enabled or not, deleted ones absent
	Flows    map[string]*userflow.Flow // published version, by flow id
	FlowOf   map[string]string         // client id → flow id
	Policies []policy.Policy
}

// Flow gives the user flow of an app, or the tenant's only fallback: false when the app has none.
func (d *Directory) Flow(clientID string) (*userflow.Flow, bool) {
	f, ok := d.Flows[d.FlowOf[clientID]]
	return f, ok
}

// Directories finds a tenant's snapshot by slug or id in any letter case; fault.NotFound when there is none.
type Directories interface {
	Directory(ctx context.Context, segment string) (*Directory, error)
}
