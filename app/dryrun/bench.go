package dryrun

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"sort"
	"strings"
	"time"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/record"
	"portico/app/risk"
	"portico/app/session"
	"portico/app/signin"
)

// Bench walks.
type Bench struct {
	MAC       signin.MAC // of the installation; the walk uses it under purposes of its own
	Passkeys  *factor.Passkeys
	Detectors []risk.Detector
	Breached  factor.Breached
	hasher    *factor.Hasher
}

// New makes a bench. Its hasher is cheap: it guards pretend passwords, again at every step.
func New(b Bench) *Bench {
	b.hasher = factor.NewHasher(factor.Argon{MemoryKiB: 8, Time: 1, Threads: 1}, 0, 0)
	return &b
}

// Scene is the real configuration that a walk happens in.
type Scene struct {
	Place   signin.Place
	Request signin.Request // what the app would ask
}

// Moment is one event and what it led to.
type Moment struct {
	Event   *Event // nil = the visitor came
	At      time.Time
	Result  signin.Result     // the page, or the way out
	Added   []Fact            // what became true
	Mails   []signin.CodeMail // what would have been mailed
	Records []record.SignIn   // what the sign-in log would have got
	Writes  []Write           // what else would have been stored
	Trace   record.SignIn     // the decision so far, as the log would write it
	Grant   *signin.Grant     // the sign-in succeeded
	Refusal *signin.Refusal   // the app would be told no
}

// Over reports whether the visitor left for the app.
func (m Moment) Over() bool { return m.Grant != nil || m.Refusal != nil }

// Fact is one fact that was added, with its value as the attempt keeps it.
type Fact struct {
	Name  string
	Value any
}

// Tale is a walk told from its beginning.
type Tale struct {
	Moments []Moment
	Now     time.Time // on the walk's clock
	Cut     bool      // the configuration has changed: the later events fit no more and were left out
	Person  account.Account
	TOTP    string // what the pretend authenticator app shows now, where one is asked for
	Changed bool   // the visitor has chosen a password of their own
}

// Last is where the visitor is now.
func (t Tale) Last() Moment { return t.Moments[len(t.Moments)-1] }

// Mail is the newest code that would have been mailed, "" when there is none.
func (t Tale) Mail() string {
	for i := len(t.Moments) - 1; i >= 0; i-- {
		if n := len(t.Moments[i].Mails); n > 0 {
			return t.Moments[i].Mails[n-1].Code
		}
	}
	return ""
}

// run is one telling of a walk.
type run struct {
	walk    Walk
	scene   Scene
	store   *memory
	machine *signin.Machine
	now     time.Time
	visit   signin.Visit
	tale    Tale
	device  *device
	seen    journal // what was told already
}

// Walk tells a walk from its beginning, in the configuration as it is now.
func (b *Bench) Walk(ctx context.Context, scene Scene, w Walk) (Tale, error) {
	r := &run{walk: w, scene: scene, now: w.Began, device: &device{origin: b.Passkeys.Origin()}}
	clock := func() time.Time { return r.now }
	r.store = newMemory(scene.Place, clock)
	r.machine = &signin.Machine{Stores: r.store, Hasher: b.hasher, Passkeys: b.Passkeys, Mailer: r.store, Now: clock, Texts: true,
		MAC:    func(purpose string, data []byte) []byte { return b.MAC("dry run "+purpose, data) },
		Random: rand.NewChaCha8(w.Seed), Issuers: map[signin.Protocol]signin.Issuer{scene.Request.Protocol: r.store},
		Detectors: b.detectors(w.Choice.Risk), Breached: b.Breached}
	r.visit = signin.Visit{Browser: secretOfTab, Signals: signals(w.Choice), Locale: w.Choice.Locale}
	who, exists, err := visitor(ctx, w.Choice.Visitor, scene.Place, b.hasher, w.Began)
	if err != nil {
		return Tale{}, err
	}
	if w.Choice.Visitor == WithKey {
		c, err := r.device.registered(b.Passkeys, who.account.ID, who.account.Mail)
		if err != nil {
			return Tale{}, err
		}
		who.creds = append(who.creds, c)
		who.account.Methods = append(who.account.Methods, account.Method{ID: c.ID, Kind: c.Kind, CreatedAt: who.account.CreatedAt})
	}
	if exists {
		r.store.people[who.account.ID] = who
	}
	if w.Choice.Visitor == SignedInTo {
		proven := w.Began.Add(-10 * time.Minute)
		ses := session.Session{SID: pretendSID, TenantID: scene.Place.Tenant.ID, UserID: who.account.ID, AuthTime: proven, AMR: []string{"pwd"}, CreatedAt: proven, LastSeenAt: proven}
		if !who.account.HasPassword {
			ses.AMR = []string{"otp"}
		}
		r.store.sessions[secretOfSID], r.visit.Session = ses, secretOfSID
	}
	if err := r.come(ctx, nil); err != nil {
		return r.tale, err
	}
	for i := range w.Events {
		done, err := r.step(ctx, &w.Events[i])
		if err != nil {
			return r.tale, err
		}
		if done {
			r.tale.Cut = true
			break
		}
	}
	r.tale.Now = r.now
	r.tale.TOTP = r.code()
	return r.tale, nil
}

// detectors are the real ones, or one that says what the admin wants to see.
func (b *Bench) detectors(level string) []risk.Detector {
	if level == "" {
		return b.Detectors
	}
	return []risk.Detector{{Type: "pretended", Detect: func(risk.Input) []record.Finding {
		return []record.Finding{{Type: "pretended", Level: level, Key: "dryrun.pretended"}}
	}}}
}

func signals(c Choice) record.Signals {
	s := record.Signals{Country: c.Country, Platform: c.Platform, Browser: "Firefox", DeviceType: "desktop", DeviceID: "pretend-device", Language: c.Locale}
	s.IP, _ = netip.ParseAddr(c.IP) // checked when it was chosen; unknown is an ordinary value
	if c.Platform == "android" || c.Platform == "iOS" {
		s.DeviceType = "phone"
	}
	s.OS = c.Platform
	return s
}

// come is the visitor coming from the app.
func (r *run) come(ctx context.Context, e *Event) error {
	res, err := r.machine.Start(ctx, r.scene.Place, r.visit, r.scene.Request)
	if err != nil {
		return err
	}
	r.tell(e, signin.Facts{}, res)
	return nil
}

// step does one event; done means that it fits the page that is due no more.
func (r *run) step(ctx context.Context, e *Event) (done bool, err error) {
	last := r.tale.Last()
	r.now = r.now.Add(time.Second + e.Wait)
	if e.Again {
		if !last.Over() {
			return true, nil
		}
		return false, r.come(ctx, e)
	}
	if last.Over() || e.Wait == 0 && e.Step != last.Result.Step.Name {
		return true, nil
	}
	placing := func(signin.Request) (signin.Place, signin.Visit, error) { return r.scene.Place, r.visit, nil }
	a := last.Result.Attempt
	var res signin.Result
	if e.Wait > 0 {
		res, err = r.machine.Show(ctx, r.scene.Place.Tenant.ID, placing, a.ID)
	} else {
		form := r.form(a, e)
		if form.Value("credential") == PretendPasskey {
			if form, err = r.touch(a, e); err != nil {
				return false, err
			}
		}
		res, err = r.machine.Submit(ctx, r.scene.Place.Tenant.ID, placing, a.ID, form)
	}
	if err != nil {
		return false, err
	}
	r.tell(e, a.Facts, res)
	return false, nil
}

func (r *run) form(a signin.Attempt, e *Event) signin.Form {
	return signin.Form{Step: e.Step, Action: e.Action, Proof: r.machine.MAC.Verifier(a.ID, e.Step, a.Browser),
		Values: func(n string) []string { return e.Values[n] },
		Value: func(n string) string {
			if v := e.Values[n]; len(v) > 0 {
				return v[0]
			}
			return ""
		}}
}

// touch is the visitor using the device: the form with its answer to the ceremony that is under way.
func (r *run) touch(a signin.Attempt, e *Event) (signin.Form, error) {
	list := a.Facts.Ceremonies
	if len(list) == 0 || list[len(list)-1].Kind != factor.Passkey {
		return r.form(a, e), nil
	}
	said, err := r.device.answer(list[len(list)-1])
	if errors.Is(err, errDevice) { // nobody's passkey: the machine refuses nonsense in its own words
		return r.form(a, e), nil
	}
	answered := *e
	answered.Values = maps.Clone(e.Values)
	answered.Values["credential"] = []string{said}
	return r.form(a, &answered), err
}

// tell writes down what an event led to.
func (r *run) tell(e *Event, before signin.Facts, res signin.Result) {
	log := r.store.log
	m := Moment{Event: e, At: r.now, Result: res, Mails: log.mails[len(r.seen.mails):], Records: log.records[len(r.seen.records):], Writes: log.writes[len(r.seen.writes):]}
	if res.Outcome == nil {
		m.Added = added(before, res.Attempt.Facts)
		m.Trace = signin.Trace(res.Attempt, signin.Written(res.Step, r.scene.Place.Policies, false), r.now, record.Outcome{Result: record.Interrupted, Step: string(res.Step.Name)})
	} else {
		m.Grant, m.Refusal = log.grant, log.refusal
		if n := len(m.Records); n > 0 {
			m.Trace = m.Records[n-1]
		}
		if m.Grant != nil {
			r.tale.Person = r.store.people[m.Grant.UserID].account
		}
		if res.Session != nil {
			r.visit.Session = res.Session.Secret
		}
		if res.Known != "" {
			r.visit.Known = res.Known
		}
	}
	for _, w := range m.Writes {
		r.tale.Changed = r.tale.Changed || w.What == "password" || w.What == "account"
	}
	log.grant, log.refusal = nil, nil
	r.seen = log.clone()
	r.tale.Moments = append(r.tale.Moments, m)
}

// code is what the visitor's authenticator app shows: for the secret that is being registered, or for the
// one that the pretend customer has. A code that was used already waits for the next one, as people do.
func (r *run) code() string {
	last := r.tale.Last().Result
	list := last.Attempt.Facts.Ceremonies
	if len(list) == 0 || list[len(list)-1].Kind != factor.TOTP {
		return ""
	}
	key, used := list[len(list)-1].Secret, int64(0)
	if !list[len(list)-1].Enrol {
		for _, c := range r.store.people[last.Step.Person.Account.ID].creds {
			if c.Kind == factor.TOTP {
				key, used = c.Secret, c.Counter
			}
		}
	}
	soon := r.now.Add(time.Second)
	if code := factor.TOTPCode(key, soon); used == 0 {
		return code
	}
	if _, fresh := factor.VerifyTOTP(key, factor.TOTPCode(key, soon), used, soon); fresh {
		return factor.TOTPCode(key, soon)
	}
	return factor.TOTPCode(key, soon.Add(30*time.Second))
}

// added compares facts, which are only ever added: what is new, and what lists grew by.
func added(before, after signin.Facts) []Fact {
	was, is := object(before), object(after)
	var out []Fact
	for name, value := range is {
		old, had := was[name]
		list, many := value.([]any)
		switch {
		case name == "trail", name == "judged": // kept for the record alone
		case many:
			had, _ := old.([]any)
			for _, one := range list[min(len(had), len(list)):] {
				out = append(out, Fact{name, one})
			}
		case !had || !same(old, value):
			out = append(out, Fact{name, value})
		}
	}
	order := declared()
	sort.SliceStable(out, func(i, j int) bool { return slices.Index(order, out[i].Name) < slices.Index(order, out[j].Name) })
	return out
}

// declared lists the facts in the order in which they are declared, which is that of a sign-in.
func declared() []string {
	t := reflect.TypeFor[signin.Facts]()
	names := make([]string, t.NumField())
	for i := range names {
		names[i], _, _ = strings.Cut(t.Field(i).Tag.Get("json"), ",")
	}
	return names
}

func same(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

func object(f signin.Facts) map[string]any {
	b, err := json.Marshal(f)
	if err != nil {
		return nil
	}
	out := map[string]any{}
	if err := json.Unmarshal(b, &out); err != nil {
		return nil
	}
	return out
}
