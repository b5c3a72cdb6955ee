package models

import (
	"context"
	"slices"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/record"
	"portico/app/risk"
)

// incident_people.go: what is done for the people whom a wave met.

// Whom a wave met.
const (
	WaveEntered = "entered" // the right password was shown
	WaveTried   = "tried"   // their name was
)

// maxIncidentPeople is how many people one step is for: all of them change, or none.
const maxIncidentPeople = 20_000

// incidentSpan reads the part of the sign-in log that belongs to an incident; to a simulated one nothing does.
func (t *Tenant) incidentSpan(ctx context.Context, i risk.Incident, visit func(SignInRow, record.SignIn) error) error {
	if i.Simulated {
		return nil
	}
	belongs := map[string]bool{}
	for _, k := range i.Keys {
		belongs[k] = true
	}
	at := place{}
	for {
		q := t.via(ctx, "sign_ins", way{index: "signins_time"}).Where("created_at >= ? AND created_at <= ?", i.BeganAt.UTC(), i.LastAt.UTC())
		if at.ID != "" {
			q = q.Where("(created_at, id) > (?, ?)", at.At.UTC(), at.ID)
		}
		var rows []SignInRow
		if err := q.Omit("decision").Order("created_at, id").Limit(waveRead).Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			rec, err := r.SignIn()
			if err != nil {
				return err
			}
			if rec.Test || rec.Kind != record.Interactive || !slices.ContainsFunc(waveKeysOf(rec), func(k string) bool { return belongs[k] }) {
				continue
			}
			if err := visit(r, rec); err != nil {
				return err
			}
		}
		if len(rows) < waveRead {
			return nil
		}
		at = place{rows[len(rows)-1].CreatedAt.UTC(), rows[len(rows)-1].ID}
	}
}

// IncidentPeople are the ids of the people whom a wave met, without those who are gone, in no order that means anything.
func (t *Tenant) IncidentPeople(ctx context.Context, id, who string) ([]string, error) {
	i, err := t.Incident(ctx, id)
	if err != nil {
		return nil, err
	}
	return t.incidentPeople(ctx, i, who)
}

func (t *Tenant) incidentPeople(ctx context.Context, i risk.Incident, who string) ([]string, error) {
	var ids []string
	switch who {
	case WaveEntered:
		for _, e := range i.Entries {
			if !e.Told {
				ids = append(ids, e.UserID)
			}
		}
	case WaveTried:
		if i.Simulated { // nobody else was
			ids = append(ids, i.For)
			break
		}
		met := map[string]bool{}
		err := t.incidentSpan(ctx, i, func(r SignInRow, _ record.SignIn) error {
			if r.UserID != "" {
				met[r.UserID] = true
			}
			if len(met) > maxIncidentPeople {
				return fault.BadField("who", "risk.incident.people", map[string]any{"max": maxIncidentPeople})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for id := range met {
			ids = append(ids, id)
		}
	default:
		return nil, fault.BadField("who", "admin.choose", nil)
	}
	slices.Sort(ids)
	var there []string
	for chunk := range slices.Chunk(ids, bulkCountStep) {
		var found []string
		if err := t.byID(ctx, chunk).Model(&UserRow{}).Where("deleted_at IS NULL").Pluck("id", &found).Error; err != nil {
			return nil, err
		}
		there = append(there, found...)
	}
	slices.Sort(there)
	return there, nil
}

// IncidentStep is one step for the people of an incident. Count is how many the admin saw: when it is another number
// by now, nothing happens.
type IncidentStep struct {
	Who   string // entered or tried; unwinding is for the entered ones
	Count int
}

// NotifyIncident has post write to each of the people whom a wave met, in one transaction; those who were entered are
// told once, and those who were tried too.
func (t *Tenant) NotifyIncident(ctx context.Context, actor audit.Actor, id string, step IncidentStep, post func(*Tenant, User) error) (risk.Incident, error) {
	var after risk.Incident
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		i, err := t.lockIncident(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		after = i
		if step.Who == WaveTried && slices.ContainsFunc(i.Acts, func(a risk.Act) bool { return a.What == "notify" && a.Note == WaveTried }) {
			return audit.Event{}, &fault.Error{Code: fault.Conflict, Key: "risk.incident.told", Args: map[string]any{"by": lastActor(i)}}
		}
		ids, err := t.incidentPeople(ctx, i, step.Who)
		if err != nil {
			return audit.Event{}, err
		}
		if len(ids) != step.Count {
			return audit.Event{}, fault.BadField("count", "admin.bulk.count", map[string]any{"count": len(ids)})
		}
		if len(ids) == 0 {
			return audit.Event{}, nil
		}
		told := 0
		for chunk := range slices.Chunk(ids, bulkCountStep) {
			people, err := t.usersByID(ctx, chunk)
			if err != nil {
				return audit.Event{}, err
			}
			for _, u := range people {
				if u.Address() == "" {
					continue
				}
				if err := post(t, u); err != nil {
					return audit.Event{}, err
				}
				told++
			}
		}
		for n := range i.Entries {
			if slices.Contains(ids, i.Entries[n].UserID) {
				i.Entries[n].Told = true
			}
		}
		i.Note(risk.Act{At: t.Now(), Actor: actor.Name, What: "notify", Count: told, Note: step.Who})
		after = i
		return audit.Event{Activity: "Notify people of incident", Category: "IdentityProtection", Operation: "Update", Target: incidentTarget(i),
			Changes: []audit.Change{{Property: "people", New: told}, {Property: "who", New: step.Who}}}, t.saveIncident(ctx, i)
	})
	return after, err
}

// Unwound is what unwinding did.
type Unwound struct {
	People  int
	Skipped []string // names of those who are left to be dealt with one by one: administrators, and whoever does it
}

// UnwindPeople are the entered accounts that unwinding is still for.
func UnwindPeople(i risk.Incident) []string {
	var ids []string
	for _, e := range i.Entries {
		if !e.Unwound {
			ids = append(ids, e.UserID)
		}
	}
	return ids
}

// UnwindIncident takes back what a wave got: it confirms every account that it entered as compromised, ends its
// sessions and tokens, and wants another password. Everybody or nobody.
func (t *Tenant) UnwindIncident(ctx context.Context, actor audit.Actor, id string, count int) (Unwound, error) {
	var out Unwound
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		out = Unwound{}
		i, err := t.lockIncident(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		ids := UnwindPeople(i)
		if len(ids) != count {
			return audit.Event{}, fault.BadField("count", "admin.bulk.count", map[string]any{"count": len(ids)})
		}
		if len(ids) == 0 {
			return audit.Event{}, nil
		}
		people, err := t.usersByID(ctx, ids)
		if err != nil {
			return audit.Event{}, err
		}
		facts, err := t.bulkFacts(ctx, Bulk{Action: BulkRevoke, ActorID: actor.ID}, people)
		if err != nil {
			return audit.Event{}, err
		}
		var confirm []string
		for _, u := range people {
			switch facts.reason(Bulk{Action: BulkRevoke, ActorID: actor.ID}, u) {
			case "":
				confirm = append(confirm, u.ID)
			case SkipDeleted:
			default:
				out.Skipped = append(out.Skipped, u.DisplayName)
			}
		}
		if err := t.confirmEntered(ctx, actor, i, confirm); err != nil {
			return audit.Event{}, err
		}
		for _, id := range confirm {
			if _, err := t.RevokeSessions(ctx, actor, id); err != nil {
				return audit.Event{}, err
			}
			if _, err := t.UpdateUser(ctx, actor, id, func(u *User) error { u.MustChangePassword = u.MustChangePassword || u.HasPassword; return nil }); err != nil {
				return audit.Event{}, err
			}
		}
		for n := range i.Entries {
			if slices.Contains(confirm, i.Entries[n].UserID) || !slices.ContainsFunc(people, func(u User) bool { return u.ID == i.Entries[n].UserID && u.DeletedAt.IsZero() }) {
				i.Entries[n].Unwound = true
			}
		}
		out.People = len(confirm)
		i.Note(risk.Act{At: t.Now(), Actor: actor.Name, What: "unwind", Count: out.People})
		return audit.Event{Activity: "Unwind incident", Category: "IdentityProtection", Operation: "Update", Target: incidentTarget(i),
			Changes: []audit.Change{{Property: "people", New: out.People}}}, t.saveIncident(ctx, i)
	})
	return out, err
}

// confirmEntered confirms accounts as compromised; those of a simulated attack are simulated to be.
func (t *Tenant) confirmEntered(ctx context.Context, actor audit.Actor, i risk.Incident, ids []string) error {
	if i.Simulated {
		for _, id := range ids {
			if _, err := t.SimulateDetection(ctx, actor, id, AdminConfirmed); err != nil {
				return err
			}
		}
		return nil
	}
	for chunk := range slices.Chunk(ids, maxRiskIDs) {
		if err := t.ConfirmCompromised(ctx, actor, chunk); err != nil {
			return err
		}
	}
	return nil
}
