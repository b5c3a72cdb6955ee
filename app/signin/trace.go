package signin

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/policy"
	"portico/app/record"
)

// CodeBlocked is the vendor's number for what Conditional Access does not allow.
const CodeBlocked = 53003

// Vendor-style numbers of an outcome; 0 is success.
const (
	codeWrong       = 50126  // wrong address or password
	codeLocked      = 50053  // smart lock-out
	codeOld         = 50089  // the one-time code is used, burnt or expired
	codeWrongCode   = 50181  // the one-time code is wrong
	codeMFADenied   = 500121 // a second factor failed
	codeTextRefused = 399288 // a text message was not sent: the country is barred, or the day's are used up
	codeDisabled    = 50057
	codeBlocked     = CodeBlocked // Conditional Access
	codeNoMethod    = 50072       // a second factor is due and there is no way to give it
	codeSilent      = 50058       // prompt=none and a page was due
	codeUnassigned  = 50105       // not among the people whom the app is for
	codeUnmet       = 50187       // signed in, but not whom or not as strongly as the app demanded
	codeConsent     = 65001
	codeMFADue      = 50076 // left at the second factor that policy or flow demanded
	codeEnrolDue    = 50079 // left where a second factor has to be registered
	codeTermsDue    = 50158 // left at terms to agree to
	codePasswordDue = 50055
	codeDeclined    = 65004
	codeCancelled   = 50144   // the person went back
	codeAbandoned   = 50140   // never finished
	codeStopped     = 1003023 // an API of the tenant's own said no
	codeUpstream    = 40015   // the answer of an identity provider could not be used
)

func blockedCode(s Step) int {
	switch s.Reason {
	case "signin.blocked.account":
		return codeDisabled
	case blockedMFA, blockedUnenrolled:
		return codeNoMethod
	case blockedPassword:
		return codePasswordDue
	case unassigned:
		return codeUnassigned
	case stoppedByAPI, stoppedFailed, stoppedOften:
		return stoppedCode(s.Advised)
	}
	return codeBlocked
}

func refusalCode(c Cancelled) int {
	switch {
	case c.Note == "signin.consent_declined", c.Note == noteLeft:
		return codeDeclined
	case c.Note == unassigned:
		return codeUnassigned
	case c.Error == "consent_required":
		return codeConsent
	case c.Error == "login_required" || c.Error == "interaction_required":
		return codeSilent
	}
	return codeCancelled
}

// record makes the stored value of an attempt's end from its facts and the world they were judged in.
func (r *run) record(s Step, o record.Outcome) record.SignIn {
	rec := Trace(r.a, r.written(s, o.Result == record.Success || o.Code == codeCancelled || s.Name == Blocked), r.w.Now, o)
	rec.Signals = r.visit.Signals
	rec.Federation = upstreamOf(r.a.Facts, r.w)
	rec.ID = newID()
	return rec
}

// Trace writes an attempt down: every input of the decision and the decision itself.
func Trace(a Attempt, s Step, now time.Time, o record.Outcome) record.SignIn {
	f, p, req := a.Facts, s.Person, a.Request
	rec := record.SignIn{ID: foldID("record", a.ID), TenantID: a.TenantID, CorrelationID: req.CorrelationID, Kind: record.Interactive,
		Protocol: string(req.Protocol), StartedAt: a.StartedAt, EndedAt: now, Signals: a.Signals,
		App: record.Party{ID: req.ClientID, Name: req.ClientName}, Resource: req.Resource,
		Flow: record.Party{ID: a.FlowID, Name: a.FlowName, Version: a.FlowVersion},
		User: record.Party{ID: p.Account.ID, Name: p.Account.DisplayName}, IdentifierType: "emailAddress",
		SignUp: p.Newcomer, Test: req.Test, Existing: f.SignUp != nil && p.Account.ID != "" && !p.Newcomer,
		Request: record.Request{Prompt: req.Prompt, MaxAge: req.MaxAge, ACR: req.ACR, LoginHint: req.LoginHint != "",
			UILocales: req.UILocales, Scopes: req.Scopes},
		Steps: f.Trail, Risk: s.Verdict.Risk.Findings, RiskLevel: s.Verdict.Risk.Level,
		RiskScore: s.Verdict.Risk.Score, Features: s.Verdict.Risk.Features, CouldNotTell: s.Verdict.Risk.CouldNotTell, Policies: s.Verdict.Policies,
		Inputs: s.Inputs, Demands: s.Demands, Notes: slices.Concat(s.Notes, s.Why), AMR: p.AMR, ACR: p.ACR(), Outcome: o, Count: 1}
	rec.Calls = f.calls()
	if p.Proven {
		rec.FactorSince = factorSince(f, p)
	}
	if rec.CorrelationID == "" {
		rec.CorrelationID = a.ID
	}
	if p.Account.Risk.Simulated {
		rec.Notes = append(rec.Notes[:len(rec.Notes):len(rec.Notes)], noteSimulated)
	}
	switch {
	case f.Identified != nil:
		rec.Identifier = f.Identified.Typed
		rec.IdentifierType = cmp.Or(f.Identified.Type, rec.IdentifierType)
	case p.Resumed:
		rec.Identifier, rec.Kind = p.Account.Mail, record.Interactive
	}
	if p.Newcomer {
		rec.User.Name = displayName(f.corrected(), p.Email)
	}
	if p.Resumed {
		rec.Proofs = append(rec.Proofs, proofOf("session", p.Since))
		rec.Session = record.Session{SID: resumedSID(f), AuthTime: p.Since, Reused: true}
	}
	if f.Email != nil {
		pr := proofOf("emailCode", f.Email.At)
		if f.Reset != nil {
			pr.Reason = "signin.reset"
		}
		rec.Proofs = append(rec.Proofs, pr)
	}
	if f.Reset != nil && f.Changed != nil {
		rec.Notes = append(rec.Notes[:len(rec.Notes):len(rec.Notes)], noteReset)
	}
	if f.Changed != nil && s.Secure {
		rec.Notes = append(rec.Notes[:len(rec.Notes):len(rec.Notes)], NoteSecured)
	}
	if f.Restored != nil {
		rec.Notes = append(rec.Notes[:len(rec.Notes):len(rec.Notes)], noteReturned)
	}
	if f.Unhinted != nil {
		rec.Notes = append(rec.Notes[:len(rec.Notes):len(rec.Notes)], noteUnhinted)
	}
	if f.Arrived != nil {
		rec.Proofs = append(rec.Proofs, proofOf(factor.Federated, f.Arrived.At))
	}
	if f.Password != nil {
		rec.Proofs = append(rec.Proofs, proofOf("password", f.Password.At))
	}
	if f.Passkey != nil {
		rec.Proofs = append(rec.Proofs, proofOf(factor.Passkey, f.Passkey.At))
	}
	for _, x := range f.Second {
		pr := proofOf(methodWord(x.Kind), x.At)
		pr.Second = true
		rec.Proofs = append(rec.Proofs, pr)
	}
	for _, e := range f.Enrolled {
		pr := proofOf(methodWord(e.Kind), e.At)
		pr.Reason = "signin.enrolled"
		rec.Proofs = append(rec.Proofs, pr)
	}
	slices.SortStableFunc(rec.Proofs, func(x, y record.Proof) int { return x.At.Compare(y.At) })
	return rec
}

// Abandoned is the record of an attempt that expired unfinished; the expiry job appends it. Where a proven person
// left something that was demanded undone, it is an interruption, and the directory's policies say which.
func Abandoned(a Attempt, set *policy.Set) record.SignIn {
	last := Name("")
	if n := len(a.Facts.Trail); n > 0 {
		last = Name(a.Facts.Trail[n-1].Name)
	}
	s, o := Step{Name: last}, record.Outcome{Result: record.Abandoned, Code: codeAbandoned, Key: "signin.abandoned", Step: string(last)}
	if j := a.Facts.Judged; j != nil {
		s.Person = Person{Account: account.Account{ID: j.UserID, DisplayName: j.Name}, Newcomer: j.SignUp, MFATime: j.Inputs.MFATime}
		s.Inputs = &j.Inputs
		s.Verdict.Decision = set.Evaluate(policy.Request{TenantID: a.TenantID, UserID: j.UserID, ClientID: a.Request.ClientID, Signals: a.Signals,
			Inputs: j.Inputs, SignUp: j.SignUp})
		s.Verdict.Risk.Level = j.Inputs.SignInRisk
		if j.Risk != nil {
			s.Verdict.Risk = *j.Risk
		}
		s = Written(s, set, false)
		if code := interruption(last); code != 0 {
			o.Result, o.Code = record.Interrupted, code
		}
	}
	return Trace(a, s, a.ExpiresAt, o)
}

// interruption is the number of what a person left undone, 0 when it was nothing that anybody demanded.
func interruption(n Name) int {
	switch n {
	case Challenge:
		return codeMFADue
	case Enrol, Recover:
		return codeEnrolDue
	case ChangePassword, ResetPassword:
		return codePasswordDue
	case AskTerms:
		return codeTermsDue
	}
	return 0
}

func resumedSID(f Facts) string {
	if f.Resumed == nil {
		return ""
	}
	return f.Resumed.SID
}

func methodWord(kind string) string {
	if kind == factor.EmailCode {
		return "emailCode"
	}
	return kind
}

// displayName is the name of a person who gave none: given and family name, else the address before the @.
func displayName(at *Attributes, email string) string {
	text := func(id string) string {
		if at == nil {
			return ""
		}
		s, _ := at.Values[id].(string)
		return strings.TrimSpace(s)
	}
	if n := text("displayName"); n != "" {
		return n
	}
	if n := strings.TrimSpace(text("givenName") + " " + text("surname")); n != "" {
		return n
	}
	return localPart(email)
}

// DisplayName is displayName for the store that writes the account.
func (n NewAccount) DisplayName() string {
	return displayName(&Attributes{Values: n.Attributes}, n.Canonical)
}

func localPart(email string) string {
	if i := strings.LastIndexByte(email, '@'); i > 0 {
		return email[:i]
	}
	return email
}

// network is what counts as one client: an IPv4 address, or an IPv6 /64.
func network(ip netip.Addr) string {
	if ip.Is6() && !ip.Is4In6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.Unmap().String()
}
