package federation

import (
	"errors"
	"strings"
	"testing"
)

// TestAdvice: what admins read for the mistakes that are made most.
func TestAdvice(t *testing.T) {
	for want, c := range map[string]struct {
		code   Code
		what   string
		reason string
	}{
		"You cancelled at the provider":                     {Cancelled, "callback", "the provider answered access_denied"},
		"The provider would not go on without asking":       {Cancelled, "callback", "the provider answered interaction_required"},
		"The client id or the secret is wrong":              {SetUp, "token", "the code was not accepted: invalid_client. Check the client id, the secret and the redirect URI at the provider"},
		"The redirect URI is not the registered one":        {SetUp, "token", "the code was not accepted: redirect_uri_mismatch. Check the client id"},
		"The provider does not know the redirect URI":       {SetUp, "callback", "the provider answered redirect_uri_mismatch"},
		"The provider does not know a scope":                {SetUp, "callback", "the provider answered invalid_scope"},
		"The metadata are those of another issuer":          {SetUp, "discovery", "the metadata say that the issuer is “a”; expected was “b”"},
		"A web page answered instead of the provider":       {Unreachable, "discovery", "x answered with a web page (HTML) instead of JSON; is the address right?"},
		"The connection is not safe (TLS)":                  {Unreachable, "keys", "x cannot be reached: tls: failed to verify certificate: x509: certificate has expired"},
		"The host name is not known":                        {Unreachable, "discovery", "x cannot be reached: lookup x: no such host"},
		"Nobody answers at the address":                     {Unreachable, "token", "x cannot be reached: dial tcp: connect: connection refused"},
		"The provider did not answer in time":               {Unreachable, "token", "x did not answer in time"},
		"The clocks do not agree":                           {Invalid, "token", "the id_token expired at 10:00:00 UTC; here it is 12:00:00"},
		"The token is for another client":                   {Invalid, "token", "the id_token is for “x”, not for this client id"},
		"The token is signed in a way that is not accepted": {Invalid, "token", "the id_token is signed by an algorithm that is not accepted (x)"},
		"The provider did not take its own code":            {Declined, "token", "the code was not accepted: invalid_grant"},
		"The provider answered with an error":               {Declined, "callback", "the provider answered something"},
		"The test did not succeed":                          {"", "", ""},
	} {
		if got := Advise(&Refusal{Code: c.code, Reason: c.reason, Hops: []Hop{{What: c.what}}}); got.Title != want || got.Do == "" {
			t.Errorf("%q: got %q, want %q", c.reason, got.Title, want)
		}
	}
}

// advised: every refusal of the tests of the protocols has words of its own, not those for whatever nobody thought of.
func advised(t *testing.T, err error) {
	t.Helper()
	var r *Refusal
	if !errors.As(err, &r) {
		return
	}
	for _, vague := range []string{"The test did not succeed", "The provider’s answer does not hold", "The settings do not fit"} {
		if a := Advise(r); a.Title == vague {
			t.Errorf("nothing is advised about %q (%s)", r.Reason, r.Code)
		}
	}
}

// TestToldClaims: values are shown, tokens and secrets never.
func TestToldClaims(t *testing.T) {
	told := Told(map[string]any{"sub": "1", "access_token": "x-secret", "nested": map[string]any{"refresh_token": "y-secret", "a": 1}, "note": "see eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.sig-secret", "nonce": "n-secret", "long": strings.Repeat("ä", 600)})
	all := ""
	for _, c := range told {
		all += c.Name + "=" + c.Value + "\n"
	}
	if strings.Contains(all, "-secret") || !strings.Contains(all, "sub=1\n") || strings.Count(all, "ä") != 300 {
		t.Error(all)
	}
}
