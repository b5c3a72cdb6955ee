package seed

import (
	"hash/fnv"
	"time"

	"portico/app/factor"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/userflow"
)

// judged.go: what the company's Conditional Access said about the invented past, asked as the sign-in machine asks
// it, so that the log, What-If, replay and the policies' numbers have something to show from the first minute.

// compiled are the company's policies, as they are made for a new tenant.
func compiled(tenantID string) *policy.Set {
	return policy.Compile(samplePolicies(tenantID, derivedID(tenantID, "group "+breakGlass)), samplePlaces(tenantID), nil)
}

// aside are dice of their own for one thing about one id: what they decide leaves everything else as it was.
func (h history) aside(id, about string) dice {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(about + id))
	return roll(h.number, 5, sum.Sum64())
}

// Words of a trace, as the sign-in machine writes them.
const (
	byPolicy     = "mfa_by_policy"
	metInAttempt = "mfa_met_in_attempt"
	metInSession = "mfa_met_by_session"
	demandMFA    = "mfa"
)

// succeed ends a sign-in whose first factor was right: well, unless the home insurance's second factor is still due
// and does not come.
func (h history) succeed(r record.SignIn) record.SignIn {
	if r.Session.SID == "" {
		r.Session = record.Session{SID: r.CorrelationID, AuthTime: r.EndedAt}
	}
	r.Outcome = record.Outcome{Result: record.Success}
	r.AMR, r.ACR = []string{"otp"}, record.ACRSingle
	r.Inputs = &record.Inputs{Groups: h.groups[r.User.ID], ClientApp: policy.Browser, SignInRisk: r.RiskLevel, UserRisk: "none",
		Switch: string(userflow.MFAOff), Methods: []string{factor.EmailCode}, AuthTime: r.Session.AuthTime}
	if r.Flow.Name == flowHome {
		r = h.second(r)
	}
	q, _ := policy.RequestOf(r)
	set := h.world.policies
	r.Policies = set.Trace(set.Evaluate(q), policy.ShownOf(*r.Inputs), r.Outcome.Result == record.Success)
	return r
}

// second is the rest of a sign-in to the home insurance. Most people have confirmed themselves in the session that
// goes on, or do so now with what they registered when they signed up; a few give up, or mistype. A stranger in
// somebody's mailbox has no second factor.
func (h history) second(r record.SignIn) record.SignIn {
	d, kind := h.aside(r.ID, "second"), factor.SMSCode
	if h.aside(r.User.ID, "kind").chance(0.4) {
		kind = factor.TOTP
	}
	in := r.Inputs
	in.Switch, in.Kinds = string(userflow.MFAConditional), []string{factor.SMSCode, factor.TOTP, factor.Passkey}
	r.Demands, r.Notes = []string{demandMFA}, []string{byPolicy}
	shown := func(at time.Time, how string) record.SignIn {
		in.Methods, in.MFATime = []string{factor.EmailCode, kind}, at
		r.AMR, r.ACR, r.Notes = []string{"mfa", "otp"}, record.ACRMulti, append(r.Notes, how)
		return r
	}
	steps, at := r.Steps[:len(r.Steps)-1:len(r.Steps)-1], r.EndedAt // up to the first factor, which ended then
	if r.SignUp {
		code := r.Proofs[len(r.Proofs)-1].At
		at = code.Add(3 * r.EndedAt.Sub(code) / 4)
		r.Steps = append(steps, record.Step{Name: "enrol", At: at}, record.Step{Name: "issue", At: r.EndedAt})
		r.Proofs = append(r.Proofs, record.Proof{Method: kind, At: at, OK: true, Reason: "signin.enrolled"})
		r.Steps[2].At = code.Add(r.EndedAt.Sub(code) / 3) // the attributes came before
		in.AuthTime, r.Session.AuthTime = code, code
		return shown(at, metInAttempt)
	}
	in.Enrolled = []string{kind}
	stranger := r.RiskLevel == policy.RiskHigh
	if r.Session.Reused && !stranger && d.chance(0.85) {
		return shown(r.Session.AuthTime.Add(20*time.Second), metInSession)
	}
	done := at.Add(time.Duration(d.between(9, 45)) * time.Second)
	steps = append(steps, record.Step{Name: "challenge", At: at.Add(time.Second)})
	kept := r.Session
	if !kept.Reused { // one begins with the second factor
		kept = record.Session{}
	}
	switch x := d.Float64(); {
	case stranger || x < 0.05:
		r.EndedAt, r.Steps, r.AMR, r.ACR, r.Session = r.StartedAt.Add(time.Hour), steps, nil, "", kept
		r.Outcome = record.Outcome{Result: record.Interrupted, Code: codeSecondDue, Key: keyAbandoned, Step: "challenge"}
		return r
	case x < 0.07:
		r.EndedAt, r.Steps, r.AMR, r.ACR, r.Session = done, steps, nil, "", kept
		r.Proofs = append(r.Proofs, record.Proof{Method: kind, At: done, Reason: reasonWrongCode, Count: d.between(2, 5)})
		r.Outcome = record.Outcome{Result: record.Failure, Code: codeSecondDenied, Key: reasonWrongCode, Step: "challenge"}
		return r
	}
	r.EndedAt, r.Steps = done, append(steps, record.Step{Name: "issue", At: done})
	r.Proofs = append(r.Proofs, record.Proof{Method: kind, At: done, OK: true})
	return shown(done, metInAttempt)
}
