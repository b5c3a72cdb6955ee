package risk

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"portico/app/record"
)

var start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// from is a sign-in from an address of a network in a place, with Chrome on Windows.
func from(ip string, asn uint, country, city string) record.Signals {
	return record.Signals{IP: netip.MustParseAddr(ip), ASN: asn, Country: country, City: city, Browser: "Chrome 140", OS: "Windows 11",
		DeviceType: "desktop", DeviceID: "cookie-1"}
}

func home() record.Signals { return from("10.1.2.3", 64500, "DE", "Kiel") }

// somebody signed in from home n times, once a day.
func somebody(n int) (Person, time.Time) {
	var p Person
	for i := range n {
		p.Observe(home(), start.Add(time.Duration(i)*24*time.Hour))
	}
	return p, start.Add(time.Duration(n) * 24 * time.Hour)
}

func TestAPersonIsKnownByWhatTheyDid(t *testing.T) {
	p, _ := somebody(10)
	p.Observe(from("10.9.9.9", 64501, "FR", "Lyon"), start.Add(10*24*time.Hour))
	if got := p.Share(FeatureCountry, "DE"); got < 0.88 || got > 0.93 {
		t.Errorf("share of DE %.3f", got)
	}
	if !p.KnowsCountry("FR") || p.KnowsCountry("US") || p.KnowsCountry("") || !p.KnowsDevice("cookie-1") || p.KnowsDevice("") {
		t.Error("what is known is not what was seen")
	}
	if u := p.Usual(FeatureCountry); len(u) != 2 || u[0].Value != "DE" {
		t.Errorf("usual countries %v", u)
	}
	if len(p.Visits) != 2 || p.Visits[1].City != "Lyon" {
		t.Errorf("visits %v", p.Visits)
	}
	if p.Times != 11 || p.Since != start || p.First != start {
		t.Errorf("times %d, since %v", p.Times, p.Since)
	}
}

func TestWhatSomebodyDidFades(t *testing.T) {
	p, _ := somebody(1)
	p.Observe(from("10.9.9.9", 64501, "FR", "Lyon"), start.Add(halfLife))
	if got := p.Share(FeatureCountry, "DE"); got < 0.32 || got > 0.34 { // ½ against 1
		t.Errorf("share after one half-life %.3f, want ⅓", got)
	}
}

func TestSomebodyWhoComesBackIsLearntAnew(t *testing.T) {
	p, now := somebody(20)
	if Learning(p, Settings{}, now) {
		t.Error("twenty days are enough")
	}
	if !Learning(p, Settings{}, now.Add(dormant)) {
		t.Error("after half a year they are learnt anew")
	}
	back := now.Add(dormant)
	p.Observe(home(), back)
	if !Learning(p, Settings{}, back.Add(4*24*time.Hour)) || Learning(p, Settings{}, back.Add(6*24*time.Hour)) {
		t.Error("learning anew takes five days")
	}
}

func TestAClockThatJumpsBreaksNothing(t *testing.T) {
	p, now := somebody(5)
	p.Observe(home(), start.Add(-1000*time.Hour))
	p.Observe(home(), now.AddDate(40, 0, 0))
	p.Observe(home(), now)
	if p.SignIns < 0 || p.SignIns > 9 || p.First != start.Add(-1000*time.Hour) {
		t.Errorf("%.2f sign-ins, first %v", p.SignIns, p.First)
	}
	same(t, p)
}

// same checks that a person is stored without loss, as far as thousandths go.
func same(t *testing.T, p Person) {
	t.Helper()
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > maxEncoded {
		t.Errorf("%d bytes", len(b))
	}
	q, err := DecodePerson(b)
	if err != nil {
		t.Fatal(err)
	}
	c, err := q.Encode()
	if err != nil || !bytes.Equal(b, c) {
		t.Errorf("what was read is stored differently: %v", err)
	}
}

func TestAPersonIsBoundedWhateverComes(t *testing.T) {
	d := rand.New(rand.NewPCG(1, 2))
	var p Person
	for i := range 3000 {
		s := record.Signals{IP: netip.AddrFrom4([4]byte{byte(d.Uint32()), byte(d.Uint32()), byte(d.Uint32()), 1}), ASN: uint(d.Uint32()),
			Country: strings.Repeat("é", 1+d.IntN(200)), Region: fmt.Sprint(d.Uint64(), strings.Repeat("x", 300)), City: fmt.Sprint(d.Uint64(), strings.Repeat("y", 300)),
			Browser: fmt.Sprint(strings.Repeat("b", 300), d.Uint64()), OS: fmt.Sprint(strings.Repeat("o", 300), d.Uint64()),
			DeviceType: strings.Repeat("d", 100), DeviceID: fmt.Sprint(d.Uint64(), strings.Repeat("c", 99)), Language: strings.Repeat("l", 99),
			Latitude: d.Float64() * 1000, Longitude: -d.Float64() * 1000}
		p.Observe(s, start.Add(time.Duration(i)*time.Minute))
	}
	same(t, p)
	for _, name := range Features() {
		if n := len(p.Usual(name)); n > 24 {
			t.Errorf("%d values of %s", n, name)
		}
	}
	if len(p.Visits) > maxVisits {
		t.Errorf("%d visits", len(p.Visits))
	}
}

func TestRubbishIsRefused(t *testing.T) {
	p, _ := somebody(3)
	good, _ := p.Encode()
	for i := range good {
		if _, err := DecodePerson(good[:i]); err == nil && i > 0 {
			t.Errorf("%d of %d bytes are taken for a person", i, len(good))
		}
	}
	for _, b := range [][]byte{{0}, {9, 9, 9}, append(bytes.Clone(good), 0), bytes.Repeat([]byte{1}, 3*maxEncoded)} {
		if _, err := DecodePerson(b); err == nil {
			t.Errorf("%d bytes of rubbish are taken for a person", len(b))
		}
	}
	if p, err := DecodePerson(nil); err != nil || p.Times != 0 {
		t.Error("nothing is somebody who never signed in")
	}
}

func FuzzDecodePerson(f *testing.F) {
	p, _ := somebody(3)
	good, _ := p.Encode()
	f.Add(good)
	f.Add([]byte{personVersion})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := DecodePerson(b)
		if err != nil {
			return
		}
		score, _ := Score(Input{Signals: home(), Now: start, History: History{Person: p}})
		if !(score >= -40 && score <= 40) {
			t.Errorf("score %v", score)
		}
		p.Observe(home(), start)
		if _, err := p.Encode(); err != nil {
			t.Error(err)
		}
	})
}

func TestCountsFadeAndAdd(t *testing.T) {
	var c Count
	c = c.Add(1, start).Add(1, start)
	if got := c.Now(start.Add(halfLife)); got < 0.99 || got > 1.01 {
		t.Errorf("two fade to %.2f after a half-life", got)
	}
	late := c.Add(1, start.Add(-halfLife))
	if got := late.Now(start); got < 2.49 || got > 2.51 || late.At != start {
		t.Errorf("one that is told late counts as what it is worth by then: %.2f", got)
	}
}
