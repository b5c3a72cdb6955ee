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
	mapped, err := caseMapped(s)
	if err != nil {
		return "", err
	}
	return Skeleton(mapped), nil
}

// ShownUserName is the form in which a user name is kept and shown: as it was written, but all in small letters
// when it holds a capital I, which cannot be told from a small L. What is no user name is given back as it is.
func ShownUserName(s string) string {
	typed := strings.TrimSpace(s)
	if !strings.ContainsAny(norm.NFKD.String(typed), "IІΙ") { // Latin, Cyrillic, Greek
		return typed
	}
	mapped, err := caseMapped(typed)
	if err != nil {
		return s
	}
	return mapped
}

// caseMapped checks a name and gives it before look-alikes are made one.
func caseMapped(s string) (string, error) {
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
	return mapped, nil
}

// Skeleton makes case-mapped names that cannot be told apart one: digits of every script are 0 to 9, 1 is l
// and 0 is o ("paypa1" is "paypal"), and a name of which every letter has a look-alike in the Latin alphabet is
// that Latin name ("аррӏе" in Cyrillic is "apple"). A name with one letter of its own script that looks like
// no other stays as it is, but for a zero, which is that script's o. Not seen are pairs of letters that look
// like one (rn and m).
func Skeleton(s string) string {
	var b strings.Builder
	three := false
	for _, c := range norm.NFD.String(s) {
		switch {
		case c == '|':
			b.WriteByte('l')
		case unicode.IsDigit(c):
			b.WriteRune(plain(c, 'o'))
		case c > unicode.MaxASCII && unicode.IsLetter(c):
			latin, ok := lookAlike(c)
			three = three || latin == '3'
			if !ok {
				return withDigits(s)
			}
			b.WriteRune(latin)
		default:
			b.WriteRune(c)
		}
	}
	out := norm.NFC.String(b.String())
	if three && strings.ContainsFunc(out, func(c rune) bool { return c > unicode.MaxASCII }) {
		return withDigits(s) // accents tell it apart; and no name of RFC 5893 begins with a digit before them
	}
	return out
}

func withDigits(s string) string {
	zero := 'o'
	for _, c := range s {
		switch script(c) {
		case "Latin", "Han", "Hiragana", "Katakana", "Hangul", "Bopomofo", "": // may stand beside Latin letters
		case "Cyrillic":
			zero = 'о'
		case "Greek":
			zero = 'ο'
		default:
			zero = '0'
		}
	}
	return strings.Map(func(c rune) rune {
		switch {
		case unicode.IsDigit(c):
			return plain(c, zero)
		case c == '|' && zero == 'o':
			return 'l'
		}
		return c
	}, s)
}

// plain gives a digit of any script as what it looks like. A zero that is no Latin o stands in a name of
// another script, which has no l that a 1 could be.
func plain(c, zero rune) rune {
	n := rune('0' + digit(c))
	switch {
	case n == '0':
		return zero
	case n == '1' && zero == 'o':
		return 'l'
	}
	return n
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

// The letters that pass for a Latin one, in pairs: Cyrillic (some only as capitals, which people may type; Ze is a 3),
// Greek, Armenian, and the odd ones of the Latin script itself.
const lookAlikes = "з3ӡ3" +
	"аaвbсcԁdеeһhіiјjкkӏlмmнhоoрpԛqѕsтtуyѵvԝwхxүy" +
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
		// Beyond the alphabets of Europe only letters with marks (ơ, ș, ǧ) and the few that languages need:
		// the rest are phonetic or historic and look like digits or other letters (Ƽ, Ƨ, Ȣ, ǀ).
		base, _ := utf8.DecodeRuneInString(norm.NFD.String(string(c)))
		if base < 0x180 || strings.ContainsRune("ƒƙƴǥ", c) {
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
