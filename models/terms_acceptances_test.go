package models_test

import (
	"fmt"
	"testing"
	"time"

	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

func TestWhoAgreedToWhat(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn, other := modelstest.MustTenant(t, s, "shop"), modelstest.MustTenant(t, s, "other")
		text := map[string]userflow.TermsText{"en": {Title: "Terms", Body: "Be kind."}}
		x, err := tn.CreateTerms(t.Context(), modelstest.Actor(), userflow.Terms{Name: "Terms", Language: "en", Texts: text})
		if err != nil {
			t.Fatal(err)
		}
		start := s.Now()
		for i := range 5 {
			u := modelstest.MustUser(t, tn, fmt.Sprintf("u%d@example.com", i))
			accepted := []userflow.Acceptance{{TermsID: x.ID, Version: 1, Locale: "de", At: start.Add(time.Duration(i/2) * time.Minute)}} // some at the same moment
			if i == 0 {
				accepted = append(accepted, userflow.Acceptance{TermsID: x.ID, Version: 2, Locale: "en", At: accepted[0].At})
			}
			if err := tn.Accept(t.Context(), modelstest.Actor(), u.ID, accepted); err != nil {
				t.Fatal(err)
			}
		}
		counts, err := tn.AcceptanceCounts(t.Context(), x.ID)
		if err != nil || counts[1] != 5 || counts[2] != 1 {
			t.Errorf("%v %v", counts, err)
		}
		if counts, err := other.AcceptanceCounts(t.Context(), x.ID); err != nil || len(counts) != 0 {
			t.Errorf("another tenant counts %v %v", counts, err)
		}
		for _, c := range []struct{ version, want int }{{0, 6}, {1, 5}, {2, 1}, {3, 0}} {
			seen, last := map[string]bool{}, time.Time{}
			q := models.AcceptanceQuery{Version: c.version, Limit: 2}
			for {
				p, err := tn.AcceptancePage(t.Context(), x.ID, q)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range p.Items {
					key := fmt.Sprint(a.UserID, a.Version)
					if seen[key] || a.UserName == "" || !last.IsZero() && a.At.After(last) {
						t.Errorf("%+v out of order, twice or without a name", a)
					}
					seen[key], last = true, a.At
				}
				if q.After = p.Next; q.After == "" {
					break
				}
			}
			if len(seen) != c.want {
				t.Errorf("version %d: %d, want %d", c.version, len(seen), c.want)
			}
		}
		if p, err := other.AcceptancePage(t.Context(), x.ID, models.AcceptanceQuery{}); err != nil || len(p.Items) != 0 {
			t.Errorf("another tenant lists %v %v", p.Items, err)
		}
		if _, err := tn.AcceptancePage(t.Context(), x.ID, models.AcceptanceQuery{After: "nonsense"}); err == nil {
			t.Error("a nonsense cursor is taken")
		}
	})
}
