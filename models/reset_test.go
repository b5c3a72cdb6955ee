package models_test

import (
	"sync"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/limit"
	"portico/app/session"
	"portico/app/signin"
	"portico/models"
	"portico/models/modelstest"
)

// Right and wrong answers for one account at once: a counter that a right one deletes is made again by the
// next wrong one, and nobody meets an error.
func TestACounterIsClearedWhileOthersCount(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		at := models.SignInStores{Store: s.Store}.SignIns(modelstest.MustTenant(t, s.Store, "").ID)
		key, rules := []byte("account"), limit.LockRules{Threshold: 1000, First: time.Minute}
		var wg sync.WaitGroup
		for n := range 60 {
			wg.Go(func() {
				ticket, _, _, err := at.BeginTry(t.Context(), key, rules, s.Now())
				switch {
				case err != nil:
				case n%2 == 0:
					err = at.ClearTries(t.Context(), key)
				default:
					err = at.FailTry(t.Context(), key, ticket, []byte{byte(n)})
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

// A reset ends what was proven before it, at every app, or leaves it all alone.
func TestAResetEndsSessionsAndGrantsOrKeepsThem(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		for _, ends := range []bool{false, true} {
			tn := modelstest.MustTenant(t, s.Store, "")
			u := modelstest.MustUserWithPassword(t, tn, "anna@example.com", "$old")
			g := grant(s, tn, "reset "+tn.ID)
			g.UserID, g.SID = u.ID, "sid-"+tn.ID
			must(t, tn.AddOpenIDGrant(ctx, g))
			now := s.Now()
			must(t, tn.PutSession(ctx, session.Session{SID: g.SID, TenantID: tn.ID, UserID: u.ID, AuthTime: now, CreatedAt: now, LastSeenAt: now}, "secret "+tn.ID, "", signin.SessionInfo{ExpiresAt: now.Add(time.Hour)}))
			s.Clock.Advance(time.Minute)
			at := models.SignInStores{Store: s.Store}.SignIns(tn.ID)
			must(t, at.SetPassword(ctx, u.ID, signin.PasswordChange{Hash: "$new", Reset: true, EndSessions: ends, At: s.Now()}))
			got, ok, err := tn.OpenIDGrant(ctx, g.ID)
			must(t, err)
			if !ok || got.RevokedAt.IsZero() == ends {
				t.Errorf("ends %v: grant %+v", ends, got)
			}
			if list := modelstest.Must(tn.SessionsOf(ctx, u.ID, s.Now()))(t); (len(list) == 0) != ends {
				t.Errorf("ends %v: %d sessions", ends, len(list))
			}
			if hash := modelstest.Must(tn.Password(ctx, u.ID))(t); hash != "$new" {
				t.Errorf("hash %s", hash)
			}
			after := modelstest.Must(tn.User(ctx, u.ID))(t)
			if after.SessionsValidFrom.Equal(s.Now()) != ends || after.MustChangePassword {
				t.Errorf("ends %v: %+v", ends, after)
			}
			log := modelstest.Must(tn.Audits(ctx, models.AuditQuery{}))(t)
			if len(log.Items) == 0 || log.Items[0].Activity != "Reset password (self-service)" || log.Items[0].Actor.Kind != audit.ActorUser {
				t.Errorf("audit %+v", log.Items)
			}
		}
	})
}
