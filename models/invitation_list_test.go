package models_test

import (
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

func TestInvitationsAreFoundByStateAndAddress(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "shop")
		app, _ := modelstest.MustApp(t, tn, "Market", "https://market.example/cb")
		flow := modelstest.MustFlow(t, tn, "Sign in", userflow.EmailPassword, app)
		invite := func(email string, life time.Duration) userflow.Invitation {
			s.Clock.Advance(time.Second)
			i, _, err := tn.CreateInvitation(t.Context(), modelstest.Actor(), userflow.Invitation{FlowID: flow.ID, ClientID: app.ClientID, Email: email, ExpiresAt: s.Store.Now().Add(life)}, nil)
			if err != nil {
				t.Fatal(err)
			}
			return i
		}
		old, spent, back := invite("old@example.com", time.Hour), invite("Spent@Example.com", 48*time.Hour), invite("back_1@example.com", 48*time.Hour)
		invite("open@other.example", 48*time.Hour)
		ann := modelstest.MustUser(t, tn, "ann@example.com")
		if ok, err := tn.SpendInvitation(t.Context(), spent.ID, ann.ID, s.Store.Now()); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if err := tn.RevokeInvitation(t.Context(), modelstest.Actor(), back.ID); err != nil {
			t.Fatal(err)
		}
		s.Clock.Advance(2 * time.Hour)
		for _, c := range []struct {
			state   userflow.InvitationState
			address string
			want    string // the addresses' first letters, newest first
		}{
			{"", "", "obSo"}, {userflow.InvitationPending, "", "o"}, {userflow.InvitationAccepted, "", "S"}, {userflow.InvitationRevoked, "", "b"}, {userflow.InvitationExpired, "", "o"},
			{"", "SPENT@", "S"}, {"", "k_1", "b"}, {"", "_", "b"}, {"", "%", ""}, {"", "other.example", "o"}, {userflow.InvitationExpired, "other", ""},
		} {
			got, q := "", models.InvitationQuery{State: c.state, Address: c.address, Limit: 1}
			for {
				p, err := tn.FindInvitations(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, i := range p.Items {
					got += i.Email[:1]
				}
				if q.After = p.Next; q.After == "" {
					break
				}
			}
			if got != c.want {
				t.Errorf("%q %q: %q, want %q", c.state, c.address, got, c.want)
			}
		}
		if i, err := tn.InvitationOf(t.Context(), ann.ID); err != nil || i.ID != spent.ID {
			t.Errorf("%+v %v", i, err)
		}
		for _, nobody := range []string{"", old.ID} {
			if _, err := tn.InvitationOf(t.Context(), nobody); !fault.Is(err, fault.NotFound) {
				t.Errorf("%q came by an invitation: %v", nobody, err)
			}
		}
	})
}

// Who was invited twice has two links that work; what is over, accepted or taken back is no such link, nor is
// another tenant's.
func TestPendingInvitationsOfAnAddress(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		var ids []string
		var tn *models.Tenant
		for _, slug := range []string{"other", "shop"} {
			tn = modelstest.MustTenant(t, s.Store, slug)
			app, _ := modelstest.MustApp(t, tn, "Market", "https://market.example/cb")
			flow := modelstest.MustFlow(t, tn, "Sign in", userflow.EmailPassword, app)
			invite := func(email string, life time.Duration) string {
				s.Clock.Advance(time.Second)
				i, _, err := tn.CreateInvitation(t.Context(), modelstest.Actor(), userflow.Invitation{FlowID: flow.ID, ClientID: app.ClientID, Email: email, ExpiresAt: s.Store.Now().Add(life)}, nil)
				if err != nil {
					t.Fatal(err)
				}
				return i.ID
			}
			invite("ann@example.com", time.Minute)
			back, spent := invite("ann@example.com", time.Hour), invite("ann@example.com", time.Hour)
			ids = []string{invite("ANN@example.com", time.Hour), invite("ann@EXAMPLE.com", time.Hour)}
			invite("anna@example.com", time.Hour)
			if err := tn.RevokeInvitation(t.Context(), modelstest.Actor(), back); err != nil {
				t.Fatal(err)
			}
			if ok, err := tn.SpendInvitation(t.Context(), spent, modelstest.MustUser(t, tn, "bob@example.com").ID, s.Store.Now()); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		s.Clock.Advance(10 * time.Minute)
		got, err := tn.PendingInvitations(t.Context(), "ann@example.com")
		if err != nil || len(got) != 2 || got[0].ID != ids[1] || got[1].ID != ids[0] {
			t.Errorf("%+v, %v, want %v", got, err, ids)
		}
	})
}
