package models_test

import (
	"testing"
	"time"

	"portico/app/extension"
	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

// TestLaterCallsOfAVisit: the call for its claims is found by the entry's id; those that brought its codes by its
// correlation id, its app and its time, so that an id that an app uses again, or that another tenant's app chose too,
// brings nobody else's.
func TestLaterCallsOfAVisit(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn, other := modelstest.MustTenant(t, s, "codes-one"), modelstest.MustTenant(t, s, "codes-two")
		now := s.Now().UTC().Truncate(time.Microsecond)
		visit := record.SignIn{ID: "v", Kind: record.Interactive, CorrelationID: "c-1", App: record.Party{ID: "shop"}, StartedAt: now, EndedAt: now.Add(time.Minute)}
		keep := func(at *models.Tenant, name string, edit func(*extension.Call)) {
			c := extension.Call{ID: models.NewID(), Event: extension.OtpSend, Name: name, At: now.Add(10 * time.Second), CorrelationID: "c-1", AppID: "shop"}
			edit(&c)
			at.KeepCall(c)
		}
		keep(tn, "its own", func(*extension.Call) {})
		keep(tn, "after its end", func(c *extension.Call) { c.At = now.Add(30 * time.Minute) })
		keep(tn, "of the day before", func(c *extension.Call) { c.At = now.Add(-24 * time.Hour) })
		keep(tn, "hours later", func(c *extension.Call) { c.At = now.Add(3 * time.Hour) })
		keep(tn, "another app's", func(c *extension.Call) { c.AppID = "club" })
		keep(tn, "another visit's", func(c *extension.Call) { c.CorrelationID = "c-2" })
		keep(tn, "tried by an admin", func(c *extension.Call) { c.Trial = true })
		keep(tn, "of another event", func(c *extension.Call) { c.Event = extension.TokenIssuanceStart })
		claims := func(c *extension.Call) {
			c.Event, c.CorrelationID, c.SignInID = extension.TokenIssuanceStart, "the app's own server", "v"
		}
		keep(tn, "for its claims", claims)
		keep(tn, "for another's claims", func(c *extension.Call) { claims(c); c.SignInID = "u" })
		keep(tn, "a replay by an admin", func(c *extension.Call) { claims(c); c.Trial = true })
		keep(other, "for claims elsewhere", claims)
		keep(other, "another tenant's", func(*extension.Call) {})
		if err := s.FlushCalls(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := modelstest.Must(tn.LaterCalls(t.Context(), visit, record.SignIn{ID: "w", Kind: record.Interactive, CorrelationID: "c-3"}))(t)
		if len(got) != 1 || len(got["v"]) != 3 || got["v"][0].Name != "its own" || got["v"][1].Name != "after its end" || got["v"][2].Name != "for its claims" {
			t.Errorf("found %+v", got)
		}
		for q, want := range map[models.RecorderQuery]int{{Correlation: "c-1"}: 7, {Correlation: "c-2"}: 1, {AppID: "club"}: 1, {AppID: "club", Correlation: "c-2"}: 0} {
			if page := modelstest.Must(tn.RecordedCalls(t.Context(), q))(t); len(page.Items) != want {
				t.Errorf("%+v finds %d, not %d", q, len(page.Items), want)
			}
		}
	})
}
