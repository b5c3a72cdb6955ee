package policy

import (
	"net/netip"
	"time"
)

// Limits of named locations (R 5.6.1). A range of /8 or shorter is refused.
const (
	MaxLocations = 195
	MaxRanges    = 2000
)

// Location is a named location: address ranges, or countries by address.
type Location struct {
	ID             string         `json:"id"`
	Name           string         `json:"displayName"`
	Trusted        bool           `json:"isTrusted,omitempty"`                         // of ranges
	Ranges         []netip.Prefix `json:"ipRanges,omitempty"`                          //
	Countries      []string       `json:"countriesAndRegions,omitempty"`               // ISO 3166-1 alpha-2
	IncludeUnknown bool           `json:"includeUnknownCountriesAndRegions,omitempty"` // with Countries: addresses without a country too
	CreatedAt      time.Time      `json:"createdDateTime,omitzero"`
	ModifiedAt     time.Time      `json:"modifiedDateTime,omitzero"`
	DeletedAt      time.Time      `json:"-"`
}

// ByCountry reports whether the location is a list of countries.
func (l Location) ByCountry() bool { return len(l.Countries) > 0 || l.IncludeUnknown }

// MaxStrengths is how many strengths a tenant may make (R 4.6.1).
const MaxStrengths = 15

// Built-in authentication strengths, by the vendor's ids (R 4.6.1).
const (
	StrengthMFA               = "00000000-0000-0000-0000-000000000002"
	StrengthPasswordless      = "00000000-0000-0000-0000-000000000003"
	StrengthPhishingResistant = "00000000-0000-0000-0000-000000000004"
)

// Strength is a list of combinations of methods, of which one must be shown: "password,softwareOath", "fido2".
type Strength struct {
	ID           string    `json:"id"`
	Name         string    `json:"displayName"`
	Description  string    `json:"description,omitempty"`
	BuiltIn      bool      `json:"-"`
	Combinations []string  `json:"allowedCombinations"`
	AAGUIDs      []string  `json:"allowedAAGUIDs,omitempty"` // of fido2; empty = any passkey
	CreatedAt    time.Time `json:"createdDateTime,omitzero"`
	ModifiedAt   time.Time `json:"modifiedDateTime,omitzero"`
}

// Context is an authentication context: a class (c1 … c99) that an app asks for when somebody is about to do
// something that matters, and that policies aim at.
type Context struct {
	ID          string `json:"id"`
	Name        string `json:"displayName"`
	Description string `json:"description,omitempty"`
	Available   bool   `json:"isAvailable"` // apps may ask for it
}
