package models_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/record"
	"portico/app/risk"
	"portico/models"
	"portico/models/modelstest"
)

// TestRiskHistoryIsWholeOrSaysWhatIsMissing: all parts are read at once; a part that cannot be read is named, and the
// others are there all the same.
func TestRiskHistoryIsWholeOrSaysWhatIsMissing(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, db := t.Context(), raw(t, s)
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		ann := modelstest.MustUserWithPassword(t, tn, "ann@example.com", "$argon2id$x")
		here := record.Signals{IP: netip.MustParseAddr("192.0.2.7"), ASN: 65001, Country: "DE", Browser: "Firefox 140", OS: "Windows 11", UserAgent: "Firefox"}
		exec := func(query string, args ...any) {
			t.Helper()
			for i, a := range args {
				if s.Engine == modelstest.Postgres {
					query = strings.Replace(query, "?", fmt.Sprintf("$%d", i+1), 1)
				} else if at, ok := a.(time.Time); ok {
					args[i] = at.Format("2006-01-02 15:04:05.999999999-07:00")
				}
			}
			if _, err := db.ExecContext(ctx, query, args...); err != nil {
				t.Fatal(query, err)
			}
		}
		var usual risk.Person
		usual.Observe(here, s.Now().Add(-time.Hour))
		two := risk.NewSketch(risk.SourceSketch)
		two.Add("a")
		two.Add("b")
		at := s.Now().UTC().Truncate(time.Microsecond)
		for _, id := range []string{tn.ID, other.ID} {
			exec("INSERT INTO risk_people (tenant_id, user_id, body, updated_at) VALUES (?, ?, ?, ?)", id, ann.ID, modelstest.Must(usual.Encode())(t), at)
			exec("INSERT INTO risk_counts (tenant_id, feature, value, n, at) VALUES (?, 'country', 'DE', 4.5, ?)", id, at)
			for h := range 30 { // 24 of them count
				exec("INSERT INTO risk_sources (tenant_id, source, hour, asn, network, country, agent, attempts, failures, successes, sign_ups, accounts, strangers, updated_at) VALUES (?, '192.0.2.7', ?, 0, '', '', '', 5, 3, 2, 1, ?, ?, ?)",
					id, at.Add(-time.Duration(h)*time.Hour).Format("2006-01-02T15"), []byte(two), []byte(risk.NewSketch(risk.SourceSketch)), at)
			}
			exec("INSERT INTO leaked_addresses (tenant_id, hash, import_id, leaked_at, source, user_id, pending) VALUES (?, ?, 'l', ?, 'x', ?, false)", id, []byte("h"), at.Add(time.Hour), ann.ID)
		}
		for i, w := range []struct {
			id, state, response string
			until               time.Time
		}{{"over", risk.IncidentOpen, risk.Block, at.Add(-time.Minute)}, {"now", risk.IncidentOpen, risk.Challenge, at.Add(time.Minute)}, {"closed", risk.IncidentClosed, risk.Block, at.Add(time.Hour)}} {
			exec("INSERT INTO risk_incidents (id, tenant_id, kind, state, level, name, began_at, last_at, attempts, accounts, entered, response, until, document, updated_at, simulated) VALUES (?, ?, 'passwordSpray', ?, 'high', '', ?, ?, 1, 1, 0, ?, ?, '{}', ?, false)",
				w.id, tn.ID, w.state, at, at, w.response, w.until, at)
			for _, k := range risk.WaveKeys(here)[:1+i%2] {
				exec("INSERT INTO risk_incident_sources (tenant_id, source, incident_id, last_at, attempts) VALUES (?, ?, ?, ?, 1)", tn.ID, k, w.id, at)
			}
		}

		h, err := tn.RiskHistory(ctx, ann.ID, here, s.Now())
		if err != nil || h.Blind() {
			t.Fatal(err, h.Missing)
		}
		if h.Person.Times != 1 || !h.Leaked || len(h.Everyone) != 1 || h.Everyone[risk.Key{Feature: "country", Value: "DE"}] != (risk.Count{N: 4.5, At: at}) {
			t.Errorf("person %d, leaked %v, everyone %v", h.Person.Times, h.Leaked, h.Everyone)
		}
		if want := (risk.Source{Attempts: 120, Failures: 72, Successes: 48, SignUps: 24, Accounts: 2}); h.Source != want {
			t.Errorf("source %+v", h.Source)
		}
		if want := []risk.Wave{{IncidentID: "now", Kind: "passwordSpray", Response: risk.Challenge, Counted: true}, {IncidentID: "over", Kind: "passwordSpray", Counted: true}}; !slices.Equal(h.Waves, want) {
			t.Errorf("waves %+v", h.Waves)
		}
		if h, err := tn.RiskHistory(ctx, "", record.Signals{}, s.Now()); err != nil || h.Leaked || h.Person.Times != 0 || h.Source.Attempts != 0 || len(h.Waves) != 0 {
			t.Errorf("of nobody: %+v, %v", h, err)
		}

		exec("UPDATE risk_people SET body = ? WHERE tenant_id = ?", []byte{255, 1}, tn.ID)
		exec("ALTER TABLE risk_sources RENAME TO risk_sources_gone")
		h, err = tn.RiskHistory(ctx, ann.ID, here, s.Now())
		if err == nil || !slices.Equal(h.Missing, []string{risk.NeedPerson, risk.NeedSource}) {
			t.Fatalf("missing %v, %v", h.Missing, err)
		}
		if !h.Leaked || len(h.Everyone) != 1 || len(h.Waves) != 2 || h.Source.Attempts != 0 || h.Person.Times != 0 {
			t.Errorf("what could be read: %+v", h)
		}
	})
}

// TestGeneralCountersAreKeptForAMoment: what this program writes is seen at once, what another one writes ten seconds
// later; and what a tenant's transaction reads is its own.
func TestGeneralCountersAreKeptForAMoment(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		all := func(tn *models.Tenant) float64 {
			t.Helper()
			h, err := tn.RiskHistory(ctx, "", record.Signals{Country: "DE"}, s.Now())
			if err != nil {
				t.Fatal(err)
			}
			return h.Everyone[risk.Key{}].N
		}
		write := func(n float64) {
			t.Helper()
			if err := tn.WriteCounts(ctx, map[risk.Key]risk.Count{{}: {N: n, At: s.Now()}}); err != nil {
				t.Fatal(err)
			}
		}
		if n := all(tn); n != 0 {
			t.Fatal(n)
		}
		write(1)
		if n := all(tn); n != 1 {
			t.Errorf("what was written here is not seen: %v", n)
		}
		if n := all(other); n != 0 {
			t.Errorf("another tenant sees %v", n)
		}
		if _, err := raw(t, s).ExecContext(ctx, "UPDATE risk_counts SET n = 5"); err != nil {
			t.Fatal(err)
		}
		if n := all(tn); n != 1 {
			t.Errorf("read again at once: %v", n)
		}
		s.Clock.Advance(10 * time.Second)
		if n := all(tn); n != 5 {
			t.Errorf("after ten seconds: %v", n)
		}
	})
}
