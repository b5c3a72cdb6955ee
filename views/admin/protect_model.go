package admin

import "portico/views/ui"

// Chart is a drawing with its finding and the same numbers as a table.
type Chart struct {
	ID      string
	Finding string // the sentence above it: what to see
	Unit    string
	Labels  []string
	Series  []Series
	Lines   bool // lines; bars take the first series only
	Href    string
}

// Series is one named row of numbers.
type Series struct {
	Name   string
	Values []float64
}

func (c Chart) draw() ui.Chart {
	out := ui.Chart{ID: c.ID, Finding: c.Finding, Unit: c.Unit, Labels: c.Labels, Lines: c.Lines, Href: c.Href}
	for _, s := range c.Series {
		out.Series = append(out.Series, ui.Series{Name: s.Name, Values: s.Values})
	}
	return out
}

// Protect is a page of Identity Protection: what it comes to, what should be done, and the numbers behind it.
type Protect struct {
	Tabs    []Link
	Tab     string
	Notices []Notice
	Spans   []Link // how far back
	Span    string // the label of the shown one
	Figures []Figure
	Advice  []Step // what should be done
	Content string // said when there is nothing to do
	Charts  []PanelChart
	Rest    []Section
	Before  []Section // above the figures
}

// PanelChart is a chart under its heading.
type PanelChart struct {
	Title string
	Lead  string
	Chart Chart
}
