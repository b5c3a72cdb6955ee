package userflow

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestCompareSaysWhatCustomersMeet(t *testing.T) {
	names := map[string]string{"extension_home": "Home type", "city": "City", "givenName": "First name", "surname": "Last name", "t1": "House rules", "t2": "Privacy"}
	before := Flow{ID: "f", Version: 1, Name: "Customers", SignUpMethod: EmailPassword, SignInMethods: []Method{EmailPassword}, SignUpAllowed: true,
		Attributes: []Attribute{{ID: "givenName"}, {ID: "surname"}, {ID: "city", Label: "Town", Default: "Ulm"},
			{ID: "extension_home", InputType: RadioSingleSelect, Options: []Option{{"A flat", "flat"}, {"A house", "house"}}}},
		Terms: []string{"t1", "t2"}, Domains: Domains{Deny: []string{"evil.example"}}, MFA: MFA{Enforcement: MFAOff, Methods: []string{"email"}}}
	for name, c := range map[string]struct {
		edit func(*Flow)
		want []string
	}{
		"nothing":                    {func(*Flow) {}, nil},
		"a new version of the same":  {func(f *Flow) { f.Version, f.ID, f.TenantID = 7, "g", "t" }, nil},
		"a name":                     {func(f *Flow) { f.Name = "People" }, []string{"The user flow is renamed from “Customers” to “People”."}},
		"the way new people sign up": {func(f *Flow) { f.SignUpMethod, f.SignInMethods = EmailCode, []Method{EmailCode, EmailPassword} }, []string{"New people sign up with a code by email instead of email and password.", "People may sign in with a code by email."}},
		"methods in another order":   {func(f *Flow) { f.MFA.Methods = []string{"email", "email"} }, nil},
		"a method less":              {func(f *Flow) { f.SignInMethods = nil }, []string{"People may no longer sign in with email and password."}},
		"no sign-up":                 {func(f *Flow) { f.SignUpAllowed = false }, []string{"Sign-up is switched off."}},
		"user names and reset":       {func(f *Flow) { f.UserNames, f.PasswordReset = true, true }, []string{"Sign-in by user name is switched on.", "Self-service password reset is switched on."}},
		"an attribute more":          {func(f *Flow) { f.Attributes = append(f.Attributes, Attribute{ID: "jobTitle", Required: true}) }, []string{"“jobTitle” is added, required."}},
		"an attribute less":          {func(f *Flow) { f.Attributes = f.Attributes[1:] }, []string{"“First name” is no longer asked for."}},
		"two swapped":                {func(f *Flow) { f.Attributes[0], f.Attributes[1] = f.Attributes[1], f.Attributes[0] }, []string{"“First name” moves below “Last name”."}},
		"the last on top":            {func(f *Flow) { f.Attributes = append([]Attribute{f.Attributes[3]}, f.Attributes[:3]...) }, []string{"“Home type” moves to the top."}},
		"one added above others":     {func(f *Flow) { f.Attributes = append([]Attribute{{ID: "state"}}, f.Attributes...) }, []string{"“state” is added."}},
		"labels":                     {func(f *Flow) { f.Attributes[0].Label, f.Attributes[2].Label = "Given name", "" }, []string{"“First name” is labelled “Given name”.", "“City” has its usual label again."}},
		"help, required, hidden": {func(f *Flow) {
			f.Attributes[2].Hint, f.Attributes[2].Required, f.Attributes[2].Hidden = "Where you live", true, true
		}, []string{"“City” has the help text “Where you live”.", "“City” is now required.", "“City” is now hidden."}},
		"read-only and default":          {func(f *Flow) { f.Attributes[2].ReadOnly, f.Attributes[2].Default = true, "Bonn" }, []string{"“City” can no longer be changed by customers.", "“City” has the default “Bonn” instead of “Ulm”."}},
		"the kind of field":              {func(f *Flow) { f.Attributes[3].InputType = Dropdown }, []string{"“Home type” is shown as a list instead of radio buttons."}},
		"the usual kind, said":           {func(f *Flow) { f.Attributes[0].InputType = TextBox }, nil},
		"an option more, another in its": {func(f *Flow) { f.Attributes[3].Options = []Option{{"A house", "house"}, {"A room", "room"}} }, []string{"“Home type” no longer offers “A flat”.", "“Home type” offers “A room”."}},
		"options turned":                 {func(f *Flow) { slices.Reverse(f.Attributes[3].Options) }, []string{"“Home type” has its options in another order."}},
		"an option in other words":       {func(f *Flow) { f.Attributes[3].Options[0].Text = "An apartment" }, []string{"“Home type” words the option for “flat” as “An apartment” instead of “A flat”."}},
		"terms":                          {func(f *Flow) { f.Terms = []string{"t1", "t3"} }, []string{"People must agree to “t3”.", "People no longer have to agree to “Privacy”."}},
		"terms turned":                   {func(f *Flow) { f.Terms = []string{"t2", "t1"} }, []string{"The terms are shown in another order."}},
		"domains":                        {func(f *Flow) { f.Domains = Domains{Allow: []string{"b.example", "a.example"}, RefuseDisposable: true} }, []string{"People may sign up with addresses of a.example, b.example.", "Addresses of other domains are refused at sign-up.", "Addresses of evil.example are no longer refused at sign-up.", "Throw-away addresses are refused at sign-up."}},
		"many domains":                   {func(f *Flow) { f.Domains.Deny = strings.Fields("evil.example a b c d e f") }, []string{"Addresses of a, b, c, d, e and 1 more are refused at sign-up."}},
		"the second factor":              {func(f *Flow) { f.MFA = MFA{Enforcement: MFAAlways, Methods: []string{"fido2"}, MayPostpone: true} }, []string{"Multifactor authentication is always on instead of off.", "The second factor may be a passkey.", "The second factor may no longer be a code by email.", "People may put off setting up a second factor."}},
		"a text of any length":           {func(f *Flow) { f.Attributes[0].Hint = strings.Repeat("é", 500) }, []string{"“First name” has the help text “" + strings.Repeat("é", 79) + "…”."}},
	} {
		t.Run(name, func(t *testing.T) {
			after := clone(t, before)
			c.edit(&after)
			if got := Compare(before, after, func(id string) string { return names[id] }); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func clone(t *testing.T, f Flow) Flow {
	t.Helper()
	doc, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var out Flow
	if err := json.Unmarshal(doc, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// plainly is a flow without what makes no difference to anybody.
func plainly(f Flow) Flow {
	f.ID, f.TenantID, f.Version = "", "", 0
	sorted := func(list []string) []string {
		out := slices.Clone(list)
		slices.Sort(out)
		return append([]string{}, slices.Compact(out)...)
	}
	f.SignInMethods = slices.Compact(slices.Sorted(slices.Values(f.SignInMethods)))
	f.MFA.Methods, f.Domains.Allow, f.Domains.Deny, f.Terms = sorted(f.MFA.Methods), sorted(f.Domains.Allow), sorted(f.Domains.Deny), append([]string{}, f.Terms...)
	f.Attributes = append([]Attribute{}, f.Attributes...)
	for i := range f.Attributes {
		f.Attributes[i].InputType, f.Attributes[i].Options = f.Attributes[i].Input(), append([]Option{}, f.Attributes[i].Options...)
	}
	return f
}

// Two flows differ exactly when there is a sentence about it.
func TestCompareMissesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	yes := func() bool { return r.IntN(2) == 0 }
	some := func(from ...string) []string {
		r.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
		return from[:r.IntN(len(from)+1)]
	}
	one := func(from ...string) string { return from[r.IntN(len(from))] }
	random := func() Flow {
		f := Flow{Name: one("a", "b"), Version: r.IntN(3), SignUpMethod: Method(one("emailCode", "emailPassword")), SignUpAllowed: yes(), UserNames: yes(), PasswordReset: yes(),
			Terms: some("t1", "t2"), Domains: Domains{Allow: some("a", "b"), Deny: some("c"), RefuseDisposable: yes()},
			MFA: MFA{Enforcement: Enforcement(one("off", "alwaysOn", "")), Methods: some("email", "fido2"), MayPostpone: yes()}}
		for _, id := range some("city", "surname", "extension_x") {
			a := Attribute{ID: id, Label: one("", "L"), Hint: one("", "H"), InputType: InputType(one("", "text", "dropdown")), Required: yes(), Hidden: yes(), ReadOnly: yes(), Default: one("", "d")}
			for _, v := range some("x", "y") {
				a.Options = append(a.Options, Option{Text: one("X", "Y"), Value: v})
			}
			f.Attributes = append(f.Attributes, a)
		}
		return f
	}
	// One step from a flow, so that equal ones and those that differ in one thing come up often.
	step := func(f Flow) Flow {
		g := random()
		v, w := reflect.ValueOf(&f).Elem(), reflect.ValueOf(&g).Elem()
		i := r.IntN(v.NumField())
		v.Field(i).Set(w.Field(i))
		return f
	}
	same := 0
	for range 20_000 {
		a := random()
		b := step(a)
		if n := len(a.Attributes); n > 0 && yes() {
			b.Attributes = slices.Clone(a.Attributes)
			k, m := r.IntN(n), r.IntN(n)
			b.Attributes[k], b.Attributes[m] = b.Attributes[m], b.Attributes[k]
		}
		equal := reflect.DeepEqual(plainly(a), plainly(b))
		if equal {
			same++
		}
		if got := Compare(a, b, nil); equal != (len(got) == 0) {
			t.Fatalf("equal %v, but %q:\n%+v\n%+v", equal, got, a, b)
		}
	}
	if same < 1000 {
		t.Errorf("only %d pairs were equal", same)
	}
}
