package account_test

import (
	"strings"
	"testing"
	"time"

	"portico/models"
	"portico/models/modelstest"
)

// passkey registers one that works at a host of the tenant's own, "" = at the installation's address.
func (h *house) passkey(userID, host string) {
	h.t.Helper()
	if _, err := h.tenant.AddCredential(h.t.Context(), modelstest.Actor(), models.Credential{UserID: userID, Kind: models.KindPasskey, Name: "Laptop", LookupKey: models.NewID(), Data: `{"host":"` + host + `"}`}); err != nil {
		h.t.Fatal(err)
	}
}

// TestAPasskeyOfAnotherPlaceNeitherOpensNorLoops: who has only proven a password changes nothing where their passkey does not
// work, is told where it does, and is not sent to a sign-in that could not ask for it.
func TestAPasskeyOfAnotherPlaceNeitherOpensNorLoops(t *testing.T) {
	const own, second, gone = "login.contoso.com", "id.contoso.com", "old.contoso.com"
	h := newHouse(t)
	for _, host := range []string{own, second} {
		modelstest.Must(h.tenant.AddCustomDomain(t.Context(), modelstest.Actor(), host, true))(t)
	}
	for _, c := range []struct {
		name     string
		passkeys []string
		further  string // kind of another second factor
		at       string
		mfa      bool // the session has shown a second factor
		status   int
		says     string
	}{
		{"made at the installation's address, here an own host", []string{""}, "", own, false, 403, "localhost"},
		{"made at an own host, here the installation's address", []string{own}, "", "", false, 403, own},
		{"made at another own host", []string{second}, "", own, false, 403, second},
		{"made here: a sign-in can ask for it", []string{own}, "", own, false, 303, "/signin/"},
		{"one here and one elsewhere", []string{"", own}, "", own, false, 303, "/signin/"},
		{"an authenticator app works everywhere", []string{""}, models.KindTOTP, own, false, 303, "/signin/"},
		{"made at a place that is gone: there is nothing to show", []string{gone}, "", own, false, 200, "Present password"},
		{"a second factor was shown", []string{""}, "", own, true, 200, "Present password"},
		{"none", nil, "", own, false, 200, "Present password"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			u := h.person(strings.ReplaceAll(models.NewID(), "-", "") + "@example.com")
			for _, host := range c.passkeys {
				h.passkey(u.ID, host)
			}
			if c.further != "" {
				modelstest.Must(h.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: c.further, Secret: []byte("x")}))(t)
			}
			v := h.own(u.ID)
			v.host = c.at
			if !c.mfa {
				v = h.onlyPassword(u.ID, c.at)
			}
			a := v.get("/methods/password")
			if a.status != c.status || !strings.Contains(a.body+a.to, c.says) {
				t.Errorf("%d %s %s", a.status, a.to, a.text())
			}
			if c.status == 403 {
				if a := v.post("/methods/password", "password", goodPassword, "newPassword", "another good one 1"); a.status != 403 {
					t.Errorf("the form: %d %s", a.status, a.to)
				}
				h.clock.Advance(time.Hour)
				if a := v.get("/methods/password"); a.status != 303 { // who it is comes first
					t.Errorf("an hour later: %d", a.status)
				}
			}
		})
	}
}

// TestTheListSaysWhereAPasskeyWorks: in words, and that one of a place that is gone does not.
func TestTheListSaysWhereAPasskeyWorks(t *testing.T) {
	const own = "login.contoso.com"
	h := newHouse(t)
	modelstest.Must(h.tenant.AddCustomDomain(t.Context(), modelstest.Actor(), own, true))(t)
	for _, c := range []struct {
		passkey, at, says string
	}{
		{"", "", ""},
		{own, own, ""},
		{"", own, "Works only at localhost"},
		{own, "", "Works only at " + own},
		{"old.contoso.com", own, "No longer works: old.contoso.com is not in use any more"},
	} {
		u := h.person(strings.ReplaceAll(models.NewID(), "-", "") + "@example.com")
		h.passkey(u.ID, c.passkey)
		v := h.own(u.ID)
		v.host = c.at
		a := must(t, v.get("/methods"), 200, "Laptop")
		if c.says != "" && !strings.Contains(a.text(), c.says) || c.says == "" && (strings.Contains(a.text(), "Works only") || strings.Contains(a.text(), "No longer works")) {
			t.Errorf("made at %q, seen at %q: %s", c.passkey, c.at, a.text())
		}
	}
}

// TestMailLeadsToWhereSomebodyIs: a notice about what was done at a host of the tenant's own leads back to that host.
func TestMailLeadsToWhereSomebodyIs(t *testing.T) {
	const own = "login.contoso.com"
	h := newHouse(t)
	modelstest.Must(h.tenant.AddCustomDomain(t.Context(), modelstest.Actor(), own, true))(t)
	for _, host := range []string{"", own} {
		email := strings.ReplaceAll(models.NewID(), "-", "") + "@example.com"
		v := h.own(h.person(email).ID)
		v.host = host
		if a := v.post("/methods/password", "password", goodPassword, "newPassword", "another good one 1"); a.status != 303 {
			t.Fatalf("%q: %d %s", host, a.status, a.text())
		}
		found := false
		for _, n := range h.notes() {
			if found = found || n.To == email; n.To == email && !strings.HasPrefix(n.URL, v.origin()+"/") {
				t.Errorf("done at %q, the mail leads to %s", host, n.URL)
			}
		}
		if !found {
			t.Errorf("%q: no mail", host)
		}
	}
}
