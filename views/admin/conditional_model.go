package admin

import "portico/views/ui"

// Words is a policy as a sentence: given words, and what an admin chose, marked.
type Words []Word

// Word is a run of a sentence.
type Word struct {
	Text   string
	Chosen bool // by an admin
	Gone   bool // what they chose is no more
}

func (w Words) parts() []ui.Part {
	out := make([]ui.Part, len(w))
	for i, x := range w {
		out[i] = ui.Part{Text: x.Text, Value: x.Chosen, Gone: x.Gone}
	}
	return out
}

// PolicyList is the page of all policies: each is its sentence.
type PolicyList struct {
	Tabs     []Link
	Tab      string
	Notices  []Notice
	Filter   Filter
	Policies []PolicyItem
	Shown    string
	Download string
	Empty    Empty
	Also     []Link
}

// PolicyItem is one policy of the list.
type PolicyItem struct {
	Name, Href string
	State      Cell
	Sentence   Words
	Effect     string // of the last seven days
	EffectHref string
	Warnings   []string
	Actions    []Action
	Sub        string // softer, below
}

// PolicyPage is a page about one policy.
type PolicyPage struct {
	Sentence Words
	Badges   []Cell
	Notices  []Notice
	Choice   *Form // Off, Report-only, On
	Effect   *PolicyEffect
	Sections []Section
}

// PolicyEffect is what a policy did, or would have done.
type PolicyEffect struct {
	Says    string
	Figures []Figure
	Spans   []Link
	Span    string // label of the shown one
}

// PolicyEditor is the page on which a policy is written. Said follows what is ticked: a script asks the server
// for it, and without one the button "Preview" does.
type PolicyEditor struct {
	Action string
	Follow string // answers a form with what it says; writes nothing
	Cancel string
	Hidden []Field
	Parts  []PolicyPart
	Said   PolicySaid
	State  Field
	Losing *Field // must be ticked: it keeps people out
	Submit string
	Note   string
}

// PolicySaid is what the form says at the moment.
type PolicySaid struct {
	Sentence Words
	Notices  []Notice
	Confirm  *Field // must be ticked before this can be saved
	Exclude  string // words of the button that excludes the acting admin; "" = none
	Links    []Try  // buttons that go on with the draft elsewhere
}

// PolicyPart is a panel of the editor.
type PolicyPart struct {
	ID, Title, Lead string
	Controls        []Control
}

// Control is a control of the editor; exactly one of them is set.
type Control struct {
	Field  *Field
	Choice *Choice
	Picker *Picker
	Fold   *Fold
}

// Choice is a question whose answers bring further questions. Those of an answer that is not chosen are hidden
// by the style sheet alone, and not read.
type Choice struct {
	Name, Label, Hint, Value, Error string
	Options                         []Branch
}

// Branch is one answer with what it asks further.
type Branch struct {
	Value, Label, Hint string
	Inner              []Control
}

// Fold is a condition: folded away while nothing is set.
type Fold struct {
	Title string
	State string // in words, such as "Not configured"
	Open  bool
	Inner []Control
}

// Picker chooses people and groups by search. What is chosen are ticked boxes, what was found are further
// ones, so that it works, and forgets nothing, without script.
type Picker struct {
	Name   string // what it is called in addresses and ids
	Label  string
	Hint   string
	Error  string
	Find   string // what is searched for
	Chosen []Picked
	Found  []Picked
	Looked bool // a search was made
}

// Picked is somebody or something that can be picked: the name and value of its box.
type Picked struct {
	Name, Value string
	Label, Sub  string
	Kind        string
	Gone        bool // it was deleted
}

func (p Picker) field() Field {
	return Field{Name: "find." + p.Name, Label: p.Label, Hint: p.Hint, Type: "search", Value: p.Find, Error: p.Error}
}

// id gives the first answer the question's own id, so that the summary's link leads to it.
func (c Choice) id(i int) string {
	if i == 0 {
		return ui.ID(c.Name)
	}
	return ui.ID(c.Name) + "-" + itoa(i+1)
}

func pickedID(p Picked) string { return ui.ID(p.Name + "-" + p.Value) }

// long reports whether a list of boxes is worth a search.
func long(f Field) bool { return f.Kind == Checks && len(f.Options) > 10 }

// Complain puts words beside the control with a name, and opens what it is folded into. It reports whether
// there is one.
func (e *PolicyEditor) Complain(name, words string) bool {
	if e.State.Name == name {
		e.State.Error = words
		return true
	}
	if e.Losing != nil && e.Losing.Name == name {
		e.Losing.Error = words
		return true
	}
	if e.Said.Confirm != nil && e.Said.Confirm.Name == name {
		e.Said.Confirm.Error = words
		return true
	}
	for i := range e.Parts {
		if complainIn(e.Parts[i].Controls, name, words) {
			return true
		}
	}
	return false
}

func complainIn(list []Control, name, words string) bool {
	for _, c := range list {
		switch {
		case c.Field != nil && (c.Field.Name == name || complainGrid(c.Field, name, words)):
			if c.Field.Name == name {
				c.Field.Error = words
			}
			return true
		case c.Picker != nil && "find."+c.Picker.Name == name:
			c.Picker.Error = words
			return true
		case c.Choice != nil && c.Choice.Name == name:
			c.Choice.Error = words
			return true
		case c.Choice != nil:
			for _, o := range c.Choice.Options {
				if complainIn(o.Inner, name, words) {
					return true
				}
			}
		case c.Fold != nil && complainIn(c.Fold.Inner, name, words):
			c.Fold.Open = true
			return true
		}
	}
	return false
}

func complainGrid(f *Field, name, words string) bool {
	for i := range f.Fields {
		if f.Fields[i].Name == name {
			f.Fields[i].Error = words
			return true
		}
	}
	return false
}
