package models_test

import (
	"fmt"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/extension"
	"portico/app/fault"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// TestExtensionsAndTheirListeners: what is made can be read, changed and removed by its tenant and nobody else, an
// extension that a listener names stays, and there are a hundred and 249 at most (R 8.1.3).
func TestExtensionsAndTheirListeners(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn, other := modelstest.MustTenant(t, s, "extensions-one"), modelstest.MustTenant(t, s, "extensions-two")
		ctx, by := t.Context(), modelstest.Actor()
		fine := func(*extension.Extension) fault.Fields { return nil }
		e := modelstest.Must(tn.CreateExtension(ctx, by, extension.Extension{Name: "One", Event: extension.OtpSend, URL: "https://api.example/", Signed: true}, fine))(t)
		l := modelstest.Must(tn.CreateListener(ctx, by, extension.Listener{Event: extension.OtpSend, Extension: e.ID, AllApps: true}))(t)
		if secret, err := s.OpenExtensionSecret(e.ID, modelstest.Must(tn.Extension(ctx, e.ID))(t).Sealed); err != nil || string(secret) != e.NewSecret {
			t.Errorf("the secret: %v", err)
		}
		rename := func(e *extension.Extension) error { e.Name, e.Event = "Renamed", extension.PasswordSubmit; return nil }
		if got := modelstest.Must(tn.UpdateExtension(ctx, by, e.ID, false, rename, fine))(t); got.Name != "Renamed" || got.Event != extension.OtpSend || got.NewSecret != "" {
			t.Errorf("changed to %+v", got)
		}
		if err := tn.DeleteExtension(ctx, by, e.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("removed though a listener names it: %v", err)
		}
		_, read := other.Extension(ctx, e.ID)
		_, changed := other.UpdateExtension(ctx, by, e.ID, false, rename, fine)
		_, heard := other.Listener(ctx, l.ID)
		for what, err := range map[string]error{"read": read, "changed": changed, "removed": other.DeleteExtension(ctx, by, e.ID), "its listener read": heard, "its listener removed": other.DeleteListener(ctx, by, l.ID)} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s by another tenant: %v", what, err)
			}
		}
		for n := 1; n < extension.MaxExtensions; n++ {
			modelstest.Must(tn.CreateExtension(ctx, by, extension.Extension{Name: fmt.Sprint("No ", n), Event: extension.OtpSend}, fine))(t)
		}
		if _, err := tn.CreateExtension(ctx, by, extension.Extension{Name: "Too many", Event: extension.OtpSend}, fine); err == nil {
			t.Error("one more than a hundred")
		}
		for n := 1; n < extension.MaxListeners; n++ {
			modelstest.Must(tn.CreateListener(ctx, by, extension.Listener{Event: extension.OtpSend, Extension: e.ID, AllApps: true}))(t)
		}
		if _, err := tn.CreateListener(ctx, by, extension.Listener{Event: extension.OtpSend, Extension: e.ID, AllApps: true}); err == nil {
			t.Error("one more than 249")
		}
	})
}

// TestAPasswordSetHereEndsMigration: whoever sets it, what an earlier system knows must not come back over it (R 8.8.5).
func TestAPasswordSetHereEndsMigration(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn := modelstest.MustTenant(t, s, "migration")
		ctx, by := t.Context(), modelstest.Actor()
		usual := modelstest.MustDefinition(t, tn, userflow.Definition{Name: signin.ToBeMigrated, DataType: userflow.Boolean})
		own := modelstest.MustDefinition(t, tn, userflow.Definition{Name: "oldShop", DataType: userflow.Boolean})
		other := modelstest.MustDefinition(t, tn, userflow.Definition{Name: "newsletter", DataType: userflow.Boolean})
		e := modelstest.Must(tn.CreateExtension(ctx, by, extension.Extension{Name: "Old shop", Event: extension.PasswordSubmit, URL: "https://api.example/"}, func(*extension.Extension) fault.Fields { return nil }))(t)
		modelstest.Must(tn.CreateListener(ctx, by, extension.Listener{Event: extension.PasswordSubmit, Extension: e.ID, AllApps: true, Attribute: own.ID}))(t)
		u := modelstest.Must(tn.CreateUser(ctx, by, models.User{Account: account.Account{DisplayName: "Ann", Enabled: true, Attributes: map[string]any{usual.ID: true, own.ID: true, other.ID: true},
			Identities: []account.Identity{{SignInType: account.SignInEmail, Value: "ann@example.com"}}}}, "$argon2id$random"))(t)
		if err := tn.SetPassword(ctx, by, u.ID, models.PasswordChange{Hash: "$argon2id$new", MustChange: true}); err != nil {
			t.Fatal(err)
		}
		got := modelstest.Must(tn.User(ctx, u.ID))(t).Attributes
		if got[usual.ID] != false || got[own.ID] != false || got[other.ID] != true {
			t.Errorf("%v", got)
		}
		// Who turns it on or off is in the log under a name of its own, whatever else changes.
		for _, c := range []struct{ attribute, want string }{{own.ID, "Change migration of password"}, {usual.ID, "Change migration of password"}, {other.ID, "Update user"}} {
			modelstest.Must(tn.UpdateUser(ctx, by, u.ID, func(u *models.User) error {
				u.Attributes[c.attribute], u.City = u.Attributes[c.attribute] != true, c.attribute
				return nil
			}))(t)
			if last := modelstest.Must(tn.Audits(ctx, models.AuditQuery{Limit: 1}))(t).Items[0]; last.Activity != c.want {
				t.Errorf("%s: %s, want %s", c.attribute, last.Activity, c.want)
			}
		}
	})
}

// TestCallsAreForgotten: recorded calls are kept for seven days, and a sweep of one tenant leaves another's alone.
func TestCallsAreForgotten(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn, other := modelstest.MustTenant(t, s, "calls-one"), modelstest.MustTenant(t, s, "calls-two")
		for i, days := range []int{0, 6, 8, 9, 30} {
			for _, at := range []*models.Tenant{tn, other} {
				at.KeepCall(extension.Call{ID: models.NewID(), Event: extension.OtpSend, Name: fmt.Sprint(i), At: s.Now().Add(-time.Duration(days) * 24 * time.Hour)})
			}
		}
		if err := s.FlushCalls(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{2, 1, 0} {
			if n := modelstest.Must(tn.PurgeCalls(t.Context(), 2))(t); n != want {
				t.Errorf("forgot %d, want %d", n, want)
			}
		}
		if a, b := modelstest.Must(tn.Calls(t.Context(), models.CallQuery{}))(t), modelstest.Must(other.Calls(t.Context(), models.CallQuery{}))(t); len(a) != 2 || len(b) != 5 {
			t.Errorf("left %d and %d", len(a), len(b))
		}
	})
}
