package models

import (
	"context"
	"crypto"
	"strings"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/federation"
)

// ProviderSecret is what an admin sends of a provider's secrets; nothing of it means that they stay.
type ProviderSecret struct {
	Client    string    // client secret
	ExpiresAt time.Time // of the client secret, as the provider's console says; zero = never or unknown
	Expires   bool      // ExpiresAt was said
	Key       string    // private key as PEM
	// GiveUp lets the client secret go when the provider is elsewhere now; without it, it has to be sent again.
	GiveUp bool
}

func providerSeal(id string) string    { return "identity provider " + id }
func providerKeySeal(id string) string { return "identity provider key " + id }

// ProviderSecrets opens a provider's secrets for one round trip.
func (t *Tenant) ProviderSecrets(ctx context.Context, id string) (federation.Secrets, error) {
	var r ProviderRow
	if err := t.q(ctx).Select("id", "secret", "key").Where("id = ?", id).Take(&r).Error; err != nil {
		return federation.Secrets{}, found(err)
	}
	return t.openProvider(r)
}

func (s *Store) openProvider(r ProviderRow) (federation.Secrets, error) {
	var out federation.Secrets
	if len(r.Secret) > 0 {
		plain, err := s.seal.Open(r.Secret, providerSeal(r.ID))
		if err != nil {
			return out, err
		}
		out.Client = string(plain)
	}
	if len(r.Key) > 0 {
		der, err := s.seal.Open(r.Key, providerKeySeal(r.ID))
		if err != nil {
			return out, err
		}
		if out.Key, err = federation.OpenKey(der); err != nil {
			return out, err
		}
		if out.KeyID, err = federation.KeyID(out.Key); err != nil {
			return out, err
		}
		out.Open, _ = out.Key.(crypto.Decrypter) // SAML: the key that signs requests opens assertions
	}
	return out, nil
}

// keep seals what was sent into the row and tells what changed, never the secrets themselves.
func (t *Tenant) keepSecrets(r *ProviderRow, p federation.Provider, s ProviderSecret, d *differences) error {
	if secret := strings.TrimSpace(s.Client); secret != "" {
		if len(secret) > 4096 || strings.ContainsFunc(secret, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			return fault.BadField("clientSecret", "provider.secret.bad", nil)
		}
		sealed, err := t.seal.Seal([]byte(secret), providerSeal(r.ID))
		if err != nil {
			return err
		}
		r.Secret, r.SecretHint, r.SecretExpiresAt = sealed, lastFour(secret), nil
		d.note("clientSecret", "", "changed", "was changed", audit.Secret)
	}
	if s.Expires {
		at := micro(s.ExpiresAt)
		d.note("clientSecretExpiresAt", "", timeOf(r.SecretExpiresAt), at, audit.Public)
		r.SecretExpiresAt = timePtr(at)
	}
	if strings.TrimSpace(s.Key) == "" {
		return nil
	}
	key, der, err := federation.ParseKey([]byte(s.Key))
	if err != nil || p.Kind == federation.Apple && !federation.AppleKey(key) {
		return fault.BadField("privateKey", "provider.key.bad", nil)
	}
	sealed, err := t.seal.Seal(der, providerKeySeal(r.ID))
	if err != nil {
		return err
	}
	r.Key = sealed
	d.note("privateKey", "", "changed", "was changed", audit.Secret)
	return nil
}

// lastFour shows an admin which secret it is; of a short one it would show too much.
func lastFour(secret string) string {
	if len(secret) < 16 {
		return "…"
	}
	return secret[len(secret)-4:]
}
