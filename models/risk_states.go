package models

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/risk"
	"portico/app/webhook"
)

// The risk of a person is their worst open detection (ADR 39). It is worked out anew in the transaction that changes
// any of them, and each change stands in their history with who made it.

// RiskEvent is one entry of the history of a person's risk (Graph riskyUserHistoryItem).
type RiskEvent struct {
	ID        string
	UserID    string
	At        time.Time
	Level     string // none, low, medium, high
	State     string
	Detail    string
	Types     []string // riskEventTypes that led to it
	ActorID   string   // "" = the engine
	ActorName string
	Simulated bool // without what is simulated it would not be there
}

// verdict is how detections and sign-ins end, or go on, in Graph's words.
type verdict struct {
	State  string
	Detail string
}

// riskMove is a change of what is open of a person.
type riskMove struct {
	By       audit.Actor // zero = the engine
	Types    []string    // what led to it
	Made     []string    // what led to it besides, and is simulated
	Ended    verdict     // of who is left with nothing open
	Fresh    bool        // something was found anew, although the level may be the same
	Simulate bool        // something was simulated anew
	At       time.Time   // of what happened in the past; zero = now
}

// led says which detections led to a change.
func (m *riskMove) led(by ...RiskDetectionRow) {
	for _, d := range by {
		if d.Simulated {
			m.Made = append(m.Made, d.Type)
		} else {
			m.Types = append(m.Types, d.Type)
		}
	}
}

// holdPeople keeps people's rows from changing until the end of the transaction. Whoever changes what belongs to
// somebody's risk (detections, sign-ins, what is usual) holds the person first, and several in the order of their ids:
// then no two wait for each other. SQLite has one writer.
func (t *Tenant) holdPeople(ctx context.Context, ids []string) error {
	if t.dialect == "sqlite" {
		return nil
	}
	for chunk := range slices.Chunk(distinct(ids), 500) {
		var held []string
		if err := t.lock(ctx).Table("users").Where("id IN ?", chunk).Order("id").Pluck("id", &held).Error; err != nil {
			return err
		}
	}
	return nil
}

// holdOwners holds the people that these ids are, or whose sign-ins they are, which never changes.
func (t *Tenant) holdOwners(ctx context.Context, subjects []string) error {
	if t.dialect == "sqlite" {
		return nil
	}
	var ids []string
	if err := t.u(ctx).Model(&SignInRow{}).Where("id IN ? AND user_id <> ''", subjects).Pluck("user_id", &ids).Error; err != nil {
		return err
	}
	return t.holdPeople(ctx, append(ids, subjects...))
}

// moveRisk works out a person's risk from their open detections, writes it where it changed, and says what changed.
// Somebody who is not there any more has no risk. For whom something is simulated it works out two: the one that
// policies see, and the one that there would be without what is simulated, so that taking that away leaves what would
// be there if it had never been.
func (t *Tenant) moveRisk(ctx context.Context, userID string, m riskMove) ([]audit.Change, error) {
	u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var open []RiskDetectionRow
	err = t.via(ctx, "risk_detections", way{"risk_detections_user", "user_id = ?", []any{userID}}).
		Select("type", "level", "state", "detail", "simulated").Where("state IN ?", openStates()).Order("detected_at").Find(&open).Error
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(slices.Clone(open), func(d RiskDetectionRow) bool { return d.Simulated })
	real, moved := nextRisk(u.Real(), own, m, m.Fresh, t.Now())
	if u.RealRisk == nil && !m.Simulate {
		if !moved {
			return nil, nil
		}
		changes, err := t.setRisk(ctx, u, real, nil)
		if err != nil {
			return nil, err
		}
		return changes, t.noteRisk(ctx, u.ID, real, m, false)
	}
	shown, shifted := nextRisk(u.Risk, open, m, m.Fresh || m.Simulate, t.Now())
	if !moved && !shifted {
		return nil, nil
	}
	if moved {
		if err := t.noteRisk(ctx, u.ID, real, m, false); err != nil {
			return nil, err
		}
	}
	if shifted && !(moved && sameRisk(shown, real)) {
		m.Types = slices.Concat(m.Types, m.Made)
		if err := t.noteRisk(ctx, u.ID, shown, m, true); err != nil {
			return nil, err
		}
	}
	return t.setRisk(ctx, u, shown, &real)
}

// nextRisk is what becomes of a risk with what is open now, and whether that is a change.
func nextRisk(was account.Risk, open []RiskDetectionRow, m riskMove, fresh bool, now time.Time) (account.Risk, bool) {
	r := worstOf(open)
	if len(open) == 0 {
		if was.Level == "" && !slices.Contains(openStates(), was.State) {
			return was, false // what was found was closed at once
		}
		r.State, r.Detail = m.Ended.State, m.Ended.Detail
	}
	if !fresh && sameRisk(r, was) {
		return was, false
	}
	if r.At = now; !m.At.IsZero() {
		r.At = later(was.At, micro(m.At))
	}
	return r, true
}

// sameRisk reports whether two say the same, whenever that was.
func sameRisk(a, b account.Risk) bool {
	return a.Level == b.Level && a.State == b.State && a.Detail == b.Detail
}

// worstOf is the risk that open detections make. What an admin has confirmed says more than what was found.
func worstOf(open []RiskDetectionRow) account.Risk {
	r := account.Risk{}
	for _, d := range open {
		r.Level = risk.Worse(r.Level, d.Level)
		if r.State == "" {
			r.State = RiskAtRisk
		}
		if d.State == RiskConfirmed {
			r.State, r.Detail = RiskConfirmed, d.Detail
		}
	}
	return r
}

// setRisk writes a person's risk inside a transaction, and says what changed. real is what it would be without what is
// simulated; nil = nothing is.
func (t *Tenant) setRisk(ctx context.Context, u User, r account.Risk, real *account.Risk) ([]audit.Change, error) {
	kept, err := realRiskText(real)
	if err != nil {
		return nil, err
	}
	err = oneRow(t.u(ctx).Model(&UserRow{}).Where("id = ?", u.ID).
		UpdateColumns(map[string]any{"risk_level": orNone(r.Level), "risk_state": r.State, "risk_detail": r.Detail, "risk_at": timePtr(r.At), "risk_real": kept}))
	var d differences
	d.note("riskLevel", "", orNone(u.Risk.Level), orNone(r.Level), audit.Public)
	d.note("riskState", "", u.Risk.State, r.State, audit.Public)
	d.note("riskDetail", "", u.Risk.Detail, r.Detail, audit.Public)
	return d.changes, err
}

func orNone(level string) string {
	if level == "" {
		return RiskNone
	}
	return level
}

// noteRisk writes the history of a person's risk.
func (t *Tenant) noteRisk(ctx context.Context, userID string, r account.Risk, m riskMove, simulated bool) error {
	e := RiskEventRow{ID: NewID(), TenantID: t.ID, UserID: userID, At: r.At, Level: orNone(r.Level), State: orNone(r.State), Detail: orNone(r.Detail),
		Types: strings.Join(distinct(m.Types), ","), Simulated: simulated}
	if m.By.Kind != audit.ActorSystem {
		e.ActorID, e.ActorName = m.By.ID, m.By.Name
	}
	if err := t.w(ctx).Create(&e).Error; err != nil {
		return err
	}
	return t.publish(ctx, webhook.Event{Kind: webhook.RiskUserChanged, At: e.At, Subject: userID, Data: webhook.Data{User: &webhook.User{ID: userID},
		Risk: &webhook.Risk{Type: e.Types, Level: e.Level, State: e.State, Detail: e.Detail, Simulated: simulated}}})
}

// RiskHistoryOf lists one page of the history of a person's risk, newest first.
func (t *Tenant) RiskHistoryOf(ctx context.Context, userID, after string, limit int) (Page[RiskEvent], error) {
	q, err := keyset(t.q(ctx).Where("user_id = ?", userID), "at", after, true, true)
	if err != nil {
		return Page[RiskEvent]{}, err
	}
	limit = clampLimit(limit)
	var rows []RiskEventRow
	if err := q.Limit(limit + 1).Find(&rows).Error; err != nil {
		return Page[RiskEvent]{}, err
	}
	return mapPage(page(rows, limit, func(r RiskEventRow) cursor { return cursor{Time: r.At, ID: r.ID} }), riskEventOf), nil
}

func riskEventOf(r RiskEventRow) RiskEvent {
	e := RiskEvent{ID: r.ID, UserID: r.UserID, At: r.At.UTC(), Level: r.Level, State: r.State, Detail: r.Detail, ActorID: r.ActorID, ActorName: r.ActorName, Simulated: r.Simulated}
	if r.Types != "" {
		e.Types = strings.Split(r.Types, ",")
	}
	return e
}

// endDetections closes what of some detections is open, and says which they were.
func (t *Tenant) endDetections(ctx context.Context, v verdict, where func(*gorm.DB) *gorm.DB) ([]RiskDetectionRow, error) {
	var rows []RiskDetectionRow
	if err := where(t.lock(ctx)).Where("state IN ?", openStates()).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	for chunk := range slices.Chunk(ids, 500) {
		if err := t.u(ctx).Model(&RiskDetectionRow{}).Where("id IN ?", chunk).
			UpdateColumns(map[string]any{"state": v.State, "detail": v.Detail, "updated_at": t.Now()}).Error; err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// endSignIns closes what of a person's sign-ins is open.
func (t *Tenant) endSignIns(ctx context.Context, userID string, v verdict) error {
	return t.u(ctx).Model(&SignInRow{}).Where("user_id = ? AND risk_state <> '' AND risk_state IN ?", userID, openStates()).
		UpdateColumns(map[string]any{"risk_aggregate": RiskNone, "risk_state": v.State, "risk_detail": v.Detail}).Error
}
