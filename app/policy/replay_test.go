package policy

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"portico/app/record"
)

// forAll is a policy about everybody and every app.
func forAll(id string, state State, controls ...string) Policy {
	p := Policy{ID: id, Name: id, State: state, Conditions: Conditions{Users: Users{IncludeUsers: []string{All}}, Applications: Applications{IncludeApplications: []string{All}}}}
	if len(controls) > 0 {
		p.GrantControls = &GrantControls{Operator: "AND", BuiltInControls: controls}
	}
	return p
}

func with(p Policy, edit func(*Policy)) Policy {
	edit(&p)
	return p
}

// somebody signed in a moment ago with a password, in a flow that asks for a second factor when a policy does, and
// has an authenticator app.
func somebody() Recorded {
	return Recorded{StartedAt: began, At: began.Add(40 * time.Second), Request: Request{UserID: "u", ClientID: "app",
		Inputs: record.Inputs{Switch: "conditional", Kinds: []string{"totp", "passkey"}, Enrolled: []string{"totp"}, Methods: []string{"password"},
			AuthTime: began.Add(20 * time.Second), SignInRisk: "low", ClientApp: Browser}}}
}

// Each line is a sign-in, a change of the policies, and what would have become of it.
func TestWhatAChangeMakesOfASignIn(t *testing.T) {
	none := []Policy(nil)
	mfa := []Policy{forAll("m", On, ControlMFA)}
	block := []Policy{forAll("b", On, ControlBlock)}
	risky := []Policy{with(forAll("r", On, ControlMFA), func(p *Policy) { p.Conditions.SignInRiskLevels = []string{"low"} })}
	strong := []Policy{with(forAll("s", On), func(p *Policy) {
		p.GrantControls = &GrantControls{Operator: "AND", Strength: &StrengthRef{ID: StrengthPhishingResistant}}
	})}
	terms := []Policy{with(forAll("t", On), func(p *Policy) { p.GrantControls = &GrantControls{Operator: "AND", TermsOfUse: []string{"t1"}} })}
	hourly := []Policy{with(forAll("f", On), func(p *Policy) {
		p.SessionControls = &SessionControls{SignInFrequency: &SignInFrequency{IsEnabled: true, Type: "hours", Value: 1}}
	})}
	either := []Policy{with(forAll("e", On, ControlMFA, ControlPasswordChange), func(p *Policy) { p.GrantControls.Operator = "OR" })}
	proved := func(r *Recorded) { r.MFATime, r.Methods = began.Add(30*time.Second), []string{"password", "totp"} }
	session := func(r *Recorded) { r.AuthTime = began.Add(-3 * time.Hour) }
	for name, c := range map[string]struct {
		edit        func(*Recorded)
		was, will   []Policy
		want        Change
		stopped     string
		asks, asked []string // with the draft; at present
	}{
		"nothing changes":                                      {nil, mfa, mfa, Same, "", nil, nil},
		"a second factor for everybody":                        {nil, none, mfa, Challenged, "", []string{AskMFA}, nil},
		"who has none registers one":                           {func(r *Recorded) { r.Enrolled = nil }, none, mfa, Challenged, "", []string{AskEnrol}, nil},
		"because of risk, who has none is kept out":            {func(r *Recorded) { r.Enrolled = nil }, none, risky, Blocked, StoppedNotEnrolled, nil, nil},
		"because of risk, who has one shows it":                {nil, none, risky, Challenged, "", []string{AskMFA}, nil},
		"no method that would do":                              {func(r *Recorded) { r.Enrolled, r.Kinds = nil, nil }, none, mfa, Blocked, StoppedNoMethod, nil, nil},
		"the flow's switch is off":                             {func(r *Recorded) { r.Switch = SwitchOff }, none, mfa, Same, "", nil, nil},
		"the flow always asks anyway":                          {func(r *Recorded) { r.Switch = SwitchAlways; proved(r) }, none, mfa, Same, "", []string{AskMFA}, []string{AskMFA}},
		"shown in an earlier sign-in of the session":           {func(r *Recorded) { proved(r); session(r); r.MFATime = began.Add(-time.Hour) }, none, mfa, Same, "", nil, nil},
		"shown now, but not because of a policy":               {proved, none, mfa, Same, "", nil, nil},
		"a passkey was the first factor":                       {func(r *Recorded) { r.Methods, r.MFATime = []string{"passkey"}, r.AuthTime }, none, mfa, Same, "", nil, nil},
		"no second factor any more":                            {proved, mfa, none, Freed, "", nil, []string{AskMFA}},
		"one of two policies goes":                             {proved, append(slices.Clone(mfa), forAll("m2", On, ControlMFA)), mfa, Same, "", nil, nil},
		"kept out":                                             {nil, none, block, Blocked, StoppedByPolicy, nil, nil},
		"let in":                                               {nil, block, none, Freed, "", nil, nil},
		"kept out either way":                                  {nil, block, append(slices.Clone(block), mfa...), Same, StoppedByPolicy, nil, nil},
		"only reported":                                        {nil, none, []Policy{forAll("m", ReportOnly, ControlMFA)}, Same, "", nil, nil},
		"switched off":                                         {proved, mfa, []Policy{forAll("m", Off, ControlMFA)}, Freed, "", nil, []string{AskMFA}},
		"a stronger one than they have":                        {proved, mfa, strong, Differently, "", []string{AskEnrol}, []string{AskMFA}},
		"a stronger one that they have":                        {func(r *Recorded) { proved(r); r.Enrolled = []string{"passkey"} }, mfa, strong, Differently, "", []string{AskStrength + ":" + StrengthPhishingResistant}, []string{AskMFA}},
		"terms that they have not agreed to":                   {nil, none, terms, Challenged, "", []string{AskTerms + ":t1"}, nil},
		"terms that they have agreed to":                       {func(r *Recorded) { r.Terms = []string{"t1"} }, none, terms, Same, "", nil, nil},
		"a session that would be too old":                      {session, none, hourly, Challenged, "", []string{AskSignIn}, nil},
		"a fresh sign-in is not too old":                       {nil, none, hourly, Same, "", nil, nil},
		"either: the second factor comes first":                {nil, none, either, Challenged, "", []string{AskMFA}, nil},
		"a new password, after a second factor":                {nil, none, append(slices.Clone(mfa), forAll("p", On, ControlPasswordChange)), Challenged, "", []string{AskMFA, AskPasswordChange}, nil},
		"a policy about another app":                           {nil, none, []Policy{with(forAll("o", On, ControlBlock), func(p *Policy) { p.Conditions.Applications.IncludeApplications = []string{"other"} })}, Same, "", nil, nil},
		"a group that could not be read counts as being in it": {func(r *Recorded) { r.Unknown = []string{InputGroups} }, none, []Policy{with(forAll("g", On, ControlBlock), func(p *Policy) { p.Conditions.Users = Users{IncludeGroups: []string{"g1"}} })}, Blocked, StoppedByPolicy, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := somebody()
			if c.edit != nil {
				c.edit(&r)
			}
			x := NewReplay(Rules{Policies: c.was}, Rules{Policies: c.will})
			what, was, will := x.Ask(r)
			if what != c.want {
				t.Fatalf("%s, want %s: %+v, then %+v", what, c.want, was, will)
			}
			if what != Same && (will.Stopped != c.stopped || !slices.Equal(will.Asks, c.asks) || !slices.Equal(was.Asks, c.asked)) {
				t.Errorf("%+v, then %+v", was, will)
			}
		})
	}
}

// A location or a strength that changes touches the policies that name it, and no other.
func TestAChangedPlaceTouchesItsPolicies(t *testing.T) {
	at := func(prefix string) []Location {
		return []Location{{ID: "office", Name: "Office", Trusted: true, Ranges: []netip.Prefix{netip.MustParsePrefix(prefix)}}}
	}
	away := with(forAll("away", On, ControlBlock), func(p *Policy) {
		p.Conditions.Locations = &Locations{Include: []string{All}, Exclude: []string{AllTrusted}}
	})
	r := somebody()
	r.Signals.IP = netip.MustParseAddr("203.0.113.9")
	x := NewReplay(Rules{Policies: []Policy{away}, Locations: at("203.0.113.0/24")}, Rules{Policies: []Policy{away}, Locations: at("198.51.100.0/24")})
	if what, _, _ := x.Ask(r); what != Blocked {
		t.Error(what)
	}
	if x := NewReplay(Rules{Policies: []Policy{forAll("m", On, ControlMFA)}, Locations: at("203.0.113.0/24")}, Rules{Policies: []Policy{forAll("m", On, ControlMFA)}}); !x.Nothing() {
		t.Error("a place that no policy names makes a difference")
	}
}

// random makes rules and sign-ins out of few words, so that they meet.
type random struct{ *rand.Rand }

func (r random) one(words ...string) string { return words[r.IntN(len(words))] }

func (r random) some(words ...string) []string {
	var out []string
	for _, w := range words {
		if r.IntN(2) == 0 {
			out = append(out, w)
		}
	}
	return out
}

func (r random) rules() Rules {
	out := Rules{Locations: []Location{{ID: "l1", Name: "Office", Trusted: true, Ranges: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}, {ID: "l2", Name: "Abroad", Countries: []string{"FR"}, IncludeUnknown: r.IntN(2) == 0}}}
	for i := range r.IntN(6) {
		p := Policy{ID: fmt.Sprint("p", i), Name: "P", State: State(r.one(string(On), string(On), string(ReportOnly), string(Off)))}
		p.Conditions.Users = Users{IncludeUsers: []string{r.one(All, "u1", Guests)}, ExcludeUsers: r.some("u1"), IncludeGroups: r.some("g1"), ExcludeGroups: r.some("g2")}
		p.Conditions.Applications = Applications{IncludeApplications: []string{r.one(All, "a1", "a2")}, ExcludeApplications: r.some("a2")}
		if r.IntN(3) == 0 {
			p.Conditions.Locations = &Locations{Include: []string{r.one(All, "l1", "l2", AllTrusted)}, Exclude: r.some("l1")}
		}
		if r.IntN(3) == 0 {
			p.Conditions.Platforms = &Platforms{Include: []string{r.one(AnyClient, "iOS", "windows")}, Exclude: r.some("windows")}
		}
		if r.IntN(3) == 0 {
			p.Conditions.SignInRiskLevels = []string{r.one("low", "high", "none")}
		}
		p.GrantControls = &GrantControls{Operator: r.one("AND", "OR"), BuiltInControls: []string{r.one(ControlMFA, ControlMFA, ControlPasswordChange, ControlBlock)}}
		if p.GrantControls.BuiltInControls[0] != ControlBlock && r.IntN(4) == 0 {
			p.GrantControls.Strength = &StrengthRef{ID: r.one(StrengthMFA, StrengthPhishingResistant, "gone")}
		}
		if r.IntN(5) == 0 {
			p.SessionControls = &SessionControls{SignInFrequency: &SignInFrequency{IsEnabled: true, Type: "hours", Value: 1 + r.IntN(5)}}
		}
		out.Policies = append(out.Policies, p)
	}
	return out
}

func (r random) signIn() record.SignIn {
	in := record.Inputs{Groups: r.some("g1", "g2"), Guest: r.IntN(2) == 0, ClientApp: Browser, SignInRisk: r.one("none", "low", "high"), UserRisk: "none",
		Switch: r.one("off", "alwaysOn", "conditional"), Kinds: r.some("totp", "passkey"), Methods: []string{"password"}, AuthTime: began.Add(-time.Duration(r.IntN(300)) * time.Minute)}
	in.Enrolled = slices.DeleteFunc(r.some("totp", "passkey"), func(k string) bool { return !slices.Contains(in.Kinds, k) })
	if r.IntN(2) == 0 {
		in.MFATime, in.Methods = in.AuthTime.Add(time.Second), append(in.Methods, r.one("totp", "passkey"))
	}
	if r.IntN(6) == 0 {
		in.Unknown = r.some(InputGroups, InputLocation, InputSignInRisk)
	}
	s := record.SignIn{ID: fmt.Sprint(r.Uint64()), User: record.Party{ID: r.one("u1", "u2", "")}, App: record.Party{ID: r.one("a1", "a2", "a3")}, Protocol: r.one("openid", "refresh"),
		StartedAt: began, EndedAt: began.Add(time.Minute), Inputs: &in, Outcome: record.Outcome{Result: record.Success}}
	s.Signals = record.Signals{Country: r.one("", "DE", "FR"), Platform: r.one("", "iOS", "windows"), PlaceFailed: r.IntN(8) == 0}
	if r.IntN(4) > 0 {
		s.Signals.IP = netip.MustParseAddr(r.one("203.0.113.7", "198.51.100.2", "2001:db8::1"))
	}
	return s
}

// The same set asked about a recorded sign-in says the same again, from the whole record and from the packed one.
func TestAnUnchangedSetSaysTheSameAgain(t *testing.T) {
	r := random{rand.New(rand.NewPCG(1, 2))}
	c := NewCodec()
	for range 3000 {
		rules, s := r.rules(), r.signIn()
		set := rules.Compile()
		q, _ := RequestOf(s)
		s.Policies = set.Trace(set.Evaluate(q), ShownOf(q.Inputs), true)
		rec, _ := RecordedOf(s)
		back, err := c.UnpackAll(c.Pack(rec))
		if err != nil {
			t.Fatal(err)
		}
		again := set.Trace(set.Evaluate(back.Request), ShownOf(back.Inputs), true)
		if len(again)+len(s.Policies) > 0 && !reflect.DeepEqual(again, s.Policies) {
			t.Fatalf("%+v\nwas %+v\nnow %+v", s, s.Policies, again)
		}
		for i, p := range again {
			if back.Policies[i] != (Said{p.ID, p.Result}) {
				t.Fatalf("%+v, packed %+v", p, back.Policies[i])
			}
		}
		if x := NewReplay(rules, rules); !x.Nothing() {
			t.Fatal("an unchanged set makes a difference")
		}
	}
}

// Asking only what the change touches gives what asking everything gives.
func TestWhatAChangeDoesNotTouchMakesNoDifference(t *testing.T) {
	r := random{rand.New(rand.NewPCG(3, 4))}
	counts := map[Change]int{}
	for range 4000 {
		present, draft := r.rules(), r.rules()
		if r.IntN(2) == 0 { // most of it stays
			draft.Policies = append(slices.Clone(present.Policies), draft.Policies[:min(1, len(draft.Policies))]...)
			for i := range draft.Policies {
				draft.Policies[i].ID = fmt.Sprint("p", i)
			}
		}
		x := NewReplay(present, draft)
		for range 4 {
			rec, _ := RecordedOf(r.signIn())
			got, _, _ := x.Ask(rec)
			d, e := present.Compile().Evaluate(rec.Request), draft.Compile().Evaluate(rec.Request)
			demanded, _ := d.asksForSecond()
			given := Given(rec, demanded || rec.Switch == SwitchAlways)
			want := Compare(d.Outcome(rec.Inputs, given, rec.At), e.Outcome(rec.Inputs, given, rec.At))
			if got != want {
				t.Fatalf("%s, want %s\n%+v\n%+v\n%+v", got, want, present, draft, rec)
			}
			counts[got]++
		}
	}
	for _, c := range append(Changes(), Same) {
		if counts[c] < 10 {
			t.Errorf("the test hardly met %q: %v", c, counts)
		}
	}
}

// A report that was put away half-way and gone on with is the one that was made in one go.
func TestATallyGoesOnWhereItStopped(t *testing.T) {
	r := random{rand.New(rand.NewPCG(5, 6))}
	x := NewReplay(Rules{}, Rules{Policies: []Policy{forAll("m", On, ControlMFA)}})
	whole, part := NewTally(), NewTally()
	for i := range 500 {
		s := r.signIn()
		rec, _ := RecordedOf(s)
		what, was, will := x.Ask(rec)
		for _, t := range []*Tally{whole, part} {
			t.Add(s.ID, rec, 1+int64(i%3), what, was, will)
			t.Skip(1)
		}
		if i%90 == 0 {
			var err error
			if part, err = ResumeTally(part.State()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if a, b := whole.Report(), part.Report(); !reflect.DeepEqual(a, b) {
		t.Errorf("%+v\n%+v", a, b)
	}
	if got := whole.Report(); got.Asked != 999 || got.Unasked != 500 || got.People[Challenged] != 2 || len(got.Apps) != 3 {
		t.Errorf("%+v", got)
	}
}
