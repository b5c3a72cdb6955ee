package risk

import (
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"portico/app/record"
)

// A small world for the tables below: places with an address of each.
func noon() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }

func at(place string) record.Signals {
	s := record.Signals{Browser: "Firefox 145", OS: "Linux", Platform: "linux", DeviceType: "desktop"}
	switch place {
	case "Utrecht":
		s.IP, s.City, s.Country, s.ASN, s.Latitude, s.Longitude = netip.MustParseAddr("198.51.100.7"), "Utrecht", "NL", 64500, 52.09, 5.12
	case "Amsterdam":
		s.IP, s.City, s.Country, s.ASN, s.Latitude, s.Longitude = netip.MustParseAddr("198.51.101.7"), "Amsterdam", "NL", 64500, 52.37, 4.90
	case "Madrid":
		s.IP, s.City, s.Country, s.ASN, s.Latitude, s.Longitude = netip.MustParseAddr("203.0.113.5"), "Madrid", "ES", 64501, 40.42, -3.70
	case "Singapore":
		s.IP, s.City, s.Country, s.ASN, s.Latitude, s.Longitude = netip.MustParseAddr("192.0.2.9"), "Singapore", "SG", 64502, 1.35, 103.82
	case "country only":
		s.IP, s.Country, s.ASN = netip.MustParseAddr("192.0.2.99"), "SG", 64502
	default: // nowhere
		s.IP = netip.MustParseAddr("10.0.0.1")
	}
	return s
}

// used to sign in from a place once a day, the last time some while ago.
func usedTo(place string, times int, ago time.Duration) Person {
	var p Person
	for i := range times {
		p.Observe(at(place), noon().Add(-ago-time.Duration(times-1-i)*24*time.Hour))
	}
	return p
}

func everybody(total float64, more ...any) Everyone {
	e := Everyone{Key{}: {N: total, At: noon()}}
	for i := 0; i+2 < len(more); i += 3 {
		e[Key{more[i].(string), more[i+1].(string)}] = Count{N: more[i+2].(float64), At: noon()}
	}
	return e
}

// said is what one detector says: its levels, "" for nothing, "?" where it could not tell.
func said(d Detector, in Input) string {
	if in.Now.IsZero() {
		in.Now = noon()
	}
	a := Assess([]Detector{d}, in)
	if len(a.CouldNotTell) > 0 {
		return "?"
	}
	var levels []string
	for _, f := range a.Findings {
		levels = append(levels, f.Level)
	}
	return strings.Join(levels, " ")
}

func listedAs(s record.Signals, lists ...string) record.Signals { s.Lists = lists; return s }

func TestImpossibleTravel(t *testing.T) {
	early := Settings{TravelKmh: 400}
	accurate := func(s record.Signals, km uint) record.Signals { s.AccuracyKm = km; return s }
	seen := usedTo("Madrid", 3, 80*time.Hour)
	seen.Observe(at("Utrecht"), noon().Add(-time.Hour))
	for name, c := range map[string]struct {
		in   Input
		want string
	}{
		"an hour later in Madrid, never there before":   {Input{Signals: at("Madrid"), History: History{Person: usedTo("Utrecht", 5, time.Hour)}}, "high"},
		"an hour later in Madrid, where they often are": {Input{Signals: at("Madrid"), History: History{Person: seen}}, "medium"},
		"a flight later": {Input{Signals: at("Madrid"), History: History{Person: usedTo("Utrecht", 5, 3*time.Hour)}}, ""},
		"a flight later, where the tenant allows trains only": {Input{Signals: at("Madrid"), Settings: early, History: History{Person: usedTo("Utrecht", 5, 3*time.Hour)}}, "high"},
		"the next town at once":                               {Input{Signals: at("Amsterdam"), History: History{Person: usedTo("Utrecht", 5, time.Second)}}, ""},
		"far, but the place is known only about":              {Input{Signals: accurate(at("Madrid"), 600), History: History{Person: usedTo("Utrecht", 5, time.Hour)}}, ""},
		"through a VPN":                                       {Input{Signals: listedAs(at("Madrid"), ListVPN), History: History{Person: usedTo("Utrecht", 5, time.Hour)}}, ""},
		"through everybody's way out":                         {Input{Signals: at("Madrid"), History: History{Person: usedTo("Utrecht", 5, time.Hour), Everyone: everybody(100, FeatureIP, "203.0.113.5", 30.0)}}, ""},
		"the first sign-in ever":                              {Input{Signals: at("Madrid")}, ""},
		"from an unknown place":                               {Input{Signals: at("nowhere"), History: History{Person: usedTo("Utrecht", 5, time.Hour)}}, "?"},
		"the place could not be looked up":                    {Input{Signals: record.Signals{PlaceFailed: true}, History: History{Person: usedTo("Utrecht", 5, time.Hour)}}, "?"},
		"what was usual failed to load":                       {Input{Signals: at("Madrid"), History: History{Missing: []string{NeedPerson}}}, "?"},
		"a clock that was set back does not lower it":         {Input{Signals: at("Madrid"), History: History{Person: usedTo("Utrecht", 5, -48*time.Hour)}}, "high"},
		"from a trusted place":                                {Input{Signals: at("Madrid"), Trusted: true, History: History{Person: usedTo("Utrecht", 5, time.Hour)}}, "medium"},
	} {
		if got := said(impossibleTravel(), c.in); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A sign-in through a VPN leaves no place behind from which the next one would be a journey.
func TestAVPNIsNoPlace(t *testing.T) {
	p := usedTo("Utrecht", 5, 10*time.Hour)
	p.Observe(listedAs(at("Singapore"), ListVPN), noon().Add(-time.Hour))
	if got := said(impossibleTravel(), Input{Signals: at("Amsterdam"), History: History{Person: p}}); got != "" {
		t.Errorf("home after a VPN in Singapore is %q", got)
	}
}

func TestAtypicalTravel(t *testing.T) {
	for name, c := range map[string]struct {
		in   Input
		want string
	}{
		"fast, to where they never were":           {Input{Signals: at("Singapore"), History: History{Person: usedTo("Utrecht", 15, 11*time.Hour)}}, "medium"},
		"rather fast, to where they never were":    {Input{Signals: at("Singapore"), History: History{Person: usedTo("Utrecht", 15, 20*time.Hour)}}, "low"},
		"slow":                                     {Input{Signals: at("Singapore"), History: History{Person: usedTo("Utrecht", 15, 60*time.Hour)}}, ""},
		"learning: 9 sign-ins in 9 days":           {Input{Signals: at("Singapore"), History: History{Person: usedTo("Utrecht", 9, 11*time.Hour)}}, ""},
		"10 sign-ins are enough":                   {Input{Signals: at("Singapore"), History: History{Person: usedTo("Utrecht", 10, 11*time.Hour)}}, "medium"},
		"impossible already: that is the other":    {Input{Signals: at("Singapore"), History: History{Person: usedTo("Utrecht", 15, time.Hour)}}, ""},
		"between two countries they live in":       {Input{Signals: at("Singapore"), History: History{Person: commuter()}}, ""},
		"a tenant that learns for a month":         {Input{Signals: at("Singapore"), Settings: Settings{AtypicalDays: 30, AtypicalSignIns: 30}, History: History{Person: usedTo("Utrecht", 15, 11*time.Hour)}}, ""},
		"no coordinates, only a country: not told": {Input{Signals: at("country only"), History: History{Person: usedTo("Utrecht", 15, 11*time.Hour)}}, "?"},
	} {
		if got := said(unlikelyTravel(), c.in); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	a := Assess([]Detector{unlikelyTravel()}, Input{Now: noon(), Signals: at("Singapore"), History: History{Person: usedTo("Utrecht", 15, 11*time.Hour)}})
	if a.Level != None || a.Findings[0].Timing != Offline {
		t.Errorf("a policy sees %s, made %s: it errs too often for that", a.Level, a.Findings[0].Timing)
	}
}

func commuter() Person {
	var p Person
	for i := range 20 {
		p.Observe(at([]string{"Singapore", "Utrecht"}[i%2]), noon().Add(-11*time.Hour-time.Duration(19-i)*48*time.Hour))
	}
	return p
}

func TestNewCountry(t *testing.T) {
	for name, c := range map[string]struct {
		in   Input
		want string
	}{
		"never there, where many others are":        {Input{Signals: at("Madrid"), History: History{Person: usedTo("Utrecht", 3, 72*time.Hour), Everyone: everybody(1000, FeatureCountry, "ES", 200.0)}}, "low"},
		"never there, where hardly anybody is":      {Input{Signals: at("Madrid"), History: History{Person: usedTo("Utrecht", 3, 72*time.Hour), Everyone: everybody(1000, FeatureCountry, "ES", 2.0)}}, "medium"},
		"known country, other town":                 {Input{Signals: at("Amsterdam"), History: History{Person: usedTo("Utrecht", 3, 72*time.Hour)}}, ""},
		"too few sign-ins for anything to be usual": {Input{Signals: at("Madrid"), History: History{Person: usedTo("Utrecht", 2, 72*time.Hour)}}, ""},
		"whose places were never known":             {Input{Signals: at("Madrid"), History: History{Person: usedTo("nowhere", 9, 72*time.Hour)}}, ""},
		"from an unknown place":                     {Input{Signals: at("nowhere"), History: History{Person: usedTo("Utrecht", 9, 72*time.Hour)}}, "?"},
		"low, from a trusted place: nothing":        {Input{Signals: at("Madrid"), Trusted: true, History: History{Person: usedTo("Utrecht", 3, 72*time.Hour), Everyone: everybody(10, FeatureCountry, "ES", 5.0)}}, ""},
	} {
		if got := said(newCountry(), c.in); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestLists(t *testing.T) {
	failed := at("Madrid")
	failed.ListsFailed = true
	both := listedAs(failed, ListTor)
	for name, c := range map[string]struct {
		d    Detector
		in   Input
		want string
	}{
		"an exit of Tor": {anonymousAddress(), Input{Signals: listedAs(at("Madrid"), ListTor)}, "medium"},
		"an open proxy":  {anonymousAddress(), Input{Signals: listedAs(at("Madrid"), ListProxy)}, "medium"},
		"a VPN":          {anonymousAddress(), Input{Signals: listedAs(at("Madrid"), ListVPN)}, "low"},
		"a VPN that is also an exit of Tor is one finding":      {anonymousAddress(), Input{Signals: listedAs(at("Madrid"), ListVPN, ListTor)}, "medium"},
		"an ordinary address":                                   {anonymousAddress(), Input{Signals: at("Madrid")}, ""},
		"a list could not be read":                              {anonymousAddress(), Input{Signals: failed}, "?"},
		"a list could not be read, the old one has the address": {anonymousAddress(), Input{Signals: both}, "medium"},
		"Tor from a trusted place":                              {anonymousAddress(), Input{Signals: listedAs(at("Madrid"), ListTor), Trusted: true}, "low"},
		"a machine that malware controls":                       {malwareAddress(), Input{Signals: listedAs(at("Madrid"), ListMalware)}, "medium"},
		"a threat actor":                                        {threatActor(), Input{Signals: listedAs(at("Madrid"), ListActor)}, "high"},
		"a threat actor stays one in a trusted place":           {threatActor(), Input{Signals: listedAs(at("Madrid"), ListActor), Trusted: true}, "high"},
		"a threat actor renews tokens":                          {threatActor(), Input{Signals: listedAs(at("Madrid"), ListActor), Refresh: true}, "high"},
		"an app's server on a VPN renews tokens":                {anonymousAddress(), Input{Signals: listedAs(at("Madrid"), ListVPN), Refresh: true}, ""},
	} {
		if got := said(c.d, c.in); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestMaliciousAddress(t *testing.T) {
	school := Source{Attempts: 500, Failures: 60, Accounts: 50, Successes: 440}
	script := Source{Attempts: 100, Failures: 97, Accounts: 60, Unknown: 30}
	forgetful := Source{Attempts: 40, Failures: 40, Accounts: 1}
	for name, c := range map[string]struct {
		in   Input
		want string
	}{
		"nothing known":                            {Input{Signals: at("Madrid")}, ""},
		"on a list":                                {Input{Signals: listedAs(at("Madrid"), ListMalicious)}, "medium"},
		"nearly everything fails":                  {Input{Signals: at("Madrid"), History: History{Source: script}}, "medium"},
		"both":                                     {Input{Signals: listedAs(at("Madrid"), ListMalicious), History: History{Source: script}}, "high"},
		"a school behind one address":              {Input{Signals: at("Madrid"), History: History{Source: school}}, ""},
		"one person who forgot a password":         {Input{Signals: at("Madrid"), History: History{Source: forgetful}}, ""},
		"a tenant that waits for 200 failures":     {Input{Signals: at("Madrid"), Settings: Settings{SourceFailures: 200}, History: History{Source: script}}, ""},
		"the source could not be counted":          {Input{Signals: at("Madrid"), History: History{Missing: []string{NeedSource}}}, "?"},
		"switched off: it says nothing, not \"?\"": {Input{Settings: Settings{Off: []string{"maliciousIPAddress"}}, History: History{Missing: []string{NeedSource}}}, ""},
	} {
		if got := said(maliciousAddress(), c.in); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestThreatIntelligence(t *testing.T) {
	in := Input{Signals: at("Madrid"), Trusted: true, History: History{Indicators: []Indicator{{ID: "1", Kind: "ip", Value: "203.0.113.0/24", Level: High},
		{ID: "2", Kind: "userAgent", Value: "curl", Level: "wild"}}}}
	if got := said(threatIntelligence(), in); got != "high medium" {
		t.Errorf("two indicators: %q", got)
	}
	if got := said(threatIntelligence(), Input{History: History{Missing: []string{NeedIndicators}}}); got != "?" {
		t.Errorf("indicators that failed to load: %q", got)
	}
}

func TestLeakedCredentials(t *testing.T) {
	for name, c := range map[string]struct {
		in   Input
		want string
	}{
		"a password of the list":                   {Input{Shown: Shown{Password: true, Breached: true}}, "high"},
		"from a trusted place it is known as well": {Input{Trusted: true, Shown: Shown{Password: true, Breached: true}}, "high"},
		"an address of a list":                     {Input{History: History{Leaked: true}}, "high"},
		"neither":                                  {Input{Shown: Shown{Password: true}}, ""},
		"the list could not be read":               {Input{Shown: Shown{Password: true, Unread: true}}, "?"},
		"the addresses could not be read":          {Input{History: History{Missing: []string{NeedLeaked}}}, "?"},
	} {
		if got := said(leakedCredentials(), c.in); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	a := Assess(Detectors(), Input{Now: noon(), Signals: at("Utrecht"), Shown: Shown{Password: true, Breached: true}})
	if a.Level != None || a.UserLevel != High {
		t.Errorf("the sign-in is %s and the person %s: a known password says nothing of who is typing it", a.Level, a.UserLevel)
	}
}

func TestAnomalousToken(t *testing.T) {
	other := func(place, browser, platform string) record.Signals {
		s := at(place)
		s.Browser, s.Platform = browser, platform
		return s
	}
	home := at("Utrecht")
	for name, c := range map[string]struct {
		in   Input
		want string
	}{
		"the first renewal":                               {Input{Refresh: true, Signals: home}, ""},
		"the same client on a train":                      {Input{Refresh: true, Signals: at("Madrid"), Shown: Shown{Before: &home}}, ""},
		"the same browser after an update":                {Input{Refresh: true, Signals: other("Madrid", "Firefox 146", "linux"), Shown: Shown{Before: &home}}, ""},
		"another browser at home":                         {Input{Refresh: true, Signals: other("Utrecht", "curl 8", ""), Shown: Shown{Before: &home}}, ""},
		"another client in another country":               {Input{Refresh: true, Signals: other("Madrid", "curl 8", ""), Shown: Shown{Before: &home}}, "high"},
		"another platform, and only the address is known": {Input{Refresh: true, Signals: other("nowhere", "Chrome 150", "windows"), Shown: Shown{Before: ptr(other("nowhere", "Firefox 145", "linux"))}}, ""},
		"another client in another country of the same network": {Input{Refresh: true, Signals: record.Signals{IP: at("Utrecht").IP, ASN: home.ASN, Country: "ES", Browser: "curl 8"},
			Shown: Shown{Before: &home}}, "high"},
		"a refresh token that was used before":                {Input{Refresh: true, Signals: home, Shown: Shown{Reused: true}}, "high"},
		"a refresh token that was used before, trusted place": {Input{Refresh: true, Trusted: true, Signals: home, Shown: Shown{Reused: true}}, "medium"},
	} {
		if got := said(anomalousToken(), c.in); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestGuessedPasswords(t *testing.T) {
	spray := Source{Attempts: 60, Failures: 58, Accounts: 55, Unknown: 1}
	list := Source{Attempts: 60, Failures: 58, Accounts: 20, Unknown: 38}
	few := Source{Attempts: 3, Failures: 3, Accounts: 3}
	nine := Source{Attempts: 9, Failures: 9, Accounts: 9}
	ten := Source{Attempts: 10, Failures: 10, Accounts: 10}
	office := Source{Attempts: 40, Failures: 12, Successes: 28, Accounts: 12}
	wave := []Wave{{IncidentID: "i", Kind: PasswordSpray}}
	for name, c := range map[string]struct {
		in              Input
		spray, stuffing string
	}{
		"many accounts were tried, and this password is right":  {Input{Shown: Shown{Password: true}, History: History{Source: spray}}, "high", ""},
		"failures alone are no detection of anybody (R 6.4.13)": {Input{History: History{Source: spray}}, "", ""},
		"a list of names, many of whom nobody is":               {Input{Shown: Shown{Password: true}, History: History{Source: list}}, "", "high"},
		"a wave that is known, from an address of it":           {Input{Shown: Shown{Password: true}, History: History{Waves: wave, Source: spray}}, "high", ""},
		"next door to a wave, where few names were tried":       {Input{Shown: Shown{Password: true}, History: History{Waves: wave, Source: few}}, "medium", ""},
		"next door, one name below the threshold":               {Input{Shown: Shown{Password: true}, History: History{Waves: wave, Source: nine}}, "medium", ""},
		"next door, at the threshold":                           {Input{Shown: Shown{Password: true}, History: History{Waves: wave, Source: ten}}, "high", ""},
		"next door, an office where people mistype and get in":  {Input{Shown: Shown{Password: true}, History: History{Waves: wave, Source: office}}, "medium", ""},
		"next door to a wave":                                   {Input{Shown: Shown{Password: true}, History: History{Waves: wave}}, "", ""},
		"an address that a wave used once":                      {Input{Shown: Shown{Password: true}, History: History{Waves: []Wave{{Kind: PasswordSpray, Counted: true}}, Source: Source{Attempts: 1, Failures: 1, Accounts: 1}}}, "medium", ""},
		"a fresh address with the tool of a wave":               {Input{Shown: Shown{Password: true}, History: History{Waves: []Wave{{Kind: PasswordSpray, Tool: true}}}}, "medium", ""},
		"the same, from where they usually are":                 {Input{Signals: at("Utrecht"), Shown: Shown{Password: true}, History: History{Waves: []Wave{{Kind: PasswordSpray, Tool: true, Counted: true}}, Person: usedTo("Utrecht", 5, time.Hour)}}, "", ""},
		"next door to a wave, after a mistake of their own":     {Input{Shown: Shown{Password: true}, History: History{Waves: wave, Source: Source{Attempts: 2, Failures: 2, Accounts: 1}}}, "", ""},
		"whoever always signs in from there":                    {Input{Signals: at("Utrecht"), Shown: Shown{Password: true}, History: History{Waves: wave, Source: spray, Person: usedTo("Utrecht", 5, time.Hour)}}, "medium", ""},
		"whoever always signs in from there, next door":         {Input{Signals: at("Utrecht"), Shown: Shown{Password: true}, History: History{Waves: wave, Source: few, Person: usedTo("Utrecht", 5, time.Hour)}}, "low", ""},
		"a quiet address":                                       {Input{Shown: Shown{Password: true}, History: History{Source: Source{Attempts: 3, Failures: 1, Accounts: 2}}}, "", ""},
		"waves failed to load":                                  {Input{Shown: Shown{Password: true}, History: History{Missing: []string{NeedWaves}}}, "?", "?"},
	} {
		if got := said(passwordSpray(), c.in); got != c.spray {
			t.Errorf("%s: spray %q, want %q", name, got, c.spray)
		}
		if got := said(credentialStuffing(), c.in); got != c.stuffing {
			t.Errorf("%s: stuffing %q, want %q", name, got, c.stuffing)
		}
	}
}

func TestSuspiciousSignUp(t *testing.T) {
	for name, c := range map[string]struct {
		in   Input
		want string
	}{
		"the eleventh account of a day":    {Input{SignUp: true, History: History{Source: Source{SignUps: 10}}}, "medium"},
		"the second one":                   {Input{SignUp: true, History: History{Source: Source{SignUps: 1}}}, ""},
		"somebody else signs in there":     {Input{History: History{Source: Source{SignUps: 100}}}, ""},
		"a burst that is known":            {Input{SignUp: true, History: History{Waves: []Wave{{Kind: SignUpBurst}}}}, "medium"},
		"sources could not be counted":     {Input{SignUp: true, History: History{Missing: []string{NeedSource}}}, "?"},
		"a tenant that teaches in schools": {Input{SignUp: true, Settings: Settings{SignUpsPerSource: 100}, History: History{Source: Source{SignUps: 30}}}, ""},
	} {
		if got := said(suspiciousSignUp(), c.in); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestWhatAnAdminDecidesAboutAnAttack(t *testing.T) {
	challenged := Assess(Detectors(), Input{Now: noon(), Signals: at("Utrecht"), History: History{Waves: []Wave{{Kind: PasswordSpray, Response: Challenge}}}})
	if Rank(challenged.Level) < Rank(Medium) || challenged.Block {
		t.Errorf("challenge gives %s, blocked %v", challenged.Level, challenged.Block)
	}
	blocked := Assess(Detectors(), Input{Now: noon(), SignUp: true, Signals: at("Utrecht"), History: History{Waves: []Wave{{Kind: SignUpBurst, Response: Block}}}})
	if !blocked.Block {
		t.Error("a sign-up of a blocked wave is let in")
	}
}

// Whatever a stranger sends, no detector fails, and nothing they send lowers the level.
func TestOddInput(t *testing.T) {
	long := strings.Repeat("\x00é", 60_000)
	for name, in := range map[string]Input{
		"nothing at all":    {},
		"long words":        {Signals: record.Signals{UserAgent: long, Browser: long, OS: long, City: long, Country: long, Language: long, DeviceID: long}},
		"no numbers":        {Signals: record.Signals{Latitude: math.NaN(), Longitude: math.Inf(1)}, History: History{Person: usedTo("Utrecht", 5, time.Hour)}},
		"the year 1":        {Now: time.Time{}.Add(1), Signals: at("Madrid"), History: History{Person: usedTo("Utrecht", 5, time.Hour)}},
		"the year 9999":     {Now: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Signals: at("Madrid"), History: History{Person: usedTo("Utrecht", 5, time.Hour)}},
		"all is missing":    {Signals: at("Madrid"), History: History{Missing: []string{NeedPerson, NeedEveryone, NeedSource, NeedIndicators, NeedWaves, NeedLeaked}}},
		"absurd statistics": {Signals: at("Madrid"), History: History{Source: Source{Attempts: -5, Failures: math.MaxInt, Accounts: math.MaxInt, Unknown: 1}}},
	} {
		a := Assess(Detectors(), in)
		if math.IsNaN(a.Score) || math.IsInf(a.Score, 0) {
			t.Errorf("%s: score %v", name, a.Score)
		}
	}
}
