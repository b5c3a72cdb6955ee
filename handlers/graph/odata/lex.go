package odata

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

type tokenKind int

const (
	tEnd tokenKind = iota
	tWord
	tString
	tOpen
	tClose
	tComma
	tColon
	tSlash
)

type token struct {
	kind tokenKind
	text string
	pos  int
}

// lex cuts a filter into tokens. A word that begins with a digit or a minus may hold colons and plus
// signs, because times are written bare; any other word may not, because of "x:x/name".
func lex(s string) ([]token, error) {
	if len(s) > MaxLength {
		return nil, &Error{MaxLength, "the expression is too long"}
	}
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return nil, &Error{0, "the expression is not valid text"}
	}
	var out []token
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case c == '(':
			out = append(out, token{tOpen, "(", i})
			i++
		case c == ')':
			out = append(out, token{tClose, ")", i})
			i++
		case c == ',':
			out = append(out, token{tComma, ",", i})
			i++
		case c == ':':
			out = append(out, token{tColon, ":", i})
			i++
		case c == '/':
			out = append(out, token{tSlash, "/", i})
			i++
		case c == '\'':
			text, next, err := quoted(s, i)
			if err != nil {
				return nil, err
			}
			out = append(out, token{tString, text, i})
			i = next
		case wordByte(c) || c == '-':
			start := i
			loose := c >= '0' && c <= '9' || c == '-'
			for i < len(s) && (wordByte(s[i]) || s[i] == '-' || loose && (s[i] == ':' || s[i] == '+')) {
				i++
			}
			out = append(out, token{tWord, s[start:i], start})
		default:
			return nil, &Error{i, "unexpected character"}
		}
	}
	return append(out, token{tEnd, "", len(s)}), nil
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '$' || c == '@'
}

// quoted reads a quoted text, two quotes standing for one; it returns the text and the index after the closing quote.
func quoted(s string, i int) (string, int, error) {
	var b strings.Builder
	for j := i + 1; j < len(s); j++ {
		if s[j] != '\'' {
			b.WriteByte(s[j])
			continue
		}
		if j+1 < len(s) && s[j+1] == '\'' {
			b.WriteByte('\'')
			j++
			continue
		}
		return b.String(), j + 1, nil
	}
	return "", 0, &Error{i, "the quote is not closed"}
}

var (
	guidShape   = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	numberShape = regexp.MustCompile(`^-?[0-9]{1,18}(\.[0-9]{1,18})?$`)
	nameShape   = regexp.MustCompile(`^[A-Za-z_@$][A-Za-z0-9_.@$-]*$`)
)

// IsGUID reports whether s has the shape 8-4-4-4-12.
func IsGUID(s string) bool { return guidShape.MatchString(s) }
