package models_test

import (
	"strings"
	"testing"

	"portico/app/account"
	"portico/app/fault"
	"portico/models"
	"portico/models/modelstest"
)

func TestUserProperties(t *testing.T) {
	tn := modelstest.MustTenant(t, modelstest.Open(t), "shop")
	mails := func(m ...any) func(*models.User) {
		return func(u *models.User) { u.Attributes = map[string]any{"otherMails": m} }
	}
	for i, c := range []struct {
		edit func(*models.User)
		bad  string
	}{
		{func(u *models.User) { u.Mail = "ann@shop.example" }, ""},
		{func(u *models.User) { u.Mail = "" }, ""},
		{func(u *models.User) { u.Mail = "nobody" }, "mail"},
		{func(u *models.User) { u.Mail = "a b@shop.example" }, "mail"},
		{mails("x@shop.example", "y@shop.example"), ""},
		{mails("x@shop.example", "y"), "otherMails"},
		{func(u *models.User) { u.PreferredLanguage = "de-CH" }, ""},
		{func(u *models.User) { u.PreferredLanguage = "" }, ""},
		{func(u *models.User) { u.PreferredLanguage = "German, please" }, "preferredLanguage"},
		{func(u *models.User) { u.PreferredLanguage = "de_CH" }, "preferredLanguage"},
		{func(u *models.User) { u.DisplayName = " " }, "displayName"},
		{func(u *models.User) { u.Identities = nil }, "identities"},
		{func(u *models.User) { u.City = strings.Repeat("x", 129) }, "city"},
		{func(u *models.User) { u.GivenName = "A\u202eb" }, "givenName"}, // turns what follows around
		{func(u *models.User) { u.City = "U\u200blm" }, "city"},          // reads like another city
		{func(u *models.User) { u.StreetAddress = strings.Repeat("x", 1024) }, ""},
		{func(u *models.User) { u.MobilePhone = strings.Repeat("1", 65) }, "mobilePhone"},
	} {
		u := modelstest.MustUser(t, tn, strings.Repeat("a", i+1)+"@example.com")
		said := func(what string, err error) {
			if c.bad == "" && err != nil || c.bad != "" && (!fault.Is(err, fault.Invalid) || fault.Of(err).Fields[0].Name != c.bad) {
				t.Errorf("%d %s: %v, want %q", i, what, err, c.bad)
			}
		}
		_, err := tn.UpdateUser(t.Context(), modelstest.Actor(), u.ID, func(u *models.User) error { c.edit(u); return nil })
		said("changed", err)
		value := strings.Repeat("b", i+1) + "@example.com"
		made := models.User{Account: account.Account{DisplayName: "B", Mail: value, Identities: []account.Identity{{SignInType: account.SignInEmail, Value: value}}}}
		if c.bad == "identities" { // a new person's are the asker's affair: they may come with a credential
			continue
		}
		c.edit(&made)
		_, err = tn.CreateUser(t.Context(), modelstest.Actor(), made, "")
		said("made", err)
	}
}

// A capital I in a user name passes for a small L, so it is kept in small letters; nobody else gets a name that
// looks the same.
func TestUserNamesAreKeptAsTheyMayBeShown(t *testing.T) {
	tn := modelstest.MustTenant(t, modelstest.Open(t), "shop")
	named := func(name string) (models.User, error) {
		return tn.CreateUser(t.Context(), modelstest.Actor(), models.User{Account: account.Account{Enabled: true, DisplayName: "Pat", FirstFactor: "emailPassword",
			Identities: []account.Identity{{SignInType: account.SignInUserName, Value: name}}}}, "hash")
	}
	for in, want := range map[string]string{"FH-104213": "FH-104213", "paypaI": "paypai"} {
		if u, err := named(in); err != nil || u.Identities[0].Value != want {
			t.Errorf("%s: %+v, %v", in, u.Identities, err)
		}
	}
	if _, err := named("paypa1"); err != nil {
		t.Errorf("paypa1 beside paypai: %v", err)
	}
	for _, name := range []string{"PAYPAL", "fh-lo42l3", "Ƽ308091"} {
		if _, err := named(name); !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
