package models_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// Whatever is combined, the pages together hold exactly whom the query describes, once each, in the order that
// the page says.
func TestEveryCombinationOfFiltersFindsExactlyWhomItDescribes(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, other := modelstest.MustTenant(t, s, ""), modelstest.MustTenant(t, s, "")
		plan := modelstest.MustDefinition(t, tn, userflow.Definition{Name: "plan", DataType: userflow.String}).ID
		vip := modelstest.MustDefinition(t, tn, userflow.Definition{Name: "vip", DataType: userflow.Boolean}).ID
		made, err := tn.CreateGroup(ctx, actor, account.Group{Name: "Friends"})
		if err != nil {
			t.Fatal(err)
		}
		group := made.ID
		start := s.Now().Add(-1000 * time.Hour)
		dice := rand.New(rand.NewPCG(1, 2))
		const n = 1_700
		var all []models.User
		inGroup := map[string]bool{}
		for i := range n {
			name := []string{"Ann", "Ben", "Cleo", "Dora"}[dice.IntN(4)] + " " + []string{"Berg", "Stone", "Rivers"}[dice.IntN(3)]
			mail := fmt.Sprintf("p%d@example.com", i)
			u := models.User{Account: account.Account{ID: models.NewID(), DisplayName: name, Mail: mail, Enabled: dice.IntN(3) > 0, MustChangePassword: dice.IntN(20) == 0,
				CreatedAt: start.Add(time.Duration(dice.IntN(900)) * time.Hour), Attributes: map[string]any{},
				Identities: []account.Identity{{SignInType: account.SignInEmail, Value: mail}}}}
			switch dice.IntN(10) {
			case 0, 1, 2, 3, 4:
				u.Attributes[plan] = "free"
			case 5:
				u.Attributes[plan] = "gold"
			}
			if dice.IntN(2) == 0 {
				u.Attributes[vip] = true
			}
			if dice.IntN(4) > 0 {
				u.LastSignInAt = start.Add(time.Duration(dice.IntN(1000)) * time.Hour)
			}
			if dice.IntN(12) == 0 {
				u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInFederated, Issuer: "https://idp.example", Value: mail})
			}
			if dice.IntN(15) == 0 {
				u.DeletedAt, u.SelfDeleted = start.Add(time.Hour), dice.IntN(2) == 0
			}
			all = append(all, u)
			inGroup[u.ID] = dice.IntN(2) == 0
		}
		for chunk := range slices.Chunk(all, 500) {
			if err := tn.ImportUsers(ctx, actor, slices.Clone(chunk)); err != nil {
				t.Fatal(err)
			}
		}
		for _, u := range all {
			if inGroup[u.ID] && u.DeletedAt.IsZero() {
				if err := tn.AddMember(ctx, actor, group, u.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		stranger := all[0]
		stranger.ID, stranger.Attributes = models.NewID(), nil
		if err := other.ImportUsers(ctx, actor, []models.User{stranger}); err != nil {
			t.Fatal(err)
		}
		if err := s.Settle(); err != nil {
			t.Fatal(err)
		}
		matches := func(f models.UserQuery, u models.User) bool {
			has := func(kind string) bool {
				return slices.ContainsFunc(u.Identities, func(i account.Identity) bool { return i.SignInType == kind && i.Issuer == f.Provider })
			}
			value := ""
			switch v := u.Attributes[f.Attribute].(type) {
			case string:
				value = v
			case bool:
				value = fmt.Sprint(v)
			}
			words := true
			for _, w := range strings.Fields(strings.ToLower(f.Search)) {
				words = words && strings.Contains(strings.ToLower(u.DisplayName+"\n"+u.Mail), w)
			}
			return (u.DeletedAt.IsZero() == (!f.Deleted && !f.Leaving)) && (!f.Leaving || u.SelfDeleted) && (f.Enabled == nil || *f.Enabled == u.Enabled) &&
				(!f.MustChangePassword || u.MustChangePassword) && (f.GroupID == "" || inGroup[u.ID] && u.DeletedAt.IsZero()) && (f.Attribute == "" || value == f.AttributeValue) &&
				(f.SignInType == "" || has(f.SignInType)) && (!f.NeverSignedIn || u.LastSignInAt.IsZero()) && words &&
				(f.NamePrefix == "" || strings.HasPrefix(strings.ToLower(u.DisplayName), strings.ToLower(f.NamePrefix))) &&
				(f.CreatedFrom.IsZero() || !u.CreatedAt.Before(f.CreatedFrom)) && (f.CreatedBefore.IsZero() || u.CreatedAt.Before(f.CreatedBefore)) &&
				(f.LastSignInFrom.IsZero() || !u.LastSignInAt.Before(f.LastSignInFrom)) &&
				(f.LastSignInBefore.IsZero() || !u.LastSignInAt.IsZero() && u.LastSignInAt.Before(f.LastSignInBefore))
		}
		at := func() time.Time { return start.Add(time.Duration(dice.IntN(1000)) * time.Hour) }
		yes, no := true, false
		edits := []func(*models.UserQuery){
			func(f *models.UserQuery) {
				f.Search = []string{"ann", "berg stone", "ann berg", "p12", "example.com", "a"}[dice.IntN(6)]
			},
			func(f *models.UserQuery) { f.NamePrefix = []string{"a", "cleo"}[dice.IntN(2)] },
			func(f *models.UserQuery) { f.Enabled = []*bool{&yes, &no}[dice.IntN(2)] },
			func(f *models.UserQuery) { f.Deleted = true },
			func(f *models.UserQuery) { f.Leaving = true },
			func(f *models.UserQuery) { f.MustChangePassword = true },
			func(f *models.UserQuery) { f.GroupID = group },
			func(f *models.UserQuery) {
				f.Attribute, f.AttributeValue = plan, []string{"free", "gold", "none"}[dice.IntN(3)]
			},
			func(f *models.UserQuery) { f.Attribute, f.AttributeValue = vip, "true" },
			func(f *models.UserQuery) { f.SignInType = account.SignInEmail },
			func(f *models.UserQuery) { f.SignInType, f.Provider = account.SignInFederated, "https://idp.example" },
			func(f *models.UserQuery) { f.NeverSignedIn = true },
			func(f *models.UserQuery) { f.CreatedFrom = at() },
			func(f *models.UserQuery) { f.CreatedBefore = at() },
			func(f *models.UserQuery) { f.LastSignInFrom = at() },
			func(f *models.UserQuery) { f.LastSignInBefore = at() },
		}
		sorts := []string{"", "", models.SortByName, models.SortByCreated, models.SortByLastSignIn}
		for range 150 {
			var f models.UserQuery
			for range dice.IntN(4) {
				edits[dice.IntN(len(edits))](&f)
			}
			if f.Search == "a" { // one letter is the beginning of a name, not a part of it
				f.NamePrefix, f.Search = "a", ""
			}
			f.Sort, f.Desc, f.Limit = sorts[dice.IntN(len(sorts))], dice.IntN(2) == 0, 1+dice.IntN(200)
			var want, got []string
			for _, u := range all {
				if matches(f, u) && (f.Sort != models.SortByLastSignIn || !u.LastSignInAt.IsZero()) {
					want = append(want, u.ID)
				}
			}
			var shown []models.User
			unsorted := false
			for q := f; ; {
				p, err := tn.FindUsers(ctx, q)
				if err != nil {
					t.Fatalf("%+v: %v", q, err)
				}
				shown, unsorted = append(shown, p.Items...), unsorted || p.Unsorted
				if p.Partly && p.Next == "" || len(p.Items) == 0 && p.Next != "" && !p.Partly {
					t.Fatalf("%+v: a page that leads nowhere", q)
				}
				if q.After = p.Next; q.After == "" {
					break
				}
			}
			for _, u := range shown {
				if f.Sort != models.SortByLastSignIn || !u.LastSignInAt.IsZero() {
					got = append(got, u.ID)
				}
			}
			slices.Sort(want)
			if !slices.Equal(want, slices.Sorted(slices.Values(got))) {
				t.Fatalf("%+v: found %d, want %d", f, len(got), len(want))
			}
			ordered := slices.IsSortedFunc(shown, func(a, b models.User) int {
				n := 0
				switch f.Sort {
				case models.SortByCreated:
					n = a.CreatedAt.Compare(b.CreatedAt)
				case models.SortByLastSignIn:
					n = a.LastSignInAt.Compare(b.LastSignInAt)
				case models.SortByName:
					n = strings.Compare(strings.ToLower(a.DisplayName), strings.ToLower(b.DisplayName))
				}
				if f.Desc {
					n = -n
				}
				return n
			})
			if f.Sort != "" && !unsorted && !ordered {
				t.Fatalf("%+v: not in order", f)
			}
		}
	})
}

// The index of attributes follows every way of writing a person.
func TestTheIndexOfAttributesFollows(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "")
		plan := modelstest.MustDefinition(t, tn, userflow.Definition{Name: "plan", DataType: userflow.String}).ID
		u := modelstest.MustUser(t, tn, "ann@example.com")
		find := func(value string) int {
			t.Helper()
			p, err := tn.Users(ctx, models.UserQuery{Attribute: plan, AttributeValue: value})
			if err != nil {
				t.Fatal(err)
			}
			return len(p.Items)
		}
		long := strings.Repeat("é", 200)
		for _, c := range []struct{ set, find string }{{"gold", "gold"}, {long, long}, {"silver", "silver"}} {
			if _, err := tn.UpdateUser(ctx, actor, u.ID, func(u *models.User) error { u.Attributes = map[string]any{plan: c.set}; return nil }); err != nil {
				t.Fatal(err)
			}
			if find(c.find) != 1 || find("gold") != 0 && c.set != "gold" || find("silver ") != 0 || find("SILVER") != 0 {
				t.Errorf("%.10s: found %d", c.set, find(c.find))
			}
		}
		if err := tn.DeleteUser(ctx, actor, u.ID); err != nil {
			t.Fatal(err)
		}
		if find("silver") != 0 {
			t.Error("a deleted person is among the others")
		}
		if p, err := tn.Users(ctx, models.UserQuery{Attribute: plan, AttributeValue: "silver", Deleted: true}); err != nil || len(p.Items) != 1 {
			t.Errorf("%d deleted, %v", len(p.Items), err)
		}
		if err := tn.PurgeUser(ctx, actor, u.ID); err != nil {
			t.Fatal(err)
		}
	})
}
