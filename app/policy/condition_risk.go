package policy

import (
	"cmp"
	"slices"

	"portico/app/fault"
)

// Risk levels, in Graph's words. None can be named for the risk of a sign-in only.
const (
	RiskNone   = "none"
	RiskLow    = "low"
	RiskMedium = "medium"
	RiskHigh   = "high"
)

// risky makes the question of a risk condition. A level that is no level could not be told.
func risky(levels []string, g gap, level func(*Request) string) ask {
	if len(levels) == 0 {
		return nil
	}
	return func(q *question) answer {
		is := cmp.Or(level(q.r), RiskNone)
		if q.lacks(g) || !slices.Contains([]string{RiskNone, RiskLow, RiskMedium, RiskHigh}, is) {
			return unknown
		}
		return tell(slices.Contains(levels, is))
	}
}

func signInRiskCondition() Condition {
	level := func(r *Request) string { return r.SignInRisk }
	return Condition{Name: "signInRisk", Label: "Sign-in risk",
		compile: func(c *compiler, p *Policy) ask { return risky(p.Conditions.SignInRiskLevels, noSignInRisk, level) },
		detail:  func(q *question, b *bound, a answer) string { return cmp.Or(q.r.SignInRisk, RiskNone) },
		words: func(w *sentence, p *Policy) {
			riskWords(w, " while the risk of the sign-in is ", p.Conditions.SignInRiskLevels)
		},
		check: func(p *Policy, k Known, f *fault.Fields) {
			checkList(f, "conditions.signInRiskLevels", p.Conditions.SignInRiskLevels, "policy.risk_unknown", func(s string) bool {
				return slices.Contains([]string{RiskNone, RiskLow, RiskMedium, RiskHigh}, s)
			})
		},
	}
}

func userRiskCondition() Condition {
	level := func(r *Request) string { return r.UserRisk }
	return Condition{Name: "userRisk", Label: "User risk",
		compile: func(c *compiler, p *Policy) ask { return risky(p.Conditions.UserRiskLevels, noUserRisk, level) },
		detail:  func(q *question, b *bound, a answer) string { return cmp.Or(q.r.UserRisk, RiskNone) },
		words:   func(w *sentence, p *Policy) { riskWords(w, " while their own risk is ", p.Conditions.UserRiskLevels) },
		check: func(p *Policy, k Known, f *fault.Fields) {
			checkList(f, "conditions.userRiskLevels", p.Conditions.UserRiskLevels, "policy.risk_unknown", func(s string) bool {
				return slices.Contains([]string{RiskLow, RiskMedium, RiskHigh}, s)
			})
		},
	}
}

func riskWords(w *sentence, lead string, levels []string) {
	if len(levels) > 0 {
		w.text(lead)
		w.list(values(levels, func(s string) string { return s }), "or")
	}
}
