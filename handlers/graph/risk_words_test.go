package graph

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/record"
	"portico/app/risk"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

// What an administrator said about a person or a sign-in is taken back through the API as in the portal, and is refused
// as there once anything else happened.
func TestUndoThroughTheAPI(t *testing.T) {
	eachAt(t, func(w *world, s modelstest.Scratch) {
		ann := w.newPerson("Ann")
		signIn := models.NewID()
		if err := w.tenant.RecordSignIn(t.Context(), record.SignIn{ID: signIn, Kind: record.Interactive, Protocol: "openid", StartedAt: s.Now(), EndedAt: s.Now(), User: record.Party{ID: ann, Name: "Ann"},
			Risk: []record.Finding{{Type: "unfamiliarFeatures", Level: "medium", Key: "risk.found.unfamiliar"}}, RiskLevel: "medium", Outcome: record.Outcome{Result: record.Success}}); err != nil {
			t.Fatal(err)
		}
		w.newClient("people", w.tenant, access.RiskyUserWrite)
		w.newClient("events", w.tenant, access.RiskEventWrite)
		w.newClient("reader", w.tenant, access.RiskyUserRead, access.RiskEventRead)
		for _, c := range []struct{ says, undo, act, names, id, other string }{
			{"a person", "/beta/portico/riskyUsers/" + ann + "/undo", riskyAt, "userIds", ann, "events"},
			{"a sign-in", "/beta/portico/riskySignIns/" + signIn + "/undo", "/auditLogs/signIns", "requestIds", signIn, "reader"},
		} {
			t.Run(c.says, func(t *testing.T) {
				w := *w
				w.t = t
				state := func() string {
					t.Helper()
					return fmt.Sprint(w.want(200, w.do("GET", riskyAt+"/"+ann, nil)).body["riskState"])
				}
				say := func(what string) {
					t.Helper()
					s.Clock.Advance(time.Minute)
					w.want(204, w.do("POST", c.act+"/"+what, map[string]any{c.names: []any{c.id}}))
				}
				w.want(404, w.do("GET", c.undo, nil))
				if a := w.want(409, w.do("POST", c.undo, `{}`)); !strings.Contains(a.raw, "Something changed since") {
					t.Errorf("nothing was said yet: %s", a.raw)
				}
				before := state()
				say("confirmCompromised")
				if state() != "confirmedCompromised" {
					t.Fatal(state())
				}
				last := w.want(200, w.do("GET", c.undo, nil, "Authorization", "Bearer reader"))
				newest := w.want(200, w.do("GET", riskyAt+"/"+ann+"/history", nil)).values()[0]
				if last.body["action"] != "confirmCompromised" || last.body["initiatedBy"] == nil || last.body["initiatedBy"] != newest["initiatedBy"] || last.body["dateTime"] == nil {
					t.Errorf("%s", last.raw)
				}
				w.want(403, w.do("POST", c.undo, `{}`, "Authorization", "Bearer "+c.other))
				for body, status := range map[string]int{`{"expectedAction":"confirmSafe"}`: 409, `{"expectedDateTime":"2020-01-01T00:00:00Z"}`: 409, `{"expectedAction":"praise"}`: 400, `{"expectedDateTime":"then"}`: 400, `{"more":1}`: 400, `[]`: 400} {
					if a := w.do("POST", c.undo, body); a.status != status {
						t.Errorf("%s: %d %s", body, a.status, a.raw)
					}
				}
				w.newClient("second", w.tenant, access.RiskyUserWrite, access.RiskEventWrite)
				for _, body := range []string{`{}`, `{"expectedAction":"confirmCompromised"}`} { // somebody else's word is taken back by who has seen it
					if a := w.want(400, w.do("POST", c.undo, body, "Authorization", "Bearer second")); !strings.Contains(a.raw, "not yours") {
						t.Errorf("%s", a.raw)
					}
				}
				w.want(204, w.do("POST", c.undo, map[string]any{"expectedAction": last.body["action"], "expectedDateTime": last.body["dateTime"]}))
				if state() != before {
					t.Errorf("taken back it is %s, and was %s", state(), before)
				}
				w.want(409, w.do("POST", c.undo, `{}`)) // once
				say("confirmCompromised")
				shown := w.want(200, w.do("GET", c.undo, nil)).body
				say("confirmSafe")
				if a := w.want(409, w.do("POST", c.undo, map[string]any{"expectedAction": shown["action"], "expectedDateTime": shown["dateTime"]})); !strings.Contains(a.raw, "Something changed since") {
					t.Errorf("what somebody else said since is not taken back unseen: %s", a.raw)
				}
				w.want(204, w.do("POST", c.undo, nil)) // an empty body means the last
				w.want(405, w.do("DELETE", c.undo, nil))
				w.want(404, w.do("POST", "/v1.0"+strings.TrimPrefix(c.undo, "/beta"), `{}`))
			})
		}
		w.want(404, w.do("POST", "/beta/portico/riskyUsers/"+signIn+"/undo", `{}`)) // each by its own rights
		w.want(404, w.do("POST", "/beta/portico/riskySignIns/"+ann+"/undo", `{}`))
		w.want(404, w.do("POST", "/beta/portico/riskyUsers/"+roleID+"/undo", `{}`))
		w.want(404, w.do("POST", "/beta/portico/riskyUsers/"+ann, `{}`))
		w.newClient("theirs", w.newTenant("other"), access.Known()...)
		w.want(404, w.do("POST", "/beta/portico/riskyUsers/"+ann+"/undo", `{}`, "Authorization", "Bearer theirs"))
	})
}

// People whom a wave met are told through the API once, and only as many as the caller meant.
func TestTellingThePeopleOfAnIncidentThroughTheAPI(t *testing.T) {
	eachAt(t, func(w *world, s modelstest.Scratch) {
		people := make([]models.User, 24)
		for i := range people {
			people[i] = modelstest.MustUserWithPassword(t, w.tenant, fmt.Sprintf("person%d@example.com", i), "$argon2id$x")
		}
		try := func(u models.User, ip string, right bool) {
			t.Helper()
			r := record.SignIn{ID: models.NewID(), TenantID: w.tenant.ID, Kind: record.Interactive, Protocol: "openid", StartedAt: s.Now(), EndedAt: s.Now(), Identifier: u.Address(), User: record.Party{ID: u.ID, Name: u.DisplayName},
				Signals: record.Signals{IP: netip.MustParseAddr(ip), Country: "NL", ASN: 65101, UserAgent: "python-requests/2.32"}, Proofs: []record.Proof{{Method: "password", At: s.Now(), OK: right, Reason: map[bool]string{false: "signin.wrong"}[right]}},
				Outcome: record.Outcome{Result: map[bool]record.Result{true: record.Success, false: record.Failure}[right]}, RiskLevel: "none"}
			if err := w.tenant.RecordSignIn(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			s.Clock.Advance(time.Second)
		}
		for i := range 96 {
			try(people[i%24], fmt.Sprintf("203.0.113.%d", 10+i%30), false)
		}
		try(people[7], "203.0.113.11", true)
		s.Clock.Advance(10 * time.Second)
		for n := 1; n > 0; {
			n = modelstest.Must(w.tenant.FoldRisk(t.Context()))(t)
		}
		modelstest.Must(w.tenant.FindIncidents(t.Context(), models.WaveFinder{By: audit.System("test"), Tell: func(context.Context, *models.Tenant, risk.Incident) error { return nil }}))(t)
		found := w.want(200, w.do("GET", "/beta/portico/incidents", nil)).values()
		if len(found) != 1 {
			t.Fatalf("%d incidents", len(found))
		}
		at := "/beta/portico/incidents/" + found[0]["id"].(string) + "/notify"
		w.newClient("reader", w.tenant, access.RiskEventRead)
		w.want(403, w.do("POST", at, `{"who":"entered","count":1}`, "Authorization", "Bearer reader"))
		for _, body := range []string{`{}`, `{"who":"entered"}`, `{"who":"everybody","count":1}`, `{"count":"1"}`, `{"count":1,"more":1}`} {
			w.want(400, w.do("POST", at, body))
		}
		if a := w.want(400, w.do("POST", at, `{"who":"tried","count":23}`)); !strings.Contains(a.raw, "24") {
			t.Errorf("another number than was meant: %s", a.raw)
		}
		told := w.want(200, w.do("POST", at, `{"who":"entered","count":1}`))
		if e := told.body["entries"].([]any)[0].(map[string]any); e["notified"] != true || e["userId"] != people[7].ID {
			t.Errorf("%v", e)
		}
		w.want(200, w.do("POST", at, `{"who":"tried","count":24}`))
		w.want(409, w.do("POST", at, `{"who":"tried","count":24}`))
		mails := 0
		for range 100 {
			items, err := w.store.ClaimOutbox(t.Context(), "test", s.Now(), time.Minute, 100)
			if err != nil {
				t.Fatal(err)
			}
			if mails += len(items); len(items) == 0 {
				break
			}
		}
		if mails != 25 {
			t.Errorf("%d mails", mails)
		}
	})
}

// The call alone is enough (DESIGN §7): it marks its person as a test person, and says so.
func TestASimulationMarksItsPerson(t *testing.T) {
	each(t, func(w *world) {
		const at, testers = "/beta/portico/riskSimulations", "/beta/portico/riskTestPersons"
		ann, bob := w.newPerson("Ann"), w.newPerson("Bob")
		listed := func() []string { return slices.Sorted(slices.Values(ids(w.want(200, w.do("GET", testers, nil))))) }
		w.want(404, w.do("POST", at, map[string]any{"userId": roleID, "riskEventType": "newCountry"}))
		if got := listed(); len(got) != 0 {
			t.Fatalf("a simulation that failed marked %v", got)
		}
		for _, marks := range []bool{true, false} {
			if a := w.want(201, w.do("POST", at, map[string]any{"userId": strings.ToUpper(ann), "riskEventType": "newCountry"})); a.body["@portico.markedAsTestPerson"] != marks {
				t.Errorf("%s", a.raw)
			}
		}
		w.want(201, w.do("POST", testers, map[string]any{"userId": bob}))
		if got := listed(); !slices.Equal(got, slices.Sorted(slices.Values([]string{ann, bob}))) {
			t.Errorf("%v", got)
		}
		if a := w.want(201, w.do("POST", at, map[string]any{"userId": bob, "riskEventType": "passwordSpray"})); a.body["@portico.markedAsTestPerson"] != false {
			t.Errorf("%s", a.raw)
		}
		w.want(204, w.do("DELETE", testers+"/"+ann, nil)) // and what was simulated of them
		if n := len(w.filtered(detectionsAt, "userId eq '"+ann+"'")); n != 0 || !slices.Equal(listed(), []string{bob}) {
			t.Errorf("%d detections, %v", n, listed())
		}
		w.want(404, w.do("DELETE", testers+"/"+ann, nil))
		w.want(404, w.do("POST", testers, map[string]any{"userId": roleID}))
		w.want(400, w.do("POST", testers, `{}`))
		w.want(400, w.do("POST", testers, `{"userId":null}`))
		if _, err := w.tenant.Update(t.Context(), audit.System("test"), func(x *tenant.Tenant) error {
			for range models.MostTesters {
				x.Settings.RiskTesters = append(x.Settings.RiskTesters, models.NewID())
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		w.want(201, w.do("POST", at, map[string]any{"userId": ann, "riskEventType": "newCountry"})) // who is gone takes no place
		if got := listed(); !slices.Equal(got, slices.Sorted(slices.Values([]string{bob, ann}))) {
			t.Errorf("%v", got)
		}
	})
}

// null ends a budget: the thresholds are as if there had been none. A threshold that is set by hand ends it too.
func TestABudgetEnds(t *testing.T) {
	each(t, func(w *world) {
		const at = "/beta/portico/riskBudget"
		medium := risk.Settings{}.Filled().UnfamiliarMedium
		for body, to := range map[string]string{`{"challengeShare":null}`: at, `{"thresholds":{"unfamiliarMedium":3.5}}`: "/beta/portico/riskSettings"} {
			if _, err := w.tenant.Update(t.Context(), audit.System("test"), func(x *tenant.Tenant) error {
				x.Settings.Risk = x.Settings.Risk.Unbudgeted().Budgeted(risk.Budget{Percent: 2, Threshold: 6})
				return x.Settings.Risk.Validate()
			}); err != nil {
				t.Fatal(err)
			}
			if a := w.want(200, w.do("GET", at, nil)); a.body["challengeShare"] != 2.0 {
				t.Fatalf("%s", a.raw)
			}
			w.want(204, w.do("PATCH", to, body))
			a := w.want(200, w.do("GET", at, nil))
			if a.body["challengeShare"] != nil || to == at && a.body["threshold"] != medium {
				t.Errorf("%s: %s", body, a.raw)
			}
		}
		for _, body := range []string{`{}`, `{"challengeShare":"2"}`, `{"challengeShare":0}`, `{"share":null}`} {
			w.want(400, w.do("PATCH", at, body))
		}
	})
}

// A word that is no member of its list is a mistake of the caller's, whom an empty answer would tell that all is well.
func TestFiltersKnowTheirWords(t *testing.T) {
	each(t, func(w *world) {
		ann := w.newPerson("Ann")
		w.detect(ann, "passwordSpray", "high", "")
		for _, c := range []struct {
			at, filter, known string // known = "" when the filter is right
		}{
			{detectionsAt, "riskLevel eq 'hgih'", "none, low, medium, high"},
			{detectionsAt, "riskState eq 'open'", "confirmedCompromised"},
			{detectionsAt, "riskDetail eq 'dismissed'", "adminDismissedAllRiskForUser"},
			{detectionsAt, "riskEventType eq 'pasword'", "passwordSpray"},
			{detectionsAt, "riskEventType ne 'pasword'", "passwordSpray"},
			{detectionsAt, "riskLevel in ('high','hgih')", "medium"},
			{detectionsAt, "not (riskState eq 'open')", "atRisk"},
			{detectionsAt, "detectionTimingType eq 'soon'", "realtime"},
			{detectionsAt, "activity eq 'sleep'", "signin"},
			{riskyAt, "riskLevel eq 'urgent'", "high"},
			{riskyAt, "riskState in ('atRisk','bad')", "atRisk"},
			{riskyAt, "riskDetail eq 'x'", "none"},
			{riskyAt + "/" + ann + "/history", "riskLevel eq 'urgent'", "high"},
			{"/auditLogs/signIns", "riskState eq 'open'", "atRisk"},
			{"/auditLogs/signIns", "riskLevelDuringSignIn eq 'urgent'", "high"},
			{"/auditLogs/signIns", "riskEventTypes_v2/any(t: t eq 'pasword')", "passwordSpray"},
			{"/beta/portico/incidents", "status eq 'over'", "closed"},
			{"/beta/portico/incidents", "kind eq 'flood'", "passwordSpray"},
			{"/beta/portico/threatIndicators", "kind eq 'star'", "asn"},

			{detectionsAt, "riskLevel eq 'HIGH'", ""},
			{detectionsAt, "riskLevel eq microsoft.graph.riskLevel'high'", ""},
			{detectionsAt, "riskState ne 'unknownFutureValue'", ""},
			{detectionsAt, "riskEventType in ('passwordSpray','suspiciousInboxForwarding')", ""}, // the vendor's, of which there are none
			{riskyAt, "riskLevel eq microsoft.graph.riskLevel'high'", ""},
			{riskyAt, "riskLevel in (microsoft.graph.riskLevel'high',microsoft.graph.riskLevel'low')", ""},
		} {
			a := w.do("GET", c.at+"?$filter="+url.QueryEscape(c.filter), nil)
			switch {
			case c.known == "" && (a.status != 200 || len(a.values()) != 1):
				t.Errorf("%s %s: %d %s", c.at, c.filter, a.status, a.raw)
			case c.known != "" && (a.status != 400 || !strings.Contains(a.errorMessage(), "Known are ") || !strings.Contains(a.errorMessage(), c.known)):
				t.Errorf("%s %s: %d %s", c.at, c.filter, a.status, a.raw)
			}
		}
		w.want(400, w.do("GET", detectionsAt+"?$filter="+url.QueryEscape("riskLevel eq '"+strings.Repeat("ü", 900)+"'"), nil))
		for _, types := range []string{`["pasword"]`, `["passwordSpray","suspiciousInboxForwarding"]`, `[null]`} {
			a := w.do("POST", "/beta/portico/exports", `{"displayName":"x","kind":"webhook","url":"https://siem.example.com","records":["riskDetection"],"riskEventTypes":`+types+`}`)
			if a.status != 400 {
				t.Errorf("%s: %d %s", types, a.status, a.raw)
			}
		}
	})
}

// What is no list of ids is refused with words, whatever is in it.
func TestIDsOfAnAction(t *testing.T) {
	each(t, func(w *world) {
		many := make([]any, 10_000)
		for i := range many {
			many[i] = models.NewID()
		}
		for name, at := range map[string]string{"userIds": riskyAt + "/dismiss", "requestIds": "/auditLogs/signIns/confirmSafe"} {
			for says, list := range map[string]any{"null": nil, "a null": []any{nil}, "a number": []any{7}, "an object": []any{map[string]any{}}, "an empty text": []any{""}, "a blank": []any{" "}, "none": []any{}, "a text": "x",
				"two lines": []any{"a\r\nb"}, "a very long one": []any{strings.Repeat("x", 100_000)}, "ten thousand": many, "sixty-one": many[:61], "one good, one null": []any{many[0], nil}} {
				if a := w.do("POST", at, map[string]any{name: list}); a.status != 400 || !strings.Contains(a.errorMessage(), name) || len(a.raw) > 1000 {
					t.Errorf("%s: %d %.300s", says, a.status, a.raw)
				}
			}
			w.want(404, w.do("POST", at, map[string]any{name: many[:60]}))
		}
	})
}
