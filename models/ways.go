package models

import (
	"cmp"
	"context"
	"slices"
	"time"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/app/ways"
)

// Way is one thing by which a person signs in or confirms that it's them, as their own page shows it.
type Way struct {
	ID      string // of the credential or the identity
	Kind    string // of a credential, or the sign-in type of an identity
	Name    string // the name that they gave it; address, number or user name
	Issuer  string // of a federated identity
	Called  string // what a federated identity is known by at its provider; "" = it has not said
	AddedAt time.Time
	UsedAt  time.Time // zero = never, or it is not counted
	Passkey factor.PasskeyFacts
}

// Ways are all of a person's.
type Ways struct {
	Password   *Way
	Identities []Way
	Methods    []Way // second factors besides recovery codes
	Recovery   int   // codes left
	RecoveryAt time.Time
}

// Method finds a second factor by its id.
func (w Ways) Method(id string) (Way, bool) { return wayIn(w.Methods, id) }

// Identity finds an identity by its id.
func (w Ways) Identity(id string) (Way, bool) { return wayIn(w.Identities, id) }

func wayIn(list []Way, id string) (Way, bool) {
	i := slices.IndexFunc(list, func(w Way) bool { return w.ID == id })
	if i < 0 {
		return Way{}, false
	}
	return list[i], true
}

// WaysOf lists how a person signs in, without anything secret.
func (t *Tenant) WaysOf(ctx context.Context, userID string) (Ways, error) {
	var identities []IdentityRow
	if err := t.q(ctx).Where("user_id = ?", userID).Order("created_at, id").Find(&identities).Error; err != nil {
		return Ways{}, err
	}
	var credentials []CredentialRow
	if err := t.q(ctx).Select(methodColumns).Where("user_id = ?", userID).Order("created_at, id").Find(&credentials).Error; err != nil {
		return Ways{}, err
	}
	var out Ways
	for _, i := range identities {
		out.Identities = append(out.Identities, Way{ID: i.ID, Kind: i.SignInType, Name: i.Value, Issuer: i.Issuer, Called: i.Called,
			AddedAt: i.CreatedAt.UTC(), UsedAt: timeOf(i.LastUsedAt)})
	}
	for _, c := range credentials {
		w := Way{ID: c.ID, Kind: c.Kind, Name: c.Name, AddedAt: c.CreatedAt.UTC(), UsedAt: timeOf(c.LastUsedAt), Passkey: passkeyFacts(c)}
		switch c.Kind {
		case KindPassword:
			out.Password = &w
		case KindRecovery:
			if c.Name == HelpDeskCode { // for one sign-in: it does not stand in for codes of their own
				continue
			}
			out.Recovery++
			out.RecoveryAt = w.AddedAt
		default:
			out.Methods = append(out.Methods, w)
		}
	}
	return out, nil
}

// FlowsInUse are the tenant's flows that apps use, and the one of the account pages: where somebody who
// changes how they sign in must still get in.
func (d *Directory) FlowsInUse() []userflow.Flow {
	var used []*userflow.Flow
	for id, f := range d.Flows {
		if id != userflow.SelfService && slices.Contains(mapValues(d.FlowOf), id) {
			used = append(used, f)
		}
	}
	slices.SortFunc(used, func(a, b *userflow.Flow) int { return cmp.Compare(a.ID, b.ID) })
	out := make([]userflow.Flow, 0, len(used)+1)
	for _, f := range used {
		out = append(out, *f)
	}
	if len(used) == 0 {
		for _, f := range d.Flows {
			used = append(used, f)
		}
	}
	return append(out, userflow.ForSelfService(used))
}

// FlowsFor are the flows of the apps that somebody uses, or those in use while none of their apps has one: what
// they ask and show is what that person may change of themselves. It says whether they are known to be theirs.
func (d *Directory) FlowsFor(clients []string) (flows []userflow.Flow, known bool) {
	for _, id := range clients {
		if f, ok := d.Flow(id); ok && !slices.ContainsFunc(flows, func(have userflow.Flow) bool { return have.ID == f.ID }) {
			flows = append(flows, *f)
		}
	}
	if known = len(flows) > 0; !known {
		flows = d.FlowsInUse()
	}
	slices.SortFunc(flows, func(a, b userflow.Flow) int { return cmp.Compare(a.ID, b.ID) })
	return flows, known
}

func mapValues(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

// waysStore is ways.Store on a tenant handle.
type waysStore struct{ signInStore }

// Ways gives one tenant's store for what people change about their ways in.
func (s *Store) Ways(tenantID string) ways.Store { return waysStore{signInStore{s.Tenant(tenantID)}} }

// InWays is Ways for one who is inside a transaction already.
func (t *Tenant) InWays() ways.Store { return waysStore{signInStore{t}} }

// Together runs f in one transaction.
func (s waysStore) Together(ctx context.Context, f func(ways.Store) error) error {
	return s.InTx(ctx, func(t *Tenant) error { return f(waysStore{signInStore{t}}) })
}

// Register stores a new second factor in the person's own name.
func (s waysStore) Register(ctx context.Context, actor audit.Actor, userID string, c signin.Credential) error {
	row := Credential{ID: c.ID, UserID: userID, Kind: c.Kind, Name: c.Name, LookupKey: c.Lookup, Secret: c.Secret, Counter: c.Counter}
	if c.Kind == KindPasskey { // public key and flags: nothing to hide, and the counter inside moves
		row.Data, row.Secret = string(c.Secret), nil
	}
	_, err := s.Tenant.AddCredential(ctx, actor, row)
	return err
}

// Unregister deletes a second factor and says what it was. When no other is left, recovery codes go with it: they
// stand in for something that is no longer there.
func (s waysStore) Unregister(ctx context.Context, actor audit.Actor, userID, id string) (account.Method, error) {
	return s.DropMethod(ctx, actor, userID, id, func(_, _ account.Account) error { return nil })
}

// DropMethod is Unregister, if allowed says that the person still gets in.
func (s waysStore) DropMethod(ctx context.Context, actor audit.Actor, userID, id string, allowed func(before, after account.Account) error) (account.Method, error) {
	var gone account.Method
	err := s.InTx(ctx, func(t *Tenant) error {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return err
		}
		i := slices.IndexFunc(u.Methods, func(m account.Method) bool { return m.ID == id && m.Kind != KindRecovery })
		if i < 0 {
			return fault.New(fault.NotFound, "error.not_found")
		}
		gone = u.Methods[i]
		after := u.Account
		after.Methods = slices.Delete(slices.Clone(u.Methods), i, i+1)
		if err := allowed(u.Account, after); err != nil {
			return err
		}
		if err := t.RemoveCredential(ctx, actor, userID, id); err != nil {
			return err
		}
		if slices.ContainsFunc(u.Methods, func(m account.Method) bool { return m.ID != id && m.Kind != KindRecovery }) {
			return nil
		}
		return t.RemoveRecoveryCodes(ctx, actor, userID)
	})
	return gone, err
}

// Rename changes the name that a person gave a second factor.
func (s waysStore) Rename(ctx context.Context, actor audit.Actor, userID, id, name string) error {
	return s.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		i := slices.IndexFunc(u.Methods, func(m account.Method) bool { return m.ID == id && (m.Kind == KindTOTP || m.Kind == KindPasskey) })
		if i < 0 {
			return audit.Event{}, fault.New(fault.NotFound, "error.not_found")
		}
		return audit.Event{Activity: "Rename security info", Category: "UserManagement", Operation: "Update", Target: userTarget(u),
				Changes: []audit.Change{{Property: "displayName", Old: u.Methods[i].Name, New: name, Class: audit.Sensitive}}},
			t.RenameCredential(ctx, userID, id, name)
	})
}

// ReplaceRecovery makes a set of recovery codes the only one.
func (s waysStore) ReplaceRecovery(ctx context.Context, actor audit.Actor, userID string, verifiers [][]byte) error {
	return s.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		if err := t.u(ctx).Where("user_id = ? AND kind = ?", userID, KindRecovery).Delete(&CredentialRow{}).Error; err != nil {
			return audit.Event{}, err
		}
		for _, v := range verifiers {
			if err := (signInStore{t}).AddCredential(ctx, userID, signin.Credential{ID: NewID(), Kind: factor.Recovery, Secret: v}); err != nil {
				return audit.Event{}, err
			}
		}
		return audit.Event{Activity: "Register security info", Category: "UserManagement", Operation: "Add", Target: userTarget(u),
			Changes: []audit.Change{{Property: "authenticationMethod", New: KindRecovery}}}, nil
	})
}

// StorePassword replaces a person's password, or gives them their first. Proofs before now are worth nothing
// when the sessions end too; the one that goes on is renewed by the caller.
func (s waysStore) StorePassword(ctx context.Context, actor audit.Actor, userID, hash string, elsewhere bool, at time.Time) error {
	return s.Tenant.SetPassword(ctx, actor, userID, PasswordChange{Hash: hash, RevokeSessions: elsewhere, ValidFrom: at})
}

// DropPassword takes a person's password away, if allowed says that they still get in.
func (s waysStore) DropPassword(ctx context.Context, actor audit.Actor, userID string, allowed func(before, after account.Account) error) error {
	return s.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		if !u.HasPassword {
			return audit.Event{}, nil
		}
		after := u
		if after.HasPassword = false; noWayIn(after) != "" {
			return audit.Event{}, fault.BadField("password", "account.last_way.add_email", nil)
		}
		if err := allowed(u.Account, after.Account); err != nil {
			return audit.Event{}, err
		}
		if err := t.u(ctx).Model(&UserRow{}).Where("id = ?", userID).Updates(map[string]any{"must_change_password": false, "updated_at": t.Now()}).Error; err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Remove password", Category: "UserManagement", Operation: "Delete", Target: userTarget(u),
				Changes: []audit.Change{{Property: "password", Class: audit.Secret}}},
			t.u(ctx).Where("user_id = ? AND kind = ?", userID, KindPassword).Delete(&CredentialRow{}).Error
	})
}

// DropIdentity takes an address, a user name or a linked identity away from a person, if allowed says that
// they still get in. The address that they are written to can only be replaced.
func (s waysStore) DropIdentity(ctx context.Context, actor audit.Actor, userID, id string, allowed func(before, after account.Account) error) (account.Identity, error) {
	var gone account.Identity
	err := s.InTx(ctx, func(t *Tenant) error {
		var row IdentityRow
		if err := t.lock(ctx).Where("id = ? AND user_id = ?", id, userID).Take(&row).Error; err != nil {
			return found(err)
		}
		_, err := t.editUser(ctx, actor, userID, "Remove identity from user", func(u *User) error {
			before := u.Account
			kept := slices.Clone(u.Identities)
			u.Identities = slices.DeleteFunc(kept, func(i account.Identity) bool {
				same := i.SignInType == row.SignInType && i.Issuer == row.Issuer && i.Canonical == row.Canonical
				if same {
					gone = i
				}
				return same
			})
			if gone.SignInType == account.SignInEmail && sameAddress(gone.Value, u.Mail) {
				return fault.BadField("identity", "account.last_way.mail", nil)
			}
			return allowed(before, u.Account)
		})
		if err != nil || gone.SignInType != account.SignInEmail {
			return err
		}
		return t.dropMethodsTo(ctx, userID, gone.Value)
	})
	return gone, err
}

// ReplaceEmail puts a proven address in place of another one, or beside those that are there when old is "".
// What belongs to the address moves with it: the identity, the address that the person is written to, and the
// second factor by mail, which counts as registered now: nobody has known the new address for longer.
func (s waysStore) ReplaceEmail(ctx context.Context, actor audit.Actor, userID, old, to string) error {
	return s.InTx(ctx, func(t *Tenant) error {
		_, err := t.editUser(ctx, actor, userID, "Change email address of user", func(u *User) error {
			canonical, err := account.CanonicalEmail(to)
			if err != nil {
				return err
			}
			proven, placed := account.Identity{SignInType: account.SignInEmail, Value: to, Canonical: canonical}, false
			for i, id := range u.Identities {
				if id.SignInType == account.SignInEmail && sameAddress(id.Value, old) {
					u.Identities[i], placed = proven, true
				}
			}
			switch {
			case old != "" && !placed && !sameAddress(u.Mail, old): // changed elsewhere meanwhile
				return fault.New(fault.Conflict, "error.conflict")
			case !placed:
				u.Identities = append(u.Identities, proven)
			}
			if u.Mail == "" || sameAddress(u.Mail, old) || sameAddress(u.Mail, to) {
				u.Mail, u.MailVerified = to, true
			}
			return nil
		})
		if err != nil || old == "" {
			return err
		}
		return t.methodsTo(ctx, userID, old, func(id string) error {
			return oneRow(t.u(ctx).Model(&CredentialRow{}).Where("id = ?", id).
				UpdateColumns(map[string]any{"name": to, "created_at": t.Now(), "last_used_at": nil}))
		})
	})
}

// ReplacePhone stores a number that was proven by a code, "" for none, and its registration as a method.
func (s waysStore) ReplacePhone(ctx context.Context, actor audit.Actor, userID, number string) error {
	return s.InTx(ctx, func(t *Tenant) error {
		activity := "Change phone number of user"
		if number == "" {
			activity = "Remove phone number of user"
		}
		if _, err := t.editUser(ctx, actor, userID, activity, func(u *User) error { u.MobilePhone = number; return nil }); err != nil {
			return err
		}
		if _, err := t.forgetDevices(ctx, userID); err != nil { // the number may be what they were remembered with
			return err
		}
		if err := t.u(ctx).Where("user_id = ? AND kind = ?", userID, KindSMS).Delete(&CredentialRow{}).Error; err != nil || number == "" {
			return err
		}
		_, err := t.AddCredential(ctx, actor, Credential{UserID: userID, Kind: KindSMS, Name: number})
		return err
	})
}

// dropMethodsTo deletes the second factor by mail to an address, however it was written.
func (t *Tenant) dropMethodsTo(ctx context.Context, userID, address string) error {
	return t.methodsTo(ctx, userID, address, func(id string) error {
		return t.u(ctx).Where("id = ?", id).Delete(&CredentialRow{}).Error
	})
}

// methodsTo calls f with the id of each second factor by mail to an address.
func (t *Tenant) methodsTo(ctx context.Context, userID, address string, f func(id string) error) error {
	var rows []CredentialRow
	if err := t.u(ctx).Select("id", "name").Where("user_id = ? AND kind = ?", userID, KindEmail).Find(&rows).Error; err != nil {
		return err
	}
	for _, r := range rows {
		if sameAddress(r.Name, address) {
			if _, err := t.forgetDevices(ctx, userID); err != nil {
				return err
			}
			if err := f(r.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// sameAddress compares two addresses as sign-in does (DESIGN §5.6).
func sameAddress(a, b string) bool {
	x, errX := account.CanonicalEmail(a)
	y, errY := account.CanonicalEmail(b)
	return errX == nil && errY == nil && x == y
}
