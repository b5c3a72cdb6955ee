package signal

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAgent(t *testing.T) {
	cases := []struct {
		name, agent                   string
		browser, os, platform, device string
	}{
		{"desktop Firefox", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140", "Linux x86_64", "linux", "desktop"},
		{"Safari on a phone", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1", "Safari 18", "iOS 18.5", "iOS", "phone"},
		{"Chrome on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36", "Chrome 156", "Windows 10.0", "windows", "desktop"},
		{"Chrome on a phone", "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36", "Chrome 156", "Android 15", "android", "phone"},
		{"a search engine", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot 2", "", "", "bot"},
		{"nothing", "", "", "", "", ""},
		{"rubbish", "\x00\xff<script>", "", "", "", ""},
		{"a log's end of line and turned text", "Mozilla/5.0\r\nX-Forged: yes\u202e\u0007", "", "", "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var s Signals
			Agent(&s, c.agent)
			if c.browser != "" && (s.Browser != c.browser || s.OS != c.os) || s.Platform != c.platform || s.DeviceType != c.device {
				t.Errorf("got %q on %q (%s, %s), want %q on %q (%s, %s)", s.Browser, s.OS, s.Platform, s.DeviceType, c.browser, c.os, c.platform, c.device)
			}
			if strings.ContainsAny(s.UserAgent, "\r\n\x00\u202e\uFFFD") || len(s.UserAgent) > maxAgent {
				t.Errorf("kept %q", s.UserAgent)
			}
		})
	}
	var s Signals
	Agent(&s, strings.Repeat("x", 100_000))
	if len(s.UserAgent) > maxAgent || len(s.Browser) > 64 {
		t.Errorf("kept %d bytes, and a browser of %d", len(s.UserAgent), len(s.Browser))
	}
}

func TestPlacesThatCannotBeTold(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.mmdb")
	if err := os.WriteFile(broken, []byte("not a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, files string
		failed      bool
	}{
		{"no file configured: unknown is an ordinary value", "", false},
		{"a file that is not there", "/nowhere/x.mmdb", true},
		{"a file that is damaged", broken, true},
	} {
		p := OpenPlaces(c.files)
		s := Signals{IP: netip.MustParseAddr("198.51.100.1")}
		p.Fill(&s)
		if s.PlaceFailed != c.failed || (p.Broken() != nil) != c.failed || s.Country != "" {
			t.Errorf("%s: failed %v, country %q, %v", c.name, s.PlaceFailed, s.Country, p.Broken())
		}
	}
	var none *Places
	none.Fill(&Signals{}) // no places at all is no failure
}

func FuzzAgent(f *testing.F) {
	f.Add("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	f.Add("(((((")
	f.Fuzz(func(_ *testing.T, agent string) {
		var s Signals
		Agent(&s, agent)
	})
}

func FuzzClient(f *testing.F) {
	f.Add("10.0.0.1", "1.1.1.1, [::1]:80,,x")
	p, err := ParseProxies("private")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, peer, forwarded string) {
		a, err := netip.ParseAddr(peer)
		if err != nil {
			return
		}
		if got := p.Client(a, forwarded); !got.IsValid() {
			t.Errorf("%q behind %q gives no address", forwarded, peer)
		}
	})
}
