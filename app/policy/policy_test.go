package policy

import "testing"

// Until conditions exist no policy can match; each is reported all the same, and none weakens or demands.
func TestEveryPolicyIsReported(t *testing.T) {
	d := Evaluate([]Policy{{ID: "1", Name: "One", State: On}, {ID: "2", State: ReportOnly}, {ID: "3", State: Off}}, Request{})
	if len(d.Results) != 3 || d.Results[0].Name != "One" || d.Results[1].State != string(ReportOnly) {
		t.Errorf("%+v", d.Results)
	}
	if d.Block || d.RequireMFA || d.PasswordChange || d.NeverPersistent || d.SignInFrequency != 0 {
		t.Errorf("a policy without conditions demanded something: %+v", d)
	}
}
