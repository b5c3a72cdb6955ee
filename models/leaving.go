package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
)

// leaving.go: people who delete their own account, and come back. It is the ordinary soft delete, except
// that nobody else can take their addresses meanwhile: signing in within the grace offers to undo it.

// DeleteSelf puts the account of the person who asks away: every session and grant ends, the addresses stay
// theirs until the grace is over.
func (t *Tenant) DeleteSelf(ctx context.Context, actor audit.Actor, id string) (User, error) {
	return t.editUser(ctx, actor, id, "Delete user (self-service)", func(u *User) error {
		if !u.Usable() {
			return fault.New(fault.NotFound, "error.not_found")
		}
		u.DeletedAt, u.SessionsValidFrom, u.SelfDeleted = t.Now(), t.Now(), true
		return nil
	})
}

// ReturnUser keeps the account of a person who deleted it and has signed in again.
func (t *Tenant) ReturnUser(ctx context.Context, actor audit.Actor, id string) (User, error) {
	return t.editUser(ctx, actor, id, "Restore user (self-service)", func(u *User) error {
		if !u.Returnable(t.Now()) {
			return fault.New(fault.NotFound, "error.not_found")
		}
		u.DeletedAt, u.SelfDeleted = time.Time{}, false
		return nil
	})
}

// freeLeft makes people whose grace is over, and whom the job has not erased yet, ordinary deleted people:
// their addresses stand in nobody's way. Restoring them finds the addresses again, or that they were taken.
func (t *Tenant) freeLeft(ctx context.Context, ids []account.Identity) error {
	for _, i := range ids {
		var holder string // nearly always nobody: one look into the index that keeps identities unique
		err := t.q(ctx).Model(&IdentityRow{}).Select("user_id").Where("sign_in_type = ? AND issuer = ? AND canonical = ?", i.SignInType, i.Issuer, i.Canonical).
			Limit(1).Scan(&holder).Error
		if err != nil {
			return err
		}
		if holder == "" {
			continue
		}
		r := t.u(ctx).Model(&UserRow{}).Where("id = ? AND self_deleted = ? AND deleted_at < ?", holder, true, t.Now().Add(-purgeAfter)).UpdateColumn("self_deleted", false)
		if r.Error != nil {
			return r.Error
		}
		if r.RowsAffected == 1 {
			err = t.u(ctx).Model(&IdentityRow{}).Where("user_id = ?", holder).UpdateColumn("canonical", gorm.Expr("? || canonical", parked(holder))).Error
		}
		if err != nil {
			return err
		}
	}
	return nil
}
