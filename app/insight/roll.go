package insight

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// View is which dimensions a Roll tells apart, besides the app that it belongs to: bit 1<<d of each.
type View uint8

// Views are those that are kept, the narrowest first: everything in one, each dimension by itself, and all of them
// together, from which any combination can be read.
func Views() []View {
	return []View{0, 1 << Provider, 1 << Country, 1 << OS, 1 << Browser, 1 << Language, 1<<Provider | 1<<Country | 1<<OS | 1<<Browser | 1<<Language}
}

// ViewFor is the narrowest that tells all of some dimensions apart.
func ViewFor(dims ...Dimension) View {
	var need View
	for _, d := range dims {
		if d != App {
			need |= 1 << d
		}
	}
	for _, v := range Views() {
		if v&need == need {
			return v
		}
	}
	return Views()[len(Views())-1]
}

// of leaves only the view's values.
func (v View) of(values Values) Values {
	var out Values
	for d := Provider; d < dimensions; d++ {
		if v&(1<<d) != 0 {
			out[d] = values[d]
		}
	}
	return out
}

// Cell is what was counted for one combination of values: who was active, by number, and how much of what.
type Cell struct {
	Users  *roaring.Bitmap
	Counts map[Count]int64
}

// Roll is what was counted in one span of time in one app, by the values of a view. Adding is commutative, and
// adding a person twice changes nothing: so the order in which events arrive does not matter.
type Roll struct {
	View  View
	Cells map[Values]*Cell
}

// NewRoll is an empty one.
func NewRoll(v View) *Roll { return &Roll{View: v, Cells: map[Values]*Cell{}} }

func (r *Roll) cell(v Values) *Cell {
	c := r.Cells[v]
	if c == nil {
		c = &Cell{Users: roaring.New(), Counts: map[Count]int64{}}
		r.Cells[v] = c
	}
	return c
}

// Add counts an event. number is its person's; it is not looked at when the event has none.
func (r *Roll) Add(e Event, number uint32) {
	c := r.cell(r.View.of(e.Values))
	if e.User != "" {
		c.Users.Add(number)
	}
	for k, n := range e.Counts {
		c.Counts[k] += n
	}
}

// Merge adds another of the same view.
func (r *Roll) Merge(other *Roll) {
	for v, o := range other.Cells {
		r.cell(v).merge(o)
	}
}

func (c *Cell) merge(o *Cell) {
	c.Users.Or(o.Users)
	for k, n := range o.Counts {
		c.Counts[k] += n
	}
}

// rollFormat is the first byte of an encoded roll.
const rollFormat = 1

// Encode writes a roll: a table of words, then each cell with its values, counts and the people's bitmap in
// Roaring's own portable format.
func (r *Roll) Encode() ([]byte, error) {
	words, index := []string{}, map[string]uint64{}
	word := func(s string) uint64 {
		i, ok := index[s]
		if !ok {
			i = uint64(len(words))
			index[s], words = i, append(words, s)
		}
		return i
	}
	keys := slices.SortedFunc(maps.Keys(r.Cells), compare)
	var cells []byte
	for _, v := range keys {
		for d := Provider; d < dimensions; d++ {
			if r.View&(1<<d) != 0 {
				cells = binary.AppendUvarint(cells, word(v[d]))
			}
		}
		c := r.Cells[v]
		cells = binary.AppendUvarint(cells, uint64(len(c.Counts)))
		for _, k := range slices.Sorted(maps.Keys(c.Counts)) {
			cells = binary.AppendVarint(binary.AppendUvarint(cells, word(string(k))), c.Counts[k])
		}
		if c.Users.IsEmpty() {
			cells = binary.AppendUvarint(cells, 0)
			continue
		}
		c.Users.RunOptimize()
		b, err := c.Users.ToBytes()
		if err != nil {
			return nil, err
		}
		cells = append(binary.AppendUvarint(cells, uint64(len(b))), b...)
	}
	out := binary.AppendUvarint([]byte{rollFormat, byte(r.View)}, uint64(len(words)))
	for _, w := range words {
		out = append(binary.AppendUvarint(out, uint64(len(w))), w...)
	}
	return append(binary.AppendUvarint(out, uint64(len(keys))), cells...), nil
}

func compare(a, b Values) int { return slices.Compare(a[:], b[:]) }

var errRoll = errors.New("insight: a roll-up cannot be read")

// Decode reads what Encode wrote.
func Decode(b []byte) (*Roll, error) {
	r := NewRoll(0)
	err := Read(b, func(v View, values Values, counts map[Count]int64, users []byte) error {
		r.View = v
		c := &Cell{Users: roaring.New(), Counts: counts}
		if len(users) > 0 {
			if err := c.Users.UnmarshalBinary(users); err != nil {
				return fmt.Errorf("%w: %w", errRoll, err)
			}
		}
		r.Cells[values] = c
		return nil
	}, nil)
	if err == nil && len(b) > 1 {
		r.View = View(b[1])
	}
	return r, err
}

// Read visits the cells of an encoded roll that want says yes to (nil = all), without making what is not asked for.
func Read(b []byte, visit func(v View, values Values, counts map[Count]int64, users []byte) error, want func(Values) bool) error {
	if len(b) < 2 || b[0] != rollFormat {
		return errRoll
	}
	in := reader{b: b[2:]}
	view := View(b[1])
	words := make([]string, in.number(len(b)))
	for i := range words {
		words[i] = string(in.bytes(in.number(len(b))))
	}
	word := func() string {
		if i := in.number(len(words) - 1); i < len(words) {
			return words[i]
		}
		in.bad = true
		return ""
	}
	for n := in.number(len(b)); n > 0 && !in.bad; n-- {
		var values Values
		for d := Provider; d < dimensions; d++ {
			if view&(1<<d) != 0 {
				values[d] = word()
			}
		}
		wanted := want == nil || want(values)
		var counts map[Count]int64
		m := in.number(len(b))
		if wanted {
			counts = make(map[Count]int64, m)
		}
		for ; m > 0 && !in.bad; m-- {
			k, n := word(), in.signed()
			if wanted {
				counts[Count(k)] = n
			}
		}
		users := in.bytes(in.number(len(b)))
		if in.bad {
			break
		}
		if wanted {
			if err := visit(view, values, counts, users); err != nil {
				return err
			}
		}
	}
	if in.bad || len(in.b) > 0 {
		return errRoll
	}
	return nil
}

// reader takes an encoded roll apart; bad says that it ended early or makes no sense.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) number(most int) int {
	n, k := binary.Uvarint(r.b)
	if k <= 0 || n > uint64(max(most, 0)) {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[k:]
	return int(n)
}

func (r *reader) signed() int64 {
	n, k := binary.Varint(r.b)
	if k <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[k:]
	return n
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}
