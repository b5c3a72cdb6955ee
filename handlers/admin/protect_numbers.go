package admin

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"portico/app/i18n"
	"portico/app/risk"
	"portico/models"
	views "portico/views/admin"
)

// riskNumbers are the roll-ups of a span, added up for the overview.
type riskNumbers struct {
	from, to   time.Time // days, both included
	signIns    int64
	risky      int64
	byLevel    map[string]int64
	levelByDay map[string]map[string]int64 // level, then day
	challenged int64
	blocked    int64
	remediated int64
	byType     map[string]int64
}

func addUp(days []models.RiskDay, from, to time.Time) riskNumbers {
	n := riskNumbers{from: from, to: to, byLevel: map[string]int64{}, levelByDay: map[string]map[string]int64{}, byType: map[string]int64{}}
	for _, d := range days {
		switch d.Kind {
		case models.DaySignIns:
			n.signIns += d.Count
		case models.DayLevel:
			n.risky += d.Count
			n.byLevel[d.Value] += d.Count
			if n.levelByDay[d.Value] == nil {
				n.levelByDay[d.Value] = map[string]int64{}
			}
			n.levelByDay[d.Value][d.Day] += d.Count
		case models.DayChallenged:
			n.challenged += d.Count
		case models.DayBlocked:
			n.blocked += d.Count
		case models.DayRemediated:
			n.remediated += d.Count
		case models.DayType:
			n.byType[d.Value] += d.Count
		}
	}
	return n
}

// causes are the types of detections, the most frequent first.
func (n riskNumbers) causes() []string {
	types := make([]string, 0, len(n.byType))
	for t := range n.byType {
		types = append(types, t)
	}
	slices.SortFunc(types, func(a, b string) int { return cmp.Or(cmp.Compare(n.byType[b], n.byType[a]), cmp.Compare(a, b)) })
	return types
}

// span adds the days of the numbers to the filters of a report, so that its rows are what was counted.
func (n riskNumbers) span(filters url.Values) string {
	q := url.Values{"from": {n.from.Format("2006-01-02T15:04")}, "to": {n.to.AddDate(0, 0, 1).Format("2006-01-02T15:04")}}
	for name, values := range filters {
		q[name] = values
	}
	return q.Encode()
}

// chartLevels are the lines of the trend.
func chartLevels() []string { return []string{risk.High, risk.Medium, risk.Low} }

// trend draws the risky sign-ins by level: a point for each day, or for each week where there are many days.
func (n riskNumbers) trend(l *i18n.Localizer, href string) views.Chart {
	step := 1
	if n.to.Sub(n.from) > 45*24*time.Hour {
		step = 7
	}
	c := views.Chart{ID: "risk-trend", Unit: "sign-ins", Lines: true, Href: href}
	for _, level := range chartLevels() {
		c.Series = append(c.Series, views.Series{Name: levelWord(level)})
	}
	peak, peakDay := int64(0), ""
	for start := n.from; !start.After(n.to); start = start.AddDate(0, 0, step) {
		label, sum := start.Format("2 Jan"), int64(0)
		c.Labels = append(c.Labels, label)
		for i, level := range chartLevels() {
			count := int64(0)
			for day := start; day.Before(start.AddDate(0, 0, step)) && !day.After(n.to); day = day.AddDate(0, 0, 1) {
				count += n.levelByDay[level][day.Format(time.DateOnly)]
			}
			c.Series[i].Values = append(c.Series[i].Values, float64(count))
			sum += count
		}
		if sum > peak {
			peak, peakDay = sum, label
		}
	}
	c.Finding = n.finding(l, peak, peakDay, step)
	return c
}

// finding is the sentence of the trend: what to see.
func (n riskNumbers) finding(l *i18n.Localizer, peak int64, peakDay string, step int) string {
	if n.risky == 0 {
		return fmt.Sprintf("No risky sign-ins from %s to %s", n.from.Format("2 January"), n.to.Format("2 January"))
	}
	s := grouped(n.risky) + choose(n.risky == 1, " risky sign-in", " risky sign-ins") + ", " + grouped(n.byLevel[risk.High]) + " of them high; most " +
		choose(step == 1, "on ", "in the week from ") + peakDay + " (" + grouped(peak) + ")"
	if causes := n.causes(); len(causes) > 0 {
		s += ", most often because of “" + riskTypeWord(l, causes[0]) + "”"
	}
	return s
}

func levelWord(level string) string {
	switch level {
	case risk.High:
		return "High"
	case risk.Medium:
		return "Medium"
	case risk.Low:
		return "Low"
	}
	return "None"
}

// percentOf is a share in words that people read.
func percentOf(part, all int64) string {
	if all <= 0 {
		return "–"
	}
	share := float64(part) / float64(all) * 100
	if share > 0 && share < 1 {
		return strconv.FormatFloat(share, 'f', 2, 64) + " %"
	}
	return strconv.FormatFloat(share, 'f', 0, 64) + " %"
}

// scoreDays are the histograms of the scores, one for each day of a span, days without sign-ins too.
func scoreDays(days []models.RiskDay, from, to time.Time) []risk.ScoreDay {
	at, out := map[string]int{}, []risk.ScoreDay{}
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		at[day.Format(time.DateOnly)] = len(out)
		out = append(out, risk.ScoreDay{Day: day, Scores: map[int]int{}})
	}
	for _, d := range days {
		i, in := at[d.Day]
		bucket, err := strconv.Atoi(d.Value)
		if d.Kind == models.DayScore && in && err == nil {
			out[i].Scores[bucket] += int(d.Count)
		}
	}
	return out
}

// today is the day of a moment, UTC, as the roll-ups count.
func today(now time.Time) time.Time { return now.UTC().Truncate(24 * time.Hour) }
