package models_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

// chain writes three blocks and two entries that no block covers.
func chain(t *testing.T, s modelstest.Scratch, dir *models.Tenant) (hashes map[int64]string) {
	t.Helper()
	hashes = map[int64]string{}
	write := func(n int) {
		for i := range n {
			s.Clock.Advance(time.Millisecond)
			if err := dir.WriteAudit(t.Context(), audit.Actor{Kind: audit.ActorUser, ID: "anna", Name: "Anna", IP: "192.0.2.1", CorrelationID: "c"},
				audit.Event{Activity: fmt.Sprint("change ", i), Category: "Policy", Operation: "Update", Target: audit.Target{Kind: "policy", ID: "p", Name: "P"},
					Changes: []audit.Change{{Property: "name", Old: "a", New: "<b>"}}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 3 {
		write(4)
		s.Clock.Advance(time.Minute)
		b, ok, err := dir.SealAudits(t.Context())
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		hashes[b.Number] = b.Hash
	}
	write(2)
	return hashes
}

// One byte anywhere in the log, a row too many or too few, rows that changed places, a chain that was written
// anew: the verifier finds each, on both engines.
func TestTheVerifierFindsOneFlippedByte(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		dir := modelstest.MustTenant(t, s.Store, "shop")
		hashes := chain(t, s, dir)
		check := func(c models.AuditCheck) models.AuditFinding {
			t.Helper()
			f, err := dir.CheckAudits(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		sound := check(models.AuditCheck{Anchors: hashes})
		if sound.Problem != nil || sound.Blocks != 3 || sound.Rows != 13 || sound.Unsealed != 2 || sound.Anchored != 3 || sound.LastHash != hashes[3] {
			t.Fatalf("untouched: %+v %v", sound, sound.Problem)
		}
		for _, table := range []string{"audits", "audit_blocks"} {
			tamper(t, s, "CREATE TABLE kept_"+table+" AS SELECT * FROM "+table)
		}
		middle := "(SELECT id FROM audits WHERE block = (SELECT id FROM audit_blocks WHERE number = 2) ORDER BY id LIMIT 1)"
		text := func(table, column, where string) string {
			return fmt.Sprintf("UPDATE %s SET %s = 'X' || substr(%s, 2) WHERE %s", table, column, column, where)
		}
		row, block := "id = "+middle, "number = 2"
		cases := map[string]string{
			"a row's time":                       "UPDATE audits SET created_at = (SELECT max(created_at) FROM audits) WHERE " + row,
			"a row's id":                         text("audits", "id", row),
			"a row's tenant":                     text("audits", "tenant_id", row),
			"a row's block":                      text("audits", "block", row),
			"a row out of the chain":             "UPDATE audits SET block = '' WHERE " + row,
			"a deleted row":                      "DELETE FROM audits WHERE " + row,
			"a block's number":                   "UPDATE audit_blocks SET number = 9 WHERE " + block,
			"a block's rows":                     "UPDATE audit_blocks SET rows = 5 WHERE " + block,
			"a block's first time":               "UPDATE audit_blocks SET first_at = last_at WHERE " + block,
			"a block's last time":                "UPDATE audit_blocks SET last_at = created_at WHERE " + block,
			"a block's own time":                 "UPDATE audit_blocks SET created_at = last_at WHERE " + block,
			"a block's id":                       text("audit_blocks", "id", block),
			"a deleted block":                    "DELETE FROM audit_blocks WHERE " + block,
			"the first block":                    "DELETE FROM audit_blocks WHERE number = 1",
			"a block called purged":              "UPDATE audit_blocks SET purged = true WHERE " + block,
			"an added row":                       "INSERT INTO audits SELECT " + columnsBut(s, "audits", "id", "'new'") + " FROM audits WHERE " + row,
			"an added row of long ago, unsealed": "INSERT INTO audits SELECT " + columnsBut(s, "audits", "id", "'new'", "block", "''", "created_at", "'2020-01-01 00:00:00+00:00'") + " FROM audits WHERE " + row,
			"two rows that changed places": "UPDATE audits SET activity = CASE activity WHEN 'change 0' THEN 'change 1' WHEN 'change 1' THEN 'change 0' ELSE activity END " +
				"WHERE block = (SELECT id FROM audit_blocks WHERE number = 2)",
		}
		for _, column := range []string{"activity", "category", "operation", "result", "actor_kind", "actor_id", "actor_name", "actor_ip", "target_kind", "target_id",
			"target_name", "changes", "correlation_id"} {
			cases["a row's "+column] = text("audits", column, row)
		}
		for _, column := range []string{"previous", "content", "hash"} {
			cases["a block's "+column] = text("audit_blocks", column, block)
		}
		for name, statement := range cases {
			tamper(t, s, statement)
			f := check(models.AuditCheck{})
			if f.Problem == nil {
				t.Errorf("%s is not noticed", name)
			}
			for _, table := range []string{"audits", "audit_blocks"} {
				tamper(t, s, "DELETE FROM "+table)
				tamper(t, s, "INSERT INTO "+table+" SELECT * FROM kept_"+table)
			}
			if f := check(models.AuditCheck{Anchors: hashes}); f.Problem != nil {
				t.Fatalf("after %s was undone: %v", name, f.Problem)
			}
		}

		// Everything after a change written anew hangs together; only the anchors know better.
		tamper(t, s, "UPDATE audits SET activity = 'nothing' WHERE block = (SELECT id FROM audit_blocks WHERE number = 3)")
		tamper(t, s, "UPDATE audits SET block = '' WHERE block = (SELECT id FROM audit_blocks WHERE number = 3)")
		tamper(t, s, "DELETE FROM audit_blocks WHERE number = 3")
		s.Clock.Advance(time.Minute)
		if _, ok, err := dir.SealAudits(t.Context()); !ok || err != nil {
			t.Fatal(err)
		}
		if f := check(models.AuditCheck{}); f.Problem != nil {
			t.Errorf("the rewritten chain: %v", f.Problem)
		}
		if f := check(models.AuditCheck{Anchors: hashes}); f.Problem == nil || f.Problem.Block != 3 || !strings.Contains(f.Problem.Text, "rewritten") {
			t.Errorf("with anchors: %+v", f.Problem)
		}
		tamper(t, s, "DELETE FROM audit_blocks WHERE number = 3")
		tamper(t, s, "DELETE FROM audits WHERE block NOT IN (SELECT id FROM audit_blocks)")
		if f := check(models.AuditCheck{Anchors: hashes}); f.Problem == nil || f.Problem.Block != 3 {
			t.Errorf("a chain without its end: %+v", f.Problem)
		}
		// A newer part can be checked alone.
		if f := check(models.AuditCheck{Newest: 1}); f.Problem != nil || f.Blocks != 1 {
			t.Errorf("the newest: %+v", f)
		}
	})
}

// A log that was emptied is noticed, also when it goes on afterwards; so is one whose tenant is gone.
func TestAnEmptiedLogIsNoticed(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		dir := modelstest.MustTenant(t, s.Store, "shop")
		check := func(what string, c models.AuditCheck, says string) models.AuditFinding {
			t.Helper()
			f, err := dir.CheckAudits(t.Context(), c)
			if err != nil || (f.Problem == nil) != (says == "") || f.Problem != nil && !strings.Contains(f.Problem.Error(), says) {
				t.Errorf("%s: %+v %v, %v", what, f, f.Problem, err)
			}
			return f
		}
		if f := check("a new tenant", models.AuditCheck{}, ""); f.Unsealed != 1 || !f.Oldest.Equal(s.Now()) {
			t.Errorf("unsealed: %+v", f)
		}
		s.Clock.Advance(time.Hour)
		hashes := chain(t, s, dir)
		check("a log", models.AuditCheck{}, "")
		tamper(t, s, "DELETE FROM audits")
		tamper(t, s, "DELETE FROM audit_blocks")
		check("an empty one", models.AuditCheck{}, "it is empty")
		check("its newest part", models.AuditCheck{Newest: 1}, "it is empty")
		check("since", models.AuditCheck{Since: s.Now()}, "it is empty")
		if f := check("an anchor of it", models.AuditCheck{Anchors: hashes}, "an anchor names it"); strings.Contains(f.Problem.Error(), "0001") {
			t.Error(f.Problem.Error())
		}
		chain(t, s, dir)
		check("one that goes on", models.AuditCheck{}, "what came before was deleted")

		if lost, err := s.LostTenants(t.Context()); err != nil || len(lost) != 0 {
			t.Errorf("lost: %v %v", lost, err)
		}
		tamper(t, s, "DELETE FROM audit_blocks")
		tamper(t, s, "DELETE FROM tenants")
		if lost, err := s.LostTenants(t.Context()); err != nil || len(lost) != 1 || lost[0] != dir.ID {
			t.Errorf("lost: %v %v", lost, err)
		}
	})
}

// columnsBut lists the columns of a table, some replaced by expressions.
func columnsBut(s modelstest.Scratch, table string, replace ...string) string {
	columns := strings.Fields("id tenant_id created_at activity category operation result actor_kind actor_id actor_name actor_ip target_kind target_id target_name changes correlation_id block")
	for i := 0; i < len(replace); i += 2 {
		for j, c := range columns {
			if c == replace[i] {
				columns[j] = replace[i+1]
				if c == "created_at" && s.Engine == modelstest.Postgres {
					columns[j] += "::timestamptz"
				}
			}
		}
	}
	return strings.Join(columns, ", ")
}

// Purging leaves a chain that can be checked, and says how far it went: more than that is noticed.
func TestPurgedBlocksStayAChain(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		dir := modelstest.MustTenant(t, s.Store, "shop")
		hashes := chain(t, s, dir)
		if n, err := dir.PurgeAudits(t.Context(), audit.System("test"), s.Now().Add(-90*time.Second), 10); n != 2 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		check := func(good bool) {
			t.Helper()
			f, err := dir.CheckAudits(t.Context(), models.AuditCheck{Anchors: hashes})
			if err != nil || (f.Problem == nil) != good || good && (f.Purged != 2 || f.Blocks != 3) {
				t.Errorf("%+v %v %v, want good %v", f, f.Problem, err, good)
			}
		}
		check(true)
		tamper(t, s, "UPDATE audit_blocks SET last_at = first_at WHERE number = 1")
		check(false)
		tamper(t, s, "UPDATE audit_blocks SET last_at = (SELECT last_at FROM audit_blocks WHERE number = 2) WHERE number = 1")
		check(false)
	})
}

// An exported log is verified without a database, byte by byte.
func TestAnExportedLogIsVerifiedOnItsOwn(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		dir := modelstest.MustTenant(t, s.Store, "shop")
		hashes := chain(t, s, dir)
		var file bytes.Buffer
		n, err := dir.ExportAudits(t.Context(), time.Time{}, time.Time{}, &file)
		if err != nil || n != 15 {
			t.Fatalf("%d entries, %v", n, err)
		}
		check := func(b []byte) (models.AuditFinding, error) {
			_, f, err := models.CheckAuditFile(bytes.NewReader(b), func(of tenant.Tenant) map[int64]string {
				if of.ID == dir.ID {
					return hashes
				}
				return nil
			})
			return f, err
		}
		whole := file.Bytes()
		if f, err := check(whole); err != nil || f.Problem != nil || f.Blocks != 3 || f.Rows != 13 || f.Unsealed != 2 || f.Anchored != 3 {
			t.Fatalf("%+v %v %v", f, f.Problem, err)
		}
		lines := bytes.SplitAfter(whole, []byte("\n"))
		for i, line := range lines[1 : len(lines)-1] {
			if bytes.HasPrefix(line, []byte(`{"unsealed"`)) {
				continue
			}
			if f, err := check(bytes.Join(append(append([][]byte{}, lines[:i+1]...), lines[i+2:]...), nil)); err == nil && f.Problem == nil {
				t.Errorf("the file without line %d passes: %s", i+2, line)
			}
			if bytes.HasPrefix(line, []byte(`{"end"`)) {
				continue
			}
			from := bytes.IndexByte(line[2:], '{') + 2
			for at := from; at < len(line)-2; at += 7 {
				changed := bytes.Clone(whole)
				position := len(bytes.Join(lines[:i+1], nil)) + at
				changed[position] ^= 1
				if f, err := check(changed); err == nil && f.Problem == nil {
					t.Errorf("line %d passes with another byte %d: %s", i+2, at, changed[position-at:position+10])
				}
			}
		}
		var part bytes.Buffer
		if _, err := dir.ExportAudits(context.Background(), s.Now().Add(-130*time.Second), s.Now().Add(-30*time.Second), &part); err != nil {
			t.Fatal(err)
		}
		if f, err := check(part.Bytes()); err != nil || f.Problem != nil || f.Blocks == 0 || f.Blocks == 3 || f.Unsealed != 0 {
			t.Errorf("a part: %+v %v %v", f, f.Problem, err)
		}
		if _, err := check([]byte("{}\n")); err == nil {
			t.Error("something else was taken for a log")
		}
	})
}
