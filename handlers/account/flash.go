package account

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/handlers"
	"portico/views/ui"
)

// flash is what a form has just done, carried over the redirect that follows: a message key, so that it is
// said in the language of whoever reads it, and its arguments.
type flash struct {
	Tone ui.Tone           `json:"tone"`
	Key  string            `json:"key"`
	Args map[string]string `json:"args,omitempty"`
	Till time.Time         `json:"till"`
}

// flashFor is how long a notice waits for its page.
const flashFor = 2 * time.Minute

// done redirects to a page of the account and says there, once, what was done. args are the key's.
func (p *Pages) done(c *fiber.Ctx, to, key string, args ...map[string]string) error {
	return p.doneWith(c, to, ui.OK, key, args...)
}

// doneWith is done in another tone.
func (p *Pages) doneWith(c *fiber.Ctx, to string, tone ui.Tone, key string, args ...map[string]string) error {
	f := flash{Tone: tone, Key: key, Till: p.Now().Add(flashFor)}
	if len(args) > 0 {
		f.Args = args[0]
	}
	if err := p.seal(c, "flash", f); err != nil {
		return err
	}
	return c.Redirect(to, fiber.StatusSeeOther)
}

// said takes the notice that waits for this browser's session, if there is one.
func (p *Pages) said(c *fiber.Ctx) *ui.Flash {
	var f flash
	if !p.open(c, "flash", &f) {
		return nil
	}
	p.drop(c, "flash")
	if !f.Till.After(p.Now()) {
		return nil
	}
	args := make(map[string]any, len(f.Args))
	for k, v := range f.Args {
		args[k] = v
	}
	return &ui.Flash{Tone: f.Tone, Text: handlers.InfoOf(c).Locale.T(f.Key, args)}
}

// A note is a small value that the browser keeps for its session: sealed, and bound to the session and to
// its name, so that neither another session nor another note can stand in for it.

func noteContext(v *visit, name string) string {
	return "account." + name + ":" + v.t.ID + ":" + v.session.SID
}

// seal gives the browser a note.
func (p *Pages) seal(c *fiber.Ctx, name string, value any) error {
	v := visitOf(c)
	plain, err := json.Marshal(value)
	if err != nil {
		return err
	}
	sealed, err := p.Store.Sealer().Seal(plain, noteContext(v, name))
	if err != nil {
		return err
	}
	c.Cookie(&fiber.Cookie{Name: noteCookie(c, v, name), Value: base64.RawURLEncoding.EncodeToString(sealed), Path: "/", HTTPOnly: true,
		Secure: handlers.SecureCookies(c), SameSite: fiber.CookieSameSiteLaxMode, SessionOnly: true})
	return nil
}

// open reads a note; false when there is none that this session was given.
func (p *Pages) open(c *fiber.Ctx, name string, value any) bool {
	v := visitOf(c)
	sealed, err := base64.RawURLEncoding.DecodeString(c.Cookies(noteCookie(c, v, name)))
	if err != nil || len(sealed) == 0 {
		return false
	}
	plain, err := p.Store.Sealer().Open(sealed, noteContext(v, name))
	return err == nil && json.Unmarshal(plain, value) == nil
}

// drop takes a note away.
func (p *Pages) drop(c *fiber.Ctx, name string) {
	c.Cookie(&fiber.Cookie{Name: noteCookie(c, visitOf(c), name), Path: "/", HTTPOnly: true, Secure: handlers.SecureCookies(c),
		SameSite: fiber.CookieSameSiteLaxMode, Expires: time.Unix(1, 0), MaxAge: -1})
}

func noteCookie(c *fiber.Ctx, v *visit, name string) string {
	return handlers.CookieName(c, v.dir.Tenant.Slug, "account-"+name)
}
