package i18n

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Offer is the languages among which a visitor's is chosen: all there are, or those of one tenant.
type Offer struct {
	bundle  *Bundle
	tags    []language.Tag
	base    []language.Tag // the catalogue that each speaks from
	matcher language.Matcher
	looks   []language.Tag // those that the company's look differs in
	suits   language.Matcher
}

// Tags lists the languages, the one that suits nobody's wishes first.
func (o *Offer) Tags() []language.Tag { return o.tags }

// Name is a language's name in that language itself.
func (o *Offer) Name(tag language.Tag) string { return o.bundle.Name(tag) }

// All offers every language that has a catalogue.
func (b *Bundle) All() *Offer { return b.all }

// Offer gives the languages of a tenant. offered are those with a catalogue, none = all; added are languages for which
// somebody gave the texts, and count where there is no catalogue; home is the one for whoever wants none of them, and in which an added
// language says what nobody gave a text for. looks are those in which the company's look differs, whether there are words in
// them or not. Tags that are none are left out.
func (b *Bundle) Offer(offered, added, looks []string, home string) *Offer {
	name := strings.Join(offered, ",") + "|" + strings.Join(added, ",") + "|" + strings.Join(looks, ",") + "|" + home
	b.mu.Lock()
	defer b.mu.Unlock()
	if o, ok := b.offered[name]; ok {
		return o
	}
	first := b.all.Match(home).Tag
	tags := []language.Tag{first}
	for _, tag := range b.tags {
		if tag != first && (len(offered) == 0 || slices.Contains(offered, tag.String())) {
			tags = append(tags, tag)
		}
	}
	more := slices.DeleteFunc(parsed(added), func(tag language.Tag) bool { _, ok := b.of(tag); return ok })
	o := b.offer(tags, more, first)
	if o.looks = parsed(looks); len(o.looks) > 0 {
		o.suits = language.NewMatcher(o.looks)
	}
	if len(b.offered) > 1000 { // as many tenants as that have languages of their own: start anew
		clear(b.offered)
	}
	b.offered[name] = o
	return o
}

// parsed gives the tags that are some, each once.
func parsed(tags []string) []language.Tag {
	var out []language.Tag
	for _, t := range tags {
		if tag, err := language.Parse(t); err == nil && tag != language.Und && !slices.Contains(out, tag) {
			out = append(out, tag)
		}
	}
	return out
}

// offer makes an Offer of catalogues and added languages.
func (b *Bundle) offer(tags, more []language.Tag, home language.Tag) *Offer {
	o := &Offer{bundle: b, tags: append(slices.Clone(tags), more...), base: slices.Clone(tags)}
	near := language.NewMatcher(tags)
	for _, tag := range more {
		base := home
		if _, i, confidence := near.Match(tag); confidence >= language.High && sameScript(tag, tags[i]) {
			base = tags[i] // Portuguese of Portugal says the rest as Brazil does
		}
		o.base = append(o.base, base)
	}
	o.matcher = language.NewMatcher(o.tags)
	return o
}

// Of names the catalogue that a tag is written in: "fr" for fr-FR and fr, "pt-BR" for pt and pt-BR, none for nl-NL and
// for fr-CA, whose texts are another language's or another country's.
func (b *Bundle) Of(tag language.Tag) (language.Tag, bool) { return b.of(tag) }

func (b *Bundle) of(tag language.Tag) (language.Tag, bool) {
	main := slices.Contains(Vendor(), tag.String())
	base, _ := tag.Base()
	script, _ := tag.Script()
	region, _ := tag.Region()
	for _, c := range b.tags {
		cb, _ := c.Base()
		cs, _ := c.Script()
		cr, sure := c.Region()
		if cb == base && cs == script && (cr == region || main && sure != language.Exact) {
			return c, true
		}
	}
	return language.Und, false
}

// Vendor lists the languages of R 2.8.7 by tag, in its order.
func Vendor() []string {
	return []string{"ar-SA", "eu-ES", "bg-BG", "ca-ES", "zh-CN", "zh-HK", "hr-HR", "cs-CZ", "da-DK", "nl-NL", "en-US", "et-EE", "fi-FI", "fr-FR", "gl-ES", "de-DE", "el-GR",
		"he-IL", "hu-HU", "it-IT", "ja-JP", "kk-KZ", "ko-KR", "lv-LV", "lt-LT", "nb-NO", "pl-PL", "pt-BR", "pt-PT", "ro-RO", "ru-RU", "sr-Latn-RS", "sk-SK", "sl-SI", "es-ES",
		"sv-SE", "th-TH", "tr-TR", "uk-UA"}
}

// Match picks the best language for the wishes, strongest first; each wish is an Accept-Language value or a BCP 47
// tag. Malformed wishes, and such that no language here suits, are skipped. Nobody gets a script that they did not
// ask for: Chinese as in Taiwan is no wish for the characters of the mainland.
//
// The look goes by the first wish that the company has a look for, up to the one that is spoken: who wants Danish, else
// English, gets the Danish look with English words; who wants English, else Danish, the English one.
func (o *Offer) Match(wishes ...string) *Localizer {
	look := ""
	for _, w := range wishes {
		asked := wanted(strings.ReplaceAll(w, "_", "-"))
		asked = asked[:min(len(asked), 32)]
		if tags := o.readable(asked); len(tags) > 0 {
			if _, i, confidence := o.matcher.Match(tags...); confidence > language.No {
				if n := slices.IndexFunc(asked, func(t language.Tag) bool { j, ok := nearest(o.matcher, o.tags, t, language.Low); return ok && j == i }); n >= 0 {
					asked = asked[:n+1]
				}
				return o.speak(i, cmp.Or(look, o.look(asked)))
			}
		}
		look = cmp.Or(look, o.look(asked))
	}
	return o.speak(0, look)
}

// Choose gives the language of a choice, "" when no language here suits it: whoever chose nothing that there is has not
// chosen.
func (o *Offer) Choose(choice string) string {
	asked := wanted(strings.ReplaceAll(choice, "_", "-"))
	if len(o.readable(asked[:min(len(asked), 32)])) == 0 {
		return ""
	}
	return o.Match(choice).Lang()
}

// readable leaves out the wishes that no language here suits.
func (o *Offer) readable(tags []language.Tag) []language.Tag {
	var out []language.Tag
	for _, t := range tags {
		if t, ok := o.asked(t); ok {
			out = append(out, t)
		}
	}
	return out
}

// look is the language of the company's look that the first of the wishes gets which gets any.
func (o *Offer) look(wishes []language.Tag) string {
	if len(o.looks) == 0 {
		return ""
	}
	for _, t := range wishes {
		if i, ok := nearest(o.suits, o.looks, t, language.High); ok {
			return o.looks[i].String()
		}
	}
	return ""
}

// asked is a wish as the matcher understands it; false when no language here suits it.
func (o *Offer) asked(wish language.Tag) (language.Tag, bool) {
	i, ok := nearest(o.matcher, o.tags, wish, language.Low)
	if !ok {
		return wish, false
	}
	if _, best, _ := o.matcher.Match(wish); best != i {
		return o.tags[i], true
	}
	return wish, true
}

// nearest finds the tag that suits a wish, in a script that it asks for: where the matcher offers another, there may be
// one of the same language in that script.
func nearest(m language.Matcher, tags []language.Tag, wish language.Tag, least language.Confidence) (int, bool) {
	_, i, confidence := m.Match(wish)
	if confidence < least {
		return 0, false
	}
	if sameScript(wish, tags[i]) {
		return i, true
	}
	base, _ := wish.Base()
	i = slices.IndexFunc(tags, func(x language.Tag) bool { b, _ := x.Base(); return b == base && sameScript(wish, x) })
	return i, i >= 0
}

func (o *Offer) speak(i int, look string) *Localizer {
	return &Localizer{bundle: o.bundle, Tag: o.tags[i], base: o.base[i], look: cmp.Or(look, o.look(o.tags[i:i+1]))}
}

// sameScript reports whether whoever reads one language of a base reads the other: languages of different bases are
// left to CLDR, which knows who reads which.
func sameScript(a, b language.Tag) bool {
	ab, _ := a.Base()
	bb, _ := b.Base()
	as, _ := a.Script()
	bs, _ := b.Script()
	return ab != bb || as == bs
}
