package models_test

import (
	"reflect"
	"testing"

	"portico/app/openid"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// What uses an attribute or terms is found where customers meet it, in drafts, in tokens and in accounts; of
// this tenant only.
func TestWhatUsesAnAttributeOrTerms(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "")
		size := modelstest.MustDefinition(t, tn, userflow.Definition{Name: "Shoe size", DataType: userflow.String}).ID
		alike := modelstest.MustDefinition(t, tn, userflow.Definition{Name: "ShoeXsize", DataType: userflow.String}).ID
		x := modelstest.Must(tn.CreateTerms(ctx, actor, userflow.Terms{Name: "House rules", Language: "en", Texts: map[string]userflow.TermsText{"en": {Title: "Rules", Body: "Be kind."}}}))(t)
		app, _ := modelstest.MustApp(t, tn, "Shop", "https://shop.example/cb")
		live, drafted := modelstest.MustFlow(t, tn, "Live", userflow.EmailPassword), modelstest.MustFlow(t, tn, "Drafted", userflow.EmailPassword)
		modelstest.MustFlow(t, tn, "Neither", userflow.EmailPassword)
		uses := func() (models.Uses, models.Uses) {
			return modelstest.Must(tn.AttributeUses(ctx, size, 2))(t), modelstest.Must(tn.TermsUses(ctx, x.ID))(t)
		}
		if a, b := uses(); len(a.Flows)+len(a.Apps)+a.People+len(b.Flows)+b.People != 0 {
			t.Errorf("unused: %+v %+v", a, b)
		}
		ask := func(f *userflow.Flow) error {
			f.Attributes, f.Terms = append(f.Attributes, userflow.Attribute{ID: size}), []string{x.ID}
			return nil
		}
		modelstest.Must(tn.PublishFlow(ctx, actor, live.ID, ask))(t)
		modelstest.Must(tn.SaveDraft(ctx, actor, live.ID, 0, func(f *userflow.Flow) error { f.Name = "Other"; return nil }))(t)
		modelstest.Must(tn.SaveDraft(ctx, actor, drafted.ID, 0, ask))(t)
		modelstest.Must(tn.UpdateApplication(ctx, actor, app.ID, func(a *models.Application) error {
			a.Spec.Claims = []openid.ClaimMapping{{Name: "size", Source: openid.FromUser, ID: size}}
			return nil
		}))(t)
		answers := map[string]map[string]any{"ann@example.com": {size: "42"}, "bob@example.com": {alike: `"` + size + `":`}, "cid@example.com": nil}
		for mail, have := range answers {
			u := modelstest.MustUser(t, tn, mail)
			modelstest.Must(tn.UpdateUser(ctx, actor, u.ID, func(u *models.User) error { u.Attributes = have; return nil }))(t)
			if mail == "ann@example.com" {
				for version := range 2 {
					if err := tn.Accept(ctx, actor, u.ID, []userflow.Acceptance{{TermsID: x.ID, Version: version + 1, At: s.Now()}}); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		want := []models.FlowUse{{ID: drafted.ID, Name: "Drafted", Draft: true}, {ID: live.ID, Name: "Live", Published: true, Draft: true}}
		a, b := uses()
		if !reflect.DeepEqual(a.Flows, want) || len(a.Apps) != 1 || a.Apps[0].ID != app.ID || a.People != 1 {
			t.Errorf("attribute: %+v", a)
		}
		if !reflect.DeepEqual(b.Flows, want) || b.People != 1 {
			t.Errorf("terms: %+v", b)
		}
		other := modelstest.MustTenant(t, s, "")
		if a, b := modelstest.Must(other.AttributeUses(ctx, size, 2))(t), modelstest.Must(other.TermsUses(ctx, x.ID))(t); len(a.Flows)+len(a.Apps)+a.People+len(b.Flows)+b.People != 0 {
			t.Errorf("another tenant: %+v %+v", a, b)
		}
	})
}
