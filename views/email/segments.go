package email

import (
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

// The alphabet of text messages (3GPP TS 23.038 §6.2.1), and what counts twice in it.
const (
	gsm  = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsm2 = "\f^{}\\[~]|€"
)

// Segments counts how many messages a text is sent, and paid, as, and whether it keeps to that alphabet: 160 letters,
// or 153 in each of several; else 70, or 67.
func Segments(text string) (n int, plain bool) {
	length := 0
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsm, r):
			length++
		case strings.ContainsRune(gsm2, r):
			length += 2
		default:
			return parts(len(utf16.Encode([]rune(text))), 70, 67), false
		}
	}
	return parts(length, 160, 153), true
}

func parts(length, one, several int) int {
	if length <= one {
		return 1
	}
	return (length + several - 1) / several
}

// typewriter has the signs of print in those of a telephone.
var typewriter = strings.NewReplacer("’", "'", "‘", "'", "“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`, "–", "-", "—", "-", "…", "...", "\u00a0", " ", "\u202f", " ")

// telephone is a text in the alphabet of text messages if signs of print are all that it lacks: it has room for twice
// as much then.
func telephone(text string) string {
	t := typewriter.Replace(text)
	if _, plain := Segments(t); plain {
		return t
	}
	return text
}

// unmarked leaves out the marks on Latin letters that the alphabet lacks, as people do on their telephones, and the
// invisible ones around names.
func unmarked(text string) string {
	var b strings.Builder
	for _, r := range typewriter.Replace(text) {
		switch {
		case r == '\u2068' || r == '\u2069':
		case strings.ContainsRune(gsm+gsm2, r):
			b.WriteRune(r)
		case r == 'ł':
			b.WriteRune('l')
		case r == 'Ł':
			b.WriteRune('L')
		case unicode.Is(unicode.Latin, r):
			for _, x := range norm.NFD.String(string(r)) {
				if !unicode.Is(unicode.Mn, x) {
					b.WriteRune(x)
				}
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// fitting gives the first of some wordings that goes into one message, with its marks or without, else the one that
// takes the fewest.
func fitting(wordings ...string) string {
	best, least := "", 0
	for _, w := range wordings {
		for _, t := range []string{telephone(w), unmarked(w)} {
			n, _ := Segments(t)
			if n == 1 {
				return t
			}
			if best == "" || n < least {
				best, least = t, n
			}
		}
	}
	return best
}
