package userflow

import "slices"

// Profile lists what people may see and change of themselves on their account pages (F271): their name always,
// and whatever one of the flows that they use collects and shows. An attribute is read-only there only if it is
// in each flow that has it; it is required where a flow requires it, so that no form takes away what the next
// sign-in would ask for. Addresses and user names are ways in, not attributes.
func Profile(flows []Flow) []Attribute {
	out := []Attribute{{ID: "displayName", Required: true}, {ID: "givenName"}, {ID: "surname"}}
	for _, f := range flows {
		for _, a := range f.Attributes {
			if a.Hidden || a.ID == "email" || a.ID == UserName || a.Definition == nil && Builtin()[a.ID] == 0 {
				continue
			}
			i := slices.IndexFunc(out, func(have Attribute) bool { return have.ID == a.ID })
			if i < 0 {
				a.Default = "" // the page shows what is stored
				out = append(out, a)
				continue
			}
			have := &out[i]
			if have.Label == "" && have.Hint == "" && have.InputType == "" { // the first flow that says how it looks
				have.Label, have.Hint, have.InputType, have.Options = a.Label, a.Hint, a.InputType, a.Options
			}
			if !(i < 3) { // a name may always be mended
				have.ReadOnly = have.ReadOnly && a.ReadOnly
			}
			have.Required = have.Required || a.Required && !a.ReadOnly
		}
	}
	return out
}
