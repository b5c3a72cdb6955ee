package models

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync"
)

// sealVersion is the first byte of every sealed value: AES-256-GCM, 4-byte key id, 12-byte nonce.
const sealVersion = 1

const keyIDLen = 4

// ErrSealed means that a sealed value was made under a secret that is neither the current nor the
// previous one, was moved from another row, or was tampered with.
var ErrSealed = errors.New("models: sealed value does not open; is PORTICO_SECRET (or PORTICO_SECRET_PREVIOUS) the one it was sealed with?")

// keyring seals with the current secret and opens with the current or the previous one.
type keyring struct {
	current  sealKey
	previous *sealKey
	macRoot  []byte
	macs     sync.Map // purpose → derived key
}

type sealKey struct {
	id   [keyIDLen]byte
	aead cipher.AEAD
}

// NewSealer makes the sealer of an installation from its secret (32 random bytes) and, while a
// rotation lasts, the one before; previous may be nil. Every purpose has a key of its own, derived by
// HKDF-SHA-256 (RFC 5869), so the secret itself never meets data.
//
// What is sealed follows a rotation: Store.Reseal seals it anew. MACs are made with the present secret
// only, so nothing that must outlive a rotation may depend on one. What each use loses by a rotation:
//
//   - "signin.step", "signin.code", "signin.session" and "form tokens": a form or a code that is open
//     just then is refused kindly; the person asks for another code or starts the sign-in again.
//   - "lockout", "lockout.password", "lockout.code" and the keys of rate limits: counters begin at
//     nought, once for each rotation, which only the operator can bring about.
//   - "signin.trial": an admin's link to try a user flow marks no test any more; the admin makes another. The
//     dry run's own ("dry run signin.step" and so on) live within one request.
//   - "signin.known": a browser counts as new, once; the next sign-in from it marks it again.
//   - "openid refresh tag": tokens go on working, since the row's hash of the token decides. The tag only
//     tells the reuse of a token that is older than the row remembers from a guess: a token of before the
//     rotation that is used a second time is then refused without its family being revoked.
//   - "openid refresh successor": a client that repeats a refresh within ten seconds, once before and once
//     after the rotation, gets another successor and so seems to reuse its token: it signs in again.
//   - the paging links of the management API: a client in the middle of a list starts it again.
//   - "sample application secret": made anew at the next start, in development only.
//
// Pairwise subjects are an HMAC too, but under a tenant's own random key, which is sealed (openid_keys):
// they stay. Recovery codes are compared with hashes that are sealed (credentials).
func NewSealer(secret, previous []byte) (Sealer, error) {
	cur, err := newSealKey(secret)
	if err != nil {
		return nil, err
	}
	root, err := hkdf.Key(sha256.New, secret, nil, "portico mac root v1", 32)
	if err != nil {
		return nil, err
	}
	k := &keyring{current: cur, macRoot: root}
	if len(previous) > 0 && !bytes.Equal(previous, secret) {
		prev, err := newSealKey(previous)
		if err != nil {
			return nil, err
		}
		k.previous = &prev
	}
	return k, nil
}

func newSealKey(secret []byte) (sealKey, error) {
	var k sealKey
	if len(secret) < 32 {
		return k, fmt.Errorf("models: the secret has %d bytes; it needs at least 32", len(secret))
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "portico seal v1", 32)
	if err != nil {
		return k, err
	}
	id, err := hkdf.Key(sha256.New, secret, nil, "portico seal key id v1", keyIDLen)
	if err != nil {
		return k, err
	}
	copy(k.id[:], id)
	block, err := aes.NewCipher(key)
	if err != nil {
		return k, err
	}
	k.aead, err = cipher.NewGCM(block)
	return k, err
}

// Seal encrypts plain; only the same context opens it again.
func (k *keyring) Seal(plain []byte, context string) ([]byte, error) {
	head := 1 + keyIDLen + k.current.aead.NonceSize()
	out := make([]byte, head, head+len(plain)+k.current.aead.Overhead())
	out[0] = sealVersion
	copy(out[1:], k.current.id[:])
	nonce := out[1+keyIDLen : head]
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return k.current.aead.Seal(out, nonce, plain, []byte(context)), nil
}

// head is how everything begins that is sealed with the key.
func (k sealKey) head() []byte { return append([]byte{sealVersion}, k.id[:]...) }

// Heads implements Sealer.
func (k *keyring) Heads() (current, previous []byte) {
	if k.previous != nil {
		previous = k.previous.head()
	}
	return k.current.head(), previous
}

// Open decrypts what Seal made with the same context.
func (k *keyring) Open(sealed []byte, context string) ([]byte, error) {
	head := 1 + keyIDLen + k.current.aead.NonceSize()
	if len(sealed) < head || sealed[0] != sealVersion {
		return nil, ErrSealed
	}
	key := &k.current
	if subtle.ConstantTimeCompare(sealed[1:1+keyIDLen], key.id[:]) != 1 {
		if key = k.previous; key == nil || subtle.ConstantTimeCompare(sealed[1:1+keyIDLen], key.id[:]) != 1 {
			return nil, ErrSealed
		}
	}
	plain, err := key.aead.Open(nil, sealed[1+keyIDLen:head], sealed[head:], []byte(context))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// MAC is HMAC-SHA-256 under the purpose's own key.
func (k *keyring) MAC(purpose string, data []byte) []byte {
	key, ok := k.macs.Load(purpose)
	if !ok {
		derived, err := hkdf.Expand(sha256.New, k.macRoot, "mac:"+purpose, 32)
		if err != nil {
			panic("models: " + err.Error()) // only for a length that HKDF cannot give
		}
		key, _ = k.macs.LoadOrStore(purpose, derived)
	}
	m := hmac.New(sha256.New, key.([]byte))
	m.Write(data)
	return m.Sum(nil)
}
