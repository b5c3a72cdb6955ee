package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/models"
)

type auditCommand struct {
	Verify  auditVerify  `cmd:"" help:"Check every tenant's log for anything changed, added or removed by hand. Reads only, and needs no running server. Ends with 1 when something is wrong."`
	Export  auditExport  `cmd:"" help:"Write a tenant's log into a file, which \"app audit verify FILE\" checks without a database."`
	Anchors auditAnchors `cmd:"" help:"Print the hash of each sealed block, one JSON object per line: keep them where the database cannot reach."`
}

type auditVerify struct {
	File    string `arg:"" optional:"" help:"An exported log to check instead of the database." type:"path"`
	Tenant  string `help:"Slug or id of the only tenant to check."`
	Since   string `help:"Check what was sealed from this time on: 2026-01-31 or 2026-01-31T08:00:00Z."`
	Anchors string `help:"File with hashes that were kept elsewhere: the program's log, or the output of app audit anchors." type:"path"`
}

// Run checks and reports, one line for each tenant.
func (a auditVerify) Run(ctx context.Context, w world) error {
	since, err := moment(a.Since)
	if err != nil {
		return err
	}
	known := anchors{}
	if a.Anchors != "" {
		if known, err = readAnchors(a.Anchors); err != nil {
			return err
		}
		if len(known) == 0 {
			return fmt.Errorf("%s names no sealed block; it needs lines with \"audit log sealed\", or the output of app audit anchors", a.Anchors)
		}
	}
	if a.File != "" {
		return a.file(w, known)
	}
	p, err := open(w)
	if err != nil {
		return err
	}
	defer p.close()
	all, err := p.audited(ctx, a.Tenant)
	if err != nil {
		return err
	}
	bad := false
	for _, t := range all {
		found, err := p.store.Tenant(t.ID).CheckAudits(ctx, models.AuditCheck{Since: since, Anchors: known.of(t)})
		if err != nil {
			return fmt.Errorf("%s: %w", t.Slug, err)
		}
		if t.CreatedAt.IsZero() {
			found.Problem = &models.AuditProblem{Text: "the tenant itself is gone from the database, and no purge takes a tenant and leaves its log"}
		}
		report(w.stdout, t.Slug, found, w.now())
		bad = bad || found.Problem != nil
	}
	if bad {
		return exitCode(1)
	}
	return nil
}

func (a auditVerify) file(w world, known anchors) error {
	f, err := os.Open(a.File)
	if err != nil {
		return err
	}
	defer f.Close()
	of, found, err := models.CheckAuditFile(f, known.of)
	if err != nil {
		return err
	}
	report(w.stdout, of.Slug, found, time.Time{})
	if found.Problem != nil {
		return exitCode(1)
	}
	return nil
}

// report says what was checked, and the first thing that is wrong. now is zero where it does not matter how
// old an entry is that no block covers, as in a file.
func report(w io.Writer, slug string, f models.AuditFinding, now time.Time) {
	verdict := "good"
	if f.Problem != nil {
		verdict = "CHANGED"
	}
	fmt.Fprintf(w, "%-24s %-8s %d blocks, %d entries", slug, verdict, f.Blocks, f.Rows)
	for _, extra := range []struct {
		n    int
		what string
	}{{f.Purged, "blocks emptied by retention"}, {f.Anchored, "anchors compared"}, {f.Unsealed, "entries not sealed yet"}} {
		if extra.n > 0 {
			fmt.Fprintf(w, ", %d %s", extra.n, extra.what)
		}
	}
	fmt.Fprintln(w)
	if f.Problem != nil {
		fmt.Fprintf(w, "  %s\n", f.Problem.Error())
	}
	if !f.Oldest.IsZero() && now.Sub(f.Oldest) > models.SealLate {
		fmt.Fprintf(w, "  warning: the oldest entry that is not sealed yet is of %s, and nothing shows a change of it. A running server seals each minute.\n", f.Oldest.Format(time.RFC3339))
	}
}

// audited finds the tenants that have a log: one, or all, also those whose own row is gone.
func (p *program) audited(ctx context.Context, segment string) ([]tenant.Tenant, error) {
	list := func(f func(context.Context) ([]tenant.Tenant, error), err error) ([]tenant.Tenant, error) {
		if err != nil {
			return nil, err
		}
		return f(ctx)
	}
	all, err := p.store.Tenants(ctx)
	gone, err := list(p.store.DeletedTenants, err)
	if err != nil {
		return nil, err
	}
	all = append(all, gone...)
	if segment != "" {
		for _, t := range all {
			if t.Match(segment) {
				return []tenant.Tenant{t}, nil
			}
		}
		return nil, fmt.Errorf("there is no tenant %q", segment)
	}
	lost, err := p.store.LostTenants(ctx)
	for _, id := range lost {
		all = append(all, tenant.Tenant{ID: id, Slug: id})
	}
	return all, err
}

// moment reads a day or a time; "" is no time.
func moment(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, s); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 2026-01-31 or 2026-01-31T08:00:00Z", s)
}

// anchors are hashes of sealed blocks that were kept elsewhere, by slug or id of the tenant and number.
type anchors map[string]map[int64]string

func (a anchors) of(t tenant.Tenant) map[int64]string {
	out := map[int64]string{}
	for _, name := range []string{t.Slug, t.ID} {
		for number, hash := range a[name] {
			out[number] = hash
		}
	}
	return out
}

var (
	sealedWord = regexp.MustCompile(`\b(tenant|block|hash)=("[^"]*"|\S+)`)
	hashShape  = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// readAnchors reads log lines in either of the program's formats, whatever a log collector wrote before them,
// and the output of app audit anchors. Two different hashes for one block are an error: one of them lies.
func readAnchors(path string) (anchors, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := anchors{}
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for line := 1; in.Scan(); line++ {
		slug, number, hash, ok := anchorOf(in.Text())
		if !ok {
			continue
		}
		if out[slug] == nil {
			out[slug] = map[int64]string{}
		}
		if had, known := out[slug][number]; known && had != hash {
			return nil, fmt.Errorf("%s: line %d gives block %d of %s another hash than an earlier line", path, line, number, slug)
		}
		out[slug][number] = hash
	}
	return out, in.Err()
}

func anchorOf(line string) (slug string, number int64, hash string, ok bool) {
	if at := strings.IndexByte(line, '{'); at >= 0 {
		var x struct {
			Tenant string `json:"tenant"`
			Block  int64  `json:"block"`
			Hash   string `json:"hash"`
		}
		if json.Unmarshal([]byte(line[at:]), &x) == nil {
			return x.Tenant, x.Block, x.Hash, x.Tenant != "" && x.Block > 0 && hashShape.MatchString(x.Hash)
		}
	}
	if !strings.Contains(line, "audit log sealed") {
		return "", 0, "", false
	}
	for _, m := range sealedWord.FindAllStringSubmatch(line, -1) {
		value := strings.Trim(m[2], `"`)
		switch m[1] {
		case "tenant":
			slug = value
		case "block":
			number, _ = strconv.ParseInt(value, 10, 64)
		case "hash":
			hash = value
		}
	}
	return slug, number, hash, slug != "" && number > 0 && hashShape.MatchString(hash)
}

type auditAnchors struct {
	Tenant string `help:"Slug or id of the only tenant to print."`
}

// Run prints what verify --anchors reads.
func (a auditAnchors) Run(ctx context.Context, w world) error {
	p, err := open(w)
	if err != nil {
		return err
	}
	defer p.close()
	all, err := p.audited(ctx, a.Tenant)
	if err != nil {
		return err
	}
	out := json.NewEncoder(w.stdout)
	for _, t := range all {
		err := p.store.Tenant(t.ID).EachAuditBlock(ctx, time.Time{}, time.Time{}, func(b models.AuditBlockRow) error {
			return out.Encode(struct {
				Tenant string    `json:"tenant"`
				Block  int64     `json:"block"`
				Until  time.Time `json:"until"`
				Hash   string    `json:"hash"`
			}{t.ID, b.Number, b.LastAt.UTC(), b.Hash})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

type auditExport struct {
	File   string `arg:"" help:"File to write; it must not exist yet." type:"path"`
	Tenant string `required:"" help:"Slug or id of the tenant."`
	From   string `help:"Begin with the block that holds this time: 2026-01-31 or 2026-01-31T08:00:00Z."`
	To     string `help:"End before this time; without it, everything, what is not sealed yet included."`
}

// Run writes the file whole or not at all; the log itself says that it was exported.
func (a auditExport) Run(ctx context.Context, w world) (err error) {
	from, err := moment(a.From)
	if err != nil {
		return err
	}
	to, err := moment(a.To)
	if err != nil {
		return err
	}
	p, err := openMigrated(ctx, w)
	if err != nil {
		return err
	}
	defer p.close()
	found, err := p.store.TenantBy(ctx, a.Tenant)
	if fault.Is(err, fault.NotFound) {
		return fmt.Errorf("there is no tenant %q", a.Tenant)
	}
	if err != nil {
		return err
	}
	dir := p.store.Tenant(found.ID)
	if err := dir.WriteAudit(ctx, audit.System("app audit export"), audit.Event{Activity: "Export audit log", Category: "DirectoryManagement", Operation: "Download",
		Target: audit.Target{Kind: "auditLog", ID: found.ID, Name: found.Name}, Changes: []audit.Change{{Property: "from", New: a.From}, {Property: "to", New: a.To}}}); err != nil {
		return err
	}
	f, err := os.OpenFile(a.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	entries, err := dir.ExportAudits(ctx, from, to, f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(a.File))
	}
	fmt.Fprintf(w.stdout, "%d entries of %s are in %s. Check them anywhere with: app audit verify %s\n", entries, found.Slug, a.File, a.File)
	return nil
}
