// Package models knows what Portico remembers: GORM rows, queries and migrations, one file per
// aggregate, on SQLite and on Postgres. It implements the small stores that the domain packages
// declare. Every query about a tenant's things goes through a Tenant handle, so that leaving the
// tenant out is impossible; every mutation takes an audit.Actor and writes its audit row in the same
// transaction. Public methods own their transaction; unexported ones take it.
package models

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"portico/app/audit"
	"portico/app/fault"
)

// Store is an open database. On SQLite, write is the one writer connection and read a pool; on
// Postgres both are the same pool.
type Store struct {
	write   *gorm.DB
	read    *gorm.DB
	dialect string // "sqlite" or "postgres"
	now     func() time.Time
	seal    Sealer
}

// Sealer encrypts secrets at rest. Context (a purpose and the row's id) is bound into the seal, so a
// sealed value cannot be moved to another row.
type Sealer interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
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
	ID string
	tx *gorm.DB // set inside InTx
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
	db := t.read
	if t.tx != nil {
		db = t.tx
	}
	return db.WithContext(ctx).Where("tenant_id = ?", t.ID)
}

// w is an unscoped handle for writing: inserts carry TenantID, updates must say where tenant_id.
func (t *Tenant) w(ctx context.Context) *gorm.DB {
	if t.tx != nil {
		return t.tx.WithContext(ctx)
	}
	return t.write.WithContext(ctx)
}

// InTx runs f in one write transaction; nested calls join it. No network call may happen inside.
func (t *Tenant) InTx(ctx context.Context, f func(*Tenant) error) error {
	if t.tx != nil {
		return f(t)
	}
	return t.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		return f(&Tenant{Store: t.Store, ID: t.ID, tx: tx})
	})
}

// mutate is InTx plus one audit row and, for configuration, a raised tenant version, so that every
// instance's snapshot follows. An actor is required.
func (t *Tenant) mutate(ctx context.Context, actor audit.Actor, e audit.Event, f func(*Tenant) error) error {
	if actor.Kind == "" || actor.ID == "" {
		return fault.Wrap(fault.Internal, "error.internal", errNoActor)
	}
	return t.InTx(ctx, func(t *Tenant) error {
		if err := f(t); err != nil {
			return err
		}
		if err := t.writeAudit(ctx, actor, e); err != nil {
			return err
		}
		return t.bumpVersion(ctx)
	})
}
