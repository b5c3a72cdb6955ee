// Package admin knows how the admin portal looks: templ pages over the view models below. A page is one
// of four kinds (UI.md §6): a list, a detail, an edit form, a report. It makes no query, reads no clock
// and decides nothing; handlers/admin fills the structs.
package admin

import (
	"time"

	"portico/views/ui"
)

// Shell is what surrounds every page.
type Shell struct {
	Title     string // of the page and its one h1
	Lead      string // one sentence below it
	Primary   *Link  // the one main action
	Crumbs    []Link
	Nav       []NavGroup
	Tenant    TenantLink
	Tenants   []TenantLink
	MayCreate bool // may create tenants
	AdminName string
	AdminMail string
	CSRF      string
	Flash     *Flash
	Help      Help
	Warnings  []string  // standing ones, e.g. no admin host in production
	Problems  []Problem // of the page's form; the title starts "Error: "
}

// Link is a labelled address.
type Link struct {
	Label, Href string
}

// NavGroup is one heading of the navigation.
type NavGroup struct {
	Label string
	Items []NavItem
}

// NavItem is one entry; Current marks the page's own.
type NavItem struct {
	Label, Href string
	Current     bool
}

// TenantLink is one entry of the tenant switcher.
type TenantLink struct {
	Name, Slug, Href string
	Current          bool
}

// Flash is the notice of what was just done; Secret is shown in a copyable output, once.
type Flash struct {
	Kind, Text, Label, Secret, Note string
	Undo                            *Action // takes back what was just done
}

// Help is the page's own help: what this is and what to do.
type Help struct {
	What, Do string
}

// CellKind says how a value is set.
type CellKind string

const (
	Text  CellKind = ""
	Code  CellKind = "code"  // ids, addresses: fixed width, left to right
	When  CellKind = "when"  // Time
	Day   CellKind = "day"   // the date of Time, for narrow columns
	Badge CellKind = "badge" // Tone: ok, warn, danger, neutral, info
	Num   CellKind = "num"
	Name  CellKind = "name" // a person's or admin's words: isolated direction
	Lines CellKind = "lines"
	Level CellKind = "level" // Text is none, low, medium or high
	Meter CellKind = "meter" // Share of a full bar, said in words by Text
)

// Cell is one value of a table or of a summary list.
type Cell struct {
	Kind CellKind
	Text string
	Href string
	Tone string
	Sub  string // a second, softer line
	Time time.Time
	List []string // Lines
	Copy string   // of a Code: the id of its element, which a button beside it copies; "" = no button
	// Share is how full the bar of a Meter is, from 0 to 1; Tone danger or ok says which way it speaks.
	Share float64
}

// Table is a captioned table; the first column names the row.
type Table struct {
	Caption string
	Columns []Column
	Rows    []Row
	Actions bool   // some row has actions
	Select  string // name of the checkboxes; "" = none
}

// Column is a heading.
type Column struct {
	Label string
	Num   bool
	Href  string // sorts by this column
	Sort  string // "ascending" or "descending" when the list is sorted by it
}

// Row is one line of a table with what can be done to it.
type Row struct {
	Cells   []Cell
	Value   string // of its checkbox, where the table can be ticked
	Actions []Action
}

// Action is a button that posts, or a link when Href is set.
type Action struct {
	Label  string
	Href   string
	Post   string // address of the POST
	Danger bool
	Fields map[string]string // hidden fields of the POST
	About  string            // hidden words that name the thing for screen readers
}

// List is a page of many things.
type List struct {
	Filter    Filter
	Table     Table
	Shown     string // "50 sign-ins, newest first"
	First     string // address of the first page, "" = this is it
	Next      string // address of the next page, "" = none
	CSV, JSON string // downloads of the same view
	Empty     Empty  // shown instead of the table when there are no rows
	Also      []Link // neighbouring lists, e.g. deleted applications
	Note      string // what must be said about the order or the extent
	Saved     []Saved
	Save      *Form // keeps the present filters
	Bulk      *Bulk // what can be done to several rows at once
	Choose    *Form // which columns are shown
	Notices   []Notice
}

// Saved is a view of the list that somebody kept.
type Saved struct {
	Link
	Current bool
	Sub     string // whose it is
	Remove  *Action
}

// Bulk is the form around a table whose rows can be ticked.
type Bulk struct {
	Action string
	Fields []Field
	Ticked string // words of the button for the ticked rows
	All    string // words of the button for all that match; "" = none
}

// Filter is a GET form; an applied filter is a chip that can be removed.
type Filter struct {
	Action  string
	Fields  []Field
	Chips   []Chip
	Clear   string      // address without any filter
	Hidden  [][2]string // what the form keeps: the order
	Applied bool
	More    int    // how many fields stand in front; the rest is folded away
	Open    bool   // show the further ones
	Dropped []Chip // what was asked for and cannot be read, so that it does not narrow the list
	Nobody  bool   // what cannot be read empties the list instead
}

// Chip is an applied filter.
type Chip struct {
	Label, Value, Remove string
}

// Empty says why there is nothing, and what to do.
type Empty struct {
	Title, Text string
	Action      *Link
}

// FieldKind is the control of a field.
type FieldKind string

const (
	Input    FieldKind = "" // Type says which
	Select   FieldKind = "select"
	Radios   FieldKind = "radios"
	Checks   FieldKind = "checks"
	Check    FieldKind = "check" // one box
	TextArea FieldKind = "textarea"
	Hidden   FieldKind = "hidden"
	Heading  FieldKind = "heading" // not a field: a heading between fields
	Grid     FieldKind = "grid"    // several small fields side by side
	Date     FieldKind = "date"    // three boxes, Name.day, Name.month and Name.year; Value is 2006-01-02
)

// Field is one control of a form, with what was typed and what is wrong with it.
type Field struct {
	Kind         FieldKind
	Name         string
	Label        string
	Hint         string
	Type         string // input type, default text
	Value        string
	Values       []string // chosen ones of Checks
	Options      []Option
	Error        string
	AutoComplete string
	InputMode    string
	Suffix       string
	Rows         int
	Optional     bool
	Code         bool    // fixed width: addresses, ids
	Fields       []Field // of a Grid
	Pairs        bool    // of a Grid: two in each line
	Buttons      []Try   // further ways to send the form, beside the field that they are about
	Verdict      *Verdict
}

// Try is a button that sends the whole form to look at one field; nothing is saved.
type Try struct {
	Label, Name, Value string
}

// Verdict is what a try said about a field.
type Verdict struct {
	Tone, Text string
}

// Option is one choice.
type Option struct {
	Value, Label, Hint string
	Disabled           bool
}

// Problem is one line of the error summary; Name leads to its field.
type Problem struct {
	Text, Name string
}

// Form is an edit page's form.
type Form struct {
	Action   string
	Get      bool // a GET form: nothing changes, no token
	Fields   []Field
	Problems []Problem
	Submit   string
	Cancel   string
	Danger   bool
	Quiet    bool   // not the page's primary action
	Main     bool   // the page's primary action although it stands inside a section
	Note     string // one paragraph above the fields
	Upload   bool   // carries a file, which must be its last field
}

// Section is one part of a detail page.
type Section struct {
	ID      string
	Title   string
	Lead    string
	Says    []string  // sentences, one paragraph each
	Summary []Fact    // a summary list
	Table   *Table    // a related list
	Empty   string    // said when Table has no rows
	Form    *Form     // a small form, e.g. add an address
	Lines   []Line    // a timeline
	Diff    []Diff    // before and after
	Action  *Link     // a link at the end, e.g. "Show all"
	Danger  bool      // at the end, set apart
	Buttons []Action  // actions of the section
	Code    string    // a block of text in fixed width
	Chart   *ui.Chart // stands before everything else but the lead
	Wrap    bool      // Code is one long line that may break
	Words   string    // a text as people read it, its lines kept
	Lang    string    // the language of Words
}

// Fact is one line of a summary list.
type Fact struct {
	Label  string
	Value  Cell
	Change string // address where it can be changed
}

// Line is one entry of a timeline.
type Line struct {
	Time time.Time
	Cell Cell
	Text string
	Tone string // word and shape of the state
	Mark string // the state in words
}

// Diff is one property before and after. Secret shows only that it changed.
type Diff struct {
	Property           string
	Before, After      string
	Removed, Added     []string // of lists
	Secret, Sensitive  bool
	WasEmpty, NowEmpty bool
}

// Detail is a page about one thing.
type Detail struct {
	Badges   []Cell // the state of the thing, above everything
	Tabs     []Link // pages about the same thing
	Tab      string // the label of the shown one
	Notices  []Notice
	Sections []Section
	Refresh  bool // the page changes by itself: look again every few seconds
}

// Notice is something that must be known before the rest.
type Notice struct {
	Tone, Title, Text string
	Links             []Link
}

// Confirm is the page before something stops working.
type Confirm struct {
	Consequences []string
	Sections     []Section // whom it is about, what it would and would not do
	See          *Link     // what to look at before
	Form         Form
}

// Start is the first page of a tenant.
type Start struct {
	First   []Section // what cannot wait
	Steps   []Step
	Done    int
	Figures []Figure
	Run     *Link // run the user flow
	Recent  *Section
}

// Step is one line of the get-started checklist.
type Step struct {
	Label, Text string
	Done        bool
	Action      *Link
	Optional    bool
}

// Figure is a big number with its comparison in words, leading to the list behind it.
type Figure struct {
	Label, Value, Note, Href string
}

// Connect is the panel that helps a developer to connect their app.
type Connect struct {
	AppName  string
	Waiting  bool // nothing has arrived yet
	SeenAt   time.Time
	Settings []Fact
	Tabs     []Link // one per library
	Current  string // the label of the shown one
	Snippet  Snippet
	Mistakes []Mistake
	Poll     string // address that answers with the panel's state
	State    string // its present state, to compare with
	Forget   *Action
	Missing  []Missing // what must be configured first
}

// Missing is what must be configured first: where, and a button that does it when one click is enough.
type Missing struct {
	Link
	Fix *Action
}

// Snippet is text to paste.
type Snippet struct {
	Library, Install, File, Code string
	Note                         string // what must be known before
}

// Mistake is one thing that the app did wrong, in words.
type Mistake struct {
	Title, Do       string
	Given           string
	Expected        []string
	GivenParts      []Part // Given in runs, where it differs from the nearest expected one
	NearestParts    []Part
	Count           int
	At              time.Time
	Fix             *Link
	GivenLabel      string
	ExpectedLabel   string
	WhatTheDiffSays string
}

// Part is a run of characters, the same in both strings or not.
type Part struct {
	Text string
	Same bool
}

// Trace is the explained sign-in.
type Trace struct {
	Fix        *Link // where the remedy is
	Outcome    string
	Tone       string
	Cause, Do  string
	Sections   []Section
	Policies   []PolicyTrace
	ReportOnly []PolicyTrace // of policies that only report
	NoPolicies string
	Again      *Link // asks the present policies the same
	// PoliciesAfter is the section that the policies follow.
	PoliciesAfter int
	Raw           string // the stored record, for those who want it
}

// PolicyTrace is what one policy said, condition by condition.
type PolicyTrace struct {
	Name, Href, Result, Tone, State string
	Conditions                      Table
	Controls                        []string
}

// Public is a page before the portal: set-up, signed out, no access.
type Public struct {
	Title, Lead string
	Form        *Form
	CSRF        string
	Paragraphs  []string
	Command     string
	Links       []Link
}

// Frame is a page of the hosted kind, drawn to be looked at inside a page of the portal.
type Frame struct {
	Title string // what it shows, for whoever cannot see it
	HTML  string // the whole document
	Wide  bool   // as on a desk, not as on a phone
}
