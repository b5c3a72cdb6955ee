package signin

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"portico/app/account"
	"portico/app/extension"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/risk"
	"portico/app/session"
	"portico/app/tenant"
	"portico/app/userflow"
)

// Machine is the small shell around Next: it loads, decides, saves by compare-and-swap and commits.
type Machine struct {
	Stores   Stores
	Hasher   *factor.Hasher
	Passkeys *factor.Passkeys
	// StaffPasskeys are the workforce directory's when the portal has a host of its own (a passkey belongs
	// to a host); nil = the same as everybody's.
	StaffPasskeys *factor.Passkeys
	Mailer        Mailer
	MAC           MAC
	Now           func() time.Time
	Random        io.Reader
	Issuers       map[Protocol]Issuer
	Detectors     []risk.Detector
	Breached      factor.Breached // nil = no list
	Brand         string          // issuer shown in authenticator apps when the tenant has no name
	Texts         bool            // text messages can be sent
	Upstream      Upstream        // nil = no identity providers
	Extensions    Extensions      // nil = no API of a tenant's is ever asked
	BaseURL       string          // whose host tenants' domains are under
	// Wait lets time pass for whoever is not asked about (PasswordSubmit); nil = none has to.
	Wait    func(context.Context, time.Duration)
	Relaxed bool // development: mail from loopback addresses counts for the destination only
}

// Place is the configuration that an attempt happens in, from one snapshot.
type Place struct {
	Tenant   tenant.Tenant
	Flow     userflow.Flow // published; an attempt that began with another version goes on with that one
	Policies *policy.Set
	Terms    map[string]userflow.Terms // the tenant's, published, by id
	// Providers are the tenant's identity providers by id, Domains those that addresses are routed to.
	Providers map[string]*federation.Provider
	Domains   map[string]string
	// Extensions are the tenant's own APIs that have a say; App is the app as they are told about it.
	Extensions *extension.Configuration
	App        extension.Principal
	// Assigned is the object id of the app when only people who are assigned to it may sign in; "" = anybody.
	Assigned string
}

// Visit is what a browser brings along with one request.
type Visit struct {
	Browser string // the browser's secret, from its cookie
	Session string // the session's secret, from its cookie; "" = none
	Known   string // accounts that signed in here before, as MACs
	Trusted string // secret of a remembered device, from its cookie; "" = none
	Signals record.Signals
	Locale  string // the language that somebody is spoken to in
	Wish    string // what finds the language and the look of letters: "da-DK,en"
}

// Placing gives the configuration for what an attempt was begun for, and what the browser brought in
// the language that fits it.
type Placing func(Request) (Place, Visit, error)

// Form is one POST.
type Form struct {
	Step   Name
	Proof  string
	Action string
	Value  func(name string) string
	Values func(name string) []string
}

// SessionCookie is a session's new secret for the browser.
type SessionCookie struct {
	Secret     string
	Persistent bool
	ExpiresAt  time.Time
}

// TrustedCookie is the secret of a device that its owner asked to be remembered.
type TrustedCookie struct {
	Secret    string
	ExpiresAt time.Time
}

// Result is what the browser gets: a page (Step, with Problem when a form was wrong), or the way out.
type Result struct {
	Attempt Attempt
	World   World
	Step    Step
	Problem *fault.Error
	Changed bool // something was saved: answer with a redirect to the attempt's page
	Outcome *Outcome
	Way     *federation.Way // to an identity provider
	Session *SessionCookie
	Known   string
	// Provider is the identity provider that vouched in a sign-in that has just ended.
	Provider string
	Trusted  *TrustedCookie // of a device that is remembered from now on
}

// run is one request at work on one attempt.
type run struct {
	*Machine
	store   Store
	place   Place
	flow    userflow.Flow // the version that the attempt goes on with (pin)
	visit   Visit
	a       Attempt
	w       World
	effects []func(context.Context, Store) error // writes that belong to the facts, in their transaction
	key     []byte                               // of the lock-out counter to clear on success
	knew    string                               // the proven person whom the world knows
	trusted string                               // the secret by which w.Remembered was found
	way     *federation.Way                      // where the browser goes now
	wiped   time.Time                            // when strangers' work was taken from the account; zero = it was not
	assessing
}

// passkeys are those of the host that the attempt happens on.
func (r *run) passkeys() *factor.Passkeys {
	if r.StaffPasskeys != nil && r.place.Tenant.Kind == tenant.Workforce {
		return r.StaffPasskeys
	}
	return r.Passkeys.At(r.place.Tenant.Host)
}

// Start opens an attempt. When nothing is due it commits at once and no page is ever stored; with
// prompt=none it never shows one.
func (m *Machine) Start(ctx context.Context, place Place, visit Visit, req Request) (Result, error) {
	now := m.Now().UTC()
	r := m.run(place, visit)
	r.a = r.attempt(req, now)
	return r.open(ctx)
}

func (r *run) open(ctx context.Context) (Result, error) {
	if r.a.Request.Forgot {
		r.a.Facts.Reset = &Mark{At: r.a.StartedAt}
	}
	if err := r.load(ctx, r.store); err != nil {
		return Result{}, err
	}
	if !r.a.Request.Asks("select_account") && sessionUsable(r.a, r.w) {
		r.a.Facts.Resumed = &Resumed{SID: r.w.Session.SID, UserID: r.w.Session.UserID, At: r.w.Now}
		if err := r.recognise(ctx); err != nil {
			return Result{}, err
		}
	}
	if err := r.invite(ctx); err != nil {
		return Result{}, err
	}
	if err := r.stepUp(ctx); err != nil {
		return Result{}, err
	}
	step := Next(r.a, r.w)
	if err := r.accelerate(ctx, step); err != nil {
		return Result{}, err
	}
	if len(r.a.Facts.Departures)+len(r.a.Facts.Turned) > 0 {
		step = Next(r.a, r.w)
	}
	var err error
	if step, err = r.connect(ctx, step); err != nil {
		return Result{}, err
	}
	if r.a.Request.Asks("none") && step.Name != Issue {
		return r.refuse(ctx, step, silently(step))
	}
	if step.Name == Issue || step.Name == Refused {
		return r.finish(ctx)
	}
	r.trail(step.Name)
	return r.save(ctx, step)
}

// silently is the OAuth error for a page that prompt=none forbids (OpenID Connect Core 3.1.2.6).
func silently(s Step) Cancelled {
	switch {
	case s.Name == Refused:
		return Cancelled{Error: refusal(s), Note: s.Reason}
	case s.Name == AskConsent:
		return Cancelled{Error: "consent_required", Note: "signin.silent.consent"}
	case s.Name == Blocked:
		return Cancelled{Error: "access_denied", Note: s.Reason}
	case s.Person.Proven && s.Name != SignIn && s.Name != Identify:
		return Cancelled{Error: "interaction_required", Note: "signin.silent.interaction"}
	}
	return Cancelled{Error: "login_required", Note: "signin.silent.login"}
}

// Show gives what is due now. It changes nothing, so Back, Refresh and prefetching are harmless.
func (m *Machine) Show(ctx context.Context, tenantID string, placing Placing, id string) (Result, error) {
	r, res, err := m.resume(ctx, tenantID, placing, id)
	if err != nil || res != nil {
		return deref(res), err
	}
	step := Next(r.a, r.w)
	if r.goesOn(step) {
		return r.finish(ctx) // facts are complete: a crash or a changed rule came between
	}
	due := Result{Attempt: r.a, World: r.w, Step: step}
	if step.Name == AskAttributes && r.w.NameTaken {
		due.Problem = nameTaken()
	}
	return due, nil
}

// Submit takes one form: one event, at most the facts of that form, saved together or not at all. A
// form of another step, attempt or browser changes nothing: the page that is due is shown again.
func (m *Machine) Submit(ctx context.Context, tenantID string, placing Placing, id string, f Form) (Result, error) {
	for range 3 {
		r, res, err := m.resume(ctx, tenantID, placing, id)
		if res != nil {
			return r.afterwards(ctx, *res, f)
		}
		if err != nil {
			return Result{}, err
		}
		step := Next(r.a, r.w)
		if !m.MAC.Verified(f.Proof, r.a.ID, f.Step, r.a.Browser) || f.Step != step.Name {
			if r.goesOn(step) {
				return r.finish(ctx)
			}
			return Result{Attempt: r.a, World: r.w, Step: step, Problem: stale(f, step)}, nil
		}
		if step.Name == Calling && f.Action != "cancel" && f.Action != "restart" { // the answer is on its way: nothing to add
			return Result{Attempt: r.a, World: r.w, Step: step}, nil
		}
		err = r.apply(ctx, step, f)
		if errors.Is(err, errStartAgain) || errors.Is(err, errSignIn) || errors.Is(err, errForgot) {
			return r.again(ctx, err)
		}
		if err != nil {
			return Result{Attempt: r.a, World: r.w, Step: step, Problem: problem(err)}, unlessForm(err)
		}
		out, err := r.finish(ctx)
		if fault.Is(err, fault.Conflict) {
			continue // another request of this browser was faster, or the address was taken just now: look again
		}
		return out, err
	}
	return Result{}, fault.New(fault.Conflict, "error.conflict")
}

func stale(f Form, s Step) *fault.Error {
	if f.Step == s.Name {
		return fault.New(fault.Expired, "signin.page_out_of_date")
	}
	return nil // Back and a double click: simply show what is due
}

// problem is what a page shows beside its form; other errors are pages of their own.
func problem(err error) *fault.Error {
	e := fault.Of(err)
	switch e.Code {
	case fault.Invalid, fault.TooMany, fault.Expired:
		return e
	}
	return nil
}

func unlessForm(err error) error {
	if problem(err) != nil {
		return nil
	}
	return err
}

var (
	errStartAgain = errors.New("signin: start again")
	errSignIn     = errors.New("signin: start again as a sign-in")
	errForgot     = errors.New("signin: start again with a forgotten password")
)

func (m *Machine) run(place Place, visit Visit) *run {
	return &run{Machine: m, store: m.Stores.SignIns(place.Tenant.ID), place: place, flow: place.Flow, visit: visit}
}

// resume loads an attempt for the browser that opened it, and gives a result instead when nothing can be
// done in it any more. Any other browser gets a kind page.
func (m *Machine) resume(ctx context.Context, tenantID string, placing Placing, id string) (*run, *Result, error) {
	a, err := m.Stores.SignIns(tenantID).Attempt(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	place, visit, err := placing(a.Request)
	if err != nil {
		return nil, nil, err
	}
	r := m.run(place, visit)
	r.a = a
	if a.Browser != BrowserID(visit.Browser) {
		return r, &Result{Attempt: Attempt{ID: a.ID, TenantID: a.TenantID, Browser: BrowserID(visit.Browser),
			Request: Request{Protocol: a.Request.Protocol, ClientName: a.Request.ClientName, RedirectOrigin: a.Request.RedirectOrigin, Test: a.Request.Test}},
			Step: Step{Name: Elsewhere}}, nil
	}
	switch {
	case a.EndedAt.IsZero():
		if err := r.pin(ctx); err != nil {
			return r, nil, err
		}
		return r, nil, r.load(ctx, r.store)
	case len(a.Facts.Trail) > 0: // closed by the expiry job: whoever finishes takes the facts along
		return r, &Result{Attempt: a, Step: Step{Name: Expired}}, nil
	}
	return r, &Result{Attempt: a, Step: Step{Name: Finished}}, nil
}

// pin goes on with the version of the flow that the attempt began with, so that nobody meets the second
// page of another flow. What protects people is not pinned: policies, accounts and apps are read as they
// are now. A flow that was deleted meanwhile leaves the app's present one.
func (r *run) pin(ctx context.Context) error {
	began, now := r.a, r.place.Flow
	if began.FlowID == "" || began.FlowID == now.ID && began.FlowVersion == now.Version {
		return nil
	}
	f, err := r.store.Flow(ctx, began.FlowID, began.FlowVersion)
	switch {
	case err == nil:
		r.flow = f
	case !fault.Is(err, fault.NotFound):
		return err
	}
	return nil
}

func deref(r *Result) Result {
	if r == nil {
		return Result{}
	}
	return *r
}

// load reads the world as it is now; inside a transaction, as the transaction sees it.
func (r *run) load(ctx context.Context, s Store) error {
	now := r.Now().UTC().Truncate(time.Microsecond)
	w := World{Now: now, Tenant: r.place.Tenant, Flow: offered(settled(r.flow, r.place.Tenant), r.place.Tenant, r.Texts),
		Providers: r.place.Providers, Domains: r.place.Domains, Chosen: r.chosen()}
	if err := r.meet(ctx, s, &w); err != nil {
		return err
	}
	if r.visit.Session != "" {
		ses, ok, err := s.Session(ctx, r.visit.Session, now)
		if err != nil {
			return err
		}
		if ok {
			if w.Holder, err = s.AccountByID(ctx, ses.UserID); err != nil {
				return err
			}
			if w.Holder.Usable() && session.Live(ses, Lifetimes(w.Tenant), w.Holder.SessionsValidFrom, now) {
				w.Session = &ses
			} else {
				w.Holder = account.Account{}
			}
		}
	}
	if id := r.a.Facts.Identified; id != nil {
		var err error
		r.w.Bearer = w.Bearer
		if w.Account, err = r.find(ctx, s, id); err != nil {
			return err
		}
		if name := r.a.Facts.chosenName(); name != "" && w.Account.ID == "" {
			canonical, _ := account.CanonicalUserName(name)
			who, err := s.AccountByUserName(ctx, canonical)
			if err != nil {
				return err
			}
			w.NameTaken = who.ID != ""
		}
	}
	if err := r.loadInvitation(ctx, s, &w); err != nil {
		return err
	}
	w.Decide, w.Registering, w.Changing = r.decide, r.registering, r.changing
	if err := r.know(ctx, s, &w); err != nil {
		return err
	}
	r.w = w
	return nil
}

// know reads what depends on who the proven person is.
func (r *run) know(ctx context.Context, s Store, w *World) error {
	r.knew = proven(r.a, *w)
	if err := r.loadAssignment(ctx, s, w); err != nil {
		return err
	}
	if err := r.loadTerms(ctx, s, w); err != nil {
		return err
	}
	r.loadAsked(ctx, s, w)
	r.loadRisk(ctx, s, w)
	if err := r.loadRemembered(ctx, s, w); err != nil {
		return err
	}
	if len(r.a.Request.ConsentScopes) == 0 {
		return nil
	}
	if r.knew == "" {
		return nil
	}
	var err error
	w.Consented, err = s.Consented(ctx, r.knew, r.a.Request.ClientID)
	return err
}

// proven is the id of the account that the facts prove, "" when there is none yet.
func proven(a Attempt, w World) string {
	if who := person(a, w); who.Proven {
		return who.Account.ID
	}
	return ""
}

// recognise loads once more what depends on who it is, which may be known only now: what they agreed to, what
// they belong to.
func (r *run) recognise(ctx context.Context) error {
	if proven(r.a, r.w) == r.knew { // read in this very request
		return nil
	}
	return r.know(ctx, r.store, &r.w)
}

// finish saves the facts and, when nothing more is due, commits. The world was read a moment ago, in
// this request; the commit reads it once more anyway, and the next page does too.
func (r *run) finish(ctx context.Context) (Result, error) {
	if err := r.recognise(ctx); err != nil {
		return Result{}, err
	}
	step, err := r.counselled(ctx)
	if err != nil {
		return Result{}, err
	}
	switch step.Name {
	case Issue:
		res, err := r.commit(ctx)
		if !errors.Is(err, errDue) {
			return res, err
		}
		if err := r.load(ctx, r.store); err != nil {
			return Result{}, err
		}
		if step, err = r.counselled(ctx); err != nil {
			return Result{}, err
		} else if step.Name == Issue {
			return Result{}, fault.New(fault.Conflict, "error.conflict")
		}
	case Refused:
		return r.refuse(ctx, step, Cancelled{Error: refusal(step), Note: step.Reason})
	}
	step, err = r.connect(ctx, step)
	if err != nil {
		return Result{}, err
	}
	if step.Name == Refused {
		return r.refuse(ctx, step, Cancelled{Error: refusal(step), Note: step.Reason})
	}
	r.trail(step.Name)
	return r.save(ctx, step)
}

// save writes the facts with everything that belongs to them, or nothing.
func (r *run) save(ctx context.Context, step Step) (Result, error) {
	if err := r.prepare(ctx, step); err != nil {
		return Result{}, err
	}
	r.judge(step)
	err := r.store.Atomically(ctx, func(s Store) error {
		for _, write := range r.effects {
			if err := write(ctx, s); err != nil {
				return err
			}
		}
		if step.Name == Blocked || step.Name == Stopped {
			if err := s.RecordSignIn(ctx, r.failure(step, blockedCode(step), step.Reason, "")); err != nil {
				return err
			}
		}
		version, err := s.SaveAttempt(ctx, r.a)
		if err == nil {
			r.a.Version = version
		}
		return err
	})
	return Result{Attempt: r.a, World: r.w, Step: step, Changed: true, Way: r.way}, err
}

// refuse ends the attempt and sends the app an error.
func (r *run) refuse(ctx context.Context, step Step, c Cancelled) (Result, error) {
	rec := r.record(step, record.Outcome{Result: record.Failure, Code: refusalCode(c), Key: c.Note, Step: string(step.Name)})
	if r.a.Version == 0 { // never stored: silent requests are folded per app, address and five minutes
		rec.ID = foldID(r.a.TenantID, r.a.Request.ClientID, rec.Signals.IP.String(), rec.User.ID, c.Error,
			r.w.Now.Truncate(5*time.Minute).Format(time.RFC3339))
	}
	ended := r.a
	ended.EndedAt, ended.Facts = r.w.Now, Facts{Cancelled: &c}
	if err := r.store.Atomically(ctx, func(s Store) error { return s.EndAttempt(ctx, ended, rec) }); err != nil {
		return Result{}, err
	}
	issuer, ok := r.Issuers[r.a.Request.Protocol]
	if !ok {
		return Result{}, fault.Wrap(fault.Internal, "error.internal", errNoIssuer)
	}
	refusal := Refusal{Error: c.Error, Description: describe(c.Note), CorrelationID: r.a.Request.CorrelationID, Request: r.a.Request}
	if r.a.Request.Connect != "" {
		refusal.Connect = cmp.Or(c.Note, notConnected)
	}
	if f := r.a.Facts.Cancelled; f != nil && f.Note == noteLeft {
		refusal.DeletedAt = step.Person.Account.DeletedAt
	}
	out, err := issuer.Refuse(ctx, refusal)
	return Result{Attempt: ended, World: r.w, Step: step, Outcome: &out}, err
}

var errNoIssuer = errors.New("signin: nobody answers for this protocol")

// refusal is the OAuth error of a Refused step.
func refusal(s Step) string {
	switch s.Reason {
	case signUpOff, taken, notConnected, unconnected:
		return "access_denied"
	}
	if strings.HasPrefix(s.Reason, upstreamKey("")) {
		return "access_denied"
	}
	return s.Reason
}

// describe gives the developer of the app a sentence. It names no OAuth error, because client libraries
// look for those words in descriptions.
func describe(note string) string {
	switch note {
	case "signin.silent.login":
		return "Nobody is signed in who fits the request, and the request allows no page."
	case "signin.silent.interaction":
		return "A page has to be shown first, and the request allows none."
	case "signin.silent.consent":
		return "The person has to agree first, and the request allows no page."
	case "signin.consent_declined":
		return "The person did not agree to what the app asked for."
	case noteLeft:
		return "The person had deleted the account and left it at that."
	case stoppedFailed:
		return "Something that this sign-up depends on cannot be reached at the moment."
	case stoppedOften:
		return "The person sent what they entered to the organisation's own check more often than one visit may."
	case "signin.cancelled":
		return "The person went back to the app without signing in."
	case "signin.noAccount":
		return "No account has the address, and sign-up is off."
	case signUpOff:
		return "Sign-up is off for this app."
	case unassigned:
		return "The person is not assigned to the app, which is only for those who are."
	}
	return "This sign-in is not allowed."
}

// again begins a new attempt from the same request: what "not you?" means. The session is not taken up
// by itself any more.
func (r *run) again(ctx context.Context, why error) (Result, error) {
	old, now := r.a, r.Now().UTC().Truncate(time.Microsecond)
	n := r.run(r.place, r.visit)
	n.a = n.attempt(old.Request, now)
	ranOut := Next(r.a, r.w).Name == Expired || !r.a.EndedAt.IsZero()
	switch {
	case why == errForgot: // they are proven, so that their own address may stand in the page
		n.a.Facts.Reset = &Mark{At: now}
		n.a.Request.LoginHint = old.Facts.Identified.Typed
	case why == errSignIn: // that one brings what was typed
		n.a.Request.Prompt = slices.DeleteFunc(slices.Clone(n.a.Request.Prompt), func(p string) bool { return p == "create" })
	case (ranOut || old.Facts.Changed != nil) && old.Facts.Identified != nil: // a reset is over, or only time has passed: nothing typed is lost
		n.a.Request.LoginHint = old.Facts.Identified.Typed
	default:
		n.a.Request.LoginHint = ""
	}
	n.a.Facts.Other = &Mark{At: now}
	key := "signin.restarted"
	if old.Facts.Changed != nil {
		key = "signin.reset_done"
	}
	old.EndedAt, old.Facts = now, Facts{Other: n.a.Facts.Other}
	if err := n.load(ctx, n.store); err != nil {
		return Result{}, err
	}
	if err := n.invite(ctx); err != nil {
		return Result{}, err
	}
	step := Next(n.a, n.w)
	n.trail(step.Name)
	err := n.store.Atomically(ctx, func(s Store) error {
		for _, write := range n.effects {
			if err := write(ctx, s); err != nil {
				return err
			}
		}
		if !r.a.EndedAt.IsZero() {
			version, err := s.SaveAttempt(ctx, n.a)
			n.a.Version = version
			return err
		}
		if err := s.EndAttempt(ctx, old, r.record(Next(r.a, r.w), record.Outcome{Result: record.Interrupted, Key: key})); err != nil {
			return err
		}
		version, err := s.SaveAttempt(ctx, n.a)
		n.a.Version = version
		return err
	})
	return Result{Attempt: n.a, World: n.w, Step: step, Changed: true}, err
}

// judge keeps what policies were asked about, for the record of an attempt that is left here.
func (r *run) judge(s Step) {
	if s.Inputs != nil {
		r.a.Facts.Judged = &Judged{UserID: s.Person.Account.ID, Name: s.Person.Account.DisplayName, SignUp: s.Person.Newcomer, Inputs: *s.Inputs,
			Risk: judged(s.Verdict.Risk)}
	}
}

func (r *run) trail(n Name) {
	t := r.a.Facts.Trail
	if len(t) < 64 && (len(t) == 0 || t[len(t)-1].Name != string(n)) {
		r.a.Facts.Trail = append(t[:len(t):len(t)], record.Step{Name: string(n), At: r.w.Now})
	}
}

// Lifetimes are a tenant's session lifetimes.
func Lifetimes(t tenant.Tenant) session.Lifetimes {
	return session.Lifetimes{Idle: time.Duration(t.Settings.SessionIdleMinutes) * time.Minute,
		PersistentIdle: time.Duration(t.Settings.PersistentIdleDays) * 24 * time.Hour}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// foldID is the id under which identical records become one with a count.
func foldID(parts ...string) string {
	sum := sha256.Sum256(labels(parts...))
	id := uuid.UUID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // UUIDv8 (RFC 9562 §5.8)
	return id.String()
}
