package admin

import (
	"time"

	"portico/views/ui"
)

// Studio is one page of the branding editor: the languages of a look, its tabs, the form of one tab, and beside it
// the pages of customers as they would look.
type Studio struct {
	Languages []Link // which differ, and the one for all
	Language  string // label of the shown one
	Tabs      []Link
	Current   string
	Bar       *StudioBar
	Lead      string
	Form      *StudioForm
	Contrast  []ContrastLine
	Check     string // answers with the contrast of what is being typed; "" = there is nothing to measure on this tab
	Parts     []Section
	Preview   *StudioPreview
}

// StudioBar says that there is something which customers do not see yet.
type StudioBar struct {
	By      string
	At      time.Time
	Changes []string
	Never   bool // nothing was ever published
	Publish string
	Discard string
}

// StudioForm edits some elements of a look in one language.
type StudioForm struct {
	Action   string
	Revision int
	Language string
	Fields   []StudioField
	Note     string // of what was sent and refused
	Submit   string
	Upload   bool
	ReadOnly bool
}

// StudioField is one element: its control, and what there is without it.
type StudioField struct {
	Field
	Below   string         // what holds when this is not set, in words
	Set     bool           // it is set here, and can be given up
	Color   bool           // a colour: text, and the browser's own picker beside it
	Swatch  string         // what the picker shows while nothing is set
	Picture *StudioPicture // an upload
	Blank   *Field         // ticks that nothing is to be shown
}

// StudioPicture is a picture that is set, and what was made of the one that was sent.
type StudioPicture struct {
	URL           string
	Width, Height int
	Facts         []string
	Inherited     bool // it comes from below
	Dark          bool // shown on a dark ground, as it will be
}

// ContrastLine is two colours that meet on a page, measured.
type ContrastLine struct {
	What  string // "Links on light pages"
	Ratio string // "4.62:1"
	Need  string
	Tone  string
	Says  string // what is drawn in place of a pair that fails
	Of    string // field that would be changed
	Take  string // the nearest colour that passes; "" = nothing to do
	Label string
}

// StudioPreview is the frame with its choosers. It is filled by sending the edited form into it.
type StudioPreview struct {
	Src       string // what is saved
	Action    string // what is typed
	All       string // the page that shows many at once
	Page      string
	Pages     []Option
	Language  string
	Languages []Option
	Scheme    string
	Note      string
	Letters   string // sends a letter, or shows it as text
	Mail      string
	Mails     []Option
	Keep      [][2]string // what the address of this page says besides
}

func (p StudioPreview) chooser(name, label, value string, options []Option) ui.Field {
	return Field{Kind: Select, Name: name, Label: label, Value: value, Options: options}.input()
}

func schemes() []Option {
	return []Option{{Value: "light", Label: "Light"}, {Value: "dark", Label: "Dark"}}
}

// Complain puts words beside the control with a name. It reports whether there is one.
func (f *StudioForm) Complain(name, words string) bool {
	for i := range f.Fields {
		if f.Fields[i].Name == name {
			f.Fields[i].Error = words
			return true
		}
	}
	return false
}

// LookGallery shows one page of a look in many ways at once, or many pages in one.
type LookGallery struct {
	Form   Form
	Frames []LookFrame
	Back   Link
}

// LookFrame is one picture of a page.
type LookFrame struct {
	Title, Src string
	Phone      bool
}
