package risk

import (
	"encoding/json"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/record"
)

// The catalogue says of every type all that a page needs.
func TestCatalogue(t *testing.T) {
	var types []string
	for _, k := range Catalogue() {
		if k.Type == "" || k.Name == "" || k.Sees == "" || len(k.Levels) == 0 || k.Timing != RealTime && k.Timing != Offline || k.Activity == "" ||
			!regexp.MustCompile(`^T\d{4}(\.\d{3})?$`).MatchString(k.Technique) {
			t.Errorf("%q lacks something: %+v", k.Type, k)
		}
		if slices.Contains(types, k.Type) {
			t.Errorf("%s is there twice", k.Type)
		}
		types = append(types, k.Type)
	}
	for _, want := range []string{"unlikelyTravel", "impossibleTravel", "newCountry", "anonymizedIPAddress", "maliciousIPAddress", "malwareInfectedIPAddress",
		"nationStateIP", "investigationsThreatIntelligence", "leakedCredentials", "anomalousToken", "suspiciousSignUp", "passwordSpray", "credentialStuffing",
		UserReported, AdminConfirmed, SMSPumping} {
		if !slices.Contains(types, want) {
			t.Errorf("%s is not in the catalogue", want)
		}
	}
}

// Every finding reads as a sentence in every language, with what was seen filled in.
func TestFindingsReadAsSentences(t *testing.T) {
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	list := func(names ...string) record.Signals { return listedAs(at("Singapore"), names...) }
	fast := History{Person: usedTo("Utrecht", 15, 11*time.Hour)}
	var found []record.Finding
	for _, in := range []Input{
		{Signals: at("Singapore"), History: History{Person: usedTo("Utrecht", 15, time.Hour)}},
		{Signals: at("Singapore"), History: fast},
		{Signals: list(ListTor, ListActor, ListMalware, ListMalicious)}, {Signals: list(ListVPN)}, {Signals: list(ListProxy)},
		{Signals: list(ListMalicious), History: History{Source: Source{Attempts: 90, Failures: 90, Accounts: 60}}},
		{Signals: at("Singapore"), Shown: Shown{Password: true}, History: History{Source: Source{Attempts: 90, Failures: 90, Accounts: 60}}},
		{Signals: at("Singapore"), Shown: Shown{Password: true}, History: History{Source: Source{Attempts: 90, Failures: 90, Unknown: 60}}},
		{Signals: at("Singapore"), SignUp: true, History: History{Source: Source{SignUps: 12}}},
		{SignUp: true, History: History{Waves: []Wave{{Kind: SignUpBurst, Response: Challenge}}}},
		{Signals: at("Singapore"), History: History{Indicators: []Indicator{{Kind: "ip", Value: "v"}, {Kind: "asn", Value: "v"}, {Kind: "userAgent", Value: "v"}, {Kind: "odd", Value: "v"}}}},
		{Shown: Shown{Breached: true}}, {History: History{Leaked: true}},
		{Refresh: true, Shown: Shown{Reused: true}, Signals: at("Madrid")},
		{Refresh: true, Shown: Shown{Before: ptr(at("Utrecht"))}, Signals: record.Signals{IP: at("Madrid").IP, Country: "ES"}},
	} {
		in.Now = noon()
		found = append(found, Assess(Detectors(), in).Findings...)
	}
	said := map[string]bool{}
	for _, f := range found {
		said[f.Type] = true
		stored, err := json.Marshal(f) // as a page reads it back
		if err != nil {
			t.Fatal(err)
		}
		var back record.Finding
		if err := json.Unmarshal(stored, &back); err != nil {
			t.Fatal(err)
		}
		for _, tag := range bundle.Tags() {
			l := bundle.Match(tag.String())
			text := l.Evidence(back.Key, back.Evidence)
			if text == back.Key || strings.ContainsAny(text, "{}") || !l.Has(back.Key) {
				t.Errorf("%s in %s: %q", back.Key, tag, text)
			}
		}
	}
	for _, d := range Detectors() {
		if !said[d.Type] && d.Type != "unfamiliarFeatures" {
			t.Errorf("no sentence of %s was tried", d.Type)
		}
	}
	if got := bundle.Match("en").Evidence("risk.found.impossible_travel", map[string]any{"city": "Madrid", "country": "ES", "fromCity": "Utrecht", "fromCountry": "NL",
		"km": 1481.0, "kmh": 1481.0, "count": 60.0}); got != "Signed in from Madrid, Spain, at least 1,481 km from Utrecht, Netherlands, 60 minutes after the sign-in there: nobody travels at 1,481 km/h." {
		t.Errorf("it reads: %s", got)
	}
}

func TestSettings(t *testing.T) {
	tags := map[string]bool{}
	for i := range reflect.TypeFor[Settings]().NumField() {
		tag, _, _ := strings.Cut(reflect.TypeFor[Settings]().Field(i).Tag.Get("json"), ",")
		tags[tag] = true
	}
	delete(tags, "off")
	delete(tags, "challengeShare") // no threshold: one follows from it
	for _, f := range Fields() {
		if !tags[f.ID] {
			t.Errorf("%s is no JSON name of Settings, or is there twice", f.ID)
		}
		delete(tags, f.ID)
		if f.Name == "" || f.Help == "" || f.Min > f.Default || f.Default > f.Max {
			t.Errorf("%s: %+v", f.ID, f)
		}
		if _, ok := KindOf(f.Type); !ok {
			t.Errorf("%s belongs to %q, which is no detection", f.ID, f.Type)
		}
		var s Settings
		f.Set(&s, f.Max)
		if f.Max != f.Default && (!f.Own(s) || f.Of(s) != f.Max || f.Of(s.Filled()) != f.Max) {
			t.Errorf("%s was set to %v and is %v", f.ID, f.Max, f.Of(s))
		}
		if f.Set(&s, 0); f.Default != 0 && f.Of(s) != 0 {
			t.Errorf("%s was set to 0 and is %v", f.ID, f.Of(s))
		}
		if f.Set(&s, f.Default); f.Own(s) || f.Of(s) != f.Default {
			t.Errorf("%s: the default is kept as a wish", f.ID)
		}
	}
	for tag := range tags {
		t.Errorf("%s has no Field", tag)
	}
	for name, c := range map[string]struct {
		s     Settings
		field string
	}{
		"the defaults":                    {Settings{}, ""},
		"filled, and validated once more": {Settings{}.Filled(), ""},
		"faster than light":               {Settings{TravelKmh: 1e9}, "travelKmh"},
		"below zero":                      {Settings{SourceFailures: -1}, "sourceFailures"},
		"no number":                       {Settings{TravelKm: math.NaN()}, "travelKm"},
		"atypical only past impossible":   {Settings{AtypicalKmh: 1500}, "atypicalKmh"},
		"one detection off":               {Settings{Off: []string{"newCountry"}}, ""},
		"no such detection":               {Settings{Off: []string{"fortuneTelling"}}, "off"},
		"what people say is never off":    {Settings{Off: []string{UserReported}}, "off"},
	} {
		err := c.s.Validate()
		if c.field == "" != (err == nil) || c.field != "" && fault.Of(err).Fields[0].Name != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
}
