package openid

import (
	"bytes"

	"github.com/gofiber/fiber/v2"

	"portico/app/openid"
	"portico/handlers"
)

// discovery serves OpenID Connect Discovery 1.0 §4 from bytes made once.
func (h *Handler) discovery(c *fiber.Ctx) error {
	k, err := h.known(handlers.DirectoryOf(c))
	if err != nil {
		return err
	}
	// Clients may keep it for an hour: what it says changes with releases only.
	return document(c, k.discovery, "public, max-age=3600")
}

// keys serves the key set. Clients that meet an unknown kid fetch it again, and a rotated key is published
// a day before it signs; but a tenant's first key of an algorithm, and one made because the former leaked,
// sign at once, so caches between us hold the document for minutes only.
func (h *Handler) keys(c *fiber.Ctx) error {
	doc, err := h.Provider.JWKS(c.UserContext(), handlers.DirectoryOf(c).Tenant.ID)
	if err != nil {
		return err
	}
	return document(c, doc, "public, max-age=300")
}

func document(c *fiber.Ctx, doc openid.Document, cache string) error {
	open(c)
	h := &c.Response().Header
	h.Set(fiber.HeaderCacheControl, cache)
	h.Set(fiber.HeaderETag, doc.ETag)
	if match := c.Request().Header.Peek(fiber.HeaderIfNoneMatch); len(match) > 0 && bytes.Contains(match, []byte(doc.ETag)) {
		return c.SendStatus(fiber.StatusNotModified)
	}
	h.SetContentType(fiber.MIMEApplicationJSON)
	c.Response().SetBodyRaw(doc.Body)
	return nil
}
