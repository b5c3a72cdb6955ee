package models

import (
	"context"
	"time"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/message"
)

// An emergency account is for the day on which nobody else gets in (R 10.2.4). Its use is never quiet: it is
// in the audit log, every other Global Administrator is told by mail, and the portal warns until somebody
// says that they know.

// EmergencyUse is a sign-in with an emergency account that nobody has taken note of.
type EmergencyUse struct {
	ID       string
	UserID   string
	UserName string
	At       time.Time
}

// emergencyUsed belongs to the transaction that signs the person in.
func (t *Tenant) emergencyUsed(ctx context.Context, userID string) error {
	u, err := t.User(ctx, userID)
	if err != nil {
		return err
	}
	name, now := userTarget(u).Name, t.Now()
	err = t.WriteAudit(ctx, audit.Actor{Kind: audit.ActorUser, ID: u.ID, Name: name}, audit.Event{Activity: "Emergency account used", Category: "RoleManagement",
		Operation: "Use", Target: userTarget(u)})
	if err != nil {
		return err
	}
	if err := t.w(ctx).Create(&EmergencyUseRow{ID: NewID(), TenantID: t.ID, UserID: u.ID, CreatedAt: now}).Error; err != nil {
		return err
	}
	others, err := t.AdminsWho(ctx, func(have []access.Assignment) bool {
		return access.Allow(have, access.AllTenants, access.RoleWrite) && access.Allow(have, access.AllTenants, access.UserWrite)
	})
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.ID == u.ID || o.Address() == "" {
			continue
		}
		if err := message.PostEmergency(ctx, t, message.Change{TenantID: t.ID, To: o.Address(), Locale: o.PreferredLanguage, At: now}, name, now); err != nil {
			return err
		}
	}
	return nil
}

// EmergencyUses lists what nobody has taken note of yet, newest first.
func (t *Tenant) EmergencyUses(ctx context.Context) ([]EmergencyUse, error) {
	var rows []EmergencyUseRow
	if err := t.q(ctx).Where("noted_at IS NULL").Order("created_at DESC, id DESC").Limit(20).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]EmergencyUse, len(rows))
	for i, r := range rows {
		out[i] = EmergencyUse{ID: r.ID, UserID: r.UserID, At: r.CreatedAt.UTC()}
		u, err := t.User(ctx, r.UserID)
		if err := ignoreMissing(err); err != nil {
			return nil, err
		}
		if out[i].UserName = userTarget(u).Name; out[i].UserName == "" {
			out[i].UserName = r.UserID
		}
	}
	return out, nil
}

// NoteEmergency says that an admin knows of the uses up to a time; what was used since stays. Nobody takes
// note of their own use.
func (t *Tenant) NoteEmergency(ctx context.Context, actor audit.Actor, until time.Time) (int, error) {
	n := 0
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		now := t.Now()
		r := t.u(ctx).Model(&EmergencyUseRow{}).Where("noted_at IS NULL AND created_at <= ? AND user_id <> ?", micro(until), actor.ID).
			UpdateColumns(map[string]any{"noted_at": now, "noted_by": actor.ID})
		if n = int(r.RowsAffected); r.Error != nil || n == 0 {
			return audit.Event{}, r.Error
		}
		return audit.Event{Activity: "Take note of emergency sign-in", Category: "RoleManagement", Operation: "Update", Target: audit.Target{Kind: "tenant", ID: t.ID},
			Changes: []audit.Change{{Property: "count", New: n}}}, nil
	})
	return n, err
}

// AdminsWho lists the usable admins whose roles satisfy a condition, the oldest role first.
func (t *Tenant) AdminsWho(ctx context.Context, may func([]access.Assignment) bool) ([]User, error) {
	all, err := t.RoleAssignments(ctx, "")
	if err != nil {
		return nil, err
	}
	of, order := map[string][]access.Assignment{}, []string{}
	for _, a := range all {
		if of[a.UserID] == nil {
			order = append(order, a.UserID)
		}
		of[a.UserID] = append(of[a.UserID], a.Assignment)
	}
	var out []User
	for _, id := range order {
		if !may(of[id]) {
			continue
		}
		u, err := t.User(ctx, id)
		if err := ignoreMissing(err); err != nil {
			return nil, err
		}
		if u.Usable() {
			out = append(out, u)
		}
	}
	return out, nil
}
