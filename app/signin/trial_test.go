package signin

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"testing"
	"time"
)

func TestOnlyTheServerMarksATrial(t *testing.T) {
	keyed := func(key string) MAC {
		return func(purpose string, data []byte) []byte {
			h := hmac.New(sha256.New, []byte(key+purpose))
			h.Write(data)
			return h.Sum(nil)
		}
	}
	m, now := keyed("ours"), time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	mark := m.TrialMark("tenant", "app", "https://app.example/cb", now)
	end, sum, _ := strings.Cut(mark, ".")
	for name, c := range map[string]struct {
		mark, tenant, app, redirect string
		after                       time.Duration
		want                        bool
	}{
		"as made":                       {mark, "tenant", "app", "https://app.example/cb", 0, true},
		"a minute before its end":       {mark, "tenant", "app", "https://app.example/cb", 59 * time.Minute, true},
		"at its end":                    {mark, "tenant", "app", "https://app.example/cb", time.Hour, false},
		"another tenant":                {mark, "other", "app", "https://app.example/cb", 0, false},
		"another app":                   {mark, "tenant", "other", "https://app.example/cb", 0, false},
		"another address":               {mark, "tenant", "app", "https://evil.example/cb", 0, false},
		"a later end":                   {"9" + end + "." + sum, "tenant", "app", "https://app.example/cb", 0, false},
		"another server's":              {keyed("theirs").TrialMark("tenant", "app", "https://app.example/cb", now), "tenant", "app", "https://app.example/cb", 0, false},
		"no mark":                       {"", "tenant", "app", "https://app.example/cb", 0, false},
		"nonsense":                      {"x.y.z", "tenant", "app", "https://app.example/cb", 0, false},
		"the parts in another grouping": {m.TrialMark("tenan", "tapp", "https://app.example/cb", now), "tenant", "app", "https://app.example/cb", 0, false},
	} {
		if got := m.Trial(c.mark, c.tenant, c.app, c.redirect, now.Add(c.after)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
