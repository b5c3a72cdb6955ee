package models_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/export"
	"portico/app/fault"
	"portico/app/record"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

// detected makes detections of a person, a minute apart, of every level in turn.
func detected(t testing.TB, s modelstest.Scratch, tn *models.Tenant, u models.User, n int) []models.Detection {
	t.Helper()
	var out []models.Detection
	for i := range n {
		level := []string{"low", "medium", "high"}[i%3]
		kind := []string{"unfamiliarFeatures", "passwordSpray"}[i%2]
		d, err := tn.AddDetection(t.Context(), modelstest.Actor(), models.Detection{UserID: u.ID, Type: kind, Level: level, ActivityAt: s.Now(), IP: fmt.Sprintf("203.0.113.%d", i), Evidence: map[string]any{"n": i}})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
		s.Clock.Advance(time.Minute)
	}
	return out
}

type taking struct {
	got  []export.Record
	fail error
}

func (k *taking) Deliver(_ context.Context, p export.Parcel) error {
	if k.fail != nil {
		return k.fail
	}
	k.got = append(k.got, p.Records...)
	return nil
}

func exporter(s modelstest.Scratch, owner string, to *taking) *export.Worker {
	return &export.Worker{Store: models.ExportStore{Store: s.Store}, Owner: owner, Now: s.Clock.Now, Jitter: func() float64 { return 0.5 }, Batch: 4, Courier: to}
}

func anyTarget(export.Target) error      { return nil }
func anyChange(_, _ export.Target) error { return nil }
func hook(records ...export.Kind) export.Target {
	return export.Target{Name: "SIEM", Kind: export.Webhook, URL: "https://siem.example.com/in?token=abc", Records: records}
}

func TestExportSendsEverythingAndGoesOnWhereItWas(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn, other := modelstest.MustTenant(t, s.Store, "shop"), modelstest.MustTenant(t, s.Store, "other")
		ann, foreign := modelstest.MustUser(t, tn, "ann@example.com"), modelstest.MustUser(t, other, "bob@example.com")
		made := detected(t, s, tn, ann, 10)
		detected(t, s, other, foreign, 3)
		if err := tn.RecordSignIn(ctx, record.SignIn{ID: models.NewID(), Kind: record.Interactive, StartedAt: s.Now(), EndedAt: s.Now(), User: record.Party{ID: ann.ID, Name: "Ann"}, Outcome: record.Outcome{Result: record.Success}}); err != nil {
			t.Fatal(err)
		}
		s.Clock.Advance(time.Hour)
		e, secret, err := tn.CreateExport(ctx, modelstest.Actor(), hook(export.Kinds()...), true, time.Time{}, anyTarget)
		if err != nil || len(secret) < 43 || !strings.HasPrefix(secret, e.SecretHint) {
			t.Fatalf("%v, %d characters", err, len(secret))
		}
		to := &taking{}
		w := exporter(s, "a", to)
		once := func() {
			t.Helper()
			s.Clock.Advance(time.Minute)
			if _, err := w.Once(ctx); err != nil {
				t.Fatal(err)
			}
		}
		once()
		byKind := map[export.Kind]int{}
		seen := map[string]bool{}
		for _, r := range to.got {
			byKind[r.Kind]++
			seen[r.ID] = true
			if !json.Valid(r.Body) || strings.Contains(string(r.Body), "\n") || strings.Contains(string(r.Body), other.ID) {
				t.Errorf("record %s: %s", r.ID, r.Body)
			}
		}
		for _, d := range made {
			if !seen[d.ID] {
				t.Errorf("detection %s is missing", d.ID)
			}
		}
		audits, err := tn.Audits(ctx, models.AuditQuery{Limit: 900})
		if err != nil {
			t.Fatal(err)
		}
		history, err := tn.RiskHistoryOf(ctx, ann.ID, "", 900)
		if err != nil {
			t.Fatal(err)
		}
		if byKind[export.RiskDetection] != 10 || byKind[export.SignIn] != 1 || byKind[export.RiskyUser] != len(history.Items) || byKind[export.DirectoryAudit] != len(audits.Items) {
			t.Errorf("sent %v; there are %d changes of risk and %d audits", byKind, len(history.Items), len(audits.Items))
		}
		// Nothing new: nothing sent, and the store says so.
		sent := len(to.got)
		once()
		if len(to.got) != sent {
			t.Errorf("%d more", len(to.got)-sent)
		}
		lag, err := models.ExportStore{Store: s.Store}.Lag(ctx, tn.ID, readBack(tn.Export(ctx, e.ID))(t), 100)
		if err != nil || lag.Waiting != 0 {
			t.Errorf("lag %+v %v", lag, err)
		}
		// What an admin says changes detections, which go out again with the new state; a receiver that fails gets them later.
		if err := tn.DismissRisk(ctx, modelstest.Actor(), []string{ann.ID}); err != nil {
			t.Fatal(err)
		}
		to.fail = &export.Refused{Status: 500}
		once()
		failing := readBack(tn.Export(ctx, e.ID))(t)
		if failing.Failures != 1 || failing.LastError != "the receiver answered 500 Internal Server Error" || failing.FailedAt.IsZero() {
			t.Errorf("%+v", failing)
		}
		if lag, err = (models.ExportStore{Store: s.Store}).Lag(ctx, tn.ID, failing, 3); err != nil || lag.Waiting < 3 || !lag.More || lag.Behind < time.Minute {
			t.Errorf("lag %+v %v", lag, err)
		}
		to.fail = nil
		once()
		dismissed := 0
		for _, r := range to.got[sent:] {
			if r.Kind == export.RiskDetection && r.State == "dismissed" {
				dismissed++
			}
		}
		if dismissed != 10 {
			t.Errorf("%d dismissed detections went out", dismissed)
		}
		if e = readBack(tn.Export(ctx, e.ID))(t); e.Failures != 0 || e.LastError != "" || e.Sent != int64(len(to.got)) || e.SentAt.IsZero() {
			t.Errorf("%+v, %d sent", e, len(to.got))
		}
		// Paused, it waits; resumed, it goes on where it was.
		if _, err := tn.EnableExport(ctx, modelstest.Actor(), e.ID, false); err != nil {
			t.Fatal(err)
		}
		sent = len(to.got)
		detected(t, s, tn, ann, 1)
		once()
		if len(to.got) != sent {
			t.Error("a paused export sent")
		}
		if _, err := tn.EnableExport(ctx, modelstest.Actor(), e.ID, true); err != nil {
			t.Fatal(err)
		}
		once()
		if len(to.got) == sent {
			t.Error("a resumed export did not go on")
		}
	})
}

func readBack[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// A report's row count equals the export's for the same filter.
func TestReportAndExportCountTheSame(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn := modelstest.MustTenant(t, s.Store, "shop")
		detected(t, s, tn, modelstest.MustUser(t, tn, "ann@example.com"), 20)
		s.Clock.Advance(time.Hour)
		for _, f := range []export.Filter{{}, {Levels: []string{"high"}}, {Levels: []string{"low", "medium"}}, {Types: []string{"passwordSpray"}}, {Levels: []string{"high"}, Types: []string{"unfamiliarFeatures"}}, {Types: []string{"leakedCredentials"}}} {
			target := hook(export.RiskDetection)
			target.Filter = f
			e, _, err := tn.CreateExport(ctx, modelstest.Actor(), target, true, time.Time{}, anyTarget)
			if err != nil {
				t.Fatal(err)
			}
			to := &taking{}
			if _, err := exporter(s, "a", to).Once(ctx); err != nil {
				t.Fatal(err)
			}
			n, err := tn.CountDetections(ctx, models.DetectionQuery{Levels: f.Levels, Types: f.Types}, 1000)
			if err != nil {
				t.Fatal(err)
			}
			listed := 0
			if err := tn.EachDetection(ctx, models.DetectionQuery{Levels: f.Levels, Types: f.Types}, func(models.Detection) error { listed++; return nil }); err != nil {
				t.Fatal(err)
			}
			if len(to.got) != n || listed != n {
				t.Errorf("%+v: %d exported, %d counted, %d listed", f, len(to.got), n, listed)
			}
			if err := tn.DeleteExport(ctx, modelstest.Actor(), e.ID); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestExportIsHeldByOneAtATime(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn := modelstest.MustTenant(t, s.Store, "shop")
		e, _, err := tn.CreateExport(ctx, modelstest.Actor(), hook(export.RiskDetection), true, s.Now(), anyTarget)
		if err != nil {
			t.Fatal(err)
		}
		store := models.ExportStore{Store: s.Store}
		claim := func(owner string) int {
			t.Helper()
			jobs, err := store.ClaimExports(ctx, owner, s.Now(), time.Minute, 8)
			if err != nil {
				t.Fatal(err)
			}
			return len(jobs)
		}
		if a, b := claim("a"), claim("b"); a != 1 || b != 0 {
			t.Errorf("claimed %d and %d", a, b)
		}
		s.Clock.Advance(2 * time.Minute) // a died
		if claim("b") != 1 {
			t.Error("nobody took over")
		}
		if err := store.AdvanceExport(ctx, e.ID, "a", export.RiskDetection, export.Cursor{At: s.Now(), ID: "x"}, 1, s.Now(), time.Minute); !errors.Is(err, export.ErrLost) {
			t.Errorf("the former holder moved the cursor: %v", err)
		}
		// An admin who names another place ends the lease: nothing more goes to the former one.
		if _, _, err := tn.UpdateExport(ctx, modelstest.Actor(), e.ID, func(t *export.Target) error { t.URL = "https://other.example.com/"; return nil }, anyChange); err != nil {
			t.Fatal(err)
		}
		if err := store.RestExport(ctx, e.ID, "b", s.Now()); !errors.Is(err, export.ErrLost) {
			t.Errorf("the lease outlived the change: %v", err)
		}
		if _, err := tn.EnableExport(ctx, modelstest.Actor(), e.ID, false); err != nil {
			t.Fatal(err)
		}
		if claim("a") != 0 {
			t.Error("a paused export was claimed")
		}
	})
}

func TestExportsOfTrialsAndDisabledTenantsRest(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		for _, c := range []struct {
			slug string
			edit func(*tenant.Tenant)
		}{{"trial", func(x *tenant.Tenant) { x.Plan = tenant.Trial }}, {"disabled", func(x *tenant.Tenant) { x.Disabled = true }}} {
			tn := modelstest.MustTenant(t, s.Store, c.slug)
			if _, _, err := tn.CreateExport(ctx, modelstest.Actor(), hook(export.RiskDetection), true, s.Now(), anyTarget); err != nil {
				t.Fatal(err)
			}
			if _, err := tn.Update(ctx, modelstest.Actor(), func(x *tenant.Tenant) error { c.edit(x); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		jobs, err := models.ExportStore{Store: s.Store}.ClaimExports(ctx, "a", s.Now().Add(time.Hour), time.Minute, 8)
		if err != nil || len(jobs) != 0 {
			t.Errorf("claimed %d, %v", len(jobs), err)
		}
	})
}

func TestExportsAreBoundedAndOneTenantsOwn(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn, other := modelstest.MustTenant(t, s.Store, "shop"), modelstest.MustTenant(t, s.Store, "other")
		var first models.Export
		for i := range 20 {
			e, _, err := tn.CreateExport(ctx, modelstest.Actor(), hook(export.RiskDetection), true, s.Now(), anyTarget)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				first = e
			}
		}
		if _, _, err := tn.CreateExport(ctx, modelstest.Actor(), hook(export.RiskDetection), true, s.Now(), anyTarget); !fault.Is(err, fault.Invalid) {
			t.Errorf("one too many: %v", err)
		}
		for name, err := range map[string]error{
			"read":   onlyError(other.Export(ctx, first.ID)),
			"parcel": onlyError(other.ExportParcel(ctx, first.ID)),
			"pause":  onlyError(other.EnableExport(ctx, modelstest.Actor(), first.ID, false)),
			"rewind": onlyError(other.RewindExport(ctx, modelstest.Actor(), first.ID, time.Time{})),
			"delete": other.DeleteExport(ctx, modelstest.Actor(), first.ID),
		} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s by another tenant: %v", name, err)
			}
		}
		if err := tn.DeleteExport(ctx, audit.Actor{}, first.ID); err == nil {
			t.Error("a change without an actor was taken")
		}
	})
}

func onlyError[T any](_ T, err error) error { return err }

// What the export of a person's risk says is what the person's record says.
func TestExportedRiskIsThePersons(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn := modelstest.MustTenant(t, s.Store, "shop")
		ann := modelstest.MustUser(t, tn, "ann@example.com")
		if err := tn.ConfirmCompromised(ctx, modelstest.Actor(), []string{ann.ID}); err != nil {
			t.Fatal(err)
		}
		s.Clock.Advance(time.Minute)
		records, _, err := models.ExportStore{Store: s.Store}.ReadExport(ctx, tn.ID, export.RiskyUser, export.Filter{}, export.Cursor{}, s.Now(), 10)
		if err != nil || len(records) != 1 {
			t.Fatalf("%d records, %v", len(records), err)
		}
		var d export.RiskDocument
		if err := json.Unmarshal(records[0].Body, &d); err != nil {
			t.Fatal(err)
		}
		u := readBack(tn.User(ctx, ann.ID))(t)
		want := account.Risk{Level: d.RiskLevel, State: d.RiskState, Detail: d.RiskDetail, At: u.Risk.At}
		if u.Risk != want || d.UserID != ann.ID || *d.UserPrincipalName != "ann@example.com" || d.IsDeleted || d.ODataType != "#microsoft.graph.riskyUserHistoryItem" {
			t.Errorf("exported %+v, the person has %+v", d, u.Risk)
		}
	})
}

// BenchmarkExport is an export from the database to a file: at least 20,000 records in a second.
func BenchmarkExport(b *testing.B) {
	for _, engine := range []string{modelstest.SQLite, modelstest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			s := modelstest.OpenScratch(b, engine)
			ctx := b.Context()
			tn := modelstest.MustTenant(b, s.Store, "shop")
			ann := modelstest.MustUser(b, tn, "ann@example.com")
			const rows = 20_000
			if err := tn.InTx(ctx, func(t *models.Tenant) error {
				for i := range rows {
					if err := t.RecordSignIn(ctx, record.SignIn{ID: models.NewID(), Kind: record.Interactive, StartedAt: s.Now(), EndedAt: s.Now().Add(time.Duration(i) * time.Microsecond), User: record.Party{ID: ann.ID, Name: "Ann"},
						App: record.Party{ID: "a", Name: "Market"}, Signals: record.Signals{Country: "DE", City: "Berlin", Browser: "Firefox 140", OS: "Linux", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
						Outcome: record.Outcome{Result: record.Success}, RiskLevel: "none"}); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				b.Fatal(err)
			}
			s.Clock.Advance(time.Hour)
			files, err := export.OpenFiles(b.TempDir(), s.Clock.Now)
			if err != nil {
				b.Fatal(err)
			}
			defer files.Close()
			e, _, err := tn.CreateExport(ctx, modelstest.Actor(), export.Target{Name: "Archive", Kind: export.File, Records: []export.Kind{export.SignIn}}, true, time.Time{}, anyTarget)
			if err != nil {
				b.Fatal(err)
			}
			w := &export.Worker{Store: models.ExportStore{Store: s.Store}, Owner: "a", Now: s.Clock.Now, Jitter: func() float64 { return 0 }, Courier: &export.Courier{Files: files, Now: s.Clock.Now}}
			for b.Loop() {
				if _, err := tn.RewindExport(ctx, modelstest.Actor(), e.ID, time.Time{}); err != nil {
					b.Fatal(err)
				}
				if _, err := w.Once(ctx); err != nil {
					b.Fatal(err)
				}
			}
			if got := readBack(tn.Export(ctx, e.ID))(b); got.Sent != int64(rows*b.N) {
				b.Fatalf("%d sent in %d rounds", got.Sent, b.N)
			}
			b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
