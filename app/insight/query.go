package insight

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"portico/app/fault"
)

// Span is how the range of a question is divided.
type Span string

// Days, calendar months, or the range as one.
const (
	Daily   Span = "daily"
	Monthly Span = "monthly"
	Whole   Span = "whole"
)

// LongestDays bounds a range. Roll-ups are kept for as long (KeptDays).
const (
	KeptDays    = 5 * 366
	LongestDays = KeptDays
)

// Filter leaves only events with one of the values, in each dimension that it names.
type Filter map[Dimension][]string

// Query asks for figures. From and To are days of UTC, both included. A monthly span counts the days of the range
// only: the first and the last month may be parts of months.
type Query struct {
	From, To Day
	By       Span
	Group    []Dimension // break down by these
	Filter   Filter
	Zone     *time.Location // for display; nil = UTC
}

// Check refuses ranges that make no sense, with an error about the field.
func (q Query) Check() error {
	switch {
	case q.To < q.From:
		return fault.BadField("to", "insight.range.reversed", nil)
	case q.To-q.From >= LongestDays:
		return fault.BadField("from", "insight.range.long", map[string]any{"days": LongestDays})
	case q.By != Daily && q.By != Monthly && q.By != Whole:
		return fault.BadField("by", "insight.span.unknown", nil)
	}
	return nil
}

// Ranged reads a range as it was typed: days as 2026-11-22, each "" by itself meaning the last days up to now, and the
// name of a time zone ("" = UTC) that only what is shown follows. Everything is counted by days of UTC.
func Ranged(from, to, zone string, now time.Time, days int) (Query, error) {
	q, today := Query{By: Daily, Zone: time.UTC}, DayOf(now)
	if zone != "" {
		at, err := time.LoadLocation(zone)
		if err != nil || zone == time.Local.String() { // this machine's own is nobody's business
			return q, fault.BadField("zone", "insight.zone.unknown", map[string]any{"zone": zone})
		}
		q.Zone = at
	}
	var err error
	if q.To = today; to != "" {
		if q.To, err = ParseDay(to); err != nil {
			return q, fault.BadField("to", "insight.day.unreadable", map[string]any{"value": to})
		}
	}
	if q.From = q.To - Day(days) + 1; from != "" {
		if q.From, err = ParseDay(from); err != nil {
			return q, fault.BadField("from", "insight.day.unreadable", map[string]any{"value": from})
		}
	}
	return q, q.Check()
}

// Before is the same question about the period before, of the same length.
func (q Query) Before() Query {
	n := q.To - q.From + 1
	q.From, q.To = q.From-n, q.To-n
	return q
}

// View is the narrowest one that answers the question.
func (q Query) View() View {
	return ViewFor(append(slices.Collect(maps.Keys(q.Filter)), q.Group...)...)
}

// Wants reports whether values pass the filter.
func (q Query) Wants(v Values) bool {
	for d, any := range q.Filter {
		if !slices.Contains(any, v[d]) {
			return false
		}
	}
	return true
}

// Bucket is the part of the range that a day falls into, by its first day: the day, its month, or all.
func (q Query) Bucket(d Day) Day {
	switch q.By {
	case Daily:
		return d
	case Monthly:
		return max(d.Month().First(), q.From)
	}
	return q.From
}

// Row is one figure: of a part of the range, for one combination of the values that were asked to be told apart.
type Row struct {
	Day    Day             // the first of the part of the range
	Values Values          // of the dimensions of Query.Group; the others are ""
	Active int64           // different people
	Counts map[Count]int64 // the rest
}

// Sum adds what stands below a metric, or only some of it.
func (r Row) Sum(metric string, below ...string) int64 { return Sum(r.Counts, metric, below...) }

// Sum adds what stands below a metric, or only some of it.
func Sum(counts map[Count]int64, metric string, below ...string) int64 {
	n := int64(0)
	for k, v := range counts {
		if k.Metric() == metric && (len(below) == 0 || slices.Contains(below, k.Below())) {
			n += v
		}
	}
	return n
}

// Report is the answer: rows by day and values. Parts of the range in which nothing happened have none.
type Report struct {
	Query    Query
	Rows     []Row
	Counting *Day // from this day on the log is just being counted anew; nil = all is counted
}

// Answer adds up rolls and single events to a report. It is exact: people are united, not added.
type Answer struct {
	q     Query
	cells map[rowKey]*Cell
}

type rowKey struct {
	day    Day
	values Values
}

// NewAnswer begins one.
func NewAnswer(q Query) *Answer { return &Answer{q: q, cells: map[rowKey]*Cell{}} }

func (a *Answer) cell(day Day, v Values) *Cell {
	k := rowKey{day: a.q.Bucket(day)}
	for _, d := range a.q.Group {
		k.values[d] = v[d]
	}
	c := a.cells[k]
	if c == nil {
		c = &Cell{Users: roaring.New(), Counts: map[Count]int64{}}
		a.cells[k] = c
	}
	return c
}

// Roll adds an encoded roll of an app that begins on a day. It must not be used after b changes.
func (a *Answer) Roll(day Day, app string, b []byte) error {
	return Read(b, func(_ View, v Values, counts map[Count]int64, users []byte) error {
		v[App] = app
		c := a.cell(day, v)
		for k, n := range counts {
			c.Counts[k] += n
		}
		if len(users) == 0 {
			return nil
		}
		some := roaring.New()
		if err := some.UnmarshalBinary(users); err != nil {
			return fmt.Errorf("%w: %w", errRoll, err)
		}
		c.Users.Or(some)
		return nil
	}, func(v Values) bool {
		v[App] = app
		return a.q.Wants(v)
	})
}

// Event adds one that no roll has yet.
func (a *Answer) Event(e Event, number uint32) {
	if e.Day < a.q.From || e.Day > a.q.To || !a.q.Wants(e.Values) {
		return
	}
	c := a.cell(e.Day, e.Values)
	if e.User != "" {
		c.Users.Add(number)
	}
	for k, n := range e.Counts {
		c.Counts[k] += n
	}
}

// Report is the sum, in order.
func (a *Answer) Report() Report {
	out := Report{Query: a.q}
	for k, c := range a.cells {
		out.Rows = append(out.Rows, Row{Day: k.day, Values: k.values, Active: int64(c.Users.GetCardinality()), Counts: c.Counts})
	}
	slices.SortFunc(out.Rows, func(x, y Row) int { return cmp.Or(cmp.Compare(x.Day, y.Day), compare(x.Values, y.Values)) })
	return out
}
