package signin

import (
	"slices"

	"portico/app/factor"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/userflow"
)

// need is what the second factor comes to.
type need string

const (
	needNothing   need = "nothing"
	needOffer     need = "offer" // the enrolment prompt; "not now" if the flow allows
	needEnrol     need = "enrol"
	needChallenge need = "challenge"
	needDeny      need = "deny"
	needLater     need = "later" // by a fresh sign-in with the new password: the mailbox was the first factor of the reset
)

// secondFactor is the decision table R 16.2 with DESIGN §5.3: the flow's switch, what policy demands,
// whether the person has registered a method that is usable after this first factor, and whether any
// usable method exists. The note explains itself in the record.
func secondFactor(s userflow.Enforcement, d policy.Decision, enrolled, usable bool) (need, string) {
	asked, risk := d.Asks(policy.KindMFA)
	switch {
	case s == userflow.MFAOff && asked:
		return needNothing, noteSuppressed
	case s == userflow.MFAOff:
		return needNothing, ""
	case s != userflow.MFAAlways && !asked: // conditional, nothing demands it
		if enrolled || !usable {
			return needNothing, ""
		}
		return needOffer, ""
	case asked && risk && !enrolled:
		return needDeny, noteNotEnrolled
	case !usable:
		return needDeny, noteNoMethod
	case !enrolled:
		return needEnrol, ""
	}
	return needChallenge, ""
}

// demand asks the table and takes off what was shown already in this attempt or session.
func demand(s *Step, a Attempt, w World) need {
	p, d := s.Person, s.Verdict.Decision
	if !w.Tenant.Governed() { // DESIGN §5.12: nothing is asked, and the record says why
		s.Notes = append(s.Notes, noteTrial)
		if wantsMFA(a.Request.ACR) && p.MFATime.IsZero() {
			s.Notes = append(s.Notes, noteACR)
		}
		if p.Account.MustChangePassword {
			s.Demands = append(s.Demands, "passwordChange")
		}
		return needNothing
	}
	s.Kinds = usable(w.Flow, p.First)
	s.Methods = registered(a, w, p)
	both := p.First == factor.Passkey // one that verified its user is both factors
	n, note := secondFactor(w.Flow.MFA.Enforcement, d, both || len(s.Methods) > 0, both || len(s.Kinds) > 0)
	if Resetting(a, w) && !p.Resumed && !p.Newcomer {
		if m := afterReset(n, *s, a, w, d); m != n {
			n, note = m, ""
		}
	}
	if a.Request.Protocol == Account {
		n = selfService(n, len(s.Methods) > 0)
	}
	if note != "" {
		s.Notes = append(s.Notes, note)
	}
	if n == needNothing && wantsMFA(a.Request.ACR) && p.MFATime.IsZero() {
		// The app asks for a stronger sign-in: given when the person has the means (acr_values is a wish).
		if len(s.Methods) > 0 && w.Flow.MFA.Enforcement != userflow.MFAOff {
			n = needChallenge
		} else {
			s.Notes = append(s.Notes, noteACR)
		}
	}
	if n == needChallenge || n == needEnrol {
		s.Demands = append(s.Demands, "mfa")
	}
	if changeAsked(d) || p.Account.MustChangePassword {
		s.Demands = append(s.Demands, "passwordChange")
	}
	if n == needChallenge && !p.MFATime.IsZero() { // shown already
		return needNothing
	}
	return n
}

// selfService is the table of the account pages: there, whoever has a second factor shows it, whatever the
// flows of the apps say, because there it can be taken away. Nobody is asked to register one on the way in.
func selfService(n need, enrolled bool) need {
	switch {
	case n == needOffer:
		return needNothing
	case n == needNothing && enrolled:
		return needChallenge
	}
	return n
}

// Authentication context classes; the protocol's metadata names them too.
const (
	ACRSingle = record.ACRSingle
	ACRMulti  = record.ACRMulti
)

func wantsMFA(acr []string) bool { return slices.Contains(acr, ACRMulti) }

func changeAsked(d policy.Decision) bool {
	asked, _ := d.Asks(policy.KindPasswordChange)
	return asked
}

// ACR is the class that a person has reached.
func (p Person) ACR() string {
	if p.MFATime.IsZero() {
		return ACRSingle
	}
	return ACRMulti
}
