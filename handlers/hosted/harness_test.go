package hosted_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/factor"
	"portico/app/i18n"
	"portico/app/message"
	"portico/app/openid"
	"portico/app/outbound"
	"portico/app/outbox"
	"portico/app/record"
	"portico/app/risk"
	"portico/app/signal"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/handlers"
	"portico/handlers/hosted"
	"portico/models"
	"portico/models/modelstest"
)

const (
	goodPassword = "correct horse battery"
	callback     = "https://app.example/callback"
)

// site is a whole server with one customer tenant, one app in one flow, and an issuer that writes down
// what it is given.
type site struct {
	t       testing.TB
	scratch modelstest.Scratch
	store   *models.Store
	clock   *modelstest.Clock
	tenant  *models.Tenant
	slug    string
	base    string
	app     models.Application
	flow    models.UserFlow
	hasher  *factor.Hasher
	issuer  *notingIssuer
	hosted  *hosted.Hosted // of the first instance
	log     logged
	more    []risk.Detector  // besides those that there are
	known   []string         // passwords on the list of breached ones
	house   *house           // the identity provider, if any
	reach   *outbound.Client // calls identity providers that are real servers; nil = house is the provider
	api     *api             // the tenant's own API, if any
}

// Contains is the list of breached passwords.
func (s *site) Contains(password string) (bool, error) {
	return slices.Contains(s.known, password), nil
}

// notingIssuer answers like a protocol would. It keeps grants per transaction that really committed.
type notingIssuer struct {
	mu     sync.Mutex
	grants []signin.Grant
	fail   error
	unmet  string // answer with this error in place of a grant
}

func (i *notingIssuer) Issue(_ context.Context, tx signin.Tx, g signin.Grant) (signin.Outcome, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fail != nil {
		return signin.Outcome{}, i.fail
	}
	if _, ok := tx.(*models.Tenant); !ok {
		return signin.Outcome{}, fmt.Errorf("%T is no transaction", tx)
	}
	if i.unmet != "" {
		return signin.Outcome{Redirect: callback + "?error=" + i.unmet, Refused: i.unmet}, nil
	}
	i.grants = append(i.grants, g)
	return signin.Outcome{Redirect: callback + "?code=" + g.SignInID}, nil
}

func (i *notingIssuer) Refuse(_ context.Context, r signin.Refusal) (signin.Outcome, error) {
	return signin.Outcome{Redirect: callback + "?error=" + r.Error}, nil
}

func (i *notingIssuer) last(t testing.TB) signin.Grant {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.grants) == 0 {
		t.Fatal("nobody was signed in")
	}
	return i.grants[len(i.grants)-1]
}

func (i *notingIssuer) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.grants)
}

func newSite(t testing.TB, edit ...func(*userflow.Flow)) *site {
	t.Helper()
	return newSiteOn(t, modelstest.OpenScratch(t, modelstest.SQLite), edit...)
}

func newSiteOn(t testing.TB, scratch modelstest.Scratch, edit ...func(*userflow.Flow)) *site {
	t.Helper()
	s := &site{t: t, scratch: scratch, store: scratch.Store, clock: scratch.Clock, issuer: &notingIssuer{},
		hasher: factor.NewHasher(factor.Argon{MemoryKiB: 64, Time: 1, Threads: 1}, 4, 1000)}
	s.clock.Advance(time.Since(s.clock.Now())) // cookies compare with the real clock
	if now := s.clock.Now().UTC(); now.Add(time.Hour).Day() != now.Day() {
		s.clock.Advance(time.Hour) // no day ends under way: texts are counted by the day
	}
	s.tenant = modelstest.MustTenant(t, s.store, "")
	s.slug = modelstest.Must(s.tenant.Get(t.Context()))(t).Slug
	s.app, _ = modelstest.MustApp(t, s.tenant, "Shop", callback)
	flow := userflow.Flow{Name: "Customers", SignUpMethod: userflow.EmailPassword, SignUpAllowed: true, MFA: userflow.MFA{Enforcement: userflow.MFAOff}}
	for _, e := range edit {
		e(&flow)
	}
	s.flow = modelstest.Must(s.tenant.CreateFlow(t.Context(), modelstest.Actor(), flow))(t)
	if err := s.tenant.AddFlowApp(t.Context(), modelstest.Actor(), s.flow.ID, s.app.ID); err != nil {
		t.Fatal(err)
	}
	s.base = s.serve(s.store)
	return s
}

// publish changes the user flow.
func (s *site) publish(edit ...func(*userflow.Flow)) {
	s.t.Helper()
	for _, e := range edit {
		s.flow = modelstest.Must(s.tenant.PublishFlow(s.t.Context(), modelstest.Actor(), s.flow.ID, func(f *userflow.Flow) error { e(f); return nil }))(s.t)
	}
}

func byCode(f *userflow.Flow) {
	f.SignUpMethod, f.SignInMethods = userflow.EmailCode, []userflow.Method{userflow.EmailCode}
}
func bothWays(f *userflow.Flow) {
	f.SignInMethods = []userflow.Method{userflow.EmailPassword, userflow.EmailCode}
}
func closed(f *userflow.Flow) { f.SignUpAllowed = false }
func asksName(f *userflow.Flow) {
	f.Attributes = []userflow.Attribute{{ID: "givenName", Required: true}, {ID: "country"}}
}
func mfa(e userflow.Enforcement, methods ...string) func(*userflow.Flow) {
	return func(f *userflow.Flow) { f.MFA = userflow.MFA{Enforcement: e, Methods: methods} }
}

// settings changes the tenant.
func (s *site) settings(edit func(*tenant.Settings)) {
	s.t.Helper()
	modelstest.Must(s.tenant.Update(s.t.Context(), modelstest.Actor(), func(n *tenant.Tenant) error { edit(&n.Settings); return nil }))(s.t)
}

func neverStay(n *tenant.Settings) { n.StayedSignedInOff = true }

// logged keeps the log's lines.
type logged struct {
	mu    sync.Mutex
	lines []string
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(b))
	return len(b), nil
}

// with gives the lines that carry the words.
func (l *logged) with(words string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, line := range l.lines {
		if strings.Contains(line, words) {
			out = append(out, line)
		}
	}
	return out
}

type quiet struct{ t testing.TB }

func (q quiet) Write(b []byte) (int, error) {
	q.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// serve starts an instance over a store and gives its address. GET /:tenant/start begins a sign-in with
// the request in its query, as a protocol's door would.
func (s *site) serve(store *models.Store) string {
	t := s.t
	t.Helper()
	bundle := modelstest.Must(i18n.Load())(t)
	ln := modelstest.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	base := "http://localhost:" + fmt.Sprint(ln.Addr().(*net.TCPAddr).Port)
	u, _ := url.Parse(base)
	web := &handlers.Web{Development: true, BaseURL: u, Bundle: bundle, Places: signal.OpenPlaces(""), Now: time.Now, Timeout: time.Minute,
		Log: slog.New(slog.NewMultiHandler(slog.NewTextHandler(quiet{t}, &slog.HandlerOptions{Level: slog.LevelError}), slog.NewTextHandler(&s.log, nil)))}
	web.Proxies = modelstest.Must(signal.ParseProxies("private"))(t)
	app := web.NewApp()
	deps := hosted.Deps{Store: store, Bundle: bundle, Hasher: s.hasher, BaseURL: base, Now: s.clock.Now, Texts: true, Development: true, Upstream: s.upstream(base),
		Breached: s, Detectors: append(risk.Detectors(), s.more...)}
	if s.api != nil {
		deps.Extensions, deps.Directories = s.api, withListeners{store, s.api}
	}
	h := modelstest.Must(hosted.New(deps))(t)
	if s.hosted == nil {
		s.hosted = h
	}
	h.AddIssuer(signin.OpenID, s.issuer)
	h.AddIssuer(signin.Portal, s.issuer)
	h.AddTrials(openid.New(openid.Options{Stores: store, MAC: store.Sealer().MAC, Now: s.clock.Now}), base)
	web.Rows = h.Routes()
	h.Mount(app)
	app.Get("/:tenant/start", handlers.WithDirectory(store), func(c *fiber.Ctx) error {
		var r signin.Request
		if err := json.Unmarshal([]byte(c.Query("request")), &r); err != nil {
			return err
		}
		return h.Start(c, handlers.DirectoryOf(c), r)
	})
	app.Use(func(*fiber.Ctx) error { return fiber.ErrNotFound })
	app.Handler()
	go func() { _ = app.Server().Serve(ln) }()
	t.Cleanup(func() { _ = app.ShutdownWithTimeout(5 * time.Second) })
	return base
}

// codes gives the codes that were really sent to an address, oldest first.
func (s *site) codes(to string) []string {
	var out []string
	for _, n := range s.notes() {
		if n.To == to && !n.Decoy {
			out = append(out, n.Code)
		}
	}
	return out
}

func (s *site) lastCode(to string) string {
	s.t.Helper()
	c := s.codes(to)
	if len(c) == 0 {
		s.t.Fatalf("no code was sent to %s", to)
	}
	return c[len(c)-1]
}

// notes are the messages in the outbox; they are looked at and left there.
func (s *site) notes() []message.Note {
	s.t.Helper()
	items := modelstest.Must(s.store.ClaimOutbox(s.t.Context(), "test", s.clock.Now(), time.Microsecond, 1000))(s.t)
	s.clock.Advance(time.Millisecond)
	var out []message.Note
	for _, it := range items {
		var n message.Note
		if it.Kind != outbox.Mail && it.Kind != outbox.SMS {
			continue
		}
		if err := json.Unmarshal(it.Payload, &n); err != nil {
			s.t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

// user makes a person with the good password.
func (s *site) user(email string) models.User {
	s.t.Helper()
	hash := modelstest.Must(s.hasher.Hash(s.t.Context(), goodPassword))(s.t)
	return modelstest.MustUserWithPassword(s.t, s.tenant, email, hash)
}

func (s *site) records() []record.SignIn {
	s.t.Helper()
	page := modelstest.Must(s.tenant.SignIns(s.t.Context(), models.SignInQuery{}))(s.t)
	slices.Reverse(page.Items)
	return page.Items
}

// request is what the app asks for.
type request = signin.Request

// browser is somebody's browser.
type browser struct {
	s      *site
	base   string
	client *http.Client
	from   string // the address that it comes from; "" = this machine's
	accept string // the languages that it wishes; "" = none
	page   page
}

// page is what the browser shows, or where it was sent.
type page struct {
	status int
	body   string
	at     string
	left   *url.URL // the redirect that leads to the app
	header http.Header
}

func (s *site) browser() *browser {
	jar, _ := cookiejar.New(nil)
	b := &browser{s: s, base: s.base}
	b.client = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == "app.example" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return b
}

func (b *browser) do(r *http.Request) page {
	b.s.t.Helper()
	if b.from != "" {
		r.Header.Set("X-Forwarded-For", b.from)
	}
	if b.accept != "" {
		r.Header.Set("Accept-Language", b.accept)
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.s.t.Error(err)
		return page{}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.s.t.Error(err)
	}
	p := page{status: resp.StatusCode, body: string(body), at: resp.Request.URL.String(), header: resp.Header}
	if to := resp.Header.Get("Location"); strings.HasPrefix(to, "https://app.example") {
		p.left, _ = url.Parse(to)
	}
	return p
}

func (b *browser) get(u string) *browser {
	b.s.t.Helper()
	r, err := http.NewRequest(http.MethodGet, u, nil)
	if err != nil {
		b.s.t.Fatal(err)
	}
	b.page = b.do(r)
	return b
}

// start begins a sign-in for the app.
func (b *browser) start(r request) *browser {
	b.s.t.Helper()
	if r.Protocol == "" {
		r.Protocol = signin.OpenID
	}
	if r.ClientID == "" {
		r.ClientID, r.ClientName = b.s.app.ClientID, "Shop"
	}
	text, err := json.Marshal(r)
	if err != nil {
		b.s.t.Fatal(err)
	}
	return b.get(b.base + "/" + b.s.slug + "/start?request=" + url.QueryEscape(string(text)))
}

var (
	hidden  = regexp.MustCompile(`<input type="hidden" name="(step|proof)" value="([^"]*)"`)
	heading = regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`)
	errText = regexp.MustCompile(`(?s)<a href="#[^"]*">([^<]*)</a>`)
)

func (p page) hidden(name string) string {
	for _, m := range hidden.FindAllStringSubmatch(p.body, -1) {
		if m[1] == name {
			return html.UnescapeString(m[2])
		}
	}
	return ""
}

func (p page) step() string { return p.hidden("step") }

func (p page) title() string {
	if m := heading.FindStringSubmatch(p.body); m != nil {
		return html.UnescapeString(strings.TrimSpace(m[1]))
	}
	return ""
}

// fill posts the page's form with the given values.
func (b *browser) fill(pairs ...string) *browser {
	b.s.t.Helper()
	b.page = b.do(b.form(b.page, pairs...))
	return b
}

func (b *browser) form(p page, pairs ...string) *http.Request {
	v := url.Values{"step": {p.step()}, "proof": {p.hidden("proof")}}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	u, _, _ := strings.Cut(p.at, "?")
	return b.post(u, v)
}

func (b *browser) post(u string, v url.Values) *http.Request {
	r, err := http.NewRequest(http.MethodPost, u, strings.NewReader(v.Encode()))
	if err != nil {
		b.s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.base)
	return r
}

// at checks which page is shown.
func (b *browser) at(step signin.Name) *browser {
	b.s.t.Helper()
	if b.page.step() != string(step) {
		b.s.t.Fatalf("the page is %q (%d %s %q), want %q", b.page.step(), b.page.status, b.page.title(), errText.FindAllStringSubmatch(b.page.body, -1), step)
	}
	return b
}

// signedIn checks that the browser was sent back with a code.
func (b *browser) signedIn() signin.Grant {
	b.s.t.Helper()
	if b.page.left == nil || b.page.left.Query().Get("code") == "" {
		b.s.t.Fatalf("not signed in: %d %v %q %s %v", b.page.status, b.page.left, b.page.title(), b.page.step(), errText.FindAllStringSubmatch(b.page.body, -1))
	}
	return b.s.issuer.last(b.s.t)
}

// refused checks that the browser was sent back with an error.
func (b *browser) refused(code string) {
	b.s.t.Helper()
	if b.page.left == nil || b.page.left.Query().Get("error") != code {
		b.s.t.Fatalf("not refused with %s: %d %q %v", code, b.page.status, b.page.title(), b.page.left)
	}
}

// says checks for words on the page.
func (b *browser) says(words string) *browser {
	b.s.t.Helper()
	if !strings.Contains(html.UnescapeString(b.page.body), words) {
		b.s.t.Fatalf("the page %q does not say %q; errors %v", b.page.title(), words, errText.FindAllStringSubmatch(b.page.body, -1))
	}
	return b
}

var errBroken = errors.New("the issuer is broken")
