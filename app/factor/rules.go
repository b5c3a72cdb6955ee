package factor

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"portico/app/fault"
)

//go:embed banned.txt
var bannedText string

// Breached tells whether a password is known from a breach. The list is local; nothing leaves the machine.
type Breached interface {
	Contains(password string) (bool, error)
}

// Rules say which passwords may be chosen (DESIGN §5.8, R 2.6, R 14.3).
type Rules struct {
	Min         int // characters; 0 = 8
	ThreeOfFour bool
	Banned      []string // the tenant's own words, besides the global list
	Breached    Breached // nil = no list configured
}

// MaxPassword is the longest password in characters.
const MaxPassword = 256

// Enough is the score from which a password is accepted (R 14.3.2).
const Enough = 5

// Check refuses a password and says why. Names are what the password must not contain: the person's
// names and address, the tenant's name.
func (r Rules) Check(password string, names ...string) error {
	bad := func(key string, args map[string]any) error { return fault.BadField("password", key, args) }
	p := norm.NFKC.String(password)
	shortest := max(r.Min, 8)
	switch n := utf8.RuneCountInString(p); {
	case p == "":
		return bad("field.new_password.required", nil)
	case !utf8.ValidString(password):
		return bad("field.new_password.invalid", nil)
	case n < shortest:
		return bad("field.new_password.short", map[string]any{"count": shortest})
	case n > MaxPassword:
		return bad("field.new_password.long", map[string]any{"count": MaxPassword})
	case r.ThreeOfFour && classes(p) < 3:
		return bad("field.new_password.classes", nil)
	}
	plain := Normalise(p)
	for _, name := range names {
		for _, word := range strings.FieldsFunc(name, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
			if w := Normalise(word); utf8.RuneCountInString(w) >= 4 && strings.Contains(plain, w) {
				return bad("field.new_password.name", nil)
			}
		}
	}
	if distinct(p) < 3 && utf8.RuneCountInString(p) < 32 || r.Score(p) < Enough {
		return bad("field.new_password.common", nil)
	}
	if r.Breached != nil {
		// A list that cannot be read must not let a known password pass unseen, nor stop every sign-up:
		// the caller decides, so the cause travels.
		known, err := r.Breached.Contains(password)
		if err != nil {
			return fault.Wrap(fault.Unavailable, "error.busy", err)
		}
		if known {
			return bad("field.new_password.breached", nil)
		}
	}
	return nil
}

// Score is what a password counts against the global list and the tenant's own words.
func (r Rules) Score(password string) int {
	return Score(norm.NFKC.String(password), slices.Concat(global(), r.Banned))
}

// Normalise is the vendor's comparison form: lower case, 0→o, 1→l, $→s, @→a (R 14.3.2).
func Normalise(s string) string {
	return strings.Map(func(c rune) rune {
		switch c {
		case '0':
			return 'o'
		case '1':
			return 'l'
		case '$':
			return 's'
		case '@':
			return 'a'
		}
		return unicode.ToLower(c)
	}, s)
}

// Score counts one point for each banned word found and one for each other character, over the split
// that scores least. A password within one edit of a banned word scores as that word alone.
func Score(password string, banned []string) int {
	p := []rune(Normalise(password))
	var words [][]rune
	for _, b := range banned {
		if w := []rune(Normalise(strings.TrimSpace(b))); len(w) >= 4 {
			if oneEdit(p, w) {
				return 1
			}
			words = append(words, w)
		}
	}
	least := make([]int, len(p)+1)
	for i := 1; i <= len(p); i++ {
		least[i] = least[i-1] + 1
		for _, w := range words {
			if j := i - len(w); j >= 0 && slices.Equal(p[j:i], w) {
				least[i] = min(least[i], least[j]+1)
			}
		}
	}
	return least[len(p)]
}

// oneEdit reports whether a and b differ by at most one inserted, removed or replaced character.
func oneEdit(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return i == len(a) || slices.Equal(a[i+1:], b[i+1:])
	}
	return slices.Equal(a[i:], b[i+1:])
}

// distinct counts the different characters: one key pressed again and again is no password.
func distinct(s string) int {
	seen := map[rune]bool{}
	for _, c := range s {
		seen[c] = true
	}
	return len(seen)
}

func classes(s string) int {
	var upper, lower, digit, other int
	for _, c := range s {
		switch {
		case unicode.IsUpper(c):
			upper = 1
		case unicode.IsDigit(c):
			digit = 1
		case unicode.IsLower(c):
			lower = 1
		default:
			other = 1
		}
	}
	return upper + lower + digit + other
}

func global() []string { return strings.Fields(bannedText) }
