package models_test

import (
	"testing"

	"portico/app/policy"
	"portico/models"
	"portico/models/modelstest"
)

// BenchmarkReplay reads a hundred thousand recorded sign-ins and asks two sets of policies about each:
//
//	PORTICO_BENCH_ENGINE=postgres go test ./models -run '^$' -bench Replay -benchtime 1x
//
// PORTICO_BENCH_SIGNINS changes how many there are. Budget: 50,000 in a second, on one core, reading included.
func BenchmarkReplay(b *testing.B) {
	s := modelstest.OpenScratch(b, benchEngine())
	tn := modelstest.MustTenant(b, s.Store, "")
	var present policy.Rules
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		p := everybody(id, policy.ControlMFA)
		p.Conditions.Applications.IncludeApplications = []string{"app-0"}
		p.Conditions.Platforms = &policy.Platforms{Include: []string{"iOS", "android"}}
		present.Policies = append(present.Policies, p)
	}
	n := benchSize(b, "PORTICO_BENCH_SIGNINS", 100_000)
	for left := n; left > 0; left -= 5000 {
		history(b, tn, present, min(left, 5000))
	}
	for _, c := range []struct {
		name  string
		draft policy.Rules
	}{
		{"everything", models.WithPolicy(present, everybody("f", policy.ControlMFA))},
		{"one app", models.WithPolicy(present, func() policy.Policy {
			p := everybody("f", policy.ControlMFA)
			p.Conditions.Applications.IncludeApplications = []string{"app-1"}
			return p
		}())},
	} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				r, err := tn.StartReplay(b.Context(), modelstest.Actor(), models.ReplayDraft{Name: "bench", Days: 30, Present: present, Draft: c.draft})
				if err == nil {
					err = tn.StepReplay(b.Context(), r.ID, 0)
				}
				if err == nil {
					r, err = tn.Replay(b.Context(), r.ID)
				}
				if err != nil || r.Report.Asked != int64(n) {
					b.Fatal(err, r.State, r.Report.Asked)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "signins/s")
		})
	}
}
