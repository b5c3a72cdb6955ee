package signin

import "testing"

// Labels can never be read as others: the whole verifier rests on it.
func FuzzLabels(f *testing.F) {
	f.Add("a", "bc", "ab", "c")
	f.Add("", "", "\x00", "")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		same := string(labels(a, b)) == string(labels(c, d))
		if same != (a == c && b == d) {
			t.Errorf("%q %q and %q %q", a, b, c, d)
		}
	})
}
