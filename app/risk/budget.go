package risk

import (
	"math"
	"slices"
	"time"

	"portico/app/fault"
)

// The challenge budget: an admin says how many of everybody's sign-ins may be asked for a second factor because they
// look unfamiliar, and the threshold follows from the scores of the last weeks. Scores are kept as a histogram of each
// day, so that the answer costs the same however many sign-ins there were.

// bucketsPerPoint is how fine the histogram is.
const bucketsPerPoint = 4

// Bounds of the histogram, and with it of what a budget may choose.
const (
	lowestScore  = -20
	highestScore = 40
)

// Bucket is the step of the histogram that a score falls into.
func Bucket(score float64) int {
	if math.IsNaN(score) {
		return lowestScore * bucketsPerPoint
	}
	return min(step(max(score, lowestScore)), highestScore*bucketsPerPoint-1)
}

func step(score float64) int { return int(math.Floor(min(score, 2*highestScore) * bucketsPerPoint)) }

// BucketFrom is the lowest score of a step.
func BucketFrom(bucket int) float64 { return float64(bucket) / bucketsPerPoint }

// ScoreDay is the histogram of one day: how many successful sign-ins had a score in a step.
type ScoreDay struct {
	Day    time.Time
	Scores map[int]int
}

// Total is how many sign-ins of the day were scored.
func (d ScoreDay) Total() int {
	n := 0
	for _, c := range d.Scores {
		n += c
	}
	return n
}

// Reaching is how many of them had this score or more. Thresholds between two steps count from the lower one, so that
// the answer is never too small.
func (d ScoreDay) Reaching(threshold float64) int {
	from, n := step(threshold), 0
	for b, c := range d.Scores {
		if b >= from {
			n += c
		}
	}
	return n
}

// Bounds of what may be asked for, in percent.
const (
	LeastBudget = 0.1
	MostBudget  = 50
)

// CheckBudget refuses a share that makes no sense.
func CheckBudget(percent float64) error {
	if math.IsNaN(percent) || percent < LeastBudget || percent > MostBudget {
		return fault.BadField("challengeShare", "risk.budget_range", map[string]any{"min": LeastBudget, "max": MostBudget})
	}
	return nil
}

// enoughForBudget is how many scored sign-ins a plan must rest on.
const enoughForBudget = 500

// Budget is what a share of challenges comes to.
type Budget struct {
	Percent   float64 // asked for
	Threshold float64 // from which a sign-in would be challenged
	SignIns   int     // that were looked at
	Reaching  int     // that would have been challenged: never more than asked for
	Enough    bool    // there were enough to go by
}

// Share is what would have been challenged, from 0 to 1.
func (b Budget) Share() float64 {
	if b.SignIns == 0 {
		return 0
	}
	return float64(b.Reaching) / float64(b.SignIns)
}

// PlanBudget finds the lowest threshold that challenges at most so many percent of the sign-ins of these days. It asks
// no attacker's sign-ins to be left out: they are few among the successful ones, and make the answer a little too
// careful.
func PlanBudget(days []ScoreDay, percent float64) Budget {
	b := Budget{Percent: percent, Threshold: highestScore}
	all := map[int]int{}
	for _, d := range days {
		for bucket, n := range d.Scores {
			all[bucket] += n
			b.SignIns += n
		}
	}
	b.Enough = b.SignIns >= enoughForBudget
	if b.SignIns == 0 {
		b.Threshold = 0
		return b
	}
	steps := make([]int, 0, len(all))
	for bucket := range all {
		steps = append(steps, bucket)
	}
	slices.Sort(steps)
	room := float64(b.SignIns) * percent / 100
	top := steps[len(steps)-1] + 1 // above everybody, if even the highest step is too many
	for _, bucket := range slices.Backward(steps) {
		if float64(b.Reaching+all[bucket]) > room+1e-9 {
			break
		}
		b.Reaching += all[bucket]
		top = bucket
	}
	b.Threshold = BucketFrom(top)
	return b
}

// Budgeted are the settings with a budget's threshold for medium. The thresholds beside it make room where they must,
// and go back to their defaults once an earlier budget no longer pushes them: whoever tries half of all sign-ins first
// and two in a hundred afterwards must not be left with half of them at low risk.
func (s Settings) Budgeted(b Budget) Settings {
	low, medium, high := thresholdOf("unfamiliarLow"), thresholdOf("unfamiliarMedium"), thresholdOf("unfamiliarHigh")
	if s.ChallengeShare > 0 { // an earlier budget stands behind medium, and behind what lies on it
		pushed := medium.Of(s)
		for _, f := range []Field{low, high} {
			if f.Of(s) == pushed {
				f.Set(&s, f.Default)
			}
		}
	}
	medium.Set(&s, b.Threshold)
	if low.Of(s) > b.Threshold {
		low.Set(&s, b.Threshold)
	}
	if high.Of(s) < b.Threshold {
		high.Set(&s, b.Threshold)
	}
	s.ChallengeShare = b.Percent
	return s
}

// Unbudgeted are the settings without a budget: the thresholds that it set go back to their defaults, as if none had
// been chosen. Thresholds that were set otherwise stay.
func (s Settings) Unbudgeted() Settings {
	if s.ChallengeShare == 0 {
		return s
	}
	low, medium, high := thresholdOf("unfamiliarLow"), thresholdOf("unfamiliarMedium"), thresholdOf("unfamiliarHigh")
	pushed := medium.Of(s)
	for _, f := range []Field{low, high} {
		if f.Of(s) == pushed {
			f.Set(&s, f.Default)
		}
	}
	medium.Set(&s, medium.Default)
	s.ChallengeShare = 0
	return s
}

// thresholdOf is a field by its name.
func thresholdOf(id string) Field {
	for _, f := range fields() {
		if f.ID == id {
			return f
		}
	}
	return Field{}
}

// Drift says how far the last days are from what was asked for.
type Drift struct {
	Percent float64 // asked for
	SignIns int
	Share   float64 // that the present threshold challenged, from 0 to 1
	Off     string  // MoreThanAsked, FarLess, "" = as asked, or too few to tell
	Told    bool    // there were enough to tell
}

// In which way a budget is off.
const (
	MoreThanAsked = "more"
	FarLess       = "less"
)

// DriftOf compares these days with what was asked for. More than chance makes of it must lie between the two, so that
// a quiet week raises no alarm.
func DriftOf(days []ScoreDay, s Settings) Drift {
	d := Drift{Percent: s.ChallengeShare}
	reaching, threshold := 0, s.Filled().UnfamiliarMedium
	for _, day := range days {
		d.SignIns += day.Total()
		reaching += day.Reaching(threshold)
	}
	if d.SignIns == 0 {
		return d
	}
	d.Share = float64(reaching) / float64(d.SignIns)
	d.Told = d.Percent > 0 && d.SignIns >= enoughForBudget
	if !d.Told {
		return d
	}
	want, n := d.Percent/100, float64(d.SignIns)
	chance := 3 * math.Sqrt(want*(1-want)/n)
	switch {
	case d.Share > want+chance && d.Share > want*1.25:
		d.Off = MoreThanAsked
	case d.Share < want-chance && d.Share < want/2:
		d.Off = FarLess
	}
	return d
}
