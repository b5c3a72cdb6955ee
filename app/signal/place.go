package signal

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // the zones that files name: an image of one binary has no others

	"github.com/oschwald/maxminddb-golang/v2"
)

// Places looks an address up in MMDB files. Several files complement each other: one may know countries, another
// networks. Looking up takes no lock: a file that was replaced becomes another reader.
type Places struct {
	mu    sync.Mutex // of opening
	files []*placeFile
	ready atomic.Pointer[openPlaces]
}

// placeFile is one file and what is known of it.
type placeFile struct {
	path    string
	size    int64
	changed time.Time
	reader  *maxminddb.Reader
	err     error
}

type openPlaces struct {
	readers []*maxminddb.Reader
	broken  bool
}

// PlaceStatus is what the health page and doctor say of one file.
type PlaceStatus struct {
	File  string // its name, without the folder
	Path  string
	Kind  string // what the file says that it is
	Built time.Time
	Err   error // why it could not be opened the last time; what was open before is still in use
}

// OpenPlaces opens a comma-separated list of files. A file that does not open is told by Broken, and places are
// "could not be told" until it does.
func OpenPlaces(list string) *Places {
	p := &Places{}
	for _, name := range strings.Split(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			p.files = append(p.files, &placeFile{path: name})
		}
	}
	p.Reload()
	return p
}

// Reload opens the files that have changed, and those that did not open before. It is for a worker.
func (p *Places) Reload() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	open := &openPlaces{}
	for _, f := range p.files {
		f.open()
		open.broken = open.broken || f.err != nil
		if f.reader != nil {
			open.readers = append(open.readers, f.reader)
		}
	}
	p.ready.Store(open)
}

// open keeps the reader that is there when the new file is no good. A reader that is not needed any more is not
// closed: somebody may be reading from it; the library unmaps it when nobody holds it.
func (f *placeFile) open() {
	st, err := os.Stat(f.path)
	if err != nil {
		f.err, f.changed = err, time.Time{}
		return
	}
	if f.reader != nil && f.err == nil && st.Size() == f.size && st.ModTime().Equal(f.changed) {
		return
	}
	r, err := maxminddb.Open(f.path)
	if err == nil {
		err = readable(r)
	}
	if f.err = err; err != nil {
		return
	}
	f.reader, f.size, f.changed = r, st.Size(), st.ModTime()
}

// readable tries one address, so that a file that was cut off is noticed when it is opened.
func readable(r *maxminddb.Reader) (err error) {
	defer guard(&err)
	var v place
	return r.Lookup(netip.MustParseAddr("8.8.8.8")).Decode(&v)
}

// guard makes an error of a fault below a map: a file that is overwritten in place, and shortened, takes the ground
// from under its readers.
func guard(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("the file is damaged, or was changed while it was in use: %v", v)
	}
}

// Status tells of every file.
func (p *Places) Status() []PlaceStatus {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []PlaceStatus
	for _, f := range p.files {
		s := PlaceStatus{File: filepath.Base(f.path), Path: f.path, Err: f.err}
		if f.reader != nil {
			s.Kind, s.Built = f.reader.Metadata.DatabaseType, f.reader.Metadata.BuildTime()
		}
		out = append(out, s)
	}
	return out
}

// Broken says that a configured file could not be opened: then every place "could not be told", and doctor and the
// health page say so.
func (p *Places) Broken() error {
	var all []error
	for _, s := range p.Status() {
		if s.Err != nil {
			all = append(all, fmt.Errorf("PORTICO_GEOIP: %s: %w", s.Path, s.Err))
		}
	}
	return errors.Join(all...)
}

// Close releases the files. Nothing may be looked up any more.
func (p *Places) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready.Store(nil)
	var errs []error
	for _, f := range p.files {
		if f.reader != nil {
			errs = append(errs, f.reader.Close())
			f.reader = nil
		}
	}
	return errors.Join(errs...)
}

// place is the union of the shapes that public MMDB files have.
type place struct {
	Country struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	CountryCode  string `maxminddb:"country_code"`
	Subdivisions []struct {
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"subdivisions"`
	State1   string `maxminddb:"state1"`
	City     any    `maxminddb:"city"`
	ASN      uint   `maxminddb:"autonomous_system_number"`
	ASName   string `maxminddb:"autonomous_system_organization"`
	Location struct {
		Latitude  float64 `maxminddb:"latitude"`
		Longitude float64 `maxminddb:"longitude"`
		Accuracy  uint16  `maxminddb:"accuracy_radius"`
		TimeZone  string  `maxminddb:"time_zone"`
	} `maxminddb:"location"`
	Latitude  any  `maxminddb:"latitude"` // a number, or its digits
	Longitude any  `maxminddb:"longitude"`
	VPN       bool `maxminddb:"is_anonymous_vpn"`
	Tor       bool `maxminddb:"is_tor_exit_node"`
	Proxy     bool `maxminddb:"is_public_proxy"`
}

// Fill adds what is known about s.IP. An address in no file has an unknown place, which is an
// ordinary value; a file that fails is the other kind of unknown (DESIGN §5.2).
func (p *Places) Fill(s *Signals) {
	if p == nil {
		return
	}
	open := p.ready.Load()
	if open == nil || len(open.readers) == 0 && !open.broken {
		return
	}
	s.PlaceFailed = open.broken
	if !s.IP.IsValid() || special(s.IP) {
		return
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for _, r := range open.readers {
		if err := fill(r, s); err != nil {
			s.PlaceFailed = true
		}
	}
}

func fill(r *maxminddb.Reader, s *Signals) (err error) {
	defer guard(&err)
	var v place
	found := r.Lookup(s.IP)
	if !found.Found() {
		return found.Err()
	}
	if err := found.Decode(&v); err != nil {
		return err
	}
	set(&s.Country, strings.ToUpper(v.Country.Code), strings.ToUpper(v.CountryCode))
	set(&s.Region, v.State1)
	if len(v.Subdivisions) > 0 {
		set(&s.Region, v.Subdivisions[0].Names["en"])
	}
	set(&s.City, cityName(v.City))
	set(&s.Network, v.ASName)
	if s.ASN == 0 {
		s.ASN = v.ASN
	}
	if !s.Located() {
		s.Latitude, s.Longitude, s.AccuracyKm = position(v)
	}
	set(&s.TimeZone, v.Location.TimeZone)
	for kind, on := range map[string]bool{"tor": v.Tor, "vpn": v.VPN, "proxy": v.Proxy} {
		if on && !slices.Contains(s.Lists, kind) {
			s.Lists = append(s.Lists, kind)
		}
	}
	return nil
}

// position is where a place is; all zero where the file does not say, or says what is nowhere on Earth.
func position(v place) (lat, lon float64, accuracy uint) {
	lat, lon, accuracy = v.Location.Latitude, v.Location.Longitude, uint(v.Location.Accuracy)
	if lat == 0 && lon == 0 {
		lat, lon = degrees(v.Latitude), degrees(v.Longitude)
	}
	if math.Abs(lat) <= 90 && math.Abs(lon) <= 180 { // false for what is no number, too
		return lat, lon, accuracy
	}
	return 0, 0, 0
}

func degrees(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case float32:
		return float64(v)
	case string:
		var f float64
		if _, err := fmt.Sscan(v, &f); err == nil {
			return f
		}
	}
	return 0
}

func special(a netip.Addr) bool {
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified()
}

func set(to *string, candidates ...string) {
	for _, c := range candidates {
		if *to == "" {
			*to = c
		}
	}
}

// cityName reads both spellings: a plain name, or {"names": {"en": …}}.
func cityName(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		if names, ok := v["names"].(map[string]any); ok {
			name, _ := names["en"].(string)
			return name
		}
	}
	return ""
}
