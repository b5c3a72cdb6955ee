package ui

import "github.com/a-h/templ"

// The components below are drawn in many places. The compiler would copy each of them whole into every
// caller (they are closures in short functions), which cost more than half a megabyte of the binary.

// Input is a text box with its label, hint and complaint.
//
//go:noinline
func Input(f Field) templ.Component { return drawInput(f) }

// Choices is a group of radio buttons or boxes.
//
//go:noinline
func Choices(g Group) templ.Component { return drawChoices(g) }

// Check is one box to tick.
//
//go:noinline
func Check(c Checkbox) templ.Component { return drawCheck(c) }

// List is a table with its caption.
//
//go:noinline
func List(t Table) templ.Component { return drawList(t) }
