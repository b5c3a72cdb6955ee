package userflow

import (
	"slices"
	"testing"

	"portico/app/fault"
)

func TestFlowsThatCanBeSaved(t *testing.T) {
	good := func(edit ...func(*Flow)) Flow {
		f := Flow{Name: "Customers", SignUpMethod: EmailPassword, SignInMethods: []Method{EmailPassword}, SignUpAllowed: true,
			Attributes: []Attribute{{ID: "givenName"}, {ID: "extension_loyalty", Definition: &Definition{ID: "extension_loyalty", DataType: String}}}, MFA: MFA{Enforcement: MFAConditional, Methods: []string{"email", "softwareOath"}}}
		for _, e := range edit {
			e(&f)
		}
		return f
	}
	always := func(methods ...string) func(*Flow) {
		return func(f *Flow) { f.MFA = MFA{Enforcement: MFAAlways, Methods: methods} }
	}
	byCode := func(f *Flow) { f.SignUpMethod, f.SignInMethods = EmailCode, []Method{EmailCode} }
	for name, c := range map[string]struct {
		flow Flow
		keys []string
	}{
		"an ordinary flow":                               {good(), nil},
		"no name":                                        {good(func(f *Flow) { f.Name = " " }), []string{"flow.name.required"}},
		"no method":                                      {good(func(f *Flow) { f.SignUpMethod = "" }), []string{"flow.method.required"}},
		"a method that there is not":                     {good(func(f *Flow) { f.SignUpMethod = "magic"; f.SignInMethods = append(f.SignInMethods, "magic") }), []string{"flow.method.required"}},
		"what sign-up gives, sign-in must take":          {good(func(f *Flow) { f.SignUpMethod = EmailCode }), []string{"flow.method.missing"}},
		"an unknown way to sign in":                      {good(func(f *Flow) { f.SignInMethods = append(f.SignInMethods, "magic") }), []string{"flow.method.required"}},
		"an attribute twice":                             {good(func(f *Flow) { f.Attributes = append(f.Attributes, Attribute{ID: "givenName"}) }), []string{"flow.attribute.twice"}},
		"an attribute that nobody knows":                 {good(func(f *Flow) { f.Attributes = []Attribute{{ID: "shoeSize"}} }), []string{"flow.attribute.unknown"}},
		"no MFA switch":                                  {good(func(f *Flow) { f.MFA.Enforcement = "" }), []string{"flow.mfa.enforcement"}},
		"an unknown second factor":                       {good(func(f *Flow) { f.MFA.Methods = []string{"carrierPigeon"} }), []string{"flow.mfa.unknown"}},
		"always, by an app":                              {good(always("softwareOath")), nil},
		"always, by nothing":                             {good(always()), []string{"flow.mfa.no_method"}},
		"conditional, by nothing":                        {good(always(), func(f *Flow) { f.MFA.Enforcement = MFAConditional }), []string{"flow.mfa.no_method"}},
		"always, by text message":                        {good(always("sms")), nil},
		"conditional, by mail after a code by mail":      {good(byCode, always("email"), func(f *Flow) { f.MFA.Enforcement = MFAConditional }), []string{"flow.mfa.same_channel"}},
		"off, by mail after a code by mail":              {good(byCode, always("email"), func(f *Flow) { f.MFA.Enforcement = MFAOff }), nil},
		"always, by mail after a password":               {good(always("email")), nil},
		"always, by mail after a code by mail":           {good(byCode, always("email")), []string{"flow.mfa.same_channel"}},
		"always, by mail or text, after a mailed code":   {good(byCode, always("email", "sms")), nil},
		"always, by mail or an app, after a mailed code": {good(byCode, always("email", "softwareOath")), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var keys []string
			if err := c.flow.Validate(); err != nil {
				for _, f := range fault.Of(err).Fields {
					keys = append(keys, f.Key)
				}
			}
			if !slices.Equal(keys, c.keys) {
				t.Errorf("got %v, want %v", keys, c.keys)
			}
		})
	}
}

func TestStaffFlowsKeepTheDoorShut(t *testing.T) {
	shut := Flow{SignUpAllowed: false, MFA: MFA{Enforcement: MFAAlways, Methods: []string{"fido2"}}}
	if err := shut.ValidateStaff(); err != nil {
		t.Error(err)
	}
	for name, edit := range map[string]func(*Flow){
		"sign-up":                      func(f *Flow) { f.SignUpAllowed = true },
		"no second factor":             func(f *Flow) { f.MFA.Enforcement = MFAOff },
		"only when a policy says so":   func(f *Flow) { f.MFA = MFA{Enforcement: MFAConditional, Methods: []string{"fido2"}} },
		"a second factor by mail only": func(f *Flow) { f.MFA.Methods = []string{"email"} },
	} {
		f := shut
		edit(&f)
		if f.ValidateStaff() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestOneFormIsEnoughForPasswordsAlone(t *testing.T) {
	for _, c := range []struct {
		methods []Method
		want    bool
	}{{[]Method{EmailPassword}, true}, {[]Method{EmailCode}, false}, {[]Method{EmailPassword, EmailCode}, false}, {nil, false}} {
		if got := (Flow{SignInMethods: c.methods}).PasswordOnly(); got != c.want {
			t.Errorf("%v: %v", c.methods, got)
		}
	}
}
