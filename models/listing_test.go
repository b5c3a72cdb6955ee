package models_test

import (
	"fmt"
	"testing"
	"time"

	"portico/models"
	"portico/models/modelstest"
)

// TestListingsKeepToTheirTenant: a condition with an OR in it cannot reach around the tenant, a page
// neither repeats nor loses a row while others come and go, and the search hint finds no fewer people
// than a search would.
func TestListingsKeepToTheirTenant(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		mine, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		modelstest.MustUser(t, other, "stranger@example.com")
		want := map[string]bool{}
		for i := range 7 {
			want[modelstest.MustUser(t, mine, fmt.Sprintf("person%d@example.com", i)).ID] = true
			s.Clock.Advance(time.Second / 3)
		}
		either := []models.Condition{{SQL: "1 = 0 OR 1 = 1"}}
		for _, l := range []models.Listing{{}, {Column: "created_at"}, {Column: "created_at", Desc: true}, {Column: "name_norm"}, {Desc: true}} {
			l.Where, l.Limit = either, 3
			seen := map[string]bool{}
			for {
				rows, err := models.ListRows[models.UserRow](ctx, mine, l)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range rows {
					if seen[r.ID] || !want[r.ID] && len(seen) < len(want) && r.Mail == "stranger@example.com" {
						t.Errorf("%+v: %s again, or somebody else's", l, r.Mail)
					}
					seen[r.ID] = true
				}
				if len(rows) < l.Limit {
					break
				}
				last := rows[len(rows)-1]
				l.After = &models.Position{ID: last.ID}
				switch l.Column {
				case "created_at":
					l.After.Value = last.CreatedAt
				case "name_norm":
					l.After.Value = last.NameNorm
				}
			}
			for id := range want {
				if !seen[id] {
					t.Errorf("%+v: somebody is missing", l)
				}
			}
			if len(seen) != len(want) {
				t.Errorf("%+v: %d people, want %d", l, len(seen), len(want))
			}
		}
		if n, err := models.CountRows[models.UserRow](ctx, mine, either); err != nil || n != 7 {
			t.Errorf("count %d %v", n, err)
		}
		for words, most := range map[string]int{"person3": 1, "person example": 7, "pe": 7, "stranger": 0, `"' OR 1=1`: 0} {
			hint, err := mine.SearchHint(ctx, words)
			if err != nil {
				t.Fatal(err)
			}
			users, err := mine.ListUsers(ctx, models.Listing{Where: hint, Limit: 50})
			if err != nil || len(hint) > 0 && len(users) > most || len(users) < most {
				t.Errorf("%q: %d people, %d expected: %v", words, len(users), most, err)
			}
		}
	})
}
