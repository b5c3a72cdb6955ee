package risk

import (
	"testing"
	"testing/quick"
	"time"
)

func scores(of map[float64]int) ScoreDay {
	d := ScoreDay{Day: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Scores: map[int]int{}}
	for s, n := range of {
		d.Scores[Bucket(s)] += n
	}
	return d
}

func TestBudget(t *testing.T) {
	for _, c := range []struct {
		name      string
		day       ScoreDay
		percent   float64
		threshold float64
		reaching  int
		enough    bool
	}{
		{"two in a hundred", scores(map[float64]int{0: 980, 3: 15, 7: 5}), 2, 3, 20, true},
		{"a step that is too many stays below", scores(map[float64]int{0: 980, 3: 15, 7: 5}), 1.9, 7, 5, true},
		{"even the highest step is too many", scores(map[float64]int{0: 500, 7: 500}), 2, 7.25, 0, true},
		{"too few to go by", scores(map[float64]int{0: 98, 5: 2}), 2, 5, 2, false},
		{"nobody signed in", scores(nil), 2, 0, 0, false},
		{"everybody is alike", scores(map[float64]int{-3: 1000}), 50, -2.75, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := PlanBudget([]ScoreDay{c.day}, c.percent)
			if b.Threshold != c.threshold || b.Reaching != c.reaching || b.Enough != c.enough {
				t.Errorf("got %+v", b)
			}
			if n := c.day.Reaching(b.Threshold); b.SignIns > 0 && n != b.Reaching {
				t.Errorf("%d reach it, it says %d", n, b.Reaching)
			}
		})
	}
}

// TestBudgetIsKept: whatever the scores, no more are challenged than were asked for.
func TestBudgetIsKept(t *testing.T) {
	err := quick.Check(func(raw []int16, percent uint8) bool {
		d := ScoreDay{Scores: map[int]int{}}
		for _, r := range raw {
			d.Scores[Bucket(float64(r)/100)]++
		}
		b := PlanBudget([]ScoreDay{d}, float64(percent%50)+LeastBudget)
		return b.Share() <= b.Percent/100+1e-9 && (b.SignIns == 0 || d.Reaching(b.Threshold) == b.Reaching)
	}, nil)
	if err != nil {
		t.Error(err)
	}
}

func TestBudgetInSettings(t *testing.T) {
	for _, c := range []struct {
		name              string
		threshold         float64
		low, medium, high float64
	}{
		{"in between", 3, 0.75, 3, 4}, {"above high", 8, 0.75, 8, 8}, {"below low", 0.5, 0.5, 0.5, 4}, {"nought", 0, 0, 0, 4},
	} {
		s := Settings{}.Budgeted(Budget{Percent: 2, Threshold: c.threshold})
		f := s.Filled()
		if f.UnfamiliarMedium != c.medium && c.medium != 0 || f.UnfamiliarHigh != c.high || s.ChallengeShare != 2 {
			t.Errorf("%s: %+v", c.name, f)
		}
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if low := thresholdOf("unfamiliarLow").Of(s); low != c.low {
			t.Errorf("%s: low from %v", c.name, low)
		}
	}
}

// TestALaterBudgetLeavesNothingOfAnEarlierBehind: what one budget pushed aside, the next one puts back.
func TestALaterBudgetLeavesNothingOfAnEarlierBehind(t *testing.T) {
	for _, c := range []struct {
		name        string
		of          Settings
		first, then float64
		low, high   float64
		medium      float64
	}{
		{"far down, and up again", Settings{}, -11.75, 2.5, 0.75, 4, 2.5},
		{"far up, and down again", Settings{}, 9, 2.5, 0.75, 4, 2.5},
		{"from below to above", Settings{}, -11.75, 9, 0.75, 9, 9},
		{"chosen by an admin, and in nobody's way", Settings{UnfamiliarLow: 1.25, UnfamiliarHigh: 6}, 3, 2.5, 1.25, 6, 2.5},
	} {
		s := c.of.Budgeted(Budget{Percent: 50, Threshold: c.first}).Budgeted(Budget{Percent: 2, Threshold: c.then})
		if f := s.Filled(); f.UnfamiliarLow != c.low || f.UnfamiliarHigh != c.high || f.UnfamiliarMedium != c.medium {
			t.Errorf("%s: %v, %v, %v", c.name, f.UnfamiliarLow, f.UnfamiliarMedium, f.UnfamiliarHigh)
		}
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestDrift(t *testing.T) {
	asked := Settings{ChallengeShare: 2} // medium from 1.5
	for _, c := range []struct {
		name string
		s    Settings
		day  ScoreDay
		off  string
		told bool
	}{
		{"as asked", asked, scores(map[float64]int{0: 980, 4: 20}), "", true},
		{"a little more is chance", asked, scores(map[float64]int{0: 975, 4: 25}), "", true},
		{"far more", asked, scores(map[float64]int{0: 900, 4: 100}), MoreThanAsked, true},
		{"far less", asked, scores(map[float64]int{0: 1000}), FarLess, true},
		{"too few to tell", asked, scores(map[float64]int{0: 10, 4: 10}), "", false},
		{"nobody asked for anything", Settings{}, scores(map[float64]int{0: 900, 4: 100}), "", false},
	} {
		if d := DriftOf([]ScoreDay{c.day}, c.s); d.Off != c.off || d.Told != c.told {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}
