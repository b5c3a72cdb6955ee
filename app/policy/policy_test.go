package policy

import "testing"

// Each policy is reported, and none of these demands anything.
func TestEveryPolicyIsReported(t *testing.T) {
	s := Compile([]Policy{{ID: "1", Name: "One", State: On}, {ID: "2", State: ReportOnly}, {ID: "3", State: Off}}, nil, nil)
	d := s.Evaluate(Request{})
	trace := s.Trace(d, Shown{}, true)
	if len(trace) != 3 || trace[0].Name != "One" || trace[1].State != string(ReportOnly) {
		t.Errorf("%+v", trace)
	}
	if d.Block || len(d.Clauses) > 0 || d.NeverPersistent || d.Frequency != (Frequency{}) {
		t.Errorf("a policy for nobody demanded something: %+v", d)
	}
}
