package userflow

import (
	"fmt"
	"slices"
	"strings"
)

// Compare says in plain English what a customer meets differently in after, one sentence for each change,
// in the order of the designer's pages; none when nothing differs. label names an attribute or terms by
// id, nil or "" = the id itself. Version, id and what a list's order does not change are no differences.
func Compare(before, after Flow, label func(id string) string) []string {
	d := diff{label: label}
	d.properties(before, after)
	d.attributes(before.Attributes, after.Attributes)
	d.terms(before.Terms, after.Terms)
	d.domains(before.Domains, after.Domains)
	d.mfa(before.MFA, after.MFA)
	d.texts(before.Texts, after.Texts)
	return d.sentences
}

type diff struct {
	label     func(id string) string
	sentences []string
}

func (d *diff) say(format string, args ...any) {
	d.sentences = append(d.sentences, fmt.Sprintf(format, args...))
}

// named quotes what an admin knows an id by.
func (d *diff) named(id string) string {
	if d.label != nil {
		if l := d.label(id); l != "" {
			return quoted(l)
		}
	}
	return quoted(id)
}

// quoted shows enough of a text to recognise it.
func quoted(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return "“" + strings.Join(strings.Fields(s), " ") + "”"
}

func (d *diff) properties(a, b Flow) {
	if a.Name != b.Name {
		d.say("The user flow is renamed from %s to %s.", quoted(a.Name), quoted(b.Name))
	}
	if a.SignUpMethod != b.SignUpMethod {
		d.say("New people sign up with %s instead of %s.", methodName(b.SignUpMethod), methodName(a.SignUpMethod))
	}
	gone, come := sets(a.SignInMethods, b.SignInMethods)
	for _, m := range come {
		d.say("People may sign in with %s.", methodName(m))
	}
	for _, m := range gone {
		d.say("People may no longer sign in with %s.", methodName(m))
	}
	d.turned(a.SignUpAllowed, b.SignUpAllowed, "Sign-up")
	d.turned(a.UserNames, b.UserNames, "Sign-in by user name")
	d.turned(a.PasswordReset, b.PasswordReset, "Self-service password reset")
}

func (d *diff) turned(a, b bool, what string) {
	if a != b {
		d.say("%s is switched %s.", what, onOff(b))
	}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func methodName(m Method) string {
	switch m {
	case EmailPassword:
		return "email and password"
	case EmailCode:
		return "a code by email"
	case "":
		return "nothing"
	}
	return quoted(string(m))
}

// sets gives what is only in a and what is only in b, sorted.
func sets[T ~string](a, b []T) (onlyA, onlyB []T) {
	without := func(x, y []T) []T {
		out := slices.DeleteFunc(slices.Clone(x), func(v T) bool { return slices.Contains(y, v) })
		slices.Sort(out)
		return slices.Compact(out)
	}
	return without(a, b), without(b, a)
}

func (d *diff) attributes(a, b []Attribute) {
	was, is := byID(a), byID(b)
	for _, x := range a {
		if _, ok := is[x.ID]; !ok {
			d.say("%s is no longer asked for.", d.named(x.ID))
		}
	}
	for _, x := range b {
		if _, ok := was[x.ID]; !ok {
			d.say("%s is added%s.", d.named(x.ID), manner(x))
		}
	}
	d.moved(a, b, was, is)
	for _, x := range b {
		if y, ok := was[x.ID]; ok {
			d.attribute(y, x)
		}
	}
}

func byID(list []Attribute) map[string]Attribute {
	out := map[string]Attribute{}
	for _, a := range list {
		out[a.ID] = a
	}
	return out
}

func manner(a Attribute) string {
	switch {
	case a.Hidden:
		return ", hidden"
	case a.ReadOnly:
		return ", read-only"
	case a.Required:
		return ", required"
	}
	return ""
}

// moved names the fewest attributes whose moving explains the new order: those outside the longest run
// that kept its order.
func (d *diff) moved(a, b []Attribute, was, is map[string]Attribute) {
	place := map[string]int{}
	for _, x := range a {
		if _, ok := is[x.ID]; ok {
			place[x.ID] = len(place)
		}
	}
	var order []string // of those that both have, as they are now
	for _, x := range b {
		if _, ok := was[x.ID]; ok {
			order = append(order, x.ID)
		}
	}
	longest, before := make([]int, len(order)), make([]int, len(order))
	last := -1
	for i := range order {
		longest[i], before[i] = 1, -1
		for j := range i {
			if place[order[j]] < place[order[i]] && longest[j] >= longest[i] {
				longest[i], before[i] = longest[j]+1, j
			}
		}
		if last < 0 || longest[i] > longest[last] {
			last = i
		}
	}
	kept := map[string]bool{}
	for i := last; i >= 0; i = before[i] {
		kept[order[i]] = true
	}
	for i, x := range b {
		if _, ok := was[x.ID]; !ok || kept[x.ID] {
			continue
		}
		if i == 0 {
			d.say("%s moves to the top.", d.named(x.ID))
		} else {
			d.say("%s moves below %s.", d.named(x.ID), d.named(b[i-1].ID))
		}
	}
}

func (d *diff) attribute(a, b Attribute) {
	name := d.named(b.ID)
	d.text(name, "is labelled", "has its usual label again", a.Label, b.Label)
	d.text(name, "has the help text", "has no help text any more", a.Hint, b.Hint)
	if a.Required != b.Required {
		d.say("%s is %s.", name, choose(b.Required, "now required", "now optional"))
	}
	if a.Hidden != b.Hidden {
		d.say("%s is %s.", name, choose(b.Hidden, "now hidden", "shown again"))
	}
	if a.ReadOnly != b.ReadOnly {
		d.say("%s %s.", name, choose(b.ReadOnly, "can no longer be changed by customers", "can be changed by customers again"))
	}
	if a.Input() != b.Input() {
		d.say("%s is shown as %s instead of %s.", name, inputName(b.Input()), inputName(a.Input()))
	}
	d.text(name, "has the default", "has no default any more", a.Default, b.Default)
	d.options(name, a.Options, b.Options)
}

func choose(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

func (d *diff) text(name, has, none, a, b string) {
	switch {
	case a == b:
	case b == "":
		d.say("%s %s.", name, none)
	case a == "":
		d.say("%s %s %s.", name, has, quoted(b))
	default:
		d.say("%s %s %s instead of %s.", name, has, quoted(b), quoted(a))
	}
}

func (d *diff) options(name string, a, b []Option) {
	text := func(list []Option, value string) (string, bool) {
		i := slices.IndexFunc(list, func(o Option) bool { return o.Value == value })
		if i < 0 {
			return "", false
		}
		return list[i].Text, true
	}
	var was, is []string
	for _, o := range a {
		if _, ok := text(b, o.Value); !ok {
			d.say("%s no longer offers %s.", name, quoted(o.Text))
		} else {
			was = append(was, o.Value)
		}
	}
	for _, o := range b {
		if old, ok := text(a, o.Value); !ok {
			d.say("%s offers %s.", name, quoted(o.Text))
		} else {
			if is = append(is, o.Value); old != o.Text {
				d.say("%s words the option for %s as %s instead of %s.", name, quoted(o.Value), quoted(o.Text), quoted(old))
			}
		}
	}
	if !slices.Equal(was, is) {
		d.say("%s has its options in another order.", name)
	}
}

func inputName(i InputType) string {
	switch i {
	case TextBox:
		return "a text box"
	case RadioSingleSelect:
		return "radio buttons"
	case CheckboxMultiSelect:
		return "several checkboxes"
	case CheckboxSingle:
		return "a checkbox"
	case NumericTextBox:
		return "a box for a number"
	case Dropdown:
		return "a list"
	case DateBoxes:
		return "boxes for a date"
	case PhoneBox:
		return "a box for a phone number"
	}
	return quoted(string(i))
}

func (d *diff) terms(a, b []string) {
	gone, come := sets(a, b)
	for _, id := range come {
		d.say("People must agree to %s.", d.named(id))
	}
	for _, id := range gone {
		d.say("People no longer have to agree to %s.", d.named(id))
	}
	common := func(x, y []string) []string {
		return slices.DeleteFunc(slices.Clone(x), func(id string) bool { return !slices.Contains(y, id) })
	}
	if !slices.Equal(common(a, b), common(b, a)) {
		d.say("The terms are shown in another order.")
	}
}

func (d *diff) domains(a, b Domains) {
	d.list(a.Allow, b.Allow, "People may sign up with addresses of %s.", "%s is no longer on the list of allowed domains.")
	if (len(a.Allow) == 0) != (len(b.Allow) == 0) {
		d.say("%s", choose(len(b.Allow) > 0, "Addresses of other domains are refused at sign-up.", "Addresses of every domain that is not refused may sign up."))
	}
	d.list(a.Deny, b.Deny, "Addresses of %s are refused at sign-up.", "Addresses of %s are no longer refused at sign-up.")
	if a.RefuseDisposable != b.RefuseDisposable {
		d.say("Throw-away addresses are %s.", choose(b.RefuseDisposable, "refused at sign-up", "no longer refused at sign-up"))
	}
}

// list says what came to and went from a list, and above a handful only how many.
func (d *diff) list(a, b []string, come, gone string) {
	const few = 5
	removed, added := sets(a, b)
	for _, change := range []struct {
		items  []string
		format string
	}{{added, come}, {removed, gone}} {
		if n := len(change.items); n > few {
			d.say(change.format, fmt.Sprintf("%s and %d more", strings.Join(change.items[:few], ", "), n-few))
		} else if n > 0 {
			d.say(change.format, strings.Join(change.items, ", "))
		}
	}
}

func (d *diff) mfa(a, b MFA) {
	if a.Enforcement != b.Enforcement {
		d.say("Multifactor authentication is %s instead of %s.", enforcementName(b.Enforcement), enforcementName(a.Enforcement))
	}
	gone, come := sets(a.Methods, b.Methods)
	for _, m := range come {
		d.say("The second factor may be %s.", factorName(m))
	}
	for _, m := range gone {
		d.say("The second factor may no longer be %s.", factorName(m))
	}
	if a.MayPostpone != b.MayPostpone {
		d.say("People %s put off setting up a second factor.", choose(b.MayPostpone, "may", "may no longer"))
	}
}

func enforcementName(e Enforcement) string {
	switch e {
	case MFAOff:
		return "off"
	case MFAAlways:
		return "always on"
	case MFAConditional:
		return "conditional"
	case "":
		return "not set"
	}
	return quoted(string(e))
}

func factorName(m string) string {
	switch m {
	case "email":
		return "a code by email"
	case "sms":
		return "a code by text message"
	case "softwareOath":
		return "an authenticator app"
	case "fido2":
		return "a passkey"
	}
	return quoted(m)
}
