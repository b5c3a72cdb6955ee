package models

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/risk"
)

// risk_simulation.go: detections and attacks on demand, to try things out (F222). Policies, reports, mail and exports
// follow them as they would follow real ones, and all say that they are simulated; nothing that is counted or learnt
// does. Taken away, nothing is left: a person's risk and its history are what they would be if none had ever been made.

// Real is the risk without what is simulated.
func (u User) Real() account.Risk {
	if u.RealRisk != nil {
		return *u.RealRisk
	}
	return u.Risk
}

// realRisk is a risk as its column keeps it.
type realRisk struct {
	Level  string    `json:"level,omitempty"`
	State  string    `json:"state,omitempty"`
	Detail string    `json:"detail,omitempty"`
	At     time.Time `json:"at,omitzero"`
}

func realRiskText(r *account.Risk) (*string, error) {
	if r == nil {
		return nil, nil
	}
	body, err := json.Marshal(realRisk{r.Level, r.State, r.Detail, r.At})
	text := string(body)
	return &text, err
}

func realRiskOf(r UserRow) (*account.Risk, error) {
	if r.RiskReal == nil {
		return nil, nil
	}
	var kept realRisk
	if err := json.Unmarshal([]byte(*r.RiskReal), &kept); err != nil {
		return nil, badJSON("risk without what is simulated", r.ID, err)
	}
	return &account.Risk{Level: kept.Level, State: kept.State, Detail: kept.Detail, At: kept.At.UTC()}, nil
}

// tellReal says of a person whether their risk is simulated, and what it would be.
func (u *User) tellReal(r UserRow) error {
	var err error
	if u.RealRisk, err = realRiskOf(r); err == nil && u.RealRisk != nil {
		u.Risk.Simulated = !sameRisk(u.Risk, *u.RealRisk)
	}
	return err
}

// SimulateDetection makes a detection for a person that is marked as simulated: levels and policies follow it as they
// would follow a real one. One that is about an attack comes with its incident. It can be taken away again.
func (t *Tenant) SimulateDetection(ctx context.Context, actor audit.Actor, userID, riskEventType string) (Detection, error) {
	kind, known := risk.KindOf(riskEventType)
	if !known || !kind.Simulated {
		return Detection{}, fault.BadField("riskEventType", "risk.type", nil)
	}
	level := risk.None
	for _, l := range kind.Levels {
		level = risk.Worse(level, l)
	}
	d := Detection{UserID: userID, Type: kind.Type, Level: level, Timing: kind.Timing, Activity: kind.Activity, Key: "risk.found.simulated",
		Evidence: map[string]any{"by": actor.Name}, IP: risk.SimulatedIP(1).String(), Simulated: true}
	if d.Type == AdminConfirmed {
		d.State, d.Detail = RiskConfirmed, RiskByAdmin
	}
	err := t.InTx(ctx, func(t *Tenant) error {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return err
		}
		if !u.DeletedAt.IsZero() {
			return fault.New(fault.NotFound, "error.not_found")
		}
		if wave := risk.WaveOf(d.Type); wave != "" {
			if d.IncidentID, err = t.simulateWave(ctx, actor, u, wave); err != nil {
				return err
			}
		}
		d, err = t.AddDetection(ctx, actor, d)
		return err
	})
	return d, err
}

// simulateWave gives the simulated attack of a kind that met a person, and makes it where there is none.
func (t *Tenant) simulateWave(ctx context.Context, actor audit.Actor, u User, kind string) (string, error) {
	there, err := t.simulatedWaves(ctx, u.ID)
	if err != nil {
		return "", err
	}
	for _, i := range there {
		if i.Kind == kind && i.State == risk.IncidentOpen {
			return i.ID, nil
		}
	}
	i := risk.SimulatedWave(kind, NewID(), risk.Entry{UserID: u.ID, Name: u.DisplayName}, t.Now())
	i.Name, i.UpdatedAt = incidentName(i), t.Now()
	i.Acts[0].Actor = actor.Name
	return i.ID, t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		row, err := t.incidentRow(i)
		if err != nil {
			return audit.Event{}, err
		}
		if err := t.w(ctx).Create(&row).Error; err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Simulate incident", Category: "IdentityProtection", Operation: "Add", Target: incidentTarget(i),
			Changes: []audit.Change{{Property: "kind", New: kind}, {Property: "user", New: u.ID}}}, t.countSources(ctx, i, risk.SimulatedSources(i), nil)
	})
}

// simulatedWaves are the attacks that are simulated for a person.
func (t *Tenant) simulatedWaves(ctx context.Context, userID string) ([]risk.Incident, error) {
	var rows []RiskIncidentRow
	if err := t.u(ctx).Where("simulated").Order("began_at, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	var out []risk.Incident
	for _, r := range rows {
		i, err := r.incident()
		if err != nil {
			return nil, err
		}
		if i.For == userID {
			out = append(out, i)
		}
	}
	return out, nil
}

// SimulatedWaves are the attacks that are simulated for a person, the oldest first.
func (t *Tenant) SimulatedWaves(ctx context.Context, userID string) ([]risk.Incident, error) {
	return t.simulatedWaves(ctx, userID)
}

// RemoveSimulated takes away what is simulated for a person, as if it had never been: detections, attacks, what followed
// from them in the history of the person's risk, and what administrators were told of them. It says how many detections
// there were. What is simulated for somebody who is gone can be taken away too.
func (t *Tenant) RemoveSimulated(ctx context.Context, actor audit.Actor, userID string) (int, error) {
	n := 0
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, missing := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if missing != nil && !isNotFound(missing) {
			return audit.Event{}, missing
		}
		waves, err := t.simulatedWaves(ctx, userID)
		if err != nil {
			return audit.Event{}, err
		}
		for _, i := range waves {
			if err := t.u(ctx).Where("incident_id = ?", i.ID).Delete(&RiskIncidentSourceRow{}).Error; err != nil {
				return audit.Event{}, err
			}
			if err := t.u(ctx).Where("id = ?", i.ID).Delete(&RiskIncidentRow{}).Error; err != nil {
				return audit.Event{}, err
			}
		}
		gone := t.u(ctx).Where("user_id = ? AND simulated = ?", userID, true).Delete(&RiskDetectionRow{})
		if gone.Error != nil {
			return audit.Event{}, gone.Error
		}
		n = int(gone.RowsAffected)
		if n+len(waves) == 0 && u.RealRisk == nil {
			return audit.Event{}, missing
		}
		if err := t.u(ctx).Where("user_id = ? AND simulated", userID).Delete(&RiskEventRow{}).Error; err != nil {
			return audit.Event{}, err
		}
		if err := t.u(ctx).Where("user_id = ?", simulatedMailMark(userID)).Delete(&RiskMailRow{}).Error; err != nil {
			return audit.Event{}, err
		}
		target, changes := audit.Target{Kind: "user", ID: userID}, []audit.Change{{Property: "detections", Old: n}, {Property: "incidents", Old: len(waves)}}
		if missing == nil {
			more, err := t.setRisk(ctx, u, u.Real(), nil)
			if err != nil {
				return audit.Event{}, err
			}
			target, changes = userTarget(u), append(changes, more...)
		}
		return audit.Event{Activity: "Remove simulated detections", Category: "IdentityProtection", Operation: "Delete", Target: target, Changes: changes}, nil
	})
	return n, err
}

// simulatedMailMark is the row that remembers what administrators were told of somebody's simulated risk, so that being
// told of that keeps nothing real from them. It fits where an id does.
func simulatedMailMark(userID string) string { return "~" + strings.ReplaceAll(userID, "-", "") }

// simulatedPeople are those for whom something is simulated, deleted people left out.
func (t *Tenant) simulatedPeople(ctx context.Context) ([]UserRow, error) {
	var rows []UserRow
	err := t.via(ctx, "users", way{"users_simulated", "risk_real IS NOT NULL", nil}).Select("id", "risk_level", "risk_at", "risk_real").
		Where("deleted_at IS NULL").Find(&rows).Error
	return rows, err
}
