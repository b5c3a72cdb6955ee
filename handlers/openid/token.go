package openid

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"portico/app/openid"
	"portico/handlers"
)

// token answers RFC 6749 §3.2.
func (h *Handler) token(c *fiber.Ctx) error {
	received := h.Provider.Now()
	realm, err := h.Realm(handlers.DirectoryOf(c))
	if err != nil {
		return err
	}
	h.cors(c, realm)
	in, bad := form(c)
	if bad != nil {
		return h.refuse(c, bad, correlation(c, in))
	}
	req := h.request(c, in, received)
	out, bad := h.Provider.Token(c.UserContext(), realm, req)
	if bad != nil {
		return h.refuse(c, bad, req.CorrelationID)
	}
	body, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return sendJSON(c, body)
}

// introspect answers RFC 7662.
func (h *Handler) introspect(c *fiber.Ctx) error {
	realm, err := h.Realm(handlers.DirectoryOf(c))
	if err != nil {
		return err
	}
	h.cors(c, realm)
	in, bad := form(c)
	if bad != nil {
		return h.refuse(c, bad, correlation(c, in))
	}
	req := h.request(c, in, h.Provider.Now())
	body, bad := h.Provider.Introspect(c.UserContext(), realm, req)
	if bad != nil {
		return h.refuse(c, bad, req.CorrelationID)
	}
	return sendJSON(c, body)
}

// revoke answers RFC 7009.
func (h *Handler) revoke(c *fiber.Ctx) error {
	realm, err := h.Realm(handlers.DirectoryOf(c))
	if err != nil {
		return err
	}
	h.cors(c, realm)
	in, bad := form(c)
	if bad != nil {
		return h.refuse(c, bad, correlation(c, in))
	}
	req := h.request(c, in, h.Provider.Now())
	if bad := h.Provider.Revoke(c.UserContext(), realm, req); bad != nil {
		return h.refuse(c, bad, req.CorrelationID)
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.SendStatus(fiber.StatusOK)
}

// userinfo answers OpenID Connect Core §5.3, by GET and by POST, with the token in the header or in a
// form body.
func (h *Handler) userinfo(c *fiber.Ctx) error {
	realm, err := h.Realm(handlers.DirectoryOf(c))
	if err != nil {
		return err
	}
	h.cors(c, realm)
	var body *openid.Params
	if c.Method() == fiber.MethodPost {
		if in, bad := form(c); bad == nil {
			body = &in
		}
	}
	raw, bad := openid.Bearer(c.Get(fiber.HeaderAuthorization), body)
	var out []byte
	if bad == nil {
		out, bad = h.Provider.UserInfo(c.UserContext(), realm, raw)
	}
	if bad != nil {
		return h.refuse(c, bad, handlers.InfoOf(c).RequestID)
	}
	return sendJSON(c, out)
}
