package i18n

import (
	"maps"
	"slices"
	"strings"
)

// Staff reports whether only administrators and programs read a text: the portal and the management API are English,
// so a further language need not have it. Everything else a customer may meet: on the hosted pages, in the account, or
// in a letter.
func Staff(key string) bool {
	for _, p := range customers() {
		if under(key, p) {
			return false
		}
	}
	for _, p := range staff() {
		if under(key, p) {
			return true
		}
	}
	return false
}

// under reports whether a key is p, or begins with it where it ends in a dot.
func under(key, p string) bool {
	return key == p || strings.HasSuffix(p, ".") && strings.HasPrefix(key, p)
}

// staff are the keys of what administrators do.
func staff() []string {
	return []string{"admin.", "application.", "assignment.", "branding.", "claim.", "domain.", "dryrun.", "export.", "extension.", "flow.", "graph.", "group.", "helpdesk.",
		"import.", "insight.", "list.", "listener.", "methods.", "pattern.", "policy.", "provider.", "replay.", "risk.", "role.", "sender.", "tenant.", "texts.", "trial.", "user.", "webhook.",
		"attribute.breaks_flow", "attribute.claimed", "attribute.in_use", "attribute.length.", "attribute.many", "attribute.name.", "attribute.options.",
		"attribute.pattern.", "attribute.range.", "attribute.type.", "field.url.invalid",
		"invitation.addresses.", "invitation.app", "invitation.attribute.", "invitation.days", "invitation.expires", "invitation.flow", "invitation.line",
		"invitation.link_alone", "invitation.moved", "invitation.over", "invitation.redirect", "mail.test.", "test.",
		"terms.accepted", "terms.id.", "terms.in_use", "terms.language.", "terms.name.", "terms.text.", "terms.title.", "terms.url"}
}

// customers are those among them that customers meet nevertheless.
func customers() []string {
	return []string{"flow.text.invisible", "flow.text.long", "provider.address.", "provider.continue", "provider.last", "provider.last_way", "provider.last_way.issuer", "provider.or", "provider.other",
		"provider.signout.", "provider.turned.", "provider.waiting."}
}

// Keys lists every key that there is, in order.
func (b *Bundle) Keys() []string { return slices.Sorted(maps.Keys(b.catalogue(b.tags[0]))) }

// CustomerKeys lists the keys that customers may meet, in order.
func (b *Bundle) CustomerKeys() []string {
	return slices.DeleteFunc(b.Keys(), Staff)
}

// Said is a text as a catalogue has it: Text, or Forms by plural category.
type Said struct {
	Text  string
	Forms map[string]string
}

// Said gives what a language has for a key, without falling back. ok is false when it has nothing, and always in a
// language that speaks from another's catalogue.
func (l *Localizer) Said(key string) (said Said, ok bool) {
	if of, has := l.bundle.of(l.Tag); !has || of != l.base {
		return Said{}, false
	}
	m, ok := l.bundle.catalogue(l.base)[key]
	return Said{m.text, m.forms}, ok
}

// Built gives the text for a key without any tenant's words: of this language's catalogue, else of English.
func (l *Localizer) Built(key string) (said Said, ok bool) {
	m, ok := l.bundle.catalogue(l.base)[key]
	if !ok {
		m, ok = l.bundle.catalogue(l.bundle.tags[0])[key]
	}
	return Said{m.text, m.forms}, ok
}

// FormMark stands between a key and a plural category in a tenant's own words: "code.lifetime#one".
const FormMark = "#"

// Categories lists the plural categories of a language, in CLDR's order; "other" is always the last.
func (l *Localizer) Categories() []string {
	seen := map[string]bool{"other": true}
	for n := range 201 {
		seen[form(l.Tag, n)] = true
	}
	seen[form(l.Tag, 1000000)] = true
	return slices.DeleteFunc([]string{"zero", "one", "two", "few", "many", "other"}, func(c string) bool { return !seen[c] })
}
