package graph

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/models"
)

func unauthorized(message string) *Error {
	return &Error{Status: http.StatusUnauthorized, Code: codeToken, Message: message,
		Header: map[string]string{"WWW-Authenticate": `Bearer realm="", error="invalid_token", error_description="` +
			strings.Map(headerSafe, message) + `"`}}
}

func headerSafe(r rune) rune {
	if r < ' ' || r > '~' || r == '"' || r == '\\' {
		return -1
	}
	return r
}

// authenticate finds out who calls. The token is the only thing that counts: no cookie is read.
func (a *API) authenticate(ctx context.Context, r *request) (*Caller, error) {
	scheme, token, _ := strings.Cut(strings.TrimSpace(r.header("Authorization")), " ")
	token = strings.TrimSpace(token)
	if token == "" || !strings.EqualFold(scheme, "Bearer") {
		return nil, &Error{Status: http.StatusUnauthorized, Code: codeToken, Message: "Access token is empty.",
			Header: map[string]string{"WWW-Authenticate": `Bearer realm=""`}}
	}
	host, _ := tenant.Door(ctx)
	t, err := a.Tokens.VerifyManagement(ctx, tenant.BaseAt(a.BaseURL, host), token)
	if err != nil {
		switch fault.Of(err).Code {
		case fault.Expired:
			return nil, unauthorized("Lifetime validation failed, the token is expired.")
		case fault.Denied, fault.Invalid, fault.NotFound:
			return nil, unauthorized("Access token validation failure.")
		}
		return nil, err
	}
	return a.caller(ctx, t)
}

func (a *API) caller(ctx context.Context, t Token) (*Caller, error) {
	c := &Caller{TenantID: t.TenantID, ClientID: t.ClientID, UserID: t.UserID, Scopes: t.Scopes, AuthTime: t.AuthTime, AMR: t.AMR, SID: t.SID, MFATime: t.MFATime,
		Methods: t.Methods, AAGUIDs: t.AAGUIDs, ClientApp: t.ClientApp}
	app, err := a.app(ctx, t.ClientID, t.TenantID)
	if err != nil {
		return nil, err
	}
	c.Name = app.Name
	if t.UserID == "" {
		for _, p := range t.Roles { // one that was taken away meanwhile counts no more
			if slices.Contains(app.Spec.Permissions, p) {
				c.Permissions = append(c.Permissions, access.Permission(p))
			}
		}
		return c, nil
	}
	// A delegated token can do what the app was allowed to and the person may do themselves.
	return c, a.delegated(ctx, c, app)
}

// delegated fills in what a person may do to the directory: permissions that the app was given and
// that the person's admin roles grant. Customers have no roles, so their tokens reach only /me.
func (a *API) delegated(ctx context.Context, c *Caller, app models.Application) error {
	c.Scopes = slices.DeleteFunc(slices.Clone(c.Scopes), func(scope string) bool { // one that was taken away meanwhile counts no more
		return !strings.EqualFold(scope, string(access.OwnRead)) && !slices.ContainsFunc(app.Spec.Permissions, func(p string) bool {
			return strings.EqualFold(p, scope)
		})
	})
	tenant := a.Store.Tenant(c.TenantID)
	u, err := tenant.User(ctx, c.UserID)
	if err != nil {
		if fault.Is(err, fault.NotFound) {
			return unauthorized("Access token validation failure.")
		}
		return err
	}
	if !u.Usable() {
		return unauthorized("Access token validation failure.")
	}
	c.UserName = u.DisplayName
	assignments, err := tenant.Assignments(ctx, c.UserID)
	if err != nil || len(assignments) == 0 {
		return err
	}
	c.assignments = assignments
	for _, scope := range c.Scopes {
		wanted := []access.Permission{access.Permission(scope)}
		if strings.EqualFold(scope, string(access.AsSignedIn)) {
			wanted = append(access.All(), access.TenantOperate)
		}
		for _, p := range wanted {
			if access.Allow(assignments, c.TenantID, p) {
				c.Permissions = append(c.Permissions, p)
			}
		}
	}
	return nil
}

// app is the calling app. One that was deleted or disabled after the token was issued may do nothing
// more.
func (a *API) app(ctx context.Context, clientID, tenantID string) (models.Application, error) {
	app, err := a.Store.Tenant(tenantID).ApplicationByClient(ctx, clientID)
	if err != nil {
		if fault.Is(err, fault.NotFound) {
			return app, unauthorized("Access token validation failure.")
		}
		return app, err
	}
	if !app.Enabled || !app.DeletedAt.IsZero() {
		return app, unauthorized("Access token validation failure. The application is disabled.")
	}
	return app, nil
}
