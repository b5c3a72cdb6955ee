package email

import (
	"strings"
	"testing"

	"portico/app/i18n"
)

func TestSegments(t *testing.T) {
	for text, want := range map[string]int{"": 1, strings.Repeat("a", 160): 1, strings.Repeat("a", 161): 2, strings.Repeat("€", 80): 1, strings.Repeat("€", 81): 2,
		strings.Repeat("я", 70): 1, strings.Repeat("я", 71): 2, strings.Repeat("😀", 35): 1, strings.Repeat("😀", 36): 2, strings.Repeat("a", 307): 3, strings.Repeat("あ", 135): 3} {
		if got, _ := Segments(text); got != want {
			t.Errorf("%.10q…: %d, want %d", text, got, want)
		}
	}
}

// TestTextMessages: every text in every language takes two messages at most; a code takes one, with a name and a host of
// the usual length, and its last line is what telephones look for.
func TestTextMessages(t *testing.T) {
	b, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range b.Tags() {
		l := b.Match(tag.String())
		for _, kind := range []Kind{Code, ContactChanged, ContactConfirmed} {
			for _, name := range []string{"Fernhill Group", "Société d’assurance Müller & Söhne – Portugal", "フェルンヒル株式会社"} {
				if base, _ := tag.Base(); base.String() != "ja" && strings.HasPrefix(name, "フ") {
					continue
				}
				m := Letter{Kind: kind, Tenant: name, Code: "042317", Host: "login.fernhill.example", URL: "https://login.fernhill.example/fernhill/account"}
				text := SMS(l, m)
				n, _ := Segments(text)
				if n > 2 || kind == Code && n > 1 {
					t.Errorf("%s %s: %d messages: %q", tag, kind, n, text)
				}
				if kind == Code && (!strings.HasSuffix(text, "\n@login.fernhill.example #042317") || strings.Count(text, "042317") != 2) {
					t.Errorf("%s: %q", tag, text)
				}
				if strings.ContainsAny(text, "{}") || strings.Contains(text, "mail.") {
					t.Errorf("%s: %q", tag, text)
				}
			}
		}
	}
	if text := SMS(b.Match("en"), Letter{Kind: Code, Tenant: "Bob’s “Shop” – Lisbon", Code: "042317"}); text != `042317 is your code for Bob's "Shop" - Lisbon` {
		t.Error(text)
	}
}
