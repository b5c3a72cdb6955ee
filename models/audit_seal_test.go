package models_test

import (
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"portico/app/audit"
	"portico/models"
	"portico/models/modelstest"
)

func TestAuditBlocks(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		dir, other := s.Tenant(models.NewID()), s.Tenant(models.NewID())
		write := func(to *models.Tenant, n int) {
			t.Helper()
			for i := range n {
				s.Clock.Advance(time.Millisecond)
				if err := to.WriteAudit(ctx, audit.System("test"), audit.Event{Activity: fmt.Sprint("change ", i), Category: "Policy",
					Operation: "Update", Target: audit.Target{Kind: "policy", ID: "p"}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		seal := func(want int64) models.AuditBlockRow {
			t.Helper()
			b, ok, err := dir.SealAudits(ctx)
			if err != nil || ok != (want > 0) || b.Number != want {
				t.Fatalf("block %d (%v, %v), want %d", b.Number, ok, err, want)
			}
			return b
		}
		verify := func(blocks int, good bool) {
			t.Helper()
			f, err := dir.CheckAudits(ctx, models.AuditCheck{})
			if err != nil || (f.Problem == nil) != good || good && f.Blocks != blocks {
				t.Fatalf("%+v, %v; want %d blocks, good %v", f, err, blocks, good)
			}
		}
		seal(0)
		write(dir, 3)
		write(other, 1)
		seal(0) // too fresh
		s.Clock.Advance(3 * time.Second)
		first := seal(1)
		seal(0)
		write(dir, 2)
		s.Clock.Advance(3 * time.Second)
		second := seal(2)
		if first.Rows != 3 || second.Rows != 2 || second.Previous != first.Hash {
			t.Errorf("%+v then %+v", first, second)
		}
		verify(2, true)

		list, err := dir.Audits(ctx, models.AuditQuery{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ name, change, undo string }{
			{"a changed row", "UPDATE audits SET activity = 'nothing' WHERE id = ?", "UPDATE audits SET activity = ? WHERE id = ?"},
			{"a row taken out of its block", "UPDATE audits SET block = '' WHERE id = ?", "UPDATE audits SET block = ? WHERE id = ?"},
		} {
			e := list.Items[0]
			tamper(t, s, c.change, e.ID)
			verify(2, false)
			back := map[string]string{"a changed row": e.Activity, "a row taken out of its block": second.ID}[c.name]
			tamper(t, s, c.undo, back, e.ID)
			verify(2, true)
		}

		if n, err := dir.PurgeAudits(ctx, audit.System("test"), first.LastAt.Add(time.Millisecond), 10); n != 1 || err != nil {
			t.Errorf("purged %d, %v", n, err)
		}
		verify(2, true)
		if list, _ := dir.Audits(ctx, models.AuditQuery{Limit: 10}); len(list.Items) != 3 { // two, and the purge
			t.Errorf("%d rows left", len(list.Items))
		}
		tamper(t, s, "DELETE FROM audit_blocks WHERE id = ?", first.ID)
		verify(2, false)
	})
}

func TestAuditSealingIsForOne(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		dir := s.Tenant(models.NewID())
		for range 20 {
			if err := dir.WriteAudit(ctx, audit.System("test"), audit.Event{Activity: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		s.Clock.Advance(3 * time.Second)
		stores := []*models.Store{s.Store, s.Again(t)}
		var group sync.WaitGroup
		for i := range 6 {
			group.Go(func() { _, _, _ = stores[i%2].Tenant(dir.ID).SealAudits(ctx) }) // all but one may fail
		}
		group.Wait()
		if f, err := dir.CheckAudits(ctx, models.AuditCheck{}); f.Blocks != 1 || f.Rows != 20 || f.Problem != nil || err != nil {
			t.Errorf("%+v, %v", f, err)
		}
	})
}

// tamper changes the database behind the program's back.
func tamper(t *testing.T, s modelstest.Scratch, statement string, args ...any) {
	t.Helper()
	driver, dsn := "pgx", s.DSN
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		driver, dsn = "sqlite", path
	} else {
		for i := range args {
			statement = strings.Replace(statement, "?", fmt.Sprintf("$%d", i+1), 1)
		}
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement, args...); err != nil {
		t.Fatal(err)
	}
}
