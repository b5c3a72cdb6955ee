package seed

import (
	"fmt"
	"net/netip"
	"time"

	"portico/app/record"
)

// The days before the anchor on which the two attacks happened.
const (
	sprayDay    = 0 // so lately that what its sources did is still kept, for the engine to find it
	takeoverDay = 5
)

// sprayTakes is longer than the spray takes.
const sprayTakes = 4 * time.Hour

// strangersNetwork is where whoever took the account over came from.
const strangersNetwork = "Harbour Exit Hosting"

// victim is the customer whose account was taken over.
const victim = 3

// attacks are what an administrator should discover.
func (h history) attacks(n int) []record.SignIn {
	switch {
	case n == sprayDay && h.count >= 100:
		return h.spray()
	case n == takeoverDay && h.count > victim:
		return h.takeover()
	}
	return nil
}

// spray is one common password tried against many accounts from a handful of rented machines, at night,
// slowly enough to stay below every account's own limit. Some of the addresses never existed.
func (h history) spray() []record.SignIn {
	d := roll(h.number, 3)
	begin := h.anchor.Add(-(sprayDay + 1) * day).Truncate(day).Add(26*time.Hour + 11*time.Minute)
	begin = h.within(h.anchor.Add(-(sprayDay+1)*day), begin)
	if latest := h.anchor.Add(-sprayTakes); begin.After(latest) { // it is over by now
		begin = latest
	}
	var list []record.SignIn
	at := begin
	for i := range 220 {
		at = at.Add(time.Duration(d.between(12, 55)) * time.Second)
		s := record.Signals{IP: netip.AddrFrom4([4]byte{203, 0, 113, byte(40 + d.IntN(5))}), Country: "NL", Region: "Noord-Holland", City: "Amsterdam",
			Latitude: 52.37, Longitude: 4.9, ASN: 65101, Network: "Blackmoor Hosting", UserAgent: "python-requests/2.32", Browser: "python-requests 2", DeviceType: "bot", Language: ""}
		p := h.people.at((i * 37) % h.count)
		r := h.base(d, p, h.world.apps["market"], at, s)
		if i%4 == 3 {
			r.User = record.Party{}
			r.Identifier = fmt.Sprintf("%s%d@example.com", pick(d, []string{"info", "sales", "shop", "j.smith", "admin", "test"}), d.IntN(100))
		}
		r.EndedAt = at.Add(time.Duration(d.between(90, 240)) * time.Millisecond)
		r.Request = record.Request{Scopes: []string{"openid"}}
		r.Steps = []record.Step{{Name: "identify", At: at}, {Name: "password", At: r.EndedAt}}
		r.Proofs = []record.Proof{{Method: "password", At: r.EndedAt, Reason: reasonWrongPassword, Count: 1}}
		r.Outcome = record.Outcome{Result: record.Failure, Code: codeWrongPassword, Key: reasonWrongPassword, Step: "password"}
		list = append(list, r)
	}
	return list
}

// takeover is one customer at home in the morning and, forty minutes later, on another continent with a
// device never seen before; it goes on from there while she goes on from home.
func (h history) takeover() []record.SignIn {
	d := roll(h.number, 4)
	p := h.people.at(victim)
	to := h.world.apps[p.Apps[0]]
	begin := h.within(h.anchor.Add(-(takeoverDay+1)*day), h.anchor.Add(-(takeoverDay+1)*day).Truncate(day).Add(time.Duration(33-p.zone)*time.Hour))
	stranger := record.Signals{IP: netip.MustParseAddr("203.0.113.201"), Country: "PH", Region: "Metro Manila", City: "Manila", ASN: 65107,
		Network: strangersNetwork, UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101 Firefox/102.0", Browser: "Firefox 102",
		OS: "Linux", Platform: "linux", DeviceType: "desktop", DeviceID: d.uuid4(), Language: "en-US"}
	stranger = placed(stranger)
	good := func(at time.Time, s record.Signals, to party) record.SignIn {
		r := h.risky(h.base(d, p, to, at, s))
		r.EndedAt = at.Add(21 * time.Second)
		r.Steps = []record.Step{{Name: "identify", At: at.Add(4 * time.Second)}, {Name: "code", At: r.EndedAt}, {Name: "issue", At: r.EndedAt}}
		r.Proofs = []record.Proof{{Method: "emailCode", At: r.EndedAt, OK: true}}
		return h.succeed(r)
	}
	bad := h.base(d, p, to, begin.Add(31*time.Minute), stranger)
	bad.EndedAt = bad.StartedAt.Add(70 * time.Second)
	bad.Proofs = []record.Proof{{Method: "emailCode", At: bad.EndedAt, Reason: reasonWrongCode, Count: 4}}
	bad.Steps = []record.Step{{Name: "identify", At: bad.StartedAt}, {Name: "code", At: bad.EndedAt}}
	bad.Outcome = record.Outcome{Result: record.Failure, Code: codeWrongCode, Key: reasonWrongCode, Step: "code"}
	list := []record.SignIn{good(begin, p.signals(p.devices[0], false), to), bad, good(begin.Add(40*time.Minute), stranger, to)}
	for _, slug := range []string{"auto", "home", "market"} { // then next door, to see what else there is
		list = append(list, good(begin.Add(time.Duration(43+len(list))*time.Minute), stranger, h.world.apps[slug]))
	}
	return append(list, good(begin.Add(95*time.Minute), p.signals(p.devices[0], false), to))
}
