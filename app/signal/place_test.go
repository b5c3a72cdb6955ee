package signal

import (
	"encoding/binary"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"sort"
	"testing"
	"time"
)

// mmdb writes the smallest file there is: one node, both sides of which lead to the same record (MaxMind DB file
// format 2.0).
func mmdb(record map[string]any) []byte {
	var b []byte
	n := uint32(1 + 16) // records at or above the number of nodes point past the tree and its 16 bytes of zeros
	node := []byte{byte(n >> 16), byte(n >> 8), byte(n)}
	b = append(append(b, node...), node...)
	b = append(b, make([]byte, 16)...)
	b = append(b, encoded(record)...)
	b = append(b, "\xab\xcd\xefMaxMind.com"...)
	return append(b, encoded(map[string]any{"node_count": uint32(1), "record_size": uint32(24), "ip_version": uint32(4), "database_type": "Test-City",
		"binary_format_major_version": uint32(2), "binary_format_minor_version": uint32(0), "build_epoch": uint64(1764000000)})...)
}

func encoded(v any) []byte {
	size := func(kind, n int) []byte {
		if kind > 7 {
			return []byte{byte(n), byte(kind - 7)}
		}
		if n < 29 {
			return []byte{byte(kind<<5 | n)}
		}
		return []byte{byte(kind<<5 | 29), byte(n - 29)}
	}
	switch v := v.(type) {
	case string:
		return append(size(2, len(v)), v...)
	case float64:
		return binary.BigEndian.AppendUint64(size(3, 8), math.Float64bits(v))
	case uint32:
		return binary.BigEndian.AppendUint32(size(6, 4), v)
	case uint64:
		return binary.BigEndian.AppendUint64(size(9, 8), v)
	case bool:
		if v {
			return size(14, 1)
		}
		return size(14, 0)
	case map[string]any:
		var keys []string
		for k := range v {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		out := size(7, len(v))
		for _, k := range keys {
			out = append(append(out, encoded(k)...), encoded(v[k])...)
		}
		return out
	}
	return nil
}

func write(t *testing.T, path string, b []byte, at time.Time) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestPlaces(t *testing.T) {
	nested := map[string]any{"country": map[string]any{"iso_code": "ES"}, "city": map[string]any{"names": map[string]any{"en": "Madrid"}},
		"location": map[string]any{"latitude": 40.42, "longitude": -3.7, "accuracy_radius": uint32(20), "time_zone": "Europe/Madrid"}}
	flat := map[string]any{"country_code": "es", "city": "Madrid", "state1": "Madrid", "latitude": "40.42", "longitude": "-3.7",
		"autonomous_system_number": uint32(64501), "autonomous_system_organization": "Example", "is_anonymous_vpn": true}
	nowhere := map[string]any{"country_code": "ES", "location": map[string]any{"latitude": 999.0, "longitude": math.NaN()}}
	for name, c := range map[string]struct {
		record map[string]any
		want   Signals
	}{
		"nested": {nested, Signals{Country: "ES", City: "Madrid", Latitude: 40.42, Longitude: -3.7, AccuracyKm: 20, TimeZone: "Europe/Madrid"}},
		"flat": {flat, Signals{Country: "ES", City: "Madrid", Region: "Madrid", Latitude: 40.42, Longitude: -3.7, ASN: 64501, Network: "Example",
			Lists: []string{"vpn"}}},
		"nowhere on Earth": {nowhere, Signals{Country: "ES"}},
	} {
		path := filepath.Join(t.TempDir(), "places.mmdb")
		write(t, path, mmdb(c.record), time.Now())
		p := OpenPlaces(path)
		if p.Broken() != nil {
			t.Fatal(p.Broken())
		}
		s := Signals{IP: netip.MustParseAddr("203.0.113.5")}
		p.Fill(&s)
		if s.Country != c.want.Country || s.City != c.want.City || s.Region != c.want.Region || s.Latitude != c.want.Latitude || s.Longitude != c.want.Longitude ||
			s.AccuracyKm != c.want.AccuracyKm || s.TimeZone != c.want.TimeZone || s.ASN != c.want.ASN || len(s.Lists) != len(c.want.Lists) || s.PlaceFailed {
			t.Errorf("%s: %+v", name, s)
		}
		home := Signals{IP: netip.MustParseAddr("192.168.1.1")}
		if p.Fill(&home); home.Country != "" {
			t.Errorf("a private address is in %s", home.Country)
		}
	}
}

// A file that is replaced is taken up without a restart; a damaged one leaves the old one in use and is told; one that
// is overwritten and cut off under its readers ends nothing but the lookup.
func TestPlacesAreReread(t *testing.T) {
	path, at := filepath.Join(t.TempDir(), "places.mmdb"), time.Now()
	country := func(p *Places) string {
		s := Signals{IP: netip.MustParseAddr("203.0.113.5")}
		if p.Fill(&s); s.PlaceFailed {
			return s.Country + "?"
		}
		return s.Country
	}
	replace := func(b []byte) {
		at = at.Add(time.Minute)
		write(t, path+".new", b, at)
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	replace(mmdb(map[string]any{"country_code": "ES"}))
	p := OpenPlaces(path)
	if got := country(p); got != "ES" {
		t.Fatal(got)
	}
	replace(mmdb(map[string]any{"country_code": "NL"}))
	if p.Reload(); country(p) != "NL" {
		t.Errorf("replaced: %q", country(p))
	}
	replace([]byte("half"))
	if p.Reload(); country(p) != "NL?" || p.Broken() == nil {
		t.Errorf("damaged: %q, %v", country(p), p.Broken())
	}
	replace(mmdb(map[string]any{"country_code": "PT"}))
	if p.Reload(); country(p) != "PT" {
		t.Errorf("whole again: %q", country(p))
	}
	if err := os.Truncate(path, 0); err != nil { // in place: the ground is gone
		t.Fatal(err)
	}
	if got := country(p); got != "?" {
		t.Errorf("cut off under its readers: %q", got)
	}
	_ = p.Close()
}
