package tuning

import "testing"

func TestCollector(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name    string
		environ []string
		cores   int
		want    Limits
	}{
		{"by itself", []string{"PATH=/bin"}, 2, Limits{400, 190 * mib}},
		{"more cores", nil, 8, Limits{400, 310 * mib}},
		{"the operator's percentage", []string{"GOGC=100"}, 2, Limits{0, 190 * mib}},
		{"the operator's limit", []string{"GOMEMLIMIT=1GiB"}, 2, Limits{400, 0}},
		{"set to nothing is not set", []string{"GOGC=", "GOMEMLIMIT="}, 2, Limits{400, 190 * mib}},
	} {
		if got := Collector(c.environ, c.cores); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
