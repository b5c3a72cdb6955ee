package tenant

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"

	"portico/app/fault"
)

// hosts.go: the hosts of its own that a directory answers at (custom URL domains, ADR 0015). A Tenant is always seen at
// one place: Host says which. Its issuer, the links of its mail, its cookies and its passkeys belong to that place.

// Base is the address that this directory is seen at: installation (scheme://host[:port]) as it is, or with the
// directory's own host in place of the installation's. Scheme and port are the installation's: there is one listener.
func (t Tenant) Base(installation string) string { return BaseAt(installation, t.Host) }

// Bases are the addresses of its own hosts.
func (t Tenant) Bases(installation string) []string {
	var out []string
	for _, host := range t.Hosts {
		out = append(out, BaseAt(installation, host))
	}
	return out
}

// BaseAt is the installation's address, or that of a host of a directory's own.
func BaseAt(installation, host string) string {
	installation = strings.TrimRight(installation, "/")
	if host == "" {
		return installation
	}
	u, err := url.Parse(installation)
	if err != nil {
		return installation
	}
	if p := u.Port(); p != "" {
		host = net.JoinHostPort(host, p)
	}
	return u.Scheme + "://" + host
}

// HostAt is what people call one of the directory's places: a host of its own, or the installation's name where it is "".
func HostAt(installation, host string) string {
	if u, err := url.Parse(installation); err == nil && host == "" {
		return u.Hostname()
	}
	return host
}

// At is the directory as it is seen at one of its own hosts; "" = at the installation's address.
func (t Tenant) At(host string) Tenant {
	t.Host = host
	return t
}

// Home is where the directory is to be seen when nobody has come to any place: at its primary host, else at the
// installation's address.
func (t Tenant) Home() Tenant { return t.At(t.PrimaryHost) }

// Issuing is where tokens are made that no visitor asked for (calls of a tenant's own APIs): at the installation's
// address, so that choosing another primary host changes nothing for them, unless the directory answers only at its own.
func (t Tenant) Issuing() Tenant {
	if t.OwnHostsOnly {
		return t.Home()
	}
	return t.At("")
}

// Answers reports whether the directory answers at a host of its own ("" = at the installation's address).
func (t Tenant) Answers(host string) bool {
	if host == "" {
		return !t.OwnHostsOnly || len(t.Hosts) == 0
	}
	return slices.Contains(t.Hosts, host)
}

// Doors are the places where the directory answers: its own hosts, and "" where the installation's address is open.
func (t Tenant) Doors() []string {
	if t.Answers("") {
		return append([]string{""}, t.Hosts...)
	}
	return t.Hosts
}

// longestHost is what DNS allows.
const longestHost = 253

// CanonicalHost is a host name in the one form that is stored and compared: lower case, ASCII (IDNA), no dot at the end.
// An address, a name without a dot, or one with a user, port or path is none.
func CanonicalHost(name string) (string, bool) {
	name = strings.TrimSuffix(strings.TrimSpace(name), ".")
	if name == "" || len(name) > 4*longestHost || strings.ContainsAny(name, "@/:\\?#[]%*_ \t\r\n") {
		return "", false
	}
	ascii, err := idna.Lookup.ToASCII(name)
	if err != nil || len(ascii) > longestHost || !strings.Contains(ascii, ".") {
		return "", false
	}
	for _, l := range strings.Split(ascii, ".") {
		if l == "" || len(l) > 63 {
			return "", false
		}
	}
	last := ascii[strings.LastIndexByte(ascii, '.')+1:]
	if strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") { // an address in one of its spellings (WHATWG URL §3.5)
		return "", false
	}
	if _, err := netip.ParseAddr(ascii); err == nil {
		return "", false
	}
	return ascii, true
}

// HostOf reads a Host header as it is compared: without port, in lower case, without the dot at the end. It makes nothing
// valid: what is no host at all is found nowhere.
func HostOf(header string) string {
	host := header
	if strings.HasPrefix(host, "[") {
		if end := strings.IndexByte(host, ']'); end > 0 && (end == len(host)-1 || host[end+1] == ':') {
			return strings.ToLower(host[1:end])
		}
		return ""
	}
	if i := strings.IndexByte(host, ':'); i >= 0 {
		if strings.Trim(host[i+1:], "0123456789") != "" {
			return ""
		}
		host = host[:i]
	}
	if strings.ContainsAny(host, "@/\\?#% \t") {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// Claimable refuses hosts that no directory may have: those of the installation, and what lies below them.
func Claimable(host string, installation ...string) error {
	for _, own := range installation {
		if u, err := url.Parse(own); err == nil && u.Host != "" {
			own = u.Host
		}
		if own = HostOf(own); own != "" && (host == own || strings.HasSuffix(host, "."+own)) {
			return fault.BadField("host", "domain.installation", map[string]any{"host": host})
		}
	}
	return nil
}

type doorKey struct{}

// Through notes the host of a directory's own that a request came to; "" = the installation's address.
func Through(ctx context.Context, host string) context.Context {
	return context.WithValue(ctx, doorKey{}, host)
}

// Door is the host that a request came to; false when there is no request (mail, jobs).
func Door(ctx context.Context) (string, bool) {
	host, ok := ctx.Value(doorKey{}).(string)
	return host, ok
}
