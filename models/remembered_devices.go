package models

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/session"
)

// remembered_devices.go: browsers on which people are not asked for a second factor for a while (F144). Whether
// one counts at a sign-in is app/signin's question; here they are kept, listed and forgotten.

// secretHash is all that is kept of a secret of 256 random bits: nobody guesses it, so one round is enough.
func secretHash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func rememberedOf(r RememberedDeviceRow) (session.Remembered, error) {
	d := session.Remembered{ID: r.ID, UserID: r.UserID, Name: r.Name, MFATime: r.MFATime.UTC(), CreatedAt: r.CreatedAt.UTC(),
		LastUsedAt: timeOf(r.LastUsedAt), ExpiresAt: r.ExpiresAt.UTC()}
	if err := json.Unmarshal([]byte(r.Methods), &d.Methods); err != nil {
		return d, badJSON("remembered device", r.ID, err)
	}
	return d, nil
}

// Remembered finds the device that one of a browser's secrets names for a person, and which of them it was; nil
// when there is none that still runs.
func (t *Tenant) Remembered(ctx context.Context, userID string, secrets []string, now time.Time) (*session.Remembered, string, error) {
	if userID == "" || len(secrets) == 0 {
		return nil, "", nil
	}
	hashes := make([][]byte, len(secrets))
	for i, s := range secrets {
		hashes[i] = secretHash(s)
	}
	var rows []RememberedDeviceRow
	if err := t.q(ctx).Where("user_id = ? AND hash IN ? AND expires_at > ?", userID, hashes, micro(now)).Order("mfa_time DESC").Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, "", err
	}
	d, err := rememberedOf(rows[0])
	i := slices.IndexFunc(hashes, func(h []byte) bool { return slices.Equal(h, rows[0].Hash) })
	if err != nil || i < 0 {
		return nil, "", err
	}
	return &d, secrets[i], nil
}

// Remember keeps a device under a new secret. One that is there already only changes its secret and when it was
// used, and is refused with fault.Conflict when it has been forgotten meanwhile; that says nothing new of anybody,
// so it has no entry in the audit log.
func (t *Tenant) Remember(ctx context.Context, actor audit.Actor, d session.Remembered, secret string, anew bool) error {
	methods, err := json.Marshal(d.Methods)
	if err != nil {
		return err
	}
	columns := map[string]any{"hash": secretHash(secret), "last_used_at": timePtr(d.LastUsedAt), "methods": string(methods),
		"mfa_time": micro(d.MFATime), "expires_at": micro(d.ExpiresAt), "name": d.Name}
	if !anew {
		r := t.u(ctx).Model(&RememberedDeviceRow{}).Where("id = ? AND user_id = ?", d.ID, d.UserID).UpdateColumns(columns)
		if r.Error == nil && r.RowsAffected == 0 {
			return fault.New(fault.Conflict, "error.conflict")
		}
		return r.Error
	}
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.q(ctx).Where("id = ?", d.UserID))
		if err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Remember device", Category: "UserManagement", Operation: "Add", Target: userTarget(u),
				Changes: []audit.Change{{Property: "device", New: d.Name}, {Property: "expiresAt", New: micro(d.ExpiresAt)}}},
			t.w(ctx).Create(&RememberedDeviceRow{ID: d.ID, TenantID: t.ID, UserID: d.UserID, Hash: secretHash(secret), Name: d.Name,
				Methods: string(methods), MFATime: micro(d.MFATime), CreatedAt: micro(d.CreatedAt), LastUsedAt: timePtr(d.LastUsedAt), ExpiresAt: micro(d.ExpiresAt)}).Error
	})
}

// RememberedDevices lists those of a person that still count, the latest first. Where the tenant remembers none
// any more, none does.
func (t *Tenant) RememberedDevices(ctx context.Context, userID string) ([]session.Remembered, error) {
	u, err := t.User(ctx, userID)
	if err != nil {
		return nil, err
	}
	at, err := t.Get(ctx)
	if err != nil {
		return nil, err
	}
	var rows []RememberedDeviceRow
	if err := t.q(ctx).Where("user_id = ? AND expires_at > ?", userID, micro(t.Now())).Order("created_at DESC, id").Limit(200).Find(&rows).Error; err != nil {
		return nil, err
	}
	var out []session.Remembered
	for _, r := range rows {
		d, err := rememberedOf(r)
		if err != nil {
			return nil, err
		}
		if d.Counts(at.Settings.RememberDays, u.SessionsValidFrom, t.Now()) {
			out = append(out, d)
		}
	}
	return out, nil
}

// ForgetDevice asks for a second factor again on one device of a person. One that is not there is no error: it was
// pressed twice, or the time was up.
func (t *Tenant) ForgetDevice(ctx context.Context, actor audit.Actor, userID, id string) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.q(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		var rows []RememberedDeviceRow
		if err := t.u(ctx).Where("id = ? AND user_id = ?", id, userID).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Forget remembered device", Category: "UserManagement", Operation: "Delete", Target: userTarget(u),
				Changes: []audit.Change{{Property: "device", Old: rows[0].Name}}},
			t.u(ctx).Where("id = ? AND user_id = ?", id, userID).Delete(&RememberedDeviceRow{}).Error
	})
}

// ForgetReplaced asks for a second factor again on those devices of a person that shown names, whose secret was replaced
// before a moment: a former secret of theirs was shown, so there are two copies of the cookie.
func (t *Tenant) ForgetReplaced(ctx context.Context, actor audit.Actor, userID string, shown func(deviceID string) bool, before time.Time) error {
	var rows []RememberedDeviceRow
	err := t.q(ctx).Where("user_id = ? AND last_used_at < ?", userID, micro(before)).Order("last_used_at DESC").Limit(200).Find(&rows).Error
	rows = slices.DeleteFunc(rows, func(r RememberedDeviceRow) bool { return !shown(r.ID) })
	if err != nil || len(rows) == 0 {
		return err
	}
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.q(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		e := audit.Event{Activity: "Forget remembered device", Category: "UserManagement", Operation: "Delete", Target: userTarget(u)}
		for _, r := range rows {
			// Not one that was used in this very moment, or is gone already.
			gone := t.u(ctx).Where("id = ? AND user_id = ? AND last_used_at < ?", r.ID, userID, micro(before)).Delete(&RememberedDeviceRow{})
			if gone.Error != nil {
				return audit.Event{}, gone.Error
			}
			if gone.RowsAffected > 0 {
				e.Changes = append(e.Changes, audit.Change{Property: "device", Old: r.Name})
			}
		}
		if len(e.Changes) == 0 {
			return audit.Event{}, nil
		}
		e.Changes = append(e.Changes, audit.Change{Property: "reason", New: "A secret that had been replaced was shown: the cookie was copied."})
		return e, nil
	})
}

// ForgetDevices asks for a second factor again on every device of a person, and says how many there were.
func (t *Tenant) ForgetDevices(ctx context.Context, actor audit.Actor, userID string) (n int, err error) {
	err = t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.q(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		if n, err = t.forgetDevices(ctx, userID); err != nil || n == 0 {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Forget remembered devices", Category: "UserManagement", Operation: "Delete", Target: userTarget(u),
			Changes: []audit.Change{{Property: "devices", Old: n}}}, nil
	})
	return n, err
}

// forgetDevices is the part of a larger change: another password, a second factor that is gone, "sign out
// everywhere else". Its entry stands for this too. What was revoked by a moment (sessions_valid_from) needs
// nothing: a device that was remembered before it does not count.
func (t *Tenant) forgetDevices(ctx context.Context, userID string) (int, error) {
	r := t.u(ctx).Where("user_id = ?", userID).Delete(&RememberedDeviceRow{})
	return int(r.RowsAffected), r.Error
}
