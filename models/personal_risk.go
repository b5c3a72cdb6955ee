package models

import (
	"time"

	"portico/app/risk"
)

// PersonalDetection is what was found strange about a sign-in or the account. ReasonKey is a message key, whose
// arguments are the evidence.
type PersonalDetection struct {
	At        time.Time      `json:"detectedDateTime"`
	Type      string         `json:"riskEventType"`
	Level     string         `json:"riskLevel"`
	State     string         `json:"riskState"`
	ReasonKey string         `json:"reason,omitempty"`
	Evidence  map[string]any `json:"evidence,omitempty"`
	IP        string         `json:"ipAddress,omitempty"`
	Country   string         `json:"country,omitempty"`
	City      string         `json:"city,omitempty"`
}

// PersonalRisk is one change of the risk that the account was taken to be at.
type PersonalRisk struct {
	At     time.Time `json:"dateTime"`
	Level  string    `json:"riskLevel"`
	State  string    `json:"riskState"`
	Detail string    `json:"riskDetail,omitempty"`
}

// PersonalUsual is what is usual for a person: values of one property that their own sign-ins came with lately.
type PersonalUsual struct {
	Property string   `json:"property"`
	Values   []string `json:"values"`
}

// PersonalLeak is that the person's address is on an imported list of leaked accounts.
type PersonalLeak struct {
	At     time.Time `json:"leakedDateTime"`
	Source string    `json:"source"`
}

// risks gathers what Identity Protection holds about somebody. What can be taken back of what was said about them
// says nothing more.
func (g *gathering) risks(d *PersonalData, _ User) error {
	rows, err := mine[RiskDetectionRow](g, "detected_at, id")
	if err != nil {
		return err
	}
	list, err := detectionsOf(rows)
	if err != nil {
		return err
	}
	for _, x := range list {
		d.Detections = append(d.Detections, PersonalDetection{At: x.DetectedAt, Type: x.Type, Level: x.Level, State: x.State, ReasonKey: x.Key, Evidence: x.Evidence,
			IP: x.IP, Country: x.Country, City: x.City})
	}
	events, err := mine[RiskEventRow](g, "at, id")
	if err != nil {
		return err
	}
	for _, e := range events {
		d.RiskHistory = append(d.RiskHistory, PersonalRisk{At: e.At.UTC(), Level: e.Level, State: e.State, Detail: e.Detail})
	}
	leaks, err := mine[LeakedAddressRow](g, "leaked_at")
	if err != nil {
		return err
	}
	for _, l := range leaks {
		d.Leaks = append(d.Leaks, PersonalLeak{l.LeakedAt.UTC(), l.Source})
	}
	p, err := g.riskPerson(g.ctx, g.userID)
	if err != nil {
		return err
	}
	for _, name := range []string{risk.FeatureIP, risk.FeatureSubnet, risk.FeatureNetwork, risk.FeatureCountry, risk.FeatureRegion, risk.FeatureCity, risk.FeatureSoftware,
		risk.FeatureAgent, risk.FeatureSystem, risk.FeatureCookie, risk.FeatureLanguage, risk.FeatureHour} {
		u := PersonalUsual{Property: name}
		for _, s := range p.Usual(name) {
			u.Values = append(u.Values, s.Value)
		}
		if len(u.Values) > 0 {
			d.Usual = append(d.Usual, u)
		}
	}
	return nil
}
