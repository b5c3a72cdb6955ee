package insight

import "time"

// Day is a day of UTC: how many have passed since 1 January 1970.
type Day int32

// DayOf is the day of a moment.
func DayOf(at time.Time) Day {
	s := at.Unix()
	if s < 0 {
		s -= 86399
	}
	return Day(s / 86400)
}

// ParseDay reads 2026-11-22.
func ParseDay(s string) (Day, error) {
	at, err := time.Parse(time.DateOnly, s)
	return DayOf(at), err
}

// Start is the day's first moment.
func (d Day) Start() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String is 2026-11-22.
func (d Day) String() string { return d.Start().Format(time.DateOnly) }

// Month is the day's month.
func (d Day) Month() Month { return Month(d.Start().Format("2006-01")) }

// MarshalText and UnmarshalText have a day written as one.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads 2026-11-22.
func (d *Day) UnmarshalText(b []byte) error {
	var err error
	*d, err = ParseDay(string(b))
	return err
}

// Month is a month of UTC, as 2026-11.
type Month string

// First and Last are its days.
func (m Month) First() Day {
	at, _ := time.Parse("2006-01", string(m))
	return DayOf(at)
}

// Last is its last day.
func (m Month) Last() Day { return DayOf(m.First().Start().AddDate(0, 1, 0)) - 1 }

// Next is the month after it.
func (m Month) Next() Month { return (m.Last() + 1).Month() }
