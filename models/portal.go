package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"gorm.io/gorm"

	"portico/app/fault"
)

// PortalSessionRow is an admin signed in to the admin portal at one browser. It is a session of its
// own, apart from the single sign-on session, because it is short and dies with each change of
// privilege. Only hashes of its secrets are stored.
type PortalSessionRow struct {
	ID            string `gorm:"primaryKey;size:36"`
	TenantID      string `gorm:"size:36;index:portal_sessions_user,priority:1"` // the workforce tenant
	UserID        string `gorm:"size:36;index:portal_sessions_user,priority:2"`
	SID           string `gorm:"size:64"` // the single sign-on session that it came from
	AMR           string // space separated
	AuthTime      time.Time
	Handoff       *string `gorm:"size:64;uniqueIndex:portal_sessions_handoff"` // SHA-256 of the one-time code; nil once used
	HandoffUntil  time.Time
	Secret        *string `gorm:"size:64;uniqueIndex:portal_sessions_secret"` // SHA-256 of the cookie's secret; nil before
	Binding       string  `gorm:"size:64"`                                    // SHA-256 of the browser's start cookie
	ReturnTo      string
	Flash         []byte // sealed PortalFlash, shown once
	CreatedAt     time.Time
	LastSeenAt    time.Time `gorm:"index:portal_sessions_seen"`
	AbsoluteUntil time.Time
}

func (PortalSessionRow) TableName() string { return "portal_sessions" }

func flashSeal(sessionID string) string { return "portal-flash:" + sessionID }

// Lifetimes of a portal session (OWASP ASVS 5.0, 7.3).
const (
	PortalIdle     = 30 * time.Minute
	PortalAbsolute = 12 * time.Hour
	portalHandoff  = 2 * time.Minute
	portalTouch    = time.Minute // LastSeenAt is written at most this often
)

// PortalFlash is what the next page says once: a notice, or a secret that is never shown again.
type PortalFlash struct {
	Path   string `json:"path"` // the one page that shows it; another tab must not take it
	Kind   string `json:"kind"` // ok, warn, error
	Text   string `json:"text"`
	Label  string `json:"label,omitempty"`  // what the secret is
	Secret string `json:"secret,omitempty"` // shown in a copyable output
	Note   string `json:"note,omitempty"`

	Undo *PortalUndo `json:"undo,omitempty"` // where what was done can be taken back
}

// PortalUndo is the form that takes back what a notice tells of.
type PortalUndo struct {
	Post   string            `json:"post"`
	Fields map[string]string `json:"fields,omitempty"`
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// BeginPortalSession stores a session that waits for its browser: whoever brings the handoff code and
// the binding cookie within two minutes becomes it, once.
func (t *Tenant) BeginPortalSession(ctx context.Context, row PortalSessionRow, handoff, binding string) error {
	now, h := t.Now(), digest(handoff)
	row.Binding = digest(binding)
	row.ID, row.TenantID, row.Handoff, row.HandoffUntil = NewID(), t.ID, &h, now.Add(portalHandoff)
	row.CreatedAt, row.LastSeenAt, row.AbsoluteUntil = now, now, now.Add(PortalAbsolute)
	return t.w(ctx).Create(&row).Error
}

// ClaimPortalSession consumes a handoff code and gives the session its secret. A second use, another
// browser and an old code are all fault.Expired.
func (t *Tenant) ClaimPortalSession(ctx context.Context, handoff, binding, secret string) (PortalSessionRow, error) {
	var row PortalSessionRow
	err := t.InTx(ctx, func(t *Tenant) error {
		h, s := digest(handoff), digest(secret)
		if err := t.q(ctx).Where("handoff = ? AND binding = ? AND handoff_until > ?", h, digest(binding), t.Now()).
			Limit(1).Find(&row).Error; err != nil {
			return err
		}
		if row.ID == "" {
			return fault.New(fault.Expired, "admin.session.expired")
		}
		r := t.w(ctx).Model(&PortalSessionRow{}).Where("tenant_id = ? AND id = ? AND handoff = ?", t.ID, row.ID, h).
			Updates(map[string]any{"handoff": nil, "secret": s, "binding": ""})
		if r.Error == nil && r.RowsAffected != 1 {
			return fault.New(fault.Expired, "admin.session.expired")
		}
		return r.Error
	})
	return row, err
}

// PortalSession finds the live session of a cookie's secret. A person's own click slides its idle end; a
// page that asks again by itself does not.
func (t *Tenant) PortalSession(ctx context.Context, secret string, click bool) (PortalSessionRow, error) {
	var row PortalSessionRow
	now := t.Now()
	err := t.q(ctx).Where("secret = ? AND last_seen_at > ? AND absolute_until > ?", digest(secret), now.Add(-PortalIdle), now).
		Limit(1).Find(&row).Error
	if err != nil {
		return row, err
	}
	if row.ID == "" {
		return row, fault.New(fault.Expired, "admin.session.expired")
	}
	if click && now.Sub(row.LastSeenAt) > portalTouch {
		err = t.w(ctx).Model(&PortalSessionRow{}).Where("tenant_id = ? AND id = ?", t.ID, row.ID).Update("last_seen_at", now).Error
	}
	return row, err
}

// EndPortalSession forgets one session.
func (t *Tenant) EndPortalSession(ctx context.Context, id string) error {
	return t.w(ctx).Where("tenant_id = ? AND id = ?", t.ID, id).Delete(&PortalSessionRow{}).Error
}

// EndPortalSessionsOf signs an admin out of the portal everywhere: their rights changed.
func (t *Tenant) EndPortalSessionsOf(ctx context.Context, userID string) error {
	return t.w(ctx).Where("tenant_id = ? AND user_id = ?", t.ID, userID).Delete(&PortalSessionRow{}).Error
}

// PurgePortalSessions removes ended sessions and handoffs nobody came for.
func (s *Store) PurgePortalSessions(ctx context.Context) error {
	now := s.Now()
	return s.write.WithContext(ctx).
		Where("last_seen_at < ? OR absolute_until < ? OR (secret IS NULL AND handoff_until < ?)", now.Add(-PortalIdle), now, now).
		Delete(&PortalSessionRow{}).Error
}

// SetFlash keeps what the next page says. It is sealed, because it may hold a new secret.
func (t *Tenant) SetFlash(ctx context.Context, sessionID string, f PortalFlash) error {
	plain, err := json.Marshal(f)
	if err != nil {
		return err
	}
	sealed, err := t.seal.Seal(plain, flashSeal(sessionID))
	if err != nil {
		return err
	}
	return t.w(ctx).Model(&PortalSessionRow{}).Where("tenant_id = ? AND id = ?", t.ID, sessionID).Update("flash", sealed).Error
}

// TakeFlash gives what was kept for a page, once: of two tabs, one shows it.
func (t *Tenant) TakeFlash(ctx context.Context, row PortalSessionRow, path string) (*PortalFlash, error) {
	if len(row.Flash) == 0 {
		return nil, nil
	}
	plain, err := t.seal.Open(row.Flash, flashSeal(row.ID))
	if err != nil {
		return nil, err
	}
	var f PortalFlash
	if err := json.Unmarshal(plain, &f); err != nil || f.Path != path {
		return nil, err
	}
	r := t.w(ctx).Model(&PortalSessionRow{}).Where("tenant_id = ? AND id = ? AND flash IS NOT NULL", t.ID, row.ID).
		Update("flash", gorm.Expr("NULL"))
	if r.Error != nil || r.RowsAffected == 0 {
		return nil, r.Error
	}
	return &f, nil
}
