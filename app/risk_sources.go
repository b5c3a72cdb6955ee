package main

import (
	"os"

	"portico/app/signal"
	"portico/handlers/admin"
)

// riskSources says for the portal what the operator provides for detections, as it is now.
func (s *server) riskSources(places *signal.Places, lists *signal.Lists) func() []admin.RiskSource {
	return func() []admin.RiskSource {
		geo := admin.RiskSource{Name: "Places and networks", Setting: "PORTICO_GEOIP", There: s.config.GeoIP != "", Without: "New countries, travel and the network of a sign-in cannot be told."}
		if places.Broken() != nil {
			geo.Problem = "A file could not be opened; app doctor says which."
		}
		addresses := admin.RiskSource{Name: "Lists of addresses", Setting: "PORTICO_IP_LISTS", There: s.config.IPLists != "", Without: "Tor, VPN and addresses known for attacks cannot be told."}
		if lists.Broken() != nil {
			addresses.Problem = "A list cannot be read, or only an older one counts; app doctor says which."
		}
		breached := admin.RiskSource{Name: "Known passwords", Setting: "PORTICO_BREACHED_PASSWORDS", There: s.config.BreachedPasswords != "", Without: "Passwords that are known from a breach cannot be told at sign-in."}
		if breached.There {
			if _, err := os.Stat(s.config.BreachedPasswords); err != nil {
				breached.Problem = "The file cannot be read; app doctor says why."
			}
		}
		return []admin.RiskSource{geo, addresses, breached}
	}
}
