package admin

import (
	"encoding/json"
	"fmt"
	"slices"
)

// flattened writes a JSON document as paths and values, so that two can be compared; what is no JSON is one text.
func flattened(body string) map[string]string {
	out := map[string]string{}
	if body == "" {
		return out
	}
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		out["body"] = body
		return out
	}
	flatten("", v, out)
	return out
}

func flatten(path string, v any, out map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			at := name
			if path != "" {
				at = path + "." + name
			}
			flatten(at, inner, out)
		}
	case []any:
		for i, inner := range v {
			flatten(fmt.Sprintf("%s[%d]", path, i), inner, out)
		}
	default:
		out[path] = jsonText(v)
	}
}

func unionOf(a, b map[string]string) []string {
	var out []string
	for k := range a {
		out = append(out, k)
	}
	for k := range b {
		if _, both := a[k]; !both {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}
