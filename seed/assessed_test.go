package seed

import (
	"testing"

	"portico/app/record"
	"portico/app/risk"
	"portico/models"
	"portico/models/modelstest"
)

// The company's past is assessed by the engine itself: the account that was taken over stands out, most people do not,
// and the engine knows everybody by the time that somebody looks.
func TestTheSampleHasRisksToFind(t *testing.T) {
	s := modelstest.Open(t)
	c := made(t, s, "http://localhost:3000")
	if _, err := Fill(t.Context(), s, c); err != nil {
		t.Fatal(err)
	}
	dir, taken := s.Tenant(c.TenantID), newPeople(Number, c.CreatedAt).at(victim)
	u := modelstest.Must(dir.User(t.Context(), taken.ID))(t)
	if u.Risk.Level != risk.High || u.Risk.State != models.RiskAtRisk {
		t.Errorf("the account that was taken over: %+v", u.Risk)
	}
	kinds, people, states := map[string]int{}, map[string]bool{}, map[string]int{}
	err := dir.EachDetection(t.Context(), models.DetectionQuery{}, func(d models.Detection) error {
		if _, known := risk.KindOf(d.Type); !known {
			t.Errorf("%s is no detection", d.Type)
		}
		kinds[d.Type]++
		states[d.State]++
		people[d.UserID] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(kinds) < 4 || len(people) < 10 || len(people) > Customers/2 || states[models.RiskAtRisk] == 0 || states[models.RiskDismissed] == 0 || states[models.RiskSafe] == 0 {
		t.Errorf("%d people, %v, %v", len(people), kinds, states)
	}
	h := modelstest.Must(dir.RiskHistory(t.Context(), taken.ID, taken.signals(taken.devices[0], false), s.Now()))(t)
	if h.Person.Times < 5 || !h.Person.KnowsCountry(taken.Country) || h.Person.KnowsCountry("PH") {
		t.Errorf("%+v", h.Person)
	}
	if n, err := Fill(t.Context(), s, c); n != 0 || err != nil {
		t.Errorf("filled twice: %d %v", n, err)
	}
	if p := modelstest.Must(dir.SignIns(t.Context(), models.SignInQuery{Result: string(record.Failure), IP: "203.0.113.41", From: s.Now().Add(-day)}))(t); len(p.Items) == 0 {
		t.Error("nobody sprays passwords")
	}
}
