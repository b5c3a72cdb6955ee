package dryrun

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/factor"
	"portico/app/session"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// real is the sign-in machine over a database, with somebody in it who is like the pretend visitor.
type real struct {
	t       *testing.T
	machine *signin.Machine
	scene   Scene
	clock   *modelstest.Clock
	visit   signin.Visit
	code    string // the newest that was mailed
	grant   bool
	refused string
	secret  []byte // of the authenticator app
	visits  int
}

func (r *real) Code(_ context.Context, _ signin.Tx, m signin.CodeMail) error {
	r.code = m.Code
	return nil
}

func (r *real) PasswordChanged(context.Context, signin.Tx, signin.ChangeMail) error { return nil }
func (r *real) WasThisYou(context.Context, signin.Tx, signin.QuestionMail) error    { return nil }
func (r *real) Reclaimed(context.Context, signin.Tx, signin.ChangeMail) error       { return nil }
func (r *real) Connected(context.Context, signin.Tx, signin.ChangeMail) error       { return nil }

func (r *real) MethodAdded(context.Context, signin.Tx, signin.ChangeMail) error { return nil }
func (r *real) Returned(context.Context, signin.Tx, signin.ChangeMail) error    { return nil }

func (r *real) Issue(context.Context, signin.Tx, signin.Grant) (signin.Outcome, error) {
	r.grant = true
	return signin.Outcome{}, nil
}

func (r *real) Refuse(_ context.Context, f signin.Refusal) (signin.Outcome, error) {
	r.refused = f.Error
	return signin.Outcome{}, nil
}

// word is what a result came to, in the words of steps.
func (r *real) word(res signin.Result, err error) string {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	switch {
	case r.grant:
		return "in"
	case r.refused != "":
		return r.refused
	case res.Problem != nil:
		return "problem"
	}
	return string(res.Step.Name)
}

// mirror puts the pretend visitor into a real database.
func mirror(t *testing.T, s modelstest.Scratch, b *Bench, f userflow.Flow, v Visitor) *real {
	ctx := t.Context()
	tn := modelstest.MustTenant(t, s.Store, "")
	again := modelstest.Must(tn.CreateTerms(ctx, modelstest.Actor(), userflow.Terms{Name: "Terms", Language: "en", Texts: map[string]userflow.TermsText{"en": {Title: "Terms", Body: "Be kind."}}}))(t)
	again = modelstest.Must(tn.PublishTerms(ctx, modelstest.Actor(), again.ID, true, func(x *userflow.Terms) error {
		x.Texts = map[string]userflow.TermsText{"en": {Title: "Terms", Body: "Be kinder."}}
		return nil
	}))(t)
	f.Terms = []string{again.ID}
	app, _ := modelstest.MustApp(t, tn, "Market", "https://market.example/cb")
	made := modelstest.Must(tn.CreateFlow(ctx, modelstest.Actor(), f))(t)
	if err := tn.AddFlowApp(ctx, modelstest.Actor(), made.ID, app.ID); err != nil {
		t.Fatal(err)
	}
	dir := modelstest.Must(s.LatestDirectory(ctx, tn.ID))(t)
	flow, _ := dir.Flow(app.ClientID)
	r := &real{t: t, clock: s.Clock, visit: signin.Visit{Browser: secretOfTab, Locale: "en", Signals: signals(Choice{Locale: "en"})}}
	r.scene = Scene{Place: signin.Place{Tenant: dir.Tenant, Flow: *flow, Policies: dir.Policies, Terms: dir.Terms},
		Request: signin.Request{Protocol: signin.OpenID, ClientID: app.ClientID, ClientName: app.Name, Scopes: []string{"openid"}}}
	r.machine = &signin.Machine{Stores: models.SignInStores{Store: s.Store}, Hasher: b.hasher, Passkeys: b.Passkeys, Mailer: r, MAC: s.Sealer().MAC, Now: s.Clock.Now,
		Random: rand.Reader, Issuers: map[signin.Protocol]signin.Issuer{signin.OpenID: r}}
	who, exists, err := visitor(ctx, v, r.scene.Place, b.hasher, s.Now())
	if err != nil || !exists {
		return r
	}
	u := models.User{Account: who.account, City: who.account.Profile["city"], Country: who.account.Profile["country"]}
	u.TenantID, u.ID = tn.ID, models.NewID()
	if _, err := tn.CreateUser(ctx, modelstest.Actor(), u, who.hash); err != nil {
		t.Fatal(err)
	}
	if err := tn.Accept(ctx, modelstest.Actor(), u.ID, who.accepted); err != nil {
		t.Fatal(err)
	}
	for _, c := range who.creds {
		c.ID = models.NewID()
		if err := (models.SignInStores{Store: s.Store}).SignIns(tn.ID).AddCredential(ctx, u.ID, c); err != nil {
			t.Fatal(err)
		}
	}
	if v == SignedInTo {
		ses := session.Session{SID: u.ID, TenantID: tn.ID, UserID: u.ID, AuthTime: s.Now(), AMR: []string{"pwd"}, CreatedAt: s.Now(), LastSeenAt: s.Now()}
		if err := tn.PutSession(ctx, ses, u.ID, "", signin.SessionInfo{ExpiresAt: s.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		r.visit.Session = u.ID
	}
	return r
}

// walk drives both machines with the same inputs and gives both lists of pages.
func (r *real) walk(b *Bench, v Visitor, prompt []string) (pretend, real []string) {
	r.t.Helper()
	r.scene.Request.Prompt = prompt
	w := Walk{Choice: Choice{Visitor: v, Locale: "en"}, Began: r.clock.Now()}
	tale, err := b.Walk(r.t.Context(), r.scene, w)
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := r.machine.Start(r.t.Context(), r.scene.Place, r.visit, r.scene.Request)
	real = append(real, r.word(res, err))
	placing := func(signin.Request) (signin.Place, signin.Visit, error) { return r.scene.Place, r.visit, nil }
	r.secret = secret()
	for len(w.Events) < 25 && !slices.Contains([]string{"blocked", "noAccount", "problem"}, real[len(real)-1]) {
		if tale.Last().Over() { // once more, so that what was kept counts
			if r.visits++; r.visits > 1 || !r.grant {
				break
			}
			if w, err = w.Then(Event{Again: true}); err != nil {
				r.t.Fatal(err)
			}
			r.clock.Advance(time.Second)
			r.grant = false
			if res.Session != nil {
				r.visit.Session = res.Session.Secret
			}
			r.visit.Known = first(res.Known, r.visit.Known)
			res, err = r.machine.Start(r.t.Context(), r.scene.Place, r.visit, r.scene.Request)
			real = append(real, r.word(res, err))
			if tale, err = b.Walk(r.t.Context(), r.scene, w); err != nil {
				r.t.Fatal(err)
			}
			continue
		}
		e := next(tale)
		if w, err = w.Then(e); err != nil {
			r.t.Fatal(err)
		}
		typed := map[string][]string{}
		for name, list := range e.Values {
			typed[name] = list
		}
		if c := typed["code"]; len(c) > 0 && c[0] != "" {
			switch {
			case tale.TOTP == "":
				typed["code"] = []string{r.code}
			default:
				typed["code"] = []string{r.authenticator(res, e.Step)}
			}
		}
		r.clock.Advance(time.Second)
		a := res.Attempt
		res, err = r.machine.Submit(r.t.Context(), r.scene.Place.Tenant.ID, placing, a.ID, signin.Form{Step: e.Step, Action: e.Action,
			Proof: r.machine.MAC.Verifier(a.ID, e.Step, a.Browser), Values: func(n string) []string { return typed[n] }, Value: func(n string) string {
				if len(typed[n]) == 0 {
					return ""
				}
				return typed[n][0]
			}})
		real = append(real, r.word(res, err))
		if tale, err = b.Walk(r.t.Context(), r.scene, w); err != nil {
			r.t.Fatal(err)
		}
	}
	return steps(tale), real
}

// authenticator is what the visitor's app shows for the real attempt.
func (r *real) authenticator(res signin.Result, step signin.Name) string {
	if list := res.Attempt.Facts.Ceremonies; step == signin.Enrol && len(list) > 0 {
		r.secret = list[len(list)-1].Secret
	}
	return factor.TOTPCode(r.secret, r.clock.Now().Add(time.Duration(r.visits)*30*time.Second)) // the one before was used
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// TestTheDryRunIsTheRealMachine: the same visitors with the same inputs meet the same pages in the same
// order, over a database and over the pretend store.
func TestTheDryRunIsTheRealMachine(t *testing.T) {
	flows := map[string]userflow.Flow{
		"passwords": {SignUpMethod: userflow.EmailPassword, SignUpAllowed: true, UserNames: true, PasswordReset: true, MFA: userflow.MFA{Enforcement: userflow.MFAOff},
			Attributes: []userflow.Attribute{{ID: "givenName", Required: true}, {ID: "city", Required: true}, {ID: "surname"}}},
		"codes": {SignUpMethod: userflow.EmailCode, SignUpAllowed: true, MFA: userflow.MFA{Enforcement: userflow.MFAConditional, Methods: []string{"softwareOath"}, MayPostpone: true},
			Attributes: []userflow.Attribute{{ID: "givenName", Required: true}}},
		"a second factor": {SignUpMethod: userflow.EmailPassword, SignUpAllowed: true, MFA: userflow.MFA{Enforcement: userflow.MFAAlways, Methods: []string{"email", "softwareOath"}}},
		"closed":          {SignUpMethod: userflow.EmailPassword, MFA: userflow.MFA{Enforcement: userflow.MFAOff}},
	}
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		b := bench(t)
		all := map[string]bool{}
		for name, f := range flows {
			f.Name = name
			f.SignInMethods = []userflow.Method{f.SignUpMethod}
			for _, v := range Visitors() {
				for _, prompt := range [][]string{nil, {"create"}} {
					s.Clock.Advance(8 * 24 * time.Hour) // all walks share one mailbox, which takes so many codes a week
					r := mirror(t, s, b, f, v)
					pretend, real := r.walk(b, v, prompt)
					if !slices.Equal(pretend, real) {
						t.Errorf("%s, %s, %v: the dry run shows %v, the machine %v", name, v, prompt, pretend, real)
					}
					for _, p := range pretend {
						all[p] = true
					}
				}
			}
		}
		for _, page := range strings.Fields("signIn signUp identify code newPassword attributes terms stay enrol challenge recovery changePassword blocked in access_denied") {
			if !all[page] {
				t.Errorf("no walk came by %q", page)
			}
		}
	})
}
