// Package odata knows the part of OData that the management API speaks: the $filter language as a
// typed tree, $orderby, $select and $search, path segments with keys, and evaluating a filter over a
// JSON object. It knows no resource and no database: a tree becomes a database condition in package
// graph, where the table of allowed columns stands.
//
// Grammar and generosity follow the vendor's service: function names and operators in any letter
// case, lambdas with any, casts inside a path, bare times and GUIDs.
package odata

import (
	"fmt"
	"time"
)

// Bounds of a filter. A longer or deeper one is refused before it costs anything.
const (
	MaxLength = 8 << 10
	MaxDepth  = 24
)

// Error is a query that is not understood; Pos is a byte offset in the text.
type Error struct {
	Pos int
	Msg string
}

func (e *Error) Error() string { return fmt.Sprintf("%s at position %d", e.Msg, e.Pos) }

// Expr is a node of a filter.
type Expr interface{ node() }

// And, Or and Not combine.
type (
	And struct{ Left, Right Expr }
	Or  struct{ Left, Right Expr }
	Not struct{ Of Expr }
)

// Op is a comparison.
type Op string

// The six comparisons.
const (
	Eq Op = "eq"
	Ne Op = "ne"
	Gt Op = "gt"
	Ge Op = "ge"
	Lt Op = "lt"
	Le Op = "le"
)

// Compare is "path op literal". A last path element "$count" compares the size of a collection.
type Compare struct {
	Path  Path
	Op    Op
	Value Value
}

// In is "path in ('a','b')".
type In struct {
	Path   Path
	Values []Value
}

// Match is startsWith, endsWith or contains.
type Match struct {
	Func  string // "startswith", "endswith", "contains"
	Path  Path
	Value string
}

// Any is "path/any(v: body)"; Body is nil for any().
type Any struct {
	Path Path
	Var  string
	Body Expr
}

// Truth is a bare boolean property.
type Truth struct{ Path Path }

func (And) node()     {}
func (Or) node()      {}
func (Not) node()     {}
func (Compare) node() {}
func (In) node()      {}
func (Match) node()   {}
func (Any) node()     {}
func (Truth) node()   {}

// Path names a property: the elements between slashes, casts taken out. Inside a lambda the first
// element is the variable, until the parser takes it off: then Local is true.
type Path struct {
	Parts []string
	Local bool
}

// String is the path as it is written, without casts.
func (p Path) String() string {
	s := ""
	for i, part := range p.Parts {
		if i > 0 {
			s += "/"
		}
		s += part
	}
	return s
}

// Kind is the type of a literal.
type Kind int

// The kinds of literal.
const (
	Null Kind = iota
	String
	Number
	Bool
	Time
	GUID
)

// Value is a literal.
type Value struct {
	Kind   Kind
	Text   string // String, GUID, and the digits of a Number
	Int    int64  // Number without fraction
	Float  float64
	IsInt  bool
	Bool   bool
	Time   time.Time
	Quoted bool
}
