package main

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"portico/app/branding"
	"portico/app/i18n"
	"portico/app/message"
	"portico/app/tenant"
)

// A question about a sign-in says in the reader's language what our own pages are called and that a place is not known.
func TestAQuestionSpeaksTheReadersLanguage(t *testing.T) {
	bundle, err := i18n.Load()
	must(t, err)
	base, err := url.Parse("https://id.example.com")
	must(t, err)
	r := letters{bundle: bundle, baseURL: base, tenant: func(context.Context, string) (tenant.Tenant, error) {
		return tenant.Tenant{Name: "Shop", DefaultLocale: "en"}, nil
	}}
	for locale, want := range map[string][]string{"en": {"Admin portal", "Place unknown"}, "de": {"Verwaltungsportal", "Ort unbekannt"}, "ar": {"بوابة الإدارة", "المكان غير معروف"}} {
		got, err := r.Render(t.Context(), message.Note{Kind: message.NewSignIn, Channel: "mail", Locale: locale, AppKey: "mail.app_portal"})
		must(t, err)
		for _, w := range want {
			if !strings.Contains(got.Text, w) {
				t.Errorf("%s: no %q in %s", locale, w, got.Text)
			}
		}
	}
}

// A letter has the look of its reader's language, and says in the nearest language that the tenant offers what it has
// to say. Administrators are written to in their own.
func TestALetterHasTheLookOfItsReader(t *testing.T) {
	bundle, err := i18n.Load()
	must(t, err)
	base, err := url.Parse("https://id.example.com")
	must(t, err)
	foot := func(text string) branding.Elements {
		return branding.Elements{Privacy: branding.Link{Text: text, URL: "https://shop.example/privacy"}}
	}
	set := branding.Set{
		Company: branding.Document{Languages: map[string]branding.Elements{"": foot("Everywhere"), "pt-PT": foot("Em Portugal"), "da-DK": foot("I Danmark"), "nl-NL": {Texts: map[string]string{"signin.button": "Aanmelden"}}}},
		Themes:  map[string]branding.Document{"red": {Languages: map[string]branding.Elements{"da-DK": foot("Rødt")}}}, OfApp: map[string]string{"app": "red"},
	}
	r := letters{bundle: bundle, baseURL: base, tenant: func(context.Context, string) (tenant.Tenant, error) {
		return tenant.Tenant{Name: "Shop", DefaultLocale: "de", Settings: tenant.Settings{Languages: []string{"de", "pt-BR", "ja"}}}, nil
	}, look: func(_ context.Context, _, clientID string) (branding.Set, string, error) { return set, clientID, nil }}
	for _, c := range []struct {
		locale, app, look, lang string
		kind                    message.Kind
		words                   string
	}{
		{"pt-PT", "", "Em Portugal", "pt-BR", message.Code, "seu código"},
		{"pt-PT,pt-BR", "", "Em Portugal", "pt-BR", message.Code, "seu código"},
		{"da-DK,de", "", "I Danmark", "de", message.Code, "Ihr Code"},
		{"da-DK,ja", "app", "Rødt", "ja", message.Code, "コード"},
		{"da", "", "I Danmark", "de", message.Code, "Ihr Code"},
		{"en", "", "Everywhere", "de", message.Code, "Ihr Code"}, // not offered to customers
		{"en", "", "Everywhere", "en", message.RiskWeek, "week"},
		{"nl-NL", "", "Everywhere", "de", message.Code, "Ihr Code"}, // letters have no texts of one's own
		{"", "", "Everywhere", "de", message.Code, "Ihr Code"},
	} {
		got, err := r.Render(t.Context(), message.Note{Kind: c.kind, Channel: "mail", Locale: c.locale, ClientID: c.app, Code: "12345678", ValidFor: time.Minute})
		must(t, err)
		if !strings.Contains(got.HTML, `lang="`+c.lang+`" dir="ltr"`) || !strings.Contains(got.HTML, ">"+c.look+"<") || !strings.Contains(got.Text+got.Subject, c.words) {
			t.Errorf("%+v: %s\n%s\n%s", c, got.Subject, got.Text, got.HTML)
		}
		text, err := r.Render(t.Context(), message.Note{Kind: c.kind, Channel: "sms", Locale: c.locale, ClientID: c.app, Code: "12345678"})
		must(t, err)
		if want := bundle.Match(c.lang).T("mail.code.subject", "tenant", "Shop", "code", "12345678"); c.kind == message.Code && !strings.Contains(text.Text, want) {
			t.Errorf("%s: %q says not %q", c.locale, text.Text, want)
		}
	}
}
