package main

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/app/branding"
	"portico/app/export"
	"portico/app/extension"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/openid"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/risk"
	"portico/app/session"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/app/webhook"
	"portico/handlers"
	"portico/models"
)

// The sweep of two tenants: everything that the program routes, asked by an admin, an application and a person
// of one tenant for what belongs to the other. The rows come from the router itself, so that a new route
// takes part by being there, and one whose ids the sweep does not know fails it.

const (
	secretOfB = "Marker-Of-Bravo"
	password  = "correct horse battery staple"
)

// sweep is a whole program with two tenants that look alike.
type sweep struct {
	*testing.T
	server *server
	staff  *models.Tenant
	a, b   furnished
	admin  caller // of alpha
	person caller // of alpha
	db     *sql.DB
}

// caller is somebody with cookies or a token.
type caller struct {
	cookies map[string]string
	bearer  string
	csrf    string
}

type furnished struct {
	*models.Tenant
	slug   string
	app    models.Application
	robot  models.Application
	secret string
	person models.User
	ids    map[string][]string // column of a table → its values
}

func newSweep(t *testing.T) *sweep {
	t.Helper()
	t.Chdir(t.TempDir())
	p, err := open(world{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, now: time.Now, environ: []string{"PORT=3000"}})
	must(t, err)
	t.Cleanup(p.close)
	must(t, p.store.Migrate(t.Context()))
	s := &sweep{T: t, server: newServer(p)}
	s.server.hasher = factor.NewHasher(factor.Argon{MemoryKiB: 64, Time: 1, Threads: 1}, 4, 100)
	must(t, s.server.wire(t.Context()))
	staff, err := p.store.TenantBy(t.Context(), tenant.WorkforceSlug)
	must(t, err)
	s.staff = p.store.Tenant(staff.ID)
	s.a, s.b = s.furnish("alpha", "nothing special"), s.furnish("bravo", secretOfB)
	s.db, err = sql.Open("sqlite", "data/portico.db")
	must(t, err)
	t.Cleanup(func() { s.db.Close() })
	s.a.ids, s.b.ids = s.idsOf(s.a.ID), s.idsOf(s.b.ID)
	s.admin, s.person = s.signInAdmin(), s.signInPerson()
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// furnish makes a tenant with one of everything. Names and addresses are the same in both; mark is what only
// one of them holds.
func (s *sweep) furnish(slug, mark string) furnished {
	s.Helper()
	ctx, by, store := s.Context(), audit.System("test"), s.server.store
	made, err := store.CreateTenant(ctx, by, tenant.Tenant{Slug: slug, Name: "Same name", Settings: tenant.Settings{RequestsPerSecondPerIP: 100000}})
	must(s, err)
	f := furnished{Tenant: store.Tenant(made.ID), slug: slug}
	f.app, err = f.CreateApplication(ctx, by, models.Application{Name: "Market", Kind: models.WebApp, Enabled: true,
		Spec: models.ApplicationSpec{Notes: mark, RedirectURIs: []openid.RedirectURI{{URI: "https://market.example/cb", Platform: openid.Web}}}})
	must(s, err)
	_, _, err = f.AddSecret(ctx, by, f.app.ID, mark, time.Time{})
	must(s, err)
	var all []string
	for _, p := range access.All() {
		all = append(all, string(p))
	}
	f.robot, err = f.CreateApplication(ctx, by, models.Application{Name: "Robot", Kind: models.DaemonApp, Enabled: true, Spec: models.ApplicationSpec{Permissions: all, Notes: mark}})
	must(s, err)
	f.secret, _, err = f.AddSecret(ctx, by, f.robot.ID, mark, time.Time{})
	must(s, err)
	gone, err := f.CreateApplication(ctx, by, models.Application{Name: "Gone", Kind: models.WebApp, Spec: models.ApplicationSpec{Notes: mark}})
	must(s, err)
	must(s, f.DeleteApplication(ctx, by, gone.ID))
	d, err := f.CreateDefinition(ctx, by, userflow.Definition{Name: "Size", Description: mark, DataType: userflow.String})
	must(s, err)
	terms, err := f.CreateTerms(ctx, by, userflow.Terms{Name: "Rules", Language: "en", Texts: map[string]userflow.TermsText{"en": {Title: "Rules", Body: mark}}})
	must(s, err)
	flow, err := f.CreateFlow(ctx, by, userflow.Flow{Name: "Customers", SignUpMethod: userflow.EmailPassword, SignUpAllowed: true, MFA: userflow.MFA{Enforcement: userflow.MFAOff}})
	must(s, err)
	must(s, f.AddFlowApp(ctx, by, flow.ID, f.app.ID))
	_, err = f.PublishFlow(ctx, by, flow.ID, func(x *userflow.Flow) error { x.Terms = []string{terms.ID}; return nil })
	must(s, err)
	_, err = f.SaveDraft(ctx, by, flow.ID, 0, func(x *userflow.Flow) error { x.Name = "Customers " + mark; return nil })
	must(s, err)
	theme, err := f.CreateTheme(ctx, by, "Theme "+mark)
	must(s, err)
	_, err = f.SaveBrandingDraft(ctx, by, theme.ID, branding.Document{Languages: map[string]branding.Elements{"": {Title: mark}}}, theme.Revision)
	must(s, err)
	hash, err := s.server.hasher.Hash(ctx, password)
	must(s, err)
	person := func(email string) models.User {
		u, err := f.CreateUser(ctx, by, models.User{Account: account.Account{DisplayName: "Anna", Mail: email, MailVerified: true, Enabled: true, FirstFactor: "emailPassword",
			Attributes: map[string]any{d.ID: mark}, Identities: []account.Identity{{SignInType: account.SignInEmail, Value: email}, {SignInType: account.SignInUserName, Value: strings.Split(email, "@")[0]}}},
			City: mark}, hash)
		must(s, err)
		return u
	}
	f.person = person("anna@example.com")
	must(s, f.DeleteUser(ctx, by, person("gone@example.com").ID))
	for _, kind := range []string{models.KindEmail, models.KindRecovery} {
		_, err = f.AddCredential(ctx, by, models.Credential{UserID: f.person.ID, Kind: kind, Name: mark, Secret: []byte(mark)})
		must(s, err)
	}
	must(s, f.Accept(ctx, by, f.person.ID, []userflow.Acceptance{{TermsID: terms.ID, Version: 1, Locale: "en", At: f.Now()}}))
	must(s, f.SaveConsent(ctx, f.person.ID, f.app.ClientID, []string{"openid"}, f.Now()))
	_, _, err = f.CreateInvitation(ctx, by, userflow.Invitation{FlowID: flow.ID, ClientID: f.app.ClientID, Email: "guest@example.com", Name: mark, Message: mark}, nil)
	must(s, err)
	readers, err := f.CreateGroup(ctx, by, account.Group{Name: "Readers", Description: mark})
	must(s, err)
	must(s, f.AddMember(ctx, by, readers.ID, f.person.ID))
	_, err = f.CreateClaimsPolicy(ctx, by, models.ClaimsPolicy{Name: "Claims " + mark})
	must(s, err)
	place, err := f.CreateLocation(ctx, by, policy.Location{Name: "Place " + mark, Trusted: true, Ranges: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}})
	must(s, err)
	strength, err := f.CreateStrength(ctx, by, policy.Strength{Name: "Strength", Description: mark, Combinations: []string{"fido2"}})
	must(s, err)
	must(s, f.PutContext(ctx, by, policy.Context{ID: "c" + strconv.Itoa(int(slug[0])), Name: mark, Available: true}))
	_, err = f.CreatePolicy(ctx, by, policy.Policy{Name: "Rule " + mark, State: policy.ReportOnly, Conditions: policy.Conditions{Users: policy.Users{IncludeUsers: []string{policy.All}, ExcludeGroups: []string{readers.ID}},
		Applications: policy.Applications{IncludeApplications: []string{f.app.ClientID}}, Locations: &policy.Locations{Include: []string{policy.All}, Exclude: []string{place.ID}}},
		GrantControls: &policy.GrantControls{Operator: "AND", Strength: &policy.StrengthRef{ID: strength.ID}}}, record.Signals{})
	must(s, err)
	_, err = f.StartReplay(ctx, by, models.ReplayDraft{Name: mark, Days: 1})
	must(s, err)
	must(s, f.Remember(ctx, by, session.Remembered{ID: models.NewID(), UserID: f.person.ID, Name: mark, Methods: []string{factor.TOTP}, MFATime: f.Now(), CreatedAt: f.Now(), ExpiresAt: f.Now().Add(time.Hour)}, "secret-"+slug, true))
	must(s, f.ConfirmCompromised(ctx, by, []string{f.person.ID}))
	must(s, f.DismissRisk(ctx, by, []string{f.person.ID}))
	_, err = f.PutIndicator(ctx, by, risk.Indicator{Kind: risk.IndicatorAgent, Value: mark, Note: mark})
	must(s, err)
	_, err = f.ImportLeaked(ctx, by, mark, f.Now(), func(yield func(string, error) bool) { yield("leaked@"+slug+".example", nil) })
	must(s, err)
	_, _, err = f.CreateExport(ctx, by, export.Target{Name: mark, Kind: export.Webhook, URL: "https://" + mark + ".example.com/", Records: export.Kinds()}, false, f.Now(), func(export.Target) error { return nil })
	must(s, err)
	hook, _, err := f.CreateWebhook(ctx, by, webhook.Subscription{Name: mark, URL: "https://" + mark + ".example.com/", Events: []string{webhook.UserCreated}, Profile: true}, false, func(webhook.Subscription) error { return nil })
	must(s, err)
	_, err = f.BeginWebhookTest(ctx, by, hook.ID, "nobody")
	must(s, err)
	upstream, err := f.CreateProvider(ctx, by, federation.Provider{Kind: federation.OpenID, Name: "Company " + mark, Enabled: true, ClientID: "client-" + slug,
		Issuer: "https://id." + slug + ".example", Discovery: "https://id." + slug + ".example/.well-known/openid-configuration"}, models.ProviderSecret{Client: "secret " + mark},
		func(federation.Provider, bool, bool) error { return nil })
	must(s, err)
	_, err = f.BeginTrial(ctx, by, upstream.ID, "a session", "trial-"+slug, federation.Departure{}, nil)
	must(s, err)
	extended, err := f.CreateExtension(ctx, by, extension.Extension{Event: extension.OtpSend, Name: "Extension " + mark, URL: "https://hooks." + slug + ".example/x", Resource: "api://hooks." + slug + ".example/" + slug, Signed: true, Enabled: true},
		func(*extension.Extension) fault.Fields { return nil })
	must(s, err)
	_, err = f.CreateListener(ctx, by, extension.Listener{Event: extension.OtpSend, Name: "Listener " + mark, Extension: extended.ID, AllApps: true, OnFailure: extension.Fallback}) // off: the mails of this test are ours
	must(s, err)
	f.KeepCall(extension.Call{ID: models.NewID(), Event: extension.OtpSend, ExtensionID: extended.ID, Name: "Call " + mark, At: f.Now(), Request: mark})
	must(s, f.FlushCalls(ctx))
	_, err = f.AddProviderDomain(ctx, by, upstream.ID, slug+".example", true)
	must(s, err)
	_, err = f.AddCustomDomain(ctx, by, "login."+slug+".test", true)
	must(s, err)
	bulk, err := f.StartBulk(ctx, by, models.Bulk{Action: models.BulkDisable}, []string{f.person.ID}, models.UserQuery{})
	must(s, err)
	must(s, f.CancelBulk(ctx, by, bulk.ID))
	_, err = f.BeginImport(ctx, by, mark+".csv", models.ImportOptions{})
	must(s, err)
	must(s, f.RecordSignIn(ctx, record.SignIn{ID: models.NewID(), TenantID: f.ID, Kind: record.Interactive, StartedAt: f.Now(), EndedAt: f.Now(),
		User: record.Party{ID: f.person.ID, Name: mark}, App: record.Party{ID: f.app.ClientID, Name: "Market"}, Outcome: record.Outcome{Result: record.Success}}))
	must(s, f.PutSession(ctx, session.Session{SID: "sid-" + slug, TenantID: f.ID, UserID: f.person.ID, AuthTime: f.Now(), AMR: []string{"pwd"}, CreatedAt: f.Now(), LastSeenAt: f.Now()},
		"secret-"+slug, "", signin.SessionInfo{ExpiresAt: f.Now().Add(time.Hour), UserAgent: mark}))
	return f
}

// idsOf collects what a tenant's rows are called by, column by column.
func (s *sweep) idsOf(tenantID string) map[string][]string {
	s.Helper()
	out := map[string][]string{"tenants.id": {tenantID}}
	for table, rows := range s.rows(tenantID) {
		for _, row := range rows {
			for column, v := range row {
				if b, ok := v.([]byte); ok {
					v = string(b)
				}
				if text, ok := v.(string); ok && text != "" && text != tenantID && len(text) < 100 && !slices.Contains(out[table+"."+column], text) {
					out[table+"."+column] = append(out[table+"."+column], text)
				}
			}
		}
	}
	return out
}

// rows reads everything that belongs to a tenant, past the program.
func (s *sweep) rows(tenantID string) map[string][]map[string]any {
	s.Helper()
	out := map[string][]map[string]any{}
	for _, table := range models.Tables() {
		name := table.(interface{ TableName() string }).TableName()
		column := "tenant_id"
		if name == "tenants" {
			column = "id"
		}
		found, err := s.db.Query("SELECT * FROM "+name+" WHERE "+column+" = ?", tenantID)
		if err != nil {
			if strings.Contains(err.Error(), "no such column") {
				continue
			}
			s.Fatal(err)
		}
		columns, err := found.Columns()
		must(s, err)
		for found.Next() {
			values, to := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				to[i] = &values[i]
			}
			must(s, found.Scan(to...))
			row := map[string]any{}
			for i, c := range columns {
				row[c] = values[i]
			}
			out[name] = append(out[name], row)
		}
		must(s, found.Err())
		found.Close()
	}
	return out
}

// sums are a checksum of each of bravo's tables.
func (s *sweep) sums() map[string]string {
	s.Helper()
	out := map[string]string{}
	for table, rows := range s.rows(s.b.ID) {
		lines := make([]string, len(rows))
		for i, r := range rows {
			b, err := json.Marshal(r)
			must(s, err)
			lines[i] = string(b)
		}
		sort.Strings(lines)
		sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
		out[table] = fmt.Sprintf("%d rows %x", len(rows), sum[:6])
	}
	return out
}

// signInAdmin opens a portal session for somebody who administers everything of alpha and nothing else.
func (s *sweep) signInAdmin() caller {
	s.Helper()
	ctx, by := s.Context(), audit.System("test")
	u, err := s.staff.CreateUser(ctx, by, models.User{Account: account.Account{DisplayName: "Admin of alpha", Mail: "admin@staff.example", Enabled: true, FirstFactor: "emailPassword",
		Identities: []account.Identity{{SignInType: account.SignInEmail, Value: "admin@staff.example"}}}}, "$hash")
	must(s, err)
	_, err = s.staff.AssignRole(ctx, by, u.ID, access.Assignment{RoleID: access.GlobalAdministratorID, TenantID: s.a.ID})
	must(s, err)
	handoff, secret := rand.Text(), rand.Text()
	must(s, s.staff.BeginPortalSession(ctx, models.PortalSessionRow{UserID: u.ID, AMR: "pwd otp mfa", AuthTime: s.staff.Now()}, handoff, "browser"))
	row, err := s.staff.ClaimPortalSession(ctx, handoff, "browser", secret)
	must(s, err)
	csrf := handlers.CSRF{Key: s.server.store.Sealer().MAC("form tokens", nil)}
	return caller{cookies: map[string]string{"workforce-admin": secret}, csrf: csrf.Token(row.ID)}
}

// signInPerson walks alpha's own pages to the account pages.
func (s *sweep) signInPerson() caller {
	s.Helper()
	c := caller{cookies: map[string]string{}}
	at := "/alpha/account"
	for range 8 {
		a := s.send(c, http.MethodGet, at, nil)
		s.keep(&c, a)
		if a.Code == http.StatusSeeOther {
			at = a.location()
			continue
		}
		if a.Code == http.StatusOK && strings.HasPrefix(at, "/alpha/account") {
			c.csrf = between(a.text, `name="_csrf" value="`, `"`)
			return c
		}
		values := url.Values{}
		form, _, _ := strings.Cut(a.text, "data-passkey=") // the form of the page, not of the passkey beside it
		for _, part := range strings.Split(form, "<input")[1:] {
			if name := between(part, `name="`, `"`); name != "" && strings.Contains(part, `type="hidden"`) {
				values.Set(name, between(part, `value="`, `"`))
			}
		}
		values.Set("email", "anna@example.com")
		values.Set("password", password)
		a = s.send(c, http.MethodPost, at, values)
		s.keep(&c, a)
		if a.Code != http.StatusSeeOther {
			s.Fatalf("signing in at %s answered %d: %s", at, a.Code, a.text)
		}
		at = a.location()
	}
	s.Fatal("nobody was signed in")
	return c
}

func between(s, from, to string) string {
	_, rest, ok := strings.Cut(s, from)
	if !ok {
		return ""
	}
	out, _, _ := strings.Cut(rest, to)
	return out
}

type reply struct {
	Code   int
	text   string
	header http.Header
	set    []*http.Cookie
}

func (r reply) location() string {
	u, err := url.Parse(r.header.Get("Location"))
	if err != nil {
		return ""
	}
	return u.RequestURI()
}

func (s *sweep) keep(c *caller, r reply) {
	for _, k := range r.set {
		if c.cookies[k.Name] = k.Value; k.MaxAge < 0 {
			delete(c.cookies, k.Name)
		}
	}
}

// send asks the program, and fails the test when the answer holds anything of bravo's.
func (s *sweep) send(c caller, method, target string, form url.Values) reply {
	s.Helper()
	var body io.Reader
	if form != nil {
		if c.csrf != "" {
			form.Set(handlers.CSRFField, c.csrf)
		}
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, target, body)
	r.Host = "localhost:3000"
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	for k, v := range c.cookies {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	resp, err := s.server.app.Test(r, -1)
	must(s, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(s, err)
	out := reply{resp.StatusCode, string(b), resp.Header, resp.Cookies()}
	if strings.Contains(out.text, secretOfB) || strings.Contains(resp.Header.Get("Location"), secretOfB) {
		s.Errorf("%s %s shows bravo's things: …%.160s…", method, target, out.text[max(0, strings.Index(out.text, secretOfB)-60):])
	}
	return out
}

// whose says for the folder before a parameter, or for the parameter itself, where bravo's values of it stand.
func whose() map[string]string {
	return map[string]string{
		"applications": "applications.id", "users": "users.id", "user-flows": "user_flows.id", "user-attributes": "user_attributes.id", "terms": "terms.id",
		"invitations": "invitations.id", "admins": "users.id", "sign-ins": "sign_ins.id", "audits": "audits.id", "groups": "groups.id", "deleted": "users.id",
		"imports": "imports.id", "views": "saved_views.id", "credentials": "application_credentials.id", "identities": "identities.id", "edit": "user_attributes.id",
		"versions": "user_flow_versions.version", "devices": "sessions.sid", "second": "credentials.id", "activity": "sign_ins.id", "apps": "applications.client_id",
		"signin": "attempts.id", "help-desk": "users.id", "helpdesk": "users.id", "roles": "app_role_assignments.id", "assignments": "app_role_assignments.id", "tenants": "tenants.id",
		"bulk-changes": "bulk_changes.id", "policies": "claims_policies.id", "conditional-access": "conditional_access_policies.id", "locations": "named_locations.id",
		"strengths": "authentication_strengths.id", "contexts": "authentication_contexts.id", "policy-replays": "policy_replays.id", "remembered": "remembered_devices.id",
		"authentication-methods": "credentials.id", "claims": "claims_policies.id", "members": "users.id",
		"webhooks": "webhooks.id", "webhook-deliveries": "webhook_deliveries.id", "exports": "exports.id", "incidents": "risk_incidents.id", "leaked-addresses": "leaked_imports.id", "risk-detections": "risk_detections.id", "simulation": "users.id",
		"threat-indicators": "risk_indicators.id", "identity-providers": "identity_providers.id", "federation": "identity_providers.id", "connect": "identity_providers.id", "domains": "provider_domains.id",
		"test": "provider_trials.id", "extensions": "custom_extensions.id", "custom-domains": "custom_domains.id", "choose": "custom_domains.id", "listeners": "event_listeners.id", "calls": "extension_calls.id", "merge": "users.id", "branding": "brandings.id",
	}
}

// routes are the router's own rows, by method and path.
func (s *sweep) routes() [][2]string {
	var out [][2]string
	for _, list := range s.server.app.Stack() {
		for _, r := range list {
			row := [2]string{r.Method, r.Path}
			if slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, r.Method) && !slices.Contains(out, row) {
				out = append(out, row)
			}
		}
	}
	sort.Slice(out, func(i, j int) bool { // what takes things away comes last
		last := func(p string) int {
			for i, word := range []string{"disable", "remove", "revoke", "end", "delete", "purge", "sign-out"} {
				if strings.HasSuffix(p, word) {
					return i + 1
				}
			}
			return 0
		}
		if a, b := last(out[i][1]), last(out[j][1]); a != b {
			return a < b
		}
		return out[i][1]+out[i][0] < out[j][1]+out[j][0]
	})
	return out
}

// fill writes a route's parameters; of gives the values of one. It gives nothing when a value is unknown.
func (s *sweep) fill(path, slug string, of map[string][]string) []string {
	s.Helper()
	out := []string{""}
	before := ""
	for _, part := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		values := []string{part}
		switch {
		case part == ":tenant":
			values = []string{slug}
		case part == "*" || part == "+" || strings.HasPrefix(part, "*"):
			values = []string{"anything"}
		case strings.HasPrefix(part, ":"):
			column, ok := whose()[before]
			if !ok && part != ":version" && part != ":lang" {
				s.Errorf("the sweep does not know whose ids %s takes: add “%s” to whose()", path, before)
				return nil
			}
			if part == ":version" {
				values = []string{"1"}
			} else if part == ":lang" {
				values = []string{"de"}
			} else if values = of[column]; strings.HasSuffix(before, "deleted") && strings.Contains(path, "/applications/") {
				values = of["applications.id"]
			}
			if column == "brandings.id" { // everybody has a company's look
				values = slices.DeleteFunc(slices.Clone(values), func(id string) bool { return id == branding.Company })
			}
			if strings.HasPrefix(path, "/admin/tenants") {
				values = of["tenants.id"]
			}
			if len(values) == 0 && (column == "saved_views.id" || column == "imports.id" || column == "attempts.id" || column == "app_role_assignments.id" ||
				column == "risk_incidents.id") { // no attack in a fixture
				values = []string{models.NewID()}
			}
			if len(values) == 0 {
				s.Errorf("bravo has nothing for %s of %s (%s)", part, path, column)
				return nil
			}
			if len(values) > 3 {
				values = values[len(values)-3:]
			}
		}
		var next []string
		for _, p := range out {
			for _, v := range values {
				next = append(next, p+"/"+url.PathEscape(v))
			}
		}
		out, before = next, part
	}
	return out
}

// bodies is a form that names bravo's things in every field that some form of the program has.
func (s *sweep) forms() url.Values {
	first := func(column string) string {
		if v := s.b.ids[column]; len(v) > 0 {
			return v[0]
		}
		return models.NewID()
	}
	v := url.Values{}
	for field, column := range map[string]string{"id": "users.id", "user": "users.id", "users": "users.id", "person": "users.id", "member": "users.id", "principal": "users.id",
		"group": "groups.id", "groups": "groups.id", "app": "applications.id", "application": "applications.id", "applications": "applications.id", "client": "applications.client_id",
		"flow": "user_flows.id", "attribute": "user_attributes.id", "attributes": "user_attributes.id", "terms": "terms.id", "method": "credentials.id", "credential": "credentials.id",
		"identity": "identities.id", "session": "sessions.sid", "sid": "sessions.sid", "assignment": "app_role_assignments.id", "role": "app_role_assignments.role_id",
		"view": "saved_views.id", "policy": "conditional_access_policies.id", "location": "named_locations.id", "strength": "authentication_strengths.id", "includeGroups": "groups.id",
		"excludeGroups": "groups.id", "invitation": "invitations.id", "key": "application_credentials.id", "resource": "applications.service_principal_id"} {
		v.Set(field, first(column))
	}
	for _, other := range []string{"name", "displayName"} {
		v.Set(other, "Same name")
	}
	v.Set("email", "other@example.com")
	v.Set("version", "1")
	return v
}

// TestTwoTenantsSeeNothingOfEachOther asks every route.
func TestTwoTenantsSeeNothingOfEachOther(t *testing.T) {
	s := newSweep(t)
	before := s.sums()
	asked := 0
	ask := func(c caller, method, at string, form url.Values) reply {
		t.Helper()
		asked++
		if method == http.MethodGet {
			form = nil
		} else if form == nil {
			form = url.Values{}
		}
		return s.send(c, method, at, form)
	}
	unchanged := func(when string) {
		t.Helper()
		after := s.sums()
		for table, sum := range after {
			if before[table] != sum {
				t.Fatalf("%s changed bravo's %s: %s, was %s", when, table, sum, before[table])
			}
		}
		for table, sum := range before {
			if after[table] == "" {
				t.Fatalf("%s emptied bravo's %s: was %s", when, table, sum)
			}
		}
	}

	t.Run("portal", func(t *testing.T) {
		for _, r := range s.routes() {
			method, path := r[0], r[1]
			if !strings.HasPrefix(path, "/admin") || path == "/admin/sign-out" || path == "/admin/session" || path == "/admin/setup" {
				continue
			}
			named := strings.Count(path, ":") > 1 || strings.HasPrefix(path, "/admin/tenants/:") || strings.HasPrefix(path, "/admin/tenants/deleted/:")
			for _, at := range s.fill(path, "alpha", s.b.ids) {
				a := ask(s.admin, method, at, s.forms())
				want := []int{http.StatusNotFound}
				if strings.HasPrefix(path, "/admin/tenants") {
					want = []int{http.StatusForbidden, http.StatusOK}
				}
				for _, kind := range []string{"/incidents/", "/leaked-addresses/", "/threat-indicators/"} {
					if method == http.MethodPost && strings.Contains(path, kind) { // back to the list, where it is not; or the form is incomplete
						want = append(want, http.StatusSeeOther, http.StatusBadRequest)
					}
				}
				if named && !slices.Contains(want, a.Code) && !strings.Contains(path, "/admins/") && !(strings.HasSuffix(path, "/members/remove") && a.Code == http.StatusSeeOther) { // who is in no such group is out of it
					t.Errorf("%s %s answered %d to alpha's admin, want %v", method, at, a.Code, want)
				}
			}
			if strings.Contains(path, ":tenant") {
				for _, at := range firstOf(s.fill(path, "bravo", s.b.ids)) {
					if a := ask(s.admin, method, at, s.forms()); a.Code != http.StatusForbidden {
						t.Errorf("%s %s answered %d, want 403", method, at, a.Code)
					}
				}
			}
		}
		unchanged("the portal with bravo's ids")
	})

	t.Run("account pages", func(t *testing.T) {
		for _, r := range s.routes() {
			method, path := r[0], r[1]
			if !strings.HasPrefix(path, "/:tenant/account") || strings.HasSuffix(path, "/sign-out") || path == "/:tenant/account/data/delete" {
				continue
			}
			for _, at := range s.fill(path, "alpha", s.b.ids) {
				a := ask(s.person, method, at, s.forms())
				if strings.Count(path, ":") > 1 && a.Code != http.StatusNotFound && a.Code != http.StatusSeeOther {
					t.Errorf("%s %s answered %d to alpha's person", method, at, a.Code)
				}
			}
			for _, at := range firstOf(s.fill(path, "bravo", s.b.ids)) {
				if a := ask(s.person, method, at, s.forms()); a.Code == http.StatusOK && !strings.HasSuffix(path, "/signed-out") && !strings.HasSuffix(path, "/deleted") {
					t.Errorf("%s %s let alpha's person in", method, at)
				}
			}
			before["attempts"] = s.sums()["attempts"] // asking bravo's pages for a sign-in begins one there
			unchanged(method + " " + path)
		}
	})

	t.Run("protocol", func(t *testing.T) {
		tokenOf := func(f furnished, at string) (string, int) {
			a := ask(caller{}, http.MethodPost, "/"+at+"/oauth2/v2.0/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {f.robot.ClientID},
				"client_secret": {f.secret}, "scope": {"http://localhost:3000/.default"}})
			var x struct {
				Token string `json:"access_token"`
			}
			_ = json.Unmarshal([]byte(a.text), &x)
			return x.Token, a.Code
		}
		mine, code := tokenOf(s.a, "alpha")
		if mine == "" {
			t.Fatalf("alpha's application gets no token: %d", code)
		}
		theirs, _ := tokenOf(s.b, "bravo")
		before = s.sums()
		if got, code := tokenOf(s.b, "alpha"); got != "" || code < 400 {
			t.Errorf("bravo's client got a token of alpha: %d", code)
		}
		if got, code := tokenOf(s.a, "bravo"); got != "" || code < 400 {
			t.Errorf("alpha's client got a token of bravo: %d", code)
		}
		basic := url.Values{"client_id": {s.a.robot.ClientID}, "client_secret": {s.a.secret}, "token": {theirs}}
		if a := ask(caller{}, http.MethodPost, "/alpha/oauth2/v2.0/introspect", basic); strings.Contains(a.text, `"active":true`) {
			t.Errorf("alpha's client learns about bravo's token: %s", a.text)
		}
		for _, at := range []string{"/alpha/openid/userinfo", "/bravo/openid/userinfo"} {
			for _, token := range []string{mine, theirs} {
				if a := ask(caller{bearer: token}, http.MethodGet, at, nil); a.Code == http.StatusOK {
					t.Errorf("userinfo at %s: %s", at, a.text)
				}
			}
		}
		a := ask(s.person, http.MethodGet, "/alpha/oauth2/v2.0/authorize?response_type=code&scope=openid&client_id="+s.b.app.ClientID+"&redirect_uri=https://market.example/cb", nil)
		if a.Code < 400 {
			t.Errorf("authorize for bravo's client at alpha answered %d %s", a.Code, a.header.Get("Location"))
		}
		for _, r := range s.routes() { // the rest of the protocol and of the hosted pages, with bravo's ids
			if strings.HasPrefix(r[1], "/:tenant/") && !strings.HasPrefix(r[1], "/:tenant/account") {
				for _, at := range s.fill(strings.NewReplacer("/:attempt", "/"+models.NewID(), ":flow", s.b.ids["user_flows.id"][0], ":token", "x", ":hash", "x").Replace(r[1]), "alpha", s.b.ids) {
					ask(s.person, r[0], at, s.forms())
				}
			}
		}
		unchanged("the protocol")

		api := caller{bearer: mine}
		for _, version := range []string{"/v1.0", "/beta"} {
			for _, id := range slices.Concat(s.b.ids["users.id"], s.b.ids["applications.id"], s.b.ids["applications.service_principal_id"], s.b.ids["groups.id"], s.b.ids["user_flows.id"],
				s.b.ids["user_attributes.id"], s.b.ids["terms.id"], s.b.ids["invitations.id"], s.b.ids["sign_ins.id"], s.b.ids["audits.id"][:3], s.b.ids["claims_policies.id"],
				s.b.ids["conditional_access_policies.id"], s.b.ids["named_locations.id"], s.b.ids["authentication_strengths.id"], s.b.ids["policy_replays.id"], s.b.ids["exports.id"], s.b.ids["leaked_imports.id"],
				s.b.ids["risk_detections.id"], s.b.ids["risk_indicators.id"], s.b.ids["identity_providers.id"], slices.DeleteFunc(slices.Clone(s.b.ids["brandings.id"]), func(id string) bool { return id == branding.Company }), []string{s.b.ID}) {
				for _, collection := range []string{"/users", "/groups", "/applications", "/servicePrincipals", "/directoryObjects", "/directory/deletedItems", "/identity/authenticationEventsFlows",
					"/identity/userFlowAttributes", "/policies/claimsMappingPolicies", "/auditLogs/signIns", "/auditLogs/directoryAudits", "/organization", "/portico/termsOfUse", "/invitations",
					"/identity/conditionalAccess/policies", "/identity/conditionalAccess/namedLocations", "/identity/conditionalAccess/deletedItems/policies",
					"/policies/authenticationStrengthPolicies", "/identityProtection/riskyUsers", "/identityProtection/riskDetections", "/portico/incidents",
					"/portico/threatIndicators", "/portico/leakedAddresses", "/portico/exports", "/portico/riskSimulations", "/portico/conditionalAccess/replay", "/portico/invitations", "/roleManagement/directory/roleAssignments",
					"/identity/identityProviders", "/identity/customAuthenticationExtensions", "/identity/authenticationEventListeners", "/portico/branding", "/organization/" + s.a.ID + "/branding/themes"} {
					for _, method := range []string{http.MethodGet, http.MethodPatch, http.MethodDelete} {
						if a := ask(api, method, version+collection+"/"+id, nil); a.Code < 400 {
							t.Errorf("%s %s%s/%s answered %d", method, version, collection, id, a.Code)
						}
					}
				}
			}
			for _, list := range []string{"/users", "/groups", "/applications", "/servicePrincipals", "/identity/authenticationEventsFlows", "/identity/userFlowAttributes", "/auditLogs/signIns",
				"/auditLogs/directoryAudits", "/organization", "/users/delta", "/directory/deletedItems/microsoft.graph.user", "/identityProtection/riskDetections", "/identityProtection/riskyUsers",
				"/portico/exports", "/portico/threatIndicators", "/portico/leakedAddresses", "/portico/incidents", "/portico/riskSimulations", "/portico/extensionCalls", "/identity/identityProviders", "/identity/customAuthenticationExtensions", "/identity/authenticationEventListeners", "/portico/branding", "/organization/" + s.a.ID + "/branding/themes"} {
				ask(api, http.MethodGet, version+list, nil)
				ask(api, http.MethodGet, version+list+"?$filter="+url.QueryEscape("id eq '"+s.b.person.ID+"'"), nil)
				ask(api, http.MethodGet, version+list+"?$search="+url.QueryEscape(`"displayName:Marker"`), nil)
			}
		}
		unchanged("the management API")
	})
	t.Run("alpha's own things", func(t *testing.T) {
		for _, r := range s.routes() { // alpha's own things, told to take something of bravo's along
			method, path := r[0], r[1]
			if !strings.HasPrefix(path, "/admin/t/") {
				continue
			}
			for _, at := range s.fill(path, "alpha", s.a.ids) {
				ask(s.admin, method, at, s.forms())
				if method == http.MethodGet {
					for _, query := range []string{"format=csv", "format=json", "search=Marker", "search=" + s.b.person.ID, "user=" + s.b.person.ID, "app=" + s.b.app.ID, "actor=" + s.b.person.ID,
						"target=" + s.b.app.ID, "group=" + s.b.ids["groups.id"][0], "after=" + cursorOf(s.b.person.ID), "tab=sessions"} {
						ask(s.admin, method, at+"?"+query, nil)
					}
				}
			}
			unchanged(method + " " + path + " with bravo's ids in its fields")
		}
	})
	if asked < 1000 {
		t.Errorf("only %d requests were made", asked)
	}
	t.Logf("%d requests", asked)
}

// cursorOf is a page's cursor that somebody made up.
func cursorOf(id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"i":"` + id + `","s":""}`))
}

func firstOf(list []string) []string { return list[:min(len(list), 1)] }
