package handlers

import (
	"net/http"
	"net/url"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
)

// crossOrigin refuses state-changing requests that a page of another origin makes the browser send,
// by the rules of http.CrossOriginProtection: Sec-Fetch-Site, else Origin against Host, else it is not
// a browser. Rows marked CrossOrigin and the endpoints that take no cookie are let through.
func (w *Web) crossOrigin(c *fiber.Ctx) error {
	switch c.Method() {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions:
		return nil
	}
	site, origin := c.Get("Sec-Fetch-Site"), c.Get(fiber.HeaderOrigin)
	if site == "" && origin == "" {
		return nil
	}
	path := c.Path()
	if under(path, "/v1.0") || under(path, "/beta") || oauthPath(path) {
		return nil
	}
	if row, ok := w.row(c.Method(), path); ok && row.CrossOrigin {
		return nil
	}
	// http.CrossOriginProtection reads these four things and nothing else.
	r := &http.Request{Method: c.Method(), URL: &url.URL{Path: path}, Host: string(c.Request().Host()),
		Header: http.Header{"Sec-Fetch-Site": {site}, "Origin": {origin}}}
	if site == "" {
		r.Header.Del("Sec-Fetch-Site")
	}
	if origin == "" {
		r.Header.Del("Origin")
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return fault.Wrap(fault.Denied, "error.cross_origin", err)
	}
	return nil
}
