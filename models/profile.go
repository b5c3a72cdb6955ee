package models

import (
	"context"

	"portico/app/audit"
)

// EditProfile writes what people say about themselves on their account pages: attributes by id, "" for none, and
// the language they want to be written to in. agree looks at the person as they are stored at this very moment,
// and may refuse.
func (t *Tenant) EditProfile(ctx context.Context, actor audit.Actor, userID string, values map[string]any, language string, agree func(User) error) (User, error) {
	values, err := t.keepDefined(ctx, values)
	if err != nil {
		return User{}, err
	}
	return t.editUser(ctx, actor, userID, "Update user (self-service)", func(u *User) error {
		if err := agree(*u); err != nil {
			return err
		}
		u.answer(values)
		u.PreferredLanguage = language
		return nil
	})
}

// ClientsOf lists the apps that a person has used, as far as consents, sessions and grants remember.
func (t *Tenant) ClientsOf(ctx context.Context, userID string) ([]string, error) {
	var out []string
	err := t.r(ctx).Raw(`SELECT client_id FROM openid_consents WHERE tenant_id = ? AND user_id = ?
		UNION SELECT client_id FROM openid_grants WHERE tenant_id = ? AND user_id = ?
		UNION SELECT c.client_id FROM session_clients AS c JOIN sessions AS s ON s.sid = c.sid AND s.tenant_id = c.tenant_id WHERE s.tenant_id = ? AND s.user_id = ?`,
		t.ID, userID, t.ID, userID, t.ID, userID).Scan(&out).Error
	return out, err
}
