package signin

import (
	"slices"
	"strings"
	"time"

	"portico/app/account"
	"portico/app/extension"
	"portico/app/factor"
	"portico/app/federation"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/risk"
	"portico/app/session"
	"portico/app/tenant"
	"portico/app/userflow"
)

// World is what Next may know besides the attempt: configuration and accounts as they are at this very
// moment. The shell loads it anew for every decision.
type World struct {
	Now       time.Time
	Tenant    tenant.Tenant
	Flow      userflow.Flow
	Session   *session.Session // the browser's live session in this tenant
	Holder    account.Account  // whose session it is
	Account   account.Account  // who the identifier names; zero when nobody (or nobody said who)
	Consented []string         // scopes that the person agreed to before
	Terms     []userflow.Terms // those that the flow asks for, in its order, as they are published now
	Accepted  []userflow.Acceptance
	// Texts are all terms that the directory has published, by id: policies ask for them besides the flow.
	Texts map[string]userflow.Terms
	// Invitation is the one that opened the attempt, if any, as it is now.
	Invitation userflow.Invitation
	// Restricted: only people who are assigned to the app may sign in to it; Assigned: this one is.
	Restricted bool
	Assigned   bool
	// Asked is what Conditional Access is asked about besides the request's signals: groups, roles, the person's
	// risk, and what failed to load. The shell fills in what the tenant's policies need (policy.Set.Needs).
	Asked record.Inputs
	// Remembered is the device that this browser was remembered as, for the person who is signing in; nil = none.
	Remembered *session.Remembered
	// Providers are the directory's identity providers by id, enabled or not; Domains says which of them an address
	// belongs to, by proven domain. Bearer is whose the identity is that arrived, if it is anybody's.
	Providers map[string]*federation.Provider
	Domains   map[string]string
	Bearer    account.Account
	// Chosen says which API of the tenant's is asked at an event in the attempt's app; empty where nobody is ever asked
	// (a dry run).
	Chosen map[extension.Event]extension.Chosen
	// NameTaken: somebody has the user name that the newcomer chose a moment ago.
	NameTaken bool
	// RiskSince is since when the proven person has been at medium or high risk; zero = they are not.
	RiskSince time.Time
	// Decide works out risk and policy for a person; it is called at its place in the order and nowhere else.
	Decide func(Person) Verdict
	// Registering is what policies say about this person's registering a way to confirm it's them; nil = nothing.
	Registering func(Person) policy.Decision
	// Changing is the same about changing a password.
	Changing func(Person) policy.Decision
}

// Verdict is what risk and policy say together.
type Verdict struct {
	Risk     risk.Assessment
	Decision policy.Decision
	Asked    *record.Inputs  // what policies were asked about; nil = they were not asked
	Policies []record.Policy // the decision written out: only when it is recorded
}

// Person is who the facts prove, and how well. A newcomer has no account yet.
type Person struct {
	Account  account.Account
	Email    string // canonical; for a newcomer it is all there is
	Newcomer bool
	Proven   bool
	Resumed  bool      // proven by the session, not in this attempt
	Since    time.Time // when the first factor was shown
	AMR      []string
	MFATime  time.Time // when a second factor was shown; zero = not
	First    string    // factor kind of the first factor
	// Methods are the kinds of factors that were shown, the first one too; AAGUIDs the models of passkeys among them.
	Methods []string
	AAGUIDs []string
	// Confirmed: a second factor, or a passkey that is both, was shown in this very attempt.
	Confirmed bool
	// Remembered: the second factor is the one that was shown on this device before.
	Remembered bool
}

// sessionUsable reports whether the browser's session may stand in for a fresh proof of this request.
// Ages count from when the attempt began, so that nobody is asked again for reading slowly.
func sessionUsable(a Attempt, w World) bool {
	s, r := w.Session, a.Request
	switch {
	case s == nil, !w.Holder.Usable(), s.AuthTime.Before(w.Holder.SessionsValidFrom):
		return false
	case r.Asks("login"), r.Asks("create"), a.Facts.Other != nil, a.Facts.SignUp != nil, a.Facts.Identified != nil:
		return false
	case r.MaxAge != nil && a.StartedAt.Sub(s.AuthTime).Seconds() > float64(*r.MaxAge):
		return false
	case r.SIDHint != "" && r.SIDHint != s.SID, r.SubHint != "" && r.SubHint != s.UserID:
		return false
	case !hinted(r.LoginHint, w.Holder):
		return false
	case s.Upstream.Provider != "" && w.provider(s.Upstream.Provider) == nil: // who vouched is nobody's any more
		return false
	case a.Facts.Resumed != nil:
		return a.Facts.Resumed.SID == s.SID && a.Facts.Resumed.UserID == s.UserID
	}
	return true
}

// hinted reports whether a login hint may mean this account: no hint, no address, or one of theirs.
func hinted(hint string, who account.Account) bool {
	canonical, err := account.CanonicalEmail(hint)
	if err != nil || hint == who.ID {
		return true
	}
	if mail, err := account.CanonicalEmail(who.Mail); err == nil && mail == canonical {
		return true
	}
	return slices.ContainsFunc(who.Identities, func(i account.Identity) bool { return i.Canonical == canonical })
}

// person works out who the facts prove. It is the one reading of "proven" that there is. What they have are the methods
// that work at this place.
func person(a Attempt, w World) Person {
	w.Account, w.Holder = w.Account.At(w.Tenant.Host), w.Holder.At(w.Tenant.Host)
	f := a.Facts
	if f.Identified == nil {
		if f.Resumed != nil && arrival(a, w) == nil && sessionUsable(a, w) {
			s := w.Session
			return second(Person{Account: w.Holder, Email: w.Holder.Mail, Proven: true, Resumed: true, Since: s.AuthTime,
				AMR: slices.Clone(s.AMR), MFATime: s.MFATime, First: firstOf(*s), Methods: methodsOf(*s), AAGUIDs: slices.Clone(s.AAGUIDs)}, f)
		}
		return Person{}
	}
	named := f.Identified.Type == account.SignInUserName // nobody becomes somebody by a user name
	p := Person{Account: w.Account, Email: f.Identified.mailbox(w.Account), Newcomer: w.Account.ID == "" && !named}
	emailProven := f.Email != nil && p.Email != "" && f.Email.Address == p.Email
	v := arrival(a, w)
	switch {
	case v != nil && vouches(v, a, w, p):
		p.Proven, p.Since, p.First, p.AMR = true, v.At, factor.Federated, []string{"fed"}
		if v.Identity.MFA && w.provider(v.Identity.ProviderID).TrustMFA {
			p.AMR, p.MFATime = []string{"fed", "mfa"}, v.At
		}
	case p.Newcomer && v != nil:
		return p
	case p.Newcomer:
		if !emailProven || Resetting(a, w) || refuses(a, w, p.Email) != "" {
			return p
		}
		if w.Flow.SignUpMethod == userflow.EmailPassword {
			if f.NewPassword != nil {
				p.Proven, p.Since, p.First, p.AMR = true, f.NewPassword.At, factor.Password, []string{"pwd"}
			}
		} else {
			p.Proven, p.Since, p.First, p.AMR = true, f.Email.At, factor.EmailCode, []string{"otp"}
		}
	case p.Account.ID == "":
		return p
	case passkeyProves(f, p.Account, w):
		p.Proven, p.Since, p.First, p.AMR, p.MFATime = true, f.Passkey.At, factor.Passkey, []string{"fido", "mfa"}, f.Passkey.At
	case emailProven && resetProves(a, w):
		p.Proven, p.Since, p.First, p.AMR = true, f.Email.At, factor.EmailCode, []string{"otp"}
	case f.Password != nil && f.Password.UserID == p.Account.ID && !p.Account.PasswordVoid && w.Flow.Accepts(userflow.EmailPassword) &&
		!f.Password.At.Before(p.Account.SessionsValidFrom):
		p.Proven, p.Since, p.First, p.AMR = true, f.Password.At, factor.Password, []string{"pwd"}
	case emailProven && (codeProves(p.Account, w.Flow) || v != nil && !takesPassword(p.Account, w) || unclaimed(p) && (v != nil || w.Flow.Accepts(userflow.EmailCode))) && !f.Email.At.Before(p.Account.SessionsValidFrom):
		p.Proven, p.Since, p.First, p.AMR = true, f.Email.At, factor.EmailCode, []string{"otp"}
	}
	if firstProof(a, w, p) { // what a stranger registered or chose is not asked for, and goes when the attempt commits
		p.Account.Methods, p.Account.HasPassword, p.Account.PasswordVoid = nil, false, false
	}
	p = second(p, f)
	if p.Newcomer && emailProven && p.First != factor.EmailCode && slices.Contains(kinds(w, p), factor.EmailCode) {
		// A sign-up has just proven the mailbox that becomes its method: completing it counts (R 4.2.4).
		p.MFATime, p.AMR, p.Confirmed = f.Email.At, []string{"mfa", "otp", amr(p.First)}, true
		p.Methods = union(p.Methods, []string{factor.EmailCode})
	}
	return p
}

// second adds the second factors that were shown for this person in this attempt. Registering one counts
// as showing it; so does proving, at sign-up with a password, the address that becomes a method.
func second(p Person, f Facts) Person {
	if !p.Proven {
		return p
	}
	if !p.Resumed {
		p.Methods = union(p.Methods, []string{p.First})
	}
	p.Confirmed = !p.Resumed && !p.MFATime.IsZero() // a first factor that is both
	if k := f.Passkey; k != nil && p.Confirmed && k.AAGUID != "" {
		p.AAGUIDs = union(p.AAGUIDs, []string{k.AAGUID})
	}
	shown := func(kind, aaguid string, at time.Time) {
		if sameChannel(kind, p.First) {
			return
		}
		if p.Resumed && !p.Confirmed { // one time stands for all second factors: this one does not renew those of before
			p.Methods, p.AAGUIDs = policy.Forget(record.Inputs{Methods: []string{p.First}}).Methods, nil
		}
		if at.After(p.MFATime) {
			p.MFATime = at
		}
		p.AMR = append(p.AMR, amr(kind), "mfa")
		p.Methods, p.Confirmed = union(p.Methods, []string{kind}), true
		if aaguid != "" {
			p.AAGUIDs = union(p.AAGUIDs, []string{aaguid})
		}
	}
	for _, s := range f.Second {
		if s.UserID == p.Account.ID && p.Account.ID != "" {
			shown(s.Kind, s.AAGUID, s.At)
		}
	}
	for _, e := range f.Enrolled {
		shown(e.Kind, e.AAGUID, e.At)
	}
	slices.Sort(p.AMR)
	p.AMR = slices.Compact(p.AMR)
	return p
}

// sameChannel: one channel is never both factors (DESIGN §5.4). A passkey that verified its owner is two by
// itself, so it may be shown again when the last time was too long ago.
func sameChannel(kind, first string) bool { return kind == first && kind != factor.Passkey }

// union adds the words that are missing, in a new list.
func union(list, more []string) []string {
	out := slices.Clone(list)
	for _, m := range more {
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

// methodsOf are the kinds that a session has shown; one from before they were kept says it by its references.
func methodsOf(s session.Session) []string {
	if len(s.Methods) > 0 {
		return slices.Clone(s.Methods)
	}
	return []string{firstOf(s)}
}

// codeProves reports whether a mailed code is this account's first factor: it signed up that way (R
// 2.2.13), or the flow knows no way that the account has; a password that its owner reported is none.
func codeProves(who account.Account, f userflow.Flow) bool {
	return f.Accepts(userflow.EmailCode) &&
		(who.FirstFactor == string(userflow.EmailCode) || !who.HasPassword || who.PasswordVoid || !f.Accepts(userflow.EmailPassword))
}

// amr gives the method reference (RFC 8176, and the vendor's word for passkeys).
func amr(kind string) string {
	switch kind {
	case factor.Password:
		return "pwd"
	case factor.Passkey:
		return "fido"
	case factor.SMSCode:
		return "sms"
	case factor.Federated:
		return "fed"
	}
	return "otp"
}

// firstOf is the first factor of a session: it stands in front of what was shown. References tell it only where
// methods were not kept yet, since they have no order: "fido mfa otp" may be a mailed code and then a passkey.
func firstOf(s session.Session) string {
	if len(s.Methods) > 0 {
		switch first := s.Methods[0]; first {
		case factor.Password, factor.EmailCode, factor.Passkey, factor.Federated:
			return first
		case policy.EarlierPasskey:
			return factor.Passkey
		}
	}
	switch {
	case slices.Contains(s.AMR, "fed"):
		return factor.Federated
	case slices.Contains(s.AMR, "pwd"):
		return factor.Password
	case slices.Contains(s.AMR, "fido"):
		return factor.Passkey
	}
	return factor.EmailCode
}

// usable lists the kinds that may be a second factor after the first, in the flow's order.
func usable(f userflow.Flow, first string) []string {
	var kinds []string
	for _, m := range f.MFA.Methods {
		if k := factor.KindOf(m); k != "" && !sameChannel(k, first) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// kinds are the usable ones that the directory's methods policy gives this person. A rule about groups that could
// not be read gives nothing (DESIGN §5.2).
func kinds(w World, p Person) []string {
	blind := slices.Contains(w.Asked.Unknown, unknownGroups)
	return slices.DeleteFunc(usable(w.Flow, p.First), func(k string) bool {
		rule := w.Tenant.Settings.Methods.Rule(k)
		if k == factor.Passkey && w.Tenant.Settings.Methods.Passkey.SelfServiceOff && !has(p.Account, k) {
			return true // of use only to whoever has one: nobody registers it by themselves
		}
		return !rule.Allows(w.Asked.Groups) || blind && len(rule.Include)+len(rule.Exclude) > 0
	})
}

func has(who account.Account, kind string) bool {
	return slices.ContainsFunc(who.Methods, func(m account.Method) bool { return m.Kind == kind })
}

// registered lists the person's methods that count as second factors here, with those of this attempt.
func registered(a Attempt, w World, p Person) []account.Method {
	kinds := kinds(w, p)
	var out []account.Method
	for _, m := range p.Account.Methods {
		if slices.Contains(kinds, m.Kind) {
			out = append(out, m)
		}
	}
	for _, e := range a.Facts.Enrolled {
		if slices.Contains(kinds, e.Kind) {
			out = append(out, account.Method{Kind: e.Kind, Name: e.Name, AAGUID: e.AAGUID})
		}
	}
	// The address that a password sign-up proves by code becomes a method (DESIGN §5.3).
	if p.Newcomer && a.Facts.Email != nil && slices.Contains(kinds, factor.EmailCode) {
		out = append(out, account.Method{Kind: factor.EmailCode, Name: p.Email})
	}
	return out
}

// consentDue lists the scopes that the person still has to agree to.
func consentDue(a Attempt, w World) []string {
	if a.Facts.Consent != nil {
		return nil
	}
	if a.Request.Asks("consent") {
		if len(a.Request.ConsentScopes) > 0 {
			return a.Request.ConsentScopes
		}
		return a.Request.Scopes
	}
	var due []string
	for _, s := range a.Request.ConsentScopes {
		if !slices.ContainsFunc(w.Consented, func(have string) bool { return strings.EqualFold(have, s) }) {
			due = append(due, s)
		}
	}
	return due
}

// signUpOff is why nobody becomes a newcomer: as a Refused step's reason, and NoAccount's.
const signUpOff = "signup_off"

// record's words for what risk and policy and the flow demanded.
const (
	noteSuppressed  = "mfa_suppressed_by_user_flow"
	noteNoMethod    = "no_usable_method"
	noteNotEnrolled = "risk_and_not_enrolled"
	noteACR         = "acr_unsatisfied"
	noteReset       = "password_reset"
	noteTrial       = "evaluation_skipped_trial"
	noteReturned    = "account_returned"
	noteNoPassword  = "password_change_impossible"
	noteRegister    = "registration_refused_by_policy"
	noteElsewhere   = "passkey_at_another_host"
	noteChange      = "password_change_refused_by_policy"
	noteTermsGone   = "terms_not_published"
	noteRemembered  = "remembered_device"
	noteIncident    = "blocked_by_incident"
	noteUnhinted    = "domain_hint_ignored"

	// Why a second factor was asked for, or not, and what satisfied it.
	whyFlow      = "mfa_by_user_flow"
	whyPolicy    = "mfa_by_policy"
	whyApp       = "mfa_by_app"
	whyOwnPages  = "mfa_by_account_pages"
	whyReset     = "mfa_by_password_reset"
	whyNot       = "mfa_not_demanded"
	whySession   = "mfa_met_by_session"
	whyAttempt   = "mfa_met_in_attempt"
	whyPasskey   = "mfa_met_by_passkey"
	whyUpstream  = "mfa_met_by_provider"
	whyAlternate = "mfa_not_needed_alternative_met"
)

// Notes that tell what became of the risk of a sign-in (R 6.8): the store reads them.
const (
	// NoteRemediated: a policy asked for a second factor because of risk, and one that was registered before was shown.
	NoteRemediated = "sign_in_risk_remediated"
	// noteSimulated: the person's risk was simulated when this was decided.
	noteSimulated = "user_risk_simulated"
	// NoteConfirmed: such a factor was shown anyway, though no policy asked for it because of risk.
	NoteConfirmed = "sign_in_risk_confirmed"
	// NoteSecured: another password was chosen after all that could be asked for, so what was known against the former
	// one speaks no more against the person.
	NoteSecured = "user_risk_remediated"
)

// unknownGroups names the groups among the inputs that failed to load.
const (
	unknownGroups = "groups"
	unknownRoles  = "roles"
	unknownGuest  = "guest"
)

func proofOf(method string, at time.Time) record.Proof {
	return record.Proof{Method: method, At: at, OK: true}
}
