package account

import (
	"bufio"
	"context"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/audit"
	"portico/app/i18n"
	"portico/handlers"
	"portico/models"
	views "portico/views/account"
)

// data.go: what is held about somebody, to take along (F280).

func (p *Pages) data(c *fiber.Ctx) error {
	return p.render(c, fiber.StatusOK, views.DataPage(p.page(c)))
}

func (p *Pages) download(c *fiber.Ctx) error {
	return p.render(c, fiber.StatusOK, views.DownloadPage(p.page(c)))
}

// downloadFor is how long one download may take.
const downloadFor = 5 * time.Minute

// downloadNow streams everything as one file. The Fiber context is not touched inside the stream.
func (p *Pages) downloadNow(c *fiber.Ctx) error {
	v, format, l := visitOf(c), "html", handlers.InfoOf(c).Locale
	if typed(c, "format") == "json" {
		format = "json"
	}
	ctx, cancel := context.WithTimeout(context.Background(), downloadFor)
	d, err := v.t.PersonalData(ctx, v.person.ID)
	if err == nil { // told before the first byte leaves
		err = v.t.WriteAudit(c.UserContext(), v.actor(c), audit.Event{Activity: "Download personal data", Category: "UserManagement", Operation: "Download",
			Target: audit.Target{Kind: "user", ID: v.person.ID, Name: v.person.DisplayName}, Changes: []audit.Change{{Property: "format", New: format}}})
	}
	if err != nil {
		cancel()
		return err
	}
	c.Set(fiber.HeaderContentType, map[string]string{"html": "text/html; charset=utf-8", "json": "application/json; charset=utf-8"}[format])
	c.Set(fiber.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="%s-%s.%s"`, v.dir.Tenant.Slug, d.MadeAt.Format(time.DateOnly), format))
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		defer cancel()
		if format == "json" {
			_ = d.WriteJSON(w) // what breaks off is no JSON, and so nobody takes it for complete
		} else {
			_ = views.PersonalFile(personalFile(d, l)).Render(i18n.With(ctx, l), w) // says itself where it breaks off
		}
		_ = w.Flush()
	})
	return nil
}

// personalFile puts everything into words.
func personalFile(d models.PersonalData, l *i18n.Localizer) views.Personal {
	f := personalWords{Localizer: l}
	return views.Personal{Tenant: d.Tenant.Name, Name: d.Profile.DisplayName, Made: l.Time(d.MadeAt), Sheets: f.sheets(d), Broken: func() bool { return f.broken }}
}
