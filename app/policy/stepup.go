package policy

import "time"

// Reached are those of a request's authentication contexts that hold: everything that policies ask for with them
// was shown, and is fresh. A second factor that a user flow's switch lets rest was not shown, so nothing says that
// it was.
func (s *Set) Reached(r Request, now time.Time) []string {
	var out []string
	for _, c := range r.Contexts {
		one := r
		one.Contexts = []string{c}
		d := s.Evaluate(one)
		person, second := d.Frequency.Stale(one.AuthTime, one.MFATime, now)
		if second {
			one.Inputs = Forget(one.Inputs)
		}
		shown := ShownOf(one.Inputs)
		if shown.MFAOff = false; shown.Remembered {
			shown.MFA = time.Time{}
		}
		if !d.Block && !person && len(d.Unmet(shown)) == 0 {
			out = append(out, c)
		}
	}
	return out
}
