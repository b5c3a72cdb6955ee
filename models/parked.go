package models

import (
	"context"
	"net/url"
	"strings"
	"time"

	"gorm.io/gorm/clause"
)

// parked.go: answers that a provider posted across sites, until the browser comes for them.

// parkedFor is how long one waits; parkedMost how many wait for one departure: whoever has its state may post at will.
const (
	parkedFor  = 2 * time.Minute
	parkedMost = 5
)

func parkedContext(id string) string { return "parked answer:" + id }

// ParkAnswer keeps a form under the digest of its handle, which begins with what names the departure and a full stop. Each
// departure keeps its latest few: whoever knows a state may fill the room, but never keeps the person's own answer out,
// which is fetched the moment after it was posted.
func (t *Tenant) ParkAnswer(ctx context.Context, providerID, digest string, form url.Values) error {
	sealed, err := t.seal.Seal([]byte(form.Encode()), parkedContext(digest))
	if err != nil {
		return err
	}
	return t.InTx(ctx, func(t *Tenant) error {
		if err := t.w(ctx).Create(&ParkedAnswerRow{ID: digest, TenantID: t.ID, ProviderID: providerID, Form: sealed, ExpiresAt: t.Now().Add(parkedFor)}).Error; err != nil {
			return err
		}
		trip, _, ok := strings.Cut(digest, ".")
		if !ok {
			return nil
		}
		var others []string
		err := t.q(ctx).Model(&ParkedAnswerRow{}).Where("substr(id, 1, ?) = ? AND id <> ?", len(trip)+1, trip+".", digest).Order("expires_at DESC, id").Pluck("id", &others).Error
		if err != nil || len(others) < parkedMost {
			return err
		}
		return t.u(ctx).Where("id IN ?", others[parkedMost-1:]).Delete(&ParkedAnswerRow{}).Error
	})
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
