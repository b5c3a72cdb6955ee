package graph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"portico/app/userflow"
)

// This file is the sign-up page of a flow in Graph's shape: onAttributeCollection (graph.md §6.1). What
// Graph has no word for, hints and further controls, is in portico.attributeInputs (flow_portico.go).

const collectionProperty = "onAttributeCollection"

// custom gives the definition of a custom attribute, as far as the tenant's are known.
func (f *flow) custom(id string) *userflow.Definition {
	if d, ok := f.definitions[id]; ok {
		return &d
	}
	for _, at := range f.Attributes {
		if at.ID == id {
			return at.Definition
		}
	}
	return nil
}

func (a *API) shownAttributes(f *flow) []flowAttribute {
	out := []flowAttribute{}
	for _, at := range f.Attributes {
		kind, name, data := "custom", "", graphDataType(at.Type())
		if at.Builtin() || at.ID == userflow.UserName {
			kind = "builtIn"
		}
		if name = a.attributeName(at.ID); at.Definition != nil {
			name = at.Definition.Name
		}
		out = append(out, flowAttribute{ID: at.ID, Name: &name, Kind: &kind, DataType: &data})
	}
	return out
}

// shownInputs are the fields of the page. whole shows an attribute with its own options and pattern, as
// clients expect; without it, only what the flow says itself.
func shownInputs(f *flow, whole bool) []flowInput {
	out := []flowInput{}
	for _, at := range f.Attributes {
		editable, write := !at.ReadOnly, true
		in := flowInput{Attribute: at.ID, Editable: &editable, Hidden: &at.Hidden, InputType: graphInput(at), Label: at.Label,
			Options: []flowOption{}, Required: &at.Required, Write: &write}
		if at.Default != "" {
			in.Default = &at.Default
		}
		if whole && at.Definition != nil && at.Definition.Pattern != "" {
			in.Pattern = &at.Definition.Pattern
		}
		options := at.Options
		if whole {
			options = at.Choices()
		}
		for _, o := range options {
			in.Options = append(in.Options, flowOption{o.Text, o.Value})
		}
		out = append(out, in)
	}
	return out
}

// graphInput is the control in Graph's closed enumeration: a list is shown as radio buttons, because both
// choose one of several; number, date and telephone are shown as text.
func graphInput(at userflow.Attribute) string {
	switch in := at.Input(); in {
	case userflow.RadioSingleSelect, userflow.CheckboxMultiSelect, userflow.CheckboxSingle:
		return string(in)
	case userflow.Dropdown:
		if len(at.Choices()) > 0 {
			return string(userflow.RadioSingleSelect)
		}
	}
	return string(userflow.TextBox)
}

// defaultInput is the control that an attribute has when nobody chose one.
func defaultInput(at userflow.Attribute) userflow.InputType {
	at.InputType = ""
	return at.Input()
}

// chosenInput is the control as it is kept: nothing for the default one.
func chosenInput(at userflow.Attribute, in userflow.InputType) userflow.InputType {
	if in == defaultInput(at) {
		return ""
	}
	return in
}

// plainInput is the control that one of Graph's words alone stands for. text is its word for anything
// typed, so it means the default of the attribute.
func plainInput(at userflow.Attribute, word string) userflow.InputType {
	if word == string(userflow.TextBox) {
		return ""
	}
	return chosenInput(at, userflow.InputType(word))
}

// ownInput reports whether Graph's words alone would lose the control.
func ownInput(at userflow.Attribute) bool {
	return plainInput(at, graphInput(at)) != chosenInput(at, at.InputType)
}

func (a *API) shownCollection(f *flow) any {
	if len(f.Attributes) == 0 {
		return nil
	}
	return object{{"@odata.type", flowType + "onAttributeCollectionExternalUsersSelfServiceSignUp"}, {"attributes", a.shownAttributes(f)},
		{"attributeCollectionPage", flowPage{Views: []flowView{{Inputs: shownInputs(f, true)}}}}}
}

// pageInFile is the page as a file holds it: without what follows from the attributes' own files.
func pageInFile(f *flow) any {
	if len(f.Attributes) == 0 {
		return nil
	}
	return object{{"@odata.type", flowType + "onAttributeCollectionExternalUsersSelfServiceSignUp"},
		{"attributeCollectionPage", flowPage{Views: []flowView{{Inputs: shownInputs(f, false)}}}}}
}

// setCollection takes the whole sign-up page: the inputs of all its views are the new list of attributes in
// their order. A page without inputs asks for the attributes named, each by a default input.
func setCollection(f *flow, raw json.RawMessage) error {
	var v flowCollection
	if err := strict(collectionProperty, raw, &v); err != nil {
		return err
	}
	if v.Page.Strings != nil && *v.Page.Strings != "" {
		return badRequest("Property 'attributeCollectionPage/customStringsFileId' is not supported by this directory.", collectionProperty)
	}
	before := map[string]userflow.Attribute{}
	for _, at := range f.Attributes {
		before[at.ID] = at
	}
	var inputs []flowInput
	for _, view := range v.Page.Views {
		inputs = append(inputs, view.Inputs...)
	}
	if len(inputs) == 0 {
		for _, at := range v.Attributes {
			inputs = append(inputs, flowInput{Attribute: at.ID, InputType: string(userflow.TextBox)})
		}
	}
	out := make([]userflow.Attribute, 0, len(inputs))
	for i, in := range inputs {
		at, err := f.input(in, fmt.Sprintf("%s/attributeCollectionPage/inputs[%d]", collectionProperty, i))
		if err != nil {
			return err
		}
		// A client that knows Graph's words only does not lose ours.
		if old, ok := before[at.ID]; ok {
			at.Hint = old.Hint
			if strings.EqualFold(graphInput(old), in.InputType) {
				at.InputType = old.InputType
			}
		}
		out = append(out, at)
	}
	f.Attributes = out
	return nil
}

// input reads one field of the page.
func (f *flow) input(in flowInput, where string) (userflow.Attribute, error) {
	at := userflow.Attribute{ID: in.Attribute, Label: in.Label, Required: in.Required != nil && *in.Required, Hidden: in.Hidden != nil && *in.Hidden,
		ReadOnly: in.Editable != nil && !*in.Editable, Default: deref(in.Default), Definition: f.custom(in.Attribute)}
	word, ok := inputWord(in.InputType)
	if !ok {
		return at, invalidValue(where+"/inputType", ": text, radioSingleSelect, checkboxMultiSelect or boolean is needed")
	}
	if !at.Builtin() && at.ID != userflow.UserName && at.Definition == nil {
		return at, invalidValue(where+"/attribute", ": there is no attribute '"+at.ID+"' among those built in and the custom attributes (/identity/userFlowAttributes)")
	}
	if p := deref(in.Pattern); p != "" && (at.Definition == nil || at.Definition.Pattern != p) {
		return at, invalidValue(where+"/validationRegEx", ": the pattern belongs to the custom attribute, so that it holds in every flow; set portico.pattern of /identity/userFlowAttributes/"+at.ID)
	}
	if in.Write != nil && !*in.Write {
		return at, invalidValue(where+"/writeToDirectory", ": what is asked is always kept in the account")
	}
	for _, o := range in.Options {
		at.Options = append(at.Options, userflow.Option{Text: o.Label, Value: o.Value})
	}
	if at.Definition != nil && slices.Equal(at.Options, at.Definition.Options) { // what it has anyway
		at.Options = nil
	}
	at.InputType = plainInput(at, word)
	return at, checkText(where+"/label", in.Label, 500)
}

// inputWord reads Graph's closed set in any letter case; nothing is text.
func inputWord(s string) (string, bool) {
	for _, in := range []userflow.InputType{userflow.TextBox, userflow.RadioSingleSelect, userflow.CheckboxMultiSelect, userflow.CheckboxSingle} {
		if strings.EqualFold(s, string(in)) {
			return string(in), true
		}
	}
	return string(userflow.TextBox), s == ""
}
