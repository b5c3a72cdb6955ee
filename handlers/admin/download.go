package admin

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/audit"
)

// column is one column of a download.
type column[T any] struct {
	name  string
	value func(T) string
}

// pager gives the page after a cursor; the empty cursor is the first page, and an empty next the end.
type pager[T any] func(ctx context.Context, after string) (rows []T, next string, err error)

// downloadTime is how long one download may take.
const downloadTime = 5 * time.Minute

// download streams a whole list as CSV or JSON, page by page, so that its size does not matter. raw,
// when given, is what JSON carries instead of the columns. The Fiber context is not touched inside the
// stream.
func download[T any](c *fiber.Ctx, format, name string, cols []column[T], raw func(T) any, next pager[T]) error {
	if err := unreadable(c); err != nil {
		return err
	}
	rows, after, err := next(c.UserContext(), "") // the first page before the header, so that a failure is a failure
	if err != nil {
		return err
	}
	v := visitOf(c)
	err = v.tenant.WriteAudit(c.UserContext(), v.actor(c), audit.Event{Activity: "Download list", Category: "DirectoryManagement", Operation: "Download",
		Target: audit.Target{Kind: "list", ID: name, Name: name}, Changes: []audit.Change{{Property: "format", New: format}, {Property: "filters", New: string(c.Request().URI().QueryString()), Class: audit.Sensitive}}})
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	if format == "json" {
		c.Set(fiber.HeaderContentType, "application/json; charset=utf-8")
	}
	c.Set(fiber.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="%s.%s"`, name, format))
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		ctx, cancel := context.WithTimeout(context.Background(), downloadTime)
		defer cancel()
		out := sink[T](newCSV(w, cols))
		if format == "json" {
			out = &jsonSink[T]{w: w, cols: cols, raw: raw}
		}
		out.begin()
		for {
			for _, row := range rows {
				out.row(row)
			}
			if after == "" || w.Flush() != nil {
				break
			}
			if rows, after, err = next(ctx, after); err != nil {
				out.fail()
				return
			}
		}
		out.end()
	})
	return nil
}

type sink[T any] interface {
	begin()
	row(T)
	fail() // the rest could not be read: say so, rather than look complete
	end()
}

type csvSink[T any] struct {
	w    *csv.Writer
	cols []column[T]
}

func newCSV[T any](w *bufio.Writer, cols []column[T]) *csvSink[T] {
	return &csvSink[T]{w: csv.NewWriter(w), cols: cols}
}

func (s *csvSink[T]) begin() {
	head := make([]string, len(s.cols))
	for i, col := range s.cols {
		head[i] = col.name
	}
	_ = s.w.Write(head)
}

func (s *csvSink[T]) row(v T) {
	cells := make([]string, len(s.cols))
	for i, col := range s.cols {
		cells[i] = neutral(col.value(v))
	}
	_ = s.w.Write(cells)
	s.w.Flush()
}

func (s *csvSink[T]) fail() {
	_ = s.w.Write([]string{"INCOMPLETE: reading failed, download again"})
	s.w.Flush()
}

func (s *csvSink[T]) end() { s.w.Flush() }

type jsonSink[T any] struct {
	w    *bufio.Writer
	cols []column[T]
	raw  func(T) any
	n    int
}

func (s *jsonSink[T]) begin() { _, _ = s.w.WriteString("[") }

func (s *jsonSink[T]) row(v T) {
	if s.n++; s.n > 1 {
		_, _ = s.w.WriteString(",")
	}
	_, _ = s.w.WriteString("\n")
	var value any
	if s.raw != nil {
		value = s.raw(v)
	} else {
		m := make(map[string]string, len(s.cols))
		for _, col := range s.cols {
			m[col.name] = col.value(v)
		}
		value = m
	}
	b, err := json.Marshal(value)
	if err != nil {
		b = []byte("null")
	}
	_, _ = s.w.Write(b)
}

// fail leaves the array open on purpose: a parser refuses an incomplete download.
func (s *jsonSink[T]) fail() { _ = s.w.Flush() }

func (s *jsonSink[T]) end() { _, _ = s.w.WriteString("\n]\n") }

// neutral keeps a spreadsheet from reading a cell as a formula (DESIGN §9.10).
func neutral(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

// stamp is a time as downloads write it.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func stampOf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return stamp(*t)
}
