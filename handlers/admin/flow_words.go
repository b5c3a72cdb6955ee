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
		return "Always on"
	}
	return "Conditional"
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

// flowSummary is a flow to be read.
func flowSummary(dir *models.Directory, f userflow.Flow) views.Section {
	var methods, attributes, second, terms, who []string
	for _, m := range f.SignInMethods {
		methods = append(methods, factorLabel(m))
	}
	if f.UserNames {
		methods = append(methods, "User name with password")
	}
	for _, a := range f.Attributes {
		attributes = append(attributes, attributeName(a)+choose(a.Required, " (must be filled in)", ""))
	}
	for _, m := range f.MFA.Methods {
		second = append(second, map[string]string{"email": "Code by email", "sms": "Code by text message", "softwareOath": "Authenticator app", "fido2": "Passkey"}[m])
	}
	for _, id := range f.Terms {
		terms = append(terms, termsName(dir, id))
	}
	for _, d := range f.Domains.Allow {
		who = append(who, "Only "+d)
	}
	for _, d := range f.Domains.Deny {
		who = append(who, "Not "+d)
	}
	if f.Domains.RefuseDisposable {
		who = append(who, "No throw-away addresses")
	}
	list := func(label string, list []string, none string) views.Fact {
		if len(list) == 0 {
			list = []string{none}
		}
		return views.Fact{Label: label, Value: views.Cell{Kind: views.Lines, List: list}}
	}
	return views.Section{ID: "overview", Title: "Settings", Summary: []views.Fact{
		{Label: "Name", Value: views.Cell{Kind: views.Name, Text: f.Name}},
		{Label: "New people get", Value: plain(factorLabel(f.SignUpMethod))},
		list("Ways to sign in", methods, "None"),
		{Label: "Sign-up", Value: plain(choose(f.SignUpAllowed, "Open", "Closed: only existing accounts and invited people"))},
		list("Who may sign up", who, "Everybody"),
		list("Asked at sign-up", attributes, "Only the email address"),
		list("Terms to agree to", terms, "None"),
		{Label: "Forgotten password", Value: plain(choose(f.PasswordReset, "People reset it by themselves", "An admin sets a new one"))},
		{Label: "MFA enforcement", Value: plain(enforcementLabel(f.MFA.Enforcement))},
		list("Type of method", second, "None"),
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
