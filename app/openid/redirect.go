package openid

import (
	"net/netip"
	"net/url"
	"strings"
)

// Redirect finds the registered redirect URI that a request named. Strings are compared exactly
// (RFC 9700 §2.1), except that the port of a loopback http URI is free: always for native apps
// (RFC 8252 §7.3), and for a loopback URI that was registered without one.
func (c *Client) Redirect(given string) (RedirectURI, bool) {
	for _, r := range c.RedirectURIs {
		if r.URI == given {
			return r, true
		}
	}
	for _, r := range c.RedirectURIs {
		if loopbackMatch(r, given) {
			return RedirectURI{URI: given, Platform: r.Platform}, true
		}
	}
	return RedirectURI{}, false
}

func loopbackMatch(r RedirectURI, given string) bool {
	if !strings.HasPrefix(r.URI, "http://") || !strings.HasPrefix(given, "http://") || strings.ContainsAny(given, "#@\\ ") {
		return false
	}
	want, err := url.Parse(r.URI)
	if err != nil || !loopback(want.Hostname()) {
		return false
	}
	if r.Platform != Native && want.Port() != "" {
		return false
	}
	have, err := url.Parse(given)
	if err != nil || have.User != nil || have.Hostname() != want.Hostname() {
		return false
	}
	return rooted(have.EscapedPath()) == rooted(want.EscapedPath()) && have.RawQuery == want.RawQuery &&
		have.ForceQuery == want.ForceQuery
}

func rooted(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && (a == netip.AddrFrom4([4]byte{127, 0, 0, 1}) || a == netip.IPv6Loopback())
}

// PostLogout reports whether people may be sent there after signing out
// (OpenID Connect RP-Initiated Logout 1.0 §3): a registered post-logout URI, or a redirect URI.
func (c *Client) PostLogout(given string) bool {
	for _, u := range c.PostLogoutRedirectURIs {
		if u == given {
			return true
		}
		if loopbackMatch(RedirectURI{URI: u, Platform: Web}, given) {
			return true
		}
	}
	_, ok := c.Redirect(given)
	return ok
}

// Response modes (OAuth 2.0 Multiple Response Types §2.1, OAuth 2.0 Form Post Response Mode).
const (
	ModeQuery    = "query"
	ModeFragment = "fragment"
	ModeFormPost = "form_post"
)

// Answer is an authorization response: a redirect, or a form that posts itself to Action.
type Answer struct {
	Redirect string
	Action   string
	Fields   [][2]string
	// Refused is the error that the answer carries in place of the code, when the person who signed in is
	// not whom, or not as strongly, the app demanded.
	Refused string
}

// answer puts the fields into the mode's place.
func answer(mode, redirectURI string, fields [][2]string) Answer {
	if mode == ModeFormPost {
		return Answer{Action: redirectURI, Fields: fields}
	}
	var b strings.Builder
	b.WriteString(redirectURI)
	sep := byte('?')
	if mode == ModeFragment {
		sep = '#'
	} else if strings.Contains(redirectURI, "?") {
		sep = '&'
		if strings.HasSuffix(redirectURI, "?") || strings.HasSuffix(redirectURI, "&") {
			sep = 0
		}
	}
	for _, f := range fields {
		if f[1] == "" {
			continue
		}
		if sep != 0 {
			b.WriteByte(sep)
		}
		sep = '&'
		b.WriteString(f[0])
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(f[1]))
	}
	return Answer{Redirect: b.String()}
}
