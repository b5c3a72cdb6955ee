package models_test

import (
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/record"
	"portico/app/risk"
	"portico/models"
	"portico/models/modelstest"
)

func lines(list ...string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, l := range list {
			if !yield(l, nil) {
				return
			}
		}
	}
}

func TestLeakedAddresses(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		old := modelstest.MustUserWithPassword(t, tn, "ann@example.com", "$argon2id$x")
		codes := modelstest.MustUser(t, tn, "bob@example.com") // has no password
		modelstest.MustUserWithPassword(t, other, "ann@example.com", "$argon2id$x")
		s.Clock.Advance(time.Hour)
		leak := s.Now()
		s.Clock.Advance(time.Hour)
		young := modelstest.MustUserWithPassword(t, tn, "joe@example.com", "$argon2id$x")
		s.Clock.Advance(time.Hour)
		level := func(u models.User) string { return modelstest.Must(tn.User(ctx, u.ID))(t).Risk.Level }

		list := modelstest.Must(tn.ImportLeaked(ctx, actor, "Bookshop", leak, lines("email,password", "ANN@example.com,hunter2", "bob@example.com:secret", "joe@example.com", "", "# a remark", "no address", "ann@example.com", "nobody@example.org")))(t)
		if list.State != models.LeakReady || list.Rows != 6 || list.Bad != 1 || list.Added != 4 || list.People != 1 || len(list.Lines) != 1 || list.Lines[0].Line != 7 {
			t.Errorf("%+v", list)
		}
		if level(old) != "" {
			t.Error("something came of a list that nobody confirmed")
		}
		if h, _ := tn.RiskHistory(ctx, old.ID, record.Signals{}, s.Now()); h.Leaked {
			t.Error("a list counts before it is confirmed")
		}
		if _, err := tn.ApplyLeaked(ctx, actor, list.ID, 7); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		modelstest.Must(tn.ApplyLeaked(ctx, actor, list.ID, 1))(t)
		modelstest.Must(tn.ApplyLeaked(ctx, actor, list.ID, 1))(t) // pressed twice
		for n := 1; n > 0; {
			n = modelstest.Must(tn.StepLeaked(ctx, audit.System("test")))(t)
		}
		if level(old) != "high" || level(codes) != "" || level(young) != "" {
			t.Errorf("old %q, without %q, young %q", level(old), level(codes), level(young))
		}
		got := modelstest.Must(tn.LeakedImport(ctx, list.ID))(t)
		if got.State != models.LeakApplying && got.State != models.LeakDone || got.Found != 1 {
			t.Errorf("%+v", got.LeakedImportRow)
		}
		modelstest.Must(tn.StepLeaked(ctx, audit.System("test")))(t)
		if h, _ := tn.RiskHistory(ctx, old.ID, record.Signals{}, s.Now()); !h.Leaked {
			t.Error("the list does not count")
		}
		found := modelstest.Must(tn.Detections(ctx, models.DetectionQuery{Types: []string{models.Leaked}}))(t).Items
		if len(found) != 1 || found[0].SignInID != "" || found[0].Activity != models.ActivityUser || found[0].Evidence["source"] != "Bookshop" {
			t.Errorf("%+v", found)
		}
		if n := len(modelstest.Must(other.LeakedImports(ctx, "", 0))(t).Items); n != 0 {
			t.Error("another directory has the list")
		}
		// The same list again concerns nobody anew.
		if again := modelstest.Must(tn.ImportLeaked(ctx, actor, "Bookshop again", leak, lines("ann@example.com")))(t); again.Added != 0 || again.People != 0 {
			t.Errorf("%+v", again.LeakedImportRow)
		}
		must(t, tn.DeleteLeaked(ctx, actor, list.ID))
		if h, _ := tn.RiskHistory(ctx, old.ID, record.Signals{}, s.Now()); h.Leaked {
			t.Error("a deleted list counts")
		}

		broken := errors.New("the sender went away")
		if _, err := tn.ImportLeaked(ctx, actor, "Half", leak, func(yield func(string, error) bool) {
			for i := range 600 {
				if !yield(fmt.Sprintf("x%d@example.com", i), nil) {
					return
				}
			}
			yield("", broken)
		}); !errors.Is(err, broken) {
			t.Error(err)
		}
		if n := len(modelstest.Must(tn.LeakedImports(ctx, "", 0))(t).Items); n != 1 {
			t.Errorf("%d lists, a broken one is kept", n)
		}
		for name, err := range map[string]error{"no name": leakProblem(tn.ImportLeaked(ctx, actor, " ", leak, lines("a@example.com"))), "tomorrow": leakProblem(tn.ImportLeaked(ctx, actor, "x", s.Now().Add(time.Hour), lines("a@example.com"))), "nothing": leakProblem(tn.ImportLeaked(ctx, actor, "x", leak, lines("", "what?", "no")))} {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		s.Clock.Advance(48 * time.Hour)
		must(t, tn.PurgeLeaked(ctx))
		if n := len(modelstest.Must(tn.LeakedImports(ctx, "", 0))(t).Items); n != 0 {
			t.Errorf("%d lists wait for ever", n)
		}
	})
}

func leakProblem[T any](_ T, err error) error { return err }

func TestThreatIndicators(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		here := record.Signals{IP: netip.MustParseAddr("203.0.113.7")}
		matches := func(tn *models.Tenant) int {
			h, err := tn.RiskHistory(ctx, "", here, s.Now())
			must(t, err)
			return len(h.Indicators)
		}
		modelstest.Must(s.Store.Directory(ctx, tn.ID))(t) // a snapshot from before
		i := modelstest.Must(tn.PutIndicator(ctx, actor, risk.Indicator{Kind: risk.IndicatorIP, Value: "203.0.113.9/24", Level: "high", Note: "a partner"}))(t)
		modelstest.Must(s.Store.Directory(ctx, tn.ID))(t)
		if i.Value != "203.0.113.0/24" || matches(tn) != 1 || matches(other) != 0 {
			t.Errorf("%+v, %d, %d", i, matches(tn), matches(other))
		}
		again := modelstest.Must(tn.PutIndicator(ctx, actor, risk.Indicator{Kind: risk.IndicatorIP, Value: "203.0.113.0/24", Level: "low"}))(t)
		if again.ID != i.ID || modelstest.Must(tn.CountIndicators(ctx))(t) != 1 || lastAudit(t, tn).Activity != "Update threat indicator" {
			t.Errorf("entered twice: %+v", again)
		}
		i.Value, i.Level = "198.51.100.0/24", "medium"
		if got := modelstest.Must(tn.PutIndicator(ctx, actor, i))(t); got.Value != "203.0.113.0/24" || got.Level != "medium" {
			t.Errorf("what it is about changed: %+v", got)
		}
		if _, err := other.PutIndicator(ctx, actor, i); !fault.Is(err, fault.NotFound) {
			t.Errorf("another directory's: %v", err)
		}
		added, removed, err := tn.ImportIndicators(ctx, actor, []risk.Indicator{{Kind: risk.IndicatorASN, Value: "65101"}, {Kind: risk.IndicatorASN, Value: "AS65101"}}, true)
		if err != nil || added != 1 || removed != 1 {
			t.Errorf("%d added, %d removed, %v", added, removed, err)
		}
		var agents []risk.Indicator
		for n := range risk.MaxAgentIndicators + 1 {
			agents = append(agents, risk.Indicator{Kind: risk.IndicatorAgent, Value: fmt.Sprint("attacker-tool-", n)})
		}
		if _, _, err := tn.ImportIndicators(ctx, actor, agents, false); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		list := modelstest.Must(tn.Indicators(ctx, models.IndicatorQuery{Search: "AS651"}))(t).Items
		if len(list) != 1 || list[0].By != actor.Name {
			t.Fatalf("%+v", list)
		}
		must(t, tn.DeleteIndicator(ctx, actor, list[0].ID))
		if err := tn.DeleteIndicator(ctx, actor, list[0].ID); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
	})
}
