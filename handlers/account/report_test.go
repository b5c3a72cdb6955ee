package account_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"portico/app/userflow"
)

func resettable(f *userflow.Flow) { f.PasswordReset = true }

// report says of the latest sign-in but one's own that it was somebody else's.
func (b *browser) report() *browser {
	b.s.t.Helper()
	link := regexp.MustCompile(`href="[^"]*/account(/activity/[^"/]+/report)"`).FindStringSubmatch(b.open("/activity").body)
	if link == nil {
		b.s.t.Fatal("nothing to report")
	}
	return b.open(link[1]).send(link[1])
}

// After "this wasn't me" the password that a stranger knows opens nothing, and they do not choose the next one.
func TestAReportedPasswordOpensNothing(t *testing.T) {
	const fresh = "another good one 1"
	s := newSite(t, resettable)
	s.user(anna)
	owner, stranger := s.in(anna), s.in(anna)
	parked := s.browser().open("") // has not sent the password yet
	owner.report().on("/methods/password").says("Enter it once more").says("Present password")
	if stranger.open("/profile"); !strings.Contains(stranger.at, "/signin/") {
		t.Fatal("the stranger is still in", stranger.at)
	}
	for name, b := range map[string]*browser{"the same browser": stranger, "another": s.browser().open(""), "one that had begun": parked} {
		if b.signIn(anna); !strings.Contains(b.at, "/signin/") || len(b.complaints()) == 0 {
			t.Errorf("%s: %s %q", name, b.at, b.title())
		}
	}
	wrong := s.browser().open("")
	wrong.send("", "email", anna, "password", "not this one at all")
	if a, b := stranger.complaints(), wrong.complaints(); strings.Join(a, "|") != strings.Join(b, "|") || stranger.status != wrong.status {
		t.Errorf("the old password gets %v, a wrong one %v", a, b)
	}
	// Whoever holds the owner's session, but not the password, sets none.
	owner.send("/methods/password", "newPassword", fresh).on("/methods/password")
	owner.send("/methods/password", "password", "not this one at all", "newPassword", fresh).on("/methods/password")
	owner.send("/methods/password", "password", goodPassword, "newPassword", goodPassword).on("/methods/password")
	owner.send("/methods/password", "password", goodPassword, "newPassword", fresh).on("/methods").says("Your password is changed")
	if b := s.browser().open("").send("", "email", anna, "password", fresh); b.at != "/"+s.slug+"/account" {
		t.Errorf("the new password: %s %v", b.at, b.complaints())
	}
	if b := s.browser().open("").signIn(anna); !strings.Contains(b.at, "/signin/") {
		t.Error("the old password works again")
	}
}

// Whoever walks away after the report comes back by "Forgot your password?".
func TestBackAfterAReportByTheMailbox(t *testing.T) {
	const fresh = "another good one 1"
	s := newSite(t, resettable)
	s.user(anna)
	owner := s.in(anna)
	s.in(anna)
	owner.report()
	s.clock.Advance(time.Hour)
	b := s.browser().open("").send("", "email", anna, "action", "forgot")
	b.send("", "code", s.lastCode(anna)).send("", "newPassword", goodPassword).says("not used before")
	b.send("", "newPassword", fresh, "everywhere", "yes")
	if b.open("").on(""); s.browser().open("").send("", "email", anna, "password", fresh).at != "/"+s.slug+"/account" {
		t.Error("the new password does not work")
	}
}

// Where mailed codes are taken, one is a way back too, and the password is replaced on the way.
func TestBackAfterAReportByACode(t *testing.T) {
	s := newSite(t, bothWays)
	u := s.user(anna)
	owner := s.in2(anna)
	s.in2(anna)
	owner.report()
	s.clock.Advance(time.Hour)
	b := s.browser().open("").send("", "email", anna).send("", "action", "code")
	b.send("", "code", s.lastCode(anna))
	if b.send("", "newPassword", "another good one 1").on(""); s.person(u.ID).PasswordVoid {
		t.Error("the password is still void")
	}
}
