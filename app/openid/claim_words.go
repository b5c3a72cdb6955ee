package openid

import "portico/app/userflow"

// AttributeLabel is an attribute in an admin's words.
func AttributeLabel(id string, definitions map[string]userflow.Definition) string {
	if d, ok := definitions[id]; ok {
		return d.Name
	}
	for _, b := range BuiltinAttributes() {
		if b.ID == id || b.ID == "mail" && id == "email" {
			return b.Label
		}
	}
	return id
}

// Words says what the transformation does to a value, after the value's own name.
func (t Transform) Words() string {
	switch t {
	case Lowercase:
		return "in lower case"
	case Uppercase:
		return "in upper case"
	case EmailLocalPart:
		return "the part before the @"
	case EmailDomain:
		return "the part after the @"
	case YesNo:
		return "as “yes” or “no”"
	}
	return ""
}

// Words says where the claim comes from.
func (m ClaimMapping) Words(definitions map[string]userflow.Definition) string {
	if m.Source == FromConstant {
		return "The constant “" + m.Value + "”"
	}
	switch m.Source {
	case FromRoles:
		return "The person’s roles of this application"
	case FromProvider:
		return "What a custom claims provider gives as “" + m.ID + "”"
	case FromGroups:
		if m.ID == GroupNames {
			return "The names of the groups that the person is in"
		}
		return "The groups that the person is in"
	}
	words := AttributeLabel(m.ID, definitions)
	if m.Transform == Join {
		words += " and " + AttributeLabel(m.SecondID, definitions) + ", joined"
		if m.Separator != "" {
			words += " by “" + m.Separator + "”"
		}
		return words
	}
	if t := m.Transform.Words(); t != "" {
		words += ", " + t
	}
	return words
}
