package signin

import (
	"slices"

	"portico/app/account"
	"portico/app/extension"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/userflow"
)

// Name of a step: what is due. Pages, verifiers and the record use the same word.
type Name string

const (
	Expired        Name = "expired"
	Refused        Name = "refused"        // back to the app with an error
	Select         Name = "select"         // which account? (prompt=select_account)
	Identify       Name = "identify"       // address only
	Forgot         Name = "forgot"         // address only: whose password was forgotten
	SignIn         Name = "signIn"         // address and password in one form (the flow knows passwords only)
	SignUp         Name = "signUp"         // address of a new account
	Password       Name = "password"       // password of the named account
	Code           Name = "code"           // mailed code: first factor, or the address of a sign-up
	ChoosePassword Name = "newPassword"    // choose one, at sign-up
	NoAccount      Name = "noAccount"      // the address is proven, but nobody has it and sign-up is off
	Blocked        Name = "blocked"        // a rule says no
	InvitationOver Name = "invitationOver" // the invitation was used, taken back or has expired
	Enrol          Name = "enrol"          // register a second factor
	Challenge      Name = "challenge"      // show a second factor
	Calling        Name = "calling"        // an API of the tenant's own is asked: a page only while that is under way
	Stopped        Name = "stopped"        // such an API said no, or failed where nobody goes on without it
	Recover        Name = "recovery"       // keep these recovery codes
	ChangePassword Name = "changePassword" // a change is demanded
	ResetPassword  Name = "resetPassword"  // choose one in place of the forgotten one
	ResetDone      Name = "resetDone"      // it is changed; sign in with it
	Waiting        Name = "provider"       // an identity provider was left for, and nobody came back yet
	Address        Name = "address"        // the provider has proven no address: which is it?
	ProviderOver   Name = "providerOver"   // the provider that vouched was switched off meanwhile
	AskRestore     Name = "restore"        // its owner deleted the account: keep it after all?
	AskAttributes  Name = "attributes"     // the flow's questions
	AskTerms       Name = "terms"          // texts that the flow wants agreed to
	AskConsent     Name = "consent"
	AskStay        Name = "stay"
	Issue          Name = "issue" // nothing is due

	Elsewhere Name = "elsewhere" // the attempt belongs to another browser: never worked out by Next
	Finished  Name = "finished"  // the attempt has ended: neither is this
)

// Step is the first thing that is still missing, with what its page needs to know.
type Step struct {
	Name     Name
	Person   Person
	Verdict  Verdict
	Methods  []account.Method     // Challenge: what may be shown
	Kinds    []string             // Enrol: what may be registered
	Optional bool                 // Enrol: "not now" is offered
	Fields   []userflow.Attribute // AskAttributes
	Terms    []userflow.Terms     // AskTerms
	Scopes   []string             // AskConsent
	Existing bool                 // Password: a sign-up met an account; say so kindly
	Provider string               // id of the provider that the page is about: that is waited for, or that is to be connected
	Reason   string               // Blocked, Refused, NoAccount, InvitationOver, Stopped: why
	Event    extension.Event      // Calling: at which event
	Advised  *Advised             // Stopped, AskAttributes: what an API said
	Demands  []string             // what flow and policy asked for
	Notes    []string
	Recovery bool           // Challenge: a recovery code would do
	Why      []string       // why a second factor was asked for or not, and what satisfied it
	Secure   bool           // a password that is chosen now counts as changed by its owner
	Inputs   *record.Inputs // what policies were asked about and what had been shown; nil = they were not asked
}

// Next gives the first thing that is still missing. It is pure and total, and it is the only place where
// the order of a sign-in is written (DESIGN §4).
func Next(a Attempt, w World) Step {
	f, p := a.Facts, person(a, w)
	s := Step{Person: p, Provider: about(a, w), Advised: said(f)}
	at := func(n Name) Step { s.Name = n; return s }
	because := func(n Name, why string) Step { s.Name, s.Reason = n, why; return s }
	switch { // is there somebody, and is it proven who?
	case f.Cancelled != nil && a.EndedAt.IsZero():
		return because(Refused, f.Cancelled.Error)
	case !a.EndedAt.IsZero(), !w.Now.Before(a.ExpiresAt):
		return at(Expired)
	case invitationOver(a, w, p):
		return because(InvitationOver, string(w.Invitation.State(w.Now)))
	case declined(a, w, p) != "":
		return because(Refused, declined(a, w, p))
	case stopped(f) != nil:
		return because(Stopped, stops(s.Advised))
	case !p.Proven:
		s.Existing = f.Email != nil && !p.Newcomer && (a.wantsSignUp() || a.Request.Invitation != nil)
		return because(proof(a, w, p))
	case !p.Newcomer && !usableAgain(f, p, w), turnedAway(a, w):
		return because(away(a, w, p))
	}
	s.Verdict = w.Decide(p) // risk, then policy
	ask := demand(&s, a, w)
	need, p := ask.need, s.Person
	switch { // what else do policy, flow and app ask for?
	case s.Verdict.Decision.Block:
		return because(Blocked, blockedPolicy)
	case p.Resumed && (need == needEnrol || ask.change || need == needDeny && outlasted(s) || tooOld(a, p, s.Verdict)):
		return at(again(a, w)) // a session is not enough for this
	case need == needDeny:
		return because(Blocked, ask.reason)
	case need == needEnrol, need == needOffer && !p.Resumed && !(w.Flow.MFA.MayPostpone && f.Postponed != nil):
		s.Optional = need == needOffer && w.Flow.MFA.MayPostpone
		return at(Enrol)
	case need == needChallenge:
		return at(Challenge)
	case f.Recovery != nil && f.RecoverySet == nil:
		return at(Recover)
	case resetDue(a, w, p):
		return at(ResetPassword)
	case need == needLater:
		return at(ResetDone)
	case ask.change:
		return at(ChangePassword)
	case connectDue(a, w):
		return because(connecting(a, w, p))
	}
	s.Fields, s.Terms, s.Scopes = questions(f, w, p), termsDue(f, w, ask.terms), consentDue(a, w)
	s.Name, s.Event = lastly(s, a, w)
	return s
}

// lastly is the end of the order: what is still to be asked, of the tenant's APIs and of the person.
func lastly(s Step, a Attempt, w World) (Name, extension.Event) {
	event := consultation(a.Facts, w, s.Person, len(s.Fields) > 0)
	switch {
	case event != "":
		return Calling, event
	case len(s.Fields) > 0:
		return AskAttributes, ""
	case len(s.Terms) > 0:
		return AskTerms, ""
	case len(s.Scopes) > 0:
		return AskConsent, ""
	case a.Facts.Stay == nil && stayDue(a, w, s.Person, s.Verdict):
		return AskStay, ""
	}
	return Issue, ""
}

// declined is why what was asked for is not to be had at all: a sign-up where there is none, or an identity for somebody who
// is not signed in here (any more): the account pages' question is only ever about the one who asked it.
func declined(a Attempt, w World, p Person) string {
	switch {
	case a.Request.Connect != "" && !p.Resumed:
		return notConnected
	case a.wantsSignUp() && refuses(a, w, "") == signUpOff:
		return signUpOff
	}
	return ""
}

// introduction is how somebody says who they are: it depends on the flow and their own choice, never on
// who they turn out to be.
func introduction(a Attempt, w World) Name {
	switch {
	case Away(a.Facts, w) != nil:
		return Waiting
	case orphaned(a, w):
		return ProviderOver
	case arrival(a, w) != nil:
		return Address
	case a.wantsSignUp():
		return SignUp
	case Resetting(a, w):
		return Forgot
	case a.Request.Asks("select_account") && w.Session != nil && a.Facts.Other == nil:
		return Select
	case w.Flow.PasswordOnly() && !w.routes():
		return SignIn
	}
	return Identify
}

// proof is the page on which a named person proves themselves. Until a code has proven the address, it
// depends on the flow and on what was asked for, never on the account: this is where we pretend.
func proof(a Attempt, w World, p Person) (Name, string) {
	f := a.Facts
	_, sent := f.mailed(PurposeProve)
	switch {
	case f.Identified == nil:
		return introduction(a, w), ""
	case f.Email == nil && Resetting(a, w):
		return Code, ""
	case orphaned(a, w):
		return ProviderOver, ""
	case arrival(a, w) != nil && !Resetting(a, w):
		return connection(a, w, p)
	case f.Email == nil && f.Identified.Type == account.SignInUserName:
		return Password, ""
	case f.Email == nil && (sent > 0 || !w.Flow.Accepts(userflow.EmailPassword)):
		return Code, ""
	case f.Email == nil:
		return Password, ""
	}
	switch why := refuses(a, w, p.Email); { // the mailbox is theirs: now the truth may be told
	case p.Newcomer && Resetting(a, w):
		return NoAccount, signUpOff
	case p.Newcomer && why != "":
		return NoAccount, why
	case p.Newcomer:
		return ChoosePassword, ""
	case w.Flow.Accepts(userflow.EmailPassword):
		return Password, ""
	}
	return NoAccount, signUpOff
}

// again is the page of a fresh proof for somebody whose session is too old for a policy.
func again(a Attempt, w World) Name {
	switch {
	case Away(a.Facts, w) != nil:
		return Waiting
	case Resetting(a, w):
		return Forgot
	case w.Flow.PasswordOnly() && !w.routes():
		return SignIn
	}
	return Identify
}

// tooOld compares a proof with the policies' sign-in frequency. Ages count from when the attempt began, so that
// nobody is asked again for reading slowly.
func tooOld(a Attempt, p Person, v Verdict) bool {
	stale, _ := v.Decision.Frequency.Stale(p.Since, p.MFATime, a.StartedAt)
	return stale
}

// outlasted: the session began with a passkey whose time as a second factor is over. Where nothing else would do, it
// is shown again by signing in with it.
func outlasted(s Step) bool {
	return s.Inputs != nil && slices.Contains(s.Inputs.Methods, policy.EarlierPasskey)
}

// stayDue: the question is asked after a fresh proof, unless the tenant or a policy has answered it.
func stayDue(a Attempt, w World, p Person, v Verdict) bool {
	d := v.Decision
	return !p.Resumed && !a.ownPages() && !w.Tenant.Settings.StayedSignedInOff && !d.NeverPersistent && !d.AlwaysPersistent
}

// persistent is whether the session of a fresh proof outlives the browser: never beats always, and both beat the
// person's own answer (R 5.8.4). Pages of our own never stay.
func persistent(a Attempt, v Verdict) bool {
	switch {
	case v.Decision.NeverPersistent, a.ownPages():
		return false
	case v.Decision.AlwaysPersistent:
		return true
	}
	return a.Facts.Stay != nil && a.Facts.Stay.Yes
}
