package openid

import (
	"log/slog"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Limits of foreign input. A state may be long, an assertion or a hint is a signed token.
const (
	MaxRequest = 64 << 10 // whole query or body
	maxValue   = 16 << 10 // one value
	maxParams  = 100
)

// Params is a request's parameters, decoded once. A parameter without a value counts as absent
// (RFC 6749 §3.1, §3.2); one that comes twice, is too long or is not UTF-8 is noted as bad, so that the
// endpoint can refuse it at the place in the order of checks where it knows whether it may redirect.
type Params struct {
	pairs []pair
	bad   []pair // name, reason
}

type pair struct{ name, value string }

// ParseParams reads application/x-www-form-urlencoded data: a query string or a form body.
func ParseParams(raw string) Params {
	var p Params
	if len(raw) > MaxRequest {
		p.bad = append(p.bad, pair{"", "The request is too large."})
		return p
	}
	n := 0
	for raw != "" {
		var part string
		part, raw, _ = strings.Cut(raw, "&")
		if part == "" {
			continue
		}
		if n++; n > maxParams {
			p.bad = append(p.bad, pair{"", "The request has too many parameters."})
			return p
		}
		k, v, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(k)
		if err != nil || !clean(name) {
			continue // a name that nobody knows
		}
		value, err := url.QueryUnescape(v)
		switch {
		case err != nil:
			p.note(name, "is not properly encoded")
		case !clean(value):
			p.note(name, "is not valid UTF-8 text")
		case len(value) > maxValue:
			p.note(name, "is too long")
		case p.seen(name):
			p.note(name, "must not be given more than once")
		default:
			p.pairs = append(p.pairs, pair{name, value})
		}
	}
	return p
}

func (p *Params) note(name, why string) {
	p.bad = append(p.bad, pair{name, "The parameter '" + name + "' " + why + "."})
}

func (p *Params) seen(name string) bool {
	for i := range p.pairs {
		if p.pairs[i].name == name {
			return true
		}
	}
	return false
}

// Get is a parameter's value, "" when it is absent or bad.
func (p *Params) Get(name string) string {
	if p.Bad(name) != nil {
		return ""
	}
	for i := range p.pairs {
		if p.pairs[i].name == name {
			return p.pairs[i].value
		}
	}
	return ""
}

// Has reports whether the parameter has a value.
func (p *Params) Has(name string) bool { return p.Get(name) != "" }

// Bad is the error about one of the named parameters, or about any when none is named. A request that
// is bad as a whole is bad for every name.
func (p *Params) Bad(names ...string) *Error {
	for _, b := range p.bad {
		if b.name == "" || len(names) == 0 {
			return refuse(InvalidRequest, 9002313, b.value)
		}
		for _, n := range names {
			if b.name == n {
				return refuse(InvalidRequest, 9002313, b.value)
			}
		}
	}
	return nil
}

// List splits a space-separated value, without repetitions.
func (p *Params) List(name string) []string { return words(p.Get(name)) }

// LogValue shows names only: values hold secrets, codes and tokens.
func (p Params) LogValue() slog.Value {
	names := make([]string, 0, len(p.pairs))
	for _, x := range p.pairs {
		names = append(names, x.name)
	}
	return slog.AnyValue(names)
}

// words splits at spaces and drops repetitions.
func words(s string) []string {
	var out []string
	for _, w := range strings.Fields(s) {
		if !has(out, w) {
			out = append(out, w)
		}
	}
	return out
}

func has(list []string, w string) bool {
	for _, x := range list {
		if x == w {
			return true
		}
	}
	return false
}

func hasFold(list []string, w string) bool {
	for _, x := range list {
		if strings.EqualFold(x, w) {
			return true
		}
	}
	return false
}

// clean reports whether s is UTF-8 without NUL, which a database refuses.
func clean(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }
