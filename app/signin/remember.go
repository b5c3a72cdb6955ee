package signin

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"io"
	"slices"
	"strings"
	"time"

	"portico/app/policy"
	"portico/app/session"
)

// remember.go: "Don't ask again on this device". Whoever shows a second factor may have their browser remembered
// for as many days as the tenant allows (F144). It stands in for a second factor that habit asks for, never for one
// that risk asks for, never on the person's own pages or the portal, and not while a password is being reset.

// mostTrusted is how many people one browser can remember a device for.
const mostTrusted = 5

// RememberDays is for how many days a page offers to remember the device with the second factor that is shown; 0 =
// it does not. A policy that wants a second factor each time, or more often than by the day, wants no memory.
func RememberDays(a Attempt, w World, d policy.Decision) int {
	days := w.Tenant.Settings.RememberDays
	switch {
	case !MayRemember(a, w), d.Frequency.EveryTime, d.Frequency.EverySecond, because(d):
		return 0
	}
	for _, shorter := range []time.Duration{d.Frequency.Any, d.Frequency.Second} {
		if shorter > 0 {
			days = min(days, int(shorter/(24*time.Hour)))
		}
	}
	return days
}

// loadRemembered finds the device of the person who is proven. Nobody else's memory is looked at: whether a stranger
// has a device here is not for whoever types their address to learn from the time it takes.
func (r *run) loadRemembered(ctx context.Context, s Store, w *World) error {
	if r.trusted, w.Remembered = "", nil; r.visit.Trusted == "" || !MayRemember(r.a, *w) {
		return nil
	}
	if r.knew == "" {
		return nil
	}
	p := person(r.a, *w)
	secrets := trustedSecrets(r.visit.Trusted)
	d, secret, err := s.Remembered(ctx, p.Account.ID, secrets, w.Now)
	if err == nil && d == nil {
		return s.ForgetReplaced(ctx, p.Account.ID, func(id string) bool {
			return slices.ContainsFunc(secrets, func(one string) bool { return r.trustedFor(one, id) })
		}, w.Now.Add(-twinWindow), r.visit.Signals.IP.String(), r.a.Request.CorrelationID)
	}
	if err == nil && d != nil && d.Counts(w.Tenant.Settings.RememberDays, p.Account.SessionsValidFrom, w.Now) {
		w.Remembered, r.trusted = d, secret
	}
	return err
}

// twinWindow is how long a device's former secret may still be shown without harm: two tabs signed in at once, or an
// answer was lost on the way. After it, somebody holds a copy of the cookie, and nobody can tell who of the two is
// which: the device is forgotten, as a reused refresh token ends its family (RFC 9700 §4.14).
const twinWindow = time.Minute

// trustedSecret makes a device's next secret: half of it is chance, the other half says by our key which device it is
// for. So one that was replaced is known for what it was, and none has to be kept.
func (r *run) trustedSecret(deviceID string) (string, error) {
	b := make([]byte, 16, 32)
	if _, err := io.ReadFull(r.Random, b); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(b, r.trustedMark(b, deviceID)...)), nil
}

func (r *run) trustedMark(chance []byte, deviceID string) []byte {
	return r.MAC("signin.trusted", labels(r.a.TenantID, deviceID, string(chance)))[:16]
}

// trustedFor reports whether a secret is, or was, a device's.
func (r *run) trustedFor(secret, deviceID string) bool {
	b, err := base64.RawURLEncoding.DecodeString(secret)
	return err == nil && len(b) == 32 && hmac.Equal(b[16:], r.trustedMark(b[:16], deviceID))
}

func trustedSecrets(cookie string) []string {
	var out []string
	for s := range strings.SplitSeq(cookie, ".") {
		if len(s) == 43 && len(out) < mostTrusted { // 256 bits, base64url
			out = append(out, s)
		}
	}
	return out
}

// keepDevice remembers the device, when that was asked for with a second factor of this attempt; one that is
// remembered already gets a new secret at each sign-in, so that a copied cookie is soon worth nothing,
// and a copy that was used first is noticed when the other one is shown.
func (r *run) keepDevice(ctx context.Context, s Store, step Step, userID string) (*TrustedCookie, error) {
	p, now, f := step.Person, r.w.Now, r.a.Facts
	days := RememberDays(r.a, r.w, step.Verdict.Decision)
	ticked := f.Remember != nil && len(f.Second) > 0 && days > 0
	if f.Changed != nil || r.w.Remembered == nil && !ticked || p.Resumed && !ticked {
		return nil, nil // another password ends what was remembered before, and this too
	}
	d, anew := session.Remembered{ID: newID(), UserID: userID, CreatedAt: now}, true
	if r.w.Remembered != nil {
		d, anew = *r.w.Remembered, false
		d.LastUsedAt = now
	}
	if d.Name = device(r.visit.Signals.Browser, r.visit.Signals.OS); ticked {
		d.MFATime, d.ExpiresAt, d.Methods = p.MFATime, now.AddDate(0, 0, days), nil
		for _, x := range f.Second {
			if x.UserID == userID && !slices.Contains(d.Methods, x.Kind) {
				d.Methods = append(d.Methods, x.Kind)
			}
		}
	}
	secret, err := r.trustedSecret(d.ID)
	if err != nil {
		return nil, err
	}
	if err := s.Remember(ctx, d, secret, anew, r.visit.Signals.IP.String(), r.a.Request.CorrelationID); err != nil {
		return nil, err
	}
	secrets := append([]string{secret}, slices.DeleteFunc(trustedSecrets(r.visit.Trusted), func(x string) bool { return x == r.trusted })...)
	return &TrustedCookie{Secret: strings.Join(secrets[:min(len(secrets), mostTrusted)], "."),
		ExpiresAt: now.AddDate(0, 0, r.w.Tenant.Settings.RememberDays)}, nil
}

// device is a browser and its system in the words that lists have for them.
func device(browser, os string) string {
	return strings.Trim(strings.Join([]string{browser, os}, " · "), " ·")
}
