package policy

import (
	"slices"
	"strings"

	"portico/app/fault"
)

// TransferMethods are the authentication flows that a policy can name.
func TransferMethods() []string { return []string{DeviceCode, TransferOfApp} }

// flows splits the flags of an authentication-flows condition.
func (t *TransferMethod) flows() []string {
	if t == nil {
		return nil
	}
	var out []string
	for m := range strings.SplitSeq(t.Methods, ",") {
		if m = strings.TrimSpace(m); m != "" && m != "none" {
			out = append(out, m)
		}
	}
	return out
}

func flowCondition() Condition {
	return Condition{Name: "authenticationFlow", Label: "Authentication flows",
		compile: func(c *compiler, p *Policy) ask {
			flows := p.Conditions.AuthenticationFlows.flows()
			if len(flows) == 0 {
				return nil
			}
			return func(q *question) answer {
				if q.lacks(noTransfer) {
					return unknown
				}
				return tell(slices.Contains(flows, q.r.Transfer))
			}
		},
		detail: func(q *question, b *bound, a answer) string {
			if q.r.Transfer == "" {
				return "an ordinary sign-in"
			}
			return q.r.Transfer
		},
		words: flowWords,
		check: checkFlows,
	}
}

// FlowLabel is an authentication flow in words.
func FlowLabel(flow string) string {
	switch flow {
	case DeviceCode:
		return "a code typed on another device"
	case TransferOfApp:
		return "a sign-in handed over from another device"
	}
	return flow
}

func flowWords(w *sentence, p *Policy) {
	if flows := p.Conditions.AuthenticationFlows.flows(); len(flows) > 0 {
		w.text(" by ")
		w.list(values(flows, FlowLabel), "or")
	}
}

func checkFlows(p *Policy, k Known, f *fault.Fields) {
	checkList(f, "conditions.authenticationFlows.transferMethods", p.Conditions.AuthenticationFlows.flows(), "policy.flow_unknown",
		func(s string) bool { return slices.Contains(TransferMethods(), s) })
}
