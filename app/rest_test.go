package main

import "testing"

// TestRest: memory is given back once after work, when the program has come to rest.
func TestRest(t *testing.T) {
	const mib = 1 << 20
	type tick struct {
		allocates uint64
		due       bool
	}
	for _, c := range []struct {
		name  string
		ticks []tick
	}{
		{"a start, then nothing", []tick{{130 * mib, false}, {mib, true}, {mib, false}, {0, false}}},
		{"work without a pause", []tick{{20 * mib, false}, {20 * mib, false}, {2 * mib, false}}},
		{"a pause between", []tick{{20 * mib, false}, {mib, true}, {19 * mib, false}, {mib, true}}},
		{"a trickle adds up", []tick{{mib, false}, {mib, false}, {mib, false}, {mib, false}, {mib, false}, {mib, false}, {mib, false}, {mib, true}, {mib, false}}},
	} {
		var r rest
		total := uint64(0)
		for i, k := range c.ticks {
			total += k.allocates
			if got := r.due(total); got != k.due {
				t.Errorf("%s: tick %d: %v", c.name, i, got)
			}
		}
	}
}
