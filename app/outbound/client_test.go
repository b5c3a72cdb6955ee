package outbound

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestPublic(t *testing.T) {
	for addr, want := range map[string]bool{
		"93.184.216.34": true, "1.1.1.1": true, "2606:4700::1111": true,
		"127.0.0.1": false, "127.8.8.8": false, "0.0.0.0": false, "0.1.2.3": false, "::": false, "::1": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.32.0.1": true, "192.168.1.1": false, "fc00::1": false, "fd12::1": false,
		"169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "fd00:ec2::254": false, "100.64.0.1": false, "100.100.100.200": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false, "::ffff:1.1.1.1": true,
		"::127.0.0.1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001::1": false, "2001:db8::1": false,
		"224.0.0.1": false, "255.255.255.255": false, "240.0.0.1": false, "ff02::1": false,
		"192.0.2.1": false, "198.51.100.1": false, "203.0.113.1": false, "198.18.0.1": false, "192.0.0.8": false,
	} {
		if got := Public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: public = %v, want %v", addr, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	allow, err := ParseAllow("hooks.internal, fernhill=10.1.0.0/16, 127.0.0.1:8080, acme=files.internal:9000")
	if err != nil {
		t.Fatal(err)
	}
	c := &Client{Allow: allow}
	cases := []struct {
		tenant, url string
		want        error
	}{
		{"fernhill", "https://api.example.com/hook", nil},
		{"fernhill", "http://api.example.com/hook", ErrScheme},
		{"fernhill", "ftp://api.example.com/", ErrScheme},
		{"fernhill", "file:///etc/passwd", ErrURL},
		{"fernhill", "https://user:pw@api.example.com/", ErrURL},
		{"fernhill", "https://127.0.0.1/", ErrAddress},
		{"fernhill", "https://[::ffff:127.0.0.1]/", ErrAddress},
		{"fernhill", "https://169.254.169.254/latest/meta-data", ErrAddress},
		{"fernhill", "http://hooks.internal/x", nil},
		{"fernhill", "http://10.1.2.3/x", nil},
		{"other", "http://10.1.2.3/x", ErrScheme},
		{"other", "https://10.1.2.3/x", ErrAddress},
		{"fernhill", "http://127.0.0.1:8080/x", nil},
		{"fernhill", "http://127.0.0.1:8081/x", ErrScheme},
		{"acme", "http://files.internal:9000/", nil},
		{"acme", "http://files.internal:9001/", ErrScheme},
	}
	for _, tc := range cases {
		u, err := url.Parse(tc.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Check(tc.tenant, u); !errors.Is(got, tc.want) || tc.want == nil && got != nil {
			t.Errorf("%s calling %s: got %v, want %v", tc.tenant, tc.url, got, tc.want)
		}
	}
	for _, bad := range []string{"http://x", "*.example.com", "a@b", "fernhill="} {
		if _, err := ParseAllow(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestDo(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "https://169.254.169.254/", http.StatusFound)
		case "/large":
			_, _ = io.WriteString(w, strings.Repeat("x", 3000))
		case "/slow":
			<-r.Context().Done()
		default:
			_, _ = io.WriteString(w, "hello")
		}
	}))
	defer srv.Close()
	u, _ := url.Parse(srv.URL)
	local := netip.MustParseAddr("127.0.0.1")
	public := netip.MustParseAddr("93.184.216.34")
	client := func(allow string, answers ...netip.Addr) *Client {
		a, err := ParseAllow(allow)
		if err != nil {
			t.Fatal(err)
		}
		tlsConfig := srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		return &Client{Allow: a, MaxBody: 2000, Timeout: 20 * time.Second, TLS: tlsConfig,
			Lookup: func(context.Context, string) ([]netip.Addr, error) { return answers, nil }}
	}
	get := func(c *Client, path string) (Answer, error) {
		// The test server's certificate is for example.com.
		r, _ := http.NewRequest(http.MethodGet, "https://example.com:"+u.Port()+path, nil)
		return c.Do(t.Context(), "fernhill", r)
	}
	cases := []struct {
		name   string
		client *Client
		path   string
		status int
		err    error
	}{
		{"an allowed host is reached", client("example.com", local), "/", 200, nil},
		{"a name that leads inside is refused", client("", local), "/", 0, ErrAddress},
		{"one inside address among public ones is refused", client("", public, local), "/", 0, ErrAddress},
		{"a redirect is not followed", client("example.com", local), "/redirect", 302, nil},
		{"too much is refused", client("example.com", local), "/large", 200, ErrTooLarge},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a, err := get(c.client, c.path)
			if !errors.Is(err, c.err) || c.err == nil && err != nil || a.Status != c.status {
				t.Errorf("got %d %v, want %d %v", a.Status, err, c.status, c.err)
			}
		})
	}
	t.Run("time is capped", func(t *testing.T) {
		c := client("example.com", local)
		c.Timeout = 50 * time.Millisecond
		if _, err := get(c, "/slow"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the environment's proxy is not used", func(t *testing.T) {
		t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
		if a, err := get(client("example.com", local), "/"); err != nil || a.Status != 200 {
			t.Errorf("got %d %v", a.Status, err)
		}
	})
}
