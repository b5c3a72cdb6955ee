package graph

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"

	"portico/app/policy"
	"portico/handlers/graph/odata"
)

// namedLocation is /identity/conditionalAccess/namedLocations (graph.md §7.2): address ranges or countries.
type namedLocation struct {
	policy.Location
	kind string // as the request says, or as it is stored
	said string // the type that the request claims; "" = none
}

const (
	ipLocation      = "ipNamedLocation"
	countryLocation = "countryNamedLocation"
)

func shownLocation(l policy.Location) namedLocation {
	if l.ByCountry() {
		return namedLocation{Location: l, kind: countryLocation}
	}
	return namedLocation{Location: l, kind: ipLocation}
}

func (a *API) namedLocations() *collection[namedLocation] {
	r := &collection[namedLocation]{
		path: []string{"identity", "conditionalAccess", "namedLocations"}, name: "identity/conditionalAccess/namedLocations", typ: "namedLocation",
		typed: true, plural: "named-locations", subtypes: []string{ipLocation, countryLocation},
		read: readConditional(), write: writeConditional(), normalPage: 100, largestPage: 999, order: odata.Order{Path: "createdDateTime"}, counts: true,
		id: func(l *namedLocation) string { return l.ID },
	}
	r.claimed = func(l *namedLocation, typ string) {
		for _, known := range r.subtypes {
			if strings.EqualFold(typ, known) {
				l.said = known
			}
		}
	}
	r.kindOf = func(l *namedLocation) string { return l.kind }
	of := func(kind string, get func(*namedLocation) any) func(*namedLocation) any {
		return func(l *namedLocation) any {
			if l.kind != kind {
				return nil
			}
			return get(l)
		}
	}
	r.fields = []field[namedLocation]{
		readOnly("id", func(l *namedLocation) any { return l.ID }).sortable(func(l *namedLocation) any { return l.ID }),
		str("displayName", 256, func(l *namedLocation) *string { return &l.Name }).sortable(func(l *namedLocation) any { return folded(l.Name) }),
		readOnly("createdDateTime", func(l *namedLocation) any { return stamp(l.CreatedAt) }).sortable(func(l *namedLocation) any { return l.CreatedAt }),
		readOnly("modifiedDateTime", func(l *namedLocation) any { return stamp(l.ModifiedAt) }).sortable(func(l *namedLocation) any { return l.ModifiedAt }),
		{name: "isTrusted", get: of(ipLocation, func(l *namedLocation) any { return l.Trusted }), set: func(l *namedLocation, raw json.RawMessage) error {
			return strict("isTrusted", raw, &l.Trusted)
		}},
		{name: "ipRanges", get: of(ipLocation, func(l *namedLocation) any { return shownRanges(l.Ranges) }), set: setRanges},
		{name: "countriesAndRegions", get: of(countryLocation, func(l *namedLocation) any { return list(l.Countries) }), set: func(l *namedLocation, raw json.RawMessage) error {
			l.Countries = nil
			if err := strict("countriesAndRegions", raw, &l.Countries); err != nil || len(l.Countries) == 0 {
				return err
			}
			l.kind = countryLocation
			return nil
		}},
		{name: "countryLookupMethod", get: of(countryLocation, func(*namedLocation) any { return "clientIpAddress" }), set: func(_ *namedLocation, raw json.RawMessage) error {
			var s string
			if err := strict("countryLookupMethod", raw, &s); err != nil {
				return err
			}
			if s != "" && s != "clientIpAddress" {
				return invalidValue("countryLookupMethod", ": countries are told by the address alone (clientIpAddress)")
			}
			return nil
		}, unmanaged: true},
		{name: "includeUnknownCountriesAndRegions", get: of(countryLocation, func(l *namedLocation) any { return l.IncludeUnknown }), set: func(l *namedLocation, raw json.RawMessage) error {
			if err := strict("includeUnknownCountriesAndRegions", raw, &l.IncludeUnknown); err != nil || !l.IncludeUnknown {
				return err
			}
			l.kind = countryLocation
			return nil
		}},
	}
	r.fresh = func(*call) namedLocation { return namedLocation{kind: ipLocation} }
	r.all = func(ctx context.Context, c *call) ([]namedLocation, error) {
		all, err := c.tenant.Locations(ctx)
		out := make([]namedLocation, len(all))
		for i, l := range all {
			out[i] = shownLocation(l)
		}
		return out, err
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*namedLocation, error) {
		l, err := c.tenant.Location(ctx, strings.ToLower(key))
		x := shownLocation(l)
		return &x, err
	}
	r.check = func(_ context.Context, _ *call, l *namedLocation, sent func(string) bool) error {
		if l.CreatedAt.IsZero() && !sent("displayName") {
			return badRequest("A value is required for property 'displayName' of resource 'namedLocation'.", "displayName")
		}
		switch byCountry := l.ByCountry(); {
		case l.said == ipLocation && byCountry:
			return badRequest("An ipNamedLocation has ranges of addresses and no countries.", "@odata.type")
		case l.said == countryLocation && len(l.Ranges) > 0:
			return badRequest("A countryNamedLocation has countries and no ranges of addresses.", "@odata.type")
		case l.said == countryLocation && !byCountry:
			return invalidValue("countriesAndRegions", ": at least one country is expected")
		}
		return nil
	}
	r.create = func(ctx context.Context, c *call, l *namedLocation) error {
		made, err := c.tenant.CreateLocation(ctx, c.actor(), l.Location)
		if err == nil {
			*l = shownLocation(made)
		}
		return err
	}
	r.update = func(ctx context.Context, c *call, _ namedLocation, l *namedLocation, again func(*namedLocation) error) error {
		made, err := c.tenant.UpdateLocation(ctx, c.actor(), l.ID, func(have *policy.Location) error {
			now := shownLocation(*have)
			if err := again(&now); err != nil {
				return err
			}
			*have = now.Location
			return nil
		})
		if err == nil {
			*l = shownLocation(made)
		}
		return err
	}
	r.delete = func(ctx context.Context, c *call, l *namedLocation) error {
		return c.tenant.DeleteLocation(ctx, c.actor(), l.ID)
	}
	r.managing = &managing[namedLocation]{key: "displayName", keyOf: func(l *namedLocation) string { return l.Name }, name: func(l *namedLocation) string { return l.Name }, late: true}
	return r
}

func shownRanges(ranges []netip.Prefix) []object {
	out := make([]object, len(ranges))
	for i, p := range ranges {
		kind := "#microsoft.graph.iPv6CidrRange"
		if p.Addr().Is4() {
			kind = "#microsoft.graph.iPv4CidrRange"
		}
		out[i] = object{{"@odata.type", kind}, {"cidrAddress", p.String()}}
	}
	return out
}

// rangeBody is one range of the four types: by its prefix, or by its first and last address. Annotations were
// taken off when the request was read; the properties tell them apart.
type rangeBody struct {
	CIDR  string `json:"cidrAddress"`
	Lower string `json:"lowerAddress"`
	Upper string `json:"upperAddress"`
}

func setRanges(l *namedLocation, raw json.RawMessage) error {
	var list []rangeBody
	if err := strict("ipRanges", raw, &list); err != nil {
		return err
	}
	l.Ranges = nil
	for _, b := range list {
		if b.CIDR != "" {
			p, err := netip.ParsePrefix(strings.TrimSpace(b.CIDR))
			if err != nil {
				return invalidValue("ipRanges", ": '"+clipped(b.CIDR)+"' is not an address range in CIDR notation")
			}
			l.Ranges = append(l.Ranges, p)
			continue
		}
		lower, err := netip.ParseAddr(strings.TrimSpace(b.Lower))
		upper, err2 := netip.ParseAddr(strings.TrimSpace(b.Upper))
		some, ok := policy.Between(lower, upper)
		if err != nil || err2 != nil || !ok {
			return invalidValue("ipRanges", ": '"+clipped(b.Lower+"-"+b.Upper)+"' is not a range of addresses")
		}
		l.Ranges = append(l.Ranges, some...)
	}
	return nil
}

func clipped(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
