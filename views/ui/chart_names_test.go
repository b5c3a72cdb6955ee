package ui

import (
	"math"
	"testing"
)

// TestNamesOfLinesDoNotCover: lines that end alike have their names one above the other.
func TestNamesOfLinesDoNotCover(t *testing.T) {
	c := Chart{Lines: true, Labels: []string{"1", "2"}, Series: []Series{{"High", []float64{3, 0}}, {"Medium", []float64{1, 0}}, {"Low", []float64{2, 4}}}}
	y := c.nameY()
	for i := range y {
		for j := range i {
			if math.Abs(y[i]-y[j]) < nameGap {
				t.Errorf("%s at %v and %s at %v", c.Series[i].Name, y[i], c.Series[j].Name, y[j])
			}
		}
	}
}
