package models

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/record"
	"portico/app/risk"
)

// risk_actions.go: what administrators say about sign-ins and people (R 6.7), and how they take it back.

// What an admin may say.
const (
	RiskCompromised = "confirmCompromised"
	RiskConfirmSafe = "confirmSafe"
	RiskDismiss     = "dismiss"
)

// undoKept is how long what was said can be taken back, and undoMost how many things one statement may have changed
// to be taken back at all.
const (
	undoKept = 30 * 24 * time.Hour
	undoMost = 2000
)

// saying is one thing that an admin says about a sign-in or a person.
type saying struct {
	action   string
	activity string // of the audit log
	verdict
}

// ConfirmSignInCompromised says that somebody else made these sign-ins (R 6.7.1): their aggregate risk and that of their
// people is high from now on. What was said while they signed in stays. All of them, or, when one is not there, none.
func (t *Tenant) ConfirmSignInCompromised(ctx context.Context, actor audit.Actor, ids []string) error {
	return t.sayOfSignIns(ctx, actor, ids, saying{RiskCompromised, "Confirm sign-in compromised", verdict{RiskConfirmed, RiskSignInTaken}})
}

// ConfirmSignInSafe says that these sign-ins were the person's own (R 6.7.2): what they added to the person's risk is
// taken back, and the like is usual for the person from now on.
func (t *Tenant) ConfirmSignInSafe(ctx context.Context, actor audit.Actor, ids []string) error {
	return t.sayOfSignIns(ctx, actor, ids, saying{RiskConfirmSafe, "Confirm sign-in safe", verdict{RiskSafe, RiskSignInSafe}})
}

// DismissSignInRisk says that what was found is true and harmless (R 6.7.3): it is closed, and the like will be found
// again.
func (t *Tenant) DismissSignInRisk(ctx context.Context, actor audit.Actor, ids []string) error {
	return t.sayOfSignIns(ctx, actor, ids, saying{RiskDismiss, "Dismiss sign-in risk", verdict{RiskDismissed, RiskSignInWaved}})
}

// checkRiskIDs is which things one call is about, in one order for everybody, so that two admins never wait for each
// other's rows.
func checkRiskIDs(field, key string, ids []string) ([]string, error) {
	if len(ids) == 0 || len(ids) > maxRiskIDs {
		return nil, fault.BadField(field, key, map[string]any{"max": maxRiskIDs})
	}
	return distinct(ids), nil
}

func (t *Tenant) sayOfSignIns(ctx context.Context, actor audit.Actor, ids []string, s saying) error {
	ids, err := checkRiskIDs("requestIds", "risk.request_ids", ids)
	if err != nil {
		return err
	}
	return t.InTx(ctx, func(t *Tenant) error {
		if err := t.holdOwners(ctx, ids); err != nil {
			return err
		}
		for _, id := range ids {
			if err := t.sayOfSignIn(ctx, actor, id, s); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *Tenant) sayOfSignIn(ctx context.Context, actor audit.Actor, id string, s saying) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if err := t.holdOwners(ctx, []string{id}); err != nil {
			return audit.Event{}, err
		}
		row, err := t.lockSignIn(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		if row.UserID == "" {
			return audit.Event{}, fault.BadField("requestIds", "risk.sign_in_nobody", nil)
		}
		before := stateOfSignIn(row)
		if before.State == s.State && before.Detail == s.Detail || s.action == RiskDismiss && !slices.Contains(openStates(), before.State) {
			return audit.Event{}, nil
		}
		u, err := t.lockRisk(ctx, row.UserID)
		if err != nil {
			return audit.Event{}, err
		}
		r, err := row.SignIn()
		if err != nil {
			return audit.Event{}, err
		}
		linked, err := t.linked(ctx, row, r)
		if err != nil {
			return audit.Event{}, err
		}
		undo := riskUndo{User: u, SignIns: []undoSignIn{{ID: id, Before: before}}}
		after := riskOfSignIn{Aggregate: RiskNone, State: s.State, Detail: s.Detail, Types: before.Types}
		for _, d := range linked {
			if s.action == RiskCompromised && !slices.Contains(openStates(), d.State) && d.State != RiskNone {
				continue // what was put right stays so; the new detection says what the admin knows
			}
			undo.Detections = append(undo.Detections, undoDetection{ID: d.ID, State: d.State, Detail: d.Detail})
			if err := t.judgeDetection(ctx, d.ID, s.verdict); err != nil {
				return audit.Event{}, err
			}
		}
		m := riskMove{By: actor, Ended: s.verdict, Fresh: s.action == RiskCompromised}
		m.led(linked...)
		if s.action == RiskCompromised {
			d := detectionAt(r, record.Finding{Type: AdminConfirmed, Level: risk.High, Key: "risk.found.sign_in_taken", Timing: risk.Offline}, t.Now())
			d.ID, d.Activity, d.State, d.Detail = NewID(), ActivitySignIn, s.State, s.Detail
			if _, err := t.putDetections(ctx, []Detection{d}); err != nil {
				return audit.Event{}, err
			}
			undo.Made = append(undo.Made, d.ID)
			after.Aggregate, after.Types, m.Types = risk.High, withType(before.Types, AdminConfirmed), append(m.Types, AdminConfirmed)
		}
		if err := t.setSignInRisk(ctx, id, after); err != nil {
			return audit.Event{}, err
		}
		undo.SignIns[0].After = after
		if s.action == RiskConfirmSafe || s.action == RiskOwned {
			if undo.Person, err = t.teachSafe(ctx, []record.SignIn{r}); err != nil {
				return audit.Event{}, err
			}
		}
		if s.action == RiskCompromised {
			if undo.Person, err = t.relearn(ctx, row.UserID); err != nil {
				return audit.Event{}, err
			}
		}
		changes, err := t.moveRisk(ctx, row.UserID, m)
		if err != nil {
			return audit.Event{}, err
		}
		if err := t.keepUndo(ctx, actor, id, row.UserID, s, undo); err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: s.activity, Category: "IdentityProtection", Operation: "Update", Target: audit.Target{Kind: "signIn", ID: id, Name: row.UserName},
			Changes: append([]audit.Change{{Property: "user", New: row.UserID}, {Property: "signInRiskState", Old: orNone(before.State), New: after.State},
				{Property: "signInRiskLevel", Old: orNone(before.Aggregate), New: after.Aggregate}}, changes...)}, nil
	})
}

func (t *Tenant) lockSignIn(ctx context.Context, id string) (SignInRow, error) {
	var row SignInRow
	err := t.lock(ctx).Where("id = ?", id).Take(&row).Error
	return row, found(err)
}

// riskOfSignIn is what became of the risk of a sign-in.
type riskOfSignIn struct {
	Aggregate string `json:"aggregate,omitempty"`
	State     string `json:"state,omitempty"`
	Detail    string `json:"detail,omitempty"`
	Types     string `json:"types,omitempty"`
}

func stateOfSignIn(r SignInRow) riskOfSignIn {
	return riskOfSignIn{r.RiskAggregate, r.RiskState, r.RiskDetail, r.RiskTypes}
}

func (t *Tenant) setSignInRisk(ctx context.Context, id string, r riskOfSignIn) error {
	return t.u(ctx).Model(&SignInRow{}).Where("id = ?", id).
		UpdateColumns(map[string]any{"risk_aggregate": r.Aggregate, "risk_state": r.State, "risk_detail": r.Detail, "risk_types": r.Types}).Error
}

func (t *Tenant) judgeDetection(ctx context.Context, id string, v verdict) error {
	return t.u(ctx).Model(&RiskDetectionRow{}).Where("id = ?", id).
		UpdateColumns(map[string]any{"state": v.State, "detail": v.Detail, "updated_at": t.Now()}).Error
}

// linked are the detections that a sign-in brought about, apart from what they say of the account itself.
func (t *Tenant) linked(ctx context.Context, row SignInRow, r record.SignIn) ([]RiskDetectionRow, error) {
	ids := []string{}
	for _, d := range detectionsOfSignIn(r, t.Now()) { // renewals of an hour share theirs
		ids = append(ids, d.ID)
	}
	var rows []RiskDetectionRow
	err := t.lock(ctx).Where("(sign_in_id = ? OR id IN ?) AND (activity = ? OR type = ?)", row.ID, ids, ActivitySignIn, AdminConfirmed).Order("id").Find(&rows).Error
	return rows, err
}

// lockRisk holds a person's row and gives their risk, without what is simulated; nobody's is none.
func (t *Tenant) lockRisk(ctx context.Context, userID string) (account.Risk, error) {
	u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
	if isNotFound(err) {
		return account.Risk{}, nil
	}
	return u.Real(), err
}

// teachSafe learns from sign-ins that an admin says were the person's own, and gives what was known before.
func (t *Tenant) teachSafe(ctx context.Context, list []record.SignIn) (*undoPerson, error) {
	if len(list) == 0 || list[0].User.ID == "" {
		return nil, nil
	}
	id := list[0].User.ID
	var rows []RiskPersonRow
	if err := t.lock(ctx).Where("user_id = ?", id).Limit(1).Find(&rows).Error; err != nil {
		return nil, err
	}
	undo := &undoPerson{UserID: id}
	if len(rows) > 0 {
		undo.Before = rows[0].Body
	}
	err := t.editRiskPerson(ctx, id, func(p *risk.Person) {
		for _, r := range list {
			if r.Outcome.Result == record.Success {
				p.Observe(r.Signals, r.EndedAt.UTC())
			}
		}
	})
	if err != nil {
		return nil, err
	}
	undo.After, err = t.riskBody(ctx, id)
	return undo, err
}

// ConfirmCompromised says that these accounts are in other hands: their risk is high from now on, which policies
// see at the next sign-in and refresh (R 6.7.4). All of them, or, when one is not there or deleted, none.
func (t *Tenant) ConfirmCompromised(ctx context.Context, actor audit.Actor, ids []string) error {
	return t.sayOfPeople(ctx, actor, ids, saying{RiskCompromised, "Confirm user compromised", verdict{RiskConfirmed, RiskByAdmin}})
}

// ConfirmSafe says that these people are who they seem to be: everything that is open of them was their own, and the
// like is usual for them from now on.
func (t *Tenant) ConfirmSafe(ctx context.Context, actor audit.Actor, ids []string) error {
	return t.sayOfPeople(ctx, actor, ids, saying{RiskConfirmSafe, "Confirm user safe", verdict{RiskSafe, RiskAccountSafe}})
}

// DismissRisk says that these people are at no risk, and closes all that is open of them (R 6.7.5). It cannot be
// undone; passwords stay. People who are deleted are among them.
func (t *Tenant) DismissRisk(ctx context.Context, actor audit.Actor, ids []string) error {
	return t.sayOfPeople(ctx, actor, ids, saying{RiskDismiss, "Dismiss user risk", verdict{RiskDismissed, RiskWaved}})
}

func (t *Tenant) sayOfPeople(ctx context.Context, actor audit.Actor, ids []string, s saying) error {
	ids, err := checkRiskIDs("userIds", "risk.user_ids", ids)
	if err != nil {
		return err
	}
	return t.InTx(ctx, func(t *Tenant) error {
		if err := t.holdPeople(ctx, ids); err != nil {
			return err
		}
		for _, id := range ids {
			if err := t.sayOfPerson(ctx, actor, id, s); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *Tenant) sayOfPerson(ctx context.Context, actor audit.Actor, id string, s saying) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", id))
		if err != nil {
			return audit.Event{}, err
		}
		if !u.DeletedAt.IsZero() && s.action != RiskDismiss { // nobody signs in to it; what is open can be closed (R 6.6.7)
			return audit.Event{}, fault.BadField("userIds", "risk.user_deleted", map[string]any{"id": u.ID})
		}
		undo, m := riskUndo{User: u.Real()}, riskMove{By: actor, Ended: s.verdict}
		if s.action == RiskCompromised {
			if undo.User.State == RiskConfirmed && undo.User.Detail == s.Detail {
				return audit.Event{}, nil
			}
			d := Detection{ID: NewID(), UserID: u.ID, UserName: u.DisplayName, Address: u.Mail, Type: AdminConfirmed, Level: risk.High, State: s.State, Detail: s.Detail,
				Timing: risk.Offline, Activity: ActivityUser, Key: "risk.found.admin_confirmed", DetectedAt: t.Now(), ActivityAt: t.Now(), UpdatedAt: t.Now()}
			if _, err := t.putDetections(ctx, []Detection{d}); err != nil {
				return audit.Event{}, err
			}
			undo.Made, m.Types, m.Fresh = []string{d.ID}, []string{AdminConfirmed}, true
		} else {
			var closed []RiskDetectionRow
			if undo, closed, err = t.closePerson(ctx, u, s); err != nil {
				return audit.Event{}, err
			}
			m.led(closed...)
			if u.Risk.Level == "" && len(closed) == 0 && len(undo.SignIns) == 0 {
				return audit.Event{}, nil
			}
		}
		changes, err := t.moveRisk(ctx, u.ID, m)
		if err != nil {
			return audit.Event{}, err
		}
		if s.action == RiskDismiss { // there is no way back (R 6.7.5)
			err = t.dropUndo(ctx, u.ID)
		} else {
			err = t.keepUndo(ctx, actor, u.ID, u.ID, s, undo)
		}
		return audit.Event{Activity: s.activity, Category: "IdentityProtection", Operation: "Update", Target: userTarget(u), Changes: changes}, err
	})
}

// closePerson closes everything that is open of somebody, and says how it was.
func (t *Tenant) closePerson(ctx context.Context, u User, s saying) (riskUndo, []RiskDetectionRow, error) {
	undo := riskUndo{User: u.Real()}
	var rows []SignInRow
	err := t.lock(ctx).Where("user_id = ? AND risk_state <> '' AND risk_state IN ?", u.ID, openStates()).Order("id").Limit(undoMost + 1).Find(&rows).Error
	if err != nil {
		return undo, nil, err
	}
	var own []record.SignIn
	for _, r := range rows {
		undo.SignIns = append(undo.SignIns, undoSignIn{ID: r.ID, Before: stateOfSignIn(r), After: riskOfSignIn{RiskNone, s.State, s.Detail, r.RiskTypes}})
		if x, err := r.SignIn(); err == nil && s.action == RiskConfirmSafe && len(own) < taughtMost {
			own = append(own, x)
		}
	}
	closed, err := t.endDetections(ctx, s.verdict, func(q *gorm.DB) *gorm.DB { return q.Where("user_id = ?", u.ID) })
	if err != nil {
		return undo, nil, err
	}
	for _, d := range closed {
		undo.Detections = append(undo.Detections, undoDetection{ID: d.ID, State: d.State, Detail: d.Detail})
	}
	if err := t.endSignIns(ctx, u.ID, s.verdict); err != nil {
		return undo, nil, err
	}
	undo.Person, err = t.teachSafe(ctx, own)
	return undo, closed, err
}

// taughtMost is how many sign-ins one confirmation teaches.
const taughtMost = 50

// RemediateRisk ends a person's risk because they did what ends it: they set another password after a second
// factor, or reset it (R 6.8.2, 6.8.4). detail is Graph's word for which. Nothing happens to who is at no risk.
func (t *Tenant) RemediateRisk(ctx context.Context, actor audit.Actor, id, detail string) error {
	return t.remediateBy(ctx, actor, id, detail, time.Time{})
}

// remediateBy is RemediateRisk by a second factor that had been registered since then, zero where there was none: it says
// nothing about what happened before it was, which may have come to light only a moment ago.
func (t *Tenant) remediateBy(ctx context.Context, actor audit.Actor, id, detail string, since time.Time) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", id))
		if err != nil {
			return audit.Event{}, err
		}
		if young, err := t.youngFactor(ctx, id, since); err != nil || young {
			return audit.Event{}, err
		}
		changes, err := t.remediate(ctx, actor, u, detail)
		if err != nil || len(changes) == 0 {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Remediate user risk", Category: "IdentityProtection", Operation: "Update", Target: userTarget(u), Changes: changes}, nil
	})
}

// remediate closes all that is open of somebody inside a transaction, and says what changed.
func (t *Tenant) remediate(ctx context.Context, actor audit.Actor, u User, detail string) ([]audit.Change, error) {
	v := verdict{RiskRemediated, detail}
	closed, err := t.endDetections(ctx, v, func(q *gorm.DB) *gorm.DB { return q.Where("user_id = ?", u.ID) })
	if err != nil {
		return nil, err
	}
	if err := t.endSignIns(ctx, u.ID, v); err != nil {
		return nil, err
	}
	m := riskMove{By: actor, Ended: v}
	m.led(closed...)
	return t.moveRisk(ctx, u.ID, m)
}

// riskUndo is how things stood before an admin said something, and after it.
type riskUndo struct {
	User       account.Risk    `json:"user"`
	SignIns    []undoSignIn    `json:"signIns,omitempty"`
	Detections []undoDetection `json:"detections,omitempty"`
	Made       []string        `json:"made,omitempty"` // detections that say what the admin said
	Person     *undoPerson     `json:"person,omitempty"`
}

type undoSignIn struct {
	ID     string       `json:"id"`
	Before riskOfSignIn `json:"before"`
	After  riskOfSignIn `json:"after"`
}

type undoDetection struct {
	ID     string `json:"id"`
	State  string `json:"state"`
	Detail string `json:"detail"`
}

// undoPerson is what was usual for somebody before a sign-in was said to be theirs.
type undoPerson struct {
	UserID string `json:"userId"`
	Before []byte `json:"before"`
	After  []byte `json:"after"` // what was usual then
}

func (t *Tenant) keepUndo(ctx context.Context, actor audit.Actor, subject, userID string, s saying, undo riskUndo) error {
	if len(undo.SignIns)+len(undo.Detections) > undoMost {
		return t.dropUndo(ctx, subject)
	}
	body, err := json.Marshal(undo)
	if err != nil {
		return err
	}
	return t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tenant_id"}, {Name: "subject"}}, UpdateAll: true}).
		Create(&RiskUndoRow{TenantID: t.ID, Subject: subject, UserID: userID, Action: s.action, At: t.Now(), ActorID: actor.ID, ActorName: actor.Name, Document: string(body)}).Error
}

func (t *Tenant) dropUndo(ctx context.Context, subject string) error {
	return t.u(ctx).Where("subject = ?", subject).Delete(&RiskUndoRow{}).Error
}

// RiskUndo is what can still be taken back about a sign-in or a person.
type RiskUndo struct {
	Subject   string // id of the sign-in or the person
	Action    string // confirmCompromised, confirmSafe, dismiss
	At        time.Time
	ActorID   string
	ActorName string
}

// UndoableRisk says what was last said about some sign-ins or people and can be taken back, by their id.
func (t *Tenant) UndoableRisk(ctx context.Context, ids []string) (map[string]RiskUndo, error) {
	out := map[string]RiskUndo{}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []RiskUndoRow
	if err := t.q(ctx).Where("subject IN ? AND at > ?", ids, t.Now().Add(-undoKept)).Find(&rows).Error; err != nil {
		return nil, err
	}
	for _, r := range rows {
		out[r.Subject] = RiskUndo{Subject: r.Subject, Action: r.Action, At: r.At.UTC(), ActorID: r.ActorID, ActorName: r.ActorName}
	}
	return out, nil
}

// errUndoChanged is why something is not taken back: it stands otherwise by now.
func errUndoChanged() error { return fault.New(fault.Conflict, "risk.undo.changed") }

// UndoRisk takes back what was said about these sign-ins or people, all or none: a conflict when anything of it
// changed since, when somebody has said something else in the meantime, or when there is no way back. said is what
// the admin was shown (UndoableRisk): nobody takes back what they have not seen.
func (t *Tenant) UndoRisk(ctx context.Context, actor audit.Actor, said []RiskUndo) error {
	meant := map[string]RiskUndo{}
	ids := make([]string, len(said))
	for i, u := range said {
		ids[i], meant[u.Subject] = u.Subject, u
	}
	ids, err := checkRiskIDs("ids", "risk.request_ids", ids)
	if err != nil {
		return err
	}
	return t.InTx(ctx, func(t *Tenant) error {
		if err := t.holdOwners(ctx, ids); err != nil {
			return err
		}
		for _, id := range ids {
			if err := t.undoRisk(ctx, actor, meant[id]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *Tenant) undoRisk(ctx context.Context, actor audit.Actor, said RiskUndo) error {
	subject := said.Subject
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var row RiskUndoRow
		err := t.lock(ctx).Where("subject = ? AND at > ?", subject, t.Now().Add(-undoKept)).Take(&row).Error
		if isNotFound(err) {
			return audit.Event{}, errUndoChanged()
		}
		if err != nil {
			return audit.Event{}, err
		}
		if row.Action != said.Action || !micro(row.At).Equal(micro(said.At)) {
			return audit.Event{}, errUndoChanged() // somebody has said something else since
		}
		var undo riskUndo
		if err := json.Unmarshal([]byte(row.Document), &undo); err != nil {
			return audit.Event{}, badJSON("risk undo", row.Subject, err)
		}
		ended := verdictOf(row)
		if err := t.undoSignIns(ctx, undo.SignIns); err != nil {
			return audit.Event{}, err
		}
		if err := t.undoDetections(ctx, undo, ended); err != nil {
			return audit.Event{}, err
		}
		if err := t.undoPerson(ctx, undo.Person); err != nil {
			return audit.Event{}, err
		}
		changes, err := t.moveRisk(ctx, row.UserID, riskMove{By: actor, Ended: verdict{undo.User.State, undo.User.Detail}})
		if err != nil {
			return audit.Event{}, err
		}
		target := audit.Target{Kind: "signIn", ID: subject}
		if subject == row.UserID {
			target.Kind = "user"
		}
		return audit.Event{Activity: "Undo " + undoneWord(row.Action) + " of " + undoneKind(target.Kind), Category: "IdentityProtection", Operation: "Update", Target: target,
			Changes: append([]audit.Change{{Property: "undone", Old: row.Action}, {Property: "saidBy", Old: row.ActorName}}, changes...)}, t.dropUndo(ctx, subject)
	})
}

func undoneWord(action string) string {
	switch action {
	case RiskCompromised:
		return "confirmed compromise"
	case RiskOwned:
		return "the owner’s word"
	case RiskConfirmSafe:
		return "confirmed safety"
	}
	return "dismissal"
}

func undoneKind(kind string) string {
	if kind == "user" {
		return "user"
	}
	return "sign-in"
}

// verdictOf is what was said, in Graph's words.
func verdictOf(row RiskUndoRow) verdict {
	ofPerson := row.Subject == row.UserID
	switch {
	case row.Action == RiskCompromised && ofPerson:
		return verdict{RiskConfirmed, RiskByAdmin}
	case row.Action == RiskCompromised:
		return verdict{RiskConfirmed, RiskSignInTaken}
	case row.Action == RiskConfirmSafe && ofPerson:
		return verdict{RiskSafe, RiskAccountSafe}
	case row.Action == RiskConfirmSafe:
		return verdict{RiskSafe, RiskSignInSafe}
	case row.Action == RiskOwned:
		return verdict{RiskDismissed, RiskSafeByAI}
	}
	return verdict{RiskDismissed, RiskSignInWaved}
}

func (t *Tenant) undoSignIns(ctx context.Context, list []undoSignIn) error {
	for _, s := range list {
		row, err := t.lockSignIn(ctx, s.ID)
		if fault.Is(err, fault.NotFound) {
			continue // its time was over meanwhile
		}
		if err != nil {
			return err
		}
		if stateOfSignIn(row) != s.After {
			return errUndoChanged()
		}
		if err := t.setSignInRisk(ctx, s.ID, s.Before); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tenant) undoDetections(ctx context.Context, undo riskUndo, said verdict) error {
	for _, d := range undo.Detections {
		if err := t.undoDetection(ctx, d.ID, said, verdict{d.State, d.Detail}); err != nil {
			return err
		}
	}
	for _, id := range undo.Made { // it was exported perhaps: it stays, and says that it does not count
		if err := t.undoDetection(ctx, id, said, verdict{RiskDismissed, RiskNone}); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tenant) undoDetection(ctx context.Context, id string, said, back verdict) error {
	var row RiskDetectionRow
	err := t.lock(ctx).Where("id = ?", id).Take(&row).Error
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if (verdict{row.State, row.Detail}) != said {
		return errUndoChanged()
	}
	return t.judgeDetection(ctx, id, back)
}

// undoPerson takes back what was learnt, or forgotten; where something else was learnt since, what is usual is built anew
// from the log.
func (t *Tenant) undoPerson(ctx context.Context, p *undoPerson) error {
	if p == nil {
		return nil
	}
	now, err := t.riskBody(ctx, p.UserID)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, p.After) {
		_, err := t.relearn(ctx, p.UserID)
		return err
	}
	if now == nil && len(p.Before) > 0 {
		return t.w(ctx).Create(&RiskPersonRow{TenantID: t.ID, UserID: p.UserID, Body: p.Before, UpdatedAt: t.Now()}).Error
	}
	q := t.u(ctx).Model(&RiskPersonRow{}).Where("user_id = ?", p.UserID)
	if len(p.Before) == 0 {
		return q.Delete(&RiskPersonRow{}).Error
	}
	return q.UpdateColumns(map[string]any{"body": p.Before, "updated_at": t.Now()}).Error
}
