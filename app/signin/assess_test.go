package signin

import (
	"testing"
	"time"

	"portico/app/factor"
)

// A second factor says that the owner sits there only if it was registered before the attempt: not in it, and not in
// another window while it waits.
func TestOnlyAFactorFromBeforeTheAttemptConfirms(t *testing.T) {
	began := noon
	passed := func(since time.Time) Passed {
		return Passed{UserID: annaID, Kind: factor.TOTP, At: began.Add(time.Minute), Since: since}
	}
	for name, c := range map[string]struct {
		facts Facts
		want  bool
		since time.Time
	}{
		"none":                            {Facts{}, false, time.Time{}},
		"one of last year":                {Facts{Second: []Passed{passed(began.AddDate(-1, 0, 0))}}, true, began.AddDate(-1, 0, 0)},
		"one from another window":         {Facts{Second: []Passed{passed(began.Add(30 * time.Second))}}, false, began.Add(30 * time.Second)},
		"both":                            {Facts{Second: []Passed{passed(began.Add(30 * time.Second)), passed(began.AddDate(-1, 0, 0))}}, true, began.AddDate(-1, 0, 0)},
		"one that is registered here":     {Facts{Enrolled: []Enrolled{{Kind: factor.TOTP, At: began}}}, false, time.Time{}},
		"somebody else's of last year":    {Facts{Second: []Passed{{UserID: "bob", Kind: factor.TOTP, At: began, Since: began.AddDate(-1, 0, 0)}}}, false, time.Time{}},
		"of last year, and one more here": {Facts{Second: []Passed{passed(began.AddDate(-1, 0, 0))}, Enrolled: []Enrolled{{Kind: factor.SMSCode, At: began}}}, true, began.AddDate(-1, 0, 0)},
	} {
		s := play(named, known, password)
		s.a.Facts.Second, s.a.Facts.Enrolled = c.facts.Second, c.facts.Enrolled
		p := person(s.a, s.w)
		if got := confirmed(s.a, s.w, p); got != c.want {
			t.Errorf("%s: confirmed %v", name, got)
		}
		if got := factorSince(s.a.Facts, p); !got.Equal(c.since) {
			t.Errorf("%s: since %v", name, got)
		}
	}
}
