package graph

import (
	"fmt"
	"slices"

	"portico/app/userflow"
)

// porticoFlow is what a user flow decides and Graph has no word for. Lists are replaced as a whole.
type porticoFlow struct {
	MFA           flowMFA        `json:"multifactorAuthentication"`
	SignInMethods []string       `json:"signInMethods"`
	UserNames     bool           `json:"userNames"`
	PasswordReset bool           `json:"passwordReset"`
	Terms         []string       `json:"termsOfUse"` // by display name; an id is taken too
	Domains       flowDomains    `json:"domains"`
	Inputs        []flowOwnInput `json:"attributeInputs"`
	Texts         []flowTexts    `json:"texts"`
}

type flowMFA struct {
	Enforcement string   `json:"enforcement"`
	Methods     []string `json:"methods"`
	MayPostpone bool     `json:"mayPostpone"`
}

type flowDomains struct {
	Allow            []string `json:"allow"`
	Deny             []string `json:"deny"`
	RefuseDisposable bool     `json:"refuseDisposable"`
}

// flowOwnInput completes an input of the page: its hint, and a control that is not in Graph's enumeration.
type flowOwnInput struct {
	Attribute string `json:"attribute"`
	Hint      string `json:"hint"`
	InputType string `json:"inputType"` // "" = what the page says
}

// methodsWith adds a method in the order in which they are kept.
func methodsWith(have []userflow.Method, more ...userflow.Method) []userflow.Method {
	out := append(slices.Clone(have), more...)
	slices.Sort(out)
	return slices.Compact(out)
}

func shownPorticoFlow(f *flow) porticoFlow {
	out := porticoFlow{MFA: flowMFA{Enforcement: string(f.MFA.Enforcement), Methods: list(f.MFA.Methods), MayPostpone: f.MFA.MayPostpone},
		SignInMethods: []string{}, UserNames: f.UserNames, PasswordReset: f.PasswordReset, Terms: []string{},
		Domains: flowDomains{list(f.Domains.Allow), list(f.Domains.Deny), f.Domains.RefuseDisposable}, Inputs: []flowOwnInput{}, Texts: shownFlowTexts(f)}
	for _, m := range f.SignInMethods {
		out.SignInMethods = append(out.SignInMethods, string(m))
	}
	for _, id := range f.Terms {
		name := id
		if i := slices.IndexFunc(f.terms, func(t userflow.Terms) bool { return t.ID == id }); i >= 0 {
			name = f.terms[i].Name
		}
		out.Terms = append(out.Terms, name)
	}
	for _, at := range f.Attributes {
		in := flowOwnInput{Attribute: at.ID, Hint: at.Hint}
		if ownInput(at) {
			in.InputType = string(at.Input())
		}
		if in.Hint != "" || in.InputType != "" {
			out.Inputs = append(out.Inputs, in)
		}
	}
	return out
}

func (a *API) setPorticoFlow(f *flow, v porticoFlow) error {
	for _, m := range v.MFA.Methods {
		if !slices.Contains(userflow.SecondFactors(), m) {
			return invalidValue("portico/multifactorAuthentication/methods", ": email, sms, softwareOath or fido2 is needed")
		}
	}
	if v.MFA.Enforcement != "" {
		f.MFA = userflow.MFA{Enforcement: userflow.Enforcement(v.MFA.Enforcement), Methods: list(v.MFA.Methods), MayPostpone: v.MFA.MayPostpone}
	}
	for _, m := range v.SignInMethods {
		if m != string(userflow.EmailPassword) && m != string(userflow.EmailCode) {
			return invalidValue("portico/signInMethods", ": emailPassword or emailCode is needed")
		}
		// A way to sign in never goes: there are accounts that were made with it (F054).
		f.SignInMethods = methodsWith(f.SignInMethods, userflow.Method(m))
	}
	f.UserNames, f.PasswordReset = v.UserNames, v.PasswordReset
	f.Domains = userflow.Domains{Allow: append([]string(nil), v.Domains.Allow...), Deny: append([]string(nil), v.Domains.Deny...), RefuseDisposable: v.Domains.RefuseDisposable}
	f.Terms = nil
	for _, said := range v.Terms {
		i := slices.IndexFunc(f.terms, func(t userflow.Terms) bool { return t.ID == clientID(said) || sameKey(t.Name, said) })
		if i < 0 {
			return invalidValue("portico/termsOfUse", ": there are no terms of use named '"+said+"'")
		}
		f.Terms = append(f.Terms, f.terms[i].ID)
	}
	if err := setOwnInputs(f, v.Inputs); err != nil {
		return err
	}
	return a.setFlowTexts(f, v.Texts)
}

// setOwnInputs lays hints and controls of our own over the page; an attribute that is not named has what
// the page says and no hint.
func setOwnInputs(f *flow, inputs []flowOwnInput) error {
	attributes := slices.Clone(f.Attributes)
	for i := range attributes {
		at := &attributes[i]
		at.Hint = ""
		if ownInput(*at) {
			at.InputType = plainInput(*at, graphInput(*at))
		}
	}
	for n, in := range inputs {
		where := fmt.Sprintf("portico/attributeInputs[%d]", n)
		i := slices.IndexFunc(attributes, func(at userflow.Attribute) bool { return at.ID == in.Attribute })
		if i < 0 {
			return invalidValue(where+"/attribute", ": the page does not ask for '"+in.Attribute+"'")
		}
		at := &attributes[i]
		if at.Hint = in.Hint; in.InputType != "" {
			control := userflow.InputType(in.InputType)
			if !slices.Contains(userflow.InputTypes(at.Type()), control) {
				return invalidValue(where+"/inputType", fmt.Sprintf(": one of %v is needed", userflow.InputTypes(at.Type())))
			}
			at.InputType = chosenInput(*at, control)
		}
	}
	f.Attributes = attributes
	return nil
}
