package handlers

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// StyleHash is the CSP source that allows exactly this style element's text (CSP 3 §2.3.1).
func StyleHash(css string) string {
	sum := sha256.Sum256([]byte(css))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// AllowStyle adds the hash of a style element that this page carries.
func AllowStyle(c *fiber.Ctx, css string) {
	i := InfoOf(c)
	i.StyleHashes = append(i.StyleHashes, StyleHash(css))
}

// secure sets the headers of DESIGN §9.11. A handler that set one itself keeps it.
func (w *Web) secure(c *fiber.Ctx, info *Info) {
	h := &c.Response().Header
	set := func(name, value string) {
		if len(h.Peek(name)) == 0 {
			h.Set(name, value)
		}
	}
	set(fiber.HeaderXContentTypeOptions, "nosniff")
	set(fiber.HeaderReferrerPolicy, "same-origin")
	if w.BaseURL.Scheme == "https" && !w.Development {
		set(fiber.HeaderStrictTransportSecurity, "max-age=63072000; includeSubDomains")
	}
	if !bytes.HasPrefix(h.ContentType(), []byte("text/html")) {
		set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'; sandbox")
		return
	}
	set(fiber.HeaderContentSecurityPolicy, policy(info))
	set(fiber.HeaderXFrameOptions, "DENY")
	set(fiber.HeaderPermissionsPolicy, "camera=(), microphone=(), geolocation=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)")
	set(fiber.HeaderCacheControl, "no-store")
}

// policy is the page's Content-Security-Policy: nothing inline but styles whose hash is known, forms
// to ourselves and where this attempt was validated to lead.
func policy(i *Info) string {
	var b strings.Builder
	b.WriteString("default-src 'none'; script-src 'self'")
	for _, s := range i.ScriptHashes {
		b.WriteString(" " + s)
	}
	b.WriteString("; style-src 'self'")
	for _, s := range i.StyleHashes {
		b.WriteString(" " + s)
	}
	b.WriteString("; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; manifest-src 'self'; form-action 'self'")
	for _, s := range i.FormActions {
		if clean(s) {
			b.WriteString(" " + s)
		}
	}
	ancestors := "'none'"
	if i.FrameAncestors != "" {
		ancestors = i.FrameAncestors
	}
	b.WriteString("; frame-ancestors " + ancestors + "; base-uri 'none'")
	return b.String()
}

// clean refuses a source that would end its directive.
func clean(s string) bool { return s != "" && !strings.ContainsAny(s, " ;,\t\r\n'\"") }
