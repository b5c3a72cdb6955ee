package i18n

import (
	"encoding/json"
	"os"
	"testing"

	"golang.org/x/text/language"
)

// The order of wishes, and who gets what: asked for by the app, chosen before, of the browser, the tenant's own.
func TestWhoIsSpokenToHow(t *testing.T) {
	b := load(t)
	for _, row := range []struct {
		offered, added []string
		home           string
		wishes         []string
		want, dir      string
	}{
		{nil, nil, "de", []string{"fr", "ja", "pl"}, "fr", "ltr"},
		{nil, nil, "de", []string{"", "ja", "pl"}, "ja", "ltr"},
		{nil, nil, "de", []string{"", "", "pl,en;q=0.5"}, "pl", "ltr"},
		{nil, nil, "de", []string{"", "", "vo"}, "de", "ltr"},
		{nil, nil, "", nil, "en", "ltr"},
		{nil, nil, "de", []string{"zh-TW"}, "de", "ltr"},
		{nil, nil, "de", []string{"zh-TW,zh;q=0.9"}, "zh-Hans", "ltr"},
		{nil, nil, "de", []string{"zh-CN"}, "zh-Hans", "ltr"},
		{nil, nil, "de", []string{"pt-PT"}, "pt-BR", "ltr"},
		{nil, nil, "de", []string{"iw"}, "he", "rtl"},
		{nil, nil, "de", []string{"fr-CA"}, "fr", "ltr"},
		{nil, nil, "de", []string{"ar-SA"}, "ar", "rtl"},
		{nil, []string{"nb-NO"}, "de", []string{"no"}, "nb-NO", "ltr"},
		{nil, nil, "de", []string{"no,en;q=0.5"}, "en", "ltr"},
		{[]string{"de", "en"}, nil, "de", []string{"fr"}, "de", "ltr"},
		{[]string{"de", "en"}, nil, "de", []string{"fr,en;q=0.2"}, "en", "ltr"},
		{[]string{"de"}, []string{"fa-IR"}, "de", []string{"fa"}, "fa-IR", "ltr"}, // it says nothing in Persian yet
		{[]string{"de"}, []string{"fr-FR", "und", "x y"}, "de", []string{"fr"}, "de", "ltr"},
		{nil, []string{"zh-HK"}, "de", []string{"zh-TW"}, "zh-HK", "ltr"},
		{nil, []string{"pt-PT"}, "de", []string{"pt-PT"}, "pt-PT", "ltr"},
		{nil, []string{"nl-NL"}, "fr", []string{"nl-BE"}, "nl-NL", "ltr"},
	} {
		l := b.Offer(row.offered, row.added, nil, row.home).Match(row.wishes...)
		if l.Lang() != row.want || l.Dir() != row.dir {
			t.Errorf("%v + %v, home %s: %q get %s (%s), want %s (%s)", row.offered, row.added, row.home, row.wishes, l.Lang(), l.Dir(), row.want, row.dir)
		}
	}
	if got := b.Offer(nil, []string{"pt-PT"}, nil, "de").Match("pt-PT").T("signin.button"); got != b.Match("pt-BR").T("signin.button") {
		t.Error(got)
	}
}

// The look goes by what the visitor wishes, the words by what can be said; and a page says what it is written in.
func TestTheLookOfALanguageWithoutWords(t *testing.T) {
	b := load(t)
	looks := []string{"pt-PT", "da-DK", "es-MX", "zh-HK", "en-US", "x y", "fa-IR"}
	for _, row := range []struct {
		offered, added []string
		wishes         []string
		look, words    string
	}{
		{nil, nil, []string{"pt-PT"}, "pt-PT", "pt-BR"},
		{nil, nil, []string{"pt"}, "pt-PT", "pt-BR"}, // the only Portuguese look
		{nil, []string{"pt-PT"}, []string{"pt-PT,pt;q=0.5"}, "pt-PT", "pt-PT"},
		{nil, nil, []string{"da"}, "da-DK", "de"},
		{nil, nil, []string{"", "da-DK,en;q=0.5"}, "da-DK", "en"},
		{nil, nil, []string{"en,da;q=0.5"}, "en-US", "en"}, // Danish is the second wish
		{nil, nil, []string{"fr", "da"}, "fr", "fr"},       // chosen here, over what the browser wants
		{nil, nil, []string{"da", "fr"}, "da-DK", "fr"},
		{nil, nil, []string{"es-MX,es;q=0.5"}, "es-MX", "es"},
		{nil, nil, []string{"es-AR"}, "es-MX", "es"},
		{nil, nil, []string{"zh-TW"}, "zh-HK", "de"},
		{nil, nil, []string{"zh-CN"}, "zh-Hans", "zh-Hans"}, // not the characters of Hong Kong
		{[]string{"de"}, nil, []string{"en-GB"}, "en-US", "de"},
		{nil, nil, []string{"vo", "", "de"}, "de", "de"},
		{nil, nil, []string{"fa"}, "fa-IR", "de"},
		{nil, nil, nil, "de", "de"},
	} {
		o := b.Offer(row.offered, row.added, looks, "de")
		l := o.Match(row.wishes...)
		if l.Look() != row.look || l.Lang() != row.words || l.Spoken() != row.words || l.Dir() != "ltr" {
			t.Errorf("%q: look %s, words %s (%s, %s), want %+v", row.wishes, l.Look(), l.Lang(), l.Spoken(), l.Dir(), row)
		}
		if again := o.Match(l.Wish()); again.Look() != l.Look() || again.Lang() != l.Lang() {
			t.Errorf("%q: %s gives look %s, words %s", row.wishes, l.Wish(), again.Look(), again.Lang())
		}
	}
	if l := b.Offer(nil, nil, nil, "de").Match("da,pl;q=0.1"); l.Look() != "pl" || l.Wish() != "pl" {
		t.Error(l.Look(), l.Wish())
	}
}

// A page is in a language without a catalogue when the tenant says enough in it; until then in the one of the rest.
func TestWhatAPageIsWrittenIn(t *testing.T) {
	b := load(t)
	l := b.Offer(nil, []string{"fa-IR"}, nil, "de").Match("fa")
	few, many := map[string]string{"signin.title": "ورود به {tenant}"}, map[string]string{}
	for _, key := range b.CustomerKeys()[:len(b.CustomerKeys())/enough+1] {
		many[key] = "متن"
	}
	if l := l.Override(few); l.Spoken() != "de" || l.Dir() != "ltr" || l.Lang() != "fa-IR" {
		t.Error("few:", l.Spoken(), l.Dir(), l.Lang())
	} else if got := l.T("signin.title", "tenant", "Shop"); got != "ورود به "+isolateFirst+"Shop"+isolatePop {
		t.Errorf("a Persian sentence on a German page: %q", got)
	}
	if l := l.Override(many); l.Spoken() != "fa-IR" || l.Dir() != "rtl" {
		t.Error("many:", l.Spoken(), l.Dir())
	}
	if l := b.Offer(nil, []string{"pt-PT"}, nil, "de").Match("pt-PT"); l.Spoken() != "pt-PT" {
		t.Error(l.Spoken())
	}
}

// Months and the order of a date are there in every language.
func TestDatesInEveryLanguage(t *testing.T) {
	b := load(t)
	for _, tag := range b.Tags() {
		l := b.Match(tag.String())
		for _, key := range append([]string{"date.format", "date.short", "number.group"}, "month.1", "month.2", "month.3", "month.4", "month.5", "month.6", "month.7", "month.8", "month.9", "month.10", "month.11", "month.12") {
			if _, ok := l.Said(key); !ok {
				t.Errorf("%s lacks %s", tag, key)
			}
		}
		if n := len(l.Countries()); n < 240 {
			t.Errorf("%s: %d countries", tag, n)
		}
	}
}

// TestStateOfTheCatalogues reads the committed state; with PORTICO_WRITE_STATE it writes the next.
func TestStateOfTheCatalogues(t *testing.T) {
	b := load(t)
	if os.Getenv("PORTICO_WRITE_STATE") == "" {
		if s := readState(); len(s.English) < 1000 {
			t.Errorf("the state knows %d texts", len(s.English))
		}
		return
	}
	data, err := json.MarshalIndent(b.Next(readState()), "", " ")
	if err == nil {
		err = os.WriteFile("state/state.json", append(data, '\n'), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsOutOfDate(t *testing.T) {
	b := load(t)
	before := b.Next(State{})
	if len(before.Behind) != 0 {
		t.Fatal("texts nobody has seen before are behind")
	}
	before.English["signin.button"] = "00000000"
	after := b.Next(before)
	if after.Behind["de"]["signin.button"] == "" || b.Next(after).Behind["de"]["signin.button"] == "" {
		t.Error("a changed English text leaves its translation as it was")
	}
	after.Behind["de"]["signin.button"] = "11111111"
	if b.Next(after).Behind["de"]["signin.button"] != "" {
		t.Error("a translation that was touched since is still behind")
	}
	if c := b.Coverage(language.German); c.Total < 700 || len(c.Missing) > 50 {
		t.Errorf("%+v", c)
	}
}

// What nobody speaks here is no choice: the browser's language goes on deciding.
func TestAChoiceOfNoLanguageIsNone(t *testing.T) {
	o := load(t).Offer([]string{"en", "de", "pl"}, nil, nil, "en")
	for choice, want := range map[string]string{"pl": "pl", "de-AT": "de", "xx": "", "": "", "<script>": ""} {
		if got := o.Choose(choice); got != want {
			t.Errorf("%q: %q", choice, got)
		}
	}
}
