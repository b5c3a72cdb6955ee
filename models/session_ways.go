package models

import (
	"context"
	"strings"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/session"
	"portico/app/ways"
)

// EndOwnSession ends one of a person's sessions for them, with what it gave to apps.
func (t *Tenant) EndOwnSession(ctx context.Context, actor audit.Actor, userID, sid string) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		s, known, err := t.SessionBySID(ctx, sid)
		if err != nil {
			return audit.Event{}, err
		}
		if !known || s.UserID != userID {
			return audit.Event{}, fault.New(fault.NotFound, "error.not_found")
		}
		if !s.RevokedAt.IsZero() { // pressed twice
			return audit.Event{}, nil
		}
		if err := t.SignOutApps(ctx, sid, "ended by its owner"); err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "End session", Category: "UserManagement", Operation: "Delete", Target: userTarget(u),
				Changes: []audit.Change{{Property: "session", Old: strings.TrimSpace(s.Browser + " " + s.OS)}}},
			t.EndSession(ctx, sid, "ended by its owner", t.Now())
	})
}

// KeepOnly ends every session of a person but one, with everything that the others gave to apps; what was
// proven before validFrom counts no more anywhere. The one that stays keeps what it gave, unless apps is true.
func (t *Tenant) KeepOnly(ctx context.Context, actor audit.Actor, userID string, keep session.Session, validFrom time.Time, apps bool) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		const reason = "ended by its owner"
		ended, err := t.EndSessionsOf(ctx, userID, keep.SID, reason, t.Now())
		if err != nil {
			return audit.Event{}, err
		}
		for _, sid := range ended {
			if err := t.SignOutApps(ctx, sid, reason); err != nil {
				return audit.Event{}, err
			}
		}
		if apps {
			if err := t.SignOutApps(ctx, keep.SID, reason); err != nil {
				return audit.Event{}, err
			}
		}
		if _, err := t.forgetDevices(ctx, userID); err != nil {
			return audit.Event{}, err
		}
		// What no live session stands behind: sessions that ran out while their refresh tokens go on.
		grants := t.u(ctx).Model(&OpenIDGrantRow{}).Where("user_id = ? AND revoked_at IS NULL", userID)
		if keep.SID != "" {
			grants = grants.Where("sid <> ?", keep.SID)
		}
		if err := grants.Updates(revoking(reason, t.Now())).Error; err != nil {
			return audit.Event{}, err
		}
		from := micro(validFrom)
		if from.After(u.SessionsValidFrom) {
			if err := t.u(ctx).Model(&UserRow{}).Where("id = ?", userID).Updates(map[string]any{"sessions_valid_from": from, "updated_at": t.Now()}).Error; err != nil {
				return audit.Event{}, err
			}
		}
		// What the session that stays has given goes on with it, although its proof may be an earlier one.
		if err := t.u(ctx).Model(&OpenIDGrantRow{}).Where("user_id = ? AND sid = ? AND revoked_at IS NULL AND auth_time < ?", userID, keep.SID, from).
			UpdateColumn("auth_time", from).Error; err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Sign out everywhere else", Category: "UserManagement", Operation: "Update", Target: userTarget(u),
			Changes: []audit.Change{{Property: "sessions", Old: len(ended)}}}, nil
	})
}

// RenewSession gives a session a new secret with a change of privilege (DESIGN §9.12): the cookie that
// somebody may have copied is worth nothing from then on.
func (t *Tenant) RenewSession(ctx context.Context, sid, secret string, c ways.SessionChange) error {
	columns := map[string]any{"key_hash": keyHash(secret)}
	if !c.AuthTime.IsZero() {
		columns["auth_time"] = micro(c.AuthTime)
	}
	if !c.MFATime.IsZero() {
		columns["mfa_time"] = micro(c.MFATime)
	}
	if len(c.AMR) > 0 {
		columns["amr"] = strings.Join(c.AMR, " ")
	}
	if len(c.Methods) > 0 {
		columns["methods"] = strings.Join(c.Methods, " ")
	}
	if len(c.AAGUIDs) > 0 {
		columns["aaguids"] = strings.Join(c.AAGUIDs, " ")
	}
	return t.InTx(ctx, func(t *Tenant) error {
		var r SessionRow
		if err := t.lock(ctx).Where("sid = ? AND revoked_at IS NULL", sid).Take(&r).Error; err != nil {
			return found(err)
		}
		if err := oneRow(t.u(ctx).Model(&SessionRow{}).Where("sid = ? AND revoked_at IS NULL", sid).UpdateColumns(columns)); err != nil {
			return err
		}
		if r.KeyHash == columns["key_hash"] {
			return nil
		}
		now := t.Now()
		return t.w(ctx).Create(&SessionRow{KeyHash: r.KeyHash, TenantID: t.ID, SID: NewID(), AuthTime: now, CreatedAt: now, LastSeenAt: now,
			ExpiresAt: now.Add(renewedFor), RevokedAt: &now, RevokedFor: renewedNote, Data: "{}"}).Error
	})
}

// renewedFor is how long a former secret is known for what it was: as long as it takes to press a button twice.
// Its row is nobody's session and lets nobody in.
const (
	renewedFor  = 10 * time.Second
	renewedNote = "renewed"
)

// Renewed reports whether a cookie's secret was a session's a moment ago and was replaced. All it is good for is to
// tell the repetition of a form from a visitor who is not signed in.
func (t *Tenant) Renewed(ctx context.Context, secret string) (bool, error) {
	if secret == "" {
		return false, nil
	}
	var n int64
	err := t.q(ctx).Model(&SessionRow{}).Where("key_hash = ? AND revoked_for = ? AND user_id = '' AND expires_at > ?", keyHash(secret), renewedNote, micro(t.Now())).Count(&n).Error
	return n > 0, err
}
