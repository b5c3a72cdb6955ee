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
	whole := `^(?:` + p + `)$`
	tree, err := syntax.Parse(whole, syntax.Perl)
	if err != nil {
		if strings.Contains(p, "(?=") || strings.Contains(p, "(?!") || strings.Contains(p, "(?<=") || strings.Contains(p, "(?<!") || backReference(p) {
			return nil, fault.BadField("pattern", "pattern.backtracks", nil)
		}
		var why *syntax.Error
		if errors.As(err, &why) && (why.Code == syntax.ErrLarge || why.Code == syntax.ErrInvalidRepeatSize || why.Code == syntax.ErrNestingDepth) {
			return nil, fault.BadField("pattern", "pattern.big", nil)
		}
		return nil, fault.BadField("pattern", "pattern.invalid", map[string]any{"error": strings.TrimPrefix(err.Error(), "error parsing regexp: ")})
	}
	if _, err := syntax.Parse(p, syntax.Perl); err != nil { // a)|(b would only compile inside the brackets
		return nil, fault.BadField("pattern", "pattern.invalid", map[string]any{"error": strings.TrimPrefix(err.Error(), "error parsing regexp: ")})
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
