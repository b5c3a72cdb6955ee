package models

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/userflow"
)

// User is a whole person: what decisions know (account.Account) and the rest of the profile.
type User struct {
	account.Account
	JobTitle      string
	StreetAddress string
	City          string
	State         string
	PostalCode    string
	Country       string
	MobilePhone   string
	CreationType  string // LocalAccount, SelfServiceSignUp, Admin
	UpdatedAt     time.Time
	LastSignInAt  time.Time // zero = never
	PasswordSetAt time.Time // zero = no password
	// RealRisk is what their risk would be without what is simulated; nil = nothing is simulated for them.
	RealRisk *account.Risk
}

// purgeAfter is how long a deleted person can be restored (R 13.4).
const purgeAfter = account.Grace

func fold(s string) string { return strings.ToLower(norm.NFKC.String(strings.TrimSpace(s))) }

// searchText is everything that a search may find a person by, folded.
func searchText(u User) string {
	parts := []string{fold(u.DisplayName)}
	add := func(s string) {
		s = fold(s)
		for _, p := range parts {
			if s == "" || strings.Contains(p, s) {
				return
			}
		}
		parts = append(parts, s)
	}
	add(u.GivenName)
	add(u.Surname)
	add(u.Mail)
	for _, i := range u.Identities {
		add(i.Value)
		add(i.Canonical)
	}
	return strings.Join(parts, "\n")
}

func userRow(u User, tenantID string) (UserRow, error) {
	attributes := "{}"
	if len(u.Attributes) > 0 {
		b, err := json.Marshal(u.Attributes)
		if err != nil {
			return UserRow{}, err
		}
		attributes = string(b)
	}
	r := UserRow{ID: u.ID, TenantID: tenantID, DisplayName: u.DisplayName, GivenName: u.GivenName, Surname: u.Surname,
		Mail: u.Mail, MailVerified: u.MailVerified, MailVouched: u.MailVouched, JobTitle: u.JobTitle, StreetAddress: u.StreetAddress, City: u.City,
		State: u.State, PostalCode: u.PostalCode, Country: u.Country, MobilePhone: u.MobilePhone,
		PreferredLanguage: u.PreferredLanguage, Attributes: attributes, NameNorm: fold(u.DisplayName), SearchNorm: searchText(u),
		FirstFactor: u.FirstFactor, CreationType: u.CreationType, Enabled: u.Enabled, MustChangePassword: u.MustChangePassword,
		SessionsValidFrom: u.SessionsValidFrom, LastSignInAt: timePtr(u.LastSignInAt), CreatedAt: u.CreatedAt,
		UpdatedAt: u.UpdatedAt, DeletedAt: timePtr(u.DeletedAt), SelfDeleted: u.SelfDeleted, Emergency: u.Emergency}
	return r, nil
}

func timePtr(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Microsecond)
	return &t
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func userOf(r UserRow, identities []IdentityRow, credentials []CredentialRow) (User, error) {
	u := User{Account: account.Account{ID: r.ID, TenantID: r.TenantID, DisplayName: r.DisplayName, GivenName: r.GivenName,
		Surname: r.Surname, Mail: r.Mail, MailVerified: r.MailVerified, MailVouched: r.MailVouched, PreferredLanguage: r.PreferredLanguage,
		Enabled: r.Enabled, DeletedAt: timeOf(r.DeletedAt), CreatedAt: r.CreatedAt.UTC(), SessionsValidFrom: r.SessionsValidFrom.UTC(),
		MustChangePassword: r.MustChangePassword, FirstFactor: r.FirstFactor, Profile: profileOf(r), SelfDeleted: r.SelfDeleted, Emergency: r.Emergency, Risk: riskOf(r)},
		JobTitle: r.JobTitle, StreetAddress: r.StreetAddress, City: r.City, State: r.State, PostalCode: r.PostalCode,
		Country: r.Country, MobilePhone: r.MobilePhone, CreationType: r.CreationType, UpdatedAt: r.UpdatedAt.UTC(),
		LastSignInAt: timeOf(r.LastSignInAt)}
	if err := u.tellReal(r); err != nil {
		return u, err
	}
	if r.Attributes != "" && r.Attributes != "{}" {
		err := unmarshalExact(r.Attributes, &u.Attributes)
		if err == nil {
			err = exact(u.Attributes)
		}
		if err != nil {
			return u, badJSON("user", r.ID, err)
		}
	}
	for _, i := range identities {
		u.Identities = append(u.Identities, account.Identity{SignInType: i.SignInType, Issuer: i.Issuer, Value: i.Value,
			Canonical: strings.TrimPrefix(i.Canonical, parked(r.ID))})
	}
	for _, c := range credentials {
		if c.Kind == KindPassword {
			u.HasPassword, u.PasswordSetAt, u.PasswordVoid = true, c.CreatedAt.UTC(), c.Name == passwordVoid
			continue
		}
		facts := passkeyFacts(c)
		u.Methods = append(u.Methods, account.Method{ID: c.ID, Kind: c.Kind, Name: c.Name, CreatedAt: c.CreatedAt.UTC(), LastUsedAt: timeOf(c.LastUsedAt), AAGUID: facts.AAGUID, Host: facts.Host})
	}
	return u, nil
}

// profileOf are the built-in attributes that decisions look at by their id only.
func profileOf(r UserRow) map[string]string {
	var out map[string]string
	for id, v := range map[string]string{"jobTitle": r.JobTitle, "streetAddress": r.StreetAddress, "city": r.City, "state": r.State,
		"postalCode": r.PostalCode, "country": r.Country} {
		if v != "" {
			if out == nil {
				out = make(map[string]string, 6)
			}
			out[id] = v
		}
	}
	return out
}

// answer writes what a person answered on a flow's page: built-in attributes into their fields.
func (u *User) answer(values map[string]any) {
	for id, v := range values {
		text, isText := v.(string)
		if at := builtin(u, id); at != nil && isText {
			*at = strings.TrimSpace(text)
			continue
		}
		if u.Attributes == nil {
			u.Attributes = map[string]any{}
		}
		u.Attributes[id] = v
	}
}

// parked is put before the canonical form of a deleted person's identities, so that the address is free
// for a new account; restoring takes it away again, if nobody has taken the address meanwhile.
func parked(userID string) string { return "deleted/" + userID + "/" }

// validateUser says what is wrong with a person, who was as before says: what was stored earlier under
// other rules, and stays as it is, does not stand in the way of a change.
func validateUser(before User, u *User) error {
	var bad fault.Fields
	stored := map[string]string{"displayName": before.DisplayName, "givenName": before.GivenName, "surname": before.Surname,
		"jobTitle": before.JobTitle, "streetAddress": before.StreetAddress, "city": before.City, "state": before.State,
		"postalCode": before.PostalCode, "country": before.Country, "mobilePhone": before.MobilePhone}
	for name, v := range map[string]*string{"displayName": &u.DisplayName, "givenName": &u.GivenName, "surname": &u.Surname,
		"jobTitle": &u.JobTitle, "streetAddress": &u.StreetAddress, "city": &u.City, "state": &u.State,
		"postalCode": &u.PostalCode, "country": &u.Country, "mobilePhone": &u.MobilePhone} {
		*v = strings.TrimSpace(*v)
		switch {
		case !plainText(*v):
			bad.Add(name, "field.characters", nil)
		case !userflow.Readable(*v) && *v != stored[name]:
			bad.Add(name, "flow.text.invisible", nil)
		case len([]rune(*v)) > longest(name):
			bad.Add(name, "field.too_long", map[string]any{"max": longest(name)})
		}
	}
	if u.DisplayName == "" && (before.ID == "" || before.DisplayName != "") {
		bad.Add("displayName", "admin.user.display_name", nil)
	}
	if u.Mail = strings.TrimSpace(u.Mail); u.Mail != "" && u.Mail != before.Mail && !slices.ContainsFunc(u.Identities, hasValue(u.Mail)) {
		badMail(&bad, "mail", u.Mail)
	}
	if other := u.Attributes["otherMails"]; !reflect.DeepEqual(other, before.Attributes["otherMails"]) {
		list, _ := other.([]any)
		for _, m := range list {
			s, _ := m.(string)
			badMail(&bad, "otherMails", s)
		}
	}
	if l := u.PreferredLanguage; l != "" && l != before.PreferredLanguage {
		if _, err := language.Parse(l); err != nil || strings.Contains(l, "_") || len(l) > 35 {
			bad.Add("preferredLanguage", "user.language.invalid", nil)
		}
	}
	if len(u.Identities) == 0 && len(before.Identities) > 0 { // nobody is left without a way in
		bad.Add("identities", "user.identity.required", nil)
	} else if before.ID != "" && noWayIn(before) == "" {
		if key := noWayIn(*u); key != "" {
			bad.Add("identities", key, nil)
		}
	}
	for i := range u.Identities {
		id := &u.Identities[i]
		if kept, ok := sameIdentity(before, *id); ok {
			id.Canonical = kept.Canonical
			continue
		}
		switch id.SignInType {
		case account.SignInEmail:
			canonical, err := account.CanonicalEmail(id.Value)
			if err != nil {
				bad = append(bad, fault.Of(err).Fields...)
			}
			id.Canonical = canonical
		case account.SignInUserName:
			canonical, err := account.CanonicalUserName(id.Value)
			if err != nil {
				bad = append(bad, fault.Of(err).Fields...)
			}
			id.Canonical = canonical
		case account.SignInFederated:
			if id.Canonical == "" {
				id.Canonical = id.Value
			}
			if id.Issuer == "" || id.Canonical == "" {
				bad.Add("identities", "user.identity.issuer", nil)
			}
		default:
			bad.Add("identities", "user.identity.type", map[string]any{"type": id.SignInType})
		}
	}
	return bad.Err()
}

// sameIdentity finds an identity that the person has already.
func sameIdentity(before User, i account.Identity) (account.Identity, bool) {
	for _, have := range before.Identities {
		if have.SignInType == i.SignInType && have.Issuer == i.Issuer && have.Value == i.Value {
			return have, true
		}
	}
	return i, false
}

// noWayIn says why a person's identities and first factor do not go together, as a message key: a code
// needs a mailbox, and so does somebody who has yet to choose a password. Deleted people and those without
// any identity, who come by a credential of their own, are left alone.
func noWayIn(u User) string {
	if len(u.Identities) == 0 || slices.ContainsFunc(u.Identities, func(i account.Identity) bool { return i.SignInType != account.SignInUserName }) {
		return ""
	}
	switch {
	case u.FirstFactor == string(userflow.EmailCode):
		return "user.identity.mailbox"
	case !u.HasPassword && u.FirstFactor != "":
		return "user.identity.no_password"
	}
	return ""
}

// hasValue reports whether an identity is a given address: its own check says what is wrong with it.
func hasValue(address string) func(account.Identity) bool {
	return func(i account.Identity) bool { return i.SignInType == account.SignInEmail && i.Value == address }
}

func badMail(bad *fault.Fields, property, address string) {
	if _, err := account.CanonicalEmail(address); err != nil {
		bad.Add(property, "field.email.invalid", nil)
	}
}

// plainText reports whether text holds nothing that only a program would write: invalid UTF-8, which
// Postgres refuses, and control characters besides the line breaks of a postal address.
func plainText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' })
}

func longest(property string) int {
	if property == "mobilePhone" {
		return 64
	}
	return userflow.Builtin()[property]
}

func userTarget(u User) audit.Target {
	name := u.DisplayName
	if name == "" {
		name = u.Mail
	}
	return audit.Target{Kind: "user", ID: u.ID, Name: name}
}

// CreateUser makes a person with identities and, when passwordHash is not empty, a password. An address
// that somebody else has is a fault.Conflict on its field.
func (t *Tenant) CreateUser(ctx context.Context, actor audit.Actor, u User, passwordHash string) (User, error) {
	if err := validateUser(User{}, &u); err != nil {
		return User{}, err
	}
	if u.ID == "" {
		u.ID = uuid.NewString() // oid is public: no time inside
	}
	if u.CreationType == "" {
		u.CreationType = "LocalAccount"
	}
	u.TenantID, u.DeletedAt = t.ID, time.Time{}
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if err := t.checkUser(ctx, User{}, &u); err != nil {
			return audit.Event{}, err
		}
		if err := t.roomFor(ctx, 1); err != nil {
			return audit.Event{}, err
		}
		now := t.Now()
		if u.CreatedAt.IsZero() {
			u.CreatedAt = now
		}
		u.CreatedAt, u.UpdatedAt = u.CreatedAt.UTC().Truncate(time.Microsecond), now
		row, err := userRow(u, t.ID)
		if err != nil {
			return audit.Event{}, err
		}
		u.Profile = profileOf(row)
		if err := t.w(ctx).Create(&row).Error; err != nil {
			return audit.Event{}, err
		}
		if err := t.addIdentities(ctx, u.ID, u.Identities); err != nil {
			return audit.Event{}, err
		}
		if err := t.followRules(ctx, u); err != nil {
			return audit.Event{}, err
		}
		if passwordHash != "" {
			if err := t.putPassword(ctx, u.ID, passwordHash); err != nil {
				return audit.Event{}, err
			}
			u.HasPassword, u.PasswordSetAt = true, t.Now()
		}
		changes := []audit.Change{{Property: "displayName", New: u.DisplayName, Class: audit.Sensitive},
			{Property: "accountEnabled", New: u.Enabled}, {Property: "creationType", New: u.CreationType}}
		if u.Mail != "" {
			changes = append(changes, audit.Change{Property: "mail", New: u.Mail, Class: audit.Sensitive})
		}
		return audit.Event{Activity: "Add user", Category: "UserManagement", Operation: "Add", Target: userTarget(u), Changes: changes}, nil
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

func (t *Tenant) addIdentities(ctx context.Context, userID string, ids []account.Identity) error {
	if err := t.freeLeft(ctx, ids); err != nil {
		return err
	}
	for _, i := range ids {
		row := IdentityRow{ID: NewID(), TenantID: t.ID, UserID: userID, SignInType: i.SignInType, Issuer: i.Issuer,
			Canonical: i.Canonical, Value: i.Value, CreatedAt: t.Now()}
		if err := t.w(ctx).Create(&row).Error; err != nil {
			return identityTaken(err, i.SignInType)
		}
	}
	return nil
}

func identityTaken(err error, signInType string) error {
	field := map[string]string{account.SignInEmail: "email", account.SignInUserName: "userName"}[signInType]
	if field == "" {
		field = "identities"
	}
	return taken(err, field, "user.identity.taken", nil)
}

// User reads one person, deleted ones included: Usable says whether they count.
func (t *Tenant) User(ctx context.Context, id string) (User, error) {
	return t.userWhere(ctx, t.q(ctx).Where("id = ?", id))
}

func (t *Tenant) userWhere(ctx context.Context, q *gorm.DB) (User, error) {
	var r UserRow
	if err := q.Take(&r).Error; err != nil {
		return User{}, found(err)
	}
	us, err := t.usersOf(ctx, []UserRow{r})
	if err != nil {
		return User{}, err
	}
	return us[0], nil
}

// UserByIdentity finds the person whom an identity belongs to. Canonical is the compared form. Deleted
// people are not found.
func (t *Tenant) UserByIdentity(ctx context.Context, signInType, issuer, canonical string) (User, error) {
	return t.userWhere(ctx, t.q(ctx).Where("deleted_at IS NULL AND id = (?)", t.r(ctx).Model(&IdentityRow{}).Select("user_id").
		Where("tenant_id = ? AND sign_in_type = ? AND issuer = ? AND canonical = ?", t.ID, signInType, issuer, canonical)))
}

// usersOf completes rows with their identities and credentials.
func (t *Tenant) usersOf(ctx context.Context, rows []UserRow) ([]User, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	identities, credentials, err := t.waysIn(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]User, len(rows))
	for i, r := range rows {
		if out[i], err = userOf(r, identities[r.ID], credentials[r.ID]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// waysIn reads some people's identities and credentials, each person's in the order in which they came, in one
// statement. Credentials are the first in it: SQLite takes the types of columns from there.
func (t *Tenant) waysIn(ctx context.Context, ids []string) (map[string][]IdentityRow, map[string][]CredentialRow, error) {
	some, list := t.anyOf(ids)
	rows, err := t.r(ctx).Raw("SELECT 1, user_id, id, created_at, kind, name, CASE WHEN kind = '"+KindPasskey+"' THEN data ELSE '' END, '', last_used_at FROM credentials WHERE tenant_id = ? AND user_id "+some+
		" UNION ALL SELECT 0, user_id, id, created_at, sign_in_type, issuer, canonical, value, NULL FROM identities WHERE tenant_id = ? AND user_id "+some, t.ID, list, t.ID, list).Rows()
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = rows.Close() }()
	identities, credentials := make(map[string][]IdentityRow, len(ids)), make(map[string][]CredentialRow, len(ids))
	for rows.Next() {
		var isCredential int
		var userID, id, kind, a, b, value string
		var at time.Time
		var used *time.Time
		if err := rows.Scan(&isCredential, textCell{&userID}, textCell{&id}, &at, textCell{&kind}, textCell{&a}, textCell{&b}, textCell{&value}, &used); err != nil {
			return nil, nil, err
		}
		if isCredential == 1 {
			credentials[userID] = append(credentials[userID], CredentialRow{ID: id, TenantID: t.ID, UserID: userID, Kind: kind, Name: a, Data: b, CreatedAt: at, LastUsedAt: used})
		} else {
			identities[userID] = append(identities[userID], IdentityRow{ID: id, TenantID: t.ID, UserID: userID, SignInType: kind, Issuer: a, Canonical: b, Value: value, CreatedAt: at})
		}
	}
	for _, list := range identities {
		slices.SortFunc(list, func(a, b IdentityRow) int {
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
		})
	}
	for _, list := range credentials {
		slices.SortFunc(list, func(a, b CredentialRow) int {
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
		})
	}
	return identities, credentials, rows.Err()
}

// editUser loads a person for change, lets edit change the value, and writes the columns that differ.
func (t *Tenant) editUser(ctx context.Context, actor audit.Actor, id, activity string, edit func(*User) error) (User, error) {
	var after User
	err := t.auditedWatch(ctx, actor, func(t *Tenant) (audit.Event, error) {
		before, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", id))
		if err != nil {
			return audit.Event{}, err
		}
		after = before
		after.Identities = append([]account.Identity(nil), before.Identities...)
		after.Attributes = copyMap(before.Attributes)
		if err := edit(&after); err != nil {
			return audit.Event{}, err
		}
		after.ID, after.TenantID, after.CreatedAt, after.HasPassword, after.Methods = before.ID, before.TenantID, before.CreatedAt, before.HasPassword, before.Methods
		if err := validateUser(before, &after); err != nil {
			return audit.Event{}, err
		}
		if err := t.checkUser(ctx, before, &after); err != nil {
			return audit.Event{}, err
		}
		d := userDifferences(before, after)
		if len(d.changes) == 0 {
			after = before
			return audit.Event{}, nil
		}
		if err := t.guardAdmin(ctx, actor, before, after); err != nil {
			return audit.Event{}, err
		}
		if activity, err = t.migrationNamed(ctx, activity, d.changes); err != nil {
			return audit.Event{}, err
		}
		after.UpdatedAt = t.Now()
		if err := t.writeUser(ctx, before, after, d); err != nil {
			return audit.Event{}, err
		}
		if err := t.followRules(ctx, after); err != nil {
			return audit.Event{}, err
		}
		if err := t.endDisconnected(ctx, before, after); err != nil {
			return audit.Event{}, err
		}
		if after.SessionsValidFrom.After(before.SessionsValidFrom) {
			if err := t.SignOutUser(ctx, id, activity); err != nil {
				return audit.Event{}, err
			}
		}
		return audit.Event{Activity: activity, Category: "UserManagement", Operation: "Update", Target: userTarget(after), Changes: d.changes}, nil
	})
	return after, err
}

func (t *Tenant) writeUser(ctx context.Context, before, after User, d differences) error {
	row, err := userRow(after, t.ID)
	if err != nil {
		return err
	}
	columns := d.columns
	if columns == nil {
		columns = map[string]any{}
	}
	columns["updated_at"] = after.UpdatedAt
	columns["name_norm"], columns["search_norm"], columns["attributes"] = row.NameNorm, row.SearchNorm, row.Attributes
	if err := oneRow(t.u(ctx).Model(&UserRow{}).Where("id = ?", after.ID).Updates(columns)); err != nil {
		return err
	}
	return t.replaceIdentities(ctx, before, after)
}

func (t *Tenant) replaceIdentities(ctx context.Context, before, after User) error {
	key := func(u User, i account.Identity) account.Identity {
		if !u.DeletedAt.IsZero() && !u.SelfDeleted { // who left by themselves may come back by the address
			i.Canonical = parked(u.ID) + i.Canonical
		}
		return i
	}
	have := map[account.Identity]bool{}
	for _, i := range before.Identities {
		have[key(before, i)] = true
	}
	var add []account.Identity
	for _, i := range after.Identities {
		k := key(after, i)
		if have[k] {
			delete(have, k)
		} else {
			add = append(add, k)
		}
	}
	for i := range have {
		if err := t.u(ctx).Where("user_id = ? AND sign_in_type = ? AND issuer = ? AND canonical = ?", after.ID, i.SignInType, i.Issuer, i.Canonical).
			Delete(&IdentityRow{}).Error; err != nil {
			return err
		}
	}
	return t.addIdentities(ctx, after.ID, add)
}

func copyMap(m map[string]any) map[string]any {
	if m == nil {
		return nil
	}
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

func userDifferences(a, b User) differences {
	var d differences
	d.note("displayName", "display_name", a.DisplayName, b.DisplayName, audit.Sensitive)
	d.note("givenName", "given_name", a.GivenName, b.GivenName, audit.Sensitive)
	d.note("surname", "surname", a.Surname, b.Surname, audit.Sensitive)
	d.note("mail", "mail", a.Mail, b.Mail, audit.Sensitive)
	d.note("mailVerified", "mail_verified", a.MailVerified, b.MailVerified, audit.Public)
	d.note("mailVouched", "mail_vouched", a.MailVouched, b.MailVouched, audit.Public)
	d.note("jobTitle", "job_title", a.JobTitle, b.JobTitle, audit.Sensitive)
	d.note("streetAddress", "street_address", a.StreetAddress, b.StreetAddress, audit.Sensitive)
	d.note("city", "city", a.City, b.City, audit.Sensitive)
	d.note("state", "state", a.State, b.State, audit.Sensitive)
	d.note("postalCode", "postal_code", a.PostalCode, b.PostalCode, audit.Sensitive)
	d.note("country", "country", a.Country, b.Country, audit.Sensitive)
	d.note("mobilePhone", "mobile_phone", a.MobilePhone, b.MobilePhone, audit.Sensitive)
	d.note("preferredLanguage", "preferred_language", a.PreferredLanguage, b.PreferredLanguage, audit.Public)
	d.note("firstFactor", "first_factor", a.FirstFactor, b.FirstFactor, audit.Public)
	d.note("accountEnabled", "enabled", a.Enabled, b.Enabled, audit.Public)
	d.note("forceChangePasswordNextSignIn", "must_change_password", a.MustChangePassword, b.MustChangePassword, audit.Public)
	d.note("emergency", "emergency", a.Emergency, b.Emergency, audit.Public)
	if !a.SessionsValidFrom.Equal(b.SessionsValidFrom) {
		d.note("signInSessionsValidFromDateTime", "sessions_valid_from", a.SessionsValidFrom, b.SessionsValidFrom, audit.Public)
	}
	d.note("selfDeleted", "self_deleted", a.SelfDeleted, b.SelfDeleted, audit.Public)
	if !a.DeletedAt.Equal(b.DeletedAt) {
		d.note("deletedDateTime", "deleted_at", timePtr(a.DeletedAt), timePtr(b.DeletedAt), audit.Public)
	}
	if len(a.Identities)+len(b.Identities) > 0 {
		d.note("identities", "", identityWords(a), identityWords(b), audit.Sensitive)
	}
	for k, v := range b.Attributes {
		d.note(k, "", a.Attributes[k], v, audit.Sensitive)
	}
	for k, v := range a.Attributes {
		if _, ok := b.Attributes[k]; !ok {
			d.note(k, "", v, nil, audit.Sensitive)
		}
	}
	return d
}

func identityWords(u User) []string {
	out := make([]string, len(u.Identities))
	for i, id := range u.Identities {
		out[i] = id.SignInType + ":" + id.Issuer + ":" + id.Value
	}
	return out
}

const updateUser, answerFlow = "Update user", "Answer user flow"

// UpdateUser changes what edit changes: profile, attributes, identities, enabled. Only the columns that
// differ are written; the audit log shows each before and after, and names what decides who is asked about a password.
func (t *Tenant) UpdateUser(ctx context.Context, actor audit.Actor, id string, edit func(*User) error) (User, error) {
	return t.editUser(ctx, actor, id, updateUser, edit)
}

// SetUserEnabled disables or enables a person. Disabling ends their sessions and grants too.
func (t *Tenant) SetUserEnabled(ctx context.Context, actor audit.Actor, id string, enabled bool) (User, error) {
	activity := "Disable account"
	if enabled {
		activity = "Enable account"
	}
	return t.editUser(ctx, actor, id, activity, func(u *User) error {
		if u.Enabled && !enabled {
			u.SessionsValidFrom = t.Now()
		}
		u.Enabled = enabled
		return nil
	})
}

// RevokeSessions makes every session and grant proven before now invalid (Graph revokeSignInSessions).
func (t *Tenant) RevokeSessions(ctx context.Context, actor audit.Actor, id string) (User, error) {
	return t.editUser(ctx, actor, id, "Revoke sign-in sessions", func(u *User) error {
		u.SessionsValidFrom = t.Now()
		return nil
	})
}

// DeleteUser puts a person away for 30 days; their addresses are free at once.
func (t *Tenant) DeleteUser(ctx context.Context, actor audit.Actor, id string) error {
	_, err := t.editUser(ctx, actor, id, "Delete user", func(u *User) error {
		if !u.DeletedAt.IsZero() {
			return fault.New(fault.NotFound, "error.not_found")
		}
		u.DeletedAt, u.SessionsValidFrom = t.Now(), t.Now()
		return nil
	})
	return err
}

// RestoreUser brings a deleted person back, unless somebody has taken an address of theirs.
func (t *Tenant) RestoreUser(ctx context.Context, actor audit.Actor, id string) (User, error) {
	return t.editUser(ctx, actor, id, "Restore user", func(u *User) error {
		if u.DeletedAt.IsZero() {
			return fault.New(fault.NotFound, "error.not_found")
		}
		u.DeletedAt, u.SelfDeleted = time.Time{}, false
		return nil
	})
}

// PurgeUser erases a deleted person for good, with every row that belongs to them: identities,
// credentials, sessions, grants, acceptances, invitations.
func (t *Tenant) PurgeUser(ctx context.Context, actor audit.Actor, id string) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", id))
		if err != nil {
			return audit.Event{}, err
		}
		if u.DeletedAt.IsZero() {
			return audit.Event{}, fault.New(fault.Conflict, "user.purge.not_deleted")
		}
		former, err := t.MergedFrom(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		for _, row := range tablesWith("TenantID", "UserID") {
			if _, log := row.(*SignInRow); log { // forgetSignIns
				continue
			}
			if err := t.u(ctx).Where("user_id = ?", id).Delete(row).Error; err != nil {
				return audit.Event{}, err
			}
		}
		if err := t.forgetSignIns(ctx, u, former...); err != nil {
			return audit.Event{}, err
		}
		if err := t.forgetPrincipal(ctx, id); err != nil {
			return audit.Event{}, err
		}
		if err := t.forgetInvitations(ctx, u); err != nil {
			return audit.Event{}, err
		}
		if err := t.forgetEvents(ctx, append(former, id)...); err != nil {
			return audit.Event{}, err
		}
		if err := t.forgetCalls(ctx, u); err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Hard delete user", Category: "UserManagement", Operation: "Delete",
			Target: audit.Target{Kind: "user", ID: id}}, oneRow(t.u(ctx).Where("id = ?", id).Delete(&UserRow{}))
	})
}

// PurgeDeletedUsers erases up to limit people whose 30 days are over, and says how many it did.
func (t *Tenant) PurgeDeletedUsers(ctx context.Context, actor audit.Actor, limit int) (int, error) {
	var ids []string
	err := t.q(ctx).Model(&UserRow{}).Where("deleted_at < ?", t.Now().Add(-purgeAfter)).Limit(limit).Pluck("id", &ids).Error
	if err != nil {
		return 0, err
	}
	for i, id := range ids {
		if err := t.PurgeUser(ctx, actor, id); err != nil && !fault.Is(err, fault.NotFound) {
			return i, err
		}
	}
	return len(ids), nil
}

// TouchSignIn notes that a person has signed in; no audit row, the sign-in log has it, unless it is with an
// emergency account.
func (t *Tenant) TouchSignIn(ctx context.Context, userID string) error {
	var row UserRow
	r := t.u(ctx).Model(&row).Clauses(clause.Returning{Columns: []clause.Column{{Name: "emergency"}}}).Where("id = ?", userID).UpdateColumn("last_sign_in_at", t.Now())
	if r.Error != nil || !row.Emergency {
		return r.Error
	}
	return t.emergencyUsed(ctx, userID)
}

// CountUsers says how many people a tenant has, deleted ones left out.
func (t *Tenant) CountUsers(ctx context.Context) (int64, error) {
	var n int64
	err := t.q(ctx).Model(&UserRow{}).Where("deleted_at IS NULL").Count(&n).Error
	return n, err
}

func isNotFound(err error) bool { return errors.Is(err, gorm.ErrRecordNotFound) }
