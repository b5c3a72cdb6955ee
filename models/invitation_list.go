package models

import (
	"context"
	"strings"

	"portico/app/fault"
	"portico/app/userflow"
)

// InvitationQuery narrows the list of invitations. The zero value lists all of them, newest first.
type InvitationQuery struct {
	State   userflow.InvitationState // "" = any
	Address string                   // a part of the address, in any letter case
	After   string                   // Next of the page before
	Limit   int                      // 50 unless told, 999 at most
}

// FindInvitations lists one page of invitations, newest first.
func (t *Tenant) FindInvitations(ctx context.Context, f InvitationQuery) (Page[userflow.Invitation], error) {
	limit, now := clampLimit(f.Limit), t.Now()
	q := t.q(ctx)
	switch f.State {
	case "":
	case userflow.InvitationAccepted:
		q = q.Where("accepted_at IS NOT NULL")
	case userflow.InvitationRevoked:
		q = q.Where("accepted_at IS NULL AND revoked_at IS NOT NULL")
	case userflow.InvitationExpired:
		q = q.Where("accepted_at IS NULL AND revoked_at IS NULL AND expires_at <= ?", now)
	default:
		q = q.Where("accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ?", now)
	}
	if part := fold(f.Address); part != "" {
		q = q.Where(`canonical LIKE ? ESCAPE '\'`, "%"+strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(part)+"%")
	}
	q, err := keyset(q, "created_at", f.After, true, true)
	if err != nil {
		return Page[userflow.Invitation]{}, err
	}
	var rows []InvitationRow
	if err := q.Limit(limit + 1).Find(&rows).Error; err != nil {
		return Page[userflow.Invitation]{}, err
	}
	p := page(rows, limit, func(r InvitationRow) cursor { return cursor{Time: r.CreatedAt, ID: r.ID} })
	out := Page[userflow.Invitation]{Next: p.Next, Items: make([]userflow.Invitation, len(p.Items))}
	for i, r := range p.Items {
		if out.Items[i], err = r.value(); err != nil {
			return out, err
		}
	}
	return out, nil
}

// InvitationOf finds the invitation that a person came by; fault.NotFound for who came without.
func (t *Tenant) InvitationOf(ctx context.Context, userID string) (userflow.Invitation, error) {
	var r InvitationRow
	if userID == "" {
		return userflow.Invitation{}, fault.New(fault.NotFound, "error.not_found")
	}
	if err := t.q(ctx).Where("accepted_by = ?", userID).Order("accepted_at, id").Take(&r).Error; err != nil {
		return userflow.Invitation{}, found(err)
	}
	return r.value()
}

// PendingInvitations lists the invitations to an address that can still be accepted, newest first. It is
// the canonical form that counts.
func (t *Tenant) PendingInvitations(ctx context.Context, canonical string) ([]userflow.Invitation, error) {
	var rows []InvitationRow
	err := t.q(ctx).Where("canonical = ? AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ?", canonical, t.Now()).
		Order("created_at DESC, id").Limit(100).Find(&rows).Error
	if err != nil {
		return nil, err
	}
	out := make([]userflow.Invitation, len(rows))
	for i, r := range rows {
		if out[i], err = r.value(); err != nil {
			return nil, err
		}
	}
	return out, nil
}
