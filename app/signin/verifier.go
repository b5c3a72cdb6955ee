package signin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"io"
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

// Proof is the Verifier masked afresh for each page, so that compression cannot leak it (BREACH).
func (m *Machine) Proof(a Attempt, step Name) string {
	sum := m.MAC("signin.step", labels(a.ID, string(step), a.Browser))
	masked := make([]byte, 2*len(sum))
	if _, err := io.ReadFull(m.Random, masked[:len(sum)]); err != nil {
		return m.MAC.Verifier(a.ID, step, a.Browser)
	}
	subtle.XORBytes(masked[len(sum):], masked[:len(sum)], sum)
	return base64.RawURLEncoding.EncodeToString(masked)
}

// Verified unmasks and compares in constant time.
func (m MAC) Verified(proof, attemptID string, step Name, browser string) bool {
	sum := m("signin.step", labels(attemptID, string(step), browser))
	given, err := base64.RawURLEncoding.DecodeString(proof)
	if err == nil && len(given) == 2*len(sum) {
		subtle.XORBytes(given[:len(sum)], given[:len(sum)], given[len(sum):])
		given = given[:len(sum)]
	}
	return err == nil && subtle.ConstantTimeCompare(given, sum) == 1
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
