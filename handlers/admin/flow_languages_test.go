package admin

import (
	"strings"
	"testing"

	"portico/app/branding"
	"portico/handlers"
)

// TestTheLanguagesOfATenant: customers are offered those that are ticked, the home language always.
func TestTheLanguagesOfATenant(t *testing.T) {
	b := newBench(t)
	w := b.global()
	const at = "/admin/t/shop/settings/languages"
	w.get(at).wants(t, 200, "Languages that customers are offered", "Untranslated")
	w.post(at, "defaultLocale", "de", "languages", "en").wants(t, 422, "German is the language for whoever wants none of the others")
	w.post(at, "defaultLocale", "tlh", "languages", "en").wants(t, 422, "Choose")
	if a := w.post(at, "defaultLocale", "de", "languages", "de", "languages", "ar"); a.status != 303 {
		t.Fatal(a.status, text(a.body))
	}
	dir, err := b.store.Directory(t.Context(), "shop")
	b.must(err)
	offer := handlers.Languages(b.portal.Bundle, dir, "", nil)
	if got := offer.Match("en,fr;q=0.3").Lang(); got != "de" || len(offer.Tags()) != 2 {
		t.Error(got, offer.Tags())
	}
}

// TestTheWordsOfAFlow: an admin uploads texts of a language that has no catalogue, sees first what they would do, and
// customers of the flow read them once the draft is published.
func TestTheWordsOfAFlow(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	flow := "/admin/t/shop/user-flows/" + th.flow.ID
	w.get(flow+"/languages").wants(t, 200, "Dutch (Netherlands)", "nl-NL", "Hebrew", "Chinese (Hong Kong")
	at := flow + "/languages/nl-NL"
	page := w.get(at)
	page.wants(t, 200, "SignIn_Title", "Built in, in another language", "There are no texts of ours in this language")
	defaults := w.get(at + "/defaults.json")
	defaults.wants(t, 200, `"SignIn_Title": "Sign in to {0}"`, `"signin.button"`, `"code.lifetime#one"`)

	seen := revisionIn(t, page)
	checked := w.upload(at+"/upload", "nl.json", `{"SignIn_Title": "Welkom bij {0}", "SignIn_Titel": "x", "SignUp_Title": "`+strings.Repeat("é", 1025)+`",
		"Attribute_City": "<b>Stad</b>", "signin.button": "Aanmelden", "SignUp_Description": {"a": 1}, "SignIn_Description": "Naar {9}"}`, handlers.CSRFField, w.token(), "revision", seen)
	checked.wants(t, 200, "3 texts are taken", "SignIn_Titel: there is no text with this id. Perhaps you mean SignIn_Title.", "SignUp_Title: 1025 characters; at most 1024 fit.",
		"SignIn_Description: {9} stands for nothing in this text.", "With HTML", "Welkom bij {0}", "Nothing is saved yet")
	for body, says := range map[string]string{
		`{"SignIn_Title": "` + strings.Repeat("x", 2<<20) + `"}`: "The file is larger than 1 MB. Nothing of it was read.",
		`["SignIn_Title"]`:             "The file is not one JSON object of ids and texts in UTF-8.",
		"{\"SignIn_Title\": \"\xff\"}": "The file is not one JSON object of ids and texts in UTF-8.",
	} {
		w.upload(at+"/upload", "nl.json", body, handlers.CSRFField, w.token(), "revision", seen).wants(t, 422, says)
	}
	if _, has := b.draft(th.flow.ID); has {
		t.Fatal("looking at a file made a draft")
	}
	file := `{"SignIn_Title": "Welkom bij {0}", "Attribute_City": "<b>Stad</b>", "signin.button": "Aanmelden"}`
	if a := w.post(at+"/apply", "revision", seen, "texts", file); a.status != 303 {
		t.Fatal(a.status, text(a.body))
	}
	w.post(at+"/apply", "revision", seen, "texts", `{"SignIn_Title": "Hallo"}`).wants(t, 422, "saved this draft while you had it open")
	now := revisionIn(t, w.get(at+"?show=changed"))
	again := w.post(at, "revision", now, "text.SignUp_Title", "{5}", "text.Attribute_City", "Plaats")
	again.wants(t, 422, "SignUp_Title: {5} stands for nothing")
	if !strings.Contains(again.body, `value="Plaats"`) {
		t.Error("what was typed is lost")
	}
	if a := w.post(at, "revision", now, "text.Attribute_City", "<b>Stad</b>", "reset", "Attribute_City", "text.SignUp_Title", ""); a.status != 303 {
		t.Fatal(a.status, text(a.body))
	}
	d, _ := b.draft(th.flow.ID)
	if got := d.Texts["nl-NL"]; len(got) != 2 || got["SignIn_Title"] != "Welkom bij {0}" {
		t.Fatal(got)
	}
	w.get(flow+"/publish").wants(t, 200, "Texts in nl-NL")
	if a := w.post(flow+"/publish", "revision", revisionIn(t, w.get(flow+"/publish"))); a.status != 303 {
		t.Fatal(a.status, text(a.body))
	}
	dir, err := b.store.Directory(t.Context(), "shop")
	b.must(err)
	f, _ := dir.Flow(th.app.ClientID)
	l := handlers.InWordsOf(handlers.Languages(b.portal.Bundle, dir, "", f).Match("nl,en;q=0.3"), *f)
	if l.Lang() != "nl-NL" || l.T("signin.title", "tenant", "Shop") != "Welkom bij Shop" || branding.Words(f.Texts["nl-NL"])["signin.button"] != "Aanmelden" {
		t.Error(l.Lang(), l.T("signin.title", "tenant", "Shop"))
	}
	w.get(at+"/overrides.json").wants(t, 200, `"SignIn_Title": "Welkom bij {0}"`)
	if a := w.post(at+"/remove", "revision", "0"); a.status != 303 {
		t.Fatal(a.status, text(a.body))
	}
	if d, _ := b.draft(th.flow.ID); len(d.Texts) != 0 {
		t.Error(d.Texts)
	}
	if a := w.get(flow + "/languages/xx-nonsense-123456789"); a.status != 404 {
		t.Error(a.status)
	}
}
