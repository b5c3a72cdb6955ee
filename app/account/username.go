package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"

	"portico/app/fault"
)

// MaxUserName is the longest user name in characters.
const MaxUserName = 64

// CanonicalUserName is the form in which user names are compared: trimmed, NFKC, RFC 8265's
// UsernameCaseMapped (width and case folded, the bidi rule, no spaces, symbols or invisible characters), and
// names that look alike made one (Skeleton). Refused are what would pass for an address and letters of
// scripts that nobody mixes (Unicode Technical Standard #39 §5.2, highly restrictive). It is stable: the form
// of the form is the form.
func CanonicalUserName(s string) (string, error) {
	bad := func(key string) (string, error) {
		return "", fault.BadField("userName", "field.user_name."+key, map[string]any{"count": MaxUserName})
	}
	if len(s) > 8*MaxUserName { // before anything costs: no letter of a name needs so much
		return bad("long")
	}
	s = norm.NFKC.String(strings.TrimSpace(s))
	switch {
	case s == "":
		return bad("required")
	case utf8.RuneCountInString(s) > MaxUserName:
		return bad("long")
	case strings.Contains(s, "@"):
		return bad("at")
	case strings.ContainsFunc(s, unicode.IsSpace):
		return bad("invalid")
	}
	first, _ := utf8.DecodeRuneInString(s)
	mapped, err := precis.UsernameCaseMapped.String(s)
	if err != nil || !unicode.IsLetter(first) && !unicode.IsDigit(first) || utf8.RuneCountInString(mapped) > MaxUserName {
		return bad("characters")
	}
	known, mixed := scripts(mapped)
	switch {
	case !known:
		return bad("characters")
	case mixed:
		return bad("scripts")
	}
	return Skeleton(mapped), nil
}

// Skeleton makes names that cannot be told apart one: digits of every script are 0 to 9, and a name of which
// every letter has a look-alike in the Latin alphabet is that Latin name ("аррӏе" in Cyrillic is "apple").
// A name with one letter of its own script that looks like no other stays as it is.
func Skeleton(s string) string {
	var b strings.Builder
	for _, c := range norm.NFD.String(s) {
		switch {
		case unicode.IsDigit(c):
			b.WriteByte('0' + digit(c))
		case c > unicode.MaxASCII && unicode.IsLetter(c):
			latin, ok := lookAlike(c)
			if !ok {
				return withDigits(s)
			}
			b.WriteRune(latin)
		default:
			b.WriteRune(c)
		}
	}
	return norm.NFC.String(b.String())
}

func withDigits(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsDigit(c) {
			return rune('0' + digit(c))
		}
		return c
	}, s)
}

// digit is the value of a decimal digit: Unicode keeps the ten of a script together, in order.
func digit(c rune) byte {
	for _, r := range unicode.Nd.R16 {
		if rune(r.Lo) <= c && c <= rune(r.Hi) {
			return byte((c - rune(r.Lo)) % 10)
		}
	}
	for _, r := range unicode.Nd.R32 {
		if rune(r.Lo) <= c && c <= rune(r.Hi) {
			return byte((c - rune(r.Lo)) % 10)
		}
	}
	return 0
}

// The letters that pass for a Latin one, in pairs: Cyrillic (some only as capitals, which people may type),
// Greek, Armenian, and the odd ones of the Latin script itself.
const lookAlikes = "аaвbсcԁdеeһhіiјjкkӏlмmнhоoрpԛqѕsтtуyѵvԝwхxүy" +
	"αaβbεeηnιiκkνvοoρpτtυuχxωwγyμuϲcϳj" +
	"օoսuոnհhյjզq" +
	"ıiȷjĸkǀl"

func lookAlike(c rune) (latin rune, ok bool) {
	at := strings.IndexRune(lookAlikes, c)
	if at < 0 {
		return 0, false
	}
	latin, _ = utf8.DecodeRuneInString(lookAlikes[at+utf8.RuneLen(c):])
	return latin, true
}

// scripts reports whether every letter belongs to a script in everyday use (Unicode Standard Annex #31,
// table 5), and whether they mix in a way that no language does. Japanese, Chinese and Korean do.
func scripts(s string) (known, mixed bool) {
	seen := map[string]bool{}
	for _, c := range s {
		if c <= unicode.MaxASCII && !unicode.IsLetter(c) || unicode.In(c, unicode.Common, unicode.Inherited) {
			continue
		}
		name := script(c)
		if name == "" {
			return false, false
		}
		seen[name] = true
	}
	if len(seen) < 2 {
		return true, false
	}
together:
	for _, may := range []string{"Latin Han Hiragana Katakana", "Latin Han Bopomofo", "Latin Han Hangul"} {
		for name := range seen {
			if !strings.Contains(may, name) {
				continue together
			}
		}
		return true, false
	}
	return true, true
}

func script(c rune) string {
	if unicode.Is(unicode.Latin, c) {
		// Phonetic letters beyond these look like others and are in no language's alphabet.
		if c < 0x250 || c >= 0x1E00 && c <= 0x1EFF {
			return "Latin"
		}
		return ""
	}
	for _, name := range strings.Fields("Arabic Armenian Bengali Bopomofo Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Han Hangul " +
		"Hebrew Hiragana Kannada Katakana Khmer Lao Malayalam Myanmar Oriya Sinhala Tamil Telugu Thaana Thai Tibetan") {
		if unicode.Is(unicode.Scripts[name], c) {
			return name
		}
	}
	return ""
}
