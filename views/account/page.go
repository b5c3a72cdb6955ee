// Package account knows the pages on which people look after their own account. They take the structs
// declared here and decide nothing; handlers/account fills them.
package account

import (
	"context"

	"portico/app/i18n"
	"portico/views/hosted"
	"portico/views/ui"
)

// Page is what all pages have in common.
type Page struct {
	Brand     *ui.Brand
	Base      string // address of the first page
	Path      string // of this page, for the menu
	Person    string // "" = nobody is signed in
	CSRF      string
	Errors    []ui.FieldError // name "" = about the form as a whole
	Notice    *ui.Flash       // what has just been done
	Languages []hosted.Language
	Values    map[string]string // what was typed, by input name
}

func (p Page) value(name string) string { return p.Values[name] }
func (p Page) bad(name string) string   { return ui.ErrorFor(p.Errors, name) }

// menu lists the pages in their order: the path below Base and the key of its words.
func menu() [][2]string {
	return [][2]string{{"", "account.nav.overview"}}
}

func t(ctx context.Context, key string, args ...any) string { return i18n.From(ctx).T(key, args...) }
