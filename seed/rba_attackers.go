package seed

import (
	"time"
)

// attacks: each of the three attackers of the literature (Wiefling et al.) gets into as many accounts. One in a hundred
// sign-ins is theirs, far more than in life, so that shares can be told with some certainty from a log of this size.
func (w *riskWorld) attacks() []event {
	d := roll(w.Number, 15)
	n := max(30, w.SignIns/300)
	var out []event
	for _, kind := range []string{"naive", "vpn", "targeted"} {
		for i := 0; i < n; {
			size := 1
			switch kind {
			case "naive": // a list of names and passwords is tried in campaigns
				size = 1 + int(d.lognormal(12, 0.8))
			case "vpn": // fewer at a time
				size = 1 + int(d.lognormal(3, 0.8))
			}
			size = min(size, n-i)
			out = append(out, w.campaign(kind, size, d)...)
			i += size
		}
	}
	return out
}

// campaign is some accounts that one attacker gets into within some hours.
func (w *riskWorld) campaign(kind string, size int, d dice) []event {
	span := time.Duration(w.Days) * 24 * time.Hour
	began := w.From.Add(span/5 + time.Duration(d.Float64()*0.8*float64(span)))
	lasts := time.Duration(1+d.IntN(48)) * time.Hour
	tools := d.tools(began)
	var out []event
	for range size {
		victim := w.victim(began, d)
		if victim == nil {
			continue
		}
		at := began.Add(time.Duration(d.Float64() * float64(lasts)))
		if kind == "targeted" { // they know when the victim is awake, more or less
			at = w.moment(victim, at.Sub(w.From), d)
			if at.Before(victim.first) {
				continue
			}
		}
		e := event{at: at, user: victim.number, ok: true, takeover: true, attacker: kind, cookie: d.uuid4()}
		e.from, e.software = w.disguise(kind, victim, tools, at, d)
		e.rtt = e.from.far + d.IntN(60)
		e.listed = d.chance(map[string]float64{"naive": 0.6, "vpn": 0.3, "targeted": 0.02}[kind])
		out = append(out, e)
		// Lists of leaked passwords are mostly stale: for each account that opens, some do not.
		fails := map[string]int{"naive": 12, "vpn": 6, "targeted": 1}[kind]
		if w.assumes("quiet") {
			fails = 0
		}
		for range d.IntN(fails + 1) {
			wrong := e
			wrong.ok, wrong.takeover, wrong.at = false, false, at.Add(-time.Duration(d.IntN(3600))*time.Second)
			wrong.cookie = d.uuid4()
			if kind != "targeted" {
				wrong.user = d.IntN(len(w.people))
				if d.chance(0.5) { // from another of their machines
					wrong.from, wrong.software = w.disguise(kind, &w.people[wrong.user], tools, wrong.at, d)
				}
			}
			out = append(out, wrong)
		}
	}
	return out
}

// victim is somebody who had signed in by then.
func (w *riskWorld) victim(by time.Time, d dice) *person {
	for range 200 {
		if p := &w.people[d.IntN(len(w.people))]; p.first.Before(by) {
			return p
		}
	}
	return nil
}

// tools is the software an attacker's machines pretend to be: what is common, half of it some versions behind, and a
// script now and then.
func (d dice) tools(now time.Time) []software {
	var out []software
	for range 4 {
		switch {
		case d.chance(0.1):
			out = append(out, software{browser: "Python Requests 2.31.0", system: "Other", device: "bot"})
		default:
			g := d.gadget([]string{"desktop", "mobile"}[d.weighted([]float64{7, 3})], now)
			if d.chance(0.5) {
				g.lag = time.Duration(d.IntN(400)) * 24 * time.Hour
			}
			out = append(out, g.at(now))
		}
	}
	return out
}

// disguise is where an attacker comes from and what their browser says it is.
func (w *riskWorld) disguise(kind string, victim *person, tools []software, at time.Time, d dice) (line, software) {
	home := w.countries[victim.country]
	switch kind {
	case "naive": // rented machines and hijacked homes, anywhere in the world
		c := d.IntN(len(w.countries))
		if d.chance(0.6) {
			return w.rentedLine(pick(d, w.countries[c].rented), 4000, d), pick(d, tools)
		}
		return w.fixedLine(pick(d, w.countries[c].fixed), d.IntN(w.countries[c].cities), d), pick(d, tools)
	case "vpn": // an exit in the victim's country: of a VPN, or somebody's home that is rented out
		s := pick(d, tools)
		for range 10 { // software that is common
			if s.device != "bot" {
				break
			}
			s = d.gadget("desktop", at).at(at)
		}
		if d.chance(0.6) {
			return w.rentedLine(pick(d, home.rented), 2000, d), s
		}
		return w.fixedLine(pick(d, home.fixed), d.IntN(home.cities), d), s
	}
	// targeted: the victim's city, in three of five cases the victim's provider, and a browser like the victim's
	l := w.fixedLine(pick(d, home.fixed), victim.city, d)
	if w.assumes("exact") || d.chance(0.6) {
		l = w.fixedLine(victim.fixed, victim.city, d)
	}
	g := pick(d, victim.gadgets)
	if !w.assumes("exact") {
		g.lag = d.exponential(20 * 24 * time.Hour) // the same browser and system, on a machine of their own
		if g.system == "Windows" {
			g.base = []int{10, 11}[d.IntN(2)]
		}
	}
	return l, g.at(at)
}
