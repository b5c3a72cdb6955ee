package models

import (
	"context"
	"time"

	"gorm.io/gorm/clause"
)

// OpenIDAssertionRow remembers the id of a client assertion until it expires, so that each is used
// once (RFC 7523 §3). Only proven clients get this far, so strangers cannot grow the table.
type OpenIDAssertionRow struct {
	TenantID  string    `gorm:"primaryKey;size:36"`
	ClientID  string    `gorm:"primaryKey;size:36"`
	Hash      []byte    `gorm:"primaryKey"`
	ExpiresAt time.Time `gorm:"index:openid_assertions_expiry"`
}

func (OpenIDAssertionRow) TableName() string { return "openid_assertions" }

// UseOpenIDAssertion is true for the first caller with this id.
func (t *Tenant) UseOpenIDAssertion(ctx context.Context, clientID string, hash []byte, now, expires time.Time) (bool, error) {
	var first bool
	err := t.InBatch(ctx, func(t *Tenant) error {
		r := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&OpenIDAssertionRow{TenantID: t.ID, ClientID: clientID,
			Hash: hash, ExpiresAt: expires.UTC()})
		first = r.RowsAffected == 1
		return r.Error
	})
	return first, err
}

// OpenIDRequestRow is an authorization request that came by POST, parked until the browser's own GET
// fetches it by a one-time handle (DESIGN §9.12). Body is sealed: it may name a person.
type OpenIDRequestRow struct {
	Hash      []byte `gorm:"primaryKey"`
	TenantID  string `gorm:"size:36;index:openid_requests_tenant"`
	Body      []byte
	ExpiresAt time.Time `gorm:"index:openid_requests_expiry"`
}

func (OpenIDRequestRow) TableName() string { return "openid_requests" }

func openIDRequestSeal(tenantID string) string { return "openid request " + tenantID }

// maxParked bounds what strangers can park in one tenant; past it the oldest go.
const maxParked = 10_000

// ParkOpenIDRequest stores a request under the hash of its handle.
func (t *Tenant) ParkOpenIDRequest(ctx context.Context, hash []byte, body string, now, expires time.Time) error {
	sealed, err := t.seal.Seal([]byte(body), openIDRequestSeal(t.ID))
	if err != nil {
		return err
	}
	return t.InTx(ctx, func(t *Tenant) error {
		if err := t.u(ctx).Where("expires_at < ?", now.UTC()).Delete(&OpenIDRequestRow{}).Error; err != nil {
			return err
		}
		var n int64
		if err := t.u(ctx).Model(&OpenIDRequestRow{}).Count(&n).Error; err != nil {
			return err
		}
		if n >= maxParked {
			oldest := t.u(ctx).Model(&OpenIDRequestRow{}).Select("hash").Order("expires_at").Limit(maxParked / 10)
			if err := t.u(ctx).Where("hash IN (?)", oldest).Delete(&OpenIDRequestRow{}).Error; err != nil {
				return err
			}
		}
		return t.w(ctx).Create(&OpenIDRequestRow{Hash: hash, TenantID: t.ID, Body: sealed, ExpiresAt: expires.UTC()}).Error
	})
}

// TakeOpenIDRequest gives a parked request to exactly one caller.
func (t *Tenant) TakeOpenIDRequest(ctx context.Context, hash []byte, now time.Time) (string, bool, error) {
	var row OpenIDRequestRow
	err := t.q(ctx).Where("hash = ? AND expires_at > ?", hash, now.UTC()).Take(&row).Error
	if isNotFound(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	r := t.u(ctx).Where("hash = ?", hash).Delete(&OpenIDRequestRow{})
	if r.Error != nil || r.RowsAffected != 1 {
		return "", false, r.Error
	}
	body, err := t.seal.Open(row.Body, openIDRequestSeal(t.ID))
	return string(body), err == nil, err
}
