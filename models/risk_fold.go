package models

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/record"
	"portico/app/risk"
)

// risk_fold.go: how often values occur among everybody, and what each source did lately, is counted by a job that reads
// the sign-in log behind a cursor (ADR 37). The cursor moves in the transaction that writes the counts, so that nothing
// is counted twice by any number of instances.

const (
	readCount = "count" // the cursor's name
	// riskSettle is how long the job leaves new entries alone: by then every transaction that began earlier has ended.
	riskSettle = 5 * time.Second
	// riskLate is how old an entry is that may come after the job has passed its moment: it is counted by whoever
	// writes it. It is shorter than riskSettle by what a transaction takes.
	riskLate = 3 * time.Second
	// riskReach is how far back the job begins in a log that was never counted.
	riskReach = 90 * 24 * time.Hour
	// SourcesKept is how long what a source did is kept.
	SourcesKept = 48 * time.Hour
	sourceDay   = 24 * time.Hour // that an assessment looks back
)

// countedRecord is what counting reads of a record.
type countedRecord struct {
	Signals   record.Signals   `json:"signals"`
	Test      bool             `json:"test"`
	SignUp    bool             `json:"signUp"`
	Proofs    []record.Proof   `json:"proofs"`
	Demands   []string         `json:"demands"`
	Notes     []string         `json:"notes"`
	RiskLevel string           `json:"riskLevel"`
	RiskScore float64          `json:"riskScore"`
	Features  []record.Feature `json:"features"`
}

// countedEntry is one entry of the log, as it is counted.
type countedEntry struct {
	countedRecord
	ID         string
	At         time.Time
	Times      int
	Kind       record.Kind
	Result     record.Result
	Code       int
	UserID     string
	Identifier string
	State      string // of its risk
	Again      bool   // it is one more of an entry that was counted
}

func (e countedEntry) assessed() bool {
	return assessed(record.SignIn{Test: e.Test, Notes: e.Notes})
}

// failed reports whether a proof was wrong; a policy's refusal says nothing about who asked.
func (e countedEntry) failed() bool {
	return e.Result == record.Failure && slices.ContainsFunc(e.Proofs, func(p record.Proof) bool { return !p.OK })
}

// own reports whether the person was there themselves, as far as anybody knows.
func (e countedEntry) own() bool {
	return e.Result == record.Success && (risk.Rank(e.RiskLevel) < risk.Rank(risk.Medium) || e.State != RiskAtRisk && e.State != RiskConfirmed)
}

type sourceHourKey struct{ source, hour string }

type dayKey struct{ day, kind, value string }

// riskTally is what a page of the log adds.
type riskTally struct {
	t       *Tenant
	since   time.Time // sources before it are not kept
	counts  map[risk.Key]risk.Count
	sources map[sourceHourKey]*RiskSourceRow
	days    map[dayKey]int64
}

func (t *Tenant) newTally() *riskTally {
	return &riskTally{t: t, since: t.Now().Add(-SourcesKept), counts: map[risk.Key]risk.Count{}, sources: map[sourceHourKey]*RiskSourceRow{}, days: map[dayKey]int64{}}
}

func (y *riskTally) add(e countedEntry) {
	if !e.assessed() || e.Kind == record.Service {
		return
	}
	if e.Kind == record.Interactive {
		y.addSource(e)
	}
	if e.Again {
		return
	}
	y.addDay(e)
	if e.Kind == record.Interactive && (e.own() || e.failed()) {
		for _, k := range risk.Adds(e.Signals, e.Features, e.Result == record.Success) {
			k.Value = countValue(k.Value)
			y.counts[k] = y.counts[k].Add(1, e.At)
		}
	}
}

func (y *riskTally) addSource(e countedEntry) {
	source := risk.SourceOf(e.Signals.IP)
	if source == "" || e.At.Before(y.since) {
		return
	}
	k := sourceHourKey{source, sourceHour(e.At)}
	s := y.sources[k]
	if s == nil {
		s = &RiskSourceRow{TenantID: y.t.ID, Source: k.source, Hour: k.hour, Accounts: risk.NewSketch(risk.SourceSketch), Strangers: risk.NewSketch(risk.SourceSketch)}
		y.sources[k] = s
	}
	s.ASN, s.Network, s.Country, s.Agent = int64(e.Signals.ASN), e.Signals.Network, e.Signals.Country, risk.AgentHash(e.Signals.UserAgent)
	n := int64(e.Times)
	s.Attempts += n
	switch {
	case e.failed():
		s.Failures += n
	case e.Result == record.Success && e.SignUp:
		s.SignUps += n
		s.Successes += n
	case e.Result == record.Success:
		s.Successes += n
	}
	switch {
	case e.UserID != "":
		risk.Sketch(s.Accounts).Add(e.UserID)
	case e.Identifier != "" && !e.SignUp: // keyed, so that nobody can choose names that look like one
		risk.Sketch(s.Strangers).Add(string(y.t.seal.MAC("risk.stranger", []byte(e.Identifier))))
	}
}

// Kinds of what is counted by the day. Values: "signIns" by result; "level" by level while signing in; "challenged",
// "remediated" and "blocked" have none; "score" by risk.Bucket, of successful sign-ins that were scored; "type" and
// "detected" by type and level of detections; "person" by the state that a person's risk came to.
const (
	DaySignIns    = "signIns"
	DayLevel      = "level"
	DayChallenged = "challenged"
	DayRemediated = "remediated"
	DayBlocked    = "blocked"
	DayScore      = "score"
	DayType       = "type"
	DayDetected   = "detected"
	DayPerson     = "person"
)

func (y *riskTally) addDay(e countedEntry) {
	if e.Kind != record.Interactive {
		return
	}
	day := e.At.UTC().Format(time.DateOnly)
	one := func(kind, value string) { y.days[dayKey{day, kind, value}]++ }
	one(DaySignIns, string(e.Result))
	if e.Result == record.Success && len(e.Features) > 0 {
		one(DayScore, riskBucket(e.RiskScore))
	}
	if risk.Rank(e.RiskLevel) == 0 {
		return
	}
	one(DayLevel, e.RiskLevel)
	switch {
	case slices.Contains(e.Demands, "mfa"):
		one(DayChallenged, "")
	case e.Code == codeBlockedByPolicy:
		one(DayBlocked, "")
	}
	if e.State == RiskRemediated || e.State == RiskDismissed {
		one(DayRemediated, "")
	}
}

// codeBlockedByPolicy is the vendor's number for what Conditional Access does not allow.
const codeBlockedByPolicy = 53003

func sourceHour(at time.Time) string { return at.UTC().Format("2006-01-02T15") }

// FoldRisk counts the next entries of the sign-in log and the next detections, and says how many it read. A trial is
// not counted.
func (t *Tenant) FoldRisk(ctx context.Context) (int, error) {
	self, err := t.Get(ctx)
	if err != nil || !self.Governed() {
		return 0, err
	}
	n, err := t.foldSignIns(ctx)
	if err != nil {
		return n, err
	}
	m, err := t.foldDetections(ctx)
	return n + m, err
}

func (t *Tenant) foldSignIns(ctx context.Context) (int, error) {
	was, err := t.riskCursor(ctx, readCount)
	if err != nil {
		return 0, err
	}
	after := place{At: t.Now().Add(-riskReach)}
	if was != nil {
		if ahead, err := t.turnBack(ctx, readCount, *was, skewMost); ahead || err != nil {
			return 0, err
		}
		after = *was
	}
	y := t.newTally()
	n, at, err := t.countedPage(ctx, after, t.Now().Add(-riskSettle), y.add)
	if err != nil || n == 0 {
		return 0, err
	}
	return n, t.moved(t.InTx(ctx, func(t *Tenant) error {
		if err := t.moveRiskCursor(ctx, readCount, was, at); err != nil {
			return err
		}
		return t.writeTally(ctx, y)
	}))
}

// moved forgives that another was faster.
func (t *Tenant) moved(err error) error {
	if errors.Is(err, errEffectsMoved) {
		return nil
	}
	return err
}

// countedPage visits the next entries of the log.
func (t *Tenant) countedPage(ctx context.Context, after place, before time.Time, visit func(countedEntry)) (int, place, error) {
	table := "sign_ins"
	if t.dialect == "sqlite" { // it would rather sort the whole table
		table += " INDEXED BY signins_time"
	}
	rows, err := t.r(ctx).Raw("SELECT id, created_at, count, kind, result, code, user_id, identifier, risk_state, record FROM "+table+
		" WHERE tenant_id = ? AND created_at < ? AND (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?", t.ID, before.UTC(), after.At.UTC(), after.ID, t.logPage).Rows()
	if err != nil {
		return 0, after, err
	}
	defer func() { _ = rows.Close() }()
	n := 0
	for rows.Next() {
		var e countedEntry
		var body []byte
		var state *string
		if err := rows.Scan(&e.ID, &e.At, &e.Times, &e.Kind, &e.Result, &e.Code, &e.UserID, &e.Identifier, &state, &body); err != nil {
			return n, after, err
		}
		if err := json.Unmarshal(body, &e.countedRecord); err != nil {
			return n, after, badJSON("sign-in", e.ID, err)
		}
		if state != nil {
			e.State = *state
		}
		e.At = e.At.UTC()
		n, after = n+1, place{e.At, e.ID}
		visit(e)
	}
	return n, after, rows.Err()
}

func (t *Tenant) riskCursor(ctx context.Context, reader string) (*place, error) {
	var rows []RiskCursorRow
	if err := t.q(ctx).Where("reader = ?", reader).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	return &place{rows[0].At.UTC(), rows[0].ID}, nil
}

// moveRiskCursor takes the cursor from exactly where it was, so that nothing is counted twice.
func (t *Tenant) moveRiskCursor(ctx context.Context, reader string, was *place, to place) error {
	if was == nil {
		made := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&RiskCursorRow{TenantID: t.ID, Reader: reader, At: to.At, ID: to.ID})
		if made.Error == nil && made.RowsAffected == 0 {
			return errEffectsMoved
		}
		return made.Error
	}
	moved := t.u(ctx).Model(&RiskCursorRow{}).Where("reader = ? AND at = ? AND id = ?", reader, was.At, was.ID).Updates(map[string]any{"at": to.At, "id": to.ID})
	if moved.Error == nil && moved.RowsAffected == 0 {
		return errEffectsMoved
	}
	return moved.Error
}

// skewMost is how far the clocks of instances may be apart. While the cursor is ahead of a clock by no more than that,
// whoever writes an entry behind it counts it (countLate), so that each counts once whichever instance runs the job.
const skewMost = time.Hour

// turnBack brings a cursor back that a clock which ran ahead by more than some time has left in the future, and reports
// whether it was there: every writer would wait for it until real time catches up. What such a clock wrote may count
// twice, which is less than that.
func (t *Tenant) turnBack(ctx context.Context, reader string, was place, most time.Duration) (bool, error) {
	now := t.Now()
	if !was.At.After(now.Add(most)) {
		return false, nil
	}
	return true, t.moved(t.moveRiskCursor(ctx, reader, &was, place{At: now.Add(-riskSettle)}))
}

// passed reports whether the job is beyond a moment of the log already, or may be before the running transaction ends,
// because it is closer than the clock of whoever writes would let it be. Then it is decided while the cursor is held.
func (t *Tenant) passed(ctx context.Context, at time.Time) (bool, error) {
	c, err := t.riskCursor(ctx, readCount)
	return c != nil && !at.Add(riskLate-riskSettle).After(c.At), err
}

// writeTally adds what was counted to what was counted before. The cursor is held, so that nobody else does.
func (t *Tenant) writeTally(ctx context.Context, y *riskTally) error {
	if err := t.writeCounts(ctx, y.counts); err != nil {
		return err
	}
	if err := t.writeSources(ctx, y.sources); err != nil {
		return err
	}
	return t.writeDays(ctx, y.days)
}

// tallyChunk is how many counters one statement reads or writes.
const tallyChunk = 200

func (t *Tenant) writeCounts(ctx context.Context, counts map[risk.Key]risk.Count) error {
	t.afterCommit(func() { t.Store.general.forget(t.ID) })
	keys := make([]risk.Key, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b risk.Key) int { // one order for all, so that no two wait for each other
		return strings.Compare(a.Feature+"\x00"+a.Value, b.Feature+"\x00"+b.Value)
	})
	for chunk := range slices.Chunk(keys, tallyChunk) {
		have, err := t.countsOf(ctx, chunk)
		if err != nil {
			return err
		}
		rows := make([]RiskCountRow, len(chunk))
		for i, k := range chunk {
			c := counts[k]
			if was, ok := have[k]; ok {
				c = was.Add(c.N, c.At)
			}
			rows[i] = RiskCountRow{TenantID: t.ID, Feature: k.Feature, Value: k.Value, N: c.N, At: c.At.UTC()}
		}
		if err := t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tenant_id"}, {Name: "feature"}, {Name: "value"}},
			DoUpdates: clause.AssignmentColumns([]string{"n", "at"})}).Create(&rows).Error; err != nil {
			return err
		}
	}
	return nil
}

func (t *Tenant) writeSources(ctx context.Context, sources map[sourceHourKey]*RiskSourceRow) error {
	keys := make([]sourceHourKey, 0, len(sources))
	for k := range sources {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b sourceHourKey) int {
		return strings.Compare(a.source+" "+a.hour, b.source+" "+b.hour)
	})
	for _, k := range keys {
		add := *sources[k]
		var have []RiskSourceRow
		if err := t.u(ctx).Where("source = ? AND hour = ?", k.source, k.hour).Limit(1).Find(&have).Error; err != nil {
			return err
		}
		if len(have) > 0 {
			was := have[0]
			add.Attempts, add.Failures, add.Successes, add.SignUps = add.Attempts+was.Attempts, add.Failures+was.Failures, add.Successes+was.Successes, add.SignUps+was.SignUps
			risk.Sketch(add.Accounts).Merge(was.Accounts)
			risk.Sketch(add.Strangers).Merge(was.Strangers)
		}
		add.UpdatedAt = t.Now()
		if err := t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tenant_id"}, {Name: "source"}, {Name: "hour"}}, UpdateAll: true}).Create(&add).Error; err != nil {
			return err
		}
	}
	return nil
}

func (t *Tenant) writeDays(ctx context.Context, days map[dayKey]int64) error {
	keys := make([]dayKey, 0, len(days))
	for k := range days {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b dayKey) int {
		return strings.Compare(a.day+a.kind+"\x00"+a.value, b.day+b.kind+"\x00"+b.value)
	})
	for _, k := range keys {
		if err := t.countDay(ctx, k, days[k]); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tenant) countDay(ctx context.Context, k dayKey, n int64) error {
	return t.w(ctx).Exec("INSERT INTO risk_days (tenant_id, day, kind, value, count) VALUES (?, ?, ?, ?, ?) "+
		"ON CONFLICT (tenant_id, day, kind, value) DO UPDATE SET count = risk_days.count + excluded.count", t.ID, k.day, k.kind, k.value, n).Error
}

// lateSignIn is an entry that may come after the job has passed its moment.
type lateSignIn struct {
	record record.SignIn
	at     time.Time // as the log has it
	times  int
	again  bool // it is one more of an entry that is there
}

// countLate counts the entries that the job has passed already, in the transaction that writes them. The others it
// will come to.
func (t *Tenant) countLate(ctx context.Context, list []lateSignIn) error {
	var cursors []RiskCursorRow
	if err := t.lock(ctx).Where("reader = ?", readCount).Limit(1).Find(&cursors).Error; err != nil || len(cursors) == 0 {
		return err
	}
	at, y := place{cursors[0].At.UTC(), cursors[0].ID}, t.newTally()
	for _, l := range list {
		if c := l.at.Compare(at.At); c > 0 || c == 0 && l.record.ID > at.ID {
			continue
		}
		r := l.record
		e := countedEntry{ID: r.ID, At: l.at.UTC(), Times: l.times, Kind: r.Kind, Result: r.Outcome.Result, Code: r.Outcome.Code, UserID: r.User.ID,
			Identifier: fold(r.Identifier), Again: l.again,
			countedRecord: countedRecord{Signals: r.Signals, Test: r.Test, SignUp: r.SignUp, Proofs: r.Proofs, Demands: r.Demands, Notes: r.Notes,
				RiskLevel: r.RiskLevel, RiskScore: r.RiskScore, Features: r.Features}}
		if len(r.Risk) > 0 && endOf(r).State == "" {
			e.State = RiskAtRisk
		}
		y.add(e)
	}
	return t.writeTally(ctx, y)
}

const readDetections = "days" // the cursor's name

// foldDetections counts the next detections by day.
func (t *Tenant) foldDetections(ctx context.Context) (int, error) {
	was, err := t.riskCursor(ctx, readDetections)
	if err != nil {
		return 0, err
	}
	after := place{At: t.Now().Add(-riskReach)}
	if was != nil {
		if ahead, err := t.turnBack(ctx, readDetections, *was, 0); ahead || err != nil {
			return 0, err
		}
		after = *was
	}
	var rows []RiskDetectionRow
	err = t.via(ctx, "risk_detections", way{index: "risk_detections_time"}).Select("id", "detected_at", "type", "level", "simulated").
		Where("detected_at < ? AND (detected_at, id) > (?, ?)", t.Now().Add(-riskSettle), after.At, after.ID).Order("detected_at, id").Limit(t.logPage).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	days := map[dayKey]int64{}
	for _, r := range rows {
		day := r.DetectedAt.UTC().Format(time.DateOnly)
		if !r.Simulated {
			days[dayKey{day, DayType, r.Type}]++
			days[dayKey{day, DayDetected, r.Level}]++
		}
	}
	last := rows[len(rows)-1]
	return len(rows), t.moved(t.InTx(ctx, func(t *Tenant) error {
		if err := t.moveRiskCursor(ctx, readDetections, was, place{last.DetectedAt.UTC(), last.ID}); err != nil {
			return err
		}
		return t.writeDays(ctx, days)
	}))
}

// RiskDay counts for dashboards: one kind of event of a day (UTC), by a value.
type RiskDay struct {
	Day   string // 2026-11-22
	Kind  string
	Value string
	Count int64
}

// RiskDays gives the counts of some days, both included.
func (t *Tenant) RiskDays(ctx context.Context, from, to time.Time) ([]RiskDay, error) {
	var out []RiskDay
	err := t.q(ctx).Model(&RiskDayRow{}).Where("day >= ? AND day <= ?", from.UTC().Format(time.DateOnly), to.UTC().Format(time.DateOnly)).
		Order("day, kind, value").Find(&out).Error
	return out, err
}

// RiskTotals adds up the counters of everybody, for the pages that say what the engine has learnt.
func (t *Tenant) RiskTotals(ctx context.Context) (people, counters int64, err error) {
	err = errors.Join(t.q(ctx).Model(&RiskPersonRow{}).Count(&people).Error, t.q(ctx).Model(&RiskCountRow{}).Count(&counters).Error)
	return people, counters, err
}

func riskBucket(score float64) string { return strconv.Itoa(risk.Bucket(score)) }
