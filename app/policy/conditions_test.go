package policy

import (
	"net/netip"
	"testing"

	"portico/app/record"
)

// everybody is a policy about everyone and everything, which the tables below narrow.
func everybody(edit func(*Conditions)) Policy {
	p := Policy{ID: "p", Name: "P", State: On, GrantControls: &GrantControls{Operator: "AND", BuiltInControls: []string{ControlMFA}},
		Conditions: Conditions{Users: Users{IncludeUsers: []string{All}}, Applications: Applications{IncludeApplications: []string{All}}}}
	if edit != nil {
		edit(&p.Conditions)
	}
	return p
}

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func places5() []Location {
	return []Location{
		{ID: "office", Name: "Office", Trusted: true, Ranges: prefixes("198.51.100.0/24", "2001:db8:1::/48")},
		{ID: "shop", Name: "Shop", Ranges: prefixes("203.0.113.0/25", "203.0.113.64/26", "203.0.113.200/32")},
		{ID: "europe", Name: "Europe", Countries: []string{"DE", "FR"}},
		{ID: "nowhere", Name: "Nowhere", IncludeUnknown: true},
		{ID: "both", Name: "Germany or unknown", Countries: []string{"DE"}, IncludeUnknown: true},
	}
}

// Each line: what a policy says, what is asked, and what its condition answers.
func TestConditions(t *testing.T) {
	ip := func(s string) func(*Request) { return func(r *Request) { r.Signals.IP = netip.MustParseAddr(s) } }
	country := func(s string) func(*Request) { return func(r *Request) { r.Signals.Country = s } }
	lost := func(inputs ...string) func(*Request) { return func(r *Request) { r.Unknown = inputs } }
	placeFailed := func(r *Request) { r.Signals.PlaceFailed = true }
	users := func(u Users) func(*Conditions) { return func(c *Conditions) { c.Users = u } }
	apps := func(a Applications) func(*Conditions) { return func(c *Conditions) { c.Applications = a } }
	at := func(in, out []string) func(*Conditions) {
		return func(c *Conditions) { c.Locations = &Locations{Include: in, Exclude: out} }
	}
	on := func(in, out []string) func(*Conditions) {
		return func(c *Conditions) { c.Platforms = &Platforms{Include: in, Exclude: out} }
	}
	l := func(s ...string) []string { return s }
	signInRisk := func(levels ...string) func(*Conditions) { return func(c *Conditions) { c.SignInRiskLevels = levels } }
	userRisk := func(levels ...string) func(*Conditions) { return func(c *Conditions) { c.UserRiskLevels = levels } }
	clients := func(kinds ...string) func(*Conditions) { return func(c *Conditions) { c.ClientAppTypes = kinds } }
	flows := func(m string) func(*Conditions) {
		return func(c *Conditions) { c.AuthenticationFlows = &TransferMethod{Methods: m} }
	}
	set := func(f func(*Request)) func(*Request) { return f }
	const yes, no, dunno, quiet = record.Hit, record.Miss, record.CouldNotTell, record.NotConfigured

	for _, c := range []struct {
		what string
		name string
		says func(*Conditions)
		asks func(*Request)
		want record.Answer
	}{
		{"everyone", "users", nil, nil, yes},
		{"everyone, a newcomer", "users", nil, set(func(r *Request) { r.UserID = "" }), yes},
		{"none", "users", users(Users{IncludeUsers: l(None)}), nil, no},
		{"nobody named", "users", users(Users{}), nil, no},
		{"named", "users", users(Users{IncludeUsers: l("ann")}), nil, yes},
		{"named in other letters", "users", users(Users{IncludeUsers: l("ANN")}), nil, yes},
		{"somebody else", "users", users(Users{IncludeUsers: l("bob")}), nil, no},
		{"in a group", "users", users(Users{IncludeGroups: l("staff")}), nil, yes},
		{"in another group", "users", users(Users{IncludeGroups: l("board")}), nil, no},
		{"has a role", "users", users(Users{IncludeRoles: l("boss")}), nil, yes},
		{"guests, and is none", "users", users(Users{IncludeUsers: l(Guests)}), nil, no},
		{"guests, and is one", "users", users(Users{IncludeUsers: l(Guests)}), set(func(r *Request) { r.Guest = true }), yes},
		{"excluded by name", "users", users(Users{IncludeUsers: l(All), ExcludeUsers: l("ann")}), nil, no},
		{"excluded by group though named", "users", users(Users{IncludeUsers: l("ann"), ExcludeGroups: l("staff")}), nil, no},
		{"excluded by role", "users", users(Users{IncludeUsers: l(All), ExcludeRoles: l("boss")}), nil, no},
		{"excluded as a guest", "users", users(Users{IncludeUsers: l(All), ExcludeUsers: l(Guests)}), set(func(r *Request) { r.Guest = true }), no},
		{"groups lost", "users", users(Users{IncludeGroups: l("board")}), lost(InputGroups), dunno},
		{"groups lost, named anyway", "users", users(Users{IncludeUsers: l("ann"), IncludeGroups: l("board")}), lost(InputGroups), yes},
		{"groups lost, excluded group", "users", users(Users{IncludeUsers: l(All), ExcludeGroups: l("glass")}), lost(InputGroups), dunno},
		{"groups lost, excluded by name", "users", users(Users{IncludeGroups: l("board"), ExcludeUsers: l("ann")}), lost(InputGroups), no},
		{"roles lost", "users", users(Users{IncludeRoles: l("reader")}), lost(InputRoles), dunno},
		{"guest lost", "users", users(Users{IncludeUsers: l(Guests)}), lost(InputGuest), dunno},

		{"all apps", "application", nil, nil, yes},
		{"no app", "application", apps(Applications{IncludeApplications: l(None)}), nil, no},
		{"this app", "application", apps(Applications{IncludeApplications: l("home")}), nil, yes},
		{"another", "application", apps(Applications{IncludeApplications: l("auto")}), nil, no},
		{"all but this", "application", apps(Applications{IncludeApplications: l(All), ExcludeApplications: l("home")}), nil, no},
		{"this but this", "application", apps(Applications{IncludeApplications: l("home"), ExcludeApplications: l("home")}), nil, no},
		{"nothing aimed at", "application", apps(Applications{}), nil, no},
		{"apps, and it is an action of no app", "application", nil, set(func(r *Request) { r.ClientID, r.Action = "", ChangePassword }), no},

		{"an action", "userActions", apps(Applications{IncludeUserActions: l(DeleteAccount, ChangePassword)}), set(func(r *Request) { r.Action = ChangePassword }), yes},
		{"another action", "userActions", apps(Applications{IncludeUserActions: l(DeleteAccount)}), set(func(r *Request) { r.Action = ChangePassword }), no},
		{"an action, and it is a sign-in", "userActions", apps(Applications{IncludeUserActions: l(DeleteAccount)}), nil, no},
		{"an action and apps not", "application", apps(Applications{IncludeUserActions: l(DeleteAccount)}), nil, quiet},

		{"a context", "authenticationContext", apps(Applications{IncludeContexts: l("c1")}), set(func(r *Request) { r.Contexts = l("c2", "c1") }), yes},
		{"another", "authenticationContext", apps(Applications{IncludeContexts: l("c1")}), set(func(r *Request) { r.Contexts = l("c2") }), no},
		{"none asked for", "authenticationContext", apps(Applications{IncludeContexts: l("c1")}), nil, no},
		{"contexts lost", "authenticationContext", apps(Applications{IncludeContexts: l("c1")}), lost(InputContexts), dunno},

		{"a platform", "devicePlatform", on(l("windows", "macOS"), nil), nil, yes},
		{"another platform", "devicePlatform", on(l("iOS"), nil), nil, no},
		{"any platform", "devicePlatform", on(l("all"), nil), set(func(r *Request) { r.Signals.Platform = "" }), yes},
		{"any but the known, known", "devicePlatform", on(l("all"), PlatformNames()), nil, no},
		{"any but the known, unknown", "devicePlatform", on(l("all"), PlatformNames()), set(func(r *Request) { r.Signals.Platform = "" }), yes},
		{"exclude beats include", "devicePlatform", on(l("windows"), l("windows")), nil, no},
		{"platform lost", "devicePlatform", on(l("iOS"), nil), lost(InputPlatform), dunno},
		{"no platforms", "devicePlatform", on(nil, nil), nil, quiet},

		{"anywhere", "location", at(l(All), nil), nil, yes},
		{"outside trusted, inside", "location", at(l(All), l(AllTrusted)), ip("198.51.100.7"), no},
		{"outside trusted, inside, mapped", "location", at(l(All), l(AllTrusted)), ip("::ffff:198.51.100.7"), no},
		{"outside trusted, inside, v6", "location", at(l(All), l(AllTrusted)), ip("2001:db8:1:2::9"), no},
		{"outside trusted, outside", "location", at(l(All), l(AllTrusted)), ip("203.0.113.1"), yes},
		{"trusted only, no address", "location", at(l(AllTrusted), nil), func(r *Request) { r.Signals.IP = netip.Addr{} }, no},
		{"first of a range", "location", at(l("shop"), nil), ip("203.0.113.0"), yes},
		{"last of a range", "location", at(l("shop"), nil), ip("203.0.113.127"), yes},
		{"just after", "location", at(l("shop"), nil), ip("203.0.113.128"), no},
		{"single address", "location", at(l("shop"), nil), ip("203.0.113.200"), yes},
		{"just before", "location", at(l("shop"), nil), ip("203.0.112.255"), no},
		{"v6 against v4 ranges", "location", at(l("shop"), nil), ip("2001:db8::1"), no},
		{"country", "location", at(l("europe"), nil), country("FR"), yes},
		{"another country", "location", at(l("europe"), nil), country("US"), no},
		{"R 16.3.8: unknown country, not chosen", "location", at(l("europe"), nil), country(""), no},
		{"R 16.3.8: unknown country, chosen", "location", at(l("both"), nil), country(""), yes},
		{"unknown alone, known country", "location", at(l("nowhere"), nil), country("DE"), no},
		{"exclude beats include", "location", at(l("europe"), l("both")), country("DE"), no},
		{"lookup failed, include", "location", at(l("europe"), nil), placeFailed, dunno},
		{"lookup failed, exclude never relaxes", "location", at(l(All), l("europe")), placeFailed, dunno},
		{"lookup failed, unknown chosen is no answer", "location", at(l("nowhere"), nil), placeFailed, dunno},
		{"lookup failed, addresses are there", "location", at(l(All), l("office")), func(r *Request) { placeFailed(r); ip("198.51.100.1")(r) }, no},
		{"lookup failed, the country is known all the same", "location", at(l("europe"), nil), func(r *Request) { placeFailed(r); country("US")(r) }, no},
		{"place lost", "location", at(l("shop"), nil), lost(InputLocation), dunno},
		{"place lost, anywhere", "location", at(l(All), nil), lost(InputLocation), yes},
		{"a deleted place", "location", at(l("gone"), nil), nil, dunno},
		{"a deleted place is excluded", "location", at(l(All), l("gone")), nil, dunno},
		{"a deleted place and one that hits", "location", at(l("gone", "europe"), nil), country("DE"), yes},
		{"no places", "location", at(nil, nil), nil, quiet},

		{"all clients", "clientApps", clients(AnyClient), nil, quiet},
		{"browser, and it says nothing", "clientApps", clients(Browser), nil, yes},
		{"native", "clientApps", clients(NativeClient), set(func(r *Request) { r.ClientApp = NativeClient }), yes},
		{"native, and it is a browser", "clientApps", clients(NativeClient), nil, no},
		{"client lost", "clientApps", clients(NativeClient), lost(InputClientApp), dunno},

		{"risk", "signInRisk", signInRisk(RiskMedium, RiskHigh), set(func(r *Request) { r.SignInRisk = RiskHigh }), yes},
		{"less risk", "signInRisk", signInRisk(RiskMedium, RiskHigh), set(func(r *Request) { r.SignInRisk = RiskLow }), no},
		{"no risk is none", "signInRisk", signInRisk(RiskNone), nil, yes},
		{"risk lost", "signInRisk", signInRisk(RiskHigh), lost(InputSignInRisk), dunno},
		{"a level that is none", "signInRisk", signInRisk(RiskHigh), set(func(r *Request) { r.SignInRisk = "enormous" }), dunno},
		{"user risk", "userRisk", userRisk(RiskHigh), set(func(r *Request) { r.UserRisk = RiskHigh }), yes},
		{"no user risk", "userRisk", userRisk(RiskHigh), nil, no},
		{"user risk lost", "userRisk", userRisk(RiskHigh), lost(InputUserRisk), dunno},

		{"device code", "authenticationFlow", flows(DeviceCode + "," + TransferOfApp), set(func(r *Request) { r.Transfer = DeviceCode }), yes},
		{"an ordinary sign-in", "authenticationFlow", flows(DeviceCode), nil, no},
		{"no flows", "authenticationFlow", flows("none"), nil, quiet},
		{"flow lost", "authenticationFlow", flows(DeviceCode), lost(InputTransfer), dunno},
	} {
		t.Run(c.name+": "+c.what, func(t *testing.T) {
			r := Request{UserID: "ann", ClientID: "home", Signals: record.Signals{IP: netip.MustParseAddr("192.0.2.1"), Platform: "windows"},
				Inputs: record.Inputs{Groups: []string{"people", "staff"}, Roles: []string{"boss"}}}
			if c.asks != nil {
				c.asks(&r)
			}
			s := Compile([]Policy{everybody(c.says)}, places5(), nil)
			d := s.Evaluate(r)
			got := quiet
			for _, one := range s.Trace(d, Shown{}, true)[0].Conditions {
				if one.Name == c.name {
					got = one.Answer
					if one.Detail == "" {
						t.Error("no detail")
					}
				}
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if misses := got == no; misses && d.Results[0].Applies {
				t.Error("applies all the same")
			}
		})
	}
}

// The truth table of include and exclude: a certain exclusion beats everything, one that could not be told
// excludes nobody.
func TestWithout(t *testing.T) {
	for _, c := range []struct{ include, exclude, want answer }{
		{miss, miss, miss}, {miss, hit, miss}, {miss, unknown, miss},
		{hit, miss, hit}, {hit, hit, miss}, {hit, unknown, unknown},
		{unknown, miss, unknown}, {unknown, hit, miss}, {unknown, unknown, unknown},
	} {
		if got := without(c.include, c.exclude); got != c.want {
			t.Errorf("include %s, exclude %s: %s, want %s", c.include.record(), c.exclude.record(), got.record(), c.want.record())
		}
	}
}

// The names are Graph's words, and fit the bits of a result.
func TestEveryCondition(t *testing.T) {
	want := []string{"users", "application", "userActions", "authenticationContext", "devicePlatform", "location", "clientApps", "signInRisk",
		"userRisk", "authenticationFlow"}
	all := EveryCondition()
	if len(all) != len(want) || len(all) > 16 {
		t.Fatal(len(all))
	}
	for i, c := range all {
		if c.Name != want[i] || c.Label == "" {
			t.Errorf("%d: %q %q", i, c.Name, c.Label)
		}
	}
}
