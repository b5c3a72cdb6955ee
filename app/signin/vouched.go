package signin

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/federation"
	"portico/app/session"
	"portico/app/userflow"
)

// vouched.go: what a provider's word is worth. An identity that somebody has signs them in. An address that the provider
// has proven lets a newcomer in, and meets the account that has it; the two become one only when both sides are proven:
// the provider alone gives out addresses of that domain, or the person shows what the account knows (DESIGN §5.7).

// arrival is the provider's word that is to prove somebody; nil = there is none, or it is to be connected to somebody
// who is proven otherwise.
func arrival(a Attempt, w World) *Arrived {
	v := a.Facts.Arrived
	if v == nil || a.Request.Connect != "" || w.provider(v.Identity.ProviderID) == nil {
		return nil
	}
	return v
}

// orphaned: who vouched was switched off, deleted or taken out of the flow meanwhile, and its word is nobody's any more (DESIGN §9.5).
func orphaned(a Attempt, w World) bool {
	v := a.Facts.Arrived
	return v != nil && a.Request.Connect == "" && !w.offers(v.Identity.ProviderID)
}

// proves reports whether the provider has proven an address: its own word for it, about that very one. About a domain that
// is proven to be another provider's, its word is worth nothing.
func (v *Arrived) proves(w World, canonical string) bool {
	said, err := account.CanonicalEmail(v.Identity.Email)
	_, domain, _ := strings.Cut(canonical, "@")
	owner := w.Domains[domain]
	return err == nil && v.Identity.EmailVerified && said == canonical && (owner == "" || owner == v.Identity.ProviderID)
}

// owns reports whether the provider alone gives out an address that it has proven.
func (v *Arrived) owns(w World, canonical string) bool {
	return v.Identity.Authoritative && v.proves(w, canonical)
}

// vouches reports whether what arrived proves a person: because they have the identity; because they are new, their
// address is proven by the provider or by our own code, and they may come in by this provider; or because the provider
// alone gives out the address of the account that is there.
func vouches(v *Arrived, a Attempt, w World, p Person) bool {
	id := v.Identity
	switch {
	case !w.offers(id.ProviderID): // the flow never showed it, or shows it no more
		return false
	case w.Bearer.ID != "":
		return p.Account.ID == w.Bearer.ID && !v.At.Before(w.Bearer.SessionsValidFrom)
	case p.Newcomer:
		return refusesArrived(a, w, p, v) == "" && addressProven(v, a, w, p.Email)
	}
	return p.Account.ID != "" && v.owns(w, p.Email) && !v.At.Before(p.Account.SessionsValidFrom) && !another(p.Account, id)
}

// another reports whether an account has an identity of the same provider already. Addresses are given out again, by
// companies above all: whoever comes with another subject shows first that the account is theirs.
func another(who account.Account, id federation.Identity) bool {
	return slices.ContainsFunc(who.Identities, func(i account.Identity) bool {
		return i.SignInType == account.SignInFederated && i.Issuer == id.Issuer && i.Canonical != id.Subject
	})
}

// addressProven: by the provider, or by a code of ours.
func addressProven(v *Arrived, a Attempt, w World, email string) bool {
	return email != "" && (v.proves(w, email) || showedMailbox(a.Facts, email))
}

// showedMailbox reports whether a code of ours has proven an address in this attempt.
func showedMailbox(f Facts, email string) bool {
	return f.Email != nil && email != "" && f.Email.Address == email
}

// wordOnly reports whether a newcomer's address is a provider's word and nothing more: good enough for an account that is
// not there yet, and not for one that is.
func wordOnly(a Attempt, w World, email string) bool {
	v := arrival(a, w)
	return v != nil && !v.owns(w, email) && !showedMailbox(a.Facts, email) && !slices.ContainsFunc(a.Facts.Enrolled, func(e Enrolled) bool {
		to, err := account.CanonicalEmail(e.Name)
		return e.Kind == factor.EmailCode && err == nil && to == email
	})
}

// refusesArrived says why nobody new comes in with this provider and address, as a message key.
func refusesArrived(a Attempt, w World, p Person, v *Arrived) string {
	if !w.offers(v.Identity.ProviderID) {
		return signUpOff
	}
	return refuses(a, w, p.Email)
}

// takesPassword reports whether a password is the account's usual proof in this flow.
func takesPassword(who account.Account, w World) bool {
	return who.HasPassword && !who.PasswordVoid && w.Flow.Accepts(userflow.EmailPassword)
}

// connection is the page for somebody who came by a provider and is not proven by it. Until the address is proven, it is
// the same whether or not anybody has it.
func connection(a Attempt, w World, p Person) (Name, string) {
	v := arrival(a, w)
	switch {
	case !addressProven(v, a, w, p.Email):
		return Code, ""
	case p.Newcomer:
		return NoAccount, cmp.Or(refusesArrived(a, w, p, v), signUpOff)
	case a.Facts.Email == nil && sentCode(a.Facts), !takesPassword(p.Account, w):
		return Code, ""
	}
	return Password, ""
}

func sentCode(f Facts) bool {
	_, sent := f.mailed(PurposeProve)
	return sent > 0
}

// about is the provider that the page is about; "" = none.
func about(a Attempt, w World) string {
	switch {
	case a.Request.Connect != "":
		return a.Request.Connect
	case a.Facts.Identified == nil:
		return tripTo(a.Facts, w)
	}
	return connectsTo(a, w)
}

// tripTo is the provider that the first page is about: the one that is waited for, or that came back without an address.
func tripTo(f Facts, w World) string {
	if p := Away(f, w); p != nil {
		return p.ID
	}
	if f.Arrived != nil {
		return f.Arrived.Identity.ProviderID
	}
	return ""
}

// connectsTo is the provider that is to be connected to the account, once its owner is proven; "" = none. It is told only
// when the address is proven, for it says that there is an account.
func connectsTo(a Attempt, w World) string {
	v := arrival(a, w)
	if v == nil || w.Account.ID == "" || a.Facts.Identified == nil || !addressProven(v, a, w, a.Facts.Identified.mailbox(w.Account)) {
		return ""
	}
	return v.Identity.ProviderID
}

// Why the account pages' question for an identity comes to nothing. An identity that another account has is told to whoever
// has just signed in with it there; they learn nothing else of that account.
const (
	taken        = "signin.blocked.connected"
	notConnected = "signin.connect.signed_out" // who asked is not who is signed in here now
	unconnected  = "signin.connect.off"        // the provider is no longer offered
)

// connectDue reports whether the account pages still wait for the identity that is to be connected.
func connectDue(a Attempt, w World) bool {
	return a.Request.Connect != "" && (a.Facts.Arrived == nil || w.Bearer.ID != "" && w.Bearer.ID != person(a, w).Account.ID)
}

// connecting is the way to the provider whose identity the account pages want, or why they go without: a trip that came to
// nothing leads back to them, where there is another try.
func connecting(a Attempt, w World, p Person) (Name, string) {
	f := a.Facts
	switch {
	case w.Bearer.ID != "" && w.Bearer.ID != p.Account.ID:
		return Refused, taken
	case !w.offers(a.Request.Connect):
		return Refused, unconnected
	case len(f.Turned) > 0 && f.underWay() == nil:
		return Refused, upstreamKey(f.Turned[len(f.Turned)-1].Code)
	}
	return Waiting, ""
}

// upstreamKey is the message key of a trip that came to nothing.
func upstreamKey(code string) string {
	if code == Left {
		code = string(federation.Cancelled)
	}
	return "signin.provider." + code
}

// Linking is what becomes of an identity that arrived, and of an address that is proven, when the attempt commits.
type Linking struct {
	Identity account.Identity // zero = none; only the address was proven
	Provider string           // its name, for the owner's mail
	// Wipe: the account was there before its owner had ever shown the mailbox. Whoever made it may know its password
	// and hold its sessions, so all of them end, and the methods and other identities go (pre-hijacking).
	Wipe bool
	// Proven: the address is proven too, by a code of ours or by whoever alone gives it out.
	Proven      bool
	Email       string // canonical: the address that was proven
	At          time.Time
	IP          string
	Correlation string
}

// linking gives what is to be added to, and taken from, a person who exists; false when there is nothing.
func (r *run) linking(p Person, at time.Time) (Linking, bool) {
	l := Linking{Email: p.Email, IP: r.visit.Signals.IP.String(), Correlation: r.a.Request.CorrelationID}
	if p.Newcomer || p.Account.ID == "" {
		return l, false
	}
	l.Wipe = firstProof(r.a, r.w, p)
	l.Proven = l.Wipe || p.First == factor.Federated && !p.Resumed && r.a.Facts.Arrived.owns(r.w, p.Email)
	if l.Wipe { // what was proven until now is nobody's proof any more; the session that opens is younger
		l.At = at
	}
	if up := r.linked(p); up != nil {
		l.Identity, l.Provider = identityOf(r.a.Facts.Arrived), up.Name
	}
	return l, l.Wipe || l.Provider != "" || l.Proven && !provenMail(p.Account, p.Email)
}

// linked is the provider whose identity is to be added to a person who exists; nil when there is none, or they have it.
func (r *run) linked(p Person) *federation.Provider {
	v := r.a.Facts.Arrived
	if v == nil || r.w.Bearer.ID != "" {
		return nil
	}
	up := r.w.provider(v.Identity.ProviderID)
	switch q := r.a.Request; {
	case up == nil, q.Connect != "" && q.Connect != up.ID, q.Connect == "" && !addressProven(v, r.a, r.w, p.Email):
		return nil
	}
	return up
}

// firstProof reports whether this attempt is the first in which anybody has shown the mailbox of an account: by the word of
// whoever alone gives the address out, or, where all there was is a provider's word, by a code of ours. Accounts that an
// admin made or imported are no strangers' work, so that a code takes nothing from them.
func firstProof(a Attempt, w World, p Person) bool {
	switch {
	case !p.Proven, p.Newcomer, p.Resumed, p.Account.ID == "":
		return false
	case p.First == factor.Federated:
		return w.Bearer.ID == "" && !provenMail(p.Account, p.Email)
	}
	return p.First == factor.EmailCode && showedMailbox(a.Facts, p.Email) && unclaimed(p)
}

// unclaimed reports whether a person's address is but a provider's word.
func unclaimed(p Person) bool { return p.Account.MailVouched && !provenMail(p.Account, p.Email) }

// provenMail reports whether the owner of a mailbox has ever shown it for this account.
func provenMail(who account.Account, canonical string) bool {
	mail, err := account.CanonicalEmail(who.Mail)
	return err == nil && who.MailVerified && mail == canonical
}

func identityOf(v *Arrived) account.Identity {
	return account.Identity{SignInType: account.SignInFederated, Issuer: v.Identity.Issuer, Value: v.Identity.Subject, Canonical: v.Identity.Subject}
}

// link adds the identity, and takes what strangers put there, in the transaction of the commit, and tells the owner.
func (r *run) link(ctx context.Context, s Store, p Person, at time.Time) error {
	l, ok := r.linking(p, at)
	if !ok {
		return nil
	}
	if err := s.Link(ctx, p.Account.ID, l); err != nil {
		return err
	}
	mail := ChangeMail{TenantID: r.a.TenantID, ClientID: r.a.Request.ClientID, To: p.Account.Address(), Locale: cmp.Or(p.Account.PreferredLanguage, r.visit.Wish),
		At: r.w.Now, Signals: r.visit.Signals, Method: l.Provider}
	if l.Wipe {
		r.wiped = l.At
		mail.To = p.Email // a contact address that is another one is the stranger's
		if err := r.Mailer.Reclaimed(ctx, s.Tx(), mail); err != nil {
			return err
		}
	}
	if l.Provider == "" {
		return nil
	}
	return r.Mailer.Connected(ctx, s.Tx(), mail)
}

// cameBy notes when an identity was used and what it is called there, for the list on its owner's pages. An identity that has
// arrived is theirs by now.
func (r *run) cameBy(ctx context.Context, s Store, userID string, p Person) error {
	v := r.a.Facts.Arrived
	if v == nil || r.w.Bearer.ID != "" && r.w.Bearer.ID != userID {
		return nil
	}
	at := time.Time{}
	if p.First == factor.Federated && !p.Resumed {
		at = r.w.Now
	}
	called := ""
	if _, err := account.CanonicalEmail(v.Identity.Email); err == nil {
		called = strings.TrimSpace(v.Identity.Email)
	}
	return s.CameBy(ctx, userID, identityOf(v), called, at)
}

// upstreamSession is the session at the provider that a fresh proof stands on.
func upstreamSession(a Attempt, p Person) session.Upstream {
	v := a.Facts.Arrived
	if v == nil || p.First != factor.Federated {
		return session.Upstream{}
	}
	return session.Upstream{Provider: v.Identity.ProviderID, Issuer: v.Identity.Issuer, Subject: v.Identity.Subject, SID: v.Identity.SessionIndex, Hint: v.Hint}
}

// names are the attributes that a provider fills even where the flow does not ask for them: an account has a name.
func names() []string { return []string{"displayName", "givenName", "surname"} }

// offeredAttributes are the provider's values for attributes that the flow knows, in a form that they may have.
func offeredAttributes(f userflow.Flow, v *Arrived) map[string]any {
	if v == nil {
		return nil
	}
	list := slices.Clone(f.Attributes)
	for _, id := range names() {
		if !f.Asks(id) {
			list = append(list, userflow.Attribute{ID: id})
		}
	}
	out := map[string]any{}
	for _, at := range list {
		have, said := v.Identity.Attributes[at.ID]
		if !said || have == nil || at.MustTick() || at.ID == "email" || at.ID == userflow.UserName {
			continue
		}
		if value, key := at.Read(at.Typed(have)); key == "" && value != nil && value != "" {
			out[at.ID] = value
		}
	}
	return out
}

// Prefill is what a provider offers for an attribute of a page; nil = nothing.
func Prefill(a Attempt, w World, id string) any {
	return offeredAttributes(w.Flow, arrival(a, w))[id]
}

// refreshed are the values that a provider's word changes in the profile of somebody who has come by it before, as the
// admin chose for each attribute.
func refreshed(w World, v *Arrived, who account.Account) map[string]any {
	up := w.provider(v.Identity.ProviderID)
	if up == nil {
		return nil
	}
	out := map[string]any{}
	for id, value := range offeredAttributes(w.Flow, v) {
		have := who.Value(id)
		switch up.Refresh[id] {
		case federation.Never:
		case federation.Always:
			if have != value {
				out[id] = value
			}
		default:
			if have == nil || have == "" {
				out[id] = value
			}
		}
	}
	return out
}

// refresh takes the profile over from the provider, in the transaction of the commit.
func (r *run) refresh(ctx context.Context, s Store, p Person) error {
	v := arrival(r.a, r.w)
	if v == nil || p.Resumed || p.Newcomer {
		return nil
	}
	values := refreshed(r.w, v, p.Account)
	if at := r.a.Facts.Attributes; at != nil { // what the person has just said themselves counts more
		for id := range at.Values {
			delete(values, id)
		}
	}
	if len(values) == 0 {
		return nil
	}
	return s.SetAttributes(ctx, p.Account.ID, values, r.visit.Signals.IP.String(), r.a.Request.CorrelationID)
}

// Bounds of what is kept of a provider's word: a profile, not a library.
const (
	mostAttributes   = 64
	longestAttribute = 4096
)

// bounded drops what no attribute could hold.
func bounded(values map[string]any) map[string]any {
	out := map[string]any{}
	for id, v := range values {
		if s, ok := v.(string); ok {
			if v = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")); len(s) > longestAttribute {
				continue
			}
		}
		if len(out) < mostAttributes {
			out[id] = v
		}
	}
	return out
}
