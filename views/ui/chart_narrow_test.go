package ui

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestChartsStayReadableOnAPhone: a drawing does not shrink with the screen until its words cannot be read. It keeps a
// width, in a box that scrolls and that the keyboard reaches.
func TestChartsStayReadableOnAPhone(t *testing.T) {
	css, err := os.ReadFile("../../static/css/50-chart.css")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`& svg \{[^}]*min-inline-size: (\d+)rem; font-size: (\d+)px`).FindStringSubmatch(string(css))
	if m == nil {
		t.Fatal("the drawing has no least width")
	}
	width, _ := strconv.ParseFloat(m[1], 64)
	font, _ := strconv.ParseFloat(m[2], 64)
	if px := font * width * 16 / chartWidth; px < 10 {
		t.Errorf("words are %.1f px high", px)
	}
	var out strings.Builder
	if err := Graph(Chart{ID: "x", Finding: "Few", Labels: []string{"1"}, Series: []Series{{"All", []float64{1}}}}).Render(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`<div class="chart__box" tabindex="0" role="group" aria-label="Few"><svg `).MatchString(out.String()) {
		t.Errorf("the drawing is in no box: %.200s", out.String())
	}
}
