// Package userflow knows an admin-designed user flow as data: first-factor methods, attributes to
// collect, whether sign-up is allowed, the MFA switch; and what makes it valid. One app belongs to at
// most one flow (F051); the store enforces that, this package cannot see other flows.
package userflow

import (
	"fmt"
	"slices"
	"unicode/utf8"

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

// Attribute is one field of the sign-up page. ID is a built-in name (givenName, …), the API name of a
// custom attribute, or UserName.
type Attribute struct {
	ID        string    `json:"id"`
	Label     string    `json:"label,omitempty"` // "" = the catalogue's, or the definition's name; may hold Markdown links
	Hint      string    `json:"hint,omitempty"`
	InputType InputType `json:"inputType,omitempty"` // "" = the first of InputTypes
	Required  bool      `json:"required"`
	Hidden    bool      `json:"hidden,omitempty"`   // never shown; an invitation or extension may set it, else Default
	ReadOnly  bool      `json:"readOnly,omitempty"` // shown, never taken from the form
	Default   string    `json:"default,omitempty"`  // as it would be typed
	Options   []Option  `json:"options,omitempty"`  // of a text shown as a choice; of a choice: the definition's in other words

	// Definition is filled in by the store whenever a flow is read (Resolve): it is not part of the document,
	// so that an attribute's rules are the same in every flow. nil = built in, or gone.
	Definition *Definition `json:"-"`
}

// Type is what the attribute holds.
func (a Attribute) Type() DataType {
	if a.Definition != nil {
		return a.Definition.DataType
	}
	return String
}

// Input is the control that the page shows.
func (a Attribute) Input() InputType {
	switch {
	case a.InputType != "":
		return a.InputType
	case a.ID == "country":
		return Dropdown
	}
	return InputTypes(a.Type())[0]
}

// Choices are the options that may be chosen; empty = anything may be typed. (Countries are known to the
// page and the reader of answers by themselves.)
func (a Attribute) Choices() []Option {
	if len(a.Options) == 0 && a.Definition != nil {
		return a.Definition.Options
	}
	return a.Options
}

// Builtin reports whether the attribute is one of the ten.
func (a Attribute) Builtin() bool { _, ok := Builtin()[a.ID]; return ok }

// MustTick reports whether the attribute is a box that people have to tick to go on. Such a tick is a person's
// word, so nothing may tick it for them: no default and no invitation.
func (a Attribute) MustTick() bool {
	return a.Type() == Boolean && a.Required && !a.Hidden && !a.ReadOnly
}

// Longest is the longest answer in characters.
func (a Attribute) Longest() int {
	if n, ok := Builtin()[a.ID]; ok {
		return n
	}
	if a.Definition != nil && a.Definition.MaxLength > 0 {
		return a.Definition.MaxLength
	}
	return MaxText
}

// Option is one choice of a select or radio group. Text may hold Markdown links (R 2.5.3).
type Option struct {
	Text  string `json:"text"`
	Value string `json:"value"`
}

// Flow is one version of a user flow.
type Flow struct {
	ID            string   `json:"id"`
	TenantID      string   `json:"-"`
	Name          string   `json:"name"`
	Version       int      `json:"version"`
	SignUpMethod  Method   `json:"signUpMethod"`  // what a new account gets
	SignInMethods []Method `json:"signInMethods"` // SignUpMethod and every method that earlier versions gave (F054)
	SignUpAllowed bool     `json:"signUpAllowed"`
	UserNames     bool     `json:"userNames,omitempty"` // people may sign in by user name and password, where the tenant's policy allows it (F056)
	// Providers are the ids of the upstream identity providers that the pages offer, in their order (F060).
	Providers     []string    `json:"providers,omitempty"`
	PasswordReset bool        `json:"passwordReset,omitempty"` // "Forgot your password?" is offered (F074)
	Attributes    []Attribute `json:"attributes"`
	Terms         []string    `json:"terms,omitempty"` // ids of the terms that people must agree to, in order (F069)
	Domains       Domains     `json:"domains,omitzero"`
	MFA           MFA         `json:"mfa"`
	// Texts are what the pages say instead of our own words, by language and id (F077): the vendor's ids, and ours.
	Texts map[string]map[string]string `json:"texts,omitempty"`
}

// Resolve gives each attribute its definition. It changes the flow's own list.
func (f *Flow) Resolve(definitions map[string]Definition) {
	list := slices.Clone(f.Attributes)
	for i := range list {
		list[i].Definition = nil
		if d, ok := definitions[list[i].ID]; ok {
			list[i].Definition = &d
		}
	}
	f.Attributes = list
}

// Asks reports whether the sign-up page has a field.
func (f Flow) Asks(id string) bool {
	return slices.ContainsFunc(f.Attributes, func(a Attribute) bool { return a.ID == id })
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
	checkTitle(&bad, f.Name)
	switch {
	case f.SignUpMethod != EmailPassword && f.SignUpMethod != EmailCode:
		bad.Add("signUpMethod", "flow.method.required", nil)
	case !f.Accepts(f.SignUpMethod):
		bad.Add("signInMethods", "flow.method.missing", nil)
	}
	seen := map[string]bool{}
	for i, a := range f.Attributes {
		if seen[a.ID] {
			bad.Add(fmt.Sprintf("attributes[%d]", i), "flow.attribute.twice", a.called())
		}
		seen[a.ID] = true
		bad = append(bad, a.check(fmt.Sprintf("attributes[%d]", i))...)
	}
	switch {
	case (f.UserNames || f.Asks(UserName)) && !f.Accepts(EmailPassword):
		bad.Add("userNames", "flow.user_names.password", nil)
	case f.Asks(UserName) && !f.UserNames:
		bad.Add("userNames", "flow.user_names.asked", nil)
	case f.Asks(UserName) && f.SignUpMethod != EmailPassword:
		bad.Add("userNames", "flow.user_names.sign_up", nil)
	}
	if f.PasswordReset && !f.Accepts(EmailPassword) {
		bad.Add("passwordReset", "flow.reset.password", nil)
	}
	for i, id := range f.Terms {
		if slices.Contains(f.Terms[:i], id) {
			bad.Add("terms", "flow.terms.twice", nil)
		}
	}
	f.Domains.check(&bad)
	f.checkTexts(&bad)
	switch f.MFA.Enforcement {
	case MFAOff, MFAAlways, MFAConditional:
	default:
		bad.Add("mfa", "flow.mfa.enforcement", nil)
	}
	for _, m := range f.SignInMethods {
		if m != EmailPassword && m != EmailCode && m != f.SignUpMethod { // said of that one already
			bad.Add("signInMethods", "flow.method.required", nil)
		}
	}
	for _, m := range f.MFA.Methods {
		if !slices.Contains(SecondFactors(), m) {
			bad.Add("mfa", "flow.mfa.unknown", map[string]any{"method": m})
		}
	}
	if f.MFA.Enforcement != MFAOff && len(f.MFA.Methods) == 0 {
		bad.Add("mfa", "flow.mfa.no_method", nil)
	} else if f.MFA.Enforcement != MFAOff && !f.LeavesNobody() {
		bad.Add("mfa", "flow.mfa.same_channel", nil)
	}
	return bad.Err()
}

// called is how a complaint names the attribute: by its label, or by its id for want of one.
func (a Attribute) called() map[string]any {
	label := a.Label
	if label == "" {
		label = a.ID
	}
	return map[string]any{"id": a.ID, "label": label}
}

// check says what is wrong with one field of the page; where names its place in the flow.
func (a Attribute) check(where string) fault.Fields {
	var bad fault.Fields
	args := a.called()
	if a.ID != UserName && !a.Builtin() && a.Definition == nil {
		bad.Add(where, "flow.attribute.unknown", args)
		return bad
	}
	switch {
	case utf8.RuneCountInString(a.Label) > maxLabel:
		bad.Add(where, "flow.text.long", map[string]any{"count": maxLabel})
	case !Readable(a.Label), !Readable(a.Default), a.Label != "" && !visible(a.Label):
		bad.Add(where, "flow.text.invisible", nil)
	default:
		checkLinks(&bad, where, a.Label)
	}
	switch {
	case utf8.RuneCountInString(a.Hint) > maxLabel:
		bad.Add(where+".hint", "flow.text.long", map[string]any{"count": maxLabel})
	case !Readable(a.Hint):
		bad.Add(where+".hint", "flow.text.invisible", nil)
	default:
		checkLinks(&bad, where+".hint", a.Hint)
	}
	if !slices.Contains(InputTypes(a.Type()), a.Input()) {
		bad.Add(where+".inputType", "flow.attribute.input", args)
	}
	switch a.Input() {
	case RadioSingleSelect, CheckboxMultiSelect, Dropdown:
		if a.ID == "country" && len(a.Options) == 0 {
			break // the countries themselves
		}
		checkOptions(&bad, where+".options", a.Choices())
		if a.Type() == Choice {
			for _, o := range a.Options {
				if !slices.ContainsFunc(a.Definition.Options, func(d Option) bool { return d.Value == o.Value }) {
					bad.Add(where+".options", "flow.attribute.foreign_option", map[string]any{"value": o.Value})
				}
			}
		}
	default:
		if len(a.Options) > 0 {
			bad.Add(where+".options", "flow.attribute.no_options", args)
		}
	}
	if a.Default != "" {
		_, key := a.Read(a.Typed(a.Default))
		if key != "" || a.ID == UserName || a.Type() == Boolean && a.Default != "true" && a.Default != "false" {
			bad.Add(where+".default", "flow.attribute.default", args)
		} else if a.MustTick() && a.Default == "true" {
			bad.Add(where+".default", "flow.attribute.ticked", args)
		}
	}
	if a.Required && a.Default == "" && (a.Hidden || a.ReadOnly) && a.ID != "email" { // the address is proven, never asked
		bad.Add(where, "flow.attribute.unanswerable", args)
	}
	if a.ID == UserName && (a.Hidden || a.ReadOnly) {
		bad.Add(where, "flow.user_names.hidden", nil)
	}
	return bad
}

// SecondFactors lists the names that MFA.Methods may hold.
func SecondFactors() []string { return []string{"email", "sms", "softwareOath", "fido2"} }

// LeavesNobody reports whether the flow's methods are a second factor after each of its first factors. One channel
// is never both (DESIGN §5.4): where the only second factor is the mailbox that was the first factor, people are
// left without a way.
func (f Flow) LeavesNobody() bool {
	return slices.ContainsFunc(f.MFA.Methods, func(m string) bool { return m != "email" || !f.Accepts(EmailCode) })
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
