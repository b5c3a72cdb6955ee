package handlers

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/static"
)

// MountAssets serves the embedded files below static.Prefix. Each name holds the hash of its content, so
// caches keep it for ever; a name that is out of date is an ordinary not-found. /favicon.ico is for
// browsers that ask without being told.
func MountAssets(app fiber.Router) {
	byURL := map[string]static.Asset{}
	for _, a := range static.Assets() {
		if a.Name != "hosted.css" { // inline in its pages
			byURL[a.URL] = a
		}
	}
	app.Get(static.Prefix+"*", func(c *fiber.Ctx) error {
		a, ok := byURL[c.Path()]
		if !ok {
			return fiber.ErrNotFound
		}
		c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
		return sendAsset(c, a)
	})
	app.Get("/favicon.ico", func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderCacheControl, "public, max-age=86400")
		return sendAsset(c, static.Assets()["favicon.svg"])
	})
}

func sendAsset(c *fiber.Ctx, a static.Asset) error {
	c.Set(fiber.HeaderContentType, a.ContentType)
	c.Set(fiber.HeaderVary, fiber.HeaderAcceptEncoding)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	body, encoding := a.Plain, ""
	switch {
	case a.Brotli != nil && accepts(c, "br"):
		body, encoding = a.Brotli, "br"
	case a.Gzip != nil && accepts(c, "gzip"):
		body, encoding = a.Gzip, "gzip"
	}
	if encoding != "" {
		c.Set(fiber.HeaderContentEncoding, encoding)
	}
	return c.Send(body)
}

// accepts reads Accept-Encoding (RFC 9110 §12.5.3): named, and not with a weight of nought.
func accepts(c *fiber.Ctx, coding string) bool {
	for _, part := range strings.Split(c.Get(fiber.HeaderAcceptEncoding), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			w := strings.ReplaceAll(weight, " ", "")
			return w != "q=0" && !strings.HasPrefix(w, "q=0.000") && w != "q=0.0" && w != "q=0.00"
		}
	}
	return false
}
