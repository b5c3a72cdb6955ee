package models

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/sessions"
	"gorm.io/gorm/clause"

	"portico/app/session"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/webhook"
)

// SessionRow is a single sign-on session. The cookie holds 256 random bits; only their SHA-256 is here.
// SID is the public name (claim "sid"). Data is for gorilla/sessions values besides the typed columns.
type SessionRow struct {
	KeyHash  string `gorm:"primaryKey;size:64"`
	TenantID string `gorm:"size:36;index:sessions_user,priority:1;index:sessions_provider,priority:1,where:provider <> ''"`
	SID      string `gorm:"column:sid;size:64;uniqueIndex:sessions_sid"`
	UserID   string `gorm:"size:36;index:sessions_user,priority:2"`
	// Provider is the identity provider that the session stands on; Upstream the session there (session.Upstream), sealed:
	// the id_token names the person.
	Provider   string `gorm:"size:36;default:'';index:sessions_provider,priority:2,where:provider <> ''"`
	Upstream   []byte
	AuthTime   time.Time
	AMR        string `gorm:"column:amr"`
	MFATime    *time.Time
	Methods    string `gorm:"type:text"` // kinds of factors that were shown, separated by spaces
	AAGUIDs    string `gorm:"column:aaguids;type:text"`
	Persistent bool
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time `gorm:"index:sessions_expiry"`
	RevokedAt  *time.Time
	RevokedFor string
	IP         string
	UserAgent  string
	Browser    string
	OS         string
	Country    string
	City       string
	Data       string `gorm:"type:text"`
}

func (SessionRow) TableName() string { return "sessions" }

// SessionClientRow says that an app took part in a session: who to tell when it ends.
type SessionClientRow struct {
	SID      string `gorm:"column:sid;primaryKey;size:64"`
	ClientID string `gorm:"primaryKey;size:36"`
	TenantID string `gorm:"size:36"`
	Host     string `gorm:"size:253;not null;default:''"` // of the tenant's own, that the session lives at; "" = the installation's address
	FirstAt  time.Time
	LastAt   time.Time
}

func (SessionClientRow) TableName() string { return "session_clients" }

// SessionOf is a session with what its owner sees in a list.
type SessionOf struct {
	session.Session
	ExpiresAt  time.Time
	RevokedFor string
	IP         string
	Browser    string
	OS         string
	Country    string
	City       string
	UserAgent  string
}

func keyHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func sessionOf(r SessionRow) session.Session {
	return session.Session{SID: r.SID, TenantID: r.TenantID, UserID: r.UserID, AuthTime: r.AuthTime.UTC(), AMR: strings.Fields(r.AMR), Methods: strings.Fields(r.Methods), AAGUIDs: strings.Fields(r.AAGUIDs),
		MFATime: timeOf(r.MFATime), Persistent: r.Persistent, CreatedAt: r.CreatedAt.UTC(), LastSeenAt: r.LastSeenAt.UTC(), RevokedAt: timeOf(r.RevokedAt),
		Upstream: session.Upstream{Provider: r.Provider}}
}

// Session finds the live session behind a cookie's secret. Whether its owner may still use it is the
// caller's question (session.Live).
func (t *Tenant) Session(ctx context.Context, secret string, now time.Time) (session.Session, bool, error) {
	if secret == "" {
		return session.Session{}, false, nil
	}
	var r SessionRow
	err := t.q(ctx).Where("key_hash = ?", keyHash(secret)).Take(&r).Error
	if isNotFound(err) {
		return session.Session{}, false, nil
	}
	if err != nil {
		return session.Session{}, false, err
	}
	s := sessionOf(r)
	s.Upstream, err = t.openUpstream(r)
	return s, err == nil && r.RevokedAt == nil && r.UserID != "" && now.Before(r.ExpiresAt), err
}

// PutSession writes a session under a new secret. The row it was kept in before goes in the same
// transaction, so the old cookie is worth nothing from then on.
func (t *Tenant) PutSession(ctx context.Context, s session.Session, secret, oldSecret string, i signin.SessionInfo) error {
	return t.InTx(ctx, func(t *Tenant) error {
		if oldSecret != "" {
			if err := t.u(ctx).Where("key_hash = ?", keyHash(oldSecret)).Delete(&SessionRow{}).Error; err != nil {
				return err
			}
		}
		upstream, err := t.sealUpstream(s)
		if err != nil {
			return err
		}
		if err := t.cameBy(ctx, s.Upstream.Provider, s.AuthTime); err != nil {
			return err
		}
		return t.w(ctx).Create(&SessionRow{KeyHash: keyHash(secret), TenantID: t.ID, SID: s.SID, UserID: s.UserID, AuthTime: micro(s.AuthTime), Provider: s.Upstream.Provider, Upstream: upstream,
			AMR: strings.Join(s.AMR, " "), Methods: strings.Join(s.Methods, " "), AAGUIDs: strings.Join(s.AAGUIDs, " "), MFATime: timePtr(s.MFATime), Persistent: s.Persistent, CreatedAt: micro(s.CreatedAt),
			LastSeenAt: micro(s.LastSeenAt), ExpiresAt: micro(i.ExpiresAt), IP: i.IP, UserAgent: clip(i.UserAgent), Browser: i.Browser,
			OS: i.OS, Country: i.Country, City: i.City, Data: "{}"}).Error
	})
}

// TouchSession notes that somebody came back.
func (t *Tenant) TouchSession(ctx context.Context, s session.Session, i signin.SessionInfo) error {
	return t.u(ctx).Model(&SessionRow{}).Where("sid = ? AND revoked_at IS NULL", s.SID).
		UpdateColumns(map[string]any{"last_seen_at": micro(s.LastSeenAt), "expires_at": micro(i.ExpiresAt), "ip": i.IP,
			"country": i.Country, "city": i.City}).Error
}

// JoinSession notes that an app took part.
func (t *Tenant) JoinSession(ctx context.Context, sid, clientID string, now time.Time) error {
	host, _ := tenant.Door(ctx)
	return t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "sid"}, {Name: "client_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"last_at"})}).
		Create(&SessionClientRow{SID: sid, ClientID: clientID, TenantID: t.ID, Host: host, FirstAt: micro(now), LastAt: micro(now)}).Error
}

// EndSession revokes one session. Its clients stay listed, so that they can be told.
func (t *Tenant) EndSession(ctx context.Context, sid, reason string, now time.Time) error {
	return t.InTx(ctx, func(t *Tenant) error {
		ended := t.u(ctx).Model(&SessionRow{}).Where("sid = ? AND revoked_at IS NULL", sid).
			UpdateColumns(map[string]any{"revoked_at": micro(now), "revoked_for": reason})
		if ended.Error != nil || ended.RowsAffected == 0 {
			return ended.Error
		}
		on, err := t.heard(ctx, webhook.SessionEnded)
		if err != nil || !on {
			return err
		}
		var of []string
		if err := t.q(ctx).Model(&SessionRow{}).Where("sid = ?", sid).Pluck("user_id", &of).Error; err != nil || len(of) == 0 {
			return err
		}
		return t.publishEnded(ctx, of[0], reason, []string{sid})
	})
}

// EndSessionsOf revokes every session of a person but one ("" = none) and gives their public names.
func (t *Tenant) EndSessionsOf(ctx context.Context, userID, except, reason string, now time.Time) ([]string, error) {
	var sids []string
	err := t.InTx(ctx, func(t *Tenant) error {
		if err := t.q(ctx).Model(&SessionRow{}).Where("user_id = ? AND revoked_at IS NULL AND sid <> ?", userID, except).Pluck("sid", &sids).Error; err != nil {
			return err
		}
		if len(sids) == 0 {
			return nil
		}
		if err := t.u(ctx).Model(&SessionRow{}).Where("sid IN ?", sids).
			UpdateColumns(map[string]any{"revoked_at": micro(now), "revoked_for": reason}).Error; err != nil {
			return err
		}
		return t.publishEnded(ctx, userID, reason, sids)
	})
	return sids, err
}

// SessionsOf lists a person's live sessions, the latest first. What was proven before the sessions were
// revoked or the password changed is not among them.
func (t *Tenant) SessionsOf(ctx context.Context, userID string, now time.Time) ([]SessionOf, error) {
	u, err := t.User(ctx, userID)
	if err != nil {
		return nil, err
	}
	var rows []SessionRow
	if err := t.q(ctx).Where("user_id = ? AND revoked_at IS NULL AND expires_at > ? AND auth_time >= ?", userID, micro(now), u.SessionsValidFrom).Order("last_seen_at DESC, sid").Limit(200).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]SessionOf, len(rows))
	for i, r := range rows {
		out[i] = sessionDetails(r)
	}
	return out, nil
}

// SessionBySID finds a session by its public name, ended ones included; false when it is forgotten.
func (t *Tenant) SessionBySID(ctx context.Context, sid string) (SessionOf, bool, error) {
	var r SessionRow
	err := t.q(ctx).Where("sid = ?", sid).Take(&r).Error
	if isNotFound(err) {
		return SessionOf{}, false, nil
	}
	return sessionDetails(r), err == nil, err
}

func sessionDetails(r SessionRow) SessionOf {
	return SessionOf{Session: sessionOf(r), ExpiresAt: r.ExpiresAt.UTC(), RevokedFor: r.RevokedFor, IP: r.IP, Browser: r.Browser, OS: r.OS,
		Country: r.Country, City: r.City, UserAgent: r.UserAgent}
}

// SessionClients lists the apps that took part in a session.
func (t *Tenant) SessionClients(ctx context.Context, sid string) ([]string, error) {
	rows, err := t.sessionClients(ctx, sid)
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ClientID
	}
	return ids, err
}

func (t *Tenant) sessionClients(ctx context.Context, sid string) ([]SessionClientRow, error) {
	var rows []SessionClientRow
	err := t.q(ctx).Where("sid = ?", sid).Order("first_at, client_id").Find(&rows).Error
	return rows, err
}

// BrowserSessions is gorilla's sessions.Store over the same rows, for one tenant: what handlers read a
// browser's session through. The typed part is Values[SSO]; other string keys are kept as JSON.
type BrowserSessions struct {
	Tenant  *Tenant
	Options sessions.Options
}

type valueKey string

// SSO is the key of the session.Session in a gorilla session's Values.
const SSO = valueKey("sso")

// Get gives the request's session by cookie name; it is read once per request.
func (b BrowserSessions) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(b, name)
}

// New reads the session behind the cookie, or makes an empty one. A cookie that means nothing is no error.
func (b BrowserSessions) New(r *http.Request, name string) (*sessions.Session, error) {
	s := sessions.NewSession(b, name)
	o := b.Options
	s.Options, s.IsNew = &o, true
	cookie, err := r.Cookie(name)
	if err != nil {
		return s, nil
	}
	var row SessionRow
	err = b.Tenant.q(r.Context()).Where("key_hash = ? AND revoked_at IS NULL AND expires_at > ?", keyHash(cookie.Value), b.Tenant.Now()).Take(&row).Error
	if isNotFound(err) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	data := map[string]any{}
	if err := json.Unmarshal([]byte(row.Data), &data); err != nil {
		return s, badJSON("session", row.SID, err)
	}
	for k, v := range data {
		s.Values[k] = v
	}
	if row.UserID != "" {
		sso := sessionOf(row)
		if sso.Upstream, err = b.Tenant.openUpstream(row); err != nil {
			return s, err
		}
		s.Values[SSO] = sso
	}
	s.ID, s.IsNew = cookie.Value, false
	return s, nil
}

// Save writes the values, under a new secret when the session is new, and sets the cookie. A negative
// MaxAge deletes both. The typed part is written by the sign-in machine alone.
func (b BrowserSessions) Save(r *http.Request, w http.ResponseWriter, s *sessions.Session) error {
	ctx := r.Context()
	if s.Options.MaxAge < 0 {
		if s.ID != "" {
			if err := b.Tenant.u(ctx).Where("key_hash = ?", keyHash(s.ID)).Delete(&SessionRow{}).Error; err != nil {
				return err
			}
		}
		http.SetCookie(w, sessions.NewCookie(s.Name(), "", s.Options))
		return nil
	}
	data := map[string]any{}
	for k, v := range s.Values {
		if name, ok := k.(string); ok {
			data[name] = v
		}
	}
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	now := b.Tenant.Now()
	if s.ID == "" {
		var raw [32]byte
		rand.Read(raw[:])
		s.ID = base64.RawURLEncoding.EncodeToString(raw[:])
		life := time.Duration(s.Options.MaxAge) * time.Second
		if life == 0 {
			life = 24 * time.Hour
		}
		err = b.Tenant.w(ctx).Create(&SessionRow{KeyHash: keyHash(s.ID), TenantID: b.Tenant.ID, SID: NewID(), AuthTime: now, CreatedAt: now,
			LastSeenAt: now, ExpiresAt: now.Add(life), Data: string(text)}).Error
	} else {
		err = b.Tenant.u(ctx).Model(&SessionRow{}).Where("key_hash = ?", keyHash(s.ID)).UpdateColumn("data", string(text)).Error
	}
	if err != nil {
		return err
	}
	http.SetCookie(w, sessions.NewCookie(s.Name(), s.ID, s.Options))
	return nil
}
