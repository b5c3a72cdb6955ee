package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"portico/models"
)

type backupCommand struct {
	File string `arg:"" help:"File to write; it must not exist yet." type:"path"`
}

// Run writes the whole database into one file while a server goes on.
func (b backupCommand) Run(ctx context.Context, w world) error {
	p, err := open(w)
	if err != nil {
		return err
	}
	defer p.close()
	if err := p.store.Backup(ctx, b.File); err != nil {
		return err
	}
	fmt.Fprintf(w.stdout, "Written to %s and checked. Secrets in it stay sealed: keep PORTICO_SECRET", b.File)
	if p.config.Development() {
		fmt.Fprint(w.stdout, " (in development the file data/secret)")
	}
	fmt.Fprintln(w.stdout, " apart from it, and safe.")
	return nil
}

type restoreCommand struct {
	File string `arg:"" help:"File that app backup wrote." type:"existingfile"`
}

// Run puts a backup in the place of the database that DATABASE_URL names.
func (r restoreCommand) Run(ctx context.Context, w world) error {
	p, err := settings(w)
	if err != nil {
		return err
	}
	sealer, err := p.sealer()
	if err != nil {
		return err
	}
	kept, err := models.Restore(ctx, r.File, p.config.DatabaseURL, sealer, w.now)
	if err != nil {
		return err
	}
	fmt.Fprintf(w.stdout, "Restored from %s.\n", r.File)
	if kept != "" {
		fmt.Fprintf(w.stdout, "What was there before is kept as %s.\n", kept)
	}
	return nil
}

type copyCommand struct {
	From string `required:"" help:"Database to read, such as sqlite:data/portico.db."`
	To   string `required:"" help:"New, empty database to fill, such as postgres://user:password@host/name."`
}

// Run copies everything from one database to another, keeping ids, times and sealed secrets.
func (c copyCommand) Run(ctx context.Context, w world) error {
	p, err := settings(w)
	if err != nil {
		return err
	}
	if c.From == c.To {
		return errors.New("--from and --to name the same database")
	}
	sealer, err := p.sealer()
	if err != nil {
		return err
	}
	if path, isFile := strings.CutPrefix(c.From, "sqlite:"); isFile { // opening would make it
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("--from: there is no database to read at %s: %w", path, err)
		}
	}
	from, err := models.Open(c.From, sealer, w.now)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	defer from.Close()
	if ready, err := from.Migrated(ctx); err != nil || !ready {
		return errors.Join(err, errors.New("--from: the schema is not this program's; run app migrate on it first"))
	}
	to, err := models.Open(c.To, sealer, w.now)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer to.Close()
	report, err := models.Copy(ctx, from, to)
	if err != nil {
		return err
	}
	var total int64
	for _, t := range report {
		total += t.Rows
		if t.Rows > 0 {
			fmt.Fprintf(w.stdout, "%8d  %s\n", t.Rows, t.Table)
		}
	}
	fmt.Fprintf(w.stdout, "%8d  rows copied. Start Portico with DATABASE_URL set to the new database and the same PORTICO_SECRET.\n", total)
	return nil
}
