package account

import (
	"strings"
	"testing"

	"portico/app/fault"
)

func TestCanonicalUserName(t *testing.T) {
	for in, want := range map[string]string{
		"Anna":                   "anna",
		"  anna.b_c-1 ":          "anna.b_c-1",
		"K-1001":                 "k-1001",
		"42":                     "42",
		"ＡＮＮＡ":                   "anna", // full width
		"ﬁna":                    "fina", // a ligature
		"Jürgen":                 "jürgen",
		"Ju\u0308rgen":           "jürgen", // composed or not is one name
		"Žofie":                  "žofie",
		"сергей":                 "сергей",
		"СЕРГЕЙ":                 "сергей",
		"Νίκος":                  "νίκος",
		"محمد":                   "محمد",
		"דנה":                    "דנה",
		"山田太郎":                   "山田太郎",
		"山田Taro":                 "山田taro",
		"たろうタロウ":                 "たろうタロウ",
		"김anna":                  "김anna",
		"аррӏе":                  "apple", // every letter is Cyrillic
		"АРРӀЕ":                  "apple",
		"рауу":                   "payy",
		"αννα":                   "avva",
		"ехё":                    "exë",
		"anna١":                  "", // an Arabic digit in a name that runs the other way
		"محمد١٢":                 "محمد12",
		"":                       "",
		"   ":                    "",
		"anna@example.com":       "",
		"anna＠example":           "", // a full-width @
		"anna smith":             "",
		"anna\u00a0smith":        "",
		"pаypal":                 "", // one Cyrillic letter
		"αnna":                   "",
		"山田сергей":               "",
		"anna\u202Esmith":        "", // right-to-left override
		"\u200Banna":             "",
		"an\u00ADna":             "", // soft hyphen
		"anna\x00":               "",
		"anna\r\nX":              "",
		"anna\xff":               "",
		"anna🏠":                  "",
		".anna":                  "",
		"-":                      "",
		"\u0301a":                "", // begins with a mark
		"ᴀnna":                   "", // phonetic letters
		"ꭰꭱ":                     "", // Cherokee capitals look like D and E
		strings.Repeat("a", 64):  strings.Repeat("a", 64),
		strings.Repeat("a", 65):  "",
		strings.Repeat("a", 1e5): "",
	} {
		got, err := CanonicalUserName(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%.80q: got %q, %v, want %q", in, got, err, want)
		}
		if err != nil && fault.Of(err).Fields[0].Name != "userName" {
			t.Errorf("%q: the complaint names no field", in)
		}
	}
}

func TestUserNamesAreRefusedInTheRightWords(t *testing.T) {
	for in, want := range map[string]string{"": "required", "a b": "invalid", "a@b": "at", strings.Repeat("é", 65): "long", "a\u200Db": "characters", "pаypal": "scripts"} {
		_, err := CanonicalUserName(in)
		if err == nil || fault.Of(err).Key != "field.user_name."+want {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func FuzzCanonicalUserName(f *testing.F) {
	for _, s := range []string{"Anna", "аррӏе", "山田Taro", "محمد١", "Ju\u0308rgen", "ﬁna", "İ", "ς", "ǅ", "०1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		once, err := CanonicalUserName(in)
		if err != nil {
			return
		}
		if twice, err := CanonicalUserName(once); err != nil || twice != once {
			t.Errorf("%q becomes %q becomes %q, %v", in, once, twice, err)
		}
		if strings.ContainsAny(once, "@ \t\r\n") || once == "" {
			t.Errorf("%q becomes %q", in, once)
		}
	})
}
