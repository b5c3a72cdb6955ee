package hosted

import (
	"portico/app/userflow"
	"portico/views/ui"
)

// Layout draws what a flow collects: each attribute with the words, the control and the options that the
// admin chose. The sign-up page and the designer's preview both go through it, so they cannot differ.
func Layout(asked []userflow.Attribute) AttributesView {
	var v AttributesView
	for _, f := range asked {
		label := f.Label
		if label == "" && f.Definition != nil {
			label = f.Definition.Name
		}
		at := Attribute{ID: f.ID, Label: label, Hint: f.Hint, Kind: kindOf(f), Required: f.Required, ReadOnly: f.ReadOnly, MaxLength: f.Longest()}
		for _, o := range f.Choices() {
			at.Options = append(at.Options, ui.Option{Text: o.Text, Value: o.Value})
		}
		v.Attributes = append(v.Attributes, at)
	}
	return v
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
