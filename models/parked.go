package models

import (
	"context"
	"net/url"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/fault"
)

// parked.go: answers that a provider posted across sites, until the browser comes for them.

// parkedFor is how long one waits; parkedMost how many wait for one departure: whoever has its state may post at will.
const (
	parkedFor  = 2 * time.Minute
	parkedMost = 5
)

func parkedContext(id string) string { return "parked answer:" + id }

// ParkAnswer keeps a form under the digest of its handle, which begins with what names the departure and a full stop.
func (t *Tenant) ParkAnswer(ctx context.Context, providerID, digest string, form url.Values) error {
	if trip, _, ok := strings.Cut(digest, "."); ok {
		var waiting int64
		if err := t.q(ctx).Model(&ParkedAnswerRow{}).Where("substr(id, 1, ?) = ? AND expires_at > ?", len(trip)+1, trip+".", t.Now()).Count(&waiting).Error; err != nil {
			return err
		}
		if waiting >= parkedMost {
			return fault.New(fault.TooMany, "error.too_many")
		}
	}
	sealed, err := t.seal.Seal([]byte(form.Encode()), parkedContext(digest))
	if err != nil {
		return err
	}
	return t.w(ctx).Create(&ParkedAnswerRow{ID: digest, TenantID: t.ID, ProviderID: providerID, Form: sealed, ExpiresAt: t.Now().Add(parkedFor)}).Error
}

// TakeParked gives a parked form to exactly one caller: false when it was taken, has expired or is another provider's.
func (t *Tenant) TakeParked(ctx context.Context, providerID, digest string) (url.Values, bool, error) {
	var rows []ParkedAnswerRow
	err := t.u(ctx).Clauses(clause.Returning{}).Where("id = ? AND provider_id = ? AND expires_at > ?", digest, providerID, t.Now()).Delete(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, false, err
	}
	plain, err := t.seal.Open(rows[0].Form, parkedContext(digest))
	if err != nil {
		return nil, false, err
	}
	form, err := url.ParseQuery(string(plain))
	return form, err == nil, err
}
