package policy

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"portico/app/fault"
)

func keysOf(err error) []string {
	var out []string
	if err != nil {
		for _, f := range fault.Of(err).Fields {
			out = append(out, f.Key)
		}
	}
	return out
}

func here() Known {
	k := Known{}
	k.Add(ThingUser, "ann", "Ann")
	k.Add(ThingGroup, "glass", "Break-glass")
	k.Add(ThingRole, "boss", "Global Administrator")
	k.Add(ThingApp, "home", "Home Insurance")
	k.Add(ThingApp, "auto", "Auto Insurance")
	k.Add(ThingLocation, "office", "Office")
	k.Add(ThingStrength, "ours", "Ours")
	k.Add(ThingTerms, "rules", "House rules")
	k.Add(ThingContext, "c1", "Payments")
	return k
}

// Each line is one wrong policy and the complaint about it.
func TestValidate(t *testing.T) {
	long := make([]string, MaxListed+1)
	for i := range long {
		long[i] = "ann"
	}
	session := func(f *SignInFrequency, b *PersistentBrowser) func(*Policy) {
		return func(p *Policy) { p.SessionControls = &SessionControls{SignInFrequency: f, PersistentBrowser: b} }
	}
	hours := func(n int) *SignInFrequency { return &SignInFrequency{IsEnabled: true, Type: "hours", Value: n} }
	change := func(edit func(*Policy)) func(*Policy) {
		return func(p *Policy) {
			p.Conditions.UserRiskLevels, p.GrantControls = []string{RiskHigh}, grants("AND", ControlMFA, ControlPasswordChange)
			edit(p)
		}
	}
	for _, c := range []struct {
		what string
		edit func(*Policy)
		want string
	}{
		{"right", func(p *Policy) {}, ""},
		{"no name", func(p *Policy) { p.Name = " " }, "policy.name_missing"},
		{"long name", func(p *Policy) { p.Name = strings.Repeat("ü", MaxName+1) }, "policy.name_long"},
		{"long description", func(p *Policy) { p.Description = strings.Repeat("x", MaxDescription+1) }, "policy.description_long"},
		{"state", func(p *Policy) { p.State = "maybe" }, "policy.state_unknown"},
		{"nobody", func(p *Policy) { p.Conditions.Users = Users{ExcludeUsers: []string{"ann"}} }, "policy.users_missing"},
		{"deleted user", func(p *Policy) { p.Conditions.Users.IncludeUsers = []string{"bob"} }, "policy.user_unknown"},
		{"deleted user excluded", func(p *Policy) { p.Conditions.Users.ExcludeUsers = []string{"bob"} }, "policy.user_unknown"},
		{"all cannot be excluded", func(p *Policy) { p.Conditions.Users.ExcludeUsers = []string{All} }, "policy.user_unknown policy.users_cancel"},
		{"deleted group", func(p *Policy) { p.Conditions.Users.ExcludeGroups = []string{"gone"} }, "policy.group_unknown"},
		{"no such role", func(p *Policy) { p.Conditions.Users.IncludeRoles = []string{"gone"} }, "policy.role_unknown"},
		{"none and somebody", func(p *Policy) { p.Conditions.Users.IncludeUsers = []string{None, "ann"} }, "policy.none_alone"},
		{"everybody is excluded again", func(p *Policy) {
			p.Conditions.Users = Users{IncludeUsers: []string{"ann"}, ExcludeUsers: []string{"ann"}}
		}, "policy.users_cancel"},
		{"a very long list", func(p *Policy) { p.Conditions.Users.IncludeUsers = long }, "policy.list_long"},
		{"no target", func(p *Policy) { p.Conditions.Applications = Applications{} }, "policy.target_missing"},
		{"two targets", func(p *Policy) { p.Conditions.Applications.IncludeUserActions = []string{ChangePassword} }, "policy.target_mixed"},
		{"an action but an app", func(p *Policy) {
			p.Conditions.Applications = Applications{IncludeUserActions: []string{ChangePassword}, ExcludeApplications: []string{"home"}}
		}, "policy.target_mixed"},
		{"deleted app", func(p *Policy) { p.Conditions.Applications.IncludeApplications = []string{"gone"} }, "policy.app_unknown"},
		{"none and an app", func(p *Policy) { p.Conditions.Applications.IncludeApplications = []string{None, "home"} }, "policy.none_alone"},
		{"every app is excluded again", func(p *Policy) {
			p.Conditions.Applications = Applications{IncludeApplications: []string{"home"}, ExcludeApplications: []string{"auto", "home"}}
		}, "policy.apps_cancel"},
		{"an unknown action", func(p *Policy) {
			p.Conditions.Applications = Applications{IncludeUserActions: []string{"urn:user:registerdevice"}}
		}, "policy.action_unknown"},
		{"an unknown context", func(p *Policy) { p.Conditions.Applications = Applications{IncludeContexts: []string{"c2"}} }, "policy.context_unknown"},
		{"a context", func(p *Policy) { p.Conditions.Applications = Applications{IncludeContexts: []string{"c1"}} }, ""},
		{"unknown client", func(p *Policy) { p.Conditions.ClientAppTypes = []string{"exchangeActiveSync"} }, "policy.client_unknown"},
		{"all clients and one", func(p *Policy) { p.Conditions.ClientAppTypes = []string{AnyClient, Browser} }, "policy.client_all_alone"},
		{"unknown platform", func(p *Policy) { p.Conditions.Platforms = &Platforms{Include: []string{"windowsPhone"}} }, "policy.platform_unknown"},
		{"platforms excluded from nothing", func(p *Policy) { p.Conditions.Platforms = &Platforms{Exclude: []string{"iOS"}} }, "policy.include_missing"},
		{"platforms excluded again", func(p *Policy) {
			p.Conditions.Platforms = &Platforms{Include: []string{"iOS"}, Exclude: []string{"iOS"}}
		}, "policy.platforms_cancel"},
		{"deleted place", func(p *Policy) { p.Conditions.Locations = &Locations{Include: []string{"gone"}} }, "policy.location_unknown"},
		{"places excluded from nothing", func(p *Policy) { p.Conditions.Locations = &Locations{Exclude: []string{AllTrusted}} }, "policy.include_missing"},
		{"places excluded again", func(p *Policy) {
			p.Conditions.Locations = &Locations{Include: []string{AllTrusted}, Exclude: []string{AllTrusted}}
		}, "policy.locations_cancel"},
		{"sign-in risk none", func(p *Policy) { p.Conditions.SignInRiskLevels = []string{RiskNone} }, ""},
		{"sign-in risk hidden", func(p *Policy) { p.Conditions.SignInRiskLevels = []string{"hidden"} }, "policy.risk_unknown"},
		{"user risk none", func(p *Policy) { p.Conditions.UserRiskLevels = []string{RiskNone} }, "policy.risk_unknown"},
		{"unknown flow", func(p *Policy) { p.Conditions.AuthenticationFlows = &TransferMethod{Methods: "carrierPigeon"} }, "policy.flow_unknown"},
		{"nothing to do", func(p *Policy) { p.GrantControls = nil }, "policy.controls_missing"},
		{"nothing to do, empty", func(p *Policy) { p.GrantControls = &GrantControls{Operator: "OR"} }, "policy.controls_missing"},
		{"nothing to do, switched off", session2(nil, &SignInFrequency{Type: "hours", Value: 1}), "policy.controls_missing"},
		{"operator", func(p *Policy) { p.GrantControls.Operator = "XOR" }, "policy.operator_unknown"},
		{"unknown control", func(p *Policy) { p.GrantControls.BuiltInControls = []string{"compliantDevice"} }, "policy.control_unknown"},
		{"block and more", func(p *Policy) { p.GrantControls.BuiltInControls = []string{ControlBlock, ControlMFA} }, "policy.block_alone"},
		{"block and terms", func(p *Policy) {
			p.GrantControls = &GrantControls{BuiltInControls: []string{ControlBlock}, TermsOfUse: []string{"rules"}}
		}, "policy.block_alone"},
		{"block and a session", func(p *Policy) { p.GrantControls = grants("OR", ControlBlock); session(hours(1), nil)(p) }, "policy.block_alone"},
		{"second factor and strength", func(p *Policy) { p.GrantControls.Strength = &StrengthRef{ID: "ours"} }, "policy.strength_or_mfa"},
		{"deleted strength", func(p *Policy) { p.GrantControls = &GrantControls{Strength: &StrengthRef{ID: "gone"}} }, "policy.strength_unknown"},
		{"built-in strength", func(p *Policy) { p.GrantControls = &GrantControls{Strength: &StrengthRef{ID: StrengthPasswordless}} }, ""},
		{"deleted terms", func(p *Policy) { p.GrantControls.TermsOfUse = []string{"gone"} }, "policy.terms_unknown"},
		{"16.3.7: change, right", change(func(p *Policy) {}), ""},
		{"16.3.7: change without user risk", change(func(p *Policy) { p.Conditions.UserRiskLevels = nil }), "policy.change_needs_user_risk"},
		{"16.3.7: change for one app", change(func(p *Policy) { p.Conditions.Applications.IncludeApplications = []string{"home"} }), "policy.change_needs_all_apps"},
		{"16.3.7: change but for one app", change(func(p *Policy) { p.Conditions.Applications.ExcludeApplications = []string{"home"} }), "policy.change_needs_all_apps"},
		{"16.3.7: change alone", change(func(p *Policy) { p.GrantControls.BuiltInControls = []string{ControlPasswordChange} }), "policy.change_needs_mfa"},
		{"16.3.7: change or second factor", change(func(p *Policy) { p.GrantControls.Operator = "OR" }), "policy.change_needs_mfa"},
		{"16.3.7: change and terms", change(func(p *Policy) { p.GrantControls.TermsOfUse = []string{"rules"} }), "policy.change_alone"},
		{"5.7.3: change for a risky sign-in too", change(func(p *Policy) { p.Conditions.SignInRiskLevels = []string{RiskHigh} }), "policy.change_other_condition"},
		{"5.7.3: change on one platform", change(func(p *Policy) { p.Conditions.Platforms = &Platforms{Include: []string{"iOS"}} }), "policy.change_other_condition"},
		{"5.7.3: change from one place", change(func(p *Policy) { p.Conditions.Locations = &Locations{Include: []string{"office"}} }), "policy.change_other_condition"},
		{"5.7.3: change in browsers", change(func(p *Policy) { p.Conditions.ClientAppTypes = []string{Browser} }), "policy.change_other_condition"},
		{"5.7.3: change by a code of another device", change(func(p *Policy) { p.Conditions.AuthenticationFlows = &TransferMethod{Methods: DeviceCode} }), "policy.change_other_condition"},
		{"5.7.3: change with conditions that say nothing", change(func(p *Policy) {
			p.Conditions.Platforms, p.Conditions.Locations, p.Conditions.AuthenticationFlows = &Platforms{}, &Locations{}, &TransferMethod{Methods: "none"}
			p.Conditions.ClientAppTypes = nil
		}), ""},
		{"no hours", session(hours(0), nil), "policy.frequency_bounds"},
		{"less than no hours", session(hours(-4), nil), "policy.frequency_bounds"},
		{"years of hours", session(hours(maxHours+1), nil), "policy.frequency_bounds"},
		{"more than a year", session(&SignInFrequency{IsEnabled: true, Type: "days", Value: 366}, nil), "policy.frequency_bounds"},
		{"minutes", session(&SignInFrequency{IsEnabled: true, Type: "minutes", Value: 5}, nil), "policy.frequency_unknown"},
		{"interval", session(&SignInFrequency{IsEnabled: true, FrequencyInterval: "sometimes"}, nil), "policy.frequency_unknown"},
		{"authentication type", session(&SignInFrequency{IsEnabled: true, Type: "days", Value: 1, AuthenticationType: "third"}, nil), "policy.frequency_unknown"},
		{"every time and a number", session(&SignInFrequency{IsEnabled: true, FrequencyInterval: EveryTime, Type: "hours", Value: 1}, nil), "policy.frequency_every_time"},
		{"every time", session(&SignInFrequency{IsEnabled: true, FrequencyInterval: EveryTime}, nil), ""},
		{"stay signed in perhaps", session(nil, &PersistentBrowser{IsEnabled: true, Mode: "perhaps"}), "policy.persistent_unknown"},
		{"stay signed in to one app", func(p *Policy) {
			p.Conditions.Applications.IncludeApplications = []string{"home"}
			session(nil, &PersistentBrowser{IsEnabled: true, Mode: "never"})(p)
		}, "policy.persistent_all_apps"},
	} {
		t.Run(c.what, func(t *testing.T) {
			p := everybody(nil)
			c.edit(&p)
			if got := strings.Join(keysOf(Validate(p, here())), " "); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	p := everybody(func(c *Conditions) { c.Users.IncludeUsers = []string{"whoever"} })
	if err := Validate(p, nil); err != nil {
		t.Errorf("nothing known, so only the shape counts: %v", err)
	}
}

func session2(g *GrantControls, f *SignInFrequency) func(*Policy) {
	return func(p *Policy) { p.GrantControls, p.SessionControls = g, &SessionControls{SignInFrequency: f} }
}

// A template is a policy that may be saved as it is, in report-only, with its maker out of harm's way.
func TestTemplates(t *testing.T) {
	ids := map[string]bool{}
	for _, one := range Templates() {
		p := one.Draft("ann")
		if err := Validate(p, nil); err != nil {
			t.Errorf("%s: %v", one.Name, err)
		}
		if p.State != ReportOnly || !slices.Contains(p.Conditions.Users.ExcludeUsers, "ann") || p.TemplateID != one.ID || ids[one.ID] {
			t.Errorf("%s: %+v", one.Name, p)
		}
		if len(one.Draft("").Conditions.Users.ExcludeUsers) > 0 {
			t.Errorf("%s: a draft shares its lists with the next", one.Name)
		}
		ids[one.ID] = true
		if text := Plain(Sentence(p, here())); strings.Contains(text, "deleted") && one.Scenario != "protectAdmins" {
			t.Errorf("%s: %s", one.Name, text)
		}
	}
	if len(ids) < 9 {
		t.Error(len(ids))
	}
}

func TestSentence(t *testing.T) {
	for _, c := range []struct {
		edit func(*Policy)
		want string
	}{
		{func(p *Policy) {
			p.Conditions.Users.ExcludeGroups = []string{"glass"}
			p.Conditions.Applications.IncludeApplications = []string{"home"}
			p.Conditions.Locations = &Locations{Include: []string{All}, Exclude: []string{AllTrusted}}
		}, "When anyone except Break-glass signs in to Home Insurance from outside trusted places, then require a second factor."},
		{func(p *Policy) {
			p.Conditions.Users = Users{IncludeUsers: []string{"ann", Guests}, IncludeGroups: []string{"glass"}, IncludeRoles: []string{"boss"}}
			p.Conditions.Applications.ExcludeApplications = []string{"auto", "gone"}
			p.GrantControls = grants("OR", ControlBlock)
		}, "When Ann, anyone who was invited, anyone in Break-glass or any Global Administrator signs in to any app except Auto Insurance and something deleted (gone), then block access."},
		{func(p *Policy) {
			p.Conditions.Applications = Applications{IncludeUserActions: []string{RegisterSecurityInfo}}
			p.Conditions.Platforms = &Platforms{Include: []string{"android", "iOS"}}
			p.Conditions.ClientAppTypes = []string{Browser}
			p.GrantControls = &GrantControls{Operator: "OR", BuiltInControls: []string{ControlMFA}, TermsOfUse: []string{"rules"}}
		}, "When anyone adds or changes a way to confirm it’s them on Android or iOS with a browser, then require a second factor or require agreement to House rules."},
		{func(p *Policy) {
			p.Conditions.SignInRiskLevels, p.Conditions.UserRiskLevels = []string{RiskMedium, RiskHigh}, []string{RiskHigh}
			p.GrantControls = grants("AND", ControlMFA, ControlPasswordChange)
			p.SessionControls = &SessionControls{SignInFrequency: &SignInFrequency{IsEnabled: true, FrequencyInterval: EveryTime}}
		}, "When anyone signs in to any app while the risk of the sign-in is medium or high while their own risk is high, then require a second factor and require a new password, and ask them to sign in again every time."},
		{func(p *Policy) {
			p.Conditions.Applications = Applications{IncludeContexts: []string{"c1"}}
			p.Conditions.AuthenticationFlows = &TransferMethod{Methods: DeviceCode}
			p.GrantControls = &GrantControls{Strength: &StrengthRef{ID: StrengthPhishingResistant}}
		}, "When anyone does what an app asks Payments for by a code typed on another device, then require Phishing-resistant MFA."},
		{func(p *Policy) {
			p.GrantControls = nil
			p.Conditions.Locations = &Locations{Include: []string{All}, Exclude: []string{AllTrusted, "office"}}
			p.SessionControls = &SessionControls{SignInFrequency: &SignInFrequency{IsEnabled: true, Type: "hours", Value: 1, AuthenticationType: SecondOnly},
				PersistentBrowser: &PersistentBrowser{IsEnabled: true, Mode: "never"}}
		}, "When anyone signs in to any app from anywhere but trusted places and Office, then ask for the second factor again after an hour and never keep them signed in."},
		{func(p *Policy) {
			p.Conditions = Conditions{}
			p.GrantControls = nil
		}, "When nobody signs in to no app, then do nothing."},
	} {
		p := everybody(nil)
		c.edit(&p)
		if got := Plain(Sentence(p, here())); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}

func TestWarnings(t *testing.T) {
	name := func(edit func(*Policy)) string {
		p := everybody(nil)
		edit(&p)
		var out []string
		for _, w := range p.Warnings() {
			out = append(out, w.Name)
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct {
		what string
		edit func(*Policy)
		want string
	}{
		{"all and all", func(p *Policy) {}, "allUsersAllApps noExceptions"},
		{"all and all, but somebody", func(p *Policy) { p.Conditions.Users.ExcludeGroups = []string{"glass"} }, "allUsersAllApps"},
		{"blocks everything", func(p *Policy) { p.GrantControls = grants("OR", ControlBlock) }, "blocksEverything noExceptions"},
		{"blocks a place", func(p *Policy) {
			p.GrantControls = grants("OR", ControlBlock)
			p.Conditions.Locations = &Locations{Include: []string{"office"}}
		}, "allUsersAllApps noExceptions"},
		{"one app", func(p *Policy) { p.Conditions.Applications.IncludeApplications = []string{"home"} }, ""},
		{"nobody", func(p *Policy) { p.Conditions.Users.IncludeUsers = []string{None} }, "nobody"},
		{"risk", func(p *Policy) {
			p.Conditions.Applications.IncludeApplications = []string{"home"}
			p.Conditions.SignInRiskLevels = []string{RiskHigh}
		}, "riskNeedsMethods"},
	} {
		if got := name(c.edit); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// A flow lists the policies about its apps.
func TestTouches(t *testing.T) {
	p := everybody(func(c *Conditions) { c.Applications.ExcludeApplications = []string{"auto"} })
	q := everybody(func(c *Conditions) { c.Applications = Applications{IncludeUserActions: []string{ChangePassword}} })
	if !p.Touches("home") || p.Touches("auto") || q.Touches("home") {
		t.Error("touches the wrong apps")
	}
}

// The JSON is Graph's: what was read is what is written, and no text makes anything panic.
func FuzzPolicyJSON(f *testing.F) {
	for _, one := range Templates() {
		raw, err := json.Marshal(one.Draft("ann"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(raw))
	}
	f.Add(`{"displayName":"x","state":"enabled","conditions":{"users":null,"locations":{"includeLocations":["All"]}},"grantControls":{"operator":null},"sessionControls":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var p Policy
		if json.Unmarshal([]byte(text), &p) != nil {
			return
		}
		err := Validate(p, nil)
		tidy := p.Tidied()
		if !reflect.DeepEqual(tidy, tidy.Tidied()) {
			t.Fatalf("not tidy after tidying: %+v", tidy)
		}
		raw, bad := json.Marshal(tidy)
		if bad != nil {
			return // a time out of range, for one
		}
		var again Policy
		if err := json.Unmarshal(raw, &again); err != nil {
			t.Fatal(err)
		}
		if second, _ := json.Marshal(again.Tidied()); string(second) != string(raw) {
			t.Fatalf("%s\nbecame %s", raw, second)
		}
		s := Compile([]Policy{p}, places5(), nil)
		d := s.Evaluate(Request{UserID: "ann", ClientID: "home"})
		s.Trace(d, Shown{}, true)
		if text := Plain(Sentence(p, nil)); err == nil && !strings.HasPrefix(text, "When ") {
			t.Fatal(text)
		}
		p.Warnings()
	})
}

func ExamplePlain() {
	fmt.Println(Plain(Sentence(Templates()[0].Draft(""), nil)))
	// Output: When anyone signs in to any app, then require a second factor.
}
