package models_test

import (
	"slices"
	"testing"

	"portico/app/account"
	"portico/models"
	"portico/models/modelstest"
)

func TestListsReadWhatColumnsHold(t *testing.T) {
	for _, engine := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(engine, func(t *testing.T) {
			s := modelstest.OpenScratch(t, engine)
			tn := modelstest.MustTenant(t, s.Store, "")
			// An id is what a caller says, so a list of them may hold anything.
			made := modelstest.Must(tn.CreateUser(t.Context(), modelstest.Actor(), models.User{Account: account.Account{ID: `a"b\,{c} 'd'`, DisplayName: "Ann", Mail: "ann@example.com", Enabled: true,
				Identities: []account.Identity{{SignInType: account.SignInEmail, Value: "ann@example.com"}, {SignInType: account.SignInUserName, Value: "ann"}}}}, "hash"))(t)
			want := modelstest.Must(tn.User(t.Context(), made.ID))(t)
			if _, err := raw(t, s).ExecContext(t.Context(), "UPDATE users SET risk_level = NULL, risk_state = NULL, emergency = NULL"); err != nil {
				t.Fatal(err) // as in rows that are older than these columns
			}
			p := modelstest.Must(tn.Users(t.Context(), models.UserQuery{}))(t)
			if len(p.Items) != 1 {
				t.Fatalf("%d people", len(p.Items))
			}
			got := p.Items[0]
			if got.ID != want.ID || !got.Enabled || !got.CreatedAt.Equal(want.CreatedAt) || !got.HasPassword || !got.PasswordSetAt.Equal(want.PasswordSetAt) || !got.LastSignInAt.IsZero() || got.Risk.Level != "" || got.Emergency {
				t.Errorf("listed %+v\nread %+v", got, want)
			}
			if len(got.Identities) != 2 || !slices.Equal(got.Identities, want.Identities) {
				t.Errorf("identities %+v, want %+v", got.Identities, want.Identities)
			}
		})
	}
}

func TestOnePatternForEachWord(t *testing.T) {
	for _, c := range []struct {
		name  string
		words []string
		rare  []string
		want  []string
	}{
		{"apart", []string{"beestror"}, []string{"tro", "bee"}, []string{"%bee%tro%"}},
		{"overlapping", []string{"rosdor"}, []string{"osd", "ros", "dor"}, []string{"%rosdor%"}},
		{"side by side", []string{"rosdor"}, []string{"dor", "ros"}, []string{"%ros%dor%"}},
		{"one trigram is one word's", []string{"anna", "annika"}, []string{"ann", "ika"}, []string{"%ann%", "%ika%"}},
		{"other letters", []string{"spømann"}, []string{"øma", "ann"}, []string{"%ømann%"}},
		{"a word that no trigram is of", []string{"ab", "krüll"}, []string{"rül"}, []string{"%rül%"}},
		{"whole words mean what they say", []string{"50%_a"}, []string{"50%_a"}, []string{`%50\%\_a%`}},
	} {
		if got := models.SearchPatterns(c.words, c.rare); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
