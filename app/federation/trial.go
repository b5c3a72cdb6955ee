package federation

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// trial.go: a round trip that an admin makes to see whether a provider works. It comes back to the provider's ordinary
// redirect URI, so that nothing more has to be registered, and is told apart there by its state: a customer's names an
// attempt and has a full stop, a trial's has this mark and none. Neither is ever taken for the other.

const trialMark = "trial-"

// TrialState makes the state of a trial: 256 bits.
func TrialState(from io.Reader) (string, error) {
	s, err := random(from, 32)
	return trialMark + s, err
}

// IsTrial reports whether a state is of a trial.
func IsTrial(state string) bool {
	return len(state) == len(trialMark)+43 && strings.HasPrefix(state, trialMark) && !strings.Contains(state, ".")
}

// Report is what came of a trial. It is kept, sealed, for an hour and for the one admin who made it.
type Report struct {
	At       time.Time `json:"at"`
	Identity *Identity `json:"identity,omitempty"`
	Claims   []Claim   `json:"claims,omitempty"` // as the provider sent them, without what is secret
	Hops     []Hop     `json:"hops,omitempty"`
	Refused  Code      `json:"refused,omitempty"` // "" = it worked
	Reason   string    `json:"reason,omitempty"`
	Place    string    `json:"place,omitempty"` // the hop at which it ended
}

// Claim is one thing that a provider says, as text.
type Claim struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Reported makes the report of a round trip that ended well.
func Reported(a Arrival, at time.Time) Report {
	return Report{At: at, Identity: &a.Identity, Claims: Told(a.Raw), Hops: a.Hops}
}

// ReportedRefusal makes the report of one that did not.
func ReportedRefusal(r *Refusal, at time.Time) Report {
	out := Report{At: at, Hops: r.Hops, Refused: r.Code, Reason: r.Reason}
	if n := len(r.Hops); n > 0 {
		out.Place = r.Hops[n-1].What
	}
	return out
}

// Refusal is the report's, for advice about it.
func (r Report) Refusal() *Refusal {
	if r.Refused == "" {
		return nil
	}
	return &Refusal{Code: r.Refused, Reason: r.Reason, Hops: r.Hops}
}

const (
	mostClaims = 100
	hidden     = "(not shown)"
)

// tokenLike is a signed or encrypted token in compact form: whoever holds it may be able to use it.
var tokenLike = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.?[A-Za-z0-9_-]*`)

// Told lists claims for an admin's eyes: values in bounded length, what is secret left out.
func Told(raw map[string]any) []Claim {
	var out []Claim
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if len(out) == mostClaims {
			out = append(out, Claim{Name: "…", Value: fmt.Sprintf("%d more", len(raw)-mostClaims)})
			break
		}
		out = append(out, Claim{Name: words(name), Value: told(name, raw[name])})
	}
	return out
}

func told(name string, v any) string {
	if secretName(name) {
		return hidden
	}
	var text string
	switch v := v.(type) {
	case string:
		text = v
	case map[string]any:
		clean := map[string]any{}
		for k, inner := range v {
			if clean[k] = inner; secretName(k) {
				clean[k] = hidden
			}
		}
		b, _ := json.Marshal(clean)
		text = string(b)
	default:
		b, _ := json.Marshal(v)
		text = string(b)
	}
	return words(tokenLike.ReplaceAllString(text, hidden))
}

// secretName reports whether a claim of this name is none of anybody's business, or opens something.
func secretName(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"access_token", "refresh_token", "id_token", "accesstoken", "refreshtoken", "password", "secret", "assertion", "private_key"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return name == "code" || name == "nonce" || name == "jti"
}
