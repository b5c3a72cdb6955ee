package seed

import (
	"context"
	"strings"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

func count(t *testing.T, s *models.Store, tenantID string) int64 {
	t.Helper()
	users, err := s.Tenant(tenantID).CountUsers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return users
}

func TestBootstrapAndCompanyAreIdempotentAndResume(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		for range 2 {
			if err := Bootstrap(ctx, s); err != nil {
				t.Fatal(err)
			}
		}
		c, ok, err := Fernhill(ctx, s, "http://localhost:3000")
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		// Interrupted after a few days' worth.
		h := c.history()
		joined := h.joiners()
		before := 0
		for n := range 3 {
			written, err := s.Tenant(c.TenantID).ImportSignIns(ctx, h.day(n, joined[n]))
			if err != nil {
				t.Fatal(err)
			}
			before += written
		}
		after, err := Fill(ctx, s, c)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for n, list := range h.days() {
			if n < 91-1 {
				want += len(list)
			}
		}
		if users := count(t, s, c.TenantID); users != Customers || before == 0 || before+after < want-80 {
			t.Fatalf("%d customers; %d and then %d sign-ins of %d", users, before, after, want)
		}
		again, ok, err := Fernhill(ctx, s, "http://localhost:3000")
		if err != nil || !ok || again.TenantID != c.TenantID || len(again.Apps) != 3 {
			t.Fatal(again, ok, err)
		}
		for i := range c.Apps {
			if again.Apps[i] != c.Apps[i] {
				t.Errorf("app changed: %+v to %+v", c.Apps[i], again.Apps[i])
			}
		}
		if n, err := Fill(ctx, s, again); err != nil || n != 0 {
			t.Errorf("the second start wrote %d sign-ins: %v", n, err)
		}
	})
}

func TestEverySampleAppHasItsFlowAndSecret(t *testing.T) {
	s := modelstest.Open(t)
	ctx := t.Context()
	c := made(t, s, "http://localhost:3000")
	dir, err := s.Directory(ctx, Slug)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range c.Apps {
		client := dir.Clients[a.ClientID]
		if client == nil {
			t.Fatalf("%s is not registered", a.Slug)
		}
		if client.Public() != (a.Slug == "market") || client.Public() != (a.Secret == "") {
			t.Errorf("%s: public %v, secret %q", a.Slug, client.Public(), a.Secret)
		}
		flow, ok := dir.Flow(a.ClientID)
		if !ok || flow.Name != map[string]string{"market": flowMarket, "auto": flowMarket, "home": flowHome}[a.Slug] {
			t.Errorf("%s: flow %+v", a.Slug, flow)
		}
		if flow.ID != c.world().apps[a.Slug].flow.ID {
			t.Errorf("%s: the history names another flow", a.Slug)
		}
	}
}

func TestRedirectAddressesFollowTheBaseURL(t *testing.T) {
	s := modelstest.Open(t)
	made(t, s, "http://localhost:3000")
	c := made(t, s, "https://localhost:4000")
	dir, err := s.Directory(t.Context(), Slug)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range c.Apps {
		client := dir.Clients[a.ClientID]
		at := "https://localhost:4000/demo/" + a.Slug
		if len(client.RedirectURIs) != 1 || client.RedirectURIs[0].URI != at+"/callback" || client.BackChannelLogoutURI != at+"/backchannel" ||
			len(client.PostLogoutRedirectURIs) != 1 || client.PostLogoutRedirectURIs[0] != at+"/signed-out" {
			t.Errorf("%+v", client)
		}
	}
}

func TestRemovedCompanyStaysAway(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		c := made(t, s, "http://localhost:3000")
		if _, err := s.Tenant(c.TenantID).ImportSignIns(ctx, c.history().day(1, nil)); err != nil {
			t.Fatal(err)
		}
		by := audit.Actor{Kind: audit.ActorUser, ID: "admin", Name: "Admin"}
		if err := Remove(ctx, s, by); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Directory(ctx, Slug); !fault.Is(err, fault.NotFound) {
			t.Errorf("the tenant is still there: %v", err)
		}
		if _, found, err := s.Tenant(c.TenantID).OldestSignIn(ctx); count(t, s, c.TenantID) != 0 || found || err != nil {
			t.Errorf("customers or sign-ins are left: %v %v", found, err)
		}
		if _, ok, err := Fernhill(ctx, s, "http://localhost:3000"); ok || err != nil {
			t.Errorf("made again: %v, %v", ok, err)
		}
	})
}

func TestDeletedSampleAppStaysAway(t *testing.T) {
	s := modelstest.Open(t)
	c := made(t, s, "http://localhost:3000")
	dir := s.Tenant(c.TenantID)
	a, err := dir.ApplicationByClient(t.Context(), c.Apps[1].ClientID)
	if err != nil {
		t.Fatal(err)
	}
	if err := dir.DeleteApplication(t.Context(), actor(), a.ID); err != nil {
		t.Fatal(err)
	}
	if again := made(t, s, "http://localhost:3000"); len(again.Apps) != 2 {
		t.Errorf("%+v", again.Apps)
	}
}

func TestWorkforceIsNeverRemoved(t *testing.T) {
	s := modelstest.Open(t)
	made(t, s, "http://localhost:3000")
	staff, err := s.TenantBy(t.Context(), tenant.WorkforceSlug)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveTenant(t.Context(), actor(), staff.ID); !fault.Is(err, fault.Denied) {
		t.Fatal(err)
	}
}

func TestLoadAddsWhatWasAskedFor(t *testing.T) {
	s := modelstest.Open(t)
	c := made(t, s, "http://localhost:3000")
	var told []int
	err := Load{Users: 600, SignIns: 2000, Number: 99, Tell: func(_, signIns int) { told = append(told, signIns) }}.Run(t.Context(), s, c)
	if err != nil {
		t.Fatal(err)
	}
	signIns := told[len(told)-1]
	if users := count(t, s, c.TenantID); users != Customers+600 || signIns < 1500 || signIns > 2600 {
		t.Fatalf("%d users, %d sign-ins", users, signIns)
	}
}

func made(t *testing.T, s *models.Store, base string) Company {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := Bootstrap(ctx, s); err != nil {
		t.Fatal(err)
	}
	c, ok, err := Fernhill(ctx, s, strings.TrimSuffix(base, "/"))
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return c
}

// The company shows what a user flow can ask: each kind of attribute, help texts, terms in three languages,
// a user name; and its people have answered.
func TestTheCompanyShowsUserFlows(t *testing.T) {
	s := modelstest.Open(t)
	c := made(t, s, "http://localhost:3000")
	ctx, dir := t.Context(), s.Tenant(c.TenantID)
	definitions, err := dir.Definitions(ctx)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[userflow.DataType]bool{}
	for _, d := range definitions {
		kinds[d.DataType] = true
		if d.ID != userflow.DefinitionID(c.TenantID, d.Name) {
			t.Errorf("%s is called %s", d.Name, d.ID)
		}
	}
	if len(definitions) != 7 || len(kinds) != len(userflow.DataTypes())-1 { // nobody is asked for a phone number
		t.Errorf("%d attributes of %d kinds", len(definitions), len(kinds))
	}
	terms, err := dir.AllTerms(ctx)
	if err != nil || len(terms) != 1 || len(terms[0].Texts) != 3 {
		t.Fatalf("%+v, %v", terms, err)
	}
	agreed, err := dir.TermsAcceptances(ctx, terms[0].ID, nil, Customers)
	if err != nil || len(agreed) < 50 || len(agreed) == Customers {
		t.Errorf("%d agreed, %v", len(agreed), err)
	}
	answered, named := map[string]int{}, 0
	g := newPeople(Number, c.CreatedAt)
	for i := range Customers {
		p := g.at(i)
		u, err := dir.User(ctx, p.ID)
		if err != nil || len(u.Attributes) != len(p.Attributes) {
			t.Fatalf("%s: %v of %v, %v", p.ID, u.Attributes, p.Attributes, err)
		}
		for id := range u.Attributes {
			answered[id]++
		}
		if len(u.Identities) == 2 {
			named++
		}
	}
	for _, d := range definitions {
		if answered[d.ID] < 20 {
			t.Errorf("%s: %d answers", d.Name, answered[d.ID])
		}
	}
	if named != Customers/4 {
		t.Errorf("%d customer numbers", named)
	}
}

func TestTheCompanyShowsGroupsAndRoles(t *testing.T) {
	s := modelstest.OpenScratch(t, modelstest.SQLite)
	if err := Bootstrap(t.Context(), s.Store); err != nil {
		t.Fatal(err)
	}
	for range 2 { // again is harmless
		if _, _, err := Fernhill(t.Context(), s.Store, "http://localhost:3000"); err != nil {
			t.Fatal(err)
		}
	}
	company, err := s.TenantBy(t.Context(), Slug)
	if err != nil {
		t.Fatal(err)
	}
	dir := s.Tenant(company.ID)
	groups, err := dir.Groups(t.Context(), models.GroupQuery{})
	if err != nil || len(groups.Items) != 3 {
		t.Fatalf("%+v, %v", groups.Items, err)
	}
	for _, g := range groups.Items {
		if g.Name == breakGlass { // nobody is, until somebody must be
			continue
		}
		if members, err := dir.TransitiveMembers(t.Context(), g.ID, "", 999); err != nil || len(members.Items) < 40 {
			t.Errorf("%s has %d members, %v", g.Name, len(members.Items), err)
		}
	}
	given, err := dir.AppRoleAssignments(t.Context(), models.AssignmentQuery{})
	if err != nil || len(given.Items) != 1 || given.Items[0].PrincipalName != "Policyholders" || given.Items[0].ApplicationName != "Fernhill Home Insurance" {
		t.Errorf("%+v, %v", given.Items, err)
	}
}
