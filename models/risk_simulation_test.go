package models_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/record"
	"portico/app/risk"
	"portico/models"
	"portico/models/modelstest"
)

func TestSimulatedDetectionsGoAway(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx, actor := w.Context(), modelstest.Actor()
		d := modelstest.Must(w.tn.SimulateDetection(ctx, actor, w.ann.ID, "anonymizedIPAddress"))(t)
		if !d.Simulated || d.UserName != "ann" {
			t.Errorf("%+v", d)
		}
		w.person(words(d.Level, "atRisk", ""))
		if u := modelstest.Must(w.tn.User(ctx, w.ann.ID))(t); !u.Risk.Simulated || u.Real().State != "" {
			t.Errorf("%+v, without it %+v", u.Risk, u.Real())
		}
		if n := modelstest.Must(w.tn.RemoveSimulated(ctx, actor, w.ann.ID))(t); n != 1 {
			t.Error(n)
		}
		w.person("- - -")
		w.detections()
		if _, err := w.tn.SimulateDetection(ctx, actor, w.ann.ID, "rain"); complaint(err) != "riskEventType risk.type" {
			t.Error(err)
		}
		if _, err := w.tn.SimulateDetection(ctx, actor, models.NewID(), "anonymizedIPAddress"); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		modelstest.Must(w.tn.SimulateDetection(ctx, actor, w.ann.ID, models.AdminConfirmed))(t)
		w.person("high confirmedCompromised adminConfirmedUserCompromised")
	})
}

// standing is all that there is to say about somebody's risk, without ids.
func (w *riskWorld) standing(userID string) string {
	w.Helper()
	ctx := w.Context()
	u := modelstest.Must(w.tn.User(ctx, userID))(w.T)
	out := []string{fmt.Sprintf("%+v %+v", u.Risk, u.Real())}
	for _, e := range modelstest.Must(w.tn.RiskHistoryOf(ctx, userID, "", 999))(w.T).Items {
		e.ID, e.UserID = "", ""
		out = append(out, fmt.Sprintf("%+v", e))
	}
	var found []string
	for _, d := range modelstest.Must(w.tn.Detections(ctx, models.DetectionQuery{UserID: userID, Limit: 999}))(w.T).Items {
		found = append(found, fmt.Sprint(d.DetectedAt, d.Type, d.Level, d.State, d.Detail, d.IncidentID, d.Simulated, d.UpdatedAt))
	}
	for _, r := range modelstest.Must(w.tn.SignInRows(ctx, models.SignInQuery{UserID: userID, Limit: 999}))(w.T).Items {
		found = append(found, fmt.Sprint(r.CreatedAt, r.RiskLevel, r.RiskAggregate, r.RiskState, r.RiskDetail, r.RiskTypes))
	}
	slices.Sort(found)
	return strings.Join(append(out, found...), "\n")
}

// Whatever happens to two people is the same; for one of them things are simulated in between. Once that is taken away,
// nobody can tell them apart: not by their risk, its history, what was found, or when.
func TestWhatWasSimulatedLeavesNoTrace(t *testing.T) {
	var kinds []string
	for _, k := range risk.Catalogue() {
		if k.Simulated {
			kinds = append(kinds, k.Type)
		}
	}
	eachRiskWorld(t, func(w *riskWorld) {
		ctx, actor := w.Context(), modelstest.Actor()
		pick := rand.New(rand.NewPCG(6, 11))
		for round := range 12 {
			ann := modelstest.MustUserWithPassword(t, w.tn, fmt.Sprintf("ann%d@example.com", round), "$argon2id$x")
			bob := modelstest.MustUserWithPassword(t, w.tn, fmt.Sprintf("bob%d@example.com", round), "$argon2id$x")
			both := func(do func(u models.User)) { do(ann); do(bob) }
			signIn := func(edit func(*record.SignIn), findings ...record.Finding) {
				both(func(u models.User) {
					w.signIn(func(r *record.SignIn) {
						r.User = record.Party{ID: u.ID, Name: u.DisplayName}
						if edit != nil {
							edit(r)
						}
					}, findings...)
				})
			}
			did := []string{}
			for range 14 {
				w.Clock.Advance(time.Minute)
				level := []string{"low", "medium", "high"}[pick.IntN(3)]
				what := []string{"simulate", "simulate", "simulate", "remove", "risky", "passed", "left", "compromised", "safe", "dismissed", "remediated", "found"}[pick.IntN(12)]
				did = append(did, what+" "+level)
				switch what {
				case "simulate":
					modelstest.Must(w.tn.SimulateDetection(ctx, actor, ann.ID, kinds[pick.IntN(len(kinds))]))(t)
				case "remove":
					modelstest.Must(w.tn.RemoveSimulated(ctx, actor, ann.ID))(t)
				case "risky":
					signIn(nil, found("newCountry", level))
				case "passed":
					signIn(passedMFA(true), found("newCountry", level))
				case "left":
					signIn(failed, found("unfamiliarFeatures", level))
				case "compromised":
					both(func(u models.User) { must(t, w.tn.ConfirmCompromised(ctx, actor, []string{u.ID})) })
				case "safe":
					both(func(u models.User) { must(t, w.tn.ConfirmSafe(ctx, actor, []string{u.ID})) })
				case "dismissed":
					both(func(u models.User) { must(t, w.tn.DismissRisk(ctx, actor, []string{u.ID})) })
				case "remediated":
					both(func(u models.User) { must(t, w.tn.RemediateRisk(ctx, actor, u.ID, models.RiskResetByUser)) })
				case "found":
					both(func(u models.User) {
						modelstest.Must(w.tn.AddDetection(ctx, audit.System("test"), models.Detection{UserID: u.ID, Type: models.Leaked, Level: level, Timing: risk.Offline}))(t)
					})
				}
			}
			modelstest.Must(w.tn.RemoveSimulated(ctx, actor, ann.ID))(t)
			if a, b := w.standing(ann.ID), w.standing(bob.ID); a != b {
				t.Fatalf("after %v:\n%s\n\nis not\n%s", did, a, b)
			}
		}
		left := modelstest.Must(w.tn.Incidents(ctx, models.IncidentQuery{}))(t)
		if len(left.Items) > 0 {
			t.Errorf("%d simulated attacks are left", len(left.Items))
		}
	})
}

// An attack that never happened is shown as one, and changes nothing for anybody: the door does not know it, a real one
// from the same addresses is found beside it, and nothing counts it.
func TestASimulatedAttackChangesNothing(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s.Store, "")
		people := passers(t, tn, 40)
		tester := people[0]
		for kind, wave := range map[string]string{risk.PasswordSpray: risk.PasswordSpray, risk.CredentialStuffing: risk.CredentialStuffing, "suspiciousSignUp": risk.SignUpBurst, risk.SMSPumping: risk.SMSPumping} {
			first := modelstest.Must(tn.SimulateDetection(ctx, actor, tester.ID, kind))(t)
			again := modelstest.Must(tn.SimulateDetection(ctx, actor, tester.ID, kind))(t)
			i := modelstest.Must(tn.Incident(ctx, first.IncidentID))(t)
			if i.Kind != wave || !i.Simulated || i.Attempts == 0 || i.Name == "" || again.IncidentID != i.ID {
				t.Errorf("%s: %+v", kind, i)
			}
			if guess := kind == wave && kind != risk.SMSPumping; guess != (i.EnteredThrough() == 1) || guess && i.Entries[0].UserID != tester.ID {
				t.Errorf("%s entered %+v", kind, i.Entries)
			}
			must(t, only(tn.RespondIncident(ctx, actor, i.ID, models.IncidentResponse{Response: map[bool]string{false: risk.Block}[kind == risk.SMSPumping], For: time.Hour})))
		}
		if n := modelstest.Must(tn.OpenIncidents(ctx, 9))(t); n != 0 {
			t.Errorf("%d attacks are under way", n)
		}
		for _, level := range modelstest.Must(tn.PeopleAtRisk(ctx))(t) {
			if level.Count != 0 || !level.Since.IsZero() {
				t.Errorf("%+v", level)
			}
		}
		for n := range 13 {
			h, err := tn.RiskHistory(ctx, tester.ID, record.Signals{IP: netip.MustParseAddr(fmt.Sprintf("203.0.113.%d", n))}, s.Now())
			if err != nil || len(h.Waves) > 0 {
				t.Errorf("the door knows %+v, %v", h.Waves, err)
			}
		}
		spray(t, s, tn, people)
		real := 0
		for _, i := range find(t, s, tn) {
			if !i.Simulated {
				real++
			}
		}
		if real != 1 {
			t.Errorf("%d real attacks were found", real)
		}
		for _, d := range modelstest.Must(tn.RiskDays(ctx, s.Now().AddDate(0, 0, -2), s.Now()))(t) {
			if d.Kind == models.DayType || d.Kind == models.DayDetected {
				t.Errorf("counted: %+v", d)
			}
		}
		one := modelstest.Must(tn.SimulatedWaves(ctx, tester.ID))(t)[0]
		if one.Kind == risk.SMSPumping {
			one = modelstest.Must(tn.SimulatedWaves(ctx, tester.ID))(t)[1]
		}
		told := 0
		must(t, only(tn.NotifyIncident(ctx, actor, one.ID, models.IncidentStep{Who: models.WaveTried, Count: 1}, func(_ *models.Tenant, u models.User) error {
			if told++; u.ID != tester.ID {
				t.Errorf("%s is told", u.DisplayName)
			}
			return nil
		})))
		modelstest.Must(tn.RemoveSimulated(ctx, actor, tester.ID))(t)
		for _, i := range modelstest.Must(tn.Incidents(ctx, models.IncidentQuery{}))(t).Items {
			if i.Simulated {
				t.Errorf("%s is left", i.Name)
			}
		}
		if told != 1 {
			t.Errorf("%d were told", told)
		}
	})
}

// Unwinding a simulated attack simulates that its test person is compromised.
func TestASimulatedAttackIsUnwound(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s.Store, "")
		tester := modelstest.MustUserWithPassword(t, tn, "tester@example.com", "$argon2id$x")
		d := modelstest.Must(tn.SimulateDetection(ctx, actor, tester.ID, risk.PasswordSpray))(t)
		if out := modelstest.Must(tn.UnwindIncident(ctx, actor, d.IncidentID, 1))(t); out.People != 1 {
			t.Errorf("%+v", out)
		}
		u := modelstest.Must(tn.User(ctx, tester.ID))(t)
		if u.Risk.State != models.RiskConfirmed || !u.Risk.Simulated || u.Real().State != "" || !u.MustChangePassword {
			t.Errorf("%+v", u.Risk)
		}
	})
}

// Administrators are told of what is simulated apart from what is real, and being told of it keeps nothing real from
// them.
func TestSimulatedRiskIsToldApart(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx, actor := w.Context(), modelstest.Actor()
		told := func(want ...string) {
			w.Helper()
			var got []string
			must(t, w.tn.TellAtRisk(ctx, risk.Medium, func(_ *models.Tenant, people []models.PersonAtRisk) error {
				for _, p := range people {
					got = append(got, fmt.Sprint(p.Level, " ", strings.Join(p.Types, ","), " ", p.Simulated))
				}
				return nil
			}))
			if !slices.Equal(got, want) {
				w.Errorf("told of %q, want %q", got, want)
			}
			w.Clock.Advance(models.RiskMailGap)
		}
		before := w.Now().Add(-time.Minute)
		modelstest.Must(w.tn.SimulateDetection(ctx, actor, w.ann.ID, models.Leaked))(t)
		told("high leakedCredentials true")
		told()
		modelstest.Must(w.tn.AddDetection(ctx, audit.System("test"), models.Detection{UserID: w.ann.ID, Type: "unlikelyTravel", Level: "low", ActivityAt: before}))(t)
		told()
		modelstest.Must(w.tn.AddDetection(ctx, audit.System("test"), models.Detection{UserID: w.ann.ID, Type: "newCountry", Level: "medium", ActivityAt: before}))(t)
		told("medium newCountry false")
		now := w.Now()
		week := models.RiskWeek{}
		w.Clock.Advance(8 * 24 * time.Hour)
		must(t, w.tn.TellWeek(ctx, now.Weekday(), now.AddDate(0, 0, -8), func(_ *models.Tenant, got models.RiskWeek) error { week = got; return nil }))
		for w.Now().Hour() != 8 || week.People == nil {
			w.Clock.Advance(time.Hour)
			must(t, w.tn.TellWeek(ctx, now.AddDate(0, 0, 1).Weekday(), now.AddDate(0, 0, -8), func(_ *models.Tenant, got models.RiskWeek) error { week = got; return nil }))
			if w.Now().Sub(now) > 30*24*time.Hour {
				t.Fatal("no digest")
			}
		}
		if week.People["high"] != 0 {
			t.Errorf("the digest counts %+v", week.People)
		}
	})
}

func only[T any](_ T, err error) error { return err }
