package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"portico/app/risk/evaluate"
	"portico/seed"
)

type riskCommand struct {
	Evaluate riskEvaluateCommand `cmd:"" help:"Play a labelled log of sign-ins through the risk engine, and tell how many attacks it notices at which cost. Needs no database."`
}

type riskEvaluateCommand struct {
	Format string            `help:"text or json." enum:"text,json" default:"text"`
	Column map[string]string `help:"Another name of a column of the log, as in --column 'Login Timestamp=time'. May be repeated." mapsep:"none" placeholder:"NAME=HEADER"`
	File   string            `arg:"" help:"CSV in the columns of the public RBA data set; Attacker (naive, vpn, targeted) and Device Cookie may follow. A file in the order of time is read through; of another one 32 bytes a row are kept to sort it. Memory grows with people and different addresses, by about 1 GB for a million people."`
}

// Run measures the engine. Rows that cannot be read are told on standard error, with their lines, and left out.
func (c riskEvaluateCommand) Run(ctx context.Context, w world) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close() // only read from
	told, refused := w.now(), 0
	report, err := evaluate.Run(f, evaluate.Options{Columns: c.Column, Now: w.now,
		Bad: func(b evaluate.BadRow) {
			if refused++; refused <= maxBadRows {
				fmt.Fprintf(w.stderr, "line %d left out: %v\n", b.Line, b.Err)
			} else if refused == maxBadRows+1 {
				fmt.Fprintln(w.stderr, "More rows are left out; the report tells how many.")
			}
		},
		Progress: func(share float64, rows int) {
			if now := w.now(); now.Sub(told) > 5*time.Second {
				told = now
				fmt.Fprintf(w.stderr, "%d rows, %.0f %%\n", rows, 100*share)
			}
		},
		Stop: ctx.Err})
	if err != nil {
		return err
	}
	if c.Format == "json" {
		e := json.NewEncoder(w.stdout)
		e.SetIndent("", "  ")
		return e.Encode(report)
	}
	report.Text(w.stdout)
	return nil
}

// maxBadRows is how many broken rows are told one by one.
const maxBadRows = 1000

// riskLog writes a generated log instead of sign-ins of the sample company; it touches no database.
func (c seedCommand) riskLog(w world) error {
	f, err := os.Create(c.RiskLog)
	if err != nil {
		return err
	}
	rows, err := seed.RiskLog{Users: c.Users, SignIns: c.SignIns, Number: c.Number, Assume: c.Assume}.Write(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(w.stdout, "Wrote %d rows into %s.\n", rows, c.RiskLog)
	return nil
}
