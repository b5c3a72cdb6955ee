package account_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
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
