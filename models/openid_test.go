package models_test

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"slices"
	"testing"
	"time"

	"portico/app/openid"
	"portico/app/outbox"
	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

func grant(s modelstest.Scratch, tn *models.Tenant, name string) openid.Grant {
	now := s.Clock.Now()
	return openid.Grant{ID: models.NewID(), TenantID: tn.ID, ClientID: "client", UserID: "user", SID: "session", Platform: openid.Web,
		RedirectURI: "https://app.example/cb", Scopes: []string{"openid", "api://x/Read"}, Nonce: "n", CodeChallenge: "c", AuthTime: now,
		AMR: []string{"pwd", "mfa"}, ACR: "1", ClientInfo: true, CreatedAt: now, CodeHash: []byte("code " + name), CodeExpiresAt: now.Add(time.Minute),
		Claims: openid.ClaimsRequest{UserInfo: map[string]openid.ClaimWish{"name": {Essential: true}}}}
}

func TestGrantKeepsWhatItWasGiven(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		ctx, g := t.Context(), grant(s, tn, "a")
		if err := tn.AddOpenIDGrant(ctx, g); err != nil {
			t.Fatal(err)
		}
		for _, read := range []func() (openid.Grant, bool, error){
			func() (openid.Grant, bool, error) { return tn.OpenIDGrant(ctx, g.ID) },
			func() (openid.Grant, bool, error) {
				h, ok, err := tn.OpenIDHoldingByCode(ctx, g.CodeHash)
				return h.Grant, ok, err
			},
			func() (openid.Grant, bool, error) {
				h, ok, err := tn.OpenIDHolding(ctx, g.ID)
				return h.Grant, ok, err
			},
		} {
			got, ok, err := read()
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			if got.RedirectURI != g.RedirectURI || len(got.Scopes) != 2 || len(got.AMR) != 2 || !got.AuthTime.Equal(g.AuthTime) ||
				!got.CodeExpiresAt.Equal(g.CodeExpiresAt) || !got.Claims.UserInfo["name"].Essential || !got.CodeUsedAt.IsZero() || got.RefreshHash != nil || !got.ClientInfo {
				t.Errorf("%+v", got)
			}
		}
		if _, ok, err := other.OpenIDGrant(ctx, g.ID); ok || err != nil {
			t.Error("another tenant sees it", err)
		}
		if _, ok, err := other.OpenIDHoldingByCode(ctx, g.CodeHash); ok || err != nil {
			t.Error("another tenant sees its code", err)
		}
		if ok, err := other.RedeemOpenIDCode(ctx, openid.Redemption{GrantID: g.ID, Now: s.Clock.Now()}); ok || err != nil {
			t.Error("another tenant redeems it", err)
		}
	})
}

// What is used once is used once, whatever came before.
func TestCodeIsRedeemedOnce(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		ctx := t.Context()
		for _, c := range []struct {
			name   string
			before func(g openid.Grant)
			want   bool
		}{
			{"fresh", func(openid.Grant) {}, true},
			{"used", func(g openid.Grant) {
				if ok, err := tn.RedeemOpenIDCode(ctx, openid.Redemption{GrantID: g.ID, Now: s.Clock.Now()}); !ok || err != nil {
					t.Fatal(ok, err)
				}
			}, false},
			{"revoked", func(g openid.Grant) {
				if err := tn.RevokeOpenIDGrant(ctx, g.ID, "test", s.Clock.Now()); err != nil {
					t.Fatal(err)
				}
			}, false},
			{"expired", func(openid.Grant) { s.Clock.Advance(2 * time.Minute) }, false},
		} {
			t.Run(c.name, func(t *testing.T) {
				g := grant(s, tn, c.name)
				if err := tn.AddOpenIDGrant(ctx, g); err != nil {
					t.Fatal(err)
				}
				c.before(g)
				ok, err := tn.RedeemOpenIDCode(ctx, openid.Redemption{GrantID: g.ID, Now: s.Clock.Now(), Scopes: g.Scopes})
				if err != nil || ok != c.want {
					t.Errorf("%v %v", ok, err)
				}
			})
		}
	})
}

func TestRotation(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		ctx, g := t.Context(), grant(s, tn, "r")
		now := s.Clock.Now()
		must(t, tn.AddOpenIDGrant(ctx, g))
		if ok, err := tn.RedeemOpenIDCode(ctx, openid.Redemption{GrantID: g.ID, Now: now, Scopes: g.Scopes, RefreshHash: []byte("1"), RefreshExpiresAt: now.Add(time.Hour),
			From: record.Signals{IP: netip.MustParseAddr("192.0.2.1"), Browser: "Firefox 145", UserAgent: "not kept"}}); !ok || err != nil {
			t.Fatal(ok, err)
		}
		rotate := func(from, to string) bool {
			t.Helper()
			ok, err := tn.RotateOpenIDRefresh(ctx, openid.Rotation{GrantID: g.ID, Presented: []byte(from), Successor: []byte(to), ExpiresAt: now.Add(2 * time.Hour),
				Entry: record.SignIn{Signals: record.Signals{IP: netip.MustParseAddr("192.0.2.2"), Platform: "linux"}, Kind: record.NonInteractive, Protocol: "refresh", StartedAt: now, EndedAt: now, User: record.Party{ID: "user " + from}, App: record.Party{ID: "client"}}})
			must(t, err)
			return ok
		}
		if got, _, err := tn.OpenIDGrant(ctx, g.ID); err != nil || got.RenewedFrom == nil || got.RenewedFrom.Browser != "Firefox 145" || got.RenewedFrom.UserAgent != "" {
			t.Errorf("where the tokens went: %+v %v", got.RenewedFrom, err)
		}
		if rotate("0", "x") {
			t.Error("a token that is not valid rotated")
		}
		if !rotate("1", "2") || rotate("1", "2") {
			t.Error("one token, not one rotation")
		}
		got, _, err := tn.OpenIDGrant(ctx, g.ID)
		must(t, err)
		if string(got.RefreshHash) != "2" || string(got.RefreshPrevious) != "1" || !got.RefreshExpiresAt.Equal(now.Add(2*time.Hour)) || !got.RotatedAt.Equal(now) || got.RenewedFrom.Platform != "linux" {
			t.Errorf("%+v", got)
		}
		must(t, tn.RevokeOpenIDGrant(ctx, g.ID, "test", now))
		if rotate("2", "3") {
			t.Error("a revoked family rotated")
		}
		page, err := tn.SignIns(ctx, models.SignInQuery{})
		must(t, err)
		if len(page.Items) != 1 {
			t.Errorf("%d entries for one rotation", len(page.Items))
		}
	})
}

func TestSignOutUserEndsEverythingOnce(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		ctx := t.Context()
		app := modelstest.MustAppOf(t, tn, models.Application{Name: "App", Kind: models.WebApp, Enabled: true, Spec: models.ApplicationSpec{
			RedirectURIs: []openid.RedirectURI{{URI: "https://app.example/cb", Platform: openid.Web}}, BackChannelLogoutURI: "https://app.example/out"}})
		u := modelstest.MustUser(t, tn, "anna@example.com")
		g := grant(s, tn, "s")
		g.UserID, g.ClientID = u.ID, app.ClientID
		must(t, tn.AddOpenIDGrant(ctx, g))
		if ok, err := tn.RedeemOpenIDCode(ctx, openid.Redemption{GrantID: g.ID, Now: s.Clock.Now(), Scopes: g.Scopes}); !ok || err != nil {
			t.Fatal(ok, err)
		}
		for range 2 {
			must(t, tn.SignOutApps(ctx, "session", "test"))
		}
		pending, _, err := s.OutboxBacklog(ctx)
		must(t, err)
		if pending != 1 {
			t.Errorf("%d notices", pending)
		}
		got, _, err := tn.OpenIDGrant(ctx, g.ID)
		must(t, err)
		if got.RevokedAt.IsZero() {
			t.Error("the grant lives")
		}
	})
}

// TestDisconnectTellsTheApp: whoever takes an app's access away is signed out of it, once, and of no other.
func TestDisconnectTellsTheApp(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		ctx := t.Context()
		u, v := modelstest.MustUser(t, tn, "anna@example.com"), modelstest.MustUser(t, tn, "eve@example.com")
		clients := map[string]string{}
		for _, name := range []string{"Shop", "Forum"} {
			app := modelstest.MustAppOf(t, tn, models.Application{Name: name, Kind: models.WebApp, Enabled: true, Spec: models.ApplicationSpec{
				RedirectURIs: []openid.RedirectURI{{URI: "https://app.example/cb", Platform: openid.Web}}, BackChannelLogoutURI: "https://app.example/out"}})
			clients[name] = app.ClientID
		}
		for _, x := range [][3]string{{u.ID, "here", "Shop"}, {u.ID, "there", "Shop"}, {u.ID, "here", "Forum"}, {v.ID, "foreign", "Shop"}} {
			if _, known, err := tn.SessionBySID(ctx, x[1]); err != nil || !known {
				openSession(t, tn, x[0], x[1], s.Clock.Now())
			}
			must(t, tn.JoinSession(ctx, x[1], clients[x[2]], s.Clock.Now()))
			g := grant(s, tn, x[1]+x[2])
			g.UserID, g.ClientID, g.SID = x[0], clients[x[2]], x[1]
			must(t, tn.AddOpenIDGrant(ctx, g))
			if ok, err := tn.RedeemOpenIDCode(ctx, openid.Redemption{GrantID: g.ID, Now: s.Clock.Now(), Scopes: g.Scopes}); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		told := func() (sids []string) {
			t.Helper()
			for _, it := range modelstest.Must(s.ClaimOutbox(ctx, "test", s.Clock.Now(), time.Hour, 100))(t) {
				var n openid.Notice
				must(t, json.Unmarshal(it.Payload, &n))
				if it.Kind == outbox.BackChannelLogout {
					sids = append(sids, n.SID+" "+n.ClientID+" "+n.UserID)
				}
			}
			slices.Sort(sids)
			return sids
		}
		must(t, tn.Disconnect(ctx, modelstest.Actor(), u.ID, clients["Shop"]))
		want := []string{"here " + clients["Shop"] + " " + u.ID, "there " + clients["Shop"] + " " + u.ID}
		if got := told(); !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
		must(t, tn.SignOutApps(ctx, "here", "test"))
		if got := told(); !slices.Equal(got, []string{"here " + clients["Forum"] + " " + u.ID}) {
			t.Errorf("signing out afterwards told %q", got)
		}
	})
}

func TestHoldingKnowsThePerson(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		ctx := t.Context()
		u := modelstest.MustUserWithPassword(t, tn, "anna@example.com", "$hash")
		g := grant(s, tn, "p")
		g.UserID = u.ID
		must(t, tn.AddOpenIDGrant(ctx, g))
		read := func() openid.User {
			t.Helper()
			h, ok, err := tn.OpenIDHolding(ctx, g.ID)
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			return h.User
		}
		if p := read(); p.ID != u.ID || !p.Enabled || p.Deleted || p.PasswordChangeDue || p.Email != "anna@example.com" || !p.EmailVerified ||
			p.PreferredUsername != "anna@example.com" || !p.SessionsValidFrom.Equal(u.SessionsValidFrom) {
			t.Errorf("%+v", p)
		}
		must(t, tn.SetPassword(ctx, modelstest.Actor(), u.ID, models.PasswordChange{Hash: "$other", MustChange: true}))
		if p := read(); !p.PasswordChangeDue {
			t.Errorf("%+v", p)
		}
		if _, err := tn.UpdateUser(ctx, modelstest.Actor(), u.ID, func(u *models.User) error { u.Enabled = false; return nil }); err != nil {
			t.Fatal(err)
		}
		if p := read(); p.Enabled {
			t.Errorf("%+v", p)
		}
		must(t, tn.DeleteUser(ctx, modelstest.Actor(), u.ID))
		if p := read(); !p.Deleted || p.SessionsValidFrom.IsZero() {
			t.Errorf("%+v", p)
		}
	})
}

func TestPurgeOpenID(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		ctx := t.Context()
		unused, used, lasting := grant(s, tn, "unused"), grant(s, tn, "used"), grant(s, tn, "lasting")
		now := s.Clock.Now()
		for _, g := range []openid.Grant{unused, used, lasting} {
			must(t, tn.AddOpenIDGrant(ctx, g))
		}
		if ok, err := tn.RedeemOpenIDCode(ctx, openid.Redemption{GrantID: used.ID, Now: now}); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if ok, err := tn.RedeemOpenIDCode(ctx, openid.Redemption{GrantID: lasting.ID, Now: now, RefreshHash: []byte("r"), RefreshExpiresAt: now.Add(90 * 24 * time.Hour)}); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if ok, err := tn.UseOpenIDAssertion(ctx, "client", []byte("jti"), now, now.Add(time.Minute)); !ok || err != nil {
			t.Fatal(ok, err)
		}
		there := func(g openid.Grant) bool {
			_, ok, err := tn.OpenIDGrant(ctx, g.ID)
			must(t, err)
			return ok
		}
		s.Clock.Advance(2 * time.Hour)
		must(t, s.PurgeOpenID(ctx))
		if there(unused) || !there(used) || !there(lasting) {
			t.Error("after two hours", there(unused), there(used), there(lasting))
		}
		if ok, err := tn.UseOpenIDAssertion(ctx, "client", []byte("jti"), now, now.Add(time.Minute)); !ok || err != nil {
			t.Error("an expired assertion id is still remembered", err)
		}
		s.Clock.Advance(40 * 24 * time.Hour)
		must(t, s.PurgeOpenID(ctx))
		if there(used) || !there(lasting) {
			t.Error("after 40 days", there(used), there(lasting))
		}
	})
}

func TestKeysAreSealedAndBoundToTheirRow(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		ctx, now := t.Context(), s.Clock.Now()
		k := openid.StoredKey{ID: "kid", Alg: "ES256", Private: []byte("very private"), CreatedAt: now, SignFrom: now}
		must(t, tn.AddOpenIDKey(ctx, modelstest.Actor(), k))
		must(t, tn.AddOpenIDKey(ctx, modelstest.Actor(), openid.StoredKey{ID: "loser", Alg: "ES256", Private: []byte("x"), CreatedAt: now, SignFrom: now}))
		keys, err := tn.OpenIDKeys(ctx)
		must(t, err)
		if len(keys) != 1 || keys[0].ID != "kid" || !bytes.Equal(keys[0].Private, k.Private) {
			t.Errorf("%+v", keys)
		}
		if keys, err := other.OpenIDKeys(ctx); err != nil || len(keys) != 0 {
			t.Error(keys, err)
		}
	})
}

func TestParkedRequestIsTakenOnce(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		ctx, now := t.Context(), s.Clock.Now()
		must(t, tn.ParkOpenIDRequest(ctx, []byte("h"), "body", now, now.Add(time.Minute)))
		if _, ok, err := modelstest.MustTenant(t, s.Store, "").TakeOpenIDRequest(ctx, []byte("h"), now); ok || err != nil {
			t.Error("another tenant took it", err)
		}
		if body, ok, err := tn.TakeOpenIDRequest(ctx, []byte("h"), now); !ok || body != "body" || err != nil {
			t.Error(body, ok, err)
		}
		if _, ok, err := tn.TakeOpenIDRequest(ctx, []byte("h"), now); ok || err != nil {
			t.Error("taken twice", err)
		}
		must(t, tn.ParkOpenIDRequest(ctx, []byte("i"), "body", now, now.Add(time.Minute)))
		if _, ok, err := tn.TakeOpenIDRequest(ctx, []byte("i"), now.Add(2*time.Minute)); ok || err != nil {
			t.Error("expired and taken", err)
		}
	})
}

func TestConsent(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		ctx, now := t.Context(), s.Clock.Now()
		must(t, tn.SaveConsent(ctx, "user", "client", []string{"openid", "email"}, now))
		must(t, tn.SaveConsent(ctx, "user", "client", []string{"EMAIL", "profile"}, now))
		got, err := tn.Consented(ctx, "user", "client")
		must(t, err)
		if len(got) != 3 {
			t.Errorf("%v", got)
		}
		if none, err := tn.Consented(ctx, "user", "other"); err != nil || len(none) != 0 {
			t.Error(none, err)
		}
		g := grant(s, tn, "c")
		must(t, tn.AddOpenIDGrant(ctx, g))
		must(t, tn.WithdrawConsent(ctx, "user", "client"))
		if got, err := tn.Consented(ctx, "user", "client"); err != nil || len(got) != 0 {
			t.Error(got, err)
		}
		if dead, _, err := tn.OpenIDGrant(ctx, g.ID); err != nil || dead.RevokedFor != openid.RevokedForConsent {
			t.Error(dead, err)
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
