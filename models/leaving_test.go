package models_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/record"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

func self(u models.User) audit.Actor { return audit.Actor{Kind: audit.ActorUser, ID: u.ID} }

// Who deletes their own account keeps the address; whom an admin deletes does not.
func TestAddressesOfWhoLeftAndWhoWasRemoved(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn := modelstest.MustTenant(t, s, "")
		again := func(email string) error {
			_, err := tn.CreateUser(t.Context(), modelstest.Actor(), models.User{Account: account.Account{DisplayName: "New", Enabled: true,
				Identities: []account.Identity{{SignInType: account.SignInEmail, Value: email}}}}, "")
			return err
		}
		left, removed := modelstest.MustUser(t, tn, "left@example.com"), modelstest.MustUser(t, tn, "removed@example.com")
		modelstest.Must(tn.DeleteSelf(t.Context(), self(left), left.ID))(t)
		if err := tn.DeleteUser(t.Context(), modelstest.Actor(), removed.ID); err != nil {
			t.Fatal(err)
		}
		if err := again("left@example.com"); !fault.Is(err, fault.Conflict) {
			t.Errorf("the address of somebody who may come back: %v", err)
		}
		if err := again("removed@example.com"); err != nil {
			t.Errorf("the address of somebody who was removed: %v", err)
		}
		if _, err := tn.DeleteSelf(t.Context(), self(left), left.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("twice: %v", err)
		}
		if _, err := tn.ReturnUser(t.Context(), self(removed), removed.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("an admin's deletion is undone by its owner: %v", err)
		}
		if _, err := tn.UserByIdentity(t.Context(), account.SignInEmail, "", "left@example.com"); !fault.Is(err, fault.NotFound) {
			t.Errorf("found by address: %v", err)
		}
		back := modelstest.Must(tn.ReturnUser(t.Context(), self(left), left.ID))(t)
		if !back.Usable() || back.SelfDeleted || back.Identities[0].Canonical != "left@example.com" {
			t.Errorf("%+v", back.Account)
		}
	})
}

func TestTheGraceEnds(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		tn := modelstest.MustTenant(t, scratch.Store, "")
		u := modelstest.MustUser(t, tn, "left@example.com")
		modelstest.Must(tn.DeleteSelf(t.Context(), self(u), u.ID))(t)
		scratch.Clock.Advance(account.Grace)
		if _, err := tn.ReturnUser(t.Context(), self(u), u.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("came back too late: %v", err)
		}
		scratch.Clock.Advance(time.Second)
		if n := modelstest.Must(tn.PurgeDeletedUsers(t.Context(), modelstest.Actor(), 10))(t); n != 1 {
			t.Errorf("purged %d", n)
		}
	})
}

// What is kept of somebody who is gone is what the tenant's setting says.
func TestWhatThePurgeLeavesInTheSignInLog(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		for _, whole := range []bool{false, true} {
			tn := modelstest.MustTenant(t, scratch.Store, "")
			modelstest.Must(tn.Update(t.Context(), modelstest.Actor(), func(n *tenant.Tenant) error { n.Settings.KeepSignInsOfDeleted = whole; return nil }))(t)
			u, other := modelstest.MustUser(t, tn, "left@example.com"), modelstest.MustUser(t, tn, "other@example.com")
			log := func(id, userID, typed string) {
				r := record.SignIn{ID: models.NewID(), Kind: record.Interactive, StartedAt: tn.Now(), EndedAt: tn.Now(), User: record.Party{ID: userID, Name: "Name of " + id}, Identifier: typed,
					App: record.Party{ID: "app", Name: "Shop"}, Count: 3, Outcome: record.Outcome{Result: record.Success},
					Signals: record.Signals{IP: netip.MustParseAddr("203.0.113.9"), Country: "PT", City: "Lisbon", UserAgent: "Mozilla", Browser: "Firefox 140", DeviceID: "device"},
					Risk:    []record.Finding{{Type: "unfamiliarFeatures", Level: "low", Evidence: map[string]any{"ip": "203.0.113.9"}}}}
				if err := tn.RecordSignIn(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			log("left", u.ID, "Left@Example.com")
			log("before", "", "left@example.com") // tried before there was an account
			log("other", other.ID, "other@example.com")
			modelstest.Must(tn.DeleteSelf(t.Context(), self(u), u.ID))(t)
			if err := tn.PurgeUser(t.Context(), modelstest.Actor(), u.ID); err != nil {
				t.Fatal(err)
			}
			rows := modelstest.Must(tn.SignInRows(t.Context(), models.SignInQuery{}))(t).Items
			if len(rows) != 3 {
				t.Fatalf("%d entries", len(rows))
			}
			for _, row := range rows {
				text := strings.Join([]string{row.UserName, row.Identifier, row.IP, row.Record}, " ")
				gone := !whole && row.UserID != other.ID
				for _, personal := range []string{"Name of", "@example.com", "203.0.113.9", "Lisbon", "Mozilla", "device"} {
					if strings.Contains(strings.ToLower(text), strings.ToLower(personal)) == gone {
						t.Errorf("whole %v, %s: %q is there: %v", whole, row.UserID, personal, !gone)
					}
				}
				r := modelstest.Must(row.SignIn())(t)
				if r.App.Name != "Shop" || r.Signals.Country != "PT" || r.Signals.Browser != "Firefox 140" || r.Count != 3 || len(r.Risk) != 1 {
					t.Errorf("what reports count was lost: %+v", r)
				}
			}
		}
	})
}
