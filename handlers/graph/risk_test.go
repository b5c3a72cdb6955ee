package graph

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/export"
	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

const (
	detectionsAt = "/identityProtection/riskDetections"
	riskyAt      = "/identityProtection/riskyUsers"
)

// detect makes a detection of a person.
func (w *world) detect(userID, kind, level, signIn string) models.Detection {
	w.t.Helper()
	d, err := w.tenant.AddDetection(w.t.Context(), audit.System("test"), models.Detection{UserID: userID, Type: kind, Level: level, ActivityAt: w.store.Now(), SignInID: signIn,
		IP: "203.0.113.7", Country: "FR", City: "Paris", Latitude: 48.85, Longitude: 2.35, UserAgent: "Firefox", Evidence: map[string]any{"accounts": 12}})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) filtered(at, filter string) []map[string]any {
	w.t.Helper()
	return w.want(200, w.do("GET", at+"?$filter="+url.QueryEscape(filter), nil)).values()
}

func TestRiskDetections(t *testing.T) {
	eachAt(t, func(w *world, s modelstest.Scratch) {
		ann, bob := w.newPerson("Ann"), w.newPerson("Bob")
		first := w.detect(ann, "passwordSpray", "high", "")
		s.Clock.Advance(time.Minute)
		w.detect(ann, "unfamiliarFeatures", "low", "")
		s.Clock.Advance(time.Minute)
		w.detect(bob, "impossibleTravel", "medium", "")
		s.Clock.Advance(time.Minute)
		all := w.want(200, w.do("GET", detectionsAt, nil)).values()
		if len(all) != 3 || all[0]["userId"] != bob || all[2]["id"] != first.ID {
			w.t.Fatalf("newest first: %v", all)
		}
		d := all[2]
		for name, want := range map[string]any{"riskEventType": "passwordSpray", "riskLevel": "high", "riskState": "atRisk", "riskDetail": "none", "ipAddress": "203.0.113.7", "tokenIssuerType": "AzureAD",
			"userPrincipalName": first.Address, "userId": ann} {
			if d[name] != want {
				w.t.Errorf("%s = %v, want %v", name, d[name], want)
			}
		}
		var info []struct{ Key, Value string }
		if err := json.Unmarshal([]byte(d["additionalInfo"].(string)), &info); err != nil || info[0].Key != "userAgent" || info[0].Value != "Firefox" || info[1].Key != "accounts" || info[1].Value != "12" {
			w.t.Errorf("additionalInfo %v %v", d["additionalInfo"], err)
		}
		place := d["location"].(map[string]any)
		if place["city"] != "Paris" || place["countryOrRegion"] != "FR" || place["geoCoordinates"].(map[string]any)["latitude"] != 48.85 {
			w.t.Errorf("location %v", place)
		}
		for filter, want := range map[string]int{"riskLevel eq 'high'": 1, "riskLevel ne 'high'": 2, "riskEventType eq 'impossibleTravel'": 1, "userId eq '" + ann + "'": 2, "riskState eq 'atRisk'": 3,
			"riskDetail eq 'none'": 3, "riskDetail ne 'none'": 0, "riskLevel in ('low','medium')": 2, "startsWith(userPrincipalName,'nobody')": 0, "location/countryOrRegion eq 'fr'": 3,
			"detectedDateTime ge 2020-01-01T00:00:00Z and riskLevel eq 'low'": 1, "lastUpdatedDateTime lt 2020-01-01T00:00:00Z": 0, "portico/simulated eq true": 0, "ipAddress eq '203.0.113.7'": 3} {
			if got := len(w.filtered(detectionsAt, filter)); got != want {
				w.t.Errorf("%s: %d, want %d", filter, got, want)
			}
		}
		// Page by page, and along what changes.
		seen, next := []string{}, detectionsAt+"?$top=1"
		for next != "" {
			a := w.want(200, w.do("GET", strings.TrimPrefix(next, w.base+"/v1.0"), nil))
			for _, v := range a.values() {
				seen = append(seen, v["id"].(string))
			}
			next, _ = a.body["@odata.nextLink"].(string)
		}
		if len(seen) != 3 {
			w.t.Errorf("page by page: %v", seen)
		}
		since := w.store.Now().Format(time.RFC3339Nano)
		w.want(204, w.do("POST", riskyAt+"/dismiss", map[string]any{"userIds": []any{ann}}))
		changed := w.want(200, w.do("GET", detectionsAt+"?$orderby=lastUpdatedDateTime&$filter="+url.QueryEscape("lastUpdatedDateTime ge "+since), nil)).values()
		if len(changed) != 2 || changed[0]["riskState"] != "dismissed" || changed[0]["riskDetail"] != "adminDismissedAllRiskForUser" {
			w.t.Errorf("what changed: %v", changed)
		}
		w.want(200, w.do("GET", detectionsAt+"/"+first.ID, nil))
		w.want(404, w.do("GET", detectionsAt+"/"+roleID, nil))
		w.want(405, w.do("DELETE", detectionsAt+"/"+first.ID, nil))
		w.want(400, w.do("GET", detectionsAt+"?$filter="+url.QueryEscape("evidence eq 'x'"), nil))

		// The exported record is the answer of the API, word for word.
		s.Clock.Advance(time.Minute)
		records, _, err := models.ExportStore{Store: w.store, Say: w.api.explain}.ReadExport(w.t.Context(), w.tenant.ID, export.RiskDetection, export.Filter{}, export.Cursor{}, w.store.Now(), 100)
		if err != nil || len(records) != 3 {
			w.t.Fatalf("%d records, %v", len(records), err)
		}
		for _, r := range records {
			a := w.want(200, w.do("GET", detectionsAt+"/"+r.ID, nil))
			var said map[string]any
			if err := json.Unmarshal(r.Body, &said); err != nil {
				w.t.Fatal(err)
			}
			delete(said, "@odata.type")
			delete(a.body, "@odata.context")
			x, _ := json.Marshal(said)
			y, _ := json.Marshal(a.body)
			if string(x) != string(y) {
				w.t.Errorf("exported %s\nanswered %s", x, y)
			}
		}
		// Another tenant sees nothing of it.
		other := w.newTenant("other")
		w.newClient("theirs", other, access.Known()...)
		if a := w.want(200, w.do("GET", detectionsAt, nil, "Authorization", "Bearer theirs")); len(a.values()) != 0 {
			w.t.Errorf("another tenant: %s", a.raw)
		}
		w.want(404, w.do("GET", detectionsAt+"/"+first.ID, nil, "Authorization", "Bearer theirs"))
	})
}

// A reason is a sentence: no place in it is left to fill in, neither here nor in what is exported.
func TestReasonsAreSentences(t *testing.T) {
	w := newWorld(t, openSQLite(t))
	d := modelstest.Must(w.tenant.AddDetection(t.Context(), audit.System("test"), models.Detection{UserID: w.newPerson("Ann"), Type: "newCountry", Key: "risk.found.new_country", Level: "low",
		ActivityAt: w.store.Now(), Evidence: map[string]any{"city": "Nairobi", "country": "KE", "usualCountry": "NL"}}))(t)
	if said := w.want(200, w.do("GET", detectionsAt+"/"+d.ID, nil)).body["portico"].(map[string]any)["reason"]; said != "First sign-in from Nairobi, Kenya. So far they usually signed in from Netherlands." {
		t.Errorf("the reason is %v", said)
	}
}

func TestRiskyUsersHistoryAndActions(t *testing.T) {
	eachAt(t, func(w *world, s modelstest.Scratch) {
		ann := w.newPerson("Ann")
		w.want(404, w.do("GET", riskyAt+"/"+ann+"/history", nil))
		for _, c := range []struct{ action, level, state, detail string }{
			{"confirmCompromised", "high", "confirmedCompromised", "adminConfirmedUserCompromised"},
			{"dismiss", "none", "dismissed", "adminDismissedAllRiskForUser"},
		} {
			s.Clock.Advance(time.Minute)
			w.want(204, w.do("POST", riskyAt+"/"+c.action, map[string]any{"userIds": []any{ann, strings.ToUpper(ann)}}))
			a := w.want(200, w.do("GET", riskyAt+"/"+ann, nil))
			if a.body["riskLevel"] != c.level || a.body["riskState"] != c.state || a.body["riskDetail"] != c.detail || a.body["isDeleted"] != false {
				w.t.Errorf("%s: %s", c.action, a.raw)
			}
			for _, filter := range []string{"riskLevel eq '" + c.level + "'", "riskState eq '" + c.state + "'", "riskDetail eq '" + c.detail + "' and isDeleted eq false"} {
				if n := len(w.filtered(riskyAt, filter)); n != 1 {
					w.t.Errorf("%s: %d", filter, n)
				}
			}
		}
		history := w.want(200, w.do("GET", riskyAt+"/"+ann+"/history", nil)).values()
		if len(history) < 2 || history[0]["riskState"] != "dismissed" || history[0]["userId"] != ann || history[0]["initiatedBy"] == nil || history[0]["initiatedBy"] != history[0]["portico"].(map[string]any)["actorId"] ||
			history[len(history)-1]["riskState"] != "confirmedCompromised" || !slices.Contains(history[len(history)-1]["activity"].(map[string]any)["riskEventTypes"].([]any), any("adminConfirmedUserCompromised")) {
			w.t.Errorf("history: %v", history)
		}
		if n := w.want(200, w.do("GET", riskyAt+"/"+ann+"/history/$count", nil)); strings.TrimSpace(strings.TrimPrefix(n.raw, "\uFEFF")) != strconv.Itoa(len(history)) {
			w.t.Errorf("counted %s of %d", n.raw, len(history))
		}
		w.want(200, w.do("GET", riskyAt+"/"+ann+"/history/"+history[0]["id"].(string), nil))
		w.want(404, w.do("GET", riskyAt+"/"+ann+"/history/"+roleID, nil))
		for _, body := range []string{`{}`, `{"userIds":[]}`, `{"userIds":"x"}`, `{"userIds":["` + ann + `"],"more":1}`} {
			if a := w.do("POST", riskyAt+"/confirmSafe", body); a.status != 400 {
				w.t.Errorf("%s: %d", body, a.status)
			}
		}
		// Of deleted people nothing can be said but that their risk is over (R 6.6.7).
		bob := w.newPerson("Bob")
		w.want(204, w.do("POST", riskyAt+"/confirmCompromised", map[string]any{"userIds": []any{bob}}))
		w.want(204, w.do("DELETE", "/users/"+bob, nil))
		for _, action := range []string{"confirmCompromised", "confirmSafe"} {
			if a := w.want(400, w.do("POST", riskyAt+"/"+action, map[string]any{"userIds": []any{ann, bob}})); !strings.Contains(a.raw, "can only be dismissed") {
				w.t.Errorf("%s of somebody deleted: %s", action, a.raw)
			}
			if a := w.want(200, w.do("GET", riskyAt+"/"+ann, nil)); a.body["riskState"] != "dismissed" {
				w.t.Errorf("%s about two, one of them deleted, was done to the other", action)
			}
		}
		w.want(204, w.do("POST", riskyAt+"/dismiss", map[string]any{"userIds": []any{bob}}))
		if a := w.want(200, w.do("GET", riskyAt+"/"+bob, nil)); a.body["riskState"] != "dismissed" || a.body["isDeleted"] != true {
			w.t.Errorf("dismissed: %s", a.raw)
		}
		w.want(404, w.do("POST", riskyAt+"/confirmSafe", `{"userIds":["6d5b1d3e-0000-4000-8000-000000000000"]}`))
	})
}

func TestWhatIsSaidAboutSignIns(t *testing.T) {
	eachAt(t, func(w *world, s modelstest.Scratch) {
		ann := w.newPerson("Ann")
		id := models.NewID()
		if err := w.tenant.RecordSignIn(w.t.Context(), record.SignIn{ID: id, Kind: record.Interactive, Protocol: "openid", StartedAt: w.store.Now(), EndedAt: w.store.Now(), User: record.Party{ID: ann, Name: "Ann"},
			Risk: []record.Finding{{Type: "unfamiliarFeatures", Level: "high", Key: "risk.found.unfamiliar"}}, RiskLevel: "high", Outcome: record.Outcome{Result: record.Success}}); err != nil {
			w.t.Fatal(err)
		}
		s.Clock.Advance(time.Minute)
		signIn := func() map[string]any {
			w.t.Helper()
			return w.want(200, w.do("GET", "/auditLogs/signIns/"+id, nil)).body
		}
		if got := signIn(); got["riskLevelDuringSignIn"] != "high" || got["riskLevelAggregated"] != "high" || got["riskState"] != "atRisk" || got["riskEventTypes_v2"].([]any)[0] != "unfamiliarFeatures" {
			w.t.Errorf("as found: %v", got)
		}
		for filter, want := range map[string]int{"riskState eq 'atRisk'": 1, "riskState eq 'none'": 0, "riskLevelAggregated eq 'high'": 1, "riskEventTypes_v2/any(t: t eq 'unfamiliarFeatures')": 1,
			"riskEventTypes_v2/any(t: t eq 'unlikelyTravel')": 0, "riskDetail eq 'none'": 1} {
			if got := len(w.filtered("/auditLogs/signIns", filter)); got != want {
				w.t.Errorf("%s: %d, want %d", filter, got, want)
			}
		}
		for _, c := range []struct{ action, state, detail string }{{"confirmCompromised", "confirmedCompromised", "adminConfirmedSigninCompromised"},
			{"dismiss", "dismissed", "adminDismissedRiskForSignIn"}, {"confirmSafe", "confirmedSafe", "adminConfirmedSigninSafe"}} {
			a := w.do("POST", "/auditLogs/signIns/"+c.action, map[string]any{"requestIds": []any{id}})
			if a.status != 204 {
				continue // what the store does not allow after the former
			}
			if got := signIn(); got["riskState"] != c.state || got["riskDetail"] != c.detail {
				w.t.Errorf("%s: %v %v", c.action, got["riskState"], got["riskDetail"])
			}
		}
		w.want(400, w.do("POST", "/auditLogs/signIns/dismiss", `{"userIds":["x"]}`))
		w.want(404, w.do("POST", "/auditLogs/signIns/dismiss", `{"requestIds":["6d5b1d3e-0000-4000-8000-000000000000"]}`))
	})
}

func TestRiskSettingsTypesAndSimulations(t *testing.T) {
	each(t, func(w *world) {
		const at = "/beta/portico/riskSettings"
		before := w.want(200, w.do("GET", at, nil))
		if before.body["thresholds"].(map[string]any)["travelKmh"] != 1000.0 {
			w.t.Errorf("%s", before.raw)
		}
		w.want(204, w.do("PATCH", at, `{"disabledRiskEventTypes":["newCountry"],"thresholds":{"travelKmh":1200}}`))
		after := w.want(200, w.do("GET", at, nil))
		if after.body["thresholds"].(map[string]any)["travelKmh"] != 1200.0 || after.body["disabledRiskEventTypes"].([]any)[0] != "newCountry" {
			w.t.Errorf("%s", after.raw)
		}
		kind := w.want(200, w.do("GET", "/beta/portico/riskDetectionTypes/newCountry", nil))
		if kind.body["isEnabled"] != false || kind.body["canBeSimulated"] != true {
			w.t.Errorf("%s", kind.raw)
		}
		w.want(204, w.do("PATCH", at, `{"disabledRiskEventTypes":[],"thresholds":{"travelKmh":null}}`))
		if w.want(200, w.do("GET", at, nil)).body["thresholds"].(map[string]any)["travelKmh"] != 1000.0 {
			w.t.Error("null is not the default")
		}
		for _, body := range []string{`{"thresholds":{"travelKmh":1}}`, `{"thresholds":{"unknown":1}}`, `{"thresholds":{"travelKmh":"fast"}}`, `{"disabledRiskEventTypes":["nonsense"]}`, `{"disabledRiskEventTypes":["adminConfirmedUserCompromised"]}`, `{"speed":1}`} {
			if a := w.do("PATCH", at, body); a.status != 400 {
				w.t.Errorf("%s: %d %s", body, a.status, a.raw)
			}
		}
		ann := w.newPerson("Ann")
		made := w.want(201, w.do("POST", "/beta/portico/riskSimulations", map[string]any{"userId": ann, "riskEventType": "newCountry"}))
		if made.body["portico"].(map[string]any)["simulated"] != true || made.body["riskEventType"] != "newCountry" {
			w.t.Errorf("%s", made.raw)
		}
		if n := len(w.want(200, w.do("GET", "/beta/portico/riskSimulations", nil)).values()); n != 1 {
			w.t.Errorf("%d simulations", n)
		}
		w.want(400, w.do("POST", "/beta/portico/riskSimulations", map[string]any{"userId": ann, "riskEventType": "nonsense"}))
		w.want(404, w.do("POST", "/beta/portico/riskSimulations", map[string]any{"userId": roleID, "riskEventType": "newCountry"}))
		w.want(204, w.do("DELETE", "/beta/portico/riskSimulations/"+ann, nil))
		if n := len(w.want(200, w.do("GET", detectionsAt, nil)).values()); n != 0 {
			w.t.Errorf("%d detections are left", n)
		}
		w.want(200, w.do("GET", "/beta/portico/riskBudget", nil))
		w.want(400, w.do("PATCH", "/beta/portico/riskBudget", `{"challengeShare":90}`))
		w.want(400, w.do("PATCH", "/beta/portico/riskBudget", `{"challengeShare":2}`)) // too few sign-ins
		w.want(200, w.do("GET", "/beta/portico/incidents", nil))
	})
}

func TestThreatIndicatorsAndLeakedAddresses(t *testing.T) {
	each(t, func(w *world) {
		const at = "/beta/portico/threatIndicators"
		made := w.want(201, w.do("POST", at, map[string]any{"kind": "ip", "value": "203.0.113.0/24", "riskLevel": "medium", "note": "a feed"}))
		one := at + "/" + made.body["id"].(string)
		w.want(204, w.do("PATCH", one, map[string]any{"riskLevel": "high", "expirationDateTime": "2036-01-01T00:00:00Z"}))
		if a := w.want(200, w.do("GET", one, nil)); a.body["riskLevel"] != "high" || a.body["expirationDateTime"] != "2036-01-01T00:00:00Z" || a.body["note"] != "a feed" {
			w.t.Errorf("%s", a.raw)
		}
		for _, body := range []string{`{"kind":"ip","value":"everywhere"}`, `{"kind":"star","value":"x"}`, `{"kind":"ip","value":"1.2.3.4","riskLevel":"hidden"}`, `{"kind":"ip","value":"1.2.3.4","expirationDateTime":"soon"}`} {
			if a := w.do("POST", at, body); a.status != 400 {
				w.t.Errorf("%s: %d %s", body, a.status, a.raw)
			}
		}
		w.want(204, w.do("DELETE", one, nil))
		w.want(404, w.do("GET", one, nil))

		const lists = "/beta/portico/leakedAddresses"
		list := w.want(201, w.do("POST", lists, map[string]any{"source": "A forum", "addresses": []any{"a@example.com", "no address", "b@example.com"}}))
		if list.body["rows"] != 3.0 || list.body["unreadable"] != 1.0 || list.body["state"] != "ready" {
			w.t.Errorf("%s", list.raw)
		}
		w.want(400, w.do("POST", lists+"/"+list.body["id"].(string)+"/apply", `{"people":7}`))
		w.want(200, w.do("POST", lists+"/"+list.body["id"].(string)+"/apply", `{"people":0}`))
		w.want(204, w.do("DELETE", lists+"/"+list.body["id"].(string), nil))
		w.want(400, w.do("POST", lists, `{"source":"x"}`))
	})
}

func TestExportsThroughTheAPI(t *testing.T) {
	each(t, func(w *world) {
		var bodies []string
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			bodies = append(bodies, string(b))
		}))
		defer server.Close()
		const at = "/beta/portico/exports"
		made := w.want(201, w.do("POST", at, map[string]any{"displayName": "SIEM", "kind": "webhook", "url": server.URL + "/in?token=abc", "records": []any{"riskDetection", "signIn"}, "riskLevels": []any{"high"}}))
		one := at + "/" + made.body["id"].(string)
		asked := w.want(201, w.do("POST", at+"?$select=id,secret", map[string]any{"displayName": "Second", "kind": "webhook", "url": server.URL, "records": []any{"riskDetection"}}))
		for _, a := range []answer{made, asked} { // told once, to whoever makes it
			if secret, _ := a.body["secret"].(string); len(secret) < 43 {
				w.t.Errorf("made without its secret: %s", a.raw)
			}
		}
		if secret := w.want(200, w.do("POST", one+"/renewSecret", "{}")).body["secret"]; secret == nil || len(secret.(string)) < 43 {
			w.t.Errorf("secret %v", secret)
		}
		w.want(204, w.do("DELETE", at+"/"+asked.body["id"].(string), nil))
		a := w.want(200, w.do("GET", one, nil))
		if a.body["url"] != server.URL+"/in?token=abc" || a.body["isEnabled"] != true || a.body["format"] != "ndjson" || strings.Contains(string(a.raw), "\"secret\"") {
			w.t.Errorf("%s", a.raw)
		}
		w.newClient("reader", w.tenant, access.RiskEventRead)
		if a := w.want(200, w.do("GET", one, nil, "Authorization", "Bearer reader")); a.body["url"] != server.URL+"/in" {
			w.t.Errorf("a reader sees %v", a.body["url"])
		}
		w.newClient("writer", w.tenant, access.RiskEventWrite)
		for method, body := range map[string]string{"PATCH": `{"url":"` + server.URL + `/mine"}`, "DELETE": ""} {
			w.want(403, w.do(method, one, body, "Authorization", "Bearer writer")) // who may not read sign-ins sends none elsewhere
		}
		w.want(403, w.do("POST", at, map[string]any{"displayName": "Mine", "kind": "webhook", "url": server.URL, "records": []any{"signIn"}}, "Authorization", "Bearer writer"))
		test := w.want(200, w.do("POST", one+"/test", "{}"))
		if test.body["delivered"] != true || len(bodies) != 1 || !strings.Contains(bodies[0], `"test":true`) {
			w.t.Errorf("%s %q", test.raw, bodies)
		}
		if sample := w.want(200, w.do("GET", one+"/sample", nil)); !strings.Contains(sample.body["content"].(string), "riskDetection") {
			w.t.Errorf("%s", sample.raw)
		}
		w.want(200, w.do("GET", one+"/lag", nil))
		w.want(204, w.do("PATCH", one, map[string]any{"isEnabled": false, "displayName": "Collector"}))
		if a := w.want(200, w.do("GET", one, nil)); a.body["isEnabled"] != false || a.body["displayName"] != "Collector" {
			w.t.Errorf("%s", a.raw)
		}
		w.want(204, w.do("POST", one+"/rewind", `{"beginDateTime":"2026-01-01T00:00:00Z"}`))
		w.want(400, w.do("POST", one+"/rewind", `{"beginDateTime":"2099-01-01T00:00:00Z"}`))
		for _, body := range []map[string]any{{"displayName": "x", "kind": "webhook", "url": "http://siem.example.com/", "records": []any{"signIn"}}, {"displayName": "x", "kind": "pigeon", "records": []any{"signIn"}},
			{"displayName": "x", "kind": "file", "records": []any{"signIn"}}, {"displayName": "x", "kind": "webhook", "url": server.URL, "records": []any{"users"}}, {"displayName": "x", "secret": "mine"}} {
			if a := w.do("POST", at, body); a.status != 400 {
				w.t.Errorf("%v: %d %s", body, a.status, a.raw)
			}
		}
		w.want(204, w.do("DELETE", one, nil))
		w.want(404, w.do("GET", one, nil))
	})
}
