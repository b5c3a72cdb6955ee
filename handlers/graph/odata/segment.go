package odata

import (
	"net/url"
	"strings"
)

// Segment is one element of a resource path: users, applications(appId='…'), delta(), $count,
// graph.user. Name is decoded; Keys holds the alternate keys, "" naming a key without a name.
type Segment struct {
	Name   string
	Keys   map[string]string
	Parens bool
}

// ParsePath cuts a raw, still percent-encoded path into segments. Empty elements (a trailing or doubled
// slash) are left out: the API never redirects.
func ParsePath(raw string) ([]Segment, error) {
	var out []Segment
	for _, part := range splitOutsideQuotes(raw, '/') {
		if part == "" {
			continue
		}
		if len(out) == 32 {
			return nil, &Error{0, "the path is too long"}
		}
		text, err := url.PathUnescape(part)
		if err != nil || strings.IndexByte(text, 0) >= 0 {
			return nil, &Error{0, "the path is not well encoded"}
		}
		s, err := parseSegment(text)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func parseSegment(text string) (Segment, error) {
	open := strings.IndexByte(text, '(')
	if open < 1 || !strings.HasSuffix(text, ")") || !nameShape.MatchString(text[:open]) {
		return Segment{Name: text}, nil
	}
	s := Segment{Name: text[:open], Parens: true}
	inner := strings.TrimSpace(text[open+1 : len(text)-1])
	if inner == "" {
		return s, nil
	}
	s.Keys = map[string]string{}
	for _, part := range splitOutsideQuotes(inner, ',') {
		name, value := "", strings.TrimSpace(part)
		if eq := strings.IndexByte(value, '='); eq > 0 && nameShape.MatchString(strings.TrimSpace(value[:eq])) {
			name, value = strings.TrimSpace(value[:eq]), strings.TrimSpace(value[eq+1:])
		}
		if strings.HasPrefix(value, "'") {
			unquoted, end, err := quoted(value, 0)
			if err != nil || end != len(value) {
				return s, &Error{open, "the key is not well quoted"}
			}
			value = unquoted
		}
		if value == "" {
			return s, &Error{open, "the key is empty"}
		}
		s.Keys[name] = value
	}
	return s, nil
}

// splitOutsideQuotes cuts at sep. A quote counts only inside parentheses: /users/o'brien@example.com is
// an ordinary path.
func splitOutsideQuotes(s string, sep byte) []string {
	var out []string
	start, in, open := 0, false, sep == ','
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '(' || strings.HasPrefix(s[i:], "%28"):
			open = true
		case open && (s[i] == '\'' || strings.HasPrefix(s[i:], "%27")):
			in = !in
		case s[i] == sep && !in:
			out = append(out, s[start:i])
			start, open = i+1, sep == ','
		}
	}
	return append(out, s[start:])
}
