package policy

import (
	"slices"

	"portico/app/fault"
)

// people is one side of the users condition.
type people struct {
	all, guests          bool
	users, groups, roles list
}

func peopleOf(c *compiler, users, groups, roles []string) people {
	p := people{all: slices.Contains(users, All), guests: slices.Contains(users, Guests)}
	named := slices.DeleteFunc(slices.Clone(users), func(u string) bool { return u == All || u == None || u == Guests })
	p.users = numbered(c.set.users, named)
	p.groups = numbered(c.set.groups, groups)
	p.roles = numbered(c.set.roles, roles)
	return p
}

// holds says whether the person is among them. What failed to load could not be told, unless something that is
// known settles it.
func (p *people) holds(q *question) answer {
	switch {
	case p.all, p.users.has(q.user), p.groups.any(q.groups), p.roles.any(q.roles), p.guests && q.r.Guest && !q.lacks(noGuest):
		return hit
	case len(p.groups) > 0 && q.lacks(noGroups), len(p.roles) > 0 && q.lacks(noRoles), p.guests && q.lacks(noGuest):
		return unknown
	}
	return miss
}

func usersCondition() Condition {
	return Condition{Name: "users", Label: "Users",
		compile: func(c *compiler, p *Policy) ask {
			u := p.Conditions.Users
			in := peopleOf(c, u.IncludeUsers, u.IncludeGroups, u.IncludeRoles)
			out := peopleOf(c, u.ExcludeUsers, u.ExcludeGroups, u.ExcludeRoles)
			return func(q *question) answer { return without(in.holds(q), out.holds(q)) }
		},
		detail: func(q *question, b *bound, a answer) string {
			switch {
			case a == unknown:
				return "groups or roles did not load"
			case a == hit && q.r.UserID == "":
				return "a newcomer"
			case a == hit:
				return "included"
			}
			return "not included, or excluded"
		},
		words: usersWords,
		check: checkUsers,
	}
}

func usersWords(w *sentence, p *Policy) {
	u := p.Conditions.Users
	var who []Phrase
	switch {
	case slices.Contains(u.IncludeUsers, All):
		who = append(who, value("anyone"))
	default:
		for _, id := range u.IncludeUsers {
			switch id {
			case None:
			case Guests:
				who = append(who, value("anyone who was invited"))
			default:
				who = append(who, w.name(ThingUser, id))
			}
		}
		for _, id := range u.IncludeGroups {
			who = append(who, w.name(ThingGroup, id).after("anyone in "))
		}
		for _, id := range u.IncludeRoles {
			who = append(who, w.name(ThingRole, id).after("any "))
		}
	}
	if len(who) == 0 {
		who = append(who, value("nobody"))
	}
	w.list(who, "or")
	var not []Phrase
	for _, id := range u.ExcludeUsers {
		if id == Guests {
			not = append(not, value("people who were invited"))
			continue
		}
		not = append(not, w.name(ThingUser, id))
	}
	for _, id := range u.ExcludeGroups {
		not = append(not, w.name(ThingGroup, id))
	}
	for _, id := range u.ExcludeRoles {
		not = append(not, w.name(ThingRole, id))
	}
	if len(not) > 0 {
		w.text(" except ")
		w.list(not, "and")
	}
}

func checkUsers(p *Policy, k Known, f *fault.Fields) {
	u := p.Conditions.Users
	const at = "conditions.users."
	if len(u.IncludeUsers)+len(u.IncludeGroups)+len(u.IncludeRoles) == 0 {
		f.Add(at+"includeUsers", "policy.users_missing", nil)
	}
	checkList(f, at+"includeUsers", u.IncludeUsers, "policy.user_unknown", k.there(ThingUser, All, None, Guests))
	checkList(f, at+"excludeUsers", u.ExcludeUsers, "policy.user_unknown", k.there(ThingUser, Guests))
	checkList(f, at+"includeGroups", u.IncludeGroups, "policy.group_unknown", k.there(ThingGroup))
	checkList(f, at+"excludeGroups", u.ExcludeGroups, "policy.group_unknown", k.there(ThingGroup))
	checkList(f, at+"includeRoles", u.IncludeRoles, "policy.role_unknown", k.there(ThingRole))
	checkList(f, at+"excludeRoles", u.ExcludeRoles, "policy.role_unknown", k.there(ThingRole))
	if slices.Contains(u.IncludeUsers, None) && len(u.IncludeUsers)+len(u.IncludeGroups)+len(u.IncludeRoles) > 1 {
		f.Add(at+"includeUsers", "policy.none_alone", nil)
	}
	if cancels(slices.Concat(u.IncludeUsers, u.IncludeGroups, u.IncludeRoles), slices.Concat(u.ExcludeUsers, u.ExcludeGroups, u.ExcludeRoles)) {
		f.Add(at+"excludeUsers", "policy.users_cancel", nil)
	}
}
