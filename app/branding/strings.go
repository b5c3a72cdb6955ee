package branding

import (
	"slices"
	"strings"
)

// Phrase is one of the vendor's strings (R 2.8.3, 3.2.17) and what of ours it stands for: the keys of the
// catalogue, and the names of the values that its {0}, {1} … mean. A string that our pages have no use for
// has no keys.
type Phrase struct {
	ID   string
	Keys []string
	Args []string
}

// Phrases lists the strings that an admin can give, in the order of the vendor's file.
func Phrases() []Phrase {
	one := func(id, key string, args ...string) Phrase { return Phrase{id, []string{key}, args} }
	return []Phrase{
		{"AttributeCollection_Title", []string{"attributes.title", "attributes.missing_title"}, nil},
		{"AttributeCollection_Description", []string{"attributes.lead", "attributes.lead_app"}, []string{"app"}},
		one("Attribute_City", "attribute.city"),
		one("Attribute_Country", "attribute.country"),
		one("Attribute_DisplayName", "attribute.displayName"),
		{"Attribute_Email", []string{"attribute.email", "identify.label"}, nil},
		one("Attribute_GivenName", "attribute.givenName"),
		one("Attribute_JobTitle", "attribute.jobTitle"),
		one("Attribute_PostalCode", "attribute.postalCode"),
		one("Attribute_State", "attribute.state"),
		one("Attribute_StreetAddress", "attribute.streetAddress"),
		one("Attribute_Surname", "attribute.surname"),
		{"Attribute_Password", []string{"password.label"}, nil},
		{ID: "Attribute_Password_MismatchErrorString"}, // there is one box for a new password
		{ID: "Attribute_Generic_ConfirmationLabel"},    // and nothing to type twice
		one("SignIn_Title", "signin.title", "tenant"),
		one("SignIn_Description", "identify.lead", "app"),
		one("SignUp_Title", "signup.title", "tenant"),
		one("SignUp_Description", "identify.create_lead", "app"),
		{"SisuOtc_Title", []string{"code.title.sign_in", "code.title.sign_up"}, nil},
	}
}

// customAttribute is how the vendor names the label of a custom attribute: extension, the id of its app
// without hyphens, and the name.
const customAttribute = "Attribute_extension_"

// Words turns the vendor's strings of a look into overrides of our catalogue: key → text, with our names in
// place of {0}. Those that mean nothing here are left out.
func Words(texts map[string]string) map[string]string {
	if len(texts) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, p := range Phrases() {
		text, ok := texts[p.ID]
		if !ok || text == "" {
			continue
		}
		for _, key := range p.Keys {
			out[key] = named(text, p.Args)
		}
	}
	for id, text := range texts {
		switch {
		case text == "":
		case strings.HasPrefix(id, customAttribute):
			out["attribute."+strings.TrimPrefix(id, "Attribute_")] = text
		case Ours(id):
			out[id] = text
		}
	}
	return out
}

// Ours reports whether an id is a key of our catalogue: a text of a page that the vendor has no id for. Its values have
// names in braces.
func Ours(id string) bool { return strings.Contains(id, ".") }

// named gives {0} and {1} the names that our catalogue has for them.
func named(text string, args []string) string {
	for i, name := range args {
		text = strings.ReplaceAll(text, "{"+string(rune('0'+i))+"}", "{"+name+"}")
	}
	return text
}

// Unknown lists the ids among an admin's strings that no page of ours has, in their order.
func Unknown(texts map[string]string) []string {
	known := map[string]bool{}
	for _, p := range Phrases() {
		known[p.ID] = true
	}
	var out []string
	for id := range texts {
		if !known[id] && !strings.HasPrefix(id, customAttribute) && !Ours(id) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}
