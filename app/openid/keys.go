package openid

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"portico/app/audit"
)

// Signing algorithms (RFC 7518 §3.1, RFC 8037).
const (
	ES256 = "ES256"
	RS256 = "RS256"
	EdDSA = "EdDSA"

	pairwiseKey = "pairwise"
)

// Types of the tokens we sign; each has exactly one use (DESIGN §9.4).
const (
	typID     = "JWT"
	typAccess = "at+jwt"     // RFC 9068 §2.1
	typLogout = "logout+jwt" // OpenID Connect Back-Channel Logout 1.0 §2.4
)

// Times of a rotation. A new key is published at once and signs when every client that caches the key
// set has had time to see it; the old one stays published until the last token it signed has expired.
const (
	publishAhead = 24 * time.Hour
	retireAfter  = 25 * time.Hour // longest token lifetime, and an hour for clocks
	keepRetired  = 30 * 24 * time.Hour
	keysTTL      = time.Second
)

// signingKey is a parsed key with its signers, made once.
type signingKey struct {
	StoredKey
	public  crypto.PublicKey
	signers map[string]jose.Signer // by typ
}

// keySet is an immutable view of a tenant's keys.
type keySet struct {
	keys     []*signingKey
	pairwise []byte
	jwks     []byte
	etag     string
	readAt   time.Time
}

// keyRing holds every tenant's key set. What it does not know is read through.
type keyRing struct {
	stores Stores
	now    func() time.Time
	mu     sync.Mutex
	sets   map[string]*tenantKeys
}

type tenantKeys struct {
	mu  sync.Mutex // one loader or maker at a time
	set atomic.Pointer[keySet]
}

func (r *keyRing) of(tenantID string) *tenantKeys {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, ok := r.sets[tenantID]
	if !ok {
		t = &tenantKeys{}
		r.sets[tenantID] = t
	}
	return t
}

// get gives the tenant's keys, at most keysTTL old; fresh asks the store in any case.
func (r *keyRing) get(ctx context.Context, tenantID string, fresh bool) (*keySet, error) {
	t := r.of(tenantID)
	now := r.now()
	s := t.set.Load()
	if s != nil && !fresh {
		if age := now.Sub(s.readAt); age >= 0 && age < keysTTL {
			return s, nil
		}
		if !t.mu.TryLock() {
			return s, nil // somebody else is reading; what we have is a second old
		}
		defer t.mu.Unlock()
		return r.load(ctx, tenantID, t)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.set.Load(); s != nil && !fresh {
		return s, nil // it came while we waited
	}
	return r.load(ctx, tenantID, t)
}

// load reads the store; keys known already keep their signers. The caller holds t.mu.
func (r *keyRing) load(ctx context.Context, tenantID string, t *tenantKeys) (*keySet, error) {
	old := t.set.Load()
	readAt := r.now()
	stored, err := r.stores.OpenID(tenantID).OpenIDKeys(ctx)
	if err != nil {
		if old != nil {
			return old, nil // the database is away for a moment; the keys are still the keys
		}
		return nil, err
	}
	s := &keySet{readAt: readAt}
	for _, k := range stored {
		if k.Alg == pairwiseKey {
			if s.pairwise == nil {
				s.pairwise = k.Private
			}
			continue
		}
		if old != nil {
			if i := slices.IndexFunc(old.keys, func(o *signingKey) bool { return o.ID == k.ID }); i >= 0 {
				key := *old.keys[i]
				key.SignFrom, key.RetireAt = k.SignFrom, k.RetireAt
				s.keys = append(s.keys, &key)
				continue
			}
		}
		key, err := parseKey(k)
		if err != nil {
			return nil, fmt.Errorf("signing key %s: %w", k.ID, err)
		}
		s.keys = append(s.keys, key)
	}
	if err := s.publish(readAt); err != nil {
		return nil, err
	}
	t.set.Store(s)
	return s, nil
}

// publish makes the bytes of the key set document (RFC 7517 §5).
func (s *keySet) publish(now time.Time) error {
	doc := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, k := range s.keys {
		if !k.retired(now) {
			doc.Keys = append(doc.Keys, jose.JSONWebKey{Key: k.public, KeyID: k.ID, Algorithm: k.Alg, Use: "sig"})
		}
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	s.jwks, s.etag = b, etagOf(b)
	return nil
}

func etagOf(b []byte) string {
	h := sha256.Sum256(b)
	return `"` + base64.RawURLEncoding.EncodeToString(h[:12]) + `"`
}

// retired reports whether the key is out of the published set: no access token lives that long.
func (k *signingKey) retired(now time.Time) bool {
	return !k.RetireAt.IsZero() && !now.Before(k.RetireAt)
}

// revoked reports whether others may know the key: it is retired as of its making, so that nothing it ever
// signed counts.
func (k *signingKey) revoked() bool { return !k.RetireAt.IsZero() && !k.RetireAt.After(k.CreatedAt) }

// signing picks the newest key of the algorithm that may sign now.
func (s *keySet) signing(alg string, now time.Time) *signingKey {
	var best *signingKey
	for _, k := range s.keys {
		if k.Alg != alg || now.Before(k.SignFrom) || k.retired(now) {
			continue
		}
		if best == nil || k.SignFrom.After(best.SignFrom) || k.SignFrom.Equal(best.SignFrom) && k.ID > best.ID {
			best = k
		}
	}
	return best
}

func (s *keySet) byID(kid string) *signingKey {
	for _, k := range s.keys {
		if k.ID == kid {
			return k
		}
	}
	return nil
}

// signer gives the key to sign with, making the tenant's first key of the algorithm when there is none.
func (r *keyRing) signer(ctx context.Context, tenantID, alg string) (*signingKey, error) {
	if alg == "" {
		alg = ES256
	}
	s, err := r.get(ctx, tenantID, false)
	if err != nil {
		return nil, err
	}
	if k := s.signing(alg, r.now()); k != nil {
		return k, nil
	}
	t := r.of(tenantID)
	t.mu.Lock()
	defer t.mu.Unlock()
	if s, err = r.load(ctx, tenantID, t); err != nil {
		return nil, err
	}
	if k := s.signing(alg, r.now()); k != nil {
		return k, nil
	}
	now := r.now().UTC().Truncate(time.Microsecond)
	if err := r.add(ctx, firstUse(), tenantID, s, alg, now, now); err != nil {
		return nil, err
	}
	if s, err = r.load(ctx, tenantID, t); err != nil {
		return nil, err
	}
	if k := s.signing(alg, r.now()); k != nil {
		return k, nil
	}
	return nil, errors.New("openid: no key to sign with")
}

// known is secret where there is one already; it writes nothing.
func (r *keyRing) known(ctx context.Context, tenantID string) ([]byte, error) {
	s, err := r.get(ctx, tenantID, false)
	if err != nil {
		return nil, err
	}
	return s.pairwise, nil
}

// secret gives the tenant's pairwise secret, making it at first use.
func (r *keyRing) secret(ctx context.Context, tenantID string) ([]byte, error) {
	s, err := r.get(ctx, tenantID, false)
	if err != nil {
		return nil, err
	}
	if s.pairwise != nil {
		return s.pairwise, nil
	}
	t := r.of(tenantID)
	t.mu.Lock()
	defer t.mu.Unlock()
	if s, err = r.load(ctx, tenantID, t); err != nil {
		return nil, err
	}
	if s.pairwise != nil {
		return s.pairwise, nil
	}
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return nil, err
	}
	now := r.now().UTC().Truncate(time.Microsecond)
	id := sha256.Sum256(b)
	err = r.stores.OpenID(tenantID).AddOpenIDKey(ctx, firstUse(), StoredKey{ID: base64.RawURLEncoding.EncodeToString(id[:]),
		Alg: pairwiseKey, Private: b, CreatedAt: now, SignFrom: now})
	if err != nil {
		return nil, err
	}
	if s, err = r.load(ctx, tenantID, t); err != nil {
		return nil, err
	}
	if s.pairwise == nil {
		return nil, errors.New("openid: no pairwise secret")
	}
	return s.pairwise, nil
}

// firstUse is who makes keys that a token needs and that are not there yet.
func firstUse() audit.Actor { return audit.System("first use") }

func (r *keyRing) add(ctx context.Context, by audit.Actor, tenantID string, s *keySet, alg string, now, signFrom time.Time) error {
	k, err := newKey(alg)
	if err != nil {
		return err
	}
	k.CreatedAt, k.SignFrom = now, signFrom
	for _, have := range s.keys {
		if have.Alg == alg {
			k.Turn = max(k.Turn, have.Turn+1)
		}
	}
	return r.stores.OpenID(tenantID).AddOpenIDKey(ctx, by, k)
}

// newKey makes a key; its id is the thumbprint of its public half (RFC 7638).
func newKey(alg string) (StoredKey, error) {
	var private crypto.Signer
	var err error
	switch alg {
	case ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RS256:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		return StoredKey{}, fmt.Errorf("openid: unknown signing algorithm %q", alg)
	}
	if err != nil {
		return StoredKey{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return StoredKey{}, err
	}
	thumb, err := (&jose.JSONWebKey{Key: private.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return StoredKey{}, err
	}
	return StoredKey{ID: base64.RawURLEncoding.EncodeToString(thumb), Alg: alg, Private: der}, nil
}

func parseKey(k StoredKey) (*signingKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(k.Private)
	if err != nil {
		return nil, err
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("not a signing key")
	}
	out := &signingKey{StoredKey: k, public: private.Public(), signers: map[string]jose.Signer{}}
	out.Private = nil
	for _, typ := range []string{typID, typAccess, typLogout} {
		opts := (&jose.SignerOptions{}).WithType(jose.ContentType(typ))
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.Alg),
			Key: jose.JSONWebKey{Key: parsed, KeyID: k.ID}}, opts)
		if err != nil {
			return nil, err
		}
		out.signers[typ] = s
	}
	return out, nil
}

// sign makes a compact JWS of the claims.
func (k *signingKey) sign(typ string, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	jws, err := k.signers[typ].Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

// KeyInfo is what an admin may see of a key.
type KeyInfo struct {
	ID        string
	Alg       string
	CreatedAt time.Time
	SignFrom  time.Time
	RetireAt  time.Time
}

// Keys lists a tenant's keys, newest first.
func (p *Provider) Keys(ctx context.Context, tenantID string) ([]KeyInfo, error) {
	s, err := p.keys.get(ctx, tenantID, true)
	if err != nil {
		return nil, err
	}
	var out []KeyInfo
	for _, k := range s.keys {
		out = append(out, KeyInfo{k.ID, k.Alg, k.CreatedAt, k.SignFrom, k.RetireAt})
	}
	slices.SortFunc(out, func(a, b KeyInfo) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return out, nil
}

// EnsureKeys makes a tenant's first keys; calling it again does nothing.
func (p *Provider) EnsureKeys(ctx context.Context, tenantID string) error {
	if _, err := p.keys.signer(ctx, tenantID, ES256); err != nil {
		return err
	}
	_, err := p.keys.secret(ctx, tenantID)
	return err
}

// RotateKeys publishes a successor for each algorithm in use; it signs after publishAhead, and the
// former key is retired when the last token that it signed has expired. Immediately is for a key that
// others may know: the new key signs at once, and nothing that any key before it signed counts any more,
// hints included.
func (p *Provider) RotateKeys(ctx context.Context, by audit.Actor, tenantID string, immediately bool) error {
	t := p.keys.of(tenantID)
	t.mu.Lock()
	defer t.mu.Unlock()
	s, err := p.keys.load(ctx, tenantID, t)
	if err != nil {
		return err
	}
	now := p.now().UTC().Truncate(time.Microsecond)
	for _, alg := range []string{ES256, RS256, EdDSA} {
		if immediately {
			err = p.replaceKeys(ctx, by, tenantID, s, alg, now)
		} else {
			err = p.succeedKey(ctx, by, tenantID, s, alg, now)
		}
		if err != nil {
			return err
		}
	}
	_, err = p.keys.load(ctx, tenantID, t)
	return err
}

// succeedKey begins an ordinary rotation of one algorithm, unless one is under way.
func (p *Provider) succeedKey(ctx context.Context, by audit.Actor, tenantID string, s *keySet, alg string, now time.Time) error {
	if s.signing(alg, now) == nil || slices.ContainsFunc(s.keys, func(k *signingKey) bool {
		return k.Alg == alg && now.Before(k.SignFrom) && !k.retired(now)
	}) {
		return nil
	}
	if err := p.keys.add(ctx, by, tenantID, s, alg, now, now.Add(publishAhead)); err != nil {
		return err
	}
	retire := now.Add(publishAhead + retireAfter)
	for _, k := range s.keys {
		if k.Alg == alg && (k.RetireAt.IsZero() || k.RetireAt.After(retire)) {
			if err := p.stores.OpenID(tenantID).RetireOpenIDKey(ctx, by, k.ID, retire); err != nil {
				return err
			}
		}
	}
	return nil
}

// replaceKeys makes a new key of an algorithm in use and revokes every other. The new one comes first: when
// the second half fails, calling again completes it.
func (p *Provider) replaceKeys(ctx context.Context, by audit.Actor, tenantID string, s *keySet, alg string, now time.Time) error {
	if !slices.ContainsFunc(s.keys, func(k *signingKey) bool { return k.Alg == alg }) {
		return nil
	}
	if err := p.keys.add(ctx, by, tenantID, s, alg, now, now); err != nil {
		return err
	}
	for _, k := range s.keys {
		if k.Alg == alg && !k.revoked() {
			if err := p.stores.OpenID(tenantID).RetireOpenIDKey(ctx, by, k.ID, k.CreatedAt); err != nil {
				return err
			}
		}
	}
	return nil
}

// MaintainKeys is the rotation job of one tenant: it rotates when the signing key is older than age and
// deletes keys that have been retired for a while.
func (p *Provider) MaintainKeys(ctx context.Context, tenantID string, age time.Duration) error {
	s, err := p.keys.get(ctx, tenantID, true)
	if err != nil {
		return err
	}
	now := p.now()
	for _, alg := range []string{ES256, RS256, EdDSA} {
		if k := s.signing(alg, now); k != nil && now.Sub(k.SignFrom) > age {
			if err := p.RotateKeys(ctx, audit.System("rotate signing keys"), tenantID, false); err != nil {
				return err
			}
			break
		}
	}
	return p.stores.OpenID(tenantID).PurgeOpenIDKeys(ctx, now.Add(-keepRetired))
}
