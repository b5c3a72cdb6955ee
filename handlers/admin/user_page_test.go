package admin

import (
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/models"
	"portico/models/modelstest"
)

// A deleted person comes back at another address when somebody else has theirs, and nothing is lost.
func TestRestoringWhenTheAddressWasTaken(t *testing.T) {
	b := newBench(t)
	ctx, actor := t.Context(), modelstest.Actor()
	ada := modelstest.MustUser(t, b.shop, "ada@example.com")
	_, err := b.shop.UpdateUser(ctx, actor, ada.ID, func(u *models.User) error { u.City = "London"; return nil })
	b.must(err)
	b.must(b.shop.DeleteUser(ctx, actor, ada.ID))
	thief := modelstest.MustUser(t, b.shop, "Ada@Example.com")
	w := b.global()
	at := shopUsers + "/deleted/" + ada.ID
	w.get(shopUsers+"/"+ada.ID).wants(t, 200, "Deleted; erased on 14 February 2026", "belongs to somebody else now", "Restore at this address")
	w.get(w.post(at+"/restore").location).wants(t, 200, "Not restored: somebody else has an address", "belongs to somebody else now")
	w.post(at+"/restore-at", "address", "nobody").wants(t, 422, "Restore at this address")
	w.post(at+"/restore-at", "address", "ada@example.com").wants(t, 422, "Restore at this address")
	w.get(w.post(at+"/restore-at", "address", "ada@new.example").location).wants(t, 200, "is restored and signs in as", "London")
	if u := b.person(ada.ID); !u.DeletedAt.IsZero() || u.Mail != "ada@new.example" || u.MailVerified || len(u.Identities) != 1 || u.Identities[0].Value != "ada@new.example" {
		t.Errorf("%+v", u)
	}
	if u := b.person(thief.ID); u.Mail != "Ada@Example.com" {
		t.Errorf("the other one: %+v", u)
	}
}

func TestErasingNeedsTheNameAndADeletedPerson(t *testing.T) {
	b := newBench(t)
	u := modelstest.MustUser(t, b.shop, "ada@example.com")
	w := b.global()
	at := shopUsers + "/deleted/" + u.ID + "/purge"
	w.get(at).wants(t, 200, "Only a deleted person can be erased")
	if a := w.post(at, "name", "ada"); a.status == 303 {
		t.Error("somebody who is not deleted was erased")
	}
	b.must(b.shop.DeleteUser(t.Context(), modelstest.Actor(), u.ID))
	w.post(at, "name", "adam").wants(t, 422, "Type the name exactly")
	w.get(w.post(at, "name", "ada").location).wants(t, 200, "“ada” is erased.")
	if _, err := b.shop.User(t.Context(), u.ID); err == nil {
		t.Error("the person is still there")
	}
}

// Who looks at a person stands in the person's history, once in a quarter of an hour and admin.
func TestLookingAtAPersonIsRecorded(t *testing.T) {
	b := newBench(t)
	u := modelstest.MustUser(t, b.shop, "ada@example.com")
	w, other := b.global(), b.admin("second@staff.example", b.roleID("User Administrator"), b.shop.ID)
	looks := func() (n int) {
		for _, e := range b.audits() {
			if e.Activity == "View user" && e.Target.ID == u.ID {
				n++
			}
		}
		return n
	}
	for _, tab := range []string{"", "/methods", "/sessions", "/groups", "/consents", "/risk", "/timeline", ""} {
		w.get(shopUsers+"/"+u.ID+tab).wants(t, 200, "Profile", "Consents and terms")
	}
	if n := looks(); n != 1 {
		t.Errorf("%d entries", n)
	}
	other.get(shopUsers + "/" + u.ID)
	b.clock.Advance(16 * time.Minute)
	w.get(shopUsers + "/" + u.ID)
	if n := looks(); n != 3 {
		t.Errorf("%d entries of two admins, one of whom came back", n)
	}
	w.get(shopUsers+"/"+u.ID+"/timeline").wants(t, 200, "View user", "Looked at", "Add user")
	// Every other page of a person shows as much.
	for _, page := range []string{"/edit", "/password", "/first-factor", "/delete", "/revoke", "/methods/reset"} {
		b.clock.Advance(16 * time.Minute)
		before := looks()
		w.get(shopUsers+"/"+u.ID+page).wants(t, 200, "ada")
		if n := looks(); n != before+1 {
			t.Errorf("%s left %d entries", page, n-before)
		}
	}
	b.clock.Advance(16 * time.Minute)
	before := looks()
	w.post(shopUsers+"/"+u.ID+"/password", "how", "typed", "password", "short").wants(t, 422, "There is a problem")
	if n := looks(); n != before+1 {
		t.Errorf("a form that comes back left %d entries", n-before)
	}
	b.must(b.shop.DeleteUser(t.Context(), modelstest.Actor(), u.ID))
	b.clock.Advance(16 * time.Minute)
	before = looks()
	w.get(shopUsers+"/deleted/"+u.ID+"/purge").wants(t, 200, "Erase")
	if n := looks(); n != before+1 {
		t.Errorf("the page that erases left %d entries", n-before)
	}
}

// What the tabs can change, they change, say and record.
func TestTheTabsOfAPersonChangeThings(t *testing.T) {
	b := newBench(t)
	th := b.things()
	ctx, actor := t.Context(), modelstest.Actor()
	u := th.user
	for _, kind := range []string{models.KindTOTP, models.KindRecovery, models.KindRecovery} {
		_, err := b.shop.AddCredential(ctx, actor, models.Credential{UserID: u.ID, Kind: kind, Secret: []byte("s"), LookupKey: models.NewID()})
		b.must(err)
	}
	g, err := b.shop.CreateGroup(ctx, actor, account.Group{Name: "Friends"})
	b.must(err)
	outer, err := b.shop.CreateGroup(ctx, actor, account.Group{Name: "Everybody"})
	b.must(err)
	b.must(b.shop.AddMember(ctx, actor, outer.ID, g.ID))
	b.must(b.shop.SaveConsent(ctx, u.ID, th.app.ClientID, []string{"orders.read"}, b.store.Now()))
	w := b.global()
	at := shopUsers + "/" + u.ID
	w.get(at+"/methods/reset").wants(t, 200, "Every second factor of this person is removed")
	w.get(w.post(at+"/methods/reset").location).wants(t, 200, "must set up a second factor anew", "No second factor is set up.")
	w.get(w.post(at+"/methods/reset").location).wants(t, 200, "had no second factor any more")
	w.get(w.post(at+"/groups/add", "group", g.ID).location).wants(t, 200, "is in “Friends” now", "Everybody", "Through another group", "Directly")
	w.get(w.post(at+"/groups/add", "group", g.ID).location).wants(t, 200, "already")
	w.get(w.post(at+"/groups/remove", "group", g.ID).location).wants(t, 200, "is no longer in “Friends”")
	w.get(w.post(at+"/roles/add", "role", th.app.ID+" "+models.NoAppRole).location).wants(t, 200, "has a role of “Market” now", "Default access")
	page, err := b.shop.AppRoleAssignments(ctx, models.AssignmentQuery{PrincipalID: u.ID})
	b.must(err)
	other := modelstest.MustUser(t, b.shop, "other@example.com")
	w.post(shopUsers+"/"+other.ID+"/roles/remove", "assignment", page.Items[0].ID)
	if page, _ := b.shop.AppRoleAssignments(ctx, models.AssignmentQuery{PrincipalID: u.ID}); len(page.Items) != 1 {
		t.Error("a role was taken away by another person's page")
	}
	w.get(w.post(at+"/roles/remove", "assignment", page.Items[0].ID).location).wants(t, 200, "no longer has that role")
	w.get(at+"/consents").wants(t, 200, "Market", "orders.read", "Withdraw")
	w.get(w.post(at+"/consents/withdraw", "client", th.app.ClientID).location).wants(t, 200, "is withdrawn", "gave no application access")
	w.get(w.post(at+"/consents/withdraw", "client", th.app.ClientID).location).wants(t, 200, "That consent was withdrawn already.")
	w.get(w.post(at+"/sessions/end", "sid", "no-such-session").location).wants(t, 200, "That session had ended already.")
	want := map[string]bool{"Require re-registration of security info": false, "Withdraw consent": false}
	for _, e := range b.audits() {
		if _, ok := want[e.Activity]; ok && e.Actor.ID == w.userID {
			want[e.Activity] = true
		}
	}
	for activity, seen := range want {
		if !seen {
			t.Errorf("no entry %q", activity)
		}
	}
	// Who may not, is not offered it.
	reader := b.admin("reader@staff.example", b.roleID("Global Reader"), b.shop.ID)
	for _, tab := range []string{"", "/methods", "/sessions", "/groups", "/consents"} {
		if a := reader.get(at + tab); a.status != 200 || strings.Contains(a.body, `action="`+at) {
			t.Errorf("%q offers changes to who only reads (%d)", tab, a.status)
		}
	}
}

// The second of two admins is told what the first has saved, loses nothing that they typed, and decides.
func TestTwoAdminsEditOnePerson(t *testing.T) {
	b := newBench(t)
	u := modelstest.MustUser(t, b.shop, "ada@example.com")
	w := b.global()
	at := shopUsers + "/" + u.ID + "/edit"
	mark := func(body string) string {
		_, rest, _ := strings.Cut(body, `name="loaded" value="`)
		value, _, _ := strings.Cut(rest, `"`)
		return value
	}
	first := mark(w.get(at).body)
	if first == "" {
		t.Fatal("the form does not say what it was filled from")
	}
	if a := w.post(at, "displayName", "Ada", "city", "London", "loaded", first); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	late := w.post(at, "displayName", "Ada B", "city", "Paris", "loaded", first)
	late.wants(t, 422, "Stored now, where it differs from what you typed", "City: “London”")
	if !strings.Contains(late.body, `value="Paris"`) || b.person(u.ID).City != "London" {
		t.Error("something was lost")
	}
	if a := w.post(at, "displayName", "Ada B", "city", "Paris", "loaded", mark(late.body)); a.status != 303 || b.person(u.ID).City != "Paris" {
		t.Errorf("%d %+v", a.status, b.person(u.ID))
	}
}
