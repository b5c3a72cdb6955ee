// Package ui holds the components that every page is made of: shells, fields, errors, notices, tables,
// charts. A component takes plain values and decides nothing; each has named fixtures in fixtures.go,
// which drive the tests, the gallery page and the screenshots. Words that belong to a component come
// from the catalogue, in the language of the context; names and ids in forms are stable for ever.
package ui

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"portico/app/i18n"
)

// T gives the catalogue's words in the language of the page.
func T(ctx context.Context, key string, args ...any) string { return i18n.From(ctx).T(key, args...) }

// StyleHash allows the page's inline style in a Content-Security-Policy: style-src 'sha256-…'.
func (b *Brand) StyleHash() string { return b.hash }

// CSPHash is the source expression that allows exactly this inline text.
func CSPHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Initial is the letter of the mark that stands in for a logo.
func (b *Brand) Initial() string { return Initial(b.Name) }

// Initial is the first letter or digit of a name, upper case.
func Initial(name string) string {
	for _, r := range strings.TrimSpace(name) {
		return strings.ToUpper(string(r))
	}
	return "?"
}

// Link is a text with an address.
type Link struct {
	Text    string
	Href    string
	Current bool
	Icon    string
}

// FieldError is one input that is wrong: the field's name and what to do, in the reader's words.
type FieldError struct {
	Name string
	Text string
}

// ErrorFor gives the words for a field, "" when it is fine.
func ErrorFor(errors []FieldError, name string) string {
	for _, e := range errors {
		if e.Name == name {
			return e.Text
		}
	}
	return ""
}

// ID is the id of the input with a name, stable for ever: "f-" and the name, with hyphens for what an id
// had better not hold.
func ID(name string) string {
	return "f-" + strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		}
		return '-'
	}, name), "-")
}

func described(ids ...string) string {
	var list []string
	for _, id := range ids {
		if id != "" {
			list = append(list, id)
		}
	}
	return strings.Join(list, " ")
}
