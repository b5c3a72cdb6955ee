package userflow

import (
	"fmt"
	"strings"
	"testing"
)

func TestProfile(t *testing.T) {
	tier, rules := &Definition{ID: "extension_x_tier", DataType: String}, &Definition{ID: "extension_x_rules", DataType: Boolean}
	for _, c := range []struct {
		rule  string
		flows []Flow
		want  string
	}{
		{"the name, whatever the flows ask", nil, "displayName! givenName surname"},
		{"what a flow shows", []Flow{{Attributes: []Attribute{{ID: "city"}, {ID: "country", Required: true}}}}, "displayName! givenName surname city country!"},
		{"not what is hidden, nor ways in", []Flow{{Attributes: []Attribute{{ID: "city", Hidden: true}, {ID: "email"}, {ID: UserName}}}}, "displayName! givenName surname"},
		{"read-only there, read-only here", []Flow{{Attributes: []Attribute{{ID: tier.ID, Definition: tier, ReadOnly: true}}}}, "displayName! givenName surname extension_x_tier="},
		{"unless another flow asks for it", []Flow{{Attributes: []Attribute{{ID: tier.ID, Definition: tier, ReadOnly: true}}},
			{Attributes: []Attribute{{ID: tier.ID, Definition: tier}}}}, "displayName! givenName surname extension_x_tier"},
		{"a name may always be mended", []Flow{{Attributes: []Attribute{{ID: "surname", ReadOnly: true, Required: true}}}}, "displayName! givenName surname"},
		{"an attribute that is gone", []Flow{{Attributes: []Attribute{{ID: "extension_x_gone"}}}}, "displayName! givenName surname"},
		{"required in one of two", []Flow{{Attributes: []Attribute{{ID: rules.ID, Definition: rules}}}, {Attributes: []Attribute{{ID: rules.ID, Definition: rules, Required: true}}}},
			"displayName! givenName surname extension_x_rules!"},
	} {
		var got []string
		for _, a := range Profile(c.flows) {
			mark := ""
			if a.Required {
				mark = "!"
			}
			if a.ReadOnly {
				mark += "="
			}
			got = append(got, fmt.Sprint(a.ID, mark))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.rule, got, c.want)
		}
	}
}
