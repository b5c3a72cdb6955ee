package models

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/account"
	"portico/app/audit"
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
	for _, r := range list {
		row, err := signInRow(t.ID, r)
		if err != nil {
			return 0, err
		}
		rows = append(rows, row)
	}
	written := 0
	err := t.InTx(ctx, func(t *Tenant) error {
		for chunk := range slices.Chunk(rows, bulkRows) {
			res := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(chunk)
			if res.Error != nil {
				return res.Error
			}
			written += int(res.RowsAffected)
		}
		oldest := t.Now()
		for _, r := range rows {
			if r.Decision != nil && r.CreatedAt.Before(oldest) {
				oldest = r.CreatedAt
			}
		}
		return t.recount(ctx, oldest)
	})
	return written, err
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
