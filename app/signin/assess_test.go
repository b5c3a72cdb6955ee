package signin

import (
	"slices"
	"testing"
	"time"

	"portico/app/account"
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

// Of somebody at risk, only what was registered before that counts: shown in this attempt, or in the session's, which says
// the kind and not which one it was.
func TestOnlyAFactorFromBeforeTheRiskCounts(t *testing.T) {
	since := noon
	old, young := since.Add(-time.Hour), since.Add(time.Hour)
	passed := func(kind string, at time.Time) Passed { return Passed{UserID: annaID, Kind: kind, Since: at} }
	method := func(kind string, at time.Time) account.Method { return account.Method{Kind: kind, CreatedAt: at} }
	for name, c := range map[string]struct {
		facts   Facts
		methods []account.Method
		resumed bool
		mfa     time.Time
		want    []string
	}{
		"an old one":                         {facts: Facts{Second: []Passed{passed(factor.TOTP, old)}}, want: []string{factor.TOTP}},
		"a young one":                        {facts: Facts{Second: []Passed{passed(factor.TOTP, young)}}},
		"registered as the risk began":       {facts: Facts{Second: []Passed{passed(factor.TOTP, since)}}},
		"a young one and an old one":         {facts: Facts{Second: []Passed{passed(factor.TOTP, young), passed(factor.SMSCode, old)}}, want: []string{factor.SMSCode}},
		"registered here":                    {facts: Facts{Enrolled: []Enrolled{{Kind: factor.TOTP, At: young}}}},
		"of a session from before":           {resumed: true, mfa: old, methods: []account.Method{method(factor.TOTP, young)}, want: []string{factor.TOTP}},
		"of a session since, an old one":     {resumed: true, mfa: young, methods: []account.Method{method(factor.TOTP, old)}, want: []string{factor.TOTP}},
		"of a session since, a young one":    {resumed: true, mfa: young, methods: []account.Method{method(factor.TOTP, young)}},
		"of a session since, one of the two": {resumed: true, mfa: young, methods: []account.Method{method(factor.TOTP, young), method(factor.TOTP, old)}},
		"of a session since, taken away":     {resumed: true, mfa: young},
	} {
		p := Person{Account: account.Account{ID: annaID, Methods: c.methods}, Proven: true, First: factor.Password, Methods: []string{factor.Password, factor.TOTP}, MFATime: young}
		if c.resumed {
			p.Resumed, p.MFATime = true, c.mfa
		} else {
			p.Confirmed = true
		}
		if got := formerShown(c.facts, p, since); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	handed := account.Method{Kind: factor.Recovery, Name: account.HelpDeskCode, CreatedAt: young}
	named := account.Method{Kind: factor.Passkey, Name: account.HelpDeskCode, CreatedAt: young}
	if got := former([]account.Method{handed, named, method(factor.TOTP, young)}, since); len(got) != 1 || got[0].Kind != factor.Recovery {
		t.Errorf("besides what the help desk handed out, %v", got)
	}
}
