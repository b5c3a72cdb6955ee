package hosted_test

import (
	"strings"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/message"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// leave deletes a person's account in their own name.
func (s *site) leave(u models.User) {
	s.t.Helper()
	s.clock.Advance(time.Second)
	modelstest.Must(s.tenant.DeleteSelf(s.t.Context(), audit.Actor{Kind: audit.ActorUser, ID: u.ID}, u.ID))(s.t)
	s.clock.Advance(time.Second)
}

func (s *site) heard(kind message.Kind) int {
	n := 0
	for _, note := range s.notes() {
		if note.Kind == kind {
			n++
		}
	}
	return n
}

// Signing in within 30 days offers to take the deletion back (F273).
func TestWhoLeftComesBackBySigningIn(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch)
		s.settings(neverStay)
		u := s.user(anna)
		s.leave(u)

		b := s.browser().start(request{}).at(signin.SignIn).fill("email", anna, "password", goodPassword).at(signin.AskRestore)
		b.says("Keep your account?").says(strings.TrimPrefix(u.CreatedAt.AddDate(0, 0, 30).Format("2 January 2006"), "0"))
		if now := modelstest.Must(s.tenant.User(t.Context(), u.ID))(t); now.DeletedAt.IsZero() || s.issuer.count() != 0 {
			t.Fatal("a page alone brought the account back")
		}
		if g := b.fill("action", "accept").signedIn(); g.UserID != u.ID {
			t.Errorf("somebody else: %s", g.UserID)
		}
		now := modelstest.Must(s.tenant.User(t.Context(), u.ID))(t)
		if !now.Usable() || now.SelfDeleted || len(now.Identities) != 1 || s.heard(message.Returned) != 1 {
			t.Errorf("not back: %+v", now.Account)
		}
		if rec := s.records(); !strings.Contains(strings.Join(rec[len(rec)-1].Notes, " "), "account_returned") {
			t.Errorf("the record does not say so: %v", rec[len(rec)-1].Notes)
		}
		s.browser().start(request{}).fill("email", anna, "password", goodPassword).signedIn() // asked once
	})
}

func TestLeavingItDeletedIsAnAnswer(t *testing.T) {
	s := newSite(t)
	u := s.user(anna)
	s.leave(u)
	s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.AskRestore).fill("action", "decline").refused("access_denied")
	if now := modelstest.Must(s.tenant.User(t.Context(), u.ID))(t); !now.Leaving() {
		t.Errorf("%+v", now.Account)
	}
	s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.AskRestore) // and may be changed
}

// Nothing tells a stranger that an account is to be deleted: the pages before the proof are the usual ones.
func TestAStrangerLearnsNothingOfALeaver(t *testing.T) {
	s := newSite(t, bothWays)
	s.leave(s.user(anna))
	wrong := func(email string) string {
		return s.browser().start(request{}).fill("email", email).at(signin.Password).fill("password", "not the password").page.title()
	}
	if a, b := wrong(anna), wrong("nobody@example.com"); a != b {
		t.Errorf("%q, and %q for nobody", a, b)
	}
}

// "Forgot your password?" and a sign-up lead there as well.
func TestOtherWaysBack(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	s.publish(func(f *userflow.Flow) { f.PasswordReset = true })
	s.leave(s.user(anna))
	b := s.browser().start(request{}).fill("action", "forgot", "email", anna).at(signin.Code).fill("code", s.lastCode(anna)).at(signin.AskRestore)
	b.fill("action", "accept").at(signin.ResetPassword).fill("newPassword", "another horse battery").signedIn()

	s.leave(s.user("bob@example.com"))
	c := s.browser().start(request{}).fill("action", "signUp").at(signin.SignUp).fill("email", "bob@example.com").at(signin.Code)
	c.fill("code", s.lastCode("bob@example.com")).at(signin.Password).fill("password", goodPassword).at(signin.AskRestore).fill("action", "accept").signedIn()
}

// The address stays reserved for 30 days, and is free on the day after, whether the job has come by or not.
func TestAnAddressIsKeptForWhoLeft(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch)
		s.settings(neverStay)
		u := s.user(anna)
		s.leave(u)
		n := models.User{Account: u.Account}
		n.ID = ""
		if _, err := s.tenant.CreateUser(t.Context(), modelstest.Actor(), n, ""); !fault.Is(err, fault.Conflict) {
			t.Fatalf("the address was given away: %v", err)
		}
		s.clock.Advance(30 * 24 * time.Hour)
		b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.SignIn) // gone
		b.get(s.base + "/" + s.slug + "/start?request=%7B%22protocol%22%3A%22openid%22%2C%22clientId%22%3A%22" + s.app.ClientID + "%22%2C%22prompt%22%3A%5B%22create%22%5D%7D")
		b.at(signin.SignUp).fill("email", anna).at(signin.Code).fill("code", s.lastCode(anna)).at(signin.ChoosePassword)
		if g := b.fill("newPassword", goodPassword).signedIn(); !g.SignUp || g.UserID == u.ID {
			t.Errorf("%+v", g)
		}
		if _, err := s.tenant.RestoreUser(t.Context(), modelstest.Actor(), u.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("restored although the address was taken again: %v", err)
		}
	})
}

// Every session and every refresh ends at once; an admin's deletion is no question to anybody.
func TestWhoLeftHasNoSession(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	u := s.user(anna)
	b := s.browser().start(request{})
	b.fill("email", anna, "password", goodPassword).signedIn()
	b.start(request{}).signedIn() // by the session
	s.leave(u)
	b.start(request{Prompt: []string{"none"}}).refused("login_required")
	b.start(request{}).at(signin.SignIn)

	modelstest.Must(s.tenant.RestoreUser(t.Context(), modelstest.Actor(), u.ID))(t)
	if err := s.tenant.DeleteUser(t.Context(), modelstest.Actor(), u.ID); err != nil {
		t.Fatal(err)
	}
	s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.SignIn)
}
