package account

import (
	"strings"
	"testing"

	"portico/app/fault"
)

func TestCanonicalUserName(t *testing.T) {
	for in, want := range map[string]string{
		"Anna":                   "anna",
		"  anna.b_c-1 ":          "anna.b_c-l",
		"K-1001":                 "k-lool",
		"42":                     "42",
		"ＡＮＮＡ":                   "anna", // full width
		"ﬁna":                    "fina", // a ligature
		"paypa1":                 "paypal",
		"paypa|":                 "paypal",
		"PAYPA1":                 "paypal",
		"paypaI":                 "paypai", // and shown as paypai
		"b0b":                    "bob",
		"groß0":                  "großo",
		"山田1":                    "山田l",
		"сергей0":                "сергейо",
		"νίκος0":                 "νίκοςο",
		"З08":                    "3o8", // a Cyrillic letter
		"Ƽ308091":                "",
		"Ʒ":                      "",
		"Ƨ":                      "",
		"Ȣ":                      "",
		"annaǃ":                  "",
		"annaǀ":                  "",
		"paypaƚ":                 "",
		"Ștefan":                 "ștefan",
		"Nguyễn":                 "nguyễn",
		"Trương":                 "trương",
		"Ǧelio":                  "ǧelio",
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

// No shown name holds a capital I, and what is shown stands for the same name.
func TestShownUserNames(t *testing.T) {
	for in, want := range map[string]string{"Anna": "Anna", " FH-104213 ": "FH-104213", "paypaI": "paypai", "PAYPAI": "paypai", "Ian": "ian", "Ｉan": "ian",
		"ΝΙΚΟΣ": "νικοσ", "РАІ": "раі", "Íris": "íris", "İnan": "i̇nan", "no name": "no name", "": "", "I@x": "I@x"} {
		got := ShownUserName(in)
		if got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
		a, _ := CanonicalUserName(in)
		if b, _ := CanonicalUserName(got); a != b {
			t.Errorf("%q stands for %q, %q for %q", in, a, got, b)
		}
	}
}

func FuzzCanonicalUserName(f *testing.F) {
	for _, s := range []string{"Anna", "аррӏе", "山田Taro", "محمد١", "Ju\u0308rgen", "ﬁna", "İ", "ς", "ǅ", "०1", "paypa|", "сергей0", "З08", "ӟ", "Ꙩ1٠"} {
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
		if shown, err := CanonicalUserName(ShownUserName(in)); err != nil || shown != once {
			t.Errorf("%q is shown as %q", in, ShownUserName(in))
		}
		if strings.ContainsAny(once, "@ \t\r\n") || once == "" {
			t.Errorf("%q becomes %q", in, once)
		}
	})
}
