package policy

import (
	"slices"

	"portico/app/fault"
)

// UserActions lists what people do on their own pages that a policy can aim at.
func UserActions() []string { return []string{RegisterSecurityInfo, ChangePassword, DeleteAccount} }

func userActionsCondition() Condition {
	return Condition{Name: "userActions", Label: "User actions",
		compile: func(c *compiler, p *Policy) ask {
			actions := p.Conditions.Applications.IncludeUserActions
			if len(actions) == 0 {
				return nil
			}
			return func(q *question) answer { return tell(q.r.Action != "" && slices.Contains(actions, q.r.Action)) }
		},
		detail: func(q *question, b *bound, a answer) string {
			if q.r.Action == "" {
				return "no user action"
			}
			return q.r.Action
		},
		words: userActionsWords,
		check: checkUserActions,
	}
}

// ActionWords says a user action in the words of a sentence about somebody.
func ActionWords(action string) string {
	switch action {
	case RegisterSecurityInfo:
		return "adds or changes a way to confirm it’s them"
	case ChangePassword:
		return "changes their password"
	case DeleteAccount:
		return "deletes their account"
	}
	return action
}

func userActionsWords(w *sentence, p *Policy) {
	var what []Phrase
	for _, a := range p.Conditions.Applications.IncludeUserActions {
		what = append(what, value(ActionWords(a)))
	}
	if len(what) > 0 {
		w.text(" ")
		w.list(what, "or")
	}
}

func checkUserActions(p *Policy, k Known, f *fault.Fields) {
	checkList(f, "conditions.applications.includeUserActions", p.Conditions.Applications.IncludeUserActions, "policy.action_unknown",
		func(a string) bool { return slices.Contains(UserActions(), a) })
}
