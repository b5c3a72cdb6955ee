package models

import (
	"context"
	"time"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/openid"
	"portico/app/signin"
)

// holdingRow is a grant with its person and the end of its session: one read for each use of a token.
type holdingRow struct {
	OpenIDGrantRow `gorm:"embedded"`
	Person         personRow `gorm:"embedded"`

	EndedAt *time.Time
}

// personRow is a person as tokens may speak of them; its columns are personSQL.
type personRow struct {
	PersonID          string
	DisplayName       string
	GivenName         string
	Surname           string
	Mail              string
	MailVerified      bool
	StreetAddress     string
	City              string
	State             string
	PostalCode        string
	Country           string
	MobilePhone       string
	PreferredLanguage string
	JobTitle          string
	UserName          string
	Attributes        string
	Enabled           bool
	ChangeDue         int
	RiskLevel         string
	RiskState         string
	SessionsValidFrom *time.Time
	JoinedAt          *time.Time
	UpdatedAt         *time.Time
	DeletedAt         *time.Time
}

const personSQL = `COALESCE(u.id, '') AS person_id, COALESCE(u.display_name, '') AS display_name, COALESCE(u.given_name, '') AS given_name,
	COALESCE(u.surname, '') AS surname, COALESCE(u.mail, '') AS mail, COALESCE(u.mail_verified, false) AS mail_verified,
	COALESCE(u.street_address, '') AS street_address, COALESCE(u.city, '') AS city, COALESCE(u.state, '') AS state,
	COALESCE(u.postal_code, '') AS postal_code, COALESCE(u.country, '') AS country, COALESCE(u.mobile_phone, '') AS mobile_phone,
	COALESCE(u.preferred_language, '') AS preferred_language,
	COALESCE(u.job_title, '') AS job_title, COALESCE(u.attributes, '') AS attributes,
	COALESCE((SELECT MIN(i.value) FROM identities AS i WHERE i.tenant_id = u.tenant_id AND i.user_id = u.id AND i.sign_in_type = 'userName'), '') AS user_name,
	COALESCE(u.enabled, false) AS enabled, COALESCE(u.risk_level, '') AS risk_level, COALESCE(u.risk_state, '') AS risk_state,
	CASE WHEN u.must_change_password AND EXISTS (SELECT 1 FROM credentials AS c WHERE c.tenant_id = u.tenant_id AND c.user_id = u.id AND c.kind = 'password')
		THEN 1 ELSE 0 END AS change_due,
	u.sessions_valid_from AS sessions_valid_from, u.created_at AS joined_at, u.updated_at AS updated_at, u.deleted_at AS deleted_at`

const holdingSQL = `SELECT g.*, ` + personSQL + `, s.revoked_at AS ended_at
	FROM openid_grants AS g
	LEFT JOIN users AS u ON u.id = g.user_id AND u.tenant_id = g.tenant_id
	LEFT JOIN sessions AS s ON s.sid = g.sid AND s.tenant_id = g.tenant_id
	WHERE g.tenant_id = ? AND `

// OpenIDHolding reads a grant with what can end it. A session that is no longer remembered tells nothing:
// whoever ends a session ends its grants too (SignOutApps), and expiry is not an end.
func (t *Tenant) OpenIDHolding(ctx context.Context, grantID string) (openid.Holding, bool, error) {
	return t.holding(ctx, "g.id = ?", grantID)
}

// OpenIDHoldingByCode finds it by the code that it was born with, used or not.
func (t *Tenant) OpenIDHoldingByCode(ctx context.Context, hash []byte) (openid.Holding, bool, error) {
	return t.holding(ctx, "g.code_hash = ?", hash)
}

func (t *Tenant) holding(ctx context.Context, where string, arg any) (openid.Holding, bool, error) {
	var r holdingRow
	err := t.r(ctx).Raw(holdingSQL+where, t.ID, arg).Scan(&r).Error
	if err != nil || r.ID == "" {
		return openid.Holding{}, false, err
	}
	g, err := r.value()
	if err != nil {
		return openid.Holding{}, false, err
	}
	h := openid.Holding{Grant: g, SessionEnded: r.EndedAt != nil}
	if r.Person.PersonID == "" {
		return h, true, nil
	}
	h.User, err = t.openIDUser(ctx, r.Person)
	return h, err == nil, err
}

// OpenIDUser is a person as their tokens would speak of them now, for previews.
func (t *Tenant) OpenIDUser(ctx context.Context, userID string) (openid.User, error) {
	var r personRow
	if err := t.r(ctx).Raw(`SELECT `+personSQL+` FROM users AS u WHERE u.tenant_id = ? AND u.id = ?`, t.ID, userID).Scan(&r).Error; err != nil {
		return openid.User{}, err
	}
	if r.PersonID == "" {
		return openid.User{}, fault.New(fault.NotFound, "error.not_found")
	}
	return t.openIDUser(ctx, r)
}

func (t *Tenant) openIDUser(ctx context.Context, r personRow) (openid.User, error) {
	u := openid.User{ID: r.PersonID, Enabled: r.Enabled, Deleted: r.DeletedAt != nil, PasswordChangeDue: r.ChangeDue == 1, Risk: signin.UserRisk(account.Risk{Level: r.RiskLevel, State: r.RiskState}), SessionsValidFrom: timeOf(r.SessionsValidFrom),
		PreferredUsername: r.Mail, Name: r.DisplayName, GivenName: r.GivenName, FamilyName: r.Surname, Email: r.Mail,
		EmailVerified: r.MailVerified, Phone: r.MobilePhone, Street: r.StreetAddress, City: r.City, Region: r.State,
		PostalCode: r.PostalCode, Country: r.Country, Locale: r.PreferredLanguage, UserName: r.UserName, JobTitle: r.JobTitle,
		Attributes: []byte(r.Attributes), CreatedAt: timeOf(r.JoinedAt), UpdatedAt: timeOf(r.UpdatedAt)}
	if r.Mail != "" {
		return u, nil
	}
	// Nobody has an address here: what the person signs in with is their name.
	var i IdentityRow
	err := t.q(ctx).Where("user_id = ? AND sign_in_type IN ?", r.PersonID, []string{account.SignInEmail, account.SignInUserName}).
		Order("sign_in_type, created_at").Limit(1).Find(&i).Error
	u.PreferredUsername = i.Value
	if i.SignInType == account.SignInEmail {
		u.Email = i.Value
	}
	return u, err
}
