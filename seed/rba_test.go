package seed

import (
	"bytes"
	"encoding/csv"
	"testing"
)

func riskLog(t *testing.T, r RiskLog) ([][]string, []byte) {
	t.Helper()
	var b bytes.Buffer
	n, err := r.Write(&b)
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Clone(b.Bytes())
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != n+1 {
		t.Fatalf("%d rows, told %d: %v", len(rows), n, err)
	}
	return rows, text
}

func TestRiskLogIsTheSameForTheSameNumber(t *testing.T) {
	r := RiskLog{Users: 50, SignIns: 800, Number: 3}
	_, a := riskLog(t, r)
	_, b := riskLog(t, r)
	r.Number = 4
	_, c := riskLog(t, r)
	if !bytes.Equal(a, b) || bytes.Equal(a, c) {
		t.Error("the number decides what is invented")
	}
}

func TestRiskLogIsInOrderAndLabelled(t *testing.T) {
	rows, _ := riskLog(t, RiskLog{Users: 300, SignIns: 9000, Number: 1})
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	last, attackers, honest := "", map[string]int{}, 0
	for _, row := range rows[1:] {
		if row[at["Login Timestamp"]] < last {
			t.Fatal("the log is not in the order of time")
		}
		last = row[at["Login Timestamp"]]
		if row[at["Is Account Takeover"]] == "True" {
			attackers[row[at["Attacker"]]]++
		} else if row[at["Login Successful"]] == "True" {
			honest++
		}
	}
	if attackers["naive"] < 25 || attackers["vpn"] < 25 || attackers["targeted"] < 20 || attackers[""] > 0 {
		t.Errorf("takeovers %v", attackers)
	}
	if honest < 6000 || honest > 13000 {
		t.Errorf("%d honest sign-ins, asked for about 9000", honest)
	}
}

func TestRiskLogVaries(t *testing.T) {
	for _, a := range RiskAssumptions() {
		rows, _ := riskLog(t, RiskLog{Users: 40, SignIns: 400, Number: 2, Assume: []string{a[0]}})
		if len(rows) < 100 {
			t.Errorf("%s: %d rows", a[0], len(rows))
		}
	}
	if _, err := (RiskLog{Users: 1, SignIns: 1, Assume: []string{"rain"}}).Write(&bytes.Buffer{}); err == nil {
		t.Error("an assumption that there is not")
	}
	if _, err := (RiskLog{}).Write(&bytes.Buffer{}); err == nil {
		t.Error("a log of nobody")
	}
}
