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
	App       Link   // where "back to" leads, "" = the person came from no app
	CSRF      string
	Errors    []ui.FieldError // name "" = about the form as a whole
	Notice    *ui.Flash       // what has just been done
	Languages []hosted.Language
	Values    map[string]string // what was typed, by input name
}

func (p Page) value(name string) string { return p.Values[name] }
func (p Page) bad(name string) string   { return ui.ErrorFor(p.Errors, name) }

// Link is a way to another page. About is what it is about, for whoever hears the link without its line.
type Link struct{ Text, Href, About string }

// Button is a form with nothing but a button: it posts to Action. Fields are hidden inputs.
type Button struct {
	Text, Action, About string
	Fields              [][2]string
	Danger              bool
}

// Badge is a state in a word.
type Badge struct {
	Text string
	Tone ui.Tone
}

// Line is one line of a section: what it is, what it says, and at most one way to change it (a link or a
// button; a line that needs more leads to a page of its own).
type Line struct {
	Icon   string // name of an icon, "" = none
	Label  string
	Value  string // people's own text: isolated from the direction around it
	None   string // said instead of an empty value
	Note   string
	Badges []Badge
	Change Link
	Do     *Button
}

// Confirm is a page that says what will happen before it does.
type Confirm struct {
	Title  string
	Lead   string
	Points []string    // what will happen
	Kept   string      // what will not, "" = nothing to say
	Tick   string      // label of a box that must be ticked, "" = none; its name is "sure"
	Action string      // where the form posts to
	Fields [][2]string // hidden inputs
	Submit string
	Danger bool
	Cancel string // where "cancel" leads
}

// entry is one page of the menu.
type entry struct{ Path, Key, Icon string }

// menu lists the pages in their order: the path below Base, the key of its words, its icon.
func menu() []entry {
	return []entry{
		{"", "account.nav.overview", "home"},
		{"/profile", "account.nav.profile", "user"},
		{"/methods", "account.nav.methods", "key"},
		{"/devices", "account.nav.devices", "phone"},
		{"/activity", "account.nav.activity", "history"},
		{"/apps", "account.nav.apps", "app"},
		{"/data", "account.nav.data", "download"},
	}
}

// here reports whether a page of the menu is shown, or one below it.
func (p Page) here(e entry) bool {
	at := p.Base + e.Path
	return p.Path == at || e.Path != "" && len(p.Path) > len(at) && p.Path[:len(at)+1] == at+"/"
}

// above is where "back" leads on a phone: the menu's page from one below it, else the overview.
func (p Page) above(ctx context.Context) Link {
	for _, e := range menu() {
		if e.Path != "" && p.here(e) && p.Path != p.Base+e.Path {
			return Link{Text: t(ctx, e.Key), Href: p.Base + e.Path}
		}
	}
	return Link{Text: t(ctx, "account.title"), Href: p.Base}
}

func t(ctx context.Context, key string, args ...any) string { return i18n.From(ctx).T(key, args...) }

// about is what a way of a line is about, said to whoever hears it alone.
func about(l Line, words string) string {
	if words != "" {
		return words
	}
	if l.Label != "" {
		return l.Label
	}
	return l.Value
}
