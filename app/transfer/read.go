package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"portico/app/factor"
	"portico/app/fault"
	"portico/app/userflow"
)

// Options say how a file is read.
type Options struct {
	Format        string                // CSV, JSON, NDJSON; "" = found out
	IgnoreUnknown bool                  // leave out columns that nobody knows, instead of refusing them
	Firebase      factor.FirebaseScrypt // of the project that the file comes from
}

// Reader reads people from a file, one at a time.
type Reader struct {
	options Options
	columns columns
	number  int64
	next    func(p *Person) error
	format  string
}

// Format is what the file turned out to be.
func (r *Reader) Format() string { return r.format }

// NewReader looks at the head of a file. What makes the whole file unusable is a fault with words.
func NewReader(file io.Reader, definitions []userflow.Definition, o Options) (*Reader, error) {
	in, err := decoded(file)
	if err != nil {
		return nil, err
	}
	r := &Reader{options: o, columns: columnsOf(definitions), format: o.Format}
	head, _ := in.Peek(64 << 10)
	trimmed := bytes.TrimLeft(head, " \t\r\n")
	if len(trimmed) == 0 {
		if _, err := in.Peek(1); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return nil, fault.BadField("file", "import.file.empty", nil)
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return nil, fault.BadField("file", "import.file.binary", nil)
	}
	if r.format == "" || r.format == JSON {
		switch {
		case trimmed[0] == '[':
			r.format = JSON
		case trimmed[0] == '{':
			if r.format = NDJSON; wrapped(head) {
				r.format = JSON
			}
		case r.format == "":
			r.format = CSV
		}
	}
	switch r.format {
	case CSV:
		err = r.openCSV(in, head)
	case NDJSON:
		r.openLines(in)
	case JSON:
		err = r.openArray(in, trimmed[0] == '{')
	default:
		err = fault.BadField("format", "import.file.format", nil)
	}
	return r, err
}

// decoded gives a file's text as UTF-8 without its byte order mark.
func decoded(file io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(file, 64<<10)
	mark, err := in.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(mark, []byte("\xEF\xBB\xBF")):
		_, _ = in.Discard(3)
	case bytes.HasPrefix(mark, []byte("\xFF\xFE")), bytes.HasPrefix(mark, []byte("\xFE\xFF")):
		utf16 := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()
		return bufio.NewReaderSize(transform.NewReader(in, utf16), 64<<10), nil
	}
	return in, nil
}

// Next gives the next record. A record with something in Bad cannot be taken; reading goes on after it.
// io.EOF is the end; any other error ends the file.
func (r *Reader) Next() (*Person, error) {
	p := &Person{Number: r.number + 1}
	if err := r.next(p); err != nil {
		return nil, err
	}
	r.number++
	p.finish(r.options)
	return p, nil
}

// openCSV reads the heading: every column must be known, once.
func (r *Reader) openCSV(in *bufio.Reader, head []byte) error {
	c := &cellReader{r: in, line: 1}
	if first, _, _ := strings.Cut(string(head), "\n"); len(first) >= 5 && strings.EqualFold(first[:4], "sep=") { // a spreadsheet's own hint
		_, _ = in.ReadString('\n')
		c.line, c.separator = 2, first[4]
	} else {
		c.separator = findSeparator(string(head))
	}
	names, _, bad, err := c.record()
	switch {
	case errors.Is(err, io.EOF):
		return fault.BadField("file", "import.file.empty", nil)
	case err != nil:
		return err
	case bad != nil:
		return fault.BadField("file", bad.Key, bad.Args)
	}
	var unknown, twice []string
	seen := map[string]bool{}
	for i, name := range names {
		name = Literal(strings.TrimSpace(name))
		names[i] = name
		_, known := r.columns[plainName(name)]
		switch {
		case name == "" && i == len(names)-1: // a separator at the end of each line
		case !known:
			unknown = append(unknown, fieldName(name))
		case seen[plainName(name)]:
			twice = append(twice, fieldName(name))
		}
		seen[plainName(name)] = true
	}
	if len(twice) > 0 {
		return fault.BadField("file", "import.file.twice", map[string]any{"names": few(twice)})
	}
	if len(unknown) == len(names) {
		return fault.BadField("file", "import.file.heading", nil)
	}
	if len(unknown) > 0 && !r.options.IgnoreUnknown {
		return fault.BadField("file", "import.file.unknown", map[string]any{"names": few(unknown)})
	}
	r.next = func(p *Person) error { return r.nextCells(p, c, names) }
	return nil
}

// few joins names for a sentence.
func few(names []string) string {
	if len(names) > 10 {
		names = append(names[:10:10], "…")
	}
	return strings.Join(names, ", ")
}

func (r *Reader) nextCells(p *Person, c *cellReader, names []string) error {
	cells, line, bad, err := c.record()
	if err != nil {
		return err
	}
	p.Line = line
	if bad != nil {
		p.Bad = append(p.Bad, *bad)
		return nil
	}
	for len(cells) > len(names) && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) != len(names) && !(len(cells) == len(names)-1 && names[len(names)-1] == "") {
		p.Bad.Add("", "import.row.cells", map[string]any{"count": len(cells), "want": len(names)})
	}
	for i, cell := range cells[:min(len(cells), len(names))] {
		if strings.TrimSpace(cell) == "" {
			continue
		}
		value := Literal(cell)
		if value == cell && formula(cell) && strings.ContainsRune("=@", rune(cell[0])) {
			p.Warn.Add(fieldName(names[i]), "import.cell.formula", nil)
		}
		r.columns.take(p, names[i], value)
	}
	return nil
}

// valid reports whether a record holds text only.
func valid(b []byte) bool { return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 }
