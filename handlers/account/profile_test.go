package account_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// F271: what the flows ask is here, with their rules and words; errors stand at the fields and nothing is lost.
func TestTheProfile(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch)
		plan := modelstest.MustDefinition(t, s.tenant, userflow.Definition{Name: "Plan", DataType: userflow.String})
		born := modelstest.MustDefinition(t, s.tenant, userflow.Definition{Name: "Birth date", DataType: userflow.Date})
		secret := modelstest.MustDefinition(t, s.tenant, userflow.Definition{Name: "Score", DataType: userflow.Int})
		s.publish(func(f *userflow.Flow) {
			f.Attributes = []userflow.Attribute{{ID: "city", Label: "Town", Required: true}, {ID: "country"}, {ID: plan.ID, ReadOnly: true, Default: "gold"}, {ID: born.ID}, {ID: secret.ID, Hidden: true, Default: "1"}}
		})
		u := s.user(anna)
		modelstest.Must(s.tenant.UpdateUser(t.Context(), modelstest.Actor(), u.ID, func(x *models.User) error {
			x.DisplayName, x.City, x.Attributes = "Anna", "Graz", map[string]any{plan.ID: "silver"}
			return nil
		}))(t)
		s.uses(u)
		b := s.in(anna).open("/profile").says(`value="Graz"`).says("Town").says("silver").lacks("Score")
		b.send("/profile", "displayName", "Anna Berg", "city", "", userflow.FieldName(born.ID)+".day", "31", userflow.FieldName(born.ID)+".month", "2", userflow.FieldName(born.ID)+".year", "1990",
			userflow.FieldName(plan.ID), "platinum")
		if b.status != http.StatusUnprocessableEntity || len(b.complaints()) != 2 {
			t.Fatalf("%d %v", b.status, b.complaints())
		}
		b.says(`value="Anna Berg"`).says(`value="1990"`)
		b.send("/profile", "displayName", "Anna Berg", "city", "Linz", "country", "AT", "preferredLanguage", "de", userflow.FieldName(plan.ID), "platinum", userflow.FieldName(secret.ID), "99",
			userflow.FieldName(born.ID)+".day", "28", userflow.FieldName(born.ID)+".month", "2", userflow.FieldName(born.ID)+".year", "1990").on("/profile").says("Ihr Profil ist gespeichert")
		now := s.person(u.ID)
		if now.DisplayName != "Anna Berg" || now.City != "Linz" || now.Country != "AT" || now.PreferredLanguage != "de" || now.Attributes[born.ID] != "1990-02-28" {
			t.Errorf("%+v", now)
		}
		if now.Attributes[plan.ID] != "silver" || now.Attributes[secret.ID] != nil {
			t.Errorf("a form set what is not the person's to set: %v", now.Attributes)
		}
		if a := s.audits(u.ID)[0]; a.Activity != "Update user (self-service)" || a.Actor.ID != u.ID || len(a.Changes) != 5 {
			t.Errorf("audit: %+v", a)
		}
		b.open("/profile").lacks("gespeichert") // said once
		b.send("/profile", "displayName", "Anna Berg", "city", "Linz", "country", "")
		if now = s.person(u.ID); now.Country != "" || now.Attributes[born.ID] != nil || now.PreferredLanguage != "" {
			t.Errorf("what was emptied is still there: %+v", now)
		}
	})
}

// Two tabs: the second to save is told, keeps what was typed, and may save all the same.
func TestTwoTabsOfAProfile(t *testing.T) {
	s := newSite(t)
	u := s.user(anna)
	one := s.in(anna).open("/profile")
	two := *one
	one.send("/profile", "displayName", "Anna One").says("Anna One")
	if two.send("/profile", "displayName", "Anna Two"); two.status != http.StatusConflict || s.person(u.ID).DisplayName != "Anna One" {
		t.Fatalf("%d %s", two.status, s.person(u.ID).DisplayName)
	}
	two.says("changed somewhere else").says(`value="Anna Two"`).send("/profile", "displayName", "Anna Two").on("/profile")
	if s.person(u.ID).DisplayName != "Anna Two" {
		t.Error("not saved")
	}
}

func TestTheOverviewLeadsOn(t *testing.T) {
	s := newSite(t, func(f *userflow.Flow) {
		f.MFA = userflow.MFA{Enforcement: userflow.MFAConditional, Methods: []string{"softwareOath"}, MayPostpone: true}
		f.Attributes = []userflow.Attribute{{ID: "city", Required: true}}
	})
	s.uses(s.user(anna))
	b := s.in(anna).says("Add a second way to confirm it’s you").says("Complete your profile").says("1 device is signed in")
	for _, path := range []string{"/profile", "/methods", "/devices", "/activity", "/apps", "/data"} {
		if b.says(`href="/` + s.slug + `/account` + path + `"`); !strings.Contains(b.body, "account.css") && !strings.Contains(b.body, "/static/account-") {
			t.Error("no style")
		}
		if c := *b; c.open(path).status != http.StatusOK {
			t.Errorf("%s: %d", path, c.status)
		}
	}
}

// uses makes somebody known to the app.
func (s *site) uses(u models.User) {
	s.t.Helper()
	if err := s.tenant.SaveConsent(s.t.Context(), u.ID, s.app.ClientID, []string{"openid"}, s.clock.Now()); err != nil {
		s.t.Fatal(err)
	}
}

// What an app needs it asks for when somebody signs in to it: the profile of somebody whom no app knows requires
// nothing, and what was empty does not keep others from being saved.
func TestAProfileDoesNotInsistOnWhatWasNeverThere(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch)
		plan := modelstest.MustDefinition(t, s.tenant, userflow.Definition{Name: "Plan", DataType: userflow.String})
		news := modelstest.MustDefinition(t, s.tenant, userflow.Definition{Name: "News", DataType: userflow.Boolean})
		s.publish(func(f *userflow.Flow) {
			f.Attributes = []userflow.Attribute{{ID: "city", Required: true}, {ID: plan.ID, Required: true}, {ID: news.ID, Required: true}}
		})
		u := s.user(anna)
		b := s.in(anna).lacks("Complete your profile").open("/profile")
		b.send("/profile", "displayName", "Anna", "city", "").on("/profile").says("Your profile is saved")

		s.uses(u)
		b.open("").says("Complete your profile")
		b.open("/profile").send("/profile", "displayName", "Anna", "city", "Linz").on("/profile").says("Your profile is saved")
		if now := s.person(u.ID); now.City != "Linz" || now.Attributes[plan.ID] != nil || now.Attributes[news.ID] != nil {
			t.Errorf("%+v", now.Account)
		}
		if b.send("/profile", "displayName", "Anna", "city", ""); b.status != http.StatusUnprocessableEntity || len(b.complaints()) != 1 {
			t.Errorf("what is required was emptied: %d %v", b.status, b.complaints())
		}
	})
}

// The overview tells of the person's own last sign-in, not of a stranger's try.
func TestTheLastSignInIsOnesOwn(t *testing.T) {
	s := newSite(t)
	u := s.user(anna)
	b := s.in(anna)
	own := s.person(u.ID).LastSignInAt
	s.clock.Advance(61 * time.Minute)
	s.browser().open("").send("", "email", anna, "password", "a stranger's guess")
	day := func(at time.Time) string { return at.UTC().Format("15:04") }
	b.open("").lacks(day(s.clock.Now()))
	if !strings.Contains(b.body, "Last sign-in") || !strings.Contains(b.body, day(own)) {
		t.Error("the last sign-in is not there")
	}
}
