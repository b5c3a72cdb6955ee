package openid

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"io"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"portico/handlers"
	"portico/models"
)

// PlainPages draws the protocol's pages without a tenant's looks: what is left when nothing else is
// wired, and what tests read.
type PlainPages struct{}

const submitScript = "document.forms[0].submit()"

// FormPost implements Pages: a form that posts itself, by a script whose hash the page's policy names,
// and by its button where no script runs.
func (PlainPages) FormPost(c *fiber.Ctx, _, action string, fields [][2]string) error {
	sum := sha256.Sum256([]byte(submitScript))
	info := handlers.InfoOf(c)
	info.ScriptHashes = append(info.ScriptHashes, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	return plain(c, "openid.form_post.title", func(out io.Writer) {
		writeForm(c, out, action, fields, "openid.form_post.button")
		fmt.Fprintf(out, "<script>%s</script>", submitScript)
	})
}

// ConfirmSignOut implements Pages.
func (PlainPages) ConfirmSignOut(c *fiber.Ctx, _ *models.Directory, action string, fields [][2]string) error {
	return plain(c, "openid.sign_out.title", func(out io.Writer) { writeForm(c, out, action, fields, "openid.sign_out.button") })
}

// SignedOut implements Pages.
func (PlainPages) SignedOut(c *fiber.Ctx, _ *models.Directory) error {
	return plain(c, "openid.signed_out.title", func(io.Writer) {})
}

func writeForm(c *fiber.Ctx, out io.Writer, action string, fields [][2]string, button string) {
	fmt.Fprintf(out, `<form method="post" action="%s">`, html.EscapeString(action))
	for _, f := range fields {
		if f[1] != "" {
			fmt.Fprintf(out, `<input type="hidden" name="%s" value="%s">`, html.EscapeString(f[0]), html.EscapeString(f[1]))
		}
	}
	fmt.Fprintf(out, `<button type="submit">%s</button></form>`, html.EscapeString(handlers.InfoOf(c).Locale.T(button)))
}

func plain(c *fiber.Ctx, title string, body func(io.Writer)) error {
	l := handlers.InfoOf(c).Locale
	return handlers.Render(c, fiber.StatusOK, templ.ComponentFunc(func(_ context.Context, out io.Writer) error {
		t := html.EscapeString(l.T(title))
		fmt.Fprintf(out, `<!doctype html><html lang="%s" dir="%s"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%s</title><main><h1>%s</h1>`,
			l.Spoken(), l.Dir(), t, t)
		body(out)
		_, err := io.WriteString(out, "</main></html>")
		return err
	}))
}
