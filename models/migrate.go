package models

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-gormigrate/gormigrate/v2"
	"gorm.io/gorm"
)

// migrationLock is the key of the Postgres advisory lock that lets one instance migrate at a time.
const migrationLock = 7_067_184_205

// migrations is the history of the schema: append-only, each entry one step that two neighbouring
// versions of the program can both live with (expand first, contract a release later).
func (s *Store) migrations() []*gormigrate.Migration {
	return []*gormigrate.Migration{
		{ID: "0001", Migrate: func(tx *gorm.DB) error {
			if err := tx.AutoMigrate(Tables()...); err != nil {
				return err
			}
			return s.engineSchema(tx)
		}},
	}
}

// Migrate brings the schema up to date. Instances that start together wait for each other: on Postgres
// behind an advisory lock, on SQLite behind the write lock of the one transaction it all happens in.
func (s *Store) Migrate(ctx context.Context) error {
	run := func(db *gorm.DB) error {
		return gormigrate.New(db, &gormigrate.Options{TableName: "migrations", IDColumnName: "id", IDColumnSize: 64,
			UseTransaction: true}, s.migrations()).Migrate()
	}
	db := s.write.Session(&gorm.Session{Context: ctx, PrepareStmt: false})
	if s.dialect == "sqlite" {
		if err := run(db); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		return nil
	}
	err := db.Connection(func(conn *gorm.DB) error {
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

// SchemaText is everything besides the row types that decides what the schema looks like; tests key
// their template databases by it.
func SchemaText() string {
	return strings.Join(append((&Store{dialect: "postgres"}).searchSchema(), (&Store{}).searchSchema()...), "\n")
}
