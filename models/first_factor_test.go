package models_test

import (
	"fmt"
	"testing"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// F054: accounts keep the method that they were made with until an admin moves them.
func TestMovingPeopleToAnotherMethod(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, other := modelstest.MustTenant(t, s, ""), modelstest.MustTenant(t, s, "")
		var people []models.User
		for i := range 1100 { // more than two batches
			people = append(people, models.User{Account: account.Account{ID: models.NewID(), DisplayName: "P", Enabled: true, FirstFactor: "emailCode",
				Identities: []account.Identity{{SignInType: account.SignInEmail, Value: fmt.Sprintf("p%d@example.com", i)}}}})
		}
		if err := tn.ImportUsers(ctx, actor, people); err != nil {
			t.Fatal(err)
		}
		has := modelstest.MustUserWithPassword(t, tn, "has@example.com", "$hash")
		stranger := modelstest.MustUser(t, other, "x@example.com")
		gone := modelstest.MustUser(t, tn, "gone@example.com")
		if err := tn.DeleteUser(ctx, actor, gone.ID); err != nil {
			t.Fatal(err)
		}
		n, err := tn.MoveUsers(ctx, actor, userflow.EmailCode, userflow.EmailPassword)
		if n != 1100 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		for id, want := range map[string]string{people[0].ID: "emailPassword", people[1099].ID: "emailPassword", has.ID: "emailPassword", gone.ID: "emailCode"} {
			if u := modelstest.Must(tn.User(ctx, id))(t); u.FirstFactor != want {
				t.Errorf("%s signs in with %s", u.Mail, u.FirstFactor)
			}
		}
		if u := modelstest.Must(other.User(ctx, stranger.ID))(t); u.FirstFactor != "emailCode" {
			t.Error("another tenant's people were moved")
		}
		entries, users := 0, 0.0
		for _, e := range modelstest.Must(tn.Audits(ctx, models.AuditQuery{Limit: 100}))(t).Items {
			if e.Activity == "Change sign-in method of users" {
				entries, users = entries+1, users+e.Changes[1].New.(float64)
			}
		}
		if entries != 3 || users != 1100 {
			t.Errorf("%d entries about %v people", entries, users)
		}
		if n, err := tn.MoveUsers(ctx, actor, userflow.EmailCode, userflow.EmailPassword); n != 0 || err != nil {
			t.Errorf("again: %d, %v", n, err)
		}
		back, err := tn.SetFirstFactor(ctx, actor, has.ID, userflow.EmailCode)
		if err != nil || back.FirstFactor != "emailCode" || !back.HasPassword {
			t.Errorf("%+v, %v", back, err)
		}
	})
}

func TestMovesThatMakeNoSense(t *testing.T) {
	tn := modelstest.MustTenant(t, modelstest.Open(t), "")
	u := modelstest.MustUser(t, tn, "ann@example.com")
	for _, c := range []struct{ from, to userflow.Method }{{"", userflow.EmailCode}, {userflow.EmailCode, "magic"}, {userflow.EmailCode, userflow.EmailCode}} {
		if _, err := tn.MoveUsers(t.Context(), modelstest.Actor(), c.from, c.to); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := tn.SetFirstFactor(t.Context(), modelstest.Actor(), u.ID, "magic"); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}
