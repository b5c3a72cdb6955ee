package risk

import (
	"encoding/json"
	"time"

	"portico/app/record"
)

// Person is what was usual for one person: decayed counts of the values of each feature, bounded, and where they
// signed in last. The zero value is somebody who never signed in.
type Person struct {
	SignIns  float64                     `json:"n,omitempty"`
	First    time.Time                   `json:"first,omitzero"`
	Last     time.Time                   `json:"last,omitzero"`
	Features map[string]map[string]Count `json:"features,omitempty"`
	LastSeen *record.Signals             `json:"lastSeen,omitempty"`
}

// Observe counts one sign-in that the person themselves made, as far as anybody knows.
func (p *Person) Observe(s record.Signals, at time.Time) {
	if p.First.IsZero() {
		p.First = at
	}
	p.SignIns++
	p.Last, p.LastSeen = at, &s
}

// Encode writes a person for storage, and DecodePerson reads it.
func (p Person) Encode() ([]byte, error) { return json.Marshal(p) }

// DecodePerson reads what Encode wrote; nothing is somebody who never signed in.
func DecodePerson(b []byte) (Person, error) {
	var p Person
	if len(b) == 0 {
		return p, nil
	}
	return p, json.Unmarshal(b, &p)
}
