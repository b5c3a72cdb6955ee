package outbound

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Pool calls one place on behalf of one tenant over connections that are kept: for what is called on every sign-in. The
// rules are the client's: each call's URL is checked, and each new connection's addresses. A connection belongs to the pool
// that opened it, so none is used under another tenant's exceptions.
type Pool struct {
	client    *Client
	tenant    string
	transport *http.Transport
}

// Pool makes one with so many connections at most, of which idle ones are closed after a while.
func (c *Client) Pool(tenant string, connections int, idle time.Duration) *Pool {
	p := &Pool{client: c, tenant: tenant}
	p.transport = &http.Transport{TLSClientConfig: c.TLS.Clone(), ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10, // Clone of nil is nil
		MaxIdleConns: connections, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, IdleConnTimeout: idle, TLSHandshakeTimeout: 10 * time.Second,
		DialContext: func(ctx context.Context, network, hostport string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(hostport)
			if err != nil {
				return nil, err
			}
			return c.dial(context.WithValue(ctx, targetKey{}, target{tenant, host}), network, hostport)
		}}
	return p
}

// Do sends a request within its context's deadline. It reads at most limit bytes of the answer, after unpacking. What the
// answer says by its status holds though its body fails, as with Client.Do; then Body is what was read of it.
func (p *Pool) Do(r *http.Request, limit int64) (Answer, error) {
	if err := p.client.Check(p.tenant, r.URL); err != nil {
		return Answer{}, err
	}
	client := http.Client{Transport: p.transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	out := Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}
	if err == nil && int64(len(body)) > limit {
		out.Body, err = body[:limit], fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	return out, err
}

// Close closes what is idle; calls under way end by themselves.
func (p *Pool) Close() { p.transport.CloseIdleConnections() }
