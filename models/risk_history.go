package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"portico/app/record"
	"portico/app/risk"
)

// RiskHistory reads what an assessment of these signals needs to know of the past: one row of the person, the
// counters of these values, the sources, all in one statement, because each one costs a way to the database and back.
// What cannot be read is named in History.Missing, so that detections can say that they could not tell; the error says
// why, and the history is good for everything else.
func (t *Tenant) RiskHistory(ctx context.Context, userID string, s record.Signals, now time.Time) (risk.History, error) {
	var h risk.History
	parts := func() []pastPart {
		return slices.DeleteFunc([]pastPart{t.everyonePart(risk.Particular(s), &h.Everyone), t.personPart(userID, &h.Person), t.sourcePart(s, now, &h.Source),
			t.leakedPart(userID, &h.Leaked), t.wavesPart(s, now, &h.Waves)}, func(p pastPart) bool { return p.query == "" })
	}
	var errs []error
	missing := func(name string, err error) {
		if !slices.Contains(h.Missing, name) {
			h.Missing = append(h.Missing, name)
		}
		errs = append(errs, err)
	}
	if t.readPast(ctx, parts()...) != nil { // one by one, to see which it was
		h = risk.History{}
		for _, p := range parts() {
			if err := t.readPast(ctx, p); err != nil {
				missing(p.name, err)
			}
		}
	}
	if general, err := t.generalCounts(ctx); err != nil {
		missing(risk.NeedEveryone, err)
	} else {
		if h.Everyone == nil {
			h.Everyone = make(risk.Everyone, len(general))
		}
		maps.Copy(h.Everyone, general)
	}
	var err error
	if h.Indicators, err = t.riskIndicators(ctx, s, now); err != nil {
		missing(risk.NeedIndicators, err)
	}
	return h, errors.Join(errs...)
}

// RenewalHistory is the part of it that the renewal of tokens is assessed by: an app may renew by the thousand, and most
// detections are about people at a browser.
func (t *Tenant) RenewalHistory(ctx context.Context, s record.Signals, now time.Time) (risk.History, error) {
	var h risk.History
	var err error
	if h.Indicators, err = t.riskIndicators(ctx, s, now); err != nil {
		h.Missing = append(h.Missing, risk.NeedIndicators)
	}
	return h, err
}

// pastPart is one part of the history: a query of the columns of pastRow, which may be joined with others by UNION ALL,
// and what becomes of its rows. A zero one asks nothing.
type pastPart struct {
	name  string
	query string
	args  []any
	row   func(pastRow)
	end   func() error // after the last row, when all could be read
}

// pastRow has room for a row of any part.
type pastRow struct {
	A, B, C                              sql.NullString
	N                                    sql.NullFloat64
	At                                   sql.NullTime
	Attempts, Failures, Successes, Signs sql.NullInt64
	Body, More                           []byte
}

// Columns that a part has no use for. Postgres wants to know their types, and SQLite does not mind being told.
const (
	noTexts  = "CAST(NULL AS TEXT), CAST(NULL AS TEXT), CAST(NULL AS TEXT)"
	noNumber = "CAST(NULL AS DOUBLE PRECISION)"
	noTime   = "CAST(NULL AS TIMESTAMPTZ)"
	noCounts = "CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)"
	noBytes  = "CAST(NULL AS BYTEA), CAST(NULL AS BYTEA)"
)

// readPast reads parts in one statement. SQLite takes the types of columns from the first one.
func (t *Tenant) readPast(ctx context.Context, parts ...pastPart) error {
	var query strings.Builder
	var args []any
	for i, p := range parts {
		if i > 0 {
			query.WriteString(" UNION ALL ")
		}
		fmt.Fprintf(&query, "SELECT %d, %s", i, p.query)
		args = append(args, p.args...)
	}
	// Past GORM's own building of statements, which would take as long again as all else that is done here.
	rows, err := t.r(ctx).Statement.ConnPool.QueryContext(ctx, t.numbered(query.String()), args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var part int
		var r pastRow
		if err := rows.Scan(&part, &r.A, &r.B, &r.C, &r.N, &r.At, &r.Attempts, &r.Failures, &r.Successes, &r.Signs, &r.Body, &r.More); err != nil {
			return err
		}
		parts[part].row(r)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, p := range parts {
		if p.end != nil {
			if err := p.end(); err != nil {
				return err
			}
		}
	}
	return nil
}

// numbered is a statement with the places for its values as the engine wants them.
func (s *Store) numbered(query string) string {
	if s.dialect != "postgres" {
		return query
	}
	var out strings.Builder
	out.Grow(len(query) + 128)
	for n := 1; ; n++ {
		before, after, more := strings.Cut(query, "?")
		out.WriteString(before)
		if !more {
			return out.String()
		}
		out.WriteString("$" + strconv.Itoa(n))
		query = after
	}
}

// everyonePart reads counters by their keys: a join with a list of them, because SQLite finds no index for a list of
// pairs.
func (t *Tenant) everyonePart(keys []risk.Key, out *risk.Everyone) pastPart {
	if len(keys) == 0 {
		return pastPart{}
	}
	args := make([]any, 0, 2*len(keys)+1)
	for _, k := range keys {
		args = append(args, k.Feature, countValue(k.Value))
	}
	have := make(risk.Everyone, len(keys))
	return pastPart{name: risk.NeedEveryone, args: append(args, t.ID),
		query: "c.feature, c.value, CAST(NULL AS TEXT), CAST(c.n AS DOUBLE PRECISION), c.at, " + noCounts + ", " + noBytes + " FROM (VALUES " + strings.TrimSuffix(strings.Repeat("(?, ?), ", len(keys)), ", ") +
			") AS wanted CROSS JOIN risk_counts AS c WHERE c.tenant_id = ? AND c.feature = wanted.column1 AND c.value = wanted.column2",
		row: func(r pastRow) {
			have[risk.Key{Feature: r.A.String, Value: r.B.String}] = risk.Count{N: r.N.Float64, At: r.At.Time.UTC()}
		},
		end: func() error {
			for _, k := range keys {
				if cut := countValue(k.Value); cut != k.Value {
					if c, ok := have[risk.Key{Feature: k.Feature, Value: cut}]; ok {
						have[k] = c
					}
				}
			}
			*out = have
			return nil
		}}
}

// generalCounts keeps the counters that every assessment of a tenant reads, for a moment: they are more than half of all.
type generalCounts struct {
	mu       sync.Mutex
	byTenant map[string]*keptCounts
}

type keptCounts struct {
	counts  risk.Everyone // nil: none are kept
	until   time.Time
	written int // how often they were written meanwhile
}

// Another machine's sign-ins are told by counters that are folded every few seconds anyhow.
const (
	generalLasts = 10 * time.Second
	mostGeneral  = 1_000 // tenants
)

// generalCounts gives the counters that are the same whatever somebody signs in with.
func (t *Tenant) generalCounts(ctx context.Context) (risk.Everyone, error) {
	if t.tx != nil { // which sees what nobody else does
		return t.countsOf(ctx, risk.General())
	}
	now, kept := t.Now(), &t.Store.general
	kept.mu.Lock()
	k := kept.of(t.ID)
	counts, until, written := k.counts, k.until, k.written
	kept.mu.Unlock()
	if counts != nil && now.Before(until) {
		return counts, nil
	}
	counts, err := t.countsOf(ctx, risk.General())
	if err != nil {
		return nil, err
	}
	kept.mu.Lock()
	defer kept.mu.Unlock()
	if k := kept.of(t.ID); k.written == written {
		k.counts, k.until = counts, now.Add(generalLasts)
	}
	return counts, nil
}

// of is the entry of a tenant; the caller holds the lock.
func (g *generalCounts) of(tenantID string) *keptCounts {
	k := g.byTenant[tenantID]
	if k == nil {
		if g.byTenant == nil || len(g.byTenant) >= mostGeneral {
			g.byTenant = map[string]*keptCounts{}
		}
		k = &keptCounts{}
		g.byTenant[tenantID] = k
	}
	return k
}

// forget makes the tenant's next assessment read them anew.
func (g *generalCounts) forget(tenantID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	k := g.of(tenantID)
	k.counts, k.written = nil, k.written+1
}

// countsOf reads counters by their keys.
func (t *Tenant) countsOf(ctx context.Context, keys []risk.Key) (risk.Everyone, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	var out risk.Everyone
	return out, t.readPast(ctx, t.everyonePart(keys, &out))
}

// countValue is a value as its counter's key: what is too long for one is cut.
func countValue(v string) string {
	if len(v) <= 200 {
		return v
	}
	if r := []rune(v); len(r) > 200 {
		return string(r[:200])
	}
	return v
}

func (t *Tenant) personPart(userID string, out *risk.Person) pastPart {
	if userID == "" {
		return pastPart{}
	}
	var body []byte
	return pastPart{name: risk.NeedPerson, args: []any{t.ID, userID},
		query: noTexts + ", " + noNumber + ", " + noTime + ", " + noCounts + ", body, CAST(NULL AS BYTEA) FROM risk_people WHERE tenant_id = ? AND user_id = ?",
		row:   func(r pastRow) { body = r.Body },
		end: func() error {
			if body == nil {
				return nil
			}
			p, err := risk.DecodePerson(body)
			if err != nil {
				return badJSON("what is usual for a person", userID, err)
			}
			*out = p
			return nil
		}}
}

// riskPerson is what is usual for a person.
func (t *Tenant) riskPerson(ctx context.Context, userID string) (risk.Person, error) {
	var out risk.Person
	if userID == "" {
		return out, nil
	}
	err := t.readPast(ctx, t.personPart(userID, &out))
	return out, err
}

// sourcePart adds up what came from the address in the last day.
func (t *Tenant) sourcePart(s record.Signals, now time.Time, out *risk.Source) pastPart {
	source := risk.SourceOf(s.IP)
	if source == "" {
		return pastPart{}
	}
	var sum risk.Source
	var accounts, strangers risk.Sketch
	return pastPart{name: risk.NeedSource, args: []any{t.ID, source, sourceHour(now.Add(-sourceDay)), sourceHour(now)},
		query: noTexts + ", " + noNumber + ", " + noTime + ", attempts, failures, successes, sign_ups, accounts, strangers FROM risk_sources WHERE tenant_id = ? AND source = ? AND hour > ? AND hour <= ?",
		row: func(r pastRow) {
			if accounts == nil {
				accounts, strangers = risk.NewSketch(risk.SourceSketch), risk.NewSketch(risk.SourceSketch)
			}
			sum.Attempts += int(r.Attempts.Int64)
			sum.Failures += int(r.Failures.Int64)
			sum.Successes += int(r.Successes.Int64)
			sum.SignUps += int(r.Signs.Int64)
			accounts.Merge(r.Body)
			strangers.Merge(r.More)
		},
		end: func() error {
			sum.Accounts, sum.Unknown = accounts.Count(), strangers.Count()
			*out = sum
			return nil
		}}
}

// leakedPart finds out whether somebody's address is on a list that counts, and their password as old.
func (t *Tenant) leakedPart(userID string, out *bool) pastPart {
	if userID == "" {
		return pastPart{}
	}
	return pastPart{name: risk.NeedLeaked, args: []any{t.ID, userID, t.ID, userID, KindPassword},
		query: noTexts + ", " + noNumber + ", " + noTime + ", " + noCounts + ", " + noBytes + " FROM leaked_addresses WHERE tenant_id = ? AND user_id = ? AND user_id <> '' AND NOT pending AND " +
			"leaked_at >= (SELECT max(created_at) FROM credentials WHERE tenant_id = ? AND user_id = ? AND kind = ?)",
		row: func(pastRow) { *out = true }}
}

// wavesPart are the open incidents that a sign-in with these signals belongs to: one look-up by key. To a simulated one
// nobody belongs.
func (t *Tenant) wavesPart(s record.Signals, now time.Time, out *[]risk.Wave) pastPart {
	keys := risk.WaveKeys(s)
	if len(keys) == 0 {
		return pastPart{}
	}
	var waves []risk.Wave
	const counted = "(SELECT count(*) FROM risk_incident_sources AS s WHERE s.tenant_id = ? AND s.source = ? AND s.incident_id = i.id"
	args := []any{t.ID, risk.SourceOf(s.IP), t.ID, risk.ToolKey(risk.AgentWords(s)), t.ID}
	for _, k := range keys {
		args = append(args, k)
	}
	return pastPart{name: risk.NeedWaves, args: append(args, t.ID, risk.IncidentOpen),
		query: "id, kind, response, " + noNumber + ", until, " + counted + " AND s.attempts > 0), " + counted + "), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), " + noBytes + " FROM risk_incidents AS i WHERE i.id IN " +
			"(SELECT incident_id FROM risk_incident_sources WHERE tenant_id = ? AND source IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(keys)), ", ") + ")) AND i.tenant_id = ? AND i.state = ? AND NOT i.simulated",
		row: func(r pastRow) {
			w := risk.Wave{IncidentID: r.A.String, Kind: r.B.String, Response: r.C.String, Counted: r.Attempts.Int64 > 0, Tool: r.Failures.Int64 > 0}
			if r.At.Valid && !now.Before(r.At.Time) {
				w.Response = ""
			}
			waves = append(waves, w)
		},
		end: func() error {
			slices.SortFunc(waves, func(a, b risk.Wave) int { return strings.Compare(a.IncidentID, b.IncidentID) })
			*out = waves
			return nil
		}}
}
