package signin

import (
	"reflect"
	"testing"

	"portico/app/fault"
	"portico/app/userflow"
)

func form(values map[string][]string) Form {
	return Form{Value: func(n string) string {
		if len(values[n]) == 0 {
			return ""
		}
		return values[n][0]
	}, Values: func(n string) []string { return values[n] }}
}

// What a new account gets: defaults of what nobody is asked, the invitation's values of the same, the
// answers. Neither gives an address or a user name.
func TestTheProfileOfANewcomer(t *testing.T) {
	number := &userflow.Definition{DataType: userflow.Int}
	flow := userflow.Flow{Attributes: []userflow.Attribute{{ID: "givenName", Default: "ignored"}, {ID: "city", Hidden: true, Default: "Porto"},
		{ID: "country", ReadOnly: true, Default: "PT"}, {ID: "extension_n", Hidden: true, Definition: number}, {ID: "email", Hidden: true, Default: "x@example.com"},
		{ID: userflow.UserName}}}
	at := &Attributes{Values: map[string]any{"givenName": "Anna", userflow.UserName: "anna"}}
	for _, r := range []struct {
		rule string
		inv  *Invited
		at   *Attributes
		want map[string]any
	}{
		{"nobody asked, nobody invited", nil, nil, map[string]any{"city": "Porto", "country": "PT"}},
		{"answers", nil, at, map[string]any{"city": "Porto", "country": "PT", "givenName": "Anna"}},
		{"an invitation, out of JSON", &Invited{Values: map[string]any{"city": "Lisboa", "extension_n": float64(7), "country": "ES"}}, at,
			map[string]any{"city": "Lisboa", "country": "ES", "givenName": "Anna", "extension_n": int64(7)}},
		{"an invitation fills in what people answer, but does not answer it", &Invited{Values: map[string]any{"givenName": "Bob"}}, nil,
			map[string]any{"city": "Porto", "country": "PT"}},
		{"an invitation with what the field would not take, or the flow does not have", &Invited{Values: map[string]any{"extension_n": "seven", "extension_m": "X", "email": "y@example.com"}}, nil,
			map[string]any{"city": "Porto", "country": "PT"}},
		{"an invitation with a name that the page does not ask for", &Invited{Values: map[string]any{"displayName": "Anna A.", "surname": "\u202eX"}}, nil,
			map[string]any{"city": "Porto", "country": "PT", "displayName": "Anna A."}},
	} {
		t.Run(r.rule, func(t *testing.T) {
			if got := profile(flow, r.inv, nil, r.at); !reflect.DeepEqual(got, r.want) {
				t.Errorf("got %v, want %v", got, r.want)
			}
		})
	}
}

func TestEachTextIsAgreedToByItself(t *testing.T) {
	texts := map[string]userflow.TermsText{"en": {Title: "Terms of use", Body: "x"}, "de": {Title: "Nutzungsbedingungen", Body: "x"}}
	step := Step{Name: AskTerms, Terms: []userflow.Terms{{ID: "use", Version: 3, Since: 1, Language: "en", Texts: texts}, {ID: "privacy", Version: 1, Since: 1, Language: "en", Texts: texts}}}
	for _, r := range []struct {
		rule string
		form map[string][]string
		bad  []string
		want []TermsAnswer
	}{
		{"nothing ticked", nil, []string{"field.terms.required", "field.terms.required"}, nil},
		{"one ticked", map[string][]string{TermsField("use"): {TermsMark(3, "en")}}, []string{"field.terms.required"}, nil},
		{"both", map[string][]string{TermsField("use"): {TermsMark(3, "de")}, TermsField("privacy"): {TermsMark(1, "en")}}, nil,
			[]TermsAnswer{{ID: "use", Version: 3, Locale: "de"}, {ID: "privacy", Version: 1, Locale: "en"}}},
		{"another version than the one that is published", map[string][]string{TermsField("use"): {TermsMark(2, "en")}, TermsField("privacy"): {TermsMark(1, "en")}}, []string{"field.terms.changed"}, nil},
		{"a language that there is none of", map[string][]string{TermsField("use"): {TermsMark(3, "xx")}, TermsField("privacy"): {TermsMark(1, "en")}}, []string{"field.terms.changed"}, nil},
		{"a tick that says nothing", map[string][]string{TermsField("use"): {"on"}, TermsField("privacy"): {TermsMark(1, "en")}}, []string{"field.terms.changed"}, nil},
		{"terms that were not asked about", map[string][]string{TermsField("use"): {TermsMark(3, "en")}, TermsField("privacy"): {TermsMark(1, "en")}, TermsField("other"): {TermsMark(1, "en")}}, nil,
			[]TermsAnswer{{ID: "use", Version: 3, Locale: "en"}, {ID: "privacy", Version: 1, Locale: "en"}}},
	} {
		t.Run(r.rule, func(t *testing.T) {
			x := &run{visit: Visit{Locale: "en"}}
			err := x.agree(step, form(r.form))
			var keys []string
			if err != nil {
				for _, f := range fault.Of(err).Fields {
					keys = append(keys, f.Key)
				}
			}
			if !reflect.DeepEqual(keys, r.bad) || !reflect.DeepEqual(x.a.Facts.Terms, r.want) {
				t.Errorf("complaints %v, agreed %v", keys, x.a.Facts.Terms)
			}
		})
	}
}
