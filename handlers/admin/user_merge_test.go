package admin

import (
	"regexp"
	"strings"
	"testing"

	"portico/app/message"
	"portico/models"
	"portico/models/modelstest"
)

func TestTwoAccountsBecomeOne(t *testing.T) {
	b := newBench(t)
	ctx, actor := t.Context(), modelstest.Actor()
	stay, gone := modelstest.MustUser(t, b.shop, "ada@example.com"), modelstest.MustUser(t, b.shop, "ada@work.example")
	name := func(u models.User, name, city string) models.User {
		u, err := b.shop.UpdateUser(ctx, actor, u.ID, func(u *models.User) error { u.DisplayName, u.City = name, city; return nil })
		b.must(err)
		return u
	}
	stay, gone = name(stay, "Ada", "London"), name(gone, "Ada King", "Paris")
	w := b.global()
	at := "/admin/t/shop/users/" + stay.ID
	w.get(at).wants(t, 200, "Merge with another account")
	w.get(at+"/merge").wants(t, 200, "Ada King", "See what would happen")
	w.get(at+"/merge?q=nobody-at-all").wants(t, 200, "No other account was found")
	page := w.get(at + "/merge/" + gone.ID)
	page.wants(t, 200, "“Ada King” vanishes, “Ada” stays", "cannot be undone", "London", "Paris", "ada@work.example")
	revision := regexp.MustCompile(`name="revision" value="([0-9a-f]+)"`).FindStringSubmatch(page.body)
	if revision == nil {
		t.Fatal("no revision")
	}
	form := []string{"revision", revision[1], "take-city", "from", "name", "ada king"}
	if a := w.post(at+"/merge/"+gone.ID, "revision", revision[1], "take-city", "from", "name", "Somebody"); a.status != 422 || !strings.Contains(text(a.body), "Type the name of the account that vanishes") {
		t.Errorf("another name: %d", a.status)
	}
	// What was read is what happens, or nothing.
	name(gone, "Ada King", "Rome")
	if a := w.post(at+"/merge/"+gone.ID, form...); a.status != 422 || !strings.Contains(text(a.body), "changed since you looked") || !strings.Contains(text(a.body), "Rome") {
		t.Errorf("an old plan: %d %s", a.status, text(a.body))
	}
	form[1] = regexp.MustCompile(`name="revision" value="([0-9a-f]+)"`).FindStringSubmatch(w.get(at + "/merge/" + gone.ID).body)[1]
	if a := w.post(at+"/merge/"+gone.ID, form...); a.status != 303 || a.location != at {
		t.Fatalf("%d %s %s", a.status, a.location, text(a.body))
	}
	u := b.person(stay.ID)
	if u.City != "Rome" || u.DisplayName != "Ada" || len(u.Identities) != 2 {
		t.Errorf("%+v", u)
	}
	told := b.notes()[message.AccountsMerged]
	if len(told) != 2 || told[0].To == told[1].To {
		t.Errorf("told %+v", told)
	}
	if a := w.post(at+"/merge/"+gone.ID, form...); a.status != 303 || a.location != at { // sent twice
		t.Errorf("again: %d %s", a.status, text(a.body))
	}
	w.get(at+"/merge/"+gone.ID).wants(t, 303)
	// The old address leads to the one that stays.
	if a := w.get("/admin/t/shop/users/" + gone.ID); a.status != 303 || a.location != at {
		t.Errorf("the old page: %d %s", a.status, a.location)
	}
}

// TestWhoMayMerge: what the accounts have beyond their profiles comes along only by who may give it.
func TestWhoMayMerge(t *testing.T) {
	b := newBench(t)
	stay, gone := modelstest.MustUser(t, b.shop, "ada@example.com"), modelstest.MustUser(t, b.shop, "ada@work.example")
	_, err := b.shop.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: gone.ID, Kind: models.KindTOTP, Secret: []byte("s")})
	b.must(err)
	at := "/admin/t/shop/users/" + stay.ID + "/merge/" + gone.ID
	users := b.admin("users@example.com", b.roleID("User Administrator"), b.shop.ID)
	users.get(at).wants(t, 200, "These accounts cannot be merged now", "who may change sign-in methods")
	if a := users.post(at, "name", "ada@work.example", "revision", "x"); a.status == 303 {
		t.Error("merged without the right")
	}
	b.admin("desk@example.com", b.roleID("Helpdesk Administrator"), b.shop.ID).get(at).wants(t, 403)
}
