package signin

import (
	"slices"

	"portico/app/policy"
)

// Protection is what a person is told about why more is asked of them, or why they are stopped, where that is because
// of risk. It names neither a score nor a rule.
type Protection string

const (
	ProtectSignIn   Protection = "unusual"          // this sign-in is unlike their others
	ProtectAccount  Protection = "account"          // their account may be in other hands
	ProtectPassword Protection = "account_password" // and they are going to choose another password
)

// Protects says which one a step's page tells of; "" where risk has nothing to do with what it asks.
func (s Step) Protects() Protection {
	d := s.Verdict.Decision
	if s.Inputs == nil {
		return ""
	}
	var open []policy.Clause
	for _, c := range d.Unmet(policy.ShownOf(*s.Inputs)) {
		if c.Risk {
			open = append(open, c)
		}
	}
	change := slices.ContainsFunc(open, func(c policy.Clause) bool {
		return !slices.ContainsFunc(c.AnyOf, func(one policy.Control) bool { return one.Kind != policy.KindPasswordChange })
	})
	user := s.Inputs.UserRisk != "" && s.Inputs.UserRisk != riskNone
	sign := s.Inputs.SignInRisk != "" && s.Inputs.SignInRisk != riskNone
	switch {
	case s.Name == Blocked && (s.Verdict.Risk.Block || d.BlockRisk && (sign || !user)):
		return ProtectSignIn
	case s.Name == Blocked && d.BlockRisk:
		return ProtectAccount
	case change:
		return ProtectPassword
	case len(open) > 0 && sign:
		return ProtectSignIn
	case len(open) > 0:
		return ProtectAccount
	}
	return ""
}
