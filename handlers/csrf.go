package handlers

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
)

// CSRFField is the hidden field of every state-changing form; scripts send CSRFHeader instead.
const (
	CSRFField  = "_csrf"
	CSRFHeader = "X-CSRF-Token"
)

// CSRF makes and checks form tokens. A token is an HMAC of what it is bound to (the session's id),
// masked afresh for each page so that compression cannot leak it (BREACH).
type CSRF struct{ Key []byte }

const csrfSize = sha256.Size

func (f CSRF) sum(binding string) []byte {
	m := hmac.New(sha256.New, f.Key)
	m.Write([]byte("form\x00" + binding))
	return m.Sum(nil)
}

// Token is the value for CSRFField.
func (f CSRF) Token(binding string) string {
	out := make([]byte, 2*csrfSize)
	_, _ = rand.Read(out[:csrfSize]) // never fails (crypto/rand)
	subtle.XORBytes(out[csrfSize:], out[:csrfSize], f.sum(binding))
	return base64.RawURLEncoding.EncodeToString(out)
}

// Valid reports whether the token was made for the binding.
func (f CSRF) Valid(token, binding string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != 2*csrfSize || binding == "" {
		return false
	}
	sum := make([]byte, csrfSize)
	subtle.XORBytes(sum, raw[:csrfSize], raw[csrfSize:])
	return hmac.Equal(sum, f.sum(binding))
}

// Protect refuses state-changing requests without a valid token. binding gives the session's id.
func (f CSRF) Protect(binding func(*fiber.Ctx) string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		switch c.Method() {
		case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions:
			return c.Next()
		}
		token := c.Get(CSRFHeader)
		if token == "" {
			token = Form(c, CSRFField)
		}
		if token == "" {
			if form, err := c.MultipartForm(); err == nil && len(form.Value[CSRFField]) == 1 {
				token = form.Value[CSRFField][0]
			}
		}
		if !f.Valid(token, binding(c)) {
			return fault.New(fault.Denied, "error.csrf")
		}
		return c.Next()
	}
}
