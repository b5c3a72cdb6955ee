package signin

import (
	"time"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/record"
	"portico/app/tenant"
	"portico/app/userflow"
)

// Imagine adds to the inputs of a What-If question what a user flow and a person's registered methods have to do
// with it, as the machine would see them after the first factor and before anything else was shown. since is since when
// the person has been at risk; zero = they are not.
func Imagine(in record.Inputs, t tenant.Tenant, f userflow.Flow, who account.Account, since time.Time) record.Inputs {
	p := Person{Account: who.At(t.Host), Proven: true, First: factor.EmailCode}
	if f.Accepts(userflow.EmailPassword) && (who.ID == "" || who.HasPassword && !codeProves(who, f)) {
		p.First = factor.Password
	}
	w := World{Tenant: t, Flow: settled(f, t), Asked: in}
	in.Switch, in.Kinds, in.Methods = string(w.Flow.MFA.Enforcement), kinds(w, p), []string{p.First}
	methods := registered(Attempt{}, w, p)
	if in.Enrolled = kindsOf(methods, in.Kinds); !since.IsZero() {
		in.RiskSince, in.Former = since, kindsOf(former(methods, since), in.Kinds)
	}
	return in
}
