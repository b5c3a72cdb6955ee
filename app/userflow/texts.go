package userflow

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"golang.org/x/text/language"

	"portico/app/branding"
	"portico/app/fault"
)

// mostTexts bounds what the texts of a flow hold in all languages together, in bytes: each version keeps its own.
const mostTexts = 1 << 20

// checkTexts says what no page could show.
func (f Flow) checkTexts(bad *fault.Fields) {
	size := 0
	for lang, texts := range f.Texts {
		where := "texts." + lang
		if tag, err := language.Parse(lang); err != nil || tag.String() != lang || tag == language.Und {
			bad.Add(where, "branding.language.unknown", map[string]any{"language": lang})
			continue
		}
		branding.CheckTexts(bad, where, texts)
		for id, text := range texts {
			size += len(id) + len(text)
		}
	}
	if size > mostTexts {
		bad.Add("texts", "flow.texts.large", map[string]any{"most": mostTexts >> 10})
	}
}

// TextsIn gives the flow's own words for a visitor's language: those of that language, else of the same language as
// another country writes it. A flow has none for all languages.
func (f Flow) TextsIn(lang string) map[string]string {
	if len(f.Texts) == 0 {
		return nil
	}
	if texts, ok := f.Texts[lang]; ok {
		return texts
	}
	d := branding.Document{Languages: make(map[string]branding.Elements, len(f.Texts))}
	for tag, texts := range f.Texts {
		d.Languages[tag] = branding.Elements{Texts: texts}
	}
	return d.In(lang).Texts
}

// SetTexts gives a language its texts; none take the language away.
func (f *Flow) SetTexts(lang string, texts map[string]string) {
	all := map[string]map[string]string{}
	maps.Copy(all, f.Texts)
	if delete(all, lang); len(texts) > 0 {
		all[lang] = texts
	}
	if f.Texts = all; len(all) == 0 {
		f.Texts = nil
	}
}

// OnlyTexts reports whether b differs from f in nothing but its texts.
func (f Flow) OnlyTexts(b Flow) bool {
	f.Texts, b.Texts, f.Version, b.Version = nil, nil, 0, 0
	was, err := json.Marshal(f)
	is, fails := json.Marshal(b)
	return err == nil && fails == nil && bytes.Equal(was, is)
}

// texts says in which language how many of the pages' words differ.
func (d *diff) texts(a, b map[string]map[string]string) {
	languages := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(languages)
	for _, lang := range slices.Compact(languages) {
		changed := TextChanges(a[lang], b[lang])
		switch n := len(changed); {
		case n == 0:
		case len(b[lang]) == 0:
			d.say("Texts in %s: all overrides are removed (%d).", lang, n)
		case n == 1:
			d.say("Texts in %s: %s says %s.", lang, changed[0], said(b[lang][changed[0]]))
		default:
			d.say("Texts in %s: %d differ, among them %s.", lang, n, quoted(changed[0]))
		}
	}
}

func said(text string) string {
	if text == "" {
		return "what is built in"
	}
	return quoted(text)
}

// TextChanges lists the ids whose text differs, in order.
func TextChanges(a, b map[string]string) []string {
	ids := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return a[id] == b[id] })
}
