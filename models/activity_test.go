package models_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/insight"
	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

// activity is a history that is known, and the tenant that counts it.
type activity struct {
	*testing.T
	modelstest.Scratch
	tn    *models.Tenant
	users []models.User
}

func newActivity(t *testing.T, s modelstest.Scratch) activity {
	a := activity{T: t, Scratch: s, tn: modelstest.MustTenant(t, s.Store, "shop")}
	for i := range 12 {
		a.users = append(a.users, modelstest.MustUser(t, a.tn, fmt.Sprintf("p%d@example.com", i)))
	}
	return a
}

// made is a history of some weeks up to now: sign-ins, sign-ups, wrong codes, second factors, forms sent twice, visits
// over midnight, renewed tokens. The same seed gives the same history.
func (a activity) made(n int) []record.SignIn {
	d := rand.New(rand.NewPCG(7, 11))
	pick := func(list ...string) string { return list[d.IntN(len(list))] }
	var out []record.SignIn
	for i := range n {
		at := a.Now().Add(-time.Duration(d.IntN(75*24*60)) * time.Minute)
		r := record.SignIn{ID: models.NewID(), CorrelationID: fmt.Sprint("c", i), Kind: record.Interactive, Protocol: "openid", StartedAt: at.Add(-time.Second), EndedAt: at,
			App: record.Party{ID: pick("market", "auto", "home")}, User: record.Party{ID: a.users[d.IntN(len(a.users))].ID}, Count: 1,
			Signals: record.Signals{IP: netip.MustParseAddr("192.0.2.1"), Country: pick("DE", "FR", "US", ""), OS: pick("iOS 18.5", "Windows 11", "Android 15"),
				Browser: pick("Chrome 130", "Safari 18", "Firefox 131"), Language: pick("de", "fr-FR", "en")},
			Proofs: []record.Proof{{Method: pick("password", "emailCode"), OK: true, At: at}}, Outcome: record.Outcome{Result: record.Success}}
		switch d.IntN(10) {
		case 0:
			r.Outcome, r.Proofs = record.Outcome{Result: record.Failure, Code: 50126, Step: "password"}, []record.Proof{{Method: "password"}}
			r.Count = 1 + d.IntN(3)
		case 1:
			r.SignUp, r.Steps = true, []record.Step{{Name: "signUp"}, {Name: "code"}}
		case 2:
			r.Outcome, r.Steps = record.Outcome{Result: record.Abandoned, Code: 50140, Step: "code"}, []record.Step{{Name: "signUp"}, {Name: "code"}}
			r.User, r.Proofs = record.Party{}, nil
		case 3:
			r.Proofs = append(r.Proofs, record.Proof{Method: "totp", OK: true, Second: true})
		case 4:
			r.Kind, r.Protocol, r.Proofs, r.Count = record.NonInteractive, "refresh", nil, 1+d.IntN(4)
		case 5: // the form was sent twice
			twin := r
			twin.ID, twin.EndedAt = models.NewID(), at.Add(time.Second)
			if twin.EndedAt.Before(a.Now()) {
				out = append(out, twin)
			}
		case 6:
			r.Federation = &record.Federation{Provider: record.Party{ID: "google"}}
		}
		out = append(out, r)
	}
	return out
}

// naive counts raw entries the slow way: a set of people and a loop.
func naive(q insight.Query, list []record.SignIn) string {
	type cell struct {
		people map[string]bool
		counts map[string]int64
	}
	cells, seen := map[string]*cell{}, map[string]bool{}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b record.SignIn) int { return a.EndedAt.Compare(b.EndedAt) })
	strip := func(s string) string { name, _, _ := strings.Cut(s, " "); return name }
	for _, r := range list {
		day := r.EndedAt.UTC().Format(time.DateOnly)
		if day < q.From.String() || day > q.To.String() {
			continue
		}
		language, _, _ := strings.Cut(r.Signals.Language, "-")
		provider := ""
		if len(r.Proofs) > 0 {
			provider = r.Proofs[0].Method
		}
		if r.Federation != nil {
			provider = r.Federation.Provider.ID
		}
		values := map[insight.Dimension]string{insight.App: r.App.ID, insight.Provider: provider, insight.Country: r.Signals.Country, insight.OS: strip(r.Signals.OS),
			insight.Browser: strip(r.Signals.Browser), insight.Language: language}
		out := false
		for d, any := range q.Filter {
			out = out || !slices.Contains(any, values[d])
		}
		if out {
			continue
		}
		key := q.From.String()
		switch q.By {
		case insight.Daily:
			key = day
		case insight.Monthly:
			key = max(day[:7]+"-01", q.From.String())
		}
		for _, d := range q.Group {
			key += "|" + values[d]
		}
		c := cells[key]
		if c == nil {
			c = &cell{map[string]bool{}, map[string]int64{}}
		}
		once := day + r.CorrelationID + r.App.ID + r.User.ID + string(r.Outcome.Result)
		ended := r.Kind == record.Interactive && r.Outcome.Result != record.Failure
		again := ended && seen[once]
		if n := int64(r.Count); !again {
			c.counts["requests:"+string(r.Outcome.Result)] += n
		} else if n > 1 {
			c.counts["requests:"+string(r.Outcome.Result)] += n - 1
		}
		if r.Outcome.Result == record.Failure {
			c.counts["proofs:50126"] += int64(r.Count)
		}
		if ended && !again {
			seen[once] = true
			if r.Outcome.Result == record.Success {
				c.people[r.User.ID] = true
				c.counts["authentications:success"]++
			} else {
				c.counts["authentications:50140"]++
				c.counts["ended:signUp/code"]++
			}
			if r.SignUp {
				c.counts["signUps:"]++
				c.counts["stage:signUp/completed"]++
			}
			if len(r.Steps) > 0 {
				for _, s := range []string{"began", "signUp", "code"} {
					c.counts["stage:signUp/"+s]++
				}
			}
			if len(r.Proofs) == 2 {
				c.counts["mfa:softwareOath/success"]++
			}
		}
		if len(c.counts) > 0 {
			cells[key] = c
		}
	}
	text := ""
	for _, k := range slices.Sorted(maps.Keys(cells)) {
		text += fmt.Sprint(k, " ", len(cells[k].people), " ", cells[k].counts, "\n")
	}
	return text
}

func (a activity) answer(q insight.Query) string {
	a.Helper()
	got, err := a.tn.Activity(a.Context(), q)
	if err != nil {
		a.Fatal(err)
	}
	var lines []string
	for _, r := range got.Rows {
		key := r.Day.String()
		for _, d := range q.Group {
			key += "|" + r.Values[d]
		}
		counts := map[string]int64{}
		for k, v := range r.Counts {
			counts[string(k)] = v
		}
		lines = append(lines, fmt.Sprint(key, " ", r.Active, " ", counts, "\n"))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// questions are ranges, spans, filters and groupings of every kind.
func (a activity) questions() []insight.Query {
	today := insight.DayOf(a.Now())
	f := func(d insight.Dimension, v ...string) insight.Filter { return insight.Filter{d: v} }
	return []insight.Query{
		{From: today - 80, To: today, By: insight.Whole},
		{From: today - 29, To: today, By: insight.Daily},
		{From: today - 80, To: today, By: insight.Monthly},
		{From: today - 80, To: today, By: insight.Monthly, Group: []insight.Dimension{insight.App}},
		{From: today - 60, To: today - 10, By: insight.Whole, Group: []insight.Dimension{insight.OS}},
		{From: today - 80, To: today, By: insight.Monthly, Group: []insight.Dimension{insight.Country, insight.Browser}},
		{From: today - 80, To: today, By: insight.Whole, Filter: f(insight.App, "market")},
		{From: today - 80, To: today, By: insight.Whole, Filter: f(insight.Country, "DE", "")},
		{From: today - 80, To: today, By: insight.Daily, Filter: f(insight.Provider, "google"), Group: []insight.Dimension{insight.App}},
		{From: today - 80, To: today, By: insight.Whole, Filter: insight.Filter{insight.Country: {"DE"}, insight.OS: {"iOS"}, insight.App: {"auto", "home"}, insight.Browser: {"Chrome", "Safari"}}},
		{From: today - 80, To: today, By: insight.Monthly, Filter: f(insight.Language, "fr"), Group: []insight.Dimension{insight.Provider}},
		{From: today + 1, To: today + 2, By: insight.Whole},
	}
}

func (a activity) exact(step string, list []record.SignIn) {
	a.Helper()
	for i, q := range a.questions() {
		if got, want := a.answer(q), naive(q, list); got != want {
			a.Errorf("%s, question %d:\n%swant\n%s", step, i, got, want)
			return
		}
	}
}

func (a activity) fold() {
	a.Helper()
	for {
		n, err := a.tn.FoldActivity(a.Context())
		if err != nil {
			a.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func (a activity) write(list ...record.SignIn) {
	a.Helper()
	for _, r := range list {
		if err := a.tn.RecordSignIn(a.Context(), r); err != nil {
			a.Fatal(err)
		}
	}
}

// Whatever part of a history is counted already, and however often it is counted anew, every figure is what a loop over
// the raw entries gives.
func TestActivityIsExactAtEveryMoment(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		a := newActivity(t, s)
		all := a.made(400)
		third := len(all) / 3
		other := modelstest.MustTenant(t, s.Store, "other")
		if err := other.RecordSignIn(t.Context(), all[0]); err != nil { // nobody else's business
			t.Fatal(err)
		}
		for i := range all {
			if all[i].ID == all[0].ID {
				all[i].ID = models.NewID()
			}
		}
		a.fold()
		a.write(all[:third]...)
		a.exact("nothing counted yet", all[:third])
		a.fold()
		a.exact("counted", all[:third])
		if _, err := a.tn.ImportSignIns(t.Context(), all[third:2*third]); err != nil {
			t.Fatal(err)
		}
		a.exact("late entries wait", all[:2*third])
		if n, err := a.tn.RollMonths(t.Context()); err != nil || n == 0 {
			t.Fatal(n, err)
		}
		a.exact("months were rolled up before the late ones", all[:2*third])
		a.fold()
		a.exact("late entries counted", all[:2*third])
		a.write(all[2*third:]...)
		a.fold()
		if n, err := a.tn.RollMonths(t.Context()); err != nil || n == 0 {
			t.Fatal(n, err)
		}
		a.exact("months rolled up", all)

		again := all[5]
		for i, r := range all { // one more of what is there, from elsewhere
			if r.Outcome.Result == record.Failure {
				again = r
				all[i].Count += 2
				break
			}
		}
		again.Count, again.Signals.Country = 2, "SE"
		a.write(again)
		a.exact("a wrong password again", all)
		if _, err := a.tn.ImportSignIns(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		a.exact("an import that was there", all)
		if err := a.tn.RebuildActivity(t.Context(), modelstest.Actor()); err != nil {
			t.Fatal(err)
		}
		a.exact("nothing counted anew yet", all)
		for range 10 {
			if _, err := a.tn.FoldActivity(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		a.exact("some days counted anew", all)
		late := a.made(3)
		for i := range late {
			late[i].ID, late[i].CorrelationID = models.NewID(), fmt.Sprint("late", i)
		}
		a.write(late...)
		all = append(all, late...)
		a.exact("late entries amid it", all)
		a.fold()
		a.exact("counted anew", all)
		if got, err := a.tn.Activity(t.Context(), a.questions()[0]); err != nil || got.Counting != nil {
			t.Errorf("still counting from %v, %v", got.Counting, err)
		}
	})
}

// A job that is stopped between its steps, or runs twice at once, counts nothing twice.
func TestActivityJobIsStoppedHalfWay(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		a := newActivity(t, s)
		all := a.made(60)
		a.fold()
		a.write(all...)
		db := raw(t, s)
		stop, start := []string{"CREATE TRIGGER stop BEFORE UPDATE ON %s BEGIN SELECT RAISE(ABORT, 'stopped'); END"}, "DROP TRIGGER stop"
		if s.Engine == modelstest.Postgres {
			stop = []string{"CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stopped'; END $$", "CREATE TRIGGER stop BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION stop()"}
			start = "DROP FUNCTION stop CASCADE"
		}
		halfway := func(table string) {
			t.Helper()
			for _, sql := range stop {
				if _, err := db.ExecContext(t.Context(), strings.Replace(sql, "%s", table, 1)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := a.tn.FoldActivity(t.Context()); err == nil {
				t.Fatal("it was not stopped")
			}
			a.exact("stopped at "+table, all)
			if _, err := db.ExecContext(t.Context(), start); err != nil {
				t.Fatal(err)
			}
		}
		halfway("activity_states") // people have numbers
		halfway("activity_events") // roll-ups are written
		again := s.Again(t)
		done := make(chan error, 2)
		for _, store := range []*models.Store{s.Store, again} {
			go func() {
				for {
					if n, err := store.Tenant(a.tn.ID).FoldActivity(t.Context()); err != nil || n == 0 {
						done <- err
						return
					}
				}
			}()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		a.exact("two jobs at once", all)
		if err := a.tn.RebuildActivity(t.Context(), modelstest.Actor()); err != nil {
			t.Fatal(err)
		}
		halfway("activity_states") // the first day is counted
		a.fold()
		a.exact("counted anew", all)
	})
}

// Tokens that are renewed within a minute are one entry, and each is a request.
func TestActivityCountsFoldedEntries(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		a := newActivity(t, s)
		a.fold()
		r := record.SignIn{Kind: record.Service, Protocol: "clientCredentials", App: record.Party{ID: "api"}, StartedAt: s.Now(), EndedAt: s.Now(), Outcome: record.Outcome{Result: record.Success}}
		for range 5 {
			if err := a.tn.FoldSignIn(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		q := insight.Query{From: insight.DayOf(s.Now()), To: insight.DayOf(s.Now()), By: insight.Whole}
		for _, c := range []struct {
			name string
			do   func()
			want int64
		}{
			{"the first is on disk", func() {}, 1},
			{"the others are", func() {
				if err := s.FlushSignIns(t.Context()); err != nil {
					t.Fatal(err)
				}
			}, 5},
			{"counted", a.fold, 5},
			{"counted anew", func() {
				if err := a.tn.RebuildActivity(t.Context(), modelstest.Actor()); err != nil {
					t.Fatal(err)
				}
				a.fold()
			}, 5},
		} {
			c.do()
			got, err := a.tn.Activity(t.Context(), q)
			if err != nil || len(got.Rows) != 1 || got.Rows[0].Sum(insight.Requests) != c.want || got.Rows[0].Active != 0 {
				t.Errorf("%s: %+v, %v; want %d", c.name, got.Rows, err, c.want)
			}
		}
	})
}

// Who is erased stays counted in the past and is not to be found; what the log has lost stays as it was counted.
func TestActivityOutlivesPeopleAndLog(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		a := newActivity(t, s)
		all := a.made(120)
		a.fold()
		a.write(all...)
		a.fold()
		gone := a.users[0].ID
		if err := a.tn.DeleteUser(t.Context(), modelstest.Actor(), gone); err != nil {
			t.Fatal(err)
		}
		if err := a.tn.PurgeUser(t.Context(), modelstest.Actor(), gone); err != nil {
			t.Fatal(err)
		}
		db := raw(t, s)
		nobody := func(step string) {
			t.Helper()
			for _, table := range []string{"activity_people WHERE user_id = '" + gone + "'", "activity_events WHERE event LIKE '%" + gone + "%'"} {
				var n int
				if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil || n != 0 {
					t.Errorf("%s: %d in %s, %v", step, n, table, err)
				}
			}
		}
		nobody("erased")
		a.exact("erased", all)
		rebuild := func() {
			t.Helper()
			if err := a.tn.RebuildActivity(t.Context(), modelstest.Actor()); err != nil {
				t.Fatal(err)
			}
			a.fold()
		}
		rebuild()
		nobody("counted anew")
		a.exact("counted anew", all)

		if n, err := a.tn.PurgeSignIns(t.Context(), s.Now().AddDate(0, 0, -30), 10_000); err != nil || n == 0 {
			t.Fatal(n, err)
		}
		counts := insight.Query{From: insight.DayOf(s.Now()) - 80, To: insight.DayOf(s.Now()), By: insight.Daily}
		before := a.answer(counts)
		rebuild()
		if got := a.answer(counts); got != before {
			t.Errorf("without the log it is\n%swas\n%s", got, before)
		}
	})
}
