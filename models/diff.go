package models

import (
	"errors"
	"fmt"
	"reflect"

	"gorm.io/gorm"

	"portico/app/audit"
	"portico/app/fault"
)

// differences collects what a mutation changes: columns to write and properties for the audit log.
type differences struct {
	columns map[string]any
	changes []audit.Change
}

// note compares one property before and after; column "" means that it is written elsewhere.
func (d *differences) note(property, column string, old, new any, class audit.Class) {
	if reflect.DeepEqual(old, new) {
		return
	}
	if column != "" {
		if d.columns == nil {
			d.columns = map[string]any{}
		}
		d.columns[column] = new
	}
	d.changes = append(d.changes, audit.Change{Property: property, Old: old, New: new, Class: class})
}

// fields compares two values of one struct type, a property per JSON-visible field.
func (d *differences) fields(prefix string, old, new any) {
	a, b := reflect.ValueOf(old), reflect.ValueOf(new)
	for i := range a.NumField() {
		f := a.Type().Field(i)
		if !f.IsExported() || f.Tag.Get("json") == "-" {
			continue
		}
		x, y := a.Field(i), b.Field(i)
		if empty(x) && empty(y) {
			continue
		}
		d.note(prefix+jsonName(f), "", x.Interface(), y.Interface(), audit.Public)
	}
}

func empty(v reflect.Value) bool {
	return v.IsZero() || (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.Len() == 0
}

func jsonName(f reflect.StructField) string {
	tag := f.Tag.Get("json")
	for i := range tag {
		if tag[i] == ',' {
			tag = tag[:i]
			break
		}
	}
	if tag == "" {
		return f.Name
	}
	return tag
}

// found turns "no such row" into the application's own not-found.
func found(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return fault.Wrap(fault.NotFound, "error.not_found", err)
	}
	return err
}

// oneRow makes an update that met no row a not-found.
func oneRow(r *gorm.DB) error {
	if r.Error == nil && r.RowsAffected == 0 {
		return fault.New(fault.NotFound, "error.not_found")
	}
	return r.Error
}

// taken turns a duplicate key into a conflict that names the field.
func taken(err error, field, key string, args map[string]any) error {
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return &fault.Error{Code: fault.Conflict, Key: key, Args: args,
			Fields: []fault.Field{{Name: field, Key: key, Args: args}}, Cause: err}
	}
	return err
}

func badJSON(what, id string, err error) error {
	return fmt.Errorf("models: %s %s holds bad JSON: %w", what, id, err)
}
