package policy

import (
	"slices"

	"portico/app/fault"
)

// ClientApps are the kinds of client apps that a policy can name; all of them is the same as not saying.
func ClientApps() []string { return []string{Browser, NativeClient, OtherClient} }

func clientAppsCondition() Condition {
	return Condition{Name: "clientApps", Label: "Client apps",
		compile: func(c *compiler, p *Policy) ask {
			kinds := p.Conditions.ClientAppTypes
			if len(kinds) == 0 || slices.Contains(kinds, AnyClient) {
				return nil
			}
			return func(q *question) answer {
				if q.lacks(noClientApp) {
					return unknown
				}
				return tell(slices.Contains(kinds, q.client))
			}
		},
		detail: func(q *question, b *bound, a answer) string { return q.client },
		words:  clientAppsWords,
		check:  checkClientApps,
	}
}

// ClientAppLabel is a kind of client app in words.
func ClientAppLabel(kind string) string {
	switch kind {
	case Browser:
		return "a browser"
	case NativeClient:
		return "a mobile or desktop app"
	case OtherClient:
		return "another kind of client"
	}
	return kind
}

func clientAppsWords(w *sentence, p *Policy) {
	if kinds := p.Conditions.ClientAppTypes; len(kinds) > 0 && !slices.Contains(kinds, AnyClient) {
		w.text(" with ")
		w.list(values(kinds, ClientAppLabel), "or")
	}
}

func checkClientApps(p *Policy, k Known, f *fault.Fields) {
	const at = "conditions.clientAppTypes"
	kinds := p.Conditions.ClientAppTypes
	checkList(f, at, kinds, "policy.client_unknown", func(s string) bool { return s == AnyClient || slices.Contains(ClientApps(), s) })
	if slices.Contains(kinds, AnyClient) && len(kinds) > 1 {
		f.Add(at, "policy.client_all_alone", nil)
	}
}
