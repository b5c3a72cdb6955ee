package account

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Rule decides who belongs to a group by their attributes. It is a part of the vendor's language of
// membership rules:
//
//	user.country -eq "DE" -and (user.city -in ["Berlin", "Hamburg"] -or -not (user.jobTitle -contains "test"))
//
// Texts are compared without letter case. A missing attribute equals null and nothing else.
type Rule struct{ root node }

// RuleError says what is wrong with a rule, and where: Column counts characters from 1.
type RuleError struct {
	Column int
	Key    string // of the catalogue
	Word   string // what stands there
}

func (e *RuleError) Error() string {
	return fmt.Sprintf("column %d: %s %q", e.Column, e.Key, e.Word)
}

const (
	maxRuleDepth = 32
	maxRuleTerms = 200
)

type node interface {
	match(value func(attribute string) any) bool
}

type (
	both    struct{ a, b node }
	either  struct{ a, b node }
	not     struct{ of node }
	compare struct {
		attribute string
		op        string
		values    []any // string, bool or nil
	}
)

func (n both) match(v func(string) any) bool   { return n.a.match(v) && n.b.match(v) }
func (n either) match(v func(string) any) bool { return n.a.match(v) || n.b.match(v) }
func (n not) match(v func(string) any) bool    { return !n.of.match(v) }

func (n compare) match(value func(string) any) bool {
	have := value(n.attribute)
	is := func(test func(have, want string) bool) bool {
		h, ok := text(have)
		return ok && slices.ContainsFunc(n.values, func(v any) bool { w, ok := text(v); return ok && test(h, w) })
	}
	equal := func() bool {
		return slices.ContainsFunc(n.values, func(v any) bool { return v == nil && have == nil }) || is(func(h, w string) bool { return h == w })
	}
	switch n.op {
	case "-eq", "-in":
		return equal()
	case "-ne", "-notin":
		return !equal()
	case "-startswith":
		return is(strings.HasPrefix)
	case "-notstartswith":
		return !is(strings.HasPrefix)
	case "-contains":
		return is(strings.Contains)
	case "-notcontains":
		return !is(strings.Contains)
	}
	return false
}

// text is a value as it is compared; a missing one has no text.
func text(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", false
	case string:
		return strings.ToLower(v), v != ""
	}
	return strings.ToLower(fmt.Sprint(v)), true
}

// Match reports whether somebody belongs; value gives an attribute of theirs, nil when they have none.
func (r Rule) Match(value func(attribute string) any) bool {
	return r.root != nil && r.root.match(value)
}

// ParseRule reads a rule. known says which attributes there are.
func ParseRule(source string, known func(attribute string) bool) (Rule, *RuleError) {
	p := ruleParser{known: known}
	if err := p.read(source); err != nil {
		return Rule{}, err
	}
	if len(p.tokens) == 0 {
		return Rule{}, &RuleError{1, "group.rule.empty", ""}
	}
	n, err := p.or(0)
	if err == nil && p.at < len(p.tokens) {
		err = p.wrong("group.rule.end")
	}
	if err != nil {
		return Rule{}, err
	}
	return Rule{n}, nil
}

type ruleToken struct {
	column int
	word   string // ( ) [ ] , -op, name, or the text of a string
	quoted bool
}

type ruleParser struct {
	known  func(string) bool
	tokens []ruleToken
	at     int
	terms  int
	end    int
}

// read cuts the source into words.
func (p *ruleParser) read(source string) *RuleError {
	r := []rune(source)
	p.end = len(r) + 1
	if !utf8.ValidString(source) {
		return &RuleError{1, "group.rule.word", ""}
	}
	for i := 0; i < len(r); {
		start, c := i, r[i]
		switch {
		case unicode.IsSpace(c):
			i++
		case strings.ContainsRune("()[],", c):
			i++
			p.tokens = append(p.tokens, ruleToken{column: start + 1, word: string(c)})
		case c == '"' || c == '\'':
			var word []rune
			for i++; ; i++ {
				if i >= len(r) {
					return &RuleError{start + 1, "group.rule.quote", string(r[start:])}
				}
				if r[i] == '`' && i+1 < len(r) { // the vendor's escape
					i++
				} else if r[i] == c {
					break
				}
				word = append(word, r[i])
			}
			i++
			p.tokens = append(p.tokens, ruleToken{start + 1, string(word), true})
		case c == '-' || c == '.' || c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c):
			for i++; i < len(r) && (r[i] == '.' || r[i] == '_' || r[i] == '-' || unicode.IsLetter(r[i]) || unicode.IsDigit(r[i])); i++ {
			}
			p.tokens = append(p.tokens, ruleToken{column: start + 1, word: string(r[start:i])})
		default:
			return &RuleError{start + 1, "group.rule.word", string(c)}
		}
	}
	return nil
}

func (p *ruleParser) peek() ruleToken {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return ruleToken{column: p.end}
}

func (p *ruleParser) wrong(key string) *RuleError {
	t := p.peek()
	return &RuleError{t.column, key, t.word}
}

// is takes the next word if it is this one; operators have no letter case, and their hyphen may be missing.
func (p *ruleParser) is(word string) bool {
	t := p.peek()
	if t.quoted || t.word == "" || !strings.EqualFold(t.word, word) && !strings.EqualFold("-"+t.word, word) {
		return false
	}
	p.at++
	return true
}

func (p *ruleParser) or(depth int) (node, *RuleError) {
	n, err := p.and(depth)
	for err == nil && p.is("-or") {
		var next node
		if next, err = p.and(depth); err == nil {
			n = either{n, next}
		}
	}
	return n, err
}

func (p *ruleParser) and(depth int) (node, *RuleError) {
	n, err := p.unary(depth)
	for err == nil && p.is("-and") {
		var next node
		if next, err = p.unary(depth); err == nil {
			n = both{n, next}
		}
	}
	return n, err
}

func (p *ruleParser) unary(depth int) (node, *RuleError) {
	if depth > maxRuleDepth {
		return nil, p.wrong("group.rule.deep")
	}
	if p.is("-not") {
		n, err := p.unary(depth + 1)
		return not{n}, err
	}
	if !p.is("(") {
		return p.compare()
	}
	n, err := p.or(depth + 1)
	if err == nil && !p.is(")") {
		err = p.wrong("group.rule.close")
	}
	return n, err
}

// ruleOps are the operators of the language that are understood here.
func ruleOps() []string {
	return []string{"-eq", "-ne", "-startsWith", "-notStartsWith", "-contains", "-notContains", "-in", "-notIn"}
}

func (p *ruleParser) compare() (node, *RuleError) {
	name, ok := strings.CutPrefix(p.peek().word, "user.")
	if !ok || p.peek().quoted {
		return nil, p.wrong("group.rule.attribute")
	}
	if !p.known(name) {
		return nil, p.wrong("group.rule.unknown")
	}
	if p.terms++; p.terms > maxRuleTerms {
		return nil, p.wrong("group.rule.deep")
	}
	p.at++
	i := slices.IndexFunc(ruleOps(), p.is)
	if i < 0 {
		return nil, p.wrong("group.rule.operator")
	}
	n := compare{attribute: name, op: strings.ToLower(ruleOps()[i])}
	if n.op == "-in" || n.op == "-notin" {
		return p.list(n)
	}
	v, err := p.value()
	n.values = []any{v}
	return n, err
}

func (p *ruleParser) list(n compare) (node, *RuleError) {
	if !p.is("[") {
		return nil, p.wrong("group.rule.list")
	}
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		n.values = append(n.values, v)
		if p.is(",") {
			continue
		}
		if !p.is("]") {
			return nil, p.wrong("group.rule.list")
		}
		return n, nil
	}
}

func (p *ruleParser) value() (any, *RuleError) {
	t := p.peek()
	switch {
	case t.quoted:
		p.at++
		return t.word, nil
	case strings.EqualFold(t.word, "null"):
		p.at++
		return nil, nil
	case strings.EqualFold(t.word, "true"), strings.EqualFold(t.word, "false"):
		p.at++
		return strings.EqualFold(t.word, "true"), nil
	case t.word != "" && strings.Trim(strings.TrimPrefix(t.word, "-"), "0123456789.") == "" && strings.ContainsAny(t.word, "0123456789"):
		p.at++
		return t.word, nil
	}
	return nil, p.wrong("group.rule.value")
}
