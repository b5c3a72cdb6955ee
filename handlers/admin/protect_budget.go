package admin

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/risk"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// budgetDays is how far back a budget looks.
const budgetDays = 30

func budgetHelp() views.Help {
	return views.Help{What: "How unusual a sign-in is for its person is a score. From the threshold on it counts as medium risk, at which most policies ask for a second factor. Instead of choosing a score, say how many sign-ins may be asked at most: the threshold follows from the scores of the last 30 days.",
		Do: "Try a share, read what it would have done, and apply it. Only unfamiliar sign-in properties go by this threshold: a sign-in from Tor or with a leaked password is challenged whatever the budget."}
}

// readPercent reads a share in percent as people type it.
func readPercent(s string) (float64, error) {
	x, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "%")), ",", "."), 64)
	if err != nil {
		x = math.NaN()
	}
	return x, risk.CheckBudget(x)
}

func (p *Portal) budget(c *fiber.Ctx) error {
	v := visitOf(c)
	share := c.Query("challengeShare")
	if share == "" {
		share = "2"
		if own := v.dir.Tenant.Settings.Risk.ChallengeShare; own > 0 {
			share = trimFloat(own)
		}
	}
	return p.budgetPage(c, share, nil)
}

func (p *Portal) budgetPage(c *fiber.Ctx, share string, problem error) error {
	v := visitOf(c)
	m := views.Protect{Tab: tabBudget}
	title, lead := "Challenge budget", "Say how many sign-ins may be challenged; the threshold follows."
	if !v.dir.Tenant.Governed() {
		return p.protect(c, title, lead, budgetHelp(), m, nil)
	}
	now, err := v.tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	settings := now.Settings.Risk
	days, err := p.budgetScores(c)
	if err != nil {
		return err
	}
	percent, bad := readPercent(share)
	if problem == nil {
		problem = bad
	}
	try := views.Form{Action: v.protectBase() + "/budget", Get: true, Submit: "See what it would do", Main: true, Fields: []views.Field{
		{Name: "challengeShare", Label: "Challenge at most (% of sign-ins)", Hint: "From 0.1 to 50. Two in a hundred is a good start.", Value: share, InputMode: "decimal"}}}
	if !complain(handlers.InfoOf(c).Locale, &try, problem) {
		return problem
	}
	m.Before = []views.Section{{ID: "budget", Title: "Your budget", Form: &try}}
	drift := risk.DriftOf(days[len(days)-7:], settings)
	if drift.Off != "" {
		m.Notices = append(m.Notices, views.Notice{Tone: "warn", Title: "The budget is off", Text: driftWords(drift)})
	}
	m.Rest = []views.Section{nowSection(settings, drift)}
	if bad != nil {
		return p.protect(c, title, lead, budgetHelp(), m, try.Problems)
	}
	plan := risk.PlanBudget(days, percent)
	medium := settings.Filled().UnfamiliarMedium
	m.Figures = []views.Figure{
		{Label: "Threshold", Value: trimFloat(plan.Threshold), Note: "now " + trimFloat(medium)},
		{Label: "It would have challenged", Value: percentOf(int64(plan.Reaching), int64(plan.SignIns)), Note: fmt.Sprintf("%s of %s sign-ins in %d days", grouped(int64(plan.Reaching)), grouped(int64(plan.SignIns)), budgetDays)},
		{Label: "At most", Value: trimFloat(percent) + " %", Note: "what you asked for"},
	}
	if !plan.Enough {
		m.Notices = append(m.Notices, views.Notice{Tone: "warn", Title: "Too few sign-ins to go by", Text: "A budget needs a few hundred scored sign-ins. Until then the default threshold is the better choice."})
	}
	m.Charts = []views.PanelChart{{Title: "What it would have done", Chart: budgetChart(days, plan, medium)}}
	if apply := p.applySection(c, v, now, plan, share, problem); apply != nil {
		m.Rest = append([]views.Section{*apply}, m.Rest...)
	}
	return p.protect(c, title, lead, budgetHelp(), m, try.Problems)
}

// budgetScores are the scores that a budget looks at.
func (p *Portal) budgetScores(c *fiber.Ctx) ([]risk.ScoreDay, error) {
	to := today(p.Now())
	from := to.AddDate(0, 0, 1-budgetDays)
	rows, err := visitOf(c).tenant.RiskDays(c.UserContext(), from, to)
	return scoreDays(rows, from, to), err
}

// applySection offers to take the threshold, unless it is the present one.
func (p *Portal) applySection(c *fiber.Ctx, v *visit, now tenant.Tenant, plan risk.Budget, share string, problem error) *views.Section {
	s := now.Settings.Risk
	if !v.decidesRisk() || !plan.Enough {
		return nil
	}
	x := &views.Section{ID: "apply", Title: "Apply it"}
	if s.ChallengeShare == plan.Percent && s.Filled().UnfamiliarMedium == plan.Threshold {
		x.Says = []string{"This budget is applied."}
		return x
	}
	form := views.Form{Action: v.protectBase() + "/budget", Submit: "Apply " + trimFloat(plan.Percent) + " %", Quiet: true,
		Note:   "Unfamiliar sign-in properties count as medium from a score of " + trimFloat(plan.Threshold) + " on. It counts from the next sign-in, and can be taken back.",
		Fields: []views.Field{{Kind: views.Hidden, Name: "challengeShare", Value: share}, {Kind: views.Hidden, Name: "threshold", Value: trimFloat(plan.Threshold)}, loadedFrom(c, s, problem)}}
	x.Form = &form
	return x
}

// nowSection says what counts now, and how far it is from what was asked for.
func nowSection(s risk.Settings, d risk.Drift) views.Section {
	budget, week := "None was applied", "–"
	if s.ChallengeShare > 0 {
		budget = "At most " + trimFloat(s.ChallengeShare) + " %"
	}
	if d.SignIns > 0 {
		week = fmt.Sprintf("%s of %s sign-ins", percentOf(int64(math.Round(d.Share*float64(d.SignIns))), int64(d.SignIns)), grouped(int64(d.SignIns)))
	}
	drift := badge("ok", "As asked")
	switch {
	case d.Off == risk.MoreThanAsked:
		drift = badge("warn", "More than asked")
	case d.Off == risk.FarLess:
		drift = badge("info", "Far less than asked")
	case !d.Told:
		drift = badge("neutral", "Cannot be told")
		drift.Sub = choose(s.ChallengeShare > 0, "There were too few sign-ins.", "No budget was applied.")
	}
	return views.Section{ID: "now", Title: "What counts now", Summary: []views.Fact{fact("Budget", plain(budget)), fact("Threshold for medium", plain(trimFloat(s.Filled().UnfamiliarMedium))),
		fact("Reached in the last 7 days", plain(week)), fact("Drift", drift)}}
}

// budgetChart compares what the threshold would have done on each day with what the present one did.
func budgetChart(days []risk.ScoreDay, plan risk.Budget, medium float64) views.Chart {
	c := views.Chart{ID: "budget", Unit: "sign-ins", Lines: true, Series: []views.Series{{Name: "Would be challenged"}, {Name: "Present threshold"}}}
	most, at, present := 0, "", 0
	for _, d := range days {
		label := d.Day.Format("2 Jan")
		n, was := d.Reaching(plan.Threshold), d.Reaching(medium)
		if n > most {
			most, at = n, label
		}
		present += was
		c.Labels = append(c.Labels, label)
		c.Series[0].Values = append(c.Series[0].Values, float64(n))
		c.Series[1].Values = append(c.Series[1].Values, float64(was))
	}
	c.Finding = fmt.Sprintf("It would have challenged %s sign-ins in %d days, where the present threshold was reached by %s", grouped(int64(plan.Reaching)), len(days), grouped(int64(present)))
	if most > 0 {
		c.Finding += fmt.Sprintf("; most on %s (%d)", at, most)
	}
	return c
}

// budgetApply takes the threshold that follows from the share now. When that is another than the page showed, nothing
// is applied and the page is shown anew, so that what counts afterwards is what was read.
func (p *Portal) budgetApply(c *fiber.Ctx) error {
	v := visitOf(c)
	share := typed(c, "challengeShare")
	percent, err := readPercent(share)
	if err != nil {
		return p.budgetPage(c, share, err)
	}
	days, err := p.budgetScores(c)
	if err != nil {
		return err
	}
	plan := risk.PlanBudget(days, percent)
	switch {
	case !plan.Enough:
		return p.budgetPage(c, share, fault.BadField("challengeShare", "risk.budget_few", nil))
	case typed(c, "threshold") != trimFloat(plan.Threshold):
		return p.budgetPage(c, share, fault.BadField("challengeShare", "risk.budget_moved", nil))
	}
	var was risk.Settings
	_, err = v.tenant.Update(c.UserContext(), v.actor(c), func(t *tenant.Tenant) error {
		if err := unchanged(c, t.Settings.Risk); err != nil {
			return err
		}
		was = t.Settings.Risk
		t.Settings.Risk = t.Settings.Risk.Budgeted(plan)
		return nil
	})
	if err != nil {
		return p.budgetPage(c, share, err)
	}
	after, err := v.tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	undo := map[string]string{loaded: fingerprint(after.Settings.Risk), "challengeShare": exact(was.ChallengeShare), "low": exact(was.UnfamiliarLow), "medium": exact(was.UnfamiliarMedium), "high": exact(was.UnfamiliarHigh)}
	return p.doneUndo(c, v.protectBase()+"/budget", "At most "+trimFloat(percent)+" % of sign-ins are challenged because they are unfamiliar.", models.PortalUndo{Post: v.protectBase() + "/budget/undo", Fields: undo})
}

func exact(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// budgetUndo puts the thresholds back to what they were, unless somebody changed them since.
func (p *Portal) budgetUndo(c *fiber.Ctx) error {
	v := visitOf(c)
	_, err := v.tenant.Update(c.UserContext(), v.actor(c), func(t *tenant.Tenant) error {
		if err := unchanged(c, t.Settings.Risk); err != nil {
			return err
		}
		s := &t.Settings.Risk
		for name, at := range map[string]*float64{"challengeShare": &s.ChallengeShare, "low": &s.UnfamiliarLow, "medium": &s.UnfamiliarMedium, "high": &s.UnfamiliarHigh} {
			x, err := strconv.ParseFloat(typed(c, name), 64)
			if err != nil {
				return fault.New(fault.Invalid, "error.bad_request")
			}
			*at = x
		}
		return nil
	})
	if err != nil {
		return p.budgetPage(c, trimFloat(max(v.dir.Tenant.Settings.Risk.ChallengeShare, 2)), err)
	}
	return p.done(c, v.protectBase()+"/budget", "The thresholds are what they were before.")
}
