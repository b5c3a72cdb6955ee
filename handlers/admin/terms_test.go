package admin

import (
	"strings"
	"testing"
	"time"

	"portico/app/userflow"
	"portico/models/modelstest"
)

const termsAt = "/admin/t/shop/terms"

func (b *bench) terms(name string) userflow.Terms {
	b.Helper()
	all, err := b.shop.AllTerms(b.Context())
	b.must(err)
	for _, x := range all {
		if x.Name == name {
			return x
		}
	}
	b.Fatalf("no terms %q", name)
	return userflow.Terms{}
}

func TestTermsArePublishedVersionByVersion(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	a := w.post(termsAt, "name", "Terms of sale", "language", "en", "texts[en].title", "Terms", "texts[en].body", "First text.", "texts[de].title", "Bedingungen", "texts[de].url", "https://shop.example/agb")
	if a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	x := b.terms("Terms of sale")
	if x.Version != 1 || x.Texts["de"].URL != "https://shop.example/agb" || len(x.Texts) != 2 {
		t.Errorf("%+v", x)
	}
	b.must(b.shop.Accept(t.Context(), modelstest.Actor(), th.user.ID, []userflow.Acceptance{{TermsID: x.ID, Version: 1, Locale: "de", At: b.store.Now().Add(-time.Hour)}}))

	w.get(termsAt+"/"+x.ID+"/publish").wants(t, 200, "Publish version 2", "First text.", "Ask everybody to agree again")
	w.post(termsAt+"/"+x.ID+"/publish", "name", "Terms of sale", "language", "en", "texts[en].title", "Terms", "texts[en].body", "Second text.", "again", "yes")
	if x = b.terms("Terms of sale"); x.Version != 2 || x.Since != 2 || len(x.Texts) != 1 {
		t.Errorf("%+v", x)
	}
	w.get(termsAt+"/"+x.ID).wants(t, 200, "Second text.", "Version 1", "No, must agree again", "Who agreed")
	w.get(termsAt+"/"+x.ID+"/versions/1").wants(t, 200, "First text.", "https://shop.example/agb", "Bedingungen")
	w.get(termsAt+"/"+x.ID+"/versions/3").wants(t, 404)
	w.get(termsAt+"/"+x.ID+"/acceptances").wants(t, 200, th.user.DisplayName, "Deutsch")
	w.get(termsAt+"/"+x.ID+"/acceptances?version=2").wants(t, 200, "Nothing fits these filters")
	if a := w.get(termsAt + "/" + x.ID + "/acceptances?format=csv"); a.status != 200 || !strings.Contains(a.body, th.user.ID) {
		t.Errorf("%d %s", a.status, a.body)
	}

	a = w.post(termsAt+"/"+x.ID+"/publish", "name", "Terms of sale", "language", "en", "texts[en].title", "Terms", "texts[en].body", "Second text.")
	w.get(a.location).wants(t, 200, "there is no new version")
	w.post(termsAt+"/"+x.ID+"/delete").wants(t, 422, "People have agreed to “Terms of sale”")
	if a := w.get(termsAt + "/" + x.ID + "/delete"); strings.Contains(a.body, `action="`+termsAt+"/"+x.ID+`/delete"`) {
		t.Error("a button that cannot work is offered")
	} else {
		a.wants(t, 200, "“Terms of sale” is kept", "People who agreed 1", "Who agreed")
	}
}

func TestTermsInUseStay(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	x, err := b.shop.CreateTerms(t.Context(), modelstest.Actor(), userflow.Terms{Name: "Privacy", Language: "en", Texts: map[string]userflow.TermsText{"en": {Title: "Privacy", Body: "We keep little."}}})
	b.must(err)
	put := func(ids ...string) {
		_, err := b.shop.PublishFlow(t.Context(), modelstest.Actor(), th.flow.ID, func(f *userflow.Flow) error { f.Terms = ids; return nil })
		b.must(err)
	}
	put(x.ID)
	w.get(termsAt).wants(t, 200, "Privacy", "Sign in")
	w.post(termsAt+"/"+x.ID+"/delete").wants(t, 422, "The user flow “Sign in” asks for “Privacy”")
	if a := w.get(termsAt + "/" + x.ID + "/delete"); strings.Contains(a.body, `action="`+termsAt+"/"+x.ID+`/delete"`) {
		t.Error("a button that cannot work is offered")
	} else {
		a.wants(t, 200, "“Privacy” cannot be deleted yet", "Sign in", "User flow, as published")
	}
	put()
	w.get(termsAt+"/"+x.ID+"/delete").wants(t, 200, "nobody has agreed to them", "Delete terms")
	if a := w.post(termsAt + "/" + x.ID + "/delete"); a.status != 303 {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	w.get(termsAt+"/"+x.ID).wants(t, 404)
}

func TestBadTermsAreRefusedBesideTheirField(t *testing.T) {
	b := newBench(t)
	w := b.global()
	good := []string{"texts[en].title", "Terms", "texts[en].body", "kept words"}
	for name, c := range map[string]struct {
		form  []string
		says  string
		field string
	}{
		"no name":                       {append([]string{"name", "", "language", "en"}, good...), "name", "name"},
		"no text in the main language":  {append([]string{"name", "A", "language", "de"}, good...), "Write the text in the default language (Deutsch)", "language"},
		"no title":                      {[]string{"name", "A", "language", "en", "texts[en].body", "kept words"}, "Write the title in English", "texts-en--title"},
		"neither text nor page":         {append([]string{"name", "A", "language", "en", "texts[ar].title", "عنوان"}, good...), "Write the text in العربية", "texts-ar--body"},
		"a page that runs":              {append([]string{"name", "A", "language", "en", "texts[de].title", "T", "texts[de].url", "javascript:alert(1)"}, good...), "must begin with https://", "texts-de--url"},
		"a text that turns its letters": {[]string{"name", "A", "language", "en", "texts[en].title", "T", "texts[en].body", "kept words \u202E"}, "", "texts-en--body"},
	} {
		a := w.post(termsAt, c.form...)
		if a.status != 422 || !strings.Contains(text(a.body), c.says) || !strings.Contains(a.body, "kept words") || !strings.Contains(a.body, `id="f-`+c.field+`-error"`) {
			t.Errorf("%s: %d, %.900s", name, a.status, text(a.body))
		}
	}
	long := strings.Repeat("x", 100_001)
	if a := w.post(termsAt, "name", "A", "language", "en", "texts[en].title", "T", "texts[en].body", long); a.status != 422 && a.status != 413 {
		t.Errorf("%d", a.status)
	}
	if all, err := b.shop.AllTerms(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("%+v %v", all, err)
	}
}

func TestTermsTakeFurtherLanguages(t *testing.T) {
	b := newBench(t)
	w := b.global()
	a := w.post(termsAt, "name", "Kept", "language", "en", "texts[en].title", "T", "more", "pt-BR", "do", "language")
	if a.status != 200 || !strings.Contains(a.body, `name="texts[pt-BR].title"`) || !strings.Contains(a.body, `value="Kept"`) {
		t.Errorf("%d %.500s", a.status, text(a.body))
	}
	w.post(termsAt, "name", "Kept", "language", "en", "more", "not a language", "do", "language").wants(t, 200, "“not a language” is no language tag.")
	if a := w.post(termsAt, "name", "Terms", "language", "en", "texts[en].title", "T", "texts[en].body", "B", "shown", "en", "shown", "pt-BR", "texts[pt-BR].title", "Termos", "texts[pt-BR].body", "Texto"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	if x := b.terms("Terms"); x.Texts["pt-BR"].Title != "Termos" {
		t.Errorf("%+v", x)
	}
}
