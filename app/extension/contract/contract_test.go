package contract

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// check holds a value against as much of JSON Schema as the documents use; "" = it conforms.
func check(doc, schema map[string]any, v any, path string) string {
	if to, ok := schema["$ref"].(string); ok {
		var at any = doc
		for part := range strings.SplitSeq(strings.TrimPrefix(to, "#/"), "/") {
			at = at.(map[string]any)[part]
		}
		return check(doc, at.(map[string]any), v, path)
	}
	if want, ok := schema["const"]; ok && want != v {
		return fmt.Sprintf("%s is %v, not %v", path, v, want)
	}
	if list, ok := schema["enum"].([]any); ok && !slices.Contains(list, v) {
		return fmt.Sprintf("%s is %v, none of %v", path, v, list)
	}
	if not, ok := schema["not"].(map[string]any); ok && check(doc, not, v, path) == "" {
		return path + " is what it may not be"
	}
	if list, ok := schema["oneOf"].([]any); ok {
		var said []string
		fits := 0
		for _, s := range list {
			if bad := check(doc, s.(map[string]any), v, path); bad == "" {
				fits++
			} else {
				said = append(said, bad)
			}
		}
		if fits != 1 {
			return fmt.Sprintf("%s fits %d of the choices: %v", path, fits, said)
		}
	}
	if want := schema["type"]; want != nil && !slices.Contains(asList(want), any(kindOf(v))) {
		return fmt.Sprintf("%s is a %s, not %v", path, kindOf(v), want)
	}
	if o, ok := v.(map[string]any); ok {
		for _, name := range asList(schema["required"]) {
			if _, there := o[name.(string)]; !there {
				return path + "/" + name.(string) + " is missing"
			}
		}
		properties, _ := schema["properties"].(map[string]any)
		rest, _ := schema["additionalProperties"].(map[string]any)
		for name, inner := range o {
			if s, ok := properties[name].(map[string]any); ok {
				if bad := check(doc, s, inner, path+"/"+name); bad != "" {
					return bad
				}
			} else if rest != nil {
				if bad := check(doc, rest, inner, path+"/"+name); bad != "" {
					return bad
				}
			}
		}
	}
	if l, ok := v.([]any); ok {
		if n, ok := schema["minItems"].(float64); ok && float64(len(l)) < n {
			return path + " has too few"
		}
		if n, ok := schema["maxItems"].(float64); ok && float64(len(l)) > n {
			return path + " has too many"
		}
		if items, ok := schema["items"].(map[string]any); ok {
			for i, x := range l {
				if bad := check(doc, items, x, fmt.Sprintf("%s[%d]", path, i)); bad != "" {
					return bad
				}
			}
		}
	}
	return ""
}

func asList(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	}
	return reflect.TypeOf(v).String()
}

func schemaOf(t *testing.T, event string) map[string]any {
	t.Helper()
	b, ok, err := Schema(event)
	var doc map[string]any
	if err != nil || !ok || json.Unmarshal(b, &doc) != nil {
		t.Fatalf("%s: %v %v", event, ok, err)
	}
	return doc
}

func decoded(t *testing.T, b string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(b), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEveryExampleFitsItsSchema(t *testing.T) {
	for event := range events() {
		doc := schemaOf(t, event)
		answers, err := Answers(event)
		if err != nil || len(answers) == 0 {
			t.Fatalf("%s: %v", event, err)
		}
		for _, a := range answers {
			if bad := check(doc, doc, decoded(t, string(a.Body)), ""); bad != "" {
				t.Errorf("%s, %s: %s", event, a.Action, bad)
			}
		}
	}
	if _, ok, err := Schema("fax"); ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
}

func TestWhatASchemaRefuses(t *testing.T) {
	envelope := func(typ, actions string) string {
		return `{"data":{"@odata.type":"microsoft.graph.` + typ + `","actions":[` + actions + `]}}`
	}
	const proceed = `{"@odata.type":"microsoft.graph.attributeCollectionStart.continueWithDefaultBehavior"}`
	for name, c := range map[string]struct{ event, answer string }{
		"no action":               {AttributeCollectionStart, envelope("onAttributeCollectionStartResponseData", "")},
		"two actions":             {AttributeCollectionStart, envelope("onAttributeCollectionStartResponseData", proceed+","+proceed)},
		"another event's answer":  {AttributeCollectionStart, envelope("onAttributeCollectionSubmitResponseData", proceed)},
		"another event's action":  {AttributeCollectionSubmit, envelope("onAttributeCollectionSubmitResponseData", proceed)},
		"an unknown action":       {AttributeCollectionStart, envelope("onAttributeCollectionStartResponseData", `{"@odata.type":"microsoft.graph.attributeCollectionStart.dance"}`)},
		"a list as a value":       {AttributeCollectionStart, envelope("onAttributeCollectionStartResponseData", `{"@odata.type":"microsoft.graph.attributeCollectionStart.setPrefillValues","inputs":{"city":["a"]}}`)},
		"a claim without a value": {TokenIssuanceStart, envelope("onTokenIssuanceStartResponseData", `{"@odata.type":"microsoft.graph.tokenIssuanceStart.provideClaimsForToken","claims":{"tier":null}}`)},
		"no claims":               {TokenIssuanceStart, envelope("onTokenIssuanceStartResponseData", `{"@odata.type":"microsoft.graph.tokenIssuanceStart.provideClaimsForToken"}`)},
		"no nonce":                {PasswordSubmit, envelope("onPasswordSubmitResponseData", `{"@odata.type":"microsoft.graph.passwordSubmit.Retry"}`)},
		"no data":                 {EmailOtpSend, `{}`},
	} {
		doc := schemaOf(t, c.event)
		if check(doc, doc, decoded(t, c.answer), "") == "" {
			t.Errorf("%s is taken", name)
		}
	}
}
