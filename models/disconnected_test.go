package models_test

import (
	"slices"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/session"
	"portico/app/signin"
	"portico/models"
	"portico/models/modelstest"
)

// TestDisconnectingEndsItsSessions: who came by an identity that is taken away is out at once, and nobody else.
func TestDisconnectingEndsItsSessions(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "")
		google := modelstest.Must(tn.CreateProvider(ctx, actor, googleProvider("Google"), models.ProviderSecret{Client: "a-secret-that-ends-in-1234"}, asIs))(t)
		acme := modelstest.Must(tn.CreateProvider(ctx, actor, companyProvider("Acme", "https://id.acme.example"), models.ProviderSecret{Client: "a-secret-that-ends-in-9876"}, asIs))(t)
		people := map[string]models.User{}
		for _, name := range []string{"ada", "bob"} {
			u := modelstest.MustUserWithPassword(t, tn, name+"@example.com", "hash:x")
			people[name] = modelstest.Must(tn.UpdateUser(ctx, actor, u.ID, func(u *models.User) error {
				u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInFederated, Issuer: "google.com", Value: name},
					account.Identity{SignInType: account.SignInFederated, Issuer: "https://id.acme.example", Value: name})
				return nil
			}))(t)
		}
		begin := func(who, provider string) string {
			id := models.NewID()
			must(t, tn.PutSession(ctx, session.Session{SID: id, UserID: people[who].ID, AuthTime: s.Now(), CreatedAt: s.Now(), LastSeenAt: s.Now(), Upstream: session.Upstream{Provider: provider}}, "secret-"+id, "", signin.SessionInfo{ExpiresAt: s.Now().Add(time.Hour)}))
			return id
		}
		sessions := map[string]struct {
			sid  string
			ends bool
		}{
			"hers by the provider":       {begin("ada", google.ID), true},
			"another of hers by it":      {begin("ada", google.ID), true},
			"hers by another provider":   {begin("ada", acme.ID), false},
			"hers by a password":         {begin("ada", ""), false},
			"somebody else's by the one": {begin("bob", google.ID), false},
		}
		ways := modelstest.Must(tn.WaysOf(ctx, people["ada"].ID))(t)
		i := slices.IndexFunc(ways.Identities, func(w models.Way) bool { return w.Issuer == "google.com" })
		modelstest.Must(tn.InWays().DropIdentity(ctx, actor, people["ada"].ID, ways.Identities[i].ID, func(_, _ account.Account) error { return nil }))(t)
		for name, x := range sessions {
			_, on, err := tn.Session(ctx, "secret-"+x.sid, s.Now())
			if ended := err != nil || !on; ended != x.ends {
				t.Errorf("%s: ended %v, want %v (%v)", name, ended, x.ends, err)
			}
		}
	})
}
