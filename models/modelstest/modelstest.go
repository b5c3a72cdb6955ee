// Package modelstest opens migrated scratch databases on SQLite and on Postgres, and builds the rows
// that a test needs. A scratch database is a copy of one that was migrated once, so it is cheap.
package modelstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/models"
)

// Engines that every store test runs on.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Clock stands still until a test advances it.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts at noon on 15 January 2026, UTC.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)} }

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Sealer is a real sealer under a fixed secret.
func Sealer(t testing.TB) models.Sealer {
	t.Helper()
	s, err := models.NewSealer(bytes.Repeat([]byte{7}, 32), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Scratch is a migrated database of the test's own.
type Scratch struct {
	*models.Store
	Clock  *Clock
	DSN    string
	Engine string
}

// Again opens the same database a second time, as another instance would.
func (s Scratch) Again(t testing.TB) *models.Store {
	t.Helper()
	return open(t, s.DSN, s.Clock)
}

// OpenScratch makes a scratch database on one engine, with a clock that stands still.
func OpenScratch(t testing.TB, engine string) Scratch {
	t.Helper()
	s := Scratch{Clock: NewClock(), Engine: engine}
	if engine == Postgres {
		s.DSN = postgresDatabase(t)
	} else {
		s.DSN = sqliteDatabase(t)
	}
	s.Store = open(t, s.DSN, s.Clock)
	return s
}

// OpenEmpty makes a scratch database without a schema: for tests of the migrations themselves.
func OpenEmpty(t testing.TB, engine string) Scratch {
	t.Helper()
	s := Scratch{Clock: NewClock(), Engine: engine, DSN: "sqlite:" + filepath.Join(t.TempDir(), "empty.db")}
	if engine == Postgres {
		s.DSN = postgresCopy(t, "template0")
	}
	s.Store = open(t, s.DSN, s.Clock)
	return s
}

// OpenKept opens a database that lasts, for benchmarks that take long to fill, and brings its schema up to date.
func OpenKept(t testing.TB, engine, dsn string) Scratch {
	t.Helper()
	s := Scratch{Clock: NewClock(), Engine: engine, DSN: dsn}
	s.Store = open(t, dsn, s.Clock)
	if err := s.Migrate(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t testing.TB, dsn string, clock *Clock) *models.Store {
	t.Helper()
	s, err := models.Open(dsn, Sealer(t), clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Open makes a scratch database on SQLite: for tests that need a store but are not about it.
func Open(t testing.TB) *models.Store {
	t.Helper()
	return OpenScratch(t, SQLite).Store
}

// Each runs a test on both engines.
func Each(t *testing.T, f func(t *testing.T, s *models.Store)) {
	t.Helper()
	EachScratch(t, func(t *testing.T, s Scratch) { f(t, s.Store) })
}

// EachScratch is Each for tests that move the clock or open a second instance.
func EachScratch(t *testing.T, f func(t *testing.T, s Scratch)) {
	t.Helper()
	for _, engine := range []string{SQLite, Postgres} {
		t.Run(engine, func(t *testing.T) { f(t, OpenScratch(t, engine)) })
	}
}

func migrate(dsn string) error {
	seal, err := models.NewSealer(bytes.Repeat([]byte{7}, 32), nil)
	if err != nil {
		return err
	}
	s, err := models.Open(dsn, seal, nil)
	if err != nil {
		return err
	}
	err = s.Migrate(context.Background())
	if err == nil {
		var missing []string
		if missing, err = s.MissingColumns(context.Background()); len(missing) > 0 {
			err = fmt.Errorf("no migration makes %s: write one, see migrations() in models/migrate.go; before the first release "+
				"PORTICO_WRITE_MIGRATION=0001 go test ./models -run TestWriteMigration writes the first one anew", strings.Join(missing, ", "))
		}
	}
	return errors.Join(err, s.Close())
}
