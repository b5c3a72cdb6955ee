package models_test

import (
	"testing"

	"portico/app/branding"
	"portico/app/fault"
	"portico/models"
	"portico/models/modelstest"
)

func TestALookIsDraftedPublishedAndRestored(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, by := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "shop")
		must := func(b models.Branding, err error) models.Branding {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		looks := func(app, lang string) branding.Look {
			t.Helper()
			d, err := s.Directory(ctx, tn.ID)
			if err != nil {
				t.Fatal(err)
			}
			return d.Branding.For(app, lang)
		}
		say := func(title, french string) branding.Document {
			return branding.Document{Languages: map[string]branding.Elements{"": {Color: "#0b6e4f", Title: title}, "fr-FR": {Title: french}}}
		}
		b := must(tn.Branding(ctx, branding.Company))
		b = must(tn.SaveBrandingDraft(ctx, by, branding.Company, branding.Document{Languages: map[string]branding.Elements{"": {Title: "Hello"}}}, b.Revision))
		b = must(tn.SaveBrandingDraft(ctx, by, branding.Company, branding.Document{Languages: map[string]branding.Elements{"": {}}}, b.Revision))
		if b.Changed {
			t.Error("a draft that was emptied over nothing is still there to be published")
		}
		b = must(tn.SaveBrandingDraft(ctx, by, branding.Company, say("Hello", "Bonjour"), b.Revision))
		if got := looks("", "en"); got.Title != "" || !b.Changed {
			t.Errorf("customers see a draft: %+v", got)
		}
		if _, err := tn.SaveBrandingDraft(ctx, by, branding.Company, say("Mine", ""), 0); !fault.Is(err, fault.Conflict) {
			t.Errorf("a stale save: %v", err)
		}
		b = must(tn.PublishBranding(ctx, by, branding.Company, b.Revision, "first"))
		if en, fr := looks("", "en"), looks("", "fr"); en.Title != "Hello" || fr.Title != "Bonjour" || fr.Color != "#0b6e4f" || b.Version != 1 || b.Changed {
			t.Errorf("published: %+v, %+v, %+v", en, fr, b)
		}
		if _, err := tn.PublishBranding(ctx, by, branding.Company, b.Revision, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("nothing to publish: %v", err)
		}
		b = must(tn.SaveBrandingDraft(ctx, by, branding.Company, say("Welcome", ""), b.Revision))
		b = must(tn.PublishBranding(ctx, by, branding.Company, b.Revision, ""))
		b = must(tn.RestoreBranding(ctx, by, branding.Company, 1, b.Revision))
		if got := looks("", "fr"); got.Title != "Welcome" {
			t.Errorf("a language without a title of its own has %q", got.Title)
		}
		b = must(tn.PublishBranding(ctx, by, branding.Company, b.Revision, "back"))
		if got := looks("", "en"); got.Title != "Hello" || b.Version != 3 {
			t.Errorf("restored: %+v, %d", got, b.Version)
		}
		if _, err := tn.SaveBrandingDraft(ctx, by, branding.Company, branding.Document{Languages: map[string]branding.Elements{"fr-FR": {Color: "red"}}}, b.Revision); !fault.Is(err, fault.Invalid) {
			t.Errorf("an invalid element: %v", err)
		}
	})
}

func TestAThemeBelongsToTheAppsThatHaveIt(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, by := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "shop")
		app, err := tn.CreateApplication(ctx, by, models.Application{Name: "Car", Kind: "web", Enabled: true})
		if err != nil {
			t.Fatal(err)
		}
		company, err := tn.Branding(ctx, branding.Company)
		if err != nil {
			t.Fatal(err)
		}
		publish := func(b models.Branding, e branding.Elements) {
			t.Helper()
			saved, err := tn.SaveBrandingDraft(ctx, by, b.ID, branding.Document{Languages: map[string]branding.Elements{"": e}}, b.Revision)
			if err == nil {
				_, err = tn.PublishBranding(ctx, by, b.ID, saved.Revision, "")
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		publish(company, branding.Elements{Color: "#0b6e4f", Title: "All"})
		theme, err := tn.CreateTheme(ctx, by, " Cars ")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tn.CreateTheme(ctx, by, "CARS"); !fault.Is(err, fault.Conflict) {
			t.Errorf("two themes of one name: %v", err)
		}
		if err := tn.SetAppTheme(ctx, by, app.ID, theme.ID); err != nil {
			t.Fatal(err)
		}
		title := func() string {
			t.Helper()
			d, err := s.Directory(ctx, tn.ID)
			if err != nil {
				t.Fatal(err)
			}
			look := d.Branding.For(app.ID, "de")
			if look.Color != "#0b6e4f" {
				t.Errorf("the company's colour is gone: %q", look.Color)
			}
			return look.Title
		}
		if got := title(); got != "All" {
			t.Errorf("a theme that is not published: %q", got)
		}
		publish(theme, branding.Elements{Title: "Cars"})
		if got := title(); got != "Cars" {
			t.Errorf("the app's theme: %q", got)
		}
		if err := tn.SetAppTheme(ctx, by, app.ID, "other"); !fault.Is(err, fault.Invalid) {
			t.Errorf("a theme that does not exist: %v", err)
		}
		if err := tn.DeleteTheme(ctx, by, branding.Company, true); !fault.Is(err, fault.NotFound) {
			t.Errorf("the company's look was deleted: %v", err)
		}
		if err := tn.DeleteTheme(ctx, by, theme.ID, false); !fault.Is(err, fault.Denied) {
			t.Errorf("taken off its apps by somebody who may not: %v", err)
		}
		if err := tn.DeleteTheme(ctx, by, theme.ID, true); err != nil {
			t.Fatal(err)
		}
		if got := title(); got != "All" {
			t.Errorf("after the theme: %q", got)
		}
	})
}
