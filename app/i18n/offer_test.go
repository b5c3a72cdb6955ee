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
		{[]string{"de"}, []string{"fa-IR"}, "de", []string{"fa"}, "fa-IR", "rtl"},
		{[]string{"de"}, []string{"fr-FR", "und", "x y"}, "de", []string{"fr"}, "de", "ltr"},
		{nil, []string{"zh-HK"}, "de", []string{"zh-TW"}, "zh-HK", "ltr"},
		{nil, []string{"pt-PT"}, "de", []string{"pt-PT"}, "pt-PT", "ltr"},
		{nil, []string{"nl-NL"}, "fr", []string{"nl-BE"}, "nl-NL", "ltr"},
	} {
		l := b.Offer(row.offered, row.added, row.home).Match(row.wishes...)
		if l.Lang() != row.want || l.Dir() != row.dir {
			t.Errorf("%v + %v, home %s: %q get %s (%s), want %s (%s)", row.offered, row.added, row.home, row.wishes, l.Lang(), l.Dir(), row.want, row.dir)
		}
	}
	if got := b.Offer(nil, []string{"pt-PT"}, "de").Match("pt-PT").T("signin.button"); got != b.Match("pt-BR").T("signin.button") {
		t.Error(got)
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
