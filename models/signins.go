package models

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/insight"
	"portico/app/policy"
	"portico/app/record"
)

// SignInRow is one entry of the sign-in log: the columns that reports filter by, and the whole
// record.SignIn as JSON. Paging is by (created_at, id); each filter has an index that ends in the time.
type SignInRow struct {
	ID            string    `gorm:"primaryKey;size:36"`
	TenantID      string    `gorm:"size:36;index:signins_time,priority:1;index:signins_risk,priority:1,where:risk_state <> '';index:signins_user_risk,priority:1,where:risk_state <> '';index:signins_risk_state,priority:1,where:risk_state <> '';index:signins_risk_aggregate,priority:1,where:risk_state <> '';index:signins_kind,priority:1;index:signins_user,priority:1;index:signins_app,priority:1;index:signins_result,priority:1;index:signins_ip,priority:1;index:signins_country,priority:1;index:signins_identifier,priority:1;index:signins_correlation,priority:1;index:signins_sign_up,priority:1,where:sign_up"`
	CreatedAt     time.Time `gorm:"index:signins_time,priority:2;index:signins_risk,priority:2;index:signins_user_risk,priority:3;index:signins_risk_state,priority:3;index:signins_risk_aggregate,priority:3;index:signins_kind,priority:3;index:signins_user,priority:3;index:signins_app,priority:3;index:signins_result,priority:3;index:signins_ip,priority:3;index:signins_country,priority:3;index:signins_sign_up,priority:2"`
	CorrelationID string    `gorm:"size:64;index:signins_correlation,priority:2"`
	Kind          string    `gorm:"index:signins_kind,priority:2"`
	Protocol      string
	Result        string `gorm:"index:signins_result,priority:2"`
	Code          int
	UserID        string `gorm:"size:36;index:signins_user,priority:2;index:signins_user_risk,priority:2"`
	UserName      string
	Identifier    string `gorm:"index:signins_identifier,priority:2"` // folded
	ClientID      string `gorm:"size:36;index:signins_app,priority:2"`
	ClientName    string
	IP            string `gorm:"index:signins_ip,priority:2"`
	Country       string `gorm:"index:signins_country,priority:2"`
	Browser       string
	OS            string
	SignUp        bool
	RiskLevel     string
	// What became of the risk afterwards (Graph riskLevelAggregated, riskState, riskDetail, riskEventTypes_v2); "" = nothing was found.
	RiskAggregate string `gorm:"size:16;default:'';index:signins_risk,priority:4;index:signins_risk_state,priority:4;index:signins_risk_aggregate,priority:2"`
	RiskState     string `gorm:"size:32;default:'';index:signins_risk,priority:3;index:signins_risk_state,priority:2"`
	RiskDetail    string `gorm:"size:64;default:''"`
	RiskTypes     string `gorm:"default:''"` // separated by commas
	Count         int    // more than one when entries are folded
	Record        string `gorm:"type:text"`
	Decision      []byte // what Conditional Access was asked and said, packed for replay; nil = it was not asked
}

func (SignInRow) TableName() string { return "sign_ins" }

func signInRow(tenantID string, r record.SignIn) (SignInRow, error) {
	r.TenantID = tenantID
	count := max(r.Count, 1)
	r.Count = 0 // the column counts
	body, err := json.Marshal(r)
	if err != nil {
		return SignInRow{}, err
	}
	at := r.EndedAt
	if at.IsZero() {
		at = r.StartedAt
	}
	ip := ""
	if r.Signals.IP.IsValid() {
		ip = r.Signals.IP.Unmap().String()
	}
	return SignInRow{ID: r.ID, TenantID: tenantID, CreatedAt: at.UTC().Truncate(time.Microsecond), CorrelationID: r.CorrelationID,
		Kind: string(r.Kind), Protocol: r.Protocol, Result: string(r.Outcome.Result), Code: r.Outcome.Code, UserID: r.User.ID,
		UserName: r.User.Name, Identifier: fold(r.Identifier), ClientID: r.App.ID, ClientName: r.App.Name, IP: ip,
		Country: r.Signals.Country, Browser: r.Signals.Browser, OS: r.Signals.OS, SignUp: r.SignUp, RiskLevel: r.RiskLevel,
		Count: count, Record: string(body), Decision: decisionOf(r)}, nil
}

// decisionOf packs what Conditional Access was asked and said; nil when it was not asked.
func decisionOf(r record.SignIn) []byte {
	d, asked := policy.RecordedOf(r)
	if !asked {
		return nil
	}
	return policy.NewCodec().Pack(d)
}

// SignIn is the decoded record of a row.
func (r SignInRow) SignIn() (record.SignIn, error) {
	var out record.SignIn
	if err := json.Unmarshal([]byte(r.Record), &out); err != nil {
		return out, badJSON("sign-in", r.ID, err)
	}
	if out.TenantID = r.TenantID; r.Count > 1 {
		out.Count = r.Count
	}
	return out, nil
}

// RecordSignIn appends a record, in the running transaction if there is one, or counts one more when
// its id is there already. An id is made when it is empty.
func (t *Tenant) RecordSignIn(ctx context.Context, r record.SignIn) error {
	_, err := t.recordSignIn(ctx, r)
	return err
}

// recordSignIn is RecordSignIn, and says what one more of the entry counts as.
func (t *Tenant) recordSignIn(ctx context.Context, r record.SignIn) (insight.Counted, error) {
	if r.ID == "" {
		r.ID = NewID()
	}
	row, err := signInRow(t.ID, r)
	if err != nil {
		return insight.Counted{}, err
	}
	counted := insight.Of(r, row.CreatedAt)
	now := t.Now()
	found := judgedDetections(r, now, &row)
	recounts, teaches := row.Decision != nil && now.Sub(row.CreatedAt) >= effectsSettle, t.teaches(r)
	may := row.Kind == string(record.Interactive)
	ends := endOf(r).State != "" || endOfEarlier(r).State != ""
	times := row.Count
	return counted, t.InTx(ctx, func(t *Tenant) error {
		if r.User.ID != "" && (len(found) > 0 || ends) {
			if err := t.holdPeople(ctx, []string{r.User.ID}); err != nil {
				return err
			}
		}
		if err := t.insertSignIn(ctx, &row); err != nil {
			return err
		}
		if row.Count > times {
			if counted, err = t.noteAgain(ctx, row.ID, times); err != nil {
				return err
			}
			if len(r.Calls) > 0 {
				if err := t.moreCalls(ctx, row.ID, r.Calls); err != nil {
					return err
				}
			}
		} else if err := t.noteActivity(ctx, activityOf(counted, r.ID, times)); err != nil {
			return err
		}
		if row.Count == times { // it is new
			if err := t.publishSignIn(ctx, r); err != nil {
				return err
			}
		}
		if recounts {
			if err := t.recount(ctx, row.CreatedAt); err != nil {
				return err
			}
		}
		if len(found) > 0 || ends {
			if err := t.keepRisk(ctx, r, found); err != nil {
				return err
			}
		}
		late := may && (row.Count > times || now.Sub(row.CreatedAt) >= riskLate)
		if may && !late { // another's clock may be ahead of this one
			if late, err = t.passed(ctx, row.CreatedAt); err != nil {
				return err
			}
		}
		if late {
			if err := t.countLate(ctx, []lateSignIn{{r, row.CreatedAt, times, row.Count > times}}); err != nil {
				return err
			}
		}
		if teaches {
			return t.ObserveSignIn(ctx, r)
		}
		return nil
	})
}

// callsListed bounds how many calls of extensions an entry of the log lists.
const callsListed = 50

// moreCalls adds calls to an entry that counts another failure of the same visit: each asked an API anew.
func (t *Tenant) moreCalls(ctx context.Context, id string, calls []record.Call) error {
	var row SignInRow
	if err := t.u(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return found(err)
	}
	r, err := row.SignIn()
	if err != nil {
		return err
	}
	n := len(r.Calls)
	for _, c := range calls {
		if len(r.Calls) < callsListed && !slices.ContainsFunc(r.Calls, func(have record.Call) bool { return have.ID == c.ID }) {
			r.Calls = append(r.Calls, c)
		}
	}
	if len(r.Calls) == n {
		return nil
	}
	r.Count = 1 // the column counts
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return t.u(ctx).Model(&SignInRow{}).Where("id = ?", id).UpdateColumn("record", string(text)).Error
}

// insertSignIn writes a row, or counts one more. What is already there comes back: when it began, and how many it is.
func (t *Tenant) insertSignIn(ctx context.Context, row *SignInRow) error {
	return t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}},
		Where:     clause.Where{Exprs: []clause.Expression{gorm.Expr("sign_ins.tenant_id = ?", t.ID)}},
		DoUpdates: clause.Assignments(map[string]any{"count": gorm.Expr("sign_ins.count + ?", row.Count)})},
		clause.Returning{Columns: []clause.Column{{Name: "created_at"}, {Name: "count"}}}).Create(row).Error
}

// LogSignIn appends a record durably together with other callers' (group commit).
func (t *Tenant) LogSignIn(ctx context.Context, r record.SignIn) error {
	_, err := t.logSignIn(ctx, r)
	return err
}

func (t *Tenant) logSignIn(ctx context.Context, r record.SignIn) (counted insight.Counted, err error) {
	err = t.InBatch(ctx, func(t *Tenant) error {
		counted, err = t.recordSignIn(ctx, r)
		return err
	})
	return counted, err
}

// foldMost is how many counters are kept in memory before entries are written one by one.
const foldMost = 50_000

// folding is one folded entry of the running minute.
type folding struct {
	tenant  *Tenant
	minute  time.Time
	more    int             // counted since the row was last written
	counted insight.Counted // what one more counts as
}

// FoldSignIn is LogSignIn for what happens often and without a person: all entries of one client, user,
// address, result and minute are one row with a count. The first of a minute is on disk before the call
// returns; the others are counted in memory and written by FlushSignIns, every second and at the end.
func (t *Tenant) FoldSignIn(ctx context.Context, r record.SignIn) error {
	at := r.EndedAt
	if at.IsZero() {
		at = r.StartedAt
	}
	minute := at.UTC().Truncate(time.Minute)
	id := foldID(t.ID, r, minute)
	t.folds.mu.Lock()
	if f, ok := t.folds.byID[id]; ok {
		f.more += max(r.Count, 1)
		t.folds.mu.Unlock()
		return nil
	}
	t.folds.mu.Unlock()
	r.ID = id
	counted, err := t.logSignIn(ctx, r)
	if err != nil {
		return err
	}
	t.afterCommit(func() { // a row that is undone must not be counted on
		t.folds.mu.Lock()
		defer t.folds.mu.Unlock()
		if t.folds.byID == nil {
			t.folds.byID = map[string]*folding{}
		}
		if _, ok := t.folds.byID[id]; !ok && len(t.folds.byID) < foldMost {
			t.folds.byID[id] = &folding{tenant: t.Store.Tenant(t.ID), minute: minute, counted: counted}
		}
	})
	return nil
}

// foldID is the same in every instance, so that they count on one row. It has the shape of a UUIDv7 of
// the minute, so that it sorts among the others. IPv6 addresses are one per network of a customer (/64).
func foldID(tenantID string, r record.SignIn, minute time.Time) string {
	ip := r.Signals.IP.Unmap()
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			ip = p.Addr()
		}
	}
	var addr string
	if ip != (netip.Addr{}) {
		addr = ip.String()
	}
	var action string
	if r.Inputs != nil {
		action = r.Inputs.Action
	}
	parts := []string{tenantID, string(r.Kind), r.Protocol, r.App.ID, r.User.ID, addr, action,
		string(r.Outcome.Result), strconv.Itoa(r.Outcome.Code), strconv.FormatInt(minute.Unix(), 10)}
	for _, f := range r.Risk { // what was found is told apart from what was not
		parts = append(parts, f.Type, f.Level)
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	var id uuid.UUID
	copy(id[6:], sum[:])
	for i, ms := 5, minute.UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		id[i] = byte(ms)
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id.String()
}

// FlushSignIns writes what FoldSignIn counted in memory, and forgets the minutes that are over.
func (s *Store) FlushSignIns(ctx context.Context) error {
	type count struct {
		id      string
		more    int
		counted insight.Counted
	}
	now := s.Now()
	byTenant := map[string][]count{}
	s.folds.mu.Lock()
	for id, f := range s.folds.byID {
		if f.more > 0 {
			byTenant[f.tenant.ID] = append(byTenant[f.tenant.ID], count{id, f.more, f.counted})
			f.more = 0
		}
		if now.Sub(f.minute) > 2*time.Minute {
			delete(s.folds.byID, id)
		}
	}
	s.folds.mu.Unlock()
	for tenantID, counts := range byTenant {
		err := s.Tenant(tenantID).InBatch(ctx, func(t *Tenant) error {
			events := make(map[string]insight.Event, len(counts))
			for _, c := range counts {
				met := t.u(ctx).Model(&SignInRow{}).Where("id = ?", c.id).UpdateColumn("count", gorm.Expr("count + ?", c.more))
				if met.Error != nil {
					return met.Error
				}
				if met.RowsAffected == 1 {
					events[insight.Again(c.counted, NewID())] = c.counted.More.Times(int64(c.more))
				}
			}
			return t.noteActivity(ctx, events)
		})
		if err != nil {
			s.folds.mu.Lock()
			for _, c := range counts { // count them again next time
				if f, ok := s.folds.byID[c.id]; ok {
					f.more += c.more
				}
			}
			s.folds.mu.Unlock()
			return err
		}
	}
	return nil
}

// SignInQuery narrows the sign-in log. It is sorted by time, newest first.
type SignInQuery struct {
	Search        string    // a person's name or address, or a whole id (sign-in, correlation, user, app)
	From          time.Time // included
	To            time.Time // excluded
	UserID        string
	ClientID      string
	Result        string // record.Result
	Kind          string // record.Kind
	IP            string
	Country       string
	CorrelationID string
	RiskLevel     string   // while they signed in: low, medium, high, none
	Risky         bool     // something was found, whatever became of it
	RiskState     string   // Graph riskState
	RiskStates    []string // any of them; none = all
	RiskAggregate string   // Graph riskLevelAggregated: what is left of the risk
	RiskDetail    string   // Graph riskDetail
	RiskType      string   // Graph riskEventType: this is among what was found
	SignUp        *bool
	PolicyID      string // to which this Conditional Access policy applied
	PolicyResult  string // or said this, in Graph's words; one that only reports says what it would
	OldestFirst   bool
	After         string
	Limit         int
}

// risky reports whether only sign-ins with a risk can be meant.
func (f SignInQuery) risky() bool {
	return f.Risky || f.RiskState != "" || len(f.RiskStates) > 0 || f.RiskAggregate != "" || f.RiskDetail != "" || f.RiskType != ""
}

// searchedUsers is how many people a search of the log follows by name.
const searchedUsers = 50

// way is one path to the entries that a query wants: a condition and the index that leads there.
type way struct {
	index string
	where string
	args  []any
}

// via starts a query on a path. SQLite is told the index by name: it knows nothing about how many rows a
// tenant has and would rather walk through the whole log in order. Postgres knows, and is not told.
func (t *Tenant) via(ctx context.Context, table string, p way) *gorm.DB {
	q := t.q(ctx)
	if t.dialect == "sqlite" && p.index != "" {
		q = q.Table(table + " INDEXED BY " + p.index)
	}
	if p.where != "" {
		q = q.Where(p.where, p.args...)
	}
	return q
}

// signInPaths are the ways to what a query finds; the entries of all of them together are the answer.
func (t *Tenant) signInPaths(ctx context.Context, f SignInQuery) ([]way, error) {
	s := fold(f.Search)
	if s == "" && f.risky() && f.CorrelationID == "" {
		switch {
		case f.UserID != "":
			return []way{{index: "signins_user_risk"}}, nil
		case f.RiskState != "":
			return []way{{index: "signins_risk_state"}}, nil
		case f.RiskAggregate != "":
			return []way{{index: "signins_risk_aggregate"}}, nil
		}
		return []way{{index: "signins_risk"}}, nil
	}
	if s == "" {
		for _, c := range []struct{ value, index string }{{f.CorrelationID, "signins_correlation"}, {f.UserID, "signins_user"}, {f.IP, "signins_ip"},
			{f.Country, "signins_country"}, {f.ClientID, "signins_app"}, {f.Result, "signins_result"}, {f.Kind, "signins_kind"}} {
			if c.value != "" {
				return []way{{index: c.index}}, nil
			}
		}
		if f.SignUp != nil && *f.SignUp {
			return []way{{index: "signins_sign_up"}}, nil
		}
		return []way{{index: "signins_time"}}, nil
	}
	if _, err := uuid.Parse(s); err == nil {
		return []way{{where: "id = ?", args: []any{s}}, {"signins_correlation", "correlation_id = ?", []any{s}},
			{"signins_user", "user_id = ?", []any{s}}, {"signins_app", "client_id = ?", []any{s}}}, nil
	}
	// A search never reads the log from end to end: it looks up who is meant, and then their entries.
	people, err := t.Users(ctx, UserQuery{Search: s, Limit: searchedUsers})
	if err != nil {
		return nil, err
	}
	paths := []way{{"signins_identifier", "identifier = ?", []any{s}}}
	if indexed(s) {
		paths[0] = way{"signins_identifier", "identifier >= ? AND identifier < ?", []any{s, s + "\U0010FFFF"}}
	}
	if len(people.Items) > 0 {
		ids := make([]string, len(people.Items))
		for i, u := range people.Items {
			ids[i] = u.ID
		}
		paths = append(paths, way{"signins_user", "user_id IN ?", []any{ids}})
	}
	return paths, nil
}

func signInFilter(q *gorm.DB, f SignInQuery) *gorm.DB {
	q = equals(q, [][2]string{{"user_id", f.UserID}, {"client_id", f.ClientID}, {"result", f.Result}, {"kind", f.Kind},
		{"ip", f.IP}, {"country", f.Country}, {"correlation_id", f.CorrelationID}, {"risk_level", f.RiskLevel},
		{"risk_state", f.RiskState}, {"risk_aggregate", f.RiskAggregate}, {"risk_detail", f.RiskDetail}})
	if f.risky() {
		q = q.Where("risk_state <> ''") // spelled as the partial indexes are
	}
	if len(f.RiskStates) > 0 {
		q = q.Where("risk_state IN ?", f.RiskStates)
	}
	if f.RiskType != "" {
		q = q.Where("',' || risk_types || ',' LIKE ? ESCAPE '\\'", "%,"+likeEscape(f.RiskType)+",%")
	}
	if f.SignUp != nil {
		if *f.SignUp {
			q = q.Where("sign_up") // spelled as the partial index is
		} else {
			q = q.Where("NOT sign_up")
		}
	}
	if !f.From.IsZero() {
		q = q.Where("created_at >= ?", f.From.UTC())
	}
	if !f.To.IsZero() {
		q = q.Where("created_at < ?", f.To.UTC())
	}
	return q
}

// SignInRows lists one page of the log as rows.
func (t *Tenant) SignInRows(ctx context.Context, f SignInQuery) (Page[SignInRow], error) {
	if f.PolicyID != "" {
		return t.signInsOfPolicy(ctx, f)
	}
	paths, err := t.signInPaths(ctx, f)
	if err != nil {
		return Page[SignInRow]{}, err
	}
	limit := clampLimit(f.Limit)
	if f.typed() {
		q, err := keysetOf(signInFilter(t.signInsOfType(ctx, f), f), "k.typed_at", "k.sign_in_id", f.After, !f.OldestFirst, true)
		if err != nil {
			return Page[SignInRow]{}, err
		}
		rows, err := scanned[SignInRow](q.Select("sign_ins.*").Limit(limit + 1))
		return page(rows, limit, signInCursor), err
	}
	var all []SignInRow
	for _, p := range paths {
		q, err := keyset(signInFilter(t.via(ctx, "sign_ins", p), f), "created_at", f.After, !f.OldestFirst, true)
		if err != nil {
			return Page[SignInRow]{}, err
		}
		rows, err := scanned[SignInRow](q.Limit(limit + 1))
		if err != nil {
			return Page[SignInRow]{}, err
		}
		all = append(all, rows...)
	}
	if len(paths) > 1 {
		all = merged(all, f.OldestFirst)
	}
	return page(all[:min(len(all), limit+1)], limit, signInCursor), nil
}

func signInCursor(r SignInRow) cursor { return cursor{Time: r.CreatedAt, ID: r.ID} }

// typed reports whether what a query finds is looked for by a type of risk: where nothing leads to fewer.
func (f SignInQuery) typed() bool {
	return f.RiskType != "" && fold(f.Search) == "" && f.CorrelationID == "" && f.UserID == "" && !slices.Contains(openStates(), f.RiskState)
}

// onlyType reports whether nothing but the type, and time, narrows a query.
func (f SignInQuery) onlyType() bool {
	f.RiskType, f.Risky, f.From, f.To, f.OldestFirst, f.After, f.Limit, f.Search = "", false, time.Time{}, time.Time{}, false, "", 0, ""
	return reflect.ValueOf(f).IsZero()
}

// signInsOfType are the sign-ins in which a type of risk was found, k their places in the index of types. Each is looked up
// by its id, in the order of k: Postgres, which believes that hardly any passes the other filters, would rather join all
// of them and sort, and OFFSET 0 forbids it that; SQLite keeps the order of a CROSS JOIN.
func (t *Tenant) signInsOfType(ctx context.Context, f SignInQuery) *gorm.DB {
	k := t.typesIndex(ctx, f).Select("created_at AS typed_at, sign_in_id")
	if t.dialect == "postgres" {
		return t.r(ctx).Table("(?) AS k CROSS JOIN LATERAL (SELECT * FROM sign_ins WHERE id = k.sign_in_id AND tenant_id = ? OFFSET 0) AS sign_ins", k, t.ID)
	}
	return t.r(ctx).Table("(?) AS k CROSS JOIN sign_ins", k).Where("sign_ins.id = k.sign_in_id AND sign_ins.tenant_id || '' = ?", t.ID)
}

func (t *Tenant) typesIndex(ctx context.Context, f SignInQuery) *gorm.DB {
	q := t.q(ctx).Table("sign_in_types").Where("type = ?", f.RiskType)
	if !f.From.IsZero() {
		q = q.Where("created_at >= ?", f.From.UTC())
	}
	if !f.To.IsZero() {
		q = q.Where("created_at < ?", f.To.UTC())
	}
	return q
}

// merged sorts what several paths found and drops what more than one did.
func merged(rows []SignInRow, oldestFirst bool) []SignInRow {
	slices.SortFunc(rows, func(a, b SignInRow) int {
		c := b.CreatedAt.Compare(a.CreatedAt)
		if c == 0 {
			c = strings.Compare(b.ID, a.ID)
		}
		if oldestFirst {
			return -c
		}
		return c
	})
	return slices.CompactFunc(rows, func(a, b SignInRow) bool { return a.ID == b.ID })
}

// SignIns lists one page of the log.
func (t *Tenant) SignIns(ctx context.Context, f SignInQuery) (Page[record.SignIn], error) {
	rows, err := t.SignInRows(ctx, f)
	if err != nil {
		return Page[record.SignIn]{}, err
	}
	out := Page[record.SignIn]{Items: make([]record.SignIn, len(rows.Items)), Next: rows.Next}
	for i, r := range rows.Items {
		if out.Items[i], err = r.SignIn(); err != nil {
			return out, err
		}
	}
	return out, nil
}

// SignInRow reads one entry of the log with what became of its risk since.
func (t *Tenant) SignInRow(ctx context.Context, id string) (SignInRow, error) {
	var r SignInRow
	err := t.q(ctx).Where("id = ?", id).Take(&r).Error
	return r, found(err)
}

// SignIn reads one record of the log.
func (t *Tenant) SignIn(ctx context.Context, id string) (record.SignIn, error) {
	var r SignInRow
	if err := t.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return record.SignIn{}, found(err)
	}
	return r.SignIn()
}

// EachSignIn visits every record that the query finds, page by page, so that an export of any size
// holds neither memory nor a transaction.
func (t *Tenant) EachSignIn(ctx context.Context, f SignInQuery, visit func(record.SignIn) error) error {
	f.Limit = 500
	return eachPage(ctx, f.After, func(after string) (Page[record.SignIn], error) {
		f.After = after
		return t.SignIns(ctx, f)
	}, visit)
}

// PurgeSignIns deletes up to limit records older than before, oldest first, and says how many it did.
func (t *Tenant) PurgeSignIns(ctx context.Context, before time.Time, limit int) (int, error) {
	old := t.w(ctx).Model(&SignInRow{}).Select("id").Where("tenant_id = ? AND created_at < ?", t.ID, before.UTC()).Order("created_at").Limit(limit)
	r := t.u(ctx).Where("id IN (?)", old).Delete(&SignInRow{})
	if r.Error != nil || r.RowsAffected == 0 {
		return 0, r.Error
	}
	return int(r.RowsAffected), t.activityCut(ctx, before)
}

// CountSignIns counts what a query finds, up to a bound: past it the number is the bound, so that a
// large log costs no more than a small one.
func (t *Tenant) CountSignIns(ctx context.Context, f SignInQuery, bound int) (int, error) {
	if f.typed() {
		some := signInFilter(t.signInsOfType(ctx, f), f).Select("sign_ins.id")
		if f.onlyType() {
			some = t.typesIndex(ctx, f).Select("sign_in_id")
		}
		var n int64
		err := t.r(ctx).Table("(?) AS bounded", some.Limit(bound)).Count(&n).Error
		return int(n), err
	}
	paths, err := t.signInPaths(ctx, f)
	if err != nil {
		return 0, err
	}
	if len(paths) == 1 {
		var n int64
		some := signInFilter(t.via(ctx, "sign_ins", paths[0]), f).Model(&SignInRow{}).Select("id").Limit(bound)
		err = t.r(ctx).Table("(?) AS bounded", some).Count(&n).Error
		return int(n), err
	}
	seen := map[string]bool{}
	for _, p := range paths {
		var ids []string
		if err := signInFilter(t.via(ctx, "sign_ins", p), f).Model(&SignInRow{}).Limit(bound).Pluck("id", &ids).Error; err != nil {
			return 0, err
		}
		for _, id := range ids {
			seen[id] = true
		}
	}
	return min(len(seen), bound), nil
}
