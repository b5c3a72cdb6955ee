package models

import (
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"time"

	"gorm.io/gorm"
)

// scan.go reads rows where it matters how long that takes: lists, reports and exports. GORM's own scanning takes about
// as long for a page as the engine needs to find it.

// scanned is Find: the rows that a query finds, whose table is T's unless the query names another. A column without a value leaves its field as it is.
func scanned[T any](q *gorm.DB) ([]T, error) {
	q = q.Model(new(T))
	rows, err := q.Rows()
	if err != nil {
		return nil, err
	}
	out, err := scanRows[T](q, rows)
	if err = errors.Join(err, rows.Close()); err != nil {
		return nil, q.Session(&gorm.Session{NewDB: true}).AddError(err) // which says what the engine means
	}
	return out, nil
}

func scanRows[T any](q *gorm.DB, rows *sql.Rows) ([]T, error) {
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	stmt := &gorm.Statement{DB: q}
	if err := stmt.Parse(new(T)); err != nil { // parsed once, and then known
		return nil, err
	}
	var row, zero T
	at := reflect.ValueOf(&row).Elem()
	into := make([]any, len(columns))
	for i, name := range columns {
		into[i] = new(any)
		if f := stmt.Schema.LookUpField(name); f != nil {
			if into[i] = cellInto(at.FieldByIndex(f.StructField.Index).Addr().Interface()); into[i] == nil {
				return nil, fmt.Errorf("models: no way to read column %s into %s", name, f.FieldType)
			}
		}
	}
	var out []T
	for rows.Next() {
		row = zero
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// cellInto gives what rows.Scan can read a column of either engine into, nil for a type that no row has.
func cellInto(field any) any {
	switch to := field.(type) {
	case *string:
		return textCell{to}
	case *bool:
		return cell[bool]{to}
	case *int:
		return cell[int]{to}
	case *int64:
		return cell[int64]{to}
	case *float64:
		return cell[float64]{to}
	case *time.Time:
		return cell[time.Time]{to}
	case **time.Time, **string, *[]byte:
		return to
	}
	return nil
}

// textCell is what most columns are. Some of them have no value in rows that are older than they.
type textCell struct{ to *string }

func (c textCell) Scan(v any) error {
	if s, ok := v.(string); ok {
		*c.to = s
		return nil
	}
	return cell[string](c).Scan(v)
}

// cell is one of another type.
type cell[T any] struct{ to *T }

func (c cell[T]) Scan(v any) error {
	if v == nil {
		return nil
	}
	if same, ok := v.(T); ok {
		*c.to = same
		return nil
	}
	var n sql.Null[T]
	err := n.Scan(v)
	*c.to = n.V
	return err
}
