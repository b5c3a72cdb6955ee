package signin

import (
	"slices"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/userflow"
)

// demand.go: what flow, policies and app together still want of one person, clause by clause, in the order of
// prompts: a second factor, another password, terms (R 5.9.2).

// due is what they come to.
type due struct {
	need   need
	reason string   // needDeny: why, as a message key
	change bool     // another password is to be chosen
	terms  []string // ids of the terms that policies want agreed to
}

// Why somebody is blocked, as message keys. None names a rule.
const (
	blockedPolicy     = "signin.blocked.policy"
	blockedMFA        = "signin.blocked.mfa"        // a second factor is due and there is no way to give it
	blockedUnenrolled = "signin.blocked.unenrolled" // because of risk, and none was registered before
	blockedPassword   = "signin.blocked.password"   // another password is due and cannot be chosen here
	blockedRegister   = "signin.blocked.registration"
	blockedElsewhere  = "signin.blocked.passkey_elsewhere" // all they have to show is a passkey that works at another host
)

// want is one demand for a second factor: which kinds would meet it, and which registered methods.
type want struct {
	kinds    []string
	methods  []account.Method
	recovery bool // a recovery code would
}

// asking works one person's demands out.
type asking struct {
	a       Attempt
	w       World
	p       Person
	d       policy.Decision
	verdict Verdict
	in      record.Inputs // what is recorded of it all
	shown   policy.Shown  // the same, as clauses are held against it
	kinds   []string      // what may be the second factor
	methods []account.Method
	former  []account.Method // those that meet what is asked because of risk
	wants   []want
	notes   []string
	codes   bool // a recovery code would do for all that is asked of them now
	later   bool // these are the demands of a sign-in to come, after a reset
	due
}

// demand says what is due, and leaves in the step what its page and the record need.
func demand(s *Step, a Attempt, w World) due {
	if !w.Tenant.Governed() {
		return inTrial(s, a)
	}
	d, p := s.Verdict.Decision, s.Person
	if len(a.Facts.Enrolled) > 0 && because(d) {
		// Whoever registered a factor a moment ago proves nothing by it once risk is in play (R 4.2.7).
		a.Facts.Enrolled = nil
		p = person(a, w)
	}
	x := newAsking(a, w, recall(a, w, p, d), s.Verdict)
	x.work()
	s.Person, s.Kinds, s.Methods = x.p, x.kinds, x.methods
	s.Secure, s.Recovery = x.secure() || x.mailboxOnly(), x.codes && w.recoveryAllowed()
	if s.Verdict.Asked != nil {
		in := x.in
		s.Inputs = &in
	}
	x.explain(s)
	return x.due
}

// inTrial: in a trial nothing is asked, and the record says why (DESIGN §5.12).
func inTrial(s *Step, a Attempt) due {
	s.Notes = append(s.Notes, noteTrial)
	if wantsMFA(a.Request.ACR) && s.Person.MFATime.IsZero() {
		s.Notes = append(s.Notes, noteACR)
	}
	if s.Person.Account.MustChangePassword {
		s.Demands = append(s.Demands, "passwordChange")
	}
	return due{need: needNothing, change: changeOrdered(a, s.Person)}
}

// because reports whether some policy demands something because of risk: a fresh proof by what was there before.
func because(d policy.Decision) bool {
	return slices.ContainsFunc(d.Clauses, func(c policy.Clause) bool { return c.Risk })
}

func newAsking(a Attempt, w World, p Person, v Verdict) *asking {
	x := &asking{a: a, w: w, p: p, d: v.Decision, codes: true, kinds: kinds(w, p), methods: registered(a, w, p)}
	x.verdict = v
	if v.Asked != nil {
		x.in = *v.Asked
	}
	x.in.Switch, x.in.Kinds, x.in.Enrolled = string(w.Flow.MFA.Enforcement), x.kinds, kindsOf(p.Account.Methods, x.kinds)
	if x.former, x.in.RiskSince = x.methods, w.RiskSince; !w.RiskSince.IsZero() {
		known := a
		known.Facts.Enrolled = nil
		x.former = former(registered(known, w, p), w.RiskSince)
		x.in.Former, x.in.FormerShown = kindsOf(former(p.Account.Methods, w.RiskSince), x.kinds), formerShown(a.Facts, p, w.RiskSince)
	}
	x.in.Methods, x.in.AAGUIDs, x.in.AuthTime, x.in.MFATime = p.Methods, p.AAGUIDs, p.Since, p.MFATime
	if _, old := x.d.Frequency.Stale(p.Since, p.MFATime, a.StartedAt); old {
		x.forget()
	}
	x.in.PasswordChanged = a.Facts.Changed != nil && x.secure()
	x.in.Terms = acceptedTerms(a.Facts, w)
	x.shown = policy.ShownOf(x.in)
	return x
}

// forget takes a second factor off that was shown too long ago.
func (x *asking) forget() {
	x.in.Methods = []string{x.p.First}
	x.in = policy.Forget(x.in)
}

// work goes through the clauses and then the flow's own wishes.
func (x *asking) work() {
	sw := x.w.Flow.MFA.Enforcement
	if sw == userflow.MFAOff && x.asks() {
		x.note(noteSuppressed)
	}
	for _, c := range x.d.Unmet(x.shown) {
		x.clause(c)
	}
	x.changing()
	if sw == userflow.MFAAlways && x.shown.MFA.IsZero() && x.need != needDeny {
		n, note := secondFactor(sw, false, false, len(x.methods) > 0, len(x.kinds) > 0)
		x.give(n, note, x.kinds, x.methods)
	}
	switch {
	case x.need == needDeny:
	case len(x.wants) > 0:
		x.choose()
	case sw == userflow.MFAConditional && x.shown.MFA.IsZero():
		x.need, _ = secondFactor(sw, false, false, len(x.methods) > 0, len(x.kinds) > 0)
	default:
		x.need = needNothing
	}
	x.afterReset()
	x.ownPages()
	x.wish()
	x.register()
	x.change = x.need != needDeny && x.change && (x.a.Facts.Changed == nil || x.p.Resumed) || changeOrdered(x.a, x.p)
}

// asks reports whether policies demand a second factor, met or not.
func (x *asking) asks() bool {
	mfa, _ := x.d.Asks(policy.KindMFA)
	strength, _ := x.d.Asks(policy.KindStrength)
	return mfa || strength
}

// clause takes the first control, in the order of prompts, that can be given; when none can, that is a refusal.
func (x *asking) clause(c policy.Clause) {
	controls := slices.Clone(c.AnyOf)
	slices.SortStableFunc(controls, func(a, b policy.Control) int { return rank(a.Kind) - rank(b.Kind) })
	reason := ""
	for _, one := range controls {
		why, ok := x.can(one, c.Risk)
		if ok {
			return
		}
		if reason == "" {
			reason = why
		}
	}
	x.deny(reason)
}

func rank(k policy.Kind) int {
	return slices.Index([]policy.Kind{policy.KindMFA, policy.KindStrength, policy.KindPasswordChange, policy.KindTerms}, k)
}

// can asks for a control if the person can give it; else it says why not, as a note.
func (x *asking) can(c policy.Control, risk bool) (note string, ok bool) {
	switch c.Kind {
	case policy.KindMFA, policy.KindStrength:
		w := x.completing(c, risk)
		n, note := secondFactor(x.w.Flow.MFA.Enforcement, true, risk, len(w.methods) > 0, len(w.kinds) > 0)
		if n == needDeny || n == needNothing {
			return note, false
		}
		x.wants = append(x.wants, w)
		return "", true
	case policy.KindPasswordChange:
		return x.canChange()
	case policy.KindTerms:
		if _, there := x.w.Texts[c.Terms]; !there {
			return noteTermsGone, false
		}
		x.terms = append(x.terms, c.Terms)
		return "", true
	}
	return "", false
}

// canChange: a policy wants another password, chosen after a second factor that was registered before (R 5.7.3).
// A flow that never asks for one has one safe way to a new password left, which is the mailbox.
func (x *asking) canChange() (string, bool) {
	p := x.p
	switch {
	case p.Newcomer, !p.Account.HasPassword:
		return noteNoPassword, false
	case p.Resumed, x.secure(): // a session alone is not enough: the first factor comes first, then all of this again
	case x.w.Flow.MFA.Enforcement == userflow.MFAOff:
		return noteNoPassword, false
	default:
		n, note := secondFactor(x.w.Flow.MFA.Enforcement, true, true, len(x.former) > 0, len(x.kinds) > 0)
		if n != needChallenge {
			return note, false
		}
		x.wants = append(x.wants, want{x.kinds, x.former, x.formerCode()})
	}
	x.change = true
	return "", true
}

// secure reports whether a password that is chosen now counts as changed by its owner: after a second factor in
// this attempt; or by "Forgot your password?" where the mailbox is the strongest proof that can be asked for.
func (x *asking) secure() bool {
	if confirmed(x.a, x.w, x.p) { // not by what was registered just now: whoever knew the first factor could
		return true
	}
	if !Resetting(x.a, x.w) || x.p.Resumed || x.p.Newcomer {
		return false
	}
	return x.w.Flow.MFA.Enforcement == userflow.MFAOff || len(x.methods) == 0 && len(registered(x.a, x.w, withPassword(x.p))) > 0
}

// mailboxOnly reports whether a forgotten password is replaced by somebody who has no second factor to be asked for: the
// mailbox is all that they could show but for what was registered since they are at risk, and the new password remediates their risk (R 6.8.4). It is no proof that a
// policy would take (canChange): where one wants another password because of risk, whoever registered nothing is refused
// before they choose (R 6.8.3).
func (x *asking) mailboxOnly() bool {
	return Resetting(x.a, x.w) && !x.p.Resumed && !x.p.Newcomer && !slices.ContainsFunc(former(x.p.Account.Methods, x.w.RiskSince), func(m account.Method) bool { return slices.Contains(kinds(x.w, x.p), m.Kind) })
}

// withPassword is the person as they would be at a fresh sign-in by password.
func withPassword(p Person) Person {
	p.First, p.Methods = factor.Password, []string{factor.Password}
	return p
}

// completing are the kinds and the registered methods of which one, shown next, would meet a control. The clause
// itself is asked, so that nothing here knows how strengths are made.
func (x *asking) completing(c policy.Control, risk bool) want {
	methods, shown := x.methods, x.shown
	if risk && shown.AtRisk {
		methods = x.former
		if shown.Methods = shown.Methods[:min(1, len(shown.Methods))]; len(shown.Former) > 0 {
			shown.Methods = union(shown.Methods, shown.Former)
		}
	}
	meets := func(kind string, aaguids ...string) bool {
		then := shown
		then.Methods, then.MFA, then.Remembered = union(then.Methods, []string{kind}), x.w.Now, false
		then.AAGUIDs = union(then.AAGUIDs, aaguids)
		return len(policy.Decision{Clauses: []policy.Clause{{AnyOf: []policy.Control{c}}}}.Unmet(then)) == 0
	}
	w := want{recovery: meets(factor.Recovery) && (!risk || x.formerCode())}
	for _, k := range x.kinds {
		var models []string
		if c.Strength != nil {
			models = c.Strength.AAGUIDs
		}
		if meets(k, models...) {
			w.kinds = append(w.kinds, k)
		}
	}
	for _, m := range methods {
		if meets(m.Kind, m.AAGUID) {
			w.methods = append(w.methods, m)
		}
	}
	return w
}

// formerCode reports whether a recovery code would do where somebody is at risk: not one of a set that was made since.
func (x *asking) formerCode() bool {
	return !x.shown.AtRisk || slices.ContainsFunc(former(x.p.Account.Methods, x.w.RiskSince), func(m account.Method) bool { return m.Kind == factor.Recovery })
}

// choose takes what meets most of the demands at once. Whoever has no fitting method yet, but another one, shows
// that before a new one is registered: what is weaker must not open the door to what is stronger.
func (x *asking) choose() {
	kinds, methods := x.wants[0].kinds, x.wants[0].methods
	for _, w := range x.wants[1:] {
		if both := slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return !slices.Contains(w.kinds, k) }); len(both) > 0 {
			kinds = both
		}
		if both := slices.DeleteFunc(slices.Clone(methods), func(m account.Method) bool { return !slices.Contains(w.methods, m) }); len(both) > 0 {
			methods = both
		}
	}
	switch {
	case len(methods) > 0:
		x.need, x.methods = needChallenge, methods
		x.codes = !slices.ContainsFunc(x.wants, func(w want) bool { return !w.recovery })
	case len(x.methods) > 0 && !x.p.Confirmed:
		x.need = needChallenge
	case x.elsewhere():
		x.deny(noteElsewhere)
	default:
		x.need, x.kinds = needEnrol, kinds
	}
}

// elsewhere: the person has nothing to show here, but a passkey at another of the places where the directory answers.
// They are told to go there, or to ask for help: a password alone must not open the door to what is stronger.
func (x *asking) elsewhere() bool {
	who := x.w.Account
	if x.p.Resumed {
		who = x.w.Holder
	}
	return len(x.methods) == 0 && !x.p.Confirmed && !x.p.Newcomer && who.ID == x.p.Account.ID && len(PasskeysElsewhere(who, x.w.Tenant)) > 0
}

func (x *asking) give(n need, note string, kinds []string, methods []account.Method) {
	if n == needDeny {
		x.deny(note)
		return
	}
	x.wants = append(x.wants, want{kinds, methods, true})
}

func (x *asking) deny(note string) {
	if x.need == needDeny {
		return
	}
	x.need = needDeny
	x.note(note)
	switch note {
	case noteNotEnrolled:
		x.reason = blockedUnenrolled
	case noteNoMethod:
		x.reason = blockedMFA
	case noteNoPassword:
		x.reason = blockedPassword
	case noteRegister:
		x.reason = blockedRegister
	case noteElsewhere:
		x.reason = blockedElsewhere
	default:
		x.reason = blockedPolicy
	}
}

func (x *asking) note(n string) {
	if n != "" && !slices.Contains(x.notes, n) {
		x.notes = append(x.notes, n)
	}
}

// ownPages: on the account pages whoever has a second factor shows it.
func (x *asking) ownPages() {
	if x.a.Request.Protocol != Account {
		return
	}
	n := selfService(x.need, len(x.methods) > 0)
	if n == needChallenge && x.need == needNothing && !x.shown.MFA.IsZero() {
		return
	}
	x.need = n
}

// wish: the app asks for a stronger sign-in, which is given when the person has the means (acr_values is a wish).
func (x *asking) wish() {
	if x.need != needNothing || !wantsMFA(x.a.Request.ACR) || !x.shown.MFA.IsZero() {
		return
	}
	if len(x.methods) > 0 && x.w.Flow.MFA.Enforcement != userflow.MFAOff {
		x.need = needChallenge
		return
	}
	x.note(noteACR)
}

// register asks the policies about registering a way to confirm it's you (R 5.2.3), where that is due, offered or
// was done. An offer that they do not allow is not made. Whoever has nothing to show for it is refused: the first
// one has to be registered where the policy does not reach, or with the help of support.
func (x *asking) register() {
	if x.need == needOffer && x.elsewhere() {
		x.need = needNothing
	}
	if x.w.Registering == nil || x.need != needEnrol && x.need != needOffer && len(x.a.Facts.Enrolled) == 0 {
		return
	}
	d := x.w.Registering(x.p)
	refused := d.Block
	for _, c := range d.Unmet(x.shown) {
		if slices.ContainsFunc(c.AnyOf, func(one policy.Control) bool { return one.Kind == policy.KindMFA || one.Kind == policy.KindStrength }) {
			refused = true
			continue
		}
		for _, one := range c.AnyOf {
			if one.Kind == policy.KindTerms && x.w.Texts[one.Terms].ID != "" {
				x.terms = append(x.terms, one.Terms)
			}
		}
	}
	switch {
	case refused && x.need == needOffer:
		x.need = needNothing
	case refused:
		x.deny(noteRegister)
	}
}

// changing asks the policies about changing a password (R 5.2.3), where one is about to be chosen within a sign-in:
// "Forgot your password?" must not lead around what the account pages hold to.
func (x *asking) changing() {
	asked, _ := x.d.Asks(policy.KindPasswordChange)
	about := Resetting(x.a, x.w) && !x.p.Newcomer && !x.p.Resumed || changeOrdered(x.a, x.p) || asked && !x.shown.PasswordChanged
	if x.w.Changing == nil || !about || x.a.Facts.Changed != nil {
		return
	}
	d := x.w.Changing(x.p)
	if d.Block {
		x.deny(noteChange)
		return
	}
	for _, c := range d.Unmet(x.shown) {
		x.clause(c)
	}
}

// changeOrdered: an admin wants another password, and there is one to change; or the one that was shown is kept elsewhere
// and will not do here.
func changeOrdered(a Attempt, p Person) bool {
	return a.Facts.Changed == nil && !p.Newcomer && p.Account.HasPassword && p.Account.MustChangePassword || outdated(a, p)
}

// explain writes into the step what was asked for and why, for the record.
func (x *asking) explain(s *Step) {
	s.Notes = append(s.Notes, x.notes...)
	always, off := x.w.Flow.MFA.Enforcement == userflow.MFAAlways, x.w.Flow.MFA.Enforcement == userflow.MFAOff
	asked := x.asks() && !off
	if always || asked || x.need == needChallenge || x.need == needEnrol {
		s.Demands = append(s.Demands, "mfa")
	}
	if change, _ := x.d.Asks(policy.KindPasswordChange); change || x.p.Account.MustChangePassword {
		s.Demands = append(s.Demands, "passwordChange")
	}
	if terms, _ := x.d.Asks(policy.KindTerms); terms {
		s.Demands = append(s.Demands, "terms")
	}
	why := func(w string, is bool) {
		if is {
			s.Why = append(s.Why, w)
		}
	}
	due := x.need == needChallenge || x.need == needEnrol
	why(whyFlow, always)
	why(whyPolicy, asked)
	why(whyReset, due && !always && !asked && Resetting(x.a, x.w))
	why(whyOwnPages, due && !always && !asked && x.a.Request.Protocol == Account)
	why(whyApp, wantsMFA(x.a.Request.ACR) && !always && !asked)
	why(whyNot, len(s.Why) == 0 && !off)
	switch met := !x.shown.MFA.IsZero(); {
	case !met && asked && !due && !always && x.need != needDeny:
		why(whyAlternate, true)
	case !met || len(s.Why) == 0 || s.Why[0] == whyNot:
	case x.p.Remembered:
		why(noteRemembered, true)
	case x.p.Confirmed && x.p.First == factor.Passkey && !x.p.Resumed:
		why(whyPasskey, true)
	case x.p.First == factor.Federated && !x.p.Resumed && len(x.p.Methods) == 1:
		why(whyUpstream, true)
	case x.p.Confirmed:
		why(whyAttempt, true)
	default:
		why(whySession, true)
	}
	if risky := x.in.SignInRisk != "" && x.in.SignInRisk != riskNone; risky && confirmed(x.a, x.w, x.p) && len(x.d.Unmet(x.shown)) == 0 {
		if because(x.d) {
			why(NoteRemediated, true)
		} else {
			why(NoteConfirmed, true)
		}
	}
	if x.verdict.Risk.Block {
		s.Notes = append(s.Notes, noteIncident)
	}
}
