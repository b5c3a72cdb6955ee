package models_test

import (
	"testing"
	"time"

	"portico/models"
	"portico/models/modelstest"
)

func TestDemoSessionsEndByProviderSessionOrSubject(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		save := func(id, app, sid, sub string, ttl time.Duration) {
			t.Helper()
			if err := s.SaveDemoSession(ctx, models.DemoSessionRow{ID: id, App: app, SID: sid, Subject: sub, Data: []byte(id), ExpiresAt: s.Now().Add(ttl)}); err != nil {
				t.Fatal(err)
			}
		}
		there := func(app, id string, want bool) {
			t.Helper()
			row, ok, err := s.DemoSession(ctx, app, id)
			if err != nil || ok != want || ok && string(row.Data) != id {
				t.Errorf("session %s of %s: %v, %q, %v; want %v", id, app, ok, row.Data, err, want)
			}
		}
		save("old", "market", "s0", "u0", -time.Second)
		save("a", "market", "s1", "u1", time.Hour)
		save("b", "market", "s2", "u1", time.Hour)
		save("c", "auto", "s1", "u1", time.Hour)
		there("market", "old", false)
		there("auto", "a", false) // another application's cookie
		if n, err := s.EndDemoSessions(ctx, "market", "s1", "u1"); n != 1 || err != nil {
			t.Error(n, err)
		}
		there("market", "a", false)
		there("market", "b", true)
		there("auto", "c", true)
		if n, err := s.EndDemoSessions(ctx, "market", "", "u1"); n != 1 || err != nil {
			t.Error(n, err)
		}
		if n, err := s.EndDemoSessions(ctx, "auto", "", ""); n != 0 || err != nil {
			t.Error("a notice without a name ended", n, err)
		}
		there("auto", "c", true)
	})
}
