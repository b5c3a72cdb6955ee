package admin

import (
	"time"

	"portico/views/ui"
)

// Designer is a page of the flow designer: the tabs of the flow, the bar of its draft, the page's own parts,
// and beside them a picture of what customers would see.
type Designer struct {
	Tabs    []Link
	Current string // label of the page's own tab
	Draft   *DraftBar
	Parts   []DesignPart
	Preview *Preview
	After   []DesignPart // below parts and preview
}

// DesignPart is one panel of a designer page.
type DesignPart struct {
	ID, Title, Lead string
	Action          *Link
	Copy            *Copied
	Notice          *Notice
	Policies        []PolicyItem
	Order           *Order
	Empty           string // said when Order has no items
	Changes         []string
	Buttons         []Action
	Form            *DesignForm
	Fold            string   // the form is folded away below these words
	Section         *Section // a part as other pages have it; nothing else is set then
}

// Copied is a value with a button that copies it.
type Copied struct {
	ID, Label, Note, Value string
}

// DesignForm is a form whose content becomes part of the draft. Revision is the draft's that its author saw.
type DesignForm struct {
	Action    string
	Revision  int
	Groups    []FieldGroup
	Options   *OptionRows
	Problems  []Problem
	Note      string
	Submit    string
	Cancel    string
	Quiet     bool // not the page's primary action
	Previewed bool // the preview follows it while somebody types
}

// FieldGroup is some fields of a form, folded away below the words of Fold if there are any.
type FieldGroup struct {
	Fold   string
	Open   bool
	Fields []Field
}

// OptionRows edits a list of options, each in a row of its own: the words that customers read, and the value
// that apps receive. Both boxes empty take a row away.
type OptionRows struct {
	Name, Label, Hint, Error string
	Rows                     []OptionRow
	Fixed                    bool // the values are given: only the words may change
}

// OptionRow is one option as it was typed.
type OptionRow struct {
	Text, Value string
}

// DraftBar says that there is a draft, whose it is, and what it would change.
type DraftBar struct {
	By      string
	At      time.Time
	Base    int
	Changes []string
	Stale   string // the published version has moved on since the draft began; in words
	Try     string // address of the test bench
	Publish string // addresses of the pages that ask once more; "" = this admin may not
	Discard string
}

// Order is a list whose order matters. Its buttons post the item and where it should go.
type Order struct {
	Label    string
	Action   string
	Revision int
	Fixed    bool // for readers: no buttons
	Items    []OrderItem
}

// OrderItem is one thing in an ordered list.
type OrderItem struct {
	ID, Label, Href, Text string
	Marks                 []string
}

// Preview is a picture of a hosted page, drawn by the hosted page's own components and shown in a frame that
// can neither run a script nor send a form nor reach the portal.
type Preview struct {
	HTML      string
	Refresh   string // answers with the picture for what is typed at the moment; writes nothing
	Part      string // which form it is that is being typed
	Action    string // address of this page, for the choosers without script
	Step      string
	Steps     []Option
	Language  string
	Languages []Option
	CSRF      string
	Note      string // what it is a picture of
}

func orderID(item string) string { return ui.ID("item-" + item) }

func (f DesignForm) kind() string {
	if f.Quiet {
		return ""
	}
	return "primary"
}

func (o OptionRows) name(i int, part string) string { return o.Name + "." + itoa(i) + "." + part }

func (p Preview) chooser(name, label, value string, options []Option) ui.Field {
	return Field{Kind: Select, Name: name, Label: label, Value: value, Options: options}.input()
}

// Complain puts words beside the control with a name. It reports whether there is one.
func (f *DesignForm) Complain(name, words string) bool {
	if f.Options != nil && f.Options.Name == name {
		f.Options.Error = words
		return true
	}
	for i := range f.Groups {
		for j := range f.Groups[i].Fields {
			if field := &f.Groups[i].Fields[j]; field.Name == name {
				field.Error, f.Groups[i].Open = words, true
				return true
			}
		}
	}
	return false
}
