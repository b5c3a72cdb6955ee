package federation

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// inspect.go: a look at a provider's settings that needs nobody to sign in. What only a sign-in shows, a trial does.

// Inspector is a Connector that can look at a provider's settings by itself.
type Inspector interface {
	Inspect(ctx context.Context, n Net, p Provider, s Secrets, redirectURI string) Inspection
}

// Inspection is what was found.
type Inspection struct {
	Hops    []Hop
	Notes   []Note
	Refusal *Refusal // what ended it; nil = it was looked at whole
}

// Note is one finding, in words for an admin.
type Note struct {
	Tone string // ok, warn, danger
	Text string
}

// madeUp is a code that no provider ever gave out.
const madeUp = "portico-check-settings"

var _ Inspector = connector{}

// Inspect reads the metadata and the keys anew and presents a made-up code: whoever refuses the code has taken the client
// id and the secret.
func (x connector) Inspect(ctx context.Context, n Net, p Provider, s Secrets, redirectURI string) Inspection {
	n.Cache = &Cache{} // as it is now, not as it was within the hour
	t := &trip{n: n, p: p, s: s}
	var out Inspection
	note := func(tone, text string, args ...any) {
		out.Notes = append(out.Notes, Note{Tone: tone, Text: fmt.Sprintf(text, args...)})
	}
	end := func(r *Refusal) Inspection {
		out.Hops, out.Refusal = slices.Clone(t.hops), r
		return out
	}
	k := x.settled(p)
	e, refusal := t.locate(ctx, k)
	if refusal != nil {
		return end(refusal)
	}
	for what, place := range map[string]string{"sign-in": e.authorization, "token": e.token} {
		u, err := url.Parse(place)
		if err == nil {
			err = n.Client.Check(n.Tenant, u)
		}
		if err != nil {
			return end(t.refuse(SetUp, "discovery", "“"+words(place)+"” is no usable "+what+" address", err))
		}
	}
	if from := or(p.Discovery, k.discovery); from != "" && len(t.hops) > 0 {
		note("ok", "The metadata at %s are those of the expected issuer.", hostOf(from))
	}
	if k.read == nil {
		keys, refusal := t.keys(ctx, e.keys, false)
		if refusal != nil {
			return end(refusal)
		}
		usable := 0
		for _, key := range keys {
			if key.Use == "" || key.Use == "sig" {
				usable++
			}
		}
		if usable == 0 {
			note("danger", "It publishes keys, and none of them is for signatures. No id_token can be checked.")
		} else {
			note("ok", "It publishes %s for signatures.", count(usable, "key"))
		}
	}
	t.tryCode(ctx, k, e, redirectURI, note)
	if t.dated && (t.ahead > skew || t.ahead < -skew) {
		note("warn", "Its clock and ours are %s apart. Three minutes are allowed; then its answers count as expired or as not valid yet. Set this server’s clock by a time service, or tell the provider.", t.ahead.Abs().Round(time.Second))
	}
	return end(nil)
}

// tryCode presents a made-up code at the token endpoint and reads from the refusal what was refused.
func (t *trip) tryCode(ctx context.Context, k preset, e endpoints, redirectURI string, note func(tone, text string, args ...any)) {
	d := Departure{ProviderID: t.p.ID}
	if !k.noPKCE {
		d.Verifier = strings.Repeat("v", 43)
	}
	_, refusal := t.exchange(ctx, k, e, Answer{Values: url.Values{"code": {madeUp}}, RedirectURI: redirectURI, Departure: d})
	host := hostOf(e.token)
	var said tokenRefused
	switch {
	case refusal == nil:
		note("warn", "%s gave out tokens for a code that was made up. Nobody who answers like that can be believed.", host)
	case errors.As(refusal.Err, &said) && (said.code == "invalid_grant" || said.code == "bad_verification_code"):
		t.expected()
		note("ok", "%s took the client id and the way we prove who we are; the made-up code it refused, as it should.", host)
	case errors.As(refusal.Err, &said) && refusal.Code == SetUp:
		note("danger", "%s did not take the client id or the secret: %s. Copy both from the provider’s console once more.", host, said.text())
	case errors.As(refusal.Err, &said):
		t.expected()
		note("neutral", "%s is reachable and answered a made-up code with “%s”. Whether the secret is right, only a test of the connection shows.", host, said.text())
	default:
		note("danger", "The token address does not answer as it should: %s.", refusal.Reason)
	}
}

// expected turns the last hop into one that went as it was meant to.
func (t *trip) expected() {
	if n := len(t.hops); n > 0 {
		t.hops[n-1].Verdict = "ok"
	}
}

// clocked compares the provider's clock with ours, by the Date of its answers (RFC 9110 §6.6.1).
func (t *trip) clocked(h http.Header) {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		t.ahead, t.dated = at.Sub(t.n.Now()), true
	}
}

func hostOf(place string) string {
	if u, err := url.Parse(place); err == nil && u.Host != "" {
		return u.Host
	}
	return words(place)
}

func count(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
