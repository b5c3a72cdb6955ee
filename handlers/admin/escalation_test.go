package admin

import (
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// TestNobodyRaisesTheirOwnRights plays each way to more rights that the portal's forms would open, as somebody
// who has everything but the one right that matters.
func TestNobodyRaisesTheirOwnRights(t *testing.T) {
	b := newBench(t)
	th := b.things()
	boss := b.global()
	// Everything over the shop but giving roles; the right to give roles everywhere, and little else.
	apps := b.admin("apps@staff.example", b.roleID("Application Administrator"), b.shop.ID, b.roleID("External ID User Flow Administrator"), b.shop.ID)
	roles := b.admin("roles@staff.example", b.roleID("Privileged Role Administrator"), access.AllTenants, b.roleID("User Administrator"), access.AllTenants,
		b.roleID("Privileged Authentication Administrator"), access.AllTenants, b.roleID("Application Administrator"), access.AllTenants)
	local := b.admin("local@staff.example", access.GlobalAdministratorID, b.shop.ID)
	elsewhere := b.admin("elsewhere@staff.example", b.roleID("Reports Reader"), b.shop.ID, access.GlobalAdministratorID, modelstest.MustTenant(t, b.store, "other").ID)
	const shop, staff = "/admin/t/shop", "/admin/t/workforce"
	strong := th.app
	_, err := b.shop.UpdateApplication(t.Context(), modelstest.Actor(), strong.ID, func(a *models.Application) error {
		a.Spec.Permissions = []string{string(access.UserWrite)}
		return nil
	})
	b.must(err)
	program, _ := modelstest.MustApp(t, b.workforce, "Staff tool", "https://tool.example/cb")
	_, err = b.workforce.UpdateApplication(t.Context(), modelstest.Actor(), program.ID, func(a *models.Application) error {
		a.Spec.Permissions = []string{string(access.AsSignedIn)}
		return nil
	})
	b.must(err)
	modelstest.Must(b.workforce.CreateFlow(t.Context(), modelstest.Actor(), userflow.Flow{ID: userflow.Administrators, Name: "Administrators",
		SignUpMethod: userflow.EmailPassword, MFA: userflow.MFA{Enforcement: userflow.MFAAlways, Methods: []string{"softwareOath"}}}))(t)
	gone, _ := modelstest.MustApp(t, b.shop, "Gone", "https://gone.example/cb")
	_, err = b.shop.UpdateApplication(t.Context(), modelstest.Actor(), gone.ID, func(a *models.Application) error {
		a.Spec.Permissions = []string{string(access.UserWrite)}
		return nil
	})
	b.must(err)
	b.must(b.shop.DeleteApplication(t.Context(), modelstest.Actor(), gone.ID))
	global, everywhere := access.GlobalAdministratorID, "all"
	app, tool := shop+"/applications/"+strong.ID, staff+"/applications/"+program.ID
	for _, c := range []struct {
		who    *browser
		attack string
		path   string
		form   []string
	}{
		{apps, "a redirect URI of my own at an application that may change people", app + "/redirects/add", []string{"redirectUris", "https://evil.example/cb", "platform", "web"}},
		{apps, "a loopback address, where any program listens", app + "/connect/loopback", []string{"uri", "http://localhost/cb"}},
		{apps, "a secret of it", app + "/secrets", []string{"name", "mine", "expiresAt", "180"}},
		{apps, "a certificate of it", app + "/certificates", []string{"certificate", "x"}},
		{apps, "what its tokens say", app + "/claims", []string{"name", "email", "source", "constant", "value", "boss@staff.example"}},
		{apps, "tokens that live for ever", app + "/tokens", []string{"accessTokenMinutes", "1440"}},
		{apps, "a deleted application that may change people", shop + "/applications/deleted/" + gone.ID + "/restore", nil},
		{apps, "a permission that I lack", app + "/permissions", []string{"permissions", string(access.UserWrite), "permissions", string(access.RoleWrite)}},
		{roles, "a redirect URI of the tool that acts for whoever signs in to it", tool + "/redirects/add", []string{"redirectUris", "https://evil.example/cb", "platform", "web"}},
		{roles, "a tool that acts for whoever signs in to it", staff + "/applications/" + program.ID + "/permissions", []string{"permissions", string(access.AsSignedIn), "permissions", string(access.OrganizationWrite)}},
		{roles, "another's password", staff + "/users/" + boss.userID + "/password", []string{"how", "own", "password", "a long enough one"}},
		{roles, "another's address", staff + "/users/" + boss.userID + "/edit", []string{"displayName", "Boss", "mail", "evil@staff.example"}},
		{roles, "an address to sign in with", staff + "/users/" + boss.userID + "/identities/add", []string{"signInType", "emailAddress", "value", "evil@staff.example"}},
		{roles, "codes instead of a password", staff + "/users/" + boss.userID + "/first-factor", []string{"firstFactor", "emailCode"}},
		{roles, "another's second factor", staff + "/users/" + boss.userID + "/methods/remove", []string{"id", "x"}},
		{roles, "another away", staff + "/users/" + boss.userID + "/delete", nil},
		{roles, "another off", staff + "/users/" + boss.userID + "/enabled", []string{"enabled", "no"}},
		{roles, "a recovery link", staff + "/admins/" + boss.userID + "/link", nil},
		{roles, "the role itself", staff + "/admins/" + roles.userID + "/roles/add", []string{"role", global, "reach", everywhere}},
		{roles, "the role for a friend who is invited", staff + "/admins/invite", []string{"email", "friend@staff.example", "displayName", "Friend", "role", global, "reach", everywhere}},
		{roles, "the role away from another", staff + "/admins/" + boss.userID + "/roles/remove", []string{"assignment", b.assignment(boss.userID)}},
		{roles, "the installation", staff + "/admins/" + roles.userID + "/roles/add", []string{"role", access.InstallationOperatorID, "reach", everywhere}},
		{roles, "an emergency account of another", staff + "/admins/" + boss.userID + "/emergency", []string{"on", "yes"}},
		{local, "a role in all tenants", shop + "/admins/" + local.userID + "/roles/add", []string{"role", global, "reach", everywhere}},
		{local, "the way in of somebody with rights elsewhere", shop + "/admins/" + elsewhere.userID + "/link", nil},
		{local, "that account itself", staff + "/users/" + elsewhere.userID + "/password", []string{"how", "generate"}},
		{local, "a tenant of one's own", "/admin/tenants", []string{"name", "Mine", "slug", "mine", "defaultLocale", "en", "plan", "standard"}},
		{local, "the admins' sign-in", staff + "/user-flows/" + userflow.Administrators + "/properties", []string{"name", "Administrators", "mfa", "off", "revision", "0"}},
		{boss, "the admins' sign-in without a second factor", staff + "/user-flows/" + userflow.Administrators + "/properties", []string{"name", "Administrators", "mfa", "off", "revision", "0"}},
	} {
		before := b.rights()
		a := c.who.post(c.path, c.form...)
		if a.status != fiber.StatusForbidden && a.status != fiber.StatusUnprocessableEntity && a.status != fiber.StatusNotFound && a.status != fiber.StatusConflict {
			t.Errorf("%s: %s answered %d %.300s", c.attack, c.path, a.status, text(a.body))
		}
		if after := b.rights(); after != before {
			t.Errorf("%s: something changed:\n%s\n%s", c.attack, before, after)
		}
	}
	// What is not an attack still works.
	for _, c := range []struct {
		who  *browser
		path string
		form []string
	}{
		{boss, shop + "/applications/deleted/" + gone.ID + "/restore", nil},
		{boss, app + "/redirects/add", []string{"redirectUris", "https://good.example/cb", "platform", "web"}},
		{apps, app + "/permissions", []string{"permissions", string(access.UserWrite)}}, // what it has may stay
		{apps, app + "/enabled", []string{"enabled", "no"}},
		{boss, staff + "/users/" + roles.userID + "/password", []string{"how", "generate"}},
		{boss, shop + "/admins/" + elsewhere.userID + "/link", nil},
	} {
		if a := c.who.post(c.path, c.form...); a.status != fiber.StatusSeeOther {
			t.Errorf("%s answered %d %.300s", c.path, a.status, text(a.body))
		}
	}
}

func (b *bench) assignment(userID string) string {
	b.Helper()
	all, err := b.workforce.RoleAssignments(b.Context(), userID)
	if b.must(err); len(all) == 0 {
		b.Fatal("no role")
	}
	return all[0].ID
}

// rights are everything that rights hang on, in words: who has which role, what lets whom in, and what each
// application may do and where its tokens go.
func (b *bench) rights() string {
	b.Helper()
	var out strings.Builder
	all, err := b.workforce.RoleAssignments(b.Context(), "")
	b.must(err)
	for _, a := range all {
		out.WriteString(a.UserID + " " + a.RoleID + " " + a.TenantID + "\n")
	}
	users, err := b.workforce.Users(b.Context(), models.UserQuery{Limit: 100})
	b.must(err)
	for _, u := range users.Items {
		hash, err := b.workforce.Password(b.Context(), u.ID)
		b.must(err)
		out.WriteString(u.ID + u.Mail + u.FirstFactor + hash + u.SessionsValidFrom.String())
		for _, i := range u.Identities {
			out.WriteString(" " + i.Value)
		}
		if u.Emergency {
			out.WriteString(" emergency")
		}
		out.WriteString("\n")
	}
	for _, t := range []*models.Tenant{b.shop, b.workforce} {
		apps, err := t.ListApplications(b.Context(), models.Listing{Limit: 100})
		b.must(err)
		for _, a := range apps {
			for _, u := range a.Spec.RedirectURIs {
				out.WriteString(u.URI + " ")
			}
			out.WriteString(strings.Join(a.Spec.Permissions, " ") + "\n")
		}
	}
	return out.String()
}
