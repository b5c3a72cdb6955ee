package models

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"portico/app/audit"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/tenant"
)

// States of an import.
const (
	ImportReceiving = "receiving" // the file is being sent
	ImportWaiting   = "waiting"   // for its turn
	ImportRunning   = "running"
	ImportChecked   = "checked" // the dry run is over; the file is kept for a day
	ImportDone      = "done"
	ImportFailed    = "failed"
	ImportCancelled = "cancelled"
)

// What an import does with people who are there already.
const (
	ImportCreate = "create" // refuse the record
	ImportUpdate = "update" // change them
	ImportSkip   = "skip"   // leave them as they are
)

const (
	// MaxImportBytes is the largest file.
	MaxImportBytes = 256 << 20
	// ImportChunk is the size of the pieces in which a file is kept.
	ImportChunk = 1 << 20
	// maxOpenImports bounds the files of a tenant that wait for something.
	maxOpenImports = 5
	// importKept is how long a file waits to be imported after its dry run.
	importKept = 24 * time.Hour
	// importReported is how long the report of an import, which names people, is kept.
	importReported = 30 * 24 * time.Hour
)

// ImportOptions are an admin's decisions about a file.
type ImportOptions struct {
	Format             string                `json:"format,omitempty"` // "" = found out
	Mode               string                `json:"mode"`
	IgnoreUnknown      bool                  `json:"ignoreUnknown,omitempty"`
	TemporaryPasswords bool                  `json:"temporaryPasswords,omitempty"`
	FirstFactor        string                `json:"firstFactor,omitempty"` // of people without a password; "" = emailCode
	Groups             bool                  `json:"groups,omitempty"`      // whoever imports may change groups
	Firebase           factor.FirebaseScrypt `json:"firebase,omitzero"`
}

// Import is an import of people, or its dry run.
type Import struct {
	ID         string
	TenantID   string
	FileName   string
	Format     string
	Options    ImportOptions
	DryRun     bool
	State      string
	Bytes      int64
	Hash       string
	Cursor     int64
	Rows       int64
	Created    int64
	Updated    int64
	Unchanged  int64
	Refused    int64
	Warned     int64
	Complaints int64
	Problem    *fault.Field
	Actor      audit.Actor
	CreatedAt  time.Time
	StartedAt  time.Time
	FinishedAt time.Time
}

// Open reports whether something is still to come of itself.
func (i Import) Open() bool {
	return i.State == ImportReceiving || i.State == ImportWaiting || i.State == ImportRunning
}

// ImportComplaint is what was wrong with a record, or was changed in taking it.
type ImportComplaint struct {
	Record  int64
	Line    int64
	Who     string
	Field   fault.Field
	Refused bool
}

func importSeal(id string) string      { return "import:" + id }
func importChunkSeal(id string) string { return "import chunk:" + id }

func (s *Store) importOf(r ImportRow) (Import, error) {
	i := Import{ID: r.ID, TenantID: r.TenantID, FileName: r.FileName, Format: r.Format, DryRun: r.DryRun, State: r.State, Bytes: r.Bytes, Hash: r.Hash, Cursor: r.Cursor,
		Rows: r.Rows, Created: r.Created, Updated: r.Updated, Unchanged: r.Unchanged, Refused: r.Refused, Warned: r.Warned, Complaints: r.Complaints,
		Actor:     audit.Actor{Kind: audit.ActorKind(r.ActorKind), ID: r.ActorID, Name: r.ActorName, IP: r.ActorIP, CorrelationID: r.ID},
		CreatedAt: r.CreatedAt.UTC(), StartedAt: timeOf(r.StartedAt), FinishedAt: timeOf(r.FinishedAt)}
	if r.Problem != "" {
		i.Problem = &fault.Field{}
		if err := json.Unmarshal([]byte(r.Problem), i.Problem); err != nil {
			return i, badJSON("import", r.ID, err)
		}
	}
	plain, err := s.seal.Open(r.Options, importSeal(r.ID))
	if err != nil {
		return i, err
	}
	return i, json.Unmarshal(plain, &i.Options)
}

// BeginImport makes an import whose file follows in chunks. The directory of admins takes none: whoever could
// write people there could become one of them.
func (t *Tenant) BeginImport(ctx context.Context, actor audit.Actor, fileName string, o ImportOptions) (Import, error) {
	if o.Mode == "" {
		o.Mode = ImportCreate
	}
	if o.Mode != ImportCreate && o.Mode != ImportUpdate && o.Mode != ImportSkip {
		return Import{}, fault.BadField("mode", "import.mode", nil)
	}
	self, err := t.Get(ctx)
	if err != nil {
		return Import{}, err
	}
	if self.Kind == tenant.Workforce {
		return Import{}, fault.New(fault.Denied, "error.denied")
	}
	row := ImportRow{ID: NewID(), TenantID: t.ID, FileName: importName(fileName), DryRun: true, State: ImportReceiving, CreatedAt: t.Now(),
		ActorKind: string(actor.Kind), ActorID: actor.ID, ActorName: actor.Name, ActorIP: actor.IP}
	body, err := json.Marshal(o)
	if err != nil {
		return Import{}, err
	}
	if row.Options, err = t.seal.Seal(body, importSeal(row.ID)); err != nil {
		return Import{}, err
	}
	err = t.InTx(ctx, func(t *Tenant) error {
		var open int64
		if err := t.u(ctx).Model(&ImportRow{}).Where("state IN ?", []string{ImportReceiving, ImportWaiting, ImportRunning, ImportChecked}).Count(&open).Error; err != nil {
			return err
		}
		if open >= maxOpenImports {
			return &fault.Error{Code: fault.Conflict, Key: "import.many", Args: map[string]any{"count": maxOpenImports},
				Fields: []fault.Field{{Name: "file", Key: "import.many", Args: map[string]any{"count": maxOpenImports}}}}
		}
		return t.w(ctx).Create(&row).Error
	})
	if err != nil {
		return Import{}, err
	}
	return t.importOf(row)
}

// importName keeps of a client's file name what can be shown.
func importName(s string) string {
	s = filepath.Base(strings.ReplaceAll(strings.ToValidUTF8(s, ""), `\`, "/"))
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	for utf8.RuneCountInString(s) > 120 {
		r := []rune(s)
		s = string(r[:60]) + "…" + string(r[len(r)-50:])
	}
	if s == "" || s == "." || s == "/" {
		return "people"
	}
	return s
}

// AddImportChunk stores the next piece of the file; number counts from 0.
func (t *Tenant) AddImportChunk(ctx context.Context, id string, number int, body []byte) error {
	row := ImportChunkRow{ID: fmt.Sprintf("%s-%06d", id, number), ImportID: id, TenantID: t.ID}
	var err error
	if row.Body, err = t.seal.Seal(body, importChunkSeal(row.ID)); err != nil {
		return err
	}
	return t.InTx(ctx, func(t *Tenant) error {
		err := oneRow(t.u(ctx).Model(&ImportRow{}).Where("id = ? AND state = ?", id, ImportReceiving).
			Updates(map[string]any{"chunks": number + 1, "bytes": gorm.Expr("bytes + ?", len(body))}))
		if err != nil {
			return err
		}
		return t.w(ctx).Create(&row).Error
	})
}

// ImportReceived ends the upload: the dry run may begin. run says that the import itself shall follow at once.
func (t *Tenant) ImportReceived(ctx context.Context, actor audit.Actor, id, hash string, dryRun bool) error {
	return t.importEvent(ctx, actor, id, "Upload users to import", []string{ImportReceiving},
		map[string]any{"state": ImportWaiting, "hash": hash, "dry_run": dryRun})
}

// StartImport makes what the dry run showed happen.
func (t *Tenant) StartImport(ctx context.Context, actor audit.Actor, id string) error {
	return t.importEvent(ctx, actor, id, "Start import of users", []string{ImportChecked}, map[string]any{"state": ImportWaiting, "dry_run": false,
		"cursor": 0, "rows": 0, "created": 0, "updated": 0, "unchanged": 0, "refused": 0, "warned": 0, "complaints": 0, "started_at": nil, "finished_at": nil,
		"actor_kind": string(actor.Kind), "actor_id": actor.ID, "actor_name": actor.Name, "actor_ip": actor.IP})
}

// CancelImport ends an import where it stands: who was imported stays, the file goes.
func (t *Tenant) CancelImport(ctx context.Context, actor audit.Actor, id string) error {
	return t.importEvent(ctx, actor, id, "Cancel import of users", []string{ImportReceiving, ImportWaiting, ImportRunning, ImportChecked},
		map[string]any{"state": ImportCancelled, "finished_at": t.Now(), "owner": "", "lease_until": nil})
}

// importEvent moves an import from one of some states; somebody else was faster: fault.Conflict.
func (t *Tenant) importEvent(ctx context.Context, actor audit.Actor, id, activity string, from []string, columns map[string]any) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var row ImportRow
		if err := t.lock(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
			return audit.Event{}, found(err)
		}
		moved := t.u(ctx).Model(&ImportRow{}).Where("id = ? AND state IN ?", id, from).Updates(columns)
		if moved.Error != nil {
			return audit.Event{}, moved.Error
		}
		if moved.RowsAffected == 0 {
			return audit.Event{}, fault.New(fault.Conflict, "import.state")
		}
		switch columns["state"] {
		case ImportCancelled:
			if err := t.forgetChunks(ctx, id); err != nil {
				return audit.Event{}, err
			}
		case ImportWaiting:
			if err := t.u(ctx).Where("import_id = ?", id).Delete(&ImportComplaintRow{}).Error; err != nil {
				return audit.Event{}, err
			}
		}
		return audit.Event{Activity: activity, Category: "UserManagement", Operation: "Update", Target: importTarget(row),
			Changes: []audit.Change{{Property: "state", Old: row.State, New: columns["state"]}}}, nil
	})
}

func importTarget(r ImportRow) audit.Target {
	return audit.Target{Kind: "import", ID: r.ID, Name: r.FileName}
}

func (t *Tenant) forgetChunks(ctx context.Context, id string) error {
	return t.u(ctx).Where("import_id = ?", id).Delete(&ImportChunkRow{}).Error
}

// Import reads one import.
func (t *Tenant) Import(ctx context.Context, id string) (Import, error) {
	var r ImportRow
	if err := t.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return Import{}, found(err)
	}
	return t.importOf(r)
}

// Imports lists the imports, newest first.
func (t *Tenant) Imports(ctx context.Context, after string, limit int) (Page[Import], error) {
	q, err := keyset(t.q(ctx), "created_at", after, true, true)
	if err != nil {
		return Page[Import]{}, err
	}
	limit = clampLimit(limit)
	var rows []ImportRow
	if err := q.Limit(limit + 1).Find(&rows).Error; err != nil {
		return Page[Import]{}, err
	}
	p := page(rows, limit, func(r ImportRow) cursor { return cursor{Time: r.CreatedAt, ID: r.ID} })
	out := Page[Import]{Items: make([]Import, len(p.Items)), Next: p.Next}
	for i, r := range p.Items {
		if out.Items[i], err = t.importOf(r); err != nil {
			return out, err
		}
	}
	return out, nil
}

// ImportComplaints lists what was wrong, in the order of the file, after a record.
func (t *Tenant) ImportComplaints(ctx context.Context, id string, after int64, limit int) (list []ImportComplaint, next int64, err error) {
	var rows []ImportComplaintRow
	limit = clampLimit(limit)
	if err := t.q(ctx).Where("import_id = ? AND record > ?", id, after).Order("record, number").Limit(limit + 1).Find(&rows).Error; err != nil {
		return nil, 0, err
	}
	if len(rows) > limit { // the last record may go on: it stands on the next page whole
		last := rows[limit].Record
		for len(rows) > 0 && rows[len(rows)-1].Record == last {
			rows = rows[:len(rows)-1]
		}
		if len(rows) > 0 {
			next = rows[len(rows)-1].Record
		}
	}
	for _, r := range rows {
		c := ImportComplaint{Record: r.Record, Line: r.Line, Who: r.Who, Field: fault.Field{Name: r.Field, Key: r.Key}, Refused: r.Refused}
		if err := json.Unmarshal([]byte(r.Args), &c.Field.Args); err != nil {
			return nil, 0, badJSON("complaint", id, err)
		}
		list = append(list, c)
	}
	return list, next, nil
}

// PurgeImports ends imports that nobody goes on with, and forgets reports that are old.
func (t *Tenant) PurgeImports(ctx context.Context, actor audit.Actor) error {
	var stale []string
	err := t.q(ctx).Model(&ImportRow{}).Where("state IN ? AND created_at < ?", []string{ImportReceiving, ImportChecked}, t.Now().Add(-importKept)).Limit(100).Pluck("id", &stale).Error
	if err != nil {
		return err
	}
	for _, id := range stale {
		if err := t.CancelImport(ctx, actor, id); err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	var old []string
	if err := t.q(ctx).Model(&ImportRow{}).Where("finished_at < ?", t.Now().Add(-importReported)).Limit(100).Pluck("id", &old).Error; err != nil || len(old) == 0 {
		return err
	}
	return t.InTx(ctx, func(t *Tenant) error {
		for _, row := range []any{&ImportComplaintRow{}, &ImportChunkRow{}} {
			if err := t.u(ctx).Where("import_id IN ?", old).Delete(row).Error; err != nil {
				return err
			}
		}
		return t.u(ctx).Where("id IN ?", old).Delete(&ImportRow{}).Error
	})
}
