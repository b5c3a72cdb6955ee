package models

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/driver/postgres"
	gormsqlite "gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"modernc.org/sqlite"

	"portico/app/fault"
)

var errNoActor = errors.New("models: mutation without an audit actor")

// Open connects to "sqlite:PATH" or "postgres://…". It does not migrate.
func Open(dsn string, seal Sealer, now func() time.Time) (*Store, error) {
	if now == nil {
		now = time.Now
	}
	s := &Store{seal: seal, now: now, queued: make(chan struct{}, 1), webhooksQueued: make(chan struct{}, 1), developing: make(chan struct{}, 1), logPage: recordedPageSize}
	cfg := func(prepare bool) *gorm.Config {
		return &gorm.Config{SkipDefaultTransaction: true, TranslateError: true, PrepareStmt: prepare,
			PrepareStmtMaxSize: 512, // lists make statements of many lengths
			Logger:             logger.Discard, NowFunc: s.Now}
	}
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		s.dialect, s.path = "sqlite", path
		// A new file is its owner's alone; its log inherits that. Where it cannot be made, opening says why.
		if f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600); err == nil {
			_ = f.Close()
		}
		// The cache is of each connection, and only as large as what was read: with the usual 2 MB a search among
		// a million people reads even the upper levels of its indexes again and again.
		open := func(txlock string, conns int, prepare bool) (*gorm.DB, error) {
			q := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-16000)"},
				"_time_format": {"sqlite"}, "_timezone": {"UTC"}, "_txlock": {txlock}}
			db, err := gorm.Open(sqliteDialector{gormsqlite.Dialector{DriverName: "sqlite", DSN: "file:" + path + "?" + q.Encode()}}, cfg(prepare))
			if err != nil {
				return nil, err
			}
			pool, err := db.DB()
			if err != nil {
				return nil, err
			}
			pool.SetMaxOpenConns(conns)
			pool.SetMaxIdleConns(conns)
			return db, nil
		}
		var err error
		if s.write, err = open("immediate", 1, false); err != nil {
			return nil, fmt.Errorf("open sqlite %s: %w", path, err)
		}
		// GORM's store of prepared statements waits for a connection while it is locked. There is one, so a
		// transaction that has it would wait for a single statement that waits for it, for good. So single
		// statements are not prepared; transactions, which are one at a time, have a store of their own.
		pool, err := s.write.DB()
		if err != nil {
			return nil, err
		}
		if s.transactions, err = gorm.Open(sqliteDialector{gormsqlite.Dialector{DriverName: "sqlite", Conn: pool}}, cfg(true)); err != nil {
			return nil, fmt.Errorf("open sqlite %s: %w", path, err)
		}
		if s.read, err = open("deferred", readers(), true); err != nil {
			return nil, fmt.Errorf("open sqlite %s: %w", path, err)
		}
		return s, nil
	}
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		s.dialect = "postgres"
		db, err := gorm.Open(postgresDialector{*postgres.New(postgres.Config{DSN: withUTC(dsn)}).(*postgres.Dialector)}, cfg(false))
		if err != nil {
			return nil, fmt.Errorf("open postgres: %w", err)
		}
		pool, err := db.DB()
		if err != nil {
			return nil, err
		}
		pool.SetMaxOpenConns(32)
		pool.SetMaxIdleConns(16)
		pool.SetConnMaxIdleTime(5 * time.Minute)
		s.write, s.transactions, s.read = db, db, db
		return s, nil
	}
	return nil, fmt.Errorf("DATABASE_URL must start with sqlite: or postgres://")
}

// withUTC makes the session's time zone UTC, so that both engines compare times alike.
func withUTC(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn
	}
	q := u.Query()
	if q.Get("TimeZone") == "" {
		q.Set("TimeZone", "UTC")
		u.RawQuery = q.Encode()
	}
	return u.String()
}

// Close writes what is still counted in memory, waits for running queries and closes the pools.
func (s *Store) Close() error {
	errs := []error{s.FlushSignIns(context.Background())}
	if s.dialect == "sqlite" { // keeps what the planner knows up to date; cheap, and skipped when nothing changed much
		errs = append(errs, s.write.Exec("PRAGMA analysis_limit=400").Error, s.write.Exec("PRAGMA optimize").Error)
	}
	for _, db := range []*gorm.DB{s.write, s.read} {
		if pool, err := db.DB(); err == nil {
			errs = append(errs, pool.Close())
		}
		if s.write == s.read {
			break
		}
	}
	return errors.Join(errs...)
}

// readers is how many connections read from SQLite at once.
func readers() int { return max(4, 2*runtime.NumCPU()) }

// GiveBack is for a program that rests: SQLite's connections keep what they read, up to 16 MB each, until they read
// something else. All readers but one are closed, and what the others keep is forgotten; the system still has it at hand.
// Postgres keeps such things itself, and closes connections that nobody used.
func (s *Store) GiveBack(ctx context.Context) error {
	if s.dialect != "sqlite" {
		return nil
	}
	pool, err := s.read.DB()
	if err != nil {
		return err
	}
	pool.SetMaxIdleConns(1)
	pool.SetMaxIdleConns(readers())
	return errors.Join(s.read.WithContext(ctx).Exec("PRAGMA shrink_memory").Error, s.write.WithContext(ctx).Exec("PRAGMA shrink_memory").Error)
}

// Maintain is a job for once a day or so: it tells SQLite's planner how the data look and merges the
// search index. Postgres does such things itself.
func (s *Store) Maintain(ctx context.Context) error {
	if s.dialect != "sqlite" {
		return nil
	}
	for _, sql := range []string{"PRAGMA analysis_limit=1000", "PRAGMA optimize", "INSERT INTO user_trigrams (user_trigrams, rank) VALUES ('merge', 500)"} {
		if err := s.write.WithContext(ctx).Exec(sql).Error; err != nil {
			return err
		}
	}
	return nil
}

// sqliteDialector translates modernc's errors, which gorm's own translation cannot read.
type sqliteDialector struct{ gormsqlite.Dialector }

func (d sqliteDialector) Translate(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() {
		case 1555, 2067:
			return gorm.ErrDuplicatedKey
		case 787:
			return gorm.ErrForeignKeyViolated
		case 275:
			return gorm.ErrCheckConstraintViolated
		}
		switch e.Code() & 0xff {
		case 5, 6, 8, 10, 13, 14: // busy, locked, read-only, input or output error, full, cannot open
			return unavailable(err)
		}
	}
	return err
}

// postgresDialector adds to the driver's translation the errors of a server that is not there: every
// door then says that trying again may help, instead of calling it a defect.
type postgresDialector struct{ postgres.Dialector }

func (d postgresDialector) Translate(err error) error {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		switch {
		case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "57P0"), // connection; shutting or starting up
			strings.HasPrefix(e.Code, "53"), e.Code == "40P01", e.Code == "25006": // out of something; deadlock; read-only
			return unavailable(err)
		}
		return d.Dialector.Translate(err)
	}
	var connect *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &connect), errors.As(err, &network), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, net.ErrClosed), pgconn.SafeToRetry(err):
		return unavailable(err)
	}
	return err
}

func unavailable(err error) error {
	return &fault.Error{Code: fault.Unavailable, Key: "error.unavailable", RetryAfter: 5 * time.Second, Cause: err}
}
