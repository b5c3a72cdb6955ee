// Package i18n knows the message catalogues: a key and arguments become words in a language, with
// CLDR plurals; which direction a language is written in; and which language fits a visitor best.
// A language is one file, catalog/<tag>.json: {"key": "text with {name}"} or, for plurals,
// {"key": {"one": "…", "other": "…"}} where the argument "count" chooses. English is complete; a key
// that another language lacks falls back to English.
package i18n

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed catalog/*.json
var catalogFS embed.FS

//go:generate env PORTICO_WRITE_STATE=1 go test -count=1 -run TestStateOfTheCatalogues .
//go:embed state/state.json
var stateFS embed.FS

// Bundle is every catalogue. One is read when somebody first speaks its language, and then kept: most installations
// speak three or four of them.
type Bundle struct {
	tags    []language.Tag
	all     *Offer
	read    map[language.Tag]func() map[string]message
	mu      sync.Mutex
	offered map[string]*Offer
	// customers counts the texts that customers may meet.
	customers func() int
}

// endMark is the last key of each file, so that every line above ends in a comma and merges cleanly.
const endMark = "~"

type message struct {
	text  string
	forms map[string]string
}

func (m *message) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		return json.Unmarshal(b, &m.forms)
	}
	return json.Unmarshal(b, &m.text)
}

// Load finds the embedded catalogues. English comes first, so it is what an unknown language gets.
func Load() (*Bundle, error) {
	b := &Bundle{read: map[language.Tag]func() map[string]message{}, offered: map[string]*Offer{}}
	b.customers = sync.OnceValue(func() int { return len(b.CustomerKeys()) })
	files, err := fs.Glob(catalogFS, "catalog/*.json")
	if err != nil {
		return nil, err
	}
	sort.Slice(files, func(i, j int) bool {
		ei, ej := strings.HasSuffix(files[i], "/en.json"), strings.HasSuffix(files[j], "/en.json")
		return ei && !ej || ei == ej && files[i] < files[j]
	})
	for _, f := range files {
		tag, err := language.Parse(strings.TrimSuffix(path.Base(f), ".json"))
		if err != nil {
			return nil, fmt.Errorf("catalogue %s: %w", f, err)
		}
		b.tags = append(b.tags, tag)
		b.read[tag] = sync.OnceValue(func() map[string]message {
			m, err := readCatalogue(f)
			if err != nil { // a test reads every one of them, so none that does not parse is ever built in
				return map[string]message{}
			}
			return m
		})
	}
	b.all = b.offer(b.tags, nil, b.tags[0])
	return b, nil
}

func readCatalogue(file string) (map[string]message, error) {
	data, err := catalogFS.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var m map[string]message
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("catalogue %s: %w", file, err)
	}
	delete(m, endMark)
	return m, nil
}

// catalogue reads a language's texts, once. A language without one has none.
func (b *Bundle) catalogue(tag language.Tag) map[string]message {
	if read, ok := b.read[tag]; ok {
		return read()
	}
	return nil
}

// Tags lists the languages there are, English first.
func (b *Bundle) Tags() []language.Tag { return b.tags }

// Match picks the best of all languages with a catalogue for the wishes, strongest first; each wish is an
// Accept-Language value or a BCP 47 tag. Malformed wishes are skipped.
func (b *Bundle) Match(wishes ...string) *Localizer { return b.all.Match(wishes...) }

// wanted reads an Accept-Language value. One unknown language does not spoil those beside it.
func wanted(s string) []language.Tag {
	tags, _, err := language.ParseAcceptLanguage(s)
	if err == nil {
		return tags
	}
	tags = nil
	for _, part := range strings.SplitN(s, ",", 16) {
		if t, _, err := language.ParseAcceptLanguage(part); err == nil {
			tags = append(tags, t...)
		}
	}
	return tags
}

// Localizer speaks one language.
type Localizer struct {
	bundle *Bundle
	Tag    language.Tag
	base   language.Tag // the catalogue that it speaks from: another than Tag where a tenant added a language
	look   string       // the language of the company's look, "" = none in particular
	pseudo bool
	own    []map[string]string // a tenant's words instead of the catalogue's; the last one is asked first
}

// Override gives a Localizer that says a tenant's own words for some keys: plain text, with {names} for values
// as the catalogue has them. A key that ends in "#few" is for numbers of that plural category. What was said
// before holds where the words say nothing.
func (l *Localizer) Override(words map[string]string) *Localizer {
	if len(words) == 0 {
		return l
	}
	mine := *l
	mine.own = append(slices.Clip(l.own), words)
	return &mine
}

// Lang names the language that somebody is spoken to in, as choices are kept and texts are looked up.
func (l *Localizer) Lang() string { return l.Tag.String() }

// Look names the language that the company's look is shown in: one that it differs in, if any suits the wishes, whether
// or not anybody has words in it.
func (l *Localizer) Look() string { return cmp.Or(l.look, l.Lang()) }

// Wish gives what Match finds this language and this look by again: "de", or "da-DK,de" where the look is another's.
func (l *Localizer) Wish() string {
	if l.look == "" || l.look == l.Lang() {
		return l.Lang()
	}
	return l.look + "," + l.Lang()
}

// enough is the part of what customers may meet, one in so many, that a tenant must have said in a language without a
// catalogue for the pages to be in that language: a few titles in Danish over German sentences are a German page.
const enough = 4

// Spoken is the value of a lang attribute: the language that most of what is said is in.
func (l *Localizer) Spoken() string { return l.spoken().String() }

func (l *Localizer) spoken() language.Tag {
	tagBase, _ := l.Tag.Base()
	base, _ := l.base.Base()
	if tagBase == base {
		return l.Tag
	}
	said := 0
	for _, words := range l.own {
		said += len(words)
	}
	if said > 0 && said*enough >= l.bundle.customers() {
		return l.Tag
	}
	return l.base
}

// Dir is "rtl" where what is spoken is written right to left, else "ltr".
func (l *Localizer) Dir() string {
	if rtl(l.spoken()) {
		return "rtl"
	}
	return "ltr"
}

func rtl(tag language.Tag) bool {
	script, _ := tag.Script()
	switch script.String() {
	case "Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm":
		return true
	}
	return false
}

// Has reports whether the catalogue (or English) knows the key.
func (l *Localizer) Has(key string) bool {
	_, _, ok := l.find(key)
	return ok
}

// Owns reports whether a tenant's own words say the key.
func (l *Localizer) Owns(key string) bool {
	for _, words := range l.own {
		if _, ok := ownMessage(words, key); ok {
			return true
		}
	}
	return false
}

// T gives the words for a key. Args are name, value pairs, or one map[string]any. A key that no
// catalogue knows comes back as itself, which tests refuse.
func (l *Localizer) T(key string, args ...any) string {
	m, tag, ok := l.find(key)
	if !ok {
		return key
	}
	values := map[string]any{}
	if len(args) == 1 {
		if given, isMap := args[0].(map[string]any); isMap {
			values = maps.Clone(given)
		}
	}
	for i := 0; i+1 < len(args); i += 2 {
		values[fmt.Sprint(args[i])] = args[i+1]
	}
	text := m.text
	if m.forms != nil {
		text = m.forms[form(tag, values["count"])]
		if text == "" {
			text = m.forms["other"]
		}
	}
	if l.pseudo {
		text = pseudo(text)
	}
	if !strings.Contains(text, "{") {
		return text
	}
	if rtl(tag) {
		for name, v := range values {
			if s, ok := v.(string); ok && s != "" && !strings.HasPrefix(s, "http") {
				values[name] = isolateFirst + s + isolatePop
			}
		}
	}
	return fill(text, values)
}

// A value inside a right-to-left sentence keeps a direction of its own (Unicode UAX 9, isolates), so that
// an address or a Latin name does not turn the words around it.
const isolateFirst, isolatePop = "\u2068", "\u2069"

// fill puts the values in, in one pass: a brace inside a value stays what it is.
func fill(text string, values map[string]any) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			break
		}
		end := strings.IndexByte(text[open:], '}')
		if end < 0 {
			break
		}
		v, ok := values[text[open+1:open+end]]
		if !ok {
			b.WriteString(text[:open+end+1])
		} else {
			b.WriteString(text[:open] + fmt.Sprint(v))
		}
		text = text[open+end+1:]
	}
	return b.String() + text
}

func (l *Localizer) find(key string) (message, language.Tag, bool) {
	for _, words := range slices.Backward(l.own) {
		if m, ok := ownMessage(words, key); ok {
			return m, l.Tag, true
		}
	}
	if m, ok := l.bundle.catalogue(l.base)[key]; ok {
		return m, l.base, true
	}
	m, ok := l.bundle.catalogue(l.bundle.tags[0])[key]
	return m, l.bundle.tags[0], ok
}

// ownMessage is a tenant's text for a key: one, or one for each plural category, of which "other" must be there.
func ownMessage(words map[string]string, key string) (message, bool) {
	if text, ok := words[key]; ok {
		return message{text: text}, true
	}
	other, ok := words[key+FormMark+"other"]
	if !ok {
		return message{}, false
	}
	m := message{forms: map[string]string{"other": other}}
	for _, category := range []string{"zero", "one", "two", "few", "many"} {
		if text, ok := words[key+FormMark+category]; ok {
			m.forms[category] = text
		}
	}
	return m, true
}

func form(tag language.Tag, count any) string {
	var n int
	switch v := count.(type) {
	case int:
		n = v
	case int64:
		n = int(v % 10000000) // the plural rules look at the last digits
	case string: // a number that went through JSON
		parsed, err := strconv.Atoi(v)
		if err != nil {
			return "other"
		}
		n = parsed
	case float64:
		n = int(v)
	default:
		return "other"
	}
	switch plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0) {
	case plural.Zero:
		return "zero"
	case plural.One:
		return "one"
	case plural.Two:
		return "two"
	case plural.Few:
		return "few"
	case plural.Many:
		return "many"
	}
	return "other"
}

type contextKey struct{}

// With puts the visitor's language into a context; templates read it with From.
func With(ctx context.Context, l *Localizer) context.Context {
	return context.WithValue(ctx, contextKey{}, l)
}

// From gives the language that With put in. A page rendered without one is a defect of its handler.
func From(ctx context.Context) *Localizer {
	l, ok := ctx.Value(contextKey{}).(*Localizer)
	if !ok {
		panic("i18n: no language in the context")
	}
	return l
}
