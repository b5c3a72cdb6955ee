package models

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/userflow"
)

// checkUser says what the tenant's own rules have against what changed of a person: custom attributes must
// be defined and hold what their definition takes, and a new user name must look as the tenant wants it.
// What was stored earlier under other rules, and stays as it is, does not stand in the way. A custom
// attribute set to nil or "" is cleared.
func (t *Tenant) checkUser(ctx context.Context, before User, u *User) error {
	var bad fault.Fields
	if custom := changedAttributes(before, *u); len(custom) > 0 {
		definitions, err := t.definitions(ctx)
		if err != nil {
			return err
		}
		bad = checkAttributes(definitions, custom, u)
	}
	for i, id := range u.Identities {
		if _, had := sameIdentity(before, id); had || id.SignInType != account.SignInUserName {
			continue
		}
		self, err := t.Get(ctx)
		if err != nil {
			return err
		}
		if policy := self.Settings.UserNames; !policy.Allows(id.Value) {
			bad.Add("userName", "field.user_name.pattern", map[string]any{"message": policy.Message})
		}
		u.Identities[i].Value = account.ShownUserName(id.Value) // after the pattern has seen what was written
	}
	return bad.Err()
}

// custom reports whether a key of a person's attributes is a custom attribute; the others are properties of
// the management API that have no column.
func custom(id string) bool { return strings.HasPrefix(id, "extension_") }

// changedAttributes are the ids of custom attributes that are not as they were, sorted.
func changedAttributes(before, after User) []string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(after.Attributes)) {
		if custom(id) && !reflect.DeepEqual(before.Attributes[id], after.Attributes[id]) {
			out = append(out, id)
		}
	}
	return out
}

func checkAttributes(definitions map[string]userflow.Definition, ids []string, u *User) fault.Fields {
	var bad fault.Fields
	for _, id := range ids {
		v := u.Attributes[id]
		if v == nil || v == "" {
			delete(u.Attributes, id)
			continue
		}
		d, known := definitions[id]
		if !known {
			bad.Add(userflow.FieldName(id), "user.attribute.unknown", map[string]any{"id": id})
			continue
		}
		taken, complaint := d.Take(v)
		if complaint != nil {
			bad.Add(userflow.FieldName(id), complaint.Key, complaint.Args)
			continue
		}
		u.Attributes[id] = taken
	}
	return bad
}

// keepDefined drops answers to custom attributes that were deleted while somebody was inside a flow that
// still asks for them.
func (t *Tenant) keepDefined(ctx context.Context, values map[string]any) (map[string]any, error) {
	if !slices.ContainsFunc(slices.Collect(maps.Keys(values)), custom) {
		return values, nil
	}
	definitions, err := t.definitions(ctx)
	if err != nil {
		return nil, err
	}
	values = maps.Clone(values)
	maps.DeleteFunc(values, func(id string, _ any) bool { _, known := definitions[id]; return custom(id) && !known })
	return values, nil
}
