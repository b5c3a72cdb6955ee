package hosted

import (
	"strings"

	"portico/app/userflow"
	"portico/views/ui"
)

// Layout draws what a flow collects: each attribute with the words, the control and the options that the
// admin chose, filled with its default. The sign-up page and the designer's preview both go through it, so
// they cannot differ.
func Layout(asked []userflow.Attribute) AttributesView {
	var v AttributesView
	for _, f := range asked {
		v.Attributes = append(v.Attributes, layout(f))
	}
	return v
}

func layout(f userflow.Attribute) Attribute {
	at := Attribute{ID: f.ID, Label: f.Label, Hint: f.Hint, Kind: kindOf(f), Value: f.Default, Required: f.Required, ReadOnly: f.ReadOnly, MaxLength: f.Longest()}
	if f.MustTick() {
		at.Value = ""
	}
	if at.Label == "" && f.Definition != nil {
		at.Label = f.Definition.Name
	}
	for _, o := range f.Choices() {
		at.Options = append(at.Options, ui.Option{Text: o.Text, Value: o.Value})
	}
	return at
}

// Filled gives the attribute another value than its default: as it would be typed, several choices with
// commas between.
func (a Attribute) Filled(typed []string) Attribute {
	a.Value = strings.Join(typed, ",")
	return a
}

// kindOf gives the box for an attribute of a flow (R 2.5).
func kindOf(f userflow.Attribute) string {
	switch f.Input() {
	case userflow.CheckboxSingle:
		return "boolean"
	case userflow.CheckboxMultiSelect:
		return "checkboxes"
	case userflow.RadioSingleSelect:
		return "radio"
	case userflow.Dropdown:
		return "select"
	case userflow.NumericTextBox:
		return "number"
	case userflow.DateBoxes:
		return "date"
	case userflow.PhoneBox:
		return "phone"
	}
	return ""
}
