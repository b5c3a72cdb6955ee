package main

import (
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// figure is one measured thing beside what it should be and what would be possible.
type figure struct {
	what   string
	value  string
	budget string
	limit  string // what the machine allows, measured in this run
	note   string
	ok     bool
}

type report struct{ rows [][2]any }

func (r *report) add(engine string, f figure) {
	r.rows = append(r.rows, [2]any{engine, f})
	fmt.Printf("  %-9s %s: %s\n", engine, f.what, f.value)
}

func (r *report) print() {
	fmt.Println()
	w := tabwriter.NewWriter(os.Stdout, 2, 4, 2, ' ', 0)
	fmt.Fprintln(w, "\twhere\twhat\tmeasured\tbudget\tlimit here\tnote")
	for _, row := range r.rows {
		f := row[1].(figure)
		mark := "ok"
		if !f.ok {
			mark = "OVER"
		}
		if f.budget == "" {
			mark = ""
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", mark, row[0], f.what, f.value, f.budget, f.limit, f.note)
	}
	_ = w.Flush()
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

// percentile of durations, p between 0 and 1.
func percentile(list []time.Duration, p float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[min(len(list)-1, int(p*float64(len(list))))]
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/(1<<20)) }

func perSecond(v float64) string { return fmt.Sprintf("%.0f/s", v) }
