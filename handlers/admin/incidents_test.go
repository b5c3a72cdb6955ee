package admin

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/record"
	"portico/app/risk"
	"portico/models"
	"portico/models/modelstest"
)

// wave has thirty addresses try a password on the tenant's people, one of whom it enters.
func (b *bench) wave(victim models.User, people []models.User) risk.Incident {
	b.Helper()
	try := func(n int, u models.User, right bool) {
		b.clock.Advance(time.Second)
		now := b.clock.Now()
		r := record.SignIn{ID: models.NewID(), Kind: record.Interactive, Protocol: "openid", StartedAt: now, EndedAt: now, Identifier: signInName(u), User: record.Party{ID: u.ID, Name: u.DisplayName}, App: record.Party{ID: "app", Name: "Market"},
			Signals: record.Signals{IP: netip.MustParseAddr(fmt.Sprintf("203.0.113.%d", 10+n%30)), Country: "NL", ASN: 65101, Network: "Blackmoor Hosting", UserAgent: "python-requests/2.32", Browser: "python-requests 2"},
			Proofs:  []record.Proof{{Method: "password", At: now, Reason: "signin.wrong"}}, Outcome: record.Outcome{Result: record.Failure, Code: 50126}}
		if right {
			r.Proofs, r.Outcome = []record.Proof{{Method: "password", At: now, OK: true}}, record.Outcome{Result: record.Success}
		}
		b.must(b.shop.RecordSignIn(b.Context(), r))
	}
	for n := range 90 {
		try(n, people[n%len(people)], false)
	}
	try(1, victim, true)
	b.clock.Advance(10 * time.Second)
	for n := 1; n > 0; {
		n = modelstest.Must(b.shop.FoldRisk(b.Context()))(b)
	}
	modelstest.Must(b.shop.FindIncidents(b.Context(), models.WaveFinder{By: audit.System("test")}))(b)
	return modelstest.Must(b.shop.Incidents(b.Context(), models.IncidentQuery{}))(b).Items[0]
}

func TestAnIncidentIsToldAndAnswered(t *testing.T) {
	b := newBench(t)
	people := b.people(30)
	i := b.wave(people[4], people)
	a := b.admin("security@staff.example", b.roleID("Security Administrator"), b.shop.ID)
	at := shopAdmin + "/incidents/" + i.ID

	a.get(shopAdmin+"/incidents").wants(t, 200, i.Name, "Under way", "High", "91")
	page := a.get(at)
	if !strings.Contains(page.body, "<svg viewBox") {
		t.Error("there is no picture")
	}
	page.wants(t, 200, "Password spray", "30 addresses of Blackmoor Hosting", "Somebody got into one account", "203.0.113.10", "Netherlands", "python-requests 2", "At most", "Signed in", "Noticed", "Challenge", "Block", "Unwind")
	a.get(at+"/respond?response=block").wants(t, 200, "Block this attack?", "refused", "You can take it back")
	a.post(at+"/respond", "response", "block", "minutes", "3").wants(t, 422, "Choose a time")
	a.post(at+"/respond", "response", "block", "minutes", "60")
	a.get(at).wants(t, 200, "Blocked", "The attack is blocked", "Undo")
	a.post(at+"/respond", "response", "challenge", "minutes", "60").wants(t, 422, "has changed the response in the meantime")
	a.post(at+"/withdraw", "was", "block")
	a.get(at).wants(t, 200, "The response is taken back")

	a.get(at+"/notify?who=tried").wants(t, 200, "30 people", "cannot be taken back")
	a.post(at+"/notify", "who", "tried", "count", "29").wants(t, 422, "30")
	a.post(at+"/notify", "who", "entered", "count", "1")
	a.get(at).wants(t, 200, "on their way", "Told by mail")

	a.get(at+"/unwind").wants(t, 200, "sessions end everywhere", "Administrators and your own account are left out")
	a.post(at+"/unwind", "count", "1")
	a.get(at).wants(t, 200, "Unwound", "signed out everywhere")
	a.get(a.post(at+"/unwind", "count", "1").location).wants(t, 200, "Every account that was entered is unwound already.")
	if u := modelstest.Must(b.shop.User(t.Context(), people[4].ID))(t); u.Risk.State != models.RiskConfirmed || u.Risk.Level != "high" {
		t.Errorf("%+v", u.Risk)
	}
	a.get(at+"/close").wants(t, 200, "What you found")
	a.post(at+"/close", "note", "Reported to the host")
	a.get(at).wants(t, 200, "Closed", "Reported to the host", "Reopen")

	reader := b.admin("reader@staff.example", b.roleID("Security Reader"), b.shop.ID)
	read := reader.get(at)
	read.wants(t, 200, "Password spray")
	if strings.Contains(read.body, "/respond") || strings.Contains(read.body, "/unwind") {
		t.Error("who may only read is offered to act")
	}
	reader.post(at+"/respond", "response", "block", "minutes", "60").wants(t, 403)
	reader.get(shopAdmin+"/incidents/"+models.NewID()).wants(t, 404)
}

func TestThreatIndicatorsInThePortal(t *testing.T) {
	b := newBench(t)
	a := b.admin("security@staff.example", b.roleID("Security Administrator"), b.shop.ID)
	at := shopAdmin + "/threat-indicators"
	a.get(at).wants(t, 200, "No threat indicator")
	a.post(at, "kind", "ip", "value", "0.0.0.0/0", "level", "high", "note", "everybody").wants(t, 422, "This range is too wide")
	a.post(at, "kind", "ip", "value", "203.0.113.9/24", "level", "high", "note", "=cmd()", "expires", "2099-12-31")
	list := a.get(at)
	list.wants(t, 200, "203.0.113.0/24", "counts from now on")
	a.get(at+"/csv").wants(t, 200, "kind,value,level,note,expires", "ip,203.0.113.0/24,high,'=cmd()")
	id := modelstest.Must(b.shop.Indicators(t.Context(), models.IndicatorQuery{}))(t).Items[0].ID
	if edit := a.get(at + "/" + id); !strings.Contains(edit.body, `value="2099-12-31"`) {
		t.Error("the end is not in the form")
	}
	a.post(at + "/" + id + "/delete")
	a.get(at).wants(t, 200, "counts no longer", "Undo")
	a.post(at + "/" + id + "/delete")
	a.get(at).wants(t, 200, "deleted already")
	a.get(shopAdmin+"/leaked-addresses").wants(t, 200, "No list of leaked addresses")
	a.get(shopAdmin+"/leaked-addresses/new").wants(t, 200, "Day of the leak")
}

// Whoever signed in from there and is not held to be the attack is told apart, and never called nobody.
func TestWhoIsMostLikelyTheOwnerIsListed(t *testing.T) {
	i := risk.Incident{Kind: risk.PasswordSpray, State: risk.IncidentOpen, Attempts: 73, Failures: 70, Successes: 3}
	if s := incidentStory(i, 70); !strings.Contains(s, "3 sign-ins from there succeeded, most likely their owners’") || strings.Contains(s, "nobody") {
		t.Error(s)
	}
	i.Successes = 0
	if s := incidentStory(i, 70); !strings.Contains(s, "So far nobody has finished") {
		t.Error(s)
	}
	b := newBench(t)
	people := b.people(30)
	found := b.wave(people[4], people)
	now := b.clock.Now()
	b.must(b.shop.RecordSignIn(t.Context(), record.SignIn{ID: models.NewID(), Kind: record.Interactive, StartedAt: now, EndedAt: now, Identifier: signInName(people[9]), User: record.Party{ID: people[9].ID, Name: people[9].DisplayName},
		Signals: record.Signals{IP: netip.MustParseAddr("203.0.113.250"), Browser: "Firefox"}, Proofs: []record.Proof{{Method: "password", At: now, OK: true}}, Outcome: record.Outcome{Result: record.Success}}))
	b.clock.Advance(10 * time.Second)
	modelstest.Must(b.shop.FindIncidents(t.Context(), models.WaveFinder{By: audit.System("test")}))(t)
	page := b.admin("security@staff.example", b.roleID("Security Administrator"), b.shop.ID).get(shopAdmin + "/incidents/" + found.ID)
	page.wants(t, 200, "Somebody got into one account", "Signed in from there, most likely the owners", people[9].DisplayName, "confirm the person compromised")
}
