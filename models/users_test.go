package models_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

func person(email string, edit func(*models.User)) models.User {
	u := models.User{Account: account.Account{DisplayName: "Anna Smith", Enabled: true, Mail: email,
		Identities: []account.Identity{{SignInType: account.SignInEmail, Value: email}}}}
	if edit != nil {
		edit(&u)
	}
	return u
}

func TestAPersonComesBackWhole(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn := modelstest.MustTenant(t, s, "")
		for id, kind := range map[string]userflow.DataType{"extension_loyalty": userflow.String, "extension_newsletter": userflow.Boolean, "extension_points": userflow.Int} {
			modelstest.MustDefinition(t, tn, userflow.Definition{ID: id, Name: id, DataType: kind})
		}
		made, err := tn.CreateUser(t.Context(), modelstest.Actor(), person("Anna.Smith@Example.com", func(u *models.User) {
			u.GivenName, u.Surname, u.City, u.MobilePhone, u.JobTitle = "Anna", "Smith", "Ulm", "+49 1", "Baker"
			u.Attributes = map[string]any{"extension_loyalty": "gold", "extension_newsletter": true, "extension_points": int64(1)<<62 + 1}
			u.PreferredLanguage, u.CreationType = "de", "SelfServiceSignUp"
		}), "$argon2id$hash")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tn.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: made.ID, Kind: models.KindTOTP, Name: "Phone", Secret: []byte("seed")}); err != nil {
			t.Fatal(err)
		}
		got, err := tn.UserByIdentity(t.Context(), account.SignInEmail, "", "anna.smith@example.com")
		if err != nil {
			t.Fatal(err)
		}
		want := made
		want.Methods = got.Methods
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		if !got.HasPassword || len(got.Methods) != 1 || got.Methods[0].Kind != "totp" || got.Identities[0].Value != "Anna.Smith@Example.com" || !got.Usable() {
			t.Errorf("got %+v", got)
		}
		if hash, err := tn.Password(t.Context(), made.ID); hash != "$argon2id$hash" || err != nil {
			t.Errorf("password %q, %v", hash, err)
		}
	})
}

func TestIdentitiesAreUniquePerTenant(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn, other := modelstest.MustTenant(t, s, ""), modelstest.MustTenant(t, s, "")
		actor := modelstest.Actor()
		if _, err := tn.CreateUser(t.Context(), actor, person("anna@example.com", nil), ""); err != nil {
			t.Fatal(err)
		}
		_, err := tn.CreateUser(t.Context(), actor, person("ANNA@Example.com ", nil), "")
		if !fault.Is(err, fault.Conflict) || len(fault.Of(err).Fields) != 1 || fault.Of(err).Fields[0].Name != "email" {
			t.Errorf("the same address in other letters: %v", err)
		}
		if n, _ := tn.CountUsers(t.Context()); n != 1 {
			t.Errorf("a refused person left something: %d people", n)
		}
		if _, err := other.CreateUser(t.Context(), actor, person("anna@example.com", nil), ""); err != nil {
			t.Errorf("the same address in another tenant: %v", err)
		}
		federated := func(issuer string) models.User {
			return person("x@example.com", func(u *models.User) {
				u.Identities = []account.Identity{{SignInType: account.SignInFederated, Issuer: issuer, Value: "sub-1"}}
			})
		}
		for _, c := range []struct {
			issuer string
			ok     bool
		}{{"https://a.example", true}, {"https://b.example", true}, {"https://a.example", false}} {
			if _, err := tn.CreateUser(t.Context(), actor, federated(c.issuer), ""); (err == nil) != c.ok {
				t.Errorf("federated by %s: %v", c.issuer, err)
			}
		}
		// of many who sign up with one address at a time, one gets it
		var wg sync.WaitGroup
		won := make(chan string, 20)
		for range 20 {
			wg.Go(func() {
				u, err := tn.CreateUser(t.Context(), actor, person("race@example.com", nil), "")
				if err == nil {
					won <- u.ID
				} else if !fault.Is(err, fault.Conflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(won) != 1 {
			t.Errorf("%d people have one address", len(won))
		}
	})
}

func TestBadPeopleAreRefused(t *testing.T) {
	s := modelstest.Open(t)
	tn := modelstest.MustTenant(t, s, "")
	for field, u := range map[string]models.User{
		"email":       person("not an address", nil),
		"displayName": person("a@example.com", func(u *models.User) { u.DisplayName = strings.Repeat("x", 257) }),
		"city":        person("a@example.com", func(u *models.User) { u.City = "Ulm\x00" }),
		"surname":     person("a@example.com", func(u *models.User) { u.Surname = "\xff" }),
		"identities":  person("a@example.com", func(u *models.User) { u.Identities[0].SignInType = "phone" }),
		"userName":    person("a@example.com", func(u *models.User) { u.Identities[0] = account.Identity{SignInType: account.SignInUserName} }),
	} {
		_, err := tn.CreateUser(t.Context(), modelstest.Actor(), u, "")
		if !fault.Is(err, fault.Invalid) || fault.Of(err).Fields[0].Name != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestTheLifeOfAnAccount(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s.Store, "")
		u := modelstest.MustUserWithPassword(t, tn, "anna@example.com", "$hash")
		s.Clock.Advance(time.Hour)
		if u, err := tn.SetUserEnabled(ctx, actor, u.ID, false); err != nil || u.Usable() || !u.SessionsValidFrom.Equal(s.Now()) {
			t.Errorf("disabled: %+v, %v", u, err)
		}
		if u, err := tn.SetUserEnabled(ctx, actor, u.ID, true); err != nil || !u.Usable() {
			t.Errorf("enabled: %+v, %v", u, err)
		}
		s.Clock.Advance(time.Hour)
		if u, err := tn.RevokeSessions(ctx, actor, u.ID); err != nil || !u.SessionsValidFrom.Equal(s.Now()) {
			t.Errorf("revoked: %+v, %v", u, err)
		}
		if err := tn.PurgeUser(ctx, actor, u.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("purging somebody who is not deleted: %v", err)
		}
		if err := tn.DeleteUser(ctx, actor, u.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := tn.UserByIdentity(ctx, account.SignInEmail, "", "anna@example.com"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a deleted person is found: %v", err)
		}
		if got, err := tn.User(ctx, u.ID); err != nil || got.Usable() || got.Identities[0].Canonical != "anna@example.com" {
			t.Errorf("a deleted person: %+v, %v", got, err)
		}
		if p, _ := tn.Users(ctx, models.UserQuery{}); len(p.Items) != 0 {
			t.Error("a deleted person is listed")
		}
		if p, _ := tn.Users(ctx, models.UserQuery{Deleted: true}); len(p.Items) != 1 {
			t.Error("a deleted person is not in the bin")
		}
		second := modelstest.MustUser(t, tn, "anna@example.com") // the address is free again
		if _, err := tn.RestoreUser(ctx, actor, u.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("restoring over somebody else's address: %v", err)
		}
		if err := tn.DeleteUser(ctx, actor, second.ID); err != nil {
			t.Fatal(err)
		}
		if got, err := tn.RestoreUser(ctx, actor, u.ID); err != nil || !got.Usable() || !got.HasPassword {
			t.Errorf("restored: %+v, %v", got, err)
		}
		if _, err := tn.UserByIdentity(ctx, account.SignInEmail, "", "anna@example.com"); err != nil {
			t.Errorf("a restored person is not found: %v", err)
		}
		s.Clock.Advance(31 * 24 * time.Hour)
		if n, err := tn.PurgeDeletedUsers(ctx, actor, 100); n != 1 || err != nil {
			t.Errorf("purged %d, %v", n, err)
		}
		if _, err := tn.User(ctx, second.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a purged person: %v", err)
		}
	})
}

func TestFindingPeople(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		for _, n := range []string{"Zoë Weiß", "anna smith", "Anna Schmidt", "100% Bob_1", "Bob\"quote", "山田 太郎"} {
			tn := tn
			if _, err := tn.CreateUser(ctx, modelstest.Actor(), person(fmt.Sprintf("%d@example.com", s.Clock.Now().Unix()), func(u *models.User) {
				u.DisplayName, u.Enabled = n, n != "anna smith"
			}), ""); err != nil {
				t.Fatal(err)
			}
			s.Clock.Advance(time.Minute)
		}
		if _, err := other.CreateUser(ctx, modelstest.Actor(), person("anna@else.example", nil), ""); err != nil {
			t.Fatal(err)
		}
		first, _ := tn.Users(ctx, models.UserQuery{Sort: models.SortByCreated, Limit: 1})
		no := false
		start := modelstest.NewClock().Now()
		for _, c := range []struct {
			name string
			q    models.UserQuery
			want []string
		}{
			{"by name", models.UserQuery{}, []string{"100% Bob_1", "Anna Schmidt", "anna smith", "Bob\"quote", "Zoë Weiß", "山田 太郎"}},
			{"newest first", models.UserQuery{Sort: models.SortByCreated, Desc: true, Limit: 2}, []string{"山田 太郎", "Bob\"quote"}},
			{"part of a name", models.UserQuery{Search: "MIT"}, []string{"anna smith"}},
			{"several words, any order", models.UserQuery{Search: "schm nna"}, []string{"Anna Schmidt"}},
			{"two letters: beginnings, in their order", models.UserQuery{Search: "an"}, []string{"Anna Schmidt", "anna smith"}},
			{"a search, by name", models.UserQuery{Search: "anna", Sort: models.SortByName}, []string{"Anna Schmidt", "anna smith"}},
			{"a search, newest first", models.UserQuery{Search: "anna", Sort: models.SortByCreated, Desc: true}, []string{"Anna Schmidt", "anna smith"}},
			{"a short word beside a long one", models.UserQuery{Search: "anna mi"}, []string{"anna smith", "Anna Schmidt"}},
			{"other letters", models.UserQuery{Search: "weiß"}, []string{"Zoë Weiß"}},
			{"other scripts", models.UserQuery{Search: "山田"}, []string{"山田 太郎"}},
			{"signs of LIKE are plain", models.UserQuery{Search: "100%"}, []string{"100% Bob_1"}},
			{"quotes are plain", models.UserQuery{Search: `bob"quo`}, []string{"Bob\"quote"}},
			{"operators are plain", models.UserQuery{Search: "anna OR bob"}, nil},
			{"part of an address", models.UserQuery{Search: fmt.Sprint(start.Unix(), "@exam")}, []string{"Zoë Weiß"}},
			{"an id", models.UserQuery{Search: first.Items[0].ID}, []string{"Zoë Weiß"}},
			{"prefix of the name", models.UserQuery{NamePrefix: "ANNA S"}, []string{"Anna Schmidt", "anna smith"}},
			{"exact address", models.UserQuery{Mail: fmt.Sprintf("%d@EXAMPLE.com", start.Unix())}, []string{"Zoë Weiß"}},
			{"exact identity", models.UserQuery{Identity: fmt.Sprintf("%d@example.com", start.Unix())}, []string{"Zoë Weiß"}},
			{"disabled", models.UserQuery{Enabled: &no}, []string{"anna smith"}},
			{"created in a range", models.UserQuery{CreatedFrom: start.Add(time.Minute), CreatedBefore: start.Add(2 * time.Minute)}, []string{"anna smith"}},
			{"nobody", models.UserQuery{Search: "nobody at all"}, nil},
			{"only in another tenant", models.UserQuery{Search: "else.example"}, nil},
		} {
			p, err := tn.Users(ctx, c.q)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			var got []string
			for _, u := range p.Items {
				got = append(got, u.DisplayName)
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%s: got %q, want %q", c.name, got, c.want)
			}
			if n, err := tn.MatchingUsers(ctx, c.q); err != nil || c.q.Limit == 0 && int(n) != len(c.want) {
				t.Errorf("%s: counted %d, %v", c.name, n, err)
			}
		}
		// a new name is found, the old one is not
		if _, err := tn.UpdateUser(ctx, modelstest.Actor(), first.Items[0].ID, func(u *models.User) error { u.DisplayName = "Quentin"; return nil }); err != nil {
			t.Fatal(err)
		}
		for search, n := range map[string]int{"quent": 1, "weiß": 0} {
			if p, _ := tn.Users(ctx, models.UserQuery{Search: search}); len(p.Items) != n {
				t.Errorf("%q finds %d after the change", search, len(p.Items))
			}
		}
	})
}

func TestOneTimeThingsWorkOnce(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn, there := modelstest.MustTenant(t, s.Store, ""), s.Again(t)
		u := modelstest.MustUser(t, tn, "anna@example.com")
		add := func(kind string) string {
			id, err := tn.AddCredential(ctx, modelstest.Actor(), models.Credential{UserID: u.ID, Kind: kind, Secret: []byte("x")})
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		totp, code := add(models.KindTOTP), add(models.KindRecovery)
		token, err := tn.CreateLink(ctx, models.LinkAdminLogin, u.ID, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		for name, use := range map[string]func(*models.Tenant) (bool, error){
			"TOTP step":     func(tn *models.Tenant) (bool, error) { return tn.UseStep(ctx, totp, 7) },
			"recovery code": func(tn *models.Tenant) (bool, error) { return tn.ConsumeCredential(ctx, u.ID, code) },
			"link": func(tn *models.Tenant) (bool, error) {
				_, err := tn.ConsumeLink(ctx, models.LinkAdminLogin, token)
				if fault.Is(err, fault.Expired) {
					return false, nil
				}
				return err == nil, err
			},
		} {
			var wg sync.WaitGroup
			wins := make(chan bool, 50)
			for i := range 50 {
				wg.Go(func() {
					store := s.Store
					if i%2 == 0 {
						store = there
					}
					ok, err := use(store.Tenant(tn.ID))
					if err != nil {
						t.Errorf("%s: %v", name, err)
					}
					if ok {
						wins <- true
					}
				})
			}
			wg.Wait()
			if len(wins) != 1 {
				t.Errorf("%s: %d of 50 succeeded", name, len(wins))
			}
		}
		for step, want := range map[int64]bool{6: false, 7: false} {
			if ok, _ := tn.UseStep(ctx, totp, step); ok != want {
				t.Errorf("step %d after 7: %v", step, ok)
			}
		}
		old, _ := tn.CreateLink(ctx, models.LinkSetup, "", time.Minute)
		newer, _ := tn.CreateLink(ctx, models.LinkSetup, "", time.Minute)
		if _, err := tn.PeekLink(ctx, models.LinkSetup, old); !fault.Is(err, fault.Expired) {
			t.Errorf("an earlier link: %v", err)
		}
		if _, err := tn.PeekLink(ctx, models.LinkAdminLogin, newer); !fault.Is(err, fault.Expired) {
			t.Errorf("a link for another purpose: %v", err)
		}
		s.Clock.Advance(time.Minute)
		if _, err := tn.ConsumeLink(ctx, models.LinkSetup, newer); !fault.Is(err, fault.Expired) {
			t.Errorf("an old link: %v", err)
		}
	})
}

func TestTheLastGlobalAdministratorStays(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		work := modelstest.MustTenant(t, s.Store, "workforce")
		there := s.Again(t).Tenant(work.ID)
		global := access.Assignment{RoleID: access.GlobalAdministratorID, TenantID: access.AllTenants}
		ada, bea := modelstest.MustUser(t, work, "ada@example.com"), modelstest.MustUser(t, work, "bea@example.com")
		if has, _ := work.HasGlobalAdmin(ctx); has {
			t.Error("there is an admin before there is one")
		}
		first, err := work.AssignRole(ctx, actor, ada.ID, global)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := work.AssignRole(ctx, actor, ada.ID, global); again != first || err != nil {
			t.Errorf("assigning twice: %s, %v", again, err)
		}
		for name, try := range map[string]func() error{
			"remove the role": func() error { return work.RemoveRole(ctx, actor, first) },
			"disable":         func() error { _, err := work.SetUserEnabled(ctx, actor, ada.ID, false); return err },
			"delete":          func() error { return work.DeleteUser(ctx, actor, ada.ID) },
		} {
			if err := try(); !fault.Is(err, fault.Conflict) {
				t.Errorf("%s the last one: %v", name, err)
			}
		}
		second, err := work.AssignRole(ctx, actor, bea.ID, global)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup // two admins remove each other at the same moment
		var errs [2]error
		wg.Go(func() { errs[0] = work.RemoveRole(ctx, actor, first) })
		wg.Go(func() { errs[1] = there.RemoveRole(ctx, actor, second) })
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("removing each other: %v, %v", errs[0], errs[1])
		}
		if has, err := work.HasGlobalAdmin(ctx); !has || err != nil {
			t.Errorf("nobody is left: %v", err)
		}
	})
}

func TestNothingChangesWithoutAnActor(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn := modelstest.MustTenant(t, s, "")
		if _, err := tn.CreateUser(t.Context(), audit.Actor{}, person("anna@example.com", nil), ""); err == nil {
			t.Error("a person was made by nobody")
		}
		if n, _ := tn.CountUsers(t.Context()); n != 0 {
			t.Errorf("%d people", n)
		}
	})
}

// RemoveCredentials leaves nothing that proves anything: not the password either.
func TestRemovingEverythingThatProves(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		tn := modelstest.MustTenant(t, s, "")
		u := modelstest.MustUser(t, tn, "anna@example.com")
		if err := tn.SetPassword(ctx, modelstest.Actor(), u.ID, models.PasswordChange{Hash: "hash"}); err != nil {
			t.Fatal(err)
		}
		if _, err := tn.AddCredential(ctx, modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindTOTP, Secret: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		if err := tn.RemoveCredentials(ctx, modelstest.Actor(), u.ID); err != nil {
			t.Fatal(err)
		}
		now, err := tn.User(ctx, u.ID)
		if hash, failed := tn.Password(ctx, u.ID); hash != "" || failed != nil || err != nil || now.HasPassword || len(now.Methods) > 0 {
			t.Errorf("%q %v %v %+v", hash, failed, err, now.Methods)
		}
	})
}
