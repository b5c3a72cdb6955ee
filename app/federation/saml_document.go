package federation

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/beevik/etree"
	validator "github.com/mattermost/xml-roundtrip-validator"
)

// saml_document.go: XML from strangers. A signature is worth something only if everybody who reads a document reads the
// same: what parsers are known to differ about (entities, comments inside a value, an attribute said twice, an ID said
// twice) is refused before anything is built of it.

// Namespaces of SAML 2.0 and what it stands on.
const (
	nsProtocol   = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion  = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata   = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature  = "http://www.w3.org/2000/09/xmldsig#"
	nsEncryption = "http://www.w3.org/2001/04/xmlenc#"
)

const (
	SAMLLongest = 256 << 10 // of a decoded answer; a form that carries it is half as large again
	samlDeepest = 40        // elements inside one another
	samlMost    = 10000     // elements of an answer
)

// samlDecode takes a message out of a form (SAML bindings §3.5.4). There is no inflating, so nothing grows.
func samlDecode(field string) ([]byte, error) {
	if len(field) > base64.StdEncoding.EncodedLen(SAMLLongest)+8<<10 {
		return nil, errors.New("the answer is larger than 256 KB")
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, field))
	switch {
	case err != nil:
		return nil, errors.New("the answer is not proper base64")
	case len(raw) > SAMLLongest:
		return nil, errors.New("the answer is larger than 256 KB")
	}
	return raw, nil
}

// strictXML reads an answer, or what was encrypted in one.
func strictXML(raw []byte) (*etree.Element, error) {
	if err := plainXML(raw, samlMost, true); err != nil {
		return nil, err
	}
	if err := validator.Validate(bytes.NewReader(raw)); err != nil {
		return nil, errors.New("the XML would not be the same after it is written again")
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(raw); err != nil || doc.Root() == nil {
		return nil, errors.New("the answer is not proper XML")
	}
	return doc.Root(), nil
}

// plainXML refuses what has no place in a SAML document. strict is for what is signed by parts: no comment anywhere (they
// cut a name short for some readers, CVE-2017-11427 and its kin), and no ID twice.
func plainXML(raw []byte, most int, strict bool) error {
	d := xml.NewDecoder(bytes.NewReader(raw))
	depth, elements := 0, 0
	ids := map[string]bool{}
	for {
		at := d.InputOffset()
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if elements == 0 {
				return errors.New("there is no XML")
			}
			return nil
		}
		if err != nil {
			return errors.New("not proper XML: " + words(err.Error()))
		}
		switch token := token.(type) {
		case xml.Directive:
			return errors.New("the XML holds a DOCTYPE or another directive, which is never read")
		case xml.ProcInst:
			if token.Target != "xml" || at != 0 {
				return errors.New("the XML holds a processing instruction, which is never read")
			}
		case xml.Comment:
			if strict {
				return errors.New("the XML holds a comment, by which a value could be cut short")
			}
		case xml.StartElement:
			if depth, elements = depth+1, elements+1; depth > samlDeepest || elements > most {
				return errors.New("the XML holds too many elements, or too many inside one another")
			}
			if err := plainAttributes(token.Attr, ids, strict); err != nil {
				return err
			}
		case xml.EndElement:
			depth--
		}
	}
}

func plainAttributes(all []xml.Attr, ids map[string]bool, strict bool) error {
	if len(all) > 100 {
		return errors.New("an element has more than 100 attributes")
	}
	seen := make(map[xml.Name]bool, len(all))
	for _, a := range all {
		if seen[a.Name] {
			return errors.New("an element has the attribute “" + words(a.Name.Local) + "” twice")
		}
		seen[a.Name] = true
		if !strict || !strings.EqualFold(a.Name.Local, "id") || a.Name.Space == "xmlns" {
			continue
		}
		if ids[a.Value] {
			return errors.New("two elements have the same ID")
		}
		ids[a.Value] = true
	}
	return nil
}

// is reports whether an element is of a name in a namespace, whatever prefix was chosen.
func is(e *etree.Element, space, tag string) bool {
	return e != nil && e.Tag == tag && e.NamespaceURI() == space
}

// children are the elements of one name directly inside another.
func children(e *etree.Element, space, tag string) []*etree.Element {
	var out []*etree.Element
	for _, c := range e.ChildElements() {
		if is(c, space, tag) {
			out = append(out, c)
		}
	}
	return out
}

// only gives the one child of a name; nil when there is none. Two are an error: readers would choose differently.
func only(e *etree.Element, space, tag string) (*etree.Element, error) {
	all := children(e, space, tag)
	switch len(all) {
	case 0:
		return nil, nil
	case 1:
		return all[0], nil
	}
	return nil, fmt.Errorf("“%s” stands there more than once", tag)
}

// every walks an element and all that is inside it.
func every(e *etree.Element, do func(*etree.Element)) {
	do(e)
	for _, c := range e.ChildElements() {
		every(c, do)
	}
}

// textOf is the text of an element that holds nothing else.
func textOf(e *etree.Element) (string, error) {
	if e == nil {
		return "", nil
	}
	var b strings.Builder
	for _, c := range e.Child {
		text, ok := c.(*etree.CharData)
		if !ok {
			return "", fmt.Errorf("“%s” holds more than text", e.Tag)
		}
		b.WriteString(text.Data)
	}
	return strings.TrimSpace(b.String()), nil
}

// attribute is an attribute of no namespace.
func attribute(e *etree.Element, name string) string {
	for _, a := range e.Attr {
		if a.Space == "" && a.Key == name {
			return a.Value
		}
	}
	return ""
}

// moment reads a time (SAML core §1.3.3: UTC); zero when it is not said.
func moment(e *etree.Element, name string) (time.Time, error) {
	text := attribute(e, name)
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.Year() < 1971 || at.Year() > 9998 {
		return time.Time{}, fmt.Errorf("%s is not a time", name)
	}
	return at.UTC(), nil
}
