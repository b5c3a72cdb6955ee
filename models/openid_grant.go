package models

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"portico/app/openid"
	"portico/app/record"
)

// OpenIDGrantRow is one authorization: the code it was born with, and the family of every token that
// came from it. One row holds all of it, so that redeeming and rotating are one conditional update
// each. Codes and refresh tokens are there as hashes only.
type OpenIDGrantRow struct {
	ID            string `gorm:"primaryKey;size:36"`
	TenantID      string `gorm:"size:36;index:openid_grants_session,priority:1;index:openid_grants_user,priority:1;index:openid_grants_provider,priority:1,where:provider <> ''"`
	ClientID      string `gorm:"size:36"`
	UserID        string `gorm:"size:36;index:openid_grants_user,priority:2"`
	SID           string `gorm:"column:sid;size:64;index:openid_grants_session,priority:2"`
	SignInID      string `gorm:"size:36"`
	Platform      string `gorm:"size:16"`
	RedirectURI   string `gorm:"type:text"`
	Scopes        string `gorm:"type:text"` // separated by spaces
	Nonce         string `gorm:"type:text"`
	CodeChallenge string `gorm:"size:64"`
	AuthTime      time.Time
	AMR           string
	ACR           string
	Methods       string     `gorm:"type:text"` // kinds of factors that were shown, separated by spaces
	AAGUIDs       string     `gorm:"column:aaguids;type:text"`
	Contexts      string     `gorm:"type:text"` // authentication contexts that were met (acrs), separated by spaces
	MFATime       *time.Time `gorm:"column:mfa_time"`
	Claims        string     `gorm:"type:text"` // openid.ClaimsRequest
	ClientInfo    bool
	Provider      string `gorm:"size:36;default:'';index:openid_grants_provider,priority:2,where:provider <> ''"`
	Host          string `gorm:"size:253;not null;default:''"` // of the tenant's own, that it was given at; "" = the installation's address
	CreatedAt     time.Time

	CodeHash      []byte `gorm:"uniqueIndex:openid_grants_code"`
	CodeExpiresAt time.Time
	CodeUsedAt    *time.Time

	RefreshHash      []byte
	RefreshPrevious  []byte
	RotatedAt        *time.Time
	RefreshExpiresAt *time.Time
	// RenewedFrom is where the last tokens went, as JSON: what a theft of a refresh token is noticed by.
	RenewedFrom string `gorm:"type:text"`

	RevokedAt  *time.Time
	RevokedFor string
	PurgeAt    time.Time `gorm:"index:openid_grants_purge"` // nothing can come from it after this
}

func (OpenIDGrantRow) TableName() string { return "openid_grants" }

// keepUsed is how long a grant without a refresh token is kept: access tokens live a day at most, and
// the list of apps to tell of a sign-out should outlive them.
const keepUsed = 30 * 24 * time.Hour

// OpenID gives a tenant's store as the protocol asks for it.
func (s *Store) OpenID(tenantID string) openid.Store { return s.Tenant(tenantID) }

// AddOpenIDGrant stores a new grant with its code; inside a transaction it exists only if that commits.
func (t *Tenant) AddOpenIDGrant(ctx context.Context, g openid.Grant) error {
	claims := ""
	if !g.Claims.IsZero() {
		b, err := json.Marshal(g.Claims)
		if err != nil {
			return err
		}
		claims = string(b)
	}
	row := OpenIDGrantRow{ID: g.ID, TenantID: t.ID, ClientID: g.ClientID, UserID: g.UserID, SID: g.SID, SignInID: g.SignInID,
		Platform: string(g.Platform), RedirectURI: g.RedirectURI, Scopes: strings.Join(g.Scopes, " "), Nonce: g.Nonce,
		CodeChallenge: g.CodeChallenge, AuthTime: g.AuthTime.UTC().Truncate(time.Microsecond), AMR: strings.Join(g.AMR, " "), ACR: g.ACR, Claims: claims,
		Methods: strings.Join(g.Methods, " "), AAGUIDs: strings.Join(g.AAGUIDs, " "), Contexts: strings.Join(g.Contexts, " "), MFATime: timePtr(g.MFATime),
		ClientInfo: g.ClientInfo, Provider: g.Provider, Host: g.Host, CreatedAt: g.CreatedAt.UTC(), CodeHash: g.CodeHash, CodeExpiresAt: g.CodeExpiresAt.UTC(),
		PurgeAt: g.CodeExpiresAt.UTC().Add(keepUsed)}
	return t.w(ctx).Create(&row).Error
}

func (r OpenIDGrantRow) value() (openid.Grant, error) {
	g := openid.Grant{ID: r.ID, TenantID: r.TenantID, ClientID: r.ClientID, UserID: r.UserID, SID: r.SID, SignInID: r.SignInID,
		Platform: openid.Platform(r.Platform), RedirectURI: r.RedirectURI, Scopes: strings.Fields(r.Scopes), Nonce: r.Nonce,
		CodeChallenge: r.CodeChallenge, AuthTime: r.AuthTime.UTC(), AMR: strings.Fields(r.AMR), ACR: r.ACR, ClientInfo: r.ClientInfo, Provider: r.Provider, Host: r.Host,
		Methods: strings.Fields(r.Methods), AAGUIDs: strings.Fields(r.AAGUIDs), Contexts: strings.Fields(r.Contexts), MFATime: timeOf(r.MFATime),
		CreatedAt: r.CreatedAt.UTC(), CodeHash: r.CodeHash, CodeExpiresAt: r.CodeExpiresAt.UTC(), CodeUsedAt: timeOf(r.CodeUsedAt),
		RefreshHash: r.RefreshHash, RefreshPrevious: r.RefreshPrevious, RotatedAt: timeOf(r.RotatedAt),
		RefreshExpiresAt: timeOf(r.RefreshExpiresAt), RevokedAt: timeOf(r.RevokedAt), RevokedFor: r.RevokedFor}
	if r.RenewedFrom != "" {
		g.RenewedFrom = &record.Signals{}
		if err := json.Unmarshal([]byte(r.RenewedFrom), g.RenewedFrom); err != nil {
			return g, badJSON("where tokens were renewed", r.ID, err)
		}
	}
	if r.Claims != "" {
		if err := json.Unmarshal([]byte(r.Claims), &g.Claims); err != nil {
			return g, err
		}
	}
	return g, nil
}

// OpenIDGrant finds a grant by its id.
func (t *Tenant) OpenIDGrant(ctx context.Context, id string) (openid.Grant, bool, error) {
	var row OpenIDGrantRow
	err := t.q(ctx).Where("id = ?", id).Take(&row).Error
	if isNotFound(err) {
		return openid.Grant{}, false, nil
	}
	if err != nil {
		return openid.Grant{}, false, err
	}
	g, err := row.value()
	return g, err == nil, err
}

// RedeemOpenIDCode consumes the code: true for exactly one caller (RFC 6749 §4.1.2).
func (t *Tenant) RedeemOpenIDCode(ctx context.Context, r openid.Redemption) (bool, error) {
	change := map[string]any{"scopes": strings.Join(r.Scopes, " ")}
	if r.RefreshHash != nil {
		change["refresh_hash"] = r.RefreshHash
		change["refresh_expires_at"] = r.RefreshExpiresAt.UTC()
		change["purge_at"] = r.RefreshExpiresAt.UTC().Add(keepUsed)
		change["renewed_from"] = renewedFrom(r.From)
	}
	return t.batchUpdate(ctx, func(db *gorm.DB) *gorm.DB {
		change["code_used_at"] = t.Now() // when it is written, not when it was asked: twins are told by it
		return db.Where("id = ? AND code_used_at IS NULL AND revoked_at IS NULL AND code_expires_at > ?", r.GrantID, r.Now.UTC()).UpdateColumns(change)
	})
}

// RotateOpenIDRefresh replaces the valid refresh token and records the sign-in, both or neither: true for
// exactly one caller.
func (t *Tenant) RotateOpenIDRefresh(ctx context.Context, r openid.Rotation) (bool, error) {
	var met int64
	err := t.InBatch(ctx, func(t *Tenant) error {
		u := t.w(ctx).Exec(`UPDATE openid_grants SET refresh_hash = ?, refresh_previous = ?, rotated_at = ?, refresh_expires_at = ?, purge_at = ?, renewed_from = ?
			WHERE tenant_id = ? AND id = ? AND refresh_hash = ? AND revoked_at IS NULL`, r.Successor, r.Presented, t.Now(), r.ExpiresAt.UTC(),
			r.ExpiresAt.UTC().Add(keepUsed), renewedFrom(r.Entry.Signals), t.ID, r.GrantID, r.Presented)
		if met = u.RowsAffected; u.Error != nil || met != 1 {
			return u.Error
		}
		return t.FoldSignIn(ctx, r.Entry)
	})
	return err == nil && met == 1, err
}

// renewedFrom keeps of a client what tells it from another one, and no more.
func renewedFrom(s record.Signals) string {
	if !s.IP.IsValid() {
		return ""
	}
	b, err := json.Marshal(record.Signals{IP: s.IP, Country: s.Country, City: s.City, ASN: s.ASN, Browser: s.Browser, OS: s.OS, Platform: s.Platform})
	if err != nil { // a coordinate that is no number is not among them
		return ""
	}
	return string(b)
}

// batchUpdate runs one conditional update with group commit and reports whether it met its row.
func (t *Tenant) batchUpdate(ctx context.Context, f func(*gorm.DB) *gorm.DB) (bool, error) {
	var met int64
	err := t.InBatch(ctx, func(t *Tenant) error {
		r := f(t.u(ctx).Model(&OpenIDGrantRow{}))
		met = r.RowsAffected
		return r.Error
	})
	return met == 1, err
}

func revoking(reason string, now time.Time) map[string]any {
	return map[string]any{"revoked_at": now.UTC(), "revoked_for": reason}
}

// RevokeOpenIDGrant ends a family. Ending it again changes nothing.
func (t *Tenant) RevokeOpenIDGrant(ctx context.Context, grantID, reason string, now time.Time) error {
	return t.u(ctx).Model(&OpenIDGrantRow{}).Where("id = ? AND revoked_at IS NULL", grantID).Updates(revoking(reason, now)).Error
}

// RevokeOpenIDSession ends what a single sign-on session gave.
func (t *Tenant) RevokeOpenIDSession(ctx context.Context, sid, reason string, now time.Time) error {
	return t.u(ctx).Model(&OpenIDGrantRow{}).Where("sid = ? AND revoked_at IS NULL", sid).Updates(revoking(reason, now)).Error
}

// RevokeOpenIDUser ends what a person gave to apps; clientID "" means to every app.
func (t *Tenant) RevokeOpenIDUser(ctx context.Context, userID, clientID, reason string, now time.Time) error {
	db := t.u(ctx).Model(&OpenIDGrantRow{}).Where("user_id = ? AND revoked_at IS NULL", userID)
	if clientID != "" {
		db = db.Where("client_id = ?", clientID)
	}
	return db.Updates(revoking(reason, now)).Error
}

// OpenIDSessionClients lists the apps that took part in a session: those that hold a live grant of it,
// and those that the session remembers longer than the grants.
func (t *Tenant) OpenIDSessionClients(ctx context.Context, sid string) ([]openid.SessionClient, error) {
	var out []openid.SessionClient
	err := t.q(ctx).Model(&OpenIDGrantRow{}).Where("sid = ? AND code_used_at IS NOT NULL AND revoked_at IS NULL", sid).
		Distinct("client_id", "user_id", "host").Order("client_id, host").Limit(200).Find(&out).Error
	if err != nil {
		return nil, err
	}
	remembered, err := t.sessionClients(ctx, sid)
	if err != nil || len(remembered) == 0 {
		return out, err
	}
	s, ok, err := t.SessionBySID(ctx, sid)
	if err != nil || !ok {
		return out, err
	}
	for _, r := range remembered {
		if !slices.ContainsFunc(out, func(c openid.SessionClient) bool { return c.ClientID == r.ClientID }) {
			out = append(out, openid.SessionClient{ClientID: r.ClientID, UserID: s.UserID, Host: r.Host})
		}
	}
	return out, nil
}

// PurgeOpenID deletes what nothing can come from any more, of every tenant, in small portions so that no
// writer waits long: a job.
func (s *Store) PurgeOpenID(ctx context.Context) error {
	const portion = 1000
	now := s.Now()
	for _, gone := range []struct {
		row   any
		key   string
		where string
		at    time.Time
	}{
		{&OpenIDGrantRow{}, "id", "purge_at < ?", now},
		{&OpenIDGrantRow{}, "id", "code_used_at IS NULL AND code_expires_at < ?", now.Add(-time.Hour)},
		{&OpenIDAssertionRow{}, "hash", "expires_at < ?", now},
		{&OpenIDRequestRow{}, "hash", "expires_at < ?", now},
	} {
		for {
			some := s.write.WithContext(ctx).Model(gone.row).Select(gone.key).Where(gone.where, gone.at).Limit(portion)
			r := s.write.WithContext(ctx).Where(gone.key+" IN (?)", some).Where(gone.where, gone.at).Delete(gone.row)
			if r.Error != nil {
				return r.Error
			}
			if r.RowsAffected < portion {
				break
			}
		}
	}
	return nil
}
