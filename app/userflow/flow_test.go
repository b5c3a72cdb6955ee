package userflow

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"portico/app/fault"
)

// complaints are "field key", in order.
func complaints(err error) []string {
	var out []string
	if err != nil {
		for _, f := range fault.Of(err).Fields {
			out = append(out, f.Name+" "+f.Key)
		}
	}
	return out
}

// The "Bad input" of a user flow: each is refused when it is saved, at its field.
func TestFlowsThatCannotBeSaved(t *testing.T) {
	choice := &Definition{ID: "extension_size", DataType: Choice, Options: []Option{{"Small", "s"}, {"Large", "l"}}}
	text, whole, yes, day := &Definition{ID: "extension_text", DataType: String}, &Definition{ID: "extension_whole", DataType: Int}, &Definition{ID: "extension_yes", DataType: Boolean}, &Definition{ID: "extension_day", DataType: Date}
	card := &Definition{ID: "extension_card", DataType: String, Pattern: `L-\d+`, Message: "Like L-1"}
	asks := func(a Attribute) func(*Flow) {
		return func(f *Flow) {
			if a.Definition != nil {
				a.ID = a.Definition.ID
			}
			f.Attributes = []Attribute{a}
		}
	}
	two := []Option{{"A", "a"}, {"B", "b"}}
	for name, c := range map[string]struct {
		edit func(*Flow)
		want []string
	}{
		"a name of 121 characters":     {func(f *Flow) { f.Name = strings.Repeat("é", 121) }, []string{"name flow.name.required"}},
		"a name of 120 characters":     {func(f *Flow) { f.Name = strings.Repeat("é", 120) }, nil},
		"a name that reads otherwise":  {func(f *Flow) { f.Name = "a\u202Eb" }, []string{"name flow.text.invisible"}},
		"a name that is not seen":      {func(f *Flow) { f.Name = "\u200E" }, []string{"name flow.text.invisible"}},
		"a label that is not seen":     {asks(Attribute{ID: "city", Label: "\u200D"}), []string{"attributes[0] flow.text.invisible"}},
		"a label of a zero-width gap":  {asks(Attribute{ID: "city", Label: "Ci\u200Bty"}), []string{"attributes[0] flow.text.invisible"}},
		"a label with a script":        {asks(Attribute{ID: "city", Label: "City, [why?](javascript:alert(1))"}), []string{"attributes[0] flow.text.link"}},
		"a label with a link":          {asks(Attribute{ID: "city", Label: "City, [why?](https://a.example)"}), nil},
		"a hint to nobody's page":      {asks(Attribute{ID: "city", Hint: "[Why?](//evil.example)"}), []string{"attributes[0].hint flow.text.link"}},
		"an option with a script":      {asks(Attribute{Definition: text, InputType: Dropdown, Options: []Option{{"[A](data:x)", "a"}, {"B", "b"}}}), []string{"attributes[0].options flow.text.link"}},
		"a label of a family":          {asks(Attribute{ID: "city", Label: "👩\u200D🚀"}), nil},
		"an emoji is a name":           {func(f *Flow) { f.Name = "🏠" }, nil},
		"a required hidden field":      {asks(Attribute{ID: "city", Required: true, Hidden: true}), []string{"attributes[0] flow.attribute.unanswerable"}},
		"a required read-only field":   {asks(Attribute{ID: "city", Required: true, ReadOnly: true}), []string{"attributes[0] flow.attribute.unanswerable"}},
		"a required hidden default":    {asks(Attribute{ID: "city", Required: true, Hidden: true, Default: "Ulm"}), nil},
		"an option without a value":    {asks(Attribute{Definition: text, InputType: RadioSingleSelect, Options: []Option{{"A", ""}, {"B", "b"}}}), []string{"attributes[0].options attribute.options.value"}},
		"an option without a text":     {asks(Attribute{Definition: text, InputType: Dropdown, Options: []Option{{" ", "a"}}}), []string{"attributes[0].options attribute.options.text"}},
		"an option twice":              {asks(Attribute{Definition: text, InputType: Dropdown, Options: []Option{{"A", "a"}, {"B", "a"}}}), []string{"attributes[0].options attribute.options.twice"}},
		"a comma in a value":           {asks(Attribute{Definition: text, InputType: CheckboxMultiSelect, Options: []Option{{"A", "a,b"}}}), []string{"attributes[0].options attribute.options.comma"}},
		"no options":                   {asks(Attribute{Definition: text, InputType: RadioSingleSelect}), []string{"attributes[0].options attribute.options.few"}},
		"too many options":             {asks(Attribute{Definition: text, InputType: Dropdown, Options: slices.Repeat(two[:1], 101)}), append([]string{"attributes[0].options attribute.options.many"}, slices.Repeat([]string{"attributes[0].options attribute.options.twice"}, 100)...)},
		"options of a typed text":      {asks(Attribute{Definition: text, Options: two}), []string{"attributes[0].options flow.attribute.no_options"}},
		"a choice in other words":      {asks(Attribute{Definition: choice, Options: []Option{{"Tiny", "s"}}}), nil},
		"a choice of something else":   {asks(Attribute{Definition: choice, Options: []Option{{"Tiny", "xs"}}}), []string{"attributes[0].options flow.attribute.foreign_option"}},
		"a choice as a list":           {asks(Attribute{Definition: choice, InputType: Dropdown}), nil},
		"a choice to type":             {asks(Attribute{Definition: choice, InputType: TextBox}), []string{"attributes[0].inputType flow.attribute.input"}},
		"a number in a text box":       {asks(Attribute{Definition: whole, InputType: TextBox}), []string{"attributes[0].inputType flow.attribute.input"}},
		"a date in a box for numbers":  {asks(Attribute{Definition: day, InputType: NumericTextBox}), []string{"attributes[0].inputType flow.attribute.input"}},
		"a built-in as radio buttons":  {asks(Attribute{ID: "jobTitle", InputType: RadioSingleSelect, Options: two}), nil},
		"a country from a short list":  {asks(Attribute{ID: "country", Options: []Option{{"Germany", "DE"}}}), nil},
		"any country":                  {asks(Attribute{ID: "country"}), nil},
		"a default that is no number":  {asks(Attribute{Definition: whole, Default: "many"}), []string{"attributes[0].default flow.attribute.default"}},
		"a default against a pattern":  {asks(Attribute{Definition: card, Default: "42"}), []string{"attributes[0].default flow.attribute.default"}},
		"a default that is no option":  {asks(Attribute{Definition: choice, Default: "xs"}), []string{"attributes[0].default flow.attribute.default"}},
		"two defaults of checkboxes":   {asks(Attribute{Definition: text, InputType: CheckboxMultiSelect, Options: two, Default: "a,b"}), nil},
		"a wrong one of two":           {asks(Attribute{Definition: text, InputType: CheckboxMultiSelect, Options: two, Default: "a,c"}), []string{"attributes[0].default flow.attribute.default"}},
		"a tick by default":            {asks(Attribute{Definition: yes, Default: "true"}), nil},
		"a required tick by default":   {asks(Attribute{Definition: yes, Default: "true", Required: true}), []string{"attributes[0].default flow.attribute.ticked"}},
		"a hidden tick by default":     {asks(Attribute{Definition: yes, Default: "true", Required: true, Hidden: true}), nil},
		"a tick called banana":         {asks(Attribute{Definition: yes, Default: "banana"}), []string{"attributes[0].default flow.attribute.default"}},
		"the 30th of February":         {asks(Attribute{Definition: day, Default: "2026-02-30"}), []string{"attributes[0].default flow.attribute.default"}},
		"a label of 501 characters":    {asks(Attribute{ID: "city", Label: strings.Repeat("x", 501)}), []string{"attributes[0] flow.text.long"}},
		"a help text that is too long": {asks(Attribute{ID: "city", Hint: strings.Repeat("x", 501)}), []string{"attributes[0].hint flow.text.long"}},
		"a label that turns around":    {asks(Attribute{ID: "city", Label: "a\u2067b"}), []string{"attributes[0] flow.text.invisible"}},
		"a hidden user name":           {func(f *Flow) { f.UserNames = true; asks(Attribute{ID: UserName, Hidden: true})(f) }, []string{"attributes[0] flow.user_names.hidden"}},
		"a user name nobody can use":   {asks(Attribute{ID: UserName, Required: true}), []string{"userNames flow.user_names.asked"}},
		"user names without passwords": {func(f *Flow) {
			f.SignUpMethod, f.SignInMethods, f.UserNames = EmailCode, []Method{EmailCode}, true
		}, []string{"userNames flow.user_names.password"}},
		"a user name without password at sign-up": {func(f *Flow) {
			f.SignUpMethod, f.SignInMethods, f.UserNames = EmailCode, []Method{EmailCode, EmailPassword}, true
			asks(Attribute{ID: UserName})(f)
		}, []string{"userNames flow.user_names.sign_up"}},
		"a reset of no password":            {func(f *Flow) { f.SignUpMethod, f.SignInMethods, f.PasswordReset = EmailCode, []Method{EmailCode}, true }, []string{"passwordReset flow.reset.password"}},
		"terms twice":                       {func(f *Flow) { f.Terms = []string{"a", "b", "a"} }, []string{"terms flow.terms.twice"}},
		"a domain allowed and refused":      {func(f *Flow) { f.Domains = Domains{Allow: []string{"a.example"}, Deny: []string{"a.example"}} }, []string{"domains.deny flow.domains.both"}},
		"no domain":                         {func(f *Flow) { f.Domains.Deny = []string{"localhost"} }, []string{"domains.deny flow.domains.invalid"}},
		"a domain that was not made simple": {func(f *Flow) { f.Domains.Allow = []string{"Bücher.example"} }, []string{"domains.allow flow.domains.invalid"}},
		"too many domains":                  {func(f *Flow) { f.Domains.Deny = slices.Repeat([]string{"a.example"}, 1001) }, []string{"domains.deny flow.domains.many"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := Flow{Name: "Customers", SignUpMethod: EmailPassword, SignInMethods: []Method{EmailPassword}, MFA: MFA{Enforcement: MFAOff}}
			c.edit(&f)
			if got := complaints(f.Validate()); !slices.Equal(got, c.want) {
				t.Errorf("got  %v\nwant %v", got, c.want)
			}
		})
	}
}

// What nobody is asked for has its default, each in its own type; nothing else has.
func TestDefaultsOfAFlow(t *testing.T) {
	f := Flow{Attributes: []Attribute{{ID: "city", Hidden: true, Default: "Ulm"}, {ID: "state", Default: "shown, so asked"}, {ID: "country", ReadOnly: true},
		{ID: "extension_n", ReadOnly: true, Default: "7", Definition: &Definition{DataType: Int}},
		{ID: "extension_yes", Hidden: true, Default: "true", Definition: &Definition{DataType: Boolean}},
		{ID: "extension_many", Hidden: true, Default: "b,a", InputType: CheckboxMultiSelect, Options: []Option{{"A", "a"}, {"B", "b"}}, Definition: &Definition{DataType: String}},
		{ID: "extension_bad", Hidden: true, Default: "x", Definition: &Definition{DataType: Int}}}}
	got := f.Defaults()
	want := map[string]any{"city": "Ulm", "extension_n": int64(7), "extension_yes": true, "extension_many": "a,b"}
	if len(got) != len(want) {
		t.Errorf("%v", got)
	}
	for id, v := range want {
		if got[id] != v {
			t.Errorf("%s: %v (%T)", id, got[id], got[id])
		}
	}
}

// A flow's document says nothing of definitions: they are the tenant's, joined when a flow is read.
func TestDefinitionsAreJoinedNotStored(t *testing.T) {
	f := Flow{Attributes: []Attribute{{ID: "extension_a"}, {ID: "extension_gone"}, {ID: "city"}}}
	kept := f.Attributes
	f.Resolve(map[string]Definition{"extension_a": {ID: "extension_a", DataType: Int}})
	if f.Attributes[0].Type() != Int || f.Attributes[1].Definition != nil || kept[0].Definition != nil {
		t.Errorf("%+v", f.Attributes)
	}
	if doc, _ := json.Marshal(f); strings.Contains(string(doc), "efinition") || strings.Contains(string(doc), "int64") {
		t.Errorf("%s", doc)
	}
	f.Resolve(nil)
	if f.Attributes[0].Definition != nil {
		t.Error("what is gone stays")
	}
}
