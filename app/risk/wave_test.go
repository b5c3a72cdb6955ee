package risk

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"portico/app/record"
)

var waveHour = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

// source makes one window: names of people and of nobody are numbered from a start.
func source(address string, asn uint, agent string, attempts, failures, people, strangers, from int) Window {
	w := Window{Source: address, ASN: asn, Agent: agent, From: waveHour, To: waveHour.Add(time.Hour), Attempts: attempts, Failures: failures, Successes: attempts - failures,
		Accounts: NewSketch(SourceSketch), Strangers: NewSketch(SourceSketch)}
	for i := range people {
		w.Accounts.Add(fmt.Sprint("person", from+i))
	}
	for i := range strangers {
		w.Strangers.Add(fmt.Sprint("stranger", from+i))
	}
	return w
}

func TestWhatIsAWave(t *testing.T) {
	many := func(n int, each func(i int) Window) []Window {
		var out []Window
		for i := range n {
			out = append(out, each(i))
		}
		return out
	}
	honest := many(200, func(i int) Window {
		return source(fmt.Sprintf("198.51.%d.%d", i/100, i%100), 64500, "chrome", 3, i%10/9, 1, 0, i)
	})
	for _, c := range []struct {
		says    string
		windows []Window
		kinds   []string
	}{
		{"nothing", nil, nil},
		{"honest people, some of whom mistype", honest, nil},
		{"one address tries one password on forty accounts", []Window{source("203.0.113.7", 65101, "python", 40, 40, 40, 0, 0)}, []string{PasswordSpray}},
		{"one address tries a list that was stolen elsewhere", []Window{source("203.0.113.7", 65101, "python", 60, 58, 8, 52, 0)}, []string{CredentialStuffing}},
		{"one person who has forgotten their password", []Window{source("203.0.113.7", 65101, "chrome", 30, 30, 1, 0, 0)}, nil},
		{"somebody guesses long at few accounts: the lock-out is for them", []Window{source("203.0.113.7", 65101, "python", 900, 900, 12, 0, 0)}, nil},
		{"a university behind one address", []Window{source("192.0.2.1", 64496, "many", 900, 220, 500, 6, 0)}, nil},
		{"a class that has new passwords and mistypes them, behind one address", []Window{source("192.0.2.1", 64496, "many", 90, 60, 30, 0, 0)}, nil},
		{"forty addresses of one network, five accounts each", many(40, func(i int) Window { return source(fmt.Sprintf("203.0.113.%d", i), 65101, "python", 5, 5, 5, 0, 5*i) }), []string{PasswordSpray}},
		{"forty addresses around the world with one tool", many(40, func(i int) Window {
			return source(fmt.Sprintf("203.%d.113.9", i), 65000+uint(i), "python", 5, 5, 5, 0, 5*i)
		}), []string{PasswordSpray}},
		{"forty networks, each with another agent, eleven accounts each", many(40, func(i int) Window {
			return source(fmt.Sprintf("203.%d.113.9", i), 65000+uint(i), fmt.Sprint("agent", i), 11, 11, 11, 0, 11*i)
		}), []string{PasswordSpray}},
		{"two attacks of one hour that have nothing in common", []Window{source("203.0.113.7", 65101, "python", 40, 40, 40, 0, 0), source("198.51.100.7", 65102, "go", 60, 60, 0, 60, 900)}, []string{CredentialStuffing, PasswordSpray}},
		{"an attack among honest people of the same network and agent", append(many(30, func(i int) Window {
			return source(fmt.Sprintf("198.51.7.%d", i), 64500, "chrome", 4, 4, 4, 0, 1000+4*i)
		}), honest...), []string{PasswordSpray}},
	} {
		t.Run(c.says, func(t *testing.T) {
			found := FindWaves(c.windows, WaveRules{})
			kinds := map[string]int{}
			for _, a := range found {
				kinds[a.Kind]++
			}
			want := map[string]int{}
			for _, k := range c.kinds {
				want[k]++
			}
			if len(found) != len(c.kinds) || fmt.Sprint(kinds) != fmt.Sprint(want) {
				t.Errorf("found %v, want %v", kinds, want)
			}
		})
	}
}

func TestAHonestBystanderOfAWideGroupIsNotPartOfIt(t *testing.T) {
	var windows []Window
	for i := range 60 {
		windows = append(windows, source(fmt.Sprintf("203.%d.113.9", i), 65101, fmt.Sprint("agent", i), 5, 5, 5, 0, 5*i))
	}
	windows = append(windows, source("198.51.100.20", 65101, "safari", 3, 0, 1, 0, 9000))
	found := FindWaves(windows, WaveRules{})
	if len(found) != 1 || len(found[0].Sources) != 60 {
		t.Fatalf("%d attacks, %d sources", len(found), len(found[0].Sources))
	}
	for _, s := range found[0].Sources {
		if s == "198.51.100.20" {
			t.Error("whoever signs in without a failure belongs to the attack")
		}
	}
}

func TestTheFortyFirstAddressBelongsToTheAttackAtOnce(t *testing.T) {
	var windows []Window
	for i := range 40 {
		windows = append(windows, source(fmt.Sprintf("203.0.113.%d", i), 65101, AgentHash("python-requests/2.32"), 5, 5, 5, 0, 5*i))
	}
	i := Incident{Keys: FindWaves(windows, WaveRules{})[0].Keys}
	at := func(ip string, asn uint, agent string) record.Signals {
		return record.Signals{IP: netip.MustParseAddr(ip), ASN: asn, UserAgent: agent}
	}
	for _, c := range []struct {
		says string
		s    record.Signals
		in   bool
	}{
		{"an address of it", at("203.0.113.3", 65101, "x"), true},
		{"next door", at("203.0.113.200", 65101, "x"), true},
		{"the same tool in the same network", at("203.0.114.1", 65101, "python-requests/2.32"), true},
		{"the same network with a browser", at("203.0.114.1", 65101, "Firefox"), false},
		{"the same tool elsewhere", at("192.0.2.1", 64496, "python-requests/2.32"), false},
		{"no address", record.Signals{}, false},
	} {
		if got := i.Belongs(WaveKeys(c.s)); got != c.in {
			t.Errorf("%s: %v", c.says, got)
		}
	}
}

// Whatever comes in whatever order, the same windows are the same attacks.
func TestTheOrderOfWindowsDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var windows []Window
		for i := range r.IntN(60) {
			attempts := 1 + r.IntN(30)
			windows = append(windows, source(fmt.Sprintf("203.0.%d.%d", r.IntN(3), r.IntN(20)), 65100+uint(r.IntN(3)), fmt.Sprint("a", r.IntN(4)), attempts, r.IntN(attempts+1), 1+r.IntN(attempts), r.IntN(9), 50*i))
		}
		first := FindWaves(windows, WaveRules{})
		for _, a := range first {
			if a.Failures > a.Attempts || len(a.Keys) < len(a.Sources) || len(a.Sources) == 0 {
				t.Fatalf("an attack that cannot be: %+v", a)
			}
		}
		r.Shuffle(len(windows), func(i, j int) { windows[i], windows[j] = windows[j], windows[i] })
		again := FindWaves(windows, WaveRules{})
		if len(first) != len(again) {
			t.Fatalf("%d attacks, then %d", len(first), len(again))
		}
		for n := range first {
			if fmt.Sprint(first[n].Sources) != fmt.Sprint(again[n].Sources) || first[n].Kind != again[n].Kind {
				t.Fatalf("%v, then %v", first[n], again[n])
			}
		}
	}
}

func TestWhatIsABurstOfSignUps(t *testing.T) {
	accounts := func(n int, from func(i int) NewAccount) []NewAccount {
		var out []NewAccount
		for i := range n {
			a := from(i)
			a.At = waveHour.Add(time.Duration(i) * time.Second)
			out = append(out, a)
		}
		return out
	}
	everywhere := func(domain string) func(int) NewAccount {
		return func(i int) NewAccount {
			return NewAccount{Source: fmt.Sprintf("198.51.%d.7", i), ASN: 64500 + uint(i%9), Domain: domain}
		}
	}
	for _, c := range []struct {
		says  string
		list  []NewAccount
		usual float64
		found bool
	}{
		{"a few more than usual", accounts(19, func(int) NewAccount { return NewAccount{Source: "203.0.113.7", ASN: 1} }), 1, false},
		{"thirty from one address", accounts(30, func(int) NewAccount { return NewAccount{Source: "203.0.113.7", ASN: 1} }), 1, true},
		{"thirty from one address where there always are ten", accounts(30, func(int) NewAccount { return NewAccount{Source: "203.0.113.7", ASN: 1} }), 10, false},
		{"a campaign brings people from everywhere", accounts(500, everywhere("gmail.com")), 1, false},
		{"a script with one mail domain comes from everywhere", accounts(60, everywhere("mailtrap.example")), 1, true},
	} {
		if a, found := FindBurst(c.list, c.usual, WaveRules{}); found != c.found {
			t.Errorf("%s: %v %+v", c.says, found, a)
		}
	}
}

func TestWhatIsPumping(t *testing.T) {
	found := FindPumping([]TextCount{{Code: "49", Today: 900, Usual: 800}, {Code: "44", Today: 12}, {Code: "992", Today: 40, Refused: 30, Usual: .5}}, WaveRules{})
	if len(found) != 1 || found[0].Code != "992" {
		t.Errorf("%+v", found)
	}
}

func TestSketches(t *testing.T) {
	for _, c := range []struct{ names, width, off int }{{0, SourceSketch, 0}, {1, SourceSketch, 0}, {10, SourceSketch, 1}, {200, SourceSketch, 12}, {2000, SourceSketch, 200}, {500, IncidentSketch, 10}, {100_000, IncidentSketch, 3000}} {
		s, half, other := NewSketch(c.width), NewSketch(c.width), NewSketch(c.width)
		for i := range c.names {
			name := fmt.Sprintf("person%d@example.com", i)
			s.Add(name)
			s.Add(name)
			if i%2 == 0 {
				half.Add(name)
			} else {
				other.Add(name)
			}
		}
		if got := s.Count(); got < c.names-c.off || got > c.names+c.off {
			t.Errorf("%d names are counted as %d", c.names, got)
		}
		if half.Merge(other); half.Count() != s.Count() {
			t.Errorf("two halves of %d are %d together, not %d", c.names, half.Count(), s.Count())
		}
	}
}

// An incident stays small whatever is poured into it, and adds up.
func TestAnIncidentIsBounded(t *testing.T) {
	var i Incident
	r := rand.New(rand.NewPCG(3, 4))
	const tries = 20_000
	for n := range tries {
		i.Add(Try{ID: fmt.Sprint(n), At: waveHour.Add(time.Duration(r.IntN(40*24*60)) * time.Minute), Source: "203.0.113.1", Agent: fmt.Sprint("agent", r.IntN(500)), Country: fmt.Sprint(r.IntN(90)),
			UserID: fmt.Sprint("u", r.IntN(3000)), Failed: n%3 == 0, Right: n%3 == 1, Through: n%6 == 1})
	}
	sum := 0
	for _, b := range i.Beats {
		sum += b.Attempts
	}
	byAgent := 0
	for _, n := range i.Agents {
		byAgent += n
	}
	if sum != tries || byAgent != tries || i.Attempts != tries {
		t.Errorf("%d in the picture, %d by agent, %d in all", sum, byAgent, i.Attempts)
	}
	if len(i.Beats) > incidentBeats || len(i.Agents) > incidentValues+1 || len(i.Entries) != IncidentEntries {
		t.Errorf("%d beats, %d agents, %d entries", len(i.Beats), len(i.Agents), len(i.Entries))
	}
}

func TestWhoIsEntered(t *testing.T) {
	for _, c := range []struct {
		says    string
		try     Try
		entered bool
		level   string
	}{
		{"a wrong password", Try{UserID: "a", Failed: true}, false, Low},
		{"a right one", Try{UserID: "a", Right: true, Through: true}, true, High},
		{"a right one that something stopped", Try{UserID: "a", Right: true}, true, Medium},
		{"somebody who was there before", Try{UserID: "a", Right: true, Through: true, Known: true}, false, Low},
		{"a new account", Try{UserID: "a", Right: true, SignUp: true}, false, Low},
		{"nobody", Try{Name: "x@example.com", Failed: true}, false, Low},
	} {
		i := Incident{Kind: PasswordSpray}
		c.try.At = waveHour
		if got := i.Add(c.try); got != c.entered || i.Rate() != c.level {
			t.Errorf("%s: %v, %s", c.says, got, i.Rate())
		}
	}
}

// A network or an agent that customers get in with is not the attack's.
func TestAKitIsTheAttacksOwnOnlyWhereHardlyAnybodyElseHasIt(t *testing.T) {
	for _, c := range []struct {
		says string
		u    Usual
		own  bool
	}{
		{"nothing is known", Usual{}, false},
		{"a few sign-ins are known", Usual{All: 90, Lately: 90}, false},
		{"a big provider, a common browser", Usual{All: 9000, Network: 800, Lately: 700, Agents: 60}, false},
		{"a hoster, a common browser", Usual{All: 9000, Network: 12, Lately: 700, Agents: 60}, true},
		{"a big provider, a tool", Usual{All: 9000, Network: 800, Lately: 700, Agents: 1}, true},
	} {
		if got := c.u.Own(); got != c.own {
			t.Errorf("%s: %v", c.says, got)
		}
	}
	s := record.Signals{IP: netip.MustParseAddr("192.0.2.1"), UserAgent: "Chrome"}
	for _, k := range WaveKeys(s) {
		if _, _, kit := KitOf(k); kit {
			t.Error("an agent without a network is a key: ", k)
		}
	}
	if got := WithoutUnknownNetwork([]string{"192.0.2.1", "kit 0 abc", "kit 7 abc"}); len(got) != 2 {
		t.Error(got)
	}
}

// What an incident is called after says where it comes from, and no more than is known.
func TestWhereAnAttackComesFrom(t *testing.T) {
	for want, windows := range map[string][]Window{
		"AS65101":        {{Source: "203.0.113.1", ASN: 65101}, {Source: "198.51.100.1", ASN: 65101}},
		"203.0.113.1":    {{Source: "203.0.113.1"}},
		"2001:db8::/64":  {{Source: "2001:db8::/64"}},
		"203.0.113.0/24": {{Source: "203.0.113.1"}, {Source: "203.0.113.9"}},
		"3 addresses":    {{Source: "203.0.113.1"}, {Source: "203.0.113.9"}, {Source: "198.51.100.1", ASN: 65101}},
		"2 networks":     {{Source: "203.0.113.1", ASN: 65101}, {Source: "198.51.100.1", ASN: 65102}},
	} {
		if got := originOf(windows); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What others did next door says less than what was done from an address itself; one of many that share the work, with
// the tool of the attack and nothing else, is part of it.
func TestHowBadAnEnteredAccountIs(t *testing.T) {
	i := Incident{ID: "i", Kind: CredentialStuffing, Attempts: 100, Failures: 98, Agents: map[string]int{"curl": 90, "Firefox · Windows": 10}}
	for name, c := range map[string]struct {
		agent string
		from  Source
		want  string
	}{
		"the address itself, with any browser":       {"Firefox · Windows", Source{Attempts: 31, Failures: 30, Successes: 1, Accounts: 12, Unknown: 14}, "high risk.found.stuffing"},
		"one of many, with the tool":                 {"curl", Source{Attempts: 4, Failures: 3, Successes: 1, Accounts: 3}, "high risk.found.stuffing"},
		"next door, with another browser":            {"Firefox · Windows", Source{Attempts: 4, Failures: 3, Successes: 1, Accounts: 3}, "medium risk.found.wave_near"},
		"next door, a couple with the same browser":  {"curl", Source{Attempts: 3, Failures: 2, Successes: 1, Accounts: 2}, "medium risk.found.wave_near"},
		"next door, an office with the same browser": {"curl", Source{Attempts: 40, Failures: 12, Successes: 28, Accounts: 12}, "medium risk.found.wave_near"},
	} {
		f := i.Entered(Try{Agent: c.agent}, record.Signals{}, c.from, WaveRules{})
		if got := f.Level + " " + f.Key; got != c.want || f.Type != CredentialStuffing || f.Timing != Offline {
			t.Errorf("%s: %s %s, want %s", name, f.Type, got, c.want)
		}
	}
}
