package models_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"portico/app/record"
	"portico/app/risk"
	"portico/models"
	"portico/models/modelstest"
)

const stockChrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36"

// A spray with everybody's browser is nobody's affair but its addresses'.
func TestASprayWithACommonBrowserMeansNobodyElse(t *testing.T) {
	for _, c := range []struct {
		says   string
		asn    uint
		usual  int // good sign-ins with that browser through that network before
		agent  string
		strict bool // the tool in that network is the attack's own
	}{
		{"without an MMDB", 0, 0, stockChrome, false},
		{"in a network, and nobody knows what is usual", 7922, 0, stockChrome, false},
		{"in a big provider's network", 7922, 240, stockChrome, false},
		{"with a tool that nobody else has, in a big provider's network", 7922, 240, "python-requests/2.32", true},
	} {
		t.Run(c.says, func(t *testing.T) {
			modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
				ctx := t.Context()
				tn := modelstest.MustTenant(t, s.Store, "")
				people := passers(t, tn, 24)
				try := func(u models.User, ip, agent string, right bool) record.SignIn {
					r := tried(s, tn, u, u.Address(), ip, agent, right)
					r.Signals.ASN = c.asn
					must(t, tn.RecordSignIn(ctx, r))
					return r
				}
				for n := range c.usual {
					try(people[n%24], fmt.Sprintf("198.18.%d.%d", n/200, n%200), stockChrome, true)
				}
				s.Clock.Advance(5 * time.Hour)
				for n, u := range people {
					try(u, fmt.Sprintf("203.0.%d.7", 113+n%2), c.agent, false)
					s.Clock.Advance(time.Second)
				}
				find(t, s, tn)
				for n, u := range people[:6] {
					try(u, fmt.Sprintf("198.51.100.%d", n), stockChrome, true)
				}
				try(people[8], "203.0.113.7", c.agent, true)
				list := find(t, s, tn)
				if len(list) != 1 || len(list[0].Entries) != 1 || list[0].Entries[0].UserID != people[8].ID || list[0].Attempts != 25 {
					t.Fatalf("%d incidents, %d attempts, entered %+v", len(list), list[0].Attempts, list[0].Entries)
				}
				for _, u := range people[:6] {
					if got := modelstest.Must(tn.User(ctx, u.ID))(t).Risk.Level; got != "" {
						t.Errorf("%s: %s", u.Address(), got)
					}
				}
				h := modelstest.Must(tn.RiskHistory(ctx, people[0].ID, record.Signals{IP: netip.MustParseAddr("192.0.2.9"), ASN: c.asn, UserAgent: c.agent}, s.Now()))(t)
				if (len(h.Waves) == 1) != c.strict {
					t.Errorf("%d waves at the door, the tool is its own: %v", len(h.Waves), c.strict)
				}
			})
		})
	}
}

// Whoever gets in next door to an attack is no part of it, and their address does not become one.
func TestANeighbourOfAnAttackIsNotEntered(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn := modelstest.MustTenant(t, s.Store, "")
		people := passers(t, tn, 40)
		spray(t, s, tn, people)
		must(t, tn.RecordSignIn(ctx, tried(s, tn, people[1], people[1].Address(), "203.0.113.200", "Firefox", true)))
		i := find(t, s, tn)[0]
		if len(i.Entries) != 0 || i.Belongs([]string{"203.0.113.200"}) {
			t.Errorf("%+v", i.Entries)
		}
		h := modelstest.Must(tn.RiskHistory(ctx, people[1].ID, record.Signals{IP: netip.MustParseAddr("203.0.113.200")}, s.Now()))(t)
		for _, f := range risk.Assess(risk.Detectors(), risk.Input{Signals: record.Signals{IP: netip.MustParseAddr("203.0.113.200")}, Shown: risk.Shown{Password: true}, History: h, Now: s.Now()}).Findings {
			if f.Type == risk.PasswordSpray {
				t.Error("a spray from where nobody tried anything")
			}
		}
	})
}

// An attack that uses each of its addresses once: who gets in from an address that failed for somebody else, or from a
// fresh one with the attack's browser, is held to be it; an honest neighbour with another browser is not, nor is
// whoever used that device before.
func TestASprayOfOneAttemptFromEachAddress(t *testing.T) {
	for _, c := range []struct {
		says  string
		agent func(n int) string
		fresh int // accounts that an address which failed nothing is told by
	}{
		{"with one browser", func(int) string { return "Chrome 125" }, 1},
		{"with another browser each time", func(n int) string { return fmt.Sprintf("Chrome %d", n%20) }, 0},
	} {
		t.Run(c.says, func(t *testing.T) {
			modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
				ctx := t.Context()
				tn := modelstest.MustTenant(t, s.Store, "")
				people := passers(t, tn, 80)
				try := func(n int, ip int, agent, device string, right bool) record.SignIn {
					r := tried(s, tn, people[n], people[n].Address(), fmt.Sprintf("203.0.113.%d", ip), agent, right)
					r.Signals.ASN, r.Signals.Network, r.Signals.Country, r.Signals.DeviceID = 0, "", "", device
					must(t, tn.RecordSignIn(ctx, r))
					s.Clock.Advance(time.Second)
					return r
				}
				try(75, 240, "Chrome 125", "phone", true)
				s.Clock.Advance(30 * time.Hour)
				for n := range 70 {
					try(n, 10+n, c.agent(n), "", false)
				}
				if list := find(t, s, tn); len(list) != 1 || len(list[0].Entries) != 0 {
					t.Fatalf("%+v", list)
				}
				at := func(n, ip int, agent, device string) string {
					signals := record.Signals{IP: netip.MustParseAddr(fmt.Sprintf("203.0.113.%d", ip)), UserAgent: agent, Browser: agent, DeviceID: device}
					h := modelstest.Must(tn.RiskHistory(ctx, people[n].ID, signals, s.Now()))(t)
					for _, f := range risk.Assess(risk.Detectors(), risk.Input{Signals: signals, Shown: risk.Shown{Password: true}, History: h, Now: s.Now()}).Findings {
						if f.Type == risk.PasswordSpray {
							return f.Level + " " + f.Key
						}
					}
					return ""
				}
				const shared = "medium risk.found.wave_shared"
				fresh := map[int]string{1: shared, 0: ""}[c.fresh]
				for says, door := range map[string][2]string{
					"an address that failed": {at(71, 12, c.agent(2), ""), shared}, "a fresh one": {at(72, 200, c.agent(0), ""), fresh},
					"an honest neighbour": {at(74, 210, "Firefox", ""), ""}, "whose device is known": {at(75, 220, c.agent(0), "phone"), ""},
				} {
					if door[0] != door[1] {
						t.Errorf("at the door, %s: %q, want %q", says, door[0], door[1])
					}
				}
				try(71, 12, c.agent(2), "", true)  // failed before, with another name
				try(3, 13, c.agent(3), "", true)   // failed before, with the same name
				try(72, 200, c.agent(0), "", true) // fresh
				try(74, 210, "Firefox", "", true)
				try(75, 220, c.agent(0), "phone", true)
				i := find(t, s, tn)[0]
				if i.Level != risk.High || len(i.Entries) != 2+c.fresh || len(i.Passed) != 3-c.fresh || i.Successes != 5 {
					t.Errorf("%s, %d got in, entered %+v, passed %+v", i.Level, i.Successes, i.Entries, i.Passed)
				}
				for _, n := range []int{74, 75} {
					if got := modelstest.Must(tn.User(ctx, people[n].ID))(t).Risk.Level; got != "" {
						t.Errorf("%s: %s", people[n].Address(), got)
					}
				}
				for _, n := range []int{71, 3} {
					if got := modelstest.Must(tn.User(ctx, people[n].ID))(t).Risk.Level; got != "medium" {
						t.Errorf("%s: %q", people[n].Address(), got)
					}
				}
				for _, d := range modelstest.Must(tn.Detections(ctx, models.DetectionQuery{IncidentID: i.ID}))(t).Items {
					if d.Type == risk.PasswordSpray && d.Level != "medium" {
						t.Errorf("%+v", d)
					}
				}
			})
		})
	}
}
