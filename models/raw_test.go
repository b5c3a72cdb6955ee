package models_test

import (
	"database/sql"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"portico/models/modelstest"
)

// raw is the database without the store's rules: what an operator with a database client can do.
func raw(t testing.TB, s modelstest.Scratch) *sql.DB {
	t.Helper()
	driver, dsn := "pgx", s.DSN
	if s.Engine == modelstest.SQLite {
		driver, dsn = "sqlite", "file:"+s.DSN[len("sqlite:"):]+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
