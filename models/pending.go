package models

import (
	"context"
	"fmt"

	"gorm.io/gorm/clause"

	"portico/app/ways"
)

func pendingSeal(id string) string { return "pending change " + id }

// Pending is what a person has begun of a kind and not finished; false when there is nothing, or it is too
// late for it.
func (t *Tenant) Pending(ctx context.Context, userID, kind string) (ways.Pending, bool, error) {
	var r PendingRow
	err := t.q(ctx).Where("user_id = ? AND kind = ? AND expires_at > ?", userID, kind, t.Now()).Take(&r).Error
	if isNotFound(err) {
		return ways.Pending{}, false, nil
	}
	if err != nil {
		return ways.Pending{}, false, err
	}
	state, err := t.seal.Open(r.State, pendingSeal(r.ID))
	if err != nil { // sealed under a secret that is gone: they begin again
		return ways.Pending{}, false, nil
	}
	return ways.Pending{ID: r.ID, UserID: r.UserID, Kind: r.Kind, State: state, CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC()}, true, nil
}

// PutPending keeps what a person has begun, in place of what they had begun of the same kind.
func (t *Tenant) PutPending(ctx context.Context, p ways.Pending) error {
	sealed, err := t.seal.Seal(p.State, pendingSeal(p.ID))
	if err != nil {
		return fmt.Errorf("pending change: %w", err)
	}
	return t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tenant_id"}, {Name: "user_id"}, {Name: "kind"}},
		DoUpdates: clause.AssignmentColumns([]string{"id", "state", "created_at", "expires_at"})}).
		Create(&PendingRow{ID: p.ID, TenantID: t.ID, UserID: p.UserID, Kind: p.Kind, State: sealed, CreatedAt: micro(p.CreatedAt), ExpiresAt: micro(p.ExpiresAt)}).Error
}

// TakePending ends what was begun: true for exactly one caller, so that finishing twice is finishing once.
func (t *Tenant) TakePending(ctx context.Context, userID, id string) (bool, error) {
	r := t.u(ctx).Where("id = ? AND user_id = ?", id, userID).Delete(&PendingRow{})
	return r.RowsAffected == 1, r.Error
}
