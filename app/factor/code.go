package factor

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"
	"unicode"
)

// Rules of a one-time code by mail or text message (R 4.3, R 4.7.4).
const (
	CodeDigits   = 8
	CodeLifetime = 10 * time.Minute
	CodeTries    = 5
)

// NewCode draws the digits of a one-time code.
func NewCode(random io.Reader) (string, error) {
	n, err := rand.Int(random, big.NewInt(100_000_000))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%0*d", CodeDigits, n), nil
}

// CleanCode drops what people type around digits: blanks, hyphens and dots. Digits of other scripts count.
func CleanCode(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			b.WriteRune(c)
		case unicode.Is(unicode.Nd, c):
			b.WriteByte('0' + byte(digit(c)))
		case unicode.IsSpace(c), c == '-', c == '.', c == '\u200e', c == '\u200f':
		default:
			return ""
		}
		if b.Len() > 12 {
			return ""
		}
	}
	return b.String()
}

// digit gives the value of a decimal digit of any script: their zeros sit at the start of runs of ten.
func digit(c rune) int {
	n := 0
	for n < 9 && unicode.Is(unicode.Nd, c-1) {
		c--
		n++
	}
	return n
}

// Cooldown is how long to wait before the nth code (n ≥ 1 sent already) may be asked for again:
// 30 s, doubling up to 300 s.
func Cooldown(sent int) time.Duration {
	d := 30 * time.Second
	for i := 1; i < sent && d < 300*time.Second; i++ {
		d *= 2
	}
	return min(d, 300*time.Second)
}

// RecoveryCodes draws a set of ten codes of 50 bits each, written in two groups of five.
func RecoveryCodes(random io.Reader) ([]string, error) {
	codes := make([]string, 10)
	for i := range codes {
		b := make([]byte, 7)
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, err
		}
		s := strings.ToLower(base32.StdEncoding.EncodeToString(b))[:10]
		codes[i] = s[:5] + "-" + s[5:]
	}
	return codes, nil
}

const recoverySalt = 16

// RecoveryVerifier is what is kept of a recovery code: a random salt and the SHA-256 of user id, salt and
// code. It depends on no key, so that codes survive a change of the installation's secret; the store
// seals it, as it does every factor, so that a copied database without the secret gives nothing to guess
// at (50 bits alone could be tried out). A slow hash would add little to that: online, tries are counted
// per person, and ten of them would have to be computed for every try.
func RecoveryVerifier(random io.Reader, userID, code string) ([]byte, error) {
	salt := make([]byte, recoverySalt)
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, err
	}
	return append(salt, recoverySum(userID, salt, code)...), nil
}

// VerifyRecovery compares a typed code with a verifier.
func VerifyRecovery(verifier []byte, userID, code string) bool {
	return len(verifier) == recoverySalt+sha256.Size &&
		subtle.ConstantTimeCompare(verifier[recoverySalt:], recoverySum(userID, verifier[:recoverySalt], code)) == 1
}

// recoverySum needs no separators but this one: the salt's length is fixed and an id has no NUL.
func recoverySum(userID string, salt []byte, code string) []byte {
	h := sha256.New()
	io.WriteString(h, "portico recovery code v1\x00"+userID+"\x00")
	h.Write(salt)
	io.WriteString(h, CleanRecovery(code))
	return h.Sum(nil)
}

// CleanRecovery is the form in which recovery codes are compared.
func CleanRecovery(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= '2' && c <= '7':
			return c
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		}
		return -1
	}, s)
}
