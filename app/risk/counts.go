package risk

import (
	"time"

	"portico/app/record"
)

// Count is a number of sightings that fades with time. N is what it was worth at At.
type Count struct {
	N  float64   `json:"n"`
	At time.Time `json:"t"`
}

// Key names one value of one feature among all of a tenant's sign-ins.
type Key struct {
	Feature string // ip, network, country, browser, …; "" with Value "" is the number of all sign-ins
	Value   string
}

// Everyone is how often the values of one sign-in occur among all of a tenant's.
type Everyone map[Key]Count

// Keys lists the counts that an assessment of these signals looks up, and that one sign-in adds to.
func Keys(s record.Signals) []Key {
	return []Key{{}}
}
