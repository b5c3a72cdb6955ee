package insight_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/insight"
	"portico/app/record"
)

func at() time.Time { return time.Date(2026, 3, 31, 23, 59, 59, 0, time.UTC) }

// entry is an interactive sign-in by password in a browser.
func entry(o record.Outcome, change func(*record.SignIn)) record.SignIn {
	r := record.SignIn{ID: "e1", CorrelationID: "c1", Kind: record.Interactive, App: record.Party{ID: "app"}, User: record.Party{ID: "u1"},
		Signals: record.Signals{Country: "DE", OS: "iOS 18.5", Browser: "Mobile Safari 18", Language: "de-AT"}, Outcome: o}
	if o.Result == record.Success {
		r.Proofs = []record.Proof{{Method: "password", OK: true}}
	}
	if change != nil {
		change(&r)
	}
	return r
}

func TestWhatAnEntryCountsAs(t *testing.T) {
	ok, wrong := record.Outcome{Result: record.Success}, record.Outcome{Result: record.Failure, Code: 50126, Step: "password"}
	for _, c := range []struct {
		name   string
		r      record.SignIn
		first  string // what it counts as, and who was active
		more   string // what one more of it does
		values string
	}{
		{"a sign-in", entry(ok, nil), "u1 authentications:success requests:success", "requests:success", "app password DE iOS Mobile Safari de"},
		{"a test by an admin", entry(ok, func(r *record.SignIn) { r.Test = true }), "", "", ""},
		{"a session gone on with", entry(ok, func(r *record.SignIn) { r.Proofs = []record.Proof{{Method: "session", OK: true}} }),
			"u1 authentications:success requests:success", "requests:success", "app session DE iOS Mobile Safari de"},
		{"a provider", entry(ok, func(r *record.SignIn) {
			r.Federation = &record.Federation{Provider: record.Party{ID: "google"}}
		}), "u1 authentications:success requests:success", "requests:success", "app google DE iOS Mobile Safari de"},
		{"names that strangers make up", entry(ok, func(r *record.SignIn) {
			r.Signals = record.Signals{Country: "<x>", OS: "Toaster 3", Browser: "Chrome Extra 1", Language: "klingon"}
		}), "u1 authentications:success requests:success", "requests:success", "app password  Other Chrome Other"},
		{"a wrong password", entry(wrong, func(r *record.SignIn) { r.Proofs = []record.Proof{{Method: "password"}} }),
			"proofs:50126 requests:failure", "proofs:50126 requests:failure", "app password DE iOS Mobile Safari de"},
		{"a wrong second factor", entry(record.Outcome{Result: record.Failure, Code: 500121, Step: "challenge"}, func(r *record.SignIn) {
			r.Proofs = []record.Proof{{Method: "password", OK: true}, {Method: "totp"}}
		}), "mfa:softwareOath/failure proofs:500121 requests:failure", "mfa:softwareOath/failure proofs:500121 requests:failure", "app password DE iOS Mobile Safari de"},
		{"a second factor", entry(ok, func(r *record.SignIn) {
			r.Proofs = append(r.Proofs, record.Proof{Method: "emailCode", OK: true, Second: true})
		}), "u1 authentications:success mfa:emailCode/success requests:success", "requests:success", "app password DE iOS Mobile Safari de"},
		{"a factor registered", entry(ok, func(r *record.SignIn) {
			r.Proofs = append(r.Proofs, record.Proof{Method: "passkey", OK: true, Reason: "signin.enrolled"})
			r.Steps = []record.Step{{Name: "enrol"}}
		}), "u1 authentications:success mfaRegistered:fido2 requests:success stage:mfaSetUp/began stage:mfaSetUp/completed stage:mfaSetUp/enrol", "requests:success", "app password DE iOS Mobile Safari de"},
		{"a factor begun and left", entry(record.Outcome{Result: record.Interrupted, Code: 50079, Step: "enrol"}, func(r *record.SignIn) {
			r.Steps = []record.Step{{Name: "enrol"}}
		}), "authentications:50079 ended:mfaSetUp/enrol requests:interrupted stage:mfaSetUp/began stage:mfaSetUp/enrol", "requests:interrupted", "app  DE iOS Mobile Safari de"},
		{"a sign-up", entry(ok, func(r *record.SignIn) {
			r.SignUp, r.Steps = true, []record.Step{{Name: "signUp"}, {Name: "code"}, {Name: "code"}, {Name: "attributes"}}
		}), "u1 authentications:success requests:success signUps: stage:signUp/attributes stage:signUp/began stage:signUp/code stage:signUp/completed stage:signUp/signUp", "requests:success", "app password DE iOS Mobile Safari de"},
		{"a sign-up left", entry(record.Outcome{Result: record.Abandoned, Code: 50140, Step: "code"}, func(r *record.SignIn) {
			r.Steps = []record.Step{{Name: "signUp"}, {Name: "code"}}
		}), "authentications:50140 ended:signUp/code requests:abandoned stage:signUp/began stage:signUp/code stage:signUp/signUp", "requests:abandoned", "app  DE iOS Mobile Safari de"},
		{"a sign-up of somebody who had an account", entry(ok, func(r *record.SignIn) { r.Existing = true }),
			"u1 authentications:success ended:signUp/existing requests:success stage:signUp/began", "requests:success", "app password DE iOS Mobile Safari de"},
		{"a rule said no", entry(record.Outcome{Result: record.Failure, Code: 53003, Step: "blocked"}, nil),
			"authentications:53003 requests:failure", "requests:failure", "app  DE iOS Mobile Safari de"},
		{"left where a rule said no", entry(record.Outcome{Result: record.Abandoned, Code: 50140, Step: "blocked"}, nil),
			"requests:abandoned", "requests:abandoned", "app  DE iOS Mobile Safari de"},
		{"a silent request", entry(record.Outcome{Result: record.Failure, Code: 50058}, nil), "requests:failure", "requests:failure", "app  DE iOS Mobile Safari de"},
		{"gone back to the app", entry(record.Outcome{Result: record.Failure, Code: 50144, Step: "password"}, nil),
			"authentications:50144 requests:failure", "requests:failure", "app  DE iOS Mobile Safari de"},
		{"tokens renewed", entry(ok, func(r *record.SignIn) { r.Kind, r.Proofs = record.NonInteractive, nil }), "requests:success", "requests:success", "app  DE iOS Mobile Safari de"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := insight.Of(c.r, at())
			if told(got.First) != c.first || told(got.More) != c.more {
				t.Errorf("it counts as %q, one more as %q; want %q and %q", told(got.First), told(got.More), c.first, c.more)
			}
			if v := strings.Join(got.First.Values[:], " "); !got.First.None() && v != c.values {
				t.Errorf("%q, want %q", v, c.values)
			}
			if !got.First.None() && got.First.Day.String() != "2026-03-31" {
				t.Errorf("on %s", got.First.Day)
			}
		})
	}
}

func told(e insight.Event) string {
	var out []string
	if e.User != "" {
		out = append(out, e.User)
	}
	for _, k := range slices.Sorted(maps.Keys(e.Counts)) {
		if out = append(out, string(k)); e.Counts[k] != 1 {
			out = append(out, fmt.Sprint(e.Counts[k]))
		}
	}
	return strings.Join(out, " ")
}

// What bears one correlation id counts once for each person, app, day and result.
func TestOneTransactionIsOneKey(t *testing.T) {
	ok := record.Outcome{Result: record.Success}
	first := insight.Of(entry(ok, nil), at())
	for _, c := range []struct {
		name   string
		change func(*record.SignIn)
		later  time.Duration
		same   bool
	}{
		{"the form was sent twice", func(r *record.SignIn) { r.ID = "e2" }, 0, true},
		{"another transaction", func(r *record.SignIn) { r.CorrelationID = "c2" }, 0, false},
		{"another person", func(r *record.SignIn) { r.User.ID = "u2" }, 0, false},
		{"another app", func(r *record.SignIn) { r.App.ID = "other" }, 0, false},
		{"a failure before", func(r *record.SignIn) { r.Outcome = record.Outcome{Result: record.Abandoned, Code: 50140} }, 0, false},
		{"the next day", nil, time.Second, false},
		{"no correlation id", func(r *record.SignIn) { r.CorrelationID = "" }, 0, false},
	} {
		if got := insight.Of(entry(ok, c.change), at().Add(c.later)); (got.Key == first.Key) != c.same {
			t.Errorf("%s: the same is %v", c.name, !c.same)
		}
	}
}

func TestRollsAddUpInAnyOrderAndAreReadAsWritten(t *testing.T) {
	for _, view := range insight.Views() {
		var events []insight.Event
		for i := range 500 {
			r := entry(record.Outcome{Result: record.Success}, func(r *record.SignIn) {
				r.User.ID, r.Signals.Country = fmt.Sprint("u", i%90), []string{"DE", "FR", ""}[i%3]
			})
			events = append(events, insight.Of(r, at()).First)
		}
		number := func(e insight.Event) uint32 {
			var n uint32
			_, _ = fmt.Sscanf(e.User, "u%d", &n)
			return n * 70_000 // in containers of their own
		}
		all, a, b := insight.NewRoll(view), insight.NewRoll(view), insight.NewRoll(view)
		for i, e := range events {
			all.Add(e, number(e))
			[]*insight.Roll{a, b}[i%2].Add(e, number(e))
		}
		b.Merge(a)
		want, err := all.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := b.Encode(); err != nil || !bytes.Equal(got, want) {
			t.Errorf("view %b: merged differs, %v", view, err)
		}
		back, err := insight.Decode(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := back.Encode(); err != nil || !bytes.Equal(got, want) {
			t.Errorf("view %b: read back differs, %v", view, err)
		}
		for n := range want { // cut off anywhere, it is refused
			if _, err := insight.Decode(want[:n]); err == nil {
				t.Fatalf("view %b: %d of %d bytes were read", view, n, len(want))
			}
		}
	}
}

func TestRangesThatMakeNoSenseAreRefused(t *testing.T) {
	for _, c := range []struct{ name, from, to, zone, field, key string }{
		{"the last days", "", "", "", "", ""},
		{"a zone", "2026-03-01", "2026-03-31", "Europe/Berlin", "", ""},
		{"five years", "2021-04-01", "2026-03-31", "", "", ""},
		{"reversed", "2026-03-02", "2026-03-01", "", "to", "insight.range.reversed"},
		{"a hundred years", "1926-03-02", "2026-03-01", "", "from", "insight.range.long"},
		{"no day", "yesterday", "", "", "from", "insight.day.unreadable"},
		{"no such day", "", "2026-02-30", "", "to", "insight.day.unreadable"},
		{"no such zone", "", "", "Mars/Olympus", "zone", "insight.zone.unknown"},
		{"this machine's zone", "", "", "Local", "zone", "insight.zone.unknown"},
		{"a path", "", "", "../../etc/passwd", "zone", "insight.zone.unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := insight.Ranged(c.from, c.to, c.zone, at(), 30)
			if c.key == "" {
				if err != nil {
					t.Fatal(err)
				}
				if before := q.Before(); before.To != q.From-1 || before.To-before.From != q.To-q.From {
					t.Errorf("before it is %s to %s", before.From, before.To)
				}
				return
			}
			f := fault.Of(err)
			if err == nil || len(f.Fields) != 1 || f.Fields[0].Name != c.field || f.Fields[0].Key != c.key {
				t.Errorf("%+v", err)
			}
		})
	}
}

func TestFunnelsAreReadFromCounts(t *testing.T) {
	counts := map[insight.Count]int64{"stage:signUp/began": 10, "stage:signUp/code": 8, "ended:signUp/code": 3, "stage:signUp/completed": 5}
	got := ""
	for _, d := range insight.Funnels()[0].Of(counts) {
		if d.Reached > 0 {
			got += fmt.Sprintf("%s %d-%d ", d.Stage, d.Reached, d.Left)
		}
	}
	if got != "began 10-0 code 8-3 completed 5-0 " {
		t.Error(got)
	}
}
