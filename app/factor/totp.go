package factor

import (
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const (
	totpPeriod = 30
	totpDrift  = 1 // steps either way that a clock may be off
)

// NewTOTP draws a shared secret of 160 bits (RFC 4226 §4 R6).
func NewTOTP(random io.Reader) ([]byte, error) {
	b := make([]byte, 20)
	_, err := io.ReadFull(random, b)
	return b, err
}

// TOTPText is the secret as people type it into an authenticator app.
func TOTPText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// TOTPURI is what the QR code says (the key URI format that authenticator apps share).
func TOTPURI(secret []byte, issuer, name string) string {
	v := url.Values{"secret": {TOTPText(secret)}, "issuer": {issuer}, "period": {fmt.Sprint(totpPeriod)}, "digits": {"6"}}
	return "otpauth://totp/" + url.PathEscape(issuer+":"+name) + "?" + strings.ReplaceAll(v.Encode(), "+", "%20")
}

// VerifyTOTP compares a code at a time and gives the time step that it belongs to, which must be above
// the last step accepted (RFC 6238 §5.2: a code is used once). The caller stores the step atomically.
func VerifyTOTP(secret []byte, code string, last int64, now time.Time) (step int64, ok bool) {
	code = CleanCode(code)
	text := TOTPText(secret)
	current := now.Unix() / totpPeriod
	for s := current - totpDrift; s <= current+totpDrift; s++ {
		want, err := hotp.GenerateCodeCustom(text, uint64(s), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && s > last {
			step, ok = s, true
		}
	}
	return step, ok
}

// TOTPCode is what an authenticator app with the secret shows at a time.
func TOTPCode(secret []byte, now time.Time) string {
	code, err := hotp.GenerateCodeCustom(TOTPText(secret), uint64(now.Unix()/totpPeriod), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil { // only for a secret that is not base32, and this one was made so
		return ""
	}
	return code
}
