package models

import (
	"context"
	"slices"
	"time"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/factor"
	"portico/app/fault"
)

// HeldMethod is one thing that a person proves themselves with, the password included; no secret is in it.
type HeldMethod struct {
	ID         string
	Kind       string
	Name       string
	CreatedAt  time.Time
	LastUsedAt time.Time // zero = never, or not counted
	Passkey    factor.PasskeyFacts
}

// MethodsOf lists what a person proves themselves with, oldest first.
func (t *Tenant) MethodsOf(ctx context.Context, userID string) ([]HeldMethod, error) {
	var rows []CredentialRow
	if err := t.q(ctx).Select(methodColumns).Where("user_id = ?", userID).Order("created_at, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]HeldMethod, len(rows))
	for i, r := range rows {
		out[i] = HeldMethod{ID: r.ID, Kind: r.Kind, Name: r.Name, CreatedAt: r.CreatedAt.UTC(), LastUsedAt: timeOf(r.LastUsedAt), Passkey: passkeyFacts(r)}
	}
	return out, nil
}

// RequireRegistration takes a person's second factors away, recovery codes included, so that they are asked to
// set one up at the next sign-in that wants one (R 4.7.2). It says how many there were.
func (t *Tenant) RequireRegistration(ctx context.Context, actor audit.Actor, userID string) (n int, err error) {
	err = t.auditedWatch(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		var kinds []string
		if err := t.q(ctx).Model(&CredentialRow{}).Where("user_id = ? AND kind <> ?", userID, KindPassword).Order("created_at, id").Pluck("kind", &kinds).Error; err != nil {
			return audit.Event{}, err
		}
		if n = len(kinds); n == 0 {
			return audit.Event{}, nil
		}
		if _, err := t.forgetDevices(ctx, userID); err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Require re-registration of security info", Category: "UserManagement", Operation: "Delete", Target: userTarget(u),
				Changes: []audit.Change{{Property: "authenticationMethods", Old: kinds}}},
			t.u(ctx).Where("user_id = ? AND kind <> ?", userID, KindPassword).Delete(&CredentialRow{}).Error
	})
	return n, err
}

// EndUserSession ends one session of a person for an admin, and tells its apps. False means that there was none
// any more.
func (t *Tenant) EndUserSession(ctx context.Context, actor audit.Actor, userID, sid string) (ended bool, err error) {
	err = t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		var live []SessionRow
		if err := t.u(ctx).Where("sid = ? AND user_id = ? AND revoked_at IS NULL", sid, userID).Limit(1).Find(&live).Error; err != nil {
			return audit.Event{}, err
		}
		if ended = len(live) > 0; !ended { // pressed twice, or signed out meanwhile
			return audit.Event{}, nil
		}
		const activity = "End session"
		if err := t.EndSession(ctx, sid, activity, t.Now()); err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: activity, Category: "UserManagement", Operation: "Update", Target: userTarget(u),
			Changes: []audit.Change{{Property: "session", Old: sid}}}, t.SignOutApps(ctx, sid, activity)
	})
	return ended && err == nil, err
}

// SessionApps lists, by session, the client ids of the apps that took part.
func (t *Tenant) SessionApps(ctx context.Context, sids []string) (map[string][]string, error) {
	out := map[string][]string{}
	if len(sids) == 0 {
		return out, nil
	}
	var rows []SessionClientRow
	if err := t.q(ctx).Where("sid IN ?", sids).Order("first_at, client_id").Find(&rows).Error; err != nil {
		return nil, err
	}
	for _, r := range rows {
		out[r.SID] = append(out[r.SID], r.ClientID)
	}
	return out, nil
}

// Holder is somebody else who has an identity of a deleted person.
type Holder struct {
	Identity account.Identity
	User     User
}

// Holders lists who has taken identities of a deleted person meanwhile: they stand in the way of restoring.
func (t *Tenant) Holders(ctx context.Context, u User) ([]Holder, error) {
	var out []Holder
	if u.DeletedAt.IsZero() {
		return nil, nil
	}
	for _, i := range u.Identities {
		var rows []IdentityRow
		err := t.q(ctx).Where("sign_in_type = ? AND issuer = ? AND canonical = ? AND user_id <> ?", i.SignInType, i.Issuer, i.Canonical, u.ID).Limit(1).Find(&rows).Error
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 {
			other, err := t.User(ctx, rows[0].UserID)
			if err != nil {
				return nil, err
			}
			out = append(out, Holder{Identity: i, User: other})
		}
	}
	return out, nil
}

// RestoreUserAt restores a deleted person whose identities others have taken: those are given up, and the
// address, if there is one, takes their place. The audit log keeps what was given up.
func (t *Tenant) RestoreUserAt(ctx context.Context, actor audit.Actor, id, address string) (User, error) {
	var out User
	err := t.InTx(ctx, func(t *Tenant) error {
		before, err := t.User(ctx, id)
		if err != nil {
			return err
		}
		held, err := t.Holders(ctx, before)
		if err != nil {
			return err
		}
		out, err = t.editUser(ctx, actor, id, "Restore user", func(u *User) error {
			if u.DeletedAt.IsZero() {
				return fault.New(fault.NotFound, "error.not_found")
			}
			for _, h := range held {
				u.Identities = slices.DeleteFunc(u.Identities, func(i account.Identity) bool { return i == h.Identity })
				if u.Mail == h.Identity.Value {
					u.Mail, u.MailVerified = address, false
				}
			}
			if address != "" {
				u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInEmail, Value: address})
			}
			u.DeletedAt, u.SelfDeleted = time.Time{}, false
			return nil
		})
		return err
	})
	return out, err
}

// SignInReport is a person's "this wasn't me" about a sign-in.
type SignInReport struct {
	SignInID string
	At       time.Time
}

// ReportsOf lists what a person reported, newest first.
func (t *Tenant) ReportsOf(ctx context.Context, userID string, limit int) ([]SignInReport, error) {
	var rows []SignInReportRow
	if err := t.q(ctx).Where("user_id = ?", userID).Order("created_at DESC, sign_in_id DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]SignInReport, len(rows))
	for i, r := range rows {
		out[i] = SignInReport{SignInID: r.SignInID, At: r.CreatedAt.UTC()}
	}
	return out, nil
}

// viewFold is how long one entry stands for an admin's looking at a person.
const viewFold = 15 * time.Minute

// viewed is the activity of an admin who looked at a person's page.
const viewed = "View user"

// NoteView writes into a person's history that an admin looked at them, once in a quarter of an hour.
func (t *Tenant) NoteView(ctx context.Context, actor audit.Actor, u User) error {
	var ids []string
	err := t.via(ctx, "audits", way{index: "audits_target"}).Model(&AuditRow{}).Where("target_id = ? AND created_at > ? AND actor_id = ? AND activity = ?", u.ID, t.Now().Add(-viewFold), actor.ID, viewed).
		Limit(1).Pluck("id", &ids).Error
	if err != nil || len(ids) > 0 {
		return err
	}
	return t.WriteAudit(ctx, actor, audit.Event{Activity: viewed, Category: "UserManagement", Operation: "Read", Target: userTarget(u)})
}
