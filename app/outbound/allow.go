package outbound

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// Allow lists what outgoing calls may reach besides public addresses (PORTICO_OUTBOUND_ALLOW): rules
// separated by commas, each a host, a network, an address or host:port, for every tenant or, with
// "slug=" in front, for one.
type Allow []rule

type rule struct {
	tenant string
	host   string // a name, "" when prefix is set
	port   string // "" = any
	prefix netip.Prefix
}

// ParseAllow reads the setting.
func ParseAllow(s string) (Allow, error) {
	var out Allow
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		var r rule
		rest := part
		if t, after, ok := strings.Cut(part, "="); ok {
			r.tenant, rest = strings.ToLower(t), after
		}
		if p, err := netip.ParsePrefix(rest); err == nil {
			r.prefix = p.Masked()
			out = append(out, r)
			continue
		}
		if ap, err := netip.ParseAddrPort(rest); err == nil {
			a := ap.Addr().Unmap()
			r.prefix, r.port = netip.PrefixFrom(a, a.BitLen()), fmt.Sprint(ap.Port())
			out = append(out, r)
			continue
		}
		if a, err := netip.ParseAddr(rest); err == nil {
			a = a.Unmap()
			r.prefix = netip.PrefixFrom(a, a.BitLen())
			out = append(out, r)
			continue
		}
		r.host = strings.ToLower(rest)
		if h, p, ok := strings.Cut(r.host, ":"); ok {
			if _, err := strconv.ParseUint(p, 10, 16); err != nil {
				return nil, fmt.Errorf("%q: %q is not a port", part, p)
			}
			r.host, r.port = h, p
		}
		if r.host == "" || strings.ContainsAny(r.host, "/*@[]:") {
			return nil, fmt.Errorf("%q is neither a host, host:port, an address nor a network", part)
		}
		out = append(out, r)
	}
	return out, nil
}

// covers reports whether a rule lets the tenant reach host (as it was written) at addr and port.
func (a Allow) covers(tenant, host string, addr netip.Addr, port string) bool {
	for _, r := range a {
		if r.tenant != "" && !strings.EqualFold(r.tenant, tenant) || r.port != "" && r.port != port {
			continue
		}
		if r.host != "" && strings.EqualFold(r.host, host) || r.host == "" && r.prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// literal is the address that a host is written as; the zero address for a name. An address in any other spelling than
// the usual one (2130706433, 127.1, 0x7f.0.0.1, 127.0.0.1., full-width digits) is refused: what a check takes for a name
// and the system for an address would get past the one to the other. A name whose last label is a number is no name of
// the internet (WHATWG URL, "ends in a number"; RFC 3696 §2).
func literal(host string) (netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap(), nil
	}
	name := host
	if strings.ContainsFunc(host, func(c rune) bool { return c > 0x7f }) { // as the client of HTTP will write it
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return netip.Addr{}, ErrURL
		}
		name = ascii
	}
	name = strings.TrimSuffix(name, ".")
	if name == "" || strings.ContainsAny(name, ":%") {
		return netip.Addr{}, ErrURL
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	if digits(last) || len(last) >= 2 && strings.EqualFold(last[:2], "0x") && strings.Trim(last[2:], "0123456789abcdefABCDEF") == "" {
		return netip.Addr{}, fmt.Errorf("%w: %s", ErrAddress, host)
	}
	return netip.Addr{}, nil
}

func digits(s string) bool {
	return s == "" || strings.Trim(s, "0123456789") == ""
}

// Public reports whether an address belongs to the public internet: not this machine, a private
// network, a link, shared address space, a documentation or benchmarking range, multicast, or an IPv6
// form that hides an IPv4 address (mapped, 6to4, Teredo, NAT64).
func Public(a netip.Addr) bool {
	if a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	if a.Is6() && !global6().Contains(a) {
		return false
	}
	for _, p := range refused() {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

func global6() netip.Prefix { return netip.MustParsePrefix("2000::/3") }

// refused are the special-purpose ranges (IANA registries) inside otherwise public space.
func refused() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}
