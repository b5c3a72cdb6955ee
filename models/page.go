package models

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"gorm.io/gorm"

	"portico/app/fault"
)

// Page is one page of a list. Next is empty on the last one; otherwise it asks for the following page
// and means nothing to anybody but the query it came from.
type Page[T any] struct {
	Items []T
	Next  string
}

const (
	defaultLimit = 50
	maxLimit     = 999 // Graph's largest $top
)

func clampLimit(n int) int {
	switch {
	case n <= 0:
		return defaultLimit
	case n > maxLimit:
		return maxLimit
	}
	return n
}

// cursor is where a page ended: the sort key and the id that breaks ties.
type cursor struct {
	Time time.Time `json:"t,omitzero"`
	Text string    `json:"s,omitempty"`
	ID   string    `json:"i"`
	Via  string    `json:"v,omitempty"` // which index a list walks
}

func (c cursor) String() string {
	b, _ := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(s string) (c cursor, err error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil || c.ID == "" {
		return c, fault.BadField("after", "list.cursor", nil)
	}
	c.Time = c.Time.UTC()
	return c, nil
}

// keyset narrows a query to what follows the cursor and sorts it by (column, id). Rows with equal
// sort keys keep their order by id, so that no page repeats or loses one.
func keyset(q *gorm.DB, column, after string, desc bool, byTime bool) (*gorm.DB, error) {
	return keysetOf(q, column, "id", after, desc, byTime)
}

// keysetOf is keyset where the id's column has another name.
func keysetOf(q *gorm.DB, column, id, after string, desc bool, byTime bool) (*gorm.DB, error) {
	op, dir := ">", ""
	if desc {
		op, dir = "<", " DESC"
	}
	if after != "" {
		c, err := parseCursor(after)
		if err != nil {
			return nil, err
		}
		var key any = c.Text
		if byTime {
			key = c.Time
		}
		q = q.Where("("+column+", "+id+") "+op+" (?, ?)", key, c.ID)
	}
	return q.Order(column + dir + ", " + id + dir), nil
}

// page cuts what was read with one row more than asked into a page and its Next.
func page[T any](rows []T, limit int, key func(T) cursor) Page[T] {
	if len(rows) <= limit {
		return Page[T]{Items: rows}
	}
	rows = rows[:limit]
	return Page[T]{Items: rows, Next: key(rows[limit-1]).String()}
}

// mapPage converts the items of a page.
func mapPage[A, B any](p Page[A], f func(A) B) Page[B] {
	out := Page[B]{Items: make([]B, len(p.Items)), Next: p.Next}
	for i, a := range p.Items {
		out.Items[i] = f(a)
	}
	return out
}

// eachPage visits the items of every page in turn.
func eachPage[T any](ctx context.Context, after string, next func(after string) (Page[T], error), visit func(T) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		p, err := next(after)
		if err != nil {
			return err
		}
		for _, item := range p.Items {
			if err := visit(item); err != nil {
				return err
			}
		}
		if after = p.Next; after == "" {
			return nil
		}
	}
}

// equals narrows a query to the given values; an empty one does not matter. The order is the caller's,
// so that one filter is always one statement.
func equals(q *gorm.DB, values [][2]string) *gorm.DB {
	for _, v := range values {
		if v[1] != "" {
			q = q.Where(v[0]+" = ?", v[1])
		}
	}
	return q
}
