package admin

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/account"
	"portico/app/factor"
	"portico/app/message"
	"portico/models"
	"portico/models/modelstest"
)

// notes takes what is queued, by kind.
func (b *bench) notes() map[message.Kind][]message.Note {
	b.Helper()
	items, err := b.store.ClaimOutbox(b.Context(), "test", b.store.Now(), time.Minute, 100)
	b.must(err)
	out := map[message.Kind][]message.Note{}
	for _, it := range items {
		var n message.Note
		if json.Unmarshal(it.Payload, &n) == nil {
			out[n.Kind] = append(out[n.Kind], n)
		}
	}
	return out
}

func TestHelpDesk(t *testing.T) {
	b := newBench(t)
	u, err := b.shop.CreateUser(t.Context(), modelstest.Actor(), models.User{MobilePhone: "+49 30 1234567", Account: account.Account{DisplayName: "Ada Lovelace", Mail: "ada@example.com", Enabled: true,
		FirstFactor: "emailPassword", Identities: []account.Identity{{SignInType: account.SignInEmail, Value: "ada@example.com"}}}}, "hash:old")
	b.must(err)
	b.clock.Advance(48 * time.Hour)
	agent := b.admin("agent@staff.example", b.roleID("Helpdesk Administrator"), b.shop.ID)
	const desk = "/admin/t/shop/helpdesk"
	ada := desk + "/" + u.ID

	// Nothing is found by a part, and nobody is seen who was not found.
	for _, words := range []string{"ada", "example.com", "ada@example.co", "%", "1234", ""} {
		if a := agent.post(desk, "who", words); a.status != 422 {
			t.Errorf("%q found somebody: %d", words, a.status)
		}
	}
	agent.get(ada).wants(t, 404)
	for _, action := range []string{"/code", "/check", "/recovery", "/password", "/sessions", "/unlock"} {
		agent.post(ada+action).wants(t, 404)
	}
	if agent.get("/admin/t/shop/users/"+u.ID).status != 403 || agent.get("/admin/t/shop/users").status != 403 {
		t.Error("the help desk sees people as they are")
	}
	for _, words := range []string{" ADA@example.com ", "+49 30 1234567", u.ID} {
		if a := agent.post(desk, "who", words); a.status != 303 || a.location != ada {
			t.Errorf("%q: %d %s", words, a.status, a.location)
		}
	}
	page := agent.get(ada)
	page.wants(t, 200, "A. L.", "a***@e***.com", "Send a code")
	for _, secret := range []string{"Ada", "Lovelace", "ada@", "example.com", "1234567"} {
		if strings.Contains(text(page.body), secret) {
			t.Errorf("the page tells %q", secret)
		}
	}
	// Without a check nothing is handed out.
	for _, action := range []string{"/recovery", "/password", "/sessions", "/unlock"} {
		agent.post(ada+action).wants(t, 403)
	}
	agent.post(ada+"/code", "address", "elsewhere").wants(t, 422)
	b.notes()
	addresses, err := b.shop.CallerAddresses(t.Context(), u)
	if b.must(err); len(addresses) != 1 {
		t.Fatalf("%+v", addresses)
	}
	agent.get(agent.post(ada+"/code", "address", addresses[0].ID).location).wants(t, 200, "on its way to a***@e***.com", "Check the caller")
	sent := b.notes()[message.CallerCode]
	if len(sent) != 1 || sent[0].To != "ada@example.com" || len(sent[0].Code) != factor.CodeDigits {
		t.Fatalf("sent %+v", sent)
	}
	agent.post(ada+"/check", "code", "00000000").wants(t, 422, "wrong or too old")
	other := b.admin("other@staff.example", b.roleID("Helpdesk Administrator"), b.shop.ID)
	other.post(desk, "who", "ada@example.com")
	other.post(ada+"/check", "code", sent[0].Code).wants(t, 422) // one agent's code is no other's
	agent.get(agent.post(ada+"/check", "code", sent[0].Code).location).wants(t, 200, "Hand out a recovery code")
	agent.post(ada+"/check", "code", sent[0].Code).wants(t, 422) // once
	other.post(ada+"/recovery").wants(t, 403)

	// The recovery code works once, as a second factor, for an hour.
	shown := agent.get(agent.post(ada + "/recovery").location)
	shown.wants(t, 200, "Read this code to the caller")
	if given := b.notes()[message.HelpGiven]; len(given) != 1 || given[0].To != "ada@example.com" {
		t.Errorf("told %+v", given)
	}
	codes, err := b.shop.Credentials(t.Context(), u.ID, models.KindRecovery)
	if b.must(err); len(codes) != 1 {
		t.Fatalf("%d codes", len(codes))
	}
	if i := strings.Index(shown.body, "-"); i < 0 || !showsCodeOf(shown.body, codes[0].Secret, u.ID) {
		t.Error("the code on the page is not the one that works")
	}
	agent.post(ada + "/recovery")
	if codes, _ = b.shop.Credentials(t.Context(), u.ID, models.KindRecovery); len(codes) != 1 {
		t.Errorf("two codes work: %d", len(codes))
	}
	agent.post(ada + "/unlock")
	agent.get(agent.post(ada+"/password").location).wants(t, 200, "Temporary password")
	if now, _ := b.shop.User(t.Context(), u.ID); !now.MustChangePassword {
		t.Error("the password is not temporary")
	}
	b.clock.Advance(models.CallerChecked + time.Minute)
	agent.post(ada+"/recovery").wants(t, 403)
	b.clock.Advance(models.HandedOut)
	if codes, _ = b.shop.Credentials(t.Context(), u.ID, models.KindRecovery); len(codes) != 0 {
		t.Error("a code that was handed out works for ever")
	}
	// Everything is in the person's history, with who did it.
	seen := map[string]int{}
	for _, a := range b.audits() {
		if a.Target.ID == u.ID && (a.Actor.ID == agent.userID || a.Actor.ID == other.userID) {
			seen[a.Activity]++
		}
	}
	for _, want := range []string{"Found by help desk", "Viewed by help desk", "Send code to caller", "Caller did not know the code", "Caller checked", "Hand out recovery code", "Unlock account", "Reset password"} {
		if seen[want] == 0 {
			t.Errorf("the history lacks %q: %v", want, seen)
		}
	}
}

// showsCodeOf reports whether the page shows the code that a verifier was made of.
func showsCodeOf(page string, verifier []byte, userID string) bool {
	for _, word := range strings.FieldsFunc(page, func(r rune) bool { return strings.ContainsRune("<>\" \n=", r) }) {
		if len(word) == 11 && factor.VerifyRecovery(verifier, userID, word) {
			return true
		}
	}
	return false
}

// TestHelpDeskIsNoWayIn: an address that came right before the call counts for nothing, guessing ends after
// five tries, and searching is counted.
func TestHelpDeskIsNoWayIn(t *testing.T) {
	b := newBench(t)
	u := modelstest.MustUserWithPassword(t, b.shop, "ada@example.com", "hash:x")
	b.clock.Advance(48 * time.Hour)
	agent := b.admin("agent@staff.example", b.roleID("Helpdesk Administrator"), b.shop.ID)
	_, err := b.shop.UpdateUser(t.Context(), modelstest.Actor(), u.ID, func(u *models.User) error {
		u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInEmail, Value: "thief@evil.example"})
		return nil
	})
	b.must(err)
	u, err = b.shop.User(t.Context(), u.ID)
	b.must(err)
	if a, err := b.shop.CallerAddresses(t.Context(), u); err != nil || len(a) != 1 || a[0].Address != "ada@example.com" {
		t.Errorf("known before the call: %+v %v", a, err)
	}
	const desk = "/admin/t/shop/helpdesk"
	agent.post(desk, "who", "ada@example.com")
	addresses, _ := b.shop.CallerAddresses(t.Context(), u)
	agent.post(desk+"/"+u.ID+"/code", "address", addresses[0].ID)
	code := b.notes()[message.CallerCode][0].Code
	for range factor.CodeTries {
		agent.post(desk+"/"+u.ID+"/check", "code", "11111111")
	}
	agent.post(desk+"/"+u.ID+"/check", "code", code).wants(t, 422, "after five tries")
	for range codesPerHour - 1 {
		agent.post(desk+"/"+u.ID+"/code", "address", addresses[0].ID)
	}
	agent.post(desk+"/"+u.ID+"/code", "address", addresses[0].ID).wants(t, 422, "very often")
	for range searchesPerHour - 1 {
		agent.post(desk, "who", "nobody@example.com")
	}
	agent.post(desk, "who", "ada@example.com").wants(t, 422, "very often")
	// In the directory of admins the help desk is for nobody who is not over everybody.
	b.global()
	inside := b.admin("inside@staff.example", b.roleID("Helpdesk Administrator"), access.AllTenants, b.roleID("Privileged Role Administrator"), access.AllTenants)
	inside.post("/admin/t/workforce/helpdesk", "who", "agent@staff.example").wants(t, 403)
}

func TestMasked(t *testing.T) {
	for in, want := range map[string]string{"ada@example.com": "a***@e***.com", "ärger@müller.co.uk": "ä***@m***.uk", "ada": "a***", "": "***", "@": "***@***", "x@y": "x***@y***"} {
		if got := masked(in); got != want {
			t.Errorf("%q is shown as %q", in, got)
		}
	}
}
