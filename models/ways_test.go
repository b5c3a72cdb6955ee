package models_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/record"
	"portico/app/session"
	"portico/app/signin"
	"portico/app/ways"
	"portico/models"
	"portico/models/modelstest"
)

func TestPendingChanges(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		u := modelstest.MustUser(t, tn, "ann@example.com")
		now := s.Clock.Now()
		put := func(id, state string) {
			t.Helper()
			if err := tn.PutPending(t.Context(), ways.Pending{ID: id, UserID: u.ID, Kind: ways.Email, State: []byte(state), CreatedAt: now, ExpiresAt: now.Add(time.Minute)}); err != nil {
				t.Fatal(err)
			}
		}
		put("first", "one")
		put("second", "two")
		p, ok, err := tn.Pending(t.Context(), u.ID, ways.Email)
		if err != nil || !ok || p.ID != "second" || string(p.State) != "two" {
			t.Fatalf("%+v %v %v", p, ok, err)
		}
		if _, ok, _ := tn.Pending(t.Context(), u.ID, ways.Phone); ok {
			t.Error("another kind was found")
		}
		other := modelstest.MustTenant(t, s.Store, "")
		if _, ok, _ := other.Pending(t.Context(), u.ID, ways.Email); ok {
			t.Error("another tenant found it")
		}
		if won, _ := other.TakePending(t.Context(), u.ID, "second"); won {
			t.Error("another tenant ended it")
		}
		won := make(chan bool, 8)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				ok, err := tn.TakePending(t.Context(), u.ID, "second")
				if err != nil {
					t.Error(err)
				}
				won <- ok
			})
		}
		all.Wait()
		close(won)
		n := 0
		for ok := range won {
			if ok {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d callers finished it", n)
		}
		put("third", "three")
		s.Clock.Advance(time.Minute)
		if _, ok, _ := tn.Pending(t.Context(), u.ID, ways.Email); ok {
			t.Error("it does not run out")
		}
		s.Clock.Advance(time.Second)
		if err := s.PurgeAttempts(t.Context()); err != nil {
			t.Fatal(err)
		}
		if won, _ := tn.TakePending(t.Context(), u.ID, "third"); won {
			t.Error("it was not purged")
		}
	})
}

func openSession(t *testing.T, tn *models.Tenant, userID, sid string, at time.Time) session.Session {
	t.Helper()
	s := session.Session{SID: sid, TenantID: tn.ID, UserID: userID, AuthTime: at, AMR: []string{"pwd"}, CreatedAt: at, LastSeenAt: at}
	if err := tn.PutSession(t.Context(), s, "secret of "+sid, "", signin.SessionInfo{ExpiresAt: at.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestKeepOnly: all but one session end, and nothing proven before the one that stays counts any more.
func TestKeepOnly(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		u, v := modelstest.MustUser(t, tn, "ann@example.com"), modelstest.MustUser(t, tn, "eve@example.com")
		at := s.Clock.Now()
		early := openSession(t, tn, u.ID, "early", at)
		s.Clock.Advance(time.Minute)
		keep := openSession(t, tn, u.ID, "keep", s.Clock.Now())
		foreign := openSession(t, tn, v.ID, "foreign", at)
		s.Clock.Advance(time.Minute)
		if err := tn.KeepOnly(t.Context(), modelstest.Actor(), u.ID, keep, keep.AuthTime, false); err != nil {
			t.Fatal(err)
		}
		now := modelstest.Must(tn.User(t.Context(), u.ID))(t)
		for _, c := range []struct {
			s    session.Session
			of   models.User
			live bool
		}{{early, now, false}, {keep, now, true}, {foreign, v, true}} {
			got, ok, err := tn.Session(t.Context(), "secret of "+c.s.SID, s.Clock.Now())
			if err != nil || (ok && !got.AuthTime.Before(c.of.SessionsValidFrom)) != c.live {
				t.Errorf("%s: %v %v", c.s.SID, ok, err)
			}
		}
		if !now.SessionsValidFrom.Equal(keep.AuthTime) {
			t.Errorf("valid from %s", now.SessionsValidFrom)
		}
		if err := tn.RenewSession(t.Context(), "keep", "fresh", ways.SessionChange{MFATime: s.Clock.Now(), AMR: []string{"pwd", "mfa"}}); err != nil {
			t.Fatal(err)
		}
		if _, ok, _ := tn.Session(t.Context(), "secret of keep", s.Clock.Now()); ok {
			t.Error("the former secret works")
		}
		got, ok, err := tn.Session(t.Context(), "fresh", s.Clock.Now())
		if err != nil || !ok || len(got.AMR) != 2 || !got.MFATime.Equal(s.Clock.Now()) || !got.AuthTime.Equal(keep.AuthTime) {
			t.Errorf("%+v %v %v", got, ok, err)
		}
		// The former secret is known for a moment, and is nobody's session.
		if again := modelstest.Must(tn.Renewed(t.Context(), "secret of keep"))(t); !again {
			t.Error("a form that is repeated is taken for a stranger's")
		}
		if _, ok, err := tn.Session(t.Context(), "secret of keep", s.Clock.Now()); ok || err != nil {
			t.Error("the former secret opens the session", err)
		}
		other := modelstest.MustTenant(t, s.Store, "")
		if modelstest.Must(other.Renewed(t.Context(), "secret of keep"))(t) || modelstest.Must(tn.Renewed(t.Context(), "fresh"))(t) {
			t.Error("known where it never was")
		}
		s.Clock.Advance(10 * time.Second)
		if modelstest.Must(tn.Renewed(t.Context(), "secret of keep"))(t) {
			t.Error("known for too long")
		}
		if err := tn.RenewSession(t.Context(), "early", "fresh too", ways.SessionChange{}); err == nil {
			t.Error("an ended session was renewed")
		}
	})
}

func TestReportSignIn(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn := modelstest.MustTenant(t, s, "")
		u, v := modelstest.MustUserWithPassword(t, tn, "ann@example.com", "hash:x"), modelstest.MustUser(t, tn, "eve@example.com")
		id := models.NewID()
		if err := tn.RecordSignIn(t.Context(), record.SignIn{ID: id, Kind: record.Interactive, StartedAt: s.Now(), User: record.Party{ID: u.ID}, Outcome: record.Outcome{Result: record.Success}}); err != nil {
			t.Fatal(err)
		}
		if _, err := tn.ReportSignIn(t.Context(), modelstest.Actor(), v.ID, id); !fault.Is(err, fault.NotFound) {
			t.Error("somebody reported what is not theirs", err)
		}
		if _, err := tn.ReportSignIn(t.Context(), modelstest.Actor(), u.ID, models.NewID()); !fault.Is(err, fault.NotFound) {
			t.Error("what never was", err)
		}
		first, err := tn.ReportSignIn(t.Context(), modelstest.Actor(), u.ID, id)
		if err != nil || !first {
			t.Fatal(first, err)
		}
		if again, err := tn.ReportSignIn(t.Context(), modelstest.Actor(), u.ID, id); err != nil || again {
			t.Error(again, err)
		}
		if got := modelstest.Must(tn.User(t.Context(), u.ID))(t); !got.MustChangePassword || !got.HasPassword || !got.PasswordVoid {
			t.Errorf("the password may stay: %+v", got.Account)
		}
		void := modelstest.Must(tn.Password(t.Context(), u.ID))(t)
		if void == "hash:x" || factor.Former(void) != "hash:x" {
			t.Errorf("the hash is %q", void)
		}
		// A sign-in that had shown the password a moment before stores it with today's costs: not any more.
		if err := tn.RehashPassword(t.Context(), u.ID, void, "hash:stronger"); err != nil || modelstest.Must(tn.Password(t.Context(), u.ID))(t) != void {
			t.Error("a rehash brought the password back", err)
		}
		other := modelstest.MustTenant(t, s, "")
		if seen := modelstest.Must(other.SignInReports(t.Context(), []string{id}))(t); len(seen) != 0 {
			t.Error("another tenant sees it")
		}
	})
}

func TestWaysGoAndMoveTogether(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn := modelstest.MustTenant(t, s, "")
		u := modelstest.MustUserWithPassword(t, tn, "ann@example.com", "hash:x")
		modelstest.MustUser(t, tn, "taken@example.com")
		st, actor := s.Ways(tn.ID), modelstest.Actor()
		if err := st.ReplaceEmail(t.Context(), actor, u.ID, "ann@example.com", "Taken@Example.com"); !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
		if err := st.ReplaceEmail(t.Context(), actor, u.ID, "gone@example.com", "new@example.com"); !fault.Is(err, fault.Conflict) {
			t.Error("an address that is no longer there was replaced:", err)
		}
		if err := st.ReplaceEmail(t.Context(), actor, u.ID, "", "second@example.com"); err != nil {
			t.Fatal(err)
		}
		// A refusal of the rule leaves everything as it was.
		no := errors.New("no")
		all := modelstest.Must(tn.WaysOf(t.Context(), u.ID))(t)
		if _, err := st.DropIdentity(t.Context(), actor, u.ID, all.Identities[1].ID, func(_, _ account.Account) error { return no }); !errors.Is(err, no) {
			t.Error(err)
		}
		if err := st.DropPassword(t.Context(), actor, u.ID, func(before, after account.Account) error {
			if !before.HasPassword || after.HasPassword {
				t.Error("the rule is told something else")
			}
			return no
		}); !errors.Is(err, no) {
			t.Error(err)
		}
		if got := modelstest.Must(tn.User(t.Context(), u.ID))(t); !got.HasPassword || len(got.Identities) != 2 {
			t.Errorf("%+v", got.Account)
		}
		// The last authenticator takes the recovery codes with it, not the first of two.
		first := modelstest.Must(tn.AddCredential(t.Context(), actor, models.Credential{UserID: u.ID, Kind: models.KindTOTP}))(t)
		last := modelstest.Must(tn.AddCredential(t.Context(), actor, models.Credential{UserID: u.ID, Kind: models.KindPasskey, LookupKey: "k"}))(t)
		if err := st.ReplaceRecovery(t.Context(), actor, u.ID, [][]byte{[]byte("a"), []byte("b")}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			id   string
			left int
		}{{first, 2}, {last, 0}} {
			if _, err := st.Unregister(t.Context(), actor, u.ID, c.id); err != nil {
				t.Fatal(err)
			}
			if w := modelstest.Must(tn.WaysOf(t.Context(), u.ID))(t); w.Recovery != c.left {
				t.Errorf("%d recovery codes left, want %d", w.Recovery, c.left)
			}
		}
	})
}
