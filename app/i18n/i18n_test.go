package i18n

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
)

func load(t testing.TB) *Bundle {
	t.Helper()
	b, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

func placeholders(m message) string {
	text := m.text
	if m.forms != nil {
		text = m.forms["other"]
	}
	var names []string
	for _, p := range placeholder.FindAllStringSubmatch(text, -1) {
		names = append(names, p[1])
	}
	sort.Strings(names)
	return strings.Join(names, " ")
}

func TestEveryLanguageSaysTheSameThings(t *testing.T) {
	b := load(t)
	english := b.catalogue(b.tags[0])
	if b.tags[0] != language.English {
		t.Fatal("English is not the first")
	}
	for _, tag := range b.tags[1:] {
		for key, m := range b.catalogue(tag) {
			e, ok := english[key]
			switch {
			case !ok:
				t.Errorf("%s has %s, which English lacks", tag, key)
			case placeholders(m) != placeholders(e):
				t.Errorf("%s: %s fills in %q, English %q", tag, key, placeholders(m), placeholders(e))
			case m.forms == nil && m.text == "", m.forms != nil && m.forms["other"] == "":
				t.Errorf("%s: %s is empty", tag, key)
			}
		}
		for key := range english {
			if _, ok := b.catalogue(tag)[key]; !ok && !Staff(key) {
				t.Errorf("%s lacks %s", tag, key)
			}
		}
	}
}

func TestPluralsHaveTheFormsOfTheirLanguage(t *testing.T) {
	b := load(t)
	romance := []string{"one", "many", "other"}
	need := map[string][]string{"en": {"one", "other"}, "de": {"one", "other"}, "ar": {"zero", "one", "two", "few", "many", "other"},
		"ja": {"other"}, "pl": {"one", "few", "many", "other"}, "zh-Hans": {"other"}, "he": {"one", "two", "other"},
		"es": romance, "fr": romance, "it": romance, "pt-BR": romance}
	for _, tag := range b.tags {
		for key, m := range b.catalogue(tag) {
			for _, form := range need[tag.String()] {
				if m.forms != nil && m.forms[form] == "" {
					t.Errorf("%s: %s has no form %q", tag, key, form)
				}
			}
		}
	}
}

// used finds literal keys in the sources. A key that is put together from parts is found by its prefix.
var used = []*regexp.Regexp{
	regexp.MustCompile(`\bT\(\s*(?:ctx,\s*)?"([a-z][\w.]*\.[\w.]+)"`),
	regexp.MustCompile(`\bt\(ctx,\s*"([a-z][\w.]*\.[\w.]*)"`),
	regexp.MustCompile(`fault\.(?:New|Wrap)\(fault\.\w+,\s*"([a-z][\w]*\.[\w.]+)"`),
	regexp.MustCompile(`BadField\("[^"]*",\s*"([a-z][\w]*\.[\w.]+)"`),
	regexp.MustCompile(`\.Add\((?:"[^"]*"|fmt\.Sprintf\([^)]*\)),\s*"([a-z][\w]*\.[\w.]+)"`),
	regexp.MustCompile(`fault\.(?:Error|Field)\{[^}]*Key:\s*"([a-z][\w]*\.[\w.]+)"`),
}

func TestEveryKeyThatTheCodeUsesExists(t *testing.T) {
	b := load(t)
	english := b.catalogue(b.tags[0])
	known := func(key string) bool {
		if _, ok := english[key]; ok {
			return true
		}
		if strings.HasSuffix(key, ".") || strings.HasSuffix(key, "_") {
			for k := range english {
				if strings.HasPrefix(k, key) {
					return true
				}
			}
		}
		return false
	}
	found := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "data" || strings.HasPrefix(d.Name(), ".") && d.Name() != ".." && len(d.Name()) > 2) {
			return filepath.SkipDir
		}
		ext := filepath.Ext(path)
		if ext != ".go" && ext != ".templ" || strings.HasSuffix(path, "_templ.go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, re := range used {
			for _, m := range re.FindAllStringSubmatch(string(src), -1) {
				found++
				if !known(m[1]) {
					t.Errorf("%s uses %q, which the English catalogue lacks", filepath.ToSlash(path), m[1])
				}
			}
		}
		return nil
	})
	if err != nil || found < 100 {
		t.Fatalf("%d keys found in the sources, %v", found, err)
	}
}

// One key on each line, sorted, the end mark last: so that branches merge line by line.
func TestCataloguesMergeCleanly(t *testing.T) {
	files, _ := filepath.Glob("catalog/*.json")
	var tags []string
	for _, f := range files {
		tags = append(tags, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	for _, tag := range strings.Fields("ar de en es fr he it ja pl pt-BR zh-Hans") { // what is promised; more may come
		if !slices.Contains(tags, tag) {
			t.Errorf("there is no catalogue in %s", tag)
		}
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(data) || !strings.HasSuffix(string(data), "\n  \""+endMark+"\": \"\"\n}\n") {
			t.Errorf("%s: invalid, or without the end mark", f)
		}
		seen := map[string]bool{}
		for _, line := range strings.Split(string(data), "\n") {
			key, _, ok := strings.Cut(strings.TrimSpace(line), `": `)
			if ok && seen[key] {
				t.Errorf("%s: %s\" stands twice", f, key)
			}
			seen[key] = true
		}
	}
}

func TestWordsOfStyle(t *testing.T) {
	b := load(t)
	for key, m := range b.catalogue(b.tags[0]) {
		texts := []string{m.text}
		for _, f := range m.forms {
			texts = append(texts, f)
		}
		for _, text := range texts {
			low := strings.ToLower(text)
			for _, word := range []string{"log in", "login", "log out", "logout", "oops", "!", "please enter", "click"} {
				if strings.Contains(low, word) {
					t.Errorf("%s says %q (UI.md §9): %s", key, word, text)
				}
			}
		}
	}
}

func TestMatch(t *testing.T) {
	b := load(t)
	for _, row := range []struct{ wish, want string }{
		{"ar-EG,en;q=0.5", "ar"}, {"ar_SA", "ar"}, {"en-GB", "en"}, {"xx, ar;q=0.1", "ar"}, {"", "en"}, {"\x00\xff", "en"}, {"*", "en"}, {strings.Repeat("ar,", 5000), "ar"},
	} {
		if got := b.Match(row.wish).Lang(); got != row.want {
			t.Errorf("%.20q: %s, want %s", row.wish, got, row.want)
		}
	}
	if got := b.Match("xx", "", "ar").Dir(); got != "rtl" {
		t.Error("the later wish is not read")
	}
}

func TestT(t *testing.T) {
	b := load(t)
	en, ar := b.Match("en"), b.Match("ar")
	for _, row := range []struct{ got, want string }{
		{en.T("code.lifetime_sms", "count", 1), "The code works for 1 minute."},
		{en.T("code.lifetime_sms", "count", 10), "The code works for 10 minutes."},
		{en.T("code.lifetime_sms", "count", float64(1)), "The code works for 1 minute."},
		{ar.T("code.lifetime_sms", "count", 2), "يعمل الرمز لمدة دقيقتين."},
		{ar.T("code.lifetime_sms", "count", 5), "يعمل الرمز لمدة 5 دقائق."},
		{ar.T("code.lifetime_sms", "count", 11), "يعمل الرمز لمدة 11 دقيقة."},
		{en.T("signin.title", "tenant", "{app} & <b>"), "Sign in to {app} & <b>"},
		{ar.T("identify.lead", "app", "Market"), "للمتابعة إلى \u2068Market\u2069"},
		{en.T("no.such.key"), "no.such.key"},
		{ar.T("tenant.plan"), "Choose a plan"},
	} {
		if row.got != row.want {
			t.Errorf("got  %s\nwant %s", row.got, row.want)
		}
	}
	args := map[string]any{"app": "Market"}
	ar.T("identify.lead", args)
	if args["app"] != "Market" {
		t.Error("the caller's values were changed")
	}
}

func TestNamesOfThings(t *testing.T) {
	b := load(t)
	if got := b.Name(language.German); got != "Deutsch" {
		t.Error(got)
	}
	en := b.Match("en").Countries()
	if len(en) < 240 || len(en) > 255 {
		t.Errorf("%d countries", len(en))
	}
	for code, name := range map[string]string{"DE": "Germany", "XK": "Kosovo", "GB": "United Kingdom", "TW": "Taiwan", "EU": "", "ZZ": "", "QO": "", "XA": "", "SU": "", "UK": ""} {
		if en[code] != name {
			t.Errorf("%s is called %q", code, en[code])
		}
	}
	if got := b.Match("ar").Countries()["EG"]; got != "مصر" {
		t.Error(got)
	}
	at := time.Date(2026, 11, 21, 9, 5, 0, 0, time.FixedZone("CET", 3600))
	if got := b.Match("en").Time(at); got != "21 November 2026, 09:05 UTC+1" {
		t.Error(got)
	}
	for seconds, want := range map[int]string{0: "UTC", 5*3600 + 1800: "UTC+5:30", -(3*3600 + 1800): "UTC−3:30", -9 * 3600: "UTC−9"} {
		if got := b.Match("de").Time(at.In(time.FixedZone("", seconds))); !strings.HasSuffix(strings.Trim(got, "\u2069"), want) {
			t.Errorf("%q does not end with %s", got, want)
		}
	}
	// Its own words give a date its direction: they are not isolated inside it (UAX 9 looks past isolates).
	if got := b.Match("ar").Date(at); strings.ContainsAny(got, "\u2068\u2069") {
		t.Errorf("%q would be turned around inside a sentence", got)
	}
	if got := b.Match("ar").Date(at); !strings.Contains(got, "نوفمبر") {
		t.Error(got)
	}
}

func TestThePseudoLanguageIsLongerAndKeepsItsValues(t *testing.T) {
	b := load(t)
	plain, got := b.Match("en").T("signin.title", "tenant", "Fernhill"), b.Pseudo().T("signin.title", "tenant", "Fernhill")
	if !strings.Contains(got, "Fernhill") || len([]rune(got)) < len([]rune(plain))*5/4 || !strings.HasPrefix(got, "[") {
		t.Errorf("%s", got)
	}
}

// Accept-Language and ui_locales are strangers' words: whatever they say, somebody is answered.
func FuzzMatch(f *testing.F) {
	b, err := Load()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"en", "ar;q=0.5,*", "de_CH", "x-klingon", ";q=", "zh-Hant-TW-u-ca-chinese", "\xff", "i-enochian,en--US"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l := b.Match(s)
		if l.T("signin.button") == "signin.button" || l.Dir() != "ltr" && l.Dir() != "rtl" {
			t.Errorf("%q is answered by %q", s, l.Lang())
		}
	})
}

// Values are strangers' words too: they come out as they are, once.
func FuzzFill(f *testing.F) {
	f.Add("{tenant}", "{app}")
	f.Add("{{tenant}}", "}{")
	f.Fuzz(func(t *testing.T, tenant, app string) {
		got := fill("a {tenant} b {app} c {other", map[string]any{"tenant": tenant, "app": app})
		if want := "a " + tenant + " b " + app + " c {other"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func BenchmarkCountries(b *testing.B) {
	bundle, err := Load()
	if err != nil {
		b.Fatal(err)
	}
	l := bundle.Match("ar")
	for b.Loop() {
		if len(l.Countries()) < 200 {
			b.Fatal("too few")
		}
	}
}

func TestALockSaysItsMinutes(t *testing.T) {
	b := load(t)
	for _, c := range []struct {
		lang  string
		count int
		want  string
	}{
		{"en", 1, "wait 1 minute and"}, {"en", 32, "wait 32 minutes and"}, {"de", 1, "1 Minute und"}, {"de", 2, "2 Minuten und"},
		{"ar", 1, "دقيقة واحدة"}, {"ar", 2, "دقيقتين"}, {"ar", 4, "4 دقائق"}, {"ar", 16, "16 دقيقة"}, {"ar", 100, "100 دقيقة"},
	} {
		if got := b.Match(c.lang).T("signin.locked", "count", c.count); !strings.Contains(got, c.want) {
			t.Errorf("%s %d: %s", c.lang, c.count, got)
		}
	}
}

// BenchmarkReadingACatalogue is what the first visitor of a language waits for, and what stays in memory afterwards.
func BenchmarkReadingACatalogue(b *testing.B) {
	for _, tag := range load(b).Tags() {
		b.Run(tag.String(), func(b *testing.B) {
			heap := func() uint64 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				return m.HeapAlloc
			}
			before := heap()
			m, err := readCatalogue("catalog/" + tag.String() + ".json")
			if err != nil {
				b.Fatal(err)
			}
			kept := heap() - before
			for b.Loop() {
				if m, err = readCatalogue("catalog/" + tag.String() + ".json"); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(kept)/1024, "KB-kept")
			runtime.KeepAlive(m)
		})
	}
}
