package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"slices"
	"strings"
	"time"

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

type webApplication struct {
	HomePageURL         *string       `json:"homePageUrl"`
	Implicit            *implicit     `json:"implicitGrantSettings"`
	LogoutURL           *string       `json:"logoutUrl"`
	RedirectURIs        []string      `json:"redirectUris"`
	RedirectURISettings []uriSettings `json:"redirectUriSettings"`
}

type implicit struct {
	AccessToken bool `json:"enableAccessTokenIssuance"`
	IDToken     bool `json:"enableIdTokenIssuance"`
}

type uriSettings struct {
	URI   string `json:"uri"`
	Index *int   `json:"index"`
}

type redirects struct {
	RedirectURIs []string `json:"redirectUris"`
}

type apiApplication struct {
	AcceptMappedClaims *bool             `json:"acceptMappedClaims"`
	KnownClients       []string          `json:"knownClientApplications"`
	Scopes             []permissionScope `json:"oauth2PermissionScopes"`
	PreAuthorized      []preAuthorized   `json:"preAuthorizedApplications"`
	TokenVersion       *int              `json:"requestedAccessTokenVersion"`
}

type preAuthorized struct {
	AppID       string   `json:"appId"`
	Permissions []string `json:"delegatedPermissionIds"`
}

type permissionScope struct {
	AdminDescription *string `json:"adminConsentDescription"`
	AdminName        *string `json:"adminConsentDisplayName"`
	ID               string  `json:"id"`
	Enabled          bool    `json:"isEnabled"`
	Origin           *string `json:"origin,omitempty"`
	Type             string  `json:"type"`
	UserDescription  *string `json:"userConsentDescription"`
	UserName         *string `json:"userConsentDisplayName"`
	Value            *string `json:"value"`
}

type appRole struct {
	MemberTypes []string `json:"allowedMemberTypes"`
	Description *string  `json:"description"`
	Name        *string  `json:"displayName"`
	ID          string   `json:"id"`
	Enabled     bool     `json:"isEnabled"`
	Origin      *string  `json:"origin,omitempty"`
	Value       *string  `json:"value"`
}

type passwordCredential struct {
	CustomKeyIdentifier *string `json:"customKeyIdentifier"`
	DisplayName         *string `json:"displayName"`
	End                 any     `json:"endDateTime"`
	Hint                *string `json:"hint"`
	KeyID               string  `json:"keyId"`
	SecretText          *string `json:"secretText"`
	Start               any     `json:"startDateTime"`
}

type keyCredential struct {
	CustomKeyIdentifier *string `json:"customKeyIdentifier"`
	DisplayName         *string `json:"displayName"`
	End                 any     `json:"endDateTime"`
	Key                 *string `json:"key"`
	KeyID               string  `json:"keyId,omitempty"`
	Start               any     `json:"startDateTime"`
	Type                string  `json:"type"`
	Usage               string  `json:"usage"`
}

type informationalURL struct {
	LogoURL      *string `json:"logoUrl"`
	MarketingURL *string `json:"marketingUrl"`
	PrivacyURL   *string `json:"privacyStatementUrl"`
	SupportURL   *string `json:"supportUrl"`
	TermsURL     *string `json:"termsOfServiceUrl"`
}

// porticoApplication is what Graph's application has no word for.
type porticoApplication struct {
	Kind                   string   `json:"kind"`
	BackChannelLogoutURL   string   `json:"backChannelLogoutUrl"`
	PostLogoutRedirectURIs []string `json:"postLogoutRedirectUris"`
	LogoURL                string   `json:"logoUrl"`
	SigningAlg             string   `json:"signingAlgorithm"`
	AccessTokenMinutes     int      `json:"accessTokenMinutes"`
	IDTokenMinutes         int      `json:"idTokenMinutes"`
	RefreshIdleMinutes     int      `json:"refreshIdleMinutes"`
	AskConsent             bool     `json:"askConsent"`
	PKCEOptional           bool     `json:"pkceOptional"`
	Permissions            []string `json:"permissions"`
}

func (a *API) applications() *collection[application] {
	none := func(name string, empty any) field[application] { return without[application](name, empty) }
	r := &collection[application]{
		path: []string{"applications"}, name: "applications", typ: "application", plural: "applications",
		keys: []string{"appId"}, read: readApps(), write: writeApps(),
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
		none("groupMembershipClaims", nil),
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
		none("tokenEncryptionKeyId", nil),
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

func redirectsOf(app models.Application, p openid.Platform) []string {
	out := []string{}
	for _, r := range app.Spec.RedirectURIs {
		if r.Platform == p {
			out = append(out, r.URI)
		}
	}
	return out
}

func setRedirects(r *application, p openid.Platform, uris []string) error {
	var out []openid.RedirectURI
	for _, u := range r.Spec.RedirectURIs {
		if u.Platform != p {
			out = append(out, u)
		}
	}
	for _, u := range uris {
		out = append(out, openid.RedirectURI{URI: u, Platform: p})
	}
	// One order, whatever came first, so that equal configurations are equal.
	rank := []openid.Platform{openid.Web, openid.SPA, openid.Native}
	slices.SortStableFunc(out, func(a, b openid.RedirectURI) int {
		return slices.Index(rank, a.Platform) - slices.Index(rank, b.Platform)
	})
	r.Spec.RedirectURIs = out
	return nil
}

// settleKind derives the kind from the platforms of the redirect URIs, unless the caller named it or it
// still fits.
func (r *application) settleKind() {
	has := func(p openid.Platform) bool { return len(redirectsOf(r.Application, p)) > 0 }
	fits := r.Kind == models.WebApp && has(openid.Web) || r.Kind == models.SPAApp && has(openid.SPA) || r.Kind == models.NativeApp && has(openid.Native)
	if r.kind || fits || r.Kind != "" && len(r.Spec.RedirectURIs) == 0 {
		return
	}
	switch {
	case has(openid.Web), len(r.Spec.RedirectURIs) == 0:
		r.Kind = models.WebApp
	case has(openid.SPA):
		r.Kind = models.SPAApp
	default:
		r.Kind = models.NativeApp
	}
}

func pointer(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func shownWeb(r *application) webApplication {
	return webApplication{HomePageURL: pointer(r.Spec.HomepageURL), Implicit: &implicit{}, RedirectURIs: redirectsOf(r.Application, openid.Web),
		RedirectURISettings: []uriSettings{}}
}

func setWeb(r *application, v webApplication) error {
	if v.Implicit != nil && (v.Implicit.AccessToken || v.Implicit.IDToken) {
		return badRequest("The implicit grant is not supported; use the authorization code flow.", "web/implicitGrantSettings")
	}
	if deref(v.LogoutURL) != "" {
		return badRequest("Front-channel logout is not supported; set portico.backChannelLogoutUrl instead.", "web/logoutUrl")
	}
	r.Spec.HomepageURL = deref(v.HomePageURL)
	return setRedirects(r, openid.Web, v.RedirectURIs)
}

func shownInfo(r *application) informationalURL {
	return informationalURL{LogoURL: pointer(r.Spec.LogoURL), PrivacyURL: pointer(r.Spec.PrivacyURL), TermsURL: pointer(r.Spec.TermsURL)}
}

func setInfo(r *application, v informationalURL) error {
	if deref(v.MarketingURL) != "" || deref(v.SupportURL) != "" {
		return badRequest("info.marketingUrl and info.supportUrl are not supported by this directory.", "info")
	}
	if l := deref(v.LogoURL); l != "" && l != r.Spec.LogoURL {
		return badRequest("Property 'info/logoUrl' is read-only; set portico.logoUrl.", "info/logoUrl")
	}
	r.Spec.PrivacyURL, r.Spec.TermsURL = deref(v.PrivacyURL), deref(v.TermsURL)
	return nil
}

func shownAPI(r *application) apiApplication {
	version := 2
	out := apiApplication{KnownClients: []string{}, Scopes: []permissionScope{}, PreAuthorized: []preAuthorized{}, TokenVersion: &version}
	out.Scopes = shownScopes(r.Application)
	return out
}

func shownScopes(app models.Application) []permissionScope {
	out := []permissionScope{}
	for _, s := range app.Spec.Scopes {
		p := permissionScope{ID: s.ID, Value: pointer(s.Value), Enabled: s.Enabled, Type: "Admin", AdminName: pointer(s.Name), AdminDescription: pointer(s.Description)}
		if s.UserMayConsent {
			p.Type, p.UserName, p.UserDescription = "User", p.AdminName, p.AdminDescription
		}
		out = append(out, p)
	}
	return out
}

func setAPI(r *application, v apiApplication) error {
	if len(v.KnownClients) > 0 || len(v.PreAuthorized) > 0 || v.AcceptMappedClaims != nil && *v.AcceptMappedClaims {
		return badRequest("api.knownClientApplications, api.preAuthorizedApplications and api.acceptMappedClaims are not supported by this directory.", "api")
	}
	if v.TokenVersion != nil && *v.TokenVersion != 2 {
		return invalidValue("api/requestedAccessTokenVersion", ": tokens have version 2")
	}
	var out []openid.Scope
	for _, s := range v.Scopes {
		if !odata.IsGUID(s.ID) {
			return invalidValue("api/oauth2PermissionScopes/id", ": a GUID is needed")
		}
		if s.Type != "" && s.Type != "User" && s.Type != "Admin" {
			return invalidValue("api/oauth2PermissionScopes/type", ": User or Admin is needed")
		}
		name, description := deref(s.AdminName), deref(s.AdminDescription)
		if s.Type == "User" && deref(s.UserName) != "" {
			name, description = deref(s.UserName), deref(s.UserDescription)
		}
		out = append(out, openid.Scope{ID: strings.ToLower(s.ID), Value: deref(s.Value), Name: name, Description: description,
			UserMayConsent: s.Type == "User", Enabled: s.Enabled})
	}
	r.Spec.Scopes = out
	return nil
}

func shownRoles(app models.Application) []appRole {
	out := []appRole{}
	for _, x := range app.Spec.AppRoles {
		out = append(out, appRole{MemberTypes: list(x.MemberTypes), Description: pointer(x.Description), Name: pointer(x.Name), ID: x.ID,
			Enabled: x.Enabled, Value: pointer(x.Value)})
	}
	return out
}

func setRoles(r *application, v []appRole) error {
	var out []models.AppRole
	for _, x := range v {
		if !odata.IsGUID(x.ID) {
			return invalidValue("appRoles/id", ": a GUID is needed")
		}
		for _, m := range x.MemberTypes {
			if m != "User" && m != "Application" {
				return invalidValue("appRoles/allowedMemberTypes", ": User or Application is needed")
			}
		}
		out = append(out, models.AppRole{ID: strings.ToLower(x.ID), Value: deref(x.Value), Name: deref(x.Name), Description: deref(x.Description),
			MemberTypes: x.MemberTypes, Enabled: x.Enabled})
	}
	r.Spec.AppRoles = out
	return nil
}

func setAudience(_ *application, raw json.RawMessage) error {
	var s *string
	if err := strict("signInAudience", raw, &s); err != nil {
		return err
	}
	if s != nil && *s != "AzureADMyOrg" {
		return invalidValue("signInAudience", ": only AzureADMyOrg is supported, an application belongs to one directory")
	}
	return nil
}

func shownPortico(r *application) porticoApplication {
	s := r.Spec
	return porticoApplication{Kind: r.Kind, BackChannelLogoutURL: s.BackChannelLogoutURI, PostLogoutRedirectURIs: list(s.PostLogoutRedirectURIs),
		LogoURL: s.LogoURL, SigningAlg: s.SigningAlg, AccessTokenMinutes: s.AccessTokenMinutes, IDTokenMinutes: s.IDTokenMinutes,
		RefreshIdleMinutes: s.RefreshIdleMinutes, AskConsent: s.AskConsent, PKCEOptional: s.PKCEOptional, Permissions: list(s.Permissions)}
}

func setPortico(r *application, v porticoApplication) error {
	known := access.Known()
	for _, p := range v.Permissions {
		if !slices.Contains(known, access.Permission(p)) {
			return invalidValue("portico/permissions", ": the permission '"+p+"' is not known")
		}
	}
	if v.Kind != "" && v.Kind != r.Kind {
		r.Kind, r.kind = v.Kind, true
	}
	r.kind = r.kind || v.Kind != "" && len(r.Spec.RedirectURIs) == 0
	s := &r.Spec
	s.BackChannelLogoutURI, s.PostLogoutRedirectURIs, s.LogoURL, s.SigningAlg = v.BackChannelLogoutURL, v.PostLogoutRedirectURIs, v.LogoURL, v.SigningAlg
	s.AccessTokenMinutes, s.IDTokenMinutes, s.RefreshIdleMinutes = v.AccessTokenMinutes, v.IDTokenMinutes, v.RefreshIdleMinutes
	s.AskConsent, s.PKCEOptional, s.Permissions = v.AskConsent, v.PKCEOptional, v.Permissions
	return nil
}

func shownSecrets(app models.Application) []passwordCredential {
	out := []passwordCredential{}
	for _, s := range app.Secrets {
		out = append(out, shownSecret(s))
	}
	return out
}

func shownSecret(s models.ApplicationSecret) passwordCredential {
	return passwordCredential{DisplayName: pointer(s.Name), End: stamp(s.ExpiresAt), Hint: pointer(s.Hint), KeyID: s.ID, Start: stamp(s.CreatedAt)}
}

// shownKeys lists certificates; the certificate itself only where it is asked for.
func shownKeys(app models.Application, whole bool) []keyCredential {
	out := []keyCredential{}
	for _, k := range app.Certificates {
		v := keyCredential{DisplayName: pointer(k.Name), End: stamp(k.ExpiresAt), KeyID: k.ID, Start: stamp(k.CreatedAt), Type: "AsymmetricX509Cert", Usage: "Verify"}
		if thumb, err := base64.RawURLEncoding.DecodeString(k.ThumbprintS1); err == nil {
			v.CustomKeyIdentifier = pointer(base64.StdEncoding.EncodeToString(thumb))
		}
		if block, _ := pem.Decode([]byte(k.PEM)); whole && block != nil {
			v.Key = pointer(base64.StdEncoding.EncodeToString(block.Bytes))
		}
		out = append(out, v)
	}
	return out
}

// setKeys takes the whole list of keys: those with a keyId stay, those with a key are added, the others
// go.
func setKeys(r *application, raw json.RawMessage) error {
	keys := []keyCredential{}
	if err := strict("keyCredentials", raw, &keys); err != nil {
		return err
	}
	for _, k := range keys {
		if k.Type != "" && k.Type != "AsymmetricX509Cert" || k.Usage != "" && k.Usage != "Verify" {
			return invalidValue("keyCredentials", ": type AsymmetricX509Cert and usage Verify are supported")
		}
		if k.KeyID == "" && k.Key == nil {
			return invalidValue("keyCredentials", ": a new key needs its certificate in key")
		}
	}
	r.keys = &keys
	return nil
}

// keysInFile are the certificates by themselves: ids of this installation and dates, which are inside the
// certificate, are left out.
func keysInFile(r *application) any {
	var keys []keyCredential
	if r.keys != nil {
		keys = *r.keys
	} else {
		keys = shownKeys(r.Application, true)
	}
	out := []object{}
	for _, k := range keys {
		key := k.Key
		for _, have := range shownKeys(r.Application, true) {
			if key == nil && have.KeyID == k.KeyID {
				key = have.Key
			}
		}
		out = append(out, object{{"displayName", deref(k.DisplayName)}, {"key", strings.Join(strings.Fields(deref(key)), "")}, {"type", "AsymmetricX509Cert"}, {"usage", "Verify"}})
	}
	slices.SortFunc(out, func(a, b object) int { return strings.Compare(a.get("key").(string), b.get("key").(string)) })
	return out
}

// keysDiffer lists what must be added and removed so that an application has the wanted keys.
func keysDiffer(have models.Application, want []keyCredential) (add []keyCredential, remove []string, err error) {
	shown := shownKeys(have, true)
	keep := map[string]bool{}
	for _, w := range want {
		i := slices.IndexFunc(shown, func(h keyCredential) bool {
			return w.KeyID != "" && h.KeyID == w.KeyID || w.Key != nil && h.Key != nil && strings.Join(strings.Fields(*w.Key), "") == *h.Key
		})
		switch {
		case i >= 0:
			keep[shown[i].KeyID] = true
		case w.Key != nil:
			add = append(add, w)
		default:
			return nil, nil, invalidValue("keyCredentials", ": there is no key '"+w.KeyID+"'")
		}
	}
	for _, h := range shown {
		if !keep[h.KeyID] {
			remove = append(remove, h.KeyID)
		}
	}
	return add, remove, nil
}

// mayGive refuses what would give the caller's helper more than the caller has (DESIGN §9.8): new
// permissions, or a new credential of an app that holds more.
func mayGive(c *call, permissions []string) error {
	want := make([]access.Permission, len(permissions))
	for i, p := range permissions {
		want[i] = access.Permission(p)
	}
	if !access.Covers(c.caller.Permissions, want) {
		e := denied()
		e.Message = "Insufficient privileges to complete the operation: nobody can grant a permission that they do not hold."
		return e
	}
	return nil
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

// putKeys makes the wanted keys so, inside the running transaction.
func (a *API) putKeys(ctx context.Context, c *call, t *models.Tenant, row *application) error {
	if row.keys == nil {
		return nil
	}
	add, remove, err := keysDiffer(row.Application, *row.keys)
	if err != nil || len(add)+len(remove) == 0 {
		return err
	}
	if err := mayGive(c, row.Spec.Permissions); err != nil {
		return err
	}
	for _, id := range remove {
		if err := t.RemoveApplicationCredential(ctx, c.actor(), row.ID, id); err != nil {
			return err
		}
	}
	for _, k := range add {
		if _, err := t.AddCertificate(ctx, c.actor(), row.ID, deref(k.DisplayName), *k.Key); err != nil {
			return keyWords(err)
		}
	}
	row.Application, err = t.Application(ctx, row.ID)
	row.keys = nil
	return err
}

// keyWords names Graph's property for a certificate that was refused.
func keyWords(err error) error {
	if f := fault.Of(err); f.Code == fault.Invalid {
		return &fault.Error{Code: f.Code, Key: f.Key, Args: f.Args, Cause: f.Cause, Fields: []fault.Field{{Name: "keyCredentials", Key: f.Key, Args: f.Args}}}
	}
	return err
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

func (a *API) addPassword(ctx context.Context, c *call, row *application) (*response, error) {
	var in struct {
		Credential *passwordCredential `json:"passwordCredential"`
	}
	if err := bodyOf(c, &in); err != nil {
		return nil, err
	}
	if err := mayGive(c, row.Spec.Permissions); err != nil {
		return nil, err
	}
	name, end := "", a.now().AddDate(2, 0, 0)
	if p := in.Credential; p != nil {
		name = deref(p.DisplayName)
		if s, ok := p.End.(string); ok {
			at, ok := odata.ParseTime(s)
			if !ok {
				return nil, invalidValue("passwordCredential/endDateTime", "")
			}
			end = at
		}
		if s, ok := p.Start.(string); ok {
			if at, ok := odata.ParseTime(s); !ok || at.After(a.now().Add(5*time.Minute)) {
				return nil, invalidValue("passwordCredential/startDateTime", ": a secret is valid from now on")
			}
		}
	}
	secret, made, err := c.tenant.AddSecret(ctx, c.actor(), row.ID, name, end)
	if err != nil {
		return nil, err
	}
	shown := shownSecret(made)
	shown.SecretText = &secret
	v, err := decoded(shown)
	if err != nil {
		return nil, err
	}
	out := object{{"@odata.context", c.context("microsoft.graph.passwordCredential")}}
	m, _ := v.(map[string]any)
	for _, name := range []string{"customKeyIdentifier", "displayName", "endDateTime", "hint", "keyId", "secretText", "startDateTime"} {
		out.add(name, m[name])
	}
	return &response{status: http.StatusOK, body: out}, nil
}

func (a *API) addKey(ctx context.Context, c *call, row *application) (*response, error) {
	var in struct {
		Key      *keyCredential      `json:"keyCredential"`
		Password *passwordCredential `json:"passwordCredential"`
		Proof    *string             `json:"proof"`
	}
	if err := bodyOf(c, &in); err != nil {
		return nil, err
	}
	if in.Key == nil || in.Key.Key == nil {
		return nil, badRequest("A value is required for 'keyCredential'.", "keyCredential")
	}
	if err := mayGive(c, row.Spec.Permissions); err != nil {
		return nil, err
	}
	made, err := c.tenant.AddCertificate(ctx, c.actor(), row.ID, deref(in.Key.DisplayName), *in.Key.Key)
	if err != nil {
		return nil, keyWords(err)
	}
	shown := shownKeys(models.Application{Certificates: []models.ApplicationCertificate{made}}, false)[0]
	return &response{status: http.StatusOK, body: shown}, nil
}

// removeKey takes a secret or a certificate away.
func (a *API) removeKey(ctx context.Context, c *call, row *application) (*response, error) {
	var in struct {
		KeyID string  `json:"keyId"`
		Proof *string `json:"proof"`
	}
	if err := bodyOf(c, &in); err != nil {
		return nil, err
	}
	if !odata.IsGUID(in.KeyID) {
		return nil, invalidValue("keyId", "")
	}
	if err := c.tenant.RemoveApplicationCredential(ctx, c.actor(), row.ID, strings.ToLower(in.KeyID)); err != nil {
		if fault.Is(err, fault.NotFound) {
			return nil, badRequest("No credentials found to be removed.", "keyId")
		}
		return nil, err
	}
	return noContent(), nil
}
