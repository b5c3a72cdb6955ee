package policy

import (
	"strings"

	"portico/app/fault"
)

func contextCondition() Condition {
	return Condition{Name: "authenticationContext", Label: "Authentication contexts",
		compile: func(c *compiler, p *Policy) ask {
			if len(p.Conditions.Applications.IncludeContexts) == 0 {
				return nil
			}
			in := numbered(c.set.contexts, p.Conditions.Applications.IncludeContexts)
			return func(q *question) answer {
				if q.lacks(noContexts) {
					return unknown
				}
				return tell(in.any(q.contexts))
			}
		},
		detail: func(q *question, b *bound, a answer) string {
			if len(q.r.Contexts) == 0 {
				return "none asked for"
			}
			return strings.Join(q.r.Contexts, ", ")
		},
		words: contextWords,
		check: checkContexts,
	}
}

func contextWords(w *sentence, p *Policy) {
	if ids := p.Conditions.Applications.IncludeContexts; len(ids) > 0 {
		w.text(" does what an app asks ")
		w.list(w.names(ThingContext, ids), "or")
		w.text(" for")
	}
}

func checkContexts(p *Policy, k Known, f *fault.Fields) {
	checkList(f, "conditions.applications.includeAuthenticationContextClassReferences", p.Conditions.Applications.IncludeContexts,
		"policy.context_unknown", k.there(ThingContext))
}
