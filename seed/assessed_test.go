package seed

import (
	"testing"
	"time"

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
	kinds, people, states, signIns := map[string]int{}, map[string]bool{}, map[string]int{}, map[string]bool{}
	err := dir.EachDetection(t.Context(), models.DetectionQuery{}, func(d models.Detection) error {
		if _, known := risk.KindOf(d.Type); !known {
			t.Errorf("%s is no detection", d.Type)
		}
		kinds[d.Type]++
		states[d.State]++
		people[d.UserID], signIns[d.SignInID] = true, true
		if d.UserID == taken.ID && d.City != "Manila" {
			t.Errorf("%s of %s is no part of her story", d.Type, d.City)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(kinds) < 4 || len(people) < 10 || len(people) > Customers/10 {
		t.Errorf("%d people, %v, %v", len(people), kinds, states)
	}
	for _, state := range []string{models.RiskAtRisk, models.RiskDismissed, models.RiskSafe, models.RiskRemediated} {
		if states[state] == 0 {
			t.Errorf("nothing is %s: %v", state, states)
		}
	}
	if found, all := len(signIns), modelstest.Must(dir.CountSignIns(t.Context(), models.SignInQuery{}, 100_000))(t); found*50 > all {
		t.Errorf("something was found in %d of %d sign-ins", found, all)
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

// What became of the risks is spread over the weeks, and few are left for whoever looks at the portal.
func TestTheSamplesRisksWereDealtWithInTheirTime(t *testing.T) {
	s := modelstest.Open(t)
	c := made(t, s, "http://localhost:3000")
	if _, err := Fill(t.Context(), s, c); err != nil {
		t.Fatal(err)
	}
	people := modelstest.Must(s.Tenant(c.TenantID).RiskyUsers(t.Context(), models.RiskQuery{Limit: 200}))(t).Items
	open, weeks, details := 0, map[int]bool{}, map[string]int{}
	for _, u := range people {
		if u.Risk.Level != "" {
			open++
		}
		if u.Risk.At.After(c.CreatedAt) {
			t.Errorf("%s: %+v", u.DisplayName, u.Risk)
		}
		weeks[int(c.CreatedAt.Sub(u.Risk.At)/(7*day))] = true
		details[u.Risk.Detail]++
	}
	if open == 0 || open > 5 || len(people) > 30 || len(weeks) < 4 || details[models.RiskPassedMFA] == 0 || details[models.RiskSetByOwner] != 1 {
		t.Errorf("%d of %d at risk, in %d weeks, %v", open, len(people), len(weeks), details)
	}
}

// The spray of last night is an incident, with its sources, found and ended at night.
func TestTheSprayIsAnIncident(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		c := made(t, s, "http://localhost:3000")
		if _, err := Fill(t.Context(), s, c); err != nil {
			t.Fatal(err)
		}
		dir, spray := s.Tenant(c.TenantID), c.history().attacks(sprayDay)
		list := modelstest.Must(dir.Incidents(t.Context(), models.IncidentQuery{}))(t).Items
		if len(list) != 1 {
			t.Fatalf("%d incidents", len(list))
		}
		i := list[0]
		if i.Kind != risk.PasswordSpray || i.Attempts != len(spray) || i.Failures != len(spray) || i.Tried.Count() < 100 || i.Unknown.Count() < 40 || len(i.Entries) != 0 {
			t.Errorf("%s: %d of %d attempts, %d accounts, %d strangers", i.Kind, i.Attempts, len(spray), i.Tried.Count(), i.Unknown.Count())
		}
		if i.BeganAt.After(spray[0].StartedAt) || !i.LastAt.Equal(spray[len(spray)-1].EndedAt.Truncate(time.Microsecond)) && !i.LastAt.Equal(spray[len(spray)-1].StartedAt.Truncate(time.Microsecond)) || len(i.Acts) == 0 || i.Acts[0].At.Sub(spray[0].StartedAt) > time.Hour {
			t.Errorf("from %s to %s, %+v", i.BeganAt, i.LastAt, i.Acts)
		}
		if n := modelstest.Must(dir.CountIncidentSources(t.Context(), i.ID))(t); n != 5 {
			t.Errorf("%d sources", n)
		}
		// The job finds nothing more.
		if _, err := dir.FindIncidents(t.Context(), models.WaveFinder{By: actor()}); err != nil {
			t.Error(err)
		}
		if n := len(modelstest.Must(dir.Incidents(t.Context(), models.IncidentQuery{}))(t).Items); n != 1 {
			t.Errorf("%d incidents after the job", n)
		}
	})
}

// Whenever the company is made, the spray is over by then, and less than a day old.
func TestTheSprayIsOver(t *testing.T) {
	for hour := range 24 {
		at := anchor.Truncate(day).Add(time.Duration(hour)*time.Hour + 17*time.Minute)
		spray := newHistory(Number, at, 300, 5000, testWorld()).attacks(sprayDay)
		if first, last := spray[0], spray[len(spray)-1]; last.EndedAt.After(at) || first.StartedAt.Before(at.Add(-day)) {
			t.Errorf("made at %s: %s – %s", at, first.StartedAt, last.EndedAt)
		}
	}
}
