package admin

import (
	"strings"

	"portico/app/userflow"
	"portico/models"
	views "portico/views/admin"
)

func factorLabel(m userflow.Method) string {
	if m == userflow.EmailCode {
		return "Email with a one-time code"
	}
	return "Email with password"
}

func enforcementLabel(e userflow.Enforcement) string {
	switch e {
	case userflow.MFAOff:
		return "Off"
	case userflow.MFAAlways:
		return "Always"
	}
	return "When a policy demands it"
}

func attributeLabel(id string) string {
	if w, ok := map[string]string{"givenName": "First name", "surname": "Last name", "displayName": "Display name", "postalCode": "Postal code", "streetAddress": "Street address",
		"jobTitle": "Job title", "city": "City", "state": "State or province", "country": "Country or region", "email": "Email"}[id]; ok {
		return w
	}
	return id
}

// attributeIDs are the built-in attributes in the order in which people expect them.
func attributeIDs() []string {
	return []string{"displayName", "givenName", "surname", "jobTitle", "streetAddress", "postalCode", "city", "state", "country"}
}

// attributeName is what admins call an attribute: the name that they gave a custom one.
func attributeName(a userflow.Attribute) string {
	switch {
	case a.ID == userflow.UserName:
		return "User name"
	case a.Definition != nil:
		return a.Definition.Name
	}
	return attributeLabel(a.ID)
}

// inputLabel is a control in words.
func inputLabel(t userflow.InputType) string {
	return map[userflow.InputType]string{userflow.TextBox: "Text box", userflow.RadioSingleSelect: "Radio buttons: one choice, all to be seen",
		userflow.Dropdown: "List: one choice, folded away", userflow.CheckboxMultiSelect: "Checkboxes: several choices", userflow.CheckboxSingle: "One checkbox",
		userflow.NumericTextBox: "Box for a whole number", userflow.DateBoxes: "Day, month and year", userflow.PhoneBox: "Box for a phone number"}[t]
}

// inputWord is inputLabel in one or two words.
func inputWord(t userflow.InputType) string {
	word, _, _ := strings.Cut(inputLabel(t), ":")
	return word
}

func flowSummary(f userflow.Flow, change string) views.Section {
	var methods, attributes []string
	for _, m := range f.SignInMethods {
		methods = append(methods, factorLabel(m))
	}
	for _, a := range f.Attributes {
		attributes = append(attributes, attributeName(a)+choose(a.Required, " (must be filled in)", ""))
	}
	if len(attributes) == 0 {
		attributes = []string{"Nothing"}
	}
	var second []string
	for _, m := range f.MFA.Methods {
		second = append(second, map[string]string{"email": "Code by email", "sms": "Code by text message", "softwareOath": "Authenticator app", "fido2": "Passkey"}[m])
	}
	if len(second) == 0 {
		second = []string{"None"}
	}
	return views.Section{ID: "overview", Title: "Settings", Summary: []views.Fact{
		{Label: "Name", Value: views.Cell{Kind: views.Name, Text: f.Name}, Change: change},
		{Label: "New people get", Value: plain(factorLabel(f.SignUpMethod)), Change: change},
		{Label: "Ways to sign in", Value: views.Cell{Kind: views.Lines, List: methods}},
		{Label: "Sign-up", Value: plain(choose(f.SignUpAllowed, "Open to everybody", "Closed: only existing accounts can sign in")), Change: change},
		{Label: "Asked at sign-up", Value: views.Cell{Kind: views.Lines, List: attributes}, Change: change},
		{Label: "Second factor", Value: plain(enforcementLabel(f.MFA.Enforcement)), Change: change},
		{Label: "Second factors on offer", Value: views.Cell{Kind: views.Lines, List: second}, Change: change},
		fact("User flow ID", code(f.ID))}}
}

// changesOf says in sentences what one version of a flow has different from another.
func changesOf(dir *models.Directory, before, after userflow.Flow) []string {
	return userflow.Compare(before, after, func(id string) string {
		if t, ok := dir.Terms[id]; ok {
			return t.Name
		}
		a := userflow.Attribute{ID: id}
		if x, ok := dir.Definitions[id]; ok {
			a.Definition = &x
		}
		return attributeName(a)
	})
}

// flowBase is the address of a flow's pages.
func (v *visit) flowBase(id string) string { return v.base() + "/user-flows/" + id }
