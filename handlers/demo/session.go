package demo

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/handlers"
	"portico/models"
)

// visit is one application's own session: what it must remember while the person is at the provider, and
// the tokens afterwards.
type visit struct {
	secret string // the cookie's value, never stored

	Pending       *pending       `json:"pending,omitempty"`
	IDToken       string         `json:"idToken,omitempty"`
	AccessToken   string         `json:"accessToken,omitempty"`
	RefreshToken  string         `json:"refreshToken,omitempty"`
	AccessExpiry  time.Time      `json:"accessExpiry,omitzero"`
	Subject       string         `json:"subject,omitempty"`
	SID           string         `json:"sid,omitempty"`
	Correlation   string         `json:"correlation,omitempty"`
	Refreshed     int            `json:"refreshed,omitempty"`
	UserInfo      map[string]any `json:"userInfo,omitempty"`
	LogoutState   string         `json:"logoutState,omitempty"`
	Name          string         `json:"name,omitempty"`
	Notice        string         `json:"notice,omitempty"` // shown once
	NoticeDetails string         `json:"noticeDetails,omitempty"`
}

// pending is one sign-in under way.
type pending struct {
	State, Nonce, Verifier, Correlation string
	At                                  time.Time
}

func (v visit) signedIn() bool { return v.IDToken != "" }

func (v visit) who() string {
	if v.Name != "" {
		return v.Name
	}
	return v.Subject
}

// csrf is the token of this session's forms.
func (v visit) csrf() string {
	sum := sha256.Sum256([]byte("form:" + v.secret))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

const visitLifetime = 8 * time.Hour

func cookieName(a app) string { return "demo-" + a.slug }

func (s *Site) random(n int) string {
	b := make([]byte, n)
	s.Random(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func visitID(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// visit finds the application's session of this browser.
func (s *Site) visit(ctx context.Context, c *fiber.Ctx, a app) (visit, bool, error) {
	secret := c.Cookies(cookieName(a))
	if len(secret) < 20 {
		return visit{}, false, nil
	}
	row, ok, err := s.Sessions.DemoSession(ctx, a.slug, visitID(secret))
	if err != nil || !ok {
		return visit{}, false, err
	}
	v := visit{secret: secret}
	if err := json.Unmarshal(row.Data, &v); err != nil {
		return visit{}, false, nil
	}
	return v, true, nil
}

// save stores the session and gives the browser its cookie. A session that becomes signed in gets a new
// secret before (renew), so that nobody can have planted it.
func (s *Site) save(c *fiber.Ctx, a app, v visit) error {
	if v.secret == "" {
		v.secret = s.random(24)
	}
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	expires := s.Now().UTC().Add(visitLifetime)
	if err := s.Sessions.SaveDemoSession(handlers.Context(c), models.DemoSessionRow{ID: visitID(v.secret), App: a.slug,
		SID: v.SID, Subject: v.Subject, Data: data, ExpiresAt: expires}); err != nil {
		return err
	}
	c.Cookie(&fiber.Cookie{Name: cookieName(a), Value: v.secret, Path: "/demo", HTTPOnly: true, Secure: s.secure,
		SameSite: fiber.CookieSameSiteLaxMode, Expires: expires})
	return nil
}

// renew ends the stored session and gives the value a new secret.
func (s *Site) renew(ctx context.Context, a app, v *visit) error {
	if v.secret != "" {
		if err := s.Sessions.EndDemoSession(ctx, a.slug, visitID(v.secret)); err != nil {
			return err
		}
	}
	v.secret = s.random(24)
	return nil
}

// formVisit is the session behind a posted form whose token is right.
func (s *Site) formVisit(c *fiber.Ctx, a app) (visit, error) {
	v, ok, err := s.visit(handlers.Context(c), c, a)
	if err != nil {
		return v, err
	}
	if !ok || subtle.ConstantTimeCompare([]byte(handlers.Form(c, "csrf")), []byte(v.csrf())) != 1 {
		return visit{}, fault.New(fault.Expired, "error.expired")
	}
	return v, nil
}

func escape(s string) string { return url.QueryEscape(s) }
