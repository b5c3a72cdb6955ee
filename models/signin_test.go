package models_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/sessions"

	"portico/app/fault"
	"portico/app/limit"
	"portico/app/record"
	"portico/app/session"
	"portico/app/signin"
	"portico/models"
	"portico/models/modelstest"
)

func TestAttemptsAreSwappedWhole(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		tn := modelstest.MustTenant(t, s, "")
		at := models.SignInStores{Store: s}.SignIns(tn.ID)
		now := s.Now()
		a := signin.Attempt{ID: models.NewID(), TenantID: tn.ID, Browser: "b", Request: signin.Request{ClientID: "app"}, StartedAt: now, ExpiresAt: now.Add(time.Hour)}
		v := modelstest.Must(at.SaveAttempt(ctx, a))(t)
		one := modelstest.Must(at.Attempt(ctx, a.ID))(t)
		if one.Version != v || one.Request.ClientID != "app" || !one.StartedAt.Equal(now) || !one.EndedAt.IsZero() {
			t.Fatalf("%+v", one)
		}
		two := one
		one.Facts.Identified = &signin.Identified{Typed: "A", Canonical: "a"}
		modelstest.Must(at.SaveAttempt(ctx, one))(t)
		if _, err := at.SaveAttempt(ctx, two); !fault.Is(err, fault.Conflict) {
			t.Errorf("the slower one: %v", err)
		}
		if got := modelstest.Must(at.Attempt(ctx, a.ID))(t); got.Facts.Identified == nil || got.Facts.Identified.Typed != "A" {
			t.Errorf("%+v", got.Facts)
		}
		elsewhere := modelstest.MustTenant(t, s, "")
		if _, err := (models.SignInStores{Store: s}).SignIns(elsewhere.ID).Attempt(ctx, a.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("another tenant sees it: %v", err)
		}
		done := modelstest.Must(at.Attempt(ctx, a.ID))(t)
		done.EndedAt = now
		if err := at.EndAttempt(ctx, done, record.SignIn{ID: models.NewID(), TenantID: tn.ID, StartedAt: now, EndedAt: now}); err != nil {
			t.Fatal(err)
		}
		if err := at.EndAttempt(ctx, done, record.SignIn{ID: models.NewID(), TenantID: tn.ID, StartedAt: now, EndedAt: now}); !fault.Is(err, fault.Conflict) {
			t.Errorf("ended twice: %v", err)
		}
		if got := modelstest.Must(at.Attempt(ctx, a.ID))(t); got.EndedAt.IsZero() || got.Facts.Identified != nil {
			t.Error("an ended attempt keeps no facts")
		}
		if page := modelstest.Must(tn.SignIns(ctx, models.SignInQuery{}))(t); len(page.Items) != 1 {
			t.Errorf("%d records", len(page.Items))
		}
	})
}

func TestCodesAreSpentOnce(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		at := models.SignInStores{Store: s.Store}.SignIns(modelstest.MustTenant(t, s.Store, "").ID)
		now := s.Now()
		add := func() string {
			id := models.NewID()
			if err := at.AddCode(ctx, signin.CodeRow{ID: id, AttemptID: "a", Purpose: "prove", Hash: []byte{1}, ExpiresAt: now.Add(time.Minute), CreatedAt: now}); err != nil {
				t.Fatal(err)
			}
			return id
		}
		tries := func(id string, at2 time.Time) (n int) {
			for range 8 {
				if _, ok, err := at.TryCode(ctx, id, at2); err != nil {
					t.Fatal(err)
				} else if ok {
					n++
				}
			}
			return n
		}
		if n := tries(add(), now); n != 5 {
			t.Errorf("%d tries", n)
		}
		if n := tries(add(), now.Add(time.Minute)); n != 0 {
			t.Errorf("%d tries after its end", n)
		}
		id := add()
		won := 0
		for range 3 {
			if ok := modelstest.Must(at.SpendCode(ctx, id, now))(t); ok {
				won++
			}
		}
		if won != 1 || tries(id, now) != 0 {
			t.Errorf("spent %d times", won)
		}
		id = add()
		if err := at.BurnCodes(ctx, "a", "prove", now); err != nil || tries(id, now) != 0 {
			t.Errorf("a burnt code works: %v", err)
		}
		if row, ok, err := at.TryCode(ctx, models.NewID(), now); ok || err != nil {
			t.Errorf("%+v %v", row, err)
		}
	})
}

func TestLocksAndLimitsAreKept(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		at := models.SignInStores{Store: s.Store}.SignIns(modelstest.MustTenant(t, s.Store, "").ID)
		key, rules := []byte("key"), limit.LockRules{Threshold: 3}
		for i := range 3 {
			ticket, _, ok, err := at.BeginTry(ctx, key, rules, s.Now())
			if !ok || err != nil {
				t.Fatal(i, err)
			}
			if err := at.FailTry(ctx, key, ticket, []byte{byte(i)}); err != nil {
				t.Fatal(err)
			}
		}
		if _, until, ok, err := at.BeginTry(ctx, key, rules, s.Now()); ok || err != nil || !until.After(s.Now()) {
			t.Errorf("admitted: %v until %s", err, until)
		}
		other := models.SignInStores{Store: s.Store}.SignIns(modelstest.MustTenant(t, s.Store, "").ID)
		if _, _, ok, _ := other.BeginTry(ctx, key, rules, s.Now()); !ok {
			t.Error("a lock reaches into another tenant")
		}
		if err := at.ClearTries(ctx, key); err != nil {
			t.Fatal(err)
		}
		ticket, _, ok, _ := at.BeginTry(ctx, key, rules, s.Now())
		if !ok {
			t.Error("cleared, but locked")
		}
		if err := at.RefundTry(ctx, key, ticket); err != nil {
			t.Fatal(err)
		}
		two := []limit.Window{{Span: time.Minute, Max: 2}}
		for i, want := range []bool{true, true, false} {
			store := []signin.Store{at, other}[i%2] // shared by all tenants
			if wait, ok, err := store.Take(ctx, []byte("mailbox"), two, s.Now()); ok != want || err != nil || !want && wait != time.Minute {
				t.Errorf("event %d: %v %s %v", i, ok, wait, err)
			}
		}
		s.Clock.Advance(time.Minute)
		if _, ok, _ := at.Take(ctx, []byte("mailbox"), two, s.Now()); !ok {
			t.Error("a minute later there is room again")
		}
	})
}

func TestSessions(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn := modelstest.MustTenant(t, s.Store, "")
		u := modelstest.MustUser(t, tn, "anna@example.com")
		now := s.Now()
		ses := session.Session{SID: "sid-1", TenantID: tn.ID, UserID: u.ID, AuthTime: now, AMR: []string{"mfa", "pwd"}, MFATime: now, CreatedAt: now, LastSeenAt: now}
		info := signin.SessionInfo{IP: "192.0.2.1", Browser: "Firefox 140", ExpiresAt: now.Add(time.Hour)}
		if err := tn.PutSession(ctx, ses, "first", "", info); err != nil {
			t.Fatal(err)
		}
		if err := tn.PutSession(ctx, ses, "second", "first", info); err != nil {
			t.Fatal(err)
		}
		read := func(tn *models.Tenant, secret string) bool {
			got, ok, err := tn.Session(ctx, secret, s.Now())
			if err != nil {
				t.Fatal(err)
			}
			if ok && (got.SID != "sid-1" || !got.AuthTime.Equal(now) || len(got.AMR) != 2 || !got.MFATime.Equal(now)) {
				t.Errorf("%+v", got)
			}
			return ok
		}
		if read(tn, "first") || !read(tn, "second") || read(tn, "") || read(modelstest.MustTenant(t, s.Store, ""), "second") {
			t.Error("only the newest secret counts, in its tenant")
		}
		for _, app := range []string{"shop", "bank", "shop"} {
			if err := tn.JoinSession(ctx, "sid-1", app, now); err != nil {
				t.Fatal(err)
			}
		}
		if apps := modelstest.Must(tn.SessionClients(ctx, "sid-1"))(t); len(apps) != 2 {
			t.Errorf("%v", apps)
		}
		s.Clock.Advance(50 * time.Minute)
		ses.LastSeenAt, info.ExpiresAt = s.Now(), s.Now().Add(time.Hour)
		if err := tn.TouchSession(ctx, ses, info); err != nil {
			t.Fatal(err)
		}
		s.Clock.Advance(50 * time.Minute)
		if list := modelstest.Must(tn.SessionsOf(ctx, u.ID, s.Now()))(t); !read(tn, "second") || len(list) != 1 || list[0].Browser != "Firefox 140" {
			t.Errorf("sliding: %+v", list)
		}
		if sids := modelstest.Must(tn.EndSessionsOf(ctx, u.ID, "sid-1", "test", s.Now()))(t); len(sids) != 0 || !read(tn, "second") {
			t.Error("all but this one")
		}
		if sids := modelstest.Must(tn.EndSessionsOf(ctx, u.ID, "", "test", s.Now()))(t); len(sids) != 1 || read(tn, "second") {
			t.Error("ended, but alive")
		}
		if got, ok, err := tn.SessionBySID(ctx, "sid-1"); !ok || err != nil || got.RevokedFor != "test" {
			t.Errorf("%+v %v", got, err)
		}
		if list := modelstest.Must(tn.SessionsOf(ctx, u.ID, s.Now()))(t); len(list) != 0 {
			t.Errorf("%+v", list)
		}
	})
}

// gorilla/sessions over the same rows: read once per request, values as JSON, gone when told so.
func TestBrowserSessions(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn := modelstest.MustTenant(t, s, "")
		store := models.BrowserSessions{Tenant: tn, Options: sessions.Options{Path: "/", HttpOnly: true}}
		visit := func(cookie string, f func(*sessions.Session, *http.Request, http.ResponseWriter)) string {
			t.Helper()
			r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(context.Background())
			if cookie != "" {
				r.AddCookie(&http.Cookie{Name: "b", Value: cookie})
			}
			w := httptest.NewRecorder()
			g := modelstest.Must(store.Get(r, "b"))(t)
			if again := modelstest.Must(store.Get(r, "b"))(t); again != g {
				t.Error("read twice in one request")
			}
			f(g, r, w)
			for _, c := range w.Result().Cookies() {
				return c.Value
			}
			return ""
		}
		save := func(g *sessions.Session, r *http.Request, w http.ResponseWriter) {
			t.Helper()
			if err := g.Save(r, w); err != nil {
				t.Fatal(err)
			}
		}
		cookie := visit("made up", func(g *sessions.Session, r *http.Request, w http.ResponseWriter) {
			if !g.IsNew || len(g.Values) != 0 {
				t.Errorf("%+v", g)
			}
			g.Values["flash"] = "saved"
			save(g, r, w)
		})
		if len(cookie) != 43 || cookie == "made up" {
			t.Fatalf("a cookie that somebody made up is not taken over: %q", cookie)
		}
		visit(cookie, func(g *sessions.Session, r *http.Request, w http.ResponseWriter) {
			if g.IsNew || g.Values["flash"] != "saved" || g.Values[models.SSO] != nil {
				t.Errorf("%+v", g.Values)
			}
			g.Options.MaxAge = -1
			save(g, r, w)
		})
		visit(cookie, func(g *sessions.Session, _ *http.Request, _ http.ResponseWriter) {
			if !g.IsNew {
				t.Error("deleted, but alive")
			}
		})
		if err := tn.PutSession(t.Context(), session.Session{SID: "s", UserID: "u", AuthTime: s.Now(), CreatedAt: s.Now(), LastSeenAt: s.Now()}, "secret", "",
			signin.SessionInfo{ExpiresAt: s.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		visit("secret", func(g *sessions.Session, _ *http.Request, _ http.ResponseWriter) {
			if sso, ok := g.Values[models.SSO].(session.Session); !ok || sso.SID != "s" {
				t.Errorf("%+v", g.Values)
			}
		})
	})
}
