package signal

import (
	"net/netip"
	"testing"
)

func TestClientAddress(t *testing.T) {
	cases := []struct {
		name      string
		proxies   string
		peer      string
		forwarded []string
		want      string
	}{
		{"nobody trusted: the header is ignored", "", "203.0.113.9", []string{"198.51.100.1"}, "203.0.113.9"},
		{"untrusted peer: the header is ignored", "10.0.0.0/8", "203.0.113.9", []string{"198.51.100.1"}, "203.0.113.9"},
		{"trusted peer, one entry", "10.0.0.0/8", "10.1.2.3", []string{"198.51.100.1"}, "198.51.100.1"},
		{"the client's own entry on the left is not believed", "10.0.0.0/8", "10.1.2.3", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		{"trusted entries on the right are walked over", "10.0.0.0/8", "10.1.2.3", []string{"1.1.1.1, 198.51.100.1, 10.9.9.9"}, "198.51.100.1"},
		{"two headers read as one list", "10.0.0.0/8", "10.1.2.3", []string{"1.1.1.1", "198.51.100.1, 10.9.9.9"}, "198.51.100.1"},
		{"only proxies in the list: the leftmost", "10.0.0.0/8", "10.1.2.3", []string{"10.4.4.4, 10.9.9.9"}, "10.4.4.4"},
		{"no header: the peer", "10.0.0.0/8", "10.1.2.3", nil, "10.1.2.3"},
		{"rubbish ends the walk", "10.0.0.0/8", "10.1.2.3", []string{"198.51.100.1, <script>, 10.9.9.9"}, "10.9.9.9"},
		{"rubbish only: the peer", "10.0.0.0/8", "10.1.2.3", []string{"unknown"}, "10.1.2.3"},
		{"with a port", "private", "127.0.0.1", []string{"198.51.100.1:4711"}, "198.51.100.1"},
		{"IPv6 with brackets and port", "private", "::1", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{"mapped peer is trusted as IPv4", "private", "::ffff:10.0.0.1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"private knows shared address space", "private", "100.64.3.4", []string{"198.51.100.1"}, "198.51.100.1"},
		{"a single address", "192.0.2.1", "192.0.2.1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"hops=1: the rightmost", "hops=1", "203.0.113.9", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		{"hops=2: the second from the right", "hops=2", "203.0.113.9", []string{"1.1.1.1, 198.51.100.1, 203.0.113.7"}, "198.51.100.1"},
		{"hops=2, shorter list: what there is", "hops=2", "203.0.113.9", []string{"198.51.100.1"}, "198.51.100.1"},
		{"hops=1, no header: the peer", "hops=1", "203.0.113.9", nil, "203.0.113.9"},
		{"a zone is dropped", "", "fe80::1%eth0", nil, "fe80::1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := ParseProxies(c.proxies)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Client(netip.MustParseAddr(c.peer), c.forwarded...); got.String() != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestParseProxiesRefuses(t *testing.T) {
	for _, s := range []string{"hops=0", "hops=x", "hops=99", "10.0.0.0/99", "everyone", "hops=1,10.0.0.0/8"} {
		if _, err := ParseProxies(s); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
}

func TestBucket(t *testing.T) {
	for in, want := range map[string]string{
		"198.51.100.7": "198.51.100.7", "::ffff:198.51.100.7": "198.51.100.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::",
	} {
		if got := Bucket(netip.MustParseAddr(in)); got.String() != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
