package graph

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/record"
	"portico/handlers/graph/odata"
	"portico/models"
)

// request is one call, whether it came by itself or as a part of a batch.
type request struct {
	version  string // "v1.0" or "beta"
	base     string // scheme://host[:port] that links begin with
	method   string
	path     string // raw, after the version, with its leading slash
	query    string // raw
	header   func(string) string
	body     []byte // inflated
	id       string // request-id
	clientID string // client-request-id
	ip       string
	// place looks an address up as if a request had come from it; nil = the call came from no server.
	place func(netip.Addr) record.Signals
	// signals are what the request says of the device and place that it comes from; nil as above.
	signals func() record.Signals
}

// response is an answer before it is written. Raw, when set, is sent as it is with Type.
type response struct {
	status int
	header map[string]string
	body   any
	raw    []byte
	kind   string
}

func noContent() *response { return &response{status: http.StatusNoContent} }

func (r *response) set(name, value string) *response {
	if r.header == nil {
		r.header = map[string]string{}
	}
	r.header[name] = value
	return r
}

// Caller is who calls, as the access token says.
type Caller struct {
	TenantID string
	ClientID string
	Name     string // of the app, for the audit log
	UserID   string // set for delegated tokens
	UserName string
	// Permissions are what the call may do to the directory: the application permissions of an app-only
	// token; for a delegated one, the scopes that both the app and the person have.
	Permissions []access.Permission
	Scopes      []string // delegated scopes as granted; they reach the person's own record
	// AuthTime is when the person last proved who they are, AMR how, SID in which session.
	AuthTime time.Time
	AMR      []string
	SID      string
	MFATime  time.Time // when a second factor was shown, not by a remembered device; zero = not
	// Methods and AAGUIDs are what was shown, ClientApp the kind of app (Token).
	Methods, AAGUIDs []string
	ClientApp        string
	// assignments are the roles of a delegated token's person, who may have rights in other tenants too.
	assignments []access.Assignment
}

// holds says what the caller may do where. A program's own token counts in its tenant only; a person's, as
// far as both the app's scopes and the person's roles go.
func (p *Caller) holds(tenantID string, want access.Permission) bool {
	if p.UserID == "" {
		return tenantID == p.TenantID && access.Grants(p.Permissions, want)
	}
	return access.Allow(p.assignments, tenantID, want) && slices.ContainsFunc(p.Scopes, func(scope string) bool {
		return strings.EqualFold(scope, string(access.AsSignedIn)) || access.Grants([]access.Permission{access.Permission(scope)}, want)
	})
}

func (p *Caller) may(any ...access.Permission) bool {
	for _, want := range any {
		if access.Grants(p.Permissions, want) {
			return true
		}
	}
	return false
}

// mine reports whether a delegated token may act on its own person's record under a scope.
func (p *Caller) mine(userID string, scopes ...string) bool {
	if p.UserID == "" || !strings.EqualFold(p.UserID, userID) {
		return false
	}
	for _, have := range p.Scopes {
		for _, want := range scopes {
			if strings.EqualFold(have, want) {
				return true
			}
		}
	}
	return false
}

// call is a request with its caller and tenant: what every operation gets.
type call struct {
	*request
	api    *API
	caller *Caller
	tenant *models.Tenant
	opts   options
	params map[string]string // named elements of an action's path
	cast   string            // the type that the path narrows to, such as user of /members/graph.user
	by     *audit.Actor      // who acts, when it is not the caller of a request
}

// actor is who the audit log names.
func (c *call) actor() audit.Actor {
	if c.by != nil {
		return *c.by
	}
	a := audit.Actor{Kind: audit.ActorApp, ID: c.caller.ClientID, Name: c.caller.Name, IP: c.ip, CorrelationID: c.clientID}
	if c.caller.UserID != "" {
		a.Kind, a.ID, a.Name = audit.ActorUser, c.caller.UserID, c.caller.UserName
	}
	return a
}

// url is the absolute URL of a path below the version.
func (c *call) url(path string) string { return c.base + "/" + c.version + path }

// context is the value of @odata.context.
func (c *call) context(of string) string { return c.url("/$metadata#" + of) }

// resource is one row of the route table.
type resource interface {
	// prefix is the path below the version, e.g. identity, authenticationEventsFlows.
	prefix() []string
	// serve answers what follows the prefix; keys are those written in the prefix's last element.
	serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error)
}
