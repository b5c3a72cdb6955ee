package models_test

import (
	"sync"
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

func rules(name string) userflow.Terms {
	return userflow.Terms{Name: name, Language: "en", Texts: map[string]userflow.TermsText{"en": {Title: name, Body: "Be kind."}}}
}

// Versions are kept for good, and a new one asks again only those whom the admin wants asked.
func TestTermsAndWhoAgreed(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		x := modelstest.Must(tn.CreateTerms(ctx, actor, rules(" House rules ")))(t)
		if x.Version != 1 || x.Since != 1 || x.Name != "House rules" {
			t.Fatalf("%+v", x)
		}
		if _, err := tn.CreateTerms(ctx, actor, rules("house RULES")); complaint(err) != "name terms.name.taken" {
			t.Error(err)
		}
		u := modelstest.MustUser(t, tn, "ann@example.com")
		agree := func(version int) {
			t.Helper()
			if err := tn.Accept(ctx, actor, u.ID, []userflow.Acceptance{{TermsID: x.ID, Version: version, Locale: "en", At: s.Now()}}); err != nil {
				t.Fatal(err)
			}
		}
		agreed := func() bool {
			t.Helper()
			return x.Accepted(modelstest.Must(tn.Acceptances(ctx, u.ID))(t))
		}
		if agreed() {
			t.Error("nobody agreed yet")
		}
		agree(1)
		first := s.Now()
		s.Clock.Advance(time.Hour)
		agree(1)
		if list := modelstest.Must(tn.Acceptances(ctx, u.ID))(t); len(list) != 1 || !list[0].At.Equal(first) || list[0].Locale != "en" {
			t.Errorf("the same version twice: %+v", list)
		}
		edit := func(body string) func(*userflow.Terms) error {
			return func(x *userflow.Terms) error {
				x.Texts["en"] = userflow.TermsText{Title: "House rules", Body: body}
				x.Version, x.Since, x.ID = 99, 99, "x"
				return nil
			}
		}
		x = modelstest.Must(tn.PublishTerms(ctx, actor, x.ID, false, edit("Be very kind.")))(t)
		if x.Version != 2 || x.Since != 1 || !agreed() {
			t.Errorf("a slip of the pen asks everybody again: %+v", x)
		}
		x = modelstest.Must(tn.PublishTerms(ctx, actor, x.ID, true, edit("Be kind, or leave.")))(t)
		if x.Version != 3 || x.Since != 3 || agreed() {
			t.Errorf("%+v", x)
		}
		agree(3)
		if !agreed() {
			t.Error("the new version was agreed to")
		}
		if x = modelstest.Must(tn.PublishTerms(ctx, actor, x.ID, false, func(*userflow.Terms) error { return nil }))(t); x.Version != 3 {
			t.Errorf("nothing changed: %+v", x)
		}
		versions := modelstest.Must(tn.TermsVersions(ctx, x.ID))(t)
		if len(versions) != 3 || versions[2].Texts["en"].Body != "Be kind." {
			t.Errorf("%+v", versions)
		}
		if err := tn.DeleteTerms(ctx, actor, x.ID); complaint(err) != "terms.accepted" {
			t.Error(err)
		}
		if list := modelstest.Must(other.AllTerms(ctx))(t); len(list) != 0 {
			t.Errorf("another tenant sees %+v", list)
		}
		if _, err := other.TermsVersions(ctx, x.ID); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
	})
}

func TestTermsInUseStay(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "")
		asked, drafted, spare := modelstest.Must(tn.CreateTerms(ctx, actor, rules("A")))(t), modelstest.Must(tn.CreateTerms(ctx, actor, rules("B")))(t), modelstest.Must(tn.CreateTerms(ctx, actor, rules("C")))(t)
		flow := modelstest.MustFlow(t, tn, "Customers", userflow.EmailCode)
		modelstest.Must(tn.PublishFlow(ctx, actor, flow.ID, func(f *userflow.Flow) error { f.Terms = []string{asked.ID}; return nil }))(t)
		modelstest.Must(tn.SaveDraft(ctx, actor, flow.ID, 0, func(f *userflow.Flow) error { f.Terms = []string{drafted.ID}; return nil }))(t)
		for id, want := range map[string]string{asked.ID: "terms.in_use", drafted.ID: "terms.in_use", spare.ID: ""} {
			if got := complaint(tn.DeleteTerms(ctx, actor, id)); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
	})
}

// Two tabs that agree at the same moment are one agreement.
func TestAgreeingTwiceAtOnce(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		x := modelstest.Must(tn.CreateTerms(t.Context(), modelstest.Actor(), rules("A")))(t)
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if err := tn.Accept(t.Context(), modelstest.Actor(), "ann", []userflow.Acceptance{{TermsID: x.ID, Version: 1, At: s.Now()}}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if list := modelstest.Must(tn.Acceptances(t.Context(), "ann"))(t); len(list) != 1 {
			t.Errorf("%+v", list)
		}
		n := 0
		for _, e := range modelstest.Must(tn.Audits(t.Context(), models.AuditQuery{Limit: 100}))(t).Items {
			if e.Activity == "Accept terms of use" {
				n++
			}
		}
		if n != 1 {
			t.Errorf("the log says so %d times", n)
		}
	})
}
