package policy

import (
	"slices"

	"portico/app/fault"
)

// aimsAtApps: a policy aims at apps unless it aims at user actions or authentication contexts.
func (p *Policy) aimsAtApps() bool {
	a := p.Conditions.Applications
	return len(a.IncludeApplications) > 0 || len(a.IncludeUserActions) == 0 && len(a.IncludeContexts) == 0
}

func applicationCondition() Condition {
	return Condition{Name: "application", Label: "Applications",
		compile: func(c *compiler, p *Policy) ask {
			if !p.aimsAtApps() {
				return nil
			}
			a := p.Conditions.Applications
			all := slices.Contains(a.IncludeApplications, All)
			in := numbered(c.set.apps, slices.DeleteFunc(slices.Clone(a.IncludeApplications), func(s string) bool { return s == All || s == None }))
			out := numbered(c.set.apps, a.ExcludeApplications)
			return func(q *question) answer {
				switch {
				case q.r.Action != "" && q.r.ClientID == "": // about what people do on their own pages, and no app
					return miss
				case out.has(q.app):
					return miss
				}
				return tell(all || in.has(q.app))
			}
		},
		detail: func(q *question, b *bound, a answer) string {
			switch {
			case q.r.Action != "" && q.r.ClientID == "":
				return "not about an app"
			case a == hit:
				return "included"
			}
			return "not included, or excluded"
		},
		words: applicationWords,
		check: checkApplications,
	}
}

func applicationWords(w *sentence, p *Policy) {
	if !p.aimsAtApps() {
		return
	}
	a := p.Conditions.Applications
	w.text(" signs in to ")
	switch {
	case slices.Contains(a.IncludeApplications, All):
		w.value("any app")
	case len(a.IncludeApplications) == 0 || slices.Equal(a.IncludeApplications, []string{None}):
		w.value("no app")
	default:
		w.list(w.names(ThingApp, a.IncludeApplications), "or")
	}
	if len(a.ExcludeApplications) > 0 {
		w.text(" except ")
		w.list(w.names(ThingApp, a.ExcludeApplications), "and")
	}
}

// checkApplications looks at the target as a whole: apps, user actions or authentication contexts, one of them.
func checkApplications(p *Policy, k Known, f *fault.Fields) {
	a := p.Conditions.Applications
	const at = "conditions.applications."
	kinds := 0
	for _, n := range []int{len(a.IncludeApplications), len(a.IncludeUserActions), len(a.IncludeContexts)} {
		if n > 0 {
			kinds++
		}
	}
	switch {
	case kinds == 0:
		f.Add(at+"includeApplications", "policy.target_missing", nil)
	case kinds > 1, len(a.IncludeApplications) == 0 && len(a.ExcludeApplications) > 0:
		f.Add(at+"includeApplications", "policy.target_mixed", nil)
	}
	checkList(f, at+"includeApplications", a.IncludeApplications, "policy.app_unknown", k.there(ThingApp, All, None))
	checkList(f, at+"excludeApplications", a.ExcludeApplications, "policy.app_unknown", k.there(ThingApp))
	if slices.Contains(a.IncludeApplications, None) && len(a.IncludeApplications) > 1 {
		f.Add(at+"includeApplications", "policy.none_alone", nil)
	}
	if cancels(a.IncludeApplications, a.ExcludeApplications) {
		f.Add(at+"excludeApplications", "policy.apps_cancel", nil)
	}
}
