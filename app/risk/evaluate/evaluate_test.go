package evaluate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/seed"
)

const head = "index,Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,User Agent String,Browser Name and Version,OS Name and Version,Device Type,Login Successful,Is Attack IP,Is Account Takeover\n"

func play(t *testing.T, log string, o Options) (Report, []BadRow) {
	t.Helper()
	var bad []BadRow
	o.Bad = func(b BadRow) { bad = append(bad, b) }
	r, err := Run(strings.NewReader(log), o)
	if err != nil {
		t.Fatal(err)
	}
	return r, bad
}

// TestPublicFormat reads rows as the public data set has them.
func TestPublicFormat(t *testing.T) {
	r, bad := play(t, head+
		"0,2020-02-03 12:43:30.772,-4324475583306591935,,10.0.65.171,NO,-,-,29695,\"Mozilla/5.0  (iPhone; CPU iPhone OS 13_4 like Mac OS X)\",Firefox 20.0.0.1618,iOS 13.4,mobile,False,False,False\n"+
		"1,2020-02-03 12:43:43.549,-4324475583306591935,,194.87.207.6,AU,-,-,60117,x,Chrome Mobile 46.0.2490,Android 2.2,mobile,False,False,False\n"+
		"2,2020-02-03 12:43:55.873,-3284137479262433373,21,81.167.144.58,NO,Vestland,Urangsvag,29695,x,Android 2.3.3.2672,Android 2.2,mobile,True,False,False\n", Options{})
	if len(bad) != 0 || r.Rows != 3 || r.Honest != 1 || r.Failed != 2 || r.People != 1 {
		t.Errorf("%+v, left out %v", r, bad)
	}
}

func TestBrokenRowsAreToldAndTheRestGoesOn(t *testing.T) {
	good := "0,2020-02-03 12:43:30,7,,10.0.65.171,NO,-,-,29695,x,Firefox 20.0,iOS 13.4,mobile,True,False,False\n"
	r, bad := play(t, head+good+
		"1,yesterday,7,,10.0.65.171,NO,-,-,29695,x,Firefox 20.0,iOS 13.4,mobile,True,False,False\n"+
		"2,2020-02-03 12:43:31,7,,not an address,NO,-,-,29695,x,Firefox 20.0,iOS 13.4,mobile,True,False,False\n"+
		"3,2020-02-03 12:43:32,,,10.0.65.171\n"+
		"4,2020-02-03 12:43:32,7,,10.0.65.171,NO,-,-,many,x,Firefox 20.0,iOS 13.4,mobile,True,False,False\n"+
		"5,2020-02-03 12:43:32,7,,10.0.65.171,NO,-,-,29695,x,Firefox 20.0,iOS 13.4,mobile,perhaps,False,False\n"+good, Options{})
	var lines []int
	for _, b := range bad {
		lines = append(lines, b.Line)
	}
	if !slices.Equal(lines, []int{3, 4, 5, 6, 7}) || r.BadRows != 5 || r.Rows != 2 {
		t.Errorf("left out %v, %d rows", bad, r.Rows)
	}
}

// Whatever one row holds, the rest of the file is read.
func TestOneOddRowSpoilsNothingElse(t *testing.T) {
	row := func(n int, at, city string) string {
		return fmt.Sprintf("%d,%s,7,,10.0.65.171,NO,-,%s,29695,x,Firefox 20.0,iOS 13.4,mobile,True,False,False\n", n, at, city)
	}
	good := func(n int) string { return row(n, fmt.Sprintf("2020-02-03 12:44:%02d", n), "Oslo") }
	for _, c := range []struct {
		name, row string
		out       int
	}{
		{"a year before all computers", row(1, "1951-01-01 00:00:00", "Oslo"), 1},
		{"a year beyond reason", row(1, "9020-02-03 12:43:31", "Oslo"), 1},
		{"a city in another encoding", row(1, "2020-02-03 12:43:31", "Z\xfcrich"), 0},
		{"a quote that never closes", row(1, "2020-02-03 12:43:31", "\"Oslo"), 1},
		{"a quote at the beginning", "\"" + row(1, "2020-02-03 12:43:31", "Oslo"), 1},
		{"a line without end", row(1, "2020-02-03 12:43:31", strings.Repeat("o", 2<<20)), 1},
		{"an empty line", "\n", 0},
	} {
		for _, shuffled := range []bool{false, true} {
			rows := good(0) + c.row + good(2) + good(3)
			if shuffled {
				rows = good(3) + good(0) + c.row + good(2)
			}
			r, bad := play(t, head+rows, Options{})
			if want := 4 - c.out; len(bad) != c.out || r.Honest != want && !(c.row == "\n" && r.Honest == 3) {
				t.Errorf("%s (shuffled %t): %d honest, left out %v", c.name, shuffled, r.Honest, bad)
			}
		}
	}
}

func TestWhatIsNoLogIsSaid(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"semicolons": {strings.ReplaceAll(head, ",", ";"), "commas"},
		"UTF-16":     {"\xff\xfei\x00n\x00d\x00\n", "UTF-16"},
		"gzip":       {"\x1f\x8b\x08\x00\n", "unpack"},
		"no rows":    {head, "no sign-in"},
		"nothing":    {"", "empty"},
	} {
		if _, err := Run(strings.NewReader(c.text), Options{}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestColumnsByOtherNamesInAnyOrder(t *testing.T) {
	r, bad := play(t, "\ufeffok,who,WHEN,ip address,more\ntrue,7,2020-02-03T12:43:30Z,10.0.65.171,1\n1,7,1580733811000,2001:db8::1,2\n",
		Options{Columns: map[string]string{"Login Timestamp": "when", "User ID": "who", "Login Successful": "ok"}})
	if len(bad) != 0 || r.Honest != 2 {
		t.Errorf("%+v %v", r, bad)
	}
	if _, err := Run(strings.NewReader("a,b\n1,2\n"), Options{}); err == nil || !strings.Contains(err.Error(), "User ID") {
		t.Errorf("a header that lacks columns: %v", err)
	}
	if _, err := Run(strings.NewReader(""), Options{}); err == nil {
		t.Error("an empty file is no log")
	}
}

func generated(t *testing.T, assume ...string) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := (seed.RiskLog{Users: 400, SignIns: 9000, Number: 5, Assume: assume}).Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestOrderDoesNotMatter: a log whose rows lie about is played in the order of time.
func TestOrderDoesNotMatter(t *testing.T) {
	log := generated(t)
	lines := strings.SplitAfter(strings.TrimSuffix(log, "\n"), "\n")
	lines[len(lines)-1] += "\n"
	d := rand.New(rand.NewPCG(1, 1))
	d.Shuffle(len(lines)-1, func(i, j int) { lines[i+1], lines[j+1] = lines[j+1], lines[i+1] })
	a, _ := play(t, log, Options{})
	b, bad := play(t, strings.Join(lines, ""), Options{})
	if len(bad) > 0 || fmt.Sprint(a.Points) != fmt.Sprint(b.Points) || a.Rows != b.Rows {
		t.Errorf("%v\n%v\n%v", a.Points, b.Points, bad)
	}
}

// TestLabelsAreNoInputs: whatever a log says of listed addresses, the same sign-ins have the same scores.
func TestLabelsAreNoInputs(t *testing.T) {
	log := generated(t)
	a, _ := play(t, log, Options{})
	lines := strings.Split(log, "\n")
	for i := range lines[1:] { // … Login Successful, Is Attack IP, Is Account Takeover, Attacker, Device Cookie
		f := strings.Split(lines[i+1], ",")
		if n := len(f); n > 5 {
			f[n-4] = "True"
			lines[i+1] = strings.Join(f, ",")
		}
	}
	b, _ := play(t, strings.Join(lines, "\n"), Options{})
	if fmt.Sprint(a.Points, a.Costs) != fmt.Sprint(b.Points, b.Costs) {
		t.Error("the column Is Attack IP changes what is found")
	}
}

// TestGeneratedLog holds the engine to what it promises, on a log far smaller than the published one.
func TestGeneratedLog(t *testing.T) {
	r, bad := play(t, generated(t), Options{})
	if len(bad) > 0 || r.Derived || r.Attacks[Naive] == 0 || r.Attacks[VPN] == 0 || r.Attacks[Targeted] == 0 {
		t.Fatalf("%+v %v", r, bad)
	}
	for class, least := range map[string]float64{Naive: 0.9, VPN: 0.75, Targeted: 0.4, "": 0.7} {
		for _, p := range r.Points {
			if p.ChallengeRate == 0.02 && p.Attacker == class && p.DetectionRate < least {
				t.Errorf("%q: %.2f caught at 2 %%, want %.2f", class, p.DetectionRate, least)
			}
		}
	}
	for _, c := range r.Costs {
		if c.Challenged > c.ChallengeRate {
			t.Errorf("%.4f are challenged, more than %.4f", c.Challenged, c.ChallengeRate)
		}
	}
}

func TestAttackersAreDerivedWhereTheLogIsSilent(t *testing.T) {
	r, _ := play(t, generated(t, "unlabelled", "nocookies"), Options{})
	if !r.Derived || r.Attacks[Naive]+r.Attacks[VPN]+r.Attacks[Targeted] != 90 {
		t.Errorf("%+v", r.Attacks)
	}
}

// TestWithoutTakeovers: a log that marks none has its attacks where addresses are listed.
func TestWithoutTakeovers(t *testing.T) {
	log := head
	for i := range 30 {
		log += fmt.Sprintf("%d,2020-02-%02d 12:00:00,7,,10.0.65.171,NO,-,-,29695,x,Firefox 20.0,iOS 13.4,mobile,True,False,False\n", i, 1+i%28)
	}
	log += "99,2020-03-01 12:00:00,7,,10.99.65.171,RU,-,-,65001,x,Opera 9,Windows 7,desktop,True,True,False\n"
	r, _ := play(t, log, Options{})
	if r.Attacks[Naive] != 1 || r.Honest != 30 || !strings.Contains(r.Labels, "Is Attack IP") {
		t.Errorf("%+v", r)
	}
	if p := r.Points[0]; p.DetectionRate != 1 {
		t.Errorf("%+v", r.Points)
	}
}

func TestThresholdNeverChallengesMoreThanItMay(t *testing.T) {
	d := rand.New(rand.NewPCG(9, 9))
	for range 3000 {
		scores := make([]float32, d.IntN(60))
		for i := range scores {
			scores[i] = float32(d.IntN(1 + d.IntN(20)))
		}
		slices.Sort(scores)
		rate := d.Float64()
		x := threshold(scores, rate)
		if got := reach(scores, x); got > rate && len(scores) > 0 {
			t.Fatalf("%v at %.3f: from %v on %.3f are challenged", scores, rate, x, got)
		}
		// The next lower score that somebody has would be too much.
		i, _ := slices.BinarySearch(scores, x)
		if i > 0 && reach(scores, scores[i-1]) <= rate {
			t.Fatalf("%v at %.3f: %v would do", scores, rate, scores[i-1])
		}
	}
}

// TestJSONIsTheContract: points with challengeRate, detectionRate and attacker, which is absent for all.
func TestJSONIsTheContract(t *testing.T) {
	r, _ := play(t, generated(t), Options{Now: time.Now})
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Points []map[string]any `json:"points"`
	}
	if err := json.Unmarshal(b, &got); err != nil || len(got.Points) != 16 {
		t.Fatalf("%d points, %v", len(got.Points), err)
	}
	seen := map[string]bool{}
	for _, p := range got.Points {
		_, rate := p["challengeRate"].(float64)
		_, caught := p["detectionRate"].(float64)
		if !rate || !caught {
			t.Errorf("%v", p)
		}
		if name, there := p["attacker"]; there {
			seen[fmt.Sprint(name)] = true
		} else {
			seen["all"] = true
		}
	}
	for _, name := range []string{"all", Naive, VPN, Targeted} {
		if !seen[name] {
			t.Errorf("no point for %s", name)
		}
	}
	if strings.Contains(string(b), "NaN") || math.IsNaN(r.Microseconds) {
		t.Error("no number")
	}
	var text strings.Builder
	r.Text(&text)
	if !strings.Contains(text.String(), "targeted") {
		t.Error("the text says nothing")
	}
}

func FuzzRun(f *testing.F) {
	f.Add(head + "0,2020-02-03 12:43:30,7,,10.0.65.171,NO,-,-,29695,x,Firefox 20.0,iOS 13.4,mobile,True,False,False\n")
	f.Add("\"a\nb\",Login Timestamp,User ID,IP Address,Login Successful\n\"\"\",1,2,3,4\n")
	f.Fuzz(func(t *testing.T, log string) {
		_, _ = Run(strings.NewReader(log), Options{})
	})
}
