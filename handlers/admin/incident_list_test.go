package admin

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"portico/app/risk"
)

// The report of incidents has what every report of risk has (R 6.6.5): filters, columns to choose, and downloads of
// exactly its rows.
func TestTheReportOfIncidents(t *testing.T) {
	b := newBench(t)
	people := b.people(30)
	i := b.wave(people[4], people)
	a := b.admin("security@staff.example", b.roleID("Security Reader"), b.shop.ID)
	const list = shopAdmin + "/incidents"
	if want := "Password spray from AS65101, " + i.BeganAt.Format("2 Jan 15:04"); i.Name != want {
		t.Errorf("it is called %q, want %q", i.Name, want)
	}
	before, after := i.BeganAt.Add(-time.Hour).Format("2006-01-02T15:04"), i.LastAt.Add(time.Hour).Format("2006-01-02T15:04")
	for query, there := range map[string]bool{
		"": true, "condition=open": true, "condition=closed": false, "wave=passwordSpray": true, "wave=smsPumping": false, "level=high": true, "level=low": false,
		"entered=yes": true, "entered=no": false, "simulated=no": true, "simulated=yes": false, "search=as65101": true, "search=as65102": false, "search=%25": false,
		"range=1h": true, "from=" + before: true, "from=" + after: false, "to=" + after: true, "to=" + before: false,
	} {
		page, csv := a.get(list+"?"+query), a.get(list+"?format=csv&"+query)
		if got := strings.Contains(page.body, `href="`+list+"/"+i.ID+`"`); page.status != 200 || got != there {
			t.Errorf("%q: %d, on the page: %v", query, page.status, got)
		}
		if got := strings.Contains(csv.body, i.ID); csv.status != 200 || got != there {
			t.Errorf("%q: %d, in the file: %v", query, csv.status, got)
		}
	}
	a.get(list+"?condition=sleeping").wants(t, 200, "sleeping", i.Name)
	a.get(list+"?format=csv&wave=none").wants(t, 422)
	a.get(list).wants(t, 200, "Download CSV", "Download JSON", "Choose columns", "Last attempt")
	a.get(list+"?columns=began&columns=countries&columns=right").wants(t, 200, "First attempt", "Netherlands", "Right password shown")
	a.get(list+"?format=csv").wants(t, 200, "displayName", "passwordSpray", `"`+i.Name+`"`, ",91,")
	var got []struct {
		ID, DisplayName, Status, BeganDateTime string
		Attempts, AccountsEntered              int
		Entries                                []struct{ UserID string }
	}
	if err := json.Unmarshal([]byte(a.get(list+"?format=json").body), &got); err != nil || len(got) != 1 {
		t.Fatalf("%v %d", err, len(got))
	}
	if x := got[0]; x.ID != i.ID || x.DisplayName != i.Name || x.Status != risk.IncidentOpen || x.Attempts != 91 || x.AccountsEntered != 1 || x.Entries[0].UserID != people[4].ID || x.BeganDateTime != stamp(i.BeganAt) {
		t.Errorf("%+v", x)
	}
}
