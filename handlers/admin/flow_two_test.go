package admin

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"portico/app/userflow"
	"portico/models/modelstest"
)

// revisionIn is the revision that a page's form carries.
func revisionIn(t *testing.T, a answer) string {
	t.Helper()
	m := regexp.MustCompile(`name="revision" value="(\d+)"`).FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("the page has no form of a draft: %s", text(a.body))
	}
	return m[1]
}

// TestADraftIsThrownAwayOnlyByWhoSawIt: what another admin saved after the question was asked is not lost; the
// question is asked again.
func TestADraftIsThrownAwayOnlyByWhoSawIt(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	flow := "/admin/t/shop/user-flows/" + th.flow.ID
	b.draws(th.flow.ID, func(f *userflow.Flow) { f.Domains.Deny = []string{"one.example"} })
	seen := revisionIn(t, w.get(flow+"/discard"))
	b.draws(th.flow.ID, func(f *userflow.Flow) { f.Domains.Deny = append(f.Domains.Deny, "two.example") })
	again := w.post(flow+"/discard", "revision", seen)
	again.wants(t, 422, "test saved this draft while you had it open", "two.example")
	if d, has := b.draft(th.flow.ID); !has || len(d.Domains.Deny) != 2 {
		t.Fatalf("the draft is %+v", d)
	}
	if a := w.post(flow+"/discard", "revision", revisionIn(t, again)); a.status != 303 {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	if _, has := b.draft(th.flow.ID); has {
		t.Error("the draft is still there")
	}
	w.post(flow+"/discard", "revision", seen).wants(t, 422, "This draft was published or discarded while you had it open", "There is no draft to discard")
}

// TestRestoringAsksBeforeItReplacesADraft: one click where nothing is lost; otherwise the page that says what is.
func TestRestoringAsksBeforeItReplacesADraft(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	flow := "/admin/t/shop/user-flows/" + th.flow.ID
	_, err := b.shop.PublishFlow(t.Context(), modelstest.Actor(), th.flow.ID, func(f *userflow.Flow) error { f.PasswordReset = true; return nil })
	b.must(err)
	restore := flow + "/versions/1/restore"
	for _, page := range []string{"/versions", "/versions/1"} {
		if a := w.get(flow + page); !strings.Contains(a.body, `action="`+restore+`"`) {
			t.Errorf("%s does not restore at once", page)
		}
	}
	b.draws(th.flow.ID, func(f *userflow.Flow) { f.Domains.Deny = []string{"one.example"} })
	for _, page := range []string{"/versions", "/versions/1"} {
		if a := w.get(flow + page); strings.Contains(a.body, `action="`+restore+`"`) || !strings.Contains(a.body, `href="`+restore+`"`) {
			t.Errorf("%s restores without asking", page)
		}
	}
	w.post(restore, "revision", "0").wants(t, 422, "saved this draft while you had it open")
	asked := w.get(restore)
	asked.wants(t, 200, "The draft is replaced by version 1.", "This change by test is lost:", "one.example")
	if d, _ := b.draft(th.flow.ID); len(d.Domains.Deny) != 1 {
		t.Fatal("asking replaced the draft")
	}
	if a := w.post(restore, "revision", revisionIn(t, asked)); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	if d, _ := b.draft(th.flow.ID); len(d.Domains.Deny) != 0 || d.PasswordReset {
		t.Errorf("the draft is %+v", d)
	}
	if a := w.get(flow + "/versions/9/restore"); a.status != 404 {
		t.Errorf("a version that there never was: %d", a.status)
	}
}

// TestAVersionWithALostAttributeSaysHowToGetItBack: made again under its name, it is the same attribute.
func TestAVersionWithALostAttributeSaysHowToGetItBack(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	for _, list := range [][]userflow.Attribute{{{ID: th.attribute.ID}}, nil} {
		_, err := b.shop.PublishFlow(t.Context(), modelstest.Actor(), th.flow.ID, func(f *userflow.Flow) error { f.Attributes = list; return nil })
		b.must(err)
	}
	b.must(b.shop.DeleteDefinition(t.Context(), modelstest.Actor(), th.attribute.ID))
	restore := "/admin/t/shop/user-flows/" + th.flow.ID + "/versions/2/restore"
	w.post(restore, "revision", "0").wants(t, 422, "Version 2 asks for an attribute that has been deleted (cardNumber). Make it again with the same name, then restore.")
	_, err := b.shop.CreateDefinition(t.Context(), modelstest.Actor(), userflow.Definition{Name: "cardNumber", DataType: userflow.String})
	b.must(err)
	if a := w.post(restore, "revision", "0"); a.status != 303 {
		t.Errorf("%d %s", a.status, text(a.body))
	}
}

// TestAFieldThatAnotherAdminTookOutIsNotLost: what was typed stays, who took it out is said, and sending it again
// puts the field back.
func TestAFieldThatAnotherAdminTookOutIsNotLost(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	flow := "/admin/t/shop/user-flows/" + th.flow.ID
	for name, c := range map[string]struct {
		takeOut func()
		says    string
	}{
		"out of the draft": {func() {
			b.draws(th.flow.ID, func(f *userflow.Flow) { f.Attributes = []userflow.Attribute{{ID: "givenName"}} })
		}, "test took this field out of the draft while you had it open"},
		"with the draft": {func() {
			d, _ := b.draft(th.flow.ID)
			b.must(b.shop.DiscardDraft(t.Context(), modelstest.Actor(), th.flow.ID, d.Revision))
		}, "This field is not in the user flow any more"},
	} {
		seen := b.draws(th.flow.ID, func(f *userflow.Flow) {
			f.Attributes = []userflow.Attribute{{ID: "city"}, {ID: th.attribute.ID}}
		})
		page := flow + "/attributes/edit/" + th.attribute.ID
		form := []string{"label", "Typed by one", "inputType", "dropdown", "options.0.text", "Gold", "options.0.value", "g"}
		c.takeOut()
		a := w.post(page, append(form, "revision", seen)...)
		a.wants(t, 422, c.says)
		if body := html.UnescapeString(a.body); !strings.Contains(body, `value="Typed by one"`) || !strings.Contains(body, `value="Gold"`) {
			t.Errorf("%s: what was typed is lost", name)
		}
		w.get(w.get(page).location).wants(t, 200, "“Card number” is not on the page any more.")
		if a := w.post(page, append(form, "putBack", "yes", "revision", revisionIn(t, a))...); a.status != 303 {
			t.Fatalf("%s: %d %s", name, a.status, text(a.body))
		}
		d, _ := b.draft(th.flow.ID)
		last := d.Attributes[len(d.Attributes)-1]
		if last.ID != th.attribute.ID || last.Label != "Typed by one" || len(last.Options) != 1 {
			t.Errorf("%s: %+v", name, d.Attributes)
		}
	}
	if a := w.get(flow + "/attributes/edit/nonsense"); a.status != 404 {
		t.Errorf("a field that cannot be: %d", a.status)
	}
	if a := w.post(flow + "/attributes/edit/nonsense"); a.status != 404 {
		t.Errorf("a form of a field that cannot be: %d", a.status)
	}
}
