package odata

import (
	"strings"
)

// Order is one sort key.
type Order struct {
	Path string
	Desc bool
}

// ParseOrder reads $orderby.
func ParseOrder(s string) ([]Order, error) {
	var out []Order
	for part := range strings.SplitSeq(s, ",") {
		words := strings.Fields(part)
		if len(words) == 0 || len(words) > 2 || !pathShape(words[0]) || len(out) == 8 {
			return nil, &Error{0, "$orderby needs properties, each with asc or desc"}
		}
		o := Order{Path: words[0]}
		if len(words) == 2 {
			switch strings.ToLower(words[1]) {
			case "asc":
			case "desc":
				o.Desc = true
			default:
				return nil, &Error{0, "$orderby knows asc and desc only"}
			}
		}
		out = append(out, o)
	}
	return out, nil
}

// ParseSelect reads $select: property names, each once.
func ParseSelect(s string) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	for part := range strings.SplitSeq(s, ",") {
		name := strings.TrimSpace(part)
		if name != "*" && !pathShape(name) || len(out) == 200 {
			return nil, &Error{0, "$select needs property names with commas between them"}
		}
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	return out, nil
}

func pathShape(s string) bool {
	if s == "" || len(s) > 256 {
		return false
	}
	for part := range strings.SplitSeq(s, "/") {
		if !nameShape.MatchString(part) {
			return false
		}
	}
	return true
}

// Clause is one "property:text" of a $search. Property is "" when only text was given.
type Clause struct {
	Property string
	Text     string
}

// Search is a $search: the outer list is joined by OR, each inner one by AND.
type Search [][]Clause

// ParseSearch reads $search="displayName:Ann" OR "mail:b".
func ParseSearch(s string) (Search, error) {
	if len(s) > 1024 || strings.IndexByte(s, 0) >= 0 {
		return nil, &Error{0, "$search is too long"}
	}
	out := Search{nil}
	joined := true // whether a clause may come next
	for i := 0; i < len(s); {
		switch {
		case s[i] == ' ':
			i++
		case s[i] == '"':
			text, next, err := doubleQuoted(s, i)
			if err != nil {
				return nil, err
			}
			if !joined || len(out) > 16 || len(out[len(out)-1]) > 16 {
				return nil, &Error{i, "$search needs AND or OR between its clauses"}
			}
			c := Clause{Text: text}
			if name, rest, ok := strings.Cut(text, ":"); ok && pathShape(name) {
				c = Clause{name, rest}
			}
			if strings.TrimSpace(c.Text) == "" {
				return nil, &Error{i, "$search has an empty clause"}
			}
			out[len(out)-1] = append(out[len(out)-1], c)
			joined, i = false, next
		case !joined && strings.HasPrefix(s[i:], "OR "):
			out = append(out, nil)
			joined, i = true, i+3
		case !joined && strings.HasPrefix(s[i:], "AND "):
			joined, i = true, i+4
		default:
			return nil, &Error{i, `$search needs clauses in double quotes, such as "displayName:Ann"`}
		}
	}
	if joined {
		return nil, &Error{len(s), "$search ends too early"}
	}
	return out, nil
}

func doubleQuoted(s string, i int) (string, int, error) {
	var b strings.Builder
	for j := i + 1; j < len(s); j++ {
		switch {
		case s[j] == '\\' && j+1 < len(s):
			j++
			b.WriteByte(s[j])
		case s[j] == '"':
			return b.String(), j + 1, nil
		default:
			b.WriteByte(s[j])
		}
	}
	return "", 0, &Error{i, "the quote of $search is not closed"}
}
