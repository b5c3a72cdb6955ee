package i18n

import (
	"maps"
	"math"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Country is the name of a country by its ISO 3166-1 code; what is no code of a country comes back as it is.
func (l *Localizer) Country(code string) string {
	r, err := language.ParseRegion(code)
	if err != nil || !r.IsCountry() {
		return code
	}
	if names := display.Regions(l.Tag); names != nil {
		if name := names.Name(r); name != "" {
			return name
		}
	}
	if name := display.English.Regions().Name(r); name != "" {
		return name
	}
	return code
}

// wholeNumber reads a count of evidence, which is a float64 once it comes out of storage.
func wholeNumber(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case float64:
		return int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	}
	return 0, false
}

// Grouped writes a whole number with its thousands apart, as "number.group" of the catalogue says.
func (l *Localizer) Grouped(n int64) string {
	digits, sign := strconv.FormatInt(n, 10), ""
	if n < 0 {
		digits, sign = digits[1:], "−"
	}
	group := l.T("number.group")
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + group + digits[at:]
	}
	return sign + digits
}

// Evidence words a finding: its sentence with what was seen filled in. Countries are stored as codes and become names
// here; {place} is "city, country" of "city" and "country", {from} the same of "fromCity" and "fromCountry", {usual}
// the name of "usualCountry"; each is "an unknown place" where nothing is known.
func (l *Localizer) Evidence(key string, evidence map[string]any) string {
	values := maps.Clone(evidence)
	if values == nil {
		values = map[string]any{}
	}
	text := func(name string) string { s, _ := values[name].(string); return strings.TrimSpace(s) }
	place := func(city, country string) string {
		where := l.Country(country)
		switch {
		case city != "" && where != "":
			return l.T("risk.place", "city", city, "country", where)
		case city != "" || where != "":
			return city + where
		}
		return l.T("risk.place_unknown")
	}
	values["place"] = place(text("city"), text("country"))
	values["from"] = place(text("fromCity"), text("fromCountry"))
	values["usual"] = place("", text("usualCountry"))
	for _, name := range []string{"browser", "fromBrowser"} {
		if text(name) == "" {
			values[name] = l.T("risk.browser_unknown")
		}
	}
	for _, name := range []string{"km", "kmh", "accounts", "attempts", "failures"} {
		if n, ok := wholeNumber(values[name]); ok {
			values[name] = l.Grouped(n)
		}
	}
	if text("network") == "" {
		values["network"] = l.T("risk.network_unknown")
	}
	return l.T(key, values)
}
