package models_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/record"
	"portico/app/risk"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

// riskWorld is a tenant with one person, and short words for what happens to them.
type riskWorld struct {
	*testing.T
	modelstest.Scratch
	tn  *models.Tenant
	ann models.User
}

func eachRiskWorld(t *testing.T, f func(w *riskWorld)) {
	t.Helper()
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		f(&riskWorld{T: t, Scratch: s, tn: tn, ann: modelstest.MustUserWithPassword(t, tn, "ann@example.com", "$argon2id$x")})
	})
}

// found is a finding of a type at a level.
func found(kind, level string) record.Finding {
	return record.Finding{Type: kind, Level: level, Key: "risk.found.test", Evidence: map[string]any{"country": "NL"}}
}

// signIn records a sign-in of Ann's and gives its id.
func (w *riskWorld) signIn(edit func(*record.SignIn), findings ...record.Finding) string {
	w.Helper()
	now := w.Now()
	r := record.SignIn{ID: models.NewID(), TenantID: w.tn.ID, CorrelationID: "c", Kind: record.Interactive, StartedAt: now, EndedAt: now, User: record.Party{ID: w.ann.ID, Name: "Ann"},
		Identifier: "ann@example.com", App: record.Party{ID: "app", Name: "Shop"}, Outcome: record.Outcome{Result: record.Success}, RiskLevel: risk.None, Risk: findings,
		Signals: record.Signals{IP: netip.MustParseAddr("192.0.2.1"), Country: "DE", Browser: "Firefox 140", DeviceType: "desktop", UserAgent: "x"}}
	for _, f := range findings {
		if f.Type != models.Leaked {
			r.RiskLevel = risk.Worse(r.RiskLevel, f.Level)
		}
	}
	if edit != nil {
		edit(&r)
	}
	must(w.T, w.tn.RecordSignIn(w.Context(), r))
	return r.ID
}

// enrolled is a sign-in in which a second factor was registered, which shows it too: whoever knows the password can.
func enrolled(r *record.SignIn) { r.Inputs = &record.Inputs{MFATime: r.StartedAt} }

// passedMFA is a sign-in in which a second factor was shown; under a risk policy when it is driven by one.
func passedMFA(driven bool) func(*record.SignIn) {
	return func(r *record.SignIn) {
		r.FactorSince = r.StartedAt.AddDate(-1, 0, 0)
		r.Inputs, r.Notes = &record.Inputs{MFATime: r.StartedAt}, []string{"sign_in_risk_confirmed"}
		if driven {
			r.Notes = []string{"sign_in_risk_remediated"}
		}
	}
}

func failed(r *record.SignIn) {
	r.Outcome = record.Outcome{Result: record.Interrupted, Code: 50076}
}

// person wants Ann's risk to be "level state detail"; - is none of them.
func (w *riskWorld) person(want string) {
	w.Helper()
	r := modelstest.Must(w.tn.User(w.Context(), w.ann.ID))(w.T).Risk
	if got := words(r.Level, r.State, r.Detail); got != want {
		w.Errorf("the person is at %q, want %q", got, want)
	}
}

// of wants a sign-in to be at "aggregate state detail types".
func (w *riskWorld) of(id, want string) {
	w.Helper()
	page := modelstest.Must(w.tn.SignInRows(w.Context(), models.SignInQuery{Search: id}))(w.T)
	if len(page.Items) != 1 {
		w.Fatalf("%d sign-ins are %s", len(page.Items), id)
	}
	r := page.Items[0]
	if got := words(r.RiskAggregate, r.RiskState, r.RiskDetail, r.RiskTypes); got != want {
		w.Errorf("the sign-in is at %q, want %q", got, want)
	}
}

// detections wants Ann's detections to be "type level state detail" each, the oldest first.
func (w *riskWorld) detections(want ...string) {
	w.Helper()
	var got []string
	for _, d := range modelstest.Must(w.tn.Detections(w.Context(), models.DetectionQuery{UserID: w.ann.ID, OldestFirst: true}))(w.T).Items {
		got = append(got, words(d.Type, d.Level, d.State, d.Detail))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.Errorf("detections are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func words(list ...string) string {
	for i, s := range list {
		if s == "" {
			list[i] = "-"
		}
	}
	return strings.Join(list, " ")
}

func TestFindingsBecomeDetections(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		fine := w.signIn(nil)
		w.of(fine, "- - - -")
		w.detections()
		w.person("- - -")

		w.Clock.Advance(time.Minute)
		id := w.signIn(nil, found("unfamiliarFeatures", "low"), found("newCountry", "medium"))
		w.of(id, "medium atRisk none newCountry,unfamiliarFeatures")
		w.detections("unfamiliarFeatures low atRisk none", "newCountry medium atRisk none")
		w.person("medium atRisk -")
		d := modelstest.Must(w.tn.Detections(w.Context(), models.DetectionQuery{Types: []string{"newCountry"}}))(t).Items[0]
		if d.UserName != "Ann" || d.Address != "ann@example.com" || d.SignInID != id || d.IP != "192.0.2.1" || d.Country != "DE" || d.Timing != "realtime" || d.Activity != "signin" ||
			d.Evidence["country"] != "NL" || d.ClientName != "Shop" || !d.DetectedAt.Equal(w.Now()) {
			t.Errorf("%+v", d)
		}

		for what, edit := range map[string]func(*record.SignIn){
			"a flow that an admin tries": func(r *record.SignIn) { r.Test = true },
			"a trial":                    func(r *record.SignIn) { r.Notes = []string{"evaluation_skipped_trial"} },
			"nobody":                     func(r *record.SignIn) { r.User = record.Party{} },
		} {
			id := w.signIn(edit, found("newCountry", "high"))
			if n := len(modelstest.Must(w.tn.Detections(w.Context(), models.DetectionQuery{SignInID: id}))(t).Items); n > 0 {
				t.Errorf("%s: %d detections", what, n)
			}
		}
		w.person("medium atRisk -")

		// An app that goes on renewing says the same thing again and again.
		app := func(r *record.SignIn) { r.Kind = record.NonInteractive }
		w.signIn(app, found("anomalousToken", "medium"))
		again := w.signIn(app, found("anomalousToken", "high"))
		page := modelstest.Must(w.tn.Detections(w.Context(), models.DetectionQuery{Types: []string{"anomalousToken"}}))(t)
		if len(page.Items) != 1 || page.Items[0].Count != 2 || page.Items[0].Level != "high" {
			t.Errorf("%+v", page.Items)
		}
		w.person("high atRisk -")
		must(t, w.tn.ConfirmSignInSafe(w.Context(), modelstest.Actor(), []string{again}))
		w.person("medium atRisk -")
	})
}

// R 16.4.4, R 6.8.5.
func TestASecondFactorEndsTheRiskOfASignIn(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		driven := w.signIn(passedMFA(true), found("newCountry", "medium"))
		w.of(driven, "none remediated userPassedMFADrivenByRiskBasedPolicy newCountry")
		w.Clock.Advance(time.Minute)
		anyway := w.signIn(passedMFA(false), found("unfamiliarFeatures", "high"))
		w.of(anyway, "none dismissed aiConfirmedSigninSafe unfamiliarFeatures")
		w.person("- - -")
		w.detections("newCountry medium remediated userPassedMFADrivenByRiskBasedPolicy", "unfamiliarFeatures high dismissed aiConfirmedSigninSafe")

		w.Clock.Advance(time.Minute)
		own := w.signIn(enrolled, found("newCountry", "high"))
		w.of(own, "high atRisk none newCountry")
		must(t, w.tn.DismissSignInRisk(w.Context(), modelstest.Actor(), []string{own}))

		w.Clock.Advance(time.Minute)
		earlier := w.signIn(func(r *record.SignIn) {
			r.Session.Reused, r.Inputs = true, &record.Inputs{MFATime: r.StartedAt.Add(-time.Hour)}
		}, found("newCountry", "medium"))
		w.of(earlier, "medium atRisk none newCountry")
		w.person("medium atRisk -")

		// Somebody leaves at the second factor, and comes back with it from the same browser.
		w.Clock.Advance(time.Minute)
		left := w.signIn(failed, found("atypicalTravel", "high"))
		w.of(left, "high atRisk none atypicalTravel")
		w.person("high atRisk -")
		w.Clock.Advance(time.Minute)
		other := w.signIn(func(r *record.SignIn) {
			passedMFA(true)(r)
			r.Signals.IP = netip.MustParseAddr("198.51.100.7")
		}, found("newCountry", "medium"))
		w.of(other, "none remediated userPassedMFADrivenByRiskBasedPolicy newCountry")
		w.of(left, "high atRisk none atypicalTravel")
		w.Clock.Advance(time.Minute)
		w.signIn(passedMFA(true))
		w.of(left, "none remediated userPassedMFADrivenByRiskBasedPolicy atypicalTravel")
		w.of(earlier, "none remediated userPassedMFADrivenByRiskBasedPolicy newCountry")
		w.person("- remediated userPassedMFADrivenByRiskBasedPolicy")

		// A second factor says nothing about a password that others know.
		w.Clock.Advance(time.Minute)
		w.signIn(passedMFA(true), found(models.Leaked, "high"))
		w.person("high atRisk -")
	})
}

// R 6.8.5, R 16.4: somebody left at the second factor and comes back with it. Only what was found after that factor was
// registered is closed: whoever knew the password before can have registered it themselves.
func TestASecondFactorEndsOnlyWhatWasFoundAfterItWasRegistered(t *testing.T) {
	open, safe, driven := "high atRisk none newCountry", "none dismissed aiConfirmedSigninSafe newCountry", "none remediated userPassedMFADrivenByRiskBasedPolicy newCountry"
	shown := func(since time.Duration, notes ...string) func(*record.SignIn) {
		return func(r *record.SignIn) {
			r.Inputs, r.Notes = &record.Inputs{MFATime: r.StartedAt}, notes
			if since != 0 {
				r.FactorSince = r.StartedAt.Add(-since)
			}
		}
	}
	for _, c := range []struct {
		name  string
		after time.Duration // between what was found and the return
		back  func(*record.SignIn)
		found []record.Finding // in the return itself
		want  string
	}{
		{"harmless, with a factor of last year", time.Hour, shown(365 * 24 * time.Hour), nil, safe},
		{"harmless, with one that is a minute older than what was found", time.Hour, shown(61 * time.Minute), nil, safe},
		{"harmless, with one of the same moment", time.Hour, shown(time.Hour), nil, open},
		{"harmless, with one that was registered since", time.Hour, shown(30 * time.Minute), nil, open},
		{"harmless, with one that is registered now", time.Hour, shown(0), nil, open},
		{"harmless, with the password only", time.Hour, nil, nil, open},
		{"harmless, by single sign-on", time.Hour, func(r *record.SignIn) { shown(365 * 24 * time.Hour)(r); r.Session.Reused = true }, nil, open},
		{"harmless, but refused", time.Hour, func(r *record.SignIn) { shown(365 * 24 * time.Hour)(r); failed(r) }, nil, open},
		{"harmless, from another browser", time.Hour, func(r *record.SignIn) { shown(365 * 24 * time.Hour)(r); r.Signals.UserAgent = "y" }, nil, open},
		{"harmless, after two days", 48 * time.Hour, shown(365 * 24 * time.Hour), nil, open},
		{"risky, asked for it", time.Hour, shown(365*24*time.Hour, "sign_in_risk_remediated"), []record.Finding{found("newCountry", "medium")}, driven},
		{"risky, asked for it, with one that was registered since", time.Hour, shown(30*time.Minute, "sign_in_risk_remediated"), []record.Finding{found("newCountry", "medium")}, open},
		{"risky, shown anyway", time.Hour, shown(365*24*time.Hour, "sign_in_risk_confirmed"), []record.Finding{found("newCountry", "medium")}, safe},
		{"risky, shown anyway, with one that was registered since", time.Hour, shown(30*time.Minute, "sign_in_risk_confirmed"), []record.Finding{found("newCountry", "medium")}, open},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachRiskWorld(t, func(w *riskWorld) {
				left := w.signIn(failed, found("newCountry", "high"))
				w.Clock.Advance(c.after)
				w.signIn(c.back, c.found...)
				w.of(left, c.want)
				level, person := "high", strings.Fields(c.want)
				if person[1] != "atRisk" {
					level = "-"
				}
				w.person(strings.ReplaceAll(words(level, person[1], person[2]), " none", " -"))
			})
		})
	}
}

// R 16.4.2, R 16.4.5.
func TestAnotherPasswordEndsTheRiskOfAPerson(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx, actor := w.Context(), modelstest.Actor()
		id := w.signIn(nil, found("newCountry", "medium"))
		must(t, w.tn.ConfirmCompromised(ctx, actor, []string{w.ann.ID}))
		w.detections("newCountry medium atRisk none", "adminConfirmedUserCompromised high confirmedCompromised adminConfirmedUserCompromised")
		w.person("high confirmedCompromised adminConfirmedUserCompromised")
		w.Clock.Advance(time.Minute)
		must(t, w.tn.RemediateRisk(ctx, actor, w.ann.ID, models.RiskResetByUser))
		w.person("- remediated userPerformedSecuredPasswordReset")
		w.detections("newCountry medium remediated userPerformedSecuredPasswordReset", "adminConfirmedUserCompromised high remediated userPerformedSecuredPasswordReset")
		w.of(id, "none remediated userPerformedSecuredPasswordReset newCountry")

		w.Clock.Advance(time.Minute)
		changed := w.signIn(func(r *record.SignIn) {
			passedMFA(true)(r)
			r.Inputs.PasswordChanged = true
		}, found(models.Leaked, "high"), found("newCountry", "low"))
		w.of(changed, "none remediated userPerformedSecuredPasswordChange leakedCredentials,newCountry")
		w.person("- remediated userPerformedSecuredPasswordReset")

		events := modelstest.Must(w.tn.RiskHistoryOf(ctx, w.ann.ID, "", 1))(t)
		if e := events.Items[0]; events.Next == "" || e.State != "remediated" || e.Level != "none" || len(e.Types) != 2 {
			t.Errorf("%+v", events)
		}
	})
}

func TestTheOwnersReportIsADetection(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		id := w.signIn(nil)
		modelstest.Must(w.tn.ReportSignIn(w.Context(), modelstest.Actor(), w.ann.ID, id))(t)
		w.person("high atRisk -")
		d := modelstest.Must(w.tn.Detections(w.Context(), models.DetectionQuery{Unlinked: true}))(t).Items[0]
		if d.Type != models.UserReported || d.SignInID != "" || d.Activity != "user" || d.Evidence["signIn"] != id {
			t.Errorf("%+v", d)
		}
		if first := modelstest.Must(w.tn.ReportSignIn(w.Context(), modelstest.Actor(), w.ann.ID, id))(t); first {
			t.Error("the same report counts twice")
		}
	})
}

// R 6.7.1 to 6.7.3, R 16.4.3.
func TestWhatAnAdminSaysAboutASignIn(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx, actor := w.Context(), modelstest.Actor()
		one := w.signIn(nil, found("newCountry", "medium"))
		w.Clock.Advance(time.Minute)
		two := w.signIn(nil, found("unfamiliarFeatures", "low"))

		must(t, w.tn.ConfirmSignInCompromised(ctx, actor, []string{two}))
		w.of(two, "high confirmedCompromised adminConfirmedSigninCompromised adminConfirmedUserCompromised,unfamiliarFeatures")
		w.person("high confirmedCompromised adminConfirmedSigninCompromised")
		last := lastAudit(t, w.tn)
		if last.Activity != "Confirm sign-in compromised" || last.Target.ID != two {
			t.Errorf("%+v", last)
		}
		must(t, w.tn.ConfirmSignInCompromised(ctx, actor, []string{two}))
		if lastAudit(t, w.tn).ID != last.ID {
			t.Error("the same again is recorded again")
		}

		w.Clock.Advance(time.Minute)
		must(t, w.tn.ConfirmSignInSafe(ctx, actor, []string{two}))
		w.of(two, "none confirmedSafe adminConfirmedSigninSafe adminConfirmedUserCompromised,unfamiliarFeatures")
		w.person("medium atRisk -")

		must(t, w.tn.DismissSignInRisk(ctx, actor, []string{one}))
		w.of(one, "none dismissed adminDismissedRiskForSignIn newCountry")
		w.person("- dismissed adminDismissedRiskForSignIn")
		w.detections("newCountry medium dismissed adminDismissedRiskForSignIn", "unfamiliarFeatures low confirmedSafe adminConfirmedSigninSafe",
			"adminConfirmedUserCompromised high confirmedSafe adminConfirmedSigninSafe")

		// All or none; and one call names not too many.
		three := w.signIn(nil, found("newCountry", "medium"))
		if err := w.tn.DismissSignInRisk(ctx, actor, []string{three, models.NewID()}); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		w.of(three, "medium atRisk none newCountry")
		if err := w.tn.ConfirmSignInSafe(ctx, actor, make([]string, 61)); complaint(err) != "requestIds risk.request_ids" {
			t.Error(err)
		}
		nobody := w.signIn(func(r *record.SignIn) { r.User = record.Party{} })
		if err := w.tn.ConfirmSignInSafe(ctx, actor, []string{nobody}); complaint(err) != "requestIds risk.sign_in_nobody" {
			t.Error(err)
		}
		if err := modelstest.MustTenant(t, w.Store, "").DismissSignInRisk(ctx, actor, []string{three}); !fault.Is(err, fault.NotFound) {
			t.Error("another tenant's sign-in")
		}
	})
}

// R 16.4.1: all is closed, with the word for it; a second time nothing happens, and there is no way back.
func TestDismissingTheRiskOfAPerson(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx, actor := w.Context(), modelstest.Actor()
		one := w.signIn(nil, found("newCountry", "medium"), found(models.Leaked, "high"))
		two := w.signIn(failed, found("unfamiliarFeatures", "low"))
		must(t, w.tn.DismissRisk(ctx, actor, []string{w.ann.ID}))
		w.person("- dismissed adminDismissedAllRiskForUser")
		w.of(one, "none dismissed adminDismissedAllRiskForUser leakedCredentials,newCountry")
		w.of(two, "none dismissed adminDismissedAllRiskForUser unfamiliarFeatures")
		w.detections("newCountry medium dismissed adminDismissedAllRiskForUser", "leakedCredentials high dismissed adminDismissedAllRiskForUser", "unfamiliarFeatures low dismissed adminDismissedAllRiskForUser")
		last := lastAudit(t, w.tn).ID
		must(t, w.tn.DismissRisk(ctx, actor, []string{w.ann.ID}))
		if lastAudit(t, w.tn).ID != last {
			t.Error("nothing was open, and the log says something else")
		}
		if err := w.tn.UndoRisk(ctx, actor, []models.RiskUndo{{Subject: w.ann.ID, Action: models.RiskDismiss, At: w.Now()}}); !fault.Is(err, fault.Conflict) {
			t.Errorf("undone: %v", err)
		}

		w.signIn(nil, found("newCountry", "medium"))
		must(t, w.tn.DeleteUser(ctx, actor, w.ann.ID))
		must(t, w.tn.DismissRisk(ctx, actor, []string{w.ann.ID}))
		w.person("- dismissed adminDismissedAllRiskForUser")
	})
}

func TestWhatWasSaidByMistakeIsTakenBack(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx, actor := w.Context(), modelstest.Actor()
		undo := func(id string) error {
			now := modelstest.Must(w.tn.UndoableRisk(ctx, []string{id}))(t)[id]
			now.Subject = id
			return w.tn.UndoRisk(ctx, actor, []models.RiskUndo{now})
		}
		done := w.signIn(passedMFA(true), found("newCountry", "medium"))
		open := w.signIn(func(r *record.SignIn) { r.Signals.IP = netip.MustParseAddr("192.0.2.9") }, found("unfamiliarFeatures", "low"))
		asItWas := func() {
			t.Helper()
			w.of(done, "none remediated userPassedMFADrivenByRiskBasedPolicy newCountry")
			w.of(open, "low atRisk none unfamiliarFeatures")
			w.person("low atRisk -")
		}
		asItWas()
		usual := func() int {
			return int(modelstest.Must(w.tn.RiskHistory(ctx, w.ann.ID, record.Signals{}, w.Now()))(t).Person.Times)
		}
		before := usual()
		for _, c := range []struct {
			what string
			say  func() error
			id   string
		}{
			{"compromised", func() error { return w.tn.ConfirmSignInCompromised(ctx, actor, []string{done}) }, done},
			{"compromised while open", func() error { return w.tn.ConfirmSignInCompromised(ctx, actor, []string{open}) }, open},
			{"safe", func() error { return w.tn.ConfirmSignInSafe(ctx, actor, []string{open}) }, open},
			{"dismissed", func() error { return w.tn.DismissSignInRisk(ctx, actor, []string{open}) }, open},
			{"person compromised", func() error { return w.tn.ConfirmCompromised(ctx, actor, []string{w.ann.ID}) }, w.ann.ID},
			{"person safe", func() error { return w.tn.ConfirmSafe(ctx, actor, []string{w.ann.ID}) }, w.ann.ID},
		} {
			w.Clock.Advance(time.Minute)
			must(t, c.say())
			if can := modelstest.Must(w.tn.UndoableRisk(ctx, []string{c.id}))(t); can[c.id].ActorName != actor.Name {
				t.Errorf("%s: %+v", c.what, can)
			}
			must(t, undo(c.id))
			asItWas()
			if err := undo(c.id); !fault.Is(err, fault.Conflict) {
				t.Errorf("%s, undone twice: %v", c.what, err)
			}
			if t.Failed() {
				t.Fatalf("after %s", c.what)
			}
		}
		if n := usual(); n != before {
			t.Errorf("%d sign-ins taught before, %d after all was taken back", before, n)
		}

		// Another admin was faster.
		must(t, w.tn.ConfirmSignInSafe(ctx, actor, []string{open}))
		must(t, w.tn.ConfirmSignInCompromised(ctx, actor, []string{open}))
		must(t, undo(open)) // back to what the first one said
		w.of(open, "none confirmedSafe adminConfirmedSigninSafe unfamiliarFeatures")
		must(t, w.tn.ConfirmCompromised(ctx, actor, []string{w.ann.ID}))
		must(t, w.tn.RemediateRisk(ctx, actor, w.ann.ID, models.RiskSetByOwner))
		if err := undo(w.ann.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("the person has put it right meanwhile: %v", err)
		}
		w.person("- remediated userPerformedSecuredPasswordChange")
	})
}

// Two admins act at once: an undo takes back what its admin was shown, and a decision holds while the risk stands so.
func TestNobodyUndoesOrDecidesWhatTheyHaveNotSeen(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx, actor := w.Context(), modelstest.Actor()
		can := func(id string) models.RiskUndo { return modelstest.Must(w.tn.UndoableRisk(ctx, []string{id}))(t)[id] }
		w.signIn(nil, found("newCountry", "medium"))
		asked := models.SeenOfPerson(w.ann.ID, modelstest.Must(w.tn.User(ctx, w.ann.ID))(t).Risk)
		w.Clock.Advance(time.Minute)
		must(t, w.tn.ConfirmCompromised(ctx, actor, []string{w.ann.ID}))
		first := can(w.ann.ID)
		dismiss := func(tn *models.Tenant) error { return tn.DismissRisk(ctx, actor, []string{w.ann.ID}) }
		if err := w.tn.WhilePeopleStand(ctx, []models.SeenRisk{asked}, dismiss); !fault.Is(err, fault.Conflict) {
			t.Errorf("dismissed what was confirmed meanwhile: %v", err)
		}
		w.Clock.Advance(time.Minute)
		must(t, w.tn.ConfirmSafe(ctx, actor, []string{w.ann.ID}))
		if err := w.tn.UndoRisk(ctx, actor, []models.RiskUndo{first}); fault.Of(err).Key != "risk.undo.changed" {
			t.Errorf("somebody else's word is undone: %v", err)
		}
		w.person("- confirmedSafe adminConfirmedAccountSafe")
		must(t, w.tn.UndoRisk(ctx, actor, []models.RiskUndo{can(w.ann.ID)}))
		asked = models.SeenOfPerson(w.ann.ID, modelstest.Must(w.tn.User(ctx, w.ann.ID))(t).Risk)
		must(t, w.tn.WhilePeopleStand(ctx, []models.SeenRisk{asked}, dismiss))
		w.person("- dismissed adminDismissedAllRiskForUser")
	})
}

// ADR 38: what is strange and was not cleared teaches nothing, until an admin says that it was the person.
func TestAnAttackerDoesNotTeach(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx := w.Context()
		times := func() int {
			return int(modelstest.Must(w.tn.RiskHistory(ctx, w.ann.ID, record.Signals{}, w.Now()))(t).Person.Times)
		}
		var strange string
		for _, c := range []struct {
			what string
			do   func() string
			more int
		}{
			{"well", func() string { return w.signIn(nil) }, 1},
			{"failed", func() string { return w.signIn(failed) }, 0},
			{"low risk", func() string { return w.signIn(nil, found("unfamiliarFeatures", "low")) }, 1},
			{"medium risk", func() string { strange = w.signIn(nil, found("newCountry", "medium")); return strange }, 0},
			{"medium risk, and a second factor is registered", func() string { return w.signIn(enrolled, found("newCountry", "medium")) }, 0},
			{"medium risk and a second factor", func() string { return w.signIn(passedMFA(true), found("newCountry", "medium")) }, 1},
			{"an app's server renews", func() string {
				return w.signIn(func(r *record.SignIn) { r.Kind, r.Signals.DeviceType = record.NonInteractive, "" })
			}, 0},
			{"a browser renews", func() string { return w.signIn(func(r *record.SignIn) { r.Kind = record.NonInteractive }) }, 0},
			{"and again within the hour", func() string { return w.signIn(func(r *record.SignIn) { r.Kind = record.NonInteractive }) }, 0},
			{"an admin says it was safe", func() string {
				must(t, w.tn.ConfirmSignInSafe(ctx, modelstest.Actor(), []string{strange}))
				return ""
			}, 1},
		} {
			before := times()
			w.Clock.Advance(time.Minute)
			c.do()
			if n := times() - before; n != c.more {
				t.Errorf("%s: %d more, want %d", c.what, n, c.more)
			}
		}
	})
}

// R 16.4.10: what a report counts, lists and exports is the same, whatever it is narrowed by, and pages lose nothing.
func TestReportsCountWhatTheyList(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx := w.Context()
		kinds, levels := []string{"newCountry", "unfamiliarFeatures", "anonymizedIPAddress"}, []string{"low", "medium", "high"}
		var ids []string
		for i := range 40 {
			w.Clock.Advance(time.Duration(i%3) * time.Second)
			ids = append(ids, w.signIn(func(r *record.SignIn) {
				r.Signals.IP = netip.AddrFrom4([4]byte{192, 0, 2, byte(i % 4)})
				r.Signals.Country = []string{"DE", "FR"}[i%2]
				if i%5 == 0 {
					passedMFA(i%2 == 0)(r)
				}
			}, found(kinds[i%3], levels[i%3]), found(kinds[(i+1)%3], levels[i%2])))
		}
		must(t, w.tn.ConfirmSignInCompromised(ctx, modelstest.Actor(), ids[7:9]))
		real := false
		all := 0
		for what, q := range map[string]models.DetectionQuery{
			"all": {}, "oldest first": {OldestFirst: true}, "by change": {ByUpdated: true}, "by change, oldest first": {ByUpdated: true, OldestFirst: true},
			"state": {States: []string{"atRisk"}}, "states": {States: []string{"atRisk", "confirmedCompromised"}, Levels: []string{"medium", "high"}},
			"types": {Types: []string{"newCountry", "anonymizedIPAddress"}}, "person": {UserID: w.ann.ID}, "address": {IP: "192.0.2.1"}, "country": {Country: "FR"},
			"sign-in": {SignInID: ids[3]}, "level": {Levels: []string{"high"}}, "since": {From: w.Now().Add(-10 * time.Second)}, "updated": {UpdatedSince: w.Now().Add(-10 * time.Second)},
			"real": {Simulated: &real}, "details": {Details: []string{"aiConfirmedSigninSafe"}}, "real-time": {Timing: "realtime"}, "unlinked": {Unlinked: true}, "nothing": {Country: "SE"},
		} {
			whole := q
			whole.Limit = 999
			want := modelstest.Must(w.tn.Detections(ctx, whole))(t).Items
			n := modelstest.Must(w.tn.CountDetections(ctx, q, 1000))(t)
			seen := map[string]bool{}
			must(t, w.tn.EachDetection(ctx, q, func(d models.Detection) error { seen[d.ID] = true; return nil }))
			paged := 0
			for q.Limit = 3; ; {
				p := modelstest.Must(w.tn.Detections(ctx, q))(t)
				for i, d := range p.Items {
					if d.ID != want[paged+i].ID {
						t.Fatalf("%s: page by page the order is another", what)
					}
				}
				paged += len(p.Items)
				if q.After = p.Next; q.After == "" {
					break
				}
			}
			if len(want) != n || n != len(seen) || n != paged {
				t.Errorf("%s: %d listed, %d counted, %d exported, %d on pages", what, len(want), n, len(seen), paged)
			}
			switch what {
			case "all":
				all = n
			case "nothing", "unlinked":
				if n != 0 {
					t.Errorf("%s: %d", what, n)
				}
			default:
				if n == 0 {
					t.Errorf("%s finds nothing", what)
				}
			}
			if b := modelstest.Must(w.tn.CountDetections(ctx, q, 2))(t); b > 2 {
				t.Errorf("%s: a bound of 2 counts %d", what, b)
			}
		}
		if all != 82 {
			t.Errorf("%d detections", all)
		}
		for what, q := range map[string]models.SignInQuery{"risky": {Risky: true}, "open": {RiskState: "atRisk"}, "confirmed": {RiskState: "confirmedCompromised"},
			"type": {RiskType: "newCountry"}, "nothing left": {RiskAggregate: "none"}, "of a person": {Risky: true, UserID: w.ann.ID}, "detail": {RiskDetail: "aiConfirmedSigninSafe"}} {
			rows := modelstest.Must(w.tn.SignInRows(ctx, q))(t).Items
			if n := modelstest.Must(w.tn.CountSignIns(ctx, q, 1000))(t); n != len(rows) || n == 0 {
				t.Errorf("%s: %d listed, %d counted", what, len(rows), n)
			}
		}
	})
}

func TestATrialKeepsNothing(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		made := modelstest.Must(s.CreateTenant(t.Context(), modelstest.Actor(), tenant.Tenant{Slug: "try", Name: "Try", Plan: tenant.Trial}))(t)
		if n := modelstest.Must(s.Tenant(made.ID).FoldRisk(t.Context()))(t); n != 0 {
			t.Error(n)
		}
	})
}
