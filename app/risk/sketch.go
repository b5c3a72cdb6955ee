package risk

import (
	"hash/fnv"
	"math"
	"math/bits"
)

// Sketch counts different names in a fixed room: linear counting (Whang et al., 1990). Each name sets one bit; how
// many bits are still clear tells how many names there were. Two sketches of one width are joined by setting the bits
// of both, so that the names that forty addresses tried are counted once each. It keeps no name, and nobody can read
// one out of it. Few names are counted all but exactly; a full sketch counts its most.
type Sketch []byte

// Widths in bytes: of one source's hour, and of a whole incident.
const (
	SourceSketch   = 128  // up to about 5,000 names
	IncidentSketch = 4096 // up to about 200,000 names
)

// NewSketch is an empty sketch of a width.
func NewSketch(width int) Sketch { return make(Sketch, width) }

// Add notes a name.
func (s Sketch) Add(name string) {
	if len(s) == 0 {
		return
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	x := h.Sum64()
	x ^= x >> 33 // the low bits of FNV alone are too regular for names that differ in a digit
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	i := x % uint64(len(s)*8)
	s[i/8] |= 1 << (i % 8)
}

// Merge adds the names of another; one of another width is left out.
func (s Sketch) Merge(other Sketch) {
	if len(s) != len(other) {
		return
	}
	for i, b := range other {
		s[i] |= b
	}
}

// Count is about how many different names were added.
func (s Sketch) Count() int {
	if len(s) == 0 {
		return 0
	}
	m, set := float64(len(s)*8), 0
	for _, b := range s {
		set += bits.OnesCount8(b)
	}
	if clear := m - float64(set); clear >= 1 {
		return int(math.Round(-m * math.Log(clear/m)))
	}
	return int(math.Round(m * math.Log(m)))
}

// Clone is a copy that can be added to.
func (s Sketch) Clone() Sketch { return append(Sketch(nil), s...) }
