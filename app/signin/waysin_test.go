package signin

import (
	"testing"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/tenant"
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
	house := func(id, issuer string, on bool) *federation.Provider {
		return &federation.Provider{ID: id, Kind: federation.OpenID, Issuer: issuer, Enabled: on}
	}
	providers := map[string]*federation.Provider{"house": house("house", "https://id.example", true), "off": house("off", "https://off.example", false),
		"any": {ID: "any", Kind: federation.Microsoft, Directory: "organizations", Enabled: true}}
	with := func(f userflow.Flow, ids ...string) userflow.Flow { f.Providers = ids; return f }
	gone := account.Identity{SignInType: account.SignInFederated, Issuer: "https://off.example", Value: "1"}
	office := account.Identity{SignInType: account.SignInFederated, Issuer: "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0", Value: "1"}
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
		{"the password, a linked account that the flow does not offer", who(true, pw, linked, name), who(false, pw, linked, name), []userflow.Flow{either}, "account.last_way.add_email"},
		{"the address of somebody with codes", who(false, cd, mail, name), who(false, cd, name), []userflow.Flow{codes}, "account.last_way.identity"},
		{"the address beside a user name and password", who(true, pw, mail, name), who(true, pw, name), []userflow.Flow{passwords}, ""},
		{"the same, where an app takes no user names", who(true, pw, mail, name), who(true, pw, name), []userflow.Flow{{SignInMethods: passwords.SignInMethods}}, "account.last_way.identity"},
		{"the user name beside the address", who(true, pw, mail, name), who(true, pw, mail), []userflow.Flow{passwords}, ""},
		{"where they could not sign in before", who(true, pw, mail), who(false, pw, mail), []userflow.Flow{codes}, ""},
		{"the password, with a linked account that the flow offers", who(true, pw, linked), who(false, pw, linked), []userflow.Flow{with(passwords, "house")}, ""},
		{"the same, where only one of two apps offers it", who(true, pw, mail, linked), who(false, pw, mail, linked), []userflow.Flow{with(passwords, "house"), passwords}, "account.last_way.password"},
		{"the same, with a provider that is switched off", who(true, pw, mail, gone), who(false, pw, mail, gone), []userflow.Flow{with(passwords, "off")}, "account.last_way.password"},
		{"the same, with another provider's account", who(true, pw, mail, gone), who(false, pw, mail, gone), []userflow.Flow{with(passwords, "house")}, "account.last_way.password"},
		{"the same, with a provider that is not there any more", who(true, pw, mail, linked), who(false, pw, mail, linked), []userflow.Flow{with(passwords, "deleted")}, "account.last_way.password"},
		{"the only linked account", who(false, "", mail, linked), who(false, "", mail), []userflow.Flow{with(passwords, "house")}, "account.last_way.add_password"},
		{"the only linked account, without passwords", who(false, "", linked, name), who(false, "", name), []userflow.Flow{with(codes, "house")}, "account.last_way.identity"},
		{"the only linked account, beside codes", who(false, "", mail, linked), who(false, "", mail), []userflow.Flow{with(codes, "house")}, ""},
		{"one linked account of two", who(false, "", linked, office), who(false, "", office), []userflow.Flow{with(passwords, "house", "any")}, ""},
		{"the account of some directory of a provider of many", who(false, "", mail, office), who(false, "", mail), []userflow.Flow{with(passwords, "any")}, "account.last_way.add_password"},
		{"a linked account", who(true, pw, mail, linked), who(true, pw, mail), []userflow.Flow{passwords, codes}, ""},
	} {
		err := KeepsWayIn(c.before, c.after, tenant.Tenant{}, c.flows, providers, "field")
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
		err := KeepsWayIn(c.before, c.after, tenant.Tenant{}, []userflow.Flow{c.flow}, nil, "field")
		if c.key == "" && err != nil || c.key != "" && (err == nil || fault.Of(err).Fields[0].Key != c.key) {
			t.Errorf("%s: %v, want %q", c.name, err, c.key)
		}
	}
}

// TestAPasskeyElsewhereIsNotReplaced: whoever knows only the password registers nothing where the passkey does not work,
// as long as there is a place where it does.
func TestAPasskeyElsewhereIsNotReplaced(t *testing.T) {
	const own = "login.contoso.com"
	who := account.Account{ID: "u", Methods: []account.Method{{ID: "a", Kind: "passkey"}}}
	for _, c := range []struct {
		name string
		at   tenant.Tenant
		want bool
	}{
		{"where it works", tenant.Tenant{Hosts: []string{own}}, false},
		{"at another host", tenant.Tenant{Hosts: []string{own}, Host: own}, true},
		{"where the first place is closed", tenant.Tenant{Hosts: []string{own}, Host: own, OwnHostsOnly: true}, false},
	} {
		w := World{Tenant: c.at, Account: who}
		x := &asking{w: w, p: Person{Account: who.At(c.at.Host)}}
		x.methods = x.p.Account.Methods
		if got := x.elsewhere(); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestAPasskeyCountsWhereItWorks: one of another host is neither a second factor here nor a way in.
func TestAPasskeyCountsWhereItWorks(t *testing.T) {
	const own = "login.contoso.com"
	here := tenant.Tenant{Hosts: []string{own}}
	f := userflow.Flow{SignInMethods: []userflow.Method{userflow.EmailPassword}, MFA: userflow.MFA{Enforcement: userflow.MFAAlways, Methods: []string{"fido2"}}}
	who := account.Account{ID: "u", HasPassword: true, FirstFactor: string(userflow.EmailPassword), Identities: []account.Identity{{SignInType: account.SignInEmail}},
		Methods: []account.Method{{ID: "a", Kind: "passkey"}, {ID: "b", Kind: "totp"}}}
	ids := func(host string) string {
		out := ""
		for _, m := range registered(Attempt{}, World{Tenant: here, Flow: f}, Person{Account: who.At(host), First: "password"}) {
			out += m.ID
		}
		return out
	}
	if ids("") != "a" || ids(own) != "" {
		t.Errorf("counts as a method: %q and %q", ids(""), ids(own))
	}
	after := who
	after.HasPassword = false
	if KeepsWayIn(who, after, here, []userflow.Flow{f}, nil, "field") == nil {
		t.Error("the password went, and the passkey is of no use at the own host")
	}
	if here.OwnHostsOnly = true; KeepsWayIn(who, after, here, []userflow.Flow{f}, nil, "field") == nil {
		t.Error("the passkey is of a place that does not answer")
	}
	who.Methods[0].Host = own
	if err := KeepsWayIn(who, after, here, []userflow.Flow{f}, nil, "field"); err != nil {
		t.Errorf("the passkey works at the only place that answers: %v", err)
	}
}

func TestAlwaysAsked(t *testing.T) {
	always := userflow.Flow{SignInMethods: []userflow.Method{userflow.EmailPassword}, MFA: userflow.MFA{Enforcement: userflow.MFAAlways, Methods: []string{"softwareOath"}}}
	who := account.Account{ID: "u", HasPassword: true, Identities: []account.Identity{{SignInType: account.SignInEmail}}}
	if !AlwaysAsked(who, []userflow.Flow{always}, nil) {
		t.Error("nothing is registered, and the flow always asks")
	}
	who.Methods = []account.Method{{Kind: "totp"}}
	if AlwaysAsked(who, []userflow.Flow{always}, nil) {
		t.Error("it is registered")
	}
	house := map[string]*federation.Provider{"house": {ID: "house", Kind: federation.OpenID, Issuer: "https://id.example", Enabled: true}}
	linked := account.Account{ID: "u", Identities: []account.Identity{{SignInType: account.SignInFederated, Issuer: "https://id.example", Value: "1"}}}
	if offers := always; AlwaysAsked(linked, []userflow.Flow{offers}, house) {
		t.Error("nobody comes by a provider that the flow does not offer")
	} else if offers.Providers = []string{"house"}; !AlwaysAsked(linked, []userflow.Flow{offers}, house) {
		t.Error("whoever comes by a provider is asked too")
	}
	always.MFA.Enforcement = userflow.MFAConditional
	if who.Methods = nil; AlwaysAsked(who, []userflow.Flow{always}, nil) {
		t.Error("the flow does not always ask")
	}
}
