package models

import (
	"context"
	"slices"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/tenant"
)

// inOrder is configure for what policies are made of, one change at a time: two that are harmless alone can lock
// everybody out together, or name what the other takes away.
func (t *Tenant) inOrder(ctx context.Context, actor audit.Actor, f func(*Tenant) (audit.Event, error)) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if t.dialect != "sqlite" { // SQLite has one writer
			if err := t.w(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "policies/"+t.ID).Error; err != nil {
				return audit.Event{}, err
			}
		}
		return f(t)
	})
}

// govern is inOrder for what makes policies hold, or hold otherwise: it is no part of a trial (DESIGN §5.12), and
// in the administrators' directory it must not lock out. from is where the acting admin is; nil = the caller
// does not know, and what is known of them is looked up.
func (t *Tenant) govern(ctx context.Context, actor audit.Actor, from *record.Signals, f func(*Tenant) (audit.Event, error)) error {
	return t.inOrder(ctx, actor, func(t *Tenant) (audit.Event, error) {
		self, err := t.Get(ctx)
		if err != nil {
			return audit.Event{}, err
		}
		if !self.Governed() {
			return audit.Event{}, fault.New(fault.Denied, "tenant.trial.feature")
		}
		return t.watched(ctx, actor, from, f)
	})
}

// watched refuses a change in the administrators' directory that locks out the acting admin or everybody who is
// there for an emergency. It runs inside a transaction, which the refusal takes back.
func (t *Tenant) watched(ctx context.Context, actor audit.Actor, from *record.Signals, f func(*Tenant) (audit.Event, error)) (audit.Event, error) {
	var kinds []string
	if err := t.r(ctx).Model(&TenantRow{}).Where("id = ?", t.ID).Pluck("kind", &kinds).Error; err != nil {
		return audit.Event{}, err
	}
	if !slices.Contains(kinds, string(tenant.Workforce)) { // the admins of customers' directories live elsewhere
		return f(t)
	}
	before, err := t.scene(ctx, actor, from)
	if err != nil {
		return audit.Event{}, err
	}
	e, err := f(t)
	if err != nil || e.Activity == "" {
		return e, err
	}
	after, err := t.scene(ctx, actor, from)
	if err != nil {
		return audit.Event{}, err
	}
	return e, lockOutWords(policy.Guard(before, after))
}

// auditedWatch is audited for what policies look at: an admin's groups and roles, what rules of groups read about
// them, and what they can show. The command line is not watched, for it is the way back in when an admin is locked out
// or lost a factor; nor are jobs, which do what was decided before.
func (t *Tenant) auditedWatch(ctx context.Context, actor audit.Actor, f func(*Tenant) (audit.Event, error)) error {
	if actor.Kind == audit.ActorSystem {
		return t.audited(ctx, actor, f)
	}
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) { return t.watched(ctx, actor, nil, f) })
}

// configureWatch is auditedWatch for the directory's settings: a method that is switched off can be shown by nobody.
func (t *Tenant) configureWatch(ctx context.Context, actor audit.Actor, f func(*Tenant) (audit.Event, error)) error {
	if actor.Kind == audit.ActorSystem {
		return t.configure(ctx, actor, f)
	}
	return t.inOrder(ctx, actor, func(t *Tenant) (audit.Event, error) { return t.watched(ctx, actor, nil, f) })
}

// scene is the directory as the guard sees it at this moment. Without a policy that is on there is nobody in it:
// nothing can keep them out.
func (t *Tenant) scene(ctx context.Context, actor audit.Actor, from *record.Signals) (policy.Scene, error) {
	rules, err := t.rules(ctx)
	s := policy.Scene{Rules: rules}
	if err != nil || !slices.ContainsFunc(rules.Policies, func(p policy.Policy) bool { return p.State == policy.On }) {
		return s, err
	}
	signals, err := t.whereabouts(ctx, actor, from)
	if err != nil {
		return s, err
	}
	terms, err := t.termsIDs(ctx)
	if err != nil {
		return s, err
	}
	self, err := t.Get(ctx)
	if err != nil {
		return s, err
	}
	methods := self.Settings.Methods
	if actor.Kind == audit.ActorUser {
		u, err := t.User(ctx, actor.ID)
		if err := ignoreMissing(err); err != nil {
			return s, err
		}
		if u.ID != "" {
			a, err := t.adminAt(ctx, u, signals, terms, methods)
			if err != nil {
				return s, err
			}
			s.Self = &a
		}
	}
	rescue, err := t.rescuers(ctx)
	if err != nil {
		return s, err
	}
	for _, u := range rescue {
		a, err := t.adminAt(ctx, u, signals, terms, methods)
		if err != nil {
			return s, err
		}
		s.Rescue = append(s.Rescue, a)
	}
	return s, nil
}

const lockOutField = "lockOut"

// lockOutWords is what the admin is told; its field is "lockOut", so that a form can offer what helps.
func lockOutWords(out *policy.LockOut) error {
	if out == nil {
		return nil
	}
	key := "policy.lockout.self"
	if out.Rescue {
		key = "policy.lockout.rescue"
	}
	if out.Risk {
		key += ".risk"
	} else if out.Block {
		key += ".block"
	} else {
		key += ".proof"
	}
	return fault.BadField(lockOutField, key, map[string]any{"policy": out.Policy.Name, "name": out.Admin.Name})
}

// adminAt is an admin as Conditional Access would see them at the portal's door. What the methods policy has switched
// off for them, they have registered and cannot show.
func (t *Tenant) adminAt(ctx context.Context, u User, from record.Signals, terms []string, methods tenant.MethodsPolicy) (policy.Admin, error) {
	in, err := t.portalInputs(ctx, u)
	if err != nil {
		return policy.Admin{}, err
	}
	a := policy.Admin{Name: userTarget(u).Name, HasPassword: u.HasPassword, Terms: terms,
		Request: policy.Request{TenantID: t.ID, UserID: u.ID, ClientID: policy.PortalApp, Signals: from, Inputs: in}}
	if u.HasPassword {
		a.Methods = append(a.Methods, KindPassword)
	}
	for _, m := range u.Methods {
		if !slices.Contains(a.Methods, m.Kind) && methods.Rule(m.Kind).Allows(in.Groups) {
			a.Methods = append(a.Methods, m.Kind)
		}
	}
	a.AAGUIDs, err = t.passkeyModels(ctx, u.ID)
	return a, err
}

// portalInputs are what a policy may ask about an admin. What is looked at here is read all the same, needed or
// not: an admin saves a policy now and then.
func (t *Tenant) portalInputs(ctx context.Context, u User) (record.Inputs, error) {
	in := record.Inputs{ClientApp: policy.Browser, SignInRisk: "none", UserRisk: u.Risk.Level}
	if in.UserRisk == "" {
		in.UserRisk = "none"
	}
	var err error
	if in.Groups, err = t.groupsToBe(ctx, u); err != nil {
		return in, err
	}
	have, err := t.Assignments(ctx, u.ID)
	for _, a := range have {
		if !slices.Contains(in.Roles, a.RoleID) {
			in.Roles = append(in.Roles, a.RoleID)
		}
	}
	return in, err
}

// passkeyModels are the AAGUIDs of somebody's passkeys, where they are noted.
func (t *Tenant) passkeyModels(ctx context.Context, userID string) ([]string, error) {
	var data []string
	if err := t.q(ctx).Model(&CredentialRow{}).Where("user_id = ? AND kind = ?", userID, KindPasskey).Pluck("data", &data).Error; err != nil {
		return nil, err
	}
	var out []string
	for _, d := range data {
		if model := factor.FactsOf([]byte(d)).AAGUID; model != "" { // one that cannot be read is of no known model
			out = append(out, model)
		}
	}
	return out, nil
}

// whereabouts is where the acting admin is. Who did not say is at the place of their latest sign-in from that
// address; whoever is not known from there could be anywhere, which counts against a policy about places.
func (t *Tenant) whereabouts(ctx context.Context, actor audit.Actor, from *record.Signals) (record.Signals, error) {
	if from != nil {
		return *from, nil
	}
	unknown := record.Signals{PlaceFailed: true}
	if actor.Kind != audit.ActorUser || actor.IP == "" {
		return unknown, nil
	}
	page, err := t.SignIns(ctx, SignInQuery{UserID: actor.ID, IP: actor.IP, Limit: 1})
	if err != nil || len(page.Items) == 0 {
		return unknown, err
	}
	return page.Items[0].Signals, nil
}

// rescuers are who must be able to get in on the day on which nobody else does: the emergency accounts with a
// role, or, where there are none, whoever administers everything.
func (t *Tenant) rescuers(ctx context.Context) ([]User, error) {
	admins, err := t.AdminsWho(ctx, func([]access.Assignment) bool { return true })
	if err != nil {
		return nil, err
	}
	emergency := slices.DeleteFunc(slices.Clone(admins), func(u User) bool { return !u.Emergency })
	if len(emergency) > 0 {
		return emergency, nil
	}
	return t.AdminsWho(ctx, func(have []access.Assignment) bool {
		return slices.Contains(have, access.Assignment{RoleID: access.GlobalAdministratorID, TenantID: access.AllTenants})
	})
}

func (t *Tenant) termsIDs(ctx context.Context) ([]string, error) {
	var ids []string
	return ids, t.q(ctx).Model(&TermsRow{}).Order("id").Pluck("id", &ids).Error
}
