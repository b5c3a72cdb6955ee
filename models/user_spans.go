package models

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
)

// Postgres' index of trigrams knows no order: for one page of a name that a few thousand have it gives all of them,
// from all over a large table. So each text ends in marks of when the person came, which the index holds too, and it
// is asked for one span of time after the other until the page is full. A span is only ever a matter of cost: its
// bounds are compared as well, and what no span gave is read without one.

// mostSpans is how many spans a page reads before it reads all that is left.
const mostSpans = 3

// Spans are quarters of days or four days long, shortest first.
const (
	shortSpan = 6 * time.Hour
	longSpan  = 96 * time.Hour
)

// span is a time that has a mark of its own.
type span struct {
	from, to time.Time // to is excluded
	mark     string
}

// spanAt is the span of a length that a time lies in; its mark is one of the function search_marks' of the database.
// Marks come back after 4,096 spans.
func spanAt(at time.Time, long time.Duration) span {
	seconds := int64(long / time.Second)
	n := at.Unix() / seconds
	s := span{from: time.Unix(n*seconds, 0).UTC(), to: time.Unix((n+1)*seconds, 0).UTC(), mark: fmt.Sprintf("%03x", n%4096)}
	if long == longSpan { // g to v, so that it is no mark of the others
		s.mark = fmt.Sprintf("%c%02x", 'g'+rune(n/256%16), n%256)
	}
	return s
}

// What a statement costs besides the rows that the index finds for it, as so many of them.
const perStatement = 300

// span gives the span to ask for next, how many of the wanted it should give and how many the index finds for it; false
// when all that is left is read more cheaply at once: too few have the words, or most of them came together. So many of
// those that were expected in the spans before were found there.
func (x *userSample) span(words []string, tenantID string, at time.Time, wanted int, before yield) (s span, hits, found int, ok bool) {
	all, here := x.holding(words, tenantID)
	if all < fewFound || at.Unix() < 0 {
		return s, 0, all, false
	}
	all, here = before.scale(all), before.scale(here)
	cost, found := perStatement+all, all
	for _, long := range []time.Duration{shortSpan, longSpan} {
		next := spanAt(at, long)
		in, people := x.within(tenantID, next)
		give, find := here*in/max(people, 1), all*in/max(people, 1)
		if give == 0 {
			continue
		}
		spans := (wanted + give - 1) / give
		if c := spans * (perStatement + find); spans <= mostSpans && c < cost {
			cost, s, hits, found, ok = c, next, give, find, true
		}
	}
	return s, hits, found, ok
}

// yield is how many were expected in some spans and how many were found.
type yield struct{ expected, found int }

// scale corrects an estimate by what was found so far.
func (y yield) scale(n int) int { return n * (y.found + 1) / (y.expected + 1) }

// usersInSpans reads some of those who have the words, in the order in which they were created.
func (t *Tenant) usersInSpans(ctx context.Context, f, rest UserQuery, words wordSearch, most int) ([]UserRow, error) {
	var rows []UserRow
	read := func(find func(*gorm.DB) *gorm.DB) error {
		q, err := t.userFilter(ctx, rest)
		if err != nil {
			return err
		}
		if q, err = keyset(find(q), "created_at", f.After, f.Desc, true); err != nil {
			return err
		}
		some, err := scanned[UserRow](q.Limit(most - len(rows)))
		rows = append(rows, some...)
		return err
	}
	// In a query of its own, or the engine might walk after all.
	apart := func(q *gorm.DB, mark string) *gorm.DB {
		return t.r(ctx).Table("(? OFFSET 0) AS users", words.find(q.Model(&UserRow{}), mark))
	}
	at, err := t.spansBegin(ctx, f)
	if err != nil {
		return nil, err
	}
	after := ">= ?"
	if f.Desc {
		after = "< ?"
	}
	bound := func(q *gorm.DB) *gorm.DB { return q }
	var before yield
	for range mostSpans {
		s, hits, everywhere, ok := words.sample.span(words.words, t.ID, at, most-len(rows), before)
		if len(rows) == 0 && words.sample.walksAmong(words.words, t.ID, everywhere) {
			return rows, read(words.check)
		}
		if !ok {
			break
		}
		err := read(func(q *gorm.DB) *gorm.DB {
			return apart(q, s.mark).Where("created_at >= ? AND created_at < ?", s.from, s.to)
		})
		if err != nil || len(rows) == most {
			return rows, err
		}
		before = yield{before.expected + hits, len(rows)}
		edge := s.to
		if at = edge; f.Desc {
			edge = s.from
			at = edge.Add(-time.Microsecond)
		}
		bound = func(q *gorm.DB) *gorm.DB { return q.Where("created_at "+after, edge) }
	}
	return rows, read(func(q *gorm.DB) *gorm.DB { return bound(apart(q, "")) })
}

// spansBegin is when the first person came that the page can hold.
func (t *Tenant) spansBegin(ctx context.Context, f UserQuery) (time.Time, error) {
	if f.After != "" {
		c, err := parseCursor(f.After)
		return c.Time, err
	}
	order := "created_at"
	if f.Desc {
		order = "created_at DESC"
	}
	var first []time.Time
	err := t.q(ctx).Model(&UserRow{}).Order(order).Limit(1).Pluck("created_at", &first).Error
	return slices.Concat(first, []time.Time{{}})[0], err
}
