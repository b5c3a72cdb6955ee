package models_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"portico/app/fault"
	"portico/models"
	"portico/models/modelstest"
)

// TestPortalHandoffIsUsedOnce: of many browsers with one code, one gets the session; the store keeps no
// secret in the clear.
func TestPortalHandoffIsUsedOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, staff := t.Context(), modelstest.MustTenant(t, s, "workforce")
		must(t, staff.BeginPortalSession(ctx, models.PortalSessionRow{UserID: "u", ReturnTo: "/admin"}, "code", "browser"))
		if _, err := staff.ClaimPortalSession(ctx, "code", "another browser", "secret"); !fault.Is(err, fault.Expired) {
			t.Fatalf("another browser got %v", err)
		}
		const n = 50
		won := make([]bool, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				_, err := staff.ClaimPortalSession(ctx, "code", "browser", fmt.Sprint("secret", i))
				won[i] = err == nil
				if err != nil && !fault.Is(err, fault.Expired) {
					t.Errorf("claim %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		winners := 0
		for i, w := range won {
			row, err := staff.PortalSession(ctx, fmt.Sprint("secret", i), true)
			if (err == nil) != w {
				t.Errorf("secret %d: won %v, session %v", i, w, err)
			}
			if w {
				if winners++; row.UserID != "u" || row.Secret == nil || *row.Secret == fmt.Sprint("secret", i) {
					t.Errorf("the session is %+v", row)
				}
			}
		}
		if winners != 1 {
			t.Errorf("%d browsers won", winners)
		}
	})
}

// TestPortalFlashIsShownOnceOnItsPage: a new secret waits sealed for the one page that shows it.
func TestPortalFlashIsShownOnceOnItsPage(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, staff := t.Context(), modelstest.MustTenant(t, s, "workforce")
		must(t, staff.BeginPortalSession(ctx, models.PortalSessionRow{UserID: "u"}, "code", "browser"))
		row, err := staff.ClaimPortalSession(ctx, "code", "browser", "secret")
		must(t, err)
		must(t, staff.SetFlash(ctx, row.ID, models.PortalFlash{Path: "/admin/a", Text: "made", Secret: "visible-once"}))
		row, err = staff.PortalSession(ctx, "secret", true)
		must(t, err)
		if string(row.Flash) == "" || string(row.Flash) == "visible-once" {
			t.Error("the notice is not sealed")
		}
		if f, err := staff.TakeFlash(ctx, row, "/admin/b"); f != nil || err != nil {
			t.Errorf("another page got %+v, %v", f, err)
		}
		if f, err := staff.TakeFlash(ctx, row, "/admin/a"); err != nil || f == nil || f.Secret != "visible-once" {
			t.Errorf("the page got %+v, %v", f, err)
		}
		if f, err := staff.TakeFlash(ctx, row, "/admin/a"); f != nil || err != nil {
			t.Errorf("it came twice: %+v, %v", f, err)
		}
	})
}

func TestPortalSessionsEndAndArePurged(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, staff := t.Context(), modelstest.MustTenant(t, s.Store, "workforce")
		must(t, staff.BeginPortalSession(ctx, models.PortalSessionRow{UserID: "u"}, "late", "browser"))
		s.Clock.Advance(3 * time.Minute)
		if _, err := staff.ClaimPortalSession(ctx, "late", "browser", "secret"); !fault.Is(err, fault.Expired) {
			t.Errorf("an old code worked: %v", err)
		}
		must(t, staff.BeginPortalSession(ctx, models.PortalSessionRow{UserID: "u"}, "code", "browser"))
		_, err := staff.ClaimPortalSession(ctx, "code", "browser", "secret")
		must(t, err)
		must(t, s.Store.PurgePortalSessions(ctx))
		if _, err := staff.PortalSession(ctx, "secret", true); err != nil {
			t.Errorf("the purge took a live session: %v", err)
		}
		must(t, staff.EndPortalSessionsOf(ctx, "u"))
		if _, err := staff.PortalSession(ctx, "secret", true); !fault.Is(err, fault.Expired) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// TestClientMistakesAreFoldedAndBounded: the same mistake again is one row with a count, and a stranger
// who makes many keeps only the newest.
func TestClientMistakesAreFoldedAndBounded(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, tn := t.Context(), modelstest.MustTenant(t, s.Store, "")
		for range 3 {
			must(t, tn.NoteClientMistake(ctx, "client", models.MistakeRedirectURI, "https://a", "https://b"))
			must(t, tn.NoteClientMistake(ctx, "client", models.MistakeRedirectURI, "https://a", "https://b")) // within the fold
			s.Clock.Advance(5 * time.Second)
		}
		got, err := tn.ClientMistakes(ctx, "client", s.Clock.Now().Add(-time.Hour))
		if err != nil || len(got) != 1 || got[0].Count != 3 {
			t.Fatalf("%+v, %v", got, err)
		}
		for i := range 60 {
			s.Clock.Advance(time.Second)
			must(t, tn.NoteClientMistake(ctx, "client", models.MistakeScope, fmt.Sprint("scope\x00", i), ""))
		}
		got, err = tn.ClientMistakes(ctx, "client", s.Clock.Now().Add(-time.Hour))
		if err != nil || len(got) != 20 || got[0].Given != "scope59" {
			t.Errorf("%d kept, newest %+v, %v", len(got), got[0], err)
		}
		other := modelstest.MustTenant(t, s.Store, "")
		if got, err := other.ClientMistakes(ctx, "client", time.Time{}); err != nil || len(got) != 0 {
			t.Errorf("another tenant sees %+v, %v", got, err)
		}
		must(t, tn.ForgetClientMistakes(ctx, modelstest.Actor(), "client"))
		if got, err := tn.ClientMistakes(ctx, "client", time.Time{}); err != nil || len(got) != 0 {
			t.Errorf("forgotten: %+v, %v", got, err)
		}
	})
}
