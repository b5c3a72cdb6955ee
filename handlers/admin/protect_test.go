package admin

import (
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/record"
	"portico/app/risk"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

func TestTheTrendSaysWhatToSee(t *testing.T) {
	from, to := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 30, 0, 0, 0, 0, time.UTC)
	l := newBench(t).web.Bundle.Match("en")
	days := []models.RiskDay{{Day: "2026-01-03", Kind: models.DaySignIns, Value: "success", Count: 900}, {Day: "2026-01-03", Kind: models.DayLevel, Value: risk.High, Count: 2},
		{Day: "2026-01-05", Kind: models.DayLevel, Value: risk.Low, Count: 7}, {Day: "2026-01-05", Kind: models.DayChallenged, Count: 4}, {Day: "2026-01-05", Kind: models.DayType, Value: "passwordSpray", Count: 5},
		{Day: "2026-01-05", Kind: models.DayType, Value: "newCountry", Count: 3}}
	n := addUp(days, from, to)
	c := n.trend(l, "")
	if want := "9 risky sign-ins, 2 of them high; most on 5 Jan (7), most often because of “Password spray”"; c.Finding != want {
		t.Errorf("%s, want %s", c.Finding, want)
	}
	if len(c.Labels) != 30 || c.Series[0].Values[2] != 2 || c.Series[2].Values[4] != 7 || n.challenged != 4 || n.signIns != 900 {
		t.Errorf("%+v %+v", n, c)
	}
	if c := addUp(days, from.AddDate(0, 0, -60), to).trend(l, ""); len(c.Labels) != 13 || !strings.Contains(c.Finding, "in the week from") {
		t.Errorf("90 days are drawn by the week: %+v", c)
	}
	if c := addUp(nil, from, to).trend(l, ""); c.Finding != "No risky sign-ins from 1 January to 30 January" {
		t.Error(c.Finding)
	}
}

// TestProtectionPages: what an admin sets is kept, complained about beside its field, and nobody else may.
func TestProtectionPages(t *testing.T) {
	b := newBench(t)
	admin := b.global()
	at := "/admin/t/shop/protection"
	settings := func() tenant.Settings { return modelstest.Must(b.shop.Get(t.Context()))(t).Settings }

	page := admin.get(at)
	for _, want := range []string{"No policy acts on risky sign-ins", "No policy acts on people at high risk", "Nobody’s risk ended", "No risky sign-ins from"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the overview lacks %q", want)
		}
	}

	var form []string
	for _, k := range risk.Catalogue() {
		if k.Type != "newCountry" {
			form = append(form, "on."+k.Type, "yes")
		}
	}
	form = append(form, "unfamiliarMedium", "3,5", "travelKmh", "99999")
	if a := admin.post(at+"/thresholds", form...); a.status != 422 || !strings.Contains(a.body, "Enter a number from 300 to 5,000") && !strings.Contains(a.body, "Enter a number from 300 to 5000") || !strings.Contains(a.body, "99999") {
		t.Errorf("nobody travels so fast: %d", a.status)
	}
	form[len(form)-1] = "900"
	if a := admin.post(at+"/thresholds", form...); a.status != 303 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if s := settings().Risk; s.TravelKmh != 900 || s.UnfamiliarMedium != 3.5 || s.Runs("newCountry") || !s.Runs("passwordSpray") {
		t.Errorf("kept %+v", s)
	}
	if a := admin.post(at + "/thresholds/reset"); a.status != 303 || settings().Risk.TravelKmh != 0 || !settings().Risk.Runs("newCountry") {
		t.Errorf("reset: %d %+v", a.status, settings().Risk)
	}

	if a := admin.post(at+"/notifications", "riskMail.on", "yes", "riskMail.level", "medium", "riskMail.digestDay", "friday", "riskMail.also", "not an address"); a.status != 422 || !strings.Contains(a.body, "is no email address") {
		t.Errorf("an address that is none: %d", a.status)
	}
	if a := admin.post(at+"/notifications", "riskMail.on", "yes", "riskMail.level", "medium", "riskMail.digestDay", "friday", "riskMail.also", "soc@example.com\nsoc@example.com\n"); a.status != 303 {
		t.Errorf("%d", a.status)
	}
	if m := settings().RiskMail; m.Off || m.From() != "medium" || !m.DigestOff || m.Day() != "friday" || len(m.Also) != 1 {
		t.Errorf("kept %+v", m)
	}

	if a := admin.get(at + "/budget?challengeShare=200"); a.status != 422 || !strings.Contains(a.body, "Enter a number from 0.1 to 50") {
		t.Errorf("more than everybody: %d", a.status)
	}
	if a := admin.get(at + "/budget?challengeShare=2"); a.status != 200 || !strings.Contains(a.body, "Too few sign-ins to go by") {
		t.Errorf("%d", a.status)
	}

	reader := b.admin("rae@staff.example", access.SecurityReaderID, b.shop.ID)
	if a := reader.get(at + "/thresholds"); a.status != 200 || strings.Contains(a.body, "Save thresholds") {
		t.Errorf("a reader sees and does not write: %d", a.status)
	}
	if a := reader.post(at + "/thresholds/reset"); a.status != 403 {
		t.Errorf("a reader resets: %d", a.status)
	}
}

// scored records sign-ins with a score, and counts them.
func (b *bench) scored(u models.User, n int, score float64) {
	b.Helper()
	at := b.clock.Now().Add(-time.Minute)
	for range n {
		b.must(b.shop.RecordSignIn(b.Context(), record.SignIn{ID: models.NewID(), Kind: record.Interactive, StartedAt: at, EndedAt: at, App: record.Party{ID: "app", Name: "Market"}, User: record.Party{ID: u.ID},
			RiskScore: score, RiskLevel: risk.None, Features: []record.Feature{{Name: "history", Value: "41/120", Person: 40}}, Outcome: record.Outcome{Result: record.Success}}))
	}
	for {
		done, err := b.shop.FoldRisk(b.Context())
		b.must(err)
		if done == 0 {
			return
		}
	}
}

// TestTheBudgetIsAppliedAndTakenBack: what the page showed is what counts afterwards, and nothing else.
func TestTheBudgetIsAppliedAndTakenBack(t *testing.T) {
	b := newBench(t)
	admin := b.global()
	at := "/admin/t/shop/protection/budget"
	risked := func() risk.Settings { return modelstest.Must(b.shop.Get(t.Context()))(t).Settings.Risk }
	admin.post(at, "challengeShare", "2", "threshold", "4.25").wants(t, 422, "There are too few sign-ins to work out a threshold by")
	ann := modelstest.MustUser(t, b.shop, "ann@example.com")
	b.scored(ann, 500, .5)
	b.scored(ann, 10, 4.3)
	admin.get(at+"?challengeShare=2").wants(t, 200, "Apply 2 %", "from a score of 4.25 on")
	for _, invented := range []string{"-19", "1e9", "", "4.2500000001", "NaN"} {
		admin.post(at, "challengeShare", "2", "threshold", invented).wants(t, 422, "Another threshold follows from it by now")
	}
	if s := risked(); s.ChallengeShare != 0 || s.UnfamiliarMedium != 0 {
		t.Errorf("an invented threshold was taken: %+v", s)
	}
	if a := admin.post(at, "challengeShare", "2", "threshold", "4.25"); a.status != 303 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	s := risked()
	if s.ChallengeShare != 2 || s.UnfamiliarMedium != 4.25 {
		t.Errorf("applied %+v", s)
	}
	if a := admin.post(at+"/undo", "loaded", "stale", "challengeShare", "0", "low", "0", "medium", "0", "high", "0"); a.status == 303 {
		t.Error("taken back although somebody changed it since")
	}
	if a := admin.post(at+"/undo", "loaded", fingerprint(s), "challengeShare", "0", "low", "0", "medium", "0", "high", "0"); a.status != 303 {
		t.Errorf("%d", a.status)
	}
	if s := risked(); s.ChallengeShare != 0 || s.UnfamiliarMedium != 0 {
		t.Errorf("taken back %+v", s)
	}
}

// TestSimulationIsForTestPersons: nobody else's risk is simulated, and nothing is left of it.
func TestSimulationIsForTestPersons(t *testing.T) {
	b := newBench(t)
	admin := b.global()
	ann := modelstest.MustUser(t, b.shop, "ann@example.com")
	at := "/admin/t/shop/protection/simulation"
	if a := admin.post(at+"/"+ann.ID, "riskEventType", "unfamiliarFeatures"); a.status != 404 {
		t.Errorf("not marked: %d", a.status)
	}
	if a := admin.post(at+"/mark", "person", "nobody@example.com"); a.status != 422 {
		t.Errorf("nobody: %d", a.status)
	}
	if a := admin.post(at+"/mark", "person", "ann@example.com"); a.status != 303 || !strings.HasSuffix(a.location, ann.ID) {
		t.Fatalf("%d %s", a.status, a.location)
	}
	if a := admin.post(at+"/"+ann.ID, "riskEventType", "leakedCredentials"); a.status != 303 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if u := modelstest.Must(b.shop.User(t.Context(), ann.ID))(t); u.Risk.Level != risk.High {
		t.Errorf("simulated: %+v", u.Risk)
	}
	if a := admin.get(at + "/" + ann.ID); !strings.Contains(a.body, "Remove everything simulated") {
		t.Error("the page does not show it")
	}
	if a := admin.post(at+"/unmark", "person", ann.ID); a.status != 303 {
		t.Errorf("%d", a.status)
	}
	if u := modelstest.Must(b.shop.User(t.Context(), ann.ID))(t); u.Risk.Level != "" {
		t.Errorf("left behind: %+v", u.Risk)
	}
}

// TestWhatIsSimulatedSaysSo: wherever it is shown, and nowhere once it is removed.
func TestWhatIsSimulatedSaysSo(t *testing.T) {
	b := newBench(t)
	admin := b.global()
	ann := modelstest.MustUser(t, b.shop, "ann@example.com")
	shop := "/admin/t/shop"
	admin.post(shop+"/protection/simulation/mark", "person", "ann@example.com")
	if a := admin.post(shop+"/protection/simulation/"+ann.ID, "riskEventType", risk.PasswordSpray); a.status != 303 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	wave := modelstest.Must(b.shop.SimulatedWaves(t.Context(), ann.ID))(t)[0]
	pages := map[string]string{shop + "/protection/simulation/" + ann.ID: "Without what is simulated", shop + "/incidents": "Simulated", shop + "/incidents/" + wave.ID: "This attack is simulated",
		shop + "/risky-users": "Simulated", shop + "/users/" + ann.ID + "/risk": "Simulated. By ", shop + "/users/" + ann.ID: "Risk: high (simulated)", shop + "/risk-detections": "Simulated",
		shop + "/risky-users?format=json": `"simulated": true`}
	for path, want := range pages {
		if a := admin.get(path); a.status != 200 || !strings.Contains(strings.ReplaceAll(a.body, `":true`, `": true`), want) {
			t.Errorf("%s: %d, without %q", path, a.status, want)
		}
	}
	if a := admin.get(shop + "/protection"); strings.Contains(a.body, "Look at 1 open incident") {
		t.Error("the overview takes it for real")
	}
	if a := admin.post(shop + "/protection/simulation/" + ann.ID + "/remove"); a.status != 303 {
		t.Errorf("%d", a.status)
	}
	if a := admin.get(shop + "/incidents/" + wave.ID); a.status != 404 {
		t.Errorf("left behind: %d", a.status)
	}
	for _, path := range []string{shop + "/risky-users?risk=any", shop + "/users/" + ann.ID + "/risk"} {
		if a := admin.get(path); strings.Contains(a.body, "Simulated. By") || strings.Contains(a.body, ">Simulated<") {
			t.Errorf("%s still says so", path)
		}
	}
}
