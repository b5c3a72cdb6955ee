package webhook

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Kept is how much of an answer is kept to be shown.
const Kept = 1024

// Masked is the beginning of an answer as a page may show it: what looks like a secret or a token is hidden, because a
// receiver that echoes a request or prints its settings must not put them into our list.
func Masked(body []byte, secrets ...[]byte) string {
	const look = 4 * Kept // a secret that begins before the cut must not show its beginning
	cut := len(body) > Kept
	if len(body) > look {
		body = body[:look]
	}
	s := strings.ToValidUTF8(string(body), "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	for _, secret := range secrets {
		s = strings.ReplaceAll(s, string(secret), "•••")
	}
	for _, m := range masks() {
		s = m.what.ReplaceAllString(s, m.with)
	}
	if len(s) > Kept {
		s, cut = s[:Kept], true
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	if cut {
		s += "…"
	}
	return s
}

type mask struct {
	what *regexp.Regexp
	with string
}

func masks() []mask {
	return []mask{
		{regexp.MustCompile(`eyJ[A-Za-z0-9_-]{5,}(\.[A-Za-z0-9_-]*)*`), "•••"},
		{regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{4,}`), "$1 •••"},
		{regexp.MustCompile(`(?i)("?[a-z0-9_.-]*(?:password|passwd|secret|token|api[_-]?key|authorization|cookie|credential)[a-z0-9_.-]*"?\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|[^\s,;&}]+)`), "$1•••"},
		{regexp.MustCompile(`\b[A-Za-z0-9+/_-]{40,}={0,2}`), "•••"},
	}
}
