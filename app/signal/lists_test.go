package signal

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// listsIn are lists in a folder of their own, with a clock that a test moves.
type listsIn struct {
	t   *testing.T
	dir string
	now time.Time
	*Lists
}

func (l *listsIn) write(name, text string) string {
	l.t.Helper()
	path := filepath.Join(l.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
	l.now = l.now.Add(time.Minute)
	if err := os.Chtimes(path, l.now, l.now); err != nil {
		l.t.Fatal(err)
	}
	l.now = l.now.Add(time.Minute)
	return path
}

func (l *listsIn) on(ip string, asn uint) string {
	s := Signals{IP: netip.MustParseAddr(ip), ASN: asn}
	l.Fill(&s)
	out := strings.Join(s.Lists, " ")
	if s.ListsFailed {
		out += "?"
	}
	return out
}

func opened(t *testing.T, files map[string]string, setting string) *listsIn {
	l := &listsIn{t: t, dir: t.TempDir(), now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
	for name, text := range files {
		l.write(name, text)
	}
	l.Lists = OpenLists(strings.ReplaceAll(setting, "@", l.dir), func() time.Time { return l.now })
	return l
}

func TestLists(t *testing.T) {
	l := opened(t, map[string]string{
		"tor-exits.txt": "# exits of today\n198.51.100.7\n2001:db8::7 ; a remark\n\n",
		"providers":     "203.0.113.0/24,Somebody\n192.0.2.10-192.0.2.20\nAS64501 # a provider\n2001:db8:5::/48\n",
	}, "@/tor-exits.txt, vpn=@/providers")
	for _, c := range []struct {
		ip   string
		asn  uint
		want string
	}{
		{"198.51.100.7", 0, "tor"}, {"198.51.100.8", 0, ""}, {"::ffff:198.51.100.7", 0, "tor"}, {"2001:db8::7", 0, "tor"}, {"2001:db8::8", 0, ""},
		{"203.0.113.0", 0, "vpn"}, {"203.0.113.255", 0, "vpn"}, {"203.0.114.0", 0, ""}, {"192.0.2.9", 0, ""}, {"192.0.2.10", 0, "vpn"},
		{"192.0.2.20", 0, "vpn"}, {"192.0.2.21", 0, ""}, {"10.0.0.1", 64501, "vpn"}, {"10.0.0.1", 64502, ""}, {"2001:db8:5:ffff::1", 0, "vpn"},
		{"198.51.100.7", 64501, "tor vpn"},
	} {
		if got := l.on(c.ip, c.asn); got != c.want {
			t.Errorf("%s (AS%d): %q, want %q", c.ip, c.asn, got, c.want)
		}
	}
	var none *Lists
	none.Fill(&Signals{})
	none.Reload()
	if none.Broken() != nil {
		t.Error("no lists are broken")
	}
}

func TestListsThatAreNone(t *testing.T) {
	for name, c := range map[string]struct{ setting, text string }{
		"a kind that nobody knows":               {"@/good-people.txt", "192.0.2.1\n"},
		"no such file":                           {"tor=@/missing", ""},
		"an empty file":                          {"tor=@/f", ""},
		"only remarks":                           {"tor=@/f", "# nothing\n"},
		"the page of a server that had an error": {"tor=@/f", strings.Repeat("<p>Bad gateway</p>\n", 30)},
		"everybody":                              {"tor=@/f", "0.0.0.0/0\n::/0\n0.0.0.0-255.255.255.255\n"},
		"a range the wrong way round":            {"tor=@/f", "192.0.2.9-192.0.2.1\n"},
		"a line without end":                     {"tor=@/f", strings.Repeat("1", 100_000)},
		"bytes":                                  {"tor=@/f", "\x00\xff\xfe\n"},
	} {
		files := map[string]string{"good-people.txt": c.text}
		if strings.Contains(c.setting, "@/f") {
			files["f"] = c.text
		}
		l := opened(t, files, c.setting)
		if got := l.on("192.0.2.1", 0); got != "?" || l.Broken() == nil {
			t.Errorf("%s: %q, %v", name, got, l.Broken())
		}
	}
}

// A list that is replaced takes hold without a restart; one that is half written or damaged leaves the old one in place,
// and says so until it is whole again.
func TestListsAreReread(t *testing.T) {
	l := opened(t, map[string]string{"tor.txt": "198.51.100.1\n198.51.100.2\n"}, "@/tor.txt")
	steps := []struct {
		name, text, want string // of 198.51.100.1 and of 198.51.100.9
	}{
		{"replaced", "198.51.100.1\n198.51.100.9\n", "tor/tor"},
		{"cut off in the middle of a line", "198.51.1", "tor?/tor?"},
		{"whole again", "198.51.100.9\n198.51.100.1\n", "tor/tor"},
		{"emptied", "", "tor?/tor?"},
		{"replaced by something else", "{\"error\": \"quota\"}\n", "tor?/tor?"},
		{"shorter, and whole", "198.51.100.9\n", "/tor"},
	}
	for _, s := range steps {
		l.write("tor.txt", s.text)
		l.Reload()
		if got := l.on("198.51.100.1", 0) + "/" + l.on("198.51.100.9", 0); got != s.want {
			t.Errorf("%s: %q, want %q", s.name, got, s.want)
		}
	}
	if err := os.Remove(filepath.Join(l.dir, "tor.txt")); err != nil {
		t.Fatal(err)
	}
	if l.Reload(); l.on("198.51.100.9", 0) != "tor?" {
		t.Errorf("a list that is gone: %q", l.on("198.51.100.9", 0))
	}
	path := l.write("tor.txt", "198.51.100.5\n")
	l.now = l.now.Add(-time.Minute) // written a moment ago
	if err := os.Chtimes(path, l.now, l.now); err != nil {
		t.Fatal(err)
	}
	l.now = l.now.Add(time.Second)
	if l.Reload(); l.on("198.51.100.5", 0) != "" {
		t.Error("a file was read while it may still be written")
	}
	l.now = l.now.Add(2 * time.Second)
	if l.Reload(); l.on("198.51.100.5", 0) != "tor" {
		t.Error("a settled file was not read")
	}
}

// Halving over joined ranges gives what a walk over all lines gives.
func TestTableIsAWalk(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	var nets []netip.Prefix
	for range 3000 {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(r.IntN(4)), byte(r.IntN(256)), byte(r.IntN(256))}), 20+r.IntN(13)).Masked()
		nets = append(nets, p)
		fmt.Fprintln(&text, p)
	}
	table, err := parseTable(strings.NewReader(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	for range 20_000 {
		ip := netip.AddrFrom4([4]byte{10, byte(r.IntN(5)), byte(r.IntN(256)), byte(r.IntN(256))})
		want := slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(ip) })
		if table.holds(ip, 0) != want {
			t.Fatalf("%s: %v", ip, !want)
		}
	}
}

func FuzzTable(f *testing.F) {
	f.Add("192.0.2.1\nAS1\n::1/128\n1.1.1.1-2.2.2.2", "192.0.2.1")
	f.Fuzz(func(t *testing.T, text, ip string) {
		a, err := netip.ParseAddr(ip)
		if err != nil {
			return
		}
		if table, err := parseTable(strings.NewReader(text)); err == nil {
			table.holds(a, 1)
		}
	})
}

// BenchmarkLists: eight lists with a million lines together; what an address costs.
func BenchmarkLists(b *testing.B) {
	var text strings.Builder
	for i := range 125_000 {
		fmt.Fprintf(&text, "%d.%d.%d.%d\n", 1+i%200, i>>8&255, i&255, i*7&255)
	}
	var all []loaded
	for _, k := range []string{"tor", "vpn", "proxy", "malicious", "malware", "threatActor", "vpn", "proxy"} {
		t, err := parseTable(strings.NewReader(text.String()))
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, loaded{kind: k, table: t})
	}
	l := &Lists{}
	l.ready.Store(&all)
	for b.Loop() {
		s := Signals{IP: netip.AddrFrom4([4]byte{203, 0, 113, 9}), ASN: 64500}
		l.Fill(&s)
	}
}
