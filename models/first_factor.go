package models

import (
	"context"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/userflow"
)

// moveBatch is how many people one transaction moves, so that a large tenant never waits for one.
const moveBatch = 500

// SetFirstFactor moves a person to another way of signing in (F054): accounts keep the method that they
// were made with, whatever their flow does, until an admin does this. Somebody moved to the password who has
// none gets one by "Forgot your password?", and until then a code still lets them in where the flow takes one.
func (t *Tenant) SetFirstFactor(ctx context.Context, actor audit.Actor, userID string, method userflow.Method) (User, error) {
	if err := t.checkMethod(ctx, "firstFactor", method); err != nil {
		return User{}, err
	}
	return t.editUser(ctx, actor, userID, "Change sign-in method of user", func(u *User) error {
		if u.FirstFactor = string(method); noWayIn(*u) == "user.identity.mailbox" {
			return fault.BadField("firstFactor", "user.method.mailbox", nil)
		}
		return nil
	})
}

// MoveUsers is SetFirstFactor for everybody who signs in by a method, and says how many there were. Each
// batch is a transaction with an audit entry of its own: what was moved stays moved when a later one fails,
// and calling again goes on.
func (t *Tenant) MoveUsers(ctx context.Context, actor audit.Actor, from, to userflow.Method) (int, error) {
	if err := knownMethod("from", from); err != nil {
		return 0, err
	}
	if err := t.checkMethod(ctx, "to", to); err != nil {
		return 0, err
	}
	if from == to {
		return 0, fault.BadField("to", "user.method.same", nil)
	}
	moved := 0
	for {
		n := 0
		err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
			var ids []string
			err := t.lock(ctx).Model(&UserRow{}).Where("first_factor = ? AND deleted_at IS NULL", string(from)).Limit(moveBatch).Pluck("id", &ids).Error
			if err != nil || len(ids) == 0 {
				return audit.Event{}, err
			}
			n = len(ids)
			return audit.Event{Activity: "Change sign-in method of users", Category: "UserManagement", Operation: "Update",
					Target: audit.Target{Kind: "tenant", ID: t.ID}, Changes: []audit.Change{{Property: "firstFactor", Old: string(from), New: string(to)}, {Property: "users", New: n}}},
				t.u(ctx).Model(&UserRow{}).Where("id IN ?", ids).Updates(map[string]any{"first_factor": string(to), "updated_at": t.Now()}).Error
		})
		if err != nil || n == 0 {
			return moved, err
		}
		moved += n
	}
}

// checkMethod refuses what people could not sign in with. Administrators sign in with a password: their
// portal wants a second factor, and their own sign-in must not hang on a mailbox.
func (t *Tenant) checkMethod(ctx context.Context, field string, m userflow.Method) error {
	if err := knownMethod(field, m); err != nil {
		return err
	}
	self, err := t.Get(ctx)
	if err == nil && self.Kind == tenant.Workforce && m != userflow.EmailPassword {
		return fault.BadField(field, "user.method.staff", nil)
	}
	return err
}

func knownMethod(field string, m userflow.Method) error {
	if m != userflow.EmailPassword && m != userflow.EmailCode {
		return fault.BadField(field, "user.method.unknown", nil)
	}
	return nil
}

// PeopleByMethod counts the people who are there, by their first factor.
func (t *Tenant) PeopleByMethod(ctx context.Context) (map[userflow.Method]int, error) {
	var counts []struct {
		FirstFactor string
		N           int
	}
	err := t.q(ctx).Model(&UserRow{}).Select("first_factor, COUNT(*) AS n").Where("deleted_at IS NULL").Group("first_factor").Scan(&counts).Error
	out := make(map[userflow.Method]int, len(counts))
	for _, c := range counts {
		out[userflow.Method(c.FirstFactor)] = c.N
	}
	return out, err
}
