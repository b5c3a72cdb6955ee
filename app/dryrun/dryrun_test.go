package dryrun

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"portico/app/factor"
	"portico/app/fault"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
)

var began = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func mac(purpose string, data []byte) []byte {
	h := hmac.New(sha256.New, []byte(purpose))
	h.Write(data)
	return h.Sum(nil)
}

func bench(t *testing.T) *Bench {
	t.Helper()
	passkeys, err := factor.NewPasskeys("http://localhost:3000", "Portico")
	if err != nil {
		t.Fatal(err)
	}
	return New(Bench{MAC: mac, Passkeys: passkeys})
}

func scene(f userflow.Flow) Scene {
	f.ID, f.Name, f.Version = "flow", "Sign in", 3
	if f.SignUpMethod == "" {
		f.SignUpMethod = userflow.EmailPassword
	}
	if f.SignInMethods == nil {
		f.SignInMethods = []userflow.Method{f.SignUpMethod}
	}
	if f.MFA.Enforcement == "" {
		f.MFA.Enforcement = userflow.MFAOff
	}
	return Scene{Place: signin.Place{Tenant: tenant.Tenant{ID: "tenant", Name: "Fernhill"}, Flow: f},
		Request: signin.Request{Protocol: signin.OpenID, ClientID: "app", ClientName: "Market", Scopes: []string{"openid"}}}
}

// next is what an obliging visitor does on a page.
func next(tale Tale) Event {
	res := tale.Last().Result
	f := res.World.Flow
	e := Event{Step: res.Step.Name, Values: map[string][]string{}}
	set := func(name, value string) { e.Values[name] = []string{value} }
	password := Password
	if tale.Changed {
		password = NewPassword
	}
	switch e.Step {
	case signin.Identify, signin.SignUp:
		set("email", Address(f))
	case signin.SignIn:
		set("email", Address(f))
		set("password", password)
	case signin.Password:
		set("password", password)
	case signin.Code:
		set("code", tale.Mail())
	case signin.ChoosePassword, signin.ChangePassword:
		set("newPassword", NewPassword)
	case signin.Enrol, signin.Challenge:
		switch {
		case tale.TOTP != "":
			set("code", tale.TOTP)
		case passkeyAsked(res.Attempt.Facts):
			set("credential", PretendPasskey)
		case len(res.Attempt.Facts.Ceremonies) == 0 && len(res.Step.Kinds) > 1:
			set("method", factor.TOTP)
		default:
			set("code", tale.Mail())
		}
	case signin.AskAttributes:
		for _, a := range f.Attributes {
			set(userflow.FieldName(a.ID), Sample(a))
		}
	case signin.AskTerms:
		for _, x := range res.Step.Terms {
			set(signin.TermsField(x.ID), strconv.Itoa(x.Version)+" en")
		}
	case signin.AskConsent:
		e.Action = "accept"
	}
	return e
}

func passkeyAsked(f signin.Facts) bool {
	n := len(f.Ceremonies)
	return n > 0 && f.Ceremonies[n-1].Kind == factor.Passkey
}

// walk goes on until the visitor is back at the app or stuck, and gives the pages.
func walk(t *testing.T, b *Bench, s Scene, w Walk) (Tale, []string) {
	t.Helper()
	for {
		tale, err := b.Walk(t.Context(), s, w)
		if err != nil {
			t.Fatalf("%v after %+v", err, w.Events)
		}
		last := tale.Last()
		if last.Over() || last.Result.Step.Name == signin.Blocked || last.Result.Step.Name == signin.NoAccount || last.Result.Problem != nil || len(w.Events) > 20 {
			return tale, steps(tale)
		}
		if w, err = w.Then(next(tale)); err != nil {
			t.Fatal(err)
		}
	}
}

func steps(tale Tale) []string {
	var out []string
	for _, m := range tale.Moments {
		switch {
		case m.Grant != nil:
			out = append(out, "in")
		case m.Refusal != nil:
			out = append(out, m.Refusal.Error)
		case m.Result.Problem != nil:
			out = append(out, "problem")
		default:
			out = append(out, string(m.Result.Step.Name))
		}
	}
	return out
}

func begin(t *testing.T, v Visitor) Walk {
	t.Helper()
	w, err := Begin(Choice{FlowID: "flow", Visitor: v, Locale: "en"}, rand.Reader, began)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWalks(t *testing.T) {
	passwords := userflow.Flow{SignUpAllowed: true, Attributes: []userflow.Attribute{{ID: "givenName", Required: true}}}
	codes := userflow.Flow{SignUpMethod: userflow.EmailCode, SignUpAllowed: true}
	strict := userflow.Flow{MFA: userflow.MFA{Enforcement: userflow.MFAAlways, Methods: []string{"softwareOath"}}}
	keys := userflow.Flow{SignUpAllowed: true, MFA: userflow.MFA{Enforcement: userflow.MFAAlways, Methods: []string{"fido2"}}}
	b := bench(t)
	for _, c := range []struct {
		name   string
		flow   userflow.Flow
		who    Visitor
		prompt []string
		want   string
	}{
		{"a customer", passwords, Customer, nil, "signIn in"},
		{"a customer who signed up by code", codes, CodeOnly, nil, "identify code stay in"},
		{"a newcomer signs up", passwords, Newcomer, []string{"create"}, "signUp code newPassword attributes stay in"},
		{"a newcomer of a flow of codes", codes, Newcomer, []string{"create"}, "signUp code stay in"},
		{"a newcomer cannot sign in", passwords, Newcomer, nil, "signIn problem"},
		{"a temporary password", passwords, Temporary, nil, "signIn changePassword in"},
		{"an account that is off", passwords, Disabled, nil, "signIn blocked"},
		{"signed in already", passwords, SignedInTo, nil, "in"},
		{"has an authenticator app", strict, WithApp, nil, "signIn challenge in"},
		{"has a passkey", keys, WithKey, nil, "signIn challenge in"},
		{"must register a passkey", keys, Customer, nil, "signIn enrol recovery in"},
		{"a newcomer registers a passkey", keys, Newcomer, []string{"create"}, "signUp code newPassword enrol recovery stay in"},
		{"must register one", strict, Customer, nil, "signIn enrol recovery in"},
		{"sign-up is off", strict, Newcomer, []string{"create"}, "access_denied"},
	} {
		s := scene(c.flow)
		s.Request.Prompt = c.prompt
		if _, got := walk(t, b, s, begin(t, c.who)); strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

func TestAUserNameIsFound(t *testing.T) {
	b, s := bench(t), scene(userflow.Flow{UserNames: true})
	s.Place.Tenant.Settings.UserNames.Enabled = true
	w := begin(t, UserNamed)
	w, _ = w.Then(Event{Step: signin.SignIn, Values: map[string][]string{"email": {UserName}, "password": {Password}}})
	if tale, err := b.Walk(t.Context(), s, w); err != nil || !tale.Last().Over() {
		t.Errorf("%v %v", steps(tale), err)
	}
}

func TestAWalkIsTheSameEachTime(t *testing.T) {
	b, s := bench(t), scene(userflow.Flow{SignUpMethod: userflow.EmailCode, SignUpAllowed: true})
	w := begin(t, CodeOnly)
	w, _ = w.Then(Event{Step: signin.Identify, Values: map[string][]string{"email": {"pat.visitor@example.com"}}})
	one, _ := b.Walk(t.Context(), s, w)
	two, _ := b.Walk(t.Context(), s, w)
	if one.Mail() == "" || one.Mail() != two.Mail() {
		t.Errorf("the mailed code is %q and then %q", one.Mail(), two.Mail())
	}
	if back, _ := b.Walk(t.Context(), s, w.Back()); back.Last().Result.Step.Name != signin.Identify || back.Mail() != "" {
		t.Errorf("one step back: %v", steps(back))
	}
}

func TestTimePasses(t *testing.T) {
	b, s := bench(t), scene(userflow.Flow{SignUpMethod: userflow.EmailCode})
	w := begin(t, CodeOnly)
	add := func(e Event) Tale {
		w, _ = w.Then(e)
		tale, err := b.Walk(t.Context(), s, w)
		if err != nil {
			t.Fatal(err)
		}
		return tale
	}
	add(Event{Step: signin.Identify, Values: map[string][]string{"email": {"pat.visitor@example.com"}}})
	if tale := add(Event{Step: signin.Code, Action: "resend"}); tale.Last().Result.Problem == nil {
		t.Error("a second code at once")
	}
	add(Event{Wait: time.Minute})
	if tale := add(Event{Step: signin.Code, Action: "resend"}); tale.Last().Result.Problem != nil || len(tale.Last().Mails) != 1 {
		t.Errorf("a minute later: %+v", tale.Last().Result.Problem)
	}
	if tale := add(Event{Wait: time.Hour}); tale.Last().Result.Step.Name != signin.Expired {
		t.Errorf("an hour later: %v", steps(tale))
	}
}

func TestComingAgain(t *testing.T) {
	b, s := bench(t), scene(userflow.Flow{})
	w := begin(t, Customer)
	w, _ = w.Then(Event{Step: signin.SignIn, Values: map[string][]string{"email": {"pat.visitor@example.com"}, "password": {Password}}})
	w, _ = w.Then(Event{Again: true})
	tale, err := b.Walk(t.Context(), s, w)
	if err != nil || strings.Join(steps(tale), " ") != "signIn in in" {
		t.Errorf("%v %v", steps(tale), err)
	}
}

func TestAChangedConfigurationCutsTheWalk(t *testing.T) {
	b := bench(t)
	w := begin(t, CodeOnly)
	w, _ = w.Then(Event{Step: signin.Identify, Values: map[string][]string{"email": {"pat.visitor@example.com"}}})
	tale, err := b.Walk(t.Context(), scene(userflow.Flow{SignUpMethod: userflow.EmailPassword}), w)
	if err != nil || !tale.Cut || tale.Last().Result.Step.Name != signin.SignIn {
		t.Errorf("%v %v", steps(tale), err)
	}
}

// sealed stands in for the installation's sealer.
type sealed struct{}

func (sealed) Seal(plain []byte, context string) ([]byte, error) {
	return append(mac(context, plain), plain...), nil
}

func (sealed) Open(b []byte, context string) ([]byte, error) {
	if len(b) < 32 || !hmac.Equal(b[:32], mac(context, b[32:])) {
		return nil, errors.New("sealed for somebody else")
	}
	return bytes.Clone(b[32:]), nil
}

func TestASealedWalkBelongsToOneAdmin(t *testing.T) {
	w := begin(t, Customer)
	w, _ = w.Then(Event{Step: signin.SignIn, Values: map[string][]string{"email": {"x"}}})
	text, err := Seal(w, sealed{}, "tenant", "admin")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(text, sealed{}, "tenant", "admin", began.Add(59*time.Minute))
	if err != nil || len(got.Events) != 1 || got.Seed != w.Seed || !got.Began.Equal(w.Began) {
		t.Errorf("%+v %v", got, err)
	}
	for name, c := range map[string]struct {
		text, tenant, admin string
		now                 time.Time
	}{
		"another admin":  {text, "tenant", "other", began},
		"another tenant": {text, "other", "admin", began},
		"too old":        {text, "tenant", "admin", began.Add(time.Hour)},
		"tampered with":  {"A" + text[1:], "tenant", "admin", began},
		"nonsense":       {"?", "tenant", "admin", began},
		"nothing":        {"", "tenant", "admin", began},
	} {
		if _, err := Open(c.text, sealed{}, c.tenant, c.admin, c.now); !fault.Is(err, fault.Expired) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFactsThatWereAdded(t *testing.T) {
	b, s := bench(t), scene(userflow.Flow{SignUpAllowed: true})
	s.Request.Prompt = []string{"create"}
	tale, _ := walk(t, b, s, begin(t, Newcomer))
	var got []string
	for _, m := range tale.Moments {
		for _, f := range m.Added {
			got = append(got, f.Name)
		}
	}
	if want := []string{"identified", "codes", "email", "newPassword"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	var wrote []string
	for _, w := range tale.Last().Writes {
		wrote = append(wrote, w.What)
	}
	if want := []string{"account", "session"}; !slices.Equal(wrote, want) {
		t.Errorf("%v, want %v", wrote, want)
	}
	if tale.Person.Mail != "pat.visitor@example.com" {
		t.Errorf("%+v", tale.Person)
	}
}
