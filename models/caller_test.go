package models_test

import (
	"slices"
	"testing"
	"time"

	"portico/app/account"
	"portico/models"
	"portico/models/modelstest"
)

// TestCallerAddresses: an address counts as known from a day after that address came, whoever brought it and
// however: whoever takes an account over changes the address first, and then calls.
func TestCallerAddresses(t *testing.T) {
	const old, thief = "ada@example.com", "thief@evil.example"
	type change func(t *testing.T, tn *models.Tenant, u models.User) error
	edit := func(f func(*models.User)) change {
		return func(t *testing.T, tn *models.Tenant, u models.User) error {
			_, err := tn.UpdateUser(t.Context(), modelstest.Actor(), u.ID, func(u *models.User) error { f(u); return nil })
			return err
		}
	}
	own := func(from, to string) change {
		return func(t *testing.T, tn *models.Tenant, u models.User) error {
			return tn.InWays().ReplaceEmail(t.Context(), modelstest.Actor(), u.ID, from, to)
		}
	}
	email := func(to string) account.Identity {
		return account.Identity{SignInType: account.SignInEmail, Value: to}
	}
	method := func(t *testing.T, tn *models.Tenant, u models.User, to string) error {
		_, err := tn.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindEmail, Name: to})
		return err
	}
	for name, c := range map[string]struct {
		change     change
		now, later []string
	}{
		"their own change":           {own(old, thief), nil, []string{thief}},
		"in other letters":           {own("ADA@example.com", thief), nil, []string{thief}},
		"their own second address":   {own("", thief), []string{old}, []string{old, thief}},
		"an administrator's change":  {edit(func(u *models.User) { u.Mail, u.Identities = thief, []account.Identity{email(thief)} }), []string{old}, []string{thief, old}},
		"an administrator adds one":  {edit(func(u *models.User) { u.Identities = append(u.Identities, email(thief)) }), []string{old}, []string{old, thief}},
		"the address of the profile": {edit(func(u *models.User) { u.Mail = thief }), []string{old}, []string{old}},
		"a second factor by the API": {func(t *testing.T, tn *models.Tenant, u models.User) error {
			if err := tn.RemoveCredential(t.Context(), modelstest.Actor(), u.ID, u.Methods[0].ID); err != nil {
				return err
			}
			return method(t, tn, u, thief)
		}, []string{old}, []string{old, thief}},
		"a second factor added": {func(t *testing.T, tn *models.Tenant, u models.User) error { return method(t, tn, u, thief) }, []string{old}, []string{old, thief}},
		"a phone number": {func(t *testing.T, tn *models.Tenant, u models.User) error {
			return tn.InWays().ReplacePhone(t.Context(), modelstest.Actor(), u.ID, "+49301234567")
		}, []string{old}, []string{old}},
	} {
		t.Run(name, func(t *testing.T) {
			modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
				tn := modelstest.MustTenant(t, s.Store, "")
				u := modelstest.MustUserWithPassword(t, tn, old, "hash:x")
				if err := method(t, tn, u, old); err != nil {
					t.Fatal(err)
				}
				s.Clock.Advance(72 * time.Hour)
				u = modelstest.Must(tn.User(t.Context(), u.ID))(t)
				if err := c.change(t, tn, u); err != nil {
					t.Fatal(err)
				}
				known := func(when string, want []string) {
					t.Helper()
					var got []string
					for _, a := range modelstest.Must(tn.CallerAddresses(t.Context(), modelstest.Must(tn.User(t.Context(), u.ID))(t)))(t) {
						got = append(got, a.Address)
					}
					if !slices.Equal(got, want) {
						t.Errorf("%s: %v, want %v", when, got, want)
					}
				}
				known("at once", c.now)
				s.Clock.Advance(23 * time.Hour)
				known("the same day", c.now)
				s.Clock.Advance(2 * time.Hour)
				known("a day later", c.later)
			})
		})
	}
}

// TestYoungIdentityOldMethod: an old second factor does not make an address known that is an identity since today:
// earlier versions renamed second factors and left their time alone.
func TestYoungIdentityOldMethod(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		u := modelstest.MustUserWithPassword(t, tn, "ada@example.com", "hash:x")
		modelstest.Must(tn.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindEmail, Name: "Thief@evil.example"}))(t)
		s.Clock.Advance(72 * time.Hour)
		if err := tn.InWays().ReplaceEmail(t.Context(), modelstest.Actor(), u.ID, "ada@example.com", "thief@evil.example"); err != nil {
			t.Fatal(err)
		}
		if got := modelstest.Must(tn.CallerAddresses(t.Context(), u))(t); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// TestHandedOutCodes: what the help desk handed out is not the person's own, and goes when its hour is over.
func TestHandedOutCodes(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		u := modelstest.MustUser(t, tn, "ada@example.com")
		held := func() int { return len(modelstest.Must(tn.MethodsOf(t.Context(), u.ID))(t)) }
		count := func() int { return modelstest.Must(tn.WaysOf(t.Context(), u.ID))(t).Recovery }
		if err := tn.HandOutRecovery(t.Context(), modelstest.Actor(), u, []byte("verifier")); err != nil {
			t.Fatal(err)
		}
		if count() != 0 || held() != 1 {
			t.Errorf("%d own codes of %d", count(), held())
		}
		modelstest.Must(tn.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindRecovery, Secret: []byte("own")}))(t)
		if count() != 1 {
			t.Errorf("%d own codes", count())
		}
		purge := func(want int) {
			t.Helper()
			if n, err := s.PurgeHandedOut(t.Context(), 100); err != nil || n != want {
				t.Errorf("purged %d, want %d: %v", n, want, err)
			}
		}
		s.Clock.Advance(models.HandedOut - time.Second)
		purge(0)
		s.Clock.Advance(time.Second)
		purge(1)
		if count() != 1 || held() != 1 {
			t.Errorf("%d own codes of %d", count(), held())
		}
	})
}

// TestDropIdentityInOtherLetters: the second factor by mail goes with its address however it was written.
func TestDropIdentityInOtherLetters(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn := modelstest.MustTenant(t, s, "")
		u := modelstest.MustUserWithPassword(t, tn, "ada@example.com", "hash:x")
		if err := tn.InWays().ReplaceEmail(t.Context(), modelstest.Actor(), u.ID, "", "Second@Example.com"); err != nil {
			t.Fatal(err)
		}
		modelstest.Must(tn.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindEmail, Name: "second@example.com"}))(t)
		all := modelstest.Must(tn.WaysOf(t.Context(), u.ID))(t)
		i := slices.IndexFunc(all.Identities, func(w models.Way) bool { return w.Name == "Second@Example.com" })
		if _, err := tn.InWays().DropIdentity(t.Context(), modelstest.Actor(), u.ID, all.Identities[i].ID, func(_, _ account.Account) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if left := modelstest.Must(tn.WaysOf(t.Context(), u.ID))(t).Methods; len(left) != 0 {
			t.Errorf("%+v", left)
		}
	})
}
