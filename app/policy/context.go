package policy

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"portico/app/fault"
)

// MaxContexts is how many authentication contexts there can be: c1 to c99 (R 5.4.1).
const MaxContexts = 99

// Validate says what is wrong with an authentication context.
func (c Context) Validate() error {
	var bad fault.Fields
	number, named := strings.CutPrefix(c.ID, "c")
	if n, err := strconv.Atoi(number); !named || err != nil || n < 1 || n > MaxContexts || strconv.Itoa(n) != number {
		bad.Add("id", "policy.context.id", map[string]any{"max": MaxContexts})
	}
	if c.Name == "" || utf8.RuneCountInString(c.Name) > 256 {
		bad.Add("displayName", "policy.context.name", nil)
	}
	if utf8.RuneCountInString(c.Description) > 1024 {
		bad.Add("description", "field.too_long", map[string]any{"max": 1024})
	}
	return bad.Err()
}
