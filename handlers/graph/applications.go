package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/openid"
	"portico/handlers/graph/odata"
	"portico/models"
)

// application is an app registration as this API shows it, and what a request wants of its keys.
type application struct {
	models.Application
	domain string
	keys   *[]keyCredential // the keys wanted; nil = leave them
	kind   bool             // the request named portico.kind
	whole  bool             // show the certificates themselves
}

func (a *API) applications() *collection[application] {
	none := func(name string, empty any) field[application] { return without[application](name, empty) }
	r := &collection[application]{
		path: []string{"applications"}, name: "applications", typ: "application", plural: "applications",
		keys: []string{"appId"}, read: readApps(), write: writeApps(), add: []access.Permission{access.AppCreate},
		normalPage: 100, largestPage: 999, order: odata.Order{Path: "displayName"}, counts: true,
		id: func(r *application) string { return r.ID },
	}
	r.fields = []field[application]{
		readOnly("id", func(r *application) any { return r.ID }).filterable("applications.id", column{kind: odata.String, ops: opsID, fold: clientID}),
		readOnly("appId", func(r *application) any { return r.ClientID }).filterable("applications.client_id", column{kind: odata.String, ops: opsID, fold: clientID}),
		str("displayName", 120, func(r *application) *string { return &r.Name }).
			filterable("applications.name_norm", column{kind: odata.String, ops: opsText | opEnds | opContains, fold: folded, bytes: true}).
			sortable(func(r *application) any { return folded(r.Name) }),
		readOnly("createdDateTime", func(r *application) any { return stamp(r.CreatedAt) }).
			filterable("applications.created_at", column{kind: odata.Time, ops: opsTime}).sortable(func(r *application) any { return r.CreatedAt }),
		readOnly("deletedDateTime", func(r *application) any { return stamp(r.DeletedAt) }),
		none("addIns", []string{}),
		complexField("api", shownAPI, setAPI),
		constant[application]("applicationTemplateId", nil),
		complexField("appRoles", func(r *application) []appRole { return shownRoles(r.Application) }, setRoles),
		none("defaultRedirectUri", nil),
		none("description", nil),
		constant[application]("disabledByMicrosoftStatus", nil),
		{name: "groupMembershipClaims", get: func(r *application) any { return text(string(r.Spec.GroupClaims)) }, set: setGroupClaims},
		strs("identifierUris", 50, 256, func(r *application) *[]string { return &r.Spec.IdentifierURIs }),
		complexField("info", shownInfo, setInfo),
		{name: "isDisabled", get: func(r *application) any { return !r.Enabled }, set: func(r *application, raw json.RawMessage) error {
			off := !r.Enabled
			err := boolean("isDisabled", func(*application) *bool { return &off }).set(r, raw)
			r.Enabled = !off
			return err
		}},
		{name: "isFallbackPublicClient", get: func(r *application) any { return r.Spec.AllowPublic }, set: func(r *application, raw json.RawMessage) error {
			var b *bool
			if err := strict("isFallbackPublicClient", raw, &b); err != nil {
				return err
			}
			r.Spec.AllowPublic = b != nil && *b
			return nil
		}},
		{name: "keyCredentials", get: func(r *application) any { return shownKeys(r.Application, r.whole) }, set: setKeys},
		str("notes", 1024, func(r *application) *string { return &r.Spec.Notes }),
		none("oauth2RequirePostResponse", false),
		none("optionalClaims", nil),
		none("parentalControlSettings", nil),
		readOnly("passwordCredentials", func(r *application) any { return shownSecrets(r.Application) }).notManaged(),
		complexField("publicClient", func(r *application) redirects { return redirects{redirectsOf(r.Application, openid.Native)} },
			func(r *application, v redirects) error { return setRedirects(r, openid.Native, v.RedirectURIs) }),
		readOnly("publisherDomain", func(r *application) any { return text(r.domain) }),
		none("requiredResourceAccess", []string{}),
		none("serviceManagementReference", nil),
		{name: "signInAudience", get: func(*application) any { return "AzureADMyOrg" }, set: setAudience},
		complexField("spa", func(r *application) redirects { return redirects{redirectsOf(r.Application, openid.SPA)} },
			func(r *application, v redirects) error { return setRedirects(r, openid.SPA, v.RedirectURIs) }),
		strs("tags", 50, 256, func(r *application) *[]string { return &r.Spec.Tags }),
		field[application]{name: "tokenEncryptionKeyId", get: func(r *application) any { return text(r.Spec.TokenEncryptionKeyID) }, set: setEncryptionKey}.notManaged(),
		constant[application]("uniqueName", nil),
		constant[application]("verifiedPublisher", nil),
		complexField("web", shownWeb, setWeb),
		complexField("portico", shownPortico, setPortico),
	}
	r.paths = map[string]column{"signInAudience": {sql: "'AzureADMyOrg'", kind: odata.String, ops: opsID}}
	name := column{sql: "applications.name_norm", fold: folded}
	r.searches = map[string]column{"": name, "displayname": name}
	r.fresh = func(*call) application { return application{Application: models.Application{Enabled: true}} }
	r.page = func(ctx context.Context, c *call, l models.Listing) ([]application, error) {
		l.Where = append(l.Where, notDeleted("applications"))
		apps, err := c.tenant.ListApplications(ctx, l)
		return a.wrapApplications(ctx, c, apps, err)
	}
	r.size = func(ctx context.Context, c *call, where []models.Condition) (int64, error) {
		return models.CountRows[models.ApplicationRow](ctx, c.tenant, append(where, notDeleted("applications")))
	}
	r.find = func(ctx context.Context, c *call, name, key string) (*application, error) {
		find := c.tenant.Application
		if name == "appId" {
			find = c.tenant.ApplicationByClient
		}
		app, err := find(ctx, clientID(key))
		if err != nil || !app.DeletedAt.IsZero() {
			return nil, missing(err, key)
		}
		out, err := a.wrapApplications(ctx, c, []models.Application{app}, nil)
		if err != nil {
			return nil, err
		}
		return &out[0], nil
	}
	// A certificate is answered only by $select=keyCredentials on one object.
	r.load = func(_ context.Context, c *call, rows []application, _ func(string) bool) error {
		if len(rows) == 1 {
			rows[0].whole = slices.Contains(c.opts.selected, "keyCredentials")
		}
		return nil
	}
	r.check = func(_ context.Context, _ *call, row *application, sent func(string) bool) error {
		if strings.TrimSpace(row.Name) == "" {
			return badRequest("A value is required for property 'displayName' of resource 'Application'.", "displayName")
		}
		row.settleKind()
		return nil
	}
	r.create = a.createApplication
	r.update = a.updateApplication
	r.delete = func(ctx context.Context, c *call, row *application) error {
		return c.tenant.DeleteApplication(ctx, c.actor(), row.ID)
	}
	r.managing = &managing[application]{key: "appId",
		keyOf: func(r *application) string { return r.ClientID }, name: func(r *application) string { return r.Name },
		adopt: func(r *application, key string) error {
			if !odata.IsGUID(key) {
				return invalidValue("appId", ": a GUID is needed")
			}
			r.ClientID = key
			return nil
		},
		revive: func(ctx context.Context, c *call, key string) (*application, error) {
			app, err := c.tenant.ApplicationByClient(ctx, key)
			if fault.Is(err, fault.NotFound) {
				return nil, nil
			}
			if err != nil || app.DeletedAt.IsZero() {
				return nil, err
			}
			app, err = c.tenant.RestoreApplication(ctx, c.actor(), app.ID)
			return &application{Application: app}, err
		},
		// A client of this very API is a credential, not configuration.
		skip: func(r *application) bool { return r.Kind == models.DaemonApp && len(r.Spec.Permissions) > 0 },
		show: map[string]func(*application) any{"keyCredentials": keysInFile},
	}
	r.actions = []action[application]{
		{method: http.MethodPost, path: "addPassword", need: writeApps(), run: a.addPassword},
		{method: http.MethodPost, path: "removePassword", need: writeApps(), run: a.removeKey},
		{method: http.MethodPost, path: "addKey", need: writeApps(), run: a.addKey},
		{method: http.MethodPost, path: "removeKey", need: writeApps(), run: a.removeKey},
		{method: http.MethodGet, path: "keyCredentials", need: readApps(), run: func(_ context.Context, c *call, row *application) (*response, error) {
			return &response{status: http.StatusOK, body: object{{"@odata.context", c.context("applications('" + row.ID + "')/keyCredentials")}, {"value", shownKeys(row.Application, true)}}}, nil
		}},
	}
	return r
}

// without is a property that Graph has and Portico does not: it reads as nothing, and writing anything
// else than nothing is refused instead of forgotten.
func without[R any](name string, empty any) field[R] {
	return field[R]{name: name, get: func(*R) any { return empty }, unmanaged: true, set: func(_ *R, raw json.RawMessage) error {
		switch strings.TrimSpace(string(raw)) {
		case "null", "[]", "{}", "false", `""`:
			return nil
		}
		return badRequest("Property '"+name+"' is not supported by this directory.", name)
	}}
}

// missing is a not-found that names what was asked for, also when the row is there but deleted.
func missing(err error, key string) error {
	if err == nil || fault.Is(err, fault.NotFound) {
		return notFound(key)
	}
	return err
}

func (a *API) wrapApplications(ctx context.Context, c *call, apps []models.Application, err error) ([]application, error) {
	if err != nil {
		return nil, err
	}
	domain, err := a.tenantDomain(ctx, c)
	if err != nil {
		return nil, err
	}
	out := make([]application, len(apps))
	for i, app := range apps {
		out[i] = application{Application: app, domain: domain}
	}
	return out, nil
}

func (a *API) createApplication(ctx context.Context, c *call, row *application) error {
	if err := mayGive(c, row.Spec.Permissions); err != nil {
		return err
	}
	return c.tenant.InTx(ctx, func(t *models.Tenant) error {
		made, err := t.CreateApplication(ctx, c.actor(), row.Application)
		if err != nil {
			return err
		}
		row.Application = made
		return a.putKeys(ctx, c, t, row)
	})
}

func (a *API) updateApplication(ctx context.Context, c *call, before application, row *application, again func(*application) error) error {
	var added []string
	for _, p := range row.Spec.Permissions {
		if !slices.Contains(before.Spec.Permissions, p) {
			added = append(added, p)
		}
	}
	if err := mayGive(c, added); err != nil {
		return err
	}
	if movesTokens(before, *row) { // whoever decides where an application's tokens go has its rights
		if err := mayGive(c, before.Spec.Permissions); err != nil {
			return err
		}
	}
	return c.tenant.InTx(ctx, func(t *models.Tenant) error {
		made, err := t.UpdateApplication(ctx, c.actor(), row.ID, func(m *models.Application) error {
			now := application{Application: *m, domain: row.domain}
			if err := again(&now); err != nil {
				return err
			}
			m.Name, m.Kind, m.Enabled, m.Spec = now.Name, now.Kind, now.Enabled, now.Spec
			return nil
		})
		if err != nil {
			return err
		}
		row.Application = made
		return a.putKeys(ctx, c, t, row)
	})
}

// movesTokens reports whether a change is about more than the name of an application, whether it may be used,
// and what it may do.
func movesTokens(before, after application) bool {
	a, b := before.Spec, after.Spec
	for _, s := range []*models.ApplicationSpec{&a, &b} {
		s.Permissions, s.Notes, s.Tags, s.AppRoles, s.AppRoleRequired = nil, "", nil, nil, false
		s.HomepageURL, s.LogoURL, s.TermsURL, s.PrivacyURL = "", "", "", ""
	}
	return before.Kind != after.Kind || !reflect.DeepEqual(a, b)
}

// bodyOf reads an action's parameters; an empty body is an empty object.
func bodyOf(c *call, into any) error {
	if len(c.body) == 0 {
		return nil
	}
	d, err := c.json()
	if err != nil {
		return err
	}
	raw, err := encode(d.values)
	if err != nil {
		return err
	}
	return strict("body", raw, into)
}
