package risk

import "portico/app/record"

// Score says how unusual a sign-in is for a person, and what makes it so.
func Score(Input) (float64, []record.Feature) { return 0, nil }
