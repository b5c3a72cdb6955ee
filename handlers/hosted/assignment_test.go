package hosted_test

import (
	"testing"

	"portico/app/account"
	"portico/app/record"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// An app that is only for people who are assigned to it (F020): nobody hears of it before the proof, nobody
// signs up through it, an invitation is an assignment.
func TestOnlyAssignedPeopleSignIn(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, byCode)
		s.settings(neverStay)
		u := s.user(anna)
		if _, err := s.tenant.UpdateApplication(t.Context(), modelstest.Actor(), s.app.ID, func(a *models.Application) error { a.Spec.AppRoleRequired = true; return nil }); err != nil {
			t.Fatal(err)
		}
		b := s.browser()
		b.start(request{}).at(signin.Identify).fill("email", anna).at(signin.Code)
		b.fill("code", s.lastCode(anna)).at(signin.Blocked).says("This app is not open to you")
		list := modelstest.Must(s.tenant.SignIns(t.Context(), models.SignInQuery{UserID: u.ID}))(t)
		if len(list.Items) == 0 || list.Items[0].Outcome.Code != 50105 || list.Items[0].Outcome.Result != record.Failure {
			t.Errorf("recorded %+v", list.Items)
		}
		// A stranger meets the same pages, and no account is made.
		stranger := s.browser()
		stranger.start(request{}).at(signin.Identify).fill("email", "new@example.com").at(signin.Code)
		if n := modelstest.Must(s.tenant.CountUsers(t.Context()))(t); n != 1 {
			t.Errorf("%d accounts", n)
		}
		g := modelstest.Must(s.tenant.CreateGroup(t.Context(), modelstest.Actor(), account.Group{Name: "Members"}))(t)
		if err := s.tenant.AddMember(t.Context(), modelstest.Actor(), g.ID, u.ID); err != nil {
			t.Fatal(err)
		}
		given := modelstest.Must(s.tenant.AssignAppRole(t.Context(), modelstest.Actor(), models.AppRoleAssignment{ApplicationID: s.app.ID, PrincipalID: g.ID}))(t)
		b = s.browser()
		b.start(request{}).fill("email", anna).fill("code", s.lastCode(anna))
		if got := b.start(request{}).signedIn(); got.UserID != u.ID { // the session goes on
			t.Errorf("%+v", got)
		}
		if err := s.tenant.UnassignAppRole(t.Context(), modelstest.Actor(), given.ID); err != nil {
			t.Fatal(err)
		}
		b.start(request{}).at(signin.Blocked)
		b.start(request{Prompt: []string{"none"}}).arrived(callback + "?error=access_denied")

		// Who is invited is assigned by accepting, in the same transaction.
		i, link := s.invite("new@example.com", func(i *userflow.Invitation) {})
		guest := s.browser().accepts(link).at(signin.Code)
		guest.fill("code", s.lastCode("new@example.com"))
		guest.arrived(callback)
		accepted := modelstest.Must(s.tenant.Invitation(t.Context(), i.ID))(t)
		if ok := modelstest.Must(s.tenant.Assigned(t.Context(), accepted.AcceptedBy, s.app.ID))(t); !ok {
			t.Error("an accepted invitation is no assignment")
		}
		if got := guest.start(request{}).signedIn(); got.UserID != accepted.AcceptedBy {
			t.Errorf("%+v", got)
		}
	})
}
