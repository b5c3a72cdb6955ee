// Package userflow knows an admin-designed user flow as data: first-factor methods, attributes to
// collect, whether sign-up is allowed, the MFA switch; and what makes it valid. One app belongs to at
// most one flow (F051); the store enforces that, this package cannot see other flows.
package userflow

import (
	"fmt"
	"slices"
	"strings"

	"portico/app/fault"
)

// Method is a first factor. Names are ours; the Graph resource maps them to the vendor's providers
// (EmailPassword-OAUTH, EmailOtpSignup-OAUTH).
type Method string

const (
	EmailPassword Method = "emailPassword"
	EmailCode     Method = "emailCode"
)

// Administrators is the id of the flow by which administrators sign in to the portal. There is one in an
// installation, so the id is the same in all of them: nothing else can be taken for it.
const Administrators = "0b6e2c5a-4d0f-4b8e-9a57-6f1d3c8e7a21"

// Enforcement is the flow's MFA switch (DESIGN §5.3).
type Enforcement string

const (
	MFAOff         Enforcement = "off"
	MFAAlways      Enforcement = "alwaysOn"
	MFAConditional Enforcement = "conditional"
)

// MFA is the switch with its methods: email, sms, softwareOath, fido2.
type MFA struct {
	Enforcement Enforcement `json:"enforcement"`
	Methods     []string    `json:"methods"`
	MayPostpone bool        `json:"mayPostpone,omitempty"`
}

// Attribute is one field of the sign-up page. ID is a built-in name (givenName, …) or the API name of
// a custom attribute; Label "" means the catalogue's label.
type Attribute struct {
	ID        string   `json:"id"`
	Label     string   `json:"label,omitempty"`
	Hint      string   `json:"hint,omitempty"`
	DataType  string   `json:"dataType,omitempty"`  // string (default), boolean, int64
	InputType string   `json:"inputType,omitempty"` // text (default), radioSingleSelect, boolean, …
	Required  bool     `json:"required"`
	Hidden    bool     `json:"hidden,omitempty"`
	ReadOnly  bool     `json:"readOnly,omitempty"`
	Options   []Option `json:"options,omitempty"`
}

// Option is one choice of a select or radio group.
type Option struct {
	Text  string `json:"text"`
	Value string `json:"value"`
}

// Flow is one published version of a user flow.
type Flow struct {
	ID            string      `json:"id"`
	TenantID      string      `json:"-"`
	Name          string      `json:"name"`
	Version       int         `json:"version"`
	SignUpMethod  Method      `json:"signUpMethod"`  // what a new account gets
	SignInMethods []Method    `json:"signInMethods"` // SignUpMethod and every method that earlier versions gave (F054)
	SignUpAllowed bool        `json:"signUpAllowed"`
	Attributes    []Attribute `json:"attributes"`
	MFA           MFA         `json:"mfa"`
}

// Builtin lists the ten built-in attributes with their longest length in characters (R 2.4).
func Builtin() map[string]int {
	return map[string]int{"city": 128, "country": 128, "displayName": 256, "email": 254, "givenName": 64,
		"jobTitle": 128, "postalCode": 40, "state": 128, "streetAddress": 1024, "surname": 64}
}

// PasswordOnly reports whether the one form with email and password is enough.
func (f Flow) PasswordOnly() bool {
	return len(f.SignInMethods) == 1 && f.SignInMethods[0] == EmailPassword
}

// Accepts reports whether a method may prove someone in this flow.
func (f Flow) Accepts(m Method) bool { return slices.Contains(f.SignInMethods, m) }

// Validate says what an admin must mend before the flow can be saved.
func (f Flow) Validate() error {
	var bad fault.Fields
	if n := strings.TrimSpace(f.Name); n == "" || len(n) > 120 {
		bad.Add("name", "flow.name.required", nil)
	}
	if f.SignUpMethod != EmailPassword && f.SignUpMethod != EmailCode {
		bad.Add("signUpMethod", "flow.method.required", nil)
	}
	if !f.Accepts(f.SignUpMethod) {
		bad.Add("signInMethods", "flow.method.missing", nil)
	}
	seen := map[string]bool{}
	for i, a := range f.Attributes {
		if seen[a.ID] {
			bad.Add(fmt.Sprintf("attributes[%d]", i), "flow.attribute.twice", map[string]any{"id": a.ID})
		}
		seen[a.ID] = true
		if _, ok := Builtin()[a.ID]; !ok && !strings.HasPrefix(a.ID, "extension_") {
			bad.Add(fmt.Sprintf("attributes[%d]", i), "flow.attribute.unknown", map[string]any{"id": a.ID})
		}
	}
	switch f.MFA.Enforcement {
	case MFAOff, MFAAlways, MFAConditional:
	default:
		bad.Add("mfa", "flow.mfa.enforcement", nil)
	}
	for _, m := range f.SignInMethods {
		if m != EmailPassword && m != EmailCode {
			bad.Add("signInMethods", "flow.method.required", nil)
		}
	}
	for _, m := range f.MFA.Methods {
		if !slices.Contains(SecondFactors(), m) {
			bad.Add("mfa", "flow.mfa.unknown", map[string]any{"method": m})
		}
	}
	if f.MFA.Enforcement == MFAAlways {
		switch {
		case len(f.usable("")) == 0:
			bad.Add("mfa", "flow.mfa.no_method", nil)
		// One channel is never both factors (DESIGN §5.4): a flow whose only second factor is the mailbox
		// that was the first factor leaves people without a way.
		case f.Accepts(EmailCode) && len(f.usable("email")) == 0:
			bad.Add("mfa", "flow.mfa.same_channel", nil)
		}
	}
	return bad.Err()
}

// SecondFactors lists the names that MFA.Methods may hold. Text messages (sms) can be chosen but have no
// sender yet, so they alone are no way to confirm anything.
func SecondFactors() []string { return []string{"email", "sms", "softwareOath", "fido2"} }

// usable lists the second factors that can be shown after a first factor by the channel.
func (f Flow) usable(channel string) []string {
	return slices.DeleteFunc(slices.Clone(f.MFA.Methods), func(m string) bool { return m == "sms" || m == channel })
}

// ValidateStaff says why a flow cannot be one of the staff's directory: nobody becomes an administrator's
// colleague by signing up, and the portal asks everybody for a second factor that is not the mailbox,
// so a flow without one would lock administrators out.
func (f Flow) ValidateStaff() error {
	var bad fault.Fields
	if f.SignUpAllowed {
		bad.Add("signUpAllowed", "flow.staff.sign_up", nil)
	}
	if f.MFA.Enforcement != MFAAlways || !slices.Contains(f.MFA.Methods, "softwareOath") && !slices.Contains(f.MFA.Methods, "fido2") {
		bad.Add("mfa", "flow.staff.mfa", nil)
	}
	return bad.Err()
}
