package signin

import (
	"slices"
	"testing"
	"time"

	"portico/app/policy"
	"portico/app/record"
	"portico/app/userflow"
)

// What-If and replay sum up (policy.Decision.Outcome) what the machine does page by page: the same table.
func TestOutcomeIsTheTableOfTheSecondFactor(t *testing.T) {
	for _, sw := range []userflow.Enforcement{userflow.MFAOff, userflow.MFAConditional, userflow.MFAAlways} {
		for _, asked := range []bool{false, true} {
			for _, risk := range []bool{false, true} {
				for _, has := range [][]string{nil, {"totp"}} {
					for _, could := range [][]string{nil, {"totp", "sms"}} {
						if risk && !asked || len(has) > 0 && len(could) == 0 {
							continue
						}
						var d policy.Decision
						if asked {
							d.Clauses = []policy.Clause{{Risk: risk, AnyOf: []policy.Control{{Kind: policy.KindMFA}}}}
						}
						got := d.Outcome(record.Inputs{Switch: string(sw), Kinds: could, Enrolled: has, Methods: []string{"password"}, AuthTime: time.Unix(9, 0)},
							policy.Shown{Methods: []string{"password"}, MFAOff: sw == userflow.MFAOff}, time.Unix(10, 0))
						n, note := secondFactor(sw, asked, risk, len(has) > 0, len(could) > 0)
						want := policy.Outcome{Rests: note == noteSuppressed}
						switch {
						case n == needDeny && note == noteNotEnrolled:
							want.Stopped = policy.StoppedNotEnrolled
						case n == needDeny:
							want.Stopped = policy.StoppedNoMethod
						case n == needEnrol:
							want.Asks = []string{policy.AskEnrol}
						case n == needChallenge:
							want.Asks = []string{policy.AskMFA}
						}
						if got.Stopped != want.Stopped || got.Rests != want.Rests || !slices.Equal(got.Asks, want.Asks) {
							t.Errorf("%s, asked %t, risk %t, has %v, could %v: %+v, want %+v", sw, asked, risk, has, could, got, want)
						}
					}
				}
			}
		}
	}
}
