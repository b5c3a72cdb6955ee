package account_test

import (
	"context"
	"crypto/rand"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/federation"
	"portico/app/message"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/handlers/hosted"
	"portico/models"
	"portico/models/modelstest"
)

// places are identity providers in one: whoever is sent there comes back as who, or with what it refuses.
type places struct {
	mu     sync.Mutex
	at     string
	who    federation.Identity
	refuse *federation.Refusal
	waits  bool // nobody is sent back
	back   []string
	asked  []federation.Ask
	left   []federation.Parting
	lost   error // Leave cannot say where
}

func (s *site) upstream() signin.Upstream {
	s.places = &places{who: federation.Identity{Issuer: "https://harbour.example", Subject: "1", Email: "anna@harbour.example", EmailVerified: true}}
	srv := httptest.NewServer(s.places)
	s.t.Cleanup(srv.Close)
	s.places.at = srv.URL
	return hosted.Providers{BaseURL: s.base, Net: federation.Net{Now: s.clock.Now, Random: rand.Reader},
		Connect: func(federation.Kind) (federation.Connector, bool) { return s.places, true },
		Secrets: func(context.Context, string, string) (federation.Secrets, error) { return federation.Secrets{}, nil },
		Slug:    func(context.Context, string) (string, error) { return s.slug, nil }}
}

func (h *places) Begin(_ context.Context, n federation.Net, _ federation.Provider, _ federation.Secrets, a federation.Ask) (federation.Way, federation.Departure, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, a)
	return federation.Way{Redirect: h.at + "/authorize?" + url.Values{"state": {a.State}, "redirect_uri": {a.RedirectURI}}.Encode()}, federation.Departure{At: n.Now()}, nil
}

func (h *places) Finish(_ context.Context, _ federation.Net, _ federation.Provider, _ federation.Secrets, _ federation.Answer) (federation.Arrival, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refuse != nil {
		return federation.Arrival{}, h.refuse
	}
	return federation.Arrival{Identity: h.who}, nil
}

func (h *places) Leave(_ context.Context, _ federation.Net, _ federation.Provider, _ federation.Secrets, a federation.Parting) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.left = append(h.left, a)
	return h.at + "/leave?" + url.Values{"redirect_uri": {a.ReturnTo}, "state": {a.State}}.Encode(), h.lost
}

func (h *places) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	to := q.Get("redirect_uri") + "?" + url.Values{"state": {q.Get("state")}, "code": {"c"}}.Encode()
	h.mu.Lock()
	h.back = append(h.back, to)
	waits := h.waits
	h.mu.Unlock()
	if !waits {
		http.Redirect(w, r, to, http.StatusFound)
	}
}

// provider sets one up that the flow offers.
func (s *site) provider(name, issuer string) string {
	s.t.Helper()
	p := modelstest.Must(s.tenant.CreateProvider(s.t.Context(), modelstest.Actor(), federation.Provider{Kind: federation.OpenID, Name: name, Enabled: true, ClientID: "us", Issuer: issuer,
		Discovery: s.places.at + "/.well-known/openid-configuration", ClientAuth: federation.NoSecret}, models.ProviderSecret{},
		func(federation.Provider, bool, bool) error { return nil }))(s.t)
	s.publish(func(f *userflow.Flow) { f.Providers = append(f.Providers, p.ID) })
	return p.ID
}

// harbour is a site with one provider, and somebody signed in.
func harbour(t *testing.T) (*site, string, *browser) {
	t.Helper()
	s := newSite(t)
	s.user(anna)
	id := s.provider("Harbour", "https://harbour.example")
	return s, id, s.in(anna)
}

func (s *site) linked(email string) (out []string) {
	s.t.Helper()
	page := modelstest.Must(s.tenant.Users(s.t.Context(), models.UserQuery{Search: email, Limit: 5}))(s.t)
	for _, u := range page.Items {
		for _, i := range modelstest.Must(s.tenant.User(s.t.Context(), u.ID))(s.t).Identities {
			if i.SignInType == account.SignInFederated {
				out = append(out, i.Issuer+" "+i.Value)
			}
		}
	}
	return out
}

func (s *site) told(to, kind string) int {
	s.t.Helper()
	n := 0
	for _, note := range s.notes() {
		if note.To == to && note.Kind == message.Kind(kind) && note.Purpose == "federated" {
			n++
		}
	}
	return n
}

// Connecting leads to the provider and back; the list says what it is called there, the owner is told, and so it is when
// it goes.
func TestConnectAndDisconnect(t *testing.T) {
	s, id, b := harbour(t)
	b.open("/methods").says("None is connected.").says("Connect Harbour")
	b.open("/methods/connect/" + id).says("Connect Harbour?").send("/methods/connect/" + id)
	b.on("/methods").says("Harbour is connected. You can sign in with it now.").says("anna@harbour.example").lacks("/methods/connect/")
	if got := s.linked(anna); !slices.Equal(got, []string{"https://harbour.example 1"}) {
		t.Fatal(got)
	}
	if a := s.places.asked[0]; !a.Fresh || a.LoginHint != "" {
		t.Errorf("%+v", a)
	}
	// Once more is nothing more.
	b.open("/methods/connect/" + id).send("/methods/connect/" + id).on("/methods").says("Harbour is connected.")
	if got := s.linked(anna); len(got) != 1 {
		t.Error(got)
	}
	if n := s.told(anna, "method_added"); n != 1 {
		t.Errorf("told %d times", n)
	}
	all := modelstest.Must(s.tenant.WaysOf(t.Context(), modelstest.Must(s.tenant.Users(t.Context(), models.UserQuery{Search: anna, Limit: 1}))(t).Items[0].ID))(t)
	gone := "/methods/identities/" + all.Identities[1].ID + "/remove"
	b.open(gone).says("Disconnect Harbour?").says("Your account at Harbour stays as it is.").send(gone)
	b.on("/methods").says("Harbour is disconnected.").says("Connect Harbour")
	if got := s.linked(anna); len(got) != 0 {
		t.Error(got)
	}
	if n := s.told(anna, "method_removed"); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// An identity that somebody else has stays theirs, and the words tell nothing of them.
func TestNobodysIdentityIsTaken(t *testing.T) {
	s, id, b := harbour(t)
	b.open("/methods/connect/" + id).send("/methods/connect/" + id).says("Harbour is connected.")
	s.user("ben@example.com")
	c := s.in("ben@example.com")
	c.open("/methods/connect/" + id).send("/methods/connect/" + id).on("/methods").says("this Harbour account is connected with another account here").says("Reference:").lacks(anna)
	if s.linked("ben@example.com") != nil || len(s.linked(anna)) != 1 {
		t.Error(s.linked("ben@example.com"), s.linked(anna))
	}
}

// Whatever ends the trip leads back to the list, with words and another try.
func TestTripsThatEndWithoutAnIdentity(t *testing.T) {
	for code, says := range map[federation.Code]string{
		federation.Cancelled:   "Nothing was connected: you did not finish signing in with Harbour.",
		federation.Declined:    "Harbour did not sign you in.",
		federation.Unreachable: "Harbour cannot be reached at the moment.",
		federation.Invalid:     "We could not check what Harbour answered.",
		federation.SetUp:       "Signing in with Harbour does not work at the moment.",
	} {
		t.Run(string(code), func(t *testing.T) {
			s, id, b := harbour(t)
			s.places.refuse = &federation.Refusal{Code: code, Reason: "so it is"}
			b.open("/methods/connect/" + id).send("/methods/connect/" + id).on("/methods").says(says).says("Reference:").says("Connect Harbour")
			if got := s.linked(anna); got != nil {
				t.Error(got)
			}
			s.places.refuse = nil
			b.open("/methods/connect/" + id).send("/methods/connect/" + id).says("Harbour is connected.")
		})
	}
}

// Another person's session, none, a proof of long ago, a form of another site and a provider that nobody offers: nothing is
// connected by any of them.
func TestConnectingStandsOnTheSessionThatAsked(t *testing.T) {
	away := func(t *testing.T) (*site, *browser, string) {
		s, id, b := harbour(t)
		s.user("ben@example.com")
		s.places.waits = true
		b.open("/methods/connect/" + id).send("/methods/connect/" + id)
		s.places.waits = false
		return s, b, s.places.back[0]
	}
	t.Run("somebody else is signed in when the answer comes", func(t *testing.T) {
		s, b, back := away(t)
		b.open("").send("/sign-out")
		b.open("").signIn("ben@example.com")
		b.follow(back).on("/methods").says("Nothing was connected. Start again from here.")
		if s.linked(anna) != nil || s.linked("ben@example.com") != nil {
			t.Error("connected")
		}
	})
	t.Run("nobody is", func(t *testing.T) {
		s, b, back := away(t)
		b.open("").send("/sign-out")
		b.follow(back)
		if s.linked(anna) != nil {
			t.Error("connected")
		}
		b.again(anna)
		if s.linked(anna) != nil {
			t.Error("connected by signing in again")
		}
	})
	t.Run("the answer in another browser", func(t *testing.T) {
		s, _, back := away(t)
		s.in("ben@example.com").follow(back)
		if s.linked(anna) != nil || s.linked("ben@example.com") != nil {
			t.Error("connected")
		}
	})
	t.Run("the answer twice", func(t *testing.T) {
		s, b, back := away(t)
		b.follow(back).says("Harbour is connected.")
		b.follow(back)
		if len(s.linked(anna)) != 1 {
			t.Error(s.linked(anna))
		}
	})
	t.Run("ten minutes later", func(t *testing.T) {
		s, b, back := away(t)
		s.clock.Advance(11 * time.Minute)
		b.follow(back).on("/methods").says("We could not check what Harbour answered.")
		if s.linked(anna) != nil {
			t.Error("connected")
		}
	})
	t.Run("the proof is old", func(t *testing.T) {
		s, id, b := harbour(t)
		s.clock.Advance(6 * time.Minute)
		b.open("/methods/connect/" + id)
		if strings.Contains(b.at, "/methods/connect/") {
			t.Fatal(b.at)
		}
		b.signIn(anna).on("/methods/connect/" + id).send("/methods/connect/" + id).says("Harbour is connected.")
		_ = s
	})
	t.Run("a form of another site", func(t *testing.T) {
		s, id, b := harbour(t)
		b.post("/"+s.slug+"/account/methods/connect/"+id, url.Values{"csrf": {"made up"}})
		if b.status != http.StatusForbidden || len(s.places.asked) > 0 {
			t.Errorf("%d %v", b.status, s.places.asked)
		}
	})
	t.Run("a provider that is not offered", func(t *testing.T) {
		s, id, b := harbour(t)
		s.publish(func(f *userflow.Flow) { f.Providers = nil })
		if b.open("/methods/connect/" + id); b.status != http.StatusNotFound {
			t.Error(b.status, html.UnescapeString(b.title()))
		}
		b.open("/methods").lacks("Connect Harbour")
	})
	t.Run("a provider that is switched off meanwhile", func(t *testing.T) {
		s, b, back := away(t)
		modelstest.Must(s.tenant.EnableProvider(t.Context(), modelstest.Actor(), s.flow.Providers[0], false))(t)
		b.follow(back).on("/methods").says("Nothing was connected.")
	})
}

// follow opens a whole address.
func (b *browser) follow(to string) *browser {
	b.s.t.Helper()
	return b.do(modelstest.Must(http.NewRequest(http.MethodGet, to, nil))(b.s.t))
}
