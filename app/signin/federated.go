package signin

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/record"
	"portico/app/userflow"
)

// federated.go: somebody is sent to an upstream identity provider and comes back with its word. The round trip is bound
// to the attempt and its browser by state, nonce and PKCE (RFC 9700 §2.1, §4.4, §4.7); what the word is worth is decided
// in vouched.go.

// Upstream reaches identity providers. It is asked outside of any transaction, and it knows each provider's own redirect
// URI and secrets. Finish's error is a *federation.Refusal.
type Upstream interface {
	Begin(ctx context.Context, tenantID string, p federation.Provider, a federation.Ask) (federation.Way, federation.Departure, error)
	Finish(ctx context.Context, tenantID string, p federation.Provider, a federation.Answer) (federation.Arrival, error)
}

// tripLifetime is how long somebody may stay at a provider; mostTrips how often one attempt sends them there.
const (
	tripLifetime = 10 * time.Minute
	mostTrips    = 20
)

// Departed is one departure to a provider. Only the last one of an attempt is waited for.
type Departed struct {
	federation.Departure
	Typed string `json:"typed,omitempty"` // the address whose domain led there; "" = they chose it
}

// Arrived is what a provider said about who came back, checked.
type Arrived struct {
	Identity federation.Identity `json:"identity"`
	Hint     string              `json:"hint,omitempty"` // id_token, for signing out there: facts are sealed
	Hops     []record.Hop        `json:"hops,omitempty"`
	At       time.Time           `json:"at"`
}

// Turned is a round trip that came to nothing, and why. Left means that the person chose another way before it ended.
type Turned struct {
	ProviderID string    `json:"providerId"`
	Name       string    `json:"name"` // as the button said
	State      string    `json:"state"`
	Code       string    `json:"code"` // federation.Code, or Left
	At         time.Time `json:"at"`
}

// Left is the Code of a round trip that the person broke off on our own page.
const Left = "left"

// Offered are the providers that the pages of a flow offer, in their order: those that are switched on.
func Offered(f userflow.Flow, all map[string]*federation.Provider) []federation.Provider {
	var out []federation.Provider
	for _, id := range f.Providers {
		if p := all[id]; p != nil && p.Enabled {
			out = append(out, *p)
		}
	}
	return out
}

// Offers are the providers that a page has buttons for. Who was invited comes by the address of the invitation,
// whoever chooses another password has forgotten it here, and who connects one has chosen it.
func Offers(a Attempt, w World, page Name) []federation.Provider {
	if a.Request.Invitation != nil || a.Request.Connect != "" || Resetting(a, w) {
		return nil
	}
	switch page {
	case Identify, SignIn, SignUp, Select, Waiting:
		return Offered(w.Flow, w.Providers)
	case Password, Code:
		if SteppingUp(a, w) {
			return Offered(w.Flow, w.Providers)
		}
	}
	return nil
}

// provider gives one that may be used: switched off or deleted ones are nobody's (DESIGN §9.5).
func (w World) provider(id string) *federation.Provider {
	if p := w.Providers[id]; p != nil && p.Enabled {
		return p
	}
	return nil
}

// offers reports whether the flow shows a provider: only then does anybody new come in by it.
func (w World) offers(id string) bool {
	return slices.Contains(w.Flow.Providers, id) && w.provider(id) != nil
}

// routed gives the provider that addresses of a domain belong to, where the flow shows it: for everybody alike, so that
// nobody learns who has an account.
func (w World) routed(f Facts, canonical string) *federation.Provider {
	_, domain, ok := strings.Cut(canonical, "@")
	if !ok || f.Here != nil {
		return nil
	}
	id := w.Domains[domain]
	if !w.offers(id) {
		return nil
	}
	return w.provider(id)
}

// routes reports whether some address leads to a provider: then the first page asks for the address alone.
func (w World) routes() bool {
	for _, id := range w.Domains {
		if w.offers(id) {
			return true
		}
	}
	return false
}

// hinted finds the provider that the app names by domain_hint: a kind (google, facebook, apple, …), or a proven domain.
// A kind names the one provider of it that the flow shows; the others are told apart by their domains. Nobody is led to a
// provider that the flow does not show.
func (w World) hinted(hint string) *federation.Provider {
	hint = strings.ToLower(strings.TrimSpace(hint))
	if id := w.Domains[hint]; w.offers(id) {
		return w.provider(id)
	}
	hint = strings.TrimSuffix(hint, ".com")
	var found []*federation.Provider
	for _, p := range w.Providers {
		if w.offers(p.ID) && strings.EqualFold(string(p.Kind), hint) && p.Kind != federation.OpenID && p.Kind != federation.SAML {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

// underWay is the departure that an answer is waited for; nil when there is none.
func (f Facts) underWay() *Departed {
	if len(f.Departures) == 0 || f.Arrived != nil {
		return nil
	}
	d := f.Departures[len(f.Departures)-1]
	if slices.ContainsFunc(f.Turned, func(t Turned) bool { return t.State == d.State }) {
		return nil
	}
	return &d
}

// Away is the provider that the person was sent to and has not come back from; nil = none.
func Away(f Facts, w World) *federation.Provider {
	if d := f.underWay(); d != nil {
		return w.provider(d.ProviderID)
	}
	return nil
}

// accelerate goes straight to the provider that the app names, in place of a page that asks who is there. Without a
// page (prompt=none) nobody is sent anywhere, and a hint that means nothing is noted and ignored (R 11.8).
func (r *run) accelerate(ctx context.Context, s Step) error {
	if r.a.Request.DomainHint == "" || r.a.Request.Asks("none") || r.a.Request.Invitation != nil || r.a.Facts.Other != nil || r.Upstream == nil {
		return nil
	}
	switch s.Name {
	case Identify, SignIn, SignUp, Select:
	default:
		return nil
	}
	p := r.w.hinted(r.a.Request.DomainHint)
	if p == nil {
		r.a.Facts.Unhinted = &Mark{At: r.w.Now}
		return nil
	}
	return r.depart(ctx, s, *p, "")
}

// connect sends somebody from the account pages to the provider whose identity is to be theirs, without a page between. It
// may not be reachable: then the page that is due is another one.
func (r *run) connect(ctx context.Context, s Step) (Step, error) {
	if s.Name != Waiting || r.a.Request.Connect == "" || r.a.Facts.underWay() != nil {
		return s, nil
	}
	p := r.w.provider(s.Provider)
	if p == nil {
		return s, fault.New(fault.Expired, "signin.page_out_of_date")
	}
	if err := r.depart(ctx, s, *p, ""); err != nil {
		return s, err
	}
	return Next(r.a, r.w), nil
}

// chooseProvider takes the form of a provider's button.
func (r *run) chooseProvider(ctx context.Context, s Step, f Form) error {
	id := f.Value("provider")
	p := r.w.provider(id)
	if p == nil || !slices.ContainsFunc(Offers(r.a, r.w, s.Name), func(o federation.Provider) bool { return o.ID == id }) && !r.returns(s, id) {
		return fault.New(fault.Expired, "signin.page_out_of_date")
	}
	if typed := strings.TrimSpace(f.Value("email")); typed != "" { // nothing typed is lost
		r.a.Request.LoginHint = typed
	}
	typed := ""
	if d := r.a.Facts.underWay(); d != nil {
		typed = d.Typed
	}
	return r.depart(ctx, s, *p, typed)
}

// returns: "Go on with Google" repeats the departure that led to the page, however it came about.
func (r *run) returns(s Step, id string) bool {
	p := Away(r.a.Facts, r.w)
	return s.Name == Waiting && p != nil && p.ID == id
}

// depart sends the browser to a provider. When it cannot be reached, that is one more fact, and the page that is due
// says so.
func (r *run) depart(ctx context.Context, s Step, p federation.Provider, typed string) error {
	if r.a.Facts.Arrived != nil || r.Upstream == nil {
		return errStartAgain
	}
	if len(r.a.Facts.Departures)+len(r.a.Facts.Turned) >= mostTrips {
		return errStartAgain
	}
	b := make([]byte, 32)
	if _, err := io.ReadFull(r.Random, b); err != nil {
		return err
	}
	q := r.a.Request
	ask := federation.Ask{State: r.a.ID + "." + base64.RawURLEncoding.EncodeToString(b), LoginHint: cmp.Or(typed, q.LoginHint), DomainHint: q.DomainHint,
		Locale: r.visit.Locale, Fresh: q.Asks("login") || q.MaxAge != nil || s.Person.Resumed}
	if _, err := account.CanonicalEmail(ask.LoginHint); err != nil { // our own opaque hints mean nothing there
		ask.LoginHint = ""
	}
	way, d, err := r.Upstream.Begin(ctx, r.a.TenantID, p, ask)
	if err != nil {
		return r.turn(ctx, p, ask.State, err)
	}
	d.Fresh = ask.Fresh
	d.ProviderID, d.State, d.At = p.ID, ask.State, r.w.Now
	r.a.Facts.Departures = append(slices.Clip(r.a.Facts.Departures), Departed{Departure: d, Typed: typed})
	r.way = &way
	return nil
}

// stayHere takes "another way" from the page that waits for a provider.
func (r *run) stayHere() {
	d := r.a.Facts.underWay()
	if d == nil {
		return
	}
	name := ""
	if p := r.w.Providers[d.ProviderID]; p != nil {
		name = p.Name
	}
	r.a.Facts.Turned = append(slices.Clip(r.a.Facts.Turned), Turned{ProviderID: d.ProviderID, Name: name, State: d.State, Code: Left, At: r.w.Now})
	r.a.Facts.Here = &Mark{At: r.w.Now}
	r.a.Request.LoginHint = cmp.Or(d.Typed, r.a.Request.LoginHint)
}

// giveAddress takes the address that the provider has not proven: a code to it does.
func (r *run) giveAddress(ctx context.Context, f Form) error {
	id, err := r.named(f.Value("email"), false)
	if err != nil {
		return err
	}
	if r.a.Facts.Identified != nil {
		return errStartAgain
	}
	who, err := r.find(ctx, r.store, id)
	if err != nil {
		return err
	}
	if err := r.mailTo(ctx, PurposeProve, who, id, false); err != nil {
		return err
	}
	r.a.Facts.Identified, r.w.Account = id, who
	return nil
}

// Returned is what a browser brought back from a provider.
type Returned struct {
	ProviderID string
	Values     url.Values
}

// AttemptOf is the attempt that a state belongs to; "" when it is none of ours.
func AttemptOf(state string) string {
	id, chance, ok := strings.Cut(state, ".")
	if !ok || len(chance) != 43 {
		return ""
	}
	return id
}

// Arrive takes a provider's answer, once: in the browser that opened the attempt, for its last departure, of that very
// provider (against mix-up, RFC 9700 §4.4), within ten minutes. Anything else changes nothing, and the page that is due
// is shown.
func (m *Machine) Arrive(ctx context.Context, tenantID string, placing Placing, back Returned) (Result, error) {
	state := back.Values.Get("state")
	if len(back.Values["state"]) != 1 || AttemptOf(state) == "" {
		return Result{}, fault.New(fault.NotFound, "error.not_found")
	}
	var arrival federation.Arrival
	var refused error
	for try := range 3 {
		r, res, err := m.resume(ctx, tenantID, placing, AttemptOf(state))
		if res != nil || err != nil {
			return deref(res), err
		}
		d, p := r.awaited(back.ProviderID, state)
		if d == nil && try > 0 && refused == nil {
			d, p = r.outrun(back.ProviderID, state)
		}
		if d == nil {
			return r.due(ctx)
		}
		if try == 0 {
			if r.w.Now.Sub(d.At) >= tripLifetime {
				refused = &federation.Refusal{Code: federation.Invalid, Reason: "the answer came more than ten minutes after the departure"}
			} else {
				arrival, refused = m.Upstream.Finish(ctx, tenantID, *p, federation.Answer{Values: back.Values, Departure: d.Departure})
			}
			if refused == nil {
				refused = holds(arrival.Identity, *p)
			}
		}
		if refused != nil {
			err = r.turn(ctx, *p, state, refused)
		} else {
			err = r.arrive(ctx, arrival, p.ID)
		}
		if err != nil {
			return Result{}, err
		}
		out, err := r.finish(ctx)
		if fault.Is(err, fault.Conflict) {
			continue
		}
		return out, err
	}
	return Result{}, fault.New(fault.Conflict, "error.conflict")
}

// awaited is the departure that an answer fits to, and its provider.
func (r *run) awaited(providerID, state string) (*Departed, *federation.Provider) {
	d := r.a.Facts.underWay()
	if d == nil || d.ProviderID != providerID || subtle.ConstantTimeCompare([]byte(d.State), []byte(state)) != 1 {
		return nil, nil
	}
	p := r.w.provider(providerID)
	if p == nil {
		return nil, nil
	}
	return d, p
}

// outrun is the departure of an answer that holds, while the same answer of a second tab was turned away in between: codes
// work once, so whichever came second at the provider found it used. The one that holds counts.
func (r *run) outrun(providerID, state string) (*Departed, *federation.Provider) {
	f := r.a.Facts
	last := len(f.Turned) - 1
	if last < 0 || f.Turned[last].State != state || f.Turned[last].Code == Left || f.Arrived != nil {
		return nil, nil
	}
	r.a.Facts.Turned = f.Turned[:last:last]
	d, p := r.awaited(providerID, state)
	r.a.Facts.Turned = f.Turned
	return d, p
}

// due is the page that is due, after an answer that changed nothing.
func (r *run) due(ctx context.Context) (Result, error) {
	step := Next(r.a, r.w)
	if r.goesOn(step) {
		return r.finish(ctx)
	}
	return Result{Attempt: r.a, World: r.w, Step: step, Changed: true}, nil
}

// Longest parts of an identity that are stored.
const (
	longestIssuer  = 512
	longestSubject = 512
)

// holds checks what no connector may leave out.
func holds(id federation.Identity, p federation.Provider) error {
	bad := func(why string) error { return &federation.Refusal{Code: federation.Invalid, Reason: why} }
	switch {
	case id.ProviderID != "" && id.ProviderID != p.ID:
		return bad("the identity is of another provider")
	case id.Issuer == "" || id.Subject == "":
		return bad("the provider does not say who it is (subject)")
	case len(id.Issuer) > longestIssuer || len(id.Subject) > longestSubject:
		return bad("the subject is longer than 512 characters")
	}
	return nil
}

// arrive adds the fact that somebody came back, and says who they are where that is known: whoever has the identity,
// else the address that the provider has proven. An address that it has not proven is asked for on our own page.
func (r *run) arrive(ctx context.Context, back federation.Arrival, providerID string) error {
	id := back.Identity
	id.ProviderID = providerID
	id.Attributes = bounded(id.Attributes)
	r.a.Facts.Arrived = &Arrived{Identity: id, Hint: id.IDTokenHint, Hops: hops(back.Hops), At: r.w.Now}
	if err := r.meet(ctx, r.store, &r.w); err != nil {
		return err
	}
	if r.a.Request.Connect != "" { // who they are is proven already
		return nil
	}
	if r.w.Bearer.ID != "" {
		r.a.Facts.Identified, r.w.Account = r.ownNameOf(r.w.Bearer), r.w.Bearer
		return nil
	}
	canonical, err := account.CanonicalEmail(id.Email)
	if err != nil || !r.a.Facts.Arrived.proves(r.w, canonical) {
		return nil
	}
	r.a.Facts.Identified = &Identified{Typed: strings.TrimSpace(id.Email), Canonical: canonical, At: r.w.Now}
	if r.w.Account, err = r.find(ctx, r.store, r.a.Facts.Identified); err != nil {
		return err
	}
	if p := person(r.a, r.w); p.Proven || p.Newcomer || takesPassword(p.Account, r.w) {
		return nil
	}
	err = r.mailTo(ctx, PurposeProve, r.w.Account, r.a.Facts.Identified, false)
	if fault.Is(err, fault.TooMany) { // the page of the code offers another one
		return nil
	}
	return err
}

// meet finds who has the identity that arrived.
func (r *run) meet(ctx context.Context, s Store, w *World) error {
	w.Bearer = account.Account{}
	v := r.a.Facts.Arrived
	if v == nil {
		return nil
	}
	var err error
	w.Bearer, err = s.AccountByFederated(ctx, v.Identity.Issuer, v.Identity.Subject)
	return err
}

// turn adds the fact that a round trip came to nothing and records it at once, with its cause for the admin.
func (r *run) turn(ctx context.Context, p federation.Provider, state string, err error) error {
	var refusal *federation.Refusal
	if !errors.As(err, &refusal) {
		if ctx.Err() != nil {
			return err
		}
		slog.ErrorContext(ctx, "identity provider", "provider", p.ID, "error", err)
		refusal = &federation.Refusal{Code: federation.Unreachable, Reason: "an error of ours: see the log", Err: err}
	}
	r.a.Facts.Turned = append(slices.Clip(r.a.Facts.Turned), Turned{ProviderID: p.ID, Name: p.Name, State: state, Code: string(refusal.Code), At: r.w.Now})
	step := Step{Name: Waiting, Person: Person{Email: r.a.Request.LoginHint}}
	rec := r.failure(step, codeUpstream, upstreamKey(string(refusal.Code)), factor.Federated)
	rec.ID = foldID(r.a.ID, state, rec.Outcome.Key)
	rec.Federation = &record.Federation{Provider: record.Party{ID: p.ID, Name: p.Name}, Kind: string(p.Kind), Hops: hops(refusal.Hops), Reason: refusal.Reason}
	return r.store.RecordSignIn(ctx, rec)
}

func hops(list []federation.Hop) []record.Hop {
	var out []record.Hop
	for _, h := range list {
		out = append(out, record.Hop{What: h.What, Place: h.Place, Status: h.Status, Duration: h.Duration, Claims: h.Claims, Verdict: h.Verdict})
	}
	return out
}

// upstreamOf is what the record says of the provider that vouched.
func upstreamOf(f Facts, w World) *record.Federation {
	v := f.Arrived
	if v == nil {
		return nil
	}
	out := &record.Federation{Provider: record.Party{ID: v.Identity.ProviderID}, Issuer: v.Identity.Issuer, Hops: v.Hops, MFA: v.Identity.MFA}
	if p := w.Providers[v.Identity.ProviderID]; p != nil {
		out.Provider.Name, out.Kind = p.Name, string(p.Kind)
	}
	return out
}

// Awaits reports whether an open attempt waits for a provider's answer with this state. Whose browser it is, is asked
// when the answer is taken.
func (m *Machine) Awaits(ctx context.Context, tenantID, providerID, state string) (bool, error) {
	id := AttemptOf(state)
	if id == "" {
		return false, nil
	}
	a, err := m.Stores.SignIns(tenantID).Attempt(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil || !a.EndedAt.IsZero() {
		return false, err
	}
	d := a.Facts.underWay()
	return d != nil && d.ProviderID == providerID && subtle.ConstantTimeCompare([]byte(d.State), []byte(state)) == 1, nil
}

// Handle makes a one-time name of 256 bits.
func (m *Machine) Handle() (string, error) {
	b := make([]byte, 32)
	_, err := io.ReadFull(m.Random, b)
	return base64.RawURLEncoding.EncodeToString(b), err
}
