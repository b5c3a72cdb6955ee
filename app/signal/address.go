package signal

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Proxies says whose word about the client's address is believed (PORTICO_TRUSTED_PROXIES). The zero
// value believes nobody: the client is whoever connected.
type Proxies struct {
	hops int
	nets []netip.Prefix
}

// ParseProxies reads "hops=N", or a comma-separated list of CIDRs, addresses and the word "private".
func ParseProxies(s string) (Proxies, error) {
	var p Proxies
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		switch {
		case strings.HasPrefix(part, "hops="):
			n, err := strconv.Atoi(part[len("hops="):])
			if err != nil || n < 1 || n > 16 {
				return p, fmt.Errorf("%q: the number of proxies must be between 1 and 16", part)
			}
			p.hops = n
		case part == "private":
			p.nets = append(p.nets, private()...)
		case strings.Contains(part, "/"):
			n, err := netip.ParsePrefix(part)
			if err != nil {
				return p, fmt.Errorf("%q is not a network like 10.0.0.0/8", part)
			}
			p.nets = append(p.nets, n.Masked())
		default:
			a, err := netip.ParseAddr(part)
			if err != nil {
				return p, fmt.Errorf("%q is neither an address, a network, private, nor hops=N", part)
			}
			p.nets = append(p.nets, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
		}
	}
	if p.hops > 0 && len(p.nets) > 0 {
		return p, fmt.Errorf("%q: give either hops=N or networks, not both", s)
	}
	return p, nil
}

func private() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range []string{"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
		"169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10"} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// Configured reports whether forwarded headers are read at all.
func (p Proxies) Configured() bool { return p.hops > 0 || len(p.nets) > 0 }

func (p Proxies) trusted(a netip.Addr) bool {
	for _, n := range p.nets {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// Client gives the client's address: the peer, unless the peer is a trusted proxy; then the list of
// X-Forwarded-For values (in header order) is walked from the right, because only its right end was
// written by proxies that we know. An entry that is no address ends the walk.
func (p Proxies) Client(peer netip.Addr, forwarded ...string) netip.Addr {
	peer = peer.Unmap().WithZone("")
	if !p.Configured() || p.hops == 0 && !p.trusted(peer) {
		return peer
	}
	entries := strings.Split(strings.Join(forwarded, ","), ",")
	client := peer
	for i, steps := len(entries)-1, 0; i >= 0; i-- {
		a, ok := parseEntry(entries[i])
		if !ok {
			return client
		}
		client = a
		steps++
		if p.hops > 0 && steps == p.hops || p.hops == 0 && !p.trusted(a) {
			return client
		}
	}
	return client
}

// parseEntry reads one list entry: an address, with or without a port.
func parseEntry(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return a.Unmap().WithZone(""), true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

// Bucket is the part of an address that one visitor cannot vary at will: the address itself, or the
// /64 of an IPv6 address. Limits count by it.
func Bucket(a netip.Addr) netip.Addr {
	if a = a.Unmap(); a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}
