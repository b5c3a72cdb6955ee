package risk

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"portico/app/record"
)

// crowd is a tenant whose people live in Germany and use what most people use.
func crowd(now time.Time) Everyone {
	e := Everyone{}
	for _, k := range Keys(home()) {
		switch {
		case k == Key{}:
			e[k] = Count{N: 10000, At: now}
		case k.Feature == FeatureCountry:
			e[k] = Count{N: 9000, At: now}
		case k.Feature == FeatureNetwork, k.Feature == FeatureAgent, k.Feature == FeatureSystem:
			e[k] = Count{N: 2500, At: now}
		case k.Feature == FeatureCity, k.Feature == FeatureSoftware:
			e[k] = Count{N: 500, At: now}
		}
	}
	return e
}

func input(p Person, now time.Time, s record.Signals) Input {
	return Input{Signals: s, Now: now, History: History{Person: p, Everyone: crowd(now)}, Settings: Settings{}.Filled()}
}

func score(p Person, now time.Time, s record.Signals) float64 {
	x, _ := Score(input(p, now, s))
	return x
}

func with(s record.Signals, change func(*record.Signals)) record.Signals {
	change(&s)
	return s
}

// TestWhatIsStrangerScoresHigher reads like the rule book: each sign-in is at least as strange as the one before it,
// give or take a tenth: whoever imitates somebody would not come with another browser.
func TestWhatIsStrangerScoresHigher(t *testing.T) {
	p, now := somebody(40)
	fresh := func(s *record.Signals) { s.DeviceID = "another" }
	for _, c := range []struct {
		name string
		list []record.Signals
	}{
		{"where it comes from", []record.Signals{home(), from("10.1.2.99", 64500, "DE", "Kiel"), from("10.1.77.1", 64500, "DE", "Kiel"),
			from("10.44.1.1", 64777, "DE", "Kiel"), from("10.45.1.1", 64778, "BR", "Recife")}},
		{"the browser", []record.Signals{home(), with(home(), func(s *record.Signals) { s.Browser = "Chrome 141" }),
			with(home(), func(s *record.Signals) { s.Browser = "Chrome 101" }), with(home(), func(s *record.Signals) { s.Browser = "Opera 90" })}},
		{"the system", []record.Signals{home(), with(home(), func(s *record.Signals) { s.Browser, s.OS, s.DeviceType = "Safari 5", "iOS 9.1", "phone" })}},
		{"the device", []record.Signals{home(), with(home(), fresh), with(from("10.1.77.1", 64500, "DE", "Kiel"), fresh), with(from("10.45.1.1", 64778, "BR", "Recife"), fresh)}},
	} {
		last := math.Inf(-1)
		for i, s := range c.list {
			x := score(p, now, s)
			if x < last-0.1 {
				t.Errorf("%s: number %d scores %.2f, less than %.2f before it", c.name, i, x, last)
			}
			last = x
		}
	}
	if usual, other := score(p, now, home()), score(p, now, with(from("10.45.1.1", 64778, "BR", "Recife"), fresh)); usual > -5 || other < 4 {
		t.Errorf("usual %.2f, all new %.2f", usual, other)
	}
}

func TestWhoChangesOftenIsLessStrange(t *testing.T) {
	steady, now := somebody(40)
	var mover Person
	for i := range 40 {
		mover.Observe(from(netip.AddrFrom4([4]byte{10, 1, byte(i), 7}).String(), 64500, "DE", "Kiel"), start.Add(time.Duration(i)*24*time.Hour))
	}
	other := from("10.1.200.7", 64500, "DE", "Kiel")
	if a, b := score(steady, now, other), score(mover, now, other); b >= a {
		t.Errorf("a new address scores %.2f for somebody who has one each day, %.2f for somebody who never did", b, a)
	}
}

func TestSeeingSomethingAgainNeverMakesItStranger(t *testing.T) {
	d := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		p, now := somebody(10 + d.IntN(40))
		s := strange(d)
		before := math.Inf(1)
		for i := range 6 {
			x := max(score(p, now, s), -1) // below it is the person anyhow
			if x > before+0.5 {            // how sure we are of which attacker it would be moves it a little
				t.Fatalf("after seeing it %d times it scores %.3f, %.3f before", i, x, before)
			}
			before = min(before, x)
			p.Observe(s, now)
		}
	}
}

func TestScoresAreFiniteAndAddUp(t *testing.T) {
	d := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		p, now := random(d)
		in := input(p, now, strange(d))
		in.History.Source = Source{Attempts: d.IntN(1000) - 10, Failures: d.IntN(1000) - 10, Accounts: d.IntN(50)}
		for k := range in.History.Everyone {
			if d.IntN(3) == 0 {
				in.History.Everyone[k] = Count{N: []float64{-1, 0, 1e-300, 1e300, math.Inf(1), math.NaN()}[d.IntN(6)], At: now.Add(time.Duration(d.Int64N(1e18)) - 5e17)}
			}
		}
		x, features := Score(in)
		if !(x >= -40 && x <= 40) {
			t.Fatalf("score %v of %+v", x, in.Signals)
		}
		for _, f := range features {
			if math.IsNaN(f.Weight) || math.IsInf(f.Weight, 0) || math.IsNaN(f.Person) || math.IsNaN(f.Everyone) {
				t.Fatalf("%+v", f)
			}
		}
	}
}

// TestWeightsExplainTheScore: what is told of the features is the score, but for how sure we are of the attacker.
func TestWeightsExplainTheScore(t *testing.T) {
	p, now := somebody(40)
	for _, s := range []record.Signals{home(), from("10.45.1.1", 64778, "BR", "Recife"), from("10.1.77.1", 64500, "DE", "Kiel")} {
		x, features := Score(input(p, now, s))
		sum := 0.0
		for _, f := range features {
			sum += f.Weight
		}
		if d := x - sum; d > 0.01 || d < -math.Log(classes)-0.01 {
			t.Errorf("the score is %.2f, the weights add up to %.2f", x, sum)
		}
	}
}

func TestTheSameSignInHasTheSameScore(t *testing.T) {
	p, now := somebody(12)
	q, _ := somebody(12)
	for f := range q.seen { // the order in which values were seen first says nothing
		slices.Reverse(q.seen[f])
	}
	s := from("10.45.1.1", 64778, "BR", "Recife")
	if a, b := score(p, now, s), score(q, now, s); math.Abs(a-b) > 1e-9 {
		t.Errorf("%v and %v", a, b)
	}
}

func TestFailuresSpeakAgainstAnAddress(t *testing.T) {
	for _, c := range []struct {
		name      string
		source    Source
		own       bool
		low, high float64
	}{
		{"nothing failed", Source{Attempts: 50, Successes: 50}, false, 0, 0},
		{"a password mistyped at home", Source{Attempts: 2, Failures: 2, Accounts: 1}, true, 0, 0.2},
		{"a password mistyped elsewhere", Source{Attempts: 2, Failures: 2, Accounts: 1}, false, 0.5, 1.4},
		{"a school", Source{Attempts: 400, Failures: 40, Successes: 360, Accounts: 35}, false, 0, 0},
		{"a list of accounts", Source{Attempts: 40, Failures: 40, Accounts: 30, Unknown: 10}, false, 4, 5},
	} {
		if x := failures(c.source, c.own); x < c.low || x > c.high {
			t.Errorf("%s: %.2f, want %.1f to %.1f", c.name, x, c.low, c.high)
		}
	}
}

func TestSoftwareOnlyGetsNewer(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		older bool
	}{
		{"Chrome 139|Windows 11|desktop", "Chrome 140|Windows 11|desktop", true},
		{"Chrome 140|Windows 11|desktop", "Chrome 139|Windows 11|desktop", false},
		{"Chrome 140|Windows 10|desktop", "Chrome 139|Windows 11|desktop", true},
		{"Safari 9|iOS 9.3|phone", "Safari 10|iOS 10.0|phone", true},
		{"Safari 17|iOS 17.10|phone", "Safari 17|iOS 17.9|phone", false},
		{"Firefox 1|Linux |desktop", "Firefox 1|Linux |desktop", false},
		{"Chrome |Windows |desktop", "Chrome 3|Windows 11|desktop", false},
	} {
		if got := olderSoftware(c.a, c.b); got != c.older {
			t.Errorf("%s is older than %s: %v", c.a, c.b, got)
		}
	}
	if !sameAgent("Chrome Mobile 3|Android 14|phone", "Chrome Mobile 9|Android 15|phone") || sameAgent("Chrome 3|Linux|desktop", "Chrome Mobile 3|Linux|desktop") {
		t.Error("the same agent is one with the same names")
	}
}

func TestUnfamiliarPropertiesExplainThemselves(t *testing.T) {
	p, now := somebody(40)
	in := input(p, now, with(from("10.45.1.1", 64778, "BR", "Recife"), func(s *record.Signals) { s.DeviceID = "another" }))
	a := Assess([]Detector{unfamiliar()}, in)
	if len(a.Findings) != 1 || Rank(a.Level) < Rank(Medium) {
		t.Fatalf("level %s, score %.2f", a.Level, a.Score)
	}
	e := a.Findings[0].Evidence
	told := false
	for _, d := range e["features"].([]Differs) {
		if d.Name == FeatureCountry {
			told = d.Usual == "DE" && d.Often > 0.99 && d.Value == "BR" && d.Person == 0 && d.Weight > 0
		}
		if d.Name == FeatureCookie && d.Value != "" {
			t.Error("a device cookie is in the evidence")
		}
	}
	if !told {
		t.Errorf("the country is not told: %v", e["features"])
	}
	place := false
	for _, o := range e["otherwise"].([]Otherwise) {
		place = place || o.Part == "place" && Rank(o.Level) < Rank(a.Level)
	}
	if !place {
		t.Errorf("from the usual place it would be less: %v", e["otherwise"])
	}
}

// TestNothingIsUnfamiliarWhileLearning is R 16.4.7.
func TestNothingIsUnfamiliarWhileLearning(t *testing.T) {
	s := with(from("10.45.1.1", 64778, "BR", "Recife"), func(s *record.Signals) { s.DeviceID = "another" })
	find := func(p Person, now time.Time, signUp bool) int {
		in := input(p, now, s)
		in.SignUp = signUp
		return len(Assess([]Detector{unfamiliar()}, in).Findings)
	}
	var busy Person
	for i := range 50 {
		busy.Observe(home(), start.Add(time.Duration(i)*time.Hour))
	}
	if n := find(busy, start.Add(4*24*time.Hour), false); n != 0 {
		t.Error("found within the first five days")
	}
	if n := find(busy, start.Add(6*24*time.Hour), false); n != 1 {
		t.Error("not found after them")
	}
	var rare Person
	rare.Observe(home(), start)
	rare.Observe(home(), start.Add(time.Hour))
	if n := find(rare, start.Add(30*24*time.Hour), false); n != 0 {
		t.Error("found after two sign-ins")
	}
	if n := find(busy, start.Add(6*24*time.Hour), true); n != 0 {
		t.Error("found at sign-up")
	}
}

// random is somebody with a random history.
func random(d *rand.Rand) (Person, time.Time) {
	var p Person
	now := start
	for range d.IntN(30) {
		now = now.Add(time.Duration(d.ExpFloat64() * float64(5*24*time.Hour)))
		s := strange(d)
		if d.IntN(3) > 0 {
			s = home()
		}
		p.Observe(s, now)
	}
	return p, now.Add(time.Duration(d.IntN(72)) * time.Hour)
}

// strange is a random sign-in, parts of which may be unknown.
func strange(d *rand.Rand) record.Signals {
	var s record.Signals
	if d.IntN(10) > 0 {
		s.IP = netip.AddrFrom4([4]byte{10, byte(d.IntN(3)), byte(d.IntN(3)), byte(d.IntN(5))})
	}
	if d.IntN(10) > 0 {
		s.ASN = uint(64500 + d.IntN(4))
	}
	if d.IntN(10) > 0 {
		s.Country = []string{"DE", "FR", "BR"}[d.IntN(3)]
		s.City = []string{"", "Kiel", "Lyon"}[d.IntN(3)]
		s.Region = s.City
	}
	if d.IntN(10) > 0 {
		s.Browser = []string{"Chrome 140", "Chrome 141", "Firefox 99", "Opera"}[d.IntN(4)]
		s.OS = []string{"Windows 11", "iOS 17.1", ""}[d.IntN(3)]
		s.DeviceType = []string{"desktop", "phone", "bot", ""}[d.IntN(4)]
	}
	s.DeviceID = []string{"", "cookie-1", "cookie-2"}[d.IntN(3)]
	s.Language = []string{"", "de-DE", "en"}[d.IntN(3)]
	if d.IntN(8) == 0 {
		s.Lists = []string{"tor"}
	}
	return s
}

// BenchmarkAssess is the budget of 20 µs: somebody with a full history, all detectors.
func BenchmarkAssess(b *testing.B) {
	d := rand.New(rand.NewPCG(7, 8))
	var p Person
	for i := range 200 {
		s := home()
		s.IP, s.DeviceID, s.Browser = netip.AddrFrom4([4]byte{10, 1, byte(d.IntN(20)), byte(d.IntN(20))}), []string{"a", "b", "c"}[d.IntN(3)], []string{"Chrome 140", "Firefox 143"}[d.IntN(2)]
		p.Observe(s, start.Add(time.Duration(i)*13*time.Hour))
	}
	now := start.Add(3000 * time.Hour)
	for name, s := range map[string]record.Signals{"usual": home(), "unfamiliar": from("10.45.1.1", 64778, "BR", "Recife")} {
		in := input(p, now, s)
		b.Run(name, func(b *testing.B) {
			all := Detectors()
			for b.Loop() {
				Assess(all, in)
			}
		})
	}
}

// An account that was made for it cannot vouch for an address: only people who have been known for a while count as
// others who come from there.
func TestNewAccountsVouchForNoAddress(t *testing.T) {
	s := record.Signals{IP: netip.MustParseAddr("203.0.113.7"), Country: "DE", ASN: 64500}
	for _, c := range []struct {
		name, history string
		counts        bool
	}{
		{"the first sign-in", "0/0", false},
		{"ten sign-ins within an hour", "10/0", false},
		{"known for a month, hardly ever came", "2/30", false},
		{"somebody who is known", "10/30", true},
		{"a record from before days were kept", "10", false},
	} {
		keys := Adds(s, []record.Feature{{Name: FeatureHistory, Value: c.history, Person: 1}}, true)
		if got := slices.Contains(keys, Key{FeatureIP, "203.0.113.7"}); got != c.counts {
			t.Errorf("%s: the address counts: %t", c.name, got)
		}
		if !slices.Contains(keys, Key{FeatureCountry, "DE"}) || !slices.Contains(keys, Key{}) {
			t.Errorf("%s: what everybody shares does not count", c.name)
		}
	}
}
