package federation

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"

	"github.com/go-jose/go-jose/v4"
)

// ErrKey means that a text holds no private key that can be used.
var ErrKey = errors.New("not a private key in PEM (PKCS #8) of a kind that can be used")

// ParseKey reads a private key as Apple gives it out (.p8): PEM with PKCS #8. It gives the key as it is stored, too.
func ParseKey(text []byte) (crypto.Signer, []byte, error) {
	block, _ := pem.Decode(bytes.TrimSpace(text))
	if block == nil || len(text) > 16<<10 {
		return nil, nil, ErrKey
	}
	key, err := OpenKey(block.Bytes)
	if err != nil {
		return nil, nil, err
	}
	return key, block.Bytes, nil
}

// OpenKey reads a stored key.
func OpenKey(der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, ErrKey
	}
	signer, ok := key.(crypto.Signer)
	if _, err := algorithmOf(key); !ok || err != nil {
		return nil, ErrKey
	}
	if k, ok := key.(*rsa.PrivateKey); ok && k.N.BitLen() < 2048 {
		return nil, ErrKey
	}
	return signer, nil
}

// AppleKey reports whether a key is one that Apple gives out: P-256.
func AppleKey(key crypto.Signer) bool {
	k, ok := key.(*ecdsa.PrivateKey)
	return ok && k.Curve.Params().BitSize == 256
}

// NewKey makes a key by which we prove who we are (private_key_jwt): RSA, which every provider takes.
func NewKey(random io.Reader) (string, error) {
	key, err := rsa.GenerateKey(random, 2048)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), err
}

// KeyID names a key by its thumbprint (RFC 7638).
func KeyID(key crypto.Signer) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	return base64.RawURLEncoding.EncodeToString(sum), err
}

// PublicKey is the public half as a key set, for the provider to check our assertions with.
func PublicKey(key crypto.Signer) (string, error) {
	id, err := KeyID(key)
	if err != nil {
		return "", err
	}
	alg, err := algorithmOf(key)
	if err != nil {
		return "", err
	}
	out, err := json.MarshalIndent(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: id, Algorithm: string(alg), Use: "sig"}}}, "", "  ")
	return string(out), err
}
