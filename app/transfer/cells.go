package transfer

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"portico/app/fault"
)

// Bounds of what one record may be. They bound memory too.
const (
	maxField  = 64 << 10
	maxRecord = 1 << 20
	maxCells  = 1000
	// maxBreaks is how many line breaks a quoted cell may hold. A quotation mark that is not closed by then is
	// taken for one that never is.
	maxBreaks = 100
)

// cellReader reads comma-separated values as RFC 4180 has them, from UTF-8, with any separator and any line
// end. What is broken is reported, and reading goes on with the next line; except after a quotation mark that is
// never closed: which of the lines below it are people nobody can tell, so the file as a whole is refused.
type cellReader struct {
	r         *bufio.Reader
	separator byte
	line      int64 // of what is read next, from 1
}

// record gives the next record that is not empty and the line where it begins. bad says why it cannot be used.
func (c *cellReader) record() (cells []string, line int64, bad *fault.Field, err error) {
	for {
		line = c.line
		cells, bad, err = c.one()
		if err != nil || bad != nil || len(cells) > 1 || len(cells) == 1 && strings.TrimSpace(cells[0]) != "" {
			return cells, line, bad, err
		}
	}
}

func (c *cellReader) one() (cells []string, bad *fault.Field, err error) {
	var field []byte
	start, size, breaks := c.line, 0, 0
	inside, closed, begun, binary := false, false, false, false
	complain := func(key string, args map[string]any) {
		if bad == nil {
			bad = &fault.Field{Key: key, Args: args}
		}
	}
	end := func() {
		switch {
		case len(cells) >= maxCells:
			complain("import.row.long", nil)
		case !utf8.Valid(field):
			complain("import.row.encoding", nil)
		case binary:
			complain("import.row.binary", nil)
		}
		if bad == nil {
			cells = append(cells, string(field))
		}
		field, inside, closed, breaks = field[:0], false, false, 0
	}
	for {
		b, err := c.r.ReadByte()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return nil, nil, err
			}
			if !begun {
				return nil, nil, io.EOF
			}
			if inside {
				return nil, nil, openQuote(start)
			}
			end()
			return cells, bad, nil
		}
		begun = true
		if size++; size > maxRecord {
			complain("import.row.long", nil)
		}
		if b == 0 {
			binary = true
		}
		if b == '\r' { // "\r\n" and the lone "\r" of old are line ends too
			if next, err := c.r.Peek(1); err == nil && next[0] == '\n' {
				_, _ = c.r.ReadByte()
			}
			b = '\n'
		}
		switch {
		case b == '\n' && inside:
			c.line++
			if breaks++; breaks > maxBreaks {
				return nil, nil, openQuote(start)
			}
			field = append(field, b)
		case b == '\n':
			c.line++
			end()
			return cells, bad, nil
		case inside && b == '"':
			if next, err := c.r.Peek(1); err == nil && next[0] == '"' {
				_, _ = c.r.ReadByte()
				field = append(field, '"')
				continue
			}
			inside, closed = false, true
		case inside:
			field = append(field, b)
		case b == c.separator:
			end()
		case b == '"' && len(field) == 0 && !closed:
			inside = true
		case b == '"' || closed && b != ' ':
			complain("import.row.quote", nil)
		case !closed:
			field = append(field, b)
		}
		if len(field) > maxField {
			complain("import.row.long", nil)
			field = field[:0]
		}
	}
}

func openQuote(line int64) error {
	return fault.BadField("file", "import.file.open_quote", map[string]any{"line": line})
}

// findSeparator tells the separator from the first line: what divides it most often, outside of quotes.
func findSeparator(head string) byte {
	counts, quoted := map[byte]int{}, false
	for i := 0; i < len(head) && (quoted || head[i] != '\n' && head[i] != '\r'); i++ {
		switch b := head[i]; b {
		case '"':
			quoted = !quoted
		case ',', ';', '\t':
			if !quoted {
				counts[b]++
			}
		}
	}
	best := byte(',')
	for _, b := range []byte{';', '\t'} {
		if counts[b] > counts[best] {
			best = b
		}
	}
	return best
}

// formulas are what a spreadsheet takes for the beginning of one.
const formulas = "=+-@\t\r\n＝＋－＠"

func formula(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return s != "" && strings.ContainsRune(formulas, first)
}

// Neutral writes a cell so that no spreadsheet computes it: with an apostrophe in front (DESIGN §9.10).
// Literal takes it away again, so that what is exported is imported unchanged.
func Neutral(s string) string {
	if formula(s) || strings.HasPrefix(s, "'") && (formula(s[1:]) || strings.HasPrefix(s[1:], "'")) {
		return "'" + s
	}
	return s
}

// Literal is what Neutral was given.
func Literal(s string) string {
	if rest, quoted := strings.CutPrefix(s, "'"); quoted && (formula(rest) || strings.HasPrefix(rest, "'")) {
		return rest
	}
	return s
}
