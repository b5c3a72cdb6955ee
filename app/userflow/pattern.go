package userflow

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"portico/app/fault"
)

const (
	maxPattern = 500   // characters
	maxProgram = 10000 // instructions, so that (a{999}){999} is refused
)

// CompilePattern reads an admin's regular expression so that it must match a whole value. The syntax is
// RE2's, which never backtracks: what it cannot say (look-around, back references) is refused in words.
func CompilePattern(p string) (*regexp.Regexp, error) {
	if len(p) > maxPattern {
		return nil, fault.BadField("pattern", "pattern.long", map[string]any{"count": maxPattern})
	}
	if utf8.ValidString(p) && !Readable(p) { // \x{202E} says the same and can be read
		return nil, fault.BadField("pattern", "flow.text.invisible", nil)
	}
	// Alone first: a)|(b would only be read inside the brackets, and a complaint must quote what was written.
	if _, err := syntax.Parse(p, syntax.Perl); err != nil {
		return nil, unreadable(p, err)
	}
	whole := wholly(p)
	tree, err := syntax.Parse(whole, syntax.Perl)
	if err != nil { // a \Q that is never ended takes the bracket with it
		return nil, unreadable(p, err)
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil || len(prog.Inst) > maxProgram {
		return nil, fault.BadField("pattern", "pattern.big", nil)
	}
	re, err := regexp.Compile(whole)
	if err != nil {
		return nil, fault.BadField("pattern", "pattern.invalid", map[string]any{"error": err.Error()})
	}
	return re, nil
}

// wholly makes a pattern match nothing but a whole value.
func wholly(p string) string { return `^(?:` + p + `)$` }

// unreadable says why a pattern cannot be used.
func unreadable(p string, err error) error {
	if strings.Contains(p, "(?=") || strings.Contains(p, "(?!") || strings.Contains(p, "(?<=") || strings.Contains(p, "(?<!") || backReference(p) {
		return fault.BadField("pattern", "pattern.backtracks", nil)
	}
	var why *syntax.Error
	if errors.As(err, &why) && (why.Code == syntax.ErrLarge || why.Code == syntax.ErrInvalidRepeatSize || why.Code == syntax.ErrNestingDepth) {
		return fault.BadField("pattern", "pattern.big", nil)
	}
	said := strings.ReplaceAll(strings.TrimPrefix(err.Error(), "error parsing regexp: "), wholly(p), p)
	return fault.BadField("pattern", "pattern.invalid", map[string]any{"error": said})
}

func backReference(p string) bool {
	for i := 0; i+1 < len(p); i++ {
		if p[i] != '\\' {
			continue
		}
		if p[i+1] >= '1' && p[i+1] <= '9' || p[i+1] == 'k' {
			return true
		}
		i++
	}
	return false
}
