package graph

import (
	"bytes"
	"compress/gzip"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// maxBody bounds a body after inflation; maxWire before.
const (
	maxBody = 2 << 20
	maxWire = 1 << 20
)

func tooLarge() *Error {
	return &Error{Status: http.StatusRequestEntityTooLarge, Code: codeBadRequest, Message: "The request body is too large."}
}

// inflate undoes Content-Encoding: the vendor's Go client compresses every body. A body that grows
// beyond the bound is refused while it grows.
func inflate(encoding string, body []byte, most int) ([]byte, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		if len(body) > most {
			return nil, tooLarge()
		}
		return body, nil
	case "gzip", "x-gzip":
	default:
		return nil, &Error{Status: http.StatusUnsupportedMediaType, Code: codeBadRequest,
			Message: "The content encoding '" + encoding + "' is not supported; send gzip or none."}
	}
	if len(body) == 0 {
		return nil, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, badRequest("The request body is not valid gzip.", "")
	}
	out, err := io.ReadAll(io.LimitReader(z, int64(most)+1))
	if err != nil {
		return nil, badRequest("The request body is not valid gzip.", "")
	}
	if len(out) > most {
		return nil, tooLarge()
	}
	return out, nil
}

func notUTF8() *Error {
	return badRequest("Unable to read JSON request payload. It is not valid UTF-8.", "")
}

// document is a request body: its properties without annotations, and the type it claims to be.
type document struct {
	names  []string // in the order they were sent
	values map[string]json.RawMessage
	typ    string                     // @odata.type without #
	binds  map[string]json.RawMessage // name@odata.bind, by name
}

// json refuses bodies that are not JSON objects.
func (c *call) json() (document, error) {
	if kind := c.header("Content-Type"); kind != "" {
		media, _, _ := strings.Cut(kind, ";")
		if m := strings.ToLower(strings.TrimSpace(media)); m != "application/json" {
			return document{}, &Error{Status: http.StatusUnsupportedMediaType, Code: codeBadRequest,
				Message: "The media type '" + media + "' is not supported; send application/json."}
		}
	} else if len(c.body) > 0 {
		return document{}, &Error{Status: http.StatusUnsupportedMediaType, Code: codeBadRequest,
			Message: "A Content-Type header is required; send application/json."}
	}
	return parseDocument(c.body)
}

// parseDocument reads a JSON object. Annotations (@odata.…) are taken out at every level; a name that
// occurs twice is refused, because two readers could take different ones.
func parseDocument(body []byte) (document, error) {
	d := document{values: map[string]json.RawMessage{}}
	if !utf8.Valid(body) { // it would be changed by reading it (RFC 8259 §8.1)
		return d, notUTF8()
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	bad := badRequest("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.", "")
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return d, bad
	}
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return d, bad
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return d, bad
		}
		if name == "@odata.type" {
			var s string
			if err := json.Unmarshal(raw, &s); err != nil {
				return d, invalidValue(name, "")
			}
			d.typ = strings.TrimPrefix(s, "#")
			continue
		}
		if bind, ok := strings.CutSuffix(name, "@odata.bind"); ok {
			if _, twice := d.binds[bind]; twice {
				return d, badRequest("The property '"+name+"' is given twice.", name)
			}
			if d.binds == nil {
				d.binds = map[string]json.RawMessage{}
			}
			d.binds[bind] = raw
			continue
		}
		if strings.Contains(name, "@odata.") {
			continue
		}
		if _, twice := d.values[name]; twice {
			return d, badRequest("The property '"+name+"' is given twice.", name)
		}
		clean, err := withoutAnnotations(raw)
		if err == nil && name == "clientAuthentication" { // its type is all that one sort of it says
			clean, err = withType(clean, raw)
		}
		if err != nil {
			return d, bad
		}
		d.names = append(d.names, name)
		d.values[name] = clean
	}
	if _, err := dec.Token(); err != nil {
		return d, bad
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return d, bad
	}
	return d, nil
}

func withoutAnnotations(raw json.RawMessage) (json.RawMessage, error) {
	if !bytes.Contains(raw, []byte("@odata.")) {
		return raw, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return encode(stripped(v))
}

// withType gives a cleaned object its own @odata.type back.
func withType(clean, raw json.RawMessage) (json.RawMessage, error) {
	var said, kept map[string]json.RawMessage
	if json.Unmarshal(raw, &said) != nil || said["@odata.type"] == nil { // not an object: the property complains
		return clean, nil
	}
	if err := json.Unmarshal(clean, &kept); err != nil {
		return nil, err
	}
	kept["@odata.type"] = said["@odata.type"]
	return json.Marshal(kept)
}

func stripped(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			if strings.Contains(k, "@odata.") && !strings.HasSuffix(k, "@odata.bind") {
				delete(v, k)
			} else {
				v[k] = stripped(inner)
			}
		}
	case []any:
		for i := range v {
			v[i] = stripped(v[i])
		}
	}
	return v
}
