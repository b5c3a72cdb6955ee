package extension

import (
	"encoding/json"
	"slices"
)

// Impersonal is the call for whoever may read extensions and not people: the structure of what was asked and answered
// stays, and every value that can be somebody's is masked. A sample is about nobody.
func (c Call) Impersonal() Call {
	if !c.Sample {
		c.Request, c.Response = impersonal(c.Request), impersonal(c.Response)
	}
	return c
}

// impersonal masks the values of a JSON text; what is none, such as the beginning of one, goes as a whole.
func impersonal(s string) string {
	if s == "" {
		return ""
	}
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return mask
	}
	b, err := json.Marshal(withoutValues(v))
	if err != nil {
		return mask
	}
	return string(b)
}

// withoutValues keeps names, and the values that are the tenant's set-up.
func withoutValues(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if !setUp(name) {
				v[name] = withoutValues(inner)
			}
		}
		return v
	case []any:
		for i := range v {
			v[i] = withoutValues(v[i])
		}
		return v
	case nil:
		return nil
	}
	return mask
}

// setUp are the names in payloads and answers whose values say nothing of a person.
func setUp(name string) bool {
	return slices.Contains([]string{"type", "@odata.type", "source", "tenantId", "authenticationEventListenerId", "customAuthenticationExtensionId",
		"correlationId", "protocol", "requestType", "clientServicePrincipal", "resourceServicePrincipal", "attributeType", "signInType"}, name)
}
