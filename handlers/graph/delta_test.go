package graph

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/audit"
	"portico/models"
	"portico/models/modelstest"
)

// synced follows a delta to its end and gives what it told, by id ("" + reason for those removed), and the
// link to go on with.
func (w *world) synced(link string, header ...string) (map[string]string, string) {
	w.t.Helper()
	got := map[string]string{}
	for range 50 {
		a := w.want(200, w.do("GET", link, nil, header...))
		for _, v := range a.values() {
			id := v["id"].(string)
			if _, twice := got[id]; twice {
				w.t.Errorf("%s comes twice in one round", id)
			}
			got[id], _ = v["displayName"].(string)
			if r, ok := v["@removed"].(map[string]any); ok {
				got[id] = "removed: " + r["reason"].(string)
			}
		}
		if next, ok := a.body["@odata.deltaLink"].(string); ok {
			return got, next
		}
		link = a.body["@odata.nextLink"].(string)
	}
	w.t.Fatal("the delta does not end")
	return nil, ""
}

func eachAt(t *testing.T, f func(*world, modelstest.Scratch)) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) { f(newWorld(t, s.Store), s) })
}

func TestDelta(t *testing.T) {
	eachAt(t, func(w *world, s modelstest.Scratch) {
		w.makeUsers(5)
		for _, more := range []bool{false, true} { // who went just before the first round is no news in the second
			gone := w.newPerson("Gone")
			w.want(204, w.do("DELETE", "/users/"+gone, nil))
			if more {
				w.want(204, w.do("DELETE", "/directory/deletedItems/"+gone, nil))
			}
		}
		small := []string{"Prefer", "odata.maxpagesize=2"}
		got, link := w.synced("/users/delta?$select=displayName", small...)
		if len(got) != 5 {
			w.t.Fatalf("first round: %v", got)
		}
		if again, _ := w.synced(link); len(again) != 0 {
			w.t.Errorf("nothing changed, and yet: %v", again)
		}
		var ids []string
		for id := range got {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		s.Clock.Advance(time.Second)
		w.want(204, w.do("PATCH", "/users/"+ids[0], `{"displayName":"Changed"}`))
		w.want(204, w.do("DELETE", "/users/"+ids[1], nil))
		made := w.want(201, w.do("POST", "/users", annBody())).body["id"].(string)
		got, second := w.synced(link, small...)
		if len(got) != 3 || got[ids[0]] != "Changed" || got[ids[1]] != "removed: changed" || got[made] != "Ann Lee" {
			w.t.Errorf("second round: %v", got)
		}
		// The former link still tells the same: what it stands for does not change by being read.
		if again, _ := w.synced(link); len(again) != 3 {
			w.t.Errorf("the former link: %v", again)
		}
		s.Clock.Advance(10 * time.Minute)
		w.want(200, w.do("POST", "/directory/deletedItems/"+ids[1]+"/restore", nil))
		w.want(204, w.do("DELETE", "/users/"+ids[2], nil))
		w.want(204, w.do("DELETE", "/directory/deletedItems/"+ids[2], nil))
		got, third := w.synced(second)
		if len(got) != 2 || got[ids[1]] == "" || strings.HasPrefix(got[ids[1]], "removed") || got[ids[2]] != "removed: deleted" {
			w.t.Errorf("third round: %v", got)
		}
		if again, _ := w.synced(third); len(again) != 0 {
			w.t.Errorf("after the third: %v", again)
		}
		// Only some, spelled as documents and clients spell it.
		filter := url.QueryEscape("id eq '" + ids[0] + "' or id eq '" + ids[2] + "'")
		for _, path := range []string{"/users/delta()", "/users/microsoft.graph.delta", "/users/microsoft.graph.delta()", "/Users/Delta"} {
			if got, _ := w.synced(path + "?$filter=" + filter); len(got) != 1 || got[ids[0]] == "" {
				w.t.Errorf("%s by id: %v", path, got)
			}
		}
		latest := w.want(200, w.do("GET", "/users/delta?$deltatoken=latest", nil))
		if len(latest.values()) != 0 {
			w.t.Errorf("latest: %s", latest.raw)
		}
		w.want(204, w.do("PATCH", "/users/"+ids[3], `{"city":"Rome"}`))
		if got, _ := w.synced(latest.body["@odata.deltaLink"].(string)); len(got) != 1 {
			w.t.Errorf("since latest: %v", got)
		}
		for query, code := range map[string]string{"$top=5": "Request_UnsupportedQuery", "$orderby=displayName": "Request_UnsupportedQuery", "$expand=memberOf": "Request_UnsupportedQuery",
			"$filter=" + url.QueryEscape("displayName eq 'x'"): "Request_UnsupportedQuery", "$filter=" + url.QueryEscape("id ne 'x'"): "Request_UnsupportedQuery",
			"$deltatoken=AAAA": "syncStateNotFound", "$skiptoken=%00": "syncStateNotFound", "$select=shoeSize": "Request_BadRequest"} {
			if a := w.do("GET", "/users/delta?"+query, nil); a.status != 400 || a.errorCode() != code {
				w.t.Errorf("%s: %d %s", query, a.status, a.raw)
			}
		}
		// A token is of its tenant, and lasts a week.
		w.newClient("stranger", w.newTenant("other"), "User.Read.All")
		w.want(400, w.do("GET", third, nil, "Authorization", "Bearer stranger"))
		w.newClient("nobody", w.tenant, "Application.Read.All")
		w.want(403, w.do("GET", third, nil, "Authorization", "Bearer nobody"))
		s.Clock.Advance(8 * 24 * time.Hour)
		if a := w.do("GET", third, nil); a.status != http.StatusGone || a.errorCode() != "resyncRequired" || !strings.HasSuffix(a.header.Get("Location"), "/users/delta") {
			w.t.Errorf("old: %d %s", a.status, a.raw)
		}
	})
}

// TestDeltaMissesNothing: a change whose transaction commits after a later one has been delivered comes in
// the round after.
func TestDeltaMissesNothing(t *testing.T) {
	eachAt(t, func(w *world, s modelstest.Scratch) {
		if s.Engine != modelstest.Postgres { // SQLite has one writer: transactions commit in their order
			return
		}
		w.makeUsers(2)
		got, link := w.synced("/users/delta")
		var ids []string
		for id := range got {
			ids = append(ids, id)
		}
		s.Clock.Advance(time.Hour)
		begun, finish, done := make(chan struct{}), make(chan struct{}), make(chan error)
		edit := func(to string) func(*models.User) error {
			return func(u *models.User) error { u.City = to; return nil }
		}
		go func() {
			done <- w.tenant.InTx(context.Background(), func(t *models.Tenant) error {
				if _, err := t.UpdateUser(context.Background(), audit.System("slow"), ids[0], edit("Slow")); err != nil {
					return err
				}
				close(begun)
				<-finish
				return nil
			})
		}()
		<-begun
		s.Clock.Advance(30 * time.Second)
		if _, err := w.tenant.UpdateUser(t.Context(), audit.System("quick"), ids[1], edit("Quick")); err != nil {
			t.Fatal(err)
		}
		got, link = w.synced(link)
		if _, there := got[ids[1]]; !there || len(got) != 1 {
			w.t.Errorf("the quick one: %v", got)
		}
		close(finish)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got, _ = w.synced(link); len(got) != 1 || got[ids[0]] == "" {
			w.t.Errorf("the slow one was missed, or the quick one came twice: %v", got)
		}
	})
}

// FuzzDeltaToken: nothing but what was made here opens.
func FuzzDeltaToken(f *testing.F) {
	f.Add("AAAA")
	f.Add("")
	sealer, err := models.NewSealer([]byte(strings.Repeat("k", 32)), nil)
	if err != nil {
		f.Fatal(err)
	}
	good := sealDelta(sealer, "t\nusers", deltaState{Select: "id"})
	if _, err := openDelta(sealer, "t\nusers", good); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if s == good {
			return
		}
		if _, err := openDelta(sealer, "t\nusers", s); err == nil {
			t.Errorf("%q opened", s)
		}
	})
}
