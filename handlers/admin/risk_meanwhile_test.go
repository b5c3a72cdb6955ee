package admin

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"portico/models"
	"portico/models/modelstest"
)

// boxes are the values of the boxes of a list.
func (a answer) boxes(name string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`name="`+name+`" value="([^"]+)"`).FindAllStringSubmatch(a.body, -1) {
		out = append(out, name, m[1])
	}
	return out
}

// What is done about several people is done about what the admin saw: whoever stands otherwise by now is left out, and
// named, while the change is counted and while it is made.
func TestSeveralPeopleAreChangedAsTheyWereSeen(t *testing.T) {
	b := newBench(t)
	list := b.people(4)
	for i, u := range list {
		b.risky(u, i+1, newCountry())
	}
	w := b.global()
	ticked := w.get(shopAdmin + "/risky-users").boxes("person")
	if len(ticked) != 8 {
		t.Fatalf("%v", ticked)
	}
	b.clock.Advance(time.Minute)
	b.must(b.shop.ConfirmCompromised(t.Context(), modelstest.Actor(), []string{list[0].ID})) // while the list was open
	for _, action := range riskyUserActions() {
		a := w.post(shopAdmin+"/risky-users/several", append(ticked, "action", action, "reach", "ticked")...)
		if a.location == "" {
			t.Fatalf("%s: %d %.400s", action, a.status, text(a.body))
		}
		page := w.get(a.location)
		page.wants(t, 200, "The risk has changed since you looked", list[0].DisplayName)
		if action != models.BulkChangePassword { // which these people have not
			page.wants(t, 200, "Would change 3")
		}
	}
	a := w.post(shopAdmin+"/risky-users/several", append(ticked, "action", "dismissRisk", "reach", "ticked")...)
	b.must(b.shop.ConfirmSafe(t.Context(), modelstest.Actor(), []string{list[1].ID})) // while the count was looked at
	b.clock.Advance(time.Minute)
	b.risky(list[1], 50, newCountry())
	w.get(w.post(a.location+"/confirm", "count", "3").location).wants(t, 200, "Changed 2", "Left as they were 2", "The risk has changed since you looked", list[0].DisplayName, list[1].DisplayName)
	for i, want := range []string{models.RiskConfirmed, models.RiskAtRisk, models.RiskDismissed, models.RiskDismissed} {
		if got := b.person(list[i].ID).Risk.State; got != want {
			t.Errorf("person %d is %s, want %s", i, got, want)
		}
	}
	// All that match are those whom the report has at that moment.
	a = w.post(shopAdmin+"/risky-users/several", "action", "dismissRisk", "reach", "all", "filters", "risk=open")
	b.clock.Advance(time.Minute)
	b.must(b.shop.ConfirmCompromised(t.Context(), modelstest.Actor(), []string{list[1].ID}))
	w.get(w.post(a.location+"/confirm", "count", "2").location).wants(t, 200, "Changed 1", list[1].DisplayName)
	if got := b.person(list[1].ID).Risk.State; got != models.RiskConfirmed {
		t.Errorf("what was confirmed meanwhile is %s", got)
	}
}

// The same about sign-ins.
func TestSeveralSignInsAreJudgedAsTheyWereSeen(t *testing.T) {
	b := newBench(t)
	list := b.people(3)
	var ids []string
	for i, u := range list {
		ids = append(ids, b.risky(u, i+1, newCountry()).ID)
	}
	w := b.global()
	check, act := shopAdmin+"/risky-sign-ins/check", shopAdmin+"/risky-sign-ins/act"
	state := func(id string) string {
		return modelstest.Must(b.shop.SignInRow(t.Context(), id))(t).RiskState
	}
	ticked := w.get(shopAdmin + "/risky-sign-ins").boxes("signIn")
	b.must(b.shop.ConfirmSignInCompromised(t.Context(), modelstest.Actor(), ids[:1]))
	page := w.post(check, append(ticked, "action", "dismiss", "reach", "ticked")...)
	page.wants(t, 200, "Would change 2 sign-ins", "The risk has changed since you looked", list[0].DisplayName)
	b.must(b.shop.ConfirmSignInCompromised(t.Context(), modelstest.Actor(), ids[1:2]))
	said := w.get(w.post(act, append(page.hidden("was"), "action", "dismiss")...).location)
	said.wants(t, 200, "The sign-in is dismissed.", "their risk has changed since you looked: "+list[1].DisplayName, "Undo")
	for i, want := range []string{models.RiskConfirmed, models.RiskConfirmed, models.RiskDismissed} {
		if got := state(ids[i]); got != want {
			t.Errorf("sign-in %d is %s, want %s", i, got, want)
		}
	}
	// When all of them changed nothing is begun, or changed.
	w.get(w.post(check, append(ticked[:4:4], "action", "dismiss", "reach", "ticked")...).location).wants(t, 200, "Nothing was begun", "changed since you looked")
	page = w.post(check, append(w.get(shopAdmin+"/risky-sign-ins?risk=open").boxes("signIn"), "action", "confirmSafe", "reach", "ticked")...)
	b.must(b.shop.DismissSignInRisk(t.Context(), modelstest.Actor(), ids[:2]))
	said = w.get(w.post(act, append(page.hidden("was"), "action", "confirmSafe")...).location)
	said.wants(t, 200, "Nothing was changed.", list[0].DisplayName)
	if strings.Contains(said.body, "is confirmed safe") {
		t.Error("it says what did not happen")
	}
}
