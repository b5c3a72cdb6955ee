package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/federation"
)

// ExpiringCredential is a secret or certificate of an application, or the secret of an identity provider, that ends soon
// or has just ended.
type ExpiringCredential struct {
	ID              string
	ApplicationID   string // "" = an identity provider's
	ApplicationName string
	ProviderID      string // "" = an application's
	ProviderName    string
	Host            string // one of the tenant's own; "" = an application's or an identity provider's
	Sender          string // the address that mails come from; "" = something else
	Kind            string // secret, certificate, encryption, domain, host or sender (its record is gone)
	Name            string
	ExpiresAt       time.Time
}

// noticeDays are the distances at which admins are told, the nearest first.
func noticeDays() []int { return []int{0, 1, 7, 30} }

// ExpirySoon is how long before its end a credential is listed.
const ExpirySoon = 30 * 24 * time.Hour

// Of is the name of what uses the credential.
func (c ExpiringCredential) Of() string {
	if c.Host != "" {
		return c.Host
	}
	if c.Sender != "" {
		return c.Sender
	}
	if c.ProviderID != "" {
		return c.ProviderName
	}
	return c.ApplicationName
}

// Expiring lists the credentials that end within ExpirySoon or have ended since yesterday, the nearest end
// first. Applications and identity providers that are off or deleted need no new key.
func (t *Tenant) Expiring(ctx context.Context) ([]ExpiringCredential, error) {
	now := t.Now()
	var rows []struct {
		ApplicationCredentialRow
		AppName string
	}
	err := t.r(ctx).Model(&ApplicationCredentialRow{}).Select("application_credentials.*, applications.name AS app_name").
		Joins("JOIN applications ON applications.id = application_credentials.application_id AND applications.tenant_id = application_credentials.tenant_id").
		Where("application_credentials.tenant_id = ? AND applications.enabled AND applications.deleted_at IS NULL", t.ID).
		Where("application_credentials.expires_at > ? AND application_credentials.expires_at <= ?", now.Add(-24*time.Hour), now.Add(ExpirySoon)).
		Order("application_credentials.expires_at, application_credentials.id").Limit(200).Find(&rows).Error
	out := make([]ExpiringCredential, len(rows))
	for i, r := range rows {
		out[i] = ExpiringCredential{ID: r.ID, ApplicationID: r.ApplicationID, ApplicationName: r.AppName, Kind: r.Kind, Name: r.Name, ExpiresAt: timeOf(r.ExpiresAt)}
	}
	if err != nil {
		return nil, err
	}
	hosts, err := t.lostHosts(ctx)
	if err != nil {
		return nil, err
	}
	sender, err := t.lostSender(ctx)
	if err != nil {
		return nil, err
	}
	providers, err := t.expiringProviders(ctx, now)
	out = slices.Concat(out, hosts, sender, providers)
	slices.SortStableFunc(out, func(a, b ExpiringCredential) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
	return out, err
}

func (t *Tenant) expiringProviders(ctx context.Context, now time.Time) ([]ExpiringCredential, error) {
	out, err := t.expiringCertificates(ctx, now)
	if err != nil {
		return nil, err
	}
	lost, err := t.lostDomains(ctx)
	if err != nil {
		return nil, err
	}
	out = append(out, lost...)
	var rows []ProviderRow
	if err := t.q(ctx).Where("enabled AND secret_expires_at > ? AND secret_expires_at <= ?", now.Add(-24*time.Hour), now.Add(ExpirySoon)).Order("secret_expires_at, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	for _, r := range rows {
		p, err := r.value()
		if err != nil {
			return nil, err
		}
		if p.HasSecret {
			out = append(out, ExpiringCredential{ID: secretOf(p), ProviderID: p.ID, ProviderName: p.Name, Kind: "secret", ExpiresAt: p.SecretExpiresAt})
		}
	}
	return out, nil
}

// expiringCertificates are those that an admin entered for a company that speaks SAML: when its last one ends, nobody comes
// in by it. Where certificates come from metadata, new ones arrive by themselves.
func (t *Tenant) expiringCertificates(ctx context.Context, now time.Time) ([]ExpiringCredential, error) {
	var rows []ProviderRow
	if err := t.q(ctx).Where("enabled AND kind = ?", string(federation.SAML)).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]ExpiringCredential, 0, len(rows))
	for _, r := range rows {
		p, err := r.value()
		if err != nil {
			return nil, err
		}
		if end := federation.SAMLEnds(p.Provider); end.After(now.Add(-24*time.Hour)) && !end.After(now.Add(ExpirySoon)) {
			p.SecretExpiresAt = end
			out = append(out, ExpiringCredential{ID: secretOf(p), ProviderID: p.ID, ProviderName: p.Name, Kind: "certificate", ExpiresAt: end})
		}
	}
	return out, nil
}

// secretOf names a provider's secret: the one that replaces it, with another last day, is told of anew.
func secretOf(p IdentityProvider) string {
	sum := sha256.Sum256([]byte(p.ID + " " + strconv.FormatInt(p.SecretExpiresAt.Unix(), 10)))
	return hex.EncodeToString(sum[:16])
}

// TellExpiring calls tell, in the transaction that remembers it, when a credential has come nearer to its end
// than admins were told: once for each distance, over any number of instances. tell gets everything that is
// expiring, so that one mail says it all.
func (t *Tenant) TellExpiring(ctx context.Context, tell func(*Tenant, []ExpiringCredential) error) error {
	all, err := t.Expiring(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	return t.InTx(ctx, func(t *Tenant) error {
		news := false
		for _, c := range all {
			days, due := distance(t.Now(), c.ExpiresAt)
			if !due {
				continue
			}
			r := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&ExpiryNoticeRow{TenantID: t.ID, CredentialID: c.ID, Days: days, CreatedAt: t.Now()})
			if r.Error != nil {
				return r.Error
			}
			news = news || r.RowsAffected == 1
		}
		if !news {
			return nil
		}
		if err := t.u(ctx).Where("created_at < ?", t.Now().AddDate(0, 0, -90)).Delete(&ExpiryNoticeRow{}).Error; err != nil {
			return err
		}
		return tell(t, all)
	})
}

// distance is the nearest distance, in days of the calendar, that the end has come within.
func distance(now, end time.Time) (days int, due bool) {
	day := func(at time.Time) time.Time { return at.UTC().Truncate(24 * time.Hour) }
	left := int(day(end).Sub(day(now)) / (24 * time.Hour))
	for _, d := range noticeDays() {
		if left <= d {
			return d, true
		}
	}
	return 0, false
}
