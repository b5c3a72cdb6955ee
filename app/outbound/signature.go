package outbound

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// SignatureHeader carries t=<seconds>,v1=<hex>, with one v1 for each secret that counts: while a secret is being
// replaced there are two. A receiver computes HMAC-SHA256 with its secret over the time, a dot and the body as it
// came, compares it with each v1 in constant time, and refuses a time that is far from now. Exports, webhooks and
// extensions sign alike, so that a receiver needs one function for all of them.
const SignatureHeader = "Portico-Signature"

// Signature is the value of Portico-Signature.
func Signature(at time.Time, body []byte, secrets ...[]byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	out := "t=" + t
	for _, secret := range secrets {
		out += ",v1=" + hex.EncodeToString(signed(secret, t, body))
	}
	return out
}

func signed(secret []byte, t string, body []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(t))
	m.Write([]byte{'.'})
	m.Write(body)
	return m.Sum(nil)
}

// CheckSignature is what a receiver does with the header: whether the body is ours and not older than within.
func CheckSignature(secret []byte, header string, body []byte, now time.Time, within time.Duration) error {
	var t string
	var given [][]byte
	for part := range strings.SplitSeq(header, ",") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "t":
			t = value
		case "v1":
			if mac, err := hex.DecodeString(value); err == nil {
				given = append(given, mac)
			}
		}
	}
	seconds, err := strconv.ParseInt(t, 10, 64)
	if err != nil {
		return errors.New("the signature names no time")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > within || age < -within {
		return errors.New("the signature is too old")
	}
	want := signed(secret, t, body)
	for _, mac := range given {
		if hmac.Equal(mac, want) {
			return nil
		}
	}
	return errors.New("the signature is wrong")
}

// longestAfter bounds what a receiver may ask for, so that it cannot put what is sent to it to sleep for ever.
const longestAfter = time.Hour

// RetryAfter reads the header in both of its forms (RFC 9110 §10.2.3); 0 = it asks for nothing.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	s := h.Get("Retry-After")
	var d time.Duration
	if n, err := strconv.Atoi(s); err == nil {
		d = time.Duration(min(max(n, 0), int(longestAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(s); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), longestAfter)
}
