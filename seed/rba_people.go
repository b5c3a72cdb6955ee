package seed

import (
	"slices"
	"strconv"
	"time"
)

// habits of one person.
type person struct {
	id       string
	number   int
	country  int
	city     int
	fixed    int // provider at home
	mobile   int
	office   int // -1 = none
	vpn      int // provider of the VPN they use, -1 = none
	gadgets  []gadget
	signIns  int
	morning  float64 // how much of their day is in the morning
	forgets  float64 // how often a password is mistyped
	private  float64 // how often a browser has no cookie
	first    time.Time
	lastSeen time.Time
	homeLine line
	homeTill time.Time
}

// born gives somebody a home, gadgets and habits.
func (w *riskWorld) born(n, country int) person {
	d := roll(w.Number, 12, uint64(n))
	c := w.countries[country]
	p := person{id: strconv.FormatInt(int64(d.Uint64()), 10), number: n, country: country, city: d.IntN(c.cities), fixed: pick(d, c.fixed), mobile: pick(d, c.mobile),
		office: -1, vpn: -1, morning: d.Float64(), forgets: 0.03 + 0.2*d.Float64()*d.Float64(), private: 0.02}
	if d.chance(0.3) { // works or learns somewhere from where they sign in, too
		p.office = pick(d, c.office)
	}
	if d.chance(0.05) { // uses a VPN, half of them with an exit abroad
		p.vpn = pick(d, c.rented)
		if d.chance(0.5) {
			p.vpn = pick(d, w.countries[d.IntN(12)].rented)
		}
	}
	if d.chance(0.04) { // browses in private windows
		p.private = 0.9
	}
	start := w.From.Add(-time.Duration(d.IntN(500)) * 24 * time.Hour)
	for i, kind := range []string{"mobile", "desktop", "tablet"} {
		if d.chance([]float64{0.85, 0.7, 0.15}[i]) {
			p.gadgets = append(p.gadgets, d.gadget(kind, start))
		}
	}
	if len(p.gadgets) == 0 {
		p.gadgets = append(p.gadgets, d.gadget("mobile", start))
	}
	if d.chance(0.4) { // which of them is the first differs
		slices.Reverse(p.gadgets)
	}
	// Half sign in less than twelve times in a year (three, in the sparse log), a few of them daily.
	median, spread := 12.0, 1.0
	if w.assumes("sparse") {
		median = 3
	}
	p.signIns = max(1, int(d.lognormal(median, spread)))
	return p
}

// life is what somebody does from the day they joined.
func (w *riskWorld) life(p *person) []event {
	d := roll(w.Number, 14, uint64(p.number))
	mean := float64(w.SignIns) / float64(w.Users)
	usual := 12 * 1.65 // mean of the lognormal above
	if w.assumes("sparse") {
		usual = 3 * 1.65
	}
	n := max(1, int(float64(p.signIns)*mean/usual+d.Float64()))
	span := time.Duration(w.Days) * 24 * time.Hour
	joined := time.Duration(0)
	if d.chance(0.4) { // two in five join while the log runs
		joined = time.Duration(d.Float64() * float64(span))
	}
	at := make([]time.Time, 0, n)
	for range n {
		at = append(at, w.moment(p, joined+time.Duration(d.Float64()*float64(span-joined)), d))
	}
	slices.SortFunc(at, time.Time.Compare)
	p.first, p.lastSeen = at[0], at[len(at)-1]
	trips := w.trips(p, span, d)
	out := make([]event, 0, n+n/8)
	for _, t := range at {
		w.change(p, t, d)
		g := &p.gadgets[w.which(p, d)]
		e := event{at: t, user: p.number, from: w.whereFrom(p, g, t, trips, d), software: g.at(t), cookie: g.cookie, ok: true}
		if d.chance(p.private) { // a private window, or cookies were deleted
			e.cookie = d.uuid4()
		}
		e.rtt = e.from.far + d.IntN(30)
		e.listed = d.chance(0.003)
		for try := range 2 {
			if d.chance(p.forgets / float64(try+1)) {
				wrong := e
				wrong.ok, wrong.at = false, t.Add(-time.Duration(5+d.IntN(40))*time.Second)
				out = append(out, wrong)
			}
		}
		out = append(out, e)
	}
	return out
}

// moment moves a time into somebody's day.
func (w *riskWorld) moment(p *person, since time.Duration, d dice) time.Time {
	day := w.From.Add(since).Truncate(24 * time.Hour)
	hour := 19.5 + 2.2*d.NormFloat64()
	if d.chance(0.2 + 0.6*p.morning) {
		hour = 10 + 2.5*d.NormFloat64()
	}
	if d.chance(0.06) {
		hour = 24 * d.Float64()
	}
	return day.Add(time.Duration((hour - float64(w.countries[p.country].zone)) * float64(time.Hour)))
}

// trip is a stay away from home.
type trip struct {
	from, till time.Time
	country    int
	city       int
	hotel      int
}

// trips: one and a half in a year, four to fourteen days; half of them abroad.
func (w *riskWorld) trips(p *person, span time.Duration, d dice) []trip {
	var out []trip
	for range int(1.5*span.Hours()/24/365 + d.Float64()) {
		t := trip{from: w.From.Add(time.Duration(d.Float64() * float64(span))), country: p.country}
		t.till = t.from.Add(time.Duration(4+d.IntN(11)) * 24 * time.Hour)
		if d.chance(0.5) {
			t.country = d.IntN(len(w.countries))
		}
		t.city, t.hotel = d.IntN(w.countries[t.country].cities), pick(d, w.countries[t.country].fixed)
		out = append(out, t)
	}
	return out
}

// change: what is new in somebody's life since the last time. A gadget is replaced after two and a half years, a
// browser changed after eight, somebody moves after seven, and changes the provider after six.
func (w *riskWorld) change(p *person, now time.Time, d dice) {
	since := now.Sub(p.lastSeen)
	if p.lastSeen.After(now) || since < 0 { // the first time
		since = 0
	}
	p.lastSeen = now
	years := since.Hours() / 24 / 365
	for i, g := range p.gadgets {
		if d.chance(years / 2.5) {
			p.gadgets[i] = d.gadget(g.kind, now)
			if d.chance(0.7) { // of the same make
				for range 20 {
					if p.gadgets[i].system == g.system && p.gadgets[i].browser == g.browser {
						break
					}
					p.gadgets[i] = d.gadget(g.kind, now)
				}
			}
		} else if d.chance(years / 8) {
			other := d.gadget(g.kind, now)
			if other.system == g.system {
				p.gadgets[i].browser, p.gadgets[i].cookie = other.browser, other.cookie
			}
		}
	}
	c := w.countries[p.country]
	if d.chance(years / 6) {
		p.fixed, p.homeTill = pick(d, c.fixed), time.Time{}
	}
	if d.chance(years / 7) {
		p.city, p.homeTill = d.IntN(c.cities), time.Time{}
	}
}

// which gadget: mostly the first, somebody's own.
func (w *riskWorld) which(p *person, d dice) int {
	weights := []float64{6, 3, 1, 1}[:len(p.gadgets)]
	return d.weighted(weights)
}

// whereFrom: at home, out with the phone, at work, on a trip, on some other network, or through a VPN.
func (w *riskWorld) whereFrom(p *person, g *gadget, now time.Time, trips []trip, d dice) line {
	if p.vpn >= 0 && d.chance(0.4) {
		return w.rentedLine(p.vpn, 40, d)
	}
	for _, t := range trips {
		if now.After(t.from) && now.Before(t.till) {
			if g.kind == "mobile" && d.chance(0.5) { // roaming: the phone's network stays the one at home
				return w.mobileLine(p.mobile, d)
			}
			return w.fixedLine(t.hotel, t.city, d)
		}
	}
	out := 0.35
	if w.assumes("mobile") {
		out = 0.8
	}
	switch {
	case g.kind == "mobile" && d.chance(out):
		return w.mobileLine(p.mobile, d)
	case p.office >= 0 && d.chance(0.25):
		return w.officeLine(p.office, d)
	case d.chance(0.03): // at friends', in a café
		c := w.countries[p.country]
		return w.fixedLine(pick(d, c.fixed), (p.city+d.IntN(2))%c.cities, d)
	}
	if now.After(p.homeTill) {
		p.homeLine = w.fixedLine(p.fixed, p.city, d)
		p.homeTill = now.Add(d.exponential(w.providers[p.fixed].keeps))
	}
	return p.homeLine
}
