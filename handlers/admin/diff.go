package admin

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"portico/app/audit"
	views "portico/views/admin"
)

// diffOf makes changes readable: lists become what was removed and what was added, flags become words,
// secrets only say that they changed.
func diffOf(changes []audit.Change) []views.Diff {
	out := make([]views.Diff, 0, len(changes))
	for _, c := range changes {
		out = append(out, diffOne(c)...)
	}
	return out
}

func diffOne(c audit.Change) []views.Diff {
	d := views.Diff{Property: propertyWord(c.Property), Secret: c.Class == audit.Secret, Sensitive: c.Class == audit.Sensitive}
	if d.Secret {
		return []views.Diff{d}
	}
	before, wasMap := c.Old.(map[string]any)
	after, isMap := c.New.(map[string]any)
	if (wasMap || c.Old == nil) && (isMap || c.New == nil) && (wasMap || isMap) {
		return diffMaps(c.Property, before, after, c.Class)
	}
	was, wasList := c.Old.([]any)
	is, isList := c.New.([]any)
	if (wasList || c.Old == nil) && (isList || c.New == nil) && (wasList || isList) {
		old, now := texts(was), texts(is)
		for _, s := range old {
			if !slices.Contains(now, s) {
				d.Removed = append(d.Removed, s)
			}
		}
		for _, s := range now {
			if !slices.Contains(old, s) {
				d.Added = append(d.Added, s)
			}
		}
		if len(d.Removed)+len(d.Added) > 0 {
			return []views.Diff{d}
		}
		if len(old) == 0 && len(now) == 0 {
			return nil
		}
		d.Before, d.After = strings.Join(old, ", "), strings.Join(now, ", ")
		return []views.Diff{d}
	}
	d.Before, d.After = textOf(c.Old), textOf(c.New)
	d.WasEmpty, d.NowEmpty = d.Before == "", d.After == ""
	if d.WasEmpty && d.NowEmpty {
		return nil
	}
	return []views.Diff{d}
}

// diffMaps goes into an object and keeps the properties that differ.
func diffMaps(name string, before, after map[string]any, class audit.Class) []views.Diff {
	keys := make([]string, 0, len(before)+len(after))
	for k := range before {
		keys = append(keys, k)
	}
	for k := range after {
		if _, ok := before[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	var out []views.Diff
	for _, k := range keys {
		if textOf(before[k]) == textOf(after[k]) {
			continue
		}
		for _, d := range diffOne(audit.Change{Property: k, Old: before[k], New: after[k], Class: class}) {
			if name != "" {
				d.Property = propertyWord(name) + ": " + strings.ToLower(d.Property)
			}
			out = append(out, d)
		}
	}
	return out
}

func texts(list []any) []string {
	out := make([]string, 0, len(list))
	for _, v := range list {
		out = append(out, textOf(v))
	}
	return out
}

// textOf is a value as a person reads it.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case float64:
		return strings.TrimSuffix(fmt.Sprintf("%.0f", v), ".")
	case map[string]any:
		if said, ok := v["text"].(string); ok { // an option: what people read, and what apps receive
			if value, ok := v["value"].(string); ok && len(v) == 2 {
				return said + " (" + value + ")"
			}
		}
		if uri, ok := v["uri"].(string); ok { // a redirect URI with its platform
			if p, ok := v["platform"].(string); ok {
				return uri + " (" + p + ")"
			}
			return uri
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// propertyWord is a changed property in words: those whose name says too little, and custom attributes without
// what makes their name unique.
func propertyWord(s string) string {
	if w, ok := map[string]string{"low": "Smallest number", "high": "Largest number", "maxLength": "Longest answer", "message": "What people read when it does not match", "since": "Acceptance counts from version",
		"texts": "Text", "dataType": "Holds", "userNames": "User names", "firstFactor": "Signs in with", "revoked": "Taken back", "sentCount": "Times sent", "bannedWords": "Banned words"}[s]; ok {
		return w
	}
	if rest, ok := strings.CutPrefix(s, "extension_"); ok {
		if _, name, ok := strings.Cut(rest, "_"); ok {
			return humane(name)
		}
	}
	return humane(s)
}

// humane turns a property's name into words: "redirectUris" → "Redirect URIs".
func humane(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && unicode.IsUpper(r) && !unicode.IsUpper(rune(s[i-1])) {
			b.WriteByte(' ')
		}
		if i == 0 {
			b.WriteRune(unicode.ToUpper(r))
		} else {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	words := strings.Fields(b.String())
	for i, w := range words {
		if up, ok := initialisms()[strings.ToLower(w)]; ok {
			words[i] = up
		}
	}
	return strings.Join(words, " ")
}

func initialisms() map[string]string {
	return map[string]string{"uri": "URI", "uris": "URIs", "url": "URL", "urls": "URLs", "id": "ID", "mfa": "MFA", "ip": "IP", "pkce": "PKCE", "api": "API"}
}
