package i18n

import (
	"maps"
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
	if text("network") == "" {
		values["network"] = l.T("risk.network_unknown")
	}
	return l.T(key, values)
}
