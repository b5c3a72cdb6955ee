package extension

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

// SignatureHeader carries the signature of a body: t={seconds since 1970},v1={hex HMAC-SHA-256 of "t.body"}.
const SignatureHeader = "Portico-Signature"

// Sign makes the value of SignatureHeader (RFC 2104). The moment is part of what is signed, so an old request cannot be
// passed off as a new one.
func Sign(secret, body []byte, now time.Time) string {
	t := strconv.FormatInt(now.Unix(), 10)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac(secret, t, body))
}

// Verify checks one at the receiver, who accepts clocks that differ by so much.
func Verify(header string, secret, body []byte, now time.Time, window time.Duration) error {
	var t string
	var given [][]byte
	for _, part := range strings.Split(header, ",") {
		switch name, v, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "t":
			t = v
		case "v1":
			if b, err := hex.DecodeString(v); err == nil {
				given = append(given, b)
			}
		}
	}
	seconds, err := strconv.ParseInt(t, 10, 64)
	if err != nil {
		return errors.New("the signature has no time")
	}
	if d := now.Sub(time.Unix(seconds, 0)); d > window || d < -window {
		return errors.New("the signature is too old, or from the future")
	}
	want := mac(secret, t, body)
	for _, g := range given {
		if subtle.ConstantTimeCompare(g, want) == 1 {
			return nil
		}
	}
	return errors.New("the signature does not fit")
}

func mac(secret []byte, t string, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(t + "."))
	h.Write(body)
	return h.Sum(nil)
}
