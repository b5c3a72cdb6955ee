package models_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

// A database that went away is something to wait for, not a defect; nothing is half done.
func TestALostDatabaseIsUnavailable(t *testing.T) {
	t.Run("postgres", func(t *testing.T) {
		s := modelstest.OpenScratch(t, modelstest.Postgres)
		tn := modelstest.MustTenant(t, s.Store, "fernhill")
		db := raw(t, s)
		err := tn.InTx(t.Context(), func(tn *models.Tenant) error {
			if err := tn.TouchSignIn(t.Context(), "nobody"); err != nil {
				return err
			}
			if _, err := db.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"); err != nil {
				return err
			}
			_, err := tn.Get(t.Context())
			return err
		})
		if !fault.Is(err, fault.Unavailable) || fault.Of(err).RetryAfter == 0 {
			t.Errorf("the connection is cut: %v", err)
		}
		if _, err := tn.Get(t.Context()); err != nil {
			t.Errorf("and a moment later: %v", err)
		}
	})
	t.Run("sqlite", func(t *testing.T) {
		s := modelstest.OpenScratch(t, modelstest.SQLite)
		tn := modelstest.MustTenant(t, s.Store, "fernhill")
		if err := s.FillDisk(); err != nil {
			t.Fatal(err)
		}
		_, err := tn.Update(t.Context(), modelstest.Actor(), func(n *tenant.Tenant) error {
			for i := range 1000 {
				n.Settings.BannedWords = append(n.Settings.BannedWords, fmt.Sprintf("%064d", i))
			}
			return nil
		})
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("the disk is full: %v", err)
		}
		if got, err := tn.Get(t.Context()); err != nil || len(got.Settings.BannedWords) != 0 || got.Version != 1 {
			t.Errorf("something is half done: %+v, %v", got, err)
		}
	})
}

// Both engines keep times to the microsecond and compare them alike, whatever zone they come in.
func TestTimesAreKeptAlike(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		zone := time.FixedZone("Tokyo", 9*3600)
		at := time.Date(2026, 3, 1, 9, 30, 0, 123456789, zone)
		if err := tn.RecordSignIn(t.Context(), entry(at, nil)); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			q    models.SignInQuery
			want int
		}{
			"from the same moment in UTC": {models.SignInQuery{From: at.UTC().Truncate(time.Microsecond)}, 1},
			"from a microsecond later":    {models.SignInQuery{From: at.UTC().Truncate(time.Microsecond).Add(time.Microsecond)}, 0},
			"to an hour later in Tokyo":   {models.SignInQuery{To: at.Add(time.Hour)}, 1},
			"to the same moment":          {models.SignInQuery{To: at.Truncate(time.Microsecond)}, 0},
		} {
			p, err := tn.SignInRows(t.Context(), c.q)
			if err != nil || len(p.Items) != c.want {
				t.Errorf("%s: %d entries, %v", name, len(p.Items), err)
			}
			for _, r := range p.Items {
				if fmt.Sprint(r.CreatedAt.UTC()) != "2026-03-01 00:30:00.123456 +0000 UTC" {
					t.Errorf("%s: kept %v", name, r.CreatedAt)
				}
			}
		}
	})
}

func TestANewDatabaseFileIsPrivate(t *testing.T) {
	s := modelstest.OpenEmpty(t, modelstest.SQLite)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(s.DSN, "sqlite:")
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}
