package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/record"
	"portico/app/session"
	"portico/app/signin"
	"portico/app/userflow"
)

// AttemptRow is an open or ended sign-in attempt. Body is request, signals and facts as JSON, sealed:
// facts hold hashes and enrolment secrets.
type AttemptRow struct {
	ID        string `gorm:"primaryKey;size:36"`
	TenantID  string `gorm:"size:36;index:attempts_tenant"`
	Version   int64
	Browser   string `gorm:"size:64"`
	Body      []byte
	StartedAt time.Time
	ExpiresAt time.Time `gorm:"index:attempts_expiry"`
	EndedAt   *time.Time
}

func (AttemptRow) TableName() string { return "attempts" }

type attemptBody struct {
	Request     signin.Request `json:"request"`
	FlowID      string         `json:"flowId,omitempty"`
	FlowName    string         `json:"flowName,omitempty"`
	FlowVersion int            `json:"flowVersion,omitempty"`
	Signals     record.Signals `json:"signals"`
	Facts       signin.Facts   `json:"facts"`
}

func attemptContext(id string) string { return "attempt:" + id }

// SignInStores gives the sign-in machine its rows.
type SignInStores struct{ *Store }

// SignIns is one tenant's store for the machine.
func (s SignInStores) SignIns(tenantID string) signin.Store { return signInStore{s.Tenant(tenantID)} }

// signInStore is signin.Store on a tenant handle.
type signInStore struct{ *Tenant }

func (s signInStore) Tx() signin.Tx { return s.Tenant }

// Atomically shares its transaction with other callers' on SQLite: everything inside is small and quick.
func (s signInStore) Atomically(ctx context.Context, f func(signin.Store) error) error {
	return s.InBatch(ctx, func(t *Tenant) error { return f(signInStore{t}) })
}

func (s signInStore) Attempt(ctx context.Context, id string) (signin.Attempt, error) {
	var r AttemptRow
	if err := s.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return signin.Attempt{}, found(err)
	}
	return s.attemptOf(r)
}

func (s *Store) attemptOf(r AttemptRow) (signin.Attempt, error) {
	plain, err := s.seal.Open(r.Body, attemptContext(r.ID))
	if err != nil {
		return signin.Attempt{}, fmt.Errorf("attempt %s: %w", r.ID, err)
	}
	var b attemptBody
	err = unmarshalExact(string(plain), &b)
	if at := b.Facts.Attributes; err == nil && at != nil {
		err = exact(at.Values)
	}
	for _, t := range b.Facts.Advised {
		if err == nil {
			err = exact(t.Values)
		}
	}
	if inv := b.Request.Invitation; err == nil && inv != nil {
		err = exact(inv.Values)
	}
	if err != nil {
		return signin.Attempt{}, badJSON("attempt", r.ID, err)
	}
	return signin.Attempt{ID: r.ID, TenantID: r.TenantID, Version: r.Version, Browser: r.Browser, Request: b.Request,
		FlowID: b.FlowID, FlowName: b.FlowName, FlowVersion: b.FlowVersion, Signals: b.Signals, Facts: b.Facts,
		StartedAt: r.StartedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), EndedAt: timeOf(r.EndedAt)}, nil
}

func (s *Store) sealAttempt(a signin.Attempt) ([]byte, error) {
	plain, err := json.Marshal(attemptBody{Request: a.Request, FlowID: a.FlowID, FlowName: a.FlowName,
		FlowVersion: a.FlowVersion, Signals: a.Signals, Facts: a.Facts})
	if err != nil {
		return nil, err
	}
	return s.seal.Seal(plain, attemptContext(a.ID))
}

var errSwapped = fault.New(fault.Conflict, "error.conflict")

// SaveAttempt inserts version 0 and replaces any other, if it is still the one that was loaded.
func (s signInStore) SaveAttempt(ctx context.Context, a signin.Attempt) (int64, error) {
	body, err := s.sealAttempt(a)
	if err != nil {
		return 0, err
	}
	if a.Version == 0 {
		return 1, s.InBatch(ctx, func(t *Tenant) error {
			return t.w(ctx).Create(&AttemptRow{ID: a.ID, TenantID: t.ID, Version: 1, Browser: a.Browser, Body: body,
				StartedAt: micro(a.StartedAt), ExpiresAt: micro(a.ExpiresAt), EndedAt: timePtr(a.EndedAt)}).Error
		})
	}
	r := s.u(ctx).Model(&AttemptRow{}).Where("id = ? AND version = ? AND ended_at IS NULL", a.ID, a.Version).
		UpdateColumns(map[string]any{"version": a.Version + 1, "body": body, "ended_at": timePtr(a.EndedAt)})
	if r.Error == nil && r.RowsAffected == 0 {
		return 0, errSwapped
	}
	return a.Version + 1, r.Error
}

// EndAttempt closes the attempt and forgets its facts, but for the two that tell how a late form is
// answered; the record keeps what is worth keeping.
func (s signInStore) EndAttempt(ctx context.Context, a signin.Attempt, rec record.SignIn) error {
	return s.InTx(ctx, func(t *Tenant) error {
		if a.Version > 0 {
			a.Facts = signin.Facts{Cancelled: a.Facts.Cancelled, Other: a.Facts.Other}
			if _, err := (signInStore{t}).SaveAttempt(ctx, a); err != nil {
				return err
			}
		}
		return t.RecordSignIn(ctx, rec)
	})
}

// RecordSignIn joins the running transaction, or shares one with other callers.
func (s signInStore) RecordSignIn(ctx context.Context, r record.SignIn) error {
	return s.LogSignIn(ctx, r)
}

// nobody is asked for in place of an account that is not there, so that time tells nothing.
const nobody = "00000000-0000-4000-8000-000000000000"

func (s signInStore) AccountByEmail(ctx context.Context, canonical string) (account.Account, error) {
	return s.accountBy(ctx, account.SignInEmail, "", canonical)
}

// accountBy reads a person by the identity that was typed, in two queries: with that one identity, which is
// all that a sign-in looks at.
func (s signInStore) accountBy(ctx context.Context, signInType, issuer, canonical string) (account.Account, error) {
	var row struct {
		UserRow
		IdentityValue string
	}
	err := s.r(ctx).Table("users").Select("users.*, identities.value AS identity_value").
		Joins("JOIN identities ON identities.user_id = users.id AND identities.tenant_id = users.tenant_id").
		Where("identities.tenant_id = ? AND identities.sign_in_type = ? AND identities.issuer = ? AND identities.canonical = ?",
			s.ID, signInType, issuer, canonical).Limit(1).Take(&row).Error
	if err != nil && !isNotFound(err) {
		return account.Account{}, err
	}
	known, id := err == nil, row.UserRow.ID
	if !known {
		id = nobody
	}
	var credentials []CredentialRow
	err = s.q(ctx).Select(methodColumns).Where("user_id = ?", id).Order("created_at, id").Find(&credentials).Error
	if err != nil || !known {
		return account.Account{}, err
	}
	u, err := userOf(row.UserRow, []IdentityRow{{SignInType: signInType, Issuer: issuer, Canonical: canonical, Value: row.IdentityValue}}, credentials)
	if err == nil && !u.DeletedAt.IsZero() && !u.Returnable(s.Now()) {
		return account.Account{}, nil // gone, although the job has not come by yet
	}
	return u.Account, err
}

// Flow reads the version that an attempt began with.
func (s signInStore) Flow(ctx context.Context, id string, version int) (userflow.Flow, error) {
	return s.FlowVersion(ctx, id, version)
}

func (s signInStore) AccountByUserName(ctx context.Context, canonical string) (account.Account, error) {
	return s.accountBy(ctx, account.SignInUserName, "", canonical)
}

func (s signInStore) AccountByFederated(ctx context.Context, issuer, subject string) (account.Account, error) {
	return s.accountBy(ctx, account.SignInFederated, issuer, subject)
}

func (s signInStore) SetAttributes(ctx context.Context, userID string, values map[string]any, ip, correlation string) error {
	values, err := s.keepDefined(ctx, values)
	if err != nil {
		return err
	}
	_, err = s.editUser(ctx, person(userID, "", ip, correlation), userID, answerFlow, func(u *User) error {
		u.answer(values)
		return nil
	})
	return err
}

// Return keeps the account of somebody who had deleted it, in their own name.
func (s signInStore) Return(ctx context.Context, userID, ip, correlation string) error {
	_, err := s.ReturnUser(ctx, person(userID, "", ip, correlation), userID)
	return err
}

// Assign lets the person use an application, in their own name: they accepted an invitation to it.
func (s signInStore) Assign(ctx context.Context, userID, applicationID, ip, correlation string) error {
	have, err := s.Assigned(ctx, userID, applicationID)
	if err != nil || have {
		return err
	}
	_, err = s.AssignAppRole(ctx, person(userID, "", ip, correlation), AppRoleAssignment{PrincipalID: userID, ApplicationID: applicationID})
	return err
}

// Accept writes the acceptances in the person's own name.
func (s signInStore) Accept(ctx context.Context, userID string, a []userflow.Acceptance, ip, correlation string) error {
	return s.Tenant.Accept(ctx, person(userID, "", ip, correlation), userID, a)
}

func (s signInStore) AccountByID(ctx context.Context, id string) (account.Account, error) {
	u, err := s.User(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return account.Account{}, nil
	}
	return u.Account, err
}

func (s signInStore) AccountByHandle(ctx context.Context, id string) (account.Account, error) {
	now, err := s.MergedInto(ctx, id)
	if err != nil {
		return account.Account{}, err
	}
	if now != "" {
		id = now
	}
	return s.AccountByID(ctx, id)
}

func (s signInStore) PasswordHash(ctx context.Context, userID string) (string, error) {
	if userID == "" {
		userID = nobody
	}
	return s.Password(ctx, userID)
}

func (s signInStore) Credentials(ctx context.Context, userID, kind string) ([]signin.Credential, error) {
	all, err := s.Tenant.Credentials(ctx, userID, kind)
	var out []signin.Credential
	for _, c := range all {
		secret := c.Secret
		if kind == KindPasskey { // public key and flags: nothing to hide, and the counter inside moves
			secret = []byte(c.Data)
		}
		out = append(out, signin.Credential{ID: c.ID, Kind: c.Kind, Name: c.Name, Lookup: c.LookupKey, Secret: secret, Counter: c.Counter})
	}
	return out, err
}

func person(userID, name, ip, correlation string) audit.Actor {
	return audit.Actor{Kind: audit.ActorUser, ID: userID, Name: name, IP: ip, CorrelationID: correlation}
}

func (s signInStore) AddAccount(ctx context.Context, n signin.NewAccount) (account.Account, error) {
	u := User{Account: account.Account{ID: n.ID, DisplayName: n.DisplayName(), Mail: n.Email, MailVerified: !n.Vouched, MailVouched: n.Vouched, Enabled: true,
		FirstFactor: n.FirstFactor, PreferredLanguage: n.Locale, Identities: []account.Identity{{SignInType: account.SignInEmail, Value: n.Email}}},
		CreationType: "SelfServiceSignUp"}
	if n.UserName != "" {
		u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInUserName, Value: n.UserName})
	}
	if n.Federated != nil {
		u.Identities = append(u.Identities, *n.Federated)
	}
	values, err := s.keepDefined(ctx, n.Attributes)
	if err != nil {
		return account.Account{}, err
	}
	u.answer(values)
	u.DisplayName = n.DisplayName()
	err = s.InTx(ctx, func(t *Tenant) error {
		var err error
		if u, err = t.CreateUser(ctx, person(n.ID, u.DisplayName, n.IP, n.Correlation), u, n.Hash); err != nil {
			if fault.Is(err, fault.Denied) && fault.Of(err).Key == TrialFull { // its words are for admins
				err = fault.Wrap(fault.Denied, "signup.full", err)
			}
			return err
		}
		for _, c := range n.Credentials {
			if err := (signInStore{t}).AddCredential(ctx, u.ID, c); err != nil {
				return err
			}
		}
		return nil
	})
	return u.Account, err
}

func builtin(u *User, id string) *string {
	switch id {
	case "givenName":
		return &u.GivenName
	case "surname":
		return &u.Surname
	case "displayName":
		return &u.DisplayName
	case "jobTitle":
		return &u.JobTitle
	case "streetAddress":
		return &u.StreetAddress
	case "city":
		return &u.City
	case "state":
		return &u.State
	case "postalCode":
		return &u.PostalCode
	case "country":
		return &u.Country
	}
	return nil
}

func (s signInStore) AddCredential(ctx context.Context, userID string, c signin.Credential) error {
	row := Credential{ID: c.ID, UserID: userID, Kind: c.Kind, Name: c.Name, LookupKey: c.Lookup, Secret: c.Secret, Counter: c.Counter}
	switch c.Kind {
	case KindPasskey:
		row.Data, row.Secret = string(c.Secret), nil
	case KindSMS: // the number is the account's too, as it is when it is proven on the account pages
		return (waysStore{s}).ReplacePhone(ctx, person(userID, "", "", ""), userID, c.Name)
	case KindRecovery: // ten of them come with the factor that the log already names
		verifier, err := s.seal.Seal(c.Secret, credentialContext(c.ID))
		if err != nil {
			return err
		}
		return s.w(ctx).Create(&CredentialRow{ID: c.ID, TenantID: s.ID, UserID: userID, Kind: c.Kind, LookupKey: c.Lookup,
			Secret: verifier, Data: "{}", CreatedAt: s.Now()}).Error
	}
	_, err := s.Tenant.AddCredential(ctx, person(userID, "", "", ""), row)
	return err
}

// SetPassword stores a new hash: of a new password, which may end every earlier session, or of the same one.
func (s signInStore) SetPassword(ctx context.Context, userID string, p signin.PasswordChange) error {
	if p.Rehash {
		old, err := s.Password(ctx, userID)
		if err != nil {
			return err
		}
		return s.RehashPassword(ctx, userID, old, p.Hash)
	}
	return s.InTx(ctx, func(t *Tenant) error {
		if p.Reset && p.EndSessions { // the apps are told at once; the sign-in that goes on has no session yet
			if err := t.SignOutUser(ctx, userID, "Reset password"); err != nil {
				return err
			}
		}
		return t.SetPassword(ctx, person(userID, "", p.IP, p.Correlation), userID,
			PasswordChange{Hash: p.Hash, SelfService: p.Reset, RevokeSessions: p.EndSessions, ValidFrom: p.At})
	})
}

// Invitation reads one by its id.
func (s signInStore) Invitation(ctx context.Context, id string) (userflow.Invitation, error) {
	return s.Tenant.Invitation(ctx, id)
}

func (s signInStore) AdvanceCredential(ctx context.Context, _, id string, counter int64, stored []byte) (bool, error) {
	if stored != nil {
		return s.UsePasskey(ctx, id, counter, string(stored))
	}
	return s.UseStep(ctx, id, counter)
}

// UsedCredential notes when an address or number was last used.
func (s signInStore) UsedCredential(ctx context.Context, userID, id string) error {
	return s.u(ctx).Model(&CredentialRow{}).Where("id = ? AND user_id = ? AND kind IN ?", id, userID, []string{KindEmail, KindSMS}).
		UpdateColumn("last_used_at", s.Now()).Error
}

func (s signInStore) SpendCredential(ctx context.Context, userID, id string) (bool, error) {
	return s.ConsumeCredential(ctx, userID, id)
}

func (s signInStore) SignedIn(ctx context.Context, userID string, _ time.Time) error {
	return s.TouchSignIn(ctx, userID)
}

// EndSession ends a session that another takes the place of, and what it gave to apps.
func (s signInStore) EndSession(ctx context.Context, sid, reason string, now time.Time) error {
	if err := s.SignOutApps(ctx, sid, reason); err != nil {
		return err
	}
	return s.Tenant.EndSession(ctx, sid, reason, now)
}

// ForgetReplaced is done in the name of whoever showed the secret.
func (s signInStore) ForgetReplaced(ctx context.Context, userID string, shown func(deviceID string) bool, before time.Time, ip, correlation string) error {
	return s.Tenant.ForgetReplaced(ctx, person(userID, "", ip, correlation), userID, shown, before)
}

// Remember keeps a device in its owner's own name.
func (s signInStore) Remember(ctx context.Context, d session.Remembered, secret string, anew bool, ip, correlation string) error {
	return s.Tenant.Remember(ctx, person(d.UserID, "", ip, correlation), d, secret, anew)
}

// ExpireAttempts closes attempts that ran out and records the ones in which somebody did something. The
// job calls it until it gives 0; running twice at once does no harm.
func (s *Store) ExpireAttempts(ctx context.Context, limit int) (int, error) {
	var rows []AttemptRow
	now := s.Now()
	if err := s.read.WithContext(ctx).Where("expires_at <= ? AND ended_at IS NULL", now).Order("expires_at").Limit(limit).Find(&rows).Error; err != nil {
		return 0, err
	}
	for _, r := range rows {
		a, err := s.attemptOf(r)
		err = s.Tenant(r.TenantID).InTx(ctx, func(t *Tenant) error {
			closed := t.u(ctx).Model(&AttemptRow{}).Where("id = ? AND ended_at IS NULL", r.ID).
				UpdateColumns(map[string]any{"ended_at": now, "version": gorm.Expr("version + 1")})
			if closed.Error != nil || closed.RowsAffected == 0 || err != nil || !a.Facts.Touched() || len(a.Facts.Trail) < 2 && a.Facts.Identified == nil {
				return closed.Error
			}
			dir, err := s.ManagedDirectory(ctx, t.ID)
			if err != nil {
				return err
			}
			return t.RecordSignIn(ctx, signin.Abandoned(a, dir.Policies))
		})
		if err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// PurgeAttempts drops what nobody needs any more: attempts a day after their end, dead codes,
// changes that somebody began and did not finish, sessions a
// week after they ended, idle counters.
func (s *Store) PurgeAttempts(ctx context.Context) error {
	now := s.Now()
	w := s.write.WithContext(ctx)
	return errors.Join(
		w.Where("expires_at < ? AND ended_at IS NOT NULL", now.Add(-24*time.Hour)).Delete(&AttemptRow{}).Error,
		w.Where("expires_at < ?", now.Add(-24*time.Hour)).Delete(&MailedCodeRow{}).Error,
		w.Where("expires_at < ?", now).Delete(&PendingRow{}).Error,
		w.Where("expires_at < ?", now).Delete(&ParkedAnswerRow{}).Error,
		w.Where("expires_at < ?", now).Delete(&ProviderTrialRow{}).Error,
		w.Where("expires_at < ?", now).Delete(&UsedAssertionRow{}).Error,
		w.Where("expires_at < ?", now).Delete(&RememberedDeviceRow{}).Error,
		w.Where("expires_at < ?", now.Add(-7*24*time.Hour)).Delete(&SessionRow{}).Error,
		w.Where("last_at < ?", now.Add(-190*24*time.Hour)).Delete(&SessionClientRow{}).Error, // no session lives so long
		w.Where("updated_at < ?", now.Add(-48*time.Hour)).Delete(&LockoutRow{}).Error,
		w.Where("expires_at < ?", now).Delete(&LimitRow{}).Error,
		w.Where("day < ?", textDay(now.Add(-textsKept))).Delete(&TextDayRow{}).Error)
}

func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
