package transfer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"portico/app/fault"
)

// wrapped reports whether a file that begins with "{" is one object around a list of people, as Graph's pages
// ("value") and the exports of Firebase and Keycloak ("users") are, rather than a person in each line.
func wrapped(head []byte) bool {
	d := json.NewDecoder(bytes.NewReader(head))
	if _, err := d.Token(); err != nil {
		return false
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return false
		}
		if name == "value" || name == "users" {
			rest := bytes.TrimLeft(head[d.InputOffset():], " \t\r\n:")
			return bytes.HasPrefix(rest, []byte("["))
		}
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			return false
		}
	}
	return false
}

// openLines reads an object in each line: a broken line is a broken record, not a broken file.
func (r *Reader) openLines(in *bufio.Reader) {
	line := int64(0)
	r.next = func(p *Person) error {
		for {
			line++
			raw, long, err := readLine(in)
			if err != nil {
				return err
			}
			if len(bytes.TrimSpace(raw)) == 0 && !long {
				continue
			}
			p.Line = line
			var o map[string]any
			d := json.NewDecoder(bytes.NewReader(raw))
			d.UseNumber()
			switch {
			case long:
				p.Bad.Add("", "import.row.long", nil)
			case !valid(raw):
				p.Bad.Add("", "import.row.encoding", nil)
			case d.Decode(&o) != nil || o == nil:
				p.Bad.Add("", "import.row.json", nil)
			case len(bytes.TrimSpace(raw[d.InputOffset():])) > 0:
				p.Bad.Add("", "import.row.json", nil)
			default:
				r.object(p, o)
			}
			return nil
		}
	}
}

// readLine reads one line; of one that is too long, the rest is thrown away.
func readLine(in *bufio.Reader) (line []byte, long bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if !long {
			line = append(line, part...)
		}
		if len(line) > maxRecord {
			line, long = nil, true
		}
		switch {
		case err == nil:
			return line, long, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && (len(line) > 0 || long):
			return line, long, nil
		default:
			return nil, false, err
		}
	}
}

// lines counts the line breaks of what a decoder has used, and bounds how much one record may take.
type lines struct {
	r      io.Reader
	read   int64
	breaks []int64 // offsets of line breaks that were read and not counted yet
	count  int64
	budget int64
}

var errLong = errors.New("transfer: record too long")

func (l *lines) Read(b []byte) (int, error) {
	if l.budget <= 0 {
		return 0, errLong
	}
	n, err := l.r.Read(b[:min(len(b), 64<<10)])
	for i, c := range b[:n] {
		if c == '\n' {
			l.breaks = append(l.breaks, l.read+int64(i))
		}
	}
	l.read += int64(n)
	l.budget -= int64(n)
	return n, err
}

// at gives the line of an offset; offsets only grow.
func (l *lines) at(offset int64) int64 {
	i := 0
	for i < len(l.breaks) && l.breaks[i] < offset {
		i++
	}
	l.breaks = slices.Delete(l.breaks, 0, i)
	l.count += int64(i)
	return l.count + 1
}

// openArray reads the list of people, object by object.
func (r *Reader) openArray(in io.Reader, inside bool) error {
	l := &lines{r: in, budget: 4 * maxRecord}
	d := json.NewDecoder(l)
	d.UseNumber()
	broken := func(err error) error {
		var syntax *json.SyntaxError
		switch {
		case errors.Is(err, errLong):
			return fault.BadField("file", "import.file.long", map[string]any{"line": l.at(d.InputOffset())})
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return fault.BadField("file", "import.file.json", map[string]any{"line": l.at(l.read)})
		case errors.As(err, &syntax):
			return fault.BadField("file", "import.file.json", map[string]any{"line": l.at(syntax.Offset)})
		}
		return err
	}
	if inside {
		if _, err := d.Token(); err != nil {
			return broken(err)
		}
		for {
			name, err := d.Token()
			if err != nil {
				return broken(err)
			}
			if name == "value" || name == "users" {
				break
			}
			var skipped json.RawMessage
			if err := d.Decode(&skipped); err != nil {
				return broken(err)
			}
		}
	}
	if t, err := d.Token(); err != nil {
		return broken(err)
	} else if t != json.Delim('[') {
		return fault.BadField("file", "import.file.json", map[string]any{"line": l.at(d.InputOffset())})
	}
	r.next = func(p *Person) error {
		l.budget = 4 * maxRecord
		if !d.More() {
			if _, err := d.Token(); err != nil {
				return broken(err)
			}
			return io.EOF
		}
		// The decoder stands before the comma and the white space of the object.
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return broken(err)
		}
		p.Line = l.at(d.InputOffset() - int64(len(raw)))
		var o map[string]any
		one := json.NewDecoder(bytes.NewReader(raw))
		one.UseNumber()
		switch {
		case !valid(raw):
			p.Bad.Add("", "import.row.encoding", nil)
		case one.Decode(&o) != nil || o == nil:
			p.Bad.Add("", "import.row.json", nil)
		default:
			r.object(p, o)
		}
		return nil
	}
	return nil
}

// object reads one person. Portico's own properties stand in "portico"; Keycloak keeps attributes apart.
func (r *Reader) object(p *Person, o map[string]any) {
	firebase := o["localId"] != nil
	for _, name := range slices.Sorted(maps.Keys(o)) {
		v := o[name]
		switch {
		case v == nil, v == "", name == "_id", strings.Contains(name, "@odata."):
			continue
		case name == "portico", name == "attributes":
			if inner, ok := v.(map[string]any); ok {
				for k, x := range inner {
					if l, many := x.([]any); many && name == "attributes" && len(l) == 1 {
						inner[k] = l[0]
					}
				}
				r.object(p, inner)
				continue
			}
		case name == "id" && o["credentials"] != nil: // Keycloak's own id
			name = "externalId"
		case name == "salt" && firebase, name == "passwordHash" && firebase:
		case name == "customAttributes" && firebase:
			continue
		}
		if !r.columns.take(p, name, v) && !r.options.IgnoreUnknown {
			p.Bad.Add(fieldName(name), "import.row.unknown", map[string]any{"name": fieldName(name)})
		}
	}
}
