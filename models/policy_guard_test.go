package models_test

import (
	"net/netip"
	"testing"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/app/policy"
	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

// staffed is the administrators' directory with somebody who saves policies and an account for emergencies.
type staffed struct {
	*models.Tenant
	ann, glass models.User
	by         audit.Actor
}

func staffedDirectory(t *testing.T, s *models.Store) staffed {
	t.Helper()
	ctx := t.Context()
	tn := modelstest.MustTenant(t, s, "workforce")
	out := staffed{Tenant: tn, ann: modelstest.MustUserWithPassword(t, tn, "ann@example.com", "$argon2id$x"), glass: modelstest.MustUserWithPassword(t, tn, "glass@example.com", "$argon2id$x")}
	for _, u := range []models.User{out.ann, out.glass} {
		modelstest.Must(tn.AssignRole(ctx, modelstest.Actor(), u.ID, access.Assignment{RoleID: access.GlobalAdministratorID, TenantID: access.AllTenants}))(t)
	}
	out.by = audit.Actor{Kind: audit.ActorUser, ID: out.ann.ID, Name: "ann", IP: "203.0.113.9"}
	return out
}

// The table of the lock-out guard: what an admin of the staff's directory cannot save, and why.
func TestTheLockOutGuard(t *testing.T) {
	here := record.Signals{IP: netip.MustParseAddr("203.0.113.9"), Country: "PT", Platform: "linux"}
	block := func(p *policy.Policy) {
		p.GrantControls = &policy.GrantControls{Operator: "AND", BuiltInControls: []string{policy.ControlBlock}}
	}
	strong := func(p *policy.Policy) {
		p.GrantControls = &policy.GrantControls{Operator: "AND", Strength: &policy.StrengthRef{ID: policy.StrengthPhishingResistant}}
	}
	for _, c := range []struct {
		name      string
		emergency bool // the other admin is an emergency account
		passkey   bool // Ann has one
		edit      func(staffed, *policy.Policy)
		want      string
	}{
		{"a second factor can be set up at the door", true, false, func(staffed, *policy.Policy) {}, ""},
		{"block everybody", true, false, func(_ staffed, p *policy.Policy) { block(p) }, "lockOut policy.lockout.self.block"},
		{"block everybody, report-only", true, false, func(_ staffed, p *policy.Policy) { block(p); p.State = policy.ReportOnly }, ""},
		{"block everybody, switched off", true, false, func(_ staffed, p *policy.Policy) { block(p); p.State = policy.Off }, ""},
		{"block everybody else, the emergency account included", true, false, func(s staffed, p *policy.Policy) {
			block(p)
			p.Conditions.Users.ExcludeUsers = []string{s.ann.ID}
		}, "lockOut policy.lockout.rescue.block"},
		{"block everybody else, where Ann is among those who rescue", false, false, func(s staffed, p *policy.Policy) {
			block(p)
			p.Conditions.Users.ExcludeUsers = []string{s.ann.ID}
		}, ""},
		{"block all but both", true, false, func(s staffed, p *policy.Policy) {
			block(p)
			p.Conditions.Users.ExcludeUsers = []string{s.ann.ID, s.glass.ID}
		}, ""},
		{"block by role", true, false, func(_ staffed, p *policy.Policy) {
			block(p)
			p.Conditions.Users = policy.Users{IncludeRoles: []string{access.GlobalAdministratorID}}
		}, "lockOut policy.lockout.self.block"},
		{"block another country", true, false, func(s staffed, p *policy.Policy) {
			block(p)
			l := modelstest.Must(s.CreateLocation(t.Context(), modelstest.Actor(), policy.Location{Name: "France", Countries: []string{"FR"}}))(t)
			p.Conditions.Locations = &policy.Locations{Include: []string{l.ID}}
		}, ""},
		{"block this country", true, false, func(s staffed, p *policy.Policy) {
			block(p)
			l := modelstest.Must(s.CreateLocation(t.Context(), modelstest.Actor(), policy.Location{Name: "Portugal", Countries: []string{"PT"}}))(t)
			p.Conditions.Locations = &policy.Locations{Include: []string{l.ID}}
		}, "lockOut policy.lockout.self.block"},
		{"block the portal only", true, false, func(_ staffed, p *policy.Policy) {
			block(p)
			p.Conditions.Applications.IncludeApplications = []string{policy.PortalApp}
		}, "lockOut policy.lockout.self.block"},
		{"block all but the portal", true, false, func(_ staffed, p *policy.Policy) {
			block(p)
			p.Conditions.Applications.ExcludeApplications = []string{policy.PortalApp}
		}, ""},
		{"block high risk", true, false, func(_ staffed, p *policy.Policy) { block(p); p.Conditions.UserRiskLevels = []string{"high"} }, ""},
		{"block risky sign-ins", true, false, func(_ staffed, p *policy.Policy) {
			block(p)
			p.Conditions.SignInRiskLevels = []string{"low", "medium", "high"}
		}, "lockOut policy.lockout.rescue.risk"},
		{"block sign-ins at high risk, where Ann is among those who rescue", false, false, func(s staffed, p *policy.Policy) {
			block(p)
			p.Conditions.SignInRiskLevels = []string{"high"}
		}, "lockOut policy.lockout.rescue.risk"},
		{"block risky sign-ins of all but the emergency account", true, false, func(s staffed, p *policy.Policy) {
			block(p)
			p.Conditions.SignInRiskLevels = []string{"low", "medium", "high"}
			p.Conditions.Users.ExcludeUsers = []string{s.glass.ID}
		}, ""},
		{"block risky sign-ins elsewhere than in the portal", true, false, func(_ staffed, p *policy.Policy) {
			block(p)
			p.Conditions.SignInRiskLevels = []string{"high"}
			p.Conditions.Applications.ExcludeApplications = []string{policy.PortalApp}
		}, ""},
		{"ask for a second factor in a risky sign-in", true, false, func(_ staffed, p *policy.Policy) {
			p.Conditions.SignInRiskLevels = []string{"medium", "high"}
		}, ""},
		{"ask for a passkey that Ann has not", true, false, func(_ staffed, p *policy.Policy) { strong(p) }, "lockOut policy.lockout.self.proof"},
		{"ask for a passkey that Ann has and the emergency account has not", true, true, func(_ staffed, p *policy.Policy) { strong(p) }, "lockOut policy.lockout.rescue.proof"},
		{"ask Ann only for a passkey that she has", true, true, func(s staffed, p *policy.Policy) {
			strong(p)
			p.Conditions.Users.IncludeUsers = []string{s.ann.ID}
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			modelstest.Each(t, func(t *testing.T, store *models.Store) {
				ctx := t.Context()
				s := staffedDirectory(t, store)
				if c.emergency {
					modelstest.Must(s.SetEmergency(ctx, modelstest.Actor(), s.glass.ID, true))(t)
				}
				if c.passkey {
					modelstest.Must(s.AddCredential(ctx, modelstest.Actor(), models.Credential{UserID: s.ann.ID, Kind: models.KindPasskey, Name: "Key", LookupKey: "k", Data: `{"aaguid":"x"}`}))(t)
				}
				p := second("Rule", policy.All)
				c.edit(s, &p)
				_, err := s.CreatePolicy(ctx, s.by, p, here)
				if got := complaint(err); got != c.want {
					t.Fatalf("%q, want %q (%v)", got, c.want, err)
				}
				if stored := len(modelstest.Must(s.Policies(ctx))(t)); (stored == 0) != (c.want != "") {
					t.Errorf("%d policies are stored", stored)
				}
				if c.want == "" || p.State != policy.On {
					return
				}
				// The same, step by step: put away, prepared in report-only, and then switched on.
				p.State = policy.ReportOnly
				made := modelstest.Must(s.CreatePolicy(ctx, s.by, p, here))(t)
				_, err = s.UpdatePolicy(ctx, s.by, made.ID, here, func(p *policy.Policy) error { p.State = policy.On; return nil })
				if got := complaint(err); got != c.want {
					t.Errorf("switched on: %q", got)
				}
			})
		})
	}
}

// What a policy means can change without the policy: by a place, by a strength, by a deleted policy that is back.
func TestTheGuardLooksAtWhatPoliciesNameToo(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		s := staffedDirectory(t, store)
		here := record.Signals{IP: netip.MustParseAddr("203.0.113.9")}
		must(t, s.RecordSignIn(ctx, record.SignIn{ID: models.NewID(), TenantID: s.ID, Kind: record.Interactive, StartedAt: s.Now(), EndedAt: s.Now(),
			User: record.Party{ID: s.ann.ID}, Signals: here, Outcome: record.Outcome{Result: record.Success}}))
		l := modelstest.Must(s.CreateLocation(ctx, s.by, office("Office", "203.0.113.0/24", true)))(t)
		p := second("Outside", policy.All)
		p.GrantControls.BuiltInControls = []string{policy.ControlBlock}
		p.Conditions.Locations = &policy.Locations{Include: []string{policy.All}, Exclude: []string{policy.AllTrusted}}
		p = modelstest.Must(s.CreatePolicy(ctx, s.by, p, here))(t)
		for name, edit := range map[string]func(*policy.Location){
			"no longer trusted": func(l *policy.Location) { l.Trusted = false },
			"moved":             func(l *policy.Location) { l.Ranges = office("", "198.51.100.0/24", true).Ranges },
		} {
			if _, err := s.UpdateLocation(ctx, s.by, l.ID, func(l *policy.Location) error { edit(l); return nil }); complaint(err) != "lockOut policy.lockout.self.block" {
				t.Errorf("%s: %v", name, err)
			}
		}
		modelstest.Must(s.UpdateLocation(ctx, s.by, l.ID, func(l *policy.Location) error { l.Name = "Head office"; return nil }))(t)
		must(t, s.DeletePolicy(ctx, s.by, p.ID))
		modelstest.Must(s.UpdateLocation(ctx, s.by, l.ID, func(l *policy.Location) error { l.Trusted = false; return nil }))(t)
		modelstest.Must(s.RestorePolicy(ctx, s.by, p.ID))(t) // in report-only, so nobody is kept out
		if _, err := s.UpdatePolicy(ctx, s.by, p.ID, here, func(p *policy.Policy) error { p.State = policy.On; return nil }); complaint(err) != "lockOut policy.lockout.self.block" {
			t.Errorf("back from the dead: %v", err)
		}

		modelstest.Must(s.AddCredential(ctx, modelstest.Actor(), models.Credential{UserID: s.ann.ID, Kind: models.KindTOTP, Name: "App", Secret: []byte("x")}))(t)
		x := modelstest.Must(s.CreateStrength(ctx, s.by, policy.Strength{Name: "App", Combinations: []string{"password,softwareOath", "fido2"}}))(t)
		q := second("Strong", policy.All)
		q.GrantControls = &policy.GrantControls{Operator: "AND", Strength: &policy.StrengthRef{ID: x.ID}}
		modelstest.Must(s.CreatePolicy(ctx, s.by, q, here))(t)
		if _, err := s.UpdateStrength(ctx, s.by, x.ID, func(x *policy.Strength) error { x.Combinations = []string{"fido2"}; return nil }); complaint(err) != "lockOut policy.lockout.self.proof" {
			t.Errorf("a strength that nobody can show any more: %v", err)
		}
	})
}

// A customers' directory has no admin to lock out: they live elsewhere.
func TestCustomersDirectoriesHaveNoAdminToLockOut(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		s := staffedDirectory(t, store)
		tn := modelstest.MustTenant(t, store, "")
		p := second("Closed", policy.All)
		p.GrantControls.BuiltInControls = []string{policy.ControlBlock}
		modelstest.Must(tn.CreatePolicy(t.Context(), s.by, p, record.Signals{}))(t)
	})
}

// Who is put into a group that a policy blocks must still get in, if it is oneself or everybody who rescues.
func TestTheGuardLooksAtGroups(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		s := staffedDirectory(t, store)
		g := modelstest.Must(s.CreateGroup(ctx, s.by, account.Group{Name: "Blocked"}))(t)
		outer := modelstest.Must(s.CreateGroup(ctx, s.by, account.Group{Name: "Outer"}))(t)
		p := second("Block a group", policy.All)
		p.GrantControls.BuiltInControls = []string{policy.ControlBlock}
		p.Conditions.Users = policy.Users{IncludeGroups: []string{g.ID}}
		modelstest.Must(s.CreatePolicy(ctx, s.by, p, record.Signals{}))(t)
		if err := s.AddMember(ctx, s.by, g.ID, s.ann.ID); complaint(err) != "lockOut policy.lockout.self.block" {
			t.Errorf("into the group: %v", err)
		}
		must(t, s.AddMember(ctx, s.by, outer.ID, s.ann.ID))
		if err := s.AddMember(ctx, s.by, g.ID, outer.ID); complaint(err) != "lockOut policy.lockout.self.block" {
			t.Errorf("the group around oneself into it: %v", err)
		}
		must(t, s.AddMember(ctx, s.by, g.ID, s.glass.ID)) // Ann rescues still
	})
}

// A group or a role that excludes one from a policy cannot be taken away from oneself.
func TestTheGuardLooksAtWhatExcludes(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		s := staffedDirectory(t, store)
		g := modelstest.Must(s.CreateGroup(ctx, s.by, account.Group{Name: "Break-glass"}))(t)
		must(t, s.AddMember(ctx, s.by, g.ID, s.ann.ID))
		role := modelstest.Must(s.AssignRole(ctx, modelstest.Actor(), s.ann.ID, access.Assignment{RoleID: "5d6b6bb7-de71-4623-b4af-96380a352509", TenantID: access.AllTenants}))(t)
		p := second("Block", policy.All)
		p.GrantControls.BuiltInControls = []string{policy.ControlBlock}
		p.Conditions.Users.ExcludeGroups = []string{g.ID}
		q := second("Block, too", policy.All)
		q.GrantControls.BuiltInControls = []string{policy.ControlBlock}
		q.Conditions.Users.ExcludeRoles = []string{"5d6b6bb7-de71-4623-b4af-96380a352509"}
		modelstest.Must(s.CreatePolicy(ctx, s.by, p, record.Signals{}))(t)
		modelstest.Must(s.CreatePolicy(ctx, s.by, q, record.Signals{}))(t)
		for name, err := range map[string]error{"out of the group": s.RemoveMember(ctx, s.by, g.ID, s.ann.ID), "the group": s.DeleteGroup(ctx, s.by, g.ID), "the role": s.RemoveRole(ctx, s.by, role)} {
			if complaint(err) != "lockOut policy.lockout.self.block" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
