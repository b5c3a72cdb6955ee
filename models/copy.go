package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"

	"gorm.io/gorm"
)

// Copied says how many rows of a table were copied.
type Copied struct {
	Table string
	Rows  int64
}

// ErrNotEmpty means that the target of a copy holds something already.
var ErrNotEmpty = errors.New("the target database is not empty; copy into a new one")

const copyBatch = 200

// Copy brings every row of one database into another, in either direction between SQLite and Postgres,
// keeping everything: ids, times, sealed secrets (so the same PORTICO_SECRET is needed there). The
// source is read as of one moment; the target is migrated first, must be empty, and gets all or nothing.
func Copy(ctx context.Context, from, to *Store) ([]Copied, error) {
	if err := to.Migrate(ctx); err != nil {
		return nil, err
	}
	var report []Copied
	options := &sql.TxOptions{ReadOnly: true}
	if from.dialect == "postgres" {
		options.Isolation = sql.LevelRepeatableRead
	}
	err := from.read.WithContext(ctx).Transaction(func(src *gorm.DB) error {
		return to.write.WithContext(ctx).Transaction(func(dst *gorm.DB) error {
			for _, table := range Tables() {
				name, err := tableName(dst, table)
				if err != nil {
					return err
				}
				n, err := copyTable(src, dst, table)
				if err != nil {
					return fmt.Errorf("copy %s: %w", name, err)
				}
				report = append(report, Copied{Table: name, Rows: n})
			}
			return nil
		})
	}, options)
	if err != nil {
		return nil, err
	}
	return report, nil
}

func tableName(db *gorm.DB, table any) (string, error) {
	s := &gorm.Statement{DB: db}
	err := s.Parse(table)
	return s.Table, err
}

func copyTable(src, dst *gorm.DB, table any) (int64, error) {
	row := reflect.TypeOf(table).Elem()
	var have int64
	if err := dst.Model(table).Limit(1).Count(&have).Error; err != nil {
		return 0, err
	}
	if have > 0 {
		return 0, ErrNotEmpty
	}
	rows, err := src.Model(table).Rows()
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var n int64
	batch := reflect.MakeSlice(reflect.SliceOf(row), 0, copyBatch)
	flush := func() error {
		if batch.Len() == 0 {
			return nil
		}
		page := reflect.New(batch.Type())
		page.Elem().Set(batch)
		n += int64(batch.Len())
		batch = reflect.MakeSlice(batch.Type(), 0, copyBatch)
		return dst.Create(page.Interface()).Error
	}
	for rows.Next() {
		one := reflect.New(row)
		if err := src.ScanRows(rows, one.Interface()); err != nil {
			return n, err
		}
		if batch = reflect.Append(batch, one.Elem()); batch.Len() == copyBatch {
			if err := flush(); err != nil {
				return n, err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return n, err
	}
	return n, flush()
}
