package userflow

import (
	"reflect"
	"strings"
	"testing"

	"portico/app/fault"
)

func custom(t DataType, edit ...func(*Attribute)) Attribute {
	low, high := int64(-5), int64(99)
	a := Attribute{ID: "extension_x_y", Label: "Y", Definition: &Definition{DataType: t, Low: &low, High: &high}}
	for _, e := range edit {
		e(&a)
	}
	return a
}

func TestReadingAnswers(t *testing.T) {
	options := []Option{{Text: "A", Value: "a"}, {Text: "B", Value: "b"}}
	radio := func(a *Attribute) { a.InputType, a.Options = RadioSingleSelect, options }
	several := func(a *Attribute) { a.InputType, a.Options = CheckboxMultiSelect, options }
	required := func(a *Attribute) { a.Required = true }
	pattern := func(a *Attribute) { a.Definition.Pattern, a.Definition.Message = "[A-Z]{2}", "Two capitals" }
	country, street, name := Attribute{ID: "country"}, Attribute{ID: "streetAddress"}, Attribute{ID: "givenName"}
	for _, r := range []struct {
		rule  string
		field Attribute
		typed []string
		want  any
		key   string
	}{
		{"a text", name, []string{"Änna 👋"}, "Änna 👋", ""},
		{"too long by a letter", name, []string{strings.Repeat("ä", 65)}, nil, "field.attribute.long"},
		{"as long as it may be", name, []string{strings.Repeat("ä", 64)}, strings.Repeat("ä", 64), ""},
		{"a hundred thousand letters", custom(String), []string{strings.Repeat("x", 100_000)}, nil, "field.attribute.long"},
		{"right-to-left override", name, []string{"An\u202ena"}, nil, "field.attribute.invalid"},
		{"no text at all", name, []string{"An\xffna"}, nil, "field.attribute.invalid"},
		{"lines in a name", name, []string{"An\nna"}, nil, "field.attribute.invalid"},
		{"lines in an address", street, []string{"Rua 1\nPorto"}, "Rua 1\nPorto", ""},
		{"twice", name, []string{"a", "b"}, nil, "field.attribute.choice"},
		{"a country", country, []string{"PT"}, "PT", ""},
		{"no country", country, []string{"Narnia"}, nil, "field.attribute.choice"},
		{"a region that is no country", country, []string{"419"}, nil, "field.attribute.choice"},
		{"one of the options", custom(String, radio), []string{"b"}, "b", ""},
		{"none of the options", custom(String, radio), []string{"c"}, nil, "field.attribute.choice"},
		{"several, sorted, each once", custom(String, several), []string{"b", "a", "b"}, "a,b", ""},
		{"one of several that is none", custom(String, several), []string{"a", "c"}, nil, "field.attribute.choice"},
		{"ticked", custom(Boolean), []string{"true"}, true, ""},
		{"ticked with something else", custom(Boolean), []string{"maybe"}, false, ""},
		{"has to be ticked", custom(Boolean, required), []string{"no"}, nil, "field.attribute.tick"},
		{"a number", custom(Int), []string{"-3"}, int64(-3), ""},
		{"a number of an Arabic keyboard", custom(Int), []string{"٤٢"}, int64(42), ""},
		{"a number with a fraction", custom(Int), []string{"4.2"}, nil, "field.attribute.number"},
		{"a number that no computer holds", custom(Int), []string{strings.Repeat("9", 40)}, nil, "field.attribute.number"},
		{"too small", custom(Int), []string{"-6"}, nil, "field.attribute.low"},
		{"too large", custom(Int), []string{"100"}, nil, "field.attribute.high"},
		{"a date", custom(Date), []string{"2024-02-29"}, "2024-02-29", ""},
		{"a day that there was not", custom(Date), []string{"2023-02-29"}, nil, "field.attribute.date"},
		{"a year that nobody means", custom(Date), []string{"0024-02-29"}, nil, "field.attribute.date"},
		{"a phone number", custom(Phone), []string{"0049 (30) 123-456"}, "+4930123456", ""},
		{"a phone number without its country", custom(Phone), []string{"030 123456"}, nil, "field.attribute.phone"},
		{"a pattern that fits", custom(String, pattern), []string{"AB"}, "AB", ""},
		{"a pattern that fits a part only", custom(String, pattern), []string{"ABC"}, nil, "field.attribute.pattern"},
	} {
		t.Run(r.rule, func(t *testing.T) {
			v, key := r.field.Read(r.typed)
			if !reflect.DeepEqual(v, r.want) || key != r.key {
				t.Errorf("got %v %q, want %v %q", v, key, r.want, r.key)
			}
			if r.key != "" || r.want == false {
				return
			}
			if again, key := r.field.Read(r.field.Typed(v)); !reflect.DeepEqual(again, v) || key != "" {
				t.Errorf("typed again it is %v %q", again, key)
			}
		})
	}
}

func TestOnlyWhatWasAskedIsRead(t *testing.T) {
	birth := custom(Date, func(a *Attribute) { a.ID, a.Required = "extension_x_birth", true })
	asked := []Attribute{{ID: "givenName", Required: true}, {ID: "city", Hidden: true}, {ID: "state", ReadOnly: true}, birth, custom(Boolean)}
	form := map[string][]string{"givenName": {" Anna "}, "city": {"tampered"}, "state": {"tampered"}, "surname": {"unknown"},
		"attributes[extension_x_birth].day": {"٧"}, "attributes[extension_x_birth].month": {"3"}, "attributes[extension_x_birth].year": {"1990"}}
	got, err := Answers(asked, func(n string) []string { return form[n] })
	want := map[string]any{"givenName": "Anna", "extension_x_birth": "1990-03-07", "extension_x_y": false}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	_, err = Answers(asked, func(n string) []string { return nil })
	if fields := fault.Of(err).Fields; len(fields) != 2 || fields[0].Name != "givenName" || fields[1].Name != "attributes[extension_x_birth]" {
		t.Errorf("complaints %+v", fields)
	}
}

// A required answer is one that somebody can see.
func TestBlankAnswersAreNone(t *testing.T) {
	for _, blank := range []string{"", " ", "\u200b", "\u3164", "\u2800", " \u200d\u2060", "\ufeff"} {
		got, err := Answers([]Attribute{{ID: "givenName", Required: true}, {ID: "surname"}}, func(string) []string { return []string{blank} })
		if err == nil || len(fault.Of(err).Fields) != 1 || fault.Of(err).Fields[0].Key != "field.attribute.required" || len(got) != 0 {
			t.Errorf("%q: %v, %v", blank, got, err)
		}
	}
}
