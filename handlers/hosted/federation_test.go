package hosted_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/federation"
	"portico/app/message"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/handlers/hosted"
	"portico/models"
	"portico/models/modelstest"
)

// house is an identity provider: a place that people are sent to and come back from, with what it says of whoever sits
// there. Its codes work once.
type house struct {
	mu      sync.Mutex
	at      string
	who     federation.Identity
	refuse  *federation.Refusal // in place of an answer
	asked   []federation.Ask
	codes   map[string]federation.Identity
	waits   bool // nobody is sent back: the page stays open
	trips   []url.Values
	answers int
}

func (s *site) upstream(base string) signin.Upstream {
	if s.reach != nil { // real connectors, to a real server
		return hosted.Providers{BaseURL: base, Net: federation.Net{Client: s.reach, Cache: &federation.Cache{}, Tenant: s.slug, Now: s.clock.Now, Random: rand.Reader},
			Connect: federation.Connect, Slug: func(context.Context, string) (string, error) { return s.slug, nil },
			Secrets: func(context.Context, string, string) (federation.Secrets, error) {
				return federation.Secrets{Client: "a secret of more than thirty-two characters"}, nil
			}}
	}
	return hosted.Providers{BaseURL: base, Net: federation.Net{Now: s.clock.Now, Random: rand.Reader},
		Connect: func(federation.Kind) (federation.Connector, bool) { return s.house, s.house != nil },
		Secrets: func(context.Context, string, string) (federation.Secrets, error) { return federation.Secrets{}, nil },
		Slug:    func(context.Context, string) (string, error) { return s.slug, nil }}
}

func (h *house) Begin(_ context.Context, n federation.Net, p federation.Provider, _ federation.Secrets, a federation.Ask) (federation.Way, federation.Departure, error) {
	h.asked = append(h.asked, a)
	q := url.Values{"state": {a.State}, "redirect_uri": {a.RedirectURI}}
	return federation.Way{Redirect: h.at + "/authorize?" + q.Encode()}, federation.Departure{Nonce: "n", Verifier: "v", At: n.Now()}, nil
}

func (h *house) Finish(_ context.Context, _ federation.Net, p federation.Provider, _ federation.Secrets, a federation.Answer) (federation.Arrival, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers++
	if h.refuse != nil {
		return federation.Arrival{}, h.refuse
	}
	who, ok := h.codes[a.Values.Get("code")]
	delete(h.codes, a.Values.Get("code"))
	if !ok || a.Departure.Verifier != "v" {
		return federation.Arrival{}, &federation.Refusal{Code: federation.Invalid, Reason: "unknown code"}
	}
	return federation.Arrival{Identity: who, Hops: []federation.Hop{{What: "token", Status: 200, Claims: []string{"sub", "email"}, Verdict: "ok"}}}, nil
}

func (h *house) Leave(context.Context, federation.Net, federation.Provider, federation.Secrets, federation.Parting) (string, error) {
	return "", nil
}

func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	h.trips = append(h.trips, q)
	if h.waits {
		return
	}
	code := rand.Text()
	h.codes[code] = h.who
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"state": {q.Get("state")}, "code": {code}}.Encode(), http.StatusFound)
}

// newHouse is a site whose flow offers one provider.
func newHouse(t *testing.T, edit ...func(*userflow.Flow)) (*site, *house, string) {
	t.Helper()
	return furnish(t, newSite(t, edit...))
}

func furnish(t *testing.T, s *site) (*site, *house, string) {
	t.Helper()
	s.house = &house{codes: map[string]federation.Identity{}}
	srv := httptest.NewServer(s.house)
	t.Cleanup(srv.Close)
	s.house.at = srv.URL
	p := modelstest.Must(s.tenant.CreateProvider(t.Context(), modelstest.Actor(), federation.Provider{Kind: federation.OpenID, Name: "Harbour", Enabled: true, ClientID: "us",
		Issuer: "https://harbour.example", Discovery: srv.URL + "/.well-known/openid-configuration", TrustMFA: true, ClientAuth: federation.NoSecret}, models.ProviderSecret{},
		func(federation.Provider, bool, bool) error { return nil }))(t)
	s.publish(func(f *userflow.Flow) { f.Providers = []string{p.ID} })
	return s, s.house, p.ID
}

func harbour(subject, email string, verified, authoritative bool) federation.Identity {
	return federation.Identity{Issuer: "https://harbour.example", Subject: subject, Email: email, EmailVerified: verified, Authoritative: authoritative,
		Attributes: map[string]any{"givenName": "Mira", "displayName": "Mira Okafor"}}
}

func (s *site) person(email string) models.User {
	s.t.Helper()
	page := modelstest.Must(s.tenant.Users(s.t.Context(), models.UserQuery{Search: email, Limit: 5}))(s.t)
	if len(page.Items) != 1 {
		s.t.Fatalf("%d people have %s", len(page.Items), email)
	}
	return modelstest.Must(s.tenant.User(s.t.Context(), page.Items[0].ID))(s.t)
}

func linkedTo(u models.User) (out []string) {
	for _, i := range u.Identities {
		out = append(out, i.SignInType)
	}
	slices.Sort(out)
	return out
}

// Whoever comes for the first time gets an account with both identities and no password; the second time they are in at
// once. The record says which provider vouched, and of its claims only the names.
func TestFirstAndSecondSignInByProvider(t *testing.T) {
	s, h, id := newHouse(t, asksName)
	s.settings(neverStay)
	h.who = harbour("1", "mira@harbour.example", true, false)
	b := s.browser().start(request{}).says("Continue with Harbour")
	b.fill("provider", id).at(signin.AskAttributes).says(`value="Mira"`)
	b.fill("givenName", "Mira").signedIn()
	u := s.person("mira@harbour.example")
	if u.HasPassword || u.MailVerified || !u.MailVouched || u.DisplayName != "Mira Okafor" || !slices.Equal(linkedTo(u), []string{account.SignInEmail, account.SignInFederated}) {
		t.Errorf("%+v", u)
	}
	g := s.browser().start(request{}).fill("provider", id).signedIn()
	if g.UserID != u.ID || !slices.Equal(g.AMR, []string{"fed"}) || g.Provider != id || g.Methods[0] != factor.Federated {
		t.Errorf("%+v", g)
	}
	h.who.MFA = true
	if g := s.browser().start(request{}).fill("provider", id).signedIn(); !slices.Equal(g.AMR, []string{"fed", "mfa"}) || g.MFATime.IsZero() {
		t.Errorf("%+v", g)
	}
	all := s.records()
	last := all[len(all)-1]
	if f := last.Federation; f == nil || f.Provider.Name != "Harbour" || len(f.Hops) != 1 || f.Hops[0].Claims[0] != "sub" {
		t.Errorf("%+v", last.Federation)
	}
	if text, _ := json.Marshal(last); strings.Contains(string(text), h.asked[len(h.asked)-1].State) {
		t.Error("the record holds the state")
	}
}

// An address that the provider has not proven is proven by a code of ours; no account comes of it before (F314).
func TestUnprovenAddressIsAskedFor(t *testing.T) {
	s, h, id := newHouse(t)
	s.settings(neverStay)
	h.who = harbour("2", "ben@harbour.example", false, false)
	b := s.browser().start(request{}).fill("provider", id).at(signin.Address).says("ben@harbour.example")
	b.fill("email", "ben@harbour.example").at(signin.Code)
	b.fill("code", s.lastCode("ben@harbour.example")).signedIn()
	if u := s.person("ben@harbour.example"); !slices.Equal(linkedTo(u), []string{account.SignInEmail, account.SignInFederated}) {
		t.Errorf("%+v", linkedTo(u))
	}
	// Known or not, the page after the address is the same, and nothing is connected without the account's own proof.
	s.user("anna@example.com")
	h.who = harbour("3", "anna@example.com", false, true)
	c := s.browser().start(request{}).fill("provider", id).at(signin.Address)
	c.fill("email", "anna@example.com").at(signin.Code)
	if strings.Contains(c.page.body, "already have an account") {
		t.Error("a stranger learns who has an account")
	}
	c.fill("code", s.lastCode("anna@example.com")).at(signin.Password).says("connect Harbour").says("Your address is confirmed")
}

// The account that has the address is connected by its own proof; whoever cannot give it gets nothing.
func TestConnectingAsksForTheAccountsProof(t *testing.T) {
	s, h, id := newHouse(t)
	s.settings(neverStay)
	u := s.user("anna@example.com")
	h.who = harbour("4", "anna@example.com", true, false)
	b := s.browser().start(request{}).fill("provider", id).at(signin.Password).says("You already have an account. Sign in once to connect Harbour.")
	b.fill("password", "wrong password").at(signin.Password)
	if slices.Contains(linkedTo(s.person("anna@example.com")), account.SignInFederated) {
		t.Fatal("connected without proof")
	}
	if g := b.fill("password", goodPassword).signedIn(); g.UserID != u.ID || g.Provider != "" {
		t.Errorf("%+v", g)
	}
	if g := s.browser().start(request{}).fill("provider", id).signedIn(); g.UserID != u.ID {
		t.Errorf("%+v", g)
	}
	told := slices.ContainsFunc(s.notes(), func(n message.Note) bool { return n.To == "anna@example.com" && n.Purpose == "federated" })
	if !told {
		t.Error("the owner was not told")
	}
}

// Somebody made an account with another's address. Its true owner comes by a provider that alone gives the address out:
// the account is theirs, and what was put there before opens nothing any more.
func TestPreHijackingGainsNothing(t *testing.T) {
	s, h, id := newHouse(t)
	s.settings(neverStay)
	u := s.user("anna@harbour.example")
	modelstest.Must(s.tenant.UpdateUser(t.Context(), modelstest.Actor(), u.ID, func(u *models.User) error { u.MailVerified = false; return nil }))(t)
	attacker := s.browser().start(request{}).fill("email", "anna@harbour.example", "password", goodPassword)
	attacker.signedIn()
	h.who = harbour("5", "anna@harbour.example", true, true)
	if g := s.browser().start(request{}).fill("provider", id).signedIn(); g.UserID != u.ID {
		t.Errorf("%+v", g)
	}
	if now := s.person("anna@harbour.example"); now.HasPassword || !now.MailVerified {
		t.Errorf("%+v", now)
	}
	if attacker.start(request{}); attacker.page.left != nil {
		t.Error("the attacker's session lives")
	}
	s.browser().start(request{}).fill("email", "anna@harbour.example", "password", goodPassword).at(signin.SignIn)
	h.who.Subject = "6" // the address was given to somebody else
	s.browser().start(request{}).fill("provider", id).at(signin.Code)
}

// A round trip that comes to nothing leads back to the page, with words, and its cause is the admin's to read.
func TestRefusedRoundTrips(t *testing.T) {
	for code, words := range map[federation.Code]string{federation.Cancelled: "You did not finish signing in with Harbour", federation.Unreachable: "cannot be reached", federation.Invalid: "could not check"} {
		s, h, id := newHouse(t)
		h.refuse = &federation.Refusal{Code: code, Reason: "the cause"}
		s.browser().start(request{}).fill("provider", id).at(signin.SignIn).says(words).says("Continue with Harbour")
		i := slices.IndexFunc(s.records(), func(r record.SignIn) bool { return r.Federation != nil && r.Federation.Reason == "the cause" })
		if i < 0 || s.records()[i].Outcome.Result != record.Failure {
			t.Errorf("%s: the cause is not recorded", code)
		}
	}
}

// An answer counts once, in the browser that left, for its last departure, of that very provider.
func TestAnswersAreBoundToTheDeparture(t *testing.T) {
	s, h, id := newHouse(t)
	h.who, h.waits = harbour("7", "mira@harbour.example", true, false), true
	b := s.browser().start(request{}).fill("provider", id)
	first := h.trips[0]
	b.get(b.base + "/" + s.slug + "/signin/" + signin.AttemptOf(first.Get("state"))).at(signin.Waiting).says("Go on with Harbour")
	back := func(b *browser, trip url.Values, path string) *browser {
		code := rand.Text()
		h.codes[code] = h.who
		return b.get(path + "?" + url.Values{"state": {trip.Get("state")}, "code": {code}}.Encode())
	}
	stranger := back(s.browser(), first, first.Get("redirect_uri"))
	if stranger.page.left != nil || stranger.page.status != http.StatusGone {
		t.Errorf("another browser: %d", stranger.page.status)
	}
	back(b, first, strings.Replace(first.Get("redirect_uri"), id, models.NewID(), 1)).at(signin.Waiting) // mix-up
	b.fill("provider", id)
	back(b.get(b.base+"/"+s.slug+"/signin/"+signin.AttemptOf(first.Get("state"))), first, first.Get("redirect_uri")).at(signin.Waiting) // not the last
	if h.answers != 0 {
		t.Errorf("the provider was asked %d times", h.answers)
	}
	last := h.trips[len(h.trips)-1]
	back(b, last, last.Get("redirect_uri"))
	if h.answers != 1 || s.issuer.count() != 0 && b.page.left == nil {
		t.Errorf("%d answers, %s", h.answers, b.page.step())
	}
	back(b, last, last.Get("redirect_uri")) // replayed
	if h.answers != 1 {
		t.Error("the answer was taken twice")
	}
}

// A hint leads straight to the provider; one that means nothing is noted and ignored; nobody leaves without a page.
func TestDomainHint(t *testing.T) {
	s, h, id := newHouse(t)
	s.settings(neverStay)
	h.who = harbour("8", "mira@harbour.example", true, false)
	domain := modelstest.Must(s.tenant.AddProviderDomain(t.Context(), modelstest.Actor(), id, "harbour.example", true))(t)
	_ = domain
	s.browser().start(request{DomainHint: "harbour.example"}).signedIn()
	s.browser().start(request{DomainHint: "nowhere.example"}).at(signin.Identify)
	s.browser().start(request{DomainHint: "harbour.example", Prompt: []string{"none"}}).refused("login_required")
	// A typed address of the domain goes there too, whoever has it; another way stays open.
	h.waits = true
	b := s.browser().start(request{}).at(signin.Identify).fill("email", "nobody@harbour.example")
	trip := h.trips[len(h.trips)-1]
	if h.asked[len(h.asked)-1].LoginHint != "nobody@harbour.example" {
		t.Error("the address was not passed on")
	}
	b.get(b.base+"/"+s.slug+"/signin/"+signin.AttemptOf(trip.Get("state"))).at(signin.Waiting).fill("action", "back").at(signin.Identify).
		fill("email", "nobody@harbour.example").at(signin.Password)
}

// A provider that was switched off opens no door: button, answer, session.
func TestSwitchedOffProviders(t *testing.T) {
	s, h, id := newHouse(t)
	s.settings(neverStay)
	h.who = harbour("9", "mira@harbour.example", true, false)
	b := s.browser().start(request{}).fill("provider", id)
	b.signedIn()
	b.start(request{}).signedIn() // the session
	modelstest.Must(s.tenant.EnableProvider(t.Context(), modelstest.Actor(), id, false))(t)
	if b.start(request{}).at(signin.SignIn); strings.Contains(b.page.body, "Harbour") {
		t.Error("its button is there")
	}
	if n := modelstest.Must(s.tenant.EndProviderSessions(t.Context(), modelstest.Actor(), id))(t); n == 0 {
		t.Error("no session ended")
	}
}

// landed opens the redirect URI as the provider's page does: with the answer of whoever sits there.
func (h *house) landed(b *browser, trip url.Values) *browser {
	code := rand.Text()
	h.codes[code] = h.who
	return b.get(trip.Get("redirect_uri") + "?" + url.Values{"state": {trip.Get("state")}, "code": {code}}.Encode())
}

// posted is the provider's form: from its own site, so without our cookies.
func (s *site) posted(trip url.Values, code string) *http.Response {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodPost, trip.Get("redirect_uri"), strings.NewReader(url.Values{"state": {trip.Get("state")}, "code": {code}}.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", s.house.at)
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	back, err := c.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = back.Body.Close()
	return back
}

// An answer that is posted waits under a one-time handle until the browser that left comes for it. Nothing is kept
// without an open departure, and the handle alone opens nothing elsewhere.
func TestPostedAnswersAreParked(t *testing.T) {
	s, h, id := newHouse(t)
	s.settings(neverStay)
	h.who, h.waits = harbour("20", "mira@harbour.example", true, false), true
	b := s.browser().start(request{}).fill("provider", id)
	trip := h.trips[0]
	code := rand.Text()
	h.codes[code] = h.who
	forged := url.Values{"state": {strings.Replace(trip.Get("state"), ".", ".A", 1)[:len(trip.Get("state"))]}, "redirect_uri": trip["redirect_uri"]}
	if a := s.posted(forged, code); a.StatusCode/100 == 3 {
		t.Error("an answer to nobody's departure is kept")
	}
	a := s.posted(trip, code)
	to := a.Header.Get("Location")
	if a.StatusCode != http.StatusSeeOther || !strings.Contains(to, "?parked=") || h.answers != 0 {
		t.Fatalf("%d %s", a.StatusCode, to)
	}
	b.get(b.base + to)
	if h.answers != 1 || b.page.left == nil {
		t.Fatalf("%d answers, %d %s", h.answers, b.page.status, b.page.step())
	}
	if b.get(b.base + to); h.answers != 1 {
		t.Error("the handle worked twice")
	}
}

// Whoever has a valid state may post it as often as they like: a few answers are kept, and the person's own, which comes
// last, is among them.
func TestParkedAnswersAreBounded(t *testing.T) {
	s, h, id := newHouse(t)
	s.settings(neverStay)
	h.who, h.waits = harbour("25", "mira@harbour.example", true, false), true
	b := s.browser().start(request{}).fill("provider", id)
	for range 12 {
		s.posted(h.trips[0], "x")
	}
	code := rand.Text()
	h.codes[code] = h.who
	own := s.posted(h.trips[0], code).Header.Get("Location")
	if b.get(b.base + own); b.page.left == nil {
		t.Errorf("locked out: %d %s", b.page.status, b.page.step())
	}
}

// After ten minutes an answer is worth nothing, and nobody asks the provider about it.
func TestAnswersGrowOld(t *testing.T) {
	s, h, id := newHouse(t)
	h.who, h.waits = harbour("21", "mira@harbour.example", true, false), true
	b := s.browser().start(request{}).fill("provider", id)
	s.clock.Advance(10 * time.Minute)
	if h.landed(b, h.trips[0]); h.answers != 0 || b.page.left != nil {
		t.Errorf("%d answers, %s", h.answers, b.page.step())
	}
}

// An app that wants the person to sign in anew has the provider ask anew.
func TestFreshSignInsAreAskedForUpstream(t *testing.T) {
	age := 60
	for name, c := range map[string]struct {
		r     request
		fresh bool
	}{"as usual": {request{}, false}, "prompt=login": {request{Prompt: []string{"login"}}, true}, "max_age": {request{MaxAge: &age}, true}} {
		s, h, id := newHouse(t)
		h.waits = true
		s.browser().start(c.r).fill("provider", id)
		if got := h.asked[len(h.asked)-1].Fresh; got != c.fresh {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Of two answers to one departure one counts.
func TestTwoAnswersAtOnce(t *testing.T) {
	s, h, id := newHouse(t)
	s.settings(neverStay)
	h.who, h.waits = harbour("22", "mira@harbour.example", true, false), true
	b := s.browser().start(request{}).fill("provider", id)
	h.landed(b, h.trips[0])
	h.landed(b, h.trips[0])
	if n := s.issuer.count(); n != 1 || h.answers != 1 {
		t.Errorf("%d grants, %d answers", n, h.answers)
	}
}

// Each attribute is taken over as the admin chose, when somebody comes again.
func TestProfilesAreRefreshed(t *testing.T) {
	s, h, id := newHouse(t)
	s.settings(neverStay)
	modelstest.Must(s.tenant.UpdateProvider(t.Context(), modelstest.Actor(), id, func(p *federation.Provider, _ *models.ProviderSecret) error {
		p.Refresh = map[string]federation.Refresh{"displayName": federation.Always, "givenName": federation.Never}
		return nil
	}, func(federation.Provider, bool, bool) error { return nil }))(t)
	h.who = harbour("23", "mira@harbour.example", true, false)
	s.browser().start(request{}).fill("provider", id).signedIn()
	h.who.Attributes = map[string]any{"displayName": "Mira Lund", "givenName": "Someone", "surname": "Lund"}
	s.browser().start(request{}).fill("provider", id).signedIn()
	if u := s.person("mira@harbour.example"); u.DisplayName != "Mira Lund" || u.GivenName != "Mira" || u.Surname != "Lund" {
		t.Errorf("%q %q %q", u.DisplayName, u.GivenName, u.Surname)
	}
	h.who.Attributes = map[string]any{"surname": "Other"} // it is not empty any more
	s.browser().start(request{}).fill("provider", id).signedIn()
	if u := s.person("mira@harbour.example"); u.Surname != "Lund" {
		t.Errorf("%q", u.Surname)
	}
}

// Tokens that stand on a provider are renewed only while it is switched on.
func TestTheGateAsksAfterTheProvider(t *testing.T) {
	s, h, id := newHouse(t)
	s.settings(neverStay)
	h.who = harbour("24", "mira@harbour.example", true, false)
	g := s.browser().start(request{}).fill("provider", id).signedIn()
	asks := policy.Request{TenantID: s.tenant.ID, UserID: g.UserID, ClientID: s.app.ClientID, Provider: g.Provider}
	for _, on := range []bool{true, false, true} {
		modelstest.Must(s.tenant.EnableProvider(t.Context(), modelstest.Actor(), id, on))(t)
		if d, err := s.hosted.Gate().Refresh(t.Context(), asks); err != nil || d.Block == on {
			t.Errorf("switched on %v: %+v %v", on, d, err)
		}
	}
}

// An answer to an admin's test comes to the customers' address and goes on to the portal, once. It opens nothing for a
// customer, and a customer's answer opens no test: the browser that brings either is told nothing.
func TestAnswersToATestGoToThePortal(t *testing.T) {
	s, h, id := newHouse(t)
	h.who, h.waits = harbour("40", "mira@harbour.example", true, false), true
	begin := func() string {
		state := modelstest.Must(federation.TrialState(rand.Reader))(t)
		modelstest.Must(s.tenant.BeginTrial(t.Context(), modelstest.Actor(), id, "a session", state, federation.Departure{ProviderID: id, State: state, At: s.clock.Now()}, nil))(t)
		return state
	}
	modelstest.Must(s.tenant.EnableProvider(t.Context(), modelstest.Actor(), id, false))(t) // one that is off can be tried
	at := s.base + "/" + s.tenant.ID + "/federation/" + id + "/callback"
	trip := func(state string) url.Values { return url.Values{"state": {state}, "redirect_uri": {at}} }
	for name, post := range map[string]bool{"by the address": false, "by a form": true} {
		state := begin()
		send := func() *http.Response {
			if post {
				return s.posted(trip(state), "c")
			}
			c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			return modelstest.Must(c.Get(at + "?" + url.Values{"state": {state}, "code": {"c"}}.Encode()))(t)
		}
		a := send()
		if to := a.Header.Get("Location"); a.StatusCode != http.StatusSeeOther || !strings.Contains(to, "/admin/t/"+s.slug+"/identity-providers/"+id+"/test/") || strings.Contains(to, state) {
			t.Errorf("%s: %d %s", name, a.StatusCode, to)
		}
		if a = send(); a.StatusCode == http.StatusSeeOther {
			t.Errorf("%s: it was taken twice", name)
		}
	}
	modelstest.Must(s.tenant.EnableProvider(t.Context(), modelstest.Actor(), id, true))(t)
	b := s.browser().start(request{}).fill("provider", id)
	left := h.trips[len(h.trips)-1]
	state := begin()
	h.landed(b, trip(state)) // in the middle of a customer's journey
	if h.answers != 0 {
		t.Error("the customers' machine read an answer to a test")
	}
	if _, found, err := s.tenant.AnswerTrial(t.Context(), id, left.Get("state"), nil); found || err != nil {
		t.Errorf("a customer's answer was taken for a test's: %v", err)
	}
	if h.landed(b, left); h.answers != 1 {
		t.Error("the customer's own answer is not taken any more")
	}
}
