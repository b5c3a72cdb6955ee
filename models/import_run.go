package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/transfer"
)

// Passwords checks plain passwords by a tenant's rules, and makes their slow hashes.
type Passwords interface {
	Check(ctx context.Context, tenantID, password string, names ...string) error
	Hash(ctx context.Context, tenantID, password string, names ...string) (string, error)
}

// Importer runs imports, one after the other. Several instances may: an import has one owner at a time, whose
// lease every written batch renews; when an owner dies, another goes on where the last batch ended.
type Importer struct {
	Store     *Store
	Passwords Passwords
	Owner     string
	// Batch is how many records one transaction writes; 0 = 250. More is hardly faster, and keeps sign-ins
	// waiting longer.
	Batch int
	// Wrote, when set, is told after each batch.
	Wrote func(Import)
}

const (
	importBatch = 250
	importLease = 10 * time.Second
	// maxComplaints is how many are stored of an import, maxComplaintsEach of a record; the rest is counted.
	maxComplaints     = 20_000
	maxComplaintsEach = 20
)

// ErrImportTaken means that another process has the import now, or that it was cancelled.
var ErrImportTaken = errors.New("models: the import is no longer ours")

// Next runs one import that waits, or that its owner left, and says whether there was one.
func (m Importer) Next(ctx context.Context) (bool, error) {
	row, err := m.Store.claimImport(ctx, m.Owner, "")
	if err != nil || row == nil {
		return false, err
	}
	return true, m.run(ctx, *row)
}

// Run runs a given import, which the caller has just made.
func (m Importer) Run(ctx context.Context, id string) error {
	row, err := m.Store.claimImport(ctx, m.Owner, id)
	if err != nil {
		return err
	}
	if row == nil {
		return ErrImportTaken
	}
	return m.run(ctx, *row)
}

// claimImport makes an import the owner's, the oldest one unless an id is given; nil = there is none.
func (s *Store) claimImport(ctx context.Context, owner, id string) (*ImportRow, error) {
	free := func(q *gorm.DB) *gorm.DB {
		q = q.Where("(state = ? OR state = ? AND lease_until < ?)", ImportWaiting, ImportRunning, s.Now())
		if id != "" {
			q = q.Where("id = ?", id)
		}
		return q
	}
	var rows []ImportRow
	if err := free(s.read.WithContext(ctx)).Order("created_at").Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	r := rows[0]
	columns := map[string]any{"state": ImportRunning, "owner": owner, "lease_until": s.Now().Add(importLease)}
	if r.StartedAt == nil {
		columns["started_at"] = s.Now()
	}
	got := free(s.write.WithContext(ctx).Model(&ImportRow{}).Where("id = ?", r.ID)).Updates(columns)
	if got.Error != nil || got.RowsAffected == 0 {
		return nil, got.Error
	}
	err := s.write.WithContext(ctx).Where("id = ?", r.ID).Take(&r).Error
	return &r, err
}

// run reads the file from its beginning, passes over what was done before, and does the rest.
func (m Importer) run(ctx context.Context, row ImportRow) error {
	x, err := m.open(ctx, row)
	if err == nil {
		err = x.all(ctx)
	}
	switch f := fault.Of(err); {
	case err == nil || errors.Is(err, ErrImportTaken) || ctx.Err() != nil:
		return nil // what is left stays claimed until the lease ends
	case len(f.Fields) > 0: // the file cannot be read: that is an answer, too
		return m.Store.Tenant(row.TenantID).endImport(context.WithoutCancel(ctx), m.Owner, row.ID, ImportFailed, &f.Fields[0])
	case f.Code == fault.Unavailable: // a full disk, a database that restarts: later again
		return err
	}
	return errors.Join(err, m.Store.Tenant(row.TenantID).endImport(context.WithoutCancel(ctx), m.Owner, row.ID, ImportFailed, &fault.Field{Key: "error.internal"}))
}

// importRun is one pass over a file.
type importRun struct {
	Importer
	t       *Tenant
	row     ImportRow
	options ImportOptions
	actor   audit.Actor
	file    *chunkReader
	reader  *transfer.Reader
	rules   importRules
	seen    sightings
}

func (m Importer) open(ctx context.Context, row ImportRow) (*importRun, error) {
	i, err := m.Store.importOf(row)
	if err != nil {
		return nil, err
	}
	x := &importRun{Importer: m, t: m.Store.Tenant(row.TenantID), row: row, options: i.Options, actor: i.Actor, seen: newSightings()}
	if x.rules, err = x.t.importRules(ctx); err != nil {
		return nil, err
	}
	x.file = &chunkReader{ctx: ctx, t: x.t, id: row.ID, chunks: row.Chunks}
	x.reader, err = transfer.NewReader(x.file, x.rules.definitions, transfer.Options{Format: i.Options.Format, IgnoreUnknown: i.Options.IgnoreUnknown, Firebase: i.Options.Firebase})
	if err == nil {
		x.row.Format = x.reader.Format()
	}
	return x, err
}

func (x *importRun) all(ctx context.Context) error {
	if !x.row.DryRun && x.row.Rows == 0 {
		if err := x.readable(ctx); err != nil {
			return err
		}
	}
	for range x.row.Rows { // done before
		p, err := x.reader.Next()
		if err != nil {
			return err
		}
		x.seen.note(p)
	}
	size := x.Batch
	if size <= 0 {
		size = importBatch
	}
	for {
		var batch []*transfer.Person
		var ended error
		for len(batch) < size && ended == nil {
			var p *transfer.Person
			if p, ended = x.reader.Next(); ended == nil {
				x.seen.check(p)
				batch = append(batch, p)
			}
		}
		if len(batch) > 0 {
			if err := x.batch(ctx, batch); err != nil {
				return err
			}
		}
		if errors.Is(ended, io.EOF) {
			state := ImportDone
			if x.row.DryRun {
				state = ImportChecked
			}
			return x.t.endImport(ctx, x.Owner, x.row.ID, state, nil)
		}
		if ended != nil {
			return ended
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// readable reads the file to its end before anything is written: of a file that breaks off half-way, nothing
// is taken.
func (x *importRun) readable(ctx context.Context) error {
	probe, err := x.open(ctx, x.row)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		if _, err := probe.reader.Next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if n%5_000 == 0 {
			if err := x.renew(ctx); err != nil {
				return err
			}
		}
	}
}

// batch decides about some records and writes them. A conflict with somebody who signed up meanwhile makes it
// look again.
func (x *importRun) batch(ctx context.Context, people []*transfer.Person) error {
	hashes, err := x.hashes(ctx, people)
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		err := x.t.InTx(ctx, func(t *Tenant) error { return x.write(ctx, t, people, hashes) })
		if err == nil {
			break
		}
		if try == 3 || !errors.Is(err, gorm.ErrDuplicatedKey) {
			return err
		}
	}
	if x.Wrote != nil {
		i, err := x.t.importOf(x.row)
		if err != nil {
			return err
		}
		x.Wrote(i)
	}
	return nil
}

// hashes checks the plain passwords of a batch and makes their hashes, outside of any transaction and one at a
// time, so that most of the machine stays for those who sign in. A dry run checks only.
func (x *importRun) hashes(ctx context.Context, people []*transfer.Person) (map[int64]string, error) {
	out := map[int64]string{}
	renewed := x.t.Now()
	for _, p := range people {
		if p.Password == "" || len(p.Bad) > 0 {
			continue
		}
		if now := x.t.Now(); now.Sub(renewed) > importLease/4 {
			if err := x.renew(ctx); err != nil {
				return nil, err
			}
			renewed = now
		}
		names := []string{p.Text["displayName"], p.Text["givenName"], p.Text["surname"], p.Mail}
		for _, i := range p.Identities {
			names = append(names, i.Value)
		}
		for {
			var err error
			if x.row.DryRun {
				err = x.Passwords.Check(ctx, x.t.ID, p.Password, names...)
			} else {
				out[p.Number], err = x.Passwords.Hash(ctx, x.t.ID, p.Password, names...)
			}
			f := fault.Of(err)
			if err != nil && f.Code == fault.Unavailable && ctx.Err() == nil && f.RetryAfter > 0 { // the queue is full of people who sign in
				if err := x.renew(ctx); err != nil {
					return nil, err
				}
				timer := time.NewTimer(f.RetryAfter)
				select {
				case <-timer.C:
					continue
				case <-ctx.Done():
					timer.Stop()
					return nil, ctx.Err()
				}
			}
			if err != nil && len(f.Fields) == 0 {
				return nil, err
			}
			if err != nil {
				p.Bad = append(p.Bad, f.Fields...)
			}
			break
		}
	}
	return out, nil
}

// renew keeps the lease while something takes long.
func (x *importRun) renew(ctx context.Context) error {
	kept := x.t.u(ctx).Model(&ImportRow{}).Where("id = ? AND owner = ? AND state = ?", x.row.ID, x.Owner, ImportRunning).Update("lease_until", x.t.Now().Add(importLease))
	if kept.Error == nil && kept.RowsAffected == 0 {
		return ErrImportTaken
	}
	return kept.Error
}

// write is one batch in its transaction: the people, what was said about them, and how far we are. The last
// takes the import's row from exactly where it was, so that nothing can be written twice.
func (x *importRun) write(ctx context.Context, t *Tenant, people []*transfer.Person, hashes map[int64]string) error {
	w := &importBatchWork{run: x, t: t, hashes: hashes, next: x.row}
	// First of all, so that of two who work on one import the later one stops here.
	w.next.Rows += int64(len(people))
	w.next.Cursor = x.file.read
	if err := w.decide(ctx, people); err != nil {
		return err
	}
	moved := t.u(ctx).Model(&ImportRow{}).Where("id = ? AND owner = ? AND state = ? AND rows = ?", x.row.ID, x.Owner, ImportRunning, x.row.Rows).
		Updates(map[string]any{"format": w.next.Format, "rows": w.next.Rows, "cursor": w.next.Cursor, "created": w.next.Created, "updated": w.next.Updated, "unchanged": w.next.Unchanged,
			"refused": w.next.Refused, "warned": w.next.Warned, "complaints": w.next.Complaints, "lease_until": t.Now().Add(importLease)})
	if moved.Error != nil {
		return moved.Error
	}
	if moved.RowsAffected == 0 {
		return ErrImportTaken
	}
	if err := w.store(ctx); err != nil {
		return err
	}
	t.afterCommit(func() {
		x.rules.objects += w.created()
		x.row = w.next
	})
	return nil
}

// endImport writes down how it ended, and forgets the file when nothing more can come of it.
func (t *Tenant) endImport(ctx context.Context, owner, id, state string, problem *fault.Field) error {
	return t.InTx(ctx, func(t *Tenant) error {
		var row ImportRow
		if err := t.lock(ctx).Where("id = ? AND owner = ? AND state = ?", id, owner, ImportRunning).Take(&row).Error; err != nil {
			if isNotFound(err) {
				return nil // cancelled
			}
			return err
		}
		columns := map[string]any{"state": state, "finished_at": t.Now(), "owner": "", "lease_until": nil}
		if problem != nil {
			b, err := json.Marshal(problem)
			if err != nil {
				return err
			}
			columns["problem"] = string(b)
		} else {
			columns["cursor"] = row.Bytes
		}
		if err := t.u(ctx).Model(&ImportRow{}).Where("id = ?", id).Updates(columns).Error; err != nil {
			return err
		}
		if state == ImportChecked {
			return nil
		}
		if err := t.forgetChunks(ctx, id); err != nil || row.DryRun {
			return err
		}
		if err := t.RulesDue(ctx); err != nil {
			return err
		}
		actor := audit.Actor{Kind: audit.ActorKind(row.ActorKind), ID: row.ActorID, Name: row.ActorName, IP: row.ActorIP, CorrelationID: row.ID}
		return t.writeAudit(ctx, actor, audit.Event{Activity: "Import users", Category: "UserManagement", Operation: "Add", Target: importTarget(row), Changes: []audit.Change{
			{Property: "state", New: state}, {Property: "records", New: row.Rows}, {Property: "created", New: row.Created}, {Property: "updated", New: row.Updated},
			{Property: "unchanged", New: row.Unchanged}, {Property: "refused", New: row.Refused}, {Property: "sha256", New: row.Hash}}})
	})
}

// chunkReader reads a stored file, a piece at a time.
type chunkReader struct {
	ctx    context.Context
	t      *Tenant
	id     string
	chunks int
	next   int
	rest   []byte
	read   int64
}

func (c *chunkReader) Read(b []byte) (int, error) {
	for len(c.rest) == 0 {
		if c.next >= c.chunks {
			return 0, io.EOF
		}
		var r ImportChunkRow
		id := fmt.Sprintf("%s-%06d", c.id, c.next)
		if err := c.t.q(c.ctx).Where("id = ?", id).Take(&r).Error; err != nil {
			if isNotFound(err) {
				return 0, ErrImportTaken // cancelled
			}
			return 0, err
		}
		plain, err := c.t.seal.Open(r.Body, importChunkSeal(r.ID))
		if err != nil {
			return 0, err
		}
		c.rest, c.next = plain, c.next+1
	}
	n := copy(b, c.rest)
	c.rest, c.read = c.rest[n:], c.read+int64(n)
	return n, nil
}

// insert adds rows in statements of a bounded size.
func insert[R any](ctx context.Context, t *Tenant, rows []R, ifNew bool) error {
	if len(rows) == 0 {
		return nil
	}
	db := t.w(ctx)
	if ifNew {
		db = db.Clauses(clause.OnConflict{DoNothing: true})
	}
	return db.CreateInBatches(rows, bulkRows).Error
}
