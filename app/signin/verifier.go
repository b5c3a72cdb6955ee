package signin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
)

// verify.go: every form carries a proof that it was made for this attempt, this step and this browser.
// Each label is written with its length and below one namespace, so that no step's proof can ever be
// read as another's, whatever the values contain.

// MAC is the store's keyed hash; purpose separates its uses.
type MAC func(purpose string, data []byte) []byte

// Verifier is the value of the hidden field "proof" on a step's form.
func (m MAC) Verifier(attemptID string, step Name, browser string) string {
	return base64.RawURLEncoding.EncodeToString(m("signin.step", labels(attemptID, string(step), browser)))
}

// Verified compares in constant time.
func (m MAC) Verified(proof, attemptID string, step Name, browser string) bool {
	return subtle.ConstantTimeCompare([]byte(proof), []byte(m.Verifier(attemptID, step, browser))) == 1
}

func labels(parts ...string) []byte {
	var b []byte
	for _, p := range parts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	return b
}

// BrowserID is what an attempt keeps of a browser's secret.
func BrowserID(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
