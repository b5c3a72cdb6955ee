package account_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// A form that comes too late for its proof is not lost: the person proves themselves and finds it filled in.
func TestNothingTypedIsLostOnAStepUp(t *testing.T) {
	s := newSite(t, bothWays)
	s.user(anna)
	b := s.in2(anna).open("/methods/email")
	page := *b
	s.clock.Advance(6 * time.Minute)
	*b = page
	b.send("/methods/email", "email", "anna@new.example", "code", "123456")
	if !strings.Contains(b.at, "/signin/") {
		t.Fatalf("an old proof was taken: %s", b.at)
	}
	b.again(anna).on("/methods/email").says(`value="anna@new.example"`).says("What you typed is still here")
	if strings.Contains(b.at, "kept") || strings.Contains(b.body, "123456") {
		t.Errorf("%s", b.at)
	}
	b.open("/methods/email").lacks("anna@new.example") // once
}

// What was typed is for the very session that typed it.
func TestWhatWasTypedIsForNobodyElse(t *testing.T) {
	s := newSite(t, bothWays)
	s.user(anna)
	s.user("bob@example.com")
	b := s.in2(anna).open("/methods/email")
	page := *b
	s.clock.Advance(6 * time.Minute)
	*b = page
	var seen []string
	b.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error { seen = append(seen, r.URL.String()); return nil }
	b.send("/methods/email", "email", "anna@new.example")
	b.again(anna)
	kept := ""
	for _, u := range seen {
		if strings.Contains(u, "kept=") {
			kept = strings.TrimPrefix(u, s.base)
		}
	}
	if kept == "" {
		t.Fatalf("%v", seen)
	}
	s.in2("bob@example.com").open(kept).on("/methods/email").lacks("anna@new.example")
}

// Giving up a proof is no sign-out.
func TestCancellingAStepUp(t *testing.T) {
	s := newSite(t)
	s.user(anna)
	b := s.in(anna)
	s.clock.Advance(6 * time.Minute)
	b.open("/data/delete")
	if !strings.Contains(b.at, "/signin/") {
		t.Fatal(b.at)
	}
	b.send("", "action", "cancel").on("/data").says("Nothing was changed").says("Sign out")
}

// Stepping up is no sign-in of a stranger: the page says what it is for and asks for the proof, not for a name.
func TestSteppingUpGoesStraightToTheProof(t *testing.T) {
	s := newSite(t)
	s.user(anna)
	b := s.in(anna)
	s.clock.Advance(6 * time.Minute)
	b.open("/methods/password").says(anna).says("before you change how you sign in").lacks("Sign in to")
	if b.title() != "Show again that it’s you" {
		t.Errorf("%q", b.title())
	}
	page := *b
	b.send("", "password", goodPassword).on("/methods/password")

	// Somebody else is asked like anybody, and is not taken for who was there.
	s.user("bob@example.com")
	s.clock.Advance(6 * time.Minute)
	b.open("/methods/password")
	if b.send("", "action", "restart"); !strings.Contains(b.title(), "Sign in to") {
		t.Fatalf("%q", b.title())
	}
	b.signIn("bob@example.com").open("").says("bob@example.com")
	*b = page
	if b.send("", "password", goodPassword); strings.Contains(b.at, "/account") {
		t.Error("an attempt was finished twice")
	}
}

// Who has no password gets a code at once.
func TestSteppingUpByCode(t *testing.T) {
	s := newSite(t, func(f *userflow.Flow) {
		f.SignUpMethod, f.SignInMethods = userflow.EmailCode, []userflow.Method{userflow.EmailCode, userflow.EmailPassword}
	})
	s.user2(anna)
	b := s.browser().open("").send("", "email", anna)
	if !strings.Contains(b.body, `name="code"`) {
		b.send("", "action", "code")
	}
	b.send("", "code", s.lastCode(anna)).on("")
	s.clock.Advance(6 * time.Minute)
	b.open("/methods/email").says("Show again that it’s you").says(anna)
	b.send("", "code", s.lastCode(anna)).on("/methods/email")
}

// user2 is somebody without a password.
func (s *site) user2(email string) models.User {
	s.t.Helper()
	return modelstest.MustUser(s.t, s.tenant, email)
}
