package extension

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a page can show of an API's texts.
const (
	maxTitle      = 120
	maxMessage    = 1000
	maxFieldError = 300
)

// raw is a part of an answer that was not looked at yet.
type raw json.RawMessage

func (b *raw) UnmarshalJSON(in []byte) error {
	*b = append(raw{}, in...)
	return nil
}

func (b raw) null() bool { return len(b) == 0 || string(b) == "null" }

func (b raw) object() (map[string]raw, bool) {
	if len(b) == 0 || b[0] != '{' {
		return nil, false
	}
	var out map[string]raw
	return out, json.Unmarshal(b, &out) == nil
}

// maxDepth is how many levels a claim of any type has at most: whoever reads the token may be less robust than we are.
const maxDepth = 32

// deep reports whether a value, which is valid JSON, has more levels than a claim may.
func (b raw) deep() bool {
	level, inText := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '[' || c == '{':
			if level++; level > maxDepth {
				return true
			}
		case c == ']' || c == '}':
			level--
		}
	}
	return false
}

// texts reports whether it is a list of texts and nothing else; the JSON reader takes null for a text.
func (b raw) texts() bool {
	var list []raw
	if len(b) == 0 || b[0] != '[' || json.Unmarshal(b, &list) != nil {
		return false
	}
	for _, one := range list {
		if len(one) == 0 || one[0] != '"' {
			return false
		}
	}
	return true
}

// as reads a value of an attribute's type. A number in a text is no number.
func (b raw) as(t ValueType) (any, bool) {
	switch t {
	case String:
		var s string
		ok := len(b) > 0 && b[0] == '"' && json.Unmarshal(b, &s) == nil
		return s, ok
	case Int64:
		n, err := strconv.ParseInt(string(b), 10, 64)
		return n, err == nil
	case Boolean:
		return string(b) == "true", string(b) == "true" || string(b) == "false"
	}
	return nil, false
}

// plain reads a text as a page may show it: one without control characters and marks that turn the direction of others,
// at most n characters long. Absent is "".
func (b raw) plain(n int) (string, bool) {
	if b.null() {
		return "", true
	}
	var s string
	if b[0] != '"' || json.Unmarshal(b, &s) != nil {
		return "", false
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case !unicode.IsGraphic(r), r == utf8.RuneError, unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
	return clip(strings.TrimSpace(s), n), true
}

func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// Parse reads the body of an answer (R 8.3): the type of its data, exactly one action, which the event knows, and what
// that action says.
func Parse(o *Occasion, body []byte) (Answer, *Failure) {
	k, ok := kindOf(o.Event)
	if !ok {
		return Answer{}, fail(HandlerUnexpected, "there is no event %q", o.Event)
	}
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))) // some servers begin with a mark
	if len(body) == 0 {
		return Answer{}, fail(EmptyResponse, "the answer has no body")
	}
	if len(body) > MaxAnswer {
		return Answer{}, fail(ResponseTooLarge, "the answer has more than %d bytes", MaxAnswer)
	}
	if !utf8.Valid(body) {
		return Answer{}, fail(InvalidBody, "the answer is not UTF-8")
	}
	whole, ok := raw(body).object()
	if !ok {
		return Answer{}, fail(InvalidBody, "the answer is not a JSON object")
	}
	data, ok := whole["data"].object()
	if !ok {
		return Answer{}, fail(InvalidBody, "the answer has no data")
	}
	if t, ok := odata(data); !ok || !strings.EqualFold(t, k.response) {
		return Answer{}, fail(InvalidSchema, "the @odata.type of the data is not %s", o.Event.ResponseType())
	}
	if k.verify != nil {
		if f := k.verify(data, o); f != nil {
			return Answer{}, f
		}
	}
	var actions []raw
	if b := data["actions"]; !b.null() && json.Unmarshal(b, &actions) != nil {
		return Answer{}, fail(InvalidBody, "actions is not a list")
	}
	if len(actions) != 1 {
		return Answer{}, fail(InvalidActionCount, "the answer has %d actions, not one", len(actions))
	}
	fields, ok := actions[0].object()
	if !ok {
		return Answer{}, fail(InvalidBody, "the action is not an object")
	}
	name, _ := odata(fields)
	for _, a := range k.actions {
		if strings.EqualFold(name, a.wire) {
			out := Answer{Action: a.name}
			if f := a.parse(fields, o, &out); f != nil {
				return Answer{}, f
			}
			return out, nil
		}
	}
	return Answer{}, fail(InvalidActionType, "the action %q is not one of this event", clip(name, 120))
}

// odata reads @odata.type without its namespace.
func odata(fields map[string]raw) (string, bool) {
	var s string
	if b := fields["@odata.type"]; b.null() || json.Unmarshal(b, &s) != nil {
		return "", false
	}
	const space = "microsoft.graph."
	s = strings.TrimPrefix(s, "#")
	if len(s) > len(space) && strings.EqualFold(s[:len(space)], space) {
		s = s[len(space):]
	}
	return s, true
}
