package signin

import (
	"slices"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/tenant"
	"portico/app/userflow"
)

// WaysIn lists the first factors by which an account can sign in under a flow: the same reading of "proven"
// as person's. An identity of a provider is one where the flow offers that provider and it is switched on; providers are
// the directory's. Of passkeys all count: account.At leaves those of one place.
func WaysIn(who account.Account, f userflow.Flow, providers map[string]*federation.Provider) []string {
	has := func(signInType string) bool {
		return slices.ContainsFunc(who.Identities, func(i account.Identity) bool { return i.SignInType == signInType })
	}
	var ways []string
	if who.HasPassword && f.Accepts(userflow.EmailPassword) && (has(account.SignInEmail) || f.UserNames && has(account.SignInUserName)) {
		ways = append(ways, factor.Password)
	}
	if has(account.SignInEmail) && codeProves(who, f) {
		ways = append(ways, factor.EmailCode)
	}
	if passkeyFlow(f) && slices.ContainsFunc(who.Methods, func(m account.Method) bool { return m.Kind == factor.Passkey }) {
		ways = append(ways, factor.Passkey)
	}
	if slices.ContainsFunc(Offered(f, providers), func(p federation.Provider) bool { return linked(who, p) }) {
		ways = append(ways, factor.Federated)
	}
	return ways
}

// linked reports whether an account has an identity of a provider.
func linked(who account.Account, p federation.Provider) bool {
	return slices.ContainsFunc(who.Identities, func(i account.Identity) bool {
		return i.SignInType == account.SignInFederated && federation.Keeps(p, i.Issuer)
	})
}

// KeepsWayIn refuses a change that would shut somebody out: wherever the account could sign in before, it
// still can afterwards, at each place where the directory answers. Flows are those that apps use; field is where the complaint stands.
func KeepsWayIn(before, after account.Account, t tenant.Tenant, flows []userflow.Flow, providers map[string]*federation.Provider, field string) error {
	for _, f := range flows {
		if !ShutsOut(t, func(host string) (int, int) {
			return len(WaysIn(before.At(host), f, providers)), len(WaysIn(after.At(host), f, providers))
		}) {
			continue
		}
		key := "account.last_way.identity" // an address or a user name is going
		if len(after.Methods) < len(before.Methods) {
			return fault.BadField(field, "account.last_way.passkey", nil)
		}
		if before.HasPassword && !after.HasPassword {
			key = "account.last_way.password"
			if !slices.ContainsFunc(after.Identities, func(i account.Identity) bool { return i.SignInType == account.SignInEmail }) {
				key = "account.last_way.add_email"
			}
		} else if !after.HasPassword && f.Accepts(userflow.EmailPassword) {
			key = "account.last_way.add_password"
		}
		return fault.BadField(field, key, nil)
	}
	return nil
}

// ShutsOut reports whether a change takes the last way in at some place where the directory answers: ways counts them at a
// place, before and after.
func ShutsOut(t tenant.Tenant, ways func(host string) (before, after int)) bool {
	return slices.ContainsFunc(t.Doors(), func(host string) bool {
		before, after := ways(host)
		return before > 0 && after == 0
	})
}

// PasskeysElsewhere lists the other places where the directory answers and a passkey of theirs works ("" = the
// installation's address); t is the directory as it is seen here.
func PasskeysElsewhere(who account.Account, t tenant.Tenant) []string {
	return slices.DeleteFunc(slices.Clone(t.Doors()), func(host string) bool {
		return host == t.Host || !slices.ContainsFunc(who.Methods, func(m account.Method) bool { return m.Kind == factor.Passkey && m.Host == host })
	})
}

// AlwaysAsked reports whether some flow asks everybody for a second factor that this account would not have:
// its next sign-in there asks to register one again.
func AlwaysAsked(who account.Account, flows []userflow.Flow, providers map[string]*federation.Provider) bool {
	for _, f := range flows {
		if f.MFA.Enforcement != userflow.MFAAlways {
			continue
		}
		for _, first := range WaysIn(who, f, providers) {
			if first == factor.Passkey { // both factors at once
				continue
			}
			kinds := usable(f, first)
			if !slices.ContainsFunc(who.Methods, func(m account.Method) bool { return slices.Contains(kinds, m.Kind) }) {
				return true
			}
		}
	}
	return false
}

// ProofAsks reports whether a fresh proof of one's own account asks for a kind of second factor: only then can one be
// waited for. The mailbox may be the first factor, so it is not among them; texts are sent where a gateway is set up
// (texts) and a flow knows them; what the methods policy has switched off for a person (groups) nobody can show; and a
// trial has no second factor to ask for (DESIGN §5.12).
func ProofAsks(kind string, t tenant.Tenant, groups []string, flows []userflow.Flow, texts bool) bool {
	if !t.Governed() || !t.Settings.Methods.Rule(kind).Allows(groups) {
		return false
	}
	switch kind {
	case factor.TOTP, factor.Passkey:
		return true
	case factor.SMSCode:
		return texts && slices.Contains(SecondKinds(flows), kind)
	}
	return false
}

// SecondKinds are the kinds of second factor that some flow knows.
func SecondKinds(flows []userflow.Flow) []string {
	var kinds []string
	for _, f := range flows {
		for _, m := range f.MFA.Methods {
			if k := factor.KindOf(m); k != "" && !slices.Contains(kinds, k) {
				kinds = append(kinds, k)
			}
		}
	}
	return kinds
}
