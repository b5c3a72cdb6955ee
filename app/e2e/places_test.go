package e2e

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A file of places in the MaxMind DB format 2.0, written out by hand: the libraries that write such files are large, and
// a handful of networks is enough to have a country that a person was never in.

// treeNode is a node of the search tree: for each bit of the address either another node or what is known of the network.
type treeNode struct {
	next  [2]*treeNode
	place [2]string
}

// writePlaces makes a file that knows the country of some networks, and behind a space their time zone.
func writePlaces(t testing.TB, countries map[string]string) string {
	t.Helper()
	root := &treeNode{}
	for network, country := range countries {
		p := netip.MustParsePrefix(network)
		ip, at := p.Addr().As4(), root
		for i := range p.Bits() {
			bit := ip[i/8] >> (7 - i%8) & 1
			if i == p.Bits()-1 {
				at.place[bit] = country
				break
			}
			if at.next[bit] == nil {
				at.next[bit] = &treeNode{}
			}
			at = at.next[bit]
		}
	}
	nodes := []*treeNode{root}
	for i := 0; i < len(nodes); i++ {
		for _, n := range nodes[i].next {
			if n != nil {
				nodes = append(nodes, n)
			}
		}
	}
	var tree, data []byte
	for _, n := range nodes {
		for side := range 2 {
			to := uint32(len(nodes)) // nothing is known
			switch {
			case n.next[side] != nil:
				to = uint32(slices.Index(nodes, n.next[side]))
			case n.place[side] != "":
				to += 16 + uint32(len(data)) // 16 zeros stand between the tree and the data
				country, zone, _ := strings.Cut(n.place[side], " ")
				data = append(data, fields("country_code", country, "location", fields("time_zone", zone))...)
			}
			tree = append(tree, byte(to>>16), byte(to>>8), byte(to))
		}
	}
	file := slices.Concat(tree, make([]byte, 16), data, []byte("\xab\xcd\xefMaxMind.com"), fields("node_count", uint32(len(nodes)), "record_size", uint32(24),
		"ip_version", uint32(4), "database_type", "Test-Country", "binary_format_major_version", uint32(2), "binary_format_minor_version", uint32(0), "build_epoch", uint32(1764000000)))
	path := filepath.Join(t.TempDir(), "places.mmdb")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fields is a map of the format, of names and their texts, numbers or maps.
func fields(pairs ...any) []byte {
	sized := func(kind, n int) []byte {
		if n < 29 {
			return []byte{byte(kind<<5 | n)}
		}
		return []byte{byte(kind<<5 | 29), byte(n - 29)}
	}
	out := sized(7, len(pairs)/2)
	for _, v := range pairs {
		switch v := v.(type) {
		case string:
			out = append(append(out, sized(2, len(v))...), v...)
		case []byte: // a map of its own
			out = append(out, v...)
		case uint32:
			out = append(append(out, sized(6, 4)...), byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
		}
	}
	return out
}
