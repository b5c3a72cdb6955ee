package tenant

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"portico/app/fault"
	"portico/app/userflow"
)

// UserNames is the tenant's policy of sign-in identifiers (F056, R 2.3): whether people may sign in by a user
// name, and at most two regular expressions that a new one must match, one or the other.
type UserNames struct {
	Enabled  bool     `json:"enabled,omitempty"`
	Patterns []string `json:"patterns,omitempty"`
	Message  string   `json:"message,omitempty"` // what a person reads whose choice matches none
}

const (
	maxPatterns = 2
	maxMessage  = 250
)

// Allows reports whether a new user name, as it was written, looks as the tenant wants it. What makes a name
// a name at all is account.CanonicalUserName's to say. A pattern that cannot be read allows nothing.
func (u UserNames) Allows(name string) bool {
	for _, p := range u.Patterns {
		if re, err := userflow.CompilePattern(p); err == nil && re.MatchString(strings.TrimSpace(name)) {
			return true
		}
	}
	return len(u.Patterns) == 0
}

// check says what an admin must mend: an expression is tried when it is saved, not when somebody signs up,
// and none may take an address, which is another kind of identity (R 2.3.1).
func (u UserNames) check() fault.Fields {
	var bad fault.Fields
	if len(u.Patterns) > maxPatterns {
		bad.Add("userNames.patterns", "tenant.user_names.many", map[string]any{"count": maxPatterns})
	}
	for i, p := range u.Patterns {
		field := fmt.Sprintf("userNames.patterns[%d]", i)
		re, err := userflow.CompilePattern(p)
		if err != nil {
			for _, f := range fault.Of(err).Fields {
				bad.Add(field, f.Key, f.Args)
			}
			continue
		}
		before := len(bad)
		for _, address := range []string{"a@b.co", "anna@example.com", "anna.smith@mail.example.com", "1001@example.com"} {
			if re.MatchString(address) {
				bad.Add(field, "tenant.user_names.email", map[string]any{"example": address})
				break
			}
		}
		if len(bad) == before && demandsAt(p) {
			bad.Add(field, "field.user_name.at", nil)
		}
	}
	switch {
	case len(u.Patterns) > 0 && strings.TrimSpace(u.Message) == "":
		bad.Add("userNames.message", "tenant.user_names.message", nil)
	case utf8.RuneCountInString(u.Message) > maxMessage:
		bad.Add("userNames.message", "flow.text.long", map[string]any{"count": maxMessage})
	case !userflow.Readable(u.Message):
		bad.Add("userNames.message", "flow.text.invisible", nil)
	}
	return bad
}

// demandsAt reports whether a pattern writes an @, which no user name has: at best it says nothing, at worst
// nobody can choose a name. (A class that leaves it out, [^@]+, does not.)
func demandsAt(pattern string) bool {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return false
	}
	var writes func(*syntax.Regexp) bool
	writes = func(r *syntax.Regexp) bool {
		return r.Op == syntax.OpLiteral && slices.Contains(r.Rune, '@') || slices.ContainsFunc(r.Sub, writes)
	}
	return writes(tree)
}
