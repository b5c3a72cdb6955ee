package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Backup writes the whole database into one new file while the program goes on. The file is a SQLite
// database whichever engine it comes from. Secrets in it are sealed; it is worth nothing without
// PORTICO_SECRET. The file appears under its name only when it is complete and checked.
func (s *Store) Backup(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("backup: %s exists already", path)
	}
	part := path + ".part"
	_ = os.Remove(part)
	defer os.Remove(part)
	// The file is made first, empty and private: the database keeps its mode.
	f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	if s.dialect == "sqlite" {
		err = s.read.WithContext(ctx).Exec("VACUUM INTO ?", part).Error
	} else {
		err = s.copyToFile(ctx, part)
	}
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := CheckBackup(ctx, part); err != nil {
		return err
	}
	if err := syncFile(part); err != nil {
		return err
	}
	return os.Rename(part, path)
}

func (s *Store) copyToFile(ctx context.Context, path string) error {
	to, err := Open("sqlite:"+path, s.seal, s.now)
	if err != nil {
		return err
	}
	_, err = Copy(ctx, s, to)
	if err := errors.Join(err, to.Close()); err != nil {
		return err
	}
	return leaveLog(ctx, path)
}

// leaveLog folds a database's write-ahead log into its one file. It needs the file for itself alone.
func leaveLog(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	var mode string
	err = db.QueryRowContext(ctx, "PRAGMA journal_mode=DELETE").Scan(&mode)
	if err == nil && mode != "delete" {
		err = fmt.Errorf("the log stays: journal mode is %s", mode)
	}
	return errors.Join(err, db.Close())
}

// CheckBackup reads a backup from end to end and says what is wrong with it: damage, broken references,
// something that is no backup, or one made by a newer version of the program.
func CheckBackup(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return fmt.Errorf("backup %s: %w", path, err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	words, err := column(ctx, db, "PRAGMA integrity_check")
	if err != nil {
		return fmt.Errorf("backup %s does not open as a database: %w", path, err)
	}
	if len(words) != 1 || words[0] != "ok" {
		return fmt.Errorf("backup %s is damaged: %s", path, strings.Join(words, "; "))
	}
	applied, err := column(ctx, db, "SELECT id FROM migrations")
	if err != nil || len(applied) == 0 {
		return fmt.Errorf("%s is not a backup of Portico", path)
	}
	steps, err := (&Store{}).migrations()
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, m := range steps {
		known[m.ID] = true
	}
	for _, id := range applied {
		if !known[id] {
			return fmt.Errorf("backup %s was made by a newer version of Portico (migration %s); restore it with that version", path, id)
		}
	}
	return nil
}

// Restore brings a backup back into the database that dsn names. SQLite: the present file, which must
// not be in use, is kept beside it and its name is returned. Postgres: the database must be empty. What
// is restored is migrated to the present schema.
func Restore(ctx context.Context, path, dsn string, seal Sealer, now func() time.Time) (kept string, err error) {
	if now == nil {
		now = time.Now
	}
	if err := CheckBackup(ctx, path); err != nil {
		return "", err
	}
	target, sqlite := strings.CutPrefix(dsn, "sqlite:")
	if !sqlite {
		return "", restoreInto(ctx, path, dsn, seal, now)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return "", err
	}
	part := target + ".restoring"
	_ = os.Remove(part)
	defer os.Remove(part)
	if err := copyFile(path, part); err != nil {
		return "", fmt.Errorf("restore: %w", err)
	}
	if _, err := os.Stat(target); err == nil {
		if kept, err = setAside(ctx, target, now); err != nil {
			return "", err
		}
	}
	if err := os.Rename(part, target); err != nil {
		return kept, err
	}
	s, err := Open(dsn, seal, now)
	if err != nil {
		return kept, err
	}
	return kept, errors.Join(s.Migrate(ctx), s.Close())
}

func restoreInto(ctx context.Context, path, dsn string, seal Sealer, now func() time.Time) error {
	// A copy is opened, because migrating it to the present schema must not change the backup.
	dir, err := os.MkdirTemp("", "portico-restore-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	part := filepath.Join(dir, "backup.db")
	if err := copyFile(path, part); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	from, err := Open("sqlite:"+part, seal, now)
	if err != nil {
		return err
	}
	defer from.Close()
	if err := from.Migrate(ctx); err != nil {
		return err
	}
	to, err := Open(dsn, seal, now)
	if err != nil {
		return err
	}
	_, err = Copy(ctx, from, to)
	return errors.Join(err, to.Close())
}

// setAside proves that nobody uses the database, folds its log into it and gives it another name.
func setAside(ctx context.Context, target string, now func() time.Time) (string, error) {
	if err := leaveLog(ctx, target); err != nil {
		return "", fmt.Errorf("restore: %s is in use; stop Portico first (%w)", target, err)
	}
	kept := target + ".before-restore-" + now().UTC().Format("20060102T150405Z")
	return kept, os.Rename(target, kept)
}

func column(ctx context.Context, db *sql.DB, query string) ([]string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return errors.Join(err, out.Close())
	}
	return errors.Join(out.Sync(), out.Close())
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
