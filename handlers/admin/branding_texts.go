package admin

import (
	"fmt"
	"strings"

	"portico/app/branding"
)

// customStrings are the vendor's ids of the words that a look may replace (R 2.8.3, 3.2.17), in the order of the pages.
func customStrings() []string {
	var out []string
	for _, group := range stringGroups() {
		for _, p := range branding.Phrases() {
			if len(p.Keys) > 0 && stringGroup(p.ID) == group {
				out = append(out, p.ID)
			}
		}
	}
	return out
}

func stringGroups() []string {
	return []string{"Sign in", "Sign up", "One-time code", "Asking for details", "Names of details"}
}

func stringGroup(id string) string {
	head, _, _ := strings.Cut(strings.TrimPrefix(id, textPrefix), "_")
	switch head {
	case "SignIn":
		return "Sign in"
	case "SignUp":
		return "Sign up"
	case "SisuOtc":
		return "One-time code"
	case "AttributeCollection":
		return "Asking for details"
	}
	return "Names of details"
}

// builtIn is what the pages say without an override, in the language of the look.
func (s studio) builtIn(p *Portal, id string) string {
	for _, x := range branding.Phrases() {
		if x.ID != id || len(x.Keys) == 0 {
			continue
		}
		values := map[string]any{}
		means := ""
		for i, name := range x.Args {
			mark := fmt.Sprintf("{%d}", i)
			values[name] = mark
			means += ". " + mark + " is the name of the " + choose(name == "app", "application", "company")
		}
		return "Ours: “" + p.Bundle.Match(s.lang, s.v.dir.Tenant.DefaultLocale).T(x.Keys[0], values) + "”" + means
	}
	return ""
}
