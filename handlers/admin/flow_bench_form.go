package admin

import (
	"slices"
	"strings"

	"golang.org/x/net/html"

	"portico/app/dryrun"
	"portico/app/signin"
	"portico/app/userflow"
	views "portico/views/admin"
)

// The form beside the page on the test bench is read off the page itself: what the page asks for is what
// the pretend visitor can answer, and what it offers is what can be pressed. So the bench knows every page
// that there will ever be, and a page that asks for something new asks for it here too.

// pageInput is one thing that a page asks for.
type pageInput struct {
	Name, Label, Type, Token, Value string
	Options                         []views.Option
	Values                          []string // chosen ones
}

// pageButton is one thing that a page lets its visitor press.
type pageButton struct {
	Name, Value, Label string
	Main               bool
}

// readHosted gives what the forms of a hosted page ask for and offer. Hidden fields are the machine's, the
// language chooser changes nothing, and a passkey is a pretend one.
func readHosted(document string) (inputs []pageInput, buttons []pageButton) {
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		return nil, nil
	}
	labels := map[string]string{}
	each(root, func(n *html.Node) bool {
		if n.Data == "label" {
			labels[attr(n, "for")] = wording(n)
		}
		return true
	})
	each(root, func(n *html.Node) bool {
		switch n.Data {
		case "footer":
			return false
		case "form":
			if attr(n, "data-passkey") != "" && !has(n, "data-conditional") {
				buttons = append(buttons, pageButton{Name: "credential", Value: dryrun.PretendPasskey, Label: "Use a pretend passkey", Main: true})
			}
			return attr(n, "data-passkey") == ""
		case "input", "select", "textarea":
			inputs = addInput(inputs, n, labels)
			return false
		case "button":
			if attr(n, "type") == "submit" && !has(n, "hidden") && attr(n, "name") != "language" {
				b := pageButton{Name: attr(n, "name"), Value: attr(n, "value"), Label: wording(n), Main: attr(n, "name") == ""}
				if !slices.Contains(buttons, b) {
					buttons = append(buttons, b)
				}
			}
			return false
		}
		return true
	})
	return inputs, buttons
}

func addInput(inputs []pageInput, n *html.Node, labels map[string]string) []pageInput {
	in := pageInput{Name: attr(n, "name"), Label: labels[attr(n, "id")], Type: attr(n, "type"), Token: attr(n, "autocomplete"), Value: attr(n, "value")}
	legend := legendOf(n)
	switch {
	case in.Name == "" || in.Type == "hidden" || has(n, "readonly"):
		return inputs
	case n.Data == "textarea":
		in.Type, in.Value = "textarea", inner(n)
	case n.Data == "select":
		in.Type, in.Value = "select", ""
		each(n, func(o *html.Node) bool {
			if o.Data == "option" {
				in.Options = append(in.Options, views.Option{Value: attr(o, "value"), Label: wording(o)})
				if has(o, "selected") {
					in.Value = attr(o, "value")
				}
			}
			return true
		})
	case in.Type == "radio", in.Type == "checkbox":
		one := views.Option{Value: attr(n, "value"), Label: in.Label}
		i := slices.IndexFunc(inputs, func(x pageInput) bool { return x.Name == in.Name })
		if i < 0 {
			i, inputs = len(inputs), append(inputs, pageInput{Name: in.Name, Type: in.Type, Label: legend})
		}
		inputs[i].Options = append(inputs[i].Options, one)
		if has(n, "checked") {
			inputs[i].Values = append(inputs[i].Values, one.Value)
		}
		return inputs
	case legend != "" && legend != in.Label:
		in.Label = legend + ": " + in.Label
	}
	return append(inputs, in)
}

func each(n *html.Node, f func(*html.Node) bool) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode || f(c) {
			each(c, f)
		}
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// inner is the text below a node; wording is that in one line, as it is read.
func inner(n *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return b.String()
}

func wording(n *html.Node) string { return strings.Join(strings.Fields(inner(n)), " ") }

func legendOf(n *html.Node) string {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data != "fieldset" {
			continue
		}
		for c := p.FirstChild; c != nil; c = c.NextSibling {
			if c.Data == "legend" {
				return wording(c)
			}
		}
	}
	return ""
}

// benchField names what a pretend visitor types, so that it cannot be taken for a field of the bench.
const benchField = "visitor."

// visitorFields are the page's inputs with what a pretend visitor would sensibly answer. What was typed
// before, and came back with a complaint, stays.
func visitorFields(inputs []pageInput, tale dryrun.Tale, walk dryrun.Walk) []views.Field {
	res := tale.Last().Result
	var out []views.Field
	for _, in := range inputs {
		f := views.Field{Name: benchField + in.Name, Label: in.Label, Value: in.Value, Options: in.Options, Values: in.Values}
		guess := pretend(in, tale, walk)
		switch in.Type {
		case "radio", "select":
			f.Kind = views.Radios
			if in.Type == "select" {
				f.Kind = views.Select
			}
			if f.Value == "" && len(in.Values) > 0 {
				f.Value = in.Values[0]
			}
			for _, o := range in.Options {
				if f.Value == "" && (guess == "" || guess == o.Value) {
					f.Value = o.Value
				}
			}
		case "checkbox":
			f.Kind = views.Checks
			if f.Label == "" && len(in.Options) == 1 {
				f.Label = in.Options[0].Label
			}
			if len(f.Values) == 0 && in.Name != "stay" && res.Problem == nil && len(in.Options) > 0 {
				f.Values = []string{in.Options[0].Value}
			}
		case "textarea":
			f.Kind, f.Rows = views.TextArea, 3
		default:
			f.Code = in.Type == "email" || in.Type == "password" || in.Token == "one-time-code"
		}
		if f.Value == "" && f.Kind != views.Checks {
			f.Value = guess
		}
		out = append(out, f)
	}
	return out
}

// pretend is what the visitor knows: by the standard token of the input where it has one, as any program
// that fills in forms would.
func pretend(in pageInput, tale dryrun.Tale, walk dryrun.Walk) string {
	flow := tale.Last().Result.World.Flow
	token := strings.Fields(in.Token)
	switch {
	case slices.Contains(token, "one-time-code"):
		if tale.TOTP != "" {
			return tale.TOTP
		}
		return tale.Mail()
	case slices.Contains(token, "current-password"):
		if tale.Changed {
			return dryrun.NewPassword
		}
		return dryrun.Password
	case slices.Contains(token, "new-password"):
		return dryrun.NewPassword
	case in.Name == "email" && walk.Choice.Visitor == dryrun.UserNamed && tale.Last().Result.Step.Name != signin.SignUp && flow.UserNames && tale.Last().Result.World.Tenant.Settings.UserNames.Enabled:
		return dryrun.UserName
	case in.Name == "email":
		return dryrun.Address(flow)
	}
	for _, a := range flow.Attributes {
		name := userflow.FieldName(a.ID)
		switch in.Name {
		case name:
			return dryrun.Sample(a)
		case name + ".day":
			return "17"
		case name + ".month":
			return "5"
		case name + ".year":
			return "1990"
		}
	}
	return ""
}

// visitorButtons are the page's buttons, the main one first.
func visitorButtons(buttons []pageButton) []views.BenchButton {
	var out []views.BenchButton
	for _, b := range buttons {
		one := views.BenchButton{Press: pressPage + b.Name + "=" + b.Value, Label: b.Label, Main: b.Main}
		if b.Main {
			out = append([]views.BenchButton{one}, out...)
		} else {
			out = append(out, one)
		}
	}
	return out
}
