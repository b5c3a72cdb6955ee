package models

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/risk"
)

// incidents.go: waves as they are kept, what admins decide about them, and what a sign-in has to know of them.

func (r RiskIncidentRow) incident() (risk.Incident, error) {
	var i risk.Incident
	if err := json.Unmarshal([]byte(r.Document), &i); err != nil {
		return i, badJSON("incident", r.ID, err)
	}
	i.Keys = risk.WithoutUnknownNetwork(i.Keys)
	i.ID, i.Kind, i.State, i.Level, i.Name, i.Simulated = r.ID, r.Kind, r.State, r.Level, r.Name, r.Simulated
	i.BeganAt, i.LastAt, i.UpdatedAt, i.Response, i.Until = r.BeganAt.UTC(), r.LastAt.UTC(), r.UpdatedAt.UTC(), r.Response, r.Until
	return i, nil
}

// Incident is the incident of a row, for lists that are narrowed by columns.
func (r RiskIncidentRow) Incident() (risk.Incident, error) { return r.incident() }

func (t *Tenant) incidentRow(i risk.Incident) (RiskIncidentRow, error) {
	doc, err := json.Marshal(i)
	if err != nil {
		return RiskIncidentRow{}, err
	}
	until := i.Until
	if until != nil {
		until = timePtr(micro(*until))
	}
	return RiskIncidentRow{ID: i.ID, TenantID: t.ID, Kind: i.Kind, State: i.State, Level: i.Level, Name: i.Name, BeganAt: micro(i.BeganAt), LastAt: micro(i.LastAt),
		Attempts: int64(i.Attempts), Accounts: int64(i.Tried.Count()), Entered: int64(i.EnteredThrough()), Response: i.Response, Until: until,
		Document: string(doc), UpdatedAt: t.Now(), Simulated: i.Simulated}, nil
}

// saveIncident writes an incident that is there, inside a transaction that has locked it.
func (t *Tenant) saveIncident(ctx context.Context, i risk.Incident) error {
	row, err := t.incidentRow(i)
	if err != nil {
		return err
	}
	return oneRow(t.u(ctx).Model(&RiskIncidentRow{}).Where("id = ?", i.ID).Select("kind", "state", "level", "name", "began_at", "last_at", "attempts", "accounts",
		"entered", "response", "until", "document", "updated_at").Updates(&row))
}

// keepKeys writes down where a wave comes from, for the door.
func (t *Tenant) keepKeys(ctx context.Context, i risk.Incident) error {
	rows := make([]RiskIncidentSourceRow, 0, len(i.Keys))
	for _, k := range i.Keys {
		if len(k) <= maxIncidentKey && risk.SeenAtTheDoor(k) {
			rows = append(rows, RiskIncidentSourceRow{TenantID: t.ID, Source: k, IncidentID: i.ID, LastAt: micro(i.LastAt)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tenant_id"}, {Name: "source"}, {Name: "incident_id"}},
		DoNothing: true}).CreateInBatches(rows, bulkRows).Error
}

// maxIncidentKey is the longest key that is looked up at the door.
const maxIncidentKey = 64

func incidentTarget(i risk.Incident) audit.Target {
	return audit.Target{Kind: "riskIncident", ID: i.ID, Name: i.Name}
}

// IncidentQuery narrows the list of incidents, the latest first.
type IncidentQuery struct {
	State     string // open, closed; "" = any
	Kind      string
	Level     string
	Search    string    // in the name
	Since     time.Time // the last attempt was then, or later
	Before    time.Time // the first attempt was earlier
	Entered   *bool     // somebody got into an account
	Simulated *bool
	After     string
	Limit     int
}

// Incidents lists one page of incidents.
func (t *Tenant) Incidents(ctx context.Context, f IncidentQuery) (Page[risk.Incident], error) {
	q := equals(t.q(ctx), [][2]string{{"state", f.State}, {"kind", f.Kind}, {"level", f.Level}})
	if !f.Since.IsZero() {
		q = q.Where("last_at >= ?", f.Since.UTC())
	}
	if !f.Before.IsZero() {
		q = q.Where("began_at < ?", f.Before.UTC())
	}
	if f.Search != "" {
		q = q.Where(`LOWER(name) LIKE ? ESCAPE '\'`, "%"+likeEscape(strings.ToLower(f.Search))+"%")
	}
	if f.Entered != nil {
		q = q.Where(map[bool]string{true: "entered > 0", false: "entered = 0"}[*f.Entered])
	}
	if f.Simulated != nil {
		q = q.Where("simulated = ?", *f.Simulated)
	}
	q, err := keyset(q, "began_at", f.After, true, true)
	if err != nil {
		return Page[risk.Incident]{}, err
	}
	limit := clampLimit(f.Limit)
	var rows []RiskIncidentRow
	if err := q.Limit(limit + 1).Find(&rows).Error; err != nil {
		return Page[risk.Incident]{}, err
	}
	p := page(rows, limit, func(r RiskIncidentRow) cursor { return cursor{Time: r.BeganAt, ID: r.ID} })
	out := Page[risk.Incident]{Items: make([]risk.Incident, len(p.Items)), Next: p.Next}
	for n, r := range p.Items {
		if out.Items[n], err = r.incident(); err != nil {
			return out, err
		}
	}
	return out, nil
}

// Incident reads one.
func (t *Tenant) Incident(ctx context.Context, id string) (risk.Incident, error) {
	var r RiskIncidentRow
	if err := t.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return risk.Incident{}, found(err)
	}
	return r.incident()
}

// OpenIncidents is how many are open, up to a bound. What is simulated is none.
func (t *Tenant) OpenIncidents(ctx context.Context, bound int) (int, error) {
	var ids []string
	err := t.q(ctx).Model(&RiskIncidentRow{}).Where("state = ? AND NOT simulated", risk.IncidentOpen).Limit(bound).Pluck("id", &ids).Error
	return len(ids), err
}

// IncidentSources are the addresses of a wave that were seen, the busiest first.
func (t *Tenant) IncidentSources(ctx context.Context, id string, limit int) ([]RiskIncidentSourceRow, error) {
	var rows []RiskIncidentSourceRow
	err := t.q(ctx).Where("incident_id = ? AND attempts > 0", id).Order("attempts DESC, source").Limit(limit).Find(&rows).Error
	return rows, err
}

// CountIncidentSources is how many addresses a wave came from.
func (t *Tenant) CountIncidentSources(ctx context.Context, id string) (int, error) {
	var n int64
	err := t.q(ctx).Model(&RiskIncidentSourceRow{}).Where("incident_id = ? AND attempts > 0", id).Count(&n).Error
	return int(n), err
}

// changeIncident changes one under a lock, with its audit entry. What change leaves as it was is no event.
func (t *Tenant) changeIncident(ctx context.Context, actor audit.Actor, id, activity string, change func(*risk.Incident) ([]audit.Change, error)) (risk.Incident, error) {
	var after risk.Incident
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var err error
		if after, err = t.lockIncident(ctx, id); err != nil {
			return audit.Event{}, err
		}
		changes, err := change(&after)
		if err != nil || len(changes) == 0 {
			return audit.Event{}, err
		}
		after.UpdatedAt = t.Now()
		return audit.Event{Activity: activity, Category: "IdentityProtection", Operation: "Update", Target: incidentTarget(after), Changes: changes}, t.saveIncident(ctx, after)
	})
	return after, err
}

func (t *Tenant) lockIncident(ctx context.Context, id string) (risk.Incident, error) {
	var r RiskIncidentRow
	if err := t.lock(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return risk.Incident{}, found(err)
	}
	return r.incident()
}

// Longest and shortest time of a response.
const (
	shortestResponse = 5 * time.Minute
	longestResponse  = 30 * 24 * time.Hour
)

// IncidentResponse is what an admin decides. Was is the response that they saw: when another admin was faster, nothing
// is replaced that nobody looked at.
type IncidentResponse struct {
	Response string // challenge, block; "" takes it back
	For      time.Duration
	Was      string
}

// RespondIncident challenges or blocks what comes from a wave for some time, or takes that back.
func (t *Tenant) RespondIncident(ctx context.Context, actor audit.Actor, id string, r IncidentResponse) (risk.Incident, error) {
	if !slices.Contains([]string{"", risk.Challenge, risk.Block}, r.Response) {
		return risk.Incident{}, fault.BadField("response", "risk.incident.response", nil)
	}
	if r.Response != "" && (r.For < shortestResponse || r.For > longestResponse) {
		return risk.Incident{}, fault.BadField("minutes", "risk.incident.minutes", map[string]any{"min": int(shortestResponse / time.Minute), "max": int(longestResponse / time.Minute)})
	}
	return t.changeIncident(ctx, actor, id, "Respond to incident", func(i *risk.Incident) ([]audit.Change, error) {
		if i.Kind == risk.SMSPumping && r.Response != "" { // nobody signs in from it: the list of countries is the place
			return nil, fault.New(fault.Conflict, "risk.incident.texts")
		}
		if now := effective(*i, t.Now()); now != r.Was && now != r.Response {
			return nil, &fault.Error{Code: fault.Conflict, Key: "risk.incident.meanwhile", Args: map[string]any{"by": lastActor(*i)}}
		}
		changes := []audit.Change{{Property: "response", Old: i.Response, New: r.Response}}
		act := risk.Act{At: t.Now(), Actor: actor.Name, What: r.Response}
		if r.Response == "" {
			if i.Response == "" {
				return nil, nil
			}
			act.What, act.Note, i.Response, i.Until = "withdraw", i.Response, "", nil
		} else {
			until := t.Now().Add(r.For)
			changes = append(changes, audit.Change{Property: "until", Old: i.Until, New: until})
			act.Note, i.Response, i.Until = until.Format(time.RFC3339), r.Response, &until
			if i.State == risk.IncidentClosed { // a response to a wave that is over opens it: the door asks for open ones
				i.State, i.ClosedAt = risk.IncidentOpen, nil
				changes = append(changes, audit.Change{Property: "state", Old: risk.IncidentClosed, New: risk.IncidentOpen})
			}
		}
		i.Note(act)
		return changes, nil
	})
}

// effective is the response that counts now.
func effective(i risk.Incident, now time.Time) string {
	if i.Until != nil && !now.Before(*i.Until) {
		return ""
	}
	return i.Response
}

func lastActor(i risk.Incident) string {
	for _, a := range slices.Backward(i.Acts) {
		if a.Actor != "" {
			return a.Actor
		}
	}
	return "–"
}

// CloseIncident says that nothing is left to do; a response ends with it. ReopenIncident takes that back, without the
// response.
func (t *Tenant) CloseIncident(ctx context.Context, actor audit.Actor, id, note string) (risk.Incident, error) {
	if len(note) > maxIncidentNote {
		return risk.Incident{}, fault.BadField("note", "risk.incident.note", map[string]any{"max": maxIncidentNote})
	}
	return t.changeIncident(ctx, actor, id, "Close incident", func(i *risk.Incident) ([]audit.Change, error) {
		if i.State == risk.IncidentClosed {
			return nil, nil
		}
		changes := []audit.Change{{Property: "state", Old: i.State, New: risk.IncidentClosed}}
		if i.Response != "" {
			changes = append(changes, audit.Change{Property: "response", Old: i.Response, New: ""})
		}
		now := t.Now()
		i.State, i.ClosedAt, i.Response, i.Until = risk.IncidentClosed, &now, "", nil
		i.Note(risk.Act{At: now, Actor: actor.Name, What: "close", Note: note})
		return changes, nil
	})
}

const maxIncidentNote = 500

// ReopenIncident has it looked at again.
func (t *Tenant) ReopenIncident(ctx context.Context, actor audit.Actor, id string) (risk.Incident, error) {
	return t.changeIncident(ctx, actor, id, "Reopen incident", func(i *risk.Incident) ([]audit.Change, error) {
		if i.State == risk.IncidentOpen {
			return nil, nil
		}
		now := t.Now()
		i.State, i.ClosedAt = risk.IncidentOpen, nil
		i.Note(risk.Act{At: now, Actor: actor.Name, What: "reopen"})
		return []audit.Change{{Property: "state", Old: risk.IncidentClosed, New: risk.IncidentOpen}}, nil
	})
}

// PurgeIncidents forgets closed incidents that ended before a moment, with their sources.
func (t *Tenant) PurgeIncidents(ctx context.Context, before time.Time, limit int) (int, error) {
	if err := t.u(ctx).Where("source LIKE ?", "kit 0 %").Delete(&RiskIncidentSourceRow{}).Error; err != nil { // risk.WithoutUnknownNetwork
		return 0, err
	}
	var ids []string
	err := t.q(ctx).Model(&RiskIncidentRow{}).Where("state = ? AND last_at < ?", risk.IncidentClosed, before.UTC()).Order("last_at").Limit(limit).Pluck("id", &ids).Error
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), t.InTx(ctx, func(t *Tenant) error {
		if err := t.u(ctx).Where("incident_id IN ?", ids).Delete(&RiskIncidentSourceRow{}).Error; err != nil {
			return err
		}
		return t.u(ctx).Where("id IN ?", ids).Delete(&RiskIncidentRow{}).Error
	})
}
