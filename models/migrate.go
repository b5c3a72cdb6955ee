package models

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/go-gormigrate/gormigrate/v2"
	"gorm.io/gorm"
)

// migrationFiles are the steps of the schema's history, NNNN.<engine>.sql, one file for each engine.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrationLock is the key of the Postgres advisory lock that lets one instance migrate at a time.
const migrationLock = 7_067_184_205

// statementEnd is the line between two statements of a migration file; a semicolon will not do, since
// triggers hold some.
const statementEnd = "\n--;\n"

// migrations is the history of the schema: append-only, each step one that two neighbouring versions of
// the program can both live with (expand first, contract a release later). A new one is written by
//
//	PORTICO_WRITE_MIGRATION=0002 go test ./models -run TestWriteMigration
//
// which compares the rows with the schema so far; read what it wrote, and complete it by hand where rows
// cannot say what is meant (data to fill in, an index that only one engine has: engine_search.go).
func (s *Store) migrations() ([]*gormigrate.Migration, error) {
	engine := s.dialect
	if engine == "" {
		engine = "sqlite" // ids alone are asked for
	}
	names, err := fs.Glob(migrationFiles, "migrations/*."+engine+".sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	out := make([]*gormigrate.Migration, len(names))
	for i, name := range names {
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		id, _, _ := strings.Cut(path.Base(name), ".")
		out[i] = &gormigrate.Migration{ID: id, Migrate: func(tx *gorm.DB) error {
			for _, sql := range strings.Split(string(text), statementEnd) {
				if err := tx.Exec(sql).Error; err != nil {
					return fmt.Errorf("%s: %s: %w", id, strings.SplitN(strings.TrimSpace(sql), "\n", 2)[0], err)
				}
			}
			if id == "0002" {
				return refoldNames(tx)
			}
			return nil
		}}
	}
	return out, nil
}

// Migrate brings the schema up to date. Instances that start together wait for each other: on Postgres
// behind an advisory lock, on SQLite behind the write lock of the one transaction it all happens in. A
// database that a newer version has migrated is left as it is: versions next to each other run side by
// side during an upgrade.
func (s *Store) Migrate(ctx context.Context) error {
	steps, err := s.migrations()
	if err != nil {
		return err
	}
	run := func(db *gorm.DB) error {
		return gormigrate.New(db, &gormigrate.Options{TableName: "migrations", IDColumnName: "id", IDColumnSize: 64,
			UseTransaction: true}, steps).Migrate()
	}
	db := s.write.Session(&gorm.Session{Context: ctx, PrepareStmt: false})
	if s.dialect == "sqlite" {
		// The first connection beside a busy server may be refused, which the migrator does not survive.
		if err = db.Exec("SELECT 1 FROM sqlite_master").Error; err != nil {
			err = db.Exec("SELECT 1 FROM sqlite_master").Error
		}
		if err == nil {
			err = run(db)
		}
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		return nil
	}
	err = db.Connection(func(conn *gorm.DB) error {
		if err := conn.Exec("SELECT pg_advisory_lock(?)", migrationLock).Error; err != nil {
			return err
		}
		defer conn.Exec("SELECT pg_advisory_unlock(?)", migrationLock)
		return run(conn)
	})
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// SchemaText is every migration; tests key their template databases by it.
func SchemaText() string {
	var b strings.Builder
	names, _ := fs.Glob(migrationFiles, "migrations/*.sql")
	for _, name := range names {
		text, _ := migrationFiles.ReadFile(name)
		b.Write(text)
	}
	return b.String()
}

// MissingColumns lists what the rows expect and the database does not have: something was changed in a
// row type without a migration, or the database was changed by hand.
func (s *Store) MissingColumns(ctx context.Context) ([]string, error) {
	var missing []string
	for _, table := range Tables() {
		stmt := &gorm.Statement{DB: s.read}
		if err := stmt.Parse(table); err != nil {
			return nil, err
		}
		if !s.read.WithContext(ctx).Migrator().HasTable(stmt.Table) {
			missing = append(missing, stmt.Table)
			continue
		}
		rows, err := s.read.WithContext(ctx).Table(stmt.Table).Limit(0).Rows()
		if err != nil {
			return nil, err
		}
		have, err := rows.Columns()
		if closed := rows.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return nil, err
		}
		for _, column := range stmt.Schema.DBNames {
			if !slices.Contains(have, column) {
				missing = append(missing, stmt.Table+"."+column)
			}
		}
	}
	return missing, nil
}
