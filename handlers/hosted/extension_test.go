package hosted_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"portico/app/account"
	"portico/app/extension"
	"portico/app/record"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// api is a tenant's own API as the machine knows it: payloads are composed and answers parsed by the real contract; only
// the line between is left out.
type api struct {
	mu        sync.Mutex
	answers   map[extension.Event]func(extension.Payload) (string, *extension.Failure)
	asked     []extension.Payload
	during    func()
	key       *rsa.PrivateKey
	paces     int
	listeners []extension.Listener
}

const noAnswer = extension.TimedOut

func (a *api) Ask(_ context.Context, _ *extension.Configuration, to extension.Chosen, o extension.Occasion) signin.Counsel {
	if o.Password != nil {
		o.Password.Key = &a.key.PublicKey
	}
	call := record.Call{ID: models.NewID(), Name: to.Extension.Name, Event: string(o.Event), Listener: to.Listener.ID, Status: 200, Duration: 12 * time.Millisecond}
	fail := func(f *extension.Failure) signin.Counsel {
		call.Status = 0
		return signin.Counsel{Failure: f, Call: call}
	}
	p, f := extension.Compose(to, &o)
	if f != nil {
		return fail(f)
	}
	a.mu.Lock()
	a.asked = append(a.asked, p)
	answer, during := a.answers[o.Event], a.during
	a.mu.Unlock()
	if during != nil {
		during()
	}
	if answer == nil {
		return fail(&extension.Failure{Code: extension.TimedOut})
	}
	text, f := answer(p)
	if f != nil {
		return fail(f)
	}
	got, f := extension.Parse(&o, []byte(text))
	if f != nil {
		return fail(f)
	}
	call.Action = string(got.Action)
	return signin.Counsel{Answer: got, Call: call}
}

func (a *api) Pace(string, string) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.paces++
	return time.Microsecond
}

// says answers an event with one action.
func (a *api) says(e extension.Event, action extension.Action, fields string) {
	a.does(e, func(extension.Payload) (string, *extension.Failure) { return answer(e, action, fields, ""), nil })
}

func (a *api) does(e extension.Event, f func(extension.Payload) (string, *extension.Failure)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers[e] = f
}

func answer(e extension.Event, action extension.Action, fields, more string) string {
	if fields != "" {
		fields = "," + fields
	}
	return fmt.Sprintf(`{"data":{"@odata.type":%q%s,"actions":[{"@odata.type":%q%s}]}}`, e.ResponseType(), more, e.WireAction(action), fields)
}

func (a *api) count(e extension.Event) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, p := range a.asked {
		if p.Type == e.WireType() {
			n++
		}
	}
	return n
}

// withListeners is a directory whose tenants have the API at every event.
type withListeners struct {
	models.Directories
	api *api
}

func (w withListeners) Directory(ctx context.Context, segment string) (*models.Directory, error) {
	d, err := w.Directories.Directory(ctx, segment)
	if err != nil {
		return nil, err
	}
	more := *d
	c := &extension.Configuration{Extensions: map[string]*extension.Extension{}}
	w.api.mu.Lock()
	defer w.api.mu.Unlock()
	for _, l := range w.api.listeners {
		l.ID, l.Extension, l.AllApps, l.Enabled = "l-"+string(l.Event), string(l.Event), true, true
		c.Listeners = append(c.Listeners, l)
		c.Extensions[l.Extension] = &extension.Extension{ID: l.Extension, Name: "CRM", Event: l.Event, Enabled: true}
	}
	more.Extensions = c
	return &more, nil
}

// listening is a site where an API is asked; failures are declared per event.
func listening(t *testing.T, failures map[extension.Event]extension.OnFailure, edit ...func(*userflow.Flow)) (*site, *api) {
	t.Helper()
	a := &api{answers: map[extension.Event]func(extension.Payload) (string, *extension.Failure){}}
	for e, f := range failures {
		a.listeners = append(a.listeners, extension.Listener{Event: e, OnFailure: f})
	}
	s := newSite(t, edit...)
	s.settings(neverStay)
	s.api = a
	s.base = s.serve(s.store)
	return s, a
}

const (
	start  = extension.AttributeCollectionStart
	submit = extension.AttributeCollectionSubmit
)

func both(f extension.OnFailure) map[extension.Event]extension.OnFailure {
	return map[extension.Event]extension.OnFailure{start: f, submit: f}
}

func (s *site) calls() []record.Call {
	s.t.Helper()
	all := s.records()
	return all[len(all)-1].Calls
}

func TestAnAPIFillsInAndCorrects(t *testing.T) {
	s, a := listening(t, both(extension.Block), asksName)
	a.says(start, extension.SetPrefillValues, `"inputs":{"givenName":"Ann","country":"PT","jobTitle":"Boss"}`)
	a.says(submit, extension.ModifyAttributes, `"attributes":{"givenName":"Anna Maria","surname":"nobody asked"}`)
	b := s.browser().upTo(anna).at(signin.AskAttributes)
	b.has(`name="givenName"`, `value="Ann"`)
	for range 3 { // Back and Refresh ask nobody
		b.get(b.page.at).at(signin.AskAttributes).has(`name="givenName"`, `value="Ann"`)
	}
	b.fill("givenName", "").at(signin.AskAttributes) // our own complaint comes first, and nobody is asked
	if a.count(start) != 1 || a.count(submit) != 0 {
		t.Fatalf("asked %d and %d times", a.count(start), a.count(submit))
	}
	b.fill("givenName", "anna", "country", "DE").signedIn()
	if a.count(start) != 1 || a.count(submit) != 1 {
		t.Fatalf("asked %d and %d times", a.count(start), a.count(submit))
	}
	sent := modelstest.Must(json.Marshal(a.asked[1]))(t)
	for _, want := range []string{`"givenName":{"@odata.type":"microsoft.graph.stringDirectoryAttributeValue","value":"anna","attributeType":"builtIn"}`, `{"signInType":"email","issuer":"` + s.slug + `.localhost","issuerAssignedId":"` + anna + `"}`,
		`"appId":"` + s.app.ClientID + `"`, `"authenticationEventListenerId":"l-onAttributeCollectionSubmit"`} {
		if !strings.Contains(string(sent), want) {
			t.Errorf("the payload does not hold %s: %s", want, sent)
		}
	}
	if strings.Contains(string(sent), goodPassword) {
		t.Error("the password is in a payload")
	}
	u := s.customer(anna)
	if u.GivenName != "Anna Maria" || u.Country != "DE" || u.Surname != "" {
		t.Errorf("stored %q %q %q", u.GivenName, u.Country, u.Surname)
	}
	calls := s.calls()
	if len(calls) != 2 || !slices.Equal(calls[0].Changed, []string{"country", "givenName"}) || !slices.Equal(calls[1].Changed, []string{"givenName"}) {
		t.Errorf("recorded %+v", calls)
	}
}

func TestAnAPISendsAnswersBack(t *testing.T) {
	s, a := listening(t, both(extension.Block), asksName)
	a.says(start, extension.DefaultBehavior, "")
	a.says(submit, extension.ShowValidationError, `"message":"Please <b>look</b> again","attributeErrors":{"givenName":"We know nobody of that name","city":"not asked"}`)
	b := s.browser().upTo(anna).at(signin.AskAttributes).fill("givenName", "Zed", "country", "DE").at(signin.AskAttributes)
	if b.page.status != http.StatusUnprocessableEntity {
		t.Errorf("status %d", b.page.status)
	}
	b.says("Please <b>look</b> again").says("We know nobody of that name").has(`name="givenName"`, `value="Zed"`)
	if strings.Contains(b.page.body, "<b>look") || strings.Contains(b.page.body, "not asked") {
		t.Error("the page shows markup, or what is about no field of its own")
	}
	b.get(b.page.at).at(signin.AskAttributes).says("We know nobody of that name") // Refresh asks nobody
	if a.count(submit) != 1 {
		t.Fatalf("asked %d times", a.count(submit))
	}
	b.fill("givenName", "Zed", "country", "DE").at(signin.AskAttributes) // the same again: asked again, no loop
	if a.count(submit) != 2 {
		t.Fatalf("asked %d times", a.count(submit))
	}
	a.says(submit, extension.DefaultBehavior, "")
	b.fill("givenName", "Zoë", "country", "DE").signedIn()
	if u := s.customer(anna); u.GivenName != "Zoë" {
		t.Errorf("stored %q", u.GivenName)
	}
}

func TestAnAPIBlocks(t *testing.T) {
	for _, e := range []extension.Event{start, submit} {
		t.Run(string(e), func(t *testing.T) {
			s, a := listening(t, both(extension.Block), asksName)
			a.says(start, extension.DefaultBehavior, "")
			a.says(submit, extension.DefaultBehavior, "")
			a.says(e, extension.ShowBlockPage, `"title":"Only <i>members</i>","message":"Ask your club first."`)
			b := s.browser().upTo(anna)
			if e == submit {
				b.fill("givenName", "Anna")
			}
			b.at(signin.Stopped).says("Only <i>members</i>").says("Ask your club first.")
			if b.page.status != http.StatusForbidden || strings.Contains(b.page.body, "<i>") {
				t.Errorf("status %d, or markup", b.page.status)
			}
			before := a.count(e)
			b.get(b.page.at).at(signin.Stopped)
			b.fill("action", "again").at(signin.Stopped)
			if a.count(e) != before {
				t.Error("asked again without a reason")
			}
			if r := s.records(); r[len(r)-1].Outcome.Result != record.Failure || r[len(r)-1].Outcome.Key != "signin.stopped.api" {
				t.Errorf("recorded %+v", r[len(r)-1].Outcome)
			}
			b.fill("action", "cancel").refused("access_denied")
			if s.issuer.count() != 0 {
				t.Error("signed in")
			}
			a.says(e, extension.DefaultBehavior, "")
			s.clock.Advance(2 * time.Minute) // the next code
			if b = s.browser().upTo(anna).at(signin.AskAttributes).fill("givenName", "Anna"); b.signedIn().UserID == "" {
				t.Error("a new sign-up asks anew")
			}
		})
	}
}

// TestAnAPIBlocksWithoutAWord: a no is a no, and the page has words of its own, even where people go on without an API
// that cannot be asked.
func TestAnAPIBlocksWithoutAWord(t *testing.T) {
	s, a := listening(t, both(extension.Continue), asksName)
	a.says(start, extension.ShowBlockPage, "")
	b := s.browser().upTo(anna).at(signin.Stopped).says("You cannot go on here").says("does not let this sign-in go on")
	if b.page.status != http.StatusForbidden || s.issuer.count() != 0 {
		t.Errorf("status %d", b.page.status)
	}
}

func TestAnAPIThatGivesNoAnswer(t *testing.T) {
	t.Run("closed", func(t *testing.T) {
		s, a := listening(t, both(extension.Block), asksName)
		a.says(start, extension.DefaultBehavior, "")
		b := s.browser().upTo(anna).fill("givenName", "Anna").at(signin.Stopped).says("This sign-up cannot be completed right now")
		if b.page.status != http.StatusServiceUnavailable {
			t.Errorf("status %d", b.page.status)
		}
		b.get(b.page.at).at(signin.Stopped)
		if a.count(submit) != 1 {
			t.Fatalf("asked %d times", a.count(submit))
		}
		if calls := s.calls(); len(calls) != 2 || calls[1].Code != int(noAnswer) || calls[1].OnFailure != "block" {
			t.Errorf("recorded %+v", calls)
		}
		b.fill("action", "again").at(signin.Stopped)
		if a.count(submit) != 2 {
			t.Errorf("trying again asked %d times", a.count(submit))
		}
		a.says(submit, extension.DefaultBehavior, "")
		b.fill("action", "again").signedIn() // nothing was typed twice
		if u := s.customer(anna); u.GivenName != "Anna" || a.count(start) != 1 {
			t.Errorf("stored %q, asked at the start %d times", u.GivenName, a.count(start))
		}
	})
	t.Run("closed, and the app is told", func(t *testing.T) {
		s, _ := listening(t, both(extension.Block), asksName)
		s.browser().upTo(anna).at(signin.Stopped).fill("action", "cancel").refused("temporarily_unavailable")
	})
	t.Run("open", func(t *testing.T) {
		s, _ := listening(t, both(extension.Continue), asksName)
		s.browser().upTo(anna).at(signin.AskAttributes).fill("givenName", "Anna").signedIn()
		if calls := s.calls(); len(calls) != 2 || calls[0].OnFailure != "continue" || calls[0].Code != int(noAnswer) {
			t.Errorf("recorded %+v", calls)
		}
	})
	t.Run("a flow without questions asks all the same", func(t *testing.T) {
		s, a := listening(t, both(extension.Block))
		a.says(start, extension.DefaultBehavior, "")
		s.browser().upTo(anna).at(signin.Stopped)
		if s.issuer.count() != 0 {
			t.Error("signed in past a listener that fails closed")
		}
	})
	t.Run("open, but nobody gets past a no by asking on and on", func(t *testing.T) {
		s, a := listening(t, both(extension.Continue), asksName)
		a.says(start, extension.DefaultBehavior, "")
		a.says(submit, extension.ShowValidationError, "") // without a word
		b := s.browser().upTo(anna).at(signin.AskAttributes)
		for range 29 {
			b.fill("givenName", "Zed").at(signin.AskAttributes).says("What you entered was not accepted")
		}
		b.fill("givenName", "Zed").at(signin.Stopped).says("Too many attempts")
		asked := a.count(submit)
		if b.fill("action", "again").at(signin.Stopped); a.count(submit) != asked {
			t.Error("asked once more")
		}
		if s.issuer.count() != 0 {
			t.Error("signed in past the API's no")
		}
	})
	t.Run("a value that no form would take is a failure", func(t *testing.T) {
		s, a := listening(t, both(extension.Block), asksName)
		a.says(start, extension.SetPrefillValues, `"inputs":{"country":"Narnia"}`) // nothing is filled in with it
		a.says(submit, extension.ModifyAttributes, `"attributes":{"country":"Narnia"}`)
		s.browser().upTo(anna).at(signin.AskAttributes).fill("givenName", "Anna").at(signin.Stopped)
		if calls := s.calls(); calls[len(calls)-1].Code != int(extension.InvalidBody) {
			t.Errorf("recorded %+v", calls)
		}
	})
}

func TestADoubleClickAsksOnce(t *testing.T) {
	s, a := listening(t, both(extension.Block), asksName)
	a.says(start, extension.DefaultBehavior, "")
	a.says(submit, extension.DefaultBehavior, "")
	b := s.browser().upTo(anna).at(signin.AskAttributes)
	form, asked, goOn := b.page, make(chan bool, 1), make(chan bool)
	a.mu.Lock()
	a.during = func() { asked <- true; <-goOn }
	a.mu.Unlock()
	first := make(chan page, 1)
	go func() { first <- b.do(b.form(form, "givenName", "Anna")) }()
	<-asked
	second := b.do(b.form(form, "givenName", "Anna"))
	if second.step() != string(signin.Calling) || second.header.Get("Refresh") == "" {
		t.Errorf("the second click sees %q", second.step())
	}
	b.page = second
	b.get(b.page.at).at(signin.Calling)
	close(goOn)
	if p := <-first; p.left == nil {
		t.Errorf("the first click is at %q", p.step())
	}
	if a.count(submit) != 1 || s.issuer.count() != 1 {
		t.Errorf("asked %d times, signed in %d times", a.count(submit), s.issuer.count())
	}
}

// migrating is a site with one person whose password is still kept elsewhere.
func migrating(t *testing.T, edit ...func(*userflow.Flow)) (*site, *api, string) {
	t.Helper()
	s, a := listening(t, map[extension.Event]extension.OnFailure{extension.PasswordSubmit: extension.Block}, edit...)
	a.key = modelstest.Must(rsa.GenerateKey(rand.Reader, 2048))(t)
	id := modelstest.Must(s.tenant.CreateDefinition(t.Context(), modelstest.Actor(), userflow.Definition{Name: "toBeMigrated", DataType: userflow.Boolean}))(t).ID
	u := s.user(anna)
	modelstest.Must(s.tenant.UpdateUser(t.Context(), modelstest.Actor(), u.ID, func(u *models.User) error {
		u.Attributes = map[string]any{id: true, "companyName": "Anna's Gardens"}
		return nil
	}))(t)
	return s, a, id
}

// knows answers like the former system: it decrypts the password and compares.
func (a *api) knows(t *testing.T, password string, right, wrong extension.Action) {
	a.does(extension.PasswordSubmit, func(p extension.Payload) (string, *extension.Failure) {
		jwe, err := jose.ParseEncrypted(p.Data.Encrypted, []jose.KeyAlgorithm{jose.RSA_OAEP_256}, []jose.ContentEncryption{jose.A256GCM})
		if err != nil {
			t.Error(err)
			return "", nil
		}
		plain, err := jwe.Decrypt(a.key)
		if err != nil {
			t.Error(err)
		}
		var in struct {
			Password string `json:"user-password"`
			UserName string `json:"username"`
			Nonce    string `json:"nonce"`
		}
		if err := json.Unmarshal(plain, &in); err != nil || in.UserName != anna {
			t.Errorf("%v %+v", err, in)
		}
		action, fields := wrong, ""
		if in.Password == password {
			action = right
		}
		if action == extension.BlockPassword {
			fields = `"title":"Closed","message":"Your account is closed."`
		}
		return answer(extension.PasswordSubmit, action, fields, fmt.Sprintf(`,"nonce":%q`, in.Nonce)), nil
	})
}

const formerPassword = "the former system knew it"

func TestAPasswordMovesIn(t *testing.T) {
	t.Run("migrate", func(t *testing.T) {
		s, a, id := migrating(t)
		a.knows(t, formerPassword, extension.MigratePassword, extension.RetryPassword)
		b := s.browser().start(request{}).at(signin.SignIn)
		b.fill("email", anna, "password", "not it, alas").at(signin.SignIn)
		if r := s.records(); len(r) != 1 || r[0].Outcome.Code != 50126 || len(r[0].Calls) != 1 || r[0].Calls[0].Action != string(extension.RetryPassword) {
			t.Errorf("recorded %+v", r)
		}
		b.fill("email", anna, "password", formerPassword).signedIn()
		if u := s.customer(anna); u.Attributes[id] != false {
			t.Errorf("still to be migrated: %v", u.Attributes)
		}
		if u := a.asked[0].Data.Context.User; u == nil || u.CompanyName != "Anna's Gardens" || u.Mail != anna {
			t.Errorf("the API is told about %+v", u)
		}
		asked := len(a.asked)
		s.browser().start(request{}).fill("email", anna, "password", formerPassword).signedIn()
		s.browser().start(request{}).fill("email", anna, "password", "not it, alas").at(signin.SignIn)
		if len(a.asked) != asked {
			t.Error("asked after the password had moved in")
		}
		rows := s.stored()
		if strings.Contains(rows, formerPassword) || strings.Contains(rows, "not it, alas") {
			t.Error("a password stands in the database")
		}
	})
	t.Run("the one that is here fits", func(t *testing.T) {
		s, a, id := migrating(t)
		s.browser().start(request{}).fill("email", anna, "password", goodPassword).signedIn()
		if u := s.customer(anna); u.Attributes[id] != false || len(a.asked) != 0 {
			t.Errorf("%v, asked %d times", u.Attributes, len(a.asked))
		}
	})
	for name, c := range map[string]struct {
		former string
		right  extension.Action
	}{"out of date": {formerPassword, extension.UpdatePassword}, "too weak here": {"weak", extension.MigratePassword}} {
		t.Run(name, func(t *testing.T) {
			s, a, id := migrating(t)
			a.knows(t, c.former, c.right, extension.RetryPassword)
			b := s.browser().start(request{}).fill("email", anna, "password", c.former).at(signin.ChangePassword)
			if c.former == formerPassword {
				b.fill("newPassword", formerPassword).at(signin.ChangePassword)
			}
			b.fill("newPassword", "quite another sentence").signedIn()
			if u := s.customer(anna); u.Attributes[id] != false {
				t.Errorf("still to be migrated: %v", u.Attributes)
			}
			s.browser().start(request{}).fill("email", anna, "password", "quite another sentence").signedIn()
		})
	}
	t.Run("block", func(t *testing.T) {
		s, a, _ := migrating(t)
		a.knows(t, "", extension.RetryPassword, extension.BlockPassword)
		b := s.browser().start(request{}).fill("email", anna, "password", formerPassword).at(signin.Stopped).says("Closed").says("Your account is closed.")
		b.fill("action", "cancel").refused("access_denied")
	})
	t.Run("wrong nonce, and no answer: a wrong password", func(t *testing.T) {
		s, a, _ := migrating(t)
		a.does(extension.PasswordSubmit, func(extension.Payload) (string, *extension.Failure) {
			return answer(extension.PasswordSubmit, extension.MigratePassword, "", `,"nonce":"another"`), nil
		})
		b := s.browser().start(request{}).fill("email", anna, "password", formerPassword).at(signin.SignIn)
		delete(a.answers, extension.PasswordSubmit)
		b.fill("email", anna, "password", "another "+formerPassword).at(signin.SignIn)
		r := s.records()
		if len(r) != 1 || len(r[0].Calls) != 2 || r[0].Calls[1].Code != int(noAnswer) || r[0].Outcome.Code != int(extension.InvalidBody) || s.issuer.count() != 0 {
			t.Errorf("recorded %+v", r)
		}
	})
	t.Run("tries count, and nobody learns who is to be migrated", func(t *testing.T) {
		s, a, _ := migrating(t)
		a.knows(t, formerPassword, extension.MigratePassword, extension.RetryPassword)
		s.user("bob@example.com")
		says := map[string]string{}
		for _, who := range []string{anna, "bob@example.com", "nobody@example.com"} {
			b := s.browser().start(request{})
			for i := range 11 {
				b.fill("email", who, "password", fmt.Sprintf("wrong number %d", i)).at(signin.SignIn)
				says[who] += fmt.Sprint(b.page.status, errText.FindAllStringSubmatch(b.page.body, -1))
			}
		}
		if says[anna] != says["bob@example.com"] || says[anna] != says["nobody@example.com"] {
			t.Errorf("pages differ: %v", says)
		}
		if len(a.asked) != 10 || a.paces != 20 {
			t.Errorf("asked %d times, waited %d times", len(a.asked), a.paces)
		}
	})
}

func (s *site) customer(email string) models.User {
	s.t.Helper()
	return modelstest.Must(s.tenant.UserByIdentity(s.t.Context(), account.SignInEmail, "", email))(s.t)
}

// stored is all that the database holds, as its files have it.
func (s *site) stored() string {
	s.t.Helper()
	path := strings.TrimPrefix(strings.SplitN(s.scratch.DSN, "?", 2)[0], "sqlite:")
	var all []byte
	for _, name := range modelstest.Must(filepath.Glob(path + "*"))(s.t) {
		all = append(all, modelstest.Must(os.ReadFile(name))(s.t)...)
	}
	if len(all) == 0 {
		s.t.Fatalf("no database at %s", path)
	}
	return string(all)
}
