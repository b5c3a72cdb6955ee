package admin

import (
	"slices"
	"strings"

	"portico/app/openid"
	"portico/app/policy"
	"portico/app/userflow"
	"portico/models"
	views "portico/views/admin"
)

// everywhere reports whether a policy is about everybody in every application, whatever the conditions.
func everywhere(p policy.Policy) bool {
	return slices.Contains(p.Conditions.Users.IncludeUsers, policy.All) && slices.Contains(p.Conditions.Applications.IncludeApplications, policy.All)
}

// suppressed lists the user flows whose switch is off although a policy asks people of their applications for a
// second factor (F186): there nobody is asked.
func suppressed(dir *models.Directory, p policy.Policy) []*userflow.Flow {
	var out []*userflow.Flow
	if !p.Asks(policy.KindMFA) && !p.Asks(policy.KindPasswordChange) {
		return nil
	}
	for _, f := range dir.Flows {
		if f.MFA.Enforcement == userflow.MFAOff && slices.ContainsFunc(appsOfFlow(dir, f.ID), func(cl *openid.Client) bool { return p.Touches(cl.ID) }) {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b *userflow.Flow) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	return out
}

// appsOfFlow are the applications of a user flow, by name.
func appsOfFlow(dir *models.Directory, flowID string) []*openid.Client {
	var out []*openid.Client
	for _, cl := range sortedClients(dir) {
		if dir.FlowOf[cl.ID] == flowID {
			out = append(out, cl)
		}
	}
	return out
}

// policyWarnings say what must be known about a policy before it is on; they refuse nothing.
func (v *visit) policyWarnings(p policy.Policy, known policy.Known) []views.Notice {
	var out []views.Notice
	warn := func(title, text string, links ...views.Link) {
		out = append(out, views.Notice{Tone: "warn", Title: title, Text: text, Links: links})
	}
	if p.State != policy.Off {
		_, staff := v.myself()
		for _, w := range p.Warnings() {
			if w.Name == "allUsersAllApps" && !staff { // no admin is a customer here
				w.Text = "This is about all users and all apps, also those that are registered later."
			}
			warn(w.Text, "")
		}
	}
	return append(out, v.policyConflicts(p, known)...)
}

// policyConflicts say where a policy cannot do what it says: a user flow's switch stands against it, or something
// that it names is gone.
func (v *visit) policyConflicts(p policy.Policy, known policy.Known) []views.Notice {
	var out []views.Notice
	warn := func(title, text string, links ...views.Link) {
		out = append(out, views.Notice{Tone: "warn", Title: title, Text: text, Links: links})
	}
	if flows := suppressed(v.dir, p); len(flows) > 0 {
		names, links := make([]string, len(flows)), make([]views.Link, len(flows))
		for i, f := range flows {
			names[i] = "“" + f.Name + "”"
			links[i] = views.Link{Label: "Open “" + f.Name + "”", Href: v.flowBase(f.ID)}
		}
		warn("Nobody is asked in "+andList(names)+", where MFA enforcement is Off", "Whatever this policy asks for, the applications of that user flow do not ask for a second factor; blocks hold all the same. Set it to Conditional, so that the policy decides.", links...)
	}
	if gone := p.Missing(known); len(gone) > 0 {
		var included, excluded []string
		for _, t := range gone {
			if t.Excluded {
				excluded = append(excluded, thingWord(t.Kind))
			} else {
				included = append(included, thingWord(t.Kind))
			}
		}
		if len(included) > 0 {
			warn("It names what is not there any more", "Included, and gone: "+counted(included)+". That part stands for nobody, so the policy is about fewer than it says.")
		}
		if len(excluded) > 0 {
			warn("An exception is not there any more", "Excluded, and gone: "+counted(excluded)+". That changes nothing; it can be taken out.")
		}
	}
	return out
}

// mustConfirm reports whether saving asks for a tick first (F183).
func mustConfirm(p policy.Policy) bool { return p.State == policy.On && everywhere(p) }

func thingWord(k policy.ThingKind) string {
	switch k {
	case policy.ThingUser:
		return "person"
	case policy.ThingGroup:
		return "group"
	case policy.ThingRole:
		return "role"
	case policy.ThingApp:
		return "application"
	case policy.ThingLocation:
		return "named location"
	case policy.ThingStrength:
		return "authentication strength"
	case policy.ThingTerms:
		return "text of terms"
	}
	return "authentication context"
}

// counted joins words with how often each is said: "2 people, 1 group".
func counted(words []string) string {
	var order []string
	n := map[string]int64{}
	for _, w := range words {
		if n[w]++; n[w] == 1 {
			order = append(order, w)
		}
	}
	for i, w := range order {
		plural := w + "s"
		if w == "person" {
			plural = "people"
		}
		order[i] = grouped(n[w]) + " " + choose(n[w] == 1, w, plural)
	}
	return strings.Join(order, ", ")
}
