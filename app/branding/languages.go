package branding

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Language is one that a look may differ in.
type Language struct {
	Tag     string // BCP 47, as it is stored: "fr-FR"
	English string // "French (France)"
	Own     string // "Français (France)"
}

// Languages are those of R 2.8.7, in the order of their English names.
func Languages() []Language {
	var out []Language
	for _, tag := range strings.Fields("ar-SA eu-ES bg-BG ca-ES zh-CN zh-HK hr-HR cs-CZ da-DK nl-NL en-US et-EE fi-FI fr-FR gl-ES de-DE el-GR he-IL hu-HU it-IT ja-JP kk-KZ ko-KR lv-LV lt-LT nb-NO pl-PL pt-BR pt-PT ro-RO ru-RU sr-Latn-RS sk-SK sl-SI es-ES sv-SE th-TH tr-TR uk-UA") {
		out = append(out, LanguageOf(tag))
	}
	slices.SortFunc(out, func(a, b Language) int { return strings.Compare(a.English, b.English) })
	return out
}

// LanguageOf names a tag; one that names nothing has itself for a name.
func LanguageOf(tag string) Language {
	out := Language{Tag: tag, English: tag, Own: tag}
	t, err := language.Parse(tag)
	if err != nil {
		return out
	}
	base, script, region := t.Raw()
	plain, _ := language.Compose(base)
	out.English, out.Own = orTag(display.English.Languages().Name(plain), tag), orTag(display.Self.Name(plain), tag)
	if own, err := language.Compose(base, script); err == nil && script.String() != "Zzzz" { // named for the script it is written in
		out.English += ", " + display.English.Scripts().Name(script)
		out.Own = orTag(display.Self.Name(own), out.Own)
		if own == language.SerbianLatin { // CLDR's table calls it by the name that it had before 2006
			out.Own = "Srpski"
		}
	}
	if region.IsCountry() {
		out.English += " (" + display.English.Regions().Name(region) + ")"
		if names := display.Regions(t); names != nil {
			out.Own += " (" + orTag(names.Name(region), region.String()) + ")"
		}
	}
	return out
}

func orTag(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	r, n := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(r)) + name[n:]
}
