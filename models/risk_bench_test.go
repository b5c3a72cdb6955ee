package models_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"portico/app/record"
	"portico/app/risk"
	"portico/models"
	"portico/models/modelstest"
)

// The benchmarks of Identity Protection fill a database by plain SQL first; sizes are asked for:
//
//	PORTICO_BENCH_COUNTERS=2000000 go test ./models -run '^$' -bench RiskHistory -benchtime 2000x
//	PORTICO_BENCH_SIGNINS=10000000 PORTICO_BENCH_DETECTIONS=200000 go test ./models -run '^$' -bench RiskReports -benchtime 200x

// numbers is a query that gives the numbers from 0 to n-1 as i.
func numbers(s modelstest.Scratch, n int) string {
	if s.Engine == modelstest.Postgres {
		return fmt.Sprintf("(SELECT generate_series(0, %d) AS i) AS n", n-1)
	}
	return fmt.Sprintf("(WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n) AS n", n-1)
}

// zeros is i as text of eight digits.
func zeros(s modelstest.Scratch, expression string) string {
	if s.Engine == modelstest.Postgres {
		return "lpad((" + expression + ")::text, 8, '0')"
	}
	return "printf('%08d', " + expression + ")"
}

func ago(s modelstest.Scratch, seconds string) string {
	if s.Engine == modelstest.Postgres {
		return "(timestamptz '2026-01-15 12:00:00+00' - (" + seconds + ") * interval '1 second')"
	}
	return "strftime('%Y-%m-%d %H:%M:%S+00:00', 1768478400 - (" + seconds + "), 'unixepoch')"
}

// filler runs plain SQL, with ? for values on both engines.
func filler(b *testing.B, s modelstest.Scratch) func(string, ...any) {
	db := raw(b, s)
	return func(query string, args ...any) {
		if s.Engine == modelstest.Postgres {
			for i := range args {
				query = strings.Replace(query, "?", fmt.Sprintf("$%d", i+1), 1)
			}
		}
		if _, err := db.ExecContext(b.Context(), query, args...); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRiskHistory is everything that the assessment of one sign-in reads. It never reads the log, so that only the
// numbers of counters and people matter.
func BenchmarkRiskHistory(b *testing.B) {
	s := modelstest.OpenScratch(b, benchEngine())
	tn, n := modelstest.MustTenant(b, s.Store, ""), benchSize(b, "PORTICO_BENCH_COUNTERS", 100_000)
	var usual risk.Person
	for i := range 40 {
		usual.Observe(record.Signals{IP: netip.AddrFrom4([4]byte{10, 0, byte(i % 5), 1}), Country: "DE", Region: "HE", City: "Kassel", ASN: uint(64500 + i%3), Browser: fmt.Sprintf("Firefox %d", 130+i%6),
			OS: "Windows 11", DeviceType: "desktop", DeviceID: fmt.Sprint("d", i%3), Language: "de"}, s.Now().AddDate(0, 0, i-60))
	}
	body := modelstest.Must(usual.Encode())(b)
	exec := filler(b, s)
	exec("INSERT INTO risk_counts (tenant_id, feature, value, n, at) SELECT ?, 'ip', "+zeros(s, "i")+", 3.0, "+ago(s, "i % 1000000")+" FROM "+numbers(s, n), tn.ID)
	exec("INSERT INTO risk_people (tenant_id, user_id, body, updated_at) SELECT ?, "+zeros(s, "i")+", ?, "+ago(s, "0")+" FROM "+numbers(s, n/4), tn.ID, body)
	signals := record.Signals{IP: netip.MustParseAddr("10.0.0.1"), Country: "DE", Region: "HE", City: "Kassel", ASN: 64500, Browser: "Firefox 131", OS: "Windows 11", DeviceType: "desktop", DeviceID: "d1", Language: "de"}
	for h := range 24 {
		exec("INSERT INTO risk_sources (tenant_id, source, hour, attempts, failures, successes, sign_ups, accounts, strangers, updated_at) VALUES (?, '10.0.0.1', ?, 5, 1, 4, 0, ?, ?, "+ago(s, "0")+")",
			tn.ID, s.Now().Add(-time.Duration(h)*time.Hour).Format("2006-01-02T15"), []byte(risk.NewSketch(risk.SourceSketch)), []byte(risk.NewSketch(risk.SourceSketch)))
	}
	for _, k := range risk.Adds(signals, nil, true) {
		exec("INSERT INTO risk_counts (tenant_id, feature, value, n, at) VALUES (?, ?, ?, 9.0, "+ago(s, "0")+")", tn.ID, k.Feature, k.Value)
	}
	if s.Engine == modelstest.Postgres {
		exec("ANALYZE risk_counts")
		exec("ANALYZE risk_people")
	}
	modelstest.Must(s.Store.Directory(b.Context(), tn.ID))(b) // a sign-in has it at hand, and indicators are in it
	p99(b, func(i int) {
		h, err := tn.RiskHistory(context.Background(), fmt.Sprintf("%08d", i*7919%(n/4)), signals, s.Now())
		if err != nil || h.Person.Times != 40 || h.Source.Attempts < 100 || len(h.Everyone) < 5 {
			b.Fatal(err, h.Person.Times, h.Source, len(h.Everyone))
		}
	})
}

// BenchmarkRiskReports are the pages of the reports, each as it is asked for most, with everything narrowed by what
// few have too.
func BenchmarkRiskReports(b *testing.B) {
	s := modelstest.OpenScratch(b, benchEngine())
	tn := modelstest.MustTenant(b, s.Store, "")
	n, m := benchSize(b, "PORTICO_BENCH_SIGNINS", 50_000), benchSize(b, "PORTICO_BENCH_DETECTIONS", 10_000)
	exec := filler(b, s)
	every := max(n/m, 1)
	exec("INSERT INTO sign_ins (id, tenant_id, created_at, correlation_id, kind, protocol, result, code, user_id, user_name, identifier, client_id, client_name, ip, country, browser, os, sign_up, risk_level, risk_aggregate, risk_state, risk_detail, risk_types, count, record) "+
		"SELECT 's' || "+zeros(s, "i")+", ?, "+ago(s, "i")+", "+zeros(s, "i")+", 'interactiveUser', 'openid', 'success', 0, 'u' || "+zeros(s, "i % 100000")+", 'x', 'x', 'app', 'App', '10.0.0.' || (i % 200), 'DE', 'Firefox 140', 'Windows', "+
		"false, CASE WHEN i % "+fmt.Sprint(every)+" = 0 THEN 'medium' ELSE 'none' END, CASE WHEN i % "+fmt.Sprint(every)+" = 0 THEN 'none' ELSE '' END, "+
		"CASE WHEN i % "+fmt.Sprint(every*500)+" = 0 THEN 'atRisk' WHEN i % "+fmt.Sprint(every)+" = 0 THEN 'dismissed' ELSE '' END, '', '', 1, '{}' FROM "+numbers(s, n), tn.ID)
	exec("INSERT INTO risk_detections (id, tenant_id, detected_at, activity_at, updated_at, user_id, user_name, address, sign_in_id, correlation_id, type, level, state, detail, timing, activity, ip, country, region, city, latitude, longitude, network, browser, os, user_agent, client_id, client_name, key, evidence, incident_id, simulated, count) "+
		"SELECT 'd' || "+zeros(s, "i")+", ?, "+ago(s, fmt.Sprintf("i * %d", every))+", "+ago(s, fmt.Sprintf("i * %d", every))+", "+ago(s, "i")+", 'u' || "+zeros(s, "i % 5000")+", 'x', 'x', 's' || "+zeros(s, fmt.Sprintf("i * %d", every))+", '', "+
		"CASE i % 3 WHEN 0 THEN 'newCountry' WHEN 1 THEN 'unfamiliarFeatures' ELSE 'anonymizedIPAddress' END, CASE i % 10 WHEN 0 THEN 'high' WHEN 1 THEN 'medium' ELSE 'low' END, "+
		"CASE WHEN i % 500 = 0 THEN 'atRisk' ELSE 'dismissed' END, 'none', 'realtime', 'signin', '10.0.' || (i % 200) || '.1', CASE WHEN i % 1000 = 0 THEN 'IS' ELSE 'DE' END, '', '', 0, 0, '', '', '', '', 'app', 'App', 'risk.found.new_country', '', '', false, 1 FROM "+numbers(s, m), tn.ID)
	if s.Engine == modelstest.Postgres {
		exec("ANALYZE sign_ins")
		exec("ANALYZE risk_detections")
	}
	for name, q := range map[string]models.DetectionQuery{"all": {}, "open": {States: []string{"atRisk", "confirmedCompromised"}}, "high": {Levels: []string{"high"}}, "type": {Types: []string{"newCountry"}},
		"country": {Country: "IS"}, "person": {UserID: "u00000007"}, "updated": {ByUpdated: true}, "none": {Timing: "offline"}} {
		b.Run("detections/"+name, func(b *testing.B) {
			p99(b, func(int) { modelstest.Must(tn.Detections(b.Context(), q))(b) })
		})
	}
	for name, q := range map[string]models.SignInQuery{"risky": {Risky: true}, "open": {RiskState: "atRisk"}, "none": {RiskState: "confirmedSafe"}} {
		b.Run("sign-ins/"+name, func(b *testing.B) {
			p99(b, func(int) { modelstest.Must(tn.SignInRows(b.Context(), q))(b) })
		})
	}
	b.Run("count", func(b *testing.B) {
		p99(b, func(int) {
			modelstest.Must(tn.CountDetections(b.Context(), models.DetectionQuery{}, 10_000))(b)
		})
	})
}
