package models

import (
	"context"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/insight"
	"portico/app/record"
	"portico/app/userflow"
)

// bulkRows is how many rows one INSERT carries: SQLite allows 32,766 values in a statement.
const bulkRows = 250

// ImportUsers adds many people at once, under one audit row. Who is there already (by id or identity)
// stays as they are. Passwords are not part of it.
func (t *Tenant) ImportUsers(ctx context.Context, actor audit.Actor, users []User) error {
	rows, identities := make([]UserRow, 0, len(users)), make([]IdentityRow, 0, len(users))
	definitions, err := t.definitions(ctx)
	if err != nil {
		return err
	}
	for i := range users {
		u := &users[i]
		if err := validateUser(User{}, u); err != nil {
			return err
		}
		if err := checkAttributes(definitions, changedAttributes(User{}, *u), u).Err(); err != nil {
			return err
		}
		u.TenantID, u.UpdatedAt = t.ID, u.CreatedAt
		row, err := userRow(*u, t.ID)
		if err != nil {
			return err
		}
		rows = append(rows, row)
		for _, id := range u.Identities {
			if id.SignInType == account.SignInUserName {
				id.Value = account.ShownUserName(id.Value)
			}
			identities = append(identities, IdentityRow{ID: NewID(), TenantID: t.ID, UserID: u.ID, SignInType: id.SignInType,
				Issuer: id.Issuer, Canonical: id.Canonical, Value: id.Value, CreatedAt: u.CreatedAt})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if err := t.roomFor(ctx, len(rows)); err != nil {
			return audit.Event{}, err
		}
		skip := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true})
		if err := skip.CreateInBatches(rows, bulkRows).Error; err != nil {
			return audit.Event{}, err
		}
		if err := skip.CreateInBatches(identities, bulkRows).Error; err != nil {
			return audit.Event{}, err
		}
		if err := t.RulesDue(ctx); err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Import users", Category: "UserManagement", Operation: "Add",
			Target: audit.Target{Kind: "tenant", ID: t.ID}, Changes: []audit.Change{{Property: "users", New: len(rows)}}}, nil
	})
}

// ImportAcceptances adds what people agreed to elsewhere or earlier, by user id, under one audit row. What is
// there already stays.
func (t *Tenant) ImportAcceptances(ctx context.Context, actor audit.Actor, agreed map[string][]userflow.Acceptance) error {
	var rows []AcceptanceRow
	for userID, list := range agreed {
		for _, a := range list {
			rows = append(rows, AcceptanceRow{TenantID: t.ID, UserID: userID, TermsID: a.TermsID, Version: a.Version, Locale: a.Locale, AcceptedAt: micro(a.At)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if err := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(rows, bulkRows).Error; err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Import acceptances", Category: "UserManagement", Operation: "Add",
			Target: audit.Target{Kind: "tenant", ID: t.ID}, Changes: []audit.Change{{Property: "acceptances", New: len(rows)}}}, nil
	})
}

// ImportSignIns writes generated or migrated records of the past and says how many were new; those that
// are there already stay.
func (t *Tenant) ImportSignIns(ctx context.Context, list []record.SignIn) (int, error) {
	rows := make([]SignInRow, 0, len(list))
	risks := make(map[string][]Detection, len(list))
	for _, r := range list {
		row, err := signInRow(t.ID, r)
		if err != nil {
			return 0, err
		}
		if found := judgedDetections(r, row.CreatedAt, &row); len(found) > 0 {
			risks[r.ID] = found
		}
		rows = append(rows, row)
	}
	written := 0
	err := t.InTx(ctx, func(t *Tenant) error {
		there, err := t.signInsThere(ctx, rows)
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(rows, bulkRows) {
			res := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(chunk)
			if res.Error != nil {
				return res.Error
			}
			written += int(res.RowsAffected)
		}
		oldest, events := t.Now(), map[string]insight.Event{}
		var late []lateSignIn
		for i, r := range rows {
			if r.Decision != nil && r.CreatedAt.Before(oldest) {
				oldest = r.CreatedAt
			}
			if !there[r.ID] {
				late = append(late, lateSignIn{list[i], r.CreatedAt, r.Count, false})
				maps.Copy(events, activityOf(insight.Of(list[i], r.CreatedAt), r.ID, r.Count))
			} else {
				delete(risks, r.ID)
			}
		}
		if err := t.recount(ctx, oldest); err != nil {
			return err
		}
		if err := t.countLate(ctx, late); err != nil {
			return err
		}
		if err := t.noteActivity(ctx, events); err != nil {
			return err
		}
		return t.importRisks(ctx, risks)
	})
	return written, err
}

// signInsThere says which of some entries the log has already.
func (t *Tenant) signInsThere(ctx context.Context, rows []SignInRow) (map[string]bool, error) {
	there := map[string]bool{}
	for chunk := range slices.Chunk(rows, 500) {
		ids, have := make([]string, len(chunk)), []string(nil)
		for i, r := range chunk {
			ids[i] = r.ID
		}
		if err := t.byID(ctx, ids).Model(&SignInRow{}).Pluck("id", &have).Error; err != nil {
			return nil, err
		}
		for _, id := range have {
			there[id] = true
		}
	}
	return there, nil
}

// importRisks writes what was found in sign-ins of the past, and what it means for their people.
func (t *Tenant) importRisks(ctx context.Context, bySignIn map[string][]Detection) error {
	if len(bySignIn) == 0 {
		return nil
	}
	moves, days := map[string]riskMove{}, map[dayKey]int64{}
	counted, err := t.riskCursor(ctx, readDetections)
	if err != nil {
		return err
	}
	var people []string
	for _, list := range bySignIn {
		for _, d := range list {
			people = append(people, d.UserID)
		}
	}
	if err := t.holdPeople(ctx, people); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(bySignIn)) {
		fresh, err := t.putDetections(ctx, bySignIn[id])
		if err != nil {
			return err
		}
		for _, d := range fresh {
			if counted != nil && !d.DetectedAt.After(counted.At) {
				day := d.DetectedAt.UTC().Format(time.DateOnly)
				days[dayKey{day, DayType, d.Type}]++
				days[dayKey{day, DayDetected, d.Level}]++
			}
			if m := moves[d.UserID]; d.Open() && d.UserID != "" {
				m.Fresh, m.Types, m.At = true, append(m.Types, d.Type), later(m.At, d.DetectedAt)
				moves[d.UserID] = m
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(moves)) {
		if _, err := t.moveRisk(ctx, id, moves[id]); err != nil {
			return err
		}
	}
	return t.writeDays(ctx, days)
}

// OldestSignIn is when the tenant's log begins; false when it is empty.
func (t *Tenant) OldestSignIn(ctx context.Context) (time.Time, bool, error) {
	var rows []SignInRow
	err := t.q(ctx).Select("created_at").Order("created_at, id").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return time.Time{}, false, err
	}
	return rows[0].CreatedAt.UTC(), true, nil
}
