package outbound

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestSignature(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	old, fresh, body := []byte("former secret"), []byte("new secret"), []byte(`{"id":"1"}`)
	both := Signature(now, body, fresh, old)
	cases := []struct {
		name, header string
		secret       []byte
		body         string
		later        time.Duration
		ok           bool
	}{
		{"the only secret", Signature(now, body, fresh), fresh, string(body), 0, true},
		{"while it is replaced, who knows the new one", both, fresh, string(body), 0, true},
		{"and who knows the former one", both, old, string(body), 0, true},
		{"a secret that was never ours", both, []byte("x"), string(body), 0, false},
		{"another body", both, fresh, string(body) + " ", 0, false},
		{"a replay after the window", both, fresh, string(body), 6 * time.Minute, false},
		{"a time that was moved", strings.Replace(both, "t=17", "t=18", 1), fresh, string(body), 100_000_000 * time.Second, false},
		{"a clock that is behind", both, fresh, string(body), -6 * time.Minute, false},
		{"no header", "", fresh, string(body), 0, false},
		{"a signature that is no hex", "t=1700000000,v1=zz", fresh, string(body), 0, false},
		{"nothing signed", "t=1700000000", fresh, string(body), 0, false},
	}
	for _, c := range cases {
		if err := CheckSignature(c.secret, c.header, []byte(c.body), now.Add(c.later), 5*time.Minute); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
	for in, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "-3": 0, "999999999": time.Hour, "soon": 0,
		now.Add(90 * time.Second).Format(http.TimeFormat): 89*time.Second + 876544*time.Microsecond, now.Add(-time.Hour).Format(http.TimeFormat): 0} {
		if got := RetryAfter(http.Header{"Retry-After": {in}}, now); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}
