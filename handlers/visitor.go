package handlers

import (
	"crypto/rand"
	"encoding/base64"
	"net/netip"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/record"
	"portico/app/signal"
	"portico/models"
)

// SignalsOf gives what the request tells about where it came from; it is worked out once, when first
// asked for. DeviceID is filled when the browser has a device cookie for this tenant.
func SignalsOf(c *fiber.Ctx) record.Signals {
	i := InfoOf(c)
	if i.signals == nil {
		s := record.Signals{IP: i.IP, Language: bounded(c.Get(fiber.HeaderAcceptLanguage), 100)}
		signal.Agent(&s, c.Get(fiber.HeaderUserAgent))
		if i.web != nil {
			i.web.Places.Fill(&s)
			i.web.Lists.Fill(&s)
		}
		if name := deviceCookie(c); name != "" {
			s.DeviceID = deviceOf(c, name)
		}
		i.signals = &s
	}
	return *i.signals
}

// PlaceOf looks an address up as if a request had come from it.
func PlaceOf(c *fiber.Ctx, ip netip.Addr) record.Signals {
	s := record.Signals{IP: ip}
	if w := InfoOf(c).web; w != nil {
		w.Places.Fill(&s)
		w.Lists.Fill(&s)
	}
	return s
}

// EnsureDevice gives a browser its device cookie for a tenant: a random value that says "the same
// browser as last time" and nothing else. It proves nothing.
func EnsureDevice(c *fiber.Ctx) string {
	s := SignalsOf(c)
	name := deviceCookie(c)
	if s.DeviceID != "" || name == "" {
		return s.DeviceID
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	id := base64.RawURLEncoding.EncodeToString(b[:])
	c.Cookie(&fiber.Cookie{Name: name, Value: id, Path: "/", HTTPOnly: true,
		Secure: SecureCookies(c), SameSite: fiber.CookieSameSiteLaxMode, MaxAge: int((400 * 24 * time.Hour).Seconds())})
	InfoOf(c).signals.DeviceID = id
	return id
}

// SecureCookies reports whether cookies carry Secure and the __Host- prefix: always, except in
// development over plain http (DESIGN §9.11).
func SecureCookies(c *fiber.Ctx) bool {
	w := InfoOf(c).web
	return w == nil || w.BaseURL == nil || w.BaseURL.Scheme == "https"
}

// CookieName is the name of a cookie of one tenant.
func CookieName(c *fiber.Ctx, tenant, name string) string {
	n := strings.ToLower(tenant) + "-" + name
	if SecureCookies(c) {
		return "__Host-" + n
	}
	return n
}

// deviceCookie is the cookie's name in the tenant that WithDirectory found, "" outside of any.
func deviceCookie(c *fiber.Ctx) string {
	d, ok := c.Locals(directoryKey).(*models.Directory)
	if !ok {
		return ""
	}
	return CookieName(c, d.Tenant.Slug, "device")
}

func deviceOf(c *fiber.Ctx, name string) string {
	v := c.Cookies(name)
	if raw, err := base64.RawURLEncoding.DecodeString(v); err != nil || len(raw) != 16 {
		return ""
	}
	return v
}

func bounded(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
