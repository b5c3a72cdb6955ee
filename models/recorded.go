package models

import (
	"context"
	"database/sql"
	"errors"
	"strings"
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
	rows, err := t.r(ctx).Raw(query+" ORDER BY "+order+" LIMIT ?", append(args, t.logPage)...).Rows()
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
		if err != nil || n < t.logPage {
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

// policyScan is how many entries one page of the log is looked for in, when it is narrowed to a policy: no index
// knows what policies said, but decisions are read a hundred thousand in a second.
const policyScan = 60_000

// signInsOfPolicy lists a page of the entries to which a policy applied. Where they are rare a page may be short, or
// empty, and there is still another.
func (t *Tenant) signInsOfPolicy(ctx context.Context, f SignInQuery) (Page[SignInRow], error) {
	span := recordedSpan{From: f.From, To: f.To, NewestFirst: !f.OldestFirst}
	if span.To.IsZero() {
		span.To = t.Now().Add(time.Hour)
	}
	if f.After != "" {
		c, err := parseCursor(f.After)
		if err != nil {
			return Page[SignInRow]{}, err
		}
		span.After = place{c.Time, c.ID}
	}
	limit, codec := clampLimit(f.Limit), policy.NewCodec()
	var ids []string
	for read := 0; ; {
		var last place
		n, at, err := t.recordedPage(ctx, span, func(e recordedEntry) error {
			if len(e.Decision) > 0 {
				r, err := codec.UnpackAll(e.Decision)
				if err != nil {
					return badJSON("decision of a sign-in", e.ID, err)
				}
				if saidOf(r, f) {
					ids = append(ids, e.ID)
				}
			}
			if last = (place{e.At.UTC(), e.ID}); len(ids) == limit {
				return errEnough
			}
			return nil
		})
		full := errors.Is(err, errEnough)
		if err != nil && !full {
			return Page[SignInRow]{}, err
		}
		span.After, read = at, read+n
		if full || n < t.logPage || read >= policyScan {
			rows, err := t.signInsNarrowed(ctx, f, ids)
			out := Page[SignInRow]{Items: rows}
			if full || n == t.logPage {
				out.Next = cursor{Time: last.At, ID: last.ID}.String()
			}
			return out, err
		}
	}
}

// saidOf reports whether a decision is among those that a query wants.
func saidOf(r policy.Recorded, f SignInQuery) bool {
	for _, p := range r.Policies {
		if p.ID != f.PolicyID || p.Result == policyNotEnabled {
			continue
		}
		if f.PolicyResult == "" {
			return !strings.HasSuffix(strings.ToLower(p.Result), "notapplied")
		}
		return strings.EqualFold(p.Result, f.PolicyResult) || strings.EqualFold(p.Result, "reportOnly"+f.PolicyResult)
	}
	return false
}

// signInsNarrowed reads entries by id, in the query's order, less those that its other filters leave out.
func (t *Tenant) signInsNarrowed(ctx context.Context, f SignInQuery, ids []string) ([]SignInRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	order := "created_at DESC, id DESC"
	if f.OldestFirst {
		order = "created_at, id"
	}
	var rows []SignInRow
	err := signInFilter(t.byID(ctx, ids), f).Order(order).Find(&rows).Error
	return rows, err
}
