package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/models"
	"portico/models/modelstest"
)

func TestTheIndexIsAskedForWhatFewHave(t *testing.T) {
	everybody := []string{"anna berg", "anna stein", "anna bergmann", "hanna berg", "johanna ricken", "otto bergson", "otto stein", "ulrike kowalski"}
	for _, c := range []struct {
		name  string
		words string
		most  int
		want  []string
	}{
		{"too short for the index", "an be", 3, nil},
		{"one trigram", "ann", 3, []string{"ann"}},
		{"what nobody in the sample has, in the order of the word", "zzyzx", 3, []string{"zzy", "zyz", "yzx"}},
		{"the rare one first", "annarick", 1, []string{"nar"}},
		{"no more than asked for", "kowalski", 2, []string{"kow", "owa"}},
		{"what narrows further", "anna stein", 2, []string{"ste", "ann"}},
		{"a trigram once", "annann", 9, []string{"nan", "ann", "nna"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := models.RareTrigrams(everybody, strings.Fields(c.words), c.most); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestPostgresWalksToWhatManyHave(t *testing.T) {
	times := func(n int, text string) []string { return slices.Repeat([]string{text}, n) }
	texts := map[string][]string{
		"large": slices.Concat(times(1_400, "somebody else"), times(560, "anna stein"), times(4, "bert martin"), times(2, "carl lang")),
		"small": slices.Concat(times(3, "somebody else"), times(2, "anna stein")),
	}
	for _, c := range []struct {
		name, tenant, words string
		people              int
		want                bool
	}{
		{"a name of a quarter of all", "large", "anna", 1_000_000, true},
		{"both names of a quarter", "large", "anna stein", 1_000_000, true},
		{"a name of one in five hundred: the index", "large", "martin", 1_000_000, false},
		{"a name of hardly anybody", "large", "lang", 1_000_000, false},
		{"a name of nobody", "large", "zzyzx", 1_000_000, false},
		{"names that are never together", "large", "anna martin", 1_000_000, false},
		{"a small tenant among a large one", "small", "anna", 1_000_000, true},
		{"a tenant that the sample missed", "none", "anna", 1_000_000, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := models.Walks(c.people, texts, c.tenant, strings.Fields(c.words)...); got != c.want {
				t.Errorf("%v", got)
			}
		})
	}
}

// TestSearchFindsTheSameEitherWay pages through everybody who has the words, with the index, by a walk, and with
// one after the other: how many have them may be believed differently from one page to the next.
func TestSearchFindsTheSameEitherWay(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		start := s.Now()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		for i, name := range []string{"Anna Berg", "Anna Stein", "Jöhanna Bergmann", "Bert Annaberg", "An Na", "50% Anna", "a_nna", "Änna Øster", "ann.a", "Otto", "Ana", "Annb", "Am", "Ao"} {
			for n := range 3 { // within a day, in neighbouring ones, and far apart
				s.Clock.Advance(start.Add(time.Duration(i*i*i)*time.Hour + time.Duration(n)*time.Second).Sub(s.Now()))
				modelstest.Must(tn.CreateUser(t.Context(), modelstest.Actor(), models.User{Account: account.Account{DisplayName: name, Enabled: true,
					Identities: []account.Identity{{SignInType: account.SignInEmail, Value: fmt.Sprintf("p%d.%d@example.com", i, n)}}}}, ""))(t)
			}
		}
		modelstest.Must(other.CreateUser(t.Context(), modelstest.Actor(), models.User{Account: account.Account{DisplayName: "Anna Berg", Enabled: true,
			Identities: []account.Identity{{SignInType: account.SignInEmail, Value: "anna@example.com"}}}}, ""))(t)
		for _, c := range []struct {
			name string
			q    models.UserQuery
			want int
		}{
			{"a name", models.UserQuery{Search: "anna"}, 15},
			{"in any case", models.UserQuery{Search: "ANNA"}, 15},
			{"two names", models.UserQuery{Search: "berg anna"}, 9},
			{"a part of an address", models.UserQuery{Search: "p1.2@exam"}, 1},
			{"what a pattern would take for anything", models.UserQuery{Search: "a_nna"}, 3},
			{"a sign and a name", models.UserQuery{Search: "50% anna"}, 3},
			{"only signs and short parts", models.UserQuery{Search: "n.a"}, 3},
			{"letters of another alphabet", models.UserQuery{Search: "øst"}, 3},
			{"among others", models.UserQuery{Search: "änna øster"}, 3},
			{"a name and two letters", models.UserQuery{Search: "stein an"}, 3},
			{"nobody", models.UserQuery{Search: "annabert"}, 0},
			{"by name", models.UserQuery{Search: "anna", Sort: models.SortByName}, 15},
			{"by name, backwards", models.UserQuery{Search: "anna", Sort: models.SortByName, Desc: true}, 15},
			{"oldest first", models.UserQuery{Search: "anna", Sort: models.SortByCreated}, 15},
			{"newest first", models.UserQuery{Search: "anna", Sort: models.SortByCreated, Desc: true}, 15},
			{"with a filter", models.UserQuery{Search: "anna", NeverSignedIn: true}, 15},
			{"a prefix", models.UserQuery{NamePrefix: "an"}, 18},
			{"a prefix, backwards", models.UserQuery{NamePrefix: "AN", Desc: true}, 18},
			{"a prefix of nobody", models.UserQuery{NamePrefix: "zz"}, 0},
			{"a prefix of nobody, backwards", models.UserQuery{NamePrefix: "a!", Desc: true}, 0},
		} {
			t.Run(c.name, func(t *testing.T) {
				var first []string
				for _, way := range []string{"index", "walk", "spans", "both"} {
					var got []string
					q := c.q
					q.Limit = 4
					for page := 0; ; page++ {
						s.ForgetSample()
						const all = "anna berg stein\nanna berg stein a_nna p1.2@example øster änna 50% n.a annabert"
						switch {
						case way == "walk" || way == "both" && page%3 == 1:
							s.PretendMany(tn.ID, all)
						case way == "spans" || way == "both" && page%3 == 2:
							s.PretendSome(tn.ID, all, start.Add(24*time.Hour))
						}
						p := modelstest.Must(tn.FindUsers(t.Context(), q))(t)
						for _, u := range p.Items {
							got = append(got, u.ID)
						}
						if q.After = p.Next; q.After == "" {
							break
						}
					}
					if first == nil {
						first = got
					}
					if !slices.Equal(got, first) || len(got) != c.want {
						t.Errorf("%s: %d people, want %d; as by the index: %v", way, len(got), c.want, slices.Equal(got, first))
					}
					q.After = ""
					if n := modelstest.Must(tn.MatchingUsers(t.Context(), c.q))(t); !c.q.NeverSignedIn && n != int64(c.want) {
						t.Errorf("%s: %d counted", way, n)
					}
				}
			})
		}
	})
}

// The database marks people as the program looks for them.
func TestSearchMarks(t *testing.T) {
	s := modelstest.OpenScratch(t, modelstest.Postgres)
	for at, want := range map[string]string{
		"1970-01-01T00:00:00Z": "000 g00", "1970-01-01T05:59:59.999999Z": "000 g00", "1970-01-01T06:00:00Z": "001 g00", "1970-01-05T00:00:00Z": "010 g01",
		"2026-11-21T23:59:59.999999Z": "4ab k4a", "2026-11-22T00:00:00Z": "4ac k4a", "2199-12-31T12:00:00Z": "096 i09",
	} {
		when, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		err = raw(t, s).QueryRow("SELECT search_marks($1::timestamptz)", at).Scan(&got)
		if program := models.SearchMark(when, 6*time.Hour) + " " + models.SearchMark(when, 96*time.Hour); err != nil || got != " "+want || program != want {
			t.Errorf("%s: the database says %q (%v), the program %q, want %q", at, got, err, program, want)
		}
	}
}

// A span is asked for when it is likely to give a third of a page and not most of everybody.
func TestSpansOfASearch(t *testing.T) {
	s := modelstest.OpenScratch(t, modelstest.SQLite)
	noon := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	s.PretendSome("large", "anna", noon) // from 8 March, 17:20 to 12 March, 06:40
	for _, c := range []struct {
		name   string
		tenant string
		at     time.Time
		wanted int
		word   string
		want   string
	}{
		{"a day", "large", noon, 51, "anna", "2026-03-10T12:00:00Z 6h0m0s"},
		{"most of everybody came in the span that has enough", "large", noon, 1_000, "anna", ""},
		{"no span has enough for such a page: all that is left", "large", noon, 5_000, "anna", ""},
		{"nobody came", "large", noon.AddDate(1, 0, 0), 51, "anna", ""},
		{"nobody has it", "large", noon, 51, "zzyzx", ""},
		{"before the first day that has a mark", "large", time.Time{}, 51, "anna", ""},
		{"another tenant", "small", noon, 51, "anna", ""},
	} {
		if got := s.SpanFor(c.tenant, c.at, c.wanted, c.word); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
