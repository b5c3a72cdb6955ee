package handlers

import (
	"context"
	"io"
	"strconv"
	"strings"
	"testing"

	"portico/app/branding"
	"portico/app/i18n"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/views/hosted"
)

// The texts of a flow are made ready once per version and language; another version says its own, and memory has an end.
func TestTheWordsOfAFlowAreKeptReady(t *testing.T) {
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	flow := func(id string, version int, title string) userflow.Flow {
		return userflow.Flow{ID: id, Version: version, Texts: map[string]map[string]string{"de-DE": {"SignIn_Title": title}, "nl-NL": {"SignIn_Title": "Welkom"}}}
	}
	var b Brands
	for _, c := range []struct {
		flow userflow.Flow
		lang string
		want string
	}{
		{flow("a", 1, "Hallo {0}"), "de", "Hallo Shop"},
		{flow("a", 2, "Servus {0}"), "de", "Servus Shop"}, // the next version
		{flow("a", 1, "never read"), "de", "Hallo Shop"},  // whoever began with the first goes on with it
		{flow("b", 1, "Moin {0}"), "de", "Moin Shop"},     // another flow
		{flow("a", 2, ""), "nl-NL", "Welkom"},
		{flow("a", 2, ""), "fr", bundle.Match("fr").T("signin.title", "tenant", "Shop")},
		{userflow.Flow{ID: "a", Version: 2}, "de", bundle.Match("de").T("signin.title", "tenant", "Shop")}, // none at all
	} {
		l := bundle.Offer(nil, []string{"nl-NL"}, nil, "en").Match(c.lang)
		if got := b.InWordsOf(l, c.flow).T("signin.title", "tenant", "Shop"); got != c.want {
			t.Errorf("%s, version %d, %s: %q, want %q", c.flow.ID, c.flow.Version, c.lang, got, c.want)
		}
	}
	l := bundle.Match("de")
	for n := range 40 {
		b.InWordsOf(l, flow("a", 3+n, strings.Repeat("x", wordsKept/8)))
		if b.wordBytes > wordsKept || len(b.words) > 14 {
			t.Fatalf("%d bytes in %d sets of texts", b.wordBytes, len(b.words))
		}
	}
}

// BenchmarkAPageInWords is a page from the visitor's wish to its last byte, by what the flow says of its own.
func BenchmarkAPageInWords(b *testing.B) {
	bundle, err := i18n.Load()
	if err != nil {
		b.Fatal(err)
	}
	vendor, all := map[string]string{}, map[string]string{}
	for _, p := range branding.Phrases() {
		vendor[p.ID] = "Unser Text"
		all[p.ID] = "Unser Text"
	}
	for _, key := range bundle.CustomerKeys() {
		all[key] = "Unser Text"
	}
	var brands Brands
	for _, c := range []struct {
		name  string
		texts map[string]map[string]string
		looks int
		words func(*i18n.Localizer, userflow.Flow) *i18n.Localizer
	}{
		{"none", nil, 0, brands.InWordsOf},
		{"none/looks=12", nil, 12, brands.InWordsOf},
		{"vendor", map[string]map[string]string{"de": vendor}, 0, brands.InWordsOf},
		{"all", map[string]map[string]string{"de": all}, 0, brands.InWordsOf},
		{"all/madeAnew", map[string]map[string]string{"de": all}, 0, InWordsOf},
	} {
		b.Run(c.name, func(b *testing.B) {
			dir := &models.Directory{Tenant: tenant.Tenant{ID: "1", Slug: "shop", Name: "Shop", DefaultLocale: "en"}}
			dir.Branding.Company.Languages = map[string]branding.Elements{"": {Title: "Hallo"}}
			for _, l := range branding.Languages()[:c.looks] {
				dir.Branding.Company.Languages[l.Tag] = branding.Elements{Title: "Hallo"}
			}
			flow := userflow.Flow{ID: strconv.Itoa(len(c.texts["de"])), Version: 1, Texts: c.texts}
			b.ReportAllocs()
			for b.Loop() {
				l := Languages(bundle, dir, "", &flow).Match("", "de-CH,de;q=0.9,en;q=0.8", "en")
				brand := brands.For(dir, "", l.Look())
				l = c.words(brand.Speak(l), flow)
				page := hosted.Page{Brand: brand, Languages: hosted.Chooser(Languages(bundle, dir, "", &flow), l, nil)}
				if err := hosted.SignInPage(page, hosted.SignInView{Stay: true}).Render(i18n.With(context.Background(), l), io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
