package risk

import (
	"fmt"
	"net/netip"
	"time"
)

// simulation.go: attacks that never happened, for trying out what is shown and done about one (R 6.12). They come from
// addresses that are nobody's (RFC 5737), and the door looks none of them up.

// The figures of a simulated attack: few enough to be seen at a glance, many enough for a picture.
const (
	simulatedTries   = 90
	simulatedSources = 12
	simulatedSpan    = 30 * time.Minute
	simulatedTexts   = 180
	simulatedRefused = 40
	simulatedCode    = "999" // no country has it (ITU-T E.164)
)

// WaveOf is the kind of attack that a type of detection is about; "" = it is about one sign-in or one account alone.
func WaveOf(detection string) string {
	switch detection {
	case PasswordSpray, CredentialStuffing, SMSPumping:
		return detection
	case suspiciousSignUpType:
		return SignUpBurst
	}
	return ""
}

// SimulatedIP is an address that is nobody's (RFC 5737, TEST-NET-3).
func SimulatedIP(n int) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, 113, byte(n)}) }

// SimulatedWave is an attack of a kind that ended a moment ago and met one test person, whose password it knew.
func SimulatedWave(kind, id string, person Entry, now time.Time) Incident {
	i := Incident{ID: id, Kind: kind, State: IncidentOpen, Simulated: true, For: person.UserID, BeganAt: now.Add(-simulatedSpan), LastAt: now}
	if kind == SMSPumping {
		i.Code, i.Usual, i.Texts, i.Refused, i.Attempts = simulatedCode, 3, simulatedTexts, simulatedRefused, simulatedTexts+simulatedRefused
		i.Keys = []string{"code " + simulatedCode}
	} else {
		for n := range simulatedTries {
			i.Add(simulatedTry(kind, n, now))
		}
		for n := range simulatedSources {
			i.Keys = append(i.Keys, SourceOf(SimulatedIP(n+1)))
		}
		if kind == SignUpBurst {
			i.Usual = 1
		} else {
			last := simulatedTry(kind, 0, now)
			last.At, last.UserID, last.Person, last.Name, last.Failed, last.Right, last.Through = now, person.UserID, person.Name, "", false, true, true
			i.Add(last)
		}
	}
	i.Level = i.Rate()
	i.Note(Act{At: now, What: "simulated", Actor: ""})
	return i
}

// SimulatedSources are the addresses of a simulated attack, with their attempts.
func SimulatedSources(i Incident) map[string]int {
	out := map[string]int{}
	for _, k := range i.Keys {
		if IsAddress(k) {
			out[k] = i.Attempts / simulatedSources
		}
	}
	return out
}

// simulatedTry is the n-th attempt of a simulated attack.
func simulatedTry(kind string, n int, now time.Time) Try {
	t := Try{At: now.Add(-simulatedSpan + time.Duration(n)*simulatedSpan/simulatedTries), Source: SourceOf(SimulatedIP(n%simulatedSources + 1)), Agent: "curl", Times: 1, Failed: true}
	switch {
	case kind == SignUpBurst:
		t.SignUp, t.Failed = true, false
	case kind == CredentialStuffing && n%3 != 0: // mostly names that nobody has here
		t.Name = fmt.Sprintf("simulated %d", n)
	default:
		t.UserID = fmt.Sprintf("simulated %d", n%40)
	}
	return t
}
