package account_test

import (
	"crypto/rand"
	"encoding/json"
	"html"
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

	"portico/app/factor"
	"portico/app/i18n"
	"portico/app/message"
	"portico/app/openid"
	"portico/app/session"
	"portico/app/signal"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/app/ways"
	"portico/handlers"
	"portico/handlers/account"
	"portico/handlers/hosted"
	"portico/models"
	"portico/models/modelstest"
)

// house is a whole server with account pages, one customer tenant and one app in one flow.
type house struct {
	t      *testing.T
	store  *models.Store
	clock  *modelstest.Clock
	tenant *models.Tenant
	slug   string
	app    models.Application
	hasher *factor.Hasher
	web    *fiber.App
	desk   *ways.Desk
}

func newHouse(t *testing.T, edit ...func(*userflow.Flow)) *house {
	t.Helper()
	scratch := modelstest.OpenScratch(t, modelstest.SQLite)
	h := &house{t: t, store: scratch.Store, clock: scratch.Clock, hasher: factor.NewHasher(factor.Argon{MemoryKiB: 64, Time: 1, Threads: 1}, 4, 1000)}
	h.tenant, h.slug, h.app = h.directory("shop", edit...)
	bundle := modelstest.Must(i18n.Load())(t)
	base, _ := url.Parse("http://localhost:3000")
	web := &handlers.Web{Development: true, BaseURL: base, Hosts: h.store, Bundle: bundle, Places: signal.OpenPlaces(""), Now: h.clock.Now, Timeout: time.Minute,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	h.web = web.NewApp()
	pages := modelstest.Must(hosted.New(hosted.Deps{Store: h.store, Bundle: bundle, Hasher: h.hasher, BaseURL: base.String(), Now: h.clock.Now, Development: true}))(t)
	pages.Mount(h.web)
	passkeys := modelstest.Must(factor.NewPasskeys(base.String(), "Portico"))(t)
	h.desk = &ways.Desk{Stores: h.store, Hasher: h.hasher, Passkeys: passkeys, MAC: h.store.Sealer().MAC, Random: rand.Reader, Now: h.clock.Now,
		BaseURL: base.String(), Texts: true, Relaxed: true}
	own := &account.Pages{Store: h.store, Directories: h.store, Starter: pages, Sessions: pages.Sessions(), CSRF: handlers.CSRF{Key: []byte("test")}, Bundle: bundle,
		Brands: &handlers.Brands{}, BaseURL: base.String(), Desk: h.desk, Actions: pages.Gate(), Now: h.clock.Now}
	pages.AddIssuer(signin.Account, own.Issuer())
	own.Mount(h.web)
	h.web.Use(func(*fiber.Ctx) error { return fiber.ErrNotFound })
	return h
}

func (h *house) directory(slug string, edit ...func(*userflow.Flow)) (*models.Tenant, string, models.Application) {
	h.t.Helper()
	tn := modelstest.MustTenant(h.t, h.store, slug)
	app, _ := modelstest.MustApp(h.t, tn, "Shop", "https://app.example/callback")
	flow := userflow.Flow{Name: "Customers", SignUpMethod: userflow.EmailPassword, SignUpAllowed: true,
		MFA: userflow.MFA{Enforcement: userflow.MFAConditional, Methods: []string{"email", "softwareOath", "fido2"}}}
	for _, e := range edit {
		e(&flow)
	}
	f := modelstest.Must(tn.CreateFlow(h.t.Context(), modelstest.Actor(), flow))(h.t)
	if err := tn.AddFlowApp(h.t.Context(), modelstest.Actor(), f.ID, app.ID); err != nil {
		h.t.Fatal(err)
	}
	return tn, modelstest.Must(tn.Get(h.t.Context()))(h.t).Slug, app
}

func bothWays(f *userflow.Flow) {
	f.SignInMethods = []userflow.Method{userflow.EmailPassword, userflow.EmailCode}
}

// person makes somebody with the good password.
func (h *house) person(email string) models.User {
	h.t.Helper()
	hash := modelstest.Must(h.hasher.Hash(h.t.Context(), goodPassword))(h.t)
	u := modelstest.MustUserWithPassword(h.t, h.tenant, email, hash)
	return modelstest.Must(h.tenant.UpdateUser(h.t.Context(), modelstest.Actor(), u.ID, func(u *models.User) error { u.Mail, u.MailVerified = email, true; return nil }))(h.t)
}

// visitor is a browser that is signed in.
type visitor struct {
	h      *house
	slug   string
	sid    string
	cookie map[string]string
	host   string // of the tenant's own that they are at; "" = the installation's address
}

func (v *visitor) origin() string { return tenant.BaseAt("http://localhost:3000", v.host) }

// visit signs somebody in at a browser of their own, just now and with the second factor shown.
func (h *house) visit(tn *models.Tenant, slug, userID string) *visitor {
	h.t.Helper()
	return h.visitWith(tn, slug, userID, h.clock.Now())
}

// onlyPassword signs somebody in at one of the tenant's places with nothing but a password.
func (h *house) onlyPassword(userID, host string) *visitor {
	h.t.Helper()
	v := h.visitWith(h.tenant, h.slug, userID, time.Time{})
	v.host = host
	return v
}

func (h *house) visitWith(tn *models.Tenant, slug, userID string, mfa time.Time) *visitor {
	h.t.Helper()
	now := h.clock.Now()
	sid, secret := models.NewID(), models.NewID()
	s := session.Session{SID: sid, TenantID: tn.ID, UserID: userID, AuthTime: now, MFATime: mfa, AMR: []string{"pwd"}, CreatedAt: now, LastSeenAt: now}
	if err := tn.PutSession(h.t.Context(), s, secret, "", signin.SessionInfo{Browser: "Firefox 140", OS: "Windows 11", City: "Lisbon", Country: "PT", ExpiresAt: now.Add(24 * time.Hour)}); err != nil {
		h.t.Fatal(err)
	}
	return &visitor{h: h, slug: slug, sid: sid, cookie: map[string]string{slug + "-session": secret}}
}

func (h *house) own(userID string) *visitor { return h.visit(h.tenant, h.slug, userID) }

// answer is what a browser got.
type answer struct {
	status int
	body   string
	to     string
	cookie string // the session's, when it was set anew
}

// text is the page's words.
func (a answer) text() string {
	return html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(regexp.MustCompile(`(?s)<style>.*?</style>`).ReplaceAllString(a.body, ""), " "))
}

func (v *visitor) do(method, path string, form url.Values) answer {
	v.h.t.Helper()
	r := httptest.NewRequest(method, v.origin()+"/"+v.slug+"/account"+path, strings.NewReader(form.Encode()))
	r.RequestURI = r.URL.RequestURI() // the host stands in Host, as browsers send it
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", v.origin())
		r.Header.Set("Referer", v.origin()+"/"+v.slug+"/account/methods")
	}
	r.Header.Set("Accept-Language", "en")
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	for name, value := range v.cookie {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	resp, err := v.h.web.Test(r, -1)
	if err != nil {
		v.h.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	a := answer{status: resp.StatusCode, body: string(body), to: resp.Header.Get("Location")}
	for _, c := range resp.Cookies() {
		if c.MaxAge < 0 {
			delete(v.cookie, c.Name)
			continue
		}
		v.cookie[c.Name] = c.Value
		if c.Name == v.slug+"-session" {
			a.cookie = c.Value
		}
	}
	return a
}

func (v *visitor) get(path string) answer { v.h.t.Helper(); return v.do(http.MethodGet, path, nil) }

// post sends a form as its page would: with the token that the pages carry.
func (v *visitor) post(path string, fields ...string) answer {
	v.h.t.Helper()
	form := url.Values{"_csrf": {v.token()}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return v.do(http.MethodPost, path, form)
}

func (v *visitor) token() string {
	v.h.t.Helper()
	m := regexp.MustCompile(`name="_csrf" value="([^"]+)"`).FindStringSubmatch(v.get("/methods").body)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}

// notes are the messages that were queued, oldest first.
func (h *house) notes() []message.Note {
	h.t.Helper()
	items := modelstest.Must(h.store.ClaimOutbox(h.t.Context(), "test", h.clock.Now(), time.Microsecond, 1000))(h.t)
	h.clock.Advance(time.Millisecond)
	var out []message.Note
	for _, it := range items {
		var n message.Note
		if it.Kind != "mail" && it.Kind != "sms" {
			continue
		}
		if err := json.Unmarshal(it.Payload, &n); err != nil {
			h.t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

// told lists whom was told what, as "kind.purpose channel to".
func (h *house) told() []string {
	var out []string
	for _, n := range h.notes() {
		out = append(out, strings.TrimSuffix(string(n.Kind)+"."+n.Purpose+n.Method, ".")+" "+n.Channel+" "+n.To)
	}
	return out
}

func (h *house) code(to string) string {
	h.t.Helper()
	code := ""
	for _, n := range h.notes() {
		if n.To == to && n.Code != "" {
			code = n.Code
		}
	}
	if code == "" {
		h.t.Fatalf("no code went to %s", to)
	}
	return code
}

// grant gives an app a refresh token that rests on a session, and its id.
func (h *house) grant(userID, sid string) string {
	h.t.Helper()
	now, id := h.clock.Now(), models.NewID()
	g := openid.Grant{ID: id, TenantID: h.tenant.ID, ClientID: h.app.ClientID, UserID: userID, SID: sid, Scopes: []string{"openid", "email", "offline_access"},
		AuthTime: now, CreatedAt: now, CodeHash: []byte("code " + id), CodeExpiresAt: now.Add(time.Minute)}
	if err := h.tenant.AddOpenIDGrant(h.t.Context(), g); err != nil {
		h.t.Fatal(err)
	}
	ok, err := h.tenant.RedeemOpenIDCode(h.t.Context(), openid.Redemption{GrantID: id, Scopes: g.Scopes, RefreshHash: []byte("refresh " + id), RefreshExpiresAt: now.Add(24 * time.Hour), Now: now})
	if err != nil || !ok {
		h.t.Fatal(ok, err)
	}
	if err := h.tenant.JoinSession(h.t.Context(), sid, h.app.ClientID, now); err != nil {
		h.t.Fatal(err)
	}
	return id
}

// works reports whether a refresh token is still worth something: the state that the token endpoint looks at.
func (h *house) works(grantID string) bool {
	h.t.Helper()
	held, ok, err := h.tenant.OpenIDHolding(h.t.Context(), grantID)
	if err != nil || !ok {
		h.t.Fatal(ok, err)
	}
	return held.Grant.RevokedAt.IsZero() && !held.SessionEnded && !held.Grant.AuthTime.Before(held.User.SessionsValidFrom)
}

func (h *house) reload(userID string) models.User {
	h.t.Helper()
	return modelstest.Must(h.tenant.User(h.t.Context(), userID))(h.t)
}

func must(t *testing.T, a answer, status int, words ...string) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s %s", a.status, status, a.to, a.text())
	}
	for _, w := range words {
		if !strings.Contains(a.text(), w) {
			t.Errorf("the page does not say %q: %s", w, a.text())
		}
	}
	return a
}

// asked reports whether somebody was sent to sign in.
func asked(a answer) bool {
	return a.status == http.StatusSeeOther && strings.Contains(a.to, "/signin/")
}
