package hosted_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// plan gives the site's tenant another plan.
func (s *site) plan(p tenant.Plan) {
	s.t.Helper()
	modelstest.Must(s.tenant.Update(s.t.Context(), modelstest.Actor(), func(t *tenant.Tenant) error { t.Plan = p; return nil }))(s.t)
	s.clock.Advance(2 * time.Second)
}

// In a trial nobody is asked for a second factor, whatever the flow says and people registered, and the
// record says that nothing was evaluated. The day after the trial sign-in goes on; under the standard plan
// everything is asked again.
func TestATrialSkipsSecondFactorAndEvaluation(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAAlways, "softwareOath"))
		s.settings(neverStay)
		s.user(anna)
		b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Enrol)
		b.fill("code", codeAt(totpSecret(t, b.page), s.clock.Now())).at(signin.Recover).fill().signedIn()

		s.plan(tenant.Trial)
		walk := func() {
			t.Helper()
			g := s.browser().start(request{}).fill("email", anna, "password", goodPassword).signedIn()
			if slices.Contains(g.AMR, "mfa") {
				t.Errorf("%+v", g)
			}
			all := s.records()
			rec := all[len(all)-1]
			if !slices.Contains(rec.Notes, "evaluation_skipped_trial") || len(rec.Policies) != 0 || rec.RiskLevel != "none" {
				t.Errorf("the record says %v %v %s", rec.Notes, rec.Policies, rec.RiskLevel)
			}
		}
		walk()
		s.clock.Advance((tenant.TrialDays + 1) * 24 * time.Hour)
		walk()
		s.plan(tenant.Standard)
		s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge)
	})
}

// A full trial takes nobody in, kindly; whoever has an account goes on signing in.
func TestAFullTrialTakesNobodyIn(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	s.user(anna)
	s.plan(tenant.Trial)
	people := make([]models.User, 0, tenant.TrialObjects)
	for i := range tenant.TrialObjects - 2 { // Anna and the application are there
		email := fmt.Sprintf("p%d@example.com", i)
		people = append(people, models.User{Account: account.Account{ID: models.NewID(), DisplayName: "P", Mail: email, Enabled: true, FirstFactor: "emailPassword",
			Identities: []account.Identity{{SignInType: account.SignInEmail, Value: email, Canonical: email}}}, CreationType: "Admin"})
		people[i].CreatedAt = s.clock.Now()
	}
	if err := s.tenant.ImportUsers(t.Context(), audit.System("test"), people); err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	b.upTo("new@example.com")
	if b.page.status != 403 || !strings.Contains(b.page.body, "New accounts cannot be made here at the moment") {
		t.Errorf("%d %s", b.page.status, b.page.body)
	}
	s.browser().start(request{}).fill("email", anna, "password", goodPassword).signedIn()
}
