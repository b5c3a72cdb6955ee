package main

import (
	"context"
	"net/url"
	"strings"

	"portico/app/i18n"
	"portico/app/message"
	"portico/app/tenant"
	"portico/views/email"
)

// letters renders notes in the tenant's look; should that fail, people still get the plain words.
type letters struct {
	bundle  *i18n.Bundle
	baseURL *url.URL
	tenant  func(ctx context.Context, tenantID string) (tenant.Tenant, error)
	plain   message.Plain
}

// Render implements message.Renderer.
func (r letters) Render(ctx context.Context, n message.Note) (message.Letter, error) {
	t, err := r.tenant(ctx, n.TenantID)
	if err != nil {
		return message.Letter{}, err
	}
	l := r.bundle.Match(n.Locale, t.DefaultLocale)
	letter := email.Letter{Kind: email.Kind(n.Kind), Purpose: n.Purpose, Tenant: t.Name, Theme: t.Settings.Theme, BaseURL: r.baseURL.String(),
		SupportURL: t.Settings.SupportURL, Code: n.Code, Host: r.baseURL.Hostname(), URL: n.URL, Minutes: int(n.ValidFor.Minutes()), Count: n.Count,
		App: n.App, Message: n.Message, Until: n.Until, At: n.At, Place: n.Place, Device: n.Device, Method: n.Method, By: n.By, Roles: n.Roles, Simulated: n.Simulated}
	if !n.Before.IsZero() {
		letter.Until = n.Before
	}
	if n.AppKey != "" {
		letter.App = l.T(n.AppKey)
	}
	if n.Place != "" {
		letter.Place = place(l, n.Place)
	} else if n.Kind == message.NewSignIn { // whoever reads it looks for the place first
		letter.Place = l.T("mail.place_unknown")
	}
	if n.Channel == "sms" {
		return message.Letter{SenderName: t.Name, Text: email.SMS(l, letter)}, nil
	}
	words, err := email.Render(l, letter)
	if err != nil {
		return r.plain.Render(ctx, n)
	}
	return message.Letter{SenderName: t.Name, Subject: words.Subject, Text: words.Text, HTML: words.HTML}, nil
}

// place puts the country of "Lisbon, PT" into the reader's words.
func place(l *i18n.Localizer, s string) string {
	city, country, two := strings.Cut(s, ", ")
	if !two {
		city, country = "", s
	}
	if name := l.Countries()[country]; name != "" {
		country = name
	}
	if city == "" {
		return country
	}
	return city + ", " + country
}
