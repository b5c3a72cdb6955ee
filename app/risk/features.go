package risk

import (
	"net/netip"
	"strconv"
	"strings"

	"portico/app/record"
)

// Names of what is counted of a sign-in. They are stored, and they are the names of record.Feature.
const (
	FeatureIP       = "ip"       // the address, or the /64 of IPv6
	FeatureSubnet   = "subnet"   // its /24, or /48
	FeatureNetwork  = "network"  // its autonomous system
	FeatureCountry  = "country"  //
	FeatureRegion   = "region"   // country/region
	FeatureCity     = "city"     // country/region/city
	FeatureSoftware = "software" // browser and operating system with their versions, and the type of device
	FeatureAgent    = "agent"    // the same without versions
	FeatureSystem   = "system"   // operating system and type of device
	FeatureCookie   = "deviceId" // the first-party device cookie
	FeatureLanguage = "language"
	FeatureHour     = "hour" // of the day, UTC
)

// What else speaks for or against somebody. Of the first two the value is "nobody" or "others".
const (
	FeatureCrowd       = "crowd"       // whether others come from an address that is new for the person
	FeatureCrowdSubnet = "crowdSubnet" // the same of a subnet
	FeatureFailures    = "failures"    // what failed at this address in the last day
	FeatureStrangers   = "strangers"   // others who came through this network and never had before
	FeatureLists       = "lists"       // of bad addresses
)

const nobody, others = "nobody", "others"

// feature is a position in a person's tables. The order is that of the encoding: it only grows at its end.
type feature int

const (
	fIP feature = iota
	fSubnet
	fNetwork
	fCountry
	fRegion
	fCity
	fSoftware
	fAgent
	fSystem
	fCookie
	fLanguage
	fHour
	features
)

// kind says of a feature what it is called and how many of its values are remembered of one person.
type kind struct {
	name string
	keep int
}

func kinds() [features]kind {
	return [features]kind{{fIP.name(), 16}, {fSubnet.name(), 12}, {fNetwork.name(), 10}, {fCountry.name(), 10}, {fRegion.name(), 10},
		{fCity.name(), 12}, {fSoftware.name(), 10}, {fAgent.name(), 10}, {fSystem.name(), 8}, {fCookie.name(), 12},
		{fLanguage.name(), 6}, {fHour.name(), 24}}
}

// name is what a feature is called, without making the whole table.
func (f feature) name() string {
	return [features]string{FeatureIP, FeatureSubnet, FeatureNetwork, FeatureCountry, FeatureRegion, FeatureCity, FeatureSoftware, FeatureAgent,
		FeatureSystem, FeatureCookie, FeatureLanguage, FeatureHour}[f]
}

// Features lists the names of all that is counted.
func Features() []string {
	out := make([]string, 0, features)
	for _, k := range kinds() {
		out = append(out, k.name)
	}
	return out
}

// maxValue bounds one value: what is longer is cut, which makes two of them equal at worst.
const maxValue = 64

// values are those of one sign-in; "" = unknown, which says nothing.
type values [features]string

func valuesOf(s record.Signals) values {
	var v values
	v[fIP], v[fSubnet] = addressOf(s.IP), subnetOf(s.IP)
	if s.ASN != 0 {
		v[fNetwork] = strconv.FormatUint(uint64(s.ASN), 10)
	} else {
		v[fNetwork] = cut(s.Network)
	}
	v[fCountry] = cut(s.Country)
	if s.Region != "" {
		v[fRegion] = cut(s.Country + "/" + s.Region)
	}
	if s.City != "" {
		v[fCity] = cut(s.Country + "/" + s.Region + "/" + s.City)
	}
	browser, major := versioned(s.Browser)
	system, version := versioned(s.OS)
	if browser != "" || system != "" || s.DeviceType != "" {
		v[fSystem] = cut(system + "|" + s.DeviceType)
		v[fAgent] = cut(browser + "|" + system + "|" + s.DeviceType)
		v[fSoftware] = cut(browser + " " + majorOf(major) + "|" + system + " " + minorOf(version) + "|" + s.DeviceType)
	}
	v[fCookie] = cut(s.DeviceID)
	v[fLanguage] = cut(primary(s.Language))
	return v
}

// addressOf is the part of an address that one visitor cannot vary at will: the address, or the /64 of IPv6.
func addressOf(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	if a = a.Unmap().WithZone(""); a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr().String()
		}
	}
	return a.String()
}

func subnetOf(a netip.Addr) string {
	bits := 24
	if a = a.Unmap().WithZone(""); a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.Addr().String()
}

func cut(s string) string {
	if len(s) > maxValue {
		s = s[:maxValue]
	}
	return strings.ToValidUTF8(s, "")
}

// versioned parts "Chrome Mobile 81.0.4044" into a name and a version.
func versioned(s string) (name, version string) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 || i+1 >= len(s) || s[i+1] < '0' || s[i+1] > '9' {
		return s, ""
	}
	return s[:i], s[i+1:]
}

func majorOf(version string) string {
	m, _, _ := strings.Cut(version, ".")
	return m
}

// minorOf keeps two parts of a version: 10.15.7 is 10.15.
func minorOf(version string) string {
	major, rest, more := strings.Cut(version, ".")
	if !more {
		return major
	}
	minor, _, _ := strings.Cut(rest, ".")
	return major + "." + minor
}

func primary(language string) string {
	p, _, _ := strings.Cut(language, "-")
	return strings.ToLower(p)
}
