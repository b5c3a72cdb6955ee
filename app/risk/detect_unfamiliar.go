package risk

import (
	"math"
	"time"

	"portico/app/record"
)

// unfamiliar: the address, the network, the place, the browser, the device and the hour together are unlike what the
// person does (R 6.4.18). Which of them is new matters less than how unlikely all of them are for this person,
// compared with an attacker: score.go. Nothing is found while the person is being learnt.
func unfamiliar() Detector {
	const kind = "unfamiliarFeatures"
	return Detector{Type: kind, Timing: RealTime, Needs: []string{NeedPerson, NeedEveryone},
		Name:   "Unfamiliar sign-in properties",
		Sees:   "Address, network, place, browser, system, device and hour together are unlike what the person does, and rather like what attackers do.",
		Levels: []string{Low, Medium, High}, Technique: "T1078", Simulated: true,
		Detect: func(in Input) []record.Finding {
			level := in.Settings.unusual(in.Score)
			if level == None || in.SignUp || Learning(in.History.Person, in.Settings, in.Now) {
				return nil
			}
			return []record.Finding{{Type: kind, Level: level, Key: "risk.found.unfamiliar", Evidence: explain(in)}}
		}}
}

// Learning reports whether too little is known of a person to call anything unfamiliar: in their first days, with few
// sign-ins, and when they come back after a long time.
func Learning(p Person, s Settings, now time.Time) bool {
	s = s.Filled()
	since := p.Since
	if since.After(now) { // a clock ran ahead then: nobody is a beginner until real time catches up with it
		since = p.First
	}
	if since.After(now) {
		since = time.Time{}
	}
	return float64(p.Times) < s.UnfamiliarSignIns || now.Sub(since) < time.Duration(s.UnfamiliarDays*float64(24*time.Hour)) ||
		now.Sub(p.Last) > dormant
}

// unusual is the level of a score.
func (s Settings) unusual(score float64) string {
	switch {
	case score >= s.UnfamiliarHigh:
		return High
	case score >= s.UnfamiliarMedium:
		return Medium
	case score >= s.UnfamiliarLow:
		return Low
	}
	return None
}

// Differs is what the evidence of unfamiliar properties says of one of them.
type Differs struct {
	Name     string  `json:"name"`
	Value    string  `json:"value,omitempty"`
	Usual    string  `json:"usual,omitempty"` // what the person comes with mostly
	Often    float64 `json:"often,omitempty"` // the share of that
	Person   float64 `json:"person"`
	Everyone float64 `json:"everyone"`
	Weight   float64 `json:"weight"`
}

// Otherwise says what the level would be, were one part of the sign-in as usual.
type Otherwise struct {
	Part  string  `json:"part"` // place, software, device
	Score float64 `json:"score"`
	Level string  `json:"level"`
}

// explain puts into the evidence what was usual, what differed, how much each feature contributed, and what would have
// been said of the same sign-in from the usual place, or with the usual browser.
func explain(in Input) map[string]any {
	e := evidence(in.Signals, 12)
	e["browser"], e["os"] = in.Signals.Browser, in.Signals.OS
	e["score"], e["signIns"] = round(in.Score), in.History.Person.Times
	p := in.History.Person
	differs := make([]Differs, 0, len(in.Features))
	for _, f := range in.Features {
		d := Differs{Name: f.Name, Value: f.Value, Person: round(f.Person), Everyone: round(f.Everyone), Weight: round(f.Weight)}
		if at, ok := featureOf(f.Name); ok {
			usual := p.usual(at)
			if at != fCookie { // which device it was is nobody's business; that it is another one is
				d.Usual = usual
			} else {
				d.Value = ""
			}
			d.Often = round(p.share(at, usual))
		}
		differs = append(differs, d)
	}
	e["features"] = differs
	e["otherwise"] = otherwise(in)
	return e
}

// otherwise adds the score up again with one part as usual; what was weighed for the score serves again. Usual is taken
// to say nothing for the person, though it would: the level told is the worst that it could be.
func otherwise(in Input) []Otherwise {
	parts := [...]struct {
		name     string
		first    chain
		last     chain
		stranger bool
	}{{"place", cNetwork, cPlace, true}, {"software", cSoftware, cSoftware, false}, {"device", cCookie, cCookie, false}}
	if in.weighed == nil {
		return nil
	}
	now := in.Settings.unusual(in.Score)
	var out []Otherwise
	for _, part := range parts {
		w := *in.weighed
		for c := part.first; c <= part.last; c++ {
			w.own[c], w.attack[c] = max(w.own[c], 0), [classes]float64{}
		}
		if part.stranger {
			w.stranger, w.source, w.listed, w.crowd = 0, 0, 0, 0
		}
		w.sum()
		if level := in.Settings.unusual(w.score); Rank(level) < Rank(now) {
			out = append(out, Otherwise{Part: part.name, Score: round(w.score), Level: level})
		}
	}
	return out
}

func round(x float64) float64 { return math.Round(x*1000) / 1000 }
