package models

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/openid"
	"portico/app/userflow"
)

// InvitationRow is an invitation into a flow. Only the SHA-256 of its token is stored; Values is a JSON
// object of attributes.
type InvitationRow struct {
	ID          string `gorm:"primaryKey;size:36"`
	TenantID    string `gorm:"size:36;index:invitations_time,priority:1;index:invitations_address,priority:1;index:invitations_person,priority:1"`
	FlowID      string `gorm:"size:36"`
	ClientID    string `gorm:"size:36"`
	Email       string
	Canonical   string `gorm:"size:512;index:invitations_address,priority:2"`
	Name        string
	Values      string `gorm:"column:attributes;type:text"`
	RedirectURI string
	Locale      string `gorm:"size:35"`
	Message     string `gorm:"type:text"`
	Hash        []byte `gorm:"size:32;uniqueIndex:invitations_hash"`
	SentAt      *time.Time
	SentCount   int
	ExpiresAt   time.Time
	AcceptedAt  *time.Time
	AcceptedBy  string `gorm:"size:36;index:invitations_person,priority:2"`
	RevokedAt   *time.Time
	CreatedAt   time.Time `gorm:"index:invitations_time,priority:2"`
	ActorName   string
}

func (InvitationRow) TableName() string { return "invitations" }

func (r InvitationRow) value() (userflow.Invitation, error) {
	i := userflow.Invitation{ID: r.ID, TenantID: r.TenantID, FlowID: r.FlowID, ClientID: r.ClientID, Email: r.Email, Canonical: r.Canonical,
		Name: r.Name, RedirectURI: r.RedirectURI, Locale: r.Locale, Message: r.Message, SentAt: timeOf(r.SentAt), SentCount: r.SentCount,
		ExpiresAt: r.ExpiresAt.UTC(), AcceptedAt: timeOf(r.AcceptedAt), AcceptedBy: r.AcceptedBy, RevokedAt: timeOf(r.RevokedAt),
		CreatedAt: r.CreatedAt.UTC(), ActorName: r.ActorName}
	err := unmarshalExact(r.Values, &i.Values)
	if err == nil {
		err = exact(i.Values)
	}
	if err != nil {
		return i, badJSON("invitation", r.ID, err)
	}
	return i, nil
}

func invitationEvent(i userflow.Invitation, activity, operation string, changes ...audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "UserFlow", Operation: operation,
		Target: audit.Target{Kind: "invitation", ID: i.ID, Name: i.Email}, Changes: changes}
}

func invitationToken() (token string, hash []byte, err error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", nil, err
	}
	token = base64.RawURLEncoding.EncodeToString(raw)
	sum := sha256.Sum256([]byte(token))
	return token, sum[:], nil
}

// CreateInvitation stores an invitation and gives the token of its link, which is not kept. mail, when not
// nil, queues the message in the same transaction.
func (t *Tenant) CreateInvitation(ctx context.Context, actor audit.Actor, i userflow.Invitation, mail func(t *Tenant, i userflow.Invitation, token string) error) (userflow.Invitation, string, error) {
	canonical, err := account.CanonicalEmail(i.Email)
	if err != nil {
		return i, "", err
	}
	if err := i.Validate(); err != nil {
		return i, "", err
	}
	token, hash, err := invitationToken()
	if err != nil {
		return i, "", err
	}
	i.ID, i.TenantID, i.Canonical, i.CreatedAt, i.ActorName = NewID(), t.ID, canonical, t.Now(), actor.Name
	if i.ExpiresAt.IsZero() {
		i.ExpiresAt = i.CreatedAt.Add(userflow.InvitationLifetime)
	}
	err = t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if err := t.checkInvitation(ctx, &i); err != nil {
			return audit.Event{}, err
		}
		doc, err := json.Marshal(i.Values)
		if err != nil {
			return audit.Event{}, err
		}
		if mail != nil {
			i.SentAt, i.SentCount = i.CreatedAt, 1
		}
		row := InvitationRow{ID: i.ID, TenantID: t.ID, FlowID: i.FlowID, ClientID: i.ClientID, Email: i.Email, Canonical: canonical, Name: i.Name,
			Values: string(doc), RedirectURI: i.RedirectURI, Locale: i.Locale, Message: i.Message, Hash: hash, SentAt: timePtr(i.SentAt), SentCount: i.SentCount,
			ExpiresAt: micro(i.ExpiresAt), CreatedAt: i.CreatedAt, ActorName: i.ActorName}
		if err := t.w(ctx).Create(&row).Error; err != nil {
			return audit.Event{}, err
		}
		if mail != nil {
			if err := mail(t, i, token); err != nil {
				return audit.Event{}, err
			}
		}
		return invitationEvent(i, "Invite user", "Add", audit.Change{Property: "mail", New: i.Email, Class: audit.Sensitive},
			audit.Change{Property: "userFlow", New: i.FlowID}, audit.Change{Property: "application", New: i.ClientID}), nil
	})
	return i, token, err
}

// checkInvitation refuses what could not be accepted: a flow or app that is not there or do not belong
// together, a time that is over, and answers that the flow would not take.
func (t *Tenant) checkInvitation(ctx context.Context, i *userflow.Invitation) error {
	var bad fault.Fields
	f, err := t.Flow(ctx, i.FlowID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil {
		bad.Add("userFlow", "invitation.flow", nil)
		return bad.Err()
	}
	var app ApplicationRow
	err = t.q(ctx).Where("client_id = ? AND deleted_at IS NULL", i.ClientID).Take(&app).Error
	if err != nil && !isNotFound(err) {
		return err
	}
	if err != nil {
		bad.Add("application", "invitation.app", nil)
		return bad.Err()
	}
	in := false
	for _, id := range f.ApplicationIDs {
		in = in || id == app.ID
	}
	if !in {
		bad.Add("application", "invitation.app", nil)
	}
	known, err := invitedTo(app, i.RedirectURI)
	if err != nil {
		return err
	}
	if !known { // an open redirect otherwise: the mail carries the tenant's name
		bad.Add("redirectUri", "invitation.redirect", nil)
	}
	if !i.ExpiresAt.After(t.Now()) || i.ExpiresAt.After(t.Now().AddDate(1, 0, 0)) {
		bad.Add("expires", "invitation.expires", nil)
	}
	if i.Values, err = f.Prefilled(i.Values); err != nil {
		bad = append(bad, fault.Of(err).Fields...)
	}
	return bad.Err()
}

// invitedTo reports whether an address belongs to the app: its home page or a registered redirect URI.
func invitedTo(app ApplicationRow, address string) (bool, error) {
	if address == "" {
		return true, nil
	}
	var spec ApplicationSpec
	if err := json.Unmarshal([]byte(app.Spec), &spec); err != nil {
		return false, badJSON("application", app.ID, err)
	}
	return address == spec.HomepageURL || slices.ContainsFunc(spec.RedirectURIs, func(u openid.RedirectURI) bool { return u.URI == address }), nil
}

// Invitations lists invitations, newest first, those after the one named (keyset; "" = from the start).
func (t *Tenant) Invitations(ctx context.Context, after string, limit int) ([]userflow.Invitation, error) {
	q := t.q(ctx).Order("created_at DESC, id DESC").Limit(limit)
	if after != "" {
		var row InvitationRow
		if err := t.q(ctx).Where("id = ?", after).Take(&row).Error; err != nil {
			return nil, found(err)
		}
		q = q.Where("created_at < ? OR created_at = ? AND id < ?", row.CreatedAt, row.CreatedAt, row.ID)
	}
	var rows []InvitationRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]userflow.Invitation, len(rows))
	for n, r := range rows {
		var err error
		if out[n], err = r.value(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Invitation reads one by its id.
func (t *Tenant) Invitation(ctx context.Context, id string) (userflow.Invitation, error) {
	var r InvitationRow
	if err := t.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return userflow.Invitation{}, found(err)
	}
	return r.value()
}

// InvitationByToken finds what a link stands for, whatever has become of it; fault.NotFound for an unknown
// token.
func (t *Tenant) InvitationByToken(ctx context.Context, token string) (userflow.Invitation, error) {
	hash := sha256.Sum256([]byte(token))
	var r InvitationRow
	if err := t.q(ctx).Where("hash = ?", hash[:]).Take(&r).Error; err != nil {
		return userflow.Invitation{}, found(err)
	}
	return r.value()
}

// ResendInvitation gives a pending or expired invitation a new link and a new time to run; the old link
// stops working.
func (t *Tenant) ResendInvitation(ctx context.Context, actor audit.Actor, id string, mail func(t *Tenant, i userflow.Invitation, token string) error) (userflow.Invitation, string, error) {
	token, hash, err := invitationToken()
	if err != nil {
		return userflow.Invitation{}, "", err
	}
	var i userflow.Invitation
	err = t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var r InvitationRow
		if err := t.lock(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
			return audit.Event{}, found(err)
		}
		var err error
		if i, err = r.value(); err != nil {
			return audit.Event{}, err
		}
		if s := i.State(t.Now()); s == userflow.InvitationAccepted || s == userflow.InvitationRevoked {
			return audit.Event{}, fault.New(fault.Conflict, "invitation.over")
		}
		if err := t.stillInvites(ctx, i); err != nil {
			return audit.Event{}, err
		}
		lifetime := i.ExpiresAt.Sub(i.CreatedAt)
		if !i.SentAt.IsZero() {
			lifetime = i.ExpiresAt.Sub(i.SentAt)
		}
		i.ExpiresAt, i.SentAt, i.SentCount = t.Now().Add(lifetime), t.Now(), i.SentCount+1
		if err := oneRow(t.u(ctx).Model(&InvitationRow{}).Where("id = ?", id).Updates(map[string]any{"hash": hash, "expires_at": micro(i.ExpiresAt),
			"sent_at": i.SentAt, "sent_count": i.SentCount})); err != nil {
			return audit.Event{}, err
		}
		if mail != nil {
			if err := mail(t, i, token); err != nil {
				return audit.Event{}, err
			}
		}
		return invitationEvent(i, "Resend invitation", "Update", audit.Change{Property: "sentCount", New: i.SentCount}), nil
	})
	return i, token, err
}

// stillInvites refuses an invitation whose app is in another flow by now: its link would lead nowhere.
func (t *Tenant) stillInvites(ctx context.Context, i userflow.Invitation) error {
	f, err := t.Flow(ctx, i.FlowID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	var app ApplicationRow
	if err := t.q(ctx).Where("client_id = ? AND deleted_at IS NULL", i.ClientID).Take(&app).Error; err != nil && !isNotFound(err) {
		return err
	}
	if !slices.Contains(f.ApplicationIDs, app.ID) {
		return fault.New(fault.Conflict, "invitation.moved")
	}
	return nil
}

// RevokeInvitation takes an invitation back. One that was accepted stays accepted: fault.Conflict.
func (t *Tenant) RevokeInvitation(ctx context.Context, actor audit.Actor, id string) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var r InvitationRow
		if err := t.lock(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
			return audit.Event{}, found(err)
		}
		i, err := r.value()
		switch {
		case err != nil:
			return audit.Event{}, err
		case !i.AcceptedAt.IsZero():
			return audit.Event{}, fault.New(fault.Conflict, "invitation.over")
		case !i.RevokedAt.IsZero():
			return audit.Event{}, nil
		}
		return invitationEvent(i, "Revoke invitation", "Update", audit.Change{Property: "revoked", Old: false, New: true}),
			oneRow(t.u(ctx).Model(&InvitationRow{}).Where("id = ?", id).UpdateColumn("revoked_at", t.Now()))
	})
}

// SpendInvitation marks an invitation used: true for exactly one caller.
func (t *Tenant) SpendInvitation(ctx context.Context, id, userID string, now time.Time) (bool, error) {
	r := t.u(ctx).Model(&InvitationRow{}).Where("id = ? AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ?", id, micro(now)).
		UpdateColumns(map[string]any{"accepted_at": micro(now), "accepted_by": userID})
	return r.RowsAffected == 1, r.Error
}

// forgetInvitations erases the invitations of a person who is erased: those that they accepted, and those to
// an address of theirs.
func (t *Tenant) forgetInvitations(ctx context.Context, u User) error {
	addresses := []string{}
	for _, i := range u.Identities {
		if i.SignInType == account.SignInEmail {
			addresses = append(addresses, i.Canonical)
		}
	}
	return t.u(ctx).Where("accepted_by = ? OR canonical IN ?", u.ID, addresses).Delete(&InvitationRow{}).Error
}
