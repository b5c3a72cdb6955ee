package models_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"

	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// schema describes everything in a database but its data, one thing per line.
func schema(t *testing.T, s modelstest.Scratch) string {
	t.Helper()
	query := `SELECT 'column ' || m.name || '.' || c.name || ' ' || c.type || ' null=' || (c."notnull" = 0) || ' key=' || c.pk || ' default=' || coalesce(c.dflt_value, '')
		FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'migrations'
		UNION ALL SELECT m.type || ' ' || m.name || ' ' || coalesce(m.sql, '') FROM sqlite_master m
		WHERE m.type <> 'table' AND m.name NOT LIKE 'sqlite_%' AND m.tbl_name <> 'migrations'
		UNION ALL SELECT 'virtual ' || sql FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'`
	if s.Engine == modelstest.Postgres {
		query = `SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || coalesce(character_maximum_length::text, '') || ' null=' || is_nullable
			|| ' default=' || coalesce(column_default, '') || ' collate=' || coalesce(collation_name, '')
			FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'migrations'
			UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'migrations'
			UNION ALL SELECT 'extension ' || extname FROM pg_extension`
	}
	rows, err := raw(t, s).Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.Join(strings.Fields(strings.NewReplacer("`", "", `"`, "", " IF NOT EXISTS", "").Replace(line)), " "))
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func onEmpty(t *testing.T, f func(t *testing.T, s modelstest.Scratch)) {
	t.Helper()
	for _, engine := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(engine, func(t *testing.T) { f(t, modelstest.OpenEmpty(t, engine)) })
	}
}

// What the migrations make is what the rows say, so that neither can be changed without the other.
func TestFreshEqualsMigratedEqualsRows(t *testing.T) {
	onEmpty(t, func(t *testing.T, migrated modelstest.Scratch) {
		if err := migrated.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		rows := modelstest.OpenEmpty(t, migrated.Engine)
		if _, err := rows.SchemaFromRows(t.Context()); err != nil {
			t.Fatal(err)
		}
		a, b := schema(t, migrated), schema(t, rows)
		if a == b {
			return
		}
		have, want := map[string]bool{}, map[string]bool{}
		for line := range strings.SplitSeq(a, "\n") {
			have[line] = true
		}
		for line := range strings.SplitSeq(b, "\n") {
			if want[line] = true; !have[line] {
				t.Errorf("the rows say, and no migration makes: %s", line)
			}
		}
		for line := range have {
			if !want[line] {
				t.Errorf("the migrations make, and no row says: %s", line)
			}
		}
		t.Log("append a migration: see migrations() in migrate.go")
	})
}

func TestMigratingTogetherAndAgainIsHarmless(t *testing.T) {
	onEmpty(t, func(t *testing.T, s modelstest.Scratch) {
		var wg sync.WaitGroup
		errs := make(chan error, 8)
		for i := range 8 {
			store := s.Store
			if i > 0 {
				store = s.Again(t)
			}
			wg.Go(func() { errs <- store.Migrate(t.Context()) })
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		before := schema(t, s)
		if err := s.Migrate(t.Context()); err != nil || schema(t, s) != before {
			t.Errorf("once more: %v", err)
		}
		modelstest.MustTenant(t, s.Store, "")
	})
}

// Flows of before 0002 named custom attributes that nothing defined: they go on, and so do people inside them.
func TestFlowsOfAnOlderVersionGoOn(t *testing.T) {
	onEmpty(t, func(t *testing.T, s modelstest.Scratch) {
		if err := s.MigrateTo(t.Context(), "0001"); err != nil {
			t.Fatal(err)
		}
		db, tenantID, flowID := raw(t, s), models.NewID(), models.NewID()
		bind := func(query string) string {
			if s.Engine == modelstest.Postgres {
				for i := 1; strings.Contains(query, "?"); i++ {
					query = strings.Replace(query, "?", fmt.Sprintf("$%d", i), 1)
				}
			}
			return query
		}
		exec := func(query string, args ...any) {
			t.Helper()
			if _, err := db.Exec(bind(query), args...); err != nil {
				t.Fatal(err)
			}
		}
		at := s.Clock.Now()
		exec("INSERT INTO tenants (id, slug, name, kind, plan, disabled, default_locale, settings, version, created_at) VALUES (?, 'old', 'Old', 'customer', 'standard', false, 'en', '{}', 1, ?)", tenantID, at)
		exec("INSERT INTO user_flows (id, tenant_id, name, published, created_at, updated_at) VALUES (?, ?, 'Customers', 2, ?, ?)", flowID, tenantID, at, at)
		for version, doc := range map[int]string{
			1: `{"name":"Customers","attributes":null}`,
			2: `{"id":"x","name":"Customers","version":2,"signUpMethod":"emailCode","signInMethods":["emailCode"],"signUpAllowed":true,"mfa":{"enforcement":"off","methods":null},
				"attributes":[{"id":"givenName","required":true},{"id":"extension_news","label":"News","dataType":"boolean","inputType":"boolean","required":false},
				{"id":"extension_home","inputType":"radioSingleSelect","required":true,"options":[{"text":"A flat","value":"flat"}]}]}`,
		} {
			exec("INSERT INTO user_flow_versions (flow_id, version, tenant_id, document, created_at, actor_name) VALUES (?, ?, ?, ?, ?, '')", flowID, version, tenantID, doc, at)
		}
		names := []string{"Anna10", "bob", "b0b", "ßer0", "сергей0", "gone1", "K-7"} // in the order in which they came
		for i, name := range names {
			canonical := strings.ToLower(name)
			if name == "gone1" {
				canonical = "deleted/u5/gone1"
			}
			exec("INSERT INTO identities (id, tenant_id, user_id, sign_in_type, issuer, canonical, value, created_at) VALUES (?, ?, ?, 'userName', '', ?, ?, ?)",
				fmt.Sprint("i", i), tenantID, fmt.Sprint("u", i), canonical, name, at)
		}
		exec("INSERT INTO identities (id, tenant_id, user_id, sign_in_type, issuer, canonical, value, created_at) VALUES ('i9', ?, 'u9', 'emailAddress', '', 'b0b@example.com', 'b0b@example.com', ?)", tenantID, at)
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := db.QueryRow(bind("SELECT "+map[bool]string{true: "string_agg(canonical, ' ' ORDER BY id)", false: "group_concat(canonical, ' ' ORDER BY id)"}[s.Engine == modelstest.Postgres]+
			" FROM identities WHERE tenant_id = ?"), tenantID).Scan(&got); err != nil || got != "annalo bob b0b ßero сергейо deleted/u5/gonel k-7 b0b@example.com" {
			t.Errorf("names became %q, %v", got, err)
		}
		tn := s.Tenant(tenantID)
		have, err := tn.Definitions(t.Context())
		if err != nil || len(have) != 2 || have[0].ID != "extension_home" || have[0].DataType != userflow.String || have[1].DataType != userflow.Boolean {
			t.Fatalf("%+v, %v", have, err)
		}
		f, err := tn.PublishFlow(t.Context(), modelstest.Actor(), flowID, func(f *userflow.Flow) error { f.Name = "People"; return nil })
		if err != nil || f.Version != 3 || f.Attributes[1].Type() != userflow.Boolean {
			t.Errorf("%+v, %v", f, err)
		}
		if _, has, err := tn.Draft(t.Context(), flowID); has || err != nil {
			t.Errorf("a draft: %v, %v", has, err)
		}
	})
}

// TestWriteMigration writes the next migration for both engines: what the rows say and no migration
// makes yet. It runs only when it is asked, see migrations() in migrate.go.
func TestWriteMigration(t *testing.T) {
	id := os.Getenv("PORTICO_WRITE_MIGRATION")
	if id == "" {
		return
	}
	onEmpty(t, func(t *testing.T, s modelstest.Scratch) {
		file := filepath.Join("migrations", fmt.Sprintf("%s.%s.sql", id, s.Engine))
		if id != "0001" {
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		before := schema(t, s)
		statements, err := s.SchemaFromRows(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if schema(t, s) == before {
			t.Fatal("nothing to write: the migrations make what the rows say")
		}
		if err := os.WriteFile(file, []byte(strings.Join(statements, models.StatementEnd)+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	})
}
