package seed

import (
	"context"
	"net/netip"
	"slices"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/policy"
	"portico/app/record"
	"portico/models"
)

// breakGlass is the group of those whom no policy touches.
const breakGlass = "Break-glass accounts"

// samplePlaces are the company's named locations: where its people work, and where it does business.
func samplePlaces(tenantID string) []policy.Location {
	var countries []string
	for _, l := range lands() {
		countries = append(countries, l.country)
	}
	slices.Sort(countries)
	return []policy.Location{
		{ID: derivedID(tenantID, "place offices"), Name: "Offices", Trusted: true,
			Ranges: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8:f00d::/48")}},
		{ID: derivedID(tenantID, "place countries"), Name: "Where we sell", Countries: slices.Compact(countries)},
	}
}

// samplePolicies are the story of the brief, everyone, but only the home insurance asks for a second factor, and
// two about risk: one tried out first, one at work.
func samplePolicies(tenantID, except string) []policy.Policy {
	all := policy.Applications{IncludeApplications: []string{policy.All}}
	rule := func(id, name, words string, state policy.State, on policy.Applications, controls ...string) policy.Policy {
		p := policy.Policy{ID: derivedID(tenantID, "policy "+id), Name: name, Description: words, State: state,
			Conditions:    policy.Conditions{Users: policy.Users{IncludeUsers: []string{policy.All}}, Applications: on, ClientAppTypes: []string{policy.AnyClient}},
			GrantControls: &policy.GrantControls{Operator: "AND", BuiltInControls: controls}}
		if except != "" {
			p.Conditions.Users.ExcludeGroups = []string{except}
		}
		return p
	}
	home := rule("home", "Second factor for Home Insurance", "Claims are paid out there, so a password or a mailed code is not enough.", policy.On,
		policy.Applications{IncludeApplications: []string{derivedID(tenantID, "home")}}, policy.ControlMFA)
	risky := rule("risky", "Risky sign-ins", "Tried out: who would be kept out if sign-ins of medium or high risk were refused?", policy.ReportOnly, all, policy.ControlBlock)
	risky.Conditions.SignInRiskLevels = []string{"medium", "high"}
	reported := rule("reported", "Password change for high user risk", "Whoever reports a sign-in that was not theirs, or is known to be compromised, chooses a new password after a second factor.",
		policy.On, all, policy.ControlMFA, policy.ControlPasswordChange)
	reported.Conditions.UserRiskLevels = []string{"high"}
	return []policy.Policy{home, risky, reported}
}

// ensurePolicies gives the new company its Conditional Access.
func ensurePolicies(ctx context.Context, dir *models.Tenant) error {
	group := derivedID(dir.ID, "group "+breakGlass)
	_, err := dir.CreateGroup(ctx, actor(), account.Group{ID: group, Name: breakGlass, Description: "For the day on which something goes wrong: no policy touches who is in here."})
	if unlessTaken(err) != nil {
		return err
	}
	if _, err := dir.Group(ctx, group); fault.Is(err, fault.NotFound) { // somebody has another of that name
		group = ""
	} else if err != nil {
		return err
	}
	for _, l := range samplePlaces(dir.ID) {
		if _, err := dir.CreateLocation(ctx, actor(), l); unlessTaken(err) != nil {
			return err
		}
	}
	for _, p := range samplePolicies(dir.ID, group) {
		if _, err := dir.CreatePolicy(ctx, actor(), p, record.Signals{}); unlessTaken(err) != nil {
			return err
		}
	}
	return nil
}
