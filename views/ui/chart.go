package ui

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Chart is bars or lines over labelled points, drawn on the server. Finding is the sentence above it: what
// to see. The same numbers stand in a table below, so no fact needs a pointer or an eye.
type Chart struct {
	ID      string
	Finding string
	Unit    string // of the numbers, for the table's header: "sign-ins"
	Labels  []string
	Series  []Series
	Lines   bool // lines instead of bars; bars take the first series only
	Href    string
	narrow  bool // the drawing for a phone
}

// Series is one named row of numbers.
type Series struct {
	Name   string
	Values []float64
}

// A drawing is scaled to its place, and its words with it. A phone has one of its own, as wide as it is there, with fewer
// labels.
const (
	chartHeight              = 200.0
	chartWide, chartNarrow   = 640.0, 300.0
	chartStart, chartEdge    = 44.0, 8.0
	chartTop, chartBottom    = 12.0, 26.0
	labelsWide, labelsNarrow = 8, 4 // at most, wide and narrow
)

// narrowed is the chart as phones have it.
func (c Chart) narrowed() Chart {
	c.narrow, c.ID = true, c.ID+"-n"
	return c
}

func (c Chart) width() float64 {
	if c.narrow {
		return chartNarrow
	}
	return chartWide
}

// box is the drawing's own size.
func (c Chart) box() string { return "0 0 " + num(c.width()) + " " + num(chartHeight) }

// boxClass shows the drawing only where it has its place.
func (c Chart) boxClass() string {
	if c.narrow {
		return "chart__box chart__box--narrow"
	}
	return "chart__box"
}

// Scale is the axis: nought to the next round number, in round steps.
type Scale struct {
	Max  float64
	Step float64
}

// NewScale finds a scale of three to five steps of 1, 2 or 5 times a power of ten.
func NewScale(max float64) Scale {
	if max <= 0 || math.IsNaN(max) || math.IsInf(max, 0) {
		return Scale{Max: 4, Step: 1}
	}
	raw := max / 4
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * power
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw {
			step = m * power
			break
		}
	}
	if step < 1 && max >= 1 && max == math.Trunc(max) {
		step = 1
	}
	return Scale{Max: step * math.Ceil(max/step), Step: step}
}

// Y is the height of a value on the drawing.
func (s Scale) Y(v float64) float64 {
	return chartTop + (chartHeight-chartTop-chartBottom)*(1-v/s.Max)
}

// Ticks are the values with a line.
func (s Scale) Ticks() []float64 {
	var t []float64
	for v := 0.0; v <= s.Max+s.Step/2; v += s.Step {
		t = append(t, v)
	}
	return t
}

func (c Chart) scale() Scale {
	max := 0.0
	for _, s := range c.series() {
		for _, v := range s.Values {
			max = math.Max(max, v)
		}
	}
	return NewScale(max)
}

func (c Chart) series() []Series {
	if !c.Lines && len(c.Series) > 1 {
		return c.Series[:1]
	}
	return c.Series[:min(len(c.Series), 6)]
}

// named reports whether the lines need names: a single one has the finding above it.
func (c Chart) named() bool { return c.Lines && len(c.Series) > 1 }

// end is the room to the right of the drawing, where the names of its lines stand.
func (c Chart) end() float64 {
	if !c.named() {
		return chartEdge
	}
	longest := 0
	for _, s := range c.series() {
		longest = max(longest, utf8.RuneCountInString(s.Name))
	}
	return min(chartEdge+10+7*float64(longest), c.width()/3)
}

// right is where the drawing ends.
func (c Chart) right() float64 { return c.width() - c.end() }

// X is the middle of the place of point i.
func (c Chart) X(i int) float64 {
	n := float64(max(1, len(c.Labels)))
	return chartStart + (c.right()-chartStart)*(float64(i)+.5)/n
}

func (c Chart) barWidth() float64 {
	return math.Max(1, (c.right()-chartStart)/float64(max(1, len(c.Labels)))*.68)
}

// labelled reports whether the axis has room for the label of point i.
func (c Chart) labelled(i int) bool {
	most := labelsWide
	if c.narrow {
		most = labelsNarrow
	}
	every := (len(c.Labels) + most - 1) / most
	return i%max(1, every) == 0
}

// Line is the path through a series.
func (c Chart) Line(s Series) string {
	scale := c.scale()
	var b strings.Builder
	for i, v := range s.Values {
		command := "L"
		if i == 0 {
			command = "M"
		}
		b.WriteString(command + num(c.X(i)) + " " + num(scale.Y(v)))
	}
	return b.String()
}

// nameGap is the least distance between the names of two lines.
const nameGap = 13

// nameY is where the names of the lines stand: at their ends, and one above the other where they end alike.
func (c Chart) nameY() []float64 {
	scale, all := c.scale(), c.series()
	y, order := make([]float64, len(all)), make([]int, len(all))
	for i, s := range all {
		order[i] = i
		if n := len(s.Values); n > 0 {
			y[i] = scale.Y(s.Values[n-1]) + 4
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(y[b], y[a]) })
	for n := 1; n < len(order); n++ {
		y[order[n]] = min(y[order[n]], y[order[n-1]]-nameGap)
	}
	return y
}

func (c Chart) value(s Series, i int) string {
	if i < len(s.Values) {
		return Figure(s.Values[i])
	}
	return "–"
}

func num(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// Figure writes a number for people: 4,310.
func Figure(v float64) string {
	s := strconv.FormatFloat(v, 'f', -1, 64)
	whole, rest, _ := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		whole += "." + rest
	}
	return sign + whole
}
