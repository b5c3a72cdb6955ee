package openid_test

import (
	"net/url"
	"testing"

	"portico/app/account"
	"portico/app/openid"
	"portico/models"
	"portico/models/modelstest"
)

func (w *world) edit(a registered, edit func(*models.ApplicationSpec)) {
	w.t.Helper()
	if _, err := w.tenant.UpdateApplication(w.t.Context(), modelstest.Actor(), a.ID, func(a *models.Application) error { edit(&a.Spec); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) group(name string, members ...string) account.Group {
	w.t.Helper()
	g := modelstest.Must(w.tenant.CreateGroup(w.t.Context(), modelstest.Actor(), account.Group{Name: name}))(w.t)
	for _, m := range members {
		if err := w.tenant.AddMember(w.t.Context(), modelstest.Actor(), g.ID, m); err != nil {
			w.t.Fatal(err)
		}
	}
	return g
}

func (w *world) give(a registered, principal, role string) models.AppRoleAssignment {
	w.t.Helper()
	return modelstest.Must(w.tenant.AssignAppRole(w.t.Context(), modelstest.Actor(),
		models.AppRoleAssignment{ApplicationID: a.ID, PrincipalID: principal, RoleID: role}))(w.t)
}

func declare(roles ...string) func(*models.ApplicationSpec) {
	return func(s *models.ApplicationSpec) {
		for _, v := range roles {
			s.AppRoles = append(s.AppRoles, models.AppRole{ID: "role-" + v, Value: v, Name: v, Enabled: true, MemberTypes: []string{models.RoleForUsers, models.RoleForApps}})
		}
	}
}

// Roles and groups in real tokens, on both engines: whose they are, and what a refresh says after a change.
func TestRolesAndGroupsInRealTokens(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		w := newWorldOn(t, scratch)
		w.edit(w.web, declare("Read", "Write"))
		inner := w.group("Inner", w.user.ID)
		outer := w.group("Outer", inner.ID)
		w.give(w.web, inner.ID, "role-Write")
		w.give(w.web, outer.ID, "role-Read") // the person is not in it directly (R 1.2.13)
		w.edit(w.web, func(s *models.ApplicationSpec) { s.GroupClaims, s.GroupNames = openid.SecurityGroups, true })

		got := w.tokens(w.browser(), w.web, "scope", "openid offline_access "+w.web.ClientID+"/.default")
		want := map[string]any{"roles": []any{"Write"}, "groups": []any{"Inner", "Outer"}}
		expect(t, "ID token", claims(t, got["id_token"]), want)
		expect(t, "access token", claims(t, got["access_token"]), want)
		expect(t, "userinfo", w.userInfo(got["access_token"]), want)
		w.give(w.web, w.user.ID, "role-Read")
		if err := w.tenant.RemoveMember(t.Context(), modelstest.Actor(), inner.ID, w.user.ID); err != nil {
			t.Fatal(err)
		}
		next := mustToken(t, w.refresh(w.web, text(got["refresh_token"])))
		expect(t, "after the change", claims(t, next["id_token"]), map[string]any{"roles": []any{"Read"}, "groups": nil})

		// An API that another app asks for: its roles, not the app's.
		w.edit(w.second, declare("Order"))
		w.give(w.second, w.user.ID, "role-Order")
		got = w.tokens(w.browser(), w.web, "scope", "openid "+w.second.ClientID+"/.default")
		expect(t, "access token for an API", claims(t, got["access_token"]), map[string]any{"roles": []any{"Order"}, "groups": nil})
		expect(t, "ID token besides", claims(t, got["id_token"]), map[string]any{"roles": []any{"Read"}})

		// The preview says the same.
		stored := modelstest.Must(w.tenant.Application(t.Context(), w.web.ID))(t)
		client := modelstest.Must(stored.Client())(t)
		dir := modelstest.Must(w.store.Directory(t.Context(), w.tenant.ID))(t)
		preview, err := w.provider.Preview(t.Context(), openid.NewRealm(w.base, dir.Tenant, dir.Clients), client,
			modelstest.Must(w.tenant.OpenIDUser(t.Context(), w.user.ID))(t), w.store.Now())
		if err != nil {
			t.Fatal(err)
		}
		expect(t, "preview", preview.IDToken, map[string]any{"roles": []any{"Read"}, "groups": nil})
	})
}

// An app, and an API, that are only for those assigned to them give nobody else a token.
func TestAssignmentIsRequiredOfTokens(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		w := newWorldOn(t, scratch)
		required := func(on bool) func(*models.ApplicationSpec) {
			return func(s *models.ApplicationSpec) { s.AppRoleRequired = on }
		}
		number := func(r response, want float64) {
			t.Helper()
			codes, _ := r.json(t)["error_codes"].([]any)
			if r.status != 400 || len(codes) != 1 || codes[0] != want {
				t.Errorf("%d %s, want %v", r.status, r.body, want)
			}
		}
		got := w.tokens(w.browser(), w.web, "scope", "openid offline_access")
		refresh := text(got["refresh_token"])
		code := w.browser().code(w.web)
		w.edit(w.web, required(true))
		r := w.refresh(w.web, refresh)
		wantError(t, r, 400, "invalid_grant")
		number(r, 50105)
		number(w.tokenPost(w.web, redemption(w.web, code)), 50105)
		g := w.group("Members", w.user.ID)
		given := w.give(w.web, g.ID, "")
		refresh = text(mustToken(t, w.refresh(w.web, refresh))["refresh_token"]) // it was not consumed by the refusal
		if err := w.tenant.UnassignAppRole(t.Context(), modelstest.Actor(), given.ID); err != nil {
			t.Fatal(err)
		}
		number(w.refresh(w.web, refresh), 50105)
		w.edit(w.web, required(false))
		mustToken(t, w.refresh(w.web, refresh))

		// The API that the token is for.
		w.edit(w.second, declare("Job"))
		w.edit(w.second, required(true))
		number(w.tokenPost(w.web, redemption(w.web, w.browser().code(w.web, "scope", "openid "+w.second.ClientID+"/.default"))), 50105)

		// An app without a person.
		service := url.Values{"grant_type": {"client_credentials"}, "scope": {w.second.ClientID + "/.default"}}
		number(w.tokenPost(w.web, service), 501051)
		crowd := w.group("Apps", w.web.ServicePrincipalID)
		w.give(w.second, crowd.ID, "role-Job") // apps get nothing through groups
		number(w.tokenPost(w.web, service), 501051)
		w.give(w.second, w.web.ServicePrincipalID, "role-Job")
		expect(t, "token of an app", claims(t, mustToken(t, w.tokenPost(w.web, service))["access_token"]), map[string]any{"roles": []any{"Job"}})
		w.edit(w.second, func(s *models.ApplicationSpec) { s.AppRoles[0].Enabled = false })
		expect(t, "a role that is off", claims(t, mustToken(t, w.tokenPost(w.web, service))["access_token"]), map[string]any{"roles": nil})
	})
}
