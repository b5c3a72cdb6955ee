package models

import (
	"reflect"
	"regexp"
	"testing"

	"gorm.io/gorm/schema"
)

// TestMergeKnowsEveryTableThatNamesAPerson: whoever adds a table with somebody's id decides what becomes of its rows
// when two accounts become one.
func TestMergeKnowsEveryTableThatNamesAPerson(t *testing.T) {
	names := regexp.MustCompile(`^(User|Person|Member|Principal|Owner|Admin|Actor|Target|Account|Subject)ID$|^(Accepted|Noted)By$`)
	known := map[string]bool{}
	for _, r := range mergeRules() {
		at := r.row.(interface{ TableName() string }).TableName() + "." + r.column
		if known[at] {
			t.Errorf("%s is decided twice", at)
		}
		known[at] = true
	}
	for _, table := range Tables() {
		of := reflect.TypeOf(table).Elem()
		for i := range of.NumField() {
			if f := of.Field(i); names.MatchString(f.Name) {
				at := table.(interface{ TableName() string }).TableName() + "." + schema.NamingStrategy{}.ColumnName("", f.Name)
				if !known[at] {
					t.Errorf("%s is not in mergeRules: what becomes of it when two accounts are merged?", at)
				}
				delete(known, at)
			}
		}
	}
	for at := range known {
		t.Errorf("%s is in mergeRules and nowhere else", at)
	}
}
