package policy

// Rules are what a set is compiled from.
type Rules struct {
	Policies  []Policy   `json:"policies"`
	Locations []Location `json:"namedLocations,omitempty"`
	Strengths []Strength `json:"authenticationStrengths,omitempty"`
}

// Compile makes the set.
func (r Rules) Compile() *Set { return Compile(r.Policies, r.Locations, r.Strengths) }
