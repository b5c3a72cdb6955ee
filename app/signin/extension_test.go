package signin

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"portico/app/account"
	"portico/app/extension"
	"portico/app/record"
	"portico/app/userflow"
)

const (
	atStart  = extension.AttributeCollectionStart
	atSubmit = extension.AttributeCollectionSubmit
)

// hears puts an API at events, with one declared failure.
func hears(f extension.OnFailure, events ...extension.Event) change {
	return func(s *scene) {
		if s.w.Chosen == nil {
			s.w.Chosen = map[extension.Event]extension.Chosen{}
		}
		for _, e := range events {
			s.w.Chosen[e] = extension.Chosen{Listener: extension.Listener{ID: string(e), Event: e, OnFailure: f}, Extension: &extension.Extension{ID: "x", Name: "CRM"}}
		}
	}
}

// told adds a question with its answer.
func told(e extension.Event, about string, action extension.Action) change {
	return func(s *scene) {
		id := fmt.Sprint(len(s.a.Facts.Asked))
		s.a.Facts.Asked = append(s.a.Facts.Asked, Asked{ID: id, Event: e, About: about, At: noon})
		s.a.Facts.Advised = append(s.a.Facts.Advised, Advised{ID: id, Event: e, About: about, Action: action, At: noon})
	}
}

func asking1(e extension.Event, about string, ago time.Duration) change {
	return func(s *scene) {
		s.a.Facts.Asked = append(s.a.Facts.Asked, Asked{ID: "open", Event: e, About: about, At: s.w.Now.Add(-ago)})
	}
}
func answeredAs(id string) change {
	return func(s *scene) {
		s.a.Facts.Attributes = &Attributes{ID: id, Values: map[string]any{"givenName": "Anna"}, At: noon}
	}
}
func triedAgain(id string) change {
	return func(s *scene) { s.a.Facts.Again = &Retried{ID: id, At: noon} }
}

func TestTheTenantsOwnAPIsHaveASay(t *testing.T) {
	newcomer := and(wantsSignUp, named, codeShown, chosen, asksName)
	listened := hears(extension.Block, atStart, atSubmit)
	carriesOn, sendsBack := extension.DefaultBehavior, extension.ShowValidationError
	for _, r := range []struct {
		rule  string
		when  change
		want  Name
		event extension.Event
	}{
		{"nobody listens", newcomer, AskAttributes, ""},
		{"before the page", and(newcomer, listened), Calling, atStart},
		{"answered: the page", and(newcomer, listened, told(atStart, "", carriesOn)), AskAttributes, ""},
		{"filled in: the page", and(newcomer, listened, told(atStart, "", extension.SetPrefillValues)), AskAttributes, ""},
		{"the page was answered", and(newcomer, listened, told(atStart, "", carriesOn), answeredAs("1")), Calling, atSubmit},
		{"sent back: the page again", and(newcomer, listened, told(atStart, "", carriesOn), answeredAs("1"), told(atSubmit, "1", sendsBack)), AskAttributes, ""},
		{"answered anew: asked anew", and(newcomer, listened, told(atStart, "", carriesOn), answeredAs("2"), told(atSubmit, "1", sendsBack)), Calling, atSubmit},
		{"corrected: asked no more", and(newcomer, listened, told(atStart, "", carriesOn), answeredAs("1"), told(atSubmit, "1", extension.ModifyAttributes)), AskStay, ""},
		{"accepted before, then the user name was taken and another one given", and(newcomer, listened, told(atStart, "", carriesOn), answeredAs("2"), told(atSubmit, "1", carriesOn)), Calling, atSubmit},
		{"no page: asked all the same", and(wantsSignUp, named, codeShown, chosen, listened), Calling, atStart},
		{"no page: asked before the account", and(wantsSignUp, named, codeShown, chosen, listened, told(atStart, "", carriesOn)), Calling, atSubmit},
		{"terms come after it all", and(newcomer, wantsTerms, listened, told(atStart, "", carriesOn), answeredAs("1")), Calling, atSubmit},
		{"blocked at the start", and(newcomer, listened, told(atStart, "", extension.ShowBlockPage)), Stopped, ""},
		{"blocked at the end", and(newcomer, listened, told(atStart, "", carriesOn), answeredAs("1"), told(atSubmit, "1", extension.ShowBlockPage)), Stopped, ""},
		{"a block cannot be tried again", and(newcomer, listened, told(atStart, "", extension.ShowBlockPage), triedAgain("0")), Stopped, ""},
		{"failed", and(newcomer, listened, told(atStart, "", failed)), Stopped, ""},
		{"failed, tried again", and(newcomer, listened, told(atStart, "", failed), triedAgain("0")), Calling, atStart},
		{"failed again", and(newcomer, listened, told(atStart, "", failed), triedAgain("0"), told(atStart, "", failed)), Stopped, ""},
		{"failed, the listener is gone, tried again", and(newcomer, told(atStart, "", failed), triedAgain("0")), AskAttributes, ""},
		{"an answer is on its way", and(newcomer, listened, asking1(atStart, "", time.Second)), Calling, atStart},
		{"whoever asked is dead: asked anew", and(newcomer, listened, asking1(atStart, "", time.Minute)), Calling, atStart},
		{"somebody who has an account is not asked about", and(named, known, password, asksMore, listened), AskAttributes, ""},
		{"policy comes first", and(newcomer, listened, block), Blocked, ""},
		{"an hour is over", and(newcomer, listened, late), Expired, ""},
		{"blocked about a password", and(named, known, told(extension.PasswordSubmit, "", extension.BlockPassword)), Stopped, ""},
		{"a password out of date", and(named, known, password, func(s *scene) { s.a.Facts.Password.Outdated = "hash" }), ChangePassword, ""},
		{"replaced", and(named, known, password, changed, func(s *scene) { s.a.Facts.Password.Outdated = "hash" }), AskStay, ""},
	} {
		t.Run(r.rule, func(t *testing.T) {
			if got := play(r.when).next(); got.Name != r.want || got.Event != r.event {
				t.Errorf("next is %q %q, want %q %q", got.Name, got.Event, r.want, r.event)
			}
		})
	}
}

// Whatever is answered, a sign-up ends or is at a page; it never ends past a listener that fails closed; and no answer is
// asked for twice without a reason of the person's.
func TestASignUpEndsWhateverIsAnswered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		declared := rapid.SampledFrom([]extension.OnFailure{extension.Block, extension.Continue}).Draw(t, "declared")
		s := play(wantsSignUp, named, codeShown, chosen, hears(declared, atStart, atSubmit))
		if rapid.Bool().Draw(t, "with questions") {
			asksName(s)
		}
		r := &run{w: s.w}
		for n := range 200 {
			step := s.next()
			f := &s.a.Facts
			switch step.Name {
			case Calling:
				about := ""
				if step.Event == atSubmit {
					about = f.Attributes.id()
				}
				if f.settled(step.Event, about) {
					t.Fatal("asked what was answered")
				}
				q := Asked{ID: fmt.Sprint(n), Event: step.Event, About: about, At: s.w.Now}
				f.Asked = append(f.Asked, q)
				c := Counsel{Answer: extension.Answer{Action: rapid.SampledFrom(step.Event.Actions()).Draw(t, "action"), Message: "no",
					Values: map[string]any{"givenName": rapid.SampledFrom([]string{"Ann", "two\nlines"}).Draw(t, "value")}}}
				if rapid.Bool().Draw(t, "fails") {
					c.Failure = &extension.Failure{Code: extension.TimedOut}
				}
				f.Advised = append(f.Advised, r.heard(q, s.w.Chosen[step.Event], c))
			case AskAttributes:
				answeredAs(fmt.Sprint(n))(s)
			case Stopped:
				if !step.Retryable() || rapid.Bool().Draw(t, "leaves") {
					return
				}
				triedAgain(step.Advised.ID)(s)
			case AskStay:
				stayed(s)
			case Issue:
				for _, e := range []extension.Event{atStart, atSubmit} {
					about := ""
					if e == atSubmit {
						about = f.Attributes.id()
					}
					i := slices.IndexFunc(f.Advised, func(a Advised) bool { return a.Event == e && a.About == about && a.Action != failed })
					if i < 0 {
						t.Fatalf("signed up past %s", e)
					}
					if a := f.Advised[i]; a.Call.Code != 0 && declared == extension.Block {
						t.Fatalf("signed up past the failure of %s, which closes", e)
					}
				}
				for _, v := range f.corrected().values() {
					if v == "two\nlines" {
						t.Fatal("a value was kept that no form takes")
					}
				}
				return
			default:
				t.Fatalf("the sign-up is at %q", step.Name)
			}
		}
		t.Fatal("the sign-up does not end")
	})
}

func (a *Attributes) values() map[string]any {
	if a == nil {
		return nil
	}
	return a.Values
}

func TestWhatAnAPIMayFillInAndCorrect(t *testing.T) {
	rules := &userflow.Definition{DataType: userflow.Boolean}
	flow := userflow.Flow{Attributes: []userflow.Attribute{{ID: "email"}, {ID: userflow.UserName}, {ID: "givenName"}, {ID: "jobTitle", ReadOnly: true}, {ID: "city", Hidden: true},
		{ID: "extension_rules", Required: true, Definition: rules}, {ID: "extension_age", Definition: &userflow.Definition{DataType: userflow.Int}}}}
	given := map[string]any{"email": "eve@example.com", userflow.UserName: "eve", "givenName": "Ann", "jobTitle": "Boss", "city": "Lisbon",
		"extension_rules": true, "extension_age": int64(41), "surname": ""}
	r := &run{w: World{Flow: flow}}
	for _, c := range []struct {
		action extension.Action
		want   []string
	}{
		{extension.SetPrefillValues, []string{"extension_age", "givenName"}},                                        // only what a person may answer, and no tick for them
		{extension.ModifyAttributes, []string{"city", "extension_age", "extension_rules", "givenName", "jobTitle"}}, // all of the flow but who they are
	} {
		if c.action == extension.ModifyAttributes { // nil takes away what need not be there
			cleared := r.heard(Asked{}, extension.Chosen{}, Counsel{Answer: extension.Answer{Action: c.action, Values: map[string]any{"givenName": "", "extension_rules": ""}}})
			f := Facts{Attributes: &Attributes{ID: "1", Values: map[string]any{"givenName": "Ann", "jobTitle": "Boss"}}}
			cleared.Event, cleared.About = atSubmit, "1"
			f.Advised = []Advised{cleared}
			if got := profile(flow, nil, map[string]any{"givenName": "Ann of the provider"}, f.corrected()); got["givenName"] != nil || got["jobTitle"] != "Boss" {
				t.Errorf("after a correction that takes away: %v", got)
			}
		}
		got := r.heard(Asked{}, extension.Chosen{}, Counsel{Answer: extension.Answer{Action: c.action, Values: given}})
		if !slices.Equal(got.Call.Changed, c.want) || got.Action != c.action {
			t.Errorf("%s: %v", c.action, got.Call.Changed)
		}
	}
}

func TestWhoIsToBeMigrated(t *testing.T) {
	id := userflow.DefinitionID("t", ToBeMigrated)
	anna := account.Account{ID: annaID, Enabled: true, Attributes: map[string]any{id: true}}
	for rule, c := range map[string]struct {
		who  account.Account
		l    extension.Listener
		want bool
	}{
		"marked":                      {anna, extension.Listener{}, true},
		"marked by another attribute": {anna, extension.Listener{Attribute: "extension_other"}, false},
		"not marked":                  {account.Account{ID: annaID, Enabled: true, Attributes: map[string]any{id: false}}, extension.Listener{}, false},
		"a text is no mark":           {account.Account{ID: annaID, Enabled: true, Attributes: map[string]any{id: "true"}}, extension.Listener{}, false},
		"switched off":                {account.Account{ID: annaID, Attributes: map[string]any{id: true}}, extension.Listener{}, false},
		"reported by its owner":       {account.Account{ID: annaID, Enabled: true, PasswordVoid: true, Attributes: map[string]any{id: true}}, extension.Listener{}, false},
		"nobody":                      {account.Account{}, extension.Listener{}, false},
	} {
		if got := migrates("t", c.l, c.who); got != c.want {
			t.Errorf("%s: %v", rule, got)
		}
	}
}

func TestCallsAreWrittenDown(t *testing.T) {
	s := play(wantsSignUp, named, codeShown, chosen, told(atStart, "", failed))
	s.a.Facts.Advised[0].Call = record.Call{Event: string(atStart), Code: int(extension.TimedOut)}
	rec := Trace(s.a, s.next(), s.w.Now, record.Outcome{})
	if len(rec.Calls) != 1 || rec.Calls[0].Code != int(extension.TimedOut) {
		t.Errorf("recorded %+v", rec.Calls)
	}
	if code := blockedCode(s.next()); code != int(extension.TimedOut) {
		t.Errorf("the number is %d", code)
	}
}
