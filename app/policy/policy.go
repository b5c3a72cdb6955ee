// Package policy knows Conditional Access: Evaluate is a pure function from the tenant's policies and
// one request to a decision that explains itself. Policies only restrict: block is an OR, demands are
// a union, lifetimes take the minimum (DESIGN §5.1). It never stops early and never sees risk, factors
// or a clock.
package policy

import (
	"time"

	"portico/app/record"
)

// State of a policy, in Graph's words.
type State string

const (
	On         State = "enabled"
	Off        State = "disabled"
	ReportOnly State = "enabledForReportingButNotEnforced"
)

// Policy is one if-then rule. Conditions and controls join it with Conditional Access; until then a
// tenant has none.
type Policy struct {
	ID    string
	Name  string
	State State
}

// Request is what a policy may ask about.
type Request struct {
	TenantID  string
	UserID    string
	ClientID  string
	Signals   record.Signals
	RiskLevel string
	SignUp    bool
	Refresh   bool // the question comes from the token endpoint, nobody sits at a browser
	// Account is what the asker has read of the person a moment ago; nil = look it up.
	Account *Account
}

// Account is the little of a person that a question at refresh turns on.
type Account struct {
	Usable            bool
	PasswordChangeDue bool
}

// Decision is the join of every policy that applies.
type Decision struct {
	Block           bool
	RequireMFA      bool
	MFABecauseRisk  bool // a policy with a risk condition demands it (DESIGN §5.3)
	PasswordChange  bool
	SignInFrequency time.Duration // 0 = no limit
	NeverPersistent bool
	Results         []record.Policy // every policy, applied or not
}

// Evaluate visits every policy and joins what they demand.
func Evaluate(policies []Policy, r Request) Decision {
	var d Decision
	for _, p := range policies {
		d.Results = append(d.Results, record.Policy{ID: p.ID, Name: p.Name, State: string(p.State), Result: "notApplied"})
	}
	return d
}
