package models

import (
	"context"
	"time"

	"portico/app/policy"
	"portico/app/signin"
)

// Membership reads what policies want to know of a person: groups with those that they are nested in, roles of
// administrators, whether they came by an invitation. What no policy needs is not read.
func (s signInStore) Membership(ctx context.Context, userID string, need policy.Needs) (signin.Membership, error) {
	var m signin.Membership
	if need.Groups {
		var err error
		if m.Groups, err = s.GroupIDsOf(ctx, userID); err != nil {
			return m, err
		}
	}
	if need.Roles {
		held, err := s.Assignments(ctx, userID)
		if err != nil {
			return m, err
		}
		for _, a := range held {
			m.Roles = append(m.Roles, a.RoleID)
		}
	}
	if need.Guest {
		var n int64
		err := s.q(ctx).Model(&InvitationRow{}).Where("accepted_by = ?", userID).Limit(1).Count(&n).Error
		m.Guest = n > 0
		return m, err
	}
	return m, nil
}

// RemediateRisk is written in the person's own name.
func (s signInStore) RemediateRisk(ctx context.Context, userID, detail string, since time.Time, ip, correlation string) error {
	return s.Tenant.remediateBy(ctx, person(userID, "", ip, correlation), userID, detail, since)
}
