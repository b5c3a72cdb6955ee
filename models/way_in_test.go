package models_test

import (
	"strings"
	"testing"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// TestNobodyIsLeftWithoutAWayIn: an address goes only when another way is left.
func TestNobodyIsLeftWithoutAWayIn(t *testing.T) {
	tn := modelstest.MustTenant(t, modelstest.Open(t), "shop")
	mail := func(s string) account.Identity { return account.Identity{SignInType: account.SignInEmail, Value: s} }
	name := func(s string) account.Identity { return account.Identity{SignInType: account.SignInUserName, Value: s} }
	elsewhere := account.Identity{SignInType: account.SignInFederated, Issuer: "https://id.example", Value: "1"}
	for what, c := range map[string]struct {
		first userflow.Method
		hash  string
		after []account.Identity
		key   string
	}{
		"a code needs a mailbox":            {userflow.EmailCode, "", []account.Identity{name("code")}, "user.identity.mailbox"},
		"a code, another mailbox":           {userflow.EmailCode, "", []account.Identity{mail("other1@example.com")}, ""},
		"a password yet to be chosen":       {userflow.EmailPassword, "", []account.Identity{name("chosen")}, "user.identity.no_password"},
		"a password and a user name":        {userflow.EmailPassword, "hash:x", []account.Identity{name("named")}, ""},
		"a provider proves who somebody is": {userflow.EmailCode, "", []account.Identity{elsewhere}, ""},
		"nothing at all":                    {userflow.EmailPassword, "hash:x", nil, "user.identity.required"},
		"a user name besides the mailbox":   {userflow.EmailCode, "", []account.Identity{name("both"), mail("other2@example.com")}, ""},
	} {
		t.Run(what, func(t *testing.T) {
			own := mail(strings.ReplaceAll(strings.ReplaceAll(what, " ", "."), ",", "") + "@example.com")
			u, err := tn.CreateUser(t.Context(), modelstest.Actor(), models.User{Account: account.Account{DisplayName: "Ann", Enabled: true, FirstFactor: string(c.first), Identities: []account.Identity{own}}}, c.hash)
			if err != nil {
				t.Fatal(err)
			}
			_, err = tn.UpdateUser(t.Context(), modelstest.Actor(), u.ID, func(u *models.User) error { u.Identities = c.after; return nil })
			if c.key == "" && err != nil || c.key != "" && (!fault.Is(err, fault.Invalid) || fault.Of(err).Fields[0].Key != c.key) {
				t.Errorf("%v, want %q", err, c.key)
			}
		})
	}
	counts, err := tn.PeopleByMethod(t.Context())
	if err != nil || counts[userflow.EmailCode] != 4 || counts[userflow.EmailPassword] != 3 {
		t.Errorf("%v %v", counts, err)
	}
}
