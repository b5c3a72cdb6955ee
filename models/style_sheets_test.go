package models_test

import (
	"strings"
	"testing"
	"time"

	"portico/app/branding"
	"portico/app/fault"
	"portico/models"
	"portico/models/modelstest"
)

// TestStyleSheetsAreKeptAMonthLonger: a style sheet is there for its tenant alone, as long as it is published and for the
// pages that were sent before.
func TestStyleSheetsAreKeptAMonthLonger(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, sc modelstest.Scratch) {
		s, ctx, by := sc.Store, t.Context(), modelstest.Actor()
		a, b := modelstest.MustTenant(t, s, "alpha"), modelstest.MustTenant(t, s, "bravo")
		publish := func(css string) {
			t.Helper()
			_, err := a.EditPublishedBranding(ctx, by, branding.Company, "", func(d *branding.Document) error {
				d.Languages[""] = branding.Elements{CSS: css}
				return nil
			})
			must(t, err)
		}
		keep := func(tn *models.Tenant, css string) string {
			t.Helper()
			hash, err := tn.KeepStyleSheet(ctx, branding.CompanySheet(css))
			must(t, err)
			return hash
		}
		there := func(tn *models.Tenant, hash string) bool {
			t.Helper()
			sheet, err := tn.StyleSheet(ctx, hash)
			if err != nil && !fault.Is(err, fault.NotFound) {
				t.Fatal(err)
			}
			if err == nil && branding.HashOf([]byte(sheet)) != hash {
				t.Errorf("%s holds something else", hash)
			}
			return err == nil
		}
		purge := func(want int) {
			t.Helper()
			if n, err := a.PurgeStyleSheets(ctx); err != nil || n != want {
				t.Errorf("purged %d, want %d: %v", n, want, err)
			}
		}
		purge(0)
		const green, red = ".ext-title{color:#0b6e4f}", ".ext-title{color:#9b111e}"
		publish(green)
		old := keep(a, green)
		if again := keep(a, green); again != old {
			t.Errorf("the same has two hashes: %s, %s", old, again)
		}
		publish(red)
		now := keep(a, red)
		theirs := keep(b, ".ext-title{color:#224488}")
		for hash, want := range map[string]bool{old: true, now: true, theirs: false, "": false, "x": false, strings.Repeat("0", 64): false, "' OR 1=1 --": false} {
			if there(a, hash) != want {
				t.Errorf("%q: there %v", hash, !want)
			}
		}
		if there(b, old) || !there(b, theirs) {
			t.Error("another tenant's")
		}
		purge(0)
		sc.Clock.Advance(29 * 24 * time.Hour)
		purge(0)
		if !there(a, old) {
			t.Error("a page that was sent before has lost its style sheet")
		}
		sc.Clock.Advance(24 * time.Hour)
		purge(1)
		if there(a, old) || !there(a, now) || !there(b, theirs) {
			t.Error("the wrong ones are gone")
		}
		publish(green) // restored: whoever draws the page keeps it anew
		if keep(a, green) != old || !there(a, old) {
			t.Error("what came back is not there")
		}
		sc.Clock.Advance(29 * 24 * time.Hour)
		keep(a, red) // is used after all
		purge(0)
		sc.Clock.Advance(2 * 24 * time.Hour)
		purge(0)
	})
}
