package models

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/record"
	"portico/app/risk"
)

// risk_keep.go: what becomes of the findings of a sign-in when it is recorded.

// Notes of a record that say what became of its risk, as the sign-in machine writes them.
const (
	noteRiskRemediated = "sign_in_risk_remediated"  // a second factor under a risk policy (R 6.8.1)
	noteRiskConfirmed  = "sign_in_risk_confirmed"   // such a factor was shown anyway (R 6.8.5)
	notePasswordReset  = "password_reset"           // by "Forgot your password?"
	noteTrialTenant    = "evaluation_skipped_trial" // nothing is assessed there, and nothing kept
)

// Graph's riskDetail of what ends a risk by itself.
const (
	RiskPassedMFA = "userPassedMFADrivenByRiskBasedPolicy"
	RiskSafeByAI  = "aiConfirmedSigninSafe" // Graph's word for: it turned out to be harmless
)

// passedSecond reports whether a second factor that was registered before was shown in this very attempt, as the
// machine notes it: whoever knows the password can register one in the same attempt, and one of an earlier session says
// nothing about who has its cookie now.
func passedSecond(r record.SignIn) bool {
	return r.Kind == record.Interactive && !r.Session.Reused && slices.Contains(r.Notes, noteRiskConfirmed)
}

// endOf is how a sign-in itself ends what was found in it; the zero verdict is that it does not.
func endOf(r record.SignIn) verdict {
	switch {
	case r.Outcome.Result != record.Success:
		return verdict{}
	case slices.Contains(r.Notes, noteRiskRemediated):
		return verdict{RiskRemediated, RiskPassedMFA}
	case passedSecond(r):
		return verdict{RiskDismissed, RiskSafeByAI}
	}
	return verdict{}
}

// endOfEarlier is how a sign-in ends what was found in earlier ones of the same browser. A second factor that was
// registered before answers for those also where this sign-in itself is not risky, or no policy asked for it.
func endOfEarlier(r record.SignIn) verdict {
	end := endOf(r)
	switch {
	case r.FactorSince.IsZero():
		return verdict{}
	case end.State == "" && r.Outcome.Result == record.Success && r.Kind == record.Interactive && !r.Session.Reused:
		return verdict{RiskDismissed, RiskSafeByAI}
	}
	return end
}

// endOfAccount is how a sign-in ends what was found about the account: by another password (R 6.8.2, 6.8.4).
func endOfAccount(r record.SignIn) verdict {
	switch {
	case r.Outcome.Result != record.Success || r.Inputs == nil || !r.Inputs.PasswordChanged:
		return verdict{}
	case slices.Contains(r.Notes, notePasswordReset):
		return verdict{RiskRemediated, RiskResetByUser}
	}
	return verdict{RiskRemediated, RiskSetByOwner}
}

// assessed reports whether a record counts for the risk: not one that an admin made to try a flow, nor one of a trial.
func assessed(r record.SignIn) bool { return !r.Test && !slices.Contains(r.Notes, noteTrialTenant) }

// judgedDetections are a sign-in's detections as they stand when it is recorded, and what they make of the sign-in.
func judgedDetections(r record.SignIn, now time.Time, row *SignInRow) []Detection {
	if !assessed(r) || r.User.ID == "" && !r.SignUp {
		return nil
	}
	list := detectionsOfSignIn(r, now)
	var types []string
	end, endAccount := endOf(r), endOfAccount(r)
	for i := range list {
		d := &list[i]
		types = append(types, d.Type)
		e := end
		if d.Activity == ActivityUser || endAccount.State != "" {
			e = endAccount
		}
		if e.State != "" {
			d.State, d.Detail = e.State, e.Detail
		}
		if d.Activity == ActivityUser {
			continue
		}
		if row.RiskState != RiskAtRisk {
			row.RiskState, row.RiskDetail = d.State, d.Detail
		}
		if d.Open() {
			row.RiskAggregate = risk.Worse(row.RiskAggregate, d.Level)
		}
	}
	if row.RiskState != "" && row.RiskAggregate == "" {
		row.RiskAggregate = RiskNone
	}
	row.RiskTypes = strings.Join(distinct(types), ",")
	return list
}

// keepRisk writes what was found in a sign-in that is being recorded, and what it means for the person.
func (t *Tenant) keepRisk(ctx context.Context, r record.SignIn, list []Detection) error {
	fresh, err := t.putDetections(ctx, list)
	if err != nil {
		return err
	}
	if r.User.ID == "" {
		return nil
	}
	end := endOfEarlier(r)
	closed, err := t.endEarlier(ctx, r, end)
	if err != nil {
		return err
	}
	m := riskMove{Ended: endOf(r)}
	if m.Ended.State == "" {
		m.Ended = end
	}
	for _, d := range fresh {
		if d.Open() {
			m.Fresh, m.Types = true, append(m.Types, d.Type)
		}
	}
	if !m.Fresh && closed == 0 {
		return nil
	}
	_, err = t.moveRisk(ctx, r.User.ID, m)
	return err
}

// earlierFor is how long before a second factor was shown the same browser may have left without it.
const earlierFor = 24 * time.Hour

// endEarlier closes what is open of sign-ins that the same browser began lately and left: whoever was strange there has
// shown a second factor now (R 6.8.5). Only what was found after that factor was registered is closed: whoever knew the
// password then can have registered it themselves.
func (t *Tenant) endEarlier(ctx context.Context, r record.SignIn, end verdict) (int, error) {
	if end.State == "" || !r.Signals.IP.IsValid() {
		return 0, nil
	}
	if young, err := t.youngFactor(ctx, r.User.ID, r.FactorSince); err != nil || young {
		return 0, err
	}
	from := later(r.StartedAt.Add(-earlierFor), r.FactorSince)
	ip := r.Signals.IP.Unmap().String()
	same := func(q *gorm.DB) *gorm.DB {
		return q.Where("user_id = ? AND activity = ? AND state = ? AND ip = ? AND user_agent = ? AND activity_at > ? AND activity_at <= ?", r.User.ID, ActivitySignIn, RiskAtRisk, ip,
			r.Signals.UserAgent, from.UTC(), r.EndedAt.UTC())
	}
	others, err := t.otherDevices(ctx, r, same)
	if err != nil {
		return 0, err
	}
	rows, err := t.endDetections(ctx, end, func(q *gorm.DB) *gorm.DB {
		if len(others) == 0 {
			return same(q)
		}
		return same(q).Where("sign_in_id NOT IN ?", others)
	})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return len(rows), t.followSignIns(ctx, rows, end)
}

// otherDevices are those of some open sign-ins that were made with another device cookie: behind one address many have
// the same browser. What has none says nothing.
func (t *Tenant) otherDevices(ctx context.Context, r record.SignIn, where func(*gorm.DB) *gorm.DB) ([]string, error) {
	if r.Signals.DeviceID == "" {
		return nil, nil
	}
	var ids []string
	if err := where(t.q(ctx).Model(&RiskDetectionRow{})).Where("sign_in_id <> ''").Distinct().Pluck("sign_in_id", &ids).Error; err != nil {
		return nil, err
	}
	var out []string
	for chunk := range slices.Chunk(ids, 100) {
		var rows []SignInRow
		if err := t.q(ctx).Select("id", "tenant_id", "record").Where("id IN ?", chunk).Find(&rows).Error; err != nil {
			return nil, err
		}
		for _, row := range rows {
			was, err := row.SignIn()
			if err != nil {
				return nil, err
			}
			if d := was.Signals.DeviceID; d != "" && d != r.Signals.DeviceID {
				out = append(out, row.ID)
			}
		}
	}
	return out, nil
}

// followSignIns closes the sign-ins of detections that were closed, where nothing else is open of them.
func (t *Tenant) followSignIns(ctx context.Context, closed []RiskDetectionRow, end verdict) error {
	var ids []string
	for _, r := range closed {
		if r.SignInID != "" && r.Activity == ActivitySignIn {
			ids = append(ids, r.SignInID)
		}
	}
	for _, id := range distinct(ids) {
		var open int64
		if err := t.u(ctx).Model(&RiskDetectionRow{}).Where("sign_in_id = ? AND activity = ? AND state IN ?", id, ActivitySignIn, openStates()).Count(&open).Error; err != nil {
			return err
		}
		if open > 0 {
			continue
		}
		if err := t.u(ctx).Model(&SignInRow{}).Where("id = ? AND risk_state IN ?", id, openStates()).
			UpdateColumns(map[string]any{"risk_aggregate": RiskNone, "risk_state": end.State, "risk_detail": end.Detail}).Error; err != nil {
			return err
		}
	}
	return nil
}

// putDetections writes detections and gives those that are new. One that is there already counts one more; where it is
// worse than before and nobody has judged it, it rises.
func (t *Tenant) putDetections(ctx context.Context, list []Detection) ([]Detection, error) {
	var fresh []Detection
	for _, d := range list {
		row, err := detectionRow(t.ID, d)
		if err != nil {
			return nil, err
		}
		made := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		if made.Error != nil {
			return nil, made.Error
		}
		if made.RowsAffected == 1 {
			fresh = append(fresh, d)
			continue
		}
		var was RiskDetectionRow
		if err := t.lock(ctx).Where("id = ?", d.ID).Take(&was).Error; err != nil {
			return nil, err
		}
		change := map[string]any{"count": gorm.Expr("count + ?", max(d.Count, 1)), "updated_at": row.UpdatedAt}
		if d.Open() && risk.Rank(d.Level) > risk.Rank(was.Level) && was.State != RiskConfirmed {
			change["level"], change["state"], change["detail"] = d.Level, d.State, d.Detail
			fresh = append(fresh, d)
		}
		if err := t.u(ctx).Model(&RiskDetectionRow{}).Where("id = ?", d.ID).UpdateColumns(change).Error; err != nil {
			return nil, err
		}
	}
	return fresh, t.publishDetections(ctx, fresh)
}

// AddDetection records what a job or a person found, and moves the levels of the person and of the sign-in with it.
// What it does not say is taken from the person and the sign-in that it is about.
func (t *Tenant) AddDetection(ctx context.Context, actor audit.Actor, d Detection) (Detection, error) {
	kind, known := risk.KindOf(d.Type)
	if !known || risk.Rank(d.Level) == 0 {
		return d, fault.BadField("riskEventType", "risk.type", nil)
	}
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if err := t.completeDetection(ctx, kind, &d); err != nil {
			return audit.Event{}, err
		}
		if d.UserID != "" {
			if err := t.holdPeople(ctx, []string{d.UserID}); err != nil {
				return audit.Event{}, err
			}
		}
		fresh, err := t.putDetections(ctx, []Detection{d})
		if err != nil || len(fresh) == 0 {
			return audit.Event{}, err
		}
		if err := t.raiseSignIn(ctx, d); err != nil {
			return audit.Event{}, err
		}
		var changes []audit.Change
		if d.UserID != "" {
			m := riskMove{By: actor, Fresh: !d.Simulated, Simulate: d.Simulated}
			m.led(RiskDetectionRow{Type: d.Type, Simulated: d.Simulated})
			if changes, err = t.moveRisk(ctx, d.UserID, m); err != nil {
				return audit.Event{}, err
			}
		}
		if actor.Kind == audit.ActorSystem { // the detection itself is the record
			return audit.Event{}, nil
		}
		return audit.Event{Activity: "Add risk detection", Category: "IdentityProtection", Operation: "Add", Target: audit.Target{Kind: "user", ID: d.UserID, Name: d.UserName},
			Changes: append([]audit.Change{{Property: "riskEventType", New: d.Type}, {Property: "detection", New: d.ID}}, changes...)}, nil
	})
	return d, err
}

func (t *Tenant) completeDetection(ctx context.Context, kind risk.Kind, d *Detection) error {
	if d.SignInID != "" {
		r, err := t.SignIn(ctx, d.SignInID)
		if err != nil {
			return err
		}
		of := detectionAt(r, record.Finding{Type: d.Type, Level: d.Level, Key: d.Key, Evidence: d.Evidence, Timing: d.Timing}, t.Now())
		of.Simulated, of.State, of.Detail = d.Simulated, or(d.State, of.State), or(d.Detail, of.Detail)
		of.ID, of.Activity, of.IncidentID = or(d.ID, of.ID), or(d.Activity, of.Activity), or(d.IncidentID, of.IncidentID)
		if d.UserID == "" || d.UserID == of.UserID {
			*d = of
		}
	}
	if d.UserID != "" {
		u, err := t.User(ctx, d.UserID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if err == nil {
			d.UserName, d.Address = u.DisplayName, u.Mail
		} else if d.SignInID == "" {
			return err
		}
	}
	if d.ID == "" {
		d.ID = NewID()
	}
	d.State, d.Detail, d.Timing, d.Activity = or(d.State, RiskAtRisk), or(d.Detail, RiskNone), or(d.Timing, risk.Offline), or(d.Activity, kind.Activity)
	d.DetectedAt, d.UpdatedAt, d.Count = t.Now(), t.Now(), max(d.Count, 1)
	if d.ActivityAt.IsZero() {
		d.ActivityAt = d.DetectedAt
	}
	return nil
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// raiseSignIn adds a detection to the sign-in that it is linked to: its aggregate level rises, what was said while the
// person signed in stays.
func (t *Tenant) raiseSignIn(ctx context.Context, d Detection) error {
	if d.SignInID == "" || d.Activity == ActivityUser && d.Type != AdminConfirmed {
		return nil
	}
	var row SignInRow
	if err := t.lock(ctx).Select("id", "tenant_id", "risk_aggregate", "risk_state", "risk_detail", "risk_types").Where("id = ?", d.SignInID).Take(&row).Error; err != nil {
		return found(err)
	}
	change := map[string]any{"risk_types": withType(row.RiskTypes, d.Type)}
	if d.Open() && row.RiskState != RiskConfirmed && row.RiskState != RiskSafe {
		change["risk_aggregate"], change["risk_state"], change["risk_detail"] = risk.Worse(row.RiskAggregate, d.Level), d.State, d.Detail
	}
	return t.u(ctx).Model(&SignInRow{}).Where("id = ?", d.SignInID).UpdateColumns(change).Error
}

// withType adds a type to a list that is separated by commas.
func withType(list, kind string) string {
	if list == "" {
		return kind
	}
	return strings.Join(distinct(append(strings.Split(list, ","), kind)), ",")
}
