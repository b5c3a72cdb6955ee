package signin

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/session"
	"portico/app/tenant"
	"portico/app/userflow"
)

// The words of policies.

// rule adds a policy that is on, for everybody and every app, and asks for what its edits say.
func rule(name string, edits ...func(*policy.Policy)) change {
	return func(s *scene) {
		p := policy.Policy{ID: name, Name: name, State: policy.On, Conditions: policy.Conditions{
			Users: policy.Users{IncludeUsers: []string{policy.All}}, Applications: policy.Applications{IncludeApplications: []string{policy.All}},
			ClientAppTypes: []string{policy.AnyClient}}}
		for _, e := range edits {
			e(&p)
		}
		s.policies = append(s.policies, p)
	}
}

type edit = func(*policy.Policy)

func grants(operator string, controls ...string) edit {
	return func(p *policy.Policy) {
		g := policy.GrantControls{Operator: operator}
		for _, c := range controls {
			switch kind, id, _ := strings.Cut(c, ":"); kind {
			case "strength":
				g.Strength = &policy.StrengthRef{ID: id}
			case "terms":
				g.TermsOfUse = append(g.TermsOfUse, id)
			default:
				g.BuiltInControls = append(g.BuiltInControls, c)
			}
		}
		p.GrantControls = &g
	}
}
func reportOnly(p *policy.Policy) { p.State = policy.ReportOnly }
func forPerson(id string) edit {
	return func(p *policy.Policy) { p.Conditions.Users.IncludeUsers = []string{id} }
}
func except(ids ...string) edit {
	return func(p *policy.Policy) { p.Conditions.Users.ExcludeUsers = ids }
}
func forGroup(id string) edit {
	return func(p *policy.Policy) {
		p.Conditions.Users.IncludeUsers, p.Conditions.Users.IncludeGroups = nil, []string{id}
	}
}
func exceptGroup(id string) edit {
	return func(p *policy.Policy) { p.Conditions.Users.ExcludeGroups = []string{id} }
}
func toApp(id string) edit {
	return func(p *policy.Policy) { p.Conditions.Applications.IncludeApplications = []string{id} }
}
func exceptApp(id string) edit {
	return func(p *policy.Policy) { p.Conditions.Applications.ExcludeApplications = []string{id} }
}
func from(include, exclude string) edit {
	return func(p *policy.Policy) {
		p.Conditions.Locations = &policy.Locations{Include: strings.Fields(include), Exclude: strings.Fields(exclude)}
	}
}
func on(include, exclude string) edit {
	return func(p *policy.Policy) {
		p.Conditions.Platforms = &policy.Platforms{Include: strings.Fields(include), Exclude: strings.Fields(exclude)}
	}
}
func atUserRisk(levels ...string) edit {
	return func(p *policy.Policy) { p.Conditions.UserRiskLevels = levels }
}
func atSignInRisk(levels ...string) edit {
	return func(p *policy.Policy) { p.Conditions.SignInRiskLevels = levels }
}
func changing(p *policy.Policy) {
	p.Conditions.Applications = policy.Applications{IncludeUserActions: []string{policy.ChangePassword}}
}

func registering(p *policy.Policy) {
	p.Conditions.Applications = policy.Applications{IncludeUserActions: []string{policy.RegisterSecurityInfo}}
}
func every(value int, unit string) edit {
	return func(p *policy.Policy) {
		p.SessionControls = &policy.SessionControls{SignInFrequency: &policy.SignInFrequency{IsEnabled: true, Type: unit, Value: value, FrequencyInterval: policy.TimeBased}}
	}
}
func everyTime(p *policy.Policy) {
	p.SessionControls = &policy.SessionControls{SignInFrequency: &policy.SignInFrequency{IsEnabled: true, FrequencyInterval: policy.EveryTime}}
}
func secondOnly(p *policy.Policy) {
	p.SessionControls.SignInFrequency.AuthenticationType = policy.SecondOnly
}
func browser(mode string) edit {
	return func(p *policy.Policy) {
		p.SessionControls = &policy.SessionControls{PersistentBrowser: &policy.PersistentBrowser{IsEnabled: true, Mode: mode}}
	}
}

// What the request, the person and the place are.
func userRisk(level string) change   { return func(s *scene) { s.in.UserRisk = level } }
func signInRisk(level string) change { return func(s *scene) { s.in.SignInRisk = level } }
func inGroup(ids ...string) change {
	return func(s *scene) { s.in.Groups, s.w.Asked.Groups = ids, ids }
}
func notKnown(input string) change {
	return func(s *scene) { s.in.Unknown, s.w.Asked.Unknown = []string{input}, []string{input} }
}
func at(country, ip string) change {
	return func(s *scene) {
		s.signals.Country = country
		if ip != "" {
			s.signals.IP = netip.MustParseAddr(ip)
		}
	}
}
func using(platform string) change { return func(s *scene) { s.signals.Platform = platform } }
func place(l policy.Location) change {
	return func(s *scene) { s.places = append(s.places, l) }
}
func signedInAgo(d time.Duration) change {
	return func(s *scene) {
		s.w.Session.AuthTime = noon.Add(-d)
		if !s.w.Session.MFATime.IsZero() {
			s.w.Session.MFATime = noon.Add(-d)
		}
	}
}
func confirmedAgo(d time.Duration) change {
	return func(s *scene) { s.w.Session.MFATime = noon.Add(-d) }
}
func published(id string) change {
	return func(s *scene) {
		if s.w.Texts == nil {
			s.w.Texts = map[string]userflow.Terms{}
		}
		s.w.Texts[id] = userflow.Terms{ID: id, Version: 2, Since: 2}
	}
}
func agreedTo(id string, version int) change {
	return func(s *scene) {
		s.w.Accepted = append(s.w.Accepted, userflow.Acceptance{TermsID: id, Version: version})
	}
}
func remembered(days int, ago time.Duration, methods ...string) change {
	return func(s *scene) {
		s.w.Tenant.Settings.RememberDays = days
		at := s.w.Now.Add(-ago)
		s.w.Remembered = &session.Remembered{ID: "d", UserID: annaID, Methods: methods, MFATime: at, CreatedAt: at, ExpiresAt: at.Add(30 * 24 * time.Hour)}
	}
}
func keeping(kinds ...string) change {
	return func(s *scene) { s.w.Session.Methods, s.w.Session.AMR = kinds, []string{"fido", "mfa", "otp"} }
}
func byPasskeyBefore(ago time.Duration) change {
	return and(sessionWithMFA, keeping(factor.Passkey), confirmedAgo(ago))
}
func texts(s *scene) { enforce(userflow.MFAConditional, "sms", "fido2")(s) }

func passkeyShown(s *scene) {
	s.w.Flow.MFA.Methods = append(s.w.Flow.MFA.Methods, "fido2")
	s.w.Account.Methods = append(s.w.Account.Methods, account.Method{ID: factor.Passkey, Kind: factor.Passkey})
	s.a.Facts.Passkey = &Passed{UserID: annaID, Kind: factor.Passkey, ID: factor.Passkey, At: noon}
}
func methods(edit func(*tenant.MethodsPolicy)) change {
	return func(s *scene) { edit(&s.w.Tenant.Settings.Methods) }
}

const (
	passkeyOnly = "strength:" + policy.StrengthPhishingResistant
	anyTwo      = "strength:" + policy.StrengthMFA
)

// R 16.1: which second factor may follow which first one.
func TestFirstAndSecondFactor(t *testing.T) {
	all := []string{factor.EmailCode, factor.SMSCode, factor.TOTP, factor.Passkey}
	flow := userflow.Flow{MFA: userflow.MFA{Methods: []string{"email", "sms", "softwareOath", "fido2"}}}
	for _, r := range []struct {
		first string
		want  []string
	}{
		{factor.Password, all},
		{factor.EmailCode, []string{factor.SMSCode, factor.TOTP, factor.Passkey}},
		{"federated", all},
	} {
		if got := usable(flow, r.first); !slices.Equal(got, r.want) {
			t.Errorf("R 16.1, after %s: %v, want %v", r.first, got, r.want)
		}
	}
	byPasskey := and(named, known, passkeyShown, stayed)
	for _, e := range []userflow.Enforcement{userflow.MFAOff, userflow.MFAAlways, userflow.MFAConditional} {
		s := play(enforce(e, "softwareOath"), byPasskey, mfa)
		if n := s.next(); n.Name != Issue || n.Person.MFATime.IsZero() {
			t.Errorf("R 16.1, a passkey is both factors, switch %s: %q", e, n.Name)
		}
	}
	for _, kind := range []string{factor.EmailCode, factor.SMSCode, factor.TOTP, factor.Passkey, factor.Recovery} {
		s := play(named, known, password, stayed, enforce(userflow.MFAAlways, "email", "sms", "softwareOath", "fido2"), hasMethod(factor.TOTP), hasMethod(kind), showed(kind))
		if n := s.next(); n.Name != Issue {
			t.Errorf("R 16.1, %s after a password: %q", kind, n.Name)
		}
	}
}

// R 16.2, every line, on the function alone.
func TestOutcomeOfSecondFactor(t *testing.T) {
	const off, always, conditional = userflow.MFAOff, userflow.MFAAlways, userflow.MFAConditional
	type line struct {
		s                             userflow.Enforcement
		asked, risk, enrolled, usable bool
	}
	for _, r := range []struct {
		rule string
		line line
		want need
		note string
	}{
		{"off, none", line{off, false, false, true, true}, needNothing, ""},
		{"off, mfa", line{off, true, false, true, true}, needNothing, noteSuppressed},
		{"off, mfa because of risk", line{off, true, true, false, false}, needNothing, noteSuppressed},
		{"always, none, enrolled", line{always, false, false, true, true}, needChallenge, ""},
		{"always, mfa, enrolled", line{always, true, false, true, true}, needChallenge, ""},
		{"always, none, not enrolled", line{always, false, false, false, true}, needEnrol, ""},
		{"always, mfa, not enrolled", line{always, true, false, false, true}, needEnrol, ""},
		{"always, risk, not enrolled", line{always, true, true, false, true}, needDeny, noteNotEnrolled},
		{"always, risk, enrolled", line{always, true, true, true, true}, needChallenge, ""},
		{"conditional, none, enrolled", line{conditional, false, false, true, true}, needNothing, ""},
		{"conditional, none, not enrolled", line{conditional, false, false, false, true}, needOffer, ""},
		{"conditional, mfa, not enrolled", line{conditional, true, false, false, true}, needEnrol, ""},
		{"conditional, mfa, enrolled", line{conditional, true, false, true, true}, needChallenge, ""},
		{"conditional, risk, not enrolled, whatever there is", line{conditional, true, true, false, false}, needDeny, noteNotEnrolled},
		{"conditional, risk, enrolled", line{conditional, true, true, true, true}, needChallenge, ""},
		{"always, no method", line{always, false, false, false, false}, needDeny, noteNoMethod},
		{"conditional, mfa, no method", line{conditional, true, false, false, false}, needDeny, noteNoMethod},
	} {
		l := r.line
		if got, note := secondFactor(l.s, l.asked, l.risk, l.enrolled, l.usable); got != r.want || note != r.note {
			t.Errorf("R 16.2, %s: %s %q, want %s %q", r.rule, got, note, r.want, r.note)
		}
	}
}

// R 16.3, line by line where the sign-in decides (7 and 9 refuse at saving, 12 is What-If's), each through Next
// with real policies.
func TestConditionalAccess(t *testing.T) {
	totp := and(enforce(userflow.MFAConditional, "softwareOath"), hasMethod(factor.TOTP))
	signedIn := and(named, known, password, stayed, totp)
	block, demand := grants("OR", "block"), grants("OR", "mfa")
	office := place(policy.Location{ID: "office", Trusted: true, Ranges: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}})
	germany := place(policy.Location{ID: "germany", Countries: []string{"DE"}})
	anywhere := place(policy.Location{ID: "germany", Countries: []string{"DE"}, IncludeUnknown: true})
	for _, r := range []struct {
		line, rule string
		when       change
		want       Name
	}{
		{"1", "users: included", rule("p", block, forPerson(annaID)), Blocked},
		{"1", "users: exclude beats include", rule("p", block, forPerson(annaID), except(annaID)), Issue},
		{"1", "groups: included", and(rule("p", block, forGroup("g")), inGroup("g")), Blocked},
		{"1", "groups: exclude beats include", and(rule("p", block, forGroup("g"), exceptGroup("h")), inGroup("g", "h")), Issue},
		{"1", "groups that could not be read apply, excluded or not", and(rule("p", block, forGroup("g")), notKnown("groups")), Blocked},
		{"1", "apps: another", rule("p", block, toApp("another")), Issue},
		{"1", "apps: exclude beats include", rule("p", block, exceptApp("app")), Issue},
		{"1", "locations: outside", and(office, rule("p", block, from("All", "AllTrusted")), at("DE", "198.51.100.1")), Blocked},
		{"1", "locations: exclude beats include", and(office, rule("p", block, from("All", "AllTrusted")), at("DE", "203.0.113.9")), Issue},
		{"1", "platforms: included", and(rule("p", block, on("all", "")), using("android")), Blocked},
		{"1", "platforms: exclude beats include", and(rule("p", block, on("all", "android iOS")), using("android")), Issue},
		{"1", "platforms: unknown ones are caught by all minus the known", and(rule("p", block, on("all", "android iOS windows macOS linux"))), Blocked},

		{"2", "two policies: a second factor first", and(rule("p", grants("AND", "passwordChange"), atUserRisk("high")), rule("q", demand), userRisk("high")), Challenge},
		{"2", "two policies: then another password", and(rule("p", grants("AND", "passwordChange"), atUserRisk("high")), rule("q", demand), userRisk("high"), showed(factor.TOTP)), ChangePassword},
		{"2", "two policies: then in", and(rule("p", grants("AND", "passwordChange"), atUserRisk("high")), rule("q", demand), userRisk("high"), showed(factor.TOTP), changed), Issue},
		{"2", "a password change by itself asks for a second factor before", and(rule("p", grants("AND", "passwordChange"), atUserRisk("high")), userRisk("high")), Challenge},
		{"2", "a password that was changed before it was safe does not count", and(rule("p", grants("AND", "passwordChange"), atUserRisk("high")), userRisk("high"), changed), Challenge},
		{"2", "terms come last", and(rule("p", grants("AND", "mfa", "terms:use")), published("use"), showed(factor.TOTP)), AskTerms},
		{"2", "terms: agreed to the version that counts", and(rule("p", grants("AND", "terms:use")), published("use"), agreedTo("use", 2)), Issue},
		{"2", "terms: agreed to an older one", and(rule("p", grants("AND", "terms:use")), published("use"), agreedTo("use", 1)), AskTerms},
		{"2", "terms that nobody can agree to", rule("p", grants("AND", "terms:gone")), Blocked},

		{"3", "a block beats everything", and(rule("p", block), rule("q", demand), showed(factor.TOTP)), Blocked},
		{"4", "a report-only block lets in", rule("p", block, reportOnly), Issue},
		{"5", "a report-only demand asks for nothing", rule("p", demand, reportOnly), Issue},

		{"6", "second factor or another password: the first is asked for", rule("p", grants("OR", "mfa", "passwordChange")), Challenge},
		{"6", "second factor or another password: done by the first", and(rule("p", grants("OR", "mfa", "passwordChange")), showed(factor.TOTP)), Issue},
		{"6", "terms or a second factor: whoever agreed is done", and(rule("p", grants("OR", "mfa", "terms:use")), published("use"), agreedTo("use", 2)), Issue},
		{"6", "what cannot be given gives way to what can", and(rule("p", grants("OR", passkeyOnly, "terms:use")), published("use")), AskTerms},

		{"8", "unknown country, not included", and(germany, rule("p", block, from("germany", "")), at("", "198.51.100.1")), Issue},
		{"8", "unknown country, included", and(anywhere, rule("p", block, from("germany", "")), at("", "198.51.100.1")), Blocked},
		{"8", "the country", and(germany, rule("p", block, from("germany", "")), at("DE", "198.51.100.1")), Blocked},

		{"13", "risk of the sign-in, registered before: asked", and(rule("p", demand, atSignInRisk("medium", "high")), signInRisk("high")), Challenge},
		{"13", "no risk: not asked", and(rule("p", demand, atSignInRisk("medium", "high")), signInRisk("low")), Issue},
		{"13", "risk that could not be told is asked about", and(rule("p", demand, atSignInRisk("medium", "high")), notKnown("signInRisk")), Challenge},
	} {
		t.Run("R 16.3."+r.line+" "+r.rule, func(t *testing.T) {
			s := play(signedIn, r.when)
			if got := s.next(); got.Name != r.want {
				t.Errorf("next is %q (%s), want %q", got.Name, got.Reason, r.want)
			}
		})
	}
}

// R 16.3.4, 5 and the words of R 5.10: what the record says of policies that are only watched.
func TestReportOnlyIsWrittenDownApart(t *testing.T) {
	signedIn := and(named, known, password, stayed, enforce(userflow.MFAConditional, "softwareOath"), hasMethod(factor.TOTP))
	for _, r := range []struct {
		rule string
		when change
		want string
	}{
		{"blocks", rule("p", grants("OR", "block"), reportOnly), policy.ReportOnlyFailure},
		{"asks for what was not shown", rule("p", grants("OR", "mfa"), reportOnly), policy.ReportOnlyInterrupted},
		{"asks for what was shown", and(rule("p", grants("OR", "mfa"), reportOnly), showed(factor.TOTP)), policy.ReportOnlySuccess},
		{"does not apply", rule("p", grants("OR", "mfa"), reportOnly, except(annaID)), policy.ReportOnlyNotApplied},
		{"is on, and met", and(rule("p", grants("OR", "mfa")), showed(factor.TOTP)), policy.Success},
	} {
		s := play(signedIn, r.when)
		n := Written(s.next(), s.set, true)
		if n.Name != Issue || len(n.Verdict.Policies) != 1 || n.Verdict.Policies[0].Result != r.want {
			t.Errorf("a policy that %s: %q %+v, want %s", r.rule, n.Name, n.Verdict.Policies, r.want)
		}
	}
}

func TestDemands(t *testing.T) {
	const off, always, conditional = userflow.MFAOff, userflow.MFAAlways, userflow.MFAConditional
	signedIn := and(named, known, password, stayed)
	both := enforce(conditional, "email", "softwareOath", "fido2")
	risky := and(rule("p", grants("AND", "passwordChange"), atUserRisk("high")), userRisk("high"))
	session := func(ago time.Duration) change { return and(sessionWithMFA, signedInAgo(ago)) }
	for _, r := range []struct {
		rule   string
		when   change
		want   Name
		detail string // kinds to register or methods to show, joined; or why not
	}{
		// Strengths.
		{"a strength asks only for what completes it", and(signedIn, both, rule("p", grants("AND", passkeyOnly)), hasMethod(factor.TOTP), hasMethod(factor.Passkey)), Challenge, "passkey"},
		{"a strength is not met by something weaker", and(signedIn, both, rule("p", grants("AND", passkeyOnly)), hasMethod(factor.TOTP), hasMethod(factor.Passkey), showed(factor.TOTP)), Challenge, "passkey"},
		{"a strength that was shown", and(signedIn, both, rule("p", grants("AND", passkeyOnly)), hasMethod(factor.Passkey), showed(factor.Passkey)), Issue, ""},
		{"nothing registered: only what completes it is offered", and(signedIn, both, rule("p", grants("AND", passkeyOnly))), Enrol, "passkey"},
		{"something weaker is shown before the stronger is registered", and(signedIn, both, rule("p", grants("AND", passkeyOnly)), hasMethod(factor.TOTP)), Challenge, "totp"},
		{"and then the stronger is registered", and(signedIn, both, rule("p", grants("AND", passkeyOnly)), hasMethod(factor.TOTP), showed(factor.TOTP)), Enrol, "passkey"},
		{"registered and done", and(signedIn, both, rule("p", grants("AND", passkeyOnly)), hasMethod(factor.TOTP), showed(factor.TOTP), enrolled(factor.Passkey)), Issue, ""},
		{"the flow has none that completes it", and(signedIn, enforce(conditional, "softwareOath"), rule("p", grants("AND", passkeyOnly)), hasMethod(factor.TOTP)), Blocked, blockedMFA},
		{"a strength because of risk, nothing fitting registered", and(signedIn, both, rule("p", grants("AND", passkeyOnly), atSignInRisk("high")), signInRisk("high"), hasMethod(factor.TOTP)), Blocked, blockedUnenrolled},
		{"two policies, one method that meets both", and(signedIn, both, rule("p", grants("AND", "mfa")), rule("q", grants("AND", passkeyOnly)), hasMethod(factor.TOTP), hasMethod(factor.Passkey)), Challenge, "passkey"},
		{"any two factors", and(signedIn, both, rule("p", grants("AND", anyTwo)), hasMethod(factor.EmailCode), hasMethod(factor.TOTP)), Challenge, "email totp"},
		{"one channel twice is no strength", and(codeFlow, named, knownByCode, codeShown, stayed, enforce(conditional, "email"), rule("p", grants("AND", anyTwo)), hasMethod(factor.EmailCode)), Blocked, blockedMFA},
		{"a passkey as the first factor meets it", and(enforce(conditional), named, known, passkeyShown, stayed, rule("p", grants("AND", passkeyOnly))), Issue, ""},
		{"a stale passkey and a text message are no strength", and(byPasskeyBefore(2*time.Hour), texts, rule("p", grants("AND", passkeyOnly), every(1, "hours"), secondOnly), hasMethod(factor.SMSCode), hasMethod(factor.Passkey)), Challenge, "passkey"},
		{"not even where the text message was shown for something else", and(byPasskeyBefore(2*time.Hour), texts, rule("p", grants("AND", passkeyOnly), every(1, "hours"), secondOnly), hasMethod(factor.SMSCode), hasMethod(factor.Passkey), showed(factor.SMSCode)), Challenge, "passkey"},
		{"a stale passkey, and the flow has none for a second factor: it signs in again", and(byPasskeyBefore(2*time.Hour), enforce(conditional, "sms"), rule("p", grants("AND", passkeyOnly), every(1, "hours"), secondOnly), hasMethod(factor.SMSCode)), SignIn, ""},
		{"a passkey within its time", and(byPasskeyBefore(30*time.Minute), texts, rule("p", grants("AND", passkeyOnly), every(1, "hours"), secondOnly), hasMethod(factor.SMSCode), hasMethod(factor.Passkey)), Issue, ""},
		{"a passkey shown again", and(byPasskeyBefore(2*time.Hour), texts, rule("p", grants("AND", passkeyOnly), every(1, "hours"), secondOnly), hasMethod(factor.Passkey), showed(factor.Passkey)), Issue, ""},
		{"after a mailed code and a passkey the mailbox is no second factor", and(sessionWithMFA, keeping(factor.EmailCode, factor.Passkey), enforce(conditional, "email", "sms"), rule("p", grants("AND", "mfa"), everyTime, secondOnly), hasMethod(factor.EmailCode), hasMethod(factor.SMSCode)), Challenge, "sms"},
		{"a session that was opened with less", and(resumed, both, rule("p", grants("AND", passkeyOnly)), hasMethod(factor.Passkey)), Challenge, "passkey"},
		{"the switch off lets a strength rest", and(signedIn, enforce(off), rule("p", grants("AND", passkeyOnly))), Issue, ""},

		// Always on, whatever policies say.
		{"always, without any policy", and(signedIn, enforce(always, "softwareOath"), hasMethod(factor.TOTP)), Challenge, "totp"},
		{"always, and a strength: what meets both", and(signedIn, enforce(always, "softwareOath", "fido2"), rule("p", grants("AND", passkeyOnly)), hasMethod(factor.TOTP), hasMethod(factor.Passkey)), Challenge, "passkey"},

		// Another password.
		{"no second factor registered: whoever holds a stolen password must not register theirs", and(signedIn, both, risky), Blocked, blockedUnenrolled},
		{"the flow never asks for a second factor", and(signedIn, enforce(off), risky, hasMethod(factor.TOTP)), Blocked, blockedPassword},
		{"signs in by code and has no password", and(codeFlow, named, knownByCode, codeShown, stayed, enforce(conditional, "softwareOath"), hasMethod(factor.TOTP), risky), Blocked, blockedPassword},
		{"no password, but a choice", and(codeFlow, named, knownByCode, codeShown, stayed, enforce(conditional, "softwareOath"), hasMethod(factor.TOTP),
			rule("p", grants("OR", "mfa", "passwordChange"), atUserRisk("high")), userRisk("high")), Challenge, "totp"},
		{"a session proves itself afresh first", and(sessionWithMFA, both, hasMethod(factor.TOTP), risky), SignIn, ""},
		{"a remembered device is not enough", and(signedIn, both, hasMethod(factor.TOTP), risky, remembered(30, time.Hour, factor.TOTP)), Challenge, "totp"},
		{"a passkey shown first is", and(enforce(conditional), named, known, passkeyShown, stayed, risky), ChangePassword, ""},
		{"forgotten, the flow never asks for a second factor: by the mailbox", and(named, known, forgetful, resetShown, enforce(off), risky), ResetPassword, ""},
		{"forgotten and replaced that way", and(named, known, forgetful, resetShown, replaced, stayed, enforce(off), risky), Issue, ""},
		{"forgotten, with a second factor: that first", and(named, known, forgetful, resetShown, both, hasMethod(factor.TOTP), risky), Challenge, "totp"},
		{"forgotten, shown and replaced", and(named, known, forgetful, resetShown, both, hasMethod(factor.TOTP), showed(factor.TOTP), replaced, stayed, risky), Issue, ""},

		// Sign-in frequency.
		{"4 hours, 3:59", and(session(4*time.Hour-time.Minute), rule("p", every(4, "hours"))), Issue, ""},
		{"4 hours, 4:01", and(session(4*time.Hour+time.Minute), rule("p", every(4, "hours"))), SignIn, ""},
		{"every time, twice within five minutes", and(session(4*time.Minute), rule("p", everyTime)), Issue, ""},
		{"every time", and(session(6*time.Minute), rule("p", everyTime)), SignIn, ""},
		{"the minimum of two", and(session(2*time.Hour), rule("p", every(4, "hours")), rule("q", every(1, "hours"))), SignIn, ""},
		{"second factor only: asked again", and(session(5*time.Hour), both, hasMethod(factor.TOTP), rule("p", grants("AND", "mfa"), every(4, "hours"), secondOnly)), Challenge, "totp"},
		{"second factor only: shown again", and(session(5*time.Hour), both, hasMethod(factor.TOTP), rule("p", grants("AND", "mfa"), every(4, "hours"), secondOnly), showed(factor.TOTP)), Issue, ""},
		{"second factor only, and nothing demands one", and(session(5*time.Hour), enforce(off), rule("p", every(4, "hours"), secondOnly)), Issue, ""},
		{"a strength of long ago is asked for again", and(session(5*time.Hour), both, hasMethod(factor.TOTP), rule("p", grants("AND", anyTwo), every(4, "hours"), secondOnly)), Challenge, "totp"},

		// Remembered devices.
		{"remembered: not asked", and(signedIn, both, hasMethod(factor.TOTP), rule("p", grants("AND", "mfa")), remembered(30, 24*time.Hour, factor.TOTP)), Issue, ""},
		{"remembered, always on", and(signedIn, enforce(always, "softwareOath"), hasMethod(factor.TOTP), remembered(30, 24*time.Hour, factor.TOTP)), Issue, ""},
		{"remembered, but the directory offers it no more", and(signedIn, enforce(always, "softwareOath"), hasMethod(factor.TOTP), remembered(0, 24*time.Hour, factor.TOTP)), Challenge, "totp"},
		{"remembered longer ago than the directory allows now", and(signedIn, enforce(always, "softwareOath"), hasMethod(factor.TOTP), remembered(7, 8*24*time.Hour, factor.TOTP)), Challenge, "totp"},
		{"remembered, but longer ago than a policy allows", and(signedIn, both, hasMethod(factor.TOTP), rule("p", grants("AND", "mfa"), every(12, "hours"), secondOnly), remembered(30, 24*time.Hour, factor.TOTP)), Challenge, "totp"},
		{"remembered within what a policy allows", and(signedIn, both, hasMethod(factor.TOTP), rule("p", grants("AND", "mfa"), every(2, "days"), secondOnly), remembered(30, 24*time.Hour, factor.TOTP)), Issue, ""},
		{"remembered, but every time", and(signedIn, both, hasMethod(factor.TOTP), rule("p", grants("AND", "mfa"), everyTime), remembered(30, time.Minute, factor.TOTP)), Challenge, "totp"},
		{"remembered, but at risk", and(signedIn, both, hasMethod(factor.TOTP), rule("p", grants("AND", "mfa"), atSignInRisk("high")), signInRisk("high"), remembered(30, time.Minute, factor.TOTP)), Challenge, "totp"},
		{"remembered with less than the strength", and(signedIn, both, hasMethod(factor.TOTP), hasMethod(factor.Passkey), rule("p", grants("AND", passkeyOnly)), remembered(30, time.Minute, factor.TOTP)), Challenge, "passkey"},
		{"remembered for somebody else", and(signedIn, both, hasMethod(factor.TOTP), rule("p", grants("AND", "mfa")), remembered(30, time.Minute, factor.TOTP), func(s *scene) { s.w.Remembered.UserID = "bob" }), Challenge, "totp"},
		{"remembered before the sessions were revoked", and(named, known, password, stayed, both, hasMethod(factor.TOTP), rule("p", grants("AND", "mfa")), remembered(30, time.Hour, factor.TOTP), func(s *scene) { s.w.Account.SessionsValidFrom = noon.Add(-time.Minute) }), Challenge, "totp"},
		{"remembered, on the portal's own sign-in", and(signedIn, portal, enforce(always, "softwareOath"), hasMethod(factor.TOTP), remembered(30, time.Hour, factor.TOTP)), Challenge, "totp"},
		{"remembered, where an app asks for a step up", and(signedIn, both, hasMethod(factor.TOTP), rule("p", grants("AND", "mfa")), remembered(30, time.Hour, factor.TOTP), func(s *scene) { s.a.Request.Contexts = []string{"c1"} }), Challenge, "totp"},

		// Registering is an action of its own.
		{"registering is blocked from here", and(signedIn, enforce(always, "softwareOath"), rule("p", grants("OR", "block"), registering)), Blocked, blockedRegister},
		{"registering is blocked, but nobody has to", and(signedIn, enforce(conditional, "softwareOath"), rule("p", grants("OR", "block"), registering)), Issue, ""},
		{"registering asks for a second factor, and there is none", and(signedIn, enforce(always, "softwareOath"), rule("p", grants("OR", "mfa"), registering)), Blocked, blockedRegister},
		{"registering asks for a second factor, which was shown", and(signedIn, both, rule("p", grants("OR", "mfa"), registering), rule("q", grants("AND", passkeyOnly)), hasMethod(factor.TOTP), showed(factor.TOTP)), Enrol, "passkey"},
		{"registered, and blocked afterwards: nothing is stored", and(signedIn, enforce(always, "softwareOath"), enrolled(factor.TOTP), rule("p", grants("OR", "block"), registering)), Blocked, blockedRegister},
		{"risk that shows up after registering: what was registered proves nothing", and(signedIn, both, enrolled(factor.TOTP), rule("p", grants("AND", "mfa"), atSignInRisk("high")), signInRisk("high")), Blocked, blockedUnenrolled},

		// So is changing a password: "Forgot your password?" does not lead around it.
		{"forgotten, and changing is blocked from here", and(named, known, forgetful, resetShown, enforce(off), rule("p", grants("OR", "block"), changing)), Blocked, blockedPolicy},
		{"forgotten, and changing asks for a second factor", and(named, known, forgetful, resetShown, both, hasMethod(factor.TOTP), rule("p", grants("OR", "mfa"), changing)), Challenge, "totp"},
		{"forgotten, and the second factor was shown", and(named, known, forgetful, resetShown, both, hasMethod(factor.TOTP), showed(factor.TOTP), rule("p", grants("OR", "mfa"), changing)), ResetPassword, ""},
		{"an admin wants another password, and changing is blocked from here", and(signedIn, mustChange, rule("p", grants("OR", "block"), changing)), Blocked, blockedPolicy},
		{"changing is blocked, and nobody changes anything", and(signedIn, rule("p", grants("OR", "block"), changing)), Issue, ""},
		{"changed already when the policy was made", and(named, known, forgetful, resetShown, replaced, stayed, enforce(off), rule("p", grants("OR", "block"), changing)), Issue, ""},

		// The directory's methods policy.
		{"a method that is switched off is not asked for", and(signedIn, enforce(always, "email", "softwareOath"), hasMethod(factor.EmailCode), hasMethod(factor.TOTP), methods(func(m *tenant.MethodsPolicy) { m.TOTP.Off = true })), Challenge, "email"},
		{"nor offered", and(signedIn, enforce(always, "email", "softwareOath"), methods(func(m *tenant.MethodsPolicy) { m.TOTP.Off = true })), Enrol, "email"},
		{"for some groups only, and this person is in none", and(signedIn, enforce(always, "email", "softwareOath"), methods(func(m *tenant.MethodsPolicy) { m.TOTP.Include = []string{"g"} })), Enrol, "email"},
		{"for some groups only, and this person is in one", and(signedIn, enforce(always, "email", "softwareOath"), inGroup("g"), methods(func(m *tenant.MethodsPolicy) { m.TOTP.Include = []string{"g"} })), Enrol, "email totp"},
		{"groups that could not be read open nothing", and(signedIn, enforce(always, "email", "softwareOath"), notKnown("groups"), methods(func(m *tenant.MethodsPolicy) { m.TOTP.Exclude = []string{"g"} })), Enrol, "email"},
		{"all switched off", and(signedIn, enforce(always, "softwareOath"), hasMethod(factor.TOTP), methods(func(m *tenant.MethodsPolicy) { m.TOTP.Off = true })), Blocked, blockedMFA},
	} {
		t.Run(r.rule, func(t *testing.T) {
			n := play(r.when).next()
			detail := n.Reason
			switch n.Name {
			case Enrol:
				detail = strings.Join(n.Kinds, " ")
			case Challenge:
				var kinds []string
				for _, m := range n.Methods {
					kinds = append(kinds, m.Kind)
				}
				detail = strings.Join(kinds, " ")
			}
			if n.Name != r.want || detail != r.detail {
				t.Errorf("next is %q (%s), want %q (%s)", n.Name, detail, r.want, r.detail)
			}
		})
	}
}

// R 16.3.11: never and always answer the question for everybody, and never beats always.
func TestPersistentBrowser(t *testing.T) {
	signedIn := and(named, known, password)
	for _, r := range []struct {
		rule string
		when change
		want Name
		keep bool
	}{
		{"asked", signedIn, AskStay, false},
		{"never: not asked, not kept", and(signedIn, rule("p", browser("never"))), Issue, false},
		{"never, although they said yes on the form", and(signedIn, stayed, rule("p", browser("never"))), Issue, false},
		{"always: not asked, kept", and(signedIn, rule("p", browser("always"))), Issue, true},
		{"both: never", and(signedIn, rule("p", browser("always")), rule("q", browser("never"))), Issue, false},
		{"always, only watched: asked", and(signedIn, rule("p", browser("always"), reportOnly)), AskStay, false},
	} {
		s := play(r.when)
		if n := s.next(); n.Name != r.want || n.Name == Issue && persistent(s.a, n.Verdict) != r.keep {
			t.Errorf("R 16.3.11, %s: %q, kept %v", r.rule, n.Name, persistent(s.a, n.Verdict))
		}
	}
}

// Why a second factor was asked for or not, and what satisfied it, is in the record.
func TestWhyIsWrittenDown(t *testing.T) {
	signedIn := and(named, known, password, stayed)
	totp := and(enforce(userflow.MFAConditional, "softwareOath"), hasMethod(factor.TOTP))
	for _, r := range []struct {
		rule string
		when change
		want string
	}{
		{"nobody demanded it", and(signedIn, totp), whyNot},
		{"a policy, due", and(signedIn, totp, mfa), whyPolicy},
		{"a policy, shown", and(signedIn, totp, mfa, showed(factor.TOTP)), whyPolicy + " " + whyAttempt},
		{"a policy, by the session", and(sessionWithMFA, totp, mfa), whyPolicy + " " + whySession},
		{"a policy, on a remembered device", and(signedIn, totp, mfa, remembered(30, time.Hour, factor.TOTP)), whyPolicy + " " + noteRemembered},
		{"the flow, by a passkey", and(enforce(userflow.MFAAlways), named, known, passkeyShown, stayed), whyFlow + " " + whyPasskey},
		{"the app's wish", and(signedIn, totp, acr), whyApp},
		{"the switch is off", and(signedIn, enforce(userflow.MFAOff), mfa), ""},
		{"another way out of the policy", and(signedIn, totp, rule("p", grants("OR", "mfa", "terms:use")), published("use"), agreedTo("use", 2)), whyPolicy + " " + whyAlternate},
	} {
		if got := strings.Join(play(r.when).next().Why, " "); got != r.want {
			t.Errorf("%s: %q, want %q", r.rule, got, r.want)
		}
	}
}

// anyPolicies draws policies, people and places on top of any scene.
func anyPolicies(t *rapid.T) *scene {
	edits := []edit{grants("AND", "mfa"), grants("OR", "block"), grants("AND", passkeyOnly), grants("OR", "mfa", "terms:use"), grants("AND", "passwordChange"),
		grants("AND", anyTwo, "terms:use"), grants("AND", "terms:gone"), reportOnly, except(annaID), forGroup("g"), atUserRisk("high"), atSignInRisk("medium"), registering,
		every(1, "hours"), everyTime, browser("never"), browser("always"), on("all", "android")}
	words := []change{codeFlow, bothFlow, named, known, knownByCode, password, mailed, codeShown, chosen, wantsSignUp, answered, stayed, session1, resumed, sessionWithMFA,
		changed, mayPostpone, postponed, hasMethod(factor.TOTP), hasMethod(factor.EmailCode), hasMethod(factor.Passkey), showed(factor.TOTP), showed(factor.Passkey),
		enrolled(factor.TOTP), enrolled(factor.Passkey), forgetful, resetShown, replaced, codesMade, codesKept, mustChange, acr, passkeyShown,
		published("use"), agreedTo("use", 2), acceptsPolicyTerms, userRisk("high"), signInRisk("medium"), inGroup("g"), notKnown("groups"), using("android"),
		remembered(30, time.Hour, factor.TOTP), remembered(30, time.Hour, factor.Passkey), and(resumed, remembered(30, time.Hour, factor.TOTP)), and(resumed, remembered(30, time.Hour, factor.Passkey)),
		and(sessionWithMFA, keeping(factor.Passkey)), and(sessionWithMFA, keeping(factor.Passkey, factor.SMSCode)), signedInAgoIf(30 * time.Minute), signedInAgoIf(3 * time.Hour),
		enforce(userflow.MFAOff), enforce(userflow.MFAAlways, "email", "softwareOath"), enforce(userflow.MFAConditional, "softwareOath", "fido2"), enforce(userflow.MFAConditional, "email", "fido2")}
	var chosen []change
	for i := range rapid.IntRange(1, 4).Draw(t, "policies") {
		var e []edit
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, len(edits)-1), 1, 4).Draw(t, "edits") {
			e = append(e, edits[n])
		}
		chosen = append(chosen, rule(string(rune('a'+i)), e...))
	}
	for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(words)-1), 0, 20).Draw(t, "words") {
		chosen = append(chosen, words[i])
	}
	s := play(chosen...)
	if s.w.Account.ID == "" {
		s.w.Account.Methods = nil
	}
	return s
}

func signedInAgoIf(d time.Duration) change {
	return func(s *scene) {
		if s.w.Session != nil {
			signedInAgo(d)(s)
		}
	}
}

func acceptsPolicyTerms(s *scene) {
	s.a.Facts.Terms = append(s.a.Facts.Terms, TermsAnswer{ID: "use", Version: 2, Locale: "en", At: noon})
}

// Whatever the facts: nothing is issued while a clause is unmet, a policy blocks, or a proof is too old; and what
// is recorded with it gives the same decision once more.
func TestNothingIsIssuedAgainstAPolicy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyPolicies(t)
		n := s.next()
		if n.Inputs == nil {
			if n.Person.Proven && n.Name == Issue {
				t.Fatal("issued without asking any policy")
			}
			return
		}
		d := s.asked(n.Person, *n.Inputs)
		if !reflect.DeepEqual(d.Results, n.Verdict.Decision.Results) || d.Block != n.Verdict.Decision.Block || !reflect.DeepEqual(d.Clauses, n.Verdict.Decision.Clauses) {
			t.Fatalf("the recorded inputs give another decision: %+v, was %+v", d, n.Verdict.Decision)
		}
		shown := policy.ShownOf(*n.Inputs)
		if n.Name != Issue {
			return
		}
		if d.Block || len(d.Unmet(shown)) > 0 {
			t.Fatalf("issued although blocked or unmet: %+v, shown %+v", d.Unmet(shown), shown)
		}
		if person, second := d.Frequency.Stale(n.Inputs.AuthTime, n.Inputs.MFATime, s.a.StartedAt); n.Person.Resumed && person || second {
			t.Fatalf("issued on a proof that is too old: %+v", n.Inputs)
		}
		// A device stands in for habit only: never for what risk asks.
		if slices.Contains(n.Inputs.Methods, policy.RememberedDevice) != n.Person.Remembered && !n.Inputs.MFATime.IsZero() {
			t.Fatalf("a remembered device is not called one: %+v", n.Inputs)
		}
		if n.Person.Remembered && (because(d) || len(s.a.Request.Contexts) > 0 || s.a.ownPages()) {
			t.Fatalf("issued on a remembered device in spite of risk or step-up: %+v", d)
		}
		if n.Inputs.PasswordChanged && !n.Person.Confirmed && !Resetting(s.a, s.w) {
			t.Fatal("a change of password counts that nobody confirmed")
		}
		for _, p := range Written(n, s.set, true).Verdict.Policies {
			if p.State == string(policy.On) && p.Result != policy.Success && p.Result != policy.NotApplied {
				t.Fatalf("issued, and %s says %s", p.ID, p.Result)
			}
		}
	})
}

// One policy more never lets anybody in who was not let in before.
func TestAPolicyMoreNeverWeakens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyPolicies(t)
		with := s.next().Name
		fewer := *s
		fewer.policies = s.policies[1:]
		fewer.set = policy.Compile(fewer.policies, s.places, nil)
		fewer.w.Decide = func(p Person) Verdict {
			in := s.in
			return Verdict{Decision: fewer.asked(p, in), Asked: &in}
		}
		fewer.w.Registering = func(p Person) policy.Decision {
			in := s.in
			in.Action = policy.RegisterSecurityInfo
			return fewer.asked(p, in)
		}
		// The prompt to register and "Stay signed in?" are offers, not hurdles: without them in the way the rule is plain.
		if without := fewer.next().Name; with == Issue && without != Issue && without != Enrol && without != AskStay {
			t.Fatalf("with a policy more the sign-in is issued, without it the step is %q", without)
		}
	})
}

// An attempt that is left at a page is written down with what policies asked, as an interruption where something
// was demanded.
func TestAnUnfinishedAttemptIsWrittenDownWithItsPolicies(t *testing.T) {
	s := play(named, known, password, enforce(userflow.MFAConditional, "softwareOath"), hasMethod(factor.TOTP), rule("p", grants("AND", "mfa")), userRisk("low"))
	s.a.Signals = s.signals
	n := s.next()
	r := run{a: s.a, w: s.w}
	r.judge(n)
	r.trail(n.Name)
	rec := Abandoned(r.a, s.set)
	if rec.Outcome.Result != record.Interrupted || rec.Outcome.Code != codeMFADue || rec.User.ID != annaID {
		t.Errorf("left at the second factor: %+v of %+v", rec.Outcome, rec.User)
	}
	if rec.Inputs == nil || rec.Inputs.UserRisk != "low" || len(rec.Policies) != 1 || rec.Policies[0].Result != policy.Interrupted {
		t.Errorf("inputs %+v, policies %+v", rec.Inputs, rec.Policies)
	}
	unproven := Attempt{ID: "a", Facts: Facts{Identified: &Identified{Typed: annaMail}, Trail: []record.Step{{Name: string(Password)}}}}
	if rec := Abandoned(unproven, s.set); rec.Outcome.Result != record.Abandoned || rec.Inputs != nil || rec.Policies != nil {
		t.Errorf("left before any proof: %+v", rec)
	}
}

// What-If and replay say what the pages then do: for somebody who has just shown a first factor, the sum that they
// work out (policy.Decision.Outcome) and the step that is due agree.
func TestTheOutcomeThatIsForetoldIsTheOneThatComes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		edits := []edit{grants("AND", "mfa"), grants("OR", "block"), grants("AND", passkeyOnly), grants("OR", "mfa", "terms:use"), grants("AND", "passwordChange"),
			grants("AND", anyTwo, "terms:use"), grants("OR", passkeyOnly, "passwordChange"), reportOnly, except(annaID), atUserRisk("high"), atSignInRisk("medium")}
		words := []change{hasMethod(factor.TOTP), hasMethod(factor.EmailCode), hasMethod(factor.Passkey), userRisk("high"), signInRisk("medium"), agreedTo("use", 2),
			enforce(userflow.MFAOff), enforce(userflow.MFAAlways, "email", "softwareOath"), enforce(userflow.MFAConditional, "softwareOath", "fido2"), enforce(userflow.MFAConditional, "email", "fido2")}
		chosen := []change{published("use"), enforce(userflow.MFAConditional, "softwareOath")}
		if rapid.Bool().Draw(t, "by code") {
			chosen = append(chosen, codeFlow, named, knownByCode, codeShown, stayed)
		} else {
			chosen = append(chosen, named, known, password, stayed)
		}
		for i := range rapid.IntRange(0, 4).Draw(t, "policies") {
			var e []edit
			for _, n := range rapid.SliceOfN(rapid.IntRange(0, len(edits)-1), 1, 3).Draw(t, "edits") {
				e = append(e, edits[n])
			}
			chosen = append(chosen, rule(string(rune('a'+i)), e...))
		}
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(words)-1), 0, 8).Draw(t, "words") {
			chosen = append(chosen, words[i])
		}
		s := play(chosen...)
		n := s.next()
		o := n.Verdict.Decision.Outcome(*n.Inputs, policy.ShownOf(*n.Inputs), s.w.Now)
		if (o.Stopped != "") != (n.Name == Blocked) {
			t.Fatalf("foretold %+v, next is %q (%s)", o, n.Name, n.Reason)
		}
		if o.Stopped != "" {
			return
		}
		if o.Rests != slices.Contains(n.Notes, noteSuppressed) {
			t.Fatalf("foretold %+v, notes %v", o, n.Notes)
		}
		first := ""
		if len(o.Asks) > 0 {
			first, _ = policy.AskOf(o.Asks[0])
		}
		want := map[string][]Name{"": {Issue}, policy.AskEnrol: {Enrol, Challenge}, policy.AskMFA: {Challenge}, policy.AskStrength: {Challenge, Enrol},
			policy.AskPasswordChange: {ChangePassword}, policy.AskTerms: {AskTerms}}[first]
		if offered := n.Name == Enrol && s.w.Flow.MFA.Enforcement == userflow.MFAConditional && !slices.Contains([]string{policy.AskEnrol, policy.AskMFA, policy.AskStrength}, first); !offered && !slices.Contains(want, n.Name) {
			t.Fatalf("foretold %+v, next is %q", o, n.Name)
		}
	})
}

// A trial asks no policy, and its record says so (DESIGN §5.12).
func TestATrialAsksNoPolicy(t *testing.T) {
	trial := func(s *scene) { s.w.Tenant.Plan = tenant.Trial }
	s := play(named, known, password, stayed, enforce(userflow.MFAAlways, "softwareOath"), rule("p", grants("OR", "block")), trial)
	s.w.Decide = func(Person) Verdict { return Verdict{} } // what the shell gives
	n := s.next()
	if n.Name != Issue || n.Inputs != nil || !slices.Contains(n.Notes, noteTrial) || Written(n, s.set, true).Verdict.Policies != nil {
		t.Errorf("%q %v %+v", n.Name, n.Notes, n.Inputs)
	}
}

// BenchmarkNext is the decision at one page: risk aside, with forty policies asked and everything else worked out.
func BenchmarkNext(b *testing.B) {
	words := []change{named, known, password, stayed, enforce(userflow.MFAConditional, "softwareOath", "fido2"), hasMethod(factor.TOTP), hasMethod(factor.Passkey), showed(factor.TOTP)}
	for i := range 40 {
		edits := []edit{grants("AND", "mfa")}
		switch i % 4 {
		case 1:
			edits = append(edits, forGroup("g"))
		case 2:
			edits = append(edits, on("all", "android"))
		case 3:
			edits = append(edits, toApp("another"))
		}
		words = append(words, rule(string(rune('A'+i)), edits...))
	}
	for _, n := range []struct {
		name  string
		words []change
	}{{"no policy", words[:8]}, {"40 policies", words}} {
		b.Run(n.name, func(b *testing.B) {
			s := play(n.words...)
			if len(s.policies) == 0 {
				s.w.Decide = func(p Person) Verdict {
					in := s.in
					return Verdict{Decision: s.asked(p, in), Asked: &in}
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if s.next().Name != Issue {
					b.Fatal("not issued")
				}
			}
		})
	}
}
