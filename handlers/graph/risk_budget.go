package graph

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"time"

	"portico/app/access"
	"portico/app/risk"
	"portico/app/tenant"
	"portico/handlers/graph/odata"
	"portico/models"
)

// riskBudget is /beta/portico/riskBudget: how many of everybody's sign-ins would have been challenged in the last 30
// days (GET, with challengeShare in percent), and choosing so (PATCH), which sets the threshold that follows; null chooses no budget any more.
type riskBudget struct{ a *API }

func (riskBudget) prefix() []string { return []string{"portico", "riskBudget"} }

// budgetDays is how far back a budget looks.
const budgetDays = 30

// usualBudget is the share that is shown when a tenant never chose one.
const usualBudget = 2.0

func (s riskBudget) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	switch {
	case c.version != "beta":
		return nil, noSegment("portico")
	case keys != nil || len(rest) > 0:
		return nil, noSegment("riskBudget")
	case c.method == http.MethodGet || c.method == http.MethodHead:
		if !c.caller.may(readRisks()...) {
			return nil, denied()
		}
		return s.show(ctx, c)
	case c.method != http.MethodPatch:
		return nil, wrongMethod(http.MethodGet, http.MethodPatch)
	case !c.caller.may(access.RiskConfigure):
		return nil, denied()
	}
	d, err := c.json()
	if err != nil {
		return nil, err
	}
	share := -1.0
	for _, name := range d.names {
		if name != "challengeShare" {
			return nil, badRequest("Invalid property '"+name+"'.", name)
		}
		if bytes.Equal(bytes.TrimSpace(d.values[name]), []byte("null")) {
			return s.off(ctx, c)
		}
		if err := strict(name, d.values[name], &share); err != nil {
			return nil, err
		}
	}
	if err := risk.CheckBudget(share); err != nil {
		return nil, err
	}
	days, err := s.scores(ctx, c)
	if err != nil {
		return nil, err
	}
	plan := risk.PlanBudget(days, share)
	if !plan.Enough {
		return nil, badRequest("There were too few sign-ins in the last 30 days to choose a threshold by.", "challengeShare")
	}
	_, err = c.tenant.Update(ctx, c.actor(), func(t *tenant.Tenant) error {
		t.Settings.Risk = t.Settings.Risk.Budgeted(plan)
		return t.Settings.Risk.Validate()
	})
	return emptied(err)
}

// off ends the budget. Without one, the thresholds that it moved are the defaults again.
func (s riskBudget) off(ctx context.Context, c *call) (*response, error) {
	_, err := c.tenant.Update(ctx, c.actor(), func(t *tenant.Tenant) error {
		t.Settings.Risk = t.Settings.Risk.Unbudgeted()
		return nil
	})
	return emptied(err)
}

// scores are the histograms of the last days.
func (s riskBudget) scores(ctx context.Context, c *call) ([]risk.ScoreDay, error) {
	now := s.a.Store.Now()
	counts, err := c.tenant.RiskDays(ctx, now.AddDate(0, 0, -budgetDays), now)
	if err != nil {
		return nil, err
	}
	var out []risk.ScoreDay
	for _, d := range counts {
		if d.Kind != models.DayScore {
			continue
		}
		bucket, err := strconv.Atoi(d.Value)
		if err != nil {
			return nil, err
		}
		day, err := time.Parse(time.DateOnly, d.Day)
		if err != nil {
			return nil, err
		}
		if len(out) == 0 || !out[len(out)-1].Day.Equal(day) {
			out = append(out, risk.ScoreDay{Day: day, Scores: map[int]int{}})
		}
		out[len(out)-1].Scores[bucket] += int(d.Count)
	}
	return out, nil
}

func (s riskBudget) show(ctx context.Context, c *call) (*response, error) {
	t, err := c.tenant.Get(ctx)
	if err != nil {
		return nil, err
	}
	days, err := s.scores(ctx, c)
	if err != nil {
		return nil, err
	}
	chosen := any(nil)
	share := usualBudget
	if t.Settings.Risk.ChallengeShare > 0 {
		share = t.Settings.Risk.ChallengeShare
		chosen = share
	}
	plan := risk.PlanBudget(days, share)
	threshold := t.Settings.Risk.Filled().UnfamiliarMedium
	perDay := []object{}
	scored, reaching := 0, 0
	for _, d := range days {
		n, over := d.Total(), d.Reaching(threshold)
		scored, reaching = scored+n, reaching+over
		perDay = append(perDay, object{{"date", d.Day.Format(time.DateOnly)}, {"signIns", n}, {"challenged", over}})
	}
	now := 0.0
	if scored > 0 {
		now = 100 * float64(reaching) / float64(scored)
	}
	return c.entity("portico/riskBudget", object{{"id", "riskBudget"}, {"challengeShare", chosen}, {"threshold", threshold}, {"signIns", scored}, {"challengedShareWithThreshold", now},
		{"proposal", object{{"challengeShare", plan.Percent}, {"threshold", plan.Threshold}, {"challenged", plan.Reaching}, {"enoughSignIns", plan.Enough}}}, {"days", perDay}}), nil
}
