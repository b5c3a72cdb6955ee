package models_test

import (
	"testing"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

// Terms that a policy asks for stay, whatever its state and in every directory: without them it would let nobody in.
func TestTermsThatAPolicyAsksForStay(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		s := staffedDirectory(t, store)
		for _, tn := range []*models.Tenant{s.Tenant, modelstest.MustTenant(t, store, "")} {
			for _, state := range []policy.State{policy.On, policy.ReportOnly, policy.Off} {
				x := modelstest.Must(tn.CreateTerms(ctx, s.by, rules("House rules "+string(state))))(t)
				p := second("Agree "+string(state), policy.All)
				p.State, p.GrantControls = state, &policy.GrantControls{Operator: "AND", TermsOfUse: []string{x.ID}}
				p = modelstest.Must(tn.CreatePolicy(ctx, s.by, p, record.Signals{}))(t)
				if got := complaint(tn.DeleteTerms(ctx, s.by, x.ID)); got != "policy.terms.in_use" {
					t.Errorf("%s: %q", state, got)
				}
				must(t, tn.DeletePolicy(ctx, s.by, p.ID))
				must(t, tn.DeleteTerms(ctx, s.by, x.ID))
				modelstest.Must(tn.RestorePolicy(ctx, s.by, p.ID))(t)
				_, err := tn.UpdatePolicy(ctx, s.by, p.ID, record.Signals{}, func(p *policy.Policy) error { p.State = policy.On; return nil })
				if complaint(err) == "" {
					t.Errorf("%s, switched on without its terms", state)
				}
				modelstest.Must(tn.UpdatePolicy(ctx, s.by, p.ID, record.Signals{}, func(p *policy.Policy) error { p.Name += ", later"; return nil }))(t)
			}
		}
	})
}

// A strength that a deleted policy asked for may be gone when the policy is back: then it is not switched on.
func TestARestoredPolicyHoldsOnlyWithItsStrength(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx, by := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, store, "")
		x := modelstest.Must(tn.CreateStrength(ctx, by, policy.Strength{Name: "Key", Combinations: []string{"fido2"}}))(t)
		p := second("Strong", policy.All)
		p.GrantControls = &policy.GrantControls{Operator: "AND", Strength: &policy.StrengthRef{ID: x.ID}}
		p = modelstest.Must(tn.CreatePolicy(ctx, by, p, record.Signals{}))(t)
		must(t, tn.DeletePolicy(ctx, by, p.ID))
		must(t, tn.DeleteStrength(ctx, by, x.ID))
		if back := modelstest.Must(tn.RestorePolicy(ctx, by, p.ID))(t); back.State != policy.ReportOnly {
			t.Errorf("%+v", back)
		}
		if _, err := tn.UpdatePolicy(ctx, by, p.ID, record.Signals{}, func(p *policy.Policy) error { p.State = policy.On; return nil }); complaint(err) == "" {
			t.Error("switched on, and nobody can show what it asks for")
		}
	})
}

// blocksGroup is a policy that blocks a group in the staff's directory.
func (s staffed) blocksGroup(t *testing.T, id string) {
	t.Helper()
	p := second("Block a group", policy.All)
	p.GrantControls.BuiltInControls = []string{policy.ControlBlock}
	p.Conditions.Users = policy.Users{IncludeGroups: []string{id}}
	modelstest.Must(s.CreatePolicy(t.Context(), s.by, p, record.Signals{}))(t)
}

// A rule is looked at when it is saved, not when the job has worked it out.
func TestTheGuardLooksAtRulesOfGroups(t *testing.T) {
	const self = "lockOut policy.lockout.self.block"
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		s := staffedDirectory(t, store)
		country := func(id, value string) error {
			_, err := s.UpdateUser(ctx, s.by, id, func(u *models.User) error { u.Country = value; return nil })
			return err
		}
		must(t, country(s.ann.ID, "PT"))
		g := modelstest.Must(s.CreateGroup(ctx, s.by, account.Group{Name: "Blocked"}))(t)
		s.blocksGroup(t, g.ID)
		rule := func(rule string, paused bool) error {
			_, err := s.UpdateGroup(ctx, s.by, g.ID, func(g *account.Group) error { g.Rule, g.RulePaused = rule, paused; return nil })
			return err
		}
		if got := complaint(rule(`user.country -eq "PT"`, false)); got != self {
			t.Errorf("a rule that finds oneself: %q", got)
		}
		must(t, rule(`user.country -eq "PT"`, true))
		if got := complaint(rule(`user.country -eq "PT"`, false)); got != self {
			t.Errorf("going on: %q", got)
		}
		must(t, rule(`user.country -eq "FR"`, false))
		if got := complaint(country(s.ann.ID, "FR")); got != self {
			t.Errorf("moving oneself: %q", got)
		}
		must(t, country(s.glass.ID, "FR")) // Ann rescues still
		modelstest.Must(s.SetUserEnabled(ctx, s.by, s.glass.ID, true))(t)

		// A policy about a group whose rule finds oneself, before the job has come by.
		h := modelstest.Must(s.CreateGroup(ctx, s.by, account.Group{Name: "Here", Rule: `user.country -eq "PT"`}))(t)
		p := second("Block here", policy.All)
		p.GrantControls.BuiltInControls = []string{policy.ControlBlock}
		p.Conditions.Users = policy.Users{IncludeGroups: []string{h.ID}}
		if _, err := s.CreatePolicy(ctx, s.by, p, record.Signals{}); complaint(err) != self {
			t.Errorf("a policy about a group by rule: %v", err)
		}
		// The same through a group around it.
		outer := modelstest.Must(s.CreateGroup(ctx, s.by, account.Group{Name: "Outer"}))(t)
		s.blocksGroup(t, outer.ID)
		if err := s.AddMember(ctx, s.by, outer.ID, h.ID); complaint(err) != self {
			t.Errorf("the group by rule into a blocked one: %v", err)
		}
	})
}

// Whoever rescues is not locked out by a rule either.
func TestTheGuardLooksAtRulesThatFindWhoRescues(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		s := staffedDirectory(t, store)
		modelstest.Must(s.SetEmergency(ctx, s.by, s.glass.ID, true))(t)
		g := modelstest.Must(s.CreateGroup(ctx, s.by, account.Group{Name: "Blocked"}))(t)
		s.blocksGroup(t, g.ID)
		_, err := s.UpdateGroup(ctx, s.by, g.ID, func(g *account.Group) error { g.Rule = `user.mail -startsWith "glass"`; return nil })
		if complaint(err) != "lockOut policy.lockout.rescue.block" {
			t.Errorf("%v", err)
		}
	})
}

// A policy is on that only a passkey satisfies: nobody takes away the last one that opens the portal, by whatever way;
// the command line does, for it lets in again.
func TestTheGuardLooksAtWhatAdminsCanShow(t *testing.T) {
	const self, rescue = "lockOut policy.lockout.self.proof", "lockOut policy.lockout.rescue.proof"
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		s := staffedDirectory(t, store)
		key := func(u models.User) string {
			return modelstest.Must(s.AddCredential(ctx, modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindPasskey, Name: "Key", LookupKey: u.ID + models.NewID(), Data: `{"aaguid":"x"}`}))(t)
		}
		mine, theirs := key(s.ann), key(s.glass)
		modelstest.Must(s.SetEmergency(ctx, modelstest.Actor(), s.glass.ID, true))(t)
		p := second("Keys", policy.All)
		p.GrantControls = &policy.GrantControls{Operator: "AND", Strength: &policy.StrengthRef{ID: policy.StrengthPhishingResistant}}
		modelstest.Must(s.CreatePolicy(ctx, s.by, p, record.Signals{}))(t)
		register := func(id string) error { _, err := s.RequireRegistration(ctx, s.by, id); return err }
		allowed := func(account.Account, account.Account) error { return nil }
		for _, c := range []struct {
			name string
			got  error
			want string
		}{
			{"my only passkey", s.RemoveCredential(ctx, s.by, s.ann.ID, mine), self},
			{"on my own page", func() error { _, err := s.InWays().DropMethod(ctx, s.by, s.ann.ID, mine, allowed); return err }(), self},
			{"all of mine", s.RemoveCredentials(ctx, s.by, s.ann.ID), self},
			{"to register anew", register(s.ann.ID), self},
			{"the emergency account's", s.RemoveCredential(ctx, s.by, s.glass.ID, theirs), rescue},
			{"all of the emergency account's", s.RemoveCredentials(ctx, s.by, s.glass.ID), rescue},
			{"the emergency account to register anew", register(s.glass.ID), rescue},
		} {
			if got := complaint(c.got); got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
		spare := key(s.ann)
		must(t, s.RemoveCredential(ctx, s.by, s.ann.ID, spare))
		must(t, s.RemoveCredentials(ctx, audit.System("app admin reset"), s.glass.ID))
	})
}

// The mark of an emergency account is what makes it count: taking it from the last that gets in would leave nobody.
func TestTheGuardLooksAtTheEmergencyMark(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		s := staffedDirectory(t, store)
		other := modelstest.MustUserWithPassword(t, s.Tenant, "other@example.com", "$argon2id$x")
		modelstest.Must(s.AssignRole(ctx, modelstest.Actor(), other.ID, access.Assignment{RoleID: access.GlobalAdministratorID, TenantID: access.AllTenants}))(t)
		modelstest.Must(s.SetEmergency(ctx, s.by, s.glass.ID, true))(t)
		modelstest.Must(s.SetEmergency(ctx, s.by, other.ID, true))(t)
		p := second("Nobody but", policy.All)
		p.GrantControls.BuiltInControls = []string{policy.ControlBlock}
		p.Conditions.Users.ExcludeUsers = []string{s.ann.ID, s.glass.ID}
		modelstest.Must(s.CreatePolicy(ctx, s.by, p, record.Signals{}))(t)
		if _, err := s.SetEmergency(ctx, s.by, s.glass.ID, false); complaint(err) != "lockOut policy.lockout.rescue.block" {
			t.Errorf("the mark of the last who gets in: %v", err)
		}
		if _, err := s.SetUserEnabled(ctx, s.by, s.glass.ID, false); complaint(err) != "lockOut policy.lockout.rescue.block" {
			t.Errorf("disabling them: %v", err)
		}
		modelstest.Must(s.SetEmergency(ctx, s.by, other.ID, false))(t)
	})
}

// A bulk change says why it left somebody as they were when the guard stopped it.
func TestABulkChangeSaysThatItWouldLockOut(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		s := staffedDirectory(t, store)
		g := modelstest.Must(s.CreateGroup(ctx, s.by, account.Group{Name: "Blocked"}))(t)
		s.blocksGroup(t, g.ID)
		b := modelstest.Must(s.StartBulk(ctx, s.by, models.Bulk{Action: models.BulkJoin, GroupID: g.ID}, []string{s.ann.ID}, models.UserQuery{}))(t)
		b = modelstest.Must(s.ConfirmBulk(ctx, s.by, b.ID, b.Planned))(t)
		_, err := s.StepBulk(ctx, b.ID)
		must(t, err)
		who := modelstest.Must(s.BulkPeople(ctx, b.ID, 0, 10, false))(t)
		if len(who) != 1 || who[0].Result != models.SkipLockOut {
			t.Errorf("%+v", who)
		}
	})
}

// A method that the directory's settings switch off is one that nobody can show, before and after it is asked for.
func TestTheGuardLooksAtTheMethodsPolicy(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		s := staffedDirectory(t, store)
		modelstest.Must(s.UpdateUser(ctx, modelstest.Actor(), s.glass.ID, func(u *models.User) error { u.Emergency = true; return nil }))(t)
		modelstest.Must(s.AddCredential(ctx, modelstest.Actor(), models.Credential{UserID: s.ann.ID, Kind: models.KindPasskey, Name: "Key", Data: "{}", LookupKey: "k"}))(t)
		passkeys := func(by audit.Actor, off bool) string {
			_, err := s.Update(ctx, by, func(n *tenant.Tenant) error { n.Settings.Methods.Passkey.Off = off; return nil })
			return complaint(err)
		}
		p := second("Strong", policy.All)
		p.GrantControls = &policy.GrantControls{Operator: "AND", Strength: &policy.StrengthRef{ID: policy.StrengthPhishingResistant}}
		p.Conditions.Users.ExcludeUsers = []string{s.glass.ID}
		p = modelstest.Must(s.CreatePolicy(ctx, s.by, p, record.Signals{}))(t)
		if got := passkeys(s.by, true); got != "lockOut policy.lockout.self.proof" {
			t.Errorf("switched off while a policy asks for one: %q", got)
		}
		modelstest.Must(s.Update(ctx, s.by, func(n *tenant.Tenant) error { n.Name = "Staff"; return nil }))(t)
		if got := passkeys(modelstest.Actor(), true); got != "" { // the command line is the way back in
			t.Errorf("by the command line: %q", got)
		}
		if got := passkeys(s.by, false); got != "" {
			t.Errorf("what mends it: %q", got)
		}
		must(t, s.DeletePolicy(ctx, s.by, p.ID))
		if got := passkeys(s.by, true); got != "" {
			t.Errorf("without the policy: %q", got)
		}
		p.ID = ""
		if _, err := s.CreatePolicy(ctx, s.by, p, record.Signals{}); complaint(err) != "lockOut policy.lockout.self.proof" {
			t.Errorf("asked for while it is switched off: %v", err)
		}
	})
}
