package models_test

import (
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/session"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

// TestRememberedDevices: what finds a device, what changes its secret and what forgets it.
func TestRememberedDevices(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		ctx, s, clock := t.Context(), scratch.Store, scratch.Clock
		tn, actor := modelstest.MustTenant(t, s, ""), modelstest.Actor()
		modelstest.Must(tn.Update(ctx, actor, func(n *tenant.Tenant) error { n.Settings.RememberDays = 30; return nil }))(t)
		u := modelstest.MustUser(t, tn, "ann@example.com")
		carl := modelstest.MustUser(t, tn, "carl@example.com")
		clock.Advance(time.Minute)
		keep := func(secret string) string {
			t.Helper()
			now := clock.Now().UTC()
			d := session.Remembered{ID: models.NewID(), UserID: u.ID, Name: "Firefox · Linux", Methods: []string{"totp"}, MFATime: now, CreatedAt: now, ExpiresAt: now.AddDate(0, 0, 30)}
			if err := tn.Remember(ctx, actor, d, secret, true); err != nil {
				t.Fatal(err)
			}
			return d.ID
		}
		found := func(who, secret string) *session.Remembered {
			t.Helper()
			d, used, err := tn.Remembered(ctx, who, []string{"something else", secret}, clock.Now())
			if err != nil || d != nil && used != secret {
				t.Fatal(err, used)
			}
			return d
		}
		id := keep("first")
		d := found(u.ID, "first")
		if d == nil || d.ID != id || d.Name != "Firefox · Linux" || len(d.Methods) != 1 || d.Methods[0] != "totp" || found(u.ID, "wrong") != nil || found(carl.ID, "first") != nil {
			t.Fatalf("%+v", d)
		}
		other := modelstest.MustTenant(t, s, "")
		if d, _, err := other.Remembered(ctx, u.ID, []string{"first"}, clock.Now()); d != nil || err != nil {
			t.Error("found from another tenant", err)
		}

		d.LastUsedAt = clock.Now().UTC()
		if err := tn.Remember(ctx, actor, *d, "second", false); err != nil {
			t.Fatal(err)
		}
		if found(u.ID, "first") != nil || found(u.ID, "second") == nil {
			t.Error("the secret did not change")
		}
		if list := modelstest.Must(tn.RememberedDevices(ctx, u.ID))(t); len(list) != 1 || list[0].LastUsedAt.IsZero() {
			t.Errorf("%+v", list)
		}

		// Whoever is not its owner forgets nothing.
		if err := tn.ForgetDevice(ctx, actor, carl.ID, id); err != nil || found(u.ID, "second") == nil {
			t.Error("forgotten for somebody else", err)
		}
		if err := tn.ForgetDevice(ctx, actor, u.ID, id); err != nil || found(u.ID, "second") != nil {
			t.Error("not forgotten", err)
		}
		if err := tn.Remember(ctx, actor, *d, "third", false); !fault.Is(err, fault.Conflict) {
			t.Errorf("a forgotten device comes back: %v", err)
		}

		for name, end := range map[string]func() error{
			"another password": func() error { return tn.SetPassword(ctx, actor, u.ID, models.PasswordChange{Hash: "$h"}) },
			"forget all":       func() error { _, err := tn.ForgetDevices(ctx, actor, u.ID); return err },
			"sessions revoked": func() error { clock.Advance(time.Second); _, err := tn.RevokeSessions(ctx, actor, u.ID); return err },
			"everywhere else": func() error {
				return tn.KeepOnly(ctx, actor, u.ID, session.Session{SID: "x"}, u.SessionsValidFrom, false)
			},
			"methods taken away": func() error { return tn.RemoveCredentials(ctx, actor, u.ID) },
			"a method removed": func() error {
				id, err := tn.AddCredential(ctx, actor, models.Credential{UserID: u.ID, Kind: models.KindTOTP, Secret: []byte("s")})
				if err != nil {
					return err
				}
				return tn.RemoveCredential(ctx, actor, u.ID, id)
			},
			"registration anew": func() error {
				if _, err := tn.AddCredential(ctx, actor, models.Credential{UserID: u.ID, Kind: models.KindTOTP, Secret: []byte("s")}); err != nil {
					return err
				}
				_, err := tn.RequireRegistration(ctx, actor, u.ID)
				return err
			},
			"the tenant remembers none": func() error {
				_, err := tn.Update(ctx, actor, func(n *tenant.Tenant) error { n.Settings.RememberDays = 0; return nil })
				return err
			},
			"the days are over": func() error { clock.Advance(31 * 24 * time.Hour); return nil },
		} {
			modelstest.Must(tn.Update(ctx, actor, func(n *tenant.Tenant) error { n.Settings.RememberDays = 30; return nil }))(t)
			clock.Advance(time.Second)
			keep(name)
			if list := modelstest.Must(tn.RememberedDevices(ctx, u.ID))(t); len(list) != 1 {
				t.Fatalf("%s: %d before", name, len(list))
			}
			if err := end(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if list := modelstest.Must(tn.RememberedDevices(ctx, u.ID))(t); len(list) != 0 {
				t.Errorf("%s: still remembered", name)
			}
			if _, err := tn.ForgetDevices(ctx, actor, u.ID); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.PurgeAttempts(ctx); err != nil {
			t.Fatal(err)
		}
	})
}
