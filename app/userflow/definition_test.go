package userflow

import (
	"slices"
	"strings"
	"testing"

	"portico/app/fault"
)

const someTenant = "11111111-2222-4333-8444-555555555555"

// R 2.5.4: "Loyalty Number" becomes loyaltyNumber.
func TestDefinitionID(t *testing.T) {
	app := strings.ReplaceAll(ExtensionsApp(someTenant), "-", "")
	for name, want := range map[string]string{"Loyalty Number": "loyaltyNumber", "Loyalty number": "loyaltyNumber", "loyalty-number": "loyaltyNumber", " Age ": "age",
		"a_b": "a_b", "2nd choice": "2ndChoice", "Größe": "grE", "Size (EU)": "sizeEU", "数": "", "!!!": "", "": "", "شارع 5": "5"} {
		if want != "" {
			want = "extension_" + app + "_" + want
		}
		if got := DefinitionID(someTenant, name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if len(app) != 32 || app == strings.ReplaceAll(ExtensionsApp("another"), "-", "") || ExtensionsApp(someTenant) != ExtensionsApp(strings.ToUpper(someTenant)) {
		t.Errorf("%q", app)
	}
	if a := ExtensionsApp(someTenant); a[14] != '5' || !strings.ContainsRune("89ab", rune(a[19])) {
		t.Errorf("%s is no UUID of version 5", a)
	}
}

func TestDefinitionsThatCannotBeSaved(t *testing.T) {
	one, two := int64(1), int64(2)
	for name, c := range map[string]struct {
		edit func(*Definition)
		want []string
	}{
		"a plain text":             {func(*Definition) {}, nil},
		"no name":                  {func(d *Definition) { d.Name = " " }, []string{"name attribute.name.required"}},
		"a name of 65 characters":  {func(d *Definition) { d.Name = strings.Repeat("é", 65) }, []string{"name attribute.name.required"}},
		"a name that turns around": {func(d *Definition) { d.Name = "a\u202Eb" }, []string{"name flow.text.invisible"}},
		"a name without letters":   {func(d *Definition) { d.ID = "" }, []string{"name attribute.name.letters"}},
		"an id of one's own":       {func(d *Definition) { d.ID = "extension_0123abcd_size" }, nil},
		"an id with markup":        {func(d *Definition) { d.ID = "extension_<b>" }, []string{"name attribute.name.letters"}},
		"an id that is built in":   {func(d *Definition) { d.ID = "city" }, []string{"name attribute.name.letters"}},
		"an endless id":            {func(d *Definition) { d.ID = "extension_" + strings.Repeat("a", 201) }, []string{"name attribute.name.letters"}},
		"no type":                  {func(d *Definition) { d.DataType = "" }, []string{"dataType attribute.type.required"}},
		"an unknown type":          {func(d *Definition) { d.DataType = "blob" }, []string{"dataType attribute.type.required"}},
		"a long description":       {func(d *Definition) { d.Description = strings.Repeat("x", 501) }, []string{"description flow.text.long"}},
		"a description that turns": {func(d *Definition) { d.Description = "a\u202Eb" }, []string{"description flow.text.invisible"}},
		"words that turn around":   {func(d *Definition) { d.Message = "a\u202Eb" }, []string{"message flow.text.invisible"}},
		"a pattern that turns":     {func(d *Definition) { d.Pattern, d.Message = "a\u202Eb", "x" }, []string{"pattern flow.text.invisible"}},
		"a name of nothing seen":   {func(d *Definition) { d.Name = "\u200D" }, []string{"name flow.text.invisible"}},
		"an option of a filler":    {func(d *Definition) { d.DataType, d.Options = Choice, []Option{{"\u3164", "a"}} }, []string{"options flow.text.invisible"}},
		"an option of a joiner":    {func(d *Definition) { d.DataType, d.Options = Choice, []Option{{"\u200D", "a"}} }, []string{"options flow.text.invisible"}},
		"a value of a soft hyphen": {func(d *Definition) { d.DataType, d.Options = Choice, []Option{{"A", "a\u00AD"}} }, []string{"options flow.text.invisible"}},
		"an option to no page":     {func(d *Definition) { d.DataType, d.Options = Choice, []Option{{"[A](/a)", "a"}} }, []string{"options flow.text.link"}},
		"a choice of nothing":      {func(d *Definition) { d.DataType = Choice }, []string{"options attribute.options.few"}},
		"a choice":                 {func(d *Definition) { d.DataType, d.Options = Choice, []Option{{"A [link](https://a.example)", "a"}} }, nil},
		"options of a text":        {func(d *Definition) { d.Options = []Option{{"A", "a"}} }, []string{"options attribute.options.choice_only"}},
		"a pattern":                {func(d *Definition) { d.Pattern, d.Message = `\d+`, "Digits" }, nil},
		"a pattern without words":  {func(d *Definition) { d.Pattern = `\d+` }, []string{"message attribute.pattern.message"}},
		"a pattern that is none":   {func(d *Definition) { d.Pattern, d.Message = `(`, "x" }, []string{"pattern pattern.invalid"}},
		"one that backtracks":      {func(d *Definition) { d.Pattern, d.Message = `(?!a)b`, "x" }, []string{"pattern pattern.backtracks"}},
		"a pattern of a number":    {func(d *Definition) { d.DataType, d.Pattern, d.Message = Int, `\d`, "x" }, []string{"pattern attribute.pattern.text_only"}},
		"words that are too many":  {func(d *Definition) { d.Pattern, d.Message = `\d`, strings.Repeat("x", 251) }, []string{"message flow.text.long"}},
		"longer than can be":       {func(d *Definition) { d.MaxLength = 251 }, []string{"maxLength attribute.length.range"}},
		"shorter than nothing":     {func(d *Definition) { d.MaxLength = -1 }, []string{"maxLength attribute.length.range"}},
		"a length of a date":       {func(d *Definition) { d.DataType, d.MaxLength = Date, 3 }, []string{"maxLength attribute.length.text_only"}},
		"a range of a text":        {func(d *Definition) { d.Low = &one }, []string{"low attribute.range.number_only"}},
		"a range of a tick":        {func(d *Definition) { d.DataType, d.High = Boolean, &one }, []string{"high attribute.range.number_only"}},
		"a range":                  {func(d *Definition) { d.DataType, d.Low, d.High = Int, &one, &two }, nil},
		"a range turned around":    {func(d *Definition) { d.DataType, d.Low, d.High = Int, &two, &one }, []string{"high attribute.range.order"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := Definition{ID: DefinitionID(someTenant, "Size"), Name: "Size", DataType: String}
			c.edit(&d)
			if got := complaints(d.Validate()); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestPatterns(t *testing.T) {
	for p, want := range map[string]string{
		`[A-Z]{2}\d{4}`:          "",
		`(?i)abc`:                "",
		`a|b`:                    "",
		`(?P<x>a)`:               "",
		`(a+)+$`:                 "", // RE2 takes no longer for it
		`(?=a)a`:                 "pattern.backtracks",
		`(?!a)b`:                 "pattern.backtracks",
		`(?<=a)b`:                "pattern.backtracks",
		`(?<!a)b`:                "pattern.backtracks",
		`(a)\1`:                  "pattern.backtracks",
		`(?P<x>a)\k<x>`:          "pattern.backtracks",
		`(a{999}){999}`:          "pattern.big",
		`a{1001}`:                "pattern.big",
		`((a{99}){99}){2}`:       "pattern.big",
		`(`:                      "pattern.invalid",
		`a)|(b`:                  "pattern.invalid",
		`[`:                      "pattern.invalid",
		`*`:                      "pattern.invalid",
		"\xff":                   "pattern.invalid",
		strings.Repeat("a", 501): "pattern.long",
		strings.Repeat("(", 400): "pattern.invalid",
		`a\\1`:                   "", // a backslash and a one
		"a\u202Eb":               "flow.text.invisible",
		"[^\u200B]+":             "flow.text.invisible",
		`[^\x{200B}\x{202E}]+`:   "",
	} {
		_, err := CompilePattern(p)
		got := ""
		if err != nil {
			got = strings.TrimPrefix(complaints(err)[0], "pattern ")
		}
		if got != want {
			t.Errorf("%.40s: %q, want %q", p, got, want)
		}
	}
	for _, c := range []struct {
		pattern, value string
		want           bool
	}{{"a|b", "ab", false}, {"a|b", "b", true}, {"a", "xa", false}, {"(?m)^a$", "b\na", false}, {"a", "a\n", false}, {"(?i)ab", "AB", true}, {`\d+`, "٣", false}} {
		re, err := CompilePattern(c.pattern)
		if err != nil || re.MatchString(c.value) != c.want {
			t.Errorf("%s on %q: %v", c.pattern, c.value, err)
		}
	}
}

func FuzzCompilePattern(f *testing.F) {
	for _, s := range []string{`\d+`, `(?=a)`, `(a{999}){999}`, `a)|(b`, `\Qa`, `(?m)^$`, "[^\x00]"} {
		f.Add(s, "a")
	}
	f.Fuzz(func(t *testing.T, p, value string) {
		re, err := CompilePattern(p)
		if err != nil {
			if len(complaints(err)) != 1 {
				t.Errorf("%q: %v", p, err)
			}
			return
		}
		if m := re.FindString(value); re.MatchString(value) && m != value {
			t.Errorf("%q matches %q of %q", p, m, value)
		}
	})
}

// What cannot be seen is refused; what scripts and emoji are written with is not.
func TestReadable(t *testing.T) {
	for _, c := range "\u200B\u2060\u2061\u2062\u2063\u2064\u00AD\u3164\u115F\u1160\uFFA0\u180E\uFEFF\u202A\u202E\u2066\u2069\u2028\x00\x1b" {
		if Readable("a" + string(c) + "b") {
			t.Errorf("U+%04X is taken", c)
		}
	}
	for _, s := range []string{"", "Größe", "می\u200Cخواهم", "👩\u200D🚀", "abc\u200E \u200Fعنوان", "한국어", "two\nlines\tand a tab", "❤\uFE0F"} {
		if !Readable(s) {
			t.Errorf("%q is refused", s)
		}
	}
	for s, want := range map[string]bool{"": false, " ": false, "\u200D\u200E": false, "\u2800": false, "\u3164": false, "\u0301": false, "🏠": true, "数": true, "?": true, "7": true} {
		if visible(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}

// A complaint quotes the pattern as it was written, without what is put around it.
func TestAPatternIsQuotedAsWritten(t *testing.T) {
	for p, want := range map[string]string{"(": "missing closing ): `(`", "(?:a": "missing closing ): `(?:a`", "a)|(b": "unexpected ): `a)|(b`", `\Qa`: "missing closing ): `\\Qa`", "[": "missing closing ]: `[`"} {
		_, err := CompilePattern(p)
		if err == nil || fault.Of(err).Fields[0].Args["error"] != want {
			t.Errorf("%s: %v", p, err)
		}
	}
}
