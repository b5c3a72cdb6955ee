package signin

import (
	"portico/app/federation"
	"portico/app/userflow"
)

// FirstField is a question of the sign-up page and what a provider answers to it; nil = nothing.
type FirstField struct {
	userflow.Attribute
	Said any
}

// FirstByProvider says what the sign-up page of a flow would show to somebody whom a provider has vouched for: for an
// admin who tries the provider. It is the pages' own arithmetic.
func FirstByProvider(f userflow.Flow, id federation.Identity) []FirstField {
	id.Attributes = bounded(id.Attributes)
	said := offeredAttributes(f, &Arrived{Identity: id})
	var out []FirstField
	for _, a := range Fields(f) {
		if !a.ReadOnly {
			out = append(out, FirstField{Attribute: a, Said: said[a.ID]})
		}
	}
	return out
}
