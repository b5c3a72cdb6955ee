package models

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/limit"
	"portico/app/userflow"
)

// The help desk (issue 4, line 8): somebody calls, the agent finds them by something exact, a code goes to
// an address that was known before the call, the caller reads it out, and for a short while the agent may
// help. Each step is in the history of the person.

const (
	// CallerChecked is how long the help desk may act after a check.
	CallerChecked = 15 * time.Minute
	// HandedOut is how long a recovery code works that the help desk gave.
	HandedOut = time.Hour
	// knownFor is how long an address must have been there to count as known before the call: whoever took an
	// account over adds an address of their own first, and then calls.
	knownFor = 24 * time.Hour

	// HelpDeskCode is the name of a recovery code that was handed out; the person's own have none.
	HelpDeskCode = account.HelpDeskCode

	callerPurpose = "caller"
)

// CallerAddress is somewhere that a code can be sent to. ID names it in a form without telling it.
type CallerAddress struct {
	ID      string
	Address string
}

// FindCaller finds the one person who has exactly this email address, user name, phone number, id or answer
// to a text attribute (a customer number). Nobody, or several people, is fault.NotFound alike.
func (t *Tenant) FindCaller(ctx context.Context, words string) (User, error) {
	nobody := fault.New(fault.NotFound, "helpdesk.not_found")
	words = strings.TrimSpace(words)
	if words == "" || len(words) > 256 {
		return User{}, nobody
	}
	ids := map[string]bool{}
	if canonical, err := account.CanonicalEmail(words); err == nil {
		if u, err := t.UserByIdentity(ctx, account.SignInEmail, "", canonical); err == nil {
			ids[u.ID] = true
		} else if !fault.Is(err, fault.NotFound) {
			return User{}, err
		}
	} else if canonical, err := account.CanonicalUserName(words); err == nil {
		if u, err := t.UserByIdentity(ctx, account.SignInUserName, "", canonical); err == nil {
			ids[u.ID] = true
		} else if !fault.Is(err, fault.NotFound) {
			return User{}, err
		}
	}
	if len(ids) == 0 {
		if err := t.callersByProfile(ctx, words, ids); err != nil {
			return User{}, err
		}
	}
	if len(ids) != 1 {
		return User{}, nobody
	}
	for id := range ids {
		u, err := t.User(ctx, id)
		if err == nil && !u.DeletedAt.IsZero() {
			err = nobody
		}
		return u, err
	}
	return User{}, nobody
}

// shortestNumber is how long a customer number or phone number must be: what is shorter ("gold") is an answer
// that many share, and finding by it would be browsing.
const shortestNumber = 5

func (t *Tenant) callersByProfile(ctx context.Context, words string, ids map[string]bool) error {
	if len([]rune(words)) < shortestNumber {
		return nil
	}
	var found []string
	if err := t.q(ctx).Model(&UserRow{}).Where("deleted_at IS NULL AND (id = ? OR mobile_phone IN ? OR mail = ?)", words, phones(words), words).Limit(2).Pluck("id", &found).Error; err != nil {
		return err
	}
	all, err := t.Definitions(ctx)
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.DataType != userflow.String || len(found) > 1 {
			continue
		}
		var more []string
		err := t.r(ctx).Table("attribute_values").Where("tenant_id = ? AND attribute_id = ? AND value = ?", t.ID, d.ID, words).Limit(2).Pluck("user_id", &more).Error
		if err != nil {
			return err
		}
		found = append(found, more...)
	}
	for _, id := range found {
		ids[id] = true
	}
	return nil
}

// phones are the ways in which a number may have been written down: as typed, and as digits with or without
// the plus.
func phones(words string) []string {
	digits := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, words)
	return []string{words, "+" + digits, digits}
}

// CallerAddresses are the mailboxes that a code may go to: those that the person had before the call. A second
// factor by mail counts when both are old enough, it and, where the address is an identity too, that.
func (t *Tenant) CallerAddresses(ctx context.Context, u User) ([]CallerAddress, error) {
	var identities []IdentityRow
	if err := t.q(ctx).Where("user_id = ? AND sign_in_type = ?", u.ID, account.SignInEmail).Order("created_at, id").Find(&identities).Error; err != nil {
		return nil, err
	}
	before := t.Now().Add(-knownFor)
	known := func(at time.Time) bool {
		return at.Before(before) || !at.After(u.CreatedAt.Add(time.Minute)) // the account's own first address
	}
	var out []CallerAddress
	met := func(address string) bool {
		return slices.ContainsFunc(identities, func(i IdentityRow) bool { return sameAddress(i.Value, address) })
	}
	for _, i := range identities {
		if known(i.CreatedAt) {
			out = append(out, CallerAddress{ID: i.ID, Address: i.Value})
		}
	}
	methods, err := t.Credentials(ctx, u.ID, KindEmail)
	if err != nil {
		return nil, err
	}
	for _, m := range methods {
		if _, err := account.CanonicalEmail(m.Name); err == nil && known(m.CreatedAt) && !met(m.Name) {
			out = append(out, CallerAddress{ID: m.ID, Address: m.Name})
		}
	}
	return out, nil
}

// NoteCaller remembers that an agent found somebody, so that only who found a person sees them, for an hour.
func (t *Tenant) NoteCaller(ctx context.Context, actor audit.Actor, u User) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		now := t.Now()
		return audit.Event{Activity: "Found by help desk", Category: "HelpDesk", Operation: "Read", Target: userTarget(u)},
			t.w(ctx).Create(&CallerCheckRow{ID: NewID(), TenantID: t.ID, UserID: u.ID, AdminID: actor.ID, Channel: channelFound, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}).Error
	})
}

// channelFound marks the row of a search, which proves nothing about the caller.
const channelFound = "found"

// Caller is the person that an agent found within the last hour; fault.NotFound for everybody else.
func (t *Tenant) Caller(ctx context.Context, actor audit.Actor, userID string) (User, error) {
	var n int64
	if err := t.q(ctx).Model(&CallerCheckRow{}).Where("user_id = ? AND admin_id = ? AND expires_at > ?", userID, actor.ID, t.Now()).Count(&n).Error; err != nil {
		return User{}, err
	}
	if n == 0 {
		return User{}, fault.New(fault.NotFound, "error.not_found")
	}
	u, err := t.User(ctx, userID)
	if err == nil && !u.DeletedAt.IsZero() {
		err = fault.New(fault.NotFound, "error.not_found")
	}
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// LookAtCaller puts a look at somebody into their history.
func (t *Tenant) LookAtCaller(ctx context.Context, actor audit.Actor, u User) error {
	return t.WriteAudit(ctx, actor, audit.Event{Activity: "Viewed by help desk", Category: "HelpDesk", Operation: "Read", Target: userTarget(u)})
}

// BeginCallerCheck makes a code for an address; send puts it on its way in the same transaction. Earlier codes
// of the same agent for the same person stop working.
func (t *Tenant) BeginCallerCheck(ctx context.Context, actor audit.Actor, u User, masked, code string, send func(*Tenant) error) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		now, id := t.Now(), NewID()
		var old []string
		if err := t.q(ctx).Model(&CallerCheckRow{}).Where("user_id = ? AND admin_id = ?", u.ID, actor.ID).Pluck("id", &old).Error; err != nil {
			return audit.Event{}, err
		}
		if err := t.u(ctx).Model(&MailedCodeRow{}).Where("attempt_id IN ? AND used_at IS NULL", old).UpdateColumn("used_at", now).Error; err != nil {
			return audit.Event{}, err
		}
		err := t.w(ctx).Create(&CallerCheckRow{ID: id, TenantID: t.ID, UserID: u.ID, AdminID: actor.ID, Channel: "mail", To: masked, CreatedAt: now,
			ExpiresAt: now.Add(factor.CodeLifetime)}).Error
		if err != nil {
			return audit.Event{}, err
		}
		if err := t.w(ctx).Create(&MailedCodeRow{ID: id, TenantID: t.ID, AttemptID: id, Purpose: callerPurpose, Hash: t.callerHash(id, code),
			ExpiresAt: now.Add(factor.CodeLifetime), CreatedAt: now}).Error; err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Send code to caller", Category: "HelpDesk", Operation: "Check", Target: userTarget(u),
			Changes: []audit.Change{{Property: "sentTo", New: masked}}}, send(t)
	})
}

func (t *Tenant) callerHash(id, code string) []byte {
	return t.seal.MAC("caller code", []byte(id+"\x00"+factor.CleanCode(code)))
}

// CallerCheck is the last check of a person by an agent; zero when there is none that still counts.
func (t *Tenant) CallerCheck(ctx context.Context, adminID, userID string) (CallerCheckRow, error) {
	var row CallerCheckRow
	err := t.q(ctx).Where("user_id = ? AND admin_id = ? AND channel <> ? AND expires_at > ?", userID, adminID, channelFound, t.Now()).Order("created_at DESC, id DESC").Take(&row).Error
	if isNotFound(err) {
		return CallerCheckRow{}, nil
	}
	return row, err
}

// FinishCallerCheck compares what the caller read out. Each try is counted before anything is compared, and
// five are all there are.
func (t *Tenant) FinishCallerCheck(ctx context.Context, actor audit.Actor, u User, code string) error {
	wrong := fault.BadField("code", "helpdesk.code.wrong", nil)
	row, err := t.CallerCheck(ctx, actor.ID, u.ID)
	if err != nil {
		return err
	}
	if row.ID == "" || row.VerifiedAt != nil {
		return wrong
	}
	now := t.Now()
	sent, alive, err := (signInStore{t}).TryCode(ctx, row.ID, now)
	if err != nil {
		return err
	}
	if !alive || sent.Purpose != callerPurpose || subtle.ConstantTimeCompare(sent.Hash, t.callerHash(row.ID, code)) != 1 {
		if err := t.WriteAudit(ctx, actor, audit.Event{Activity: "Caller did not know the code", Category: "HelpDesk", Operation: "Check", Target: userTarget(u)}); err != nil {
			return err
		}
		return wrong
	}
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if spent, err := (signInStore{t}).SpendCode(ctx, row.ID, now); err != nil || !spent {
			if err == nil {
				err = wrong
			}
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Caller checked", Category: "HelpDesk", Operation: "Check", Target: userTarget(u), Changes: []audit.Change{{Property: "sentTo", New: row.To}}},
			oneRow(t.u(ctx).Model(&CallerCheckRow{}).Where("id = ?", row.ID).UpdateColumns(map[string]any{"verified_at": now, "expires_at": now.Add(CallerChecked)}))
	})
}

// Verified reports whether the caller of a check proved to be the person, a short while ago.
func (r CallerCheckRow) Verified() bool { return r.VerifiedAt != nil }

// handedOut is what Data says of a recovery code that the help desk gave.
type handedOut struct {
	ExpiresAt time.Time `json:"expiresAt"`
}

// HandOutRecovery keeps the verifier of one recovery code that works once, for HandedOut. One that was handed
// out before stops working; the person's own codes stay.
func (t *Tenant) HandOutRecovery(ctx context.Context, actor audit.Actor, u User, verifier []byte) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		now, id := t.Now(), NewID()
		if err := t.forgetHandedOut(ctx, u.ID); err != nil {
			return audit.Event{}, err
		}
		data, err := json.Marshal(handedOut{ExpiresAt: now.Add(HandedOut)})
		if err != nil {
			return audit.Event{}, err
		}
		secret, err := t.seal.Seal(verifier, credentialContext(id))
		if err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Hand out recovery code", Category: "HelpDesk", Operation: "Add", Target: userTarget(u),
				Changes: []audit.Change{{Property: "authenticationMethod", New: KindRecovery}}},
			t.w(ctx).Create(&CredentialRow{ID: id, TenantID: t.ID, UserID: u.ID, Kind: KindRecovery, Name: HelpDeskCode, Secret: secret, Data: string(data), CreatedAt: now}).Error
	})
}

func (t *Tenant) forgetHandedOut(ctx context.Context, userID string) error {
	return t.u(ctx).Where("user_id = ? AND kind = ? AND data LIKE ?", userID, KindRecovery, `%"expiresAt"%`).Delete(&CredentialRow{}).Error
}

// late reports whether a credential was handed out for a time that is over.
func (r CredentialRow) late(now time.Time) bool {
	var h handedOut
	return r.Kind == KindRecovery && strings.Contains(r.Data, "expiresAt") && (json.Unmarshal([]byte(r.Data), &h) != nil || !now.Before(h.ExpiresAt))
}

// PurgeHandedOut deletes up to limit recovery codes, of all tenants, that were handed out for a time that is over,
// and says how many. They are looked for by reading: no writer waits for a walk through all credentials.
func (s *Store) PurgeHandedOut(ctx context.Context, limit int) (int, error) {
	var ids []string
	err := s.read.WithContext(ctx).Model(&CredentialRow{}).Where("kind = ? AND name = ? AND created_at <= ?", KindRecovery, HelpDeskCode, s.Now().Add(-HandedOut)).
		Limit(limit).Pluck("id", &ids).Error
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), s.write.WithContext(ctx).Where("id IN ?", ids).Delete(&CredentialRow{}).Error
}

// TakeTurn counts one event of somebody against a rule that all instances share: true while it is within.
func (t *Tenant) TakeTurn(ctx context.Context, purpose, who string, most int, per time.Duration) (bool, error) {
	_, ok, err := (signInStore{t}).Take(ctx, t.seal.MAC(purpose, []byte(t.ID+"\x00"+who)), []limit.Window{{Span: per, Max: most}}, t.Now())
	return ok, err
}
