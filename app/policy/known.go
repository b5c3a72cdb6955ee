package policy

import "slices"

// Kind of thing that a policy can name by its id.
type ThingKind string

const (
	ThingUser     ThingKind = "user"
	ThingGroup    ThingKind = "group"
	ThingRole     ThingKind = "role"
	ThingApp      ThingKind = "application"
	ThingLocation ThingKind = "namedLocation"
	ThingStrength ThingKind = "authenticationStrength"
	ThingTerms    ThingKind = "termsOfUse"
	ThingContext  ThingKind = "authenticationContext"
)

// Thing is something that a policy names, and where: property is the JSON name of the list it stands in.
type Thing struct {
	Kind     ThingKind
	ID       string
	Property string
	Excluded bool
}

// Known tells what the things that policies name are called, by kind and id. What is not in it is gone, or
// never was. The store fills it with what the policies at hand name: nobody has a million people in it.
type Known map[ThingKind]map[string]string

// Add notes a thing.
func (k Known) Add(kind ThingKind, id, name string) {
	if k[kind] == nil {
		k[kind] = map[string]string{}
	}
	k[kind][id] = name
}

// Name of a thing; false when it is gone.
func (k Known) Name(kind ThingKind, id string) (string, bool) {
	name, ok := k[kind][id]
	return name, ok
}

// Named lists what a policy names by id, in the order of its JSON. Words that stand for many are not in it.
func (p Policy) Named() []Thing {
	var out []Thing
	add := func(kind ThingKind, property string, excluded bool, ids []string, words ...string) {
		for _, id := range ids {
			if !slices.Contains(words, id) {
				out = append(out, Thing{Kind: kind, ID: id, Property: property, Excluded: excluded})
			}
		}
	}
	u, a := p.Conditions.Users, p.Conditions.Applications
	add(ThingUser, "includeUsers", false, u.IncludeUsers, All, None, Guests)
	add(ThingUser, "excludeUsers", true, u.ExcludeUsers, All, None, Guests)
	add(ThingGroup, "includeGroups", false, u.IncludeGroups)
	add(ThingGroup, "excludeGroups", true, u.ExcludeGroups)
	add(ThingRole, "includeRoles", false, u.IncludeRoles)
	add(ThingRole, "excludeRoles", true, u.ExcludeRoles)
	add(ThingApp, "includeApplications", false, a.IncludeApplications, All, None)
	add(ThingApp, "excludeApplications", true, a.ExcludeApplications, All, None)
	add(ThingContext, "includeAuthenticationContextClassReferences", false, a.IncludeContexts)
	if l := p.Conditions.Locations; l != nil {
		add(ThingLocation, "includeLocations", false, l.Include, All, AllTrusted)
		add(ThingLocation, "excludeLocations", true, l.Exclude, All, AllTrusted)
	}
	if g := p.GrantControls; g != nil {
		add(ThingTerms, "termsOfUse", false, g.TermsOfUse)
		if g.Strength != nil {
			add(ThingStrength, "authenticationStrength", false, []string{g.Strength.ID})
		}
	}
	return out
}

// Names reports whether a policy names a thing.
func (p Policy) Names(kind ThingKind, id string) bool {
	return slices.ContainsFunc(p.Named(), func(t Thing) bool { return t.Kind == kind && t.ID == id })
}

// Missing lists what a policy names and nobody knows any more. What is excluded and gone changes nothing; what
// is included and gone stands for nobody, so the policy is about fewer than it says.
func (p Policy) Missing(k Known) []Thing {
	var out []Thing
	for _, t := range p.Named() {
		if _, ok := k.Name(t.Kind, t.ID); !ok {
			out = append(out, t)
		}
	}
	return out
}
