package models

// AttributeSQL is an expression for a person's attribute as text, null when there is none: what $filter asks
// of custom attributes, which are no columns. name must be letters, digits and underscores; true and false
// are words. It walks through the directory.
func (s *Store) AttributeSQL(name string) string {
	for _, c := range name {
		if c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return "NULL"
		}
	}
	if s.dialect == "postgres" {
		return "(users.attributes::jsonb ->> '" + name + "')"
	}
	at := "(users.attributes, '$." + name + "')"
	return "(CASE json_type" + at + " WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(json_extract" + at + " AS TEXT) END)"
}
