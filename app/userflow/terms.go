package userflow

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"portico/app/fault"
)

// Terms are a tenant's text that people agree to, version by version (F069). A flow names the terms that
// it asks for.
type Terms struct {
	ID       string               `json:"id"`
	Name     string               `json:"name"` // for admins
	Version  int                  `json:"version"`
	Since    int                  `json:"since"`    // the oldest version whose acceptance still counts: raised when people must agree again
	Language string               `json:"language"` // whose text is shown where there is none in the reader's
	Texts    map[string]TermsText `json:"texts"`    // by language tag
}

// TermsText is one language's text. Body is Markdown's small subset (paragraphs, lists, links, emphasis);
// a link to a page may stand instead of it or beside it.
type TermsText struct {
	Title string `json:"title"`
	Body  string `json:"body,omitempty"`
	URL   string `json:"url,omitempty"`
}

// Acceptance is who agreed to what: the version, when, and in which language it was read.
type Acceptance struct {
	TermsID string    `json:"termsId"`
	Version int       `json:"version"`
	Locale  string    `json:"locale,omitempty"`
	At      time.Time `json:"at"`
}

const (
	maxTerms   = 100_000 // characters of one language's text
	maxAddress = 2000
)

// Text gives the text for a language: the exact tag, its base language, the default.
func (t Terms) Text(tag string) (TermsText, string) {
	base, _, _ := strings.Cut(tag, "-")
	for _, try := range []string{tag, base, t.Language} {
		if text, ok := t.Texts[try]; ok {
			return text, try
		}
	}
	return TermsText{Title: t.Name}, t.Language
}

// Accepted reports whether one of the acceptances still counts.
func (t Terms) Accepted(have []Acceptance) bool {
	return slices.ContainsFunc(have, func(a Acceptance) bool { return a.TermsID == t.ID && a.Version >= t.Since && a.Version >= 1 })
}

// Validate says what an admin must mend before the terms can be saved.
func (t Terms) Validate() error {
	var bad fault.Fields
	checkTitle(&bad, t.Name)
	if _, ok := t.Texts[t.Language]; !ok {
		bad.Add("language", "terms.language.missing", map[string]any{"language": t.Language})
	}
	for _, tag := range slices.Sorted(maps.Keys(t.Texts)) {
		text, field := t.Texts[tag], "texts["+tag+"]"
		parsed, err := language.Parse(tag)
		switch {
		case err != nil || parsed.String() != tag:
			bad.Add(field, "terms.language.unknown", map[string]any{"language": tag})
		case strings.TrimSpace(text.Title) == "":
			bad.Add(field, "terms.title.required", map[string]any{"language": tag})
		case strings.TrimSpace(text.Body) == "" && text.URL == "":
			bad.Add(field, "terms.text.required", map[string]any{"language": tag})
		case utf8.RuneCountInString(text.Body) > maxTerms || utf8.RuneCountInString(text.Title) > maxLabel:
			bad.Add(field, "flow.text.long", map[string]any{"count": maxTerms})
		case !Readable(text.Title) || !visible(text.Title) || !Readable(text.Body):
			bad.Add(field, "flow.text.invisible", nil)
		case text.URL != "" && !page(text.URL):
			bad.Add(field, "terms.url", map[string]any{"language": tag})
		default:
			checkLinks(&bad, field, text.Body)
		}
	}
	return bad.Err()
}

// page reports whether an address is one that a browser opens as a page.
func page(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && len(address) <= maxAddress
}
