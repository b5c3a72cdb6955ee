package admin

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"portico/app/record"
	"portico/app/risk"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

const shopAdmin = "/admin/t/shop"

// risky records a sign-in in which something was found.
func (b *bench) risky(u models.User, minutes int, findings ...record.Finding) record.SignIn {
	b.Helper()
	level := risk.None
	for _, f := range findings {
		level = risk.Worse(level, f.Level)
	}
	at := b.clock.Now().Add(-time.Duration(minutes) * time.Minute)
	r := record.SignIn{ID: models.NewID(), CorrelationID: models.NewID(), Kind: record.Interactive, Protocol: "openid", StartedAt: at, EndedAt: at.Add(20 * time.Second), App: record.Party{ID: "app", Name: "Market"},
		User: record.Party{ID: u.ID, Name: u.DisplayName}, Identifier: signInName(u), Signals: record.Signals{IP: netip.MustParseAddr("203.0.113.9"), Country: "BR", City: "Recife", Network: "Example Net", ASN: 64500, Browser: "Chrome 140", OS: "Windows 11", UserAgent: "Mozilla/5.0"},
		Proofs: []record.Proof{{Method: "password", At: at, OK: true}}, AMR: []string{"pwd"}, Risk: findings, RiskLevel: level, RiskScore: 4.2, Outcome: record.Outcome{Result: record.Success},
		Features: []record.Feature{{Name: "history", Value: "41/120", Person: 40, Everyone: 9000}, {Name: "country", Value: "BR", Person: 0, Everyone: .01, Weight: 3.4}, {Name: "agent", Value: "Chrome on Windows", Person: .9, Everyone: .5, Weight: -.6}}}
	b.must(b.shop.RecordSignIn(b.Context(), r))
	return r
}

func newCountry() record.Finding {
	return record.Finding{Type: "newCountry", Level: risk.Medium, Key: "risk.found.new_country", Evidence: map[string]any{"ip": "203.0.113.9", "city": "Recife", "country": "BR", "usualCountry": "DE", "usual": "DE"}}
}

func unfamiliarSignIn() record.Finding {
	return record.Finding{Type: "unfamiliarFeatures", Level: risk.High, Key: "risk.found.unfamiliar", Evidence: map[string]any{"country": "BR", "city": "Recife", "score": 4.2,
		"features":  []map[string]any{{"name": "history", "value": "41/120"}, {"name": "country", "value": "BR", "usual": "DE", "often": 1.0, "person": 0.0, "everyone": .01, "weight": 3.4}, {"name": "agent", "value": "Chrome on Windows", "usual": "Chrome on Windows", "often": .9, "person": .9, "everyone": .5, "weight": -.6}},
		"otherwise": []map[string]any{{"part": "place", "score": .8, "level": "low"}}}}
}

// Each report finds what its filters say, hides and shows columns by its address, and gives the same rows to a file.
func TestRiskReportsFilterChooseColumnsAndDownload(t *testing.T) {
	b := newBench(t)
	list := b.people(4)
	first := b.risky(list[0], 10, unfamiliarSignIn(), newCountry())
	b.risky(list[1], 20, newCountry())
	b.must(b.shop.ConfirmCompromised(t.Context(), modelstest.Actor(), []string{list[2].ID}))
	reader := b.admin("reader@staff.example", b.roleID("Security Reader"), b.shop.ID)

	users := reader.get(shopAdmin + "/risky-users")
	users.wants(t, 200, "Risky users", "p0", "p1", "p2", "Confirmed compromised", "At risk", "Choose columns")
	if strings.Contains(users.body, ">p3<") {
		t.Error("somebody who was never at risk is in the report")
	}
	if strings.Contains(users.body, "risky-users/several") {
		t.Error("who may only read is offered changes")
	}
	for _, c := range []struct {
		at        string
		has, lack []string
	}{
		{"/risky-users?risk=confirmedCompromised", []string{"p2"}, []string{">p0<", ">p1<"}},
		{"/risky-users?level=high", []string{"p0", "p2"}, []string{">p1<"}},
		{"/risky-users?search=p1%40example.com", []string{"p1"}, []string{">p0<"}},
		{"/risky-users?search=nobody-at-all", []string{"Nothing fits these filters"}, []string{">p0<"}},
		{"/risky-users?range=1h", []string{"p0"}, nil},
		{"/risky-users?to=2000-01-01", []string{"Nothing fits these filters"}, []string{">p0<"}},
		{"/risky-users?level=enormous", []string{"Left out, because it cannot be read", "p0"}, nil},
		{"/risky-users?columns=state,id", []string{"User ID", list[0].ID}, []string{`data-label="Why"`}},
		{"/risky-sign-ins", []string{"p0", "p1", "New country", "Unfamiliar", "Recife"}, []string{"p3"}},
		{"/risky-sign-ins?detection=unfamiliarFeatures", []string{"p0"}, []string{"Select the sign-in of p1"}},
		{"/risky-sign-ins?aggregate=high", []string{"High"}, nil},
		{"/risky-sign-ins?country=de", []string{"Nothing fits these filters"}, nil},
		{"/risky-sign-ins?columns=policies&columns=mfa&columns=ip", []string{"Conditional Access", "Not asked for", "203.0.113.9"}, []string{`data-label="Risk state"`}},
		{"/risk-detections", []string{"4 detections, newest first", "New country", "Admin confirmed user compromised", "Unfamiliar sign-in properties"}, nil},
		{"/risk-detections?detection=newCountry", []string{"2 detections, newest first"}, []string{"4 detections"}},
		{"/risk-detections?search=p1%40example.com", []string{"1 detection, newest first"}, nil},
		{"/risk-detections?search=nobody-at-all", []string{"Nothing fits these filters"}, nil},
		{"/risk-detections?risk=atRisk&level=high", []string{"1 detection, newest first", "Unfamiliar"}, nil},
		{"/risk-detections?timing=offline", []string{"Admin confirmed"}, []string{"/risk-detections/none"}},
		{"/risk-detections?columns=attack,timing,signIn", []string{"Attack type", "T1078", "Not linked"}, []string{`data-label="Place"`}},
	} {
		page := reader.get(shopAdmin + c.at)
		page.wants(t, 200, c.has...)
		rows := page.body[strings.Index(page.body, "<main"):]
		if i := strings.Index(rows, "<tbody"); i >= 0 {
			rows = rows[i:]
		}
		for _, w := range c.lack {
			if strings.Contains(rows, w) {
				t.Errorf("%s has %q", c.at, w)
			}
		}
	}
	// Row count of a report and of its files, for the same filter (R 16.4 row 10).
	for at, want := range map[string]int{"/risky-users": 3, "/risky-users?level=high": 2, "/risky-sign-ins": 2, "/risky-sign-ins?detection=unfamiliarFeatures": 1, "/risk-detections": 4, "/risk-detections?detection=newCountry": 2, "/risk-detections?detection=newCountry&columns=timing": 2} {
		glue := map[bool]string{true: "&", false: "?"}[strings.Contains(at, "?")]
		a := reader.get(shopAdmin + at + glue + "format=csv")
		rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
		if err != nil || len(rows) != want+1 {
			t.Errorf("%s: %d rows in the CSV, %v", at, len(rows)-1, err)
		}
		var all []map[string]any
		if err := json.Unmarshal([]byte(reader.get(shopAdmin+at+glue+"format=json").body), &all); err != nil || len(all) != want {
			t.Errorf("%s: %d in the JSON, %v", at, len(all), err)
		}
	}
	if a := reader.get(shopAdmin + "/risk-detections?simulated=perhaps&format=csv"); a.status != 422 && a.status != 400 {
		t.Errorf("a file by a filter that cannot be read: %d", a.status)
	}
	reader.get(shopAdmin+"/sign-ins/"+first.ID).wants(t, 200, "Level now", "At risk", "Unfamiliar sign-in properties", "From the usual place this would be low.")
}

// A detection says in sentences what was usual, what differed and what would make it less.
func TestADetectionExplainsItself(t *testing.T) {
	b := newBench(t)
	u := b.people(1)[0]
	b.risky(u, 10, unfamiliarSignIn(), newCountry())
	w := b.global()
	found, err := b.shop.Detections(t.Context(), models.DetectionQuery{UserID: u.ID, Types: []string{"unfamiliarFeatures"}})
	b.must(err)
	d := found.Items[0]
	at := shopAdmin + "/risk-detections/" + d.ID
	w.get(at).wants(t, 200, "Unfamiliar sign-in properties", "What was found", "While the person signed in", "T1078, Valid accounts", "Compared with 41 earlier sign-ins of this person in 120 days",
		"Never seen with this person before: Country (Brazil), usually Germany.", "As usual: Browser and system (Chrome on Windows).", "as likely to come from an attacker as from this person", "From the usual place this would be low.",
		"Strongly unusual for this person (+3.4)", "A little usual for this person (-0.6)", "It is open, and counts towards the level of the person.", "Other detections at the same time", "New country", "Open the sign-in", "Confirm safe")
	// What becomes of it stands there, with who did it.
	b.must(b.shop.DismissRisk(t.Context(), modelstest.Actor(), []string{u.ID}))
	w.get(at).wants(t, 200, "Dismissed", "An administrator dismissed the risk")
	if a := w.get(shopAdmin + "/risk-detections/no-such"); a.status != 404 {
		t.Errorf("a detection that is not: %d", a.status)
	}
	other := modelstest.MustTenant(t, b.store, "other")
	if a := w.get("/admin/t/" + "other" + "/risk-detections/" + d.ID); a.status != 404 {
		t.Errorf("a detection of another tenant (%s): %d", other.ID, a.status)
	}
}

// From ticking sign-ins to the notice with its undo: nothing happens before the page that counts.
func TestSeveralSignInsAreJudgedAndTheJudgementIsUndone(t *testing.T) {
	b := newBench(t)
	list := b.people(3)
	one, two := b.risky(list[0], 10, newCountry()), b.risky(list[1], 20, newCountry())
	operator := b.admin("operator@staff.example", b.roleID("Security Operator"), b.shop.ID)
	operator.get(shopAdmin+"/risky-sign-ins").wants(t, 200, "Check the ticked ones", "Check all in the report")
	check, act := shopAdmin+"/risky-sign-ins/check", shopAdmin+"/risky-sign-ins/act"
	page := operator.post(check, "action", "confirmCompromised", "reach", "ticked", "signIn", one.ID, "signIn", two.ID, "filters", "")
	page.wants(t, 200, "Would change 2 sign-ins", "Of 2 people", "high from now on", "Confirm compromised: 2 sign-ins")
	if r := b.person(list[0].ID).Risk; r.Level == "high" {
		t.Fatal("something happened before it was confirmed")
	}
	a := operator.post(act, append(page.hidden("was"), "action", "confirmCompromised", "back", shopAdmin+"/risky-sign-ins?risk=atRisk")...)
	if a.location != shopAdmin+"/risky-sign-ins?risk=atRisk" {
		t.Errorf("went to %s", a.location)
	}
	done := operator.get(shopAdmin + "/risky-sign-ins")
	done.wants(t, 200, "2 sign-ins are confirmed compromised.", "Undo", "Confirmed compromised")
	if r := b.person(list[0].ID).Risk; r.Level != "high" {
		t.Errorf("%+v", r)
	}
	stale := append(done.hidden("ids"), done.hidden("said")...)
	operator.get(operator.post(shopAdmin+"/risky-sign-ins/undo", "ids", one.ID+","+two.ID).location).wants(t, 200, "Something changed since")
	operator.get(operator.post(shopAdmin+"/risky-sign-ins/undo", stale...).location).wants(t, 200, "The sign-ins are as before.")
	if row, err := b.shop.SignInRow(t.Context(), one.ID); err != nil || row.RiskState != models.RiskAtRisk {
		t.Errorf("%+v %v", row.RiskState, err)
	}
	b.must(b.shop.ConfirmCompromised(t.Context(), modelstest.Actor(), []string{list[2].ID}))
	operator.post(shopAdmin+"/risky-sign-ins/undo", "ids", list[2].ID+"~"+timeText(b.clock.Now()), "said", models.RiskCompromised)
	if r := b.person(list[2].ID).Risk; r.State != models.RiskConfirmed {
		t.Error("what was said of a person is undone as if it were a sign-in")
	}
	// All that the filter finds, and what cannot be meant.
	operator.post(check, "action", "dismiss", "reach", "all", "filters", "country=BR").wants(t, 200, "Would change 2 sign-ins", "Similar sign-ins are found again")
	for _, bad := range [][]string{{"action", "dismiss", "reach", "ticked"}, {"action", "nonsense", "reach", "all"}, {"action", "dismiss", "reach", "all", "filters", "range=ever"}} {
		if a := operator.post(check, bad...); a.status != 303 {
			t.Errorf("%v: %d", bad, a.status)
		}
	}
	if a := operator.post(act, append(operator.post(check, "action", "dismiss", "reach", "ticked", "signIn", one.ID).hidden("was"), "action", "dismiss", "back", "https://evil.example/")...); a.location != shopAdmin+"/risky-sign-ins" {
		t.Errorf("sent to %s", a.location)
	}
	// Once more changes nothing, and says so.
	operator.get(operator.post(check, "action", "dismiss", "reach", "ticked", "signIn", one.ID).location).wants(t, 200, "Nothing would change")
	reader := b.admin("reader@staff.example", b.roleID("Security Reader"), b.shop.ID)
	if a := reader.post(act, "action", "dismiss", "was", two.ID); a.status != 403 {
		t.Errorf("a reader dismissed: %d", a.status)
	}
}

// What the first of two admins did is not undone by the second, who saw another state of the sign-in.
func TestAStaleAnswerAboutASignInIsRefused(t *testing.T) {
	b := newBench(t)
	one := b.risky(b.people(1)[0], 10, newCountry())
	check, act := shopAdmin+"/risky-sign-ins/check", shopAdmin+"/risky-sign-ins/act"
	ada, olga := b.global(), b.admin("operator@staff.example", b.roleID("Security Operator"), b.shop.ID)
	stale := append(ada.post(check, "action", "dismiss", "reach", "ticked", "signIn", one.ID).hidden("was"), "action", "dismiss")
	olga.post(act, append(olga.post(check, "action", "confirmCompromised", "reach", "ticked", "signIn", one.ID).hidden("was"), "action", "confirmCompromised")...)
	ada.get(ada.post(act, stale...).location).wants(t, 200, "operator", "has changed the risk since you opened this page")
	if row := modelstest.Must(b.shop.SignInRow(t.Context(), one.ID))(t); row.RiskState != models.RiskConfirmed {
		t.Errorf("the sign-in is %s", row.RiskState)
	}
	// The notice's undo is about what it was made for, and nothing later.
	page := olga.get(shopAdmin + "/risky-sign-ins")
	undo := append(page.hidden("ids"), page.hidden("said")...)
	b.clock.Advance(time.Minute)
	ada.post(act, append(ada.post(check, "action", "confirmSafe", "reach", "ticked", "signIn", one.ID).hidden("was"), "action", "confirmSafe")...)
	olga.get(olga.post(shopAdmin+"/risky-sign-ins/undo", undo...).location).wants(t, 200, "Something changed since")
	if row := modelstest.Must(b.shop.SignInRow(t.Context(), one.ID))(t); row.RiskState != models.RiskSafe {
		t.Errorf("what ada said is undone: %s", row.RiskState)
	}
}

// People of the report are changed together by way of a counted change.
func TestSeveralPeopleOfTheReport(t *testing.T) {
	b := newBench(t)
	list := b.people(3)
	for i, u := range list[:2] {
		b.risky(u, i+1, newCountry())
	}
	w := b.global()
	w.get(shopAdmin+"/risky-users?risk=any").wants(t, 200, "Check everybody in the report")
	w.get(shopAdmin+"/risky-users").wants(t, 200, "Check all that match", "Confirm compromised", "Dismiss risk", "End all sessions")
	a := w.post(shopAdmin+"/risky-users/several", "action", "dismissRisk", "reach", "all", "filters", url.Values{"risk": {"atRisk"}}.Encode())
	w.get(a.location).wants(t, 200, "Would change 2", "This cannot be undone", "Type how many would change: 2")
	w.get(w.post(a.location+"/confirm", "count", "2").location).wants(t, 200, "Changed 2")
	if r := b.person(list[0].ID).Risk; r.Level != "" || r.State != models.RiskDismissed {
		t.Errorf("%+v", r)
	}
	a = w.post(shopAdmin+"/risky-users/several", "action", "disable", "reach", "ticked", "person", list[0].ID)
	w.get(a.location).wants(t, 200, "Would change 1", "Disable")
	for _, bad := range [][]string{{"action", "purge", "reach", "ticked", "person", list[0].ID}, {"action", "dismissRisk", "reach", "ticked"}, {"action", "dismissRisk", "reach", "all", "filters", "risk=nonsense"}} {
		if a := w.post(shopAdmin+"/risky-users/several", bad...); a.location == "" || strings.Contains(a.location, "bulk-changes") {
			t.Errorf("%v led to %s", bad, a.location)
		}
	}
}

// The report begins with whoever is at risk now; any state is one choice away, and files have everybody.
func TestTheReportBeginsWithWhoIsAtRisk(t *testing.T) {
	b := newBench(t)
	list := b.people(3)
	w := b.global()
	for i, u := range list {
		b.risky(u, i+1, newCountry())
	}
	b.must(b.shop.ConfirmCompromised(t.Context(), modelstest.Actor(), []string{list[1].ID}))
	b.must(b.shop.DismissRisk(t.Context(), modelstest.Actor(), []string{list[2].ID}))
	for at, want := range map[string]int{"": 2, "?columns=id": 2, "?risk=any": 3, "?risk=open": 2, "?risk=dismissed": 1, "?search=p2%40example.com": 1, "?range=1h": 3} {
		page := w.get(shopAdmin + "/risky-users" + at)
		if page.wants(t, 200, "At risk or compromised", "Any state"); strings.Count(page.body, `name="person"`) != want {
			t.Errorf("%q: %d people, want %d", at, strings.Count(page.body, `name="person"`), want)
		}
	}
	page := w.get(shopAdmin + "/risky-users")
	for _, link := range []string{"risky-users?risk=any", "format=csv&amp;risk=open"} {
		if !strings.Contains(page.body, link) {
			t.Errorf("no link to %s", link)
		}
	}
	if a := w.get(shopAdmin + "/risky-users?format=csv"); strings.Count(a.body, "\n") != 4 {
		t.Errorf("%s", a.body)
	}
	a := w.post(shopAdmin+"/risky-users/several", "action", "confirmSafe", "reach", "all", "filters", "risk=open")
	w.get(a.location).wants(t, 200, "Would change 2")
	for at, want := range map[string]string{"/risky-sign-ins?risk=open": "2 sign-ins", "/risk-detections?risk=open": "3 detections"} {
		w.get(shopAdmin+at).wants(t, 200, want)
	}
	b.must(b.shop.ConfirmSafe(t.Context(), modelstest.Actor(), []string{list[0].ID, list[1].ID}))
	w.get(shopAdmin+"/risky-users").wants(t, 200, "Nobody is at risk", "Show any state")
}

// A deleted person's risk stays in the report, with its history, and can still be dismissed.
func TestTheRiskOfSomebodyWhoIsDeleted(t *testing.T) {
	b := newBench(t)
	u := b.people(1)[0]
	b.must(b.shop.ConfirmCompromised(t.Context(), modelstest.Actor(), []string{u.ID}))
	b.must(b.shop.DeleteUser(t.Context(), modelstest.Actor(), u.ID))
	w := b.global()
	w.get(shopAdmin+"/risky-users").wants(t, 200, "Deleted", "Confirmed compromised")
	w.get(shopAdmin+"/risky-users?deleted=no").wants(t, 200, "Nothing fits these filters")
	at := shopUsers + "/" + u.ID + "/risk"
	w.get(at).wants(t, 200, "History of the risk", "An administrator confirmed", "Dismiss")
	w.get(at+"/dismiss").wants(t, 200, "This cannot be undone")
	seen := w.get(at + "/dismiss").hidden("was")
	w.get(w.post(at+"/dismiss", seen...).location).wants(t, 200, "is dismissed.")
	w.get(w.post(at+"/dismiss", seen...).location).wants(t, 200, "Dismissed") // a double click changes nothing more
}

// What an admin said of a person by mistake is taken back from the notice or from the tab.
func TestAJudgementOfAPersonIsUndone(t *testing.T) {
	b := newBench(t)
	u := b.people(1)[0]
	w := b.global()
	at := shopUsers + "/" + u.ID + "/risk"
	undo := func() []string { return append(w.get(at).hidden("said"), w.get(at).hidden("at")...) }
	w.get(w.post(at+"/confirm", w.get(at+"/confirm").hidden("was")...).location).wants(t, 200, "is confirmed compromised.", "Undo", "Open detections", "Admin confirmed user compromised", "By Admin global@staff.example")
	w.get(at).wants(t, 200, "Undo: confirmed compromised")
	w.get(w.post(at+"/undo", undo()...).location).wants(t, 200, "is as before.", "Nothing known")
	b.risky(u, 5, newCountry())
	w.get(at).wants(t, 200, "Recent risky sign-ins", "New country", "Confirm safe", "History of the risk")
	w.get(at+"/safe").wants(t, 200, "similar ones are not found again")
	w.get(w.post(at+"/safe", w.get(at+"/safe").hidden("was")...).location).wants(t, 200, "is confirmed safe.", "Undo")
	taken := undo()
	w.get(w.post(at+"/undo", taken...).location).wants(t, 200, "At risk")
	w.get(w.post(at+"/undo", taken...).location).wants(t, 200) // nothing is left to take back
	w.get(at+"/history").wants(t, 200, "History of the risk")
}

// A trial's pages explain themselves, and change nothing.
func TestRiskPagesOfATrial(t *testing.T) {
	b := newBench(t)
	u := b.people(1)[0]
	w := b.global()
	_, err := b.shop.Update(t.Context(), modelstest.Actor(), func(x *tenant.Tenant) error { x.Plan = tenant.Trial; return nil })
	b.must(err)
	for _, at := range []string{"/risky-users", "/risky-sign-ins", "/risk-detections"} {
		w.get(shopAdmin+at).wants(t, 200, "A trial has no Identity Protection", "Nothing is assessed in a trial")
	}
	for _, at := range []string{"/protection", "/protection/thresholds", "/protection/budget", "/protection/notifications", "/protection/simulation",
		"/signal-sources", "/incidents", "/threat-indicators", "/leaked-addresses", "/exports"} {
		w.get(shopAdmin+at).wants(t, 200, "A trial has no Identity Protection")
	}
	// A form that could only fail says so before anybody fills it in.
	for _, at := range []string{"/users/" + u.ID + "/risk/confirm", "/users/" + u.ID + "/risk/safe", "/users/" + u.ID + "/risk/dismiss", "/incidents/x/respond", "/incidents/x/notify", "/incidents/x/unwind", "/incidents/x/close",
		"/threat-indicators/new", "/threat-indicators/file", "/threat-indicators/x", "/leaked-addresses/new", "/leaked-addresses/x/delete"} {
		w.get(shopAdmin+at).wants(t, 403, "A trial has no Identity Protection")
	}
	for _, at := range []string{"/risky-users/several", "/risky-sign-ins/check", "/risky-sign-ins/act", "/users/" + u.ID + "/risk/confirm", "/users/" + u.ID + "/risk/dismiss"} {
		w.post(shopAdmin+at, "action", "dismissRisk").wants(t, 403, "A trial has no Identity Protection")
	}
	if r := b.person(u.ID).Risk; r.Level != "" {
		t.Errorf("%+v", r)
	}
	if page := w.get(shopUsers + "/" + u.ID + "/risk").body; strings.Contains(page, "/risk/confirm") {
		t.Error("a trial offers to confirm")
	}
}

// What was begun in the standard plan is neither offered nor carried out once the tenant is a trial.
func TestATrialCarriesNothingOutThatWasBegunBefore(t *testing.T) {
	b := newBench(t)
	people := b.people(30)
	u, i, w := people[0], b.wave(people[4], people), b.global()
	_, err := b.shop.PutIndicator(t.Context(), modelstest.Actor(), risk.Indicator{Kind: "ip", Value: "198.51.100.7", Level: risk.High})
	b.must(err)
	w.post(shopAdmin+"/incidents/"+i.ID+"/respond", "response", "block", "minutes", "60")
	offers := map[string][]string{"/incidents/" + i.ID: {"Take the response back", "/respond", "/notify", "/unwind", "/close"}, "/threat-indicators": {"Add indicator", "/file", "/delete"}}
	change := w.post(shopUsers+"/bulk-changes", "action", models.BulkCompromised, "reach", "ticked", "person", u.ID, "filters", "").location
	w.get(change).wants(t, 200, "Type how many would change: 1")
	for at, all := range offers {
		for body := w.get(shopAdmin + at).body; len(all) > 0; all = all[1:] {
			if !strings.Contains(body, all[0]) {
				t.Errorf("%s does not offer %s", at, all[0])
			}
		}
	}
	_, err = b.shop.Update(t.Context(), modelstest.Actor(), func(x *tenant.Tenant) error { x.Plan = tenant.Trial; return nil })
	b.must(err)
	w.get(change).wants(t, 200, "A trial has no Identity Protection, so this cannot be confirmed.")
	w.get(w.post(change+"/confirm", "count", "1").location).wants(t, 200, "A trial tenant has no Identity Protection")
	if r := b.person(u.ID).Risk; r.State != "" {
		t.Errorf("confirmed in a trial: %+v", r)
	}
	for at, all := range offers {
		for body := w.get(shopAdmin + at).body; len(all) > 0; all = all[1:] {
			if strings.Contains(body, all[0]) {
				t.Errorf("%s offers %s in a trial", at, all[0])
			}
		}
	}
}

// More rows than a page: every one is reached once, and the file holds them all.
func TestRiskReportsArePaged(t *testing.T) {
	b := newBench(t)
	u := b.people(1)[0]
	for i := range 120 {
		b.risky(u, i, record.Finding{Type: "newCountry", Level: risk.Low, Key: "risk.found.new_country", Evidence: map[string]any{"n": i}})
	}
	w := b.global()
	for _, at := range []string{"/risky-sign-ins", "/risk-detections"} {
		seen, next, pages := map[string]bool{}, shopAdmin+at+"?columns=id", 0
		for next != "" {
			body := w.get(next).body
			next, pages = "", pages+1
			for _, part := range strings.Split(body, `<code dir="ltr">`)[1:] {
				id, _, _ := strings.Cut(part, "<")
				if seen[id] {
					t.Fatalf("%s twice on %s", id, at)
				}
				seen[id] = true
			}
			for _, part := range strings.Split(body, `href="`)[1:] {
				href, _, _ := strings.Cut(part, `"`)
				if strings.Contains(href, "after=") {
					next = strings.ReplaceAll(href, "&amp;", "&")
				}
			}
		}
		if len(seen) != 120 || pages != 3 {
			t.Errorf("%s: %d rows on %d pages", at, len(seen), pages)
		}
	}
	w.get(shopAdmin+"/risk-detections").wants(t, 200, fmt.Sprintf("50 of %d detections", 120))
}

// What could not be told is said, and evidence that is not as expected leaves the page whole.
func TestASignInsRiskSaysWhatCouldNotBeTold(t *testing.T) {
	b := newBench(t)
	u := b.people(1)[0]
	w := b.global()
	r := b.risky(u, 5, record.Finding{Type: "newCountry", Level: risk.Low, Key: "risk.found.new_country", Evidence: map[string]any{"features": "none", "otherwise": 7, "country": 5, "trustedFrom": "medium"}},
		record.Finding{Type: "somethingOfLater", Level: risk.Medium, Key: "no.such.key"})
	w.get(shopAdmin+"/sign-ins/"+r.ID).wants(t, 200, "New country", "Something of later", "Level while signing in")
	found, err := b.shop.Detections(t.Context(), models.DetectionQuery{UserID: u.ID})
	b.must(err)
	for _, d := range found.Items {
		w.get(shopAdmin+"/risk-detections/"+d.ID).wants(t, 200, "What was found", "What became of it")
	}
	r.ID, r.Risk, r.RiskLevel, r.CouldNotTell = models.NewID(), nil, "none", []string{"newCountry"}
	b.must(b.shop.RecordSignIn(t.Context(), r))
	w.get(shopAdmin+"/sign-ins/"+r.ID).wants(t, 200, "No detector found anything.", "New country: could not tell, because what it needs could not be read. That never lowers a level.")
}

// attack lets many addresses try one password on many names, and get into one account, until it is found; and gives
// its incident.
func (b *bench) attack(victim models.User) risk.Incident {
	b.Helper()
	try := func(u models.User, name string, from int, right bool) {
		at := b.clock.Now()
		r := record.SignIn{ID: models.NewID(), Kind: record.Interactive, Protocol: "openid", StartedAt: at, EndedAt: at, App: record.Party{ID: "app", Name: "Market"}, User: record.Party{ID: u.ID, Name: u.DisplayName}, Identifier: name,
			Signals: record.Signals{IP: netip.MustParseAddr(fmt.Sprintf("203.0.113.%d", 10+from)), ASN: 64500, UserAgent: "python-requests/2.32"}, Proofs: []record.Proof{{Method: "password", At: at, OK: right}}, Outcome: record.Outcome{Result: record.Failure, Code: 50126}}
		if right {
			r.Outcome = record.Outcome{Result: record.Success}
		}
		b.must(b.shop.RecordSignIn(b.Context(), r))
		b.clock.Advance(time.Second)
	}
	for i := range 120 {
		if i%12 == 0 {
			try(victim, signInName(victim), i%40, false)
		} else {
			try(models.User{}, fmt.Sprintf("info%d@example.com", i), i%40, false)
		}
	}
	try(victim, signInName(victim), 1, true)
	b.clock.Advance(10 * time.Second)
	for n := 1; n > 0; {
		var err error
		n, err = b.shop.FoldRisk(b.Context())
		b.must(err)
	}
	_, err := b.shop.FindIncidents(b.Context(), models.WaveFinder{By: modelstest.Actor(), Tell: func(context.Context, *models.Tenant, risk.Incident) error { return nil }})
	b.must(err)
	page, err := b.shop.Incidents(b.Context(), models.IncidentQuery{})
	b.must(err)
	if len(page.Items) == 0 {
		b.Fatal("no incident was found")
	}
	return page.Items[0]
}

// A time that cannot be read narrows nothing, and the reports say so beside their filter; a file is not made by it.
func TestRiskReportsComplainOfTimesThatCannotBeRead(t *testing.T) {
	w := newBench(t).global()
	for _, at := range []string{"/risky-users", "/risky-sign-ins", "/risk-detections", "/incidents"} {
		for name, label := range map[string]string{"from": "From (UTC): 2026-99-99", "to": "To (UTC): 2026-99-99"} {
			w.get(shopAdmin+at+"?"+name+"=2026-99-99").wants(t, 200, label)
			if a := w.get(shopAdmin + at + "?format=csv&" + name + "=2026-99-99"); a.status < 400 {
				t.Errorf("%s: a file by a time that cannot be read: %d", at, a.status)
			}
		}
	}
}
