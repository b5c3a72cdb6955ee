// Package models knows what Portico remembers: GORM rows, queries and migrations, one file per
// aggregate, on SQLite and on Postgres. It implements the small stores that the domain packages
// declare. Every query about a tenant's things goes through a Tenant handle, so that leaving the
// tenant out is impossible; every mutation takes an audit.Actor and writes its audit row in the same
// transaction. Public methods own their transaction; unexported ones take it.
package models

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/audit"
	"portico/app/fault"
)

// Store is an open database. On SQLite, write is the one writer connection and read a pool; on
// Postgres both are the same pool.
type Store struct {
	write        *gorm.DB // for single statements
	transactions *gorm.DB // the same pool, for transactions
	read         *gorm.DB
	dialect      string // "sqlite" or "postgres"
	path         string // of the SQLite file
	now          func() time.Time
	queued       chan struct{} // holds one token after something was put into the outbox
	// webhooksQueued is the same for deliveries of webhooks.
	webhooksQueued chan struct{}
	developing     chan struct{} // holds one token while a picture is being decoded
	subscribers    subscribers
	seal           Sealer
	directories    directoryCache
	batches        batcher
	samples        userSamples
	logPage        int      // entries of the sign-in log that one statement of recordedPage reads
	seen           sync.Map // client ids whose first request is marked already
	observed       observed // whose refreshes were looked at lately
	general        generalCounts
	folds          struct {
		mu   sync.Mutex
		byID map[string]*folding
	}
	calls struct { // of extensions, that wait to be written
		mu      sync.Mutex
		waiting []keptCall
		flush   sync.Mutex // one at a time
		dropped atomic.Uint64
	}
}

// Sealer encrypts secrets at rest. Context (a purpose and the row's id) is bound into the seal, so a
// sealed value cannot be moved to another row.
type Sealer interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
	// Heads are the first bytes of what is sealed with the present secret and of what was sealed with the
	// one before; previous is nil when there is none.
	Heads() (current, previous []byte)
	// MAC is a keyed hash for look-ups that must not reveal what was looked up (lock-out keys,
	// destinations); purpose separates the uses.
	MAC(purpose string, data []byte) []byte
}

// Now is the store's clock: UTC, whole microseconds, which is what both engines keep.
func (s *Store) Now() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// Sealer gives the sealer that the store was opened with.
func (s *Store) Sealer() Sealer { return s.seal }

// NewID is a time-ordered id (UUIDv7) for rows. Never use it for secrets or public subjects.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// Tenant is a handle on one tenant's rows; each query it makes is scoped.
type Tenant struct {
	*Store
	ID    string
	tx    *gorm.DB  // set inside InTx
	after *[]func() // what happens once the transaction is committed
	// shared is set inside InBatch: the transaction is not this caller's alone, so that its context
	// being cancelled must not interrupt it.
	shared bool
	at     time.Time // of At; zero = the store's clock says
}

// At is the handle for what happened at a moment of the past, which an import or a sample writes down: everything that
// is done with it happens then. Only the audit log says when it was written down.
func (t *Tenant) At(at time.Time) *Tenant {
	other := *t
	other.at = at.UTC().Truncate(time.Microsecond)
	return &other
}

// Now is the store's clock, or the moment of At.
func (t *Tenant) Now() time.Time {
	if !t.at.IsZero() {
		return t.at
	}
	return t.Store.Now()
}

// Tenant gives the handle for a tenant id that was resolved before. An empty id is a defect.
func (s *Store) Tenant(id string) *Tenant {
	if id == "" {
		panic("models: Tenant(\"\")")
	}
	return &Tenant{Store: s, ID: id}
}

// q is a scoped query for reading. Inside a transaction it reads what the transaction wrote.
func (t *Tenant) q(ctx context.Context) *gorm.DB {
	return t.r(ctx).Where("tenant_id = ?", t.ID)
}

// byID is q for looking up given ids. The tenant is spelled so that no index serves it: SQLite, which
// knows nothing about how many rows a tenant has, would otherwise walk through all of them.
func (t *Tenant) byID(ctx context.Context, ids []string) *gorm.DB {
	some, list := t.anyOf(ids)
	return t.r(ctx).Where("id "+some+" AND tenant_id || '' = ?", list, t.ID)
}

// anyOf is the condition that a column is one of a list. On Postgres the list is one value, so that there is one
// statement for lists of any length, and its plan can be kept.
func (s *Store) anyOf(list []string) (condition string, value any) {
	if s.dialect == "postgres" {
		return "= ANY(?)", textArray{list}
	}
	return "IN ?", list
}

// textArray is a list as one value of Postgres' text[] (pgtype.ArrayGetter). It is no slice, or GORM would make many
// values of it.
type textArray struct{ list []string }

// Dimensions says how many there are.
func (a textArray) Dimensions() []pgtype.ArrayDimension {
	return []pgtype.ArrayDimension{{Length: int32(len(a.list)), LowerBound: 1}}
}

// Index is one of them.
func (a textArray) Index(i int) any { return a.list[i] }

// IndexType is what each is.
func (a textArray) IndexType() any { return "" }

// r is an unscoped handle for reading; whoever uses it must say where tenant_id.
func (t *Tenant) r(ctx context.Context) *gorm.DB {
	if t.tx != nil {
		return t.w(ctx)
	}
	return t.read.WithContext(ctx)
}

// w is an unscoped handle for writing: inserts carry TenantID, updates must say where tenant_id.
func (t *Tenant) w(ctx context.Context) *gorm.DB {
	if t.shared {
		ctx = context.WithoutCancel(ctx)
	}
	if t.tx != nil {
		return t.tx.WithContext(ctx)
	}
	return t.write.WithContext(ctx)
}

// u is a scoped handle for updates and deletes.
func (t *Tenant) u(ctx context.Context) *gorm.DB { return t.w(ctx).Where("tenant_id = ?", t.ID) }

// lock is a scoped query, inside a transaction, that keeps the rows it reads from changing until the
// end of it. SQLite needs no such words: its one writer holds the whole file.
func (t *Tenant) lock(ctx context.Context) *gorm.DB {
	return t.u(ctx).Clauses(forUpdate())
}

func forUpdate() clause.Locking { return clause.Locking{Strength: "UPDATE"} }

// InTx runs f in one write transaction; nested calls join it. No network call may happen inside.
func (t *Tenant) InTx(ctx context.Context, f func(*Tenant) error) error {
	if t.tx != nil {
		return f(t)
	}
	var after []func()
	err := t.transactions.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		return f(&Tenant{Store: t.Store, ID: t.ID, tx: tx, after: &after, at: t.at})
	})
	if err != nil {
		return err
	}
	for _, g := range after {
		g()
	}
	return nil
}

// In gives the handle of another tenant inside the same transaction (role assignments, for one, live
// in the workforce tenant and speak of another).
func (t *Tenant) In(tenantID string) *Tenant {
	other := *t
	other.ID = tenantID
	return &other
}

// afterCommit runs g once the running transaction is committed, or at once outside of one.
func (t *Tenant) afterCommit(g func()) {
	if t.after == nil {
		g()
		return
	}
	*t.after = append(*t.after, g)
}

// audited is InTx plus the audit row of the event that f describes: both are written or neither is.
// An actor is required. An event without an activity means that nothing changed, and writes none.
func (t *Tenant) audited(ctx context.Context, actor audit.Actor, f func(*Tenant) (audit.Event, error)) error {
	if actor.Kind == "" || actor.ID == "" {
		return fault.Wrap(fault.Internal, "error.internal", errNoActor)
	}
	return t.InTx(ctx, func(t *Tenant) error {
		e, err := f(t)
		if err != nil || e.Activity == "" {
			return err
		}
		return t.writeAudit(ctx, actor, e)
	})
}

// configure is audited for configuration: it also raises the tenant's version, so that the snapshot of
// every instance follows, and this instance's at once.
func (t *Tenant) configure(ctx context.Context, actor audit.Actor, f func(*Tenant) (audit.Event, error)) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		e, err := f(t)
		if err != nil || e.Activity == "" {
			return e, err
		}
		t.afterCommit(func() { t.directories.forget(t.ID) })
		return e, t.bumpVersion(ctx)
	})
}

// mutate is configure for an event that is known beforehand.
func (t *Tenant) mutate(ctx context.Context, actor audit.Actor, e audit.Event, f func(*Tenant) error) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) { return e, f(t) })
}
