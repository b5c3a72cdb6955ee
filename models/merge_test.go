package models_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

func mergeAll() models.MergeRights {
	return models.MergeRights{Methods: true, Groups: true, Roles: true}
}

// pair is two accounts that have a bit of everything.
type pair struct {
	tn        *models.Tenant
	ann, anna models.User // ann stays
	app       models.Application
	groups    []account.Group
}

func mustPair(t *testing.T, s modelstest.Scratch) pair {
	t.Helper()
	ctx, actor := t.Context(), modelstest.Actor()
	p := pair{tn: modelstest.MustTenant(t, s.Store, "")}
	p.ann = modelstest.MustUserWithPassword(t, p.tn, "ann@example.com", "$argon2id$into")
	p.anna = modelstest.MustUserWithPassword(t, p.tn, "anna@work.example", "$argon2id$from")
	p.app, _ = modelstest.MustApp(t, p.tn, "Shop", "https://shop.example/cb")
	for _, name := range []string{"Both", "Only Ann", "Only Anna"} {
		p.groups = append(p.groups, modelstest.Must(p.tn.CreateGroup(ctx, actor, account.Group{Name: name}))(t))
	}
	for _, in := range [][2]string{{p.groups[0].ID, p.ann.ID}, {p.groups[0].ID, p.anna.ID}, {p.groups[1].ID, p.ann.ID}, {p.groups[2].ID, p.anna.ID}} {
		must(t, p.tn.AddMember(ctx, actor, in[0], in[1]))
	}
	must(t, p.tn.SaveConsent(ctx, p.ann.ID, p.app.ClientID, []string{"openid", "email"}, s.Clock.Now()))
	must(t, p.tn.SaveConsent(ctx, p.anna.ID, p.app.ClientID, []string{"openid", "profile"}, s.Clock.Now()))
	must(t, p.tn.Accept(ctx, actor, p.ann.ID, []userflow.Acceptance{{TermsID: "t", Version: 1, Locale: "en", At: s.Clock.Now()}}))
	must(t, p.tn.Accept(ctx, actor, p.anna.ID, []userflow.Acceptance{{TermsID: "t", Version: 1, Locale: "en", At: s.Clock.Now()}, {TermsID: "t", Version: 2, Locale: "de", At: s.Clock.Now()}}))
	for _, c := range []models.Credential{
		{UserID: p.ann.ID, Kind: models.KindTOTP, Name: "Phone", Secret: []byte("a")}, {UserID: p.ann.ID, Kind: models.KindEmail, Name: "both@example.com"},
		{UserID: p.anna.ID, Kind: models.KindTOTP, Name: "Tablet", Secret: []byte("b")}, {UserID: p.anna.ID, Kind: models.KindEmail, Name: "Both@example.com"},
		{UserID: p.anna.ID, Kind: models.KindPasskey, Name: "Laptop", LookupKey: "key"}, {UserID: p.anna.ID, Kind: models.KindRecovery, Secret: []byte("r")},
	} {
		modelstest.Must(p.tn.AddCredential(ctx, actor, c))(t)
	}
	p.anna = modelstest.Must(p.tn.UpdateUser(ctx, actor, p.anna.ID, func(u *models.User) error {
		u.City, u.JobTitle, u.DisplayName = "Lisbon", "Buyer", "Anna"
		u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInFederated, Issuer: "google.com", Value: "42"})
		return nil
	}))(t)
	p.ann = modelstest.Must(p.tn.UpdateUser(ctx, actor, p.ann.ID, func(u *models.User) error { u.City, u.DisplayName = "Porto", "Ann"; return nil }))(t)
	return p
}

func (p pair) request() models.MergeRequest {
	return models.MergeRequest{Into: p.ann.ID, From: p.anna.ID, Rights: mergeAll()}
}

func TestMergeUsers(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		p := mustPair(t, s)
		must(t, p.tn.RecordSignIn(ctx, record.SignIn{ID: models.NewID(), User: record.Party{ID: p.anna.ID, Name: "Anna"}, Kind: record.Interactive, Outcome: record.Outcome{Result: record.Success}, StartedAt: s.Clock.Now(), EndedAt: s.Clock.Now()}))
		req := p.request()
		req.Take = map[string]bool{"city": true}
		plan := modelstest.Must(p.tn.PlanMerge(ctx, req))(t)
		said := strings.Join(plan.Sentences(), "\n")
		for _, want := range []string{"“Anna” vanishes, “Ann” stays", "anna@work.example, an account at google.com", "Both have a password", "authenticator app “Tablet”, passkey “Laptop”",
			"Not coming along: code by email “Both@example.com”", "recovery codes of “Anna” stop", "member of: Only Anna.", "Shop", "1 accepted terms", "ann@example.com and anna@work.example"} {
			if !strings.Contains(said, want) {
				t.Errorf("the preview lacks %q:\n%s", want, said)
			}
		}
		if before := modelstest.Must(p.tn.User(ctx, p.anna.ID))(t); len(plan.Obstacles) > 0 || before.DisplayName != "Anna" {
			t.Fatalf("%+v", plan.Obstacles)
		}
		req.Revision = plan.Revision
		modelstest.Must(p.tn.MergeUsers(ctx, actor, req))(t)

		u := modelstest.Must(p.tn.User(ctx, p.ann.ID))(t)
		var kinds []string
		for _, m := range u.Methods {
			kinds = append(kinds, m.Kind)
		}
		slices.Sort(kinds)
		if u.DisplayName != "Ann" || u.City != "Lisbon" || u.JobTitle != "Buyer" || len(u.Identities) != 3 || strings.Join(kinds, " ") != "email passkey totp totp" || u.Mail != "ann@example.com" {
			t.Errorf("%+v %v", u, kinds)
		}
		if got := modelstest.Must(p.tn.Password(ctx, u.ID))(t); got != "$argon2id$into" {
			t.Errorf("password %q", got)
		}
		if got := modelstest.Must(p.tn.GroupsOf(ctx, u.ID, false))(t); len(got) != 3 {
			t.Errorf("groups %+v", got)
		}
		if got := modelstest.Must(p.tn.Consented(ctx, u.ID, p.app.ClientID))(t); strings.Join(got, " ") != "openid email profile" {
			t.Errorf("consent %v", got)
		}
		if got := modelstest.Must(p.tn.Acceptances(ctx, u.ID))(t); len(got) != 2 {
			t.Errorf("terms %+v", got)
		}
		for _, id := range [][3]string{{account.SignInEmail, "", "anna@work.example"}, {account.SignInFederated, "google.com", "42"}, {account.SignInEmail, "", "ann@example.com"}} {
			if got := modelstest.Must(p.tn.UserByIdentity(ctx, id[0], id[1], id[2]))(t); got.ID != u.ID {
				t.Errorf("%v is %q", id, got.ID)
			}
		}
		if found := modelstest.Must(p.tn.Users(ctx, models.UserQuery{Search: "anna@work"}))(t); len(found.Items) != 1 || found.Items[0].ID != u.ID {
			t.Errorf("the search finds %+v", found.Items)
		}
		if _, err := p.tn.User(ctx, p.anna.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the vanished account: %v", err)
		}
		if got := modelstest.Must((models.SignInStores{Store: s.Store}).SignIns(p.tn.ID).AccountByHandle(ctx, p.anna.ID))(t); got.ID != u.ID {
			t.Errorf("the passkey's handle leads to %q", got.ID)
		}
		if got := modelstest.Must((models.SignInStores{Store: s.Store}).SignIns(p.tn.ID).AccountByID(ctx, p.anna.ID))(t); got.ID != "" {
			t.Error("the old id is an account")
		}
		history := modelstest.Must(p.tn.Timeline(ctx, u.ID, "", 100))(t)
		if !slices.ContainsFunc(history.Items, func(e models.TimelineEntry) bool { return e.SignIn != nil && e.SignIn.User.ID == p.anna.ID }) {
			t.Error("the timeline lacks the old account's sign-in")
		}
		// Asked again it is done already; nothing happens twice.
		audits := len(modelstest.Must(p.tn.Audits(ctx, models.AuditQuery{TargetID: u.ID, Limit: 200}))(t).Items)
		modelstest.Must(p.tn.MergeUsers(ctx, actor, req))(t)
		if again := len(modelstest.Must(p.tn.Audits(ctx, models.AuditQuery{TargetID: u.ID, Limit: 200}))(t).Items); again != audits {
			t.Errorf("%d entries, then %d", audits, again)
		}
		if _, err := p.tn.MergeUsers(ctx, actor, models.MergeRequest{Into: p.anna.ID, From: p.ann.ID, Rights: mergeAll()}); !fault.Is(err, fault.Conflict) {
			t.Errorf("the other way round: %v", err)
		}
		gone := modelstest.Must(p.tn.Audits(ctx, models.AuditQuery{TargetID: p.anna.ID, Limit: 200}))(t).Items
		if !slices.ContainsFunc(gone, func(e models.AuditEntry) bool { return e.Activity == "Hard delete user" }) {
			t.Error("the log lacks the end of the vanished account")
		}
		// A chain: whoever went into somebody who goes into a third belongs to the third.
		third := modelstest.MustUser(t, p.tn, "third@example.com")
		modelstest.Must(p.tn.MergeUsers(ctx, actor, models.MergeRequest{Into: third.ID, From: u.ID, Rights: mergeAll()}))(t)
		if now := modelstest.Must(p.tn.MergedInto(ctx, p.anna.ID))(t); now != third.ID {
			t.Errorf("the first went to %q", now)
		}
		must(t, errors.Join(p.tn.DeleteUser(ctx, actor, third.ID), p.tn.PurgeUser(ctx, actor, third.ID)))
		if now := modelstest.Must(p.tn.MergedInto(ctx, p.anna.ID))(t); now != "" {
			t.Error("who is erased is remembered")
		}
	})
}

func TestWhatIsNotMerged(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		p := mustPair(t, s)
		other := modelstest.MustTenant(t, s.Store, "")
		stranger := modelstest.MustUser(t, other, "anna@work.example")
		obstacle := func(rights models.MergeRights) string {
			req := p.request()
			req.Rights = rights
			m := modelstest.Must(p.tn.PlanMerge(ctx, req))(t)
			_, err := p.tn.MergeUsers(ctx, actor, req)
			if len(m.Obstacles) == 0 || !fault.Is(err, fault.Conflict) {
				t.Fatalf("%+v: %+v, %v", rights, m.Obstacles, err)
			}
			return m.Obstacles[0].Key
		}
		for _, c := range []struct {
			without models.MergeRights
			key     string
		}{
			{models.MergeRights{Groups: true, Roles: true}, "user.merge.methods_right"},
			{models.MergeRights{Methods: true, Roles: true}, "user.merge.groups_right"},
		} {
			if got := obstacle(c.without); got != c.key {
				t.Errorf("%+v: %s", c.without, got)
			}
		}
		for what, c := range map[string]struct {
			req  models.MergeRequest
			code fault.Code
		}{
			"with itself":            {models.MergeRequest{Into: p.ann.ID, From: p.ann.ID, Rights: mergeAll()}, fault.Invalid},
			"across tenants":         {models.MergeRequest{Into: p.ann.ID, From: stranger.ID, Rights: mergeAll()}, fault.NotFound},
			"into another tenant's":  {models.MergeRequest{Into: stranger.ID, From: p.ann.ID, Rights: mergeAll()}, fault.NotFound},
			"by a plan that is old":  {models.MergeRequest{Into: p.ann.ID, From: p.anna.ID, Rights: mergeAll(), Revision: "old"}, fault.Conflict},
			"by an unknown property": {models.MergeRequest{Into: p.ann.ID, From: p.anna.ID, Rights: mergeAll(), Take: map[string]bool{"enabled": true}}, fault.Invalid},
		} {
			if _, err := p.tn.MergeUsers(ctx, actor, c.req); !fault.Is(err, c.code) {
				t.Errorf("%s: %v", what, err)
			}
		}
		rule := modelstest.Must(p.tn.CreatePolicy(ctx, actor, policy.Policy{Name: "Strict", State: policy.On, Conditions: policy.Conditions{
			Users: policy.Users{IncludeUsers: []string{p.anna.ID}}, Applications: policy.Applications{IncludeApplications: []string{policy.All}}},
			GrantControls: &policy.GrantControls{Operator: "OR", BuiltInControls: []string{"mfa"}}}, record.Signals{}))(t)
		if got := obstacle(mergeAll()); got != "user.merge.policy" {
			t.Errorf("named by a policy: %s", got)
		}
		must(t, p.tn.DeletePolicy(ctx, actor, rule.ID))
		must(t, p.tn.DeleteUser(ctx, actor, p.anna.ID))
		if got := obstacle(mergeAll()); got != "user.merge.deleted" {
			t.Errorf("deleted: %s", got)
		}
	})
}

// TestStaffIsNeverMerged: a merge is no way to an administrator's rights.
func TestStaffIsNeverMerged(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		staff := modelstest.MustTenant(t, s, tenant.WorkforceSlug)
		a, b := modelstest.MustUser(t, staff, "a@example.com"), modelstest.MustUser(t, staff, "b@example.com")
		modelstest.Must(staff.AssignRole(ctx, actor, b.ID, access.Assignment{RoleID: access.GlobalAdministratorID, TenantID: access.AllTenants}))(t)
		for _, req := range []models.MergeRequest{{Into: a.ID, From: b.ID, Rights: mergeAll()}, {Into: b.ID, From: a.ID, Rights: mergeAll()}} {
			if _, err := staff.MergeUsers(ctx, actor, req); !fault.Is(err, fault.Conflict) || fault.Of(err).Key != "user.merge.staff" {
				t.Errorf("%v", err)
			}
		}
	})
}

// TestTwoMergesAtOnce: A into B and B into A cannot both happen, and one merge sent twice is one.
func TestTwoMergesAtOnce(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		p := mustPair(t, s)
		var wg sync.WaitGroup
		done := make(chan string, 8)
		for i := range 8 {
			wg.Go(func() {
				req := p.request()
				if i%2 == 1 {
					req.Into, req.From = req.From, req.Into
				}
				if _, err := p.tn.MergeUsers(context.WithoutCancel(t.Context()), modelstest.Actor(), req); err == nil {
					done <- req.Into
				} else if !fault.Is(err, fault.Conflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		close(done)
		winners := map[string]bool{}
		for id := range done {
			winners[id] = true
		}
		if len(winners) != 1 {
			t.Errorf("%d accounts stayed", len(winners))
		}
		left := modelstest.Must(p.tn.CountUsers(t.Context()))(t)
		if left != 1 {
			t.Errorf("%d people are left", left)
		}
	})
}

// TestMergeEndsWhatWasOpen: sessions and tokens of both, and a check of the caller that was for one of them.
func TestMergeEndsWhatWasOpen(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, p := t.Context(), mustPair(t, s)
		var grants []string
		for _, u := range []models.User{p.ann, p.anna} {
			g := grant(s, p.tn, "s-"+u.ID)
			g.UserID, g.ClientID, g.SID = u.ID, p.app.ClientID, "sid-"+u.ID
			must(t, p.tn.AddOpenIDGrant(ctx, g))
			grants = append(grants, g.ID)
		}
		s.Clock.Advance(time.Minute)
		plan := modelstest.Must(p.tn.MergeUsers(ctx, audit.Actor{Kind: audit.ActorUser, ID: "admin", Name: "Admin"}, p.request()))(t)
		if len(plan.Apps) != 1 || plan.Apps[0].Name != "Shop" {
			t.Errorf("apps %+v", plan.Apps)
		}
		for _, id := range grants {
			h, there, err := p.tn.OpenIDHolding(ctx, id)
			must(t, err)
			if there && h.Grant.RevokedAt.IsZero() {
				t.Error("a grant lives")
			}
		}
		u := modelstest.Must(p.tn.User(ctx, p.ann.ID))(t)
		if !u.SessionsValidFrom.Equal(s.Clock.Now()) {
			t.Errorf("sessions are valid from %v", u.SessionsValidFrom)
		}
	})
}
