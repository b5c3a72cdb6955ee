package models

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-gormigrate/gormigrate/v2"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"portico/app/risk"
)

// StatementEnd separates the statements of a migration file.
const StatementEnd = statementEnd

// SchemaFromRows builds the schema that the rows and engine_search.go describe, and gives the statements
// that changed something. Tests compare the migrations with it and write new ones from it.
func (s *Store) SchemaFromRows(ctx context.Context) ([]string, error) {
	rec := &recorder{Interface: logger.Discard}
	db := s.write.Session(&gorm.Session{Context: ctx, Logger: rec})
	if err := db.AutoMigrate(Tables()...); err != nil {
		return nil, err
	}
	rec.mu.Lock()
	out := rec.statements
	rec.mu.Unlock()
	for _, sql := range s.searchSchema() {
		if err := db.Exec(sql).Error; err != nil {
			return nil, err
		}
	}
	return append(out, s.searchSchema()...), nil
}

type recorder struct {
	logger.Interface
	mu         sync.Mutex
	statements []string
}

func (r *recorder) LogMode(logger.LogLevel) logger.Interface { return r }

func (r *recorder) Trace(_ context.Context, _ time.Time, fc func() (string, int64), _ error) {
	sql, _ := fc()
	for _, verb := range []string{"CREATE ", "ALTER ", "DROP "} {
		if strings.HasPrefix(sql, verb) {
			r.mu.Lock()
			r.statements = append(r.statements, sql)
			r.mu.Unlock()
		}
	}
}

// FillDisk lets the database file of a SQLite store grow no more.
func (s *Store) FillDisk() error {
	var pages int
	if err := s.write.Raw("PRAGMA page_count").Scan(&pages).Error; err != nil {
		return err
	}
	return s.write.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Error
}

// Settle gives the planner what it would know a few minutes after a large import.
func (s *Store) Settle() error {
	if s.dialect == "postgres" {
		return s.write.Exec("VACUUM ANALYZE").Error
	}
	return s.Maintain(context.Background())
}

// MigrateTo stops at a step of the history, as an older version of the program would have.
func (s *Store) MigrateTo(ctx context.Context, id string) error {
	steps, err := s.migrations()
	if err != nil {
		return err
	}
	return gormigrate.New(s.write.Session(&gorm.Session{Context: ctx}), &gormigrate.Options{TableName: "migrations", IDColumnName: "id",
		IDColumnSize: 64, UseTransaction: true}, steps).MigrateTo(id)
}

// RareTrigrams are those that a search for the words would ask the index for, if everybody were like the texts.
func RareTrigrams(texts, words []string, most int) []string {
	return newUserSample(time.Time{}, 0, sampleOf("", texts)).rare(words, most, func(string) bool { return true })
}

// Walks reports whether Postgres would walk through a tenant to find the words, when so many people are spread
// over the tenants as the texts are.
func Walks(people int, texts map[string][]string, tenantID string, words ...string) bool {
	var all []sampledText
	for id, list := range texts {
		all = append(all, sampleOf(id, list)...)
	}
	return newUserSample(time.Time{}, people, all).walks(words, tenantID)
}

func sampleOf(tenantID string, texts []string) []sampledText {
	var out []sampledText
	for _, text := range texts {
		out = append(out, sampledText{TenantID: tenantID, SearchNorm: text})
	}
	return out
}

// PretendMany makes the store believe for a while that it has a million people of the tenant who all have the text.
func (s *Store) PretendMany(tenantID, text string) {
	s.samples.last.Store(newUserSample(s.now(), 1_000_000, sampleOf(tenantID, []string{text, text})))
}

// PretendSome makes the store believe for a while that it has a million people of the tenant, of whom one in four hundred
// has the text, and who came in about three days around the time.
func (s *Store) PretendSome(tenantID, text string, around time.Time) {
	texts := make([]string, 2_000)
	for i := range 5 {
		texts[i*400] = text
	}
	sampled := sampleOf(tenantID, texts)
	for i := range sampled {
		sampled[i].CreatedAt = around.Add(time.Duration(i-len(sampled)/2) * 2 * time.Minute)
	}
	s.samples.last.Store(newUserSample(s.now(), 1_000_000, sampled))
}

// SearchMark is the mark of the span of a length that a time lies in, and SpanFor what is asked for next when
// people came as the store believes.
func SearchMark(at time.Time, long time.Duration) string { return spanAt(at, long).mark }

func (s *Store) SpanFor(tenantID string, at time.Time, wanted int, words ...string) string {
	p, _, _, ok := s.samples.last.Load().span(words, tenantID, at, wanted, yield{})
	if !ok {
		return ""
	}
	return fmt.Sprint(p.from.Format(time.RFC3339), " ", p.to.Sub(p.from))
}

// ForgetSample makes the store look at its people again.
func (s *Store) ForgetSample() { s.samples.last.Store(nil) }

// ReadLogBy lets replay and effects read so many entries at a time.
func (s *Store) ReadLogBy(n int) { s.logPage = n }

// ErrReplayTaken is what a worker meets that another one was faster than.
var ErrReplayTaken = errReplayTaken

// HoldReplay does a piece of work on a replay and gives what writes it down.
func (t *Tenant) HoldReplay(ctx context.Context, id string) (func() error, error) {
	var row ReplayRow
	if err := t.q(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return nil, err
	}
	x, err := t.openReplay(row)
	if err != nil {
		return nil, err
	}
	n, at, err := t.recordedPage(ctx, recordedSpan{From: x.draft.From, To: x.draft.To, After: x.after, NewestFirst: true}, x.entry)
	x.after, x.read = at, x.read+int64(n)
	return func() error { return x.save(ctx, ReplayRunning) }, err
}

// SearchPatterns are what Postgres' index is asked for words of which these trigrams are the rare ones.
func SearchPatterns(words, rare []string) []string {
	return wordSearch{words: words, rare: rare}.patterns()
}

// WriteCounts adds to counters as a fold of sign-ins does.
func (t *Tenant) WriteCounts(ctx context.Context, counts map[risk.Key]risk.Count) error {
	return t.InTx(ctx, func(t *Tenant) error { return t.writeCounts(ctx, counts) })
}

// RefuseCalls makes the database refuse recorded calls of one extension.
func (s *Store) RefuseCalls(extensionID string) error {
	if s.dialect == "postgres" {
		return s.write.Exec("ALTER TABLE extension_calls DROP CONSTRAINT IF EXISTS refused; ALTER TABLE extension_calls ADD CONSTRAINT refused CHECK (extension_id <> '" + extensionID + "') NOT VALID").Error
	}
	if err := s.write.Exec("DROP TRIGGER IF EXISTS refused").Error; err != nil {
		return err
	}
	return s.write.Exec("CREATE TRIGGER refused BEFORE INSERT ON extension_calls WHEN NEW.extension_id = '" + extensionID + "' BEGIN SELECT RAISE(ABORT, 'refused'); END").Error
}

// LateDeliveriesPlan is how the database finds the deliveries that wait too long.
func (t *Tenant) LateDeliveriesPlan(ctx context.Context) (string, error) {
	explain := "EXPLAIN QUERY PLAN "
	if t.dialect == "postgres" {
		explain = "EXPLAIN "
	}
	var out strings.Builder
	err := t.InTx(ctx, func(t *Tenant) error {
		if t.dialect == "postgres" { // a few rows are read as they lie, however good the index
			if err := t.w(ctx).Exec("SET LOCAL enable_seqscan = off").Error; err != nil {
				return err
			}
		}
		rows, err := t.w(ctx).Raw(explain+"SELECT id FROM webhook_deliveries WHERE "+lateDeliveries+" LIMIT 500", t.ID, t.Now(), t.Now()).Rows()
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		for rows.Next() {
			cells := make([]any, len(columns))
			for i := range cells {
				cells[i] = new(any)
			}
			if err := rows.Scan(cells...); err != nil {
				return err
			}
			fmt.Fprintln(&out, *cells[len(cells)-1].(*any))
		}
		return rows.Err()
	})
	return out.String(), err
}

// HoldWebhook takes a webhook and then touches a delivery of it, as the queue does, with something in between.
func (s *Store) HoldWebhook(ctx context.Context, webhookID, deliveryID string, between func()) error {
	return s.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var w WebhookRow
		if err := tx.Clauses(forUpdate()).Where("id = ?", webhookID).Take(&w).Error; err != nil {
			return err
		}
		between()
		return tx.Model(&WebhookDeliveryRow{}).Where("id = ?", deliveryID).UpdateColumn("kind", gorm.Expr("kind")).Error
	})
}
