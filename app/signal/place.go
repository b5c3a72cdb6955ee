package signal

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Places looks an address up in MMDB files. Several files complement each other: one may know
// countries, another networks.
type Places struct {
	files []*maxminddb.Reader
	// Broken says that a configured file could not be opened: then every place "could not be told",
	// and doctor and the health page say so.
	Broken error
}

// OpenPlaces opens a comma-separated list of files. A file that does not open is remembered in Broken.
func OpenPlaces(list string) *Places {
	p := &Places{}
	for _, name := range strings.Split(list, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		r, err := maxminddb.Open(name)
		if err != nil {
			p.Broken = errors.Join(p.Broken, fmt.Errorf("PORTICO_GEOIP: %s: %w", name, err))
			continue
		}
		p.files = append(p.files, r)
	}
	return p
}

// Close releases the files.
func (p *Places) Close() error {
	var errs []error
	for _, f := range p.files {
		errs = append(errs, f.Close())
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
	State1 string `maxminddb:"state1"`
	City   any    `maxminddb:"city"`
	ASN    uint   `maxminddb:"autonomous_system_number"`
	ASName string `maxminddb:"autonomous_system_organization"`
}

// Fill adds what is known about s.IP. An address in no file has an unknown place, which is an
// ordinary value; a file that fails is the other kind of unknown (DESIGN §5.2).
func (p *Places) Fill(s *Signals) {
	if p == nil {
		return
	}
	s.PlaceFailed = p.Broken != nil
	if !s.IP.IsValid() || special(s.IP) {
		return
	}
	for _, f := range p.files {
		var v place
		r := f.Lookup(s.IP)
		if !r.Found() && r.Err() == nil {
			continue
		}
		if err := r.Decode(&v); err != nil {
			s.PlaceFailed = true
			continue
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
	}
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
