package seed

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strconv"
	"time"

	"portico/app/policy"
	"portico/app/record"
	"portico/app/risk"
)

// Window is how far back the history goes.
const Window = 91 * 24 * time.Hour

const day = 24 * time.Hour

// hours is how busy each local hour of a day is: a small peak at lunch, the large one after supper.
func hours() []float64 {
	return []float64{4, 2, 1, 1, 1, 3, 9, 18, 27, 30, 32, 34, 40, 36, 31, 30, 33, 39, 46, 55, 62, 54, 33, 14}
}

// weekdays, Sunday first: people insure on Mondays and shop on Fridays.
func weekdays(app string) []float64 {
	if app == "market" {
		return []float64{0.85, 0.8, 0.85, 0.95, 1.1, 1.35, 1.25}
	}
	return []float64{0.55, 1.35, 1.2, 1.15, 1.1, 1.0, 0.6}
}

// daytime moves a moment to a believable local hour of its day.
func daytime(d dice, t time.Time, zone int) time.Time {
	start := t.UTC().Truncate(day)
	hour := d.weighted(hours())
	return start.Add(time.Duration(hour-zone)*time.Hour + time.Duration(d.IntN(3600))*time.Second + time.Duration(d.IntN(1000))*time.Millisecond)
}

// history generates the sign-ins of a population. It holds no more than one day at a time.
type history struct {
	number uint64
	anchor time.Time // sign-ins end before it
	people people
	count  int     // how many people there are
	total  int     // how many sign-ins about, over the whole window
	world  world   // what they sign in to
	sum    float64 // of all day weights
	groups map[string][]string
	risks  map[string]risk.Assessment // by sign-in, once they are assessed
}

// world is the sample company as the records name it.
type world struct {
	tenantID string
	apps     map[string]party // by slug
	policies *policy.Set
}

type party struct {
	app, flow record.Party
	slug      string
}

func newHistory(number uint64, anchor time.Time, count, total int, w world) history {
	h := history{number: number, anchor: anchor.UTC().Truncate(time.Second), people: newPeople(number, anchor), count: count, total: total, world: w}
	for n := range int(Window / day) {
		h.sum += h.dayWeight(n)
	}
	return h
}

// dayWeight of the nth day before the anchor: business grows slowly, and weekends differ.
func (h history) dayWeight(n int) float64 {
	weekday := int(h.anchor.Add(-time.Duration(n) * day).Weekday())
	return (1 - 0.35*float64(n)/float64(Window/day)) * (0.6*weekdays("market")[weekday] + 0.4*weekdays("auto")[weekday])
}

// days gives the sign-ins day by day, the newest day first, each day in order of time. Each day is made
// from its own dice, so that an interrupted fill goes on at any day.
func (h history) days() iter.Seq2[int, []record.SignIn] {
	return func(yield func(int, []record.SignIn) bool) {
		joined := h.joiners()
		for n := range int(Window / day) {
			if !yield(n, h.day(n, joined[n])) {
				return
			}
		}
	}
}

// joiners are the people who signed up on each day of the window.
func (h history) joiners() map[int][]Person {
	byDay := map[int][]Person{}
	for i := range h.count {
		if p := h.people.at(i); p.inWindow {
			n := int(h.anchor.Sub(p.CreatedAt) / day)
			byDay[n] = append(byDay[n], p)
		}
	}
	return byDay
}

// day makes the sign-ins of the nth day before the anchor.
func (h history) day(n int, joined []Person) []record.SignIn {
	d := roll(h.number, 2, uint64(n))
	begin := h.anchor.Add(-time.Duration(n+1) * day)
	var list []record.SignIn
	for _, p := range joined {
		list = append(list, h.signUp(d, p))
	}
	want := float64(h.total) * h.dayWeight(n) / h.sum
	for range int(math.Round(want)) {
		// A few people come often, most seldom.
		i := int(math.Pow(d.Float64(), 1.7) * float64(h.count))
		p := h.people.at(i)
		slug := p.Apps[0]
		if len(p.Apps) > 1 && d.chance(0.4) {
			slug = pick(d, p.Apps[1:])
		}
		at := h.within(begin, daytime(d, begin.Add(12*time.Hour), p.zone))
		if at.Before(p.CreatedAt.Add(time.Hour)) || !at.Before(h.anchor) {
			continue
		}
		if r := h.visit(d, p, h.world.apps[slug], at); !r.EndedAt.After(h.anchor) {
			list = append(list, r)
		}
	}
	list = append(list, h.attacks(n)...)
	slices.SortFunc(list, func(a, b record.SignIn) int { return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.ID, b.ID)) })
	return list
}

// within keeps a moment inside its own 24 hours, which begin at the anchor's time of day.
func (h history) within(begin, t time.Time) time.Time {
	for t.Before(begin) {
		t = t.Add(day)
	}
	for !t.Before(begin.Add(day)) {
		t = t.Add(-day)
	}
	return t
}

// base is what every record of a person has.
func (h history) base(d dice, p Person, to party, at time.Time, s record.Signals) record.SignIn {
	return record.SignIn{ID: d.id(at), TenantID: h.world.tenantID, CorrelationID: d.uuid4(), Kind: record.Interactive, Protocol: "openid",
		StartedAt: at, EndedAt: at, App: to.app, Flow: to.flow, User: record.Party{ID: p.ID, Name: p.Name()}, Identifier: p.Email,
		IdentifierType: "emailAddress", Signals: s, RiskLevel: "none",
		Request: record.Request{Scopes: []string{"openid", "profile", "email", "offline_access"}}}
}

// signUp is a person's first visit.
func (h history) signUp(d dice, p Person) record.SignIn {
	r := h.base(d, p, h.world.apps[p.Apps[0]], p.CreatedAt.Add(-time.Duration(d.between(50, 200))*time.Second), p.signals(p.devices[0], false))
	r.SignUp, r.Request.Prompt = true, []string{"create"}
	r = h.risky(r)
	r.EndedAt = p.CreatedAt
	code := r.StartedAt.Add(time.Duration(d.between(20, 40)) * time.Second)
	r.Steps = []record.Step{{Name: "identify", At: r.StartedAt.Add(6 * time.Second)}, {Name: "code", At: code},
		{Name: "attributes", At: r.EndedAt.Add(-2 * time.Second)}, {Name: "issue", At: r.EndedAt}}
	r.Proofs = []record.Proof{{Method: "emailCode", At: code, OK: true}}
	return h.succeed(r)
}

// trips is in how many of a person's weeks they are abroad, and farther of these trips how many lead out of Europe.
const (
	trips   = 0.0025
	farther = 0.15
)

// trip gives the signals of somebody who spends the week abroad, with the device from home.
func (h history) trip(p Person, at time.Time, s record.Signals) (record.Signals, bool) {
	d := h.aside(p.ID+strconv.Itoa(int(h.anchor.Sub(at)/(7*day))), "trip")
	if p.Index == victim || !d.chance(trips) {
		return s, false
	}
	europe := slices.IndexFunc(h.people.lands, func(l land) bool { return l.country == "EG" })
	n := d.IntN(europe)
	if d.chance(farther) {
		n = d.between(europe, len(h.people.lands)-1)
	}
	if h.people.lands[n].country == p.Country {
		n = (n + 1) % len(h.people.lands)
	}
	l := h.people.lands[n]
	town := pick(d, l.places)
	s.Country, s.Region, s.City, s.Network, s.ASN = l.country, town.region, town.city, l.mobile, uint(64513+2*n)
	s.IP = p.mobile.Next()
	return placed(s), true
}

// visit is one ordinary sign-in: most go well, some need a second try, some end early.
func (h history) visit(d dice, p Person, to party, at time.Time) record.SignIn {
	dev := pick(d, p.devices)
	s := p.signals(dev, dev.kind == "phone" && d.chance(0.45))
	if there, away := h.trip(p, at, s); away {
		s = there
	} else {
		s = h.hidden(p, at, s)
	}
	r := h.risky(h.base(d, p, to, at, s))
	took := time.Duration(18+d.ExpFloat64()*22) * time.Second
	r.Steps = []record.Step{{Name: "identify", At: at.Add(5 * time.Second)}}
	switch x := d.Float64(); {
	case x < 0.27: // still signed in from before: nothing is asked
		r.EndedAt = at.Add(time.Duration(d.between(20, 90)) * time.Millisecond)
		r.Steps = []record.Step{{Name: "issue", At: r.EndedAt}}
		r.Session = record.Session{SID: d.uuid4(), AuthTime: at.Add(-time.Duration(d.between(4, 1200)) * time.Minute), Reused: true}
		return h.succeed(r)
	case x < 0.90:
		r.EndedAt = at.Add(took)
		if d.chance(0.07) {
			r.Proofs = append(r.Proofs, record.Proof{Method: "emailCode", At: at.Add(took - 9*time.Second), Reason: reasonWrongCode, Count: 1})
		}
		r.Proofs = append(r.Proofs, record.Proof{Method: "emailCode", At: r.EndedAt, OK: true})
		r.Steps = append(r.Steps, record.Step{Name: "code", At: r.EndedAt}, record.Step{Name: "issue", At: r.EndedAt})
		return h.succeed(r)
	case x < 0.955: // the mail did not come, or the doorbell rang
		r.EndedAt = at.Add(time.Hour)
		r.Outcome = record.Outcome{Result: record.Abandoned, Code: codeAbandoned, Key: keyAbandoned, Step: "code"}
		return r
	case x < 0.99:
		r.EndedAt = at.Add(took)
		r.Proofs = []record.Proof{{Method: "emailCode", At: r.EndedAt, Reason: reasonWrongCode, Count: d.between(2, 5)}}
		r.Outcome = record.Outcome{Result: record.Failure, Code: codeWrongCode, Key: reasonWrongCode, Step: "code"}
		return r
	default: // a password tried where there is none
		r.EndedAt = at.Add(took)
		r.Proofs = []record.Proof{{Method: "password", At: r.EndedAt, Reason: reasonWrongPassword, Count: d.between(1, 3)}}
		r.Outcome = record.Outcome{Result: record.Failure, Code: codeWrongPassword, Key: reasonWrongPassword, Step: "password"}
		return r
	}
}
