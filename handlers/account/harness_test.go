package account_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/factor"
	"portico/app/i18n"
	"portico/app/message"
	"portico/app/outbox"
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
	"portico/views/ui/check"
)

const (
	goodPassword = "correct horse battery"
	anna         = "anna@example.com"
)

// site is a server with one customer tenant, one app in one flow, its sign-in pages and its account pages.
type site struct {
	t       testing.TB
	store   *models.Store
	clock   *modelstest.Clock
	tenant  *models.Tenant
	slug    string
	base    string
	app     models.Application
	flow    models.UserFlow
	hasher  *factor.Hasher
	account *account.Pages
	places  *places // identity providers; they are asked when the tenant has some
}

// newSite makes one on SQLite; edit changes its flow.
func newSite(t testing.TB, edit ...func(*userflow.Flow)) *site {
	t.Helper()
	return newSiteOn(t, modelstest.OpenScratch(t, modelstest.SQLite), edit...)
}

func newSiteOn(t testing.TB, scratch modelstest.Scratch, edit ...func(*userflow.Flow)) *site {
	t.Helper()
	s := &site{t: t, store: scratch.Store, clock: scratch.Clock,
		hasher: factor.NewHasher(factor.Argon{MemoryKiB: 64, Time: 1, Threads: 1}, 4, 1000)}
	s.clock.Advance(time.Since(s.clock.Now())) // cookies compare with the real clock
	s.tenant = modelstest.MustTenant(t, s.store, "")
	s.slug = modelstest.Must(s.tenant.Get(t.Context()))(t).Slug
	s.app, _ = modelstest.MustApp(t, s.tenant, "Shop", "https://app.example/callback")
	flow := userflow.Flow{Name: "Customers", SignUpMethod: userflow.EmailPassword, SignUpAllowed: true, MFA: userflow.MFA{Enforcement: userflow.MFAOff}}
	for _, e := range edit {
		e(&flow)
	}
	s.flow = modelstest.Must(s.tenant.CreateFlow(t.Context(), modelstest.Actor(), flow))(t)
	if err := s.tenant.AddFlowApp(t.Context(), modelstest.Actor(), s.flow.ID, s.app.ID); err != nil {
		t.Fatal(err)
	}
	s.serve()
	return s
}

func (s *site) serve() {
	t := s.t
	t.Helper()
	bundle := modelstest.Must(i18n.Load())(t)
	ln := modelstest.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	s.base = "http://localhost:" + fmt.Sprint(ln.Addr().(*net.TCPAddr).Port)
	u, _ := url.Parse(s.base)
	web := &handlers.Web{Development: true, BaseURL: u, Bundle: bundle, Places: signal.OpenPlaces(""), Now: time.Now, Timeout: time.Minute,
		Log: slog.New(slog.NewTextHandler(quiet{t}, &slog.HandlerOptions{Level: slog.LevelError}))}
	app := web.NewApp()
	brands := &handlers.Brands{}
	web.ErrorPage = brands.ErrorPage
	h := modelstest.Must(hosted.New(hosted.Deps{Store: s.store, Bundle: bundle, Hasher: s.hasher, BaseURL: s.base, Now: s.clock.Now, Development: true, Brands: brands, Upstream: s.upstream()}))(t)
	desk := &ways.Desk{Stores: s.store, Hasher: s.hasher, Passkeys: modelstest.Must(factor.NewPasskeys(s.base, "Portico"))(t), MAC: s.store.Sealer().MAC, Random: rand.Reader,
		Now: s.clock.Now, BaseURL: s.base, Texts: true, Relaxed: true}
	s.account = &account.Pages{Desk: desk, Actions: h.Gate(), Store: s.store, Directories: s.store, Starter: h, Sessions: h.Sessions(), Leaver: h, CSRF: handlers.CSRF{Key: s.store.Sealer().MAC("form tokens", nil)},
		Bundle: bundle, Brands: brands, BaseURL: s.base, Now: s.clock.Now}
	h.AddIssuer(signin.Account, s.account.Issuer())
	web.Rows = h.Routes()
	h.Mount(app)
	s.account.Mount(app)
	app.Use(func(*fiber.Ctx) error { return fiber.ErrNotFound })
	app.Handler()
	go func() { _ = app.Server().Serve(ln) }()
	t.Cleanup(func() { _ = app.ShutdownWithTimeout(5 * time.Second) })
}

type quiet struct{ t testing.TB }

func (q quiet) Write(b []byte) (int, error) {
	q.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// settings changes the tenant.
func (s *site) settings(edit func(*tenant.Settings)) {
	s.t.Helper()
	modelstest.Must(s.tenant.Update(s.t.Context(), modelstest.Actor(), func(n *tenant.Tenant) error { edit(&n.Settings); return nil }))(s.t)
}

// publish changes the user flow.
func (s *site) publish(edit func(*userflow.Flow)) {
	s.t.Helper()
	s.flow = modelstest.Must(s.tenant.PublishFlow(s.t.Context(), modelstest.Actor(), s.flow.ID, func(f *userflow.Flow) error { edit(f); return nil }))(s.t)
}

// user makes a person with the good password.
func (s *site) user(email string) models.User {
	s.t.Helper()
	return modelstest.MustUserWithPassword(s.t, s.tenant, email, modelstest.Must(s.hasher.Hash(s.t.Context(), goodPassword))(s.t))
}

// person reads one again.
func (s *site) person(id string) models.User {
	s.t.Helper()
	return modelstest.Must(s.tenant.User(s.t.Context(), id))(s.t)
}

// audits are the entries about a person, newest first.
func (s *site) audits(id string) []models.AuditEntry {
	s.t.Helper()
	return modelstest.Must(s.tenant.Audits(s.t.Context(), models.AuditQuery{TargetID: id}))(s.t).Items
}

// notes are the messages in the outbox; they are looked at and left there.
func (s *site) notes() []message.Note {
	s.t.Helper()
	items := modelstest.Must(s.store.ClaimOutbox(s.t.Context(), "test", s.clock.Now(), time.Microsecond, 1000))(s.t)
	s.clock.Advance(time.Millisecond)
	var out []message.Note
	for _, it := range items {
		if it.Kind != outbox.Mail && it.Kind != outbox.SMS {
			continue
		}
		var n message.Note
		if err := json.Unmarshal(it.Payload, &n); err != nil {
			s.t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

// lastCode is the code that was sent to somebody last.
func (s *site) lastCode(to string) string {
	s.t.Helper()
	code := ""
	for _, n := range s.notes() {
		if n.To == to && n.Code != "" && !n.Decoy {
			code = n.Code
		}
	}
	if code == "" {
		s.t.Fatalf("no code was sent to %s", to)
	}
	return code
}

// browser is somebody's browser; status, body and at are of the page that it shows.
type browser struct {
	s      *site
	client *http.Client
	status int
	body   string
	at     string
	header http.Header
}

func (s *site) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{s: s, client: &http.Client{Jar: jar}}
}

// in is a browser with somebody signed in to their account pages.
func (s *site) in(email string) *browser {
	s.t.Helper()
	b := s.browser().open("")
	b.signIn(email)
	if b.at != "/"+s.slug+"/account" {
		s.t.Fatalf("not signed in: %d %s %q %v", b.status, b.at, b.title(), b.complaints())
	}
	return b
}

// signIn fills the sign-in page that is shown.
func (b *browser) signIn(email string) *browser {
	b.s.t.Helper()
	return b.send("", "email", email, "password", goodPassword)
}

func (b *browser) do(r *http.Request) *browser {
	b.s.t.Helper()
	resp, err := b.client.Do(r)
	if err != nil {
		b.s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.s.t.Fatal(err)
	}
	b.status, b.body, b.at, b.header = resp.StatusCode, string(body), resp.Request.URL.RequestURI(), resp.Header
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") && resp.Header.Get("Content-Disposition") == "" {
		for _, p := range check.Page(strings.NewReader(b.body)) {
			b.s.t.Errorf("%s: %s", b.at, p)
		}
	}
	return b
}

// open shows an account page by its path below /{t}/account, or any page by its whole path.
func (b *browser) open(path string) *browser {
	b.s.t.Helper()
	if path == "" || !strings.HasPrefix(path, "/"+b.s.slug+"/") {
		path = "/" + b.s.slug + "/account" + path
	}
	r, err := http.NewRequest(http.MethodGet, b.s.base+path, nil)
	if err != nil {
		b.s.t.Fatal(err)
	}
	return b.do(r)
}

var (
	forms   = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>`)
	inputs  = regexp.MustCompile(`<input[^>]*type="hidden"[^>]*>`)
	nameOf  = regexp.MustCompile(` name="([^"]*)"`)
	valueOf = regexp.MustCompile(` value="([^"]*)"`)
	heading = regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`)
	errText = regexp.MustCompile(`(?s)<a href="#[^"]*">([^<]*)</a>`)
)

// send fills the form that posts to a path (as in open; "" = the page's first form that is not the sign-out) and sends it.
func (b *browser) send(path string, pairs ...string) *browser {
	b.s.t.Helper()
	want := path
	if path != "" {
		want = "/" + b.s.slug + "/account" + path
	}
	for _, m := range forms.FindAllStringSubmatch(b.body, -1) {
		action := html.UnescapeString(m[1])
		if want != "" && action != want || want == "" && strings.HasSuffix(action, "/sign-out") {
			continue
		}
		v := url.Values{}
		for _, in := range inputs.FindAllString(m[2], -1) {
			if n, x := nameOf.FindStringSubmatch(in), valueOf.FindStringSubmatch(in); n != nil && x != nil {
				v.Set(html.UnescapeString(n[1]), html.UnescapeString(x[1]))
			}
		}
		if action == "" {
			action = b.at
		}
		return b.post(action, v, pairs...)
	}
	b.s.t.Fatalf("%s %q has no form for %q", b.at, b.title(), path)
	return b
}

// post sends values to an address of the site.
func (b *browser) post(action string, v url.Values, pairs ...string) *browser {
	b.s.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequest(http.MethodPost, b.s.base+action, strings.NewReader(v.Encode()))
	if err != nil {
		b.s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.s.base)
	r.Header.Set("Referer", b.s.base+b.at)
	return b.do(r)
}

func (b *browser) title() string {
	if m := heading.FindStringSubmatch(b.body); m != nil {
		return html.UnescapeString(strings.TrimSpace(m[1]))
	}
	return ""
}

func (b *browser) complaints() []string {
	var out []string
	for _, m := range errText.FindAllStringSubmatch(b.body, -1) {
		out = append(out, html.UnescapeString(m[1]))
	}
	return out
}

// says checks for words on the page, lacks for their absence.
func (b *browser) says(words string) *browser {
	b.s.t.Helper()
	if !strings.Contains(html.UnescapeString(b.body), words) {
		b.s.t.Fatalf("%s %q (%d) does not say %q; errors %v", b.at, b.title(), b.status, words, b.complaints())
	}
	return b
}

func (b *browser) lacks(words string) *browser {
	b.s.t.Helper()
	if strings.Contains(html.UnescapeString(b.body), words) {
		b.s.t.Fatalf("%s %q says %q", b.at, b.title(), words)
	}
	return b
}

// on checks which page is shown, by its path as in open.
func (b *browser) on(path string) *browser {
	b.s.t.Helper()
	if at, _, _ := strings.Cut(b.at, "?"); at != "/"+b.s.slug+"/account"+path {
		b.s.t.Fatalf("the page is %s %q (%d %v), want %s", b.at, b.title(), b.status, b.complaints(), path)
	}
	return b
}

// again proves who is asked on the page that is shown, on the two pages of a flow with several ways.
func (b *browser) again(email string) *browser {
	b.s.t.Helper()
	if !strings.Contains(b.body, `name="password"`) {
		b.send("", "email", email)
	}
	return b.send("", "email", email, "password", goodPassword)
}

// in2 is in for such a flow.
func (s *site) in2(email string) *browser {
	s.t.Helper()
	return s.browser().open("").again(email)
}
