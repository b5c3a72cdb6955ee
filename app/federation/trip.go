package federation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-jose/go-jose/v4/json"

	"portico/app/outbound"
)

// trip is one round trip while it is under way: where it goes and the hops so far.
type trip struct {
	n    Net
	p    Provider
	s    Secrets
	hops []Hop

	ahead time.Duration // how far its clock is before ours, where it tells
	dated bool
}

// refuse ends a trip: the last hop says why.
func (t *trip) refuse(code Code, what, reason string, err error) *Refusal {
	if n := len(t.hops); n > 0 && t.hops[n-1].What == what && (t.hops[n-1].Verdict == "ok" || t.hops[n-1].Verdict == reason) {
		t.hops[n-1].Verdict = reason
	} else {
		t.hops = append(t.hops, Hop{What: what, Verdict: reason})
	}
	return &Refusal{Code: code, Reason: reason, Hops: slices.Clone(t.hops), Err: err}
}

// call sends a request and notes the hop. Whatever cannot be used as an answer is a Refusal in words.
func (t *trip) call(ctx context.Context, what string, r *http.Request) (outbound.Answer, *Refusal) {
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", "application/json")
	}
	r.Header.Set("User-Agent", "Portico")
	start := t.n.Now()
	a, err := t.n.Client.Do(ctx, t.n.Tenant, r)
	t.hops = append(t.hops, Hop{What: what, Place: placeOf(r.URL), Status: a.Status, Duration: t.n.Now().Sub(start), Verdict: "ok"})
	if err == nil {
		t.clocked(a.Header)
		return a, nil
	}
	host := r.URL.Host
	switch {
	case errors.Is(err, outbound.ErrAddress), errors.Is(err, outbound.ErrScheme), errors.Is(err, outbound.ErrURL):
		return a, t.refuse(SetUp, what, host+" may not be called from here: "+words(err.Error()), err)
	case errors.Is(err, outbound.ErrTooLarge):
		return a, t.refuse(Unreachable, what, host+" answered with more than 1 MB", err)
	case errors.Is(err, context.DeadlineExceeded):
		return a, t.refuse(Unreachable, what, host+" did not answer in time", err)
	}
	return a, t.refuse(Unreachable, what, host+" cannot be reached: "+words(reasonOf(err)), err)
}

// reasonOf leaves out the URL that package net/http puts in front: it may hold a token.
func reasonOf(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}

// get reads a JSON document; bearer is an access token, "" = none.
func (t *trip) get(ctx context.Context, what, place, bearer string, into any) *Refusal {
	r, err := http.NewRequest(http.MethodGet, place, nil)
	if err != nil {
		return t.refuse(SetUp, what, "“"+words(place)+"” is not an address", err)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	a, refusal := t.call(ctx, what, r)
	if refusal != nil {
		return refusal
	}
	if a.Status != http.StatusOK {
		return t.refuse(Unreachable, what, fmt.Sprintf("%s answered with status %d%s", r.URL.Host, a.Status, hintOf(a.Status)), nil)
	}
	return t.decode(what, r.URL.Host, a, into)
}

// decode reads an answer as JSON: names are compared exactly and none may come twice, so that no two readers of one
// document see different things.
func (t *trip) decode(what, host string, a outbound.Answer, into any) *Refusal {
	if isPage(a) {
		return t.refuse(Unreachable, what, host+" answered with a web page (HTML) instead of JSON; is the address right?", nil)
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		return t.refuse(Unreachable, what, host+" answered with something that is not proper JSON: "+words(err.Error()), err)
	}
	return nil
}

func isPage(a outbound.Answer) bool {
	kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	return kind == "text/html" || kind == "application/xhtml+xml" || bytes.HasPrefix(bytes.TrimSpace(a.Body), []byte("<"))
}

func hintOf(status int) string {
	if status >= 300 && status < 400 {
		return ": it leads elsewhere, and redirects are not followed; enter the final address"
	}
	return ""
}

// placeOf is where a hop went, without the query, which may hold what is secret.
func placeOf(u *url.URL) string { return u.Scheme + "://" + u.Host + u.EscapedPath() }

// words makes what a stranger sent fit to be shown: one line of bounded length, nothing invisible.
func words(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300]) + "…"
	}
	return strings.TrimSpace(s)
}

// departureLasts is how long a provider may take to send somebody back.
const departureLasts = 10 * time.Minute

// answered checks what every answer of a browser must hold, whatever the protocol: it belongs to this departure, came in
// time, says each thing once, and is no error (RFC 6749 §4.1.2.1).
func (t *trip) answered(a Answer) *Refusal {
	t.hops = append(t.hops, Hop{What: "callback", Claims: names(a.Values), Verdict: "ok"})
	switch {
	case a.Departure.ProviderID != t.p.ID:
		return t.refuse(Invalid, "callback", "the answer came to another provider's address than the one that was asked", nil)
	case a.Departure.State == "" || !same(a.Values.Get("state"), a.Departure.State):
		return t.refuse(Invalid, "callback", "the answer's state is not the one that was sent along", nil)
	case t.n.Now().Sub(a.Departure.At) > departureLasts:
		return t.refuse(Invalid, "callback", "the answer came more than 10 minutes after the departure", nil)
	}
	for _, name := range []string{"state", "code", "error", "iss"} {
		if len(a.Values[name]) > 1 {
			return t.refuse(Invalid, "callback", "the answer says “"+name+"” more than once", nil)
		}
	}
	if code := a.Values.Get("error"); code != "" {
		reason := "the provider answered " + words(code)
		if more := words(a.Values.Get("error_description")); more != "" {
			reason += ": " + more
		}
		return t.refuse(errorCode(code), "callback", reason, nil)
	}
	if a.Values.Get("code") == "" {
		return t.refuse(Invalid, "callback", "the answer holds neither a code nor an error", nil)
	}
	return nil
}

// errorCode sorts the errors of authorization endpoints by whose turn it is.
func errorCode(code string) Code {
	switch code {
	case "access_denied", "user_cancelled_authorize", "user_cancelled_login", "interaction_required", "login_required", "consent_required":
		return Cancelled
	case "invalid_client", "unauthorized_client", "invalid_scope", "unauthorized_scope_error", "unsupported_response_type", "redirect_uri_mismatch", "invalid_request":
		return SetUp
	}
	return Declined
}

func names(v url.Values) []string {
	var out []string
	for k := range v {
		out = append(out, words(k))
	}
	slices.Sort(out)
	return out[:min(len(out), 50)]
}
