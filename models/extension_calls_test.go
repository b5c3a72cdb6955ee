package models_test

import (
	"errors"
	"strings"
	"testing"

	"portico/app/account"
	"portico/app/extension"
	"portico/models"
	"portico/models/modelstest"
)

// TestARefusedCallTakesNoOthersAlong: what the database refuses is tried again a few times, then dropped and counted;
// neither the other calls of its tenant nor those of others go with it, and while nothing can be written nothing is lost.
func TestARefusedCallTakesNoOthersAlong(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		one, two := modelstest.MustTenant(t, s, "calls-one"), modelstest.MustTenant(t, s, "calls-two")
		if err := s.RefuseCalls("poison"); err != nil {
			t.Fatal(err)
		}
		keep := func(tn *models.Tenant, name string) {
			tn.KeepCall(extension.Call{ID: models.NewID(), Event: extension.OtpSend, Name: name, At: s.Now(), ExtensionID: name})
		}
		count := func(tn *models.Tenant) int {
			t.Helper()
			return len(modelstest.Must(tn.Calls(t.Context(), models.CallQuery{}))(t))
		}
		for _, name := range []string{"a", "poison", "b"} {
			keep(one, name)
		}
		keep(two, "c")
		if err := s.FlushCalls(t.Context()); err == nil {
			t.Error("a call that was refused is told to nobody")
		}
		if count(one) != 2 || count(two) != 1 || s.DroppedCalls() != 0 {
			t.Fatalf("%d and %d calls are kept, %d dropped", count(one), count(two), s.DroppedCalls())
		}
		if err := errors.Join(s.FlushCalls(t.Context()), s.FlushCalls(t.Context())); err == nil || s.DroppedCalls() != 0 {
			t.Errorf("dropped %d while nothing could be written at all: %v", s.DroppedCalls(), err)
		}
		if err := s.RefuseCalls("nothing"); err != nil {
			t.Fatal(err)
		}
		if err := s.FlushCalls(t.Context()); err != nil || count(one) != 3 {
			t.Errorf("it was lost: %d kept, %v", count(one), err)
		}
		if err := s.RefuseCalls("poison"); err != nil {
			t.Fatal(err)
		}
		keep(one, "poison")
		for range 5 {
			keep(two, "another")
			_ = s.FlushCalls(t.Context())
		}
		if s.DroppedCalls() != 1 || s.FlushCalls(t.Context()) != nil || count(two) != 6 {
			t.Errorf("dropped %d, %d of the other tenant kept", s.DroppedCalls(), count(two))
		}
		for range 10_003 {
			keep(two, "much")
		}
		if s.DroppedCalls() != 4 {
			t.Errorf("dropped %d", s.DroppedCalls())
		}
	})
}

// TestCallsAboutSomebodyWithoutAnAccount: those that were made before there was one, and those that brought codes, name no
// account; they are in the person's data, and go with the person, by their address, their number, or what a provider calls
// them, and nobody else's do.
func TestCallsAboutSomebodyWithoutAnAccount(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, x modelstest.Scratch) {
		s, actor := x.Store, modelstest.Actor()
		tn, other := modelstest.MustTenant(t, s, "about-one"), modelstest.MustTenant(t, s, "about-two")
		anna := modelstest.MustUser(t, tn, "anna@example.com")
		modelstest.Must(tn.UpdateUser(t.Context(), actor, anna.ID, func(u *models.User) error {
			u.MobilePhone = "+351 912 345 678"
			u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInFederated, Issuer: "https://accounts.example", Value: "4711", Canonical: "4711"})
			return nil
		}))(t)
		keep := func(tn *models.Tenant, about string) {
			tn.KeepCall(extension.Call{ID: models.NewID(), Event: extension.OtpSend, Name: about, At: s.Now(), About: about})
		}
		hers := []string{"anna@example.com", "Anna@Example.com", "+351912345678", "https://accounts.example 4711"}
		for _, about := range append(hers, "", "bob@example.com", "https://other.example 4711") {
			keep(tn, about)
			keep(other, about)
		}
		if err := s.FlushCalls(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := modelstest.Must(tn.PersonalData(t.Context(), anna.ID))(t); len(d.Calls) != len(hers) {
			t.Errorf("their data tells of %d calls, not %d", len(d.Calls), len(hers))
		}
		if err := errors.Join(tn.DeleteUser(t.Context(), actor, anna.ID), tn.PurgeUser(t.Context(), actor, anna.ID)); err != nil {
			t.Fatal(err)
		}
		left := modelstest.Must(tn.Calls(t.Context(), models.CallQuery{}))(t)
		if len(left) != 3 {
			t.Errorf("%d calls are left", len(left))
		}
		for _, c := range left {
			if c.Name != "" && !strings.Contains(c.Name, "bob") && !strings.Contains(c.Name, "other") {
				t.Errorf("a call about %s is left", c.Name)
			}
			if c.Name != "" && (c.PersonKey == "" || strings.Contains(c.PersonKey, "bob")) {
				t.Errorf("the key is %q", c.PersonKey)
			}
		}
		if all := modelstest.Must(other.Calls(t.Context(), models.CallQuery{}))(t); len(all) != len(hers)+3 {
			t.Errorf("%d calls of another directory are left", len(all))
		}
	})
}
