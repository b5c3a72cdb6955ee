package signin

import (
	"testing"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/userflow"
)

// TestNobodyShutsThemselvesOut: the rule that every removal on the account pages asks.
func TestNobodyShutsThemselvesOut(t *testing.T) {
	mail := account.Identity{SignInType: account.SignInEmail, Value: "ann@example.com"}
	name := account.Identity{SignInType: account.SignInUserName, Value: "ann"}
	linked := account.Identity{SignInType: account.SignInFederated, Issuer: "https://id.example", Value: "1"}
	who := func(password bool, first userflow.Method, ids ...account.Identity) account.Account {
		return account.Account{ID: "u", HasPassword: password, FirstFactor: string(first), Identities: ids}
	}
	passwords := userflow.Flow{SignInMethods: []userflow.Method{userflow.EmailPassword}, UserNames: true}
	codes := userflow.Flow{SignInMethods: []userflow.Method{userflow.EmailCode}}
	either := userflow.Flow{SignInMethods: []userflow.Method{userflow.EmailPassword, userflow.EmailCode}, UserNames: true}
	const pw, cd = userflow.EmailPassword, userflow.EmailCode
	for _, c := range []struct {
		name          string
		before, after account.Account
		flows         []userflow.Flow
		key           string
	}{
		{"the password, where only passwords are taken", who(true, pw, mail), who(false, pw, mail), []userflow.Flow{passwords}, "account.last_way.password"},
		{"the password, where codes are taken too", who(true, pw, mail), who(false, pw, mail), []userflow.Flow{either}, ""},
		{"the password, where one app of two takes codes", who(true, pw, mail), who(false, pw, mail), []userflow.Flow{either, passwords}, "account.last_way.password"},
		{"the password beside a user name alone", who(true, pw, name), who(false, pw, name), []userflow.Flow{either}, "account.last_way.add_email"},
		{"the password, a linked account is no way yet", who(true, pw, linked, name), who(false, pw, linked, name), []userflow.Flow{either}, "account.last_way.add_email"},
		{"the address of somebody with codes", who(false, cd, mail, name), who(false, cd, name), []userflow.Flow{codes}, "account.last_way.add_password"},
		{"the address beside a user name and password", who(true, pw, mail, name), who(true, pw, name), []userflow.Flow{passwords}, ""},
		{"the same, where an app takes no user names", who(true, pw, mail, name), who(true, pw, name), []userflow.Flow{{SignInMethods: passwords.SignInMethods}}, "account.last_way.identity"},
		{"the user name beside the address", who(true, pw, mail, name), who(true, pw, mail), []userflow.Flow{passwords}, ""},
		{"where they could not sign in before", who(true, pw, mail), who(false, pw, mail), []userflow.Flow{codes}, ""},
		{"a linked account", who(true, pw, mail, linked), who(true, pw, mail), []userflow.Flow{passwords, codes}, ""},
	} {
		err := KeepsWayIn(c.before, c.after, c.flows, "field")
		if c.key == "" && err != nil || c.key != "" && (err == nil || fault.Of(err).Fields[0].Key != c.key) {
			t.Errorf("%s: %v, want %q", c.name, err, c.key)
		}
	}
}

// TestAPasskeyIsAWayIn where the flow takes passkeys, and it is not removed when it is the last.
func TestAPasskeyIsAWayIn(t *testing.T) {
	passkeys := userflow.Flow{SignInMethods: []userflow.Method{userflow.EmailPassword}, MFA: userflow.MFA{Methods: []string{"fido2"}}}
	other := userflow.Flow{SignInMethods: passkeys.SignInMethods}
	who := func(password bool, methods ...string) account.Account {
		a := account.Account{ID: "u", HasPassword: password, FirstFactor: string(userflow.EmailPassword), Identities: []account.Identity{{SignInType: account.SignInEmail}}}
		for _, m := range methods {
			a.Methods = append(a.Methods, account.Method{ID: m, Kind: m})
		}
		return a
	}
	for _, c := range []struct {
		name          string
		before, after account.Account
		flow          userflow.Flow
		key           string
	}{
		{"the password, with a passkey left", who(true, "passkey"), who(false, "passkey"), passkeys, ""},
		{"the same, where the app takes no passkeys", who(true, "passkey"), who(false, "passkey"), other, "account.last_way.password"},
		{"the password, with an authenticator app left", who(true, "totp"), who(false, "totp"), passkeys, "account.last_way.password"},
		{"the only passkey, without a password", who(false, "passkey"), who(false), passkeys, "account.last_way.passkey"},
		{"one passkey of two", who(false, "passkey", "passkey"), who(false, "passkey"), passkeys, ""},
		{"the only passkey, beside a password", who(true, "passkey"), who(true), passkeys, ""},
	} {
		err := KeepsWayIn(c.before, c.after, []userflow.Flow{c.flow}, "field")
		if c.key == "" && err != nil || c.key != "" && (err == nil || fault.Of(err).Fields[0].Key != c.key) {
			t.Errorf("%s: %v, want %q", c.name, err, c.key)
		}
	}
}

func TestAlwaysAsked(t *testing.T) {
	always := userflow.Flow{SignInMethods: []userflow.Method{userflow.EmailPassword}, MFA: userflow.MFA{Enforcement: userflow.MFAAlways, Methods: []string{"softwareOath"}}}
	who := account.Account{ID: "u", HasPassword: true, Identities: []account.Identity{{SignInType: account.SignInEmail}}}
	if !AlwaysAsked(who, []userflow.Flow{always}) {
		t.Error("nothing is registered, and the flow always asks")
	}
	who.Methods = []account.Method{{Kind: "totp"}}
	if AlwaysAsked(who, []userflow.Flow{always}) {
		t.Error("it is registered")
	}
	always.MFA.Enforcement = userflow.MFAConditional
	if who.Methods = nil; AlwaysAsked(who, []userflow.Flow{always}) {
		t.Error("the flow does not always ask")
	}
}
