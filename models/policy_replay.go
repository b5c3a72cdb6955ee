package models

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/policy"
)

// States of a replay.
const (
	ReplayWaiting   = "waiting"
	ReplayRunning   = "running"
	ReplayDone      = "done"
	ReplayFailed    = "failed"
	ReplayCancelled = "cancelled"
)

const (
	// maxOpenReplays bounds the replays of a tenant that are not over.
	maxOpenReplays = 5
	// replayKept is how long a report, which names people, is kept.
	replayKept = 30 * 24 * time.Hour
	// replaySaved is how often a long replay writes down how far it is.
	replaySaved = 2 * time.Second
	// LongestReplayDays is how far back a replay goes.
	LongestReplayDays = 90
)

// ReplayDraft is what is tried: two sets of rules over the sign-ins of some days. Both are kept as they were when
// the replay began, so that it ends as it began whatever is saved meanwhile.
type ReplayDraft struct {
	Name     string       `json:"name"`               // of what is tried, in an admin's words
	PolicyID string       `json:"policyId,omitempty"` // the policy that it is about, if it is about one
	Days     int          `json:"days"`
	From     time.Time    `json:"from"`
	To       time.Time    `json:"to"`
	Present  policy.Rules `json:"present"`
	Draft    policy.Rules `json:"draft"`
}

// Replay is one replay of a draft over the recorded sign-ins.
type Replay struct {
	ID         string
	AdminID    string
	State      string
	Draft      ReplayDraft
	Report     policy.Report
	Read       int64     // entries of the log so far
	At         time.Time // how far back it has come; it begins with the newest
	CreatedAt  time.Time
	FinishedAt time.Time
}

// Open reports whether a replay is not over.
func (r Replay) Open() bool { return r.State == ReplayWaiting || r.State == ReplayRunning }

// Percent is how much of the span of time has been read.
func (r Replay) Percent() int {
	whole := r.Draft.To.Sub(r.Draft.From)
	switch {
	case r.State == ReplayDone:
		return 100
	case whole <= 0 || r.At.IsZero():
		return 0
	}
	return int(min(99, max(0, 100*r.Draft.To.Sub(r.At)/whole)))
}

// replayState is what is kept of a replay: the report, and what a later piece of work goes on from.
type replayState struct {
	policy.TallyState
	After place `json:"after"`
}

func (r ReplayRow) value() (Replay, error) {
	out := Replay{ID: r.ID, AdminID: r.AdminID, State: r.State, Read: r.Done, CreatedAt: r.CreatedAt.UTC(), FinishedAt: timeOf(r.FinishedAt)}
	if err := json.Unmarshal([]byte(r.Draft), &out.Draft); err != nil {
		return out, badJSON("replay", r.ID, err)
	}
	var s replayState
	if r.Report != "" {
		if err := json.Unmarshal([]byte(r.Report), &s); err != nil {
			return out, badJSON("replay", r.ID, err)
		}
	}
	out.Report, out.At = s.Report, s.After.At
	return out, nil
}

// StartReplay begins a replay of a draft over the last days. Present and Draft are filled in by the caller
// (Rules), the span by this.
func (t *Tenant) StartReplay(ctx context.Context, actor audit.Actor, d ReplayDraft) (Replay, error) {
	if d.Days < 1 || d.Days > LongestReplayDays {
		return Replay{}, fault.BadField("days", "replay.days", map[string]any{"count": LongestReplayDays})
	}
	self, err := t.Get(ctx)
	if err != nil {
		return Replay{}, err
	}
	if !self.Governed() {
		return Replay{}, fault.New(fault.Denied, "tenant.trial.feature")
	}
	d.To = t.Now()
	d.From = d.To.AddDate(0, 0, -d.Days)
	if oldest, any, err := t.OldestSignIn(ctx); err != nil {
		return Replay{}, err
	} else if any && oldest.After(d.From) {
		d.From = oldest
	}
	d.Present, d.Draft = usedRules(d.Present), usedRules(d.Draft)
	body, err := json.Marshal(d)
	if err != nil {
		return Replay{}, err
	}
	row := ReplayRow{ID: NewID(), TenantID: t.ID, AdminID: actor.ID, State: ReplayWaiting, Draft: string(body), CreatedAt: t.Now()}
	err = t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if t.dialect != "sqlite" { // SQLite has one writer; here two could count at the same time
			if err := t.w(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "replays/"+t.ID).Error; err != nil {
				return audit.Event{}, err
			}
		}
		var open int64
		if err := t.u(ctx).Model(&ReplayRow{}).Where("state IN ?", openReplays()).Count(&open).Error; err != nil {
			return audit.Event{}, err
		}
		if open >= maxOpenReplays {
			return audit.Event{}, &fault.Error{Code: fault.Conflict, Key: "replay.many", Args: map[string]any{"count": maxOpenReplays}}
		}
		return replayEvent(row, d, "Start policy replay", "Add"), t.w(ctx).Create(&row).Error
	})
	if err != nil {
		return Replay{}, err
	}
	return row.value()
}

func openReplays() []string { return []string{ReplayWaiting, ReplayRunning} }

func replayEvent(r ReplayRow, d ReplayDraft, activity, operation string) audit.Event {
	return audit.Event{Activity: activity, Category: "Policy", Operation: operation, Target: audit.Target{Kind: "policyReplay", ID: r.ID, Name: d.Name},
		Changes: []audit.Change{{Property: "days", New: d.Days}}}
}

// usedRules leaves out the locations that no policy of the rules speaks of: one may have thousands of ranges.
func usedRules(r policy.Rules) policy.Rules {
	used, trusted := map[string]bool{}, false
	for _, p := range r.Policies {
		if l := p.Conditions.Locations; l != nil {
			for _, id := range slices.Concat(l.Include, l.Exclude) {
				used[id] = true
				trusted = trusted || id == policy.AllTrusted
			}
		}
	}
	out := r
	out.Locations = nil
	for _, l := range r.Locations {
		if used[l.ID] || trusted && l.Trusted {
			out.Locations = append(out.Locations, l)
		}
	}
	return out
}

// listedReplay are the columns of a replay in a list. A draft holds every policy and location twice, a report names
// hundreds of people: neither leaves the database for a line of text.
func (t *Tenant) listedReplay() string {
	const columns = "id, tenant_id, admin_id, state, done, total, created_at, finished_at, "
	if t.dialect == "sqlite" {
		return columns + `json_remove(draft, '$.present', '$.draft') AS draft,
			COALESCE(json_remove(NULLIF(report, ''), '$.people', '$.report.applications',
			'$.report.countries', '$.report.platforms', '$.report.samples'), '') AS report`
	}
	return columns + `(draft::jsonb - 'present' - 'draft')::text AS draft,
		COALESCE((NULLIF(report, '')::jsonb - 'people' #- '{report,applications}'
		#- '{report,countries}' #- '{report,platforms}' #- '{report,samples}')::text, '') AS report`
}

// Replays lists the latest replays, without the rules of their drafts, and with the sums of their reports only.
func (t *Tenant) Replays(ctx context.Context, limit int) ([]Replay, error) {
	var rows []ReplayRow
	if err := t.q(ctx).Select(t.listedReplay()).Order("created_at DESC, id DESC").Limit(clampLimit(limit)).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]Replay, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.value(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Replay reads one.
func (t *Tenant) Replay(ctx context.Context, id string) (Replay, error) {
	var r ReplayRow
	if err := t.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return Replay{}, found(err)
	}
	return r.value()
}

// CancelReplay stops a replay that is not over; fault.Conflict when it is.
func (t *Tenant) CancelReplay(ctx context.Context, actor audit.Actor, id string) error {
	r, err := t.Replay(ctx, id)
	if err != nil {
		return err
	}
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		gone := t.u(ctx).Model(&ReplayRow{}).Where("id = ? AND state IN ?", id, openReplays()).Updates(map[string]any{"state": ReplayCancelled, "finished_at": t.Now()})
		if gone.Error == nil && gone.RowsAffected == 0 {
			return audit.Event{}, fault.New(fault.Conflict, "error.conflict")
		}
		return replayEvent(ReplayRow{ID: id}, r.Draft, "Cancel policy replay", "Delete"), gone.Error
	})
}

// PurgeReplays forgets reports whose time is over.
func (t *Tenant) PurgeReplays(ctx context.Context) error {
	return t.u(ctx).Where("created_at < ?", t.Now().Add(-replayKept)).Delete(&ReplayRow{}).Error
}

// RunReplays goes on with the replays that are not over, the oldest first, for some time. Whoever runs it, in this
// instance or another, goes on where the last piece of work was written down.
func (s *Store) RunReplays(ctx context.Context, budget time.Duration) error {
	until := s.Now().Add(budget)
	var rows []ReplayRow
	if err := s.read.WithContext(ctx).Select("id", "tenant_id").Where("state IN ?", openReplays()).Order("created_at, id").Limit(50).Find(&rows).Error; err != nil {
		return err
	}
	var errs []error
	for _, r := range rows {
		if ctx.Err() != nil || !s.Now().Before(until) && budget > 0 {
			break
		}
		errs = append(errs, s.Tenant(r.TenantID).StepReplay(ctx, r.ID, until.Sub(s.Now())))
	}
	return errors.Join(errs...)
}

// errReplayTaken means that another works on the replay, or that it was cancelled.
var errReplayTaken = errors.New("models: the replay is no longer ours")

// StepReplay works on one replay for at most some time (0 = to its end).
func (t *Tenant) StepReplay(ctx context.Context, id string, budget time.Duration) error {
	var row ReplayRow
	if err := t.q(ctx).Where("id = ? AND state IN ?", id, openReplays()).Take(&row).Error; err != nil {
		return ignoreMissing(found(err))
	}
	x, err := t.openReplay(row)
	if err == nil {
		err = x.run(ctx, budget)
	}
	switch {
	case err == nil, errors.Is(err, errReplayTaken), ctx.Err() != nil:
		return nil
	case fault.Of(err).Code == fault.Unavailable: // a full disk, a database that restarts: later again
		return err
	}
	end := t.u(context.WithoutCancel(ctx)).Model(&ReplayRow{}).Where("id = ? AND state IN ?", id, openReplays()).
		Updates(map[string]any{"state": ReplayFailed, "finished_at": t.Now()})
	return errors.Join(err, end.Error)
}

// replayRun is one replay at work.
type replayRun struct {
	t     *Tenant
	row   ReplayRow
	draft ReplayDraft
	ask   *policy.Replay
	tally *policy.Tally
	codec *policy.Codec
	after place
	read  int64
}

func (t *Tenant) openReplay(row ReplayRow) (*replayRun, error) {
	x := &replayRun{t: t, row: row, codec: policy.NewCodec(), read: row.Done, tally: policy.NewTally()}
	if err := json.Unmarshal([]byte(row.Draft), &x.draft); err != nil {
		return nil, badJSON("replay", row.ID, err)
	}
	if row.Report != "" {
		var s replayState
		if err := json.Unmarshal([]byte(row.Report), &s); err != nil {
			return nil, badJSON("replay", row.ID, err)
		}
		var err error
		if x.tally, err = policy.ResumeTally(s.TallyState); err != nil {
			return nil, badJSON("replay", row.ID, err)
		}
		x.after = s.After
	}
	x.ask = policy.NewReplay(x.draft.Present, x.draft.Draft)
	return x, nil
}

// run reads on, and writes down now and then how far it is.
func (x *replayRun) run(ctx context.Context, budget time.Duration) error {
	began := x.t.Now()
	saved := began
	for {
		n, at, err := x.t.recordedPage(ctx, recordedSpan{From: x.draft.From, To: x.draft.To, After: x.after, NewestFirst: true}, x.entry)
		if err != nil {
			return err
		}
		x.after, x.read = at, x.read+int64(n)
		if n < x.t.logPage {
			return x.save(ctx, ReplayDone)
		}
		now := x.t.Now()
		over := budget > 0 && now.Sub(began) >= budget
		if over || now.Sub(saved) >= replaySaved {
			saved = now
			if err := x.save(ctx, ReplayRunning); err != nil {
				return err
			}
		}
		if over {
			return nil
		}
	}
}

// entry asks both sets about one entry of the log.
func (x *replayRun) entry(e recordedEntry) error {
	r, asked, err := e.recorded(x.codec, x.t.ID)
	if err != nil {
		return err
	}
	if !asked {
		if e.Asked {
			x.tally.Skip(e.Times)
		}
		return nil
	}
	what, was, will := x.ask.Ask(r)
	x.tally.Add(e.ID, r, e.Times, what, was, will)
	return nil
}

// save takes the row from exactly where it was, so that nothing is counted twice.
func (x *replayRun) save(ctx context.Context, state string) error {
	s := replayState{TallyState: x.tally.State(), After: x.after}
	s.Report.From, s.Report.To = x.draft.From, x.draft.To
	columns := map[string]any{"state": state, "done": x.read}
	if state == ReplayDone { // who they were is needed no more
		s.People = nil
		columns["finished_at"], columns["total"] = x.t.Now(), x.read
	}
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	columns["report"] = string(body)
	moved := x.t.u(ctx).Model(&ReplayRow{}).Where("id = ? AND done = ? AND state IN ?", x.row.ID, x.row.Done, openReplays()).Updates(columns)
	if moved.Error != nil {
		return moved.Error
	}
	if moved.RowsAffected == 0 {
		return errReplayTaken
	}
	x.row.Done = x.read
	return nil
}

// Affected says how many customers a draft would keep out, by the sign-ins of the last days: the newest ones, as
// many as can be read in a moment.
type Affected struct {
	Blocked    int64     // people who got in and would not
	Challenged int64     // people who would be asked for more
	SignIns    int64     // whose decisions were made again
	Since      time.Time // the oldest of them
	Whole      bool      // every sign-in of the last 30 days was read
}

const (
	affectedDays = 30
	affectedTime = 1500 * time.Millisecond
)

// Affected holds a draft of all rules against the present ones.
func (t *Tenant) Affected(ctx context.Context, present, draft policy.Rules) (Affected, error) {
	x := &replayRun{t: t, codec: policy.NewCodec(), tally: policy.NewTally(), ask: policy.NewReplay(present, draft),
		draft: ReplayDraft{From: t.Now().AddDate(0, 0, -affectedDays), To: t.Now().Add(time.Minute)}}
	out := Affected{Since: x.draft.From, Whole: true}
	if x.ask.Nothing() {
		return out, nil
	}
	began := t.Now()
	for {
		n, at, err := t.recordedPage(ctx, recordedSpan{From: x.draft.From, To: x.draft.To, After: x.after, NewestFirst: true}, x.entry)
		if err != nil {
			return out, err
		}
		if x.after = at; n < t.logPage {
			break
		}
		if t.Now().Sub(began) > affectedTime {
			out.Whole, out.Since = false, at.At
			break
		}
	}
	r := x.tally.Report()
	out.Blocked, out.Challenged, out.SignIns = r.People[policy.Blocked], r.People[policy.Challenged], r.Asked
	return out, nil
}

// WithPolicy is the rules with one policy put in the place of the one with its id, or added.
func WithPolicy(r policy.Rules, p policy.Policy) policy.Rules {
	out := r
	out.Policies = slices.Clone(r.Policies)
	if i := slices.IndexFunc(out.Policies, func(q policy.Policy) bool { return p.ID != "" && q.ID == p.ID }); i >= 0 {
		out.Policies[i] = p
		return out
	}
	out.Policies = append(out.Policies, p)
	return out
}

// WithoutPolicy is the rules without one policy.
func WithoutPolicy(r policy.Rules, id string) policy.Rules {
	out := r
	out.Policies = slices.DeleteFunc(slices.Clone(r.Policies), func(q policy.Policy) bool { return q.ID == id })
	return out
}

// Rules are the policies that are stored at this moment, with what they name: what a draft is held against.
func (t *Tenant) Rules(ctx context.Context) (policy.Rules, error) { return t.rules(ctx) }
