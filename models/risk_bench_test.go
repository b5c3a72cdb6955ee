package models_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"portico/app/export"
	"portico/app/record"
	"portico/app/risk"
	"portico/models"
	"portico/models/modelstest"
)

// The benchmarks of Identity Protection fill a database by plain SQL first; sizes are asked for:
//
//	PORTICO_BENCH_COUNTERS=2000000 go test ./models -run '^$' -bench RiskHistory -benchtime 2000x
//	PORTICO_BENCH_SIGNINS=10000000 PORTICO_BENCH_DETECTIONS=200000 go test ./models -run '^$' -bench RiskReports -benchtime 200x
//
// Reports and histories are kept for further runs as benchStore keeps people, in one database: so a history can be read
// beside ten million sign-ins.

// riskStore opens a store with a tenant, and says whether the tenant has been filled before.
func riskStore(b *testing.B, slug string) (modelstest.Scratch, *models.Tenant, bool) {
	b.Helper()
	dsn := keptDSN("risk")
	if dsn == "" {
		s := modelstest.OpenScratch(b, benchEngine())
		return s, modelstest.MustTenant(b, s.Store, slug), false
	}
	s := modelstest.OpenKept(b, benchEngine(), dsn)
	if t, err := s.TenantBy(b.Context(), slug); err == nil {
		return s, s.Tenant(t.ID), true
	}
	return s, modelstest.MustTenant(b, s.Store, slug), false
}

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
	if s.Engine == modelstest.SQLite { // nothing that is filled need survive a loss of power
		db.SetMaxOpenConns(1)
		if _, err := db.ExecContext(b.Context(), "PRAGMA synchronous = OFF"); err != nil {
			b.Fatal(err)
		}
	}
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
	s, tn, filled := riskStore(b, "history")
	n := benchSize(b, "PORTICO_BENCH_COUNTERS", 100_000)
	signals := record.Signals{IP: netip.MustParseAddr("10.0.0.1"), Country: "DE", Region: "HE", City: "Kassel", ASN: 64500, Browser: "Firefox 131", OS: "Windows 11", DeviceType: "desktop", DeviceID: "d1", Language: "de"}
	if !filled {
		fillHistory(b, s, tn, n, signals)
	}
	modelstest.Must(s.Store.Directory(b.Context(), tn.ID))(b) // a sign-in has it at hand, and indicators are in it
	p99(b, func(i int) {
		h, err := tn.RiskHistory(context.Background(), fmt.Sprintf("%08d", i*7919%(n/4)), signals, s.Now())
		if err != nil || h.Person.Times != 40 || h.Source.Attempts < 100 || len(h.Everyone) < 5 {
			b.Fatal(err, h.Person.Times, h.Source, len(h.Everyone))
		}
	})
}

// fillHistory fills counters, people and the last day of the source that signals name.
func fillHistory(b *testing.B, s modelstest.Scratch, tn *models.Tenant, n int, signals record.Signals) {
	var usual risk.Person
	for i := range 40 {
		usual.Observe(record.Signals{IP: netip.AddrFrom4([4]byte{10, 0, byte(i % 5), 1}), Country: "DE", Region: "HE", City: "Kassel", ASN: uint(64500 + i%3), Browser: fmt.Sprintf("Firefox %d", 130+i%6),
			OS: "Windows 11", DeviceType: "desktop", DeviceID: fmt.Sprint("d", i%3), Language: "de"}, s.Now().AddDate(0, 0, i-60))
	}
	body := modelstest.Must(usual.Encode())(b)
	exec := filler(b, s)
	exec("INSERT INTO risk_counts (tenant_id, feature, value, n, at) SELECT ?, 'ip', "+zeros(s, "i")+", 3.0, "+ago(s, "i % 1000000")+" FROM "+numbers(s, n), tn.ID)
	exec("INSERT INTO risk_people (tenant_id, user_id, body, updated_at) SELECT ?, "+zeros(s, "i")+", ?, "+ago(s, "0")+" FROM "+numbers(s, n/4), tn.ID, body)
	for h := range 24 {
		exec("INSERT INTO risk_sources (tenant_id, source, hour, attempts, failures, successes, sign_ups, accounts, strangers, updated_at) VALUES (?, '10.0.0.1', ?, 5, 1, 4, 0, ?, ?, "+ago(s, "0")+")",
			tn.ID, s.Now().Add(-time.Duration(h)*time.Hour).Format("2006-01-02T15"), []byte(risk.NewSketch(risk.SourceSketch)), []byte(risk.NewSketch(risk.SourceSketch)))
	}
	for _, k := range risk.Keys(signals) {
		exec("INSERT INTO risk_counts (tenant_id, feature, value, n, at) VALUES (?, ?, ?, 9.0, "+ago(s, "0")+") ON CONFLICT DO NOTHING", tn.ID, k.Feature, k.Value)
	}
	if s.Engine == modelstest.Postgres {
		exec("ANALYZE risk_counts")
		exec("ANALYZE risk_people")
	}
}

// fillReports fills sign-ins, of which as many are risky as there are detections, the newest last as in life, people at
// risk and their histories, the day's sources, and detections. The indexes of the log that no report about risks uses are
// dropped first: they would take four fifths of the room.
func fillReports(b *testing.B, s modelstest.Scratch, tn *models.Tenant, n, m int, rec string) {
	exec := filler(b, s)
	every := max(n/m, 1)
	for _, index := range []string{"kind", "user", "app", "result", "ip", "country", "identifier", "correlation"} {
		exec("DROP INDEX IF EXISTS signins_" + index)
	}
	if s.Engine == modelstest.Postgres {
		exec("ALTER TABLE sign_ins SET UNLOGGED")
	}
	const step = 100_000
	for from := 0; from < n; from += step {
		age := fmt.Sprintf("(%d - i)", n-1-from)
		exec("INSERT INTO sign_ins (id, tenant_id, created_at, correlation_id, kind, protocol, result, code, user_id, user_name, identifier, client_id, client_name, ip, country, browser, os, sign_up, risk_level, risk_aggregate, risk_state, risk_detail, risk_types, count, record) "+
			"SELECT 's' || "+zeros(s, fmt.Sprintf("i + %d", from))+", ?, "+ago(s, age)+", "+zeros(s, "i")+", 'interactiveUser', 'openid', 'success', 0, 'u' || "+zeros(s, "i % 100000")+", 'x', 'x', 'app', 'App', '10.0.0.' || (i % 200), 'DE', 'Firefox 140', 'Windows', "+
			"false, CASE WHEN "+age+fmt.Sprintf(" %% %d = 0 THEN 'medium' ELSE 'none' END, CASE WHEN ", every)+age+fmt.Sprintf(" %% %d = 0 THEN 'none' ELSE '' END, ", every)+
			"CASE WHEN "+age+fmt.Sprintf(" %% %d = 0 THEN 'atRisk' WHEN ", every*500)+age+fmt.Sprintf(" %% %d = 0 THEN 'dismissed' ELSE '' END, '', CASE WHEN ", every)+age+
			fmt.Sprintf(" %% %d = 0 THEN 'newCountry' ELSE '' END, 1, ? FROM ", every)+numbers(s, min(step, n-from)), tn.ID, rec)
	}
	d := fmt.Sprintf("((%d - i) * %d)", m-1, every) // age
	exec("INSERT INTO risk_detections (id, tenant_id, detected_at, activity_at, updated_at, user_id, user_name, address, sign_in_id, correlation_id, type, level, state, detail, timing, activity, ip, country, region, city, latitude, longitude, network, browser, os, user_agent, client_id, client_name, key, evidence, incident_id, simulated, count) "+
		"SELECT 'd' || "+zeros(s, "i")+", ?, "+ago(s, d)+", "+ago(s, d)+", "+ago(s, d)+", 'u' || "+zeros(s, "i % 20000")+", 'Ann Smith', 'ann@example.com', 's' || "+zeros(s, fmt.Sprintf("%d - %s", n-1, d))+", 'c' || "+zeros(s, "i")+", "+
		"CASE i % 3 WHEN 0 THEN 'newCountry' WHEN 1 THEN 'unfamiliarFeatures' ELSE 'anonymizedIPAddress' END, CASE i % 10 WHEN 0 THEN 'high' WHEN 1 THEN 'medium' ELSE 'low' END, "+
		"CASE WHEN i % 500 = 0 THEN 'atRisk' ELSE 'dismissed' END, 'none', 'realtime', 'signin', '10.0.' || (i % 200) || '.1', CASE WHEN i % 1000 = 0 THEN 'IS' ELSE 'DE' END, 'HE', 'Kassel', 51.3, 9.5, 'Example network', 'Firefox 140', 'Windows 11', 'Mozilla/5.0', 'app', 'App', 'risk.found.new_country', "+
		`'{"ip":"192.0.2.1","city":"Kassel","country":"DE","network":"Example network","usualCountry":"NL","share":98}'`+", '', false, 1 FROM "+numbers(s, m), tn.ID)
	exec("INSERT INTO users (id, tenant_id, display_name, name_norm, search_norm, enabled, sessions_valid_from, last_sign_in_at, created_at, updated_at, risk_level, risk_state, risk_detail, risk_at) "+
		"SELECT 'u' || "+zeros(s, "i")+", ?, 'Ann Smith', 'ann smith', 'ann smith', true, "+ago(s, "i")+", "+ago(s, "i")+", "+ago(s, "i")+", "+ago(s, "i")+", CASE WHEN i % 50 = 0 THEN 'high' WHEN i % 10 = 0 THEN 'medium' ELSE 'none' END, "+
		"CASE WHEN i % 10 = 0 THEN 'atRisk' ELSE 'dismissed' END, 'none', CASE WHEN i < 20000 THEN "+ago(s, "i * 60")+" END FROM "+numbers(s, 100_000), tn.ID)
	exec("INSERT INTO risk_events (id, tenant_id, user_id, at, level, state, detail, types, actor_id, actor_name) "+
		"SELECT 'e' || "+zeros(s, "i")+", ?, 'u' || "+zeros(s, "i % 20000")+", "+ago(s, fmt.Sprintf("(%d - i) * %d", m-1, every))+", 'none', CASE i % 3 WHEN 0 THEN 'remediated' WHEN 1 THEN 'dismissed' ELSE 'atRisk' END, 'none', '', '', '' FROM "+numbers(s, m), tn.ID)
	sketch := risk.NewSketch(risk.SourceSketch)
	sketch.Add("ann")
	for h := range 24 { // about as many as there are different addresses in an hour of 90,000 sign-ins a day
		exec("INSERT INTO risk_sources (tenant_id, source, hour, asn, network, country, agent, attempts, failures, successes, sign_ups, accounts, strangers, updated_at) "+
			"SELECT ?, '10.' || i, ?, 65000 + i % 100, 'Example network', 'DE', 'a', 2, CASE WHEN i % 20 = 0 THEN 1 ELSE 0 END, 1, 0, ?, ?, "+ago(s, "0")+" FROM "+numbers(s, 3000),
			tn.ID, s.Now().Add(-time.Duration(h)*time.Hour).Format("2006-01-02T15"), []byte(sketch), []byte(sketch))
	}
	if s.Engine == modelstest.Postgres {
		for _, table := range []string{"sign_ins", "risk_detections", "users", "risk_events", "risk_sources"} {
			exec("VACUUM ANALYZE " + table)
		}
	}
}

// BenchmarkRiskReports are the first pages of the reports, each as it is asked for most, narrowed by what few have too;
// what the overview asks; and a look for incidents.
func BenchmarkRiskReports(b *testing.B) {
	s, tn, filled := riskStore(b, "reports")
	n, m := benchSize(b, "PORTICO_BENCH_SIGNINS", 50_000), benchSize(b, "PORTICO_BENCH_DETECTIONS", 10_000)
	if !filled {
		fillReports(b, s, tn, n, m, "{}")
	}
	modelstest.Must(s.Store.Directory(b.Context(), tn.ID))(b)
	no := false
	bench := func(name string, f func(i int)) {
		b.Run(name, func(b *testing.B) { p99(b, f) })
	}
	for name, q := range map[string]models.DetectionQuery{"all": {}, "open": {States: []string{"atRisk", "confirmedCompromised"}}, "high": {Levels: []string{"high"}}, "type": {Types: []string{"newCountry"}},
		"country": {Country: "IS"}, "person": {UserID: "u00000007"}, "updated": {ByUpdated: true}, "none": {Timing: "offline"}, "detail": {Details: []string{"adminConfirmedSigninSafe"}},
		"app": {ClientID: "nobody"}, "week": {From: s.Now().AddDate(0, 0, -7), Simulated: &no}, "rare": {States: []string{"atRisk"}, Levels: []string{"high"}, Types: []string{"unfamiliarFeatures"}}} {
		bench("detections/"+name, func(int) { modelstest.Must(tn.Detections(b.Context(), q))(b) })
	}
	for name, q := range map[string]models.SignInQuery{"risky": {Risky: true}, "open": {RiskState: "atRisk"}, "none": {RiskState: "confirmedSafe"}, "type": {RiskType: "newCountry"},
		"no type": {RiskType: "passwordSpray"}, "aggregate": {RiskAggregate: "high"}, "all": {}, "person": {Risky: true, UserID: "u00000100"}} {
		bench("sign-ins/"+name, func(int) { modelstest.Must(tn.SignInRows(b.Context(), q))(b) })
	}
	for name, q := range map[string]models.RiskQuery{"all": {}, "high": {Level: "high"}, "at risk": {State: "atRisk"}, "none": {State: "confirmedCompromised"}, "detail": {Detail: "adminConfirmedSigninSafe"}, "week": {Since: s.Now().AddDate(0, 0, -7), Deleted: &no}} {
		bench("people/"+name, func(int) { modelstest.Must(tn.RiskyUsers(b.Context(), q))(b) })
	}
	bench("count/detections", func(int) {
		modelstest.Must(tn.CountDetections(b.Context(), models.DetectionQuery{}, 10_000))(b)
	})
	bench("count/sign-ins", func(int) {
		modelstest.Must(tn.CountSignIns(b.Context(), models.SignInQuery{Risky: true}, 10_000))(b)
	})
	bench("overview/people", func(int) { modelstest.Must(tn.PeopleAtRisk(b.Context()))(b) })
	bench("overview/endings", func(int) { modelstest.Must(tn.RiskEndings(b.Context(), s.Now().AddDate(0, 0, -30)))(b) })
	bench("overview/incidents", func(int) { modelstest.Must(tn.OpenIncidents(b.Context(), 100))(b) })
	bench("overview/factors", func(int) {
		if _, _, err := tn.WithoutSecondFactor(b.Context()); err != nil {
			b.Fatal(err)
		}
	})
	find := models.WaveFinder{Rules: risk.Settings{}.Waves()}
	bench("incidents/two hours", func(int) { modelstest.Must(tn.FindIncidents(b.Context(), find))(b) })
	exec := filler(b, s)
	bench("incidents/day", func(int) {
		exec("DELETE FROM risk_cursors WHERE reader = 'waves'")
		modelstest.Must(tn.FindIncidents(b.Context(), find))(b)
	})
}

// BenchmarkRiskExport is a continuous export into a file: read, made into documents, written and synced, with the
// cursor after each thousand. Its figure is records in a second.
func BenchmarkRiskExport(b *testing.B) {
	asServed()
	s := modelstest.OpenScratch(b, benchEngine())
	tn := modelstest.MustTenant(b, s.Store, "")
	n := benchSize(b, "PORTICO_BENCH_DETECTIONS", 20_000)
	signIn := entry(s.Now().AddDate(0, 0, -1), func(r *record.SignIn) {
		r.Signals.City, r.Signals.Region, r.Signals.ASN, r.Signals.Network = "Kassel", "HE", 64500, "Example network"
		r.Signals.Browser, r.Signals.OS, r.Signals.DeviceType, r.Signals.UserAgent = "Firefox 140", "Windows 11", "desktop", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
		for _, f := range risk.Features() {
			r.Features = append(r.Features, record.Feature{Name: f, Value: "a value", Person: 0.5, Everyone: 0.1, Weight: -1})
		}
	})
	fillReports(b, s, tn, n, n, string(modelstest.Must(json.Marshal(signIn))(b)))
	files := modelstest.Must(export.OpenFiles(b.TempDir(), s.Clock.Now))(b)
	b.Cleanup(func() { _ = files.Close() })
	for _, kind := range []export.Kind{export.RiskDetection, export.RiskyUser, export.SignIn} {
		b.Run(string(kind), func(b *testing.B) {
			sent, began := 0, cpu(b)
			w := &export.Worker{Store: models.ExportStore{Store: s.Store, Say: func(key string, _ map[string]any) string { return key }}, Owner: "a", Now: s.Clock.Now, Jitter: func() float64 { return 0.5 },
				Courier: &export.Courier{Files: files, Now: s.Clock.Now}, Observe: func(_ export.TargetKind, _ string, records int) { sent += records }, Failed: func(_ export.Job, err error) { b.Error(err) }}
			for b.Loop() {
				e, _, err := tn.CreateExport(b.Context(), modelstest.Actor(), export.Target{Name: "file", Kind: export.File, Format: export.NDJSON, Records: []export.Kind{kind}}, true, time.Unix(1, 0), anyTarget)
				if err != nil {
					b.Fatal(err)
				}
				modelstest.Must(w.Once(b.Context()))(b)
				if err := tn.DeleteExport(b.Context(), modelstest.Actor(), e.ID); err != nil {
					b.Fatal(err)
				}
			}
			if sent < n*b.N*9/10 {
				b.Fatalf("%d of %d were sent", sent, n*b.N)
			}
			b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(float64(sent)/(cpu(b)-began).Seconds(), "records/cpu-s") // of this process: not what Postgres takes
		})
	}
}
