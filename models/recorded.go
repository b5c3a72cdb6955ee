package models

import (
	"context"
	"database/sql"
	"time"

	"portico/app/policy"
	"portico/app/record"
)

// place is where a reader of the sign-in log is: the entry that it read last.
type place struct {
	At time.Time `json:"at,omitzero"`
	ID string    `json:"id,omitempty"`
}

// recordedEntry is what replay and effects read of an entry of the log: not the record, which is many times as
// large. Decision is good until the next entry only.
type recordedEntry struct {
	place
	Times    int64
	Asked    bool // it should have a decision: somebody got in, and no application spoke for itself
	Decision sql.RawBytes
}

// recordedPageSize is how many entries one statement reads: enough to be fast, few enough that a long replay never
// keeps the database from tidying up behind it.
const recordedPageSize = 4000

// recordedSpan narrows the log: From is included, To is not. After is where the last page ended.
type recordedSpan struct {
	From, To    time.Time
	After       place
	NewestFirst bool
}

// recordedPage visits the next entries of a span, and says how many there were and where the last one is.
func (t *Tenant) recordedPage(ctx context.Context, s recordedSpan, visit func(recordedEntry) error) (int, place, error) {
	table, order, op := "sign_ins", "created_at, id", ">"
	if t.dialect == "sqlite" { // it would rather sort the whole table
		table += " INDEXED BY signins_time"
	}
	if s.NewestFirst {
		order, op = "created_at DESC, id DESC", "<"
	}
	query := "SELECT id, created_at, count, result, kind, decision FROM " + table + " WHERE tenant_id = ? AND created_at >= ? AND created_at < ?"
	args := []any{t.ID, s.From.UTC(), s.To.UTC()}
	if s.After.ID != "" {
		query += " AND (created_at, id) " + op + " (?, ?)"
		args = append(args, s.After.At.UTC(), s.After.ID)
	}
	rows, err := t.r(ctx).Raw(query+" ORDER BY "+order+" LIMIT ?", append(args, recordedPageSize)...).Rows()
	if err != nil {
		return 0, s.After, err
	}
	defer func() { _ = rows.Close() }()
	n, at := 0, s.After
	var e recordedEntry
	var result, kind sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&e.ID, &e.At, &e.Times, &result, &kind, &e.Decision); err != nil {
			return n, at, err
		}
		e.Asked = string(result) == string(record.Success) && string(kind) != string(record.Service)
		n, at = n+1, place{e.At.UTC(), e.ID}
		if err := visit(e); err != nil {
			return n, at, err
		}
	}
	return n, at, rows.Err()
}

// eachRecorded visits all of a span.
func (t *Tenant) eachRecorded(ctx context.Context, s recordedSpan, visit func(recordedEntry) error) error {
	for {
		n, at, err := t.recordedPage(ctx, s, visit)
		if err != nil || n < recordedPageSize {
			return err
		}
		s.After = at
	}
}

// recorded reads the decision of an entry; false when it has none.
func (e recordedEntry) recorded(c *policy.Codec, tenantID string) (policy.Recorded, bool, error) {
	if len(e.Decision) == 0 {
		return policy.Recorded{}, false, nil
	}
	r, err := c.Unpack(e.Decision)
	if err != nil {
		return r, false, badJSON("decision of a sign-in", e.ID, err)
	}
	r.TenantID = tenantID
	return r, true, nil
}
