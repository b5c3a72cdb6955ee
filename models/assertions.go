package models

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/federation"
)

// assertions.go: what SAML needs of the store.

// UseAssertion remembers an assertion until then: true for the first caller, and for nobody after. what is a digest of
// the provider and of the assertion's id; the tenant makes it its own.
func (t *Tenant) UseAssertion(ctx context.Context, what string, until time.Time) (bool, error) {
	res := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&UsedAssertionRow{ID: t.assertionKey(what), TenantID: t.ID, ExpiresAt: micro(until)})
	return res.RowsAffected == 1, res.Error
}

// assertionKey keeps tenants apart: two of them may have the same company.
func (t *Tenant) assertionKey(what string) string { return keyHash(t.ID + " assertion " + what) }

// ownKey gives a provider the key by which we sign requests and open assertions (SAML), or prove who we are
// (private_key_jwt), once, when it is made: making one takes long enough not to be done inside a transaction.
func ownKey(p federation.Provider, s ProviderSecret) (ProviderSecret, error) {
	if !OwnKey(p) || strings.TrimSpace(s.Key) != "" {
		return s, nil
	}
	var err error
	s.Key, err = federation.NewKey(rand.Reader)
	return s, err
}

// OwnKey reports whether a provider has a key that is made here; Apple's is made there.
func OwnKey(p federation.Provider) bool {
	return p.Kind == federation.SAML || p.Kind != federation.Apple && p.ClientAuth == federation.PrivateKeyJWT
}
