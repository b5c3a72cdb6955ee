// Package outbound knows how Portico calls other servers: the one hardened HTTP client (DESIGN §9.9).
// It resolves the name, checks every address, dials an address that it checked, follows no redirect,
// reads no proxy from the environment, and caps time and size.
package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Refusals, so that a screen can say which it was.
var (
	ErrAddress  = errors.New("the address is not on the public internet")
	ErrScheme   = errors.New("only https is allowed")
	ErrURL      = errors.New("the URL is not usable")
	ErrTooLarge = errors.New("the answer is too large")
)

// Client makes the calls. The zero values mean 10 s, 1 MiB, the system's resolver, no exceptions.
type Client struct {
	Allow   Allow
	Timeout time.Duration
	MaxBody int64
	Lookup  func(ctx context.Context, host string) ([]netip.Addr, error)
	TLS     *tls.Config // further roots in tests; nil = the system's
}

// Answer is a whole response.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

type target struct{ tenant, host string }

type targetKey struct{}

// Do sends a request on behalf of a tenant (its slug; "" for the installation itself). When only the body
// fails (ErrTooLarge, or it did not come in time), the answer comes with the error and without its body: what it says by
// its status holds.
func (c *Client) Do(ctx context.Context, tenant string, r *http.Request) (Answer, error) {
	if err := c.Check(tenant, r.URL); err != nil {
		return Answer{}, err
	}
	timeout := c.Timeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, targetKey{}, target{tenant, r.URL.Hostname()}), timeout)
	defer cancel()
	// One connection per call: a pooled one could have been opened under another tenant's exceptions.
	transport := &http.Transport{DialContext: c.dial, DisableKeepAlives: true, TLSClientConfig: c.TLS,
		ForceAttemptHTTP2: true, TLSHandshakeTimeout: timeout, MaxResponseHeaderBytes: 64 << 10}
	client := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r.WithContext(ctx))
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	limit := c.MaxBody
	if limit == 0 {
		limit = 1 << 20
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return Answer{Status: resp.StatusCode, Header: resp.Header}, err
	}
	if int64(len(body)) > limit {
		return Answer{Status: resp.StatusCode, Header: resp.Header}, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

// Check refuses a URL that could never be called: for forms, when an admin types one. Addresses are
// checked again when it is called.
func (c *Client) Check(tenant string, u *url.URL) error {
	host := u.Hostname()
	if host == "" || u.User != nil || u.Opaque != "" {
		return ErrURL
	}
	addr, err := literal(host)
	if err != nil {
		return err
	}
	switch u.Scheme {
	case "https":
	case "http":
		if !c.Allow.covers(tenant, host, addr, port(u)) {
			return ErrScheme
		}
	default:
		return ErrScheme
	}
	if addr.IsValid() && !Public(addr) && !c.Allow.covers(tenant, host, addr, port(u)) {
		return fmt.Errorf("%w: %s", ErrAddress, addr)
	}
	return nil
}

// Reach refuses what Dial could never connect to, for forms: an address that is not public, or, when plain, any place
// that the operator does not name, since what travels without TLS can be read on the way.
func (c *Client) Reach(tenant, host, port string, plain bool) error {
	addr, err := literal(host)
	if err != nil {
		return err
	}
	named := c.Allow.covers(tenant, host, addr, port)
	switch {
	case host == "" || port == "":
		return ErrURL
	case plain && !named:
		return ErrScheme
	case addr.IsValid() && !Public(addr) && !named:
		return fmt.Errorf("%w: %s", ErrAddress, addr)
	}
	return nil
}

// Dial connects on behalf of a tenant to what is no web server, under the same rules as Do: every address of the
// name is checked, and one that was checked is dialled. Whoever calls it speaks TLS unless plain.
func (c *Client) Dial(ctx context.Context, tenant, host, port string, plain bool) (net.Conn, error) {
	if err := c.Reach(tenant, host, port, plain); err != nil {
		return nil, err
	}
	timeout := c.Timeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, targetKey{}, target{tenant, host}), timeout)
	defer cancel()
	return c.dial(ctx, "tcp", net.JoinHostPort(host, port))
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "http" {
		return "80"
	}
	return "443"
}

// dial resolves, checks every address, and connects to one of those it checked, so that a name that
// answers differently the second time gains nothing.
func (c *Client) dial(ctx context.Context, network, hostport string) (net.Conn, error) {
	host, p, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, err
	}
	var tenant string
	if t, ok := ctx.Value(targetKey{}).(target); ok {
		tenant = t.tenant
	}
	if _, err := literal(host); err != nil { // a resolver of the system's would make an address of it
		return nil, err
	}
	addrs, err := c.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		if !Public(a) && !c.Allow.covers(tenant, host, a.Unmap(), p) {
			return nil, fmt.Errorf("%w: %s is %s", ErrAddress, host, a)
		}
	}
	var d net.Dialer
	var last error
	for _, a := range addrs {
		conn, err := d.DialContext(ctx, network, net.JoinHostPort(a.Unmap().String(), p))
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, last
}

func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	lookup := c.Lookup
	if lookup == nil {
		lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	addrs, err := lookup(ctx, host)
	if err == nil && len(addrs) == 0 {
		err = fmt.Errorf("%s has no address", host)
	}
	return addrs, err
}
