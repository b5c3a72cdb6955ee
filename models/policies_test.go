package models_test

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

// second is a policy that asks everybody for a second factor in an app.
func second(name, clientID string) policy.Policy {
	return policy.Policy{Name: name, State: policy.On, Conditions: policy.Conditions{ClientAppTypes: []string{policy.AnyClient},
		Users: policy.Users{IncludeUsers: []string{policy.All}}, Applications: policy.Applications{IncludeApplications: []string{clientID}}},
		GrantControls: &policy.GrantControls{Operator: "AND", BuiltInControls: []string{policy.ControlMFA}}}
}

func names(list []policy.Policy) string {
	var out []string
	for _, p := range list {
		out = append(out, p.Name)
	}
	return strings.Join(out, ",")
}

// lastAudit is the newest entry of a tenant's log.
func lastAudit(t *testing.T, tn *models.Tenant) models.AuditEntry {
	t.Helper()
	return modelstest.Must(tn.Audits(t.Context(), models.AuditQuery{Limit: 1}))(t).Items[0]
}

func TestTheLifeOfAPolicy(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor, from := t.Context(), modelstest.Actor(), record.Signals{}
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		home, _ := modelstest.MustApp(t, tn, "Home", "https://home.example/cb")
		tenantOf := func() *models.Directory {
			return modelstest.Must(s.Store.Directory(ctx, tn.ID))(t)
		}
		if n := len(tenantOf().Policies.Policies()); n != 0 {
			t.Fatalf("a new tenant has %d policies", n)
		}
		p := modelstest.Must(tn.CreatePolicy(ctx, actor, second(" Second factor ", home.ClientID), from))(t)
		if p.ID == "" || p.Name != "Second factor" || !p.CreatedAt.Equal(s.Now()) || !p.ModifiedAt.IsZero() {
			t.Fatalf("%+v", p)
		}
		if got := tenantOf().Policies.Policies(); len(got) != 1 || got[0].ID != p.ID {
			t.Errorf("the snapshot does not follow: %+v", got)
		}
		if e := lastAudit(t, tn); e.Activity != "Add conditional access policy" || e.Category != "Policy" || e.Target.ID != p.ID || len(e.Changes) < 4 {
			t.Errorf("%+v", e)
		}
		s.Clock.Advance(time.Hour)
		second := modelstest.Must(tn.CreatePolicy(ctx, actor, second("Other", policy.All), from))(t)
		if got := names(modelstest.Must(tn.Policies(ctx))(t)); got != "Second factor,Other" {
			t.Errorf("not the oldest first: %s", got)
		}

		q := modelstest.Must(tn.UpdatePolicy(ctx, actor, p.ID, from, func(p *policy.Policy) error {
			p.State, p.ID, p.CreatedAt = policy.ReportOnly, "x", time.Time{}
			return nil
		}))(t)
		if q.ID != p.ID || q.State != policy.ReportOnly || !q.CreatedAt.Equal(p.CreatedAt) || !q.ModifiedAt.Equal(s.Now()) {
			t.Errorf("%+v", q)
		}
		if e := lastAudit(t, tn); len(e.Changes) != 1 || e.Changes[0].Property != "state" || e.Changes[0].Old != "enabled" || e.Changes[0].New != "enabledForReportingButNotEnforced" {
			t.Errorf("%+v", e.Changes)
		}
		if got, _ := tn.Policy(ctx, strings.ToUpper(p.ID)); got.State != policy.ReportOnly {
			t.Errorf("%+v", got)
		}
		before := lastAudit(t, tn).ID
		modelstest.Must(tn.UpdatePolicy(ctx, actor, p.ID, from, func(*policy.Policy) error { return nil }))(t)
		if lastAudit(t, tn).ID != before {
			t.Error("nothing changed, and the log says it did")
		}

		if err := tn.DeletePolicy(ctx, actor, p.ID); err != nil {
			t.Fatal(err)
		}
		if got := names(tenantOf().Policies.Policies()); got != "Other" {
			t.Errorf("a deleted policy holds: %s", got)
		}
		if _, err := tn.Policy(ctx, p.ID); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		if err := tn.DeletePolicy(ctx, actor, p.ID); !fault.Is(err, fault.NotFound) {
			t.Error("deleted twice")
		}
		if got := names(modelstest.Must(tn.DeletedPolicies(ctx))(t)); got != "Second factor" {
			t.Errorf("deleted: %s", got)
		}
		back := modelstest.Must(tn.RestorePolicy(ctx, actor, p.ID))(t)
		if back.State != policy.ReportOnly || !back.DeletedAt.IsZero() || names(modelstest.Must(tn.Policies(ctx))(t)) != "Second factor,Other" {
			t.Errorf("%+v", back)
		}

		for _, try := range []error{other.DeletePolicy(ctx, actor, p.ID), errOf(other.Policy(ctx, p.ID)), errOf(other.RestorePolicy(ctx, actor, p.ID)),
			errOf(other.UpdatePolicy(ctx, actor, p.ID, from, func(*policy.Policy) error { return nil }))} {
			if !fault.Is(try, fault.NotFound) {
				t.Errorf("another tenant: %v", try)
			}
		}

		// What was on comes back watching only: the directory has changed without it.
		must(t, tn.DeletePolicy(ctx, actor, second.ID))
		if again := modelstest.Must(tn.RestorePolicy(ctx, actor, second.ID))(t); second.State != policy.On || again.State != policy.ReportOnly {
			t.Errorf("%s restored as %s", second.State, again.State)
		}
		if got, _ := tn.Policy(ctx, second.ID); got.State != policy.ReportOnly || tenantOf().Policies.Policies()[1].State != policy.ReportOnly {
			t.Errorf("kept as %s", got.State)
		}
		if e := lastAudit(t, tn); len(e.Changes) != 2 || e.Changes[1].Old != "enabled" || e.Changes[1].New != "enabledForReportingButNotEnforced" {
			t.Errorf("%+v", e.Changes)
		}
		must(t, tn.DeletePolicy(ctx, actor, second.ID))
		s.Clock.Advance(31 * 24 * time.Hour)
		if _, err := tn.RestorePolicy(ctx, actor, second.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("restored after 31 days: %v", err)
		}
		if n := modelstest.Must(tn.PurgePolicies(ctx, actor))(t); n != 1 {
			t.Errorf("purged %d", n)
		}
		if n := modelstest.Must(tn.PurgePolicies(ctx, actor))(t); n != 0 {
			t.Errorf("purged %d more", n)
		}
	})
}

func errOf[T any](_ T, err error) error { return err }

// What is not there cannot be named anew; what is gone meanwhile stands in no other change's way.
func TestPoliciesNameWhatIsThere(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor, from := t.Context(), modelstest.Actor(), record.Signals{}
		tn, other := modelstest.MustTenant(t, s, ""), modelstest.MustTenant(t, s, "")
		home, _ := modelstest.MustApp(t, tn, "Home", "https://home.example/cb")
		theirs, _ := modelstest.MustApp(t, other, "Theirs", "https://theirs.example/cb")
		ann, bob := modelstest.MustUser(t, tn, "ann@example.com"), modelstest.MustUser(t, other, "bob@example.com")
		gone := modelstest.MustUser(t, tn, "gone@example.com")
		must(t, tn.DeleteUser(ctx, actor, gone.ID))
		for name, break_ := range map[string]func(*policy.Policy){
			"another tenant's app":    func(p *policy.Policy) { p.Conditions.Applications.IncludeApplications = []string{theirs.ClientID} },
			"another tenant's person": func(p *policy.Policy) { p.Conditions.Users.ExcludeUsers = []string{bob.ID} },
			"a deleted person":        func(p *policy.Policy) { p.Conditions.Users.ExcludeUsers = []string{gone.ID} },
			"no such group":           func(p *policy.Policy) { p.Conditions.Users.ExcludeGroups = []string{ann.ID} },
			"roles outside of the staff": func(p *policy.Policy) {
				p.Conditions.Users.ExcludeRoles = []string{"62e90394-69f5-4237-9190-012177145e10"}
			},
			"no such place": func(p *policy.Policy) { p.Conditions.Locations = &policy.Locations{Include: []string{ann.ID}} },
			"no such strength": func(p *policy.Policy) {
				p.GrantControls = &policy.GrantControls{Operator: "AND", Strength: &policy.StrengthRef{ID: ann.ID}}
			},
			"no such terms": func(p *policy.Policy) {
				p.GrantControls = &policy.GrantControls{Operator: "AND", TermsOfUse: []string{ann.ID}}
			},
			"no such context": func(p *policy.Policy) {
				p.Conditions.Applications = policy.Applications{IncludeContexts: []string{"c7"}}
			},
		} {
			p := second("P", home.ClientID)
			break_(&p)
			if _, err := tn.CreatePolicy(ctx, actor, p, from); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		p := second("P", home.ClientID)
		p.Conditions.Users.ExcludeUsers = []string{ann.ID}
		p = modelstest.Must(tn.CreatePolicy(ctx, actor, p, from))(t)
		if k := modelstest.Must(tn.KnownTo(ctx, p))(t); len(p.Missing(k)) != 0 || k[policy.ThingUser][ann.ID] != "ann" || k[policy.ThingApp][home.ClientID] != "Home" {
			t.Errorf("%+v", k)
		}
		must(t, tn.DeleteUser(ctx, actor, ann.ID))
		if k := modelstest.Must(tn.KnownTo(ctx, p))(t); len(p.Missing(k)) != 1 {
			t.Errorf("%+v", k)
		}
		modelstest.Must(tn.UpdatePolicy(ctx, actor, p.ID, from, func(p *policy.Policy) error { p.State = policy.Off; return nil }))(t)
		if _, err := tn.UpdatePolicy(ctx, actor, p.ID, from, func(p *policy.Policy) error {
			p.Conditions.Users.ExcludeUsers = append(p.Conditions.Users.ExcludeUsers, gone.ID)
			return nil
		}); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
	})
}

func office(name, cidr string, trusted bool) policy.Location {
	return policy.Location{Name: name, Trusted: trusted, Ranges: []netip.Prefix{netip.MustParsePrefix(cidr)}}
}

func TestNamedLocations(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		l := modelstest.Must(tn.CreateLocation(ctx, actor, office(" Office ", "203.0.113.0/24", true)))(t)
		if l.Name != "Office" || l.ID == "" {
			t.Errorf("%+v", l)
		}
		p := second("P", policy.All)
		p.Conditions.Locations = &policy.Locations{Include: []string{policy.All}, Exclude: []string{l.ID}}
		p = modelstest.Must(tn.CreatePolicy(ctx, actor, p, record.Signals{}))(t)
		if got := complaint(tn.DeleteLocation(ctx, actor, l.ID)); got != "policy.location.trusted" {
			t.Errorf("a trusted place: %q", got)
		}
		l = modelstest.Must(tn.UpdateLocation(ctx, actor, l.ID, func(l *policy.Location) error { l.Trusted, l.ID = false, "x"; return nil }))(t)
		if l.Trusted || l.ID == "x" || !l.ModifiedAt.Equal(s.Now()) {
			t.Errorf("%+v", l)
		}
		if got := complaint(tn.DeleteLocation(ctx, actor, l.ID)); got != "policy.location.in_use" {
			t.Errorf("a place that a policy names: %q", got)
		}
		if _, err := tn.UpdateLocation(ctx, actor, l.ID, func(l *policy.Location) error {
			l.Ranges, l.Countries = nil, []string{"PT"}
			return nil
		}); complaint(err) != "ipRanges policy.location.kind" {
			t.Error(err)
		}
		must(t, tn.DeletePolicy(ctx, actor, p.ID))
		must(t, tn.DeleteLocation(ctx, actor, l.ID))
		if e := lastAudit(t, tn); e.Activity != "Delete named location" || e.Target.Name != "Office" {
			t.Errorf("%+v", e)
		}
		if list := modelstest.Must(tn.Locations(ctx))(t); len(list) != 0 {
			t.Errorf("%+v", list)
		}
		if list := modelstest.Must(tn.DeletedLocations(ctx))(t); len(list) != 1 {
			t.Errorf("%+v", list)
		}
		if _, err := other.RestoreLocation(ctx, actor, l.ID); !fault.Is(err, fault.NotFound) {
			t.Error("another tenant restored it")
		}
		if back := modelstest.Must(tn.RestoreLocation(ctx, actor, l.ID))(t); back.Name != "Office" || len(back.Ranges) != 1 {
			t.Errorf("%+v", back)
		}
		if _, err := other.Location(ctx, l.ID); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
	})
}

func TestNoMoreLocationsThanTheVendorHas(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		for range policy.MaxLocations {
			modelstest.Must(tn.CreateLocation(t.Context(), modelstest.Actor(), office("L", "203.0.113.0/24", false)))(t)
		}
		if _, err := tn.CreateLocation(t.Context(), modelstest.Actor(), office("L", "203.0.113.0/24", false)); complaint(err) != "displayName policy.location.many" {
			t.Error(err)
		}
	})
}

func TestStrengths(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		list := modelstest.Must(tn.Strengths(ctx))(t)
		if len(list) != 3 || list[0].ID != policy.StrengthMFA || !list[2].BuiltIn {
			t.Fatalf("%+v", list)
		}
		if _, err := tn.UpdateStrength(ctx, actor, policy.StrengthMFA, func(*policy.Strength) error { return nil }); complaint(err) != "policy.strength.built_in" {
			t.Error(err)
		}
		if got := complaint(tn.DeleteStrength(ctx, actor, policy.StrengthPasswordless)); got != "policy.strength.built_in" {
			t.Error(got)
		}
		own := policy.Strength{Name: "App or key", Combinations: []string{"fido2", "password,softwareOath"}}
		x := modelstest.Must(tn.CreateStrength(ctx, actor, own))(t)
		if _, err := tn.CreateStrength(ctx, actor, policy.Strength{Name: "app OR key", Combinations: []string{"fido2"}}); complaint(err) != "name policy.strength.name.taken" {
			t.Error(err)
		}
		x = modelstest.Must(tn.UpdateStrength(ctx, actor, x.ID, func(x *policy.Strength) error { x.Combinations = []string{"fido2"}; return nil }))(t)
		if e := lastAudit(t, tn); len(e.Changes) != 1 || e.Changes[0].Property != "allowedCombinations" {
			t.Errorf("%+v", e)
		}
		p := second("P", policy.All)
		p.GrantControls = &policy.GrantControls{Operator: "AND", Strength: &policy.StrengthRef{ID: x.ID}}
		p = modelstest.Must(tn.CreatePolicy(ctx, actor, p, record.Signals{}))(t)
		if got := complaint(tn.DeleteStrength(ctx, actor, x.ID)); got != "policy.strength.in_use" {
			t.Error(got)
		}
		if _, err := other.Strength(ctx, x.ID); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		must(t, tn.DeletePolicy(ctx, actor, p.ID))
		must(t, tn.DeleteStrength(ctx, actor, x.ID))
		for i := range policy.MaxStrengths {
			own.Name = strings.Repeat("x", i+1)
			modelstest.Must(tn.CreateStrength(ctx, actor, own))(t)
		}
		own.Name = "one more"
		if _, err := tn.CreateStrength(ctx, actor, own); complaint(err) != "displayName policy.strength.many" {
			t.Error(err)
		}
	})
}

func TestAuthenticationContexts(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s.Store, "")
		for _, id := range []string{"c12", "c2", "C1"} {
			must(t, tn.PutContext(ctx, actor, policy.Context{ID: id, Available: true}))
		}
		must(t, tn.PutContext(ctx, actor, policy.Context{ID: "c2", Name: "Payments", Available: true}))
		if e := lastAudit(t, tn); e.Activity != "Update authentication context" || len(e.Changes) != 1 || e.Changes[0].Old != "c2" {
			t.Errorf("%+v", e)
		}
		list := modelstest.Must(tn.Contexts(ctx))(t)
		if ids := []string{list[0].ID, list[1].ID, list[2].ID}; !slices.Equal(ids, []string{"c1", "c2", "c12"}) || list[1].Name != "Payments" {
			t.Errorf("%+v", list)
		}
		// A change is laid onto what is there by then, not onto what its author read.
		must(t, tn.EditContext(ctx, actor, "C2", func(x *policy.Context) error { x.Description = "Money leaves"; return nil }))
		must(t, tn.EditContext(ctx, actor, "c2", func(x *policy.Context) error { x.Available = false; return nil }))
		if x := modelstest.Must(tn.Contexts(ctx))(t)[1]; x != (policy.Context{ID: "c2", Name: "Payments", Description: "Money leaves"}) {
			t.Errorf("%+v", x)
		}
		for _, id := range []string{"", "c0", "c100", "x1", "c01", "c-1"} {
			if err := tn.PutContext(ctx, actor, policy.Context{ID: id}); !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", id, err)
			}
		}
		p := second("P", policy.All)
		p.Conditions.Applications = policy.Applications{IncludeContexts: []string{"c2"}}
		modelstest.Must(tn.CreatePolicy(ctx, actor, p, record.Signals{}))(t)
		if got := complaint(tn.DeleteContext(ctx, actor, "c2")); got != "policy.context.in_use" {
			t.Error(got)
		}
		must(t, tn.DeleteContext(ctx, actor, "c1"))
		if err := tn.DeleteContext(ctx, actor, "c1"); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
	})
}

// A trial has no Conditional Access. What was made under another plan rests there, and can be taken away.
func TestATrialMakesNoPolicies(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "")
		p := modelstest.Must(tn.CreatePolicy(ctx, actor, second("P", policy.All), record.Signals{}))(t)
		modelstest.Must(tn.Update(ctx, actor, func(t *tenant.Tenant) error { t.Plan = tenant.Trial; return nil }))(t)
		tries := map[string]error{
			"create":   errOf(tn.CreatePolicy(ctx, actor, second("Q", policy.All), record.Signals{})),
			"update":   errOf(tn.UpdatePolicy(ctx, actor, p.ID, record.Signals{}, func(p *policy.Policy) error { p.Name = "Q"; return nil })),
			"place":    errOf(tn.CreateLocation(ctx, actor, office("L", "203.0.113.0/24", false))),
			"strength": errOf(tn.CreateStrength(ctx, actor, policy.Strength{Name: "S", Combinations: []string{"fido2"}})),
			"context":  tn.PutContext(ctx, actor, policy.Context{ID: "c1"}),
		}
		for name, err := range tries {
			if complaint(err) != "tenant.trial.feature" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := names(modelstest.Must(tn.Policies(ctx))(t)); got != "P" {
			t.Errorf("what was there: %s", got)
		}
		must(t, tn.DeletePolicy(ctx, actor, p.ID))
		if err := errOf(tn.RestorePolicy(ctx, actor, p.ID)); complaint(err) != "tenant.trial.feature" {
			t.Error(err)
		}
	})
}

// Two policies that name and take away the same thing at once: never both.
func TestNamingAndDeletingAtOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "")
		for range 5 {
			l := modelstest.Must(tn.CreateLocation(ctx, actor, office("L", "203.0.113.0/24", false)))(t)
			p := second("P", policy.All)
			p.Conditions.Locations = &policy.Locations{Include: []string{l.ID}}
			done := make(chan error, 2)
			go func() { done <- errOf(tn.CreatePolicy(ctx, actor, p, record.Signals{})) }()
			go func() { done <- tn.DeleteLocation(ctx, actor, l.ID) }()
			if a, b := <-done, <-done; (a == nil) == (b == nil) {
				t.Errorf("%v, %v", a, b)
			}
		}
	})
}

// A policy that breaks a rule which is younger than it (R 5.7.3) can be switched off, and mended bit by bit; nothing
// more may be wrong with it, and it is not switched on until nothing is.
func TestAPolicyOlderThanARule(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor, from := t.Context(), modelstest.Actor(), record.Signals{}
		tn := modelstest.MustTenant(t, s.Store, "")
		p := modelstest.Must(tn.CreatePolicy(ctx, actor, second("Old", policy.All), from))(t)
		broken := p // a new password without a second factor, and whatever the risk
		broken.GrantControls = &policy.GrantControls{Operator: "AND", BuiltInControls: []string{policy.ControlPasswordChange}}
		doc := modelstest.Must(json.Marshal(broken))(t)
		if _, err := raw(t, s).Exec("UPDATE conditional_access_policies SET document = '" + string(doc) + "' WHERE id = '" + p.ID + "'"); err != nil {
			t.Fatal(err)
		}
		edit := func(f func(*policy.Policy)) string {
			_, err := tn.UpdatePolicy(ctx, actor, p.ID, from, func(p *policy.Policy) error { f(p); return nil })
			if err == nil {
				return ""
			}
			var keys []string
			for _, f := range fault.Of(err).Fields {
				keys = append(keys, f.Key)
			}
			return strings.Join(keys, " ")
		}
		for _, step := range []struct {
			what string
			edit func(*policy.Policy)
			want string
		}{
			{"a new mistake", func(p *policy.Policy) { p.Conditions.SignInRiskLevels = []string{"high"} }, "policy.change_other_condition"},
			{"off", func(p *policy.Policy) { p.State = policy.Off }, ""},
			{"on again", func(p *policy.Policy) { p.State = policy.On }, "policy.change_needs_user_risk policy.change_needs_mfa"},
			{"half mended", func(p *policy.Policy) { p.Conditions.UserRiskLevels = []string{"high"} }, ""},
			{"and back", func(p *policy.Policy) { p.Conditions.UserRiskLevels = nil }, "policy.change_needs_user_risk"},
			{"on, half mended", func(p *policy.Policy) { p.State = policy.On }, "policy.change_needs_mfa"},
			{"mended", func(p *policy.Policy) {
				p.GrantControls.BuiltInControls = []string{policy.ControlMFA, policy.ControlPasswordChange}
			}, ""},
			{"on", func(p *policy.Policy) { p.State = policy.On }, ""},
		} {
			if got := edit(step.edit); got != step.want {
				t.Errorf("%s: %q", step.what, got)
			}
		}
		broken.ID, broken.Name = "", "New"
		if _, err := tn.CreatePolicy(ctx, actor, broken, from); !fault.Is(err, fault.Invalid) {
			t.Errorf("a new one: %v", err)
		}
	})
}

// A place that a policy names is not deleted; when both were, and the policy is back without it, nobody can tell who is
// there, which counts as being there. So it is not switched on before the place is back or is taken out.
func TestAPolicyWithoutItsPlace(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor, from := t.Context(), modelstest.Actor(), record.Signals{}
		tn := modelstest.MustTenant(t, s, "")
		l := modelstest.Must(tn.CreateLocation(ctx, actor, office("Abroad", "203.0.113.0/24", false)))(t)
		p := second("Not from abroad", policy.All)
		p.GrantControls.BuiltInControls = []string{policy.ControlBlock}
		p.Conditions.Locations = &policy.Locations{Include: []string{l.ID}}
		p = modelstest.Must(tn.CreatePolicy(ctx, actor, p, from))(t)
		if err := tn.DeleteLocation(ctx, actor, l.ID); complaint(err) != "policy.location.in_use" {
			t.Errorf("deleted while it is named: %v", err)
		}
		must(t, tn.DeletePolicy(ctx, actor, p.ID))
		must(t, tn.DeleteLocation(ctx, actor, l.ID))
		modelstest.Must(tn.RestorePolicy(ctx, actor, p.ID))(t)
		set := modelstest.Must(tn.PolicySet(ctx))(t)
		at := func(set *policy.Set) (applies, unknown, block bool) {
			d := set.Evaluate(policy.Request{TenantID: tn.ID, UserID: "u", ClientID: "app", Signals: record.Signals{IP: netip.MustParseAddr("192.0.2.1")}})
			return d.Results[0].Applies, d.Results[0].Unknown != 0, d.Block
		}
		if applies, unknown, block := at(set); !applies || !unknown || block {
			t.Errorf("without the place: applies %v, could not tell %v, blocks %v", applies, unknown, block)
		}
		turn := func(on func(*policy.Policy)) error {
			return errOf(tn.UpdatePolicy(ctx, actor, p.ID, from, func(p *policy.Policy) error { on(p); return nil }))
		}
		if err := turn(func(p *policy.Policy) { p.State = policy.On }); !fault.Is(err, fault.Invalid) || fault.Of(err).Fields[0].Key != "policy.location_unknown" {
			t.Errorf("switched on: %v", err)
		}
		must(t, turn(func(p *policy.Policy) { p.Description = "Still watching" }))
		modelstest.Must(tn.RestoreLocation(ctx, actor, l.ID))(t)
		must(t, turn(func(p *policy.Policy) { p.State = policy.On }))
		if applies, unknown, _ := at(modelstest.Must(tn.PolicySet(ctx))(t)); applies || unknown {
			t.Errorf("with the place: applies %v, could not tell %v", applies, unknown)
		}
	})
}
