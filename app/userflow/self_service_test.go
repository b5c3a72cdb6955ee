package userflow

import (
	"slices"
	"testing"
)

func TestWhoeverCanSignInToAnAppCanReachTheAccountPages(t *testing.T) {
	passwords := &Flow{SignUpMethod: EmailPassword, SignInMethods: []Method{EmailPassword}, SignUpAllowed: true, PasswordReset: true, UserNames: true,
		Attributes: []Attribute{{ID: "city"}}, Terms: []string{"t"}, MFA: MFA{Enforcement: MFAOff}}
	codes := &Flow{SignUpMethod: EmailCode, SignInMethods: []Method{EmailCode}, MFA: MFA{Enforcement: MFAAlways, Methods: []string{"email", "fido2"}}}
	for _, c := range []struct {
		name    string
		flows   []*Flow
		methods []Method
		signUp  Method
		factors []string
		names   bool
	}{
		{"one flow with passwords", []*Flow{passwords}, []Method{EmailPassword}, EmailPassword, []string{"fido2", "softwareOath"}, true},
		{"one flow with codes", []*Flow{codes}, []Method{EmailCode}, EmailCode, []string{"email", "fido2", "softwareOath"}, false},
		{"both", []*Flow{codes, passwords}, []Method{EmailCode, EmailPassword}, EmailPassword, []string{"email", "fido2", "softwareOath"}, true},
		{"both, the other way round", []*Flow{passwords, codes}, []Method{EmailCode, EmailPassword}, EmailPassword, []string{"email", "fido2", "softwareOath"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := ForSelfService(c.flows)
			if !slices.Equal(f.SignInMethods, c.methods) || f.SignUpMethod != c.signUp || !slices.Equal(f.MFA.Methods, c.factors) || f.UserNames != c.names {
				t.Errorf("%+v", f)
			}
			if f.SignUpAllowed || len(f.Attributes) > 0 || len(f.Terms) > 0 || f.ID != SelfService {
				t.Errorf("it asks or admits too much: %+v", f)
			}
		})
	}
}
