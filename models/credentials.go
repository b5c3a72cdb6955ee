package models

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"portico/app/audit"
	"portico/app/extension"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/signin"
	"portico/app/userflow"
)

// Kinds of credential.
const (
	KindPassword = "password"
	KindTOTP     = "totp"
	KindPasskey  = "passkey"
	KindRecovery = "recovery"
	KindEmail    = "email"
	KindSMS      = "sms"
)

// Credential is a registered second factor. Secret is in the clear here and sealed in the database.
type Credential struct {
	ID         string
	UserID     string
	Kind       string
	Name       string
	LookupKey  string // passkey: credential id, base64url
	Secret     []byte
	Data       string // JSON, public part
	Counter    int64  // TOTP: last step used; passkey: signature counter
	CreatedAt  time.Time
	LastUsedAt time.Time // zero = never
}

// methodColumns is what lists of methods read: nothing secret, and of what is public only what a passkey says of
// itself.
const methodColumns = "id, tenant_id, user_id, kind, name, created_at, last_used_at, CASE WHEN kind = '" + KindPasskey + "' THEN data ELSE '' END AS data"

func passkeyFacts(r CredentialRow) factor.PasskeyFacts {
	if r.Kind != KindPasskey || r.Data == "" {
		return factor.PasskeyFacts{}
	}
	return factor.FactsOf([]byte(r.Data))
}

func credentialContext(id string) string { return "credential:" + id }

// Password gives the password hash (a PHC string) of a person, or "" when they have none.
func (t *Tenant) Password(ctx context.Context, userID string) (string, error) {
	var r CredentialRow
	err := t.q(ctx).Where("user_id = ? AND kind = ?", userID, KindPassword).Order("created_at DESC").Take(&r).Error
	if isNotFound(err) {
		return "", nil
	}
	return string(r.Secret), err
}

func (t *Tenant) putPassword(ctx context.Context, userID, hash string) error {
	if err := t.u(ctx).Where("user_id = ? AND kind = ?", userID, KindPassword).Delete(&CredentialRow{}).Error; err != nil {
		return err
	}
	return t.w(ctx).Create(&CredentialRow{ID: NewID(), TenantID: t.ID, UserID: userID, Kind: KindPassword,
		Secret: []byte(hash), Data: "{}", CreatedAt: t.Now()}).Error
}

// passwordVoid is the name of a password that opens nothing: accounts are read without their secrets.
const passwordVoid = "void"

// voidPassword makes a person's password open nothing. What it was is kept, so that it is not chosen again.
func (t *Tenant) voidPassword(ctx context.Context, userID string) error {
	hash, err := t.Password(ctx, userID)
	if err != nil || hash == "" || factor.IsVoid(hash) {
		return err
	}
	return t.u(ctx).Model(&CredentialRow{}).Where("user_id = ? AND kind = ?", userID, KindPassword).
		UpdateColumns(map[string]any{"secret": []byte(factor.Void(hash)), "name": passwordVoid}).Error
}

// PasswordChange says what comes along with a new password.
type PasswordChange struct {
	Hash           string    // PHC string
	MustChange     bool      // a temporary one: ask for another at the next sign-in
	RevokeSessions bool      // end every session and grant proven before ValidFrom
	ValidFrom      time.Time // zero = now
	SelfService    bool      // by "Forgot your password?"
}

// SetPassword replaces a person's password. The log says that it changed, never what.
func (t *Tenant) SetPassword(ctx context.Context, actor audit.Actor, userID string, c PasswordChange) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		if err := t.putPassword(ctx, userID, c.Hash); err != nil {
			return audit.Event{}, err
		}
		if err := t.Unlock(ctx, userID); err != nil {
			return audit.Event{}, err
		}
		if _, err := t.forgetDevices(ctx, userID); err != nil {
			return audit.Event{}, err
		}
		columns := map[string]any{"must_change_password": c.MustChange, "updated_at": t.Now()}
		ended, err := t.migrationEnds(ctx, u, columns)
		if err != nil {
			return audit.Event{}, err
		}
		if c.RevokeSessions {
			columns["sessions_valid_from"] = t.Now()
			if !c.ValidFrom.IsZero() {
				columns["sessions_valid_from"] = micro(c.ValidFrom)
			}
		}
		byOther := !c.SelfService && (actor.Kind != audit.ActorUser || actor.ID != userID)
		if byOther && c.MustChange { // who knew the old one knows nothing any more (R 6.7.6)
			if _, err := t.remediate(ctx, actor, u, RiskTempPassword); err != nil {
				return audit.Event{}, err
			}
		}
		activity := "Reset password"
		if c.SelfService {
			activity = "Reset password (self-service)"
		} else if actor.Kind == audit.ActorUser && actor.ID == userID {
			activity = "Change password"
		} else if c.RevokeSessions { // somebody else did it: the person's apps are told as well
			if err := t.SignOutUser(ctx, userID, activity); err != nil {
				return audit.Event{}, err
			}
		}
		return audit.Event{Activity: activity, Category: "UserManagement", Operation: "Update", Target: userTarget(u),
				Changes: append([]audit.Change{{Property: "password", Class: audit.Secret}}, ended...)},
			oneRow(t.u(ctx).Model(&UserRow{}).Where("id = ?", userID).Updates(columns))
	})
}

// migrationEnds forgets that somebody's password is kept elsewhere: whatever it is there, from now on the one here counts
// (R 8.8.5), and the old one must not come back over it.
func (t *Tenant) migrationEnds(ctx context.Context, u User, columns map[string]any) ([]audit.Change, error) {
	if len(u.Attributes) == 0 {
		return nil, nil
	}
	flags, err := t.migrationFlags(ctx)
	if err != nil {
		return nil, err
	}
	attributes := copyMap(u.Attributes)
	var d differences
	for _, flag := range flags {
		if attributes[flag] == true {
			attributes[flag] = false
			d.note(flag, "", true, false, audit.Sensitive)
		}
	}
	if len(d.changes) == 0 {
		return nil, nil
	}
	b, err := json.Marshal(attributes)
	columns["attributes"] = string(b)
	return d.changes, err
}

// migrationFlags are the attributes that say whose password is kept elsewhere.
func (t *Tenant) migrationFlags(ctx context.Context) ([]string, error) {
	listeners, err := t.Listeners(ctx)
	flags := []string{userflow.DefinitionID(t.ID, signin.ToBeMigrated)}
	for _, l := range listeners {
		if l.Event == extension.PasswordSubmit && l.Attribute != "" {
			flags = append(flags, l.Attribute)
		}
	}
	return flags, err
}

// migrationNamed gives a change of somebody a name of its own when it changes who is asked about their password.
func (t *Tenant) migrationNamed(ctx context.Context, activity string, changes []audit.Change) (string, error) {
	turned := slices.DeleteFunc(slices.Clone(changes), func(c audit.Change) bool { return c.Property == "accountEnabled" || c.Old != true && c.New != true })
	if activity != updateUser && activity != answerFlow || len(turned) == 0 {
		return activity, nil
	}
	flags, err := t.migrationFlags(ctx)
	if slices.ContainsFunc(turned, func(c audit.Change) bool { return slices.Contains(flags, c.Property) }) {
		activity = "Change migration of password"
	}
	return activity, err
}

// RehashPassword replaces the hash of the same password by a stronger one, if it is still the hash that
// was verified. It is no change that anybody sees, so no audit row.
func (t *Tenant) RehashPassword(ctx context.Context, userID, old, hash string) error {
	if factor.IsVoid(old) { // reported between the proof and now
		return nil
	}
	return t.u(ctx).Model(&CredentialRow{}).Where("user_id = ? AND kind = ? AND secret = ?", userID, KindPassword, []byte(old)).
		UpdateColumn("secret", []byte(hash)).Error
}

// AddCredential registers a second factor and gives its id.
func (t *Tenant) AddCredential(ctx context.Context, actor audit.Actor, c Credential) (string, error) {
	if c.ID == "" {
		c.ID = NewID()
	}
	if c.Data == "" {
		c.Data = "{}"
	}
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", c.UserID))
		if err != nil {
			return audit.Event{}, err
		}
		if c.Kind == KindPasskey && c.LookupKey != "" { // one passkey, one person (WebAuthn §7.1, step 26)
			var taken int64
			if err := t.q(ctx).Model(&CredentialRow{}).Where("lookup_key = ? AND kind = ?", c.LookupKey, KindPasskey).Count(&taken).Error; err != nil {
				return audit.Event{}, err
			}
			if taken > 0 {
				return audit.Event{}, fault.New(fault.Invalid, "signin.passkey.failed")
			}
		}
		row := CredentialRow{ID: c.ID, TenantID: t.ID, UserID: c.UserID, Kind: c.Kind, Name: c.Name, LookupKey: c.LookupKey,
			Data: c.Data, Counter: c.Counter, CreatedAt: t.Now()}
		if row.Secret, err = t.seal.Seal(c.Secret, credentialContext(c.ID)); err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Register security info", Category: "UserManagement", Operation: "Add", Target: userTarget(u),
			Changes: []audit.Change{{Property: "authenticationMethod", New: c.Kind}}}, t.w(ctx).Create(&row).Error
	})
	return c.ID, err
}

// Credentials lists a person's second factors with their secrets opened; kind "" means all.
func (t *Tenant) Credentials(ctx context.Context, userID, kind string) ([]Credential, error) {
	q := t.q(ctx).Where("user_id = ? AND kind <> ?", userID, KindPassword)
	if kind != "" {
		q = q.Where("kind = ?", kind)
	}
	var rows []CredentialRow
	if err := q.Order("created_at, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return t.openCredentials(rows)
}

// CredentialsByKey finds passkeys by credential id.
func (t *Tenant) CredentialsByKey(ctx context.Context, lookupKey string) ([]Credential, error) {
	var rows []CredentialRow
	if err := t.q(ctx).Where("lookup_key = ?", lookupKey).Find(&rows).Error; err != nil {
		return nil, err
	}
	return t.openCredentials(rows)
}

func (t *Tenant) openCredentials(rows []CredentialRow) ([]Credential, error) {
	out := make([]Credential, 0, len(rows))
	for _, r := range rows {
		if r.late(t.Now()) {
			continue
		}
		secret, err := t.seal.Open(r.Secret, credentialContext(r.ID))
		if err != nil {
			return nil, err
		}
		out = append(out, Credential{ID: r.ID, UserID: r.UserID, Kind: r.Kind, Name: r.Name, LookupKey: r.LookupKey, Secret: secret,
			Data: r.Data, Counter: r.Counter, CreatedAt: r.CreatedAt.UTC(), LastUsedAt: timeOf(r.LastUsedAt)})
	}
	return out, nil
}

// RemoveCredential deletes one second factor.
func (t *Tenant) RemoveCredential(ctx context.Context, actor audit.Actor, userID, id string) error {
	return t.auditedWatch(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		var r CredentialRow
		if err := t.u(ctx).Where("id = ? AND user_id = ? AND kind <> ?", id, userID, KindPassword).Take(&r).Error; err != nil {
			return audit.Event{}, found(err)
		}
		if _, err := t.forgetDevices(ctx, userID); err != nil { // it may be what they were remembered with
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Delete security info", Category: "UserManagement", Operation: "Delete", Target: userTarget(u),
				Changes: []audit.Change{{Property: "authenticationMethod", Old: r.Kind}}},
			oneRow(t.u(ctx).Where("id = ?", id).Delete(&CredentialRow{}))
	})
}

// RemoveRecoveryCodes deletes a person's recovery codes together, as they were made.
func (t *Tenant) RemoveRecoveryCodes(ctx context.Context, actor audit.Actor, userID string) error {
	return t.auditedWatch(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		r := t.u(ctx).Where("user_id = ? AND kind = ?", userID, KindRecovery).Delete(&CredentialRow{})
		if r.Error == nil && r.RowsAffected == 0 { // pressed twice: there is nothing to note
			return audit.Event{}, nil
		}
		return audit.Event{Activity: "Delete security info", Category: "UserManagement", Operation: "Delete", Target: userTarget(u),
			Changes: []audit.Change{{Property: "authenticationMethod", Old: KindRecovery}}}, r.Error
	})
}

// RemoveCredentials deletes everything that a person proves themselves with, the password too: whoever is let in
// by a link afterwards must not share the account with somebody who knows the old password and could set up a
// second factor of their own.
func (t *Tenant) RemoveCredentials(ctx context.Context, actor audit.Actor, userID string) error {
	return t.auditedWatch(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		if _, err := t.forgetDevices(ctx, userID); err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Delete security info", Category: "UserManagement", Operation: "Delete", Target: userTarget(u),
				Changes: []audit.Change{{Property: "authenticationMethod", Old: "all"}, {Property: "password", Class: audit.Secret}}},
			t.u(ctx).Where("user_id = ?", userID).Delete(&CredentialRow{}).Error
	})
}

// UseStep uses up a TOTP step: exactly one caller wins for each step, and no step at or below the last
// one used is accepted again (RFC 6238 §5.2). False means that it was used already.
func (t *Tenant) UseStep(ctx context.Context, id string, step int64) (bool, error) {
	r := t.u(ctx).Model(&CredentialRow{}).Where("id = ? AND kind = ? AND counter < ?", id, KindTOTP, step).
		UpdateColumns(map[string]any{"counter": step, "last_used_at": t.Now()})
	return r.RowsAffected == 1, r.Error
}

// UsePasskey notes a passkey's use and its new signature counter. False means that the counter did not
// rise although the authenticator counts: a sign of a clone (WebAuthn §6.1.1).
func (t *Tenant) UsePasskey(ctx context.Context, id string, counter int64, data string) (bool, error) {
	columns := map[string]any{"counter": counter, "last_used_at": t.Now()}
	if data != "" {
		columns["data"] = data
	}
	r := t.u(ctx).Model(&CredentialRow{}).Where("id = ? AND kind = ? AND (counter < ? OR (counter = 0 AND ? = 0))", id, KindPasskey, counter, counter).
		UpdateColumns(columns)
	return r.RowsAffected == 1, r.Error
}

// ConsumeCredential deletes a credential that works once (a recovery code). Exactly one caller wins.
func (t *Tenant) ConsumeCredential(ctx context.Context, userID, id string) (bool, error) {
	r := t.u(ctx).Where("id = ? AND user_id = ? AND kind = ?", id, userID, KindRecovery).Delete(&CredentialRow{})
	return r.RowsAffected == 1, r.Error
}

// RenameCredential changes the name that a person gave a factor.
func (t *Tenant) RenameCredential(ctx context.Context, userID, id, name string) error {
	if name == "" || len(name) > 64 {
		return fault.BadField("name", "field.too_long", map[string]any{"max": 64})
	}
	return oneRow(t.u(ctx).Model(&CredentialRow{}).Where("id = ? AND user_id = ?", id, userID).UpdateColumn("name", name))
}
