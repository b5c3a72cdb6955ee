package models

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"portico/app/fault"
)

// Purposes of one-time links. A link works for its purpose only.
const (
	LinkSetup      = "setup"       // makes the first admin
	LinkAdminLogin = "admin-login" // lets an admin in who has no factor (yet, or any more)
)

// OneTimeLinkRow is a link that works once. Only the SHA-256 of its token is stored.
type OneTimeLinkRow struct {
	ID        string `gorm:"primaryKey;size:36"`
	TenantID  string `gorm:"size:36;index:one_time_links_tenant"`
	Purpose   string `gorm:"size:32"`
	UserID    string `gorm:"size:36"` // "" for setup
	Hash      []byte `gorm:"size:32;uniqueIndex:one_time_links_hash"`
	ExpiresAt time.Time
	UsedAt    *time.Time
	CreatedAt time.Time
}

func (OneTimeLinkRow) TableName() string { return "one_time_links" }

// Link is what a valid token stands for.
type Link struct {
	ID        string
	Purpose   string
	UserID    string
	ExpiresAt time.Time
}

// CreateLink makes a token for a purpose and, unless it is for set-up, a person. Earlier unused links of
// the same purpose and person stop working: the newest is the one that counts.
func (t *Tenant) CreateLink(ctx context.Context, purpose, userID string, lifetime time.Duration) (token string, err error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	token = base64.RawURLEncoding.EncodeToString(raw)
	hash := sha256.Sum256([]byte(token))
	return token, t.InTx(ctx, func(t *Tenant) error {
		if err := t.u(ctx).Where("purpose = ? AND user_id = ?", purpose, userID).Delete(&OneTimeLinkRow{}).Error; err != nil {
			return err
		}
		return t.w(ctx).Create(&OneTimeLinkRow{ID: NewID(), TenantID: t.ID, Purpose: purpose, UserID: userID, Hash: hash[:],
			ExpiresAt: t.Now().Add(lifetime), CreatedAt: t.Now()}).Error
	})
}

// PeekLink says what a token stands for without using it up: for the page that a link opens. A used,
// old or unknown token is fault.Expired alike.
func (t *Tenant) PeekLink(ctx context.Context, purpose, token string) (Link, error) {
	hash := sha256.Sum256([]byte(token))
	var r OneTimeLinkRow
	err := t.q(ctx).Where("hash = ? AND purpose = ? AND used_at IS NULL AND expires_at > ?", hash[:], purpose, t.Now()).Take(&r).Error
	if isNotFound(err) {
		return Link{}, fault.New(fault.Expired, "error.expired")
	}
	return Link{ID: r.ID, Purpose: r.Purpose, UserID: r.UserID, ExpiresAt: r.ExpiresAt.UTC()}, err
}

// ConsumeLink uses a token up; call it for a POST only, in the transaction of what it allows. Exactly
// one caller succeeds.
func (t *Tenant) ConsumeLink(ctx context.Context, purpose, token string) (Link, error) {
	l, err := t.PeekLink(ctx, purpose, token)
	if err != nil {
		return Link{}, err
	}
	r := t.u(ctx).Model(&OneTimeLinkRow{}).Where("id = ? AND used_at IS NULL AND expires_at > ?", l.ID, t.Now()).UpdateColumn("used_at", t.Now())
	if r.Error == nil && r.RowsAffected == 0 {
		return Link{}, fault.New(fault.Expired, "error.expired")
	}
	return l, r.Error
}

// HasLink reports whether an unused link of the purpose is still good.
func (t *Tenant) HasLink(ctx context.Context, purpose string) (bool, error) {
	var ids []string
	err := t.q(ctx).Model(&OneTimeLinkRow{}).Where("purpose = ? AND used_at IS NULL AND expires_at > ?", purpose, t.Now()).Limit(1).Pluck("id", &ids).Error
	return len(ids) > 0, err
}

// PurgeLinks forgets up to limit links that ended before a time.
func (s *Store) PurgeLinks(ctx context.Context, before time.Time, limit int) (int, error) {
	old := s.write.WithContext(ctx).Model(&OneTimeLinkRow{}).Select("id").Where("expires_at < ?", before.UTC()).Limit(limit)
	r := s.write.WithContext(ctx).Where("id IN (?)", old).Delete(&OneTimeLinkRow{})
	return int(r.RowsAffected), r.Error
}
