package policy

import (
	"slices"
	"testing"
)

// A policy names ids, not words, wherever they stand; what nobody knows is missing.
func TestWhatAPolicyNames(t *testing.T) {
	p := Policy{Conditions: Conditions{
		Users: Users{IncludeUsers: []string{All, "ann"}, ExcludeUsers: []string{Guests, "bob"}, IncludeGroups: []string{"staff"},
			ExcludeGroups: []string{"glass"}, IncludeRoles: []string{"boss"}, ExcludeRoles: []string{"reader"}},
		Applications: Applications{IncludeApplications: []string{"home"}, ExcludeApplications: []string{"auto"}, IncludeContexts: []string{"c1"}},
		Locations:    &Locations{Include: []string{All}, Exclude: []string{AllTrusted, "office"}}},
		GrantControls: &GrantControls{TermsOfUse: []string{"rules"}, Strength: &StrengthRef{ID: "strong"}}}
	var ids []string
	for _, x := range p.Named() {
		ids = append(ids, x.ID)
	}
	if want := []string{"ann", "bob", "staff", "glass", "boss", "reader", "home", "auto", "c1", "office", "rules", "strong"}; !slices.Equal(ids, want) {
		t.Errorf("%v, want %v", ids, want)
	}
	if !p.Names(ThingLocation, "office") || p.Names(ThingLocation, AllTrusted) || p.Names(ThingGroup, "office") {
		t.Error("names the wrong things")
	}
	known := Known{}
	for _, x := range p.Named() {
		if x.ID != "bob" && x.ID != "office" {
			known.Add(x.Kind, x.ID, "Name of "+x.ID)
		}
	}
	missing := p.Missing(known)
	if len(missing) != 2 || missing[0].ID != "bob" || !missing[0].Excluded || missing[1].Property != "excludeLocations" {
		t.Errorf("%+v", missing)
	}
}
