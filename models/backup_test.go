package models_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portico/app/access"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// furnish fills a database with one of most things.
func furnish(t *testing.T, s *models.Store) *models.Tenant {
	t.Helper()
	tn, work := modelstest.MustTenant(t, s, "fernhill"), modelstest.MustTenant(t, s, "workforce")
	app, _ := modelstest.MustApp(t, tn, "Market", "https://market.example/cb")
	flow := modelstest.MustFlow(t, tn, "Customers", userflow.EmailPassword, app)
	u := modelstest.MustUserWithPassword(t, tn, "anna@example.com", "$argon2id$x")
	markFlow(t, tn, flow, app, u, "House")
	if _, err := tn.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindTOTP, Secret: []byte("seed")}); err != nil {
		t.Fatal(err)
	}
	admin := modelstest.MustUser(t, work, "ada@example.com")
	if _, err := work.AssignRole(t.Context(), modelstest.Actor(), admin.ID, access.Assignment{RoleID: access.GlobalAdministratorID, TenantID: access.AllTenants}); err != nil {
		t.Fatal(err)
	}
	if _, err := work.CreateLink(t.Context(), models.LinkSetup, "", 1e12); err != nil {
		t.Fatal(err)
	}
	for range 450 { // more than two batches
		if err := tn.RecordSignIn(t.Context(), entry(s.Now(), nil)); err != nil {
			t.Fatal(err)
		}
	}
	return tn
}

// state is everything a database holds, as text.
func state(t *testing.T, s *models.Store) string {
	t.Helper()
	dump, err := s.Dump(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return dump
}

func TestCopyKeepsEverythingInBothDirections(t *testing.T) {
	for _, c := range [][2]string{{modelstest.SQLite, modelstest.Postgres}, {modelstest.Postgres, modelstest.SQLite}} {
		t.Run(c[0]+" to "+c[1], func(t *testing.T) {
			from, to := modelstest.OpenScratch(t, c[0]), modelstest.OpenScratch(t, c[1])
			tn := furnish(t, from.Store)
			report, err := models.Copy(t.Context(), from.Store, to.Store)
			if err != nil {
				t.Fatal(err)
			}
			if len(report) != len(models.Tables()) {
				t.Errorf("%d tables copied of %d", len(report), len(models.Tables()))
			}
			if a, b := state(t, from.Store), state(t, to.Store); a != b {
				t.Errorf("the copy differs:\n%s", firstDifference(a, b))
			}
			there := to.Tenant(tn.ID)
			if p, err := there.Users(t.Context(), models.UserQuery{Search: "nna@exam"}); err != nil || len(p.Items) != 1 {
				t.Errorf("search in the copy: %+v, %v", p.Items, err)
			} else if cs, err := there.Credentials(t.Context(), p.Items[0].ID, models.KindTOTP); err != nil || string(cs[0].Secret) != "seed" {
				t.Errorf("sealed secret in the copy: %+v, %v", cs, err)
			}
			if _, err := models.Copy(t.Context(), from.Store, to.Store); !errors.Is(err, models.ErrNotEmpty) {
				t.Errorf("copying onto something: %v", err)
			}
			if a, b := state(t, from.Store), state(t, to.Store); a != b {
				t.Error("the refused copy changed the target")
			}
		})
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("- %s\n+ %s", x[i], y[i])
		}
	}
	return "one is longer"
}

func TestBackupAndRestore(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		furnish(t, s.Store)
		want := state(t, s.Store)
		file := filepath.Join(t.TempDir(), "backup.db")
		if err := s.Backup(t.Context(), file); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the backup's mode is %v, %v", info.Mode(), err)
		}
		if err := s.Backup(t.Context(), file); err == nil {
			t.Error("a backup was overwritten")
		}
		for _, engine := range []string{modelstest.SQLite, modelstest.Postgres} {
			target := modelstest.OpenScratch(t, engine)
			_ = target.Close()
			kept, err := models.Restore(t.Context(), file, target.DSN, modelstest.Sealer(t), target.Clock.Now)
			if err != nil {
				t.Fatalf("%s: %v", engine, err)
			}
			if engine == modelstest.SQLite {
				if _, err := os.Stat(kept); err != nil {
					t.Errorf("the former database is gone: %v", err)
				}
			}
			if got := state(t, target.Again(t)); got != want {
				t.Errorf("%s: what was restored differs:\n%s", engine, firstDifference(want, got))
			}
		}
		if left, _ := filepath.Glob(file + "*"); len(left) != 1 {
			t.Errorf("files beside the backup: %v", left)
		}
	})
}

func TestBadBackupsAreRefused(t *testing.T) {
	s := modelstest.OpenScratch(t, modelstest.SQLite)
	furnish(t, s.Store)
	dir := t.TempDir()
	good := filepath.Join(dir, "good.db")
	if err := s.Backup(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	damaged := append([]byte(nil), content...)
	for i := 40 * 4096; i < 60*4096; i++ {
		damaged[i] = 0xAA
	}
	target := modelstest.OpenScratch(t, modelstest.SQLite)
	_ = target.Close()
	for name, b := range map[string][]byte{"damaged": damaged, "cut": content[:len(content)/2], "text": []byte("not a database at all"), "empty": {}} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := models.Restore(t.Context(), path, target.DSN, modelstest.Sealer(t), target.Clock.Now); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
	if _, err := models.Restore(t.Context(), filepath.Join(dir, "missing"), target.DSN, modelstest.Sealer(t), nil); err == nil {
		t.Error("missing: restored")
	}
	if got, err := target.Again(t).Tenants(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("a refused restore touched the database: %v, %v", got, err)
	}
	// A database in use is not replaced under its users.
	inUse := modelstest.OpenScratch(t, modelstest.SQLite)
	if _, err := inUse.Tenants(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := models.Restore(t.Context(), good, inUse.DSN, modelstest.Sealer(t), nil); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a database in use: %v", err)
	}
}
