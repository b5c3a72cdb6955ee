package seed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/openid"
	"portico/app/record"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
)

// Slug of the sample company's tenant, and how large the company is.
const (
	Slug      = "fernhill"
	Customers = 320
	SignIns   = 5400
)

// App is a sample application as it must be configured at its own side.
type App struct {
	Slug     string // market, auto, home
	ClientID string
	Secret   string // "" for the public client
}

// Company is the sample company as it stands in the database.
type Company struct {
	TenantID  string
	CreatedAt time.Time // the end of its invented history
	Apps      []App
}

type sampleApp struct {
	slug, name, kind string
	platform         openid.Platform
	flow             string
}

func sampleApps() []sampleApp {
	return []sampleApp{
		{"market", "Fernhill Market", models.SPAApp, openid.SPA, flowMarket},
		{"auto", "Fernhill Auto Insurance", models.WebApp, openid.Web, flowMarket},
		{"home", "Fernhill Home Insurance", models.WebApp, openid.Web, flowHome},
	}
}

// sampleClaims are what the home insurance learns about a person besides the profile.
func sampleClaims(tenantID, slug string) []openid.ClaimMapping {
	switch slug {
	case "market":
		return []openid.ClaimMapping{{Source: openid.FromProvider, ID: "loyalty_tier", Name: "loyalty_tier"}}
	case "auto":
		return nil
	}
	return []openid.ClaimMapping{
		{Source: openid.FromUser, ID: userflow.DefinitionID(tenantID, homeType), Name: "home_type"},
		{Source: openid.FromUser, ID: "postalCode", Name: "postal_code"},
		{Source: openid.FromConstant, Name: "line_of_business", Value: "home"},
	}
}

// Fernhill makes the sample company, or brings it up to date with the base URL: its redirect addresses
// follow where the program is reached. What somebody changed by hand otherwise stays. It is quick; Fill
// adds the history afterwards. Once somebody removed the company it is not made again: false.
func Fernhill(ctx context.Context, store *models.Store, baseURL string) (Company, bool, error) {
	staff, err := store.TenantBy(ctx, tenant.WorkforceSlug)
	if err != nil || staff.Settings.SampleRemoved {
		return Company{}, false, err
	}
	gone, err := store.DeletedTenants(ctx)
	if err != nil || slices.ContainsFunc(gone, func(t tenant.Tenant) bool { return t.Slug == Slug }) { // it may be restored
		return Company{}, false, err
	}
	c, err := fernhill(ctx, store, baseURL)
	return c, err == nil, err
}

func fernhill(ctx context.Context, store *models.Store, baseURL string) (Company, error) {
	t, err := ensureTenant(ctx, store, tenant.Tenant{Slug: Slug, Name: "Fernhill Group", Kind: tenant.Customer,
		Settings: sampleSettings(baseURL)})
	if err != nil {
		return Company{}, err
	}
	dir := store.Tenant(t.ID)
	c := Company{TenantID: t.ID, CreatedAt: t.CreatedAt}
	if err := ensureBranding(ctx, dir); err != nil {
		return c, err
	}
	flows, err := ensureFlows(ctx, dir, baseURL)
	if err != nil {
		return c, err
	}
	for _, s := range sampleApps() {
		a, err := ensureApp(ctx, dir, s, baseURL)
		if err != nil {
			return c, err
		}
		if a.ID == "" { // somebody deleted it
			continue
		}
		if err := unlessTaken(dir.AddFlowApp(ctx, actor(), flows[s.flow], a.ID)); err != nil && !fault.Is(err, fault.NotFound) {
			return c, err
		}
		app := App{Slug: s.slug, ClientID: a.ClientID}
		if s.platform == openid.Web {
			if app.Secret, err = ensureSecret(ctx, dir, a); err != nil {
				return c, err
			}
		}
		c.Apps = append(c.Apps, app)
	}
	n, err := dir.CountUsers(ctx)
	if err != nil {
		return c, err
	}
	if n == 0 { // whoever removed it later does not get it back
		if err := ensureLoyalty(ctx, dir, baseURL); err != nil {
			return c, err
		}
	}
	return c, ensureCustomers(ctx, dir, c)
}

// ensureApp finds a sample application by its name or registers it, with the addresses of this base URL.
// Its client id is made from the tenant's, so that two instances that start together agree.
func ensureApp(ctx context.Context, dir *models.Tenant, s sampleApp, baseURL string) (models.Application, error) {
	clientID := derivedID(dir.ID, s.slug)
	at := baseURL + "/demo/" + s.slug
	have, err := dir.ApplicationByClient(ctx, clientID)
	if fault.Is(err, fault.NotFound) {
		claims, err := knownClaims(ctx, dir, sampleClaims(dir.ID, s.slug))
		if err != nil {
			return models.Application{}, err
		}
		made, err := dir.CreateApplication(ctx, actor(), models.Application{ClientID: clientID, Name: s.name, Kind: s.kind, Enabled: true,
			Spec: models.ApplicationSpec{HomepageURL: at, RedirectURIs: []openid.RedirectURI{{URI: at + "/callback", Platform: s.platform}},
				PostLogoutRedirectURIs: []string{at + "/signed-out"}, BackChannelLogoutURI: at + "/backchannel", Claims: claims,
				AppRoles: sampleRoles(dir.ID, s.slug)}})
		if fault.Is(err, fault.Conflict) {
			return dir.ApplicationByClient(ctx, clientID)
		}
		return made, err
	}
	if err != nil {
		return have, err
	}
	if !have.DeletedAt.IsZero() {
		return models.Application{}, nil
	}
	return follow(ctx, dir, have, s, at)
}

// knownClaims leaves out what is made from an attribute that somebody removed.
func knownClaims(ctx context.Context, dir *models.Tenant, claims []openid.ClaimMapping) ([]openid.ClaimMapping, error) {
	have, err := dir.Definitions(ctx)
	if err != nil {
		return nil, err
	}
	definitions := make(map[string]userflow.Definition, len(have))
	for _, d := range have {
		definitions[d.ID] = d
	}
	return slices.DeleteFunc(claims, func(m openid.ClaimMapping) bool {
		return len(openid.CheckClaims([]openid.ClaimMapping{m}, definitions)) > 0
	}), nil
}

// follow moves a sample application's addresses to a new base URL and leaves every other address alone.
func follow(ctx context.Context, dir *models.Tenant, have models.Application, s sampleApp, at string) (models.Application, error) {
	ours := func(uri string) bool { return strings.Contains(uri, "/demo/"+s.slug) && strings.HasPrefix(uri, "http") }
	if have.Spec.HomepageURL == at && have.Spec.BackChannelLogoutURI == at+"/backchannel" &&
		slices.ContainsFunc(have.Spec.RedirectURIs, func(r openid.RedirectURI) bool { return r.URI == at+"/callback" }) {
		return have, nil
	}
	return dir.UpdateApplication(ctx, actor(), have.ID, func(a *models.Application) error {
		a.Spec.HomepageURL, a.Spec.BackChannelLogoutURI = at, at+"/backchannel"
		a.Spec.RedirectURIs = slices.DeleteFunc(a.Spec.RedirectURIs, func(r openid.RedirectURI) bool { return ours(r.URI) })
		a.Spec.RedirectURIs = append(a.Spec.RedirectURIs, openid.RedirectURI{URI: at + "/callback", Platform: s.platform})
		a.Spec.PostLogoutRedirectURIs = append(slices.DeleteFunc(a.Spec.PostLogoutRedirectURIs, ours), at+"/signed-out")
		return nil
	})
}

// ensureSecret gives a confidential sample application its secret. The text is derived from the server's
// own key, so every instance knows it, nothing stores it, and it changes when the key does.
func ensureSecret(ctx context.Context, dir *models.Tenant, a models.Application) (string, error) {
	secret := base64.RawURLEncoding.EncodeToString(dir.Sealer().MAC("sample application secret", []byte(a.ClientID)))
	hash := sha256.Sum256([]byte(secret))
	if slices.ContainsFunc(a.Secrets, func(s models.ApplicationSecret) bool { return bytes.Equal(s.Hash, hash[:]) }) {
		return secret, nil
	}
	_, err := dir.PutSecret(ctx, actor(), a.ID, "Sample application", secret, time.Time{})
	return secret, err
}

// ensureCustomers adds the sample people to an empty tenant, and before them what holds for them.
func ensureCustomers(ctx context.Context, dir *models.Tenant, c Company) error {
	n, err := dir.CountUsers(ctx)
	if err != nil || n > 0 {
		return err
	}
	if err := ensurePolicies(ctx, dir); err != nil {
		return err
	}
	if err := addPeople(ctx, dir, newPeople(Number, c.CreatedAt), 0, Customers, lastSeen(c)); err != nil {
		return err
	}
	return ensureGroups(ctx, dir, c)
}

// lastSeen is when each sample person last signed in, according to the history that Fill will write.
func lastSeen(c Company) map[string]time.Time {
	seen := map[string]time.Time{}
	for _, list := range c.history().days() {
		for _, r := range slices.Backward(list) {
			if _, ok := seen[r.User.ID]; !ok && r.Outcome.Result == record.Success {
				seen[r.User.ID] = r.EndedAt
			}
		}
	}
	return seen
}

func (c Company) history() history {
	h := newHistory(Number, c.CreatedAt, Customers, SignIns, c.world())
	h.groups = groupsByPerson(c.TenantID, h.people)
	return h
}

func (c Company) world() world {
	w := world{tenantID: c.TenantID, apps: map[string]party{}, policies: compiled(c.TenantID)}
	for _, s := range sampleApps() {
		w.apps[s.slug] = party{slug: s.slug, app: record.Party{ID: derivedID(c.TenantID, s.slug), Name: s.name},
			flow: record.Party{ID: derivedID(c.TenantID, s.flow), Name: s.flow, Version: 1}}
	}
	return w
}

// derivedID is a UUID that follows from the tenant and a name.
func derivedID(tenantID, name string) string {
	sum := sha256.Sum256([]byte(tenantID + "\x00" + name))
	return uuidOf([16]byte(sum[:16]), 4)
}

// Showcase lists a few customers to try, of different languages.
func Showcase(c Company) []Person {
	g, seen := newPeople(Number, c.CreatedAt), map[string]bool{}
	var list []Person
	for i := 0; i < Customers && len(list) < 6; i++ {
		if p := g.at(i); !seen[p.Country] && p.Apps[0] != "home" && i != victim {
			seen[p.Country] = true
			list = append(list, p)
		}
	}
	return list
}

// Remove takes the sample company away for good, with everything in it, on behalf of an administrator.
func Remove(ctx context.Context, store *models.Store, by audit.Actor) error {
	t, err := store.TenantBy(ctx, Slug)
	if err != nil {
		return err
	}
	staff, err := store.TenantBy(ctx, tenant.WorkforceSlug)
	if err != nil {
		return err
	}
	if _, err := store.Tenant(staff.ID).Update(ctx, by, func(t *tenant.Tenant) error { t.Settings.SampleRemoved = true; return nil }); err != nil {
		return err
	}
	return store.RemoveTenant(ctx, by, t.ID)
}
