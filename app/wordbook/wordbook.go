// Package wordbook knows the texts that an admin may replace on the pages of customers: their ids, what is built in, and
// what is wrong with a file of them. Texts that the vendor has an id for go by that (R 2.8.3), all others by the key of
// our catalogue.
package wordbook

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"portico/app/branding"
	"portico/app/i18n"
	"portico/app/userflow"
)

// Longest is how long a text may be, in characters, and Largest a file of texts, in bytes.
const (
	Longest = 1024
	Largest = 1 << 20
)

// Text is one text that may be replaced.
type Text struct {
	ID      string
	Default string            // in the language that was asked for, with {0} or {name} for values
	Values  map[string]string // what stands for which value: "{0}" → "app"
	Fell    bool              // the language has none of its own: Default is another's
	Unused  bool              // one of the vendor's for which our pages have no place
	Custom  bool              // the name of a custom attribute
	keys    []string
}

// Attribute is a custom attribute with the name that admins gave it.
type Attribute struct{ ID, Name string }

// Custom are the custom attributes of a tenant, by name.
func Custom(definitions map[string]userflow.Definition) []Attribute {
	out := make([]Attribute, 0, len(definitions))
	for id, d := range definitions {
		out = append(out, Attribute{ID: id, Name: d.Name})
	}
	slices.SortFunc(out, func(a, b Attribute) int { return cmp.Compare(a.Name+a.ID, b.Name+b.ID) })
	return out
}

// In lists the texts of a language for a tenant whose own language is home: what is built in for a language without a
// catalogue is said in that.
func In(b *i18n.Bundle, tag language.Tag, home string, custom []Attribute) []Text {
	if of, ok := b.Of(tag); ok {
		return Texts(b, b.Match(of.String()), custom)
	}
	return Texts(b, b.Offer(nil, []string{tag.String()}, nil, home).Match(tag.String()), custom)
}

// apart are keys of customers that no page of a sign-in shows: the account, letters, and what dates are made of.
func apart() []string {
	return []string{"account.", "mail.", "date.", "month.", "number.", "terms.open", "attribute.userName", "signedout.", "signout.", "openid.", "reference"}
}

// Texts lists what may be replaced on the pages of a user flow, the vendor's first, then custom attributes, then ours.
func Texts(b *i18n.Bundle, l *i18n.Localizer, custom []Attribute) []Text {
	var out []Text
	known := map[string]bool{}
	for _, p := range branding.Phrases() {
		t := Text{ID: p.ID, Values: map[string]string{}, Unused: len(p.Keys) == 0, keys: p.Keys}
		for i, name := range p.Args {
			t.Values["{"+strconv.Itoa(i)+"}"] = name
		}
		if !t.Unused {
			said, _ := l.Built(p.Keys[0])
			_, own := l.Said(p.Keys[0])
			t.Default, t.Fell = numbered(said.Text, p.Args), !own
		}
		for _, key := range p.Keys {
			known[key] = true
		}
		out = append(out, t)
	}
	for _, a := range custom {
		out = append(out, Text{ID: "Attribute_" + a.ID, Default: a.Name, Custom: true, Fell: true, keys: []string{"attribute." + a.ID}})
	}
	for _, key := range b.CustomerKeys() {
		if known[key] || slices.ContainsFunc(apart(), func(p string) bool { return key == p || strings.HasSuffix(p, ".") && strings.HasPrefix(key, p) }) {
			continue
		}
		said, _ := l.Built(key)
		_, own := l.Said(key)
		if said.Forms == nil {
			out = append(out, Text{ID: key, Default: said.Text, Values: values(said.Text), Fell: !own, keys: []string{key}})
			continue
		}
		for _, category := range l.Categories() {
			text := said.Forms[category]
			if text == "" {
				text = said.Forms["other"]
			}
			out = append(out, Text{ID: key + i18n.FormMark + category, Default: text, Values: values(said.Forms["other"]), Fell: !own, keys: []string{key}})
		}
	}
	return out
}

var placeholder = regexp.MustCompile(`\{\w+\}`)

func values(text string) map[string]string {
	out := map[string]string{}
	for _, p := range placeholder.FindAllString(text, -1) {
		out[p] = strings.Trim(p, "{}")
	}
	return out
}

// numbered writes {0} for the first of our names.
func numbered(text string, args []string) string {
	for i, name := range args {
		text = strings.ReplaceAll(text, "{"+name+"}", "{"+strconv.Itoa(i)+"}")
	}
	return text
}

// File writes texts as the vendor does: one flat JSON object, in the order of the list. Those without a place on our
// pages are left out.
func File(list []Text, text func(Text) (string, bool)) []byte {
	var b bytes.Buffer
	b.WriteString("{")
	n := 0
	for _, t := range list {
		words, ok := text(t)
		if !ok || t.Unused {
			continue
		}
		if n++; n > 1 {
			b.WriteString(",")
		}
		b.WriteString("\n  " + quote(t.ID) + ": " + quote(words))
	}
	b.WriteString("\n}\n")
	return b.Bytes()
}

func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string
	return strings.TrimSuffix(b.String(), "\n")
}

// Errors of Read.
var (
	ErrLarge = errors.New("wordbook: the file is too large")
	ErrShape = errors.New("wordbook: not one flat JSON object of texts")
)

// Read takes a file apart. Twice lists ids that stand in it more than once; the last text counts. An id whose value is
// no text is in odd.
func Read(data []byte) (texts map[string]string, twice, odd []string, err error) {
	if len(data) > Largest {
		return nil, nil, nil, ErrLarge
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil, nil, nil, ErrShape
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, nil, ErrShape
	}
	texts = map[string]string{}
	for d.More() {
		name, err := d.Token()
		id, ok := name.(string)
		if err != nil || !ok {
			return nil, nil, nil, ErrShape
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, nil, nil, ErrShape
		}
		var text string
		if json.Unmarshal(raw, &text) != nil || string(raw) == "null" {
			odd = append(odd, id)
			continue
		}
		if _, again := texts[id]; again {
			twice = append(twice, id)
		}
		texts[id] = text
	}
	if t, err := d.Token(); err != nil || t != json.Delim('}') {
		return nil, nil, nil, ErrShape
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, nil, ErrShape
	}
	return texts, twice, odd, nil
}

// Why a text is not taken.
type Why string

const (
	Unknown   Why = "unknown"   // no page has it; Near is the id that was perhaps meant
	Unused    Why = "unused"    // the vendor's, without a place on our pages
	TooLong   Why = "tooLong"   // Length characters
	Value     Why = "value"     // Near stands for a value that this text does not have
	Character Why = "character" // control characters
	Form      Why = "form"      // the form for all other numbers is missing
)

// Refused is a text that is not taken.
type Refused struct {
	ID, Near string
	Why      Why
	Length   int
}

// Said tells an admin why, in English.
func (r Refused) Said() string {
	switch r.Why {
	case Unknown:
		if r.Near != "" {
			return "there is no text with this id. Perhaps you mean " + r.Near + "."
		}
		return "there is no text with this id."
	case Unused:
		return "our pages have no place for this text."
	case TooLong:
		return fmt.Sprintf("%d characters; at most %d fit.", r.Length, Longest)
	case Value:
		return r.Near + " stands for nothing in this text."
	case Form:
		return "the text for all other numbers, " + r.Near + ", must be given with it."
	}
	return "it has control characters, or such that turn the direction of what follows."
}

// Report is what a set of texts would do.
type Report struct {
	Taken   map[string]string // those that say something else than what is built in
	Same    []string          // as built in: not kept, so that they follow ours when we mend ours
	Refused []Refused
	Markup  []string // with what looks like HTML, which is shown as it is typed
}

// Check sorts texts by what happens to them.
func Check(list []Text, texts map[string]string) Report {
	r := Report{Taken: map[string]string{}}
	known := make(map[string]Text, len(list))
	for _, t := range list {
		known[t.ID] = t
	}
	for _, id := range slices.Sorted(maps.Keys(texts)) {
		text := strings.TrimRight(strings.ReplaceAll(texts[id], "\r\n", "\n"), "\n")
		t, ok := known[id]
		n := utf8.RuneCountInString(text)
		switch {
		case !ok:
			r.Refused = append(r.Refused, Refused{ID: id, Why: Unknown, Near: nearest(list, id)})
		case text == "":
		case t.Unused:
			r.Refused = append(r.Refused, Refused{ID: id, Why: Unused})
		case n > Longest:
			r.Refused = append(r.Refused, Refused{ID: id, Why: TooLong, Length: n})
		case strings.ContainsFunc(text, invisible):
			r.Refused = append(r.Refused, Refused{ID: id, Why: Character})
		case strange(t, text) != "":
			r.Refused = append(r.Refused, Refused{ID: id, Why: Value, Near: strange(t, text)})
		case text == t.Default:
			r.Same = append(r.Same, id)
		default:
			r.Taken[id] = text
			if tag.MatchString(text) {
				r.Markup = append(r.Markup, id)
			}
		}
	}
	r.complete(texts)
	return r
}

// complete holds that whoever gives a text for some numbers gives the one for all others: else no form would do.
func (r *Report) complete(texts map[string]string) {
	for _, id := range slices.Sorted(maps.Keys(r.Taken)) {
		key, _, plural := strings.Cut(id, i18n.FormMark)
		if !plural {
			continue
		}
		other := key + i18n.FormMark + "other"
		if _, ok := r.Taken[other]; ok {
			continue
		}
		if slices.Contains(r.Same, other) {
			r.Taken[other] = texts[other]
			r.Same = slices.DeleteFunc(r.Same, func(s string) bool { return s == other })
			continue
		}
		delete(r.Taken, id)
		r.Refused = append(r.Refused, Refused{ID: id, Why: Form, Near: other})
	}
}

var tag = regexp.MustCompile(`</?[a-zA-Z][^<>]*>|&[a-zA-Z]+;`)

// strange gives the first placeholder of a text for which there is no value.
func strange(t Text, text string) string {
	for _, p := range placeholder.FindAllString(text, -1) {
		if _, ok := t.Values[p]; !ok {
			return p
		}
	}
	return ""
}

func invisible(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r == utf8.RuneError
}

// nearest gives the id that most resembles one, if any does.
func nearest(list []Text, id string) string {
	best, least := "", max(3, len(id)/3)
	if len(id) > 200 {
		return ""
	}
	for _, t := range list {
		if d := distance(strings.ToLower(t.ID), strings.ToLower(id), least); d < least {
			best, least = t.ID, d
		}
	}
	return best
}

// distance counts the letters to change, add or leave out (Levenshtein), up to most.
func distance(a, b string, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left := row[0]
		row[0] = i + 1
		for j := range len(b) {
			above := row[j+1]
			cost := left
			if a[i] != b[j] {
				cost++
			}
			left, row[j+1] = above, min(cost, above+1, row[j]+1)
		}
	}
	return row[len(b)]
}
