package federation

import "slices"

// presets are the kinds of provider, in the order in which they are offered. A new one is a file and a line here.
func presets() []preset {
	return []preset{google(), apple(), facebook(), microsoft(), github(), linkedin(), openID(), saml()}
}

// Kinds lists the kinds that can be set up.
func Kinds() []Kind {
	var out []Kind
	for _, k := range presets() {
		out = append(out, k.kind)
	}
	return out
}

// Label is a kind's name for admins; "" when there is no such kind.
func Label(kind Kind) string {
	k, _ := presetOf(kind)
	return k.label
}

// Connect gives the connector of a kind; false when the kind is unknown.
func Connect(kind Kind) (Connector, bool) {
	k, ok := presetOf(kind)
	if !ok {
		return nil, false
	}
	if kind == SAML {
		return samlConnector{}, true
	}
	return connector{k}, true
}

func presetOf(kind Kind) (preset, bool) {
	all := presets()
	i := slices.IndexFunc(all, func(k preset) bool { return k.kind == kind })
	if i < 0 {
		return preset{}, false
	}
	return all[i], true
}

// ScopesOf is what a kind asks for when the admin says nothing.
func ScopesOf(kind Kind) []string {
	k, _ := presetOf(kind)
	return k.scopes
}
