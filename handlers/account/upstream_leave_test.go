package account_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/federation"
	"portico/models"
	"portico/models/modelstest"
)

// byProvider is a site where Anna has come by Harbour, which is signed out of too (or not).
func byProvider(t *testing.T, leave bool) (*site, string, *browser) {
	t.Helper()
	s := newSite(t)
	u := s.user(anna)
	id := s.provider("Harbour", "https://harbour.example")
	modelstest.Must(s.tenant.UpdateProvider(t.Context(), modelstest.Actor(), id, func(p *federation.Provider, _ *models.ProviderSecret) error { p.UpstreamLeave = leave; return nil },
		func(federation.Provider, bool, bool) error { return nil }))(t)
	modelstest.Must(s.tenant.UpdateUser(t.Context(), modelstest.Actor(), u.ID, func(u *models.User) error {
		u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInFederated, Issuer: "https://harbour.example", Value: "1", Canonical: "1"})
		return nil
	}))(t)
	s.places.who.IDTokenHint, s.places.who.SessionIndex = "the id token", "sid-1"
	b := s.browser().open("").send("", "provider", id).on("")
	return s, id, b
}

// Whoever came by a provider and signs out is signed out here first, then there, and comes back to where they were going.
func TestSignOutThereToo(t *testing.T) {
	s, id, b := byProvider(t, true)
	if !strings.Contains(b.header.Get("Content-Security-Policy"), s.places.at) {
		t.Error("the form may not lead there: " + b.header.Get("Content-Security-Policy"))
	}
	s.places.waits = true
	b.send("/sign-out")
	if len(s.places.left) != 1 || !strings.HasPrefix(b.at, "/leave") {
		t.Fatalf("%v %s", s.places.left, b.at)
	}
	// The provider never sends anybody back: they are signed out here all the same.
	other := &browser{s: s, client: b.client}
	if other.open(""); strings.HasSuffix(other.at, "/account") {
		t.Error("still signed in")
	}
	a := s.places.left[0]
	if a.Identity.IDTokenHint != "the id token" || a.Identity.SessionIndex != "sid-1" || a.ReturnTo != s.base+"/"+s.tenant.ID+"/federation/"+id+"/signed-out" || a.State == "" {
		t.Errorf("%+v", a)
	}
	b.follow(s.places.back[len(s.places.back)-1]).on("/signed-out")
}

// What comes back without a trip of this browser leads nowhere, and tells nobody that they are signed out.
func TestComingBackFromNowhere(t *testing.T) {
	s, id, b := byProvider(t, true)
	there := s.base + "/" + s.tenant.ID + "/federation/" + id + "/signed-out"
	if b.follow(there + "?state=made-up"); b.status != http.StatusNotFound && strings.Contains(b.body, "signed out") {
		t.Errorf("%d %s", b.status, b.title())
	}
	if stranger := s.browser().follow(there + "?state=made-up"); stranger.status != http.StatusOK {
		t.Error(stranger.status)
	}
	s.places.waits = true
	b.open("").send("/sign-out")
	state := s.places.left[0].State
	// Another provider's address, and a state of another trip, take nothing of it; nor does it wait for ever.
	for _, to := range []string{strings.Replace(there, id, models.NewID(), 1) + "?state=" + url.QueryEscape(state), there + "?state=x"} {
		if b.follow(to); strings.HasSuffix(b.at, "/account/signed-out") {
			t.Errorf("%s led on", to)
		}
	}
	s.clock.Advance(11 * time.Minute)
	if b.follow(there + "?state=" + url.QueryEscape(state)); strings.HasSuffix(b.at, "/account/signed-out") {
		t.Error("led on after ten minutes")
	}
}

// Off, a provider that cannot say where, one that is switched off, a session that stands on a password: our own page.
func TestSignOutHereAlone(t *testing.T) {
	for name, prepare := range map[string]func(*site, string){
		"off":  nil,
		"down": func(s *site, _ string) { s.places.lost = errors.New("no answer") },
		"switched off": func(s *site, id string) {
			modelstest.Must(s.tenant.EnableProvider(s.t.Context(), modelstest.Actor(), id, false))(s.t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, id, b := byProvider(t, prepare != nil)
			page := *b
			if prepare != nil {
				prepare(s, id)
			}
			page.send("/sign-out")
			if strings.HasPrefix(page.at, "/leave") {
				t.Errorf("%s %v", page.at, s.places.left)
			}
			if page.open(""); strings.HasSuffix(page.at, "/account") {
				t.Error("still signed in")
			}
		})
	}
	t.Run("by password", func(t *testing.T) {
		s, id, b := harbour(t)
		modelstest.Must(s.tenant.UpdateProvider(t.Context(), modelstest.Actor(), id, func(p *federation.Provider, _ *models.ProviderSecret) error { p.UpstreamLeave = true; return nil },
			func(federation.Provider, bool, bool) error { return nil }))(t)
		b.open("").send("/sign-out").on("/signed-out")
		if len(s.places.left) > 0 {
			t.Error(s.places.left)
		}
	})
}
