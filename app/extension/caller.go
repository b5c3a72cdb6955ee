package extension

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"portico/app/outbound"
)

// Bounds of what one instance does at once for one extension.
const (
	callsAtOnce = 64
	idleFor     = 90 * time.Second
	forgetAfter = 10 * time.Minute
)

// Options are what a Caller is made of.
type Options struct {
	Client *outbound.Client
	Now    func() time.Time
	NewID  func() string
	// Bearer makes a token of the tenant's own issuer for an API, and says until when it counts.
	Bearer func(ctx context.Context, tenantID string, api API) (string, time.Time, error)
	// Open unseals an extension's signing secret.
	Open func(extensionID string, sealed []byte) ([]byte, error)
	// Turned hears of a circuit that opens, with the reason, or closes; nil = nobody does.
	Turned func(tenant, extension string, open bool, reason string)
	// Counted hears how each call of an event ended: "answered", "failed" or "not called"; nil = nobody does.
	Counted func(e Event, outcome string)
}

// Caller asks extensions. It keeps connections, circuits and tokens per extension, and nothing of one slows another.
type Caller struct {
	o Options

	mu     sync.Mutex
	lines  map[string]*line  // by tenant and extension
	rates  map[string]bucket // by tenant
	swept  time.Time
	tokens map[tokenKey]token
}

type tokenKey struct{ tenantID, clientID string }

type token struct {
	text  string
	until time.Time
}

// line is what is kept about one extension at its URL.
type line struct {
	url     string
	pool    *outbound.Pool
	slots   chan struct{}
	breaker Breaker // under Caller.mu
	used    time.Time
}

// NewCaller makes one for the process.
func NewCaller(o Options) *Caller {
	return &Caller{o: o, lines: map[string]*line{}, rates: map[string]bucket{}, tokens: map[tokenKey]token{}}
}

// Ask chooses who is asked about an occasion and asks; false when nobody is. It must not run inside a transaction.
func (c *Caller) Ask(ctx context.Context, conf *Configuration, o *Occasion) (Result, bool) {
	chosen, ok := conf.Choose(o.Event, o.App.ClientID, o.FlowID)
	if !ok {
		return Result{}, false
	}
	return c.Call(ctx, conf, chosen, o), true
}

// Trial is how an admin tries an extension from the portal.
type Trial struct {
	URL  string // instead of the extension's; "" = its own
	Body []byte // instead of the occasion's payload: a recorded one; nil = composed
}

// Call asks one extension. Whatever happens is in the result: there is no error besides.
func (c *Caller) Call(ctx context.Context, conf *Configuration, chosen Chosen, o *Occasion) Result {
	return c.call(ctx, conf, chosen, o, nil)
}

// Try is Call for an admin: it asks though the circuit is open, and neither changes the circuit.
func (c *Caller) Try(ctx context.Context, conf *Configuration, chosen Chosen, o *Occasion, t Trial) Result {
	return c.call(ctx, conf, chosen, o, &t)
}

func outcomeOf(c Call) string {
	switch {
	case c.Code == 0:
		return "answered"
	case len(c.Attempts) == 0:
		return "not called"
	}
	return "failed"
}

// Circuit is the state of an extension's circuit in this instance.
func (c *Caller) Circuit(tenantID, extensionID string) Breaker {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.lines[tenantID+" "+extensionID]; l != nil {
		return l.breaker
	}
	return Breaker{}
}

func (c *Caller) call(ctx context.Context, conf *Configuration, chosen Chosen, o *Occasion, t *Trial) Result {
	began := c.o.Now()
	if _, err := uuid.Parse(o.CorrelationID); err != nil { // APIs read it as a GUID
		o.CorrelationID = uuid.Must(uuid.NewV7()).String()
	}
	q := &question{caller: c, chosen: chosen, occasion: o, trial: t, began: began}
	q.call = Call{ID: c.o.NewID(), Event: o.Event, ListenerID: chosen.Listener.ID, At: began.UTC().Truncate(time.Microsecond), Trial: t != nil || o.Trial, CorrelationID: o.CorrelationID,
		SignInID: o.SignInID, AppID: o.App.ClientID, About: o.about(), PersonKey: o.PersonKey}
	if o.User != nil {
		q.call.UserID = o.User.ID
	}
	answer, failure := q.ask(ctx, conf)
	q.call.Duration = c.o.Now().Sub(began)
	out := Result{Answer: answer}
	if failure != nil {
		out.Answer, out.Failure = Answer{}, chosen.Listener.Failure()
		q.call.Code, q.call.Detail, q.call.OnFailure = failure.Code, clip(q.masked(failure.Detail), 500), out.Failure
	} else {
		q.call.Action, q.call.Changed = answer.Action, answer.changed()
	}
	if c.o.Counted != nil && !q.call.Trial {
		c.o.Counted(o.Event, outcomeOf(q.call))
	}
	out.Call = q.call
	return out
}

// changed names what an answer gave.
func (a *Answer) changed() []string {
	var out []string
	out = append(out, slices.Sorted(maps.Keys(a.Claims))...)
	out = append(out, slices.Sorted(maps.Keys(a.Values))...)
	return append(out, slices.Sorted(maps.Keys(a.Errors))...)
}

// question is one call under way.
type question struct {
	caller   *Caller
	chosen   Chosen
	occasion *Occasion
	trial    *Trial
	began    time.Time
	call     Call
	secrets  []string // what must not be in the record
	bearer   string
	signing  []byte
}

func (q *question) ask(ctx context.Context, conf *Configuration) (Answer, *Failure) {
	e := q.chosen.Extension
	if e == nil {
		return Answer{}, fail(NotFound, "the extension that the listener names is not there")
	}
	q.call.ExtensionID, q.call.Name = e.ID, e.Name
	if e.Event != q.occasion.Event {
		return Answer{}, fail(NotFound, "the extension is not one of this event")
	}
	to := e.URL
	if q.trial != nil && q.trial.URL != "" {
		to = q.trial.URL
	}
	u, err := url.Parse(to)
	if err != nil || u.Hostname() == "" {
		return Answer{}, fail(BadTargetURL, "the target URL cannot be read")
	}
	q.call.URL = maskedURL(u)
	if err := q.caller.o.Client.Check(q.occasion.Tenant, u); err != nil {
		return Answer{}, fail(BadTargetURL, "%v", err)
	}
	api, f := conf.api(e)
	if f != nil {
		return Answer{}, f
	}
	if q.occasion.Password != nil && q.occasion.Password.Key == nil {
		key, f := api.encryptionKey(q.caller.o.Now())
		if f != nil {
			return Answer{}, f
		}
		q.occasion.Password.Key, q.occasion.Password.KeyID = key.Public, key.ID
	}
	body, f := q.body()
	if f != nil {
		return Answer{}, f
	}
	// A trial may go elsewhere. Neither the token, which is good at the API, nor a signature goes along to another host.
	if CheckResource(e.Resource, u.Hostname()) != nil {
		return q.deliver(ctx, u, body)
	}
	if q.bearer, err = q.caller.token(ctx, q.occasion.TenantID, api); err != nil {
		return Answer{}, fail(Unexpected, "the token for the API could not be made")
	}
	q.secrets = append(q.secrets, q.bearer)
	if e.Signed {
		if q.signing, err = q.caller.o.Open(e.ID, e.Sealed); err != nil || len(q.signing) == 0 {
			return Answer{}, fail(Unexpected, "the signing secret could not be read")
		}
		q.secrets = append(q.secrets, string(q.signing))
	}
	return q.deliver(ctx, u, body)
}

// body is what is sent; the record keeps it with its secrets masked.
func (q *question) body() ([]byte, *Failure) {
	if q.trial != nil && q.trial.Body != nil {
		q.call.Request = clip(string(q.trial.Body), maxKept)
		return q.trial.Body, nil
	}
	p, f := Compose(q.chosen, q.occasion)
	if f != nil {
		return nil, f
	}
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fail(HandlerUnexpected, "the payload cannot be written")
	}
	if o := q.occasion.OTP; o != nil {
		q.secrets = append(q.secrets, o.Code)
		p.Data.OTP = &otpContext{p.Data.OTP.Identifier, mask}
	}
	if s := q.occasion.Password; s != nil {
		q.secrets = append(q.secrets, s.Password, s.Nonce)
		p.Data.Encrypted = mask
	}
	kept, err := json.Marshal(p)
	if err != nil {
		return nil, fail(HandlerUnexpected, "the payload cannot be written")
	}
	q.call.Request = clip(string(kept), maxKept)
	return b, nil
}

// deliver sends the body until it is answered, once more at most where the API could not be reached, took too long or
// says that it has a problem.
func (q *question) deliver(ctx context.Context, u *url.URL, body []byte) (Answer, *Failure) {
	c, e := q.caller, q.chosen.Extension
	l := c.lineTo(q.occasion, e, u.String(), q.trial != nil)
	if q.trial != nil {
		defer l.pool.Close()
	}
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	default:
		return Answer{}, fail(Throttled, "%d calls of this extension are under way", callsAtOnce)
	}
	var last *Failure
	for range 1 + min(max(e.Retries, 0), MaxRetries) {
		if f := q.admit(l); f != nil {
			if last != nil {
				return Answer{}, last // why it was to be asked again says more
			}
			return Answer{}, f
		}
		start := c.o.Now()
		answer, status, f, again := q.attempt(ctx, l, u, body)
		one := Attempt{Status: status, Duration: c.o.Now().Sub(start)}
		if f != nil {
			one.Code = f.Code
		}
		q.call.Attempts, q.call.Status = append(q.call.Attempts, one), status
		if !q.call.Trial {
			c.note(q, l, !again, f)
		}
		if !again || ctx.Err() != nil {
			return answer, f
		}
		last = f
	}
	return Answer{}, last
}

// admit asks circuit and rate. Trials ask the rate only: they go out by an admin's hand.
func (q *question) admit(l *line) *Failure {
	c := q.caller
	now := c.o.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !q.call.Trial {
		if q.call.Circuit == "" {
			q.call.Circuit = l.breaker.State(now)
		}
		var ok bool
		if l.breaker, ok = l.breaker.Allow(now); !ok {
			return fail(Blocked, "the API failed %d times in a row and is not asked for a while", l.breaker.Failures)
		}
	}
	b, ok := c.rates[q.occasion.TenantID].take(CallsPerSecond, now)
	c.rates[q.occasion.TenantID] = b
	if !ok {
		if !q.call.Trial {
			l.breaker.Probe = time.Time{} // its turn was not used
		}
		return fail(Throttled, "the tenant's extensions were called %d times within a second", CallsPerSecond)
	}
	return nil
}

func (c *Caller) note(q *question, l *line, alive bool, f *Failure) {
	now := c.o.Now()
	c.mu.Lock()
	was := l.breaker.Until.IsZero()
	l.breaker = l.breaker.Note(alive, now)
	is := l.breaker.Until.IsZero()
	c.mu.Unlock()
	if was == is || c.o.Turned == nil {
		return
	}
	reason := ""
	if f != nil {
		reason = clip(q.masked(f.Detail), 500)
	}
	c.o.Turned(q.occasion.Tenant, q.chosen.Extension.Name, !is, reason)
}

// OpenCircuits counts the extensions that this instance does not call for now.
func (c *Caller) OpenCircuits() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, l := range c.lines {
		if !l.breaker.Until.IsZero() {
			n++
		}
	}
	return n
}

// attempt is one request; again = the API is in trouble, and asking once more may help.
func (q *question) attempt(ctx context.Context, l *line, u *url.URL, body []byte) (a Answer, status int, f *Failure, again bool) {
	ctx, cancel := context.WithTimeout(ctx, q.chosen.Extension.Wait())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return a, 0, fail(BadTargetURL, "the target URL cannot be called"), false
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "Portico-Extensions/1.0")
	if q.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+q.bearer)
	}
	r.Header.Set("Idempotency-Key", cmp.Or(q.occasion.Key, q.call.ID)) // the same when it is asked again
	r.Header.Set("x-ms-client-request-id", q.occasion.CorrelationID)
	if q.signing != nil {
		r.Header.Set(SignatureHeader, outbound.Signature(q.caller.o.Now(), body, q.signing))
	}
	answer, err := l.pool.Do(r, MaxAnswer)
	q.call.Response = clip(q.masked(strings.ToValidUTF8(string(answer.Body), "\uFFFD")), maxKept)
	if answer.Status != 0 && answer.Status != http.StatusOK { // whatever came of its body
		return a, answer.Status, fail(InvalidStatus, "the API answered with status %d", answer.Status), answer.Status >= 500
	}
	if err != nil {
		f, again := failureOf(err)
		return a, answer.Status, f, again
	}
	if kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return a, answer.Status, fail(InvalidContentType, "the answer is of type %q, not application/json", clip(answer.Header.Get("Content-Type"), 100)), false
	}
	a, f = Parse(q.occasion, answer.Body)
	return a, answer.Status, f, false
}

// failureOf says what an error of the network means. The URL in it may hold a key, so it is left out.
func failureOf(err error) (*Failure, bool) {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var timeout net.Error
	switch {
	case errors.Is(err, outbound.ErrTooLarge):
		return fail(ResponseTooLarge, "the answer has more than %d bytes", MaxAnswer), false
	case errors.Is(err, outbound.ErrScheme), errors.Is(err, outbound.ErrURL):
		return fail(BadTargetURL, "%v", err), false
	case errors.Is(err, outbound.ErrAddress):
		return fail(ConnectionError, "%v", err), false
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fail(TimedOut, "the API did not answer in time"), true
	case errors.Is(err, context.Canceled):
		return fail(ConnectionError, "the call was ended"), false
	}
	return fail(ConnectionError, "%v", err), true
}

// lineTo is what is kept about an extension; what was kept under another URL is let go. A trial has a line of its own.
func (c *Caller) lineTo(o *Occasion, e *Extension, url string, trial bool) *line {
	now := c.o.Now()
	fresh := func() *line {
		return &line{url: url, pool: c.o.Client.Pool(o.Tenant, callsAtOnce, idleFor), slots: make(chan struct{}, callsAtOnce), used: now}
	}
	if trial {
		return fresh()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweep(now)
	key := o.TenantID + " " + e.ID
	l := c.lines[key]
	if l == nil || l.url != url {
		if l != nil {
			l.pool.Close()
		}
		l = fresh()
		c.lines[key] = l
	}
	l.used = now
	return l
}

// sweep forgets what was not used for long, so that what is kept does not grow with all that ever was.
func (c *Caller) sweep(now time.Time) {
	if d := now.Sub(c.swept); d >= 0 && d < forgetAfter {
		return
	}
	c.swept = now
	maps.DeleteFunc(c.lines, func(_ string, l *line) bool {
		gone := now.Sub(l.used) > forgetAfter && len(l.slots) == 0
		if gone {
			l.pool.Close()
		}
		return gone
	})
	maps.DeleteFunc(c.rates, func(_ string, b bucket) bool { return now.Sub(b.at) > time.Minute })
	maps.DeleteFunc(c.tokens, func(_ tokenKey, t token) bool { return now.After(t.until) })
}

// tokenMargin is how long before its end a token is not used any more.
const tokenMargin = 5 * time.Minute

// token gives the bearer token for an API, made once for as long as it counts.
func (c *Caller) token(ctx context.Context, tenantID string, api API) (string, error) {
	key := tokenKey{tenantID, api.ClientID}
	now := c.o.Now()
	c.mu.Lock()
	t, ok := c.tokens[key]
	c.mu.Unlock()
	if ok && now.Before(t.until) {
		return t.text, nil
	}
	text, until, err := c.o.Bearer(ctx, tenantID, api)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	c.tokens[key] = token{text, until.Add(-tokenMargin)}
	c.mu.Unlock()
	return text, nil
}
