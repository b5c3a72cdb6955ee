package main

import (
	"context"
	"net/url"
	"strings"

	"portico/app/branding"
	"portico/app/i18n"
	"portico/app/message"
	"portico/app/tenant"
	"portico/handlers"
	"portico/views/email"
)

// letters renders notes in the tenant's look; should that fail, people still get the plain words.
type letters struct {
	bundle  *i18n.Bundle
	baseURL *url.URL
	tenant  func(ctx context.Context, tenantID string) (tenant.Tenant, error)
	// look gives what a tenant has published, and the object id of an app of its; nil is the neutral look.
	look  func(ctx context.Context, tenantID, clientID string) (set branding.Set, appID string, err error)
	plain message.Plain
}

// Render implements message.Renderer.
func (r letters) Render(ctx context.Context, n message.Note) (message.Letter, error) {
	t, err := r.tenant(ctx, n.TenantID)
	if err != nil {
		return message.Letter{}, err
	}
	if n.Door != nil {
		t = t.At(*n.Door)
	}
	base := t.Base(r.baseURL.String())
	host := t.Host
	if host == "" {
		host = r.baseURL.Hostname()
	}
	var set branding.Set
	app := ""
	if r.look != nil {
		if set, app, err = r.look(ctx, n.TenantID, n.ClientID); err != nil {
			return message.Letter{}, err
		}
	}
	l := handlers.LettersIn(r.bundle, t, set, app).Match(n.Locale, t.DefaultLocale)
	if n.Kind.Staff() { // what customers are offered does not bind administrators
		l = r.bundle.Match(n.Locale, t.DefaultLocale)
	}
	letter := email.Letter{Kind: email.Kind(n.Kind), Purpose: n.Purpose, Tenant: t.Name, Code: n.Code, Host: host, URL: n.URL, Minutes: int(n.ValidFor.Minutes()), Count: n.Count,
		App: n.App, Message: n.Message, Until: n.Until, At: n.At, Place: n.Place, Device: n.Device, Method: n.Method, By: n.By, Roles: n.Roles, Simulated: n.Simulated}
	letter.Wear(l, handlers.Linked(t, set.For(app, l.Look())), func(p branding.Picture) string { return base + handlers.PictureURL(t, p) })
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
		return message.Letter{SenderName: t.Name, TextSender: t.Settings.Mail.Texts, Text: email.SMS(l, letter)}, nil
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
