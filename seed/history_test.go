package seed

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/record"
)

var anchor = time.Date(2026, 3, 18, 9, 30, 0, 0, time.UTC)

func testWorld() world {
	w := world{tenantID: "t", apps: map[string]party{}}
	for _, s := range []string{"market", "auto", "home"} {
		w.apps[s] = party{slug: s, app: record.Party{ID: s, Name: s}, flow: record.Party{ID: "f-" + s}}
	}
	return w
}

func all(h history) []record.SignIn {
	var list []record.SignIn
	for _, day := range h.days() {
		list = append(list, day...)
	}
	return list
}

func TestSameNumberAndClockGiveTheSameHistory(t *testing.T) {
	a, b := all(newHistory(7, anchor, 300, 4000, testWorld())), all(newHistory(7, anchor, 300, 4000, testWorld()))
	if !reflect.DeepEqual(a, b) {
		t.Fatal("two runs differ")
	}
	if c := all(newHistory(8, anchor, 300, 4000, testWorld())); reflect.DeepEqual(a, c) {
		t.Fatal("another number gives the same history")
	}
}

func TestHistoryIsBelievable(t *testing.T) {
	list := all(newHistory(Number, anchor, 300, 5000, testWorld()))
	ids := map[string]bool{}
	results, countries, browsers := map[record.Result]int{}, map[string]int{}, map[string]int{}
	signUps, night, evening := 0, 0, 0
	for _, r := range list {
		if ids[r.ID] {
			t.Fatalf("id %s twice", r.ID)
		}
		ids[r.ID] = true
		if r.EndedAt.After(anchor) || r.StartedAt.Before(anchor.Add(-Window-day)) || r.EndedAt.Before(r.StartedAt) {
			t.Fatalf("sign-in at %s – %s is outside the window", r.StartedAt, r.EndedAt)
		}
		results[r.Outcome.Result]++
		countries[r.Signals.Country]++
		browsers[r.Signals.Browser]++
		if r.SignUp {
			signUps++
		}
		if r.User.ID != "" && r.Signals.Country == "DE" {
			switch h := (r.StartedAt.Hour() + 1) % 24; {
			case h >= 2 && h < 5:
				night++
			case h >= 18 && h < 21:
				evening++
			}
		}
	}
	if n := len(list); n < 4000 || n > 6000 {
		t.Errorf("%d sign-ins, want about 5000", n)
	}
	if f := float64(results[record.Success]) / float64(len(list)); f < 0.75 || f > 0.95 {
		t.Errorf("%.0f %% succeed; results %v", 100*f, results)
	}
	if len(countries) < 12 || len(browsers) < 5 {
		t.Errorf("countries %v, browsers %v", countries, browsers)
	}
	if signUps < 80 || night*8 > evening {
		t.Errorf("%d sign-ups; %d at night, %d in the evening", signUps, night, evening)
	}
}

func TestHistoryGoesOnFromAnyDay(t *testing.T) {
	h := newHistory(Number, anchor, 200, 3000, testWorld())
	joined := h.joiners()
	for n, day := range h.days() {
		if n == 20 && !reflect.DeepEqual(day, h.day(20, joined[20])) {
			t.Fatal("the same day made on its own differs")
		}
	}
}

func TestTheTwoAttacksAreThere(t *testing.T) {
	sprayed, manila, home := map[string]bool{}, 0, 0
	g := newPeople(Number, anchor)
	for _, r := range all(newHistory(Number, anchor, 300, 5000, testWorld())) {
		if r.Signals.Network == "Blackmoor Hosting" {
			if r.Outcome.Result != record.Failure {
				t.Fatal("the spray succeeded")
			}
			sprayed[r.Identifier] = true
		}
		if r.User.ID == g.at(victim).ID && r.StartedAt.After(anchor.Add(-(takeoverDay+1)*day)) && r.StartedAt.Before(anchor.Add(-(takeoverDay-1)*day)) {
			if r.Signals.City == "Manila" {
				manila++
			} else {
				home++
			}
		}
	}
	if len(sprayed) < 100 || manila < 3 || home < 2 {
		t.Errorf("%d accounts sprayed, %d sign-ins from afar, %d from home", len(sprayed), manila, home)
	}
}

func TestPeopleAreDiverseAndTheirAddressesValid(t *testing.T) {
	g := newPeople(Number, anchor)
	mails, locales := map[string]bool{}, map[string]bool{}
	for i := range 1000 {
		p := g.at(i)
		canonical, err := account.CanonicalEmail(p.Email)
		if err != nil || mails[canonical] {
			t.Fatalf("address %q of %q: %v, twice %v", p.Email, p.Name(), err, mails[canonical])
		}
		if !strings.Contains(canonical, "@example.") {
			t.Fatalf("%s is no example domain", canonical)
		}
		mails[canonical], locales[p.Locale] = true, true
		if !p.CreatedAt.Before(anchor) || p.Given == "" || p.Family == "" || p.City == "" {
			t.Fatalf("%+v", p)
		}
	}
	if len(locales) != len(lands()) {
		t.Errorf("locales %v", locales)
	}
}

func FuzzMailboxIsAlwaysAnAddress(f *testing.F) {
	f.Add("Jürgen", "O'Brien", uint64(1))
	f.Fuzz(func(t *testing.T, given, family string, n uint64) {
		if _, err := account.CanonicalEmail(mailbox(roll(n), given, family, 1, "-7")); err != nil && len(given)+len(family) < 40 {
			t.Fatalf("%q %q: %v", given, family, err)
		}
	})
}
