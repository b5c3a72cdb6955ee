package seed

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"
)

// RiskLog invents a labelled log of sign-ins in the column format of the public RBA data set (Wiefling, Jørgensen,
// Thunem, Lo Iacono: "Pump up password security!", ACM TOPS 2023), to measure how many attacks are noticed. It has
// statistics of its own and shares no code with what it measures. What it assumes of people and of attackers is
// written beside each number in rba_people.go and rba_attackers.go; Assume varies what matters most.
type RiskLog struct {
	Users   int
	SignIns int // of the people themselves, about; failures and attacks come on top
	Number  uint64
	Days    int       // how long the log is; 0 = a year
	From    time.Time // zero = 1 January 2025
	Assume  []string  // see RiskAssumptions
}

// RiskAssumptions are the variations that RiskLog.Assume may name, and what each changes.
func RiskAssumptions() [][2]string {
	return [][2]string{
		{"sparse", "most people sign in about three times in the whole log"},
		{"daily", "every provider gives its customers a new address each day"},
		{"noplaces", "region and city are unknown"},
		{"noagents", "the columns of browser, system and device are empty; only the agent string is given"},
		{"nocookies", "there is no column Device Cookie"},
		{"unlabelled", "there is no column Attacker"},
		{"mobile", "most sign-ins come from phones on mobile networks"},
		{"quiet", "attackers fail hardly ever: they have the right passwords"},
		{"exact", "targeted attackers come from the very provider and city, with the very versions"},
	}
}

// event is one row on its way.
type event struct {
	at       time.Time
	user     int
	from     line
	software software
	cookie   string
	rtt      int
	ok       bool
	listed   bool
	takeover bool
	attacker string
}

// Write makes the log and gives the number of its rows.
func (r RiskLog) Write(out io.Writer) (int, error) {
	if r.Users < 1 || r.SignIns < 1 || r.SignIns > 5_000_000 {
		return 0, errors.New("a log needs users, and between 1 and 5,000,000 sign-ins")
	}
	for _, a := range r.Assume {
		if !slices.ContainsFunc(RiskAssumptions(), func(k [2]string) bool { return k[0] == a }) {
			return 0, fmt.Errorf("%q is no assumption", a)
		}
	}
	r.Days = cmp.Or(r.Days, 365)
	if r.From.IsZero() {
		r.From = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	w := newRiskWorld(r)
	var all []event
	for i := range w.people {
		all = append(all, w.life(&w.people[i])...)
	}
	all = append(all, w.attacks()...)
	slices.SortStableFunc(all, func(a, b event) int { return a.at.Compare(b.at) })
	return len(all), w.write(out, all)
}

func (r RiskLog) assumes(what string) bool { return slices.Contains(r.Assume, what) }

func (w *riskWorld) write(out io.Writer, all []event) error {
	buffered := bufio.NewWriterSize(out, 1<<18)
	c := csv.NewWriter(buffered)
	head := []string{"index", "Login Timestamp", "User ID", "Round-Trip Time [ms]", "IP Address", "Country", "Region", "City", "ASN",
		"User Agent String", "Browser Name and Version", "OS Name and Version", "Device Type", "Login Successful", "Is Attack IP", "Is Account Takeover"}
	labelled, cookies := !w.assumes("unlabelled"), !w.assumes("nocookies")
	if labelled {
		head = append(head, "Attacker")
	}
	if cookies {
		head = append(head, "Device Cookie")
	}
	if err := c.Write(head); err != nil {
		return err
	}
	row := make([]string, 0, len(head))
	for i, e := range all {
		region, city := e.from.region, e.from.city
		if w.assumes("noplaces") {
			region, city = "-", "-"
		}
		browser, system, device := e.software.browser, e.software.system, e.software.device
		if w.assumes("noagents") {
			browser, system, device = "", "", ""
		}
		rtt := ""
		if e.rtt > 0 {
			rtt = strconv.Itoa(e.rtt)
		}
		row = append(row[:0], strconv.Itoa(i), e.at.Format("2006-01-02 15:04:05.000"), w.people[e.user].id, rtt, e.from.ip, e.from.country,
			region, city, strconv.Itoa(e.from.asn), e.software.agent(), browser, system, device, truth(e.ok), truth(e.listed), truth(e.takeover))
		if labelled {
			row = append(row, e.attacker)
		}
		if cookies {
			row = append(row, e.cookie)
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return errors.Join(c.Error(), buffered.Flush())
}

func truth(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// lognormal is a number of which half are below the median, with a long tail.
func (d dice) lognormal(median, spread float64) float64 {
	return median * math.Exp(d.NormFloat64()*spread)
}

// exponential is a waiting time.
func (d dice) exponential(mean time.Duration) time.Duration {
	return time.Duration(d.ExpFloat64() * float64(mean))
}
