package main

import (
	"context"
	"net/url"
	"strings"
	"testing"

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
