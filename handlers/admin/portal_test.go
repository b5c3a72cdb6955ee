package admin

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/branding"
	"portico/app/dryrun"
	"portico/app/export"
	"portico/app/extension"
	"portico/app/factor"
	"portico/app/federation"
	"portico/app/i18n"
	"portico/app/openid"
	"portico/app/record"
	"portico/app/risk"
	"portico/app/signal"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/app/webhook"
	"portico/handlers"
	"portico/models"
	"portico/models/modelstest"
	"portico/seed"
)

// bench is a whole portal over a scratch database, with one customer tenant and a way to sign admins in.
type bench struct {
	*testing.T
	app       *fiber.App
	web       *handlers.Web
	portal    *Portal
	store     *models.Store
	clock     *modelstest.Clock
	workforce *models.Tenant
	shop      *models.Tenant
	starts    *[]signin.Request
}

// starter stands in for the sign-in pages: it remembers what was asked and says so.
type starter struct{ asked *[]signin.Request }

func (s starter) Start(c *fiber.Ctx, _ *models.Directory, r signin.Request) error {
	*s.asked = append(*s.asked, r)
	return c.Redirect("/workforce/signin/attempt", fiber.StatusSeeOther)
}

// plainPasswords refuses what is too short and keeps the rest as it is.
type plainPasswords struct{}

func (plainPasswords) Hash(_ context.Context, _, password string, _ ...string) (string, error) {
	return "hash:" + password, nil
}

func newBench(t *testing.T) *bench { return newBenchOn(t, modelstest.SQLite) }

func newBenchOn(t *testing.T, engine string) *bench {
	t.Helper()
	scratch := modelstest.OpenScratch(t, engine)
	b := &bench{T: t, store: scratch.Store, clock: scratch.Clock, starts: &[]signin.Request{}}
	staff, err := b.store.CreateTenant(t.Context(), modelstest.Actor(), tenant.Tenant{Slug: tenant.WorkforceSlug, Name: "Portico", Kind: tenant.Workforce})
	b.must(err)
	b.workforce = b.store.Tenant(staff.ID)
	b.shop = modelstest.MustTenant(t, b.store, "shop")
	bundle, err := i18n.Load()
	b.must(err)
	base, _ := url.Parse("http://localhost:3000")
	web := &handlers.Web{Development: true, BaseURL: base, Bundle: bundle, Now: b.clock.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Places: &signal.Places{}}
	b.web, b.app = web, web.NewApp()
	b.portal = &Portal{Net: providerNet(t, b.clock.Now), Store: b.store, Directories: b.store, Starter: starter{b.starts}, Sessions: handlers.Sessions{Store: b.store}, CSRF: handlers.CSRF{Key: []byte("0123456789abcdef0123456789abcdef")},
		Bundle: bundle, Brands: &handlers.Brands{}, BaseURL: "http://localhost:3000", Development: true, MailReady: true, Passwords: plainPasswords{}, Now: b.clock.Now}
	provider := openid.New(openid.Options{Stores: b.store, MAC: b.store.Sealer().MAC, Now: b.clock.Now})
	b.portal.Keys, b.portal.Tokens = provider, provider
	b.portal.Courier = exportCourier(t, b.clock.Now)
	b.portal.Hooks = &webhook.Courier{Store: b.store, HTTP: b.portal.Courier.HTTP, Now: b.clock.Now, Reach: func(string, *url.URL) error { return nil }}
	b.portal.Extensions = askers(t, b.clock.Now, b.store.OpenExtensionSecret)
	passkeys, err := factor.NewPasskeys("http://localhost:3000", "Portico")
	b.must(err)
	b.portal.Bench = dryrun.New(dryrun.Bench{MAC: b.store.Sealer().MAC, Passkeys: passkeys})
	b.portal.Mount(b.app)
	web.Rows = b.portal.Routes()
	b.app.Use(func(*fiber.Ctx) error { return fiber.ErrNotFound })
	return b
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// browser is one browser with its cookies.
type browser struct {
	b       *bench
	cookies map[string]string
	session string // id of the portal session, for form tokens
	userID  string
}

// answer is what a request came to.
type answer struct {
	status   int
	location string
	body     string
	header   http.Header
}

func (b *bench) browser() *browser { return &browser{b: b, cookies: map[string]string{}} }

func (w *browser) send(r *http.Request) answer {
	w.b.Helper()
	r.Host = "localhost:3000"
	for k, v := range w.cookies {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	resp, err := w.b.app.Test(r, -1)
	w.b.must(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	w.b.must(err)
	for _, c := range resp.Cookies() {
		if c.MaxAge < 0 {
			delete(w.cookies, c.Name)
		} else {
			w.cookies[c.Name] = c.Value
		}
	}
	return answer{resp.StatusCode, resp.Header.Get("Location"), string(body), resp.Header}
}

func (w *browser) get(path string) answer {
	w.b.Helper()
	return w.send(httptest.NewRequest(http.MethodGet, path, nil))
}

// post sends a form with a good token.
func (w *browser) post(path string, pairs ...string) answer {
	w.b.Helper()
	return w.postRaw(path, append(pairs, handlers.CSRFField, w.b.portal.CSRF.Token(w.session))...)
}

// postRaw sends a form as it is.
func (w *browser) postRaw(path string, pairs ...string) answer {
	w.b.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.send(r)
}

// admin makes an admin with roles (role id, tenant id, …) and signs them in.
func (b *bench) admin(email string, roles ...string) *browser {
	b.Helper()
	u, err := b.workforce.CreateUser(b.Context(), modelstest.Actor(), models.User{Account: account.Account{DisplayName: "Admin " + email, Mail: email, Enabled: true, FirstFactor: "emailPassword",
		Identities: []account.Identity{{SignInType: account.SignInEmail, Value: email}}}}, "hash:x")
	b.must(err)
	for i := 0; i+1 < len(roles); i += 2 {
		_, err := b.workforce.AssignRole(b.Context(), modelstest.Actor(), u.ID, access.Assignment{RoleID: roles[i], TenantID: roles[i+1]})
		b.must(err)
	}
	return b.signIn(u.ID)
}

func (b *bench) global() *browser {
	b.Helper()
	roles := []string{access.GlobalAdministratorID, access.AllTenants}
	for _, r := range access.Roles() {
		if access.Grants(r.Permissions, access.TenantOperate) {
			roles = append(roles, r.ID, access.AllTenants)
		}
	}
	return b.admin("global@staff.example", roles...)
}

// signIn walks the portal's own way in: start, finished attempt, handoff.
func (b *bench) signIn(userID string) *browser {
	b.Helper()
	w := b.browser()
	w.userID = userID
	w.get("/admin")
	asked := (*b.starts)[len(*b.starts)-1]
	a := w.get(b.issue(asked, userID, "mfa", "otp", "pwd").Redirect)
	if a.status != fiber.StatusSeeOther {
		b.Fatalf("the handoff answered %d %s", a.status, a.body)
	}
	row, err := b.workforce.PortalSession(b.Context(), w.cookies["workforce-admin"], true)
	b.must(err)
	w.session = row.ID
	return w
}

// issue ends an attempt as the machine does.
func (b *bench) issue(asked signin.Request, userID string, amr ...string) signin.Outcome {
	b.Helper()
	out, err := b.portal.Issuer().Issue(b.Context(), b.workforce, signin.Grant{TenantID: b.workforce.ID, UserID: userID, SID: "sid", AuthTime: b.store.Now(), AMR: amr, Request: asked})
	b.must(err)
	return out
}

// reach is where a role is given: those of the installation in all tenants, the others in the shop.
func (b *bench) reach(r access.Role) string {
	if r.Installation {
		return access.AllTenants
	}
	return b.shop.ID
}

func (b *bench) roleID(name string) string {
	b.Helper()
	for _, r := range access.Roles() {
		if r.Name == name {
			return r.ID
		}
	}
	b.Fatalf("no role %s", name)
	return ""
}

// things that the pages are about.
type things struct {
	app  models.Application
	flow models.UserFlow
	user models.User

	attribute userflow.Definition
	terms     userflow.Terms
}

func (b *bench) things() things {
	b.Helper()
	a, _ := modelstest.MustApp(b, b.shop, "Market", "https://market.example/callback")
	d, err := b.shop.CreateDefinition(b.Context(), modelstest.Actor(), userflow.Definition{Name: "Card number", DataType: userflow.String})
	b.must(err)
	x, err := b.shop.CreateTerms(b.Context(), modelstest.Actor(), userflow.Terms{Name: "House rules", Language: "en", Texts: map[string]userflow.TermsText{"en": {Title: "House rules", Body: "Be kind."}}})
	b.must(err)
	return things{attribute: d, terms: x, app: a, flow: modelstest.MustFlow(b, b.shop, "Sign in", userflow.EmailPassword, a), user: modelstest.MustUser(b, b.shop, "ada@example.com")}
}

func (b *bench) audits() []models.AuditEntry {
	b.Helper()
	page, err := b.shop.Audits(b.Context(), models.AuditQuery{Limit: 999})
	b.must(err)
	staff, err := b.workforce.Audits(b.Context(), models.AuditQuery{Limit: 999})
	b.must(err)
	return append(page.Items, staff.Items...)
}

// text is a page without its tags.
func text(html string) string {
	html = regexp.MustCompile(`(?s)<(script|style).*?</(script|style)>`).ReplaceAllString(html, "")
	html = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(html, " ")
	return strings.Join(strings.Fields(html), " ")
}

func (a answer) wants(t *testing.T, status int, words ...string) {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, text(a.body))
	}
	for _, w := range words {
		if !strings.Contains(text(a.body), w) {
			t.Errorf("the page lacks %q: %s", w, text(a.body))
		}
	}
}

// TestWhoMayDoWhat reads like the rule book.
func TestWhoMayDoWhat(t *testing.T) {
	b := newBench(t)
	th := b.things()
	other := modelstest.MustTenant(t, b.store, "other")
	of := func(role string, where string) *browser {
		return b.admin(strings.ReplaceAll(strings.ToLower(role+where), " ", "-")+"@staff.example", b.roleID(role), where)
	}
	apps, users := of("Application Administrator", b.shop.ID), of("User Administrator", b.shop.ID)
	reports, everywhere := of("Reports Reader", b.shop.ID), of("User Administrator", access.AllTenants)
	elsewhere := of("Global Administrator", other.ID)
	const shop = "/admin/t/shop"
	for _, c := range []struct {
		who  *browser
		path string
		want int
	}{
		{apps, shop + "/applications/" + th.app.ID, 200}, {apps, shop + "/users", 403}, {apps, shop + "/sign-ins", 403}, {apps, shop + "/admins", 403},
		{users, shop + "/users/" + th.user.ID, 200}, {users, shop + "/applications", 200}, {users, shop + "/applications/new", 403}, {users, shop + "/settings/edit", 403},
		{reports, shop + "/sign-ins", 200}, {reports, shop + "/audits", 200}, {reports, shop + "/users", 403},
		{elsewhere, "/admin/t/other/users", 200}, {elsewhere, shop, 403}, {elsewhere, shop + "/users", 403}, {elsewhere, "/admin/tenants/new", 403},
		{everywhere, "/admin/t/workforce/users", 200}, {everywhere, "/admin/t/no-such-tenant", 404},
	} {
		if a := c.who.get(c.path); a.status != c.want {
			t.Errorf("%s as %s: %d, want %d", c.path, c.who.userID, a.status, c.want)
		}
	}
	// In the directory of admins, changing a person is changing an admin.
	if a := everywhere.post("/admin/t/workforce/users/"+apps.userID+"/password", "how", "generate"); a.status != 403 {
		t.Errorf("a User Administrator set an admin's password: %d", a.status)
	}
	a := users.get(shop + "/applications/new")
	a.wants(t, 403, "You may not do this", "Application Administrator", "Global Administrator")
}

// TestFlowsAreOfferedToWhoMayChangeThem: no choice that would be dropped without a word.
func TestFlowsAreOfferedToWhoMayChangeThem(t *testing.T) {
	b := newBench(t)
	b.things()
	const form = `name="flow"`
	apps := b.admin("apps@staff.example", b.roleID("Application Administrator"), b.shop.ID)
	if a := apps.get("/admin/t/shop/applications/new"); a.status != 200 || strings.Contains(a.body, form) {
		t.Errorf("an Application Administrator is offered flows (%d)", a.status)
	}
	if a := b.global().get("/admin/t/shop/applications/new"); a.status != 200 || !strings.Contains(a.body, form) {
		t.Errorf("a Global Administrator is not offered flows (%d)", a.status)
	}
}

func TestFormsNeedTheirToken(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w, stranger := b.global(), b.admin("stranger@staff.example", access.GlobalAdministratorID, access.AllTenants)
	before := len(b.audits())
	for _, r := range b.portal.Routes() {
		if r.Method != post || isPublic(r) {
			continue
		}
		path := strings.NewReplacer(":tenant", "shop", ":id", th.app.ID, ":key", "k", ":version", "1", ":lang", "nl-NL").Replace(r.Path)
		for name, token := range map[string]string{"none": "", "nonsense": "x", "another session's": b.portal.CSRF.Token(stranger.session)} {
			if a := w.postRaw(path, "displayName", "Changed", "enabled", "no", handlers.CSRFField, token); a.status != fiber.StatusForbidden {
				t.Errorf("%s with the token %s: %d", path, name, a.status)
			}
		}
	}
	if n := len(b.audits()); n != before {
		t.Errorf("%d changes were made without a token", n-before)
	}
	r := httptest.NewRequest(http.MethodPost, "/admin/t/shop/applications", strings.NewReader(url.Values{handlers.CSRFField: {b.portal.CSRF.Token(w.session)}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://evil.example")
	if a := w.send(r); a.status != fiber.StatusForbidden {
		t.Errorf("a form of another origin: %d", a.status)
	}
}

// TestEveryChangeIsRecordedAndSaid sends each form once: 303 to a page whose notice names the thing, and
// one entry in the audit log by this admin.
func TestEveryChangeIsRecordedAndSaid(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	const shop = "/admin/t/shop"
	app, flow, user := shop+"/applications/"+th.app.ID, shop+"/user-flows/"+th.flow.ID, shop+"/users/"+th.user.ID
	for _, c := range []struct {
		path     string
		form     []string
		activity string
		says     string
	}{
		{"/admin/tenants", []string{"name", "Second", "slug", "second", "defaultLocale", "en", "plan", "standard"}, "", "Second"},
		{shop + "/settings/edit", []string{"name", "The Shop", "defaultLocale", "en", "lockoutThreshold", "5"}, "Update tenant", "The Shop"},
		{shop + "/applications", []string{"kind", "daemon", "displayName", "Nightly job"}, "Add application", "Nightly job"},
		{app + "/edit", []string{"displayName", "Market 2", "notes", "n"}, "Update application", "Market 2"},
		{app + "/tokens", []string{"accessTokenMinutes", "30"}, "Update application", "Market 2"},
		{app + "/redirects/add", []string{"redirectUris", "https://b.example/cb", "platform", "web"}, "Update application", "https://b.example/cb"},
		{app + "/redirects/remove", []string{"uri", "https://b.example/cb"}, "Update application", "https://b.example/cb"},
		{app + "/post-logout/add", []string{"postLogoutRedirectUris", "https://b.example/bye"}, "Update application", "https://b.example/bye"},
		{app + "/post-logout/remove", []string{"uri", "https://b.example/bye"}, "Update application", "https://b.example/bye"},
		{app + "/back-channel", []string{"backChannelLogoutUri", "https://b.example/out"}, "Update application", "Market 2"},
		{app + "/scopes", []string{"scopes", "orders.read", "name", "See your orders"}, "Update application", "orders.read"},
		{app + "/permissions", []string{"permissions", "User.Read.All"}, "Update application", "Market 2"},
		{app + "/secrets", []string{"name", "prod", "expiresAt", "180"}, "Add application secret", "Market 2"},
		{app + "/enabled", []string{"enabled", "no"}, "Disable application", "Market 2"},
		{app + "/enabled", []string{"enabled", "yes"}, "Enable application", "Market 2"},
		{shop + "/user-flows", []string{"name", "By code", "signUpMethod", "emailCode", "attribute", "givenName"}, "Create user flow", "By code"},
		{flow + "/properties", []string{"name", "Sign in", "signUpAllowed", "yes", "passwordReset", "yes", "mfa", "off", "revision", "0"}, "Save draft of user flow", "Sign in"},
		{flow + "/methods", []string{"signUpMethod", "emailCode", "revision", "1"}, "Save draft of user flow", "Sign in"},
		{flow + "/domains", []string{"domains.deny", "spam.example", "revision", "2"}, "Save draft of user flow", "Sign in"},
		{flow + "/attributes/add", []string{"attribute", "city", "revision", "3"}, "Save draft of user flow", "City"},
		{flow + "/attributes/add", []string{"attribute", "state", "revision", "4"}, "Save draft of user flow", "State"},
		{flow + "/attributes/arrange", []string{"item", "state", "to", "top", "revision", "5"}, "Save draft of user flow", "State"},
		{flow + "/attributes/edit/city", []string{"label", "Your town", "revision", "6"}, "Save draft of user flow", "Sign in"},
		{flow + "/attributes/consent", []string{"termsUrl", "https://shop.example/terms", "revision", "7"}, "Create custom attribute", "Checkbox"},
		{flow + "/publish", []string{"revision", "8"}, "Publish user flow", "Version 2 of “Sign in” published"},
		{flow + "/versions/1/restore", []string{"revision", "0"}, "Save draft of user flow", "Version 1 of “Sign in” is the draft now"},
		{flow + "/discard", []string{"revision", "9"}, "Discard draft of user flow", "Sign in"},
		{flow + "/apps/remove", []string{"application", th.app.ID}, "Remove application from user flow", "Market 2"},
		{flow + "/apps/add", []string{"application", th.app.ID}, "Add application to user flow", "Market 2"},
		{shop + "/users", []string{"email", "bob@example.com", "displayName", "Bob", "how", "generate", "mustChange", "yes"}, "Add user", "Bob"},
		{user + "/edit", []string{"displayName", "Ada L", "city", "London"}, "Update user", "Ada L"},
		{user + "/password", []string{"how", "own", "password", "a long enough one"}, "Reset password", "Ada L"},
		{user + "/revoke", nil, "Revoke sign-in sessions", "Ada L"},
		{user + "/enabled", []string{"enabled", "no"}, "Disable account", "Ada L"},
		{user + "/delete", nil, "Delete user", "Ada L"},
		{shop + "/users/deleted/" + th.user.ID + "/restore", nil, "Restore user", "Ada L"},
		{shop + "/admins/invite", []string{"email", "eve@staff.example", "displayName", "Eve", "role", b.roleID("Reports Reader"), "reach", "this"}, "Add member to role", "Eve"},
		{app + "/delete", nil, "Delete application", "Market 2"},
		{shop + "/applications/deleted/" + th.app.ID + "/restore", nil, "Restore application", "Market 2"},
		{flow + "/delete", []string{"name", "Sign in"}, "Delete user flow", "Sign in"},
	} {
		b.clock.Advance(1e9)
		before := map[string]bool{}
		for _, e := range b.audits() {
			before[e.ID] = true
		}
		a := w.post(c.path, c.form...)
		if a.status != fiber.StatusSeeOther {
			t.Errorf("%s answered %d: %.300s", c.path, a.status, text(a.body))
			continue
		}
		if c.activity != "" {
			found := false
			for _, e := range b.audits() {
				found = found || !before[e.ID] && e.Activity == c.activity && e.Actor.ID == w.userID && e.Actor.IP != ""
			}
			if !found {
				t.Errorf("%s left no %q by the admin", c.path, c.activity)
			}
		}
		page := w.get(strings.Split(a.location, "#")[0])
		status := regexp.MustCompile(`(?s)role="status".*?</div></div>`).FindString(page.body)
		if page.status != 200 || !strings.Contains(text(status), c.says) {
			t.Errorf("after %s the page (%d) says %q, want %q", c.path, page.status, text(status), c.says)
		}
		if again := w.get(strings.Split(a.location, "#")[0]); strings.Contains(again.body, `role="status"`) {
			t.Errorf("after %s the notice came twice", c.path)
		}
	}
}

func TestSecretsAreShownOnce(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	b.portal.MailReady = false // then the link of an invitation is shown
	const shop = "/admin/t/shop"
	app := shop + "/applications/" + th.app.ID
	output := regexp.MustCompile(`<output id="new-secret"[^>]*>([^<]+)</output>`)
	for path, form := range map[string][]string{
		app + "/secrets":                            {"name", "prod", "expiresAt", "90"},
		shop + "/users":                             {"email", "bob@example.com", "displayName", "Bob", "how", "generate"},
		shop + "/admins/invite":                     {"email", "eve@staff.example", "displayName", "Eve", "role", b.roleID("Reports Reader")},
		shop + "/users/" + th.user.ID + "/password": {"how", "generate", "mustChange", "yes"},
	} {
		a := w.post(path, form...)
		if a.status != fiber.StatusSeeOther {
			t.Fatalf("%s: %d %s", path, a.status, text(a.body))
		}
		to := strings.Split(a.location, "#")[0]
		m := output.FindStringSubmatch(w.get(to).body)
		if m == nil || len(m[1]) < 16 {
			t.Fatalf("%s showed no secret", path)
		}
		if strings.Contains(w.get(to).body, m[1]) {
			t.Errorf("%s showed the secret twice", path)
		}
		for _, e := range b.audits() {
			if raw, _ := json.Marshal(e); strings.Contains(string(raw), m[1]) {
				t.Errorf("%s put the secret into the log", path)
			}
		}
	}
}

// TestFormsComeBackAsTyped: what is wrong stands beside its field and in the summary in the same words,
// and everything typed is still there, except passwords.
func TestFormsComeBackAsTyped(t *testing.T) {
	b := newBench(t)
	th := b.things()
	second := modelstest.MustFlow(t, b.shop, "Second", userflow.EmailCode)
	w := b.global()
	const shop = "/admin/t/shop"
	app := shop + "/applications/" + th.app.ID
	for _, c := range []struct {
		path  string
		form  []string
		field string
		says  string
		keeps string
	}{
		{shop + "/applications", []string{"kind", "web", "displayName", "", "redirectUris", "https://kept.example/cb"}, "displayName", "Enter a name for the app", "https://kept.example/cb"},
		{shop + "/applications", []string{"kind", "web", "displayName", "Kept", "redirectUris", "http://far.example/cb"}, "redirectUris", "Enter an address that starts with https://", "http://far.example/cb"},
		{app + "/redirects/add", []string{"redirectUris", "https://x.example/#part", "platform", "web"}, "redirectUris", "Remove the part after #", "https://x.example/#part"},
		{app + "/redirects/add", []string{"redirectUris", "https://market.example/callback", "platform", "web"}, "redirectUris", "is there already", "https://market.example/callback"},
		{app + "/redirects/add", []string{"redirectUris", "https://x.example/%zz", "platform", "web"}, "redirectUris", "a % that two of 0–9 and A–F do not follow", "https://x.example/%zz"},
		{app + "/redirects/add", []string{"redirectUris", "/%zz", "platform", "web"}, "redirectUris", "In /%zz there is a %", "/%zz"},
		{shop + "/applications", []string{"kind", "daemon", "displayName", "Kept", "redirectUris", "https://kept.example/cb"}, "redirectUris", "nobody signs in to a daemon", "https://kept.example/cb"},
		{app + "/tokens", []string{"accessTokenMinutes", "5", "idTokenMinutes", "61"}, "accessTokenMinutes", "from 10 to 1440", "61"},
		{app + "/certificates", []string{"name", "kept", "certificate", "nonsense"}, "certificate", "PEM", "nonsense"},
		{app + "/scopes", []string{"scopes", "two words", "name", "Kept"}, "scopes", "Enter a scope", "Kept"},
		{shop + "/user-flows", []string{"name", "", "signUpMethod", "emailCode"}, "name", "Enter a name", ""},
		{shop + "/user-flows/" + second.ID + "/apps/add", []string{"application", th.app.ID}, "application", "“Market” is in the user flow “Sign in” already", ""},
		{shop + "/users", []string{"email", "not-an-address", "displayName", "Kept", "how", "own", "password", "hunter2hunter2"}, "email", "Enter an email address", "Kept"},
		{shop + "/users", []string{"email", "ada@example.com", "displayName", "Kept", "how", "none"}, "email", "already", "Kept"},
		{shop + "/settings/edit", []string{"name", "Kept", "lockoutThreshold", "many"}, "lockoutThreshold", "Enter a whole number", "many"},
		{shop + "/settings/edit", []string{"name", "Kept", "lockoutThreshold", "1", "supportUrl", "https://kept.example"}, "lockoutThreshold", "from 3 to 100", "https://kept.example"},
		{shop + "/settings/edit", []string{"name", "Kept", "supportUrl", "javascript:alert(1)"}, "supportUrl", "Enter a web address", "Kept"},
		{"/admin/tenants", []string{"name", "Kept", "slug", "Not A Slug"}, "slug", "", "Not A Slug"},
		{shop + "/admins/invite", []string{"email", "eve@staff.example", "displayName", "Kept"}, "role", "Choose at least one role", "Kept"},
	} {
		a := w.post(c.path, c.form...)
		if a.status != fiber.StatusUnprocessableEntity {
			t.Errorf("%s answered %d: %.300s", c.path, a.status, text(a.body))
			continue
		}
		if !strings.Contains(a.body, `href="#f-`+c.field+`"`) || !strings.Contains(a.body, `id="f-`+c.field+`-error"`) || strings.Count(text(a.body), c.says) < 2 && c.says != "" {
			t.Errorf("%s does not say %q beside %s and in the summary: %s", c.path, c.says, c.field, text(a.body))
		}
		if !strings.Contains(a.body, c.keeps) || strings.Contains(a.body, "hunter2") {
			t.Errorf("%s kept the wrong things", c.path)
		}
		if !strings.Contains(a.body, "<title>Error:") {
			t.Errorf("%s: the title does not start with Error", c.path)
		}
	}
}

func TestTheStaffFlowIsRefusedWithItsReason(t *testing.T) {
	b := newBench(t)
	if err := seed.Bootstrap(t.Context(), b.store); err != nil {
		t.Fatal(err)
	}
	w := b.global()
	const flow = "/admin/t/workforce/user-flows/" + userflow.Administrators
	for _, c := range []struct {
		path string
		form []string
		says string
	}{
		{flow + "/delete", []string{"name", "Administrators"}, "so it cannot be deleted"},
		{flow + "/properties", []string{"name", "Administrators", "signUpAllowed", "yes", "mfa", "alwaysOn", "mfaMethods", "fido2"}, "switch sign-up off"},
		{flow + "/properties", []string{"name", "Administrators", "mfa", "off"}, "choose always on"},
	} {
		if a := w.post(c.path, c.form...); a.status != fiber.StatusUnprocessableEntity || !strings.Contains(text(a.body), c.says) {
			t.Errorf("%s answered %d: %.600s", c.path, a.status, text(a.body))
		}
	}
}

// TestEveryPageOpens reads each page of the portal on both engines: it opens, has one h1, a label for
// every control, and its links inside the page lead somewhere.
func TestEveryPageOpens(t *testing.T) {
	for _, engine := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(engine, func(t *testing.T) {
			b := newBenchOn(t, engine)
			th := b.things()
			_, secret, err := b.shop.AddSecret(t.Context(), modelstest.Actor(), th.app.ID, "old", b.store.Now().AddDate(0, 0, 10))
			b.must(err)
			b.must(b.shop.NoteClientMistake(t.Context(), th.app.ClientID, models.MistakeRedirectURI, "https://x.example", "https://market.example/callback"))
			r := record.SignIn{ID: models.NewID(), TenantID: b.shop.ID, Kind: record.Interactive, StartedAt: b.store.Now(), EndedAt: b.store.Now(), User: record.Party{ID: th.user.ID, Name: "Ada"},
				App: record.Party{ID: th.app.ClientID, Name: "Market"}, Outcome: record.Outcome{Result: record.Success}}
			b.must(b.shop.RecordSignIn(t.Context(), r))
			_, err = b.shop.SaveDraft(t.Context(), modelstest.Actor(), th.flow.ID, 0, func(f *userflow.Flow) error {
				f.Attributes = append(f.Attributes, userflow.Attribute{ID: "givenName"}, userflow.Attribute{ID: th.attribute.ID, InputType: userflow.Dropdown, Options: []userflow.Option{{Text: "One", Value: "1"}}})
				return nil
			})
			b.must(err)
			invited, _, err := b.shop.CreateInvitation(t.Context(), modelstest.Actor(), userflow.Invitation{FlowID: th.flow.ID, ClientID: th.app.ClientID, Email: "eve@example.com", Values: map[string]any{"givenName": "Eve"}}, nil)
			b.must(err)
			crew, err := b.shop.CreateGroup(t.Context(), modelstest.Actor(), account.Group{Name: "Crew"})
			b.must(err)
			_, err = b.shop.UpdateApplication(t.Context(), modelstest.Actor(), th.app.ID, func(a *models.Application) error {
				a.Spec.AppRoles = []models.AppRole{{ID: "role", Value: "Edit", Name: "Editors", MemberTypes: []string{models.RoleForUsers}}}
				return nil
			})
			b.must(err)
			bulk, err := b.shop.StartBulk(t.Context(), modelstest.Actor(), models.Bulk{Action: models.BulkDisable}, []string{th.user.ID}, models.UserQuery{})
			b.must(err)
			guarded := b.policies(th)
			replayed, err := b.shop.StartReplay(t.Context(), modelstest.Actor(), models.ReplayDraft{Name: "Nothing", Days: 1})
			b.must(err)
			attacked := b.attack(th.user)
			detected := b.risky(th.user, 1, newCountry())
			found, err := b.shop.Detections(t.Context(), models.DetectionQuery{SignInID: detected.ID})
			b.must(err)
			hooked, _, err := b.shop.CreateWebhook(t.Context(), modelstest.Actor(), webhook.Subscription{Name: "CRM", URL: "https://crm.example/in", Events: []string{webhook.UserUpdated}}, true, func(webhook.Subscription) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			tested, err := b.shop.BeginWebhookTest(t.Context(), modelstest.Actor(), hooked.ID, "nobody")
			if err != nil {
				t.Fatal(err)
			}
			exported, _, err := b.shop.CreateExport(t.Context(), modelstest.Actor(), export.Target{Name: "Elsewhere", Kind: export.Webhook, URL: "https://logs.example/in", Records: []export.Kind{export.RiskDetection}}, true, time.Time{}, func(export.Target) error { return nil })
			b.must(err)
			company := b.company()
			extended := b.extended(extension.TokenIssuanceStart, "https://hooks.example/x", th.app)
			listening := b.listener(extended)
			asked := extension.Call{ID: models.NewID(), Event: extended.Event, ExtensionID: extended.ID, Name: "Loyalty", At: b.store.Now(), Request: "{}", Code: extension.TimedOut}
			b.shop.KeepCall(asked)
			b.must(b.store.FlushCalls(t.Context()))
			indicator, err := b.shop.PutIndicator(t.Context(), modelstest.Actor(), risk.Indicator{Kind: "ip", Value: "198.51.100.7", Level: risk.High})
			b.must(err)
			leaked, err := b.shop.ImportLeaked(t.Context(), modelstest.Actor(), "A list", b.store.Now(), func(yield func(string, error) bool) { yield("ada@example.com", nil) })
			b.must(err)
			b.branded()
			w := b.global()
			sent := w.upload("/admin/t/shop/users/imports", "p.csv", "email,shoe\na@example.com,45\n", handlers.CSRFField, w.token(), "mode", "create", "unknown", "yes")
			w.post("/admin/t/shop/helpdesk", "who", "ada@example.com")
			w.post("/admin/t/shop/protection/simulation/mark", "person", th.user.ID)
			tried, err := b.shop.BeginTrial(t.Context(), modelstest.Actor(), company.ID, w.session, "trial-x", federation.Departure{}, nil)
			b.must(err)
			domains, err := b.shop.ProviderDomains(t.Context(), company.ID)
			b.must(err)
			own, err := b.shop.AddCustomDomain(t.Context(), modelstest.Actor(), "login.shop.example", true)
			b.must(err)
			for _, route := range b.portal.Routes() {
				if route.Method != get || isPublic(route) || route.Path == "/admin" {
					continue
				}
				id := th.app.ID
				for part, x := range map[string]string{"/bulk-changes/": bulk.ID, "/user-attributes/": th.attribute.ID, "/groups/": crew.ID, "/terms/": th.terms.ID, "/invitations/": invited.ID, "/user-flows/": th.flow.ID, "/users/": th.user.ID, "/helpdesk/": th.user.ID, "/admins/": w.userID, "/sign-ins/": r.ID, "/audits/": b.shopAudits()[0].ID, "/risk-detections/": found.Items[0].ID, "/incidents/": attacked.ID, "/branding/": branding.Company, "/exports/": exported.ID, "/webhooks/": hooked.ID, "/webhook-deliveries/": tested.ID, "/identity-providers/": company.ID, "/extensions/": extended.ID, "/threat-indicators/": indicator.ID, "/leaked-addresses/": leaked.ID, "/simulation/": th.user.ID, "/custom-domains/": own.ID, "/admin/tenants/": b.shop.ID} {
					if strings.Contains(route.Path, part) {
						id = x
					}
				}
				if strings.Contains(route.Path, "/bulk-changes/") {
					id = bulk.ID
				}
				if strings.Contains(route.Path, "/extensions/listeners/") {
					id = listening.ID
				}
				if strings.Contains(route.Path, "/extensions/calls/") {
					id = asked.ID
				}
				if strings.Contains(route.Path, "/conditional-access/") {
					id = guarded.id(route.Path)
				}
				if strings.Contains(route.Path, "/policy-replays/") {
					id = replayed.ID
				}
				if strings.Contains(route.Path, "/imports/") {
					id = sent.location[strings.LastIndex(sent.location, "/")+1:]
				}
				path := strings.NewReplacer(":tenant", "shop", ":id", id, ":key", keyOf(route.Path, secret.ID, th.user), ":version", "1", ":lang", "nl-NL", ":choice", "only", ":role", "role", ":attribute", "givenName", ":method", "sms", ":trial", tried.ID, ":domain", domains[0].ID).Replace(route.Path)
				a := w.get(path)
				if a.status != 200 {
					t.Errorf("%s: %d %.200s", path, a.status, text(a.body))
					continue
				}
				if a.header.Get("Content-Disposition") == "" {
					readPage(t, path, a.body)
					b.showsWhereOneIs(path, a.body)
				}
			}
			for _, list := range []string{"applications", "applications/deleted", "user-attributes", "terms", "invitations", "user-flows", "users", "users/deleted", "groups", "admins", "sign-ins", "audits"} {
				for _, format := range []string{"csv", "json"} {
					if a := w.get("/admin/t/shop/" + list + "?format=" + format); a.status != 200 || a.header.Get("Content-Disposition") == "" {
						t.Errorf("%s as %s: %d", list, format, a.status)
					}
				}
				if a := w.get("/admin/t/shop/" + list + "?search=%27%25_a&range=24h&last=idle90&enabled=yes&createdFrom=2026-01-01"); a.status != 200 {
					t.Errorf("%s with filters: %d", list, a.status)
				}
			}
		})
	}
}

// showsWhereOneIs: the menu marks one row in each page of a tenant: the one that leads to it, or to what it is a part of.
func (b *bench) showsWhereOneIs(path, body string) {
	b.Helper()
	if !strings.HasPrefix(path, "/admin/t/shop/") {
		return
	}
	_, menu, _ := strings.Cut(body, `<nav class="nav" id="nav"`)
	menu, _, _ = strings.Cut(menu, "</nav>")
	if n := strings.Count(menu, `aria-current="page"`); n != 1 {
		b.Errorf("%s: %d rows of the menu are where one is", path, n)
		return
	}
	want, path := "", strings.Replace(path, "/leaked-addresses", "/threat-indicators", 1)
	for _, r := range b.portal.Routes() {
		href := strings.Replace(r.Path, ":tenant", "shop", 1)
		if r.NavLabel != "" && (path == href || strings.HasPrefix(path, href+"/")) && len(href) > len(want) {
			want = href
		}
	}
	if want == "/admin/t/shop" {
		b.Errorf("%s belongs to no row of the menu", path)
	}
	if row, _, _ := strings.Cut(menu, ` aria-current="page"`); !strings.HasSuffix(row, `href="`+want+`"`) {
		b.Errorf("%s: the menu does not mark %s", path, want)
	}
}

func (b *bench) shopAudits() []models.AuditEntry {
	b.Helper()
	page, err := b.shop.Audits(b.Context(), models.AuditQuery{})
	b.must(err)
	return page.Items
}

// readPage checks what every page promises (UI.md §10).
func readPage(t *testing.T, path, body string) {
	t.Helper()
	if n := strings.Count(body, "<h1"); n != 1 {
		t.Errorf("%s has %d h1", path, n)
	}
	if strings.Contains(body, " style=") || strings.Contains(body, " onclick=") || strings.Contains(body, "%!") {
		t.Errorf("%s holds a style, a handler or a broken format", path)
	}
	ids := map[string]int{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(body, -1) {
		ids[m[1]]++
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%s has the id %s %d times", path, id, n)
		}
	}
	labels := map[string]bool{}
	for _, m := range regexp.MustCompile(`<label[^>]* for="([^"]+)"`).FindAllStringSubmatch(body, -1) {
		labels[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`<(input|select|textarea)\s[^>]*>`).FindAllString(body, -1) {
		if strings.Contains(m, `type="hidden"`) || strings.Contains(m, ` aria-label="`) {
			continue
		}
		id := regexp.MustCompile(` id="([^"]+)"`).FindStringSubmatch(m)
		if id == nil || !labels[id[1]] {
			t.Errorf("%s: no label for %s", path, m)
		}
	}
	for _, m := range regexp.MustCompile(` href="#([^"]+)"`).FindAllStringSubmatch(body, -1) {
		if ids[m[1]] == 0 {
			t.Errorf("%s: #%s leads nowhere", path, m[1])
		}
	}
}
