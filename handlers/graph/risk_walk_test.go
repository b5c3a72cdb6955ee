package graph

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/export"
	"portico/models"
	"portico/models/modelstest"
)

// walk reads every page from an address on and gives what said names of each row; after is called after each page.
func (w *world) walk(at string, said func(map[string]any) string, after func(page int)) []string {
	w.t.Helper()
	var out []string
	for page := 0; at != "" && page < 1000; page++ {
		a := w.want(200, w.do("GET", at, nil))
		for _, v := range a.values() {
			out = append(out, said(v))
		}
		if after != nil {
			after(page)
		}
		at, _ = a.body["@odata.nextLink"].(string)
	}
	return out
}

func rowID(v map[string]any) string { return v["id"].(string) }

// A report, its count, the pages of the API and an export say the same number for the same filter.
func TestEveryoneCountsTheSame(t *testing.T) {
	eachAt(t, func(w *world, s modelstest.Scratch) {
		people := []string{w.newPerson("Ann"), w.newPerson("Bob"), w.newPerson("Cyd")}
		types, levels := []string{"passwordSpray", "unfamiliarFeatures", "impossibleTravel"}, []string{"low", "medium", "high"}
		for i := range 40 {
			w.detect(people[i%3], types[i%len(types)], levels[i/3%3], "")
			s.Clock.Advance(time.Second)
		}
		w.want(204, w.do("POST", riskyAt+"/dismiss", map[string]any{"userIds": []any{people[0]}}))
		s.Clock.Advance(time.Minute)
		for _, c := range []struct {
			filter string
			of     export.Filter
		}{
			{"", export.Filter{}},
			{"riskLevel eq 'high'", export.Filter{Levels: []string{"high"}}},
			{"riskLevel in ('high','low') and riskEventType eq 'passwordSpray'", export.Filter{Levels: []string{"high", "low"}, Types: []string{"passwordSpray"}}},
			{"riskEventType in ('impossibleTravel','newCountry')", export.Filter{Types: []string{"impossibleTravel", "newCountry"}}},
			{"riskEventType eq 'newCountry'", export.Filter{Types: []string{"newCountry"}}},
		} {
			query, simulated := "?$top=7&$count=true", false
			if c.filter != "" {
				query += "&$filter=" + url.QueryEscape(c.filter)
			}
			report := 0
			for after := ""; ; {
				p, err := w.tenant.Detections(t.Context(), models.DetectionQuery{Levels: c.of.Levels, Types: c.of.Types, Simulated: &simulated, After: after, Limit: 11})
				if err != nil {
					t.Fatal(err)
				}
				report += len(p.Items)
				if after = p.Next; after == "" {
					break
				}
			}
			exported, at := 0, export.Cursor{}
			for {
				records, next, err := models.ExportStore{Store: w.store}.ReadExport(t.Context(), w.tenant.ID, export.RiskDetection, c.of, at, s.Now(), 9)
				if err != nil {
					t.Fatal(err)
				}
				if exported += len(records); next == at {
					break
				}
				at = next
			}
			first := w.want(200, w.do("GET", detectionsAt+query, nil, "ConsistencyLevel", "eventual"))
			pages := len(w.walk(detectionsAt+query, rowID, nil))
			alone := detectionsAt + "/$count"
			if c.filter != "" {
				alone += "?$filter=" + url.QueryEscape(c.filter)
			}
			alone = w.want(200, w.do("GET", alone, nil)).raw
			if first.body["@odata.count"] != float64(report) || pages != report || exported != report || alone != fmt.Sprint(report) {
				t.Errorf("%q: report %d, pages %d, exported %d, $count=true %v, /$count %s", c.filter, report, pages, exported, first.body["@odata.count"], alone)
			}
		}
		for at, want := range map[string]int{riskyAt: 3, riskyAt + "?$filter=" + url.QueryEscape("riskState eq 'atRisk'"): 2, riskyAt + "/" + people[0] + "/history": -1, "/beta/portico/incidents": 0} {
			q := "?$count=true"
			if u, _ := url.Parse(at); u.RawQuery != "" {
				q = "&$count=true"
			}
			a := w.want(200, w.do("GET", at+q, nil))
			if want < 0 {
				want = len(a.values())
			}
			if a.body["@odata.count"] != float64(want) || len(a.values()) != want {
				t.Errorf("%s: %v, %d rows, want %d", at, a.body["@odata.count"], len(a.values()), want)
			}
		}
		if n, err := models.CountUpTo[models.RiskDetectionRow](t.Context(), w.tenant, nil, 10); err != nil || n != 11 {
			t.Errorf("counted %d of at most 10, %v", n, err)
		}
		other := w.newTenant("other")
		if n, err := models.CountUpTo[models.RiskDetectionRow](t.Context(), other, []models.Condition{{SQL: "1 = 1 OR 1 = 1"}}, 10); err != nil || n != 0 {
			t.Errorf("another tenant counts %d, %v", n, err)
		}
	})
}

// Whoever follows what changes by time gets every row once, while detections come and are closed; by the time of the
// last change, one that changes meanwhile comes once more, as it is by then, and none is left out.
func TestDeltaByTimeWhileThingsChange(t *testing.T) {
	eachAt(t, func(w *world, s modelstest.Scratch) {
		ann, bob := w.newPerson("Ann"), w.newPerson("Bob")
		w.detect(bob, "newCountry", "low", "") // before what is asked for
		s.Clock.Advance(time.Second)
		var own []string
		since := ""
		for i := range 30 {
			d := w.detect(ann, "unfamiliarFeatures", "low", "")
			if i < 2 { // two of one moment, neither of which "after that moment" has
				since = d.DetectedAt.UTC().Format("2006-01-02T15:04:05.999999Z")
			} else {
				own = append(own, d.ID)
			}
			if i%4 != 0 { // several have the very same time
				s.Clock.Advance(time.Millisecond)
			}
		}
		slices.Sort(own)
		changing := func(page int) {
			s.Clock.Advance(time.Second)
			switch page % 3 {
			case 0:
				w.detect(bob, "passwordSpray", "high", "")
			case 1:
				if err := w.tenant.DismissRisk(t.Context(), audit.System("test"), []string{ann}); err != nil {
					t.Error(err)
				}
			}
		}
		once := func(says string, got []string) {
			t.Helper()
			slices.Sort(got)
			if twice := len(got) - len(slices.Compact(slices.Clone(got))); twice > 0 {
				t.Errorf("%s: %d come twice", says, twice)
			}
		}
		began := s.Now()
		ofAnn := url.QueryEscape("detectedDateTime gt " + since)
		got := w.walk(detectionsAt+"?$top=4&$filter="+ofAnn, rowID, changing)
		once("by detection", got)
		if mine := slices.DeleteFunc(slices.Clone(got), func(id string) bool { return !slices.Contains(own, id) }); len(mine) != len(own) {
			t.Errorf("%d of %d that were there", len(mine), len(own))
		}
		// By the last change, oldest first: each state once, and the last state of each at the end.
		last := map[string]string{}
		states := w.walk(detectionsAt+"?$top=4&$orderby=lastUpdatedDateTime&$filter="+url.QueryEscape("lastUpdatedDateTime gt "+since), func(v map[string]any) string {
			last[rowID(v)] = fmt.Sprint(v["riskState"])
			return rowID(v) + " " + fmt.Sprint(v["lastUpdatedDateTime"])
		}, func(page int) {
			if page < 6 {
				changing(page)
			}
		})
		once("by the last change", states)
		for _, id := range own {
			if now := w.want(200, w.do("GET", detectionsAt+"/"+id, nil)).body["riskState"]; last[id] != now {
				t.Errorf("%s was last seen %q and is %v", id, last[id], now)
			}
		}
		if changed := w.walk(detectionsAt+"?$filter="+url.QueryEscape("lastUpdatedDateTime gt "+began.UTC().Format("2006-01-02T15:04:05.999999Z")), rowID, nil); len(changed) < len(own) {
			t.Errorf("%d changed", len(changed))
		}
	})
}
