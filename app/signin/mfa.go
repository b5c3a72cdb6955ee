package signin

import (
	"slices"

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

// secondFactor is the decision table R 16.2 with DESIGN §5.3: the flow's switch, whether policy demands a second
// factor and whether because of risk, whether the person has registered a method that is usable after this first
// factor (and, for a strength, completes it), and whether any usable method exists. The note explains itself in
// the record.
func secondFactor(s userflow.Enforcement, asked, risk, enrolled, usable bool) (need, string) {
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

// ACR is the class that a person has reached.
func (p Person) ACR() string {
	if p.MFATime.IsZero() {
		return ACRSingle
	}
	return ACRMulti
}
