package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"portico/app/audit"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/transfer"
	"portico/models"
)

// importPeople is the worker that runs imports. It is no job among the others, for one import may take as long
// as all of them together.
func (s *server) importPeople(checked passwords) func(context.Context) {
	return func(ctx context.Context) {
		m := models.Importer{Store: s.store, Passwords: checked, Owner: s.owner}
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for {
			worked, err := m.Next(ctx)
			if err != nil && ctx.Err() == nil {
				s.log.Error("import of users", "error", err)
			}
			if worked && err == nil && ctx.Err() == nil {
				s.log.Info("an import of users was worked on")
				continue
			}
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
		}
	}
}

// Check refuses a password that the tenant's rules refuse; names are what it must not contain.
func (p passwords) Check(ctx context.Context, tenantID, password string, names ...string) error {
	dir, err := p.store.Directory(ctx, tenantID)
	if err != nil {
		return err
	}
	return p.rules(dir.Tenant).Check(password, append(names, dir.Tenant.Name)...)
}

// withTenant opens the database and finds a tenant of customers, for import and export-users.
func withTenant(ctx context.Context, w world, name string, f func(*program, *models.Tenant) error) error {
	p, err := openMigrated(ctx, w)
	if err != nil {
		return err
	}
	defer p.close()
	found, err := p.store.TenantBy(ctx, name)
	if fault.Is(err, fault.NotFound) || err == nil && found.Kind == tenant.Workforce {
		return fmt.Errorf("there is no tenant %q of customers", name)
	}
	if err != nil {
		return err
	}
	return f(p, p.store.Tenant(found.ID))
}

type importCommand struct {
	Tenant             string `required:"" help:"Slug or id of the tenant."`
	File               string `arg:"" help:"CSV, JSON or NDJSON; - is standard input."`
	Format             string `enum:"csv,json,ndjson," default:"" help:"csv, json or ndjson; found out when not given."`
	Mode               string `enum:"create,update,skip" default:"create" help:"What happens with people who are there already: create refuses the record, update changes them, skip leaves them as they are."`
	DryRun             bool   `help:"Say what would happen, and change nothing."`
	IgnoreUnknown      bool   `help:"Leave out columns that Portico does not know."`
	TemporaryPasswords bool   `help:"People must change the plain passwords of the file when they first sign in."`
	NoPassword         string `enum:"emailCode,emailPassword" default:"emailCode" help:"How people without a password sign in: emailCode, or emailPassword (they choose one by Forgot your password)."`
	FirebaseSignerKey  string `help:"Base64 signer key of the Firebase project." env:"PORTICO_FIREBASE_SIGNER_KEY"`
	FirebaseSeparator  string `help:"Base64 salt separator of the Firebase project." default:"Bw=="`
	FirebaseRounds     int    `help:"Rounds of the Firebase project." default:"8"`
	FirebaseMemoryCost int    `help:"Memory cost of the Firebase project." default:"14"`
}

// Run sends the file into the database in pieces, as the portal does, and works on it at once. Ctrl-C leaves
// what was done; a running server goes on with the rest.
func (c importCommand) Run(ctx context.Context, w world) error {
	return withTenant(ctx, w, c.Tenant, func(p *program, t *models.Tenant) error {
		file := w.stdin
		if c.File != "-" {
			f, err := os.Open(c.File)
			if err != nil {
				return err
			}
			defer func() { _ = f.Close() }()
			file = f
		}
		o := models.ImportOptions{Format: c.Format, Mode: c.Mode, IgnoreUnknown: c.IgnoreUnknown, TemporaryPasswords: c.TemporaryPasswords, FirstFactor: c.NoPassword, Groups: true}
		if c.FirebaseSignerKey != "" {
			o.Firebase = factor.FirebaseScrypt{SignerKey: c.FirebaseSignerKey, SaltSeparator: c.FirebaseSeparator, Rounds: c.FirebaseRounds, MemoryCost: c.FirebaseMemoryCost}
		}
		by := audit.System("app import")
		i, err := t.BeginImport(ctx, by, filepath.Base(c.File), o)
		if err != nil {
			return p.say(err)
		}
		if err := sendFile(ctx, t, by, i.ID, file, c.DryRun); err != nil {
			return errors.Join(p.say(err), t.CancelImport(context.WithoutCancel(ctx), by, i.ID))
		}
		return c.work(ctx, w, p, t, by, i.ID)
	})
}

// sendFile stores a file piece by piece.
func sendFile(ctx context.Context, t *models.Tenant, by audit.Actor, id string, file io.Reader, dryRun bool) error {
	sum, total := sha256.New(), int64(0)
	for n := 0; ; n++ {
		var piece bytes.Buffer
		size, err := io.Copy(&piece, io.LimitReader(file, models.ImportChunk))
		if err != nil {
			return err
		}
		if size == 0 {
			break
		}
		if total += size; total > models.MaxImportBytes {
			return fault.BadField("file", "import.file.large", map[string]any{"size": models.MaxImportBytes >> 20})
		}
		sum.Write(piece.Bytes())
		if err := t.AddImportChunk(ctx, id, n, piece.Bytes()); err != nil {
			return err
		}
	}
	return t.ImportReceived(ctx, by, id, hex.EncodeToString(sum.Sum(nil)), dryRun)
}

func (c importCommand) work(ctx context.Context, w world, p *program, t *models.Tenant, by audit.Actor, id string) error {
	breached, err := p.breached()
	if err != nil {
		return err
	}
	checked := passwords{store: p.store, hasher: factor.NewHasher(factor.DefaultArgon(), 0, 0), breached: breached}
	started, last := w.now(), time.Time{}
	m := models.Importer{Store: p.store, Passwords: checked, Owner: instance(), Wrote: func(i models.Import) {
		if now := w.now(); now.Sub(last) >= time.Second {
			last = now
			fmt.Fprintf(w.stderr, "%3d %%  %d read, %d created, %d updated, %d refused\n", 100*i.Cursor/max(1, i.Bytes), i.Rows, i.Created, i.Updated, i.Refused)
		}
	}}
	for { // a running server may have taken it before us
		if err := m.Run(ctx, id); err != nil && ctx.Err() == nil && !errors.Is(err, models.ErrImportTaken) {
			return err
		}
		i, err := t.Import(context.WithoutCancel(ctx), id)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("stopped after %d records; a running server goes on with the rest, or look at it in the portal", i.Rows)
		}
		if !i.Open() {
			return c.report(ctx, w, p, t, by, i, w.now().Sub(started))
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// report says what happened, and what was wrong on standard error, a line for each.
func (c importCommand) report(ctx context.Context, w world, p *program, t *models.Tenant, by audit.Actor, i models.Import, took time.Duration) error {
	words := p.bundle.Match("en")
	for after := int64(0); ; {
		list, next, err := t.ImportComplaints(ctx, i.ID, after, 500)
		if err != nil {
			return err
		}
		for _, x := range list {
			kind := "warning"
			if x.Refused {
				kind = "refused"
			}
			fmt.Fprintf(w.stderr, "line %d: %s: %s: %s: %s\n", x.Line, kind, x.Who, x.Field.Name, words.T(x.Field.Key, x.Field.Args))
		}
		if after = next; after == 0 {
			break
		}
	}
	verb := ""
	if i.DryRun {
		verb = "would be "
	}
	fmt.Fprintf(w.stdout, "%d records in %s: %d %screated, %d %supdated, %d unchanged, %d refused.\n", i.Rows, took.Round(10*time.Millisecond), i.Created, verb, i.Updated, verb, i.Unchanged, i.Refused)
	if i.State == models.ImportChecked { // the command line keeps no file for later
		if err := t.CancelImport(ctx, by, i.ID); err != nil {
			return err
		}
	}
	if i.Problem != nil {
		return errors.New(words.T(i.Problem.Key, i.Problem.Args))
	}
	if i.Refused > 0 || i.State == models.ImportCancelled {
		return exitCode(3)
	}
	return nil
}

type exportUsersCommand struct {
	Tenant string `required:"" help:"Slug or id of the tenant."`
	Format string `enum:"csv,json,ndjson" default:"csv" help:"csv, json or ndjson. All can be imported again; passwords and their hashes are in none."`
	File   string `arg:"" optional:"" default:"-" help:"Where to write; - or nothing is standard output."`
}

// Run writes everybody into a file.
func (c exportUsersCommand) Run(ctx context.Context, w world) error {
	return withTenant(ctx, w, c.Tenant, func(p *program, t *models.Tenant) error {
		out, done := w.stdout, func() error { return nil }
		if c.File != "-" {
			f, err := os.OpenFile(c.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // personal data: the owner's alone
			if err != nil {
				return err
			}
			out, done = f, func() error { return errors.Join(f.Sync(), f.Close()) }
		}
		n, err := exportPeople(ctx, t, out, c.Format, func(n int64) { fmt.Fprintf(w.stderr, "%d people\n", n) })
		if err := errors.Join(err, done()); err != nil {
			return err
		}
		return t.WriteAudit(ctx, audit.System("app export-users"), models.ExportEvent(c.Format, n))
	})
}

// exportPeople streams a tenant's people.
func exportPeople(ctx context.Context, t *models.Tenant, out io.Writer, format string, progress func(int64)) (int64, error) {
	definitions, err := t.Definitions(ctx)
	if err != nil {
		return 0, err
	}
	w, err := transfer.NewWriter(out, format, definitions)
	if err != nil {
		return 0, err
	}
	n := int64(0)
	err = t.EachPerson(ctx, func(p transfer.Person) error {
		if n++; n%10_000 == 0 {
			progress(n)
		}
		return w.Write(p)
	})
	if err != nil {
		return n, errors.Join(err, w.Fail())
	}
	return n, w.Close()
}
