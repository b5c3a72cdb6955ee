package risk

import (
	"slices"

	"portico/app/record"
)

// Kinds of the operator's lists of addresses (PORTICO_IP_LISTS), as signals name them.
const (
	ListTor       = "tor"
	ListVPN       = "vpn"
	ListProxy     = "proxy"
	ListMalicious = "malicious"
	ListMalware   = "malware"
	ListActor     = "threatActor"
)

func listed(in Input, list string) bool { return slices.Contains(in.Signals.Lists, list) }

// anonymousAddress: an address behind which people hide (R 6.4.5). A commercial VPN hides honest people every day, the
// exit of an anonymising network hardly ever; the one is low, the other medium.
func anonymousAddress() Detector {
	const kind = "anonymizedIPAddress"
	return Detector{Type: kind, Timing: RealTime, Needs: []string{NeedLists},
		Name:   "Anonymous IP address",
		Sees:   "The address is on a list of exits of Tor, of VPN providers, or of open proxies.",
		Levels: []string{Low, Medium}, Technique: "T1090.003", Simulated: true,
		Detect: func(in Input) []record.Finding {
			for _, c := range []struct{ list, level, key string }{
				{ListTor, Medium, "risk.found.tor"}, {ListProxy, Medium, "risk.found.proxy"}, {ListVPN, Low, "risk.found.vpn"}} {
				if listed(in, c.list) {
					e := whereabouts(in.Signals)
					e["list"] = c.list
					return []record.Finding{{Type: kind, Level: c.level, Key: c.key, Evidence: e}}
				}
			}
			return nil
		}}
}

// malwareAddress: an address that talks to servers of bot nets (R 6.4.9).
func malwareAddress() Detector {
	const kind = "malwareInfectedIPAddress"
	return Detector{Type: kind, Timing: RealTime, Needs: []string{NeedLists}, Refresh: true,
		Name:   "Malware-linked IP address",
		Sees:   "The address is on a list of machines that malware controls.",
		Levels: []string{Medium}, Technique: "T1584.005", Simulated: true,
		Detect: func(in Input) []record.Finding {
			if !listed(in, ListMalware) {
				return nil
			}
			return []record.Finding{{Type: kind, Level: Medium, Key: "risk.found.malware", Evidence: whereabouts(in.Signals)}}
		}}
}

// threatActor: an address of a known group of attackers, always high (R 6.2.3, 6.4.19), also from a trusted place.
func threatActor() Detector {
	const kind = "nationStateIP"
	return Detector{Type: kind, Timing: RealTime, Needs: []string{NeedLists}, Firm: true, Refresh: true,
		Name:   "Verified threat actor IP",
		Sees:   "The address is on a list of addresses that a known group of attackers uses.",
		Levels: []string{High}, Technique: "T1583", Simulated: true,
		Detect: func(in Input) []record.Finding {
			if !listed(in, ListActor) {
				return nil
			}
			return []record.Finding{{Type: kind, Level: High, Key: "risk.found.threat_actor", Evidence: whereabouts(in.Signals)}}
		}}
}
