package models

import (
	"context"
	"slices"
	"strings"
	"time"

	"portico/app/audit"
	"portico/app/fault"
)

// Connection is an app that a person has signed in to or has agreed to give something to.
type Connection struct {
	ClientID string
	Scopes   []string // agreed to, and those of live grants
	Since    time.Time
	UsedAt   time.Time
	Live     bool // it holds something that works: a code or a refresh token
}

// ConnectionsOf lists a person's apps, the one used last first: those that they agreed to, and those that
// hold a grant which still works.
func (t *Tenant) ConnectionsOf(ctx context.Context, userID string) ([]Connection, error) {
	consents, err := t.Consents(ctx, userID)
	if err != nil {
		return nil, err
	}
	by := map[string]*Connection{}
	of := func(clientID string) *Connection {
		if by[clientID] == nil {
			by[clientID] = &Connection{ClientID: clientID}
		}
		return by[clientID]
	}
	for _, c := range consents {
		x := of(c.ClientID)
		x.Scopes, x.Since, x.UsedAt = c.Scopes, c.CreatedAt, c.UpdatedAt
	}
	var grants []OpenIDGrantRow
	err = t.q(ctx).Select("client_id", "scopes", "created_at", "rotated_at", "refresh_expires_at").
		Where("user_id = ? AND code_used_at IS NOT NULL AND revoked_at IS NULL AND purge_at > ?", userID, t.Now()).
		Order("created_at DESC").Limit(500).Find(&grants).Error
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		x, at := of(g.ClientID), g.CreatedAt.UTC()
		if x.Since.IsZero() || at.Before(x.Since) {
			x.Since = at
		}
		if used := timeOf(g.RotatedAt); used.After(at) {
			at = used
		}
		if at.After(x.UsedAt) {
			x.UsedAt = at
		}
		x.Live = x.Live || g.RefreshExpiresAt != nil && g.RefreshExpiresAt.After(t.Now())
		for _, s := range strings.Fields(g.Scopes) {
			if !slices.Contains(x.Scopes, s) {
				x.Scopes = append(x.Scopes, s)
			}
		}
	}
	out := make([]Connection, 0, len(by))
	for _, c := range by {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Connection) int {
		if c := b.UsedAt.Compare(a.UsedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ClientID, b.ClientID)
	})
	return out, nil
}

// Disconnect takes an app's access away for the person themselves: what they agreed to is forgotten, and
// every token that the app has of them ends, and the app hears that they are signed out of it.
func (t *Tenant) Disconnect(ctx context.Context, actor audit.Actor, userID, clientID string) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		all, err := t.ConnectionsOf(ctx, userID)
		if err != nil {
			return audit.Event{}, err
		}
		i := slices.IndexFunc(all, func(c Connection) bool { return c.ClientID == clientID })
		if i < 0 {
			return audit.Event{}, fault.New(fault.NotFound, "error.not_found")
		}
		if err := t.signOutOf(ctx, userID, clientID); err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Remove consent", Category: "ApplicationManagement", Operation: "Delete", Target: userTarget(u),
			Changes: []audit.Change{{Property: "application", Old: clientID}, {Property: "scopes", Old: all[i].Scopes}}}, t.WithdrawConsent(ctx, userID, clientID)
	})
}

// AgreedTerms is a version of terms that a person agreed to, in the language that they read.
type AgreedTerms struct {
	TermsID  string
	Version  int
	Language string
	At       time.Time
	Title    string
	Body     string // Markdown's small part
	URL      string
	Name     string // for when the text is gone
}

// AgreedTo lists the terms that a person agreed to, newest first, each with the text of that version.
func (t *Tenant) AgreedTo(ctx context.Context, userID string) ([]AgreedTerms, error) {
	accepted, err := t.Acceptances(ctx, userID)
	if err != nil {
		return nil, err
	}
	versions := map[string][]TermsVersion{}
	out := make([]AgreedTerms, 0, len(accepted))
	for _, a := range accepted {
		if _, read := versions[a.TermsID]; !read {
			history, err := t.TermsVersions(ctx, a.TermsID)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return nil, err
			}
			versions[a.TermsID] = history
		}
		x := AgreedTerms{TermsID: a.TermsID, Version: a.Version, Language: a.Locale, At: a.At}
		for _, v := range versions[a.TermsID] {
			if v.Version == a.Version {
				text, lang := v.Text(a.Locale)
				x.Title, x.Body, x.URL, x.Name, x.Language = text.Title, text.Body, text.URL, v.Name, lang
			}
		}
		out = append(out, x)
	}
	return out, nil
}
