package models

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
)

// What can be done to many people at once.
const (
	BulkDisable        = "disable"
	BulkEnable         = "enable"
	BulkRevoke         = "revoke"
	BulkChangePassword = "changePassword"
	BulkReregister     = "reregister"
	BulkDelete         = "delete"
	BulkRestore        = "restore"
	BulkPurge          = "purge"
	BulkJoin           = "join"
	BulkLeave          = "leave"
	BulkCompromised    = "confirmCompromised"
	BulkSafe           = "confirmSafe"
	BulkDismissRisk    = "dismissRisk"
)

// BulkOfRisk reports whether an action is about the risk of people, which a trial does not know.
func BulkOfRisk(action string) bool {
	return action == BulkCompromised || action == BulkSafe || action == BulkDismissRisk
}

// BulkActions lists them.
func BulkActions() []string {
	return []string{BulkDisable, BulkEnable, BulkRevoke, BulkChangePassword, BulkReregister, BulkDelete, BulkRestore, BulkPurge, BulkJoin, BulkLeave,
		BulkCompromised, BulkSafe, BulkDismissRisk}
}

// States of a bulk change.
const (
	BulkCounting  = "counting"
	BulkReady     = "ready" // counted: somebody must confirm it
	BulkRunning   = "running"
	BulkDone      = "done"
	BulkCancelled = "cancelled"
	BulkFailed    = "failed"
)

// Why nothing happens to a person in a bulk change.
const (
	SkipGone        = "gone"
	SkipOwn         = "own"      // the admin's own account
	SkipAdmin       = "admin"    // holds an admin role, or is for emergencies: one by one
	SkipDeleted     = "deleted"  // is deleted
	SkipNotDeleted  = "standing" // is not deleted
	SkipAlready     = "already"
	SkipNoPassword  = "noPassword"
	SkipNoFactor    = "noFactor"
	SkipTaken       = "taken" // somebody else has an address
	SkipMember      = "member"
	SkipNoMember    = "noMember"
	SkipNoRisk      = "noRisk"
	SkipMeanwhile   = "meanwhile" // their risk is another one than the admin saw
	SkipTrial       = "trial"     // a trial knows no risk
	SkipLockOut     = "lockOut"   // a policy would keep the acting admin or everybody who rescues out
	ResultDone      = "done"
	ResultFailed    = "failed"
	bulkStep        = 50  // people that one transaction changes
	bulkCountStep   = 500 // people that one transaction counts
	bulkPerPlanning = 200 // how many parameters one look-up carries
)

// Bulk is a change of many people.
type Bulk = BulkRow

// StartBulk begins a change of the given people or, when there are none, of everybody whom the query finds. It
// only counts: nothing happens before ConfirmBulk.
func (t *Tenant) StartBulk(ctx context.Context, actor audit.Actor, b Bulk, ids []string, q UserQuery) (Bulk, error) {
	if actor.ID == "" {
		return b, fault.Wrap(fault.Internal, "error.internal", errNoActor)
	}
	if !slices.Contains(BulkActions(), b.Action) {
		return b, fault.BadField("action", "admin.choose", nil)
	}
	if b.Action == BulkJoin || b.Action == BulkLeave {
		g, err := t.groupByHand(ctx, b.GroupID)
		if fault.Is(err, fault.NotFound) {
			return b, fault.BadField("group", "admin.choose", nil)
		}
		if err != nil {
			return b, err
		}
		b.GroupName = g.Name
	} else {
		b.GroupID = ""
	}
	b.ID, b.TenantID, b.State, b.CreatedAt = NewID(), t.ID, BulkCounting, t.Now()
	b.ActorKind, b.ActorID, b.ActorName, b.ActorIP = string(actor.Kind), actor.ID, actor.Name, actor.IP
	if len(ids) == 0 {
		switch b.Action { // of those to whom it can happen
		case BulkRestore, BulkPurge:
			q.Deleted = true
		}
		q.After, q.Limit = "", 0
		body, err := json.Marshal(q)
		if err != nil {
			return b, err
		}
		b.Query = string(body)
		return b, t.w(ctx).Create(&b).Error
	}
	err := t.InTx(ctx, func(t *Tenant) error {
		if err := t.w(ctx).Create(&b).Error; err != nil {
			return err
		}
		for chunk := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(ids))), bulkCountStep) {
			rows, err := t.usersByID(ctx, chunk)
			if err != nil {
				return err
			}
			if err := t.planBulk(ctx, &b, rows); err != nil {
				return err
			}
		}
		b.State = BulkReady
		return t.saveBulk(ctx, b)
	})
	return b, err
}

// CountBulk counts the next people of a bulk change; false when all are counted.
func (t *Tenant) CountBulk(ctx context.Context, id string) (more bool, err error) {
	err = t.InTx(ctx, func(t *Tenant) error {
		b, err := t.lockBulk(ctx, id)
		if err != nil || b.State != BulkCounting {
			return err
		}
		var q UserQuery
		if err := json.Unmarshal([]byte(b.Query), &q); err != nil {
			return badJSON("bulk change", b.ID, err)
		}
		q.After, q.Limit = b.Position, bulkCountStep
		p, err := t.FindUsers(ctx, q)
		if e := fault.Of(err); fault.Is(err, fault.Invalid) && len(e.Fields) > 0 { // the list changed too much to go on
			b.State, b.Problem, b.FinishedAt = BulkFailed, e.Fields[0].Key, timePtr(t.Now())
			return t.saveBulk(ctx, b)
		}
		if err != nil {
			return err
		}
		if err := t.planBulk(ctx, &b, p.Items); err != nil {
			return err
		}
		if b.Position = p.Next; p.Next == "" {
			b.State = BulkReady
		}
		more = p.Next != ""
		return t.saveBulk(ctx, b)
	})
	return more, err
}

// planBulk decides about people and writes down what was decided, in the order they come.
func (t *Tenant) planBulk(ctx context.Context, b *Bulk, people []User) error {
	facts, err := t.bulkFacts(ctx, *b, people)
	if err != nil {
		return err
	}
	if b.Action == BulkRestore {
		if err := t.claimsBefore(ctx, *b, facts); err != nil {
			return err
		}
	}
	rows := make([]BulkPersonRow, 0, len(people))
	for _, u := range people {
		reason, mark := facts.reason(*b, u), ""
		now := SeenOfPerson(u.ID, u.Risk)
		if seen, ok := b.Seen[u.ID]; ok {
			if mark = seen.mark(); mark != now.mark() && reason != SkipOwn && reason != SkipAdmin {
				reason = SkipMeanwhile
			}
		} else if BulkOfRisk(b.Action) {
			mark = now.mark()
		}
		if reason == "" {
			b.Planned++
			for _, i := range u.Identities {
				facts.claimed[i.SignInType+"\n"+i.Issuer+"\n"+i.Canonical] = true
			}
		}
		rows = append(rows, BulkPersonRow{BulkID: b.ID, Number: b.People, TenantID: t.ID, PersonID: u.ID, Reason: reason, Seen: mark})
		b.People++
	}
	if len(rows) == 0 {
		return nil
	}
	return t.w(ctx).CreateInBatches(rows, bulkRows).Error
}

// bulkFacts is what is known about people besides themselves.
type bulkFacts struct {
	admins  map[string]bool // by person: holds a role
	members map[string]bool // by person: in the group
	taken   map[string]bool // by person: somebody else has an address
	claimed map[string]bool // by identity: an earlier person of the same change gets it back
}

// reason says why an action does nothing to a person, "" when it does something.
func (f bulkFacts) reason(b Bulk, u User) string {
	deleted := !u.DeletedAt.IsZero()
	grouping := b.Action == BulkJoin || b.Action == BulkLeave
	switch {
	case !grouping && u.ID == b.ActorID:
		return SkipOwn
	case !grouping && (f.admins[u.ID] || u.Emergency):
		return SkipAdmin
	}
	wantsDeleted := b.Action == BulkRestore || b.Action == BulkPurge
	switch {
	case deleted && !wantsDeleted && b.Action != BulkDismissRisk: // the risk of who is deleted stays until it is dismissed (R 6.6.7)
		return SkipDeleted
	case !deleted && wantsDeleted:
		return SkipNotDeleted
	}
	switch b.Action {
	case BulkDisable:
		return reasonIf(!u.Enabled, SkipAlready)
	case BulkEnable:
		return reasonIf(u.Enabled, SkipAlready)
	case BulkChangePassword:
		if !u.HasPassword {
			return SkipNoPassword
		}
		return reasonIf(u.MustChangePassword, SkipAlready)
	case BulkReregister:
		return reasonIf(len(u.Methods) == 0, SkipNoFactor)
	case BulkRestore:
		claimed := slices.ContainsFunc(u.Identities, func(i account.Identity) bool { return f.claimed[i.SignInType+"\n"+i.Issuer+"\n"+i.Canonical] })
		return reasonIf(f.taken[u.ID] || claimed, SkipTaken)
	case BulkCompromised:
		return reasonIf(u.Real().State == RiskConfirmed, SkipAlready)
	case BulkSafe, BulkDismissRisk:
		return reasonIf(u.Risk.Level == "", SkipNoRisk)
	case BulkJoin:
		return reasonIf(f.members[u.ID], SkipMember)
	case BulkLeave:
		return reasonIf(!f.members[u.ID], SkipNoMember)
	}
	return ""
}

func reasonIf(b bool, s string) string {
	if b {
		return s
	}
	return ""
}

func (t *Tenant) bulkFacts(ctx context.Context, b Bulk, people []User) (bulkFacts, error) {
	f := bulkFacts{admins: map[string]bool{}, members: map[string]bool{}, taken: map[string]bool{}, claimed: map[string]bool{}}
	for chunk := range slices.Chunk(people, bulkPerPlanning) {
		ids := make([]string, len(chunk))
		for i, u := range chunk {
			ids[i] = u.ID
		}
		mark := func(into map[string]bool, q *gorm.DB, column string) error {
			var found []string
			err := q.Pluck(column, &found).Error
			for _, id := range found {
				into[id] = true
			}
			return err
		}
		if err := mark(f.admins, t.q(ctx).Model(&RoleAssignmentRow{}).Where("user_id IN ?", ids), "user_id"); err != nil {
			return f, err
		}
		if b.GroupID != "" {
			if err := mark(f.members, t.q(ctx).Model(&GroupMemberRow{}).Where("group_id = ? AND member_id IN ?", b.GroupID, ids), "member_id"); err != nil {
				return f, err
			}
		}
		if b.Action != BulkRestore {
			continue
		}
		for _, u := range chunk {
			held, err := t.Holders(ctx, u)
			if err != nil {
				return f, err
			}
			f.taken[u.ID] = len(held) > 0
		}
	}
	return f, nil
}

// claimsBefore adds the identities that earlier people of the same change get back.
func (t *Tenant) claimsBefore(ctx context.Context, b Bulk, f bulkFacts) error {
	var rows []IdentityRow
	err := t.r(ctx).Table("bulk_people AS p").Select("i.user_id, i.sign_in_type, i.issuer, i.canonical").
		Joins("JOIN identities AS i ON i.user_id = p.person_id AND i.tenant_id = p.tenant_id").
		Where("p.bulk_id = ? AND p.tenant_id = ? AND p.reason = ''", b.ID, t.ID).Scan(&rows).Error
	for _, i := range rows {
		f.claimed[i.SignInType+"\n"+i.Issuer+"\n"+strings.TrimPrefix(i.Canonical, parked(i.UserID))] = true
	}
	return err
}

func (t *Tenant) lockBulk(ctx context.Context, id string) (Bulk, error) {
	var b Bulk
	err := t.lock(ctx).Where("id = ?", id).Take(&b).Error
	return b, found(err)
}

func (t *Tenant) saveBulk(ctx context.Context, b Bulk) error {
	return oneRow(t.u(ctx).Model(&BulkRow{}).Where("id = ?", b.ID).Updates(map[string]any{"state": b.State, "position": b.Position, "people": b.People, "planned": b.Planned,
		"next": b.Next, "done": b.Done, "skipped": b.Skipped, "failed": b.Failed, "problem": b.Problem, "confirmed_at": b.ConfirmedAt, "finished_at": b.FinishedAt,
		"actor_kind": b.ActorKind, "actor_id": b.ActorID, "actor_name": b.ActorName, "actor_ip": b.ActorIP}))
}

func bulkEvent(activity string, b Bulk, changes ...audit.Change) audit.Event {
	all := []audit.Change{{Property: "action", New: b.Action}}
	if b.GroupID != "" {
		all = append(all, audit.Change{Property: "group", New: b.GroupName})
	}
	return audit.Event{Activity: activity, Category: "UserManagement", Operation: "Update", Target: audit.Target{Kind: "bulkChange", ID: b.ID, Name: b.Action},
		Changes: append(all, changes...)}
}

// ConfirmBulk lets a counted change begin, if the admin has seen the count that it has.
func (t *Tenant) ConfirmBulk(ctx context.Context, actor audit.Actor, id string, count int64) (Bulk, error) {
	var b Bulk
	err := t.audited(ctx, actor, func(t *Tenant) (_ audit.Event, err error) {
		if b, err = t.lockBulk(ctx, id); err != nil {
			return audit.Event{}, err
		}
		trial, err := t.bulkInTrial(ctx, b)
		if err != nil {
			return audit.Event{}, err
		}
		switch {
		case b.State == BulkRunning || b.State == BulkDone: // pressed twice
			return audit.Event{}, nil
		case b.State != BulkReady:
			return audit.Event{}, fault.New(fault.Conflict, "admin.bulk.not_ready")
		case trial:
			return audit.Event{}, fault.New(fault.Denied, "tenant.trial.feature")
		case count != b.Planned:
			return audit.Event{}, fault.BadField("count", "admin.bulk.count", map[string]any{"count": b.Planned})
		}
		b.State, b.ConfirmedAt = BulkRunning, timePtr(t.Now())
		b.ActorKind, b.ActorID, b.ActorName, b.ActorIP = string(actor.Kind), actor.ID, actor.Name, actor.IP
		return bulkEvent("Start bulk change of users", b, audit.Change{Property: "people", New: b.Planned}), t.saveBulk(ctx, b)
	})
	return b, err
}

// bulkInTrial reports whether a change is about risk in a trial, which has none (DESIGN §5.12): the plan may have
// changed since it was counted, or while it runs.
func (t *Tenant) bulkInTrial(ctx context.Context, b Bulk) (bool, error) {
	if !BulkOfRisk(b.Action) {
		return false, nil
	}
	self, err := t.Get(ctx)
	return err == nil && !self.Governed(), err
}

// CancelBulk ends a change that has not ended: who is changed already stays so.
func (t *Tenant) CancelBulk(ctx context.Context, actor audit.Actor, id string) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		b, err := t.lockBulk(ctx, id)
		if err != nil || b.FinishedAt != nil {
			return audit.Event{}, err
		}
		b.State, b.FinishedAt = BulkCancelled, timePtr(t.Now())
		return bulkEvent("Cancel bulk change of users", b, audit.Change{Property: "done", New: b.Done}), t.saveBulk(ctx, b)
	})
}

// StepBulk changes the next people of a running change in one transaction; false when there is no more. Two
// who step at once wait for each other, and each person is changed once.
func (t *Tenant) StepBulk(ctx context.Context, id string) (more bool, err error) {
	err = t.InTx(ctx, func(t *Tenant) error {
		more = false
		b, err := t.lockBulk(ctx, id)
		if err != nil || b.State != BulkRunning {
			return err
		}
		var rows []BulkPersonRow
		if err := t.q(ctx).Where("bulk_id = ? AND number >= ?", id, b.Next).Order("number").Limit(bulkStep).Find(&rows).Error; err != nil {
			return err
		}
		trial, err := t.bulkInTrial(ctx, b)
		if err != nil {
			return err
		}
		actor := audit.Actor{Kind: audit.ActorKind(b.ActorKind), ID: b.ActorID, Name: b.ActorName, IP: b.ActorIP, CorrelationID: b.ID}
		for _, r := range rows {
			result := r.Reason
			if result == "" && trial {
				result = SkipTrial
			}
			if result == "" {
				if result, err = t.bulkOne(ctx, actor, b, r); err != nil {
					return err
				}
			}
			switch result {
			case ResultDone:
				b.Done++
			case ResultFailed:
				b.Failed++
			default:
				b.Skipped++
			}
			b.Next = r.Number + 1
			if err := t.u(ctx).Model(&BulkPersonRow{}).Where("bulk_id = ? AND number = ?", id, r.Number).UpdateColumn("result", result).Error; err != nil {
				return err
			}
		}
		if more = len(rows) == bulkStep; !more {
			b.State, b.FinishedAt = BulkDone, timePtr(t.Now())
			e := bulkEvent("Finish bulk change of users", b, audit.Change{Property: "done", New: b.Done}, audit.Change{Property: "skipped", New: b.Skipped}, audit.Change{Property: "failed", New: b.Failed})
			if err := t.writeAudit(ctx, actor, e); err != nil {
				return err
			}
		}
		return t.saveBulk(ctx, b)
	})
	return more, err
}

// bulkOne changes one person behind a savepoint, so that one who cannot be changed undoes nobody else.
func (t *Tenant) bulkOne(ctx context.Context, actor audit.Actor, b Bulk, r BulkPersonRow) (result string, err error) {
	err = t.tx.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		inner := *t
		inner.tx = tx
		result, err = inner.bulkChange(ctx, actor, b, r)
		return err
	})
	switch e := fault.Of(err); {
	case err == nil:
		return result, nil
	case fault.Is(err, fault.NotFound):
		return SkipGone, nil
	case fault.Is(err, fault.Conflict) && e.Key == "role.last_admin":
		return SkipAdmin, nil
	case e != nil && slices.ContainsFunc(e.Fields, func(f fault.Field) bool { return f.Name == lockOutField }):
		return SkipLockOut, nil
	case fault.Is(err, fault.Conflict) && b.Action == BulkRestore:
		return SkipTaken, nil
	case fault.Is(err, fault.Conflict), fault.Is(err, fault.Invalid), fault.Is(err, fault.Denied):
		return ResultFailed, nil
	}
	return "", err
}

func (t *Tenant) bulkChange(ctx context.Context, actor audit.Actor, b Bulk, r BulkPersonRow) (string, error) {
	id := r.PersonID
	u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", id))
	if err != nil {
		return "", err
	}
	facts, err := t.bulkFacts(ctx, b, []User{u})
	if err != nil {
		return "", err
	}
	if r.Seen != "" && r.Seen != SeenOfPerson(u.ID, u.Risk).mark() { // the same as one by one: what was decided was decided about something else
		return SkipMeanwhile, nil
	}
	if reason := facts.reason(b, u); reason != "" {
		return reason, nil
	}
	switch b.Action {
	case BulkDisable:
		_, err = t.SetUserEnabled(ctx, actor, id, false)
	case BulkEnable:
		_, err = t.SetUserEnabled(ctx, actor, id, true)
	case BulkRevoke:
		_, err = t.RevokeSessions(ctx, actor, id)
	case BulkChangePassword:
		_, err = t.UpdateUser(ctx, actor, id, func(u *User) error { u.MustChangePassword = true; return nil })
	case BulkReregister:
		_, err = t.RequireRegistration(ctx, actor, id)
	case BulkDelete:
		err = t.DeleteUser(ctx, actor, id)
	case BulkRestore:
		_, err = t.RestoreUser(ctx, actor, id)
	case BulkPurge:
		err = t.PurgeUser(ctx, actor, id)
	case BulkCompromised:
		err = t.ConfirmCompromised(ctx, actor, []string{id})
	case BulkSafe:
		err = t.ConfirmSafe(ctx, actor, []string{id})
	case BulkDismissRisk:
		err = t.DismissRisk(ctx, actor, []string{id})
	case BulkJoin:
		err = t.AddMember(ctx, actor, b.GroupID, id)
	case BulkLeave:
		err = t.RemoveMember(ctx, actor, b.GroupID, id)
	default:
		err = fault.New(fault.Invalid, "admin.choose")
	}
	return ResultDone, err
}

// BulkChange reads one.
func (t *Tenant) BulkChange(ctx context.Context, id string) (Bulk, error) {
	var b Bulk
	err := t.q(ctx).Where("id = ?", id).Take(&b).Error
	return b, found(err)
}

// BulkChanges lists the latest, newest first.
func (t *Tenant) BulkChanges(ctx context.Context, limit int) ([]Bulk, error) {
	var out []Bulk
	err := t.q(ctx).Order("created_at DESC, id DESC").Limit(limit).Find(&out).Error
	return out, err
}

// BulkReasons counts the people of a change by why nothing would happen to them; "" are those who change.
func (t *Tenant) BulkReasons(ctx context.Context, id string) (map[string]int64, error) {
	var counts []struct {
		Reason string
		N      int64
	}
	err := t.q(ctx).Model(&BulkPersonRow{}).Select("reason, COUNT(*) AS n").Where("bulk_id = ?", id).Group("reason").Scan(&counts).Error
	out := map[string]int64{}
	for _, c := range counts {
		out[c.Reason] = c.N
	}
	return out, err
}

// BulkPerson is one person of a change, as they are now.
type BulkPerson struct {
	BulkPersonRow
	User User // zero when they are gone for good
}

// BulkPeople lists the people of a change in their order, from a number on; changing leaves out those to whom
// nothing would happen.
func (t *Tenant) BulkPeople(ctx context.Context, id string, from int64, limit int, changing bool) ([]BulkPerson, error) {
	q := t.q(ctx).Where("bulk_id = ? AND number >= ?", id, from)
	if changing {
		q = q.Where("reason = ''")
	}
	return t.bulkPeople(ctx, q, limit)
}

// BulkLeft lists those to whom nothing would happen or happened for one reason.
func (t *Tenant) BulkLeft(ctx context.Context, id, reason string, limit int) ([]BulkPerson, error) {
	return t.bulkPeople(ctx, t.q(ctx).Where("bulk_id = ? AND (reason = ? OR result = ?)", id, reason, reason), limit)
}

func (t *Tenant) bulkPeople(ctx context.Context, q *gorm.DB, limit int) ([]BulkPerson, error) {
	var rows []BulkPersonRow
	if err := q.Order("number").Limit(limit).Find(&rows).Error; err != nil {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.PersonID
	}
	users, err := t.usersByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	byID := map[string]User{}
	for _, u := range users {
		byID[u.ID] = u
	}
	out := make([]BulkPerson, len(rows))
	for i, r := range rows {
		out[i] = BulkPerson{r, byID[r.PersonID]}
	}
	return out, nil
}

// bulkKept is how long the result of a change can be read.
const bulkKept = 30 * 24 * time.Hour

// RunBulks goes on with every change of every tenant that is being counted or running, step by step, until
// nothing is left or the context ends, and forgets what is old. It is safe to run twice at once.
func (s *Store) RunBulks(ctx context.Context) error {
	var open []Bulk
	if err := s.read.WithContext(ctx).Where("state IN ?", []string{BulkCounting, BulkRunning}).Order("created_at, id").Find(&open).Error; err != nil {
		return err
	}
	for _, b := range open {
		t := s.Tenant(b.TenantID)
		step := t.StepBulk
		if b.State == BulkCounting {
			step = t.CountBulk
		}
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = step(ctx, b.ID); err != nil {
				return err
			}
		}
	}
	old := s.now().Add(-bulkKept).UTC()
	var done []Bulk
	if err := s.read.WithContext(ctx).Where("created_at < ?", old).Limit(10).Find(&done).Error; err != nil {
		return err
	}
	for _, b := range done {
		err := s.Tenant(b.TenantID).InTx(ctx, func(t *Tenant) error {
			if err := t.u(ctx).Where("bulk_id = ?", b.ID).Delete(&BulkPersonRow{}).Error; err != nil {
				return err
			}
			return t.u(ctx).Where("id = ?", b.ID).Delete(&BulkRow{}).Error
		})
		if err != nil {
			return err
		}
	}
	return nil
}
