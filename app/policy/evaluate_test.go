package policy

import (
	"slices"
	"testing"
	"time"

	"portico/app/record"
)

func grants(operator string, controls ...string) *GrantControls {
	return &GrantControls{Operator: operator, BuiltInControls: controls}
}

func does(state State, g *GrantControls) Policy {
	p := everybody(nil)
	p.State, p.GrantControls = state, g
	return p
}

// R 16.3 and R 5.10: what a policy comes to, given what was shown, and what the log calls it.
func TestResults(t *testing.T) {
	at := time.Unix(1, 0)
	nothing, second := Shown{Methods: []string{"password"}}, Shown{Methods: []string{"password", "totp"}, MFA: at}
	changed := second
	changed.PasswordChanged = true
	off := Shown{Methods: []string{"password"}, MFAOff: true}
	elsewhere := everybody(func(c *Conditions) { c.Applications.IncludeApplications = []string{"other"} })
	elsewhereReport := elsewhere
	elsewhereReport.State = ReportOnly
	strength := func(state State, id string) Policy {
		return does(state, &GrantControls{Operator: "AND", Strength: &StrengthRef{ID: id}})
	}
	terms := does(On, &GrantControls{Operator: "AND", TermsOfUse: []string{"rules"}})
	for _, c := range []struct {
		what  string
		p     Policy
		shown Shown
		final bool
		block bool
		unmet int
		want  string
	}{
		{"3: block", does(On, grants("OR", ControlBlock)), second, true, true, 0, Failure},
		{"4: report-only block", does(ReportOnly, grants("OR", ControlBlock)), second, true, false, 0, ReportOnlyFailure},
		{"5: report-only second factor", does(ReportOnly, grants("OR", ControlMFA)), nothing, true, false, 0, ReportOnlyInterrupted},
		{"report-only second factor, shown", does(ReportOnly, grants("OR", ControlMFA)), second, true, false, 0, ReportOnlySuccess},
		{"report-only, elsewhere", elsewhereReport, nothing, true, false, 0, ReportOnlyNotApplied},
		{"off", does(Off, grants("OR", ControlBlock)), nothing, true, false, 0, NotEnabled},
		{"elsewhere", elsewhere, nothing, true, false, 0, NotApplied},
		{"second factor, not over yet", does(On, grants("AND", ControlMFA)), nothing, false, false, 1, Interrupted},
		{"second factor, over", does(On, grants("AND", ControlMFA)), nothing, true, false, 1, Failure},
		{"second factor, shown", does(On, grants("AND", ControlMFA)), second, true, false, 0, Success},
		{"second factor, the flow never asks", does(On, grants("AND", ControlMFA)), off, true, false, 0, Success},
		{"block, though the flow never asks", does(On, grants("AND", ControlBlock)), off, true, true, 0, Failure},
		{"6: second factor or change, shown", does(On, grants("OR", ControlMFA, ControlPasswordChange)), second, true, false, 0, Success},
		{"second factor and change, shown", does(On, grants("AND", ControlMFA, ControlPasswordChange)), second, false, false, 1, Interrupted},
		{"second factor and change, both", does(On, grants("AND", ControlMFA, ControlPasswordChange)), changed, true, false, 0, Success},
		{"no operator is AND", does(On, grants("", ControlMFA, ControlPasswordChange)), second, false, false, 1, Interrupted},
		{"terms", terms, second, true, false, 1, Failure},
		{"terms, accepted", terms, Shown{Terms: []string{"rules"}}, true, false, 0, Success},
		{"a control that is none of ours is not skipped", does(On, grants("AND", "compliantDevice")), second, false, false, 1, Failure},
		{"report-only, a control that is none of ours", does(ReportOnly, grants("AND", "compliantDevice")), second, true, false, 0, ReportOnlyFailure},
		{"strength MFA", strength(On, StrengthMFA), second, true, false, 0, Success},
		{"strength against phishing, a code", strength(On, StrengthPhishingResistant), second, false, false, 1, Interrupted},
		{"strength against phishing, a passkey", strength(On, StrengthPhishingResistant), Shown{Methods: []string{"passkey"}, MFA: at}, true, false, 0, Success},
		{"strength, shown too long ago", strength(On, StrengthMFA), Shown{Methods: []string{"password", "totp"}}, false, false, 1, Interrupted},
		{"a strength that is gone cannot be shown", strength(On, "gone"), second, false, false, 1, Failure},
		{"a strength rests with the switch", strength(On, StrengthPhishingResistant), off, true, false, 0, Success},
		{"a state that is none of ours is on", does("sometimes", grants("OR", ControlBlock)), nothing, true, true, 0, Failure},
		{"no state is on", does("", grants("AND", ControlMFA)), nothing, true, false, 1, Failure},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := Compile([]Policy{c.p}, nil, nil)
			d := s.Evaluate(Request{UserID: "ann", ClientID: "home"})
			if d.Block != c.block {
				t.Errorf("block %v", d.Block)
			}
			if n := len(d.Unmet(c.shown)); n != c.unmet {
				t.Errorf("%d unmet, want %d", n, c.unmet)
			}
			if got := s.Trace(d, c.shown, c.final)[0].Result; got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// R 16.3.2: whatever the order of the policies, people are asked for the second factor, then for a password, then
// for the terms; the same demand of two policies is one, and because of risk when one of them says so.
func TestOrderOfPrompts(t *testing.T) {
	risk := everybody(func(c *Conditions) { c.UserRiskLevels = []string{RiskHigh} })
	risk.GrantControls = grants("AND", ControlPasswordChange, ControlMFA)
	terms := does(On, &GrantControls{Operator: "AND", TermsOfUse: []string{"rules"}})
	strong := does(On, &GrantControls{Operator: "AND", Strength: &StrengthRef{ID: StrengthMFA}})
	r := Request{UserID: "ann", ClientID: "home", Inputs: record.Inputs{UserRisk: RiskHigh}}
	want := []Kind{KindMFA, KindStrength, KindPasswordChange, KindTerms}
	for _, order := range [][]Policy{{terms, risk, strong, does(On, grants("AND", ControlMFA))}, {does(On, grants("OR", ControlMFA)), strong, risk, terms}} {
		d := Compile(order, nil, nil).Evaluate(r)
		var got []Kind
		for _, c := range d.Clauses {
			got = append(got, c.AnyOf[0].Kind)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v", got)
		}
		if !d.Clauses[0].Risk || d.Clauses[1].Risk {
			t.Errorf("risk: %+v", d.Clauses)
		}
		if asks, because := d.Asks(KindMFA); !asks || !because {
			t.Error("a second factor because of risk is not seen")
		}
	}
}

// R 5.8: how old proofs may be, and who stays signed in.
func TestSessionControls(t *testing.T) {
	frequency := func(f SignInFrequency) Policy {
		p := does(On, nil)
		f.IsEnabled = true
		p.SessionControls = &SessionControls{SignInFrequency: &f}
		return p
	}
	browser := func(mode string, edit func(*Conditions)) Policy {
		p := everybody(edit)
		p.GrantControls, p.SessionControls = nil, &SessionControls{PersistentBrowser: &PersistentBrowser{IsEnabled: true, Mode: mode}}
		return p
	}
	lost := func(c *Conditions) { c.SignInRiskLevels = []string{RiskHigh} }
	for _, c := range []struct {
		what   string
		p      []Policy
		want   Frequency
		never  bool
		always bool
	}{
		{"hours", []Policy{frequency(SignInFrequency{Type: "hours", Value: 4})}, Frequency{Any: 4 * time.Hour, Second: 4 * time.Hour}, false, false},
		{"days, second factor only", []Policy{frequency(SignInFrequency{Type: "days", Value: 2, AuthenticationType: SecondOnly})}, Frequency{Second: 48 * time.Hour}, false, false},
		{"every time", []Policy{frequency(SignInFrequency{FrequencyInterval: EveryTime})}, Frequency{EveryTime: true, EverySecond: true}, false, false},
		{"every time, second only", []Policy{frequency(SignInFrequency{FrequencyInterval: EveryTime, AuthenticationType: SecondOnly})}, Frequency{EverySecond: true}, false, false},
		{"the shortest wins", []Policy{frequency(SignInFrequency{Type: "days", Value: 1}), frequency(SignInFrequency{Type: "hours", Value: 2, AuthenticationType: SecondOnly})},
			Frequency{Any: 24 * time.Hour, Second: 2 * time.Hour}, false, false},
		{"nonsense is the strictest", []Policy{frequency(SignInFrequency{Type: "hours", Value: -1})}, Frequency{EveryTime: true, EverySecond: true}, false, false},
		{"never", []Policy{browser("never", nil)}, Frequency{}, true, false},
		{"always", []Policy{browser("always", nil)}, Frequency{}, false, true},
		{"never wins", []Policy{browser("always", nil), browser("never", nil)}, Frequency{}, true, false},
		{"always, when it could not be told, loosens nothing", []Policy{browser("always", lost)}, Frequency{}, false, false},
		{"never, when it could not be told, holds", []Policy{browser("never", lost)}, Frequency{}, true, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			d := Compile(c.p, nil, nil).Evaluate(Request{UserID: "ann", ClientID: "home", Inputs: record.Inputs{Unknown: []string{InputSignInRisk}}})
			if d.Frequency != c.want || d.NeverPersistent != c.never || d.AlwaysPersistent != c.always {
				t.Errorf("%+v never %v always %v", d.Frequency, d.NeverPersistent, d.AlwaysPersistent)
			}
		})
	}
}

// R 16.3.10: four hours are over at 4 h 01; every time asks once in five minutes.
func TestStale(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for _, c := range []struct {
		what           string
		f              Frequency
		auth, second   time.Time
		person, factor bool
	}{
		{"no limit", Frequency{}, ago(9000 * time.Hour), ago(9000 * time.Hour), false, false},
		{"within", Frequency{Any: 4 * time.Hour}, ago(4 * time.Hour), time.Time{}, false, false},
		{"over", Frequency{Any: 4 * time.Hour}, ago(4*time.Hour + time.Minute), time.Time{}, true, false},
		{"second over", Frequency{Any: 4 * time.Hour, Second: 4 * time.Hour}, ago(time.Hour), ago(5 * time.Hour), false, true},
		{"second never shown is not old", Frequency{Second: time.Hour}, ago(5 * time.Hour), time.Time{}, false, false},
		{"every time, a moment ago", Frequency{EveryTime: true, EverySecond: true}, ago(4 * time.Minute), ago(4 * time.Minute), false, false},
		{"every time, six minutes ago", Frequency{EveryTime: true, EverySecond: true}, ago(6 * time.Minute), ago(6 * time.Minute), true, true},
		{"every time beats hours", Frequency{EveryTime: true, Any: 4 * time.Hour}, ago(time.Hour), time.Time{}, true, false},
	} {
		if person, factor := c.f.Stale(c.auth, c.second, now); person != c.person || factor != c.factor {
			t.Errorf("%s: %v %v", c.what, person, factor)
		}
	}
}

// A set says which facts it looks at, those of policies that are off too.
func TestNeeds(t *testing.T) {
	off := everybody(func(c *Conditions) { c.Users.ExcludeGroups = []string{"g"}; c.Users.ExcludeUsers = []string{Guests} })
	off.State = Off
	for _, c := range []struct {
		p    []Policy
		want Needs
	}{
		{nil, Needs{}},
		{[]Policy{everybody(nil)}, Needs{}},
		{[]Policy{off}, Needs{Groups: true, Guest: true}},
		{[]Policy{everybody(func(c *Conditions) { c.Users.IncludeRoles = []string{"r"} })}, Needs{Roles: true}},
		{[]Policy{does(On, &GrantControls{TermsOfUse: []string{"t"}})}, Needs{Terms: true}},
	} {
		if got := Compile(c.p, nil, nil).Needs(); got != c.want {
			t.Errorf("%+v, want %+v", got, c.want)
		}
	}
	var none *Set
	if d := none.Evaluate(Request{}); d.Block || len(d.Results) > 0 || none.Needs() != (Needs{}) || none.Trace(d, Shown{}, true) != nil {
		t.Error("a nil set is one without policies")
	}
}

// What-If's word for why a policy does not apply (R 16.3.12).
func TestReasons(t *testing.T) {
	p := everybody(func(c *Conditions) {
		c.Locations, c.SignInRiskLevels = &Locations{Include: []string{"europe"}}, []string{RiskHigh}
	})
	d := Compile([]Policy{p}, places5(), nil).Evaluate(Request{UserID: "ann", ClientID: "home"})
	if got := d.Results[0].Reasons(On); got != "location,signInRisk" || d.Results[0].FirstUnmet() != "location" {
		t.Errorf("%q, first %q", got, d.Results[0].FirstUnmet())
	}
	if got := d.Results[0].Reasons(Off); got != "policyNotEnabled" {
		t.Error(got)
	}
	d = Compile([]Policy{p}, places5(), nil).Evaluate(Request{UserID: "ann", ClientID: "home", Signals: record.Signals{Country: "DE"}, Inputs: record.Inputs{SignInRisk: RiskHigh}})
	if got := d.Results[0].Reasons(On); got != "notSet" {
		t.Error(got)
	}
}

// Strengths: combinations, in whatever order they were shown, and models of passkeys.
func TestStrengths(t *testing.T) {
	built := map[string]Strength{}
	for _, s := range BuiltInStrengths() {
		built[s.ID] = s
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
	}
	const model = "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"
	own := Strength{Name: "Ours", Combinations: []string{modePasskey, "password,sms"}, AAGUIDs: []string{model}}
	for _, c := range []struct {
		what    string
		s       Strength
		kinds   []string
		aaguids []string
		want    bool
	}{
		{"password and authenticator", built[StrengthMFA], []string{"totp", "password"}, nil, true},
		{"password and text", built[StrengthMFA], []string{"password", "sms"}, nil, true},
		{"password and mail", built[StrengthMFA], []string{"password", "email"}, nil, true},
		{"password and recovery code", built[StrengthMFA], []string{"password", "recovery"}, nil, true},
		{"mail and authenticator", built[StrengthMFA], []string{"email", "totp"}, nil, true},
		{"passkey", built[StrengthMFA], []string{"passkey"}, nil, true},
		{"password alone", built[StrengthMFA], []string{"password"}, nil, false},
		{"mail alone", built[StrengthMFA], []string{"email", "email"}, nil, false},
		{"something unheard of", built[StrengthMFA], []string{"password", "voice"}, nil, false},
		{"no password: passkey", built[StrengthPasswordless], []string{"passkey"}, nil, true},
		{"no password: codes", built[StrengthPasswordless], []string{"email", "totp"}, nil, false},
		{"phishing: password and authenticator", built[StrengthPhishingResistant], []string{"password", "totp"}, nil, false},
		{"phishing: password and passkey", built[StrengthPhishingResistant], []string{"password", "passkey"}, nil, true},
		{"a model", own, []string{"passkey"}, []string{"EA9B8D66-4d01-1d21-3ce4-b6b48cb575d4"}, true},
		{"another model", own, []string{"passkey"}, []string{"00000000-0000-0000-0000-000000000000"}, false},
		{"a model that nobody knows", own, []string{"passkey"}, nil, false},
		{"the other combination", own, []string{"password", "sms"}, nil, true},
	} {
		if got := c.s.MetBy(c.kinds, c.aaguids); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}
