package message

import (
	"context"
	"html"
	"strings"

	"portico/app/i18n"
)

// Plain renders notes from the catalogue alone, without a design: "mail.<kind>.<purpose>.subject" and
// ".text". It is what a tenant's people get should the designed mail fail to render.
type Plain struct {
	Bundle *i18n.Bundle
	// Tenant gives the name that mail is signed with.
	Tenant func(ctx context.Context, tenantID string) (string, error)
}

// Render implements Renderer.
func (p Plain) Render(ctx context.Context, n Note) (Letter, error) {
	name, err := p.Tenant(ctx, n.TenantID)
	if err != nil {
		return Letter{}, err
	}
	l := p.Bundle.Match(n.Locale)
	args := map[string]any{"tenant": name, "code": n.Code, "url": n.URL, "count": int(n.ValidFor.Minutes()), "app": n.App}
	if !n.Until.IsZero() {
		args["until"] = l.Date(n.Until)
	}
	if !n.Before.IsZero() {
		args["until"] = l.Date(n.Before)
	}
	subject := l.T("mail."+string(n.Kind)+".subject", args)
	text := l.T("mail."+string(n.Kind)+".text", args)
	if n.Channel == "sms" {
		return Letter{SenderName: name, Text: text}, nil
	}
	body := `<!doctype html><html lang="` + l.Spoken() + `" dir="` + l.Dir() + `"><body><p>` +
		strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") + `</p></body></html>`
	return Letter{SenderName: name, Subject: subject, Text: text + "\n", HTML: body}, nil
}
