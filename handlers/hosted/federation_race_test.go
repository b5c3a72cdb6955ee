package hosted_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"portico/app/account"
	"portico/app/record"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// The same answer in several tabs at the very same time: one person comes in, once, with one account, whichever tab is
// first at the provider and whichever is first here.
func TestAnswersTrulyAtOnce(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s, h, id := furnish(t, newSiteOn(t, scratch))
		s.settings(neverStay)
		h.waits = true
		for round := range 5 {
			h.who = harbour("race-"+string(rune('a'+round)), string(rune('a'+round))+"@harbour.example", true, false)
			b := s.browser().start(request{}).fill("provider", id)
			trip, code := h.trips[len(h.trips)-1], rand.Text()
			h.codes[code] = h.who
			at := trip.Get("redirect_uri") + "?" + url.Values{"state": {trip.Get("state")}, "code": {code}}.Encode()
			before := s.successes()
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					res, err := b.client.Do(modelstest.Must(http.NewRequest(http.MethodGet, at, nil))(t))
					if err != nil {
						t.Error(err)
						return
					}
					_ = res.Body.Close()
					if res.StatusCode >= 500 {
						t.Errorf("status %d", res.StatusCode)
					}
				})
			}
			wg.Wait()
			if n := s.successes() - before; n != 1 {
				t.Errorf("round %d: came in %d times", round, n)
			}
			if n := len(linkedTo(s.person(h.who.Email))); n != 2 {
				t.Errorf("%d identities", n)
			}
		}
	})
}

// successes counts the sign-ins that were committed.
func (s *site) successes() (n int) {
	s.t.Helper()
	for _, r := range s.records() {
		if r.Outcome.Result == record.Success {
			n++
		}
	}
	return n
}

// What changes between the provider's word and the account's own proof counts as it is then: a provider that no flow offers
// any more brings nobody new in, one that is switched off connects nothing, and an account that was closed stays closed.
func TestChangesBetweenProofAndLink(t *testing.T) {
	for name, c := range map[string]struct {
		change func(s *site, id, user string)
		linked bool
	}{
		"nothing changes": {func(*site, string, string) {}, true},
		"the provider is switched off": {func(s *site, id, _ string) {
			modelstest.Must(s.tenant.EnableProvider(s.t.Context(), modelstest.Actor(), id, false))(s.t)
		}, false},
		"the provider is deleted": {func(s *site, id, _ string) {
			if err := s.tenant.DeleteProvider(s.t.Context(), modelstest.Actor(), id, true); err != nil {
				s.t.Fatal(err)
			}
		}, false},
		"the account is closed": {func(s *site, _, user string) {
			modelstest.Must(s.tenant.UpdateUser(s.t.Context(), modelstest.Actor(), user, func(u *models.User) error { u.Enabled = false; return nil }))(s.t)
		}, false},
		"the identity goes to somebody else": {func(s *site, _, _ string) {
			modelstest.Must(s.tenant.CreateUser(s.t.Context(), modelstest.Actor(), models.User{Account: account.Account{DisplayName: "Ben", Enabled: true, Mail: "ben@example.com", Identities: []account.Identity{
				{SignInType: account.SignInEmail, Value: "ben@example.com", Canonical: "ben@example.com"}, {SignInType: account.SignInFederated, Issuer: "https://harbour.example", Value: "c1", Canonical: "c1"}}}}, ""))(s.t)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, h, id := newHouse(t, func(f *userflow.Flow) {})
			s.settings(neverStay)
			u := s.user("anna@example.com")
			h.who = harbour("c1", "anna@example.com", true, false)
			b := s.browser().start(request{}).fill("provider", id)
			b.says("Sign in once to connect Harbour.")
			c.change(s, id, u.ID)
			b.fill("password", goodPassword)
			has := false
			for _, kind := range linkedTo(modelstest.Must(s.tenant.User(t.Context(), u.ID))(t)) {
				has = has || kind == account.SignInFederated
			}
			if has != c.linked {
				t.Errorf("connected: %v", has)
			}
		})
	}
}
