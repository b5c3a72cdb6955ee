package models

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"
	"time"
)

// Dump is every row of every table as text, one per line and sorted, with times in UTC: two databases
// that hold the same have the same dump. It is for comparing, and holds everything in memory.
func (s *Store) Dump(ctx context.Context) (string, error) {
	var lines []string
	for _, table := range Tables() {
		name, err := tableName(s.read, table)
		if err != nil {
			return "", err
		}
		rows := reflect.New(reflect.SliceOf(reflect.TypeOf(table).Elem()))
		if err := s.read.WithContext(ctx).Model(table).Find(rows.Interface()).Error; err != nil {
			return "", err
		}
		for i := range rows.Elem().Len() {
			inUTC(rows.Elem().Index(i))
			b, err := json.Marshal(rows.Elem().Index(i).Interface())
			if err != nil {
				return "", err
			}
			lines = append(lines, fmt.Sprintf("%s %s", name, b))
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n"), nil
}

func inUTC(row reflect.Value) {
	for i := range row.NumField() {
		switch v := row.Field(i).Interface().(type) {
		case time.Time:
			row.Field(i).Set(reflect.ValueOf(v.UTC()))
		case *time.Time:
			if v != nil {
				utc := v.UTC()
				row.Field(i).Set(reflect.ValueOf(&utc))
			}
		}
	}
}
