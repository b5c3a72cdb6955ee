package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestTheAuditLogIsVerifiedOffline walks an operator's way: the log is sealed, its hashes are kept elsewhere,
// somebody changes one byte of the database, and the command says which tenant, which block and when.
func TestTheAuditLogIsVerifiedOffline(t *testing.T) {
	t.Chdir(t.TempDir())
	at := time.Now().Truncate(time.Second)
	command := func(want int, args ...string) string {
		t.Helper()
		var out, log bytes.Buffer
		code := run(context.Background(), args, world{stdin: strings.NewReader(""), stdout: &out, stderr: &log, now: func() time.Time { return at }})
		if code != want {
			t.Fatalf("app %v ended with %d, want %d: %s %s", args, code, want, out.String(), log.String())
		}
		return out.String() + log.String()
	}
	wants := func(said string, words ...string) {
		t.Helper()
		for _, w := range words {
			if !strings.Contains(said, w) {
				t.Errorf("it does not say %q: %s", w, said)
			}
		}
	}
	seal := func() {
		t.Helper()
		at = at.Add(time.Minute)
		p, staff, err := openStaff(context.Background(), world{stdout: os.Stdout, stderr: os.Stderr, now: func() time.Time { return at }})
		if err != nil {
			t.Fatal(err)
		}
		defer p.close()
		if _, ok, err := staff.SealAudits(context.Background()); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	command(0, "admin", "create", "--email", "anna@example.com")
	seal()
	command(0, "admin", "create", "--email", "bert@example.com")
	seal()
	wants(command(0, "audit", "verify"), "workforce", "good", "2 blocks")

	kept := command(0, "audit", "anchors", "--tenant", "workforce")
	if err := os.WriteFile("kept.jsonl", []byte(kept), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(command(0, "audit", "verify", "--anchors", "kept.jsonl"), "2 anchors compared")
	wants(command(0, "audit", "export", "--tenant", "workforce", "log.ndjson"), "entries of workforce")
	wants(command(0, "audit", "verify", "log.ndjson", "--anchors", "kept.jsonl"), "good", "2 anchors compared")
	command(1, "audit", "export", "--tenant", "workforce", "log.ndjson") // it is there already
	if said := command(1, "audit", "verify", "--tenant", "nobody"); !strings.Contains(said, "there is no tenant") {
		t.Error(said)
	}

	db, err := sql.Open("sqlite", "data/portico.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("UPDATE audits SET actor_name = 'app admin reset' WHERE id = (SELECT min(id) FROM audits WHERE activity = 'Add member to role')"); err != nil {
		t.Fatal(err)
	}
	wants(command(1, "audit", "verify"), "CHANGED", "audit block 1", "one of its entries was changed")
	wants(command(0, "audit", "verify", "--since", at.Add(-time.Second).UTC().Format(time.RFC3339)), "good")

	file, err := os.ReadFile("log.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("forged.ndjson", bytes.Replace(file, []byte("anna@example.com"), []byte("ANNA@example.com"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(command(1, "audit", "verify", "forged.ndjson"), "CHANGED")
	wants(command(1, "audit", "verify", "--since", "yesterday"), "is no time")

	// What is not sealed for long is warned of; an emptied log, and one of a tenant that is gone, are wrong.
	command(0, "admin", "create", "--email", "carl@example.com")
	if said := command(1, "audit", "verify"); strings.Contains(said, "warning") {
		t.Error(said)
	}
	at = at.Add(11 * time.Minute)
	wants(command(0, "audit", "verify", "--since", at.Add(-12*time.Minute).UTC().Format(time.RFC3339)), "good", "entries not sealed yet", "warning: the oldest entry")
	for _, statement := range []string{"DELETE FROM audits", "DELETE FROM audit_blocks"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	wants(command(1, "audit", "verify"), "CHANGED", "it is empty")
	if _, err := db.Exec("INSERT INTO audit_blocks (id, tenant_id, number, hash, previous, content, rows, purged, first_at, last_at, created_at) VALUES ('x', 'ghost', 1, '', '', '', 0, true, '2026-01-01', '2026-01-01', '2026-01-01')"); err != nil {
		t.Fatal(err)
	}
	wants(command(1, "audit", "verify"), "ghost", "the tenant itself is gone")
}

// TestAnchorsAreReadFromAnyLog: the program's lines in both formats, with what collectors write before them.
func TestAnchorsAreReadFromAnyLog(t *testing.T) {
	hash := strings.Repeat("0a", 32)
	for _, c := range []struct {
		line string
		want string
	}{
		{`{"time":"x","level":"INFO","msg":"audit log sealed","tenant":"shop","block":3,"rows":2,"hash":"` + hash + `"}`, "shop 3"},
		{`Nov 22 host app[1]: {"msg":"audit log sealed","tenant":"shop","block":3,"hash":"` + hash + `"}`, "shop 3"},
		{`time=x level=INFO msg="audit log sealed" tenant=shop block=12 rows=2 hash=` + hash, "shop 12"},
		{`{"tenant":"shop","block":1,"until":"2026-01-01T00:00:00Z","hash":"` + hash + `"}`, "shop 1"},
		{`{"tenant":"shop","block":1,"hash":"short"}`, ""},
		{`time=x level=INFO msg="something else" tenant=shop block=12 hash=` + hash, ""},
		{`plain words`, ""},
	} {
		slug, number, got, ok := anchorOf(c.line)
		said := ""
		if ok && got == hash {
			said = fmt.Sprint(slug, " ", number)
		}
		if said != c.want {
			t.Errorf("%s: %q, want %q", c.line, said, c.want)
		}
	}
}
