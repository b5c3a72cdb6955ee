package models_test

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

func entry(at time.Time, edit func(*record.SignIn)) record.SignIn {
	r := record.SignIn{ID: models.NewID(), Kind: record.Interactive, Protocol: "openid", StartedAt: at, EndedAt: at,
		App: record.Party{ID: "app-1", Name: "Market"}, User: record.Party{ID: "user-1", Name: "Anna Smith"}, Identifier: "Anna@Example.com",
		Signals: record.Signals{IP: netip.MustParseAddr("192.0.2.1"), Country: "DE"}, Outcome: record.Outcome{Result: record.Success}, CorrelationID: "c-1"}
	if edit != nil {
		edit(&r)
	}
	return r
}

func TestSignInLogFilters(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn := modelstest.MustTenant(t, s.Store, "")
		u := modelstest.MustUser(t, tn, "anna.smith@example.com")
		base := s.Now()
		add := func(minute int, edit func(*record.SignIn)) string {
			r := entry(base.Add(time.Duration(minute)*time.Minute), edit)
			if err := tn.RecordSignIn(ctx, r); err != nil {
				t.Fatal(err)
			}
			return r.ID
		}
		plain := add(0, nil)
		failed := add(1, func(r *record.SignIn) { r.Outcome = record.Outcome{Result: record.Failure, Code: 50126} })
		other := add(2, func(r *record.SignIn) {
			r.User, r.App, r.Signals.Country, r.CorrelationID = record.Party{ID: u.ID, Name: u.DisplayName}, record.Party{ID: "app-2"}, "FR", "c-2"
			r.Identifier, r.Signals.IP, r.SignUp, r.RiskLevel = "", netip.MustParseAddr("2001:db8::1"), true, "high"
		})
		unknown := add(3, func(r *record.SignIn) {
			r.User, r.Identifier, r.Kind = record.Party{}, "nobody@example.com", record.Service
		})
		yes := true
		for _, c := range []struct {
			name string
			q    models.SignInQuery
			want []string
		}{
			{"all, newest first", models.SignInQuery{}, []string{unknown, other, failed, plain}},
			{"oldest first", models.SignInQuery{OldestFirst: true}, []string{plain, failed, other, unknown}},
			{"from is included, to is not", models.SignInQuery{From: base.Add(time.Minute), To: base.Add(3 * time.Minute)}, []string{other, failed}},
			{"times in another zone", models.SignInQuery{From: base.Add(time.Minute).In(time.FixedZone("x", 9*3600))}, []string{unknown, other, failed}},
			{"user", models.SignInQuery{UserID: u.ID}, []string{other}},
			{"app", models.SignInQuery{ClientID: "app-2"}, []string{other}},
			{"result", models.SignInQuery{Result: "failure"}, []string{failed}},
			{"country", models.SignInQuery{Country: "FR"}, []string{other}},
			{"address", models.SignInQuery{IP: "192.0.2.1"}, []string{unknown, failed, plain}},
			{"correlation", models.SignInQuery{CorrelationID: "c-2"}, []string{other}},
			{"kind", models.SignInQuery{Kind: "servicePrincipal"}, []string{unknown}},
			{"sign-ups", models.SignInQuery{SignUp: &yes}, []string{other}},
			{"risk", models.SignInQuery{RiskLevel: "high"}, []string{other}},
			{"text: what was typed", models.SignInQuery{Search: "ANNA@ex"}, []string{failed, plain}},
			{"text: typed by nobody we know", models.SignInQuery{Search: "nobody@"}, []string{unknown}},
			{"text: a person's name", models.SignInQuery{Search: "smith"}, []string{other}},
			{"text: an id", models.SignInQuery{Search: u.ID}, []string{other}},
		} {
			p, err := tn.SignIns(ctx, c.q)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			var got []string
			for _, r := range p.Items {
				got = append(got, r.ID)
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want)
			}
		}
		r, err := tn.SignIn(ctx, other)
		if err != nil || r.Signals.IP.String() != "2001:db8::1" || !r.SignUp || r.TenantID != tn.ID {
			t.Errorf("the record came back as %+v, %v", r, err)
		}
		stranger := modelstest.MustTenant(t, s.Store, "")
		if _, err := stranger.SignIn(ctx, other); !fault.Is(err, fault.NotFound) {
			t.Errorf("another tenant reads it: %v", err)
		}
		if p, _ := tn.Timeline(ctx, u.ID, "", 1); len(p.Items) != 1 || p.Items[0].SignIn == nil || p.Next == "" {
			t.Errorf("timeline starts with %+v", p)
		} else if p, _ = tn.Timeline(ctx, u.ID, p.Next, 1); len(p.Items) != 1 || p.Items[0].Audit == nil || p.Next != "" {
			t.Errorf("timeline goes on with %+v", p)
		}
		if n, err := tn.PurgeSignIns(ctx, base.Add(3*time.Minute), 2); n != 2 || err != nil {
			t.Errorf("purged %d, %v", n, err)
		}
		if p, _ := tn.SignIns(ctx, models.SignInQuery{}); len(p.Items) != 2 || p.Items[1].ID != other {
			t.Errorf("the purge left %v", p.Items)
		}
	})
}

func TestPagesNeitherRepeatNorLoseEntriesOfOneMoment(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		for range 25 {
			if err := tn.RecordSignIn(t.Context(), entry(s.Now(), nil)); err != nil {
				t.Fatal(err)
			}
			modelstest.MustUser(t, tn, models.NewID()+"@example.com")
			// everybody has the same name
			p, _ := tn.Users(t.Context(), models.UserQuery{Search: "@example.com", Limit: 1, Sort: models.SortByCreated})
			_, _ = tn.UpdateUser(t.Context(), modelstest.Actor(), p.Items[0].ID, func(u *models.User) error { u.DisplayName = "Same"; return nil })
		}
		seen := map[string]int{}
		after := ""
		for {
			p, err := tn.SignIns(t.Context(), models.SignInQuery{Limit: 4, After: after})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range p.Items {
				seen[r.ID]++
			}
			// entries that arrive meanwhile push nothing around
			_ = tn.RecordSignIn(t.Context(), entry(s.Now().Add(time.Hour), nil))
			if after = p.Next; after == "" {
				break
			}
		}
		if len(seen) != 25 {
			t.Errorf("pages showed %d of 25 entries", len(seen))
		}
		for _, sort := range []string{models.SortByName, models.SortByCreated} {
			for _, desc := range []bool{false, true} {
				users := map[string]int{}
				for after := ""; ; {
					p, err := tn.Users(t.Context(), models.UserQuery{Sort: sort, Desc: desc, Limit: 4, After: after})
					if err != nil {
						t.Fatal(err)
					}
					for _, u := range p.Items {
						users[u.ID]++
					}
					if after = p.Next; after == "" {
						break
					}
				}
				for id, n := range users {
					if n != 1 {
						t.Errorf("%s desc=%v: %s is shown %d times", sort, desc, id, n)
					}
				}
				if len(users) != 25 {
					t.Errorf("%s desc=%v: %d of 25 people", sort, desc, len(users))
				}
			}
		}
		if _, err := tn.SignIns(t.Context(), models.SignInQuery{After: "made up"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a made-up cursor: %v", err)
		}
	})
}

func TestServiceEntriesAreFolded(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn, there := modelstest.MustTenant(t, s.Store, ""), s.Again(t)
		service := func(ip string) record.SignIn {
			return entry(s.Now(), func(r *record.SignIn) {
				r.ID, r.Kind, r.User, r.Signals.IP = "", record.Service, record.Party{}, netip.MustParseAddr(ip)
			})
		}
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				where := tn
				if i%4 == 0 {
					where = there.Tenant(tn.ID) // another instance
				}
				if err := where.FoldSignIn(ctx, service("192.0.2.1")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if p, _ := tn.SignIns(ctx, models.SignInQuery{}); len(p.Items) != 1 {
			t.Fatalf("%d rows before the flush", len(p.Items))
		}
		for _, ip := range []string{"192.0.2.2", "2001:db8::1", "2001:db8::2"} {
			if err := tn.FoldSignIn(ctx, service(ip)); err != nil {
				t.Fatal(err)
			}
		}
		for _, store := range []*models.Store{s.Store, there} {
			if err := store.FlushSignIns(ctx); err != nil {
				t.Fatal(err)
			}
		}
		s.Clock.Advance(time.Minute)
		if err := tn.FoldSignIn(ctx, service("192.0.2.1")); err != nil {
			t.Fatal(err)
		}
		counts := map[string]int{}
		p, err := tn.SignIns(ctx, models.SignInQuery{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Items {
			counts[r.Signals.IP.String()+r.EndedAt.Format(" 15:04")] = max(r.Count, 1)
		}
		want := map[string]int{"192.0.2.1 12:00": 100, "192.0.2.2 12:00": 1, "2001:db8::1 12:00": 2, "192.0.2.1 12:01": 1}
		if fmt.Sprint(counts) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", counts, want)
		}
	})
}

// Two steps on a person's own pages that a policy refused within one minute are two entries.
func TestDifferentActionsAreNotFolded(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		tn := modelstest.MustTenant(t, s, "")
		for _, action := range []string{"changePassword", "deleteAccount", "deleteAccount"} {
			r := entry(s.Now(), func(r *record.SignIn) { r.ID, r.Inputs = "", &record.Inputs{Action: action} })
			if err := tn.FoldSignIn(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		p, err := tn.SignIns(ctx, models.SignInQuery{})
		if err != nil || len(p.Items) != 2 {
			t.Errorf("%d entries for two actions, %v", len(p.Items), err)
		}
	})
}

func TestAuditLog(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		tn := modelstest.MustTenant(t, s, "")
		admin := audit.Actor{Kind: audit.ActorUser, ID: "admin-1", Name: "Ada Admin", IP: "192.0.2.9", CorrelationID: "c-9"}
		u := modelstest.MustUser(t, tn, "bob@example.com")
		if _, err := tn.UpdateUser(ctx, admin, u.ID, func(u *models.User) error { u.City = "Ulm"; return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := tn.UpdateUser(ctx, admin, u.ID, func(u *models.User) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if err := tn.SetPassword(ctx, admin, u.ID, models.PasswordChange{Hash: "$argon2id$secret"}); err != nil {
			t.Fatal(err)
		}
		p, err := tn.Audits(ctx, models.AuditQuery{ActorID: "admin-1", OldestFirst: true})
		if err != nil || len(p.Items) != 2 {
			t.Fatalf("the admin did %+v, %v; a change that changes nothing leaves no entry", p.Items, err)
		}
		e := p.Items[0]
		if e.Actor != admin || e.Target.ID != u.ID || len(e.Changes) != 1 || e.Changes[0].Property != "city" || e.Changes[0].Old != "" && e.Changes[0].Old != nil || e.Changes[0].New != "Ulm" {
			t.Errorf("the entry is %+v", e)
		}
		if c := p.Items[1].Changes[0]; c.Property != "password" || c.Old != nil || c.New != nil {
			t.Errorf("the log tells of the password: %+v", c)
		}
		for name, q := range map[string]models.AuditQuery{
			"category": {Category: "UserManagement", ActorID: "admin-1"}, "target": {TargetID: u.ID, ActorKind: "user"}, "search": {Search: "ada"},
			"activity": {Activity: "Update user"}, "correlation": {CorrelationID: "c-9"}, "operation": {Operation: "Update"},
		} {
			if p, err := tn.Audits(ctx, q); err != nil || len(p.Items) == 0 || p.Items[len(p.Items)-1].ID != e.ID {
				t.Errorf("%s: %+v, %v", name, p.Items, err)
			}
		}
		if got, err := tn.Audit(ctx, e.ID); err != nil || got.ID != e.ID {
			t.Errorf("one entry: %+v, %v", got, err)
		}
	})
}

func TestAnUndoneFoldIsNotCountedOn(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		tn := modelstest.MustTenant(t, s, "")
		stop := errors.New("stop")
		r := entry(s.Now(), func(r *record.SignIn) { r.Kind = record.Service })
		if err := tn.InTx(ctx, func(tn *models.Tenant) error { return errors.Join(tn.FoldSignIn(ctx, r), stop) }); !errors.Is(err, stop) {
			t.Fatal(err)
		}
		for range 2 {
			if err := tn.FoldSignIn(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.FlushSignIns(ctx); err != nil {
			t.Fatal(err)
		}
		if p, err := tn.SignIns(ctx, models.SignInQuery{}); err != nil || len(p.Items) != 1 || p.Items[0].Count != 2 {
			t.Errorf("%+v, %v", p.Items, err)
		}
	})
}
