package userflow

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// One answer to one question, for each kind of attribute.
func TestAnswers(t *testing.T) {
	low, high := int64(1), int64(20)
	custom := func(d Definition, edit ...func(*Attribute)) Attribute {
		d.ID = "extension_x"
		a := Attribute{ID: d.ID, Label: "X", Definition: &d}
		for _, e := range edit {
			e(&a)
		}
		return a
	}
	required := func(a *Attribute) { a.Required = true }
	options := []Option{{"A", "a"}, {"B", "b"}, {"C", "c"}}
	as := func(i InputType) func(*Attribute) {
		return func(a *Attribute) { a.InputType, a.Options = i, options }
	}
	text, yes, whole := Definition{DataType: String}, Definition{DataType: Boolean}, Definition{DataType: Int, Low: &low, High: &high}
	day, phone, choice := Definition{DataType: Date}, Definition{DataType: Phone}, Definition{DataType: Choice, Options: options}
	card := Definition{DataType: String, Pattern: `[A-Z]{2}\d+`, Message: "Like AB1"}
	x := "attributes[extension_x]"
	for name, c := range map[string]struct {
		asks Attribute
		form string // as a query
		want any    // nil: nothing is stored; an error is a key
		key  string
	}{
		"a text":                      {custom(text), x + "=hello", "hello", ""},
		"spaces around":               {custom(text), x + "=+hello+", "hello", ""},
		"an emoji":                    {custom(text), x + "=🏠", "🏠", ""},
		"250 characters":              {custom(text), x + "=" + strings.Repeat("é", 250), strings.Repeat("é", 250), ""},
		"251 characters":              {custom(text), x + "=" + strings.Repeat("é", 251), nil, "field.attribute.long"},
		"100,000 characters":          {custom(text), x + "=" + strings.Repeat("a", 100_000), nil, "field.attribute.long"},
		"a shorter limit":             {custom(Definition{DataType: String, MaxLength: 3}), x + "=abcd", nil, "field.attribute.long"},
		"right-to-left override":      {custom(text), x + "=a\u202Eb", nil, "field.attribute.invalid"},
		"an isolate":                  {custom(text), x + "=a\u2066b", nil, "field.attribute.invalid"},
		"Arabic":                      {custom(text), x + "=مرحبا", "مرحبا", ""},
		"a zero byte":                 {custom(text), x + "=a%00b", nil, "field.attribute.invalid"},
		"no UTF-8":                    {custom(text), x + "=%FF", nil, "field.attribute.invalid"},
		"two lines":                   {custom(text), x + "=a%0Ab", nil, "field.attribute.invalid"},
		"two lines of an address":     {Attribute{ID: "streetAddress"}, "streetAddress=Rua+12%0D%0APorto", "Rua 12\r\nPorto", ""},
		"a text twice":                {custom(text), x + "=a&" + x + "=b", nil, "field.attribute.choice"},
		"nothing":                     {custom(text), "", nil, ""},
		"nothing where it is needed":  {custom(text, required), "", nil, "field.attribute.required"},
		"blanks where it is needed":   {custom(text, required), x + "=+++", nil, "field.attribute.required"},
		"by another name":             {custom(text, required), "extension_x=hello", nil, "field.attribute.required"},
		"a hidden one":                {custom(text, func(a *Attribute) { a.Hidden, a.Required = true, true }), x + "=tampered", nil, ""},
		"a read-only one":             {custom(text, func(a *Attribute) { a.ReadOnly = true }), x + "=tampered", nil, ""},
		"a pattern":                   {custom(card), x + "=AB12", "AB12", ""},
		"a pattern in the middle":     {custom(card), x + "=xAB12", nil, "field.attribute.pattern"},
		"a built-in one":              {Attribute{ID: "givenName", Required: true}, "givenName=Anna", "Anna", ""},
		"a built-in one, too long":    {Attribute{ID: "postalCode"}, "postalCode=" + strings.Repeat("1", 41), nil, "field.attribute.long"},
		"a country":                   {Attribute{ID: "country"}, "country=PT", "PT", ""},
		"no country":                  {Attribute{ID: "country"}, "country=Atlantis", nil, "field.attribute.choice"},
		"a country in small letters":  {Attribute{ID: "country"}, "country=pt", nil, "field.attribute.choice"},
		"a tick":                      {custom(yes), x + "=true", true, ""},
		"no tick":                     {custom(yes), "", false, ""},
		"a tick that must be":         {custom(yes, required), "", nil, "field.attribute.tick"},
		"a no that must be a yes":     {custom(yes, required), x + "=false", nil, "field.attribute.tick"},
		"a number":                    {custom(whole), x + "=7", int64(7), ""},
		"a number in Arabic":          {custom(whole), x + "=١٢", int64(12), ""},
		"full-width digits":           {custom(whole), x + "=１２", int64(12), ""},
		"too small":                   {custom(whole), x + "=0", nil, "field.attribute.low"},
		"too large":                   {custom(whole), x + "=21", nil, "field.attribute.high"},
		"not whole":                   {custom(whole), x + "=1.5", nil, "field.attribute.number"},
		"with an exponent":            {custom(whole), x + "=1e1", nil, "field.attribute.number"},
		"in words":                    {custom(whole), x + "=seven", nil, "field.attribute.number"},
		"beyond what fits":            {custom(Definition{DataType: Int}), x + "=9223372036854775808", nil, "field.attribute.number"},
		"the largest":                 {custom(Definition{DataType: Int}), x + "=9223372036854775807", int64(9223372036854775807), ""},
		"a date in three boxes":       {custom(day), x + ".day=5&" + x + ".month=1&" + x + ".year=1990", "1990-01-05", ""},
		"in Arabic digits":            {custom(day), x + ".day=٥&" + x + ".month=١&" + x + ".year=١٩٩٠", "1990-01-05", ""},
		"a date in one box":           {custom(day), x + "=1990-01-05", "1990-01-05", ""},
		"29 February of a leap year":  {custom(day), x + "=2024-02-29", "2024-02-29", ""},
		"29 February of another":      {custom(day), x + "=2026-02-29", nil, "field.attribute.date"},
		"a day is missing":            {custom(day), x + ".month=1&" + x + ".year=1990", nil, "field.attribute.date"},
		"a year of two digits":        {custom(day), x + ".day=5&" + x + ".month=1&" + x + ".year=90", nil, "field.attribute.date"},
		"long ago":                    {custom(day), x + "=1799-12-31", nil, "field.attribute.date"},
		"no date where it is needed":  {custom(day, required), x + ".day=+", nil, "field.attribute.required"},
		"a phone number":              {custom(phone), x + "=%2B49+30+123456", "+4930123456", ""},
		"in brackets and dashes":      {custom(phone), x + "=%2B1+(425)+555-0100", "+14255550100", ""},
		"with two zeros":              {custom(phone), x + "=0049/30.123456", "+4930123456", ""},
		"with a zero for the country": {custom(phone), x + "=%2B49+(0)30+123456", "+4930123456", ""},
		"without a country":           {custom(phone), x + "=030123456", nil, "field.attribute.phone"},
		"with letters":                {custom(phone), x + "=%2B1-800-FLOWERS", nil, "field.attribute.phone"},
		"a phone number too long":     {custom(phone), x + "=%2B1234567890123456", nil, "field.attribute.phone"},
		"a choice":                    {custom(choice), x + "=b", "b", ""},
		"what was not offered":        {custom(choice), x + "=d", nil, "field.attribute.choice"},
		"its text":                    {custom(choice), x + "=B", nil, "field.attribute.choice"},
		"no choice":                   {custom(choice, required), "", nil, "field.attribute.choose"},
		"an option that was hidden":   {custom(choice, func(a *Attribute) { a.Options = options[:1] }), x + "=b", nil, "field.attribute.choice"},
		"a list":                      {custom(text, as(Dropdown)), x + "=a", "a", ""},
		"radio buttons, two":          {custom(text, as(RadioSingleSelect)), x + "=a&" + x + "=b", nil, "field.attribute.choice"},
		"several boxes":               {custom(text, as(CheckboxMultiSelect)), x + "=c&" + x + "=a&" + x + "=a", "a,c", ""},
		"several boxes, one foreign":  {custom(text, as(CheckboxMultiSelect)), x + "=a&" + x + "=z", nil, "field.attribute.choice"},
		"none of the boxes":           {custom(text, as(CheckboxMultiSelect)), "", nil, ""},
		"none, where one must be":     {custom(text, as(CheckboxMultiSelect), required), "", nil, "field.attribute.tick_one"},
		"all of the boxes at once":    {custom(text, as(CheckboxMultiSelect)), x + "=a,b", nil, "field.attribute.choice"},
	} {
		t.Run(name, func(t *testing.T) {
			form, err := url.ParseQuery(c.form)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Answers([]Attribute{c.asks}, func(n string) []string { return form[n] })
			if c.key != "" {
				if want := []string{FieldName(c.asks.ID) + " " + c.key}; !slices.Equal(complaints(err), want) || len(got) != 0 {
					t.Errorf("got %v, %v, want %v", got, complaints(err), want)
				}
				return
			}
			want := map[string]any{}
			if c.want != nil {
				want[c.asks.ID] = c.want
			}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		})
	}
}

// Every complaint is told at once, and what was not asked is not taken.
func TestAnswersOfAPage(t *testing.T) {
	form := url.Values{"givenName": {"Anna"}, "surname": {"a\u202Eb"}, "city": {"Ulm"}, "isAdmin": {"true"}, "attributes[extension_other]": {"x"}}
	got, err := Answers([]Attribute{{ID: "givenName", Required: true}, {ID: "surname"}, {ID: "country", Required: true}}, func(n string) []string { return form[n] })
	if want := []string{"surname field.attribute.invalid", "country field.attribute.choose"}; !slices.Equal(complaints(err), want) {
		t.Errorf("%v", complaints(err))
	}
	if !reflect.DeepEqual(got, map[string]any{"givenName": "Anna"}) {
		t.Errorf("%v", got)
	}
}

func TestTheWordsOfAComplaint(t *testing.T) {
	low := int64(3)
	a := Attribute{ID: "extension_x", Label: "Guests", Definition: &Definition{DataType: Int, Low: &low, Message: "m"}}
	_, err := Answers([]Attribute{a}, func(string) []string { return []string{"1"} })
	if f := complaints(err); len(f) != 1 {
		t.Fatal(f)
	}
	if args := a.words(); args["label"] != "Guests" || args["low"] != int64(3) || args["high"] != nil || args["message"] != "m" || args["count"] != 250 {
		t.Errorf("%v", args)
	}
}

// What was typed, what is stored and what a form is filled with again agree.
func TestTypedIsTheWayBack(t *testing.T) {
	options := []Option{{"A", "a"}, {"B", "b"}}
	for _, c := range []struct {
		a Attribute
		v any
	}{
		{Attribute{ID: "city"}, "Ulm"}, {Attribute{Definition: &Definition{DataType: Int}}, int64(1)<<62 + 1}, {Attribute{Definition: &Definition{DataType: Boolean}}, true},
		{Attribute{Definition: &Definition{DataType: Date}}, "1990-01-05"}, {Attribute{Definition: &Definition{DataType: Phone}}, "+4930123456"},
		{Attribute{Definition: &Definition{DataType: Choice, Options: options}}, "b"},
		{Attribute{Definition: &Definition{DataType: String}, InputType: CheckboxMultiSelect, Options: options}, "a,b"},
	} {
		if got, key := c.a.Read(c.a.Typed(c.v)); got != c.v || key != "" {
			t.Errorf("%v: %v, %s", c.v, got, key)
		}
	}
	if n := (Attribute{Definition: &Definition{DataType: Int}}).Typed(float64(7)); !slices.Equal(n, []string{"7"}) {
		t.Error(n)
	}
	if n := (Attribute{ID: "city"}).Typed(nil); n != nil {
		t.Error(n)
	}
}

func TestValuesFromElsewhere(t *testing.T) {
	for i, c := range []struct {
		kind DataType
		v    any
		want any
	}{
		{String, "x", "x"}, {String, 1, nil}, {String, []any{"x"}, nil}, {Boolean, true, true}, {Boolean, false, false}, {Boolean, "true", nil}, {Boolean, 1, nil},
		{Int, 7, int64(7)}, {Int, int32(7), int64(7)}, {Int, 7.0, int64(7)}, {Int, 7.5, nil}, {Int, json.Number("9007199254740993"), int64(9007199254740993)},
		{Int, json.Number("1.5"), nil}, {Int, float64(1 << 60), nil}, {Int, "7", nil}, {Int, true, nil}, {Date, "2026-01-02", "2026-01-02"}, {Date, "2026-1-2", nil}, {Phone, "+49 30 123456", "+4930123456"},
	} {
		got, bad := Definition{ID: "extension_x", DataType: c.kind}.Take(c.v)
		if got != c.want || (bad == nil) != (c.want != nil) {
			t.Errorf("%d: %s %v: %v, %v", i, c.kind, c.v, got, bad)
		}
	}
}

// Whatever a form holds, an answer is of its type, within its limits, and one that was offered.
func FuzzAnswersOfEveryKind(f *testing.F) {
	options := []Option{{"A", "a"}, {"B", "b"}}
	var asked []Attribute
	for _, kind := range DataTypes() {
		for _, input := range InputTypes(kind) {
			a := Attribute{ID: fmt.Sprintf("extension_%s_%s", kind, input), InputType: input, Definition: &Definition{DataType: kind}}
			switch input {
			case RadioSingleSelect, Dropdown, CheckboxMultiSelect:
				a.Options, a.Definition.Options = options, options
			}
			asked = append(asked, a)
		}
	}
	for _, s := range []string{"a", "a,b", "7", "true", "1990-01-05", "+49 30 123456", "٣", "\u202E", "\xff", "9223372036854775808", ""} {
		f.Add(s, "b")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		for _, a := range asked {
			got, err := Answers([]Attribute{a}, func(n string) []string {
				if n != FieldName(a.ID) {
					return nil
				}
				return []string{one, two}
			})
			if err != nil {
				continue
			}
			for id, v := range got {
				again, key := a.Read(a.Typed(v))
				if id != a.ID || key != "" || again != v {
					t.Errorf("%s: %q gives %v, and that gives %v, %s", a.ID, one, v, again, key)
				}
			}
		}
	})
}
