package models

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Condition is one piece of a WHERE clause. SQL holds names that come from an allow-list in the code
// and ? for each value; what a caller typed is only ever in Args.
type Condition struct {
	SQL  string
	Args []any
}

// Listing asks for one page of a tenant's rows in the order (Column, id), after a position. There is
// no offset: a page costs the same wherever it stands, and stays stable while rows come and go.
type Listing struct {
	Where  []Condition
	Column string // from an allow-list; "" or "id" sorts by id alone
	Desc   bool
	After  *Position
	Limit  int
}

// Position is where the former page ended.
type Position struct {
	Value any // of Column; nil when sorted by id alone
	ID    string
}

// ListRows gives one page of rows of type R. R's table has the columns tenant_id and id.
func ListRows[R any](ctx context.Context, t *Tenant, l Listing) ([]R, error) {
	db := t.where(ctx, l.Where)
	direction, than := "ASC", ">"
	if l.Desc {
		direction, than = "DESC", "<"
	}
	if l.Column == "" || l.Column == "id" {
		if l.After != nil {
			db = db.Where("id "+than+" ?", l.After.ID)
		}
		db = db.Order("id " + direction)
	} else {
		if l.After != nil {
			db = db.Where(fmt.Sprintf("(%s, id) %s (?, ?)", l.Column, than), l.After.Value, l.After.ID)
		}
		db = db.Order(l.Column + " " + direction + ", id " + direction)
	}
	var rows []R
	return rows, db.Limit(l.Limit).Find(&rows).Error
}

// CountRows counts the rows that meet the conditions. Not for logs.
func CountRows[R any](ctx context.Context, t *Tenant, where []Condition) (int64, error) {
	var n int64
	var row R
	return n, t.where(ctx, where).Model(&row).Count(&n).Error
}

// CountUpTo counts the rows of a log that meet the conditions, as far as a bound: nobody's question costs more than
// reading that many entries. What is above the bound means that there are more.
func CountUpTo[R any](ctx context.Context, t *Tenant, where []Condition, bound int) (int64, error) {
	var n int64
	var row R
	some := t.where(ctx, where).Model(&row).Select("1 AS one").Limit(bound + 1)
	return n, t.r(ctx).Table("(?) AS bounded", some).Count(&n).Error
}

// where is the scoped query with each condition in its own parentheses, so that an OR inside one can
// never reach around the tenant.
func (t *Tenant) where(ctx context.Context, conditions []Condition) *gorm.DB {
	db := t.q(ctx)
	for _, c := range conditions {
		args := make([]any, len(c.Args))
		for i, a := range c.Args {
			if at, ok := a.(time.Time); ok {
				a = at.UTC().Truncate(time.Microsecond)
			}
			args[i] = a
		}
		db = db.Where(clause.Expr{SQL: "(" + c.SQL + ")", Vars: args})
	}
	return db
}

// ListUsers gives one page of people.
func (t *Tenant) ListUsers(ctx context.Context, l Listing) ([]User, error) {
	rows, err := ListRows[UserRow](ctx, t, l)
	if err != nil {
		return nil, err
	}
	return t.usersOf(ctx, rows)
}

// ListApplications gives one page of applications with their credentials.
func (t *Tenant) ListApplications(ctx context.Context, l Listing) ([]Application, error) {
	rows, err := ListRows[ApplicationRow](ctx, t, l)
	if err != nil {
		return nil, err
	}
	return t.applicationsOf(ctx, rows)
}

// SearchHint is a condition on people that the search index answers fast: whoever holds these words in
// a name or address, and never fewer. It is nothing when the index cannot help; whoever uses it checks
// the words by conditions of their own.
func (t *Tenant) SearchHint(ctx context.Context, words string) ([]Condition, error) {
	s, ok, err := t.wordSearch(ctx, words)
	if !ok || err != nil {
		return nil, err
	}
	if t.dialect == "sqlite" {
		if many, err := t.many(ctx, s); many || err != nil {
			return nil, err
		}
		return []Condition{{SQL: "users.id IN (SELECT s.user_id FROM user_trigrams AS f CROSS JOIN user_search AS s ON s.num = f.rowid " +
			"WHERE f.search_norm MATCH ? AND s.tenant_id = ?)", Args: []any{s.match(), t.ID}}}, nil
	}
	var out []Condition
	if !s.walk {
		for _, g := range s.rare {
			out = append(out, Condition{SQL: `users.search_marked LIKE ? ESCAPE '\'`, Args: []any{"%" + likeEscape(g) + "%"}})
		}
	}
	return out, nil
}
