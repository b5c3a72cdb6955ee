package signin

import (
	"encoding/json"
	"os"
	"reflect"
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

var noon = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

const (
	annaMail = "anna@example.com"
	annaID   = "anna"
)

// scene is an attempt in a world, to be changed by the words of a rule.
type scene struct {
	a Attempt
	w World
	d policy.Decision
	// With policies the decision is theirs: a real set is asked, about in.
	policies []policy.Policy
	places   []policy.Location
	in       record.Inputs
	signals  record.Signals
	set      *policy.Set
}

type change func(*scene)

func play(changes ...change) *scene {
	s := &scene{a: Attempt{ID: "attempt", TenantID: "t", Version: 1, Browser: "b", Request: Request{Protocol: OpenID, ClientID: "app"},
		StartedAt: noon, ExpiresAt: noon.Add(time.Hour)},
		w: World{Now: noon.Add(time.Minute), Tenant: tenant.Tenant{ID: "t"}, Flow: userflow.Flow{SignUpMethod: userflow.EmailPassword,
			SignInMethods: []userflow.Method{userflow.EmailPassword}, SignUpAllowed: true, MFA: userflow.MFA{Enforcement: userflow.MFAOff}}}}
	for _, c := range changes {
		c(s)
	}
	s.set = policy.Compile(s.policies, s.places, nil)
	s.w.Decide = func(p Person) Verdict {
		in := s.in
		if len(s.policies) > 0 {
			s.d = s.asked(p, in)
		}
		return Verdict{Decision: s.d, Asked: &in}
	}
	if len(s.policies) > 0 {
		s.w.Registering = func(p Person) policy.Decision {
			in := s.in
			in.Action = policy.RegisterSecurityInfo
			return s.asked(p, in)
		}
		s.w.Changing = func(p Person) policy.Decision {
			in := s.in
			in.Action = policy.ChangePassword
			return s.asked(p, in)
		}
	}
	return s
}

func (s *scene) asked(p Person, in record.Inputs) policy.Decision {
	app := s.a.Request.ClientID
	if in.Action != "" {
		app = ""
	}
	return s.set.Evaluate(policy.Request{TenantID: "t", UserID: p.Account.ID, ClientID: app, Signals: s.signals, Inputs: in, SignUp: p.Newcomer})
}

func (s *scene) next() Step { return Next(s.a, s.w) }

// The words.
func codeFlow(s *scene) {
	s.w.Flow.SignUpMethod, s.w.Flow.SignInMethods = userflow.EmailCode, []userflow.Method{userflow.EmailCode}
}
func bothFlow(s *scene) {
	s.w.Flow.SignInMethods = []userflow.Method{userflow.EmailPassword, userflow.EmailCode}
}
func noSignUp(s *scene) { s.w.Flow.SignUpAllowed = false }
func named(s *scene) {
	s.a.Facts.Identified = &Identified{Typed: annaMail, Canonical: annaMail, At: noon}
}
func known(s *scene) {
	s.w.Account = account.Account{ID: annaID, Enabled: true, HasPassword: true, FirstFactor: string(userflow.EmailPassword), Mail: annaMail}
}
func knownByCode(s *scene) {
	known(s)
	s.w.Account.HasPassword, s.w.Account.FirstFactor = false, string(userflow.EmailCode)
}
func disabled(s *scene) { s.w.Account.Enabled, s.w.Holder.Enabled = false, false }
func left(ago time.Duration) change {
	return func(s *scene) {
		s.w.Account.DeletedAt, s.w.Account.SelfDeleted = s.w.Now.Add(-ago), true
		s.w.Holder.DeletedAt, s.w.Holder.SelfDeleted = s.w.Account.DeletedAt, true
	}
}
func forAFew(s *scene)   { s.w.Restricted, s.w.Flow.SignUpAllowed = true, false }
func oneOfThem(s *scene) { s.w.Assigned = true }
func removed(s *scene)   { s.w.Account.DeletedAt = noon }
func keeps(s *scene)     { s.a.Facts.Restored = &Mark{At: noon} }
func password(s *scene) {
	s.a.Facts.Password = &Passed{UserID: annaID, Kind: factor.Password, At: noon}
}
func passwordOfBob(s *scene) {
	s.a.Facts.Password = &Passed{UserID: "bob", Kind: factor.Password, At: noon}
}
func mailed(s *scene) {
	s.a.Facts.Codes = append(s.a.Facts.Codes, Mailed{ID: "c", Purpose: PurposeProve, To: annaMail, At: noon})
}
func codeShown(s *scene) {
	mailed(s)
	s.a.Facts.Email = &EmailProof{Address: annaMail, At: noon}
}
func codeOfBob(s *scene)   { s.a.Facts.Email = &EmailProof{Address: "bob@example.com", At: noon} }
func chosen(s *scene)      { s.a.Facts.NewPassword = &NewPassword{Hash: "h", At: noon} }
func wantsSignUp(s *scene) { s.a.Facts.SignUp = &Mark{At: noon} }
func answered(s *scene)    { s.a.Facts.Attributes = &Attributes{At: noon} }
func stayed(s *scene)      { s.a.Facts.Stay = &Stay{Yes: true, At: noon} }
func asksName(s *scene) {
	s.w.Flow.Attributes = []userflow.Attribute{{ID: "email"}, {ID: "givenName", Required: true}, {ID: "secret", Hidden: true}}
}

// asksMore asks everybody for a first name and, ticked, for the rules; the rest is nobody's to answer later.
func asksMore(s *scene) {
	s.w.Flow.Attributes = []userflow.Attribute{{ID: "givenName", Required: true},
		{ID: "extension_rules", Required: true, Definition: &userflow.Definition{DataType: userflow.Boolean}},
		{ID: "city"}, {ID: "country", Required: true, Hidden: true, Default: "PT"}, {ID: "jobTitle", Required: true, ReadOnly: true, Default: "Gardener"},
		{ID: "email", Required: true}, {ID: userflow.UserName, Required: true}}
}
func hasName(s *scene) { s.w.Account.GivenName, s.w.Holder.GivenName = "Anna", "Anna" }
func rules(ticked bool) change {
	return func(s *scene) {
		s.w.Account.Attributes = map[string]any{"extension_rules": ticked}
		s.w.Holder.Attributes = s.w.Account.Attributes
	}
}
func wantsTerms(s *scene) {
	s.w.Terms = []userflow.Terms{{ID: "use", Version: 4, Since: 3}, {ID: "privacy", Version: 1, Since: 1}}
}
func acceptedBefore(version int) change {
	return func(s *scene) {
		s.w.Accepted = append(s.w.Accepted, userflow.Acceptance{TermsID: "use", Version: version}, userflow.Acceptance{TermsID: "privacy", Version: 1})
	}
}
func acceptsTerms(s *scene) {
	for _, t := range s.w.Terms {
		s.a.Facts.Terms = append(s.a.Facts.Terms, TermsAnswer{ID: t.ID, Version: t.Version, Locale: "en", At: noon})
	}
}
func session1(s *scene) {
	s.w.Session = &session.Session{SID: "sid", UserID: annaID, AuthTime: noon.Add(-time.Hour), AMR: []string{"pwd"}, CreatedAt: noon.Add(-time.Hour)}
	s.w.Holder = account.Account{ID: annaID, Enabled: true, HasPassword: true, FirstFactor: string(userflow.EmailPassword), Mail: annaMail}
}
func resumed(s *scene) {
	session1(s)
	s.a.Facts.Resumed = &Resumed{SID: "sid", UserID: annaID, At: noon}
}
func sessionWithMFA(s *scene) {
	resumed(s)
	s.w.Session.MFATime, s.w.Session.AMR = s.w.Session.AuthTime, []string{"mfa", "otp", "pwd"}
}
func prompt(words ...string) change { return func(s *scene) { s.a.Request.Prompt = words } }
func maxAge(sec int) change         { return func(s *scene) { s.a.Request.MaxAge = &sec } }
func otherSession(s *scene)         { s.w.Session.SID = "another" }
func revoked(s *scene) {
	s.w.Holder.SessionsValidFrom, s.w.Account.SessionsValidFrom = noon.Add(time.Second), noon.Add(time.Second)
}
func other(s *scene)      { s.a.Facts.Other = &Mark{At: noon} }
func late(s *scene)       { s.w.Now = s.a.ExpiresAt }
func ended(s *scene)      { s.a.EndedAt = noon }
func cancelled(s *scene)  { s.a.Facts.Cancelled = &Cancelled{Error: "access_denied"} }
func block(s *scene)      { s.d.Block = true }
func mfa(s *scene)        { s.d.Clauses = append(s.d.Clauses, clause(policy.KindMFA, false)) }
func mfaForRisk(s *scene) { s.d.Clauses = append(s.d.Clauses, clause(policy.KindMFA, true)) }

func clause(k policy.Kind, risk bool) policy.Clause {
	return policy.Clause{AnyOf: []policy.Control{{Kind: k}}, Risk: risk}
}

func frequency(d time.Duration) change {
	return func(s *scene) { s.d.Frequency.Any = d }
}
func neverPersistent(s *scene) { s.d.NeverPersistent = true }
func changeByPolicy(s *scene) {
	s.d.Clauses = append(s.d.Clauses, clause(policy.KindPasswordChange, true))
}
func mustChange(s *scene) { s.w.Account.MustChangePassword = true }
func changed(s *scene)    { s.a.Facts.Changed = &NewPassword{Hash: "n", At: noon} }
func portal(s *scene)     { s.a.Request.Protocol = Portal }
func enforce(e userflow.Enforcement, methods ...string) change {
	return func(s *scene) { s.w.Flow.MFA = userflow.MFA{Enforcement: e, Methods: methods} }
}
func mayPostpone(s *scene) { s.w.Flow.MFA.MayPostpone = true }
func postponed(s *scene)   { s.a.Facts.Postponed = &Mark{At: noon} }
func hasMethod(kind string) change {
	return func(s *scene) {
		s.w.Account.Methods = append(s.w.Account.Methods, account.Method{ID: kind, Kind: kind})
		s.w.Holder.Methods = s.w.Account.Methods
	}
}
func showed(kind string) change {
	return func(s *scene) {
		s.a.Facts.Second = append(s.a.Facts.Second, Passed{UserID: annaID, Kind: kind, At: noon})
	}
}
func enrolled(kind string) change {
	return func(s *scene) { s.a.Facts.Enrolled = append(s.a.Facts.Enrolled, Enrolled{Kind: kind, At: noon}) }
}
func codesMade(s *scene)    { s.a.Facts.Recovery = &Recovery{Codes: []string{"x"}, At: noon} }
func codesKept(s *scene)    { s.a.Facts.RecoverySet = &Mark{At: noon} }
func wantsConsent(s *scene) { s.a.Request.ConsentScopes = []string{"email", "orders"} }
func consented(s *scene)    { s.w.Consented = []string{"Email", "orders"} }
func agreed(s *scene)       { s.a.Facts.Consent = &Consent{Scopes: []string{"email", "orders"}, At: noon} }
func acr(s *scene)          { s.a.Request.ACR = []string{ACRMulti} }

func and(c ...change) change {
	return func(s *scene) {
		for _, f := range c {
			f(s)
		}
	}
}

func TestNext(t *testing.T) {
	signedIn := and(named, known, password)
	newcomer := and(wantsSignUp, named, codeShown, chosen)
	for _, r := range []struct {
		rule string
		when change
		want Name
	}{
		{"nobody yet, passwords only: one form", and(), SignIn},
		{"nobody yet, several ways: the address first", bothFlow, Identify},
		{"nobody yet, codes only", codeFlow, Identify},
		{"an hour is over", late, Expired},
		{"over, whatever is known", and(late, signedIn, stayed), Expired},
		{"ended", and(signedIn, stayed, ended), Expired},
		{"went back to the app", and(signedIn, cancelled), Refused},
		{"went back from the page that says it is over", and(late, cancelled), Refused},
		{"ended and cancelled", and(ended, cancelled), Expired},

		{"sign-up chosen", wantsSignUp, SignUp},
		{"prompt=create", prompt("create"), SignUp},
		{"prompt=create with sign-up off", and(prompt("create"), noSignUp), Refused},
		{"prompt=create beats the session", and(prompt("create"), session1), SignUp},

		{"named, password flow", named, Password},
		{"named and known: the same page", and(named, known), Password},
		{"named, both ways: the same page", and(named, bothFlow), Password},
		{"named and known by code: the same page", and(named, bothFlow, knownByCode), Password},
		{"named, code flow", and(named, codeFlow), Code},
		{"named and known, code flow: the same page", and(named, codeFlow, knownByCode), Code},
		{"named, code flow without sign-up: the same page", and(named, codeFlow, noSignUp), Code},
		{"asked for a code", and(named, bothFlow, mailed), Code},
		{"asked for a code, known by password: the same page", and(named, bothFlow, known, mailed), Code},
		{"sign-up, named", and(wantsSignUp, named, mailed), Code},
		{"sign-up, named, has an account: the same page", and(wantsSignUp, named, known, mailed), Code},

		{"right password", and(signedIn), AskStay},
		{"a password of somebody else proves nothing", and(named, known, passwordOfBob), Password},
		{"a code of somebody else proves nothing", and(named, codeFlow, knownByCode, codeOfBob), NoAccount},
		{"the password when the flow takes codes only", and(named, known, password, codeFlow), Code},
		{"password proven before the sessions were revoked", and(signedIn, revoked), Password},
		{"code, signed up by code", and(named, codeFlow, knownByCode, codeShown), AskStay},
		{"code in both ways, signed up by password: keeps its method", and(named, bothFlow, known, codeShown), Password},
		{"code flow, account with a password only: the code will do", and(named, codeFlow, known, codeShown), AskStay},
		{"a mailbox is proven that nobody has, sign-up off", and(named, codeFlow, noSignUp, codeShown), NoAccount},
		{"a sign-up that met an account goes on as its sign-in", and(wantsSignUp, named, known, codeShown), Password},

		{"sign-up, address proven: choose a password", and(wantsSignUp, named, codeShown), ChoosePassword},
		{"sign-up by code needs none", and(wantsSignUp, codeFlow, named, codeShown), AskStay},
		{"sign-up without proof of the address", and(wantsSignUp, named, mailed, chosen), Code},
		{"sign-up with questions", and(newcomer, asksName), AskAttributes},
		{"answered", and(newcomer, asksName, answered), AskStay},
		{"hidden and proven attributes are no questions", and(newcomer, asksName, func(s *scene) { s.w.Flow.Attributes = s.w.Flow.Attributes[:1] }), AskStay},
		{"an account made meanwhile stops the sign-up", and(newcomer, asksName, known), Password},

		{"an account that lacks a required answer", and(signedIn, asksMore, rules(true)), AskAttributes},
		{"a box that has to be ticked is not", and(signedIn, asksMore, hasName, rules(false)), AskAttributes},
		{"nothing required is missing", and(signedIn, asksMore, hasName, rules(true)), AskStay},
		{"asked once, whatever became of it", and(signedIn, asksMore, answered), AskStay},
		{"a session is asked as well", and(resumed, asksMore, hasName), AskAttributes},
		{"a session that lacks nothing", and(resumed, asksMore, hasName, rules(true)), Issue},
		{"a newcomer is not asked for what nobody can answer", and(newcomer, func(s *scene) {
			s.w.Flow.Attributes = []userflow.Attribute{{ID: "jobTitle", ReadOnly: true, Default: "Gardener"}}
		}), AskStay},

		{"terms nobody agreed to", and(signedIn, wantsTerms), AskTerms},
		{"terms after the questions", and(newcomer, asksName, wantsTerms), AskAttributes},
		{"terms of a newcomer", and(newcomer, asksName, answered, wantsTerms), AskTerms},
		{"terms before consent", and(signedIn, wantsTerms, wantsConsent), AskTerms},
		{"agreed to now", and(signedIn, wantsTerms, acceptsTerms, wantsConsent), AskConsent},
		{"agreed to the version that is published", and(signedIn, wantsTerms, acceptedBefore(4)), AskStay},
		{"agreed to an older version that still counts", and(signedIn, wantsTerms, acceptedBefore(3)), AskStay},
		{"agreed to a version that counts no more", and(signedIn, wantsTerms, acceptedBefore(2)), AskTerms},
		{"a session agrees as well", and(resumed, wantsTerms), AskTerms},
		{"a session that agreed", and(resumed, wantsTerms, acceptedBefore(4)), Issue},
		{"no terms before a change of password", and(signedIn, mustChange, wantsTerms), ChangePassword},

		{"switched off, after proof", and(signedIn, disabled), Blocked},
		{"switched off, before proof: the same page", and(named, known, disabled), Password},
		{"left by themselves, after proof: asked whether to stay", and(signedIn, left(time.Hour)), AskRestore},
		{"left, before proof: the same page", and(named, known, left(time.Hour)), Password},
		{"left, and wants to come back", and(signedIn, left(time.Hour), keeps), AskStay},
		{"asked before the second factor, not in its place", and(signedIn, left(time.Hour), keeps, enforce(userflow.MFAAlways, "softwareOath"), hasMethod(factor.TOTP)), Challenge},
		{"asked before a forgotten password is replaced", and(forgetful, mayReset, named, known, resetShown, left(time.Hour)), AskRestore},
		{"a sign-up that met an account that was left", and(wantsSignUp, named, known, codeShown, left(time.Hour)), Password},
		{"left and come back, but policy says no", and(signedIn, left(time.Hour), keeps, block), Blocked},
		{"left too long ago", and(signedIn, left(account.Grace)), Blocked},
		{"left too long ago, and wants to come back", and(signedIn, left(account.Grace), keeps), Blocked},
		{"left, then switched off", and(signedIn, left(time.Hour), disabled, keeps), Blocked},
		{"removed by an admin", and(signedIn, removed, keeps), Blocked},
		{"left: no session goes on", and(resumed, left(time.Hour)), SignIn},
		{"an app for a few, before proof: the same page", and(named, known, forAFew), Password},
		{"an app for a few, before proof, nobody known: the same page", and(named, forAFew), Password},
		{"an app for a few, after proof", and(signedIn, forAFew), Blocked},
		{"an app for a few, one of them", and(signedIn, forAFew, oneOfThem), AskStay},
		{"a session of somebody else's", and(resumed, forAFew), Blocked},
		{"a session of one of them", and(resumed, forAFew, oneOfThem), Issue},
		{"an app for a few, invited to it", and(named, codeFlow, knownByCode, codeShown, forAFew, invited), AskStay},
		{"an app for a few has no sign-up", and(prompt("create"), forAFew), Refused},
		{"a proven mailbox is no assignment", and(named, codeFlow, codeShown, forAFew), NoAccount},
		{"blocked by policy", and(signedIn, block), Blocked},
		{"blocked before anything is asked of a newcomer", and(newcomer, asksName, block), Blocked},

		{"everything answered", and(signedIn, stayed), Issue},
		{"the tenant does not offer to stay", and(signedIn, func(s *scene) { s.w.Tenant.Settings.StayedSignedInOff = true }), Issue},
		{"a policy forbids to stay", and(signedIn, neverPersistent), Issue},
		{"the portal never asks to stay", and(signedIn, portal), Issue},

		{"session gone on with", resumed, Issue},
		{"a session is not taken up by itself in the middle", session1, SignIn},
		{"another tab signed in somebody else", and(resumed, otherSession), SignIn},
		{"prompt=login", and(resumed, prompt("login")), SignIn},
		{"session revoked", and(resumed, revoked), SignIn},
		{"owner switched off", and(resumed, disabled), SignIn},
		{"younger than max_age", and(resumed, maxAge(3601)), Issue},
		{"older than max_age", and(resumed, maxAge(3599)), SignIn},
		{"max_age=0", and(resumed, maxAge(0)), SignIn},
		{"another sid was meant", and(resumed, func(s *scene) { s.a.Request.SIDHint = "x" }), SignIn},
		{"another person was meant", and(resumed, func(s *scene) { s.a.Request.SubHint = "bob" }), SignIn},
		{"this person was meant", and(resumed, func(s *scene) {
			s.a.Request.SubHint, s.a.Request.SIDHint, s.a.Request.LoginHint = annaID, "sid", "Anna@Example.com"
		}), Issue},
		{"another address was hinted", and(resumed, func(s *scene) { s.a.Request.LoginHint = "bob@example.com" }), SignIn},
		{"select_account with a session", and(session1, prompt("select_account")), Select},
		{"select_account without one", prompt("select_account"), SignIn},
		{"select_account, another", and(session1, prompt("select_account"), other), SignIn},
		{"select_account, this one", and(resumed, prompt("select_account")), Issue},
		{"a policy finds the session too old", and(resumed, frequency(30*time.Minute)), SignIn},
		{"young enough for the policy", and(resumed, frequency(2*time.Hour)), Issue},

		{"change demanded by an admin", and(signedIn, mustChange), ChangePassword},
		{"change demanded by policy: a second factor first", and(signedIn, changeByPolicy, enforce(userflow.MFAConditional, "softwareOath"), hasMethod(factor.TOTP)), Challenge},
		{"change demanded by policy, second factor shown", and(signedIn, changeByPolicy, enforce(userflow.MFAConditional, "softwareOath"), hasMethod(factor.TOTP), showed(factor.TOTP)), ChangePassword},
		{"change demanded by policy, no second factor was registered", and(signedIn, changeByPolicy, enforce(userflow.MFAConditional, "softwareOath")), Blocked},
		{"change demanded by policy, and the flow never asks for a second factor", and(signedIn, changeByPolicy), Blocked},
		{"changed", and(signedIn, mustChange, changed, stayed), Issue},
		{"no password to change: that is a refusal", and(named, codeFlow, knownByCode, codeShown, changeByPolicy), Blocked},
		{"a session alone may not change a password", and(resumed, changeByPolicy), SignIn},

		{"consent is due", and(signedIn, wantsConsent), AskConsent},
		{"agreed before", and(signedIn, wantsConsent, consented, stayed), Issue},
		{"agreed now", and(signedIn, wantsConsent, agreed, stayed), Issue},
		{"prompt=consent asks again", and(signedIn, wantsConsent, consented, prompt("consent")), AskConsent},
		{"with a session too", and(resumed, wantsConsent), AskConsent},

		{"enrolment page with a session needs a fresh proof", and(resumed, enforce(userflow.MFAAlways, "softwareOath")), SignIn},
		{"the prompt to enrol does not interrupt a session", and(resumed, enforce(userflow.MFAConditional, "softwareOath")), Issue},
		{"a session with a second factor", and(sessionWithMFA, hasMethod(factor.TOTP), enforce(userflow.MFAAlways, "softwareOath")), Issue},
		{"a session without one", and(resumed, hasMethod(factor.TOTP), enforce(userflow.MFAAlways, "softwareOath")), Challenge},
		{"recovery codes first", and(signedIn, enforce(userflow.MFAAlways, "softwareOath"), enrolled(factor.TOTP), codesMade), Recover},
		{"kept", and(signedIn, enforce(userflow.MFAAlways, "softwareOath"), enrolled(factor.TOTP), codesMade, codesKept), AskStay},
		{"the app wishes a second factor, there is one", and(signedIn, acr, hasMethod(factor.TOTP), enforce(userflow.MFAConditional, "softwareOath")), Challenge},
		{"the app wishes one, the flow has none", and(signedIn, acr, stayed), Issue},
	} {
		t.Run(r.rule, func(t *testing.T) {
			if got := play(r.when).next(); got.Name != r.want {
				t.Errorf("next is %q, want %q", got.Name, r.want)
			}
		})
	}
}

// R 16.2 with DESIGN §5.3, line by line, through Next.
func TestSecondFactor(t *testing.T) {
	signedIn := and(named, known, password, stayed)
	const off, always, conditional = userflow.MFAOff, userflow.MFAAlways, userflow.MFAConditional
	for _, r := range []struct {
		rule string
		when change
		want Name
		note string
	}{
		{"off, nothing demanded", enforce(off), Issue, ""},
		{"off, demanded: suppressed and said so", and(enforce(off), mfa), Issue, noteSuppressed},
		{"off, demanded because of risk: the same", and(enforce(off), mfaForRisk), Issue, noteSuppressed},
		{"off, blocked", and(enforce(off), block), Blocked, ""},
		{"always, enrolled", and(enforce(always, "softwareOath"), hasMethod(factor.TOTP)), Challenge, ""},
		{"always, shown", and(enforce(always, "softwareOath"), hasMethod(factor.TOTP), showed(factor.TOTP)), Issue, ""},
		{"always, not enrolled", enforce(always, "softwareOath"), Enrol, ""},
		{"always, enrolled just now", and(enforce(always, "softwareOath"), enrolled(factor.TOTP)), Issue, ""},
		{"always cannot be postponed", and(enforce(always, "softwareOath"), mayPostpone, postponed), Enrol, ""},
		{"always, demanded, not enrolled", and(enforce(always, "softwareOath"), mfa), Enrol, ""},
		{"always, because of risk, not enrolled: refused", and(enforce(always, "softwareOath"), mfaForRisk), Blocked, noteNotEnrolled},
		{"always, because of risk, enrolled", and(enforce(always, "softwareOath"), mfaForRisk, hasMethod(factor.TOTP)), Challenge, ""},
		{"always, no method at all", enforce(always), Blocked, noteNoMethod},
		{"conditional, nothing demanded, enrolled", and(enforce(conditional, "softwareOath"), hasMethod(factor.TOTP)), Issue, ""},
		{"conditional, nothing demanded, not enrolled: the prompt", enforce(conditional, "softwareOath"), Enrol, ""},
		{"the prompt postponed", and(enforce(conditional, "softwareOath"), mayPostpone, postponed), Issue, ""},
		{"the prompt is mandatory unless the flow says so", and(enforce(conditional, "softwareOath"), postponed), Enrol, ""},
		{"conditional, no method: nothing to prompt for", enforce(conditional), Issue, ""},
		{"conditional, demanded, not enrolled", and(enforce(conditional, "softwareOath"), mfa), Enrol, ""},
		{"conditional, demanded, postponed before: still due", and(enforce(conditional, "softwareOath"), mayPostpone, mfa, postponed), Enrol, ""},
		{"conditional, demanded, enrolled", and(enforce(conditional, "softwareOath"), mfa, hasMethod(factor.TOTP)), Challenge, ""},
		{"conditional, because of risk, not enrolled: refused", and(enforce(conditional, "softwareOath"), mfaForRisk), Blocked, noteNotEnrolled},
		{"conditional, because of risk, enrolled", and(enforce(conditional, "softwareOath"), mfaForRisk, hasMethod(factor.TOTP)), Challenge, ""},
		{"conditional, demanded, no method", and(enforce(conditional), mfa), Blocked, noteNoMethod},
		{"a method that the flow does not take is no method", and(enforce(always, "softwareOath"), hasMethod(factor.Passkey)), Enrol, ""},
		{"recovery codes alone are no enrolment", and(enforce(always, "softwareOath"), hasMethod(factor.Recovery)), Enrol, ""},
		{"a recovery code satisfies the challenge", and(enforce(always, "softwareOath"), hasMethod(factor.TOTP), hasMethod(factor.Recovery), showed(factor.Recovery)), Issue, ""},
		{"email after a password", and(enforce(always, "email"), hasMethod(factor.EmailCode)), Challenge, ""},
		{"text messages alone will do", enforce(always, "sms"), Enrol, ""},
		{"text after a password", and(enforce(always, "sms"), hasMethod(factor.SMSCode)), Challenge, ""},
	} {
		t.Run(r.rule, func(t *testing.T) {
			s := play(signedIn, r.when).next()
			if s.Name != r.want {
				t.Errorf("next is %q, want %q", s.Name, r.want)
			}
			if got := strings.Join(s.Notes, ","); got != r.note {
				t.Errorf("notes %q, want %q", got, r.note)
			}
		})
	}
	// One channel is never both factors (R 16.1).
	byCode := and(codeFlow, named, knownByCode, codeShown, stayed)
	if s := play(byCode, enforce(always, "email"), hasMethod(factor.EmailCode)).next(); s.Name != Blocked {
		t.Errorf("email after email: %q", s.Name)
	}
	if s := play(byCode, enforce(always, "email", "softwareOath"), hasMethod(factor.EmailCode)).next(); s.Name != Enrol || len(s.Kinds) != 1 {
		t.Errorf("email after email with another way: %q %v", s.Name, s.Kinds)
	}
	if s := play(byCode, enforce(always, "email"), hasMethod(factor.EmailCode), showed(factor.EmailCode)).next(); s.Name != Blocked {
		t.Errorf("the same channel twice: %q", s.Name)
	}
	// At sign-up, proving the address that becomes the method counts (R 4.2.4); risk refuses even that person
	// no more than an enrolled one.
	up := and(wantsSignUp, named, codeShown, chosen, stayed)
	if s := play(up, enforce(conditional, "email"), mfa).next(); s.Name != Issue || s.Person.MFATime.IsZero() || !reflect.DeepEqual(s.Person.AMR, []string{"mfa", "otp", "pwd"}) {
		t.Errorf("sign-up with email as second factor: %q %v", s.Name, s.Person.AMR)
	}
	if s := play(up, enforce(conditional, "softwareOath"), mfaForRisk).next(); s.Name != Blocked {
		t.Errorf("sign-up under risk: %q", s.Name)
	}
}

// anyScene draws an attempt and a world from everything that the rules speak of.
func anyScene(t *rapid.T) *scene {
	words := []change{codeFlow, bothFlow, noSignUp, named, known, knownByCode, disabled, password, passwordOfBob, mailed, codeShown, codeOfBob,
		chosen, wantsSignUp, answered, stayed, asksName, session1, resumed, sessionWithMFA, prompt("login"), prompt("none"), prompt("create"),
		prompt("select_account"), prompt("consent"), maxAge(0), maxAge(7200), revoked, other, late, block, left(time.Hour), left(account.Grace), removed, keeps, mfa, mfaForRisk,
		frequency(30 * time.Minute), neverPersistent, changeByPolicy, mustChange, changed, portal, mayPostpone, postponed, hasMethod(factor.TOTP),
		hasMethod(factor.EmailCode), hasMethod(factor.Passkey), showed(factor.TOTP), showed(factor.EmailCode), enrolled(factor.TOTP),
		forgetful, mayReset, resetMailed, resetShown, replaced, revokedAfterwards, byName, denies("example.com"), invited, spent, takenBack, nameTakenW,
		enrolled(factor.EmailCode), codesMade, codesKept, wantsConsent, consented, agreed, acr, asksMore, hasName, rules(true), rules(false), wantsTerms, acceptedBefore(2), acceptedBefore(4), acceptsTerms,
		enforce(userflow.MFAAlways, "email", "softwareOath"), enforce(userflow.MFAConditional, "softwareOath", "fido2"), enforce(userflow.MFAAlways, "email")}
	var chosen []change
	for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(words)-1), 0, 24).Draw(t, "words") {
		chosen = append(chosen, words[i])
	}
	s := play(chosen...)
	if s.w.Account.ID == "" { // nobody has no methods
		s.w.Account.Methods = nil
	}
	return s
}

func TestNextIsTotalAndNeverIssuesWithoutProof(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScene(t)
		before, _ := json.Marshal(s.a)
		n := s.next()
		if after, _ := json.Marshal(s.a); string(before) != string(after) {
			t.Fatal("Next changed the attempt")
		}
		if !reflect.DeepEqual(n.Name, s.next().Name) {
			t.Fatal("Next is not a function of its arguments")
		}
		if n.Name == "" || n.Name == Elsewhere || n.Name == Finished {
			t.Fatalf("no step: %q", n.Name)
		}
		if n.Name != Issue {
			return
		}
		f, p := s.a.Facts, n.Person
		if !p.Proven || s.d.Block || !s.w.Now.Before(s.a.ExpiresAt) {
			t.Fatalf("issued without proof, or although blocked or late: %+v", p)
		}
		proof := f.Password != nil && f.Password.UserID == annaID || f.Email != nil && f.Email.Address == annaMail ||
			f.Resumed != nil && s.w.Session != nil && f.Resumed.SID == s.w.Session.SID
		if !proof {
			t.Fatal("issued on no fact at all")
		}
		if !p.Newcomer && !p.Account.Usable() && !(p.Account.Returnable(s.w.Now) && f.Restored != nil) {
			t.Fatal("issued to an account that may not be used")
		}
		if s.w.Flow.MFA.Enforcement == userflow.MFAAlways && p.MFATime.IsZero() {
			t.Fatal("issued without the second factor that is always asked for")
		}
		if s.w.Flow.MFA.Enforcement != userflow.MFAOff && asksMFA(s.d) && p.MFATime.IsZero() {
			t.Fatal("issued without the second factor that policy demands")
		}
		if len(termsDue(f, s.w, nil)) > 0 || f.Attributes == nil && !p.Newcomer && len(missing(Fields(s.w.Flow), p)) > 0 {
			t.Fatal("issued although an answer or an agreement is missing")
		}
		if p.Newcomer && (f.Email == nil || !s.w.Flow.SignUpAllowed && s.a.Request.Invitation == nil) {
			t.Fatal("a new account without a proven address, or although sign-up is off")
		}
	})
}

// Taking any one fact away never makes the answer more generous: what was not issued stays so.
func TestAMissingFactNeverWeakens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScene(t)
		full := s.next().Name
		facts := reflect.ValueOf(&s.a.Facts).Elem()
		i := rapid.IntRange(0, facts.NumField()-1).Draw(t, "fact")
		name := facts.Type().Field(i).Name
		switch name {
		case "Cancelled", "Identified", "Other", "SignUp", "Reset", "Recovery", "Trail":
			return // these say what a person wants: without them another question is asked, of the session for one
		}
		facts.Field(i).SetZero()
		if less := s.next().Name; less == Issue && full != Issue {
			t.Fatalf("without %s the attempt is issued, with it the step is %q", name, full)
		}
	})
}

// answer adds the facts that the right form of a step would add.
func answer(s *scene, n Step) bool {
	switch n.Name {
	case SignIn:
		named(s)
		password(s)
		stayed(s)
	case Forgot:
		named(s)
		resetMailed(s)
	case ResetPassword:
		replaced(s)
	case Identify:
		named(s)
		if !s.w.Flow.Accepts(userflow.EmailPassword) {
			mailed(s)
		}
	case SignUp:
		named(s)
		mailed(s)
	case Select:
		other(s)
	case Password:
		password(s)
	case Code:
		codeShown(s)
	case ChoosePassword:
		chosen(s)
	case Enrol:
		enrolled(n.Kinds[0])(s)
	case Challenge:
		showed(n.Methods[0].Kind)(s)
	case Recover:
		codesKept(s)
	case ChangePassword:
		changed(s)
	case AskAttributes:
		answered(s)
	case AskTerms:
		acceptsTerms(s)
	case AskConsent:
		s.a.Facts.Consent = &Consent{Scopes: n.Scopes, At: noon}
	case AskStay:
		stayed(s)
	default:
		return false
	}
	return true
}

// Whoever answers every page gets to an end, and no page comes twice.
func TestNothingIsAskedTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScene(t)
		s.a.Facts = Facts{} // from the start
		if s.w.Session != nil && sessionUsable(s.a, s.w) && !s.a.Request.Asks("select_account") {
			s.a.Facts.Resumed = &Resumed{SID: s.w.Session.SID, UserID: annaID}
		}
		seen := map[Name]bool{}
		for {
			n := s.next()
			if n.Name == Issue {
				return
			}
			if seen[n.Name] {
				// A password of an account that takes none here, or that was revoked meanwhile, stays wrong.
				if s.a.Facts.Password != nil && (n.Name == Password || n.Name == SignIn) || n.Name == Code || n.Name == NoAccount ||
					n.Name == AskAttributes && s.w.NameTaken { // in this scene the name stays taken whatever is answered
					return
				}
				t.Fatalf("%q is asked twice; facts %+v", n.Name, s.a.Facts)
			}
			seen[n.Name] = true
			if !answer(s, n) {
				return // an end: blocked, refused, expired, no account
			}
		}
	})
}

func TestNextStaysSmall(t *testing.T) {
	src, err := os.ReadFile("next.go")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(src), "\nfunc Next(")
	body, _, _ = strings.Cut(body, "\n}\n")
	if n := strings.Count(body, "\n") + 2; n >= 60 {
		t.Errorf("Next has %d lines; it must stay under 60", n)
	}
}

func TestAFormOfOneStepIsNoneOfAnother(t *testing.T) {
	mac := MAC(func(purpose string, data []byte) []byte { return append([]byte(purpose+"|"), data...) })
	type form struct {
		attempt string
		step    Name
		browser string
	}
	var forms []form
	for _, a := range []string{"a", "ab", "a1", ""} {
		for _, s := range []Name{Password, Code, "", "bcode", "1password"} {
			for _, b := range []string{"x", "", "codex"} {
				forms = append(forms, form{a, s, b})
			}
		}
	}
	for i, f := range forms {
		proof := mac.Verifier(f.attempt, f.step, f.browser)
		for j, g := range forms {
			if mac.Verified(proof, g.attempt, g.step, g.browser) != (i == j) {
				t.Errorf("the form of %+v passes for %+v", f, g)
			}
		}
	}
}

func asksMFA(d policy.Decision) bool { asked, _ := d.Asks(policy.KindMFA); return asked }
