package admin

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/models"
	"portico/models/modelstest"
)

const shopUsers = "/admin/t/shop/users"

// people makes n people, p0 to pn-1.
func (b *bench) people(n int) []models.User {
	b.Helper()
	var out []models.User
	for i := range n {
		out = append(out, modelstest.MustUser(b, b.shop, fmt.Sprintf("p%d@example.com", i)))
	}
	return out
}

// From ticking to the result: nothing happens before the count is typed, and then exactly that happens.
func TestABulkChangeFromTickToResult(t *testing.T) {
	b := newBench(t)
	list := b.people(30)
	_, err := b.shop.SetUserEnabled(t.Context(), modelstest.Actor(), list[0].ID, false)
	b.must(err)
	w := b.global()
	w.get(shopUsers).wants(t, 200, "Check the ticked ones", "Check everybody in the list")
	a := w.post("/admin/t/shop/users/bulk-changes", "action", "disable", "reach", "ticked", "person", list[0].ID, "person", list[1].ID, "person", list[2].ID, "filters", "")
	page := w.get(a.location)
	page.wants(t, 200, "What would happen", "Would change 2", "Would stay as they are 1", "Is so already", "p1@example.com", "Type how many would change: 2")
	if b.person(list[1].ID).Enabled == false {
		t.Fatal("somebody was disabled before the count was confirmed")
	}
	w.post(a.location+"/confirm", "count", "3").wants(t, 422, "Type 2, the number of people who would change.")
	w.get(w.post(a.location+"/confirm", "count", "2").location).wants(t, 200, "Done", "Changed 2", "Download CSV")
	for i, want := range []bool{false, false, false, true} {
		if got := b.person(list[i].ID).Enabled; got != want {
			t.Errorf("%d: enabled %v", i, got)
		}
	}
	csv := w.get(a.location + "?format=csv").body
	if strings.Count(csv, "\n") != 4 || !strings.Contains(csv, list[1].ID) || !strings.Contains(csv, ",done,") || !strings.Contains(csv, "Is so already") {
		t.Errorf("the result file: %s", csv)
	}
	w.get("/admin/t/shop/users/bulk-changes").wants(t, 200, "Disable accounts", "Admin global")
	// All that match: the filter counts, and nothing that was put into it besides.
	a = w.post("/admin/t/shop/users/bulk-changes", "action", "delete", "reach", "all", "filters", "state=disabled&after=zzz&tenant=other&limit=1")
	w.get(a.location).wants(t, 200, "Would change 3", "State: Disabled")
	w.get(w.post(a.location+"/confirm", "count", "3").location).wants(t, 200, "Done", "Changed 3")
	w.get(shopUsers+"/deleted").wants(t, 200, "p0@example.com", "Restore", "Erase for good")
	a = w.post("/admin/t/shop/users/bulk-changes", "action", "restore", "reach", "all", "filters", "state=deleted")
	w.get(w.post(a.location+"/confirm", "count", "3").location).wants(t, 200, "Done", "Changed 3")
}

func TestABulkChangeTakesThePermissionOfWhatItDoes(t *testing.T) {
	b := newBench(t)
	list := b.people(2)
	reader := b.admin("reader@staff.example", b.roleID("Global Reader"), b.shop.ID)
	if a := reader.get(shopUsers); a.status != 200 || strings.Contains(a.body, "Check the ticked ones") {
		t.Errorf("who only reads is offered changes (%d)", a.status)
	}
	if a := reader.post("/admin/t/shop/users/bulk-changes", "action", "disable", "reach", "all"); a.status != 403 {
		t.Errorf("who only reads began a change: %d", a.status)
	}
	made, err := b.shop.StartBulk(t.Context(), modelstest.Actor(), models.Bulk{Action: models.BulkDisable}, []string{list[0].ID}, models.UserQuery{})
	b.must(err)
	for _, path := range []string{"/confirm", "/cancel"} {
		if a := reader.post("/admin/t/shop/users/bulk-changes/"+made.ID+path, "count", "1"); a.status != 403 {
			t.Errorf("%s by who only reads: %d", path, a.status)
		}
	}
	modelstest.MustTenant(t, b.store, "other")
	if a := b.global().get("/admin/t/other/users/bulk-changes/" + made.ID); a.status != 404 {
		t.Errorf("another tenant's change: %d", a.status)
	}
}

// A saved view holds filters and nothing else, and is its owner's unless they share it.
func TestSavedViews(t *testing.T) {
	b := newBench(t)
	b.people(2)
	w, other := b.global(), b.admin("second@staff.example", b.roleID("User Administrator"), b.shop.ID)
	save := func(who *browser, name, query string, more ...string) answer {
		return who.get(who.post(shopUsers+"/views", append([]string{"name", name, "query", query}, more...)...).location)
	}
	save(w, "Locked out", "state=disabled&evil=1&after=x&sort=created").wants(t, 200, "The view “Locked out” is kept.")
	views, err := b.shop.SavedViews(t.Context(), "users", w.userID)
	if err != nil || len(views) != 1 || views[0].Query != "sort=created&state=disabled" {
		t.Fatalf("%+v %v", views, err)
	}
	if a := other.get(shopUsers); strings.Contains(a.body, "Locked out") {
		t.Error("somebody else's view is shown")
	}
	if a := other.post(shopUsers+"/views/remove", "view", views[0].ID); a.status != 303 {
		t.Errorf("%d", a.status)
	}
	if views, _ := b.shop.SavedViews(t.Context(), "users", w.userID); len(views) != 1 {
		t.Fatal("somebody else deleted it")
	}
	save(w, "Kept for all", "search=p1", "shared", "yes").wants(t, 200, "is kept")
	other.get(shopUsers).wants(t, 200, "Kept for all", "shared")
	save(w, " ", "search=p1").wants(t, 200, "Enter a name for the view.")
	save(w, strings.Repeat("x", 65), "search=p1").wants(t, 200, "too long")
	save(w, "Nothing", "evil=1").wants(t, 200, "There was no filter to keep.")
	w.get(w.post(shopUsers+"/views/remove", "view", views[0].ID).location).wants(t, 200, "is deleted")
	if a := w.get(shopUsers); strings.Contains(a.body, "Locked out") {
		t.Error("it is still there")
	}
}

// Each filter of the list narrows it, alone and with others; attribute values are read by their kind.
func TestTheListOfPeopleIsNarrowed(t *testing.T) {
	b, th, ids := described(t)
	list := b.people(6)
	ctx, actor := t.Context(), modelstest.Actor()
	edit := func(u models.User, f func(*models.User)) {
		_, err := b.shop.UpdateUser(ctx, actor, u.ID, func(u *models.User) error { f(u); return nil })
		b.must(err)
	}
	edit(list[1], func(u *models.User) { u.Attributes = map[string]any{ids["Newsletter"]: true, ids["Colour"]: "red"} })
	edit(list[2], func(u *models.User) { u.MustChangePassword = true })
	edit(list[3], func(u *models.User) {
		u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInFederated, Issuer: "https://idp.example", Value: "x"})
	})
	_, err := b.shop.SetUserEnabled(ctx, actor, list[4].ID, false)
	b.must(err)
	g, err := b.shop.CreateGroup(ctx, actor, account.Group{Name: "Friends"})
	b.must(err)
	b.must(b.shop.AddMember(ctx, actor, g.ID, list[5].ID))
	b.clock.Advance(24 * time.Hour)
	b.must(b.shop.TouchSignIn(ctx, list[0].ID))
	_ = th
	w := b.global()
	for query, want := range map[string]string{
		"state=disabled": "p4", "state=change": "p2", "via=" + url.QueryEscape("https://idp.example"): "p3", "group=" + g.ID: "p5",
		"attribute=" + ids["Newsletter"] + "&value=yes": "p1", "attribute=" + ids["Colour"] + "&value=" + url.QueryEscape("Dark red"): "p1",
		"last=7d": "p0", "lastFrom=2026-01-16": "p0", "sort=last": "p0", "search=p3&state=enabled": "p3", "group=" + g.ID + "&last=never": "p5", "enabled=no": "p4",
		"attribute=" + ids["Colour"] + "&value=blue": "", "group=nobody": "", "state=leaving": "", "group=" + g.ID + "&state=disabled": "",
	} {
		a := w.get(shopUsers + "?" + query)
		if a.status != 200 {
			t.Fatalf("%s: %d", query, a.status)
		}
		for i := range list {
			name := fmt.Sprintf("p%d", i)
			if got := strings.Contains(text(a.body), name+"@example.com"); got != (name == want) {
				t.Errorf("%s: %s shown: %v", query, name, got)
			}
		}
	}
	w.get(shopUsers+"?attribute="+ids["Colour"]).wants(t, 200, "Nobody is shown", "one without the other says nothing")
}

// A filter that cannot be applied means nobody. Left out, it would widen the list, a kept view of it and a change
// of all that match, in the end to everybody.
func TestAFilterThatCannotBeAppliedMeansNobody(t *testing.T) {
	b, _, ids := described(t)
	list := b.people(3)
	w := b.global()
	for _, query := range []string{"attribute=nope&value=1", "attribute=" + ids["Colour"], "value=red", "state=zzz", "createdFrom=9999-99-99", "createdTo=x", "lastFrom=x", "lastTo=x", "last=zz", "enabled=perhaps",
		"search=p1&state=zzz"} {
		a := w.get(shopUsers + "?" + query)
		a.wants(t, 200, "Nobody is shown", "Clear all filters")
		if body := text(a.body); strings.Contains(body, "p1@example.com") || strings.Contains(body, "Check everybody") || strings.Contains(body, "Check all that match") || strings.Contains(body, "Name of this view") {
			t.Errorf("%s: somebody is shown, or offered: %s", query, body)
		}
		if a := w.get(shopUsers + "?" + query + "&format=csv"); a.status != 422 || a.header.Get("Content-Disposition") != "" {
			t.Errorf("%s as a file: %d", query, a.status)
		}
		if strings.HasPrefix(query, "enabled") { // of old addresses only
			continue
		}
		w.get(w.post(shopUsers+"/views", "name", "Mine", "query", query).location).wants(t, 200, "The view is not kept.")
		before, err := b.shop.BulkChanges(t.Context(), 50)
		b.must(err)
		w.get(w.post(shopUsers+"/bulk-changes", "action", "disable", "reach", "all", "filters", query).location).wants(t, 200, "Nothing was begun, because it is not clear who is meant")
		if after, err := b.shop.BulkChanges(t.Context(), 50); err != nil || len(after) != len(before) {
			t.Errorf("%s: a change was begun: %v", query, err)
		}
	}
	w.get(w.post(shopUsers+"/bulk-changes", "action", "disable", "reach", "all", "filters", "state=%zz").location).wants(t, 200, "Nothing was begun")
	// Who is ticked is meant, whatever the list was narrowed by.
	w.get(w.post(shopUsers+"/bulk-changes", "action", "disable", "reach", "ticked", "person", list[0].ID, "filters", "state=zzz").location).wants(t, 200, "Would change 1")
	// A view that was kept while its attribute was there means nobody once it is gone.
	if _, err := b.shop.SaveView(t.Context(), modelstest.Actor(), models.SavedView{List: "users", Name: "Old", Query: "attribute=gone&value=1", Shared: true}); err != nil {
		t.Fatal(err)
	}
	w.get(shopUsers).wants(t, 200, "Old")
	w.get(shopUsers+"?attribute=gone&value=1").wants(t, 200, "There is no such custom attribute any more.")
}

// Reading people one by one is less than carrying all of them away.
func TestCarryingTheDirectoryAwayTakesTheRightToExport(t *testing.T) {
	b := newBench(t)
	th := b.things()
	b.people(2)
	reader := b.admin("reader@staff.example", b.roleID("Global Reader"), b.shop.ID)
	boss := b.global()
	for _, at := range []string{shopUsers, shopUsers + "/deleted", "/admin/t/shop/applications/" + th.app.ID + "/assignments"} {
		if a := reader.get(at); a.status != 200 || strings.Contains(a.body, "format=csv") {
			t.Errorf("%s offers a download to who only reads (%d)", at, a.status)
		}
		for _, format := range []string{"csv", "json"} {
			if a := reader.get(at + "?format=" + format); a.status != 403 || a.header.Get("Content-Disposition") != "" {
				t.Errorf("%s as %s by who only reads: %d", at, format, a.status)
			}
			if a := boss.get(at + "?format=" + format); a.status != 200 || a.header.Get("Content-Disposition") == "" {
				t.Errorf("%s as %s by who may: %d", at, format, a.status)
			}
		}
	}
	if a := boss.get(shopUsers); !strings.Contains(a.body, "format=csv") {
		t.Error("no download is offered to who may")
	}
}
