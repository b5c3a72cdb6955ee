package models

import (
	"context"
	"net/url"
	"time"

	"gorm.io/gorm/clause"
)

// parked.go: answers that a provider posted across sites, until the browser comes for them.

// parkedFor is how long one waits.
const parkedFor = 2 * time.Minute

func parkedContext(id string) string { return "parked answer:" + id }

// ParkAnswer keeps a form under the digest of its handle.
func (t *Tenant) ParkAnswer(ctx context.Context, providerID, digest string, form url.Values) error {
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
