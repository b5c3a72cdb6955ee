package policy

import "portico/app/access"

// Template is a policy that many need (R 5.12.2), to begin with: made in report-only, with whoever makes it
// excluded.
type Template struct {
	ID          string // the vendor's, where it has one like it
	Name        string
	Description string
	Scenario    string // Graph's word: secureFoundation, zeroTrust, remoteWork, protectAdmins, emergingThreats
	// Choose says what the admin still has to choose before it says anything sensible; "" = nothing.
	Choose string // locations, applications
	policy Policy
}

// Draft is the policy that a template makes. Whoever makes it is excluded, lest they lock themselves out.
func (t Template) Draft(maker string) Policy {
	p := t.policy
	p.TemplateID, p.Name, p.Description, p.State = t.ID, t.Name, t.Description, ReportOnly
	p.Conditions.ClientAppTypes = []string{AnyClient}
	if maker != "" {
		p.Conditions.Users.ExcludeUsers = []string{maker}
	}
	return p
}

// Templates lists them. Each call makes its own, so that a draft may be changed.
func Templates() []Template {
	everyone, everything := Users{IncludeUsers: []string{All}}, Applications{IncludeApplications: []string{All}}
	grant := func(controls ...string) *GrantControls {
		return &GrantControls{Operator: "AND", BuiltInControls: controls}
	}
	var admins []string
	for _, r := range access.Roles() {
		admins = append(admins, r.ID)
	}
	return []Template{
		{ID: "a3d0a415-b068-4326-9251-f9cdf9feeb64", Name: "Second factor for everyone", Scenario: "secureFoundation",
			Description: "Everyone confirms it’s them with a second factor, in every app.",
			policy:      Policy{Conditions: Conditions{Users: everyone, Applications: everything}, GrantControls: grant(ControlMFA)}},
		{ID: "c7503427-338e-4c5e-902d-abe252abfb43", Name: "Second factor for administrators", Scenario: "protectAdmins",
			Description: "Whoever holds an administrator role shows a second factor.",
			policy:      Policy{Conditions: Conditions{Users: Users{IncludeRoles: admins}, Applications: everything}, GrantControls: grant(ControlMFA)}},
		{ID: "6b619f55-792e-45dc-9711-d83ec9d7ae90", Name: "Second factor for risky sign-ins", Scenario: "zeroTrust",
			Description: "A sign-in of medium or high risk needs a second factor each time; whoever has registered none is blocked.",
			policy: Policy{Conditions: Conditions{Users: everyone, Applications: everything, SignInRiskLevels: []string{RiskMedium, RiskHigh}},
				GrantControls:   grant(ControlMFA),
				SessionControls: &SessionControls{SignInFrequency: &SignInFrequency{IsEnabled: true, FrequencyInterval: EveryTime, AuthenticationType: BothProofs}}}},
		{ID: "634b6de7-c38d-4357-a2c7-3842706eedd7", Name: "New password for people at high risk", Scenario: "zeroTrust",
			Description: "Whose account is probably known to others shows a second factor and then chooses another password.",
			policy: Policy{Conditions: Conditions{Users: everyone, Applications: everything, UserRiskLevels: []string{RiskHigh}},
				GrantControls: grant(ControlMFA, ControlPasswordChange)}},
		{ID: "4e39a309-931e-4cb1-a371-3beea168002f", Name: "Block unknown platforms", Scenario: "zeroTrust",
			Description: "Blocks devices that say they are none of Android, iOS, Windows, macOS or Linux. What a device says proves nothing.",
			policy: Policy{Conditions: Conditions{Users: everyone, Applications: everything,
				Platforms: &Platforms{Include: []string{allPlatforms}, Exclude: PlatformNames()}}, GrantControls: grant(ControlBlock)}},
		{ID: "62e51ccc-c9c3-4554-ac70-066172c81007", Name: "Nobody stays signed in", Scenario: "remoteWork",
			Description: "Nobody is asked to stay signed in, and everyone signs in again after an hour.",
			policy: Policy{Conditions: Conditions{Users: everyone, Applications: everything},
				SessionControls: &SessionControls{
					SignInFrequency:   &SignInFrequency{IsEnabled: true, Type: "hours", Value: 1, FrequencyInterval: TimeBased, AuthenticationType: BothProofs},
					PersistentBrowser: &PersistentBrowser{IsEnabled: true, Mode: "never"}}}},
		{ID: "b8bda7f8-6584-4446-bce9-d871480e53fa", Name: "Secure registration of second factors", Scenario: "secureFoundation",
			Description: "Adding a way to confirm it’s you, outside trusted places, needs one that is there already.",
			policy: Policy{Conditions: Conditions{Users: everyone, Applications: Applications{IncludeUserActions: []string{RegisterSecurityInfo}},
				Locations: &Locations{Include: []string{All}, Exclude: []string{AllTrusted}}}, GrantControls: grant(ControlMFA)}},
		{ID: "0b2282f9-2862-4178-88b5-d79340b36cb9", Name: "Block by location", Scenario: "zeroTrust", Choose: "locations",
			Description: "Blocks sign-ins from outside trusted places, or from the places that you choose.",
			policy: Policy{Conditions: Conditions{Users: everyone, Applications: everything,
				Locations: &Locations{Include: []string{All}, Exclude: []string{AllTrusted}}}, GrantControls: grant(ControlBlock)}},
		{ID: "0b2282f9-2862-4178-88b5-d79340b36cba", Name: "Block all apps but some", Scenario: "zeroTrust", Choose: "applications",
			Description: "Blocks every app that you do not except.",
			policy:      Policy{Conditions: Conditions{Users: everyone, Applications: everything}, GrantControls: grant(ControlBlock)}},
	}
}
