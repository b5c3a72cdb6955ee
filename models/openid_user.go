package models

import (
	"context"

	"portico/app/account"
	"portico/app/openid"
)

// OpenIDUser reads a person for the protocol: one row, and the identities only where the row has no
// address to call the person by.
func (t *Tenant) OpenIDUser(ctx context.Context, userID string) (openid.User, bool, error) {
	var r UserRow
	err := t.q(ctx).Select("id", "display_name", "given_name", "surname", "mail", "mail_verified", "street_address", "city", "state",
		"postal_code", "country", "mobile_phone", "preferred_language", "enabled", "must_change_password", "sessions_valid_from",
		"updated_at", "deleted_at").Where("id = ?", userID).Take(&r).Error
	if isNotFound(err) {
		return openid.User{}, false, nil
	}
	if err != nil {
		return openid.User{}, false, err
	}
	u := openid.User{ID: r.ID, Enabled: r.Enabled, Deleted: r.DeletedAt != nil, SessionsValidFrom: r.SessionsValidFrom.UTC(),
		MustChangePwd: r.MustChangePassword, PreferredUsername: r.Mail, Name: r.DisplayName, GivenName: r.GivenName,
		FamilyName: r.Surname, Email: r.Mail, EmailVerified: r.MailVerified, Phone: r.MobilePhone, Street: r.StreetAddress,
		City: r.City, Region: r.State, PostalCode: r.PostalCode, Country: r.Country, Locale: r.PreferredLanguage,
		UpdatedAt: r.UpdatedAt.UTC()}
	if u.PreferredUsername == "" {
		var i IdentityRow
		err := t.q(ctx).Where("user_id = ? AND sign_in_type IN ?", userID, []string{account.SignInEmail, account.SignInUserName}).
			Order("sign_in_type, created_at").Limit(1).Find(&i).Error
		if err != nil {
			return u, false, err
		}
		u.PreferredUsername = i.Value
		if u.Email == "" && i.SignInType == account.SignInEmail {
			u.Email = i.Value
		}
	}
	return u, true, nil
}

// OpenIDSessionRevoked reports whether somebody ended the session. One that is no longer remembered tells
// nothing: whoever ends a session ends its grants too (SignOutApps), and expiry is not an end.
func (t *Tenant) OpenIDSessionRevoked(ctx context.Context, sid string) (bool, error) {
	var n int64
	err := t.q(ctx).Model(&SessionRow{}).Where("sid = ? AND revoked_at IS NOT NULL", sid).Limit(1).Count(&n).Error
	return n > 0, err
}
