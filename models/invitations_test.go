package models_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/outbox"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

func invite(t *testing.T, tn *models.Tenant, flow models.UserFlow, app models.Application, email string) userflow.Invitation {
	t.Helper()
	i, _, err := tn.CreateInvitation(t.Context(), modelstest.Actor(), userflow.Invitation{FlowID: flow.ID, ClientID: app.ClientID, Email: email}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// invited is a tenant with an app in a flow that people can be invited into.
func invited(t *testing.T, s *models.Store) (*models.Tenant, models.UserFlow, models.Application) {
	t.Helper()
	tn := modelstest.MustTenant(t, s, "")
	app, _ := modelstest.MustApp(t, tn, "Market", "https://market.example/cb")
	return tn, modelstest.MustFlow(t, tn, "Customers", userflow.EmailCode, app), app
}

func TestAnInvitationComesBackWhole(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn, flow, app := invited(t, s.Store)
		points := modelstest.MustDefinition(t, tn, userflow.Definition{Name: "Points", DataType: userflow.Int}).ID
		_, err := tn.PublishFlow(ctx, modelstest.Actor(), flow.ID, func(f *userflow.Flow) error {
			f.Attributes = append(f.Attributes, userflow.Attribute{ID: points, Hidden: true})
			return nil
		})
		must(t, err)
		sent := ""
		made, token, err := tn.CreateInvitation(ctx, modelstest.Actor(), userflow.Invitation{FlowID: flow.ID, ClientID: app.ClientID, Email: " Ann@Example.com", Name: "Ann", Locale: "de",
			Values: map[string]any{"city": "Ulm", points: int64(1)<<62 + 1}, RedirectURI: "https://market.example/cb", Message: "Welcome"},
			func(tn *models.Tenant, i userflow.Invitation, token string) error {
				sent = i.Canonical + " " + token
				return tn.EnqueueOutbox(ctx, outbox.Item{Kind: outbox.Mail, Payload: []byte("x")})
			})
		if err != nil || len(token) < 40 || sent != "ann@example.com "+token {
			t.Fatalf("%q, %v", sent, err)
		}
		got := modelstest.Must(tn.InvitationByToken(ctx, token))(t)
		if got.ID != made.ID || got.Canonical != "ann@example.com" || got.Values[points] != int64(1)<<62+1 || got.SentCount != 1 ||
			!got.ExpiresAt.Equal(s.Now().Add(userflow.InvitationLifetime)) || got.State(s.Now()) != userflow.InvitationPending {
			t.Errorf("%+v", got)
		}
		for _, line := range strings.Split(state(t, s.Store), "\n") {
			if strings.Contains(line, token) {
				t.Errorf("the token is stored: %s", line)
			}
		}
		other := modelstest.MustTenant(t, s.Store, "")
		if _, err := other.InvitationByToken(ctx, token); !fault.Is(err, fault.NotFound) {
			t.Errorf("another tenant opens it: %v", err)
		}
		if ok, err := other.SpendInvitation(ctx, made.ID, "u", s.Now()); ok || err != nil {
			t.Errorf("another tenant spends it: %v, %v", ok, err)
		}
		if _, err := tn.InvitationByToken(ctx, token+"x"); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
	})
}

func TestAnInvitationThatCannotBeMailedIsNotMade(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn, flow, app := invited(t, s)
		_, _, err := tn.CreateInvitation(t.Context(), modelstest.Actor(), userflow.Invitation{FlowID: flow.ID, ClientID: app.ClientID, Email: "ann@example.com"},
			func(*models.Tenant, userflow.Invitation, string) error { return errors.New("no") })
		if list, _ := tn.Invitations(t.Context(), "", 10); err == nil || len(list) != 0 {
			t.Errorf("%v, %v", list, err)
		}
	})
}

// The word of the issue: an invitation is used once, however many try at the same moment.
func TestAnInvitationIsUsedOnce(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn, flow, app := invited(t, s.Store)
		i := invite(t, tn, flow, app, "ann@example.com")
		second := s.Again(t).Tenant(tn.ID)
		var won atomic.Int64
		var group sync.WaitGroup
		for n := range 50 {
			at := tn
			if n%2 == 1 {
				at = second
			}
			group.Go(func() {
				ok, err := at.SpendInvitation(t.Context(), i.ID, models.NewID(), s.Now())
				if err != nil {
					t.Error(err)
				}
				if ok {
					won.Add(1)
				}
			})
		}
		group.Wait()
		if won.Load() != 1 {
			t.Errorf("%d used it", won.Load())
		}
		if got := modelstest.Must(tn.Invitation(t.Context(), i.ID))(t); got.AcceptedBy == "" || got.State(s.Now()) != userflow.InvitationAccepted {
			t.Errorf("%+v", got)
		}
		if err := tn.RevokeInvitation(t.Context(), modelstest.Actor(), i.ID); complaint(err) != "invitation.over" {
			t.Errorf("revoking what was accepted: %v", err)
		}
		if _, _, err := tn.ResendInvitation(t.Context(), modelstest.Actor(), i.ID, nil); complaint(err) != "invitation.over" {
			t.Errorf("resending what was accepted: %v", err)
		}
	})
}

func TestInvitationsEnd(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, flow, app := invited(t, s.Store)
		spend := func(id string) bool {
			t.Helper()
			return modelstest.Must(tn.SpendInvitation(ctx, id, "someone", s.Now()))(t)
		}
		revoked := invite(t, tn, flow, app, "a@example.com")
		for range 2 { // again is no mistake
			if err := tn.RevokeInvitation(ctx, actor, revoked.ID); err != nil {
				t.Fatal(err)
			}
		}
		if spend(revoked.ID) {
			t.Error("a revoked one was used")
		}
		if _, _, err := tn.ResendInvitation(ctx, actor, revoked.ID, nil); complaint(err) != "invitation.over" {
			t.Errorf("resending a revoked one: %v", err)
		}

		i, old, err := tn.CreateInvitation(ctx, actor, userflow.Invitation{FlowID: flow.ID, ClientID: app.ClientID, Email: "b@example.com", ExpiresAt: s.Now().Add(time.Hour)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Clock.Advance(time.Hour)
		if spend(i.ID) {
			t.Error("an expired one was used")
		}
		again, token, err := tn.ResendInvitation(ctx, actor, i.ID, nil)
		if err != nil || token == old || !again.ExpiresAt.Equal(s.Now().Add(time.Hour)) {
			t.Errorf("%+v, %v", again, err)
		}
		if _, err := tn.InvitationByToken(ctx, old); !fault.Is(err, fault.NotFound) {
			t.Errorf("the old link still works: %v", err)
		}
		if got, err := tn.InvitationByToken(ctx, token); err != nil || got.ID != i.ID {
			t.Errorf("%+v, %v", got, err)
		}
		if !spend(i.ID) {
			t.Error("the new one does not work")
		}
		moved := invite(t, tn, flow, app, "c@example.com")
		if err := tn.RemoveFlowApp(ctx, actor, flow.ID, app.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err := tn.ResendInvitation(ctx, actor, moved.ID, nil); complaint(err) != "invitation.moved" {
			t.Errorf("resending one whose app has left the flow: %v", err)
		}
	})
}

func TestInvitationsThatNobodyCouldAccept(t *testing.T) {
	s := modelstest.OpenScratch(t, modelstest.SQLite)
	tn, flow, app := invited(t, s.Store)
	elsewhere, _ := modelstest.MustApp(t, tn, "Elsewhere", "https://else.example/cb")
	good := userflow.Invitation{FlowID: flow.ID, ClientID: app.ClientID, Email: "ann@example.com"}
	for name, c := range map[string]struct {
		edit func(*userflow.Invitation)
		want string
	}{
		"no address":              {func(i *userflow.Invitation) { i.Email = "" }, "email field.email.required"},
		"no real address":         {func(i *userflow.Invitation) { i.Email = "ann" }, "email field.email.invalid"},
		"no flow":                 {func(i *userflow.Invitation) { i.FlowID = "x" }, "userFlow invitation.flow"},
		"no app":                  {func(i *userflow.Invitation) { i.ClientID = "x" }, "application invitation.app"},
		"an app of no flow":       {func(i *userflow.Invitation) { i.ClientID = elsewhere.ClientID }, "application invitation.app"},
		"over before it begins":   {func(i *userflow.Invitation) { i.ExpiresAt = s.Now() }, "expires invitation.expires"},
		"for ever":                {func(i *userflow.Invitation) { i.ExpiresAt = s.Now().AddDate(2, 0, 0) }, "expires invitation.expires"},
		"a stranger's page after": {func(i *userflow.Invitation) { i.RedirectURI = "https://evil.example/" }, "redirectUri invitation.redirect"},
	} {
		i := good
		c.edit(&i)
		_, _, err := tn.CreateInvitation(t.Context(), modelstest.Actor(), i, nil)
		if got := complaint(err); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestErasingAPersonErasesTheirInvitationsAndAcceptances(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, flow, app := invited(t, s.Store)
		terms := modelstest.Must(tn.CreateTerms(ctx, actor, rules("House rules")))(t)
		ann := modelstest.MustUser(t, tn, "ann@example.com")
		mine, open, others := invite(t, tn, flow, app, "work@example.com"), invite(t, tn, flow, app, "ANN@example.com"), invite(t, tn, flow, app, "bob@example.com")
		modelstest.Must(tn.SpendInvitation(ctx, mine.ID, ann.ID, s.Now()))(t)
		if err := tn.Accept(ctx, actor, ann.ID, []userflow.Acceptance{{TermsID: terms.ID, Version: 1, At: s.Now()}}); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(tn.DeleteUser(ctx, actor, ann.ID), tn.PurgeUser(ctx, actor, ann.ID)); err != nil {
			t.Fatal(err)
		}
		for _, i := range []userflow.Invitation{mine, open} {
			if _, err := tn.Invitation(ctx, i.ID); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s is kept: %v", i.Email, err)
			}
		}
		if _, err := tn.Invitation(ctx, others.ID); err != nil {
			t.Error(err)
		}
		if list, err := tn.Acceptances(ctx, ann.ID); len(list) != 0 || err != nil {
			t.Errorf("%v, %v", list, err)
		}
	})
}
