package outbound

import (
	"context"
	"errors"
	"math/big"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// An address is written as an address: whatever a system's resolver would also make one of is refused, in forms and when
// it is called.
func TestOddlyWrittenAddresses(t *testing.T) {
	asked := 0
	c := &Client{Lookup: func(context.Context, string) ([]netip.Addr, error) {
		asked++
		return []netip.Addr{netip.MustParseAddr("93.184.216.34")}, nil
	}}
	for _, host := range []string{"2130706433", "127.1", "127.0.1", "0x7f.1", "0x7f000001", "0X7F.0.0.1", "017700000001", "0177.0.0.1", "127.0.0.1.", "127.1.", "00000127.0.0.1", "127.0.0.01", "1.1.1.1.", "169.254.43518",
		"a.1", "hooks.example.0x1", "１２７.０.０.１", "127。0。0。1", "①②⑦.0.0.1", "１", "4294967295", "99999999999999999999", "0", "0.", "0x", "a.0x"} {
		for _, scheme := range []string{"https://", "http://"} {
			if err := c.Check("", &url.URL{Scheme: strings.TrimSuffix(scheme, "://"), Host: host}); err == nil {
				t.Errorf("%s%s is accepted", scheme, host)
			}
		}
		if err := c.Reach("", host, "6514", false); !errors.Is(err, ErrAddress) {
			t.Errorf("%s as a collector: %v", host, err)
		}
		if conn, err := c.Dial(t.Context(), "", host, "6514", false); err == nil {
			t.Errorf("%s is dialled", host)
			_ = conn.Close()
		}
	}
	if asked > 0 {
		t.Errorf("a resolver was asked %d times", asked)
	}
	for _, host := range []string{"", ".", "..", "a:b", "fe80::1%25eth0%", "exa mple。com\x00"} {
		if err := c.Reach("", host, "6514", false); err == nil {
			t.Errorf("%q is accepted", host)
		}
	}
	for _, host := range []string{"hooks.example.com", "hooks.example.com.", "bücher.example", "1password.com", "4.example.com", "xn--bcher-kva.example", "a_b.example", "93.184.216.34", "2606:4700::1111", "0xcafe.example"} {
		if err := c.Reach("", host, "6514", false); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// What is no name for the C library's inet_aton is no name here.
func FuzzNoAddressPassesForAName(f *testing.F) {
	for _, s := range []string{"127.1", "0x7f.1", "1.2.3.4", "a.b", "0", "１.1", "1.2.3.4.", "0x.0x", "08.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		a, err := literal(host)
		if err != nil || a.IsValid() {
			return
		}
		if numeric(strings.TrimSuffix(host, ".")) {
			t.Errorf("%q passes for a name", host)
		}
	})
}

// numeric is what inet_aton takes: one to four numbers, decimal, octal or hexadecimal.
func numeric(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return false
	}
	for _, p := range parts {
		if strings.ContainsAny(p, "_+-") || strings.HasPrefix(strings.ToLower(p), "0b") || strings.HasPrefix(strings.ToLower(p), "0o") {
			return false
		}
		if _, ok := new(big.Int).SetString(p, 0); !ok {
			return false
		}
	}
	return true
}
