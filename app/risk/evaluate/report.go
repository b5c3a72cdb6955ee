package evaluate

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"
)

// Point says how many attacks are caught when so many honest sign-ins are challenged. Attacker "" = all of them.
type Point struct {
	ChallengeRate float64 `json:"challengeRate"`
	DetectionRate float64 `json:"detectionRate"`
	Attacker      string  `json:"attacker,omitempty"`
}

// Cost says what a challenge rate means: the threshold, the share that really reaches it (never more than the rate:
// equal scores are challenged together or not at all), and how often people are asked.
type Cost struct {
	ChallengeRate float64 `json:"challengeRate"`
	Challenged    float64 `json:"challenged"`
	Threshold     float64 `json:"threshold"`
	// Of the people with at least one honest sign-in: how often half of them are asked again in the whole log, at most,
	// and how often one is asked on average.
	MedianReauthentications float64 `json:"medianReauthentications"`
	MeanReauthentications   float64 `json:"meanReauthentications"`
	// Simple is the share of attacks that counting what is new would catch at no more challenges: for comparison.
	Simple float64 `json:"simpleRuleDetectionRate"`
}

// Share is how many of something reach a level.
type Share struct {
	Low    float64 `json:"low"`
	Medium float64 `json:"medium"`
	High   float64 `json:"high"`
}

// Found counts the findings of one type of detection.
type Found struct {
	Type    string `json:"type"`
	Honest  int    `json:"honest"`
	Attacks int    `json:"attacks"`
}

// Report is what came of a run.
type Report struct {
	Points []Point `json:"points"`
	Costs  []Cost  `json:"costs"`

	Rows        int            `json:"rows"`
	BadRows     int            `json:"badRows"`
	Failed      int            `json:"failedSignIns"`
	Honest      int            `json:"honestSignIns"`
	Attacks     map[string]int `json:"attacks"`
	People      int            `json:"people"`
	From        time.Time      `json:"from"`
	To          time.Time      `json:"to"`
	Learning    float64        `json:"learning"`        // share of honest sign-ins of people who are still learnt
	LearningBad float64        `json:"learningAttacks"` // share of attacks on such people
	Derived     bool           `json:"attackersDerived"`
	Labels      string         `json:"attacksAre"`
	// Shipped is what the thresholds do that a tenant begins with, all detections together.
	Shipped map[string]Share `json:"shipped"`
	Types   []Found          `json:"detections"`
	// Microseconds is what one decision costs, all detections together, without loading what it needs.
	Microseconds float64 `json:"microsecondsPerDecision"`
}

// rates are those that the literature compares at.
func rates() []float64 { return []float64{0.01, 0.02, 0.05, 0.1} }

func (r *run) report(bad int) Report {
	out := Report{Rows: r.rows, BadRows: bad, Failed: r.failed, People: len(r.people), From: r.first, To: r.last, Derived: r.derived,
		Labels: "rows that " + colTakeover + " marks", Attacks: map[string]int{}, Shipped: map[string]Share{}, Points: []Point{}, Costs: []Cost{}}
	if !r.labelled {
		out.Labels = "successful rows that " + colListed + " marks: the log marks no takeover"
	}
	names := classNames()
	honest, easy := make([]float32, 0, len(r.decisions)), []float32(nil)
	attacks := make([][]float32, len(names))
	var simpleHonest []float32
	var levels = make([][4]int, len(names))
	learning := [2]int{}
	for i, d := range r.decisions {
		levels[d.class][d.level]++
		if d.class == 0 {
			honest = append(honest, d.score)
			simpleHonest = append(simpleHonest, r.simple[i])
		} else {
			attacks[d.class] = append(attacks[d.class], d.score)
			attacks[0] = append(attacks[0], d.score)
			easy = append(easy, r.simple[i])
		}
		if d.fresh {
			learning[min(int(d.class), 1)]++
		}
	}
	out.Honest = len(honest)
	out.Learning, out.LearningBad = part(learning[0], len(honest)), part(learning[1], len(attacks[0]))
	sorted, sortedSimple := slices.Sorted(slices.Values(honest)), slices.Sorted(slices.Values(simpleHonest))
	for _, rate := range rates() {
		t := threshold(sorted, rate)
		c := Cost{ChallengeRate: rate, Threshold: float64(t), Challenged: reach(sorted, t), Simple: caught(easy, threshold(sortedSimple, rate))}
		c.MedianReauthentications, c.MeanReauthentications = r.asked(t)
		out.Costs = append(out.Costs, c)
		for class, name := range names {
			if len(attacks[class]) > 0 {
				out.Points = append(out.Points, Point{ChallengeRate: rate, DetectionRate: caught(attacks[class], t), Attacker: name})
			}
		}
	}
	for class, name := range names {
		n := levels[class][0] + levels[class][1] + levels[class][2] + levels[class][3]
		if class > 0 {
			out.Attacks[name] = n
		}
		l := levels[class]
		out.Shipped[cmp.Or(name, "honest")] = Share{Low: part(l[1]+l[2]+l[3], n), Medium: part(l[2]+l[3], n), High: part(l[3], n)}
	}
	for t, n := range r.types {
		out.Types = append(out.Types, Found{Type: t, Honest: n[0], Attacks: n[1]})
	}
	slices.SortFunc(out.Types, func(a, b Found) int {
		return cmp.Or(cmp.Compare(b.Attacks, a.Attacks), cmp.Compare(a.Type, b.Type))
	})
	if n := len(r.decisions); n > 0 {
		out.Microseconds = float64(r.spent.Nanoseconds()) / float64(n) / 1000
	}
	return out
}

func part(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// threshold is the lowest score at which no more than a share of the honest sign-ins are challenged. Sign-ins of equal
// scores are challenged together, so the share may be lower, and is never higher.
func threshold(sorted []float32, rate float64) float32 {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	may := int(rate * float64(n))
	if may >= n {
		return sorted[0]
	}
	// The best score that must not be challenged; the threshold is the next higher score that somebody has.
	limit := sorted[n-1-may]
	i, _ := slices.BinarySearchFunc(sorted, limit, func(a, b float32) int {
		if a <= b {
			return -1
		}
		return 1
	})
	if i < n {
		return sorted[i]
	}
	return limit + 1e-3
}

// reach is the share of sorted scores at or above a threshold.
func reach(sorted []float32, t float32) float64 {
	i, _ := slices.BinarySearch(sorted, t)
	return part(len(sorted)-i, len(sorted))
}

func caught(scores []float32, t float32) float64 {
	n := 0
	for _, s := range scores {
		if s >= t {
			n++
		}
	}
	return part(n, len(scores))
}

// asked is how often people are asked again at a threshold.
func (r *run) asked(t float32) (median, mean float64) {
	times, there := make([]int, len(r.people)), make([]bool, len(r.people))
	for _, d := range r.decisions {
		if d.class != 0 {
			continue
		}
		there[d.who] = true
		if d.score >= t {
			times[d.who]++
		}
	}
	var of []int
	sum := 0
	for i, n := range times {
		if there[i] {
			of = append(of, n)
			sum += n
		}
	}
	if len(of) == 0 {
		return 0, 0
	}
	slices.Sort(of)
	return float64(of[len(of)/2]), float64(sum) / float64(len(of))
}

// Text prints a report for people.
func (r Report) Text(w io.Writer) {
	fmt.Fprintf(w, "%d rows (%d left out), %d people, %s to %s\n", r.Rows, r.BadRows, r.People, r.From.Format(time.DateOnly), r.To.Format(time.DateOnly))
	fmt.Fprintf(w, "%d honest sign-ins, %d failed ones; attacks: %d naive, %d VPN, %d targeted (%s)\n", r.Honest, r.Failed,
		r.Attacks[Naive], r.Attacks[VPN], r.Attacks[Targeted], r.Labels)
	if r.Derived {
		fmt.Fprintln(w, "The log does not say which attacker it was: from a country new to the victim = naive; from their network or city with their browser and system = targeted; else VPN.")
	}
	fmt.Fprintf(w, "Of the honest sign-ins %.1f %% and of the attacks %.1f %% are of people who are still being learnt; they count below like all others.\n\n", 100*r.Learning, 100*r.LearningBad)
	fmt.Fprintln(w, "Honest sign-ins    Attacks caught                        A simple   Score    Challenges per person")
	fmt.Fprintln(w, "challenged         all      naive    VPN      targeted   rule       from     median  mean")
	for _, c := range r.Costs {
		fmt.Fprintf(w, "%4.0f %% (%5.2f %%)  ", 100*c.ChallengeRate, 100*c.Challenged)
		for _, class := range classNames() {
			told := "      –  "
			for _, p := range r.Points {
				if p.Attacker == class && p.ChallengeRate == c.ChallengeRate {
					told = fmt.Sprintf("%5.1f %%  ", 100*p.DetectionRate)
				}
			}
			fmt.Fprint(w, told)
		}
		fmt.Fprintf(w, "  %5.1f %%   %6.2f   %4.0f   %6.2f\n", 100*c.Simple, c.Threshold, c.MedianReauthentications, c.MeanReauthentications)
	}
	fmt.Fprintln(w, "\nWith the thresholds that a tenant begins with, all detections together, learning left alone:")
	for _, class := range []string{"honest", Naive, VPN, Targeted} {
		s := r.Shipped[class]
		fmt.Fprintf(w, "  %-9s low or more %5.1f %%, medium or more %5.1f %%, high %5.1f %%\n", class, 100*s.Low, 100*s.Medium, 100*s.High)
	}
	for _, t := range r.Types {
		fmt.Fprintf(w, "  %-28s %7d honest, %6d attacks\n", t.Type, t.Honest, t.Attacks)
	}
	fmt.Fprintf(w, "\nOne decision takes %.1f µs.\n", r.Microseconds)
}
