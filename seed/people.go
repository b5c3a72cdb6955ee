package seed

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"portico/app/record"
)

// Person is one sample customer.
type Person struct {
	Index       int
	ID          string
	Given       string
	Family      string
	Email       string
	Locale      string
	Country     string
	City        string
	Region      string
	Postal      string
	Street      string
	Attributes  map[string]any // custom ones, by the names of their definitions
	Number      string         // customer number, a user name; "" = none
	CreatedAt   time.Time
	Apps        []string // slugs, the favourite first
	zone        int
	activity    float64 // how much more often than others
	devices     []device
	home        netip.Addr
	mobile      netip.Addr
	homeNet     string
	mobileNet   string
	homeASN     uint
	mobileASN   uint
	inWindow    bool // joined during the three months
	nightOwl    bool
	preferPhone bool
}

// Name is the display name.
func (p Person) Name() string {
	if p.Locale == "ja-JP" {
		return p.Family + " " + p.Given
	}
	return p.Given + " " + p.Family
}

// device is a browser that somebody uses.
type device struct {
	id, browser, os, platform, kind, agent string
}

// people generates customers. Their accounts were made up to two years before anchor, two in five of
// them during the last three months.
type people struct {
	number uint64
	anchor time.Time
	lands  []land
	weight []float64
	suffix string // keeps the addresses of two populations apart
}

func newPeople(number uint64, anchor time.Time) people {
	p := people{number: number, anchor: anchor, lands: lands()}
	if number != Number {
		p.suffix = fmt.Sprintf("-%d", number)
	}
	for _, l := range p.lands {
		p.weight = append(p.weight, l.weight)
	}
	return p
}

// at is the person with an index. Any index may be asked for, in any order.
func (g people) at(i int) Person {
	d := roll(g.number, 1, uint64(i))
	li := d.weighted(g.weight)
	l := g.lands[li]
	p := Person{Index: i, Locale: l.locale, Country: l.country, zone: l.zone}
	gi := d.IntN(len(l.given))
	p.Given = l.given[gi]
	p.Family = pick(d, l.family)
	if len(l.familyF) > 0 && gi%2 == 0 { // the lists alternate
		p.Family = pick(d, l.familyF)
	}
	town := pick(d, l.places)
	p.City, p.Region, p.Postal = town.city, town.region, town.postal
	p.Street = fmt.Sprintf(l.street, d.between(1, 148), pick(d, l.streets))
	p.Email = mailbox(d, p.Given, p.Family, i, g.suffix)
	p.inWindow = d.chance(0.4)
	if p.inWindow {
		p.CreatedAt = g.anchor.Add(-time.Duration(d.Float64() * float64(Window)))
	} else {
		p.CreatedAt = g.anchor.Add(-Window - time.Duration(d.Float64()*float64(640*24*time.Hour)))
	}
	p.CreatedAt = daytime(d, p.CreatedAt, l.zone).Truncate(time.Second)
	for !p.CreatedAt.Before(g.anchor) {
		p.CreatedAt = p.CreatedAt.Add(-day)
	}
	p.ID = d.uuid4() // public, so without a time inside
	p.Apps = [][]string{{"market"}, {"market", "auto"}, {"auto"}, {"home"}, {"home", "auto"}, {"market", "home"}, {"market", "auto", "home"}}[d.weighted([]float64{34, 20, 12, 14, 8, 8, 4})]
	p.answer(d, roll(g.number, 5, uint64(i)), g.anchor)
	if g.suffix == "" && i%4 == 0 { // another population would take the same numbers
		p.Number = fmt.Sprintf("FH-%06d", 100000+137*i)
	}
	p.activity = 0.3 + d.ExpFloat64()
	p.nightOwl, p.preferPhone = d.chance(0.12), d.chance(0.55)
	n := uint32(i)
	h := (n*40503 + 12345) % (1 << 17)                                              // scattered over the range, no two alike
	p.home = netip.AddrFrom4([4]byte{198, 18 + byte(h>>16), byte(h >> 8), byte(h)}) // RFC 2544
	b := netip.MustParseAddr("2001:db8::").As16()
	b[4], b[5], b[6], b[7] = byte(li), byte(n>>16), byte(n>>8), byte(n)
	b[15] = byte(d.between(1, 250))
	p.mobile = netip.AddrFrom16(b) // RFC 3849
	p.homeNet, p.mobileNet = l.home, l.mobile
	p.homeASN, p.mobileASN = uint(64512+2*li), uint(64513+2*li) // RFC 6996
	devices := d.between(1, 3)
	if i == victim { // her story is the takeover, not a second device of her own
		devices = 1
	}
	for range devices {
		p.devices = append(p.devices, newDevice(d, p.preferPhone && len(p.devices) == 0))
	}
	return p
}

// answer fills in what the person said on the pages of their apps. first is the stream of the population's
// other rolls.
func (p *Person) answer(first, d dice, anchor time.Time) {
	p.Attributes = map[string]any{}
	if p.Apps[0] == "home" {
		p.Attributes[homeType] = pick(first, []string{"flat", "house"})
	} else {
		p.Attributes[newsletter] = first.chance(0.45)
		if d.chance(0.7) {
			p.Attributes[store] = pick(d, []string{"harbour", "station", "mill", "home"})
		}
		if d.chance(0.3) {
			p.Attributes[loyalty] = fmt.Sprintf("LC-%06d", d.between(100000, 999999))
		}
		if d.chance(0.4) {
			p.Attributes[interests] = pick(d, []string{"cooking", "gardening", "travelling", "cooking,gardening", "cooking,travelling"})
		}
	}
	if slices.Contains(p.Apps, "home") {
		p.Attributes[household] = int64(d.between(1, 6))
		p.Attributes[dateOfBirth] = anchor.AddDate(-d.between(19, 84), 0, -d.between(0, 364)).Format(time.DateOnly)
	}
}

// mailbox makes an address at an example domain (RFC 2606) out of a name; names in other scripts get a
// nickname, as people do.
func mailbox(d dice, given, family string, i int, suffix string) string {
	g, f := ascii(given), ascii(family)
	if g == "" || f == "" {
		g, f = pick(d, []string{"sunny", "quiet", "blue", "little", "lucky", "early"}), pick(d, []string{"river", "heron", "maple", "tea", "kite", "moon"})
	}
	local := pick(d, []string{g + "." + f, g[:1] + "." + f, f + "." + g, g + f, g + "_" + f})
	return fmt.Sprintf("%s%d%s@example.%s", local, 10+i, suffix, pick(d, []string{"com", "com", "org", "net"}))
}

// ascii keeps the letters of a name without their marks; "" when the script has no such letters.
func ascii(s string) string {
	s = strings.NewReplacer("ß", "ss", "ł", "l", "Ł", "l", "ı", "i", "ø", "o", "Ø", "o").Replace(s)
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		if r < unicode.MaxASCII && unicode.IsLetter(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func newDevice(d dice, phone bool) device {
	v := d.between(138, 143)
	kinds := []device{
		{browser: fmt.Sprintf("Chrome %d", v), os: "Windows 11", platform: "windows", kind: "desktop",
			agent: fmt.Sprintf("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", v)},
		{browser: fmt.Sprintf("Edge %d", v), os: "Windows 11", platform: "windows", kind: "desktop",
			agent: fmt.Sprintf("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36 Edg/%d.0.0.0", v, v)},
		{browser: "Safari 26", os: "macOS 26", platform: "macOS", kind: "desktop",
			agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15"},
		{browser: fmt.Sprintf("Firefox %d", v+3), os: "Linux", platform: "linux", kind: "desktop",
			agent: fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/%d.0", v+3, v+3)},
		{browser: "Safari 26", os: "iOS 26", platform: "iOS", kind: "phone",
			agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1"},
		{browser: fmt.Sprintf("Chrome %d", v), os: "Android 16", platform: "android", kind: "phone",
			agent: fmt.Sprintf("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Mobile Safari/537.36", v)},
		{browser: "Safari 26", os: "iPadOS 26", platform: "iOS", kind: "tablet",
			agent: "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/604.1"},
	}
	weights := []float64{30, 12, 12, 6, 0, 0, 5}
	if phone {
		weights = []float64{0, 0, 0, 0, 45, 55, 0}
	}
	x := kinds[d.weighted(weights)]
	x.id = d.uuid4()
	return x
}

// signals of a person who signs in with a device from home, or from the road when away.
func (p Person) signals(dev device, away bool) record.Signals {
	s := record.Signals{IP: p.home, Country: p.Country, Region: p.Region, City: p.City, ASN: p.homeASN, Network: p.homeNet,
		UserAgent: dev.agent, Browser: dev.browser, OS: dev.os, Platform: dev.platform, DeviceType: dev.kind, DeviceID: dev.id, Language: p.Locale}
	if away {
		s.IP, s.ASN, s.Network = p.mobile, p.mobileASN, p.mobileNet
	}
	return placed(s)
}
