package models_test

import (
	"strings"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

func renamed(name string) func(*userflow.Flow) error {
	return func(f *userflow.Flow) error { f.Name = name; return nil }
}

// A draft is met by nobody until it is published, and two admins cannot overwrite each other.
func TestDraftsOfAFlow(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		ann, bob := audit.Actor{Kind: audit.ActorUser, ID: "a", Name: "Ann"}, audit.Actor{Kind: audit.ActorUser, ID: "b", Name: "Bob"}
		tn := modelstest.MustTenant(t, s.Store, "")
		flow := modelstest.MustFlow(t, tn, "One", userflow.EmailCode)
		if _, has, err := tn.Draft(ctx, flow.ID); has || err != nil {
			t.Fatal(has, err)
		}
		first := modelstest.Must(tn.SaveDraft(ctx, ann, flow.ID, 0, renamed("Two")))(t)
		if first.Base != 1 || first.Revision == 0 || first.ActorName != "Ann" {
			t.Errorf("%+v", first)
		}
		if _, err := tn.SaveDraft(ctx, bob, flow.ID, 0, renamed("Bob's")); complaint(err) != "flow.draft.changed" || fault.Of(err).Args["name"] != "Ann" {
			t.Errorf("Bob began at the same time: %v", err)
		}
		s.Clock.Advance(time.Minute)
		second := modelstest.Must(tn.SaveDraft(ctx, bob, flow.ID, first.Revision, renamed("Three")))(t)
		if f := modelstest.Must(tn.Flow(ctx, flow.ID))(t); !f.UpdatedAt.Equal(flow.UpdatedAt) {
			t.Errorf("a draft changed since when the published version is in use: %s, not %s", f.UpdatedAt, flow.UpdatedAt)
		}
		if _, err := tn.SaveDraft(ctx, ann, flow.ID, first.Revision, renamed("Ann's")); complaint(err) != "flow.draft.changed" {
			t.Errorf("Ann has an old form: %v", err)
		}
		if _, err := tn.PublishDraft(ctx, ann, flow.ID, first.Revision); complaint(err) != "flow.draft.changed" {
			t.Errorf("Ann publishes what she has not seen: %v", err)
		}
		if f := modelstest.Must(tn.Flow(ctx, flow.ID))(t); f.Name != "One" || f.Version != 1 {
			t.Errorf("customers meet the draft: %+v", f)
		}
		done := modelstest.Must(tn.PublishDraft(ctx, bob, flow.ID, second.Revision))(t)
		if done.Name != "Three" || done.Version != 2 {
			t.Errorf("%+v", done)
		}
		log := modelstest.Must(tn.Audits(ctx, models.AuditQuery{Limit: 1}))(t).Items
		if len(log) != 1 || log[0].Activity != "Publish user flow" || log[0].Actor.Name != "Bob" || !strings.Contains(strip([]any{log[0].Changes}), `"version"`) {
			t.Errorf("the log says %+v", log)
		}
		if _, has, _ := tn.Draft(ctx, flow.ID); has {
			t.Error("the published draft is still there")
		}
		for name, act := range map[string]func() error{
			"save":    func() error { _, err := tn.SaveDraft(ctx, ann, flow.ID, second.Revision, renamed("Late")); return err },
			"publish": func() error { _, err := tn.PublishDraft(ctx, ann, flow.ID, second.Revision); return err },
			"discard": func() error { return tn.DiscardDraft(ctx, ann, flow.ID, second.Revision) },
		} {
			if err := act(); !fault.Is(err, fault.Conflict) {
				t.Errorf("%s a draft that is gone: %v", name, err)
			}
		}
		third := modelstest.Must(tn.SaveDraft(ctx, ann, flow.ID, 0, renamed("Four")))(t)
		if third.Base != 2 || third.Revision <= second.Revision {
			t.Errorf("a form of the last draft would fit: %+v", third)
		}
		for _, seen := range []int{0, second.Revision} {
			if err := tn.DiscardDraft(ctx, bob, flow.ID, seen); complaint(err) != "flow.draft.changed" {
				t.Errorf("Bob throws away what he has not seen: %v", err)
			}
		}
		if err := tn.DiscardDraft(ctx, ann, flow.ID, third.Revision); err != nil {
			t.Fatal(err)
		}
		if _, err := tn.SaveDraft(ctx, bob, flow.ID, third.Revision, renamed("Late")); complaint(err) != "flow.draft.gone" {
			t.Errorf("saving what was discarded: %v", err)
		}
	})
}

// Every save is checked: a draft could always be published.
func TestADraftIsAWholeFlow(t *testing.T) {
	tn := modelstest.MustTenant(t, modelstest.Open(t), "")
	modelstest.MustFlow(t, tn, "Taken", userflow.EmailCode)
	flow := modelstest.MustFlow(t, tn, "One", userflow.EmailCode)
	for name, c := range map[string]struct {
		edit func(*userflow.Flow)
		want string
	}{
		"another flow's name":  {func(f *userflow.Flow) { f.Name = "taken" }, "name flow.name.taken"},
		"an unknown attribute": {func(f *userflow.Flow) { f.Attributes = []userflow.Attribute{{ID: "extension_x"}} }, "attributes[0] flow.attribute.unknown"},
		"unknown terms":        {func(f *userflow.Flow) { f.Terms = []string{"x"} }, "terms flow.terms.unknown"},
		"a hidden required one without default": {func(f *userflow.Flow) {
			f.Attributes = []userflow.Attribute{{ID: "city", Required: true, Hidden: true}}
		}, "attributes[0] flow.attribute.unanswerable"},
		"a reset of no password": {func(f *userflow.Flow) { f.PasswordReset = true }, "passwordReset flow.reset.password"},
	} {
		_, err := tn.SaveDraft(t.Context(), modelstest.Actor(), flow.ID, 0, func(f *userflow.Flow) error { c.edit(f); return nil })
		if got := complaint(err); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if _, has, _ := tn.Draft(t.Context(), flow.ID); has {
		t.Error("something was saved")
	}
}

// A version published by API while an admin designs is not taken back unseen.
func TestADraftThatWasOvertaken(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "")
		flow := modelstest.MustFlow(t, tn, "One", userflow.EmailCode)
		draft := modelstest.Must(tn.SaveDraft(ctx, actor, flow.ID, 0, renamed("Draft")))(t)
		modelstest.Must(tn.PublishFlow(ctx, actor, flow.ID, func(f *userflow.Flow) error { f.SignUpAllowed = false; return nil }))(t)
		if d, has, err := tn.Draft(ctx, flow.ID); !has || err != nil || d.Name != "Draft" || d.Revision != draft.Revision {
			t.Fatalf("the draft: %+v, %v, %v", d, has, err)
		}
		if _, err := tn.PublishDraft(ctx, actor, flow.ID, draft.Revision); complaint(err) != "flow.draft.overtaken" {
			t.Fatalf("the first time: %v", err)
		}
		if f := modelstest.Must(tn.Flow(ctx, flow.ID))(t); f.Version != 2 || f.SignUpAllowed {
			t.Errorf("%+v", f)
		}
		if f, err := tn.PublishDraft(ctx, actor, flow.ID, draft.Revision); err != nil || f.Version != 3 || !f.SignUpAllowed {
			t.Errorf("the second time: %+v, %v", f, err)
		}
	})
}

func TestRestoringAVersionMakesADraft(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "")
		colour := modelstest.MustDefinition(t, tn, userflow.Definition{Name: "Colour", DataType: userflow.String})
		flow := modelstest.MustFlow(t, tn, "One", userflow.EmailPassword)
		ask := func(ids ...string) func(*userflow.Flow) error {
			return func(f *userflow.Flow) error {
				f.Attributes = nil
				for _, id := range ids {
					f.Attributes = append(f.Attributes, userflow.Attribute{ID: id})
				}
				return nil
			}
		}
		modelstest.Must(tn.PublishFlow(ctx, actor, flow.ID, ask("city", colour.ID)))(t)
		modelstest.Must(tn.PublishFlow(ctx, actor, flow.ID, func(f *userflow.Flow) error { f.SignUpMethod = userflow.EmailCode; return ask("city")(f) }))(t)
		d, err := tn.RestoreVersion(ctx, actor, flow.ID, 1, 0)
		if err != nil || len(d.Attributes) != 0 || d.SignUpMethod != userflow.EmailPassword || d.Base != 3 {
			t.Fatalf("%+v, %v", d, err)
		}
		if !d.Accepts(userflow.EmailCode) {
			t.Error("people who signed up by code since are shut out")
		}
		if _, err := tn.RestoreVersion(ctx, actor, flow.ID, 2, 0); !fault.Is(err, fault.Conflict) {
			t.Errorf("over a draft that was not seen: %v", err)
		}
		if d, err = tn.RestoreVersion(ctx, actor, flow.ID, 2, d.Revision); err != nil || len(d.Attributes) != 2 {
			t.Errorf("%+v, %v", d, err)
		}
		if f, err := tn.PublishDraft(ctx, actor, flow.ID, d.Revision); err != nil || f.Version != 4 || len(f.Attributes) != 2 {
			t.Errorf("%+v, %v", f, err)
		}
		modelstest.Must(tn.PublishFlow(ctx, actor, flow.ID, ask("city")))(t)
		if err := tn.DeleteDefinition(ctx, actor, colour.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := tn.RestoreVersion(ctx, actor, flow.ID, 2, 0); complaint(err) != "attributes[1] flow.attribute.unknown" {
			t.Errorf("a version that asks for what is gone: %v", err)
		}
		if _, err := tn.RestoreVersion(ctx, actor, flow.ID, 99, 0); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		if f, err := tn.FlowVersion(ctx, flow.ID, 2); err != nil || f.Attributes[1].Definition != nil {
			t.Errorf("who is inside version 2 goes on: %+v, %v", f, err)
		}
	})
}

func TestADeletedFlowTakesItsInvitationsBack(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "")
		app, _ := modelstest.MustApp(t, tn, "Market", "https://market.example/cb")
		flow := modelstest.MustFlow(t, tn, "One", userflow.EmailCode, app)
		i := invite(t, tn, flow, app, "ann@example.com")
		if err := tn.DeleteFlow(ctx, actor, flow.ID); err != nil {
			t.Fatal(err)
		}
		if got := modelstest.Must(tn.Invitation(ctx, i.ID))(t); got.State(s.Now()) != userflow.InvitationRevoked {
			t.Errorf("%+v", got)
		}
	})
}
