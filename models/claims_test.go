package models_test

import (
	"testing"

	"portico/app/fault"
	"portico/app/openid"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// A claims mapping policy and the applications that have it stay one, in one transaction; claims are made
// from attributes that exist.
func TestClaimsPolicies(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn, by, ctx := modelstest.MustTenant(t, s.Store, ""), modelstest.Actor(), t.Context()
		app, _ := modelstest.MustApp(t, tn, "Market", "https://market.example/cb")
		d, err := tn.CreateDefinition(ctx, by, userflow.Definition{Name: "Plan", DataType: userflow.String})
		must(t, err)
		p, err := tn.CreateClaimsPolicy(ctx, by, models.ClaimsPolicy{Name: "Plans", Definition: "{}", Claims: []openid.ClaimMapping{{Source: openid.FromUser, ID: d.ID, Name: "plan"}}})
		must(t, err)
		must(t, tn.AssignClaimsPolicy(ctx, by, app.ID, p.ID))
		dir, err := s.Store.Directory(ctx, tn.ID)
		must(t, err)
		if c := dir.Clients[app.ClientID]; len(c.Claims) != 1 || c.Claims[0].Name != "plan" {
			t.Errorf("the snapshot has %v", c.Claims)
		}
		if err := tn.DeleteDefinition(ctx, by, d.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("deleting a mapped attribute: %v", err)
		}
		// A change that an application cannot take changes nothing at all.
		_, err = tn.UpdateClaimsPolicy(ctx, by, p.ID, func(p *models.ClaimsPolicy) error {
			p.Claims = []openid.ClaimMapping{{Source: openid.FromUser, ID: "nobody", Name: "plan"}}
			return nil
		})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("a policy from no attribute: %v", err)
		}
		same, err := tn.Application(ctx, app.ID)
		must(t, err)
		if same.Spec.ClaimsPolicyID != p.ID || same.Spec.Claims[0].ID != d.ID {
			t.Errorf("%+v", same.Spec)
		}
		// A deleted application comes back as the policy is by then, or without it.
		must(t, tn.DeleteApplication(ctx, by, app.ID))
		_, err = tn.UpdateClaimsPolicy(ctx, by, p.ID, func(p *models.ClaimsPolicy) error { p.Claims[0].Name = "tariff"; return nil })
		must(t, err)
		back, err := tn.RestoreApplication(ctx, by, app.ID)
		must(t, err)
		if back.Spec.ClaimsPolicyID != p.ID || back.Spec.Claims[0].Name != "tariff" {
			t.Errorf("restored with %+v", back.Spec)
		}
		must(t, tn.DeleteClaimsPolicy(ctx, by, p.ID))
		if same, err = tn.Application(ctx, app.ID); err != nil || len(same.Spec.Claims) != 0 || same.Spec.ClaimsPolicyID != "" {
			t.Errorf("after the policy is gone: %+v, %v", same.Spec, err)
		}
		if err := tn.AssignClaimsPolicy(ctx, by, app.ID, p.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a policy that is gone: %v", err)
		}
		must(t, tn.DeleteDefinition(ctx, by, d.ID))
	})
}

// Tokens and previews read a person by the same columns.
func TestOpenIDUserIsTheHoldersPerson(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn, ctx := modelstest.MustTenant(t, s.Store, ""), t.Context()
		u := modelstest.MustUser(t, tn, "anna@example.com")
		d, err := tn.CreateDefinition(ctx, modelstest.Actor(), userflow.Definition{Name: "X", DataType: userflow.Int})
		must(t, err)
		_, err = tn.UpdateUser(ctx, modelstest.Actor(), u.ID, func(u *models.User) error {
			u.JobTitle, u.City, u.Attributes = "Gardener", "Köln", map[string]any{d.ID: int64(7)}
			return nil
		})
		must(t, err)
		g := grant(s, tn, "p")
		g.UserID = u.ID
		must(t, tn.AddOpenIDGrant(ctx, g))
		h, ok, err := tn.OpenIDHolding(ctx, g.ID)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		p, err := tn.OpenIDUser(ctx, u.ID)
		must(t, err)
		if string(p.Attributes) != `{"`+d.ID+`":7}` || p.JobTitle != "Gardener" || p.City != "Köln" || p.CreatedAt.IsZero() || p.UpdatedAt.IsZero() {
			t.Errorf("%+v", p)
		}
		if string(h.User.Attributes) != string(p.Attributes) || h.User.JobTitle != p.JobTitle || !h.User.CreatedAt.Equal(p.CreatedAt) || h.User.Email != p.Email || h.User.UserName != p.UserName {
			t.Errorf("the token's person %+v, the preview's %+v", h.User, p)
		}
		if _, err := tn.OpenIDUser(ctx, models.NewID()); !fault.Is(err, fault.NotFound) {
			t.Errorf("nobody: %v", err)
		}
	})
}
