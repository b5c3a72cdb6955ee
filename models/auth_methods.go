package models

import (
	"context"
	"reflect"
	"slices"

	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/userflow"
)

// auth_methods.go: the authentication methods policy is a part of the tenant's settings; here stands what it is held
// against when it is saved.

// methodsSuit refuses a policy that names groups which are not there, that would leave some user flow without a
// usable second factor (DESIGN §5.4), or that a trial would switch on.
func (t *Tenant) methodsSuit(ctx context.Context, before, after tenant.Tenant) error {
	now, next := before.Settings.Methods.Tidied(), after.Settings.Methods
	if reflect.DeepEqual(now, next) {
		return nil
	}
	if !after.Governed() {
		return fault.BadField("methods", "tenant.trial.feature", nil)
	}
	if ids := next.Groups(); len(ids) > 0 {
		var have []string
		if err := t.q(ctx).Model(&GroupRow{}).Where("id IN ?", ids).Pluck("id", &have).Error; err != nil {
			return err
		}
		var bad fault.Fields
		for name, rule := range map[string]tenant.MethodRule{"email": next.Email, "sms": next.SMS.MethodRule, "softwareOath": next.TOTP, "fido2": next.Passkey.MethodRule, "recovery": next.Recovery} {
			for _, id := range append(slices.Clone(rule.Include), rule.Exclude...) {
				if !slices.Contains(have, id) {
					bad.Add(name+".groups", "methods.groups.gone", map[string]any{"id": id})
					break
				}
			}
		}
		if err := bad.Err(); err != nil {
			return err
		}
	}
	flows, err := t.Flows(ctx)
	if err != nil {
		return err
	}
	var bad fault.Fields
	for _, f := range flows {
		if leaves(after, f.Flow) != nil && leaves(before, f.Flow) == nil {
			bad.Add("methods", "methods.flow_left", map[string]any{"flow": f.Name})
		}
	}
	return bad.Err()
}

// leaves says why a flow would leave people without a usable second factor. The mailbox and the phone do not count
// for administrators: the portal asks them for an authenticator app or a passkey.
func leaves(of tenant.Tenant, f userflow.Flow) error {
	if of.Kind == tenant.Workforce {
		f.MFA.Methods = slices.DeleteFunc(slices.Clone(f.MFA.Methods), func(m string) bool { return m != "softwareOath" && m != "fido2" })
	}
	return of.Settings.Methods.Leaves(f)
}

// flowLeaves refuses a flow whose second factors the tenant's methods policy leaves nothing of.
func (t *Tenant) flowLeaves(ctx context.Context, f userflow.Flow) error {
	self, err := t.Get(ctx)
	if err != nil || !self.Governed() {
		return err
	}
	return leaves(self, f)
}
