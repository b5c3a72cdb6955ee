package seed

import (
	"fmt"
	"strconv"
	"time"
)

// line is where one connection comes from.
type line struct {
	ip, country, region, city string
	asn                       int
	far                       int // milliseconds there and back
}

// provider is a network: who lives in it, and how it gives out addresses.
type provider struct {
	asn     int
	country int
	block   int           // its /16 below 10.0.0.0/8, or its /40 of the documentation's IPv6
	kind    string        // fixed, mobile, office, hosting
	keeps   time.Duration // how long a customer keeps an address
	six     bool
	city    int // of an office
}

type riskCountry struct {
	code   string
	weight float64 // share of the people who live there
	zone   int     // hours from UTC
	cities int
	fixed  []int
	mobile []int
	office []int
	rented []int // machines and VPNs that can be rented there
}

// riskWorld is what the log takes place in.
type riskWorld struct {
	RiskLog
	countries []riskCountry
	providers []provider
	people    []person
	dice      dice
}

// newRiskWorld: a service of one country, with a quarter of its people abroad; the rest of the world is where they
// travel to and where attackers rent machines.
func newRiskWorld(r RiskLog) *riskWorld {
	w := &riskWorld{RiskLog: r, dice: roll(r.Number, 11)}
	for _, c := range []struct {
		code   string
		weight float64
		zone   int
	}{{"DE", 75, 1}, {"AT", 6, 1}, {"CH", 5, 1}, {"NL", 3, 1}, {"FR", 3, 1}, {"GB", 3, 0}, {"US", 2, -6}, {"PL", 1, 1}, {"IT", 1, 1}, {"ES", 1, 1},
		{"TR", 0.4, 3}, {"BR", 0.2, -3}, {"IN", 0.2, 5}, {"CN", 0.1, 8}, {"RU", 0.1, 3}, {"VN", 0.1, 7}, {"UA", 0.1, 2}, {"ID", 0.1, 7}, {"NG", 0.05, 1},
		{"SG", 0.1, 8}, {"TH", 0.1, 7}, {"GR", 0.2, 2}, {"PT", 0.2, 0}, {"HR", 0.2, 1}, {"SE", 0.3, 1}, {"CA", 0.2, -5}, {"ZA", 0.05, 2}, {"MX", 0.05, -6}} {
		w.country(c.code, c.weight, c.zone)
	}
	weights := make([]float64, len(w.countries))
	for i, c := range w.countries {
		weights[i] = c.weight
	}
	for i := range r.Users {
		w.people = append(w.people, w.born(i, w.dice.weighted(weights)))
	}
	return w
}

// country gives it cities, providers, offices and rented machines, more of them where more people live.
func (w *riskWorld) country(code string, weight float64, zone int) {
	c := riskCountry{code: code, weight: weight, zone: zone, cities: 3 + int(weight/3)}
	at := len(w.countries)
	add := func(kind string, n int, to *[]int, make func(p *provider)) {
		for range n {
			p := provider{asn: 64512 + len(w.providers), country: at, block: len(w.providers) + 1, kind: kind}
			make(&p)
			*to = append(*to, len(w.providers))
			w.providers = append(w.providers, p)
		}
	}
	// Of four providers one gives a new address each day, one each fortnight, two keep it for months.
	keeps := []time.Duration{24 * time.Hour, 14 * 24 * time.Hour, 120 * 24 * time.Hour, 200 * 24 * time.Hour}
	add("fixed", 2+min(4, int(weight/2)), &c.fixed, func(p *provider) {
		p.keeps, p.six = keeps[len(c.fixed)%len(keeps)], w.dice.chance(0.15)
		if w.assumes("daily") {
			p.keeps = 24 * time.Hour
		}
	})
	add("mobile", 1+min(2, int(weight/2)), &c.mobile, func(*provider) {})
	add("office", 1+min(12, int(weight/4)), &c.office, func(p *provider) { p.city = w.dice.IntN(c.cities) })
	add("hosting", 1+min(4, int(weight/5)), &c.rented, func(*provider) {})
	w.countries = append(w.countries, c)
}

func (w *riskWorld) place(l *line, country, city int) {
	c := w.countries[country]
	l.country, l.region, l.city = c.code, fmt.Sprintf("%s-R%d", c.code, city/3), fmt.Sprintf("%s-C%d", c.code, city)
}

// address is one of a provider's in a city: a city has a /20 of a provider's /16.
func (w *riskWorld) address(p provider, city int, d dice) string {
	host := city%16<<12 | d.IntN(1<<12)
	if p.six {
		return fmt.Sprintf("2001:db8:%x:%x::%x", p.block, host, 1+d.IntN(0xffff))
	}
	return "10." + strconv.Itoa(p.block%256) + "." + strconv.Itoa(host>>8) + "." + strconv.Itoa(host&255)
}

// distance is about how long a packet is on its way to a server in the home country.
func (w *riskWorld) distance(country int, kind string) int {
	far := 12
	switch z := w.countries[country].zone; {
	case country == 0:
	case z >= 0 && z <= 2:
		far = 35
	default:
		far = 140
	}
	if kind == "mobile" {
		far += 30
	}
	return far
}

// fixedLine is a customer's line at a provider.
func (w *riskWorld) fixedLine(at, city int, d dice) line {
	p := w.providers[at]
	l := line{asn: p.asn, ip: w.address(p, city, d), far: w.distance(p.country, p.kind)}
	w.place(&l, p.country, city)
	return l
}

// mobileLine: thousands share sixty-four addresses of the provider, and databases of places know one of three hubs.
func (w *riskWorld) mobileLine(at int, d dice) line {
	p := w.providers[at]
	n := d.IntN(64)
	l := line{asn: p.asn, ip: fmt.Sprintf("10.%d.%d.%d", p.block%256, n/16, 10+n), far: w.distance(p.country, p.kind)}
	w.place(&l, p.country, d.IntN(3))
	return l
}

// officeLine: an office, a school or a shop has one or two addresses for everybody.
func (w *riskWorld) officeLine(at int, d dice) line {
	p := w.providers[at]
	l := line{asn: p.asn, ip: fmt.Sprintf("10.%d.1.%d", p.block%256, 1+d.IntN(2)), far: w.distance(p.country, p.kind)}
	w.place(&l, p.country, p.city)
	return l
}

// rentedLine is a machine or a VPN's exit. spread is how many addresses are in use.
func (w *riskWorld) rentedLine(at, spread int, d dice) line {
	p := w.providers[at]
	n := d.IntN(spread)
	l := line{asn: p.asn, ip: fmt.Sprintf("10.%d.%d.%d", p.block%256, n>>8&255, n&255), far: w.distance(p.country, p.kind)}
	w.place(&l, p.country, 0)
	return l
}
