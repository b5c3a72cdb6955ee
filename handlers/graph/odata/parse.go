package odata

import (
	"strconv"
	"strings"
	"time"
)

// Parse reads a $filter expression.
func Parse(s string) (Expr, error) {
	tokens, err := lex(s)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	e, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tEnd {
		return nil, &Error{t.pos, "unexpected " + strconv.Quote(t.text)}
	}
	return e, nil
}

type parser struct {
	tokens []token
	at     int
	vars   []string // lambda variables in scope, innermost last
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != tEnd {
		p.at++
	}
	return t
}

func (p *parser) word(w string) bool {
	if t := p.peek(); t.kind == tWord && strings.EqualFold(t.text, w) {
		p.at++
		return true
	}
	return false
}

func (p *parser) expect(k tokenKind, what string) error {
	if t := p.next(); t.kind != k {
		return &Error{t.pos, "expected " + what}
	}
	return nil
}

// or := and { "or" and } ; and := unary { "and" unary } ; unary := "not" unary | primary
func (p *parser) or(depth int) (Expr, error) {
	left, err := p.and(depth)
	for err == nil && p.word("or") {
		var right Expr
		if right, err = p.and(depth); err == nil {
			left = Or{left, right}
		}
	}
	return left, err
}

func (p *parser) and(depth int) (Expr, error) {
	left, err := p.unary(depth)
	for err == nil && p.word("and") {
		var right Expr
		if right, err = p.unary(depth); err == nil {
			left = And{left, right}
		}
	}
	return left, err
}

func (p *parser) unary(depth int) (Expr, error) {
	if depth > MaxDepth {
		return nil, &Error{p.peek().pos, "the expression is nested too deeply"}
	}
	if p.word("not") {
		e, err := p.unary(depth + 1)
		if err != nil {
			return nil, err
		}
		return Not{e}, nil
	}
	if p.peek().kind == tOpen {
		p.next()
		e, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		return e, p.expect(tClose, "a closing parenthesis")
	}
	return p.primary(depth)
}

func (p *parser) primary(depth int) (Expr, error) {
	t := p.peek()
	if t.kind == tString || t.kind == tWord && !nameShape.MatchString(t.text) {
		return p.flipped()
	}
	if t.kind != tWord {
		return nil, &Error{t.pos, "expected a property"}
	}
	if _, ok := bareLiteral(t.text); ok && p.tokens[p.at+1].kind != tSlash {
		return p.flipped()
	}
	if p.tokens[p.at+1].kind == tOpen {
		return p.function()
	}
	path, lambda, err := p.path()
	if err != nil {
		return nil, err
	}
	if lambda {
		return p.lambda(path, depth)
	}
	if p.word("in") {
		values, err := p.list()
		return In{path, values}, err
	}
	op, ok := p.op()
	if !ok {
		return Truth{path}, nil
	}
	v, err := p.literal()
	return Compare{path, op, v}, err
}

// flipped reads "literal op path".
func (p *parser) flipped() (Expr, error) {
	v, err := p.literal()
	if err != nil {
		return nil, err
	}
	op, ok := p.op()
	if !ok {
		return nil, &Error{p.peek().pos, "expected a comparison"}
	}
	path, lambda, err := p.path()
	if err != nil || lambda {
		return nil, &Error{p.peek().pos, "expected a property"}
	}
	flip := map[Op]Op{Eq: Eq, Ne: Ne, Gt: Lt, Ge: Le, Lt: Gt, Le: Ge}
	return Compare{path, flip[op], v}, nil
}

func (p *parser) op() (Op, bool) {
	for _, op := range []Op{Eq, Ne, Gt, Ge, Lt, Le} {
		if p.word(string(op)) {
			return op, true
		}
	}
	return "", false
}

func (p *parser) function() (Expr, error) {
	t := p.next()
	name := strings.ToLower(t.text)
	if name == "isof" { // of the objects themselves: what their @odata.type says
		p.next()
		v := p.next()
		if v.kind != tString && v.kind != tWord {
			return nil, &Error{v.pos, "expected the name of a type"}
		}
		if err := p.expect(tClose, "a closing parenthesis"); err != nil {
			return nil, err
		}
		typ := "#" + strings.TrimPrefix(v.text, "#")
		return Compare{Path{Parts: []string{"@odata.type"}}, Eq, Value{Kind: String, Text: typ, Quoted: true}}, nil
	}
	if name != "startswith" && name != "endswith" && name != "contains" {
		return nil, &Error{t.pos, "the function " + strconv.Quote(t.text) + " is not supported"}
	}
	p.next()
	path, lambda, err := p.path()
	if err != nil {
		return nil, err
	}
	if lambda {
		return nil, &Error{t.pos, "a lambda cannot stand here"}
	}
	if err := p.expect(tComma, "a comma"); err != nil {
		return nil, err
	}
	v := p.next()
	if v.kind != tString {
		return nil, &Error{v.pos, "expected a text in quotes"}
	}
	if err := p.expect(tClose, "a closing parenthesis"); err != nil {
		return nil, err
	}
	m := Match{name, path, v.text}
	// startsWith(p,'v') eq true
	if op, ok := p.op(); ok {
		b, err := p.literal()
		if err != nil || b.Kind != Bool || op != Eq && op != Ne {
			return nil, &Error{t.pos, "a function compares with true or false only"}
		}
		if b.Bool != (op == Eq) {
			return Not{m}, nil
		}
	}
	return m, nil
}

// path reads "a/b/c", leaves casts out, takes a lambda variable off the front, and reports whether it
// ended before "any(".
func (p *parser) path() (Path, bool, error) {
	var out Path
	for {
		t := p.next()
		if t.kind != tWord || !nameShape.MatchString(t.text) {
			return out, false, &Error{t.pos, "expected a property"}
		}
		if strings.EqualFold(t.text, "any") && p.peek().kind == tOpen && len(out.Parts)+btoi(out.Local) > 0 {
			return out, true, nil
		}
		switch {
		case IsCast(t.text):
		case len(out.Parts) == 0 && !out.Local && p.isVar(t.text):
			out.Local = true
		default:
			out.Parts = append(out.Parts, t.text)
		}
		if len(out.Parts) > 12 {
			return out, false, &Error{t.pos, "the path is too long"}
		}
		if p.peek().kind != tSlash {
			if len(p.vars) > 0 && !out.Local {
				return out, false, &Error{t.pos, "inside a lambda each property starts with its variable"}
			}
			return out, false, nil
		}
		p.next()
	}
}

// IsCast reports whether a path element names a type: microsoft.graph.user, graph.user.
func IsCast(s string) bool {
	l := strings.ToLower(strings.TrimPrefix(s, "#"))
	return strings.HasPrefix(l, "microsoft.graph.") || strings.HasPrefix(l, "graph.")
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (p *parser) isVar(name string) bool {
	return len(p.vars) > 0 && p.vars[len(p.vars)-1] == name
}

func (p *parser) lambda(path Path, depth int) (Expr, error) {
	p.next() // the parenthesis
	if len(p.vars) > 0 {
		return nil, &Error{p.peek().pos, "a lambda inside a lambda is not supported"}
	}
	if p.peek().kind == tClose {
		p.next()
		return Any{Path: path}, nil
	}
	v := p.next()
	if v.kind != tWord || !nameShape.MatchString(v.text) {
		return nil, &Error{v.pos, "expected a variable"}
	}
	if err := p.expect(tColon, "a colon"); err != nil {
		return nil, err
	}
	p.vars = append(p.vars, v.text)
	body, err := p.or(depth + 1)
	p.vars = p.vars[:len(p.vars)-1]
	if err != nil {
		return nil, err
	}
	return Any{path, v.text, body}, p.expect(tClose, "a closing parenthesis")
}

func (p *parser) list() ([]Value, error) {
	if err := p.expect(tOpen, "an opening parenthesis"); err != nil {
		return nil, err
	}
	var out []Value
	for {
		v, err := p.literal()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		switch t := p.next(); t.kind {
		case tComma:
		case tClose:
			return out, nil
		default:
			return nil, &Error{t.pos, "expected a comma or a closing parenthesis"}
		}
	}
}

func (p *parser) literal() (Value, error) {
	t := p.next()
	if t.kind == tString {
		return Value{Kind: String, Text: t.text, Quoted: true}, nil
	}
	if t.kind == tWord {
		if v, ok := bareLiteral(t.text); ok {
			return v, nil
		}
		// A member of an enumeration may name its type: microsoft.graph.riskLevel'high' (OData ABNF, enumValue).
		if q := p.peek(); IsCast(t.text) && q.kind == tString && q.pos == t.pos+len(t.text) {
			p.next()
			return Value{Kind: String, Text: q.text, Quoted: true}, nil
		}
	}
	return Value{}, &Error{t.pos, "expected a value"}
}

func bareLiteral(s string) (Value, bool) {
	switch {
	case strings.EqualFold(s, "null"):
		return Value{Kind: Null}, true
	case strings.EqualFold(s, "true"), strings.EqualFold(s, "false"):
		return Value{Kind: Bool, Bool: strings.EqualFold(s, "true")}, true
	case IsGUID(s):
		return Value{Kind: GUID, Text: s}, true
	case numberShape.MatchString(s):
		v := Value{Kind: Number, Text: s}
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			v.Int, v.IsInt, v.Float = i, true, float64(i)
			return v, true
		}
		f, err := strconv.ParseFloat(s, 64)
		v.Float = f
		return v, err == nil
	}
	if t, ok := ParseTime(s); ok {
		return Value{Kind: Time, Time: t, Text: s}, true
	}
	return Value{}, false
}

// ParseTime reads an Edm.DateTimeOffset or an Edm.Date (midnight UTC), in years that both databases
// and the wire format can write.
func ParseTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			t = t.UTC().Truncate(time.Microsecond)
			return t, t.Year() >= 1 && t.Year() <= 9999
		}
	}
	return time.Time{}, false
}
