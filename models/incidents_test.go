package models_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
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

// tried is one attempt with a password.
func tried(s modelstest.Scratch, tn *models.Tenant, u models.User, typed, ip, agent string, right bool) record.SignIn {
	r := record.SignIn{ID: models.NewID(), TenantID: tn.ID, Kind: record.Interactive, Protocol: "openid", StartedAt: s.Now(), EndedAt: s.Now(), Identifier: typed,
		Signals: record.Signals{IP: netip.MustParseAddr(ip), Country: "NL", ASN: 65101, Network: "Blackmoor Hosting", UserAgent: agent, Browser: agent},
		Proofs:  []record.Proof{{Method: "password", At: s.Now(), Reason: "signin.wrong"}}, Outcome: record.Outcome{Result: record.Failure, Code: 50126}, RiskLevel: "none"}
	if u.ID != "" {
		r.User = record.Party{ID: u.ID, Name: u.DisplayName}
	}
	if right {
		r.Proofs, r.Outcome = []record.Proof{{Method: "password", At: s.Now(), OK: true}}, record.Outcome{Result: record.Success}
	}
	return r
}

// spray makes forty addresses try a password on three accounts each.
func spray(t *testing.T, s modelstest.Scratch, tn *models.Tenant, people []models.User) {
	t.Helper()
	for i := range 120 {
		ip := fmt.Sprintf("203.0.113.%d", 10+i%40)
		u, name := models.User{}, fmt.Sprintf("info%d@example.com", i)
		if n := (i + i/40) % len(people); n%8 != 0 { // each address another one each time
			u = people[n]
			name = u.Address()
		}
		must(t, tn.RecordSignIn(t.Context(), tried(s, tn, u, name, ip, "python-requests/2.32", false)))
		s.Clock.Advance(time.Second)
	}
}

func find(t *testing.T, s modelstest.Scratch, tn *models.Tenant) []risk.Incident {
	t.Helper()
	s.Clock.Advance(10 * time.Second)
	for n := 1; n > 0; {
		n = modelstest.Must(tn.FoldRisk(t.Context()))(t)
	}
	told := 0
	modelstest.Must(tn.FindIncidents(t.Context(), models.WaveFinder{By: audit.System("test"), Tell: func(context.Context, *models.Tenant, risk.Incident) error { told++; return nil }}))(t)
	return modelstest.Must(tn.Incidents(t.Context(), models.IncidentQuery{}))(t).Items
}

func passers(t *testing.T, tn *models.Tenant, n int) []models.User {
	t.Helper()
	out := make([]models.User, n)
	for i := range n {
		out[i] = modelstest.MustUserWithPassword(t, tn, fmt.Sprintf("person%d@example.com", i), "$argon2id$x")
	}
	return out
}

func TestAnAttackIsOneIncident(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		people := passers(t, tn, 40)
		// Somebody was there before the attack, with a right password, from one of its addresses.
		owner, victim := people[3], people[7]
		early := tried(s, tn, owner, owner.Address(), "203.0.113.12", "Firefox", true)
		must(t, tn.RecordSignIn(ctx, early))
		s.Clock.Advance(48*time.Hour + 17*time.Minute)
		began := s.Now()
		spray(t, s, tn, people)
		right := tried(s, tn, victim, victim.Address(), "203.0.113.11", "python-requests/2.32", true)
		must(t, tn.RecordSignIn(ctx, right)) // from before anybody noticed
		must(t, tn.RecordSignIn(ctx, tried(s, tn, owner, owner.Address(), "203.0.113.12", "Firefox", true)))

		list := find(t, s, tn)
		if len(list) != 1 {
			t.Fatalf("forty addresses are %d incidents", len(list))
		}
		i := list[0]
		if i.Kind != risk.PasswordSpray || i.State != risk.IncidentOpen || i.Level != "high" || i.Failures != 120 || i.Attempts != 122 || i.EnteredThrough() != 1 || i.Entries[0].UserID != victim.ID {
			t.Errorf("%s %s %s, %d of %d failed, entered %+v", i.Kind, i.State, i.Level, i.Failures, i.Attempts, i.Entries)
		}
		if last := right.EndedAt; !i.BeganAt.Equal(began) || !i.LastAt.Equal(last) || i.Name != "Password spray from AS65101, "+began.Format("2 Jan 15:04") {
			t.Errorf("%q from %s to %s, want %s to %s", i.Name, i.BeganAt, i.LastAt, began, last)
		}
		if n := modelstest.Must(tn.CountIncidentSources(ctx, i.ID))(t); n != 40 {
			t.Errorf("%d addresses", n)
		}
		if n := i.Unknown.Count(); n < 13 || n > 17 {
			t.Errorf("%d names that nobody has", n)
		}
		// R 16.4.8: only whose password was right.
		for _, u := range people {
			want := ""
			if u.ID == victim.ID {
				want = "high"
			}
			if got := modelstest.Must(tn.User(ctx, u.ID))(t).Risk.Level; got != want {
				t.Errorf("%s: %q, want %q", u.Address(), got, want)
			}
		}
		found := modelstest.Must(tn.Detections(ctx, models.DetectionQuery{IncidentID: i.ID}))(t).Items
		if len(found) != 1 || found[0].Type != risk.PasswordSpray || found[0].SignInID != right.ID || found[0].Timing != risk.Offline || found[0].UserID != victim.ID {
			t.Errorf("%+v", found)
		}
		// Once more finds nothing more, and tells nobody again.
		if again := find(t, s, tn); len(again) != 1 || again[0].Attempts != 122 {
			t.Errorf("%d incidents, %d attempts", len(again), again[0].Attempts)
		}
		if n := len(modelstest.Must(other.Incidents(ctx, models.IncidentQuery{}))(t).Items); n != 0 {
			t.Errorf("another directory has %d", n)
		}
		if _, err := other.Incident(ctx, i.ID); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		// It goes on, and stays one.
		s.Clock.Advance(20 * time.Minute)
		spray(t, s, tn, people)
		if again := find(t, s, tn); len(again) != 1 || again[0].Attempts != 242 || again[0].Name != i.Name || !again[0].BeganAt.Equal(began) {
			t.Errorf("%d incidents, %d attempts", len(again), again[0].Attempts)
		}
		// At the door: an address of it, one next door, one of another world.
		at := func(ip, agent string) record.Signals {
			return record.Signals{IP: netip.MustParseAddr(ip), ASN: 65101, UserAgent: agent}
		}
		for _, c := range []struct {
			s     record.Signals
			waves int
		}{{at("203.0.113.11", "Firefox"), 1}, {at("203.0.113.222", "Firefox"), 1}, {at("198.51.100.1", "python-requests/2.32"), 0}, {at("198.51.100.1", "Firefox"), 0}} {
			h, err := tn.RiskHistory(ctx, victim.ID, c.s, s.Now())
			if err != nil || len(h.Waves) != c.waves {
				t.Errorf("%v: %d waves, %v", c.s.IP, len(h.Waves), err)
			}
		}
		// Nothing for two hours: over.
		s.Clock.Advance(3 * time.Hour)
		if again := find(t, s, tn); len(again) != 1 || again[0].State != risk.IncidentClosed || again[0].ClosedAt == nil {
			t.Errorf("%d, %s", len(again), again[0].State)
		}
		if h, _ := tn.RiskHistory(ctx, victim.ID, at("203.0.113.11", "Firefox"), s.Now()); len(h.Waves) != 0 {
			t.Error("a wave that is over is still known at the door")
		}
		if _, err := tn.ReopenIncident(ctx, actor, i.ID); err != nil {
			t.Error(err)
		}
	})
}

// What came while the jobs were down is found afterwards, and told whole, however much else the log has.
func TestAWaveOfADayBeforeIsFound(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		people := passers(t, tn, 40)
		if list := find(t, s, tn); len(list) != 0 { // the look before
			t.Fatalf("%d incidents", len(list))
		}
		s.Clock.Advance(time.Hour)
		spray(t, s, tn, people)
		honest := make([]record.SignIn, 2100)
		for n := range honest {
			honest[n] = tried(s, tn, people[n%40], people[n%40].Address(), "192.0.2.1", "Firefox", true)
			honest[n].Kind = record.NonInteractive
		}
		modelstest.Must(tn.ImportSignIns(t.Context(), honest))(t)
		s.Clock.Advance(time.Minute)
		spray(t, s, tn, people)
		s.Clock.Advance(30 * time.Hour)
		find(t, s, tn)
		list := find(t, s, tn)
		if len(list) != 1 || list[0].Attempts != 240 || list[0].State != risk.IncidentClosed {
			t.Fatalf("%+v", list)
		}
		// A quarter of an hour later nothing of it is new.
		s.Clock.Advance(15 * time.Minute)
		if list := find(t, s, tn); len(list) != 1 {
			t.Errorf("%d incidents", len(list))
		}
	})
}

// Whoever looks from a moment of the past sees what was there then, and opens the incident then; the audit log says
// when that was written down.
func TestAttacksAreFoundFromThePast(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, tn := t.Context(), modelstest.MustTenant(t, s.Store, "")
		people := passers(t, tn, 40)
		before := s.Now()
		s.Clock.Advance(time.Hour)
		spray(t, s, tn, people)
		during := s.Now().Add(10 * time.Second)
		s.Clock.Advance(20 * time.Hour)
		for n := 1; n > 0; {
			n = modelstest.Must(tn.FoldRisk(ctx))(t)
		}
		finder := models.WaveFinder{By: audit.System("test")}
		modelstest.Must(tn.At(before).FindIncidents(ctx, finder))(t)
		if n := len(modelstest.Must(tn.Incidents(ctx, models.IncidentQuery{}))(t).Items); n != 0 {
			t.Errorf("%d incidents before it began", n)
		}
		modelstest.Must(tn.At(during).FindIncidents(ctx, finder))(t)
		list := modelstest.Must(tn.Incidents(ctx, models.IncidentQuery{}))(t).Items
		if len(list) != 1 || list[0].State != risk.IncidentOpen || list[0].Attempts != 120 || !list[0].Acts[0].At.Equal(during) {
			t.Fatalf("%+v", list)
		}
		if e := lastAudit(t, tn); e.Activity != "Open incident" || !e.At.Equal(s.Now()) {
			t.Errorf("%+v", e)
		}
	})
}

func TestHonestFailuresAreNoIncident(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		for i, u := range passers(t, tn, 60) { // behind one address: every third one mistypes twice
			if i%3 == 0 {
				must(t, tn.RecordSignIn(t.Context(), tried(s, tn, u, u.Address(), "192.0.2.1", "Firefox", false)))
				must(t, tn.RecordSignIn(t.Context(), tried(s, tn, u, u.Address(), "192.0.2.1", "Firefox", false)))
			}
			must(t, tn.RecordSignIn(t.Context(), tried(s, tn, u, u.Address(), "192.0.2.1", "Firefox", true)))
			s.Clock.Advance(time.Second)
		}
		if list := find(t, s, tn); len(list) != 0 {
			t.Errorf("%d incidents", len(list))
		}
	})
}

func TestWhatIsDoneAboutAnIncident(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s.Store, "")
		people := passers(t, tn, 40)
		spray(t, s, tn, people)
		victim := people[7]
		must(t, tn.RecordSignIn(ctx, tried(s, tn, victim, victim.Address(), "203.0.113.11", "python-requests/2.32", true)))
		i := find(t, s, tn)[0]
		door := func() string {
			h, err := tn.RiskHistory(ctx, victim.ID, record.Signals{IP: netip.MustParseAddr("203.0.113.11")}, s.Now())
			if err != nil || len(h.Waves) != 1 {
				t.Fatalf("%+v %v", h.Waves, err)
			}
			return h.Waves[0].Response
		}

		for name, r := range map[string]models.IncidentResponse{"no such response": {Response: "shout", For: time.Hour}, "no time": {Response: risk.Block}, "for ever": {Response: risk.Block, For: 10_000 * time.Hour}} {
			if _, err := tn.RespondIncident(ctx, actor, i.ID, r); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		modelstest.Must(tn.RespondIncident(ctx, actor, i.ID, models.IncidentResponse{Response: risk.Challenge, For: time.Hour}))(t)
		if door() != risk.Challenge || lastAudit(t, tn).Activity != "Respond to incident" {
			t.Error(door(), lastAudit(t, tn))
		}
		// A second admin still saw none.
		if _, err := tn.RespondIncident(ctx, actor, i.ID, models.IncidentResponse{Response: risk.Block, For: time.Hour}); !fault.Is(err, fault.Conflict) {
			t.Errorf("what somebody else decided in the meantime: %v", err)
		}
		modelstest.Must(tn.RespondIncident(ctx, actor, i.ID, models.IncidentResponse{Response: risk.Block, For: time.Hour, Was: risk.Challenge}))(t)
		if door() != risk.Block {
			t.Error(door())
		}
		s.Clock.Advance(61 * time.Minute)
		if door() != "" {
			t.Error("a response outlives its time")
		}
		modelstest.Must(tn.RespondIncident(ctx, actor, i.ID, models.IncidentResponse{Response: risk.Block, For: time.Hour}))(t)
		modelstest.Must(tn.RespondIncident(ctx, actor, i.ID, models.IncidentResponse{Was: risk.Block}))(t)
		if door() != "" {
			t.Error(door())
		}

		// Telling.
		var to []string
		post := func(_ *models.Tenant, u models.User) error { to = append(to, u.Address()); return nil }
		if _, err := tn.NotifyIncident(ctx, actor, i.ID, models.IncidentStep{Who: models.WaveEntered, Count: 2}, post); !fault.Is(err, fault.Invalid) || len(to) > 0 {
			t.Errorf("another count than was shown: %v %v", err, to)
		}
		modelstest.Must(tn.NotifyIncident(ctx, actor, i.ID, models.IncidentStep{Who: models.WaveEntered, Count: 1}, post))(t)
		if len(to) != 1 || to[0] != victim.Address() {
			t.Error(to)
		}
		everybody := modelstest.Must(tn.IncidentPeople(ctx, i.ID, models.WaveTried))(t)
		if len(everybody) != 35 { // every eighth name is nobody's
			t.Errorf("%d people were tried", len(everybody))
		}
		broken := errors.New("no queue")
		if _, err := tn.NotifyIncident(ctx, actor, i.ID, models.IncidentStep{Who: models.WaveTried, Count: 35}, func(*models.Tenant, models.User) error { return broken }); !errors.Is(err, broken) {
			t.Error(err)
		}
		modelstest.Must(tn.NotifyIncident(ctx, actor, i.ID, models.IncidentStep{Who: models.WaveTried, Count: 35}, post))(t)
		if _, err := tn.NotifyIncident(ctx, actor, i.ID, models.IncidentStep{Who: models.WaveTried, Count: 35}, post); !fault.Is(err, fault.Conflict) || len(to) != 36 {
			t.Errorf("everybody is told once: %v, %d mails", err, len(to))
		}

		// Unwinding.
		if _, err := tn.UnwindIncident(ctx, actor, i.ID, 5); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		if got := modelstest.Must(tn.UnwindIncident(ctx, actor, i.ID, 1))(t); got.People != 1 || len(got.Skipped) != 0 {
			t.Errorf("%+v", got)
		}
		u := modelstest.Must(tn.User(ctx, victim.ID))(t)
		if u.Risk.State != models.RiskConfirmed || !u.MustChangePassword || !u.SessionsValidFrom.Equal(s.Now()) {
			t.Errorf("%+v", u.Account)
		}
		if got := modelstest.Must(tn.UnwindIncident(ctx, actor, i.ID, 0))(t); got.People != 0 {
			t.Error("unwound twice")
		}

		modelstest.Must(tn.CloseIncident(ctx, actor, i.ID, "A rented machine; reported to its host."))(t)
		if got := find(t, s, tn); len(got) != 1 || got[0].State != risk.IncidentClosed {
			t.Errorf("a closed incident comes back by itself: %d", len(got))
		}
		got := modelstest.Must(tn.ReopenIncident(ctx, actor, i.ID))(t)
		if got.State != risk.IncidentOpen || len(got.Acts) < 8 {
			t.Errorf("%+v", got.Acts)
		}
		s.Clock.Advance(400 * 24 * time.Hour)
		modelstest.Must(tn.CloseIncident(ctx, actor, i.ID, ""))(t)
		if n := modelstest.Must(tn.PurgeIncidents(ctx, s.Now().Add(-365*24*time.Hour), 10))(t); n != 1 {
			t.Error("an old incident is kept")
		}
	})
}

func TestBurstsAndPumping(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn := modelstest.MustTenant(t, s.Store, "")
		for i := range 30 {
			u := modelstest.MustUser(t, tn, fmt.Sprintf("bot%d@mailtrap.example", i))
			r := tried(s, tn, u, u.Address(), fmt.Sprintf("198.51.%d.9", i), "python-requests/2.32", true)
			r.SignUp, r.Signals.ASN = true, 64500+uint(i)
			must(t, tn.RecordSignIn(ctx, r))
			s.Clock.Advance(time.Second)
		}
		for range 70 {
			modelstest.Must((models.SignInStores{Store: s.Store}).SignIns(tn.ID).TakeText(ctx, "992", false, 60, s.Now()))(t)
		}
		kinds := map[string]risk.Incident{}
		for _, i := range find(t, s, tn) {
			kinds[i.Kind] = i
		}
		if burst := kinds[risk.SignUpBurst]; len(kinds) != 2 || burst.SignUps != 30 || burst.Level != "medium" || len(burst.Entries) != 0 {
			t.Errorf("%d kinds, %d sign-ups, %s", len(kinds), burst.SignUps, burst.Level)
		}
		if texts := kinds[risk.SMSPumping]; texts.Code != "992" || texts.Attempts != 70 || texts.Refused != 10 || !strings.Contains(texts.Name, "+992") {
			t.Errorf("%s: %d, %d refused", texts.Name, texts.Attempts, texts.Refused)
		}
		if _, err := tn.RespondIncident(ctx, modelstest.Actor(), kinds[risk.SMSPumping].ID, models.IncidentResponse{Response: risk.Block, For: time.Hour}); !fault.Is(err, fault.Conflict) {
			t.Errorf("nobody signs in by text messages that were not sent: %v", err)
		}
	})
}

// What an incident has told is not told once more: a stray failure hours after a wave ended, or after somebody closed it
// as a false alarm, opens none, and an attack that goes on is told from there.
func TestAnEndedWaveDoesNotComeBackByAStrayFailure(t *testing.T) {
	for says, closed := range map[string]bool{"by itself": false, "by hand": true} {
		t.Run(says, func(t *testing.T) {
			modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
				ctx := t.Context()
				tn := modelstest.MustTenant(t, s.Store, "")
				people := passers(t, tn, 40)
				spray(t, s, tn, people)
				i := find(t, s, tn)[0]
				if closed {
					modelstest.Must(tn.CloseIncident(ctx, modelstest.Actor(), i.ID, "A test of ours"))(t)
					s.Clock.Advance(25 * time.Minute)
				} else {
					s.Clock.Advance(3 * time.Hour)
					find(t, s, tn)
					s.Clock.Advance(4 * time.Hour)
				}
				for range 2 {
					must(t, tn.RecordSignIn(ctx, tried(s, tn, people[1], people[1].Address(), "203.0.113.12", "Firefox", false)))
					s.Clock.Advance(time.Minute)
				}
				s.Clock.Advance(15 * time.Minute)
				if list := find(t, s, tn); len(list) != 1 || list[0].State != risk.IncidentClosed || list[0].Attempts != 120 {
					t.Fatalf("closed by hand %v: %d incidents, %s, %d attempts", closed, len(list), list[0].Name, list[0].Attempts)
				}
				s.Clock.Advance(time.Minute)
				began := s.Now()
				spray(t, s, tn, people)
				list := find(t, s, tn)
				if len(list) != 2 || list[0].State != risk.IncidentOpen || list[0].Attempts < 120 || list[0].Attempts > 122 || list[0].BeganAt.After(began) {
					t.Errorf("closed by hand %v: %d incidents, %+v", closed, len(list), list[0].Attempts)
				}
			})
		})
	}
}

// Neither do bursts and text messages whose incident somebody closed.
func TestClosedBurstsAndPumpingStayClosed(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn := modelstest.MustTenant(t, s.Store, "")
		signUp := func(n int) {
			u := modelstest.MustUser(t, tn, fmt.Sprintf("bot%d@mailtrap.example", n))
			r := tried(s, tn, u, u.Address(), fmt.Sprintf("198.51.%d.9", n), "python-requests/2.32", true)
			r.SignUp, r.Signals.ASN = true, 64500+uint(n)
			must(t, tn.RecordSignIn(ctx, r))
			s.Clock.Advance(time.Second)
		}
		text := func() {
			modelstest.Must((models.SignInStores{Store: s.Store}).SignIns(tn.ID).TakeText(ctx, "992", false, 60, s.Now()))(t)
		}
		for n := range 30 {
			signUp(n)
		}
		for range 70 {
			text()
		}
		for _, i := range find(t, s, tn) {
			modelstest.Must(tn.CloseIncident(ctx, modelstest.Actor(), i.ID, "Ours"))(t)
		}
		s.Clock.Advance(20 * time.Minute)
		signUp(40)
		text()
		if list := find(t, s, tn); len(list) != 2 || list[0].State != risk.IncidentClosed || list[1].State != risk.IncidentClosed {
			t.Errorf("%d incidents", len(list))
		}
	})
}
