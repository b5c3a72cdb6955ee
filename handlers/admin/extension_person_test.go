package admin

import (
	"strings"
	"testing"

	"portico/app/access"
	"portico/app/extension"
	"portico/models"
)

// roleNamed is the id of a role of the catalogue.
func roleNamed(t *testing.T, name string) string {
	t.Helper()
	for _, r := range access.Roles() {
		if r.Name == name {
			return r.ID
		}
	}
	t.Fatal(name)
	return ""
}

// TestWhatACallSaysOfAPerson: bodies of recorded calls, and sending them again, take the right to read people besides; who
// has it and looks is in the person's history. A sample is about nobody, and everybody's.
func TestWhatACallSaysOfAPerson(t *testing.T) {
	b := newBench(t)
	th := b.things()
	api := newHook(t, "127.0.0.1", goldTier)
	x := b.extended(extension.TokenIssuanceStart, api.URL, th.app)
	users, err := b.shop.Users(t.Context(), models.UserQuery{Search: "ada@example.com", Limit: 1})
	b.must(err)
	ada := users.Items[0]
	call := extension.Call{ID: models.NewID(), Event: x.Event, ExtensionID: x.ID, Name: x.Name, At: b.store.Now(), UserID: ada.ID, Status: 200, Action: extension.ProvideClaims,
		Request: `{"data":{"authenticationContext":{"user":{"mail":"ada@example.com"}}}}`, Response: strings.Replace(goldTier, "gold", "platinum", 1)}
	b.shop.KeepCall(call)
	b.must(b.store.FlushCalls(t.Context()))
	at := extensionsAt + "/calls/" + call.ID
	views := func() int {
		t.Helper()
		list, err := b.shop.Audits(t.Context(), models.AuditQuery{TargetID: ada.ID, Limit: 50})
		b.must(err)
		n := 0
		for _, a := range list.Items {
			if a.Activity == "View user" {
				n++
			}
		}
		return n
	}
	blind := b.admin("blind@staff.example", roleNamed(t, "Authentication Extensibility Administrator"), b.shop.ID)
	page := blind.get(at)
	if page.status != 200 || strings.Contains(page.body, "ada@example.com") || strings.Contains(page.body, "platinum") || !strings.Contains(page.body, "tier") || !strings.Contains(text(page.body), "takes the right to read people") {
		t.Errorf("%d %s", page.status, text(page.body))
	}
	if strings.Contains(page.body, at+"/replay") || views() != 0 {
		t.Errorf("a replay is offered, or somebody looked: %d", views())
	}
	for _, a := range []answer{blind.get(at + "/replay"), blind.post(at + "/replay")} {
		if a.status != 403 || !strings.Contains(a.body, "Directory Readers") {
			t.Errorf("%d %s", a.status, text(a.body))
		}
	}
	if len(api.payloads) != 0 {
		t.Errorf("sent all the same: %v", api.payloads)
	}
	sample := blind.post(extensionsAt+"/"+x.ID+"/try", "app", th.app.ClientID)
	if a := blind.get(sample.location); !strings.Contains(a.body, "gold") || !strings.Contains(a.body, "Mia Sample") {
		t.Errorf("one's own sample: %s", text(a.body))
	}
	if a := blind.post(sample.location + "/replay"); a.status != 303 || !strings.Contains(blind.get(a.location).body, "gold") {
		t.Errorf("a sample again: %d", a.status)
	}
	seen := b.global()
	if page = seen.get(at); !strings.Contains(page.body, "ada@example.com") || !strings.Contains(page.body, "platinum") || views() != 1 {
		t.Errorf("%d looks: %s", views(), text(page.body))
	}
	again := seen.post(at + "/replay")
	if again.status != 303 || len(api.payloads) != 3 || !strings.Contains(api.payloads[2], "ada@example.com") {
		t.Fatalf("%d %v", again.status, api.payloads)
	}
	if page = blind.get(again.location); strings.Contains(page.body, "ada@example.com") || strings.Contains(page.body, "gold") {
		t.Errorf("the replay of a real call is a real call: %s", text(page.body))
	}
	if page = blind.get(again.location[:strings.Index(again.location, "?")] + "?against=" + call.ID); strings.Contains(page.body, "platinum") || strings.Contains(text(page.body), "The answers are the same") {
		t.Errorf("%s", text(page.body))
	}
}
