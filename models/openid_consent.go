package models

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/audit"
	"portico/app/openid"
)

// OpenIDConsentRow is what a person agreed to give to an app.
type OpenIDConsentRow struct {
	TenantID  string `gorm:"primaryKey;size:36"`
	UserID    string `gorm:"primaryKey;size:36"`
	ClientID  string `gorm:"primaryKey;size:36"`
	Scopes    string `gorm:"type:text"` // separated by spaces
	CreatedAt time.Time
	UpdatedAt time.Time
}

func (OpenIDConsentRow) TableName() string { return "openid_consents" }

// Consent is one agreement.
type Consent struct {
	ClientID  string
	Scopes    []string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Consented lists the scopes that a person agreed to for an app.
func (t *Tenant) Consented(ctx context.Context, userID, clientID string) ([]string, error) {
	var row OpenIDConsentRow
	err := t.q(ctx).Where("user_id = ? AND client_id = ?", userID, clientID).Take(&row).Error
	if isNotFound(err) {
		return nil, nil
	}
	return strings.Fields(row.Scopes), err
}

// SaveConsent adds to what a person agreed to.
func (t *Tenant) SaveConsent(ctx context.Context, userID, clientID string, scopes []string, now time.Time) error {
	return t.InTx(ctx, func(t *Tenant) error {
		var row OpenIDConsentRow
		err := t.lock(ctx).Where("user_id = ? AND client_id = ?", userID, clientID).Take(&row).Error
		if err != nil && !isNotFound(err) {
			return err
		}
		all := strings.Fields(row.Scopes)
		for _, s := range scopes {
			known := false
			for _, have := range all {
				known = known || strings.EqualFold(have, s)
			}
			if !known {
				all = append(all, s)
			}
		}
		if was := strings.Fields(row.Scopes); len(all) > len(was) || isNotFound(err) {
			var name []string
			if err := t.q(ctx).Model(&UserRow{}).Where("id = ?", userID).Pluck("display_name", &name).Error; err != nil {
				return err
			}
			who := strings.Join(name, "")
			if err := t.writeAudit(ctx, audit.Actor{Kind: audit.ActorUser, ID: userID, Name: who}, audit.Event{Activity: "Consent to application", Category: "UserManagement",
				Operation: "Add", Target: audit.Target{Kind: "user", ID: userID, Name: who}, Changes: []audit.Change{{Property: "application", New: clientID}, {Property: "scopes", Old: was, New: all}}}); err != nil {
				return err
			}
		}
		now = now.UTC().Truncate(time.Microsecond)
		return t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tenant_id"}, {Name: "user_id"}, {Name: "client_id"}},
			DoUpdates: clause.AssignmentColumns([]string{"scopes", "updated_at"})}).
			Create(&OpenIDConsentRow{TenantID: t.ID, UserID: userID, ClientID: clientID, Scopes: strings.Join(all, " "),
				CreatedAt: now, UpdatedAt: now}).Error
	})
}

// Consents lists a person's agreements, newest first.
func (t *Tenant) Consents(ctx context.Context, userID string) ([]Consent, error) {
	var rows []OpenIDConsentRow
	if err := t.q(ctx).Where("user_id = ?", userID).Order("updated_at DESC").Limit(200).Find(&rows).Error; err != nil {
		return nil, err
	}
	var out []Consent
	for _, r := range rows {
		out = append(out, Consent{ClientID: r.ClientID, Scopes: strings.Fields(r.Scopes), CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC()})
	}
	return out, nil
}

// WithdrawConsent forgets an agreement and ends every token that rested on it.
func (t *Tenant) WithdrawConsent(ctx context.Context, userID, clientID string) error {
	return t.InTx(ctx, func(t *Tenant) error {
		if err := t.u(ctx).Where("user_id = ? AND client_id = ?", userID, clientID).Delete(&OpenIDConsentRow{}).Error; err != nil {
			return err
		}
		return t.RevokeOpenIDUser(ctx, userID, clientID, openid.RevokedForConsent, t.Now())
	})
}
