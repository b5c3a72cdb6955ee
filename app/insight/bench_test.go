package insight_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"portico/app/insight"
)

// year is what a database holds of a busy tenant: encoded roll-ups by view, first day and app.
type year struct {
	first        insight.Day
	days, months map[insight.View]map[insight.Day]map[string][]byte
	bytes        map[string]int
}

// busy makes days of 27,400 sign-ins by a million people in three apps (10 M in a year).
func busy(b *testing.B, days int) year {
	b.Helper()
	d := rand.New(rand.NewPCG(1, 2))
	few := func(n int) int { return int(float64(n) * math.Pow(d.Float64(), 3)) } // some values are usual
	y := year{first: insight.DayOf(at()).Month().First() - insight.Day(days), days: map[insight.View]map[insight.Day]map[string][]byte{},
		months: map[insight.View]map[insight.Day]map[string][]byte{}, bytes: map[string]int{}}
	put := func(where map[insight.View]map[insight.Day]map[string][]byte, name string, day insight.Day, app string, r *insight.Roll) {
		body, err := r.Encode()
		if err != nil {
			b.Fatal(err)
		}
		if where[r.View] == nil {
			where[r.View] = map[insight.Day]map[string][]byte{}
		}
		if where[r.View][day] == nil {
			where[r.View][day] = map[string][]byte{}
		}
		where[r.View][day][app] = body
		y.bytes[fmt.Sprintf("%s %07b", name, r.View)] += len(body)
	}
	type key struct {
		view insight.View
		app  string
	}
	month := map[key]*insight.Roll{}
	for n := range days {
		day, rolls := y.first+insight.Day(n), map[key]*insight.Roll{}
		for range 27_400 {
			app := []string{"market", "auto", "home"}[few(3)]
			os := few(6)
			e := insight.Event{Day: day, User: "x", Values: insight.Values{app, []string{"password", "emailCode", "google", "apple"}[few(4)], fmt.Sprintf("C%d", few(40)),
				fmt.Sprint("os", os), fmt.Sprint("browser", (os+few(6))%9), fmt.Sprintf("l%d", few(12))},
				Counts: map[insight.Count]int64{"authentications:success": 1, "requests:success": 1}}
			number := d.Uint32N(1_000_000)
			for _, v := range insight.Views() {
				k := key{v, app}
				if rolls[k] == nil {
					rolls[k] = insight.NewRoll(v)
				}
				rolls[k].Add(e, number)
			}
		}
		for k, r := range rolls {
			put(y.days, "day", day, k.app, r)
			if month[k] == nil {
				month[k] = insight.NewRoll(k.view)
			}
			month[k].Merge(r)
		}
		if day == day.Month().Last() || n == days-1 {
			for k, r := range month {
				put(y.months, "month", day.Month().First(), k.app, r)
			}
			month = map[key]*insight.Roll{}
		}
	}
	return y
}

// BenchmarkDashboard adds up roll-ups, without reading them from a database. PORTICO_BENCH_DAYS says of how many days.
func BenchmarkDashboard(b *testing.B) {
	days := 60
	if n, err := strconv.Atoi(os.Getenv("PORTICO_BENCH_DAYS")); err == nil {
		days = n
	}
	y := busy(b, days)
	for k, n := range y.bytes {
		b.Logf("%s: %d KB", k, n/1000)
	}
	last := y.first + insight.Day(days-1)
	de := insight.Filter{insight.Country: {"C1"}}
	for _, c := range []struct {
		name string
		q    insight.Query
	}{
		{"30 days", insight.Query{From: last - 29, By: insight.Daily}},
		{"30 days by os", insight.Query{From: last - 29, By: insight.Daily, Group: []insight.Dimension{insight.OS}}},
		{"30 days in one country", insight.Query{From: last - 29, By: insight.Daily, Filter: de}},
		{"30 days, two filters", insight.Query{From: last - 29, By: insight.Daily, Filter: insight.Filter{insight.Country: {"C1"}, insight.Browser: {"browser1"}}}},
		{"months by app", insight.Query{From: y.first, By: insight.Monthly, Group: []insight.Dimension{insight.App}}},
		{"months by country", insight.Query{From: y.first, By: insight.Monthly, Group: []insight.Dimension{insight.Country}}},
		{"months, two filters", insight.Query{From: y.first, By: insight.Monthly, Filter: insight.Filter{insight.Country: {"C1"}, insight.Browser: {"browser1"}}}},
	} {
		c.q.To = last
		from := y.days
		if c.q.By == insight.Monthly {
			from = y.months
		}
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				a := insight.NewAnswer(c.q)
				for day, apps := range from[c.q.View()] {
					for app, body := range apps {
						if day >= c.q.From.Month().First() && (c.q.By == insight.Monthly || day >= c.q.From) {
							if err := a.Roll(day, app, body); err != nil {
								b.Fatal(err)
							}
						}
					}
				}
				if r := a.Report(); len(r.Rows) == 0 || r.Rows[0].Active == 0 {
					b.Fatal("nothing")
				}
			}
		})
	}
}
